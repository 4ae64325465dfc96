//! What metavariables are bound to, as scripts see it.
//!
//! In: a [`Binding`], and what kind of metavariable it belongs to. Out: an [`Input`]: text with one space between tokens
//! and without comments, as Coccinelle gives it to scripts; lists with their elements; places.

use crate::matcher::{Binding, Place};
use crate::smpl::MetaKind;
use crate::source::LineColumn;
use crate::syntax::lexer::{TokenKind, lex};

/// A value for a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// Code or a name.
    Text(String),
    /// Arguments, parameters, fields or initialisers.
    List(String, Vec<String>),
    /// Places, each as the fields of `coccilib.elems.Location` in order.
    Places(Vec<Vec<String>>),
}

impl Input {
    /// What a script sees of a binding.
    pub(super) fn of(binding: &Binding, kind: Option<&MetaKind>) -> Self {
        match kind {
            Some(MetaKind::Position(_)) => Self::Places(binding.places.iter().map(location).collect()),
            Some(
                MetaKind::ExpressionList(_)
                | MetaKind::ParameterList(_)
                | MetaKind::FieldList(_)
                | MetaKind::InitializerList(_),
            ) => {
                let tokens = tokens(&binding.text);
                let elements = split(&tokens).iter().map(|e| e.join(" ")).collect();
                Self::List(tokens.join(" "), elements)
            }
            _ if binding.places.is_empty() || !binding.text.is_empty() => {
                Self::Text(tokens(&binding.text).join(" "))
            }
            _ => Self::Places(binding.places.iter().map(location).collect()),
        }
    }

    /// What a script sees of a variable that is not bound: the text of its default as the rule file has it.
    pub(super) fn default(text: &str) -> Self {
        match text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
            Some(text) => Self::Text(text.to_string()),
            None => Self::Places(Vec::new()),
        }
    }
}

fn tokens(code: &str) -> Vec<&str> {
    let seen = |kind| !matches!(kind, TokenKind::Space | TokenKind::Comment);
    lex(code.as_bytes())
        .into_iter()
        .filter(|t| seen(t.kind))
        .filter_map(|t| code.get(t.start as usize..t.end as usize))
        .collect()
}

/// The elements of a list: what stands between its outermost commas, or, in a list of fields, before its semicolons.
fn split<'a>(tokens: &[&'a str]) -> Vec<Vec<&'a str>> {
    let mut out = vec![Vec::new()];
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate() {
        match *token {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        let last = out.len() - 1;
        match *token {
            "," if depth == 0 => out.push(Vec::new()),
            ";" if depth == 0 => {
                out[last].push(*token);
                if at + 1 < tokens.len() {
                    out.push(Vec::new());
                }
            }
            token => out[last].push(token),
        }
    }
    out.retain(|element| !element.is_empty());
    out
}

fn location(place: &Place) -> Vec<String> {
    let line_column = |at: LineColumn| [at.line.to_string(), (at.column - 1).to_string()];
    let mut fields = vec![place.file.to_string(), place.element.to_string()];
    for at in [place.element_at.from, place.element_at.to, place.at.from, place.at.to] {
        fields.extend(line_column(at));
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpl::ListLength;

    fn list(text: &str) -> Input {
        Input::of(&Binding::text(text), Some(&MetaKind::ExpressionList(ListLength::Any)))
    }

    #[test]
    fn code_has_one_space_between_tokens() {
        let seen = Input::of(&Binding::text("a->b /* hi */ [1].c + -2"), Some(&MetaKind::Expression));
        assert_eq!(seen, Input::Text("a -> b [ 1 ] . c + - 2".into()));
    }

    #[test]
    fn lists_know_their_elements() {
        let elements = vec!["f ( a , b )".to_string(), "\"x y\"".to_string()];
        assert_eq!(list("f(a, b),\n\t\"x y\""), Input::List("f ( a , b ) , \"x y\"".into(), elements));
        assert_eq!(list(""), Input::List(String::new(), Vec::new()));
    }

    #[test]
    fn defaults_are_strings_or_no_places() {
        assert_eq!(Input::default("\"no name\""), Input::Text("no name".into()));
        assert_eq!(Input::default("[]"), Input::Places(Vec::new()));
    }
}
