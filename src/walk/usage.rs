//! Which variables live only for one turn of the outer loop.
//!
//! In: a site, with what data flow says of its outer loop. Out: the variables whose value neither comes from
//! before the turn nor is read after the loop: cursors, if all they hold are quantities of the walk.

use super::site::{Site, statements_of};
use crate::syntax::scope::{DeclId, DeclKind, Scopes};
use crate::syntax::{Field, Kind, Node};
use std::collections::BTreeSet;

/// The variables that could be cursors: scalars of the function that live for one turn only.
pub fn candidates<'t>(site: &Site<'t>, scopes: &Scopes<'t>) -> BTreeSet<DeclId> {
    let mut out = BTreeSet::new();
    for declaration in scopes.declarations() {
        let id = declaration.id;
        let scalar = !declaration.ty.is_aggregate() && (!declaration.ty.is_array() || id == site.batch);
        let local = matches!(declaration.kind, DeclKind::Local | DeclKind::Parameter);
        // The acquisition writes the array and the offset, by their addresses.
        let acquired = id == site.batch || id == site.offset;
        // Data flow keeps what is reached by address alive; here it is only the acquisition that has the address.
        let provides = |u: &Node<'t>| site.outside.iter().any(|n| n.encloses(*u));
        let behind =
            |u: &Node<'t>| u.span().start >= site.outer.span().end && !provides(u) && !site.is_of_another(*u);
        let dead = if acquired { !scopes.uses(id).iter().any(behind) } else { !live_behind(site, id) };
        // What others may write through its address holds more than a quantity of the walk.
        let given = |u: &Node<'t>| {
            u.parent().is_some_and(|p| p.operator() == Some("&") && p.is(Kind::PointerExpression))
        };
        let shared = !acquired && id != site.got && scopes.uses(id).iter().any(given);
        let plain = acquired || !declaration.has_cleanup() && !is_constant(scopes, id);
        if scalar && local && dead && !shared && plain && (acquired || !site.exposed.contains(&id)) {
            out.insert(id);
        }
    }
    out
}

/// Whether a variable is never anything but the number that it is declared with.
fn is_constant(scopes: &Scopes<'_>, id: DeclId) -> bool {
    let declaration = scopes.declaration(id);
    let number = |n: Node<'_>| matches!(n.kind(), Kind::NumberLiteral | Kind::True | Kind::False);
    let written = |n: &Node<'_>| {
        let holder = n.parent().filter(|p| p.child(Field::Left).or(p.child(Field::Argument)) == Some(*n));
        holder.is_some_and(|p| matches!(p.kind(), Kind::AssignmentExpression | Kind::UpdateExpression))
    };
    declaration.initializer.is_some_and(number) && !scopes.uses(id).iter().any(written)
}

/// Whether a variable's value may be read behind the outer loop.
pub fn live_behind(site: &Site<'_>, id: DeclId) -> bool {
    site.live_out.contains(&id)
}

/// Whether a statement's last part is a jump.
pub fn leaves(node: Node<'_>) -> bool {
    match node.kind() {
        Kind::CompoundStatement => {
            statements_of(node).into_iter().rfind(|s| !s.is(Kind::Comment)).is_some_and(leaves)
        }
        kind => matches!(
            kind,
            Kind::BreakStatement | Kind::ContinueStatement | Kind::GotoStatement | Kind::ReturnStatement
        ),
    }
}
