//! Scripts of rule files, run by an embedded Python.
//!
//! In: the scripts of a rule file, and what metavariables are bound to. Out: [`Ran`], what a script decided, bound and
//! printed. Nothing is printed here: a message is a [`Report`] in the order it was made. What a script did wrong is a
//! diagnostic that names the line of the rule file. Refuses other languages than Python, a script that runs for too
//! long, and a script that asks for further runs of its rule file.
//!
//! The interpreter is the crate `rustpython-vm`, with the modules of Python's own library that rules import (see
//! `build.rs`). It is built without access to files, processes and the environment: a script can compute and print. What
//! scripts know as `coccinelle` and `coccilib` is in `python/`. Without the feature `python` there is no interpreter, and
//! [`Interpreter::new`] says so.

#[cfg(feature = "python")]
mod input;
#[cfg(feature = "python")]
mod interpreter;
#[cfg(not(feature = "python"))]
#[path = "no_interpreter.rs"]
mod interpreter;
#[cfg(feature = "python")]
mod outcome;

pub use interpreter::Interpreter;

use crate::diagnostic::Diagnostic;
use crate::matcher::Binding;
use crate::smpl::MetaKind;

/// What a script says about the match that it looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It stays.
    Keep,
    /// It is as if it had not been found.
    Drop,
    /// No further rule is to look at this file.
    Exit,
}

/// How a message was printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportKind {
    /// `coccilib.report`
    Report,
    /// `coccilib.org`
    Org,
    /// `print`
    Print,
    /// Written to the standard error.
    Error,
}

/// The place that a message is about, as the script was given it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportPlace {
    /// The file.
    pub file: String,
    /// The first line, from 1.
    pub line: usize,
    /// The first byte of the line, from 0.
    pub column: usize,
    /// The last line, from 1.
    pub line_end: usize,
    /// The byte of the last line behind it, from 0.
    pub column_end: usize,
}

/// A message of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How it was printed.
    pub kind: ReportKind,
    /// What was printed, newlines included.
    pub text: String,
    /// What it is about; plain `print` does not tell.
    pub place: Option<ReportPlace>,
}

/// What a script did.
#[derive(Clone, Debug)]
pub struct Ran {
    /// What it says about its match.
    pub decision: Decision,
    /// The variables that it bound.
    pub outputs: Vec<(String, Binding)>,
    /// What it printed, in order; also if it failed behind that.
    pub reports: Vec<Report>,
    /// What it did wrong, if anything: then it decided and bound nothing.
    pub failure: Option<Diagnostic>,
}

/// A metavariable that an expression in Python reads.
#[derive(Clone, Copy, Debug)]
pub struct Argument<'a> {
    /// Its name in the expression.
    pub name: &'a str,
    /// What it is bound to.
    pub binding: &'a Binding,
    /// What kind of metavariable it is.
    pub kind: Option<&'a MetaKind>,
}

/// The value of an expression in Python.
#[derive(Clone, Debug)]
pub struct Value {
    /// Whether it is true.
    pub holds: bool,
    /// It as a string.
    pub text: String,
    /// What was printed meanwhile.
    pub reports: Vec<Report>,
}

#[cfg(test)]
#[cfg(feature = "python")]
mod tests;
