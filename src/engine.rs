//! Rules over files.
//!
//! In: [`Rules`], and a tree through [`Files`]. Out: an [`Outcome`]: a [`Site`] for every place that a rule is about,
//! converted or not, how helpers come into the tree, and the [`Coverage`]. The same inputs give the same outcome,
//! however many threads there are: results are ordered by path, then by offset, then by rule.
//!
//! A file without the words that a rule requires is never parsed. A file that cannot be read, and a required word in
//! code that could not be read, are sites too: nothing is skipped in silence.

pub mod apply;
mod introduce;
mod one_file;
mod patches;
mod preamble;
mod rule;
mod tree_headers;

use crate::diagnostic::Diagnostic;
use crate::edit::TextEdit;
use crate::plan::apply::ApplyOptions;
use crate::smpl::RuleFile;
use crate::source::{SourceFile, Span};
use crate::syntax::coverage::SkipReason;
use crate::syntax::file_scope::FileScope;
use crate::syntax::parse::shipped_macros;
use crate::syntax::{Headers, MacroKnowledge, parse_with};
use crate::walk::model::Model;
use crate::walk::plain::PlainSpec;
use crate::walk::{Obligation, Refusal, WalkSpec};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

pub use crate::syntax::Coverage;
pub use introduce::Introduction;
pub use patches::SemanticPatch;
pub use preamble::Preamble;
use rule::Walking;
pub use tree_headers::headers;

/// Where the engine reads from.
pub trait Files: Sync {
    /// Every file, sorted by path.
    fn paths(&self) -> Vec<String>;

    /// A file's bytes.
    fn read(&self, path: &str) -> Result<Vec<u8>, Diagnostic>;

    /// A file's bytes if it has one of the words. Called from several threads.
    fn read_if_any(&self, path: &str, words: &[String]) -> Result<Option<Vec<u8>>, Diagnostic> {
        let bytes = self.read(path)?;
        let has = |word: &String| bytes.windows(word.len().max(1)).any(|w| w == word.as_bytes());
        Ok(words.iter().any(has).then_some(bytes))
    }

    /// What is known about macros that no header explains.
    fn macros(&self) -> &MacroKnowledge {
        shipped_macros()
    }
}

/// Understood rules.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Walks over batches of pieces.
    pub walks: Vec<WalkSpec>,
    /// Walks over elements without pieces.
    pub plain: Vec<PlainSpec>,
    /// Files of ordinary rules, to be run one after the other.
    pub patches: Vec<SemanticPatch>,
}

impl Rules {
    /// Understand the rules of one folder; `snippet` reads a file that stands beside them, `options` are those of ordinary
    /// rules.
    pub fn understand(
        files: &[RuleFile],
        snippet: &dyn Fn(&str) -> Option<String>,
        options: &ApplyOptions,
    ) -> (Self, Vec<Diagnostic>) {
        let (walks, mut told) = crate::walk::spec::specs(files, snippet);
        let (plain, more) = crate::walk::plain::spec::specs(files, snippet);
        told.extend(more);
        let about = |one: &Diagnostic, file: &RuleFile| {
            one.annotations.iter().any(|a| a.file.path() == file.source.path())
        };
        let traced = |one: Diagnostic| match files.iter().find(|file| about(&one, file)) {
            Some(file) => file.traced(one),
            None => one,
        };
        let mut diagnostics: Vec<Diagnostic> = told.into_iter().map(traced).collect();
        let mut patches = Vec::new();
        for file in files {
            match SemanticPatch::understand(file, snippet, options) {
                Ok(patch) => patches.extend(patch),
                Err(told) => diagnostics.extend(told),
            }
        }
        (Self { walks, plain, patches }, diagnostics)
    }

    fn all(&self) -> impl Iterator<Item = Walking<'_>> {
        let batches = self.walks.iter().map(Walking::Batches);
        batches.chain(self.plain.iter().map(Walking::Plain))
    }
}

/// How sure a conversion has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Every obligation is discharged.
    Safe,
    /// Right under facts that a person has to look at.
    Review,
}

/// A place that a rule is about.
#[derive(Clone, Debug)]
pub struct Site {
    /// The file.
    pub file: SourceFile,
    /// The call that the rule looks for.
    pub span: Span,
    /// The function around it; empty if it is in none.
    pub function: String,
    /// The rule's name.
    pub rule: String,
    /// What came of it.
    pub verdict: Verdict,
    /// What had to be shown, and how it stands: each duty once, in the order of their numbers.
    pub obligations: Vec<Obligation>,
}

impl Site {
    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.file.line_column(self.span).line
    }
}

/// What came of a site.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It is rewritten, and what that rests on was looked at.
    Converted(Box<Converted>),
    /// An ordinary rule rewrites it: that the rule matches is all that is known.
    Rewritten(Box<Rewritten>),
    /// It is left alone, and why.
    Refused(Refusal),
}

/// A rewritten site.
#[derive(Clone, Debug)]
pub struct Converted {
    /// How sure it is.
    pub level: Level,
    /// Edits of the file.
    pub edits: Vec<TextEdit>,
    /// The function that calls the helper; what acquired may have become a part of it.
    pub function: String,
    /// What is called now.
    pub helper: String,
    /// What the commit says, paragraph by paragraph.
    pub message: Vec<String>,
    /// What a reviewer should know: names of the rule's notes, and their text.
    pub notes: Vec<(String, String)>,
    /// What plays the walk, if the rule comes with a model.
    pub model: Option<Arc<Model>>,
}

/// What an ordinary rule made of a function.
#[derive(Clone, Debug)]
pub struct Rewritten {
    /// Edits of the file.
    pub edits: Vec<TextEdit>,
    /// What the rule does, in a phrase.
    pub summary: String,
    /// What else the commit says, paragraph by paragraph.
    pub message: Vec<String>,
}

/// What a run found.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// By path, offset and rule.
    pub sites: Vec<Site>,
    /// Helpers that the tree does not have yet, in the order of the rules.
    pub introductions: Vec<Introduction>,
    /// What was read.
    pub coverage: Coverage,
    /// What a person should look at.
    pub diagnostics: Vec<Diagnostic>,
}

/// Bytes of stack for a thread: C nests deep, and the matcher with it. Only what is used is ever taken.
const STACK: usize = 256 << 20;

/// Do `work` with so many threads, or with one per processor.
pub fn with_threads<T: Send>(jobs: Option<NonZeroUsize>, work: impl FnOnce() -> T + Send) -> T {
    let threads = jobs.map_or(0, NonZeroUsize::get);
    match rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build() {
        Ok(pool) => pool.install(work),
        // Without threads of its own it runs on those that there are.
        Err(_) => work(),
    }
}

/// Run rules over a tree. `wanted` says which files to look into; conversions above `level` are found, and left out of what
/// others build on.
pub fn run(
    rules: &Rules,
    files: &dyn Files,
    wanted: &(dyn Fn(&str) -> bool + Sync),
    level: Level,
) -> Outcome {
    let paths = files.paths();
    let headers = headers(files, &paths);
    let mut outcome = run_walks(rules, files, &headers, wanted, level);
    if !rules.patches.is_empty() {
        let found = patches::run(&rules.patches, files, wanted, &headers);
        outcome.sites.extend(found.sites);
        outcome.coverage.merge(found.coverage);
        outcome.diagnostics.extend(found.diagnostics);
    }
    outcome
}

fn run_walks(
    rules: &Rules,
    files: &dyn Files,
    headers: &Headers<'_>,
    wanted: &(dyn Fn(&str) -> bool + Sync),
    level: Level,
) -> Outcome {
    let mut outcome = Outcome::default();
    let paths = files.paths();
    let walks: Vec<Walking<'_>> = rules.all().filter(|walk| applies(*walk, files, &paths)).collect();
    if walks.is_empty() {
        outcome.diagnostics.extend(no_walk_applies(rules));
        return outcome;
    }
    let words: BTreeSet<&str> = walks.iter().flat_map(|w| w.words()).collect();
    let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    let libraries: BTreeSet<&str> =
        walks.iter().flat_map(|w| w.introductions().iter().map(|i| i.path.as_str())).collect();
    let (skipped, in_question): (Vec<&String>, Vec<&String>) = paths
        .iter()
        .filter(|p| (p.ends_with(".c") || p.ends_with(".h")) && wanted(p))
        .partition(|p| libraries.contains(p.as_str()));
    let asked = one_file::Asked { walks: &walks, words: &words, headers, level };
    let results: Vec<_> = in_question
        .par_iter()
        .map(|path| match files.read_if_any(path, &words) {
            Ok(Some(bytes)) => {
                let file = SourceFile::new(path.as_str(), bytes);
                Some(Ok(one_file::sites(&file, &asked)))
            }
            Ok(None) => None,
            Err(diagnostic) => Some(Err((path.as_str(), diagnostic))),
        })
        .collect();
    outcome.coverage.files = in_question.len() + skipped.len();
    for path in skipped {
        outcome.coverage.add(Coverage::skipped(path, SkipReason::Library));
    }
    for result in results.into_iter().flatten() {
        match result {
            Ok(found) => {
                outcome.coverage.add(found.coverage);
                outcome.sites.extend(found.sites);
            }
            Err((path, diagnostic)) => {
                let why = SkipReason::Unreadable(diagnostic.message.clone());
                outcome.coverage.add(Coverage::skipped(path, why));
                outcome.diagnostics.push(diagnostic);
            }
        }
    }
    let converted = |walk: Walking<'_>| {
        let made = |v: &Verdict| matches!(v, Verdict::Converted(c) if c.level <= level);
        outcome.sites.iter().any(|s| s.rule == walk.name() && made(&s.verdict))
    };
    for walk in walks.into_iter().filter(|w| converted(*w)) {
        match introduce::introduction(walk, files, &paths) {
            Ok(introduction) => outcome.introductions.extend(introduction),
            Err(diagnostic) => outcome.diagnostics.push(diagnostic),
        }
    }
    outcome
}

/// Whether the tree is of the generation that a walk is written for.
fn applies(walk: Walking<'_>, files: &dyn Files, paths: &[String]) -> bool {
    let declared = |name: &String| declares(walk, files, paths, name);
    walk.declares().iter().all(declared) && !walk.lacks().iter().any(declared)
}

/// Whether the tree declares a name: in the files that the helper would go to, or, if it has none of them, in any
/// header.
fn declares(walk: Walking<'_>, files: &dyn Files, paths: &[String], name: &str) -> bool {
    let own: Vec<&str> = walk
        .introductions()
        .iter()
        .map(|i| i.path.as_str())
        .filter(|p| paths.binary_search_by(|q| q.as_str().cmp(p)).is_ok())
        .collect();
    let anywhere = || paths.iter().map(String::as_str).filter(|p| p.ends_with(".h")).collect();
    let places: Vec<&str> = if own.is_empty() { anywhere() } else { own };
    let word = [name.to_owned()];
    places.par_iter().any(|path| {
        let Ok(Some(bytes)) = files.read_if_any(path, &word) else { return false };
        let file = SourceFile::new(*path, bytes);
        let tree = parse_with(&file, files.macros());
        let scope = FileScope::of(&tree);
        scope.function(name).is_some()
            || scope.globals.iter().any(|g| g.name == name)
            || scope.macros.iter().any(|m| m.name == name)
    })
}

fn no_walk_applies(rules: &Rules) -> Option<Diagnostic> {
    let wanted: BTreeSet<&str> = rules.all().flat_map(|w| w.declares().iter().map(String::as_str)).collect();
    if wanted.is_empty() {
        return None;
    }
    let names = wanted.into_iter().collect::<Vec<_>>().join("(), ");
    Some(
        Diagnostic::new(
            crate::diagnostic::Severity::Warning,
            "tree-lacks",
            format!("the tree declares none of what the rules are about: {names}()"),
        )
        .help("check that this is the tree that is meant"),
    )
}
