//! The repository: the one place where a series touches the world through libgit2.
//!
//! In: a path and the environment. Out: revisions, the files of a commit ([`Snapshot`], [`Reader`]), identities,
//! chains of commits and, last of all, a branch. It writes objects and one reference, and nothing else: not the
//! work tree, not the index, not `HEAD`. What it refuses is listed in [`crate::series::error::Kind`].

mod branch;
mod chain;
mod config;
mod create;
mod history;
mod identity;
mod patch;
mod read;
mod refusal;
mod tracked;

pub use branch::{BranchGrant, BranchWish, Existing};
pub use chain::{Chain, CommitPlan};
pub use config::Environment;
pub use history::HistoryLimit;
pub use identity::Role;
pub use read::{FoundLine, Needles, Reader, Skipped, SkippedFile, Snapshot, TreeFile};

use crate::series::draft::{CommitId, ObjectId};
use crate::series::error::{Error, Kind, Result};
use std::path::{Path, PathBuf};

/// An open repository. Not to be shared between threads; each thread takes a [`Reader`].
pub struct Repository {
    inner: git2::Repository,
    environment: Environment,
}

impl Repository {
    /// Open the repository that holds `path`, or the one that `GIT_DIR` and the current directory say.
    ///
    /// Bare repositories, linked work trees, shallow and sparse clones and clones with alternates are all welcome;
    /// dirty and half-merged ones too, for only committed files are read.
    pub fn open(path: Option<&Path>, environment: Environment) -> Result<Self> {
        let none: [&std::ffi::OsStr; 0] = [];
        let opened = match path {
            Some(path) => git2::Repository::open_ext(path, git2::RepositoryOpenFlags::FROM_ENV, none),
            None => git2::Repository::open_from_env(),
        };
        let inner = opened.map_err(|error| refusal::opening(path, &error))?;
        let repository = Self { inner, environment };
        repository.refuse_partial_marker()?;
        Ok(repository)
    }

    /// The directory that holds the repository itself: `.git`, or the directory of a bare one.
    pub fn git_dir(&self) -> &Path {
        self.inner.path()
    }

    /// The work tree, if there is one.
    pub fn work_tree(&self) -> Option<PathBuf> {
        self.inner.workdir().map(Path::to_path_buf)
    }

    /// A short name for messages: the work tree's path, else that of the repository.
    pub fn display_name(&self) -> String {
        let path = self.inner.workdir().unwrap_or(self.inner.path());
        path.display().to_string().trim_end_matches('/').to_owned()
    }

    /// Whether the clone has no full history.
    pub fn is_shallow(&self) -> bool {
        self.inner.is_shallow()
    }

    /// The commit that `revision` names; tags are followed. See `git help revisions` for what may be written.
    pub fn resolve(&self, revision: &str) -> Result<CommitId> {
        let object =
            self.inner.revparse_single(revision).map_err(|error| self.no_such_revision(revision, &error))?;
        let commit = object.peel_to_commit().map_err(|_| {
            let kind = object.kind().map_or("nothing known", |kind| kind.str());
            Error::new(
                Kind::NotACommit,
                format!("`{revision}` in {} is a {kind}, not a commit", self.display_name()),
            )
            .help("give a branch, a tag or a commit id with --base")
        })?;
        Ok(to_id(commit.id()))
    }

    fn no_such_revision(&self, revision: &str, error: &git2::Error) -> Error {
        let place = self.display_name();
        let unborn = self.inner.head().err().is_some_and(|e| e.code() == git2::ErrorCode::UnbornBranch);
        if unborn && revision.starts_with("HEAD") {
            return Error::new(Kind::UnbornHead, format!("HEAD of {place} has no commit yet"))
                .help("commit the tree first, or name a commit with --base");
        }
        match error.code() {
            git2::ErrorCode::Ambiguous => {
                Error::new(Kind::UnknownRevision, format!("revision `{revision}` is ambiguous in {place}"))
                    .help("write more digits of the commit id")
            }
            git2::ErrorCode::NotFound | git2::ErrorCode::InvalidSpec => {
                Error::new(Kind::UnknownRevision, format!("no revision `{revision}` in {place}"))
                    .help("`git branch -a` and `git tag` list what there is; fetch it if it is elsewhere")
            }
            _ => self.damaged(&format!("revision `{revision}`"), error),
        }
    }

    /// A promisor remote alone is fine; whether its objects are there shows when they are read.
    fn refuse_partial_marker(&self) -> Result<()> {
        match self.inner.object_format() {
            git2::ObjectFormat::Sha1 => Ok(()),
            #[allow(unreachable_patterns)] // reached when libgit2 is built with both formats
            _ => Err(refusal::sha256(&self.display_name())),
        }
    }

    fn is_partial(&self) -> bool {
        let config = self.inner.config();
        config.is_ok_and(|c| {
            c.get_entry("extensions.partialclone").is_ok()
                || c.entries(Some("remote\\..*\\.promisor")).is_ok_and(|mut e| e.next().is_some())
        })
    }

    fn damaged(&self, what: &str, error: &git2::Error) -> Error {
        refusal::missing_object(what, &self.display_name(), self.is_partial(), error)
    }
}

#[cfg(test)]
mod tests;

fn to_id(oid: git2::Oid) -> ObjectId {
    let mut id = [0; 20];
    id.iter_mut().zip(oid.as_bytes()).for_each(|(to, from)| *to = *from);
    ObjectId(id)
}

fn to_oid(id: ObjectId) -> git2::Oid {
    git2::Oid::from_bytes(&id.0).unwrap_or(git2::Oid::ZERO_SHA1)
}
