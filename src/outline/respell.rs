//! The moved code's text, spelled for the callback.
//!
//! In: a walk, its captures, names and endings. Out: edits of the original text, and from them the text of
//! any piece. Every edit lies inside the moved code; comments stay where they are unless what they stood by
//! is gone.
//!
//! Capability 17 (tests/README.md): comments and blank lines.

use super::callback::Words;
use super::captures::{Capture, Captures, Passing, kept_identifiers};
use super::names::Names;
use super::ways_out::{Drop, Ending, Value};
use super::width;
use crate::edit::{EditSet, TextEdit};
use crate::plan::columns::{column_of, indent, shift};
use crate::plan::outlining::fit::through_address;
use crate::plan::superfluous::{braces, whole_lines};
use crate::source::{SourceFile, Span};
use crate::syntax::scope::Scopes;
use crate::syntax::{Field, Kind, Node};
use crate::walk::exits::Work;
use crate::walk::output::{Piece, Spelling};
use crate::walk::{Refusal, RefusalCode, Walk};

/// How captured variables are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Through the context.
    Context,
    /// The only one is the data itself.
    Direct,
}

/// Edits of the moved code.
pub struct Respelled<'a, 't> {
    walk: &'a Walk<'t>,
    scopes: &'a Scopes<'t>,
    names: &'a Names,
    edits: EditSet,
    source: &'t SourceFile,
    words: Words<'a>,
}

impl<'a, 't> Respelled<'a, 't> {
    /// Spell the moved code for the callback.
    pub fn new(
        walk: &'a Walk<'t>,
        scopes: &'a Scopes<'t>,
        captures: &Captures,
        names: &'a Names,
        endings: &[Ending<'t>],
        reach: Reach,
        words: Words<'a>,
    ) -> Result<Self, Refusal> {
        let source = walk.site.function.tree().source();
        let mut out = Self { walk, scopes, names, edits: EditSet::new(), source, words };
        out.spell_walk()?;
        out.spell_captures(captures, reach, endings)?;
        for ending in endings {
            out.spell_ending(ending)?;
        }
        out.drop_braces(endings)?;
        Ok(out)
    }

    fn add(&mut self, span: Span, text: impl Into<String>) -> Result<(), Refusal> {
        self.edits.add(TextEdit::new(span, text)).map_err(|overlap| {
            Refusal::new(
                RefusalCode::NotUnderstood,
                overlap.second.span,
                "two parts of the conversion want to change this",
            )
        })
    }

    fn spell_walk(&mut self) -> Result<(), Refusal> {
        let on_ways_out: Vec<&Work<'t>> = self.walk.exits.iter().map(|exit| &exit.work).collect();
        let elsewhere =
            |span: &Span| on_ways_out.iter().flat_map(|w| &w.statements).any(|n| span.contains(n.span()));
        let mut spellings: Vec<(Span, Spelling)> =
            self.walk.body.spellings.iter().map(|(s, k)| (*s, k.clone())).collect();
        spellings.retain(|(span, _)| !elsewhere(span));
        for work in &on_ways_out {
            let inside = |span: &Span| work.statements.iter().any(|n| n.span().contains(*span));
            spellings.extend(work.spellings.iter().filter(|(s, _)| inside(s)).map(|(s, k)| (*s, k.clone())));
        }
        for (span, spelling) in &spellings {
            if spellings.iter().any(|(other, _)| other != span && other.contains(*span)) {
                continue;
            }
            let text = match spelling {
                Spelling::Element => self.names.element.clone(),
                Spelling::Offset => self.typed(*span, &self.names.offset, &self.words.spec.callback.offset.0),
                Spelling::Size => self.typed(*span, &self.names.size, &self.words.spec.callback.size.0),
                Spelling::Number(n) => self.typed(*span, &n.to_string(), "int"),
                Spelling::End if self.names.end.is_some() => continue,
                Spelling::End => self.typed(*span, &self.end(*span), &self.words.spec.callback.size.0),
                Spelling::Release => self.words.release.clone(),
                Spelling::Nothing => String::new(),
                Spelling::Gone => {
                    self.add(whole_lines(self.source, *span), "")?;
                    continue;
                }
            };
            self.add(*span, text)?;
        }
        Ok(())
    }

    /// A parameter in the place of a variable, with that one's type where it shows.
    fn typed(&self, span: Span, parameter: &str, ty: &str) -> String {
        let used = self.walk.site.function.tree().covering(span);
        let own = self.scopes.resolve(used).map(|id| &self.scopes.declaration(id).ty);
        let replaced = |node: Node<'_>| {
            let spelling = self.walk.body.spellings.get(&node.span());
            let small = |s: &&Spelling| {
                matches!(s, Spelling::Offset | Spelling::Size | Spelling::End | Spelling::Number(_))
            };
            spelling.filter(small).is_some()
        };
        let place = width::Place { spec: self.words.spec, replaced: &replaced };
        match own.and_then(|own| width::cast(used, own, ty.trim(), &place)) {
            Some(cast) if parameter.contains(' ') && !parameter.starts_with('(') => {
                format!("({cast})({parameter})")
            }
            Some(cast) => format!("({cast}){parameter}"),
            None => parameter.to_owned(),
        }
    }

    /// Offset plus length, in parentheses where an operator is next to it.
    fn end(&self, span: Span) -> String {
        let sum = format!("{} + {}", self.names.offset, self.names.size);
        let around = self.walk.site.function.tree().covering(span).parent();
        let plain = around.is_some_and(|p| {
            matches!(p.kind(), Kind::ArgumentList | Kind::ParenthesizedExpression | Kind::InitDeclarator)
                || p.is(Kind::AssignmentExpression) && p.operator() == Some("=")
        });
        if plain { sum } else { format!("({sum})") }
    }

    fn spell_captures(
        &mut self,
        captures: &Captures,
        reach: Reach,
        endings: &[Ending<'t>],
    ) -> Result<(), Refusal> {
        // What a jump returned is not told any more where it became a stop.
        let told =
            |e: &Ending<'t>| matches!(e.value, Value::Returned(_) | Value::Assigned(_) | Value::Control);
        let untold = |ident: Node<'t>| endings.iter().any(|e| !told(e) && e.jump.encloses(ident));
        for ident in kept_identifiers(self.walk).into_iter().filter(|ident| !untold(*ident)) {
            let Some(id) = self.scopes.resolve(ident) else { continue };
            let Some(capture) = captures.passed.iter().find(|c| c.id == id) else { continue };
            self.spell_capture(ident, *capture, reach)?;
        }
        Ok(())
    }

    fn spell_capture(&mut self, ident: Node<'t>, capture: Capture, reach: Reach) -> Result<(), Refusal> {
        let name = ident.text();
        let access = match reach {
            Reach::Context => format!("{}->{name}", self.names.variable),
            Reach::Direct => name.to_owned(),
        };
        match capture.passing {
            Passing::Value | Passing::Array => self.add_unless_same(ident, access),
            Passing::Field | Passing::Moved if reach == Reach::Context => self.add_unless_same(ident, access),
            _ => self.spell_address(ident, access),
        }
    }

    fn add_unless_same(&mut self, ident: Node<'t>, text: String) -> Result<(), Refusal> {
        if ident.text() == text { Ok(()) } else { self.add(ident.span(), text) }
    }

    /// A variable of which the callback has the address `access`.
    fn spell_address(&mut self, ident: Node<'t>, access: String) -> Result<(), Refusal> {
        through_address(ident, &access).into_iter().try_for_each(|edit| self.add(edit.span, edit.text))
    }

    fn spell_ending(&mut self, ending: &Ending<'t>) -> Result<(), Refusal> {
        let control = self.walk.control.map(|c| self.scopes.declaration(c.id).name).unwrap_or("ret");
        let jump = ending.jump.span();
        let label = format!("goto {};", self.names.label);
        self.spell_comments(ending)?;
        match (ending.drop, ending.value) {
            (Drop::Done, Value::GoOn) => self.spell_work(ending),
            (Drop::Done, Value::Stop) => self.add(jump, "return 1;"),
            (Drop::Done, Value::Halt) => self.add(jump, format!("return {};", self.words.halt())),
            (Drop::Done, Value::Failed(value)) => self.add(jump, format!("return {value};")),
            (Drop::Done, Value::Assigned(assignment)) => self.merge(assignment, ending.jump),
            (Drop::Done, Value::Control) => self.add(jump, format!("return {control};")),
            (Drop::Done, Value::Returned(_)) => Ok(()),
            (Drop::AtLabel, Value::Returned(value)) => {
                let before = Span { start: jump.start, end: value.span().start };
                let behind = Span { start: value.span().end, end: jump.end };
                let column = self.column_of(ending.jump);
                self.add(before, format!("{control} = "))?;
                self.add(behind, format!(";\n{}{label}", indent(column)))
            }
            (Drop::AtLabel, _) => self.add(jump, label),
            (Drop::Here, value) => {
                let column = self.column_of(ending.jump);
                if ending.comments.is_empty() {
                    self.add_braces(ending.jump, column)?;
                }
                let release = format!("{}\n{}", self.words.release, indent(column));
                match value {
                    Value::Assigned(assignment) => {
                        self.add(Span::at(assignment.span().start as usize), release)?;
                        self.merge(assignment, ending.jump)
                    }
                    Value::Returned(_) => self.add(Span::at(jump.start as usize), release),
                    Value::GoOn => self.add(jump, format!("{release}return 0;")),
                    Value::Stop => self.add(jump, format!("{release}return 1;")),
                    Value::Halt => self.add(jump, format!("{release}return {};", self.words.halt())),
                    Value::Failed(value) => self.add(jump, format!("{release}return {value};")),
                    Value::Control => self.add(jump, format!("{release}return {control};")),
                }
            }
        }
    }

    /// On with the next element, after what only this way does.
    fn spell_work(&mut self, ending: &Ending<'t>) -> Result<(), Refusal> {
        let column = self.column_of(ending.jump);
        let mut text = String::new();
        for statement in &ending.work {
            let old = self.column_of(*statement);
            let moved = shift(&self.text(statement.span()), column as isize - old as isize);
            text.push_str(&format!("{moved}\n{}", indent(column)));
        }
        if !ending.work.is_empty() {
            self.add_braces(ending.jump, column)?;
        }
        self.add(ending.jump.span(), format!("{text}return 0;"))
    }

    /// Comments that stood on the way out stand in front of the jump.
    fn spell_comments(&mut self, ending: &Ending<'t>) -> Result<(), Refusal> {
        if ending.comments.is_empty() {
            return Ok(());
        }
        let column = self.column_of(ending.jump);
        self.add_braces(ending.jump, column)?;
        let mut text = String::new();
        for comment in &ending.comments {
            let old = self.column_of(*comment);
            let moved = shift(comment.text(), column as isize - old as isize);
            text.push_str(&format!("{moved}\n{}", indent(column)));
        }
        let start = match (ending.drop, ending.value) {
            (Drop::Done | Drop::Here, Value::Assigned(assignment)) => assignment.span().start,
            _ => ending.jump.span().start,
        };
        self.add(Span::at(start as usize), text)
    }

    /// A jump that becomes two statements needs braces around it.
    fn add_braces(&mut self, jump: Node<'t>, column: usize) -> Result<(), Refusal> {
        let bare = |p: &Node<'t>| p.is(Kind::IfStatement) && p.child(Field::Alternative).is_none();
        let parent = jump.parent().filter(|p| bare(p) || self.is_guarded(*p));
        if parent.is_none() {
            return Ok(());
        }
        let before = self.source.text()[..jump.span().start as usize].trim_end().len();
        self.add(Span::at(before), " {")?;
        self.add(
            Span::at(jump.span().end as usize),
            format!("\n{}}}", indent(column.saturating_sub(crate::plan::columns::TAB))),
        )
    }

    /// `control = value; jump;` becomes `return value;`.
    fn merge(&mut self, assignment: Node<'t>, jump: Node<'t>) -> Result<(), Refusal> {
        let Some(value) = assignment.child(Field::Right) else { return Ok(()) };
        let before = Span { start: assignment.span().start, end: value.span().start };
        let behind = Span { start: value.span().end, end: jump.span().end };
        self.add(before, "return ")?;
        self.add(behind, ";")
    }

    fn column_of(&self, node: Node<'_>) -> usize {
        column_of(self.source, node.span())
    }

    /// Braces around what has become a single statement go, as the kernel's style wants it.
    fn drop_braces(&mut self, endings: &[Ending<'t>]) -> Result<(), Refusal> {
        for ending in endings {
            let Some(block) = ending.jump.parent().filter(|p| p.is(Kind::CompoundStatement)) else {
                let bare_arm = ending.jump.role() == Some(Field::Consequence)
                    || ending.jump.parent().is_some_and(|p| self.is_guarded(p));
                if ending.drop == Drop::Here && !bare_arm {
                    return Err(Refusal::new(
                        RefusalCode::NotUnderstood,
                        ending.jump.span(),
                        "a way out without braces that has to drop a reference",
                    ));
                }
                continue;
            };
            let lone_arm = block.parent().is_some_and(|p| {
                let alone = p.child(Field::Alternative).is_none() && block.role() == Some(Field::Consequence);
                p.is(Kind::IfStatement) && alone || self.is_guarded(p)
            });
            let removed = |n: &Node<'_>| self.walk.body.spellings.get(&n.span()) == Some(&Spelling::Gone);
            let merged = match (ending.drop, ending.value) {
                (Drop::Done, Value::Assigned(assignment)) => assignment.parent(),
                _ => None,
            };
            let left: Vec<_> = block
                .children()
                .filter(|n| !n.is(Kind::Token) && !removed(n) && Some(*n) != merged)
                .collect();
            if !lone_arm
                || !ending.comments.is_empty()
                || ending.drop != Drop::Done && left.len() != 1
                || left.len() != 1
                || ending.drop == Drop::Here
            {
                continue;
            }
            self.drop_brace_tokens(block)?;
        }
        Ok(())
    }

    /// Whether an arm has its `if` for itself now, because the other has become statements of its own.
    fn is_guarded(&self, around: Node<'_>) -> bool {
        let choice = if around.is(Kind::ElseClause) { around.parent() } else { Some(around) };
        let guards = |piece: &Piece<'_>, n: Node<'_>| match piece {
            Piece::Guard(node) => *node == n && around.is(Kind::IfStatement),
            Piece::OtherGuard(node) => *node == n && around.is(Kind::ElseClause),
            _ => false,
        };
        choice.is_some_and(|n| self.walk.body.pieces.iter().any(|(piece, _)| guards(piece, n)))
    }

    fn drop_brace_tokens(&mut self, block: Node<'t>) -> Result<(), Refusal> {
        braces(self.source, block).into_iter().try_for_each(|brace| self.add(brace, ""))
    }

    /// The text of a part of the moved code.
    pub fn text(&self, span: Span) -> String {
        let mut inside = EditSet::new();
        for edit in self.edits.iter().filter(|e| span.contains(e.span)) {
            let moved = Span { start: edit.span.start - span.start, end: edit.span.end - span.start };
            // Disjoint in the whole text, so disjoint in the part.
            let _ = inside.add(TextEdit::new(moved, edit.text.clone()));
        }
        let bytes = self.source.bytes().get(span.range()).unwrap_or_default();
        String::from_utf8_lossy(&inside.apply(bytes)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use crate::outline::testing::converted;
    use crate::walk::testing::changed;

    #[test]
    fn what_the_walk_provides_has_the_names_of_the_parameters() {
        let made = converted(&changed(&[(
            "see(object, parts[k], off, len);",
            "/* the last of it */\n\t\t\tsee(object, parts[k], off + 1, len);",
        )]));
        assert!(made.contains("\t/* the last of it */\n\tsee(object, part, off + 1, len);"), "{made}");
    }

    #[test]
    fn a_captured_variable_is_reached_through_the_context() {
        let made = converted(&changed(&[
            ("off = 0;", "ret += len;\n\t\t\toff = 0;"),
            ("return 0;\n}", "return ret;\n}"),
        ]));
        assert!(made.contains("ctx->ret += len;"), "{made}");
        assert!(made.contains("return ctx.ret;"), "{made}");
    }
}
