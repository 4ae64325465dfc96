//! Layout of small edits, rule by rule.

use super::token::Token;
use super::{Changes, Code, Edge, Insertion, Manner, Removal, layout};
use crate::plan::layout::token::Witness;
use crate::smpl::compile::Side;
use crate::source::{SourceFile, Span};
use crate::syntax::parse;

/// The bytes of `what` in `text`.
fn place(text: &str, what: &str) -> Span {
    let start = text.find(what).expect("the test names code that is there");
    Span::new(start, start + what.len())
}

fn witness() -> Witness {
    Witness { matches: vec![0], run: Some(0) }
}

fn without(text: &str, gone: &[&str]) -> String {
    let removed = gone.iter().map(|g| Removal { span: place(text, g), witness: witness() }).collect();
    edited(text, &Changes { removed, ..Changes::default() })
}

fn statement(words: &[&str]) -> Code {
    let tokens = words.iter().map(|w| Token::rule(*w)).collect();
    Code { tokens, starts: Edge::Line, ends: Edge::Line }
}

fn added(text: &str, at: &str, side: Side, words: &[&str]) -> String {
    let code = statement(words);
    let one = Insertion { anchor: place(text, at), side, code, levels: 0, group: 0, repeated: false };
    edited(text, &Changes { inserted: vec![one], ..Changes::default() })
}

fn edited(text: &str, changes: &Changes) -> String {
    let file = SourceFile::new("t.c", text);
    let edits = layout(&parse(&file), changes, &Manner::default());
    String::from_utf8(edits.apply(file.bytes())).expect("text stays text")
}

#[test]
fn a_removed_statement_takes_the_comment_above_it() {
    let text = "int f(void)\n{\n\ta();\n\n\t/* about b */\n\tb();\n\tc();\n}\n";
    assert_eq!(without(text, &["b();"]), "int f(void)\n{\n\ta();\n\tc();\n}\n");
}

#[test]
fn a_removed_function_takes_the_blank_lines_above_it() {
    let text = "int a;\n\nstatic int f(void)\n{\n\treturn 1;\n}\n\nint b;\n";
    assert_eq!(without(text, &["static int f(void)\n{\n\treturn 1;\n}"]), "int a;\n\nint b;\n");
}

#[test]
fn a_branch_that_loses_its_statement_keeps_braces() {
    let text = "int f(void)\n{\n\twhile (x) a();\n}\n";
    assert_eq!(without(text, &["a();"]), "int f(void)\n{\n\twhile (x) {}\n}\n");
}

#[test]
fn a_conditional_that_is_not_removed_whole_stays() {
    let text = "int f(void)\n{\n#ifdef A\n\ta();\n#endif\n\tb();\n}\n";
    assert_eq!(without(text, &["a();"]), "int f(void)\n{\n#ifdef A\n#endif\n\tb();\n}\n");
}

#[test]
fn an_argument_takes_its_comma() {
    let text = "int f(void)\n{\n\tg(a, b, c);\n}\n";
    assert_eq!(without(text, &["b"]), "int f(void)\n{\n\tg(a, c);\n}\n");
    assert_eq!(without(text, &["c"]), "int f(void)\n{\n\tg(a, b);\n}\n");
}

#[test]
fn a_branch_that_gets_a_second_statement_gets_braces_in_kernel_layout() {
    let text = "int f(void)\n{\n\tif (x)\n\t\ta();\n\telse\n\t\tb();\n}\n";
    let wanted = "int f(void)\n{\n\tif (x) {\n\t\ta();\n\t\tz();\n\t} else\n\t\tb();\n}\n";
    assert_eq!(added(text, "a();", Side::After, &["z", "(", ")", ";"]), wanted);
}

#[test]
fn an_added_line_is_indented_as_its_neighbours() {
    let text = "int f(void)\n{\n  if (x) {\n    a();\n  }\n}\n";
    let wanted = "int f(void)\n{\n  if (x) {\n    a();\n    z();\n  }\n}\n";
    assert_eq!(added(text, "a();", Side::After, &["z", "(", ")", ";"]), wanted);
}

#[test]
fn a_comment_stays_with_the_statement_of_its_line() {
    let text = "int f(void)\n{\n\ta(); /* why */\n\tb();\n}\n";
    let wanted = "int f(void)\n{\n\ta(); /* why */\n\tz();\n\tb();\n}\n";
    assert_eq!(added(text, "a();", Side::After, &["z", "(", ")", ";"]), wanted);
}

#[test]
fn what_is_not_edited_keeps_its_bytes() {
    let text = "int  a ;\n\n\nint f(void) {\n\tx( ) ;\n\ty();\n}\n\n\n\nint  b;";
    assert_eq!(without(text, &["y();"]), "int  a ;\n\n\nint f(void) {\n\tx( ) ;\n}\n\n\n\nint  b;");
}
