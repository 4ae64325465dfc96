//! What had to be shown of a walk, and what shows it.
//!
//! In: what recognition found. Out: an [`Obligation`] for each thing that had to be shown.

use super::exits::Exit;
use super::output::Output;
use super::site::Site;
use super::total::Total;
use crate::source::Span;
use crate::syntax::Node;

/// One fact that had to be shown, and what shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obligation {
    /// Its short name, `O1` to `O12`.
    pub name: &'static str,
    /// What had to be shown.
    pub what: &'static str,
    /// What shows it.
    pub evidence: String,
    /// Where the evidence stands.
    pub spans: Vec<Span>,
}

/// What was shown of a walk.
pub(super) fn obligations<'t>(
    site: &Site<'t>,
    total: &Total<'t>,
    body: &Output<'t>,
    exits: &[Exit<'t>],
    releases: bool,
) -> Vec<Obligation> {
    let one = |name, what, evidence: String, node: Node<'_>| Obligation {
        name,
        what,
        evidence,
        spans: vec![node.span()],
    };
    let inner = site.inner.unwrap_or(site.outer);
    let cursors = match site.inner {
        Some(_) => "index, offset and remainder are carried from one iteration to the next",
        None => "a batch is one element",
    };
    let released = if releases {
        "the code drops the reference once on every path"
    } else {
        "what the body calls takes the reference on every path"
    };
    vec![
        one(
            "O1",
            "the loop goes on until all is walked",
            format!("while {}", total.condition.text()),
            total.condition,
        ),
        one("O2", "cursors move over the pieces in order", cursors.to_owned(), inner),
        one(
            "O3",
            "a piece ends with the element or with the batch",
            "min(unit - offset, remaining)".to_owned(),
            inner,
        ),
        one("O4", "each reference is dropped once", released.to_owned(), inner),
        one(
            "O5",
            "the array does not escape",
            "it is filled, indexed, released and freed only".to_owned(),
            site.call,
        ),
        one(
            "O6",
            "the body leaves the iterator alone",
            format!("no use of {} but the walk's own", site.iter.text()),
            site.outer,
        ),
        one("O7", "every way out is understood", format!("{} ways out", exits.len()), site.outer),
        one(
            "O9",
            "work per batch may be done per element",
            format!("{} statements", body.per_batch.len()),
            site.outer,
        ),
    ]
}
