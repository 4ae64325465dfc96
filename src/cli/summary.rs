//! What is said around a result.
//!
//! In: what a run found. Out: the table of verdicts for standard output, and for standard error the diagnostics, how many
//! sites have which verdict, and what was not read.

use super::ledger;
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

/// Diagnostics, tally and coverage.
pub(super) fn closing(found: &Found, paint: Paint) -> String {
    let told = render::diagnostics(&found.outcome.diagnostics, paint);
    let (tally, coverage) = (table::tally(&found.rows()), ledger::summary(&found.outcome.coverage));
    format!("{told}{tally}; {coverage}\n")
}
