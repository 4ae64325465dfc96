//! The tree that a run works on.
//!
//! In: `--repo`, `--base`, `--demo` and paths. Out: an open repository, a commit of it, and the files of that commit that
//! are in question. The demo's tree is put into a temporary repository that lives as long as the [`Tree`]. It refuses
//! what the repository refuses, and paths that the commit does not have.

use tempfile::TempDir;

use crate::diagnostic::Diagnostic;
use crate::series::draft::{CommitId, Identity, Timestamp};
use crate::series::error::{Error, ExitClass};
use crate::series::repo::{Environment, Repository, Snapshot};

use super::args::TreeArguments;
use super::exit::{Exit, Failure};
use super::shipped;

/// What to work on.
pub(super) struct Tree {
    /// The repository.
    pub(super) repository: Repository,
    /// The commit to start from.
    pub(super) base: CommitId,
    /// Its files, all of them: a rule may ask what the tree declares anywhere.
    pub(super) snapshot: Snapshot,
    /// Where to look for sites.
    pub(super) wanted: Wanted,
    /// Keeps the demo's repository alive.
    _temporary: Option<TempDir>,
}

/// The files and directories to stay in; none means everywhere.
#[derive(Clone, Debug)]
pub(super) struct Wanted(Vec<String>);

impl Wanted {
    /// Whether a file is one of them.
    pub(super) fn holds(&self, path: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|folder| is_inside(path, folder))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = match error.exit_class() {
            ExitClass::Usage => Exit::Usage,
            ExitClass::RepositoryRefused => Exit::Repository,
            ExitClass::WriteFailed => Exit::Write,
        };
        Failure::new(exit, error.diagnostic())
    }
}

impl Tree {
    /// Open what the arguments name.
    pub(super) fn open(arguments: &TreeArguments, paths: &[String]) -> Result<Self, Failure> {
        let (repository, temporary) = if arguments.demo {
            let (repository, temporary) = demo()?;
            (repository, Some(temporary))
        } else {
            (Repository::open(arguments.repo.as_deref(), Environment::of_process())?, None)
        };
        let base = repository.resolve(&arguments.base)?;
        let snapshot = repository.snapshot(base)?;
        let wanted = wanted(&snapshot, paths, &arguments.base)?;
        Ok(Self { repository, base, snapshot, wanted, _temporary: temporary })
    }
}

/// The names of the rules to run.
pub(super) fn rule_names(arguments: &TreeArguments) -> Vec<String> {
    if arguments.demo && arguments.rules.is_empty() {
        return shipped::demo_rules().into_iter().map(str::to_owned).collect();
    }
    arguments.rules.clone()
}

/// The given paths, tidied; each must have a file.
fn wanted(snapshot: &Snapshot, paths: &[String], base: &str) -> Result<Wanted, Failure> {
    let tidy = |path: &String| path.trim_start_matches("./").trim_end_matches('/').to_owned();
    let wanted: Vec<String> = paths.iter().map(tidy).collect();
    let absent = |path: &&String| !snapshot.files.iter().any(|file| is_inside(&file.path, path));
    let diagnostics: Vec<Diagnostic> =
        wanted.iter().filter(absent).map(|path| no_such_path(path, base)).collect();
    if diagnostics.is_empty() {
        Ok(Wanted(wanted))
    } else {
        Err(Failure::Told { exit: Exit::Usage, diagnostics })
    }
}

/// Whether `file` is `folder` or lies below it.
fn is_inside(file: &str, folder: &str) -> bool {
    let below = |rest: &str| rest.is_empty() || rest.starts_with('/');
    folder.is_empty() || folder == "." || file.strip_prefix(folder).is_some_and(below)
}

fn no_such_path(path: &str, base: &str) -> Diagnostic {
    Diagnostic::error("no-such-path", format!("`{path}` is neither a file nor a directory of {base}"))
        .help("paths are told from the top of the tree")
}

/// The embedded tree in a repository of its own.
fn demo() -> Result<(Repository, TempDir), Failure> {
    let temporary = tempfile::Builder::new().prefix("vedalia-demo-").tempdir().map_err(|error| {
        let told = format!("cannot make a directory for the demo's repository: {error}");
        Failure::new(Exit::Write, Diagnostic::error("write-failed", told))
    })?;
    let who = Identity { name: "Vedalia Demo".into(), email: "demo@vedalia.invalid".into() };
    // One moment for all runs: the same demo has the same bytes.
    let when = Timestamp { seconds: 1_700_000_000, offset: 0 };
    let mut environment = Environment::of_process();
    for role in ["AUTHOR", "COMMITTER"] {
        for (what, value) in [("NAME", &who.name), ("EMAIL", &who.email)] {
            let variable = format!("GIT_{role}_{what}");
            if environment.get(&variable).is_none() {
                environment = environment.with(&variable, value);
            }
        }
    }
    let files = shipped::demo_tree();
    let files = files.iter().map(|(path, contents)| (path.as_str(), *contents));
    let place = temporary.path().join("demo.git");
    let (repository, _) = Repository::create(&place, files, "The demo's tree\n", &who, when, environment)?;
    Ok((repository, temporary))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments() -> TreeArguments {
        TreeArguments {
            repo: None,
            base: "HEAD".to_owned(),
            rules: Vec::new(),
            demo: true,
            level: super::super::args::LevelWish::Safe,
            strict: false,
            smpl: Default::default(),
            macros: Default::default(),
            jobs: None,
        }
    }

    fn open(paths: &[&str]) -> Result<Tree, Failure> {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        Tree::open(&arguments(), &paths)
    }

    #[test]
    fn the_demo_is_a_repository() {
        let tree = open(&[]).unwrap_or_else(|failure| panic!("{failure:?}"));
        assert!(tree.snapshot.files.len() > 10);
        let place = tree.repository.git_dir().to_path_buf();
        assert!(place.exists());
        drop(tree);
        assert!(!place.exists());
    }

    #[test]
    fn paths_restrict_and_must_exist() {
        let tree = open(&["./lib/", "MAINTAINERS"]).unwrap_or_else(|f| panic!("{f:?}"));
        assert!(
            tree.wanted.holds("lib/x.c") && tree.wanted.holds("MAINTAINERS") && !tree.wanted.holds("libx.c")
        );
        match open(&["li", "fs"]) {
            Err(Failure::Told { exit: Exit::Usage, diagnostics }) => {
                assert_eq!(diagnostics[0].code, "no-such-path")
            }
            _ => panic!("a path that is not there was taken"),
        }
    }
}
