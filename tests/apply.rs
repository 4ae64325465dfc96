//! `vedalia apply` and `spatch`, as a user runs them.
//!
//! In: small trees of our own, without a repository. Out: exit status, streams, and what is on the disk afterwards. The
//! expected headers were compared by hand with what Coccinelle prints for the same files.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const RULE: &str = "@@\nexpression x;\n@@\n- foo(x)\n+ baz(x)\n";
const MARKS: &str = "virtual context\n@depends on context@\nexpression x;\n@@\n* foo(x)\n";
const CODE: &str = "int f(int a)\n{\n\tfoo(a);\n\treturn 0;\n}\n";
const HUNK: &str = "@@ -1,5 +1,5 @@\n int f(int a)\n {\n-\tfoo(a);\n+\tbaz(a);\n \treturn 0;\n }\n";

/// A directory with rules and code in it.
pub(crate) struct Scene {
    home: tempfile::TempDir,
}

pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Scene {
    /// `r.cocci`, `s.cocci`, and in `d`: `a.c`, `sub/b.c`, `h.h` with a call and `none.c` without.
    pub(crate) fn new() -> Self {
        let scene = Self { home: tempfile::tempdir().unwrap() };
        scene.write("r.cocci", RULE);
        scene.write("s.cocci", MARKS);
        for path in ["d/a.c", "d/sub/b.c", "d/h.h"] {
            scene.write(path, CODE);
        }
        scene.write("d/none.c", "int none;\n");
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn program(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> Ran {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.home.path())
            .env("HOME", self.home.path())
            .env("NO_COLOR", "1");
        for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            command.env_remove(variable);
        }
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran {
            status: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// `vedalia apply`, with the arguments separated by blanks.
    pub(crate) fn apply(&self, line: &str) -> Ran {
        let mut arguments = vec!["apply"];
        arguments.extend(line.split_whitespace());
        self.program(env!("CARGO_BIN_EXE_vedalia"), &arguments)
    }

    /// The same through a link called `spatch`.
    pub(crate) fn spatch(&self, line: &str) -> Ran {
        let link = self.path("spatch");
        if !link.exists() {
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_vedalia"), &link).unwrap();
        }
        self.program(link, &line.split_whitespace().collect::<Vec<_>>())
    }
}

impl Ran {
    /// The paths in the `+++` lines.
    pub(crate) fn files(&self) -> Vec<&str> {
        self.stdout.lines().filter_map(|line| line.strip_prefix("+++ ")).collect()
    }

    pub(crate) fn done(self) -> Self {
        assert_eq!(self.status, 0, "{}", self.stderr);
        self
    }
}

fn header(path: &str) -> String {
    format!("diff -u -p a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n")
}

#[test]
fn a_file_gives_a_diff_and_a_summary() {
    let ran = Scene::new().apply("r.cocci d/a.c").done();
    assert_eq!(ran.stdout, header("d/a.c") + HUNK);
    assert_eq!(ran.stderr, "1 file changed; 1 of 1 file holds a word of the rules, 1 function read\n");
}

#[test]
fn a_directory_gives_paths_from_there() {
    let scene = Scene::new();
    let wanted = format!("{}{HUNK}{}{HUNK}", header("a.c"), header("sub/b.c"));
    for line in
        ["r.cocci --dir d", "--sp-file r.cocci d", "--cocci-file r.cocci -dir d/", "r.cocci --dir x --dir d"]
    {
        let ran = scene.apply(&format!("{line} --very-quiet")).done();
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (wanted.as_str(), ""), "{line}");
    }
    assert_eq!(scene.apply("r.cocci --dir d --patch .").files(), ["b/d/a.c", "b/d/sub/b.c"]);
    assert_eq!(scene.apply("r.cocci d/a.c d/sub").files(), ["b/d/a.c", "b/d/sub/b.c"]);
    assert_eq!(scene.apply("r.cocci --dir d --include-headers").files(), ["b/a.c", "b/h.h", "b/sub/b.c"]);
    assert_eq!(scene.apply("r.cocci --dir d --ignore d/su").files(), ["b/a.c"]);
    assert_eq!(scene.apply("r.cocci --dir d -j 2").stdout, scene.apply("r.cocci --dir d -j1").stdout);
}

#[test]
fn a_list_names_files() {
    let scene = Scene::new();
    scene.write("list", "// first group\nd/sub/b.c\n\n// second group\nd/h.h\n");
    assert_eq!(scene.apply("r.cocci --file-groups list").files(), ["b/d/sub/b.c", "b/d/h.h"]);
}

#[test]
fn marked_lines_are_shown_and_stay() {
    let scene = Scene::new();
    let ran = scene.apply("s.cocci -D context --dir d --in-place").done();
    let hunk = "@@ -1,5 +1,4 @@\n int f(int a)\n {\n-\tfoo(a);\n \treturn 0;\n }\n";
    assert!(
        ran.stdout.starts_with(&format!(
            "diff -u -p d/a.c /tmp/nothing/a.c\n--- d/a.c\n+++ /tmp/nothing/a.c\n{hunk}"
        ))
    );
    assert!(ran.stderr.starts_with("2 files marked; "));
    assert_eq!(scene.read("d/a.c"), CODE);
}

#[test]
fn results_go_where_they_are_sent() {
    let scene = Scene::new();
    let ran = scene.apply("r.cocci d/a.c -o out.c --no-show-diff").done();
    assert_eq!((ran.stdout.as_str(), scene.read("d/a.c").as_str()), ("", CODE));
    assert_eq!(scene.read("out.c"), CODE.replace("foo", "baz"));
    let ran = scene.apply("r.cocci d/none.c -o same.c").done();
    assert!(
        ran.stderr.contains("nothing changes; `same.c` was not written") && !scene.path("same.c").exists()
    );
    scene.apply("r.cocci d/h.h --out-place").done();
    assert_eq!(scene.read("d/h.h.cocci_res"), CODE.replace("foo", "baz"));
    assert_eq!(
        scene.apply("r.cocci --in-place --dir d --suffix .orig").done().files(),
        ["b/a.c", "b/sub/b.c"]
    );
    assert_eq!(scene.read("d/sub/b.c"), CODE.replace("foo", "baz"));
    assert_eq!(scene.read("d/sub/b.c.orig"), CODE);
    assert_eq!(scene.apply("r.cocci --in-place --dir d").done().stdout, "", "a second run finds nothing");
}

#[test]
fn the_status_tells_when_it_is_asked_to() {
    let scene = Scene::new();
    assert_eq!(scene.apply("r.cocci d/a.c --exit-code").status, 1);
    assert_eq!(scene.apply("r.cocci d/none.c --exit-code").status, 0);
    scene.write("d/bad.c", "int f(void)\n{\n\tif (foo(1) {{ ) ;\n}\n");
    let ran = scene.apply("r.cocci d/bad.c --strict --verbose-parsing");
    assert_eq!(ran.status, 5, "{}", ran.stderr);
    assert!(ran.stderr.contains("not looked at") && ran.stderr.contains("d/bad.c:"), "{}", ran.stderr);
}

#[test]
fn mistakes_are_told_before_anything_is_done() {
    let scene = Scene::new();
    scene.write("bad.cocci", "@@\nexpression x\n@@\n- f(\n\n@@\nnonsense y;\n@@\n- g(y)\n");
    for (line, words) in [
        ("d/a.c", "no rule file is given"),
        ("no.cocci d/a.c", "cannot read the rule file `no.cocci`"),
        ("r.cocci", "no files are given"),
        ("r.cocci d/a.c d/no.c", "there is no file or directory `d/no.c`"),
        ("r.cocci --dir no", "there is no file or directory `no`"),
        ("r.cocci s.cocci d/a.c", "`s.cocci` is a rule file, and one is given already"),
        ("s.cocci -D patch d/a.c", "virtual rule patch not supported"),
        ("r.cocci -o x d/a.c d/h.h", "-o takes the result of one file, and there are 2"),
        ("r.cocci -o x --in-place d/a.c", "cannot be used with"),
        ("r.cocci --nonsense d/a.c", "unexpected argument '--nonsense'"),
        ("r.cocci --macro-file no.h d/a.c", "cannot read the macro file `no.h`"),
        ("r.cocci --iso-file no.iso d/a.c", "cannot read the isomorphism file `no.iso`"),
        ("bad.cocci d/a.c", "bad.cocci:"),
    ] {
        let ran = scene.apply(line);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{line}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{line}: {}", ran.stderr);
    }
    assert!(scene.apply("r.cocci --ignore-unknown-options --nonsense d/a.c").done().stdout.ends_with(HUNK));
    let ran = scene.apply("r.cocci --ibm d/a.c").done();
    assert!(
        ran.stderr.starts_with("warning: `--ibm` is not supported and has no effect\n"),
        "{}",
        ran.stderr
    );
}

#[test]
fn headers_that_are_not_read_are_told_where_they_matter() {
    let scene = Scene::new();
    let line = "d/a.c -I include --all-includes --include-headers-for-types";
    assert!(!scene.apply(&format!("r.cocci {line}")).done().stderr.contains("headers"));
    scene.write("typed.cocci", "@@\nstruct box *x;\n@@\n- foo(x)\n+ baz(x)\n");
    let ran = scene.apply(&format!("typed.cocci {line}")).done();
    assert!(
        ran.stderr.starts_with("warning: only headers that the files include are read"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("help: without effect: --include-headers-for-types\n"), "{}", ran.stderr);
    assert!(!scene.apply(&format!("typed.cocci --no-includes {line}")).done().stderr.contains("headers"));
}

#[test]
fn what_cannot_be_written_is_told_and_nothing_is_lost() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::new();
    fs::set_permissions(scene.path("d/a.c"), fs::Permissions::from_mode(0o444)).unwrap();
    let ran = scene.apply("r.cocci --in-place --dir d");
    assert_eq!(ran.status, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("cannot write `d/a.c`: it is read-only"), "{}", ran.stderr);
    assert_eq!((scene.read("d/a.c").as_str(), scene.read("d/sub/b.c")), (CODE, CODE.replace("foo", "baz")));
}

#[test]
fn bytes_that_are_no_utf8_are_kept() {
    let scene = Scene::new();
    let latin1 = b"/* Andr\xe9 */\nvoid f(void)\n{\n\tfoo(\"\xfc\"); // \xe4\n}\n";
    scene.write("l.c", latin1);
    scene.apply("r.cocci --in-place l.c").done();
    let wanted: Vec<u8> =
        [&b"/* Andr\xe9 */\nvoid f(void)\n{\n\tbaz("[..], b"\"\xfc\"); // \xe4\n}\n"].concat();
    assert_eq!(fs::read(scene.path("l.c")).unwrap(), wanted);
}

#[test]
fn macro_and_iso_files_count() {
    let scene = Scene::new();
    scene.write("n.cocci", "@@\nexpression x;\n@@\n- x == NULL\n+ !x\n");
    scene.write("n.c", "int f(int *p)\n{\n\treturn NULL == p;\n}\n");
    scene.write("none.iso", "");
    assert_eq!(scene.apply("n.cocci n.c").done().files(), ["b/n.c"]);
    assert_eq!(scene.apply("n.cocci n.c --iso-file none.iso").done().files(), [""; 0]);
    scene.write("m.c", "void f(void)\n{\n\tWITH_IT(x)\n\t\tfoo(1);\n}\n");
    scene.write("m.h", "#define WITH_IT(x) for (;;)\n");
    assert_eq!(scene.apply("r.cocci m.c --macro-file m.h").done().files(), ["b/m.c"]);
}

#[test]
fn files_do_not_change_how_others_are_read() {
    let scene = Scene::new();
    scene.write("x.c", "#define T(n) for (;;)\ntypedef int foo;\nvoid f(void)\n{\n\tT(x)\n\t\tfoo(1);\n}\n");
    scene.write("y.c", "void g(void)\n{\n\tT(x);\n\tfoo(1);\n}\n");
    let alone = scene.apply("r.cocci y.c --very-quiet").done().stdout;
    let together = scene.apply("r.cocci x.c y.c --very-quiet").done().stdout;
    assert!(!alone.is_empty() && together.ends_with(&alone), "{alone}\n{together}");
}

#[test]
fn links_in_a_directory_are_passed_over_and_named_ones_followed() {
    let scene = Scene::new();
    std::os::unix::fs::symlink("a.c", scene.path("d/link.c")).unwrap();
    std::os::unix::fs::symlink(".", scene.path("d/loop")).unwrap();
    assert_eq!(scene.apply("r.cocci --dir d").done().files(), ["b/a.c", "b/sub/b.c"]);
    scene.apply("r.cocci --in-place d/link.c").done();
    assert_eq!(scene.read("d/a.c"), CODE.replace("foo", "baz"));
    assert!(fs::symlink_metadata(scene.path("d/link.c")).unwrap().is_symlink());
}

#[test]
fn configuration_files_and_spatch_lines_give_options() {
    let scene = Scene::new();
    scene.write("d/.cocciconfig", "[spatch]\n\toptions = --include-headers\n");
    assert_eq!(scene.apply("r.cocci --dir d").done().files(), ["b/a.c", "b/h.h", "b/sub/b.c"]);
    scene.write("q.cocci", format!("#spatch --no-show-diff\n{RULE}"));
    assert_eq!(scene.apply("q.cocci d/a.c").done().stdout, "");
    assert_eq!(scene.apply("q.cocci d/a.c --show-diff").done().files(), ["b/d/a.c"]);
}

#[test]
fn tracked_files_are_those_that_git_knows() {
    let scene = Scene::new();
    for arguments in [&["init", "--quiet", "."][..], &["add", "d/sub/b.c", "d/h.h"]] {
        assert_eq!(scene.program("git", arguments).status, 0);
    }
    assert_eq!(scene.apply("r.cocci --use-gitgrep --dir d").done().files(), ["b/sub/b.c"]);
    fs::remove_dir_all(scene.path(".git")).unwrap();
    assert_eq!(scene.apply("r.cocci --use-gitgrep --dir d").done().files(), ["b/a.c", "b/sub/b.c"]);
}

#[test]
fn spatch_has_its_own_habits() {
    let scene = Scene::new();
    let ran = scene.spatch("-sp_file r.cocci -very_quiet d/a.c").done();
    let (head, hunk) = ran.stdout.split_at(ran.stdout.find("@@").unwrap());
    assert_eq!(hunk, HUNK);
    assert!(head.starts_with("--- d/a.c\n+++ /tmp/cocci-output-") && head.ends_with("-a.c\n"), "{head}");
    assert_eq!(scene.spatch("--sp-file r.cocci --dir d --very-quiet").done().files(), ["b/a.c", "b/sub/b.c"]);
    for line in ["-D patch --sp-file r.cocci d/a.c", "--sp-file r.cocci no.c", "--sp-file no.cocci d/a.c"] {
        assert_eq!(scene.spatch(line).status, 255, "{line}");
    }
    assert_eq!(scene.spatch("--sp-file r.cocci --nonsense d/a.c").status, 2);
    let version = scene.spatch("--version").done().stdout;
    assert!(version.split_whitespace().nth(2).is_some_and(|word| word.starts_with("1.")), "{version}");
    assert!(scene.spatch("--help").done().stdout.contains("--jobs"));
    let arguments = ["spatch", "--very-quiet", "--sp-file", "r.cocci", "d/none.c"];
    assert_eq!(scene.program(env!("CARGO_BIN_EXE_vedalia"), &arguments).done().stdout, "");
}

#[test]
fn rules_can_be_checked_alone() {
    let scene = Scene::new();
    assert!(scene.apply("--parse-cocci s.cocci").done().stdout.contains("1 rule"));
    scene.write("bad.cocci", "@@\nexpression x;\n@@\n- f(\n");
    assert_eq!(scene.spatch("--parse-cocci bad.cocci").status, 255);
    scene.write("py.cocci", "@r@\nposition p;\n@@\nf@p()\n@script:python@\np << r.p;\n@@\nprint(p)\n");
    assert!(scene.apply("--parse-cocci py.cocci").done().stdout.contains("py.cocci: 1 rules: r"));
    assert_eq!(scene.apply("py.cocci d/a.c").status, 2);
}

#[test]
fn the_diff_applies() {
    let scene = Scene::new();
    let ran = scene.apply("r.cocci d/a.c d/sub/b.c --very-quiet").done();
    scene.write("x.diff", ran.stdout);
    assert_eq!(scene.program("git", &["apply", "x.diff"]).status, 0);
    assert_eq!(scene.read("d/sub/b.c"), CODE.replace("foo", "baz"));
    assert!(Path::new(&scene.path("d/a.c")).exists());
}
