//! `cargo xtask kernel VERSION`: a git repository of a real kernel to work on.
//!
//! In: Debian's source package of that version, as installed. Out: a repository below `target/kernel/` with every file
//! tracked, one commit, the tag `vVERSION` and a clean work tree; the same bytes give the same commit id everywhere.
//! It does not download anything: when the package is missing it says how to install it. A second run changes nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::command::{self, git, text};

/// Options of `cargo xtask kernel`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Version of the package, such as 6.1 or 6.12.
    version: String,
}

/// Make the repository and print its path.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    println!("{}", repository(&arguments.version)?.display());
    Ok(ExitCode::SUCCESS)
}

/// The repository of `version`, made if it does not exist yet.
pub(crate) fn repository(version: &str) -> Result<PathBuf> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !version.split('.').all(digits) || version.split('.').count() != 2 {
        bail!("`{version}` is not a version such as 6.1");
    }
    let home = target_directory().join("kernel");
    let tree = home.join(format!("linux-{version}"));
    if is_complete(&tree, version) {
        return Ok(tree);
    }
    let archive = PathBuf::from(format!("/usr/src/linux-source-{version}.tar.xz"));
    if !archive.exists() {
        bail!("{} is missing; install it with `apt-get install linux-source-{version}`", archive.display());
    }
    if tree.exists() {
        eprintln!("{} is not complete, made again", tree.display());
        fs::remove_dir_all(&tree).with_context(|| format!("cannot remove {}", tree.display()))?;
    }
    fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
    let workshop = home.join(format!(".linux-{version}.new"));
    if workshop.exists() {
        fs::remove_dir_all(&workshop).with_context(|| format!("cannot remove {}", workshop.display()))?;
    }
    fs::create_dir(&workshop).with_context(|| format!("cannot make {}", workshop.display()))?;
    eprintln!("unpacking {}", archive.display());
    command::run(
        Command::new("tar").arg("-xJf").arg(&archive).arg("-C").arg(&workshop).arg("--strip-components=1"),
    )?;
    eprintln!("committing it");
    commit_everything(&workshop, version)?;
    fs::rename(&workshop, &tree).with_context(|| format!("cannot name it {}", tree.display()))?;
    Ok(tree)
}

/// One commit of the whole of `tree`, reproducible, tagged.
fn commit_everything(tree: &Path, version: &str) -> Result<()> {
    command::run(git(tree).args(["init", "--quiet", "--initial-branch=master"]))?;
    let settings = [
        ("gc.auto", "0"),
        ("maintenance.auto", "false"),
        ("core.autocrlf", "false"),
        ("user.name", "Vedalia Corpus"),
        ("user.email", "corpus@vedalia.invalid"),
    ];
    for (key, value) in settings {
        command::run(git(tree).args(["config", key, value]))?;
    }
    // The archive's own .gitignore ends in `/*`, so that only -f adds anything. A low big-file threshold makes git write
    // one pack instead of 79,000 loose objects.
    let add = ["-c", "core.bigFileThreshold=1", "-c", "core.compression=0", "add", "-f", "-A"];
    command::run(git(tree).args(add))?;
    let moment = format!("{} +0000", release_moment(tree)?);
    let mut commit = git(tree);
    commit.args(["commit", "--quiet", "--no-verify", "-m"]).arg(format!("Linux {version}"));
    for role in ["AUTHOR", "COMMITTER"] {
        commit.env(format!("GIT_{role}_DATE"), &moment);
        commit.env(format!("GIT_{role}_NAME"), "Vedalia Corpus");
        commit.env(format!("GIT_{role}_EMAIL"), "corpus@vedalia.invalid");
    }
    command::run(&mut commit)?;
    command::run(git(tree).arg("tag").arg(format!("v{version}")))?;
    Ok(())
}

/// When the tree was released, in seconds: the time that the archive gives its top makefile.
fn release_moment(tree: &Path) -> Result<u64> {
    let makefile = tree.join("Makefile");
    let metadata = fs::metadata(&makefile).with_context(|| format!("cannot read {}", makefile.display()))?;
    let modified = metadata.modified().context("the file system keeps no times")?;
    Ok(modified.duration_since(std::time::UNIX_EPOCH).map(|d| d.as_secs()).unwrap_or_default())
}

/// Whether an earlier run came to its end there.
fn is_complete(tree: &Path, version: &str) -> bool {
    let tag = format!("v{version}^{{commit}}");
    tree.join(".git").is_dir() && text(git(tree).args(["rev-parse", "--verify", "--quiet", &tag])).is_ok()
}

/// Cargo's target directory.
pub(crate) fn target_directory() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from)
}
