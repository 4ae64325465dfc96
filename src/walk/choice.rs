//! Two ways to acquire a batch, of which each turn takes one.
//!
//! In: an acquisition. Out: the `if` whose arms hold it and its like, if both fill the same array from the
//! same object, so that what follows cannot tell them apart: an array on the stack for a few elements, an
//! allocated one for many. It refuses nothing: acquisitions that are no choice are judged as such elsewhere.

use super::eval::unwrapped;
use super::expressions::{first_match, is_pure, same_text};
use super::machine::Machine;
use super::site::{acquisitions, assigned_to, best_match, statements_of};
use super::spec::{BatchStorage, WalkSpec};
use crate::syntax::scope::Scopes;
use crate::syntax::{Field, Kind, Node};

/// Ways to acquire.
#[derive(Clone, Debug)]
pub struct Choice<'t> {
    /// The `if`.
    pub statement: Node<'t>,
    /// The calls, in order.
    pub calls: Vec<Node<'t>>,
    /// Whether one of them allocates the array.
    pub allocates: bool,
}

/// The choice that an acquisition is part of.
pub(super) fn choice<'t>(spec: &WalkSpec, scopes: &Scopes<'t>, call: Node<'t>) -> Option<Choice<'t>> {
    let statement = call.ancestors().find(|n| n.is(Kind::IfStatement))?;
    let condition = statement.child(Field::Condition)?;
    let arms =
        [statement.child(Field::Consequence)?, statement.child(Field::Alternative)?.named_children().last()?];
    if condition.encloses(call) || !is_pure(&spec.pure, condition) {
        return None;
    }
    let calls = arms.iter().map(|arm| acquisition(spec, scopes, *arm)).collect::<Option<Vec<_>>>()?;
    let [(first, a), (second, b)] = calls.as_slice() else { return None };
    let same = ["iter", "batch", "offset", "bytes"].iter().all(|name| {
        let (a, b) = (a.1.get(name), b.1.get(name));
        a.zip(b).is_some_and(|(a, b)| same_text(a, b))
    });
    let one_result =
        assigned_to(*first, scopes).is_some() && assigned_to(*first, scopes) == assigned_to(*second, scopes);
    let allocates = [a, b].iter().any(|(storage, _)| *storage == BatchStorage::Allocated);
    (same && one_result).then(|| Choice { statement, calls: vec![*first, *second], allocates })
}

/// How it acquires, and what the rule's names stand for.
type Way<'t> = (BatchStorage, super::matching::Bindings<'t>);

/// The acquisition of an arm that does nothing else than to say which array it fills.
fn acquisition<'t>(spec: &WalkSpec, scopes: &Scopes<'t>, arm: Node<'t>) -> Option<(Node<'t>, Way<'t>)> {
    let calls = acquisitions(spec, arm);
    let [call] = calls.as_slice() else { return None };
    let (acquire, bindings) = best_match(spec, scopes, *call)?;
    let batch = bindings.get("batch").and_then(|n| scopes.resolve(n))?;
    let statements = statements_of(arm).into_iter().filter(|n| !n.is(Kind::Comment));
    let only = statements.into_iter().all(|statement| {
        let assignment = statement.child_of(Kind::AssignmentExpression).filter(|a| a.operator() == Some("="));
        let sides = assignment.and_then(|a| Some((a.child(Field::Left)?, a.child(Field::Right)?)));
        sides.is_some_and(|(left, right)| {
            let sets_array = scopes.resolve(left) == Some(batch)
                && scopes.resolve(right).is_some_and(|id| scopes.declaration(id).ty.is_array());
            sets_array || unwrapped(right) == *call
        })
    });
    only.then_some((*call, (acquire.storage, bindings)))
}

impl<'t> Machine<'_, 't> {
    /// `if (…) free(batch);`: whether there is something to free is a matter of how the array came about.
    pub(super) fn frees_on_condition(&self, condition: Node<'t>, then: Node<'t>) -> bool {
        let scopes = self.eval.scopes;
        let batch = self.eval.site.batch;
        let frees = |statement: &Node<'t>| {
            let call = statement.child_of(Kind::CallExpression);
            let bound = call.and_then(|c| first_match(&self.eval.spec.free, c)?.get("batch"));
            bound.and_then(|n| scopes.resolve(n)) == Some(batch)
        };
        let statements = statements_of(then);
        is_pure(&self.eval.spec.pure, condition) && !statements.is_empty() && statements.iter().all(frees)
    }
}
