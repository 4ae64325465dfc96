//! Expression statements and declarations of the loop's body.
//!
//! In: a statement. Out: it goes with the walk (it only moves cursors, acquires, advances, frees), or it is
//! kept with some of its parts spelled otherwise. It refuses uses of the array and of the walked object that
//! the helper could not provide.

use super::eval::unwrapped;
use super::machine::{Flow, Level, Machine, not_understood};
use super::matching::{Bindings, matches};
use super::output::{Jump, Piece, Spelling, Stage, Target};
use super::refusal::{Refusal, RefusalCode};
use super::site::callee;
use super::spec::BatchStorage;
use super::state::{Moved, State, Value, Variable};
use super::sym::{Atom, Facts, Sign, Sym};
use crate::smpl::pattern::Pattern;
use crate::syntax::scope::{DeclId, Declaration};
use crate::syntax::{Field, Kind, Node};

impl<'t> Machine<'_, 't> {
    /// An expression statement.
    pub(super) fn expression_statement(
        &mut self,
        node: Node<'t>,
        state: &mut State<'t>,
        level: Level,
    ) -> Result<Flow, Refusal> {
        match node.named_children().next() {
            Some(expression) if self.raises_flag(unwrapped(expression)) => {
                let before_acquire = self.stage == Stage::Before;
                self.eval.value(unwrapped(expression), state);
                self.out.jumps.push(Jump {
                    node,
                    target: Target::Flagged,
                    state: state.clone(),
                    before_acquire,
                });
                self.keep(node, level);
                return Ok(Flow::Leaves);
            }
            Some(expression) => self.expression(node, unwrapped(expression), state, level)?,
            None => self.drop(node),
        }
        Ok(Flow::Falls)
    }

    /// `flag = true`, where the flag ends the loop and nobody looks at it later.
    fn raises_flag(&self, expression: Node<'t>) -> bool {
        let site = self.eval.site;
        let target = expression.child(Field::Left).and_then(|l| self.eval.scopes.resolve(l));
        let raised = expression.child(Field::Right).map(|r| self.eval.value(r, &mut State::default()));
        expression.is(Kind::AssignmentExpression)
            && expression.operator() == Some("=")
            && target.is_some_and(|id| site.flags.contains(&id) && !site.live_out.contains(&id))
            && raised.is_some_and(|v| v.quantity().and_then(Sym::as_constant).is_some_and(|c| c != 0))
            && self.eval.facts == Facts::UnitBatch
    }

    /// An expression whose value is not used, in the statement or loop header `holder`.
    pub(super) fn expression(
        &mut self,
        holder: Node<'t>,
        expression: Node<'t>,
        state: &mut State<'t>,
        level: Level,
    ) -> Result<(), Refusal> {
        if expression.is(Kind::CommaExpression) && holder == expression {
            // In a loop's header each part stands for itself.
            for side in [Field::Left, Field::Right] {
                if let Some(part) = expression.child(side).map(unwrapped) {
                    self.expression(part, part, state, level)?;
                }
            }
            return Ok(());
        }
        if let Some(call) = self.acquire_in(expression) {
            self.acquired(call, state);
            self.drop(holder);
            return Ok(());
        }
        if self.walk_call(holder, expression, state, level)? || self.cursor_move(expression, state) {
            if !self.out.spellings.contains_key(&holder.span()) {
                self.drop(holder);
            }
            return Ok(());
        }
        self.rewrite(expression, state)?;
        if holder.is(Kind::ExpressionStatement) {
            self.keep(holder, level);
        } else {
            self.out.kept += 1;
            self.out.pieces.push((Piece::Update(holder), Some(self.stage)));
        }
        Ok(())
    }

    /// The acquisition, if the expression is it: `got = acquire(…)` or that in a comparison.
    pub(super) fn acquire_in(&self, expression: Node<'t>) -> Option<Node<'t>> {
        let call = self.eval.site.call;
        let inside = expression.encloses(call) && self.stage == Stage::Before;
        inside.then_some(call)
    }

    /// The state right behind the acquisition.
    pub(super) fn acquired(&mut self, _call: Node<'t>, state: &mut State<'t>) {
        let site = self.eval.site;
        let known = |value, sign| Variable { value, sign, set_by: None, spelled_otherwise: true };
        let got_sign = if self.eval.facts == Facts::Acquired { Sign::Unknown } else { Sign::Positive };
        state.set(site.got, known(Value::Quantity(Sym::atom(Atom::Got)), got_sign));
        state.set(site.offset, known(Value::Quantity(Sym::atom(Atom::Offset)), Sign::NonNegative));
        let batch = match site.storage {
            BatchStorage::One => Value::Element(Sym::constant(0)),
            _ => Value::Slot(Sym::constant(0)),
        };
        state.set(site.batch, known(batch, Sign::Unknown));
        self.out.lost.extend([site.got, site.offset, site.batch]);
        if self.eval.spec.advance.is_empty() {
            state.moved = Moved::By(Sym::atom(Atom::Got));
        }
        // It never gets more than it was asked for.
        if let Value::Quantity(most) = self.eval.value(site.bytes, &mut state.clone()) {
            let above = most.minus(&Sym::atom(Atom::Got)).and_then(|d| d.plus(&Sym::constant(1)));
            state.positive.extend(above);
        }
        self.stage = Stage::Between;
    }

    /// Calls that belong to the walk: advance, rewind, release, free.
    fn walk_call(
        &mut self,
        holder: Node<'t>,
        expression: Node<'t>,
        state: &mut State<'t>,
        level: Level,
    ) -> Result<bool, Refusal> {
        let spec = self.eval.spec;
        if let Some(bindings) = first_match(&spec.advance, expression) {
            self.check_iterator(&bindings, expression)?;
            self.check_advance(&bindings, expression, state)?;
            self.out.advances.push(self.stage);
            return Ok(true);
        }
        if let Some(bindings) = first_match(&spec.rewind, expression) {
            self.check_iterator(&bindings, expression)?;
            let amount = bindings.get("x").map_or(Value::Unknown, |x| self.eval.value(x, &mut state.clone()));
            state.moved = state.moved.back(&amount);
            return Ok(true);
        }
        if let Some(bindings) = first_match(&spec.free, expression)
            && self.is_batch(bindings.get("batch"))
        {
            return Ok(true);
        }
        if let Some(bindings) = first_match(&spec.other_release, expression)
            && self.mentions_batch(expression)
        {
            drop(bindings);
            return Err(Refusal::new(
                RefusalCode::OtherReleasePrimitive,
                expression.span(),
                "the elements are held by another kind of reference than the helper drops",
            ));
        }
        if let Some(bindings) = first_match(&spec.release_all, expression)
            && let Some(from) = bindings.get("batch").and_then(|batch| self.slot(batch, state))
        {
            let count = bindings.get("x").map_or(Value::Unknown, |x| self.eval.value(x, &mut state.clone()));
            let Value::Quantity(count) = count else {
                return Err(not_understood(expression, "how many elements this releases is not known"));
            };
            let Some(to) = from.plus(&count) else {
                return Err(not_understood(expression, "which elements this releases is not known"));
            };
            self.drained(holder, from, to, state, level)?;
            return Ok(true);
        }
        if let Some((from, to)) = self.releasing_callee(expression, state) {
            self.drained(holder, from, to, state, level)?;
            return Ok(true);
        }
        self.release_element(expression, state)
    }

    /// `release(batch[k])`, once. It stays where it is; only the element is spelled otherwise.
    fn release_element(&mut self, expression: Node<'t>, state: &mut State<'t>) -> Result<bool, Refusal> {
        let Some(bindings) = first_match(&self.eval.spec.release, expression) else { return Ok(false) };
        let Some(element) = bindings.get("x") else { return Ok(false) };
        if let Value::Element(index) = self.eval.value(element, &mut state.clone()) {
            let index = self.eval.resolved(&index);
            if index == self.current() {
                state.release(Some(expression));
            }
        }
        Ok(false)
    }

    /// A range of elements is released here.
    pub(super) fn drained(
        &mut self,
        holder: Node<'t>,
        from: Sym,
        to: Sym,
        state: &mut State<'t>,
        level: Level,
    ) -> Result<(), Refusal> {
        if self.eval.facts != Facts::UnitBatch {
            state.drained.push((from, to));
            state.drained_at = Some(holder);
            self.drop(holder);
            return Ok(());
        }
        let (from, to) = (self.eval.resolved(&from), self.eval.resolved(&to));
        match (from.as_constant(), to.as_constant()) {
            (Some(0), Some(1)) => {
                state.release(holder.descendants().find(|n| n.is(Kind::CallExpression)));
                if level == Level::Top {
                    self.out.pieces.push((Piece::Release, Some(self.stage)));
                    self.drop(holder);
                } else {
                    self.out.kept += 1;
                    self.out.spellings.insert(holder.span(), Spelling::Release);
                }
                Ok(())
            }
            (Some(from), Some(to)) if from >= to => {
                self.drop(holder);
                Ok(())
            }
            _ => Err(not_understood(holder, "which elements this releases is not known")),
        }
    }

    fn check_iterator(&self, bindings: &Bindings<'t>, expression: Node<'t>) -> Result<(), Refusal> {
        match bindings.get("iter") {
            Some(iter) if same_text(iter, self.eval.site.iter) => Ok(()),
            _ => Err(Refusal::new(
                RefusalCode::IteratorUsedInBody,
                expression.span(),
                "another iterator is moved here",
            )),
        }
    }

    /// The caller may advance by each piece, or by what it has walked of the batch; the latter is for [`Positions`] to judge.
    ///
    /// [`Positions`]: super::position::Positions
    fn check_advance(
        &mut self,
        bindings: &Bindings<'t>,
        expression: Node<'t>,
        state: &mut State<'t>,
    ) -> Result<(), Refusal> {
        let amount = bindings.get("x").map_or(Value::Unknown, |x| self.eval.value(x, &mut state.clone()));
        let fits = |sym: &Sym| match (self.stage, self.eval.facts) {
            (_, Facts::UnitBatch) => {
                let sym = self.eval.resolved(sym);
                sym.is_atom(&Atom::Got) || sym.as_constant() == Some(0)
            }
            (Stage::Inner, _) => Some(sym) == piece_size().as_ref(),
            _ => true,
        };
        if !amount.quantity().is_some_and(fits) {
            return Err(super::position::ahead(expression));
        }
        state.moved = state.moved.on(&amount);
        state.advanced_at = Some(expression);
        Ok(())
    }

    pub(super) fn is_batch(&self, node: Option<Node<'t>>) -> bool {
        node.and_then(|n| self.eval.scopes.resolve(n)) == Some(self.eval.site.batch)
    }

    fn mentions_batch(&self, node: Node<'t>) -> bool {
        self.eval.scopes.uses(self.eval.site.batch).iter().any(|u| node.encloses(*u))
    }

    /// An assignment or increment of a cursor to a known value: it goes with the walk.
    fn cursor_move(&mut self, expression: Node<'t>, state: &mut State<'t>) -> bool {
        let target = match expression.kind() {
            Kind::AssignmentExpression => expression.child(Field::Left),
            Kind::UpdateExpression => expression.child(Field::Argument),
            _ => None,
        };
        let Some(id) = target.and_then(|t| self.eval.scopes.resolve(t)) else { return false };
        if !self.cursors.contains(&id) || self.moves_others(expression, id) {
            return false;
        }
        let mut after = state.clone();
        self.eval.value(expression, &mut after);
        if !self.goes_with_walk(&after.value(id)) {
            return false;
        }
        *state = after;
        self.name_piece(id, state);
        if let Some(variable) = state.variables.get_mut(&id) {
            variable.spelled_otherwise = true;
        }
        self.out.lost.insert(id);
        true
    }

    /// Whether a cursor of that value can go: what it stands for can be spelled for one piece, or nobody needs it.
    fn goes_with_walk(&self, value: &Value) -> bool {
        match value {
            Value::Unknown => false,
            Value::Quantity(sym) => {
                let room = sym.under(Facts::UnitBatch).is_some_and(|s| s.has(&Atom::Unit));
                room || sym.has(&Atom::Total) || self.spelled(sym).is_some()
            }
            Value::Element(_) | Value::Slot(_) => true,
        }
    }

    /// Remember the variable that holds the piece's length.
    pub(super) fn name_piece(&mut self, id: DeclId, state: &State<'t>) {
        if self.stage == Stage::Inner && state.value(id).quantity() == piece_size().as_ref() {
            self.out.piece_names.push(id);
        }
    }

    /// Whether the expression assigns something else besides.
    fn moves_others(&self, expression: Node<'t>, id: DeclId) -> bool {
        expression.descendants().skip(1).any(|n| {
            let target = match n.kind() {
                Kind::AssignmentExpression => n.child(Field::Left),
                Kind::UpdateExpression => n.child(Field::Argument),
                _ => return false,
            };
            let target = target.and_then(|t| self.eval.scopes.resolve(t));
            target.is_none_or(|t| t == id || !self.cursors.contains(&t))
        })
    }

    /// A declaration: each declarator is kept or goes by itself.
    pub(super) fn declaration(
        &mut self,
        node: Node<'t>,
        state: &mut State<'t>,
        level: Level,
    ) -> Result<Flow, Refusal> {
        let declared: Vec<_> =
            self.eval.scopes.declarations().iter().filter(|d| d.declaration == node).cloned().collect();
        for declaration in &declared {
            if declaration.has_cleanup() && self.stage != Stage::Inner && self.eval.site.inner.is_some() {
                let sentence =
                    format!("what is done when `{}` goes is done once per batch", declaration.name);
                return Err(Refusal::new(RefusalCode::BatchWorkAfterLoop, node.span(), sentence));
            }
            let Some(initializer) = declaration.initializer else {
                // The array is one before anything lies in it.
                if declaration.id != self.eval.site.batch || !declaration.is_array_object() {
                    state.forget(declaration.id);
                }
                continue;
            };
            if let Some(call) = self.acquire_in(initializer) {
                self.acquired(call, state);
                self.drop(declaration.declarator);
                continue;
            }
            if declaration.id == self.eval.site.batch {
                // Where the array's memory came from does not matter any more.
                self.drop(declaration.declarator);
                continue;
            }
            let mut after = state.clone();
            let value = self.eval.value(initializer, &mut after);
            let goes = self.cursors.contains(&declaration.id) && self.goes_with_walk(&value);
            if goes {
                *state = after;
                self.drop(declaration.declarator);
                self.out.lost.insert(declaration.id);
            } else {
                self.rewrite(initializer, state)?;
                if self.stage != Stage::Inner && self.eval.site.inner.is_some() {
                    self.out.per_batch.push((declaration.declarator, self.stage));
                }
            }
            self.eval.assign(declaration.id, value, Some(initializer), state);
            self.eval.designated(declaration.id, initializer, state);
            self.name_piece(declaration.id, state);
            if let Some(variable) = state.variables.get_mut(&declaration.id) {
                variable.spelled_otherwise = goes;
            }
        }
        if level == Level::Top {
            self.out.pieces.push((Piece::Statement(node), Some(self.stage)));
        } else {
            self.declared_inside(node, &declared);
        }
        Ok(Flow::Falls)
    }

    /// A declaration inside a statement goes whole, or all of it stays.
    fn declared_inside(&mut self, node: Node<'t>, declared: &[Declaration<'t>]) {
        let is_gone =
            |d: &&Declaration<'t>| self.out.spellings.get(&d.declarator.span()) == Some(&Spelling::Gone);
        let gone: Vec<DeclId> = declared.iter().filter(is_gone).map(|d| d.id).collect();
        if gone.is_empty() {
            let has_effect = |d: &Declaration<'t>| d.initializer.is_some_and(|i| !self.is_pure(i));
            self.out.kept += usize::from(declared.iter().any(has_effect));
        } else if gone.len() == declared.len() {
            self.drop(node);
        } else {
            self.out.unspelled.extend(gone);
        }
    }

    /// Whether an expression has no effect: no assignment, and only calls that the rule calls pure.
    pub(super) fn is_pure(&self, node: Node<'t>) -> bool {
        is_pure(&self.eval.spec.pure, node)
    }
}

/// Whether an expression has no effect: no assignment, and only calls of functions in `pure`.
pub fn is_pure(pure: &[String], node: Node<'_>) -> bool {
    node.descendants().all(|n| match n.kind() {
        Kind::AssignmentExpression
        | Kind::UpdateExpression
        | Kind::GnuAsmExpression
        | Kind::CompoundStatement => false,
        Kind::CallExpression => callee(n).is_some_and(|name| pure.iter().any(|p| p == name)),
        _ => true,
    })
}

/// `min(unit - from, remaining)`.
pub fn piece_size() -> Option<Sym> {
    let room = Sym::atom(Atom::Unit).minus(&Sym::atom(Atom::From))?;
    room.minimum(&Sym::atom(Atom::Remaining))
}

/// The first pattern that matches.
pub fn first_match<'t>(patterns: &[Pattern], node: Node<'t>) -> Option<Bindings<'t>> {
    patterns.iter().find_map(|p| matches(p, node))
}

/// Whether two expressions are spelled alike, white space aside.
pub fn same_text(a: Node<'_>, b: Node<'_>) -> bool {
    a == b || a.squeezed() == b.squeezed()
}

/// Whether a node asks for more than variables: for memory, or for what a call says.
pub fn looks_up(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        Kind::CallExpression | Kind::FieldExpression | Kind::SubscriptExpression | Kind::PointerExpression
    )
}
