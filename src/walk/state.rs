//! What is known at a place of the loop: values of variables, references dropped so far.
//!
//! In: assignments in program order, from [`super::machine`]. Out: [`State`], forked at branches and joined
//! behind them. It forgets rather than guesses.

use super::sym::{Atom, Sign, Sym};
use crate::syntax::Node;
use crate::syntax::scope::DeclId;
use std::collections::{BTreeMap, BTreeSet};

/// What a variable or an expression stands for.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Value {
    /// Something that is not part of the walk.
    #[default]
    Unknown,
    /// A quantity of the walk.
    Quantity(Sym),
    /// An element of the batch, by its index.
    Element(Sym),
    /// The address of a place in the array of elements, by the element's index.
    Slot(Sym),
}

impl Value {
    /// The quantity, if it is one.
    pub fn quantity(&self) -> Option<&Sym> {
        match self {
            Value::Quantity(sym) => Some(sym),
            _ => None,
        }
    }

    /// Whether it is the number 0.
    pub fn is_zero(&self) -> bool {
        self.quantity().and_then(Sym::as_constant) == Some(0)
    }

    /// The quantity, or the index of the place that it points to.
    pub fn sym(&self) -> Option<&Sym> {
        match self {
            Value::Quantity(sym) | Value::Slot(sym) => Some(sym),
            _ => None,
        }
    }

    /// A value of the same kind with another quantity.
    pub fn with(&self, sym: Sym) -> Value {
        match self {
            Value::Slot(_) => Value::Slot(sym),
            _ => Value::Quantity(sym),
        }
    }

    fn substitute(&self, atom: &Atom, by: &Sym) -> Value {
        match self {
            Value::Quantity(sym) | Value::Slot(sym) => {
                sym.substitute(atom, by).map_or(Value::Unknown, |s| self.with(s))
            }
            other => other.clone(),
        }
    }
}

/// One variable.
#[derive(Clone, Debug)]
pub struct Variable<'t> {
    /// What it stands for.
    pub value: Value,
    /// Its sign, where the value does not tell.
    pub sign: Sign,
    /// The expression that was assigned last.
    pub set_by: Option<Node<'t>>,
    /// Whether the assignment that gave the value goes with the walk, so that uses have to be spelled otherwise.
    pub spelled_otherwise: bool,
}

impl Variable<'_> {
    /// A variable of which nothing is known.
    pub fn unknown() -> Self {
        Self { value: Value::Unknown, sign: Sign::Unknown, set_by: None, spelled_otherwise: false }
    }
}

/// How far the walked object has come since the start of the batch, whoever moved it: the acquisition or the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    /// By a quantity of the walk.
    By(Sym),
    /// By something else, or on some of the ways that lead here only.
    Unclear,
}

impl Default for Moved {
    fn default() -> Self {
        Moved::By(Sym::constant(0))
    }
}

impl Moved {
    /// Moved on once more.
    pub fn on(&self, amount: &Value) -> Moved {
        self.with(amount, Sym::plus)
    }

    /// Moved back.
    pub fn back(&self, amount: &Value) -> Moved {
        self.with(amount, Sym::minus)
    }

    fn with(&self, amount: &Value, to: fn(&Sym, &Sym) -> Option<Sym>) -> Moved {
        match (self, amount.quantity()) {
            (Moved::By(before), Some(sym)) => to(before, sym).map_or(Moved::Unclear, Moved::By),
            _ => Moved::Unclear,
        }
    }

    /// Either of two.
    fn or(self, other: &Moved) -> Moved {
        if self == *other { self } else { Moved::Unclear }
    }
}

/// What was added to a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Added {
    /// Something above zero.
    Positive,
    /// A variable.
    Variable(DeclId),
}

/// What is known at a place.
#[derive(Clone, Debug, Default)]
pub struct State<'t> {
    /// Variables of which something is known.
    pub variables: BTreeMap<DeclId, Variable<'t>>,
    /// Fields of local aggregates that hold quantities of the walk.
    pub fields: BTreeMap<(DeclId, String), Value>,
    /// What a variable stands for if it is not below zero.
    pub unless_failed: BTreeMap<DeclId, Value>,
    /// Quantities that are above zero throughout the turn.
    pub positive: Vec<Sym>,
    /// How often the current element was released.
    pub released: u32,
    /// How often it was released on every way that leads here.
    pub released_always: u32,
    /// The condition under which it was released once more.
    pub released_if: Option<Node<'t>>,
    /// Where it was released last.
    pub released_at: Option<Node<'t>>,
    /// Ranges of elements released by loops, as `start..end`.
    pub drained: Vec<(Sym, Sym)>,
    /// What released such a range last.
    pub drained_at: Option<Node<'t>>,
    /// Where the walked object stands.
    pub moved: Moved,
    /// What in the code moved it forwards last.
    pub advanced_at: Option<Node<'t>>,
    /// Conditions of the outer loop of which it is known whether they hold.
    pub conditions: BTreeMap<String, bool>,
    /// Sums that went up in this turn, and by what.
    pub added: BTreeSet<(DeclId, Added)>,
}

impl<'t> State<'t> {
    /// What a variable stands for.
    pub fn value(&self, id: DeclId) -> Value {
        self.variables.get(&id).map_or(Value::Unknown, |v| v.value.clone())
    }

    /// Set a variable.
    pub fn set(&mut self, id: DeclId, variable: Variable<'t>) {
        self.variables.insert(id, variable);
        self.unless_failed.remove(&id);
    }

    /// Forget a variable.
    pub fn forget(&mut self, id: DeclId) {
        self.variables.remove(&id);
        self.unless_failed.remove(&id);
        self.fields.retain(|(owner, _), _| *owner != id);
    }

    /// The current element is released once, at `place`.
    pub fn release(&mut self, place: Option<Node<'t>>) {
        self.released += 1;
        self.released_always += 1;
        self.released_at = place;
    }

    /// Replace an atom in every value.
    pub fn substitute(&mut self, atom: &Atom, by: &Sym) {
        for variable in self.variables.values_mut() {
            variable.value = variable.value.substitute(atom, by);
        }
        for value in self.fields.values_mut() {
            *value = value.substitute(atom, by);
        }
    }

    /// What is known when control comes from either place.
    #[must_use]
    pub fn join(self, other: &State<'t>) -> State<'t> {
        let mut variables = BTreeMap::new();
        for (id, a) in self.variables {
            let Some(b) = other.variables.get(&id) else { continue };
            let same = a.value == b.value;
            variables.insert(
                id,
                Variable {
                    value: if same { a.value.clone() } else { Value::Unknown },
                    sign: a.sign.join(b.sign),
                    set_by: if a.set_by == b.set_by { a.set_by } else { None },
                    spelled_otherwise: a.spelled_otherwise || b.spelled_otherwise,
                },
            );
        }
        let drained = if self.drained == other.drained { self.drained } else { Vec::new() };
        let drained_at = self.drained_at.or(other.drained_at);
        let mut fields = self.fields;
        fields.retain(|key, value| other.fields.get(key) == Some(value));
        let mut unless_failed = self.unless_failed;
        unless_failed.retain(|id, value| other.unless_failed.get(id) == Some(value));
        let moved = self.moved.or(&other.moved);
        let advanced_at = self.advanced_at.or(other.advanced_at);
        let mut conditions = self.conditions;
        conditions.retain(|text, holds| other.conditions.get(text) == Some(holds));
        let added = self.added.intersection(&other.added).copied().collect();
        let released = self.released.max(other.released);
        let released_always = self.released_always.min(other.released_always);
        let released_if = self.released_if.or(other.released_if);
        let mut positive = self.positive;
        positive.retain(|sym| other.positive.contains(sym));
        let released_at = if self.released < other.released { other.released_at } else { self.released_at };
        State {
            variables,
            fields,
            unless_failed,
            positive,
            released,
            released_always,
            released_if,
            released_at,
            drained,
            drained_at,
            moved,
            advanced_at,
            conditions,
            added,
        }
    }
}
