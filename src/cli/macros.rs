//! What a run knows about macros.
//!
//! In: `--macro-file`. Out: the shipped knowledge, or that with the given files added; a later file wins; and on top of
//! it the headers of files on the disk. It refuses macro files that cannot be read.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::syntax::parse::shipped_macros;
use crate::syntax::{Headers, MacroKnowledge};

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

/// The headers that files on the disk include: beside them, in the `include` directories around them, and then in
/// `directories`; `always` are taken to be included by all.
pub(super) fn headers(
    known: Arc<MacroKnowledge>,
    directories: &[PathBuf],
    always: &[PathBuf],
) -> Headers<'static> {
    let absolute =
        |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.into()).display().to_string();
    let directories: Vec<String> = directories.iter().map(|directory| absolute(directory)).collect();
    let here = std::env::current_dir().map(|here| here.display().to_string()).unwrap_or_default();
    let always: Vec<String> = always.iter().map(|path| absolute(path)).collect();
    Headers::new(|path: &str| fs::read(path).ok(), directories, known).seen_from(here).including(always)
}
