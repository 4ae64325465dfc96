//! The differences between two commits, hunk for hunk as git's.
//!
//! In: two commits. Out: a [`FileDiff`] per file, in git's order. The hunks are libgit2's with the indent heuristic, three
//! lines of context and Myers' algorithm; the function text behind `@@` is found here, for libgit2 does not trim it
//! after cutting it, and asks the work tree which language a file is in. It refuses binary files, symbolic links and
//! submodules: no patch of ours has any.

use super::{Repository, refusal, to_id, to_oid};
use crate::series::attributes::{Attributes, DiffAttribute};
use crate::series::draft::{CommitId, ObjectId};
use crate::series::error::{Error, Kind, Result};
use crate::series::file_diff::{FileDiff, FileMode, FileSide, Status};
use crate::series::function_text::FunctionText;
use crate::series::renames::{self, Moved, Rename};

/// A changed file with both its texts.
struct Change {
    status: Status,
    old: FileSide,
    new: FileSide,
    old_text: Vec<u8>,
    new_text: Vec<u8>,
}

/// A deleted and an added file that are alike become one renamed file, in the added one's place.
fn pair_renames(changes: Vec<Change>) -> Vec<Change> {
    let with = |status: Status| changes.iter().filter(move |change| change.status == status);
    let moved = |path, text| Moved { path, text };
    let old: Vec<Moved<'_>> =
        with(Status::Deleted).map(|c| moved(&c.old.path[..], &c.old_text[..])).collect();
    let new: Vec<Moved<'_>> = with(Status::Added).map(|c| moved(&c.new.path[..], &c.new_text[..])).collect();
    let found = renames::find(&old, &new);
    let path = |rename: &Rename| old[rename.old].path.to_vec();
    let found: Vec<(Vec<u8>, Vec<u8>, u8)> =
        found.iter().map(|rename| (path(rename), new[rename.new].path.to_vec(), rename.similarity)).collect();
    let (mut gone, mut rest): (Vec<Change>, Vec<Change>) = changes.into_iter().partition(|change| {
        change.status == Status::Deleted && found.iter().any(|(old, ..)| *old == change.old.path)
    });
    for change in rest.iter_mut().filter(|change| change.status == Status::Added) {
        let Some((old, _, similarity)) = found.iter().find(|(_, new, _)| *new == change.new.path) else {
            continue;
        };
        if let Some(at) = gone.iter().position(|gone| gone.old.path == *old) {
            let from = gone.swap_remove(at);
            change.status = Status::Renamed { similarity: *similarity };
            change.old = from.old;
            change.old_text = from.old_text;
        }
    }
    rest
}

impl Repository {
    /// What changed from `old` to `new`.
    pub fn diff(&self, old: CommitId, new: CommitId) -> Result<Vec<FileDiff>> {
        let tree = |id: CommitId| {
            let tree = self.inner.find_commit(to_oid(id)).and_then(|commit| commit.tree());
            tree.map_err(|error| self.damaged(&format!("the tree of commit {id}"), &error))
        };
        let (old_tree, new_tree) = (tree(old)?, tree(new)?);
        let mut options = git2::DiffOptions::new();
        options.indent_heuristic(true).context_lines(3).interhunk_lines(0).force_text(true).id_abbrev(40);
        options
            .ignore_submodules(false)
            .include_typechange(true)
            .old_prefix("a/")
            .new_prefix("b/")
            .max_size(0);
        let diff = self.inner.diff_tree_to_tree(Some(&old_tree), Some(&new_tree), Some(&mut options));
        let diff = diff.map_err(|error| self.damaged(&format!("the changes of commit {new}"), &error))?;
        let mut changes = Vec::new();
        for delta in diff.deltas() {
            changes.push(self.change(&delta)?);
        }
        pair_renames(changes).into_iter().map(|change| self.file_diff(old, change)).collect()
    }

    fn change(&self, delta: &git2::DiffDelta<'_>) -> Result<Change> {
        let status = match delta.status() {
            git2::Delta::Added => Status::Added,
            git2::Delta::Deleted => Status::Deleted,
            git2::Delta::Modified => Status::Modified,
            other => {
                let path = delta.new_file().path_bytes().unwrap_or_default();
                let path = String::from_utf8_lossy(path).into_owned();
                return Err(Error::new(
                    Kind::NotAPlainFile,
                    format!("`{path}` changes its type ({other:?})"),
                ));
            }
        };
        let (old, new) = (side(&delta.old_file())?, side(&delta.new_file())?);
        let (old_text, new_text) = (self.text_of(&old)?, self.text_of(&new)?);
        Ok(Change { status, old, new, old_text, new_text })
    }

    fn file_diff(&self, base: CommitId, change: Change) -> Result<FileDiff> {
        let Change { status, old, new, old_text, new_text } = change;
        let attribute = self.diff_attribute(base, &new.path)?;
        let binary = |bytes: &[u8]| bytes[..bytes.len().min(8000)].contains(&0);
        if attribute == DiffAttribute::Unset
            || (attribute == DiffAttribute::Unspecified && (binary(&old_text) || binary(&new_text)))
        {
            let path = String::from_utf8_lossy(&new.path).into_owned();
            return Err(Error::new(
                Kind::BinaryFile,
                format!("`{path}` is binary, and no patch of it can be mailed"),
            ));
        }
        let functions = FunctionText::new(&attribute, &old_text);
        let (hunks, added, deleted) =
            compare(&old_text, &new_text, &functions).map_err(|error| unprintable(&new, &error))?;
        Ok(FileDiff { status, old, new, added, deleted, hunks })
    }

    fn text_of(&self, side: &FileSide) -> Result<Vec<u8>> {
        if side.blob.is_zero() {
            return Ok(Vec::new());
        }
        let path = String::from_utf8_lossy(&side.path).into_owned();
        let blob = self.inner.find_blob(to_oid(side.blob)).map_err(|error| self.damaged(&path, &error))?;
        Ok(blob.content().to_vec())
    }

    /// What the commit's own `.gitattributes` files say about showing a file's changes: the same on every machine.
    fn diff_attribute(&self, commit: CommitId, path: &[u8]) -> Result<DiffAttribute> {
        let path = String::from_utf8_lossy(path).into_owned();
        let mut attributes = Attributes::default();
        let directories = std::iter::once("").chain(path.match_indices('/').map(|(at, _)| &path[..=at]));
        for directory in directories {
            if let Ok(Some(bytes)) = self.find_file(commit, &format!("{directory}.gitattributes")) {
                attributes.add(directory, &String::from_utf8_lossy(&bytes));
            }
        }
        Ok(attributes.diff(&path))
    }
}

fn unprintable(side: &FileSide, error: &git2::Error) -> Error {
    let path = String::from_utf8_lossy(&side.path).into_owned();
    Error::new(
        Kind::DamagedObject,
        format!("cannot compare `{path}`: {}", refusal::sentence(error.message())),
    )
}

fn side(file: &git2::DiffFile<'_>) -> Result<FileSide> {
    let path = file.path_bytes().unwrap_or_default().to_vec();
    let mode = match file.mode() {
        git2::FileMode::BlobExecutable => FileMode::Executable,
        git2::FileMode::Blob | git2::FileMode::BlobGroupWritable | git2::FileMode::Unreadable => {
            FileMode::Plain
        }
        _ => {
            let path = String::from_utf8_lossy(&path).into_owned();
            return Err(Error::new(Kind::NotAPlainFile, format!("`{path}` is not a plain file")));
        }
    };
    let blob = if file.exists() { to_id(file.id()) } else { ObjectId::default() };
    Ok(FileSide { path, mode, blob })
}

/// The hunks and the numbers of added and deleted lines.
///
/// The buffers are compared without a repository: with one, libgit2 asks index and work tree for attributes, and stumbles
/// over an index of a kind that it does not know.
fn compare(
    old: &[u8],
    new: &[u8],
    functions: &FunctionText<'_>,
) -> std::result::Result<(Vec<u8>, usize, usize), git2::Error> {
    let mut options = git2::DiffOptions::new();
    options.indent_heuristic(true).context_lines(3).interhunk_lines(0).force_text(true).max_size(0);
    let patch = git2::Patch::from_buffers(old, None, new, None, Some(&mut options))?;
    let (_, added, deleted) = patch.line_stats()?;
    Ok((hunks(&patch, functions)?, added, deleted))
}

fn hunks(patch: &git2::Patch<'_>, functions: &FunctionText<'_>) -> std::result::Result<Vec<u8>, git2::Error> {
    let mut out = Vec::new();
    for index in 0..patch.num_hunks() {
        let (hunk, lines) = patch.hunk(index)?;
        let range = |start: u32, lines: u32| match lines {
            1 => start.to_string(),
            lines => format!("{start},{lines}"),
        };
        out.extend_from_slice(b"@@ -");
        out.extend_from_slice(range(hunk.old_start(), hunk.old_lines()).as_bytes());
        out.extend_from_slice(b" +");
        out.extend_from_slice(range(hunk.new_start(), hunk.new_lines()).as_bytes());
        out.extend_from_slice(b" @@");
        // A hunk without old lines starts behind the line it names.
        let first =
            if hunk.old_lines() == 0 { hunk.old_start() as usize + 1 } else { hunk.old_start() as usize };
        if let Some(text) = functions.before(first) {
            out.push(b' ');
            out.extend_from_slice(text);
        }
        out.push(b'\n');
        for line in 0..lines {
            let line = patch.line_in_hunk(index, line)?;
            if matches!(line.origin(), '+' | '-' | ' ') {
                out.push(line.origin() as u8);
            }
            out.extend_from_slice(line.content());
        }
    }
    Ok(out)
}
