//! One turn of the outer loop, carried out on symbols.
//!
//! In: the statements of the outer loop's body, and what may be assumed of the batch ([`Facts`]). Out: an
//! [`Output`]: what is left when all that belongs to the walk is taken away, and every way out. Under
//! [`Facts::UnitBatch`] this specialises the body to a batch of one piece, which every caller has to cope with
//! because an acquisition may always return less than was asked for; under [`Facts::Iteration`] it checks what one
//! iteration of the inner loop does in a batch of any size.
//!
//! It refuses what it cannot follow; it never guesses.

use super::eval::{Evaluator, unwrapped};
use super::output::{FailureArm, Jump, Output, Piece, Spelling, Stage, Target};
use super::refusal::{Refusal, RefusalCode};
use super::site::{Site, statements_of};
use super::spec::WalkSpec;
use super::state::{State, Value};
use super::sym::{Atom, Facts, Sym};
use crate::source::Span;
use crate::syntax::scope::{DeclId, Scopes};
use crate::syntax::{Field, Kind, Node, Tree};
use std::collections::BTreeSet;

/// Whether control goes on behind a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It does, on some path.
    Falls,
    /// Every path has left.
    Leaves,
}

/// Whether a statement is a piece of its own or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It becomes a piece.
    Top,
    /// It is kept or dropped inside a piece.
    Nested,
}

/// Carries out statements.
pub struct Machine<'a, 't> {
    /// What evaluation needs.
    pub eval: Evaluator<'a, 't>,
    /// The file.
    pub tree: &'t Tree,
    /// Variables whose assignments go with the walk if their value is known.
    pub cursors: &'a BTreeSet<DeclId>,
    /// Where control is.
    pub stage: Stage,
    /// What is known where a kept `switch` is left by `break`.
    pub switch_breaks: Vec<State<'t>>,
    /// What came out so far.
    pub out: Output<'t>,
}

impl<'a, 't> Machine<'a, 't> {
    /// A machine for one site.
    pub fn new(
        spec: &'a WalkSpec,
        scopes: &'a Scopes<'t>,
        site: &'a Site<'t>,
        cursors: &'a BTreeSet<DeclId>,
        facts: Facts,
    ) -> Self {
        let tree = site.function.tree();
        let eval = Evaluator { spec, scopes, site, facts };
        Self { eval, tree, cursors, stage: Stage::Before, switch_breaks: Vec::new(), out: Output::default() }
    }

    /// A machine with the same knowledge and nothing done yet, to try what a path does.
    pub fn fresh(&self, stage: Stage) -> Machine<'a, 't> {
        Machine {
            eval: self.eval,
            tree: self.tree,
            cursors: self.cursors,
            stage,
            switch_breaks: Vec::new(),
            out: Output::default(),
        }
    }

    /// Carry out statements in order.
    pub fn list(&mut self, nodes: &[Node<'t>], state: &mut State<'t>, level: Level) -> Result<Flow, Refusal> {
        let mut flow = Flow::Falls;
        for node in nodes {
            if node.is(Kind::Comment) {
                if level == Level::Top {
                    self.out.pieces.push((Piece::Comment(*node), Some(self.stage)));
                }
                continue;
            }
            if flow == Flow::Leaves {
                // No path leads here under the facts.
                return Ok(flow);
            }
            flow = self.statement(*node, state, level)?;
        }
        Ok(flow)
    }

    /// Carry out one statement.
    pub fn statement(
        &mut self,
        node: Node<'t>,
        state: &mut State<'t>,
        level: Level,
    ) -> Result<Flow, Refusal> {
        if node.kind().is_opaque() {
            return Err(Refusal::new(RefusalCode::OpaqueCode, node.span(), "this could not be read"));
        }
        match node.kind() {
            Kind::ExpressionStatement => self.expression_statement(node, state, level),
            Kind::Declaration => self.declaration(node, state, level),
            Kind::CompoundStatement => self.compound(node, state, level),
            Kind::IfStatement => self.if_statement(node, state, level),
            kind if kind.is_loop() => self.loop_statement(node, state, level),
            Kind::SwitchStatement => self.switch(node, state, level),
            Kind::BreakStatement | Kind::ContinueStatement | Kind::GotoStatement | Kind::ReturnStatement => {
                self.jump(node, state, level)
            }
            Kind::PreprocIf | Kind::PreprocIfdef => self.conditional_region(node, state, level),
            Kind::LabeledStatement => Err(not_understood(node, "a label inside the loop")),
            Kind::MacroStatement | Kind::MacroDeclaration => {
                self.rewrite_children(node, state)?;
                self.keep(node, level);
                Ok(Flow::Falls)
            }
            _ => Err(not_understood(node, "a statement of this kind is not followed")),
        }
    }

    fn compound(&mut self, node: Node<'t>, state: &mut State<'t>, level: Level) -> Result<Flow, Refusal> {
        let kept = self.out.kept;
        let flow = self.list(&statements_of(node), state, Level::Nested)?;
        if self.out.kept > kept {
            self.keep(node, level);
        } else {
            self.drop(node);
        }
        Ok(flow)
    }

    /// Keep a statement.
    pub fn keep(&mut self, node: Node<'t>, level: Level) {
        self.out.kept += 1;
        if level == Level::Top {
            self.out.pieces.push((Piece::Statement(node), Some(self.stage)));
            if self.stage != Stage::Inner && self.eval.site.inner.is_some() {
                self.out.per_batch.push((node, self.stage));
            }
        }
    }

    /// A statement goes with the walk.
    pub fn drop(&mut self, node: Node<'t>) {
        self.out.gone.insert(node.id());
        self.out.spellings.insert(node.span(), Spelling::Gone);
    }

    fn if_statement(&mut self, node: Node<'t>, state: &mut State<'t>, level: Level) -> Result<Flow, Refusal> {
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
        match self.eval.truth(condition, &mut after_condition) {
            Some(holds) => {
                *state = after_condition;
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
            None => self.open_if(node, condition, then, otherwise, state, level),
        }
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
        if self.out.kept > kept {
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

    fn jump(&mut self, node: Node<'t>, state: &mut State<'t>, level: Level) -> Result<Flow, Refusal> {
        let target = match node.kind() {
            Kind::ReturnStatement => {
                let value = node.named_children().next();
                if let Some(value) = value {
                    self.rewrite(value, state)?;
                }
                Target::Return(value)
            }
            Kind::GotoStatement => {
                let label = node.child(Field::Label).map(Node::text).unwrap_or_default();
                let inside =
                    self.eval.scopes.label(label).is_some_and(|l| self.eval.site.outer.encloses(l.node));
                if inside || label.is_empty() {
                    return Err(not_understood(node, "a jump to a label inside the loop"));
                }
                Target::Label(label)
            }
            kind => match self.bound_to(node, kind == Kind::BreakStatement) {
                Some(target) => target,
                None => {
                    if kind == Kind::BreakStatement {
                        self.switch_breaks.push(state.clone());
                    }
                    self.keep(node, level);
                    return Ok(Flow::Leaves);
                }
            },
        };
        let before_acquire = self.stage == Stage::Before;
        self.out.jumps.push(Jump { node, target, state: state.clone(), before_acquire });
        self.keep(node, level);
        Ok(Flow::Leaves)
    }

    /// Where a `break` or `continue` goes; `None` if it stays inside a kept statement.
    fn bound_to(&self, node: Node<'t>, is_break: bool) -> Option<Target<'t>> {
        let site = self.eval.site;
        let binder =
            node.ancestors().find(|n| n.kind().is_loop() || (is_break && n.is(Kind::SwitchStatement)))?;
        if Some(binder) == site.inner {
            Some(if is_break { Target::BehindInner } else { Target::NextElement })
        } else if binder == site.outer {
            Some(if is_break { Target::BehindOuter } else { Target::NextBatch })
        } else {
            None
        }
    }

    fn switch(&mut self, node: Node<'t>, state: &mut State<'t>, level: Level) -> Result<Flow, Refusal> {
        let Some(body) = node.child(Field::Body) else {
            return Err(not_understood(node, "a switch without a body"));
        };
        if let Some(condition) = node.child(Field::Condition) {
            self.rewrite(condition, state)?;
        }
        let outside = std::mem::take(&mut self.switch_breaks);
        let has_default =
            body.named_children().any(|c| c.children().next().is_some_and(|t| t.text() == "default"));
        let mut after = if has_default { Vec::new() } else { vec![state.clone()] };
        let mut fallen: Option<State<'t>> = None;
        for case in body.named_children() {
            let mut arm = match fallen.take() {
                Some(above) => above.join(state),
                None => state.clone(),
            };
            let value = case.child(Field::Value);
            let inside: Vec<_> =
                case.children().filter(|c| !matches!(c.kind(), Kind::Token) && Some(*c) != value).collect();
            if self.arm(&inside, &mut arm)? == Flow::Falls {
                fallen = Some(arm);
            }
        }
        after.extend(fallen);
        after.append(&mut std::mem::replace(&mut self.switch_breaks, outside));
        self.keep(node, level);
        let mut after = after.into_iter();
        let Some(first) = after.next() else { return Ok(Flow::Leaves) };
        *state = after.fold(first, |joined, other| joined.join(&other));
        Ok(Flow::Falls)
    }

    /// The statements of a case: control may fall in from above and out below.
    fn arm(&mut self, nodes: &[Node<'t>], state: &mut State<'t>) -> Result<Flow, Refusal> {
        let mut flow = Flow::Falls;
        for node in nodes.iter().filter(|n| !n.is(Kind::Comment)) {
            flow = self.statement(*node, state, Level::Nested)?;
        }
        Ok(flow)
    }

    /// A conditional region of the preprocessor: kept as it is, if no arm touches the walk.
    fn conditional_region(
        &mut self,
        node: Node<'t>,
        state: &mut State<'t>,
        level: Level,
    ) -> Result<Flow, Refusal> {
        let straddles =
            |what: &str| Refusal::new(RefusalCode::ConditionalStraddles, node.span(), what.to_owned());
        if node.has_opaque() {
            return Err(straddles("a part of this conditional region could not be read"));
        }
        let gone = self.out.gone.len();
        let jumps = self.out.jumps.len();
        self.forget_written(node, state)?;
        let inside: Vec<_> = node.descendants().skip(1).filter(|n| is_region_statement(*n, node)).collect();
        self.arm(&inside, &mut state.clone())?;
        if self.out.gone.len() > gone {
            return Err(straddles("an arm of this conditional region does a part of the walk"));
        }
        if self.out.jumps.len() > jumps {
            return Err(straddles("an arm of this conditional region leaves the loop"));
        }
        self.keep(node, level);
        Ok(Flow::Falls)
    }

    /// Forget every variable that is written somewhere below `node`.
    pub fn forget_written(&mut self, node: Node<'t>, state: &mut State<'t>) -> Result<(), Refusal> {
        state.conditions.clear();
        for write in node.descendants() {
            let target = match write.kind() {
                Kind::AssignmentExpression => write.child(Field::Left),
                Kind::UpdateExpression => write.child(Field::Argument),
                Kind::PointerExpression if write.operator() == Some("&") => write.child(Field::Argument),
                _ => None,
            };
            let Some(id) = target.and_then(|t| self.eval.scopes.resolve(unwrapped(t))) else { continue };
            let site = self.eval.site;
            if id == site.batch || id == site.offset {
                return Err(Refusal::new(
                    RefusalCode::CursorRedefined,
                    write.span(),
                    "a cursor of the walk is changed here, in a part of the body that may run or not",
                ));
            }
            state.forget(id);
            self.out.needed.insert(id);
        }
        Ok(())
    }
}

/// A statement directly below a conditional region or one of its arms.
fn is_region_statement(node: Node<'_>, region: Node<'_>) -> bool {
    node.kind().is_statement()
        && node.ancestors().take_while(|a| *a != region).all(|a| {
            matches!(
                a.kind(),
                Kind::PreprocElse
                    | Kind::PreprocElif
                    | Kind::PreprocElifdef
                    | Kind::PreprocIf
                    | Kind::PreprocIfdef
            )
        })
}

/// A refusal because the shape is not understood.
pub fn not_understood(node: Node<'_>, sentence: &str) -> Refusal {
    Refusal::new(RefusalCode::NotUnderstood, node.span(), sentence)
}
