//! The part of the outer loop's condition that is not about the walk, and numbers that run on over batches.
//!
//! In: a loop that also ends for something else than having walked all: no room is left, say. Out: what may
//! be taken for granted at the start of a turn because the condition held, and the condition as a piece of
//! the callback, which has to stop behind the element when it no longer holds. It refuses conditions with an
//! effect.
//!
//! A variable to which the size of each batch is added is a running number: `base + index` is the number of
//! an element, whatever the batches are, and with batches of one element it is `base`.

use super::eval::{Evaluator, unwrapped};
use super::expressions::is_pure;
use super::induct::is_count;
use super::machine::Machine;
use super::output::{Output, Piece, Spelling, Stage};
use super::refusal::{Refusal, RefusalCode};
use super::site::Site;
use super::state::{State, Value, Variable};
use super::sym::{Atom, Facts, Sym};
use super::total::Total;
use crate::source::Span;
use crate::syntax::scope::{DeclId, DeclKind, Scopes};
use crate::syntax::{Field, Kind, Node};

/// Whether a condition may be asked once more behind each element: it has no effect and is not about the walk.
pub(super) fn may_be_asked(eval: &Evaluator<'_, '_>, condition: Node<'_>) -> bool {
    let site = eval.site;
    let of_walk = [site.got, site.offset, site.batch];
    let inside = |id: DeclId| site.outer.encloses(eval.scopes.declaration(id).ident);
    let names_walk = condition.descendants().filter_map(|n| eval.scopes.resolve(n));
    is_pure(&eval.spec.pure, condition)
        && !names_walk.into_iter().any(|id| of_walk.contains(&id) || inside(id))
}

/// Variables that stand for their own value at the start of a turn: those of the rest of the condition, and sums.
pub(super) fn standing<'t>(site: &Site<'t>, scopes: &Scopes<'t>, total: &Total<'t>) -> Vec<DeclId> {
    let summed = site.body.iter().filter_map(|statement| {
        let sum = statement.child_of(Kind::AssignmentExpression)?;
        (sum.operator() == Some("+=")).then(|| scopes.resolve(sum.child(Field::Left)?)).flatten()
    });
    let asked = total.rest.iter().flat_map(|n| n.descendants()).filter_map(|n| scopes.resolve(n));
    let plain = |id: &DeclId| {
        let declaration = scopes.declaration(*id);
        let ty = &declaration.ty;
        matches!(declaration.kind, DeclKind::Local | DeclKind::Parameter)
            && !site.outer.encloses(declaration.ident)
            && !(ty.is_pointer() || ty.is_aggregate() || ty.is_array())
            && total.counter.is_none_or(|c| c.id != *id)
            && *id != site.got
    };
    let mut all: Vec<DeclId> = summed.chain(asked).filter(plain).collect();
    all.sort();
    all.dedup();
    all
}

/// What holds at the start of a turn.
pub(super) fn assume<'t>(
    eval: &Evaluator<'_, 't>,
    total: &Total<'t>,
    standing: &[DeclId],
    state: &mut State<'t>,
) {
    for id in standing {
        let value = Value::Quantity(Sym::atom(Atom::Before(*id)));
        state.set(*id, Variable { value, ..Variable::unknown() });
    }
    for condition in &total.rest {
        let (left, right) = (condition.child(Field::Left), condition.child(Field::Right));
        let (Some(left), Some(right)) = (left, right) else { continue };
        let (small, large) = match condition.operator() {
            Some("<") => (left, right),
            Some(">") => (right, left),
            _ => continue,
        };
        let mut value = |n| eval.value(n, state).quantity().cloned();
        if let (Some(small), Some(large)) = (value(small), value(large)) {
            state.positive.extend(large.minus(&small));
        }
    }
}

/// What each running number has become at the end of a turn: the elements of the batch were added to it.
pub(super) fn check_running<'t>(
    scopes: &Scopes<'t>,
    out: &Output<'t>,
    end: &State<'t>,
) -> Result<(), Refusal> {
    for (id, place) in &out.running {
        let added = end.value(*id).quantity().and_then(|sym| sym.minus(&Sym::atom(Atom::Before(*id))));
        if !added.is_some_and(|sym| is_count(&sym, &Sym::atom(Atom::Count))) {
            let name = scopes.declaration(*id).name;
            let sentence = format!(
                "`{name}` does not go up by the elements of each batch, so that where in its batch an element stands matters"
            );
            return Err(Refusal::new(RefusalCode::BatchPositionUsed, *place, sentence));
        }
    }
    Ok(())
}

impl<'t> Machine<'_, 't> {
    /// The rest of the condition stands at the end of the callback.
    pub(super) fn asks_again(&mut self, total: &Total<'t>, state: &mut State<'t>) -> Result<(), Refusal> {
        self.stage = Stage::Behind;
        for condition in &total.rest {
            if self.eval.remembered(*condition, state) == Some(true) {
                continue;
            }
            self.rewrite(*condition, state)?;
            self.out.pieces.push((Piece::GoesOn(*condition), Some(Stage::Behind)));
        }
        Ok(())
    }

    /// `base + index`, where `base` is a running number.
    pub(super) fn rewrite_running(&mut self, node: Node<'t>, state: &mut State<'t>) -> bool {
        if node.operator() != Some("+") {
            return false;
        }
        let (Some(left), Some(right)) = (node.child(Field::Left), node.child(Field::Right)) else {
            return false;
        };
        let cut = |from: Node<'t>, to: Node<'t>| Span { start: from.span().end, end: to.span().end };
        let sides = [
            (left, right, cut(left, right)),
            (right, left, Span { start: left.span().start, end: right.span().start }),
        ];
        for (base, index, cut) in sides {
            let Some(id) = self.eval.scopes.resolve(unwrapped(base)) else { continue };
            let value = self.eval.value(base, &mut state.clone());
            let is_base = value.quantity().is_some_and(|sym| sym.is_atom(&Atom::Before(id)));
            let place = self.eval.value(index, &mut state.clone());
            let moved = state.variables.values().any(|v| v.spelled_otherwise);
            let first = place.quantity().map(|sym| self.eval.resolved(sym));
            let is_index = match self.eval.facts {
                Facts::UnitBatch => first.and_then(|sym| sym.as_constant()) == Some(0),
                _ => first.is_some_and(|sym| sym.is_atom(&Atom::Index)),
            };
            if is_base && is_index && moved && index.is(Kind::Identifier) && self.stage == Stage::Inner {
                self.out.running.push((id, node.span()));
                self.out.spellings.insert(cut, Spelling::Nothing);
                return true;
            }
        }
        false
    }
}
