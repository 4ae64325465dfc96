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
        (_, "*" | "&") if multiplies(row, i) => true,
        ("*" | "&", _) if multiplies(row, i - 1) => true,
        ("+" | "/" | "%" | "|" | "<" | ">" | "^" | "-", _) if binary(i - 1) => true,
        (_, "(") if a.kind == TokenKind::Word => written && row.get(i + 1).is_some_and(|c| c.text == "*"),
        // Code that starts with an operator: a sign is written without a blank.
        ("*" | "&" | "+" | "-", _) if i == 1 => written,
        ("*" | "&" | "!" | "~", _) if i < 2 || !is_operand(&row[i - 2]) => false,
        _ => written,
    }
}

/// Whether a `*` or `&` stands between operands where no declaration and no cast has one.
fn multiplies(row: &[Atom], at: usize) -> bool {
    let Some((before, next)) = at.checked_sub(1).map(|i| &row[i]).zip(row.get(at + 1)) else { return false };
    let starts = |a: &Atom| is_operand(a) && !matches!(a.text.as_str(), ")" | "]") || a.text == "(";
    let between = is_operand(before) && starts(next) && !may_be_cast(&row[..at]);
    let valued = |a: &Atom| {
        let text = a.text.as_str();
        matches!(text, "=" | "return" | "+" | "-" | "/" | "%" | "<" | ">" | "==" | "!=" | "&&" | "||")
    };
    let called = row.len() > 1 && row[0].kind == TokenKind::Word && row[1].text == "(";
    let tagged = at > 1 && matches!(row[at - 2].text.as_str(), "struct" | "union" | "enum");
    let value = before.kind == TokenKind::Number || matches!(before.text.as_str(), "]" | ")");
    between && !tagged && (value || row[at].text == "&" || called || row[..at].iter().any(valued))
}

/// Whether the brackets that these atoms end with may hold a type.
fn may_be_cast(before: &[Atom]) -> bool {
    if before.last().is_none_or(|a| a.text != ")") {
        return false;
    }
    let mut depth = 0usize;
    let open = before.iter().rposition(|a| {
        match a.text.as_str() {
            ")" => depth += 1,
            "(" => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    let Some(open) = open else { return false };
    let called = open > 0 && is_operand(&before[open - 1]);
    let type_word = |a: &Atom| a.kind == TokenKind::Word || a.text == "*";
    !called && before[open + 1..before.len() - 1].iter().all(type_word)
}

/// Whether a blank stands on a side of the colon behind these atoms: that of `?` has some, that of a bit field has none.
fn colon(before: &[Atom], written: bool) -> bool {
    let chosen =
        before.iter().filter(|a| a.text == "?").count() > before.iter().filter(|a| a.text == ":").count();
    let field = before.len() > 1 && before.iter().all(|a| a.kind == TokenKind::Word || a.text == "*");
    chosen || written && (!field || matches!(before[0].text.as_str(), "case" | "default"))
}
