//! `if` statements of the loop's body.
//!
//! In: an `if`. Out: it is the test for a failed acquisition, a minimum in disguise, decided by what is
//! known of the walk, or kept with both arms carried out. It refuses failures that are told apart before
//! that test, and tests of the walk's own state inside a statement that stays.

use super::eval::{Evaluator, unwrapped};
use super::machine::{Flow, Level, Machine, not_understood};
use super::output::{FailureArm, Piece, Spelling, Stage, Target};
use super::refusal::{Refusal, RefusalCode};
use super::site::statements_of;
use super::state::{State, Value};
use super::sym::{Atom, Facts, Sym};
use crate::source::Span;
use crate::syntax::{Field, Kind, Node};

impl<'t> Machine<'_, 't> {
    pub(super) fn if_statement(
        &mut self,
        node: Node<'t>,
        state: &mut State<'t>,
        level: Level,
    ) -> Result<Flow, Refusal> {
        let (Some(condition), Some(then)) = (node.child(Field::Condition), node.child(Field::Consequence))
        else {
            return Err(not_understood(node, "an `if` without a condition"));
        };
        let otherwise = node.child(Field::Alternative).and_then(|e| e.named_children().last());
        if Some(node) == self.eval.site.test {
            self.drop(node);
            return Ok(Flow::Falls);
        }
        if Some(node) == self.eval.site.choice {
            self.acquired(self.eval.site.call, state);
            self.drop(node);
            return Ok(Flow::Falls);
        }
        if otherwise.is_none() && self.frees_on_condition(condition, then) {
            self.drop(node);
            return Ok(Flow::Falls);
        }
        if let Some(inner) = self.eval.site.inner.filter(|_| Some(node) == self.eval.site.around) {
            return self.walks_in_one_arm(node, inner, state);
        }
        if let Some(call) = self.acquire_in(condition) {
            // `if ((got = acquire(…)) < 0)`
            self.acquired(call, state);
        }
        if self.is_failure_test(condition, state) {
            return self.failure_test(node, then, otherwise, condition, state, level);
        }
        self.check_retried(condition)?;
        if otherwise.is_none() && self.is_clamp(condition, then, state) {
            self.drop(node);
            return Ok(Flow::Falls);
        }
        let mut after_condition = state.clone();
        match self.eval.truth(condition, &mut after_condition).filter(|_| self.may_go(condition, state)) {
            Some(holds) => {
                *state = after_condition;
                self.out.untaken.extend(if holds { otherwise } else { Some(then) }.map(|arm| (node, arm)));
                let (taken, other) = if holds { (Some(then), otherwise) } else { (otherwise, Some(then)) };
                if level == Level::Nested {
                    return self.decided_inside(node, taken, state);
                }
                if let Some(other) = other {
                    self.drop(other);
                    let does = |n: Node<'_>| n.is(Kind::CallExpression) || super::exits::is_jump(n.kind());
                    if matches!(self.stage, Stage::Before | Stage::Between) && other.descendants().any(does) {
                        self.out.decided.push(node);
                    }
                }
                self.out.gone.insert(node.id());
                taken.map_or(Ok(Flow::Falls), |arm| self.list(&statements_of(arm), state, Level::Top))
            }
            None => {
                self.out.open.insert(node.id());
                self.open_if(node, condition, then, otherwise, state, level)
            }
        }
    }

    /// Whether a condition does nothing that is not the walk's own, as far as it is come to.
    fn may_go(&self, condition: Node<'t>, state: &State<'t>) -> bool {
        let condition = self.eval.seen_through(unwrapped(condition));
        let sides = (condition.child(Field::Left), condition.child(Field::Right));
        if let (Some("&&" | "||"), (Some(left), Some(right))) = (condition.operator(), sides) {
            let ends = condition.operator() == Some("||");
            let mut behind = state.clone();
            return self.may_go(left, state)
                && (self.eval.truth(left, &mut behind) == Some(ends) || self.may_go(right, &behind));
        }
        let calls = |n: Node<'t>| n.is(Kind::CallExpression) && n != self.eval.site.call && !self.is_pure(n);
        let own = |n: Node<'t>| {
            let target = match n.kind() {
                Kind::AssignmentExpression => n.child(Field::Left),
                Kind::UpdateExpression => n.child(Field::Argument),
                _ => return true,
            };
            let id = target.and_then(|t| self.eval.scopes.resolve(unwrapped(t)));
            id.is_some_and(|id| self.cursors.contains(&id) || id == self.eval.site.got)
        };
        condition.descendants().all(|n| own(n) && !calls(n))
    }

    /// A decided `if` inside a kept statement: it may only go whole, or be kept whole.
    fn decided_inside(
        &mut self,
        node: Node<'t>,
        taken: Option<Node<'t>>,
        state: &mut State<'t>,
    ) -> Result<Flow, Refusal> {
        let Some(arm) = taken else {
            self.drop(node);
            return Ok(Flow::Falls);
        };
        let kept = self.out.kept;
        let flow = self.list(&statements_of(arm), state, Level::Nested)?;
        // Only what one element does is written down.
        if self.out.kept > kept && self.eval.facts == Facts::UnitBatch {
            return Err(not_understood(
                node,
                "a test of the walk's own state inside a statement of the body",
            ));
        }
        self.drop(node);
        Ok(flow)
    }

    fn open_if(
        &mut self,
        node: Node<'t>,
        condition: Node<'t>,
        then: Node<'t>,
        otherwise: Option<Node<'t>>,
        state: &mut State<'t>,
        level: Level,
    ) -> Result<Flow, Refusal> {
        let kept = self.out.kept;
        let open = self.without_decided(condition, state);
        self.rewrite(open, state)?;
        let mut no = state.clone();
        self.eval.refine(condition, true, state);
        self.eval.refine(condition, false, &mut no);
        let jumps = self.out.jumps.len();
        let then_flow = self.list(&statements_of(then), state, Level::Nested)?;
        let raised = self.out.jumps[jumps..].iter().any(|j| j.target == Target::Flagged);
        if let (Flow::Leaves, true, Level::Top, Some(otherwise)) = (then_flow, raised, level, otherwise) {
            // What used to set a flag leaves now, so that nothing has to stand in an `else` arm.
            self.out.kept += 1;
            self.out.pieces.push((Piece::Guard(node), Some(self.stage)));
            *state = no;
            return self.list(&statements_of(otherwise), state, Level::Top);
        }
        let mut else_flow = Flow::Falls;
        if let Some(otherwise) = otherwise {
            else_flow = self.list(&statements_of(otherwise), &mut no, Level::Nested)?;
        }
        if self.out.kept == kept && self.is_pure(condition) {
            self.drop(node);
        } else {
            self.keep(node, level);
        }
        Ok(match (then_flow, else_flow) {
            (Flow::Leaves, Flow::Leaves) => Flow::Leaves,
            (Flow::Leaves, Flow::Falls) => {
                *state = no;
                Flow::Falls
            }
            (Flow::Falls, Flow::Leaves) => Flow::Falls,
            (Flow::Falls, Flow::Falls) => {
                let once_more = state.released != no.released;
                *state = std::mem::take(state).join(&no);
                if once_more {
                    state.released_if = Some(condition);
                }
                Flow::Falls
            }
        })
    }

    /// The part of `a && b` and `a || b` that is still in question, if the other only looks at what is carried from one
    /// turn to the next: that is known now.
    fn without_decided(&mut self, condition: Node<'t>, state: &State<'t>) -> Node<'t> {
        let whole = unwrapped(condition);
        let neutral = match whole.operator() {
            Some("&&") => true,
            Some("||") => false,
            _ => return condition,
        };
        let (Some(left), Some(right)) = (whole.child(Field::Left), whole.child(Field::Right)) else {
            return condition;
        };
        let carried = |n: Node<'t>| {
            n.descendants().filter(|n| n.is(Kind::Identifier)).all(|n| {
                let variable = self.eval.scopes.resolve(n).and_then(|id| state.variables.get(&id));
                variable.is_some_and(|v| v.set_by.is_none() && v.sign == super::sym::Sign::Zero)
            })
        };
        let decided = |n| {
            self.eval.facts == Facts::UnitBatch
                && self.is_pure(n)
                && carried(n)
                && self.eval.truth(n, &mut state.clone()) == Some(neutral)
        };
        let (kept, cut) = if decided(left) {
            (right, Span { start: left.span().start, end: right.span().start })
        } else if decided(right) {
            (left, Span { start: left.span().end, end: right.span().end })
        } else {
            return condition;
        };
        self.out.spellings.insert(cut, Spelling::Nothing);
        self.without_decided(kept, state)
    }

    /// Whether a condition is true when an acquisition has failed and false when it has got something.
    fn is_failure_test(&self, condition: Node<'t>, state: &State<'t>) -> bool {
        let acquired = self.stage == Stage::Between && self.out.failure.is_none();
        acquired && self.truth_if_got(condition, -1, state) == Some(true) && {
            let mut state = state.clone();
            let eval = Evaluator { facts: Facts::UnitBatch, ..self.eval };
            eval.truth(condition, &mut state) == Some(false)
        }
    }

    /// What was got may not be judged in another way before the test that finds a failure.
    fn check_retried(&self, condition: Node<'t>) -> Result<(), Refusal> {
        let site = self.eval.site;
        let judged = self.eval.scopes.uses(site.got).iter().any(|u| condition.encloses(*u));
        let inside = condition.encloses(site.call);
        if self.stage != Stage::Between || self.out.failure.is_some() || !judged || inside {
            return Ok(());
        }
        let sentence = "a certain failure to acquire is told from the others here";
        Err(Refusal::new(RefusalCode::ErrorChannels, unwrapped(condition).span(), sentence))
    }

    fn truth_if_got(&self, condition: Node<'t>, got: i64, state: &State<'t>) -> Option<bool> {
        let mut state = state.clone();
        // A variable without negative values holds a large one instead.
        let unsigned = self.eval.scopes.declaration(self.eval.site.got).ty.is_unsigned();
        let got = if unsigned && got < 0 { i64::from(u32::MAX) } else { got };
        state.substitute(&Atom::Got, &Sym::constant(got));
        if let Some(variable) = state.variables.get_mut(&self.eval.site.got) {
            variable.sign = super::sym::Sign::Unknown;
        }
        self.eval.truth(condition, &mut state)
    }

    /// The failure test's else arm goes on; its other arm is what a failed acquisition leads to.
    fn failure_test(
        &mut self,
        node: Node<'t>,
        then: Node<'t>,
        otherwise: Option<Node<'t>>,
        condition: Node<'t>,
        state: &mut State<'t>,
        level: Level,
    ) -> Result<Flow, Refusal> {
        let nothing_fails = self.truth_if_got(condition, 0, state) == Some(true);
        self.out.failure = Some(FailureArm { test: node, arm: then, nothing_fails, state: state.clone() });
        self.out.gone.insert(node.id());
        self.drop(then);
        match (otherwise, level) {
            (None, Level::Nested) => {
                self.drop(node);
                Ok(Flow::Falls)
            }
            (None, Level::Top) => Ok(Flow::Falls),
            (Some(arm), Level::Top) => self.list(&statements_of(arm), state, Level::Top),
            (Some(_), Level::Nested) => {
                Err(not_understood(node, "the failure test stands inside a statement"))
            }
        }
    }

    /// `if (a > b) a = b;` on quantities is a minimum, whatever the facts say.
    fn is_clamp(&mut self, condition: Node<'t>, then: Node<'t>, state: &mut State<'t>) -> bool {
        let statements = statements_of(then);
        let [statement] = statements.as_slice() else { return false };
        let Some(assignment) = statement.child_of(Kind::AssignmentExpression) else { return false };
        if assignment.operator() != Some("=") {
            return false;
        }
        let (Some(left), Some(right)) = (assignment.child(Field::Left), assignment.child(Field::Right))
        else {
            return false;
        };
        let condition = self.eval.seen_through(unwrapped(condition));
        let (Some(a), Some(b)) = (condition.child(Field::Left), condition.child(Field::Right)) else {
            return false;
        };
        let Some(id) = self.eval.scopes.resolve(left).filter(|id| self.cursors.contains(id)) else {
            return false;
        };
        let value = |node| self.eval.value(node, &mut state.clone());
        let (old, new) = (value(left), value(right));
        let (a, b) = (value(a), value(b));
        let greater = match (condition.operator(), a == old && b == new, a == new && b == old) {
            (Some(">" | ">="), true, _) | (Some("<" | "<="), _, true) => true,
            (Some("<" | "<="), true, _) | (Some(">" | ">="), _, true) => false,
            _ => return false,
        };
        let (Some(old), Some(new)) = (old.quantity(), new.quantity()) else { return false };
        let clamped = if greater { old.minimum(new) } else { old.maximum(new) };
        let Some(clamped) = clamped else { return false };
        let spelled_otherwise = true;
        self.eval.assign(id, Value::Quantity(clamped), None, state);
        self.name_piece(id, state);
        if let Some(variable) = state.variables.get_mut(&id) {
            variable.spelled_otherwise = spelled_otherwise;
        }
        true
    }
}
