//! One item that the grammar cannot read does not take its neighbours with it.
//!
//! In: a piece of the overlay and tree-sitter's tree of it. Out: the tree to use. Where an error spans several top-level items,
//! each of them is parsed alone: those that cannot be read alone are blanked and marked [`MarkKind::Unreadable`], the
//! arena grafts what can be read of them, and the rest of the piece is parsed again without them. It does not look
//! inside an item: there tree-sitter's own recovery is trusted.

use super::grammar::{self, Effort};
use super::overlay::{MarkKind, Overlay};
use crate::source::Span;
use tree_sitter::{Node, Tree};

/// The tree of `piece`, read again if errors spread.
pub(super) fn recover(
    overlay: &mut Overlay,
    piece: Span,
    source: &[u8],
    effort: &Effort,
    tree: Tree,
) -> Option<Tree> {
    if !tree.root_node().has_error() {
        return Some(tree);
    }
    let culprits = culprits(overlay, piece, source, effort, &tree);
    if culprits.is_empty() {
        return Some(tree);
    }
    for item in culprits {
        overlay.blank(MarkKind::Unreadable, item);
    }
    overlay.sort_marks();
    grammar::parse(&overlay.text[piece.range()], effort)
}

/// The items that are the cause of an error which goes beyond one item.
fn culprits(overlay: &Overlay, piece: Span, source: &[u8], effort: &Effort, tree: &Tree) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    for error in errors(tree) {
        let error = Span { start: error.start + piece.start, end: error.end + piece.start };
        let from = overlay.items.partition_point(|i| i.end <= error.start);
        let to = overlay.items.partition_point(|i| i.start < error.end).max(from);
        if to - from < 2 {
            continue;
        }
        for item in &overlay.items[from..to] {
            let item = with_assumed(*item, source);
            let alone = grammar::parse(&overlay.text[item.range()], effort);
            let known = found.last().is_some_and(|last| last.overlaps(item));
            if !known && alone.is_none_or(|tree| tree.root_node().has_error()) {
                found.push(item);
            }
        }
    }
    found
}

/// The item with the white space after it, where a token may have been assumed.
fn with_assumed(item: Span, source: &[u8]) -> Span {
    let blank = source[item.end as usize..].iter().take_while(|b| b.is_ascii_whitespace()).count();
    Span::new(item.start as usize, item.end as usize + blank)
}

/// The outermost nodes with an error that are no conditionals, by the offsets of the tree.
fn errors(tree: &Tree) -> Vec<Span> {
    let mut found = Vec::new();
    let mut ahead = vec![tree.root_node()];
    while let Some(node) = ahead.pop() {
        if !node.has_error() {
            continue;
        }
        if holds_items(node) {
            let mut cursor = node.walk();
            ahead.extend(node.children(&mut cursor));
        } else {
            found.push(Span::new(node.start_byte(), node.end_byte()));
        }
    }
    found.sort();
    found
}

fn holds_items(node: Node<'_>) -> bool {
    let kind = node.kind();
    kind.starts_with("preproc_")
        || matches!(kind, "translation_unit" | "linkage_specification" | "declaration_list")
}
