//! What a piece of a function needs from around it, and what it leaves behind.
//!
//! In: statements of one function (consecutive ones, a loop, a loop's body), its [`Facts`] and [`Liveness`]. Out: a
//! [`Region`]: which variables come in, go out, are declared inside; how control enters and leaves. It judges nothing:
//! what is not fit to be moved is for the caller to say.
//!
//! Capability 6 (tests/README.md): captures.

use super::access::{Access, How};
use super::bits::Bits;
use super::cfg::{CfgId, EdgeKind, Role};
use super::facts::{Event, Facts};
use super::liveness::{Liveness, Transfer};
use crate::syntax::{DeclId, Node};

/// How control leaves a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExitKind {
    /// Past the last statement, or by the condition of the loop that the region is.
    Fallthrough,
    /// `break` out of a loop or switch around the region.
    Break,
    /// `continue` of a loop around the region.
    Continue,
    /// `return`.
    Return,
    /// `goto` a label outside, or a computed one that may be outside.
    Goto,
    /// A jump inside an expression.
    Hidden,
}

/// One edge out of a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionExit {
    /// The last node inside.
    pub from: CfgId,
    /// The first node outside.
    pub to: CfgId,
    /// How.
    pub kind: ExitKind,
}

/// The facts about a piece of a function. Lists of variables are sorted, and hold variables declared outside unless
/// they say otherwise.
#[derive(Clone, Debug)]
pub struct Region<'t> {
    /// The statements.
    pub statements: Vec<Node<'t>>,
    /// Their nodes in the graph, sorted.
    pub nodes: Vec<CfgId>,
    /// Where control comes in from above; `None` for a region without nodes.
    pub first: Option<CfgId>,
    /// Edges from outside to any other node than the first: labels inside that are jumped to, `case` labels.
    pub side_entries: Vec<(CfgId, CfgId)>,
    /// Edges out of the region that can be reached, in order.
    pub exits: Vec<RegionExit>,
    /// Variables of which the value from before the region may be looked at inside.
    pub exposed: Vec<DeclId>,
    /// Variables whose value, or a part of it, is used inside.
    pub read: Vec<DeclId>,
    /// Variables that may have another value afterwards.
    pub written: Vec<DeclId>,
    /// Those of [`Region::written`] whose value may be looked at after the region.
    pub live_out: Vec<DeclId>,
    /// Those of [`Region::written`] whose value from before may survive the region on some way.
    pub surviving: Vec<DeclId>,
    /// Those of [`Region::live_out`] whose value from before may survive the region, so that it has to come in too.
    pub passed_through: Vec<DeclId>,
    /// Variables that are only mentioned inside: their declaration can go with the region.
    pub only_inside: Vec<DeclId>,
    /// Variables declared inside.
    pub declared: Vec<DeclId>,
    /// Accesses that make an address of a variable or a part of it, of variables declared inside as well.
    pub addresses: Vec<Access<'t>>,
    /// Names in operands of `sizeof` and the like, of variables declared inside as well.
    pub unevaluated: Vec<Access<'t>>,
}

impl<'t> Region<'t> {
    /// Describe the region of `statements`.
    pub fn of(statements: &[Node<'t>], facts: &Facts<'t>, liveness: &Liveness) -> Self {
        let mut nodes: Vec<CfgId> = statements.iter().flat_map(|s| facts.cfg.within(*s)).collect();
        nodes.sort();
        nodes.dedup();
        let mut out = Self {
            statements: statements.to_vec(),
            first: nodes.first().copied(),
            nodes,
            side_entries: Vec::new(),
            exits: Vec::new(),
            exposed: Vec::new(),
            read: Vec::new(),
            written: Vec::new(),
            live_out: Vec::new(),
            surviving: Vec::new(),
            passed_through: Vec::new(),
            only_inside: Vec::new(),
            declared: Vec::new(),
            addresses: Vec::new(),
            unevaluated: Vec::new(),
        };
        out.edges(facts);
        out.names(facts);
        out.values(facts, liveness);
        out
    }

    /// Whether a node belongs to it.
    pub fn contains(&self, id: CfgId) -> bool {
        self.nodes.binary_search(&id).is_ok()
    }

    /// Whether a piece of syntax belongs to it.
    pub fn encloses(&self, node: Node<'_>) -> bool {
        self.statements.iter().any(|s| s.encloses(node))
    }

    /// Variables that one run of the region hands to the next, if it is run again and again.
    pub fn carried(&self) -> Vec<DeclId> {
        self.exposed.iter().filter(|d| self.written.contains(d)).copied().collect()
    }

    /// The exits of a kind.
    pub fn exits_by(&self, kind: ExitKind) -> impl Iterator<Item = &RegionExit> {
        self.exits.iter().filter(move |e| e.kind == kind)
    }

    fn edges(&mut self, facts: &Facts<'t>) {
        let reachable = facts.cfg.reachable();
        for node in facts.cfg.nodes.iter().filter(|n| reachable[n.id.0 as usize]) {
            let inside = self.contains(node.id);
            for edge in &node.successors {
                match (inside, self.contains(edge.to)) {
                    (true, false) => {
                        let kind = exit_kind(node.role, edge.kind);
                        self.exits.push(RegionExit { from: node.id, to: edge.to, kind });
                    }
                    (false, true) if Some(edge.to) != self.first => {
                        self.side_entries.push((node.id, edge.to))
                    }
                    _ => {}
                }
            }
        }
    }

    fn names(&mut self, facts: &Facts<'t>) {
        for declaration in facts.scopes.declarations() {
            let uses = facts.scopes.uses(declaration.id);
            if self.encloses(declaration.ident) {
                self.declared.push(declaration.id);
            } else if !uses.is_empty() && uses.iter().all(|u| self.encloses(*u)) {
                self.only_inside.push(declaration.id);
            }
        }
        for access in self.nodes.iter().flat_map(|id| facts.accesses(*id)) {
            if access.takes_address() {
                self.addresses.push(*access);
            }
            if access.how == How::Unevaluated {
                self.unevaluated.push(*access);
            }
        }
    }

    fn values(&mut self, facts: &Facts<'t>, liveness: &Liveness) {
        let mut read = Bits::new(facts.variables());
        let mut written = Bits::new(facts.variables());
        for event in self.nodes.iter().flat_map(|id| facts.at(*id)) {
            let decl = event.decl().0 as usize;
            match event {
                Event::Declared(_) => continue,
                Event::Access(access) if access.uses() => read.insert(decl),
                _ => {}
            }
            if event.may_define() {
                written.insert(decl);
            }
        }
        let transfers: Vec<Transfer> = self.nodes.iter().map(|id| Transfer::of(facts, *id)).collect();
        let exposed = self.exposed_at_first(facts, &transfers);
        let surviving = self.surviving(facts, &transfers);
        let outside: Vec<DeclId> =
            facts.scopes.declarations().iter().map(|d| d.id).filter(|d| !self.declared.contains(d)).collect();
        let only =
            |set: &Bits| outside.iter().filter(|d| set.contains(d.0 as usize)).copied().collect::<Vec<_>>();
        (self.exposed, self.read, self.written) = (only(&exposed), only(&read), only(&written));
        let live = |d: &DeclId| self.exits.iter().any(|e| liveness.is_live_in(e.to, *d));
        self.live_out = self.written.iter().filter(|d| live(d)).copied().collect();
        let kept =
            |d: &&DeclId| self.exits.iter().any(|e| surviving[e.from.0 as usize].contains(d.0 as usize));
        self.surviving = self.written.iter().filter(kept).copied().collect();
        let survives = |d: &&DeclId| {
            self.exits.iter().any(|e| {
                liveness.is_live_in(e.to, **d) && surviving[e.from.0 as usize].contains(d.0 as usize)
            })
        };
        self.passed_through = self.live_out.iter().filter(survives).copied().collect();
    }

    /// Liveness inside the region, as if nothing followed it.
    fn exposed_at_first(&self, facts: &Facts<'t>, transfers: &[Transfer]) -> Bits {
        let mut live = vec![Bits::new(facts.variables()); facts.cfg.nodes.len()];
        let mut changed = true;
        while changed {
            changed = false;
            for (id, transfer) in self.nodes.iter().zip(transfers).rev() {
                let mut set = Bits::new(facts.variables());
                for next in facts.cfg.successors(*id).filter(|n| self.contains(*n)) {
                    set.union(&live[next.0 as usize]);
                }
                set.subtract(&transfer.killed);
                set.union(&transfer.exposed);
                if set != live[id.0 as usize] {
                    live[id.0 as usize] = set;
                    changed = true;
                }
            }
        }
        self.first.map(|f| live[f.0 as usize].clone()).unwrap_or_default()
    }

    /// By node: variables whose value from before the region may still be there behind the node.
    fn surviving(&self, facts: &Facts<'t>, transfers: &[Transfer]) -> Vec<Bits> {
        let mut after = vec![Bits::new(facts.variables()); facts.cfg.nodes.len()];
        let mut changed = true;
        while changed {
            changed = false;
            for (id, transfer) in self.nodes.iter().zip(transfers) {
                let mut set = Bits::new(facts.variables());
                if Some(*id) == self.first {
                    (0..facts.variables()).for_each(|d| set.insert(d));
                }
                for before in facts.cfg.node(*id).predecessors.iter().filter(|p| self.contains(**p)) {
                    set.union(&after[before.0 as usize]);
                }
                set.subtract(&transfer.killed);
                if set != after[id.0 as usize] {
                    after[id.0 as usize] = set;
                    changed = true;
                }
            }
        }
        after
    }
}

fn exit_kind(role: Role, edge: EdgeKind) -> ExitKind {
    match (role, edge) {
        (Role::Break, _) => ExitKind::Break,
        (Role::Continue, _) => ExitKind::Continue,
        (Role::Return, _) => ExitKind::Return,
        (Role::Goto, _) => ExitKind::Goto,
        (_, EdgeKind::Jump) => ExitKind::Hidden,
        _ => ExitKind::Fallthrough,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use crate::syntax::{Kind, parse};

    /// The region of the first loop's body, in words.
    fn describe(text: &str) -> String {
        let tree = parse(&SourceFile::new("t.c", text));
        let facts = Facts::of(tree.root().child_of(Kind::FunctionDefinition).unwrap());
        let body = facts.function.descendants().find(|n| n.kind().is_loop()).unwrap();
        let body = body.child(crate::syntax::Field::Body).unwrap();
        let region = Region::of(&[body], &facts, &Liveness::of(&facts));
        let names = |list: &[DeclId]| {
            list.iter().map(|d| facts.scopes.declaration(*d).name).collect::<Vec<_>>().join(" ")
        };
        let exits: Vec<_> = region.exits.iter().map(|e| format!("{:?}", e.kind)).collect();
        format!(
            "in: {}; written: {}; out: {}; through: {}; own: {}; inside: {}; carried: {}; exits: {}",
            names(&region.exposed),
            names(&region.written),
            names(&region.live_out),
            names(&region.passed_through),
            names(&region.only_inside),
            names(&region.declared),
            names(&region.carried()),
            exits.join(" ")
        )
    }

    #[test]
    fn sums_are_carried_and_counters_live() {
        let text = "int f(int n, int *v)\n{\n\tint sum = 0, i, t;\n\tfor (i = 0; i < n; i++) {\n\t\tint x = v[i];\n\t\tt = x;\n\t\tif (t < 0)\n\t\t\tcontinue;\n\t\tsum += t;\n\t}\n\treturn sum;\n}\n";
        assert_eq!(
            describe(text),
            "in: v sum i; written: sum t; out: sum; through: sum; own: v t; inside: x; carried: sum; exits: Continue Fallthrough"
        );
    }

    #[test]
    fn every_way_out_is_told() {
        let text = "int f(int n)\n{\n\tint err;\n\twhile (n) {\n\t\terr = g(n);\n\t\tif (err)\n\t\t\tbreak;\n\t\tif (n == 1)\n\t\t\treturn 0;\n\t\tif (n == 2)\n\t\t\tgoto out;\n\t\tswitch (n) {\n\t\tcase 1:\n\t\t\tbreak;\n\t\t}\n\t\tn--;\n\t}\nout:\n\treturn err;\n}\n";
        assert_eq!(
            describe(text),
            "in: n; written: n err; out: n err; through: ; own: ; inside: ; carried: n; exits: Break Return Goto Fallthrough"
        );
    }

    #[test]
    fn a_value_that_may_survive_has_to_come_in() {
        let text = "int f(int n)\n{\n\tint err = 0;\n\twhile (n--) {\n\t\tif (g(n))\n\t\t\terr = 1;\n\t}\n\treturn err;\n}\n";
        assert_eq!(
            describe(text),
            "in: n; written: err; out: err; through: err; own: ; inside: ; carried: ; exits: Fallthrough"
        );
    }

    #[test]
    fn variables_with_an_address_may_change_in_calls() {
        let text = "int f(int n)\n{\n\tint x = 0;\n\tint *p = &x;\n\twhile (n--)\n\t\tg();\n\treturn x;\n}\n";
        assert_eq!(
            describe(text),
            "in: x; written: x; out: x; through: x; own: ; inside: ; carried: x; exits: Fallthrough"
        );
    }

    #[test]
    fn labels_inside_are_side_entries() {
        let text = "int f(int n)\n{\n\tif (n)\n\t\tgoto in;\n\twhile (n--) {\n\t\tg();\nin:\n\t\th();\n\t}\n\treturn 0;\n}\n";
        let tree = parse(&SourceFile::new("t.c", text));
        let facts = Facts::of(tree.root().child_of(Kind::FunctionDefinition).unwrap());
        let body = facts.function.descendants().find(|n| n.kind().is_loop()).unwrap();
        let region = Region::of(&[body], &facts, &Liveness::of(&facts));
        assert_eq!(region.side_entries.len(), 1);
        assert_eq!(facts.cfg.node(region.side_entries[0].0).role, Role::Goto);
    }
}
