//! Why a macro was taken for what it is.
//!
//! In: a [`Tree`], and the macros that it was read with. Out: [`Explanation`]s by place, for `vedalia parse FILE
//! --explain`.

use super::lexer::{TokenKind, Word, lex};
use super::macros::{MacroKnowledge, definitions};
use super::overlay::{Mark, MarkKind, Why};
use super::regions::Regions;
use super::tree::Tree;
use crate::source::Span;
use std::collections::HashMap;

/// One decision of the overlay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The original bytes.
    pub span: Span,
    /// What they were taken for.
    pub taken_for: &'static str,
    /// What the decision rests on.
    pub because: String,
}

/// The decisions that a person may want to question; plain directives are left out. `known` is what the file was read
/// with.
pub fn explain(tree: &Tree, known: &MacroKnowledge) -> Vec<Explanation> {
    let source = tree.source();
    let own = definitions(source.text().as_bytes()).into_iter();
    // Of several definitions the last one counts, as in the overlay.
    let own: HashMap<String, usize> = own.map(|d| (d.name, source.line_column(d.span).line)).collect();
    let regions = Regions::of(tree);
    let because = |mark: &Mark| match (mark.kind, mark.why) {
        (MarkKind::UnreadArm, _) => choice(tree, &regions, mark.span),
        (MarkKind::DeadArm, _) => never_compiled(tree, &regions, mark.span),
        (_, Why::Context) => "the tokens around it".to_owned(),
        (_, why) => defined(first_name(source.slice(mark.span)), why, &own, known),
    };
    let shown = |kind: MarkKind| !matches!(kind, MarkKind::Directive | MarkKind::Respelled);
    let marks = tree.marks().iter().filter(|m| shown(m.kind));
    marks.map(|m| Explanation { span: m.span, taken_for: taken_for(m.kind), because: because(m) }).collect()
}

/// Which arm was read in the place of the one at `span`.
fn choice(tree: &Tree, regions: &Regions, span: Span) -> String {
    let around = regions.around(span).last().and_then(|(conditional, _)| conditional.chosen());
    match around {
        Some(arm) => {
            let line = tree.source().line_column(arm.directive).line;
            let directive = tree.source().slice(arm.directive).trim();
            format!("the choice of the arm `{directive}` on line {line}")
        }
        None => "the choice of another conditional with the same condition".to_owned(),
    }
}

/// Why the arm that holds `span` is never compiled.
fn never_compiled(tree: &Tree, regions: &Regions, span: Span) -> String {
    let settled = regions.around(span).last().filter(|(_, arm)| arm.condition.trim() != "0");
    match settled {
        Some((conditional, _)) => {
            let line = tree.source().line_column(conditional.span).line;
            format!("what was given for the conditional on line {line}")
        }
        None => "its #if 0".to_owned(),
    }
}

/// Where the definition stands that tells what `name` is.
fn defined(name: &str, why: Why, own: &HashMap<String, usize>, known: &MacroKnowledge) -> String {
    match (why, own.get(name), known.defined_at(name)) {
        (Why::Definition, Some(line), _) => format!("its #define on line {line}"),
        (Why::Definition, None, Some(at)) => format!("its #define in {at}"),
        (Why::MacroFile, _, Some(at)) => format!("the macro file {at}"),
        (Why::MacroFile, ..) => "a macro file".to_owned(),
        _ => "its #define".to_owned(),
    }
}

fn first_name(text: &str) -> &str {
    let name = lex(text.as_bytes()).into_iter().find(|t| t.kind == TokenKind::Word(Word::Ident));
    name.and_then(|t| text.get(t.start as usize..t.end as usize)).unwrap_or_default()
}

fn taken_for(kind: MarkKind) -> &'static str {
    match kind {
        MarkKind::Attribute => "an attribute",
        MarkKind::Directive => "a directive",
        MarkKind::UnreadArm => "an arm that is not read, for the conditional splits a statement",
        MarkKind::DeadArm => "code that is never compiled",
        MarkKind::TooDeep => "code nested too deep to be read",
        MarkKind::Unreadable => "code that cannot be read",
        MarkKind::TooMuch => "code that would take too long to read",
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
        MarkKind::OldPointer => "the pointer that a function in the old style gives",
        MarkKind::Asm => "a keyword behind a macro",
        MarkKind::Respelled => "as it stands",
    }
}
