//! Plain walks: each rule on our own code, as snapshots of verdicts and differences, and by running both versions.
//!
//! `tests/plain/RULE/*.c` is the code; `NAME.drive.c` beside it plays the program around `NAME.c`, in which `model.h` is
//! the walked object in user space. What a rule introduces is compiled with it. A change of the snapshots that is meant is
//! accepted with `INSTA_UPDATE=always cargo test --test it plain`.

use crate::adaptor::{self, Outcome};
use crate::case_format::{Level, TreeFile};
use similar::TextDiff;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A rule, and the files that its helper goes into.
const RULES: [(&str, &[(&str, &str)]); 3] = [
    (
        "class_for_each_device",
        &[(
            "include/linux/class.h",
            "int class_for_each_device(struct class *class, struct device *start, void *data,\n\t\t\t  int (*fn)(struct device *dev, void *data));\n",
        )],
    ),
    (
        "filemap_for_each_folio",
        &[
            ("include/linux/pagemap.h", "unsigned filemap_get_folios(struct address_space *mapping);\n"),
            ("mm/filemap.c", "EXPORT_SYMBOL(filemap_get_folios);\n"),
        ],
    ),
    (
        "radix_tree_drain",
        &[
            (
                "include/linux/radix-tree.h",
                "unsigned int radix_tree_gang_lookup(const struct radix_tree_root *);\n",
            ),
            ("lib/radix-tree.c", "EXPORT_SYMBOL(radix_tree_gang_lookup);\n"),
        ],
    ),
];

fn folder(rule: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plain").join(rule)
}

/// The code after the rule, and what was refused.
fn convert(rule: &str, libraries: &[(&str, &str)], name: &str) -> (String, Outcome) {
    let code = fs::read_to_string(folder(rule).join(name)).unwrap();
    let mut files: Vec<TreeFile> = vec![(format!("drivers/{name}"), code.clone().into_bytes())];
    files.extend(libraries.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())));
    files.sort();
    let outcome = adaptor::convert_by(&adaptor::rules(rule), &files, Level::Review);
    (code, outcome)
}

fn after(name: &str, code: &str, outcome: &Outcome) -> String {
    let changed = outcome.changed.iter().find(|(path, _)| path.ends_with(name));
    changed.map_or_else(|| code.to_owned(), |(_, text)| String::from_utf8(text.clone()).unwrap())
}

/// The refusals with the code that they point to, and the difference.
fn shown(name: &str, code: &str, outcome: &Outcome) -> String {
    let mut out = String::new();
    for refused in &outcome.refused {
        let line = code[..refused.offset].matches('\n').count() + 1;
        let text = code[refused.offset..].lines().next().unwrap_or_default();
        out.push_str(&format!("{line}: {}: {}\n    {text}\n", refused.code, refused.sentence));
    }
    let result = after(name, code, outcome);
    out + &TextDiff::from_lines(code, &result).unified_diff().context_radius(3).to_string()
}

#[test]
fn verdicts_and_differences() {
    for (rule, libraries) in RULES {
        for name in ["converted.c", "refused.c"] {
            let (code, outcome) = convert(rule, libraries, name);
            let text = shown(name, &code, &outcome);
            let mut settings = insta::Settings::clone_current();
            settings.set_snapshot_path("../snapshots");
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            let snapshot = format!("plain-{rule}-{}", name.trim_end_matches(".c"));
            settings.bind(|| insta::assert_snapshot!(snapshot, text));
            match name {
                "converted.c" => assert!(outcome.refused.is_empty(), "{rule}: {text}"),
                _ => assert!(outcome.changed.is_empty(), "{rule}: {text}"),
            }
        }
    }
}

/// What a program prints, compiled with warnings as errors and the sanitizers.
fn output(dir: &Path, rule: &str, code: &str) -> String {
    let read = |path: PathBuf| fs::read_to_string(path).unwrap();
    let helper = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(rule).join(format!("{rule}.c"));
    let helper = if helper.exists() { read(helper) } else { String::new() };
    let (head, tail) = {
        let driver = read(folder(rule).join("converted.drive.c"));
        let (head, tail) = driver.split_once("/* code */\n").unwrap();
        (head.to_owned(), tail.to_owned())
    };
    let text = format!("{}{helper}\n{head}\n{code}\n{tail}", read(folder(rule).join("model.h")));
    let (source, binary) = (dir.join("program.c"), dir.join("program"));
    fs::write(&source, text).unwrap();
    let cc = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let compiled = Command::new(cc)
        .args(["-std=gnu11", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Wno-sign-compare", "-Werror"])
        .args(["-Wdeclaration-after-statement", "-fsanitize=address,undefined", "-o"])
        .args([&binary, &source])
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{rule}: {}", String::from_utf8_lossy(&compiled.stderr));
    let ran = Command::new(binary).output().unwrap();
    let out = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success(), "{rule}: {out}{}", String::from_utf8_lossy(&ran.stderr));
    out
}

#[test]
fn both_versions_do_the_same() {
    let dir = tempfile::tempdir().unwrap();
    for (rule, libraries) in RULES {
        let (code, outcome) = convert(rule, libraries, "converted.c");
        let result = after("converted.c", &code, &outcome);
        assert_ne!(code, result, "{rule}");
        let before = output(dir.path(), rule, &code);
        assert_eq!(before, output(dir.path(), rule, &result), "{rule}");
        assert!(!before.contains("still held"), "{rule}: {before}");
        let different: std::collections::BTreeSet<&str> = before.lines().collect();
        assert!(different.len() > 5, "{rule}: {before}");
    }
}
