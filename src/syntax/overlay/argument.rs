//! Arguments of calls: macros take types, statements, lists and bare tokens as well as operands.
//!
//! In: the tokens between the parentheses of a call. Out: what is no operand, made one word each; the arena gives it its
//! true nodes.

use super::spell::MarkKind;
use super::{Place, Walker};
use crate::syntax::lexer::{TokenKind, Word};

impl Walker<'_> {
    /// Parts of `lo..hi` between commas; none if it is empty.
    pub(super) fn split(&self, lo: usize, hi: usize) -> Vec<(usize, usize)> {
        let mut parts = Vec::new();
        let mut from = lo;
        let mut i = lo;
        while i < hi {
            if self.is(i, TokenKind::Comma) {
                parts.push((from, i));
                from = i + 1;
            }
            i = if self.opens(i) { self.after(i, hi) } else { i + 1 };
        }
        if from < hi || !parts.is_empty() {
            parts.push((from, hi));
        }
        parts
    }

    /// The arguments between the parenthesis that opens at `open` and `end`.
    pub(super) fn arguments(&mut self, open: usize, end: usize) {
        for (lo, hi) in self.split(open + 1, end) {
            self.argument(lo, hi);
        }
    }

    fn argument(&mut self, lo: usize, hi: usize) {
        if lo == hi {
            // An empty argument: a word that the source does not have.
            let assumed = lo.checked_sub(1).and_then(|before| self.assume(before, b'_'));
            if assumed.is_none() && self.is(hi, TokenKind::Comma) {
                self.attribute(hi, hi + 1);
            } else if assumed.is_none() && lo > 0 && self.is(lo - 1, TokenKind::Comma) {
                self.attribute(lo - 1, lo);
            }
            return;
        }
        let single = hi == lo + 1;
        match self.kind(lo) {
            Some(TokenKind::LBrace) => self.brace_argument(lo, hi),
            Some(TokenKind::Word(Word::Header | Word::Prefix | Word::Case | Word::Jump | Word::Default)) => {
                self.statements_argument(lo, hi);
            }
            // A keyword for the macro to put somewhere.
            Some(TokenKind::Word(
                Word::Storage | Word::Typedef | Word::Aggregate | Word::Enum | Word::Qualifier,
            )) if single => {
                let span = self.span(lo, hi);
                self.s.word(MarkKind::TokenArgument, span);
            }
            Some(TokenKind::Word(
                Word::Storage
                | Word::Typedef
                | Word::Aggregate
                | Word::Enum
                | Word::Primitive
                | Word::Qualifier,
            )) => self.type_argument(lo, hi),
            Some(TokenKind::Word(Word::Alternate | Word::Attribute | Word::Asm)) if single => {
                self.type_argument(lo, hi);
            }
            Some(TokenKind::Word(Word::StandardType)) if !single && !self.is(lo + 1, TokenKind::Arrow) => {
                self.type_argument(lo, hi);
            }
            _ if self.has_semicolon(lo, hi) || self.is_call_with_block(lo, hi) => {
                self.statements_argument(lo, hi);
            }
            Some(TokenKind::Word(_)) if !single && self.is_type_name(lo, hi) => self.type_argument(lo, hi),
            _ if self.is_bare_operator(lo, hi) => {
                let span = self.span(lo, hi);
                self.s.word(MarkKind::TokenArgument, span);
            }
            _ => self.expression(lo, hi),
        }
    }

    /// Whether a `:` without a `?` stands in `lo..hi`, brackets aside.
    pub(super) fn has_colon(&self, lo: usize, hi: usize) -> bool {
        let mut questions = 0usize;
        let mut i = lo;
        while i < hi {
            match self.kind(i) {
                Some(TokenKind::Question) => questions += 1,
                Some(TokenKind::Colon) if questions == 0 => return true,
                Some(TokenKind::Colon) => questions -= 1,
                _ => {}
            }
            i = if self.opens(i) { self.after(i, hi) } else { i + 1 };
        }
        false
    }

    fn has_semicolon(&self, lo: usize, hi: usize) -> bool {
        let mut i = lo;
        while i < hi {
            if self.is(i, TokenKind::Semi) {
                return true;
            }
            i = if self.opens(i) { self.after(i, hi) } else { i + 1 };
        }
        false
    }

    /// `name(…) { … }`
    fn is_call_with_block(&self, lo: usize, hi: usize) -> bool {
        let end = self.after(lo + 1, hi);
        self.is_ident(lo) && self.is(lo + 1, TokenKind::LParen) && end < hi && self.is(end, TokenKind::LBrace)
    }

    /// Whether an argument is no operand: it begins or ends with a binary operator, or holds `#`.
    fn is_bare_operator(&self, lo: usize, hi: usize) -> bool {
        let last = self.kind(hi - 1);
        let first = self.kind(lo);
        let binary = |k: Option<TokenKind>| {
            matches!(
                k,
                Some(TokenKind::Operator | TokenKind::Assign | TokenKind::Question | TokenKind::Colon)
            )
        };
        let ends = binary(last)
            || matches!(last, Some(TokenKind::Sign | TokenKind::Star | TokenKind::Amp | TokenKind::AmpAmp))
            || matches!(last, Some(TokenKind::Dot | TokenKind::Arrow | TokenKind::Ellipsis));
        let begins =
            binary(first) || matches!(first, Some(TokenKind::Arrow | TokenKind::Dot | TokenKind::Ellipsis));
        let designated = self.is(lo, TokenKind::LBracket) || self.has_colon(lo, hi);
        begins
            || ends
            || designated
            || (lo..hi).any(|i| self.is(i, TokenKind::Operator) && self.text(i).starts_with('#'))
    }

    fn type_argument(&mut self, lo: usize, hi: usize) {
        if self.has_semicolon(lo, hi) {
            return self.statements_argument(lo, hi);
        }
        self.parameter(lo, hi);
        let span = self.span(lo, hi);
        self.s.word(MarkKind::TypeArgument, span);
    }

    fn brace_argument(&mut self, lo: usize, hi: usize) {
        let (end, next) = self.group(lo, hi);
        if self.has_semicolon(lo + 1, end) || end == lo + 1 || self.has_block(lo + 1, end) {
            self.deeper(|w| w.items(lo + 1, end, Place::Block));
        } else {
            self.deeper(|w| w.list(lo + 1, end));
            let span = self.span(lo, next);
            self.s.word(MarkKind::ListArgument, span);
        }
        self.expression(next, hi);
    }

    fn has_block(&self, lo: usize, hi: usize) -> bool {
        matches!(self.word(lo), Some(Word::Header | Word::Prefix | Word::Jump)) && lo < hi
    }

    fn statements_argument(&mut self, lo: usize, hi: usize) {
        self.items(lo, hi, Place::Block);
        let span = self.span(lo, hi);
        self.s.word(MarkKind::StatementArgument, span);
    }

    /// A macro call that stands for a type.
    pub(super) fn type_call(&mut self, i: usize, end: usize) {
        self.expression(i, end);
        let span = self.span(i, end);
        self.s.word(MarkKind::CallWord, span);
    }
}
