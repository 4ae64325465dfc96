//! The result of a run for programs.
//!
//! In: what a run found, and the series that was made of it. Out: one JSON document, the same bytes for the same input. Its fields are only ever added to.

use serde::Serialize;

use crate::engine::{Converted, Site, Verdict};
use crate::source::{SourceFile, Span};
use crate::walk::Obligation;

use super::ledger::Ledger;
use super::run::{self, Found};

#[derive(Serialize)]
struct Document<'a> {
    version: &'static str,
    base: &'a str,
    sites: Vec<SiteEntry<'a>>,
    coverage: Ledger<'a>,
    diff: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<Made>,
}

/// A series that was made.
#[derive(Serialize)]
pub(super) struct Made {
    pub(super) commits: usize,
    pub(super) tip: String,
    /// The files of the mails.
    pub(super) mails: Vec<String>,
}

#[derive(Serialize)]
struct SiteEntry<'a> {
    path: &'a str,
    line: usize,
    column: usize,
    function: &'a str,
    rule: &'a str,
    verdict: &'static str,
    refusal: Option<RefusalEntry<'a>>,
    notes: Vec<NoteEntry<'a>>,
    obligations: Vec<ObligationEntry<'a>>,
}

#[derive(Serialize)]
struct RefusalEntry<'a> {
    code: &'static str,
    sentence: &'a str,
    place: String,
}

#[derive(Serialize)]
struct NoteEntry<'a> {
    name: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct ObligationEntry<'a> {
    name: &'static str,
    what: &'static str,
    status: &'static str,
    evidence: &'a str,
    places: Vec<String>,
}

/// The document, ending in a newline. Bytes of the diff that are not UTF-8 are replaced.
pub(super) fn document(found: &Found, base: &str, diff: &[u8], series: Option<Made>) -> String {
    let document = Document {
        version: env!("CARGO_PKG_VERSION"),
        base,
        sites: found.outcome.sites.iter().map(site).collect(),
        coverage: Ledger::of(&found.outcome.coverage),
        diff: String::from_utf8_lossy(diff).into_owned(),
        series,
    };
    pretty(&document)
}

/// A document as text, ending in a newline.
pub(super) fn pretty(document: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

fn site(site: &Site) -> SiteEntry<'_> {
    let (refusal, converted) = match &site.verdict {
        Verdict::Refused(refusal) => (Some(refusal), None),
        Verdict::Converted(converted) => (None, Some(converted.as_ref())),
        Verdict::Rewritten(_) => (None, None),
    };
    SiteEntry {
        path: site.file.path(),
        line: site.line(),
        column: site.file.line_column(site.span).column,
        function: &site.function,
        rule: &site.rule,
        verdict: run::mark(site).word(),
        refusal: refusal.map(|refusal| RefusalEntry {
            code: refusal.code.name(),
            sentence: &refusal.sentence,
            place: place(&site.file, refusal.span),
        }),
        notes: converted.map(notes).unwrap_or_default(),
        obligations: obligations(&site.file, &site.obligations),
    }
}

fn notes(converted: &Converted) -> Vec<NoteEntry<'_>> {
    converted.notes.iter().map(|(name, text)| NoteEntry { name, text }).collect()
}

fn obligations<'a>(file: &SourceFile, obligations: &'a [Obligation]) -> Vec<ObligationEntry<'a>> {
    let entry = |obligation: &'a Obligation| ObligationEntry {
        name: obligation.duty.name(),
        what: obligation.duty.what(),
        status: obligation.status.word(),
        evidence: &obligation.evidence,
        places: obligation.spans.iter().map(|span| place(file, *span)).collect(),
    };
    obligations.iter().map(entry).collect()
}

/// `path:line:column`.
fn place(file: &SourceFile, span: Span) -> String {
    format!("{}:{}", file.path(), file.line_column(span))
}
