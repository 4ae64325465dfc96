//! Where the walked object stands when the loop is left.
//!
//! In: the ways out of a batch of any size, with how far the code has moved the object on each. Out: for each of them a
//! [`Position`]; where an acquisition moves the object itself, the code can only move it back. It refuses code that moves
//! the object by anything else than what was walked.

use super::exits::{End, Exit};
use super::expressions::piece_size;
use super::induct::is_count;
use super::machine::Machine;
use super::refusal::{Refusal, RefusalCode};
use super::state::{Moved, State};
use super::sym::{Atom, Sym};
use crate::syntax::Node;

/// Where the walked object stands when the loop is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Behind the batch, whatever became of its rest.
    EndOfBatch,
    /// In front of the batch, whatever became of its beginning.
    StartOfBatch,
    /// In front of the piece.
    BeforePiece,
    /// Behind the piece.
    BehindPiece,
}

/// Where the walked object stands on each way out.
#[derive(Clone, Debug, Default)]
pub(super) struct Positions<'t>(Vec<(Node<'t>, Position)>);

impl<'t> Positions<'t> {
    /// Check how far the object is moved on each way, and on a complete turn.
    pub(super) fn of(
        machine: &Machine<'_, 't>,
        exits: &[Exit<'t>],
        end: &State<'t>,
    ) -> Result<Self, Refusal> {
        check_turn(machine, end)?;
        let after_acquisition = exits.iter().filter(|e| !e.jump.before_acquire);
        let all = after_acquisition.map(|exit| Ok((exit.jump.node, position(machine, exit)?)));
        all.collect::<Result<_, _>>().map(Self)
    }

    /// Put them down in the ways out of a batch of one piece.
    pub(super) fn tell(&self, exits: &mut [Exit<'t>]) {
        for exit in exits {
            if let Some((_, position)) = self.0.iter().find(|(jump, _)| *jump == exit.jump.node) {
                exit.position = *position;
            }
        }
    }
}

fn back(node: Node<'_>) -> Refusal {
    let sentence = "the iterator is moved back by something else than what was not walked";
    Refusal::new(RefusalCode::IteratorUsedInBody, node.span(), sentence)
}

pub(super) fn ahead(node: Node<'_>) -> Refusal {
    let sentence = "the iterator is moved by something else than what was walked";
    Refusal::new(RefusalCode::IteratorUsedInBody, node.span(), sentence)
}

/// Whether the code has to move the object on.
fn by_hand(machine: &Machine<'_, '_>) -> bool {
    !machine.eval.spec.advance.is_empty()
}

/// A complete turn moves the object by the batch.
pub(super) fn check_turn(machine: &Machine<'_, '_>, end: &State<'_>) -> Result<(), Refusal> {
    let site = machine.eval.site;
    if !nothing(machine, &end.rewound) {
        return Err(back(site.outer));
    }
    match &end.advanced {
        _ if !by_hand(machine) => Ok(()),
        Moved::By(amount) if machine.eval.resolved(amount).is_atom(&Atom::Got) => Ok(()),
        _ => Err(ahead(end.advanced_at.unwrap_or(site.call))),
    }
}

fn nothing(machine: &Machine<'_, '_>, moved: &Moved) -> bool {
    match moved {
        Moved::Never => true,
        Moved::By(amount) => machine.eval.resolved(amount).as_constant() == Some(0),
        Moved::Unclear => false,
    }
}

fn position<'t>(machine: &Machine<'_, 't>, exit: &Exit<'t>) -> Result<Position, Refusal> {
    let site = machine.eval.site;
    let inside = site.inner.is_some_and(|inner| inner.encloses(exit.jump.node));
    let got = Sym::atom(Atom::Got);
    let left = if inside { Sym::atom(Atom::Remaining) } else { got.clone() };
    let piece = if inside { piece_size() } else { Some(left.clone()) };
    let behind = piece.and_then(|piece| left.minus(&piece));
    if by_hand(machine) {
        let place = exit.state.advanced_at.unwrap_or(exit.jump.node);
        let found = match moved_by_hand(&exit.state, &left, behind.as_ref()) {
            Some(Position::StartOfBatch) if !inside && !site.is_behind_walk(exit.jump.node) => {
                Some(Position::BeforePiece)
            }
            found => found,
        };
        return match (&exit.end, found) {
            (End::GoesOn, Some(Position::EndOfBatch | Position::BehindPiece)) => Ok(Position::EndOfBatch),
            (End::Leaves(_), Some(position)) => Ok(position),
            _ => Err(ahead(place)),
        };
    }
    // The whole batch is given back, what the body has seen of it as well.
    let undone =
        |(from, to): &(Sym, Sym)| from.as_constant() == Some(0) && is_count(to, &Sym::atom(Atom::Count));
    match (&exit.end, &exit.state.rewound) {
        (End::GoesOn, rewound) if nothing(machine, rewound) => Ok(Position::EndOfBatch),
        (End::Leaves(_), Moved::Never) => Ok(Position::EndOfBatch),
        (End::Leaves(_), Moved::By(amount)) if Some(amount) == behind.as_ref() => Ok(Position::BehindPiece),
        (End::Leaves(_), Moved::By(amount))
            if *amount == left || *amount == got && exit.state.drained.iter().any(undone) =>
        {
            Ok(Position::BeforePiece)
        }
        _ => Err(back(exit.jump.node)),
    }
}

/// Where code stands that moves the object itself: `left` of the batch lies behind the place in front of the piece, and
/// `behind` of it behind the piece.
fn moved_by_hand(state: &State<'_>, left: &Sym, behind: Option<&Sym>) -> Option<Position> {
    let got = Sym::atom(Atom::Got);
    let moved = match (&state.advanced, &state.rewound) {
        (Moved::Never, Moved::Never) => return Some(Position::StartOfBatch),
        (Moved::By(ahead), Moved::Never) => ahead.clone(),
        (Moved::By(ahead), Moved::By(back)) => ahead.minus(back)?,
        _ => return None,
    };
    let not_walked = got.minus(&moved)?;
    match not_walked {
        left_over if left_over.as_constant() == Some(0) => Some(Position::EndOfBatch),
        left_over if left_over == got => Some(Position::StartOfBatch),
        left_over if left_over == *left => Some(Position::BeforePiece),
        left_over if Some(&left_over) == behind => Some(Position::BehindPiece),
        _ => None,
    }
}
