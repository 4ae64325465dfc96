//! Which files to work on.
//!
//! In: the paths that were given, and options about them. Out: [`Targets`]: the files in order, each once, and the directory that
//! the paths of the diff are told from. It refuses paths that do not exist and directories that cannot be read; of these
//! all are told. Symbolic links in a directory are passed over: what they lead to is in the tree or none of its business.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::cli::exit::{Exit, Failure};
use crate::diagnostic::Diagnostic;
use crate::series::repo::{Environment, Repository};

use super::Habits;
use super::arguments::FileArguments;
use super::config::is_rule;

/// The files to work on.
#[derive(Clone, Debug, Default)]
pub(super) struct Targets {
    /// In the order in which they are told.
    pub(super) files: Vec<PathBuf>,
    /// The directory that was gone through, if it was one.
    pub(super) folder: Option<PathBuf>,
}

/// Find them.
pub(super) fn targets(arguments: &FileArguments, rule: &Path, habits: Habits) -> Result<Targets, Failure> {
    let ignored = ignored(&arguments.ignore).map_err(|told| Failure::new(Exit::Usage, told))?;
    let mut found = Found { arguments, ignored, files: Vec::new(), diagnostics: Vec::new() };
    let named = arguments.paths.iter().filter(|path| path.as_path() != rule);
    let mut paths: Vec<PathBuf> = arguments.dir.iter().chain(named).cloned().collect();
    if habits == Habits::Spatch {
        let last = paths.iter().rposition(|path| path.is_dir());
        let mut at = 0..;
        paths.retain(|path| at.next() == last || !path.is_dir());
    }
    let mut folder = None;
    for path in &paths {
        if path.is_dir() {
            found.go_through(path);
            folder = (paths.len() == 1).then(|| tidy(path));
        } else {
            found.one(path);
        }
    }
    if let Some(list) = &arguments.file_groups {
        found.listed(list);
    }
    if !found.diagnostics.is_empty() {
        return Err(Failure::Told { exit: Exit::Usage, diagnostics: found.diagnostics });
    }
    if paths.is_empty() && arguments.file_groups.is_none() {
        let told = Diagnostic::error("no-files", "no files are given");
        return Err(Failure::new(Exit::Usage, told.help("give C files, or a directory to go through")));
    }
    let mut seen = BTreeSet::new();
    let mut files = found.files;
    files.retain(|path| seen.insert(path.clone()));
    if let (Some(max), Some(index)) = (arguments.max, arguments.index) {
        let piece = files.len().div_ceil(max.get());
        let files_in = files.into_iter();
        files = if arguments.mod_distrib {
            files_in.skip(index).step_by(max.get()).collect()
        } else {
            files_in.skip(index * piece).take(piece).collect()
        };
    }
    Ok(Targets { files, folder })
}

/// What the beginnings of paths are compared with: expressions as Coccinelle takes them, in which `\(`, `\|` and `\)` group.
fn ignored(patterns: &[String]) -> Result<Vec<Regex>, Diagnostic> {
    let read = |pattern: &String| {
        let mut out = String::from("^(?:");
        let mut rest = pattern.chars();
        while let Some(c) = rest.next() {
            match (c, c == '\\') {
                (_, true) => match rest.next() {
                    Some(c @ ('(' | ')' | '|')) => out.push(c),
                    Some('b') => out.push_str(r"\b"),
                    Some(c) => out.push_str(&regex::escape(&c.to_string())),
                    None => out.push_str(r"\\"),
                },
                ('(' | ')' | '|' | '{' | '}', _) => out.extend(['\\', c]),
                _ => out.push(c),
            }
        }
        Regex::new(&(out + ")")).map_err(|why| {
            let told = format!("`{pattern}` is no expression for the beginning of paths");
            // The last line says why; the others show the expression as it is spelled here.
            let why = why.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            Diagnostic::error("bad-pattern", told).help(why)
        })
    };
    patterns.iter().map(read).collect()
}

struct Found<'a> {
    arguments: &'a FileArguments,
    ignored: Vec<Regex>,
    files: Vec<PathBuf>,
    diagnostics: Vec<Diagnostic>,
}

impl Found<'_> {
    /// A file that is named: whatever its ending, it is taken for C.
    fn one(&mut self, path: &Path) {
        if is_rule(path) && self.arguments.paths.iter().any(|other| other == path) {
            let told = format!("`{}` is a rule file, and one is given already", path.display());
            self.diagnostics.push(Diagnostic::error("two-rules", told).help("rule files run one at a time"));
        } else if path.is_file() {
            if !self.is_ignored(path) {
                self.files.push(path.to_owned());
            }
        } else {
            let told = format!("there is no file or directory `{}`", path.display());
            self.diagnostics.push(Diagnostic::error("no-such-path", told));
        }
    }

    /// The files below a directory, sorted by path.
    fn go_through(&mut self, folder: &Path) {
        let folder = tidy(folder);
        let mut files = match self.arguments.use_gitgrep.then(|| tracked(&folder)).flatten() {
            Some(files) => files,
            None => self.below(&folder),
        };
        files.retain(|path| self.is_wanted(path));
        files.sort();
        self.files.append(&mut files);
    }

    fn below(&mut self, folder: &Path) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    let told = format!("cannot read the directory `{}`: {error}", folder.display());
                    self.diagnostics.push(Diagnostic::error("unreadable", told));
                    continue;
                }
            };
            for entry in entries.flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() && entry.file_name() != ".git" => folders.push(entry.path()),
                    Ok(kind) if kind.is_file() => files.push(entry.path()),
                    _ => {}
                }
            }
        }
        files
    }

    fn is_wanted(&self, path: &Path) -> bool {
        let ending = path.extension().and_then(|ending| ending.to_str());
        let is_c = ending == Some("c") || (ending == Some("h") && self.arguments.include_headers);
        is_c && !self.is_ignored(path)
    }

    fn is_ignored(&self, path: &Path) -> bool {
        let text = path.to_string_lossy();
        self.ignored.iter().any(|pattern| pattern.is_match(&text))
    }

    /// The files that a list names, one a line; empty lines and `//` lines only structure it.
    fn listed(&mut self, list: &Path) {
        match fs::read_to_string(list) {
            Ok(text) => {
                let names =
                    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
                names.for_each(|name| self.one(Path::new(name)));
            }
            Err(error) => {
                let told = format!("cannot read the list of files `{}`: {error}", list.display());
                self.diagnostics.push(Diagnostic::error("unreadable", told));
            }
        }
    }
}

/// The files below `folder` that git knows; `None` where there is no repository.
fn tracked(folder: &Path) -> Option<Vec<PathBuf>> {
    let repository = Repository::open(Some(folder), Environment::of_process()).ok()?;
    repository.tracked_below(folder)
}

/// Without a `/` at the end.
fn tidy(folder: &Path) -> PathBuf {
    folder.components().collect::<PathBuf>()
}
