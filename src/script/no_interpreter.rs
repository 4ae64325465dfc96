//! In the place of the interpreter where the command was built without the feature `python`.
//!
//! In: a rule file with scripts. Out: a diagnostic that says why they do not run.

use super::{Argument, Ran, Value};
use crate::diagnostic::Diagnostic;
use crate::matcher::Environment;
use crate::smpl::{RuleFile, ScriptRule};
use crate::source::{SourceFile, Span};
use std::convert::Infallible;

/// There is none.
#[derive(Debug)]
pub struct Interpreter(Infallible);

impl Interpreter {
    /// Says that there is none.
    pub fn new(rules: &RuleFile) -> Result<Self, Diagnostic> {
        let message =
            format!("`{}` has scripts, and this command was built without Python", rules.source.path());
        Err(Diagnostic::error("smpl-script", message).help("build it with the feature `python`"))
    }

    /// Is never called.
    pub fn run(
        &self,
        _script: &ScriptRule,
        _env: &Environment,
        _file: Option<&SourceFile>,
    ) -> Result<Ran, Diagnostic> {
        match self.0 {}
    }

    /// Is never called.
    pub fn value(
        &self,
        _code: Span,
        _arguments: &[Argument<'_>],
        _file: &SourceFile,
    ) -> Result<Value, Diagnostic> {
        match self.0 {}
    }
}
