//! The rest of the loop's condition, asked by the callback and before the call.
//!
//! In: conditions that the loop also ends for. Out: what the callback returns at its end, above zero when they no longer
//! hold, and the test under which the helper is called at all.

use super::callback::Material;
use super::negation::negated;
use super::respell::Respelled;
use crate::syntax::Node;
use crate::walk::eval::unwrapped;
use crate::walk::output::Piece;

/// True when the walk has to stop behind this element; nothing if the condition is all about the walk.
pub(super) fn stops(material: &Material<'_, '_>, respelled: &Respelled<'_, '_>) -> Option<String> {
    let asked = material.walk.body.pieces.iter().filter_map(|(piece, _)| match piece {
        Piece::GoesOn(node) => Some(*node),
        _ => None,
    });
    let negated: Vec<String> =
        asked.map(|node| negated(unwrapped(node), &|n| respelled.text(n.span()))).collect();
    (!negated.is_empty()).then(|| negated.join(" || "))
}

/// The condition under which the loop was entered, as far as it is not about the walk.
pub(super) fn entered(rest: &[Node<'_>], text: &dyn Fn(Node<'_>) -> String) -> Option<String> {
    let parts: Vec<String> = rest.iter().map(|node| text(*node)).collect();
    (!parts.is_empty()).then(|| parts.join(" && "))
}
