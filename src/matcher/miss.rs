//! Why a place does not match: the nearest miss.
//!
//! In: a rule, what it inherits, and a line of a file. Out: the token of the rule and the bytes of the code that disagree
//! first where the rule comes nearest, with what was bound until then. Nearest is what agrees in most tokens. Where an
//! element of the rule matches the line, the element that is missing around it is named, or the ways that do not hold.

use super::environment::Environment;
use super::formula::{Item, items_of};
use super::list::significant;
use super::node::Matcher;
use super::search::search;
use crate::smpl::compile::CompiledRule;
use crate::smpl::pattern::{Leaf, Pattern, Slot, When};
use crate::smpl::{Constraint, MetaKind, Quantifier};
use crate::source::Span;
use crate::syntax::{Kind, Node, Tree};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// Why code and rule disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disagreement {
    /// Another token, or another kind of code.
    Code,
    /// A metavariable may not be bound to this: its kind, its type, its constraints or what it is bound to already.
    Metavariable,
    /// A position may not be here: another rule found the place, or did not.
    Place,
    /// As many parts as the rule has are not there.
    Length,
    /// The line matches an element; nothing in the function matches this other one with the same bindings.
    Absent,
    /// The line matches an element; nothing in it is this part of it.
    Part,
    /// All elements are there; between them stands what a `when` forbids.
    Forbidden,
    /// All elements are there, and on some way they follow each other; on others they do not.
    SomeWays,
    /// All elements are there; no way goes through them as the rule's dots ask for.
    Order,
}

/// The place where a rule and code disagree.
#[derive(Clone, Debug)]
pub struct Miss {
    /// The bytes of the rule file.
    pub pattern: Span,
    /// The bytes of the code.
    pub code: Span,
    /// Why.
    pub why: Disagreement,
    /// What was bound until then.
    pub environment: Environment,
    /// Tokens that agreed.
    pub agreed: usize,
    /// The element of the rule that matches the line, where that is not what disagrees.
    pub matched: Option<Span>,
    /// Where the places are that a position is compared with: what they are called, and their lines.
    pub places: Vec<(String, Vec<usize>)>,
}

/// Something that a rule looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sought {
    /// The bytes of the rule file.
    pub pattern: Span,
    /// The line of the file that has it and is the nearest.
    pub line: Option<usize>,
}

/// What `rule` looks for in any file, and where this one has it nearest to a line, counted from 1.
pub fn sought(rule: &CompiledRule, tree: &Tree, line: usize) -> Vec<Sought> {
    let mut elements = Vec::new();
    collect(&rule.pattern, None, &mut elements);
    let nodes: Vec<Node<'_>> = tree.root().descendants().filter(|n| is_element(*n)).collect();
    let env = Environment::new();
    let mut out: Vec<Sought> = Vec::new();
    for Element { item, .. } in elements {
        let Some(pattern) = span_of(item).filter(|one| out.iter().all(|old| !old.pattern.overlaps(*one)))
        else {
            continue;
        };
        let has = |n: &&Node<'_>| {
            matches!(disagreement(item.matcher, item.node, **n, &env), Some(Near::Matches(_)))
        };
        let lines = nodes.iter().filter(has).map(|n| tree.source().line_column(n.span()).line);
        out.push(Sought { pattern, line: lines.min_by_key(|at| at.abs_diff(line)) });
    }
    out
}

/// An element of a rule.
#[derive(Clone, Copy)]
struct Element<'p> {
    item: Item<'p>,
    /// Its place among those of the rule; the branches of a disjunction have the same.
    place: usize,
}

/// Where `rule` comes nearest to matching code that starts on a line, counted from 1, in an environment with what it
/// inherits.
pub fn nearest_miss(rule: &CompiledRule, tree: &Tree, env: &Environment, line: usize) -> Option<Miss> {
    let mut elements = Vec::new();
    collect(&rule.pattern, None, &mut elements);
    let starts = |n: &Node<'_>| tree.source().line_column(n.span()).line == line;
    let nodes: Vec<Node<'_>> = tree.root().descendants().filter(|n| starts(n) && is_element(*n)).collect();
    let mut best: Option<(Near, Element<'_>, Node<'_>)> = None;
    // Positions of other rules aside.
    let anywhere = env.filter(|name| !name.contains('.') && !is_position(rule, name));
    for element in &elements {
        for node in &nodes {
            let near = match disagreement(element.item.matcher, element.item.node, *node, env) {
                Some(Near::Misses(miss)) => {
                    Some(Near::Misses(at_another_place(*element, *node, (env, &anywhere)).unwrap_or(miss)))
                }
                near => near,
            };
            if near.as_ref().is_some_and(|near| best.as_ref().is_none_or(|old| old.0.rank() < near.rank())) {
                best = near.map(|near| (near, *element, *node));
            }
        }
    }
    let (near, element, node) = best?;
    match near {
        Near::Misses(miss) => Some(miss),
        Near::Matches(found) => around(rule, tree, (env, line), &elements, (element, node, found)),
    }
}

fn is_position(rule: &CompiledRule, name: &str) -> bool {
    rule.metavariables.get(name).is_some_and(|m| matches!(m.kind, MetaKind::Position(_)))
}

/// The miss of an element that matches a node but for where that stands.
fn at_another_place(
    element: Element<'_>,
    node: Node<'_>,
    (env, anywhere): (&Environment, &Environment),
) -> Option<Miss> {
    let Element { item, .. } = element;
    let found = item.matcher.node(item.node, node, anywhere).into_iter().next()?;
    let metas = item.matcher.pattern.metavariables();
    let bounded = |name: &String| {
        let meta = metas.get(name).filter(|m| matches!(m.kind, MetaKind::Position(_)));
        meta.is_some_and(|m| m.inherited.is_some() || !m.constraints.is_empty())
    };
    let pieces = item.matcher.pattern.pieces_of(item.node);
    let piece = pieces.iter().find(|piece| piece.atom.attached.iter().any(bounded))?;
    let touches = found.touches();
    let touch = touches.iter().find(|touch| touch.atom == piece.atom.id)?;
    let mut places = Vec::new();
    for meta in piece.atom.attached.iter().filter(|name| bounded(name)).filter_map(|name| metas.get(name)) {
        let others = meta.constraints.iter().flat_map(Constraint::named);
        let others = others.map(|(rule, name)| format!("{rule}.{name}"));
        let own = meta.inherited.as_ref().map(|rule| (meta.name.clone(), format!("{rule}.{}", meta.name)));
        for (name, told) in own.into_iter().chain(others.map(|name| (name.clone(), name))) {
            let known = env.get(&name).into_iter().flat_map(|binding| &binding.places);
            let lines: BTreeSet<usize> = known.map(|place| place.at.from.line).collect();
            places.push((told, lines.into_iter().collect()));
        }
    }
    Some(Miss {
        pattern: piece.atom.span,
        code: touch.span,
        why: Disagreement::Place,
        environment: found.filter(|name| !piece.atom.attached.iter().any(|own| own == name)).bindings_only(),
        agreed: touches.len(),
        matched: None,
        places,
    })
}

/// How near an element comes to a node.
enum Near {
    Misses(Miss),
    Matches(Environment),
}

impl Near {
    /// More is nearer: the tokens that agree, and that what disagrees is small.
    fn rank(&self) -> (usize, Reverse<usize>) {
        match self {
            Near::Misses(miss) => (miss.agreed, Reverse(miss.pattern.len())),
            Near::Matches(env) => (env.touches().len(), Reverse(0)),
        }
    }
}

/// What is missing around an element that matches a node.
fn around(
    rule: &CompiledRule,
    tree: &Tree,
    (start, line): (&Environment, usize),
    elements: &[Element<'_>],
    (element, node, found): (Element<'_>, Node<'_>, Environment),
) -> Option<Miss> {
    let function = node.ancestors().find(|a| a.is(Kind::FunctionDefinition)).unwrap_or(tree.root());
    let inside: Vec<Node<'_>> = function.descendants().filter(|n| is_element(*n)).collect();
    let matched = span_of(element.item);
    let agreed = found.touches().len();
    let miss = |pattern: Span, code: Span, why, env: &Environment| Miss {
        pattern,
        code,
        why,
        environment: env.bindings_only(),
        agreed,
        matched,
        places: Vec::new(),
    };
    let mut env = found;
    let last = elements.iter().map(|e| e.place).max().unwrap_or(0);
    let others = (element.place + 1..=last).chain((0..element.place).rev());
    let is_part = |e: &Element<'_>| {
        let (own, part) = (span_of(element.item), span_of(e.item));
        let within = own.zip(part).is_some_and(|(own, part)| own != part && own.contains(part));
        within && !node.is(Kind::FunctionDefinition)
    };
    for place in others {
        let branches: Vec<&Element<'_>> = elements.iter().filter(|e| e.place == place).collect();
        let Some(first) = branches.first() else { continue };
        let way = |e: &&Element<'_>| {
            let near = inside.iter().filter(|n| !is_part(e) || node.encloses(**n));
            near.into_iter().find_map(|n| e.item.matcher.node(e.item.node, *n, &env).into_iter().next())
        };
        match branches.iter().find_map(way) {
            Some(next) => env = next,
            None => {
                let why = if is_part(first) { Disagreement::Part } else { Disagreement::Absent };
                return Some(miss(span_of(first.item)?, node.span(), why, &env));
            }
        }
    }
    if let Some((pattern, code)) = forbidden(rule, &inside, &env) {
        return Some(miss(pattern, code, Disagreement::Forbidden, &env));
    }
    let on_some_way = CompiledRule { quantifier: Quantifier::Exists, ..rule.clone() };
    let here =
        |e: &Environment| e.touches().iter().any(|touch| tree.source().line_column(touch.span).line == line);
    let exists = rule.quantifier != Quantifier::Exists
        && search(&on_some_way, tree, start).environments.iter().any(here);
    let why = if exists { Disagreement::SomeWays } else { Disagreement::Order };
    Some(miss(matched?, node.span(), why, &env))
}

/// Code between the elements of a rule that a `when !=` of its dots forbids: where the rule says so, and the code.
fn forbidden(rule: &CompiledRule, inside: &[Node<'_>], env: &Environment) -> Option<(Span, Span)> {
    let touches = env.touches();
    let from = touches.iter().filter(|t| !t.span.is_empty()).min_by_key(|t| t.span.start)?.span.end;
    let to = touches.iter().map(|t| t.span.start).max()?;
    let matched = |n: &Node<'_>| touches.iter().any(|t| t.span.overlaps(n.span()));
    let between = |n: &&Node<'_>| from <= n.span().start && n.span().end <= to && !matched(n);
    let matcher = Matcher::new(&rule.pattern);
    let leaves = rule.pattern.roots().flat_map(|root| root.descendants().chain([root]));
    let mut whens: Vec<&Pattern> = Vec::new();
    for leaf in leaves.map(|node| matcher.whole_leaf(node)) {
        if let Leaf::Slot(Slot::Dots(all) | Slot::Nest(_, _, all)) = leaf {
            whens.extend(all.iter().filter_map(|when| match when {
                When::Not(pattern) => Some(pattern),
                _ => None,
            }));
        }
    }
    let found = |pattern: &Pattern| {
        let item = items_of(pattern).into_iter().next()?;
        let fits = |n: &&Node<'_>| !item.matcher.node(item.node, **n, env).is_empty();
        Some((span_of(item)?, inside.iter().filter(between).find(fits)?.span()))
    };
    whens.into_iter().filter_map(found).min_by_key(|(_, code)| code.start)
}

fn is_element(n: Node<'_>) -> bool {
    n.kind().is_statement() || n.kind().is_expression() || n.is(Kind::FunctionDefinition)
}

/// The elements of a pattern, those in disjunctions and nests too; dots and metavariables alone say nothing.
fn collect<'p>(pattern: &'p Pattern, place: Option<usize>, out: &mut Vec<Element<'p>>) {
    for item in items_of(pattern) {
        let next = out.last().map_or(0, |last: &Element<'_>| last.place + 1);
        let place = place.unwrap_or(next);
        match item.matcher.whole_leaf(item.node) {
            Leaf::Slot(Slot::Disjunction(all)) => all.iter().for_each(|p| collect(p, Some(place), out)),
            Leaf::Slot(Slot::Conjunction(all)) => all.iter().for_each(|p| collect(p, None, out)),
            // What a nest holds need not be there.
            Leaf::Slot(Slot::Nest(_, inner, _)) => collect(inner, Some(place), out),
            Leaf::Slot(Slot::Dots(_)) | Leaf::Meta(_) => {}
            Leaf::Slot(Slot::Directive(_)) | Leaf::Plain => below(item, Some(place), out),
        }
    }
}

/// An element without parts, or the elements that one with parts has.
fn below<'p>(item: Item<'p>, place: Option<usize>, out: &mut Vec<Element<'p>>) {
    let next = out.last().map_or(0, |last: &Element<'_>| last.place + 1);
    let parts: Vec<Node<'p>> = item.node.named_children().filter(|n| n.kind().is_statement()).collect();
    if !item.node.is(Kind::CompoundStatement) {
        out.push(Element { item, place: place.unwrap_or(next) });
    }
    for node in parts {
        match item.matcher.whole_leaf(node) {
            Leaf::Slot(Slot::Disjunction(all)) => {
                let next = out.last().map_or(0, |last: &Element<'_>| last.place + 1);
                all.iter().for_each(|p| collect(p, Some(next), out));
            }
            Leaf::Slot(Slot::Nest(_, inner, _)) => collect(inner, None, out),
            Leaf::Slot(_) | Leaf::Meta(_) => {}
            Leaf::Plain => below(item.at(node), None, out),
        }
    }
}

fn span_of(item: Item<'_>) -> Option<Span> {
    let pieces = item.matcher.pattern.pieces_of(item.node);
    Some(pieces.first()?.atom.span.cover(pieces.last()?.atom.span))
}

/// Whether a node of a pattern is matched by ways of control, not piece by piece.
fn is_about_ways(m: Matcher<'_>, p: Node<'_>) -> bool {
    p.is(Kind::CompoundStatement) || matches!(m.whole_leaf(p), Leaf::Slot(Slot::Dots(_) | Slot::Nest(..)))
}

/// The first thing in which a node of the code is not what the pattern says; `None` if the pattern has no place there.
fn disagreement<'p>(m: Matcher<'p>, p: Node<'p>, c: Node<'_>, env: &Environment) -> Option<Near> {
    let at = |why: Disagreement, p: Node<'p>, c: Node<'_>, env: &Environment| {
        let pieces = m.pattern.pieces_of(p);
        let pattern = pieces.first()?.atom.span.cover(pieces.last()?.atom.span);
        let (agreed, environment) = (env.touches().len(), env.bindings_only());
        let (code, matched, places) = (c.span(), None, Vec::new());
        Some(Near::Misses(Miss { pattern, code, why, environment, agreed, matched, places }))
    };
    if let Some(found) = m.node(p, c, env).into_iter().next() {
        return Some(Near::Matches(found));
    }
    if matches!(m.whole_leaf(p), Leaf::Meta(_)) {
        return at(Disagreement::Metavariable, p, c, env);
    }
    let (pc, cc): (Vec<_>, Vec<_>) = (significant(p).collect(), significant(c).collect());
    if p.kind() != c.kind() || pc.is_empty() || cc.is_empty() {
        return at(Disagreement::Code, p, c, env);
    }
    let mut env = env.clone();
    for (a, b) in pc.iter().zip(&cc) {
        match m.node(*a, *b, &env).into_iter().next() {
            Some(next) => env = next,
            // The header agrees; the rest is for the ways to say.
            None if is_about_ways(m, *a) => return Some(Near::Matches(env)),
            None => return disagreement(m, *a, *b, &env),
        }
    }
    let rest = pc.get(cc.len()).copied().unwrap_or(p);
    at(Disagreement::Length, rest, c, &env)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpl::compile::compile;
    use crate::source::SourceFile;

    fn miss(rule: &str, code: &str, line: usize) -> (String, String, Disagreement, String) {
        let file = SourceFile::new("r.cocci", rule);
        let (rules, errors) = crate::smpl::parse(&file);
        assert!(errors.is_empty(), "{errors:?}");
        let rule = compile(&file, rules.rules().next().unwrap(), 1).unwrap();
        let tree = crate::syntax::parse(&SourceFile::new("c.c", code));
        let miss = nearest_miss(&rule, &tree, &Environment::new(), line).unwrap();
        let bound =
            miss.environment.bindings().iter().map(|(n, b)| format!("{n}={}", b.text)).collect::<Vec<_>>();
        (file.slice(miss.pattern).into(), tree.source().slice(miss.code).into(), miss.why, bound.join(" "))
    }

    #[test]
    fn the_first_token_that_differs_is_named() {
        let rule = "@@\nexpression E;\n@@\n- put(E, 1, last);\n";
        let got = miss(rule, "void f(void)\n{\n\tput(a + b, 2, last);\n}\n", 3);
        assert_eq!(got, ("1".into(), "2".into(), Disagreement::Code, "E=a + b".into()));
    }

    #[test]
    fn what_a_when_forbids_is_named() {
        let rule = "@@\nexpression E, F;\n@@\n- lock(E);\n  ... when != E = F\n- unlock(E);\n";
        let got = miss(rule, "void f(void)\n{\n\tlock(q);\n\tq = next(q);\n\tunlock(q);\n}\n", 3);
        assert_eq!(got, ("E = F".into(), "q = next(q)".into(), Disagreement::Forbidden, "E=q".into()));
        // What stands outside is not it.
        let code = "void f(void)\n{\n\tlock(q);\n\tif (a)\n\t\treturn;\n\tunlock(q);\n\tq = next(q);\n}\n";
        assert_eq!(miss(&rule.replace("E = F", "E = F when strict"), code, 3).2, Disagreement::SomeWays);
    }

    #[test]
    fn a_part_is_looked_for_in_its_statement() {
        let rule = "@@\nexpression E;\n@@\n- if (E) { put(E); }\n+ put(E);\n";
        let code = "void f(void)\n{\n\tput(q);\n\tif (q)\n\t\tput(p);\n}\n";
        let got = miss(rule, code, 4);
        assert_eq!((got.0.as_str(), got.2), ("put(E);", Disagreement::Part));
    }

    #[test]
    fn what_no_isomorphism_makes_equal_disagrees() {
        let code = "void f(void)\n{\n\tif (q)\n\t\tput(q);\n}\n";
        let with = "@@\nexpression E;\n@@\n- if (E != NULL) put(E);\n";
        let without = with.replace("@@\nexpr", "@disable isnt_null1@\nexpr");
        let got = miss(&without, code, 3);
        assert_eq!(got, ("E != NULL".into(), "q".into(), Disagreement::Code, String::new()));
    }

    #[test]
    fn a_metavariable_that_is_bound_already_disagrees() {
        let rule = "@@\nidentifier i;\n@@\n- swap(i, i);\n";
        let got = miss(rule, "void f(void)\n{\n\tswap(a, b);\n}\n", 3);
        assert_eq!(got, ("i".into(), "b".into(), Disagreement::Metavariable, "i=a".into()));
    }

    #[test]
    fn what_is_missing_around_a_line_is_named() {
        let rule = "@@\nexpression E;\n@@\n- get(E);\n  ...\n- put(E);\n";
        let got = miss(rule, "void f(void)\n{\n\tget(a);\n\tput(b);\n}\n", 3);
        assert_eq!(got, ("put(E);".into(), "get(a);".into(), Disagreement::Absent, "E=a".into()));
    }

    #[test]
    fn ways_on_which_the_rule_fails_are_told_from_those_that_are_not_there() {
        let rule = "@@\n@@\n- get();\n  ...\n- put();\n";
        let got = miss(rule, "void f(int a)\n{\n\tget();\n\tif (a)\n\t\tput();\n\tdone();\n}\n", 3);
        assert_eq!((got.1.as_str(), got.2), ("get();", Disagreement::SomeWays));
        let got = miss(rule, "void f(int a)\n{\n\tput();\n\tget();\n}\n", 4);
        assert_eq!(got.2, Disagreement::Order);
    }

    #[test]
    fn the_header_of_a_function_agrees_and_its_body_does_not() {
        let rule = "@@\nidentifier f;\n@@\n  void f(...)\n  {\n  ...\n- old();\n  ...\n  }\n";
        let got = miss(rule, "void f(void)\n{\n\tnew();\n}\n", 1);
        assert_eq!((got.0.as_str(), got.2), ("old();", Disagreement::Absent));
        let got = miss(rule, "void f(void)\n{\n\tnew();\n}\n", 3);
        assert_eq!((got.0.as_str(), got.1.as_str(), got.2), ("old", "new", Disagreement::Code));
    }

    #[test]
    fn an_arm_that_is_not_there_is_named() {
        let rule = "@@\nstatement S;\n@@\n* if (...) S else S\n";
        let got = miss(rule, "void f(int a)\n{\n\tif (a)\n\t\tgo();\n}\n", 3);
        assert_eq!(
            (got.0.as_str(), got.1.as_str(), got.2),
            ("else S", "if (a)\n\t\tgo();", Disagreement::Length)
        );
    }
}
