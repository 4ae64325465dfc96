//! The mails of a series: do they give back the branch, and are they what git would write?
//!
//! In: the directory of mails, the repository and its branch. Out: findings. Each is a difference between what
//! `git am` makes of the mails and the branch, or between a mail and `git format-patch` of its commit; the first line,
//! Message-IDs, recipients and the version of git are not compared.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::workshop::Workshop;
use crate::command::{self, git, text};

/// The mails of `directory` with a commit each, in order; the cover letter is not one of them.
pub(super) fn patches(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut mails = all(directory)?;
    mails.retain(|mail| {
        !mail.file_name().is_some_and(|name| name.to_string_lossy().contains("0000-cover-letter"))
    });
    Ok(mails)
}

fn all(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    let mut mails: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|e| e.path())).collect();
    mails.sort();
    Ok(mails)
}

/// All findings about the mails.
pub(super) fn check(
    workshop: &Workshop,
    repository: &Path,
    base: &str,
    branch: &str,
    mails: &Path,
) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    let strays = all(mails)?.into_iter().filter(|mail| mail.extension().is_none_or(|e| e != "patch"));
    findings
        .extend(strays.map(|stray| format!("{} is no mail; git send-email would send it", stray.display())));
    let patches = patches(mails)?;
    if patches.len() > 1
        && !all(mails)?.iter().any(|mail| mail.to_string_lossy().contains("0000-cover-letter"))
    {
        findings.push("the series has no cover letter".to_owned());
    }
    findings.extend(applied(workshop, repository, base, branch, &patches)?);
    findings.extend(parity(repository, base, branch, &patches)?);
    Ok(findings)
}

/// `git am` on a clean checkout of the base.
fn applied(
    workshop: &Workshop,
    repository: &Path,
    base: &str,
    branch: &str,
    patches: &[PathBuf],
) -> Result<Vec<String>> {
    workshop.switch(base)?;
    let tree = workshop.path();
    let am = command::output(git(tree).args(["am", "--quiet", "--keep-cr"]).args(patches))?;
    if !am.status.success() {
        command::output(git(tree).args(["am", "--abort"]))?;
        return Ok(vec![format!("git am: {}", String::from_utf8_lossy(&am.stderr).trim())]);
    }
    let range = |tip: &str| format!("{base}..{tip}");
    let mut findings = Vec::new();
    for (what, format) in [("tree", "%T"), ("author", "%an <%ae> %ad"), ("message", "%B")] {
        let format = format!("--format={format}");
        let ours = text(git(tree).args(["log", "--reverse", &format, &range("HEAD")]))?;
        let theirs = text(git(repository).args(["log", "--reverse", &format, &range(branch)]))?;
        if ours != theirs {
            findings.push(format!("after git am the {what}s differ from those of {branch}"));
        }
    }
    Ok(findings)
}

/// Byte for byte what git writes.
fn parity(repository: &Path, base: &str, branch: &str, patches: &[PathBuf]) -> Result<Vec<String>> {
    let Some(first) = patches.first() else { return Ok(vec!["the series has no patch".to_owned()]) };
    let sample = fs::read_to_string(first).with_context(|| format!("cannot read {}", first.display()))?;
    let abbreviation =
        sample.lines().find_map(|line| line.strip_prefix("index ")?.split_once("..").map(|(id, _)| id.len()));
    let out = tempfile::tempdir().context("no temporary directory")?;
    let mut format = git(repository);
    format.arg("-c").arg(format!("core.abbrev={}", abbreviation.unwrap_or(12)));
    format.args(["-c", "format.filenameMaxLength=64", "format-patch", "--quiet", "-o"]).arg(out.path());
    format.args([
        "--no-thread",
        "--no-signoff",
        "--no-notes",
        "--no-color",
        "--no-ext-diff",
        "--stat=72",
        "--summary",
        "-p",
    ]);
    if patches.len() > 1 {
        format.arg("--numbered");
    }
    command::run(format.arg(format!("{base}..{branch}")))?;
    let mut findings = Vec::new();
    let theirs = self::patches(out.path())?;
    if theirs.len() != patches.len() {
        findings.push(format!("{} mails for {} commits", patches.len(), theirs.len()));
    }
    for (ours, theirs) in patches.iter().zip(&theirs) {
        if ours.file_name() != theirs.file_name() {
            findings.push(format!("git would call {} {}", ours.display(), theirs.display()));
        }
        let read = |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        let (ours_text, theirs_text) = (normal(&read(ours)?), normal(&read(theirs)?));
        if let Some((one, other)) = first_difference(&ours_text, &theirs_text) {
            findings.push(format!("{}: `{one}`, git writes `{other}`", ours.display()));
        }
    }
    Ok(findings)
}

/// A mail without what is not compared.
fn normal(mail: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(mail);
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut lines = Vec::new();
    let mut dropped = false;
    for line in head.lines().skip(1) {
        let folded = line.starts_with([' ', '\t']);
        let ignored = ["Message-ID:", "Message-Id:", "In-Reply-To:", "References:", "To:", "Cc:"];
        dropped = if folded { dropped } else { ignored.iter().any(|name| line.starts_with(name)) };
        if !dropped {
            lines.push(line.to_owned());
        }
    }
    let body = body.rsplit_once("\n-- \n").map_or(body, |(body, _)| body);
    // base-commit stands in the cover letter or the first patch; git was not asked for it.
    lines.extend(body.lines().filter(|line| !line.starts_with("base-commit: ")).map(str::to_owned));
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

fn first_difference(one: &[String], other: &[String]) -> Option<(String, String)> {
    let length = one.len().max(other.len());
    let line = |lines: &[String], at: usize| lines.get(at).cloned().unwrap_or_else(|| "<end>".to_owned());
    (0..length).map(|at| (line(one, at), line(other, at))).find(|(a, b)| a != b)
}
