//! The rule language: SmPL as Coccinelle reads it, and walk rules.
//!
//! In: a rule file. Out: [`RuleFile`] and diagnostics, several per file ([`parse()`]); patterns of C
//! ([`pattern::Pattern`]). A construct that is not supported is an error that names it, never a silent miss.

pub mod added;
pub mod attach;
pub mod compile;
pub mod cursor;
pub mod declare;
pub mod directive;
pub mod header;
pub mod include;
pub mod metavariable;
pub mod names;
pub mod nearest;
pub mod outline;
pub mod parse;
pub mod pattern;
pub mod places;
pub mod prototype;
pub mod regexp;
pub mod remarks;
pub mod required;
pub mod rule;
pub mod slips;
pub mod spell;
pub mod token;
pub mod vocabulary;

pub use include::parse_whole;
pub use metavariable::*;
pub use parse::parse;
pub use rule::*;
