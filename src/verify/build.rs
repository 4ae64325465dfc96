//! The user's build command, once per patch.
//!
//! In: a command line with `{objects}` and `{files}`, a repository's directory and commits of it. Out: what the compiler
//! said on the base and after each patch, as [`Build`] values, and the warnings that are new ([`new_warnings`]). The tree
//! is checked out into a directory of its own ([`Checkout`]), removed afterwards; the user's work tree is not used. It
//! refuses commands that it cannot start and checkouts that fail, as diagnostics.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::diagnostic::Diagnostic;

/// A build command of the user's; a shell runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildCommand {
    text: String,
}

/// How a build ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With success.
    Built,
    /// With a failure.
    Failed,
    /// It was not run: the command asks for objects and the files have none.
    NothingToBuild,
}

/// One run of the command.
#[derive(Clone, Debug)]
pub struct Build {
    /// How it ended.
    pub ended: Ended,
    /// Everything it printed, both streams.
    pub output: String,
    /// The warnings and errors in it.
    pub messages: Vec<Message>,
}

/// A warning or an error of a compiler or of a checker that prints like one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Message {
    /// The file, as printed.
    pub path: String,
    /// `warning` or `error`.
    pub kind: MessageKind,
    /// The text, numbers included.
    pub text: String,
    /// The line, from 1.
    pub line: u32,
}

/// What kind of message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageKind {
    /// A warning.
    Warning,
    /// An error, fatal or not.
    Error,
}

impl BuildCommand {
    /// The command as the user wrote it.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    /// The command for `files`: `{files}` and `{objects}` replaced, each name quoted for the shell. `None` when it asks
    /// for objects and there are none: headers have no object of their own.
    pub fn spell<S: AsRef<str>>(&self, files: &[S]) -> Option<String> {
        let objects: Vec<String> = files.iter().filter_map(|file| object(file.as_ref())).collect();
        if self.text.contains("{objects}") && objects.is_empty() {
            return None;
        }
        let files: Vec<&str> = files.iter().map(AsRef::as_ref).collect();
        Some(self.text.replace("{objects}", &quote(&objects)).replace("{files}", &quote(&files)))
    }

    /// Run it in `directory` for `files`.
    pub fn run<S: AsRef<str>>(&self, directory: &Path, files: &[S]) -> Result<Build, Diagnostic> {
        let Some(line) = self.spell(files) else {
            return Ok(Build { ended: Ended::NothingToBuild, output: String::new(), messages: Vec::new() });
        };
        // One stream, so that the order of what was printed is kept.
        let script = format!("exec 2>&1\n{line}");
        let run =
            Command::new("sh").arg("-c").arg(&script).current_dir(directory).stdin(Stdio::null()).output();
        let run = run.map_err(|error| Diagnostic::error("build", format!("cannot run `{line}`: {error}")))?;
        let output = String::from_utf8_lossy(&run.stdout).into_owned();
        let ended = if run.status.success() { Ended::Built } else { Ended::Failed };
        Ok(Build { ended, messages: messages(&output), output })
    }
}

/// The object that a source file is compiled to.
fn object(path: &str) -> Option<String> {
    let stem = path.strip_suffix(".c").or_else(|| path.strip_suffix(".S"))?;
    Some(format!("{stem}.o"))
}

/// Names for a shell, sorted, each once.
fn quote<S: AsRef<str>>(names: &[S]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/+,@".contains(c);
    let mut quoted: Vec<String> = Vec::new();
    for name in names.iter().map(AsRef::as_ref) {
        let simple = !name.is_empty() && name.chars().all(plain);
        quoted.push(if simple { name.to_owned() } else { format!("'{}'", name.replace('\'', r"'\''")) });
    }
    quoted.sort();
    quoted.dedup();
    quoted.join(" ")
}

/// The messages in what a compiler printed: `path:line[:column]: warning: text`.
pub fn messages(output: &str) -> Vec<Message> {
    output.lines().filter_map(message).collect()
}

fn message(line: &str) -> Option<Message> {
    let marks = [(": warning: ", MessageKind::Warning), (": error: ", MessageKind::Error)];
    let fatal = (": fatal error: ", MessageKind::Error);
    let (at, mark, kind) =
        [fatal].into_iter().chain(marks).find_map(|(mark, kind)| Some((line.find(mark)?, mark, kind)))?;
    let mut place = line[..at].split(':');
    let path = place.next()?.trim();
    let number = place.next()?.parse().ok()?;
    let text = line[at + mark.len()..].trim_end().to_owned();
    Some(Message { path: path.trim_start_matches("./").to_owned(), kind, text, line: number })
}

/// The messages of `after` that `before` has not, or has not as often. Line numbers, and numbers in the text, do not
/// count: a patch moves lines.
pub fn new_warnings<'a>(before: &[Message], after: &'a [Message]) -> Vec<&'a Message> {
    let mut known: BTreeMap<(&str, MessageKind, String), usize> = BTreeMap::new();
    for message in before {
        *known.entry(identity(message)).or_default() += 1;
    }
    let mut new = Vec::new();
    for message in after {
        match known.get_mut(&identity(message)) {
            Some(left) if *left > 0 => *left -= 1,
            _ => new.push(message),
        }
    }
    new
}

fn identity(message: &Message) -> (&str, MessageKind, String) {
    let mut text = String::new();
    let mut number = false;
    for c in message.text.chars() {
        if !c.is_ascii_digit() {
            text.push(c);
        } else if !number {
            text.push('N');
        }
        number = c.is_ascii_digit();
    }
    (&message.path, message.kind, text)
}

/// A repository's tree in a temporary directory of its own, at one commit after the other.
#[derive(Debug)]
pub struct Checkout {
    directory: tempfile::TempDir,
}

impl Checkout {
    /// A directory that shares the objects of the repository at `git_dir`; no commit is checked out yet.
    pub fn new(git_dir: &Path) -> Result<Self, Diagnostic> {
        let directory = tempfile::Builder::new().prefix("vedalia-build-").tempdir();
        let directory =
            directory.map_err(|error| fault("make a directory for the build", &error.to_string()))?;
        let mut clone = git(directory.path());
        clone
            .args(["clone", "--quiet", "--shared", "--no-checkout", "--no-tags", "--"])
            .arg(git_dir)
            .arg("tree");
        finish(&mut clone, "clone the repository for the build")?;
        Ok(Self { directory })
    }

    /// Where the tree is.
    pub fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("tree")
    }

    /// Put the files of `commit` there; only those that differ are written.
    pub fn switch(&self, commit: &str) -> Result<(), Diagnostic> {
        let mut checkout = git(&self.path());
        checkout.args(["checkout", "--quiet", "--force", "--detach", commit, "--"]);
        finish(&mut checkout, &format!("check out {commit} for the build"))
    }
}

/// A git command that neither hooks nor line-end conversion disturb.
fn git(directory: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(directory).stdin(Stdio::null()).env("GIT_TERMINAL_PROMPT", "0");
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"] {
        command.env_remove(variable);
    }
    command.args([
        "-c",
        "core.hooksPath=/dev/null",
        "-c",
        "core.autocrlf=false",
        "-c",
        "advice.detachedHead=false",
    ]);
    command
}

fn finish(command: &mut Command, what: &str) -> Result<(), Diagnostic> {
    let output = command.output().map_err(|error| fault(what, &format!("cannot run git: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(fault(what, said.trim().lines().last().unwrap_or_default()))
}

fn fault(what: &str, why: &str) -> Diagnostic {
    Diagnostic::error("build", format!("cannot {what}: {why}"))
        .help("the build is checked in a copy below TMPDIR, which needs room for the whole tree")
        .help("no branch and no mail was written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_headers_have_no_object() {
        let command = BuildCommand::new("make {objects} # {files}");
        let line = command.spell(&["fs/b.c", "fs/a.c", "include/x.h", "odd name.c", "fs/a.c"]);
        let expected = "make 'odd name.o' fs/a.o fs/b.o # 'odd name.c' fs/a.c fs/b.c include/x.h";
        assert_eq!(line.as_deref(), Some(expected));
        assert_eq!(command.spell(&["include/x.h"]), None);
        assert_eq!(BuildCommand::new("make").spell(&["x.h"]).as_deref(), Some("make"));
    }

    #[test]
    fn warnings_are_compared_without_their_lines() {
        let before = messages("a.c:10:2: warning: unused variable 'x1'\nIn file included from b.h:1:\n");
        let after = messages(
            "a.c:12:2: warning: unused variable 'x2'\na.c:30: warning: unused variable 'x3'\n\
             ./b.c:1:1: fatal error: no.h: No such file\n",
        );
        assert_eq!((before.len(), after.len()), (1, 3));
        let new: Vec<u32> = new_warnings(&before, &after).into_iter().map(|message| message.line).collect();
        assert_eq!(new, [30, 1]);
        assert_eq!(after[2].path, "b.c");
    }

    #[test]
    fn both_streams_and_the_status_are_kept() {
        let here = tempfile::tempdir().expect("a temporary directory");
        let command = BuildCommand::new("echo out; echo 'a.c:1: warning: w' >&2; test -z '{objects}'");
        let build = command.run(here.path(), &["a.c"]).expect("sh runs");
        assert_eq!((build.ended, build.messages.len()), (Ended::Failed, 1));
        assert_eq!(build.output, "out\na.c:1: warning: w\n");
        let build = command.run(here.path(), &["a.h"]).expect("nothing to run");
        assert_eq!(build.ended, Ended::NothingToBuild);
    }

    #[test]
    fn a_checkout_follows_commits_and_goes_away() {
        let home = tempfile::tempdir().expect("a temporary directory");
        let sh = |script: &str| {
            let full = format!("export GIT_CONFIG_GLOBAL=/dev/null\n{script}");
            let run =
                Command::new("sh").arg("-ec").arg(full).current_dir(home.path()).output().expect("sh runs");
            assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        };
        sh("git init -q . && echo 1 > a && git add a && git -c user.name=a -c user.email=a@b commit -qm 1
            echo 2 > a && git -c user.name=a -c user.email=a@b commit -qam 2");
        let checkout = Checkout::new(&home.path().join(".git")).expect("clones");
        let place = checkout.path();
        for (commit, text) in [("origin/HEAD~1", "1\n"), ("origin/HEAD", "2\n")] {
            checkout.switch(commit).expect("checks out");
            assert_eq!(std::fs::read_to_string(place.join("a")).expect("is there"), text);
        }
        assert!(checkout.switch("no-such-commit").is_err());
        drop(checkout);
        assert!(!place.exists());
    }
}
