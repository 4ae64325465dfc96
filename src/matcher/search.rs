//! Every match of a rule in a file.
//!
//! In: a compiled rule, what is known of a file, an environment with what the rule inherits. Out: the environments in
//! which it matches, in order of place. Code without the words that the rule needs is not looked at. Functions that are
//! too much work are counted.

use super::environment::Environment;
use super::first::FirstOf;
use super::formula::{Formula, Item, Part, Table};
use super::graph::Graph;
use super::ground::{Function, Ground};
use super::macros::Bodies;
use super::need::Need;
use super::node::Matcher;
use super::solve::Solver;
use super::translate::Translator;
use super::typing;
use crate::smpl::compile::CompiledRule;
use crate::smpl::pattern::{Leaf, Pattern, PatternKind, Slot};
use crate::smpl::token::Mark;
use crate::source::Span;
use crate::syntax::kind::KindSet;
use crate::syntax::{Field, Kind, Node, NodeId, Tree};
use std::collections::HashSet;

/// What a search found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The matches.
    pub environments: Vec<Environment>,
    /// Functions that were given up.
    pub gave_up: Vec<Span>,
}

/// A rule ready to be searched for.
pub struct Search<'p> {
    rule: &'p CompiledRule,
    need: Need,
    /// What holds where the rule matches on the paths of a function.
    paths: Option<(Table<'p>, Formula)>,
}

/// Search one file.
pub fn search(rule: &CompiledRule, tree: &Tree, env: &Environment) -> Found {
    Search::new(rule, Need::of(rule)).over(&Ground::along(tree, rule.ways), env)
}

/// One search: for what, where, and knowing what.
struct Pass<'s, 'p, 't> {
    search: &'s Search<'p>,
    ground: &'s Ground<'t>,
    env: &'s Environment,
    need: Need,
    found: Found,
    /// In how many sorts of places something was found.
    parts: usize,
}

impl<'p> Search<'p> {
    /// Make a rule ready; `need` is what it needs.
    pub fn new(rule: &'p CompiledRule, need: Need) -> Self {
        let mut translator = Translator::new(rule);
        let formula = match rule.pattern.kind() {
            PatternKind::Expression | PatternKind::Type | PatternKind::Initializer => None,
            PatternKind::Statements => Some(translator.statements()),
            PatternKind::TopLevel => {
                let matcher = Matcher::new(&rule.pattern);
                let is_function = |root: &Node<'_>| {
                    root.is(Kind::FunctionDefinition)
                        || matches!(matcher.whole_leaf(*root), Leaf::Slot(Slot::Disjunction(_)))
                };
                let mut roots = rule.pattern.roots().filter(is_function);
                match (roots.next(), roots.next()) {
                    (Some(node), None) if node.is(Kind::FunctionDefinition) => {
                        Some(translator.function(Item::of(matcher, node, Part::Simple)))
                    }
                    (Some(_), None) => Some(translator.statements()),
                    _ => None,
                }
            }
        };
        Self { rule, need, paths: formula.map(|formula| (translator.table, formula)) }
    }

    /// Search one file.
    pub fn over(&self, ground: &Ground<'_>, env: &Environment) -> Found {
        let need = self.need.with(env);
        let mut pass = Pass { search: self, ground, env, need, found: Found::default(), parts: 0 };
        let text = ground.text();
        if !pass.need.is_met(text, Span::new(0, text.len())) {
            return pass.found;
        }
        match self.rule.pattern.kind() {
            PatternKind::Expression | PatternKind::Type | PatternKind::Initializer => {
                pass.part(Pass::anywhere_in_macros);
                pass.part(Pass::anywhere);
            }
            PatternKind::Statements => {
                pass.part(Pass::at_top);
                pass.part(|pass| pass.in_functions(ground));
                pass.part(Pass::in_macros);
            }
            PatternKind::TopLevel => {
                pass.part(Pass::at_top);
                pass.part(|pass| pass.in_functions(ground));
            }
        }
        let mut found = pass.in_order();
        let mut seen = HashSet::new();
        found.environments.retain(|e| {
            let touches: Vec<_> = e.touches().iter().map(|t| (t.atom, t.span)).collect();
            seen.insert((e.key(), touches))
        });
        found
    }
}

impl Pass<'_, '_, '_> {
    /// Look in one sort of places.
    fn part(&mut self, look: impl FnOnce(&mut Self)) {
        let before = self.found.environments.len();
        look(self);
        self.parts += usize::from(self.found.environments.len() > before);
    }

    /// What was found, in the order of what stands at the top of the file.
    fn in_order(self) -> Found {
        let mut found = self.found;
        if self.parts > 1 {
            let mut starts: Vec<u32> = Vec::new();
            let mut inside = vec![self.ground.tree.root()];
            while let Some(node) = inside.pop() {
                starts.push(node.span().start);
                let parts = node.children().filter(|_| holds_items(node.kind()));
                inside.extend(parts);
            }
            starts.sort_unstable();
            found.environments.sort_by_cached_key(|env| {
                let first = env.touches().iter().map(|touch| touch.span.start).min();
                first.map_or(0, |at| starts.partition_point(|start| *start <= at))
            });
        }
        found
    }

    fn is_met(&self, span: Span) -> bool {
        self.need.is_met(self.ground.text(), span)
    }

    fn anywhere_in_macros(&mut self) {
        let Some(root) = self.search.rule.pattern.single() else { return };
        let (ground, need) = (self.ground, self.need.clone());
        let wanted = |span| need.is_met(ground.text(), span);
        let bodies = if self.search.rule.transforms() { Bodies::Plain } else { Bodies::Any };
        for body in ground.macros.expressions(ground.tree.source(), bodies, wanted) {
            if let Some(part) = body.first().filter(|_| self.search.rule.asks_for_declarations()) {
                typing::lend(ground.tree, part.tree().source());
            }
            self.anywhere_in(root, body.into_iter());
        }
        for body in ground.macros.statements(ground.tree.source(), bodies, wanted) {
            if self.search.rule.asks_for_declarations() {
                typing::lend(ground.tree, body.source());
            }
            let inside = body.root().descendants().skip_while(|n| !n.is(Kind::CompoundStatement)).skip(1);
            self.anywhere_in(root, inside);
        }
    }

    fn anywhere(&mut self) {
        let Some(root) = self.search.rule.pattern.single() else { return };
        let ground = self.ground;
        let mut items = vec![ground.tree.root()];
        while let Some(item) = items.pop().filter(|_| !ground.is_late()) {
            match item.kind() {
                kind if holds_items(kind) => {
                    let from = items.len();
                    items.extend(item.children());
                    items[from..].reverse();
                }
                _ if self.is_met(item.span()) => self.anywhere_in(root, item.descendants()),
                _ => {}
            }
        }
    }

    fn anywhere_in<'n>(&mut self, root: Node<'_>, nodes: impl Iterator<Item = Node<'n>>) {
        let rule = self.search.rule;
        let matcher = Matcher::new(&rule.pattern).keeping(rule.kept_in_nests());
        let looks_at = Candidates::of(rule, root);
        let mut accepted: HashSet<(NodeId, String)> = HashSet::new();
        // One node may match in several ways with the same bindings: at different places in it.
        let places = |e: &Environment| e.touches().iter().map(|t| (t.atom, t.span)).collect::<Vec<_>>();
        let mut disjunction = match matcher.whole_leaf(root) {
            Leaf::Slot(Slot::Disjunction(all)) if all.len() > 1 => Some(FirstOf::new(matcher, root, all)),
            _ => None,
        };
        for n in nodes.filter(|n| looks_at.includes(*n)) {
            let mut keys: Vec<(String, Vec<(u32, Span)>)> = Vec::new();
            let all = match &mut disjunction {
                Some(first) => first.at(n, self.env),
                None => matcher.node(root, n, self.env),
            };
            for one in all {
                let key = one.key();
                let around = n.parent().is_some_and(|q| accepted.contains(&(q.id(), key.clone())));
                if n.is(Kind::ParenthesizedExpression) || around {
                    accepted.insert((n.id(), key.clone()));
                }
                let key = (key, places(&one));
                if !around && !keys.contains(&key) {
                    self.found.environments.push(one);
                }
                keys.push(key);
            }
        }
    }

    fn at_top(&mut self) {
        let pattern = &self.search.rule.pattern;
        if !may_stand_at_top(pattern) {
            return;
        }
        let roots: Vec<_> = pattern.roots().collect();
        let matcher = Matcher::new(pattern);
        for row in self.ground.rows.iter().take_while(|_| !self.ground.is_late()) {
            for window in row.windows(roots.len().max(1)) {
                let (Some(first), Some(last)) = (window.first(), window.last()) else { continue };
                if window.iter().any(|n| n.is(Kind::FunctionDefinition))
                    || !self.is_met(first.span().cover(last.span()))
                {
                    continue;
                }
                self.found.environments.extend(matcher.items(&roots, window, self.env));
            }
        }
    }

    fn in_functions(&mut self, ground: &Ground<'_>) {
        let Some((table, formula)) = &self.search.paths else { return };
        for function in ground.functions.iter().take_while(|_| !ground.is_late()) {
            if self.need.is_met(ground.text(), function.span) {
                self.in_function(table, *formula, (function, ground.paths(function)));
            }
        }
    }

    fn in_macros(&mut self) {
        let ground = self.ground;
        let bodies = match self.search.rule.transforms() {
            false => Bodies::Any,
            true if adds_lines(self.search.rule) => Bodies::OneLine,
            true => Bodies::Plain,
        };
        let need = self.need.clone();
        let wanted = |span| need.is_met(ground.text(), span);
        for body in ground.macros.statements(ground.tree.source(), bodies, wanted) {
            if self.search.rule.asks_for_declarations() {
                typing::lend(ground.tree, body.source());
            }
            self.in_functions(&ground.inside(body));
        }
    }

    fn in_function(
        &mut self,
        table: &Table<'_>,
        formula: Formula,
        (function, graph): (&Function<'_>, &Graph),
    ) {
        let solver =
            Solver::new(function.node.tree(), graph, table, self.env.clone()).ending(self.ground.until);
        for v in solver.candidates(formula) {
            self.found.environments.extend(solver.holds(formula, v, self.env).iter().cloned());
        }
        if solver.gave_up() {
            self.found.gave_up.push(function.node.span());
        }
    }
}

/// Whether a node at the top of a file holds others that stand there.
fn holds_items(kind: Kind) -> bool {
    matches!(kind, Kind::TranslationUnit | Kind::PreprocIf | Kind::PreprocIfdef | Kind::PreprocElse)
}

/// Whether a rule does more than to put one statement in the place of another.
fn adds_lines(rule: &CompiledRule) -> bool {
    let replaces = |(atom, index): (&u32, &usize)| {
        rule.marks.get(atom) == Some(&Mark::Minus) && rule.plus[*index].statements() <= 1
    };
    let hung = rule.hangs.iter().flat_map(|(atom, all)| all.iter().map(move |(_, index)| (atom, index)));
    let removes = rule.marks.values().any(|mark| *mark == Mark::Minus);
    removes && rule.plus.is_empty() || !hung.into_iter().all(replaces)
}

/// Whether all elements of a pattern can stand outside of functions. A macro's call may.
pub fn may_stand_at_top(pattern: &Pattern) -> bool {
    use Kind::*;
    let matcher = Matcher::new(pattern);
    pattern.kind() != PatternKind::Expression
        && pattern.roots().all(|root| match matcher.whole_leaf(root) {
            Leaf::Slot(Slot::Disjunction(all)) => all.iter().any(may_stand_at_top),
            Leaf::Slot(_) | Leaf::Meta(_) => true,
            Leaf::Plain => match root.kind() {
                ExpressionStatement => root.named_children().all(|n| n.is(CallExpression) || n.is_leaf()),
                kind => {
                    !kind.is_statement() || matches!(kind, Declaration | MacroDeclaration | MacroStatement)
                }
            },
        })
}

/// What a rule about a part of a statement looks at.
struct Candidates {
    kinds: KindSet,
    sort: Sort,
    /// Parentheses would give each match twice.
    parentheses: bool,
}

/// A sort of parts of statements.
enum Sort {
    /// Names, wherever they stand.
    Names,
    Types {
        /// A name that is certainly a type's is one as an argument and in `sizeof`, too.
        literal: bool,
    },
    Initializers,
    Values,
}

impl Candidates {
    fn of(rule: &CompiledRule, root: Node<'_>) -> Self {
        let matcher = Matcher::new(&rule.pattern);
        let plain = |n: Node<'_>| !n.is_leaf() || matches!(matcher.pattern.leaf(n), Leaf::Plain);
        let slot = matches!(matcher.whole_leaf(root), Leaf::Slot(_));
        let sort = match rule.pattern.kind() {
            _ if rule.identifiers => Sort::Names,
            PatternKind::Type => Sort::Types { literal: root.descendants().all(plain) },
            PatternKind::Initializer => Sort::Initializers,
            _ => Sort::Values,
        };
        Self {
            kinds: matcher.kinds(),
            sort,
            parentheses: root.is(Kind::ParenthesizedExpression) || !root.is_leaf() || slot,
        }
    }

    fn includes(&self, n: Node<'_>) -> bool {
        if !self.kinds.contains(n.kind()) {
            return false;
        }
        let kind = match self.sort {
            Sort::Names => super::node::is_word(n) && !n.is(Kind::PrimitiveType) && !is_tag(n),
            Sort::Types { literal } => super::constraint::is_type(n) && (literal || !n.is(Kind::Identifier)),
            Sort::Initializers => n.is(Kind::InitializerList),
            Sort::Values => {
                n.is(Kind::InitDeclarator) || n.kind().is_expression() && super::node::is_value(n)
            }
        };
        kind && (self.parentheses || !n.is(Kind::ParenthesizedExpression))
    }
}

/// Whether it is the name of a structure, union or enumeration, which is part of a type.
fn is_tag(n: Node<'_>) -> bool {
    let tagged =
        |p: Node<'_>| matches!(p.kind(), Kind::StructSpecifier | Kind::UnionSpecifier | Kind::EnumSpecifier);
    n.role() == Some(Field::Name) && n.parent().is_some_and(tagged)
}
