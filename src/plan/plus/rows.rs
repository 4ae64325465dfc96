//! Plus code line by line.
//!
//! In: atoms of plus code. Out: one slice per statement, header, brace, comment or directive. The rule's own line breaks
//! inside of an expression mean nothing.

use super::words::is_operand;
use crate::smpl::pattern::Atom;
use crate::smpl::token::TokenKind;

/// Braces around values.
#[derive(Clone, Copy, Debug)]
struct Values {
    /// Whether the braces stand on lines of their own.
    open: bool,
    /// Whether each value does.
    lines: bool,
}

/// What names stand for.
pub(super) struct Names<'a> {
    /// Whether one stands for a statement.
    pub is_statement: &'a dyn Fn(&Atom) -> bool,
    /// Whether one is that of a macro that makes a loop.
    pub is_iterator: &'a dyn Fn(&Atom) -> bool,
}

/// The atoms line by line: one statement, header or brace each.
pub(super) fn rows<'a>(atoms: &'a [Atom], names: &Names<'_>) -> Vec<&'a [Atom]> {
    let mut out = Vec::new();
    let mut from = 0;
    // For each open bracket, whether it may be that of a cast: nothing stands in front of it that is called.
    let mut round: Vec<bool> = Vec::new();
    let mut cast = false;
    let mut values: Vec<Values> = Vec::new();
    let mut header = false;
    // For each open brace, whether a type stands in it, so that names may follow.
    let mut types: Vec<bool> = Vec::new();
    for i in 0..atoms.len() {
        let text = atoms[i].text.as_str();
        let before = i.checked_sub(1).map_or("", |j| atoms[j].text.as_str());
        if text == "{" {
            types.push(opens_body(&atoms[..i], &["struct", "union", "enum"]));
        }
        let of_type = text == "}" && types.pop().unwrap_or_default();
        match text {
            "(" | "[" => {
                header |= round.is_empty() && opens_header(&atoms[from..i], out.last().copied(), names);
                round.push(!header && i.checked_sub(1).is_none_or(|j| !is_operand(&atoms[j])));
            }
            ")" | "]" => cast = round.pop().unwrap_or_default(),
            "{" if !values.is_empty() || matches!(before, "=" | "," | "(" | "]") => {
                let declared = before == "=" && atoms[from].text != "." && values.is_empty();
                let lines = declared || values.last().is_some_and(|v| v.lines);
                values.push(Values { open: is_long(&atoms[i..]), lines });
            }
            // Values, or names of an enumeration, that the rule writes on one line.
            "{" if (before.is_empty() || before == ")" && cast || opens_body(&atoms[..i], &["enum"]))
                && is_one_line(&atoms[i..]) =>
            {
                values.push(Values { open: false, lines: false });
            }
            "}" => {
                values.pop();
            }
            _ => {}
        }
        let next = atoms.get(i + 1);
        let Some(next) = next else { break };
        let outside = round.is_empty() && values.is_empty();
        let follows = next.text.as_str();
        let comment = next.kind == TokenKind::Comment && next.line == atoms[i].line;
        let inner = values.last().filter(|v| v.open && round.is_empty() && !comment);
        let function =
            text == ")" && follows == "{" && round.is_empty() && !header && from_name(&atoms[from..=i]);
        let ends = match text {
            "{" if inner.is_some() => true,
            _ if inner.is_some() && follows == "}" => true,
            "," if inner.is_some_and(|v| v.lines) => true,
            ")" if function => true,
            _ if !outside || comment => false,
            ";" => true,
            "{" => true,
            _ if (names.is_statement)(&atoms[i]) => follows != ";",
            ":" => is_label(&atoms[from..=i], &atoms[i + 1..], names),
            "}" => !of_type && !matches!(follows, "else" | ";" | "," | ")" | "while"),
            ")" if header => {
                header = false;
                follows != "{"
            }
            "else" => !matches!(follows, "if" | "{"),
            _ => false,
        };
        if ends || is_apart(&atoms[i], next) || outside && is_broken(&atoms[i], next) {
            out.push(&atoms[from..=i]);
            from = i + 1;
        }
    }
    out.push(&atoms[from..]);
    out.retain(|r| !r.is_empty());
    out
}

/// Whether one of two atoms is a line of its own: a directive, or a comment that ends with its line.
fn is_apart(atom: &Atom, next: &Atom) -> bool {
    let directive = |a: &Atom| a.kind == TokenKind::Directive;
    directive(atom) || directive(next) || atom.kind == TokenKind::Comment && next.line != atom.line
}

/// Whether a line of the rule ends behind an atom, and with it one of the code.
fn is_broken(atom: &Atom, next: &Atom) -> bool {
    let code = match next.text.as_str() {
        "{" | "}" => true,
        // It ends what stands above it.
        ";" => false,
        _ => is_break(atom, next),
    };
    code && next.line != atom.line
}

/// Whether a bracket behind the atoms of a row opens the header of a statement that follows.
fn opens_header(row: &[Atom], above: Option<&[Atom]>, names: &Names<'_>) -> bool {
    let repeated = above.is_some_and(|r| r[0].text == "do" && r.last().is_some_and(|a| a.text == ";"));
    let Some((last, before)) = row.split_last() else { return false };
    match last.text.as_str() {
        "while" => before.first().map_or(!repeated, |first| first.text != "}"),
        "if" | "for" | "switch" => true,
        _ => before.is_empty() && (names.is_iterator)(last),
    }
}

/// Whether a row is a label in front of a statement.
fn is_label(row: &[Atom], rest: &[Atom], names: &Names<'_>) -> bool {
    let named = matches!(row, [name, _] if name.kind == TokenKind::Word && name.text != "default");
    named && rest.iter().any(|a| matches!(a.text.as_str(), ";" | "}") || (names.is_statement)(a))
}

/// Whether a brace behind these atoms opens the body of a type that one of these words starts.
fn opens_body(before: &[Atom], words: &[&str]) -> bool {
    before.iter().rev().take(2).any(|atom| words.contains(&atom.text.as_str()))
}

/// Whether the braces that `atoms` starts with close on the line they open on, and hold no statement.
fn is_one_line(atoms: &[Atom]) -> bool {
    let mut depth = 0usize;
    for atom in atoms {
        match atom.text.as_str() {
            "{" => depth += 1,
            "}" if depth == 1 => return atom.line == atoms[0].line,
            "}" => depth -= 1,
            ";" => return false,
            _ => {}
        }
    }
    false
}

/// Whether the values in the braces that `atoms` starts with are more than one, or named.
fn is_long(atoms: &[Atom]) -> bool {
    let mut depth = 0usize;
    for atom in atoms {
        match atom.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            "," if depth == 1 => return true,
            _ => {}
        }
    }
    atoms.get(1).is_some_and(|a| a.text == ".")
}

/// Whether a row that ends in `)` starts a function: two words stand before its bracket.
pub(super) fn from_name(row: &[Atom]) -> bool {
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
