//! Rules that nobody would write: made of sentences of the rule language, and of its words in any order.
//!
//! In: made-up rule files, on a small file. Out: a failure for each that makes the engine panic or run for long, for each
//! complaint that does not point into the rule, and for each edit that leaves no C behind or comes without a match. Most of
//! the sentences are rules; nothing is said about what they match.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::time::Duration;
use vedalia::diagnostic::Diagnostic;
use vedalia::plan::apply::{Applied, ApplyOptions, apply, prepare};
use vedalia::source::SourceFile;
use vedalia::{engine, smpl, syntax};

const CODE: &str = "\
#include <a.h>
#define A(x) f(x)
struct s { int a; char *b; };
struct s v = { .a = 1, .b = 0 };
DECLARE(x);
static int f(int a, struct s *p)
{
	int x = 1, *y = &x;

	if (a == 0)
		return -1;
	for (x = 0; x < 3; x++) {
		f(f(x), p);
		p->a = x;
	}
	do { g(a--); } while (x);
	switch (a) { case 1: g(\"%d\", x); break; default: goto out; }
out:
	free(p);
	return sizeof(struct s);
}
";

const HEADERS: &[&str] = &[
    "@@",
    "@@",
    "@@",
    "@r@",
    "@r exists@",
    "@r forall@",
    "@expression@",
    "@type@",
    "@identifier@",
    "@depends on r@",
    "@depends on !r && ever q@",
    "@r disable all@",
    "@r extends r@",
    "@script:python@",
    "@initialize:python@",
    "virtual v",
    "@",
];

const DECLARATIONS: &[&str] = &[
    "expression E, x;",
    "expression list[n] es;",
    "identifier f, g;",
    "identifier h =~ \"^f\";",
    "statement S;",
    "statement list SL;",
    "type T;",
    "position p;",
    "position p any;",
    "constant c;",
    "parameter list[2] ps;",
    "declaration D;",
    "initializer I;",
    "field list fs;",
    "fresh identifier t = \"a\" ## f;",
    "idexpression int i;",
    "declarer name DECLARE;",
    "expression E != {1, x};",
    "assignment operator o;",
    "binary operator bo;",
    "metavariable m;",
    "format list fl;",
    "struct s *q;",
    "pragmainfo pi;",
    "attribute name an;",
    "function fn;",
    "expression <",
    "type",
    ";",
];

const MARKS: &[&str] =
    &["", "", "  ", "- ", "- ", "+ ", "+ ", "-", "* ", "? ", "++ ", "(\n", "|\n", "&\n", ")\n"];

const WORDS: &[&str] = &[
    "...",
    "<...",
    "...>",
    "<+...",
    "...+>",
    "when != x",
    "when any",
    "when strict",
    "when == S",
    "when exists",
    "\\(",
    "\\|",
    "\\&",
    "\\)",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ";",
    ",",
    "E",
    "x",
    "f",
    "g",
    "S",
    "T",
    "SL",
    "es",
    "@p",
    "@E",
    "c",
    "D",
    "I",
    "fs",
    "ps",
    "o",
    "bo",
    "m",
    "a",
    "i",
    "q",
    "t",
    "n",
    "f(E)",
    "f(...)",
    "f(x, ...)",
    "E->a",
    "x = E",
    "if",
    "else",
    "while",
    "for",
    "do",
    "switch",
    "case",
    "default",
    "return",
    "goto",
    "break",
    "struct",
    "s",
    "int",
    "*",
    "&",
    "!",
    "==",
    "=",
    "+",
    "-",
    "sizeof",
    "\"%d\"",
    "\"...\"",
    "\"%@fl@\"",
    "1",
    "NULL",
    ".a =",
    "#define",
    "#include <a.h>",
    "#define A(x) ...",
    "#define A(x) \\",
    "#undef",
    "#pragma",
    "?",
    "->",
    ".",
    "||",
    "&&",
    "|",
    "'",
    "\"",
    "/*",
    "*/",
    "//",
    "\\",
    "static",
    "__attribute__((x))",
    "int f(int a, struct s *p)",
    "@@",
    "E;",
    "f(E);",
    "return E;",
    "if (E) S",
    "{ ... }",
    "T x;",
    "T x = E;",
    "{ .a = E, ... }",
    "(T)E",
    "x:",
];

fn line() -> impl Strategy<Value = String> {
    let words = prop::collection::vec(select(WORDS), 1..6);
    (select(MARKS), words).prop_map(|(mark, words)| format!("{mark}{}\n", words.join(" ")))
}

fn rule() -> impl Strategy<Value = String> {
    let declarations = prop::collection::vec(select(DECLARATIONS), 0..5);
    let body = prop::collection::vec(line(), 1..7);
    (select(HEADERS), declarations, body).prop_map(|(header, declarations, body)| {
        format!("{header}\n{}\n@@\n{}", declarations.join("\n"), body.concat())
    })
}

/// A place of a complaint that is outside of the rule file.
fn stray(told: &[Diagnostic], rule: &SourceFile) -> Option<String> {
    let all = told.iter().flat_map(|one| one.annotations.iter().map(move |at| (one, at)));
    let outside = |at: &vedalia::diagnostic::Annotation| {
        at.file.path() == rule.path()
            && (at.span.start > at.span.end || at.span.end as usize > rule.text().len())
    };
    all.filter(|(_, at)| outside(at)).map(|(one, at)| format!("{}: {:?}", one.message, at.span)).next()
}

/// What the sentences mention.
const NAMES: &str = "\
expression E, E2;
idexpression int i;
identifier fn;
type T;
constant c;
statement S, S2;
binary operator bo;
position pos;
";

fn expression() -> impl Strategy<Value = String> {
    let leaf = select(
        &["E", "E2", "i", "c", "x", "a", "1", "p->a", "*y", "f(x)", "E@pos", "fn(...)", "sizeof(T)"][..],
    );
    leaf.prop_map(str::to_owned).prop_recursive(2, 8, 2, |inner| {
        let one = |form: &'static str| inner.clone().prop_map(move |e| form.replace('%', &e));
        let two = |form: &'static str| {
            (inner.clone(), inner.clone()).prop_map(move |(a, b)| form.replace('%', &a).replace('$', &b))
        };
        prop_oneof![
            one("f(%, ...)"),
            one("g(..., %)"),
            one("!(%)"),
            one("(T)(%)"),
            one("<+... % ...+>"),
            two("(%) + ($)"),
            two("(%) bo ($)"),
            two("\\(%\\|$\\)"),
            two("f(%, $)"),
            one("(%) == 0"),
        ]
    })
}

/// One statement of a rule, on one line.
fn statement() -> impl Strategy<Value = String> {
    let forms = select(
        &[
            "%;",
            "x = %;",
            "i = %;",
            "return %;",
            "if (%) S",
            "if (%) { ... }",
            "while (%) S",
            "if (%) S else S2",
        ][..],
    );
    let fixed = select(
        &["S", "T x;", "int x = 1, *y = &x;", "goto out;", "free(...);", "fn(...);", "return ...;"][..],
    );
    prop_oneof![
        3 => (forms, expression()).prop_map(|(form, e)| form.replace('%', &e)),
        1 => fixed.prop_map(str::to_owned),
    ]
}

/// A statement that stays, goes, or is replaced.
fn marked() -> impl Strategy<Value = String> {
    let added = select(&["done();", "if (ready())\n+ go();", "count++;", "{ one(); two(); }", "use(E);"][..]);
    prop_oneof![
        3 => statement().prop_map(|s| format!("  {s}\n")),
        2 => statement().prop_map(|s| format!("- {s}\n")),
        2 => (statement(), added.clone()).prop_map(|(s, new)| format!("- {s}\n+ {new}\n")),
        1 => (statement(), added.clone()).prop_map(|(s, new)| format!("  {s}\n+ {new}\n")),
        1 => (statement(), added).prop_map(|(s, new)| format!("+ {new}\n  {s}\n")),
        1 => expression().prop_map(|e| format!("  f(\n- {e}\n+ 0\n  , ...);\n")),
        1 => (statement(), statement()).prop_map(|(a, b)| format!("(\n- {a}\n|\n  {b}\n)\n")),
    ]
}

/// What stands between two statements.
fn between() -> impl Strategy<Value = String> {
    let when = select(&["any", "strict", "exists", "forall"][..]);
    prop_oneof![
        2 => Just("  ...\n".to_owned()),
        2 => expression().prop_map(|e| format!("  ... when != {e}\n")),
        1 => when.prop_map(|when| format!("  ... when {when}\n")),
        1 => marked().prop_map(|m| format!("  <...\n{m}  ...>\n")),
        1 => marked().prop_map(|m| format!("  <+...\n{m}  ...+>\n")),
        1 => Just(String::new()),
    ]
}

/// A rule file of one sentence.
fn sentence() -> impl Strategy<Value = String> {
    let header = select(&["@r@", "@r exists@", "@r forall@", "@r disable all@"][..]);
    let rest = prop::collection::vec((between(), marked()), 0..3);
    let whole = select(&["%", "%", "%", "f(...)\n{\n  ...\n%  ...\n}\n", "  if (...) {\n%  }\n"][..]);
    (header, marked(), rest, whole).prop_map(|(header, first, rest, whole)| {
        let rest: String = rest.into_iter().map(|(dots, line)| dots + &line).collect();
        format!("{header}\n{NAMES}@@\n{}", whole.replace('%', &(first + &rest)))
    })
}

/// What the rules do to the file, and what is said about them; the first is nothing for what is no rule.
fn run(source: &SourceFile) -> (Option<Applied>, Vec<Diagnostic>) {
    let options = ApplyOptions { timeout: Some(Duration::from_secs(5)), ..ApplyOptions::default() };
    engine::with_threads(None, || {
        let (file, mut told) = smpl::parse(source);
        match prepare(&file, &options) {
            Ok(program) => {
                let applied = apply(&program, &SourceFile::new("code.c", CODE), &options);
                told.extend(applied.diagnostics.iter().cloned());
                (Some(applied), told)
            }
            Err(more) => {
                told.extend(more);
                (None, told)
            }
        }
    })
}

#[test]
fn most_sentences_are_rules() {
    let mut runner = TestRunner::deterministic();
    let mut told: Vec<String> = Vec::new();
    for _ in 0..100 {
        let rule = sentence().new_tree(&mut runner).expect("nothing is filtered").current();
        let source = SourceFile::new("soup.cocci", rule);
        if let Err(errors) = prepare(&smpl::parse(&source).0, &ApplyOptions::default()) {
            told.push(format!("{}\n{}", errors[0].message, source.text()));
        }
    }
    assert!(told.len() < 20, "{} of 100 are not:\n{}", told.len(), told.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn rules_edit_with_care(rule in sentence()) {
        let source = SourceFile::new("soup.cocci", rule);
        let (applied, told) = run(&source);
        prop_assert_eq!(stray(&told, &source), None);
        prop_assert!(told.iter().all(|one| one.code != "timeout"), "it takes too long");
        let Some(applied) = applied else { return Ok(()) };
        let after = String::from_utf8_lossy(&applied.after).into_owned();
        prop_assert!(!applied.matched.is_empty() || after == CODE, "nothing matched, and something changed:\n{after}");
        let opaque = |text: &str| syntax::parse(&SourceFile::new("code.c", text)).root().has_opaque();
        prop_assert!(!opaque(&after), "this is left:\n{after}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn no_rule_makes_the_engine_fall_over(rules in prop::collection::vec(rule(), 1..4)) {
        let source = SourceFile::new("soup.cocci", rules.concat());
        let told = run(&source).1;
        prop_assert_eq!(stray(&told, &source), None);
        prop_assert!(told.iter().all(|one| one.code != "timeout"), "it takes too long");
    }
}
