//! The coverage ledger: what was read and what was not.
//!
//! In: a [`Tree`]. Out: [`FileLedger`]: functions, bytes, and each stretch that is opaque with the cause. The count of
//! functions does not rest on the tree: it is the overlay's, so that a function that drowns in an error still counts.

use super::kind::Kind;
use super::tree::{Node, Tree};
use crate::source::Span;

/// Why a stretch was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The grammar could not read it.
    Syntax,
    /// Another arm of the `#if` around it was read.
    Arm,
}

/// A stretch of a file that was not read.
#[derive(Clone, Debug)]
pub struct Unread {
    /// The bytes.
    pub span: Span,
    /// Why.
    pub cause: Cause,
    /// The number of the function around it in [`FileLedger::functions`].
    pub function: Option<usize>,
}

/// A function of a file.
#[derive(Clone, Debug)]
pub struct FunctionEntry {
    /// Its body, braces included.
    pub body: Span,
    /// Whether all of it was read.
    pub clean: bool,
}

/// What was read of one file.
#[derive(Clone, Debug, Default)]
pub struct FileLedger {
    /// The file.
    pub path: String,
    /// Its length.
    pub bytes: usize,
    /// Its functions in order.
    pub functions: Vec<FunctionEntry>,
    /// What was not read, in order.
    pub unread: Vec<Unread>,
}

impl FileLedger {
    /// The ledger of one file.
    pub fn of(tree: &Tree) -> Self {
        let mut functions: Vec<FunctionEntry> =
            tree.bodies.iter().map(|body| FunctionEntry { body: *body, clean: false }).collect();
        for node in tree.root().descendants().filter(|n| is_function(*n)) {
            let Some(body) = node.children().find(|c| c.is(Kind::CompoundStatement)) else { continue };
            let at = functions.partition_point(|f| f.body.start < body.span().start);
            if let Some(entry) = functions.get_mut(at).filter(|f| f.body == body.span()) {
                entry.clean = !node.has_opaque();
            }
        }
        let mut unread = Vec::new();
        let mut covered = 0;
        for node in tree.root().descendants().filter(|n| n.kind().is_opaque()) {
            if node.span().start < covered {
                continue;
            }
            covered = node.span().end;
            let cause = if node.is(Kind::OpaqueRegion) { Cause::Arm } else { Cause::Syntax };
            let at = functions.partition_point(|f| f.body.end <= node.span().start);
            let function = functions.get(at).filter(|f| f.body.overlaps(node.span())).map(|_| at);
            unread.push(Unread { span: node.span(), cause, function });
        }
        let source = tree.source();
        Self { path: source.path().to_owned(), bytes: source.bytes().len(), functions, unread }
    }

    /// How many functions were read whole.
    pub fn clean_functions(&self) -> usize {
        self.functions.iter().filter(|f| f.clean).count()
    }
}

fn is_function(node: Node<'_>) -> bool {
    matches!(node.kind(), Kind::FunctionDefinition | Kind::MacroFunctionDefinition)
}
