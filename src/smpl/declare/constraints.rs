//! What a metavariable may be bound to.
//!
//! In: a declaration behind a name. Out: [`Constraint`]s. Refuses operators it does not know and values that are missing.

use super::kinds::begins_declaration;
use crate::smpl::cursor::Cursor;
use crate::smpl::metavariable::{Comparison, Constraint, ConstraintValue};
use crate::smpl::parse::braces_len;
use crate::smpl::regexp::compile;
use crate::source::Span;

/// The constraints behind a name, up to its `,` or `;`.
pub(super) fn constraints(c: &mut Cursor<'_>) -> Option<Vec<Constraint>> {
    let mut out = Vec::new();
    while !c.at_end() && !matches!(c.text(), ";" | ",") && !begins_declaration(c, 0) {
        out.push(alternatives(c)?);
        c.eat("&&");
    }
    Some(out)
}

fn alternatives(c: &mut Cursor<'_>) -> Option<Constraint> {
    let first = constraint(c)?;
    let mut all = vec![first];
    while c.eat("||") {
        all.push(constraint(c)?);
    }
    Some(if all.len() == 1 { all.remove(0) } else { Constraint::Any(all) })
}

fn constraint(c: &mut Cursor<'_>) -> Option<Constraint> {
    let operator = c.text();
    match operator {
        "(" => {
            c.advance();
            let mut inner = vec![alternatives(c)?];
            while c.eat("&&") {
                inner.push(alternatives(c)?);
            }
            c.eat(")");
            Some(Constraint::All(inner))
        }
        "!" => {
            c.advance();
            Some(Constraint::Not(Box::new(constraint(c)?)))
        }
        "=" | "!=" => {
            c.advance();
            // `x = ~ "re"` and `x != ~ "re"` of old rules.
            if c.eat("~") {
                return regexp(c, if operator == "=" { Constraint::Matches } else { Constraint::MatchesNot });
            }
            let values = values(c);
            Some(if operator == "=" { Constraint::In(values) } else { Constraint::NotIn(values) })
        }
        "=~" | "!~" => {
            c.advance();
            regexp(c, if operator == "=~" { Constraint::Matches } else { Constraint::MatchesNot })
        }
        "<" | ">" | "<=" | ">=" => comparison(c, operator),
        ":" => {
            c.advance();
            script_constraint(c)
        }
        _ => {
            // `==` is C, `~=` and `!=~` are other languages.
            let help = match (operator, c.text_at(1)) {
                ("==", _) => "did you mean `=`?",
                ("~", _) => "did you mean `=~`?",
                _ => "constraints are `=`, `!=`, `=~`, `!~`, `<=`, `<`, `>` and `: script:…`",
            };
            let message = format!("expected a constraint, `,` or `;`, found `{operator}`");
            c.error("smpl-metavariable", message, help);
            None
        }
    }
}

fn regexp(c: &mut Cursor<'_>, make: fn(String) -> Constraint) -> Option<Constraint> {
    let span = c.span();
    let Some(text) = c.string() else {
        let help = "write it in double quotes: `=~ \"^name\"`";
        c.error("smpl-metavariable", "expected a regular expression in quotes", help);
        return None;
    };
    if let Err(why) = compile(&text) {
        c.error_at(span, "smpl-metavariable", "this is no regular expression", &why);
        return None;
    }
    Some(make(text))
}

fn comparison(c: &mut Cursor<'_>, operator: &str) -> Option<Constraint> {
    c.advance();
    let negative = c.eat("-");
    if let Some(n) = c.number() {
        let order = match operator {
            "<" => Comparison::Less,
            ">" => Comparison::Greater,
            "<=" => Comparison::AtMost,
            _ => Comparison::AtLeast,
        };
        return Some(Constraint::Compare(order, if negative { -n } else { n }));
    }
    Some(Constraint::PartOf(values(c)))
}

/// `v` or `{v, v}`.
fn values(c: &mut Cursor<'_>) -> Vec<ConstraintValue> {
    let mut out = Vec::new();
    if !c.eat("{") {
        out.extend(value(c, false));
        return out;
    }
    while !c.at_end() && !c.eat("}") {
        out.extend(value(c, true));
        c.eat(",");
    }
    out
}

/// One value: tokens up to a separator outside of brackets.
fn value(c: &mut Cursor<'_>, listed: bool) -> Option<ConstraintValue> {
    let start = c.span();
    let mut end = start;
    let mut depth = 0usize;
    let mut words = Vec::new();
    while !c.at_end() {
        match c.text() {
            "(" | "[" => depth += 1,
            ")" | "]" if depth == 0 => break,
            ")" | "]" => depth -= 1,
            "," | ";" | "}" if depth == 0 => break,
            "&&" | "||" if depth == 0 && !listed => break,
            _ if depth == 0 && begins_declaration(c, 0) => break,
            _ => {}
        }
        end = c.span();
        words.push(c.text());
        c.advance();
    }
    match words.as_slice() {
        [] => {
            c.error("smpl-metavariable", "expected a value", "");
            c.advance();
            None
        }
        [rule, ".", name] => {
            Some(ConstraintValue::Metavariable(Some((*rule).to_string()), (*name).to_string()))
        }
        _ => Some(ConstraintValue::Text(c.file.slice(start.cover(end)).to_string())),
    }
}

/// `script:language(arguments) { code }`
pub(super) fn script_constraint(c: &mut Cursor<'_>) -> Option<Constraint> {
    if !(c.eat("script") && c.eat(":")) {
        c.error("smpl-metavariable", "expected `script:language(arguments) { code }`", "");
        return None;
    }
    let language = c.word().unwrap_or_default();
    let mut arguments = Vec::new();
    if c.eat("(") {
        while !c.at_end() && !c.eat(")") {
            arguments.extend(value(c, true));
            c.eat(",");
        }
    }
    let start = c.span().start as usize;
    let text = c.file.text().get(start..).unwrap_or_default();
    let Some(len) = braces_len(text).filter(|_| text.starts_with('{')) else {
        c.error("smpl-metavariable", "expected `{ code }`", "");
        return None;
    };
    c.skip_to_offset(start + len);
    Some(Constraint::Script { language, arguments, code: Span::new(start, start + len) })
}
