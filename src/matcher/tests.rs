//! Node against node.

use super::*;
use crate::smpl::declare::metavariables;
use crate::smpl::pattern::{PatternKind, atoms, by_name};
use crate::smpl::token::LineMode;
use crate::source::{SourceFile, Span};
use crate::syntax::{Kind, Tree, parse};

fn pattern(decls: &str, text: &str, kind: PatternKind) -> Pattern {
    let file = SourceFile::new("d", decls);
    let (metas, errors) = metavariables(&file, Span::new(0, decls.len()));
    assert!(errors.is_empty(), "{errors:?}");
    let file = SourceFile::new("r.cocci", text);
    let all = atoms(&file, Span::new(0, text.len()), LineMode::Inline);
    Pattern::read(&file, &all, &by_name(&metas), kind).unwrap()
}

fn code(text: &str) -> Tree {
    parse(&SourceFile::new("c.c", text))
}

fn first(pattern: &Pattern, code: &str) -> Option<String> {
    let tree = self::code(code);
    let found = tree.root().descendants().find_map(|n| match_node(pattern, n, &Environment::new()))?;
    let mut all: Vec<_> = found.bindings().into_iter().map(|(n, b)| format!("{n}={}", b.text)).collect();
    all.sort();
    Some(all.join(" "))
}

fn expr(decls: &str, text: &str, code: &str) -> Option<String> {
    first(&pattern(decls, text, PatternKind::Expression), &format!("int f(int a)\n{{\n\tx = {code};\n}}\n"))
}

fn stmt(decls: &str, text: &str, code: &str) -> Option<String> {
    first(&pattern(decls, text, PatternKind::Statements), &format!("int f(int a)\n{{\n\t{code}\n}}\n"))
}

#[test]
fn expressions_bind() {
    assert_eq!(expr("expression E;", "f(E, ...)", "f(a + 1, 2, 3)").as_deref(), Some("E=a + 1"));
    assert_eq!(expr("expression E;", "f(..., E)", "f(1, 2)").as_deref(), Some("E=2"));
    assert_eq!(expr("expression E;", "g(E, E)", "g(a /* c */ + 1, a+1)").as_deref(), Some("E=a /* c */ + 1"));
    assert_eq!(expr("expression E;", "g(E, E)", "g(a + 1, (a + 1))"), None, "as in Coccinelle");
    assert_eq!(expr("expression E;", "g(E, E)", "g(a, b)"), None);
    assert_eq!(expr("identifier i; expression E;", "E->i", "p->q.r->s").as_deref(), Some("E=p->q.r i=s"));
    assert_eq!(expr("constant C;", "h(C)", "h(FOO)").as_deref(), Some("C=FOO"));
    assert_eq!(expr("constant C;", "h(C)", "h(foo)"), None);
    assert_eq!(expr("", "h(16)", "h(0x10)").as_deref(), Some(""));
}

#[test]
fn lists_bind_with_their_length() {
    let found = expr("expression list[n] es; expression E;", "f(es, E)", "f(1, 2, 3)");
    assert_eq!(found.as_deref(), Some("E=3 es=1, 2 n=2"));
    assert_eq!(expr("expression list es;", "f(es)", "f()").as_deref(), Some("es="));
}

#[test]
fn disjunctions_are_ordered() {
    assert_eq!(expr("expression E;", "\\(f(1)\\|f(E)\\)", "f(1)").as_deref(), Some(""));
    assert_eq!(expr("expression E;", "\\(f(1)\\|f(E)\\)", "f(2)").as_deref(), Some("E=2"));
    assert_eq!(expr("expression E;", "\\(f(E,...)\\&f(...,2)\\)", "f(1,2)").as_deref(), Some("E=1"));
    assert_eq!(expr("expression E;", "x + <+... g(E) ...+>", "x + a[g(3)]").as_deref(), Some("E=3"));
    assert!(expr("expression E;", "E & ...", "a & FLAG").is_some());
}

#[test]
fn types_take_stars() {
    assert_eq!(
        stmt("type T; identifier x;", "T x;", "struct foo **p;").as_deref(),
        Some("T=struct foo ** x=p")
    );
    assert_eq!(
        stmt("type T; identifier x;", "T *x;", "struct foo **p;").as_deref(),
        Some("T=struct foo * x=p")
    );
    assert_eq!(
        stmt("type T; identifier x; expression E;", "T x = E;", "u8 y = 3;").as_deref(),
        Some("E=3 T=u8 x=y")
    );
    assert_eq!(stmt("identifier x;", "int x;", "static int y;").as_deref(), Some("x=y"));
    assert_eq!(expr("type T;", "(T *)e", "(struct foo *)e").as_deref(), Some("T=struct foo"));
}

#[test]
fn statements_and_positions() {
    assert_eq!(stmt("statement S;", "if (a) S", "if (a) { b(); }").as_deref(), Some("S={ b(); }"));
    assert_eq!(stmt("statement S;", "while (...) S", "while (x < 3) b();").as_deref(), Some("S=b();"));
    let p = pattern("position p; expression E;", "f@p(E)", PatternKind::Expression);
    let tree = code("int g(void) { return f(2); }");
    let env = tree.root().descendants().find_map(|n| match_node(&p, n, &Environment::new())).unwrap();
    assert_eq!(&*env.get("p").unwrap().places[0].element, "g");
    assert_eq!(env.get("p").unwrap().span, Span::new(21, 22));
}

#[test]
fn types_of_expressions() {
    let p = pattern("struct foo *E;", "E", PatternKind::Expression);
    let tree = code(
        "struct bar { struct foo *in; };\nint g(struct foo *a, struct bar *b) { return h(a, b, b->in, 3); }",
    );
    let found: Vec<_> =
        tree.root().descendants().filter(|n| match_node(&p, *n, &Environment::new()).is_some()).collect();
    let texts: Vec<_> = found
        .iter()
        .filter(|n| n.parent().is_some_and(|q| q.is(Kind::ArgumentList)))
        .map(|n| n.text())
        .collect();
    assert_eq!(texts, ["a", "b->in"]);
}

#[test]
fn inherited_bindings_constrain() {
    let p = pattern("expression E;", "f(E)", PatternKind::Expression);
    let tree = code("int g(void) { f(1); f(2); }");
    let env = Environment::new().with("E", Binding::text("2"));
    let found: Vec<_> =
        tree.root().descendants().filter(|n| match_node(&p, *n, &env).is_some()).map(|n| n.text()).collect();
    assert_eq!(found, ["f(2)"]);
}
