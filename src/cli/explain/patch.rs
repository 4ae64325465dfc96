//! Why a semantic patch does not match a place.
//!
//! In: a rule file, a file and a line. Out: the rules that match there; else the rule that comes nearest, with the line of
//! the rule and the code that disagree, and what was bound until then; or, for a rule that was not tried, what it lacks.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use crate::cli::args::{ExplainArguments, FormatWish};
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::ledger::Ledger;
use crate::cli::terminal::Terminal;
use crate::cli::{json, ledger, macros, render, smpl_options};
use crate::diagnostic::{Diagnostic, Severity};
use crate::matcher::{Disagreement, Miss};
use crate::plan::apply::{Account, ApplyOptions, Hidden, Obstacle, Purpose, Runner, Said, prepare};
use crate::smpl::{Metavariable, RuleFile};
use crate::source::{SourceFile, Span};
use crate::syntax::{Coverage, Headers};

/// The modes of rule files, the one to explain first.
const MODES: [&str; 4] = ["patch", "context", "report", "org"];

/// Explain a line of a file that is read from the disk.
pub(super) fn file(
    file: &RuleFile,
    (path, line): (&str, usize),
    arguments: &ExplainArguments,
    terminal: &Terminal,
) -> Outcome {
    let bytes = fs::read(Path::new(path)).map_err(|error| {
        let told = Diagnostic::error("unreadable", format!("cannot read `{path}`: {error}"));
        Failure::new(Exit::Usage, told)
    })?;
    let source = SourceFile::new(path, bytes);
    let known = Arc::new(macros::known(&arguments.tree.macros)?.into_owned());
    let headers = macros::headers(known, &[], &[]);
    let (exit, coverage) = text(file, (&source, line), Some(&headers), (arguments, terminal))?;
    terminal.tell(&render::diagnostics(&ledger::not_looked_at(&coverage), terminal.err));
    terminal.tell(&format!("{}\n", ledger::summary(&coverage)));
    Ok(if arguments.tree.strict && !coverage.is_complete() { Exit::Unread } else { exit })
}

/// Explain a line of a file; and what of the file is read.
pub(super) fn text(
    file: &RuleFile,
    (source, line): (&SourceFile, usize),
    headers: Option<&Headers<'_>>,
    (arguments, terminal): (&ExplainArguments, &Terminal),
) -> Result<(Exit, Coverage), Failure> {
    let told = |diagnostics| Failure::Told { exit: Exit::Usage, diagnostics };
    let options = options(file, arguments)?;
    let program = prepare(file, &options).map_err(told)?;
    let (runner, _) = Runner::new(&program, &options).map_err(|one| told(vec![one]))?;
    let runner = runner.with_headers(headers);
    let accounts = runner.explain(source, line);
    let coverage = runner.coverage(source);
    let answer = Answer::of(&accounts);
    let reasons = if matches!(answer, Answer::Nothing) {
        reasons(file, (source, line), &runner, &options)
    } else {
        Vec::new()
    };
    match arguments.format {
        FormatWish::Text => {
            let place = format!("{}:{line}", source.path());
            let told = answer.told(file, &place).into_iter().map(|one| file.traced(one));
            let told: Vec<Diagnostic> =
                told.map(|one| reasons.iter().fold(one, |one, reason| one.help(reason.clone()))).collect();
            terminal.print(&render::diagnostics(&told, terminal.out))?;
        }
        FormatWish::Json => terminal.print(&answer.document(file, (source.path(), line), &coverage))?,
    }
    let exit = if matches!(answer, Answer::Matches(_)) { Exit::Done } else { Exit::Findings };
    Ok((exit, coverage))
}

/// Why no rule has anything of a line.
fn reasons(
    file: &RuleFile,
    (source, line): (&SourceFile, usize),
    runner: &Runner<'_>,
    options: &ApplyOptions,
) -> Vec<String> {
    let quoted = |names: &[&str]| names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    let mut out = Vec::new();
    match runner.hidden(source, line) {
        Some(Hidden::Unread) => out.push("the line was not read: no rule looks into it".to_owned()),
        Some(Hidden::InMacro) => {
            out.push("the line defines a macro: what a rule lacks there is not told".to_owned());
        }
        None => {}
    }
    let lacking = runner.lacking(source);
    if !lacking.is_empty() {
        out.push(format!("the file does not have what the rules need: {}", quoted(&lacking)));
    }
    let off = |name: &&str| !options.virtuals.iter().any(|on| on == name);
    let off: Vec<&str> = file.virtual_names().filter(off).collect();
    if !off.is_empty() {
        out.push(format!("rules that depend on {} are off; `-D` turns them on", quoted(&off)));
    }
    out
}

fn options(file: &RuleFile, arguments: &ExplainArguments) -> Result<ApplyOptions, Failure> {
    let (mut options, mut diagnostics) = smpl_options::options(&arguments.tree.smpl);
    diagnostics.extend(smpl_options::undeclared(&options, &[file]));
    if !diagnostics.is_empty() {
        return Err(Failure::Told { exit: Exit::Usage, diagnostics });
    }
    if options.virtuals.is_empty() {
        let known = |mode: &&&str| file.virtual_names().any(|name| name == **mode);
        options.virtuals.extend(MODES.iter().find(known).map(|mode| (*mode).to_owned()));
    }
    options.macros = Some(macros::known(&arguments.tree.macros)?.into_owned());
    Ok(options)
}

/// What is worth telling of all that the rules say.
enum Answer<'a> {
    /// These rules match.
    Matches(Vec<(&'a Account, Span)>),
    /// The one that comes nearest, and if it was not tried, why, with the rule that it lacks.
    Misses(&'a Account, Option<&'a Miss>, Option<(&'a Obstacle, Option<&'a Account>)>),
    /// No rule has anything that the line has.
    Nothing,
}

impl<'a> Answer<'a> {
    fn of(accounts: &'a [Account]) -> Self {
        let matching = |account: &'a Account| match account.said {
            Said::Matches(span) => Some((account, span)),
            _ => None,
        };
        let matches: Vec<_> = accounts.iter().filter_map(matching).collect();
        let acts = |account: &&Account| account.purpose == Purpose::Acts;
        let agreed = |account: &&Account| miss(account).map_or(0, |miss| miss.agreed);
        // A metavariable that cannot be the first token is something of the line.
        let first = |account: &&Account| miss(account).is_some_and(|m| m.why == Disagreement::Metavariable);
        let near = || accounts.iter().rev().filter(|account| agreed(account) > 0 || first(account));
        // Of equals the first. What only others ask about comes last: it is no answer to why nothing is done.
        let nearest = near().filter(acts).max_by_key(agreed);
        if matches.iter().any(|(account, _)| acts(account)) || nearest.is_none() && !matches.is_empty() {
            return Self::Matches(matches);
        }
        let Some(nearest) = nearest.or_else(|| near().max_by_key(agreed)) else { return Self::Nothing };
        let lacks = match &nearest.said {
            Said::NotTried(obstacle, _) => {
                let named = |name: &String| accounts.iter().find(|account| account.rule == *name);
                let needed = match obstacle {
                    Obstacle::Inherits(rule) => named(rule),
                    Obstacle::Depends | Obstacle::Unbound(_) => None,
                };
                Some((obstacle, needed))
            }
            Said::Matches(_) | Said::Misses(_) => None,
        };
        Self::Misses(nearest, miss(nearest), lacks)
    }

    /// The same for people.
    fn told(&self, file: &RuleFile, place: &str) -> Vec<Diagnostic> {
        match self {
            Self::Matches(all) => all
                .iter()
                .map(|(account, span)| {
                    let message = format!("{} matches here", account.rule);
                    Diagnostic::new(Severity::Note, "match", message).at(&account.source, *span, "from here")
                })
                .collect(),
            Self::Misses(nearest, miss, lacks) => {
                let mut out: Vec<Diagnostic> = Vec::new();
                if let Some((obstacle, needed)) = lacks {
                    out.push(not_tried(file, nearest, obstacle));
                    let known = needed.and_then(|account| Some((account, self::miss(account)?)));
                    out.extend(known.map(|(account, miss)| near(file, account, miss)));
                } else if let Some(miss) = miss {
                    out.push(near(file, nearest, miss));
                }
                out
            }
            Self::Nothing => {
                let message = format!("no rule of {} has anything of {place}", file.source.path());
                vec![Diagnostic::new(Severity::Note, "no-match", message)]
            }
        }
    }

    /// The same for programs.
    fn document(&self, file: &RuleFile, (path, line): (&str, usize), coverage: &Coverage) -> String {
        let coverage = Some(Ledger::of(coverage));
        let version = env!("CARGO_PKG_VERSION");
        let mut document = Document { version, path, line, coverage, ..Document::default() };
        match self {
            Self::Matches(all) => document.matches = all.iter().map(|(a, _)| a.rule.as_str()).collect(),
            Self::Misses(nearest, miss, lacks) => {
                document.nearest = Some(&nearest.rule);
                document.miss = miss.map(|miss| MissEntry::of(file, &nearest.source, miss));
                document.not_tried = lacks.map(|(obstacle, _)| why_not(obstacle));
            }
            Self::Nothing => {}
        }
        json::pretty(&document)
    }
}

fn miss(account: &Account) -> Option<&Miss> {
    match &account.said {
        Said::Misses(miss) | Said::NotTried(_, miss) => miss.as_ref(),
        Said::Matches(_) => None,
    }
}

fn why_not(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::Depends => "what it depends on does not hold".to_owned(),
        Obstacle::Inherits(rule) => format!("it inherits from {rule}, which matches nowhere in the file"),
        Obstacle::Unbound(name) => {
            format!("it inherits `{name}`, which stands for nothing where that rule matches")
        }
    }
}

fn not_tried(file: &RuleFile, account: &Account, obstacle: &Obstacle) -> Diagnostic {
    let message = format!("{} comes nearest, and was not tried", account.rule);
    let told = Diagnostic::new(Severity::Note, "not-tried", message);
    match file.rules().find(|rule| rule.header.name.as_ref() == Some(&account.rule)) {
        Some(rule) => told.at(&file.source, rule.header.span, why_not(obstacle)),
        None => told.help(why_not(obstacle)),
    }
}

/// The two places that disagree, and what is bound.
fn near(file: &RuleFile, account: &Account, miss: &Miss) -> Diagnostic {
    let (message, code, pattern) = match miss.why {
        Disagreement::Code => ("this code is not what it says", "the code has this", "the rule has this"),
        Disagreement::Metavariable => {
            ("a metavariable cannot stand for this", "cannot be this", "this metavariable")
        }
        Disagreement::Place => {
            ("its position cannot be here", "all but the place matches", "the position stands here")
        }
        Disagreement::Length => {
            ("the code has not as many parts", "in here", "this has nothing to stand for")
        }
        Disagreement::Absent => {
            ("the function lacks a part of it", "this matches", "nothing in the function is this")
        }
        Disagreement::Part => {
            ("the code lacks a part of it", "this matches but for that", "nothing in there is this")
        }
        Disagreement::Forbidden => {
            ("its dots must not skip this", "this stands in between", "forbidden by this")
        }
        Disagreement::SomeWays => {
            ("it holds on some ways through the function, not on all", "this matches", "from here")
        }
        Disagreement::Order => {
            ("no way through the function has its parts in this order", "this matches", "from here")
        }
    };
    let message = format!("{} comes nearest: {message}", account.rule);
    let mut told = Diagnostic::new(Severity::Note, "no-match", message)
        .at(&account.source, miss.code, code)
        .at(&file.source, miss.pattern, pattern);
    let declared = match miss.why {
        Disagreement::Metavariable => declaration(file, miss),
        Disagreement::Place => position(file, miss),
        _ => None,
    };
    if let Some(meta) = declared {
        told = told.at(&file.source, meta.span, "declared here");
    }
    match miss.matched {
        Some(matched) if matches!(miss.why, Disagreement::Absent | Disagreement::Forbidden) => {
            told = told.at(&file.source, matched, "this matches the line");
        }
        _ => {}
    }
    let bindings: Vec<String> = bound(miss).iter().map(|(name, text)| format!("{name} = `{text}`")).collect();
    if !bindings.is_empty() {
        told = told.help(format!("bound so far: {}", bindings.join(", ")));
    }
    match miss.why {
        Disagreement::SomeWays => told.help("`exists` in the header of the rule asks for one way only"),
        Disagreement::Order => told.help("dots skip neither what is next to them nor what `when` forbids"),
        _ => told,
    }
}

/// The declaration of a position that hangs on the token a miss is about.
fn position<'f>(file: &'f RuleFile, miss: &Miss) -> Option<&'f Metavariable> {
    let behind = file.source.text().get(miss.pattern.end as usize..)?;
    let attached = behind.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '@')).next()?;
    let rule = file.rules().find(|rule| rule.body.contains(miss.pattern))?;
    let bounded = |m: &&Metavariable| m.inherited.is_some() || !m.constraints.is_empty();
    let named = |name: &str| rule.metavariables.iter().filter(bounded).find(|m| m.name == name);
    attached.split('@').skip(1).find_map(named)
}

/// The metavariable that disagrees.
fn declaration<'f>(file: &'f RuleFile, miss: &Miss) -> Option<&'f Metavariable> {
    let rule = file.rules().find(|rule| rule.body.contains(miss.pattern))?;
    let name = file.source.slice(miss.pattern);
    rule.metavariables.iter().find(|meta| name == meta.name || name.strip_suffix(';') == Some(&meta.name))
}

/// The names of the rule's own, in the order in which they were bound.
fn bound(miss: &Miss) -> Vec<(&str, &str)> {
    let all = miss.environment.bindings();
    let code =
        all.into_iter().rev().filter(|(name, binding)| !name.contains('.') && binding.places.is_empty());
    code.map(|(name, binding)| (name, &*binding.text)).collect()
}

#[derive(Default, Serialize)]
struct Document<'a> {
    version: &'static str,
    path: &'a str,
    line: usize,
    matches: Vec<&'a str>,
    nearest: Option<&'a str>,
    not_tried: Option<String>,
    miss: Option<MissEntry<'a>>,
    coverage: Option<Ledger<'a>>,
}

#[derive(Serialize)]
struct MissEntry<'a> {
    why: &'static str,
    agreed: usize,
    pattern: Excerpt<'a>,
    code: Excerpt<'a>,
    environment: Vec<BindingEntry<'a>>,
}

#[derive(Serialize)]
struct Excerpt<'a> {
    path: &'a str,
    line: usize,
    column: usize,
    text: &'a str,
}

#[derive(Serialize)]
struct BindingEntry<'a> {
    name: &'a str,
    text: &'a str,
}

impl<'a> MissEntry<'a> {
    fn of(file: &'a RuleFile, source: &'a SourceFile, miss: &'a Miss) -> Self {
        let why = match miss.why {
            Disagreement::Code => "code",
            Disagreement::Metavariable => "metavariable",
            Disagreement::Place => "place",
            Disagreement::Length => "length",
            Disagreement::Absent => "absent",
            Disagreement::Part => "part",
            Disagreement::Forbidden => "forbidden",
            Disagreement::SomeWays => "some-ways",
            Disagreement::Order => "order",
        };
        let environment = bound(miss).into_iter().map(|(name, text)| BindingEntry { name, text }).collect();
        let (pattern, code) = (file.written(miss.pattern), (source, miss.code));
        let [pattern, code] = [pattern, code].map(|(file, span)| Excerpt::of(file, span));
        Self { why, agreed: miss.agreed, pattern, code, environment }
    }
}

impl<'a> Excerpt<'a> {
    fn of(file: &'a SourceFile, span: Span) -> Self {
        let at = file.line_column(span);
        Self { path: file.path(), line: at.line, column: at.column, text: file.slice(span) }
    }
}
