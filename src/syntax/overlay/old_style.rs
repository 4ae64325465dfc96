//! Definitions in the old style: names in the parentheses, and declarations of them before the body.
//!
//! In: the token behind a function's parameters. Out: the index after the body. The grammar reads no such definition
//! that gives a pointer: the stars are blanked and marked [`MarkKind::OldPointer`]. It refuses heads whose parentheses
//! hold anything but names, and declarations that no body follows.

use super::spell::{Mark, MarkKind};
use super::{Place, Walker};
use crate::syntax::lexer::{TokenKind, Word};

/// How many tokens the declarations of the parameters may have.
const LONGEST: usize = 256;

impl Walker<'_> {
    /// Whether the declarations of parameters begin at `j`, behind `name(a, b)`.
    pub(super) fn is_old_style(&self, j: usize, hi: usize) -> bool {
        self.names_before(j).is_some() && self.body_after(j, hi)
    }

    /// The `(` of the list of names that ends before `j`.
    fn names_before(&self, j: usize) -> Option<usize> {
        let close = j.checked_sub(1).filter(|close| self.is(*close, TokenKind::RParen))?;
        let mut k = close.checked_sub(1)?;
        loop {
            if !self.is_ident(k) {
                return None;
            }
            k = k.checked_sub(1)?;
            match self.kind(k) {
                Some(TokenKind::Comma) => k = k.checked_sub(1)?,
                Some(TokenKind::LParen) => {
                    return Some(k).filter(|open| *open > 0 && self.is_ident(open - 1));
                }
                _ => return None,
            }
        }
    }

    /// Whether nothing but declarations stands between `j` and a `{`.
    fn body_after(&self, j: usize, hi: usize) -> bool {
        for k in j..hi.min(j + LONGEST) {
            match self.kind(k) {
                Some(TokenKind::LBrace) => return k > j && self.is(k - 1, TokenKind::Semi),
                Some(TokenKind::Semi)
                    if !matches!(self.kind(k + 1), Some(TokenKind::Word(_) | TokenKind::LBrace)) =>
                {
                    return false;
                }
                Some(
                    TokenKind::Word(Word::Header | Word::Jump | Word::Case | Word::Prefix)
                    | TokenKind::Directive(_)
                    | TokenKind::RBrace
                    | TokenKind::Assign,
                ) => return false,
                _ => {}
            }
        }
        false
    }

    /// Read the declarations from `j` and the body behind them.
    pub(super) fn old_style(&mut self, j: usize, hi: usize) -> usize {
        self.hide_stars(j);
        let mut k = j;
        while k < hi && self.word(k).is_some() {
            k = self.declaration(k, hi, Place::Block).max(k + 1);
        }
        if self.is(k, TokenKind::LBrace) && k < hi {
            return self.body(k, hi);
        }
        k
    }

    /// Blank the stars before the name of the function whose parameters end before `j`.
    fn hide_stars(&mut self, j: usize) {
        let Some(name) = self.names_before(j).and_then(|open| open.checked_sub(1)) else { return };
        for k in (0..name).rev() {
            let starred = || k > 0 && self.is(k - 1, TokenKind::Star);
            match self.kind(k) {
                Some(TokenKind::Star) => {
                    let mut mark = Mark::new(MarkKind::OldPointer, self.span(k, k + 1));
                    mark.item = self.toks[name].start;
                    self.s.blank(mark.span);
                    self.s.marks.push(mark);
                }
                Some(TokenKind::Word(Word::Qualifier)) if starred() => self.attribute(k, k + 1),
                Some(TokenKind::Word(_)) if starred() => {}
                _ => return,
            }
        }
    }
}
