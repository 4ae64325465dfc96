//! The conditions on dots.
//!
//! In: the tokens behind `when`. Out: [`When`]s. Refuses words that are no condition.

use super::Speller;
use crate::diagnostic::Diagnostic;
use crate::smpl::MetaKind;
use crate::smpl::pattern::{Atom, When};
use crate::smpl::token::{Mark, TokenKind};

impl Speller<'_> {
    /// The `when` clauses that start here; each goes to the end of its line, or of its brackets.
    pub(super) fn whens(&mut self) -> Result<Vec<When>, Diagnostic> {
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
                // Behind an operator dots are an operand.
                let before = &self.atoms[self.at - 1];
                let operator =
                    self.metas.get(&before.text).is_some_and(|m| matches!(m.kind, MetaKind::Operator(_)));
                let operand = self.at > start
                    && (before.kind == TokenKind::Punct
                        && !matches!(before.text.as_str(), ")" | "]" | "}" | ";" | "++" | "--")
                        || before.text == "return"
                        || operator);
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
