//! A walk of either kind, as far as the engine cares.
//!
//! In: a [`WalkSpec`] or a [`PlainSpec`]. Out: what both say in the same way: the trees they are for, the words without
//! which they have nothing to do, and how their helper comes into a tree.

use crate::source::SourceFile;
use crate::walk::WalkSpec;
use crate::walk::plain::PlainSpec;
use crate::walk::spec::Introduction;

/// A rule about loops.
#[derive(Clone, Copy, Debug)]
pub(super) enum Walking<'r> {
    /// A walk over batches of pieces.
    Batches(&'r WalkSpec),
    /// A walk over elements without pieces.
    Plain(&'r PlainSpec),
}

impl<'r> Walking<'r> {
    pub(super) fn name(self) -> &'r str {
        match self {
            Self::Batches(walk) => &walk.name,
            Self::Plain(walk) => &walk.name,
        }
    }

    pub(super) fn source(self) -> &'r SourceFile {
        match self {
            Self::Batches(walk) => &walk.source,
            Self::Plain(walk) => &walk.source,
        }
    }

    pub(super) fn declares(self) -> &'r [String] {
        match self {
            Self::Batches(walk) => &walk.declares,
            Self::Plain(walk) => &walk.declares,
        }
    }

    pub(super) fn lacks(self) -> &'r [String] {
        match self {
            Self::Batches(walk) => &walk.lacks,
            Self::Plain(walk) => &walk.lacks,
        }
    }

    pub(super) fn helper(self) -> &'r str {
        match self {
            Self::Batches(walk) => &walk.helper_name,
            Self::Plain(walk) => &walk.helper.0,
        }
    }

    pub(super) fn introductions(self) -> &'r [Introduction] {
        match self {
            Self::Batches(walk) => &walk.introductions,
            Self::Plain(walk) => &walk.introductions,
        }
    }

    pub(super) fn introduce_message(self) -> &'r [String] {
        match self {
            Self::Batches(walk) => &walk.introduce_message,
            Self::Plain(walk) => &walk.introduce_message,
        }
    }

    /// The functions that its sites call.
    pub(super) fn words(self) -> Vec<&'r str> {
        match self {
            Self::Batches(walk) => walk.required_words(),
            Self::Plain(walk) => vec![&walk.callee],
        }
    }
}
