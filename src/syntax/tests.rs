//! What the overlay makes of macros, GNU C and conditionals; and that nothing makes it panic.

use super::declarator::declared_name;
use super::kind::{Field, Kind};
use super::ledger::FileLedger;
use super::tree::{Node, Tree};
use super::types::WrittenType;
use crate::source::SourceFile;
use proptest::prelude::*;

fn tree(text: &str) -> Tree {
    super::parse(&SourceFile::new("t.c", text))
}

fn find(tree: &Tree, kind: Kind) -> Node<'_> {
    let found = tree.root().descendants().find(|n| n.is(kind));
    found.unwrap_or_else(|| panic!("no {} in {}", kind.name(), tree.root().to_sexp()))
}

fn clean(text: &str) -> Tree {
    let tree = tree(text);
    assert!(!tree.root().has_opaque(), "{text}\n{}", tree.root().to_sexp());
    tree
}

/// A function with that body, read whole.
fn body(text: &str) -> Tree {
    clean(&format!("int f(int a)\n{{\n{text}\n}}\n"))
}

#[test]
fn a_macro_iterator_is_a_loop() {
    for text in ["\teach_item(a, &b->list, c) {\n\t\tg(a);\n\t}", "\teach_item(a, &b->list, c)\n\t\tg(a);"] {
        let tree = body(text);
        let each = find(&tree, Kind::MacroIterator);
        let kinds: Vec<_> = each.named_children().map(|n| n.kind()).collect();
        assert_eq!(kinds[..2], [Kind::Identifier, Kind::ArgumentList]);
        assert_eq!(each.child(Field::Name).unwrap().text(), "each_item");
        let arguments = each.child(Field::Arguments).unwrap();
        assert_eq!(arguments.text(), "(a, &b->list, c)");
        assert_eq!(arguments.named_children().count(), 3);
        assert!(each.child(Field::Body).unwrap().text().contains("g(a);"));
    }
    let tree = body("\teach_one() {\n\t\tg(a);\n\t}");
    assert_eq!(find(&tree, Kind::MacroIterator).child(Field::Arguments).unwrap().text(), "()");
}

#[test]
fn types_and_statements_may_be_arguments() {
    let tree = body("\tint b = lowest(unsigned int, a, 3);");
    assert_eq!(find(&tree, Kind::TypeArgument).text(), "unsigned int");
    assert!(find(&tree, Kind::TypeArgument).child_of(Kind::TypeDescriptor).is_some());
    let tree = body("\tstruct x *b = outer(a, struct x, member);");
    assert_eq!(find(&tree, Kind::TypeArgument).text(), "struct x");
    let tree = body("\twait(a, g(); h(a));");
    assert_eq!(find(&tree, Kind::StatementArgument).named_children().count(), 2);
    let tree = body("\tcompare(a, <=, 3);");
    assert_eq!(find(&tree, Kind::TokenArgument).text(), "<=");
}

#[test]
fn declarers_and_heads_of_functions() {
    let tree = clean("static DECLARE_THING(x, 3);\nDEFINE_THING(y) = { 0 };\nREGISTER(z)\nint a;\n");
    let declared: Vec<_> =
        tree.root().children().filter(|n| n.is(Kind::MacroDeclaration)).map(|n| n.text()).collect();
    assert_eq!(declared, ["static DECLARE_THING(x, 3);", "DEFINE_THING(y) = { 0 };", "REGISTER(z)"]);
    let tree = clean("CALL_DEFINE2(f, int, a, const char __marked *, b)\n{\n\treturn a;\n}\n");
    let function = find(&tree, Kind::MacroFunctionDefinition);
    assert_eq!(function.child(Field::Name).unwrap().text(), "CALL_DEFINE2");
    assert_eq!(function.child(Field::Body).unwrap().text(), "{\n\treturn a;\n}");
}

#[test]
fn attributes_are_leaves_of_their_own() {
    let tree = clean("static int __early __cold f(char __marked *p) __must_hold(x)\n{\n\treturn 0;\n}\n");
    let found: Vec<_> =
        tree.root().descendants().filter(|n| n.is(Kind::MacroAttribute)).map(|n| n.text()).collect();
    assert_eq!(found, ["__early", "__cold", "__marked", "__must_hold(x)"]);
}

#[test]
fn gnu_c_is_read() {
    body("\ttypeof(*p) *q = p;\n\t__typeof__(int) r;\n\tint x = a ?: 3;\n\tint y = ({ int z = a; z; });");
    body("\tswitch (a) {\n\tcase 1 ... 5:\n\tcase 'a'...'z':\n\t\tg();\n\t}");
    body("\tvoid *t[] = { [0 ... 3] = &&out };\n\tgoto *t[a];\nout:\n\treturn 1;");
    body(
        "\tasm volatile(\"x\" : \"=r\" (a) : [b] \"r\" (a) : \"memory\");\n\tprintk(LEVEL PREFIX \"x\" FMT(a) \"y\", a);",
    );
    body(
        "\tint b = sizeof(struct x __marked *) + __alignof__(*p) + offsetof(struct x, y.z[1]);\nout: ;\nend:",
    );
    clean("int f(a, b)\n\tint a;\n\tchar *b;\n{\n\treturn a;\n}\n");
    clean("struct x {\n\tint (*f)(int, char *);\n\tDECLARE_BITS(b, 3);\n\tint c:3;\n} __packed;\n");
    clean("struct x t[] = {\n\tCHANNEL(1) = { 1 },\n\t[2] = MINE(3),\n\tPAIR(a)\n\tPAIR(b)\n};\n");
    let tree = body("\tgoto *a;");
    assert_eq!(find(&tree, Kind::GotoStatement).text(), "goto *a;");
}

#[test]
fn conditionals_that_split_a_statement_choose_one_arm() {
    let text =
        "int f(int a)\n{\n#ifdef X\n\tif (a)\n#else\n\tif (!a)\n#endif\n\t\treturn 1;\n\treturn 0;\n}\n";
    let tree = tree(text);
    assert_eq!(find(&tree, Kind::UnreadArm).text(), "if (!a)");
    assert_eq!(find(&tree, Kind::IfStatement).child(Field::Condition).unwrap().text(), "(a)");
    let ledger = FileLedger::of(&tree);
    assert_eq!((ledger.functions.len(), ledger.clean_functions(), ledger.unread.len()), (1, 0, 1));
    clean("int f(void)\n{\n#if 0\n\tthis is not C\n#endif\n\treturn 0;\n}\n");
    clean("int f(int a)\n{\n\treturn a\n#ifdef X\n\t\t+ 1\n#endif\n\t\t;\n}\n");
}

#[test]
fn parameters_of_functions_that_macros_head() {
    let tree = clean("CALL_DEFINE2(f, int, a, const char __marked *, b)\n{\n\treturn a;\n}\n");
    let list = find(&tree, Kind::MacroFunctionDefinition).child(Field::Parameters).unwrap();
    let parameters: Vec<_> = list.named_children().map(|p| (p.text(), p.child(Field::Declarator))).collect();
    let names: Vec<_> = parameters.iter().map(|(_, d)| d.and_then(declared_name).map(|n| n.text())).collect();
    assert_eq!(names, [None, Some("a"), Some("b")]);
    let types: Vec<_> =
        parameters.iter().filter_map(|(_, d)| WrittenType::of_name(declared_name((*d)?)?)).collect();
    let shown: Vec<_> = types.iter().map(|t| t.declare("x")).collect();
    assert_eq!(shown, ["int x", "const char __marked *x"]);
    let tree = clean("PROGRAM(one)(struct x *a)\n{\n\treturn a->b;\n}\nint g;\n");
    let function = find(&tree, Kind::MacroFunctionDefinition);
    assert_eq!(function.child(Field::Name).unwrap().text(), "PROGRAM(one)");
    assert_eq!(function.child(Field::Parameters).unwrap().text(), "(struct x *a)");
}

#[test]
fn macros_bring_tokens() {
    let tree =
        clean("MACHINE(A, \"a\")\n\t.b = 1,\n\t.c = f,\nMACHINE_END\n\nREG8500(0)\nREG8500(1)\nint x;\n");
    let kinds: Vec<_> = tree.root().named_children().map(|n| n.kind()).collect();
    use Kind::*;
    assert_eq!(kinds, [MacroDeclaration, MacroDeclaration, MacroDeclaration, Declaration]);
    assert_eq!(tree.root().descendants().filter(|n| n.is(InitializerPair)).count(), 2);
    clean(
        "machine(cell) {\n\t.name = 1,\n};\nCLOCKS(a) __initdata = {\n\tRATE(1),\n};\nstatic ENTRY(q)\n\nint y;\n",
    );
    body("\tFLAGS\n#ifdef X\n\tg(a);\n#endif\n\tROW(A) ROW(B)\n\tROW(C)\n\tLOOK\n\tg(a);");
    body("\tASSERT(a) LOG(\"x\");\n\tx = safe(\"a\", , [fx] \"+m\" (a));\n\ty = BITS((a - 2), 10:10, 0:0);");
    body("\teach_page(a, &b)\n\t\t*c++ = a;\n\tx = FIRST\n\t\tSECOND\n\t\tTHIRD;");
    body("\tasm_inline volatile(ALT(\"a\", 1) \"b\"\n\t\t: \"=r\" (a) : PLC (3), \"r\" swap(a) : CLOBBERS);");
}

#[test]
fn bit_fields_need_no_name() {
    let tree =
        clean("struct x {\n\tu16 :10;\n\tint a:1, :1, hot:2;\n\tunsigned int: 4;\n\tu8 M(b:6, c:2);\n};\n");
    let clauses: Vec<_> =
        tree.root().descendants().filter(|n| n.is(Kind::BitfieldClause)).map(|n| n.text()).collect();
    assert_eq!(clauses, [":10", ":1", ":1", ":2", ": 4"]);
}

#[test]
fn a_head_that_a_conditional_splits() {
    let tree = tree(
        "#ifdef X\nstatic int f(int a)\n#else\nint f(long a)\n#endif\n{\n\treturn a;\n}\nint g(void) { return 1; }\n",
    );
    assert_eq!(find(&tree, Kind::UnreadArm).text(), "int f(long a)");
    assert_eq!(FileLedger::of(&tree).functions.len(), 2);
    assert_eq!(FileLedger::of(&tree).clean_functions(), 1);
    let tree = clean(
        "int discard(int a)\n{\n\treturn a;\n}\nint f(void) {\n#if 0 /* not yet */\n\tx = ,\n#endif\n\treturn 1; }\n",
    );
    assert_eq!(FileLedger::of(&tree).clean_functions(), 2);
}

#[test]
fn an_unreadable_item_leaves_its_neighbours_alone() {
    for bad in ["int b(int a) { return a +; ) }", "int b[ = = 3;", "struct { ] } q q q;", "x(a,, ) int = ;"] {
        let text = format!("int f(void)\n{{\n\treturn 1;\n}}\n{bad}\nint g(void)\n{{\n\treturn 2;\n}}\n");
        let tree = tree(&text);
        let ledger = FileLedger::of(&tree);
        let clean: Vec<_> =
            ledger.functions.iter().filter(|f| f.clean).map(|f| f.body.start as usize).collect();
        assert_eq!(
            clean,
            [text.find("{\n\treturn 1").unwrap(), text.find("{\n\treturn 2").unwrap()],
            "{bad}"
        );
        assert!(ledger.unread.iter().all(|u| bad.contains(tree.source().slice(u.span).trim())), "{bad}");
    }
}

#[test]
fn deep_nesting_is_opaque_and_not_fatal() {
    let text =
        format!("int x = {}1{};\nint f(void) {{ return 1; }}\n", "(".repeat(100_000), ")".repeat(100_000));
    let tree = tree(&text);
    assert_eq!(FileLedger::of(&tree).clean_functions(), 1);
    super::parse(&SourceFile::new("t.c", "(](](".repeat(20_000)));
    super::parse(&SourceFile::new("t.c", format!("int t[] = {{ {} }};\n", "{ 1 }\nMORE ".repeat(20_000))));
    super::parse(&SourceFile::new("t.c", "#if A\n".repeat(5_000)));
}

#[test]
fn long_and_deep_texts_do_no_harm() {
    let many = |text: &str, times: usize| text.repeat(times);
    for start in [
        format!("int t[] = {{ {} }};", many("1, ", 100_000)),
        format!("int x = 1{};", many(" + 1", 50_000)),
        format!("int x = a{};", many("->b", 50_000)),
        format!("int x = {}1;", many("a ? b : ", 20_000)),
        format!("char *s = {};", many("\"a\" ", 50_000)),
        format!("int g(int a)\n{{\n\tif (a) b();\n{}}}", many("\telse if (a) b();\n", 10_000)),
        format!("int g(void) {{ {} }}", many("a = b(c, d[1], \"s\"); ", 20_000)),
        format!("int x = {}1{};", many("(", 100_000), many(")", 100_000)),
        format!("int g(void) {}{}", many("{", 50_000), many("}", 50_000)),
        format!("int x = {}1{};", many("f(", 50_000), many(")", 50_000)),
        format!("{}{}", many("#if A\n", 10_000), many("#endif\n", 10_000)),
        format!("int {}x;", many("*", 50_000)),
        format!("int {};", many("f(a) b ", 20_000)),
        format!("#if A\n{}\n#else\nint x;\n#endif", many(";", 70_000)),
        many(";", 100_000),
        many("#define A(x) x\n", 20_000),
        format!("/* {} */", many("x", 10_000_000)),
    ] {
        let tree = tree(&format!("{start}\nint f(int a)\n{{\n\treturn a;\n}}\n"));
        let ledger = FileLedger::of(&tree);
        let shown = start.chars().take(40).collect::<String>();
        assert!(ledger.functions.last().is_some_and(|f| f.clean), "{shown}");
    }
}

#[test]
fn attributes_in_brackets_are_not_for_the_grammar() {
    // With them it compares what it read in two ways, again and again: the fuzzer waited long.
    let many = "a = 1;\n\t[[fallthrough]];\n".repeat(300);
    let tree = clean(&format!("[[nodiscard]] int f(void)\n{{\n{many}}}\n{}", "[[x]];".repeat(300)));
    let found = tree.root().descendants().filter(|n| n.is(Kind::AttributeDeclaration));
    assert_eq!(found.count(), 601);
    assert!(!super::parse::respelled(tree.source()).text.contains(&b'['));
}

#[test]
fn a_comment_without_an_end_is_one_comment() {
    // The grammar alone would read it as code, and look for an end at each `/*`: the fuzzer waited long.
    let tree = tree(&format!("int f(void)\n{{\n\treturn 1;\n}}\n/* {}", "% /* switch (".repeat(1_000)));
    let kinds: Vec<_> = tree.root().children().map(|n| n.kind()).collect();
    assert_eq!(kinds, [Kind::FunctionDefinition, Kind::Comment]);
    assert!(tree.root().children().last().unwrap().text().ends_with("switch ("));
    let respelled = super::parse::respelled(tree.source());
    assert!(!respelled.text.windows(2).any(|two| two == b"/*"));
}

/// Of a directive, its beginning.
fn every_token_is_in_a_leaf(tree: &Tree) {
    use super::lexer::TokenKind::{Directive, Space};
    let hidden =
        |n: Node<'_>| matches!(n.kind(), Kind::PreprocDirective | Kind::UnreadArm | Kind::MacroAttribute);
    let mut held = vec![false; tree.source().text().len()];
    for leaf in tree.root().descendants().filter(|n| n.children().all(hidden)) {
        held[leaf.span().range()].fill(true);
    }
    for token in super::lexer::lex(tree.source().text().as_bytes()) {
        let end = if matches!(token.kind, Directive(_)) { token.start + 1 } else { token.end };
        let lost = (token.start..end).find(|at| !held[*at as usize]);
        let whole = token.kind == Space || lost.is_none();
        assert!(whole, "{token:?} is in no leaf of {}", tree.source().text());
    }
}

fn check(bytes: Vec<u8>) {
    let source = SourceFile::new("t.c", bytes);
    let respelled = super::parse::respelled(&source);
    assert_eq!(respelled.text.len(), source.bytes().len());
    let tree = super::parse(&source);
    for node in tree.root().descendants() {
        assert!(node.span().end as usize <= source.bytes().len());
        let before = node.prev_sibling().map_or(0, |n| n.span().end);
        assert!(
            before <= node.span().start,
            "{node:?} overlaps {:?} in {}",
            node.prev_sibling(),
            source.text()
        );
        assert!(
            node.parent().is_none_or(|p| p.span().contains(node.span())),
            "{node:?} in {:?}",
            node.parent()
        );
    }
    every_token_is_in_a_leaf(&tree);
    FileLedger::of(&tree);
}

#[test]
fn a_declarer_of_one_letter_is_read_once() {
    for text in ["if (a && d(e,\n\tf))\n\tg();\n", "if (a == b)\n\tg();\n", "= g();\n", "x\ng();\n"] {
        check(text.as_bytes().to_vec());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        check(bytes);
    }

    #[test]
    fn arbitrary_tokens_do_no_harm(
        words in proptest::collection::vec(
            prop::sample::select(vec![
                "int", "struct", "x", "FOO", "f", "(", ")", "{", "}", "[", "]", ";", ",", "=", "*", "&&", "...", "\n",
                "\n#if A\n", "\n#else\n", "\n#endif\n", "\n#define M(x) for (;;)\n", "M", "if", "else", "do", "case",
                "goto", "asm", "typeof", "\"s\"", "1", "4x", ":", "?", "enum", "static", "__attribute__", "/* c */",
                "return", ".", "->", "#", "sizeof", "offsetof", "default", "// c\n", "/*", "'", "\"", "for_each(x)", "void", "*", "g()", "g();", "f(x)",
            ]),
            0..60,
        )
    ) {
        check(words.join(" ").into_bytes());
    }
}
