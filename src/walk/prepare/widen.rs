//! The function of one batch, with a loop around its acquisition.
//!
//! In: the parts of such a function ([`Single`]) and what stands between its test and its loop. Out: the
//! edits that make it go on until all is walked or no room is left, and that keep every element and count
//! it. It refuses nothing.

use super::batch_of;
use super::single::{Moves, Single, Straight, written};
use crate::edit::{EditSet, TextEdit};
use crate::plan::columns::{TAB, column_of, indent, indentation, shift};
use crate::plan::outlining::fit::numbered;
use crate::plan::superfluous::whole_lines;
use crate::source::Span;
use crate::syntax::scope::{DeclId, Scopes};
use crate::syntax::{Field, Kind, Node};
use crate::walk::expressions::same_text;
use crate::walk::site::callee;
use crate::walk::spec::WalkSpec;

/// Names of the loop's own.
struct Names {
    batch: String,
    got: String,
    count: String,
    number: String,
    result: String,
    /// What is walked, and its name if it is a copy.
    walked: String,
    copy: Option<String>,
}

/// Writes the function.
pub(super) struct Writer<'a, 't> {
    spec: &'a WalkSpec,
    scopes: &'a Scopes<'t>,
    single: &'a Single<'t>,
    straight: &'a Straight<'t>,
    names: Names,
    column: usize,
}

impl<'a, 't> Writer<'a, 't> {
    pub(super) fn new(
        spec: &'a WalkSpec,
        scopes: &'a Scopes<'t>,
        single: &'a Single<'t>,
        straight: &'a Straight<'t>,
    ) -> Self {
        let free = |name: &str| numbered(name, &|n| !scopes.mentions(n));
        let result = ["ret", "err", "rc", "error"].into_iter().find(|n| !scopes.mentions(n));
        let number = straight.count.map(|(_, id)| scopes.declaration(id).name.to_owned());
        let copy = (single.moves == Moves::Stays).then(|| free("walked"));
        let names = Names {
            walked: copy.as_ref().map_or_else(|| single.iter.text().to_owned(), |copy| format!("&{copy}")),
            copy,
            batch: free("batch"),
            got: free("size_of_batch"),
            count: free("count_of_batch"),
            number: number.unwrap_or_else(|| free("number")),
            result: result.map_or_else(|| free("walk_ret"), str::to_owned),
        };
        let column = column_of(single.source, single.acquisition.span());
        Self { spec, scopes, single, straight, names, column }
    }

    fn name(&self, id: DeclId) -> &'t str {
        self.scopes.declaration(id).name
    }

    /// The edits.
    pub(super) fn edits(&self) -> Option<EditSet> {
        let single = self.single;
        let mut edits = EditSet::new();
        let region = single.acquisition.span().cover(single.inner.span());
        edits.add(TextEdit::new(region, self.region()?)).ok()?;
        let zero = |id: DeclId| {
            TextEdit::new(self.scopes.declaration(id).ident.span(), format!("{} = 0", self.name(id)))
        };
        edits.add(zero(single.got)).ok()?;
        let mut lines = format!("{}int {} = 0;\n", indent(self.column), self.names.result);
        match self.straight.count {
            Some((_, id)) => edits.add(zero(id)).ok()?,
            None => lines.push_str(&format!("{}int {} = 0;\n", indent(self.column), self.names.number)),
        }
        if let Some(copy) = &self.names.copy {
            let declared = single.copy_of(self.scopes, copy)?;
            lines.push_str(&format!("{}{declared}\n", indent(self.column)));
        }
        let declared = self.scopes.declaration(single.got).declaration;
        let body = declared.parent()?;
        let last =
            body.children().filter(|n| n.is(Kind::Declaration) && n.span().end <= region.start).last()?;
        let end = whole_lines(single.source, last.span()).end;
        edits.add(TextEdit::new(Span::at(end as usize), lines)).ok()?;
        for statement in single.behind.iter().filter(|s| single.advance(self.spec, **s).is_some()) {
            edits.add(TextEdit::new(whole_lines(single.source, statement.span()), "")).ok()?;
        }
        Some(edits)
    }

    /// What stands from the acquisition to the end of the inner loop.
    fn region(&self) -> Option<String> {
        let (single, names) = (self.single, &self.names);
        let (here, inside) = (indent(self.column), indent(self.column + TAB));
        let deeper = indent(self.column + 2 * TAB);
        let mut out = String::new();
        for statement in &self.straight.first {
            let text =
                self.with(statement.span(), &self.renamed(*statement, self.count()?, single.slots.text()))?;
            out.push_str(&format!("{}{text}\n\n{here}", self.comments(*statement)));
        }
        let (got, total) = (&names.got, self.name(single.got));
        out.push_str(&format!("while ({}) {{\n", self.goes_on()?));
        out.push_str(&format!("{inside}{};\n", batch_of(self.spec, &names.batch)));
        let declared = |id: DeclId, name: &str| self.scopes.declaration(id).ty.without_const().declare(name);
        out.push_str(&format!("{inside}{};\n", declared(single.got, got)));
        for (id, name) in self.shadowed() {
            out.push_str(&format!("{inside}{};\n", declared(id, &name)));
        }
        let bound = self.count();
        if let Some(id) = bound {
            out.push_str(&format!("{inside}{};\n", declared(id, &names.count)));
        }
        out.push_str(&format!("\n{inside}{got} = {};\n", self.acquire()?));
        out.push_str(&format!(
            "{inside}if ({got} <= 0) {{\n{deeper}{} = {got};\n{deeper}break;\n{inside}}}\n",
            names.result
        ));
        if let Some(advance) = self.spec.advance.first() {
            let name = callee(advance.single()?)?;
            out.push_str(&format!("{inside}{name}({}, {got});\n", names.walked));
        }
        if let Some((statement, id)) = self.straight.count {
            let mut edits = self.renamed(statement, id, &names.count);
            edits.extend(self.renamed(statement, single.got, got));
            out.push_str(&format!("{inside}{}\n", self.with(statement.span(), &edits)?));
        }
        out.push_str(&format!("{inside}{}{}\n", self.comments(single.inner), self.inner()?));
        out.push_str(&format!("{inside}{total} += {got};\n{here}}}\n"));
        out.push_str(&self.failure()?);
        let set_apart = single.test.next_sibling().is_some_and(|next| {
            let gap = Span { start: single.test.span().end, end: next.span().start };
            single.source.slice(gap).matches('\n').count() > 1
        });
        if set_apart {
            out.push('\n');
        }
        for statement in &self.straight.later {
            out.push_str(&format!("\n{here}{}{}", self.comments(*statement), statement.text()));
        }
        Some(out)
    }

    fn count(&self) -> Option<DeclId> {
        self.straight.count.map(|(_, id)| id)
    }

    /// What is left to walk, room for another element included.
    fn goes_on(&self) -> Option<String> {
        let single = self.single;
        let mut parts = vec![self.spec.position_of(&self.names.walked)?];
        if single.limited {
            parts.push(format!("{} < {}", self.name(single.got), single.bytes.text()));
        }
        parts.push(format!("{} < {}", self.names.number, single.slots.text()));
        Some(parts.join(" && "))
    }

    /// The acquisition of what is left.
    fn acquire(&self) -> Option<String> {
        let single = self.single;
        let mut edits = vec![TextEdit::new(single.array.span(), self.names.batch.clone())];
        edits.push(TextEdit::new(single.iter.span(), self.names.walked.clone()));
        if single.limited {
            let rest = format!("{} - {}", single.bytes.text(), self.name(single.got));
            edits.push(TextEdit::new(single.bytes.span(), rest));
        }
        let room = format!("{} - {}", single.slots.text(), self.names.number);
        edits.push(TextEdit::new(single.slots.span(), room));
        self.with(single.call.span(), &edits)
    }

    /// Limits that the loop over the batch uses as cursors, and their names there.
    fn shadowed(&self) -> Vec<(DeclId, String)> {
        let limits = [self.single.bytes, self.single.slots].map(|n| self.scopes.resolve(n));
        let mut moved: Vec<DeclId> =
            written(self.scopes, self.single.inner).filter(|id| limits.contains(&Some(*id))).collect();
        moved.dedup();
        let free =
            |id: DeclId| numbered(&format!("{}_of_batch", self.name(id)), &|n| !self.scopes.mentions(n));
        moved.into_iter().map(|id| (id, free(id))).collect()
    }

    /// The loop over the pieces, which keeps the elements and counts them.
    fn inner(&self) -> Option<String> {
        let (single, names) = (self.single, &self.names);
        let body = single.inner.child(Field::Body).filter(|b| b.is(Kind::CompoundStatement))?;
        let mut edits = self.renamed(single.inner, single.got, &names.got);
        for (id, name) in self.shadowed() {
            edits.extend(self.renamed(single.inner, id, &name));
        }
        if let Some(id) = self.count() {
            edits.extend(self.renamed(single.inner, id, &names.count));
        }
        let index = self.name(single.index);
        for used in self.scopes.uses(single.index).iter().filter(|u| body.encloses(**u)) {
            let element = used.parent().filter(|p| p.is(Kind::SubscriptExpression));
            let of_batch =
                element.and_then(|e| e.child(Field::Argument)).filter(|a| same_text(*a, single.array));
            match of_batch {
                Some(array) => edits.push(TextEdit::new(array.span(), names.batch.clone())),
                None => edits.push(TextEdit::new(used.span(), names.number.clone())),
            }
        }
        let first = body.named_children().find(|n| !matches!(n.kind(), Kind::Declaration | Kind::Comment))?;
        let column = indentation(single.source.slice(whole_lines(single.source, first.span())));
        let keep = format!(
            "{}[{}] = {}[{index}];\n{}",
            single.array.text(),
            names.number,
            names.batch,
            indent(column)
        );
        edits.push(TextEdit::new(Span::at(first.span().start as usize), keep));
        let last = body.named_children().last()?;
        let counts = format!("\n{}{}++;", indent(column), names.number);
        edits.push(TextEdit::new(Span::at(last.span().end as usize), counts));
        Some(shift(&self.with(single.inner.span(), &edits)?, TAB as isize))
    }

    /// The arm of the test, where nothing was got at all.
    fn failure(&self) -> Option<String> {
        let (single, here) = (self.single, indent(self.column));
        let (total, result) = (self.name(single.got), &self.names.result);
        let condition = single.test.child(Field::Condition)?;
        let below = single.only_below_zero(self.spec);
        let comments = self.comments(single.test);
        if !below {
            let test = single.test.text();
            let inside = indent(self.column + TAB);
            return Some(format!(
                "{here}{comments}if ({result} < 0 && !{total})\n{inside}{total} = {result};\n{here}{test}"
            ));
        }
        let arm = Span { start: condition.span().end, end: single.test.span().end };
        let text = self.with(arm, &self.renamed(single.test, single.got, result))?;
        Some(format!("{here}{comments}if ({result} < 0 && !{total}){text}"))
    }

    /// The comments in front of a statement, each on a line of its own.
    fn comments(&self, node: Node<'t>) -> String {
        let mut found = Vec::new();
        let mut at = node.prev_sibling();
        while let Some(comment) =
            at.filter(|n| n.is(Kind::Comment) && n.span().start > self.single.acquisition.span().end)
        {
            found.push(comment.text());
            at = comment.prev_sibling();
        }
        found.iter().rev().map(|text| format!("{text}\n{}", indent(self.column))).collect()
    }

    /// Edits that give a variable another name in a part of the code.
    fn renamed(&self, node: Node<'t>, id: DeclId, name: &str) -> Vec<TextEdit> {
        let used = self.scopes.uses(id).iter().filter(|u| node.encloses(**u));
        used.map(|u| TextEdit::new(u.span(), name)).collect()
    }

    /// A part of the code with those of the edits that lie in it.
    fn with(&self, span: Span, edits: &[TextEdit]) -> Option<String> {
        let mut inside = EditSet::new();
        for edit in edits.iter().filter(|e| span.contains(e.span)) {
            let moved = Span { start: edit.span.start - span.start, end: edit.span.end - span.start };
            inside.add(TextEdit::new(moved, edit.text.clone())).ok()?;
        }
        String::from_utf8(inside.apply(self.single.source.slice(span).as_bytes())).ok()
    }
}
