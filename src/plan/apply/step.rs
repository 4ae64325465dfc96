//! What a rule file does, rule by rule.
//!
//! In: a rule with C or with a script, as it is prepared. Out: what it reads of the rules before it, what it asks of a file, and
//! whether it has an effect of its own.

use super::scripts::Checks;
use super::states;
use crate::matcher::environment::QUIET;
use crate::matcher::{Environment, Need, search};
use crate::plan::prefilter::Requirement;
use crate::smpl::compile::CompiledRule;
use crate::smpl::token::Mark;
use crate::smpl::{Depends, ScriptRule};
use std::collections::BTreeSet;
#[derive(Clone, Debug)]
pub(super) enum Step {
    Rule(Box<RuleStep>),
    Script(Box<ScriptStep>),
}

/// A rule with C.
#[derive(Clone, Debug)]
pub(super) struct RuleStep {
    pub(super) rule: CompiledRule,
    pub(super) depends: Option<Depends>,
    /// The own name, the rule and the name there.
    pub(super) inherited: Vec<(String, String, String)>,
    /// The bindings without which it does not run, as `rule.metavariable`.
    pub(super) required: BTreeSet<String>,
    /// Other bindings that it looks at, as `rule.metavariable`.
    pub(super) reads: BTreeSet<String>,
    /// What code has to hold for the rule to match in it.
    pub(super) need: Need,
}

/// A rule with a script that runs for each environment.
#[derive(Clone, Debug)]
pub(super) struct ScriptStep {
    pub(super) name: String,
    pub(super) script: ScriptRule,
    /// The bindings that it looks at, as `rule.metavariable`.
    pub(super) reads: BTreeSet<String>,
}

impl RuleStep {
    /// The bindings that it inherits, as `rule.metavariable`.
    pub(super) fn inherited_names(&self) -> impl Iterator<Item = String> {
        self.inherited.iter().map(|(_, rule, name)| format!("{rule}.{name}"))
    }

    pub(super) fn is_context(&self) -> bool {
        self.rule.marks.values().any(|mark| *mark == Mark::Star)
    }

    /// Whether it has an effect of its own, and not only for later rules.
    pub(super) fn acts(&self) -> bool {
        self.rule.transforms() || self.is_context() || !Checks::of(&self.rule).is_empty()
    }

    /// Whether a match has an effect of its own: what may be there any number of times may be there not at all.
    pub(super) fn acts_on(&self, found: &Environment) -> bool {
        let marked = |atom: u32| self.rule.marks.get(&(atom & !QUIET)).is_some_and(|m| *m != Mark::Context);
        let touched = || found.touches().into_iter().map(|touch| touch.atom);
        !Checks::of(&self.rule).is_empty()
            || touched().any(|atom| marked(atom) || self.rule.hangs.contains_key(&atom))
    }

    /// Whether it may match in any code at all, or in several items together.
    pub(super) fn is_loose(&self) -> bool {
        matches!(self.need, Need::Nothing)
            || self.rule.pattern.roots().count() > 1 && search::may_stand_at_top(&self.rule.pattern)
    }
}

impl Step {
    pub(super) fn requirement(&self) -> Requirement {
        match self {
            Self::Rule(step) => {
                let rules = step.required.iter().filter_map(|name| name.split_once('.'));
                let mut needs: Vec<String> = rules.map(|(rule, _)| rule.to_owned()).collect();
                needed_rules(step.depends.as_ref(), &mut needs);
                Requirement {
                    name: step.rule.name.clone(),
                    code: step.need.clone(),
                    needs,
                    acts: step.acts(),
                }
            }
            Self::Script(step) => {
                let bound = step.script.inputs.iter().filter(|i| i.default.is_none());
                let mut needs: Vec<String> = bound.map(|i| i.rule.clone()).collect();
                needed_rules(step.script.header.depends.as_ref(), &mut needs);
                Requirement { name: step.name.clone(), code: Need::Nothing, needs, acts: true }
            }
        }
    }

    /// The rules whose having matched it asks about.
    pub(super) fn rules_asked(&self) -> Vec<String> {
        let mut rules = Vec::new();
        mentioned_rules(self.depends(), &mut rules);
        rules
    }

    pub(super) fn depends(&self) -> Option<&Depends> {
        match self {
            Self::Rule(step) => step.depends.as_ref(),
            Self::Script(step) => step.script.header.depends.as_ref(),
        }
    }

    /// All bindings that it looks at, as `rule.metavariable`.
    pub(super) fn reads(&self) -> Vec<String> {
        match self {
            Self::Rule(step) => step.reads.iter().cloned().chain(step.inherited_names()).collect(),
            Self::Script(step) => step.reads.iter().cloned().collect(),
        }
    }

    /// The bindings that it looks at by themselves, and not all there are at once.
    pub(super) fn reads_one_by_one(&self) -> Vec<String> {
        match self {
            Self::Rule(step) => {
                let read = states::reads_one_by_one(&step.rule.metavariables);
                read.into_iter().chain(step.inherited_names()).collect()
            }
            Self::Script(_) => self.reads(),
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

/// The rules that a dependency mentions.
fn mentioned_rules(depends: Option<&Depends>, rules: &mut Vec<String>) {
    match depends {
        Some(Depends::Rule(name) | Depends::Ever(name) | Depends::Never(name)) => rules.push(name.clone()),
        Some(Depends::And(a, b) | Depends::Or(a, b)) => {
            mentioned_rules(Some(a), rules);
            mentioned_rules(Some(b), rules);
        }
        Some(Depends::Not(inner)) => mentioned_rules(Some(inner), rules),
        Some(Depends::FileIn(_)) | None => {}
    }
}
