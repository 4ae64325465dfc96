//! Small repositories, made through libgit2 and looked at again.

use super::*;
use crate::series::draft::{Date, FileChange, Timestamp};
use std::path::Path;

const WHEN: Timestamp = Timestamp { seconds: 1_700_000_000, offset: 60 };

fn environment() -> Environment {
    Environment::default()
        .with("GIT_AUTHOR_NAME", "A")
        .with("GIT_AUTHOR_EMAIL", "a@example.org")
        .with("GIT_COMMITTER_NAME", "C")
        .with("GIT_COMMITTER_EMAIL", "c@example.org")
}

fn with_commit(dir: &Path, files: &[(&str, &str)]) -> CommitId {
    let inner = git2::Repository::init(dir).unwrap();
    let empty = inner.find_tree(inner.treebuilder(None).unwrap().write().unwrap()).unwrap();
    let mut update = git2::build::TreeUpdateBuilder::new();
    for (path, text) in files {
        let mode = if path.ends_with(".sh") { git2::FileMode::BlobExecutable } else { git2::FileMode::Blob };
        update.upsert(*path, inner.blob(text.as_bytes()).unwrap(), mode);
    }
    let tree = inner.find_tree(update.create_updated(&inner, &empty).unwrap()).unwrap();
    let who = git2::Signature::new("B", "b@example.org", &git2::Time::new(1, 0)).unwrap();
    to_id(inner.commit(Some("HEAD"), &who, &who, "base\n", &tree, &[]).unwrap())
}

fn change(path: &str, new: Option<&str>) -> FileChange {
    FileChange { path: path.into(), new: new.map(|text| text.as_bytes().to_vec()) }
}

#[test]
fn a_chain_keeps_modes_and_empties_directories() {
    let dir = tempfile::tempdir().unwrap();
    let base = with_commit(dir.path(), &[("run.sh", "x\n"), ("d/e/a.c", "int a;\n"), ("b.c", "int b;\n")]);
    let repository = Repository::open(Some(dir.path()), environment()).unwrap();
    let author = repository.stamp(Role::Author, Date::At(WHEN)).unwrap();
    let plans = [
        CommitPlan {
            message: "one: first\n".into(),
            files: vec![change("run.sh", Some("y\n")), change("new/n.c", Some("int n;\n"))],
        },
        CommitPlan { message: "two: second\n".into(), files: vec![change("d/e/a.c", None)] },
    ];
    let chain = repository.write_chain(base, &plans, &author, &author).unwrap();
    let diff = repository.diff(chain.commits[0], chain.commits[1]).unwrap();
    assert_eq!(diff.len(), 1);
    assert_eq!(diff[0].hunks, b"@@ -1 +0,0 @@\n-int a;\n");
    let diff = repository.diff(base, chain.commits[0]).unwrap();
    assert_eq!(diff[1].new.mode.digits(), "100755");
    assert!(repository.snapshot(chain.tip()).unwrap().file("d/e/a.c").is_none());

    let wish = BranchWish { name: "series/x".into(), existing: Existing::Refuse };
    let grant = repository.check_branch(&wish).unwrap();
    repository.create_branch(&grant, chain.tip(), "made").unwrap();
    assert_eq!(repository.resolve("series/x").unwrap(), chain.tip());
    assert_eq!(repository.check_branch(&wish).unwrap_err().kind, Kind::BranchExists);
    // Replaced only where it still stands.
    let replace = BranchWish { existing: Existing::Replace, ..wish.clone() };
    let grant = repository.check_branch(&replace).unwrap();
    assert_eq!(grant.old, Some(chain.tip()));
    repository.create_branch(&grant, chain.commits[0], "back").unwrap();
    assert_eq!(repository.create_branch(&grant, base, "late").unwrap_err().kind, Kind::BranchExists);
    assert_eq!(repository.resolve("series/x@{1}").unwrap(), chain.tip());
    let below = BranchWish { name: "series".into(), existing: Existing::Refuse };
    assert_eq!(repository.check_branch(&below).unwrap_err().kind, Kind::BranchConflict);
    let empty = [CommitPlan { message: "three\n".into(), files: vec![change("b.c", Some("int b;\n"))] }];
    assert_eq!(repository.write_chain(base, &empty, &author, &author).unwrap_err().kind, Kind::EmptyPatch);
}

#[test]
fn snapshots_are_sorted_and_searched() {
    let dir = tempfile::tempdir().unwrap();
    let base = with_commit(dir.path(), &[("b/x.h", "int foo(void);\n"), ("a.c", "foobar\n"), ("b.c", "y\n")]);
    let repository = Repository::open(Some(dir.path()), environment()).unwrap();
    let snapshot = repository.snapshot(base).unwrap();
    let paths: Vec<&str> = snapshot.files.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(paths, ["a.c", "b.c", "b/x.h"]);
    assert_eq!(snapshot.with_extensions(&["h"]).count(), 1);
    assert_eq!(snapshot.below("b").count(), 1);
    let reader = repository.reader().unwrap();
    let found = reader.lines_with_word(&snapshot.files, "foo").unwrap();
    assert_eq!((found.len(), found[0].line, found[0].path.as_str()), (1, 1, "b/x.h"));
    assert_eq!(reader.read_if_any(&snapshot.files[1], &Needles::new(&["foo"])).unwrap(), None);
    assert_eq!(repository.find_file(base, "none.c").unwrap(), None);
    assert_eq!(repository.read_file(base, "none.c").unwrap_err().kind, Kind::NoSuchFile);
    let touched = repository.subjects(base, &["b".into()], HistoryLimit::default());
    assert_eq!(touched["b"], Vec::<String>::new());
}

#[test]
fn refusals_of_revisions_and_places() {
    let dir = tempfile::tempdir().unwrap();
    let kind = |path: &Path, revision: &str| {
        Repository::open(Some(path), environment()).and_then(|r| r.resolve(revision)).unwrap_err().kind
    };
    assert_eq!(kind(Path::new("/nonexistent/tree"), "HEAD"), Kind::NotARepository);
    git2::Repository::init(dir.path()).unwrap();
    assert_eq!(kind(dir.path(), "HEAD"), Kind::UnbornHead);
    with_commit(dir.path(), &[("a.c", "x\n")]);
    assert_eq!(kind(dir.path(), "v9.9"), Kind::UnknownRevision);
    assert_eq!(kind(dir.path(), "HEAD:a.c"), Kind::NotACommit);
}
