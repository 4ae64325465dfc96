//! `cargo xtask bench smpl KERNEL`: our engine beside Coccinelle's.
//!
//! In: an unpacked kernel, whose rules are read in place, and the `spatch` of the system. Out: a line per rule with the seconds
//! that both took over the same directories with the same options, and their ratio. Both are run one after the other in
//! this one run, never at the same time. It judges no result: that is what `coccicheck` is for.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};

use crate::kernel_check::release_build;

/// Options of `cargo xtask bench`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Rules of the kernel, beside Coccinelle.
    Smpl(Smpl),
}

/// Options of `cargo xtask bench smpl`.
#[derive(Debug, Args)]
struct Smpl {
    /// An unpacked kernel.
    kernel: PathBuf,
    /// Directories of it to go through.
    #[arg(long, value_delimiter = ',', default_value = "fs,net")]
    dirs: Vec<String>,
    /// Rules to run, by name; all of the list by default.
    #[arg(long, value_delimiter = ',')]
    rules: Vec<String>,
    /// Number of threads, or of Coccinelle's processes.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Seconds after which a run over one directory is given up.
    #[arg(long, default_value_t = 900)]
    limit: u64,
    /// Coccinelle's command.
    #[arg(long, default_value = "spatch")]
    peer: String,
    /// Time ours only.
    #[arg(long)]
    alone: bool,
    /// Program to time, instead of a release build of this workspace.
    #[arg(long, value_name = "FILE")]
    vedalia: Option<PathBuf>,
}

/// The rules that are timed: path below `scripts/coccinelle`, and mode.
const RULES: &[(&str, &str)] = &[
    ("api/memdup", "patch"),
    ("free/ifnullfree", "patch"),
    ("misc/array_size", "patch"),
    ("misc/boolconv", "patch"),
    ("misc/returnvar", "patch"),
    ("free/kfree", "report"),
    ("iterators/list_entry_update", "report"),
    ("null/deref_null", "report"),
    ("misc/minmax", "patch"),
];

/// The subcommand that takes Coccinelle's command line.
const SPATCH: &str = "spatch";

/// What `timeout` ends with when the time was over.
const TIMED_OUT: i32 = 124;

/// How long a run took.
#[derive(Clone, Copy, Debug)]
enum Took {
    Seconds(f64),
    /// Longer than the limit.
    TooLong(u64),
}

impl Took {
    fn spell(self) -> String {
        match self {
            Took::Seconds(seconds) => format!("{seconds:.2}"),
            Took::TooLong(limit) => format!(">{limit}"),
        }
    }

    fn at_least(self) -> f64 {
        match self {
            Took::Seconds(seconds) => seconds,
            Took::TooLong(limit) => limit as f64,
        }
    }
}

/// Run the benchmark.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let What::Smpl(options) = &arguments.what;
    let ours = match &options.vedalia {
        Some(program) => program.canonicalize()?,
        None => release_build()?,
    };
    println!("{:28} {:7} {:>10} {:>10} {:>7}", "rule", "mode", "ours", "spatch", "ratio");
    let chosen = |rule: &str| {
        options.rules.is_empty() || options.rules.iter().any(|name| rule.rsplit('/').next() == Some(name))
    };
    for (rule, mode) in RULES.iter().filter(|(rule, _)| chosen(rule)) {
        let file = options.kernel.join("scripts/coccinelle").join(format!("{rule}.cocci"));
        let text =
            std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let mut line = vec!["-D".to_owned(), (*mode).to_owned(), "--very-quiet".to_owned()];
        line.extend(["--cocci-file".to_owned(), file.canonicalize()?.display().to_string()]);
        line.extend(own_options(&text));
        line.extend(["-j".to_owned(), options.jobs.to_string()]);
        let (mut our_time, mut their_time) = (Vec::new(), Vec::new());
        for folder in &options.dirs {
            let folder = ["--dir".to_owned(), folder.clone()];
            let line: Vec<String> = line.iter().chain(&folder).cloned().collect();
            let ours_line: Vec<String> =
                [SPATCH.to_owned()].into_iter().chain(line.iter().cloned()).collect();
            our_time.push(time(ours.as_os_str(), &ours_line, options)?);
            if !options.alone {
                their_time.push(time(options.peer.as_ref(), &line, options)?);
            }
        }
        report(rule, mode, total(&our_time), (!options.alone).then(|| total(&their_time)));
    }
    Ok(ExitCode::SUCCESS)
}

/// What a rule file asks for in its `// Options:` line.
fn own_options(text: &str) -> Vec<String> {
    let line = text.lines().find_map(|line| line.strip_prefix("// Options:"));
    line.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

fn total(all: &[Took]) -> Took {
    let sum = all.iter().map(|took| took.at_least()).sum();
    match all.iter().any(|took| matches!(took, Took::TooLong(_))) {
        true => Took::TooLong(sum as u64),
        false => Took::Seconds(sum),
    }
}

fn report(rule: &str, mode: &str, ours: Took, theirs: Option<Took>) {
    let (peer, ratio) = match theirs {
        Some(theirs) => {
            let sign = if matches!(theirs, Took::TooLong(_)) { ">" } else { "" };
            (theirs.spell(), format!("{sign}{:.1}", theirs.at_least() / ours.at_least().max(0.001)))
        }
        None => (String::new(), String::new()),
    };
    println!("{rule:28} {mode:7} {:>10} {peer:>10} {ratio:>7}", ours.spell());
}

/// Wall-clock time of a run in the kernel; one that ends with an error is an error here. `timeout` ends all processes that
/// the peer starts, not only the first.
fn time(program: &OsStr, line: &[String], options: &Smpl) -> Result<Took> {
    let start = Instant::now();
    let mut command = Command::new("timeout");
    let status = command
        .arg(options.limit.to_string())
        .arg(program)
        .args(line)
        .current_dir(&options.kernel)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .with_context(|| format!("cannot run {}", program.to_string_lossy()))?;
    match status.code() {
        Some(0) => Ok(Took::Seconds(start.elapsed().as_secs_f64())),
        Some(TIMED_OUT) => Ok(Took::TooLong(options.limit)),
        _ => bail!("{command:?} ended with {status}"),
    }
}
