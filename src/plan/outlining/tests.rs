//! Rules that outline, on small functions.

use crate::plan::apply::{ApplyOptions, apply, prepare};
use crate::smpl;
use crate::source::SourceFile;

const EACH: &str = "@@\n\
    identifier item;\n\
    expression queue;\n\
    statement list body;\n\
    outline step(body, arg) = static int function##_step(struct item *item, void *data)\n\
    \twith continue = 0, break = 1;\n\
    @@\n\
    - while ((item = take(queue))) {\n\
    - body\n\
    - }\n\
    + take_each(queue, step, arg);\n";

const PART: &str = "@@\n\
    statement list body;\n\
    outline part(body, args) = static void function##_part(...);\n\
    @@\n\
    \x20 begin();\n\
    - body\n\
    + part(args);\n\
    \x20 end();\n";

/// The code after a rule, and what it complained about with the code that it points to.
fn run(rules: &str, code: &str) -> (String, Vec<String>) {
    let (file, errors) = smpl::parse(&SourceFile::new("r.cocci", rules));
    assert!(errors.is_empty(), "{errors:?}");
    let options = ApplyOptions::default();
    let program = prepare(&file, &options).unwrap();
    let source = SourceFile::new("c.c", code);
    let applied = apply(&program, &source, &options);
    let said = applied.diagnostics.iter().map(|d| {
        let place = d.annotations.first().map_or("", |a| source.slice(a.span));
        format!("{}: `{place}`", d.message)
    });
    (String::from_utf8(applied.after).unwrap(), said.collect())
}

#[track_caller]
fn becomes(rules: &str, before: &str, after: &str) {
    let (result, said) = run(rules, before);
    assert_eq!(said, [""; 0]);
    assert_eq!(result, after, "\n{result}");
}

#[track_caller]
fn refuses(rules: &str, code: &str, sentence: &str) {
    let (result, said) = run(rules, code);
    assert_eq!(result, code);
    assert_eq!(said, [sentence]);
}

/// A function around a loop over items.
fn each(declarations: &str, body: &str, behind: &str) -> String {
    format!(
        "int drain(struct queue *q, int limit)\n{{\n\tstruct item *it;\n{declarations}\n\twhile ((it = take(q))) {{\n{body}\t}}\n{behind}}}\n"
    )
}

#[test]
fn a_body_becomes_a_callback_with_its_lines() {
    let before = "/* Empties a queue. */\nint drain(struct queue *q, int limit)\n{\n\tstruct item *it;\n\tint sum = 0, n;\n\n\twhile ((it = take(q))) {\n\t\t/* dead ones do not count */\n\t\tif (it->dead)\n\t\t\tcontinue;\n#ifdef CONFIG_TRACE\n\t\ttrace(it);\n#endif\n\n\t\tn = weight(it);\n\t\tif (n > limit)\n\t\t\tbreak;\n\t\tsum += n;\t/* so far */\n\t}\n\treturn sum;\n}\n";
    let after = "struct drain_ctx {\n\tint limit;\n\tint *sum;\n};\n\nstatic int drain_step(struct item *it, void *data)\n{\n\tstruct drain_ctx *ctx = data;\n\tint n;\n\n\t/* dead ones do not count */\n\tif (it->dead)\n\t\treturn 0;\n#ifdef CONFIG_TRACE\n\ttrace(it);\n#endif\n\n\tn = weight(it);\n\tif (n > ctx->limit)\n\t\treturn 1;\n\t*ctx->sum += n;\t/* so far */\n\treturn 0;\n}\n\n/* Empties a queue. */\nint drain(struct queue *q, int limit)\n{\n\tint sum = 0;\n\tstruct drain_ctx ctx = {\n\t\t.limit = limit,\n\t\t.sum = &sum,\n\t};\n\n\ttake_each(q, drain_step, &ctx);\n\treturn sum;\n}\n";
    becomes(EACH, before, after);
}

#[test]
fn captures_become_parameters() {
    let before = "int f(struct s *s, int n)\n{\n\tint err = 0;\n\n\tbegin();\n\tprepare(s);\n\tif (n > 2)\n\t\terr = g(s, n);\n\tend();\n\treturn err;\n}\n";
    let after = "static void f_part(struct s *s, int n, int *err)\n{\n\tprepare(s);\n\tif (n > 2)\n\t\t*err = g(s, n);\n}\n\nint f(struct s *s, int n)\n{\n\tint err = 0;\n\n\tbegin();\n\tf_part(s, n, &err);\n\tend();\n\treturn err;\n}\n";
    becomes(PART, before, after);
}

#[test]
fn without_captures_nothing_is_handed_on() {
    let before = "void f(void)\n{\n\tbegin();\n\tprepare();\n\tend();\n}\n";
    let after = "static void f_part(void)\n{\n\tprepare();\n}\n\nvoid f(void)\n{\n\tbegin();\n\tf_part();\n\tend();\n}\n";
    becomes(PART, before, after);
    let before = each("", "\t\tuse(it);\n", "\treturn 0;\n").replace("\n\n\n", "\n\n");
    let (result, said) = run(EACH, &before);
    assert_eq!(said, [""; 0]);
    assert!(result.contains("\ttake_each(q, drain_step, NULL);\n"), "{result}");
    assert!(
        result.starts_with(
            "static int drain_step(struct item *it, void *data)\n{\n\tuse(it);\n\treturn 0;\n}\n\n"
        ),
        "{result}"
    );
}

#[test]
fn an_empty_list_takes_its_comma_along() {
    for (call, after) in
        [("part(1, args)", "f_part(1)"), ("part(args, 1)", "f_part(1)"), ("part(2, args, 1)", "f_part(2, 1)")]
    {
        let rule = PART.replace("part(args)", call);
        let (result, _) = run(&rule, "void f(void)\n{\n\tbegin();\n\tprepare();\n\tend();\n}\n");
        assert!(result.contains(&format!("\n\t{after};\n")), "{result}");
    }
}

#[test]
fn a_lone_capture_is_the_data() {
    let before = each("\tint sum = 0;\n", "\t\tsum += weight(it);\n", "\treturn sum;\n");
    let (result, said) = run(EACH, &before);
    assert_eq!(said, [""; 0]);
    assert!(result.contains("\tint *sum = data;\n\n\t*sum += weight(it);\n\treturn 0;\n"), "{result}");
    assert!(result.contains("\ttake_each(q, drain_step, &sum);\n"), "{result}");
}

#[test]
fn a_value_that_changes_before_the_call_is_reached_by_its_address() {
    let before = each(
        "\tint top;\n\n\ttop = limit * 2;\n",
        "\t\tif (weight(it) > top)\n\t\t\tnote(limit);\n",
        "\treturn 0;\n",
    );
    let (result, said) = run(EACH, &before);
    assert_eq!(said, [""; 0]);
    assert!(result.contains("\tif (weight(it) > *ctx->top)\n\t\tnote(ctx->limit);\n"), "{result}");
    assert!(result.contains("\t\t.top = &top,\n\t\t.limit = limit,\n"), "{result}");
}

#[test]
fn an_arm_that_was_not_read_is_not_moved() {
    let arms = "#ifdef A\n\t\tif (dead(it))\n#else\n\t\tif (limit)\n#endif\n\t\t\tcontinue;\n\t\tuse(it);\n";
    let code = each("", arms, "\treturn 0;\n");
    let (after, said) = run(EACH, &code);
    assert_eq!((after, said.len()), (code, 1));
    assert!(said[0].contains("would drop or move code that was not read"), "{said:?}");
    let part = format!(
        "int f(struct item *it, int limit)\n{{\n\tbegin();\n{}\tend();\n}}\n",
        arms.replace("continue", "stop()")
    );
    let (after, said) = run(PART, &part);
    assert_eq!((after, said.len()), (part, 1));
    assert!(said[0].contains("would drop or move code that was not read"), "{said:?}");
}

#[test]
fn inner_loops_keep_their_jumps() {
    let body = "\t\tint i;\n\n\t\tfor (i = 0; i < 4; i++) {\n\t\t\tif (part(it, i))\n\t\t\t\tbreak;\n\t\t\tcontinue;\n\t\t}\n\t\tswitch (i) {\n\t\tcase 4:\n\t\t\tbreak;\n\t\tdefault:\n\t\t\tcontinue;\n\t\t}\n";
    let (result, said) = run(EACH, &each("", body, "\treturn 0;\n"));
    assert_eq!(said, [""; 0]);
    let callback = "{\n\tint i;\n\n\tfor (i = 0; i < 4; i++) {\n\t\tif (part(it, i))\n\t\t\tbreak;\n\t\tcontinue;\n\t}\n\tswitch (i) {\n\tcase 4:\n\t\tbreak;\n\tdefault:\n\t\treturn 0;\n\t}\n\treturn 0;\n}\n";
    assert!(result.contains(callback), "{result}");
}

#[test]
fn new_names_keep_clear_of_old_ones() {
    let code = each("\tint sum = 0, ctx = 1;\n", "\t\tsum += ctx * limit;\n", "\treturn sum;\n");
    let (result, said) = run(EACH, &format!("struct drain_ctx;\nint drain_step(void);\n\n{code}"));
    assert_eq!(said, [""; 0]);
    assert!(
        result.contains(
            "static int drain_step2(struct item *it, void *data)\n{\n\tstruct drain_ctx2 *context = data;\n"
        ),
        "{result}"
    );
    assert!(result.contains("\ttake_each(q, drain_step2, &context);\n"), "{result}");
}

#[test]
fn jumps_that_the_rule_has_no_word_for_are_refused() {
    let returns = each("", "\t\tif (it->bad)\n\t\t\treturn -1;\n", "\treturn 0;\n");
    refuses(
        EACH,
        &returns,
        "the rule does not say that the caller hands on what the new function returns: `return -1;`",
    );
    let leaves = each("", "\t\tif (it->bad)\n\t\t\tgoto out;\n", "out:\n\treturn 0;\n");
    refuses(EACH, &leaves, "the rule does not say what `goto out` becomes: `goto out;`");
    let part = "void f(int n)\n{\n\twhile (n--) {\n\t\tbegin();\n\t\tif (n == 3)\n\t\t\tbreak;\n\t\tend();\n\t}\n}\n";
    refuses(PART, part, "the rule does not say what `break` becomes: `break;`");
}

#[test]
fn a_return_stays_if_the_caller_hands_it_on() {
    let rule = EACH
        .replace("break = 1;", "break = 1, return;")
        .replace("+ take_each(queue, step, arg);", "+ return take_each(queue, step, arg);");
    let (result, said) = run(&rule, &each("", "\t\tif (it->bad)\n\t\t\treturn -1;\n", ""));
    assert_eq!(said, [""; 0]);
    assert!(result.contains("\tif (it->bad)\n\t\treturn -1;\n\treturn 0;\n"), "{result}");
}

#[test]
fn what_cannot_leave_the_function_is_refused() {
    let counter = each("\tstatic int seen;\n", "\t\tseen++;\n", "\treturn 0;\n");
    let grown = each("", "\t\tuse(alloca(it->size));\n", "\treturn 0;\n");
    refuses(EACH, &grown, "`alloca` is about the function that it stands in: `alloca`");
    let itself = each("", "\t\tdrain(it->queue, 1);\n", "\treturn 0;\n");
    refuses(EACH, &itself, "`drain` is not declared in front of the new function: `drain`");
    let declared = format!("int drain(struct queue *q, int limit);\n\n{itself}");
    assert_eq!(run(EACH, &declared).1, [""; 0]);
    refuses(EACH, &counter, "`seen` is static in the function, so that no other function can use it: `seen`");
    let hidden = format!(
        "#define CHECK(x) if (!(x)) goto out\n{}",
        each("", "\t\tCHECK(it->good);\n", "out:\n\treturn 0;\n")
    );
    refuses(EACH, &hidden, "the macro `CHECK` jumps: `CHECK`");
    let used = each("", "\t\tuse(it);\n\t\tif (it->last)\n\t\t\tbreak;\n", "\treturn it != 0;\n");
    refuses(EACH, &used, "`it` is looked at here, and nobody would set it: `it`");
    let other = each("", "\t\tuse(it);\n", "\treturn 0;\n").replace("struct item *it;", "struct bag *it;");
    refuses(
        EACH,
        &other,
        "the prototype has `struct item *it`, but this is declared as `struct bag *it`: `it`",
    );
}

#[test]
fn jumps_get_the_values_of_the_rule() {
    let rule = EACH.replace("break = 1;", "break = 1, goto out = 2, return = 3;");
    let body = "\t\tif (it->bad)\n\t\t\tgoto out;\n\t\tif (it->worse)\n\t\t\treturn;\n";
    let (result, said) = run(&rule, &each("", body, "out:\n\tdone();\n").replace("int drain", "void drain"));
    assert_eq!(said, [""; 0]);
    let callback = "{\n\tif (it->bad)\n\t\treturn 2;\n\tif (it->worse)\n\t\treturn 3;\n\treturn 0;\n}\n";
    assert!(result.contains(callback), "{result}");
}

#[test]
fn a_result_of_another_type_is_refused() {
    let rule = EACH.replace("break = 1;", "break = 1, return;");
    let code = each("", "\t\tif (it->bad)\n\t\t\treturn it;\n", "\treturn 0;\n");
    let code = code.replace("int drain", "struct item *drain");
    refuses(&rule, &code, "this returns `struct item *`, the prototype `int`: `return it;`");
}

#[test]
fn a_variable_that_the_new_code_looks_at_comes_back() {
    let code =
        "int f(int n)\n{\n\tint err;\n\n\tbegin();\n\terr = g(n);\n\tend();\n\terr = 0;\n\treturn err;\n}\n";
    let (own, said) = run(PART, &code.replace("g(n);", "g(n);\n\tuse(err);"));
    assert_eq!(said, [""; 0]);
    assert!(
        own.contains("static void f_part(int n)\n{\n\tint err;\n\n\terr = g(n);\n\tuse(err);\n}\n"),
        "{own}"
    );
    let (back, said) = run(&PART.replace("part(args);", "part(args);\n+ tell(err);"), code);
    assert_eq!(said, [""; 0]);
    assert!(back.contains("\tf_part(n, &err);\n\ttell(err);\n"), "{back}");
}

#[test]
fn types_of_the_function_stay_in_it() {
    let part = |declared: &str, body: &str| {
        format!("void f(int n)\n{{\n{declared}\n\tbegin();\n{body}\tend();\n}}\n")
    };
    let row = part("\ttypedef int row_t[3];\n\trow_t r = { 1, 2, n };\n", "\tshow(r[n]);\n");
    refuses(PART, &row, "the type of `r` is declared in the function: `r`");
    let spot = part("\tstruct spot { int x; } s = { n };\n", "\tshow(s.x);\n");
    refuses(PART, &spot, "the type of `s` is declared in the function: `s`");
}

#[test]
fn a_removed_counter_is_missed() {
    let rule = EACH
        .replace("- while ((item = take(queue))) {", "  expression e;\n")
        .replace("  expression e;\n", "- for (i = 0; (item = take(queue)); i++) {")
        .replace("identifier item;", "identifier item, i;");
    let code = each("\tint i;\n", "\t\tuse(it, i);\n", "\treturn 0;\n")
        .replace("while ((it = take(q)))", "for (i = 0; (it = take(q)); i++)");
    refuses(&rule, &code, "this sets `i`, which the statements use, and the rule removes it: `i`");
}

#[test]
fn prototypes_without_a_place_are_errors() {
    let said = |line: &str| {
        let rule = format!("@@\nstatement list body;\n{line}\n@@\n- body\n");
        let (_, errors) = smpl::parse(&SourceFile::new("r.cocci", rule));
        errors.iter().map(|d| d.message.clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        said("outline f(body, a) = static int g(int x) with continue = 0;"),
        ["the prototype has no place for what the statements need"]
    );
    assert_eq!(
        said("outline f(body) = static int g(...) with continue = 0;"),
        ["nothing names what is handed to the new function"]
    );
    assert_eq!(said("outline f(body, a) = static int g(...);"), ["the new function has to return a value"]);
    assert_eq!(said("outline f(body, a) = g(...);"), ["this is no prototype of a function"]);
    assert_eq!(
        said("outline f(body, a) = static void g(...) with goto = 3;"),
        ["`goto` is no way out of statements"]
    );
}
