//! Lossless C: from bytes to typed nodes, without a preprocessor.
//!
//! In: a [`SourceFile`](crate::source::SourceFile). Out: a [`Tree`] whose spans are those of the original text.
//! Only this module knows tree-sitter.

mod arena;
pub mod coverage;
pub mod declarator;
pub mod explain;
pub mod file_scope;
mod grammar;
pub mod headers;
pub mod kind;
pub mod lexer;
pub mod ledger;
pub mod macros;
pub mod overlay;
pub mod parse;
pub mod parts;
mod recover;
pub mod regions;
pub mod scope;
pub mod tree;
pub mod types;

pub use coverage::Coverage;
pub use explain::{Explanation, explain};
pub use file_scope::FileScope;
pub use headers::{HeaderFiles, Headers, Included, Types};
pub use kind::{Field, Kind};
pub use ledger::{FileLedger, Unread};
pub use macros::{Arguments, DefinedAt, MacroDefinition, MacroKnowledge, MacroRole};
pub use parse::{parse, parse_with};
pub use parts::{Outside, parse_parts};
pub use regions::{Reading, Regions};
pub use scope::{DeclId, DeclKind, Declaration, Scopes};
pub use tree::{Node, NodeId, Tree};
pub use types::WrittenType;

#[cfg(test)]
mod tests;
