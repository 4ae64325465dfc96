//! Plus code as text: metavariables filled in, spaces as kernel code has them.
//!
//! In: plus code of a rule and the bindings. Out: lines without indentation, each with its depth. A metavariable that
//! is not bound keeps its name: the rule was checked for that.

use crate::matcher::Environment;
use crate::smpl::compile::PlusCode;
use crate::smpl::pattern::{Atom, Metavariables};
use crate::smpl::token::TokenKind;
use crate::smpl::{FreshPart, MetaKind, Metavariable};

/// A line of rendered plus code.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// Its text.
    pub text: String,
    /// How many levels deeper than the first line it stands; negative for a brace that closes an older level.
    pub depth: i32,
}

/// Render plus code.
pub fn render(plus: &PlusCode, metas: &Metavariables, env: &Environment) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut depth = 0;
    let mut hanging = 0;
    for row in rows(&plus.atoms) {
        let closing = row.iter().take_while(|a| a.text == "}").count() as i32;
        let opens = row[0].text == "{";
        lines.push(Line {
            text: text_of(row, metas, env),
            depth: depth - closing + if opens { 0 } else { hanging },
        });
        let opened = row.iter().filter(|a| a.text == "{").count() as i32;
        let closed = row.iter().filter(|a| a.text == "}").count() as i32;
        depth += opened - closed;
        let last = row.last().map_or("", |a| a.text.as_str());
        let first = row.iter().find(|a| a.text != "}").map_or("", |a| a.text.as_str());
        let header = matches!(first, "if" | "for" | "while" | "else") && matches!(last, ")" | "else");
        hanging = if header { hanging + 1 } else { 0 };
    }
    lines
}

/// The atoms line by line: one statement, header or brace each.
fn rows(atoms: &[Atom]) -> Vec<&[Atom]> {
    let mut out = Vec::new();
    let mut from = 0;
    let mut round = 0usize;
    let mut values = 0usize;
    let mut header = false;
    for i in 0..atoms.len() {
        let text = atoms[i].text.as_str();
        let before = i.checked_sub(1).map_or("", |j| atoms[j].text.as_str());
        match text {
            "(" | "[" => {
                header |= round == 0 && matches!(before, "if" | "for" | "while" | "switch");
                round += 1;
            }
            ")" | "]" => round = round.saturating_sub(1),
            "{" if values > 0 || matches!(before, "=" | "," | "(" | "]") => values += 1,
            "}" => values = values.saturating_sub(1),
            _ => {}
        }
        let next = atoms.get(i + 1);
        let Some(next) = next else { break };
        let outside = round == 0 && values == 0;
        let follows = next.text.as_str();
        let comment = next.kind == TokenKind::Comment && next.line == atoms[i].line;
        let field = round == 0 && values > 0 && !comment;
        let function = text == ")" && follows == "{" && round == 0 && !header && from_name(&atoms[from..=i]);
        let ends = match text {
            "{" if field && follows == "." => true,
            "," if field && values == 1 && matches!(follows, "." | "}") && atoms[from].text == "." => true,
            ")" if function => true,
            _ if !outside || comment => false,
            ";" => true,
            "{" => true,
            "}" => !matches!(follows, "else" | ";" | "," | ")" | "while"),
            ")" if header => {
                header = false;
                !matches!(follows, "{" | ";")
            }
            "else" => !matches!(follows, "if" | "{"),
            _ => false,
        };
        let directive = atoms[i].kind == TokenKind::Directive || next.kind == TokenKind::Directive;
        let broken = next.line != atoms[i].line
            && outside
            && (is_break(&atoms[i], next) || follows == "{" || follows == "}");
        if ends || directive || broken || (next.line != atoms[i].line && atoms[i].kind == TokenKind::Comment)
        {
            out.push(&atoms[from..=i]);
            from = i + 1;
        }
    }
    out.push(&atoms[from..]);
    out.retain(|r| !r.is_empty());
    out
}

/// Whether a row that ends in `)` starts a function: two words stand before its bracket.
fn from_name(row: &[Atom]) -> bool {
    let open = row.iter().position(|a| a.text == "(").unwrap_or(0);
    let words = row[..open].iter().filter(|a| a.kind == TokenKind::Word).count();
    let control = matches!(row[0].text.as_str(), "if" | "for" | "while" | "switch" | "else" | "}" | "do");
    !control && (words > 1 || row[..open].iter().any(|a| a.text == "*"))
}

/// Whether a line of the rule that ends here ends a line of the code: not in the middle of an expression.
fn is_break(a: &Atom, b: &Atom) -> bool {
    let operator = |t: &str| {
        matches!(
            t,
            "=" | "+"
                | "-"
                | "*"
                | "/"
                | "&&"
                | "||"
                | "|"
                | "&"
                | "?"
                | ":"
                | "=="
                | "!="
                | "<"
                | ">"
                | "("
                | "."
        )
    };
    !operator(&a.text) && !operator(&b.text) || b.text == "." || matches!(a.text.as_str(), ":")
}

/// The text of a row of atoms.
pub fn text_of(row: &[Atom], metas: &Metavariables, env: &Environment) -> String {
    let mut out = String::new();
    for (i, atom) in row.iter().enumerate() {
        // A type's stars stick to the name.
        let stars = out.ends_with('*') && i > 0 && metas.contains_key(&row[i - 1].text);
        let word = word(atom, metas, env);
        if word.is_empty() && atom.kind == TokenKind::Word {
            // An empty list takes its comma along.
            let rest = out.trim_end();
            out.truncate(rest.strip_suffix(',').unwrap_or(rest).len());
            continue;
        }
        let behind_nothing = out.ends_with('(') && atom.text == ",";
        if behind_nothing {
            continue;
        }
        if i > 0 && !stars && !out.ends_with('(') && space(row, i) {
            out.push(' ');
        }
        out.push_str(&word);
    }
    out.trim_end().to_string()
}

fn word(atom: &Atom, metas: &Metavariables, env: &Environment) -> String {
    if atom.kind == TokenKind::Directive {
        return directive(&atom.text, metas, env);
    }
    if atom.kind != TokenKind::Word {
        return atom.text.clone();
    }
    let Some(meta) = metas.get(&atom.text) else { return atom.text.clone() };
    if matches!(meta.kind, MetaKind::FreshIdentifier(_)) {
        return fresh(meta, env);
    }
    env.get(&atom.text).map_or_else(|| atom.text.clone(), |b| b.text.to_string())
}

/// A preprocessor line with its metavariables filled in.
fn directive(text: &str, metas: &Metavariables, env: &Environment) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let len = crate::smpl::token::word_len(rest);
        let name = &rest[..len];
        if len > 0 && !c.is_ascii_digit() && metas.contains_key(name) {
            out.push_str(env.get(name).map_or(name, |b| &b.text));
        } else if len > 0 {
            out.push_str(name);
        } else {
            out.push(c);
        }
        rest = &rest[len.max(c.len_utf8())..];
    }
    out
}

/// The identifier that a rule makes up.
pub fn fresh(meta: &Metavariable, env: &Environment) -> String {
    let MetaKind::FreshIdentifier(parts) = &meta.kind else { return meta.name.clone() };
    let one = |p: &FreshPart| match p {
        FreshPart::Text(t) => t.clone(),
        FreshPart::Metavariable(m) => env.get(m).map_or(m.clone(), |b| b.text.to_string()),
    };
    let text: String = parts.iter().map(one).collect();
    if text.is_empty() { meta.name.clone() } else { text }
}

fn is_operand(a: &Atom) -> bool {
    let keyword = matches!(a.text.as_str(), "return" | "case" | "else" | "goto" | "sizeof");
    matches!(a.kind, TokenKind::Word | TokenKind::Number | TokenKind::String | TokenKind::Char) && !keyword
        || matches!(a.text.as_str(), ")" | "]")
}

/// Whether a space stands before the `i`th atom.
fn space(row: &[Atom], i: usize) -> bool {
    let (a, b) = (&row[i - 1], &row[i]);
    let written = a.span.end < b.span.start;
    let (x, y) = (a.text.as_str(), b.text.as_str());
    let binary = |j: usize| j > 0 && is_operand(&row[j - 1]) && row.get(j + 1).is_some();
    match (x, y) {
        (_, "," | ";" | ")" | "]") | ("(" | "[", _) => false,
        ("," | ";", _) => true,
        (")", "(") => false,
        ("->" | ".", _) | (_, "->" | ".") => false,
        ("if" | "for" | "while" | "switch" | "return", _) => true,
        (_, "{") | ("}", _) => true,
        (
            _,
            "=" | "==" | "!=" | "<=" | ">=" | "&&" | "||" | "+=" | "-=" | "*=" | "/=" | "|=" | "&=" | "^="
            | "<<" | ">>" | "?",
        ) => true,
        (
            "=" | "==" | "!=" | "<=" | ">=" | "&&" | "||" | "+=" | "-=" | "*=" | "/=" | "|=" | "&=" | "^="
            | "<<" | ">>" | "?",
            _,
        ) => true,
        (_, "+" | "/" | "%" | "|" | "<" | ">" | "^" | "-") if binary(i) => true,
        ("+" | "/" | "%" | "|" | "<" | ">" | "^" | "-", _) if binary(i - 1) => true,
        (_, "(") if a.kind == TokenKind::Word => written && row.get(i + 1).is_some_and(|c| c.text == "*"),
        ("*" | "&" | "!" | "~", _) if i < 2 || !is_operand(&row[i - 2]) => false,
        _ => written,
    }
}
