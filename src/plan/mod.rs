//! From matches to edits.
//!
//! In: matches of rules. Out: text edits and new texts.

pub mod apply;
pub mod layout;
pub mod plus;
