//! Batch walks: from a function and a walk rule to what its loop does for one element.
//!
//! In: a parsed file, the [`Scopes`](crate::syntax::scope::Scopes) of a function, and a [`spec::WalkSpec`].
//! Out: for each acquisition of a batch a [`Walk`], with everything that a conversion needs, or a
//! [`refusal::Refusal`]; and in either case the [`Proof`]: what had to be shown and how it stands.
//!
//! The argument: an acquisition may always return less than was asked for, so every correct caller copes
//! with batches of one piece. The callback is therefore the *whole* body of the outer loop, specialised to a
//! batch of one piece ([`machine`]); in addition the inner loop is proved to walk the pieces of a batch of
//! any size ([`induct`]), so that loops that only look alike are refused.

mod aliases;
mod anew;
pub mod batch_work;
pub mod behind;
mod branches;
pub mod carried;
pub mod choice;
mod clauses;
pub mod conditions;
mod constants;
pub mod control;
pub mod eval;
pub mod evidence;
pub mod exits;
pub mod expressions;
pub mod failure;
pub mod induct;
mod inner;
mod labels;
mod last_batch;
pub mod loops;
pub mod machine;
pub mod matching;
pub mod model;
pub mod notes;
pub mod obligations;
pub mod output;
pub mod ownership;
mod pieces;
mod piecewise;
pub mod position;
pub mod plain;
pub mod prepare;
mod queue;
pub mod recognise;
pub mod refusal;
pub mod rest;
mod room;
mod rewrite;
mod scratch;
pub mod site;
mod skip;
pub mod spec;
pub mod state;
mod stops;
pub mod storage;
mod summary;
pub mod sym;
#[cfg(test)]
pub(crate) mod testing;
pub mod total;
mod truth;
pub mod usage;

pub use notes::Note;
pub use obligations::{Duty, Obligation, Proof, Status};
pub use recognise::{Recognised, Walk, recognise, recognise_kept};
pub use refusal::{Refusal, RefusalCode};
pub use spec::WalkSpec;
