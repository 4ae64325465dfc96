//! libgit2's errors in words that say what to do.
//!
//! In: a [`git2::Error`] and what was being done. Out: [`Error`]. libgit2 tells states of a repository apart by the
//! text of its messages only, so this file is the one that reads those texts.

use crate::series::error::{Error, Kind};
use std::path::Path;

const UNTOUCHED: &str = "nothing was written";

/// Why a repository could not be opened.
pub(super) fn opening(path: Option<&Path>, error: &git2::Error) -> Error {
    let place = path.map_or_else(|| "the current directory".to_owned(), |p| p.display().to_string());
    let text = error.message();
    if error.code() == git2::ErrorCode::Owner {
        return Error::new(Kind::NotOwned, format!("{place} belongs to another user"))
            .help("if you trust it: git config --global --add safe.directory <its path>");
    }
    if text.contains("object format") || text.contains("objectformat") {
        return sha256(&place);
    }
    if text.contains("refstorage") || text.contains("ref storage") {
        return Error::new(
            Kind::Reftable,
            format!("{place} keeps its references in a reftable, which libgit2 cannot read"),
        )
        .help(
            "`git refs migrate --ref-format=files` converts it (git 2.46 and later), or use a plain clone",
        );
    }
    if let Some(name) = text.strip_prefix("unsupported extension name ") {
        return Error::new(
            Kind::UnknownExtension,
            format!("{place} needs the repository extension `{name}`, which libgit2 does not know"),
        )
        .help("use a plain clone: git clone --no-local <it> <elsewhere>");
    }
    if error.code() == git2::ErrorCode::NotFound {
        return Error::new(Kind::NotARepository, format!("no git repository at or above {place}"))
            .help("give the tree's repository with --repo");
    }
    Error::new(Kind::NotARepository, format!("cannot open the git repository at {place}: {}", sentence(text)))
        .help(UNTOUCHED)
}

/// SHA-256 repositories are refused.
pub(super) fn sha256(place: &str) -> Error {
    Error::new(
        Kind::Sha256,
        format!("{place} names its objects by SHA-256, which this build does not handle"),
    )
    .help("use a SHA-1 clone of the tree")
    .help(UNTOUCHED)
}

/// Why an object could not be read.
pub(super) fn missing_object(what: &str, place: &str, partial: bool, error: &git2::Error) -> Error {
    if partial && error.code() == git2::ErrorCode::NotFound {
        return Error::new(Kind::PartialClone, format!("{what} is not in {place}, which is a partial clone"))
            .help("fetch what is missing: git fetch --refetch --no-filter, or git backfill (git 2.49)")
            .help(UNTOUCHED);
    }
    Error::new(Kind::DamagedObject, format!("cannot read {what} from {place}: {}", sentence(error.message())))
        .help("`git fsck` says more")
        .help(UNTOUCHED)
}

/// Why an object or a reference could not be written.
pub(super) fn writing(what: &str, place: &str, error: &git2::Error) -> Error {
    Error::new(Kind::Write, format!("cannot write {what} to {place}: {}", sentence(error.message())))
        .help("no reference was made or moved; objects already written are unreachable and go with the next `git gc`")
}

/// libgit2's text as the end of one of our sentences.
pub(super) fn sentence(text: &str) -> String {
    text.trim().trim_end_matches('.').to_owned()
}
