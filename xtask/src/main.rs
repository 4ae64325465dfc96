//! Development tasks: `cargo xtask TASK`.
//!
//! In: a task's name and its options. Out: what the task prints, and its exit status. Each task has its own file; this
//! one only dispatches. Nothing here is part of the `vedalia` command.

mod coccicheck;
mod bench;
mod command;
mod conformance;
mod fuzz;
mod kernel;
mod kernel_check;
mod parse_stats;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Development tasks of Vedalia.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", disable_version_flag = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Make a git repository of one of Debian's kernel source packages, below `target/kernel/`.
    Kernel(kernel::Arguments),
    /// Make the series on a kernel, then build it, apply it and check it.
    KernelCheck(kernel_check::Arguments),
    /// Run a folder of Coccinelle's tests and compare with the expected results.
    Conformance(conformance::Arguments),
    /// Feed the parsers text that nobody would write, and save what breaks them.
    Fuzz(fuzz::Arguments),
    /// Run the kernel's own rules with ours and with Coccinelle, and compare.
    Coccicheck(coccicheck::Arguments),
    /// Time the engine, beside Coccinelle.
    Bench(bench::Arguments),
    /// Count what of a C tree is read, and list what is not.
    ParseStats(parse_stats::Arguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Kernel(arguments) => kernel::run(&arguments),
        Task::KernelCheck(arguments) => kernel_check::run(&arguments),
        Task::Conformance(arguments) => conformance::run(&arguments),
        Task::Fuzz(arguments) => fuzz::run(&arguments),
        Task::Coccicheck(arguments) => coccicheck::run(&arguments),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::ParseStats(arguments) => parse_stats::run(&arguments),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
