//! Declarations and types through the library, as a rule or an analysis asks for them: one function and one header with
//! everything that a declarator can be.

use vedalia::source::SourceFile;
use vedalia::syntax::{DeclKind, Headers, Kind, MacroKnowledge, Scopes, Tree, WrittenType};

const HEADER: &str = "#define __mark __attribute__((noderef))
typedef unsigned int word_t;
struct box;
struct box {
	word_t size;
	const char __mark *name;
	struct box *next, **all;
	int (*open)(struct box *b, const char *how);
	unsigned long flags[2][4];
	unsigned int ready : 1, left : 3;
	union {
		long number;
		struct { short low, high; };
	};
	struct { int x; } at;
	enum { NONE, SOME } kind;
};
struct box *box_of(word_t n);
extern word_t boxes;
";

const FILE: &str = "#include <box.h>
static long f(struct box *b, const char __mark *text, size_t n, int (*cb)(void *, int), char **argv[])
{
	struct box *const first = b, other, *table[3];
	word_t w = b->size;
	volatile unsigned long long big[2];
	struct { int a; } local;
	static const int zero;

	for (int i = 0; i < n; i++) {
		word_t *w = &other.size;

		cb(w, i);
	}
	return w + big[0] + local.a + zero;
}
";

fn read(path: &str) -> Option<Vec<u8>> {
    (path == "include/box.h").then(|| HEADER.as_bytes().to_vec())
}

fn headers() -> Headers<'static> {
    Headers::new(read, [""; 0], MacroKnowledge::shipped().clone())
}

fn function(tree: &Tree) -> Scopes<'_> {
    let found = tree.root().descendants().find(|node| node.is(Kind::FunctionDefinition));
    Scopes::of(found.expect("the file has a function"))
}

#[test]
fn every_local_and_parameter_has_its_type_as_written() {
    let tree = headers().parse(&SourceFile::new("a.c", FILE));
    let scopes = function(&tree);
    let told: Vec<(DeclKind, String)> =
        scopes.declarations().iter().map(|d| (d.kind, d.ty.declare(d.name))).collect();
    use DeclKind::{Local, Parameter, Static};
    let expected = [
        (Parameter, "struct box *b"),
        (Parameter, "const char __mark *text"),
        (Parameter, "size_t n"),
        (Parameter, "int (*cb)(void *, int)"),
        (Parameter, "char **argv[]"),
        (Local, "struct box *const first"),
        (Local, "struct box other"),
        (Local, "struct box *table[3]"),
        (Local, "word_t w"),
        (Local, "volatile unsigned long long big[2]"),
        (Local, "struct { int a; } local"),
        (Static, "const int zero"),
        (Local, "int i"),
        (Local, "word_t *w"),
    ];
    assert_eq!(told, expected.map(|(kind, text)| (kind, text.to_owned())));
}

#[test]
fn every_use_knows_its_declaration() {
    let tree = headers().parse(&SourceFile::new("a.c", FILE));
    let scopes = function(&tree);
    let named = |name: &str| scopes.declarations().iter().filter(|d| d.name == name).collect::<Vec<_>>();
    let lines =
        |id| scopes.uses(id).iter().map(|u| tree.source().line_column(u.span()).line).collect::<Vec<_>>();
    let [outer, inner] = named("w")[..] else { panic!("two declarations of w") };
    assert_eq!((lines(outer.id), lines(inner.id)), (vec![15], vec![13]));
    assert_eq!(lines(named("b")[0].id), [4, 5]);
    assert_eq!(lines(named("i")[0].id), [10, 10, 13]);
    for declaration in scopes.declarations() {
        for used in scopes.uses(declaration.id) {
            assert_eq!(scopes.resolve(*used), Some(declaration.id));
            assert_eq!(used.text(), declaration.name);
        }
    }
    let size =
        tree.root().descendants().find(|node| node.is(Kind::FieldIdentifier)).expect("a field is used");
    assert_eq!(scopes.resolve(size), None);
}

#[test]
fn fields_have_types_in_the_headers_too() {
    let headers = headers();
    let tree = headers.parse(&SourceFile::new("a.c", FILE));
    let types = headers.types(&tree);
    for (field, written) in [
        ("size", "word_t x"),
        ("name", "const char __mark *x"),
        ("next", "struct box *x"),
        ("all", "struct box **x"),
        ("open", "int (*x)(struct box *b, const char *how)"),
        ("flags", "unsigned long x[2][4]"),
        ("ready", "unsigned int x : 1"),
        ("left", "unsigned int x : 3"),
        ("number", "long x"),
        ("low", "short x"),
        ("high", "short x"),
    ] {
        let told = types.field("struct box", field).map(|ty| ty.declare("x"));
        assert_eq!(told.as_deref(), Some(written), "{field}");
    }
    let aggregate = |name| types.field("struct box", name).is_some_and(|ty| ty.has_anonymous_aggregate());
    assert!(aggregate("at") && aggregate("kind"));
    assert_eq!(types.field("struct box", "absent"), None);
    let text = |ty: Option<WrittenType>| ty.map(|ty| ty.type_name());
    assert_eq!(text(types.result("box_of")).as_deref(), Some("struct box *"));
    assert_eq!(text(types.variable("boxes")).as_deref(), Some("word_t"));
    let word = types.variable("boxes").expect("it is declared");
    assert_eq!(types.resolved(&word).type_name(), "unsigned int");
    let scopes = function(&tree);
    let first = scopes.declarations().iter().find(|d| d.name == "b").expect("a parameter");
    assert_eq!(
        text(first.ty.pointee().and_then(|boxed| types.field_of(&boxed, "size"))).as_deref(),
        Some("word_t")
    );
}
