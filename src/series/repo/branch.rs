//! The branch: judged first, made last.
//!
//! In: a [`BranchWish`]. Out: whether it can be granted, and in the end the reference. It refuses names that git
//! refuses, branches that exist (unless they are to be replaced), names that collide with a directory of references,
//! branches that a work tree stands on, and references that somebody holds locked.

use super::{Repository, refusal, to_id, to_oid};
use crate::series::draft::CommitId;
use crate::series::error::{Error, Kind, Result};
use std::path::{Path, PathBuf};

/// The branch that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchWish {
    /// Its name, without `refs/heads/`.
    pub name: String,
    /// What to do when it is there already.
    pub existing: Existing,
}

/// What to do about a branch that is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// Refuse.
    #[default]
    Refuse,
    /// Move it; the old tip stays in the branch's reflog.
    Replace,
}

/// A wish that was found grantable; it carries what the branch was, so that nobody else's move is overwritten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchGrant {
    /// The full name of the reference.
    pub reference: String,
    /// The name for people.
    pub name: String,
    /// Where it points now, if it is to be moved.
    pub old: Option<CommitId>,
}

impl Repository {
    /// Whether the branch can be made. Writes nothing.
    pub fn check_branch(&self, wish: &BranchWish) -> Result<BranchGrant> {
        let name = wish.name.as_str();
        let reference = format!("refs/heads/{name}");
        if !git2::Reference::is_valid_name(&reference) || name.starts_with('-') || name == "HEAD" {
            return Err(Error::new(
                Kind::BadBranchName,
                format!("`{name}` is not a name that git allows for a branch"),
            )
            .help("`git help check-ref-format` lists the rules"));
        }
        self.refuse_collision(name)?;
        if let Some(place) = self.checked_out_at(&reference) {
            return Err(Error::new(
                Kind::BranchCheckedOut,
                format!("branch `{name}` is checked out at {}", place.display()),
            )
            .help("moving it would make that work tree look changed; choose another name with --branch"));
        }
        let lock = self.inner.commondir().join(format!("{reference}.lock"));
        if lock.exists() {
            return Err(self.locked(name, &lock));
        }
        let old = match self.inner.find_reference(&reference) {
            Ok(found) => found.target().map(to_id),
            Err(error) if error.code() == git2::ErrorCode::NotFound => None,
            Err(error) => return Err(self.damaged(&format!("branch `{name}`"), &error)),
        };
        match (old, wish.existing) {
            (Some(old), Existing::Refuse) => Err(Error::new(
                Kind::BranchExists,
                format!("branch `{name}` exists in {}, at {}", self.display_name(), old.short(12)),
            )
            .help("choose another name with --branch, or replace it with --force")
            .help("nothing was written")),
            (old, _) => Ok(BranchGrant { reference, name: name.to_owned(), old }),
        }
    }

    fn refuse_collision(&self, name: &str) -> Result<()> {
        let exists = |name: &str| self.inner.find_reference(&format!("refs/heads/{name}")).is_ok();
        let above =
            name.match_indices('/').map(|(at, _)| &name[..at]).find(|above| exists(above)).map(str::to_owned);
        let below = || {
            let glob = format!("refs/heads/{name}/*");
            let mut references = self.inner.references_glob(&glob).ok()?;
            let first = references.names().next()?.ok()?.to_owned();
            first.strip_prefix("refs/heads/").map(str::to_owned)
        };
        match above.or_else(below) {
            Some(other) => Err(Error::new(
                Kind::BranchConflict,
                format!("branch `{name}` cannot be beside branch `{other}`: git keeps one as a file, the other as a directory"),
            )
            .help("choose another name with --branch")
            .help("nothing was written")),
            None => Ok(()),
        }
    }

    /// The work tree that stands on `reference`, or that returns to it when a rebase or bisection ends.
    fn checked_out_at(&self, reference: &str) -> Option<PathBuf> {
        let common = self.inner.commondir();
        let mut places: Vec<(PathBuf, PathBuf)> = Vec::new();
        if !self.inner.is_bare() || self.inner.is_worktree() {
            let top = common.parent().unwrap_or(common).to_path_buf();
            places.push((common.to_path_buf(), top));
        }
        for entry in std::fs::read_dir(common.join("worktrees")).into_iter().flatten().flatten() {
            let link = std::fs::read_to_string(entry.path().join("gitdir")).unwrap_or_default();
            let top = Path::new(link.trim()).parent().map_or_else(|| entry.path(), Path::to_path_buf);
            places.push((entry.path(), top));
        }
        let short = reference.trim_start_matches("refs/heads/");
        places.into_iter().find(|(dir, _)| stands_on(dir, reference, short)).map(|(_, top)| top)
    }

    fn locked(&self, name: &str, lock: &Path) -> Error {
        Error::new(Kind::BranchLocked, format!("branch `{name}` is locked by {}", lock.display()))
            .help("another git command is at work on it; if none is, remove that file")
            .help("nothing was written")
    }

    /// Make or move the branch. The last thing of a series that is written to a repository.
    pub fn create_branch(&self, grant: &BranchGrant, tip: CommitId, why: &str) -> Result<()> {
        let made = match grant.old {
            None => self.inner.reference(&grant.reference, to_oid(tip), false, why),
            Some(old) => self.inner.reference_matching(&grant.reference, to_oid(tip), true, to_oid(old), why),
        };
        let read_back = made.and_then(|_| self.inner.refname_to_id(&grant.reference));
        match read_back {
            Ok(oid) if to_id(oid) == tip => Ok(()),
            Ok(oid) => Err(Error::new(
                Kind::Write,
                format!(
                    "branch `{}` points to {} and not to {tip} after it was written",
                    grant.name,
                    to_id(oid)
                ),
            )),
            Err(error) => Err(match error.code() {
                git2::ErrorCode::Locked => self
                    .locked(&grant.name, &self.inner.commondir().join(format!("{}.lock", grant.reference))),
                git2::ErrorCode::Exists | git2::ErrorCode::Modified => Error::new(
                    Kind::BranchExists,
                    format!("branch `{}` was made or moved by somebody else meanwhile", grant.name),
                )
                .help(format!("the commits are there: git branch <name> {tip}")),
                _ => refusal::writing(&format!("branch `{}`", grant.name), &self.display_name(), &error)
                    .help(format!("the commits are there: git branch <name> {tip}")),
            }),
        }
    }
}

fn stands_on(dir: &Path, reference: &str, short: &str) -> bool {
    let says = |file: &str| std::fs::read_to_string(dir.join(file)).unwrap_or_default();
    says("HEAD").trim().strip_prefix("ref:").map(str::trim) == Some(reference)
        || says("rebase-merge/head-name").trim() == reference
        || says("rebase-apply/head-name").trim() == reference
        || says("BISECT_START").trim() == short
}
