//! Rule files on small functions.

use super::*;
use crate::smpl;

fn run(rules: &str, code: &str) -> String {
    let (file, errors) = smpl::parse(&SourceFile::new("r.cocci", rules));
    assert!(errors.is_empty(), "{errors:?}");
    let options = ApplyOptions { virtuals: vec!["patch".into()], ..ApplyOptions::default() };
    let program = prepare(&file, &options).unwrap();
    String::from_utf8(apply(&program, &SourceFile::new("c.c", code), &options).after).unwrap()
}

fn body(rules: &str, code: &str) -> String {
    let out = run(rules, &format!("int f(int a)\n{{\n{code}}}\n"));
    out.strip_prefix("int f(int a)\n{\n").and_then(|t| t.strip_suffix("}\n")).unwrap_or(&out).to_string()
}

#[test]
fn an_expression_is_replaced_wherever_it_stands() {
    let rules = "@@\nexpression E;\n@@\n- old(E)\n+ new(E, 0)\n";
    assert_eq!(body(rules, "\tx = old(1) + old(y->z);\n"), "\tx = new(1, 0) + new(y->z, 0);\n");
}

#[test]
fn nested_matches_compose_with_context() {
    let rules = "@@\nexpression E;\n@@\n- old\n+ new\n  (E)\n";
    assert_eq!(body(rules, "\told(old(1));\n"), "\tnew(new(1));\n");
}

#[test]
fn a_statement_takes_its_line() {
    let rules = "@@\n@@\n- gone();\n";
    assert_eq!(body(rules, "\ta();\n\tgone();\n\tb();\n"), "\ta();\n\tb();\n");
}

#[test]
fn added_statements_get_the_indentation_around() {
    let rules = "@@\n@@\n  lock();\n+ check();\n";
    assert_eq!(body(rules, "\tif (a) {\n\t\tlock();\n\t}\n"), "\tif (a) {\n\t\tlock();\n\t\tcheck();\n\t}\n");
}

#[test]
fn a_lone_branch_gets_braces() {
    let rules = "@@\n@@\n  lock();\n+ check();\n";
    assert_eq!(body(rules, "\tif (a)\n\t\tlock();\n"), "\tif (a) {\n\t\tlock();\n\t\tcheck();\n\t}\n");
}

#[test]
fn dots_want_every_path_unless_it_leaves_on_an_error() {
    let rules = "@@\n@@\n  lock();\n  ...\n- unlock();\n";
    let skipped = "\tlock();\n\tif (a)\n\t\tunlock();\n\tb();\n";
    assert_eq!(body(rules, skipped), skipped);
    assert_eq!(
        body(rules, "\tlock();\n\tif (a)\n\t\treturn 1;\n\tunlock();\n"),
        "\tlock();\n\tif (a)\n\t\treturn 1;\n"
    );
    let exists = "@r exists@\n@@\n  lock();\n  ...\n- unlock();\n+ free();\n";
    assert_eq!(body(exists, skipped), "\tlock();\n\tif (a)\n\t\tfree();\n\tb();\n");
}

#[test]
fn dots_take_the_shortest_path() {
    let rules = "@@\n@@\n- lock();\n  ...\n  unlock();\n";
    assert_eq!(body(rules, "\tlock();\n\tlock();\n\tunlock();\n"), "\tlock();\n\tunlock();\n");
}

#[test]
fn conditions_on_dots_hold() {
    let rules = "@@\nexpression E;\n@@\n  x = E;\n  ... when != y = x\n- use(x);\n";
    assert_eq!(body(rules, "\tx = 1;\n\tb();\n\tuse(x);\n"), "\tx = 1;\n\tb();\n");
    let kept = "\tx = 1;\n\ty = x;\n\tuse(x);\n";
    assert_eq!(body(rules, kept), kept);
}

#[test]
fn nests_change_all_they_hold() {
    let rules = "@@\nexpression E;\n@@\n  begin();\n  <...\n- old(E)\n+ new(E)\n  ...>\n  end();\n";
    assert_eq!(
        body(rules, "\tbegin();\n\told(1);\n\tif (old(2))\n\t\told(3);\n\tend();\n\told(4);\n"),
        "\tbegin();\n\tnew(1);\n\tif (new(2))\n\t\tnew(3);\n\tend();\n\told(4);\n"
    );
}

#[test]
fn rules_inherit_and_depend() {
    let rules = "@r@\nidentifier f;\n@@\n  enlist(f);\n\n@s depends on r@\nidentifier r.f;\n@@\n- call(f)\n+ invoke(f)\n";
    assert_eq!(
        body(rules, "\tenlist(g);\n\tcall(g);\n\tcall(h);\n"),
        "\tenlist(g);\n\tinvoke(g);\n\tcall(h);\n"
    );
    assert_eq!(body(rules, "\tcall(g);\n"), "\tcall(g);\n");
}

#[test]
fn virtual_rules_choose() {
    let rules = "virtual patch, report\n\n@depends on patch@\n@@\n- a()\n+ b()\n\n@depends on report@\n@@\n- a()\n+ c()\n\n\
        @script:python depends on report@\n@@\nprint(1)\n";
    assert_eq!(body(rules, "\ta();\n"), "\tb();\n");
}

#[test]
fn isomorphisms_widen_and_can_be_disabled() {
    let rules = "@@\nexpression E;\n@@\n- E == NULL\n+ none(E)\n";
    assert_eq!(body(rules, "\tif (NULL == p && !q)\n\t\tb();\n"), "\tif (none(p) && none(q))\n\t\tb();\n");
    let rules = rules.replacen("@@", "@disable is_null@", 1);
    assert_eq!(body(&rules, "\tif (!q)\n\t\tb();\n"), "\tif (!q)\n\t\tb();\n");
}

#[test]
fn a_declaration_loses_one_of_its_names() {
    let rules = "@@\n@@\n- int b;\n";
    assert_eq!(body(rules, "\tint a, b, c;\n"), "\tint a, c;\n");
}

#[test]
fn isomorphisms_of_a_rule_file_are_rule_errors() {
    for rules in ["using \"my.iso\"\n@@\n@@\n- gone();\n", "@r using \"my.iso\"@\n@@\n- gone();\n"] {
        let (file, errors) = smpl::parse(&SourceFile::new("r.cocci", rules));
        assert!(errors.is_empty(), "{errors:?}");
        let told = prepare(&file, &ApplyOptions::default()).unwrap_err();
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].code, "smpl-using");
    }
}

#[test]
fn scripts_are_rule_errors() {
    let (file, _) =
        smpl::parse(&SourceFile::new("r.cocci", "@r@\n@@\n- a()\n\n@script:ocaml@\n@@\nlet x = 1\n"));
    let errors = prepare(&file, &ApplyOptions::default()).unwrap_err();
    assert!(errors[0].message.contains("ocaml"));
}

#[test]
fn nested_matches_compose_when_all_is_rewritten() {
    let rules = "@@\nexpression E;\n@@\n- f(E)\n+ g(E)\n";
    assert_eq!(body(rules, "\tf(f(1));\n"), "\tg(g(1));\n");
    assert_eq!(
        body(rules, "\tf(a + f(f(2)), f(3));\n\tx = f(f(3) * f(4));\n"),
        "\tf(a + g(g(2)), g(3));\n\tx = g(g(3) * g(4));\n"
    );
}

#[test]
fn two_derivations_of_one_edit_are_one_edit() {
    let rules = "@@\nexpression e;\n@@\n(\n- old(e)\n+ new(e)\n|\n- old(...)\n+ new(0)\n)\n";
    assert_eq!(body(rules, "\told(1);\n"), "\tnew(1);\n");
}

#[test]
fn a_conflict_is_told_and_the_rest_is_done() {
    let rules = "@r@\nidentifier x;\n@@\n  pick(x);\n@@\nidentifier r.x;\n@@\n- use();\n+ use(x);\n@@\n@@\n- other();\n";
    let (file, errors) = smpl::parse(&SourceFile::new("r.cocci", rules));
    assert!(errors.is_empty(), "{errors:?}");
    let program = prepare(&file, &ApplyOptions::default()).unwrap();
    let code = "int f(int a)\n{\n\tpick(p);\n\tpick(q);\n\tuse();\n\tother();\n}\n";
    let applied = apply(&program, &SourceFile::new("c.c", code), &ApplyOptions::default());
    let after = String::from_utf8(applied.after).unwrap();
    assert_eq!(after, "int f(int a)\n{\n\tpick(p);\n\tpick(q);\n\tuse(p);\n}\n");
    let conflicts: Vec<_> = applied.diagnostics.iter().filter(|d| d.code == "smpl-conflict").collect();
    assert_eq!(conflicts.len(), 1, "{:?}", applied.diagnostics);
}

#[test]
fn bound_code_is_bracketed_and_spaced_anew() {
    let rules = "@@\nexpression E;\n@@\n- old(E);\n+ new(!E, E->f, (int)E, E);\n";
    assert_eq!(body(rules, "\told(a+b);\n"), "\tnew(!(a + b), (a + b)->f, (int)(a + b), a + b);\n");
}

#[test]
fn long_calls_are_broken_behind_commas() {
    let rules = "@@\nexpression list E;\n@@\n- say(E);\n+ dev_say(the_device_of(handle), E);\n";
    let code = "\tsay(\"%s: the number is %d\\n\", the_prefix, caps->number);\n";
    let wanted =
        "\tdev_say(the_device_of(handle), \"%s: the number is %d\\n\", the_prefix,\n\t\tcaps->number);\n";
    assert_eq!(body(rules, code), wanted);
}

/// An arm that was not read in a header, in an argument and in a chain.
const SPLIT: &str = "int f(int x)\n{\n#ifdef A\n\tif (old(x)) {\n#else\n\tif (old(y)) {\n#endif\n\t\tb();\n\t}\n\tgone(x,\n#ifdef B\n\t     1\n#else\n\t     2\n#endif\n\t     );\n\treturn 0;\n}\n";

/// What becomes of [`SPLIT`], and what is told.
fn split(rules: &str) -> (String, Vec<String>) {
    let (file, errors) = smpl::parse(&SourceFile::new("r.cocci", rules));
    assert!(errors.is_empty(), "{errors:?}");
    let options = ApplyOptions::default();
    let applied = apply(&prepare(&file, &options).unwrap(), &SourceFile::new("c.c", SPLIT), &options);
    let told = applied.diagnostics.iter().map(|d| format!("{} at {}", d.code, d.place().unwrap_or_default()));
    (String::from_utf8(applied.after).unwrap(), told.collect())
}

#[test]
fn an_unread_arm_is_never_edited() {
    let (after, told) = split("@@\nexpression E;\n@@\n- old(E)\n+ new(E)\n");
    assert_eq!((after, told), (SPLIT.replace("old(x)", "new(x)"), Vec::new()));
    let (after, told) = split("@@\nexpression E, F;\n@@\n- gone\n+ went\n  (E, F)\n");
    assert_eq!((after, told), (SPLIT.replace("gone(", "went("), Vec::new()));
}

#[test]
fn a_rewrite_that_would_drop_or_move_an_unread_arm_is_refused() {
    let statement = "@@\nexpression E;\nstatement S;\n@@\n- if (old(E)) S\n";
    let unwrapped = "@@\nexpression E;\n@@\n- if (old(E)) {\n  b();\n- }\n";
    let moved = "@@\nexpression E;\nstatement S;\n@@\n- if (old(E)) S\n+ if (new(E)) S\n";
    let across = "@@\n@@\n- b();\n  ...\n- return 0;\n+ return 1;\n";
    for rules in [statement, unwrapped, moved] {
        assert_eq!(split(rules), (SPLIT.to_owned(), vec!["unread-code at c.c:4:2".to_owned()]), "{rules}");
    }
    assert!(split(across).1.is_empty());
    let call = "@@\nexpression E, F;\n@@\n- gone(E, F);\n";
    let swapped = "@@\nexpression E, F;\n@@\n- gone(E, F)\n+ gone(F, E)\n";
    let shorter = "@@\nexpression E, F;\n@@\n  gone(E\n- , F\n  )\n";
    for rules in [call, swapped] {
        assert_eq!(split(rules), (SPLIT.to_owned(), vec!["unread-code at c.c:10:2".to_owned()]), "{rules}");
    }
    let (after, told) = split(shorter);
    assert_eq!((after.as_str(), told.len()), (SPLIT, 1));
}

#[test]
fn code_is_not_parted_from_the_conditional_inside_of_it() {
    let code = "\treturn a\n#ifdef X\n\t\t+ b\n#endif\n\t\t;\n";
    let copied = "@@\nexpression E;\n@@\n- return E;\n+ return g(E);\n";
    assert_eq!(body(copied, code), code);
    let code = "#ifdef X\n\tif (a)\n#endif\n\t\tgone();\n\tb();\n";
    let whole = "@@\nexpression E;\n@@\n- if (E) gone();\n";
    assert_eq!(body(whole, code), code);
}

#[test]
fn what_needs_a_rule_that_never_runs_is_left_out() {
    let rules = "virtual patch, report\n@a depends on report@\nposition p;\n@@\n old@p()\n\
                 @b depends on a@\n@@\n- old()\n+ never()\n\
                 @script:python@\np << a.p;\n@@\nprint(p[0].line)\n\
                 @depends on !a@\n@@\n- old()\n+ new()\n";
    assert_eq!(body(rules, "\told();\n"), "\tnew();\n");
}

#[test]
fn what_stands_above_stays_where_only_the_head_of_a_statement_goes() {
    let rules = "@@\nexpression E;\n@@\n- if (E)\n  done(E);\n";
    assert_eq!(
        body(rules, "\tb();\n\n\t/* why */\n\tif (a)\n\t\tdone(a);\n\tc();\n"),
        "\tb();\n\n\t/* why */\n\tdone(a);\n\tc();\n"
    );
}

#[test]
fn an_operator_that_goes_moves_no_line() {
    let rules = "@@\nexpression A;\n@@\n  (A)\n- ? true : false\n";
    let (before, after) = ("\t\treturn (a > 1) ? true : false;\n", "\t\treturn (a > 1);\n");
    let both = |line: &str| format!("\tif (a)\n{line}\telse\n{line}");
    assert_eq!(body(rules, &both(before)), both(after));
}

#[test]
fn a_file_over_its_time_is_left_as_it_is() {
    let (file, _) = smpl::parse(&SourceFile::new("r.cocci", "@@\n@@\n- gone();\n"));
    let options = ApplyOptions { timeout: Some(Duration::ZERO), ..ApplyOptions::default() };
    let program = prepare(&file, &options).unwrap();
    let code = SourceFile::new("c.c", "void f(void)\n{\n\tgone();\n}\n");
    let applied = apply(&program, &code, &options);
    assert_eq!(applied.after, code.bytes());
    assert_eq!(applied.diagnostics.iter().map(|d| d.code.as_str()).collect::<Vec<_>>(), ["timeout"]);
    assert_eq!(applied.coverage.skipped.len(), 1);
}

#[test]
fn what_is_no_text_is_left_alone() {
    let (file, _) = smpl::parse(&SourceFile::new("r.cocci", "@@\n@@\n- gone();\n"));
    let options = ApplyOptions::default();
    let program = prepare(&file, &options).unwrap();
    let bytes: Vec<u8> = (0..=255).chain(*b"\nvoid f(void) { gone(); }\n").collect();
    let applied = apply(&program, &SourceFile::new("c.c", bytes.clone()), &options);
    assert_eq!(applied.after, bytes);
    assert_eq!(applied.diagnostics.iter().map(|d| d.code.as_str()).collect::<Vec<_>>(), ["not-text"]);
}

#[cfg(feature = "python")]
#[test]
fn a_script_that_fails_is_told() {
    let rules =
        "@r@\nposition p;\n@@\ngone@p();\n\n@script:python@\np << r.p;\n@@\nraise ValueError(\"no\")\n";
    let (file, _) = smpl::parse(&SourceFile::new("r.cocci", rules));
    let options = ApplyOptions { scripts: Scripts::Allowed, ..ApplyOptions::default() };
    let program = prepare(&file, &options).unwrap();
    let applied = apply(&program, &SourceFile::new("c.c", "void f(void)\n{\n\tgone();\n}\n"), &options);
    assert!(applied.diagnostics.iter().any(|d| d.code == "smpl-script"), "{:?}", applied.diagnostics);
}

#[cfg(feature = "python")]
#[test]
fn arms_of_an_initialiser_are_never_in_one_program() {
    let list = "struct s@p0 x = { ..., .f@p = E, ... };\n";
    let rules = format!(
        "@r@\nidentifier s, x, f;\nexpression E;\nposition p0, p;\n@@\n{list}\n\
         @t@\nidentifier s, x, r.f;\nexpression E;\nposition r.p0, p;\n@@\n{list}\n\
         @script:python@\np << r.p;\nq << t.p;\n@@\n\
         if int(p[0].line) < int(q[0].line):\n    print(p[0].line, q[0].line)\n"
    );
    let code = "struct s x = {\n#if A\n\t.a = 1,\n#else\n\t.a = 2,\n#endif\n\t.b = 1,\n\t.b = 2,\n};\n";
    let (file, errors) = smpl::parse(&SourceFile::new("r.cocci", rules));
    assert!(errors.is_empty(), "{errors:?}");
    let options = ApplyOptions { scripts: Scripts::Allowed, ..ApplyOptions::default() };
    let program = prepare(&file, &options).unwrap();
    let said = apply(&program, &SourceFile::new("c.c", code), &options).reports;
    assert_eq!(said.iter().map(|r| r.text.as_str()).collect::<Vec<_>>(), ["7 8\n"]);
}

#[test]
fn one_star_lets_all_rules_look_for_some_path() {
    let plain = |header: &str| {
        let rules = format!(
            "virtual on\n{header}\nexpression E;\nposition p;\n@@\nE = make()\n...\ndrop(E)@p\n\n\
             @depends on on@\nexpression E;\nposition q != free.p;\n@@\n* drop(E)@q\n"
        );
        let (file, errors) = smpl::parse(&SourceFile::new("r.cocci", rules));
        assert!(errors.is_empty(), "{errors:?}");
        let options = ApplyOptions { virtuals: vec!["on".into()], ..ApplyOptions::default() };
        let code = "int f(int c)\n{\n\tx = make();\n\tif (c)\n\t\tdrop(x);\n\treturn c;\n}\n";
        apply(&prepare(&file, &options).unwrap(), &SourceFile::new("c.c", code), &options).stars.is_empty()
    };
    assert!(plain("@free@"), "the place is known, as some path leads there");
    assert!(!plain("@free forall@"), "not every path leads there");
}
