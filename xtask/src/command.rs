//! Running programs.
//!
//! In: a prepared [`Command`]. Out: its output, or an error that names the command, its exit status and what it said.
//! It refuses to let a failed program pass for a success.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};

/// A git command in `repo` that no configuration of the user's can change.
pub(crate) fn git(repo: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(repo);
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0");
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(variable);
    }
    command
}

/// Run `command` to its end; an exit status other than 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result<Output> {
    let output = output(command)?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = if said.trim().is_empty() { String::from_utf8_lossy(&output.stdout) } else { said };
    bail!("`{}` ended with {}: {}", spell(command), output.status, said.trim());
}

/// Run `command` to its end, however it ends.
pub(crate) fn output(command: &mut Command) -> Result<Output> {
    command.output().with_context(|| format!("cannot run `{}`", spell(command)))
}

/// The standard output of `command` as text, without white space at its end.
pub(crate) fn text(command: &mut Command) -> Result<String> {
    let output = run(command)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

/// A command as one would type it; long argument lists are cut.
fn spell(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    let arguments: Vec<&OsStr> = command.get_args().collect();
    for argument in arguments.iter().take(12) {
        let _ = write!(line, " {}", argument.to_string_lossy());
    }
    if arguments.len() > 12 {
        line.push_str(" ...");
    }
    line
}
