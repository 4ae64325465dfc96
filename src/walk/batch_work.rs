//! What is done once per batch and would be done once per element.
//!
//! In: the statements around the inner loop. Out: what a person has to look at. It refuses locks that are
//! held over the batch, calls that the rule does not know to be mere accounting, and values of the whole
//! batch that its elements look at or that are stored.
//!
//! Capability 13 (tests/README.md): locks.

use super::anew::is_own_update;
use super::eval::unwrapped;
use super::exits::{End, Exit};
use super::expressions::{is_pure, looks_up};
use super::output::{Output, Spelling, Stage};
use super::refusal::{Refusal, RefusalCode};
use super::site::{Site, callee};
use super::spec::WalkSpec;
use super::state::Value;
use crate::flow::access::{Access, accesses};
use crate::flow::facts::Facts;
use crate::flow::reaching::Reaching;
use crate::syntax::scope::{DeclId, Scopes};
use crate::syntax::{Field, Kind, Node};

/// A section that is entered before the inner loop or left behind it must stay one section.
pub(super) fn check_locks(spec: &WalkSpec, site: &Site<'_>) -> Result<(), Refusal> {
    let Some(inner) = site.inner else { return Ok(()) };
    let calls = site.outer.descendants().filter(|n| n.is(Kind::CallExpression) && !inner.encloses(*n));
    for call in calls {
        if callee(call).is_some_and(|name| spec.locks.iter().any(|l| l == name)) {
            let sentence = "this is held over the whole batch, or released behind it";
            return Err(Refusal::new(RefusalCode::LockSpansBatch, call.span(), sentence));
        }
    }
    Ok(())
}

/// What is done once per batch may become work per element if it is mere accounting. Out: calls that a person has to
/// look at, because the batch spares something.
pub(super) fn check_per_batch<'t>(
    spec: &WalkSpec,
    body: &Output<'t>,
    exits: &[Exit<'t>],
) -> Result<Vec<Node<'t>>, Refusal> {
    let mut costly = Vec::new();
    let on_ways_out = exits.iter().flat_map(|e| &e.work.statements).map(|n| (*n, Stage::Behind));
    for (node, stage) in body.per_batch.iter().copied().chain(on_ways_out) {
        let calls = node.descendants().filter(|n| n.is(Kind::CallExpression));
        for call in calls {
            let name = callee(call).unwrap_or_default();
            let known = |list: &[String]| list.iter().any(|n| n == name);
            if known(&spec.locks) {
                return Err(Refusal::new(
                    RefusalCode::LockSpansBatch,
                    call.span(),
                    "this is held over the whole batch, or released behind it",
                ));
            }
            if known(&spec.batched) {
                costly.push(call);
                continue;
            }
            let arm = |n: Node<'t>| n.child(Field::Condition).is_none_or(|c| !c.encloses(call));
            let leaves = node.is(Kind::IfStatement) && stage == Stage::Before && arm(node);
            if !known(&spec.pure) && !known(&spec.accounting) && !leaves {
                return Err(Refusal::new(RefusalCode::BatchWorkAfterLoop, call.span(), {
                    let what = call.child(Field::Function).map_or(name, Node::text);
                    format!("{what}() is called once per batch; per element it may be too much")
                }));
            }
        }
    }
    Ok(costly)
}

/// Values that are found once per batch and looked at for each of its elements. Out: statements that find them in memory
/// which the elements may change. It refuses those that certainly change within a batch, and what is stored of one.
pub(super) fn check_per_batch_values<'t>(
    spec: &WalkSpec,
    scopes: &Scopes<'t>,
    site: &Site<'t>,
    (unit, generic): (&Output<'t>, &Output<'t>),
) -> Result<Vec<Node<'t>>, Refusal> {
    let Some(inner) = site.inner else { return Ok(Vec::new()) };
    let mut looked_up = Vec::new();
    let in_front = unit.per_batch.iter().filter(|(_, stage)| *stage < Stage::Inner).map(|(node, _)| *node);
    let (changes, reaching) = (accesses(inner, scopes), Reaching::of(&Facts::of(site.function)));
    for write in in_front.flat_map(|node| writes(node, scopes)) {
        let from_here = |used: &&Node<'t>| {
            let seen = reaching.seen_by(**used).iter().map(|id| reaching.definition(*id));
            let dropped = unit.spellings.iter().any(|(span, spelling)| {
                matches!(spelling, Spelling::Gone | Spelling::Release) && span.contains(used.span())
            });
            inner.encloses(**used) && !dropped && seen.into_iter().any(|d| d.node == Some(write.name))
        };
        let Some(used) = scopes.uses(write.id).iter().find(from_here) else { continue };
        let changed = |name: Node<'t>| {
            scopes.resolve(name).is_some_and(|id| changes.iter().any(|a| a.may_define() && a.decl == id))
        };
        let Some(value) = write.value.filter(|v| !v.descendants().any(changed) && !is_stored(inner, *v))
        else {
            let sentence = format!(
                "`{}` is worked out for the whole batch in front of its elements, and here they look at it",
                used.text()
            );
            return Err(Refusal::new(RefusalCode::BatchPositionUsed, used.span(), sentence));
        };
        let calls = || inner.descendants().any(|n| n.is(Kind::CallExpression) && !is_pure(&spec.pure, n));
        let asks = |n: Node<'t>| looks_up(n) && !(n.is(Kind::CallExpression) && is_pure(&spec.pure, n));
        if value.descendants().any(asks) && calls() {
            looked_up.push(value);
        }
    }
    match stored_size(site, unit, generic) {
        Some(place) => {
            let sentence = "what is stored here is about the whole batch";
            Err(Refusal::new(RefusalCode::BatchPositionUsed, place.span(), sentence))
        }
        None => Ok(looked_up),
    }
}

/// What is added up around the inner loop. Out: sums that hold the whole batch where an element ends the walk, for a person
/// to look at. It refuses to count batches: how many there are is not the same any more.
pub(super) fn check_sums<'t>(
    scopes: &Scopes<'t>,
    site: &Site<'t>,
    body: &Output<'t>,
    exits: &[Exit<'t>],
) -> Result<Vec<Node<'t>>, Refusal> {
    let Some(inner) = site.inner else { return Ok(Vec::new()) };
    let gone =
        |n: Node<'t>| body.spellings.iter().any(|(span, s)| *s == Spelling::Gone && span.contains(n.span()));
    let leaves = |e: &Exit<'t>| matches!(e.end, End::Leaves(_)) && inner.encloses(e.jump.node);
    let ends_within = exits.iter().any(leaves);
    let mut early = Vec::new();
    for (node, stage) in &body.per_batch {
        for update in node.descendants().filter(|n| !gone(*n)) {
            let (target, amount) = match (update.kind(), update.operator()) {
                (Kind::UpdateExpression, _) => (update.child(Field::Argument), None),
                (Kind::AssignmentExpression, Some("+=" | "-=")) => {
                    (update.child(Field::Left), update.child(Field::Right))
                }
                _ => continue,
            };
            let sum = target.and_then(|t| scopes.resolve(unwrapped(t)));
            let seen = sum.is_none_or(|id| scopes.uses(id).iter().any(|u| !is_own_update(*u)));
            if seen && amount.is_none_or(|a| unwrapped(a).is(Kind::NumberLiteral)) {
                let sentence = "this counts the batches, of which there may be more now";
                return Err(Refusal::new(RefusalCode::BatchPositionUsed, update.span(), sentence));
            }
            let seen_behind = sum.is_none_or(|id| site.live_out.contains(&id));
            if *stage < Stage::Inner && ends_within && seen_behind {
                early.push(update);
            }
        }
    }
    Ok(early)
}

/// A variable gets a value.
struct Write<'t> {
    id: DeclId,
    name: Node<'t>,
    /// What is assigned, if that is an expression by itself.
    value: Option<Node<'t>>,
}

/// What a statement, or one declarator with its initialiser, writes.
fn writes<'t>(node: Node<'t>, scopes: &Scopes<'t>) -> Vec<Write<'t>> {
    if let Some(declared) = scopes.declarations().iter().find(|d| d.declarator == node) {
        return vec![Write { id: declared.id, name: declared.ident, value: declared.initializer }];
    }
    let assigned = |name: Node<'t>| {
        let parent = name.parent().filter(|p| p.child(Field::Left) == Some(name))?;
        parent.child(Field::Right).filter(|_| parent.operator() == Some("="))
    };
    let all = accesses(node, scopes).into_iter().filter(Access::may_define);
    all.map(|a| Write { id: a.decl, name: a.node, value: assigned(a.node) }).collect()
}

/// Whether the inner loop stores into a field that `value` reads.
fn is_stored(inner: Node<'_>, value: Node<'_>) -> bool {
    let fields = |n: Node<'_>| n.child(Field::Field).map(|f| f.text().to_owned());
    let read: Vec<String> =
        value.descendants().filter(|n| n.is(Kind::FieldExpression)).filter_map(fields).collect();
    inner.descendants().any(|n| {
        let target = match n.kind() {
            Kind::AssignmentExpression => n.child(Field::Left),
            Kind::UpdateExpression => n.child(Field::Argument),
            _ => None,
        };
        target.map(unwrapped).and_then(fields).is_some_and(|name| read.contains(&name))
    })
}

/// A statement around the inner loop that keeps a size of the batch in memory, other than by adding it.
fn stored_size<'t>(site: &Site<'t>, unit: &Output<'t>, generic: &Output<'t>) -> Option<Node<'t>> {
    let tree = site.function.tree();
    let of_batch = |id, value: &Value| {
        let any = generic.uses.get(id).map_or(value, |(value, _)| value);
        any.quantity().is_some_and(|sym| sym.as_constant().is_none())
    };
    let stores = unit.per_batch.iter().flat_map(|(node, _)| node.descendants()).filter(|n| {
        let target = n.child(Field::Left).map(unwrapped);
        n.is(Kind::AssignmentExpression)
            && n.operator() == Some("=")
            && target.is_some_and(|t| !t.is(Kind::Identifier))
    });
    stores.into_iter().find(|store| {
        unit.uses.iter().any(|(id, (value, _))| store.encloses(tree.node(*id)) && of_batch(id, value))
    })
}

#[cfg(test)]
mod tests {
    use crate::walk::testing::verdict;

    #[test]
    fn a_lock_may_not_span_a_batch() {
        let spans = [
            ("for (k = 0;", "take_lock(object);\n\t\tfor (k = 0;"),
            ("got -= len;\n\t\t}", "got -= len;\n\t\t}\n\t\tdrop_lock(object);"),
        ];
        assert!(verdict(&spans).starts_with("lock-spans-batch at take_lock(object)"));
        let inside = [
            ("see(object,", "take_lock(object);\n\t\t\tsee(object,"),
            ("off = 0;", "drop_lock(object);\n\t\t\toff = 0;"),
        ];
        assert_eq!(verdict(&inside), "walk");
    }

    #[test]
    fn work_of_a_batch_counts_or_waits() {
        let behind =
            |what: &str| verdict(&[("got -= len;\n\t\t}", &format!("got -= len;\n\t\t}}\n\t\t{what}"))]);
        assert_eq!(behind("count_up(object);"), "walk N7");
        assert_eq!(behind("publish(object);"), "walk N7");
        assert_eq!(behind("submit(object);"), "batch-work-after-loop at submit(object)");
    }
}
