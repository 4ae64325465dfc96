//! `cargo xtask fuzz`: text that nobody would write, until something breaks.
//!
//! In: a target, a time, a seed. Out: how many cases were tried, and for each way to make the program die, hang or break a
//! promise the first case that did, as a file below `target/fuzz/` that does so again. A worker process makes and runs the
//! cases, in its own memory limit; this process watches it, and starts another behind a case that it did not survive. A
//! case follows from the seed and its number alone, so that the worker need not write it down first. Nothing here needs a
//! nightly compiler.

mod generate;
mod mutate;
mod random;
mod target;
mod worker;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::kernel::target_directory;
use target::Target;
use worker::{Ended, Watched, Worker};

/// Options of `cargo xtask fuzz`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How long to go on, for each target.
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u64,
    /// What to feed; by default everything in turn.
    #[arg(long, value_enum)]
    target: Vec<Target>,
    /// Where the row of cases begins.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A case that takes longer of a processor hangs.
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    limit: u64,
    /// What a worker may take.
    #[arg(long, value_name = "MEGABYTES", default_value_t = 4096)]
    memory: u64,
    /// Start no further worker after so many findings.
    #[arg(long, value_name = "N", default_value_t = 10)]
    findings: usize,
    /// Run files through the target instead, such as those that an earlier run saved.
    #[arg(value_name = "FILE", requires = "target")]
    files: Vec<PathBuf>,
    /// Be the worker: run cases from this number on and say their numbers.
    #[arg(long, hide = true)]
    from: Option<u64>,
}

/// A case that something was wrong with.
struct Finding {
    number: u64,
    what: String,
    /// How many cases showed it.
    times: usize,
}

/// Fuzz; findings make the exit status 1.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if let (Some(from), [target]) = (arguments.from, arguments.target.as_slice()) {
        worker::serve(*target, arguments.seed, from);
        return Ok(ExitCode::SUCCESS);
    }
    if !arguments.files.is_empty() {
        return again(arguments);
    }
    let targets = if arguments.target.is_empty() { Target::ALL.to_vec() } else { arguments.target.clone() };
    let mut failed = false;
    for target in targets {
        let (cases, findings) = fuzz(target, arguments)?;
        println!(
            "{}: {cases} cases from seed {}, {} findings",
            target.name(),
            arguments.seed,
            findings.len()
        );
        failed |= !findings.is_empty();
        for finding in findings {
            let path = save(target, arguments.seed, &finding)?;
            println!("{}: {} times: {}", path.display(), finding.times, finding.what);
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Feed one target until the time is over; of findings that differ in numbers only the first is kept.
fn fuzz(target: Target, arguments: &Arguments) -> Result<(u64, Vec<Finding>)> {
    let end = Instant::now() + Duration::from_secs(arguments.seconds);
    let (mut next, mut findings) = (0, Vec::<Finding>::new());
    while Instant::now() < end && findings.len() < arguments.findings {
        let worker = Worker::start(target, arguments.seed, next, arguments.memory)?;
        let Watched { last, mut broken, ended } = worker.watch(end, Duration::from_secs(arguments.limit))?;
        next = last + 1;
        match ended {
            Ended::TimeIsOver => {}
            Ended::Hung => broken.push((last, format!("no end after {} s of a processor", arguments.limit))),
            Ended::Died(said) => broken.push((last, said)),
        }
        for (number, what) in broken {
            match findings.iter_mut().find(|known| kind(&known.what) == kind(&what)) {
                Some(known) => known.times += 1,
                None => findings.push(Finding { number, what, times: 1 }),
            }
        }
    }
    Ok((next, findings))
}

/// A message without its numbers.
fn kind(what: &str) -> String {
    what.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// Write the case down; gives the file's name.
fn save(target: Target, seed: u64, finding: &Finding) -> Result<PathBuf> {
    let folder = target_directory().join("fuzz");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let path = folder.join(format!("{}-{seed}-{}.{}", target.name(), finding.number, target.ending()));
    fs::write(&path, target.case(seed, finding.number))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// Run saved cases in this process.
fn again(arguments: &Arguments) -> Result<ExitCode> {
    let mut failed = false;
    for path in &arguments.files {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        for target in arguments.target.iter().copied() {
            let start = Instant::now();
            let said = worker::with_deep_stack(|| target.feed(&bytes));
            let said = said.unwrap_or_else(|| Err("it panicked".to_owned()));
            println!("{}: {}: {:?} after {:.1?}", path.display(), target.name(), said, start.elapsed());
            failed |= said.is_err();
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_follows_from_its_seed_and_number() {
        for target in Target::ALL {
            let cases: Vec<_> = (0..20).map(|number| target.case(7, number)).collect();
            assert_eq!(cases, (0..20).map(|number| target.case(7, number)).collect::<Vec<_>>());
            assert!(cases.iter().any(|case| case != &cases[0]));
        }
    }

    #[test]
    fn findings_of_one_kind_differ_in_numbers_only() {
        assert_eq!(kind("case.c: 15:1: a x overlaps"), kind("case.c: 2:14: a x overlaps"));
        assert_ne!(kind("panicked at a.rs:1"), kind("panicked at b.rs:1"));
    }
}
