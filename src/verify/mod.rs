//! Whether a result holds.
//!
//! In: changes and their new text. Out: evidence for or against. It refuses nothing by itself; the engine decides.

pub mod build;
pub mod play;
pub mod reparse;
