//! Every construct of GNU C and of kernels' C by its name: it is read whole, and its node says what it is.

use vedalia::source::SourceFile;
use vedalia::syntax::declarator::declared_name;
use vedalia::syntax::{DeclKind, Field, Kind, Node, Scopes, Tree, parse};

/// A file, read whole.
fn clean(text: &str) -> Tree {
    let tree = parse(&SourceFile::new("t.c", text));
    assert!(!tree.root().has_opaque(), "{text}\n{}", tree.root().to_sexp());
    tree
}

/// A function with that body, read whole.
fn body(text: &str) -> Tree {
    clean(&format!("int f(int a)\n{{\n{text}\n}}\n"))
}

fn find(tree: &Tree, kind: Kind) -> Node<'_> {
    let found = tree.root().descendants().find(|n| n.is(kind));
    found.unwrap_or_else(|| panic!("no {} in {}", kind.name(), tree.root().to_sexp()))
}

fn texts(tree: &Tree, kind: Kind) -> Vec<&str> {
    tree.root().descendants().filter(|n| n.is(kind)).map(|n| n.text()).collect()
}

#[test]
fn statement_expressions() {
    let tree = body("\tint x = ({ int y = a; y + 1; });\n\tif (({ g(a); a; }))\n\t\tg(({ a; }));");
    assert_eq!(texts(&tree, Kind::CompoundStatement).len(), 4);
    assert_eq!(texts(&tree, Kind::IfStatement).len(), 1);
}

#[test]
fn typeof_in_every_spelling() {
    let tree = body(
        "\ttypeof(*p) *q = p;\n\t__typeof__(int) r;\n\t__typeof(p->a) s;\n\tx = (typeof(x))y;\n\tz = sizeof(typeof(*p));\n\tconst typeof(a) b = a;\n\ttypeof_unqual(a) c;",
    );
    assert_eq!(texts(&tree, Kind::MacroTypeSpecifier).len(), 7);
    assert_eq!(find(&tree, Kind::MacroTypeSpecifier).child(Field::Value).unwrap().text(), "*p");
}

#[test]
fn case_ranges() {
    let tree = body("\tswitch (a) {\n\tcase 1 ... 5:\n\tcase A...B:\n\t\tg();\n\tdefault:\n\t\tbreak;\n\t}");
    let values: Vec<_> = texts(&tree, Kind::BinaryExpression);
    assert_eq!(values, ["1 ... 5", "A...B"]);
    assert_eq!(find(&tree, Kind::BinaryExpression).operator(), Some("..."));
    assert_eq!(texts(&tree, Kind::CaseStatement).len(), 3);
}

#[test]
fn designator_ranges_and_nested_designators() {
    let tree = clean(
        "int t[] = { [0 ... 3] = 1, [A ... B - 1] = 2 };\nstruct x y = { .a.b = 1, .c[2].d = 3, .e = { .f = 4 } };\n",
    );
    assert_eq!(texts(&tree, Kind::SubscriptRangeDesignator), ["[0 ... 3]", "[A ... B - 1]"]);
    assert_eq!(texts(&tree, Kind::FieldDesignator), [".a", ".b", ".c", ".d", ".e", ".f"]);
}

#[test]
fn conditional_with_two_operands() {
    let tree = body("\tint x = a ?: 3;\n\treturn f() ? : g();");
    let all: Vec<_> = tree.root().descendants().filter(|n| n.is(Kind::ConditionalExpression)).collect();
    assert!(all.len() == 2 && all.iter().all(|n| n.child(Field::Consequence).is_none()));
    assert_eq!(all[0].child(Field::Alternative).unwrap().text(), "3");
}

#[test]
fn labels_as_values_and_local_labels() {
    let tree = body(
        "\t__label__ out, in;\n\tvoid *t[] = { &&out, &&in };\n\tgoto *t[a];\nin:\n\tg(&&out - &&in);\nout:\n\treturn 1;",
    );
    assert_eq!(texts(&tree, Kind::LabeledStatement).len(), 2);
    assert_eq!(texts(&tree, Kind::PointerExpression), ["&&out", "&&in", "*t[a]", "&&out", "&&in"]);
    assert_eq!(find(&tree, Kind::GotoStatement).text(), "goto *t[a];");
}

#[test]
fn asm_goto_and_other_assembler() {
    let tree = body(
        "\tasm goto(\"1: jmp %l[out]\" : : \"r\" (a) : \"memory\" : out, in);\n\tasm_volatile_goto(\"nop\" : : : : out);\n\tasm volatile(\"\" ::: \"memory\");\n\t__asm__ __volatile__(\"x\" : \"=r\" (a), [b] \"+m\" (*p) : \"0\" (a));\n\tregister long r asm(\"r0\") = a;\nin:\nout:\n\treturn 1;",
    );
    assert!(texts(&tree, Kind::GnuAsmExpression).len() >= 4);
    assert_eq!(texts(&tree, Kind::GnuAsmGotoList).first(), Some(&": out, in"));
}

#[test]
fn attributes_wherever_they_may_stand() {
    let tree = clean(
        "static __always_inline __attribute__((pure)) int __cold f(int a __unused, char __user *p) __must_hold(x);\nstruct __packed s {\n\tint a __aligned(8);\n\tchar b[2] __attribute__((aligned(4)));\n} __randomize_layout;\nint v __section(\".data\") __read_mostly = 3;\nenum e { A __deprecated, B __attribute__((unused)) = 2 };\ntypedef int t __attribute__((mode(DI)));\nextern int __weak g(void) __printf(1, 2);\nstruct s *__restrict h(struct s __iomem *const *a);\nint __init k(void)\n{\n\tint __maybe_unused x;\n\tvoid (__iomem *q)(void);\nout: __attribute__((unused));\n\treturn (__force int)x;\n}\n",
    );
    let found = texts(&tree, Kind::MacroAttribute);
    for name in [
        "__unused",
        "__user",
        "__must_hold(x)",
        "__packed",
        "__aligned(8)",
        "__read_mostly",
        "__deprecated",
        "__weak",
        "__printf(1, 2)",
        "__init",
        "__maybe_unused",
        "__force",
    ] {
        assert!(found.contains(&name), "{name} in {found:?}");
    }
    assert!(texts(&tree, Kind::AttributeSpecifier).len() >= 4);
}

#[test]
fn generic_selection_and_auto_type() {
    let tree = body(
        "\t__auto_type x = a;\n\treturn _Generic((a), int: f, unsigned long: g, struct x *: h, default: i)(a);",
    );
    assert_eq!(texts(&tree, Kind::GenericExpression).len(), 1);
    assert_eq!(find(&tree, Kind::Declaration).text(), "__auto_type x = a;");
}

#[test]
fn definitions_in_the_old_style() {
    let tree = clean(
        "int f(a, b, c)\n\tint a;\n\tchar *b, c;\n{\n\treturn a;\n}\nstatic int g(p) struct s *p; { return 0; }\n",
    );
    assert_eq!(texts(&tree, Kind::FunctionDefinition).len(), 2);
}

#[test]
fn definitions_in_the_old_style_that_give_a_pointer() {
    for head in [
        "char *f(a, b)\n\tint a;\n\tchar *b;",
        "static struct s *\nf(a, b)\n\tstruct s *b;\n\tregister long a;",
        "thing_t **f(a, b)\n\tthing_t *a;\n\tthing_t b;",
        "char * __cold f(a, b) char a[], *b;",
        "void *const *f(b, a)\n\tint (*a)(void), b;",
    ] {
        let tree = clean(&format!("{head}\n{{\n\treturn g(a, b);\n}}\nint next;\n"));
        let function = find(&tree, Kind::FunctionDefinition);
        let declarator = function.child(Field::Declarator).expect("it has a declarator");
        assert_eq!(declarator.kind(), Kind::PointerDeclarator, "{head}");
        assert!(declarator.text().starts_with('*') && declarator.text().ends_with(')'), "{head}");
        assert_eq!(declared_name(declarator).map(Node::text), Some("f"), "{head}");
        let stars = texts(&tree, Kind::PointerDeclarator).iter().filter(|text| text.ends_with(')')).count();
        assert!(stars == head[..head.find('(').unwrap_or(0)].matches('*').count(), "{head}");
        let scopes = Scopes::of(function);
        let parameters: Vec<_> = scopes
            .declarations()
            .iter()
            .filter(|d| d.kind == DeclKind::Parameter)
            .map(|d| d.ident.text())
            .collect();
        assert!(
            parameters.contains(&"a") && parameters.contains(&"b") && parameters.len() == 2,
            "{parameters:?}"
        );
    }
    let tree =
        clean("int f(a)\n\tthing_t a;\n{\n\treturn 0;\n}\nint g(void);\nDECLARE(a, b)\nint h(void)\n{\n}\n");
    assert_eq!(texts(&tree, Kind::FunctionDefinition).len(), 2);
}

#[test]
fn spellings_of_newer_standards() {
    let tree = clean(
        "_Static_assert(sizeof(int) == 4, \"x\");\nstatic_assert(1);\nstruct s {\n\tint n;\n\tint a[] __counted_by(n);\n\t_Static_assert(1, \"y\");\n};\n[[nodiscard]] int f(int a)\n{\n\tswitch (a) {\n\tcase 1:\n\t\tg();\n\t\t[[fallthrough]];\n\tcase 2:\n\t\th();\n\t\tfallthrough;\n\tcase 3:\n\t\t__attribute__((__fallthrough__));\n\tdefault:\n\t\tbreak;\n\t}\n\tint _Alignas(8) x;\n\treturn _Alignof(int);\n}\n_Noreturn void k(void);\n_Thread_local int t;\n_Atomic int u;\n",
    );
    assert!(texts(&tree, Kind::MacroAttribute).contains(&"__counted_by(n)"));
    assert!(texts(&tree, Kind::AttributeDeclaration).contains(&"[[fallthrough]]"));
}

#[test]
fn macros_that_head_functions() {
    for head in [
        "CALL_DEFINE3(f, int, a, const char __user *, b, size_t, n)",
        "HANDLER(f)",
        "static DEFINE_CALL(f, struct s *p)",
        "PROG(\"tp/x\")\nint f(void *a)",
    ] {
        let tree = clean(&format!("{head}\n{{\n\treturn 0;\n}}\n"));
        let functions = tree
            .root()
            .descendants()
            .filter(|n| matches!(n.kind(), Kind::FunctionDefinition | Kind::MacroFunctionDefinition));
        assert_eq!(functions.count(), 1, "{head}: {}", tree.root().to_sexp());
    }
    let tree = clean("CALL_DEFINE3(f, int, a, const char __user *, b, size_t, n)\n{\n\treturn 0;\n}\n");
    let parameters = find(&tree, Kind::MacroFunctionDefinition).child(Field::Parameters).unwrap();
    assert_eq!(parameters.named_children().filter(|p| p.is(Kind::ParameterDeclaration)).count(), 4);
}

#[test]
fn macro_iterators_in_every_layout() {
    for text in [
        "\teach(a, b) {\n\t\tg();\n\t}",
        "\teach(a, b)\n\t\tg();",
        "\teach (a, b) g();",
        "\teach(a, b)\n\t\tif (a)\n\t\t\tg();\n\t\telse\n\t\t\th();",
        "\tfor_each_thing(a, &b->c[1], struct s, d)\n\t\tfor (;;)\n\t\t\tg();",
        "\tif (a)\n\t\teach(a, b)\n\t\t\tg();",
        "\teach(a, b)\n\t\t*p++ = 0;",
        "\teach(a, b)\n\t\teach(c, d) {\n\t\t\tg();\n\t\t}",
    ] {
        let tree = body(text);
        let each = find(&tree, Kind::MacroIterator);
        assert!(each.child(Field::Body).is_some_and(|b| b.kind().is_statement()), "{text}");
    }
}

#[test]
fn declarers() {
    let tree = clean(
        "static DEFINE_MUTEX(lock);\nDECLARE_BITMAP(map, 8);\nEXPORT_SYMBOL(f)\nMODULE_LICENSE(\"GPL\");\nstatic LIST_HEAD(list), *other;\nDEFINE_ROW(a) = { 1 };\nint f(void)\n{\n\tDECLARE_WORK(w, g);\n\tDEFINE_BUF(b, 3) = { 0 };\n\tint x;\n\n\treturn 0;\n}\n",
    );
    assert!(texts(&tree, Kind::MacroDeclaration).len() >= 6, "{:?}", texts(&tree, Kind::MacroDeclaration));
}

#[test]
fn type_arguments() {
    let tree = body(
        "\tp = outer(q, struct s, list);\n\tx = lowest(unsigned int, a, b);\n\ty = make(struct s *, GFP);\n\tz = pick(const char *, a);\n\tw = ap(args, int);\n\tv = of(foo_t *, a);\n\tu = put(a, char __user *);",
    );
    assert_eq!(
        texts(&tree, Kind::TypeArgument),
        ["struct s", "unsigned int", "struct s *", "const char *", "int", "foo_t *", "char __user *"]
    );
    assert!(
        tree.root()
            .descendants()
            .filter(|n| n.is(Kind::TypeArgument))
            .all(|n| n.child_of(Kind::TypeDescriptor).is_some())
    );
}

#[test]
fn statement_macros_without_a_semicolon() {
    let tree = body("\tBEGIN\n\tg(a);\n\tTRACE(a)\n\tg(a);\n\tif (a)\n\t\tSTOP(a)\n\telse\n\t\tg(a);\n\tEND");
    assert_eq!(texts(&tree, Kind::MacroStatement), ["BEGIN", "TRACE(a)", "STOP(a)", "END"]);
}
