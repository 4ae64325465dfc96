//! `vedalia apply`: run a rule file of Coccinelle's language on files.
//!
//! In: a rule file, C files or directories. Out: a diff on standard output as `spatch` prints it, or changed files; on
//! standard error what went wrong and what was read. Files do not influence each other, and come in the same order
//! whatever the number of threads. It refuses before it starts: mistakes in the rules, paths that do not exist.

mod alias;
mod arguments;
mod config;
mod document;
mod patch;
mod rules;
mod spelling;
mod targets;
mod write;

use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Severity};
use crate::engine::apply::{Handled, Ran, Work, before_files, over_files};
use crate::engine::with_threads;
use crate::script::{self, ReportKind};
use crate::source::SourceFile;
use crate::syntax::coverage::{Coverage, SkipReason};
use crate::syntax::{Headers, Included, MacroKnowledge};

use super::args::FormatWish;
use super::exit::{Exit, Failure, Outcome};
use super::terminal::Terminal;
use super::{ledger, macros, render};

pub(super) use alias::{as_typed, spatch};
pub(super) use arguments::ApplyArguments;

use document::Became;
use patch::{Lines, Paths, Style, without_marked_lines};
use rules::Ready;
use targets::Targets;
use write::Destination;

/// Whose habits are followed where they differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habits {
    /// Ours: files named one by one have `a/` and `b/` before them in the diff; scripts run when that is allowed.
    Own,
    /// Those of `spatch`.
    Spatch,
}

/// Do it.
pub(super) fn run(arguments: &ApplyArguments, habits: Habits, terminal: &Terminal) -> Outcome {
    refused(arguments)?;
    let without_effect = without_effect(arguments);
    terminal.tell(&render::diagnostics(&without_effect, terminal.err));
    let rule = rules::path(arguments)?;
    let ready = rules::ready(&rule, arguments)?;
    terminal.tell(&render::diagnostics(&ready.warnings, terminal.err));
    if !arguments.result.very_quiet {
        terminal.tell(&render::diagnostics(headers_not_read(arguments, &ready).as_slice(), terminal.err));
    }
    if arguments.rules.parse_cocci {
        terminal.print(&description(&ready))?;
        return Ok(Exit::Done);
    }
    let targets = targets::targets(&arguments.files, &rule, habits)?;
    if arguments.running.selected_only {
        return selected(&ready, &targets, arguments, terminal);
    }
    let destination = Destination::of(&arguments.result);
    if matches!(destination, Destination::File(_)) && targets.files.len() > 1 {
        let told = format!("-o takes the result of one file, and there are {}", targets.files.len());
        return Err(Failure::new(Exit::Usage, Diagnostic::error("several-results", told)));
    }
    let mut report = Report {
        terminal,
        arguments,
        habits,
        style: style(arguments, &ready, &targets, habits),
        ready: &ready,
        destination,
        targets: &targets,
        tally: Tally::default(),
        result: (arguments.result.format == FormatWish::Json).then(document::Result::default),
        lost: None,
    };
    report.over_all_files()?;
    report.end()
}

/// Options with which other code would be read: to go on without them would give another result than was asked for.
fn refused(arguments: &ApplyArguments) -> Result<(), Failure> {
    const REFUSED: &[(&str, &str)] = &[("--c++", "files are read as C; what is no C is told and left alone")];
    let given = |(name, _): &&(&str, &str)| arguments.running.without_effect.iter().any(|o| o == name);
    let told = |(name, help): &(&str, &str)| {
        Diagnostic::error("not-supported", format!("`{name}` is not supported")).help(*help)
    };
    let diagnostics: Vec<Diagnostic> = REFUSED.iter().filter(given).map(told).collect();
    if diagnostics.is_empty() { Ok(()) } else { Err(Failure::Told { exit: Exit::Usage, diagnostics }) }
}

/// List the files that the rules may concern.
fn selected(ready: &Ready, targets: &Targets, arguments: &ApplyArguments, terminal: &Terminal) -> Outcome {
    for at in 0..targets.files.len() {
        match read(targets, at) {
            Ok(source) if !ready.program.prefilter().may_concern(source.bytes()) => {}
            Ok(_) if arguments.result.very_quiet => {}
            Ok(source) => terminal.tell(&format!("selected {}\n", source.path())),
            Err(told) => terminal.tell(&render::diagnostics(&[told], terminal.err)),
        }
    }
    Ok(Exit::Done)
}

fn without_effect(arguments: &ApplyArguments) -> Vec<Diagnostic> {
    let told = |option: &String| {
        Diagnostic::new(
            Severity::Warning,
            "no-effect",
            format!("`{option}` is not supported and has no effect"),
        )
    };
    arguments.running.without_effect.iter().map(told).collect()
}

/// A warning where headers were asked for and matter: a rule asks for the types of expressions.
fn headers_not_read(arguments: &ApplyArguments, ready: &Ready) -> Option<Diagnostic> {
    let asked = arguments.running.about_headers.iter().map(String::as_str);
    let mut asked: Vec<&str> = asked.filter(|option| included_by(option).is_none()).collect();
    asked.sort_unstable();
    asked.dedup();
    let mut metavariables = ready.file.rules().flat_map(|rule| &rule.metavariables);
    if asked.is_empty() || arguments.reading.no_includes || !metavariables.any(|m| !m.types.is_empty()) {
        return None;
    }
    let message = "only headers that the files include are read for types: an expression whose type another one tells matches no typed metavariable";
    let told = Diagnostic::new(Severity::Warning, "headers-not-read", message);
    Some(told.help(format!("without effect: {}", asked.join(", "))))
}

/// Which headers an option of Coccinelle lets tell the types.
fn included_by(option: &str) -> Option<Included> {
    match option {
        "--local-includes" => Some(Included::Local),
        "--all-includes" => Some(Included::Direct),
        "--recursive-includes" => Some(Included::All),
        _ => None,
    }
}

/// The headers that say what macros are, unless they are not to be read.
fn headers(arguments: &ApplyArguments, ready: &Ready) -> Option<Headers<'static>> {
    let known = ready.options.macros.clone().map_or_else(|| MacroKnowledge::shipped().clone(), Arc::new);
    let reading = &arguments.reading;
    (!reading.no_includes).then(|| macros::headers(known, &reading.include_directories, &reading.include))
}

/// How diffs are printed.
fn style(arguments: &ApplyArguments, ready: &Ready, targets: &Targets, habits: Habits) -> Style {
    let from = arguments.result.patch.as_ref().map(PathBuf::from).or_else(|| targets.folder.clone());
    let paths = match (from, habits) {
        (Some(folder), _) => Paths::Below(folder),
        (None, Habits::Own) => Paths::Below(PathBuf::from(".")),
        (None, Habits::Spatch) => Paths::Bare,
    };
    let lines = if ready.program.is_context() { Lines::Marked } else { Lines::Changed };
    Style { paths, lines, context: arguments.result.unified }
}

/// What `--parse-cocci` prints.
fn description(ready: &Ready) -> String {
    let names = ready.file.rules().map(|rule| rule.header.name.as_deref().unwrap_or("(no name)"));
    let names: Vec<&str> = names.collect();
    format!("{}: {} rules: {}\n", ready.file.source.path(), names.len(), names.join(", "))
}

/// What happened so far.
#[derive(Clone, Debug, Default)]
struct Tally {
    changed: usize,
    matched: usize,
    coverage: Coverage,
    unwritten: usize,
    /// Files on which something of the rules failed.
    failed: usize,
}

/// Tells what becomes of the files, one after the other.
struct Report<'a> {
    terminal: &'a Terminal,
    arguments: &'a ApplyArguments,
    habits: Habits,
    style: Style,
    ready: &'a Ready,
    destination: Destination,
    targets: &'a Targets,
    tally: Tally,
    /// What is to be printed as one document.
    result: Option<document::Result>,
    /// Why standard output cannot be written to any more.
    lost: Option<io::Error>,
}

impl Report<'_> {
    fn over_all_files(&mut self) -> Result<(), Failure> {
        let (ready, targets) = (self.ready, self.targets);
        let headers = headers(self.arguments, ready);
        let work = Work {
            program: &ready.program,
            options: &ready.options,
            files: targets.files.len(),
            headers: headers.as_ref(),
        };
        let jobs = self.arguments.running.jobs.and_then(NonZeroUsize::new);
        self.tally.coverage.files = targets.files.len();
        let last = with_threads(jobs, || {
            let broken = |told| Failure::new(Exit::Usage, told);
            self.said(&before_files(&work).map_err(broken)?)?;
            let last =
                over_files(&work, &|at| read(targets, at), &mut |at, handled| match self.take(at, handled) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(error) => {
                        self.lost = Some(error);
                        ControlFlow::Break(())
                    }
                });
            last.map_err(broken)
        })?;
        Ok(self.said(&last)?)
    }

    /// Print what scripts printed.
    fn said(&mut self, reports: &[script::Report]) -> io::Result<()> {
        if let Some(result) = &mut self.result {
            result.reports(reports);
            return Ok(());
        }
        for report in reports {
            match report.kind {
                ReportKind::Error => self.terminal.tell(&report.text),
                ReportKind::Report | ReportKind::Org | ReportKind::Print => {
                    self.terminal.print(&report.text)?;
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, at: usize, handled: Handled) -> io::Result<()> {
        match handled {
            Handled::Passed => Ok(()),
            Handled::Unreadable(diagnostic) => {
                let path = self.targets.files[at].display().to_string();
                let why = SkipReason::Unreadable(diagnostic.message.clone());
                self.tally.coverage.add(Coverage::skipped(path, why));
                self.tell(&[diagnostic]);
                Ok(())
            }
            Handled::Ran(ran) => self.ran(at, &ran),
        }
    }

    fn ran(&mut self, at: usize, ran: &Ran) -> io::Result<()> {
        let Ran { source, applied } = ran;
        let path = &self.targets.files[at];
        self.tally.coverage.add(applied.coverage.clone());
        self.tell(&ledger::not_looked_at(&applied.coverage));
        if self.arguments.result.verbose_parsing {
            self.tell(&ledger::not_read(&applied.coverage));
        }
        self.said(&applied.reports)?;
        self.tell(&applied.diagnostics);
        self.tally.failed +=
            usize::from(applied.diagnostics.iter().any(|one| one.severity == Severity::Error));
        self.tally.matched += usize::from(!applied.matched.is_empty());
        let new = match self.style.lines {
            Lines::Marked => without_marked_lines(source, &applied.stars),
            Lines::Changed => applied.after.clone(),
        };
        let changed = new != source.bytes();
        self.tally.changed += usize::from(changed);
        if let Some(result) = &mut self.result {
            let matched = applied.matched.iter().cloned().collect();
            let became = Became { path: source.path(), changed, matched, diagnostics: &applied.diagnostics };
            result.file(became);
        }
        let visible = self.arguments.result.force_diff || !only_space_differs(source.bytes(), &new);
        if changed && visible && !self.arguments.result.no_show_diff {
            let diff = self.style.diff(path, source.bytes(), &new);
            match &mut self.result {
                Some(result) => result.diff(&diff),
                None => self.terminal.print_bytes(&diff)?,
            }
        }
        if changed
            && self.style.lines == Lines::Changed
            && let Err(diagnostic) = self.destination.put(path, source.bytes(), &new)
        {
            self.tally.unwritten += 1;
            self.tell(&[diagnostic]);
        }
        Ok(())
    }

    fn tell(&self, diagnostics: &[Diagnostic]) {
        self.terminal.tell(&render::diagnostics(diagnostics, self.terminal.err));
    }

    fn end(self) -> Outcome {
        if let Some(error) = self.lost {
            return Err(Failure::Output(error));
        }
        let Tally { changed, matched, coverage, unwritten, failed } = &self.tally;
        if let Some(result) = &self.result {
            self.terminal.print(&result.document(coverage))?;
        }
        if !self.arguments.result.very_quiet {
            let word = if self.style.lines == Lines::Marked { "marked" } else { "changed" };
            let files = ledger::count(*changed, "file", "files");
            self.terminal.tell(&format!("{files} {word}; {}\n", ledger::summary(coverage)));
        }
        if let Destination::File(path) = &self.destination
            && *changed == 0
        {
            let told = format!("nothing changes; `{}` was not written", path.display());
            self.tell(&[Diagnostic::new(Severity::Note, "no-change", told)]);
        }
        let result = &self.arguments.result;
        Ok(if *unwritten > 0 {
            Exit::Write
        } else if *failed > 0 && (self.habits == Habits::Own || self.targets.folder.is_none()) {
            Exit::Usage
        } else if result.strict && !coverage.is_complete() {
            Exit::Unread
        } else if result.exit_code && *matched > 0 {
            Exit::Findings
        } else {
            Exit::Done
        })
    }
}

fn read(targets: &Targets, at: usize) -> Result<SourceFile, Diagnostic> {
    let path = &targets.files[at];
    let shown = path.to_string_lossy().into_owned();
    match fs::read(path) {
        Ok(bytes) => Ok(SourceFile::new(shown, bytes)),
        Err(error) => Err(Diagnostic::error("unreadable", format!("cannot read `{shown}`: {error}"))),
    }
}

/// Whether two texts have the same characters but for white space: Coccinelle does not show such changes.
fn only_space_differs(old: &[u8], new: &[u8]) -> bool {
    let ink =
        |text: &[u8]| text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<u8>>();
    ink(old) == ink(new)
}
