//! The bodies of macros, read as expressions or as statements.
//!
//! In: a file. Out: one tree for each `#define` whose body can be read so, with the file's own offsets: everything else is
//! blank. Other bodies are passed over in silence, as rules cannot match them.

use crate::source::SourceFile;
use crate::syntax::{self, Field, Kind, Node, Tree};

/// What a body is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// One expression.
    Expression,
    /// Statements that are no expression.
    Statements(Lines),
}

/// How long bodies may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// As long as they are.
    Any,
    /// One line: code that is added to a longer one would need a backslash.
    One,
}

/// The bodies that hold all of `words`.
pub fn bodies(tree: &Tree, words: &[String], reading: Reading) -> Vec<Tree> {
    let defines =
        tree.root().descendants().filter(|n| matches!(n.kind(), Kind::PreprocDef | Kind::PreprocFunctionDef));
    let mut out = Vec::new();
    for value in defines.filter_map(|n| n.child(Field::Value)) {
        let text = value.text();
        let text = text.find("/*").map_or(text, |i| &text[..i]).trim_end();
        if text.is_empty() || !words.iter().all(|w| text.contains(w.as_str())) {
            continue;
        }
        let expression = body(tree, value, text, ("int f(){x=", ";}"));
        match reading {
            Reading::Expression => out.extend(expression),
            Reading::Statements(Lines::One) if text.contains('\n') => {}
            Reading::Statements(_) if expression.is_some() => {}
            Reading::Statements(_) => out.extend(body(tree, value, text, ("int f(){", ";}"))),
        }
    }
    out
}

/// The text of a body between what makes it a file.
fn body(tree: &Tree, value: Node<'_>, text: &str, (before, after): (&str, &str)) -> Option<Tree> {
    let source = tree.source();
    let start = value.span().start as usize;
    let room = start.checked_sub(before.len())?;
    let mut all: Vec<u8> = source.bytes().iter().map(|b| if *b == b'\n' { b'\n' } else { b' ' }).collect();
    let end = start + text.len();
    let body: Vec<u8> = text.bytes().map(|b| if b == b'\\' { b' ' } else { b }).collect();
    all[start..end].copy_from_slice(&body);
    all[room..start].copy_from_slice(before.as_bytes());
    all.truncate(end);
    all.extend(after.bytes());
    let parsed = syntax::parse(&SourceFile::new(source.path(), all));
    (!parsed.root().has_opaque()).then_some(parsed)
}
