//! What a way out of the loop has to tell the code behind the call.
//!
//! In: where a way out leads, and where a complete walk and a failed acquisition lead. Out: whether it can
//! be told as one of those two, so that no error has to be passed on.
//!
//! Capability 10 (tests/README.md): failures and stops told apart.

use crate::syntax::scope::{DeclId, Scopes};
use crate::syntax::{Field, Kind, Node};
use crate::walk::Walk;
use crate::walk::behind::{lands_behind, return_behind};
use crate::walk::eval::{is_error_name, unwrapped};
use crate::walk::exits::Exit;
use crate::walk::output::{Spelling, Target};
use crate::walk::site::statements_of;

/// What is returned for a stop that the failure arm deals with, if that has no constant of its own.
const SOME_ERROR: &str = "-EIO";

/// A way out on which is done what the failure arm does.
#[derive(Clone, Debug)]
pub struct LikeFailure<'t> {
    /// What the failure arm does behind the call, so that it is not done here.
    pub done_there: Vec<Node<'t>>,
    /// Something below zero.
    pub value: &'t str,
}

/// Whether what stands behind the loop is only `return control;`.
pub fn returns_control(walk: &Walk<'_>, scopes: &Scopes<'_>) -> bool {
    let value = return_behind(walk.site.outer).and_then(|n| n.named_children().next());
    let control = walk.control.map(|c| c.id);
    let is_control = |n: Option<Node<'_>>| {
        n.and_then(|n| scopes.resolve(unwrapped(n))).is_some_and(|id| Some(id) == control)
    };
    // Also `control < 0 ? control : …`, `control ? control : …` and `control ?: …`: it is returned where it is an error.
    value.is_some_and(|v| {
        let test = v.child(Field::Condition).map(unwrapped);
        let below = test.is_some_and(|t| t.operator() == Some("<") && is_control(t.child(Field::Left)));
        let error = below || is_control(test);
        let then = v.child(Field::Consequence);
        let passed = is_control(then) || then.is_none() && !below;
        is_control(Some(v)) || v.is(Kind::ConditionalExpression) && error && passed
    })
}

/// Whether a way out does and leaves what a failed acquisition does and leaves.
pub fn like_failure<'t>(
    walk: &Walk<'t>,
    scopes: &Scopes<'t>,
    exit: &Exit<'t>,
    target: Target<'t>,
) -> Option<LikeFailure<'t>> {
    let same_place = match (target, walk.failure.target) {
        (Target::Return(a), Target::Return(b)) => a.map(Node::squeezed) == b.map(Node::squeezed),
        (Target::Label(a), Target::Label(b)) if a == b => true,
        (a, b) => lands_behind(walk.site.outer, a) && lands_behind(walk.site.outer, b),
    };
    let arm = walk.failure.arm.arm;
    let of_batch = |id: DeclId| [walk.site.got, walk.site.offset, walk.site.batch].contains(&id);
    if !same_place || arm.descendants().any(|n| scopes.resolve(n).is_some_and(of_batch)) {
        return None;
    }
    let mut wanted = plain_statements(arm);
    wanted.pop();
    let done: Vec<Node<'t>> = match exit.jump.node.parent().filter(|p| p.is(Kind::CompoundStatement)) {
        Some(block) => plain_statements(block)
            .into_iter()
            .take_while(|n| *n != exit.jump.node)
            .filter(|n| {
                let spelling = walk.body.spellings.get(&n.span());
                !matches!(spelling, Some(Spelling::Gone | Spelling::Release))
            })
            .collect(),
        None => Vec::new(),
    };
    let first = done.len().checked_sub(wanted.len())?;
    let done_there = done[first..].to_vec();
    let alike = done_there.iter().zip(&wanted).all(|(a, b)| a.squeezed() == b.squeezed());
    let named = wanted.iter().flat_map(|n| n.descendants()).find(|n| is_error_name(*n));
    alike.then(|| LikeFailure { done_there, value: named.map_or(SOME_ERROR, |n| n.text()) })
}

fn plain_statements(node: Node<'_>) -> Vec<Node<'_>> {
    statements_of(node).into_iter().filter(|n| !n.is(Kind::Comment)).collect()
}

#[cfg(test)]
mod tests {
    use crate::outline::testing::{converted, refused};
    use crate::walk::testing::changed;

    const DRAINS: &str = "if (full(object)) {
				while (++k < n)
					drop_part(parts[k]);
				WAY
			}
			off = 0;";

    fn leaving(way: &str, failure: &str) -> String {
        let drains = DRAINS.replace("WAY", way);
        let count = ("for (k = 0;", "int n = (got + off + UNIT - 1) / UNIT;\n\n\t\tfor (k = 0;");
        changed(&[count, ("off = 0;", &drains), ("return got;", failure)])
    }

    #[test]
    fn an_error_of_the_body_is_returned_as_it_was() {
        let same = converted(&leaving("return -EIO;", "return got;"));
        assert!(same.contains("\tif (full(object))\n\t\treturn -EIO;"), "{same}");
        assert!(same.contains("if (err < 0)\n\t\treturn err;"), "{same}");
    }

    #[test]
    fn a_failure_that_leads_elsewhere_is_told_by_its_value() {
        let told = converted(&leaving("return -EIO;", "return -ENODEV;"));
        assert!(told.contains("if (err == -EIO)\n\t\treturn err;"), "{told}");
        assert_eq!(refused(&leaving("return object->error;", "return -ENODEV;")), "error-channels");
    }
}
