//! The command; see [`vedalia::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    vedalia::cli::main()
}
