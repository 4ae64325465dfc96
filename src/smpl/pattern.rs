//! Patterns: C with metavariables, dots and disjunctions, parsed by the front end that parses code.
//!
//! In: what was read of a rule's code. Out: a [`Pattern`], a tree in which metavariables are leaves and every other
//! construct of the rule language is a [`Slot`], an identifier of a name that no rule uses.

mod read;

use super::directive::Directive;
use super::metavariable::{MetaKind, Metavariable};
use super::token::{Mark, TokenKind};
use crate::source::Span;
use crate::syntax::kind::KindSet;
use crate::syntax::{Node, NodeId, Tree};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

pub use super::vocabulary::{Metavariables, by_name};
pub use read::{atoms, atoms_of};

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
    /// The braces of an initialiser, with what they hold.
    Initializer,
    /// Statements and declarations, as in a function's body.
    Statements,
    /// Functions and what else stands at the top of a file.
    TopLevel,
}

impl PatternKind {
    /// Whether it is a part of a statement or of what stands at the top of a file.
    pub fn is_part(self) -> bool {
        matches!(self, Self::Expression | Self::Type | Self::Initializer)
    }
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

impl Pattern {
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
