//! What all subcommands that look for sites have in common.
//!
//! In: rules and a tree. Out: [`Found`]: what the engine found, as rows of the table and as what a series is made of.
//! Mistakes in the rules end the run before the tree is looked at.

use crate::diagnostic::{Diagnostic, Severity};
use crate::engine::{self, Level, Outcome, Rules, Site, Verdict};
use crate::series::material::{Conversion, Deed, Introduction, Material, Untouched};
use crate::series::repo::Skipped;
use crate::smpl::RuleFile;
use crate::syntax::coverage::{Coverage, SkipReason};
use crate::walk::{RefusalCode, Status};

use super::args::{LevelWish, SmplArguments, TreeArguments};
use super::commit::CommitFiles;
use super::exit::{Exit, Failure};
use super::rules::RuleFolder;
use super::table::{Mark, Row};
use super::tree::Tree;
use super::{macros, smpl_options};

/// What a run found.
#[derive(Debug)]
pub(super) struct Found {
    /// As the engine gave it.
    pub(super) outcome: Outcome,
    /// What a series is made of.
    pub(super) material: Material,
}

/// The rules of one folder, understood.
pub(super) struct Understood {
    name: String,
    rules: Rules,
}

/// Understand the rules; a mistake in any of them is a usage error that shows all of them.
pub(super) fn understand(
    folders: &[RuleFolder],
    arguments: &SmplArguments,
) -> Result<Vec<Understood>, Failure> {
    let (options, mut diagnostics) = smpl_options::options(arguments);
    let mut parsed = Vec::new();
    for folder in folders {
        let (files, told) = folder.parsed();
        diagnostics.extend(told);
        parsed.push(files);
    }
    let all: Vec<&RuleFile> = parsed.iter().flatten().collect();
    diagnostics.extend(smpl_options::undeclared(&options, &all));
    let mut understood = Vec::new();
    for (folder, files) in folders.iter().zip(&parsed) {
        let snippet = |name: &str| folder.beside(name).map(|file| file.text().to_owned());
        let (rules, told) = Rules::understand(files, &snippet, &options);
        diagnostics.extend(told);
        understood.push(Understood { name: folder.name.clone(), rules });
    }
    if diagnostics.iter().any(|told| told.severity == Severity::Error) {
        return Err(Failure::Told { exit: Exit::Usage, diagnostics });
    }
    Ok(understood)
}

/// Look for sites, rule by rule.
pub(super) fn find(tree: &Tree, rules: &[Understood], arguments: &TreeArguments) -> Result<Found, Failure> {
    let macros = macros::known(&arguments.macros)?;
    let files = CommitFiles::new(&tree.repository, &tree.snapshot, macros)?;
    let mut found = Found { outcome: Outcome::default(), material: Material::default() };
    for one in rules {
        let wanted = &tree.wanted;
        let outcome = engine::with_threads(arguments.jobs, || {
            engine::run(&one.rules, &files, &|path| wanted.holds(path), arguments.level.into())
        });
        let errors = outcome.diagnostics.iter().filter(|told| told.severity == Severity::Error);
        let diagnostics: Vec<Diagnostic> = errors.cloned().collect();
        if !diagnostics.is_empty() {
            return Err(Failure::Told { exit: Exit::Usage, diagnostics });
        }
        found.add(&one.name, outcome, arguments.level);
    }
    found.outcome.coverage.merge(no_plain_files(tree));
    found.outcome.sites.sort_by(|a, b| (a.file.path(), a.span).cmp(&(b.file.path(), b.span)));
    Ok(found)
}

/// Entries of the tree that have a name of C and are no plain files.
fn no_plain_files(tree: &Tree) -> Coverage {
    let mut coverage = Coverage::default();
    let is_c = |path: &str| path.ends_with(".c") || path.ends_with(".h");
    for file in tree.snapshot.skipped.iter().filter(|file| is_c(&file.path) && tree.wanted.holds(&file.path))
    {
        let what = match file.why {
            Skipped::SymbolicLink => "a symbolic link",
            Skipped::Submodule => "a submodule",
            Skipped::NameNotUtf8 => "its name is not UTF-8",
        };
        coverage.add(Coverage::skipped(file.path.as_str(), SkipReason::NoPlainFile(what)));
    }
    coverage
}

impl Found {
    /// Add what the rules called `rule` found.
    fn add(&mut self, rule: &str, mut outcome: Outcome, level: LevelWish) {
        for introduction in &outcome.introductions {
            self.material.introductions.push(Introduction {
                helper: introduction.helper.clone(),
                message: introduction.message.join("\n\n"),
                files: introduction.files.clone(),
            });
        }
        for site in &mut outcome.sites {
            rule.clone_into(&mut site.rule);
            self.add_site(site, level);
        }
        self.outcome.sites.append(&mut outcome.sites);
        self.outcome.diagnostics.append(&mut outcome.diagnostics);
        self.outcome.coverage.merge(outcome.coverage);
    }

    fn add_site(&mut self, site: &Site, level: LevelWish) {
        match &site.verdict {
            Verdict::Converted(converted) if converted.level <= level.into() => {
                self.material.conversions.push(Conversion {
                    rule: site.rule.clone(),
                    deed: Deed::Calls(converted.helper.clone()),
                    message: converted.message.join("\n\n"),
                    file: site.file.clone(),
                    function: converted.function.clone(),
                    edits: converted.edits.clone(),
                    notes: converted.notes.iter().map(|(_, text)| text.clone()).collect(),
                });
            }
            Verdict::Rewritten(rewritten) => self.material.conversions.push(Conversion {
                rule: site.rule.clone(),
                deed: Deed::Says(rewritten.summary.clone()),
                message: rewritten.message.join("\n\n"),
                file: site.file.clone(),
                function: site.function.clone(),
                edits: rewritten.edits.clone(),
                notes: Vec::new(),
            }),
            _ => self.material.untouched.push(Untouched {
                path: site.file.path().to_owned(),
                function: site.function.clone(),
                reason: reason(site),
            }),
        }
    }

    /// The sites as rows of the table.
    pub(super) fn rows(&self) -> Vec<Row> {
        let row = |site: &Site| Row {
            mark: mark(site),
            place: format!("{}:{}", site.file.path(), site.line()),
            function: site.function.clone(),
            rule: site.rule.clone(),
            reason: match &site.verdict {
                Verdict::Refused(refusal) => format!("{}: {}", refusal.code.name(), refusal.sentence),
                Verdict::Converted(_) => open_facts(site),
                Verdict::Rewritten(rewritten) => rewritten.summary.clone(),
            },
            notes: notes(site),
        };
        self.outcome.sites.iter().map(row).collect()
    }
}

/// What a person has to look at before the site may be converted.
fn open_facts(site: &Site) -> String {
    let open = site.obligations.iter().filter(|o| o.status == Status::Open);
    open.map(|o| format!("{}: {}", o.duty.name(), o.evidence)).collect::<Vec<_>>().join("; ")
}

/// The sentences of a site's notes.
pub(super) fn notes(site: &Site) -> Vec<String> {
    match &site.verdict {
        Verdict::Converted(converted) => converted.notes.iter().map(|(_, text)| text.clone()).collect(),
        Verdict::Refused(_) | Verdict::Rewritten(_) => Vec::new(),
    }
}

/// The word for what became of a site.
pub(super) fn mark(site: &Site) -> Mark {
    match &site.verdict {
        Verdict::Converted(converted) if converted.level == Level::Review => Mark::Review,
        Verdict::Converted(converted) if converted.notes.is_empty() => Mark::Safe,
        Verdict::Converted(_) => Mark::Notes,
        Verdict::Rewritten(_) => Mark::Rewritten,
        Verdict::Refused(refusal) if refusal.code == RefusalCode::NotUnderstood => Mark::NotUnderstood,
        Verdict::Refused(_) => Mark::Refuse,
    }
}

/// Why a site stays as it is.
fn reason(site: &Site) -> String {
    match &site.verdict {
        Verdict::Refused(refusal) => refusal.sentence.clone(),
        Verdict::Rewritten(rewritten) => rewritten.summary.clone(),
        Verdict::Converted(_) => format!("it can be converted if a person agrees: {}", open_facts(site)),
    }
}

/// Why a run ends before anything is written, if it does.
pub(super) fn finding(found: &Found, arguments: &TreeArguments) -> Option<(Exit, &'static str)> {
    if arguments.strict && !found.outcome.coverage.is_complete() {
        return Some((Exit::Unread, "not everything was read, and --strict was given"));
    }
    found.material.conversions.is_empty().then_some((Exit::Findings, "there is nothing to convert"))
}
