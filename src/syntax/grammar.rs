//! tree-sitter: the parser and the numbers of its grammar.
//!
//! In: text. Out: a tree-sitter tree, or nothing if the text needs more work than its length allows, so that hostile
//! text cannot hang a run. The limit counts steps, not time: the same text always gives the same answer.

use super::kind::{Field, Kind};
use std::cell::RefCell;
use std::ops::ControlFlow;
use std::sync::OnceLock;

thread_local! {
    static PARSER: RefCell<Option<tree_sitter::Parser>> = RefCell::new(new_parser());
}

fn new_parser() -> Option<tree_sitter::Parser> {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_c::LANGUAGE.into()).ok()?;
    Some(parser)
}

/// Parse `text`.
pub(super) fn parse(text: &[u8]) -> Option<tree_sitter::Tree> {
    // The parser reports about every hundred steps; clean C takes well below one step per byte.
    let mut left = 2_000 + text.len() / 4;
    let mut count = |_: &tree_sitter::ParseState| match left {
        0 => ControlFlow::Break(()),
        _ => {
            left -= 1;
            ControlFlow::Continue(())
        }
    };
    PARSER.with_borrow_mut(|parser| {
        let parser = parser.as_mut()?;
        let options = tree_sitter::ParseOptions::new().progress_callback(&mut count);
        let tree =
            parser.parse_with_options(&mut |at, _| text.get(at..).unwrap_or_default(), None, Some(options));
        if tree.is_none() {
            parser.reset();
        }
        tree
    })
}

/// The kinds and fields of the grammar by number.
pub(super) struct Numbers {
    kinds: Vec<Kind>,
    fields: Vec<Option<Field>>,
}

impl Numbers {
    /// The grammar's numbers; computed once.
    pub(super) fn of_c() -> &'static Self {
        static NUMBERS: OnceLock<Numbers> = OnceLock::new();
        NUMBERS.get_or_init(|| {
            let language: tree_sitter::Language = tree_sitter_c::LANGUAGE.into();
            let kind = |id: usize| match language.node_kind_is_named(id as u16) {
                true => language.node_kind_for_id(id as u16).and_then(Kind::from_name).unwrap_or(Kind::Error),
                false => Kind::Token,
            };
            let field = |id: usize| language.field_name_for_id(id as u16).and_then(Field::from_name);
            Self {
                kinds: (0..language.node_kind_count()).map(kind).collect(),
                fields: (0..=language.field_count()).map(field).collect(),
            }
        })
    }

    pub(super) fn kind(&self, node: tree_sitter::Node<'_>) -> Kind {
        if node.is_missing() {
            Kind::Missing
        } else if node.is_error() {
            Kind::Error
        } else if !node.is_named() {
            Kind::Token
        } else {
            self.kinds.get(node.kind_id() as usize).copied().unwrap_or(Kind::Error)
        }
    }

    pub(super) fn field(&self, cursor: &tree_sitter::TreeCursor<'_>) -> Option<Field> {
        self.fields.get(cursor.field_id()?.get() as usize).copied().flatten()
    }
}
