//! The ledger of a run, for people and for programs.
//!
//! In: a [`Coverage`]. Out: one line of text, the places that were not looked at, or the whole as an entry of a JSON
//! document.

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Severity};
use crate::syntax::coverage::{Coverage, NotLookedAt, OpaquePlace, SkipReason, SkippedFile};
use crate::syntax::ledger::Cause;

/// The ledger in one line.
pub(super) fn summary(coverage: &Coverage) -> String {
    let mut text = format!(
        "{} of {} a word of the rules, {} read",
        coverage.candidates(),
        count(coverage.files, "file holds", "files hold"),
        count(coverage.functions(), "function", "functions")
    );
    if coverage.partial() > 0 {
        text.push_str(&format!(", {} of them in part", coverage.partial()));
    }
    if !coverage.not_looked_at.is_empty() {
        let words = count(coverage.not_looked_at.len(), "place of such a word", "places of such a word");
        text.push_str(&format!(", {words} not looked at"));
    }
    if coverage.unreadable() > 0 {
        text.push_str(&format!(", {} unreadable", count(coverage.unreadable(), "file", "files")));
    }
    text
}

/// A number with its noun.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Every place where a word of a rule stands in code that was not read.
pub(super) fn not_looked_at(coverage: &Coverage) -> Vec<Diagnostic> {
    let told = |place: &NotLookedAt| {
        let what = format!(
            "{}:{}: `{}` was not looked at: {}",
            place.path,
            place.at.line,
            place.word,
            why(place.cause)
        );
        Diagnostic::new(Severity::Warning, "not-looked-at", what)
    };
    coverage.not_looked_at.iter().map(told).collect()
}

/// Every place that was not read, whatever stands there.
pub(super) fn not_read(coverage: &Coverage) -> Vec<Diagnostic> {
    let told = |place: &OpaquePlace| {
        let lines = count(place.lines, "line", "lines");
        let what = format!("{}:{}: {lines} not read: {}", place.path, place.at.line, place.cause.sentence());
        Diagnostic::new(Severity::Warning, "opaque", what)
    };
    coverage.opaque.iter().map(told).collect()
}

/// Why the code around a word was not read.
fn why(cause: Option<Cause>) -> &'static str {
    cause.map_or("it stands in the body of a macro", Cause::sentence)
}

/// The ledger as JSON; fields are only ever added.
#[derive(Serialize)]
pub(super) struct Ledger<'a> {
    files: usize,
    candidates: usize,
    functions: usize,
    partial: usize,
    unreadable: usize,
    not_looked_at: usize,
    complete: bool,
    read: Vec<ReadEntry<'a>>,
    opaque: Vec<OpaqueEntry<'a>>,
    skipped: Vec<SkippedEntry<'a>>,
    unseen: Vec<UnseenEntry<'a>>,
}

#[derive(Serialize)]
struct ReadEntry<'a> {
    path: &'a str,
    bytes: usize,
    functions: usize,
    partial: usize,
}

#[derive(Serialize)]
struct OpaqueEntry<'a> {
    path: &'a str,
    line: usize,
    column: usize,
    lines: usize,
    function: &'a str,
    why: &'static str,
}

#[derive(Serialize)]
struct SkippedEntry<'a> {
    path: &'a str,
    why: &'a str,
}

#[derive(Serialize)]
struct UnseenEntry<'a> {
    path: &'a str,
    line: usize,
    column: usize,
    word: &'a str,
    why: &'static str,
}

impl<'a> Ledger<'a> {
    /// All of `coverage`.
    pub(super) fn of(coverage: &'a Coverage) -> Self {
        let read = coverage.read.iter().map(|file| ReadEntry {
            path: &file.path,
            bytes: file.bytes,
            functions: file.functions,
            partial: file.partial,
        });
        Self {
            files: coverage.files,
            candidates: coverage.candidates(),
            functions: coverage.functions(),
            partial: coverage.partial(),
            unreadable: coverage.unreadable(),
            not_looked_at: coverage.not_looked_at.len(),
            complete: coverage.is_complete(),
            read: read.collect(),
            opaque: coverage.opaque.iter().map(opaque).collect(),
            skipped: coverage.skipped.iter().map(skipped).collect(),
            unseen: coverage.not_looked_at.iter().map(unseen).collect(),
        }
    }
}

fn opaque(place: &OpaquePlace) -> OpaqueEntry<'_> {
    OpaqueEntry {
        path: &place.path,
        line: place.at.line,
        column: place.at.column,
        lines: place.lines,
        function: &place.function,
        why: place.cause.sentence(),
    }
}

fn skipped(file: &SkippedFile) -> SkippedEntry<'_> {
    let why = match &file.why {
        SkipReason::Unreadable(why) => why.as_str(),
        SkipReason::OverTime => "the rules took too long",
        SkipReason::Library => "the rules put their helper there",
        SkipReason::NoPlainFile(what) => what,
    };
    SkippedEntry { path: &file.path, why }
}

fn unseen(place: &NotLookedAt) -> UnseenEntry<'_> {
    UnseenEntry {
        path: &place.path,
        line: place.at.line,
        column: place.at.column,
        word: &place.word,
        why: why(place.cause),
    }
}
