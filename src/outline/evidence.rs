//! The words and places that show the duties of a conversion done.
//!
//! In: captures, macros and the dispatch, once they were found in order. Out: entries of a [`Proof`].
//!
//! Capability 22 (tests/README.md): obligations.

use super::captures::{Captures, Passing};
use super::ways_out::{Dispatch, Ending, Value};
use crate::source::Span;
use crate::syntax::scope::Scopes;
use crate::syntax::{Kind, Node};
use crate::walk::evidence::moved;
use crate::walk::{Duty, Proof, Walk};

/// How each captured variable reaches the callback.
pub(super) fn captured(proof: &mut Proof, walk: &Walk<'_>, scopes: &Scopes<'_>, captures: &Captures) {
    let how = |passing| match passing {
        Passing::Value => "by value",
        Passing::Field => "as a field that is read again behind the call",
        Passing::Address => "by address",
        Passing::Array => "as a pointer to its first element",
        Passing::Moved => "by moving into the context",
    };
    let mut parts: Vec<String> = captures
        .passed
        .iter()
        .map(|c| format!("`{}` {}", scopes.declaration(c.id).name, how(c.passing)))
        .collect();
    let own = captures.own.iter().map(|id| format!("`{}` as its own local", scopes.declaration(*id).name));
    parts.extend(own);
    let again = captures.constants.iter();
    parts.extend(again.map(|id| format!("`{}` as a constant of its own", scopes.declaration(*id).name)));
    let evidence =
        if parts.is_empty() { "it uses nothing of the function".to_owned() } else { parts.join(", ") };
    let declared = |id| scopes.declaration(id).ident.span();
    let mut spans: Vec<Span> = captures.passed.iter().map(|c| declared(c.id)).collect();
    spans.extend(captures.own.iter().map(|id| declared(*id)));
    if spans.is_empty() {
        spans.push(walk.site.outer.span());
    }
    proof.shown(Duty::Captures, evidence, spans);
}

/// Where a failed acquisition and a stop go behind the call.
pub(super) fn dispatched(
    proof: &mut Proof,
    walk: &Walk<'_>,
    dispatch: &Dispatch<'_>,
    endings: &[Ending<'_>],
) {
    let evidence = match dispatch {
        Dispatch::Nothing => "nobody looks at how the walk ended".to_owned(),
        Dispatch::ToControl => "both go on behind the loop, with the helper's result".to_owned(),
        Dispatch::ReturnResult => "both return the helper's result".to_owned(),
        Dispatch::Goto(label) => format!("both go to `{label}` with the helper's result"),
        Dispatch::FailureArm(_) => "both take the arm of the failure".to_owned(),
        Dispatch::ByValue { values, .. } => {
            format!("{} is never the error of an acquisition", values.join(", "))
        }
    };
    let stand_ins = endings.iter().filter_map(|e| match e.value {
        Value::Failed(value) => Some((value, e.jump.span())),
        _ => None,
    });
    let (values, spans): (Vec<&str>, Vec<Span>) = stand_ins.unzip();
    if values.is_empty() {
        proof.shown(Duty::ErrorChannel, evidence, vec![walk.failure.arm.test.span()]);
    } else {
        let evidence = format!("{evidence}; to get there the callback returns {}", values.join(", "));
        proof.open(Duty::ErrorChannel, evidence, spans);
    }
}

/// What the moved code names that could mean something else elsewhere.
pub(super) fn scope(proof: &mut Proof, walk: &Walk<'_>) {
    let pieces = moved(&walk.body);
    let regions = |n: &Node<'_>| matches!(n.kind(), Kind::PreprocIf | Kind::PreprocIfdef);
    let inside: usize = pieces.iter().map(|n| n.descendants().filter(regions).count()).sum();
    let evidence = format!(
        "{} statements were read in full; no macro of the file in them jumps or names a local; {inside} conditional \
         regions lie whole in them",
        pieces.len()
    );
    proof.shown(Duty::Scope, evidence, pieces.iter().map(|n| n.span()).collect());
}
