//! Declarations of metavariables, of rules and of scripts.
//!
//! In: the span between a header and `@@`. Out: [`Metavariable`]s. Refuses what is neither a kind of metavariable nor
//! a C type, declaration by declaration.

use super::cursor::Cursor;
use super::outline;
use super::parse::braces_len;
use super::rule::*;
use super::token::TokenKind;
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};

/// Read the metavariables of a rule.
pub fn metavariables(file: &SourceFile, span: Span) -> (Vec<Metavariable>, Vec<Diagnostic>) {
    let mut c = Cursor::new(file, span);
    let mut out = Vec::new();
    while !c.at_end() {
        if !c.eat(";") && declaration(&mut c, &mut out).is_none() {
            c.skip_statement();
        }
    }
    (out, c.diagnostics)
}

/// Read what a script reads (`x << r.y`) and binds.
pub fn script_variables(file: &SourceFile, span: Span) -> ((Vec<ScriptInput>, Vec<String>), Vec<Diagnostic>) {
    let mut c = Cursor::new(file, span);
    let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
    while !c.at_end() {
        if c.eat(";") {
            continue;
        }
        // OCaml scripts write `(text, tree) << r.x`.
        let tuple = c.eat("(");
        let Some(name) = c.word() else {
            c.error("smpl-script", "expected `name << rule.metavariable;`", "");
            c.skip_statement();
            continue;
        };
        if tuple {
            while !c.at_end() && !c.eat(")") {
                c.advance();
            }
        }
        if c.eat("<<") {
            let rule = c.word().unwrap_or_default();
            let metavariable = if c.eat(".") { c.word().unwrap_or_default() } else { String::new() };
            let start = c.span().start as usize + 1;
            let default = (c.text() == "=").then(|| {
                while !c.at_end() && c.text() != ";" {
                    c.advance();
                }
                file.slice(Span::new(start, c.span().start as usize)).trim().to_string()
            });
            if metavariable.is_empty() {
                c.error("smpl-script", "expected `rule.metavariable` after `<<`", "");
            }
            inputs.push(ScriptInput { name, rule, metavariable, default });
        } else {
            outputs.push(name);
        }
        if !c.eat(";") {
            c.error("smpl-script", "expected `;` after a script's variable", "");
            c.skip_statement();
        }
    }
    ((inputs, outputs), c.diagnostics)
}

/// What one declaration gives to all its names.
struct Base {
    kind: MetaKind,
    types: Vec<TypeConstraint>,
}

/// The type metavariables of other rules that a declaration's types mention, `rule.T`.
fn inherited_types(types: &[TypeConstraint], out: &mut Vec<Metavariable>) {
    for one in types {
        let Some((rule, name)) = one.rule.as_ref().map(|rule| (rule, &one.base)) else { continue };
        if !out.iter().any(|m| m.name == *name) {
            out.push(Metavariable {
                name: name.clone(),
                span: one.span,
                kind: MetaKind::Type,
                types: Vec::new(),
                inherited: Some(rule.clone()),
                constraints: Vec::new(),
            });
        }
    }
}

fn declaration(c: &mut Cursor<'_>, out: &mut Vec<Metavariable>) -> Option<()> {
    if outline::is_ahead(c) {
        return outline::declaration(c, out);
    }
    let base = base(c)?;
    inherited_types(&base.types, out);
    loop {
        let one = name(c, &base)?;
        out.push(one);
        if c.eat(";") {
            return Some(());
        }
        if !c.eat(",") {
            let message = if c.at_end() {
                "expected `;` before `@@`".to_string()
            } else {
                format!("expected `,` or `;`, found `{}`", c.text())
            };
            c.error("smpl-metavariable", message, "a declaration is `kind name, name…;`");
            return None;
        }
    }
}

fn base(c: &mut Cursor<'_>) -> Option<Base> {
    let start = c.mark();
    if let Some(kind) = keyword_kind(c) {
        let types = match kind {
            MetaKind::Expression | MetaKind::Idexpression(_) | MetaKind::Constant => types(c, &kind),
            _ => Vec::new(),
        };
        return Some(Base { kind, types });
    }
    c.rewind(start);
    let types = types(c, &MetaKind::Metavariable);
    if types.is_empty() {
        let message = format!("`{}` is neither a kind of metavariable nor a type", c.text());
        let help = "kinds are expression, identifier, type, statement, position, constant, idexpression, …";
        c.error("smpl-metavariable", message, help);
        return None;
    }
    if let Some(kind) = types.first().and_then(|t| misspelt(&t.base)) {
        let span = types[0].span;
        let message = format!("unknown kind of metavariable `{}`", types[0].base);
        c.error_at(span, "smpl-metavariable", message, &format!("did you mean `{kind}`?"));
        return None;
    }
    Some(Base { kind: MetaKind::Expression, types })
}

/// The keyword that `word` is one slip away from: it would be read as a type otherwise.
fn misspelt(word: &str) -> Option<&'static str> {
    const KINDS: [&str; 12] = [
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
    ];
    KINDS.into_iter().find(|kind| one_slip(word, kind))
}

/// Whether the two words differ by one letter more, less or otherwise.
fn one_slip(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if long.len() - short.len() > 1 || a == b {
        return false;
    }
    let same = short.bytes().zip(long.bytes()).take_while(|(x, y)| x == y).count();
    let tail = short.bytes().rev().zip(long.bytes().rev()).take_while(|(x, y)| x == y).count();
    same + tail + 1 >= long.len()
}

/// A kind that starts with a keyword; `None` leaves the cursor anywhere.
fn keyword_kind(c: &mut Cursor<'_>) -> Option<MetaKind> {
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

/// The types before the names: `struct s *`, `{int, long}`, `enum`, `*`; nothing if names follow at once.
fn types(c: &mut Cursor<'_>, kind: &MetaKind) -> Vec<TypeConstraint> {
    let mut out = Vec::new();
    if c.eat("{") {
        while !c.at_end() && !c.eat("}") {
            let before = c.span();
            out.extend(one_type(c, true));
            c.eat(",");
            c.eat(";");
            if c.span() == before {
                // What is no type does not hold the list up.
                c.advance();
            }
        }
        return out;
    }
    let named = matches!(kind, MetaKind::Metavariable);
    let word = c.peek().is_some_and(|t| t.kind == TokenKind::Word);
    while named && matches!(c.text(), "const" | "volatile") && c.eat(c.text()) {}
    if c.text() == "*" && !named || word && (named || is_type_ahead(c)) {
        out.extend(one_type(c, false));
    }
    out
}

/// Whether a type stands before the name: two words in a row, or a word and a star.
fn is_type_ahead(c: &Cursor<'_>) -> bool {
    let next = c.text_at(1);
    next == "*"
        || (next == "[" && c.text_at(2) == "]")
        || next == "." && c.text_at(3) == "*"
        || next.starts_with(|ch: char| ch.is_alphabetic() || ch == '_')
}

fn one_type(c: &mut Cursor<'_>, closed: bool) -> Option<TypeConstraint> {
    let start = c.span();
    let mut words: Vec<&str> = Vec::new();
    let mut rule = None;
    // The last word is the name unless the list is closed by a brace, or a star follows.
    while c.peek().is_some_and(|t| t.kind == TokenKind::Word) {
        let next = c.text_at(1);
        let goes_on = next.starts_with(|ch: char| ch.is_alphabetic() || ch == '_')
            || next == "*"
            || next == "[" && c.text_at(2) == "]"
            || next == "." && c.text_at(3) == "*";
        let is_name = !closed && !goes_on && !is_base_word(c.text(), &words);
        if is_name {
            break;
        }
        words.push(c.text());
        c.advance();
        // A type metavariable of another rule.
        if c.text() == "." {
            c.advance();
            rule = words.pop().map(str::to_string);
            words.clear();
            words.push(c.text());
            c.advance();
        }
    }
    let (mut stars, mut arrays) = (0, 0);
    while c.text() == "[" && c.text_at(1) == "]" {
        c.advance();
        c.advance();
        arrays += 1;
    }
    while c.eat("*") {
        stars += 1;
        while matches!(c.text(), "const" | "volatile") && c.eat(c.text()) {}
    }
    while c.text() == "[" && c.text_at(1) == "]" {
        c.advance();
        c.advance();
        arrays += 1;
    }
    if words.is_empty() && stars + arrays == 0 {
        return None;
    }
    Some(TypeConstraint {
        base: words.join(" "),
        rule,
        stars,
        arrays,
        span: start.cover(Span::at(c.span().start as usize)),
    })
}

/// Whether `word` cannot be the name itself: it ends in a keyword of a type before a list of stars.
fn is_base_word(word: &str, words: &[&str]) -> bool {
    words.is_empty()
        && matches!(word, "struct" | "union" | "enum" | "int" | "char" | "void" | "unsigned" | "long")
}

fn name(c: &mut Cursor<'_>, base: &Base) -> Option<Metavariable> {
    let span = c.span();
    let mut types = base.types.clone();
    let (mut more, mut arrays) = (0, 0);
    while c.eat("*") {
        more += 1;
    }
    // `struct s **(*f)(...)` and the like are rare: the name inside the parentheses is what matters.
    let wrapped = c.eat("(");
    if wrapped {
        while c.eat("*") {
            more += 1;
        }
    }
    let Some(mut name) = c.word() else {
        c.error("smpl-metavariable", format!("expected a name, found `{}`", c.text()), "");
        return None;
    };
    let mut inherited = None;
    if c.eat(".") {
        inherited = Some(name);
        let Some(own) = c.word() else {
            c.error("smpl-metavariable", "expected a name after the rule's name", "write `rule.name`");
            return None;
        };
        name = own;
    }
    if wrapped {
        while !c.at_end() && !matches!(c.text(), "," | ";") {
            c.advance();
        }
    }
    while c.eat("[") {
        arrays += 1;
        while !c.at_end() && !c.eat("]") {
            c.advance();
        }
    }
    for one in &mut types {
        one.stars += more;
        one.arrays += arrays;
    }
    let span = span.cover(Span::at(c.span().start as usize));
    let mut one =
        Metavariable { name, span, kind: base.kind.clone(), types, inherited, constraints: Vec::new() };
    if let MetaKind::FreshIdentifier(parts) = &mut one.kind {
        match (c.eat("="), c.text()) {
            (true, "script") => one.constraints.extend(script_constraint(c)),
            (true, _) => fresh_parts(c, parts),
            (false, _) => {}
        }
    } else {
        one.constraints = constraints(c)?;
    }
    if matches!(one.kind, MetaKind::FreshIdentifier(_)) && c.text() == ":" {
        one.constraints = constraints(c)?;
    }
    Some(one)
}

fn fresh_parts(c: &mut Cursor<'_>, parts: &mut Vec<FreshPart>) {
    loop {
        if let Some(text) = c.string() {
            parts.push(FreshPart::Text(text));
        } else if let Some(name) = c.word() {
            let name = if c.eat(".") { format!("{name}.{}", c.word().unwrap_or_default()) } else { name };
            parts.push(FreshPart::Metavariable(name));
        } else {
            c.error("smpl-metavariable", "expected a string or a metavariable", "write `\"prefix\" ## x`");
            return;
        }
        if !c.eat("##") {
            return;
        }
    }
}

fn constraints(c: &mut Cursor<'_>) -> Option<Vec<Constraint>> {
    let mut out = Vec::new();
    while !c.at_end() && !matches!(c.text(), ";" | ",") {
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
                return c.string().map(if operator == "=" {
                    Constraint::Matches
                } else {
                    Constraint::MatchesNot
                });
            }
            let values = values(c);
            Some(if operator == "=" { Constraint::In(values) } else { Constraint::NotIn(values) })
        }
        "=~" | "!~" => {
            c.advance();
            let Some(text) = c.string() else {
                c.error("smpl-metavariable", "expected a regular expression in quotes", "");
                return None;
            };
            Some(if operator == "=~" { Constraint::Matches(text) } else { Constraint::MatchesNot(text) })
        }
        "<" | ">" | "<=" | ">=" => comparison(c, operator),
        ":" => {
            c.advance();
            script_constraint(c)
        }
        _ => {
            c.error(
                "smpl-metavariable",
                format!("expected a constraint, `,` or `;`, found `{operator}`"),
                "",
            );
            None
        }
    }
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

fn script_constraint(c: &mut Cursor<'_>) -> Option<Constraint> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<Metavariable>, usize) {
        let file = SourceFile::new("r.cocci", text);
        let (m, d) = metavariables(&file, Span::new(0, text.len()));
        assert!(d.is_empty() || m.is_empty() || d.len() < 9, "{d:?}");
        (m, d.len())
    }

    #[test]
    fn kinds() {
        let text = "expression E, r.F; struct foo *x; identifier f =~ \"^a\"; expression list[n] es; position p != r.q;
            local idexpression struct foo *y; fresh identifier z = \"a_\" ## f; type T; {int, long} k; expression *e;
            idexpression local i; constant int C; iterator name each; declarer D; binary operator op != {+, -};
            statement S, T2; unsigned int *u, v; symbol list; const char *s; expression e2 <= r.E; foo_t t;
            idexpression T *w; expression x2 : script:python(E) { f(\";\") }; parameter list[k] ps; int n2;";
        let (m, errors) = read(text);
        assert_eq!(errors, 0);
        let names: Vec<_> = m.iter().map(|m| m.name.as_str()).collect();
        let want = "E F x f es p y z T k e i C each D op S T2 u v list s e2 t w x2 ps n2";
        assert_eq!(names, want.split(' ').collect::<Vec<_>>());
        let get = |name: &str| m.iter().find(|m| m.name == name).unwrap();
        assert_eq!(get("F").inherited.as_deref(), Some("r"));
        assert_eq!((get("x").types[0].base.as_str(), get("x").types[0].stars), ("struct foo", 1));
        let types = |name: &str| (get(name).types[0].stars, get(name).types[0].arrays);
        assert_eq!((types("u"), types("v")), ((1, 0), (1, 0)));
        assert_eq!(get("y").kind, MetaKind::Idexpression(IdScope::Local));
        assert_eq!(get("i").kind, MetaKind::Idexpression(IdScope::Local));
        assert_eq!(get("es").kind, MetaKind::ExpressionList(ListLength::Named("n".into())));
        assert_eq!(get("k").types.len(), 2);
        assert_eq!((get("e").types[0].base.as_str(), get("e").types[0].stars), ("", 1));
        assert!(get("E").types.is_empty());
        let q = ConstraintValue::Metavariable(Some("r".into()), "q".into());
        assert_eq!(get("p").constraints, [Constraint::NotIn(vec![q])]);
        assert_eq!(
            get("z").kind,
            MetaKind::FreshIdentifier(vec![
                FreshPart::Text("a_".into()),
                FreshPart::Metavariable("f".into())
            ])
        );
    }

    #[test]
    fn mistakes_are_told_one_by_one() {
        let (m, errors) = read("expresion E;\nexpression 3;\nidentifier ok;\n");
        assert_eq!(m.last().unwrap().name, "ok");
        assert!(errors >= 2);
    }
}
