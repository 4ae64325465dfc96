//! A rule file applied to one file.
//!
//! In: a prepared rule file, a file and the virtual rules asked for. Out: [`Applied`], the new text with what matched,
//! what scripts printed and what went wrong. Rules run one after the other on the text the former ones left, as in
//! Coccinelle; two edits that disagree are reported and the first stays.

mod agreeing;
mod explain;
mod fresh;
mod prepare;
mod program;
mod rule_text;
mod scripts;
mod states;
mod step;
mod transform;

use super::layout::Manner;
use super::stand_ins::StandIns;
use crate::diagnostic::{Diagnostic, Severity};
use crate::matcher::arms::Arms;
use crate::matcher::{Binding, Environment, Found, Ground, Search, iso};
use crate::script::{Decision, Interpreter, Report};
use crate::smpl::ScriptRule;
use crate::smpl::compile::{CompiledRule, Ways};
use crate::smpl::token::Mark;
use crate::source::{SourceFile, Span};
use crate::syntax::coverage::{Coverage, MacroBodies, SkipReason};
use crate::syntax::macros::MacroKnowledge;
use crate::syntax::{Headers, Included, Tree, parse_parts, parse_with};
use states::{State, distinct, export, pooled, start};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};
use step::{RuleStep, ScriptStep, Step};
use transform::transform;

pub use explain::{Account, Hidden, Obstacle, Purpose, Said, Unmet};
pub use prepare::prepare;
pub use program::Program;

/// Whether scripts of rule files run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scripts {
    /// A rule file that needs them is refused: scripts are run on request only.
    #[default]
    Refused,
    /// The user said so.
    Allowed,
}

/// What a run is asked for beyond the rules.
#[derive(Clone, Debug, Default)]
pub struct ApplyOptions {
    /// Virtual rules that are on.
    pub virtuals: Vec<String>,
    /// Identifiers given as `-D name=value`.
    pub definitions: Vec<(String, String)>,
    /// Isomorphisms to use; the shipped ones if there are none.
    pub isomorphisms: Option<Vec<iso::Iso>>,
    /// The isomorphism files that the rule file asks for, by the names that it gives them.
    pub beside: Vec<(String, SourceFile)>,
    /// Names of isomorphisms that no rule uses.
    pub disabled: Vec<String>,
    /// What is known about macros beyond the file itself; the shipped macro file if there is nothing.
    pub macros: Option<MacroKnowledge>,
    /// Which headers tell the types of expressions, where headers are read.
    pub included: Included,
    /// Whether scripts run.
    pub scripts: Scripts,
    /// How added code is to look.
    pub manner: Manner,
    /// Which paths of functions count.
    pub ways: Ways,
    /// How long the rules may take on one file.
    pub timeout: Option<Duration>,
}

/// A line that a `*` rule reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Star {
    /// The rule.
    pub rule: String,
    /// The bytes of the original file.
    pub span: Span,
}

/// What became of a file.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The new text.
    pub after: Vec<u8>,
    /// Names of the rules that matched.
    pub matched: BTreeSet<String>,
    /// Marked places.
    pub stars: Vec<Star>,
    /// What scripts printed, in order.
    pub reports: Vec<Report>,
    /// What could not be done.
    pub diagnostics: Vec<Diagnostic>,
    /// What of the file was read.
    pub coverage: Coverage,
}

impl Applied {
    /// A file as it was, and why.
    fn untouched(source: &SourceFile, coverage: Coverage, diagnostics: Vec<Diagnostic>) -> Self {
        Self {
            after: source.bytes().to_vec(),
            matched: BTreeSet::new(),
            stars: Vec::new(),
            reports: Vec::new(),
            diagnostics,
            coverage,
        }
    }
}

/// Runs a rule file on one file after the other; what its scripts remember stays from file to file. Each worker has its
/// own.
pub struct Runner<'a> {
    program: &'a Program,
    options: &'a ApplyOptions,
    headers: Option<&'a Headers<'a>>,
    scripts: Option<Interpreter>,
    /// Made from the steps that are rules, by their place.
    searches: Vec<OnceCell<Search<'a>>>,
}

impl<'a> Runner<'a> {
    /// Run the scripts that come before all files, and be ready for files. What the scripts printed comes along.
    pub fn new(program: &'a Program, options: &'a ApplyOptions) -> Result<(Self, Vec<Report>), Diagnostic> {
        let searches = program.steps.iter().map(|_| OnceCell::new()).collect();
        let mut runner = Self { program, options, headers: None, scripts: None, searches };
        if program.has_scripts() && options.scripts == Scripts::Allowed {
            runner.scripts = Some(Interpreter::new(&program.file)?);
        }
        let reports = runner.outside_files(&program.first)?;
        Ok((runner, reports))
    }

    /// Let the headers that a file includes say what its macros are, and what types are declared there.
    pub fn with_headers(self, headers: Option<&'a Headers<'a>>) -> Self {
        Self { headers, ..self }
    }

    /// Run the rules on a file. Bytes that are not UTF-8 stay what they are, also where rules move them.
    pub fn apply(&self, source: &SourceFile) -> Applied {
        if !source.is_sanitised() {
            return self.apply_to_text(source);
        }
        match StandIns::put(source) {
            Some((text, stand_ins)) => {
                let mut applied = self.apply_to_text(&text);
                stand_ins.undo(&mut applied.after);
                applied
            }
            None => {
                let message = format!("`{}` is not text; it was left as it is", source.path());
                let told = Diagnostic::new(Severity::Warning, "not-text", message);
                let why = SkipReason::Unreadable("it is not text".to_owned());
                Applied::untouched(source, Coverage::skipped(source.path(), why), vec![told])
            }
        }
    }

    /// Run the scripts that come after all files: what they printed.
    pub fn finish(self) -> Result<Vec<Report>, Diagnostic> {
        self.outside_files(&self.program.last)
    }

    fn outside_files(&self, scripts: &[ScriptRule]) -> Result<Vec<Report>, Diagnostic> {
        let Some(interpreter) = &self.scripts else { return Ok(Vec::new()) };
        let env = self.initial().env;
        let mut reports = Vec::new();
        for script in scripts {
            let ran = interpreter.run(script, &env, None)?;
            if let Some(failure) = ran.failure {
                return Err(failure);
            }
            reports.extend(ran.reports);
        }
        Ok(reports)
    }

    fn initial(&self) -> State {
        let mut env = Environment::new();
        for (name, value) in &self.options.definitions {
            env = env.with(&format!("virtual.{name}"), Binding::text(value.as_str()));
        }
        State { env, matched: self.options.virtuals.iter().cloned().collect() }
    }

    fn known(&self, source: &SourceFile) -> Cow<'_, MacroKnowledge> {
        self.program.known(source, self.headers)
    }

    /// The tree of a file.
    fn read(&self, source: &SourceFile) -> Tree {
        self.typed(parse_with(source, &self.known(source)))
    }

    /// The tree with the headers that tell its types, where a rule asks for types.
    fn typed(&self, tree: Tree) -> Tree {
        match self.headers.filter(|_| self.program.asks_for_types()) {
            Some(headers) => {
                let trees = headers.trees(tree.source(), self.options.included);
                tree.with_headers(trees)
            }
            None => tree,
        }
    }

    fn apply_to_text(&self, source: &SourceFile) -> Applied {
        let until = self.options.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let known = self.known(source);
        if let Some(outside) = self.program.first_look() {
            let text = source.text().as_bytes();
            let wanted = |span| self.program.rules().any(|step| step.need.is_met(text, span));
            let Some(tree) = parse_parts(source, &known, outside, wanted) else {
                return Applied::untouched(source, Coverage::default(), Vec::new());
            };
            match self.run((source, self.typed(tree)), Look::First, until) {
                Ok(applied) => return applied,
                Err(Stop::Late) => return late(source),
                Err(Stop::Closer) => {}
            }
        }
        let tree = self.typed(parse_with(source, &known));
        self.run((source, tree), Look::Whole, until).unwrap_or_else(|_| late(source))
    }

    fn run(
        &self,
        (source, tree): (&SourceFile, Tree),
        look: Look,
        until: Option<Instant>,
    ) -> Result<Applied, Stop> {
        let words = self.program.prefilter.words();
        let coverage = Coverage::of_candidate(&tree, words, MacroBodies::Read);
        let mut out = Applied::untouched(source, coverage, Vec::new());
        let mut now = Now { look, until, ..self.start_of(&tree) };
        let mut steps = self.program.steps.iter().zip(&self.searches);
        let mut tree = tree;
        while let Some(after) = self.steps(&mut steps, &tree, &mut now, &mut out)? {
            now.becomes(after);
            tree = self.read(&now.source);
        }
        out.after = now.source.bytes().to_vec();
        Ok(out)
    }

    /// A file before any rule.
    fn start_of(&self, tree: &Tree) -> Now {
        let arms = if self.program.remembers_places() { Arms::of(tree) } else { Arms::default() };
        let (states, source) = (vec![self.initial()], tree.source().clone());
        Now { states, source, look: Look::Whole, until: None, arms, made_up: 0 }
    }

    /// Run the steps up to one that changes the file: the text after it.
    fn steps<'s>(
        &'s self,
        steps: &mut impl Iterator<Item = (&'a Step, &'s OnceCell<Search<'a>>)>,
        tree: &Tree,
        now: &mut Now,
        out: &mut Applied,
    ) -> Result<Option<Vec<u8>>, Stop> {
        let ground = Ground::along(tree, self.options.ways).ending(now.until);
        for (step, search) in steps {
            match step {
                Step::Rule(step) => {
                    let search = search.get_or_init(|| Search::new(&step.rule, step.need.clone()));
                    let after = self.rule((step, search), &ground, now, out)?;
                    if after.is_some() {
                        return Ok(after);
                    }
                }
                Step::Script(step) => {
                    if self.script(step, now, out)? == Decision::Exit {
                        break;
                    }
                }
            }
        }
        Ok(None)
    }

    fn rule(
        &self,
        (step, search): (&RuleStep, &Search<'_>),
        ground: &Ground<'_>,
        now: &mut Now,
        out: &mut Applied,
    ) -> Result<Option<Vec<u8>>, Stop> {
        let mut found_any = Vec::new();
        let mut next: Vec<State> = Vec::new();
        let mut cache: HashMap<String, Vec<Environment>> = HashMap::new();
        let pooled = pooled(step, &now.states);
        for state in &now.states {
            let Some(start) = start(step, state, &pooled, &now.source) else {
                next.push(state.clone());
                continue;
            };
            let key = start.key();
            if !cache.contains_key(&key) {
                let look = now.look;
                let environments = self.passed(step, &now.source, out, |out, refused| {
                    let start = refused.iter().fold(start.clone(), |env, names| env.refusing(names));
                    let Found { environments, gave_up } = search.over(ground, &start);
                    if ground.is_late() {
                        return Err(Stop::Late);
                    }
                    let acts = environments.iter().any(|e| step.acts_on(e)) || !gave_up.is_empty();
                    look.allows(acts)?;
                    let told = gave_up.iter().map(|span| too_much(&step.rule.name, &now.source, *span));
                    out.diagnostics.extend(told);
                    Ok(environments)
                })?;
                let environments = fresh::numbered(&step.rule, environments, &mut now.made_up);
                found_any.extend(environments.iter().cloned());
                cache.insert(key.clone(), environments);
            }
            let found = cache.get(&key).map_or(&[][..], Vec::as_slice);
            let exported = found.iter().map(Environment::exported);
            let after = exported.map(|e| export(step, state, &e, &self.program.needed));
            let before = next.len();
            next.extend(after.filter(|state| !now.arms.exclude(state.places())));
            if next.len() == before {
                next.push(state.clone());
            }
        }
        let (states, warning) = distinct(next, &step.rule.name, &now.source);
        now.states = states;
        out.diagnostics.extend(warning);
        if found_any.is_empty() {
            return Ok(None);
        }
        out.matched.insert(step.rule.name.clone());
        stars(&step.rule, &found_any, &mut out.stars);
        if !step.rule.transforms() || !found_any.iter().any(|e| step.acts_on(e)) {
            return Ok(None);
        }
        let (after, diagnostics) = transform(&step.rule, ground.tree, &found_any, &self.options.manner);
        out.diagnostics.extend(diagnostics);
        Ok(Some(after))
    }
}

/// What a file has become, and what is known about it.
struct Now {
    states: Vec<State>,
    source: SourceFile,
    look: Look,
    /// When the file is given up, if ever.
    until: Option<Instant>,
    /// What never stands in one program; nothing once the file has changed, as places are those of the old text.
    arms: Arms,
    /// How many names were made up by counting.
    made_up: usize,
}

impl Now {
    /// A rule changed the file.
    fn becomes(&mut self, text: Vec<u8>) {
        self.source = SourceFile::new(self.source.path(), text);
        self.arms = Arms::default();
    }
}

/// How much of a file is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// The items that hold what rules need: enough to see that nothing is to be done.
    First,
    /// All of it.
    Whole,
}

/// Why a run over a file ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// There is something to be done, and the whole file has to be looked at for it.
    Closer,
    /// The time for the file is over.
    Late,
}

impl Look {
    /// Whether the run goes on where something is to be done.
    fn allows(self, acts: bool) -> Result<(), Stop> {
        if acts && self == Look::First { Err(Stop::Closer) } else { Ok(()) }
    }
}

/// Run a rule file on one file only.
pub fn apply(program: &Program, source: &SourceFile, options: &ApplyOptions) -> Applied {
    let (runner, mut reports) = match Runner::new(program, options) {
        Ok(ready) => ready,
        Err(diagnostic) => {
            let why = SkipReason::Unreadable(diagnostic.message.clone());
            return Applied::untouched(source, Coverage::skipped(source.path(), why), vec![diagnostic]);
        }
    };
    let mut applied = runner.apply(source);
    reports.append(&mut applied.reports);
    match runner.finish() {
        Ok(last) => reports.extend(last),
        Err(diagnostic) => applied.diagnostics.push(diagnostic),
    }
    Applied { reports, ..applied }
}

/// A file that was given up because of its time.
fn late(source: &SourceFile) -> Applied {
    let message = format!("the rules take too long on `{}`; it was left as it is", source.path());
    let told = Diagnostic::new(Severity::Warning, "timeout", message);
    Applied::untouched(source, Coverage::skipped(source.path(), SkipReason::OverTime), vec![told])
}

fn too_much(rule: &str, source: &SourceFile, span: Span) -> Diagnostic {
    let message = format!("{rule} takes too many steps on this function; it was left as it is");
    Diagnostic::new(Severity::Warning, "smpl-steps", message).at(source, span, "this function")
}

fn stars(rule: &CompiledRule, found: &[Environment], out: &mut Vec<Star>) {
    for touch in found.iter().flat_map(Environment::touches) {
        let star = Star { rule: rule.name.clone(), span: touch.span };
        if rule.marks.get(&touch.atom) == Some(&Mark::Star) && !out.contains(&star) {
            out.push(star);
        }
    }
}

#[cfg(test)]
mod tests;
