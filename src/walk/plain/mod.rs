//! Plain walks: loops over elements that have no pieces.
//!
//! In: a parsed file, the names of a function, and a [`PlainSpec`]. Out: for each call that the rule looks
//! for a [`PlainWalk`], or the refusal of the first fact that stands against it.
//!
//! Two kinds. *One by one*: a call gives the next element or nothing, in the condition of a loop. *In
//! batches*: a call fills an array and tells how many elements it holds, zero at the end, and an inner loop
//! takes them in turn. The helper does the same steps, so that only the body of the loop is in question: it
//! has to take its element from nowhere else, leave the walk's own variables alone, and end the walk only in
//! a way that the helper knows.

mod batches;
mod one_by_one;
mod recognise;
pub mod spec;

pub use recognise::{PlainWalk, calls, recognise};
pub use spec::PlainSpec;
