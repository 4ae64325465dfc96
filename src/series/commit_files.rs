//! A commit's files for the engine, from several threads.
//!
//! In: a repository and a [`Snapshot`]. Out: an implementation of [`Files`]. libgit2's repositories cannot be shared by
//! threads, so every thread borrows a reader from a pool that grows to their number; the words that a run looks for
//! are compiled once per reader.

use crate::diagnostic::Diagnostic;
use crate::engine::Files;
use crate::series::error::{Error, Kind, Result};
use crate::series::repo::{Needles, Reader, Repository, Snapshot, TreeFile};
use std::sync::{Mutex, PoisonError};

/// The files of one commit.
pub struct CommitFiles<'s> {
    snapshot: &'s Snapshot,
    /// Readers that no thread is using. Never empty while nobody reads.
    idle: Mutex<Vec<Pooled>>,
    /// What new readers are made from.
    source: Mutex<Reader>,
}

struct Pooled {
    reader: Reader,
    words: Vec<String>,
    needles: Needles,
}

impl<'s> CommitFiles<'s> {
    /// The files of `snapshot`, which is of `repository`.
    pub fn new(repository: &Repository, snapshot: &'s Snapshot) -> Result<Self> {
        let source = repository.reader()?;
        Ok(Self { snapshot, idle: Mutex::new(Vec::new()), source: Mutex::new(source) })
    }

    fn with_reader<T>(&self, read: impl FnOnce(&mut Pooled) -> Result<T>) -> Result<T> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = idle().pop();
        let mut pooled = match waiting {
            Some(pooled) => pooled,
            None => {
                let reader = self.source.lock().unwrap_or_else(PoisonError::into_inner).another()?;
                Pooled { reader, words: Vec::new(), needles: Needles::new::<&str>(&[]) }
            }
        };
        let result = read(&mut pooled);
        idle().push(pooled);
        result
    }

    fn file(&self, path: &str) -> Result<&TreeFile> {
        let commit = self.snapshot.commit;
        self.snapshot.file(path).ok_or_else(|| {
            Error::new(Kind::NoSuchFile, format!("no file `{path}` in commit {}", commit.short(12)))
        })
    }
}

impl Files for CommitFiles<'_> {
    fn paths(&self) -> Vec<String> {
        self.snapshot.files.iter().map(|file| file.path.clone()).collect()
    }

    fn read(&self, path: &str) -> std::result::Result<Vec<u8>, Diagnostic> {
        let read = || self.with_reader(|pooled| pooled.reader.read(self.file(path)?));
        read().map_err(|error| error.diagnostic())
    }

    fn read_if_any(&self, path: &str, words: &[String]) -> std::result::Result<Option<Vec<u8>>, Diagnostic> {
        let read = || {
            let file = self.file(path)?;
            self.with_reader(|pooled| {
                if pooled.words != words {
                    pooled.words = words.to_vec();
                    pooled.needles = Needles::new(words);
                }
                if words.is_empty() {
                    return Ok(None);
                }
                pooled.reader.read_if_any(file, &pooled.needles)
            })
        };
        read().map_err(|error| error.diagnostic())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::draft::{Identity, Timestamp};
    use crate::series::repo::Environment;

    #[test]
    fn read_from_several_threads() {
        let dir = tempfile::tempdir().unwrap();
        let texts: Vec<(String, String)> =
            (0..50).map(|i| (format!("d/{i:02}.c"), format!("int word_{};\n", i % 5))).collect();
        let files = texts.iter().map(|(path, text)| (path.as_str(), text.as_bytes()));
        let who = Identity { name: "A".into(), email: "a@b.c".into() };
        let when = Timestamp { seconds: 1, offset: 0 };
        let (repository, commit) =
            Repository::create(dir.path(), files, "base\n", &who, when, Environment::default()).unwrap();
        let snapshot = repository.snapshot(commit).unwrap();
        let files = CommitFiles::new(&repository, &snapshot).unwrap();
        assert_eq!(files.paths().len(), 50);
        std::thread::scope(|scope| {
            for word in 0..5 {
                let (files, texts) = (&files, &texts);
                scope.spawn(move || {
                    let words = [format!("word_{word}")];
                    let hits = texts
                        .iter()
                        .filter(|(path, _)| files.read_if_any(path, &words).unwrap().is_some())
                        .count();
                    assert_eq!(hits, 10);
                });
            }
        });
        assert_eq!(files.read("d/01.c").unwrap(), b"int word_1;\n");
        assert_eq!(files.read("none.c").unwrap_err().code, "no-such-file");
        assert_eq!(files.read_if_any("d/01.c", &[]).unwrap(), None);
    }
}
