//! The demo tree: every file compiles by itself before and after, and each user gets the verdict that the README promises.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rayon::prelude::*;

use crate::adaptor;
use crate::case_format::TreeFile;

const FLAGS: &[&str] =
    &["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-Wno-sign-compare", "-Wno-unused-parameter", "-c"];

#[test]
fn the_demo_compiles_before_and_after() {
    let files = tree();
    let (after, _) = adaptor::convert_tree(&files);
    let wrong: Vec<String> =
        [("before", &files), ("after", &after)].iter().flat_map(|(n, t)| compile(n, t)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_verdicts_of_the_demo_are_those_of_its_readme() {
    let files = tree();
    let (after, refused) = adaptor::convert_tree(&files);
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let mut users = 0;
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".c") && !path.starts_with("lib/")) {
        let row = readme
            .lines()
            .find(|line| line.contains(&format!("`{path}`")))
            .unwrap_or_else(|| panic!("{path}"));
        let promise = row.rsplit('|').nth(1).unwrap_or_default();
        let changed = after.iter().any(|(name, new)| name == path && new != text);
        let codes: Vec<&str> = refused.iter().filter(|r| r.path == *path).map(|r| r.code.as_str()).collect();
        match promise.split('`').nth(1).filter(|_| promise.contains("refused")) {
            Some(code) => assert_eq!((changed, codes), (false, vec![code]), "{path}"),
            None => assert_eq!((changed, codes), (true, vec![]), "{path}"),
        }
        users += 1;
    }
    assert_eq!(users, 7);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/demo")
}

fn tree() -> Vec<TreeFile> {
    let mut files = Vec::new();
    let mut folders = vec![root().join("tree")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name =
                    path.strip_prefix(root().join("tree")).unwrap().to_string_lossy().replace('\\', "/");
                files.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// What the compiler has to say about the C files of a tree.
fn compile(name: &str, files: &[TreeFile]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let said = |(path, _): &TreeFile| {
        let mut cc = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
        cc.current_dir(folder.path()).args(FLAGS).args(["-I", "include", "-o", "/dev/null", path]);
        let output = cc.output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        (!output.status.success()).then(|| format!("{name}: {path}:\n{text}"))
    };
    files.par_iter().filter(|(path, _)| path.ends_with(".c")).filter_map(said).collect()
}
