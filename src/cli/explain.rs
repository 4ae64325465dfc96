//! `vedalia explain` and `vedalia refusals`: why.
//!
//! In: a place in a tree. Out: the verdict on the site there with the facts that it rests on: each obligation, whether it
//! was shown, is open or has failed, and where; for a refusal the fact that stands against a conversion. A place without a
//! site is said to be one, with the nearest site of the file; for a semantic patch, with what it lacks there.

mod isomorphisms;
mod patch;
mod reasons;

use std::fmt::Write as _;

use crate::diagnostic::{Diagnostic, Severity};
use crate::engine::{self, Converted, Files, Site, Verdict};
use crate::smpl::RuleFile;
use crate::source::SourceFile;
use crate::walk::{Refusal, RefusalCode};

use super::args::ExplainArguments;
use super::commit::CommitFiles;
use super::exit::{Exit, Failure, Outcome};
use super::rules::RuleFolder;
use super::run::Found;
use super::terminal::{Paint, Terminal};
use super::tree::{self, Tree};
use super::{ledger, macros, render, rules, run};

/// Do it.
pub(super) fn run(arguments: &ExplainArguments, terminal: &Terminal) -> Outcome {
    let (rule, what) = match arguments.what.as_slice() {
        [rule, what] => (Some(rule), what.as_str()),
        rest => (None, rest.first().map_or("", String::as_str)),
    };
    let (path, line) = place(what)?;
    let names = rule.map_or_else(|| tree::rule_names(&arguments.tree), |rule| vec![rule.clone()]);
    let folders = rules::load(&names)?;
    let patches = semantic_patches(&folders)?;
    if let (Some(_), [only]) = (rule, patches.as_slice()) {
        return patch::file(only, (path, line), arguments, terminal);
    }
    let rules = run::understand(&folders, &arguments.tree.smpl)?;
    let tree = Tree::open(&arguments.tree, &[path.to_owned()])?;
    let found = run::find(&tree, &rules, &arguments.tree)?;
    let coverage = &found.outcome.coverage;
    terminal.tell(&render::diagnostics(&ledger::not_looked_at(coverage), terminal.err));
    terminal.tell(&format!("{}\n", ledger::summary(coverage)));
    if !found.outcome.sites.iter().any(|site| site.line() == line) && !patches.is_empty() {
        let files =
            CommitFiles::new(&tree.repository, &tree.snapshot, macros::known(&arguments.tree.macros)?)?;
        let bytes = files.read(path).map_err(|told| Failure::new(Exit::Repository, told))?;
        let source = SourceFile::new(path, bytes);
        let paths = files.paths();
        let headers = engine::headers(&files, &paths);
        let mut exit = Exit::Findings;
        for one in &patches {
            let (found, _) = patch::text(one, (&source, line), Some(&headers), (arguments, terminal))?;
            exit = if found == Exit::Done { Exit::Done } else { exit };
        }
        return Ok(unread(&found, arguments).unwrap_or(exit));
    }
    sites(&found, arguments, (path, line), terminal)
}

/// The rule files that hold ordinary rules.
fn semantic_patches(folders: &[RuleFolder]) -> Result<Vec<RuleFile>, Failure> {
    let mut patches = Vec::new();
    for folder in folders {
        let (files, diagnostics) = folder.parsed();
        if diagnostics.iter().any(|told| told.severity == Severity::Error) {
            return Err(Failure::Told { exit: Exit::Usage, diagnostics });
        }
        patches.extend(files.into_iter().filter(|file| file.rules().next().is_some()));
    }
    Ok(patches)
}

/// Explain the nearest site.
fn sites(
    found: &Found,
    arguments: &ExplainArguments,
    (path, line): (&str, usize),
    terminal: &Terminal,
) -> Outcome {
    let sites = &found.outcome.sites;
    let distance = |site: &&Site| site.line().abs_diff(line);
    let Some(nearest) = sites.iter().min_by_key(distance) else {
        let told = format!("{path} has no site of the rules: it calls nothing that they look for");
        terminal
            .print(&render::diagnostic(&Diagnostic::new(Severity::Note, "no-site", told), terminal.out))?;
        return Ok(Exit::Findings);
    };
    if nearest.line() != line {
        let told =
            format!("no rule speaks about {path}:{line}; the nearest site is at line {}", nearest.line());
        terminal
            .print(&render::diagnostic(&Diagnostic::new(Severity::Note, "no-site", told), terminal.out))?;
    }
    for site in sites.iter().filter(|site| site.line() == nearest.line()) {
        terminal.print(&explain(site, terminal.out))?;
    }
    Ok(match unread(found, arguments) {
        Some(exit) => exit,
        None if nearest.line() == line => Exit::Done,
        None => Exit::Findings,
    })
}

/// The exit status where not everything was read and that counts.
fn unread(found: &Found, arguments: &ExplainArguments) -> Option<Exit> {
    run::finding(found, &arguments.tree).map(|(exit, _)| exit).filter(|exit| *exit == Exit::Unread)
}

/// `FILE:LINE`.
pub(super) fn place(text: &str) -> Result<(&str, usize), Failure> {
    let parsed = text.rsplit_once(':').and_then(|(path, line)| Some((path, line.parse().ok()?)));
    parsed.filter(|(path, _)| !path.is_empty()).ok_or_else(|| {
        let told = Diagnostic::error("no-such-path", format!("`{text}` is not a place"));
        Failure::new(Exit::Usage, told.help("write a path of the tree, a colon and a line: fs/file.c:120"))
    })
}

fn explain(site: &Site, paint: Paint) -> String {
    match &site.verdict {
        Verdict::Refused(refusal) => refused(site, refusal, paint) + &obligations(site),
        Verdict::Converted(converted) => {
            shown(site, converted, paint) + &obligations(site) + &notes(converted)
        }
        Verdict::Rewritten(rewritten) => {
            let message = format!("rewritten by {}: {}", site.rule, rewritten.summary);
            let told = Diagnostic::new(Severity::Note, "rewritten", message);
            render::diagnostic(&told.at(&site.file, site.span, "from here"), paint)
        }
    }
}

/// Each duty on a line: how it stands, by what, and where.
fn obligations(site: &Site) -> String {
    let mut text = String::new();
    for obligation in &site.obligations {
        let mut lines: Vec<usize> =
            obligation.spans.iter().map(|span| site.file.line_column(*span).line).collect();
        lines.sort_unstable();
        lines.dedup();
        let places = match lines.as_slice() {
            [] => String::new(),
            [line] => format!(" (line {line})"),
            _ => {
                let all: Vec<String> = lines.iter().map(usize::to_string).collect();
                format!(" (lines {})", all.join(", "))
            }
        };
        let (name, word) = (obligation.duty.name(), obligation.status.word());
        let _ =
            writeln!(text, "{name:4}{word:12}{}: {}{places}", obligation.duty.what(), obligation.evidence);
    }
    text
}

fn notes(converted: &Converted) -> String {
    let mut text = String::new();
    for (name, note) in &converted.notes {
        let _ = writeln!(text, "note {name}: {note}");
    }
    text
}

fn refused(site: &Site, refusal: &Refusal, paint: Paint) -> String {
    let mut told = Diagnostic::new(
        Severity::Note,
        refusal.code.name(),
        format!("refused: {}", refusal.sentence),
    )
    .at(&site.file, refusal.span, "this fact");
    if refusal.span != site.span {
        told = told.at(&site.file, site.span, "stands against this site");
    }
    render::diagnostic(&told.help(refusal.code.explanation()), paint)
}

fn shown(site: &Site, converted: &Converted, paint: Paint) -> String {
    let message = format!("{}: becomes a call of {}()", run::mark(site).word(), converted.helper);
    let told = Diagnostic::new(Severity::Note, "converted", message).at(&site.file, site.span, "this site");
    render::diagnostic(&told, paint)
}

/// The codes of refusals, each with its meaning and an example.
pub(super) fn refusals(terminal: &Terminal) -> Outcome {
    let of = |code: &RefusalCode| {
        let example: String = code.example().lines().map(indented).collect();
        format!("{}: {}\n{example}", code.name(), code.explanation())
    };
    let all: Vec<String> = RefusalCode::ALL.iter().map(of).collect();
    terminal.print(&all.join("\n"))?;
    Ok(Exit::Done)
}

/// A line of an example.
fn indented(line: &str) -> String {
    match line {
        "" => "\n".to_owned(),
        code => format!("    {code}\n"),
    }
}
