//! The proof that the inner loop walks the pieces of a batch, whatever the batch's size.
//!
//! In: the machine at the inner loop, and what the cursors hold there. Out: for each variable that the loop
//! moves, an invariant (it is the index, the offset, what remains, …) that holds at the start and that one
//! iteration carries from element k to element k+1; and the proof that the loop goes on exactly as long as
//! pieces are left. It refuses loops for which no such invariants are found.
//!
//! Capability 1 (tests/README.md): loops in one form, cursors by induction.

use super::eval::unwrapped;
use super::expressions::{first_match, piece_size};
use super::machine::{Machine, not_understood};
use super::output::{Output, Stage, Target};
use super::refusal::{Refusal, RefusalCode};
use super::site::{body_of, statements_of};
use super::state::{Moved, State, Value, Variable};
use super::sym::{Atom, Sign, Sym};
use crate::flow::access::{Access, Part, accesses};
use crate::syntax::scope::DeclId;
use crate::syntax::{Field, Kind, Node};

/// At most this many combinations of invariants are tried.
const MOST_COMBINATIONS: usize = 64;

/// A combination of invariants: what each variable is at the head of the loop.
pub(super) type Hypothesis = Vec<(DeclId, Option<Sym>)>;

impl<'t> Machine<'_, 't> {
    /// Prove the inner loop; afterwards the state is that behind the loop.
    pub(super) fn inner_generic(&mut self, node: Node<'t>, state: &mut State<'t>) -> Result<(), Refusal> {
        self.stage = Stage::Inner;
        if let Some(label) = behind_continue(node) {
            let sentence = "what only jumps come to stands behind a `continue` at the end of the body";
            return Err(not_understood(label, sentence));
        }
        if let Some(init) = node.child(Field::Initializer) {
            if init.is(Kind::Declaration) {
                self.declaration(init, state, super::machine::Level::Nested)?;
            } else {
                self.eval.value(init, state);
            }
        }
        count_by_name(state);
        let by_piece = self.moves_by_piece(node);
        if by_piece && state.moved != Moved::default() {
            return Err(super::position::ahead(state.advanced_at.unwrap_or(node)));
        }
        let mut first_refusal = None;
        for hypothesis in self.hypotheses(node, state) {
            match self.iteration_holds(node, state, &hypothesis) {
                Ok((out, _)) => {
                    let (settling, anew) = self.starts_anew(node, state, &hypothesis, &out.gone);
                    (self.out.settling, self.out.anew) = (settling, self.out.anew.take().or(anew));
                    self.out.uses.extend(out.uses);
                    self.out.running.extend(out.running);
                    self.out.open.extend(out.open);
                    self.out.jumps.extend(out.jumps);
                    self.out.piece_names.extend(out.piece_names);
                    let proved = hypothesis.iter().filter_map(|(id, sym)| Some((*id, sym.clone()?)));
                    self.out.invariants.extend(proved);
                    behind(state, &hypothesis);
                    if by_piece {
                        state.moved = Moved::By(Sym::atom(Atom::Got));
                    }
                    state.conditions.clear();
                    self.stage = Stage::Behind;
                    return Ok(());
                }
                Err(refusal) => first_refusal = first_refusal.or(Some(refusal)),
            }
        }
        let unproved = first_refusal.as_ref().is_none_or(|r| r.code == RefusalCode::PieceNotRecognised);
        if let Some(refusal) = self.offset_stays(node).filter(|_| unproved) {
            return Err(refusal);
        }
        Err(first_refusal.unwrap_or_else(|| {
            let sentence = "no cursors are found that move over the pieces of the batch";
            Refusal::at(RefusalCode::PieceNotRecognised, node, sentence)
        }))
    }

    /// The offset of the first piece is used for every piece, if the loop looks at it and never changes it.
    fn offset_stays(&self, node: Node<'t>) -> Option<Refusal> {
        let offset = self.eval.site.offset;
        let used = self.eval.scopes.uses(offset).iter().any(|u| node.encloses(*u));
        let sentence = "the offset does not go back to zero behind the first piece";
        (used && !self.moved_in(node).contains(&offset))
            .then(|| Refusal::at(RefusalCode::OffsetNotReset, node, sentence))
    }

    /// Combinations of what the moved variables could be, the likeliest first.
    pub(super) fn hypotheses(&self, node: Node<'t>, state: &State<'t>) -> Vec<Hypothesis> {
        let mut out: Vec<Hypothesis> = vec![Vec::new()];
        for id in self.moved_in(node) {
            let site = self.eval.site;
            let of_walk =
                self.cursors.contains(&id) || id == site.got || id == site.offset || counts(state, id);
            let value = state.value(id);
            let known = value.sym().filter(|_| of_walk).map(candidates);
            let mut options: Vec<Option<Sym>> = known.unwrap_or_default().into_iter().map(Some).collect();
            options.push(None);
            let extended: Vec<Hypothesis> = options
                .iter()
                .flat_map(|option| {
                    out.iter().map(|h| {
                        let mut h = h.clone();
                        h.push((id, option.clone()));
                        h
                    })
                })
                .take(MOST_COMBINATIONS)
                .collect();
            out = extended;
        }
        out.sort_by_key(|h| h.iter().filter(|(_, s)| s.is_none()).count());
        out
    }

    /// Variables that the loop assigns on ways that go round.
    pub(super) fn moved_in(&self, node: Node<'t>) -> Vec<DeclId> {
        let mut out = Vec::new();
        let body = node.child(Field::Body);
        let of_body = |ident: Node<'t>| body.is_some_and(|body| body.encloses(ident));
        for write in node.descendants() {
            let target = match write.kind() {
                Kind::AssignmentExpression => write.child(Field::Left),
                Kind::UpdateExpression => write.child(Field::Argument),
                _ => None,
            };
            if let Some(id) = target.and_then(|t| self.eval.scopes.resolve(unwrapped(t)))
                && !out.contains(&id)
                && !self.leaves_behind(write, node)
                && !of_body(self.eval.scopes.declaration(id).ident)
            {
                out.push(id);
            }
        }
        out
    }

    /// Whether every way from here leads out of the loop, by what the blocks around it end with.
    fn leaves_behind(&self, node: Node<'t>, looping: Node<'t>) -> bool {
        let out = |jump: Node<'t>| match jump.kind() {
            Kind::ReturnStatement => true,
            Kind::GotoStatement => jump
                .child(Field::Label)
                .and_then(|l| self.eval.scopes.label(l.text()))
                .is_some_and(|l| !looping.encloses(l.node)),
            _ => false,
        };
        let last = |block: Node<'t>| statements_of(block).into_iter().rfind(|n| !n.is(Kind::Comment));
        let goes_round = |block: Node<'t>| {
            let behind = block.named_children().filter(|n| n.span().start > node.span().start);
            let round = |n: Node<'t>| matches!(n.kind(), Kind::ContinueStatement | Kind::LabeledStatement);
            behind.flat_map(|n| n.descendants()).any(round)
        };
        let mut blocks =
            node.ancestors().take_while(|a| *a != looping).filter(|a| a.is(Kind::CompoundStatement));
        blocks.any(|block| last(block).is_some_and(out) && !goes_round(block))
    }

    /// Carry out one iteration under the hypothesis and see whether it holds for the next one. Out: what came of it, and
    /// the state at its end.
    pub(super) fn iteration_holds(
        &self,
        node: Node<'t>,
        entry: &State<'t>,
        hypothesis: &Hypothesis,
    ) -> Result<(Output<'t>, State<'t>), Refusal> {
        let mut machine = self.fresh(Stage::Inner);
        machine.out.failure.clone_from(&self.out.failure);
        let mut state = entry.clone();
        for (id, invariant) in hypothesis {
            match invariant {
                Some(sym) => state.set(*id, at_head(entry.value(*id).with(sym.clone()))),
                None => state.forget(*id),
            }
        }
        if self.moves_by_piece(node) {
            state.moved = walked().map_or(Moved::Unclear, Moved::By);
        }
        state.conditions.clear();
        let condition = node.child(Field::Condition);
        let tests_first = !node.is(Kind::DoStatement);
        if tests_first {
            machine.goes_on(condition, node, &mut state, &piece_index())?;
        }
        machine.list(&body_of(node), &mut state, super::machine::Level::Nested)?;
        machine.check_skips(hypothesis, node)?;
        if let Some(update) = node.child(Field::Update) {
            machine.expression(update, update, &mut state, super::machine::Level::Nested)?;
        }
        if !tests_first {
            machine.goes_on(condition, node, &mut state, &next_piece_index())?;
        }
        machine.check_carried(hypothesis, &state, node)?;
        machine.check_moved(&state, node)?;
        machine.check_uses()?;
        Ok((machine.out, state))
    }

    /// Where the body skips to the next element, the cursors have to move on as well.
    fn check_skips(&self, hypothesis: &Hypothesis, node: Node<'t>) -> Result<(), Refusal> {
        let skips = self.out.jumps.iter().filter(|jump| jump.target == Target::NextElement);
        for jump in skips {
            let mut state = jump.state.clone();
            if let Some(update) = node.child(Field::Update) {
                let level = super::machine::Level::Nested;
                self.fresh(Stage::Inner).expression(update, update, &mut state, level)?;
            }
            self.check_carried(hypothesis, &state, jump.node)?;
            self.check_moved(&state, node)?;
        }
        Ok(())
    }

    /// Whether the loop itself moves the walked object.
    fn moves_by_piece(&self, node: Node<'t>) -> bool {
        node.descendants().any(|n| first_match(&self.eval.spec.advance, n).is_some())
    }

    /// If it does, then it moves it over the piece, or leaves it because of a flag; whether one is up is known in a batch of
    /// one piece only, where the object has to move.
    fn check_moved(&self, state: &State<'t>, node: Node<'t>) -> Result<(), Refusal> {
        let fine = match &state.moved {
            Moved::By(sym) => {
                let before = walked();
                Some(sym) == before.as_ref() || Some(sym) == before.as_ref().and_then(next).as_ref()
            }
            Moved::Unclear => true,
        };
        if fine || !self.moves_by_piece(node) {
            return Ok(());
        }
        Err(super::position::ahead(state.advanced_at.unwrap_or(node)))
    }

    /// The condition has to hold exactly as long as pieces are left; `left` are the forms that count them.
    fn goes_on(
        &self,
        condition: Option<Node<'t>>,
        node: Node<'t>,
        state: &mut State<'t>,
        left: &[Sym],
    ) -> Result<(), Refusal> {
        let place = condition.unwrap_or(node);
        let condition = condition.map(|c| self.eval.seen_through(unwrapped(c)));
        let turns = condition.and_then(|c| self.turns_left(c, state));
        // Which of the two goes up to the other does not matter to `!=`.
        let either = condition.is_some_and(|c| c.operator() == Some("!="));
        let counts = |t: &Sym| left.contains(t) || either && t.times(-1).is_some_and(|t| left.contains(&t));
        if turns.is_some_and(|t| counts(&t)) {
            return Ok(());
        }
        Err(Refusal::new(
            RefusalCode::PieceNotRecognised,
            place.span(),
            "it cannot be shown that this holds exactly as long as pieces of the batch are left",
        ))
    }

    fn check_carried(
        &self,
        hypothesis: &Hypothesis,
        state: &State<'t>,
        node: Node<'t>,
    ) -> Result<(), Refusal> {
        for (id, invariant) in hypothesis {
            let Some(invariant) = invariant else { continue };
            let wanted = next(invariant);
            if wanted.as_ref() != state.value(*id).sym() {
                let declaration = self.eval.scopes.declaration(*id);
                let is_offset = *id == self.eval.site.offset;
                let code =
                    if is_offset { RefusalCode::OffsetNotReset } else { RefusalCode::PieceNotRecognised };
                let changes = accesses(node, self.eval.scopes).into_iter().filter(Access::may_define);
                let last = changes.rev().find(|a| a.decl == *id && a.part == Part::Whole);
                let place = last.and_then(|a| a.place.parent()).filter(|p| p.kind().is_expression());
                return Err(Refusal::at(
                    code,
                    place.unwrap_or(node),
                    format!(
                        "`{}` does not move from one piece to the next as a cursor does",
                        declaration.name
                    ),
                ));
            }
        }
        Ok(())
    }

    /// What is spelled as the piece's length, offset or element has to be that in every iteration.
    fn check_uses(&self) -> Result<(), Refusal> {
        let size = piece_size();
        for (id, (value, stage)) in &self.out.uses {
            let Value::Quantity(sym) = value else { continue };
            if *stage != Stage::Inner {
                continue;
            }
            let used = self.tree.node(*id);
            let unit = sym.under(super::sym::Facts::UnitBatch);
            if unit.as_ref().is_some_and(|u| u.is_atom(&Atom::Got)) && Some(sym) != size.as_ref() {
                return Err(Refusal::new(
                    RefusalCode::PieceNotRecognised,
                    used.span(),
                    format!("`{}` is not the length of the piece here: it is {sym}", used.text()),
                ));
            }
            let (ends, end) = (Sym::atom(Atom::Offset).plus(&Sym::atom(Atom::Got)), piece_end());
            if unit.is_some() && unit == ends && Some(sym) != end.as_ref() {
                return Err(Refusal::new(
                    RefusalCode::BatchPositionUsed,
                    used.span(),
                    format!("`{}` is not the end of the piece here: it is {sym}", used.text()),
                ));
            }
            if unit.as_ref().is_some_and(|u| u.is_atom(&Atom::Offset)) && !sym.is_atom(&Atom::From) {
                return Err(Refusal::new(
                    RefusalCode::OffsetNotReset,
                    used.span(),
                    format!("`{}` stays {sym} for every piece of a batch", used.text()),
                ));
            }
            let constant = unit.as_ref().and_then(Sym::as_constant);
            if constant.is_some() && sym.as_constant() != constant {
                return Err(Refusal::new(
                    RefusalCode::BatchPositionUsed,
                    used.span(),
                    format!(
                        "`{}` is {sym}: where in its batch an element stands must not matter",
                        used.text()
                    ),
                ));
            }
        }
        Ok(())
    }
}

/// A label behind a `continue` among the loop's own statements.
fn behind_continue<'t>(looping: Node<'t>) -> Option<Node<'t>> {
    let behind = body_of(looping).into_iter().skip_while(|n| !n.is(Kind::ContinueStatement));
    behind.into_iter().find(|n| n.is(Kind::LabeledStatement))?.child(Field::Label)
}

/// Where the piece ends in its element.
fn piece_end() -> Option<Sym> {
    Sym::atom(Atom::From).plus(&piece_size()?)
}

/// Whether a variable counts the walk as a whole.
fn counts(state: &State<'_>, id: DeclId) -> bool {
    state.value(id).quantity().is_some_and(|sym| sym.has(&Atom::Total))
}

/// The variable has that value at the head of the loop.
fn at_head(value: Value) -> Variable<'static> {
    Variable { value, sign: Sign::Unknown, set_by: None, spelled_otherwise: true }
}

/// `count` written out: `1 + ⌊(got + offset - 1) / unit⌋`.
pub fn count_formula() -> Option<Sym> {
    let end = Sym::atom(Atom::Got).plus(&Sym::atom(Atom::Offset))?;
    end.plus(&Sym::atom(Atom::Unit))?.minus(&Sym::constant(1))?.quotient()
}

/// Give the number of elements its short name in every value that has it.
pub(super) fn count_by_name(state: &mut State<'_>) {
    let Some(formula) = count_formula() else { return };
    for variable in state.variables.values_mut() {
        let Some(sym) = variable.value.sym() else { continue };
        let excess = sym.minus(&formula).and_then(|d| d.as_constant());
        let named = excess.and_then(|c| Sym::atom(Atom::Count).plus(&Sym::constant(c)));
        if let Some(named) = named {
            variable.value = variable.value.with(named);
        }
    }
}

/// What a variable that is `entry` before the first piece could be before piece k.
fn candidates(entry: &Sym) -> Vec<Sym> {
    let atom = |a| Sym::atom(a);
    let (index, count, from, remaining, got) =
        (atom(Atom::Index), atom(Atom::Count), atom(Atom::From), atom(Atom::Remaining), atom(Atom::Got));
    let mut forms = vec![
        Some(index.clone()),
        Some(from.clone()),
        Some(remaining.clone()),
        count.minus(&index),
        from.plus(&remaining),
        Sym::place(),
        got.minus(&remaining),
        remaining.minus(&got),
    ];
    forms.dedup();
    let mut out = Vec::new();
    for form in forms.into_iter().flatten() {
        let Some(start) = at_start(&form) else { continue };
        let Some(difference) = entry.minus(&start) else { continue };
        let carried = difference.as_constant().is_some()
            || difference.minus(&Sym::atom(Atom::Total)).is_some_and(|d| d.as_constant().is_some());
        if carried && let Some(candidate) = form.plus(&difference) {
            out.push(candidate);
        }
    }
    out
}

/// How much of the batch lies in front of the piece.
fn walked() -> Option<Sym> {
    Sym::atom(Atom::Got).minus(&Sym::atom(Atom::Remaining))
}

/// A form before the first piece.
fn at_start(form: &Sym) -> Option<Sym> {
    let form = form.substitute(&Atom::Index, &Sym::constant(0))?;
    let form = form.substitute(&Atom::From, &Sym::atom(Atom::Offset))?;
    form.substitute(&Atom::Remaining, &Sym::atom(Atom::Got))
}

/// A form before the next piece.
fn next(form: &Sym) -> Option<Sym> {
    let size = piece_size()?;
    let form = form.substitute(&Atom::Index, &Sym::atom(Atom::Index).plus(&Sym::constant(1))?)?;
    let rest = Sym::atom(Atom::Remaining).minus(&size)?;
    // Both at once: the piece's length is made of the old values.
    let marked = form.substitute(&Atom::Remaining, &Sym::atom(Atom::Marked))?;
    let moved = marked.substitute(&Atom::From, &Sym::constant(0))?;
    moved.substitute(&Atom::Marked, &rest)
}

fn piece_index() -> [Sym; 2] {
    let left = Sym::atom(Atom::Count).minus(&Sym::atom(Atom::Index)).unwrap_or_default();
    [left, Sym::atom(Atom::Remaining)]
}

fn next_piece_index() -> [Sym; 2] {
    piece_index().map(|s| next(&s).unwrap_or_default())
}

/// The state behind the loop: all elements are walked.
fn behind(state: &mut State<'_>, hypothesis: &Hypothesis) {
    for (id, invariant) in hypothesis {
        let value = invariant.as_ref().and_then(|sym| {
            let sym = sym.substitute(&Atom::Index, &Sym::atom(Atom::Count))?;
            let sym = sym.substitute(&Atom::From, &Sym::constant(0))?;
            sym.substitute(&Atom::Remaining, &Sym::constant(0))
        });
        match value {
            Some(sym) => state.set(*id, at_head(state.value(*id).with(sym))),
            None => state.forget(*id),
        }
    }
}

/// Whether a quantity is the number of elements, by name or written out.
pub fn is_count(sym: &Sym, count: &Sym) -> bool {
    sym == count || Some(sym) == count_formula().as_ref()
}

#[cfg(test)]
mod tests {
    use crate::walk::testing::verdict;

    #[test]
    fn cursors_are_found_in_any_spelling() {
        assert_eq!(verdict(&[]), "walk");
        let count = (
            "for (k = 0; got > 0; k++) {",
            "int n = (got + off + UNIT - 1) / UNIT;\n\n\t\tfor (k = 0; n != k; ++k) {",
        );
        assert_eq!(verdict(&[count]), "walk");
        let down = ("for (k = 0; got > 0; k++) {", "for (k = 0; got; k += 1) {");
        assert_eq!(verdict(&[down]), "walk");
        let in_place = [("got > 0; k++) {", "got > 0; ) {"), ("parts[k]", "parts[k++]")];
        assert_eq!(verdict(&in_place), "walk");
    }

    #[test]
    fn what_only_looks_like_a_cursor_is_none() {
        assert!(verdict(&[("k++)", "k += 2)")]).starts_with("piece-not-recognised"));
        assert!(verdict(&[("\t\t\toff = 0;\n", "")]).starts_with("offset-not-reset"));
        assert!(verdict(&[("off = 0;", "off = 1;")]).starts_with("offset-not-reset"));
        assert!(verdict(&[("got -= len;", "got -= UNIT;")]).starts_with("piece-not-recognised"));
    }

    #[test]
    fn what_is_written_on_the_way_out_is_no_cursor() {
        let marks = (
            "off = 0;",
            "if (full(object)) {\n\t\t\t\tret = 1;\n\t\t\t\tcleared(parts, ret);\n\t\t\t}\n\t\t\toff = 0;",
        );
        assert!(verdict(&[marks]).starts_with("array-escapes"));
    }
}
