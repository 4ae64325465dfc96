//! Which variables still matter where.
//!
//! In: the [`Facts`] of a function. Out: [`Liveness`]: for each node of the graph the variables whose value may still
//! be looked at, before and behind it. A partial or conditional write leaves a variable live; a variable that outlives
//! the call is live at the exit; one whose address is taken is used by every call and every access to memory. The
//! textbook's backward fixed point.
//!
//! Capability 6 (tests/README.md): captures.

use super::bits::Bits;
use super::cfg::CfgId;
use super::facts::Facts;
use crate::syntax::DeclId;

/// Live variables at each node.
#[derive(Clone, Debug)]
pub struct Liveness {
    live_in: Vec<Bits>,
    live_out: Vec<Bits>,
}

impl Liveness {
    /// Solve it for a function.
    pub fn of(facts: &Facts<'_>) -> Self {
        let (bound, count) = (facts.variables(), facts.cfg.nodes.len());
        let mut live_in = vec![Bits::new(bound); count];
        let mut live_out = vec![Bits::new(bound); count];
        let exit = facts.cfg.exit().0 as usize;
        let outliving = facts.scopes.declarations().iter().filter(|d| facts.outlives(d.id));
        outliving.for_each(|d| live_out[exit].insert(d.id.0 as usize));
        let transfers: Vec<Transfer> = facts.cfg.ids().map(|id| Transfer::of(facts, id)).collect();
        let mut todo: Vec<CfgId> = facts.cfg.ids().collect();
        while let Some(id) = todo.pop() {
            let at = id.0 as usize;
            for next in facts.cfg.successors(id) {
                live_out[at].union(&live_in[next.0 as usize]);
            }
            let mut before = live_out[at].clone();
            before.subtract(&transfers[at].killed);
            before.union(&transfers[at].exposed);
            if before != live_in[at] {
                live_in[at] = before;
                todo.extend(&facts.cfg.node(id).predecessors);
            }
        }
        Self { live_in, live_out }
    }

    /// Whether the value that `decl` has before the node may still be looked at.
    pub fn is_live_in(&self, id: CfgId, decl: DeclId) -> bool {
        self.live_in[id.0 as usize].contains(decl.0 as usize)
    }

    /// Whether the value that `decl` has behind the node may still be looked at.
    pub fn is_live_out(&self, id: CfgId, decl: DeclId) -> bool {
        self.live_out[id.0 as usize].contains(decl.0 as usize)
    }

    /// The variables live before the node, in order.
    pub fn live_in(&self, id: CfgId) -> Vec<DeclId> {
        self.live_in[id.0 as usize].iter().map(|d| DeclId(d as u32)).collect()
    }

    /// The variables live behind the node, in order.
    pub fn live_out(&self, id: CfgId) -> Vec<DeclId> {
        self.live_out[id.0 as usize].iter().map(|d| DeclId(d as u32)).collect()
    }
}

/// What one node does to the live set, from back to front.
pub(super) struct Transfer {
    /// Variables whose value from before is gone behind the node.
    pub(super) killed: Bits,
    /// Variables whose value from before may be looked at.
    pub(super) exposed: Bits,
}

impl Transfer {
    pub(super) fn of(facts: &Facts<'_>, id: CfgId) -> Self {
        let mut out = Self { killed: Bits::new(facts.variables()), exposed: Bits::new(facts.variables()) };
        for event in facts.at(id) {
            let decl = event.decl().0 as usize;
            if event.uses() && !out.killed.contains(decl) {
                out.exposed.insert(decl);
            }
            if event.kills() {
                out.killed.insert(decl);
            }
        }
        out
    }
}
