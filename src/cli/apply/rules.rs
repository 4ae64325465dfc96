//! The rule file, ready to run.
//!
//! In: options about rules and about reading C. Out: a program and the options to run it with. It refuses rule files that
//! are not there or do not parse, and virtual rules that the rule file does not declare; all mistakes are told at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::exit::{Exit, Failure};
use crate::cli::macros;
use crate::diagnostic::{Diagnostic, Severity};
use crate::matcher::iso;
use crate::plan::apply::{ApplyOptions, Program, Scripts, prepare};
use crate::smpl::{self, RuleFile};
use crate::source::SourceFile;

use super::arguments::ApplyArguments;
use super::config::is_rule;

/// Rules to run.
pub(super) struct Ready {
    /// What was read.
    pub(super) file: RuleFile,
    /// The same, ready to run.
    pub(super) program: Program,
    /// How to run it.
    pub(super) options: ApplyOptions,
    /// What a person should look at.
    pub(super) warnings: Vec<Diagnostic>,
}

/// The path of the rule file.
pub(super) fn path(arguments: &ApplyArguments) -> Result<PathBuf, Failure> {
    let named = arguments.rules.sp_file.clone();
    named.or_else(|| arguments.files.paths.iter().find(|path| is_rule(path)).cloned()).ok_or_else(|| {
        let told = Diagnostic::error("no-rules", "no rule file is given");
        Failure::new(Exit::Usage, told.help("give a file that ends in .cocci, or any file with --sp-file"))
    })
}

/// Read and prepare it.
pub(super) fn ready(path: &Path, arguments: &ApplyArguments) -> Result<Ready, Failure> {
    let usage = |told: Diagnostic| Failure::new(Exit::Usage, told);
    let source = read(path, "the rule file").map_err(usage)?;
    let (file, mut told) = smpl::parse(&source);
    let (virtuals, definitions) = split(&arguments.rules.define);
    told.extend(virtuals.iter().filter_map(|name| undeclared(&file, name)));
    let (mut options, more) = options(arguments, virtuals, definitions);
    told.extend(more);
    options.beside = beside(path, &file);
    let program = match prepare(&file, &options) {
        Ok(program) if !told.iter().any(|one| one.severity == Severity::Error) => program,
        Ok(_) => return Err(Failure::Told { exit: Exit::Usage, diagnostics: told }),
        Err(more) => {
            told.extend(more);
            return Err(Failure::Told { exit: Exit::Usage, diagnostics: told });
        }
    };
    Ok(Ready { file, program, options, warnings: told })
}

/// Virtual rules, and identifiers with their values.
fn split(defines: &[String]) -> (Vec<String>, Vec<(String, String)>) {
    let pair =
        |define: &String| define.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    let virtuals = defines.iter().filter(|define| !define.contains('=')).cloned().collect();
    (virtuals, defines.iter().filter_map(pair).collect())
}

fn undeclared(file: &RuleFile, name: &str) -> Option<Diagnostic> {
    if file.virtual_names().any(|known| known == name) {
        return None;
    }
    let known: Vec<&str> = file.virtual_names().collect();
    let help = match known.as_slice() {
        [] => "the rule file declares no virtual rule".to_owned(),
        known => format!("the rule file declares: {}", known.join(", ")),
    };
    Some(Diagnostic::error("virtual-rule", format!("virtual rule {name} not supported")).help(help))
}

fn options(
    arguments: &ApplyArguments,
    virtuals: Vec<String>,
    definitions: Vec<(String, String)>,
) -> (ApplyOptions, Vec<Diagnostic>) {
    let mut told = Vec::new();
    let macros = match macros::known(&arguments.reading.macros) {
        Ok(known) => Some(known.into_owned()),
        Err(Failure::Told { diagnostics, .. }) => {
            told.extend(diagnostics);
            None
        }
        Err(Failure::Output(_)) => None,
    };
    let isomorphisms = arguments.rules.iso_file.as_ref().map(|path| {
        let (isos, more) = match read(path, "the isomorphism file") {
            Ok(file) => iso::read(&file),
            Err(diagnostic) => (Vec::new(), vec![diagnostic]),
        };
        told.extend(more);
        isos
    });
    let disabled = arguments.rules.disable_iso.clone();
    let scripts = if arguments.rules.allow_scripts { Scripts::Allowed } else { Scripts::Refused };
    let beside = Vec::new();
    // 0 is no limit, as for `spatch`.
    let timeout = arguments.running.timeout.filter(|seconds| *seconds > 0).map(Duration::from_secs);
    (ApplyOptions { virtuals, definitions, isomorphisms, beside, disabled, macros, scripts, timeout }, told)
}

/// The isomorphism files that the rule file asks for and that are there.
fn beside(rules: &Path, file: &RuleFile) -> Vec<(String, SourceFile)> {
    let folder = rules.parent().unwrap_or(Path::new(""));
    let read_any = |name: &str| {
        let places = [folder.join(name), PathBuf::from(name)];
        places.iter().find_map(|path| read(path, "the isomorphism file").ok())
    };
    let names = file.isomorphism_files().into_iter();
    names.filter_map(|name| Some((name.to_owned(), read_any(name)?))).collect()
}

fn read(path: &Path, what: &str) -> Result<SourceFile, Diagnostic> {
    let shown = path.display().to_string();
    match fs::read(path) {
        Ok(bytes) => Ok(SourceFile::new(shown.trim_start_matches("./"), bytes)),
        Err(error) => Err(Diagnostic::error("unreadable", format!("cannot read {what} `{shown}`: {error}"))),
    }
}
