//! Lossless C: from bytes to typed nodes, without a preprocessor.
//!
//! In: a [`SourceFile`](crate::source::SourceFile). Out: a [`Tree`] whose spans are those of the original text.
//! Only this module knows tree-sitter.

pub mod declarator;
pub mod file_scope;
pub mod kind;
pub mod parse;
pub mod scope;
pub mod tree;
pub mod types;

pub use file_scope::FileScope;
pub use kind::{Field, Kind};
pub use parse::parse;
pub use scope::{DeclId, DeclKind, Declaration, Scopes};
pub use tree::{Node, NodeId, Tree};
pub use types::WrittenType;
