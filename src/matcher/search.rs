//! Every match of a rule in a file.
//!
//! In: a compiled rule, a tree, an environment with what the rule inherits. Out: the environments in which it matches,
//! in order of place. Functions that are too much work are counted.

use super::environment::Environment;
use super::first::FirstOf;
use super::formula::{Formula, Item, Part};
use super::graph::Graph;
use super::macros::{Lines, Reading};
use super::node::Matcher;
use super::solve::Solver;
use super::translate::Translator;
use crate::smpl::compile::CompiledRule;
use crate::smpl::pattern::{Leaf, PatternKind, Slot};
use crate::source::Span;
use crate::syntax::{Field, Kind, Node, Tree};
use std::collections::HashSet;

/// What a search found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The matches.
    pub environments: Vec<Environment>,
    /// Functions that were given up.
    pub gave_up: Vec<Span>,
}

/// Search a file.
pub fn search(rule: &CompiledRule, tree: &Tree, env: &Environment) -> Found {
    let mut found = Found::default();
    let text = tree.source().text();
    if !rule.required.iter().all(|w| text.contains(w.as_str())) {
        return found;
    }
    match rule.pattern.kind() {
        PatternKind::Expression | PatternKind::Type => anywhere(rule, tree, env, &mut found),
        PatternKind::Statements => {
            at_top(rule, tree, env, &mut found);
            in_functions(rule, tree, env, &mut found);
            let lines = if rule.transforms() { Lines::One } else { Lines::Any };
            for body in super::macros::bodies(tree, &rule.required, Reading::Statements(lines)) {
                in_functions(rule, &body, env, &mut found);
            }
        }
        PatternKind::TopLevel => {
            at_top(rule, tree, env, &mut found);
            functions(rule, tree, env, &mut found);
        }
    }
    let mut seen = HashSet::new();
    found.environments.retain(|e| {
        let touches: Vec<_> = e.touches().iter().map(|t| (t.atom, t.span)).collect();
        seen.insert((e.key(), touches))
    });
    found
}

fn anywhere(rule: &CompiledRule, tree: &Tree, env: &Environment, found: &mut Found) {
    let Some(root) = rule.pattern.single() else { return };
    let matcher = Matcher::new(&rule.pattern);
    for body in super::macros::bodies(tree, &rule.required, Reading::Expression) {
        anywhere_in(rule, matcher, root, &body, env, found);
    }
    anywhere_in(rule, matcher, root, tree, env, found);
}

fn anywhere_in<'p>(
    rule: &'p CompiledRule,
    matcher: Matcher<'p>,
    root: Node<'p>,
    tree: &Tree,
    env: &Environment,
    found: &mut Found,
) {
    let type_ = rule.pattern.kind() == PatternKind::Type;
    let slot = matches!(matcher.whole_leaf(root), Leaf::Slot(_));
    // A name that is certainly a type's is one as an argument and in `sizeof`, too.
    let literal = root.descendants().all(|n| !n.is_leaf() || matches!(matcher.pattern.leaf(n), Leaf::Plain));
    let mut disjunction = match matcher.whole_leaf(root) {
        Leaf::Slot(Slot::Disjunction(all)) if all.len() > 1 => Some(FirstOf::new(matcher, root, all)),
        _ => None,
    };
    let mut accepted: HashSet<(crate::syntax::NodeId, String)> = HashSet::new();
    for n in tree.root().descendants() {
        let candidate = if type_ {
            super::constraint::is_type(n) && (literal || !n.is(Kind::Identifier))
        } else {
            is_candidate(n)
        };
        let candidate =
            if rule.identifiers { super::node::is_word(n) && !n.is(Kind::PrimitiveType) } else { candidate };
        // Parentheses would give each match twice.
        let candidate = candidate
            && (!n.is(Kind::ParenthesizedExpression)
                || root.is(Kind::ParenthesizedExpression)
                || !root.is_leaf()
                || slot);
        if !candidate {
            continue;
        }
        let mut keys: Vec<String> = Vec::new();
        let all = match &mut disjunction {
            Some(first) => first.at(n, env),
            None => matcher.node(root, n, env),
        };
        for one in all {
            let key = one.key();
            let around = n.parent().is_some_and(|q| accepted.contains(&(q.id(), key.clone())));
            if n.is(Kind::ParenthesizedExpression) || around {
                accepted.insert((n.id(), key.clone()));
            }
            if !around && !keys.contains(&key) {
                found.environments.push(one);
            }
            keys.push(key);
        }
    }
}

/// Whether an expression rule looks at a node.
fn is_candidate(n: Node<'_>) -> bool {
    n.is(Kind::InitDeclarator) || n.kind().is_expression() && super::node::is_value(n)
}

fn at_top(rule: &CompiledRule, tree: &Tree, env: &Environment, found: &mut Found) {
    let roots: Vec<_> = rule.pattern.roots().collect();
    let matcher = Matcher::new(&rule.pattern);
    let rows = tree.root().descendants().filter(|n| {
        matches!(n.kind(), Kind::TranslationUnit | Kind::PreprocIf | Kind::PreprocIfdef | Kind::PreprocElse)
            && !n.ancestors().any(|a| a.is(Kind::FunctionDefinition))
    });
    for top in rows {
        let nodes: Vec<Node<'_>> = top.named_children().collect();
        for i in 0..nodes.len() {
            let end = (i + roots.len()).min(nodes.len());
            if nodes[i..end].iter().any(|n| n.is(Kind::FunctionDefinition)) || end - i < roots.len() {
                continue;
            }
            found.environments.extend(matcher.items(&roots, &nodes[i..end], env));
        }
    }
}

fn bodies(tree: &Tree) -> impl Iterator<Item = (Node<'_>, Node<'_>)> {
    let functions = tree
        .root()
        .descendants()
        .filter(|n| matches!(n.kind(), Kind::FunctionDefinition | Kind::MacroFunctionDefinition));
    functions.filter_map(|f| Some((f, f.child(Field::Body).or_else(|| f.child_of(Kind::CompoundStatement))?)))
}

fn in_functions(rule: &CompiledRule, tree: &Tree, env: &Environment, found: &mut Found) {
    let mut translator = Translator::new(rule);
    let formula = translator.statements();
    for (function, body) in bodies(tree) {
        in_function(rule, (&translator, formula), (function, body), env, found);
    }
}

fn functions(rule: &CompiledRule, tree: &Tree, env: &Environment, found: &mut Found) {
    let matcher = Matcher::new(&rule.pattern);
    let roots: Vec<_> = rule.pattern.roots().filter(|r| r.is(Kind::FunctionDefinition)).collect();
    let [root] = roots.as_slice() else { return };
    let mut translator = Translator::new(rule);
    let formula = translator.function(Item { matcher, node: *root, part: Part::Simple });
    for (function, body) in bodies(tree) {
        in_function(rule, (&translator, formula), (function, body), env, found);
    }
}

fn in_function(
    rule: &CompiledRule,
    (translator, formula): (&Translator<'_>, Formula),
    (function, body): (Node<'_>, Node<'_>),
    env: &Environment,
    found: &mut Found,
) {
    // What stands before a function may be part of it.
    let header =
        super::attribute::attributes(function).into_iter().fold(function.span(), |s, a| s.cover(a.span()));
    let text = function.tree().source().slice(header);
    if !rule.required.iter().all(|w| text.contains(w.as_str())) {
        return;
    }
    let graph = Graph::of(function, body);
    let solver = Solver::new(function.tree(), &graph, &translator.table);
    for v in 0..graph.vertices.len() {
        found.environments.extend(solver.holds(formula, v, env).iter().cloned());
    }
    if solver.gave_up() {
        found.gave_up.push(function.span());
    }
}
