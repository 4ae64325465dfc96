//! Spells the atoms of a rule as C that the front end can read.
//!
//! In: atoms. Out: a text, the pieces that map it back, and the slots. Dots, nests, disjunctions and conjunctions are
//! spelled as identifiers, as statements where a statement can stand. Refuses brackets of the rule language that do
//! not pair, with their place.

mod bare;
mod branches;
mod when;

use super::directive::Directive;
use super::metavariable::{MetaKind, OperatorKind};
use super::pattern::{Atom, Metavariables, NestCount, Pattern, PatternKind, Piece, Slot};
use super::token::{Mark, TokenKind};
use super::vocabulary::ITERATOR;
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};
use crate::syntax::macros::MacroRole;
use std::cell::RefCell;
use std::collections::HashMap;

/// How metavariables that stand for types are spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spelling {
    /// As a type that the grammar knows, so that `T * x;` declares.
    TypesAsKeywords,
    /// As they are.
    Names,
}

type Spelled = (String, Vec<Piece>, Vec<Slot>);

/// The parts of a rule that were read, by their atoms and what they were read as: a part is tried in several ways each
/// time that what it stands in is, and nested ones would be read as many times as there are ways for all of them.
#[derive(Default)]
pub struct Known(RefCell<HashMap<PartKey, Result<Pattern, Diagnostic>>>);

/// A part, and what it was read as.
type PartKey = (PatternKind, Vec<AtomKey>);

/// What tells atoms of one rule apart: where they stand, and how they are marked.
type AtomKey = (Span, u32, Mark, bool);

impl Known {
    fn read(&self, s: &Speller<'_>, atoms: &[Atom], kind: PatternKind) -> Result<Pattern, Diagnostic> {
        let key = (kind, atoms.iter().map(|a| (a.span, a.id, a.mark, a.optional)).collect());
        if let Some(read) = self.0.borrow().get(&key) {
            return read.clone();
        }
        let read = Pattern::read_with(s.file, atoms, s.metas, kind, self);
        self.0.borrow_mut().insert(key, read.clone());
        read
    }
}

/// Spell `atoms` so that they can be parsed as `kind`.
pub fn spell(
    file: &SourceFile,
    atoms: &[Atom],
    metas: &Metavariables,
    kind: PatternKind,
    spelling: Spelling,
    known: &Known,
) -> Result<Spelled, Diagnostic> {
    let (open, close) = match kind {
        PatternKind::Expression => ("void vd__w(void) { vd__r = (", "); }"),
        PatternKind::Type => ("void vd__w(void) { vd__r = (", ")0; }"),
        PatternKind::Initializer => ("int vd__w = ", ";"),
        PatternKind::Statements => ("void vd__w(void) {\n", "\n}"),
        PatternKind::TopLevel => ("", "\n"),
    };
    let scope = match kind {
        PatternKind::Expression | PatternKind::Type => Scope::Round,
        PatternKind::Initializer => Scope::Values,
        PatternKind::Statements | PatternKind::TopLevel => Scope::Block,
    };
    let mut s = Speller {
        file,
        atoms,
        metas,
        kind,
        spelling,
        known,
        text: open.to_string(),
        pieces: Vec::new(),
        slots: Vec::new(),
        scopes: vec![scope],
        ready: scope == Scope::Block,
        at: 0,
        ternaries: 0,
    };
    while s.at < atoms.len() {
        s.step()?;
    }
    s.text.push_str(close);
    Ok((s.text, s.pieces, s.slots))
}

/// What the innermost bracket holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// Expressions.
    Round,
    /// The header of a statement: a statement follows.
    Header,
    /// Statements.
    Block,
    /// Initialisers.
    Values,
    /// Fields.
    Fields,
}

struct Speller<'a> {
    file: &'a SourceFile,
    atoms: &'a [Atom],
    metas: &'a Metavariables,
    kind: PatternKind,
    spelling: Spelling,
    known: &'a Known,
    text: String,
    pieces: Vec<Piece>,
    slots: Vec<Slot>,
    scopes: Vec<Scope>,
    /// Whether a statement can start here.
    ready: bool,
    at: usize,
    ternaries: usize,
}

impl<'a> Speller<'a> {
    fn emit(&mut self, atom: &Atom, spelled: &str, slot: Option<usize>) {
        let start = self.text.len();
        self.text.push_str(spelled);
        let span = Span::new(start, self.text.len());
        self.pieces.push(Piece { span, atom: atom.clone(), slot });
        // `[[` is one token of an attribute.
        let doubled = matches!(spelled, "[" | "]")
            && self.next(1).is_some_and(|a| a.text == spelled && a.span.start == atom.span.end);
        if !doubled {
            self.text.push(' ');
        }
    }

    fn scope(&self) -> Scope {
        self.scopes.last().copied().unwrap_or(Scope::Block)
    }

    fn next(&self, n: usize) -> Option<&'a Atom> {
        self.atoms.get(self.at + n)
    }

    fn step(&mut self) -> Result<(), Diagnostic> {
        let atom = &self.atoms[self.at];
        if self.ready && atom.optional && atom.text != "..." {
            return self.optional();
        }
        let inside = self.kind == PatternKind::Statements
            || self.kind == PatternKind::TopLevel && self.scopes.len() > 1;
        if self.ready && inside && self.bare_expression() {
            return Ok(());
        }
        match atom.kind {
            TokenKind::Open => self.branches(),
            TokenKind::Dots => self.dots(),
            TokenKind::NestOpen => self.nest(),
            TokenKind::Or | TokenKind::And | TokenKind::Close | TokenKind::NestClose => {
                Err(self.error(atom, &format!("`{}` without its opening bracket", atom.text)))
            }
            TokenKind::Directive => {
                self.text.push('\n');
                let text =
                    atom.text.trim_end().strip_suffix("...").filter(|t| t.trim_end().ends_with("include"));
                let line = atom.text.trim_end_matches('\\');
                let spelled = text.map_or_else(|| line.to_owned(), |t| format!("{t}\"...\""));
                let (slot, below) = self.directive(atom);
                self.emit(atom, &spelled, slot);
                self.text.push('\n');
                self.at += 1 + below;
                Ok(())
            }
            TokenKind::Word => {
                self.word(atom);
                Ok(())
            }
            _ => {
                self.punctuation(atom);
                Ok(())
            }
        }
    }

    /// The slot of a line that is matched word by word, and the number of atoms below that belong to it.
    fn directive(&mut self, atom: &Atom) -> (Option<usize>, usize) {
        let dots = self.slots.len();
        let Some(directive) = Directive::read(atom, &self.atoms[self.at + 1..], dots) else {
            return (None, 0);
        };
        let below = directive.below;
        self.slots.push(Slot::Dots(Vec::new()));
        self.slots.push(Slot::Directive(Box::new(directive)));
        (Some(dots + 1), below)
    }

    fn error(&self, atom: &Atom, message: &str) -> Diagnostic {
        Diagnostic::error("smpl-pattern", message).at(self.file, atom.span, "here")
    }

    fn word(&mut self, atom: &Atom) {
        let kind = self.metas.get(&atom.text).map(|m| &m.kind);
        let next = self.next(1).map_or("", |a| a.text.as_str());
        let statement = self.stands_for_statement(self.at);
        let field =
            matches!(kind, Some(MetaKind::Field | MetaKind::FieldList(_))) && self.scope() == Scope::Fields;
        // `S;` is a statement and an empty one; a field may be written with its own `;`.
        if statement || field && next != ";" {
            self.emit(atom, &atom.text, None);
            // `each(x) S;` would declare `S`.
            let behind_call = self.at > 0 && self.atoms[self.at - 1].text == ")" && !field;
            self.text.push_str(if behind_call { "= 0;" } else { ";" });
            self.ready = true;
            self.at += 1;
            return;
        }
        // A type that is defined here.
        let defined = self.ready && next == "{" && kind == Some(&MetaKind::Type);
        if defined {
            self.text.push_str("struct ");
        }
        let spelled = match kind {
            _ if defined => &atom.text,
            Some(MetaKind::Type | MetaKind::TypedefName) if self.spelling == Spelling::TypesAsKeywords => {
                "size_t"
            }
            Some(MetaKind::Iterator | MetaKind::IteratorName) if self.scope() == Scope::Block => ITERATOR,
            Some(MetaKind::Operator(OperatorKind::Assignment)) => "=",
            Some(MetaKind::Operator(OperatorKind::Binary)) => "<<",
            Some(MetaKind::Operator(OperatorKind::Unary)) => "-",
            _ => &atom.text,
        };
        if self.ready && self.starts_untyped_function() {
            self.text.push_str("vd__any ");
        }
        self.emit(atom, spelled, None);
        let storage = matches!(atom.text.as_str(), "static" | "extern" | "inline");
        self.ready = matches!(atom.text.as_str(), "else" | "do") && self.scope() == Scope::Block
            || storage && self.kind == PatternKind::TopLevel && self.scopes.len() == 1;
        self.at += 1;
    }

    /// Whether the atom at `at` is a metavariable for statements: one without a kind is if a line of its own behind or
    /// in front of others says so.
    fn stands_for_statement(&self, at: usize) -> bool {
        let Some(atom) = self.atoms.get(at) else { return false };
        match self.metas.get(&atom.text).map(|m| &m.kind) {
            Some(MetaKind::Statement | MetaKind::StatementList(_) | MetaKind::Declaration) => true,
            Some(MetaKind::Metavariable) => {
                let elsewhere = |other: Option<&Atom>| other.is_none_or(|o| o.line != atom.line);
                let before = at.checked_sub(1).and_then(|i| self.atoms.get(i));
                let alone = elsewhere(before) && elsewhere(self.atoms.get(at + 1));
                self.ready && self.scope() == Scope::Block && alone && self.atoms.len() > 1
            }
            _ => false,
        }
    }

    /// Whether `name(…) {` starts here at the top of a file: a function whose type the rule leaves open.
    fn starts_untyped_function(&self) -> bool {
        let iterator = |a: &Atom| {
            matches!(
                self.metas.get(&a.text).map(|m| &m.kind),
                Some(MetaKind::Iterator | MetaKind::IteratorName)
            )
        };
        self.kind == PatternKind::TopLevel
            && self.scopes.len() == 1
            && self.next(1).is_some_and(|a| a.text == "(")
            && self
                .next(0)
                .is_some_and(|a| !iterator(a) && !self.metas.is_declared(&a.text, MacroRole::Attribute))
    }

    fn punctuation(&mut self, atom: &Atom) {
        let before = self.at.checked_sub(1).map(|i| &self.atoms[i]);
        self.emit(atom, &atom.text, None);
        self.at += 1;
        match atom.text.as_str() {
            "(" | "[" => {
                let header =
                    matches!(before.map(|a| a.text.as_str()), Some("if" | "while" | "for" | "switch"));
                self.scopes.push(if header || self.is_iterator_call(before) {
                    Scope::Header
                } else {
                    Scope::Round
                });
                self.ready = false;
            }
            ")" | "]" => {
                let closed = if self.scopes.len() > 1 { self.scopes.pop() } else { None };
                self.ready = closed == Some(Scope::Header) && self.scope() == Scope::Block;
            }
            "{" => {
                self.scopes.push(self.brace_scope(before));
                self.ready = self.scope() == Scope::Block;
            }
            "}" => {
                if self.scopes.len() > 1 {
                    self.scopes.pop();
                }
                self.ready = self.scope() == Scope::Block;
            }
            ";" => self.ready = self.scope() == Scope::Block,
            "?" => {
                self.ternaries += 1;
                self.ready = false;
            }
            ":" => {
                self.ready = self.ternaries == 0 && self.scope() == Scope::Block;
                self.ternaries = self.ternaries.saturating_sub(1);
            }
            _ => self.ready = false,
        }
    }

    /// Whether the call whose name is `before` is a loop.
    fn is_iterator_call(&self, before: Option<&Atom>) -> bool {
        let kind = before.and_then(|a| self.metas.get(&a.text)).map(|m| &m.kind);
        matches!(kind, Some(MetaKind::Iterator | MetaKind::IteratorName))
    }

    fn brace_scope(&self, before: Option<&Atom>) -> Scope {
        let text = before.map_or("", |a| a.text.as_str());
        let words = || self.atoms[..self.at.saturating_sub(1)].iter().rev().take(3).map(|a| a.text.as_str());
        let named = before.and_then(|a| self.metas.get(&a.text));
        match (self.scope(), text) {
            (Scope::Block, _) if named.is_some_and(|m| m.kind == MetaKind::Type) => Scope::Fields,
            (_, "=") | (Scope::Values, _) => Scope::Values,
            (Scope::Round, ")") => Scope::Values,
            (_, "]" | ",") => Scope::Values,
            (_, "enum") => Scope::Values,
            (_, "struct" | "union") => Scope::Fields,
            (_, ")") if self.closes_cast() => Scope::Values,
            _ if before.is_some_and(|a| a.kind == TokenKind::Word) && words().any(|w| w == "enum") => {
                Scope::Values
            }
            _ if before.is_some_and(|a| a.kind == TokenKind::Word)
                && words().any(|w| matches!(w, "struct" | "union")) =>
            {
                Scope::Fields
            }
            _ => Scope::Block,
        }
    }

    /// Whether the `)` before a brace closes a type: `(struct s) {`.
    fn closes_cast(&self) -> bool {
        let mut depth = 0usize;
        for i in (0..self.at.saturating_sub(1)).rev() {
            match self.atoms[i].text.as_str() {
                ")" => depth += 1,
                "(" if depth == 1 => {
                    return i > 0
                        && matches!(self.atoms[i - 1].text.as_str(), "=" | "," | "(" | "return" | "&");
                }
                "(" => depth -= 1,
                _ => {}
            }
        }
        false
    }

    fn slot(&mut self, atom: &Atom, slot: Slot, statement: bool, is_type: bool) {
        let index = self.slots.len();
        self.slots.push(slot);
        let name = if is_type && self.spelling == Spelling::TypesAsKeywords {
            "size_t".to_string()
        } else {
            format!("vd__{index}")
        };
        self.emit(atom, &name, Some(index));
        if statement || self.scope() == Scope::Fields {
            self.text.push(';');
        }
        self.ready = statement;
    }

    fn dots(&mut self) -> Result<(), Diagnostic> {
        let atom = self.atoms[self.at].clone();
        self.at += 1;
        let whens = self.whens()?;
        let statement = self.ready;
        self.slot(&atom, Slot::Dots(whens), statement, false);
        Ok(())
    }

    fn nest(&mut self) -> Result<(), Diagnostic> {
        let open = self.at;
        let (close, _) = self.closing(open)?;
        let atom = self.atoms[open].clone();
        let statement = self.ready;
        self.at = open + 1;
        let mut whens = self.whens()?;
        let inner = &self.atoms[self.at.min(close)..close];
        let pattern = self.branch(inner, statement)?;
        let count = if atom.text.starts_with("<+") { NestCount::AtLeastOnce } else { NestCount::Any };
        self.at = close + 1;
        whens.extend(self.whens()?);
        self.slot(&atom, Slot::Nest(count, Box::new(pattern), whens), statement, false);
        Ok(())
    }

    fn is_statement(&self, part: &[Atom]) -> bool {
        part.iter().any(|a| {
            matches!(
                self.metas.get(&a.text).map(|m| &m.kind),
                Some(MetaKind::Statement | MetaKind::StatementList(_))
            )
        }) || part.last().is_some_and(|a| a.text == ";" || a.text == "}")
    }
}

#[cfg(test)]
mod tests {
    use crate::smpl::compile::compile;
    use crate::source::SourceFile;

    /// Each level is tried in several ways: twenty of them end only if what was read is remembered.
    #[test]
    fn nested_disjunctions_are_read_once() {
        let mut code = "a(x)".to_string();
        for i in 0..20 {
            code = format!("\\( f{i}({code}) \\| g{i}(x) \\)");
        }
        let file = SourceFile::new("r.cocci", format!("@@\nexpression x;\n@@\n- {code}\n"));
        let (rules, errors) = crate::smpl::parse(&file);
        assert!(errors.is_empty(), "{errors:?}");
        assert!(rules.rules().all(|rule| compile(&file, rule, 1).is_ok()));
    }
}
