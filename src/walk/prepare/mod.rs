//! Code that is a walk in other words, spelled as one.
//!
//! In: a function whose acquisition does not stand in a loop over batches, or fills memory that is kept.
//! Out: [`Prepared`]: edits after which the same program has the shape that [`super::recognise()`] knows.
//! The edits are never shown: the conversion is made on their result, and the two together are what changes.
//! A form of its own is refused for its own reason if it cannot be spelled in this way.

mod again;
mod back;
mod condition;
mod elements;
mod entries;
mod fill;
mod front;
mod inline;
mod lockstep;
mod refill;
mod single;
mod spread;
mod tails;
mod widen;

use super::Walk;
use super::exits::{End, Exit};
use super::notes::Note;
use super::obligations::Duty;
use super::refusal::RefusalCode;
use super::spec::WalkSpec;
use crate::edit::EditSet;
use crate::source::Span;
use crate::syntax::Node;
use crate::syntax::file_scope::FileScope;
use crate::syntax::scope::Scopes;

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
    /// What has to be done with the converted text.
    pub finish: Finish,
}

/// What was put into a text for the conversion's sake only.
#[derive(Clone, Debug)]
pub enum Finish {
    /// Nothing.
    Done,
    /// A label behind the end, where the only jump to it stands again.
    Fold(String),
    /// Calls of a name that stands for the callback, with all arguments but the last.
    Again {
        /// The name.
        name: String,
        /// A variable that lives in the context alone.
        flag: String,
        /// What a positive result becomes, which is done behind the loop already.
        settled: String,
        /// The helper.
        helper: String,
        /// Which of its arguments are the callback, and what that is handed.
        at: [usize; 2],
    },
}

impl Prepared {
    /// The converted text without what was put there for the conversion's sake; nothing if that cannot be taken away.
    pub fn finished(&self, path: &str, text: Vec<u8>) -> Option<Vec<u8>> {
        let whole = |text: Vec<u8>| String::from_utf8(text).ok();
        match &self.finish {
            Finish::Done => Some(text),
            Finish::Fold(label) => {
                tails::folded(path, &whole(text)?, &self.function, label).map(String::into_bytes)
            }
            Finish::Again { .. } => {
                again::called(path, &whole(text)?, &self.function, &self.finish).map(String::into_bytes)
            }
        }
    }
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
            vec![
                back::looped(spec, file, call),
                inline::inlined(spec, file, call),
                single::widened(spec, file, call),
                spread::spread(spec, file, call),
            ]
        }
        RefusalCode::RefillQueue => vec![refill::refilled(spec, file, call)],
        RefusalCode::ArrayAliasesDestination => vec![fill::filled(spec, file, call)],
        RefusalCode::NotUnderstood => {
            vec![condition::in_body(spec, file, call), front::told_first(spec, file, call)]
        }
        RefusalCode::IteratorUsedInBody => vec![front::told_first(spec, file, call)],
        _ => Vec::new(),
    };
    ways.into_iter().flatten().collect()
}

/// A walk that leaves the loop in front of an acquisition as its condition does, with that in its condition: then nothing is
/// acquired where the original did not.
pub fn sooner<'t>(spec: &WalkSpec, scopes: &Scopes<'t>, walk: &Walk<'t>, function: &str) -> Option<Prepared> {
    let in_front = |exit: &Exit<'t>| exit.jump.before_acquire && matches!(exit.end, End::Leaves(_));
    let leaves = walk.exits.iter().any(in_front);
    leaves.then(|| front::in_condition(spec, scopes, walk, function)).flatten()
}

/// The declaration of an array of elements, for code that is never shown.
fn batch_of(spec: &WalkSpec, name: &str) -> String {
    let element = spec.callback.element.replace('@', &format!("*{name}[1]"));
    element.replacen("**", "*", 1)
}
