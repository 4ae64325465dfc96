//! Which words say what a metavariable stands for.
//!
//! In: a declaration from its first word. Out: its [`MetaKind`], the cursor at the types or names that follow. Refuses
//! nothing but the length of a list that is not closed: what is no kind may be a type.

use crate::smpl::cursor::Cursor;
use crate::smpl::metavariable::{IdScope, ListLength, MetaKind, OperatorKind, PositionKind};

/// The words that a declaration may begin with: read as the type of an expression, a misspelt one would match nothing.
pub(super) const KINDS: [&str; 16] = [
    "expression",
    "identifier",
    "idexpression",
    "statement",
    "position",
    "constant",
    "parameter",
    "declaration",
    "initializer",
    "initialiser",
    "declarer",
    "iterator",
    "metavariable",
    "typedef",
    "symbol",
    "attribute",
];

/// Whether the `n`th token from here begins a line with such a word, and a name follows.
pub(super) fn begins_declaration(c: &Cursor<'_>, n: usize) -> bool {
    let word = c.text_at(n);
    let named = !matches!(c.text_at(n + 1), "," | ";" | "=" | "!=" | "=~" | "!~" | ":" | "");
    c.starts_line(n)
        && named
        && (KINDS.contains(&word) || matches!(word, "type" | "local" | "global" | "fresh"))
}

/// A kind that starts with a keyword; `None` leaves the cursor anywhere.
pub(super) fn keyword_kind(c: &mut Cursor<'_>) -> Option<MetaKind> {
    // A keyword alone before a name: `name` cannot be the name itself unless something follows it.
    let followed =
        |c: &Cursor<'_>, word: &str| c.text() == word && !matches!(c.text_at(1), "," | ";" | "=" | "!" | "");
    let word = c.word()?;
    Some(match word.as_str() {
        "metavariable" => MetaKind::Metavariable,
        "symbol" => MetaKind::Symbol,
        "typedef" => MetaKind::TypedefName,
        "type" => MetaKind::Type,
        "function" => MetaKind::Function,
        "identifier" if followed(c, "list") => {
            c.advance();
            list_length(c);
            MetaKind::IdentifierList
        }
        "identifier" => MetaKind::Identifier,
        "fresh" => {
            c.eat("identifier");
            MetaKind::FreshIdentifier(Vec::new())
        }
        "expression" if followed(c, "list") => list(c, MetaKind::ExpressionList),
        "expression" => MetaKind::Expression,
        "idexpression" => MetaKind::Idexpression(id_scope(c)),
        "local" | "global" if c.text() == "idexpression" => {
            c.advance();
            MetaKind::Idexpression(if word == "local" { IdScope::Local } else { IdScope::Global })
        }
        "local" if c.text() == "function" && followed(c, "function") => {
            c.advance();
            MetaKind::Function
        }
        "constant" => MetaKind::Constant,
        "statement" if followed(c, "list") => list(c, MetaKind::StatementList),
        "statement" => MetaKind::Statement,
        "declaration" => MetaKind::Declaration,
        "field" if followed(c, "list") => list(c, MetaKind::FieldList),
        "field" => MetaKind::Field,
        "parameter" if followed(c, "list") => list(c, MetaKind::ParameterList),
        "parameter" => MetaKind::Parameter,
        "initialiser" | "initializer" if followed(c, "list") => list(c, MetaKind::InitializerList),
        "initialiser" | "initializer" => MetaKind::Initializer,
        "declarer" | "iterator" | "attribute" => {
            let literal = followed(c, "name") && c.eat("name");
            match (word.as_str(), literal) {
                ("declarer", true) => MetaKind::DeclarerName,
                ("declarer", false) => MetaKind::Declarer,
                ("iterator", true) => MetaKind::IteratorName,
                ("iterator", false) => MetaKind::Iterator,
                (_, true) => MetaKind::AttributeName,
                (_, false) => MetaKind::Attribute,
            }
        }
        "position" => {
            let any = followed(c, "any") && c.eat("any");
            MetaKind::Position(if any { PositionKind::Any } else { PositionKind::Plain })
        }
        "format" if followed(c, "list") => list(c, MetaKind::FormatList),
        "format" => MetaKind::Format,
        "assignment" if c.eat("operator") => MetaKind::Operator(OperatorKind::Assignment),
        "binary" if c.eat("operator") => MetaKind::Operator(OperatorKind::Binary),
        "unary" if c.eat("operator") => MetaKind::Operator(OperatorKind::Unary),
        "pragmainfo" => MetaKind::Pragma,
        _ => return None,
    })
}

fn id_scope(c: &mut Cursor<'_>) -> IdScope {
    let scope = match c.text() {
        "local" => IdScope::Local,
        "global" => IdScope::Global,
        _ => return IdScope::Any,
    };
    if matches!(c.text_at(1), "," | ";" | "=" | "!") {
        return IdScope::Any;
    }
    c.advance();
    scope
}

fn list(c: &mut Cursor<'_>, make: fn(ListLength) -> MetaKind) -> MetaKind {
    c.advance();
    make(list_length(c))
}

fn list_length(c: &mut Cursor<'_>) -> ListLength {
    if !c.eat("[") {
        return ListLength::Any;
    }
    let length = match c.number() {
        Some(n) => ListLength::Exactly(n.max(0) as usize),
        None => named_length(c),
    };
    if !c.eat("]") {
        c.error("smpl-metavariable", "expected `]` after the length of a list", "");
    }
    length
}

/// `n`, `rule.n`, or `n = {2, 4 ... 6}`.
fn named_length(c: &mut Cursor<'_>) -> ListLength {
    let Some(mut name) = c.word() else { return ListLength::Any };
    if c.eat(".") {
        name = format!("{name}.{}", c.word().unwrap_or_default());
    }
    if !c.eat("=") {
        return ListLength::Named(name);
    }
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    c.eat("{");
    while let Some(from) = c.number() {
        let to = if c.eat("...") { c.number().unwrap_or(i64::MAX) } else { from };
        ranges.push((from.max(0) as usize, to.max(0) as usize));
        c.eat(",");
    }
    c.eat("}");
    ListLength::Within(name, ranges)
}
