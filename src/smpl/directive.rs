//! Preprocessor lines of a rule, word by word.
//!
//! In: the atom of a line, and the atoms behind it. Out: its [`Directive`]: `#define`, `#undef` and `#pragma` in words, `...`
//! among them; six dots are three of the code. It refuses nothing: what an include names is compared as a whole, and so is
//! any other line.

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
    /// What the name stands for, or the rest of the line.
    pub value: Vec<Piece>,
    /// How many pieces of the value are atoms of the lines below: they have marks and numbers of their own.
    pub below: usize,
}

impl Directive {
    /// Read a line and what is below it; `dots` is the number of the slot that `...` in it stands for.
    pub fn read(atom: &Atom, below: &[Atom], dots: usize) -> Option<Self> {
        let text = atom.text.trim_start_matches('#').trim_start();
        let keyword = ["define", "undef", "pragma"].into_iter().find(|k| {
            text.strip_prefix(k)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })?;
        let rest = &text[keyword.len()..];
        let file = SourceFile::new("directive", rest);
        let tokens = lex(&file, Span::new(0, rest.len()), LineMode::Inline);
        let piece = |token: &super::token::Token| {
            let text = file.slice(token.span).to_owned();
            let slot = (text == "...").then_some(dots);
            // The line is one piece of the rule: its words have no numbers of their own.
            let attached = token.attached.clone();
            let atom = Atom { text, kind: token.kind, id: u32::MAX, attached, ..atom.clone() };
            Piece { span: token.span, atom, slot }
        };
        let code = tokens.iter().filter(|t| t.kind != TokenKind::Comment && file.slice(t.span) != "\\");
        let mut value: Vec<Piece> = Vec::new();
        for next in code.map(piece) {
            match value.last_mut() {
                Some(last)
                    if last.slot.is_some() && next.slot.is_some() && last.span.end == next.span.start =>
                {
                    last.slot = None;
                }
                _ => value.push(next),
            }
        }
        let (mut name, mut parameters) = (Vec::new(), Vec::new());
        if keyword != "pragma" && !value.is_empty() {
            name = value.drain(..1).collect();
            let close = value.iter().position(|p| p.atom.text == ")");
            let opens = value.first().is_some_and(|p| p.atom.text == "(" && p.span.start == name[0].span.end);
            if let Some(close) = close.filter(|_| opens) {
                parameters = value.drain(..=close).collect();
            }
        }
        let own = Self { keyword: keyword.to_owned(), name, parameters, value, below: 0 };
        let open = own.value.is_empty() || atom.text.ends_with('\\');
        Some(if keyword == "define" && open { own.going_on(below, dots) } else { own })
    }

    /// The same where the value goes on, on the lines below.
    fn going_on(self, below: &[Atom], dots: usize) -> Self {
        use TokenKind::{Char, Dots, Number, Punct, String, Word};
        if !below.iter().all(|atom| matches!(atom.kind, Word | Number | String | Char | Punct | Dots)) {
            return self;
        }
        let piece = |atom: &Atom| Piece {
            span: atom.span,
            atom: atom.clone(),
            slot: (atom.kind == Dots).then_some(dots),
        };
        let value = self.value.into_iter().chain(below.iter().map(piece)).collect();
        Self { value, below: below.len(), ..self }
    }

    /// All its pieces, in order.
    pub fn pieces(&self) -> impl Iterator<Item = &Piece> {
        self.name.iter().chain(&self.parameters).chain(&self.value)
    }
}
