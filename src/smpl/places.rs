//! Parts of the rule language that stand where none of them can, though it all reads as C.
//!
//! In: a pattern. Out: a complaint for each type in the place of an expression, for dots behind dots, and for
//! a call among statements that has no `;`. What is said here is never about code that Coccinelle takes.

use super::metavariable::{MetaKind, Metavariable};
use super::pattern::{Leaf, Pattern, Slot};
use super::vocabulary::ITERATOR;
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};
use crate::syntax::macros::MacroKnowledge;
use crate::syntax::{Field, Kind, Node};

/// What is wrong with the places of a pattern's parts.
pub fn misplaced(file: &SourceFile, pattern: &Pattern) -> Vec<Diagnostic> {
    let mut told = Vec::new();
    let tell = |span: Span, message: String, help: &str| {
        Diagnostic::error("smpl-pattern", message).at(file, span, "here").help(help)
    };
    for node in pattern.roots().flat_map(Node::descendants) {
        let Some(piece) = pattern.piece(node) else { continue };
        let span = piece.atom.span;
        match pattern.leaf(node) {
            Leaf::Meta(meta) if is_misplaced(meta, node) => {
                let message = format!("the type {} is no expression", meta.name);
                told.push(tell(span, message, "declare it as an expression, or give it a place of its own"));
            }
            Leaf::Slot(Slot::Dots(_)) if follows_dots(pattern, node) => {
                told.push(tell(
                    span,
                    "dots behind dots".to_owned(),
                    "one `...` stands for all that is skipped",
                ));
            }
            _ => {
                let Some(call) = unfinished(pattern, node) else { continue };
                let end = pattern.pieces_of(call).last().map_or(span, |p| Span::at(p.atom.span.end as usize));
                let help = "a statement ends with `;`; a macro that iterates is declared as `iterator name`";
                told.push(tell(end, "expected `;` behind this call".to_owned(), help));
            }
        }
    }
    told.extend(pattern.inner().flat_map(|inner| misplaced(file, inner)));
    told
}

fn is_misplaced(meta: &Metavariable, node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return false };
    let operand = match parent.kind() {
        Kind::UnaryExpression | Kind::SubscriptExpression | Kind::ReturnStatement => true,
        // `T * x` and `T & x` may declare.
        Kind::BinaryExpression => !matches!(parent.operator(), Some("*" | "&")),
        _ => false,
    };
    match meta.kind {
        MetaKind::Statement | MetaKind::StatementList(_) => operand || parent.is(Kind::ArgumentList),
        MetaKind::Type => {
            operand || parent.is(Kind::AssignmentExpression) && node.role() == Some(Field::Right)
        }
        _ => false,
    }
}

/// Whether dots among statements stand right behind others.
fn follows_dots(pattern: &Pattern, dots: Node<'_>) -> bool {
    let Some(statement) = dots.parent().filter(|p| p.is(Kind::ExpressionStatement)) else { return false };
    let Some(block) = statement.parent() else { return false };
    let before = block.named_children().take_while(|n| *n != statement).last();
    let Some(before) = before.filter(|n| n.is(Kind::ExpressionStatement)) else { return false };
    let leaf = before.named_children().next().map(|inner| pattern.leaf(inner));
    matches!(leaf, Some(Leaf::Slot(Slot::Dots(_))))
}

/// The call without `;` that other statements follow, where nothing says that it iterates.
fn unfinished<'p>(pattern: &'p Pattern, node: Node<'p>) -> Option<Node<'p>> {
    let known =
        |name: &str| pattern.metavariables().names.as_ref().unwrap_or(MacroKnowledge::shipped()).role(name);
    match node.kind() {
        Kind::MacroStatement => {
            let slot = pattern.pieces_of(node).iter().any(|p| p.slot.is_some());
            let next = node.parent()?.named_children().skip_while(|n| *n != node).nth(1)?;
            (!slot && pattern.piece(next).is_some()).then_some(node)
        }
        Kind::MacroIterator => {
            let name = node.child(Field::Name)?;
            let (head, body) = (pattern.piece(name)?, pattern.piece(node.child(Field::Body)?)?);
            let loops =
                known(&head.atom.text).is_some() || head.atom.text.contains("each") || head.slot.is_some();
            let declared = matches!(pattern.leaf(name), Leaf::Meta(_)) || name.text() == ITERATOR;
            let lines = head.atom.line != body.atom.line;
            (!loops && !declared && lines).then(|| node.child(Field::Arguments))?
        }
        _ => None,
    }
}
