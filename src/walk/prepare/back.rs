//! A loop that is a label and a jump back to it.
//!
//! In: `again: if (a) { … acquire … goto again; }`, `again: … acquire … if (a) goto again;`, or `again: if
//! (a) leave; … acquire … goto again;`. Out: the same as `while`, as `do … while`, and as `while` with what
//! leaves behind it. It refuses, by finding nothing, labels that several jumps lead to, and parts with a
//! `break` or a `continue` of something around them.

use super::{Finish, Prepared};
use crate::edit::{EditSet, TextEdit};
use crate::plan::columns::{column_of, indent};
use crate::plan::negation::negated;
use crate::plan::superfluous::whole_lines;
use crate::source::{SourceFile, Span};
use crate::syntax::file_scope::FileScope;
use crate::syntax::{Field, Kind, Node};
use crate::walk::eval::unwrapped;
use crate::walk::site::{enclosing_loop, statements_of};
use crate::walk::spec::WalkSpec;
use crate::walk::truth::seen_through;
use crate::walk::usage::leaves;

/// The code as a loop.
pub(super) fn looped<'t>(spec: &WalkSpec, file: &FileScope<'t>, call: Node<'t>) -> Option<Prepared> {
    let function = file.function_at(call.span().start as usize)?;
    if enclosing_loop(call, function.node).is_some() {
        return None;
    }
    let back = Back::around(function.node, call)?;
    let edits = back.as_while().or_else(|| back.as_do()).or_else(|| back.as_while_before(spec))?;
    Some(Prepared {
        edits,
        function: function.name.to_owned(),
        done: format!("`goto {};` is the end of a loop", back.label),
        notes: Vec::new(),
        open: Vec::new(),
        finish: Finish::Done,
    })
}

/// A label, the statements behind it up to the jump back, and the jump.
struct Back<'t> {
    source: &'t SourceFile,
    label: &'t str,
    labelled: Node<'t>,
    /// What the label stands in front of.
    first: Node<'t>,
    jump: Node<'t>,
    /// The statements behind the first one, in the label's block.
    behind: Vec<Node<'t>>,
}

impl<'t> Back<'t> {
    /// The innermost such code around an acquisition.
    fn around(function: Node<'t>, call: Node<'t>) -> Option<Self> {
        let goes = |n: &Node<'t>| n.is(Kind::GotoStatement) && n.span().start > call.span().end;
        let jumps: Vec<Node<'t>> = function.descendants().filter(goes).collect();
        let labels = function.descendants().filter(|n| n.is(Kind::LabeledStatement));
        let mut found = labels.into_iter().filter_map(|labelled| {
            let label = labelled.child(Field::Label)?.text();
            let is_it = |n: &Node<'t>| {
                n.is(Kind::GotoStatement) && n.child(Field::Label).is_some_and(|l| l.text() == label)
            };
            let jump = *jumps.iter().find(|n| is_it(n))?;
            let alone = function.descendants().filter(is_it).count() == 1;
            let block = labelled.parent().filter(|p| p.is(Kind::CompoundStatement) && p.encloses(jump))?;
            let behind = statements_of(block).into_iter().skip_while(|n| *n != labelled).skip(1).collect();
            let first = labelled.named_children().last().filter(|n| !n.is(Kind::Comment))?;
            let before = labelled.span().start < call.span().start && alone && block.encloses(call);
            let source = labelled.tree().source();
            before.then_some(Self { source, label, labelled, first, jump, behind })
        });
        found.next().filter(|back| back.first.kind().is_statement())
    }

    fn column(&self) -> usize {
        column_of(self.source, self.first.span())
    }

    /// The label with its line, up to the first statement.
    fn head(&self, text: &str) -> TextEdit {
        let line = self.source.line_of(self.labelled.span());
        let start = self.labelled.span().start;
        let blank = self.source.slice(Span { start: line.start, end: start }).trim().is_empty();
        let start = if blank { line.start } else { start };
        TextEdit::new(Span { start, end: self.first.span().start }, text)
    }

    /// Whether nothing in the statements leaves or goes on with something around them.
    fn is_closed(&self, statements: &[Node<'t>]) -> bool {
        let binds = |n: Node<'t>, jump: Node<'t>| {
            n.kind().is_loop() || jump.is(Kind::BreakStatement) && n.is(Kind::SwitchStatement)
        };
        let escapes = |jump: Node<'t>, statement: Node<'t>| {
            !jump.ancestors().take_while(|a| statement.encloses(*a)).any(|a| binds(a, jump))
        };
        let jumps = |n: &Node<'t>| matches!(n.kind(), Kind::BreakStatement | Kind::ContinueStatement);
        !statements.iter().any(|s| {
            s.is(Kind::Declaration)
                || s.is(Kind::LabeledStatement)
                || s.descendants().filter(jumps).any(|jump| escapes(jump, *s))
        })
    }

    /// `again: if (a) { … goto again; }`
    fn as_while(&self) -> Option<EditSet> {
        let body = self.first.child(Field::Consequence).filter(|_| self.first.is(Kind::IfStatement))?;
        let statements = statements_of(body);
        let last = statements.iter().rfind(|n| !n.is(Kind::Comment))?;
        let plain = self.first.child(Field::Alternative).is_none() && *last == self.jump;
        let inside: Vec<Node<'t>> = statements.iter().copied().filter(|n| !n.is(Kind::Declaration)).collect();
        if !plain || !self.is_closed(&inside) {
            return None;
        }
        let mut edits = EditSet::new();
        let head = self.head(&format!("{}while", indent(self.column())));
        let keyword = Span { end: head.span.end + "if".len() as u32, ..head.span };
        edits.add(TextEdit::new(keyword, head.text)).ok()?;
        edits.add(TextEdit::new(whole_lines(self.source, self.jump.span()), "")).ok()?;
        Some(edits)
    }

    /// `again: … if (a) goto again;`
    fn as_do(&self) -> Option<EditSet> {
        let at = self.behind.iter().position(|n| n.encloses(self.jump))?;
        let test = self.behind[at];
        let only = |n: Node<'t>| statements_of(n) == [self.jump];
        let plain = test.is(Kind::IfStatement)
            && test.child(Field::Alternative).is_none()
            && test.child(Field::Consequence).is_some_and(only);
        let condition = test.child(Field::Condition).filter(|_| plain)?;
        let inside: Vec<Node<'t>> =
            [self.first].into_iter().chain(self.behind[..at].iter().copied()).collect();
        if !self.is_closed(&inside) {
            return None;
        }
        let here = indent(self.column());
        let mut edits = EditSet::new();
        edits.add(self.head(&format!("{here}do {{\n{here}"))).ok()?;
        edits.add(TextEdit::new(test.span(), format!("}} while ({});", unwrapped(condition).text()))).ok()?;
        Some(edits)
    }

    /// `again: if (a) leave; … goto again;`
    fn as_while_before(&self, spec: &WalkSpec) -> Option<EditSet> {
        let at = self.behind.iter().position(|n| *n == self.jump)?;
        let plain = self.first.is(Kind::IfStatement) && self.first.child(Field::Alternative).is_none();
        let condition = self.first.child(Field::Condition).filter(|_| plain)?;
        let way = self.first.child(Field::Consequence).filter(|n| leaves(*n))?;
        let commented = self.first.descendants().any(|n| n.is(Kind::Comment));
        if commented || !self.is_closed(&self.behind[..at]) || !self.is_closed(&[way]) {
            return None;
        }
        let here = indent(self.column());
        let condition = seen_through(spec, unwrapped(condition));
        let goes_on = negated(condition, &|n| n.text().to_owned());
        let way: Vec<&str> = statements_of(way).iter().map(|n| n.text()).collect();
        let way = way.join(&format!("\n{here}"));
        let mut edits = EditSet::new();
        let head = self.head(&format!("{here}while ({goes_on}) {{"));
        edits.add(TextEdit::new(Span { end: self.first.span().end, ..head.span }, head.text)).ok()?;
        edits.add(TextEdit::new(self.jump.span(), format!("}}\n{here}{way}"))).ok()?;
        Some(edits)
    }
}
