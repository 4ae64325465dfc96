//! `vedalia explain RULE.cocci FILE:LINE`: one test for each kind of answer that `explain.rs` does not show whole.
//!
//! In: a rule, code and a line. Out: the sentence, and what stands beside the two places.

use crate::cli::Scene;

/// What is told of a line of `code`; scripts may run.
fn told(rule: &str, code: &str, line: usize) -> String {
    let scene = Scene::new(&[]);
    scene.write("r.cocci", rule);
    scene.write("c.c", code);
    let ran = scene.run(&["explain", "r.cocci", &format!("c.c:{line}"), "--allow-scripts"]);
    assert!(ran.stderr.starts_with("1 of 1 file "), "{}", ran.stderr);
    ran.stdout
}

const PAIR: &str = "void f(int a)\n{\n\tput(a);\n\tget(a);\n\tcheck(a);\n}\n";

#[test]
fn a_part_that_the_code_has_not() {
    let rule = "@@\nstatement S;\n@@\n* if (...) S else S\n";
    insta::assert_snapshot!(told(rule, "void f(int a)\n{\n\tif (a)\n\t\tgo();\n}\n", 3), @"
    note[no-match]: rule starting on line 1 comes nearest: the code has not as many parts
     --> c.c:3:2
      |
    3 | /     if (a)
    4 | |         go();
      | |_____________^ in here
      |
     ::: r.cocci:4:14
      |
    4 |   * if (...) S else S
      |                ------ this has nothing to stand for
      |
      = help: bound so far: S = `go();`
    ");
}

#[test]
fn a_statement_that_the_branch_has_not() {
    let rule = "@@\nexpression E;\n@@\n- if (E) { put(E); }\n+ put(E);\n";
    let code = "void f(int p)\n{\n\tput(q);\n\tif (q)\n\t\tput(p);\n}\n";
    insta::assert_snapshot!(told(rule, code, 4), @"
    note[no-match]: rule starting on line 1 comes nearest: the code lacks a part of it
     --> c.c:4:2
      |
    4 | /     if (q)
    5 | |         put(p);
      | |_______________^ this matches but for that
      |
     ::: r.cocci:4:12
      |
    4 |   - if (E) { put(E); }
      |              ------- nothing in there is this
      |
      = help: bound so far: E = `q`
    ");
}

#[test]
fn parts_in_another_order() {
    insta::assert_snapshot!(told("@@\nexpression E;\n@@\n- get(E);\n  ...\n- put(E);\n", PAIR, 4), @"
    note[no-match]: rule starting on line 1 comes nearest: no way through the function has its parts in this order
     --> c.c:4:2
      |
    4 |     get(a);
      |     ^^^^^^^ this matches
      |
     ::: r.cocci:4:3
      |
    4 | - get(E);
      |   ------- from here
      |
      = help: bound so far: E = `a`
      = help: dots skip neither what is next to them nor what `when` forbids
    ");
}

#[test]
fn a_position_with_the_places_where_it_is() {
    let rule = "@known@\nposition p;\nexpression E;\n@@\n  put@p(E);\n  ... when any\n  check(E);\n\n\
                @@\nposition p != known.p;\nexpression E;\n@@\n- put@p(E);\n";
    insta::assert_snapshot!(told(rule, PAIR, 3), @"
    note[no-match]: rule starting on line 9 comes nearest: its position cannot be here
      --> c.c:3:2
       |
     3 |     put(a);
       |     ^^^ all but the place matches
       |
      ::: r.cocci:10:10
       |
    10 | position p != known.p;
       |          -- declared here
    ...
    13 | - put@p(E);
       |   --- the position stands here
       |
       = help: bound so far: E = `a`
       = help: `known.p` is at line 3
    ");
    let rule = "@known@\nposition p;\nexpression E;\n@@\n  put@p(E);\n\n\
                @@\nposition known.p;\nexpression E;\n@@\n- get@p(E);\n";
    let told = told(rule, PAIR, 4);
    assert!(told.contains("rule starting on line 7 comes nearest: its position cannot be here\n"), "{told}");
    assert!(told.contains("help: `known.p` is at line 3\n"), "{told}");
}

#[test]
fn what_a_rule_depends_on() {
    let rule = |depends: &str| {
        let head = "@lock@\nexpression E;\n@@\n  lock(E);\n\n@seen@\nexpression E;\n@@\n  check(E);\n\n";
        format!("{head}@depends on {depends}@\nexpression E;\n@@\n- put(E);\n")
    };
    insta::assert_snapshot!(told(&rule("lock && !seen"), PAIR, 3), @"
    note[not-tried]: rule starting on line 11 comes nearest, and was not tried
      --> r.cocci:11:1
       |
    11 | @depends on lock && !seen@
       | ^^^^^^^^^^^^^^^^^^^^^^^^^^ what it depends on does not hold: lock matches nowhere in the file, seen matches in the file
    ");
    let sentence = |depends: &str| {
        let told = told(&rule(depends), PAIR, 3);
        told.split("what it depends on does not hold: ")
            .nth(1)
            .unwrap_or(&told)
            .lines()
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(sentence("lock || never seen"), "lock matches nowhere in the file, seen matches in the file");
    assert_eq!(sentence("seen && file in \"drivers\""), "the file is not in `drivers`");
    assert_eq!(sentence("!(file in \"c.c\" || ever seen)"), "the file is in `c.c`, seen matches in the file");
}

#[test]
fn a_name_that_stands_for_nothing() {
    let rule =
        "@a@\nexpression E, F, X;\n@@\n  put(E);\n  <... X = F; ...>\n@@\nexpression a.F;\n@@\n- get(F);\n";
    let told = told(rule, PAIR, 4);
    assert!(told.contains("rule starting on line 6 comes nearest, and was not tried\n"), "{told}");
    assert!(told.contains("it inherits `a.F`, which stands for nothing where that rule matches\n"), "{told}");
}

#[test]
fn a_match_that_a_script_drops() {
    let script = "@script:python@\nE << a.E;\n@@\ncocci.include_match(False)\n\n";
    let inherits =
        format!("@a@\nexpression E;\n@@\n  put(E);\n\n{script}@@\nexpression a.E;\n@@\n- get(E);\n");
    insta::assert_snapshot!(told(&inherits, PAIR, 4), @"
    note[not-tried]: rule starting on line 11 comes nearest, and was not tried
      --> r.cocci:11:1
       |
    11 | @@
       | ^^ script starting on line 6 drops what a finds (`cocci.include_match(False)`)
    ");
    let depends = inherits.replace("@@\nexpression a.E;", "@depends on a@\nexpression E;");
    let told = told(&depends, PAIR, 4);
    assert!(told.contains("drops what a finds (`cocci.include_match(False)`)\n"), "{told}");
}

#[test]
fn other_code_that_the_rules_look_for() {
    let rule = "@@\nexpression E;\n@@\n- put(E);\n  ...\n- drop(E);\n\n@b@\nexpression E;\n@@\n- return E;\n";
    insta::assert_snapshot!(told(rule, PAIR, 6), @"
    note: no rule of r.cocci has anything of c.c:6
     |
     = help: the file does not have what the rules need: `drop`, `return`
    note[sought]: rule starting on line 1 looks for other code
     --> r.cocci:4:3
      |
    4 | - put(E);
      |   ^^^^^^^ the nearest is at line 3
    5 |   ...
    6 | - drop(E);
      |   -------- c.c has nothing that is this

    note[sought]: b looks for other code
      --> r.cocci:11:3
       |
    11 | - return E;
       |   ^^^^^^^^^ c.c has nothing that is this
    ");
}

#[test]
fn a_name_stands_for_one_line_at_most() {
    let code = "void f(int a)\n{\n\tput(some_function_with_a_long_name(a, a, a, a),\n\t    another_argument(a));\n}\n";
    let told = told("@@\nexpression list E;\nexpression F;\n@@\n- put(E, F, 1);\n", code, 3);
    assert!(told.contains("= `some_function_with_a_long_name(a, a, a, a)`"), "{told}");
    let told = self::told("@@\nexpression list E;\n@@\n- put(E);\n- more();\n", code, 3);
    assert!(
        told.contains("help: bound so far: E = `some_function_with_a_long_name(a, a, a, a), …`\n"),
        "{told}"
    );
}
