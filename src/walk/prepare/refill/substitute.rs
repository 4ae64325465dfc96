//! A queue that is given something else where nothing can be acquired.
//!
//! In: what the refilling function puts into the queue instead, and under which condition. Out: the edits
//! that make the loop one that walks, and where the walk fails hands the substitute to what is done with an
//! element, and walks on. It refuses, by finding nothing, functions that do more behind the loop than to
//! return a variable of theirs.

use super::super::Finish;
use super::text::Writer;
use super::values::Substitute;
use crate::edit::TextEdit;
use crate::plan::columns::{TAB, WIDTH, indent, shift};
use crate::plan::negation::negated;
use crate::plan::outlining::fit::numbered;
use crate::source::Span;
use crate::syntax::scope::{DeclId, DeclKind, Declaration};
use crate::syntax::{Field, Kind, Node};
use crate::walk::eval::{number, unwrapped};

/// The loop around the walk.
pub(super) struct Again<'a, 't> {
    writer: &'a Writer<'a, 't>,
    substitute: &'a Substitute<'t>,
    /// What the function returns.
    result: DeclId,
    /// The loop, and the statement behind it.
    looping: Node<'t>,
    /// Says that the body has left.
    flag: String,
    /// The label behind the walk.
    behind: String,
    /// Stands for the callback.
    name: String,
}

impl<'a, 't> Again<'a, 't> {
    pub(super) fn of(writer: &'a Writer<'a, 't>, substitute: &'a Substitute<'t>) -> Option<Self> {
        let parts = writer.parts;
        let looping = parts.take.ancestors().find(|a| a.kind().is_loop())?;
        let mut next = looping.next_sibling();
        while next.is_some_and(|n| n.is(Kind::Comment)) {
            next = next.and_then(|n| n.next_sibling());
        }
        let labelled = next?;
        let last = match labelled.kind() {
            Kind::LabeledStatement => labelled.named_children().last()?,
            _ => labelled,
        };
        let result = last.named_children().next().filter(|_| last.is(Kind::ReturnStatement))?;
        let result = parts.scopes.resolve(unwrapped(result))?;
        let body = parts.walk.node.child(Field::Body)?;
        let declared = parts.scopes.declaration(result);
        let zero = declared.initializer.is_some_and(|i| number(i.text()) == Some(0));
        let top =
            declared.kind == DeclKind::Local && declared.block == body && looping.parent() == Some(body);
        let free = |name: &str| numbered(name, &|n| !parts.scopes.mentions(n) && writer.file.is_free(n));
        (zero && top).then(|| Self {
            writer,
            substitute,
            result,
            looping,
            flag: free("stopped"),
            behind: free("walked"),
            name: free("take_element"),
        })
    }

    fn result(&self) -> &'t str {
        self.writer.parts.scopes.declaration(self.result).name
    }

    /// What a failed acquisition leads to.
    pub(super) fn failure(&self, got: &str, here: &str) -> String {
        let inside = format!("{here}{}", indent(TAB));
        format!(" {{\n{inside}{} = {got};\n{inside}break;\n{here}}}", self.result())
    }

    /// The edits beside those of the acquisition.
    pub(super) fn edits(&self) -> Option<Vec<TextEdit>> {
        let parts = self.writer.parts;
        let here = indent(self.writer.column(self.looping));
        let mut out = Vec::new();
        let declared = parts.scopes.declaration(self.result).declaration;
        let flag = format!("\n{here}bool {} = false;", self.flag);
        out.push(TextEdit::new(Span::at(declared.span().end as usize), flag));
        let inside = format!("{here}{}", indent(TAB));
        let declared: String =
            self.locals().map(|d| format!("{inside}{};\n", d.ty.declare(d.name))).collect();
        let blank = if declared.is_empty() { "" } else { "\n" };
        let open = format!("for (;;) {{\n{declared}{blank}{here}");
        out.push(TextEdit::new(Span::at(self.looping.span().start as usize), open));
        out.push(TextEdit::new(Span::at(self.looping.span().end as usize), self.behind(&here)?));
        for jump in self.looping.descendants().filter(|n| self.leaves(*n)) {
            let inside = indent(self.writer.column(jump));
            let value = jump.named_children().next().filter(|_| jump.is(Kind::ReturnStatement));
            let other = value.filter(|v| parts.scopes.resolve(unwrapped(*v)) != Some(self.result));
            if jump.is(Kind::ReturnStatement) && value.is_none() || parts.test.encloses(jump) {
                if parts.test.encloses(jump) {
                    continue;
                }
                return None;
            }
            let set =
                other.map(|v| format!("{} = {};\n{inside}", self.result(), v.text())).unwrap_or_default();
            let text = format!("{} = true;\n{inside}{set}goto {};", self.flag, self.behind);
            let braced = jump.parent().is_some_and(|p| p.is(Kind::CompoundStatement));
            let text = if braced { text } else { format!("{{ {text} }}") };
            out.push(TextEdit::new(jump.span(), text));
        }
        Some(out)
    }

    /// Whether a statement leaves the loop.
    fn leaves(&self, node: Node<'t>) -> bool {
        match node.kind() {
            Kind::ReturnStatement => true,
            Kind::GotoStatement => {
                let label = node.child(Field::Label).and_then(|l| self.writer.parts.scopes.label(l.text()));
                label.is_some_and(|l| !self.looping.encloses(l.node))
            }
            Kind::BreakStatement => {
                let binder = node.ancestors().find(|a| a.kind().is_loop() || a.is(Kind::SwitchStatement));
                binder == Some(self.looping)
            }
            _ => false,
        }
    }

    /// Variables of the substitute's own.
    fn locals(&self) -> impl Iterator<Item = &'a Declaration<'t>> {
        let statements = &self.substitute.statements;
        let all = self.writer.parts.refill.scopes.declarations().iter();
        all.filter(|d| statements.iter().any(|s| s.is(Kind::Declaration) && s.encloses(d.ident)))
    }

    /// What stands behind the walk.
    fn behind(&self, here: &str) -> Option<String> {
        let result = self.result();
        let inside = format!("{here}{}", indent(TAB));
        let spelled = |n: Node<'t>| self.own(n);
        self.locals_are_known().then_some(())?;
        let conditions: Vec<String> =
            self.substitute.conditions.iter().map(|c| negated(*c, &|n| self.own(n))).collect();
        let flag = self.flag.clone();
        let mut asked = format!("{result} >= 0");
        let mut at = (inside.len() * TAB) + "if (".len() + asked.len();
        for part in std::iter::once(flag).chain(conditions) {
            // The flag will be a field of the context.
            let room = "ctx.".len() + part.len() + " || ".len();
            if at + room > WIDTH {
                asked.push_str(&format!(" ||\n{inside}    {part}"));
                at = inside.len() * TAB + room;
            } else {
                asked.push_str(&format!(" || {part}"));
                at += room;
            }
        }
        let mut out = format!("\n{}:\n{inside}if ({asked})\n{inside}\tbreak;\n", self.behind);
        for statement in &self.substitute.statements {
            if statement.is(Kind::Declaration) {
                let own = self.locals().filter(|d| statement.encloses(d.ident));
                for (name, value) in own.filter_map(|d| Some((d.name, d.initializer?))) {
                    out.push_str(&format!("{inside}{name} = {};\n", spelled(value)));
                }
                continue;
            }
            let by = (inside.len() * TAB) as isize - self.writer.column(*statement) as isize;
            out.push_str(&format!("{inside}{}\n", shift(&spelled(*statement), by)));
        }
        let (from, to) = (spelled(self.substitute.from), spelled(self.substitute.to));
        let size = if number(&from) == Some(0) { to } else { format!("{to} - {from}") };
        let element = spelled(self.substitute.element);
        out.push_str(&format!("{inside}{result} = {}({element}, {from}, {size});\n", self.name));
        out.push_str(&format!("{inside}if ({result})\n{inside}\tbreak;\n{here}}}\n"));
        out.push_str(&format!("{here}if ({result} > 0)\n{inside}{result} = 0;"));
        Some(out)
    }

    /// Whether locals of the refilling function that are named here are the same in this one.
    fn locals_are_known(&self) -> bool {
        let (parts, substitute) = (self.writer.parts, self.substitute);
        let refill = &parts.refill;
        let named = [substitute.element, substitute.from, substitute.to];
        let all = substitute.conditions.iter().chain(&substitute.statements).chain(&named);
        let ids = all.flat_map(|n| n.descendants()).filter_map(|n| refill.scopes.resolve(n));
        let known = |id: DeclId| {
            let declared = refill.scopes.declaration(id);
            let own = parts.scopes.declarations().iter().find(|d| d.name == declared.name);
            let same = own.is_some_and(|d| {
                let text = |n: Option<Node<'t>>| n.map(|n| n.text().to_owned());
                let given = declared.initializer.map(|n| refill.spelled(n));
                given.is_some() && text(d.initializer) == given && d.ty.declare("") == declared.ty.declare("")
            });
            declared.kind == DeclKind::Parameter
                || id == parts.got
                || substitute.statements.iter().any(|s| s.encloses(declared.ident))
                || same
        };
        ids.into_iter().all(known)
    }

    /// Code of the refilling function in the words of this one, what was got as its result.
    fn own(&self, node: Node<'t>) -> String {
        let refill = &self.writer.parts.refill;
        refill.spelled_with(node, self.writer.parts.got, self.result())
    }

    /// What becomes of the name that stands for the callback.
    pub(super) fn finish(&self) -> Option<Finish> {
        let spec = self.writer.spec;
        let call = spec.helper.single()?;
        let arguments: Vec<&str> =
            call.child(Field::Arguments)?.named_children().map(|n| spec.helper.text_of(n)).collect();
        let at = |name: &str| arguments.iter().position(|a| *a == name);
        let at = [at("f")?, at("data")?];
        let settled = format!("if({0}>0){0}=0;", self.result());
        let (name, flag) = (self.name.clone(), self.flag.clone());
        Some(Finish::Again { name, flag, settled, helper: spec.helper_name.clone(), at })
    }
}
