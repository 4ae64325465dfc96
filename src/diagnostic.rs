//! What the library says to people, as values.
//!
//! In: spans of source files. Out: [`Diagnostic`]. It does not print: rendering is the command's business
//! (`cli`), and tests read the values.

use crate::source::{SourceFile, Span};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// For information.
    Note,
    /// The run goes on; a person should look.
    Warning,
    /// What was asked for could not be done.
    Error,
}

/// A span of a file with a label to print under it.
#[derive(Clone, Debug)]
pub struct Annotation {
    /// The file.
    pub file: SourceFile,
    /// The bytes to underline.
    pub span: Span,
    /// What to say about them; may be empty.
    pub label: String,
    /// Whether this is the place itself rather than context.
    pub primary: bool,
}

/// One message: what, where, what is untouched and how to go on.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// A stable name such as `no-outer-loop`, for people to search and for tests to compare.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence; starts lower case and has no full stop.
    pub message: String,
    /// The places, the primary one first.
    pub annotations: Vec<Annotation>,
    /// How to go on; may be empty.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// A diagnostic without a place.
    pub fn new(severity: Severity, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            severity,
            message: message.into(),
            annotations: Vec::new(),
            help: Vec::new(),
        }
    }

    /// An error without a place.
    pub fn error(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// The same with a primary place, labelled.
    #[must_use]
    pub fn at(mut self, file: &SourceFile, span: Span, label: impl Into<String>) -> Self {
        let primary = self.annotations.is_empty();
        self.annotations.push(Annotation { file: file.clone(), span, label: label.into(), primary });
        self
    }

    /// The same with one more line on how to go on.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// `path:line:column` of the primary annotation, if there is one.
    pub fn place(&self) -> Option<String> {
        let a = self.annotations.first()?;
        Some(format!("{}:{}", a.file.path(), a.file.line_column(a.span)))
    }
}
