//! A configured checkout of a kernel, kept between runs.
//!
//! In: the kernel's repository and a configuration. Out: the tree at any commit, objects built with their messages, and
//! checkpatch's findings. What did not build on the base either is no finding.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use vedalia::verify::build::{Message, messages};

use super::Configuration;
use crate::command::{self, git};
use crate::kernel;

/// What checkpatch says about a mail.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Remarks {
    /// About lines that the patch writes, or about its message.
    pub(super) new: Vec<String>,
    /// About lines that the patch takes from elsewhere in the same mail: code that moves is not changed by what moves it.
    pub(super) moved: Vec<String>,
}

/// The checkout.
pub(super) struct Workshop {
    tree: PathBuf,
    target: &'static str,
}

/// What a build came to.
#[derive(Default)]
pub(super) struct Built {
    /// The objects that exist now.
    pub(super) built: Vec<String>,
    /// Those that were asked for and do not.
    pub(super) failed: BTreeSet<String>,
    /// What the compiler said.
    pub(super) messages: Vec<Message>,
}

impl Workshop {
    /// The checkout for a version and a configuration, cloned when it is not there yet.
    pub(super) fn open(repository: &Path, version: &str, configuration: Configuration) -> Result<Self> {
        let target = match configuration {
            Configuration::Defconfig => "defconfig",
            Configuration::Allmodconfig => "allmodconfig",
        };
        let home = kernel::target_directory().join("kernel");
        let tree = home.join(format!("build-{version}-{target}"));
        if !tree.join(".git").exists() {
            let mut clone = git(&home);
            clone.args(["clone", "--quiet", "--shared", "--no-checkout"]).arg(repository).arg(&tree);
            command::run(&mut clone)?;
            for (key, value) in
                [("user.name", "Vedalia Check"), ("user.email", "check@vedalia.invalid"), ("gc.auto", "0")]
            {
                command::run(git(&tree).args(["config", key, value]))?;
            }
        }
        Ok(Self { tree, target })
    }

    /// The directory.
    pub(super) fn path(&self) -> &Path {
        &self.tree
    }

    /// Put a commit of the repository there; files of the build stay.
    pub(super) fn switch(&self, commit: &str) -> Result<()> {
        command::run(git(&self.tree).args([
            "fetch",
            "--quiet",
            "--tags",
            "--force",
            "origin",
            "+refs/heads/*:refs/remotes/origin/*",
        ]))?;
        command::run(git(&self.tree).args(["checkout", "--quiet", "--force", "--detach", commit]))?;
        Ok(())
    }

    /// Configure the tree and build what every object needs, unless that was done before.
    pub(super) fn prepare(&self) -> Result<()> {
        let stamp = self.tree.join(".git/vedalia-prepared");
        if stamp.exists() {
            return Ok(());
        }
        eprintln!("configuring {} ({})", self.tree.display(), self.target);
        for target in [self.target, "prepare"] {
            command::run(Command::new("make").args(["-s", &jobs(), target]).current_dir(&self.tree))
                .context("packages that a kernel build needs: flex bison bc libelf-dev libssl-dev")?;
        }
        fs::write(&stamp, "").with_context(|| format!("cannot write {}", stamp.display()))
    }

    /// Compile the objects of `files` anew.
    pub(super) fn build(&self, files: &[String], arguments: &[String]) -> Result<Built> {
        let stems =
            files.iter().filter_map(|file| file.strip_suffix(".c").or_else(|| file.strip_suffix(".S")));
        let objects: Vec<String> = stems.map(|stem| format!("{stem}.o")).collect();
        if objects.is_empty() {
            return Ok(Built::default());
        }
        // Warnings are only printed for what is compiled.
        for object in &objects {
            let _ = fs::remove_file(self.tree.join(object));
        }
        let mut make = Command::new("make");
        make.args(["-s", "-k", &jobs()]).args(arguments).args(&objects).current_dir(&self.tree);
        let output = command::output(&mut make)?;
        let said =
            String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        let (built, failed): (Vec<_>, Vec<_>) =
            objects.into_iter().partition(|object| self.tree.join(object).exists());
        Ok(Built { built, failed: failed.into_iter().collect(), messages: messages(&said) })
    }

    /// What the tree's own checkpatch says about a mail.
    pub(super) fn checkpatch(&self, mail: &Path) -> Result<Remarks> {
        let mut check = Command::new("perl");
        check.args(["scripts/checkpatch.pl", "--strict", "--show-types", "--terse", "--no-summary"]);
        let output = command::output(check.arg(mail).current_dir(&self.tree))?;
        let text = fs::read_to_string(mail).with_context(|| format!("cannot read {}", mail.display()))?;
        Ok(remarks(&String::from_utf8_lossy(&output.stdout), &text))
    }
}

/// What checkpatch said, sorted.
fn remarks(said: &str, mail: &str) -> Remarks {
    let mut out = Remarks::default();
    for (_, rest) in said.lines().filter_map(|line| line.split_once(".patch:")) {
        let told = ["ERROR:", "WARNING:", "CHECK:"].iter().any(|level| rest.contains(level));
        let number = rest.split_once(':').and_then(|(number, _)| number.parse::<usize>().ok()).unwrap_or(0);
        let line = number.checked_sub(1).and_then(|at| mail.lines().nth(at));
        if !told || line.is_some_and(|line| is_mistaken(rest, line)) {
            continue;
        }
        let moved = line.is_some() && is_moved(number, mail);
        let place = if moved { &mut out.moved } else { &mut out.new };
        place.push(format!("checkpatch: {rest}"));
    }
    out
}

/// Whether a line of a mail is, with those below it, one that the mail takes away elsewhere: but for white space, and for
/// variables that are reached through a callback's context.
fn is_moved(number: usize, mail: &str) -> bool {
    let plain = |line: &str| line.replace("ctx->", "").split_whitespace().collect::<String>();
    let mut added = mail.lines().skip(number - 1).map_while(|line| line.strip_prefix('+')).map(plain);
    let Some(first) = added.next().filter(|first| !first.is_empty()) else { return false };
    let all: String = [first.clone()].into_iter().chain(added).collect();
    let mut gone = mail.lines().filter_map(|line| line.strip_prefix('-')).map(plain);
    gone.any(|gone| gone.len() >= first.len() && all.starts_with(&gone))
}

/// Whether checkpatch takes the definition of a function with `for_each` in its name for a loop: it wants the brace on the
/// same line then.
fn is_mistaken(finding: &str, line: &str) -> bool {
    let definition = line.starts_with('+') && !line.starts_with("+\t") && line.contains("for_each");
    finding.contains("OPEN_BRACE") && definition
}

/// One job per processor.
fn jobs() -> String {
    format!("-j{}", std::thread::available_parallelism().map_or(1, usize::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = "\
-\t\tunsigned left;
+\tunsigned left;
+\tunsigned more;
+int walk_for_each(void) {
-\tBUG_ON(total > other);
+\t\tBUG_ON(ctx->total >
+\t\t       ctx->other);
+\tBUG_ON(ctx->other);
";

    #[test]
    fn findings_about_moved_lines_are_told_apart() {
        let said = "a.patch:2: WARNING:UNSPECIFIED_INT: first\na.patch:3: WARNING:UNSPECIFIED_INT: second\n\
                    a.patch:4: ERROR:OPEN_BRACE: third\na.patch:9: CHECK:LAST: fourth\ntotal: 4\n\
                    a.patch:6: WARNING:AVOID_BUG: fifth\na.patch:8: WARNING:AVOID_BUG: sixth\n";
        let told = remarks(said, MAIL);
        let checkpatch =
            |rest: &[&str]| rest.iter().map(|rest| format!("checkpatch: {rest}")).collect::<Vec<_>>();
        assert_eq!(
            told.moved,
            checkpatch(&["2: WARNING:UNSPECIFIED_INT: first", "6: WARNING:AVOID_BUG: fifth"])
        );
        let new =
            ["3: WARNING:UNSPECIFIED_INT: second", "9: CHECK:LAST: fourth", "8: WARNING:AVOID_BUG: sixth"];
        assert_eq!(told.new, checkpatch(&new));
    }
}
