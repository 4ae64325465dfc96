//! Options of `vedalia series` that change what is there already: `--force` and `--prefixes`.
//!
//! In: the demo's tree in a repository. Out: branches and subjects.

use crate::cli::{RULE, demo};

#[test]
fn force_replaces_a_branch_and_keeps_its_tip_in_the_reflog() {
    let scene = demo();
    let old = scene.git(&["rev-parse", "HEAD"]);
    scene.git(&["branch", "--create-reflog", "walks"]);
    let series = ["series", "--repo", "tree", "--rules", RULE, "--branch", "walks"];
    let refused = scene.refuses(&series, 3, "branch `walks` exists");
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    let ran = scene.run(&[series.as_slice(), &["--force"]].concat());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_ne!(scene.git(&["rev-parse", "walks"]), old);
    assert_eq!(scene.git(&["rev-parse", "walks@{1}"]), old);
    // What a work tree stands on is not moved under it.
    let main = ["series", "--repo", "tree", "--rules", RULE, "--branch", "main", "--force"];
    scene.refuses(&main, 3, "checked out");
    scene.refuses(&["series", "--repo", "tree", "--rules", RULE, "-o", "out", "--force"], 2, "--branch");
}

#[test]
fn a_table_of_ones_own_gives_the_subjects_their_prefix() {
    let scene = demo();
    let table = scene.write("prefixes.txt", "# ours\nnet/kestrel/**  \"kestrel - \"  upper\n");
    let series = ["series", "--repo", "tree", "--rules", RULE, "--branch"];
    let ran = scene.run(&[series.as_slice(), &["walks", "--prefixes", &table]].concat());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let subjects = scene.git(&["log", "--format=%s", "main..walks"]);
    assert!(subjects.lines().any(|subject| subject.starts_with("kestrel - U")), "{subjects}");
    let bad = scene.write("bad.txt", "net/** kestrel\n");
    scene.refuses(
        &[series.as_slice(), &["more", "--prefixes", &bad]].concat(),
        2,
        "bad.txt:1: cannot be read",
    );
    scene.refuses(&[series.as_slice(), &["more", "--prefixes", "absent.txt"]].concat(), 2, "absent.txt");
}
