//! Where a long file can be cut.
//!
//! In: the significant tokens and the top-level items. Out: stretches that follow each other without a gap and hold whole
//! items, to be parsed one after the other. A file that is short is one piece, and nothing is cut inside brackets or
//! inside a conditional that the grammar nests: such a piece is as long as it has to be.

use super::conditional::Tok;
use crate::source::Span;
use crate::syntax::lexer::{Directive, TokenKind};

/// Pieces of a text of `len` bytes, each as short as its items let it be but no shorter than `least`; an item of that
/// length begins one, so that it takes nothing along if it cannot be read.
pub(super) fn pieces(toks: &[Tok], mates: &[u32], items: &[Span], len: usize, least: usize) -> Vec<Span> {
    let mut found = Vec::new();
    let mut start = 0;
    if len > least {
        for cut in cuts(toks, mates, items) {
            let is_due = (cut.start - start) as usize >= least || cut.len() >= least;
            if is_due && cut.start > start {
                found.push(Span { start, end: cut.start });
                start = cut.start;
            }
        }
    }
    found.push(Span::new(start as usize, len));
    found
}

/// The items that stand in no bracket and no conditional.
fn cuts(toks: &[Tok], mates: &[u32], items: &[Span]) -> Vec<Span> {
    let mut found = Vec::new();
    let mut conditionals = 0usize;
    let mut i = 0;
    for item in items {
        while toks.get(i).is_some_and(|tok| tok.start < item.start) {
            match toks[i].kind {
                TokenKind::Directive(Directive::If) => conditionals += 1,
                TokenKind::Directive(Directive::Endif) => conditionals = conditionals.saturating_sub(1),
                TokenKind::LBrace | TokenKind::LParen | TokenKind::LBracket => {
                    i = i.max(mates[i] as usize);
                    continue;
                }
                _ => {}
            }
            i += 1;
        }
        if conditionals == 0 && toks.get(i).is_some_and(|tok| tok.start == item.start) {
            found.push(*item);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::source::SourceFile;
    use crate::syntax::macros::MacroKnowledge;
    use crate::syntax::parse::{Limits, respell};

    fn pieces(text: &str) -> Vec<&str> {
        let limits = Limits { piece: 1, ..Limits::default() };
        let source = SourceFile::new("t.c", text);
        let overlay = respell(source.text().as_bytes(), MacroKnowledge::shipped(), &limits);
        overlay.pieces.iter().map(|piece| &text[piece.range()]).collect()
    }

    #[test]
    fn whole_items_outside_conditionals_are_pieces() {
        assert_eq!(
            pieces("/* a */\nint a;\nint f(void) { return 1; }\n"),
            ["/* a */\n", "int a;\n", "int f(void) { return 1; }\n"]
        );
        assert_eq!(
            pieces("int a;\n#if A\nint b;\nint c;\n#endif\nint d;\n"),
            ["int a;\n#if A\nint b;\nint c;\n#endif\n", "int d;\n"]
        );
        assert_eq!(
            pieces("extern \"C\" {\nint b;\nint c;\n}\nint d;\n"),
            ["extern \"C\" {\nint b;\nint c;\n}\n", "int d;\n"]
        );
        assert_eq!(pieces("int f(int a)\n#if A\n{\n#else\n{ g();\n#endif\n}\nint d;").len(), 2);
        assert_eq!(pieces("").len(), 1);
    }
}
