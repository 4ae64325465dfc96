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
mod single;
mod widen;

use super::notes::Note;
use super::obligations::Duty;
use super::refusal::RefusalCode;
use super::spec::WalkSpec;
use crate::edit::EditSet;
use crate::source::Span;
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
    /// What a person has to look at, because it is not the same program.
    pub open: Vec<Left>,
}

/// A fact that the conversion rests on and that is not shown.
#[derive(Clone, Debug)]
pub struct Left {
    /// The duty that it belongs to.
    pub duty: Duty,
    /// The fact, in a clause.
    pub what: String,
    /// Where, in the original text.
    pub span: Span,
}

/// Spell the surroundings of an acquisition as a walk, if it was refused for its shape: every way to do it, the surest
/// first.
pub fn prepared<'t>(
    spec: &WalkSpec,
    file: &FileScope<'t>,
    call: Node<'t>,
    refused: RefusalCode,
) -> Vec<Prepared> {
    let ways = match refused {
        RefusalCode::NoOuterLoop => {
            vec![inline::inlined(spec, file, call), single::widened(spec, file, call)]
        }
        RefusalCode::ArrayAliasesDestination => vec![fill::filled(spec, file, call)],
        RefusalCode::NotUnderstood => vec![condition::in_body(spec, file, call)],
        _ => Vec::new(),
    };
    ways.into_iter().flatten().collect()
}

/// The declaration of an array of elements, for code that is never shown.
fn batch_of(spec: &WalkSpec, name: &str) -> String {
    let element = spec.callback.element.replace('@', &format!("*{name}[1]"));
    element.replacen("**", "*", 1)
}
