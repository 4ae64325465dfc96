//! The built command, as a user runs it.
//!
//! In: small repositories made on the spot. Out: exit status, streams, and what is on the disk afterwards. Every way to be
//! refused has its test here: the message, the status, and that nothing is half written.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A directory with a repository `tree` in it.
pub(crate) struct Scene {
    home: tempfile::TempDir,
}

impl Scene {
    /// The repository has one commit with `files`.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let scene = Self { home: tempfile::tempdir().expect("a temporary directory") };
        let tree = scene.path("tree");
        for (path, text) in files {
            let path = tree.join(path);
            fs::create_dir_all(path.parent().expect("below the tree")).expect("made");
            fs::write(path, text).expect("written");
        }
        scene.git(&["init", "--quiet", "--initial-branch=main", "."]);
        scene.git(&["add", "--all"]);
        scene.git(&["commit", "--quiet", "--allow-empty", "-m", "The first commit"]);
        scene
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).expect("written");
        self.path(name).display().to_string()
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let tree = self.path("tree");
        fs::create_dir_all(&tree).expect("made");
        let output = plain(Command::new("git").args(arguments).current_dir(tree)).output().expect("git runs");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What must not change when the command refuses: references, work tree, files beside the tree.
    fn state(&self) -> String {
        let entries = fs::read_dir(self.home.path()).expect("readable");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        self.git(&["for-each-ref"])
            + &self.git(&["status", "--porcelain"])
            + &self.git(&["rev-parse", "HEAD"])
            + &names.join(" ")
    }

    /// Run the command beside the tree.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&mut vedalia(self.home.path(), arguments))
    }

    /// Run it, expect this status and this word in what it says, and nothing changed.
    pub(crate) fn refuses(&self, arguments: &[&str], status: i32, word: &str) -> Ran {
        let before = self.state();
        let ran = self.run(arguments);
        assert_eq!((ran.status, ran.stdout.as_str()), (status, ""), "{}", ran.stderr);
        assert!(ran.stderr.contains(word), "`{word}` is not in:\n{}", ran.stderr);
        assert_eq!(self.state(), before);
        ran
    }
}

/// What a run left.
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    fn of(command: &mut Command) -> Self {
        let Output { status, stdout, stderr } = command.output().expect("the command runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        let ran =
            Self { status: status.code().expect("no signal"), stdout: text(stdout), stderr: text(stderr) };
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        ran
    }
}

/// An environment in which nobody's configuration has a say.
fn plain(command: &mut Command) -> &mut Command {
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", "/nonexistent");
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "NO_COLOR", "EMAIL", "SOURCE_DATE_EPOCH"] {
        command.env_remove(variable);
    }
    for role in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{role}_NAME"), "Ann Author")
            .env(format!("GIT_{role}_EMAIL"), "ann@example.org");
        command.env(format!("GIT_{role}_DATE"), "1700000000 +0000");
    }
    command.stdin(Stdio::null())
}

fn vedalia(here: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vedalia"));
    plain(command.args(arguments).current_dir(here));
    command
}

/// A shipped rule.
pub(crate) const RULE: &str = "iov_iter_for_each_page";

#[test]
fn help_and_version_are_printed() {
    let scene = Scene::new(&[]);
    let help = scene.run(&["--help"]);
    assert_eq!(help.status, 0);
    for word in ["series", "diff", "Exit status: 0 done"] {
        assert!(help.stdout.contains(word), "{}", help.stdout);
    }
    assert!(scene.run(&["--version"]).stdout.starts_with("vedalia "));
}

#[test]
fn usage_errors_end_with_two() {
    let scene = Scene::new(&[]);
    scene.refuses(&["nonsense"], 2, "unrecognized subcommand");
    scene.refuses(&["series", "--repo", "tree", "--rules", RULE], 2, "--branch");
    scene.refuses(&["diff", "--repo", "tree"], 2, "no rules are given");
    scene.refuses(&["diff", "--repo", "tree", "--rules", "absent.cocci"], 2, "`absent.cocci` is neither");
    scene.refuses(&["diff", "--repo", "tree", "--rules", "tree"], 2, "no .cocci file");
    scene.refuses(&["diff", "--repo", "tree", "--rules", RULE, "no/such/path"], 2, "`no/such/path`");
    scene.refuses(&["series", "--demo", "--date", "yesterday"], 2, "`yesterday` is not a date");
    scene.refuses(&["series", "--demo", "--reroll-count", "0"], 2, "--reroll-count");
}

#[test]
fn a_mistake_in_a_rule_is_shown_with_its_line_and_a_caret() {
    let scene = Scene::new(&[]);
    let rule = scene.write("bad.cocci", "@r@\nexpresion E;\n@@\n- old(E)\n+ new(E)\n");
    let ran = scene.refuses(&["diff", "--repo", "tree", "--rules", &rule], 2, "bad.cocci:2:1");
    assert!(ran.stderr.contains("expresion E;") && ran.stderr.contains('^'), "{}", ran.stderr);
    scene.refuses(
        &["series", "--repo", "tree", "--rules", &rule, "--branch", "b", "-o", "out"],
        2,
        "bad.cocci:2:1",
    );
}

#[test]
fn a_directory_that_is_no_repository_is_refused() {
    let scene = Scene::new(&[]);
    fs::create_dir(scene.path("empty")).expect("made");
    scene.refuses(&["diff", "--repo", "empty", "--rules", RULE], 3, "no git repository");
    scene.refuses(&["series", "--repo", "absent", "--rules", RULE, "-o", "out"], 3, "absent");
}

#[test]
fn an_unknown_revision_is_a_usage_error() {
    let scene = Scene::new(&[]);
    let arguments =
        ["series", "--repo", "tree", "--rules", RULE, "--base", "v9.99", "-o", "out", "--branch", "b"];
    scene.refuses(&arguments, 2, "no revision `v9.99`");
}

#[test]
fn a_repository_without_a_commit_is_refused() {
    let scene = Scene::new(&[]);
    let unborn = scene.path("unborn").display().to_string();
    scene.git(&["init", "--quiet", &unborn]);
    scene.refuses(&["diff", "--repo", "unborn", "--rules", RULE], 3, "no commit yet");
}

#[test]
fn a_branch_that_exists_is_refused() {
    let scene = Scene::new(&[("a.c", "int a;\n")]);
    scene.git(&["branch", "taken"]);
    let with = |name: &str| {
        ["series", "--repo", "tree", "--rules", RULE, "-o", "out", "--branch", name].map(str::to_owned)
    };
    for (name, word) in
        [("taken", "branch `taken` exists"), ("taken/sub", "taken"), ("main", "`main`"), ("a..b", "a..b")]
    {
        let arguments = with(name);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let status = if name == "a..b" { 2 } else { 3 };
        scene.refuses(&arguments, status, word);
    }
}

#[test]
fn an_output_directory_with_files_is_refused() {
    let scene = Scene::new(&[("a.c", "int a;\n")]);
    fs::create_dir(scene.path("out")).expect("made");
    scene.write("out/0001-old.patch", "old");
    let arguments = ["series", "--repo", "tree", "--rules", RULE, "--branch", "b", "-o", "out"];
    scene.refuses(&arguments, 4, "is not empty");
    assert_eq!(fs::read_to_string(scene.path("out/0001-old.patch")).expect("still there"), "old");
    scene.write("file", "text");
    scene.refuses(&["series", "--repo", "tree", "--rules", RULE, "-o", "file"], 4, "is not a directory");
}

#[test]
fn colours_are_used_when_asked_for_only() {
    let scene = Scene::new(&[]);
    let plain = scene.run(&["diff", "--repo", "tree"]);
    assert!(!plain.stderr.contains('\u{1b}'));
    let colored = scene.run(&["diff", "--repo", "tree", "--color", "always"]);
    assert!(colored.stderr.contains('\u{1b}'));
    let mut command = vedalia(scene.home.path(), &["diff", "--repo", "tree", "--color", "auto"]);
    assert!(!Ran::of(command.env("NO_COLOR", "1")).stderr.contains('\u{1b}'));
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let scene = Scene::new(&[]);
    let mut command = vedalia(scene.home.path(), &["rules"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ends");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
    assert!(output.status.code().is_some_and(|code| code == 0));
}

#[test]
fn a_full_disk_is_told() {
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let scene = Scene::new(&[]);
    let output = vedalia(scene.home.path(), &["rules"]).stdout(full).output().expect("runs");
    assert_eq!(output.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write to standard output"));
}

/// The demo's tree in a repository of its own.
pub(crate) fn demo() -> Scene {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/demo/tree");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&root).expect("below the root").to_string_lossy().into_owned();
                files.push((name, fs::read_to_string(&path).expect("text")));
            }
        }
    }
    files.sort();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    Scene::new(&files)
}

#[test]
fn the_demo_shows_the_whole_way() {
    let scene = Scene::new(&[]);
    let before = scene.state();
    let ran = scene.run(&["series", "--demo"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    for word in ["safe ", "refuse ", "0000-cover-letter.patch", "git send-email outgoing"] {
        assert!(ran.stdout.contains(word), "`{word}` is not in:\n{}", ran.stdout);
    }
    assert_eq!(scene.state(), before);
    let ran = scene.run(&["series", "--demo", "-o", "mails", "--branch", "b"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let mails = fs::read_dir(scene.path("mails")).expect("the mails are there").count();
    assert!(mails >= 4, "{mails} mails");
}

#[test]
fn a_series_gives_the_branch_back_and_touches_nothing_else() {
    let scene = demo();
    let dirty = scene.path("tree/lib/untracked.c");
    fs::write(&dirty, "int untracked;\n").expect("written");
    let before = scene.git(&["status", "--porcelain"]) + &scene.git(&["rev-parse", "HEAD"]);
    let arguments =
        ["series", "--repo", "tree", "--rules", RULE, "--branch", "walks", "-o", "out/mails", "-s", "--rfc"];
    let ran = scene.run(&arguments);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(scene.git(&["status", "--porcelain"]) + &scene.git(&["rev-parse", "HEAD"]), before);
    let mut mails: Vec<PathBuf> = fs::read_dir(scene.path("out/mails"))
        .expect("readable")
        .map(|e| e.expect("readable").path())
        .collect();
    mails.sort();
    let cover = fs::read_to_string(&mails[0]).expect("text");
    assert!(cover.contains("Subject: [RFC PATCH 0/") && cover.contains("base-commit: "), "{cover}");
    scene.git(&["clone", "--quiet", ".", "../clone"]);
    let mut am = vec!["-C".to_owned(), "../clone".to_owned(), "am".to_owned(), "--quiet".to_owned()];
    am.extend(mails[1..].iter().map(|mail| mail.display().to_string()));
    scene.git(&am.iter().map(String::as_str).collect::<Vec<_>>());
    let tree = scene.git(&["rev-parse", "walks^{tree}"]);
    assert_eq!(scene.git(&["-C", "../clone", "rev-parse", "HEAD^{tree}"]), tree);
    // The same again is refused, and there is nothing left to do on the branch.
    assert_eq!(scene.run(&arguments).status, 3);
    let again =
        scene.run(&["series", "--repo", "tree", "--base", "walks", "--rules", RULE, "--branch", "more"]);
    assert_eq!(again.status, 1, "{}", again.stderr);
    assert!(again.stderr.contains("nothing to convert"), "{}", again.stderr);
}

#[test]
fn the_dry_run_is_what_the_series_does() {
    let scene = demo();
    let before = scene.state();
    let ran = scene.run(&["diff", "--repo", "tree", "--rules", RULE]);
    assert_eq!((ran.status, scene.state()), (0, before), "{}", ran.stderr);
    let patch = scene.write("dry.diff", &ran.stdout);
    scene.git(&["apply", "--check", &patch]);
    scene.git(&["apply", "--index", &patch]);
    let applied = scene.git(&["write-tree"]);
    scene.git(&["reset", "--hard", "--quiet"]);
    assert_eq!(scene.run(&["series", "--repo", "tree", "--rules", RULE, "--branch", "walks"]).status, 0);
    assert_eq!(scene.git(&["rev-parse", "walks^{tree}"]), applied);
    assert_eq!(scene.run(&["diff", "--repo", "tree", "--rules", RULE]).stdout, ran.stdout);
}

#[test]
fn programs_get_json() {
    let scene = demo();
    let ran = scene.run(&["diff", "--repo", "tree", "--rules", RULE, "--format", "json", "-j", "1"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let sites = document["sites"].as_array().expect("a list");
    let refused = sites.iter().find(|site| site["function"] == "lapwing_load").expect("is listed");
    assert_eq!(refused["refusal"]["code"], "no-outer-loop");
    assert!(sites.iter().any(|site| site["obligations"].as_array().is_some_and(|list| !list.is_empty())));
    assert!(document["diff"].as_str().is_some_and(|diff| diff.starts_with("diff --git ")));
}

#[test]
fn a_file_of_another_encoding_stays_as_it_is() {
    let scene = demo();
    fs::write(scene.path("tree/fs/latin.c"), b"/* Andr\xe9 */ char *s = \"iov_iter_get_pages2(\";\n\0")
        .expect("written");
    scene.git(&["add", "--all"]);
    scene.git(&["commit", "--quiet", "-m", "Latin"]);
    let ran = scene.run(&["diff", "--repo", "tree", "--rules", RULE]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(!ran.stdout.contains("latin.c"), "{}", ran.stdout);
}

#[test]
fn paths_say_where_to_look() {
    let scene = demo();
    let ran = scene.run(&["diff", "--repo", "tree", "--rules", RULE, "net", "crypto/lapwing.c"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("net/kestrel/feed.c") && !ran.stdout.contains("fs/wren"), "{}", ran.stdout);
    assert_eq!(scene.run(&["diff", "--repo", "tree", "--rules", RULE, "crypto"]).status, 1);
}

#[test]
fn a_patch_that_does_not_build_stops_the_series() {
    let scene = demo();
    let series = |build: &str, branch: &str| {
        scene.run(&[
            "series", "--repo", "tree", "--rules", RULE, "--branch", branch, "-o", branch, "--build", build,
        ])
    };
    let built = series("for f in {files}; do cc -c -I include -o /dev/null -x c $f || exit 1; done", "built");
    assert_eq!(built.status, 0, "{}", built.stderr);
    let refs = scene.git(&["for-each-ref"]);
    let failed = series("! grep -q for_each_page {files}", "failed");
    assert_eq!((failed.status, scene.git(&["for-each-ref"])), (1, refs.clone()), "{}", failed.stderr);
    assert!(failed.stderr.contains("does not build"), "{}", failed.stderr);
    let noisy = series("grep -q for_each_page {files} && echo 'lib/x.c:1: warning: new' || true", "noisy");
    assert_eq!((noisy.status, scene.git(&["for-each-ref"])), (1, refs), "{}", noisy.stderr);
    assert!(noisy.stderr.contains("lib/x.c:1: new") && !scene.path("noisy").exists(), "{}", noisy.stderr);
}

#[test]
fn a_site_is_explained() {
    let scene = demo();
    let explain = |place: &str| scene.run(&["explain", place, "--repo", "tree", "--rules", RULE]);
    let refused = explain("crypto/lapwing.c:30");
    assert_eq!(refused.status, 0, "{}", refused.stderr);
    assert!(refused.stdout.contains("note[no-outer-loop]: refused: "), "{}", refused.stdout);
    let converted = explain("net/kestrel/feed.c:1");
    assert_eq!(converted.status, 1, "{}", converted.stderr);
    assert!(
        converted.stdout.contains("nearest site") && converted.stdout.contains("O1"),
        "{}",
        converted.stdout
    );
    assert_eq!(explain("MAINTAINERS:1").status, 1);
    assert_eq!(explain("MAINTAINERS").status, 2);
    let codes = scene.run(&["refusals"]);
    assert!(codes.stdout.contains("no-outer-loop"), "{}", codes.stdout);
}

#[test]
fn the_readme_shows_what_the_demo_does() {
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("is there");
    let blocks: Vec<&str> =
        readme.split("```c\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let [before, after] = blocks.as_slice() else { panic!("the README shows one conversion") };
    let scene = demo();
    let file = scene.path("tree/drivers/char/tern.c");
    assert!(fs::read_to_string(&file).expect("text").contains(before));
    let patch = scene
        .write("dry.diff", &scene.run(&["diff", "--repo", "tree", "--rules", RULE, "drivers/char"]).stdout);
    scene.git(&["apply", &patch]);
    let result = fs::read_to_string(&file).expect("text");
    assert!(result.contains(after), "the README shows another result than:\n{result}");
}
