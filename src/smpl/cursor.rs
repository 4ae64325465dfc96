//! A place in a row of tokens, with what was complained about so far.
//!
//! In: tokens of a rule file. Out: words and punctuation one by one, and diagnostics. Used by the parsers of
//! headers and declarations.

use super::token::{LineMode, Token, TokenKind, lex};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};

/// A reader of tokens.
pub struct Cursor<'a> {
    /// The rule file.
    pub file: &'a SourceFile,
    tokens: Vec<Token>,
    at: usize,
    end: Span,
    /// What was wrong.
    pub diagnostics: Vec<Diagnostic>,
}

impl<'a> Cursor<'a> {
    /// Read `span` without regard to columns.
    pub fn new(file: &'a SourceFile, span: Span) -> Self {
        let tokens = lex(file, span, LineMode::Plain);
        Self { file, tokens, at: 0, end: Span::at(span.end as usize), diagnostics: Vec::new() }
    }

    /// The token at hand.
    pub fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    /// The text of the `n`th token from here; empty past the end.
    pub fn text_at(&self, n: usize) -> &'a str {
        self.tokens.get(self.at + n).map_or("", |t| self.file.slice(t.span))
    }

    /// The text of the token at hand.
    pub fn text(&self) -> &'a str {
        self.text_at(0)
    }

    /// The place of the token at hand.
    pub fn span(&self) -> Span {
        self.peek().map_or(self.end, |t| t.span)
    }

    /// Go on by one token, and give it.
    pub fn advance(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += usize::from(token.is_some());
        token
    }

    /// Whether everything is read.
    pub fn at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Take the token if its text is `text`.
    pub fn eat(&mut self, text: &str) -> bool {
        let found = self.text() == text && !self.at_end();
        self.at += usize::from(found);
        found
    }

    /// Take a word; keywords are words too.
    pub fn word(&mut self) -> Option<String> {
        if self.peek()?.kind != TokenKind::Word {
            return None;
        }
        let text = self.text().to_string();
        self.at += 1;
        Some(text)
    }

    /// Take a string literal, and give what is between its quotes.
    pub fn string(&mut self) -> Option<String> {
        if self.peek()?.kind != TokenKind::String {
            return None;
        }
        let text = self.text();
        self.at += 1;
        let inner = text.strip_prefix('"').unwrap_or(text);
        Some(inner.strip_suffix('"').unwrap_or(inner).to_string())
    }

    /// Take a number.
    pub fn number(&mut self) -> Option<i64> {
        if self.peek()?.kind != TokenKind::Number {
            return None;
        }
        let text = self.text();
        self.at += 1;
        let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
        Some(hex.map_or_else(|| text.parse().unwrap_or(0), |h| i64::from_str_radix(h, 16).unwrap_or(0)))
    }

    /// The name of a file: `"name"` or `<name>`.
    pub fn file_name(&mut self) -> Option<String> {
        if self.text() != "<" {
            return self.string();
        }
        let start = self.span().end;
        while !self.at_end() && self.text() != ">" {
            self.advance();
        }
        let end = self.span().start;
        self.advance();
        Some(self.file.slice(Span { start, end }).trim().to_owned())
    }

    /// Whether the `n`th token from here is the first of its line.
    pub fn starts_line(&self, n: usize) -> bool {
        let Some(token) = self.tokens.get(self.at + n) else { return false };
        let before = self.tokens[..self.at + n].last().map_or(0, |t| t.span.end);
        self.file.slice(Span { start: before, end: token.span.start }).contains('\n')
    }

    /// The place just behind the last token that was taken.
    pub fn behind(&self) -> Span {
        let last = self.at.checked_sub(1).and_then(|i| self.tokens.get(i));
        last.map_or(self.span(), |t| Span::at(t.span.end as usize))
    }

    /// Complain about the token at hand.
    pub fn error(&mut self, code: &str, message: impl Into<String>, help: &str) {
        let span = self.span();
        self.error_at(span, code, message, help);
    }

    /// Complain about a place.
    pub fn error_at(&mut self, span: Span, code: &str, message: impl Into<String>, help: &str) {
        let mut diagnostic = Diagnostic::error(code, message).at(self.file, span, "here");
        if !help.is_empty() {
            diagnostic = diagnostic.help(help);
        }
        self.diagnostics.push(diagnostic);
    }

    /// Go to just after the next `;`.
    pub fn skip_statement(&mut self) {
        while let Some(token) = self.advance() {
            if self.file.slice(token.span) == ";" {
                break;
            }
        }
    }

    /// Where the next token starts, to come back to with [`Cursor::rewind`].
    pub fn mark(&self) -> usize {
        self.at
    }

    /// Go back to a place that [`Cursor::mark`] gave.
    pub fn rewind(&mut self, mark: usize) {
        self.at = mark;
    }

    /// Go to the first token at or after a byte offset.
    pub fn skip_to_offset(&mut self, offset: usize) {
        while self.peek().is_some_and(|t| (t.span.start as usize) < offset) {
            self.at += 1;
        }
    }
}
