//! Which writes a use may see.
//!
//! In: the [`Facts`] of a function. Out: [`Reaching`]: every [`Definition`], for each node those that may reach it, and
//! the chains between definitions and uses. A partial or conditional write, and a call that may write a variable whose
//! address is known, add a definition and keep the others. The textbook's forward fixed point.
//!
//! Capability 6 (tests/README.md): captures.

use super::access::Access;
use super::bits::Bits;
use super::cfg::CfgId;
use super::facts::{Event, Facts};
use crate::syntax::{DeclId, DeclKind, Node, NodeId};
use std::collections::BTreeMap;

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DefKind {
    /// What the caller passed, or what a static held.
    Incoming,
    /// Nothing was written yet.
    Uninitialised,
    /// The whole variable was written.
    Whole,
    /// A part was written, or the write may not have happened; older definitions may shine through.
    Partial,
    /// Something else may have written it through its address.
    Elsewhere,
}

/// One definition.
#[derive(Clone, Copy, Debug)]
pub struct Definition<'t> {
    /// The variable.
    pub decl: DeclId,
    /// Where it happens; the entry for what is there from the start.
    pub at: CfgId,
    /// The variable's name in the write.
    pub node: Option<Node<'t>>,
    /// Where the value comes from.
    pub kind: DefKind,
}

/// Index of a definition in [`Reaching::definitions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DefinitionId(pub u32);

/// Definitions and their uses.
#[derive(Clone, Debug)]
pub struct Reaching<'t> {
    /// All definitions, by node and order of happening.
    pub definitions: Vec<Definition<'t>>,
    before: Vec<Bits>,
    by_variable: Vec<Bits>,
    /// By the name that uses a value: what it may see.
    seen_by: BTreeMap<NodeId, Vec<DefinitionId>>,
    uses: Vec<Vec<Node<'t>>>,
}

impl<'t> Reaching<'t> {
    /// Solve it for a function.
    pub fn of(facts: &Facts<'t>) -> Self {
        let (definitions, index) = collect(facts);
        let bound = definitions.len();
        let mut by_variable = vec![Bits::new(bound); facts.variables()];
        for (at, definition) in definitions.iter().enumerate() {
            by_variable[definition.decl.0 as usize].insert(at);
        }
        let mut before = vec![Bits::new(bound); facts.cfg.nodes.len()];
        let steps: Vec<(Bits, Bits)> =
            facts.cfg.ids().map(|id| step(facts, &index, &by_variable, id)).collect();
        let entry = facts.cfg.entry();
        definitions.iter().enumerate().filter(|(_, d)| is_there_at_start(d.kind, d.at == entry)).for_each(
            |(at, _)| {
                before[entry.0 as usize].insert(at);
            },
        );
        // What nothing reaches defines nothing for the rest.
        let order = facts.cfg.reverse_postorder();
        let mut changed = true;
        while changed {
            changed = false;
            for id in &order {
                let (killed, made) = &steps[id.0 as usize];
                let mut after = before[id.0 as usize].clone();
                after.subtract(killed);
                after.union(made);
                for next in facts.cfg.successors(*id) {
                    changed |= before[next.0 as usize].grow(&after);
                }
            }
        }
        let (uses, seen_by) = (vec![Vec::new(); bound], BTreeMap::new());
        let mut out = Self { definitions, before, by_variable, seen_by, uses };
        out.chain(facts, &index);
        out
    }

    fn chain(&mut self, facts: &Facts<'t>, index: &Index) {
        let reachable = facts.cfg.reachable();
        for id in facts.cfg.ids().filter(|id| reachable[id.0 as usize]) {
            let mut set = self.before[id.0 as usize].clone();
            for (at, event) in facts.at(id).iter().enumerate() {
                if let Event::Access(access) = event
                    && access.uses()
                {
                    let of_variable = |d: &usize| self.definitions[*d].decl == access.decl;
                    let seen: Vec<_> =
                        set.iter().filter(of_variable).map(|d| DefinitionId(d as u32)).collect();
                    seen.iter().for_each(|d| self.uses[d.0 as usize].push(access.node));
                    self.seen_by.entry(access.node.id()).or_default().extend(seen);
                }
                apply(facts, index, &self.by_variable, id, at, &mut set);
            }
        }
    }

    /// The definition with that index.
    pub fn definition(&self, id: DefinitionId) -> &Definition<'t> {
        &self.definitions[id.0 as usize]
    }

    /// The definitions of `decl` that may reach the beginning of a node.
    pub fn before(&self, id: CfgId, decl: DeclId) -> Vec<DefinitionId> {
        both(&self.before[id.0 as usize], &self.by_variable[decl.0 as usize])
    }

    /// The definitions whose value the name at `node` may see; empty if it does not use a
    /// value, or if nothing reaches it.
    pub fn seen_by(&self, node: Node<'_>) -> &[DefinitionId] {
        self.seen_by.get(&node.id()).map_or(&[], Vec::as_slice)
    }

    /// The names that may see the value of a definition, in order of the graph's nodes.
    pub fn uses_of(&self, id: DefinitionId) -> &[Node<'t>] {
        self.uses.get(id.0 as usize).map_or(&[], Vec::as_slice)
    }
}

fn both(set: &Bits, other: &Bits) -> Vec<DefinitionId> {
    let mut common = set.clone();
    common.intersect(other);
    common.iter().map(|d| DefinitionId(d as u32)).collect()
}

/// From a node and the position of an event to its definition.
type Index = BTreeMap<(CfgId, usize), usize>;

fn collect<'t>(facts: &Facts<'t>) -> (Vec<Definition<'t>>, Index) {
    let mut definitions = Vec::new();
    let mut index = Index::new();
    for declaration in facts.scopes.declarations() {
        let kind =
            if declaration.kind == DeclKind::Local { DefKind::Uninitialised } else { DefKind::Incoming };
        let node = Some(declaration.ident).filter(|_| kind == DefKind::Incoming);
        definitions.push(Definition { decl: declaration.id, at: facts.cfg.entry(), node, kind });
    }
    for id in facts.cfg.ids() {
        for (at, event) in facts.at(id).iter().enumerate().filter(|(_, e)| e.may_define()) {
            index.insert((id, at), definitions.len());
            definitions.push(definition(event, id));
        }
    }
    (definitions, index)
}

fn definition<'t>(event: &Event<'t>, at: CfgId) -> Definition<'t> {
    let whole = |access: &Access<'_>| if access.defines() { DefKind::Whole } else { DefKind::Partial };
    let (node, kind) = match event {
        Event::Declared(_) => (None, DefKind::Uninitialised),
        Event::Access(access) => (Some(access.node), whole(access)),
        Event::Elsewhere { .. } => (None, DefKind::Elsewhere),
    };
    Definition { decl: event.decl(), at, node, kind }
}

fn is_there_at_start(kind: DefKind, at_entry: bool) -> bool {
    at_entry && matches!(kind, DefKind::Incoming | DefKind::Uninitialised)
}

/// Definitions that a node ends, and those of its own that get behind it.
fn step(facts: &Facts<'_>, index: &Index, by_variable: &[Bits], id: CfgId) -> (Bits, Bits) {
    let mut killed = Bits::new(index.len() + facts.variables());
    let mut made = killed.clone();
    for (at, event) in facts.at(id).iter().enumerate() {
        if event.kills() {
            killed.union(&by_variable[event.decl().0 as usize]);
        }
        apply(facts, index, by_variable, id, at, &mut made);
    }
    (killed, made)
}

fn apply(facts: &Facts<'_>, index: &Index, by_variable: &[Bits], id: CfgId, at: usize, set: &mut Bits) {
    let event = &facts.at(id)[at];
    if event.kills() {
        set.subtract(&by_variable[event.decl().0 as usize]);
    }
    if let Some(definition) = index.get(&(id, at)) {
        set.insert(*definition);
    }
}
