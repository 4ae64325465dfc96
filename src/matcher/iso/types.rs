//! The types that isomorphisms ask for.
//!
//! In: an isomorphism with typed metavariables and what it matched of a pattern. Out: whether that has the types.

use super::Iso;
use crate::matcher::Environment;
use crate::smpl::TypeConstraint;
use crate::smpl::pattern::{Leaf, Pattern};
use crate::source::Span;
use crate::syntax::{Kind, Node, Tree};

/// Whether what the metavariables of an isomorphism stand for has the types that it wants.
pub(super) fn are_typed(iso: &Iso, pattern: &Pattern, env: &Environment, tree: &Tree) -> bool {
    iso.typed.iter().all(|(name, types)| {
        let bound = env.get(name).and_then(|b| Some(tree.node(b.node?)));
        let own = bound.map_or_else(Vec::new, |node| types_of(pattern, node));
        own.iter().any(|own| types.iter().any(|wanted| is_kind_of(own, wanted)))
    })
}

/// The types that an expression of a pattern has: those that its metavariable is declared with, `int` for arithmetic.
fn types_of(pattern: &Pattern, node: Node<'_>) -> Vec<TypeConstraint> {
    let arithmetic = ["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"];
    let number = match node.kind() {
        Kind::NumberLiteral => true,
        Kind::BinaryExpression => node.operator().is_some_and(|o| arithmetic.contains(&o)),
        _ => false,
    };
    match pattern.leaf(node) {
        Leaf::Meta(meta) => meta.types.clone(),
        _ if number => {
            vec![TypeConstraint {
                base: "int".into(),
                rule: None,
                qualifiers: Vec::new(),
                stars: 0,
                arrays: 0,
                bits: None,
                span: Span::default(),
            }]
        }
        _ => Vec::new(),
    }
}

/// Whether a type is what an isomorphism wants: any pointer, or exactly that type.
fn is_kind_of(own: &TypeConstraint, wanted: &TypeConstraint) -> bool {
    let pointers = wanted.base.is_empty() && own.stars >= wanted.stars;
    own.arrays == wanted.arrays && (pointers || own.stars == wanted.stars && own.base == wanted.base)
}
