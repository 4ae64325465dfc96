//! A callback's text, parsed once more to be mended.
//!
//! In: the text of a function, and what finds edits in it. Out: the text with the edits made; a text that
//! cannot be read stays as it is.

use crate::edit::EditSet;
use crate::flow::access::{Access, accesses};
use crate::source::SourceFile;
use crate::syntax::scope::Scopes;
use crate::syntax::{Field, Kind, Node, parse};

/// A function in a text of its own.
pub(super) struct Text<'t> {
    pub(super) source: &'t SourceFile,
    pub(super) body: Node<'t>,
    pub(super) scopes: Scopes<'t>,
    /// Every access in the body.
    pub(super) accesses: Vec<Access<'t>>,
}

/// The text with the edits that `find` finds.
pub(super) fn edited(callback: String, find: impl FnOnce(&Text<'_>) -> EditSet) -> String {
    let source = SourceFile::new("callback.c", callback.clone());
    let tree = parse(&source);
    let function = tree.root().child_of(Kind::FunctionDefinition).filter(|f| !f.has_opaque());
    let Some((function, body)) = function.and_then(|f| Some((f, f.child(Field::Body)?))) else {
        return callback;
    };
    let scopes = Scopes::of(function);
    let accesses = accesses(body, &scopes);
    let edits = find(&Text { source: &source, body, scopes, accesses });
    String::from_utf8(edits.apply(callback.as_bytes())).unwrap_or(callback)
}
