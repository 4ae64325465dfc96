//! The command line.
//!
//! In: the arguments of the process. Out: [`Arguments`], one struct per subcommand; flags that several subcommands share
//! are structs of their own. What an option means is decided by the subcommands; clap itself refuses what does not fit
//! together, with exit status 2.

use std::path::PathBuf;

use super::apply::ApplyArguments;
use clap::{ArgAction, ArgGroup, Args, Parser, Subcommand, ValueEnum};

/// A semantic patch engine for C that ends in mail-ready patch series.
#[derive(Debug, Parser)]
#[command(name = "vedalia", version, max_term_width = 100, after_help = EXIT_STATUS)]
pub(super) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(super) task: Task,
    /// When to use colours; NO_COLOR is honoured.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(super) color: ColorWish,
}

const EXIT_STATUS: &str = "Exit status: 0 done, 1 nothing to do or findings, 2 usage or rule error, \
                           3 repository refused, 4 write failed, 5 not everything was read (--strict).";

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorWish {
    /// On terminals.
    Auto,
    /// Even into files.
    Always,
    /// Nowhere.
    Never,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(super) enum Task {
    /// Make a series: commits on a new branch, mails in a directory.
    Series(Box<SeriesArguments>),
    /// Dry run: a verdict for each site and a unified diff; nothing is written.
    Diff(DiffArguments),
    /// Say why a place is converted or matched, or why it is not.
    Explain(ExplainArguments),
    /// Run a converted site against its original.
    ///
    /// Both versions of the function are compiled for user space, with the sanitizers, and run on random inputs in the
    /// model that the rule brings. What the function calls becomes a stub that records how it was called and gives what
    /// the run picks; structs keep the fields that the code names; macros come from the file and its headers. What was
    /// made up is listed. Status 0: they behave alike. Status 1: they do not, or nothing could be compared.
    Verify(VerifyArguments),
    /// Show how a file is read: what is opaque, and what its macros are taken for.
    Parse(ParseArguments),
    /// Run a rule file of Coccinelle's language on files, and print the diff.
    #[command(args_override_self = true)]
    Apply(Box<ApplyArguments>),
    /// List the shipped rules.
    Rules,
    /// List the reasons for which a site is refused.
    Refusals,
}

/// What to work on, and how far to go.
#[derive(Debug, Args)]
pub(super) struct TreeArguments {
    /// Repository with the tree; by default that of the current directory.
    #[arg(long, value_name = "DIR")]
    pub(super) repo: Option<PathBuf>,
    /// Commit to start from: a branch, a tag or an id.
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    pub(super) base: String,
    /// Rule file, folder of rule files, or the name of a shipped rule; may be given several times.
    #[arg(long, value_name = "PATH", action = ArgAction::Append)]
    pub(super) rules: Vec<String>,
    /// Work on a small tree that this program carries, in a temporary repository.
    #[arg(long, conflicts_with_all = ["repo", "base"])]
    pub(super) demo: bool,
    /// How sure a conversion must be.
    #[arg(long, default_value = "safe")]
    pub(super) level: LevelWish,
    /// End with status 5 and write nothing if code that a rule may concern could not be read.
    #[arg(long)]
    pub(super) strict: bool,
    #[command(flatten)]
    pub(super) smpl: SmplArguments,
    #[command(flatten)]
    pub(super) macros: MacroArguments,
    /// Number of threads; by default one per processor.
    #[arg(short, long, value_name = "N")]
    pub(super) jobs: Option<std::num::NonZeroUsize>,
}

/// How the rules of Coccinelle's language run; the options have the names that it gives them.
#[derive(Debug, Default, Args)]
pub(super) struct SmplArguments {
    /// Turn a virtual rule on, or give a virtual identifier its value; where changes are made `patch` is on.
    #[arg(short = 'D', value_name = "RULE|NAME=VALUE", action = ArgAction::Append)]
    pub(super) define: Vec<String>,
    /// File of isomorphisms to use instead of the shipped one.
    #[arg(long, alias = "iso", value_name = "FILE")]
    pub(super) iso_file: Option<PathBuf>,
    /// Isomorphism that no rule is to use; may be given several times.
    #[arg(long, value_name = "NAME", action = ArgAction::Append)]
    pub(super) disable_iso: Vec<String>,
    /// Run the scripts of the rule file; they compute and print, and reach neither files nor processes.
    #[arg(long)]
    pub(super) allow_scripts: bool,
}

/// What else is known about macros.
#[derive(Debug, Default, Args)]
pub(super) struct MacroArguments {
    /// File of #defines that say what macros stand for, in the form of Coccinelle's standard.h; may be given several times.
    #[arg(long, value_name = "FILE", action = ArgAction::Append)]
    pub(super) macro_file: Vec<PathBuf>,
}

/// How sure a conversion must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LevelWish {
    /// Everything that it rests on was proved.
    Safe,
    /// It is right if the facts that are listed with it hold.
    Review,
}

impl From<LevelWish> for crate::engine::Level {
    fn from(wish: LevelWish) -> Self {
        match wish {
            LevelWish::Safe => Self::Safe,
            LevelWish::Review => Self::Review,
        }
    }
}

/// Arguments of `vedalia series`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("result").required(true).multiple(true).args(["branch", "output", "demo"]))]
pub(super) struct SeriesArguments {
    #[command(flatten)]
    pub(super) tree: TreeArguments,
    /// Branch to create for the commits; it must not exist.
    #[arg(long, value_name = "NAME")]
    pub(super) branch: Option<String>,
    /// Replace the branch if it exists; its reflog keeps the old tip.
    #[arg(long, requires = "branch")]
    pub(super) force: bool,
    /// Directory for the mails; it must be empty or not exist.
    #[arg(short, long, value_name = "DIR")]
    pub(super) output: Option<PathBuf>,
    /// What makes one patch.
    #[arg(long, value_name = "BY", default_value = "file")]
    pub(super) split: SplitWish,
    /// Command that must succeed after each patch; {objects} and {files} stand for what the patch touches.
    #[arg(long, value_name = "CMD")]
    pub(super) build: Option<String>,
    /// How to print the result.
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub(super) format: FormatWish,
    #[command(flatten)]
    pub(super) mail: MailArguments,
    /// Files or directories of the tree to stay in; by default all of it.
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<String>,
}

/// What makes one patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum SplitWish {
    /// Each function.
    Function,
    /// Each file.
    File,
    /// Each section of MAINTAINERS.
    Subsystem,
    /// The whole tree.
    Treewide,
}

/// How mails and commits are to look; the options have the names that git gives them.
#[derive(Debug, Args)]
pub(super) struct MailArguments {
    /// Add your Signed-off-by; nothing is signed off unless you ask for it here or with format.signOff.
    #[arg(short, long, overrides_with = "no_signoff")]
    pub(super) signoff: bool,
    /// Do not, whatever the configuration says.
    #[arg(long)]
    pub(super) no_signoff: bool,
    /// What stands in the brackets of the subjects, such as `PATCH net-next`.
    #[arg(long, value_name = "TEXT")]
    pub(super) subject_prefix: Option<String>,
    /// Version of the series.
    #[arg(short = 'v', long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) reroll_count: u32,
    /// Put RFC, or another word, before the subject prefix.
    #[arg(long, value_name = "WORD", num_args = 0..=1, default_missing_value = "RFC", require_equals = true)]
    pub(super) rfc: Option<String>,
    /// Date of the commits: seconds since 1970, ISO 8601, or as in a mail; makes the result reproducible.
    #[arg(long, value_name = "DATE")]
    pub(super) date: Option<String>,
    /// Table of subject prefixes for paths without a habit of their own; its lines win over the shipped ones.
    #[arg(long, value_name = "FILE")]
    pub(super) prefixes: Option<PathBuf>,
    /// Recipient of every mail, besides those that the tree names.
    #[arg(long, value_name = "ADDRESS", action = ArgAction::Append)]
    pub(super) to: Vec<String>,
    /// The same for copies.
    #[arg(long, value_name = "ADDRESS", action = ArgAction::Append)]
    pub(super) cc: Vec<String>,
}

/// Arguments of `vedalia diff`.
#[derive(Debug, Args)]
pub(super) struct DiffArguments {
    #[command(flatten)]
    pub(super) tree: TreeArguments,
    /// How to print the result.
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub(super) format: FormatWish,
    /// Files or directories of the tree to stay in; by default all of it.
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<String>,
}

/// Arguments of `vedalia explain`.
#[derive(Debug, Args)]
pub(super) struct ExplainArguments {
    /// A rule file, if it is not named with --rules, and the place: a file and a line. With a semantic patch the file is
    /// read from the disk, else from the tree.
    #[arg(value_names = ["RULE.cocci", "FILE:LINE"], num_args = 1..=2, required = true)]
    pub(super) what: Vec<String>,
    /// How to print what a semantic patch lacks.
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub(super) format: FormatWish,
    #[command(flatten)]
    pub(super) tree: TreeArguments,
}

/// Arguments of `vedalia verify`.
#[derive(Debug, Args)]
pub(super) struct VerifyArguments {
    /// The site to run: a path of the tree and a line.
    #[arg(long, value_name = "FILE:LINE")]
    pub(super) exec: String,
    /// Number of random inputs.
    #[arg(long, value_name = "N", default_value = "2000")]
    pub(super) runs: std::num::NonZeroUsize,
    /// Build the programs in this directory, and leave them there.
    #[arg(long, value_name = "DIR")]
    pub(super) keep: Option<PathBuf>,
    /// How to print the result.
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub(super) format: FormatWish,
    #[command(flatten)]
    pub(super) tree: TreeArguments,
}

/// Arguments of `vedalia parse`.
#[derive(Debug, Args)]
pub(super) struct ParseArguments {
    /// Files of C.
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
    /// Say for every macro, and for whatever else is not plain C, what it was taken for and why.
    #[arg(long)]
    pub(super) explain: bool,
    /// Print the tree of named nodes.
    #[arg(long)]
    pub(super) tree: bool,
    /// End with status 5 if anything was not read.
    #[arg(long)]
    pub(super) strict: bool,
    /// How to print the result.
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub(super) format: FormatWish,
    #[command(flatten)]
    pub(super) macros: MacroArguments,
}

/// How to print a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FormatWish {
    /// For people: tables, and diffs that `git apply` takes.
    Text,
    /// One JSON document.
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_series_needs_a_place_to_go() {
        assert!(Arguments::try_parse_from(["vedalia", "series", "--rules", "x"]).is_err());
        assert!(Arguments::try_parse_from(["vedalia", "series", "--rules", "x", "-o", "out"]).is_ok());
        assert!(Arguments::try_parse_from(["vedalia", "series", "--demo", "--repo", "x"]).is_err());
    }

    #[test]
    fn rfc_takes_an_optional_word() {
        let rfc = |args: &[&str]| match Arguments::try_parse_from(args).expect("parses").task {
            Task::Series(series) => series.mail.rfc,
            _ => None,
        };
        assert_eq!(rfc(&["vedalia", "series", "--demo", "--rfc"]).as_deref(), Some("RFC"));
        assert_eq!(rfc(&["vedalia", "series", "--demo", "--rfc=WIP", "fs"]).as_deref(), Some("WIP"));
        assert_eq!(rfc(&["vedalia", "series", "--demo"]), None);
    }
}
