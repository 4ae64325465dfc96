//! How a run ends.
//!
//! In: what a subcommand came to. Out: an exit status and, for a failure, what to tell. Nothing else in the project
//! decides on an exit status.

use std::io;
use std::process::ExitCode;

use crate::diagnostic::Diagnostic;

/// The statuses that the command ends with; scripts rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// What was asked for is done.
    Done,
    /// There was nothing to do, or there is something to look at.
    Findings,
    /// The command line or a rule is at fault; nothing was written.
    Usage,
    /// The repository is one that the command does not work on, or has not what it needs; nothing was written.
    Repository,
    /// What was to be written could not be.
    Write,
    /// Something that a rule may concern could not be read, and `--strict` was given; nothing was written.
    Unread,
}

impl Exit {
    /// The number.
    pub(super) fn status(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Findings => 1,
            Exit::Usage => 2,
            Exit::Repository => 3,
            Exit::Write => 4,
            Exit::Unread => 5,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.status())
    }
}

/// Why a subcommand stopped before its end.
#[derive(Debug)]
pub(super) enum Failure {
    /// It has something to say.
    Told {
        /// The status to end with.
        exit: Exit,
        /// What to say, in order.
        diagnostics: Vec<Diagnostic>,
    },
    /// Standard output is gone; what was written elsewhere stands.
    Output(io::Error),
}

impl Failure {
    /// A failure with one diagnostic.
    pub(super) fn new(exit: Exit, diagnostic: Diagnostic) -> Self {
        Failure::Told { exit, diagnostics: vec![diagnostic] }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Output(error)
    }
}

/// The result of a subcommand.
pub(super) type Outcome = Result<Exit, Failure>;
