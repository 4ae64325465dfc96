//! What the history says about paths.
//!
//! In: a commit and paths, of files or directories. Out: for each path the subjects of the commits that touched it,
//! the newest first. Merges and root commits (imports, and the edge of shallow clones) do not count. The walk is
//! limited, so that a question costs no more on a history of a million commits than on a thousand.

use super::{Repository, to_oid};
use crate::series::draft::CommitId;
use std::collections::BTreeMap;

/// Where a walk through the history stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryLimit {
    /// Commits looked at in all.
    pub commits: usize,
    /// Subjects wanted for each path.
    pub subjects: usize,
}

impl Default for HistoryLimit {
    fn default() -> Self {
        Self { commits: 20_000, subjects: 50 }
    }
}

/// Wanted paths by their parts.
#[derive(Default)]
struct Wanted {
    path: Option<String>,
    below: BTreeMap<String, Wanted>,
}

impl Wanted {
    fn insert(&mut self, path: &str) {
        let mut at = self;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            at = at.below.entry(part.to_owned()).or_default();
        }
        at.path = Some(path.to_owned());
    }

    fn all(&self, into: &mut Vec<String>) {
        into.extend(self.path.clone());
        self.below.values().for_each(|wanted| wanted.all(into));
    }
}

impl Repository {
    /// The subjects of the commits that touched each of `paths`, the newest first. A history that cannot be read to its
    /// end (a shallow or damaged one) gives what it has.
    pub fn subjects(
        &self,
        tip: CommitId,
        paths: &[String],
        limit: HistoryLimit,
    ) -> BTreeMap<String, Vec<String>> {
        let mut found: BTreeMap<String, Vec<String>> =
            paths.iter().map(|path| (path.clone(), Vec::new())).collect();
        let mut wanted = Wanted::default();
        paths.iter().for_each(|path| wanted.insert(path));
        let Ok(mut walk) = self.inner.revwalk() else { return found };
        // Without a sorting libgit2 goes by date, commit by commit; with one it reads the whole history before the first.
        if walk.push(to_oid(tip)).is_err() {
            return found;
        }
        for oid in walk.take(limit.commits).map_while(Result::ok) {
            let Ok(commit) = self.inner.find_commit(oid) else { break };
            if commit.parent_count() != 1 {
                continue;
            }
            let trees = commit.tree().and_then(|new| Ok((new, commit.parent(0)?.tree()?)));
            let Ok((new, old)) = trees else { continue };
            let mut touched = Vec::new();
            self.touched(&new, &old, &wanted, &mut touched);
            let subject = String::from_utf8_lossy(commit.summary_bytes().unwrap_or_default()).into_owned();
            for path in touched {
                let subjects = found.entry(path).or_default();
                if subjects.len() < limit.subjects {
                    subjects.push(subject.clone());
                }
            }
            if found.values().all(|subjects| subjects.len() >= limit.subjects) {
                break;
            }
        }
        found
    }

    fn touched(&self, new: &git2::Tree<'_>, old: &git2::Tree<'_>, wanted: &Wanted, into: &mut Vec<String>) {
        for (name, below) in &wanted.below {
            let (n, o) = (new.get_name(name), old.get_name(name));
            if n.as_ref().map(git2::TreeEntry::id) == o.as_ref().map(git2::TreeEntry::id) {
                continue;
            }
            let tree =
                |entry: Option<git2::TreeEntry<'_>>| entry.and_then(|e| self.inner.find_tree(e.id()).ok());
            match (tree(n), tree(o)) {
                (Some(n), Some(o)) => {
                    into.extend(below.path.clone());
                    self.touched(&n, &o, below, into);
                }
                _ => below.all(into),
            }
        }
    }
}
