//! Conversions of a walk of no project, for the unit tests of this folder.
//!
//! In: C in the words of [`crate::walk::testing`]. Out: the converted text, or the code of the refusal. It
//! refuses nothing else.

use super::{Taken, convert};
use crate::edit::EditSet;
use crate::walk::Proof;
use crate::walk::testing::{looked_at, spec};

fn outlined(text: &str) -> Result<String, String> {
    looked_at(text, |found| {
        let (walk, scopes, file) = found.map_err(|r| r.code.name().to_owned())?;
        let made = convert(&spec(), walk, scopes, file, Taken::default(), &mut Proof::default());
        let mut edits = EditSet::new();
        edits.add_all(made.map_err(|r| r.code.name().to_owned())?.edits).unwrap();
        Ok(String::from_utf8(edits.apply(text.as_bytes())).unwrap())
    })
}

/// The converted text.
pub(super) fn converted(text: &str) -> String {
    outlined(text).unwrap()
}

/// The code of the refusal.
pub(super) fn refused(text: &str) -> String {
    outlined(text).unwrap_err()
}
