//! Blanks between the words of a line, as kernel code has them.
//!
//! In: the atoms of a line. Out: whether a blank stands in front of one of them. Where C's grammar leaves both open, the
//! way it was written decides.

use crate::smpl::pattern::Atom;
use crate::smpl::token::TokenKind;

/// Whether an atom ends an operand.
pub(super) fn is_operand(a: &Atom) -> bool {
    let keyword = matches!(a.text.as_str(), "return" | "case" | "else" | "goto" | "sizeof");
    matches!(a.kind, TokenKind::Word | TokenKind::Number | TokenKind::String | TokenKind::Char) && !keyword
        || matches!(a.text.as_str(), ")" | "]")
}

/// Whether a space stands before the `i`th atom.
pub(super) fn space(row: &[Atom], i: usize) -> bool {
    let (a, b) = (&row[i - 1], &row[i]);
    let written = a.span.end < b.span.start;
    let (x, y) = (a.text.as_str(), b.text.as_str());
    let binary = |j: usize| j > 0 && is_operand(&row[j - 1]) && row.get(j + 1).is_some();
    // An operator that a line ends with has its right side behind the line.
    let last = i + 1 == row.len() && is_operand(a);
    match (x, y) {
        (_, "," | ";" | ")" | "]") | ("(" | "[", _) => false,
        (_, ":") => colon(&row[..i], written),
        (":", _) => colon(&row[..i - 1], written),
        ("," | ";", _) => true,
        (")", "(") => false,
        ("{", ".") => true,
        ("->" | ".", _) | (_, "->" | ".") => false,
        ("if" | "for" | "while" | "switch" | "return", _) => true,
        (_, "{") | ("}", _) => true,
        (
            _,
            "=" | "==" | "!=" | "<=" | ">=" | "&&" | "||" | "+=" | "-=" | "*=" | "/=" | "|=" | "&=" | "^="
            | "<<" | ">>" | "?",
        ) => true,
        (
            "=" | "==" | "!=" | "<=" | ">=" | "&&" | "||" | "+=" | "-=" | "*=" | "/=" | "|=" | "&=" | "^="
            | "<<" | ">>" | "?",
            _,
        ) => true,
        (_, "+" | "/" | "%" | "|" | "<" | ">" | "^" | "-") if binary(i) || last => true,
        (_, "*" | "&") if last && written => true,
        ("+" | "/" | "%" | "|" | "<" | ">" | "^" | "-", _) if binary(i - 1) => true,
        (_, "(") if a.kind == TokenKind::Word => written && row.get(i + 1).is_some_and(|c| c.text == "*"),
        // Code that starts with an operator: a sign is written without a blank.
        ("*" | "&" | "+" | "-", _) if i == 1 => written,
        ("*" | "&" | "!" | "~", _) if i < 2 || !is_operand(&row[i - 2]) => false,
        _ => written,
    }
}

/// Whether a blank stands on a side of the colon behind these atoms: that of `?` has some, that of a bit field has none.
fn colon(before: &[Atom], written: bool) -> bool {
    let chosen =
        before.iter().filter(|a| a.text == "?").count() > before.iter().filter(|a| a.text == ":").count();
    let field = before.len() > 1 && before.iter().all(|a| a.kind == TokenKind::Word || a.text == "*");
    chosen || written && (!field || matches!(before[0].text.as_str(), "case" | "default"))
}
