//! `struct`, `union`, `enum` and `typeof`, and the lists in braces.
//!
//! In: tokens from the keyword or the brace. Out: the index after it.

use super::spell::MarkKind;
use super::{Place, Walker};
use crate::syntax::lexer::{TokenKind, Word};
use crate::syntax::macros::MacroRole;

impl Walker<'_> {
    /// `struct …` with its tag and body.
    pub(super) fn aggregate(&mut self, i: usize, hi: usize) -> usize {
        let mut j = i + 1;
        let mut tagged = false;
        while j < hi {
            match self.kind(j) {
                Some(TokenKind::Word(Word::Attribute)) => {
                    let end = if self.is(j + 1, TokenKind::LParen) { self.after(j + 1, hi) } else { j + 1 };
                    self.attribute(j, end);
                    j = end;
                }
                Some(TokenKind::Word(Word::Ident)) if tagged => {
                    // Between the tag and the body only attributes stand.
                    if !self.is(j + 1, TokenKind::LBrace) {
                        return j;
                    }
                    self.attribute(j, j + 1);
                    j += 1;
                }
                Some(TokenKind::Word(Word::Ident)) => j = self.tag(j, hi, &mut tagged),
                Some(TokenKind::Word(Word::Qualifier | Word::StandardType | Word::Primitive)) if !tagged => {
                    tagged = true;
                    j += 1;
                }
                Some(TokenKind::Colon) if self.text(i) == "enum" && self.is(j + 2, TokenKind::LBrace) => {
                    self.attribute(j, j + 2);
                    j += 2;
                }
                Some(TokenKind::LBrace) => {
                    let (end, next) = self.group(j, hi);
                    let is_enum = self.word(i) == Some(Word::Enum);
                    self.deeper(|w| match is_enum {
                        true => w.enumerators(j + 1, end),
                        false => w.items(j + 1, end, Place::Fields),
                    });
                    return next;
                }
                _ => return j,
            }
        }
        j
    }

    fn tag(&mut self, j: usize, hi: usize, tagged: &mut bool) -> usize {
        let call = self.is(j + 1, TokenKind::LParen);
        let end = if call { self.after(j + 1, hi) } else { j + 1 };
        let attribute =
            self.has_role(j, MacroRole::Attribute) && (self.is_ident(end) || self.is(end, TokenKind::LBrace));
        if attribute {
            self.attribute(j, end);
            return end;
        }
        *tagged = true;
        if call && (self.is(end, TokenKind::LBrace) || self.is(end, TokenKind::Star) || self.is_ident(end)) {
            self.expression(j, end);
            self.s.word(MarkKind::CallWord, self.span(j, end));
            return end;
        }
        j + 1
    }

    /// `typeof (…)` as one word.
    pub(super) fn typeof_word(&mut self, i: usize, hi: usize) -> usize {
        if !self.is(i + 1, TokenKind::LParen) {
            return i + 1;
        }
        let (end, next) = self.group(i + 1, hi);
        self.deeper(|w| match w.is_type_name(i + 2, end) {
            true => w.parameter(i + 2, end),
            false => w.expression(i + 2, end),
        });
        self.s.word(MarkKind::Typeof, self.span(i, next));
        next
    }

    fn enumerators(&mut self, lo: usize, hi: usize) {
        let mut i = lo;
        while i < hi {
            let end = (i..hi).find(|j| self.is(*j, TokenKind::Comma)).map_or(hi, |_| self.element_end(i, hi));
            self.enumerator(i, end);
            i = if self.is(end, TokenKind::Comma) { end + 1 } else { end.max(i + 1) };
        }
    }

    /// The end of the element that begins at `i`: its comma, or where one is missing between two macro calls.
    fn element_end(&mut self, i: usize, hi: usize) -> usize {
        let mut j = i;
        while j < hi && !self.is(j, TokenKind::Comma) {
            j = if self.opens(j) { self.after(j, hi) } else { j + 1 };
        }
        j
    }

    fn enumerator(&mut self, lo: usize, hi: usize) {
        let mut i = lo;
        // Macro calls without commas between them.
        while self.is_ident(i) && self.is(i + 1, TokenKind::LParen) && i < hi {
            let next = self.after(i + 1, hi);
            self.expression(i, next);
            self.s.word(MarkKind::CallWord, self.span(i, next));
            if next < hi && self.is_ident(next) {
                self.assume(next - 1, b',');
            }
            i = next;
        }
        if i >= hi || self.is(i, TokenKind::Assign) {
            self.expression((i + 1).min(hi), hi);
            return;
        }
        let mut j = i + 1;
        while j < hi && !self.is(j, TokenKind::Assign) {
            let end = if self.is(j + 1, TokenKind::LParen) { self.after(j + 1, hi) } else { j + 1 };
            if self.word(j).is_some() {
                self.attribute(j, end);
            }
            j = end;
        }
        self.expression((j + 1).min(hi), hi);
    }

    /// The value after an `=`: an expression or a list in braces.
    pub(super) fn value(&mut self, lo: usize, hi: usize) {
        let call = self.is_ident(lo) && self.is(lo + 1, TokenKind::LParen);
        let after = if call { self.after(lo + 1, hi) } else { lo };
        if call && after < hi && self.is(after, TokenKind::LBrace) {
            // What the macro makes of the list does not matter.
            self.attribute(lo, after);
            self.value(after, hi);
        } else if self.is(lo, TokenKind::LBrace) && lo < hi {
            let (end, next) = self.group(lo, hi);
            self.deeper(|w| w.list(lo + 1, end));
            if next < hi
                && self.is_ident(next)
                && self.is_first(next)
                && self.assume(next - 1, b',').is_some()
            {
                // A macro that brings more elements.
                return self.deeper(|w| w.list(next, hi));
            }
            self.expression(next, hi);
        } else {
            self.expression(lo, hi);
        }
    }

    /// The elements of an initializer.
    pub(super) fn list(&mut self, lo: usize, hi: usize) {
        for (lo, hi) in self.split(lo, hi) {
            self.element(lo, hi);
        }
    }

    fn element(&mut self, lo: usize, hi: usize) {
        let mut i = lo;
        // Macro calls that bring their own commas.
        loop {
            if !self.is_ident(i) || i >= hi {
                break;
            }
            let end = if self.is(i + 1, TokenKind::LParen) { self.after(i + 1, hi) } else { i + 1 };
            let begins = match self.kind(end) {
                Some(TokenKind::Word(Word::Ident)) => end > i + 1 || self.is_first(end),
                Some(TokenKind::LBrace) => self.is_first(end) || end > i + 1 || self.is_shouted(i),
                Some(TokenKind::Dot | TokenKind::LBracket) => self.is_first(end),
                _ => false,
            };
            if end >= hi || !begins || self.has_string(i, hi) {
                break;
            }
            if self.assume(end - 1, b',').is_none() {
                break;
            }
            self.expression(i, end);
            i = end;
        }
        // A designator behind a macro: `CHANNEL(1) = …`.
        if self.is_ident(i) && self.is(i + 1, TokenKind::LParen) && i < hi {
            let next = self.after(i + 1, hi);
            if next < hi && self.is(next, TokenKind::Assign) {
                self.expression(i, next);
                let span = self.span(i, next);
                self.s.word(MarkKind::CallWord, span);
                self.s.put(span.start, b".");
                return self.value(next + 1, hi);
            }
        }
        // Designators.
        let mut j = i;
        while j < hi {
            match self.kind(j) {
                Some(TokenKind::LBracket) => {
                    let (end, next) = self.group(j, hi);
                    self.deeper(|w| w.expression(j + 1, end));
                    j = next;
                }
                Some(TokenKind::Dot) => j += 2,
                _ => break,
            }
        }
        if j > i && j < hi && !self.is(j, TokenKind::Assign) {
            // `[x] value` in the old style.
            self.assume(j - 1, b'=');
            self.value(j, hi);
            return;
        }
        if self.is(j, TokenKind::Assign) || (self.is_ident(j) && self.is(j + 1, TokenKind::Colon)) {
            let from = if self.is(j, TokenKind::Assign) { j + 1 } else { j + 2 };
            self.value(from.min(hi), hi);
        } else {
            self.value(j.min(hi), hi);
        }
    }

    fn has_string(&self, lo: usize, hi: usize) -> bool {
        let mut j = lo;
        while j < hi {
            if self.is(j, TokenKind::Str) {
                return true;
            }
            j = if self.opens(j) { self.after(j, hi) } else { j + 1 };
        }
        false
    }
}
