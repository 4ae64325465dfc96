//! Values that start anew with every batch.
//!
//! In: the inner loop, what is known in front of it, and what each variable was proved to be before every
//! element. Out: the first variable of which nothing was proved and that an element finds as another element
//! of its batch has left it. With batches of one element nobody finds anything, so that the callback would
//! not do what the loop did. A variable that is zero until it makes the rest of the batch do nothing is
//! fine: the callback stops there. It refuses nothing itself, since what is known in front of the loop may
//! still turn out to be no more than a guess.

use super::eval::{Evaluator, unwrapped};
use super::induct::Hypothesis;
use super::machine::Machine;
use super::output::Output;
use super::refusal::{Refusal, RefusalCode};
use super::site::callee;
use super::spec::WalkSpec;
use super::state::{State, Variable};
use super::sym::{Sign, Sym};
use super::usage::leaves;
use crate::flow::access::accesses;
use crate::flow::facts::Facts;
use crate::flow::reaching::{DefKind, Definition, Reaching};
use crate::syntax::scope::DeclId;
use crate::syntax::{Field, Kind, Node, NodeId};
use std::collections::BTreeSet;

/// A test that batches of one element decide and others do not must not be about more than whether to leave.
pub(super) fn check_decided<'t>(
    eval: &Evaluator<'_, 't>,
    unit: &Output<'t>,
    any: &Output<'t>,
) -> Result<(), Refusal> {
    let asked = |test: Node<'t>| -> Vec<DeclId> {
        let names = test.child(Field::Condition).map(|c| accesses(c, eval.scopes)).unwrap_or_default();
        names.iter().map(|a| a.decl).collect()
    };
    let does = |test: Node<'t>, arm: Node<'t>| {
        let is_gone = |n: Node<'t>| {
            any.gone.contains(&n.id())
                || n.ancestors().take_while(|a| arm.encloses(*a)).any(|a| any.gone.contains(&a.id()))
        };
        arm.descendants().filter(|n| !is_gone(*n)).any(|n| match n.kind() {
            Kind::CallExpression => !accounts(eval.spec, n),
            // What the test asks for starts over.
            Kind::AssignmentExpression => n
                .child(Field::Left)
                .and_then(|l| eval.scopes.resolve(l))
                .is_none_or(|id| !asked(test).contains(&id)),
            Kind::UpdateExpression => true,
            _ => false,
        })
    };
    let settled = |test: Node<'t>| {
        let asked = asked(test);
        !asked.is_empty() && asked.iter().all(|id| any.settling.contains(id))
    };
    let differs = |(test, arm): &&(Node<'t>, Node<'t>)| {
        any.open.contains(&test.id()) && !leaves(*arm) && !settled(*test) && does(*test, *arm)
    };
    let Some((test, _)) = unit.untaken.iter().find(differs) else { return Ok(()) };
    let condition = test.child(Field::Condition).map_or(*test, unwrapped);
    let sentence = format!("whether `{}` depends on how many elements the batch has", condition.text());
    Err(Refusal::new(RefusalCode::BatchPositionUsed, condition.span(), sentence))
}

/// Whether a call accounts for elements, so that how many it is told of at a time does not matter.
fn accounts(spec: &WalkSpec, call: Node<'_>) -> bool {
    let name = callee(call).unwrap_or_default();
    spec.accounting.iter().chain(&spec.batched).any(|known| known == name)
}

impl<'t> Machine<'_, 't> {
    /// The variables that make the rest of a batch do nothing once they are not zero, and why elements cannot be told apart
    /// from batches, if they cannot.
    pub(super) fn starts_anew(
        &self,
        inner: Node<'t>,
        entry: &State<'t>,
        hypothesis: &Hypothesis,
        gone: &BTreeSet<NodeId>,
    ) -> (BTreeSet<DeclId>, Option<Refusal>) {
        let scopes = self.eval.scopes;
        let proved = |id: DeclId| hypothesis.iter().any(|(known, sym)| *known == id && sym.is_some());
        let mut changed: Vec<DeclId> = accesses(inner, scopes)
            .iter()
            .filter(|a| a.may_define() || a.takes_address())
            .map(|a| a.decl)
            .filter(|id| !proved(*id) && !inner.encloses(scopes.declaration(*id).ident))
            .collect();
        changed.sort();
        changed.dedup();
        if changed.is_empty() {
            return (BTreeSet::new(), None);
        }
        let reaching = Reaching::of(&Facts::of(self.eval.site.function));
        let found = Found { machine: self, inner, reaching, gone };
        let settling: BTreeSet<DeclId> =
            changed.iter().copied().filter(|id| self.settles(inner, entry, hypothesis, *id)).collect();
        let anew = changed.into_iter().find_map(|id| {
            let place = found.in_turn(id, entry).or_else(|| found.behind(id))?;
            let fine = settling.contains(&id) && inner.encloses(place);
            let name = scopes.declaration(id).name;
            let sentence = format!(
                "`{name}` is here what other elements of the batch have made of it, so that where a batch begins matters"
            );
            (!fine).then(|| Refusal::new(RefusalCode::BatchPositionUsed, place.span(), sentence))
        });
        (settling, anew)
    }

    /// Whether nothing follows in a batch, by what the inner loop does, once a variable is not zero.
    fn settles(&self, inner: Node<'t>, entry: &State<'t>, hypothesis: &Hypothesis, id: DeclId) -> bool {
        let zero = entry.variables.get(&id).is_some_and(|v| v.sign == Sign::Zero || v.value.is_zero());
        zero && (self.stays_zero(inner, entry, hypothesis, id) || self.is_inert(inner, entry, hypothesis, id))
    }

    /// Whether a variable that is zero in front of an element is zero behind it, if another element follows.
    fn stays_zero(&self, inner: Node<'t>, entry: &State<'t>, hypothesis: &Hypothesis, id: DeclId) -> bool {
        let mut all: Hypothesis = hypothesis.iter().filter(|(known, _)| *known != id).cloned().collect();
        all.push((id, Some(Sym::constant(0))));
        self.iteration_holds(inner, entry, &all).is_ok()
    }

    /// Whether elements do nothing any more when a variable is not zero.
    fn is_inert(&self, inner: Node<'t>, entry: &State<'t>, hypothesis: &Hypothesis, id: DeclId) -> bool {
        let mut raised = entry.clone();
        raised.set(id, Variable { sign: Sign::NonZero, ..Variable::unknown() });
        let others: Hypothesis = hypothesis.iter().filter(|(known, _)| *known != id).cloned().collect();
        self.iteration_holds(inner, &raised, &others).is_ok_and(|(out, _)| out.effects == 0)
    }
}

/// Who finds what.
struct Found<'a, 't> {
    machine: &'a Machine<'a, 't>,
    inner: Node<'t>,
    reaching: Reaching<'t>,
    /// Statements of the inner loop that go with the walk.
    gone: &'a BTreeSet<NodeId>,
}

impl<'t> Found<'_, 't> {
    /// A place in the inner loop that looks at what a variable was given in front of it, in this turn or known to be so in
    /// every turn.
    fn in_turn(&self, id: DeclId, entry: &State<'t>) -> Option<Node<'t>> {
        let known = entry.variables.get(&id).is_some_and(|v| v.sign == Sign::Zero);
        let looks = |node: &&Node<'t>| {
            self.inner.encloses(**node)
                && !self.is_gone(**node)
                && !is_own_update(**node)
                && !self.is_added(**node)
                && self.seen(**node).any(|d| self.starts(d) || known && !self.within(d))
        };
        let uses = self.machine.eval.scopes.uses(id);
        let lent = |node: &&Node<'t>| {
            self.inner.encloses(**node)
                && node.parent().is_some_and(|p| p.is(Kind::PointerExpression) && p.operator() == Some("&"))
        };
        let anew = || self.reaching.definitions.iter().any(|d| d.decl == id && self.starts(d));
        uses.iter().find(looks).or_else(|| uses.iter().find(lent).filter(|_| anew())).copied()
    }

    /// A place behind the inner loop that looks at what all elements of the batch have added to a variable, otherwise
    /// than to add that to something else.
    fn behind(&self, id: DeclId) -> Option<Node<'t>> {
        let Self { machine, inner, .. } = self;
        let scopes = machine.eval.scopes;
        let uses = scopes.uses(id);
        let counts = |node: &&Node<'t>| inner.encloses(**node) && is_own_update(**node);
        let writes = |node: &Node<'t>| {
            let assigned = node.parent().filter(|p| p.child(Field::Left) == Some(*node));
            inner.encloses(*node) && assigned.is_some_and(|p| p.is(Kind::AssignmentExpression))
        };
        let summed = uses.iter().any(|n| counts(&n)) && !uses.iter().any(|n| writes(n) && !counts(&n));
        let anew = self.reaching.definitions.iter().any(|d| d.decl == id && self.starts(d));
        let looks = |node: &&Node<'t>| {
            machine.eval.site.outer.encloses(**node)
                && node.span().start >= inner.span().end
                && !is_own_update(**node)
                && !self.is_added(**node)
                && self.seen(**node).any(|d| self.within(d))
        };
        uses.iter().find(looks).filter(|_| summed && anew).copied()
    }

    /// Whether a place goes with the walk.
    fn is_gone(&self, node: Node<'t>) -> bool {
        node.ancestors().take_while(|a| self.inner.encloses(*a)).any(|a| self.gone.contains(&a.id()))
    }

    fn seen(&self, node: Node<'t>) -> impl Iterator<Item = &Definition<'t>> {
        self.reaching.seen_by(node).iter().map(|id| self.reaching.definition(*id))
    }

    /// Whether a value comes from the turn, and from outside the inner loop.
    fn starts(&self, definition: &Definition<'t>) -> bool {
        let written = matches!(definition.kind, DefKind::Whole | DefKind::Partial);
        let outer = self.machine.eval.site.outer;
        written && definition.node.is_some_and(|n| outer.encloses(n) && !self.inner.encloses(n))
    }

    /// Whether a value comes from the inner loop.
    fn within(&self, definition: &Definition<'t>) -> bool {
        definition.node.is_some_and(|n| self.inner.encloses(n))
    }

    /// `sum += n`, or an argument of a function that accounts for what it is given, or the question whether that is to be
    /// called.
    fn is_added(&self, node: Node<'t>) -> bool {
        let spec = self.machine.eval.spec;
        let sum = node.parent().filter(|p| p.child(Field::Right) == Some(node));
        let accounts = |call: Node<'t>| accounts(spec, call);
        let asks = |test: Node<'t>| {
            let asked = test.child(Field::Condition).is_some_and(|c| c.encloses(node));
            let then = test.child(Field::Consequence).filter(|_| asked);
            let calls: Vec<_> =
                then.iter().flat_map(|n| n.descendants()).filter(|n| n.is(Kind::CallExpression)).collect();
            !calls.is_empty() && calls.into_iter().all(accounts)
        };
        sum.is_some_and(|p| matches!(p.operator(), Some("+=" | "-=")))
            || node.ancestors().find(|n| n.is(Kind::CallExpression)).is_some_and(accounts)
            || node.ancestors().find(|n| n.is(Kind::IfStatement)).is_some_and(asks)
    }
}

/// `n++`, `n += …`, where nothing looks at the value of that.
pub(super) fn is_own_update(node: Node<'_>) -> bool {
    let Some(update) = node.parent() else { return false };
    let changes = match update.kind() {
        Kind::UpdateExpression => true,
        Kind::AssignmentExpression => {
            update.child(Field::Left) == Some(node) && update.operator().is_some_and(|o| o != "=")
        }
        _ => false,
    };
    let is_unused = |n: Node<'_>| {
        n.parent().is_some_and(|p| {
            matches!(p.kind(), Kind::ExpressionStatement | Kind::CommaExpression)
                || p.is(Kind::ForStatement) && p.child(Field::Update) == Some(n)
        })
    };
    changes && is_unused(update)
}
