//! Headers of a small tree: what they say about macros and types, how often they are read.

use super::*;
use crate::syntax::{FileLedger, Kind, MacroRole};
use std::sync::atomic::{AtomicUsize, Ordering};

fn tree_file(path: &str) -> Option<Vec<u8>> {
    let text = match path {
        "include/all.h" => "#include <lib/mark.h>\n#include \"deep/types.h\"\n#include <lib/none.h>\n",
        "include/lib/mark.h" => {
            "#include <all.h>\n#define marked COLD\n#define COLD __attribute__((cold))\n\
             #define walk(x) for (; x; x = x->next)\n"
        }
        "include/deep/types.h" => {
            "struct other;\n\
             struct pair {\n\tint *a;\n\tunion {\n\t\tlong b;\n\t\tstruct other *c[2];\n\t};\n\
             \tgroup(named,\n\t\tchar *d;\n\t);\n#ifdef X\n\tshort e : 3;\n#endif\n\
             \tstruct inner { struct pair *up; } in;\n};\n\
             typedef struct { int x; } point_t;\ntypedef struct pair pair_t;\ntypedef pair_t *pairs_t;\n\
             static inline struct pair *first(int n)\n{\n\treturn 0;\n}\nextern pairs_t second(void);\n\
             extern \"C\" {\nextern int level;\n}\n"
        }
        "sub/own.h" => "typedef int own_t[3];\n",
        _ => return None,
    };
    Some(text.as_bytes().to_vec())
}

fn headers() -> Headers<'static> {
    Headers::new(tree_file, [""; 0], MacroKnowledge::shipped().clone())
}

const FILE: &str = "#include <all.h>\n#include \"own.h\"\nint marked f(struct pair *p)\n{\n\twalk (p)\n\tp++;\n\treturn 0;\n}\n";

#[test]
fn macros_of_headers_are_known() {
    let headers = headers();
    let file = SourceFile::new("sub/a.c", FILE);
    let known = headers.macros(&file);
    assert_eq!(known.role("marked"), Some((MacroRole::Attribute, Why::Definition)));
    assert_eq!(known.role("walk"), Some((MacroRole::Iterator, Why::Definition)));
    let tree = headers.parse(&file);
    assert_eq!(FileLedger::of(&tree).clean_functions(), 1);
    // By the layout alone it would be a statement.
    assert!(tree.root().descendants().any(|n| n.is(Kind::MacroIterator)));
    assert_eq!(known.defined_at("walk").map(ToString::to_string).as_deref(), Some("include/lib/mark.h:4"));
    assert_eq!(MacroKnowledge::shipped().role("walk"), None);
}

#[test]
fn types_come_from_headers() {
    let headers = headers();
    let tree = headers.parse(&SourceFile::new("sub/a.c", FILE));
    let types = headers.types(&tree);
    let field = |aggregate: &str, name: &str| types.field(aggregate, name).map(|t| t.declare("x"));
    assert_eq!(field("struct pair", "a").as_deref(), Some("int *x"));
    assert_eq!(field("struct pair", "b").as_deref(), Some("long x"));
    assert_eq!(field("struct pair", "c").as_deref(), Some("struct other *x[2]"));
    assert_eq!(field("struct pair", "d").as_deref(), Some("char *x"));
    assert_eq!(field("struct pair", "e").as_deref(), Some("short x : 3"));
    assert_eq!(field("struct inner", "up").as_deref(), Some("struct pair *x"));
    assert_eq!(field("struct other", "a"), None);
    assert_eq!(field("point_t", "x").as_deref(), Some("int x"));
    assert_eq!(field("pair_t", "b").as_deref(), Some("long x"));
    assert_eq!(types.result("first").unwrap().type_name(), "struct pair *");
    let second = types.result("second").unwrap();
    assert_eq!(
        (second.type_name().as_str(), types.resolved(&second).type_name().as_str()),
        ("pairs_t", "struct pair *")
    );
    assert_eq!(types.variable("level").unwrap().type_name(), "int");
    let own = types.typedef("own_t").unwrap();
    assert_eq!(types.resolved(&own).declare("x"), "int x[3]");
    assert!(types.result("f").is_some() && types.result("third").is_none());
}

#[test]
fn a_header_is_read_once_and_parsed_when_asked_for() {
    let reads = AtomicUsize::new(0);
    let read = |path: &str| {
        reads.fetch_add(1, Ordering::Relaxed);
        tree_file(path)
    };
    let headers = Headers::new(read, [""; 0], MacroKnowledge::shipped().clone());
    for name in ["sub/a.c", "sub/b.c"] {
        headers.parse(&SourceFile::new(name, FILE));
    }
    // Each place once, whether there is a header or not.
    let lexed = reads.load(Ordering::Relaxed);
    let places =
        ["sub/", "include/", "include/lib/", "sub/include/", "include/include/", "include/lib/include/"];
    assert!(lexed <= 4 * places.len(), "{lexed}");
    headers.parse(&SourceFile::new("sub/c.c", FILE));
    assert_eq!(reads.load(Ordering::Relaxed), lexed);
    // Those that are there once more for the names in them, and the one that has the name to be parsed.
    for _ in 0..2 {
        let tree = headers.parse(&SourceFile::new("sub/c.c", FILE));
        assert!(headers.types(&tree).field("struct pair", "a").is_some());
        assert_eq!(reads.load(Ordering::Relaxed), lexed + 4 + 1);
    }
}

#[test]
fn paths_stay_inside_the_tree() {
    assert_eq!(normal_path("a/b", "../c/./d.h").as_deref(), Some("a/c/d.h"));
    assert_eq!(normal_path("a", "../../d.h"), None);
    assert_eq!(normal_path("a", "/d.h"), None);
}
