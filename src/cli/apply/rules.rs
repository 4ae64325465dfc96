//! The rule file, ready to run.
//!
//! In: options about rules and about reading C. Out: a program and the options to run it with. It refuses rule files that
//! are not there or do not parse, and virtual rules that the rule file does not declare; all mistakes are told at once.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::exit::{Exit, Failure};
use crate::cli::{macros, smpl_options};
use crate::diagnostic::{Diagnostic, Severity};
use crate::plan::apply::{ApplyOptions, Program, Scripts, prepare};
use crate::plan::layout::{Comments, Manner, Spacing};
use crate::smpl::compile::Ways;
use crate::smpl::{RuleFile, parse_whole};
use crate::source::SourceFile;
use crate::syntax::MacroKnowledge;
use crate::syntax::macros::Definition;

use super::arguments::{ApplyArguments, MatchingArguments, ReadingArguments, SpellingArguments};
use super::config::is_rule;
use super::included_by;
use smpl_options::read;

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

/// What is known about macros, and what conditionals find defined.
fn settled(mut known: MacroKnowledge, reading: &ReadingArguments) -> MacroKnowledge {
    reading.defined.iter().for_each(|name| known.assume(name, Definition::Defined));
    reading.undefined.iter().for_each(|name| known.assume(name, Definition::Undefined));
    known
}

/// Read and prepare it.
pub(super) fn ready(path: &Path, arguments: &ApplyArguments) -> Result<Ready, Failure> {
    let usage = |told: Diagnostic| Failure::new(Exit::Usage, told);
    let source = read(path, "the rule file").map_err(usage)?;
    let (file, mut told) = parse_whole(&source, &|name| beside_or_here(path, name, "the rule file"));
    let file = if arguments.rules.reverse { file.reversed() } else { file };
    let (mut options, more) = smpl_options::options(&arguments.rules.smpl);
    told.extend(smpl_options::undeclared(&options, &[&file]));
    told.extend(more);
    match macros::known(&arguments.reading.macros) {
        Ok(known) => options.macros = Some(settled(known.into_owned(), &arguments.reading)),
        Err(Failure::Told { diagnostics, .. }) => told.extend(diagnostics),
        Err(failure @ Failure::Output(_)) => return Err(failure),
    }
    if arguments.rules.parse_cocci {
        // They are read, and not run.
        options.scripts = Scripts::Allowed;
    }
    // 0 is no limit, as for `spatch`.
    options.timeout = arguments.running.timeout.filter(|seconds| *seconds > 0).map(Duration::from_secs);
    options.ways = ways(&arguments.matching);
    options.manner = manner(&arguments.spelling);
    options.beside = beside(path, &file);
    let about_headers = arguments.running.about_headers.iter().rev();
    options.included = about_headers.filter_map(|option| included_by(option)).next().unwrap_or_default();
    let prepared = prepare(&file, &options).map_err(|more| told.extend(more));
    if let Ok(program) = &prepared
        && !arguments.result.very_quiet
    {
        told.extend_from_slice(program.remarks());
    }
    if let Ok(program) = &prepared
        && !arguments.rules.parse_cocci
        && !program.acts()
    {
        told.push(nothing_to_do(&file, &options));
    }
    match prepared {
        Ok(program) if !told.iter().any(|one| one.severity == Severity::Error) => {
            Ok(Ready { file, program, options, warnings: told })
        }
        _ => Err(Failure::Told { exit: Exit::Usage, diagnostics: told }),
    }
}

/// No rule is left that does anything.
fn nothing_to_do(file: &RuleFile, options: &ApplyOptions) -> Diagnostic {
    let off = file.virtual_names().filter(|name| !options.virtuals.iter().any(|on| on == name));
    let off: Vec<&str> = off.collect();
    let help = if off.is_empty() {
        "rules act by lines with `-`, `+` or `*`, or by scripts that read them".to_owned()
    } else {
        format!("rules may wait for a virtual rule to be turned on with -D: {}", off.join(", "))
    };
    Diagnostic::error("no-rule-applies", format!("no rule of `{}` applies", file.source.path())).help(help)
}

fn ways(arguments: &MatchingArguments) -> Ways {
    let MatchingArguments { no_loops, no_gotos, only_return_is_error_exit } = *arguments;
    Ways { no_loops, no_gotos, only_returns_leave: only_return_is_error_exit }
}

fn manner(arguments: &SpellingArguments) -> Manner {
    Manner {
        spacing: if arguments.smpl_spacing { Spacing::Rule } else { Spacing::Kernel },
        width: arguments.max_width,
        // 0 is no wish, as for `spatch`.
        indent: arguments.indent.filter(|n| *n > 0).map_or_else(|| "\t".to_owned(), |n| " ".repeat(n)),
        comments: if arguments.keep_comments { Comments::Stay } else { Comments::Go },
    }
}

/// The isomorphism files that the rule file asks for and that are there.
fn beside(rules: &Path, file: &RuleFile) -> Vec<(String, SourceFile)> {
    let names = file.isomorphism_files().into_iter();
    let read_any = |name: &str| beside_or_here(rules, name, "the isomorphism file");
    names.filter_map(|name| Some((name.to_owned(), read_any(name)?))).collect()
}

/// A file that a rule file names: beside it, or in the current directory.
fn beside_or_here(rules: &Path, name: &str, what: &str) -> Option<SourceFile> {
    let folder = rules.parent().unwrap_or(Path::new(""));
    let places = [folder.join(name), PathBuf::from(name)];
    places.iter().find_map(|path| read(path, what).ok())
}
