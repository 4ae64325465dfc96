//! What people get wrong in rules, and what they are told: `tests/rule_errors/*.cocci`.
//!
//! In: rule files with a mistake, or with something odd. Out: a snapshot of all that the command says about them, and a
//! failure for each file about which it says nothing, though Coccinelle does.

use crate::cli::Scene;
use std::fs;
use std::path::Path;

/// Files that are good: Coccinelle refuses the first one.
const GOOD: [&str; 2] = ["bom", "crlf"];

#[test]
fn mistakes_are_told_with_their_place() {
    let scene = Scene::new(&[]);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rule_errors");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_suffix(".cocci")?.to_owned()))
        .collect();
    names.sort();
    let mut all = String::new();
    for name in &names {
        let file = format!("{name}.cocci");
        fs::copy(folder.join(&file), scene.path(&file)).unwrap();
        let ran = scene.run(&["apply", "--allow-scripts", "--parse-cocci", &file]);
        assert_eq!(GOOD.contains(&name.as_str()), ran.stderr.is_empty(), "{name}: {}", ran.stderr);
        all.push_str(&format!("== {name}, status {}\n{}\n", ran.status, ran.stderr.trim_end()));
    }
    insta::assert_snapshot!(all);
}
