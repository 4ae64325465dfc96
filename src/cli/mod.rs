//! The command line.

use std::process::ExitCode;

/// The command.
pub fn main() -> ExitCode {
    ExitCode::from(2)
}
