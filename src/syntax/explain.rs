//! Why a macro was taken for what it is.
//!
//! In: a [`Tree`]. Out: [`Explanation`]s by place, for `vedalia parse FILE --explain`.

use super::overlay::{MarkKind, Why};
use super::tree::Tree;
use crate::source::Span;

/// One decision of the overlay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The original bytes.
    pub span: Span,
    /// What they were taken for.
    pub taken_for: &'static str,
    /// What the decision rests on.
    pub because: &'static str,
}

/// The decisions that a person may want to question; plain directives are left out.
pub fn explain(tree: &Tree) -> Vec<Explanation> {
    let shown = |kind: MarkKind| !matches!(kind, MarkKind::Directive | MarkKind::Respelled);
    let marks = tree.marks().iter().filter(|m| shown(m.kind));
    marks
        .map(|m| Explanation { span: m.span, taken_for: taken_for(m.kind), because: because(m.why) })
        .collect()
}

fn because(why: Why) -> &'static str {
    match why {
        Why::Context => "the tokens around it",
        Why::Definition => "its #define",
        Why::MacroFile => "a macro file",
    }
}

fn taken_for(kind: MarkKind) -> &'static str {
    match kind {
        MarkKind::Attribute => "an attribute",
        MarkKind::Directive => "a directive",
        MarkKind::UnreadArm => {
            "an arm that is not read: the conditional splits a statement, another arm was chosen"
        }
        MarkKind::DeadArm => "code that is never compiled",
        MarkKind::TooDeep => "code nested too deep to be read",
        MarkKind::Unreadable => "code that cannot be read",
        MarkKind::Iterator | MarkKind::EmptyIterator => "the head of a loop",
        MarkKind::TypeArgument => "a type",
        MarkKind::StatementArgument => "statements",
        MarkKind::TokenArgument => "tokens for a macro",
        MarkKind::Typeof => "the type of an operand",
        MarkKind::CallWord => "a call among words",
        MarkKind::StringWord => "a part of a string",
        MarkKind::ListArgument => "an initializer list",
        MarkKind::Declarer => "a declaration",
        MarkKind::FunctionDefinition => "the head of a function",
        MarkKind::Statement => "a statement without a semicolon",
        MarkKind::Assumed => "a token that a macro brings",
        MarkKind::UnnamedBits => "a bit-field without a name",
        MarkKind::ClosingWord => "the end of an initializer",
        MarkKind::LabelAddress => "the address of a label",
        MarkKind::ComputedGoto => "a jump to an address",
        MarkKind::Asm => "a keyword behind a macro",
        MarkKind::Respelled => "as it stands",
    }
}
