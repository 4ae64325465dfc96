//! What a metavariable stands for.
//!
//! In: nodes of the code, characters, or a place. Out: a [`Binding`], which can be compared with others and outlives the tree
//! that it came from. It does not know the metavariable.

use crate::source::{LineColumn, Span};
use crate::syntax::{Node, NodeId};
use std::sync::Arc;

/// Lines and columns of a piece of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Extent {
    /// Of its first byte.
    pub from: LineColumn,
    /// Of the byte behind its last.
    pub to: LineColumn,
}

/// A place in a file that a position metavariable holds. The text of the file may have changed since.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file's path.
    pub file: Arc<str>,
    /// The bytes.
    pub span: Span,
    /// The same as lines and columns.
    pub at: Extent,
    /// The function around it, or what else stands at the top of the file.
    pub element: Arc<str>,
    /// Where that function stands.
    pub element_at: Extent,
}

/// What a metavariable is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The node of the code, if it is exactly one; it belongs to the tree that was matched.
    pub node: Option<NodeId>,
    /// The bytes of the code; empty for a name that a rule made up.
    pub span: Span,
    /// The code as it was written.
    pub text: Arc<str>,
    /// The code in canonical spelling: equal exactly if the code is.
    pub key: Arc<str>,
    /// Number of elements of a list; 1 for everything else.
    pub count: usize,
    /// The places, for a position.
    pub places: Vec<Place>,
    /// For a type: where in its text the declared name stands, if that is not the end.
    pub hole: Option<usize>,
    /// The columns that the line is indented by in which it starts; 0 unless its lines matter.
    pub column: usize,
}

/// The key that no code has.
const NOTHING: &str = "\u{0}";

impl Binding {
    /// A binding to one node.
    pub fn of(node: Node<'_>) -> Self {
        Self {
            node: Some(node.id()),
            span: node.span(),
            text: node.text().into(),
            key: super::canonical(node).into(),
            count: 1,
            places: Vec::new(),
            hole: None,
            column: 0,
        }
    }

    /// The same as the expressions `nodes`: names are told apart by what they are declared as.
    pub(super) fn told_apart(self, nodes: &[Node<'_>]) -> Self {
        let key = super::canonical::told_apart(self.key.to_string(), nodes);
        if key.len() == self.key.len() { self } else { Self { key: key.into(), ..self } }
    }

    /// The same code wherever it stands: in another function, or in a block with other variables.
    #[must_use]
    pub fn anywhere(&self) -> Self {
        let key = super::canonical::alike(&self.key);
        if key.len() == self.key.len() { self.clone() } else { Self { key: key.into(), ..self.clone() } }
    }

    /// The same with the column of the line that it starts in.
    pub(super) fn with_column(self, c: Node<'_>) -> Self {
        let text = c.tree().source().text();
        let line = text[..c.span().start as usize].rfind('\n').map_or(0, |at| at + 1);
        let white = text[line..].len() - text[line..].trim_start_matches([' ', '\t']).len();
        let column = text[line..line + white]
            .chars()
            .fold(0, |at, c| if c == '\t' { (at / 8 + 1) * 8 } else { at + 1 });
        Self { column, ..self }
    }

    /// A binding to a row of siblings.
    pub fn row(nodes: &[Node<'_>], at: Span) -> Self {
        let span = match (nodes.first(), nodes.last()) {
            (Some(first), Some(last)) => first.span().cover(last.span()),
            _ => Span::at(at.start as usize),
        };
        let text = nodes.first().map_or("", |n| n.tree().source().slice(span));
        let node = if let [one] = nodes { Some(one.id()) } else { None };
        let key = super::canonical::canonical_row(nodes.iter().copied());
        Self {
            node,
            span,
            text: text.into(),
            key: key.into(),
            count: nodes.len(),
            places: Vec::new(),
            hole: None,
            column: 0,
        }
    }

    /// A binding to characters that are no code.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let key = super::canonical::token(&text).into();
        Self {
            node: None,
            span: Span::default(),
            text,
            key,
            count: 1,
            places: Vec::new(),
            hole: None,
            column: 0,
        }
    }

    /// What a name of another rule is bound to that did not find any: no code is that.
    pub fn nothing() -> Self {
        Self { key: NOTHING.into(), ..Self::text("") }
    }

    /// Whether no code is that.
    pub fn is_nothing(&self) -> bool {
        &*self.key == NOTHING
    }

    /// A binding to a place.
    pub fn place(place: Place) -> Self {
        Self {
            node: None,
            span: place.span,
            text: "".into(),
            key: place.key().into(),
            count: 1,
            places: vec![place],
            hole: None,
            column: 0,
        }
    }

    /// The same position with the places of another one as well.
    #[must_use]
    pub(super) fn with_places(&self, other: &Self) -> Self {
        let mut places = self.places.clone();
        places.extend(other.places.iter().filter(|p| !self.places.contains(p)).cloned());
        places.sort();
        let key = places.iter().map(Place::key).collect::<Vec<_>>().join(" ");
        Self { places, key: key.into(), ..self.clone() }
    }
}

impl Place {
    fn key(&self) -> String {
        format!("{}:{}-{}", self.file, self.span.start, self.span.end)
    }
}
