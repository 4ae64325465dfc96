//! Properties of the graphs and of what is computed on them, over random functions.

mod program;

use super::paths::{Bounds, paths};
use super::{
    Cfg, CfgId, DefKind, DefinitionId, Dominators, Event, Facts, Liveness, Reaching, Region, escape, loops,
};
use crate::source::SourceFile;
use crate::syntax::{DeclId, Field, FileScope, Kind, Node, NodeId, Tree, parse};
use program::{INCOMING, Jumps, NOTHING, Oracle, Stmt, body, render, writes_conditionally};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Pieces of C, to be thrown together.
const WORDS: &[&str] = &[
    "a",
    "b",
    "int",
    "struct s",
    "*",
    "&",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ";",
    ",",
    "=",
    "+=",
    "++",
    "->",
    ".",
    "if",
    "else",
    "while",
    "for",
    "do",
    "switch",
    "case 1",
    ":",
    "default",
    "break",
    "continue",
    "return",
    "goto l",
    "l",
    "1",
    "sizeof",
    "\"s\"",
    "\n#ifdef X\n",
    "\n#else\n",
    "\n#endif\n",
    "/* c */",
    "static",
    "const",
    "typeof",
    "({",
    "})",
    "&&l",
    "asm",
    "each(a, b) {",
    "? a :",
    "__label__",
    "typedef",
    "enum { E }",
    "\n#define M a\n",
    "M",
];

fn tree(body: &mut [Stmt]) -> Tree {
    let text = render(body);
    let tree = parse(&SourceFile::new("t.c", text.clone()));
    assert!(!tree.root().has_opaque(), "{text}");
    tree
}

fn facts(tree: &Tree) -> Facts<'_> {
    Facts::of(tree.root().child_of(Kind::FunctionDefinition).unwrap())
}

/// The identifiers of the body in order, without those of the declaration at its top.
fn occurrences<'t>(facts: &Facts<'t>) -> Vec<Node<'t>> {
    let body = facts.function.child(Field::Body).unwrap();
    let top = body.child_of(Kind::Declaration).unwrap();
    body.descendants().filter(|n| n.is(Kind::Identifier) && !top.encloses(*n)).collect()
}

/// What each occurrence may see, by the analysis, in the oracle's numbers.
fn chains(facts: &Facts<'_>, reaching: &Reaching<'_>) -> BTreeMap<usize, BTreeSet<usize>> {
    let occurrences = occurrences(facts);
    let number: BTreeMap<NodeId, usize> =
        occurrences.iter().enumerate().map(|(at, n)| (n.id(), at)).collect();
    let one = |id: &DefinitionId| {
        let definition = reaching.definition(*id);
        match (definition.kind, definition.node) {
            (DefKind::Incoming, _) => INCOMING,
            (DefKind::Uninitialised, _) => NOTHING,
            (_, node) => number[&node.unwrap().id()],
        }
    };
    let seen =
        occurrences.iter().enumerate().map(|(at, n)| (at, reaching.seen_by(*n).iter().map(one).collect()));
    seen.filter(|(_, set): &(usize, BTreeSet<usize>)| !set.is_empty()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Definition-use chains are those of all ways through the statements; no way is missed, and none is made up
    /// unless a write inside an expression may not run.
    #[test]
    fn chains_are_those_of_all_ways(mut program in body(12, Jumps::Structured)) {
        let tree = tree(&mut program);
        let facts = facts(&tree);
        let found = chains(&facts, &Reaching::of(&facts));
        let expected = Oracle::run(&program).seen;
        for (occurrence, writes) in &expected {
            let seen = found.get(occurrence).cloned().unwrap_or_default();
            prop_assert!(writes.is_subset(&seen), "{}\n{occurrence}: {writes:?} {seen:?}", tree.source().text());
        }
        if !writes_conditionally(&program) {
            prop_assert_eq!(found, expected, "{}", tree.source().text());
        }
    }

    /// A variable is live behind a write exactly if some way leads from the write to a use of it.
    #[test]
    fn live_is_what_some_way_uses(mut program in body(12, Jumps::Structured)) {
        prop_assume!(!writes_conditionally(&program));
        let tree = tree(&mut program);
        let facts = facts(&tree);
        let liveness = Liveness::of(&facts);
        let seen: BTreeSet<usize> = Oracle::run(&program).seen.values().flatten().copied().collect();
        let number: BTreeMap<NodeId, usize> =
            occurrences(&facts).iter().enumerate().map(|(at, n)| (n.id(), at)).collect();
        let reachable = facts.cfg.reachable();
        for id in facts.cfg.ids().filter(|id| reachable[id.0 as usize]) {
            let writes: Vec<_> = facts.accesses(id).filter(|a| a.defines()).collect();
            let [write] = writes[..] else { continue };
            let used_later = facts.accesses(id).skip_while(|a| a.node != write.node).skip(1);
            if used_later.filter(|a| a.decl == write.decl && a.uses()).count() == 0 {
                let live = liveness.is_live_out(id, write.decl);
                prop_assert_eq!(live, seen.contains(&number[&write.node.id()]), "{}", tree.source().text());
            }
        }
    }

    /// The same chains come out of walking the graph's paths one by one, `goto` included.
    #[test]
    fn chains_are_those_of_all_paths(mut program in body(5, Jumps::Goto)) {
        let tree = tree(&mut program);
        let facts = facts(&tree);
        let reaching = Reaching::of(&facts);
        let liveness = Liveness::of(&facts);
        let mut walked: BTreeMap<NodeId, BTreeSet<(CfgId, Option<NodeId>)>> = BTreeMap::new();
        let mut complete = true;
        for target in facts.cfg.ids() {
            let bounds = Bounds { visits: 3, paths: 300 };
            let found = paths(&facts.cfg, facts.cfg.entry(), target, bounds);
            complete &= found.complete;
            found.paths.iter().for_each(|p| walk(&facts, p, &mut walked));
        }
        for (node, writes) in &walked {
            let seen = named(&reaching, reaching.seen_by(tree.node(*node)));
            prop_assert!(writes.is_subset(&seen), "{}", tree.source().text());
            if complete {
                prop_assert_eq!(writes, &seen, "{}\n{:?}", tree.source().text(), tree.node(*node));
            }
            let decl = facts.scopes.resolve(tree.node(*node)).unwrap();
            for (at, name) in writes.iter().filter(|(at, name)| *at != facts.cfg.entry() && name.is_some()) {
                let own = facts.cfg.node(*at).part.is_some_and(|p| p.encloses(tree.node(name.unwrap())));
                let inside = facts.cfg.node(*at).part.is_some_and(|p| p.encloses(tree.node(*node)));
                prop_assert!(!own || inside || liveness.is_live_out(*at, decl), "{}", tree.source().text());
            }
        }
    }

    /// `a` dominates `b` exactly if no way leads to `b` without `a`; likewise behind.
    #[test]
    fn dominators_cut_all_ways(mut program in body(8, Jumps::Goto)) {
        let tree = tree(&mut program);
        let cfg = facts(&tree).cfg;
        let (forward, backward) = (Dominators::forward(&cfg), Dominators::backward(&cfg));
        let (from_entry, to_exit) = (closure(&cfg, cfg.entry(), None, Way::Forward), closure(&cfg, cfg.exit(), None, Way::Backward));
        for a in cfg.ids() {
            let without = closure(&cfg, cfg.entry(), Some(a), Way::Forward);
            let without_behind = closure(&cfg, cfg.exit(), Some(a), Way::Backward);
            for b in cfg.ids() {
                prop_assert_eq!(forward.dominates(a, b), from_entry.contains(&b) && !without.contains(&b));
                prop_assert_eq!(backward.dominates(a, b), to_exit.contains(&b) && !without_behind.contains(&b));
            }
        }
    }

    /// Whatever the text, facts come out: broken code is described as far as it was read.
    #[test]
    fn broken_code_has_facts_too(words in prop::collection::vec(prop::sample::select(WORDS), 0..60)) {
        let text = format!("int f(int a)\n{{\n{}\n}}\n", words.join(" "));
        let tree = parse(&SourceFile::new("t.c", text));
        FileScope::of(&tree);
        let functions = tree.root().descendants().filter(|n| n.is(Kind::FunctionDefinition));
        for function in functions.chain([tree.root()]) {
            let facts = Facts::of(function);
            let liveness = Liveness::of(&facts);
            Reaching::of(&facts);
            loops(&facts.cfg, &Dominators::forward(&facts.cfg));
            let statements: Vec<_> = function.descendants().filter(|n| n.kind().is_statement()).take(3).collect();
            Region::of(&statements, &facts, &liveness);
            for declaration in facts.scopes.declarations() {
                escape::escapes(declaration.id, &facts.scopes);
                prop_assert!(!declaration.ty.declare("v").is_empty());
            }
            prop_assert_eq!(facts.cfg.listing().lines().count(), facts.cfg.nodes.len());
        }
    }

    /// Edges are kept on both sides, every statement has a node, and the exit has no successor.
    #[test]
    fn graphs_are_well_formed(mut program in body(16, Jumps::Goto)) {
        let tree = tree(&mut program);
        let facts = facts(&tree);
        let cfg = &facts.cfg;
        for node in &cfg.nodes {
            for edge in &node.successors {
                prop_assert!(cfg.node(edge.to).predecessors.contains(&node.id));
            }
            for before in &node.predecessors {
                prop_assert!(cfg.edge(*before, node.id).is_some());
            }
            prop_assert_eq!(node.successors.is_empty(), node.id == cfg.exit(), "{}", cfg.listing());
        }
        let body = facts.function.child(Field::Body).unwrap();
        for statement in body.descendants().filter(|n| n.kind().is_statement()) {
            prop_assert!(cfg.first_of(statement).is_some(), "{:?}", statement);
        }
        prop_assert!(cfg.lost_jumps.is_empty());
    }
}

/// Note what each use at the end of a path sees; the rest was noted for shorter paths.
fn walk(facts: &Facts<'_>, path: &[CfgId], walked: &mut BTreeMap<NodeId, BTreeSet<(CfgId, Option<NodeId>)>>) {
    let mut last: BTreeMap<DeclId, BTreeSet<(CfgId, Option<NodeId>)>> = BTreeMap::new();
    for declaration in facts.scopes.declarations() {
        let node =
            Some(declaration.ident.id()).filter(|_| declaration.kind == crate::syntax::DeclKind::Parameter);
        last.insert(declaration.id, BTreeSet::from([(facts.cfg.entry(), node)]));
    }
    for (at, id) in path.iter().enumerate() {
        for event in facts.at(*id) {
            let decl = event.decl();
            let node = match event {
                Event::Access(access) => Some(access.node.id()),
                _ => None,
            };
            if let (true, true, Some(node)) = (event.uses(), at + 1 == path.len(), node) {
                walked.entry(node).or_default().extend(last[&decl].iter().copied());
            }
            let writes = last.entry(decl).or_default();
            if event.kills() {
                writes.clear();
            }
            if event.may_define() {
                writes.insert((*id, node));
            }
        }
    }
}

fn named(reaching: &Reaching<'_>, seen: &[DefinitionId]) -> BTreeSet<(CfgId, Option<NodeId>)> {
    let one = |d: &DefinitionId| {
        let definition = reaching.definition(*d);
        (definition.at, definition.node.map(Node::id))
    };
    seen.iter().map(one).collect()
}

#[derive(Clone, Copy)]
enum Way {
    Forward,
    Backward,
}

fn closure(cfg: &Cfg<'_>, from: CfgId, without: Option<CfgId>, way: Way) -> BTreeSet<CfgId> {
    let mut seen = BTreeSet::new();
    let mut todo = vec![from];
    while let Some(id) = todo.pop() {
        if Some(id) != without && seen.insert(id) {
            match way {
                Way::Forward => todo.extend(cfg.successors(id)),
                Way::Backward => todo.extend(&cfg.node(id).predecessors),
            }
        }
    }
    seen
}
