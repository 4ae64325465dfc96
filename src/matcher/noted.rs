//! What a match remembers of the code: the bytes of each token, places, and what is attached with `@`.
//!
//! In: a token or node of the pattern and what it matched. Out: the environment with the bytes noted, and with the
//! metavariables that are attached bound.

use super::binding::{Binding, Extent, Place};
use super::constraint::kind_fits;
use super::environment::Environment;
use super::node::{Matcher, binding_of};
use crate::smpl::pattern::{Leaf, Piece};
use crate::smpl::{MetaKind, Metavariable};
use crate::source::Span;
use crate::syntax::{Field, Kind, Node};

impl<'p> Matcher<'p> {
    /// Note which bytes the token at `p` stands for, and bind the positions attached to it.
    pub fn noted(&self, p: Node<'p>, span: Span, c: Node<'_>, env: &Environment) -> Option<Environment> {
        let Some(piece) = self.pattern.piece(p) else { return Some(env.clone()) };
        let mut env = self.noted_piece(piece, span, c, env)?;
        for name in &piece.atom.attached {
            let Some(meta) = self.pattern.metavariables().get(name) else { continue };
            if !matches!(meta.kind, MetaKind::Position(_))
                && let Some(binding) = self.around(p, meta, c)
            {
                env = self.bind(meta, binding, &env)?;
            }
        }
        Some(env)
    }

    /// Note which bytes a token of the rule stands for, and bind the positions attached to it.
    pub fn noted_piece(
        &self,
        piece: &Piece,
        span: Span,
        c: Node<'_>,
        env: &Environment,
    ) -> Option<Environment> {
        self.placed(piece, span, c, touched(piece, span, env))
    }

    /// Bind the positions attached to a token.
    pub(super) fn placed(
        &self,
        piece: &Piece,
        span: Span,
        c: Node<'_>,
        env: Environment,
    ) -> Option<Environment> {
        let mut env = env;
        for name in &piece.atom.attached {
            let Some(meta) = self.pattern.metavariables().get(name) else { continue };
            if matches!(meta.kind, MetaKind::Position(_)) {
                env = self.bind(meta, Binding::place(place(c, span)), &env)?;
            }
        }
        Some(env)
    }

    /// Bind the metavariables other than positions that are attached to the end of `p`.
    pub(super) fn attach_nodes(&self, p: Node<'p>, c: Node<'_>, env: Environment) -> Option<Environment> {
        let Some(piece) = p.span().end.checked_sub(1).and_then(|at| self.pattern.piece_at(at)) else {
            return Some(env);
        };
        if piece.atom.attached.is_empty() || p.is(Kind::Token) {
            return Some(env);
        }
        // A name that something is attached to is meant itself, else the largest node that ends here.
        let named = !last_leaf(p).is(Kind::Token);
        let larger = || p.parent().is_some_and(|q| q.span().end == p.span().end && q.kind().is_expression());
        let meant =
            if named { p.is_leaf() || matches!(self.whole_leaf(p), Leaf::Meta(_)) } else { !larger() };
        if !meant {
            return Some(env);
        }
        let mut env = env;
        for name in &piece.atom.attached {
            let Some(meta) = self.pattern.metavariables().get(name) else { continue };
            if !matches!(meta.kind, MetaKind::Position(_) | MetaKind::Statement | MetaKind::Declaration) {
                if !kind_fits(meta, c) {
                    return None;
                }
                env = self.bind(meta, binding_of(meta, c), &env)?;
            }
        }
        Some(env)
    }

    /// What a metavariable that is attached to a token stands for: the statement or declaration around it, or the
    /// expression whose operator it is.
    fn around(&self, p: Node<'p>, meta: &Metavariable, c: Node<'_>) -> Option<Binding> {
        let wanted = match meta.kind {
            MetaKind::Statement | MetaKind::Declaration => true,
            MetaKind::Expression => p.is(Kind::Token) && p.role() == Some(Field::Operator),
            _ => false,
        };
        let mut all = std::iter::once(c).chain(c.ancestors()).filter(|_| wanted);
        all.find(|n| kind_fits(meta, *n)).map(Binding::of)
    }
}

fn last_leaf(n: Node<'_>) -> Node<'_> {
    let mut at = n;
    while let Some(last) = at.children().last() {
        at = last;
    }
    at
}

/// Note which bytes a token of the rule stands for.
pub(super) fn touched(piece: &Piece, span: Span, env: &Environment) -> Environment {
    let own = if piece.atom.id == u32::MAX { env.clone() } else { env.touch(piece.atom.id, span) };
    piece.atom.also.iter().fold(own, |env, id| env.touch(*id, span))
}

/// The place of a span.
pub fn place(c: Node<'_>, span: Span) -> Place {
    let source = c.tree().source();
    let up = || std::iter::once(c).chain(c.ancestors());
    let function = up().find(|n| n.is(Kind::FunctionDefinition));
    let name = function.and_then(|f| {
        let declarator = f.child(Field::Declarator)?;
        declarator.descendants().find(|n| n.is(Kind::Identifier)).map(Node::text)
    });
    let top = function.or_else(|| up().filter(|n| n.parent().is_some()).last());
    let extent = |span: Span| {
        let at = |offset: u32| source.lines().line_column(offset as usize);
        Extent { from: at(span.start), to: at(span.end) }
    };
    Place {
        file: source.path().into(),
        span,
        at: extent(span),
        element: name.unwrap_or("something_else").into(),
        element_at: extent(top.map_or(span, Node::span)),
    }
}
