//! The real git, for comparison: small repositories in temporary directories, without anybody's configuration.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A repository that goes away with the value.
pub(crate) struct Scratch {
    dir: tempfile::TempDir,
}

impl Scratch {
    /// An empty repository, or nothing (said aloud) if there is no git.
    pub(crate) fn new() -> Option<Self> {
        if Command::new("git").arg("--version").output().is_err() {
            eprintln!("skipped: no git on this machine");
            return None;
        }
        let scratch = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::create_dir(scratch.path()).unwrap();
        scratch.git(&["init", "-q", "-b", "master"]);
        Some(scratch)
    }

    /// The repository's work tree.
    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("repo")
    }

    /// A place beside the repository.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Run git in the repository and return what it prints.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.git_with(arguments, b"")).unwrap()
    }

    /// The same with input, and with output of any bytes.
    pub(crate) fn git_with(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let output = self.try_git(arguments, input);
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// The same, successful or not.
    pub(crate) fn try_git(&self, arguments: &[&str], input: &[u8]) -> Output {
        use std::io::Write;
        let mut child = clean_git(&self.path())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap()
    }
}

/// A git that sees nobody's configuration and no clock.
pub(crate) fn clean_git(repo: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(repo).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", repo).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    for role in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{role}_NAME"), "Jane Developer")
            .env(format!("GIT_{role}_EMAIL"), "jane@example.org");
        command.env(format!("GIT_{role}_DATE"), "1700000000 +0100");
    }
    command
}

/// `git format-patch` with every setting pinned that could change its bytes.
pub(crate) const FORMAT_PATCH: &[&str] = &[
    "-c",
    "core.abbrev=12",
    "-c",
    "core.quotePath=true",
    "-c",
    "diff.suppressBlankEmpty=false",
    "-c",
    "diff.renames=true",
    "-c",
    "diff.indentHeuristic=true",
    "-c",
    "i18n.logOutputEncoding=UTF-8",
    "-c",
    "format.encodeEmailHeaders=true",
    "-c",
    "format.filenameMaxLength=64",
    "format-patch",
    "-q",
    "--no-attach",
    "--no-thread",
    "--no-signoff",
    "--no-notes",
    "--no-to",
    "--no-cc",
    "--no-add-header",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--suffix=.patch",
    "-U3",
    "--diff-algorithm=myers",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--stat=72",
    "--summary",
    "-p",
    "--no-from",
    "--signature=the signature",
];
