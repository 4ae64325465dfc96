//! What the overlay hid from the grammar: parsed by itself, or a leaf.

use super::super::grammar;
use super::super::kind::{Field, Kind};
use super::super::lexer::{Directive, Token, TokenKind, Word, directive_rest, lex, word_kind};
use super::super::overlay::{Mark, MarkKind};
use super::{Arena, Context, Window};
use crate::source::Span;

/// Text around a fragment that makes it a translation unit.
struct Frame {
    before: &'static str,
    after: &'static str,
}

const VALUE: Frame = Frame { before: "a=", after: ";" };
const TYPE: Frame = Frame { before: "a=sizeof(", after: ");" };
const PARAMETER: Frame = Frame { before: "T f(", after: ");" };
const LIST: Frame = Frame { before: "a=(T)", after: ";" };
const STATEMENTS: Frame = Frame { before: "a=({", after: ";});" };
const FIELDS: Frame = Frame { before: "struct{", after: ";};" };

impl Arena<'_> {
    /// The nodes that `mark` stands for, in the place of a node of `kind`.
    pub(super) fn graft(&mut self, mark: &Mark, kind: Kind, field: Option<Field>) {
        let inner = mark.inner.as_deref().unwrap_or_default();
        match mark.kind {
            MarkKind::TypeArgument => {
                self.builder.open(Kind::TypeArgument, field, mark.span);
                // With a name it is a parameter for a function that the macro declares.
                let read = [&TYPE, &PARAMETER].iter().any(|f| self.fragment(mark.span, inner, f, None));
                if !read {
                    self.leaf(Kind::OpaqueRegion, None, mark.span);
                }
                self.close();
            }
            MarkKind::Typeof => self.typeof_type(mark, inner, field),
            MarkKind::CallWord | MarkKind::Declarer | MarkKind::StringWord => {
                if !self.fragment(mark.span, inner, &VALUE, field) {
                    let as_word = if mark.kind == MarkKind::Declarer { kind } else { Kind::Identifier };
                    self.leaf(as_word, field, mark.span);
                }
            }
            MarkKind::ListArgument => {
                if !self.fragment(mark.span, inner, &LIST, field) {
                    self.leaf(Kind::OpaqueRegion, field, mark.span);
                }
            }
            MarkKind::StatementArgument => {
                self.builder.open(Kind::StatementArgument, field, mark.span);
                if !self.statements(mark.span, inner, &STATEMENTS)
                    && !self.statements(mark.span, inner, &FIELDS)
                {
                    self.leaf(Kind::OpaqueRegion, None, mark.span);
                }
                self.close();
            }
            MarkKind::TokenArgument => self.leaf(Kind::TokenArgument, field, mark.span),
            _ => self.leaf(kind, field, mark.span),
        }
    }

    /// Parse `inner` in `frame` and emit the node that covers it exactly; false if there is none.
    fn fragment(&mut self, span: Span, inner: &[u8], frame: &Frame, field: Option<Field>) -> bool {
        let text = [frame.before.as_bytes(), inner, frame.after.as_bytes()].concat();
        let Some(tree) = grammar::parse(&text, self.effort).filter(|t| !t.root_node().has_error()) else {
            return false;
        };
        let from = frame.before.len();
        let to = from + inner.trim_ascii_end().len();
        // What was blanked may stand in front.
        let start = to - inner.trim_ascii().len();
        let Some(mut node) = tree.root_node().descendant_for_byte_range(start, to) else {
            return false;
        };
        while let Some(parent) = node.parent().filter(|p| p.byte_range() == node.byte_range()) {
            node = parent;
        }
        if node.byte_range() != (start..to) {
            return false;
        }
        let window = Window { base: from as i64 - i64::from(span.start), from: span.start, to: span.end };
        self.grafting.push(span);
        self.walk(node, window, Context::Plain, field);
        self.grafting.pop();
        true
    }

    /// The width of a bit-field without a name, which the overlay made a word of.
    pub(super) fn bits_width(&mut self, mark: &Mark, width: Span) {
        let inner = mark.inner.as_deref().unwrap_or_default();
        if !self.fragment(width, inner, &VALUE, None) {
            self.leaf(Kind::OpaqueRegion, None, width);
        }
    }

    /// Parse `inner` as statements or fields and emit them one by one; false if they cannot be read.
    fn statements(&mut self, span: Span, inner: &[u8], frame: &Frame) -> bool {
        let text = [frame.before.as_bytes(), inner, frame.after.as_bytes()].concat();
        let Some(tree) = grammar::parse(&text, self.effort).filter(|t| !t.root_node().has_error()) else {
            return false;
        };
        let from = frame.before.len();
        let to = from + inner.len();
        let brace = tree.root_node().descendant_for_byte_range(from - 1, from);
        let Some(list) = brace.and_then(|b| b.parent()) else {
            return false;
        };
        let window = Window { base: from as i64 - i64::from(span.start), from: span.start, to: span.end };
        let mut cursor = list.walk();
        let children: Vec<_> = list.children(&mut cursor).collect();
        self.grafting.push(span);
        for child in children.into_iter().filter(|c| c.start_byte() >= from && c.start_byte() < to) {
            self.walk(child, window, Context::Plain, None);
        }
        self.grafting.pop();
        true
    }

    /// `typeof (…)`: a macro type with a type or an expression.
    fn typeof_type(&mut self, mark: &Mark, inner: &[u8], field: Option<Field>) {
        let span = mark.span;
        let open = inner.iter().position(|b| *b == b'(').unwrap_or(0);
        let name = inner[..open].trim_ascii_end().len();
        let at = |from: usize, to: usize| Span::new(span.start as usize + from, span.start as usize + to);
        self.builder.open(Kind::MacroTypeSpecifier, field, span);
        self.leaf(Kind::Identifier, Some(Field::Name), at(0, name));
        self.leaf(Kind::Token, None, at(open, open + 1));
        let last = inner.len().saturating_sub(1).max(open + 1);
        let start = inner[open + 1..last]
            .iter()
            .position(|b| !b.is_ascii_whitespace())
            .map_or(last, |p| open + 1 + p);
        let end = open + 1 + inner[open + 1..last].trim_ascii_end().len();
        if start < end {
            let content = &inner[start..end];
            let is_type = first_is_type(content);
            let (first, second) = if is_type { (&TYPE, &VALUE) } else { (&VALUE, &TYPE) };
            let field = |frame: &Frame| if std::ptr::eq(frame, &TYPE) { Field::Type } else { Field::Value };
            if !self.fragment(at(start, end), content, first, Some(field(first)))
                && !self.fragment(at(start, end), content, second, Some(field(second)))
            {
                self.leaf(Kind::OpaqueRegion, None, at(start, end));
            }
        }
        self.leaf(Kind::Token, None, at(last, inner.len()));
        self.close();
    }

    /// A leaf for what was blanked; directives get the shape that the grammar gives them.
    pub(super) fn blanked(&mut self, mark: &Mark) {
        match mark.kind {
            MarkKind::Directive => return self.directive(mark),
            MarkKind::Unreadable => return self.unreadable(mark),
            _ => {}
        }
        let kind = match mark.kind {
            MarkKind::DeadArm => Kind::Comment,
            MarkKind::UnreadArm => Kind::UnreadArm,
            MarkKind::Attribute => self.attribute_kind(mark),
            _ => Kind::OpaqueRegion,
        };
        self.leaf(kind, None, mark.span);
    }

    /// What can be read of an item that cannot be read whole.
    fn unreadable(&mut self, mark: &Mark) {
        let inner = mark.inner.as_deref().unwrap_or_default();
        let tree = grammar::parse(inner, self.effort).filter(|t| !t.root_node().is_error());
        let Some(tree) = tree else {
            let end = mark.span.start as usize + inner.trim_ascii_end().len();
            return self.leaf(Kind::OpaqueRegion, None, Span::new(mark.span.start as usize, end));
        };
        let window = Window { base: -i64::from(mark.span.start), from: mark.span.start, to: mark.span.end };
        self.walk(tree.root_node(), window, Context::Root, None);
    }

    fn attribute_kind(&self, mark: &Mark) -> Kind {
        let text = mark.inner.as_deref().unwrap_or_default();
        let end = text.iter().position(|b| !(b.is_ascii_alphanumeric() || *b == b'_')).unwrap_or(text.len());
        match word_kind(&text[..end]) {
            _ if text == b";" || text == b"," => Kind::Token,
            _ if text.starts_with(b"[[") => Kind::AttributeDeclaration,
            Word::Attribute => Kind::AttributeSpecifier,
            Word::Alternate | Word::Qualifier => Kind::TypeQualifier,
            Word::Asm => Kind::GnuAsmExpression,
            _ => Kind::MacroAttribute,
        }
    }

    fn directive(&mut self, mark: &Mark) {
        let text = mark.inner.as_deref().unwrap_or_default();
        let Some(first) = lex(text).first().copied() else { return };
        let start = mark.span.start as usize;
        let at = |from: usize, to: usize| Span::new(start + from, start + to);
        let head = directive_rest(text);
        let rest = lex(&text[head..]);
        let code = |t: &&Token| !matches!(t.kind, TokenKind::Space | TokenKind::Comment);
        let argument = rest.iter().find(code).map(|t| head + t.start as usize);
        let end = rest.iter().rfind(|t| t.kind != TokenKind::Space).map_or(head, |t| head + t.end as usize);
        match (first.kind, argument) {
            (TokenKind::Directive(Directive::Define), Some(_)) => self.define(text, head, start),
            (TokenKind::Directive(Directive::Include), Some(argument)) => {
                self.builder.open(Kind::PreprocInclude, None, mark.span);
                self.leaf(Kind::Token, None, at(0, head));
                let kind = match text[argument] {
                    b'<' => Kind::SystemLibString,
                    b'"' => Kind::StringLiteral,
                    _ => Kind::Identifier,
                };
                let close = match kind {
                    Kind::SystemLibString => {
                        text[argument..].iter().position(|b| *b == b'>').map(|p| argument + p + 1)
                    }
                    _ => rest.iter().find(code).map(|t| head + t.end as usize),
                };
                self.leaf(kind, Some(Field::Path), at(argument, close.unwrap_or(end)));
                self.builder.close();
            }
            (TokenKind::Directive(Directive::Other), _) => {
                self.builder.open(Kind::PreprocCall, None, mark.span);
                self.leaf(Kind::PreprocDirective, Some(Field::Directive), at(0, head));
                if let Some(argument) = argument {
                    self.leaf(Kind::PreprocArg, Some(Field::Argument), at(argument, end));
                }
                self.builder.close();
            }
            _ => self.leaf(Kind::PreprocDirective, None, mark.span),
        }
    }

    /// `#define` with its name, parameters and value.
    fn define(&mut self, text: &[u8], head: usize, start: usize) {
        let at = |from: usize, to: usize| Span::new(start + from, start + to);
        let rest = lex(&text[head..]);
        let of = |t: &Token| (head + t.start as usize, head + t.end as usize);
        let Some(name_at) = rest.iter().position(|t| matches!(t.kind, TokenKind::Word(_))) else {
            return self.leaf(Kind::PreprocDirective, None, at(0, text.len()));
        };
        let name = of(&rest[name_at]);
        let function = rest.get(name_at + 1).is_some_and(|t| t.kind == TokenKind::LParen);
        let kind = if function { Kind::PreprocFunctionDef } else { Kind::PreprocDef };
        self.builder.open(kind, None, at(0, text.len()));
        self.leaf(Kind::Token, None, at(0, head));
        self.leaf(Kind::Identifier, Some(Field::Name), at(name.0, name.1));
        let mut value_at = name_at + 1;
        if function {
            let close = rest.iter().position(|t| t.kind == TokenKind::RParen).unwrap_or(rest.len() - 1);
            let span = at(of(&rest[value_at]).0, of(&rest[close]).1);
            self.builder.open(Kind::PreprocParams, Some(Field::Parameters), span);
            for token in &rest[value_at..=close] {
                let kind = match token.kind {
                    TokenKind::Space => continue,
                    TokenKind::Comment => Kind::Comment,
                    TokenKind::Word(_) => Kind::Identifier,
                    _ => Kind::Token,
                };
                let (from, to) = of(token);
                self.leaf(kind, None, at(from, to));
            }
            self.builder.close();
            value_at = close + 1;
        }
        let body = &rest[value_at.min(rest.len())..];
        let code = |t: &&Token| !matches!(t.kind, TokenKind::Space | TokenKind::Comment);
        if let (Some(first), Some(last)) = (body.iter().find(code), body.iter().rfind(code)) {
            self.leaf(Kind::PreprocArg, Some(Field::Value), at(of(first).0, of(last).1));
        }
        self.builder.close();
    }
}

/// Whether a fragment begins like a type.
fn first_is_type(text: &[u8]) -> bool {
    lex(text).first().is_some_and(|t| matches!(t.kind, TokenKind::Word(word) if word.is_of_type()))
}
