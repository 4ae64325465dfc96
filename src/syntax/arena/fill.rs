//! No token is lost.
//!
//! In: the nodes of a file, and its tokens. Out: the same nodes, with a leaf for every comment and an opaque one for every
//! token that no leaf holds: where the grammar fails between respelled tokens, some may be in none. Of a directive only
//! its beginning is looked for: what the grammar does not see of it has no nodes.

use super::builder::Builder;
use crate::source::Span;
use crate::syntax::kind::Kind;
use crate::syntax::lexer::{Token, TokenKind};
use crate::syntax::tree::{NodeData, NodeId, first_child};

/// Give every token a leaf.
pub(in crate::syntax) fn fill(nodes: Vec<NodeData>, tokens: &[Token]) -> Vec<NodeData> {
    let lost = lost(&nodes, tokens);
    if lost.is_empty() { nodes } else { with(&nodes, &lost) }
}

/// The tokens, or the ends of tokens, that no leaf holds.
fn lost(nodes: &[NodeData], tokens: &[Token]) -> Vec<(Kind, Span)> {
    let ids = (0..nodes.len()).map(|at| NodeId(at as u32));
    let mut leaves = ids.filter(|id| is_leaf(nodes, *id)).map(|id| nodes[id.0 as usize].span).peekable();
    let mut lost = Vec::new();
    let mut held = 0;
    for token in tokens.iter().filter(|token| token.kind != TokenKind::Space) {
        let is_directive = matches!(token.kind, TokenKind::Directive(_));
        let end = if is_directive { token.start + 1 } else { token.end };
        while held < end {
            while let Some(leaf) = leaves.next_if(|leaf| leaf.start <= held.max(token.start)) {
                held = held.max(leaf.end);
            }
            if held >= end {
                break;
            }
            let start = held.max(token.start);
            let next = leaves.peek().map_or(token.end, |leaf| leaf.start.min(token.end));
            let kind = if token.kind == TokenKind::Comment { Kind::Comment } else { Kind::OpaqueRegion };
            lost.push((kind, Span { start, end: next }));
            held = next;
        }
    }
    lost
}

/// Whether nothing stands below a node but what the overlay hid among its tokens.
fn is_leaf(nodes: &[NodeData], id: NodeId) -> bool {
    let node = |id: NodeId| &nodes[id.0 as usize];
    let hidden = |node: &NodeData| {
        matches!(node.kind, Kind::PreprocDirective | Kind::UnreadArm | Kind::MacroAttribute)
    };
    let first = first_child(nodes, id).map(node);
    std::iter::successors(first, |before| before.next_sibling.id().map(node)).all(hidden)
}

/// The nodes with a leaf for each of `lost`, which are in order.
fn with(nodes: &[NodeData], lost: &[(Kind, Span)]) -> Vec<NodeData> {
    let mut builder = Builder::default();
    let mut ahead = lost.iter().copied().peekable();
    let mut open: Vec<u32> = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        let parent = node.parent.id().map(|id| id.0);
        while open.last().copied() != parent
            && let Some(closing) = open.pop()
        {
            leaves(&mut builder, &mut ahead, nodes[closing as usize].span.end);
            builder.close();
        }
        leaves(&mut builder, &mut ahead, node.span.start);
        builder.open(node.kind, node.field, node.span);
        open.push(at as u32);
    }
    while let Some(closing) = open.pop() {
        let end = if open.is_empty() { u32::MAX } else { nodes[closing as usize].span.end };
        leaves(&mut builder, &mut ahead, end);
        builder.close();
    }
    builder.nodes
}

/// Emit the lost tokens that begin before `to` into the innermost open node.
fn leaves(
    builder: &mut Builder,
    ahead: &mut std::iter::Peekable<impl Iterator<Item = (Kind, Span)>>,
    to: u32,
) {
    // Nothing stands before the root.
    while let Some((kind, span)) = builder.top_span().and_then(|_| ahead.next_if(|(_, span)| span.start < to))
    {
        builder.open(kind, None, span);
        builder.close();
    }
}
