//! Commits in the object database, without a reference.
//!
//! In: a base and, per commit, a message and changed files. Out: [`Chain`]. Blobs, trees and commits are written, then
//! read back from a repository opened afresh, and compared. Old file modes are kept. It refuses patches that change
//! nothing and entries that are no plain files. No hook runs and nothing is signed: `git rebase -x` and `git rebase -S`
//! do that, on a branch that is somebody's own.
//!
//! The commit object is put together here and written through the object database: libgit2 1.9's own
//! `git_commit_create` reports success for a commit that a full disk kept it from writing.

use super::{Environment, Repository, refusal, to_id, to_oid};
use crate::series::draft::{CommitId, FileChange, ObjectId, Stamp};
use crate::series::error::{Error, Kind, Result};
use std::path::Path;

/// One commit to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitPlan {
    /// The whole message, ending in one newline.
    pub message: String,
    /// The files it changes, as they are afterwards.
    pub files: Vec<FileChange>,
}

/// Commits on a base, each the parent of the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// What the first commit sits on.
    pub base: CommitId,
    /// In order; the last is the tip.
    pub commits: Vec<CommitId>,
}

impl Chain {
    /// The last commit, or the base if there is none.
    pub fn tip(&self) -> CommitId {
        self.commits.last().copied().unwrap_or(self.base)
    }

    /// Each commit with its parent.
    pub fn steps(&self) -> impl Iterator<Item = (CommitId, CommitId)> + '_ {
        let parents = std::iter::once(self.base).chain(self.commits.iter().copied());
        parents.zip(self.commits.iter().copied())
    }
}

impl Repository {
    /// Write the commits. No reference leads to them yet: [`Repository::create_branch`] makes it.
    pub fn write_chain(
        &self,
        base: CommitId,
        plans: &[CommitPlan],
        author: &Stamp,
        committer: &Stamp,
    ) -> Result<Chain> {
        let mut chain = Chain { base, commits: Vec::with_capacity(plans.len()) };
        for plan in plans {
            let parent = chain.tip();
            let tree = self.write_tree(parent, plan)?;
            let text = commit_text(tree, parent, author, committer, &plan.message);
            let commit = self.write_object(git2::ObjectType::Commit, text.as_bytes(), "a commit")?;
            chain.commits.push(commit);
        }
        self.verify(&chain)?;
        Ok(chain)
    }

    fn write_object(&self, kind: git2::ObjectType, bytes: &[u8], what: &str) -> Result<ObjectId> {
        let written = self.inner.odb().and_then(|odb| odb.write(kind, bytes));
        written.map(to_id).map_err(|error| refusal::writing(what, &self.display_name(), &error))
    }

    fn write_tree(&self, parent: CommitId, plan: &CommitPlan) -> Result<ObjectId> {
        let parent_commit = self.inner.find_commit(to_oid(parent));
        let baseline = parent_commit.and_then(|commit| commit.tree());
        let baseline =
            baseline.map_err(|error| self.damaged(&format!("the tree of commit {parent}"), &error))?;
        let mut update = git2::build::TreeUpdateBuilder::new();
        for change in &plan.files {
            let path = change.path.as_str();
            let mode = self.mode_to_keep(&baseline, path)?;
            match (&change.new, mode) {
                (Some(bytes), mode) => {
                    let blob = self.write_object(git2::ObjectType::Blob, bytes, &format!("`{path}`"))?;
                    update.upsert(path, to_oid(blob), mode.unwrap_or(git2::FileMode::Blob));
                }
                (None, Some(_)) => {
                    update.remove(path);
                }
                (None, None) => {
                    return Err(Error::new(
                        Kind::NoSuchFile,
                        format!("`{path}` is to be deleted and is not there"),
                    ));
                }
            }
        }
        let written = update.create_updated(&self.inner, &baseline);
        let tree = written.map_err(|error| refusal::writing("a tree", &self.display_name(), &error))?;
        if tree == baseline.id() {
            let subject = plan.message.lines().next().unwrap_or_default();
            return Err(Error::new(Kind::EmptyPatch, format!("the patch `{subject}` changes no file")));
        }
        Ok(to_id(tree))
    }

    fn mode_to_keep(&self, tree: &git2::Tree<'_>, path: &str) -> Result<Option<git2::FileMode>> {
        match tree.get_path(Path::new(path)) {
            Ok(entry) => match entry.filemode() & 0o177_777 {
                0o100_755 => Ok(Some(git2::FileMode::BlobExecutable)),
                mode if mode & 0o170_000 == 0o100_000 => Ok(Some(git2::FileMode::Blob)),
                _ => Err(Error::new(
                    Kind::NotAPlainFile,
                    format!("`{path}` is not a plain file and cannot be changed"),
                )),
            },
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(self.damaged(&format!("`{path}`"), &error)),
        }
    }

    /// Read every commit, tree and changed blob back, from disk and not from a cache: libgit2 compares their names with
    /// their contents.
    fn verify(&self, chain: &Chain) -> Result<()> {
        let lost = |id: ObjectId, error: &git2::Error| {
            refusal::writing(&format!("object {id}"), &self.display_name(), error)
        };
        let fresh = Repository::open(Some(self.git_dir()), Environment::default())?;
        for (parent, commit) in chain.steps() {
            let read = |id: CommitId| {
                let tree = fresh.inner.find_commit(to_oid(id)).and_then(|found| found.tree());
                tree.map_err(|error| lost(id, &error))
            };
            let (old, new) = (read(parent)?, read(commit)?);
            let diff = fresh.inner.diff_tree_to_tree(Some(&old), Some(&new), None);
            let diff = diff.map_err(|error| lost(commit, &error))?;
            for delta in diff.deltas() {
                let id = delta.new_file().id();
                if !id.is_zero() {
                    fresh.inner.find_blob(id).map_err(|error| lost(to_id(id), &error))?;
                }
            }
        }
        Ok(())
    }
}

fn commit_text(tree: ObjectId, parent: CommitId, author: &Stamp, committer: &Stamp, message: &str) -> String {
    let line = |role: &str, stamp: &Stamp| {
        let Stamp { who, when } = stamp;
        format!("{role} {} <{}> {} {}\n", who.name, who.email, when.seconds, when.zone())
    };
    format!(
        "tree {tree}\nparent {parent}\n{}{}\n{message}",
        line("author", author),
        line("committer", committer)
    )
}
