//! The one place where the cases meet the engine: in come a case's files, its generation and the level, out comes what the
//! engine made of them. While the engine is not connected it says [`Outcome::NotConnected`], and the cases are then held
//! only to what can be checked without it.

use crate::case_format::{Generation, Level, TreeFile};

/// A refusal that the engine gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The stable code.
    pub(crate) code: String,
    /// The file.
    pub(crate) path: String,
    /// Where the span of the offending fact begins, in bytes.
    pub(crate) offset: usize,
    /// What it says.
    pub(crate) sentence: String,
}

/// What the engine made of a tree.
#[derive(Debug, Clone)]
#[allow(dead_code)] // until the engine is connected, nothing makes a `Done`
pub(crate) enum Outcome {
    /// There is no engine yet.
    NotConnected,
    /// It ran.
    Done {
        /// The files that it changed, whole.
        changed: Vec<TreeFile>,
        refused: Vec<Refused>,
        /// The kinds of notes of all conversions, `N1` to `N10`.
        notes: Vec<String>,
    },
}

/// Runs the shipped rule on `files`, which bring no header of the iterator: `generation` says what the tree declares.
///
/// TO BE CONNECTED. The headers and the library that the rule introduces the helper into are not part of the comparison.
pub(crate) fn convert(_files: &[TreeFile], _generation: Generation, _level: Level) -> Outcome {
    Outcome::NotConnected
}
