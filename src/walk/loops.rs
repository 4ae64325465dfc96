//! Loops of the body: the one over the batch, those that release, and others.
//!
//! In: a loop statement. Out: the loop over the batch is unrolled once, and it has to end there when a batch
//! is one piece; a loop that only releases elements becomes the range that it releases; any other loop is
//! kept.
//!
//! Capability 1 (tests/README.md): loops in one form, cursors by induction.

use super::eval::arithmetic;
use super::inner::is_drain;
use super::machine::{Flow, Level, Machine, not_understood};
use super::output::Stage;
use super::refusal::{Refusal, RefusalCode};
use super::site::{body_of, callee};
use super::state::{State, Value, Variable};
use super::sym::{Atom, Facts, Sign, Sym};
use crate::flow::access::accesses;
use crate::syntax::scope::{DeclId, DeclKind, Scopes};
use crate::syntax::{Field, Kind, Node};

/// The parts of a loop.
struct Parts<'t> {
    init: Option<Node<'t>>,
    condition: Option<Node<'t>>,
    update: Option<Node<'t>>,
    tests_first: bool,
}

fn parts(node: Node<'_>) -> Parts<'_> {
    Parts {
        init: node.child(Field::Initializer),
        condition: node.child(Field::Condition),
        update: node.child(Field::Update),
        tests_first: !node.is(Kind::DoStatement),
    }
}

impl<'t> Machine<'_, 't> {
    /// A loop.
    pub(super) fn loop_statement(
        &mut self,
        node: Node<'t>,
        state: &mut State<'t>,
        level: Level,
    ) -> Result<Flow, Refusal> {
        if Some(node) == self.eval.site.inner {
            if level == Level::Nested {
                return Err(not_understood(node, "the loop over the batch stands inside another statement"));
            }
            if self.eval.facts != Facts::UnitBatch {
                self.inner_generic(node, state)?;
                return Ok(Flow::Falls);
            }
            return self.inner_loop(node, state);
        }
        if is_drain(node, self.eval.scopes, self.eval.site.batch)
            && let Some((from, to)) = self.drain_range(node, state)
        {
            self.drained(node, from, to, state, level)?;
            return Ok(Flow::Falls);
        }
        if self.releases_by_pieces(node, state) {
            let all = match self.eval.facts {
                Facts::UnitBatch => Sym::constant(1),
                _ => Sym::atom(Atom::Count),
            };
            self.drained(node, Sym::constant(0), all, state, level)?;
            return Ok(Flow::Falls);
        }
        self.kept_loop(node, state, level)
    }

    /// The loop over the batch, unrolled once.
    fn inner_loop(&mut self, node: Node<'t>, state: &mut State<'t>) -> Result<Flow, Refusal> {
        self.stage = Stage::Inner;
        let parts = parts(node);
        if let Some(init) = parts.init {
            if init.is(Kind::Declaration) {
                self.declaration(init, state, Level::Top)?;
            } else {
                self.expression(init, init, state, Level::Top)?;
            }
        }
        if parts.tests_first
            && let Some(condition) = parts.condition
            && self.eval.truth(condition, state) != Some(true)
        {
            return Err(Refusal::new(
                RefusalCode::PieceNotRecognised,
                condition.span(),
                "it cannot be shown that the loop over the batch is entered for a batch of one piece",
            ));
        }
        let flow = self.list(&body_of(node), state, Level::Top)?;
        if let (Some(update), Flow::Falls) = (parts.update, flow) {
            self.expression(update, update, state, Level::Top)?;
        }
        if flow == Flow::Falls {
            let ends = parts.condition.and_then(|c| self.eval.truth(c, state));
            if ends != Some(false) {
                let place = parts.condition.unwrap_or(node);
                return Err(Refusal::new(
                    RefusalCode::PieceNotRecognised,
                    place.span(),
                    "it cannot be shown that the loop over the batch ends after a batch of one piece",
                ));
            }
        }
        self.stage = Stage::Behind;
        Ok(Flow::Falls)
    }

    /// What a loop that only releases elements releases: it starts at the first index, and as many turns follow as
    /// its condition leaves.
    fn drain_range(&self, node: Node<'t>, state: &mut State<'t>) -> Option<(Sym, Sym)> {
        let parts = parts(node);
        let mut after = state.clone();
        if let Some(init) = parts.init {
            self.begin(init, &mut after);
        }
        let statement = body_of(node).into_iter().find(|s| !s.is(Kind::Comment))?;
        let call = statement.child_of(Kind::CallExpression)?;
        super::expressions::first_match(&self.eval.spec.release, call)?;
        let element = call.child(Field::Arguments)?.named_children().next()?;
        let condition = parts.condition?;
        let first_left = self.turns_left(condition, &mut after)?;
        let first = self.index_of(element, &mut after)?;
        if let Some(update) = parts.update {
            self.eval.value(update, &mut after);
        }
        let second_left = self.turns_left(condition, &mut after)?;
        let second = self.index_of(element, &mut after)?;
        let (step, spent) =
            (second.minus(&first)?.as_constant()?, first_left.minus(&second_left)?.as_constant()?);
        let ends = match (step, spent) {
            (1, 1) => (first.clone(), first.plus(&first_left)?),
            (-1, 1) => (first.minus(&first_left)?.plus(&Sym::constant(1))?, first.plus(&Sym::constant(1))?),
            _ => return None,
        };
        // What the loop leaves behind in its cursors is not known here; uses of it will be refused.
        for (id, variable) in after.variables {
            let moved = state.variables.get(&id).is_none_or(|v| v.value != variable.value);
            if moved {
                state.set(
                    id,
                    Variable { sign: Sign::Unknown, spelled_otherwise: true, ..Variable::unknown() },
                );
            }
        }
        Some(ends)
    }

    /// Carry out the first part of a `for`.
    fn begin(&self, init: Node<'t>, state: &mut State<'t>) {
        if !init.is(Kind::Declaration) {
            self.eval.value(init, state);
            return;
        }
        for declared in self.eval.scopes.declarations().iter().filter(|d| d.declaration == init) {
            let Some(initializer) = declared.initializer else { continue };
            let value = self.eval.value(initializer, state);
            self.eval.assign(declared.id, value, Some(initializer), state);
        }
    }

    fn index_of(&self, element: Node<'t>, state: &mut State<'t>) -> Option<Sym> {
        match self.eval.value(element, state) {
            Value::Element(index) => Some(index),
            _ => None,
        }
    }

    /// How many turns a condition `a < b`, `a > b`, `a != b`, `a` or `a--` leaves, as far as it is a count.
    pub(super) fn turns_left(&self, condition: Node<'t>, state: &mut State<'t>) -> Option<Sym> {
        let condition = super::eval::unwrapped(condition);
        if let (Some(left), Some(right)) = (condition.child(Field::Left), condition.child(Field::Right)) {
            let (left, right) = (self.eval.value(left, state), self.eval.value(right, state));
            let minus = |a: &Value, b: &Value| arithmetic("-", a, b).quantity().cloned();
            return match condition.operator()? {
                "!=" if right.quantity().and_then(Sym::as_constant) == Some(0) => left.quantity().cloned(),
                "<" | "!=" => minus(&right, &left),
                ">" => minus(&left, &right),
                "<=" => minus(&right, &left)?.plus(&Sym::constant(1)),
                ">=" => minus(&left, &right)?.plus(&Sym::constant(1)),
                _ => None,
            };
        }
        self.eval.value(condition, state).quantity().cloned()
    }

    /// A loop that has nothing to do with the walk.
    fn kept_loop(&mut self, node: Node<'t>, state: &mut State<'t>, level: Level) -> Result<Flow, Refusal> {
        let steady = self.steady_signs(node, state);
        self.once_round(node, &steady, state)?;
        let (lost, outside) = (self.out.lost.clone(), std::mem::take(&mut self.kept_jumps));
        self.list(&body_of(node), &mut state.clone(), Level::Nested)?;
        self.kept_jumps = outside;
        let moved = self
            .out
            .lost
            .difference(&lost)
            .any(|id| self.eval.scopes.uses(*id).iter().any(|u| !node.encloses(*u)));
        if moved {
            return Err(Refusal::new(
                RefusalCode::CursorRedefined,
                node.span(),
                "a loop inside the body moves a cursor of the walk",
            ));
        }
        self.forget_written(node, state)?;
        signed(state, &steady);
        self.keep(node, level);
        Ok(Flow::Falls)
    }

    /// Variables that a kept loop writes, and that have the sign at its end that they had at its start.
    fn steady_signs(&self, node: Node<'t>, state: &State<'t>) -> Vec<(DeclId, Sign)> {
        let body = node.child(Field::Body);
        let in_head = |id: DeclId| {
            accesses(node, self.eval.scopes).iter().any(|a| {
                a.decl == id
                    && (a.may_define() || a.takes_address())
                    && body.is_none_or(|b| !b.encloses(a.node))
            })
        };
        let mut without = state.clone();
        if node.is(Kind::MacroIterator) || self.fresh(self.stage).forget_written(node, &mut without).is_err()
        {
            return Vec::new();
        }
        let known = state.variables.iter().filter(|(id, v)| {
            v.sign != Sign::Unknown && !without.variables.contains_key(id) && !in_head(**id)
        });
        let mut steady: Vec<(DeclId, Sign)> = known.map(|(id, v)| (*id, v.sign)).collect();
        while !steady.is_empty() {
            let mut machine = self.fresh(self.stage);
            machine.out.failure.clone_from(&self.out.failure);
            let mut turn = state.clone();
            let flow = machine
                .once_round(node, &steady, &mut turn)
                .and_then(|()| machine.list(&body_of(node), &mut turn, Level::Nested));
            let Ok(flow) = flow else { return Vec::new() };
            let mut ends = std::mem::take(&mut machine.kept_jumps);
            ends.extend((flow == Flow::Falls).then_some(turn));
            let known =
                |end: &State<'t>, id: DeclId| end.variables.get(&id).map_or(Sign::Unknown, |v| v.sign);
            let before = steady.len();
            steady.retain(|(id, sign)| ends.iter().all(|end| known(end, *id).join(*sign) == *sign));
            if steady.len() == before {
                break;
            }
        }
        steady
    }

    /// The head of a kept loop, and what is known of the variables that it writes when its body begins.
    fn once_round(
        &mut self,
        node: Node<'t>,
        steady: &[(DeclId, Sign)],
        state: &mut State<'t>,
    ) -> Result<(), Refusal> {
        self.forget_written(node, state)?;
        signed(state, steady);
        let parts = parts(node);
        for header in [parts.init, parts.condition, parts.update].into_iter().flatten() {
            if header.is(Kind::Declaration) {
                self.declaration(header, state, Level::Nested)?;
            } else {
                self.rewrite(header, state)?;
            }
        }
        if node.is(Kind::MacroIterator)
            && let Some(arguments) = node.child(Field::Arguments)
        {
            self.rewrite_children(arguments, state)?;
        }
        Ok(())
    }

    /// A call of a function of the same file that only releases the elements of an array that it is given: the
    /// range that it releases.
    pub(super) fn releasing_callee(&self, expression: Node<'t>, state: &mut State<'t>) -> Option<(Sym, Sym)> {
        let name = callee(expression)?;
        let arguments: Vec<Node<'t>> = expression.child(Field::Arguments)?.named_children().collect();
        let (at, start) =
            arguments.iter().enumerate().find_map(|(at, a)| Some((at, self.slot(*a, state)?)))?;
        let function = super::site::definition(self.tree.root(), name)?;
        let scopes = Scopes::of(function);
        let parameters: Vec<_> =
            scopes.declarations().iter().filter(|d| d.kind == DeclKind::Parameter).map(|d| d.id).collect();
        let array = *parameters.get(at)?;
        let statements: Vec<_> =
            function.child(Field::Body)?.named_children().filter(|s| !s.is(Kind::Declaration)).collect();
        let [looping] = statements.as_slice() else { return None };
        if !looping.kind().is_loop() || !is_drain(*looping, &scopes, array) {
            return None;
        }
        let mut inside = State::default();
        for (id, argument) in parameters.iter().zip(&arguments).filter(|(id, _)| **id != array) {
            let value = self.eval.value(*argument, state);
            let known = Variable { value, ..Variable::unknown() };
            inside.set(*id, known);
        }
        let site = super::site::Site { batch: array, ..self.eval.site.clone() };
        let eval = super::eval::Evaluator { scopes: &scopes, site: &site, ..self.eval };
        let cursors = Default::default();
        let machine = Machine {
            eval,
            tree: self.tree,
            cursors: &cursors,
            stage: Stage::Behind,
            switch_breaks: Vec::new(),
            kept_jumps: Vec::new(),
            arrivals: Default::default(),
            out: Default::default(),
        };
        let (from, to) = machine.drain_range(*looping, &mut inside)?;
        Some((start.plus(&from)?, start.plus(&to)?))
    }

    /// The place in the array that an expression points to.
    pub(super) fn slot(&self, node: Node<'t>, state: &State<'t>) -> Option<Sym> {
        match self.eval.value(node, &mut state.clone()) {
            Value::Slot(index) => Some(index),
            _ => self.is_batch(Some(node)).then(|| Sym::constant(0)),
        }
    }
}

/// Nothing but the sign of these variables is known.
fn signed(state: &mut State<'_>, steady: &[(DeclId, Sign)]) {
    for (id, sign) in steady {
        state.set(*id, Variable { sign: *sign, ..Variable::unknown() });
    }
}

#[cfg(test)]
mod tests {
    use crate::walk::testing::verdict;

    #[test]
    fn a_loop_of_the_body_stays_and_keeps_what_it_does_not_change() {
        let chunks = (
            "off = 0;",
            "while (more(object)) {\n\t\t\t\tret = step(object);\n\t\t\t\tif (ret < 0)\n\t\t\t\t\treturn ret;\n\t\t\t\tret = 0;\n\t\t\t}\n\t\t\toff = 0;",
        );
        let rest = ("return ret;", "goto rest;");
        let drains = ("\treturn 0;\n}", "\treturn 0;\nrest:\n\treturn ret;\n}");
        assert!(verdict(&[chunks, rest, drains]).starts_with("reference-imbalance at goto rest;"));
    }

    #[test]
    fn a_loop_of_the_body_may_not_move_a_cursor() {
        let moves = ("off = 0;", "while (more(object))\n\t\t\t\toff++;\n\t\t\toff = 0;");
        assert_eq!(verdict(&[moves]), "cursor-redefined at off++");
    }
}
