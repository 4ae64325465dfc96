//! The words and places that show a duty done.
//!
//! In: what a stage of recognition has found. Out: sentences and spans for a [`Proof`]. Nothing is judged
//! here: a function of this file is called where the check that it reports on has succeeded.
//!
//! Capability 22 (tests/README.md): obligations.

use super::control::Control;
use super::eval::Evaluator;
use super::exits::{End, Exit, known};
use super::expressions::{piece_size, same_text};
use super::obligations::{Duty, Proof};
use super::output::{Output, Piece, Target};
use super::site::Site;
use super::state::{State, Value};
use super::sym::Sign;
use super::total::{Limit, Total};
use crate::source::Span;
use crate::syntax::Node;
use crate::syntax::scope::Scopes;

/// `the loop goes on until …`, once the counter is known to count what was got.
pub(super) fn goes_on(proof: &mut Proof, scopes: &Scopes<'_>, total: &Total<'_>) {
    let mut reasons = Vec::new();
    if let Some(position) = total.position {
        reasons.push(format!("`{}` is zero", position.text()));
    }
    if let Some(counter) = total.counter {
        let name = scopes.declaration(counter.id).name;
        reasons.push(match counter.bound {
            Some(bound) => {
                format!("`{name}`, which goes up by what each acquisition got, is `{}`", bound.text())
            }
            None => format!("`{name}`, which goes down by what each acquisition got, is zero"),
        });
    }
    let flags = total.flags.iter().map(|id| format!("`{}` is set", scopes.declaration(*id).name));
    reasons.extend(flags);
    let asked =
        total.rest.iter().map(|n| format!("`{}`, which the callback asks, no longer holds", n.text()));
    reasons.extend(asked);
    let evidence = format!("it ends when {}", reasons.join(", or when "));
    proof.shown(Duty::GoesOn, evidence, vec![total.condition.span()]);
}

/// The invariants that one iteration carries on to the next, and where the piece's length is used.
pub(super) fn pieces(proof: &mut Proof, eval: &Evaluator<'_, '_>, generic: &Output<'_>, limit: Limit<'_>) {
    let unit = eval.spec.unit_name();
    let Some(inner) = eval.site.inner else {
        proof.shown(Duty::Cursors, "a batch is one element", vec![eval.site.call.span()]);
        let whole = "a batch of one element is one piece";
        proof.shown(Duty::Pieces, whole, vec![eval.site.call.span()]);
        return;
    };
    let invariants: Vec<String> = generic
        .invariants
        .iter()
        .map(|(id, sym)| format!("`{}` is {sym}", eval.scopes.declaration(*id).name))
        .collect();
    let carried = format!("by induction over the elements of a batch {}", invariants.join(", "));
    proof.shown(Duty::Cursors, carried, vec![inner.span()]);
    let size = piece_size();
    let is_size = |value: &Value| value.quantity().is_some_and(|sym| Some(sym) == size.as_ref());
    let tree = eval.site.function.tree();
    let uses: Vec<Node<'_>> =
        generic.uses.iter().filter(|(_, (v, _))| is_size(v)).map(|(id, _)| tree.node(*id)).collect();
    let mut names: Vec<String> = uses.iter().map(|n| format!("`{}`", n.text())).collect();
    names.sort();
    names.dedup();
    let cut = match limit {
        Limit::Free => "no limit cuts it",
        Limit::Bytes(_) | Limit::Taken(_) => "the limit on bytes is never below an element",
    };
    let evidence = match names.as_slice() {
        [] => format!("the body does not look at its length; {cut}"),
        _ => format!("{} is min({unit} - offset, what is left); {cut}", names.join(", ")),
    };
    let spans = if uses.is_empty() { vec![inner.span()] } else { spans(&uses) };
    proof.shown(Duty::Pieces, evidence, spans);
    if let (Limit::Taken(node), Some(most)) = (limit, eval.spec.unit_mostly) {
        let what =
            format!("`{}` is taken not to be below {unit}, which may be more than {most}", node.text());
        proof.left(Duty::Pieces, &what, node.span());
    }
}

/// Every use of the array and of the walked object was one that the walk has.
pub(super) fn uses(proof: &mut Proof, scopes: &Scopes<'_>, site: &Site<'_>) {
    let array = scopes.uses(site.batch);
    let name = scopes.declaration(site.batch).name;
    proof.shown(
        Duty::Array,
        format!("`{name}` is filled, indexed, released or freed at each of its {} uses", array.len()),
        spans(array),
    );
    let is_object = |n: &Node<'_>| same_text(*n, site.iter) && n.kind() == site.iter.kind();
    let object: Vec<Node<'_>> = site.outer.descendants().filter(is_object).collect();
    let what = format!(
        "each of the {} uses of `{}` in the loop belongs to the walk",
        object.len(),
        site.iter.text()
    );
    proof.shown(Duty::Object, what, spans(&object));
}

/// Where an early end leaves the object is looked at behind the loop.
pub(super) fn position_asked(proof: &mut Proof, asked: Option<Node<'_>>) {
    if let Some(place) = asked {
        let what =
            format!("`{}` looks at where an early end leaves it, which is elsewhere now", place.text());
        proof.left(Duty::Object, &what, place.span());
    }
}

/// How often the code drops the reference, on each way.
pub(super) fn references(proof: &mut Proof, site: &Site<'_>, exits: &[Exit<'_>], end: &State<'_>) {
    let who = |released: u32| if released == 0 { "by what it calls" } else { "by the code" };
    let mut parts = vec![format!("{} on a complete turn", who(end.released))];
    let mut spans = vec![site.inner.unwrap_or(site.outer).span()];
    for exit in exits.iter().filter(|e| !e.jump.before_acquire) {
        parts.push(format!("{} where line {} leaves", who(exit.state.released), line(exit.jump.node)));
        spans.push(exit.jump.node.span());
    }
    parts.dedup();
    proof.shown(Duty::References, format!("once: {}", parts.join(", ")), spans);
}

/// Each way out with what is known there.
pub(super) fn ways_out(
    proof: &mut Proof,
    scopes: &Scopes<'_>,
    exits: &[Exit<'_>],
    failed: Node<'_>,
    control: Option<Control>,
) {
    let mut parts = vec![format!("line {} when nothing is acquired", line(failed))];
    let mut spans = vec![failed.span()];
    for exit in exits {
        let (at, node) = (line(exit.jump.node), exit.jump.node);
        spans.push(node.span());
        let value = control.map(|c| (scopes.declaration(c.id).name, known(&exit.jump.state, c.id)));
        let value = match value {
            Some((name, (Sign::Negative, _))) => format!(" with `{name}` below zero"),
            Some((name, (Sign::Zero, _))) => format!(" with `{name}` zero"),
            Some((name, (Sign::NonZero, _))) => format!(" with `{name}` not zero"),
            Some((name, (_, Some(by)))) => format!(" with `{name}` set to `{}`", by.text()),
            _ => String::new(),
        };
        parts.push(match exit.end {
            End::GoesOn => format!("line {at} goes on with the next element"),
            End::Leaves(Target::Return(_)) => format!("line {at} leaves the function"),
            End::Leaves(Target::Label(label)) => format!("line {at} goes to `{label}`{value}"),
            End::Leaves(_) => format!("line {at} leaves the loop{value}"),
        });
    }
    proof.shown(Duty::WaysOut, parts.join(", "), spans);
}

/// Whether the helper's result says all that is looked at behind the loop.
pub(super) fn behind(proof: &mut Proof, scopes: &Scopes<'_>, site: &Site<'_>, control: Option<Control>) {
    let spans = vec![site.outer.span()];
    let Some(control) = control else {
        proof.shown(Duty::Behind, "no variable that the loop sets on its way out is read behind it", spans);
        return;
    };
    let name = scopes.declaration(control.id).name;
    let entered = if control.guarded {
        "the call stays under the loop's condition, so that the value from before is kept"
    } else {
        "a loop that is never entered leaves what cannot be told from the helper's 0"
    };
    proof.shown(Duty::Behind, format!("`{name}` is what the helper returns; {entered}"), spans);
}

/// What used to be done once per batch.
pub(super) fn per_batch(proof: &mut Proof, body: &Output<'_>, costly: &[Node<'_>]) {
    let statement = |n: &Node<'_>| format!("`{}`", n.text().lines().next().unwrap_or_default().trim());
    if !costly.is_empty() {
        let calls: Vec<String> = costly.iter().map(statement).collect();
        let evidence =
            format!("{} is done once per batch to save work; per element it costs more", calls.join(", "));
        proof.open(Duty::PerBatch, evidence, spans(costly));
        return;
    }
    let work: Vec<Node<'_>> = body.per_batch.iter().map(|(n, _)| *n).collect();
    let evidence = match work.as_slice() {
        [] => "nothing is done per batch".to_owned(),
        _ => format!(
            "without effect or mere accounting: {}",
            work.iter().map(statement).collect::<Vec<_>>().join(", ")
        ),
    };
    proof.shown(Duty::PerBatch, evidence, spans(&work));
}

/// What was looked up once per batch, and may change while its elements are walked.
pub(super) fn looked_up(proof: &mut Proof, values: &[Node<'_>]) {
    for value in values {
        let what = format!(
            "`{}` is looked up once per batch; per element it is another value if what the element calls changes it",
            value.text()
        );
        proof.left(Duty::PerBatch, &what, value.span());
    }
}

/// What the whole batch was added to before an element ended the walk.
pub(super) fn added_early(proof: &mut Proof, sums: &[Node<'_>]) {
    for sum in sums {
        let what = format!(
            "`{}` used to add the whole batch before its elements were walked; where one of them ends the walk, it now adds no more than was walked up to there",
            sum.text()
        );
        proof.left(Duty::Behind, &what, sum.span());
    }
}

/// What ends the walk within what was a batch.
pub(super) fn stops(proof: &mut Proof, tests: &[Node<'_>]) {
    for test in tests {
        let what = format!(
            "`{}` is asked behind each element, and the rest of its batch is no longer walked before the walk ends",
            test.text()
        );
        proof.left(Duty::WaysOut, &what, test.span());
    }
}

/// Where the body itself stops at what ends the loop, which is taken not to change in between.
pub(super) fn asked_in_body(proof: &mut Proof, total: &Total<'_>, body: &Output<'_>) {
    let asked_at_end =
        |n: &&Node<'_>| body.pieces.iter().any(|(p, _)| matches!(p, Piece::GoesOn(g) if g == *n));
    let known: Vec<&Node<'_>> = total.rest.iter().filter(|n| !asked_at_end(n)).collect();
    if known.is_empty() {
        return;
    }
    let texts: Vec<String> = known.iter().map(|n| format!("`{}`", n.text())).collect();
    let evidence = format!(
        "the body stops when {} no longer holds; dropping references and moving back are taken not to change that",
        texts.join(" or ")
    );
    proof.open(Duty::GoesOn, evidence, known.iter().map(|n| n.span()).collect());
}

/// Pieces of the body that are statements, for those who look at each of them.
pub fn moved<'t>(body: &Output<'t>) -> Vec<Node<'t>> {
    body.pieces.iter().flat_map(|(piece, _)| piece.nodes()).collect()
}

fn spans(nodes: &[Node<'_>]) -> Vec<Span> {
    nodes.iter().map(|n| n.span()).collect()
}

fn line(node: Node<'_>) -> usize {
    node.tree().source().line_column(node.span()).line
}
