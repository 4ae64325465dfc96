//! The loop over the batch.
//!
//! In: the outer loop's body, and the array. Out: the loop that takes the elements in turn, if there is one;
//! loops that only release some of them are none. It refuses bodies with two such loops.
//!
//! Capability 1 (tests/README.md): loops in one form, cursors by induction.

use super::eval::unwrapped;
use super::piecewise::only_releases;
use super::refusal::{Refusal, RefusalCode};
use super::site::body_of;
use super::spec::WalkSpec;
use crate::syntax::scope::{DeclId, Scopes};
use crate::syntax::{Field, Kind, Node};

/// The innermost loop behind the acquisition that uses an element and does more than to release it; there may be
/// only one such loop.
pub(super) fn inner_loop<'t>(
    spec: &WalkSpec,
    body: &[Node<'t>],
    scopes: &Scopes<'t>,
    batch: DeclId,
    call: Node<'t>,
) -> Result<Option<Node<'t>>, Refusal> {
    let mut found: Option<Node<'t>> = None;
    let pointers = pointers_into(scopes, batch);
    let behind = body.iter().filter(|s| s.span().end > call.span().end);
    for looping in behind.flat_map(|s| s.descendants()).filter(|n| n.kind().is_loop()) {
        let of_array = |id: &DeclId| scopes.uses(*id).iter().any(|u| looping.encloses(*u));
        let uses_batch = of_array(&batch) || pointers.iter().any(of_array);
        let releases = is_drain(looping, scopes, batch) || only_releases(spec, looping, scopes, batch);
        if !uses_batch || looping.encloses(call) || releases {
            continue;
        }
        match found {
            // A drain of the rest inside the loop over the batch, or a chunk loop over one element.
            Some(outer) if outer.encloses(looping) => {}
            Some(_) => {
                let uses = looping.descendants().filter(|n| n.is(Kind::CallExpression));
                let place = uses.into_iter().find(|c| scopes.uses(batch).iter().any(|u| c.encloses(*u)));
                return Err(Refusal::new(
                    RefusalCode::PagesUsedAfterLoop,
                    place.unwrap_or(looping).span(),
                    "a second loop over the same batch does more than to release it",
                ));
            }
            None => found = Some(looping),
        }
    }
    Ok(found)
}

/// Variables that are made to point into the array.
fn pointers_into(scopes: &Scopes<'_>, batch: DeclId) -> Vec<DeclId> {
    let from_array = |n: Node<'_>| {
        let first = match n.kind() {
            Kind::BinaryExpression => n.child(Field::Left).unwrap_or(n),
            Kind::PointerExpression if n.operator() == Some("&") => {
                let element = n.child(Field::Argument).filter(|a| a.is(Kind::SubscriptExpression));
                element.and_then(|e| e.child(Field::Argument)).unwrap_or(n)
            }
            _ => n,
        };
        scopes.resolve(unwrapped(first)) == Some(batch)
    };
    let pointer = |id: &DeclId| *id != batch && scopes.declaration(*id).ty.is_pointer();
    let initialised =
        scopes.declarations().iter().filter(|d| d.initializer.is_some_and(from_array)).map(|d| d.id);
    let assigned = scopes.uses(batch).iter().filter_map(|used| {
        let assignment = used.ancestors().find(|a| a.is(Kind::AssignmentExpression))?;
        let value = assignment.child(Field::Right).filter(|r| from_array(*r));
        value.and_then(|_| scopes.resolve(assignment.child(Field::Left)?))
    });
    initialised.chain(assigned).filter(pointer).collect()
}

/// Whether a loop's body is a single call on an element: such a loop releases, or is judged as one.
pub(super) fn is_drain(looping: Node<'_>, scopes: &Scopes<'_>, batch: DeclId) -> bool {
    let statements: Vec<_> = body_of(looping).into_iter().filter(|s| !s.is(Kind::Comment)).collect();
    let [statement] = statements.as_slice() else { return false };
    let Some(call) = statement.child_of(Kind::CallExpression) else { return false };
    let arguments: Vec<_> =
        call.child(Field::Arguments).map(|a| a.named_children().collect()).unwrap_or_default();
    let [argument] = arguments.as_slice() else { return false };
    let pointed = argument.child(Field::Argument).map(|a| match a.kind() {
        Kind::UpdateExpression => a.child(Field::Argument).unwrap_or(a),
        _ => a,
    });
    match argument.kind() {
        Kind::SubscriptExpression => pointed.and_then(|a| scopes.resolve(a)) == Some(batch),
        Kind::PointerExpression => {
            let pointer = pointed.and_then(|a| scopes.resolve(a));
            argument.operator() == Some("*")
                && pointer.is_some_and(|p| pointers_into(scopes, batch).contains(&p))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::walk::testing::verdict;

    const LOOP: &str = "for (k = 0; got > 0; k++) {\n\t\t\tsize_t len = smaller(got, UNIT - off);\n\n\t\t\tsee(object, parts[k], off, len);\n\t\t\toff = 0;\n\t\t\tgot -= len;\n\t\t}";

    #[test]
    fn a_pointer_into_the_array_walks_it_too() {
        for start in ["parts", "&parts[0]", "(parts)", "parts + 0"] {
            let pointer = LOOP
                .replace("k = 0", &format!("p = {start}"))
                .replace("k++", "p++")
                .replace("parts[k]", "*p");
            assert_eq!(
                verdict(&[(LOOP, &pointer), ("int k, ret = 0;", "int ret = 0;\n\tstruct part **p;")]),
                "walk",
                "{start}"
            );
        }
    }

    #[test]
    fn a_second_loop_may_only_release() {
        let more = |call: &str| format!("{LOOP}\n\t\tfor (k = 0; k < 1; k++)\n\t\t\t{call};");
        let twice = format!(
            "{LOOP}\n\t\tfor (k = 0; k < 1; k++) {{\n\t\t\tcount(object);\n\t\t\tlast(parts[k]);\n\t\t}}"
        );
        assert!(verdict(&[(LOOP, &twice)]).starts_with("pages-used-after-loop"));
        assert!(!verdict(&[(LOOP, &more("drop_part(parts[k])"))]).starts_with("pages-used-after-loop"));
    }
}
