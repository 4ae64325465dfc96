//! One Python interpreter, for one worker.
//!
//! In: a rule file, and its scripts one by one with what they read. Out: [`Ran`], or a diagnostic with the line of the
//! rule file at which a script failed. What scripts define stays until the interpreter goes. Python's side of this file
//! is `python/_vedalia.py`.

use super::input::Input;
use super::outcome::{Made, Said, reports};
use super::{Argument, Decision, Ran, Value};
use crate::diagnostic::Diagnostic;
use crate::matcher::Environment;
use crate::smpl::{MetaKind, RuleFile, ScriptInput, ScriptRule};
use crate::source::{SourceFile, Span};
use rustpython_vm::builtins::PyStr;
use rustpython_vm::{AsObject, PyObjectRef, PyResult, Settings, VirtualMachine, py_freeze};
use std::fmt;

/// The rule that variables of the last scripts are read from: values of all workers, one by one.
const MERGE: &str = "merge";

/// An interpreter with the scripts of one rule file.
pub struct Interpreter {
    python: rustpython_vm::Interpreter,
    host: PyObjectRef,
    rules: RuleFile,
}

/// What Python gave back, not yet understood.
struct Answer {
    failure: Option<Failure>,
    rest: Vec<PyObjectRef>,
}

/// What Python says went wrong.
struct Failure {
    message: String,
    /// The line of the rule file; 0 if it is not known.
    line: usize,
    /// How to go on, if there is more to say.
    hint: String,
}

impl fmt::Debug for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interpreter").field("rules", &self.rules.source.path()).finish_non_exhaustive()
    }
}

impl Interpreter {
    /// A fresh interpreter; none of the scripts has run yet.
    pub fn new(rules: &RuleFile) -> Result<Self, Diagnostic> {
        let mut settings = Settings::default();
        settings.hash_seed = Some(0);
        settings.install_signal_handlers = false;
        settings.import_site = false;
        let python = rustpython_vm::Interpreter::builder(settings)
            .add_frozen_modules(include!(concat!(env!("OUT_DIR"), "/library.rs")))
            .add_frozen_modules(py_freeze!(dir = "python", crate_name = "rustpython_vm"))
            .build();
        let started = python.enter(|vm| {
            let host = vm.import("_vedalia", 0)?;
            let path = vm.ctx.new_str(rules.source.path()).into();
            let arguments = vm.ctx.new_tuple(vec![vm.ctx.new_str("vedalia").into()]).into();
            let virtuals = texts(vm, rules.virtual_names());
            call(vm, &host, "start", vec![path, arguments, virtuals])?;
            Ok(host)
        });
        match started {
            Ok(host) => Ok(Self { python, host, rules: rules.clone() }),
            Err(error) => Err(python.enter(|vm| broken(vm, error))),
        }
    }

    /// Run a script for the bindings of an environment, whose names are `rule.metavariable`. Everything that the script
    /// reads has to be bound, or have a default. `file` is what the rules are applied to; the first and the last scripts
    /// have none. It is an error if the interpreter cannot run it at all.
    pub fn run(
        &self,
        script: &ScriptRule,
        env: &Environment,
        file: Option<&SourceFile>,
    ) -> Result<Ran, Diagnostic> {
        let (merged, read): (Vec<_>, Vec<_>) = script.inputs.iter().partition(|i| i.rule == MERGE);
        let inputs = read.iter().filter_map(|i| Some((i.name.as_str(), self.input(i, env)?))).collect();
        let answer = self.python.enter(|vm| {
            let bound = env.bindings().into_iter().filter_map(|(name, _)| name.split_once('.'));
            let bound: Vec<PyObjectRef> = bound.map(|(rule, name)| texts(vm, [rule, name])).collect();
            let merged: Vec<PyObjectRef> =
                merged.iter().map(|i| texts(vm, [i.name.as_str(), &i.metavariable])).collect();
            let arguments = vec![
                self.code(vm, script.code),
                texts(vm, file.map(SourceFile::path)),
                vm.ctx.new_tuple(bound).into(),
                bindings(vm, inputs),
                vm.ctx.new_tuple(merged).into(),
                texts(vm, script.outputs.iter().map(String::as_str)),
            ];
            let answer = Answer::of(vm, &call(vm, &self.host, "run", arguments)?)?;
            let [keep, exited, said, values] = answer.rest.as_slice() else {
                return Err(vm.new_type_error("a script has four results"));
            };
            let decision = match (is_true(vm, keep)?, is_true(vm, exited)?) {
                (_, true) => Decision::Exit,
                (true, false) => Decision::Keep,
                (false, false) => Decision::Drop,
            };
            Ok((answer.failure, decision, said_of(vm, said)?, made_of(vm, values)?))
        });
        let (failure, decision, said, made) = answer.map_err(|e| self.python.enter(|vm| broken(vm, e)))?;
        let failure = failure.map(|failure| self.failed(script.header.span, &failure));
        let nowhere = SourceFile::new("", "");
        let outputs =
            made.iter().map(|(name, made)| (name.clone(), made.binding(file.unwrap_or(&nowhere)))).collect();
        Ok(Ran { decision, outputs, reports: reports(said), failure })
    }

    /// The value of an expression in Python, which stands at `code` of the rule file between its braces.
    pub fn value(
        &self,
        code: Span,
        arguments: &[Argument<'_>],
        file: &SourceFile,
    ) -> Result<Value, Diagnostic> {
        let braces = self.rules.source.slice(code);
        let inner = match braces.starts_with('{') && braces.ends_with('}') && braces.len() > 1 {
            true => Span { start: code.start + 1, end: code.end - 1 },
            false => code,
        };
        let inputs = arguments.iter().map(|a| (a.name, Input::of(a.binding, a.kind))).collect();
        let answer = self.python.enter(|vm| {
            let arguments = vec![self.code(vm, inner), texts(vm, [file.path()]), bindings(vm, inputs)];
            let answer = Answer::of(vm, &call(vm, &self.host, "value", arguments)?)?;
            let [holds, result, said] = answer.rest.as_slice() else {
                return Err(vm.new_type_error("an expression has three results"));
            };
            Ok((answer.failure, is_true(vm, holds)?, text(result), said_of(vm, said)?))
        });
        let (failure, holds, text, said) = answer.map_err(|e| self.python.enter(|vm| broken(vm, e)))?;
        match failure {
            Some(failure) => Err(self.failed(code, &failure)),
            None => Ok(Value { holds, text, reports: reports(said) }),
        }
    }

    fn input(&self, input: &ScriptInput, env: &Environment) -> Option<Input> {
        match env.get(&format!("{}.{}", input.rule, input.metavariable)) {
            Some(binding) => Some(Input::of(binding, self.kind(&input.rule, &input.metavariable))),
            None => input.default.as_deref().map(Input::default),
        }
    }

    /// What kind of metavariable a rule declares under a name.
    fn kind(&self, rule: &str, name: &str) -> Option<&MetaKind> {
        let rule = self.rules.rules().find(|r| r.header.name.as_deref() == Some(rule))?;
        rule.metavariables.iter().find(|m| m.name == name).map(|m| &m.kind)
    }

    /// A piece of the rule file as Python compiles it: the file, the line, the text.
    fn code(&self, vm: &VirtualMachine, code: Span) -> PyObjectRef {
        let source = &self.rules.source;
        let line = source.line_column(code).line;
        let parts = vec![
            vm.ctx.new_str(source.path()).into(),
            vm.ctx.new_int(line).into(),
            vm.ctx.new_str(without_comments(source.slice(code))).into(),
        ];
        vm.ctx.new_tuple(parts).into()
    }

    /// What went wrong at a line of the rule file; without a line, the place of the script is told.
    fn failed(&self, script: Span, failure: &Failure) -> Diagnostic {
        let source = &self.rules.source;
        let span = match failure.line {
            0 => script,
            line => {
                let span = source.lines().line_span(line);
                Span { end: span.start + source.slice(span).trim_end().len() as u32, ..span }
            }
        };
        let told = Diagnostic::error("smpl-script", format!("a script failed: {}", failure.message));
        let told = told.at(source, span, "here").help("what its rule matched here was left as it is");
        if failure.hint.is_empty() { told } else { told.help(failure.hint.as_str()) }
    }
}

impl Answer {
    fn of(vm: &VirtualMachine, answer: &PyObjectRef) -> PyResult<Self> {
        let mut parts = elements(vm, answer)?;
        let first = parts.remove(0);
        let failure = match vm.is_none(&first) {
            true => None,
            false => {
                let parts = elements(vm, &first)?;
                let line = parts.get(1).map(text).and_then(|t| t.parse().ok()).unwrap_or(0);
                let [message, hint] = [0, 2].map(|at| parts.get(at).map(text).unwrap_or_default());
                Some(Failure { message, line, hint })
            }
        };
        Ok(Self { failure, rest: parts })
    }
}

/// The code without the comments of the rule language, which Coccinelle drops in scripts as well: what stands between
/// rules belongs to the script before. Strings and Python's own comments stay.
fn without_comments(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    let mut quote: Option<&str> = None;
    let mut rest = code;
    while let Some(c) = rest.chars().next() {
        let comment = quote.is_none() && (rest.starts_with("//") || c == '#');
        let mark = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|mark| rest.starts_with(mark));
        let taken = match (quote, mark) {
            _ if comment => rest.find('\n').unwrap_or(rest.len()),
            (Some(_), _) if c == '\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            (None, Some(mark)) => {
                quote = Some(mark);
                mark.len()
            }
            (Some(open), _) if rest.starts_with(open) => {
                quote = None;
                open.len()
            }
            _ => c.len_utf8(),
        };
        if c == '\n' && quote.is_some_and(|open| open.len() == 1) {
            quote = None;
        }
        let (now, later) = rest.split_at(taken);
        if !comment || c == '#' {
            out.push_str(now);
        }
        rest = later;
    }
    out
}

fn call(
    vm: &VirtualMachine,
    host: &PyObjectRef,
    name: &'static str,
    with: Vec<PyObjectRef>,
) -> PyResult<PyObjectRef> {
    host.get_attr(name, vm)?.call(with, vm)
}

/// An exception that no script can be blamed for.
fn broken(vm: &VirtualMachine, error: rustpython_vm::builtins::PyBaseExceptionRef) -> Diagnostic {
    let mut trace = String::new();
    // Writing into a string does not fail; what Python says is worth more than nothing either way.
    let _ = vm.write_exception(&mut trace, &error);
    Diagnostic::error("smpl-script", format!("the interpreter of scripts is broken: {}", trace.trim_end()))
}

fn texts<'a>(vm: &VirtualMachine, all: impl IntoIterator<Item = &'a str>) -> PyObjectRef {
    vm.ctx.new_tuple(all.into_iter().map(|t| vm.ctx.new_str(t).into()).collect()).into()
}

fn bindings(vm: &VirtualMachine, inputs: Vec<(&str, Input)>) -> PyObjectRef {
    let one = |(name, input): (&str, Input)| {
        let (kind, value) = match input {
            Input::Text(text) => ("text", vm.ctx.new_str(text).into()),
            Input::List(text, elements) => {
                let elements = texts(vm, elements.iter().map(String::as_str));
                ("list", vm.ctx.new_tuple(vec![vm.ctx.new_str(text).into(), elements]).into())
            }
            Input::Places(places) => {
                let places = places.iter().map(|p| texts(vm, p.iter().map(String::as_str))).collect();
                ("places", vm.ctx.new_tuple(places).into())
            }
        };
        vm.ctx.new_tuple(vec![vm.ctx.new_str(name).into(), vm.ctx.new_str(kind).into(), value]).into()
    };
    vm.ctx.new_tuple(inputs.into_iter().map(one).collect()).into()
}

fn elements(vm: &VirtualMachine, object: &PyObjectRef) -> PyResult<Vec<PyObjectRef>> {
    vm.extract_elements_with(object.as_object(), Ok)
}

fn text(object: &PyObjectRef) -> String {
    object.downcast_ref::<PyStr>().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
}

fn is_true(vm: &VirtualMachine, object: &PyObjectRef) -> PyResult<bool> {
    object.clone().try_to_bool(vm)
}

fn strings(vm: &VirtualMachine, object: &PyObjectRef) -> PyResult<Vec<String>> {
    vm.extract_elements_with(object.as_object(), |o| Ok(text(&o)))
}

fn said_of(vm: &VirtualMachine, said: &PyObjectRef) -> PyResult<Vec<Said>> {
    let one = |o: PyObjectRef| match elements(vm, &o)?.as_slice() {
        [kind, words, place] => Ok(Said { kind: text(kind), text: text(words), place: strings(vm, place)? }),
        _ => Err(vm.new_type_error("a message has three parts")),
    };
    vm.extract_elements_with(said.as_object(), one)
}

fn made_of(vm: &VirtualMachine, values: &PyObjectRef) -> PyResult<Vec<(String, Made)>> {
    let one = |o: PyObjectRef| match elements(vm, &o)?.as_slice() {
        [name, kind, code, place] => {
            let made = Made { kind: text(kind), text: text(code), place: strings(vm, place)? };
            Ok((text(name), made))
        }
        _ => Err(vm.new_type_error("a variable has four parts")),
    };
    vm.extract_elements_with(values.as_object(), one)
}
