//! The overlay: a text of the same length that the grammar can read.
//!
//! In: a file's text, its tokens and what is known about macros. Out: [`Overlay`]: the respelled text and the
//! [`Mark`]s that say what was done where, from which the arena gives the nodes their true kinds. It refuses to touch
//! what it does not understand: that is left for the grammar to fail on.
//!
//! What a macro is follows from the tokens around a use first, then from `#define`s, then from macro files.

mod aggregate;
mod argument;
mod assembler;
mod brackets;
mod conditional;
mod declaration;
mod declarer;
mod expression;
mod old_style;
mod pieces;
mod spell;
mod statement;

pub use spell::{Mark, MarkKind, Why};

use super::lexer::{Token, TokenKind, Word};
use super::macros::{Arguments, Layers, MacroRole};
use crate::source::Span;
use conditional::Tok;
use spell::Spelling;
use std::collections::BTreeMap;

/// What the grammar reads in the place of the source.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    /// As long as the source.
    pub text: Vec<u8>,
    /// What was done, by place.
    pub marks: Vec<Mark>,
    /// The spans of the top-level items, in order.
    pub items: Vec<Span>,
    /// The bodies of functions, braces included, in order.
    pub bodies: Vec<Span>,
    /// What is parsed at a time, without gaps; never empty.
    pub pieces: Vec<Span>,
    /// What macros that are used do with their arguments, of those that write some.
    pub macros: BTreeMap<String, Arguments>,
}

/// Where items stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Top,
    Block,
    Fields,
}

/// Respell `text`; if it is longer than `piece`, it is cut into pieces that are little longer than that.
pub(super) fn overlay(text: &[u8], tokens: &[Token], known: Layers<'_>, piece: usize) -> Overlay {
    let mut spelling = Spelling::new(text);
    for token in tokens.iter().filter(|t| t.kind == TokenKind::Space) {
        plain_space(&mut spelling.out[token.start as usize..token.end as usize]);
    }
    for token in tokens.iter().filter(|t| t.kind == TokenKind::Number) {
        plain_number(&mut spelling.out[token.start as usize..token.end as usize]);
    }
    // The grammar would look for its end from each `/*` in it anew.
    if let Some(open) = tokens.last().filter(|token| is_open_comment(text, **token)) {
        spelling.blank(Span { start: open.start, end: open.end });
    }
    let toks = conditional::significant(tokens, known.files, &mut spelling);
    let toks = brackets::prune(toks, &mut spelling);
    let mates = brackets::mates(&toks);
    let end = toks.len();
    let mut walker =
        Walker { s: spelling, toks, mates, known, depth: 0, items: Vec::new(), bodies: Vec::new() };
    walker.items(0, end, Place::Top);
    let Walker { s, toks, mates, items, bodies, .. } = walker;
    let pieces = pieces::pieces(&toks, &mates, &items, text.len(), piece);
    let mut overlay =
        Overlay { text: s.out, marks: s.marks, items, bodies, pieces, macros: known.used(text, tokens) };
    overlay.sort_marks();
    overlay.drop_inner_attributes();
    overlay
}

impl Overlay {
    /// Hide a stretch from the grammar; the mark keeps how it was spelled.
    pub(super) fn blank(&mut self, kind: MarkKind, span: Span) {
        let bytes = &mut self.text[span.range()];
        let mut mark = Mark::new(kind, span);
        mark.inner = Some((&*bytes).into());
        bytes.iter_mut().filter(|b| **b != b'\n').for_each(|b| *b = b' ');
        self.marks.push(mark);
    }

    /// An attribute that was looked at twice, or that stands inside another one, is one mark.
    fn drop_inner_attributes(&mut self) {
        let mut outer = Span::at(0);
        self.marks.retain(|mark| {
            if mark.kind != MarkKind::Attribute {
                return true;
            }
            let inside = outer.contains(mark.span);
            if !inside {
                outer = mark.span;
            }
            !inside
        });
    }

    /// What is further out comes first.
    pub(super) fn sort_marks(&mut self) {
        self.marks.sort_by_key(|m| (m.span.start, std::cmp::Reverse(m.span.end), m.kind));
    }
}

/// Whether a comment has no end.
fn is_open_comment(text: &[u8], token: Token) -> bool {
    let text = &text[token.start as usize..token.end as usize];
    let is_closed = text.len() >= 4 && text.ends_with(b"*/");
    token.kind == TokenKind::Comment && text.starts_with(b"/*") && !is_closed
}

/// Only spaces, tabs, newlines and continuations are white space to the grammar.
fn plain_space(bytes: &mut [u8]) {
    for byte in bytes {
        if matches!(*byte, 0 | 0x0b | 0x0c | b'\r') {
            *byte = b' ';
        }
    }
}

/// A preprocessing number that is no number of C, for a macro to paste together, becomes digits.
fn plain_number(bytes: &mut [u8]) {
    let hex = matches!(bytes, [b'0', b'x' | b'X' | b'b' | b'B', ..]);
    let digits = if hex { &bytes[2..] } else { &bytes[..] };
    let end = digits.iter().rposition(|b| !matches!(b, b'u' | b'U' | b'l' | b'L')).map_or(0, |p| p + 1);
    let body = &digits[..end];
    let known = |b: &u8| match hex {
        true => b.is_ascii_hexdigit() || matches!(b, b'p' | b'P' | b'.' | b'+' | b'-'),
        false => b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'),
    };
    let float = !hex && body.contains(&b'.') && matches!(body.last(), Some(b'f' | b'F'));
    if !body.iter().all(known) && !float {
        bytes.fill(b'1');
    }
}

struct Walker<'t> {
    s: Spelling<'t>,
    toks: Vec<Tok>,
    mates: Vec<u32>,
    known: Layers<'t>,
    depth: usize,
    items: Vec<Span>,
    bodies: Vec<Span>,
}

impl<'t> Walker<'t> {
    fn kind(&self, i: usize) -> Option<TokenKind> {
        self.toks.get(i).map(|t| t.kind)
    }

    fn is(&self, i: usize, kind: TokenKind) -> bool {
        self.kind(i) == Some(kind)
    }

    fn word(&self, i: usize) -> Option<Word> {
        match self.kind(i) {
            Some(TokenKind::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn is_ident(&self, i: usize) -> bool {
        self.word(i) == Some(Word::Ident)
    }

    fn text(&self, i: usize) -> &'t str {
        let text = self.toks.get(i).map_or(&b""[..], |t| &self.s.text[t.start as usize..t.end as usize]);
        std::str::from_utf8(text).unwrap_or_default()
    }

    /// Whether token `i` is the first on its line.
    fn is_first(&self, i: usize) -> bool {
        self.toks.get(i).is_some_and(|t| t.first)
    }

    fn is_conditional(&self, i: usize) -> bool {
        matches!(self.kind(i), Some(TokenKind::Directive(_)))
    }

    /// The bytes from token `from` to before token `to`.
    fn span(&self, from: usize, to: usize) -> Span {
        match (self.toks.get(from), to.checked_sub(1).and_then(|t| self.toks.get(t))) {
            (Some(first), Some(last)) => Span { start: first.start, end: last.end.max(first.start) },
            _ => Span::at(self.s.text.len()),
        }
    }

    /// The contents' end and the index after the group that token `i` opens, inside `hi`.
    fn group(&self, i: usize, hi: usize) -> (usize, usize) {
        let mate = self.mates.get(i).map_or(hi, |m| *m as usize);
        if mate >= hi {
            return (hi, hi);
        }
        let closed = matches!(
            (self.kind(i), self.kind(mate)),
            (Some(TokenKind::LParen), Some(TokenKind::RParen))
                | (Some(TokenKind::LBracket), Some(TokenKind::RBracket))
                | (Some(TokenKind::LBrace), Some(TokenKind::RBrace))
        );
        if closed { (mate, mate + 1) } else { (mate, mate) }
    }

    /// The index after the group that opens at `i`.
    fn after(&self, i: usize, hi: usize) -> usize {
        self.group(i, hi).1.max(i + 1).min(hi.max(i + 1))
    }

    fn opens(&self, i: usize) -> bool {
        matches!(self.kind(i), Some(TokenKind::LParen | TokenKind::LBracket | TokenKind::LBrace))
    }

    /// What `name` stands for by definitions and macro files.
    fn known(&self, i: usize) -> Option<(MacroRole, Why)> {
        self.known.role(self.text(i))
    }

    fn has_role(&self, i: usize, role: MacroRole) -> bool {
        self.is_ident(i) && self.known(i).is_some_and(|(known, _)| known == role)
    }

    fn why(&self, i: usize) -> Why {
        self.known(i).map_or(Why::Context, |(_, why)| why)
    }

    /// Whether the name of token `i` has no lower-case letter.
    fn is_shouted(&self, i: usize) -> bool {
        let text = self.text(i);
        text.len() > 1
            && !text.bytes().any(|b| b.is_ascii_lowercase())
            && text.bytes().any(|b| b.is_ascii_uppercase())
    }

    /// Blank tokens `from..to` as an attribute.
    fn attribute(&mut self, from: usize, to: usize) {
        let why = self.why(from);
        let span = self.span(from, to);
        self.s.blanked(Mark::new(MarkKind::Attribute, span).because(why));
    }

    /// Put a byte that the source does not have on the white space after token `i`; false if there is none.
    fn assume(&mut self, i: usize, byte: u8) -> Option<Span> {
        let start = self.toks.get(i)?.end;
        let end = self.toks.get(i + 1).map_or(self.s.text.len() as u32, |t| t.start);
        let free = self.s.out[start as usize..end as usize]
            .iter()
            .position(|b| matches!(b, b' ' | b'\n' | b'\t'))?;
        let at = start as usize + free;
        if self.s.text[start as usize..at].contains(&b'/') {
            return None;
        }
        self.s.out[at] = byte;
        let span = Span::new(at, at + 1);
        self.s.marks.push(Mark::new(MarkKind::Assumed, span));
        Some(span)
    }

    /// Read the body of a function whose `{` is token `brace`; gives the index after it.
    fn body(&mut self, brace: usize, hi: usize) -> usize {
        let (end, next) = self.group(brace, hi);
        let span = self.span(brace, next.max(brace + 1));
        self.bodies.push(span);
        self.deeper(|w| w.items(brace + 1, end, Place::Block));
        next
    }

    /// Run `inside` one level deeper; not at all beyond the limit.
    fn deeper(&mut self, inside: impl FnOnce(&mut Self)) {
        if self.depth <= brackets::LIMIT {
            self.depth += 1;
            inside(self);
            self.depth -= 1;
        }
    }
}
