//! Which bracket closes which.
//!
//! In: significant tokens. Out: for each opening bracket the index of the token that ends its contents. Brackets that
//! nest deeper than [`LIMIT`] are not entered: what they hold becomes opaque, so that no later stage has to recurse
//! without bound.

use super::conditional::Tok;
use super::spell::{Mark, MarkKind, Spelling};
use crate::source::Span;
use crate::syntax::lexer::TokenKind;

/// The deepest nesting that is read.
pub(super) const LIMIT: usize = 200;

fn opens(kind: TokenKind) -> Option<TokenKind> {
    match kind {
        TokenKind::LParen => Some(TokenKind::RParen),
        TokenKind::LBracket => Some(TokenKind::RBracket),
        TokenKind::LBrace => Some(TokenKind::RBrace),
        _ => None,
    }
}

fn closes(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::RParen | TokenKind::RBracket | TokenKind::RBrace)
}

/// Replace the contents of brackets at the limit.
pub(super) fn prune(toks: Vec<Tok>, spelling: &mut Spelling<'_>) -> Vec<Tok> {
    let mut depth = 0usize;
    if !toks.iter().any(|t| {
        if opens(t.kind).is_some() {
            depth += 1;
        } else if closes(t.kind) {
            depth = depth.saturating_sub(1);
        }
        depth > LIMIT
    }) {
        return toks;
    }
    let mut out = Vec::with_capacity(toks.len());
    let mut depth = 0usize;
    // The first token of the contents that are being dropped.
    let mut dropped: Option<u32> = None;
    for tok in toks {
        if closes(tok.kind) {
            if depth == LIMIT
                && let Some(start) = dropped.take()
            {
                drop_contents(start, tok.start, &mut out, spelling);
            }
            depth = depth.saturating_sub(1);
        }
        if depth >= LIMIT {
            dropped.get_or_insert(tok.start);
        } else {
            out.push(tok);
        }
        if opens(tok.kind).is_some() {
            depth += 1;
        }
    }
    if let Some(start) = dropped {
        drop_contents(start, spelling.text.len() as u32, &mut out, spelling);
    }
    out
}

fn drop_contents(start: u32, end: u32, out: &mut [Tok], spelling: &mut Spelling<'_>) {
    spelling.mark(Mark::new(MarkKind::TooDeep, Span { start, end }));
    if out.last().is_some_and(|t| t.kind != TokenKind::LBrace) {
        spelling.put(start, b"_");
        spelling.marks.push(Mark::new(MarkKind::Assumed, Span { start, end: start + 1 }));
    }
}

/// For each opening bracket the index of the token that ends its contents: its closing bracket, or the closing
/// bracket of one around it, or the end.
pub(super) fn mates(toks: &[Tok]) -> Vec<u32> {
    let mut mates = vec![toks.len() as u32; toks.len()];
    let mut open: Vec<usize> = Vec::new();
    for (i, tok) in toks.iter().enumerate() {
        if opens(tok.kind).is_some() {
            open.push(i);
        } else if tok.kind == TokenKind::Semi {
            // No statement ends between brackets.
            while let Some(unclosed) = open.pop_if(|o| toks[*o].kind == TokenKind::LBracket) {
                mates[unclosed] = i as u32;
            }
        } else if closes(tok.kind) {
            // Mismatched brackets pile up; what is far down is not looked for.
            let from = open.len().saturating_sub(2 * LIMIT);
            let near = &open[from..];
            let wanted = near.iter().rposition(|o| opens(toks[*o].kind) == Some(tok.kind)).map(|w| w + from);
            // A `)` or `]` does not close over an open `{`.
            let barrier = near.iter().rposition(|o| toks[*o].kind == TokenKind::LBrace).map(|b| b + from);
            let found = match wanted {
                Some(at) if tok.kind == TokenKind::RBrace || barrier.is_none_or(|b| at >= b) => at,
                _ => continue,
            };
            for unclosed in open.drain(found..) {
                mates[unclosed] = i as u32;
            }
        }
    }
    mates
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::lexer::lex;

    fn toks(text: &str) -> Vec<Tok> {
        let all = lex(text.as_bytes());
        all.iter().map(|t| Tok { kind: t.kind, start: t.start, end: t.end, first: false }).collect()
    }

    #[test]
    fn a_brace_closes_what_is_still_open() {
        let toks = toks("{(x}");
        assert_eq!(mates(&toks)[..2], [3, 3]);
    }
}
