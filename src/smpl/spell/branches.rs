//! Disjunctions, conjunctions and lines that may be there.
//!
//! In: tokens at an opening bracket of the rule language, or at a line with `?`. Out: their branches, each read by itself.
//! Refuses brackets that do not pair.

use super::{Scope, Speller};
use crate::diagnostic::Diagnostic;
use crate::smpl::MetaKind;
use crate::smpl::pattern::{Atom, Pattern, PatternKind, Slot};
use crate::smpl::token::TokenKind;

impl Speller<'_> {
    /// The index just past the bracket that closes the one at `from`, and the separators on its level.
    pub(super) fn closing(&self, from: usize) -> Result<(usize, Vec<usize>), Diagnostic> {
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

    pub(super) fn branches(&mut self) -> Result<(), Diagnostic> {
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
    pub(super) fn optional(&mut self) -> Result<(), Diagnostic> {
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

    /// Whether a disjunction where a statement can stand is one of statements.
    pub(super) fn are_statements(&self, parts: &[&[Atom]], next: Option<&Atom>) -> bool {
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

    pub(super) fn branch(&self, atoms: &[Atom], statement: bool) -> Result<Pattern, Diagnostic> {
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
}
