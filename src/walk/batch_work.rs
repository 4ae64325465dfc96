//! What is done once per batch and would be done once per element.
//!
//! In: the statements around the inner loop. Out: the calls that a person has to look at. It refuses locks that are held over the batch, and calls
//! that the rule does not know to be mere accounting.

use super::exits::Exit;
use super::output::{Output, Stage};
use super::refusal::{Refusal, RefusalCode};
use super::site::{Site, callee};
use super::spec::WalkSpec;
use crate::syntax::{Kind, Node};

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
        if node.is(Kind::Declaration) {
            continue;
        }
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
            let leaves = node.is(Kind::IfStatement) && stage == Stage::Before;
            if !known(&spec.pure) && !known(&spec.accounting) && !leaves {
                return Err(Refusal::new(
                    RefusalCode::BatchWorkAfterLoop,
                    call.span(),
                    format!("{name}() is called once per batch; per element it may be too much"),
                ));
            }
        }
    }
    Ok(costly)
}
