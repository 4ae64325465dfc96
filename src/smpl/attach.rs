//! Where plus code hangs.
//!
//! In: the tokens of a rule. Out: its runs of plus code, and for each the minus or context tokens that it stands in front
//! of or behind. Minus code comes first, then what is no bracket around the place; dots hold nothing. Refuses plus code
//! that has no such token.

use super::pattern::{Atom, Hung};
use super::token::{Mark, TokenKind};
use crate::diagnostic::Diagnostic;
use crate::source::SourceFile;
use std::collections::HashMap;

/// Lines of plus code that stand together.
#[derive(Clone, Debug)]
pub struct PlusCode {
    /// Its tokens.
    pub atoms: Vec<Atom>,
}

impl PlusCode {
    /// How many statements it is.
    pub fn statements(&self) -> usize {
        let mut depth = 0usize;
        let mut count = 0usize;
        let mut repeats = false;
        for (i, atom) in self.atoms.iter().enumerate() {
            let next = self.atoms.get(i + 1).map_or("", |a| a.text.as_str());
            match atom.text.as_str() {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" => depth = depth.saturating_sub(1),
                "}" => {
                    depth = depth.saturating_sub(1);
                    let tail = next == "while" && std::mem::take(&mut repeats);
                    count += usize::from(depth == 0 && !tail && !matches!(next, ";" | "," | ")" | "}"));
                }
                ";" => count += usize::from(depth == 0),
                "do" => repeats |= depth == 0,
                // What stands in front of it is part of the same statement.
                "else" if depth == 0 => count = count.saturating_sub(1),
                _ => {}
            }
        }
        count
    }
}

/// Where plus code goes relative to the token it hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// In front of it.
    Before,
    /// Behind it.
    After,
}

/// Plus code and the tokens it hangs on.
#[derive(Default)]
pub(super) struct Attached {
    pub(super) plus: Vec<PlusCode>,
    pub(super) hangs: HashMap<u32, Vec<(Side, usize)>>,
    pub(super) errors: Vec<Diagnostic>,
}

/// Find the tokens that plus code hangs on, and note on them that it does.
pub(super) fn attach(file: &SourceFile, atoms: &mut [Atom], skipped: &[bool]) -> Attached {
    let Attached { mut plus, mut hangs, mut errors } = Attached::default();
    for (from, to) in groups(atoms) {
        let index = plus.len();
        match anchors(atoms, skipped, from, to) {
            Some((side, ids)) => {
                let hung = hung(&atoms[from..to], side);
                for atom in atoms.iter_mut().filter(|a| ids.contains(&a.id)) {
                    atom.hung = atom.hung.max(hung);
                }
                ids.into_iter().for_each(|id| hangs.entry(id).or_default().push((side, index)));
            }
            None => errors.push(
                Diagnostic::error("smpl-plus", "no token to attach this plus code to")
                    .at(file, atoms[from].span, "here")
                    .help("plus code needs a minus or context token next to it that is neither dots nor a bracket of a disjunction"),
            ),
        }
        plus.push(PlusCode { atoms: with_empty_lines(file, &atoms[from..to]) });
    }
    Attached { plus, hangs, errors }
}

/// What plus code on that side of a token is to it.
fn hung(plus: &[Atom], side: Side) -> Hung {
    match side {
        _ if plus.iter().all(|a| a.mark == Mark::PlusPlus) => Hung::Repeated,
        Side::Before => Hung::Before,
        Side::After => Hung::Behind,
    }
}

/// Runs of plus tokens.
fn groups(atoms: &[Atom]) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let mut i = 0;
    while i < atoms.len() {
        let from = i;
        while i < atoms.len() && atoms[i].mark.is_plus() {
            i += 1;
        }
        if i > from {
            out.push((from, i));
        } else {
            i += 1;
        }
    }
    out
}

/// Added empty lines as comments without text.
fn with_empty_lines(file: &SourceFile, atoms: &[Atom]) -> Vec<Atom> {
    let lines = file.lines();
    let empty = |line: usize| {
        (1..=lines.line_count()).contains(&line)
            && matches!(file.slice(lines.line_span(line)).trim_end(), "+" | "++")
    };
    let made = |like: &Atom, line: usize| Atom {
        kind: TokenKind::Comment,
        text: String::new(),
        line,
        attached: Vec::new(),
        ..like.clone()
    };
    let last_line = |a: &Atom| a.line + a.text.matches('\n').count();
    let mut out = Vec::new();
    for (i, atom) in atoms.iter().enumerate() {
        let above = i.checked_sub(1).map_or(0, |j| last_line(&atoms[j]));
        let first = (above + 1..atom.line).rev().take_while(|l| empty(*l)).last().unwrap_or(atom.line);
        out.extend((first..atom.line).map(|line| made(atom, line)));
        out.push(atom.clone());
    }
    if let Some(last) = atoms.last() {
        let below = (last_line(last) + 1..).take_while(|l| empty(*l));
        out.extend(below.map(|line| made(last, line)));
    }
    out
}

/// The tokens that plus code between `from` and `to` hangs on.
fn anchors(atoms: &[Atom], skipped: &[bool], from: usize, to: usize) -> Option<(Side, Vec<u32>)> {
    let before = (0..from).rev().find(|i| !atoms[*i].mark.is_plus());
    // A comma behind dots may have no code of its own.
    let bare_comma = |i: &usize| atoms[*i].text == "," && *i > 0 && atoms[*i - 1].kind == TokenKind::Dots;
    let before = before.filter(|i| !bare_comma(i));
    let after = (to..atoms.len()).find(|i| !atoms[*i].mark.is_plus());
    let before = before.filter(|i| !skipped[*i]).map(|i| last_atoms(atoms, i)).filter(|v| !v.is_empty());
    let after = after.map(|i| first_atoms(atoms, i)).filter(|v| !v.is_empty());
    let ids = |v: &[usize]| v.iter().map(|i| atoms[*i].id).collect::<Vec<_>>();
    let minus =
        |v: &Option<Vec<usize>>| v.as_ref().is_some_and(|v| v.iter().any(|i| atoms[*i].mark == Mark::Minus));
    match (&before, &after) {
        (Some(b), _) if minus(&before) => Some((Side::After, ids(b))),
        (_, Some(a)) if minus(&after) => Some((Side::Before, ids(a))),
        (Some(b), None) => Some((Side::After, ids(b))),
        (None, Some(a)) => Some((Side::Before, ids(a))),
        (Some(b), Some(a)) => {
            let text = atoms[b[0]].text.as_str();
            let closing = matches!(atoms[a[0]].text.as_str(), ")" | "," | ";" | "}");
            // What may be absent holds nothing, and of branches each would.
            let loose = atoms[to].kind == TokenKind::Open || a.iter().any(|i| atoms[*i].optional);
            let ends = matches!(text, ";" | "}") || text == "{" && loose;
            if ends || closing { Some((Side::After, ids(b))) } else { Some((Side::Before, ids(a))) }
        }
        (None, None) => None,
    }
}

/// The last tokens of code at or before `i`: those of every branch if a disjunction ends there.
fn last_atoms(atoms: &[Atom], i: usize) -> Vec<usize> {
    match atoms[i].kind {
        TokenKind::Close => branches(atoms, i, -1)
            .into_iter()
            .filter_map(|r| {
                let last = r.rev().find(|j| !atoms[*j].mark.is_plus())?;
                last_atoms(atoms, last).pop()
            })
            .collect(),
        TokenKind::Dots if atoms[i].mark != Mark::Minus => Vec::new(),
        TokenKind::Open | TokenKind::Or | TokenKind::And | TokenKind::NestOpen | TokenKind::NestClose => {
            Vec::new()
        }
        _ => vec![i],
    }
}

fn first_atoms(atoms: &[Atom], i: usize) -> Vec<usize> {
    match atoms[i].kind {
        TokenKind::Open => branches(atoms, i, 1)
            .into_iter()
            .filter_map(|mut r| {
                let first = r.find(|j| !atoms[*j].mark.is_plus())?;
                first_atoms(atoms, first).first().copied()
            })
            .collect(),
        TokenKind::Dots if atoms[i].mark != Mark::Minus => Vec::new(),
        TokenKind::Close | TokenKind::Or | TokenKind::And | TokenKind::NestOpen | TokenKind::NestClose => {
            Vec::new()
        }
        _ => vec![i],
    }
}

/// The branches of the disjunction that opens or closes at `i`.
fn branches(atoms: &[Atom], i: usize, step: isize) -> Vec<std::ops::Range<usize>> {
    let mut depth = 0isize;
    let mut cuts = vec![i];
    let mut at = i as isize;
    while let Some(atom) = usize::try_from(at).ok().and_then(|a| atoms.get(a)) {
        match atom.kind {
            TokenKind::Open => depth += step,
            TokenKind::Close => depth -= step,
            TokenKind::Or | TokenKind::And if depth == 1 => cuts.push(at as usize),
            _ => {}
        }
        if depth == 0 {
            cuts.push(at as usize);
            break;
        }
        at += step;
    }
    cuts.sort_unstable();
    cuts.windows(2).map(|w| w[0] + 1..w[1]).collect()
}
