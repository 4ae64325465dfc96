//! The result of a dry run for programs.
//!
//! In: what a run found. Out: one JSON document, the same bytes for the same input. Its fields are only ever added to.

use serde::Serialize;

use super::run::{Found, Site};

#[derive(Serialize)]
struct Document<'a> {
    version: &'static str,
    base: &'a str,
    sites: Vec<SiteEntry<'a>>,
    not_read: &'a str,
    diff: String,
}

#[derive(Serialize)]
struct SiteEntry<'a> {
    path: &'a str,
    line: usize,
    function: &'a str,
    rule: &'a str,
    verdict: &'static str,
    code: &'a str,
    reason: &'a str,
    notes: &'a [String],
}

/// The document, ending in a newline. Bytes of the diff that are not UTF-8 are replaced.
pub(super) fn document(found: &Found, base: &str, diff: &[u8]) -> String {
    let document = Document {
        version: env!("CARGO_PKG_VERSION"),
        base,
        sites: found.sites.iter().map(entry).collect(),
        not_read: &found.ledger,
        diff: String::from_utf8_lossy(diff).into_owned(),
    };
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn entry(site: &Site) -> SiteEntry<'_> {
    SiteEntry {
        path: &site.path,
        line: site.line,
        function: &site.function,
        rule: &site.rule,
        verdict: site.mark.word(),
        code: &site.code,
        reason: &site.reason,
        notes: &site.notes,
    }
}
