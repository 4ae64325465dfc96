//! The rest of the loop's condition, asked by the callback and before the call.
//!
//! In: conditions that the loop also ends for. Out: what the callback returns at its end, above zero when
//! they no longer hold, and the test under which the helper is called at all.

use super::callback::Material;
use super::respell::Respelled;
use crate::plan::negation::negated;
use crate::syntax::scope::DeclId;
use crate::syntax::{Field, Kind, Node};
use crate::walk::eval::{number, unwrapped};
use crate::walk::output::Piece;
use crate::walk::site::callee;

/// True when the walk has to stop behind this element; nothing if the condition is all about the walk.
pub(super) fn stops(material: &Material<'_, '_>, respelled: &Respelled<'_, '_>) -> Option<String> {
    let asked = material.walk.body.pieces.iter().filter_map(|(piece, _)| asked_by(piece));
    let negated: Vec<String> =
        asked.map(|node| negated(unwrapped(node), &|n| respelled.text(n.span()))).collect();
    match (negated.as_slice(), material.walk.body.pieces.iter().find_map(|(piece, _)| asked_by(piece))) {
        ([], _) => None,
        ([one], Some(condition)) if is_plain_value(material, unwrapped(condition)) => {
            Some(format!("!!{one}"))
        }
        (all, _) => Some(all.join(" || ")),
    }
}

fn asked_by<'t>(piece: &Piece<'t>) -> Option<Node<'t>> {
    match piece {
        Piece::GoesOn(node) => Some(*node),
        _ => None,
    }
}

/// `!x` of an `x` that may be something else than 0 and 1: as the callback's result it could be taken for a failure.
fn is_plain_value(material: &Material<'_, '_>, condition: Node<'_>) -> bool {
    let value = condition.child(Field::Argument).map(unwrapped);
    let Some(value) = value.filter(|_| condition.operator() == Some("!")) else { return false };
    let is_bool = |id: DeclId| material.scopes.declaration(id).ty.declare("").trim() == "bool";
    let truth = matches!(value.operator(), Some("!" | "&&" | "||" | "==" | "!=" | "<" | "<=" | ">" | ">="));
    !truth && !material.scopes.resolve(value).is_some_and(is_bool)
}

/// The condition under which the loop was entered, as far as it is not about the walk, and open when the loop is come to.
pub(super) fn entered<'t>(
    rest: &[Node<'t>],
    first: &dyn Fn(Node<'t>) -> Option<i64>,
    text: &dyn Fn(Node<'t>) -> String,
) -> Option<String> {
    let parts: Vec<String> =
        rest.iter().filter(|node| !holds_at_first(**node, first)).map(|node| text(*node)).collect();
    (!parts.is_empty()).then(|| parts.join(" && "))
}

/// Whether a condition holds for certain: it compares numbers, or 0 with a constant that nobody would have as 0.
fn holds_at_first<'t>(condition: Node<'t>, first: &dyn Fn(Node<'t>) -> Option<i64>) -> bool {
    let condition = unwrapped(condition);
    let sides = (condition.child(Field::Left).map(unwrapped), condition.child(Field::Right).map(unwrapped));
    let (Some(left), Some(right), Some(operator)) = (sides.0, sides.1, condition.operator()) else {
        return false;
    };
    let known = |n: Node<'t>| number(n.text()).or_else(|| first(n));
    match (known(left), operator, known(right)) {
        (Some(a), "<", Some(b)) => a < b,
        (Some(a), ">", Some(b)) => a > b,
        (Some(a), "<=", Some(b)) => a <= b,
        (Some(a), ">=", Some(b)) => a >= b,
        (Some(a), "!=", Some(b)) => a != b,
        (Some(a), "==", Some(b)) => a == b,
        (Some(0), "<" | "!=", None) => is_size(right),
        (None, ">" | "!=", Some(0)) => is_size(left),
        _ => false,
    }
}

/// A constant that says how many there are, by its name or by what it is made of.
fn is_size(node: Node<'_>) -> bool {
    let constant = |name: &str| !name.chars().any(|c| c.is_ascii_lowercase());
    match node.kind() {
        Kind::Identifier => constant(node.text()),
        Kind::CallExpression => callee(node).is_some_and(constant),
        kind => kind == Kind::SizeofExpression,
    }
}
