//! The files that git knows in a work tree.
//!
//! In: a directory of the work tree. Out: the plain files below it that the index has and that are there, sorted by path,
//! told from that directory. Symbolic links and submodules are left out.

use std::path::{Path, PathBuf};

use super::Repository;

/// Permission bits aside, the mode of a plain file in the index.
const PLAIN: u32 = 0o100_000;

impl Repository {
    /// The tracked files below `folder`; `None` if it is outside of the work tree or the index cannot be read.
    pub fn tracked_below(&self, folder: &Path) -> Option<Vec<PathBuf>> {
        let top = self.work_tree()?.canonicalize().ok()?;
        let inside = folder.canonicalize().ok()?;
        let inside = inside.strip_prefix(&top).ok()?;
        let index = self.inner.index().ok()?;
        let plain = index.iter().filter(|entry| entry.mode & 0o170_000 == PLAIN);
        let below = plain.filter_map(|entry| {
            let path = PathBuf::from(String::from_utf8(entry.path).ok()?);
            Some(folder.join(path.strip_prefix(inside).ok()?))
        });
        let mut files: Vec<PathBuf> = below.filter(|path| path.is_file()).collect();
        files.sort();
        files.dedup();
        Some(files)
    }
}
