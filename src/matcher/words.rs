//! Code that the grammar reads as one piece, word by word: attributes, and what preprocessor lines say.
//!
//! In: a node of the pattern and one of the code. Out: every way to match their words. Dots and metavariables for
//! expressions take words up to the next comma outside of brackets; nothing is known about such code but its words.

use super::binding::Binding;
use super::constraint::is_constant_name;
use super::environment::Environment;
use super::node::Matcher;
use super::noted::touched;
use crate::smpl::pattern::{Piece, Slot, is_literal};
use crate::smpl::token::{LineMode, TokenKind, lex};
use crate::smpl::{MetaKind, Metavariable};
use crate::source::Span;
use crate::syntax::{Field, Node};

/// A word of the code.
#[derive(Clone, Copy, Debug)]
pub struct Word<'c> {
    /// Its characters.
    pub text: &'c str,
    /// Its bytes.
    pub span: Span,
    /// What it is.
    pub kind: TokenKind,
}

/// The words of a node, comments left out.
pub fn words_of(c: Node<'_>) -> Vec<Word<'_>> {
    let source = c.tree().source();
    let tokens = lex(source, c.span(), LineMode::Plain);
    let code = tokens.into_iter().filter(|t| t.kind != TokenKind::Comment);
    code.map(|t| Word { text: source.slice(t.span), span: t.span, kind: t.kind }).collect()
}

/// Whether a metavariable may stand for these words.
fn fits(meta: &Metavariable, words: &[Word<'_>]) -> bool {
    use TokenKind::{Char, Number, String, Word};
    match (&meta.kind, words) {
        (MetaKind::ExpressionList(_) | MetaKind::Metavariable | MetaKind::Pragma, _) => true,
        (MetaKind::Expression, all) => !outside(all).any(|w| no_operand(w.text)),
        (MetaKind::Statement, all) => all.last().is_some_and(|w| matches!(w.text, ";" | "}")),
        (MetaKind::Type, all) => {
            outside(all).all(|w| w.kind == Word || matches!(w.text, "*" | "(" | ")" | "[" | "]"))
        }
        (MetaKind::Constant, [one]) => {
            matches!(one.kind, Char | Number | String) || one.kind == Word && is_constant_name(one.text)
        }
        (MetaKind::Constant, [sign, number]) => matches!(sign.text, "-" | "+") && number.kind == Number,
        (MetaKind::IdentifierList, all) => {
            all.iter().all(|w| w.kind == Word || matches!(w.text, "," | "..."))
        }
        (
            MetaKind::Identifier
            | MetaKind::Idexpression(_)
            | MetaKind::Function
            | MetaKind::Declarer
            | MetaKind::Iterator,
            [one],
        ) => one.kind == Word,
        _ => false,
    }
}

/// The words outside of round and square brackets, these included.
fn outside<'w, 'c>(words: &'w [Word<'c>]) -> impl Iterator<Item = &'w Word<'c>> {
    let mut depth = 0usize;
    words.iter().filter(move |word| {
        match word.text {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        depth == usize::from(matches!(word.text, "(" | "["))
    })
}

/// Whether a word is that of a statement or of a type: no expression holds it outside of brackets.
fn no_operand(word: &str) -> bool {
    matches!(
        word,
        ";" | "{"
            | "}"
            | "if"
            | "else"
            | "do"
            | "while"
            | "for"
            | "switch"
            | "case"
            | "default"
            | "return"
            | "goto"
            | "break"
            | "continue"
            | "void"
            | "char"
            | "short"
            | "int"
            | "long"
            | "float"
            | "double"
            | "signed"
            | "unsigned"
            | "struct"
            | "union"
            | "enum"
            | "const"
            | "volatile"
            | "static"
            | "extern"
            | "typedef"
    )
}

/// How many words a piece may take, none of them closing a bracket that it does not open.
fn balanced(words: &[Word<'_>], commas: bool) -> usize {
    let mut depth = 0usize;
    for (i, word) in words.iter().enumerate() {
        match word.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" if depth == 0 => return i,
            ")" | "]" | "}" => depth -= 1,
            "," if depth == 0 && !commas => return i,
            _ => {}
        }
    }
    words.len()
}

impl<'p> Matcher<'p> {
    /// Match the words of two nodes.
    pub fn words(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        self.word_row(self.pattern.pieces_of(p), &words_of(c), c, env)
    }

    /// Match pieces of the pattern with words of `c`.
    pub fn word_row(
        &self,
        pieces: &'p [Piece],
        words: &[Word<'_>],
        c: Node<'_>,
        env: &Environment,
    ) -> Vec<Environment> {
        let Some((piece, rest)) = pieces.split_first() else {
            return if words.is_empty() { vec![env.clone()] } else { Vec::new() };
        };
        let meta = self.pattern.metavariables().get(&piece.atom.text);
        let meta = meta.filter(|m| piece.atom.kind == TokenKind::Word && !is_literal(&m.kind));
        match (piece.slot.map(|i| &self.pattern.slots()[i]), meta) {
            (Some(Slot::Dots(_)), _) => self.word_dots(piece, rest, words, (c, env)),
            (Some(_), _) => Vec::new(),
            (None, Some(meta)) => self.word_meta((piece, meta), rest, words, (c, env)),
            (None, None) => {
                // Dots that take nothing take no comma.
                let dots = |p: Option<&Piece>| p.is_some_and(|p| p.slot.is_some());
                if piece.atom.text == "," && dots(rest.first()) && words.iter().all(|w| w.text == ")") {
                    return self.word_row(&rest[1..], words, c, env);
                }
                let Some((word, tail)) = words.split_first() else { return Vec::new() };
                let number = |t: &str| super::canonical::number(t);
                let same = word.text == piece.atom.text
                    || word.kind == TokenKind::Number && number(word.text) == number(&piece.atom.text);
                let next = same.then(|| self.noted_word(piece, word.span, c, env)).flatten();
                next.map_or_else(Vec::new, |env| self.word_row(rest, tail, c, &env))
            }
        }
    }

    /// Note what a word stands for. The place of the name that a line defines is that of the keyword, as with Coccinelle.
    fn noted_word(
        &self,
        piece: &'p Piece,
        span: Span,
        c: Node<'_>,
        env: &Environment,
    ) -> Option<Environment> {
        let place = if defines(c, span) { keyword_of(c) } else { span };
        self.placed(piece, place, c, touched(piece, span, env))
    }

    fn word_dots(
        &self,
        piece: &'p Piece,
        rest: &'p [Piece],
        words: &[Word<'_>],
        (c, env): (Node<'_>, &Environment),
    ) -> Vec<Environment> {
        let mut out = Vec::new();
        for n in 0..=balanced(words, true) {
            let (taken, tail) = words.split_at(n);
            match (taken.first(), taken.last()) {
                (Some(first), Some(last)) => {
                    let env = env.touch(piece.atom.id, first.span.cover(last.span));
                    out.extend(self.word_row(rest, tail, c, &env));
                }
                _ => {
                    let comma = rest.first().is_some_and(|p| p.atom.text == ",");
                    out.extend(self.word_row(if comma { &rest[1..] } else { rest }, tail, c, env));
                }
            }
        }
        out
    }

    fn word_meta(
        &self,
        (piece, meta): (&'p Piece, &Metavariable),
        rest: &'p [Piece],
        words: &[Word<'_>],
        (c, env): (Node<'_>, &Environment),
    ) -> Vec<Environment> {
        let list =
            matches!(meta.kind, MetaKind::ExpressionList(_) | MetaKind::IdentifierList | MetaKind::Pragma);
        let most = balanced(words, list);
        let mut out = Vec::new();
        for n in usize::from(!list)..=most {
            let (taken, tail) = words.split_at(n);
            if !fits(meta, taken) {
                continue;
            }
            let span = match (taken.first(), taken.last()) {
                (Some(first), Some(last)) => first.span.cover(last.span),
                _ => Span::at(c.span().start as usize),
            };
            let key: String = taken.iter().map(|w| super::canonical::token(w.text)).collect();
            let text = c.tree().source().slice(span);
            let binding = Binding { key: key.into(), span, ..Binding::text(text) };
            let bound = self.bind(meta, binding, env);
            if let Some(env) = bound.and_then(|env| self.noted_word(piece, span, c, &env)) {
                out.extend(self.word_row(rest, tail, c, &env));
            }
        }
        out
    }
}

/// Whether the bytes are the name that a `#define` or `#undef` is about.
fn defines(c: Node<'_>, span: Span) -> bool {
    let undefines =
        || c.child(Field::Directive).is_some_and(|n| n.text().trim_start_matches('#').trim() == "undef");
    let name = c.child(Field::Name).or_else(|| c.child(Field::Argument).filter(|_| undefines()));
    name.is_some_and(|n| n.span().contains(span))
}

/// The `#define` of a line.
fn keyword_of(c: Node<'_>) -> Span {
    let text = c.text();
    let name = text.strip_prefix('#').map_or(text, str::trim_start);
    let word = name.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(name.len());
    Span::new(c.span().start as usize, c.span().start as usize + text.len() - name.len() + word)
}
