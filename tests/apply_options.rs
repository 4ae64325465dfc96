//! Options of `vedalia apply` that have Coccinelle's names, group by group.
//!
//! In: small rules and files. Out: what is printed, and how the run ends. What is expected is what `spatch` 1.1.1 gives for
//! the same rules, files and options, but where a test says otherwise.

use super::apply::Scene;

/// The lines that a diff takes away and adds, without their indentation.
fn changes(diff: &str) -> String {
    let lines =
        diff.lines().filter(|l| l.starts_with(['-', '+']) && !l.starts_with("---") && !l.starts_with("+++"));
    lines.map(|l| format!("{}{}", &l[..1], l[1..].trim())).collect::<Vec<_>>().join(" ")
}

const PATHS: &str = "void again(int n)
{
	while (n) {
		b(1);
		a(1);
	}
}
void jumps(int n)
{
	a(2);
	if (n)
		goto out;
	b(2);
out:
	n = 0;
}
void past(int n)
{
	a(3);
	goto out;
	b(3);
out:
	n = 0;
}
void leaves(int n)
{
	a(4);
	if (n)
		return;
	b(4);
}
void rounds(int n)
{
	do {
		a(5);
		if (n)
			continue;
	} while (b(5));
}
";

#[test]
fn paths_can_be_left_out() {
    let scene = Scene::new();
    scene.write("star.cocci", "@@\nexpression x;\n@@\n* a(x);\n  ...\n* b(x);\n");
    scene.write("minus.cocci", "@@\nexpression x;\n@@\n- a(x);\n  ...\n  b(x);\n");
    scene.write("p.c", PATHS);
    let run = |line: &str| changes(&scene.apply(&format!("{line} p.c")).done().stdout);
    let always = "-a(2); -b(2); -a(4); -b(4);";
    assert_eq!(run("star.cocci"), format!("-b(1); -a(1); {always}"));
    assert_eq!(run("star.cocci --no-loops"), always);
    assert_eq!(run("star.cocci --no-loops --no-gotos"), "-a(2); -b(2); -a(3); -b(3); -a(4); -b(4);");
    assert_eq!(run("minus.cocci"), "-a(2); -a(4);");
    assert_eq!(run("minus.cocci --only-return-is-error-exit"), "-a(4);");
}

const SPACES: &str = "@@
expression x, y;
@@
- foo(x, y);
+ bar( y,x,1+2 );
+ if(x){
+   zap (y);
+     zop(x) ;
+ }
+ baz(x,
+     y);

@@
expression x;
@@
- g(x)
+ gg( x )

@@
expression x, y;
@@
 h(x,
- y
+ y+1,y +2
  )

@@
identifier i;
expression e;
@@
- int i = e;
+ long  i=e;
";

#[test]
fn added_code_has_the_blanks_that_are_asked_for() {
    let scene = Scene::new();
    scene.write("s.cocci", SPACES);
    let code =
        "int m(int a, int b)\n{\n\tint q = a+b;\n\n\tfoo(a+1, b);\n\treturn g(a)+g(b * 2)+h(a, b);\n}\n";
    scene.write("s.c", code);
    scene.apply("s.cocci s.c --smpl-spacing --in-place").done();
    let written = "int m(int a, int b)
{
	long  q=a + b;

	bar( b,a + 1,1+2 );
	if(a + 1){
		zap (b);
		zop(a + 1) ;
	}
	baz(a + 1,
     b);
	return gg( a )+gg( b * 2 )+h(a, b+1,b +2);
}
";
    assert_eq!(scene.read("s.c"), written);
    scene.write("s.c", code);
    scene.apply("s.cocci s.c --smpl-spacing --linux-spacing --in-place").done();
    assert!(
        scene
            .read("s.c")
            .contains("\n\tbar(b, a + 1, 1 + 2);\n\tif (a + 1) {\n\t\tzap(b);\n\t\tzop(a + 1);\n\t}\n")
    );
}

#[test]
fn lines_are_as_long_and_as_deep_as_is_asked_for() {
    let scene = Scene::new();
    scene.write(
        "w.cocci",
        "@@\nexpression list es;\n@@\n- call(es);\n+ call_with_more_words(es, another_argument, one_more_argument);\n",
    );
    let run = |options: &str| {
        scene.write("w.c", "void one(int n)\n{\n\tcall(first, second, third);\n}\n");
        scene.apply(&format!("w.cocci w.c --in-place {options}")).done();
        scene.read("w.c").lines().filter(|l| l.starts_with('\t')).map(str::to_owned).collect::<Vec<_>>()
    };
    let name = "\tcall_with_more_words(";
    let tabs = "\t\t\t     ";
    assert_eq!(
        run("--max-width 100"),
        [format!("{name}first, second, third, another_argument, one_more_argument);")]
    );
    let broken =
        [format!("{name}first, second, third, another_argument,"), format!("{tabs}one_more_argument);")];
    assert_eq!(run(""), broken);
    let each = [
        format!("{name}first,"),
        format!("{tabs}second,"),
        format!("{tabs}third,"),
        format!("{tabs}another_argument,"),
        format!("{tabs}one_more_argument);"),
    ];
    assert_eq!(run("--max-width 40"), each);

    scene.write("i.cocci", "@@\nexpression x;\n@@\n- a(x);\n+ if (x) {\n+\tb(x);\n+ }\n");
    for (option, indent) in [("--indent 4", "    "), ("", "\t"), ("--indent 0", "\t")] {
        scene.write("i.c", "void one(int n) { a(n); }\n");
        scene.apply(&format!("i.cocci i.c --in-place {option}")).done();
        let expected = format!("void one(int n) {{ if (n) {{\n{indent}{indent}b(n);\n{indent}}} }}\n");
        assert_eq!(scene.read("i.c"), expected, "{option}");
    }
}

#[test]
fn comments_stay_on_request() {
    let scene = Scene::new();
    scene.write("k.cocci", "@@\nexpression x;\n@@\n- a(x);\n\n@@\nexpression x;\n@@\n- p(x);\n- q(x);\n");
    let code = "void one(int n)
{
	/* above */
	a(1);
	b(2);
	a(2); /* behind */
	p(1);
	/* between */
	q(1);
	/* below */
	b(4);
	a(/* inside */ 3);
	b(5);
}
";
    scene.write("k.c", code);
    scene.apply("k.cocci k.c --keep-comments --in-place").done();
    let kept = "void one(int n)
{
	/* above */
	b(2);
	/* behind */
	/* between */
	/* below */
	b(4);
	/* inside */
	b(5);
}
";
    assert_eq!(scene.read("k.c"), kept);
}

#[test]
fn rules_run_the_other_way_round() {
    let scene = Scene::new();
    scene.write(
        "v.cocci",
        "@@\nexpression x;\n@@\n- f(x)\n+ g(x, 1)\n\n@@\nexpression x;\n@@\n  h(x);\n+ i(x);\n",
    );
    scene.write("v.c", "void one(int n)\n{\n\tf(1);\n\tg(2, 1);\n\th(3);\n\th(4);\n\ti(4);\n}\n");
    assert_eq!(changes(&scene.apply("v.cocci v.c --reverse").done().stdout), "-g(2, 1); +f(2); -i(4);");
}

#[test]
fn directories_and_what_is_passed_over() {
    let scene = Scene::new();
    scene.write("e/c.c", scene.read("d/a.c"));
    let files = |line: &str| scene.spatch(&format!("--sp-file r.cocci {line}")).done().stdout;
    let named = |out: &str| -> Vec<String> {
        out.lines().filter_map(|l| l.strip_prefix("+++ ")).map(str::to_owned).collect()
    };
    for line in ["--dir d", "d", "d --dir", "--dir --very-quiet d", "--dir e --dir d", "--dir e d"] {
        assert_eq!(named(&files(line)), ["b/a.c", "b/sub/b.c"], "{line}");
    }
    // Ours take all that is given.
    assert_eq!(scene.apply("r.cocci e d").done().files(), ["b/e/c.c", "b/d/a.c", "b/d/sub/b.c"]);
    for line in ["--dir d --ignore d/s", "--dir d --ignore .*/b[.]c", r"--dir d --ignore d/\(sub\|top\)"] {
        assert_eq!(named(&files(line)), ["b/a.c"], "{line}");
    }
    assert_eq!(named(&files("--dir d --ignore sub")), ["b/a.c", "b/sub/b.c"]);
    assert_eq!(files("d/a.c --ignore d/a"), "");
    assert_eq!(scene.apply("r.cocci d --ignore [").status, 2);
    for (index, file) in ["b/a.c", "b/sub/b.c"].iter().enumerate() {
        scene.write("d/z.c", "int z;\n");
        assert_eq!(named(&files(&format!("--dir d --max 2 --index {index}"))), [*file]);
    }
    assert_eq!(named(&files("--dir d --max 2 --index 0 --mod-distrib")), ["b/a.c", "b/sub/b.c"]);
}

#[test]
fn rules_that_can_do_nothing_are_an_error() {
    let scene = Scene::new();
    scene.write("virtual.cocci", "virtual patch\n@depends on patch@\n@@\n- foo(1)\n+ bar(1)\n");
    scene.write("context.cocci", "@r@\nexpression x;\n@@\nfoo(x)\n");
    for (rule, help) in
        [("virtual.cocci", "turned on with -D: patch"), ("context.cocci", "lines with `-`, `+` or `*`")]
    {
        assert_eq!(scene.spatch(&format!("--sp-file {rule} d/a.c")).status, 255, "{rule}");
        let ran = scene.apply(&format!("{rule} d/a.c"));
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{rule}");
        assert!(ran.stderr.contains(&format!("no rule of `{rule}` applies")), "{}", ran.stderr);
        assert!(ran.stderr.contains(help), "{}", ran.stderr);
        assert_eq!(scene.apply(&format!("--parse-cocci {rule}")).status, 0, "{rule}");
    }
    scene.apply("virtual.cocci d/a.c -D patch").done();
}

#[test]
#[cfg(feature = "python")]
fn a_script_that_fails_has_said_what_it_said() {
    let scene = Scene::new();
    scene.write(
        "py.cocci",
        "@r@\nexpression x;\n@@\nfoo(x)\n@script:python@\nx << r.x;\n@@\nprint(x)\nraise Exception(\"no\")\n",
    );
    let ran = scene.spatch("--sp-file py.cocci d/a.c");
    assert_eq!((ran.status, ran.stdout.as_str()), (255, "a\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("a script failed: Exception: no"), "{}", ran.stderr);
    assert_eq!(scene.spatch("--sp-file py.cocci --dir d").done().stdout, "a\na\n");
    assert_eq!(scene.apply("py.cocci d/a.c --allow-scripts").status, 2);
}

#[test]
#[cfg(feature = "python")]
fn a_script_that_wants_a_file_is_told_that_there_are_none() {
    let scene = Scene::new();
    let rule =
        "@r@\nexpression x;\n@@\nfoo(x)\n@script:python@\nx << r.x;\n@@\nopen(\"log\", \"a\").write(x)\n";
    scene.write("open.cocci", rule);
    scene.write("os.cocci", rule.replace("open(\"log\", \"a\").write(x)", "import subprocess"));
    for (rule, says) in [
        ("open.cocci", "a script failed: it wants to open `log`, and scripts have no files\n"),
        ("os.cocci", "a script failed: there is no module `subprocess` for scripts\n"),
    ] {
        let ran = scene.spatch(&format!("--sp-file {rule} d/a.c"));
        assert_eq!(ran.status, 255, "{}", ran.stderr);
        assert!(ran.stderr.contains(says), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("help: scripts compute and print, and reach neither files"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
#[cfg(feature = "python")]
fn what_is_found_comes_in_the_order_of_the_file() {
    let scene = Scene::new();
    scene.write(
        "order.cocci",
        "@r@\nexpression x;\nposition p;\n@@\nfoo@p(x)\n@script:python@\np << r.p;\n@@\nprint(p[0].line)\n\
         @d@\nidentifier i;\nposition p;\nexpression e;\n@@\n#define i@p e\n@script:python@\np << d.p;\n@@\n\
         print(\"%s %s-%s\" % (p[0].line, p[0].column, p[0].column_end))\n",
    );
    scene.write(
        "o.c",
        "#define A(x) do { foo(x); } while (0)\n#define B foo(1)\nvoid f(void)\n{\n\tfoo(2);\n}\n# define C\tfoo(3)\n",
    );
    assert_eq!(scene.spatch("--sp-file order.cocci o.c").done().stdout, "1\n2\n5\n7\n2 0-7\n7 0-8\n");
}

#[test]
fn a_run_changes_code_or_marks_it() {
    let scene = Scene::new();
    scene.write("both.cocci", "virtual patch\n@a@\n@@\n- foo(a);\n@b depends on !patch@\n@@\n* bar(a);\n");
    let ran = scene.spatch("--sp-file both.cocci d/a.c");
    assert_eq!((ran.status, ran.stdout.as_str()), (255, ""), "{}", ran.stderr);
    let says = "the rules that run change code, and mark some with `*`";
    assert!(ran.stderr.contains(says), "{}", ran.stderr);
    scene.spatch("--sp-file both.cocci d/a.c -D patch").done();
}

#[test]
fn headers_that_every_file_includes() {
    let scene = Scene::new();
    scene.write("t.cocci", "@@\nstruct box *x;\n@@\n- foo(x)\n+ baz(x)\n");
    scene.write("far/box.h", "struct t { struct box *b; };\n");
    scene.write("t.c", "void f(struct t *t)\n{\n\tfoo(t->b);\n}\n");
    assert_eq!(scene.apply("t.cocci t.c").done().stdout, "");
    assert_eq!(
        changes(&scene.apply("t.cocci t.c --include far/box.h").done().stdout),
        "-foo(t->b); +baz(t->b);"
    );
    assert_eq!(scene.apply("t.cocci t.c --include far/box.h --no-includes").done().stdout, "");
}

#[test]
fn files_that_rules_may_concern_are_listed_and_left_alone() {
    let scene = Scene::new();
    scene.write("r.cocci", "@@\nexpression E;\n@@\n- f(E);\n+ g(E);\n");
    scene.write("a.c", "void a(void)\n{\n\tf(1);\n}\n");
    scene.write("b.c", "void b(void)\n{\n\th(1);\n}\n");
    let ran = scene.apply("--selected-only --in-place r.cocci a.c b.c");
    assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", "selected a.c\n"));
    assert_eq!(scene.read("a.c"), "void a(void)\n{\n\tf(1);\n}\n");
}

/// The numbers of the calls of `f` that a rule is not shown with the options.
fn hidden(scene: &Scene, options: &str) -> String {
    scene.write("r.cocci", "@@\nexpression E;\n@@\n- f(E);\n+ g(E);\n");
    let ran = scene.apply(&format!("--very-quiet {options} r.cocci a.c"));
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let seen = |n: &String| ran.stdout.contains(&format!("-\tf({n});\n"));
    (1..=12).map(|n| n.to_string()).filter(|n| !seen(n)).collect::<Vec<_>>().join(" ")
}

/// As with `spatch`, which looks at `#ifdef`, `#ifndef` and `#if NAME` only; here `defined(NAME)` and `#elif` count, too.
#[test]
fn conditionals_on_names_that_are_settled_hide_what_is_never_compiled() {
    let scene = Scene::new();
    let arms = "#ifdef A\n\tf(1);\n#else\n\tf(2);\n#endif\n#ifndef A\n\tf(3);\n#else\n\tf(4);\n#endif\n#if A\n\tf(5);\n#endif\n\
        #if !defined(A)\n\tf(6);\n#endif\n#if defined(A) && B\n\tf(7);\n#else\n\tf(8);\n#endif\n\
        #ifdef B\n\tf(9);\n#elif defined(A)\n\tf(10);\n#else\n\tf(11);\n#endif\n\tf(12);\n";
    scene.write("a.c", format!("void a(void)\n{{\n{arms}}}\n"));
    assert_eq!(hidden(&scene, ""), "");
    assert_eq!(hidden(&scene, "--defined A"), "2 3 6 11");
    assert_eq!(hidden(&scene, "--undefined A"), "1 4 5 10");
    assert_eq!(hidden(&scene, "--defined A,B"), "2 3 6 10 11");
    assert_eq!(hidden(&scene, "--defined A --undefined B"), "2 3 6 9 11");
}

/// `spatch` reads a little C++.
#[test]
fn options_that_would_have_other_code_read_are_refused() {
    let scene = Scene::new();
    scene.write("r.cocci", "@@\nexpression E;\n@@\n- f(E);\n");
    scene.write("a.c", "void a(void)\n{\n\tf(1);\n}\n");
    let ran = scene.apply("--c++=11 r.cocci a.c");
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("`--c++` is not supported\n"), "{}", ran.stderr);
    let ran = scene.apply("--ignore [b r.cocci a.c");
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("help: unclosed character class"), "{}", ran.stderr);
}
