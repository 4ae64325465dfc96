//! The indentation of added lines, and of kept lines whose depth changes.
//!
//! In: tokens with removed ones still among them. Out: the same tokens with indentation behind each added line break,
//! and the unit of indentation that the code uses. An added line gets the indentation of the nearest line of the same
//! depth; where there is none, that of a less deep one and some units more. The search is that of Coccinelle's
//! `adjust_indentation`.

use super::depth::{Both, Effect, effects};
use super::token::{New, Token};
use crate::plan::columns;
use std::rc::Rc;

/// For a depth and a number of open brackets: the number of the token that showed it last, and its indentation.
type Seen = Rc<Vec<((usize, usize), (usize, String))>>;

/// What is known at a token from one direction.
#[derive(Clone, Debug)]
struct Known {
    unit: Option<String>,
    seen: Seen,
}

/// Indent; the second value is the unit of indentation that the code shows, `default` is that of code which shows none.
pub(super) fn indent(tokens: Vec<Token>, default: &str) -> (Vec<Token>, Option<String>) {
    let tokens = around_outdents(tokens);
    let effects = effects(&tokens);
    let zero: Seen = Rc::new(vec![((0, 0), (0, String::new()))]);
    let (before, unit) = forwards(&effects, zero, &tokens);
    let after = backwards(&effects, &before);
    let mut out = Vec::with_capacity(tokens.len());
    // The columns that the line is indented by which the statement starts in.
    let mut start = 0;
    for (i, mut token) in tokens.into_iter().enumerate() {
        let here = Place { number: i + 1, before: &before[i].0, after: &after[i], default };
        match &effects[i] {
            Effect::Kept(_, depth, open) if depth.old != depth.new => {
                let shift = before[i].1;
                let same = depth.old as isize - depth.new as isize == shift.old as isize - shift.new as isize;
                token = Token::bound(format!("\n{}", here.kept(depth.new, *open, same)));
            }
            Effect::Added(depth, open) if !apart(&before[i].2, &effects) => {
                if let Token::New(new) = &mut token {
                    let indent = match new.beyond {
                        Some(beyond) => columns::indent(start + beyond),
                        None => here.added(*depth, *open),
                    };
                    new.text = format!("\n{indent}");
                }
            }
            Effect::Outdent => continue,
            _ => {}
        }
        let goes_on = matches!(&token, Token::New(New { beyond: Some(_), .. }));
        if let Some(indent) = token.text().strip_prefix('\n').filter(|_| !goes_on && !token.is_removed()) {
            start = columns::indentation(indent);
        }
        out.push(token);
    }
    (out, unit)
}

/// Where the token stands whose neighbours decide whether a line break is left alone.
#[derive(Clone, Debug)]
enum Next {
    At(usize),
    Nothing,
    Outdent,
}

/// An added line break in front of another one separates: it gets no indentation.
fn apart(next: &Next, effects: &[Effect]) -> bool {
    match next {
        Next::At(i) => {
            matches!(effects[*i], Effect::Kept(..) | Effect::Added(..) | Effect::Ignored)
        }
        Next::Nothing => false,
        Next::Outdent => true,
    }
}

fn next_of(tokens: &[Token], i: usize) -> Next {
    if matches!(tokens.get(i + 1), Some(Token::Outdent)) {
        return Next::Outdent;
    }
    let rest = &tokens[i + 1..];
    rest.iter().position(|t| !(t.is_removed() || t.is_space())).map_or(Next::Nothing, |n| Next::At(i + 1 + n))
}

type Forward = Vec<(Known, Both, Next)>;

fn forwards(effects: &[Effect], zero: Seen, tokens: &[Token]) -> (Forward, Option<String>) {
    let mut known = Known { unit: None, seen: zero };
    let mut depth = Both::default();
    let mut out = Vec::with_capacity(effects.len());
    for (i, effect) in effects.iter().enumerate() {
        let entered = depth;
        let next = next_of(tokens, i);
        match effect {
            Effect::Kept(indent, now, open) | Effect::Removed(indent, now, open) => {
                let unit = infer(&known, indent, now.old, depth.old, *open);
                known = Known { unit, ..learn(&known, i + 1, indent, now.old, *open) };
                depth = *now;
            }
            Effect::Added(now, _) if !apart(&next, effects) => depth.new = *now,
            _ => {}
        }
        out.push((known.clone(), entered, next));
    }
    (out, known.unit)
}

fn backwards(effects: &[Effect], before: &Forward) -> Vec<Known> {
    let last = before.last().map(|b| b.0.clone());
    let mut known = last.unwrap_or(Known { unit: None, seen: Rc::default() });
    let mut out = vec![known.clone(); effects.len()];
    for (i, effect) in effects.iter().enumerate().rev() {
        if let Effect::Kept(indent, now, open) | Effect::Removed(indent, now, open) = effect {
            known = learn(&known, i + 1, indent, now.old, *open);
        }
        out[i] = known.clone();
    }
    out
}

/// Remember a line's indentation.
fn learn(known: &Known, number: usize, indent: &str, depth: usize, open: usize) -> Known {
    let mut seen = vec![((depth, open), (number, indent.to_string()))];
    seen.extend(known.seen.iter().filter(|(key, _)| key.1 <= open && *key != (depth, open)).cloned());
    Known { unit: known.unit.clone(), seen: Rc::new(seen) }
}

/// One level of indentation, from this line and the last one of another depth.
fn infer(known: &Known, indent: &str, depth: usize, last: usize, open: usize) -> Option<String> {
    let at = |d: usize| known.seen.iter().find(|(k, _)| *k == (d, open)).map(|(_, v)| &v.1);
    if depth < last {
        let (deeper, old) = (depth + 1..=last).find_map(|d| Some((d, at(d)?)))?;
        difference(indent, old, deeper - depth, known.unit.as_ref())
    } else if depth == last + 1 {
        difference(at(last)?, indent, 1, known.unit.as_ref())
    } else {
        known.unit.clone()
    }
}

fn difference(shorter: &str, longer: &str, levels: usize, unit: Option<&String>) -> Option<String> {
    let more = longer.strip_prefix(shorter)?;
    match unit {
        Some(unit) if unit.len() * levels == more.len() => Some(unit.clone()),
        _ => more.get(..more.len() / levels).map(str::to_string),
    }
}

struct Place<'a> {
    number: usize,
    before: &'a Known,
    after: &'a Known,
    /// One level of indentation where the code shows none.
    default: &'a str,
}

impl Place<'_> {
    fn unit(&self) -> &str {
        self.before.unit.as_deref().unwrap_or(self.default)
    }

    /// The indentation of an added line.
    fn added(&self, depth: usize, open: usize) -> String {
        let find =
            |known: &Known| known.seen.iter().find(|(k, _)| *k == (depth, open)).map(|(_, v)| v.clone());
        match (find(self.before), find(self.after)) {
            (None, None) => self.deeper(depth + open),
            (Some((_, indent)), None) | (None, Some((_, indent))) => indent,
            (Some(a), Some(b)) => self.nearer(a, b),
        }
    }

    fn nearer(&self, a: (usize, String), b: (usize, String)) -> String {
        if self.number.abs_diff(a.0) < self.number.abs_diff(b.0) { a.1 } else { b.1 }
    }

    /// The indentation of the deepest line above that is less deep, and some units more.
    fn deeper(&self, depth: usize) -> String {
        let recent = |known: &Known| {
            let mut best: Option<(usize, (usize, String))> = None;
            for ((d, _), value) in known.seen.iter() {
                if *d < depth && best.as_ref().is_none_or(|(b, _)| d >= b) {
                    best = Some((*d, value.clone()));
                }
            }
            best
        };
        let (levels, indent) = match (recent(self.before), recent(self.after)) {
            (None, None) => (depth, String::new()),
            (Some((d, (_, indent))), None) | (None, Some((d, (_, indent)))) => (depth - d, indent),
            (Some((a, x)), Some((b, y))) => match (depth - a).cmp(&(depth - b)) {
                std::cmp::Ordering::Less => (depth - a, x.1),
                std::cmp::Ordering::Greater => (depth - b, y.1),
                std::cmp::Ordering::Equal => (depth - b, self.nearer(x, y)),
            },
        };
        indent + &self.unit().repeat(levels)
    }

    /// The indentation of a kept line that now stands less or more deep than it did.
    fn kept(&self, depth: usize, open: usize, shifted: bool) -> String {
        let own = self.before.seen.iter().find(|(k, v)| k.1 == open && v.0 == self.number);
        match own.filter(|_| shifted) {
            Some(((old, _), (_, indent))) if depth < *old => shallower(indent, *old - depth, self.unit()),
            Some(((old, _), (_, indent))) => self.unit().repeat(depth - old) + indent,
            None => self.added(depth, open),
        }
    }
}

/// Indentation with some units taken off its end.
fn shallower(indent: &str, levels: usize, unit: &str) -> String {
    let mut left: Vec<char> = indent.chars().collect();
    for _ in 0..levels {
        let mut unit: Vec<char> = unit.chars().collect();
        while let (Some(have), Some(want)) = (left.last().copied(), unit.last().copied()) {
            match (have, want) {
                _ if have == want => {
                    left.pop();
                    unit.pop();
                }
                (' ', '\t') => {
                    unit.pop();
                    unit.extend([' '; 8]);
                }
                ('\t', ' ') => {
                    left.pop();
                    left.extend([' '; 8]);
                }
                _ => break,
            }
        }
    }
    left.into_iter().collect()
}

/// A line for itself for what stands in column 0.
fn around_outdents(tokens: Vec<Token>) -> Vec<Token> {
    let mut tokens = tokens;
    if tokens.first() == Some(&Token::Outdent) {
        tokens.remove(0);
    }
    let breaks = |t: Option<&Token>| t.is_some_and(|t| t.is_newline() || t.text() == "\n");
    let added = |t: Option<&Token>| t.is_some_and(|t| t.is_new() && t.text() == "\n");
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at] != Token::Outdent {
            out.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let Some(line) = tokens.get(at + 1).cloned() else { break };
        let next = tokens.get(at + 2);
        if out.last().is_some_and(Token::is_newline) {
            // The old newline goes behind the new line.
            let old = out.pop();
            out.extend([Token::line_break(), Token::Outdent, line]);
            out.extend(old);
            at += if added(next) { 3 } else { 2 };
        } else {
            if !breaks(out.last()) {
                out.push(Token::line_break());
            }
            out.extend([Token::Outdent, line.clone()]);
            if next.is_some() && !breaks(next) && !line.text().is_empty() {
                out.push(Token::line_break());
            }
            at += 2;
        }
    }
    out
}
