//! Rules that nobody would write: words of the rule language in any order, as a rule and on a small file.
//!
//! In: made-up rule files. Out: a failure for each that makes the engine panic or run for long, and for each complaint
//! that does not point into the rule. Nothing is said about what such a rule changes.

use proptest::prelude::*;
use proptest::sample::select;
use std::time::Duration;
use vedalia::diagnostic::Diagnostic;
use vedalia::plan::apply::{ApplyOptions, apply, prepare};
use vedalia::source::SourceFile;
use vedalia::{engine, smpl};

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

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_rule_makes_the_engine_fall_over(rules in prop::collection::vec(rule(), 1..4)) {
        let source = SourceFile::new("soup.cocci", rules.concat());
        let options = ApplyOptions { timeout: Some(Duration::from_secs(5)), ..ApplyOptions::default() };
        let told = engine::with_threads(None, || {
            let (file, mut told) = smpl::parse(&source);
            match prepare(&file, &options) {
                Ok(program) => told.extend(apply(&program, &SourceFile::new("code.c", CODE), &options).diagnostics),
                Err(more) => told.extend(more),
            }
            told
        });
        prop_assert_eq!(stray(&told, &source), None);
        prop_assert!(told.iter().all(|one| one.code != "timeout"), "it takes too long");
    }
}
