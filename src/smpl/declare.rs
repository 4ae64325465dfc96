//! Declarations of metavariables.
//!
//! In: the span between a header and `@@`. Out: [`Metavariable`]s. Refuses what is neither a kind of metavariable nor
//! a C type, one mistake for each declaration.

mod constraints;
mod kinds;
mod script;
mod types;

use super::cursor::Cursor;
use super::metavariable::{FreshPart, MetaKind, Metavariable, TypeConstraint};
use super::nearest::nearest;
use super::outline;
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};
use constraints::{constraints, script_constraint};
use kinds::{KINDS, begins_declaration, keyword_kind};
use types::{inherited_types, types};

pub use script::script_variables;

/// Read the metavariables of a rule.
pub fn metavariables(file: &SourceFile, span: Span) -> (Vec<Metavariable>, Vec<Diagnostic>) {
    let mut c = Cursor::new(file, span);
    let mut out = Vec::new();
    while !c.at_end() {
        let (told, start) = (c.diagnostics.len(), c.mark());
        if !c.eat(";") && declaration(&mut c, &mut out).is_none() {
            // One mistake makes others of what follows it.
            c.diagnostics.truncate(told + 1);
            skip(&mut c, start);
        }
    }
    (out, c.diagnostics)
}

/// What one declaration gives to all its names.
struct Base {
    kind: MetaKind,
    types: Vec<TypeConstraint>,
}

/// Go on with the next declaration: behind the next `;`, or in front of a line that says what it declares.
fn skip(c: &mut Cursor<'_>, start: usize) {
    while !c.at_end() && !c.eat(";") {
        if c.mark() > start && begins_declaration(c, 0) {
            return;
        }
        c.advance();
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
            let help = "a declaration is `kind name, name…;`";
            if c.at_end() || begins_declaration(c, 0) {
                let message = format!("expected `;` behind `{}`", out.last().map_or("", |m| &m.name));
                c.error_at(c.behind(), "smpl-metavariable", message, help);
            } else {
                c.error("smpl-metavariable", format!("expected `,` or `;`, found `{}`", c.text()), help);
            }
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
    if let Some(kind) = types.first().and_then(|t| nearest(&t.base, KINDS)) {
        let span = types[0].span;
        let message = format!("unknown kind of metavariable `{}`", types[0].base);
        c.error_at(span, "smpl-metavariable", message, &format!("did you mean `{kind}`?"));
        return None;
    }
    Some(Base { kind: MetaKind::Expression, types })
}

/// Words of C that can name nothing.
const CONTROL: [&str; 13] = [
    "if", "else", "while", "for", "do", "switch", "case", "default", "return", "goto", "break", "continue",
    "sizeof",
];

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
    if CONTROL.contains(&c.text()) {
        let help = "a metavariable may have any other name";
        c.error("smpl-metavariable", format!("`{}` is a keyword of C", c.text()), help);
        return None;
    }
    let Some(mut name) = c.word() else {
        let found = if c.at_end() { "@@" } else { c.text() };
        c.error("smpl-metavariable", format!("expected a name, found `{found}`"), "");
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpl::metavariable::{Constraint, ConstraintValue, IdScope, ListLength};

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
