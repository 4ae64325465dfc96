//! What a run knows about macros.
//!
//! In: `--macro-file`. Out: the shipped knowledge, or that with the given files added; a later file wins. It refuses
//! files that cannot be read.

use std::borrow::Cow;
use std::fs;

use crate::diagnostic::Diagnostic;
use crate::syntax::MacroKnowledge;
use crate::syntax::parse::shipped_macros;

use super::args::MacroArguments;
use super::exit::{Exit, Failure};

/// What is known about macros beyond their own files.
pub(super) fn known(arguments: &MacroArguments) -> Result<Cow<'static, MacroKnowledge>, Failure> {
    if arguments.macro_file.is_empty() {
        return Ok(Cow::Borrowed(shipped_macros()));
    }
    let mut known = shipped_macros().clone();
    let mut diagnostics = Vec::new();
    for path in &arguments.macro_file {
        match fs::read(path) {
            Ok(bytes) => {
                let shown = path.display().to_string();
                known.read_macro_file(&shown, &String::from_utf8_lossy(&bytes));
            }
            Err(error) => {
                let told = format!("cannot read the macro file `{}`: {error}", path.display());
                diagnostics.push(Diagnostic::error("unreadable", told));
            }
        }
    }
    if diagnostics.is_empty() {
        Ok(Cow::Owned(known))
    } else {
        Err(Failure::Told { exit: Exit::Usage, diagnostics })
    }
}
