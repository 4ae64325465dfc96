//! The command; see [`vedalia::cli`].

use std::process::ExitCode;

/// Trees and environments are many small pieces of memory, and the grammar's are taken from C: `malloc()` is this one too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    vedalia::cli::main()
}
