//! `cargo xtask kernel-check VERSION`: does the series hold on a real kernel?
//!
//! In: a kernel version, whose repository `cargo xtask kernel` makes. Out: one line per patch – objects built, new
//! warnings, checkpatch – and the findings; exit status 1 if there are any. The series is made by the `vedalia` of this
//! workspace, from the base tag to a branch `check/...` of that repository; a checkout of its own below `target/kernel/`
//! is configured once and kept. It does not judge the words of a patch.

mod mails;
mod workshop;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use vedalia::verify::build::{Message, new_warnings};

use crate::command::{self, git, text};
use crate::kernel;
use workshop::Workshop;

/// Options of `cargo xtask kernel-check`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Version of the kernel, such as 6.1 or 6.12.
    version: String,
    /// Rules to run, as for `vedalia series`.
    #[arg(long, default_value = "rules/iov_iter_for_each_page")]
    rules: Vec<String>,
    /// Level, as for `vedalia series`.
    #[arg(long, default_value = "safe")]
    level: String,
    /// What makes a patch, as for `vedalia series`.
    #[arg(long, default_value = "file")]
    split: String,
    /// Configuration to build with; allmodconfig reaches more files and takes longer.
    #[arg(long, value_enum, default_value = "allmodconfig")]
    config: Configuration,
    /// Further arguments of make, such as C=2; W=1 is the default.
    #[arg(long = "make", value_name = "ARGUMENT", default_value = "W=1")]
    make: Vec<String>,
    /// Check the branch and the mails of the last run instead of making them anew.
    #[arg(long)]
    reuse: bool,
    /// Program to make the series with, instead of a release build of this workspace.
    #[arg(long, value_name = "FILE")]
    vedalia: Option<PathBuf>,
}

/// A kernel configuration that make knows how to produce.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Configuration {
    /// The architecture's default.
    Defconfig,
    /// Everything, as modules where possible.
    Allmodconfig,
}

/// One patch of the series and what was found about it.
struct Checked {
    subject: String,
    files: Vec<String>,
    built: Vec<String>,
    findings: Vec<String>,
}

/// Run the check.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let repository = kernel::repository(&arguments.version)?;
    let base = format!("v{}", arguments.version);
    let branch = format!("check/{}-{}", arguments.level, arguments.split);
    let mails = kernel::target_directory().join("kernel").join(format!("series-{}", arguments.version));
    if !arguments.reuse {
        make_series(arguments, &repository, &base, &branch, &mails)?;
    }

    let workshop = Workshop::open(&repository, &arguments.version, arguments.config)?;
    workshop.switch(&base)?;
    workshop.prepare()?;
    let mut findings = mails::check(&workshop, &repository, &base, &branch, &mails)?;
    let patches = check_patches(arguments, &workshop, &repository, &base, &branch, &mails)?;
    report(&patches, &mut findings);
    let failed = !findings.is_empty() || patches.iter().any(|patch| !patch.findings.is_empty());
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Let `vedalia series` make the branch and the mails anew.
fn make_series(
    arguments: &Arguments,
    repository: &Path,
    base: &str,
    branch: &str,
    mails: &Path,
) -> Result<()> {
    let program = match &arguments.vedalia {
        Some(program) => fs::canonicalize(program).with_context(|| format!("no {}", program.display()))?,
        None => release_build()?,
    };
    command::output(git(repository).args(["branch", "--quiet", "-D", branch]))?;
    if mails.exists() {
        fs::remove_dir_all(mails).with_context(|| format!("cannot remove {}", mails.display()))?;
    }
    let mut series = Command::new(program);
    series.arg("series").arg("--repo").arg(repository).args([
        "--base",
        base,
        "--branch",
        branch,
        "--signoff",
    ]);
    series.args(["--level", &arguments.level, "--split", &arguments.split]).arg("-o").arg(mails);
    series.args(arguments.rules.iter().flat_map(|rules| ["--rules", rules]));
    let status = series.current_dir(workspace()).status().context("cannot run vedalia")?;
    if !status.success() {
        bail!("vedalia series ended with {status}");
    }
    Ok(())
}

/// The program of this workspace.
fn release_build() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--release", "--package", "vedalia"]).current_dir(workspace());
    command::run(&mut build)?;
    Ok(kernel::target_directory().join("release").join("vedalia"))
}

/// Build what each patch touches, after it and on the base, and run checkpatch on its mail.
fn check_patches(
    arguments: &Arguments,
    workshop: &Workshop,
    repository: &Path,
    base: &str,
    branch: &str,
    mails: &Path,
) -> Result<Vec<Checked>> {
    let range = format!("{base}..{branch}");
    let commits = text(git(repository).args(["rev-list", "--reverse", &range]))?;
    let changed = |from: &str, to: &str| -> Result<Vec<String>> {
        let names = text(git(repository).args(["diff", "--name-only", from, to]))?;
        Ok(names.lines().map(str::to_owned).collect())
    };
    let everything = changed(base, branch)?;
    workshop.switch(base)?;
    eprintln!("building {} files of the base", everything.len());
    let before = workshop.build(&everything, &arguments.make)?;
    let mut files = mails::patches(mails)?.into_iter();
    let mut checked = Vec::new();
    for commit in commits.lines() {
        let subject = text(git(repository).args(["log", "-1", "--format=%s", commit]))?;
        eprintln!("building {subject}");
        let touched = changed(&format!("{commit}^"), commit)?;
        workshop.switch(commit)?;
        // A header that changes concerns everybody in the series.
        let wanted = if touched.iter().any(|file| file.ends_with(".h")) { &everything } else { &touched };
        let after = workshop.build(wanted, &arguments.make)?;
        let mut findings: Vec<String> = unbuilt(&before.failed, &after.failed);
        findings.extend(new_warnings(&before.messages, &after.messages).into_iter().map(spell));
        match files.next() {
            Some(mail) => findings.extend(workshop.checkpatch(&mail)?),
            None => findings.push("there is no mail for this commit".to_owned()),
        }
        checked.push(Checked { subject, files: touched, built: after.built, findings });
    }
    Ok(checked)
}

/// Objects that were built before and are not any more.
fn unbuilt(before: &BTreeSet<String>, after: &BTreeSet<String>) -> Vec<String> {
    after.difference(before).map(|object| format!("{object} does not build any more")).collect()
}

fn spell(message: &Message) -> String {
    format!("new: {}:{}: {}", message.path, message.line, message.text)
}

fn report(patches: &[Checked], findings: &mut Vec<String>) {
    let objects: BTreeSet<&String> = patches.iter().flat_map(|patch| &patch.built).collect();
    for patch in patches {
        let sources = patch.files.iter().filter(|file| file.ends_with(".c"));
        let missing = sources.filter(|file| !objects.contains(&format!("{}o", file.trim_end_matches('c'))));
        findings.extend(missing.map(|file| format!("{file} was not compiled here")));
    }
    println!("\n{:>5} {:>7} {:>8}  patch", "files", "objects", "findings");
    for patch in patches {
        let counts = (patch.files.len(), patch.built.len(), patch.findings.len());
        println!("{:>5} {:>7} {:>8}  {}", counts.0, counts.1, counts.2, patch.subject);
        for finding in &patch.findings {
            println!("{:24}{finding}", "");
        }
    }
    for finding in findings.iter() {
        println!("finding: {finding}");
    }
    let total = findings.len() + patches.iter().map(|patch| patch.findings.len()).sum::<usize>();
    println!("{} patches, {} objects, {total} findings", patches.len(), objects.len());
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_path_buf()
}
