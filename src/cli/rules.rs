//! From `--rules` to rule files.
//!
//! In: the paths or names that were given. Out: for each, the rule files and the files beside them (a rule may name text
//! to insert). It refuses what does not exist, what cannot be read, and folders without a rule file.

use std::fs;
use std::path::{Path, PathBuf};

use crate::diagnostic::Diagnostic;
use crate::smpl::{RuleFile, parse_whole};
use crate::source::SourceFile;

use super::exit::{Exit, Failure};
use super::shipped;

/// The files of one folder of rules.
#[derive(Clone, Debug)]
pub(super) struct RuleFolder {
    /// What its conversions are said to be of.
    pub(super) name: String,
    /// The `.cocci` files, sorted by path.
    pub(super) rules: Vec<SourceFile>,
    /// The other files beside them, sorted by path.
    pub(super) companions: Vec<SourceFile>,
    /// Rule files that those to run may include.
    included: Vec<SourceFile>,
}

impl RuleFolder {
    /// The rule files, each with what it includes, and what is wrong with them.
    pub(super) fn parsed(&self) -> (Vec<RuleFile>, Vec<Diagnostic>) {
        let one = |rule: &SourceFile| {
            let folder = Path::new(rule.path()).parent().unwrap_or(Path::new(""));
            let read_any =
                |name: &str| [folder.join(name), PathBuf::from(name)].iter().find_map(|p| read(p).ok());
            parse_whole(rule, &|name| self.beside(name).cloned().or_else(|| read_any(name)))
        };
        let (files, told): (Vec<_>, Vec<_>) = self.rules.iter().map(one).unzip();
        (files, told.into_iter().flatten().collect())
    }

    /// The file that a rule file names.
    pub(super) fn beside(&self, name: &str) -> Option<&SourceFile> {
        let named =
            |path: &str| path.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
        self.companions.iter().chain(&self.included).find(|file| named(file.path()))
    }
}

/// Read everything that `--rules` names; every mistake is told at once.
pub(super) fn load(wishes: &[String]) -> Result<Vec<RuleFolder>, Failure> {
    if wishes.is_empty() {
        let known = shipped::names().join(", ");
        let told = Diagnostic::error("no-rules", "no rules are given")
            .help("give a rule file, a folder of rules or the name of a shipped rule with --rules")
            .help(format!("shipped: {known}"));
        return Err(Failure::new(Exit::Usage, told));
    }
    let (mut folders, mut diagnostics) = (Vec::new(), Vec::new());
    for wish in wishes {
        match load_one(wish) {
            Ok(folder) => folders.push(folder),
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    if diagnostics.is_empty() { Ok(folders) } else { Err(Failure::Told { exit: Exit::Usage, diagnostics }) }
}

fn load_one(wish: &str) -> Result<RuleFolder, Diagnostic> {
    let path = Path::new(wish);
    if path.is_dir() {
        let files = read_folder(path)?;
        return sort_out(wish, files);
    }
    if path.is_file() {
        let rule = read(path)?;
        let beside = path.parent().map_or_else(|| Ok(Vec::new()), read_folder)?;
        let (included, companions) = beside.into_iter().partition(|file| is_rule(file.path()));
        return Ok(RuleFolder { name: short(wish), rules: vec![rule], companions, included });
    }
    if !path.exists()
        && let Some(files) = shipped::rule(wish)
    {
        return sort_out(wish, files);
    }
    let known = shipped::names().join(", ");
    Err(Diagnostic::error("no-such-rule", format!("`{wish}` is neither a file, a folder nor a shipped rule"))
        .help(format!("shipped: {known}")))
}

fn sort_out(wish: &str, files: Vec<SourceFile>) -> Result<RuleFolder, Diagnostic> {
    let (rules, companions): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| is_rule(file.path()));
    if rules.is_empty() {
        return Err(Diagnostic::error("no-rule-file", format!("no .cocci file in `{wish}`")));
    }
    Ok(RuleFolder { name: short(wish), included: rules.clone(), rules, companions })
}

/// The last part of a path, without the ending of rule files.
fn short(wish: &str) -> String {
    let wish = wish.trim_end_matches('/');
    wish.rsplit('/').next().unwrap_or(wish).trim_end_matches(".cocci").to_owned()
}

fn is_rule(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|e| e == "cocci")
}

/// The plain files of a folder, without those of folders in it.
fn read_folder(folder: &Path) -> Result<Vec<SourceFile>, Diagnostic> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let unreadable = |error: std::io::Error| {
        Diagnostic::error("unreadable", format!("cannot read the folder `{}`: {error}", folder.display()))
    };
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    let (mut paths, mut below): (Vec<PathBuf>, Vec<PathBuf>) = (Vec::new(), Vec::new());
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_file() && !hidden {
            paths.push(path);
        } else if path.is_dir() && !hidden {
            // A folder below holds companions, or rules that were not asked for.
            below.extend(fs::read_dir(&path).map_err(unreadable)?.flatten().map(|entry| entry.path()));
        }
    }
    below.retain(|path| path.is_file() && !is_rule(&path.to_string_lossy()));
    paths.append(&mut below);
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Result<SourceFile, Diagnostic> {
    let shown = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| {
        Diagnostic::error("unreadable", format!("cannot read the rule `{shown}`: {error}"))
    })?;
    Ok(SourceFile::new(shown.trim_start_matches("./"), bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(result: Result<Vec<RuleFolder>, Failure>) -> Vec<String> {
        match result {
            Err(Failure::Told { exit: Exit::Usage, diagnostics }) => {
                diagnostics.into_iter().map(|d| d.code).collect()
            }
            other => panic!("expected a usage error, got {other:?}"),
        }
    }

    #[test]
    fn a_rule_file_brings_what_lies_beside_it() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = |name: &str| folder.path().join(name);
        for name in ["b.cocci", "a.cocci", "text.c"] {
            fs::write(path(name), name).expect("written");
        }
        let whole = load(&[folder.path().display().to_string()]).expect("loads");
        assert_eq!((whole[0].rules.len(), whole[0].companions.len()), (2, 1));
        let one = load(&[path("b.cocci").display().to_string()]).expect("loads");
        assert_eq!((one[0].rules[0].text(), one[0].companions[0].text()), ("b.cocci", "text.c"));
    }

    #[test]
    fn all_mistakes_are_told() {
        let empty = tempfile::tempdir().expect("a temporary directory");
        assert_eq!(told(load(&[])), ["no-rules"]);
        let wishes = ["no/such/rule".to_owned(), empty.path().display().to_string()];
        assert_eq!(told(load(&wishes)), ["no-such-rule", "no-rule-file"]);
    }
}
