//! Facts about one function: how variables are touched, where control goes, what is live.
//!
//! In: a function of a [`Tree`](crate::syntax::Tree) and its [`Scopes`](crate::syntax::Scopes). Out: plain values.
//! Nothing here edits, and nothing looks across functions.

pub mod access;

pub use access::{Access, How, Part, accesses};
