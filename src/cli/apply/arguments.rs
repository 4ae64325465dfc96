//! Arguments of `vedalia apply` and of the alias `spatch`.
//!
//! In: arguments whose old spellings [`super::spelling`] has made new. Out: [`ApplyArguments`]. The options have the names
//! that Coccinelle gives them; of an option given several times the last counts, as there.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{ArgAction, Args, ValueHint};

use crate::cli::args::{FormatWish, MacroArguments, SmplArguments};

/// Arguments of `vedalia apply`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ApplyArguments {
    #[command(flatten)]
    pub(super) rules: RuleArguments,
    #[command(flatten)]
    pub(super) files: FileArguments,
    #[command(flatten)]
    pub(super) result: ResultArguments,
    #[command(flatten)]
    pub(super) reading: ReadingArguments,
    #[command(flatten)]
    pub(super) matching: MatchingArguments,
    #[command(flatten)]
    pub(super) spelling: SpellingArguments,
    #[command(flatten)]
    pub(super) running: RunningArguments,
}

/// Which rules.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rules")]
pub(super) struct RuleArguments {
    /// The rule file; by default the first PATH that ends in `.cocci`.
    #[arg(long, visible_alias = "cocci-file", value_name = "FILE")]
    pub(super) sp_file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) smpl: SmplArguments,
    /// Do the opposite: remove what the rules add, and add what they remove.
    #[arg(long)]
    pub(super) reverse: bool,
    /// Only check the rule file, and say what it has.
    #[arg(long)]
    pub(super) parse_cocci: bool,
}

/// Which files.
#[derive(Debug, Args)]
#[command(next_help_heading = "Files")]
pub(super) struct FileArguments {
    /// C files, and directories to go through.
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(super) paths: Vec<PathBuf>,
    /// Go through all C files below a directory, as for one that is a PATH; of several such options the last counts.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) dir: Option<PathBuf>,
    /// Go through the headers of a directory as well.
    #[arg(long)]
    pub(super) include_headers: bool,
    /// Pass over files whose path begins so: a regular expression; may be given several times.
    #[arg(long, value_name = "PATTERN", action = ArgAction::Append)]
    pub(super) ignore: Vec<String>,
    /// Work on the files named in this file, one a line.
    #[arg(long, value_name = "FILE")]
    pub(super) file_groups: Option<PathBuf>,
    /// Of a directory in a git repository, go through the files that git knows.
    #[arg(long)]
    pub(super) use_gitgrep: bool,
    /// Share the files with other runs: how many there are.
    #[arg(long, value_name = "N", requires = "index", hide = true)]
    pub(super) max: Option<NonZeroUsize>,
    /// Which of them this one is, from 0.
    #[arg(long, value_name = "I", requires = "max", hide = true)]
    pub(super) index: Option<usize>,
    /// Take every N-th file, not a piece of their list.
    #[arg(long, hide = true)]
    pub(super) mod_distrib: bool,
}

/// What is done with the result.
#[derive(Debug, Args)]
#[command(next_help_heading = "Result")]
pub(super) struct ResultArguments {
    /// Change the files themselves.
    #[arg(long)]
    pub(super) in_place: bool,
    /// Write the result beside each file, with `.cocci_res` or the suffix at its end.
    #[arg(long, conflicts_with = "in_place")]
    pub(super) out_place: bool,
    /// Ending of a copy to keep of what --in-place changes, or of the file that --out-place writes.
    #[arg(long, value_name = "TEXT")]
    pub(super) suffix: Option<String>,
    /// Write the result of the only file here.
    #[arg(short, value_name = "FILE", conflicts_with_all = ["in_place", "out_place"])]
    pub(super) output: Option<PathBuf>,
    /// How to print the result.
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub(super) format: FormatWish,
    /// Print the diff; the default.
    #[arg(long, overrides_with = "no_show_diff")]
    pub(super) show_diff: bool,
    /// Do not.
    #[arg(long, overrides_with = "show_diff")]
    pub(super) no_show_diff: bool,
    /// Print the diff even of files where only white space changes.
    #[arg(long)]
    pub(super) force_diff: bool,
    /// Make the paths of the diff relative to this directory.
    #[arg(long, value_name = "DIR")]
    pub(super) patch: Option<String>,
    /// Lines of context in the diff.
    #[arg(short = 'U', value_name = "N")]
    pub(super) unified: Option<usize>,
    /// End with status 1 if a rule matched.
    #[arg(long)]
    pub(super) exit_code: bool,
    /// End with status 5 if something that a rule may concern could not be read.
    #[arg(long)]
    pub(super) strict: bool,
    /// Say nothing but results, warnings and errors.
    #[arg(long, alias = "quiet")]
    pub(super) very_quiet: bool,
    /// List the places that could not be read.
    #[arg(long, alias = "parse-error-msg")]
    pub(super) verbose_parsing: bool,
}

/// How C is read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reading C")]
pub(super) struct ReadingArguments {
    #[command(flatten)]
    pub(super) macros: MacroArguments,
    /// Name that conditionals find defined: what is behind `#ifndef` of it, and behind the `#else` of its `#ifdef`, is no
    /// code; several are separated by commas.
    #[arg(long, value_name = "NAME", action = ArgAction::Append, value_delimiter = ',')]
    pub(super) defined: Vec<String>,
    /// Name that conditionals find not defined.
    #[arg(long, value_name = "NAME", action = ArgAction::Append, value_delimiter = ',')]
    pub(super) undefined: Vec<String>,
    /// Do not read the headers that a file includes: what a macro or a type is then follows from the file, and from macro
    /// files, alone.
    #[arg(long)]
    pub(super) no_includes: bool,
    /// Directory to look for headers in, after those beside the file and in the `include` directories around it; may be
    /// given several times.
    #[arg(short = 'I', value_name = "DIR", action = ArgAction::Append)]
    pub(super) include_directories: Vec<PathBuf>,
    /// Header that every file is taken to include; may be given several times.
    #[arg(long, value_name = "FILE", action = ArgAction::Append)]
    pub(super) include: Vec<PathBuf>,
}

/// What counts as a match.
#[derive(Debug, Args)]
#[command(next_help_heading = "Matching")]
pub(super) struct MatchingArguments {
    /// Run through each loop once: no path comes back to its head.
    #[arg(long)]
    pub(super) no_loops: bool,
    /// Take a `goto` for a statement like any other.
    #[arg(long)]
    pub(super) no_gotos: bool,
    /// Let dots pass over branches that end in `return`, and over no others.
    #[arg(long)]
    pub(super) only_return_is_error_exit: bool,
}

/// How added code is written.
#[derive(Debug, Args)]
#[command(next_help_heading = "Added code")]
pub(super) struct SpellingArguments {
    /// Write it with the blanks of kernel code; the default.
    #[arg(long, overrides_with = "smpl_spacing")]
    pub(super) linux_spacing: bool,
    /// Write it with the blanks of the rule.
    #[arg(long, overrides_with = "linux_spacing")]
    pub(super) smpl_spacing: bool,
    /// Blanks of one level of indentation where the code around shows none; by default it is a tab.
    #[arg(long, value_name = "N")]
    pub(super) indent: Option<usize>,
    /// Longest line that an added list of arguments or values gets.
    #[arg(long, value_name = "N", default_value_t = 78)]
    pub(super) max_width: usize,
    /// Leave the comments next to removed code, and inside of it, where they are.
    #[arg(long)]
    pub(super) keep_comments: bool,
}

/// How the work is done.
#[derive(Debug, Args)]
#[command(next_help_heading = "Running")]
pub(super) struct RunningArguments {
    /// Number of threads; by default one per processor.
    #[arg(short, long, value_name = "N")]
    pub(super) jobs: Option<usize>,
    /// Give a file up after so many seconds.
    #[arg(long, value_name = "SECONDS")]
    pub(super) timeout: Option<u64>,
    /// Pass over the unknown options that follow.
    #[arg(long)]
    pub(super) ignore_unknown_options: bool,
    /// List the files that the rules may concern, and end.
    #[arg(long)]
    pub(super) selected_only: bool,
    /// Print the options, as files and command line give them, and end.
    #[arg(long)]
    pub(super) print_options_only: bool,
    /// An option of Coccinelle that is understood and does nothing here; made by [`super::spelling`].
    #[arg(long, hide = true, action = ArgAction::Append)]
    pub(super) without_effect: Vec<String>,
    /// An option of Coccinelle about the headers that tell types; made by [`super::spelling`].
    #[arg(long, hide = true, action = ArgAction::Append)]
    pub(super) about_headers: Vec<String>,
}
