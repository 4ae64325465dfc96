//! The difference that a patch makes to one file, as plain data.
//!
//! In: nothing. Out: [`FileDiff`], which [`crate::series::repo`] computes and [`crate::series::mail`] writes.

use crate::series::draft::ObjectId;

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is new.
    Added,
    /// It is gone.
    Deleted,
    /// Its text or its mode changed.
    Modified,
    /// It moved, and its text perhaps changed.
    Renamed {
        /// Per cent of the text that stayed.
        similarity: u8,
    },
}

/// The mode of a plain file in a tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileMode {
    /// `100644`.
    #[default]
    Plain,
    /// `100755`.
    Executable,
}

impl FileMode {
    /// Its six octal digits.
    pub fn digits(self) -> &'static str {
        match self {
            FileMode::Plain => "100644",
            FileMode::Executable => "100755",
        }
    }
}

/// A file before or after.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileSide {
    /// Its path; bytes, for git does not say in which encoding names are.
    pub path: Vec<u8>,
    /// Its mode.
    pub mode: FileMode,
    /// Its contents; zero on the side where there is no file.
    pub blob: ObjectId,
}

/// What a patch does to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDiff {
    /// What happened.
    pub status: Status,
    /// Before.
    pub old: FileSide,
    /// After.
    pub new: FileSide,
    /// Lines added.
    pub added: usize,
    /// Lines deleted.
    pub deleted: usize,
    /// The hunks: from the first `@@` to the last newline. Empty if only the mode or the name changed.
    pub hunks: Vec<u8>,
}
