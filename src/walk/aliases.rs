//! Other names of the walked object.
//!
//! In: a site. Out: nothing. It refuses loops that use the object under another name: a local pointer that
//! was set to it, what the walk's own pointer was set to, the address of that pointer, or memory that it was
//! put into.

use super::eval::unwrapped;
use super::expressions::same_text;
use super::refusal::{Refusal, RefusalCode};
use super::site::Site;
use crate::syntax::scope::{DeclId, Scopes};
use crate::syntax::{Field, Kind, Node};

/// Refuse uses of the object under another name.
pub(super) fn check_aliases<'t>(scopes: &Scopes<'t>, site: &Site<'t>) -> Result<(), Refusal> {
    let own = unwrapped(site.iter);
    let values = |id: DeclId| {
        let assigned = scopes.uses(id).iter().filter_map(|used| {
            let parent = used.parent().filter(|p| p.child(Field::Left) == Some(*used))?;
            parent.child(Field::Right).filter(|_| parent.operator() == Some("="))
        });
        let all: Vec<Node<'t>> =
            scopes.declaration(id).initializer.into_iter().chain(assigned).map(unwrapped).collect();
        all
    };
    if let Some(id) = scopes.resolve(own)
        && let Some(lent) = scopes.uses(id).iter().filter_map(|used| used.parent()).find(is_address)
    {
        let sentence = "through this address the iterator can be used, or be made another one";
        return Err(Refusal::new(RefusalCode::IteratorUsedInBody, lent.span(), sentence));
    }
    let object = pointee(own).unwrap_or(own);
    let named = scopes.resolve(object).map(|id| scopes.uses(id)).unwrap_or_default().iter().copied();
    let meant =
        named.filter_map(|used| if object == own { Some(used) } else { used.parent().filter(is_address) });
    let mut before = meant.filter(|n| n.span().start < site.outer.span().end);
    if let Some(kept) = before.find(|n| is_kept(scopes, *n)) {
        let sentence = "what the helper walks is stored here, where what the body calls may find it";
        return Err(Refusal::new(RefusalCode::IteratorUsedInBody, kept.span(), sentence));
    }
    let origins: Vec<Node<'t>> = scopes.resolve(own).map(values).unwrap_or_default();
    let is_place = |n: &Node<'_>| matches!(n.kind(), Kind::Identifier | Kind::FieldExpression);
    let places: Vec<Node<'t>> =
        origins.iter().map(|n| pointee(*n).unwrap_or(*n)).filter(|n| is_place(n)).collect();
    let another = site.outer.descendants().filter(is_place).find(|n| {
        let id = scopes.resolve(*n).filter(|id| Some(*id) != scopes.resolve(own));
        let copied = id.is_some_and(|id| values(id).iter().any(|v| same_text(*v, own)));
        copied || places.iter().any(|p| p.kind() == n.kind() && same_text(*p, *n))
    });
    match another {
        Some(node) => {
            let sentence = format!("`{}` is another name of what the helper walks", node.text());
            Err(Refusal::new(RefusalCode::IteratorUsedInBody, node.span(), sentence))
        }
        None => Ok(()),
    }
}

/// `x` of `&x`.
fn pointee(node: Node<'_>) -> Option<Node<'_>> {
    node.child(Field::Argument).filter(|_| is_address(&node)).map(unwrapped)
}

/// Whether a value goes to memory: to a field, to what a pointer points to, to a variable of the file, or into a list.
fn is_kept(scopes: &Scopes<'_>, used: Node<'_>) -> bool {
    let Some(parent) = used.parent() else { return false };
    match parent.kind() {
        Kind::InitializerList => true,
        Kind::InitializerPair => parent.child(Field::Value) == Some(used),
        Kind::AssignmentExpression => {
            let target = parent.child(Field::Left).filter(|_| parent.child(Field::Right) == Some(used));
            target.is_some_and(|t| scopes.resolve(unwrapped(t)).is_none())
        }
        Kind::ParenthesizedExpression | Kind::CastExpression => is_kept(scopes, parent),
        _ => false,
    }
}

fn is_address(node: &Node<'_>) -> bool {
    node.is(Kind::PointerExpression) && node.operator() == Some("&")
}
