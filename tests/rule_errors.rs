//! What people get wrong in rules, and what they are told: `tests/rule_errors/*.cocci`.
//!
//! In: rule files with a mistake, or with something odd. Out: a snapshot of all that the command says about them, a
//! failure for each file about which it says nothing, though Coccinelle does, and one for each code of a complaint about
//! rules that none of the files shows.

use crate::cli::Scene;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Files that are good: Coccinelle refuses the first one.
const GOOD: [&str; 2] = ["bom", "crlf"];

#[test]
fn mistakes_are_told_with_their_place() {
    let scene = Scene::new(&[]);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rule_errors");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap();
        fs::copy(&path, scene.path(file)).unwrap();
        names.extend(file.strip_suffix(".cocci").map(str::to_owned));
    }
    names.sort();
    let mut all = String::new();
    for name in &names {
        let file = format!("{name}.cocci");
        let ran = scene.run(&["apply", "--allow-scripts", "--parse-cocci", &file]);
        assert_eq!(GOOD.contains(&name.as_str()), ran.stderr.is_empty(), "{name}: {}", ran.stderr);
        all.push_str(&format!("== {name}, status {}\n{}\n", ran.status, ran.stderr.trim_end()));
    }
    let codes = codes(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let shown = |code: &&String| all.contains(&format!("[{code}]"));
    let missing: Vec<&String> = codes.iter().filter(|code| !shown(code)).collect();
    assert!(codes.len() > 10 && missing.is_empty(), "no file shows {missing:?}");
    insta::assert_snapshot!(all);
}

/// What the modules that read rules and their isomorphisms say, by its codes.
fn codes(src: &Path) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut folders = vec![src.join("smpl"), src.join("matcher")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let strings = text.split('"').filter(|s| s.starts_with("smpl-") || s.starts_with("walk-"));
            out.extend(
                strings.filter(|s| s.chars().all(|c| c.is_ascii_lowercase() || c == '-')).map(str::to_owned),
            );
        }
    }
    out
}
