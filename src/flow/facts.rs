//! The facts about one function, computed once.
//!
//! In: a function. Out: [`Facts`]: scopes, graph, and for each node of the graph the [`Event`]s in the order in which
//! they happen. Everything else in this module is computed from them.

use super::access::Access;
use super::cfg::{Cfg, CfgId, CfgNode, EdgeKind, Role};
use super::effects::Effects;
use crate::syntax::{DeclId, DeclKind, Field, Kind, Node, Scopes};
use std::collections::BTreeSet;

/// Something that happens to a variable at a node.
#[derive(Clone, Copy, Debug)]
pub enum Event<'t> {
    /// Its life begins: whatever it held before is gone.
    Declared(DeclId),
    /// It is touched by name.
    Access(Access<'t>),
    /// It may be read and, if `changes`, be written without its name: its address is known elsewhere and something is
    /// called, or memory is touched.
    Elsewhere {
        /// The variable.
        decl: DeclId,
        /// Whether it may be written too.
        changes: bool,
    },
}

impl Event<'_> {
    /// The variable.
    pub fn decl(&self) -> DeclId {
        match self {
            Event::Declared(decl) | Event::Elsewhere { decl, .. } => *decl,
            Event::Access(access) => access.decl,
        }
    }

    /// Whether the value from before may be looked at.
    pub fn uses(&self) -> bool {
        match self {
            Event::Declared(_) => false,
            Event::Access(access) => access.uses(),
            Event::Elsewhere { .. } => true,
        }
    }

    /// Whether the value may be another afterwards.
    pub fn may_define(&self) -> bool {
        match self {
            Event::Declared(_) => true,
            Event::Access(access) => access.may_define(),
            Event::Elsewhere { changes, .. } => *changes,
        }
    }

    /// Whether nothing of the value from before is left.
    pub fn kills(&self) -> bool {
        match self {
            Event::Declared(_) => true,
            Event::Access(access) => access.defines(),
            Event::Elsewhere { .. } => false,
        }
    }
}

/// What is known about one function.
#[derive(Clone, Debug)]
pub struct Facts<'t> {
    /// The function.
    pub function: Node<'t>,
    /// Its names.
    pub scopes: Scopes<'t>,
    /// Its graph.
    pub cfg: Cfg<'t>,
    /// By [`CfgId`]: what happens there, in order.
    pub events: Vec<Vec<Event<'t>>>,
    /// Variables that may be touched without their name: the address is taken somewhere, or they outlive the call.
    pub shared: BTreeSet<DeclId>,
}

impl<'t> Facts<'t> {
    /// Compute the facts about a `function_definition`.
    pub fn of(function: Node<'t>) -> Self {
        let scopes = Scopes::of(function);
        let cfg = Cfg::of(function, &scopes);
        let touched: Vec<Vec<Access<'t>>> = cfg.nodes.iter().map(|n| n.accesses(&scopes)).collect();
        let taken = touched.iter().flatten().filter(|a| a.takes_address()).map(|a| a.decl);
        let outliving = |k| matches!(k, DeclKind::Static | DeclKind::Extern);
        let outlive = scopes.declarations().iter().filter(|d| outliving(d.kind)).map(|d| d.id);
        let shared: BTreeSet<DeclId> = taken.chain(outlive).collect();
        let mut events = Vec::new();
        for (node, touched) in cfg.nodes.iter().zip(touched) {
            let mut list: Vec<Event<'t>> = Vec::new();
            if let Some(part) = node.part.filter(|_| !node.role.is_of_iterator()) {
                list.extend(declared(part, &scopes).into_iter().map(Event::Declared));
            }
            let hidden = elsewhere(node.role, node.part, &scopes, &shared);
            let first = |e: &Event<'t>| match *e {
                Event::Elsewhere { decl, changes } => {
                    Event::Elsewhere { decl, changes: changes && touched.iter().any(|a| a.decl == decl) }
                }
                other => other,
            };
            list.extend(hidden.iter().map(first));
            let partial = may_stop_half_way(node);
            let weaken = |a: Access<'t>| Access { conditional: a.conditional || partial, ..a };
            list.extend(touched.into_iter().map(weaken).map(Event::Access));
            // A call may write before or after the assignments among its operands, so it stands on both sides.
            list.extend(hidden.iter().filter(|e| e.may_define()));
            events.push(list);
        }
        Self { function, scopes, cfg, events, shared }
    }

    /// What happens at a node, in order.
    pub fn at(&self, id: CfgId) -> &[Event<'t>] {
        &self.events[id.0 as usize]
    }

    /// The accesses at a node, in order.
    pub fn accesses(&self, id: CfgId) -> impl Iterator<Item = &Access<'t>> + '_ {
        self.at(id).iter().filter_map(|e| match e {
            Event::Access(access) => Some(access),
            _ => None,
        })
    }

    /// How many declarations there are: the bound of sets of [`DeclId`]s.
    pub fn variables(&self) -> usize {
        self.scopes.declarations().len()
    }

    /// Whether the variable lives on when the function returns.
    pub fn outlives(&self, decl: DeclId) -> bool {
        !self.scopes.declaration(decl).is_automatic()
    }
}

/// Whether control may leave in the middle of what is evaluated, so that no write is certain.
fn may_stop_half_way(node: &CfgNode<'_>) -> bool {
    let is_jump = matches!(node.role, Role::Return | Role::Goto | Role::Break | Role::Continue);
    let jumps = node.successors.iter().filter(|e| e.kind == EdgeKind::Jump).count();
    jumps > usize::from(is_jump)
}

/// Automatic variables that are declared in a piece of code.
fn declared<'t>(part: Node<'t>, scopes: &Scopes<'t>) -> Vec<DeclId> {
    let inside = |d: &&crate::syntax::Declaration<'_>| {
        d.kind == DeclKind::Local && part.span().contains(d.ident.span())
    };
    scopes.declarations().iter().filter(inside).map(|d| d.id).collect()
}

fn elsewhere<'t>(
    role: Role,
    part: Option<Node<'t>>,
    scopes: &Scopes<'t>,
    shared: &BTreeSet<DeclId>,
) -> Vec<Event<'t>> {
    let mut out = Vec::new();
    if let Some(part) = part.filter(|_| !shared.is_empty()) {
        let pieces: Vec<Node<'t>> = match role {
            _ if role.is_of_iterator() => {
                part.named_children().filter(|c| c.role() != Some(Field::Body)).collect()
            }
            _ => vec![part],
        };
        let effects: Vec<Effects<'t>> = pieces.iter().map(|p| Effects::of(*p, scopes)).collect();
        let hidden = role.is_of_iterator() || role == Role::Opaque || part.is(Kind::MacroStatement);
        let touches = hidden || effects.iter().any(Effects::touches_memory);
        let changes = hidden || effects.iter().any(Effects::changes_memory);
        if touches {
            out.extend(shared.iter().map(|decl| Event::Elsewhere { decl: *decl, changes }));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Liveness, Reaching};
    use crate::source::SourceFile;
    use crate::syntax::parse;

    #[test]
    fn a_jump_out_of_an_expression_leaves_its_writes_open() {
        let text = "int f(int a)\n{\n\tint x = 1;\n\tx = ({ if (a) goto out; 2; });\nout:\n\treturn x;\n}\n";
        let tree = parse(&SourceFile::new("t.c", text));
        let facts = Facts::of(tree.root().child_of(Kind::FunctionDefinition).unwrap());
        let last = facts.function.descendants().filter(|n| n.is(Kind::Identifier)).last().unwrap();
        assert_eq!(Reaching::of(&facts).seen_by(last).len(), 2);
    }

    #[test]
    fn shared_variables_may_change_where_something_is_called() {
        let text = "int f(void)\n{\n\tint x = 1, y = 2;\n\tg(&x);\n\th();\n\treturn x + y;\n}\n";
        let tree = parse(&SourceFile::new("t.c", text));
        let facts = Facts::of(tree.root().child_of(Kind::FunctionDefinition).unwrap());
        let (reaching, liveness) = (Reaching::of(&facts), Liveness::of(&facts));
        let idents: Vec<_> = facts.function.descendants().filter(|n| n.is(Kind::Identifier)).collect();
        let [.., x, y] = idents[..] else { panic!("x and y are named") };
        assert_eq!((reaching.seen_by(x).len(), reaching.seen_by(y).len()), (4, 1));
        assert!(!liveness.is_live_out(facts.cfg.exit(), DeclId(0)));
        assert_eq!(facts.shared.len(), 1);
    }

    #[test]
    fn statics_are_live_when_the_function_returns() {
        let tree = parse(&SourceFile::new("t.c", "void f(void) { static int n; n = 1; }"));
        let facts = Facts::of(tree.root().child_of(Kind::FunctionDefinition).unwrap());
        assert!(Liveness::of(&facts).is_live_in(facts.cfg.exit(), DeclId(0)));
    }
}
