//! What is known between rules: which bindings there are, and which rules they went through.
//!
//! In: the environments that a rule found. Out: [`State`]s for the rules after it, and the environment that a rule starts
//! with in a state, unless it does not run there. Bindings that nobody reads any more are forgotten.

use super::RuleStep;
use crate::diagnostic::{Diagnostic, Severity};
use crate::matcher::binding::Place;
use crate::matcher::constraint::allowed;
use crate::matcher::{Binding, Environment};
use crate::plan::plus;
use crate::smpl::pattern::Metavariables;
use crate::smpl::{Constraint, ConstraintValue, Depends, FreshPart, ListLength, MetaKind, Metavariable};
use crate::source::SourceFile;
use std::collections::{BTreeSet, HashSet};

/// Bindings, and the rules that matched on the way to them.
#[derive(Clone)]
pub(super) struct State {
    /// The names are `rule.metavariable`.
    pub(super) env: Environment,
    /// Virtual rules that are on are among them.
    pub(super) matched: BTreeSet<String>,
}

impl State {
    /// The places that positions hold.
    pub(super) fn places(&self) -> impl Iterator<Item = &Place> + Clone {
        self.env.bindings().into_iter().flat_map(|(_, binding)| &binding.places)
    }
}

/// How many states are followed from one rule to the next.
const MOST: usize = 2000;

/// The different ones among the states behind a rule, in order, and a warning if there are more than are followed.
pub(super) fn distinct(
    states: Vec<State>,
    rule: &str,
    source: &SourceFile,
) -> (Vec<State>, Option<Diagnostic>) {
    let mut seen = BTreeSet::new();
    let mut out: Vec<State> =
        states.into_iter().filter(|s| seen.insert((s.env.key(), s.matched.clone()))).collect();
    let warning = out.len().checked_sub(MOST + 1).map(|_| {
        let message = format!(
            "{rule} matches in {} ways in {}; the rules behind it go on from the first {MOST} only",
            out.len(),
            source.path()
        );
        Diagnostic::new(Severity::Warning, "smpl-steps", message)
    });
    out.truncate(MOST);
    (out, warning)
}

/// The environment a rule starts with, if it runs at all.
pub(super) fn start(
    step: &RuleStep,
    state: &State,
    pooled: &[(String, Binding)],
    source: &SourceFile,
) -> Option<Environment> {
    if let Some(depends) = &step.depends
        && !holds(depends, &state.matched, source.path())
    {
        return None;
    }
    let mut env = Environment::new();
    for name in &step.reads {
        if let Some(binding) = state.env.get(name) {
            env = env.with(name, binding.clone());
        }
    }
    if step.required.iter().any(|name| state.env.get(name).is_none()) {
        return None;
    }
    for (name, rule, theirs) in &step.inherited {
        let found = state.env.get(&format!("{rule}.{theirs}")).cloned();
        env = env.with(name, found.unwrap_or_else(Binding::nothing));
    }
    for (name, binding) in pooled {
        env = env.with(name, binding.clone());
    }
    let metas = &step.rule.metavariables;
    let inherited = |name: &str| metas.get(name).filter(|m| m.inherited.is_some());
    let fits =
        |(name, b): &(&str, &Binding)| b.is_nothing() || inherited(name).is_none_or(|m| allowed(m, b, &env));
    let ok = env.bindings().iter().all(fits);
    ok.then_some(env)
}

/// Places of other rules that positions are compared with: all there are in any state.
pub(super) fn pooled(step: &RuleStep, states: &[State]) -> Vec<(String, Binding)> {
    let metas = step.rule.metavariables.values();
    let positions = metas.filter(|m| matches!(m.kind, MetaKind::Position(_)));
    let mut out = Vec::new();
    for (rule, name) in positions.flat_map(|m| &m.constraints).flat_map(compared) {
        let key = format!("{rule}.{name}");
        let all = states.iter().filter_map(|s| s.env.get(&key)).flat_map(|b| &b.places);
        let places: BTreeSet<_> = all.cloned().collect();
        if let Some(first) = places.first().cloned() {
            let places = places.into_iter().collect();
            out.push((key, Binding { places, ..Binding::place(first) }));
        }
    }
    out.sort_by(|a, b| a.0.cmp(&b.0));
    out
}

/// The metavariables of other rules that a constraint mentions.
fn compared(constraint: &Constraint) -> Vec<(String, String)> {
    match constraint {
        Constraint::In(values)
        | Constraint::NotIn(values)
        | Constraint::PartOf(values)
        | Constraint::Script { arguments: values, .. } => values
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

/// Whether a dependency holds where these rules matched.
pub(super) fn holds(depends: &Depends, matched: &BTreeSet<String>, path: &str) -> bool {
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

/// The names of bindings of other rules that a rule reads, without those that it inherits.
pub(super) fn reads(metavariables: &Metavariables) -> BTreeSet<String> {
    let positions = metavariables.values().filter(|m| matches!(m.kind, MetaKind::Position(_)));
    let mut out = reads_one_by_one(metavariables);
    out.extend(positions.flat_map(compared_by).filter(|name| name.contains('.')));
    out
}

/// Those of them that it reads by themselves: the places that positions are compared with it reads all at once.
pub(super) fn reads_one_by_one(metavariables: &Metavariables) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for meta in metavariables.values() {
        match &meta.kind {
            MetaKind::Position(_) => continue,
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
        out.extend(compared_by(meta));
    }
    out.retain(|name| name.contains('.'));
    out
}

/// What the constraints of a metavariable mention, as `rule.metavariable`.
fn compared_by(meta: &Metavariable) -> impl Iterator<Item = String> {
    meta.constraints.iter().flat_map(compared).map(|(rule, name)| format!("{rule}.{name}"))
}

/// The state after a rule found an environment in a state.
pub(super) fn export(step: &RuleStep, state: &State, found: &Environment, needed: &HashSet<String>) -> State {
    let mut env = state.env.clone();
    for (name, binding) in found.bindings() {
        let asked = !name.contains('.') && needed.contains(&format!("{}.{name}", step.rule.name));
        if asked && !binding.is_nothing() {
            env = env.with(&format!("{}.{name}", step.rule.name), binding.anywhere());
        }
    }
    for meta in step.rule.metavariables.values() {
        if let MetaKind::FreshIdentifier(_) = meta.kind {
            let text = plus::fresh(meta, found);
            env = env.with(&format!("{}.{}", step.rule.name, meta.name), Binding::text(text));
        }
    }
    let mut matched = state.matched.clone();
    matched.insert(step.rule.name.clone());
    State { env, matched }
}
