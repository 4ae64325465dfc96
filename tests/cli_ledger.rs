//! What the command says about what it did not read.
//!
//! In: trees with code that the parser cannot read, or reads only with a macro file. Out: the ledger on standard error,
//! in the JSON, and in the exit status of `--strict`; and `vedalia parse`.

use serde_json::Value;

use crate::cli::{RULE, Scene, demo};

/// A scene with the demo's tree and one more file.
fn demo_with(path: &str, text: &str) -> Scene {
    let scene = demo();
    scene.write(&format!("tree/{path}"), text);
    scene.git(&["add", "--all"]);
    scene.git(&["commit", "--quiet", "-m", "One more file"]);
    scene
}

fn json(scene: &Scene, arguments: &[&str]) -> Value {
    let ran = scene.run(&[arguments, &["--format", "json"]].concat());
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr))
}

/// A call that only a macro's body makes, and one in an arm that is not read.
const HIDDEN: &str = "#define GRAB(i) iov_iter_get_pages2(i, 0, 1, 1, 0)
long hidden(struct iov_iter *i, long n)
{
#ifdef CONFIG_A
	if (n) {
#else
	if (iov_iter_get_pages2(i, 0, 1, 1, 0)) {
#endif
		n = GRAB(i);
	}
	return n;
}
";

#[test]
fn words_of_a_rule_in_unread_code_are_always_told() {
    let scene = demo_with("fs/hidden.c", HIDDEN);
    let ran = scene.run(&["diff", "--repo", "tree", "--rules", RULE]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    for place in ["fs/hidden.c:1 ", "fs/hidden.c:7 "] {
        assert!(ran.stdout.contains(place), "{place} is not in:\n{}", ran.stdout);
    }
    let last = ran.stderr.lines().last().unwrap_or_default();
    assert!(last.contains("1 of them in part, 2 places of such a word not looked at"), "{}", ran.stderr);

    let coverage = &json(&scene, &["diff", "--repo", "tree", "--rules", RULE])["coverage"];
    assert_eq!((&coverage["complete"], &coverage["not_looked_at"]), (&Value::from(false), &Value::from(2)));
    let unseen = coverage["unseen"].as_array().expect("a list");
    assert_eq!(unseen[1]["line"], 7);
    assert_eq!(unseen[1]["word"], "iov_iter_get_pages2");
    assert_eq!(unseen[1]["why"], "another arm of the #if around it was read");
    let opaque = &coverage["opaque"][0];
    assert_eq!((&opaque["path"], &opaque["function"]), (&"fs/hidden.c".into(), &"hidden".into()));
    let read = coverage["read"].as_array().expect("a list");
    let file = read.iter().find(|file| file["path"] == "fs/hidden.c").expect("it was read");
    assert_eq!((&file["functions"], &file["partial"]), (&Value::from(1), &Value::from(1)));

    let explained = scene.run(&["explain", "fs/hidden.c:9", "--repo", "tree", "--rules", RULE]);
    let seventh = "fs/hidden.c:7: `iov_iter_get_pages2` was not looked at: another arm";
    assert!(explained.stderr.contains(seventh), "{}", explained.stderr);
    let verified = scene.run(&["verify", "--exec", "fs/hidden.c:2", "--repo", "tree", "--rules", RULE]);
    let summary = "1 of them in part, 2 places of such a word not looked at";
    assert!(verified.stderr.contains(seventh) && verified.stderr.contains(summary), "{}", verified.stderr);
    let made = ["series", "--repo", "tree", "--rules", RULE, "--branch", "b", "-o", "out"];
    let made = scene.run(&made);
    assert!(made.stderr.contains(summary), "{}", made.stderr);
    let again = json(&scene, &["series", "--repo", "tree", "--rules", RULE, "--branch", "c", "-o", "more"]);
    assert_eq!(again["coverage"]["not_looked_at"], 2);
    assert_eq!(again["series"]["tip"].as_str().map(str::len), Some(40));
    assert!(again["series"]["mails"][0].as_str().is_some_and(|name| scene.path(name).exists()), "{again}");
    let strict = json(&scene, &["series", "--repo", "tree", "--rules", RULE, "--branch", "d", "--strict"]);
    assert_eq!((&strict["coverage"]["complete"], &strict["series"]), (&Value::from(false), &Value::Null));
}

#[test]
fn strict_makes_them_an_error_of_its_own() {
    let scene = demo_with("fs/hidden.c", HIDDEN);
    let strict = |task: &[&str]| {
        let rest = ["--repo", "tree", "--rules", RULE, "--strict"];
        scene.run(&[task, rest.as_slice()].concat()).status
    };
    let before = scene.git(&["for-each-ref"]);
    assert_eq!(strict(&["diff"]), 5);
    assert_eq!(strict(&["series", "--branch", "b", "-o", "out"]), 5);
    assert_eq!(strict(&["explain", "fs/hidden.c:1"]), 5);
    assert_eq!(strict(&["verify", "--exec", "fs/hidden.c:2"]), 5);
    assert_eq!(strict(&["diff", "net"]), 0);
    assert!(scene.git(&["for-each-ref"]) == before && !scene.path("out").exists());
}

#[test]
fn what_is_not_even_opened_is_in_the_ledger() {
    let scene = demo();
    std::os::unix::fs::symlink("hidden.c", scene.path("tree/fs/link.c")).expect("made");
    scene.git(&["add", "--all"]);
    scene.git(&["commit", "--quiet", "-m", "A link"]);
    let coverage = &json(&scene, &["diff", "--repo", "tree", "--rules", RULE])["coverage"];
    let skipped = coverage["skipped"].as_array().expect("a list");
    let why = |path: &str| skipped.iter().find(|file| file["path"] == path).map(|file| file["why"].clone());
    assert_eq!(why("fs/link.c"), Some("a symbolic link".into()));
    assert_eq!(why("lib/iov_iter.c"), Some("the rules put their helper there".into()));
    assert_eq!(coverage["complete"], true);
}

/// A loop and a statement behind macros that nothing defines.
const LOOP: &str = "int f(int n)\n{\n\teach_odd (n)\n\t\tn++;\n\tIMPORTANT\n\treturn n;\n}\n";

#[test]
fn a_file_is_parsed_and_explained() {
    let scene = Scene::new(&[]);
    let file = scene.write("a.c", HIDDEN);
    let ran = scene.run(&["parse", &file]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("12 lines, 1 function, 1 of them read in part"), "{}", ran.stdout);
    assert!(ran.stdout.contains("another arm of the #if around it was read"), "{}", ran.stdout);
    assert_eq!(scene.run(&["parse", &file, "--strict"]).status, 5);
    assert_eq!(scene.run(&["parse", "absent.c"]).status, 2);

    let file = scene.write("loop.c", LOOP);
    let explained = scene.run(&["parse", &file, "--explain"]);
    assert!(
        explained.stdout.contains(":3:2: `each_odd` is the head of a loop, by the tokens around it"),
        "{}",
        explained.stdout
    );
    let document = json(&scene, &["parse", &file, "--explain", "--tree"]);
    let entry = &document["files"][0];
    assert_eq!(entry["macros"][0]["because"], "the tokens around it");
    assert!(entry["tree"].as_str().is_some_and(|tree| tree.starts_with("(translation_unit")));
    assert_eq!(document["coverage"]["complete"], true);
}

#[test]
fn a_macro_file_says_what_a_macro_is() {
    let scene = Scene::new(&[]);
    let code = "int f(int n)\n{\n\teach(n) {\n\t\tn++;\n\t}\n\tHOLD(a, n);\n\treturn n;\n}\n";
    let file = scene.write("a.c", code);
    let macros = scene.write("macros.h", "#define HOLD(x, y) YACFE_DECLARATOR\n");
    let because = |arguments: &[&str]| {
        let document = json(&scene, &[&["parse", &file, "--explain"], arguments].concat());
        let macros = document["files"][0]["macros"].as_array().expect("a list").clone();
        let told = |entry: &Value| format!("{} by {}", entry["text"], entry["because"]).replace('"', "");
        macros.iter().map(told).collect::<Vec<_>>()
    };
    assert_eq!(because(&[]), ["each by the tokens around it"]);
    assert_eq!(
        because(&["--macro-file", &macros]),
        ["each by the tokens around it", "HOLD(a, n) by the macro file macros.h:1"]
    );
    let ran = scene.run(&["parse", &file, "--macro-file", "absent.h"]);
    assert!(
        ran.status == 2 && ran.stderr.contains("cannot read the macro file `absent.h`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn headers_say_what_a_macro_is() {
    let scene = Scene::new(&[]);
    for folder in ["include/deep", "lib"] {
        std::fs::create_dir_all(scene.path(folder)).expect("made");
    }
    scene.write("include/all.h", "#include <deep/marks.h>\n");
    scene.write(
        "include/deep/marks.h",
        "/* Marks. */\n#define each_odd(x) for (; x; x--)\n#define cool COLD\n",
    );
    scene.write("lib/own.h", "#define COLD __attribute__((cold))\n");
    let code = "#include <all.h>\n#include \"own.h\"\n#define warm\nint cool f(int n)\n{\n\teach_odd (n)\n\t\tn++;\n\treturn n;\n}\nint warm g(void);\n";
    scene.write("lib/a.c", code);
    let explained = scene.run(&["parse", "lib/a.c", "--explain"]).stdout;
    for told in [
        "lib/a.c:4:5: `cool` is an attribute, by its #define in include/deep/marks.h:3",
        "lib/a.c:6:2: `each_odd` is the head of a loop, by its #define in include/deep/marks.h:2",
        "lib/a.c:10:5: `warm` is an attribute, by its #define on line 3",
    ] {
        assert!(explained.contains(told), "{told} in\n{explained}");
    }
}

#[test]
fn commands_on_a_tree_take_macro_files() {
    let scene = demo();
    let macros = scene.write("macros.h", "#define tern_each YACFE_ITERATOR\n");
    let ran = scene.run(&["diff", "--repo", "tree", "--rules", RULE, "--macro-file", &macros]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    scene.refuses(
        &["series", "--repo", "tree", "--rules", RULE, "--branch", "b", "--macro-file", "absent.h"],
        2,
        "absent.h",
    );
}

const SMPL: &str = "@@\nexpression E;\n@@\n- old(E)\n+ new(E)\n";

/// A word of that rule in an arm that is not read.
const UNSEEN: &str = "int f(int a)\n{\n#ifdef A\n\tif (a) {\n#else\n\tif (old(a)) {\n#endif\n\t\treturn old(1);\n\t}\n\treturn 0;\n}\n";

#[test]
fn every_command_with_a_semantic_patch_tells_what_it_read() {
    let scene = Scene::new(&[]);
    scene.write("r.cocci", SMPL);
    scene.write("a.c", UNSEEN);
    scene.write("b.c", "int g(void)\n{\n\treturn 1;\n}\n");
    let unseen = "a.c:6: `old` was not looked at: another arm of the #if around it was read";
    let read = "1 function read, 1 of them in part, 1 place of such a word not looked at";
    for line in [
        &["apply", "r.cocci", "a.c", "b.c"][..],
        &["spatch", "--sp-file", "r.cocci", "a.c", "b.c"],
        &["apply", "r.cocci", "a.c", "--format", "json"],
        &["explain", "r.cocci", "a.c:8"],
        &["explain", "r.cocci", "a.c:8", "--format", "json"],
    ] {
        let ran = scene.run(line);
        assert_eq!(ran.status, 0, "{line:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(unseen) && ran.stderr.contains(read), "{line:?}: {}", ran.stderr);
    }
    let quiet = scene.run(&["apply", "r.cocci", "a.c", "--very-quiet"]);
    assert!(quiet.stderr.contains(unseen) && !quiet.stderr.contains(read), "{}", quiet.stderr);
    for line in [&["apply", "r.cocci", "a.c"][..], &["explain", "r.cocci", "a.c:8"]] {
        assert_eq!(scene.run(&[line, &["--strict"]].concat()).status, 5, "{line:?}");
    }
    assert_eq!(scene.run(&["apply", "r.cocci", "b.c", "--strict"]).status, 0);
    let told = scene.run(&["apply", "r.cocci", "a.c", "--verbose-parsing"]).stderr;
    assert!(told.contains("a.c:6: 1 line not read: another arm"), "{told}");
}

#[test]
fn the_whole_ledger_is_in_the_document_of_a_semantic_patch() {
    let scene = Scene::new(&[]);
    scene.write("r.cocci", SMPL);
    scene.write("a.c", UNSEEN);
    let applied = json(&scene, &["apply", "r.cocci", "a.c"]);
    assert_eq!(applied["files"][0]["path"], "a.c");
    assert_eq!(applied["files"][0]["changed"], true);
    assert!(applied["diff"].as_str().is_some_and(|diff| diff.contains("+\t\treturn new(1);")), "{applied}");
    for coverage in [&applied["coverage"], &json(&scene, &["explain", "r.cocci", "a.c:8"])["coverage"]] {
        assert_eq!((&coverage["complete"], &coverage["partial"]), (&Value::from(false), &Value::from(1)));
        assert_eq!(
            (&coverage["unseen"][0]["word"], &coverage["unseen"][0]["line"]),
            (&"old".into(), &Value::from(6))
        );
        assert_eq!(coverage["opaque"][0]["function"], "f");
        assert_eq!(coverage["read"][0]["path"], "a.c");
    }
}

#[test]
fn headers_say_what_a_macro_is_to_semantic_patches_too() {
    let scene = Scene::new(&[]);
    for folder in ["include", "lib", "further"] {
        std::fs::create_dir_all(scene.path(folder)).expect("made");
    }
    // Without the header this is a declaration of `old`.
    scene.write("include/marks.h", "#define odd\n");
    scene.write("further/more.h", "#define even\n");
    scene.write("r.cocci", SMPL);
    let code = |mark: &str| {
        format!(
            "#include <marks.h>\n#include <more.h>\nint f(int n)\n{{\n\t{mark} old(n + 1);\n\treturn n;\n}}\n"
        )
    };
    scene.write("lib/odd.c", &code("odd"));
    scene.write("lib/even.c", &code("even"));
    let changed = |line: &[&str]| {
        let ran = scene.run(&[&["apply", "r.cocci"], line].concat());
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        ran.stdout.matches("new(n + 1);").count()
    };
    assert_eq!(changed(&["--dir", "lib"]), 1);
    assert_eq!(changed(&["--dir", "lib", "-I", "further"]), 2);
    assert_eq!(changed(&["lib/even.c", "-Ifurther", "--all-includes"]), 1);
    assert_eq!(changed(&["--dir", "lib", "-I", "further", "--no-includes"]), 0);
}

/// A call for operands of one type.
const TYPED: &str = "@@\nstruct pair *P;\n@@\n- old(P)\n+ new(P)\n";

#[test]
fn headers_tell_the_types_of_expressions() {
    let scene = Scene::new(&[]);
    for folder in ["include", "lib"] {
        std::fs::create_dir_all(scene.path(folder)).expect("made");
    }
    scene.write("include/deep.h", "struct deep { struct pair *by_deep; };\n");
    scene.write("include/shared.h", "#include <deep.h>\nstruct shared { struct pair *by_shared; };\n");
    scene.write(
        "lib/own.h",
        "typedef struct pair *pair_t;\nstruct own { pair_t by_own; };\nstruct pair *given(void);\n",
    );
    scene.write("include/quoted.h", "extern struct pair *quoted;\n");
    scene.write("r.cocci", TYPED);
    scene.write(
        "lib/a.c",
        "#include <shared.h>\n#include \"own.h\"\n#include \"quoted.h\"\nvoid f(struct own *a, struct shared *b, struct deep *c)\n{\n\
         \told(a->by_own);\n\told(given());\n\told(b->by_shared);\n\told(c->by_deep);\n\told(quoted);\n}\n",
    );
    let changed = |option: &[&str]| {
        let ran = scene.run(&[&["apply", "r.cocci", "lib/a.c"], option].concat());
        assert_eq!((ran.status, ran.stderr.contains("warning")), (0, false), "{}", ran.stderr);
        let lines = ran.stdout.lines().filter_map(|line| line.strip_prefix("+\tnew("));
        lines.map(|line| line.trim_end_matches(");").to_owned()).collect::<Vec<_>>()
    };
    // As with Coccinelle, only headers in quotes beside the file count unless others are asked for.
    let local = ["a->by_own", "given()"];
    assert_eq!(changed(&[]), local);
    assert_eq!(changed(&["--local-includes"]), local);
    assert_eq!(changed(&["--all-includes"]), ["a->by_own", "given()", "b->by_shared", "quoted"]);
    assert_eq!(
        changed(&["--recursive-includes"]),
        ["a->by_own", "given()", "b->by_shared", "c->by_deep", "quoted"]
    );
    assert_eq!(changed(&["--no-includes"]), [""; 0]);
}
