//! Whether what a rule adds makes C of the code around it.
//!
//! In: the tokens of a rule and the pattern that its minus and context code makes. Out: a complaint about metavariables
//! that nothing binds, about what stays and comes not being C, and about a statement in an expression's place or the
//! other way round. What C is, is what the front end reads: more than Coccinelle does.

use super::compile::read_as;
use super::metavariable::{FreshPart, MetaKind, Metavariable};
use super::pattern::{Atom, Metavariables, Pattern, PatternKind, is_literal};
use super::rule::SmplRule;
use super::token::{Mark, TokenKind};
use crate::diagnostic::Diagnostic;
use crate::source::SourceFile;

/// What is wrong with the code that a rule adds.
pub fn added(
    file: &SourceFile,
    rule: &SmplRule,
    atoms: &[Atom],
    metas: &Metavariables,
    pattern: &Pattern,
) -> Vec<Diagnostic> {
    let mut told = unwritten(file, atoms);
    told.extend(unbound(file, rule, atoms, &pattern.used()));
    told.extend(headless(file, atoms));
    let stays = |a: &&Atom| a.mark != Mark::Minus && a.kind != TokenKind::Comment;
    let after = without_empty_branches(atoms.iter().filter(stays).cloned());
    let Some(first) = after.iter().find(|a| a.mark.is_plus()) else { return told };
    let whole = atoms.iter().all(|a| a.mark != Mark::Context);
    match read_as(file, rule, &after, metas) {
        Ok(after) if whole && !fits(after.kind(), pattern.kind()) => {
            let (before, now) = match pattern.kind() {
                PatternKind::Expression => ("an expression", "a statement"),
                PatternKind::Type => ("a type", "a statement"),
                _ => ("a statement", "none"),
            };
            let message = format!("{before} is removed, and what is added is {now}");
            let help = "a `;` on one side only is the usual cause";
            told.push(Diagnostic::error("smpl-plus", message).at(file, first.span, "added here").help(help));
        }
        Ok(_) => {}
        Err(_) if is_beyond_reading(&after) => {}
        Err(error) => {
            let place = error.annotations.first().map_or(first.span, |a| a.span);
            let help = "what is added has to be C together with the lines that stay";
            let error = Diagnostic::error("smpl-plus", "cannot read the code that is added");
            told.push(error.at(file, place, "about here").help(help));
        }
    }
    told
}

/// The atoms without branches of which nothing is left.
fn without_empty_branches(atoms: impl Iterator<Item = Atom>) -> Vec<Atom> {
    use TokenKind::{And, Close, Open, Or};
    let mut out: Vec<Atom> = Vec::new();
    for atom in atoms {
        let bare = out.iter().rev().take_while(|a| matches!(a.kind, Or | And)).count();
        let opening = (out.len() - bare).checked_sub(1).filter(|at| out[*at].kind == Open);
        match opening.filter(|_| atom.kind == Close) {
            Some(at) => out.truncate(at),
            None => out.push(atom),
        }
    }
    out
}

/// Whether code that reads as one kind may come for code of another: braces may be a block's or an initialiser's, and a value
/// that comes for them is an initialiser, too.
fn fits(comes: PatternKind, goes: PatternKind) -> bool {
    comes.is_part() == goes.is_part() || goes == PatternKind::Initializer
}

/// Whether code may be good though the front end does not read it: lines of the preprocessor hold parts of statements, and
/// other languages have several indices in one pair of brackets.
fn is_beyond_reading(atoms: &[Atom]) -> bool {
    let mut open = Vec::new();
    atoms.iter().any(|atom| match atom.text.as_str() {
        _ if atom.kind == TokenKind::Directive => true,
        "(" | "[" | "{" => {
            open.push(atom.text.as_str());
            false
        }
        ")" | "]" | "}" => {
            open.pop();
            false
        }
        "," => open.last() == Some(&"["),
        _ => false,
    })
}

/// Dots and branches in added code: they say what code may be, not what it is.
fn unwritten(file: &SourceFile, atoms: &[Atom]) -> Vec<Diagnostic> {
    use TokenKind::{And, Close, Dots, NestClose, NestOpen, Open, Or};
    let text = |at: Option<usize>| at.and_then(|i| atoms.get(i)).map_or("", |a| a.text.as_str());
    // C has dots of its own: behind the last parameter, and in ranges.
    let in_c = |i: usize| {
        let (before, next) = (text(i.checked_sub(1)), text(Some(i + 1)));
        let value = |text: &str| text.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '\''));
        before == "," && next == ")" || value(before) && value(next)
    };
    let odd = atoms.iter().enumerate().find(|(i, atom)| match atom.kind {
        _ if !atom.mark.is_plus() => false,
        Dots => !in_c(*i),
        Open | Or | And | Close | NestOpen | NestClose => true,
        _ => false,
    });
    let told = odd.map(|(_, atom)| {
        let message = format!("`{}` in added code: what is added has to be written out", atom.text);
        let help = "for code that stays as it is, leave the line without a mark";
        Diagnostic::error("smpl-plus", message).at(file, atom.span, "here").help(help)
    });
    told.into_iter().collect()
}

/// Headers that stay while the rule removes what they are about and nothing comes in its place.
fn headless(file: &SourceFile, atoms: &[Atom]) -> Option<Diagnostic> {
    let mut header = false;
    let mut round: Vec<bool> = Vec::new();
    for (i, atom) in atoms.iter().enumerate().filter(|(_, atom)| atom.mark == Mark::Context) {
        let ends = match atom.text.as_str() {
            "(" => {
                round.push(header);
                false
            }
            ")" => round.pop().unwrap_or_default(),
            "else" => true,
            _ => false,
        };
        header = matches!(atom.text.as_str(), "if" | "for" | "while" | "switch");
        let rest = &atoms[i + 1..];
        let left = rest.iter().find(|a| a.mark != Mark::Minus && a.kind != TokenKind::Comment);
        let goes = rest.first().is_some_and(|a| a.mark == Mark::Minus);
        if ends && goes && left.is_none_or(|a| matches!(a.text.as_str(), "}" | "else")) {
            let message = format!("nothing is left behind this `{}`", atom.text);
            let help = "write `+ ;` or `+ {}` for what is removed, or remove the header, too";
            return Some(Diagnostic::error("smpl-plus", message).at(file, atom.span, "here").help(help));
        }
    }
    None
}

/// Metavariables that only added code has.
fn unbound(file: &SourceFile, rule: &SmplRule, atoms: &[Atom], used: &[&str]) -> Vec<Diagnostic> {
    let open = |meta: &&Metavariable| {
        let made = matches!(
            meta.kind,
            MetaKind::FreshIdentifier(_) | MetaKind::Outline(_) | MetaKind::OutlineArgument(_)
        );
        meta.inherited.is_none() && !made && !is_literal(&meta.kind) && !used.contains(&meta.name.as_str())
    };
    let mut seeds: Vec<&str> = rule.metavariables.iter().flat_map(seeds).collect();
    // The type of what is there.
    let there = rule.metavariables.iter().filter(|m| used.contains(&m.name.as_str()));
    seeds.extend(there.flat_map(|meta| &meta.types).flat_map(|one| one.base.split(' ')));
    let unbound = rule.metavariables.iter().filter(open).filter(|m| !seeds.contains(&m.name.as_str()));
    let one = |meta: &Metavariable| {
        let used =
            atoms.iter().find(|a| a.mark.is_plus() && a.kind == TokenKind::Word && a.text == meta.name)?;
        let message = format!("the metavariable {} stands for nothing: only added code has it", meta.name);
        let help = "it gets its value from code that is there, on a `-` or context line";
        Some(Diagnostic::error("smpl-plus", message).at(file, used.span, "here").help(help))
    };
    unbound.filter_map(one).collect()
}

fn seeds(meta: &Metavariable) -> impl Iterator<Item = &str> {
    let parts = match &meta.kind {
        MetaKind::FreshIdentifier(parts) => parts.as_slice(),
        _ => &[],
    };
    parts.iter().filter_map(|part| match part {
        FreshPart::Metavariable(name) => Some(name.as_str()),
        FreshPart::Text(_) => None,
    })
}
