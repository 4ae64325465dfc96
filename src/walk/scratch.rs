//! Memory that an object holds for batches and for nothing else.
//!
//! In: an expression `object->field`. Out: whether its struct is this file's own and the field is named in
//! the file only where it is allocated, freed, tested or put back, so that nobody else looks at what a walk
//! leaves there. It refuses fields of structs that other files know.

use super::expressions::first_match;
use super::spec::WalkSpec;
use super::storage::allocates;
use crate::syntax::scope::{DeclKind, Scopes};
use crate::syntax::{Field, Kind, Node};

/// Whether `value` is such memory.
pub(super) fn is_scratch<'t>(spec: &WalkSpec, value: Node<'t>) -> bool {
    let Some(field) = value.child(Field::Field).filter(|_| value.is(Kind::FieldExpression)) else {
        return false;
    };
    let root = value.tree().root();
    let declares = |n: &Node<'t>| {
        let named = |d: Node<'t>| d.is(Kind::FieldIdentifier) && d.text() == field.text();
        n.is(Kind::FieldDeclaration) && n.descendants().any(named)
    };
    let is_use = |n: &Node<'t>| {
        n.is(Kind::FieldExpression) && n.child(Field::Field).is_some_and(|f| f.text() == field.text())
    };
    let own = root.descendants().filter(declares).count() == 1;
    own && root.descendants().filter(is_use).all(|n| n == value || is_kept(spec, n))
}

/// A use of the field that does not look at what it points to.
fn is_kept<'t>(spec: &WalkSpec, used: Node<'t>) -> bool {
    let Some(parent) = used.parent() else { return false };
    match parent.kind() {
        Kind::AssignmentExpression if parent.child(Field::Left) == Some(used) => {
            let value = parent.child(Field::Right);
            value.is_some_and(|v| allocates(spec, v) || v.is(Kind::Null) || is_put_back(v, used))
        }
        Kind::AssignmentExpression => parent.child(Field::Left).is_some_and(|l| is_put_back(l, used)),
        Kind::ArgumentList => {
            let call = parent.parent();
            call.is_some_and(|c| first_match(&spec.free, c).is_some_and(|b| b.get("batch") == Some(used)))
        }
        Kind::UnaryExpression => parent.operator() == Some("!"),
        Kind::ParenthesizedExpression => parent.parent().is_some_and(|p| p.is(Kind::IfStatement)),
        Kind::BinaryExpression => matches!(parent.operator(), Some("==" | "!=")),
        _ => false,
    }
}

/// Whether a local only holds the field for a while: it gets it, and gives it back.
fn is_put_back<'t>(local: Node<'t>, field: Node<'t>) -> bool {
    let Some(function) = local.ancestors().find(|a| a.is(Kind::FunctionDefinition)) else { return false };
    let scopes = Scopes::of(function);
    let Some(id) = scopes.resolve(local).filter(|id| scopes.declaration(*id).kind == DeclKind::Local) else {
        return false;
    };
    let name = |n: Node<'t>| n.child(Field::Field).map(Node::text);
    let exchanged = |used: &Node<'t>| {
        let parent = used.parent().filter(|p| p.is(Kind::AssignmentExpression));
        let sides = parent.and_then(|p| p.child(Field::Left).zip(p.child(Field::Right)));
        sides.is_some_and(|(l, r)| name(l) == name(field) || name(r) == name(field))
    };
    scopes.uses(id).iter().filter(|u| **u != scopes.declaration(id).ident).all(exchanged)
}
