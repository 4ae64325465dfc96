//! What the demo shows, as snapshots: verdicts, the dry run's difference, and every mail.
//!
//! A change that is meant is accepted with `INSTA_UPDATE=always cargo test --test it series_demo`.

use regex::Regex;
use std::process::Command;

/// Standard output of the command in an empty directory, and the mails that it wrote.
fn run(arguments: &[&str]) -> (String, String) {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_vedalia"))
        .args(arguments)
        .current_dir(dir.path())
        .env_clear()
        .env("HOME", dir.path())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code().is_some_and(|code| code < 2), "{stderr}");
    let mut names: Vec<String> = std::fs::read_dir(dir.path().join("mails"))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mails: Vec<String> = names
        .iter()
        .map(|name| {
            format!("=== {name}\n{}", std::fs::read_to_string(dir.path().join("mails").join(name)).unwrap())
        })
        .collect();
    (String::from_utf8(output.stdout).unwrap(), mails.concat())
}

/// Names of commits and the version say nothing about the series.
fn stable(text: &str) -> String {
    let ids = Regex::new("[0-9a-f]{40}").unwrap();
    let version = Regex::new(&regex::escape(env!("CARGO_PKG_VERSION"))).unwrap();
    version.replace_all(&ids.replace_all(text, "<commit>"), "<version>").into_owned()
}

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, stable(text)));
}

#[test]
fn the_demos_mails() {
    let (_, mails) = run(&["series", "--demo", "-o", "mails", "--date", "1700000000 +0100"]);
    assert!(mails.contains("=== 0000-cover-letter.patch"));
    snapshot("demo-mails", &mails);
}

#[test]
fn the_demos_verdicts_and_difference() {
    let (diff, _) = run(&["diff", "--demo"]);
    snapshot("demo-diff", &diff);
}
