//! One node of tree-sitter's tree: what it is in truth.

use super::super::kind::{Field, Kind};
use super::super::overlay::{Mark, MarkKind};
use super::{ASSUMED, Arena, Context, MARKED, Visit, Window};
use crate::source::Span;

impl Arena<'_> {
    pub(super) fn visit(
        &mut self,
        node: tree_sitter::Node<'_>,
        field: Option<Field>,
        context: Context,
        window: Window,
    ) -> Visit {
        let start = node.start_byte() as i64 - window.base;
        let end = node.end_byte() as i64 - window.base;
        if start >= i64::from(window.to) && end > start || end < i64::from(window.from) {
            return Visit::Done;
        }
        let span =
            Span::new(start.max(i64::from(window.from)) as usize, end.min(i64::from(window.to)) as usize);
        let kind = self.numbers.kind(node);
        let flags = self.flags(span.start);
        let is_leaf = node.child_count() == 0;
        if flags & ASSUMED != 0 && is_leaf && span.len() == 1 {
            return Visit::Done;
        }
        if context != Context::Plain
            && let Some(visit) = self.in_context(kind, field, span, context)
        {
            return visit;
        }
        if flags & MARKED != 0 && kind == Kind::FunctionDeclarator {
            return self.old_pointers(field, span);
        }
        self.emit_leaves(span.start);
        if flags & MARKED != 0
            && let Some(visit) = self.marked(kind, field, span)
        {
            return visit;
        }
        self.open(kind, field, span)
    }

    /// A node that is what the grammar says. To the grammar the sign is part of a number; in C it is an operator.
    fn open(&mut self, kind: Kind, field: Option<Field>, span: Span) -> Visit {
        let sign =
            self.source.get(span.start as usize).filter(|_| kind == Kind::NumberLiteral && span.len() > 1);
        if !matches!(sign, Some(b'-' | b'+')) {
            self.builder.open(kind, field, span);
            return Visit::Open(Context::Plain);
        }
        let number = span.start + 1;
        self.builder.open(Kind::UnaryExpression, field, span);
        self.leaf(Kind::Token, Some(Field::Operator), Span { end: number, ..span });
        self.leaf(Kind::NumberLiteral, Some(Field::Argument), Span { start: number, ..span });
        self.close();
        Visit::Done
    }

    /// Children of what the overlay spelled as something else.
    fn in_context(
        &mut self,
        kind: Kind,
        field: Option<Field>,
        span: Span,
        context: Context,
    ) -> Option<Visit> {
        match context {
            Context::Plain => None,
            Context::Root => Some(Visit::Through(Context::Plain)),
            Context::LabelAddress(operator) => match kind {
                Kind::Token => {
                    self.leaf(Kind::Token, field, operator);
                    Some(Visit::Done)
                }
                Kind::Identifier => {
                    self.leaf(Kind::StatementIdentifier, field, span);
                    Some(Visit::Done)
                }
                _ => None,
            },
            Context::Iterator(name) => match (kind, field) {
                (Kind::Token, None) => {
                    self.leaf(Kind::Identifier, Some(Field::Name), name);
                    Some(Visit::Done)
                }
                (Kind::ParenthesizedExpression, Some(Field::Condition)) => {
                    self.emit_leaves(span.start);
                    self.builder.open(Kind::ArgumentList, Some(Field::Arguments), span);
                    Some(Visit::Open(Context::IteratorArguments))
                }
                (_, Some(Field::Consequence | Field::Body)) => Some(self.body(kind, span)),
                _ => None,
            },
            Context::IteratorArguments => match kind {
                Kind::CommaExpression => Some(Visit::Through(Context::IteratorArguments)),
                _ => self.plain(kind, None, span),
            },
            Context::EmptyIterator => match field {
                Some(Field::Body) => None,
                _ if kind == Kind::Comment => None,
                _ => Some(Visit::Done),
            },
            Context::FunctionHead(name) => match kind {
                Kind::TypeIdentifier if span.start == name.start => Some(Visit::Done),
                Kind::FunctionDeclarator => Some(Visit::Through(Context::FunctionHead(name))),
                Kind::Identifier if span.start == name.start + 2 => {
                    self.emit_leaves(name.start);
                    self.leaf(Kind::Identifier, Some(Field::Name), name);
                    Some(Visit::Done)
                }
                _ => None,
            },
        }
    }

    /// The body of an iterator; it may be marked itself.
    fn body(&mut self, kind: Kind, span: Span) -> Visit {
        match self.plain(kind, Some(Field::Body), span) {
            Some(visit) => visit,
            None => self.open(kind, Some(Field::Body), span),
        }
    }

    /// The node as it is elsewhere, in another role.
    fn plain(&mut self, kind: Kind, field: Option<Field>, span: Span) -> Option<Visit> {
        self.emit_leaves(span.start);
        if self.flags(span.start) & MARKED != 0
            && let Some(visit) = self.marked(kind, field, span)
        {
            return Some(visit);
        }
        Some(self.open(kind, field, span))
    }

    /// A node that begins where a mark begins.
    fn marked(&mut self, kind: Kind, field: Option<Field>, span: Span) -> Option<Visit> {
        match kind {
            Kind::WhileStatement | Kind::IfStatement | Kind::ForStatement | Kind::ExpressionStatement => {
                self.statement(kind, field, span)
            }
            Kind::PointerExpression => {
                let start = span.start.checked_sub(1)?;
                let mark = self.marks_at(start).find(|m| m.kind == MarkKind::LabelAddress)?;
                self.builder.open(kind, field, mark.span.cover(span));
                Some(Visit::Open(Context::LabelAddress(mark.span)))
            }
            Kind::Declaration | Kind::FieldDeclaration | Kind::FunctionDefinition => {
                self.declared(kind, field, span)
            }
            Kind::Identifier
            | Kind::TypeIdentifier
            | Kind::FieldIdentifier
            | Kind::StringLiteral
            | Kind::FieldDesignator
            | Kind::StatementIdentifier
            | Kind::PrimitiveType
            | Kind::Token => self.word(kind, field, span),
            _ => None,
        }
    }

    fn statement(&mut self, kind: Kind, field: Option<Field>, span: Span) -> Option<Visit> {
        for mark in self.marks_at(span.start) {
            match (mark.kind, kind) {
                (MarkKind::Iterator, Kind::WhileStatement | Kind::IfStatement) => {
                    self.builder.open(Kind::MacroIterator, field, span);
                    return Some(Visit::Open(Context::Iterator(mark.span)));
                }
                (MarkKind::EmptyIterator, Kind::ForStatement) => {
                    self.builder.open(Kind::MacroIterator, field, span);
                    self.empty_head(mark);
                    return Some(Visit::Open(Context::EmptyIterator));
                }
                (MarkKind::Statement, Kind::ExpressionStatement) => {
                    self.builder.open(Kind::MacroStatement, field, span);
                    return Some(Visit::Open(Context::Plain));
                }
                _ => {}
            }
        }
        self.computed_goto(kind, field, span)
    }

    /// The name and the empty arguments of an iterator.
    fn empty_head(&mut self, mark: &Mark) {
        let inner = mark.span.range();
        let text = mark.inner.as_deref().unwrap_or_default();
        let open = text.iter().position(|b| *b == b'(').unwrap_or(text.len().saturating_sub(2));
        let at = |from: usize, to: usize| Span::new(inner.start + from, inner.start + to);
        let name_end = text[..open].trim_ascii_end().len();
        self.leaf(Kind::Identifier, Some(Field::Name), at(0, name_end));
        self.builder.open(Kind::ArgumentList, Some(Field::Arguments), at(open, text.len()));
        self.leaf(Kind::Token, None, at(open, open + 1));
        self.leaf(Kind::Token, None, at(text.len() - 1, text.len()));
        self.builder.close();
    }

    /// `: width` without a name.
    fn unnamed_bits(&mut self, span: Span) -> Option<Visit> {
        let marks = &self.overlay.marks;
        let at = marks.partition_point(|m| m.span.start < span.start);
        let mut near = marks[..at].iter().rev().take(8);
        let mark = near.find(|m| m.kind == MarkKind::UnnamedBits && m.item == span.start)?;
        self.builder.open(Kind::BitfieldClause, None, mark.span);
        self.leaf(Kind::Token, None, Span { end: mark.span.start + 1, ..mark.span });
        self.bits_width(mark, span);
        self.close();
        Some(Visit::Done)
    }

    fn computed_goto(&mut self, kind: Kind, field: Option<Field>, span: Span) -> Option<Visit> {
        if kind != Kind::ExpressionStatement {
            return None;
        }
        let marks = &self.overlay.marks;
        let at = marks.partition_point(|m| m.span.start < span.start);
        let mark = marks[..at].iter().rev().take(8).find(|m| m.kind == MarkKind::ComputedGoto)?;
        if mark.item != span.start {
            return None;
        }
        let goto = mark.span;
        self.builder.open(Kind::GotoStatement, field, goto.cover(span));
        self.leaf(Kind::Token, None, goto);
        Some(Visit::Open(Context::Plain))
    }

    /// The declarator of a definition in the old style, with the stars before it around it.
    fn old_pointers(&mut self, field: Option<Field>, span: Span) -> Visit {
        let marks = &self.overlay.marks;
        let to = marks.partition_point(|m| m.span.start < span.start);
        let from = marks[..to].partition_point(|m| m.span.start + 256 < span.start);
        let is_star = |m: &&Mark| m.kind == MarkKind::OldPointer && m.item == span.start;
        let stars: Vec<Span> = marks[from..to].iter().filter(is_star).map(|m| m.span).collect();
        let mut field = field;
        for star in &stars {
            // Attributes may stand among the stars.
            self.emit_leaves(star.start);
            self.builder.open(Kind::PointerDeclarator, field, star.cover(span));
            self.leaf(Kind::Token, None, *star);
            field = Some(Field::Declarator);
        }
        self.emit_leaves(span.start);
        self.builder.open(Kind::FunctionDeclarator, field, span);
        Visit::Inside(stars.len(), Context::Plain)
    }

    fn declared(&mut self, kind: Kind, field: Option<Field>, span: Span) -> Option<Visit> {
        let marks = &self.overlay.marks;
        let from = marks.partition_point(|m| m.span.start < span.start);
        let mut near = marks[from..].iter().take_while(|m| m.span.start < span.end).take(64);
        let mark = near.find(|m| matches!(m.kind, MarkKind::Declarer | MarkKind::FunctionDefinition))?;
        if mark.item > span.start {
            return None;
        }
        match (mark.kind, kind) {
            (MarkKind::Declarer, Kind::Declaration | Kind::FieldDeclaration) => {
                self.builder.open(Kind::MacroDeclaration, field, span);
                Some(Visit::Open(Context::Plain))
            }
            (MarkKind::FunctionDefinition, Kind::FunctionDefinition) => {
                self.builder.open(Kind::MacroFunctionDefinition, field, span);
                Some(Visit::Open(Context::FunctionHead(mark.span)))
            }
            _ => None,
        }
    }

    /// A leaf that stands for more than it spells.
    fn word(&mut self, kind: Kind, field: Option<Field>, span: Span) -> Option<Visit> {
        for mark in self.marks_at(span.start) {
            match mark.kind {
                MarkKind::Declarer if span.len() == 1 => return Some(Visit::Done),
                MarkKind::ClosingWord => {
                    self.leaf(Kind::Identifier, None, mark.span);
                    return Some(Visit::Done);
                }
                MarkKind::Asm if kind == Kind::Token => {
                    self.leaf(Kind::Token, field, mark.span);
                    return Some(Visit::Done);
                }
                MarkKind::Respelled if span.end <= mark.span.end => {
                    self.leaf(kind, field, mark.span);
                    return Some(Visit::Done);
                }
                _ if mark.span == span && mark.inner.is_some() && !self.grafting.contains(&span) => {
                    self.graft(mark, kind, field);
                    return Some(Visit::Done);
                }
                _ => {}
            }
        }
        if kind == Kind::FieldIdentifier
            && let Some(visit) = self.unnamed_bits(span)
        {
            return Some(visit);
        }
        for back in [1, 2] {
            let Some(start) = span.start.checked_sub(back) else { continue };
            for mark in self.marks_at(start) {
                match mark.kind {
                    MarkKind::Declarer
                        if back == 2 && mark.span.end == span.end && !self.grafting.contains(&mark.span) =>
                    {
                        self.graft(mark, kind, field);
                        return Some(Visit::Done);
                    }
                    MarkKind::ClosingWord if back == 1 => return Some(Visit::Done),
                    MarkKind::Respelled if back == 1 && span.end <= mark.span.end => {
                        self.leaf(kind, field, mark.span);
                        return Some(Visit::Done);
                    }
                    _ => {}
                }
            }
        }
        None
    }
}
