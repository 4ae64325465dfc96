//! The rules and the demo tree that the program carries.
//!
//! In: the folder `rules/` as it was when the program was built. Out: its files, by rule. What the rules and the demo
//! are about is said by those files alone.

use include_dir::{Dir, DirEntry, include_dir};

use crate::source::SourceFile;

static RULES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules");

/// The shipped rules: every folder that holds a rule file, by name.
pub(super) fn names() -> Vec<&'static str> {
    let mut names = Vec::new();
    let mut folders: Vec<&Dir<'_>> =
        RULES.dirs().filter(|folder| folder.path() != std::path::Path::new("demo")).collect();
    while let Some(folder) = folders.pop() {
        if folder.files().any(|file| file.path().extension().is_some_and(|e| e == "cocci")) {
            names.extend(folder.path().to_str());
        }
        folders.extend(folder.dirs());
    }
    names.sort_unstable();
    names
}

/// The files of the shipped rule `name`, nested ones too, sorted by path; `None` when there is no such rule.
pub(super) fn rule(name: &str) -> Option<Vec<SourceFile>> {
    let name = names().into_iter().find(|known| *known == name)?;
    let shown = |path: &str| format!("rules/{path}");
    Some(
        files_below(RULES.get_dir(name)?)
            .into_iter()
            .map(|(path, bytes)| SourceFile::new(shown(path), bytes))
            .collect(),
    )
}

/// The rules that the demo runs, by name.
pub(super) fn demo_rules() -> Vec<&'static str> {
    let listed = RULES.get_file("demo/RULES").and_then(|file| file.contents_utf8()).unwrap_or_default();
    listed.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

/// The files of the demo tree: path in the tree and contents, sorted.
pub(super) fn demo_tree() -> Vec<(String, &'static [u8])> {
    let Some(tree) = RULES.get_dir("demo/tree") else { return Vec::new() };
    let inside = |path: &str| path.trim_start_matches("demo/tree/").to_owned();
    files_below(tree).into_iter().map(|(path, bytes)| (inside(path), bytes)).collect()
}

fn files_below(folder: &'static Dir<'static>) -> Vec<(&'static str, &'static [u8])> {
    let mut files = Vec::new();
    let mut entries: Vec<&DirEntry<'_>> = folder.entries().iter().collect();
    while let Some(entry) = entries.pop() {
        match entry {
            DirEntry::Dir(inner) => entries.extend(inner.entries()),
            DirEntry::File(file) => files.extend(file.path().to_str().map(|path| (path, file.contents()))),
        }
    }
    files.sort_unstable();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_is_embedded_and_its_rules_exist() {
        let tree = demo_tree();
        assert!(tree.iter().any(|(path, _)| path == "MAINTAINERS"));
        assert!(tree.iter().any(|(path, _)| path.ends_with(".c")));
        assert!(!demo_rules().is_empty());
        for name in demo_rules() {
            assert!(rule(name).is_some_and(|files| !files.is_empty()), "{name} is not a shipped rule");
        }
    }
}
