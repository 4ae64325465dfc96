//! The files of a commit, for the engine.
//!
//! In: a repository, a commit's list of files, and what is known about their macros. Out: [`CommitFiles`]. Contents come from the object database. Threads
//! share a stock of readers; each is used by one thread at a time.

use std::borrow::Cow;
use std::sync::Mutex;

use crate::diagnostic::Diagnostic;
use crate::engine::Files;
use crate::series::error::Result;
use crate::series::repo::{Needles, Reader, Repository, Snapshot};
use crate::syntax::MacroKnowledge;

/// A commit.
pub(super) struct CommitFiles<'t> {
    snapshot: &'t Snapshot,
    macros: Cow<'static, MacroKnowledge>,
    /// The reader that others are made from.
    first: Mutex<Reader>,
    /// Readers that no thread uses at the moment.
    stock: Mutex<Vec<Worker>>,
}

/// A reader, and what it looked for last.
struct Worker {
    reader: Reader,
    needles: Option<(Vec<String>, Needles)>,
}

impl<'t> CommitFiles<'t> {
    /// The files of `snapshot`, which is of `repository`.
    pub(super) fn new(
        repository: &Repository,
        snapshot: &'t Snapshot,
        macros: Cow<'static, MacroKnowledge>,
    ) -> Result<Self> {
        let (first, stock) = (Mutex::new(repository.reader()?), Mutex::new(Vec::new()));
        Ok(Self { snapshot, macros, first, stock })
    }

    /// Do `what` with a reader of one's own.
    fn with_worker<T>(
        &self,
        what: impl FnOnce(&mut Worker) -> Result<T>,
    ) -> std::result::Result<T, Diagnostic> {
        let broken = |_| Diagnostic::error("threads", "another thread has failed");
        let waiting = self.stock.lock().map_err(|_| broken(()))?.pop();
        let mut worker = match waiting {
            Some(worker) => worker,
            None => {
                let another = self.first.lock().map_err(|_| broken(()))?.another();
                Worker { reader: another.map_err(|error| error.diagnostic())?, needles: None }
            }
        };
        let result = what(&mut worker).map_err(|error| error.diagnostic());
        self.stock.lock().map_err(|_| broken(()))?.push(worker);
        result
    }
}

impl Files for CommitFiles<'_> {
    fn paths(&self) -> Vec<String> {
        self.snapshot.files.iter().map(|file| file.path.clone()).collect()
    }

    fn read(&self, path: &str) -> std::result::Result<Vec<u8>, Diagnostic> {
        match self.snapshot.file(path) {
            Some(file) => self.with_worker(|worker| worker.reader.read(file)),
            None => Err(Diagnostic::error("no-such-file", format!("the tree has no plain file `{path}`"))),
        }
    }

    fn macros(&self) -> &MacroKnowledge {
        &self.macros
    }

    fn read_if_any(&self, path: &str, words: &[String]) -> std::result::Result<Option<Vec<u8>>, Diagnostic> {
        let Some(file) = self.snapshot.file(path) else { return Ok(None) };
        self.with_worker(|worker| {
            if worker.needles.as_ref().is_none_or(|(known, _)| known != words) {
                worker.needles = Some((words.to_vec(), Needles::new(words)));
            }
            match &worker.needles {
                Some((_, needles)) => worker.reader.read_if_any(file, needles),
                None => Ok(None),
            }
        })
    }
}
