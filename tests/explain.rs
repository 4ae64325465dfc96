//! `vedalia explain RULE.cocci FILE:LINE`: what a person and a program are told.
//!
//! In: a rule, a file and a line. Out: the text, with both excerpts and what is bound; the JSON document; the status.

use crate::cli::Scene;

const CODE: &str = "int f(struct box *b, int n)\n{\n\tgrab(b, 1);\n\tif (n)\n\t\treturn 1;\n\tfill(b);\n\t\
                    put(b, 2);\n\treturn 0;\n}\n";

fn explained(rule: &str, place: &str, more: &[&str]) -> (i32, String) {
    let scene = Scene::new(&[]);
    scene.write("r.cocci", rule);
    scene.write("c.c", CODE);
    let ran = scene.run(&[&["explain", "r.cocci", place], more].concat());
    assert!(ran.stderr.starts_with("1 of 1 file "), "{}", ran.stderr);
    (ran.status, ran.stdout)
}

#[test]
fn the_token_that_differs_is_shown_on_both_sides() {
    let rule = "@swap@\nexpression E;\n@@\n- put(E, 3);\n+ drop(E);\n";
    let (status, told) = explained(rule, "c.c:7", &[]);
    assert_eq!(status, 1);
    insta::assert_snapshot!(told, @"
    note[no-match]: swap comes nearest: this code is not what it says
     --> c.c:7:9
      |
    7 |     put(b, 2);
      |            ^ the code has this
      |
     ::: r.cocci:4:10
      |
    4 | - put(E, 3);
      |          - the rule has this
      |
      = help: bound so far: E = `b`
    ");
}

#[test]
fn a_metavariable_is_shown_with_its_declaration() {
    let rule = "@swap@\nexpression E;\nidentifier i;\n@@\n- put(E, i);\n";
    insta::assert_snapshot!(explained(rule, "c.c:7", &[]).1, @"
    note[no-match]: swap comes nearest: a metavariable cannot stand for this
     --> c.c:7:9
      |
    7 |     put(b, 2);
      |            ^ cannot be this
      |
     ::: r.cocci:3:12
      |
    3 | identifier i;
      |            - declared here
    4 | @@
    5 | - put(E, i);
      |          - this metavariable
      |
      = help: bound so far: E = `b`
    ");
}

#[test]
fn what_the_function_lacks_is_shown_with_the_line_that_matches() {
    let rule = "@pair@\nexpression E;\n@@\n- grab(E, 1);\n  ...\n- release(E);\n";
    insta::assert_snapshot!(explained(rule, "c.c:3", &[]).1, @"
    note[no-match]: pair comes nearest: the function lacks a part of it
     --> c.c:3:2
      |
    3 |     grab(b, 1);
      |     ^^^^^^^^^^^ this matches
      |
     ::: r.cocci:4:3
      |
    4 | - grab(E, 1);
      |   ----------- this matches the line
    5 |   ...
    6 | - release(E);
      |   ----------- nothing in the function is this
      |
      = help: bound so far: E = `b`
    ");
}

#[test]
fn ways_that_do_not_hold_are_told() {
    let rule = "@pair@\nexpression E;\n@@\n- grab(E, 1);\n  ... when strict\n- put(E, 2);\n";
    insta::assert_snapshot!(explained(rule, "c.c:3", &[]).1, @"
    note[no-match]: pair comes nearest: it holds on some ways through the function, not on all
     --> c.c:3:2
      |
    3 |     grab(b, 1);
      |     ^^^^^^^^^^^ this matches
      |
     ::: r.cocci:4:3
      |
    4 | - grab(E, 1);
      |   ----------- from here
      |
      = help: bound so far: E = `b`
      = help: `exists` in the header of the rule asks for one way only
    ");
}

#[test]
fn a_rule_that_was_not_tried_says_what_it_lacks() {
    let rule = "@first@\nexpression E;\n@@\n  grab(E, 0);\n@second@\nexpression first.E;\n@@\n- put(E, 2);\n";
    insta::assert_snapshot!(explained(rule, "c.c:7", &[]).1, @"
    note[not-tried]: second comes nearest, and was not tried
     --> r.cocci:5:1
      |
    5 | @second@
      | ^^^^^^^^ it inherits from first, which matches nowhere in the file

    note[no-match]: first comes nearest: this code is not what it says
     --> c.c:7:2
      |
    7 |     put(b, 2);
      |     ^^^ the code has this
      |
     ::: r.cocci:4:3
      |
    4 |   grab(E, 0);
      |   ---- the rule has this
    ");
}

#[test]
fn what_matches_and_what_says_nothing_is_told() {
    let rule = "virtual patch\n@swap depends on patch@\nexpression E;\n@@\n- put(E, 2);\n+ drop(E);\n";
    let (status, told) = explained(rule, "c.c:7", &[]);
    assert!(status == 0 && told.starts_with("note[match]: swap matches here\n --> c.c:7:2\n"), "{told}");
    let (status, told) = explained(rule, "c.c:5", &[]);
    assert_eq!(status, 1);
    assert!(told.starts_with("note: no rule of r.cocci has anything of c.c:5\n"), "{told}");
}

#[test]
fn programs_get_one_document() {
    let rule = "@swap@\nexpression E;\n@@\n- put(E, 3);\n+ drop(E);\n";
    let (_, told) = explained(rule, "c.c:7", &["--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(document["nearest"], "swap");
    assert_eq!(document["miss"]["why"], "code");
    assert_eq!(
        (&document["miss"]["pattern"]["text"], &document["miss"]["code"]["text"]),
        (&"3".into(), &"2".into())
    );
    assert_eq!(document["miss"]["environment"][0], serde_json::json!({ "name": "E", "text": "b" }));
}

#[test]
fn a_rule_of_a_tree_is_explained_where_it_has_no_site() {
    let scene = Scene::new(&[("lib/c.c", CODE)]);
    let rule = scene.write("r.cocci", "@swap@\nexpression E;\n@@\n- put(E, 3);\n+ drop(E);\n");
    let ran = scene.run(&["explain", "lib/c.c:7", "--repo", "tree", "--rules", &rule]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    assert!(ran.stdout.contains("lib/c.c:7:9") && ran.stdout.contains("r.cocci:4:10"), "{}", ran.stdout);
}

#[test]
fn what_acts_is_told_before_what_others_ask_about() {
    let rule = "@known@\nposition p;\nexpression E;\n@@\n  take@p(E);\n  check(E);\n\n\
                @gone@\nposition p != known.p;\nexpression E;\n@@\n- take@p(E);\n  give(E);\n";
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).display().to_string();
    std::fs::write(at("r.cocci"), rule).unwrap();
    std::fs::write(at("c.c"), "void f(int a)\n{\n\ttake(a);\n\tcheck(a);\n}\n").unwrap();
    let run = |line: usize| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_vedalia"))
            .args(["explain", &at("r.cocci"), &format!("{}:{line}", at("c.c"))])
            .env("NO_COLOR", "1")
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (status, told) = run(3);
    assert_eq!(status, Some(1), "{told}");
    assert!(told.starts_with("note[no-match]: gone comes nearest: its position cannot be here\n"), "{told}");
    assert!(told.contains("position p != known.p;\n"), "{told}");
    assert!(told.contains("declared here"), "{told}");
    let (status, told) = run(4);
    assert_eq!(status, Some(0), "{told}");
    assert!(told.starts_with("note[match]: known matches here"), "{told}");
}

#[test]
fn what_a_when_forbids_is_shown() {
    let rule = "@@\nexpression E;\n@@\n- grab(E, 1);\n  ... when != fill(E)\n- put(E, 2);\n";
    insta::assert_snapshot!(explained(rule, "c.c:3", &[]).1, @"
    note[no-match]: rule starting on line 1 comes nearest: its dots must not skip this
     --> c.c:6:2
      |
    6 |     fill(b);
      |     ^^^^^^^ this stands in between
      |
     ::: r.cocci:4:3
      |
    4 | - grab(E, 1);
      |   ----------- this matches the line
    5 |   ... when != fill(E)
      |               ------- forbidden by this
      |
      = help: bound so far: E = `b`
    ");
}

#[test]
fn why_nothing_comes_near_is_told() {
    let told = |rule: &str, code: &str, line: usize| {
        let scene = Scene::new(&[]);
        scene.write("r.cocci", rule);
        scene.write("c.c", code);
        scene.run(&["explain", "r.cocci", &format!("c.c:{line}")]).stdout
    };
    let lacking = told("@@\nexpression E;\n@@\n- get(E);\n", CODE, 8);
    assert!(lacking.contains("help: the file does not have what the rules need: `get`\n"), "{lacking}");
    let code = "#define A(x) if (x) put(x)\nvoid f(int x)\n{\n#ifdef B\n\tif (x\n#else\n\tif (!x\n#endif\n\t)\n\t\tput(x);\n}\n";
    let rule = "virtual b\n@@\nexpression E;\n@@\n- if (E) put(E, 1);\n";
    let inside = told(rule, code, 1);
    assert!(inside.contains("help: the line defines a macro: "), "{inside}");
    let unread = told(rule, code, 7);
    assert!(unread.contains("help: the line was not read: no rule looks into it\n"), "{unread}");
    assert!(unread.contains("help: rules that depend on `b` are off; `-D` turns them on\n"), "{unread}");
}

#[test]
fn a_name_that_an_expression_forbids_is_told() {
    let rule = "@@\nidentifier f =~ \"^un\";\nexpression E;\n@@\n- f(E, 2);\n";
    let (_, told) = explained(rule, "c.c:7", &[]);
    assert!(told.contains("comes nearest: a metavariable cannot stand for this\n"), "{told}");
}

#[test]
fn the_isomorphism_that_a_match_needs_is_named() {
    let rule = "@a@\nexpression E;\n@@\n- if (E != 0) return 1;\n+ leave(E);\n";
    let (status, told) = explained(rule, "c.c:4", &[]);
    assert_eq!((status, told.contains("= help: owing to the isomorphism `isnt_zero`")), (0, true), "{told}");
    let written = rule.replace("E != 0", "E");
    assert!(!explained(&written, "c.c:4", &[]).1.contains("isomorphism"));
    let (_, document) = explained(rule, "c.c:4", &["--format", "json"]);
    assert!(document.contains("\"isnt_zero\""), "{document}");
}

#[test]
fn the_isomorphism_that_is_turned_off_is_named() {
    let rule = "@a disable isnt_zero@\nexpression E;\n@@\n- if (E != 0) return 1;\n+ leave(E);\n";
    let help = "= help: it would match with the isomorphism `isnt_zero`, which is turned off";
    let (status, told) = explained(rule, "c.c:4", &[]);
    assert_eq!((status, told.contains(help)), (1, true), "{told}");
    let unnamed = rule.replace("@a disable isnt_zero@", "@@");
    let (_, told) = explained(&unnamed, "c.c:4", &["--disable-iso", "isnt_zero"]);
    assert!(told.contains(help), "{told}");
}

#[test]
fn a_rule_that_matches_hides_no_other_ones_reason() {
    let rule = "@first@\nexpression E;\n@@\n- put(E, 2);\n+ put(E, 4);\n\n@second@\nexpression E;\n@@\n- put(E, 3);\n";
    let (status, told) = explained(rule, "c.c:7", &[]);
    assert_eq!(status, 0);
    insta::assert_snapshot!(told, @"
    note[match]: first matches here
     --> c.c:7:2
      |
    7 |     put(b, 2);
      |     ^^^ from here

    note[no-match]: second comes nearest: this code is not what it says
      --> c.c:7:9
       |
     7 |     put(b, 4);
       |            ^ the code has this
       |
      ::: r.cocci:10:10
       |
    10 | - put(E, 3);
       |          - the rule has this
       |
       = help: bound so far: E = `b`
    ");
}
