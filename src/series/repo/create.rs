//! A new repository with one commit, for a tree that is in none.
//!
//! In: an empty directory and files. Out: a bare repository whose `HEAD` has them. It is there for trees that the caller
//! made up itself; it refuses nothing that libgit2 takes.

use super::{Environment, Repository, refusal, to_id};
use crate::series::draft::{CommitId, Identity, Timestamp};
use crate::series::error::Result;
use std::path::Path;

impl Repository {
    /// Make a bare repository at `path` whose branch `main` has one commit with `files` (path and contents), all plain.
    pub fn create<'a>(
        path: &Path,
        files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
        message: &str,
        who: &Identity,
        when: Timestamp,
        environment: Environment,
    ) -> Result<(Repository, CommitId)> {
        let failed =
            |error: &git2::Error| refusal::writing("a repository", &path.display().to_string(), error);
        let commit = Self::first_commit(path, files, message, who, when).map_err(|error| failed(&error))?;
        Ok((Repository::open(Some(path), environment)?, commit))
    }

    fn first_commit<'a>(
        path: &Path,
        files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
        message: &str,
        who: &Identity,
        when: Timestamp,
    ) -> std::result::Result<CommitId, git2::Error> {
        let mut options = git2::RepositoryInitOptions::new();
        options.bare(true).initial_head("main").external_template(false).no_reinit(true);
        let repository = git2::Repository::init_opts(path, &options)?;
        let empty = repository.find_tree(repository.treebuilder(None)?.write()?)?;
        let mut update = git2::build::TreeUpdateBuilder::new();
        for (name, contents) in files {
            update.upsert(name, repository.blob(contents)?, git2::FileMode::Blob);
        }
        let tree = repository.find_tree(update.create_updated(&repository, &empty)?)?;
        let time = git2::Time::new(when.seconds, when.offset);
        let stamp = git2::Signature::new(&who.name, &who.email, &time)?;
        Ok(to_id(repository.commit(Some("HEAD"), &stamp, &stamp, message, &tree, &[])?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_files_give_the_same_commit() {
        let make = || {
            let home = tempfile::tempdir().expect("a temporary directory");
            let files: [(&str, &[u8]); 2] = [("fs/a.c", b"int a;\n"), ("README", b"")];
            let who = Identity { name: "A".into(), email: "a@example.org".into() };
            let when = Timestamp { seconds: 1_700_000_000, offset: 0 };
            let place = home.path().join("new");
            let made = Repository::create(&place, files, "first\n", &who, when, Environment::default());
            let (repository, commit) = made.expect("is made");
            assert_eq!(repository.resolve("HEAD").expect("has a commit"), commit);
            assert_eq!(repository.read_file(commit, "fs/a.c").expect("has the file"), b"int a;\n");
            commit
        };
        assert_eq!(make(), make());
    }
}
