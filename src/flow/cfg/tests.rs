//! Graphs of small functions, as listings.

use super::*;
use crate::source::SourceFile;
use crate::syntax::parse;

fn listing(body: &str) -> String {
    let tree = parse(&SourceFile::new("t.c", format!("int f(int a, int b)\n{{\n{body}\n}}\n")));
    let function = tree.root().child_of(Kind::FunctionDefinition).unwrap();
    Cfg::of(function, &Scopes::of(function)).listing()
}

fn check(body: &str, expected: &str) {
    let expected: String = expected.lines().map(|l| format!("{}\n", l.trim())).skip(1).collect();
    let expected = expected.trim_end();
    let shown = listing(body);
    assert_eq!(shown.trim_end(), expected, "\n{shown}");
}

#[test]
fn if_with_else_and_return() {
    check(
        "if (a) return b; else b = 1; return a;",
        "
        0 entry -> 1
        1 { -> 2
        2 if (a) -> true 3, false 4
        3 return b; -> jump 8
        4 b = 1; -> 5
        5 after if -> 6
        6 return a; -> jump 8
        7 } (unreachable) -> 8
        8 exit",
    );
}

#[test]
fn loops_continue_at_their_update() {
    check(
        "for (int i = 0; i < a; i++) { if (i) continue; break; }",
        "
        0 entry -> 1
        1 { -> 2
        2 for init int i = 0; -> 3
        3 for i < a -> true 4, false 11
        4 { -> 5
        5 if (i) -> true 6, false 7
        6 continue; -> jump 10
        7 after if -> 8
        8 break; -> jump 11
        9 } (unreachable) -> 10
        10 for update i++ -> loop 3
        11 after for -> 12
        12 } -> 13
        13 exit",
    );
}

#[test]
fn endless_loops_are_left_by_break_alone() {
    check(
        "for (;;) if (a) break; while (1) ;",
        "
        0 entry -> 1
        1 { -> 2
        2 for -> true 3
        3 if (a) -> true 4, false 5
        4 break; -> jump 6
        5 after if -> loop 2
        6 after for -> 7
        7 while (1) -> true 8
        8 ; -> loop 7
        9 after while (unreachable) -> 10
        10 } (unreachable) -> 11
        11 exit (unreachable)",
    );
}

#[test]
fn do_loops() {
    check(
        "do { a++; } while (a < b); do b++; while (0);",
        "
        0 entry -> 1
        1 { -> 2
        2 do -> 3
        3 { -> 4
        4 a++; -> 5
        5 } -> 6
        6 do-while (a < b) -> true 2, false 7
        7 after do -> 8
        8 do -> 9
        9 b++; -> 10
        10 do-while (0) -> false 11
        11 after do -> 12
        12 } -> 13
        13 exit",
    );
}

#[test]
fn switches_fall_through() {
    check(
        "switch (a) { case 1: b = 1; case 2: break; default: b = 2; } switch (b) { case 3: ; }",
        "
        0 entry -> 1
        1 { -> 2
        2 switch (a) -> case 4, case 6, case 8
        3 { (unreachable) -> 4
        4 case 1: -> 5
        5 b = 1; -> 6
        6 case 2: -> 7
        7 break; -> jump 11
        8 default: -> 9
        9 b = 2; -> 10
        10 } -> 11
        11 after switch -> 12
        12 switch (b) -> case 14, no case 17
        13 { (unreachable) -> 14
        14 case 3: -> 15
        15 ; -> 16
        16 } -> 17
        17 after switch -> 18
        18 } -> 19
        19 exit",
    );
}

#[test]
fn gotos_find_labels_both_ways() {
    check(
        "again: if (a) goto out; goto again; out: return b; ",
        "
        0 entry -> 1
        1 { -> 2
        2 again: -> 3
        3 if (a) -> true 4, false 5
        4 goto out; -> jump 7
        5 after if -> 6
        6 goto again; -> jump 2
        7 out: -> 8
        8 return b; -> jump 10
        9 } (unreachable) -> 10
        10 exit",
    );
}

#[test]
fn jumps_inside_expressions_leave_their_node() {
    check(
        "while (a) { b = ({ if (a) break; a; }); asm goto(\"\" : : : : out); } out: return ({ return 1; 2; });",
        "
        0 entry -> 1
        1 { -> 2
        2 while (a) -> true 3, false 7
        3 { -> 4
        4 b = ({ if (a) break; a; }); -> 5, jump 7
        5 asm goto(\"\" : : : : out); -> 6, jump 8
        6 } -> loop 2
        7 after while -> 8
        8 out: -> 9
        9 return ({ return 1; 2; }); -> jump 11
        10 } (unreachable) -> 11
        11 exit",
    );
}

#[test]
fn computed_gotos_reach_the_labels_whose_address_is_taken() {
    check(
        "void *p = a ? &&x : &&y; goto *p; x: y: z: ;",
        "
        0 entry -> 1
        1 { -> 2
        2 void *p = a ? &&x : &&y; -> 3
        3 goto *p; -> jump 4, jump 5
        4 x: -> 5
        5 y: -> 6
        6 z: -> 7
        7 ; -> 8
        8 } -> 9
        9 exit",
    );
}

#[test]
fn arms_of_a_conditional_are_alternatives() {
    check(
        "#ifdef X\na = 1;\n#elif Y\na = 2;\n#endif\n#if Z\nb = 1;\n#else\nb = 2;\n#endif\nreturn b;",
        "
        0 entry -> 1
        1 { -> 2
        2 #ifdef X -> arm 3, arm 4, no arm 5
        3 a = 1; -> 5
        4 a = 2; -> 5
        5 after preproc_ifdef -> 6
        6 #if Z -> arm 7, arm 8
        7 b = 1; -> 9
        8 b = 2; -> 9
        9 after preproc_if -> 10
        10 return b; -> jump 12
        11 } (unreachable) -> 12
        12 exit",
    );
}

#[test]
fn a_lost_goto_leaves_the_function() {
    let tree = parse(&SourceFile::new("t.c", "void f(void) { goto nowhere; }"));
    let function = tree.root().child_of(Kind::FunctionDefinition).unwrap();
    let cfg = Cfg::of(function, &Scopes::of(function));
    assert_eq!(cfg.lost_jumps.len(), 1);
    assert_eq!(cfg.edge(cfg.lost_jumps[0], cfg.exit()), Some(EdgeKind::Jump));
}

#[test]
fn pieces_find_their_node() {
    let tree = parse(&SourceFile::new("t.c", "void f(int a) { for (a = 0; a < 3; a++) g(a); }"));
    let function = tree.root().child_of(Kind::FunctionDefinition).unwrap();
    let cfg = Cfg::of(function, &Scopes::of(function));
    let names: Vec<_> =
        function.descendants().filter(|n| n.is(Kind::Identifier) && n.text() == "a").skip(1).collect();
    let roles: Vec<_> = names.iter().filter_map(|n| cfg.evaluating(*n)).map(|id| cfg.node(id).role).collect();
    assert_eq!(roles, [Role::ForInit, Role::For, Role::ForUpdate, Role::Statement]);
    let body = function.child_of(Kind::CompoundStatement).unwrap();
    assert_eq!(cfg.within(body).len(), cfg.nodes.len() - 2);
}

#[test]
fn macro_iterators_loop() {
    check(
        "each_item(a, b) { if (a) break; if (b) continue; g(a); } return b;",
        "
        0 entry -> 1
        1 { -> 2
        2 iterate each_item(a, b) -> true 3, false 12
        3 { -> 4
        4 if (a) -> true 5, false 6
        5 break; -> jump 12
        6 after if -> 7
        7 if (b) -> true 8, false 9
        8 continue; -> jump 2
        9 after if -> 10
        10 g(a); -> 11
        11 } -> loop 2
        12 after macro_iterator -> 13
        13 return b; -> jump 15
        14 } (unreachable) -> 15
        15 exit",
    );
}

#[test]
fn macro_iterators_start_with_what_they_assign() {
    let text = "#define each(x, n) for ((x) = 0; (x) < (n); (x)++)\nint f(int a, int b)\n{\neach(a, b) g(b);\nreturn a;\n}\n";
    let tree = parse(&SourceFile::new("t.c", text));
    let function = tree.root().child_of(Kind::FunctionDefinition).unwrap();
    let scopes = Scopes::of(function);
    let cfg = Cfg::of(function, &scopes);
    let of_a = |role: Role| {
        let node = cfg.nodes.iter().find(|n| n.role == role).unwrap();
        node.accesses(&scopes).iter().find(|a| a.node.text() == "a").map(|a| a.how)
    };
    assert_eq!(of_a(Role::IteratorInit), Some(How::Write));
    assert_eq!(of_a(Role::Iterator), Some(How::ReadWrite));
}

#[test]
fn ranges_of_cases_and_attributes_are_one_node() {
    check(
        "switch (a) { case 1 ... 3: b = 1; break; } int c __attribute__((unused)) = 1;",
        "
        0 entry -> 1
        1 { -> 2
        2 switch (a) -> case 4, no case 8
        3 { (unreachable) -> 4
        4 case 1 ... 3: -> 5
        5 b = 1; -> 6
        6 break; -> jump 8
        7 } (unreachable) -> 8
        8 after switch -> 9
        9 int c __attribute__((unused)) = 1; -> 10
        10 } -> 11
        11 exit",
    );
}
