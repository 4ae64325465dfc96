//! Why a semantic patch does not match a place.
//!
//! In: a rule file, a file and a line. Out: the rules that match there; else the rule that comes nearest, with the line of
//! the rule and the code that disagree, and what was bound until then; or, for a rule that was not tried, what it lacks.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::isomorphisms::{self, Line};
use super::reasons::{looked_for, reasons, why_not};
use crate::cli::args::{ExplainArguments, FormatWish};
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::ledger::Ledger;
use crate::cli::terminal::Terminal;
use crate::cli::{json, ledger, macros, render, smpl_options};
use crate::diagnostic::{Diagnostic, Severity};
use crate::matcher::{Disagreement, Miss, Sought};
use crate::plan::apply::{Account, ApplyOptions, Obstacle, Purpose, Runner, Said, prepare};
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
    let is_far = answer.matches.is_empty() && answer.nearest.is_none();
    let reasons = if is_far { reasons(file, (source, line), &runner, &options) } else { Vec::new() };
    let sought = if is_far { runner.sought(source, line) } else { Vec::new() };
    let more = More::of(file, &options, Line { source, number: line, headers }, &answer);
    match arguments.format {
        FormatWish::Text => {
            let place = format!("{}:{line}", source.path());
            let told = more.added_to(answer.told(file, &place), &answer).into_iter();
            let told = told.map(|one| reasons.iter().fold(one, |one, reason| one.help(reason.clone())));
            let told: Vec<Diagnostic> =
                told.chain(looked_for(file, source, &sought)).map(|one| file.traced(one)).collect();
            terminal.print(&render::diagnostics(&told, terminal.out))?;
        }
        FormatWish::Json => {
            terminal.print(&answer.document(file, (source.path(), line), (&more, &sought), &coverage))?
        }
    }
    let exit = if answer.matches.is_empty() { Exit::Findings } else { Exit::Done };
    Ok((exit, coverage))
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
struct Answer<'a> {
    /// The rules that match.
    matches: Vec<(&'a Account, Span)>,
    /// The one that comes nearest of those that do not.
    nearest: Option<Nearest<'a>>,
}

/// The rule that comes nearest.
struct Nearest<'a> {
    account: &'a Account,
    miss: Option<&'a Miss>,
    /// If it was not tried, why, with the rule that it lacks.
    lacks: Option<(&'a Obstacle, Option<&'a Account>)>,
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
        let of = |account| Nearest::of(account, accounts);
        if matches.iter().any(|(account, _)| acts(account)) || nearest.is_none() && !matches.is_empty() {
            // Besides a match, a rule that shares no more than a token with the line is no answer.
            let nearest = nearest.filter(|account| agreed(account) > 1).map(of);
            return Self { matches, nearest };
        }
        let nearest = nearest.or_else(|| near().max_by_key(agreed)).map(of);
        Self { matches: Vec::new(), nearest }
    }

    /// The same for people.
    fn told(&self, file: &RuleFile, place: &str) -> Vec<Diagnostic> {
        let matching = self.matches.iter().map(|(account, span)| {
            let message = format!("{} matches here", account.rule);
            Diagnostic::new(Severity::Note, "match", message).at(&account.source, *span, "from here")
        });
        let mut out: Vec<Diagnostic> = matching.collect();
        match &self.nearest {
            Some(nearest) => out.extend(nearest.told(file)),
            None if out.is_empty() => {
                let message = format!("no rule of {} has anything of {place}", file.source.path());
                out.push(Diagnostic::new(Severity::Note, "no-match", message));
            }
            None => {}
        }
        out
    }

    /// The same for programs.
    fn document(
        &self,
        file: &RuleFile,
        (path, line): (&str, usize),
        (more, sought): (&More, &[(String, Vec<Sought>)]),
        ledger: &Coverage,
    ) -> String {
        let coverage = Some(Ledger::of(ledger));
        let version = env!("CARGO_PKG_VERSION");
        let mut document = Document { version, path, line, coverage, ..Document::default() };
        document.matches = self.matches.iter().map(|(a, _)| a.rule.as_str()).collect();
        document.isomorphisms = Some(&more.isomorphisms).filter(|all| !all.is_empty());
        let parts =
            sought.iter().flat_map(|(rule, parts)| parts.iter().map(move |part| (rule.as_str(), part)));
        let entry = |(rule, part): (_, &Sought)| {
            let (at, span) = file.written(part.pattern);
            SoughtEntry { rule, pattern: Excerpt::of(at, span), nearest_line: part.line }
        };
        document.sought = parts.map(entry).collect();
        if let Some(nearest) = &self.nearest {
            document.nearest = Some(&nearest.account.rule);
            document.miss = nearest.miss.map(|miss| MissEntry::of(file, &nearest.account.source, miss));
            document.not_tried = nearest.lacks.map(|(obstacle, _)| why_not(obstacle));
        }
        json::pretty(&document)
    }
}

impl<'a> Nearest<'a> {
    fn of(account: &'a Account, accounts: &'a [Account]) -> Self {
        let lacks = match &account.said {
            Said::NotTried(obstacle, _) => {
                let named = |name: &String| accounts.iter().find(|account| account.rule == *name);
                let needed = match obstacle {
                    Obstacle::Inherits(rule) => named(rule),
                    Obstacle::Dropped(..) | Obstacle::Depends(_) | Obstacle::Unbound(_) => None,
                };
                Some((obstacle, needed))
            }
            Said::Matches(_) | Said::Misses(_) => None,
        };
        Self { account, miss: miss(account), lacks }
    }

    fn told(&self, file: &RuleFile) -> Vec<Diagnostic> {
        let mut out: Vec<Diagnostic> = Vec::new();
        if let Some((obstacle, needed)) = self.lacks {
            out.push(not_tried(file, self.account, obstacle));
            let known = needed.and_then(|account| Some((account, miss(account)?)));
            out.extend(known.map(|(account, miss)| near(file, account, miss)));
        } else if let Some(miss) = self.miss {
            out.push(near(file, self.account, miss));
        }
        out
    }
}

/// What is found by asking again.
#[derive(Default)]
struct More {
    /// For each rule that matches, the isomorphisms it owes that to.
    isomorphisms: BTreeMap<String, Vec<String>>,
    /// Of one that does not, those that it lacks.
    lacking: Vec<String>,
}

impl More {
    fn of(file: &RuleFile, options: &ApplyOptions, line: Line<'_>, answer: &Answer<'_>) -> Self {
        let used = |(account, _): &(&Account, Span)| {
            let names = isomorphisms::used(file, options, line, &account.rule);
            (!names.is_empty()).then(|| (account.rule.clone(), names))
        };
        let missing =
            |nearest: &Nearest<'_>| isomorphisms::needed(file, options, line, &nearest.account.rule);
        Self {
            isomorphisms: answer.matches.iter().filter_map(used).collect(),
            lacking: answer.nearest.as_ref().map(missing).unwrap_or_default(),
        }
    }

    /// What they add to what is told, which is the matches, and then the rule that comes nearest.
    fn added_to(&self, told: Vec<Diagnostic>, answer: &Answer<'_>) -> Vec<Diagnostic> {
        let owed = |(account, _): &(&Account, Span)| {
            Some(format!("owing to {}", quoted(self.isomorphisms.get(&account.rule)?)))
        };
        let lacking = (!self.lacking.is_empty())
            .then(|| format!("it would match with {}, which is turned off", quoted(&self.lacking)));
        let helps = answer.matches.iter().map(owed).chain([lacking]).chain(std::iter::repeat(None));
        told.into_iter().zip(helps).map(|(one, help)| help.into_iter().fold(one, Diagnostic::help)).collect()
    }
}

fn quoted(names: &[String]) -> String {
    let all: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let word = if names.len() == 1 { "isomorphism" } else { "isomorphisms" };
    format!("the {word} {}", all.join(", "))
}

fn miss(account: &Account) -> Option<&Miss> {
    match &account.said {
        Said::Misses(miss) | Said::NotTried(_, miss) => miss.as_ref(),
        Said::Matches(_) => None,
    }
}

fn not_tried(file: &RuleFile, account: &Account, obstacle: &Obstacle) -> Diagnostic {
    let message = format!("{} comes nearest, and was not tried", account.rule);
    let told = Diagnostic::new(Severity::Note, "not-tried", message);
    match file.rules().find(|rule| file.name_of(rule) == account.rule) {
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
    let bindings: Vec<String> =
        bound(miss).iter().map(|(name, text)| format!("{name} = `{}`", shortened(text))).collect();
    if !bindings.is_empty() {
        told = told.help(format!("bound so far: {}", bindings.join(", ")));
    }
    for (name, lines) in &miss.places {
        told = told.help(format!("`{name}` is {}", lines_of(lines)));
    }
    match miss.why {
        Disagreement::SomeWays => told.help("`exists` in the header of the rule asks for one way only"),
        Disagreement::Order => told.help("dots skip neither what is next to them nor what `when` forbids"),
        _ => told,
    }
}

/// Where a position is.
fn lines_of(lines: &[usize]) -> String {
    let all: Vec<String> = lines.iter().map(usize::to_string).collect();
    match all.as_slice() {
        [] => "nowhere in the file".to_owned(),
        [one] => format!("at line {one}"),
        all => format!("at lines {}", all.join(", ")),
    }
}

/// What fits on a line.
fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    let line = text.lines().next().unwrap_or_default();
    let cut: String = line.chars().take(MOST).collect();
    if cut.len() == text.len() { cut } else { format!("{} …", cut.trim_end()) }
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
    #[serde(skip_serializing_if = "Option::is_none")]
    isomorphisms: Option<&'a BTreeMap<String, Vec<String>>>,
    nearest: Option<&'a str>,
    not_tried: Option<String>,
    miss: Option<MissEntry<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sought: Vec<SoughtEntry<'a>>,
    coverage: Option<Ledger<'a>>,
}

/// What a rule looks for, where none has anything of the line.
#[derive(Serialize)]
struct SoughtEntry<'a> {
    rule: &'a str,
    pattern: Excerpt<'a>,
    nearest_line: Option<usize>,
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
