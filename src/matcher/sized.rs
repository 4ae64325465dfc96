//! Arithmetic types: their words in any order, and `unsigned T`.
//!
//! In: a type of words such as `unsigned long` in the pattern and one in the code. Out: the ways to match them. A type
//! metavariable among the words stands for those that are left, for `int` if there are none.

use super::binding::Binding;
use super::environment::Environment;
use super::node::Matcher;
use super::noted::place;
use super::typing::arithmetic;
use crate::smpl::MetaKind;
use crate::smpl::pattern::Leaf;
use crate::smpl::token::Mark;
use crate::source::Span;
use crate::syntax::{Field, Kind, Node};

impl<'p> Matcher<'p> {
    /// An arithmetic type against another one.
    pub(super) fn sized(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let meta = p.child(Field::Type).map(|t| (t, self.pattern.leaf(t)));
        if let Some((t, Leaf::Meta(meta))) = meta.filter(|_| p.is(Kind::SizedTypeSpecifier)) {
            let Some(rest) = left_over(p, t, c).filter(|_| meta.kind == MetaKind::Type) else {
                return Vec::new();
            };
            let words: Vec<&str> = rest.iter().map(|n| n.text()).collect();
            let text = if words.is_empty() { "int".to_owned() } else { words.join(" ") };
            let binding = Binding { key: key(&text).into(), ..Binding::text(text) };
            let Some(env) = self.bind(meta, binding, env) else { return Vec::new() };
            let all = self.noted_all(p, c, &env);
            let Some(piece) = self.pattern.piece(t) else { return all };
            let touched = |env: Environment| match rest.split_first() {
                Some((first, more)) => {
                    let env = env.touch(piece.atom.id, first.span());
                    more.iter().fold(env, |env, n| env.touch_quietly(piece.atom.id, n.span()))
                }
                None => env,
            };
            return all.into_iter().map(touched).collect();
        }
        if spelling(p.text()) == spelling(c.text()) { self.noted_all(p, c, env) } else { Vec::new() }
    }

    /// Note that all tokens of `p` together stand for `c`.
    fn noted_all(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let mut env = env.clone();
        let pieces = self.pattern.pieces_of(p);
        let words: Vec<Node<'_>> = c.descendants().filter(|n| n.is_leaf() && !n.is(Kind::Comment)).collect();
        for piece in pieces {
            let word = words.iter().find(|w| w.text() == piece.atom.text);
            let Some(next) = self.noted(p, Span::default(), c, &env.bindings_only()) else {
                return Vec::new();
            };
            if piece.span.start == p.span().start {
                for (name, binding) in next.bindings() {
                    if env.get(name).is_none() {
                        let place =
                            Binding { span: c.span(), places: vec![place(c, c.span())], ..binding.clone() };
                        env = env.with(name, place);
                    }
                }
            }
            env = match word {
                Some(w) => env.touch(piece.atom.id, w.span()),
                None => env,
            };
        }
        let minus = pieces.iter().all(|x| x.atom.mark == Mark::Minus);
        if let Some(first) = pieces.first().filter(|_| minus) {
            env = env.touch(first.atom.id, c.span());
        }
        vec![env]
    }
}

/// The words of `c` that those of `p` besides its metavariable leave.
fn left_over<'c>(p: Node<'_>, metavariable: Node<'_>, c: Node<'c>) -> Option<Vec<Node<'c>>> {
    let leaf = |n: &Node<'_>| n.is_leaf() && !n.is(Kind::Comment);
    let mut rest: Vec<Node<'c>> = c.descendants().filter(leaf).collect();
    for word in p.descendants().filter(leaf).filter(|n| *n != metavariable) {
        let at = rest.iter().position(|n| n.text() == word.text())?;
        rest.remove(at);
    }
    Some(rest)
}

/// Whether it is an arithmetic type.
pub(super) fn is_sized(n: Node<'_>) -> bool {
    matches!(n.kind(), Kind::SizedTypeSpecifier | Kind::PrimitiveType)
}

/// The words of a type in one order: `long unsigned int` is `unsigned long`.
fn spelling(text: &str) -> String {
    arithmetic(text).unwrap_or_else(|| text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The canonical spelling of a type of words.
pub(super) fn key(text: &str) -> String {
    spelling(text).split(' ').map(|word| format!("{word}\u{1}")).collect()
}
