//! Text from nothing.
//!
//! In: random numbers. Out: bytes, tokens in any order, brackets without end, directives that split everything, C by a
//! small grammar, lines of ten megabytes.

use super::random::Random;

/// Words and signs of C, of the preprocessor and of rules.
const TOKENS: &[&str] = &[
    "int",
    "char",
    "unsigned long",
    "struct s",
    "union u",
    "enum e",
    "typedef",
    "static",
    "inline",
    "const",
    "void",
    "if (",
    "else",
    "for (;;",
    "while (",
    "do",
    "switch (",
    "case 1:",
    "default:",
    "return",
    "goto l;",
    "l:",
    "break;",
    "continue;",
    "sizeof(",
    "typeof(",
    "_Generic(",
    "__attribute__((x))",
    "asm volatile goto(\"\" ::::l)",
    "a",
    "b",
    "MACRO",
    "MACRO(",
    "for_each(x, y)",
    "each_one",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "({",
    "})",
    ";",
    ",",
    ":",
    "?",
    "*",
    "&",
    "&&",
    "=",
    "==",
    "+=",
    "->",
    ".",
    "...",
    "++",
    "-",
    "!",
    "~",
    "<<",
    "%",
    "0",
    "1ul",
    "0x",
    "1.5e",
    "'c'",
    "'\\''",
    "\"s\"",
    "\"",
    "'",
    "/*",
    "*/",
    "//",
    "\\\n",
    "\\",
    "#",
    "##",
    "@",
    "@@",
    "$",
    "`",
    "\n",
    "\n",
    "\n",
    "\t",
    "\r\n",
    "\0",
    "\u{c}",
    "\u{e4}",
    "\n#if A\n",
    "\n#ifdef B\n",
    "\n#elif C\n",
    "\n#else\n",
    "\n#endif\n",
    "\n#define M(x, ...) x ## y do {\n",
    "\n#define N \\\n a\n",
    "\n#include <x.h>\n",
    "\n#if 0\n",
    "\n#undef M\n",
    "_Static_assert(1, \"\");",
    "[[fallthrough]];",
    "__extension__",
    "_Atomic(int)",
    "__auto_type",
    "&&l",
];

/// What a rule file has besides.
const RULE_TOKENS: &[&str] = &[
    "\n@r@\n",
    "\n@@\n",
    "\n@ script:python @\n",
    "\n@depends on r && !s@\n",
    "expression E;\n",
    "identifier f =~ \"x\";\n",
    "type T;\n",
    "statement S;\n",
    "position p;\n",
    "E@p",
    "\n- ",
    "\n+ ",
    "\n* ",
    "\n? ",
    "...",
    " when != E\n",
    " when any\n",
    "<... ",
    " ...>",
    "<+... ",
    " ...+>",
    "\n(\n",
    "\n|\n",
    "\n&\n",
    "\n)\n",
    "\\(",
    "\\|",
    "\\)",
    "virtual patch;\n",
    "fresh identifier g = \"a\" ## f;\n",
    "@walk:x@\n",
    "\nacquire:\n",
    "\nrelease:\n",
    "\nhelper:\n",
    "using \"x\"\n",
    "@initialize:python@\n",
    "@finalize:python@\n",
    "expression list[n] L;\n",
];

/// A text of one of the kinds.
pub(super) fn text(random: &mut Random, for_rules: bool) -> Vec<u8> {
    match random.below(200) {
        0 => long_line(random),
        1..=4 => nested(random),
        5..=39 => (0..random.small(4_000)).map(|_| random.byte()).collect(),
        40..=119 => soup(random, for_rules),
        _ if for_rules => soup(random, true),
        _ => {
            let mut out = String::new();
            for _ in 0..=random.below(4) {
                function(random, &mut out);
            }
            out.into_bytes()
        }
    }
}

fn soup(random: &mut Random, for_rules: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..random.small(3_000) {
        let from = if for_rules && random.below(3) == 0 { RULE_TOKENS } else { TOKENS };
        out.extend_from_slice(random.pick(from).unwrap_or_default().as_bytes());
        if random.below(2) == 0 {
            out.push(b' ');
        }
    }
    out
}

/// A token of C.
pub(super) fn token(random: &mut Random) -> &'static [u8] {
    random.pick(TOKENS).unwrap_or_default().as_bytes()
}

/// The same opening thing over and over, sometimes with its counterpart.
fn nested(random: &mut Random) -> Vec<u8> {
    const PAIRS: &[&(&str, &str)] = &[
        &("(", ")"),
        &("[", "]"),
        &("{", "}"),
        &("({", "})"),
        &("f(", ")"),
        &("if (a) {", "}"),
        &("a ? b : (", ")"),
        &("#if A\n", "#endif\n"),
        &("for (;;) ", ";"),
        &("struct s { ", "} ;"),
        &("*", ""),
        &("-", ""),
        &("else ", ""),
        &("do ", " while (0);"),
        &("case 1: ", ""),
        &("a = ", ""),
        &("\"a\" ", ""),
        &("/* ", "*/"),
        &("a, ", ""),
        &("sizeof ", ""),
        &("(int)", ""),
        &("a.b->", ""),
        &("#else\n", ""),
        &("each(x) ", ";"),
        &("int (*", ")(int)"),
    ];
    let Some((open, close)) = random.pick(PAIRS) else { return Vec::new() };
    let depth = random.small(100_000);
    let closed = if random.below(3) == 0 { random.below(depth + 1) } else { depth };
    let head = random.pick(&["", "int f(void)\n{\n", "int a = ", "#define M "]).unwrap_or_default();
    let tail =
        random.pick(&["", ";", ";\n}\n", "1;\n}\nint g(void)\n{\n\treturn 0;\n}\n"]).unwrap_or_default();
    format!("{head}{}1{}{tail}", open.repeat(depth), close.repeat(closed)).into_bytes()
}

/// Ten megabytes without a newline.
fn long_line(random: &mut Random) -> Vec<u8> {
    const SIZE: usize = 10 << 20;
    let piece = match random.below(4) {
        0 => vec![random.byte()],
        1 => token(random).to_vec(),
        2 => b"a, ".to_vec(),
        _ => (0..10).flat_map(|_| [token(random), b" "].concat()).collect(),
    };
    let piece: Vec<u8> = piece.into_iter().filter(|byte| *byte != b'\n').collect();
    if piece.is_empty() { Vec::new() } else { piece.repeat(SIZE / piece.len()) }
}

/// A function that is nearly C.
fn function(random: &mut Random, out: &mut String) {
    let head = random.pick(&[
        "static int f(struct s *a, int b)\n{\n",
        "HEAD(f, int, a)\n{\n",
        "int f(a, b)\n\tint a, b;\n{\n",
        "static void __attr f(void) __acquires(x)\n{\n",
        "#ifdef A\nint f(int a)\n#else\nint f(long a)\n#endif\n{\n",
    ]);
    out.push_str(head.unwrap_or_default());
    for _ in 0..random.small(12) {
        statement(random, 4, out);
    }
    out.push_str("}\n\n");
}

fn statement(random: &mut Random, depth: usize, out: &mut String) {
    if depth == 0 {
        out.push_str("a = b;\n");
        return;
    }
    let mut with = |before: &str, after: &str| {
        out.push_str(before);
        expression(random, depth, out);
        out.push_str(after);
        statement(random, depth - 1, out);
    };
    match depth * 7 % 3 {
        0 => with("if (", ")\n"),
        1 => with("list_each(a, ", ") "),
        _ => with("while (", ") "),
    }
    match random.below(8) {
        0 => out.push_str("#if A\n\telse\n#endif\n\t{ }\n"),
        1 => {
            out.push_str("{\n");
            (0..random.below(4)).for_each(|_| statement(random, depth - 1, out));
            out.push_str("}\n");
        }
        2 => out.push_str("switch (a) {\ncase 1 ... 2:\n\tbreak;\ndefault:\n\tgoto out;\n}\n"),
        3 => out.push_str("DECLARE_IT(x);\n"),
        4 => out.push_str("out:\n"),
        5 => out.push_str("STATEMENT(a)\n"),
        _ => {
            out.push_str("int x = ");
            expression(random, depth, out);
            out.push_str(";\n");
        }
    }
}

fn expression(random: &mut Random, depth: usize, out: &mut String) {
    if depth == 0 {
        out.push_str(random.pick(&["a", "1", "\"s\" FMT", "'c'", "sizeof(int)"]).unwrap_or_default());
        return;
    }
    let shapes: &[&[&str]] = &[
        &["f(", ", ", ")"],
        &["(", " + ", ")"],
        &["max(int, ", ", ", ")"],
        &["({ int y = ", "; y; })"],
        &["", " ?: ", ""],
        &["(struct s){ .a = ", ", [0 ... 3] = ", " }"],
        &["container(", ", struct s, m)->x"],
        &["*&", ""],
    ];
    let Some(shape) = random.pick(shapes) else { return };
    for (at, piece) in shape.iter().enumerate() {
        out.push_str(piece);
        if at + 1 < shape.len() {
            expression(random, depth - 1, out);
        }
    }
}
