//! Preprocessor lines of a rule, word by word.
//!
//! In: the atom of a line. Out: its [`Directive`]: `#define`, `#undef` and `#pragma` in words, `...` among them. It refuses
//! nothing: what an include names is compared as a whole, and so is any other line.

use super::pattern::{Atom, Piece};
use super::token::{LineMode, TokenKind, lex};
use crate::source::{SourceFile, Span};

/// A line of the preprocessor that a rule matches.
#[derive(Clone, Debug)]
pub struct Directive {
    /// What stands behind `#`.
    pub keyword: String,
    /// The name that is defined; nothing for a pragma.
    pub name: Vec<Piece>,
    /// The parameters with their brackets, if there are any.
    pub parameters: Vec<Piece>,
    /// The rest of the line.
    pub value: Vec<Piece>,
}

impl Directive {
    /// Read a line; `dots` is the number of the slot that `...` in it stands for.
    pub fn read(atom: &Atom, dots: usize) -> Option<Self> {
        let text = atom.text.trim_start_matches('#').trim_start();
        let keyword = ["define", "undef", "pragma"].into_iter().find(|k| {
            text.strip_prefix(k)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })?;
        let rest = &text[keyword.len()..];
        let file = SourceFile::new("directive", rest);
        let tokens = lex(&file, Span::new(0, rest.len()), LineMode::Plain);
        let piece = |token: &super::token::Token| {
            let text = file.slice(token.span).to_owned();
            let slot = (text == "...").then_some(dots);
            // The line is one piece of the rule: its words have no numbers of their own.
            let atom = Atom { text, kind: token.kind, id: u32::MAX, attached: Vec::new(), ..atom.clone() };
            Piece { span: token.span, atom, slot }
        };
        let code = tokens.iter().filter(|t| t.kind != TokenKind::Comment && file.slice(t.span) != "\\");
        let mut value: Vec<Piece> = code.map(piece).collect();
        let (mut name, mut parameters) = (Vec::new(), Vec::new());
        if keyword != "pragma" && !value.is_empty() {
            name = value.drain(..1).collect();
            let close = value.iter().position(|p| p.atom.text == ")");
            let opens = value.first().is_some_and(|p| p.atom.text == "(" && p.span.start == name[0].span.end);
            if let Some(close) = close.filter(|_| opens) {
                parameters = value.drain(..=close).collect();
            }
        }
        Some(Self { keyword: keyword.to_owned(), name, parameters, value })
    }

    /// All its pieces, in order.
    pub fn pieces(&self) -> impl Iterator<Item = &Piece> {
        self.name.iter().chain(&self.parameters).chain(&self.value)
    }
}
