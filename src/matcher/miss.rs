//! Why a place does not match: the nearest miss.
//!
//! In: a rule and a line of a file. Out: the token of the rule and the bytes of the code that disagree first where the
//! rule comes nearest, with what was bound until then. Nearest is what agrees in most tokens. It says nothing about
//! places that match.

use super::environment::Environment;
use super::formula::{Item, items_of};
use super::list::significant;
use super::node::Matcher;
use crate::smpl::compile::CompiledRule;
use crate::smpl::pattern::{Leaf, Pattern, Slot};
use crate::source::Span;
use crate::syntax::{Kind, Node, Tree};

/// Why code and rule disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disagreement {
    /// Another token, or another kind of code.
    Code,
    /// A metavariable may not be bound to this: its kind, its type, its constraints or what it is bound to already.
    Metavariable,
    /// As many parts as the rule has are not there.
    Length,
    /// This element matches; what the rule has before or after it does not.
    Elsewhere,
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
}

/// Where `rule` comes nearest to matching code that starts on a line, counted from 1.
pub fn nearest_miss(rule: &CompiledRule, tree: &Tree, line: usize) -> Option<Miss> {
    let mut items = Vec::new();
    collect(&rule.pattern, &mut items);
    let starts = |n: &Node<'_>| tree.source().line_column(n.span()).line == line;
    let nodes: Vec<Node<'_>> = tree.root().descendants().filter(|n| starts(n) && is_element(*n)).collect();
    let mut best: Option<Miss> = None;
    for item in &items {
        for node in &nodes {
            let Some(miss) = disagreement(item.matcher, item.node, *node, &Environment::new()) else {
                continue;
            };
            if best.as_ref().is_none_or(|old| old.agreed < miss.agreed) {
                best = Some(miss);
            }
        }
    }
    best
}

fn is_element(n: Node<'_>) -> bool {
    n.kind().is_statement() || n.kind().is_expression() || n.is(Kind::FunctionDefinition)
}

/// The elements of a pattern, those in disjunctions and nests too; dots and metavariables alone say nothing.
fn collect<'p>(pattern: &'p Pattern, out: &mut Vec<Item<'p>>) {
    for item in items_of(pattern) {
        match item.matcher.whole_leaf(item.node) {
            Leaf::Slot(Slot::Disjunction(all) | Slot::Conjunction(all)) => {
                all.iter().for_each(|p| collect(p, out));
            }
            Leaf::Slot(Slot::Nest(_, inner, _)) => collect(inner, out),
            Leaf::Slot(Slot::Dots(_)) | Leaf::Meta(_) => {}
            Leaf::Slot(Slot::Directive(_)) | Leaf::Plain => {
                out.push(item);
                let nested = item.node.named_children().filter(|n| n.kind().is_statement());
                out.extend(nested.map(|node| Item { node, ..item }));
            }
        }
    }
}

/// The first thing in which a node of the code is not what the pattern says; `None` if the pattern has no place there.
fn disagreement<'p>(m: Matcher<'p>, p: Node<'p>, c: Node<'_>, env: &Environment) -> Option<Miss> {
    let agreed = env.touches().len();
    let at = |why: Disagreement, p: Node<'p>, c: Node<'_>| {
        let pieces = m.pattern.pieces_of(p);
        let span = pieces.first()?.atom.span.cover(pieces.last()?.atom.span);
        Some(Miss { pattern: span, code: c.span(), why, environment: env.bindings_only(), agreed })
    };
    if let Some(found) = m.node(p, c, env).first() {
        let agreed = found.touches().len();
        let environment = found.bindings_only();
        return Some(Miss { agreed, environment, ..at(Disagreement::Elsewhere, p, c)? });
    }
    if matches!(m.whole_leaf(p), Leaf::Meta(_)) {
        return at(Disagreement::Metavariable, p, c);
    }
    let (pc, cc): (Vec<_>, Vec<_>) = (significant(p).collect(), significant(c).collect());
    if p.kind() != c.kind() || pc.is_empty() || cc.is_empty() {
        return at(Disagreement::Code, p, c);
    }
    let mut env = env.clone();
    for (a, b) in pc.iter().zip(&cc) {
        match m.node(*a, *b, &env).into_iter().next() {
            Some(next) => env = next,
            None => return disagreement(m, *a, *b, &env),
        }
    }
    let rest = pc.get(cc.len()).copied().unwrap_or(p);
    at(Disagreement::Length, rest, c)
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
        let miss = nearest_miss(&rule, &tree, line).unwrap();
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
    fn a_metavariable_that_is_bound_already_disagrees() {
        let rule = "@@\nidentifier i;\n@@\n- swap(i, i);\n";
        let got = miss(rule, "void f(void)\n{\n\tswap(a, b);\n}\n", 3);
        assert_eq!(got, ("i".into(), "b".into(), Disagreement::Metavariable, "i=a".into()));
    }

    #[test]
    fn a_line_that_matches_points_elsewhere() {
        let rule = "@@\n@@\n- get();\n  ...\n- put();\n";
        let got = miss(rule, "void f(void)\n{\n\tget();\n}\n", 3);
        assert_eq!(got.2, Disagreement::Elsewhere);
        assert_eq!(got.1, "get();");
    }
}
