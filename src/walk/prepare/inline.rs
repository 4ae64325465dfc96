//! A static function with one caller is a part of its caller.
//!
//! In: a function that acquires one batch and is called in a loop. Out: the edits that put its body where it
//! is called, and take the function away. Where it is left in the midst of a turn, what the caller does on
//! failure stands behind a label, for as long as nobody sees it. It refuses, by finding nothing, functions
//! with statics or conditional regions, labels that several jumps lead to, calls that are not `result =
//! function(…);`, and early returns of which it is not to be seen that the caller takes them for failures
//! and leaves.

use super::lockstep::{Lockstep, lockstep};
use super::tails::{Straightened, Tail, straightened};
use super::{Finish, Prepared};
use crate::edit::{EditSet, TextEdit};
use crate::flow::access::accesses;
use crate::plan::columns::{TAB, column_of, indent, shift};
use crate::plan::outlining::fit::numbered;
use crate::plan::superfluous::{whole_lines, with_blank_line};
use crate::source::{SourceFile, Span};
use crate::syntax::file_scope::{FileFunction, FileScope};
use crate::syntax::scope::{DeclId, DeclKind, Scopes};
use crate::syntax::types::Storage;
use crate::syntax::{Field, Kind, Node};
use crate::walk::eval::{is_error_name, unwrapped};
use crate::walk::notes::Note;
use crate::walk::site::statements_of;
use crate::walk::spec::WalkSpec;
use crate::walk::truth::seen_through;
use crate::walk::usage::leaves;

/// The function around `call`, put in place of its only call.
pub(super) fn inlined<'t>(spec: &WalkSpec, file: &FileScope<'t>, call: Node<'t>) -> Option<Prepared> {
    let function = file.function_at(call.span().start as usize)?;
    let only = only_call(file, function)?;
    let caller = file.function_at(only.span().start as usize)?;
    let place = Place::of(spec, only, caller)?;
    let body = function.node.child(Field::Body)?;
    let apart = straightened(body)?;
    let scopes = Scopes::of(function.node);
    let returned = apart.main.iter().rfind(|n| n.is(Kind::ReturnStatement))?.named_children().next()?;
    let lockstep = lockstep(&scopes, &apart, returned);
    let together = lockstep.and_then(|l| Some((place.addition(&l, &scopes, only)?, l)));
    let copy = together.as_ref().map(|(_, l)| l.copy);
    let label = place.label(body);
    let inline = Inline { source: call.tree().source(), scopes, place, copy, apart, label };
    let unfit =
        |n: &Node<'_>| matches!(n.kind(), Kind::PreprocIf | Kind::PreprocIfdef) || n.kind().is_opaque();
    let keeps_state = inline.scopes.declarations().iter().any(|d| d.ty.storage() == Some(Storage::Static));
    if body.descendants().any(|n| unfit(&n)) || keeps_state {
        return None;
    }
    let gone = together.as_ref().map(|(_, l)| l.declaration);
    let text = inline.text(body, only, gone)?;
    let mut edits = EditSet::new();
    if let Some((addition, _)) = &together {
        edits.add(TextEdit::new(whole_lines(inline.source, addition.span()), "")).ok()?;
    }
    let statement = inline.place.statement.span();
    edits.add(TextEdit::new(statement, text)).ok()?;
    let label = inline.label.as_ref().filter(|_| inline.leaves_in_turn(body)).cloned();
    if let Some(label) = &label {
        edits.add(inline.place.failure_behind(inline.source, caller, label)?).ok()?;
        let test = inline.place.test.filter(|_| inline.copy.is_some());
        if let Some(test) = test {
            edits.add(TextEdit::new(whole_lines(inline.source, test.span()), "")).ok()?;
        }
    }
    let whole = Span { start: function.start(), end: function.node.span().end };
    let whole = with_blank_line(inline.source, whole_lines(inline.source, whole));
    edits.add(TextEdit::new(whole, "")).ok()?;
    let done =
        format!("{}() is called here only, and is taken as a part of {}()", function.name, caller.name);
    let notes = vec![Note { name: "N15", values: vec![("function", function.name.to_owned())] }];
    let finish = label.map_or(Finish::Done, Finish::Fold);
    Some(Prepared { edits, function: caller.name.to_owned(), done, notes, open: Vec::new(), finish })
}

/// The only call of a static function, if nothing else names it.
fn only_call<'t>(file: &FileScope<'t>, function: &FileFunction<'t>) -> Option<Node<'t>> {
    let uses = file.uses(function.name);
    let declared = file.globals.iter().any(|g| g.name == function.name);
    let [only] = uses.as_slice() else { return None };
    let ident = function.node.tree().covering(*only);
    let call = ident.parent().filter(|p| p.is(Kind::CallExpression))?;
    let outside = !function.node.encloses(call);
    (function.is_static && !declared && outside && call.child(Field::Function) == Some(ident)).then_some(call)
}

/// Where the call stands.
struct Place<'t> {
    scopes: Scopes<'t>,
    /// `result = function(…);`
    statement: Node<'t>,
    result: Node<'t>,
    /// `if (result < 0) …` right behind it.
    test: Option<Node<'t>>,
    /// Its statements, which leave.
    failure: Vec<Node<'t>>,
}

impl<'t> Place<'t> {
    fn of(spec: &WalkSpec, call: Node<'t>, caller: &FileFunction<'t>) -> Option<Self> {
        let assignment = call.parent().filter(|p| p.is(Kind::AssignmentExpression))?;
        let statement = assignment.parent().filter(|p| p.is(Kind::ExpressionStatement))?;
        let result = assignment.child(Field::Left).filter(|_| assignment.operator() == Some("="))?;
        let scopes = Scopes::of(caller.node);
        let id = scopes.resolve(result)?;
        let listed = statement.parent().is_some_and(|p| p.is(Kind::CompoundStatement));
        let looped = statement.ancestors().take_while(|a| *a != caller.node).any(|a| a.kind().is_loop());
        if !listed || !looped {
            return None;
        }
        let mut next = statement.next_sibling();
        while next.is_some_and(|n| n.is(Kind::Comment)) {
            next = next.and_then(|n| n.next_sibling());
        }
        let test = next.filter(|n| is_failure_test(spec, *n, &scopes, id));
        let failure = test.and_then(|n| n.child(Field::Consequence));
        let failure = failure.filter(|arm| leaves(*arm)).map(statements_of).unwrap_or_default();
        Some(Self { scopes, statement, result, test, failure })
    }
}

impl<'t> Place<'t> {
    /// A name for the place behind the function's end where the failure could be dealt with, if it can.
    fn label(&self, body: Node<'t>) -> Option<String> {
        let function = self.scopes.function();
        let own = function.child(Field::Body)?;
        let last = |list: &[Node<'t>]| list.iter().rfind(|n| !n.is(Kind::Comment)).copied();
        let leaves = |n: Node<'t>| matches!(n.kind(), Kind::ReturnStatement | Kind::GotoStatement);
        let known = |n: Node<'t>| {
            self.scopes.resolve(n).is_none_or(|id| {
                let declared = self.scopes.declaration(id);
                declared.kind == DeclKind::Parameter
                    || declared.block == own
                    || self.failure.iter().any(|s| s.encloses(declared.ident))
            })
        };
        let mut names = self.failure.iter().flat_map(|s| s.descendants());
        let free =
            |name: &str| self.scopes.label(name).is_none() && !body.descendants().any(|n| n.text() == name);
        (last(&self.failure).is_some_and(leaves)
            && last(&statements_of(own)).is_some_and(leaves)
            && names.all(known))
        .then(|| numbered("failed", &free))
    }

    /// The failure's statements behind a label at the end of the function.
    fn failure_behind(
        &self,
        source: &SourceFile,
        caller: &FileFunction<'t>,
        label: &str,
    ) -> Option<TextEdit> {
        let (first, last) = (self.failure.first()?, self.failure.last()?);
        let arm = source.slice(first.span().cover(last.span()));
        let arm = shift(arm, TAB as isize - column_of(source, first.span()) as isize);
        let end = caller.node.child(Field::Body)?.span().end as usize - 1;
        Some(TextEdit::new(Span::at(end), format!("{label}:\n{}{arm}\n", indent(TAB))))
    }

    /// `argument += result;` behind the call, the only thing that is done with the result otherwise.
    fn addition(&self, lockstep: &Lockstep<'t>, inner: &Scopes<'t>, call: Node<'t>) -> Option<Node<'t>> {
        let parameters = inner.declarations().iter().filter(|d| d.kind == DeclKind::Parameter);
        let at = parameters.map(|d| d.id).position(|id| id == lockstep.parameter)?;
        let arguments: Vec<Node<'t>> = call.child(Field::Arguments)?.named_children().collect();
        let original = self.scopes.resolve(*arguments.get(at)?)?;
        let once = arguments.iter().filter(|a| self.scopes.resolve(**a) == Some(original)).count() == 1;
        let list = statements_of(self.statement.parent()?);
        let behind = list.into_iter().skip_while(|n| *n != self.statement).skip(1);
        let mut behind = behind.filter(|n| !n.is(Kind::Comment)).skip(usize::from(!self.failure.is_empty()));
        let addition = behind.next()?;
        let sum = addition.child_of(Kind::AssignmentExpression).filter(|a| a.operator() == Some("+="))?;
        let result = self.scopes.resolve(self.result);
        let adds = self.scopes.resolve(sum.child(Field::Left)?) == Some(original)
            && self.scopes.resolve(sum.child(Field::Right)?) == result;
        (once && adds).then_some(addition)
    }
}

/// `if (result < 0)` without another arm.
fn is_failure_test(spec: &WalkSpec, node: Node<'_>, scopes: &Scopes<'_>, result: DeclId) -> bool {
    let condition = node.child(Field::Condition).map(|c| seen_through(spec, unwrapped(c)));
    node.is(Kind::IfStatement)
        && node.child(Field::Alternative).is_none()
        && condition.is_some_and(|c| {
            c.operator() == Some("<")
                && c.child(Field::Left).and_then(|l| scopes.resolve(l)) == Some(result)
                && c.child(Field::Right).is_some_and(|r| r.text() == "0")
        })
}

struct Inline<'t> {
    source: &'t SourceFile,
    scopes: Scopes<'t>,
    place: Place<'t>,
    /// A copy that is the original.
    copy: Option<DeclId>,
    /// The body, taken apart at its labels.
    apart: Straightened<'t>,
    /// Where failures in the midst of a turn are dealt with.
    label: Option<String>,
}

impl<'t> Inline<'t> {
    /// The body with the caller's names, at the caller's column.
    fn text(&self, body: Node<'t>, call: Node<'t>, gone: Option<Node<'t>>) -> Option<String> {
        let mut edits = EditSet::new();
        if let Some(gone) = gone {
            edits.add(TextEdit::new(whole_lines(self.source, gone.span()), "")).ok()?;
        }
        let declared = self.names(body, call, &mut edits)?;
        self.returns(body, &mut edits)?;
        for tail in &self.apart.tails {
            edits.add(self.in_place(tail, &edits)?).ok()?;
        }
        let statements = &self.apart.main;
        let text = self.edited(statements.first()?.span().cover(statements.last()?.span()), &edits)?;
        let (old, new) = (self.column(statements.first()?.span()), self.column(self.place.statement.span()));
        let lines: String = declared.iter().map(|d| format!("{d}\n{}", indent(new))).collect();
        Some(format!("{lines}{}", shift(&text, new as isize - old as isize)))
    }

    /// A part of the text with the edits that lie in it.
    fn edited(&self, span: Span, edits: &EditSet) -> Option<String> {
        let mut inside = EditSet::new();
        for edit in edits.iter().filter(|e| span.contains(e.span)) {
            let moved = Span { start: edit.span.start - span.start, end: edit.span.end - span.start };
            inside.add(TextEdit::new(moved, edit.text.clone())).ok()?;
        }
        String::from_utf8(inside.apply(self.source.slice(span).as_bytes())).ok()
    }

    /// What a jump leads to, where the jump stands, in one paragraph.
    fn in_place(&self, tail: &Tail<'t>, edits: &EditSet) -> Option<TextEdit> {
        let (jump, first) = (tail.jump, tail.statements.first()?.span());
        let by = self.column(jump.span()) as isize - self.column(first) as isize;
        let text = shift(&self.edited(tail.span()?, edits)?, by);
        let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
        let text = lines.join("\n");
        let parent = jump.parent()?;
        if parent.is(Kind::CompoundStatement) {
            return Some(TextEdit::new(jump.span(), text));
        }
        let condition = parent.child(Field::Condition).filter(|_| parent.is(Kind::IfStatement))?;
        let alone = parent.child(Field::Alternative).is_none();
        let arm = Span { start: condition.span().end, end: jump.span().end };
        let (inside, here) = (indent(self.column(jump.span())), indent(self.column(parent.span())));
        alone.then(|| TextEdit::new(arm, format!(" {{\n{inside}{text}\n{here}}}")))
    }

    /// Whether the function is left in the midst of a turn: from inside a statement, or by a jump.
    fn leaves_in_turn(&self, body: Node<'t>) -> bool {
        let nested = |n: &Node<'t>| {
            let test = n.ancestors().find(|a| a.is(Kind::IfStatement));
            n.parent() != Some(body) && test.is_none_or(|t| t.parent() != Some(body))
        };
        !self.apart.tails.is_empty()
            || body.descendants().filter(|n| n.is(Kind::ReturnStatement)).any(|n| nested(&n))
    }

    fn column(&self, span: Span) -> usize {
        column_of(self.source, span)
    }

    /// Give parameters and locals names that mean the right thing in the caller. Out: declarations of parameters that
    /// stay variables.
    fn names(&self, body: Node<'t>, call: Node<'t>, edits: &mut EditSet) -> Option<Vec<String>> {
        let arguments: Vec<Node<'t>> = call.child(Field::Arguments)?.named_children().collect();
        let all = accesses(body, &self.scopes);
        let written = |id: DeclId| all.iter().any(|a| a.decl == id && (a.may_define() || a.takes_address()));
        let free = |name: &str| !self.place.scopes.mentions(name);
        let mut declared = Vec::new();
        let mut at = 0;
        for declaration in self.scopes.declarations() {
            let own = if free(declaration.name) {
                declaration.name.to_owned()
            } else {
                numbered(declaration.name, &|name| free(name) && !self.scopes.mentions(name))
            };
            let mut name = own;
            if declaration.kind == DeclKind::Parameter {
                let argument = arguments.get(at)?;
                at += 1;
                if argument.is(Kind::Identifier) && !written(declaration.id) {
                    argument.text().clone_into(&mut name);
                } else {
                    let ty = declaration.ty.without_const();
                    declared.push(format!("{} = {};", ty.declare(&name), argument.text()));
                }
            } else if self.copy == Some(declaration.id) {
                let original = declaration.initializer.and_then(|i| self.scopes.resolve(i))?;
                let parameters = self.scopes.declarations().iter().filter(|d| d.kind == DeclKind::Parameter);
                let at = parameters.map(|d| d.id).position(|id| id == original)?;
                arguments.get(at)?.text().clone_into(&mut name);
            } else {
                edits.add(TextEdit::new(declaration.ident.span(), name.clone())).ok()?;
            }
            let gone = |used: &Node<'t>| {
                self.copy.is_some_and(|id| self.scopes.declaration(id).declaration.encloses(*used))
            };
            for used in
                self.scopes.uses(declaration.id).iter().filter(|u| **u != declaration.ident && !gone(u))
            {
                edits.add(TextEdit::new(used.span(), name.clone())).ok()?;
            }
        }
        (at == arguments.len()).then_some(declared)
    }

    /// What was returned is what the caller gets; an error takes the caller's way out.
    fn returns(&self, body: Node<'t>, edits: &mut EditSet) -> Option<()> {
        let last = self.apart.main.iter().rfind(|n| !n.is(Kind::Comment)).copied()?;
        let in_turn = self.leaves_in_turn(body);
        for statement in body.descendants().filter(|n| n.is(Kind::ReturnStatement)) {
            let value = statement.named_children().next()?;
            let before = Span { start: statement.span().start, end: value.span().start };
            let braced = statement.parent().is_some_and(|p| p.is(Kind::CompoundStatement));
            let open = if braced { "" } else { "{ " };
            if statement == last && in_turn && self.copy.is_some() {
                // What is counted has been added already, one by one.
                let others = edits.iter().filter(|e| !statement.span().contains(e.span)).cloned();
                let others: Vec<TextEdit> = others.collect();
                *edits = EditSet::new();
                edits.add_all(others).ok()?;
                edits.add(TextEdit::new(statement.span(), "")).ok()?;
                continue;
            }
            edits.add(TextEdit::new(before, format!("{open}{} = ", self.place.result.text()))).ok()?;
            if statement == last {
                continue;
            }
            let jump = self.apart.tails.iter().find(|t| t.encloses(statement)).map_or(statement, |t| t.jump);
            let test = jump.ancestors().find(|a| a.is(Kind::IfStatement))?;
            if self.place.failure.is_empty() || !is_negative(value, test) {
                return None;
            }
            let column = self.column(statement.span());
            let (first, end) = (self.place.failure.first()?, self.place.failure.last()?);
            let arm = self.source.slice(first.span().cover(end.span()));
            let arm = match &self.label {
                Some(label) if in_turn => format!("goto {label};"),
                None if in_turn => return None,
                _ => shift(arm, column as isize - self.column(first.span()) as isize),
            };
            let close =
                if braced { String::new() } else { format!("\n{}}}", indent(self.column(test.span()))) };
            let behind = Span::at(statement.span().end as usize);
            edits.add(TextEdit::new(behind, format!("\n{}{arm}{close}", indent(column)))).ok()?;
        }
        Some(())
    }
}

/// Whether what is returned under a test is below zero: an error by its name, `v` where `v < 0`, `v < 0 ? v : error`.
fn is_negative(value: Node<'_>, test: Node<'_>) -> bool {
    let value = unwrapped(value);
    let condition = test.child(Field::Condition).map(unwrapped);
    let below = |c: Option<Node<'_>>, v: Node<'_>| {
        c.is_some_and(|c| {
            let sides = c.child(Field::Left).zip(c.child(Field::Right));
            c.operator() == Some("<") && sides.is_some_and(|(l, r)| l.text() == v.text() && r.text() == "0")
        })
    };
    if value.is(Kind::ConditionalExpression) {
        let chosen = value.child(Field::Consequence).zip(value.child(Field::Alternative));
        let told = value.child(Field::Condition).map(unwrapped);
        return chosen.is_some_and(|(v, error)| below(told, v) && is_error_name(unwrapped(error)));
    }
    is_error_name(value) || below(condition, value)
}
