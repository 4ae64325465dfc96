//! `cargo xtask kernel-check VERSION`: does the series hold on a real kernel?
//!
//! In: a kernel version, whose repository `cargo xtask kernel` makes. Out: one line per patch – objects built, functions
//! with the same code as before, new warnings of the compiler and of sparse, checkpatch – and the findings; exit status 1
//! if there are any. What checkpatch says about lines that a patch only moves is printed and counted apart. The series is
//! made by the `vedalia` of this workspace, from the base tag to a branch `check/...` of that repository; a checkout of its
//! own below `target/kernel/` is configured once and kept. It does not judge the words of a patch.

mod code;
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
use workshop::{Remarks, Workshop};

/// Options of `cargo xtask kernel-check`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Version of the kernel, such as 6.1 or 6.12.
    version: String,
    /// Rules to run, as for `vedalia series`.
    #[arg(long, default_value = "rules/iov_iter_for_each_page")]
    rules: Vec<String>,
    /// Level, as for `vedalia series`.
    #[arg(long, default_value = "review")]
    level: String,
    /// What makes a patch, as for `vedalia series`.
    #[arg(long, default_value = "file")]
    split: String,
    /// Configuration to build with; allmodconfig reaches more files and takes longer.
    #[arg(long, value_enum, default_value = "allmodconfig")]
    config: Configuration,
    /// Arguments of make instead of W=1 and C=2, which let the compiler warn more and run sparse.
    #[arg(long = "make", value_name = "ARGUMENT", default_values = ["W=1", "C=2"])]
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
    /// Functions that the patch does not name, with the same code before and after.
    same: usize,
    /// Callers of what the patch changes, with other code.
    callers: BTreeSet<String>,
    findings: Vec<String>,
    /// What checkpatch says about lines that are as they were, elsewhere.
    moved: Vec<String>,
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
pub(crate) fn release_build() -> Result<PathBuf> {
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
    let mut shelf = Shelf::new(workshop)?;
    shelf.keep(&before.built)?;
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
        let remarks = match files.next() {
            Some(mail) => workshop.checkpatch(&mail)?,
            None => {
                Remarks { new: vec!["there is no mail for this commit".to_owned()], ..Remarks::default() }
            }
        };
        findings.extend(remarks.new);
        let (mut same, mut callers) = (0, BTreeSet::new());
        for object in &after.built {
            let Some(source) = touched.iter().find(|file| *object == object_of(file)) else { continue };
            let at = |commit: &str| text_of(repository, commit, source);
            let (old, new) = (at(&format!("{commit}^"))?, at(commit)?);
            let compared = shelf.compare(object, &old, &new)?;
            same += compared.same;
            callers.extend(compared.callers);
            let told = |name| format!("{source}: {name} has other code, and the patch does not name it");
            findings.extend(compared.unexplained.into_iter().map(told));
        }
        shelf.keep(&after.built)?;
        let moved = remarks.moved;
        checked.push(Checked { subject, files: touched, built: after.built, same, callers, findings, moved });
    }
    Ok(checked)
}

/// The object that a source is compiled to.
fn object_of(source: &str) -> String {
    source
        .strip_suffix(".c")
        .or_else(|| source.strip_suffix(".S"))
        .map_or_else(String::new, |stem| format!("{stem}.o"))
}

/// A file as a commit has it; empty if it has not.
fn text_of(repository: &Path, commit: &str, path: &str) -> Result<Vec<u8>> {
    let shown = command::output(git(repository).arg("show").arg(format!("{commit}:{path}")))?;
    Ok(if shown.status.success() { shown.stdout } else { Vec::new() })
}

/// Objects as they were before the patch that is looked at.
struct Shelf<'w> {
    workshop: &'w Workshop,
    directory: tempfile::TempDir,
}

impl<'w> Shelf<'w> {
    fn new(workshop: &'w Workshop) -> Result<Self> {
        Ok(Self { workshop, directory: tempfile::tempdir().context("no temporary directory")? })
    }

    fn place(&self, object: &str) -> PathBuf {
        self.directory.path().join(object.replace('/', "%"))
    }

    /// Keep the objects as they are now.
    fn keep(&mut self, objects: &[String]) -> Result<()> {
        for object in objects {
            let from = self.workshop.path().join(object);
            fs::copy(&from, self.place(object)).with_context(|| format!("cannot copy {}", from.display()))?;
        }
        Ok(())
    }

    /// Compare what was kept with what is there now.
    fn compare(&self, object: &str, old: &[u8], new: &[u8]) -> Result<code::Comparison> {
        let kept = self.place(object);
        if !kept.exists() {
            return Ok(code::Comparison::default());
        }
        let fresh = self.workshop.path().join(object);
        let (before, after) =
            (code::Side { object: &kept, source: old }, code::Side { object: &fresh, source: new });
        code::compare(before, after)
    }
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
        let missing = sources.filter(|file| !objects.contains(&object_of(file)));
        findings.extend(missing.map(|file| format!("{file} was not compiled here")));
    }
    println!("\n{:>5} {:>7} {:>9} {:>8}  patch", "files", "objects", "same code", "findings");
    for patch in patches {
        let (files, objects, findings) = (patch.files.len(), patch.built.len(), patch.findings.len());
        println!("{files:>5} {objects:>7} {:>9} {findings:>8}  {}", patch.same, patch.subject);
        for caller in &patch.callers {
            println!(
                "{:34}{caller}() has other code: it calls what the patch changes, or is emitted for that",
                ""
            );
        }
        for finding in &patch.findings {
            println!("{:34}{finding}", "");
        }
        for remark in &patch.moved {
            println!("{:34}on a moved line: {remark}", "");
        }
    }
    for finding in findings.iter() {
        println!("finding: {finding}");
    }
    let total = findings.len() + patches.iter().map(|patch| patch.findings.len()).sum::<usize>();
    let moved = patches.iter().map(|patch| patch.moved.len()).sum::<usize>();
    println!(
        "{} patches, {} objects, {total} findings, {moved} on moved lines",
        patches.len(),
        objects.len()
    );
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_path_buf()
}
