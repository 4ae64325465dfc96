//! Whether the arms of a conditional hold whole items.
//!
//! In: the tokens before a conditional, those of its arms, and the token behind it. Out: [`How`] the arms are read. It
//! judges by the tokens at the edges of the arms.

use super::{Arm, How, Inside, Selector, Tok};
use crate::syntax::lexer::{Token, TokenKind, Word};

impl Selector<'_, '_, '_> {
    pub(super) fn how(&self, inside: Inside, arms: &[Arm], next: Option<Token>, end: usize) -> How {
        let balanced = end < self.tokens.len() && arms.iter().all(|a| a.balanced);
        let last = self.out.last().copied();
        let next_is = |kind| next.is_some_and(|t| t.kind == kind);
        match inside {
            Inside::Block | Inside::Fields => {
                let whole = balanced
                    && self.starts_item(last)
                    && !self.is_else(next)
                    && !(next_is(TokenKind::LBrace) && arms.iter().any(is_head))
                    && arms.iter().all(|a| self.is_whole(a));
                let is_case = |a: &Arm| a.toks.first().is_some_and(|t| t.kind == TokenKind::Word(Word::Case));
                match whole {
                    false => How::Choose,
                    true if arms.len() == 1 && is_case(&arms[0]) => How::Merge,
                    true => How::Keep,
                }
            }
            Inside::Enumerators | Inside::Initializer => {
                let starts = last.is_some_and(|t| matches!(t.kind, TokenKind::Comma | TokenKind::LBrace));
                let whole = |a: &Arm| a.toks.last().is_none_or(|t| t.kind == TokenKind::Comma);
                let closes = next_is(TokenKind::RBrace) && arms.len() == 1;
                if balanced && starts && (closes || arms.iter().all(whole)) {
                    How::Merge
                } else {
                    How::Choose
                }
            }
            Inside::Parens => How::Choose,
        }
    }

    fn is_else(&self, next: Option<Token>) -> bool {
        next.is_some_and(|t| &self.spelling.text[t.start as usize..t.end as usize] == b"else")
    }

    /// Whether an item can begin after `last`.
    fn starts_item(&self, last: Option<Tok>) -> bool {
        let Some(last) = last else { return true };
        match last.kind {
            TokenKind::Semi | TokenKind::LBrace | TokenKind::RBrace | TokenKind::Directive(_) => true,
            TokenKind::Colon => true,
            TokenKind::RParen => self.open.len() == 1 || is_statement_macro(&self.out, self.spelling.text),
            TokenKind::Word(Word::Ident) => self.is_bare(last),
            _ => false,
        }
    }

    /// Whether a name in capitals stands alone on its line, as a macro does that is an item.
    fn is_bare(&self, last: Tok) -> bool {
        let name = &self.spelling.text[last.start as usize..last.end as usize];
        let before = self.out.len().checked_sub(2).and_then(|at| self.out.get(at)).map(|t| t.kind);
        let begins = match before {
            None => true,
            Some(TokenKind::RParen) => self.open.len() == 1,
            Some(kind) => {
                matches!(
                    kind,
                    TokenKind::Semi | TokenKind::LBrace | TokenKind::RBrace | TokenKind::Directive(_)
                )
            }
        };
        last.first && begins && name.len() > 1 && !name.iter().any(u8::is_ascii_lowercase)
    }

    fn is_whole(&self, arm: &Arm) -> bool {
        let ends = match arm.toks.last().map(|t| t.kind) {
            None => true,
            Some(TokenKind::Semi | TokenKind::RBrace | TokenKind::Colon | TokenKind::Directive(_)) => true,
            Some(TokenKind::RParen) => {
                self.open.len() == 1 || is_statement_macro(&arm.toks, self.spelling.text)
            }
            _ => false,
        };
        let begins = match arm.toks.first() {
            None => true,
            Some(tok) if tok.kind == TokenKind::Word(Word::Prefix) => {
                self.spelling.text[tok.start as usize..].starts_with(b"do")
            }
            Some(tok) => matches!(
                tok.kind,
                TokenKind::Word(_)
                    | TokenKind::LBrace
                    | TokenKind::LParen
                    | TokenKind::Star
                    | TokenKind::Step
                    | TokenKind::Semi
                    | TokenKind::Directive(_)
            ),
        };
        ends && begins
    }
}

/// Whether `toks` end in `NAME(…)` on a line of its own, as a macro does that is a statement.
fn is_statement_macro(toks: &[Tok], text: &[u8]) -> bool {
    let mut depth = 0usize;
    for (at, tok) in toks.iter().enumerate().rev() {
        match tok.kind {
            TokenKind::RParen => depth += 1,
            TokenKind::LParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            let name = at.checked_sub(1).map(|at| toks[at]);
            return name.is_some_and(|t| {
                let bytes = &text[t.start as usize..t.end as usize];
                t.first && t.kind == TokenKind::Word(Word::Ident) && !bytes.iter().any(u8::is_ascii_lowercase)
            });
        }
    }
    false
}

/// Whether an arm ends like a function's head.
fn is_head(arm: &Arm) -> bool {
    arm.toks.last().is_some_and(|t| t.kind == TokenKind::RParen)
}

/// Whether the brackets of `toks` close each other.
pub(super) fn balanced(toks: &[Tok]) -> bool {
    let mut depth = 0i32;
    for tok in toks {
        match tok.kind {
            TokenKind::LParen | TokenKind::LBrace | TokenKind::LBracket => depth += 1,
            TokenKind::RParen | TokenKind::RBrace | TokenKind::RBracket => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}
