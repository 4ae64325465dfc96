//! Does an expression of the code have the form that a clause writes?
//!
//! In: a [`Pattern`] that is one expression, and a node. Out: the nodes that the metavariables stand for.
//! The matcher does it; a clause's metavariables inherit nothing, so that the environment is empty at the
//! start.
//!
//! Capability 3 (tests/README.md): what functions do, as data and from their code.

use crate::matcher::{Environment, match_node};
use crate::smpl::pattern::Pattern;
use crate::syntax::Node;

/// What metavariables stand for.
#[derive(Clone, Debug)]
pub struct Bindings<'t> {
    environment: Environment,
    /// A node of the tree that the bound nodes belong to.
    around: Node<'t>,
}

impl<'t> Bindings<'t> {
    /// What a metavariable stands for.
    pub fn get(&self, name: &str) -> Option<Node<'t>> {
        let id = self.environment.get(name)?.node?;
        Some(self.around.tree().node(id))
    }
}

/// Match an expression.
pub fn matches<'t>(pattern: &Pattern, node: Node<'t>) -> Option<Bindings<'t>> {
    let environment = match_node(pattern, node, &Environment::default())?;
    Some(Bindings { environment, around: node })
}

#[cfg(test)]
mod tests {
    use crate::walk::testing::verdict;

    #[test]
    fn casts_and_blanks_do_not_hide_a_call() {
        assert_eq!(
            verdict(&[(
                "take_batch(iter, parts, ~0UL, 16, &off)",
                "take_batch( iter,\n\t\t\t(parts), ~0UL,\n\t\t\t16, &off )"
            )]),
            "walk"
        );
        assert_eq!(verdict(&[("&off)", "&object->off)")]), "array-escapes at object->off");
    }
}
