//! How rules of Coccinelle's language are to run.
//!
//! In: the options that have Coccinelle's names. Out: [`ApplyOptions`]. It refuses files of isomorphisms that cannot be
//! read or do not parse, and virtual rules that no rule file declares.

use std::fs;
use std::path::Path;

use crate::diagnostic::Diagnostic;
use crate::matcher::iso;
use crate::plan::apply::{ApplyOptions, Scripts};
use crate::smpl::RuleFile;
use crate::source::SourceFile;

use super::args::SmplArguments;

/// The options, and what is wrong with them.
pub(super) fn options(arguments: &SmplArguments) -> (ApplyOptions, Vec<Diagnostic>) {
    let mut told = Vec::new();
    let (virtuals, definitions) = split(&arguments.define);
    let isomorphisms = arguments.iso_file.as_ref().map(|path| {
        let (isos, more) = match read(path, "the isomorphism file") {
            Ok(file) => iso::read(&file),
            Err(diagnostic) => (Vec::new(), vec![diagnostic]),
        };
        told.extend(more);
        isos
    });
    let disabled = arguments.disable_iso.clone();
    let scripts = if arguments.allow_scripts { Scripts::Allowed } else { Scripts::Refused };
    (ApplyOptions { virtuals, definitions, isomorphisms, disabled, scripts, ..ApplyOptions::default() }, told)
}

/// Virtual rules, and identifiers with their values.
fn split(defines: &[String]) -> (Vec<String>, Vec<(String, String)>) {
    let pair =
        |define: &String| define.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    let virtuals = defines.iter().filter(|define| !define.contains('=')).cloned().collect();
    (virtuals, defines.iter().filter_map(pair).collect())
}

/// The virtual rules to turn on that no rule file declares.
pub(super) fn undeclared(options: &ApplyOptions, files: &[&RuleFile]) -> Vec<Diagnostic> {
    let mut known: Vec<&str> = files.iter().flat_map(|file| file.virtual_names()).collect();
    known.sort_unstable();
    known.dedup();
    let help = match (known.as_slice(), files.len()) {
        ([], ..=1) => "the rule file declares no virtual rule".to_owned(),
        ([], _) => "the rule files declare no virtual rule".to_owned(),
        (known, ..=1) => format!("the rule file declares: {}", known.join(", ")),
        (known, _) => format!("the rule files declare: {}", known.join(", ")),
    };
    let absent = options.virtuals.iter().filter(|name| !known.contains(&name.as_str()));
    let told = |name| Diagnostic::error("virtual-rule", format!("virtual rule {name} not supported"));
    absent.map(|name| told(name).help(help.clone())).collect()
}

/// A file that options name.
pub(super) fn read(path: &Path, what: &str) -> Result<SourceFile, Diagnostic> {
    let shown = path.display().to_string();
    match fs::read(path) {
        Ok(bytes) => Ok(SourceFile::new(shown.trim_start_matches("./"), bytes)),
        Err(error) => Err(Diagnostic::error("unreadable", format!("cannot read {what} `{shown}`: {error}"))),
    }
}
