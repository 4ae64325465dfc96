//! The function of one batch, with a loop that writes an entry for each element.
//!
//! In: what [`super::spread`] found. Out: the edits that make the function acquire until all is walked or no
//! entry is left. It refuses nothing.

use super::batch_of;
use super::elements::Meaning;
use super::spread::{Found, Place};
use crate::edit::{EditSet, TextEdit};
use crate::plan::columns::{TAB, column_of, indent};
use crate::plan::outlining::fit::numbered;
use crate::plan::superfluous::whole_lines;
use crate::source::{SourceFile, Span};
use crate::syntax::scope::{DeclId, Scopes};
use crate::syntax::{Field, Kind, Node};
use crate::walk::eval::unwrapped;
use crate::walk::site::callee;
use crate::walk::spec::WalkSpec;
use crate::walk::total::is_unlimited;

/// Writes the function.
pub(super) struct Entries<'a, 't> {
    pub(super) spec: &'a WalkSpec,
    pub(super) scopes: &'a Scopes<'t>,
    pub(super) place: &'a Place<'t>,
    pub(super) found: &'a Found<'t>,
}

/// Names of the loop's own.
struct Names {
    batch: String,
    got: String,
    at: String,
    len: String,
    number: String,
    result: String,
}

impl<'t> Entries<'_, 't> {
    pub(super) fn edits(&self) -> Option<EditSet> {
        let source = self.source();
        let names = self.names();
        let mut edits = EditSet::new();
        let last = self.found.gone.iter().chain(&self.found.kept).max_by_key(|n| n.span().end)?;
        let region = self.place.acquisition.span().cover(last.span());
        edits.add(TextEdit::new(region, self.region(&names)?)).ok()?;
        let got = self.scopes.declaration(self.place.site.got);
        edits.add(TextEdit::new(got.ident.span(), format!("{} = 0", got.name))).ok()?;
        let array = self.scopes.declaration(self.place.batch).declaration;
        edits.add(TextEdit::new(whole_lines(source, array.span()), "")).ok()?;
        let here = indent(self.column());
        let body = got.declaration.parent()?;
        let declared = |n: &Node<'t>| n.is(Kind::Declaration) && n.span().end <= region.start;
        let end = whole_lines(source, body.children().filter(declared).last()?.span()).end;
        let lines = format!("{here}int {} = 0;\n{here}int {} = 0;\n", names.number, names.result);
        edits.add(TextEdit::new(Span::at(end as usize), lines)).ok()?;
        Some(edits)
    }

    fn source(&self) -> &'t SourceFile {
        self.place.site.call.tree().source()
    }

    fn column(&self) -> usize {
        column_of(self.source(), self.place.acquisition.span())
    }

    fn names(&self) -> Names {
        let free = |name: &str| numbered(name, &|n| !self.scopes.mentions(n));
        let result = ["ret", "err", "rc", "error"].into_iter().find(|n| !self.scopes.mentions(n));
        Names {
            batch: free("batch"),
            got: free("size_of_batch"),
            at: free("at"),
            len: free("len"),
            number: free("number"),
            result: result.map_or_else(|| free("walk_ret"), str::to_owned),
        }
    }

    fn name(&self, id: DeclId) -> &'t str {
        self.scopes.declaration(id).name
    }

    /// What stands from the acquisition on.
    fn region(&self, names: &Names) -> Option<String> {
        let (site, source) = (&self.place.site, self.source());
        let (here, inside) = (indent(self.column()), indent(self.column() + TAB));
        let deeper = indent(self.column() + 2 * TAB);
        let Names { batch, got, at, len, number, result } = names;
        let (total, offset, slots) = (self.name(site.got), self.name(site.offset), self.place.slots.text());
        let limited = !is_unlimited(unwrapped(site.bytes));
        let bytes = unwrapped(site.bytes).text();
        let mut parts = vec![self.spec.position_of(site.iter.text())?];
        if limited {
            parts.push(format!("{total} < {bytes}"));
        }
        parts.push(format!("{number} < {slots}"));
        let mut out = format!("while ({}) {{\n{inside}{};\n", parts.join(" && "), batch_of(self.spec, batch));
        let declared = self.scopes.declaration(site.got).ty.without_const().declare(got);
        out.push_str(&format!("{inside}{declared};\n{inside}int {at};\n\n"));
        let mut acquire = EditSet::new();
        let base = site.call.span().start;
        let mut spell = |node: Node<'t>, text: String| {
            let span = Span { start: node.span().start - base, end: node.span().end - base };
            acquire.add(TextEdit::new(span, text)).ok()
        };
        let arguments: Vec<Node<'t>> = site.call.child(Field::Arguments)?.named_children().collect();
        let array = arguments.iter().find(|a| self.scopes.resolve(**a) == Some(self.place.batch))?;
        spell(*array, batch.clone())?;
        spell(self.place.slots, format!("{slots} - {number}"))?;
        if limited {
            spell(site.bytes, format!("{bytes} - {total}"))?;
        }
        let acquire = String::from_utf8(acquire.apply(source.slice(site.call.span()).as_bytes())).ok()?;
        out.push_str(&format!("{inside}{got} = {acquire};\n"));
        out.push_str(&format!(
            "{inside}if ({got} <= 0) {{\n{deeper}{result} = {got};\n{deeper}break;\n{inside}}}\n"
        ));
        if let Some(advance) = self.found.advance {
            out.push_str(&format!("{inside}{}({}, {got});\n", callee(advance)?, site.iter.text()));
        }
        let (unit, size) = (self.spec.unit_name(), &self.spec.callback.size.0);
        let room = format!("{unit} - {offset}");
        out.push_str(&format!("{inside}{total} += {got};\n{inside}for ({at} = 0; {got} > 0; {at}++) {{\n"));
        out.push_str(&format!("{deeper}{size}{len} = {got} < {room} ? {got} : {room};\n\n"));
        for field in &self.found.order {
            let value = match self.found.meaning(field) {
                _ if self.found.element.as_ref() == Some(field) => format!("{batch}[{at}]"),
                Some(Meaning::Offset) => offset.to_owned(),
                Some(Meaning::Length) => len.clone(),
                None => return None,
            };
            out.push_str(&format!(
                "{deeper}{}[{number}].{field} = {value};\n",
                self.name(self.place.entries)
            ));
        }
        out.push_str(&format!("{deeper}{number}++;\n{deeper}{got} -= {len};\n{deeper}{offset} = 0;\n"));
        out.push_str(&format!("{inside}}}\n{here}}}\n"));
        out.push_str(&format!("{here}if ({result} < 0 && !{total})\n{inside}{total} = {result};\n"));
        out.push_str(&format!("{here}{}\n", source.slice(self.place.test.span())));
        for kept in &self.found.kept {
            out.push_str(&format!("\n{here}{}", self.kept(*kept, number)?));
        }
        Some(out)
    }

    /// A statement that stays, with the number of entries that were written.
    fn kept(&self, node: Node<'t>, number: &str) -> Option<String> {
        let mut edits = EditSet::new();
        for part in self.found.numbers.iter().filter(|n| node.encloses(**n)) {
            let start = node.span().start;
            let span = Span { start: part.span().start - start, end: part.span().end - start };
            edits.add(TextEdit::new(span, number)).ok()?;
        }
        String::from_utf8(edits.apply(self.source().slice(node.span()).as_bytes())).ok()
    }
}
