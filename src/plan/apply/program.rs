//! A rule file that is ready to run.
//!
//! In: what preparing it gave. Out: what a run asks of it: which files it can concern, what it knows of macros, whether it
//! changes code, marks lines, has scripts.

use super::scripts::Checks;
use super::step::{RuleStep, Step};
use crate::diagnostic::Diagnostic;
use crate::plan::prefilter::Prefilter;
use crate::smpl::vocabulary::declared;
use crate::smpl::{MetaKind, Metavariable, RuleFile, ScriptRule};
use crate::source::SourceFile;
use crate::syntax::macros::MacroKnowledge;
use crate::syntax::{self, Headers, Outside};
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
/// A rule file ready to run.
#[derive(Clone, Debug)]
pub struct Program {
    pub(super) file: RuleFile,
    pub(super) steps: Vec<Step>,
    /// Scripts that run before all files.
    pub(super) first: Vec<ScriptRule>,
    /// Scripts that run after all files.
    pub(super) last: Vec<ScriptRule>,
    /// The bindings that steps read, as `rule.metavariable`: all others are forgotten, or their combinations would
    /// multiply.
    pub(super) needed: HashSet<String>,
    pub(super) prefilter: Prefilter,
    /// What is known about macros beyond the file itself, if that is more than what is shipped.
    pub(super) macros: Option<MacroKnowledge>,
    /// What is odd about its rules.
    pub(super) remarks: Vec<Diagnostic>,
}

impl Program {
    /// What is known about the macros of a file: what the rules declare names to be, then what its headers say.
    pub(super) fn known(
        &self,
        source: &SourceFile,
        headers: Option<&Headers<'_>>,
    ) -> Cow<'_, MacroKnowledge> {
        let Some(headers) = headers else {
            return Cow::Borrowed(self.macros.as_ref().unwrap_or_else(|| syntax::parse::shipped_macros()));
        };
        let told = headers.macros(source);
        let names = self.file.declared_names();
        Cow::Owned(if names.is_empty() { told } else { declared(&names, Some(&Arc::new(told))) })
    }

    /// What a person should look at in the rules, though they run.
    pub fn remarks(&self) -> &[Diagnostic] {
        &self.remarks
    }

    /// Tells which files have to be looked at.
    pub fn prefilter(&self) -> &Prefilter {
        &self.prefilter
    }

    /// Whether some rule changes code.
    pub fn transforms(&self) -> bool {
        self.rules().any(|step| step.rule.transforms())
    }

    /// Whether it can do anything at all: change code, mark it, or run a script.
    pub fn acts(&self) -> bool {
        let scripts = !self.first.is_empty() || !self.last.is_empty();
        scripts || self.steps.iter().any(|step| step.requirement().acts)
    }

    /// Whether some rule marks lines with `*`.
    pub fn is_context(&self) -> bool {
        self.rules().any(RuleStep::is_context)
    }

    /// Whether scripts are told about all files at the end: then one worker has to see all of them.
    pub fn sums_up(&self) -> bool {
        !self.last.is_empty()
    }

    pub(super) fn rules(&self) -> impl Iterator<Item = &RuleStep> {
        self.steps.iter().filter_map(|step| match step {
            Step::Rule(rule) => Some(&**rule),
            Step::Script(_) => None,
        })
    }

    /// What the first look at a file has to read outside of what the rules need, if such a look is worth anything.
    pub(super) fn first_look(&self) -> Option<Outside> {
        let mut rules = self.rules();
        if rules.any(RuleStep::is_loose) {
            return None;
        }
        Some(if self.asks_for_types() { Outside::All } else { Outside::Wanted })
    }

    /// Whether some rule asks for the type of an expression.
    pub(super) fn asks_for_types(&self) -> bool {
        self.rules().any(|step| step.rule.metavariables.values().any(|m| !m.types.is_empty()))
    }

    /// Whether places are known from rule to rule.
    pub(super) fn remembers_places(&self) -> bool {
        let place = |m: &Metavariable| matches!(m.kind, MetaKind::Position(_));
        self.rules().any(|step| step.rule.metavariables.values().any(place))
    }

    pub(super) fn has_scripts(&self) -> bool {
        let in_step = |step: &Step| match step {
            Step::Rule(rule) => !Checks::of(&rule.rule).is_empty(),
            Step::Script(_) => true,
        };
        !self.first.is_empty() || !self.last.is_empty() || self.steps.iter().any(in_step)
    }
}
