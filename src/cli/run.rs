//! What all subcommands that look for sites have in common.
//!
//! In: rules and a tree. Out: [`Found`]: a [`Site`] for everything that a rule spoke about, and what a series is made of.
//! Mistakes in the rules end the run before the tree is looked at.

use crate::diagnostic::{Diagnostic, Severity};
use crate::series::material::Material;
use crate::smpl;

use super::exit::{Exit, Failure};
use super::rules::RuleFolder;
use super::table::{Mark, Row};
use super::tree::Tree;

/// One place that a rule spoke about.
#[derive(Clone, Debug)]
pub(super) struct Site {
    /// The file.
    pub(super) path: String,
    /// The line, from 1.
    pub(super) line: usize,
    /// The function that holds it.
    pub(super) function: String,
    /// The rule.
    pub(super) rule: String,
    /// What became of it.
    pub(super) mark: Mark,
    /// The stable name of the reason; empty for a conversion.
    pub(super) code: String,
    /// The reason, in a sentence.
    pub(super) reason: String,
    /// What else a reader should know.
    pub(super) notes: Vec<String>,
}

/// What a run found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// By path, line and rule.
    pub(super) sites: Vec<Site>,
    /// What a series is made of.
    pub(super) material: Material,
    /// What was not read, in one line; empty when all was.
    pub(super) ledger: String,
    /// What a person should look at.
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Found {
    /// The sites as rows of the table.
    pub(super) fn rows(&self) -> Vec<Row> {
        let row = |site: &Site| Row {
            mark: site.mark,
            place: format!("{}:{}", site.path, site.line),
            function: site.function.clone(),
            rule: site.rule.clone(),
            reason: match (site.code.as_str(), site.reason.as_str()) {
                ("", reason) => reason.to_owned(),
                (code, "") => code.to_owned(),
                (code, reason) => format!("{code}: {reason}"),
            },
            notes: site.notes.clone(),
        };
        self.sites.iter().map(row).collect()
    }
}

/// Parse the rules; a mistake in any of them is a usage error that shows all of them.
pub(super) fn parse(folders: &[RuleFolder]) -> Result<Vec<smpl::RuleFile>, Failure> {
    let (mut files, mut diagnostics) = (Vec::new(), Vec::new());
    for rule in folders.iter().flat_map(|folder| &folder.rules) {
        let (file, told) = smpl::parse(rule);
        files.push(file);
        diagnostics.extend(told);
    }
    if diagnostics.iter().any(|d| d.severity == Severity::Error) {
        return Err(Failure::Told { exit: Exit::Usage, diagnostics });
    }
    Ok(files)
}

/// Look for sites.
pub(super) fn find(_tree: &Tree, folders: &[RuleFolder]) -> Result<Found, Failure> {
    parse(folders)?;
    Ok(Found::default())
}
