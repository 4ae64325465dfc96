//! Does an expression of the code have the form that a clause writes?
//!
//! In: a [`Pattern`] that is one expression, and a node. Out: what each metavariable stands for. Matching is by
//! structure: white space, comments and parentheses do not matter. This is the part of pattern matching that a walk's
//! clauses need, where a metavariable is bound once and nothing is inherited.

use super::eval::unwrapped;
use super::expressions::same_text;
use crate::smpl::pattern::{Leaf, Pattern};
use crate::smpl::{MetaKind, Metavariable};
use crate::syntax::{Kind, Node};
use std::collections::BTreeMap;

/// What metavariables stand for.
#[derive(Clone, Debug, Default)]
pub struct Bindings<'t> {
    bound: BTreeMap<String, Node<'t>>,
}

impl<'t> Bindings<'t> {
    /// What a metavariable stands for.
    pub fn get(&self, name: &str) -> Option<Node<'t>> {
        self.bound.get(name).copied()
    }
}

/// Match an expression.
pub fn matches<'t>(pattern: &Pattern, node: Node<'t>) -> Option<Bindings<'t>> {
    let mut bindings = Bindings::default();
    matches_node(pattern, pattern.single()?, node, &mut bindings).then_some(bindings)
}

fn matches_node<'t>(pattern: &Pattern, p: Node<'_>, node: Node<'t>, bindings: &mut Bindings<'t>) -> bool {
    let p = unwrapped(p);
    if let Leaf::Meta(metavariable) = pattern.leaf(p) {
        return bind(metavariable, unwrapped(node), bindings);
    }
    let node = unwrapped(node);
    if is_type(p.kind()) && is_type(node.kind()) && p.is_leaf() && node.is_leaf() {
        return pattern.text_of(p) == node.text();
    }
    if p.kind() != node.kind() {
        return false;
    }
    if p.is_leaf() || node.is_leaf() {
        return p.is_leaf() && node.is_leaf() && pattern.text_of(p) == node.text();
    }
    let meaningful = |n: &Node<'_>| !n.is(Kind::Comment);
    let ours: Vec<_> = p.children().filter(meaningful).collect();
    let theirs: Vec<_> = node.children().filter(meaningful).collect();
    ours.len() == theirs.len()
        && ours.iter().zip(&theirs).all(|(a, b)| matches_node(pattern, *a, *b, bindings))
}

fn is_type(kind: Kind) -> bool {
    matches!(kind, Kind::TypeArgument | Kind::TypeDescriptor | Kind::TypeIdentifier | Kind::PrimitiveType)
}

fn bind<'t>(metavariable: &Metavariable, node: Node<'t>, bindings: &mut Bindings<'t>) -> bool {
    let fits = match metavariable.kind {
        MetaKind::Identifier => node.is(Kind::Identifier),
        MetaKind::Type => is_type(node.kind()) || node.is(Kind::Identifier),
        MetaKind::Constant => matches!(
            node.kind(),
            Kind::NumberLiteral | Kind::CharLiteral | Kind::StringLiteral | Kind::Identifier | Kind::Null
        ),
        _ => node.kind().is_expression() || is_type(node.kind()),
    };
    if !fits {
        return false;
    }
    match bindings.get(&metavariable.name) {
        Some(bound) => same_text(bound, node),
        None => {
            bindings.bound.insert(metavariable.name.clone(), node);
            true
        }
    }
}
