//! A rule file made ready to run.
//!
//! In: a rule file, and what is asked for. Out: a [`Program`]: its rules and scripts in order, without those that cannot
//! run. Refuses rules that do not compile, scripts that are not allowed to run, and scripts in other languages than
//! Python; all mistakes are told at once.

use super::{ApplyOptions, Program, RuleStep, ScriptStep, Scripts, Step, scripts, states};
use crate::diagnostic::{Diagnostic, Severity};
use crate::matcher::{Need, iso};
use crate::plan::prefilter::Prefilter;
use crate::smpl::compile::{CompiledRule, compile, compile_prototype};
use crate::smpl::pattern::{Atom, PatternKind};
use crate::smpl::prototype::{Prototype, prototypes};
use crate::smpl::remarks::remarks;
use crate::smpl::required::required;
use crate::smpl::token::Mark;
use crate::smpl::vocabulary::declared;
use crate::smpl::{
    Constraint, Depends, Item, Metavariable, Quantifier, RuleFile, ScriptPhase, ScriptRule, SmplRule,
};
use crate::source::{SourceFile, Span};
use crate::syntax::Kind;
use std::collections::HashSet;
use std::sync::Arc;

/// Make a rule file ready.
pub fn prepare(file: &RuleFile, options: &ApplyOptions) -> Result<Program, Vec<Diagnostic>> {
    let (mut steps, mut first, mut last) = (Vec::new(), Vec::new(), Vec::new());
    let (mut errors, mut odd) = (Vec::new(), Vec::new());
    let rules: Vec<SmplRule> = file.rules().cloned().collect();
    let awake = awake(file, options);
    errors.extend(both_kinds(file, &awake));
    let starred = awake.iter().any(|item| matches!(item, Item::Rule(rule) if has(rule, &[Mark::Star])));
    let quantifier = if starred { Quantifier::Exists } else { Quantifier::Forall };
    for item in awake {
        match item {
            Item::Rule(rule) => match rule_step(file, &quantified(rule, quantifier), &rules, options) {
                Ok(step) => {
                    odd.extend(
                        remarks(&file.source, rule, &step.rule).into_iter().map(|one| file.traced(one)),
                    );
                    let prototypes = prototype_steps(file, rule, &step.rule);
                    let all = std::iter::once(step).chain(prototypes);
                    steps.extend(all.map(|step| Step::Rule(Box::new(step))));
                }
                Err(e) => errors.extend(e),
            },
            Item::Script(script) => {
                let names = (script.language.as_str(), script.phase);
                match script_trouble(names, options).map(|what| refused(&file.source, script, what)) {
                    Some(error) => errors.push(error),
                    None => match script.phase {
                        ScriptPhase::PerMatch => {
                            steps.push(Step::Script(Box::new(script_step(file, script))))
                        }
                        ScriptPhase::Initialize => first.push(script.clone()),
                        ScriptPhase::Finalize => last.push(script.clone()),
                    },
                }
            }
            Item::Using(..) | Item::Virtual(_) | Item::Walk(_) => {}
        }
    }
    odd.extend(options.beside.iter().flat_map(|(_, source)| iso::read(source).1));
    if !errors.is_empty() {
        return Err(errors.into_iter().map(|one| file.traced(one)).collect());
    }
    if options.scripts == Scripts::Refused {
        // Nothing can read what they define.
        first.clear();
        last.clear();
    }
    let needed: HashSet<String> = steps.iter().flat_map(Step::reads).collect();
    let one_by_one: HashSet<String> = steps.iter().flat_map(Step::reads_one_by_one).collect();
    let asked: HashSet<String> = steps.iter().flat_map(Step::rules_asked).collect();
    for step in &mut steps {
        let Step::Rule(step) = step else { continue };
        let prefix = format!("{}.", step.rule.name);
        let own = |name: &String| name.strip_prefix(&prefix).map(str::to_string);
        let by_scripts = scripts::asked(&step.rule);
        step.rule.exported = needed.iter().filter_map(own).chain(by_scripts.iter().cloned()).collect();
        let pooled = |name: &String| !one_by_one.contains(name);
        step.rule.pooled = needed.iter().filter(|name| pooled(name)).filter_map(own).collect();
        step.rule.pooled.retain(|name| !by_scripts.contains(name));
        // Who asks whether the rule matched does not ask what it did.
        step.need =
            if asked.contains(&step.rule.name) { Need::of(&step.rule) } else { Need::of_effect(&step.rule) };
    }
    let requirements: Vec<_> = steps.iter().map(Step::requirement).collect();
    let prefilter = Prefilter::new(&requirements);
    let names = file.declared_names();
    let macros = match (&options.macros, names.is_empty()) {
        (macros, true) => macros.clone(),
        (macros, false) => {
            let known = macros.clone().map(Arc::new);
            Some(declared(&names, known.as_ref()))
        }
    };
    Ok(Program { file: file.clone(), steps, first, last, needed, prefilter, macros, remarks: odd })
}

/// The items that can run.
fn awake<'f>(file: &'f RuleFile, options: &ApplyOptions) -> Vec<&'f Item> {
    let mut asleep = Asleep { file, options, names: HashSet::new() };
    file.items.iter().filter(|item| !asleep.takes(item)).collect()
}

/// Whether a line of a rule has one of these marks.
fn has(rule: &SmplRule, marks: &[Mark]) -> bool {
    rule.tokens.iter().any(|token| marks.contains(&token.mark))
}

/// A complaint about the first line that changes code where one in front of it only marks some, or the other way round: of
/// the lines that are printed nobody could tell what goes and what was found.
fn both_kinds(file: &RuleFile, awake: &[&Item]) -> Option<Diagnostic> {
    let rules = awake.iter().filter_map(|item| if let Item::Rule(rule) = item { Some(rule) } else { None });
    let annotated = |rule: &'_ SmplRule| {
        let token = rule.tokens.iter().find(|token| token.mark != Mark::Context)?;
        Some((token.span, token.mark))
    };
    // Of both kinds in one rule that rule's own complaint is told.
    let mut tokens = rules.filter_map(annotated);
    let first = tokens.next()?;
    let other = tokens.find(|(_, mark)| (*mark == Mark::Star) != (first.1 == Mark::Star))?;
    let (message, here) = match other.1 {
        Mark::Star => ("the rules that run change code, and mark some with `*`", "this only marks it"),
        _ => ("the rules that run mark code with `*`, and change some", "this changes it"),
    };
    let there = if first.1 == Mark::Star { "this only marks it" } else { "this changes it" };
    let told = Diagnostic::error("smpl-code", message);
    let told = told.at(&file.source, other.0, here).at(&file.source, first.0, there);
    Some(told.help("a run does one of the two: `virtual` rules and `depends on` turn rules off"))
}

/// A rule that says nothing of paths, and changes nothing, looks along them as the rules beside it do: one line with `*` is
/// enough for all to be content with some path.
fn quantified(rule: &SmplRule, default: Quantifier) -> SmplRule {
    let mut rule = rule.clone();
    if !has(&rule, &[Mark::Minus, Mark::Plus, Mark::PlusPlus]) {
        rule.header.quantifier.get_or_insert(default);
    }
    rule
}

fn rule_step(
    file: &RuleFile,
    rule: &SmplRule,
    rules: &[SmplRule],
    options: &ApplyOptions,
) -> Result<RuleStep, Vec<Diagnostic>> {
    let mut rule = extended(rule, rules);
    rule.header.disable.extend(options.disabled.iter().cloned());
    let rule = &rule;
    let mut errors: Vec<Diagnostic> = rule
        .metavariables
        .iter()
        .flat_map(|meta| &meta.constraints)
        .flat_map(Constraint::scripts)
        .filter_map(|(language, code)| {
            let what = script_trouble((language, ScriptPhase::PerMatch), options)?;
            Some(what.at(&file.source, code, "this one"))
        })
        .collect();
    let header = &rule.header;
    let isos = match isomorphisms(file, rule, options) {
        Ok(isos) => isos,
        Err(more) => {
            errors.extend(more);
            Vec::new()
        }
    };
    let line = line_of(file, header.span);
    let compiled = compile(&file.source, rule, line).map_err(|more| {
        errors.extend(more);
        std::mem::take(&mut errors)
    })?;
    if !errors.is_empty() {
        return Err(errors);
    }
    let compiled = with_isos(&file.source, compiled, &isos);
    Ok(rule_of(CompiledRule { ways: options.ways, ..compiled }, rule))
}

/// What a rule for one function does to the function's prototypes.
fn prototype_steps(file: &RuleFile, rule: &SmplRule, compiled: &CompiledRule) -> Vec<RuleStep> {
    let function = compiled.pattern.kind() == PatternKind::TopLevel
        && compiled.pattern.single().is_some_and(|root| root.is(Kind::FunctionDefinition));
    if !function || !compiled.allows("prototypes") {
        return Vec::new();
    }
    let step = |prototype: Prototype| {
        let rule = prototype.rule.clone();
        // A header that makes no declaration has no prototypes.
        let compiled = compile_prototype(&file.source, prototype).ok()?;
        Some(rule_of(compiled, &rule))
    };
    prototypes(&file.source, rule, &compiled.name).into_iter().filter_map(step).collect()
}

fn rule_of(compiled: CompiledRule, rule: &SmplRule) -> RuleStep {
    let inherited = rule
        .metavariables
        .iter()
        .filter_map(|m| Some((m.name.clone(), m.inherited.clone()?, m.name.clone())));
    RuleStep {
        inherited: inherited.collect(),
        required: required(&compiled),
        reads: states::reads(&compiled.metavariables),
        rule: compiled,
        need: Need::default(),
        depends: rule.header.depends.clone(),
    }
}

/// The isomorphisms of a rule: those of the run, of the rule file, and its own.
fn isomorphisms(
    file: &RuleFile,
    rule: &SmplRule,
    options: &ApplyOptions,
) -> Result<Vec<iso::Iso>, Vec<Diagnostic>> {
    let mut out = options.isomorphisms.as_deref().unwrap_or(iso::standard()).to_vec();
    let mut errors = Vec::new();
    let of_file = file.items.iter().filter_map(|item| match item {
        Item::Using(name, span) => Some((name, *span)),
        _ => None,
    });
    for (name, span) in of_file.chain(rule.header.using.iter().map(|name| (name, rule.header.span))) {
        match options.beside.iter().find(|(known, _)| known == name) {
            Some((_, source)) => {
                let (isos, more) = iso::read(source);
                out.extend(isos);
                errors.extend(more.into_iter().filter(|told| told.severity == Severity::Error));
            }
            None => errors.push(
                Diagnostic::error("smpl-using", format!("the isomorphism file `{name}` is not there"))
                    .at(&file.source, span, "asked for here")
                    .help("it is looked for beside the rule file and in the current directory"),
            ),
        }
    }
    if errors.is_empty() { Ok(out) } else { Err(errors) }
}

/// The line of a place, in the file in which it was written.
fn line_of(file: &RuleFile, span: Span) -> usize {
    let (source, span) = file.written(span);
    source.line_column(span).line
}

fn script_step(file: &RuleFile, script: &ScriptRule) -> ScriptStep {
    let line = line_of(file, script.header.span);
    let name = script.header.name.clone().unwrap_or_else(|| format!("script starting on line {line}"));
    let reads = script.inputs.iter().map(|i| format!("{}.{}", i.rule, i.metavariable)).collect();
    ScriptStep { name, script: script.clone(), reads }
}

/// Why a script cannot run, if it cannot.
fn script_trouble((language, phase): (&str, ScriptPhase), options: &ApplyOptions) -> Option<Diagnostic> {
    if language != "python" {
        let message = format!("scripts in {language} cannot be run");
        return Some(Diagnostic::error("smpl-script", message).help("only scripts in Python can"));
    }
    (options.scripts == Scripts::Refused && phase == ScriptPhase::PerMatch).then(|| {
        Diagnostic::error("smpl-script", "scripts run only if that is allowed")
            .help("`--allow-scripts` allows it; a script computes and prints, and reaches neither files nor processes")
    })
}

fn refused(source: &SourceFile, script: &ScriptRule, what: Diagnostic) -> Diagnostic {
    let label = match &script.header.name {
        Some(name) => format!("the rule {name} is a script"),
        None => "this rule is a script".to_string(),
    };
    what.at(source, script.header.span, label)
}

/// The rules that cannot run with the virtual rules that are on, and those that need something of them.
struct Asleep<'a> {
    file: &'a RuleFile,
    options: &'a ApplyOptions,
    /// Their names.
    names: HashSet<String>,
}

impl Asleep<'_> {
    /// Whether the next item is one of them.
    fn takes(&mut self, item: &Item) -> bool {
        let (header, needed): (_, Vec<&String>) = match item {
            Item::Rule(rule) => {
                (&rule.header, rule.metavariables.iter().filter_map(|m| m.inherited.as_ref()).collect())
            }
            Item::Script(script) => {
                let bound = script.inputs.iter().filter(|input| input.default.is_none());
                (&script.header, bound.map(|input| &input.rule).collect())
            }
            Item::Virtual(_) | Item::Using(..) | Item::Walk(_) => return false,
        };
        let asleep = header.depends.as_ref().is_some_and(|d| self.value(d) == Some(false))
            || needed.into_iter().any(|name| self.names.contains(name));
        if let Some(name) = &header.name {
            // A name may be given twice: then either rule may be meant.
            if asleep && !self.runs_too(name) {
                self.names.insert(name.clone());
            } else {
                self.names.remove(name);
            }
        }
        asleep
    }

    /// Whether a name is one of several rules.
    fn runs_too(&self, name: &str) -> bool {
        let named = |item: &&Item| match item {
            Item::Rule(rule) => rule.header.name.as_deref() == Some(name),
            Item::Script(script) => script.header.name.as_deref() == Some(name),
            Item::Virtual(_) | Item::Using(..) | Item::Walk(_) => false,
        };
        self.file.items.iter().filter(named).count() > 1
    }

    /// What a dependency comes to, where that is known.
    fn value(&self, depends: &Depends) -> Option<bool> {
        match depends {
            Depends::Rule(name) if self.file.virtual_names().any(|v| v == name) => {
                Some(self.options.virtuals.contains(name))
            }
            Depends::Rule(name) | Depends::Ever(name) => self.names.contains(name).then_some(false),
            Depends::Never(name) => self.names.contains(name).then_some(true),
            Depends::Not(d) => self.value(d).map(|v| !v),
            Depends::And(a, b) => match (self.value(a), self.value(b)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Depends::Or(a, b) => match (self.value(a), self.value(b)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Depends::FileIn(_) => None,
        }
    }
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

fn with_isos(file: &SourceFile, mut rule: CompiledRule, isos: &[iso::Iso]) -> CompiledRule {
    let off = &rule.metavariables.disabled;
    let on: Vec<&iso::Iso> =
        isos.iter().filter(|i| !off.iter().any(|o| *o == i.name || o == "all")).collect();
    let mut marks = rule.marks.clone();
    let named = rule.plus.iter().flat_map(|plus| &plus.atoms).flat_map(Atom::words);
    let bound_once = named.filter(|name| rule.uses.get(*name) == Some(&1)).map(str::to_owned).collect();
    let mut expansion =
        iso::Expansion { file, isos: &on, hangs: &rule.hangs, bound_once: &bound_once, marks: &mut marks };
    rule.pattern = expansion.expand(rule.pattern, 2);
    rule.marks = marks;
    rule
}
