//! Assembler: templates glued with macros, operands behind macros, `asm` behind another name.
//!
//! In: tokens from `asm` or what stands for it. Out: the index after it, its macros respelled. It does not look into
//! templates.

use super::Walker;
use super::spell::{Mark, MarkKind};
use crate::syntax::lexer::{TokenKind, Word};

impl Walker<'_> {
    pub(super) fn asm_statement(&mut self, i: usize, hi: usize) -> usize {
        let mut j = i + 1;
        while j < hi && !self.is(j, TokenKind::LParen) && !self.is(j, TokenKind::Semi) {
            match self.text(j) {
                "volatile" | "__volatile__" | "inline" | "goto" => {}
                _ => self.attribute(j, j + 1),
            }
            j += 1;
        }
        if self.is(j, TokenKind::LParen) {
            self.asm_operands(j, hi);
            j = self.after(j, hi);
        }
        if self.is(j, TokenKind::Semi) { j + 1 } else { j }
    }

    /// `asm` behind a macro, with its parentheses at `open`.
    pub(super) fn asm_macro(&mut self, i: usize, open: usize, hi: usize) -> usize {
        let span = self.span(i, i + 1);
        if span.len() >= 3 {
            self.s.blank(span);
            self.s.put(span.start, b"asm");
            self.s.marks.push(Mark::new(MarkKind::Asm, span));
            self.asm_operands(open, hi);
        }
        let next = self.after(open, hi);
        if self.is(next, TokenKind::Semi) { next + 1 } else { next }
    }

    pub(super) fn is_asm_call(&self, open: usize, after: usize) -> bool {
        let mut j = open + 1;
        if !self.is(j, TokenKind::Str) {
            return false;
        }
        while j < after {
            match self.kind(j) {
                Some(TokenKind::Colon) => return self.text(open - 1).len() >= 3,
                Some(TokenKind::Comma | TokenKind::Question) => return false,
                _ => {}
            }
            j = if self.opens(j) { self.after(j, after) } else { j + 1 };
        }
        false
    }

    pub(super) fn asm_open(&self, i: usize, hi: usize) -> Option<usize> {
        (i + 1..hi.min(i + 5)).find(|j| self.is(*j, TokenKind::LParen))
    }

    /// The parts of `asm (…)` that opens at `open`.
    pub(super) fn asm_operands(&mut self, open: usize, hi: usize) {
        let (end, _) = self.group(open, hi);
        let mut part = AsmPart::Template;
        let mut i = open + 1;
        while i < end {
            i = match self.kind(i) {
                Some(TokenKind::Word(Word::Ident)) if part.has_values() && self.is_asm_operand(i, end) => {
                    self.asm_operand_macro(i, end)
                }
                Some(TokenKind::Str | TokenKind::Word(Word::Ident)) => self.asm_glued(i, end, part),
                Some(TokenKind::Colon) => {
                    part = part.next();
                    i + 1
                }
                Some(TokenKind::LParen) => {
                    let (inner, next) = self.group(i, end);
                    self.deeper(|w| w.expression(i + 1, inner));
                    next
                }
                Some(TokenKind::LBracket) => self.after(i, end),
                _ => i + 1,
            };
        }
    }

    /// Whether a name stands for a whole operand: it has no value in parentheses, or several.
    fn is_asm_operand(&self, i: usize, hi: usize) -> bool {
        match self.kind(i + 1) {
            Some(TokenKind::LParen) => {
                let after = self.after(i + 1, hi);
                self.split(i + 2, after.saturating_sub(1)).len() != 1 && !self.is(after, TokenKind::LParen)
            }
            Some(TokenKind::Comma | TokenKind::Colon | TokenKind::RParen) => true,
            _ => false,
        }
    }

    /// A macro that stands for operands goes with one of the commas beside it.
    fn asm_operand_macro(&mut self, i: usize, hi: usize) -> usize {
        let end = if self.is(i + 1, TokenKind::LParen) { self.after(i + 1, hi) } else { i + 1 };
        self.attribute(i, end);
        if self.is(end, TokenKind::Comma) {
            self.attribute(end, end + 1);
            return end + 1;
        }
        if self.is(i - 1, TokenKind::Comma) {
            self.attribute(i - 1, i);
        }
        end
    }

    /// A run of strings and macros in `asm`; in operands `"x" (value)` is not a call.
    fn asm_glued(&mut self, i: usize, hi: usize, part: AsmPart) -> usize {
        let mut j = i;
        let mut plain = true;
        while j < hi {
            match self.kind(j) {
                Some(TokenKind::Str) => j += 1,
                Some(TokenKind::Word(Word::Ident)) => {
                    plain = false;
                    let end = if self.is(j + 1, TokenKind::LParen) { self.after(j + 1, hi) } else { j + 1 };
                    let value = part.has_values() && !self.is(end, TokenKind::LParen);
                    j = if value { j + 1 } else { end };
                }
                _ => break,
            }
        }
        let span = self.span(i, j);
        if !plain && span.len() >= 2 && part != AsmPart::Labels {
            self.s.string(MarkKind::StringWord, span);
        }
        j
    }
}

/// What stands between the colons of `asm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AsmPart {
    Template,
    Outputs,
    Inputs,
    Clobbers,
    Labels,
}

impl AsmPart {
    fn next(self) -> Self {
        match self {
            Self::Template => Self::Outputs,
            Self::Outputs => Self::Inputs,
            Self::Inputs => Self::Clobbers,
            Self::Clobbers | Self::Labels => Self::Labels,
        }
    }

    fn has_values(self) -> bool {
        matches!(self, Self::Outputs | Self::Inputs)
    }
}
