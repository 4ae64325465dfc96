//! Where the walked object stands when the loop is left.
//!
//! In: the ways out of a batch of any size, with how far the code has moved the object on each. Out: for
//! each of them a [`Position`]; where an acquisition moves the object itself, the code can only move it
//! back. It refuses code that moves the object by anything else than what was walked, and tells where the
//! function itself asks where the object stands.

use super::Walk;
use super::exits::{End, Exit};
use super::expressions::{piece_size, same_text};
use super::induct::is_count;
use super::machine::Machine;
use super::output::{Stage, Target};
use super::refusal::{Refusal, RefusalCode};
use super::state::{Moved, State};
use super::sym::{Atom, Sym};
use crate::syntax::{Kind, Node};

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

/// Where the function itself looks behind the loop at where the object stands, if a way there leaves it elsewhere now.
pub(super) fn seen_elsewhere<'t>(walk: &Walk<'t>) -> Option<Node<'t>> {
    let site = &walk.site;
    let elsewhere = |exit: &Exit<'_>| {
        let stays = matches!(exit.end, End::Leaves(Target::BehindOuter | Target::Label(_)));
        let moved = matches!(exit.position, Position::EndOfBatch | Position::StartOfBatch);
        stays && moved && !exit.jump.before_acquire
    };
    let by_piece = walk.body.advances.contains(&Stage::Inner) || site.inner.is_none();
    if by_piece || !(walk.ends_with_control || walk.exits.iter().any(elsewhere)) {
        return None;
    }
    let again = site.outer.ancestors().take_while(|n| *n != site.function).find(|n| n.kind().is_loop());
    let behind = |n: &Node<'_>| n.span().start >= site.outer.span().end;
    let reached =
        |n: &Node<'_>| behind(n) || !site.outer.encloses(*n) && again.is_some_and(|l| l.encloses(*n));
    let is_object = |n: &Node<'_>| n.kind() == site.iter.kind() && same_text(*n, site.iter);
    let place = site.function.descendants().filter(reached).find(is_object)?;
    // The call that it is handed to says more.
    let call = place.parent().filter(|list| list.is(Kind::ArgumentList)).and_then(Node::parent);
    Some(call.unwrap_or(place))
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
    match &end.moved {
        Moved::By(amount) if machine.eval.resolved(amount).is_atom(&Atom::Got) => Ok(()),
        _ if by_hand(machine) => Err(ahead(end.advanced_at.unwrap_or(machine.eval.site.call))),
        _ => Err(back(machine.eval.site.outer)),
    }
}

fn position<'t>(machine: &Machine<'_, 't>, exit: &Exit<'t>) -> Result<Position, Refusal> {
    let site = machine.eval.site;
    let inside = site.inner.is_some_and(|inner| inner.encloses(exit.jump.node));
    let got = Sym::atom(Atom::Got);
    let left = if inside { Sym::atom(Atom::Remaining) } else { got.clone() };
    let piece = if inside { piece_size() } else { Some(left.clone()) };
    let behind = piece.and_then(|piece| left.minus(&piece));
    let found = standing(machine, &exit.state, &left, behind.as_ref());
    match (&exit.end, found) {
        (End::GoesOn, Some(Position::EndOfBatch | Position::BehindPiece)) => Ok(Position::EndOfBatch),
        (End::Leaves(_), Some(Position::StartOfBatch)) if !inside && !site.is_behind_walk(exit.jump.node) => {
            Ok(Position::BeforePiece)
        }
        (End::Leaves(_), Some(position)) => Ok(position),
        _ if by_hand(machine) => Err(ahead(exit.state.advanced_at.unwrap_or(exit.jump.node))),
        _ => Err(back(exit.jump.node)),
    }
}

/// Where the object stands: `left` of the batch lies behind the place in front of the piece, and `behind` of it behind the
/// piece.
fn standing(
    machine: &Machine<'_, '_>,
    state: &State<'_>,
    left: &Sym,
    behind: Option<&Sym>,
) -> Option<Position> {
    let got = Sym::atom(Atom::Got);
    let Moved::By(moved) = &state.moved else { return None };
    // The whole batch is given back, what the body has seen of it as well.
    let undone =
        |(from, to): &(Sym, Sym)| from.as_constant() == Some(0) && is_count(to, &Sym::atom(Atom::Count));
    match got.minus(moved)? {
        rest if rest.as_constant() == Some(0) => Some(Position::EndOfBatch),
        rest if rest == got && !by_hand(machine) && (*left == got || state.drained.iter().any(undone)) => {
            Some(Position::BeforePiece)
        }
        rest if rest == got => Some(Position::StartOfBatch),
        rest if rest == *left => Some(Position::BeforePiece),
        rest if Some(&rest) == behind => Some(Position::BehindPiece),
        _ => None,
    }
}
