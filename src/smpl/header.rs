//! Rule headers: what stands between `@` and `@`.
//!
//! In: the span of a header. Out: a [`ParsedHeader`], which says what kind of rule follows. Refuses words it does
//! not know, each with its place.

use super::cursor::Cursor;
use super::nearest::nearest;
use super::rule::{BodyKind, Depends, Header, Quantifier, ScriptPhase};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};

/// What follows a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderKind {
    /// C.
    Rule,
    /// A script in that language.
    Script(String, ScriptPhase),
    /// Clauses.
    Walk,
}

/// A header and what it announces.
#[derive(Clone, Debug)]
pub struct ParsedHeader {
    /// The header.
    pub header: Header,
    /// What follows.
    pub kind: HeaderKind,
}

/// Read the header that covers `span`, `@` to `@`.
pub fn parse_header(file: &SourceFile, span: Span) -> (ParsedHeader, Vec<Diagnostic>) {
    let inner = Span::new(span.start as usize + 1, (span.end as usize).saturating_sub(1));
    let mut c = Cursor::new(file, inner);
    let mut header = Header {
        name: None,
        span,
        depends: None,
        extends: None,
        disable: Vec::new(),
        using: Vec::new(),
        quantifier: None,
        body: BodyKind::Any,
    };
    let kind = header_kind(&mut c);
    let keyword = matches!(c.text(), "depends" | "extends" | "disable" | "using" | "exists" | "forall")
        || (matches!(c.text(), "expression" | "identifier" | "type") && kind == HeaderKind::Rule);
    if !keyword {
        header.name = c.word();
    }
    while !c.at_end() {
        clause(&mut c, &mut header);
    }
    if kind == HeaderKind::Walk && header.name.is_none() {
        c.error_at(span, "smpl-header", "a walk rule needs a name", "write `@walk:name@`");
    }
    (ParsedHeader { header, kind }, c.diagnostics)
}

fn header_kind(c: &mut Cursor<'_>) -> HeaderKind {
    let phase = match c.text() {
        "script" => Some(ScriptPhase::PerMatch),
        "initialize" => Some(ScriptPhase::Initialize),
        "finalize" => Some(ScriptPhase::Finalize),
        _ => None,
    };
    if c.text_at(1) != ":" {
        return HeaderKind::Rule;
    }
    if c.text() == "walk" {
        c.advance();
        c.advance();
        return HeaderKind::Walk;
    }
    let Some(phase) = phase else { return HeaderKind::Rule };
    c.advance();
    c.advance();
    let language = c.word().unwrap_or_default().to_ascii_lowercase();
    if language.is_empty() {
        c.error("smpl-header", "a script needs a language", "write `script:python`");
    }
    HeaderKind::Script(language, phase)
}

/// The words that clauses of a header begin with.
const CLAUSES: [&str; 9] =
    ["depends", "extends", "disable", "using", "exists", "forall", "expression", "identifier", "type"];

fn clause(c: &mut Cursor<'_>, header: &mut Header) {
    match c.text() {
        "depends" => {
            c.advance();
            if !c.eat("on") {
                c.error("smpl-header", "expected `on` after `depends`", "write `depends on name`");
            }
            // `depends on exists r` and the like put the quantifier of environments here.
            if matches!(c.text(), "exists" | "forall") && !matches!(c.text_at(1), "" | "disable" | "using") {
                c.advance();
            }
            header.depends = disjunction(c);
        }
        "extends" => {
            c.advance();
            header.extends = c.word();
        }
        "disable" => {
            c.advance();
            names(c, &mut header.disable);
        }
        "using" => {
            c.advance();
            while let Some(file) = c.file_name() {
                header.using.push(file);
                c.eat(",");
            }
        }
        "exists" | "forall" => {
            let quantifier = if c.text() == "exists" { Quantifier::Exists } else { Quantifier::Forall };
            c.advance();
            header.quantifier = Some(quantifier);
        }
        "expression" | "identifier" | "type" => {
            header.body = match c.text() {
                "expression" => BodyKind::Expression,
                "identifier" => BodyKind::Identifier,
                _ => BodyKind::Type,
            };
            c.advance();
        }
        other => {
            let message = format!("unexpected `{other}` in a rule header");
            let help = match nearest(other, CLAUSES).or(other.starts_with("depends").then_some("depends on"))
            {
                Some(meant) => &format!("did you mean `{meant}`?"),
                None => "a header is `@name depends on … extends … disable … using … exists@`",
            };
            c.error("smpl-header", message, help);
            c.advance();
            // What follows a clause that is not understood belongs to it.
            while !c.at_end() && !CLAUSES.contains(&c.text()) {
                c.advance();
            }
        }
    }
}

fn names(c: &mut Cursor<'_>, out: &mut Vec<String>) {
    while let Some(name) = c.word() {
        out.push(name);
        if !c.eat(",") {
            break;
        }
    }
}

fn disjunction(c: &mut Cursor<'_>) -> Option<Depends> {
    let mut left = conjunction(c)?;
    while c.eat("||") {
        left = Depends::Or(Box::new(left), Box::new(conjunction(c)?));
    }
    Some(left)
}

fn conjunction(c: &mut Cursor<'_>) -> Option<Depends> {
    let mut left = dependency(c)?;
    while c.eat("&&") {
        left = Depends::And(Box::new(left), Box::new(dependency(c)?));
    }
    Some(left)
}

fn dependency(c: &mut Cursor<'_>) -> Option<Depends> {
    if c.eat("!") {
        return Some(Depends::Not(Box::new(dependency(c)?)));
    }
    if c.eat("(") {
        let inner = disjunction(c);
        if !c.eat(")") {
            c.error(
                "smpl-header",
                "expected `)` in the dependency",
                "names are joined by `&&` and `||`, and `!` stands before one",
            );
        }
        return inner;
    }
    if c.text() == "file" && c.text_at(1) == "in" {
        c.advance();
        c.advance();
        return c.string().map(Depends::FileIn);
    }
    let qualifier = if matches!(c.text(), "ever" | "never") { c.word() } else { None };
    let Some(name) = c.word() else {
        c.error(
            "smpl-header",
            "expected a rule's name in the dependency",
            "write `depends on name`, `!name`, `a && b`",
        );
        return None;
    };
    Some(match qualifier.as_deref() {
        Some("ever") => Depends::Ever(name),
        Some(_) => Depends::Never(name),
        None => Depends::Rule(name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> (ParsedHeader, usize) {
        let file = SourceFile::new("r.cocci", text);
        let (h, d) = parse_header(&file, Span::new(0, text.len()));
        (h, d.len())
    }

    #[test]
    fn everything_at_once() {
        let (h, errors) = header("@r depends on (a || !b) && never c disable x, y exists@");
        assert_eq!(errors, 0);
        assert_eq!(h.header.name.as_deref(), Some("r"));
        assert_eq!(h.header.disable, ["x", "y"]);
        assert_eq!(h.header.quantifier, Some(Quantifier::Exists));
        let a_or_b = Depends::Or(
            Box::new(Depends::Rule("a".into())),
            Box::new(Depends::Not(Box::new(Depends::Rule("b".into())))),
        );
        let want = Depends::And(Box::new(a_or_b), Box::new(Depends::Never("c".into())));
        assert_eq!(h.header.depends, Some(want));
    }

    #[test]
    fn kinds_of_rules() {
        assert_eq!(header("@walk:w depends on v@").0.kind, HeaderKind::Walk);
        assert_eq!(header("@walk:@").1, 1);
        let python = HeaderKind::Script("python".into(), ScriptPhase::PerMatch);
        assert_eq!(header("@script:python depends on v@").0.kind, python);
        assert_eq!(header("@expression@").0.header.body, BodyKind::Expression);
        assert_eq!(header("@r wrong@").1, 1);
    }
}
