//! The name `spatch`, and old spellings of `vedalia apply`.
//!
//! In: the arguments of the process. Out: for `spatch` – by a link of that name, or as `vedalia spatch` – a run with its
//! habits: options under all their spellings, scripts allowed, exit status 255 where it has that, and a `--version` whose
//! third word is a version of Coccinelle, as the kernel's `scripts/coccicheck` expects. It claims the version whose
//! behaviour is followed.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use crate::cli::args::ColorWish;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::terminal::Terminal;

use super::arguments::ApplyArguments;
use super::{Habits, config, run};

/// The version of Coccinelle that scripts are told.
const PEER_VERSION: &str = "1.1.1";

/// Run semantic patches: a drop-in for Coccinelle's command.
#[derive(Debug, Parser)]
#[command(name = "spatch", disable_version_flag = true, args_override_self = true, max_term_width = 100)]
struct SpatchArguments {
    #[command(flatten)]
    apply: ApplyArguments,
    /// Print the version.
    #[arg(long)]
    version: bool,
}

/// The arguments behind the name `spatch`, if that is what was called.
fn behind_the_name(typed: &[OsString]) -> Option<&[OsString]> {
    let (name, rest) = typed.split_first()?;
    if Path::new(name).file_stem().is_some_and(|stem| stem == "spatch") {
        return Some(rest);
    }
    rest.split_first().filter(|(task, _)| *task == "spatch").map(|(_, rest)| rest)
}

/// Run as `spatch`, if that is what was called; `finish` says what went wrong.
pub(in crate::cli) fn spatch(typed: &[OsString], finish: fn(Outcome, &Terminal) -> Exit) -> Option<ExitCode> {
    let mut all = vec![OsString::from("spatch")];
    all.extend(config::with_files(behind_the_name(typed)?));
    let mut arguments = SpatchArguments::parse_from(&all);
    // Whoever calls it by that name is used to it.
    arguments.apply.rules.smpl.allow_scripts = true;
    let terminal = Terminal::new(ColorWish::Auto);
    let outcome = if arguments.version {
        version(&terminal)
    } else if arguments.apply.running.print_options_only {
        print_options(&all, &terminal)
    } else {
        run(&arguments.apply, Habits::Spatch, &terminal)
    };
    let exit = finish(outcome, &terminal);
    Some(match exit {
        Exit::Done | Exit::Findings | Exit::Unread => exit.into(),
        Exit::Usage | Exit::Repository | Exit::Write => ExitCode::from(255),
    })
}

fn version(terminal: &Terminal) -> Outcome {
    let ours = env!("CARGO_PKG_VERSION");
    let python = if cfg!(feature = "python") { "yes" } else { "no" };
    terminal.print(&format!(
        "spatch version {PEER_VERSION} (vedalia {ours})\n\
         OCaml scripting support: no\n\
         Python scripting support: {python}\n"
    ))?;
    Ok(Exit::Done)
}

fn print_options(all: &[OsString], terminal: &Terminal) -> Outcome {
    let quoted: Vec<String> = all.iter().map(|word| format!("'{}'", word.to_string_lossy())).collect();
    terminal.tell(&format!("options: {}\n", quoted.join(" ")));
    Ok(Exit::Done)
}

/// The arguments as clap takes them: those of `vedalia apply` may have old spellings.
pub(in crate::cli) fn as_typed(typed: Vec<OsString>) -> Vec<OsString> {
    let Some(at) = typed.iter().position(|word| word == "apply") else { return typed };
    let before = &typed[1..at];
    let global = before.is_empty() || before[0].to_string_lossy().starts_with("--color");
    if !global || before.len() > 2 {
        return typed;
    }
    let mut all = typed[..=at].to_vec();
    all.extend(config::with_files(&typed[at + 1..]));
    all
}
