//! From decisions to text: plus code, layout of new code, and what becomes superfluous by a change.
//!
//! In: matches of rules, new code as pieces of text, and the file after a change. Out: edits, in the layout of the code
//! around them. It touches only lines that a change wrote.

pub mod apply;
pub mod columns;
pub mod layout;
pub mod moved;
pub mod negation;
pub mod outlining;
pub mod plus;
pub mod prefilter;
mod stand_ins;
pub mod superfluous;
pub mod unread;
pub mod wrapping;
