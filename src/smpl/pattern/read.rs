//! Reading patterns: the tokens of a rule's code as C.
//!
//! In: tokens of a rule, marked or not, the metavariables, and what the code is to be. Out: a [`Pattern`]. Refuses what does
//! not parse as that, with the place.

use super::{Atom, Hung, Leaf, Metavariables, Pattern, PatternKind, Slot, by_name};
use crate::diagnostic::Diagnostic;
use crate::smpl::metavariable::Metavariable;
use crate::smpl::spell::{Known, Spelling, spell};
use crate::smpl::token::{LineMode, Mark, Token, TokenKind, lex, unmarked};
use crate::source::{SourceFile, Span};
use crate::syntax::{self, Field, Kind, Node, NodeId, Tree};
use std::sync::{Arc, OnceLock};

/// The atoms of a span of a rule file.
pub fn atoms(file: &SourceFile, span: Span, mode: LineMode) -> Vec<Atom> {
    atoms_of(file, &lex(file, span, mode))
}

/// The atoms of tokens.
pub fn atoms_of(file: &SourceFile, tokens: &[Token]) -> Vec<Atom> {
    let one = |(id, t): (usize, &Token)| {
        let place = file.line_column(t.span);
        Atom {
            kind: t.kind,
            text: text(file, t),
            line: place.line,
            column: place.column,
            span: t.span,
            id: id as u32,
            mark: t.mark,
            optional: t.optional,
            attached: t.attached.clone(),
            hung: Hung::Nothing,
            also: Vec::new(),
        }
    };
    tokens.iter().enumerate().map(one).collect()
}

/// The characters of a token: each line that one of the preprocessor goes on in has a mark of its own, and a blank behind.
fn text(file: &SourceFile, token: &Token) -> String {
    let text = file.slice(token.span);
    if token.kind != TokenKind::Directive || token.mark == Mark::Context {
        return text.to_string();
    }
    let below = |line| unmarked(line).strip_prefix(' ').unwrap_or(unmarked(line));
    let lines: Vec<&str> =
        text.split('\n').enumerate().map(|(i, l)| if i > 0 { below(l) } else { l }).collect();
    lines.join("\n")
}

impl Pattern {
    /// Read a span of a rule file as an expression.
    pub fn expression(file: &SourceFile, span: Span, metas: &[Metavariable]) -> Result<Self, Diagnostic> {
        Self::read(file, &atoms(file, span, LineMode::Inline), &by_name(metas), PatternKind::Expression)
    }

    /// Read a span of a rule file as statements.
    pub fn statements(file: &SourceFile, span: Span, metas: &[Metavariable]) -> Result<Self, Diagnostic> {
        Self::read(file, &atoms(file, span, LineMode::Inline), &by_name(metas), PatternKind::Statements)
    }

    /// Read a span of a rule file as a type.
    pub fn type_(file: &SourceFile, span: Span, metas: &[Metavariable]) -> Result<Self, Diagnostic> {
        Self::read(file, &atoms(file, span, LineMode::Inline), &by_name(metas), PatternKind::Type)
    }

    /// Read a span of a rule file as a declaration; its `;` may be left out.
    pub fn declaration(file: &SourceFile, span: Span, metas: &[Metavariable]) -> Result<Self, Diagnostic> {
        let mut atoms = atoms(file, span, LineMode::Inline);
        if let Some(last) = atoms.last().filter(|a| a.text != ";" && a.text != "}").cloned() {
            atoms.push(Atom {
                kind: TokenKind::Punct,
                text: ";".into(),
                id: u32::MAX,
                attached: Vec::new(),
                ..last
            });
        }
        let pattern = Self::read(file, &atoms, &by_name(metas), PatternKind::Statements)?;
        let kind = pattern.roots().next().map(Node::kind);
        match kind {
            Some(Kind::Declaration | Kind::TypeDefinition) => Ok(pattern),
            _ => Err(Diagnostic::error("smpl-pattern", "this is not a declaration").at(file, span, "here")),
        }
    }

    /// Read atoms as `kind`.
    pub fn read(
        file: &SourceFile,
        atoms: &[Atom],
        metas: &Metavariables,
        kind: PatternKind,
    ) -> Result<Self, Diagnostic> {
        Self::read_with(file, atoms, metas, kind, &Known::default())
    }

    /// Read atoms as `kind`, where some parts of them may have been read before.
    pub(in crate::smpl) fn read_with(
        file: &SourceFile,
        atoms: &[Atom],
        metas: &Metavariables,
        kind: PatternKind,
        known: &Known,
    ) -> Result<Self, Diagnostic> {
        let mut first = None;
        for spelling in [Spelling::TypesAsKeywords, Spelling::Names] {
            let (text, pieces, slots) = spell(file, atoms, metas, kind, spelling, known)?;
            let source = SourceFile::new("pattern", text);
            let tree = match &metas.names {
                Some(names) => syntax::parse_with(&source, names),
                None => syntax::parse(&source),
            };
            match roots(&tree, kind) {
                Ok(roots) => {
                    let (pieces, slots) = (Arc::new(pieces), Arc::new(slots));
                    let pattern = Self {
                        tree: Arc::new(tree),
                        roots,
                        kind,
                        pieces,
                        slots,
                        metavariables: metas.clone(),
                        alternatives: Arc::default(),
                        negated: Arc::default(),
                        only_tested: false,
                        root_kinds: OnceLock::new(),
                    };
                    if !pattern.is_statements_in_disguise() {
                        return Ok(pattern);
                    }
                    first.get_or_insert(atoms.first().map_or(Span::default(), |a| a.span));
                }
                Err(at) => {
                    let piece = pieces.iter().find(|p| p.span.end as usize > at).or(pieces.last());
                    let place = piece.map_or(Span::default(), |p| p.atom.span);
                    first.get_or_insert(place);
                }
            }
        }
        Err(unreadable(file, first.unwrap_or_default(), kind))
    }

    /// Whether it is one disjunction with a branch of statements, though no statements were asked for.
    fn is_statements_in_disguise(&self) -> bool {
        if !self.kind.is_part() {
            return false;
        }
        let statements = |p: &Self| !p.kind().is_part();
        match self.single().map(|root| self.leaf(root)) {
            Some(Leaf::Slot(Slot::Disjunction(all) | Slot::Conjunction(all))) => all.iter().any(statements),
            Some(Leaf::Slot(Slot::Nest(_, inner, _))) => statements(inner),
            _ => false,
        }
    }
}

fn unreadable(file: &SourceFile, span: Span, kind: PatternKind) -> Diagnostic {
    let what = match kind {
        PatternKind::Expression => "an expression",
        PatternKind::Type => "a type",
        PatternKind::Initializer => "an initialiser",
        PatternKind::Statements => "statements",
        PatternKind::TopLevel => "declarations and functions",
    };
    Diagnostic::error("smpl-pattern", format!("cannot read this as {what}"))
        .at(file, span, "the parse stops about here")
        .help(
            "a common cause is a metavariable that is not declared, or minus code that does not parse alone",
        )
}

/// The nodes of the pattern in its wrapped text, or where the parse went wrong.
fn roots(tree: &Tree, kind: PatternKind) -> Result<Vec<NodeId>, usize> {
    let root = tree.root();
    if let Some(bad) = root.descendants().find(|n| n.kind().is_opaque()) {
        return Err(bad.span().start as usize);
    }
    let wrong = Err(0);
    // Attributes belong to what stands next to them.
    let named = |n: Node<'_>| {
        let attribute = |c: &Node<'_>| {
            matches!(c.kind(), Kind::MacroAttribute | Kind::AttributeSpecifier | Kind::AttributeDeclaration)
        };
        let alone = n.named_children().all(|c| attribute(&c));
        n.named_children().filter(|c| alone || !attribute(c)).map(|c| c.id()).collect::<Vec<_>>()
    };
    if kind == PatternKind::TopLevel {
        return Ok(named(root));
    }
    if kind == PatternKind::Initializer {
        return initializer(root).map(|list| vec![list.id()]).ok_or(0);
    }
    let Some(function) = root.child_of(Kind::FunctionDefinition) else { return wrong };
    let Some(body) = function.child_of(Kind::CompoundStatement) else { return wrong };
    if root.named_children().count() != 1 {
        return wrong;
    }
    let wanted = match kind {
        PatternKind::Statements => return Ok(named(body)),
        PatternKind::Expression => Kind::ParenthesizedExpression,
        _ => Kind::CastExpression,
    };
    let mut statements = body.named_children();
    let (Some(statement), None) = (statements.next(), statements.next()) else { return wrong };
    let Some(node) = statement.descendants().find(|n| n.is(wanted)) else { return wrong };
    // `vd__r = (…);` and `vd__r = (…)0;` have to be all there is.
    let outer = node.parent().filter(|p| p.is(Kind::AssignmentExpression) && p.parent() == Some(statement));
    let inner: Vec<_> = node.named_children().collect();
    match (outer, inner.as_slice(), kind) {
        (Some(_), [one], PatternKind::Expression) => Ok(vec![one.id()]),
        (Some(_), [one, _], PatternKind::Type) if one.is(Kind::TypeDescriptor) => Ok(vec![one.id()]),
        _ => wrong,
    }
}

/// The braces behind the `=` of the only thing that a file declares.
fn initializer(root: Node<'_>) -> Option<Node<'_>> {
    let only = |n: Node<'_>| root.named_children().count() == 1 && n.is(Kind::Declaration);
    let declaration = root.named_children().next().filter(|n| only(*n))?;
    let mut declared = declaration.named_children().filter(|n| n.role() == Some(Field::Declarator));
    let (one, None) = (declared.next()?, declared.next()) else { return None };
    one.child(Field::Value).filter(|value| value.is(Kind::InitializerList))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpl::declare::metavariables;
    use proptest::prelude::*;

    fn read(decls: &str, text: &str, kind: PatternKind) -> Result<Pattern, Diagnostic> {
        let file = SourceFile::new("d", decls);
        let metas = metavariables(&file, Span::new(0, decls.len())).0;
        let file = SourceFile::new("r.cocci", text);
        let all = atoms(&file, Span::new(0, text.len()), LineMode::Body);
        Pattern::read(&file, &all, &by_name(&metas), kind)
    }

    fn sexp(p: &Pattern) -> String {
        p.roots().map(Node::to_sexp).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn types_do_not_become_products() {
        let p = read("type T; identifier x;", "T *x;", PatternKind::Statements).unwrap();
        assert!(sexp(&p).starts_with("(declaration"), "{}", sexp(&p));
        let p = read("type T;", "T *", PatternKind::Type).unwrap();
        assert!(sexp(&p).contains("type_descriptor"), "{}", sexp(&p));
    }

    #[test]
    fn statements_dots_and_disjunctions() {
        let text = "  f(..., x)@p;\n  ... when != g(x)\n      when any\n(\n- a();\n|\n  if (x) S\n)\n";
        let p = read("statement S; expression x; position p;", text, PatternKind::Statements).unwrap();
        assert_eq!(p.roots().count(), 3);
        assert_eq!(p.slots().len(), 3);
        let Slot::Disjunction(branches) = &p.slots()[2] else { panic!("{:?}", p.slots()) };
        assert_eq!(branches.len(), 2);
        let p = read("expression E;", "\\(f\\|g\\)(E, <+... E ...+>)", PatternKind::Expression).unwrap();
        assert_eq!(
            sexp(&p),
            "(call_expression function: (identifier) arguments: (argument_list (identifier) (identifier)))"
        );
    }

    #[test]
    fn what_is_no_c_is_refused() {
        assert!(read("", "f(", PatternKind::Expression).is_err());
        assert!(read("", "a; b", PatternKind::Expression).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bodies_never_panic(text in "[a-zS(){}|&+\\-*.,;:<=@\"#/ \n\\\\]{0,60}") {
            for kind in [PatternKind::Expression, PatternKind::Statements, PatternKind::TopLevel] {
                let _ = read("statement S; type a; position p;", &text, kind);
            }
        }
    }
}
