//! Scripts among the rules: rules that are scripts, and metavariables that ask a script.
//!
//! In: the states before a script, or the environments that a rule found. Out: the states after it, or the environments
//! that scripts let pass, with the names that scripts made up. A script runs once for all states in which what it reads
//! is the same. One that fails does not run again for the file, and says so once. What a script does not let a metavariable
//! stand for is looked for no more.

use super::states::{State, distinct, holds};
use super::{Applied, Now, RuleStep, Runner, ScriptStep, Stop};
use crate::diagnostic::Diagnostic;
use crate::matcher::constraint::satisfied;
use crate::matcher::{Binding, Environment};
use crate::script::{Argument, Decision, Interpreter, Ran, Value};
use crate::smpl::compile::CompiledRule;
use crate::smpl::pattern::Metavariables;
use crate::smpl::{Constraint, ConstraintValue, MetaKind, Metavariable};
use crate::source::{SourceFile, Span};
use std::collections::{BTreeSet, HashMap};

/// The metavariables of a rule that ask scripts.
pub(super) struct Checks<'a> {
    constrained: Vec<&'a Metavariable>,
    fresh: Vec<&'a Metavariable>,
}

impl<'a> Checks<'a> {
    /// Those of a rule, by name.
    pub(super) fn of(rule: &'a CompiledRule) -> Self {
        let asks = |m: &&Metavariable| m.constraints.iter().any(Constraint::asks_script);
        let mut metas: Vec<&Metavariable> = rule.metavariables.values().filter(asks).collect();
        metas.sort_by(|a, b| a.name.cmp(&b.name));
        let is_fresh = |m: &&Metavariable| matches!(m.kind, MetaKind::FreshIdentifier(_));
        let (fresh, constrained) = metas.into_iter().partition(is_fresh);
        Self { constrained, fresh }
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.constrained.is_empty() && self.fresh.is_empty()
    }
}

/// The metavariables of a rule that scripts look at.
pub(super) fn asked(rule: &CompiledRule) -> Vec<String> {
    let checks = Checks::of(rule);
    let metas = checks.constrained.iter().chain(&checks.fresh);
    let read = |m: &&Metavariable| m.constraints.iter().flat_map(Constraint::script_arguments).collect();
    let arguments = metas.clone().flat_map(|m| -> Vec<String> { read(m) });
    metas.map(|m| m.name.clone()).chain(arguments).collect()
}

impl Runner<'_> {
    /// Run a script in every state.
    pub(super) fn script(
        &self,
        step: &ScriptStep,
        now: &mut Now,
        out: &mut Applied,
    ) -> Result<Decision, Stop> {
        let Some(interpreter) = &self.scripts else { return Ok(Decision::Keep) };
        let mut next: Vec<State> = Vec::new();
        let mut cache: HashMap<String, Ran> = HashMap::new();
        let mut failed = false;
        for state in &now.states {
            if failed || !step.runs_in(state, now.source.path()) {
                next.push(state.clone());
                continue;
            }
            now.look.allows(true)?;
            let key = step.key(state);
            if !cache.contains_key(&key) {
                let ran = interpreter.run(&step.script, &state.env, Some(&now.source)).and_then(|mut ran| {
                    out.reports.append(&mut ran.reports);
                    ran.failure.take().map_or(Ok(ran), Err)
                });
                match ran {
                    Ok(ran) => {
                        cache.insert(key.clone(), ran);
                    }
                    Err(diagnostic) => {
                        out.diagnostics.push(diagnostic);
                        failed = true;
                        next.push(state.clone());
                    }
                }
            }
            match cache.get(&key) {
                Some(ran) if ran.decision == Decision::Exit => return Ok(Decision::Exit),
                Some(ran) if ran.decision == Decision::Keep => next.push(step.after(state, &ran.outputs)),
                Some(_) | None => {}
            }
        }
        if next.is_empty() {
            next.push(self.initial());
        }
        let (states, warning) = distinct(next, &step.name, &now.source);
        now.states = states;
        out.diagnostics.extend(warning);
        Ok(Decision::Keep)
    }

    /// The environments that the scripts of a rule's metavariables let pass, with the names that they made up. What a
    /// script refuses is told to `search` for the next time, so that another branch or binding gets its turn.
    pub(super) fn passed(
        &self,
        step: &RuleStep,
        source: &SourceFile,
        out: &mut Applied,
        mut search: impl FnMut(&mut Applied, &Refused) -> Result<Vec<Environment>, Stop>,
    ) -> Result<Vec<Environment>, Stop> {
        let checks = Checks::of(&step.rule);
        let mut refused = Refused::new();
        let mut found = search(out, &refused)?;
        let Some(interpreter) = self.scripts.as_ref().filter(|_| !checks.is_empty()) else {
            return Ok(found);
        };
        let mut known = HashMap::new();
        loop {
            let before = refused.len();
            let metas = &step.rule.metavariables;
            let asking = Asking { interpreter, metas, source, out, known, refused, failed: false };
            let passed;
            (passed, known, refused) = asking.checked(&checks, found);
            if refused.len() == before {
                return Ok(passed);
            }
            found = search(out, &refused)?;
        }
    }
}

impl Asking<'_> {
    /// The environments that pass, and what was found out.
    fn checked(mut self, checks: &Checks<'_>, found: Vec<Environment>) -> (Vec<Environment>, Known, Refused) {
        let mut passed = Vec::new();
        // What a branch ruled out was for the script to judge: it has its say where that branch matches.
        let ruled_out = |env: &Environment| checks.constrained.iter().any(|m| env.only_rules_out(&m.name));
        for env in found.into_iter().filter(|env| !ruled_out(env)) {
            let own = env.occurrences().into_iter().map(|(env, _)| env);
            let mut seen = BTreeSet::new();
            let all = own.chain([env.bindings_only()]).filter(|env| seen.insert(env.key()));
            let passes = all.collect::<Vec<_>>().iter().all(|env| self.all_hold(&checks.constrained, env));
            if passes && !self.failed {
                passed.push(env.bind_each(|env| self.made_up(&checks.fresh, env)));
            }
        }
        let passed = if self.failed { Vec::new() } else { passed };
        let refused = if self.failed { Refused::new() } else { self.refused };
        (passed, self.known, refused)
    }
}

impl ScriptStep {
    fn runs_in(&self, state: &State, path: &str) -> bool {
        let depends = self.script.header.depends.as_ref();
        let bound = |i: &crate::smpl::ScriptInput| {
            i.default.is_some() || state.env.get(&format!("{}.{}", i.rule, i.metavariable)).is_some()
        };
        depends.is_none_or(|d| holds(d, &state.matched, path)) && self.script.inputs.iter().all(bound)
    }

    /// What is equal for two states exactly if what the script reads is.
    fn key(&self, state: &State) -> String {
        state.env.filter(|name| self.reads.contains(name)).key()
    }

    fn after(&self, state: &State, outputs: &[(String, Binding)]) -> State {
        let mut after = state.clone();
        for (name, binding) in outputs {
            after.env = after.env.with(&format!("{}.{name}", self.name), binding.clone());
        }
        after.matched.insert(self.name.clone());
        after
    }
}

/// Names with keys of what scripts do not let them stand for together.
pub(super) type Refused = BTreeSet<Vec<(String, String)>>;

/// What scripts said, by their place and the environment they were asked about.
type Known = HashMap<(Span, String), Option<Value>>;

/// Asks scripts about one environment after the other, until one fails.
struct Asking<'a> {
    interpreter: &'a Interpreter,
    metas: &'a Metavariables,
    source: &'a SourceFile,
    out: &'a mut Applied,
    known: Known,
    refused: Refused,
    failed: bool,
}

/// What a metavariable stands for, and what the others stand for that its scripts read, if all are bound.
fn read_by(meta: &Metavariable, env: &Environment) -> Option<Vec<(String, String)>> {
    let own = meta.constraints.iter().flat_map(Constraint::script_arguments);
    let others = meta.constraints.iter().flat_map(Constraint::named);
    let names = own.chain(others.map(|(rule, name)| format!("{rule}.{name}"))).chain([meta.name.clone()]);
    let names = names.collect::<BTreeSet<_>>().into_iter();
    names.map(|name| env.get(&name).map(|binding| (name.clone(), binding.key.to_string()))).collect()
}

impl Asking<'_> {
    fn all_hold(&mut self, metas: &[&Metavariable], env: &Environment) -> bool {
        metas.iter().all(|meta| match env.get(&meta.name) {
            Some(binding) => {
                let holds = meta.constraints.iter().all(|c| self.one_holds(meta, c, binding, env));
                if !holds {
                    self.refused.extend(read_by(meta, env));
                }
                holds
            }
            None => true,
        })
    }

    fn one_holds(
        &mut self,
        meta: &Metavariable,
        constraint: &Constraint,
        binding: &Binding,
        env: &Environment,
    ) -> bool {
        match constraint {
            Constraint::Script { arguments, code, .. } => {
                self.value(arguments, *code, env).is_some_and(|value| value.holds)
            }
            Constraint::All(all) => all.iter().all(|c| self.one_holds(meta, c, binding, env)),
            Constraint::Any(any) => any.iter().any(|c| self.one_holds(meta, c, binding, env)),
            Constraint::Not(c) => !self.one_holds(meta, c, binding, env),
            other => satisfied(meta, other, binding, env),
        }
    }

    fn made_up(&mut self, metas: &[&Metavariable], env: &Environment) -> Vec<(String, Binding)> {
        let mut out = Vec::new();
        for meta in metas {
            for constraint in &meta.constraints {
                if let Constraint::Script { arguments, code, .. } = constraint
                    && constraint.script_arguments().iter().all(|name| env.get(name).is_some())
                    && let Some(value) = self.value(arguments, *code, env)
                {
                    out.push((meta.name.clone(), Binding::text(value.text)));
                }
            }
        }
        out
    }

    fn value(&mut self, arguments: &[ConstraintValue], code: Span, env: &Environment) -> Option<Value> {
        let place = (code, env.key());
        if let Some(known) = self.known.get(&place) {
            return known.clone();
        }
        let own = env.bindings();
        let mut read: Vec<Argument<'_>> = own
            .iter()
            .filter(|(name, _)| !name.contains('.'))
            .map(|(name, binding)| Argument { name, binding, kind: self.metas.get(*name).map(|m| &m.kind) })
            .collect();
        for argument in arguments {
            if let ConstraintValue::Metavariable(Some(rule), name) = argument
                && let Some(binding) = env.get(&format!("{rule}.{name}"))
            {
                read.push(Argument { name, binding, kind: None });
            }
        }
        let answer: Result<Value, Diagnostic> = self.interpreter.value(code, &read, self.source);
        let said = match answer {
            Ok(mut value) => {
                self.out.reports.append(&mut value.reports);
                Some(value)
            }
            Err(diagnostic) => {
                if !self.failed {
                    self.out.diagnostics.push(diagnostic);
                }
                self.failed = true;
                None
            }
        };
        self.known.insert(place, said.clone());
        said
    }
}
