//! What a failed acquisition leads to.
//!
//! In: a turn that has come past its failure test. Out: the [`Failure`], with where its arm goes and what is
//! known there. It refuses acquisitions whose result is not tested, and arms that do not simply leave the
//! loop.

use super::eval::Evaluator;
use super::machine::{Level, Machine};
use super::output::{FailureArm, Output, Stage, Target};
use super::refusal::{Refusal, RefusalCode};
use super::site::statements_of;
use super::state::{State, Value, Variable};
use super::sym::{Facts, Sign};
use std::collections::BTreeSet;

/// What a failed acquisition leads to.
#[derive(Clone, Debug)]
pub struct Failure<'t> {
    /// The arm.
    pub arm: FailureArm<'t>,
    /// Where it goes.
    pub target: Target<'t>,
    /// What is known at its end.
    pub state: State<'t>,
}

/// Carry out the arm of the failure test.
pub(super) fn failure<'t>(machine: &Machine<'_, 't>) -> Result<Failure<'t>, Refusal> {
    let site = machine.eval.site;
    let Some(arm) = machine.out.failure.clone() else {
        return Err(Refusal::new(
            RefusalCode::NoFailureTest,
            site.call.span(),
            "what happens when nothing can be acquired is not to be seen here",
        ));
    };
    let mut state = arm.state.clone();
    state.set(
        site.got,
        Variable {
            value: Value::Unknown,
            sign: Sign::Negative,
            set_by: Some(site.call),
            spelled_otherwise: false,
        },
    );
    state.forget(site.offset);
    let nothing = BTreeSet::new();
    let eval = Evaluator { facts: Facts::Acquired, ..machine.eval };
    let mut probe = Machine {
        eval,
        tree: machine.tree,
        cursors: &nothing,
        stage: Stage::Between,
        switch_breaks: Vec::new(),
        kept_jumps: Vec::new(),
        arrivals: Default::default(),
        out: Output::default(),
    };
    probe.out.failure = Some(arm.clone());
    probe.list(&statements_of(arm.arm), &mut state, Level::Nested)?;
    match probe.out.jumps.as_slice() {
        [jump] => Ok(Failure { arm, target: jump.target, state: jump.state.clone() }),
        _ => Err(Refusal::new(
            RefusalCode::NotUnderstood,
            arm.arm.span(),
            "a failed acquisition does not simply leave the loop here",
        )),
    }
}
