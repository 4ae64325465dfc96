//! Tests behind or in front of a batch that end the walk, and are asked for each element now.
//!
//! In: the ways out, and the variables that make the rest of a batch do nothing once they are not zero. Out:
//! the tests that used to let the rest of the batch be walked: a person has to look at them. It refuses a
//! variable that one element sets and another one overwrites before it is looked at.

use super::eval::{Evaluator, unwrapped};
use super::exits::{End, Exit};
use super::expressions::{looks_up, same_text};
use super::induct::is_count;
use super::output::{Output, Piece, Target};
use super::refusal::{Refusal, RefusalCode};
use super::room::keeps_batches_whole;
use super::state::State;
use super::sym::{Atom, Sym};
use super::total::Total;
use super::usage::leaves;
use crate::flow::access::accesses;
use crate::syntax::scope::DeclId;
use crate::syntax::{Field, Kind, Node};

/// Tests that end the walk within what was a batch.
pub(super) fn within_batches<'t>(
    eval: &Evaluator<'_, 't>,
    total: &Total<'t>,
    body: &Output<'t>,
    exits: &[Exit<'t>],
    (generic, end): (&Output<'t>, &State<'t>),
) -> Result<Vec<Node<'t>>, Refusal> {
    let Some(inner) = eval.site.inner else { return Ok(Vec::new()) };
    let settling = &generic.settling;
    let told = |id: &DeclId| settling.contains(id) || generic.invariants.iter().any(|(known, _)| known == id);
    let overwritten = |id: DeclId| {
        let sets = accesses(inner, eval.scopes).iter().any(|a| a.decl == id && a.may_define());
        sets && !settling.contains(&id)
    };
    if let Some(id) = total.flags.iter().find(|id| overwritten(**id)) {
        return Err(not_stopped(eval, *id, total.condition));
    }
    let asked = body.pieces.iter().filter_map(|(piece, _)| match piece {
        Piece::GoesOn(condition)
            if !keeps_batches_whole(eval, *condition, true) && !is_room(eval, *condition, end) =>
        {
            Some(*condition)
        }
        _ => None,
    });
    let mut out: Vec<Node<'t>> = asked.collect();
    let behind = |exit: &&Exit<'t>| {
        let jump = exit.jump.node;
        !exit.jump.before_acquire
            && exit.jump.target != Target::BehindInner
            && jump.span().start >= inner.span().end
    };
    for exit in exits.iter().filter(behind) {
        let around = exit.jump.node.ancestors().take_while(|n| *n != eval.site.outer);
        let Some(test) = around.filter_map(|n| n.child(Field::Condition)).map(unwrapped).next() else {
            continue;
        };
        let asked: Vec<DeclId> = accesses(test, eval.scopes).iter().map(|a| a.decl).collect();
        let plain = !test.descendants().any(looks_up);
        if !asked.is_empty() && plain && asked.iter().all(told) {
            continue;
        }
        if let Some(id) = asked.iter().find(|id| plain && overwritten(**id) && is_assigned(eval, inner, **id))
        {
            return Err(not_stopped(eval, *id, test));
        }
        out.push(test);
    }
    let in_front = exits.iter().filter(|exit| exit.jump.before_acquire && matches!(exit.end, End::Leaves(_)));
    for exit in in_front {
        let around = exit.jump.node.ancestors().take_while(|n| *n != eval.site.outer);
        let test = around.filter_map(|n| n.child(Field::Condition)).map(unwrapped).next();
        out.extend(test.filter(|test| !keeps_batches_whole(eval, *test, false)));
    }
    Ok(out)
}

/// `used < room`, where a batch that holds more elements than `room - used` is not walked.
fn is_room<'t>(eval: &Evaluator<'_, 't>, condition: Node<'t>, end: &State<'t>) -> bool {
    let (left, right) = (condition.child(Field::Left), condition.child(Field::Right));
    let (Some(left), Some(right)) = (left, right) else { return false };
    let (used, room) = match condition.operator() {
        Some("<" | "!=") => (left, right),
        Some(">") => (right, left),
        _ => return false,
    };
    let counts = |n: Node<'_>| {
        let value = eval.scopes.resolve(n).map(|id| end.value(id));
        value.is_some_and(|v| v.quantity().is_some_and(|sym| is_count(sym, &Sym::atom(Atom::Count))))
    };
    let too_many = |test: Node<'t>| {
        let asked = test.child(Field::Condition).map(unwrapped).filter(|c| c.operator() == Some(">"));
        let sides = asked.and_then(|c| Some((c.child(Field::Left)?, c.child(Field::Right)?)));
        let Some((sum, most)) = sides.map(|(a, b)| (unwrapped(a), unwrapped(b))) else { return false };
        let (Some(a), Some(b)) = (sum.child(Field::Left), sum.child(Field::Right)) else { return false };
        sum.operator() == Some("+")
            && same_text(most, room)
            && (same_text(a, used) && counts(b) || same_text(b, used) && counts(a))
            && test.child(Field::Consequence).is_some_and(leaves)
    };
    let before_inner = |n: &Node<'t>| {
        n.is(Kind::IfStatement) && eval.site.inner.is_some_and(|inner| n.span().end <= inner.span().start)
    };
    eval.site.body.iter().filter(|n| before_inner(n)).any(|n| too_many(*n))
}

/// Whether something else than a sum of its own goes into a variable.
fn is_assigned(eval: &Evaluator<'_, '_>, inner: Node<'_>, id: DeclId) -> bool {
    eval.scopes.uses(id).iter().any(|used| {
        let assigned = used.parent().filter(|p| p.child(Field::Left) == Some(*used));
        inner.encloses(*used) && assigned.and_then(Node::operator) == Some("=")
    })
}

fn not_stopped(eval: &Evaluator<'_, '_>, id: DeclId, place: Node<'_>) -> Refusal {
    let name = eval.scopes.declaration(id).name;
    let sentence = format!(
        "`{name}` is looked at behind the batch only: another element may have overwritten what one element has set"
    );
    Refusal::new(RefusalCode::ErrorChannels, place.span(), sentence)
}

#[cfg(test)]
mod tests {
    use crate::walk::testing::verdict_of_limited;

    /// Whether a test in front of the acquisition is told of, with what limits the acquisition and what the body does.
    fn is_told(limit: &str, in_front: &str, body: &str) -> bool {
        let verdict = verdict_of_limited(limit, in_front, body);
        assert!(verdict.starts_with("walk"), "{verdict}");
        verdict.contains("N23")
    }

    #[test]
    fn what_was_asked_for_once_per_batch_is_told() {
        let test = "if (used >= 8)\n\t\t\treturn -EFBIG;";
        assert!(is_told("16", test, "used++"));
        assert!(!is_told("16", test, ""), "nothing changes what it asks");
        assert!(!is_told("8 - used", test, "used++"), "a batch has no more than it asks for");
    }
}
