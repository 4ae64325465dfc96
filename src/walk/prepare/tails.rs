//! Ends of a function that jumps lead to.
//!
//! In: a function's body with labels behind its last `return`. Out: for each label the statements from there
//! to the next `return`, and the only jump that leads to it, so that they can stand where the jump does;
//! and, the other way round, the result in which a label that only this module has put there stands in place
//! of the only jump to it again. It refuses labels that are fallen into, or that several jumps lead to.

use crate::edit::{EditSet, TextEdit};
use crate::plan::columns::{TAB, column_of, indent, shift};
use crate::plan::superfluous::{whole_lines, with_blank_line};
use crate::source::{SourceFile, Span};
use crate::syntax::file_scope::FileScope;
use crate::syntax::{Field, Kind, Node, parse};
use crate::walk::site::statements_of;

/// What a jump leads to.
pub(super) struct Tail<'t> {
    /// The only jump.
    pub(super) jump: Node<'t>,
    /// The statements, the last of which returns.
    pub(super) statements: Vec<Node<'t>>,
}

impl Tail<'_> {
    pub(super) fn span(&self) -> Option<Span> {
        Some(self.statements.first()?.span().cover(self.statements.last()?.span()))
    }

    pub(super) fn encloses(&self, node: Node<'_>) -> bool {
        self.statements.iter().any(|s| s.encloses(node))
    }
}

/// A body, taken apart.
pub(super) struct Straightened<'t> {
    /// The statements in front of the first label.
    pub(super) main: Vec<Node<'t>>,
    /// What stands behind.
    pub(super) tails: Vec<Tail<'t>>,
}

/// Take a body apart at its labels.
pub(super) fn straightened<'t>(body: Node<'t>) -> Option<Straightened<'t>> {
    let jumps: Vec<Node<'t>> = body.descendants().filter(|n| n.is(Kind::GotoStatement)).collect();
    let is_label = |n: &Node<'t>| n.is(Kind::LabeledStatement);
    let statements = statements_of(body);
    let first = statements.iter().position(is_label).unwrap_or(statements.len());
    let (main, behind) = statements.split_at(first);
    let mut tails: Vec<Tail<'t>> = Vec::new();
    for statement in behind {
        if !is_label(statement) {
            tails.last_mut()?.statements.push(*statement);
            continue;
        }
        let label = statement.child(Field::Label)?.text();
        let mut leading = jumps.iter().filter(|j| j.child(Field::Label).is_some_and(|l| l.text() == label));
        let (jump, None) = (leading.next()?, leading.next()) else { return None };
        let inside = statement.named_children().last().filter(|n| n.kind().is_statement() && !is_label(n))?;
        tails.push(Tail { jump: *jump, statements: vec![inside] });
    }
    let labels = body.descendants().filter(|n| is_label(n)).count();
    let returns = |list: &[Node<'t>]| {
        list.iter().rfind(|n| !n.is(Kind::Comment)).is_some_and(|n| n.is(Kind::ReturnStatement))
    };
    let ends = tails.is_empty() || returns(main);
    let forward = |tail: &Tail<'t>| main.iter().any(|s| s.encloses(tail.jump));
    (labels == tails.len()
        && jumps.len() == tails.len()
        && ends
        && tails.iter().all(|t| returns(&t.statements) && forward(t)))
    .then(|| Straightened { main: main.to_vec(), tails })
}

/// The text with what stands behind a label in place of `goto label;`, the only statement under a condition.
pub(super) fn folded(path: &str, text: &str, function: &str, label: &str) -> Option<String> {
    let source = SourceFile::new(path, text.as_bytes().to_vec());
    let tree = parse(&source);
    let body = FileScope::of(&tree).function(function)?.node.child(Field::Body)?;
    let apart = straightened(body)?;
    let [tail] = apart.tails.as_slice() else { return None };
    let ours = tail.jump.child(Field::Label).is_some_and(|l| l.text() == label);
    let test = tail.jump.parent().filter(|p| p.is(Kind::IfStatement) && ours)?;
    let column = |node: Node<'_>| column_of(&source, node.span());
    let (outer, first) = (column(test), *tail.statements.first()?);
    let code = shift(source.slice(tail.span()?), (outer + TAB) as isize - column(first) as isize);
    let block = format!("{{\n{}{code}\n{}}}", indent(outer + TAB), indent(outer));
    let condition = test.child(Field::Condition)?;
    let mut edits = EditSet::new();
    let arm = Span { start: condition.span().end, end: tail.jump.span().end };
    edits.add(TextEdit::new(arm, format!(" {block}"))).ok()?;
    let labelled = first.parent()?.span().cover(tail.span()?);
    edits.add(TextEdit::new(with_blank_line(&source, whole_lines(&source, labelled)), "")).ok()?;
    String::from_utf8(edits.apply(text.as_bytes())).ok()
}
