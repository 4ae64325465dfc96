//! Names of functions, in words.

use super::*;
use crate::source::SourceFile;
use crate::syntax::{Tree, parse};

fn tree(text: &str) -> Tree {
    parse(&SourceFile::new("t.c", text))
}

fn scopes(tree: &Tree) -> Scopes<'_> {
    Scopes::of(tree.root().child_of(Kind::FunctionDefinition).unwrap())
}

/// Each declaration with the lines of its uses.
fn listing(text: &str) -> Vec<String> {
    let tree = tree(text);
    let scopes = scopes(&tree);
    let line = |n: &Node<'_>| tree.source().line_column(n.span()).to_string();
    let describe = |d: &Declaration<'_>| {
        let uses: Vec<_> = scopes.uses(d.id).iter().map(line).collect();
        format!("{:?} {}: {}", d.kind, d.ty.declare(d.name), uses.join(" "))
    };
    scopes.declarations().iter().map(describe).collect()
}

#[test]
fn inner_blocks_shadow_from_the_declarator_on() {
    let text = "int f(int a)\n{\n\tint b = a;\n\t{\n\t\tint a = b + a;\n\t\tb = a;\n\t}\n\treturn a;\n}\n";
    assert_eq!(
        listing(text),
        ["Parameter int a: 3:10 8:9", "Local int b: 5:11 6:3", "Local int a: 5:15 6:7"]
    );
}

#[test]
fn headers_of_for_loops_are_blocks() {
    let text = "void f(int n)\n{\n\tfor (int i = 0; i < n; i++)\n\t\tg(i);\n\ti = 0;\n}\n";
    assert_eq!(listing(text), ["Parameter int n: 3:22", "Local int i: 3:18 3:25 4:5"]);
}

#[test]
fn fields_labels_tags_and_attributes_are_other_name_spaces() {
    let text = "void f(struct s *s)\n{\n\tint x = s->x;\n\tstruct s v = { .x = x };\n\tgoto x;\nx:\n\tg(&v, offsetof(struct s, x));\n}\n";
    assert_eq!(listing(text), ["Parameter struct s *s: 3:10", "Local int x: 4:22", "Local struct s v: 7:5"]);
    let tree = tree(text);
    let scopes = scopes(&tree);
    assert_eq!(scopes.label("x").unwrap().node.kind(), Kind::LabeledStatement);
    assert!(scopes.declares("x") && !scopes.declares("g"));
}

#[test]
fn old_style_parameters() {
    let text = "int f(a, b, c)\n\tchar *a;\n\tlong c[2];\n{\n\treturn a[b] + c[0];\n}\n";
    let mut names = listing(text);
    names.sort();
    assert_eq!(names, ["Parameter char *a: 5:9", "Parameter int b: 5:11", "Parameter long c[2]: 5:16"]);
}

#[test]
fn prototypes_hide_their_own_parameters() {
    let text = "int f(int x, int (*cb)(int x, int v[x]))\n{\n\tint local(int x);\n\treturn cb(x, 0) + local(x);\n}\n";
    assert_eq!(
        listing(text),
        [
            "Parameter int x: 4:12 4:26",
            "Parameter int (*cb)(int x, int v[x]): 4:9",
            "Function int local(int x): 4:20"
        ]
    );
}

#[test]
fn storage_typedefs_and_enumerators() {
    let text = "int f(void)\n{\n\tstatic int n;\n\textern int m;\n\ttypedef long t;\n\tenum { A = 1, B = A } e = B;\n\tt v = n;\n\treturn v + m + e;\n}\n";
    assert_eq!(
        listing(text),
        [
            "Static int n: 7:8",
            "Extern int m: 8:13",
            "Typedef long t: 7:2",
            "Enumerator int A: 6:20",
            "Enumerator int B: 6:28",
            "Local enum { A = 1, B = A } e: 8:17",
            "Local t v: 8:9"
        ]
    );
}

#[test]
fn statement_expressions_and_types_name_variables() {
    let text = "int f(int q)\n{\n\ttypeof(q) z = ({ int q = 1; q; });\n\treturn _Alignof(q) + z;\n}\n";
    assert_eq!(listing(text), ["Parameter int q: 3:9 4:18", "Local typeof(q) z: 4:23", "Local int q: 3:30"]);
}

#[test]
fn a_product_that_reads_as_a_declaration() {
    assert_eq!(
        listing("void f(int a, int b)\n{\n\ta * b;\n}\n"),
        ["Parameter int a: 3:2", "Parameter int b: 3:6"]
    );
}

#[test]
fn conditional_declarations_are_marked() {
    let tree =
        tree("int f(void)\n{\n#ifdef X\n\tint a;\n#else\n\tlong a;\n#endif\n\tint b;\n\treturn a;\n}\n");
    let marks: Vec<_> = scopes(&tree).declarations().iter().map(|d| (d.name, d.conditional)).collect();
    assert_eq!(marks, [("a", true), ("a", true), ("b", false)]);
}

#[test]
fn assembler_and_label_addresses_resolve_values_only() {
    let text = "int f(int v)\n{\n\tvoid *p = &&v;\n\tasm goto(\"x\" : [v] \"=r\" (v) : : : v);\nv:\n\treturn p == 0;\n}\n";
    assert_eq!(listing(text), ["Parameter int v: 4:27", "Local void *p: 6:9"]);
}

#[test]
fn lookup_answers_for_a_place() {
    let tree = tree("void f(int a)\n{\n\t{\n\t\tint a;\n\t\tg(a);\n\t}\n\th();\n}\n");
    let scopes = scopes(&tree);
    let call = |name| tree.root().descendants().find(|n| n.text() == name && n.is_leaf()).unwrap();
    assert_eq!(scopes.lookup("a", call("g")), Some(DeclId(1)));
    assert_eq!(scopes.lookup("a", call("h")), Some(DeclId(0)));
    assert_eq!(scopes.lookup("b", call("h")), None);
}

#[test]
fn a_macro_defined_inside_is_unread() {
    let tree = tree("int f(int a)\n{\n#define STEP a++\n\tSTEP;\n\treturn 0;\n}\n");
    let scopes = scopes(&tree);
    assert!(scopes.mentioned_unread("a").is_some());
    assert!(scopes.mentioned_unread("f").is_none());
}

#[test]
fn functions_that_macros_head_have_parameters() {
    let tree = tree(
        "ENTRY_POINT3(open, int, fd, const char *, name, mode_t, mode)\n{\n\tint r = fd;\n\treturn r + *name;\n}\n",
    );
    let function = tree.root().child_of(Kind::MacroFunctionDefinition).unwrap();
    let scopes = Scopes::of(function);
    let shown: Vec<_> = scopes
        .declarations()
        .iter()
        .map(|d| format!("{:?} {}: {}", d.kind, d.ty.declare(d.name), scopes.uses(d.id).len()))
        .collect();
    assert_eq!(
        shown,
        [
            "Parameter int fd: 1",
            "Parameter const char *name: 1",
            "Parameter mode_t mode: 0",
            "Local int r: 1"
        ]
    );
    let file = crate::syntax::FileScope::of(&tree);
    assert_eq!(file.functions[0].name, "open");
}

#[test]
fn attributes_do_not_hide_declarations() {
    let text =
        "int f(void)\n{\n\tint x __attribute__((unused)) = 3, y __unused_here = 2;\n\treturn x + y;\n}\n";
    assert_eq!(listing(text), ["Local int x: 4:9", "Local int y: 4:13"]);
}

#[test]
fn iterators_use_what_they_are_given() {
    let text = "void f(struct s *head)\n{\n\tstruct s *pos;\n\teach_item(pos, head, link) {\n\t\tint n = pos->n;\n\t\tg(n);\n\t}\n}\n";
    assert_eq!(
        listing(text),
        ["Parameter struct s *head: 4:17", "Local struct s *pos: 4:12 5:11", "Local int n: 6:5"]
    );
}

#[test]
fn an_attribute_may_do_something_when_the_variable_goes() {
    let text = "int f(void)\n{\n\tint a __attribute__((cleanup(drop))) = 3;\n\tchar *b __free(drop) = 0;\n\tint c __maybe_unused;\n\t__attribute__((__cleanup__(drop))) int d;\n\tint e __attribute__((unused));\n\treturn a;\n}\n";
    let tree = tree(text);
    let scopes = scopes(&tree);
    let cleaned: Vec<_> = scopes.declarations().iter().filter(|d| d.has_cleanup()).map(|d| d.name).collect();
    assert_eq!(cleaned, ["a", "b", "d"]);
}
