//! Building the arena: open, close, link.
//!
//! In: nodes in document order. Out: linked [`NodeData`]; siblings never overlap, also where the grammar's own nodes and
//! what the overlay hid from it do.

use super::super::kind::{Field, Kind};
use super::super::tree::{Link, NodeData, NodeId};
use crate::source::Span;

#[derive(Default)]
pub(in crate::syntax) struct Builder {
    pub(in crate::syntax) nodes: Vec<NodeData>,
    /// The nodes that are open, each with its last child and the furthest end of what is closed before or in it.
    open: Vec<(NodeId, Option<NodeId>, u32)>,
}

/// What a builder had at a moment.
pub(in crate::syntax) struct State {
    len: usize,
    open: Vec<(NodeId, Option<NodeId>, u32)>,
}

impl Builder {
    /// Begin a node below the innermost open one.
    pub(in crate::syntax) fn open(&mut self, kind: Kind, field: Option<Field>, span: Span) {
        let id = NodeId(self.nodes.len() as u32);
        let mut parent = Link::NONE;
        let mut span = span;
        let mut closed = 0;
        if let Some((above, last, furthest)) = self.open.last_mut() {
            parent = Link::to(*above);
            closed = *furthest;
            span.start = span.start.max(closed);
            span.end = span.end.max(span.start);
            if let Some(before) = last.replace(id) {
                self.nodes[before.0 as usize].next_sibling = Link::to(id);
            }
        }
        // A token that was respelled may be longer than what the grammar read.
        for (above, ..) in self.open.iter().rev() {
            let outer = &mut self.nodes[above.0 as usize].span;
            if outer.contains(span) {
                break;
            }
            *outer = outer.cover(span);
        }
        self.nodes.push(NodeData { kind, field, span, parent, next_sibling: Link::NONE });
        self.open.push((id, None, closed));
    }

    /// End the innermost open node.
    pub(in crate::syntax) fn close(&mut self) {
        let Some((id, ..)) = self.open.pop() else { return };
        let end = self.nodes[id.0 as usize].span.end;
        if let Some((_, _, furthest)) = self.open.last_mut() {
            *furthest = end.max(*furthest);
        }
    }

    /// What there is now, to come back to.
    pub(in crate::syntax) fn state(&self) -> State {
        State { len: self.nodes.len(), open: self.open.clone() }
    }

    /// Forget what was added since.
    pub(in crate::syntax) fn back_to(&mut self, state: State) {
        self.nodes.truncate(state.len);
        self.open = state.open;
        for (_, last, _) in &self.open {
            if let Some(last) = last {
                self.nodes[last.0 as usize].next_sibling = Link::NONE;
            }
        }
    }

    /// The span of the innermost open node.
    pub(super) fn top_span(&self) -> Option<Span> {
        self.open.last().map(|(id, ..)| self.nodes[id.0 as usize].span)
    }

    /// Let the innermost open node end where its last child ends.
    pub(super) fn trim(&mut self) {
        if let Some((id, Some(_), end)) = self.open.last().copied() {
            let span = &mut self.nodes[id.0 as usize].span;
            span.end = end.max(span.start);
        }
    }
}
