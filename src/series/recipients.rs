//! Who should get a patch: the tree says it by its own script.
//!
//! In: a commit and the finished mail of a patch. Out: [`Recipient`]s, or [`NoAnswer`] with the reason. The script
//! (`scripts/get_maintainer.pl`) and its data are taken from the commit, not from the work tree, and are laid out in a
//! temporary directory together with the commit's directories, for the script looks whether they exist. It runs as
//! `perl`, with that directory as home, so that nobody's configuration has a say.
//!
//! This file and `verify/build.rs` are the only ones that start a process.

use crate::series::mail::Addressees;
use crate::series::repo::{Repository, Snapshot};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

const SCRIPT: &str = "scripts/get_maintainer.pl";

/// Somebody who should get a patch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recipient {
    /// `Name <address>` or an address.
    pub address: String,
    /// In which part.
    pub part: Part,
}

/// In which part somebody gets a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Maintains the code: `To:`.
    Maintainer,
    /// Reviews it, or a list: `Cc:`.
    Copy,
}

/// Why nobody was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoAnswer {
    /// In words, for a remark beside the result.
    pub why: String,
}

/// The tree's script, ready to run.
pub struct Script {
    home: tempfile::TempDir,
}

impl Script {
    /// Lay out the script of the snapshot's commit.
    pub fn of(repository: &Repository, snapshot: &Snapshot) -> Result<Self, NoAnswer> {
        if snapshot.file(SCRIPT).is_none() {
            return Err(NoAnswer {
                why: format!("the tree has no {SCRIPT}, so nobody is named for the mails"),
            });
        }
        let failed = |error: &dyn std::fmt::Display| NoAnswer {
            why: format!("{SCRIPT} could not be laid out: {error}"),
        };
        let home = tempfile::tempdir().map_err(|error| failed(&error))?;
        let mut made: BTreeSet<&str> = BTreeSet::new();
        for file in &snapshot.files {
            let directory = file.path.rsplit_once('/').map_or("", |(directory, _)| directory);
            if made.insert(directory) {
                std::fs::create_dir_all(home.path().join(directory)).map_err(|error| failed(&error))?;
            }
            let top = directory.is_empty();
            let matters =
                file.path == SCRIPT || file.path == "MAINTAINERS" || file.path.starts_with("MAINTAINERS/");
            if !top && !matters {
                continue;
            }
            // Of the other files at the top the script wants to know only that they are there; those with a dot steer it.
            let text = if matters || file.path.starts_with(".get_maintainer") || file.path == ".mailmap" {
                repository.read_file(snapshot.commit, &file.path).map_err(|error| failed(&error))?
            } else {
                Vec::new()
            };
            std::fs::write(home.path().join(&file.path), text).map_err(|error| failed(&error))?;
        }
        Ok(Self { home })
    }

    /// Ask who should get this mail. Nobody is an answer, too.
    pub fn ask(&self, mail: &[u8]) -> Result<Vec<Recipient>, NoAnswer> {
        let patch = self.home.path().join(".patch-to-ask-for");
        std::fs::write(&patch, mail)
            .map_err(|error| NoAnswer { why: format!("{SCRIPT} could not be asked: {error}") })?;
        // Old scripts do not know --nofixes.
        self.run(&patch, &["--nofixes"]).or_else(|_| self.run(&patch, &[]))
    }

    fn run(&self, patch: &Path, more: &[&str]) -> Result<Vec<Recipient>, NoAnswer> {
        let output = Command::new("perl")
            .arg(self.home.path().join(SCRIPT))
            .args(["--nogit", "--nogit-fallback", "--rolestats"])
            .args(more)
            .arg(patch)
            .current_dir(self.home.path())
            .env("HOME", self.home.path())
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| NoAnswer {
                why: format!("perl, which {SCRIPT} needs, could not be started: {error}"),
            })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
            return Err(NoAnswer { why: format!("{SCRIPT} failed: {said}") });
        }
        Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(recipient).collect())
    }
}

/// `Name <address> (role:section)` or `address (role)`.
fn recipient(line: &str) -> Option<Recipient> {
    let line = line.trim();
    let end = line.rfind('>').map_or_else(|| line.find(' ').unwrap_or(line.len()), |at| at + 1);
    let (address, role) = line.split_at_checked(end)?;
    let role = role.trim_start_matches([' ', '(']);
    let maintains = ["maintainer", "supporter", "odd fixer"].iter().any(|word| role.starts_with(word));
    let part = if maintains { Part::Maintainer } else { Part::Copy };
    address.contains('@').then(|| Recipient { address: address.to_owned(), part })
}

/// Recipients as headers: those given by the user first, everybody once, maintainers in `To:`. Without a maintainer the
/// copies become `To:`, for a mail needs one.
pub fn addressees(given: &Addressees, found: &[Recipient]) -> Addressees {
    let mut seen = BTreeSet::new();
    let mut list = |addresses: &mut dyn Iterator<Item = &String>| {
        addresses.filter(|address| seen.insert(bare(address))).cloned().collect::<Vec<String>>()
    };
    let of = |part: Part| found.iter().filter(move |r| r.part == part).map(|r| &r.address);
    let to = list(&mut given.to.iter().chain(of(Part::Maintainer)));
    let cc = list(&mut given.cc.iter().chain(of(Part::Copy)));
    if to.is_empty() { Addressees { to: cc, cc: to } } else { Addressees { to, cc } }
}

/// The address alone, in lower case.
fn bare(address: &str) -> String {
    let inner = address.rsplit_once('<').map_or(address, |(_, rest)| rest.trim_end_matches('>'));
    inner.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_script() {
        let parsed = |line| recipient(line).map(|r| (r.address, r.part));
        assert_eq!(
            parsed("\"A. B\" <a@b.c> (maintainer:FOO (BAR))"),
            Some(("\"A. B\" <a@b.c>".into(), Part::Maintainer))
        );
        assert_eq!(parsed("list@b.c (open list:FOO)"), Some(("list@b.c".into(), Part::Copy)));
        assert_eq!(parsed("list@b.c"), Some(("list@b.c".into(), Part::Copy)));
        assert_eq!(parsed(""), None);
    }

    #[test]
    fn everybody_once_and_always_a_to() {
        let copy = |address: &str| Recipient { address: address.into(), part: Part::Copy };
        let maintainer = Recipient { address: "M <m@b.c>".into(), part: Part::Maintainer };
        let given = Addressees { to: vec!["M@b.c".into()], cc: vec![] };
        let all = addressees(&given, &[maintainer, copy("l@b.c"), copy("L@b.c")]);
        assert_eq!(all, Addressees { to: vec!["M@b.c".into()], cc: vec!["l@b.c".into()] });
        let lists = addressees(&Addressees::default(), &[copy("l@b.c")]);
        assert_eq!(lists, Addressees { to: vec!["l@b.c".into()], cc: vec![] });
    }
}
