//! The types that a declaration gives to its metavariables.
//!
//! In: a declaration behind the word for its kind. Out: [`TypeConstraint`]s, none if the names follow at once.

use super::kinds::begins_declaration;
use crate::smpl::cursor::Cursor;
use crate::smpl::metavariable::{MetaKind, Metavariable, TypeConstraint};
use crate::smpl::token::TokenKind;
use crate::source::Span;

/// The types before the names: `struct s *`, `{int, long}`, `enum`, `*`; nothing if names follow at once.
pub(super) fn types(c: &mut Cursor<'_>, kind: &MetaKind) -> Vec<TypeConstraint> {
    let mut out = Vec::new();
    if c.eat("{") {
        while !c.at_end() && !c.eat("}") {
            let before = c.span();
            out.extend(one_type(c, true));
            c.eat(",");
            c.eat(";");
            if c.span() == before {
                // What is no type does not hold the list up.
                c.advance();
            }
        }
        return out;
    }
    let named = matches!(kind, MetaKind::Metavariable);
    let word = c.peek().is_some_and(|t| t.kind == TokenKind::Word);
    let mut qualifiers: Vec<String> = Vec::new();
    while named && matches!(c.text(), "const" | "volatile") {
        qualifiers.push(c.text().to_owned());
        c.advance();
    }
    if c.text() == "*" && !named || word && (named || is_type_ahead(c)) {
        out.extend(one_type(c, false).map(|one| TypeConstraint { qualifiers: qualifiers.clone(), ..one }));
    }
    out
}

/// Whether a type stands before the name: two words in a row, or a word and a star.
fn is_type_ahead(c: &Cursor<'_>) -> bool {
    let next = c.text_at(1);
    if begins_declaration(c, 1) {
        return false;
    }
    next == "*"
        || (next == "[" && c.text_at(2) == "]")
        || is_inherited(c)
        || next.starts_with(|ch: char| ch.is_alphabetic() || ch == '_')
}

/// Whether a type metavariable of another rule stands here, with a name or a star behind it.
fn is_inherited(c: &Cursor<'_>) -> bool {
    let behind = c.text_at(3);
    let name = behind.starts_with(|ch: char| ch.is_alphabetic() || ch == '_') && !begins_declaration(c, 3);
    c.text_at(1) == "." && (behind == "*" || name)
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn one_type(c: &mut Cursor<'_>, closed: bool) -> Option<TypeConstraint> {
    let start = c.span();
    let mut words: Vec<&str> = Vec::new();
    let mut rule = None;
    // The last word is the name unless the list is closed by a brace, or a star follows.
    while c.peek().is_some_and(|t| t.kind == TokenKind::Word) {
        let next = c.text_at(1);
        let goes_on = next.starts_with(|ch: char| ch.is_alphabetic() || ch == '_')
            || next == "*"
            || next == "[" && c.text_at(2) == "]"
            || next == ":" && is_word(c.text_at(3)) && words.is_empty()
            || is_inherited(c);
        let is_name = !closed && !goes_on && !is_base_word(c.text(), &words);
        if is_name {
            break;
        }
        words.push(c.text());
        c.advance();
        // A type metavariable of another rule.
        if c.text() == "." {
            c.advance();
            rule = words.pop().map(str::to_string);
            words.clear();
            words.push(c.text());
            c.advance();
        }
    }
    let (mut stars, mut arrays) = (0, 0);
    while c.text() == "[" && c.text_at(1) == "]" {
        c.advance();
        c.advance();
        arrays += 1;
    }
    while c.eat("*") {
        stars += 1;
        while matches!(c.text(), "const" | "volatile") && c.eat(c.text()) {}
    }
    while c.text() == "[" && c.text_at(1) == "]" {
        c.advance();
        c.advance();
        arrays += 1;
    }
    let bits = (!closed && c.text() == ":" && is_word(c.text_at(2))).then(|| {
        c.advance();
        let bits = c.text().to_owned();
        c.advance();
        bits
    });
    if words.is_empty() && stars + arrays == 0 {
        return None;
    }
    Some(TypeConstraint {
        base: words.join(" "),
        rule,
        qualifiers: Vec::new(),
        stars,
        arrays,
        bits,
        span: start.cover(Span::at(c.span().start as usize)),
    })
}

/// Whether `word` cannot be the name itself: it ends in a keyword of a type before a list of stars.
fn is_base_word(word: &str, words: &[&str]) -> bool {
    words.is_empty()
        && matches!(word, "struct" | "union" | "enum" | "int" | "char" | "void" | "unsigned" | "long")
}

/// The type metavariables of other rules that a declaration's types mention, `rule.T`.
pub(super) fn inherited_types(types: &[TypeConstraint], out: &mut Vec<Metavariable>) {
    for one in types {
        let Some((rule, name)) = one.rule.as_ref().map(|rule| (rule, &one.base)) else { continue };
        if !out.iter().any(|m| m.name == *name) {
            out.push(Metavariable {
                name: name.clone(),
                span: one.span,
                kind: MetaKind::Type,
                types: Vec::new(),
                inherited: Some(rule.clone()),
                constraints: Vec::new(),
            });
        }
    }
}
