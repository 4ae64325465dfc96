//! Ordinary rules over a tree, as material for a series.
//!
//! In: rule files ready to run, and a tree. Out: a site for every function that they change together, with the edits; what
//! could not be done is a site that is refused. The rule files of a folder run one after the other on each file. A result
//! that reads worse than the file before is not taken.

use super::{Files, Preamble, Rewritten, Site, Verdict};
use crate::diagnostic::{Diagnostic, Severity};
use crate::edit::{TextEdit, between};
use crate::plan::apply::{ApplyOptions, Program, Runner, prepare};
use crate::script::Report;
use crate::smpl::{Item, RuleFile};
use crate::source::{SourceFile, Span};
use crate::syntax::coverage::{Coverage, SkipReason};
use crate::syntax::file_scope::FileScope;
use crate::syntax::{Headers, MacroKnowledge, parse_with};
use crate::verify::reparse::newly_unreadable;
use crate::walk::{Refusal, RefusalCode};
use rayon::prelude::*;

/// The virtual rule that the kernel's rule files do their changes under.
const PATCH_MODE: &str = "patch";

/// A rule file that changes code.
#[derive(Clone, Debug)]
pub struct SemanticPatch {
    /// The rule file.
    pub file: SourceFile,
    /// The rules.
    pub program: Program,
    /// How they run.
    pub options: ApplyOptions,
    /// What its comments say.
    pub preamble: Preamble,
}

impl SemanticPatch {
    /// Make a rule file ready, in patch mode if it has one; `None` if it has no ordinary rules at all.
    pub(super) fn understand(
        file: &RuleFile,
        snippet: &dyn Fn(&str) -> Option<String>,
        given: &ApplyOptions,
    ) -> Result<Option<Self>, Vec<Diagnostic>> {
        let is_ordinary = |item: &Item| matches!(item, Item::Rule(_) | Item::Script(_));
        let Some(first) = file.items.iter().find(|item| is_ordinary(item)) else { return Ok(None) };
        let is_on = |name: &&str| *name == PATCH_MODE || given.virtuals.iter().any(|given| given == name);
        let virtuals = file.virtual_names().filter(is_on).map(str::to_owned).collect();
        let beside = |name: &str| Some((name.to_owned(), SourceFile::new(name, snippet(name)?)));
        let beside = file.isomorphism_files().into_iter().filter_map(beside).collect();
        let options = ApplyOptions { virtuals, beside, ..given.clone() };
        let program = prepare(file, &options)?;
        if !program.transforms() {
            let span = match first {
                Item::Rule(rule) => rule.header.span,
                Item::Script(rule) => rule.header.span,
                Item::Virtual(_) | Item::Using(..) | Item::Walk(_) => Span::at(0),
            };
            let told = Diagnostic::error("no-change", "the rules of this file change nothing")
                .at(&file.source, span, "this is the first of them")
                .help("`vedalia apply` runs rules that mark or report code");
            return Err(vec![file.traced(told)]);
        }
        let preamble = Preamble::of(file.source.text());
        Ok(Some(Self { file: file.source.clone(), program, options, preamble }))
    }

    /// Whether headers are gone through as well.
    fn wants_headers(&self) -> bool {
        self.preamble
            .options
            .iter()
            .any(|option| option.trim_start_matches('-').replace('_', "-") == "include-headers")
    }

    /// What it does, in a phrase.
    fn summary(&self) -> String {
        if !self.preamble.summary.is_empty() {
            return self.preamble.summary.clone();
        }
        format!("apply {}", self.file.path().rsplit('/').next().unwrap_or_default())
    }
}

/// What the rules found in one tree.
#[derive(Default)]
pub(super) struct Found {
    pub(super) sites: Vec<Site>,
    pub(super) coverage: Coverage,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Run all of them over the wanted files.
pub(super) fn run(
    patches: &[SemanticPatch],
    files: &dyn Files,
    wanted: &(dyn Fn(&str) -> bool + Sync),
    tree_headers: &Headers<'_>,
) -> Found {
    let headers = patches.iter().any(SemanticPatch::wants_headers);
    let paths = files.paths();
    let in_question: Vec<&String> =
        paths.iter().filter(|p| (p.ends_with(".c") || headers && p.ends_with(".h")) && wanted(p)).collect();
    let start = || Running::new(patches, tree_headers);
    let one =
        |running: &mut Result<Running<'_>, Diagnostic>, path: &&String| match (running, files.read(path)) {
            (Ok(running), Ok(bytes)) => running.one_file(&SourceFile::new(path.as_str(), bytes)),
            // That scripts cannot start is told once, below.
            (Err(_), _) => Found::default(),
            (_, Err(diagnostic)) => {
                let why = SkipReason::Unreadable(diagnostic.message.clone());
                let coverage = Coverage::skipped(path.as_str(), why);
                Found { coverage, diagnostics: vec![diagnostic], ..Found::default() }
            }
        };
    let mut first = start();
    let mut all = Found::default();
    match &mut first {
        Ok(running) => all.diagnostics.extend(said(&std::mem::take(&mut running.said))),
        Err(diagnostic) => all.diagnostics.push(diagnostic.clone()),
    }
    let results: Vec<Found> = if patches.iter().any(|patch| patch.program.sums_up()) {
        in_question.iter().map(|path| one(&mut first, path)).collect()
    } else {
        in_question.par_iter().map_init(start, one).collect()
    };
    all.coverage.files = in_question.len();
    for found in results {
        all.sites.extend(found.sites);
        all.coverage.add(found.coverage);
        all.diagnostics.extend(found.diagnostics);
    }
    all.diagnostics.extend(first.map(Running::finish).unwrap_or_default());
    all
}

/// What scripts print is for the user, and no part of a patch.
fn said(reports: &[Report]) -> Vec<Diagnostic> {
    let note = |report: &Report| Diagnostic::new(Severity::Note, "script", report.text.trim_end());
    reports.iter().map(note).collect()
}

/// The rule files of one worker: what scripts remember stays from file to file.
struct Running<'a> {
    runners: Vec<(&'a SemanticPatch, Runner<'a>)>,
    headers: &'a Headers<'a>,
    /// What the scripts printed that come before all files.
    said: Vec<Report>,
}

impl<'a> Running<'a> {
    fn new(patches: &'a [SemanticPatch], headers: &'a Headers<'a>) -> Result<Self, Diagnostic> {
        let mut running = Self { runners: Vec::new(), headers, said: Vec::new() };
        for patch in patches {
            let (runner, reports) = Runner::new(&patch.program, &patch.options)?;
            running.runners.push((patch, runner.with_headers(Some(headers))));
            running.said.extend(reports);
        }
        Ok(running)
    }

    fn one_file(&self, file: &SourceFile) -> Found {
        let mut found = Found::default();
        let mut current = file.clone();
        let mut ran: Vec<&SemanticPatch> = Vec::new();
        for (patch, runner) in &self.runners {
            let header = file.path().ends_with(".h");
            if (header && !patch.wants_headers()) || !patch.program.prefilter().may_concern(current.bytes()) {
                continue;
            }
            let applied = runner.apply(&current);
            found.coverage.merge(applied.coverage);
            found.diagnostics.extend(said(&applied.reports));
            found.sites.extend(applied.diagnostics.iter().filter_map(|told| refused(told, patch)));
            if applied.after != current.bytes() {
                ran.push(patch);
                current = SourceFile::new(file.path(), applied.after);
            }
        }
        if !ran.is_empty() {
            found.sites.extend(sites(&ran, file, &current, &self.headers.macros(file)));
        }
        found
    }

    /// Run the scripts that come after all files.
    fn finish(self) -> Vec<Diagnostic> {
        let last = self.runners.into_iter().map(|(_, runner)| runner.finish());
        last.flat_map(|ended| ended.map_or_else(|told| vec![told], |reports| said(&reports))).collect()
    }
}

/// A place that a rule is about and that stays as it is.
fn refused(told: &Diagnostic, patch: &SemanticPatch) -> Option<Site> {
    let place = told.annotations.first()?;
    let refusal = Refusal::said(&told.code, place.span, told.message.clone());
    Some(site(&place.file, place.span, "", patch.file.path(), Verdict::Refused(refusal)))
}

/// A site for each function with a change, and one for changes between functions.
fn sites(
    ran: &[&SemanticPatch],
    file: &SourceFile,
    after: &SourceFile,
    macros: &MacroKnowledge,
) -> Vec<Site> {
    let names: Vec<&str> = ran.iter().map(|patch| patch.file.path()).collect();
    let rule = names.join(", ");
    let refuse = |sentence: String| {
        let refusal = Refusal::new(RefusalCode::NotUnderstood, Span::at(0), sentence);
        vec![site(file, Span::at(0), "", &rule, Verdict::Refused(refusal))]
    };
    let tree = parse_with(file, macros);
    if let Some(text) = newly_unreadable(&tree, after, macros) {
        return refuse(format!("the result could not be read again, near `{text}`"));
    }
    let Some(edits) = between(file.bytes(), after.bytes()) else {
        return refuse("lines that change are not UTF-8".to_owned());
    };
    let scope = FileScope::of(&tree);
    let mut groups: Vec<(&str, Vec<TextEdit>)> = Vec::new();
    for edit in edits {
        let around = scope
            .functions
            .iter()
            .find(|f| f.node.span().overlaps(edit.span) || f.node.span().contains(edit.span));
        let name = around.map_or("", |function| function.name);
        match groups.last_mut() {
            Some((known, edits)) if *known == name => edits.push(edit),
            _ => groups.push((name, vec![edit])),
        }
    }
    let message: Vec<String> = ran.iter().flat_map(|patch| patch.preamble.message.clone()).collect();
    let summaries: Vec<String> = ran.iter().map(|patch| patch.summary()).collect();
    let made = |(function, edits): (&str, Vec<TextEdit>)| {
        let span = first_ink(file, edits[0].span);
        let rewritten = Rewritten { edits, summary: summaries.join(" and "), message: message.clone() };
        site(file, span, function, &rule, Verdict::Rewritten(Box::new(rewritten)))
    };
    groups.into_iter().map(made).collect()
}

/// Where the first changed line has its text.
fn first_ink(file: &SourceFile, span: Span) -> Span {
    let text = file.slice(span);
    let blank = text.len() - text.trim_start().len();
    if blank == text.len() { span } else { Span { start: span.start + blank as u32, end: span.end } }
}

fn site(file: &SourceFile, span: Span, function: &str, rule: &str, verdict: Verdict) -> Site {
    let (file, function, rule) = (file.clone(), function.to_owned(), rule.to_owned());
    Site { file, span, function, rule, verdict, obligations: Vec::new() }
}
