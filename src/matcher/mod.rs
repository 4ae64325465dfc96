//! Patterns against code: environments, node against node, paths against the control flow.
//!
//! In: a [`Pattern`] and a [`Node`] of code. Out: an [`Environment`] that says what every metavariable is bound to and
//! which bytes every token of the rule stands for. A place that does not match is silent.

pub mod arms;
pub mod attribute;
pub mod canonical;
pub mod constraint;
pub mod declaration;
pub mod directive;
pub mod binding;
pub mod environment;
pub mod first;
pub mod format;
pub mod formula;
pub mod graph;
pub mod ground;
pub mod iso;
pub mod kinds;
pub mod list;
pub mod macros;
pub mod miss;
pub mod need;
mod nest;
pub mod node;
pub mod noted;
pub mod operand;
pub mod search;
mod sized;
pub mod solve;
pub mod translate;
pub mod typing;
pub mod words;

pub use binding::{Binding, Place};
pub use canonical::canonical;
pub use environment::Environment;
pub use ground::Ground;
pub use miss::{Disagreement, Miss, Sought, nearest_miss, sought};
pub use need::Need;
pub use node::Matcher;
pub use search::{Found, Search, search};

use crate::smpl::pattern::Pattern;
use crate::syntax::Node;

/// The first way in which `node` matches a pattern of one node, if any.
pub fn match_node(pattern: &Pattern, node: Node<'_>, environment: &Environment) -> Option<Environment> {
    match_all(pattern, node, environment).into_iter().next()
}

/// All ways in which `node` matches a pattern of one node.
pub fn match_all(pattern: &Pattern, node: Node<'_>, environment: &Environment) -> Vec<Environment> {
    let Some(root) = pattern.single() else { return Vec::new() };
    Matcher::new(pattern).node(root, node, environment)
}

/// The first way in which a row of sibling statements matches a pattern of statements, dots skipping any number.
pub fn match_statements(
    pattern: &Pattern,
    nodes: &[Node<'_>],
    environment: &Environment,
) -> Option<Environment> {
    let roots: Vec<_> = pattern.roots().collect();
    Matcher::new(pattern).items(&roots, nodes, environment).into_iter().next()
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod properties;
