//! Patterns: C with metavariables, dots and disjunctions, parsed by the front end that parses code.
//!
//! In: tokens of a rule, marked or not, and the metavariables. Out: a [`Pattern`], a tree in which metavariables are
//! leaves and every other construct of the rule language is a [`Slot`], an identifier of a name that no rule uses.
//! Refuses what does not parse as C, with the place.

use super::directive::Directive;
use super::rule::{MetaKind, Metavariable};
use super::spell::{Known, Spelling, spell};
use super::token::{LineMode, Mark, Token, TokenKind, lex};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};
use crate::syntax::kind::KindSet;
use crate::syntax::{self, Kind, Node, NodeId, Tree};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

pub use super::vocabulary::{Metavariables, by_name};

/// A token of a rule's body, with its own text: an isomorphism may have made it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atom {
    /// What it is.
    pub kind: TokenKind,
    /// Its characters.
    pub text: String,
    /// Where it stands, or where what it replaces stands.
    pub span: Span,
    /// The line it stands on, from 1.
    pub line: usize,
    /// The column it starts in, from 1; the mark of the line stands in the first.
    pub column: usize,
    /// Its number in the rule; plus code hangs on it.
    pub id: u32,
    /// The mark of its line.
    pub mark: Mark,
    /// Whether its line starts with `?`.
    pub optional: bool,
    /// Metavariables attached with `@`.
    pub attached: Vec<String>,
    /// What plus code hangs on it.
    pub hung: Hung,
    /// Tokens of the rule that it stands for as well: what an isomorphism left out, and plus code hangs on.
    pub also: Vec<u32>,
}

impl Atom {
    /// The words of it that may be metavariables: a format string has some inside.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let inside = if self.kind == TokenKind::String { format_names(&self.text) } else { Vec::new() };
        std::iter::once(self.text.as_str()).chain(inside)
    }
}

/// The names in `%@name@` of a string.
pub fn format_names(text: &str) -> Vec<&str> {
    let named = text.split("%@").skip(1).filter_map(|rest| rest.split_once('@'));
    named.map(|(name, _)| name).collect()
}

/// What plus code hangs on a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hung {
    /// None.
    #[default]
    Nothing,
    /// Code that is added as often as the place matches.
    Repeated,
    /// Code in front of it.
    Before,
    /// Code behind it.
    Behind,
}

impl Atom {
    /// Whether it is the word that opens a condition on dots, if it stands behind them.
    pub fn is_when(&self) -> bool {
        matches!(self.text.as_str(), "when" | "WHEN")
    }
}

/// What a pattern is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PatternKind {
    /// One expression.
    Expression,
    /// One type.
    Type,
    /// Statements and declarations, as in a function's body.
    Statements,
    /// Functions and what else stands at the top of a file.
    TopLevel,
}

/// A condition on what dots skip.
#[derive(Clone, Debug)]
pub enum When {
    /// `when != code`
    Not(Pattern),
    /// `when == code`
    Only(Pattern),
    /// `when != true e`
    NotTrue(Pattern),
    /// `when != false e`
    NotFalse(Pattern),
    /// `when any`
    Any,
    /// `when strict`
    Strict,
    /// `when exists`
    Exists,
    /// `when forall`
    Forall,
}

/// How often a nest's code has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NestCount {
    /// `<... ...>`
    Any,
    /// `<+... ...+>`
    AtLeastOnce,
}

/// What an identifier of the pattern's text stands for when it is no metavariable.
#[derive(Clone, Debug)]
pub enum Slot {
    /// `...`
    Dots(Vec<When>),
    /// `\( a \| b \)`
    Disjunction(Vec<Pattern>),
    /// `\( a \& b \)`
    Conjunction(Vec<Pattern>),
    /// `<... code ...>`
    Nest(NestCount, Box<Pattern>, Vec<When>),
    /// `#define …` and the like.
    Directive(Box<Directive>),
}

/// A piece of the pattern's text and the atom it spells.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Its bytes in the pattern's own text.
    pub span: Span,
    /// What the rule says there.
    pub atom: Atom,
    /// The slot it stands for.
    pub slot: Option<usize>,
}

/// C with holes.
#[derive(Clone, Debug)]
pub struct Pattern {
    tree: Arc<Tree>,
    roots: Vec<NodeId>,
    kind: PatternKind,
    /// Sorted by span.
    pieces: Arc<Vec<Piece>>,
    slots: Arc<Vec<Slot>>,
    metavariables: Metavariables,
    /// What isomorphisms make of its nodes.
    alternatives: Arc<HashMap<NodeId, Vec<Pattern>>>,
    /// The negated conditions of its `if` statements whose branches may be swapped.
    negated: Arc<HashMap<NodeId, Pattern>>,
    /// Whether it stands for code only where that is tested.
    only_tested: bool,
    /// The kinds of code that its only node may match, once that was asked.
    root_kinds: OnceLock<KindSet>,
}

/// What a leaf of a pattern means.
#[derive(Clone, Copy, Debug)]
pub enum Leaf<'p> {
    /// A metavariable.
    Meta(&'p Metavariable),
    /// Something of the rule language.
    Slot(&'p Slot),
    /// C.
    Plain,
}

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
            text: file.slice(t.span).to_string(),
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
    pub(super) fn read_with(
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
        if matches!(self.kind, PatternKind::Statements | PatternKind::TopLevel) {
            return false;
        }
        let statements = |p: &Self| matches!(p.kind(), PatternKind::Statements | PatternKind::TopLevel);
        match self.single().map(|root| self.leaf(root)) {
            Some(Leaf::Slot(Slot::Disjunction(all) | Slot::Conjunction(all))) => all.iter().any(statements),
            Some(Leaf::Slot(Slot::Nest(_, inner, _))) => statements(inner),
            _ => false,
        }
    }

    /// The pattern's nodes, in order, comments left out.
    pub fn roots(&self) -> impl Iterator<Item = Node<'_>> {
        self.roots.iter().map(|id| self.tree.node(*id))
    }

    /// The pattern's node, if it has exactly one.
    pub fn single(&self) -> Option<Node<'_>> {
        if self.roots.len() == 1 { self.roots().next() } else { None }
    }

    /// Other spellings of a node that isomorphisms allow.
    pub fn alternatives(&self, node: Node<'_>) -> &[Pattern] {
        self.alternatives.get(&node.id()).map_or(&[], Vec::as_slice)
    }

    /// The same with other spellings of its nodes.
    #[must_use]
    pub fn with_alternatives(mut self, alternatives: HashMap<NodeId, Vec<Pattern>>) -> Self {
        self.alternatives = Arc::new(alternatives);
        self.root_kinds = OnceLock::new();
        self
    }

    /// The negated condition of an `if` statement, with which its branches may be swapped.
    pub fn negated(&self, statement: Node<'_>) -> Option<&Pattern> {
        self.negated.get(&statement.id())
    }

    /// The same with the negated conditions of its `if` statements.
    #[must_use]
    pub fn with_negated(mut self, negated: HashMap<NodeId, Pattern>) -> Self {
        self.negated = Arc::new(negated);
        self
    }

    /// The same for code that is tested.
    #[must_use]
    pub fn only_tested(self) -> Self {
        Self { only_tested: true, ..self }
    }

    /// Whether it stands for code only where that is tested.
    pub fn is_only_tested(&self) -> bool {
        self.only_tested
    }

    /// The same with other slots, one for each that it has.
    #[must_use]
    pub fn with_slots(mut self, slots: Vec<Slot>) -> Self {
        self.slots = Arc::new(slots);
        self.root_kinds = OnceLock::new();
        self
    }

    /// The kinds of code that its only node may match: found out once, by the matcher.
    pub fn root_kinds(&self, find: impl FnOnce() -> KindSet) -> KindSet {
        *self.root_kinds.get_or_init(find)
    }

    /// What it was read as.
    pub fn kind(&self) -> PatternKind {
        self.kind
    }

    /// The metavariables it may use.
    pub fn metavariables(&self) -> &Metavariables {
        &self.metavariables
    }

    /// All its pieces.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// All its slots.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The piece that starts where `node` starts.
    pub fn piece(&self, node: Node<'_>) -> Option<&Piece> {
        self.piece_at(node.span().start)
    }

    /// The piece at an offset of the pattern's text.
    pub fn piece_at(&self, at: u32) -> Option<&Piece> {
        let index = self.pieces.partition_point(|p| p.span.end <= at);
        self.pieces.get(index).filter(|p| p.span.start <= at)
    }

    /// The pieces that `node` covers.
    pub fn pieces_of(&self, node: Node<'_>) -> &[Piece] {
        let span = node.span();
        let from = self.pieces.partition_point(|p| p.span.start < span.start);
        let to = self.pieces.partition_point(|p| p.span.end <= span.end);
        self.pieces.get(from..to.max(from)).unwrap_or_default()
    }

    /// What `node` means if it is one piece of the rule.
    pub fn leaf(&self, node: Node<'_>) -> Leaf<'_> {
        let Some(piece) = self.piece(node).filter(|p| p.span.end >= node.span().end) else {
            return Leaf::Plain;
        };
        if let Some(slot) = piece.slot {
            return Leaf::Slot(&self.slots[slot]);
        }
        if piece.atom.kind != TokenKind::Word {
            return Leaf::Plain;
        }
        match self.metavariables.get(&piece.atom.text) {
            Some(meta) if !is_literal(&meta.kind) && !matches!(meta.kind, MetaKind::Operator(_)) => {
                Leaf::Meta(meta)
            }
            _ => Leaf::Plain,
        }
    }

    /// The rule's own text of a leaf.
    pub fn text_of<'a>(&'a self, node: Node<'a>) -> &'a str {
        match self.piece(node) {
            Some(piece) if piece.span.end >= node.span().end => &piece.atom.text,
            _ => node.text(),
        }
    }

    /// Names of the metavariables that occur, in order of appearance; attached ones included.
    pub fn used(&self) -> Vec<&str> {
        let mut out: Vec<&str> = Vec::new();
        let directives = self.slots.iter().filter_map(|slot| match slot {
            Slot::Directive(directive) => Some(directive.pieces()),
            _ => None,
        });
        for piece in self.pieces.iter().chain(directives.flatten()) {
            let words = piece.atom.words().filter(|t| self.metavariables.contains_key(*t));
            for name in words.chain(piece.atom.attached.iter().map(String::as_str)) {
                if !out.contains(&name) {
                    out.push(name);
                }
            }
        }
        for inner in self.inner() {
            for name in inner.used() {
                if !out.contains(&name) {
                    out.push(name);
                }
            }
        }
        out
    }

    /// The patterns inside its slots.
    pub fn inner(&self) -> impl Iterator<Item = &Pattern> {
        fn of_when(w: &When) -> Option<&Pattern> {
            match w {
                When::Not(p) | When::Only(p) | When::NotTrue(p) | When::NotFalse(p) => Some(p),
                _ => None,
            }
        }
        self.slots.iter().flat_map(|slot| -> Vec<&Pattern> {
            match slot {
                Slot::Dots(whens) => whens.iter().filter_map(of_when).collect(),
                Slot::Disjunction(all) | Slot::Conjunction(all) => all.iter().collect(),
                Slot::Nest(_, p, whens) => {
                    std::iter::once(p.as_ref()).chain(whens.iter().filter_map(of_when)).collect()
                }
                Slot::Directive(_) => Vec::new(),
            }
        })
    }
}

/// Kinds of metavariables that stand for their own name.
pub fn is_literal(kind: &MetaKind) -> bool {
    use MetaKind::*;
    matches!(kind, Symbol | TypedefName | DeclarerName | IteratorName | AttributeName)
}

fn unreadable(file: &SourceFile, span: Span, kind: PatternKind) -> Diagnostic {
    let what = match kind {
        PatternKind::Expression => "an expression",
        PatternKind::Type => "a type",
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
        let attribute = |c: &Node<'_>| matches!(c.kind(), Kind::MacroAttribute | Kind::AttributeSpecifier);
        let alone = n.named_children().all(|c| attribute(&c));
        n.named_children().filter(|c| alone || !attribute(c)).map(|c| c.id()).collect::<Vec<_>>()
    };
    if kind == PatternKind::TopLevel {
        return Ok(named(root));
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
