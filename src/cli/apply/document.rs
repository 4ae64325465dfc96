//! The result of `vedalia apply` for programs.
//!
//! In: what became of the files, one after the other. Out: one JSON document at the end. Its fields are only ever added
//! to.

use serde::Serialize;

use crate::cli::json;
use crate::cli::ledger::Ledger;
use crate::diagnostic::Diagnostic;
use crate::script::Report;
use crate::syntax::coverage::Coverage;

/// What is in the document besides the ledger.
#[derive(Debug, Default, Serialize)]
pub(super) struct Result {
    files: Vec<FileEntry>,
    /// What scripts printed.
    reports: Vec<String>,
    /// Bytes that are not UTF-8 are replaced.
    diff: String,
}

/// A file that a rule matched in, or that something was said about.
#[derive(Debug, Serialize)]
struct FileEntry {
    path: String,
    changed: bool,
    matched: Vec<String>,
    diagnostics: Vec<DiagnosticEntry>,
}

#[derive(Debug, Serialize)]
struct DiagnosticEntry {
    code: String,
    message: String,
}

#[derive(Serialize)]
struct Document<'a> {
    version: &'static str,
    #[serde(flatten)]
    result: &'a Result,
    coverage: Ledger<'a>,
}

/// What became of one file.
pub(super) struct Became<'a> {
    pub(super) path: &'a str,
    pub(super) changed: bool,
    pub(super) matched: Vec<String>,
    pub(super) diagnostics: &'a [Diagnostic],
}

impl Result {
    /// Take in a file.
    pub(super) fn file(&mut self, became: Became<'_>) {
        if became.changed || !became.matched.is_empty() || !became.diagnostics.is_empty() {
            let told = |one: &Diagnostic| DiagnosticEntry {
                code: one.code.to_string(),
                message: one.message.clone(),
            };
            self.files.push(FileEntry {
                path: became.path.to_owned(),
                changed: became.changed,
                matched: became.matched,
                diagnostics: became.diagnostics.iter().map(told).collect(),
            });
        }
    }

    /// Take in what scripts printed.
    pub(super) fn reports(&mut self, reports: &[Report]) {
        self.reports.extend(reports.iter().map(|report| report.text.clone()));
    }

    /// Take in a piece of the diff.
    pub(super) fn diff(&mut self, diff: &[u8]) {
        self.diff.push_str(&String::from_utf8_lossy(diff));
    }

    /// The document, ending in a newline.
    pub(super) fn document(&self, coverage: &Coverage) -> String {
        json::pretty(&Document {
            version: env!("CARGO_PKG_VERSION"),
            result: self,
            coverage: Ledger::of(coverage),
        })
    }
}
