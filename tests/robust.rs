//! Files that are hardly C: every byte that no rule changes stays as it is, and no command falls over.

use crate::cli::Scene;
use vedalia::plan::apply::{ApplyOptions, apply, prepare};
use vedalia::source::SourceFile;
use vedalia::{engine, smpl};

const RULE: &str = "@@\nexpression E;\n@@\n- old(E)\n+ new(E)\n";

/// What the rule makes of a file, on a thread as the command has them.
fn applied(bytes: &[u8]) -> Vec<u8> {
    let options = ApplyOptions::default();
    let (file, _) = smpl::parse(&SourceFile::new("r.cocci", RULE));
    let program = prepare(&file, &options).expect("a good rule");
    engine::with_threads(None, || apply(&program, &SourceFile::new("a.c", bytes), &options).after)
}

fn replaced(bytes: &[u8]) -> Vec<u8> {
    let text: Vec<&[u8]> = bytes.split(|b| *b == b'o').collect();
    let mut out: Vec<u8> = Vec::new();
    for (at, part) in text.iter().enumerate() {
        if at > 0 {
            out.extend(if part.starts_with(b"ld(") { &b"new("[..] } else { b"o" });
        }
        out.extend(part.strip_prefix(b"ld(").filter(|_| at > 0).unwrap_or(part));
    }
    out
}

#[test]
fn odd_bytes_stay_as_they_are() {
    for bytes in [
        &b"int f(int a)\n{\n\treturn old(a);\n}"[..],
        b"int f(int a)\r\n{\r\n\treturn old(a);\r\n}\r\n",
        b"/* Andr\xe9 */\nint f(int a)\n{\n\treturn old(a); /* \xfc\xff */\n}\n",
        b"\x0c\nint f(int a)\n{\n\x0c\n\treturn old(a);\n}\n\x0c\n",
        b"int f(int a)\n{\n\treturn old(a);\n}\n/* a NUL: \0 */\n",
        b"\xef\xbb\xbfint f(int a)\n{\n\treturn old(a);\n}\n",
        b"int f(int a) \\\n{ \\\n\treturn old(a); \\\n}\n",
    ] {
        let shown = String::from_utf8_lossy(bytes);
        assert_eq!(applied(bytes), replaced(bytes), "{shown:?}");
    }
}

#[test]
fn a_file_without_a_final_newline_keeps_none_in_diffs() {
    let scene = Scene::new(&[]);
    let rule = scene.write("r.cocci", RULE);
    scene.write("a.c", "int f(int a)\n{\n\treturn old(a);\n}");
    let ran = scene.run(&["apply", &rule, "a.c"]);
    assert!(ran.stdout.contains("\\ No newline at end of file"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("-}"), "{}", ran.stdout);
}

#[test]
fn long_lines_and_deep_nesting_are_no_harm() {
    let end = "int f(int a)\n{\n\treturn old(a);\n}\n";
    for start in [
        format!("int t[] = {{ {}}};\n", "1, ".repeat(200_000)),
        format!("/* {} */\n", "x".repeat(10_000_000)),
        format!("int x = {}1{};\n", "(".repeat(100_000), ")".repeat(100_000)),
        format!("char *s = \"{}\";\n", "y".repeat(10_000_000)),
    ] {
        let bytes = format!("{start}{end}").into_bytes();
        assert!(applied(&bytes) == format!("{start}{}", end.replace("old", "new")).into_bytes());
    }
}
