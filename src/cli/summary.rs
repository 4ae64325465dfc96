//! What is said around a result.
//!
//! In: what a run found. Out: the table of verdicts for standard output, and for standard error the diagnostics, how many
//! sites have which verdict, and what was not read.

use super::render;
use super::run::Found;
use super::table;
use super::terminal::Paint;

/// The table, with an empty line after it; nothing when there is no site.
pub(super) fn verdicts(found: &Found, paint: Paint) -> String {
    let mut text = table::table(&found.rows(), paint);
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// Diagnostics, tally and ledger.
pub(super) fn closing(found: &Found, paint: Paint) -> String {
    let mut text = render::diagnostics(&found.diagnostics, paint);
    text.push_str(&table::tally(&found.rows()));
    if !found.ledger.is_empty() {
        text.push_str("; ");
        text.push_str(&found.ledger);
    }
    text.push('\n');
    text
}
