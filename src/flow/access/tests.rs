//! Accesses, as lists in words.

use super::*;
use crate::source::SourceFile;
use crate::syntax::parse;

/// The accesses of a function's body, `name:how part` each; `?` marks the conditional ones.
fn listing(head: &str, body: &str) -> String {
    let text = format!("{head}\n{{\n{body}\n}}\n");
    let tree = parse(&SourceFile::new("t.c", text));
    let function = tree.root().child_of(Kind::FunctionDefinition).unwrap();
    let scopes = Scopes::of(function);
    let show = |a: &Access<'_>| {
        let mark = if a.conditional { "?" } else { "" };
        let part = if a.part == Part::Whole { String::new() } else { format!(" {:?}", a.part) };
        format!("{}{mark}:{:?}{part}", a.node.text(), a.how)
    };
    let body = function.child(Field::Body).unwrap();
    accesses(body, &scopes).iter().map(show).collect::<Vec<_>>().join(", ")
}

#[test]
fn assignments_read_before_they_write() {
    let head = "void f(int a, int b)";
    assert_eq!(listing(head, "a = b;"), "b:Read, a:Write");
    assert_eq!(listing(head, "a += b++;"), "b:ReadWrite, a:ReadWrite");
    assert_eq!(listing(head, "a = b = 1;"), "b:Write, a:Write");
    assert_eq!(listing(head, "int c = a, d;"), "a:Read, c:Write");
    assert_eq!(listing(head, "(a) = 1; (b)++;"), "a:Write, b:ReadWrite");
}

#[test]
fn parts_are_told_from_what_is_pointed_to() {
    let head = "void f(struct s *p, struct s x, int *v, int i)";
    assert_eq!(listing(head, "x.f = p->g;"), "p:Read Pointee, x:Write Field");
    assert_eq!(listing(head, "p->f.g[1] = i;"), "i:Read, p:Write Pointee");
    assert_eq!(listing(head, "p->f->g = i;"), "i:Read, p:Read Pointee");
    assert_eq!(listing(head, "*v = 1; v[i] += 1;"), "v:Write Pointee, i:Read, v:ReadWrite Pointee");
    assert_eq!(listing(head, "v = 0;"), "v:Write");
    assert_eq!(listing(head, "*v++ = 1;"), "v:ReadWrite, v:Write Pointee");
    assert_eq!(listing(head, "*(v + i) = 1;"), "i:Read, v:Write Pointee");
    assert_eq!(listing(head, "x.f->g = 1;"), "x:Read Field");
    assert_eq!(listing(head, "x.f[i] = 1;"), "i:Read, x:ReadWrite Field");
}

#[test]
fn addresses() {
    let head = "void f(struct s *p, struct s x, int i)";
    assert_eq!(listing(head, "g(&i, &x.f);"), "i:AddressTaken, x:AddressTaken Field");
    assert_eq!(listing(head, "g(&p->f, &p);"), "p:AddressTaken Pointee, p:AddressTaken");
    assert_eq!(listing(head, "g(&*p, &x.q->f);"), "p:AddressTaken Pointee, x:Read Field");
}

#[test]
fn arrays_decay_unless_they_are_parameters() {
    let head = "void f(int q[4], int i)";
    assert_eq!(listing(head, "int a[4]; g(a, q);"), "a:AddressTaken, q:Read");
    assert_eq!(listing(head, "int a[4]; a[i] = q[1];"), "q:Read Pointee, i:Read, a:Write Element");
    assert_eq!(
        listing(head, "int a[4][4]; g(a[i], a[1][2]);"),
        "i:Read, a:AddressTaken Element, a:Read Element"
    );
    assert_eq!(
        listing(head, "int *a[4]; *a[1] = 1; a[1][2] = 1; g(*a);"),
        "a:Read Element, a:Read Element, a:Read Element"
    );
    assert_eq!(listing(head, "vec_t a; a[i] = 1;"), "i:Read, a:Write Element");
}

#[test]
fn what_may_not_run_is_conditional() {
    let head = "int f(int a, int b)";
    assert_eq!(listing(head, "return a && b++;"), "a:Read, b?:ReadWrite");
    assert_eq!(listing(head, "return a ? b : (a = 1);"), "a:Read, b?:Read, a?:Write");
    assert_eq!(listing(head, "if (a) b = 1;"), "a:Read, b?:Write");
    assert_eq!(listing(head, "do a = 1; while (b);"), "a:Write, b:Read");
    assert_eq!(
        listing(head, "for (a = 0; a < 1; a++) b = a;"),
        "a:Write, a:Read, a?:Read, b?:Write, a?:ReadWrite"
    );
}

#[test]
fn operands_of_sizeof_are_only_named() {
    let head = "int f(int a, struct s *p)";
    assert_eq!(
        listing(head, "return sizeof(a) + sizeof(*p) + sizeof(struct s);"),
        "a:Unevaluated, p:Unevaluated"
    );
    assert_eq!(listing(head, "typeof(a) b = a;"), "a:Unevaluated, a:Read, b:Write");
}

#[test]
fn statics_are_not_initialized_by_running() {
    assert_eq!(listing("int f(void)", "static int n = 1; return n;"), "n:Read");
}

#[test]
fn fields_and_labels_of_the_same_name_do_not_count() {
    let head = "int f(int a, struct s *p)";
    assert_eq!(listing(head, "p->a = 1; goto a; a: return 0;"), "p:Write Pointee");
}

#[test]
fn assembler_reads_before_it_writes() {
    let head = "int f(int a, int b)";
    assert_eq!(
        listing(head, "asm(\"\" : \"=r\" (a), \"+r\" (b) : \"r\" (a));"),
        "a:Read, a:Write, b:ReadWrite"
    );
}

#[test]
fn bare_arguments_know_their_call() {
    let tree = parse(&SourceFile::new("t.c", "void f(int a) { g(a, a + 1, (a)); }"));
    let function = tree.root().child_of(Kind::FunctionDefinition).unwrap();
    let scopes = Scopes::of(function);
    let calls: Vec<_> = accesses(function.child(Field::Body).unwrap(), &scopes)
        .iter()
        .map(|a| a.argument_of.is_some())
        .collect();
    assert_eq!(calls, [true, false, false]);
}

#[test]
fn headers_of_macro_iterators_may_write_their_arguments() {
    let head = "void f(struct s *pos, struct s *head, int n)";
    assert_eq!(
        listing(head, "each_item(pos, &head->list, link) { n = pos->a; }"),
        "head:AddressTaken Pointee, pos:Unknown, pos?:Read Pointee, n?:Write"
    );
}

#[test]
fn what_a_macro_iterator_assigns_first_is_written_behind_what_it_reads() {
    let head =
        "#define each_item(p, h) for (p = first(h, typeof(*p)); p; p = p->next)\nvoid f(struct s *pos)";
    assert_eq!(
        listing(head, "each_item(pos, &pos->list) g(pos);"),
        "pos:AddressTaken Pointee, pos:Write, pos?:Read"
    );
}

#[test]
fn types_among_arguments_are_only_named() {
    assert_eq!(listing("int f(int a, int b)", "return least(unsigned int, a, b);"), "a:Read, b:Read");
}

#[test]
fn macros_write_what_they_are_handed_by_name() {
    let head = "#define SET(x, v) ((x) = (v))\n#define ADD(x, v) ((x) += (v))\n#define SEE(x) f(x)\n#define EACH(n, h) for (n = first(h); n; n++)\nvoid f(int a, int b)";
    assert_eq!(listing(head, "SET(a, a + b);"), "a:Read, b:Read, a:Write");
    assert_eq!(listing(head, "ADD((a), b);"), "b:Read, a:Unknown");
    assert_eq!(listing(head, "SEE(a); ADD(a + 1, b);"), "a:Read, a:Read, b:Read");
    assert_eq!(listing(head, "EACH(a, b) f(a);"), "b:Read, a:Write, a?:Read");
}
