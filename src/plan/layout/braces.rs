//! Branches without braces that a change makes more or less than one statement.
//!
//! In: a piece of the file, what is removed and added. Out: the [`Branch`]es that get braces. A branch that only changes
//! from one statement to another gets none.

use super::{Changes, Code, Edge, Insertion};
use crate::smpl::compile::Side;
use crate::source::Span;
use crate::syntax::{Kind, Node, Tree};

/// A branch or loop body that gets braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Branch {
    /// The statement.
    pub span: Span,
    /// What happens to it.
    pub change: Change,
}

/// What happens to the only statement of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It goes, and nothing takes its place.
    Emptied,
    /// Others take its place.
    Replaced,
    /// It stays, and others are added.
    Joined,
}

/// The branches that get braces.
pub(super) fn branches(tree: &Tree, changes: &Changes) -> Vec<Branch> {
    let mut out: Vec<Branch> = Vec::new();
    let removed = changes.removed.iter().map(|r| lone_branch(tree, r.span));
    let beside =
        changes.inserted.iter().map(|i| lone_branch(tree, i.anchor).or(block_branch(tree, i.anchor)));
    for statement in removed.chain(beside).flatten() {
        let span = statement.span();
        if out.iter().any(|b| b.span == span) {
            continue;
        }
        let gone = |s: Span| changes.removed.iter().any(|r| r.span.contains(s));
        let leaves = || statement.descendants().filter(|n| n.is_leaf() && !n.is(Kind::Comment));
        // Where the rule says what the header is, it says what the branch is, too.
        let header = header_token(tree, span);
        let known = |h: Span| gone(h) || changes.context.iter().any(|c| c.end == h.end);
        if header.is_some_and(known) {
            continue;
        }
        let stays = leaves().filter(|n| !gone(n.span())).count();
        let inside = |i: &&Insertion| span.contains(i.anchor) && !i.anchor.is_empty();
        let added: Vec<&Insertion> = changes.inserted.iter().filter(inside).collect();
        let change = if stays == 0 {
            let taken = added.iter().map(|i| i.code.statements).sum::<usize>();
            match added.as_slice() {
                [] => Some(Change::Emptied),
                [one] if taken == 1 => starts_with_if(&one.code).then_some(Change::Replaced),
                _ if taken > 1 => Some(Change::Replaced),
                _ => None,
            }
        } else if stays < leaves().count() {
            // Behind a whole one, what is left of the old statement ends another one.
            let two = |code: &Code| code.statements > 1 || code.statements == 1 && code.ends == Edge::Inline;
            let more = added.iter().any(|i| two(&i.code));
            let beside = added.iter().any(|i| edge(i, span) && i.code.statements > 0 && !gone(i.anchor));
            (more || beside).then_some(Change::Joined)
        } else {
            // A header around the statement takes the `else` behind it, braces of its own or not.
            let wraps = |i: &&Insertion| ends_with_brace(&i.code) && first(&i.code) != "{";
            let brace = |i: &&Insertion| matches!(first(&i.code), "{" | "}");
            let beside = added.iter().any(|i| edge(i, span) && line(i));
            let own = added.iter().any(brace) && !added.iter().any(wraps);
            (beside && !own).then_some(Change::Joined)
        };
        out.extend(change.map(|change| Branch { span, change }));
    }
    out
}

fn edge(insertion: &Insertion, span: Span) -> bool {
    match insertion.side {
        Side::After => insertion.anchor.end == span.end,
        Side::Before => insertion.anchor.start == span.start,
    }
}

fn line(insertion: &Insertion) -> bool {
    match insertion.side {
        Side::After => insertion.code.starts != Edge::Inline,
        Side::Before => insertion.code.ends != Edge::Inline,
    }
}

fn first(code: &Code) -> &str {
    code.tokens.first().map_or("", |t| t.text())
}

fn starts_with_if(code: &Code) -> bool {
    first(code) == "if"
}

fn ends_with_brace(code: &Code) -> bool {
    code.tokens.last().is_some_and(|t| t.text() == "{")
}

/// The token in front of a branch: the `)` or `else` that it belongs to.
fn header_token(tree: &Tree, branch: Span) -> Option<Span> {
    let text = tree.source().text();
    let end = text.get(..branch.start as usize)?.trim_end().len();
    Some(Span::new(end.checked_sub(1)?, end))
}

/// The branch or body, without braces, that is exactly the statement at a span.
fn lone_branch(tree: &Tree, span: Span) -> Option<Node<'_>> {
    let statement = statement_around(tree, span)?;
    let chain = statement.parent().is_some_and(|p| p.is(Kind::ElseClause)) && statement.is(Kind::IfStatement);
    let lone = !statement.is(Kind::CompoundStatement) && !statement.is(Kind::ElseClause) && !chain;
    (lone && is_branch(statement)).then_some(statement)
}

/// The block that is exactly the branch or body at a span: code beside it would not belong to it.
fn block_branch(tree: &Tree, span: Span) -> Option<Node<'_>> {
    let block = statement_around(tree, span).filter(|n| n.is(Kind::CompoundStatement) && n.span() == span)?;
    is_branch(block).then_some(block)
}

fn is_branch(statement: Node<'_>) -> bool {
    let parent = statement.parent().map(Node::kind);
    matches!(
        parent,
        Some(
            Kind::IfStatement
                | Kind::ElseClause
                | Kind::WhileStatement
                | Kind::ForStatement
                | Kind::MacroIterator
                | Kind::DoStatement
        )
    )
}

/// The innermost statement or field around a span.
pub(super) fn statement_around(tree: &Tree, anchor: Span) -> Option<Node<'_>> {
    let node = tree.covering(anchor);
    std::iter::once(node)
        .chain(node.ancestors())
        .find(|n| n.kind().is_statement() || n.is(Kind::FieldDeclaration))
}
