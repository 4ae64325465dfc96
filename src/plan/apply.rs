//! A rule file applied to one file.
//!
//! In: a prepared rule file, a file and the virtual rules asked for. Out: [`Applied`], the new text with what matched
//! and what went wrong. Rules run one after the other on the text the former ones left, as in Coccinelle; two edits that
//! disagree are reported and the first stays.

use super::prefilter::{Prefilter, Requirement};
use super::stand_ins::StandIns;
use crate::diagnostic::{Diagnostic, Severity};
use crate::matcher::{Binding, Environment, Found, iso, search};
use crate::smpl::compile::{CompiledRule, compile};
use crate::smpl::token::Mark;
use crate::smpl::{
    Constraint, ConstraintValue, Depends, FreshPart, Item, ListLength, MetaKind, Metavariable, RuleFile,
    ScriptPhase, SmplRule,
};
use crate::source::{SourceFile, Span};
use crate::syntax::coverage::{Coverage, MacroBodies, SkipReason};
use crate::syntax::macros::MacroKnowledge;
use crate::syntax::{self, Tree};
use std::collections::{BTreeSet, HashMap, HashSet};
use transform::transform;

/// What a run is asked for beyond the rules.
#[derive(Clone, Debug, Default)]
pub struct ApplyOptions {
    /// Virtual rules that are on.
    pub virtuals: Vec<String>,
    /// Identifiers given as `-D name=value`.
    pub definitions: Vec<(String, String)>,
    /// Isomorphisms to use; the shipped ones if there are none.
    pub isomorphisms: Option<Vec<iso::Iso>>,
    /// Names of isomorphisms that no rule uses.
    pub disabled: Vec<String>,
    /// What is known about macros beyond the file itself; the shipped macro file if there is nothing.
    pub macros: Option<MacroKnowledge>,
}

impl ApplyOptions {
    /// The tree of a file, read with what is known about macros.
    fn read(&self, source: &SourceFile) -> Tree {
        match &self.macros {
            Some(known) => syntax::parse_with(source, known),
            None => syntax::parse(source),
        }
    }
}

/// A rule file ready to run.
#[derive(Clone, Debug)]
pub struct Program {
    steps: Vec<Step>,
    prefilter: Prefilter,
}

impl Program {
    /// Tells which files have to be looked at.
    pub fn prefilter(&self) -> &Prefilter {
        &self.prefilter
    }

    /// Whether some rule changes code.
    pub fn transforms(&self) -> bool {
        self.steps.iter().any(|step| step.rule.transforms())
    }

    /// Whether some rule marks lines with `*`.
    pub fn is_context(&self) -> bool {
        self.steps.iter().any(|step| step.is_context())
    }
}

#[derive(Clone, Debug)]
struct Step {
    rule: CompiledRule,
    depends: Option<Depends>,
    inherited: Vec<(String, String, String)>,
}

impl Step {
    fn is_context(&self) -> bool {
        self.rule.marks.values().any(|mark| *mark == Mark::Star)
    }

    fn requirement(&self) -> Requirement {
        let mut needs: Vec<String> = self.inherited.iter().map(|(_, rule, _)| rule.clone()).collect();
        needed_rules(self.depends.as_ref(), &mut needs);
        Requirement {
            name: self.rule.name.clone(),
            words: self.rule.required.clone(),
            needs,
            acts: self.rule.transforms() || self.is_context(),
        }
    }
}

/// The rules that must have matched for a dependency to hold.
fn needed_rules(depends: Option<&Depends>, rules: &mut Vec<String>) {
    match depends {
        Some(Depends::Rule(name) | Depends::Ever(name)) => rules.push(name.clone()),
        Some(Depends::And(a, b)) => {
            needed_rules(Some(a), rules);
            needed_rules(Some(b), rules);
        }
        Some(Depends::Or(..) | Depends::Not(_) | Depends::Never(_) | Depends::FileIn(_)) | None => {}
    }
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
    /// What could not be done.
    pub diagnostics: Vec<Diagnostic>,
    /// What of the file was read.
    pub coverage: Coverage,
}

/// Make a rule file ready. Scripts are errors that name their place, unless nothing depends on them.
pub fn prepare(file: &RuleFile, options: &ApplyOptions) -> Result<Program, Vec<Diagnostic>> {
    let mut steps = Vec::new();
    let mut errors = Vec::new();
    let isos = options.isomorphisms.as_deref().unwrap_or(iso::standard());
    let rules: Vec<SmplRule> = file.rules().cloned().collect();
    for item in &file.items {
        match item {
            Item::Rule(rule) if never_runs(rule.header.depends.as_ref(), file, options) => {}
            Item::Rule(rule) => {
                let rule = &extended(rule, &rules);
                let line = file.source.line_column(rule.header.span).line;
                match compile(&file.source, rule, line) {
                    Ok(compiled) => {
                        let compiled = with_isos(&file.source, compiled, (rule, options), isos);
                        let inherited = rule
                            .metavariables
                            .iter()
                            .filter_map(|m| Some((m.name.clone(), m.inherited.clone()?, m.name.clone())));
                        steps.push(Step {
                            rule: compiled,
                            depends: rule.header.depends.clone(),
                            inherited: inherited.collect(),
                        });
                    }
                    Err(e) => errors.extend(e),
                }
            }
            Item::Script(script) if never_runs(script.header.depends.as_ref(), file, options) => {}
            Item::Script(script) if script.phase != ScriptPhase::PerMatch && script.language == "python" => {}
            Item::Script(script) => {
                let message = format!("scripts in {} are not supported yet", script.language);
                errors.push(Diagnostic::error("smpl-script", message).at(
                    &file.source,
                    script.header.span,
                    "this one",
                ));
            }
            Item::Virtual(_) | Item::Using(_) | Item::Walk(_) => {}
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let requirements: Vec<Requirement> = steps.iter().map(Step::requirement).collect();
    let prefilter = Prefilter::new(&requirements);
    let mut program = Program { steps, prefilter };
    let needed = needed(&program);
    for step in &mut program.steps {
        let prefix = format!("{}.", step.rule.name);
        let own = |name: &String| name.strip_prefix(&prefix).map(str::to_string);
        step.rule.exported = needed.iter().filter_map(own).collect();
        step.rule.disabled.extend(options.disabled.iter().cloned());
    }
    Ok(program)
}

/// Whether a rule cannot run with the virtual rules that are on.
fn never_runs(depends: Option<&Depends>, file: &RuleFile, options: &ApplyOptions) -> bool {
    fn value(d: &Depends, file: &RuleFile, options: &ApplyOptions) -> Option<bool> {
        match d {
            Depends::Rule(name) if file.virtual_names().any(|v| v == name) => {
                Some(options.virtuals.contains(name))
            }
            Depends::Not(d) => value(d, file, options).map(|v| !v),
            Depends::And(a, b) => match (value(a, file, options), value(b, file, options)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Depends::Or(a, b) => match (value(a, file, options), value(b, file, options)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            _ => None,
        }
    }
    depends.is_some_and(|d| value(d, file, options) == Some(false))
}

/// A rule with the metavariables of the rule it extends.
fn extended(rule: &SmplRule, rules: &[SmplRule]) -> SmplRule {
    let mut out = rule.clone();
    let base = rule
        .header
        .extends
        .as_ref()
        .and_then(|name| rules.iter().find(|r| r.header.name.as_ref() == Some(name)));
    let Some(base) = base else { return out };
    for meta in extended(base, &[]).metavariables {
        if !out.metavariables.iter().any(|m| m.name == meta.name) {
            let inherited =
                Some(meta.inherited.clone().unwrap_or_else(|| base.header.name.clone().unwrap_or_default()));
            out.metavariables.push(Metavariable { inherited, ..meta });
        }
    }
    out
}

fn with_isos(
    file: &SourceFile,
    mut rule: CompiledRule,
    (source, options): (&SmplRule, &ApplyOptions),
    isos: &[iso::Iso],
) -> CompiledRule {
    let off = source.header.disable.iter().chain(&options.disabled);
    let on: Vec<&iso::Iso> =
        isos.iter().filter(|i| !off.clone().any(|o| *o == i.name || o == "all")).collect();
    let hung: HashSet<u32> = rule.hangs.keys().copied().collect();
    let mut marks = rule.marks.clone();
    let mut expansion = iso::Expansion { file, isos: &on, hung: &hung, marks: &mut marks };
    rule.pattern = expansion.expand(rule.pattern, 2);
    rule.marks = marks;
    rule
}

#[derive(Clone)]
struct State {
    env: Environment,
    matched: BTreeSet<String>,
}

/// Run a rule file on one file. Bytes that are not UTF-8 stay what they are, also where rules move them.
pub fn apply(program: &Program, source: &SourceFile, options: &ApplyOptions) -> Applied {
    if !source.is_sanitised() {
        return apply_to_text(program, source, options);
    }
    match StandIns::put(source) {
        Some((text, stand_ins)) => {
            let mut applied = apply_to_text(program, &text, options);
            stand_ins.undo(&mut applied.after);
            applied
        }
        None => Applied {
            after: source.bytes().to_vec(),
            matched: BTreeSet::new(),
            stars: Vec::new(),
            diagnostics: vec![Diagnostic::new(
                Severity::Warning,
                "not-text",
                format!("`{}` is not text; it was left as it is", source.path()),
            )],
            coverage: Coverage::skipped(source.path(), SkipReason::Unreadable("it is not text".to_owned())),
        },
    }
}

fn apply_to_text(program: &Program, source: &SourceFile, options: &ApplyOptions) -> Applied {
    let mut env = Environment::new();
    for (name, value) in &options.definitions {
        env = env.with(&format!("virtual.{name}"), Binding::text(value.as_str()));
    }
    let matched: BTreeSet<String> = options.virtuals.iter().cloned().collect();
    let mut states = vec![State { env, matched: matched.clone() }];
    let mut current = source.clone();
    let mut tree = options.read(&current);
    let mut out = Applied {
        after: source.bytes().to_vec(),
        matched: BTreeSet::new(),
        stars: Vec::new(),
        diagnostics: Vec::new(),
        coverage: Coverage::of_candidate(&tree, program.prefilter.words(), MacroBodies::Read),
    };
    let needed = needed(program);
    for step in &program.steps {
        let mut found_any = Vec::new();
        let mut next: Vec<State> = Vec::new();
        let mut cache: HashMap<String, Vec<Environment>> = HashMap::new();
        for state in &states {
            let Some(start) = start(step, state, &states, &current) else {
                next.push(state.clone());
                continue;
            };
            let key = start.key();
            let found = cache.entry(key).or_insert_with(|| {
                let Found { environments, gave_up } = search(&step.rule, &tree, &start);
                out.diagnostics.extend(gave_up.iter().map(|span| too_much(&step.rule.name, &current, *span)));
                environments
            });
            if found.is_empty() {
                next.push(state.clone());
            }
            found_any.extend(found.iter().cloned());
            next.extend(found.iter().map(Environment::exported).map(|e| export(step, state, &e, &needed)));
        }
        states = distinct(next);
        if found_any.is_empty() {
            continue;
        }
        out.matched.insert(step.rule.name.clone());
        stars(&step.rule, &found_any, &mut out.stars);
        if step.rule.transforms() {
            let (after, diagnostics) = transform(&step.rule, &tree, &found_any);
            out.diagnostics.extend(diagnostics);
            current = SourceFile::new(source.path(), after);
            tree = options.read(&current);
        }
    }
    out.after = current.bytes().to_vec();
    out
}

fn too_much(rule: &str, source: &SourceFile, span: Span) -> Diagnostic {
    let message = format!("{rule} takes too many steps on this function; it was left as it is");
    Diagnostic::new(Severity::Warning, "smpl-steps", message).at(source, span, "this function")
}

fn distinct(states: Vec<State>) -> Vec<State> {
    let mut seen = BTreeSet::new();
    let mut out: Vec<State> =
        states.into_iter().filter(|s| seen.insert((s.env.key(), s.matched.clone()))).collect();
    out.truncate(2000);
    out
}

/// The environment a rule starts with, if it runs at all.
fn start(step: &Step, state: &State, states: &[State], source: &SourceFile) -> Option<Environment> {
    if let Some(depends) = &step.depends
        && !holds(depends, &state.matched, source.path())
    {
        return None;
    }
    let mut env = Environment::new();
    for (name, binding) in state.env.bindings() {
        env = env.with(name, binding.clone());
    }
    for (name, rule, theirs) in &step.inherited {
        let binding = state.env.get(&format!("{rule}.{theirs}"))?;
        env = env.with(name, binding.clone());
    }
    // Places of other rules that a position is compared with: all there are.
    let metas = &step.rule.metavariables;
    for meta in metas.values().filter(|m| matches!(m.kind, MetaKind::Position(_))) {
        for (rule, name) in meta.constraints.iter().flat_map(compared) {
            let key = format!("{rule}.{name}");
            let mut places: Vec<_> =
                states.iter().filter_map(|s| s.env.get(&key)).flat_map(|b| b.places.clone()).collect();
            places.sort();
            places.dedup();
            if let Some(first) = places.first().cloned() {
                env = env.with(&key, Binding { places, ..Binding::place(first) });
            }
        }
    }
    let inherited = |name: &str| metas.get(name).filter(|m| m.inherited.is_some());
    let fits = |(name, b): &(&str, &Binding)| {
        inherited(name).is_none_or(|m| crate::matcher::constraint::allowed(m, b, &env))
    };
    let ok = env.bindings().iter().all(fits);
    ok.then_some(env)
}

/// The metavariables of other rules that a constraint mentions.
fn compared(constraint: &Constraint) -> Vec<(String, String)> {
    match constraint {
        Constraint::In(values) | Constraint::NotIn(values) | Constraint::PartOf(values) => values
            .iter()
            .filter_map(|v| match v {
                ConstraintValue::Metavariable(Some(rule), name) => Some((rule.clone(), name.clone())),
                _ => None,
            })
            .collect(),
        Constraint::All(all) | Constraint::Any(all) => all.iter().flat_map(compared).collect(),
        Constraint::Not(c) => compared(c),
        _ => Vec::new(),
    }
}

fn holds(depends: &Depends, matched: &BTreeSet<String>, path: &str) -> bool {
    match depends {
        Depends::Rule(name) | Depends::Ever(name) => matched.contains(name),
        Depends::Never(name) => !matched.contains(name),
        Depends::FileIn(place) => {
            path == place || path.starts_with(&format!("{}/", place.trim_end_matches('/')))
        }
        Depends::Not(d) => !holds(d, matched, path),
        Depends::And(a, b) => holds(a, matched, path) && holds(b, matched, path),
        Depends::Or(a, b) => holds(a, matched, path) || holds(b, matched, path),
    }
}

/// The bindings that later rules ask for: all others are forgotten, or their combinations would multiply.
fn needed(program: &Program) -> HashSet<String> {
    let mut out = HashSet::new();
    for meta in program.steps.iter().flat_map(|s| s.rule.metavariables.values()) {
        if let Some(rule) = &meta.inherited {
            out.insert(format!("{rule}.{}", meta.name));
        }
        out.extend(meta.constraints.iter().flat_map(compared).map(|(rule, name)| format!("{rule}.{name}")));
        match &meta.kind {
            MetaKind::FreshIdentifier(parts) => out.extend(parts.iter().filter_map(|p| match p {
                FreshPart::Metavariable(name) => Some(name.clone()),
                FreshPart::Text(_) => None,
            })),
            MetaKind::ExpressionList(l)
            | MetaKind::ParameterList(l)
            | MetaKind::FieldList(l)
            | MetaKind::InitializerList(l)
            | MetaKind::StatementList(l) => match l {
                ListLength::Named(name) | ListLength::Within(name, _) => {
                    out.insert(name.clone());
                }
                _ => {}
            },
            _ => {}
        }
    }
    out
}

fn export(step: &Step, state: &State, found: &Environment, needed: &HashSet<String>) -> State {
    let mut env = state.env.clone();
    for (name, binding) in found.bindings() {
        if !name.contains('.') && needed.contains(&format!("{}.{name}", step.rule.name)) {
            env = env.with(&format!("{}.{name}", step.rule.name), binding.clone());
        }
    }
    for meta in step.rule.metavariables.values() {
        if let MetaKind::FreshIdentifier(_) = meta.kind {
            let text = super::plus::fresh(meta, found);
            env = env.with(&format!("{}.{}", step.rule.name, meta.name), Binding::text(text));
        }
    }
    let mut matched = state.matched.clone();
    matched.insert(step.rule.name.clone());
    State { env, matched }
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
mod transform;
