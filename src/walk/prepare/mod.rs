//! Code that is a walk in other words, spelled as one.
//!
//! In: a function whose acquisition does not stand in a loop over batches, or fills memory that is kept. Out:
//! [`Prepared`]: edits after which the same program has the shape that [`super::recognise()`] knows. The edits are never
//! shown: the conversion is made on their result, and the two together are what changes. A form of its own is refused
//! for its own reason if it cannot be spelled in this way.

mod condition;
mod elements;
mod fill;
mod inline;
mod lockstep;

use super::notes::Note;
use super::refusal::RefusalCode;
use super::spec::WalkSpec;
use crate::edit::EditSet;
use crate::syntax::Node;
use crate::syntax::file_scope::FileScope;

/// The same program in the shape of a walk.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What has to be edited.
    pub edits: EditSet,
    /// The function that holds the loop then.
    pub function: String,
    /// What was done, in a clause.
    pub done: String,
    /// What a reviewer should know of it.
    pub notes: Vec<Note>,
}

/// Spell the surroundings of an acquisition as a walk, if it was refused for its shape.
pub fn prepared<'t>(
    spec: &WalkSpec,
    file: &FileScope<'t>,
    call: Node<'t>,
    refused: RefusalCode,
) -> Option<Prepared> {
    match refused {
        RefusalCode::NoOuterLoop => inline::inlined(spec, file, call),
        RefusalCode::ArrayAliasesDestination => fill::filled(spec, file, call),
        RefusalCode::NotUnderstood => condition::in_body(spec, file, call),
        _ => None,
    }
}
