//! Expressions that are kept, spelled for one piece.
//!
//! In: an expression of the body. Out: what is spelled otherwise in it – the element, the offset, the length
//! – and the state behind it. It refuses uses of the array and of the walked object that the helper could
//! not provide, and changes of what the walk itself moves.
//!
//! Capability 12 (tests/README.md): the walked object is left alone.

use super::eval::unwrapped;
use super::expressions::same_text;
use super::machine::{Machine, not_understood};
use super::output::{Spelling, Stage};
use super::refusal::{Refusal, RefusalCode};
use super::site::callee;
use super::spec::BatchStorage;
use super::state::{Added, State, Value};
use super::sym::{Atom, Facts, Sign, Sym};
use crate::syntax::scope::DeclId;
use crate::syntax::{Field, Kind, Node};

impl<'t> Machine<'_, 't> {
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
                self.rewrite_children(node, state)?;
                match callee(node).and_then(|name| self.tree.arguments(name)) {
                    Some(_) => self.forget_written(node, state),
                    None => Ok(()),
                }
            }
            Kind::CompoundStatement => {
                // A statement expression.
                if let Some(jump) = node.descendants().find(|n| leaves(*n, node)) {
                    let sentence = "a statement expression is left by a jump here";
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
            _ if !variable.spelled_otherwise => {
                // What counts the walk has its value from the turn before.
                let counts = variable.value.quantity().is_some_and(|sym| sym.has(&Atom::Total));
                self.out.needed.extend(counts.then_some(id));
                return Ok(());
            }
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
    pub(super) fn spelled(&self, sym: &Sym) -> Option<Spelling> {
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
    pub(super) fn current(&self) -> Sym {
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
}

/// Whether a statement leaves the statement expression `around` it.
fn leaves(node: Node<'_>, around: Node<'_>) -> bool {
    let inside = || node.ancestors().take_while(|a| *a != around);
    match node.kind() {
        Kind::ReturnStatement | Kind::GotoStatement => true,
        Kind::ContinueStatement => !inside().any(|a| a.kind().is_loop()),
        Kind::BreakStatement => !inside().any(|a| a.kind().is_loop() || a.is(Kind::SwitchStatement)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::walk::testing::verdict;

    #[test]
    fn the_walked_object_is_left_alone() {
        let read = ("off = 0;", "note(object, left_in(iter));\n\t\t\toff = 0;");
        assert!(verdict(&[read]).starts_with("iterator-used-in-body at "));
        let passed = ("see(object,", "see(iter,");
        assert_eq!(verdict(&[passed]), "iterator-used-in-body at iter");
    }

    #[test]
    fn only_the_current_element_is_looked_at() {
        assert_eq!(verdict(&[("parts[k]", "parts[k + 1]")]), "neighbour-element at parts[k + 1]");
        assert_eq!(verdict(&[("parts[k]", "parts")]), "array-escapes at parts");
        assert_eq!(verdict(&[("see(object,", "see(k,")]), "batch-position-used at k");
    }
}
