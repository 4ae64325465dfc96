//! `cargo xtask coccicheck TREE`: the kernel's own rules, ours against Coccinelle's results.
//!
//! In: a Linux tree, and the `spatch` of this machine. Out: a table with a line per rule of `scripts/coccinelle` that has
//! the mode asked for – sites that are equal, that only one of the two has, and where the bytes differ, with both times –
//! and the differing sites after it. Both run with the options that the tree's `scripts/coccicheck` gives them, folder
//! by folder. The peer takes minutes for a rule, so that its results are kept below `target/coccicheck/`; a rule for
//! which it needs longer than the limit is compared on the folders it got through.

mod compare;
mod run;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use compare::{Comparison, compare};
use run::{Outcome, Runner};

/// Options of `cargo xtask coccicheck`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The Linux tree.
    tree: PathBuf,
    /// What the rules are to do.
    #[arg(long, value_enum, default_value = "patch")]
    mode: Mode,
    /// Only rules whose path contains this.
    #[arg(long, default_value = "")]
    filter: String,
    /// Folders of the tree, in the order in which they are gone through.
    #[arg(long, value_delimiter = ',', default_value = "block,crypto,mm,lib,kernel,fs,net")]
    folders: Vec<String>,
    /// The peer.
    #[arg(long, default_value = "spatch")]
    peer: PathBuf,
    /// Our program.
    #[arg(long, default_value = "target/release/vedalia")]
    vedalia: PathBuf,
    /// Seconds of processor time that the peer has for a rule.
    #[arg(long, default_value_t = 300)]
    limit: u64,
    /// Compare with what the peer said before; do not run it.
    #[arg(long)]
    cached: bool,
    /// Print the sites that are not equal.
    #[arg(long)]
    verbose: bool,
}

/// What the rules of the kernel can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Mode {
    /// Change the code.
    Patch,
    /// Report places.
    Report,
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Self::Patch => "patch",
            Self::Report => "report",
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let tree = fs::canonicalize(&arguments.tree).context("cannot find the Linux tree")?;
    let rules = rules(&tree, arguments)?;
    let cache = PathBuf::from("target/coccicheck").join(arguments.mode.name());
    let (mut equal, mut compared) = (0, 0);
    println!(
        "{:28} {:>6} {:>6} {:>6} {:>6} {:>8} {:>8}",
        "rule", "equal", "ours", "peer's", "differ", "s", "peer s"
    );
    for rule in rules {
        let name = rule.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let options = options(&tree.join(&rule))?;
        let mut total = Comparison::default();
        let mut times = (0.0, 0.0);
        let mut missing = Vec::new();
        for folder in &arguments.folders {
            let runner = Runner { tree: &tree, rule: &rule, options: &options, mode: arguments.mode, folder };
            let kept = cache.join(&name).join(folder);
            let peer = runner.peer(arguments, &kept, times.1)?;
            let Outcome::Done { text: theirs, seconds } = peer else {
                missing.push(folder.as_str());
                continue;
            };
            times.1 += seconds;
            let (ours, seconds) = runner.ours(arguments)?;
            times.0 += seconds;
            total.add(compare(arguments.mode, &ours, &theirs));
        }
        println!(
            "{name:28} {:>6} {:>6} {:>6} {:>6} {:>8.1} {:>8.1}{}",
            total.equal,
            total.ours.len(),
            total.theirs.len(),
            total.differ.len(),
            times.0,
            times.1,
            if missing.is_empty() { String::new() } else { format!("  without {}", missing.join(" ")) }
        );
        if arguments.verbose {
            print!("{}", total.listed());
        }
        if missing.len() < arguments.folders.len() {
            compared += 1;
            equal += usize::from(total.is_equal());
        }
    }
    let share = 100.0 * f64::from(equal as u32) / f64::from(compared.max(1) as u32);
    println!("{equal} of {compared} rules give the same ({share:.1} %)");
    Ok(ExitCode::SUCCESS)
}

/// The rules that have the mode, below the tree.
fn rules(tree: &Path, arguments: &Arguments) -> Result<Vec<PathBuf>> {
    let mut folders = vec![tree.join("scripts/coccinelle")];
    let mut out = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|x| x == "cocci") && has_mode(&path, arguments.mode)? {
                out.push(path.strip_prefix(tree)?.to_path_buf());
            }
        }
    }
    out.retain(|p| p.to_string_lossy().contains(&arguments.filter));
    out.sort();
    Ok(out)
}

fn has_mode(rule: &Path, mode: Mode) -> Result<bool> {
    let text = fs::read_to_string(rule)?;
    let mut virtuals = text.lines().filter_map(|l| l.trim().strip_prefix("virtual "));
    Ok(virtuals.any(|names| names.trim_end_matches(';').split(',').any(|n| n.trim() == mode.name())))
}

/// The options that a rule asks for in its header.
fn options(rule: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(rule)?;
    let line = text.lines().find_map(|l| l.split_once("Options:"));
    Ok(line.map_or(Vec::new(), |(_, o)| o.split_whitespace().map(str::to_owned).collect()))
}
