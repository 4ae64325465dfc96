//! The pieces of a walk's body as the text of a callback.
//!
//! In: the pieces that stay, and the moved code's new spelling. Out: declarations and statements, each a
//! [`Chunk`] at its place in the new function. What only the walk needed is left out, with the comments that
//! spoke of it.

use super::callback::Material;
use super::declared::{self, Declared};
use super::respell::Respelled;
use crate::plan::columns::{TAB, column_of, indent, indentation, shift};
use crate::plan::moved::moved;
use crate::plan::negation::negated;
use crate::source::{SourceFile, Span};
use crate::syntax::{Field, Kind, Node};
use crate::walk::Refusal;
use crate::walk::eval::unwrapped;
use crate::walk::output::{Piece, Spelling, Stage};

/// A piece of the body, at its place in the new function.
pub(super) struct Chunk<'t> {
    pub(super) node: Option<Node<'t>>,
    pub(super) text: String,
    pub(super) blank_before: bool,
    pub(super) trailing: bool,
}

/// The body's declarations and statements.
pub(super) fn body<'t>(
    material: &Material<'_, 't>,
    respelled: &Respelled<'_, '_>,
) -> Result<(Vec<Chunk<'t>>, Vec<Chunk<'t>>), Refusal> {
    let mut declarations = Vec::new();
    let mut statements: Vec<Chunk> = Vec::new();
    let source = material.walk.site.function.tree().source();
    let pieces = &material.walk.body.pieces;
    let mut before: Option<Node<'_>> = None;
    // The code that runs in front of the next piece.
    let mut passed: Vec<Node<'_>> = Vec::new();
    for (piece, stage) in pieces {
        let count = statements.len();
        let node = match piece {
            Piece::Statement(node)
            | Piece::Update(node)
            | Piece::Comment(node)
            | Piece::Guard(node)
            | Piece::OtherGuard(node) => Some(*node),
            Piece::Release | Piece::GoesOn(_) => None,
        };
        match piece {
            Piece::Release | Piece::GoesOn(_) => {}
            Piece::Guard(node) => {
                let end = node.child(Field::Consequence).map_or(node.span().end, |n| n.span().end);
                let span = Span { start: node.span().start, end };
                statements.push(chunk(source, respelled, span, ""));
            }
            Piece::OtherGuard(node) => statements.extend(other_guard(source, respelled, *node)),
            Piece::Comment(comment) => {
                if keeps_comment(material, *comment, *stage) {
                    statements.push(chunk(source, respelled, comment.span(), ""));
                }
            }
            Piece::Update(expression) => statements.push(chunk(source, respelled, expression.span(), ";")),
            Piece::Statement(node) if node.is(Kind::Declaration) => {
                let plain = |text| Chunk { node: None, text, blank_before: false, trailing: false };
                match declared::declared(material, respelled, *node, &passed)? {
                    Declared::Gone => {}
                    Declared::Whole => {
                        declarations.push(plain(chunk(source, respelled, node.span(), "").text));
                    }
                    Declared::Part(text) => declarations.push(plain(text)),
                    Declared::Late { declared, assigned } => {
                        declarations.push(plain(declared));
                        statements.extend(assigned.into_iter().map(plain));
                    }
                }
            }
            Piece::Statement(node) if node.is(Kind::LabeledStatement) => {
                statements.extend(labelled(material, source, respelled, *node));
            }
            Piece::Statement(node) => {
                let gone = material.walk.body.spellings.get(&node.span()) == Some(&Spelling::Gone);
                if !gone && !is_dead_store(material, *node) {
                    statements.push(chunk(source, respelled, node.span(), ""));
                }
            }
        }
        if statements.len() > count
            && let (Some(node), Some(last)) = (node, statements.last_mut())
        {
            passed.push(node);
            last.blank_before &= stood_together(before, node);
            last.node = Some(node);
            before = Some(node);
        }
    }
    Ok((declarations, statements))
}

fn chunk<'t>(source: &SourceFile, respelled: &Respelled<'_, '_>, span: Span, tail: &str) -> Chunk<'t> {
    let line = source.line_of(span);
    let before = source.slice(Span { start: line.start, end: span.start });
    let own_line = before.trim().is_empty();
    let above = source.slice(Span { start: 0, end: line.start });
    let blank_before = own_line && above.ends_with("\n\n");
    let text = respelled.text(span);
    let is_comment = tail.is_empty() && source.slice(span).starts_with('/');
    let text = if text.starts_with('#') {
        // A conditional region: directives stay in the first column, the code between them moves.
        let code =
            text.lines().find(|l| !l.starts_with('#') && !l.trim().is_empty()).map_or(TAB, indentation);
        shift(text.trim_end(), TAB as isize - code as isize)
    } else {
        let column = indentation(source.slice(line));
        format!("{}{}{tail}", indent(TAB), moved(&text, TAB as isize - column as isize))
    };
    Chunk { node: None, text, blank_before, trailing: is_comment && !own_line }
}

/// The `else` arm of an `if` under the opposite condition.
fn other_guard<'t>(source: &SourceFile, respelled: &Respelled<'_, '_>, node: Node<'t>) -> Option<Chunk<'t>> {
    let condition = node.child(Field::Condition).map(unwrapped)?;
    let arm = node.child(Field::Alternative)?.named_children().last()?;
    let mut out = chunk(source, respelled, node.span(), "");
    let gap = if arm.is(Kind::CompoundStatement) { " ".to_owned() } else { format!("\n{}", indent(2 * TAB)) };
    let column = if arm.is(Kind::CompoundStatement) { TAB } else { 2 * TAB };
    let by = column as isize - column_of(source, arm.span()) as isize;
    let text = moved(&respelled.text(arm.span()), by);
    let test = negated(condition, &|n| respelled.text(n.span()));
    out.text = format!("{}if ({test}){gap}{text}", indent(TAB));
    Some(out)
}

/// A label in the first column, and its statement.
/// A label with its statement; alone, if that goes. What is behind it, the callback's `return` at least, bears it then.
fn labelled<'t>(
    material: &Material<'_, 't>,
    source: &SourceFile,
    respelled: &Respelled<'_, '_>,
    node: Node<'t>,
) -> Option<Chunk<'t>> {
    let (label, statement) = (node.child(Field::Label)?, node.named_children().last()?);
    if material.walk.body.spellings.get(&statement.span()) == Some(&Spelling::Gone) {
        let text = format!("{}:", label.text());
        return Some(Chunk { node: None, text, blank_before: false, trailing: false });
    }
    let mut out = chunk(source, respelled, statement.span(), "");
    out.text = format!("{}:\n{}", label.text(), out.text);
    Some(out)
}

/// Whether two pieces stood in one list of statements, with no declaration between them.
fn stood_together(before: Option<Node<'_>>, node: Node<'_>) -> bool {
    let Some(before) = before else { return false };
    let last = node.prev_sibling();
    before.parent() == node.parent() && last.is_some_and(|n| !n.is(Kind::Declaration))
}

/// A comment goes with what it stands by, if that goes and the comment is not in the body of the inner loop.
fn keeps_comment<'t>(material: &Material<'_, 't>, comment: Node<'t>, stage: Option<Stage>) -> bool {
    let source = comment.tree().source();
    let line = |at: u32| source.lines().line_column(at as usize).line;
    let gone = |n: Node<'_>| material.walk.body.gone.contains(&n.id());
    let stands_behind = comment
        .prev_sibling()
        .filter(|p| !p.is(Kind::Token) && line(p.span().end) == line(comment.span().start));
    if let Some(before) = stands_behind {
        return !gone(before);
    }
    let mut next = comment.next_sibling();
    while next.is_some_and(|n| n.is(Kind::Comment)) {
        next = next.and_then(|n| n.next_sibling());
    }
    let Some(next) = next.filter(|n| !n.is(Kind::Token)) else { return true };
    // What a blank line sets apart from the next statement is said about the ones before.
    let gap = source.slice(Span { start: comment.span().end, end: next.span().start });
    if stage == Some(Stage::Inner) && gap.matches('\n').count() > 1 {
        return true;
    }
    let releases = stage == Some(Stage::Behind) && Some(next) != material.walk.site.inner;
    !(gone(next) || Some(next) == material.walk.site.inner || releases && is_gone_loop(material, next))
}

fn is_gone_loop(material: &Material<'_, '_>, node: Node<'_>) -> bool {
    material.walk.body.spellings.get(&node.span()) == Some(&Spelling::Gone)
}

/// `control = 0;` before the control variable is set anyway.
fn is_dead_store(material: &Material<'_, '_>, node: Node<'_>) -> bool {
    let Some(control) = material.walk.control else { return false };
    let Some(assignment) = node.child_of(Kind::AssignmentExpression) else { return false };
    let target = assignment.child(Field::Left).and_then(|l| material.scopes.resolve(l));
    let literal = assignment.child(Field::Right).is_some_and(|r| r.is(Kind::NumberLiteral));
    let accesses = super::captures::kept_accesses(material.walk, material.scopes);
    let next = accesses.iter().find(|a| a.decl == control.id && a.node.span().start > node.span().end);
    assignment.operator() == Some("=")
        && target == Some(control.id)
        && literal
        && next.is_some_and(|a| a.defines())
}
