//! Spells the atoms of a rule as C that the front end can read.
//!
//! In: atoms. Out: a text, the pieces that map it back, and the slots. Dots, nests, disjunctions and conjunctions are
//! spelled as identifiers, as statements where a statement can stand. Refuses brackets of the rule language that do
//! not pair, with their place.

use super::directive::Directive;
use super::pattern::{Atom, Metavariables, NestCount, Pattern, PatternKind, Piece, Slot, When};
use super::rule::{MetaKind, OperatorKind};
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
        PatternKind::Statements => ("void vd__w(void) {\n", "\n}"),
        PatternKind::TopLevel => ("", "\n"),
    };
    let scope =
        if matches!(kind, PatternKind::Expression | PatternKind::Type) { Scope::Round } else { Scope::Block };
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
                let spelled = text.map_or_else(|| atom.text.clone(), |t| format!("{t}\"...\""));
                let slot = self.directive(atom);
                self.emit(atom, &spelled, slot);
                self.text.push('\n');
                self.at += 1;
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

    /// The slot of a line that is matched word by word.
    fn directive(&mut self, atom: &Atom) -> Option<usize> {
        let dots = self.slots.len();
        let directive = Directive::read(atom, dots)?;
        self.slots.push(Slot::Dots(Vec::new()));
        self.slots.push(Slot::Directive(Box::new(directive)));
        Some(dots + 1)
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
        let spelled = match kind {
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
        self.ready = matches!(atom.text.as_str(), "else" | "do") && self.scope() == Scope::Block;
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
        match (self.scope(), text) {
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

    /// The index just past the bracket that closes the one at `from`, and the separators on its level.
    fn closing(&self, from: usize) -> Result<(usize, Vec<usize>), Diagnostic> {
        let nest = self.atoms[from].kind == TokenKind::NestOpen;
        let mut depth = 0usize;
        let mut separators = Vec::new();
        for (i, atom) in self.atoms.iter().enumerate().skip(from) {
            match (atom.kind, nest) {
                (TokenKind::Open, false) | (TokenKind::NestOpen, true) => depth += 1,
                (TokenKind::Close, false) | (TokenKind::NestClose, true) if depth == 1 => {
                    return Ok((i, separators));
                }
                (TokenKind::Close, false) | (TokenKind::NestClose, true) => depth -= 1,
                (TokenKind::Or | TokenKind::And, false) if depth == 1 => separators.push(i),
                _ => {}
            }
        }
        Err(self.error(&self.atoms[from], &format!("`{}` is not closed", self.atoms[from].text)))
    }

    fn branches(&mut self) -> Result<(), Diagnostic> {
        let open = self.at;
        let (close, separators) = self.closing(open)?;
        let mut parts: Vec<&[Atom]> = Vec::new();
        let mut from = open + 1;
        for &i in separators.iter().chain(std::iter::once(&close)) {
            parts.push(&self.atoms[from..i]);
            from = i + 1;
        }
        let conjunction = separators.first().is_some_and(|&i| self.atoms[i].kind == TokenKind::And);
        let next = self.atoms.get(close + 1);
        let statement = self.ready && self.are_statements(&parts, next);
        let patterns = parts.iter().map(|p| self.branch(p, statement)).collect::<Result<Vec<_>, _>>()?;
        let is_type = self.scope() == Scope::Block && patterns.iter().all(|p| p.kind() == PatternKind::Type);
        if self.ready
            && !statement
            && self.kind == PatternKind::TopLevel
            && self.scopes.len() == 1
            && next.is_some_and(|a| a.text == "(")
        {
            self.text.push_str("vd__any ");
        }
        let slot = if conjunction { Slot::Conjunction(patterns) } else { Slot::Disjunction(patterns) };
        let atom = Atom { attached: self.atoms[close].attached.clone(), ..self.atoms[open].clone() };
        self.slot(&atom, slot, statement, is_type);
        self.at = close + 1;
        Ok(())
    }

    /// Lines that start with `?`: they are there, or they are not.
    fn optional(&mut self) -> Result<(), Diagnostic> {
        let rest = &self.atoms[self.at..];
        let len = rest.iter().position(|a| !a.optional).unwrap_or(rest.len());
        let plain: Vec<Atom> = rest[..len].iter().map(|a| Atom { optional: false, ..a.clone() }).collect();
        let there = self.branch(&plain, true)?;
        let absent = Pattern::read(self.file, &[], self.metas, PatternKind::Statements)?;
        let atom = Atom { attached: Vec::new(), id: u32::MAX, ..self.atoms[self.at].clone() };
        self.slot(&atom, Slot::Disjunction(vec![there, absent]), true, false);
        self.at += len;
        Ok(())
    }

    /// An expression without `;` among statements stands for any place that holds it.
    fn bare_expression(&mut self) -> bool {
        let Some(end) = self.bare_end() else { return false };
        let inner = &self.atoms[self.at..end];
        let Ok(pattern) = self.known.read(self, inner, PatternKind::Expression) else {
            return false;
        };
        let atom = Atom { attached: Vec::new(), id: u32::MAX, ..self.atoms[self.at].clone() };
        self.slot(&atom, Slot::Disjunction(vec![pattern]), true, false);
        self.at = end;
        true
    }

    fn bare_end(&self) -> Option<usize> {
        let first = self.next(0)?;
        let statement = |a: &Atom| {
            let kind = self.metas.get(&a.text).map(|m| &m.kind);
            matches!(kind, Some(MetaKind::Statement | MetaKind::StatementList(_) | MetaKind::Declaration))
        };
        if self.stands_for_statement(self.at) {
            return None;
        }
        let keyword = |t: &str| {
            matches!(
                t,
                "if" | "while"
                    | "for"
                    | "switch"
                    | "return"
                    | "goto"
                    | "else"
                    | "do"
                    | "case"
                    | "default"
                    | "break"
                    | "continue"
            )
        };
        // A disjunction of names that is called.
        let called = first.kind == TokenKind::Open
            && self.closing(self.at).is_ok_and(|(close, _)| {
                self.atoms.get(close + 1).is_some_and(|a| a.text == "(" && a.kind == TokenKind::Punct)
            });
        let starts = called
            || matches!(first.kind, TokenKind::Word | TokenKind::Number)
            || first.kind == TokenKind::Punct && matches!(first.text.as_str(), "(" | "*" | "!" | "&");
        if !starts || keyword(&first.text) || statement(first) {
            return None;
        }
        let mut depth = 0usize;
        for i in self.at..self.atoms.len() {
            let a = &self.atoms[i];
            let before = &self.atoms[i.max(1) - 1];
            let new_line = i > self.at && a.line != before.line;
            let dots = matches!(a.kind, TokenKind::Dots | TokenKind::NestOpen)
                && (before.kind != TokenKind::Punct || matches!(before.text.as_str(), ")" | "]"));
            let breaks =
                matches!(a.kind, TokenKind::Dots | TokenKind::NestOpen | TokenKind::Open) || keyword(&a.text);
            if depth == 0
                && i > self.at
                && (new_line && breaks || dots || a.text == "}" && self.scopes.len() > 1)
            {
                return Some(i);
            }
            if depth == 0 && new_line && statement(a) {
                // `each(x)` in front of a statement is a loop.
                let call = first.kind == TokenKind::Word
                    && self.next(1).is_some_and(|n| n.text == "(")
                    && before.text == ")";
                return (!call).then_some(i);
            }
            match a.text.as_str() {
                "(" | "[" | "\\(" => depth += 1,
                ")" | "]" | "\\)" => depth = depth.checked_sub(1)?,
                ";" | "{" | "}" | ":" if depth == 0 => return None,
                _ => {}
            }
        }
        // A whole body that is one expression is read as one.
        (self.at > 0 && depth == 0).then_some(self.atoms.len())
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

    /// Whether a disjunction where a statement can stand is one of statements.
    fn are_statements(&self, parts: &[&[Atom]], next: Option<&Atom>) -> bool {
        let whole = |p: &&[Atom]| {
            p.iter().any(|a| {
                matches!(a.text.as_str(), ";" | "}" | "{" | "return" | "if" | "while" | "for" | "goto")
                    || a.kind == TokenKind::Directive
                    || matches!(
                        self.metas.get(&a.text).map(|m| &m.kind),
                        Some(MetaKind::Statement | MetaKind::StatementList(_))
                    )
            }) || p
                .last()
                .is_some_and(|a| matches!(a.kind, TokenKind::Dots | TokenKind::NestClose) && p.len() == 1)
        };
        if parts.iter().any(whole) {
            return true;
        }
        match next {
            None => true,
            Some(a) => {
                matches!(a.kind, TokenKind::Dots | TokenKind::NestOpen | TokenKind::Open) || a.text == "}"
            }
        }
    }

    fn branch(&self, atoms: &[Atom], statement: bool) -> Result<Pattern, Diagnostic> {
        // A call without `;` would do as a statement of a macro, but an expression is meant.
        let open_end = atoms.last().is_some_and(|a| {
            let whole = matches!(a.text.as_str(), ";" | "}" | ":")
                || matches!(
                    a.kind,
                    TokenKind::Dots | TokenKind::NestClose | TokenKind::Directive | TokenKind::Close
                );
            !whole && !self.is_statement(atoms)
        });
        let plain =
            !atoms.iter().any(|a| matches!(a.text.as_str(), ";" | "{" | "return" | "if" | "while" | "for"));
        let kinds: &[PatternKind] = if statement && open_end && plain {
            &[PatternKind::Expression, PatternKind::Statements, PatternKind::Type, PatternKind::TopLevel]
        } else if statement {
            &[PatternKind::Statements, PatternKind::Expression, PatternKind::Type, PatternKind::TopLevel]
        } else {
            &[PatternKind::Expression, PatternKind::Type, PatternKind::Statements]
        };
        let mut error = None;
        for kind in kinds {
            match self.known.read(self, atoms, *kind) {
                Ok(pattern) if *kind == PatternKind::Statements || pattern.single().is_some() => {
                    return Ok(pattern);
                }
                Ok(_) => {}
                Err(e) => error = error.or(Some(e)),
            }
        }
        Err(error.unwrap_or_else(|| Diagnostic::error("smpl-pattern", "cannot read this branch")))
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

    /// The `when` clauses that start here; each goes to the end of its line, or of its brackets.
    fn whens(&mut self) -> Result<Vec<When>, Diagnostic> {
        let mut out = Vec::new();
        while self.next(0).is_some_and(Atom::is_when) {
            self.at += 1;
            let start = self.at;
            let mut depth = 0usize;
            let mut line = self.atoms[start - 1].line;
            while let Some(a) = self.next(0) {
                let continued = self.at > start && (depth > 0 || self.atoms[self.at - 1].text == ",");
                if a.line != line && !continued {
                    break;
                }
                line = a.line;
                match a.text.as_str() {
                    "(" | "\\(" | "[" | "{" => depth += 1,
                    ")" | "\\)" | "]" | "}" if depth == 0 => break,
                    ")" | "\\)" | "]" | "}" => depth -= 1,
                    _ if a.is_when() && depth == 0 => break,
                    _ => {}
                }
                let operand = self.at > start
                    && matches!(self.atoms[self.at - 1].text.as_str(), "||" | "&&" | "|" | "+" | "==" | "!=");
                if matches!(a.kind, TokenKind::NestClose | TokenKind::Dots) && depth == 0 && !operand {
                    break;
                }
                self.at += 1;
            }
            self.when(start, &mut out)?;
        }
        Ok(out)
    }

    fn when(&self, start: usize, out: &mut Vec<When>) -> Result<(), Diagnostic> {
        let atoms = &self.atoms[start..self.at];
        let words: Vec<&str> = atoms.iter().map(|a| a.text.as_str()).collect();
        match words.as_slice() {
            [] => return Err(self.error(&self.atoms[start - 1], "expected a condition after `when`")),
            ["!=", "true", ..] => out.push(When::NotTrue(self.branch(&atoms[2..], false)?)),
            ["!=", "false", ..] => out.push(When::NotFalse(self.branch(&atoms[2..], false)?)),
            ["!=", ..] => {
                for part in split_commas(&atoms[1..]) {
                    out.push(When::Not(self.branch(&unmarked(part), self.is_statement(part))?));
                }
            }
            ["==" | "=", ..] => out.push(When::Only(self.branch(&unmarked(&atoms[1..]), true)?)),
            all => {
                for word in all.iter().filter(|w| **w != ",") {
                    out.push(match *word {
                        "any" => When::Any,
                        "strict" => When::Strict,
                        "exists" => When::Exists,
                        "forall" => When::Forall,
                        other => {
                            let message = format!(
                                "`{other}` is no condition: any, strict, exists, forall, `!=` or `==`"
                            );
                            return Err(self.error(&atoms[0], &message));
                        }
                    });
                }
            }
        }
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

/// Conditions are never transformed.
fn unmarked(atoms: &[Atom]) -> Vec<Atom> {
    atoms.iter().map(|a| Atom { mark: Mark::Context, id: u32::MAX, ..a.clone() }).collect()
}

fn split_commas(atoms: &[Atom]) -> Vec<&[Atom]> {
    let mut depth = 0usize;
    let mut out = Vec::new();
    let mut from = 0;
    for (i, a) in atoms.iter().enumerate() {
        match a.text.as_str() {
            "(" | "\\(" | "[" | "{" => depth += 1,
            ")" | "\\)" | "]" | "}" => depth = depth.saturating_sub(1),
            "," if depth == 0 => {
                out.push(&atoms[from..i]);
                from = i + 1;
            }
            _ => {}
        }
    }
    out.push(&atoms[from..]);
    out.retain(|p| !p.is_empty());
    out
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
