//! Code that was not read stays where it is.
//!
//! In: a tree, and what one match removes and writes again elsewhere. Out: the stretch of unread code, or the directive,
//! that this would drop, move, or part from the `#if` around it. It judges places, not meanings: an arm that was read may
//! change although the other arms do not.

use crate::source::Span;
use crate::syntax::lexer::{TokenKind, lex};
use crate::syntax::overlay::MarkKind;
use crate::syntax::regions::Conditional;
use crate::syntax::{Kind, Node, Regions, Tree};

/// What of a file was not read, and the conditionals that split what was.
#[derive(Debug)]
pub struct Unread<'t> {
    tree: &'t Tree,
    hidden: Vec<Node<'t>>,
    /// Conditionals whose directives stand inside of statements, expressions or lists.
    split: Vec<Conditional>,
}

impl<'t> Unread<'t> {
    /// `None` if everything was read and no conditional is in the way of an edit.
    pub fn of(tree: &'t Tree) -> Option<Self> {
        let hidden: Vec<Node<'t>> =
            tree.root().descendants().filter(|n| n.kind().is_opaque() && !n.span().is_empty()).collect();
        let blanked = |at: u32| {
            let marks = tree.marks();
            let from = marks.partition_point(|mark| mark.span.start < at);
            marks.get(from).is_some_and(|mark| mark.span.start == at && mark.kind == MarkKind::Directive)
        };
        let is_split = |c: &Conditional| c.arms.first().is_some_and(|arm| blanked(arm.directive.start));
        let split: Vec<Conditional> = Regions::of(tree).conditionals.into_iter().filter(is_split).collect();
        (!hidden.is_empty() || !split.is_empty()).then_some(Self { tree, hidden, split })
    }

    /// What stands against removing these spans and writing the text of `copied` elsewhere.
    pub fn in_the_way(&self, removed: &[Span], copied: &[Span]) -> Option<Span> {
        let areas = self.swept(removed);
        let swept = areas.iter().find_map(|area| self.hidden_in(*area).or_else(|| self.cut_by(*area)));
        let moved =
            || copied.iter().find_map(|span| self.hidden_in(*span).or_else(|| self.directive_in(*span)));
        let parted = || self.hidden.iter().find(|h| removed.iter().any(|r| holds(**h, *r)));
        swept.or_else(moved).or_else(|| parted().map(|node| node.span()))
    }

    /// The stretches that lose all their code: white space, comments and directives between removed code go with it.
    fn swept(&self, removed: &[Span]) -> Vec<Span> {
        let mut removed = removed.to_vec();
        removed.sort_unstable();
        let mut areas: Vec<Span> = Vec::new();
        for span in removed {
            match areas.last_mut() {
                Some(area) if self.is_bare(Span { start: area.end.min(span.start), end: span.start }) => {
                    *area = area.cover(span);
                }
                _ => areas.push(span),
            }
        }
        areas
    }

    /// Whether no code that was read stands in a gap.
    fn is_bare(&self, gap: Span) -> bool {
        let code = |kind| !matches!(kind, TokenKind::Space | TokenKind::Comment | TokenKind::Directive(_));
        let tokens = lex(self.tree.source().slice(gap).as_bytes());
        tokens.into_iter().filter(|token| code(token.kind)).all(|token| {
            let span = Span { start: gap.start + token.start, end: gap.start + token.end };
            self.hidden.iter().any(|node| node.span().contains(span))
        })
    }

    fn hidden_in(&self, span: Span) -> Option<Span> {
        self.hidden.iter().map(|node| node.span()).find(|hidden| hidden.overlaps(span))
    }

    fn directive_in(&self, span: Span) -> Option<Span> {
        let directives = self.split.iter().flat_map(|c| &c.arms).map(|arm| arm.directive);
        directives.into_iter().find(|directive| directive.overlaps(span))
    }

    /// A directive of a conditional of which `span` holds a part.
    fn cut_by(&self, span: Span) -> Option<Span> {
        let inside_arm = |c: &Conditional| c.arms.iter().any(|arm| arm.body.contains(span));
        let cut = |c: &&Conditional| c.span.overlaps(span) && !span.contains(c.span) && !inside_arm(c);
        self.split.iter().find(cut).and_then(|c| c.arms.first()).map(|arm| arm.directive)
    }
}

/// Whether `removed` takes what holds an unread stretch in its place: brackets and separators beside it.
fn holds(hidden: Node<'_>, removed: Span) -> bool {
    let Some(parent) = hidden.ancestors().find(|node| !node.kind().is_opaque()) else { return false };
    if !parent.span().overlaps(removed) {
        return false;
    }
    match parent.children().find(|child| child.span().contains(removed)) {
        Some(child) if child.is(Kind::Token) => !is_row(parent) || matches!(child.text(), "{" | "}"),
        Some(_) => false,
        // Of a row several parts may go, as long as they are swept on one side of it.
        None => !is_row(parent),
    }
}

/// Whether what stands in the node stands there by itself.
fn is_row(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        Kind::TranslationUnit
            | Kind::CompoundStatement
            | Kind::DeclarationList
            | Kind::FieldDeclarationList
            | Kind::EnumeratorList
            | Kind::InitializerList
            | Kind::PreprocIf
            | Kind::PreprocIfdef
            | Kind::PreprocElse
            | Kind::PreprocElif
            | Kind::PreprocElifdef
            | Kind::CaseStatement
    )
}
