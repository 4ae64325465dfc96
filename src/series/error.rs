//! Why a series could not be made, as a value.
//!
//! In: what went wrong and where. Out: [`Error`], which knows the class of its exit status and turns into a
//! [`Diagnostic`]. Every message says what and where; `untouched` and `help` say what is as it was and how to go on.

use crate::diagnostic::Diagnostic;
use std::fmt;

/// What kind of thing went wrong; one variant per message that a person may search for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The path is in no repository.
    NotARepository,
    /// The directory belongs to somebody else and is not in `safe.directory`.
    NotOwned,
    /// The repository names objects by SHA-256.
    Sha256,
    /// References are kept in a reftable.
    Reftable,
    /// An extension that libgit2 does not know.
    UnknownExtension,
    /// `HEAD` has no commit yet.
    UnbornHead,
    /// A revision that names nothing.
    UnknownRevision,
    /// A revision that names something else than a commit.
    NotACommit,
    /// An object is absent because the clone is partial.
    PartialClone,
    /// An object is absent or damaged.
    DamagedObject,
    /// A path that the commit does not have.
    NoSuchFile,
    /// A symbolic link, a submodule or another entry without text.
    NotAPlainFile,
    /// A file whose difference is binary.
    BinaryFile,
    /// Neither configuration nor environment say who commits.
    NoIdentity,
    /// A date that is not one.
    BadDate,
    /// A branch name that git does not allow.
    BadBranchName,
    /// The branch is there already.
    BranchExists,
    /// `a` is there and `a/b` is wanted, or the other way round.
    BranchConflict,
    /// A work tree has the branch checked out.
    BranchCheckedOut,
    /// Another process holds the reference's lock.
    BranchLocked,
    /// A patch without a changed file.
    EmptyPatch,
    /// A message that `git am` would change or cut.
    MessageHazard,
    /// A data file of ours or of the user's with a mistake.
    BadTable,
    /// The output directory holds files.
    OutputNotEmpty,
    /// Writing failed.
    Write,
}

/// The classes of exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExitClass {
    /// Status 2: the command line or a rule asks for something that does not exist.
    Usage,
    /// Status 3: the repository is in a state that this command does not work on.
    RepositoryRefused,
    /// Status 4: what was to be written could not be.
    WriteFailed,
}

impl ExitClass {
    /// The exit status.
    pub fn status(self) -> u8 {
        match self {
            ExitClass::Usage => 2,
            ExitClass::RepositoryRefused => 3,
            ExitClass::WriteFailed => 4,
        }
    }
}

impl Kind {
    /// The stable name, for tests and for people to search.
    pub fn code(self) -> &'static str {
        match self {
            Kind::NotARepository => "not-a-repository",
            Kind::NotOwned => "not-owned",
            Kind::Sha256 => "sha256",
            Kind::Reftable => "reftable",
            Kind::UnknownExtension => "unknown-extension",
            Kind::UnbornHead => "unborn-head",
            Kind::UnknownRevision => "unknown-revision",
            Kind::NotACommit => "not-a-commit",
            Kind::PartialClone => "partial-clone",
            Kind::DamagedObject => "damaged-object",
            Kind::NoSuchFile => "no-such-file",
            Kind::NotAPlainFile => "not-a-plain-file",
            Kind::BinaryFile => "binary-file",
            Kind::NoIdentity => "no-identity",
            Kind::BadDate => "bad-date",
            Kind::BadBranchName => "bad-branch-name",
            Kind::BranchExists => "branch-exists",
            Kind::BranchConflict => "branch-conflict",
            Kind::BranchCheckedOut => "branch-checked-out",
            Kind::BranchLocked => "branch-locked",
            Kind::EmptyPatch => "empty-patch",
            Kind::MessageHazard => "message-hazard",
            Kind::BadTable => "bad-table",
            Kind::OutputNotEmpty => "output-not-empty",
            Kind::Write => "write-failed",
        }
    }

    /// The class of exit status it belongs to.
    pub fn exit_class(self) -> ExitClass {
        match self {
            Kind::UnknownRevision
            | Kind::NotACommit
            | Kind::BadDate
            | Kind::BadBranchName
            | Kind::EmptyPatch
            | Kind::MessageHazard
            | Kind::BadTable
            | Kind::BinaryFile
            | Kind::NoSuchFile
            | Kind::NotAPlainFile => ExitClass::Usage,
            Kind::OutputNotEmpty | Kind::Write => ExitClass::WriteFailed,
            _ => ExitClass::RepositoryRefused,
        }
    }
}

/// What went wrong, where, what was left untouched and how to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What kind of thing.
    pub kind: Kind,
    /// One sentence; starts lower case, has no full stop, names the place.
    pub message: String,
    /// How to go on, and what is as it was; may be empty.
    pub help: Vec<String>,
}

/// The result of everything in [`crate::series`] that can fail.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error without help lines.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: Vec::new() }
    }

    /// The same with one more line on how to go on.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// The class of exit status.
    pub fn exit_class(&self) -> ExitClass {
        self.kind.exit_class()
    }

    /// The same as a diagnostic without a place.
    pub fn diagnostic(&self) -> Diagnostic {
        let mut diagnostic = Diagnostic::error(self.kind.code(), &self.message);
        diagnostic.help.clone_from(&self.help);
        diagnostic
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
