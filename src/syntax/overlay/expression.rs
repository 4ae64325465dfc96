//! Expressions: types and statements among arguments, strings glued with macros, casts with attributes.
//!
//! In: tokens of an expression. Out: its macros respelled. What is an operator and what an operand does not matter
//! here, only which tokens stand next to each other.

use super::spell::{Mark, MarkKind};
use super::{Place, Walker};
use crate::syntax::lexer::{TokenKind, Word};
use crate::syntax::macros::MacroRole;

impl Walker<'_> {
    /// Read `lo..hi` as an expression; commas separate operands like operators do.
    pub(super) fn expression(&mut self, lo: usize, hi: usize) {
        let mut i = lo;
        while i < hi {
            i = self.operand(i, lo, hi).max(i + 1);
        }
    }

    fn operand(&mut self, i: usize, lo: usize, hi: usize) -> usize {
        match self.kind(i) {
            Some(TokenKind::LParen) => self.parenthesis(i, lo, hi),
            Some(TokenKind::LBracket) => {
                let (end, next) = self.group(i, hi);
                self.deeper(|w| w.expression(i + 1, end));
                next
            }
            Some(TokenKind::LBrace) => {
                let (end, next) = self.group(i, hi);
                self.deeper(|w| w.list(i + 1, end));
                next
            }
            Some(TokenKind::AmpAmp) if i == lo || self.is_operator(i - 1) => {
                // The address of a label.
                self.s.put(self.toks[i].start, b" ");
                let mark = Mark::new(MarkKind::LabelAddress, self.span(i, i + 1));
                self.s.marks.push(mark);
                i + 1
            }
            Some(TokenKind::Number) if self.is_ident(i + 1) && i + 1 < hi => {
                // `2 MINUTES`: the macro brings the operator.
                self.attribute(i + 1, i + 2);
                i + 2
            }
            Some(TokenKind::Str) => self.glued(i, hi),
            Some(TokenKind::Word(word)) => self.word_operand(i, hi, word),
            _ => i + 1,
        }
    }

    fn word_operand(&mut self, i: usize, hi: usize, word: Word) -> usize {
        match word {
            Word::Ident if self.text(i) == "noreturn" => {
                // A keyword to the grammar.
                let span = self.span(i, i + 1);
                self.s.fill_word(span);
                self.s.marks.push(Mark::new(MarkKind::Respelled, span));
                i + 1
            }
            Word::Ident => self.glued(i, hi),
            Word::Typeof => self.typeof_word(i, hi),
            Word::Attribute => {
                let end = if self.is(i + 1, TokenKind::LParen) { self.after(i + 1, hi) } else { i + 1 };
                self.attribute(i, end);
                end
            }
            Word::Asm if self.asm_open(i, hi).is_some() => {
                let open = self.asm_open(i, hi).unwrap_or(i + 1);
                self.asm_operands(open, hi);
                self.after(open, hi)
            }
            Word::Sizeof => {
                if self.text(i).starts_with("__") && !self.is_type_name_group(i + 1, hi) {
                    // `__alignof__(expression)`: a call to the grammar.
                    let span = self.span(i, i + 1);
                    self.s.put(span.start + 2, b"x");
                    self.s.marks.push(Mark::new(MarkKind::Respelled, span));
                }
                i + 1
            }
            _ => i + 1,
        }
    }

    fn is_type_name_group(&self, open: usize, hi: usize) -> bool {
        self.is(open, TokenKind::LParen) && {
            let (end, _) = self.group(open, hi);
            self.is_type_name(open + 1, end) || end == open + 2
        }
    }

    fn is_operator(&self, i: usize) -> bool {
        !matches!(
            self.kind(i),
            Some(
                TokenKind::Word(Word::Ident)
                    | TokenKind::Number
                    | TokenKind::Str
                    | TokenKind::Char
                    | TokenKind::RParen
                    | TokenKind::RBracket
                    | TokenKind::RBrace
                    | TokenKind::Step
            )
        )
    }

    fn parenthesis(&mut self, i: usize, lo: usize, hi: usize) -> usize {
        let (end, next) = self.group(i, hi);
        let is_call = i > lo
            && matches!(
                self.kind(i - 1),
                Some(TokenKind::Word(Word::Ident) | TokenKind::RParen | TokenKind::RBracket)
            );
        self.deeper(|w| {
            if w.is(i + 1, TokenKind::LBrace) && !is_call {
                let (inner, _) = w.group(i + 1, end);
                w.items(i + 2, inner, Place::Block);
            } else if is_call && !w.is_cast_before(i, lo) {
                w.arguments(i, end);
            } else if w.is_type_name(i + 1, end) {
                w.parameter(i + 1, end);
            } else {
                w.expression(i + 1, end);
            }
        });
        next
    }

    /// Whether the `)` before `i` closes a cast or `sizeof` rather than an operand.
    fn is_cast_before(&self, i: usize, lo: usize) -> bool {
        if !self.is(i - 1, TokenKind::RParen) {
            return false;
        }
        let mut depth = 0usize;
        let mut j = i - 1;
        loop {
            match self.kind(j) {
                Some(TokenKind::RParen | TokenKind::RBracket | TokenKind::RBrace) => depth += 1,
                Some(TokenKind::LParen | TokenKind::LBracket | TokenKind::LBrace) => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return self.is_type_name(j + 1, i - 1) && !(j > lo && self.is_ident(j - 1));
            }
            if j == lo || i - j > 64 {
                return false;
            }
            j -= 1;
        }
    }

    /// Whether `lo..hi` can only be a type name: a type's keyword, or names with nothing but `*` after them.
    pub(super) fn is_type_name(&self, lo: usize, hi: usize) -> bool {
        if lo >= hi {
            return false;
        }
        match self.word(lo) {
            Some(word) if word.is_of_type() || word == Word::Attribute => {
                self.kind(lo + 1) != Some(TokenKind::LParen) || self.word(lo) != Some(Word::StandardType)
            }
            Some(Word::Typeof) => {
                let after = self.after(lo + 1, hi);
                (after..hi).all(|i| self.is_type_tail(i))
            }
            Some(Word::Ident) if self.has_role(lo, MacroRole::Attribute) && hi > lo + 1 => {
                let call = self.is(lo + 1, TokenKind::LParen);
                self.is_type_name(if call { self.after(lo + 1, hi) } else { lo + 1 }, hi)
                    || self.is_ident(lo + 1)
            }
            Some(Word::Ident) => {
                let mut i = lo;
                while i < hi && self.is_ident(i) {
                    i += if self.is(i + 1, TokenKind::LParen) && self.has_role(i, MacroRole::Attribute) {
                        self.after(i + 1, hi) - i
                    } else {
                        1
                    };
                }
                if i >= hi {
                    // Names in capitals side by side are strings.
                    return i > lo + 1 && !(lo..hi).all(|name| self.is_shouted(name));
                }
                if self.is(i, TokenKind::LParen) && self.is(i + 1, TokenKind::Star) {
                    // A pointer to a function: `type (*)(…)`.
                    return self.is(i + 2, TokenKind::RParen) && self.is(i + 3, TokenKind::LParen);
                }
                (i..hi).all(|j| self.is_type_tail(j))
            }
            _ => false,
        }
    }

    fn is_type_tail(&self, i: usize) -> bool {
        matches!(
            self.kind(i),
            Some(TokenKind::Star | TokenKind::Word(Word::Qualifier | Word::Alternate | Word::Attribute))
        ) || self.has_role(i, MacroRole::Attribute)
            || (self.is_ident(i) && self.is(i - 1, TokenKind::Star) && self.text(i).starts_with("__"))
    }

    /// A run of strings, names and calls without an operator between them.
    fn glued(&mut self, i: usize, hi: usize) -> usize {
        let mut parts: Vec<(usize, usize)> = Vec::new();
        let mut j = i;
        let mut strings = 0usize;
        while j < hi {
            let end = match self.kind(j) {
                Some(TokenKind::Str) => {
                    strings += 1;
                    j + 1
                }
                Some(TokenKind::Word(Word::Ident)) if self.is(j + 1, TokenKind::LParen) => {
                    strings += usize::from(j > i && self.is(j + 2, TokenKind::Str));
                    self.after(j + 1, hi)
                }
                Some(TokenKind::Word(Word::Ident)) => j + 1,
                _ => break,
            };
            parts.push((j, end));
            j = end;
        }
        if parts.len() == 1 {
            return self.single(i, parts[0].1, hi);
        }
        // Three names in a row are strings behind macros.
        let row = parts.len() > 2 && parts.iter().all(|(from, to)| *to == from + 1 && self.is_shouted(*from));
        if strings == 0 && !row {
            return self.adjacent_names(i, &parts, hi);
        }
        let first_is_plain = parts[0].1 == parts[0].0 + 1;
        for (n, (from, to)) in parts.iter().copied().enumerate() {
            if self.is(from, TokenKind::Str) {
                continue;
            }
            let plain = to == from + 1;
            if n == 0 && plain && (self.is(parts[1].0, TokenKind::Str) || first_is_plain) {
                continue;
            }
            if !plain {
                self.deeper(|w| w.arguments(from + 1, to - 1));
            }
            let span = self.span(from, to);
            if span.len() < 2 {
                continue;
            }
            let kind = if plain { MarkKind::StringWord } else { MarkKind::CallWord };
            self.s.string(kind, span);
        }
        j
    }

    /// A name or a call by itself; gives the index to go on from.
    fn single(&mut self, i: usize, end: usize, hi: usize) -> usize {
        if end == i + 1 || !self.is(i + 1, TokenKind::LParen) {
            return i + 1;
        }
        let (close, next) = self.group(i + 1, hi);
        match self.text(i) {
            "offsetof" | "__builtin_offsetof" if !self.is_plain_offset(i + 2, close) => {
                let span = self.span(i, i + 1);
                self.s.fill_word(span);
                self.s.marks.push(Mark::new(MarkKind::Respelled, span));
                self.deeper(|w| w.arguments(i + 1, close));
            }
            "offsetof" => self.deeper(|w| {
                let comma = w.split(i + 2, close).first().map_or(close, |p| p.1);
                w.parameter(i + 2, comma);
            }),
            "_Generic" => self.deeper(|w| w.generic(i + 2, close)),
            _ => self.deeper(|w| w.arguments(i + 1, close)),
        }
        next
    }

    fn generic(&mut self, lo: usize, hi: usize) {
        for (n, (lo, hi)) in self.split(lo, hi).into_iter().enumerate() {
            let colon = (lo..hi).find(|i| self.is(*i, TokenKind::Colon)).filter(|_| n > 0);
            match colon {
                Some(colon) if self.text(lo) == "default" => {
                    let span = self.span(lo, lo + 1);
                    self.s.fill_word(span);
                    self.s.marks.push(Mark::new(MarkKind::Respelled, span));
                    self.expression(colon + 1, hi);
                }
                Some(colon) => {
                    self.parameter(lo, colon);
                    self.expression(colon + 1, hi);
                }
                None => self.expression(lo, hi),
            }
        }
    }

    /// Whether the second argument is one name.
    fn is_plain_offset(&self, lo: usize, hi: usize) -> bool {
        let parts = self.split(lo, hi);
        parts.len() == 2 && parts[1].1 == parts[1].0 + 1
    }

    /// Names without an operator between them and no string: attributes stand among them.
    fn adjacent_names(&mut self, i: usize, parts: &[(usize, usize)], hi: usize) -> usize {
        let (from, to) = parts[0];
        if self.has_role(from, MacroRole::Attribute) {
            self.attribute(from, to);
            return to;
        }
        let next = self.single(i, to, hi).max(to);
        if let Some((from, to)) = parts.get(1).copied() {
            let operator = self.is_shouted(from);
            if self.has_role(from, MacroRole::Attribute) || operator {
                self.attribute(from, to);
                return to;
            }
        }
        next
    }
}
