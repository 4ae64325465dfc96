//! Ordinary rules through `vedalia diff` and `vedalia series`.
//!
//! In: a repository made on the spot, and a rule of our own in the form of the kernel's rules. Out: snapshots of the dry run
//! and of the mails, and the refusals.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

const RULE: &str = "\
// SPDX-License-Identifier: MIT OR Apache-2.0
/// Use plover_dup() rather than a copy of it.
///
/// It checks the size before it copies.
//
// Confidence: High
// Options: --no-includes --include-headers

virtual patch
virtual report

@depends on patch@
expression to, from, size;
statement S;
@@

- to = plover_alloc(size);
+ to = plover_dup(from, size);
  if (to == NULL) S
- memcpy(to, from, size);
";

const KEEP: &str = "\
int plover_keep(struct plover *plover, const char *text, int size)
{
	char *copy;

	copy = plover_alloc(size);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, size);
	plover->text = copy;
	return 0;
}

int plover_keep_all(struct plover *plover)
{
	plover->all = plover_alloc(plover->size);
	if (plover->all == NULL)
		return -ENOMEM;

	memcpy(plover->all, plover->some, plover->size);
	return 0;
}
";

struct Scene {
    home: tempfile::TempDir,
}

impl Scene {
    fn new(files: &[(&str, &str)]) -> Self {
        let scene = Self { home: tempfile::tempdir().unwrap() };
        for (path, text) in files {
            scene.write(&format!("tree/{path}"), text);
        }
        scene.run("git", &["-C", "tree", "init", "--quiet", "--initial-branch=main", "."]);
        scene.run("git", &["-C", "tree", "add", "--all"]);
        scene.run("git", &["-C", "tree", "commit", "--quiet", "-m", "birds: add plovers"]);
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    /// Exit status, standard output, standard error.
    fn run(&self, program: &str, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.home.path()).env("HOME", "/nonexistent");
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").env("NO_COLOR", "1");
        for variable in ["GIT_DIR", "GIT_WORK_TREE", "EMAIL", "SOURCE_DATE_EPOCH"] {
            command.env_remove(variable);
        }
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "Ann Author");
            command.env(format!("GIT_{role}_EMAIL"), "ann@example.org");
            command.env(format!("GIT_{role}_DATE"), "1700000000 +0000");
        }
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
    }

    fn vedalia(&self, line: &str) -> (i32, String, String) {
        self.run(env!("CARGO_BIN_EXE_vedalia"), &line.split_whitespace().collect::<Vec<_>>())
    }
}

fn birds() -> Scene {
    let header = "static inline void plover_in_header(void)\n{\n}\n";
    let scene = Scene::new(&[("birds/plover.c", KEEP), ("birds/plover.h", header), ("MAINTAINERS", "\n")]);
    scene.write("dup.cocci", RULE);
    scene
}

/// The version and the names of commits say nothing about the series.
fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let ids = regex::Regex::new("[0-9a-f]{40}").unwrap();
    let text = ids.replace_all(text, "<commit>").replace(env!("CARGO_PKG_VERSION"), "<version>");
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn a_rule_gives_verdicts_and_a_diff() {
    let (status, stdout, stderr) = birds().vedalia("diff --repo tree --rules dup.cocci");
    assert_eq!(status, 0, "{stderr}");
    snapshot("apply-diff", &format!("{stdout}{stderr}"));
}

#[test]
fn a_rule_gives_a_series() {
    let scene = birds();
    let line = "series --repo tree --rules dup.cocci -o out --branch dup --split function --date 1700000000";
    let (status, _, stderr) = scene.vedalia(line);
    assert_eq!(status, 0, "{stderr}");
    let mut names: Vec<PathBuf> =
        fs::read_dir(scene.path("out")).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let mails: Vec<String> = names.iter().map(|name| fs::read_to_string(name).unwrap()).collect();
    snapshot("apply-series", &mails.concat());
    // Each patch applies, and all of them together are what the dry run shows.
    let mails: Vec<&str> =
        names.iter().map(|name| name.to_str().unwrap()).filter(|n| !n.contains("0000")).collect();
    let (status, _, stderr) =
        scene.run("git", &[&["-C", "tree", "am", "--quiet"], mails.as_slice()].concat());
    assert_eq!(status, 0, "{stderr}");
    assert_eq!(scene.run("git", &["-C", "tree", "diff", "--quiet", "dup"]).0, 0);
}

#[test]
fn a_rule_that_changes_nothing_is_refused() {
    let scene = birds();
    scene.write("mark.cocci", "@@\n@@\n* plover_alloc(...)\n");
    let (status, stdout, stderr) = scene.vedalia("diff --repo tree --rules mark.cocci");
    assert_eq!((status, stdout.as_str()), (2, ""));
    assert!(stderr.contains("the rules of this file change nothing"), "{stderr}");
}

#[test]
fn a_rule_without_words_is_named_after_its_file() {
    let scene = birds();
    scene.write("plain.cocci", "@@\nexpression E;\n@@\n- plover_alloc(E)\n+ plover_new(E)\n");
    let (status, stdout, stderr) = scene.vedalia("diff --repo tree --rules plain.cocci --format json");
    assert_eq!(status, 0, "{stderr}");
    assert!(
        stdout.contains("\"verdict\": \"rewritten\"") && stdout.contains("+\\tcopy = plover_new(size);"),
        "{stdout}"
    );
    let (status, stdout, _) = scene.vedalia("explain birds/plover.c:5 --repo tree --rules plain.cocci");
    assert_eq!(status, 0);
    assert!(stdout.contains("rewritten by plain: apply plain.cocci"), "{stdout}");
}

#[test]
fn what_a_rule_leaves_out_has_a_code_of_its_own() {
    let two = "int f(int a)\n{\n\tpick(p);\n\tpick(q);\n\tuse();\n}\n";
    let arms = "int g(int x)\n{\n#ifdef A\n\tif (old(x)) {\n#else\n\tif (other(x)) {\n#endif\n\t\tb();\n\t}\n\treturn 0;\n}\n";
    let scene = Scene::new(&[("two.c", two), ("arms.c", arms), ("MAINTAINERS", "\n")]);
    let conflict = "@r@\nidentifier x;\n@@\n  pick(x);\n@@\nidentifier r.x;\n@@\n- use();\n+ use(x);\n";
    scene.write("conflict.cocci", conflict);
    scene.write("arm.cocci", "@@\nexpression E;\nstatement S;\n@@\n- if (old(E)) S\n");
    for (rule, place, code) in [("conflict", "two.c:5", "smpl-conflict"), ("arm", "arms.c:4", "unread-code")]
    {
        let (_, stdout, stderr) = scene.vedalia(&format!("diff --repo tree --rules {rule}.cocci"));
        let line = stdout.lines().find(|line| line.contains(code)).unwrap_or_default();
        assert!(line.contains(place) && line.starts_with("refuse"), "{stdout}{stderr}");
    }
}

#[test]
fn options_have_the_names_of_coccinelle() {
    let scene = birds();
    scene.write(
        "dup.cocci",
        "virtual patch\nvirtual shy\n\n@depends on patch && shy@\nidentifier virtual.to;\n@@\n- plover_alloc\n+ to\n  (...)\n",
    );
    let diff = "diff --repo tree --rules dup.cocci -D to=plover_ask";
    let (exit, _, told) = scene.vedalia(diff);
    assert!(exit == 2 && told.contains("no-change"), "`shy` is off: {told}");
    let (exit, diff, _) = scene.vedalia(&format!("{diff} -D shy"));
    assert!(exit == 0 && diff.contains("+\tcopy = plover_ask(size);"), "{diff}");
    let (exit, _, told) = scene.vedalia("series --repo tree --rules dup.cocci -D bold --branch b");
    assert_eq!(exit, 2);
    assert!(told.contains("virtual rule bold not supported") && told.contains("patch, shy"), "{told}");
    let (exit, _, told) = scene.vedalia("diff --repo tree --rules dup.cocci --iso-file none.iso");
    assert!(exit == 2 && told.contains("cannot read the isomorphism file `none.iso`"), "{told}");
}

#[cfg(feature = "python")]
#[test]
fn scripts_of_a_patch_run_when_that_is_allowed() {
    let scene = birds();
    scene.write(
        "dup.cocci",
        "\
virtual patch

@initialize:python@
@@
seen = []

@found@
identifier fn = { plover_alloc };
position p;
@@
fn@p(...)

@script:python made@
fn << found.fn;
p << found.p;
other;
@@
seen.append(p[0].line)
coccinelle.other = fn + \"_many\"

@depends on patch@
identifier found.fn;
identifier made.other;
position found.p;
@@
- fn@p
+ other
  (...)

@finalize:python@
@@
print(\"%d calls\" % len(seen))
",
    );
    let (exit, _, told) = scene.vedalia("diff --repo tree --rules dup.cocci");
    assert!(exit == 2 && told.contains("--allow-scripts"), "{told}");
    let (exit, diff, told) = scene.vedalia("diff --repo tree --rules dup.cocci --allow-scripts");
    assert_eq!(exit, 0, "{told}");
    assert_eq!(diff.matches("plover_alloc_many").count(), 2, "{diff}");
    assert!(told.contains("2 calls"), "{told}");
}

#[test]
fn rules_of_other_files_are_included_by_every_command() {
    let scene = birds();
    scene.write("shared/new.cocci", "@new@\nexpression E;\n@@\n- plover_alloc(E)\n+ plover_new(E)\n");
    scene.write("all.cocci", "#include \"shared/new.cocci\"\n\n@no@\n@@\n- plover_none();\n");
    let (status, diff, told) = scene.vedalia("diff --repo tree --rules all.cocci");
    assert!(status == 0 && diff.contains("+\tcopy = plover_new(size);"), "{diff}{told}");
    let (status, answer, told) = scene.vedalia("explain all.cocci tree/birds/plover.c:5");
    assert!(status == 0 && answer.contains("new matches here"), "{answer}{told}");
    let (_, answer, _) = scene.vedalia("explain all.cocci tree/birds/plover.c:8");
    assert!(!answer.contains("all.cocci:4"), "{answer}");
    scene.write("shared/new.cocci", "@new@\nexpresion E;\n@@\n- plover_alloc(E)\n");
    for command in ["diff --repo tree --rules all.cocci", "explain all.cocci tree/birds/plover.c:5"] {
        let (status, _, told) = scene.vedalia(command);
        assert!(status == 2 && told.contains("shared/new.cocci:2:1"), "{told}");
    }
}
