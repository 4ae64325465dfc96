//! The rule for a function's prototypes that follows from a rule for its header.
//!
//! In: a rule whose body is one function. Out: [`Prototype`], the same header with a `;`, if the rule changes the header;
//! the name of the function is the one that the rule matched. It is Coccinelle's isomorphism `prototypes`, and
//! `disable prototypes` turns it off. What the rule does to the body, and code added around the function, is no part of it.

use super::metavariable::{MetaKind, Metavariable};
use super::pattern::{Atom, atoms_of};
use super::rule::{Depends, SmplRule};
use super::token::{Mark, TokenKind};
use crate::source::SourceFile;

/// A rule for prototypes.
#[derive(Clone, Debug)]
pub struct Prototype {
    /// Its header and metavariables.
    pub rule: SmplRule,
    /// Its code.
    pub atoms: Vec<Atom>,
}

/// The prototypes of the function that `rule`, which is called `name`, changes: with names for the parameters, and
/// without.
pub fn prototypes(file: &SourceFile, rule: &SmplRule, name: &str) -> Vec<Prototype> {
    let Some(named) = header(&atoms_of(file, &rule.tokens)) else { return Vec::new() };
    let unnamed = without_names(&named);
    let matched = || Depends::Rule(name.to_owned());
    let first = format!("{name} prototypes");
    let mut out: Vec<Prototype> = prototype(rule, name, named, &first).into_iter().collect();
    let mut second =
        unnamed.and_then(|atoms| prototype(rule, name, atoms, &format!("{first} without names")));
    if let Some(second) = &mut second {
        // What has its names is not changed again.
        let done = Depends::Not(Box::new(Depends::Rule(first)));
        second.rule.header.depends = Some(Depends::And(Box::new(matched()), Box::new(done)));
    }
    out.extend(second);
    out
}

fn prototype(rule: &SmplRule, name: &str, mut atoms: Vec<Atom>, what: &str) -> Option<Prototype> {
    if atoms.iter().all(|a| a.mark == Mark::Context) {
        return None;
    }
    let called = function_name(&atoms)?.to_owned();
    atoms.iter_mut().for_each(|a| a.attached.clear());
    let old =
        |meta: &Metavariable| atoms.iter().any(|a| !a.mark.is_plus() && a.words().any(|w| w == meta.name));
    let known = |meta: &Metavariable| {
        let fresh = matches!(meta.kind, MetaKind::FreshIdentifier(_));
        meta.inherited.is_none() && !fresh && (meta.name == called || !old(meta))
    };
    let mut out = rule.clone();
    out.metavariables.retain(|meta| atoms.iter().any(|a| a.words().any(|w| w == meta.name)));
    for meta in &mut out.metavariables {
        if known(meta) {
            meta.inherited = Some(name.to_owned());
            meta.constraints.clear();
        }
    }
    out.header.name = Some(what.to_owned());
    out.header.depends = Some(Depends::Rule(name.to_owned()));
    Some(Prototype { rule: out, atoms })
}

/// The header of the function, with a `;` in place of the body.
fn header(all: &[Atom]) -> Option<Vec<Atom>> {
    let first = all.iter().position(|a| !a.mark.is_plus())?;
    let brace = opening(all, |a| !a.mark.is_plus())?;
    // Words in front of the function are part of its header, other code is not.
    let words = all[..first].iter().all(|a| a.kind == TokenKind::Word);
    let ahead = if words || all[first].mark == Mark::Minus { &all[..first] } else { &[] };
    let mut out: Vec<Atom> = ahead.iter().chain(&all[first..brace]).cloned().collect();
    out.truncate(without_attributes(&out));
    let body = &all[brace];
    if body.mark == Mark::Minus {
        out.extend(all[brace + 1..].iter().take_while(|a| a.mark.is_plus()).cloned());
    }
    let replaced = out.iter().any(|a| a.mark.is_plus());
    if let Some(end) = opening(&out, |a| a.mark.is_plus()) {
        out.truncate(end);
    } else if body.mark == Mark::Minus && all.iter().any(|a| a.mark.is_plus()) {
        // Something else takes the function's place.
        return None;
    }
    let kept = |a: &Atom| a.mark.is_plus() && matches!(a.text.as_str(), ";" | "}");
    let behind = out.iter().rposition(|a| !a.mark.is_plus()).filter(|i| i + 1 < out.len());
    // Code between a header that stays and its body is no part of a prototype.
    if out.iter().any(kept) || behind.is_some_and(|i| out[i].mark != Mark::Minus) {
        return None;
    }
    let mark = if replaced { Mark::Context } else { body.mark };
    let id = all.iter().map(|a| a.id).max()? + 1;
    out.push(Atom { text: ";".into(), kind: TokenKind::Punct, id, mark, ..body.clone() });
    Some(out)
}

/// Where a header ends without the attributes behind the parameters: those of a definition need not be those of its
/// prototypes.
fn without_attributes(header: &[Atom]) -> usize {
    let attribute = |a: &Atom| matches!(a.text.as_str(), "__attribute__" | "__attribute");
    let behind = header.iter().position(|a| a.text == ")").unwrap_or(header.len());
    let first = header.iter().enumerate().position(|(i, a)| i > behind && attribute(a));
    first.filter(|at| header[*at..].iter().all(|a| a.mark == Mark::Context)).unwrap_or(header.len())
}

/// The `{` outside of all parentheses, among the atoms that count.
fn opening(atoms: &[Atom], counts: impl Fn(&Atom) -> bool) -> Option<usize> {
    let mut depth = 0usize;
    for (i, atom) in atoms.iter().enumerate().filter(|(_, a)| counts(a) && a.kind == TokenKind::Punct) {
        match atom.text.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "{" if depth == 0 => return Some(i),
            _ => {}
        }
    }
    None
}

/// The name in front of the parameters; none if it is one of several.
fn function_name(atoms: &[Atom]) -> Option<&str> {
    let old: Vec<&Atom> = atoms.iter().filter(|a| !a.mark.is_plus()).collect();
    let open = old.iter().position(|a| a.text == "(" && a.kind == TokenKind::Punct)?;
    let name = old.get(open.checked_sub(1)?)?;
    let single = name.kind == TokenKind::Word && old.iter().all(|a| a.kind != TokenKind::Open);
    single.then_some(name.text.as_str())
}

/// The header without the names of its parameters; none if it has none.
fn without_names(atoms: &[Atom]) -> Option<Vec<Atom>> {
    let open = atoms.iter().position(|a| !a.mark.is_plus() && a.text == "(")?;
    let near = |i: usize, ahead: bool| {
        let same = |j: &usize| atoms[*j].mark.is_plus() == atoms[i].mark.is_plus();
        let beside = |found: Option<usize>| found.map_or("", |j| atoms[j].text.as_str());
        match (ahead, atoms[i].mark.is_plus()) {
            (true, false) => beside((i + 1..atoms.len()).find(same)),
            (false, false) => beside((0..i).rev().find(same)),
            // Plus code goes on in what stands around it.
            (true, true) => beside((i + 1 < atoms.len()).then_some(i + 1)),
            (false, true) => beside((0..i).next_back()),
        }
    };
    let is_name = |i: usize| {
        let word = atoms[i].kind == TokenKind::Word;
        let behind_type =
            !matches!(near(i, false), "(" | "," | "struct" | "union" | "enum" | "const" | "unsigned");
        word && i > open
            && behind_type
            && matches!(near(i, true), "," | ")")
            && !is_arithmetic(&atoms[i].text)
    };
    let kept: Vec<Atom> = (0..atoms.len()).filter(|i| !is_name(*i)).map(|i| atoms[i].clone()).collect();
    (kept.len() < atoms.len()).then_some(kept)
}

fn is_arithmetic(word: &str) -> bool {
    matches!(word, "int" | "char" | "short" | "long" | "float" | "double" | "unsigned" | "signed")
}
