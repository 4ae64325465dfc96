//! Expression statements and declarations of the loop's body.
//!
//! In: a statement. Out: it goes with the walk (it only moves cursors, acquires, advances, frees), or it is kept with
//! some of its parts spelled otherwise. It refuses uses of the array and of the walked object that the helper could
//! not provide.

use super::eval::unwrapped;
use super::machine::{Flow, Level, Machine, not_understood};
use super::matching::{Bindings, matches};
use super::output::{Jump, Piece, Spelling, Stage, Target};
use super::refusal::{Refusal, RefusalCode};
use super::site::callee;
use super::spec::BatchStorage;
use super::state::{Added, State, Value, Variable};
use super::sym::{Atom, Facts, Sign, Sym};
use crate::smpl::pattern::Pattern;
use crate::syntax::scope::DeclId;
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
            state.rewound = state.rewound.and(&amount);
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
            && self.is_batch(bindings.get("batch"))
        {
            let count = bindings.get("x").map_or(Value::Unknown, |x| self.eval.value(x, &mut state.clone()));
            let Value::Quantity(count) = count else {
                return Err(not_understood(expression, "how many elements this releases is not known"));
            };
            self.drained(holder, Sym::constant(0), count, state, level)?;
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

    /// The caller may advance by the whole batch at once, or by each piece.
    fn check_advance(
        &mut self,
        bindings: &Bindings<'t>,
        expression: Node<'t>,
        state: &mut State<'t>,
    ) -> Result<(), Refusal> {
        let amount = bindings.get("x").map_or(Value::Unknown, |x| self.eval.value(x, &mut state.clone()));
        let wanted = |sym: &Sym| match (self.stage, self.eval.facts) {
            (_, Facts::UnitBatch) => self.eval.resolved(sym).is_atom(&Atom::Got),
            (Stage::Inner, _) => Some(sym) == piece_size().as_ref(),
            _ => sym.is_atom(&Atom::Got),
        };
        match amount.quantity() {
            Some(sym) if wanted(sym) => Ok(()),
            _ => Err(Refusal::new(
                RefusalCode::IteratorUsedInBody,
                expression.span(),
                "the iterator is moved by something else than what was walked",
            )),
        }
    }

    fn is_batch(&self, node: Option<Node<'t>>) -> bool {
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
            let Some(initializer) = declaration.initializer else {
                state.forget(declaration.id);
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
        }
        Ok(Flow::Falls)
    }

    /// Keep an expression: spell its parts otherwise where they are the walk's, and carry out its assignments.
    pub(super) fn rewrite(&mut self, node: Node<'t>, state: &mut State<'t>) -> Result<(), Refusal> {
        if node.kind().is_opaque() {
            return Err(Refusal::new(RefusalCode::OpaqueCode, node.span(), "this could not be read"));
        }
        if self.rewrite_whole(node, state) {
            return Ok(());
        }
        if !self.is_pure(node) {
            state.conditions.clear();
        }
        match node.kind() {
            Kind::Identifier => self.rewrite_identifier(node, state),
            Kind::SubscriptExpression => self.rewrite_subscript(node, state),
            Kind::BinaryExpression if self.rewrite_running(node, state) => Ok(()),
            Kind::AssignmentExpression => self.rewrite_assignment(node, state),
            Kind::UpdateExpression => self.rewrite_update(node, state),
            Kind::PointerExpression if node.operator() == Some("&") => self.rewrite_address(node, state),
            Kind::PointerExpression if self.is_element(node, state) => self.rewrite_element(node, state),
            Kind::CallExpression => {
                self.check_call(node)?;
                self.rewrite_children(node, state)
            }
            Kind::CompoundStatement => {
                // A statement expression.
                let jumps = |n: &Node<'_>| matches!(n.kind(), Kind::ReturnStatement | Kind::GotoStatement);
                if let Some(jump) = node.descendants().find(jumps) {
                    let sentence = "a statement expression leaves the function here";
                    return Err(Refusal::new(RefusalCode::ErrorChannels, jump.span(), sentence));
                }
                self.forget_written(node, state)?;
                self.rewrite_children(node, state)
            }
            _ => self.rewrite_children(node, state),
        }
    }

    /// An expression that as a whole is a quantity of the piece is spelled as that.
    fn rewrite_whole(&mut self, node: Node<'t>, state: &State<'t>) -> bool {
        let composed = matches!(
            node.kind(),
            Kind::CallExpression | Kind::BinaryExpression | Kind::ConditionalExpression
        );
        let moves = |n: &Node<'_>| matches!(n.kind(), Kind::AssignmentExpression | Kind::UpdateExpression);
        if !composed || node.descendants().any(|n| moves(&n)) {
            return false;
        }
        let of_walk = |n: Node<'t>| {
            let variable = self.eval.scopes.resolve(n).and_then(|id| state.variables.get(&id));
            variable.is_some_and(|v| v.spelled_otherwise)
        };
        if !node.descendants().any(of_walk) {
            return false;
        }
        let value = self.eval.value(node, &mut state.clone());
        let Some(spelling) = value.quantity().and_then(|sym| self.spelled(sym)) else { return false };
        if spelling == Spelling::End {
            return false;
        }
        self.out.uses.insert(node.id(), (value, self.stage));
        self.out.spellings.insert(node.span(), spelling);
        true
    }

    /// Rewrite everything below a node.
    pub(super) fn rewrite_children(&mut self, node: Node<'t>, state: &mut State<'t>) -> Result<(), Refusal> {
        for child in node.named_children() {
            self.rewrite(child, state)?;
        }
        Ok(())
    }

    fn check_call(&self, call: Node<'t>) -> Result<(), Refusal> {
        let arguments: Vec<_> =
            call.child(Field::Arguments).map(|a| a.named_children().collect()).unwrap_or_default();
        let Some(array) = arguments.into_iter().find(|a| self.is_batch(Some(unwrapped(*a)))) else {
            return Ok(());
        };
        if self.eval.site.storage == BatchStorage::One {
            return Ok(());
        }
        let name = callee(call).unwrap_or("a function");
        Err(super::storage::handed_on(array, name))
    }

    fn rewrite_identifier(&mut self, node: Node<'t>, state: &mut State<'t>) -> Result<(), Refusal> {
        let site = self.eval.site;
        if same_text(node, site.iter) && self.eval.scopes.resolve(node) == self.eval.scopes.resolve(site.iter)
        {
            return Err(Refusal::new(
                RefusalCode::IteratorUsedInBody,
                node.span(),
                "the body uses the iterator that the helper walks",
            ));
        }
        let Some(id) = self.eval.scopes.resolve(node) else { return Ok(()) };
        let Some(variable) = state.variables.get(&id).cloned() else {
            self.out.needed.insert(id);
            return Ok(());
        };
        let spelling = match &variable.value {
            Value::Slot(_) => {
                return Err(Refusal::new(
                    RefusalCode::ArrayEscapes,
                    node.span(),
                    "the array of elements is used as a whole",
                ));
            }
            _ if !variable.spelled_otherwise => return Ok(()),
            Value::Unknown => {
                self.out.needed.insert(id);
                return Ok(());
            }
            Value::Element(index) => {
                self.check_current(index, node)?;
                Spelling::Element
            }
            Value::Quantity(sym) => match self.spelled(sym) {
                Some(spelling) => spelling,
                // It is not to go with the walk, then.
                None if self.eval.facts == Facts::UnitBatch && self.cursors.contains(&id) => {
                    self.out.needed.insert(id);
                    return Ok(());
                }
                None if self.eval.facts == Facts::UnitBatch => {
                    if !self.cursors.contains(&id) {
                        return Err(not_understood(
                            node,
                            "the value that this has for a single piece has no short spelling",
                        ));
                    }
                    self.out.unspelled.insert(id);
                    return Ok(());
                }
                None => Spelling::Number(0),
            },
        };
        self.out.uses.insert(node.id(), (variable.value, self.stage));
        self.out.spellings.insert(node.span(), spelling);
        Ok(())
    }

    /// How a quantity is spelled in a callback.
    fn spelled(&self, sym: &Sym) -> Option<Spelling> {
        let sym = sym.under(Facts::UnitBatch)?;
        let end = Sym::atom(Atom::Offset).plus(&Sym::atom(Atom::Got))?;
        if sym.is_atom(&Atom::Got) {
            Some(Spelling::Size)
        } else if sym.is_atom(&Atom::Offset) {
            Some(Spelling::Offset)
        } else if sym == end {
            Some(Spelling::End)
        } else {
            sym.as_constant().map(Spelling::Number)
        }
    }

    /// The index of the element that a turn is about.
    fn current(&self) -> Sym {
        match self.eval.facts {
            Facts::Iteration if self.eval.site.inner.is_some() => Sym::atom(Atom::Index),
            _ => Sym::constant(0),
        }
    }

    fn check_current(&self, index: &Sym, node: Node<'t>) -> Result<(), Refusal> {
        let current = self.current();
        let outside = self.stage != Stage::Inner && self.eval.site.inner.is_some();
        if outside || self.eval.resolved(index) == self.eval.resolved(&current) {
            let code = RefusalCode::PagesUsedAfterLoop;
            return match (outside, self.stage) {
                (true, Stage::Behind) => {
                    Err(Refusal::new(code, node.span(), "an element is used after the loop over the batch"))
                }
                (true, _) => Err(Refusal::new(
                    RefusalCode::NeighbourElement,
                    node.span(),
                    "an element is used before the loop over the batch",
                )),
                (false, _) => Ok(()),
            };
        }
        let descending =
            index.minus(&current).is_some_and(|d| d.substitute(&Atom::Index, &Sym::constant(0)).is_some())
                && index.plus(&current).is_some_and(|s| !s.to_string().contains("index"));
        if descending && self.eval.facts == Facts::Iteration && index.to_string().contains("index") {
            return Err(Refusal::new(
                RefusalCode::DescendingOrder,
                node.span(),
                "the elements are visited from the last to the first",
            ));
        }
        Err(Refusal::new(
            RefusalCode::NeighbourElement,
            node.span(),
            format!("element {index} is used where the current one is {current}"),
        ))
    }

    fn rewrite_subscript(&mut self, node: Node<'t>, state: &mut State<'t>) -> Result<(), Refusal> {
        let array = node.child(Field::Argument);
        if !self.is_batch(array) && !self.is_element(node, state) {
            return self.rewrite_children(node, state);
        }
        self.rewrite_element(node, state)
    }

    /// Whether an expression names an element through a pointer that walks along the array.
    fn is_element(&self, node: Node<'t>, state: &State<'t>) -> bool {
        matches!(self.eval.value(node, &mut state.clone()), Value::Element(_))
    }

    fn rewrite_element(&mut self, node: Node<'t>, state: &mut State<'t>) -> Result<(), Refusal> {
        match self.eval.value(node, state) {
            Value::Element(index) => {
                self.check_current(&index, node)?;
                self.out.uses.insert(node.id(), (Value::Element(index), self.stage));
                self.out.spellings.insert(node.span(), Spelling::Element);
                Ok(())
            }
            _ => Err(Refusal::new(
                RefusalCode::NeighbourElement,
                node.span(),
                "which element this is cannot be told",
            )),
        }
    }

    fn rewrite_assignment(&mut self, node: Node<'t>, state: &mut State<'t>) -> Result<(), Refusal> {
        let (Some(left), Some(right)) = (node.child(Field::Left), node.child(Field::Right)) else {
            return Err(not_understood(node, "an assignment without a side"));
        };
        // Its value, before rewriting the right side carries out what is in there.
        let mut valued = state.clone();
        self.eval.value(node, &mut valued);
        self.rewrite(right, state)?;
        let target = self.eval.scopes.resolve(left);
        let compound = node.operator() != Some("=");
        match target {
            Some(id) => {
                self.check_target(id, node)?;
                if compound {
                    self.rewrite(left, state)?;
                }
                if compound && id != self.eval.site.offset {
                    self.out.needed.insert(id);
                }
                if node.operator() == Some("+=") {
                    state.added.extend(self.added(id, right, state));
                }
                match valued.variables.remove(&id) {
                    Some(variable) => state.set(id, variable),
                    None => state.forget(id),
                }
                state.unless_failed.extend(valued.unless_failed.remove(&id).map(|value| (id, value)));
                Ok(())
            }
            None => {
                self.rewrite(left, state)?;
                state.fields = valued.fields;
                Ok(())
            }
        }
    }

    /// What `sum += right` says of the sum.
    fn added(&self, sum: DeclId, right: Node<'t>, state: &State<'t>) -> Vec<(DeclId, Added)> {
        let mut out: Vec<_> =
            self.eval.scopes.resolve(right).map(|id| (sum, Added::Variable(id))).into_iter().collect();
        if self.eval.sign(right, state) == Sign::Positive {
            out.push((sum, Added::Positive));
        }
        out
    }

    fn rewrite_update(&mut self, node: Node<'t>, state: &mut State<'t>) -> Result<(), Refusal> {
        let Some(argument) = node.child(Field::Argument) else { return Ok(()) };
        match self.eval.scopes.resolve(argument) {
            Some(id) => {
                self.check_target(id, node)?;
                self.rewrite(argument, state)?;
                self.out.needed.insert(id);
                self.eval.value(node, state);
                Ok(())
            }
            None => self.rewrite(argument, state),
        }
    }

    /// A kept assignment must not change what the walk itself moves.
    fn check_target(&self, id: DeclId, node: Node<'t>) -> Result<(), Refusal> {
        let site = self.eval.site;
        if id == site.offset && self.is_straight(node) {
            return Ok(());
        }
        if self.stage > Stage::Before && (id == site.offset || id == site.batch) {
            return Err(Refusal::new(
                RefusalCode::CursorRedefined,
                node.span(),
                "the body changes where the next piece starts",
            ));
        }
        Ok(())
    }

    /// Whether an assignment is a statement of the inner loop's own body. There it may move the offset, which the callback
    /// has for itself, if the next element starts at zero again; and that is proved like any other cursor's way.
    fn is_straight(&self, node: Node<'t>) -> bool {
        let body = self.eval.site.inner.and_then(|inner| inner.child(Field::Body));
        let statement = node.parent().filter(|p| p.is(Kind::ExpressionStatement));
        self.stage == Stage::Inner && body.is_some() && statement.and_then(|s| s.parent()) == body
    }

    fn rewrite_address(&mut self, node: Node<'t>, state: &mut State<'t>) -> Result<(), Refusal> {
        let Some(argument) = node.child(Field::Argument).map(unwrapped) else { return Ok(()) };
        if argument.is(Kind::SubscriptExpression) && self.is_batch(argument.child(Field::Argument)) {
            let sentence = "the address of the element's place in the array is taken";
            return Err(Refusal::new(RefusalCode::ArrayEscapes, argument.span(), sentence));
        }
        let Some(id) = self.eval.scopes.resolve(argument) else { return self.rewrite(argument, state) };
        state.fields.retain(|(owner, _), _| *owner != id);
        let spelled = state.variables.get(&id).is_some_and(|v| v.spelled_otherwise);
        if spelled {
            let (code, what) = match state.value(id) {
                Value::Slot(_) | Value::Element(_) => {
                    (RefusalCode::ArrayEscapes, "the address of the element's place in the array is taken")
                }
                _ => (RefusalCode::CursorRedefined, "the address of a cursor of the walk is taken"),
            };
            return Err(Refusal::new(code, node.span(), what));
        }
        self.out.needed.insert(id);
        state.forget(id);
        Ok(())
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
    let squeeze = |n: Node<'_>| n.text().split_whitespace().collect::<String>();
    a == b || squeeze(a) == squeeze(b)
}
