//! Branches without braces that a change makes more or less than one statement.
//!
//! In: a piece of the file, what is removed and added, and the words of a branch before and after that. Out: the branches
//! that get braces. What a branch holds is found by reading it, so that it does not matter from which side its statements
//! come. A branch that only changes from one statement to another gets none.

use super::Changes;
use crate::source::{SourceFile, Span};
use crate::syntax::{Field, Kind, Node, Tree, parse};

/// What happens to the statement of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It goes, and nothing takes its place.
    Emptied,
    /// Others take its place.
    Replaced,
    /// It stays, and others are added.
    Joined,
}

/// How much of a branch stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stays {
    /// Nothing.
    Nothing,
    /// A part.
    Part,
    /// All of it.
    All,
}

/// A branch or loop body that a change touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Branch {
    /// The statement.
    pub span: Span,
    /// Whether the rule has its header, and says that a statement without braces follows.
    pub said: bool,
    /// Whether it is a block, with braces of its own.
    pub block: bool,
}

/// What stands in a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Content {
    /// The number of statements, declarations and labels.
    items: usize,
    /// What it starts with.
    first: Option<Kind>,
    /// Whether an `else` behind it would be that of an `if` in it.
    open: bool,
    /// The number of its `#if`s: behind one there may be nothing.
    conditionals: usize,
}

/// The branches that a change touches and whose headers stay, the inner ones first.
pub(super) fn touched(tree: &Tree, changes: &Changes) -> Vec<Branch> {
    let gone = |s: Span| changes.removed.iter().any(|r| r.span.contains(s));
    let said = |s: Span| changes.headers.iter().any(|c| c.end == s.end);
    let ends = |s: Span| [s, Span::at(s.start as usize), Span::at(s.end.saturating_sub(1) as usize)];
    let spans = changes.removed.iter().map(|r| r.span).chain(changes.inserted.iter().map(|i| i.anchor));
    let mut out: Vec<Branch> = Vec::new();
    for node in spans.flat_map(ends).map(|s| tree.covering(s)) {
        for branch in std::iter::once(node).chain(node.ancestors()).filter(|n| is_branch(*n)) {
            let span = branch.span();
            let header = header_end(branch);
            if out.iter().any(|b| b.span == span) || header.is_none_or(gone) {
                continue;
            }
            let block = branch.is(Kind::CompoundStatement);
            out.push(Branch { span, said: header.is_some_and(said), block });
        }
    }
    out.sort_by_key(|b| b.span.len());
    out
}

/// What happens to a branch, if it gets braces; `otherwise` says whether an `else` follows it.
pub(super) fn change(
    branch: Branch,
    stays: Stays,
    (before, after): (Content, Content),
    otherwise: bool,
) -> Option<Change> {
    if after.items == 0 {
        return (stays == Stays::Nothing && !branch.said).then_some(Change::Emptied);
    }
    let more = after.items > before.items.max(1) || after.conditionals > before.conditionals;
    let other = after.first != before.first;
    // Nobody would see whose `else` comes next, and a declaration is no statement.
    let bare = other && matches!(after.first, Some(Kind::IfStatement | Kind::Declaration));
    let header = other && stays == Stays::All && after.first.is_some_and(has_branch);
    let steals = after.open && otherwise;
    let all = if stays == Stays::Nothing { Change::Replaced } else { Change::Joined };
    (steals || !branch.said && (more || bare || header)).then_some(all)
}

impl Content {
    /// What these words are.
    pub(super) fn of<'w>(words: impl Iterator<Item = &'w str>) -> Self {
        let mut text = String::from("void branch(void)\n{\n");
        let (mut depth, mut conditionals) = (0usize, 0);
        for word in words.filter(|w| !w.starts_with("/*") && !w.starts_with("//")) {
            if let Some(directive) = word.strip_prefix('#') {
                conditionals += usize::from(depth == 0 && directive.trim_start().starts_with("if"));
                continue;
            }
            depth = depth.saturating_sub(usize::from(word == "}"));
            // What stands in braces of its own is the same statement whatever it is.
            if depth == 0 {
                text.push_str(word);
                text.push(' ');
            }
            depth += usize::from(word == "{");
        }
        text.push_str("\n}\n");
        let file = SourceFile::new("branch", text);
        let tree = parse(&file);
        let body = tree.root().descendants().find(|n| n.is(Kind::CompoundStatement));
        let all: Vec<Node<'_>> =
            body.into_iter().flat_map(Node::children).filter(|n| n.kind().is_statement()).collect();
        Self {
            items: all.iter().map(|n| items(*n)).sum(),
            first: all.first().map(|n| n.kind()),
            open: all.last().is_some_and(|n| is_open(*n)),
            conditionals,
        }
    }
}

/// How many statements and labels one is.
fn items(node: Node<'_>) -> usize {
    let labelled = node.children().filter(|n| node.is(Kind::LabeledStatement) && n.kind().is_statement());
    1 + labelled.map(items).sum::<usize>()
}

/// Whether an `else` behind a statement would be that of an `if` in it.
fn is_open(node: Node<'_>) -> bool {
    let inner = |n: Node<'_>| n.children().filter(|c| c.kind().is_statement()).last().is_some_and(is_open);
    match node.kind() {
        Kind::IfStatement => node.child(Field::Alternative).is_none_or(inner),
        Kind::WhileStatement | Kind::ForStatement | Kind::MacroIterator | Kind::LabeledStatement => {
            inner(node)
        }
        _ => false,
    }
}

/// Whether a statement is a header and what it is about.
fn has_branch(kind: Kind) -> bool {
    kind.is_loop() || matches!(kind, Kind::IfStatement | Kind::SwitchStatement)
}

/// The last byte of what a branch belongs to: of its `)`, `else` or `do`.
fn header_end(branch: Node<'_>) -> Option<Span> {
    let mut before = std::iter::successors(branch.prev_sibling(), |n| n.prev_sibling());
    let header = before.find(|n| !n.is(Kind::Comment) && !n.text().starts_with('#'))?;
    let end = header.span().end as usize;
    Some(Span::new(end.checked_sub(1)?, end))
}

/// Whether a statement is the branch or body of another one.
fn is_branch(statement: Node<'_>) -> bool {
    let of = |n: Node<'_>| match n.kind() {
        Kind::ElseClause => true,
        kind => has_branch(kind) && matches!(statement.role(), Some(Field::Body | Field::Consequence)),
    };
    statement.kind().is_statement() && statement.parent().is_some_and(of)
}

/// The innermost statement or field around a span.
pub(super) fn statement_around(tree: &Tree, anchor: Span) -> Option<Node<'_>> {
    let node = tree.covering(anchor);
    std::iter::once(node)
        .chain(node.ancestors())
        .find(|n| n.kind().is_statement() || n.is(Kind::FieldDeclaration))
}
