//! `--build`: does every patch build by itself, without new warnings?
//!
//! In: the user's command and a series whose commits exist. Out: nothing when all is well. It refuses a patch that does
//! not build where the base does, and one that brings a warning that the base has not; no branch and no mail was written
//! then.

use std::collections::BTreeSet;

use crate::diagnostic::Diagnostic;
use crate::series::assemble::{Patch, Series};
use crate::verify::build::{Build, BuildCommand, Checkout, Ended, new_warnings};

use super::exit::{Exit, Failure};
use super::terminal::Terminal;
use super::tree::Tree;

/// Build the base and every patch.
pub(super) fn check(command: &str, tree: &Tree, series: &Series, terminal: &Terminal) -> Result<(), Failure> {
    let stopped = |told| Failure::new(Exit::Findings, told);
    let command = BuildCommand::new(command);
    let checkout = Checkout::new(tree.repository.git_dir()).map_err(stopped)?;
    let everything: BTreeSet<String> = series.patches.iter().flat_map(paths).collect();
    let everything: Vec<String> = everything.into_iter().collect();
    terminal.tell("building the base\n");
    checkout.switch(&tree.base.to_string()).map_err(stopped)?;
    let before = command.run(&checkout.path(), &everything).map_err(stopped)?;
    if before.ended == Ended::Failed {
        return Err(stopped(not_built("the base does not build", &before)));
    }
    for patch in &series.patches {
        let subject = &patch.message.subject;
        terminal.tell(&format!("building {subject}\n"));
        checkout.switch(&patch.commit.to_string()).map_err(stopped)?;
        let after = command.run(&checkout.path(), &paths(patch).collect::<Vec<_>>()).map_err(stopped)?;
        if after.ended == Ended::Failed {
            return Err(stopped(not_built(&format!("the patch `{subject}` does not build"), &after)));
        }
        let new: Vec<String> = new_warnings(&before.messages, &after.messages)
            .into_iter()
            .map(|message| format!("{}:{}: {}", message.path, message.line, message.text))
            .collect();
        if !new.is_empty() {
            let told = Diagnostic::error("new-warnings", format!("the patch `{subject}` brings warnings"));
            return Err(stopped(new.into_iter().fold(told, Diagnostic::help).help("nothing was written")));
        }
    }
    Ok(())
}

fn paths(patch: &Patch) -> impl Iterator<Item = String> {
    patch.files.iter().map(|file| String::from_utf8_lossy(&file.new.path).into_owned())
}

/// The failure with the end of what was printed.
fn not_built(what: &str, build: &Build) -> Diagnostic {
    let lines: Vec<&str> = build.output.lines().collect();
    let last = &lines[lines.len().saturating_sub(20)..];
    last.iter()
        .fold(Diagnostic::error("build", what), |told, line| told.help(*line))
        .help("nothing was written")
}
