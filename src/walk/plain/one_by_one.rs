//! Walks that take one element at a time.
//!
//! In: a call that gives the next element. Out: the walk, if the call is the condition of a loop over a
//! local variable and the walk is begun and ended around it.

use super::recognise::{Ground, PlainWalk, statement_match};
use crate::matcher::Environment;
use crate::syntax::{Field, Kind, Node};
use crate::walk::eval::unwrapped;
use crate::walk::obligations::{Duty, Proof};
use crate::walk::site::statements_of;
use crate::walk::{Refusal, RefusalCode};

pub(super) fn one_by_one<'t>(
    ground: &Ground<'_, 't>,
    env: Environment,
    proof: &mut Proof,
) -> Result<PlainWalk<'t>, Refusal> {
    let looping = ground.looping()?;
    let own = ground.local(&env, "iter")?;
    let assignment = ground.call.parent().filter(|p| {
        p.is(Kind::AssignmentExpression)
            && p.operator() == Some("=")
            && p.child(Field::Right) == Some(ground.call)
    });
    let element = assignment.and_then(|a| ground.scopes().resolve(a.child(Field::Left)?));
    let condition =
        looping.child(Field::Condition).map(unwrapped).filter(|_| looping.is(Kind::WhileStatement));
    let heads = condition.is_some_and(|c| Some(c) == assignment || is_not_null(c, assignment));
    let (Some(element), true) = (element, heads) else {
        let sentence = "the loop does not go on exactly as long as there is an element";
        return Err(ground.refuse(RefusalCode::NotUnderstood, ground.call, sentence));
    };
    let (begin, skips, env) = ground.begin(looping, own, &env)?;
    let behind =
        std::iter::successors(looping.next_sibling(), |n| n.next_sibling()).find(|n| !n.is(Kind::Comment));
    let end = behind.filter(|n| ground.spec.end.iter().any(|p| statement_match(p, *n, &env).is_some()));
    if end.is_none() && !ground.spec.end.is_empty() {
        let sentence = "the walk is not ended right behind its loop";
        return Err(ground.refuse(RefusalCode::NotUnderstood, behind.unwrap_or(looping), sentence));
    }
    let mut known = vec![ground.call.span()];
    known.extend(begin.iter().chain(&end).map(|n| n.span()));
    ground.used_only_in(own, looping, &known, RefusalCode::IteratorUsedInBody)?;
    let statements = looping.child(Field::Body).map(statements_of).unwrap_or_default();
    let cursor = "the helper makes the same call for each element";
    proof.shown(Duty::Cursors, cursor, vec![ground.call.span()]);
    proof.shown(Duty::PerBatch, "nothing is done but for an element", vec![looping.span()]);
    let walk = PlainWalk {
        call: ground.call,
        looping,
        begin,
        end,
        statements,
        element: Some(element),
        elements: Vec::new(),
        skips,
        env,
    };
    ground.prove(proof, &walk);
    Ok(walk)
}

/// `(x = next()) != NULL`
fn is_not_null(condition: Node<'_>, assignment: Option<Node<'_>>) -> bool {
    let side = |field| condition.child(field).map(unwrapped);
    let null = side(Field::Right).is_some_and(|n| n.is(Kind::Null) || matches!(n.text(), "NULL" | "0"));
    condition.is(Kind::BinaryExpression)
        && condition.operator() == Some("!=")
        && null
        && side(Field::Left).is_some_and(|left| Some(left) == assignment)
}
