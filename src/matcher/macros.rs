//! The bodies of macros, read as expressions.
//!
//! In: a file. Out: one tree for each `#define` whose body is an expression, with the file's own offsets: everything
//! else is blank. Bodies that are no expression are passed over in silence, as rules cannot match them.

use crate::source::SourceFile;
use crate::syntax::{self, Field, Kind, Tree};

const BEFORE: &str = "int f(){x=";
const AFTER: &str = ";}";

/// The bodies that hold all of `words`.
pub fn bodies(tree: &Tree, words: &[String]) -> Vec<Tree> {
    let source = tree.source();
    let defines =
        tree.root().descendants().filter(|n| matches!(n.kind(), Kind::PreprocDef | Kind::PreprocFunctionDef));
    let mut out = Vec::new();
    for value in defines.filter_map(|n| n.child(Field::Value)) {
        let text = value.text();
        let text = text.find("/*").map_or(text, |i| &text[..i]).trim_end();
        let start = value.span().start as usize;
        if text.is_empty() || start < BEFORE.len() || !words.iter().all(|w| text.contains(w.as_str())) {
            continue;
        }
        let mut all: Vec<u8> =
            source.bytes().iter().map(|b| if *b == b'\n' { b'\n' } else { b' ' }).collect();
        let end = start + text.len();
        let body: Vec<u8> = text.bytes().map(|b| if b == b'\\' { b' ' } else { b }).collect();
        all[start..end].copy_from_slice(&body);
        all[start - BEFORE.len()..start].copy_from_slice(BEFORE.as_bytes());
        all.truncate(end);
        all.extend(AFTER.bytes());
        let parsed = syntax::parse(&SourceFile::new(source.path(), all));
        if !parsed.root().has_opaque() {
            out.push(parsed);
        }
    }
    out
}
