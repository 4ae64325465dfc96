//! How much the outer loop walks in all, and that it goes on until that is done.
//!
//! In: the outer loop's condition and the limit given to the acquisition. Out: [`Total`] and [`Limit`]. It
//! refuses loops that may end for a reason that cannot be asked for again, and limits that cut elements in a
//! way that the helper does not.
//!
//! Capability 11 (tests/README.md): limits of a batch.

use super::constants::amount;
use super::control::holds_errors;
use super::eval::{Evaluator, number, unwrapped};
use super::expressions::same_text;
use super::matching::matches;
use super::refusal::{Refusal, RefusalCode};
use super::rest::may_be_asked;
use super::site::Site;
use super::spec::WalkSpec;
use super::state::Value;
use super::sym::{Atom, Sym};
use crate::flow::facts::Facts;
use crate::flow::reaching::{DefKind, Definition, Reaching};
use crate::syntax::scope::{DeclId, Scopes};
use crate::syntax::{Field, Kind, Node};

/// What the outer loop goes on for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Total<'t> {
    /// The expression for what is left, if the loop ends when the iterator has nothing left.
    pub position: Option<Node<'t>>,
    /// The loop ends when a variable has counted down to zero or up to a bound.
    pub counter: Option<Counter<'t>>,
    /// Variables that end the loop when they are not zero.
    pub flags: Vec<DeclId>,
    /// What else has to hold for the loop to go on.
    pub rest: Vec<Node<'t>>,
    /// The loop's whole condition.
    pub condition: Node<'t>,
}

/// A variable that counts what is left, or what was walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter<'t> {
    /// The variable.
    pub id: DeclId,
    /// What it counts up to; `None` if it counts down to zero.
    pub bound: Option<Node<'t>>,
}

/// The limit on bytes that is given to each acquisition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit<'t> {
    /// None, or what is left anyway.
    Free,
    /// Batches are cut at that many bytes.
    Bytes(Node<'t>),
    /// The same, if elements are no larger than they mostly are; otherwise they are cut as well.
    Taken(Node<'t>),
}

/// Read the outer loop's condition: every way to see what counts the walk, the likeliest first. What is neither the walk's
/// nor a flag is the rest of the condition.
pub fn totals<'t>(eval: &Evaluator<'_, 't>) -> Result<Vec<Total<'t>>, Refusal> {
    let site = eval.site;
    let refusal =
        |node: Node<'_>, sentence: &str| Refusal::new(RefusalCode::NotUnderstood, node.span(), sentence);
    let condition = match site.test {
        Some(test) => test.child(Field::Condition),
        None => site.outer.child(Field::Condition),
    };
    let Some(condition) = condition else {
        return Err(refusal(site.outer, "the loop has no condition that says when all is walked"));
    };
    let parts = match site.test {
        Some(_) => negated(eval, condition),
        None => conjuncts(eval, condition),
    };
    let (mut position, mut flags, mut counters, mut rest) = (None, Vec::new(), Vec::new(), Vec::new());
    for part in parts {
        if is_position(eval, part) {
            position = Some(above_zero(part).unwrap_or(part));
        } else if let Some(flag) = flag(eval.scopes, part) {
            flags.push((part, flag));
        } else if let Some(counter) = counter(eval.scopes, part) {
            counters.push((part, counter));
        } else {
            rest.push(part);
        }
    }
    let limits = |(_, c): &(Node<'t>, Counter<'t>)| {
        let names = |n: Node<'t>| eval.scopes.resolve(n) == Some(c.id);
        site.bytes.descendants().any(names)
    };
    counters.sort_by_key(|c| !limits(c));
    let mut choices: Vec<Option<Counter<'t>>> = counters.iter().map(|(_, c)| Some(*c)).collect();
    if position.is_some() || choices.is_empty() {
        choices.push(None);
    }
    // What says no more than that the end has come is a flag, or a condition like any other.
    let (firm, loose): (Vec<_>, Vec<_>) =
        flags.into_iter().partition(|(_, id)| holds_errors(&eval.scopes.declaration(*id).ty));
    let total = |counter: Option<Counter<'t>>, as_flags: bool| {
        let asked = loose.iter().filter(|_| !as_flags).map(|(part, _)| *part);
        let flags = firm.iter().chain(loose.iter().filter(|_| as_flags)).map(|(_, id)| *id).collect();
        let others = counters.iter().filter(|(_, c)| Some(*c) != counter).map(|(part, _)| *part);
        let rest: Vec<Node<'t>> = others.chain(rest.iter().copied()).chain(asked).collect();
        let told = |n: &&Node<'t>| site.test.is_some() || !may_be_asked(eval, **n);
        if let Some(part) = rest.iter().find(told) {
            return Err(refusal(*part, "the loop may also end for this, which is not part of the walk"));
        }
        if let Some(bound) = counter.and_then(|c| c.bound)
            && is_changed(bound, site, eval.scopes)
        {
            return Err(refusal(bound, "the bound changes in the loop"));
        }
        Ok(Total { position, counter, flags, rest, condition: unwrapped(condition) })
    };
    let mut read: Vec<Result<Total<'t>, Refusal>> = choices.iter().map(|c| total(*c, true)).collect();
    if !loose.is_empty() {
        read.extend(choices.iter().map(|c| total(*c, false)));
    }
    match read.iter().any(Result::is_ok) {
        true => Ok(read.into_iter().flatten().collect()),
        false => read.into_iter().collect(),
    }
}

/// `a`, `b` of `!a || !b`: what has to hold for the loop to go on when this makes it end.
fn negated<'t>(eval: &Evaluator<'_, 't>, condition: Node<'t>) -> Vec<Node<'t>> {
    let condition = eval.seen_through(unwrapped(condition));
    let sides = [condition.child(Field::Left), condition.child(Field::Right)];
    match (condition.kind(), condition.operator()) {
        (Kind::BinaryExpression, Some("||")) => {
            sides.into_iter().flatten().flat_map(|s| negated(eval, s)).collect()
        }
        (Kind::UnaryExpression, Some("!")) => {
            condition.child(Field::Argument).map(unwrapped).into_iter().collect()
        }
        (Kind::BinaryExpression, Some("==")) if sides[1].is_some_and(|r| r.text() == "0") => {
            sides[0].map(unwrapped).into_iter().collect()
        }
        _ => vec![condition],
    }
}

/// `v` of `!v` or `v == 0`: the loop goes on as long as the variable is zero.
fn flag<'t>(scopes: &Scopes<'t>, node: Node<'t>) -> Option<DeclId> {
    let variable = match (node.kind(), node.operator()) {
        (Kind::UnaryExpression, Some("!")) => node.child(Field::Argument)?,
        (Kind::BinaryExpression, Some("==")) if node.child(Field::Right)?.text() == "0" => {
            node.child(Field::Left)?
        }
        _ => return None,
    };
    scopes.resolve(unwrapped(variable))
}

fn conjuncts<'t>(eval: &Evaluator<'_, 't>, condition: Node<'t>) -> Vec<Node<'t>> {
    let condition = eval.seen_through(unwrapped(condition));
    if condition.is(Kind::BinaryExpression) && condition.operator() == Some("&&") {
        let sides = [condition.child(Field::Left), condition.child(Field::Right)];
        return sides.into_iter().flatten().flat_map(|s| conjuncts(eval, s)).collect();
    }
    vec![condition]
}

/// `remaining(iter)`, also `> 0` and `!= 0`.
fn is_position(eval: &Evaluator<'_, '_>, node: Node<'_>) -> bool {
    let node = above_zero(node).unwrap_or(node);
    let Some(position) = &eval.spec.position else { return false };
    matches(position, node).is_some_and(|b| b.get("iter").is_some_and(|iter| same_text(iter, eval.site.iter)))
}

/// `x` of `x > 0`, `x != 0`, `0 < x`.
pub(super) fn above_zero(node: Node<'_>) -> Option<Node<'_>> {
    let zero = |n: Node<'_>| unwrapped(n).text() == "0";
    let (left, right) = (node.child(Field::Left)?, node.child(Field::Right)?);
    match node.operator()? {
        ">" | "!=" if zero(right) => Some(unwrapped(left)),
        "<" | "!=" if zero(left) => Some(unwrapped(right)),
        _ => None,
    }
}

fn counter<'t>(scopes: &Scopes<'t>, node: Node<'t>) -> Option<Counter<'t>> {
    let variable = |n: Node<'t>| {
        let n = unwrapped(n);
        n.is(Kind::Identifier).then(|| scopes.resolve(n)).flatten()
    };
    if let Some(id) = variable(above_zero(node).unwrap_or(node)) {
        return Some(Counter { id, bound: None });
    }
    let (left, right) = (node.child(Field::Left)?, node.child(Field::Right)?);
    match node.operator()? {
        "<" | "!=" => Some(Counter { id: variable(left)?, bound: Some(unwrapped(right)) }),
        ">" => Some(Counter { id: variable(right)?, bound: Some(unwrapped(left)) }),
        _ => None,
    }
}

fn is_changed(node: Node<'_>, site: &Site<'_>, scopes: &Scopes<'_>) -> bool {
    let read: Vec<DeclId> = node.descendants().filter_map(|n| scopes.resolve(n)).collect();
    crate::flow::access::accesses(site.outer, scopes)
        .iter()
        .any(|a| read.contains(&a.decl) && (a.may_define() || a.takes_address()))
        || node.descendants().any(|n| n.is(Kind::CallExpression))
}

/// What the counter is after a turn, told from what it was before.
pub fn expected_after(counter: Counter<'_>) -> Option<Sym> {
    let (before, got) = (Sym::atom(Atom::Total), Sym::atom(Atom::Got));
    if counter.bound.is_some() { before.plus(&got) } else { before.minus(&got) }
}

/// Classify the limit on bytes.
pub fn limit<'t>(eval: &Evaluator<'_, 't>, total: &Total<'t>) -> Result<Limit<'t>, Refusal> {
    let site = eval.site;
    let bytes = unwrapped(site.bytes);
    if let Some(counter) = total.counter
        && !is_rest(eval, bytes, total)
        && !is_least(eval.spec, bytes, &|side| is_rest(eval, side, total))
        && !is_limited_to_rest(eval.spec, eval.scopes, site, counter)
    {
        let sentence = "this may get more than the loop goes on for";
        return Err(Refusal::new(RefusalCode::NotUnderstood, bytes.span(), sentence));
    }
    if is_unlimited(bytes) || is_position(eval, bytes) || is_rest(eval, bytes, total) {
        return Ok(Limit::Free);
    }
    let mut state = super::state::State::default();
    if let Value::Quantity(sym) = eval.value(bytes, &mut state)
        && sym.is_atom(&Atom::Unit)
    {
        return Ok(Limit::Free);
    }
    if at_least_a_unit(eval, bytes, eval.spec.unit_at_most, 0) {
        return Ok(if is_never_reached(eval, bytes) { Limit::Free } else { Limit::Bytes(site.bytes) });
    }
    if at_least_a_unit(eval, bytes, eval.spec.unit_mostly, 0) {
        return Ok(Limit::Taken(site.bytes));
    }
    Err(Refusal::new(
        RefusalCode::ByteCapBelowPage,
        bytes.span(),
        "it cannot be shown that this limit is never below the size of an element",
    ))
}

/// C's ways to say "as much as there is".
pub(super) fn is_unlimited(node: Node<'_>) -> bool {
    const LARGEST: [&str; 8] =
        ["INT_MAX", "UINT_MAX", "LONG_MAX", "ULONG_MAX", "SSIZE_MAX", "SIZE_MAX", "LLONG_MAX", "ULLONG_MAX"];
    let complement = node.is(Kind::UnaryExpression)
        && node.operator() == Some("~")
        && node
            .child(Field::Argument)
            .is_some_and(|a| a.text().trim_end_matches(['u', 'U', 'l', 'L']) == "0");
    let cast = node.is(Kind::CastExpression)
        && node.child(Field::Value).is_some_and(|v| v.text() == "-1" || is_unlimited(unwrapped(v)));
    complement || cast || LARGEST.contains(&node.text())
}

/// What the counter says is left.
fn is_rest(eval: &Evaluator<'_, '_>, node: Node<'_>, total: &Total<'_>) -> bool {
    let Some(counter) = total.counter else { return false };
    let is_counter =
        |n: Option<Node<'_>>| n.and_then(|n| eval.scopes.resolve(unwrapped(n))) == Some(counter.id);
    match counter.bound {
        None => is_counter(Some(node)),
        Some(bound) => {
            node.operator() == Some("-")
                && is_counter(node.child(Field::Right))
                && node.child(Field::Left).is_some_and(|l| same_text(unwrapped(l), bound))
        }
    }
}

/// Whether an expression is a minimum, one side of which is something.
pub(super) fn is_least(spec: &WalkSpec, node: Node<'_>, is_it: &dyn Fn(Node<'_>) -> bool) -> bool {
    sides_of_least(spec, node).into_iter().any(is_it)
}

/// The sides of a minimum; none of anything else.
pub(super) fn sides_of_least<'t>(spec: &WalkSpec, node: Node<'t>) -> Vec<Node<'t>> {
    let sides = spec.same.iter().find_map(|same| {
        let meaning = same.meaning.single()?;
        let smaller = meaning.child(Field::Condition).and_then(Node::operator) == Some("<");
        let bindings = matches(&same.pattern, node).filter(|_| smaller)?;
        let sides = [meaning.child(Field::Consequence)?, meaning.child(Field::Alternative)?];
        sides.into_iter().map(|side| bindings.get(same.meaning.text_of(side)).map(unwrapped)).collect()
    });
    sides.unwrap_or_default()
}

/// Whether what the loop counts was limited to what the walked object has: `if (bound > rest) bound = rest;`, or set to it,
/// or to the smaller of that and something else.
pub fn is_limited_to_rest<'t>(
    spec: &WalkSpec,
    scopes: &Scopes<'t>,
    site: &Site<'t>,
    counter: Counter<'t>,
) -> bool {
    let id = match counter.bound {
        Some(bound) => scopes.resolve(bound),
        None => Some(counter.id),
    };
    let Some(id) = id else { return false };
    let is_rest = |n: Node<'_>| {
        let Some(position) = &spec.position else { return false };
        matches(position, n).is_some_and(|b| b.get("iter").is_some_and(|iter| same_text(iter, site.iter)))
    };
    let at_most = |n: Node<'_>| is_rest(unwrapped(n)) || is_least(spec, unwrapped(n), &is_rest);
    if scopes.declaration(id).initializer.is_some_and(at_most) {
        return true;
    }
    let before = site.function.descendants().filter(|n| n.span().end <= site.outer.span().start);
    before.filter(|n| n.is(Kind::AssignmentExpression) && n.operator() == Some("=")).any(|n| {
        n.child(Field::Left).and_then(|l| scopes.resolve(l)) == Some(id)
            && n.child(Field::Right).is_some_and(at_most)
    })
}

/// Whether a batch of as many elements as the acquisition is allowed has no more bytes than that.
fn is_never_reached(eval: &Evaluator<'_, '_>, bytes: Node<'_>) -> bool {
    let slots = eval.site.slots.map(unwrapped).and_then(|n| number(n.text()));
    let amount = amount(eval.spec, eval.site.function.tree().root(), bytes);
    let most = slots.and_then(|slots| Sym::atom(Atom::Unit).times(slots));
    let rest = amount.zip(most).and_then(|(amount, most)| amount.minus(&most)?.as_constant());
    rest.is_some_and(|rest| rest >= 0)
}

/// Whether an expression is a maximum of which the unit is one side, or a variable that is only set to such.
fn at_least_a_unit<'t>(eval: &Evaluator<'_, 't>, node: Node<'t>, unit: Option<i64>, depth: u32) -> bool {
    let node = unwrapped(node);
    if let Value::Quantity(sym) = eval.value(node, &mut super::state::State::default()) {
        let rest = sym.minus(&Sym::atom(Atom::Unit)).and_then(|d| d.as_constant());
        let enough = sym.as_constant().zip(unit).is_some_and(|(n, most)| n >= most);
        return enough
            || rest.is_some_and(|r| r >= 0)
            || (1..=4096).any(|n| Sym::atom(Atom::Unit).times(n).as_ref() == Some(&sym));
    }
    if let Some(sym) = amount(eval.spec, eval.site.function.tree().root(), node) {
        let units = (1..=4096).any(|n| Sym::atom(Atom::Unit).times(n).as_ref() == Some(&sym));
        let enough = sym.as_constant().zip(unit).is_some_and(|(n, most)| n >= most);
        return units || enough;
    }
    for same in &eval.spec.same {
        let Some(meaning) = same.meaning.single() else { continue };
        let greater = meaning.is(Kind::ConditionalExpression)
            && meaning.child(Field::Condition).and_then(Node::operator) == Some(">")
            && meaning.child(Field::Condition).and_then(|c| c.child(Field::Left)).map(Node::text)
                == meaning.child(Field::Consequence).map(Node::text);
        if greater && let Some(bindings) = matches(&same.pattern, node) {
            let sides = [meaning.child(Field::Consequence), meaning.child(Field::Alternative)];
            return sides.into_iter().flatten().any(|s| {
                bindings
                    .get(same.meaning.text_of(s))
                    .is_some_and(|bound| at_least_a_unit(eval, bound, unit, depth + 1))
            });
        }
    }
    let Some(id) = eval.scopes.resolve(node) else { return false };
    let facts = Facts::of(eval.site.function);
    let reaching = Reaching::of(&facts);
    let seen = reaching.seen_by(node);
    let given = |definition: &Definition<'t>| {
        let parent = definition.node.filter(|_| definition.kind == DefKind::Whole)?.parent()?;
        match parent.kind() {
            Kind::AssignmentExpression if parent.operator() == Some("=") => parent.child(Field::Right),
            Kind::InitDeclarator => parent.child(Field::Value),
            _ => None,
        }
    };
    depth < 4
        && !facts.shared.contains(&id)
        && !seen.is_empty()
        && seen.iter().all(|d| {
            given(reaching.definition(*d)).is_some_and(|value| at_least_a_unit(eval, value, unit, depth + 1))
        })
}

#[cfg(test)]
mod tests {
    use crate::walk::testing::verdict;

    #[test]
    fn the_limit_of_a_batch_may_be_what_is_left_or_a_page_and_more() {
        for limit in ["~0UL", "left_in(iter)", "LONG_MAX"] {
            assert_eq!(verdict(&[("~0UL", limit)]), "walk", "{limit}");
        }
        assert_eq!(verdict(&[("~0UL", "4 * UNIT")]), "walk N4");
        assert_eq!(verdict(&[("~0UL", "UNIT / 2")]), "byte-cap-below-page at UNIT / 2");
        assert!(verdict(&[("~0UL", "object->most")]).starts_with("byte-cap-below-page"));
    }

    #[test]
    fn what_is_asked_for_may_be_counted_down() {
        let counted = [
            ("left_in(iter)", "left"),
            ("~0UL", "left"),
            ("int k, ret = 0;", "int k, ret = 0;\n\tsize_t left = object->size;"),
            ("for (k = 0;", "left -= got;\n\t\tfor (k = 0;"),
        ];
        assert!(verdict(&counted).starts_with("walk"));
    }
}
