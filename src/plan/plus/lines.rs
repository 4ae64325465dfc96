//! Bound code that keeps its lines.
//!
//! In: the text of statements, fields or values, and the column of the line that it starts in. Out: its tokens with line
//! breaks and comments. A line that goes on with what the line above it says keeps its distance from where that starts.

use super::words::space;
use crate::plan::columns::{advance, indentation};
use crate::plan::layout::token::Token;
use crate::smpl::pattern::{Atom, atoms};
use crate::smpl::token::{LineMode, TokenKind};
use crate::source::{SourceFile, Span};

/// What a bracket encloses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Bracket {
    /// Operands.
    Round,
    /// Statements or fields.
    Block,
    /// Values.
    Values,
}

/// The tokens of `text`, which stands inside of such brackets and starts in a line that is indented by `column`.
pub(super) fn lines(text: &str, around: Bracket, column: usize) -> Vec<Token> {
    let file = SourceFile::new("bound code", text);
    let row: Vec<Atom> = atoms(&file, Span::new(0, text.len()), LineMode::Plain)
        .into_iter()
        .filter(|atom| atom.kind != TokenKind::Comment)
        .collect();
    let mut writer = Writer { out: Vec::new(), start: column, open: vec![around] };
    let mut from = 0;
    for (i, atom) in row.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| &row[i]);
        let gap = text.get(from..atom.span.start as usize).unwrap_or_default();
        if !writer.gap(gap, (before, Some(atom))) && i > 0 && space(&row, i) {
            writer.out.push(Token::blank());
        }
        writer.bracket(before, atom);
        writer.out.push(Token::bound(atom.text.as_str()));
        from = atom.span.end as usize;
    }
    writer.gap(text.get(from..).unwrap_or_default(), (row.last(), None));
    writer.out
}

struct Writer {
    out: Vec<Token>,
    /// The column of the line that the statement starts in.
    start: usize,
    open: Vec<Bracket>,
}

impl Writer {
    /// White space and comments; whether that keeps apart what stands around it.
    fn gap(&mut self, gap: &str, around: (Option<&Atom>, Option<&Atom>)) -> bool {
        let mut rest = gap;
        let mut apart = false;
        while !rest.is_empty() {
            let code = rest.trim_start();
            let white = &rest[..rest.len() - code.len()];
            let breaks = white.matches('\n').count();
            let comment = &code[..comment_end(code)];
            if breaks > 0 {
                let column = advance(0, &white[white.rfind('\n').map_or(0, |at| at + 1)..]);
                self.breaks(breaks, column, around);
                apart = true;
            } else if !white.is_empty() && (apart || !comment.is_empty()) && !self.out.is_empty() {
                self.out.push(Token::blank());
            }
            for (i, line) in comment.lines().enumerate() {
                if i > 0 {
                    self.out.push(Token::continued(indentation(line).saturating_sub(self.start)));
                }
                self.out.push(Token::bound(line.trim()));
                apart = true;
            }
            if comment.is_empty() {
                break;
            }
            rest = &code[comment.len()..];
        }
        apart
    }

    fn breaks(&mut self, count: usize, column: usize, (before, behind): (Option<&Atom>, Option<&Atom>)) {
        self.out.extend((1..count).map(|_| Token::line_break()));
        if self.goes_on(before, behind) {
            self.out.push(Token::continued(column.saturating_sub(self.start)));
        } else {
            self.out.push(Token::line_break());
            self.start = column;
        }
    }

    /// Whether what follows a line break belongs to what the line above it says.
    fn goes_on(&self, before: Option<&Atom>, behind: Option<&Atom>) -> bool {
        let Some(before) = before else { return false };
        match (self.open.last(), before.text.as_str()) {
            (Some(Bracket::Round), _) => true,
            (_, ";" | "{" | "}" | ":" | "else" | "do") => false,
            (Some(Bracket::Values), ",") => false,
            (_, ")") => behind.is_some_and(|next| {
                next.kind == TokenKind::Punct
                    && !matches!(next.text.as_str(), "{" | "}" | ";" | "*" | "(" | "++" | "--")
            }),
            (Some(Bracket::Values), _) => behind.is_some_and(|next| next.text != "}"),
            _ => true,
        }
    }

    fn bracket(&mut self, before: Option<&Atom>, atom: &Atom) {
        match atom.text.as_str() {
            "(" | "[" => self.open.push(Bracket::Round),
            "{" => {
                let inside = matches!(self.open.last(), Some(Bracket::Values));
                let assigned = before.is_some_and(|b| matches!(b.text.as_str(), "=" | "," | "("));
                self.open.push(if inside || assigned { Bracket::Values } else { Bracket::Block });
            }
            ")" | "]" | "}" => drop(self.open.pop()),
            _ => {}
        }
    }
}

/// Where a comment at the start of `code` ends; 0 if there is none.
fn comment_end(code: &str) -> usize {
    if code.starts_with("/*") {
        return code.find("*/").map_or(code.len(), |at| at + 2);
    }
    if code.starts_with("//") { code.find('\n').unwrap_or(code.len()) } else { 0 }
}
