//! Expressions among statements.
//!
//! In: tokens where a statement can start. Out: whether an expression without `;` stands there, and its end: it is any
//! place that holds it.

use super::Speller;
use crate::smpl::MetaKind;
use crate::smpl::pattern::{Atom, PatternKind, Slot};
use crate::smpl::token::TokenKind;

impl Speller<'_> {
    /// An expression without `;` among statements stands for any place that holds it.
    pub(super) fn bare_expression(&mut self) -> bool {
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
            // Behind an operator branches are its operand.
            let operand = before.kind == TokenKind::Punct && !matches!(before.text.as_str(), ")" | "]");
            let breaks = matches!(a.kind, TokenKind::Dots | TokenKind::NestOpen)
                || a.kind == TokenKind::Open && !operand
                || keyword(&a.text);
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
}
