//! The command line: arguments, one file per subcommand, rendering, exit statuses.
//!
//! In: the arguments and the environment of the process. Out: text on the two standard streams and an exit status. The
//! library below neither prints nor exits; everything that a person reads is made here.

mod apply;
mod args;
mod build;
mod commit;
mod diff;
mod explain;
mod exit;
mod json;
mod ledger;
mod macros;
mod parse;
mod render;
mod rules;
mod run;
mod series;
mod shipped;
mod smpl_options;
mod summary;
mod table;
mod terminal;
mod tree;
mod verify;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::ExitCode;

use clap::Parser as _;

use crate::diagnostic::Diagnostic;

use args::{Arguments, Task};
use exit::{Exit, Failure, Outcome};
use terminal::Terminal;

/// The command: parse the arguments of the process, do what they say, and give the exit status.
pub fn main() -> ExitCode {
    let typed: Vec<OsString> = std::env::args_os().collect();
    if let Some(status) = apply::spatch(&typed, finish) {
        return status;
    }
    let arguments = Arguments::parse_from(apply::as_typed(typed));
    let terminal = Terminal::new(arguments.color);
    let outcome = dispatch(arguments.task, &terminal);
    finish(outcome, &terminal).into()
}

fn dispatch(task: Task, terminal: &Terminal) -> Outcome {
    match task {
        Task::Series(arguments) => series::run(&arguments, terminal),
        Task::Diff(arguments) => diff::run(&arguments, terminal),
        Task::Explain(arguments) => explain::run(&arguments, terminal),
        Task::Verify(arguments) => verify::run(&arguments, terminal),
        Task::Parse(arguments) => parse::run(&arguments, terminal),
        Task::Apply(arguments) => apply::run(&arguments, apply::Habits::Own, terminal),
        Task::Rules => list_rules(terminal),
        Task::Refusals => explain::refusals(terminal),
    }
}

/// Say what went wrong, if something did.
fn finish(outcome: Outcome, terminal: &Terminal) -> Exit {
    match outcome {
        Ok(exit) => exit,
        Err(Failure::Told { exit, diagnostics }) => {
            terminal.tell(&render::diagnostics(&diagnostics, terminal.err));
            exit
        }
        // The reader has seen enough; what was to be written elsewhere is written.
        Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Exit::Done,
        Err(Failure::Output(error)) => {
            let told = Diagnostic::error("output", format!("cannot write to standard output: {error}"));
            terminal.tell(&render::diagnostic(&told, terminal.err));
            Exit::Write
        }
    }
}

fn list_rules(terminal: &Terminal) -> Outcome {
    for name in shipped::names() {
        terminal.print(&format!("{name}\n"))?;
    }
    Ok(Exit::Done)
}
