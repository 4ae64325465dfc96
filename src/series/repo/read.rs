//! The files of a commit.
//!
//! In: a commit. Out: [`Snapshot`], the sorted list of its files, and [`Reader`], which reads their bytes and may be
//! sent to another thread. Contents come from the commit's blobs, never from the work tree: what is dirty, sparse,
//! converted to CRLF or assumed unchanged there does not matter. Symbolic links, submodules and names that are not
//! UTF-8 are listed as skipped, not followed.

use super::{Repository, to_id, to_oid};
use crate::series::draft::{CommitId, ObjectId};
use crate::series::error::{Error, Kind, Result};
use std::path::PathBuf;

/// The files of one commit, sorted by path bytes.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The commit.
    pub commit: CommitId,
    /// The commit's tree.
    pub tree: ObjectId,
    /// Plain files, executable or not, sorted by path.
    pub files: Vec<TreeFile>,
    /// Everything else that is not a directory, sorted by path.
    pub skipped: Vec<SkippedFile>,
}

/// A plain file of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeFile {
    /// The path, `/` between the parts.
    pub path: String,
    /// The name of its contents, for [`Reader::read`].
    pub blob: ObjectId,
}

/// An entry of a tree that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedFile {
    /// The path; bytes that are not UTF-8 are replaced.
    pub path: String,
    /// Why.
    pub why: Skipped,
}

/// Why an entry of a tree is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Skipped {
    /// A symbolic link; its target is in the list by its own name.
    SymbolicLink,
    /// A submodule: another repository's commit.
    Submodule,
    /// The name is not UTF-8.
    NameNotUtf8,
}

impl Snapshot {
    /// The file of that path.
    pub fn file(&self, path: &str) -> Option<&TreeFile> {
        self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok().map(|index| &self.files[index])
    }

    /// The files whose name ends in a dot and one of `extensions`, in order.
    pub fn with_extensions<'a>(&'a self, extensions: &'a [&str]) -> impl Iterator<Item = &'a TreeFile> {
        self.files.iter().filter(move |file| {
            let name = file.path.rsplit('/').next().unwrap_or_default();
            name.rsplit_once('.')
                .is_some_and(|(stem, extension)| !stem.is_empty() && extensions.contains(&extension))
        })
    }

    /// The files below `directory` (no slash at its end; empty for all), in order.
    pub fn below<'a>(&'a self, directory: &'a str) -> impl Iterator<Item = &'a TreeFile> {
        self.files.iter().filter(move |file| {
            directory.is_empty()
                || file.path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
        })
    }
}

/// Reads blobs; every thread takes its own from [`Repository::reader`] or clones one.
pub struct Reader {
    repository: Repository,
    git_dir: PathBuf,
}

impl Reader {
    /// Another one of the same repository, for another thread.
    pub fn another(&self) -> Result<Reader> {
        Repository::open(Some(&self.git_dir), self.repository.environment.clone())?.reader()
    }

    /// The bytes of a blob. `path` is for the message only.
    pub fn read(&self, file: &TreeFile) -> Result<Vec<u8>> {
        self.repository.blob(&file.path, file.blob)
    }

    /// The bytes of a blob if they hold one of `needles` (all files do when there is none): a plain literal search,
    /// so that a file that cannot match is neither copied nor lexed.
    pub fn read_if_any(&self, file: &TreeFile, needles: &Needles) -> Result<Option<Vec<u8>>> {
        let inner = &self.repository.inner;
        let blob = inner
            .find_blob(to_oid(file.blob))
            .map_err(|error| self.repository.damaged(&file.path, &error))?;
        Ok(needles.any_in(blob.content()).then(|| blob.content().to_vec()))
    }
}

/// Literals to look for in files.
#[derive(Clone, Debug)]
pub struct Needles {
    pattern: Option<regex::bytes::Regex>,
}

impl Needles {
    /// Look for any of `literals`, as they are. None at all is found everywhere.
    pub fn new<S: AsRef<str>>(literals: &[S]) -> Self {
        let escaped: Vec<String> = literals.iter().map(|literal| regex::escape(literal.as_ref())).collect();
        let pattern =
            (!escaped.is_empty()).then(|| regex::bytes::Regex::new(&escaped.join("|")).ok()).flatten();
        Self { pattern }
    }

    /// Whether one of them is in `bytes`.
    pub fn any_in(&self, bytes: &[u8]) -> bool {
        self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(bytes))
    }
}

impl Repository {
    /// A reader for another thread.
    pub fn reader(&self) -> Result<Reader> {
        let repository = Repository::open(Some(self.git_dir()), self.environment.clone())?;
        Ok(Reader { git_dir: self.git_dir().to_path_buf(), repository })
    }

    /// The files of `commit`.
    pub fn snapshot(&self, commit: CommitId) -> Result<Snapshot> {
        let commit_name = format!("commit {commit}");
        let found =
            self.inner.find_commit(to_oid(commit)).map_err(|error| self.damaged(&commit_name, &error))?;
        let tree =
            found.tree().map_err(|error| self.damaged(&format!("the tree of {commit_name}"), &error))?;
        let mut snapshot =
            Snapshot { commit, tree: to_id(tree.id()), files: Vec::new(), skipped: Vec::new() };
        self.list(&tree, "", &mut snapshot)?;
        snapshot.files.sort_by(|a, b| a.path.cmp(&b.path));
        snapshot.skipped.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(snapshot)
    }

    fn list(&self, tree: &git2::Tree<'_>, below: &str, into: &mut Snapshot) -> Result<()> {
        for entry in tree {
            let path = format!("{below}{}", String::from_utf8_lossy(entry.name_bytes()));
            let mode = entry.filemode() & 0o170_000;
            if std::str::from_utf8(entry.name_bytes()).is_err() {
                into.skipped.push(SkippedFile { path, why: Skipped::NameNotUtf8 });
                continue;
            }
            let why = match mode {
                0o040_000 => {
                    let tree =
                        self.inner.find_tree(entry.id()).map_err(|error| self.damaged(&path, &error))?;
                    self.list(&tree, &format!("{path}/"), into)?;
                    continue;
                }
                0o120_000 => Skipped::SymbolicLink,
                0o160_000 => Skipped::Submodule,
                _ => {
                    into.files.push(TreeFile { path, blob: to_id(entry.id()) });
                    continue;
                }
            };
            into.skipped.push(SkippedFile { path, why });
        }
        Ok(())
    }

    /// The bytes of `path` in `commit`.
    pub fn read_file(&self, commit: CommitId, path: &str) -> Result<Vec<u8>> {
        self.find_file(commit, path)?.ok_or_else(|| {
            Error::new(Kind::NoSuchFile, format!("no file `{path}` in commit {}", commit.short(12)))
        })
    }

    /// The bytes of `path` in `commit`, or nothing if it has no such file.
    pub fn find_file(&self, commit: CommitId, path: &str) -> Result<Option<Vec<u8>>> {
        let commit_name = format!("commit {commit}");
        let found =
            self.inner.find_commit(to_oid(commit)).map_err(|error| self.damaged(&commit_name, &error))?;
        let tree =
            found.tree().map_err(|error| self.damaged(&format!("the tree of {commit_name}"), &error))?;
        match tree.get_path(std::path::Path::new(path)) {
            Ok(entry)
                if entry.kind() == Some(git2::ObjectType::Blob)
                    && entry.filemode() & 0o170_000 == 0o100_000 =>
            {
                self.blob(path, to_id(entry.id())).map(Some)
            }
            Ok(_) => Err(Error::new(
                Kind::NotAPlainFile,
                format!("`{path}` in commit {} is not a plain file", commit.short(12)),
            )),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(self.damaged(&format!("`{path}`"), &error)),
        }
    }

    fn blob(&self, path: &str, id: ObjectId) -> Result<Vec<u8>> {
        let blob =
            self.inner.find_blob(to_oid(id)).map_err(|error| self.damaged(&format!("`{path}`"), &error))?;
        Ok(blob.content().to_vec())
    }
}

/// A line of a file that holds a literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundLine {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// Its text without the newline; bytes that are not UTF-8 are replaced.
    pub text: String,
}

impl Reader {
    /// The lines among `files` that hold the word `word`: the cheap way to ask what a tree declares. A word ends
    /// where an identifier would.
    pub fn lines_with_word<'a>(
        &self,
        files: impl IntoIterator<Item = &'a TreeFile>,
        word: &str,
    ) -> Result<Vec<FoundLine>> {
        let needles = Needles::new(&[word]);
        let mut found = Vec::new();
        for file in files {
            let Some(bytes) = self.read_if_any(file, &needles)? else { continue };
            for (index, line) in bytes.split(|b| *b == b'\n').enumerate() {
                let text = String::from_utf8_lossy(line);
                if has_word(&text, word) {
                    found.push(FoundLine {
                        path: file.path.clone(),
                        line: index + 1,
                        text: text.into_owned(),
                    });
                }
            }
        }
        Ok(found)
    }
}

fn has_word(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(part)
            && !text[at + word.len()..].chars().next().is_some_and(part)
    })
}
