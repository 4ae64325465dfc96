//! Macros that declare: what begins a top-level item or a field with `name(…)`.
//!
//! In: tokens from the name. Out: the index after the item. A body makes it a function, an initializer or a `;` a
//! declaration; where macros bring braces and semicolons, those are assumed.

use super::spell::{Mark, MarkKind};
use super::{Place, Walker};
use crate::source::Span;
use crate::syntax::lexer::{TokenKind, Word};
use crate::syntax::macros::MacroRole;

/// How many tokens and groups in brackets an initializer may have whose braces macros bring.
const LONGEST: usize = 10_000;

impl Walker<'_> {
    /// `name(…)` that begins a top-level item or a field; `next` is the token after the `)`.
    pub(super) fn call_at_top(&mut self, i: usize, next: usize, hi: usize, place: Place) -> usize {
        let known_attribute = self.has_role(i, MacroRole::Attribute);
        match self.kind(next) {
            Some(TokenKind::LBrace) if next < hi && self.is(next + 1, TokenKind::Dot) => {
                // An initializer whose `=` the macro brings.
                self.assume(next - 1, b'=');
                self.declarer(i, next, i);
                self.value(next, self.after(next, hi));
                self.declarators_after(self.after(next, hi), hi)
            }
            Some(TokenKind::LBrace) if next < hi => self.function_macro(i, next, hi, place),
            Some(TokenKind::Semi | TokenKind::Assign | TokenKind::LBracket | TokenKind::Comma)
                if next < hi =>
            {
                self.declarer_statement(i, next, hi, i)
            }
            Some(TokenKind::Word(_)) if known_attribute => self.declaration(i, hi, place),
            Some(TokenKind::Word(_)) if self.is_marked_declarer(next, hi) => {
                self.declarer_statement(i, next, hi, i)
            }
            Some(TokenKind::Word(word)) if next < hi => {
                let prefixed = self.text(i).starts_with("__") || !self.is_first(next);
                let row = self.text(i) == self.text(next);
                if prefixed && !row && !self.is_shouted(i) || word == Word::Attribute {
                    self.declaration(i, hi, place)
                } else {
                    self.lone_declarer(i, next, i)
                }
            }
            Some(TokenKind::Dot) if self.is_first(next) => match self.initializer_end(next, hi) {
                Some(close) => self.open_initializer(i, next, close),
                None => self.lone_declarer(i, next, i),
            },
            Some(TokenKind::LParen) if self.is(self.after(next, hi), TokenKind::LBrace) => {
                self.function_head(i, next, self.after(next, hi), hi, place)
            }
            Some(TokenKind::Star | TokenKind::LParen) if next < hi => self.declaration(i, hi, place),
            _ => self.lone_declarer(i, next, i),
        }
    }

    /// Whether only attributes stand between `next` and what ends a declarer.
    fn is_marked_declarer(&self, next: usize, hi: usize) -> bool {
        let mut j = next;
        while j < hi && self.has_role(j, MacroRole::Attribute) {
            j = if self.is(j + 1, TokenKind::LParen) { self.after(j + 1, hi) } else { j + 1 };
        }
        j > next && j < hi && matches!(self.kind(j), Some(TokenKind::Semi | TokenKind::Assign))
    }

    /// Where the macro stands that ends an initializer which begins at `next`.
    pub(super) fn initializer_end(&self, next: usize, hi: usize) -> Option<usize> {
        let mut close = next;
        for _ in 0..LONGEST {
            if close >= hi || self.is(close, TokenKind::Semi) {
                return None;
            }
            if self.closes_initializer(close) {
                return Some(close);
            }
            close = if self.opens(close) { self.after(close, hi) } else { close + 1 };
        }
        None
    }

    /// `BEGIN(…) .field = value, … END`: macros bring the braces.
    pub(super) fn open_initializer(&mut self, i: usize, next: usize, close: usize) -> usize {
        if self.assume(next - 1, b'=').is_none() || self.assume(next - 1, b'{').is_none() {
            return self.lone_declarer(i, next, i);
        }
        self.declarer(i, next, i);
        self.deeper(|w| w.list(next, close));
        let word = self.span(close, close + 1);
        self.s.blank(word);
        self.s.put(word.start, b"};");
        self.s.marks.push(Mark::new(MarkKind::ClosingWord, word));
        close + 1
    }

    fn closes_initializer(&self, i: usize) -> bool {
        let ends = self.is_first(i + 1) || self.kind(i + 1).is_none();
        self.is(i - 1, TokenKind::Comma) && self.is_first(i) && self.is_shouted(i) && ends
    }

    /// A declarer without a semicolon.
    pub(super) fn lone_declarer(&mut self, i: usize, next: usize, item: usize) -> usize {
        if self.assume(next - 1, b';').is_some() {
            self.declarer(i, next, item);
        }
        next
    }

    /// Respell `name(…)` as `T name`.
    fn declarer(&mut self, i: usize, next: usize, item: usize) {
        let span = self.span(i, next);
        let why = self.why(i);
        self.expression(i, next);
        let item = self.toks[item].start;
        self.s.declarer(MarkKind::Declarer, span, item, why);
    }

    /// A declarer up to its `;`, with what may stand between: an initializer, an array, attributes.
    pub(super) fn declarer_statement(&mut self, i: usize, next: usize, hi: usize, item: usize) -> usize {
        self.declarer(i, next, item);
        self.declarators_after(next, hi)
    }

    /// `name(…) {` at the top: a function's head.
    pub(super) fn function_macro(&mut self, i: usize, brace: usize, hi: usize, place: Place) -> usize {
        self.function_head(i, i + 1, brace, hi, place)
    }

    /// `name(…) {` or `name(…)(…) {`: `open` begins the last parentheses, what stands before is the name.
    fn function_head(&mut self, i: usize, open: usize, brace: usize, hi: usize, place: Place) -> usize {
        let name = self.span(i, open);
        let item = self.item_start(i);
        if name.len() >= 3 && place == Place::Top {
            self.function_arguments(open, brace);
            let why = self.why(i);
            self.s.declarer(MarkKind::FunctionDefinition, name, item, why);
        }
        self.body(brace, hi)
    }

    fn item_start(&self, i: usize) -> u32 {
        let mut start = i;
        while start > 0 && matches!(self.word(start - 1), Some(Word::Storage)) {
            start -= 1;
        }
        self.toks[start].start
    }

    /// Arguments of a macro that heads a function: names and types stay, a type and the name after it become one
    /// parameter, the rest becomes one word each.
    fn function_arguments(&mut self, open: usize, hi: usize) {
        let (end, _) = self.group(open, hi);
        let arguments = self.split(open + 1, end);
        let paired = self.are_pairs(open, &arguments);
        for (at, (lo, hi)) in arguments.iter().copied().enumerate() {
            let is_word = hi == lo + 1 && self.word(lo).is_some();
            let is_type = (lo..hi).all(|i| self.is_type_token(i));
            if is_type && !is_word {
                self.parameter(lo, hi);
            } else if !is_word && lo < hi {
                let span: Span = self.span(lo, hi);
                self.s.fill_word(span);
                self.s.marks.push(Mark::new(MarkKind::Respelled, span));
            }
            if paired && at % 2 == 1 {
                self.attribute(hi, hi + 1);
            }
        }
    }

    /// `name, type, parameter, type, parameter …`: told by a type that is more than a name, or by the number of pairs
    /// at the end of the macro's name.
    fn are_pairs(&self, open: usize, arguments: &[(usize, usize)]) -> bool {
        let pairs = arguments.len() / 2;
        let is_name = |&(lo, hi): &(usize, usize)| hi == lo + 1 && self.is_ident(lo);
        let is_type = |&(lo, hi): &(usize, usize)| lo < hi && (lo..hi).all(|i| self.is_type_token(i));
        let counted = self.text(open - 1).ends_with(&pairs.to_string());
        let shaped =
            arguments.iter().enumerate().all(|(at, a)| if at % 2 == 1 { is_type(a) } else { is_name(a) });
        let certain = || arguments.iter().skip(1).step_by(2).any(|a| !is_name(a));
        pairs > 0 && arguments.len() % 2 == 1 && shaped && (counted || certain())
    }

    fn is_type_token(&self, i: usize) -> bool {
        match self.kind(i) {
            Some(TokenKind::Word(word)) => word == Word::Ident || word.is_of_type(),
            other => other == Some(TokenKind::Star),
        }
    }
}
