//! What variables bring from one turn of the outer loop into the next.
//!
//! In: the values in front of the loop and at the ends of a turn. Out: [`Carried`]: variables that may start
//! from zero in every turn, because they are zero there, or because they are not below zero and only that is
//! looked at. It is a guess that is carried out and then confirmed or taken back, variable by variable.

use super::control::{initial, only_sign_matters};
use super::eval::{Evaluator, number};
use super::exits::known;
use super::rest::{assume, standing};
use super::state::{State, Value, Variable};
use super::sym::{Atom, Sign, Sym};
use super::total::Total;
use crate::syntax::Kind;
use crate::syntax::scope::DeclId;
use std::collections::BTreeSet;

/// Variables of which something is known at the start of every turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// They are zero.
    zeros: BTreeSet<DeclId>,
    /// They are not below zero, and nothing in the loop asks for more than that.
    not_negative: BTreeSet<DeclId>,
    /// They stand for themselves.
    standing: Vec<DeclId>,
}

impl Carried {
    /// Variables that are zero when the loop is entered, and may be at the start of every turn.
    pub(super) fn at_first<'t>(eval: &Evaluator<'_, 't>, total: &Total<'t>) -> Self {
        let standing = standing(eval.site, eval.scopes, total);
        let outside = eval.scopes.declarations().iter().filter(|d| !eval.site.outer.encloses(d.ident));
        let zeros = outside
            .filter(|d| !d.ty.is_aggregate() && !d.ty.is_pointer() && !d.ty.is_array())
            .filter(|d| total.counter.is_none_or(|c| c.id != d.id) && !standing.contains(&d.id))
            .filter(|d| {
                let first = initial(eval, d.id).0;
                first.is_some_and(|node| node.is(Kind::False) || number(node.text()) == Some(0))
            })
            .map(|d| d.id)
            .collect();
        Self { zeros, not_negative: BTreeSet::new(), standing }
    }

    /// Whether a turn may start with zero in the variable, whatever the one before left there.
    pub fn starts_from_zero(&self, id: DeclId) -> bool {
        self.zeros.contains(&id) || self.not_negative.contains(&id)
    }

    /// The state at the start of a turn.
    pub(super) fn start<'t>(&self, eval: &Evaluator<'_, 't>, total: &Total<'t>) -> State<'t> {
        let mut state = State::default();
        if eval.scopes.declaration(eval.site.batch).is_array_object() {
            let value = Value::Slot(Sym::constant(0));
            state.set(eval.site.batch, Variable { value, ..Variable::unknown() });
        }
        for id in &self.zeros {
            let value = Value::Quantity(Sym::constant(0));
            state.set(*id, Variable { value, sign: Sign::Zero, ..Variable::unknown() });
        }
        for id in &self.not_negative {
            state.set(*id, Variable { sign: Sign::NonNegative, ..Variable::unknown() });
        }
        if let Some(counter) = total.counter {
            let value = Value::Quantity(Sym::atom(Atom::Total));
            state.set(counter.id, Variable { value, ..Variable::unknown() });
        }
        assume(eval, total, &self.standing, &mut state);
        state
    }

    /// The first variable that a turn leaves otherwise than it was taken to be; `flags` end the loop then.
    pub(super) fn contradiction(&self, end: &State<'_>, flags: &[DeclId]) -> Option<DeclId> {
        let of = |id: &DeclId| known(end, *id).0;
        let changed = self.zeros.iter().find(|id| !flags.contains(id) && of(id) != Sign::Zero);
        changed.or_else(|| self.not_negative.iter().find(|id| of(id).possible()[0])).copied()
    }

    /// The same with one assumption weaker.
    pub(super) fn weakened(&self, eval: &Evaluator<'_, '_>, id: DeclId, end: &State<'_>) -> Self {
        let mut out = self.clone();
        let was_zero = out.zeros.remove(&id);
        out.not_negative.remove(&id);
        if was_zero && !known(end, id).0.possible()[0] && only_sign_matters(eval, id) {
            out.not_negative.insert(id);
        }
        out
    }
}
