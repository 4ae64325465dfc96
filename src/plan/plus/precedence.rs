//! Brackets around bound expressions.
//!
//! In: a line of plus code, a metavariable in it and the expression it is bound to. Out: whether that needs brackets
//! there. The levels are those of C, from the comma to names; every binary operator of the bound code counts as an
//! addition, as it does in Coccinelle, so that `a + b * c` gets no more brackets than its users are used to.

use super::words::is_operand;
use crate::smpl::pattern::{Atom, atoms};
use crate::smpl::token::{LineMode, TokenKind};
use crate::source::{SourceFile, Span};

const TOP: u8 = 0;
const ASSIGN: u8 = 1;
const COND: u8 = 2;
const LOG_OR: u8 = 3;
const ADDIT: u8 = 11;
const CAST: u8 = 13;
const UNARY: u8 = 14;
const POSTFIX: u8 = 15;
const PRIMARY: u8 = 16;

/// Whether `bound` needs brackets where the `i`th atom of `row` stands.
pub(super) fn needs_parens(row: &[Atom], i: usize, bound: &str) -> bool {
    of(bound) < wanted(row, i)
}

/// The level of an operator between operands: its own, and that of what may stand on its right.
fn binary(operator: &str) -> Option<(u8, u8)> {
    Some(match operator {
        "||" => (3, 4),
        "&&" => (4, 5),
        "|" => (5, 6),
        "^" => (6, 7),
        "&" => (7, 8),
        "==" | "!=" => (8, 9),
        "<" | ">" | "<=" | ">=" => (9, 10),
        "<<" | ">>" => (10, 11),
        "+" | "-" => (11, 12),
        "*" | "/" | "%" => (12, 13),
        _ => return None,
    })
}

fn assigns(text: &str) -> bool {
    matches!(text, "=" | "+=" | "-=" | "*=" | "/=" | "%=" | "&=" | "|=" | "^=" | "<<=" | ">>=")
}

/// The level that the place wants.
fn wanted(row: &[Atom], i: usize) -> u8 {
    let left = i.checked_sub(1).map_or(TOP, |j| {
        let text = row[j].text.as_str();
        let operand = j > 0 && is_operand(&row[j - 1]);
        match text {
            ")" if is_cast(row, j) => CAST,
            "sizeof" => UNARY,
            "?" => TOP,
            ":" if row[..j].iter().any(|a| a.text == "?") => COND,
            _ if assigns(text) => ASSIGN,
            "!" | "~" | "++" | "--" => UNARY,
            "-" | "+" | "*" | "&" if !operand => UNARY,
            _ => binary(text).map_or(TOP, |(_, right)| right),
        }
    });
    let right = row.get(i + 1).map_or(TOP, |next| match next.text.as_str() {
        "->" | "." | "[" | "(" | "++" | "--" => POSTFIX,
        "?" => LOG_OR,
        text if assigns(text) => UNARY,
        text => binary(text).filter(|_| row.get(i + 2).is_some()).map_or(TOP, |(own, _)| own),
    });
    left.max(right)
}

/// Whether the bracket at `close` ends a cast.
fn is_cast(row: &[Atom], close: usize) -> bool {
    let mut depth = 0usize;
    for j in (0..=close).rev() {
        match row[j].text.as_str() {
            ")" => depth += 1,
            "(" => {
                depth -= 1;
                if depth == 0 {
                    let call = j > 0 && (is_operand(&row[j - 1]) || header(&row[j - 1]));
                    return !call && close > j + 1;
                }
            }
            _ => {}
        }
    }
    false
}

fn header(atom: &Atom) -> bool {
    matches!(atom.text.as_str(), "if" | "while" | "for" | "switch" | "sizeof" | "return")
}

/// The level of an expression.
fn of(text: &str) -> u8 {
    let file = SourceFile::new("bound code", text);
    let row = atoms(&file, Span::new(0, text.len()), LineMode::Plain);
    let mut depth = 0usize;
    let mut level = PRIMARY;
    for (i, atom) in row.iter().enumerate() {
        let text = atom.text.as_str();
        let operand = i > 0 && is_operand(&row[i - 1]);
        let here = match text {
            "(" | "[" | "{" => {
                let postfix =
                    depth == 0 && operand && !(i > 0 && row[i - 1].text == ")" && is_cast(&row, i - 1));
                depth += 1;
                if postfix { POSTFIX } else { PRIMARY }
            }
            ")" | "]" | "}" => {
                depth = depth.saturating_sub(1);
                let next = row.get(i + 1).is_some_and(|n| {
                    is_operand(n) || matches!(n.text.as_str(), "(" | "*" | "&" | "!" | "~" | "-")
                });
                let starts = row.get(i + 1).is_some_and(|n| matches!(n.text.as_str(), "*" | "&" | "-"));
                if depth == 0 && text == ")" && next && !starts && is_cast(&row, i) { CAST } else { PRIMARY }
            }
            _ if depth > 0 => PRIMARY,
            "," => TOP,
            "?" => COND,
            _ if assigns(text) => ASSIGN,
            "->" | "." => POSTFIX,
            "++" | "--" if operand => POSTFIX,
            "!" | "~" | "++" | "--" | "sizeof" => UNARY,
            "-" | "+" | "*" | "&" if !operand => UNARY,
            _ if atom.kind == TokenKind::Punct && binary(text).is_some() => ADDIT,
            _ => PRIMARY,
        };
        level = level.min(here);
    }
    level
}
