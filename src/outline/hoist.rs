//! A release that stands at the same place on both sides of a test moves in front of it.
//!
//! In: a walk. Out: the walk with `if (error) { release; stop; } release;` as `release; if (error) stop;`,
//! where the test looks at plain variables only and nothing in the arm needs the element.

use crate::syntax::{Field, Kind, Node};
use crate::walk::expressions::{first_match, looks_up};
use crate::walk::output::{Output, Piece, Spelling};
use crate::walk::site::statements_of;
use crate::walk::{Walk, WalkSpec};

/// Move every such release.
pub fn releases(spec: &WalkSpec, walk: &mut Walk<'_>) {
    for at in 1..walk.body.pieces.len() {
        let (Piece::Statement(test), Piece::Statement(release)) =
            (walk.body.pieces[at - 1].0, walk.body.pieces[at].0)
        else {
            continue;
        };
        if !is_release(spec, &walk.body, release) {
            continue;
        }
        let Some(inside) = released_first(spec, &walk.body, test) else { continue };
        walk.body.gone.insert(inside.id());
        walk.body.spellings.insert(inside.span(), Spelling::Gone);
        walk.body.pieces.swap(at - 1, at);
    }
}

/// `release(element);`
fn is_release(spec: &WalkSpec, body: &Output<'_>, statement: Node<'_>) -> bool {
    let Some(call) = statement.child_of(Kind::CallExpression) else { return false };
    let element = first_match(&spec.release, call).and_then(|b| b.get("x"));
    element.is_some_and(|x| body.spellings.get(&x.span()) == Some(&Spelling::Element))
}

/// The release at the beginning of the arm of such a test.
fn released_first<'t>(spec: &WalkSpec, body: &Output<'t>, test: Node<'t>) -> Option<Node<'t>> {
    let condition = test.child(Field::Condition).filter(|_| test.is(Kind::IfStatement))?;
    let arm = test.child(Field::Consequence).filter(|_| test.child(Field::Alternative).is_none())?;
    let needs_memory =
        |n: Node<'_>| looks_up(n) || matches!(n.kind(), Kind::AssignmentExpression | Kind::UpdateExpression);
    let spelling = |n: &Node<'_>| body.spellings.get(&n.span());
    let mut kept = statements_of(arm)
        .into_iter()
        .filter(|n| !n.is(Kind::Comment) && spelling(n) != Some(&Spelling::Gone));
    let first = kept.next()?;
    let released = spelling(&first) == Some(&Spelling::Release) || is_release(spec, body, first);
    let mut rest = kept.flat_map(|n| n.descendants());
    let plain = !condition.descendants().any(needs_memory);
    let independent = !rest.any(|n| spelling(&n) == Some(&Spelling::Element));
    (released && plain && independent).then_some(first)
}
