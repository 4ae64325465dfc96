//! The loop with an acquisition of its own, and a file without the queue.
//!
//! In: the functions of a queue, and what describes a piece. Out: the edits: the loop acquires one element
//! at a time, the queue's functions go with the calls that drop what is left, and so do the fields that
//! nothing names any more. It refuses, by finding nothing, queues that anything else in the file looks at.

use super::super::Finish;
use super::parts::Parts;
use super::substitute::Again;
use super::values::{Part, Piece, Refilled};
use crate::edit::{EditSet, TextEdit};
use crate::plan::columns::{column_of, indent};
use crate::plan::outlining::fit::numbered;
use crate::plan::superfluous::{trailing_comment, whole_lines, with_blank_line};
use crate::source::{SourceFile, Span};
use crate::syntax::file_scope::{FileFunction, FileScope};
use crate::syntax::{Field, Kind, Node};
use crate::walk::eval::unwrapped;
use crate::walk::expressions::is_pure;
use crate::walk::matching::matches;
use crate::walk::site::{callee, statements_of};
use crate::walk::spec::WalkSpec;

/// Writes the file.
pub(super) struct Writer<'a, 't> {
    pub(super) spec: &'a WalkSpec,
    pub(super) file: &'a FileScope<'t>,
    pub(super) parts: &'a Parts<'t>,
    pub(super) refilled: &'a Refilled<'t>,
    pub(super) piece: &'a Piece,
}

impl<'t> Writer<'_, 't> {
    pub(super) fn edits(&self) -> Option<(EditSet, Finish)> {
        let mut edits = EditSet::new();
        let parts = self.parts;
        let again = self.refilled.substitute.as_ref().map(|s| Again::of(self, s));
        let again = match again {
            Some(again) => Some(again?),
            None => None,
        };
        let position = self.spec.position_of(&parts.object_text())?;
        let own = parts.condition.text();
        let own = if parts.condition.operator() == Some("||") { format!("({own})") } else { own.to_owned() };
        edits.add(TextEdit::new(parts.condition.span(), format!("{position} && {own}"))).ok()?;
        let last = parts.cursors.last().unwrap_or(&parts.test);
        let first = if parts.take.is(Kind::Declaration) { parts.test } else { parts.take };
        let acquisition = self.acquisition(again.as_ref())?;
        edits.add(TextEdit::new(first.span().cover(last.span()), acquisition)).ok()?;
        if parts.take.is(Kind::Declaration) {
            let declared = parts.scopes.declaration(parts.element);
            let gone = Span { start: declared.ident.span().end, end: declared.initializer?.span().end };
            edits.add(TextEdit::new(gone, "")).ok()?;
        }
        self.functions(&mut edits)?;
        self.fields(&mut edits)?;
        let Some(again) = again else { return Some((edits, Finish::Done)) };
        edits.add_all(again.edits()?).ok()?;
        Some((edits, again.finish()?))
    }

    pub(super) fn source(&self) -> &'t SourceFile {
        self.parts.acquire.tree().source()
    }

    pub(super) fn column(&self, node: Node<'t>) -> usize {
        column_of(self.source(), node.span())
    }

    /// One element, the test, and what describes its piece.
    fn acquisition(&self, again: Option<&Again<'_, 't>>) -> Option<String> {
        let parts = self.parts;
        let here = indent(self.column(parts.test));
        let free = |name: &str| numbered(name, &|n| !parts.scopes.mentions(n));
        let (element, offset, got) = (free("next"), free("offset"), free("got"));
        let callback = &self.spec.callback;
        let holder = self.spec.callback.element.replace('@', &element);
        let size = parts.refill.scopes.declaration(parts.got).ty.without_const().declare(&got);
        let mut out = format!("{holder};\n{here}{}{offset};\n{here}{size};\n\n", callback.offset.0);
        let mut arguments = Vec::new();
        let given = ["batch", "slots", "offset"].map(|name| parts.bindings.get(name));
        let [array, slots, start] = given;
        for argument in parts.acquire.child(Field::Arguments)?.named_children() {
            let inside = |n: Option<Node<'t>>| n.is_some_and(|n| argument.encloses(n));
            arguments.push(match () {
                () if inside(array) => format!("&{element}"),
                () if inside(slots) => "1".to_owned(),
                () if inside(start) => format!("&{offset}"),
                () => parts.refill.spelled(argument),
            });
        }
        let name = callee(parts.acquire)?;
        out.push_str(&format!("{here}{got} = {name}({});\n{here}", arguments.join(", ")));
        let failure = match again {
            Some(again) => again.failure(&got, &here),
            None => self.failure(&got)?,
        };
        out.push_str(&format!("if ({got} <= 0){failure}"));
        if let Some(advance) = self.refilled.advance {
            out.push_str(&format!("\n{here}{}({}, {got});", callee(advance)?, parts.object_text()));
        }
        let variable = parts.scopes.declaration(parts.element).name;
        out.push_str(&format!("\n{here}{variable} = {element};"));
        for (id, part) in self.piece {
            let value = match part {
                Part::Start => offset.clone(),
                Part::End => format!("{offset} + {got}"),
                Part::Length => got.clone(),
            };
            out.push_str(&format!("\n{here}{} = {value};", parts.scopes.declaration(*id).name));
        }
        Some(out)
    }

    /// The arm of the test, with the error that was got.
    fn failure(&self, got: &str) -> Option<String> {
        let (parts, source) = (self.parts, self.source());
        let condition = parts.test.child(Field::Condition)?;
        let arm = Span { start: condition.span().end, end: parts.test.span().end };
        let mut edits = EditSet::new();
        let negative = |n: &Node<'t>| {
            let told = self.spec.negative.iter().find_map(|p| matches(p, *n)?.get("x"));
            told.and_then(|x| parts.scopes.resolve(unwrapped(x))) == Some(parts.element)
        };
        let body = parts.test.child(Field::Consequence)?;
        let errors: Vec<Node<'t>> = body.descendants().filter(negative).collect();
        for error in &errors {
            let span = error.span();
            let span = Span { start: span.start - arm.start, end: span.end - arm.start };
            edits.add(TextEdit::new(span, got)).ok()?;
        }
        let mut named = parts.scopes.uses(parts.element).iter().filter(|u| body.encloses(**u));
        let told = named.all(|u| errors.iter().any(|e| e.encloses(*u)));
        let text = edits.apply(source.slice(arm).as_bytes());
        String::from_utf8(text).ok().filter(|_| told)
    }

    /// The functions that kept the queue.
    fn functions(&self, edits: &mut EditSet) -> Option<()> {
        let parts = self.parts;
        let mut gone: Vec<&FileFunction<'t>> = vec![&parts.refill.function, &parts.get.function];
        if let Some(drop) = &parts.drop {
            gone.push(drop);
            let statements = statements_of(drop.node.child(Field::Body)?);
            let looping = statements.iter().filter(|n| !n.is(Kind::Comment)).all(|n| n.kind().is_loop());
            (drop.is_static && looping).then_some(())?;
            for used in self.file.uses(drop.name) {
                let call = drop.node.tree().covering(used).parent().filter(|p| p.is(Kind::CallExpression))?;
                edits.add(TextEdit::new(self.dropping(call)?, "")).ok()?;
            }
        }
        for function in &gone {
            let whole = Span { start: function.start(), end: function.node.span().end };
            let whole = with_blank_line(self.source(), whole_lines(self.source(), whole));
            edits.add(TextEdit::new(whole, "")).ok()?;
        }
        let fields = parts.fields();
        let known = |n: Node<'t>| {
            let inside = |f: &&FileFunction<'t>| f.node.encloses(n);
            let asked = |f: &FileFunction<'t>| f.node.encloses(n) && self.only_asked_by(f, &gone);
            gone.iter().any(inside)
                || parts.cursors.iter().any(|c| c.encloses(n))
                || self.file.functions.iter().any(asked)
        };
        let elsewhere = parts.acquire.tree().root().descendants().any(|n| {
            let named = n.child(Field::Field).is_some_and(|f| fields.contains(&f.text()));
            n.is(Kind::FieldExpression) && named && !known(n) && self.is_object(n)
        });
        (!elsewhere).then_some(())
    }

    /// Whether a static function is called by these only.
    fn only_asked_by(&self, function: &FileFunction<'t>, gone: &[&FileFunction<'t>]) -> bool {
        let uses = self.file.uses(function.name);
        let inside = |at: &Span| gone.iter().any(|f| f.node.span().contains(*at));
        function.is_static && !uses.is_empty() && uses.iter().all(inside)
    }

    /// Whether a field's owner may be an object of the queue: it has the type of one, as far as that is to be seen.
    fn is_object(&self, field: Node<'t>) -> bool {
        let owner = field.child(Field::Argument);
        let Some(function) = field.ancestors().find(|a| a.is(Kind::FunctionDefinition)) else { return true };
        let scopes = crate::syntax::scope::Scopes::of(function);
        let Some(id) = owner.and_then(|o| scopes.resolve(o)) else { return true };
        let tag = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").replace(['*', ';'], "");
        let own = scopes.declaration(id).ty.without_const().declare("");
        self.tags().iter().any(|known| tag(known).trim() == tag(&own).trim())
    }

    /// The types of the queue's objects.
    fn tags(&self) -> Vec<String> {
        let scopes = &self.parts.refill.scopes;
        let objects = self.parts.refill.objects();
        objects.map(|(id, _)| scopes.declaration(id).ty.without_const().declare("")).collect()
    }

    /// The statement that drops what is left, with the comment in front of it and the test that it stands alone under.
    fn dropping(&self, call: Node<'t>) -> Option<Span> {
        let source = self.source();
        let mut statement = call.parent().filter(|p| p.is(Kind::ExpressionStatement))?;
        while let Some(test) = statement.parent().filter(|p| p.is(Kind::IfStatement)) {
            let pure = test.child(Field::Condition).is_some_and(|c| is_pure(&self.spec.pure, c));
            (pure && test.child(Field::Alternative).is_none()).then_some(())?;
            statement = test;
        }
        let mut span = statement.span();
        if let Some(comment) = statement.prev_sibling().filter(|n| n.is(Kind::Comment)) {
            let apart = Span { start: comment.span().end, end: span.start };
            if source.slice(apart).matches('\n').count() == 1 {
                span = comment.span().cover(span);
            }
        }
        let whole = whole_lines(source, span);
        let behind = source.text()[whole.end as usize..].starts_with('\n');
        Some(if behind { with_blank_line(source, whole) } else { whole })
    }

    /// Fields of a struct of this file that only the queue named; the array stays, because its size may matter.
    fn fields(&self, edits: &mut EditSet) -> Option<()> {
        let (source, fields) = (self.source(), self.parts.fields());
        let array = self.parts.bindings.get("batch")?.child(Field::Field)?.text();
        let root = self.parts.acquire.tree().root();
        let tags = self.tags();
        let is_struct = |n: &Node<'t>| {
            let name = n.child(Field::Name).map(Node::text).unwrap_or_default();
            n.is(Kind::StructSpecifier)
                && tags.iter().any(|t| t.split_whitespace().any(|word| word.trim_end_matches('*') == name))
        };
        let named = |n: Node<'t>| n.descendants().filter(|d| d.is(Kind::FieldIdentifier)).collect::<Vec<_>>();
        let goes = |n: Node<'t>| {
            let all = named(n);
            let own = |d: &Node<'t>| fields.contains(&d.text()) && d.text() != array;
            n.is(Kind::FieldDeclaration) && !all.is_empty() && all.iter().all(own)
        };
        let designated = root
            .descendants()
            .any(|n| n.is(Kind::FieldDesignator) && named(n).iter().any(|d| fields.contains(&d.text())));
        if designated {
            return Some(());
        }
        for list in root.descendants().filter(is_struct).filter_map(|s| s.child(Field::Body)) {
            for field in list.children().filter(|n| goes(*n)) {
                let behind = trailing_comment(field).map_or(field.span(), |c| field.span().cover(c.span()));
                let mut span = whole_lines(source, behind);
                let before = field.prev_sibling().filter(|n| n.is(Kind::Comment));
                let above = before.filter(|c| {
                    let line = source.line_of(c.span());
                    source.slice(Span { start: line.start, end: c.span().start }).trim().is_empty()
                });
                if let Some(comment) = above {
                    span = whole_lines(source, comment.span()).cover(span);
                }
                edits.add(TextEdit::new(span, "")).ok()?;
            }
        }
        Some(())
    }
}
