//! Options that files give.
//!
//! In: the arguments as typed, in new spelling. Out: the same behind the options of `.cocciconfig` files (of the home, of
//! the current directory, of the directory to go through) and of the rule file's `#spatch` lines: what is typed comes
//! last and counts most. A file that cannot be read gives nothing.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::smpl;
use crate::source::SourceFile;

use super::spelling::respell;

/// The arguments with all that files add to them.
pub(super) fn with_files(typed: &[OsString]) -> Vec<OsString> {
    let typed = respell(typed);
    let mut words: Vec<OsString> = Vec::new();
    let mut folders: Vec<PathBuf> = env::home_dir().into_iter().collect();
    folders.push(PathBuf::from("."));
    folders.extend(last_value(&typed, "--dir").map(PathBuf::from));
    let mut seen = Vec::new();
    for file in folders.iter().map(|folder| folder.join(".cocciconfig")) {
        let Ok(same) = fs::canonicalize(&file) else { continue };
        if !seen.contains(&same) {
            words.extend(fs::read_to_string(&file).map(|text| options(&text)).unwrap_or_default());
            seen.push(same);
        }
    }
    words.extend(rule_file(&typed).map(|path| spatch_lines(&path)).unwrap_or_default());
    let mut all = respell(&words);
    all.extend(typed);
    all
}

/// The values of `options` in the section `[spatch]`, in words.
fn options(text: &str) -> Vec<OsString> {
    let mut inside = false;
    let mut words = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line.trim_matches(['[', ']']).trim() == "spatch";
        } else if let Some((name, value)) = line.split_once('=')
            && inside
            && name.trim() == "options"
        {
            words.extend(value.split_whitespace().map(OsString::from));
        }
    }
    words
}

fn spatch_lines(rules: &Path) -> Vec<OsString> {
    let Ok(bytes) = fs::read(rules) else { return Vec::new() };
    let (file, _) = smpl::parse(&SourceFile::new("", bytes));
    file.options.iter().flat_map(|line| line.split_whitespace()).map(OsString::from).collect()
}

/// The rule file that the arguments name.
fn rule_file(typed: &[OsString]) -> Option<PathBuf> {
    let named = last_value(typed, "--sp-file").or_else(|| last_value(typed, "--cocci-file"));
    named.or_else(|| typed.iter().find(|word| is_rule(word)).cloned()).map(PathBuf::from)
}

/// Whether a path is one of a rule file.
pub(super) fn is_rule(path: impl AsRef<OsStr>) -> bool {
    Path::new(path.as_ref()).extension().is_some_and(|ending| ending == "cocci")
}

/// The value of the last option of that name.
fn last_value(typed: &[OsString], option: &str) -> Option<OsString> {
    let joined = format!("{option}=");
    let mut value = None;
    for (at, word) in typed.iter().enumerate() {
        if word == option {
            value = typed.get(at + 1).cloned();
        } else if let Some(rest) = word.to_str().and_then(|word| word.strip_prefix(&joined)) {
            value = Some(OsString::from(rest));
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn only_the_section_counts() {
        let text = "[core]\n\toptions = --no\n[spatch]\n\toptions = --timeout 200\n\toptions = --use-gitgrep\n\tx = y\n";
        assert_eq!(options(text), words("--timeout 200 --use-gitgrep"));
    }

    #[test]
    fn files_come_before_what_is_typed() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
        write(".cocciconfig", "[spatch]\noptions = --timeout 7\n");
        write("r.cocci", "#spatch --no-show-diff\n@@ @@\n- f();\n");
        let rule = folder.path().join("r.cocci").into_os_string();
        let typed = vec!["-dir".into(), folder.path().as_os_str().to_owned(), rule.clone()];
        let all = with_files(&typed);
        let from = all.iter().position(|word| word == "--timeout").expect("taken from the file");
        assert_eq!(all[from + 1..from + 4], words("7 --no-show-diff --dir"));
        assert_eq!(all.last(), Some(&rule));
    }
}
