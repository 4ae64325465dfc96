//! `vedalia verify --exec`: run a site's function against its conversion.
//!
//! In: a place in a tree, and rules that come with a model. Out: whether the two versions behave alike on so many inputs,
//! and everything that had to be made up to run them. The programs are built in a temporary directory, or in the one of
//! `--keep`, which stays. It refuses sites that are not converted, and rules without a model.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Severity};
use crate::edit::EditSet;
use crate::engine::{self, Converted, Files as _, Site, Verdict};
use crate::source::SourceFile;
use crate::syntax::Coverage;
use crate::verify::play::{self, Ending, Figures, MadeUp, Played};
use crate::walk::model::Model;

use super::args::{FormatWish, VerifyArguments};
use super::commit::CommitFiles;
use super::exit::{Exit, Failure, Outcome};
use super::explain::place;
use super::ledger::Ledger;
use super::terminal::Terminal;
use super::tree::{self, Tree};
use super::{json, ledger, macros, render, rules, run};

/// Do it.
pub(super) fn run(arguments: &VerifyArguments, terminal: &Terminal) -> Outcome {
    let (path, line) = place(&arguments.exec)?;
    let folders = rules::load(&tree::rule_names(&arguments.tree))?;
    let rules = run::understand(&folders, &arguments.tree.smpl)?;
    let tree = Tree::open(&arguments.tree, &[path.to_owned()])?;
    let found = run::find(&tree, &rules, &arguments.tree)?;
    let coverage = &found.outcome.coverage;
    terminal.tell(&render::diagnostics(&ledger::not_looked_at(coverage), terminal.err));
    terminal.tell(&format!("{}\n", ledger::summary(coverage)));
    if let Some((exit @ Exit::Unread, _)) = run::finding(&found, &arguments.tree) {
        return Ok(exit);
    }
    let site = found.outcome.sites.iter().find(|site| site.line() == line).ok_or_else(|| {
        let lines: Vec<String> = found.outcome.sites.iter().map(|site| site.line().to_string()).collect();
        let told = Diagnostic::error("no-site", format!("no rule speaks about {path}:{line}"));
        Failure::new(
            Exit::Usage,
            match lines.as_slice() {
                [] => told.help(format!("{path} has no site of these rules")),
                _ => told.help(format!("sites of {path} are at line {}", lines.join(", "))),
            },
        )
    })?;
    let Verdict::Converted(converted) = &site.verdict else {
        let told = Diagnostic::error("not-converted", format!("the site at {path}:{line} is not converted"));
        let told = told.help(format!("`vedalia explain {path}:{line}` says why"));
        return Err(Failure::new(Exit::Usage, told));
    };
    let model = converted.model.as_deref().ok_or_else(|| {
        let told =
            Diagnostic::error("no-model", format!("the rule {} has no model to play it in", site.rule));
        Failure::new(Exit::Usage, told.help("rules/README.md says what the `model:` clause names"))
    })?;
    let played = play_site(&tree, arguments, site, converted, model)?;
    let meant = model.differences(&converted.notes);
    match arguments.format {
        FormatWish::Json => terminal.print(&document(site, &played, &meant, coverage))?,
        FormatWish::Text => terminal.print(&text(site, &played, &meant, terminal))?,
    }
    Ok(match played.ending {
        Ending::Alike(_) => Exit::Done,
        _ => Exit::Findings,
    })
}

fn play_site(
    tree: &Tree,
    arguments: &VerifyArguments,
    site: &Site,
    converted: &Converted,
    model: &Model,
) -> Result<Played, Failure> {
    let known = macros::known(&arguments.tree.macros)?;
    let files = CommitFiles::new(&tree.repository, &tree.snapshot, known)?;
    let mut edits = EditSet::new();
    edits.add_all(converted.edits.iter().cloned()).map_err(|overlap| {
        let told = Diagnostic::error("overlap", "the conversion changes a place twice");
        Failure::new(Exit::Usage, told.at(&site.file, overlap.first.span, "here"))
    })?;
    let after = SourceFile::new(site.file.path(), edits.apply(site.file.bytes()));
    let paths = files.paths();
    let headers = engine::headers(&files, &paths);
    let scene = play::Site {
        before: &site.file,
        after: &after,
        function: &site.function,
        headers: &headers,
        model,
        notes: &converted.notes,
    };
    let play = |directory: &Path| {
        play::play(&scene, arguments.runs.get(), directory).map_err(|told| Failure::new(Exit::Write, told))
    };
    let unwritable = |what: &str, error: std::io::Error| {
        Failure::new(Exit::Write, Diagnostic::error("write-failed", format!("cannot make {what}: {error}")))
    };
    match &arguments.keep {
        Some(directory) => {
            std::fs::create_dir_all(directory)
                .map_err(|error| unwritable(&directory.display().to_string(), error))?;
            play(directory)
        }
        None => {
            let directory = tempfile::Builder::new().prefix("vedalia-verify-").tempdir();
            play(directory.map_err(|error| unwritable("a directory for the programs", error))?.path())
        }
    }
}

fn text(site: &Site, played: &Played, meant: &[(&str, &str)], terminal: &Terminal) -> String {
    let place = format!("{}:{}", site.file.path(), site.line());
    let function = &site.function;
    let figures = |f: &Figures| {
        let aside = f.runs - f.compared;
        format!(
            "{} inputs: {} compared ({} walk, {} with a failure or an early end, {} events), {aside} put aside because the original broke on them",
            f.runs, f.compared, f.walked, f.disturbed, f.events
        )
    };
    let mut out = String::new();
    let _ = match &played.ending {
        Ending::Alike(f) => {
            writeln!(out, "{place}: {function}() and its conversion behave alike\n  {}", figures(f))
        }
        Ending::Nothing(f) => {
            writeln!(out, "{place}: {function}() could not be compared with its conversion\n  {}", figures(f))
        }
        Ending::Differs(told) => {
            writeln!(out, "{place}: {function}() and its conversion do not behave alike\n{}", told.trim_end())
        }
        Ending::NotBuilt(told) => {
            let message = format!("no program could be made around {function}()");
            let note = Diagnostic::new(Severity::Note, "not-built", message);
            writeln!(out, "{}{}", render::diagnostic(&note, terminal.out), first_lines(told))
        }
    };
    for (note, difference) in meant {
        let _ = writeln!(out, "  meant to differ: {difference} (note {note})");
    }
    let MadeUp { stubs, unknown, taken, reduced, opaque, macros, variables, gone } = &played.made_up;
    for (what, names) in [
        ("stubbed", stubs),
        ("stubbed without their arguments, since nothing declares them", unknown),
        ("played as they are", taken),
        ("reduced to the fields that are used", reduced),
        ("of unknown contents", opaque),
        ("macros taken from the tree", macros),
        ("variables", variables),
        ("not compared, since the conversion takes them out of their structs", gone),
    ] {
        if !names.is_empty() {
            let _ = writeln!(out, "  {what}: {}", names.join(", "));
        }
    }
    out
}

/// What a compiler says first; the rest follows from it.
fn first_lines(told: &str) -> String {
    let lines: Vec<&str> =
        told.lines().filter(|line| line.contains(": error: ") || line.contains("fatal")).take(8).collect();
    lines.join("\n")
}

#[derive(Serialize)]
struct Document<'a> {
    site: String,
    function: &'a str,
    ending: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    told: Option<&'a str>,
    runs: usize,
    compared: usize,
    walked: usize,
    disturbed: usize,
    events: usize,
    meant: Vec<&'a str>,
    stubs: &'a [String],
    unknown: &'a [String],
    taken: &'a [String],
    reduced: &'a [String],
    opaque: &'a [String],
    macros: &'a [String],
    variables: &'a [String],
    gone: &'a [String],
    coverage: Ledger<'a>,
}

fn document(site: &Site, played: &Played, meant: &[(&str, &str)], coverage: &Coverage) -> String {
    let (ending, figures, told) = match &played.ending {
        Ending::Alike(figures) => ("alike", *figures, None),
        Ending::Nothing(figures) => ("not-compared", *figures, None),
        Ending::Differs(told) => ("differs", Figures::default(), Some(told.as_str())),
        Ending::NotBuilt(told) => ("not-built", Figures::default(), Some(told.as_str())),
    };
    json::pretty(&Document {
        site: format!("{}:{}", site.file.path(), site.line()),
        function: &site.function,
        ending,
        told,
        runs: figures.runs,
        compared: figures.compared,
        walked: figures.walked,
        disturbed: figures.disturbed,
        events: figures.events,
        meant: meant.iter().map(|(_, difference)| *difference).collect(),
        stubs: &played.made_up.stubs,
        unknown: &played.made_up.unknown,
        taken: &played.made_up.taken,
        reduced: &played.made_up.reduced,
        opaque: &played.made_up.opaque,
        macros: &played.made_up.macros,
        variables: &played.made_up.variables,
        gone: &played.made_up.gone,
        coverage: Ledger::of(coverage),
    })
}
