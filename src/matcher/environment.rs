//! What metavariables are bound to, and which bytes the tokens of a rule stand for.
//!
//! In: bindings, one by one. Out: [`Environment`]s that share their tails: a fork costs nothing, and nothing is ever
//! undone in place. Refuses nothing; whether a binding agrees with an older one is for the matcher to ask.

use crate::source::Span;
use crate::syntax::{Node, NodeId};
use std::sync::Arc;

/// A place in a file that a position metavariable holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file's path.
    pub file: Arc<str>,
    /// The bytes.
    pub span: Span,
    /// The function around it, or what else stands at the top of the file.
    pub element: Arc<str>,
}

/// What a metavariable is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The node of the code, if it is exactly one; it belongs to the tree that was matched.
    pub node: Option<NodeId>,
    /// The bytes of the code; empty for a name that a rule made up.
    pub span: Span,
    /// The code as it was written.
    pub text: Arc<str>,
    /// The code in canonical spelling: equal exactly if the code is.
    pub key: Arc<str>,
    /// Number of elements of a list; 1 for everything else.
    pub count: usize,
    /// The places, for a position.
    pub places: Vec<Place>,
}

impl Binding {
    /// A binding to one node.
    pub fn of(node: Node<'_>) -> Self {
        Self {
            node: Some(node.id()),
            span: node.span(),
            text: node.text().into(),
            key: super::canonical(node).into(),
            count: 1,
            places: Vec::new(),
        }
    }

    /// A binding to a row of siblings.
    pub fn row(nodes: &[Node<'_>], at: Span) -> Self {
        let span = match (nodes.first(), nodes.last()) {
            (Some(first), Some(last)) => first.span().cover(last.span()),
            _ => Span::at(at.start as usize),
        };
        let text = nodes.first().map_or("", |n| n.tree().source().slice(span));
        let node = if let [one] = nodes { Some(one.id()) } else { None };
        let key = super::canonical::canonical_row(nodes.iter().copied());
        Self { node, span, text: text.into(), key: key.into(), count: nodes.len(), places: Vec::new() }
    }

    /// A binding to characters that are no code.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let key = super::canonical::token(&text).into();
        Self { node: None, span: Span::default(), text, key, count: 1, places: Vec::new() }
    }

    /// A binding to a place.
    pub fn place(place: Place) -> Self {
        let key = format!("{}:{}-{}", place.file, place.span.start, place.span.end).into();
        Self { node: None, span: place.span, text: "".into(), key, count: 1, places: vec![place] }
    }
}

#[derive(Debug)]
struct Bound {
    name: Arc<str>,
    binding: Binding,
    next: Option<Arc<Bound>>,
}

/// The bytes that a token of the rule stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// The token's number in the rule.
    pub atom: u32,
    /// The bytes of the code.
    pub span: Span,
}

/// Set in [`Touch::atom`] where plus code of the token does not go.
pub const QUIET: u32 = 1 << 31;

#[derive(Debug)]
struct Touched {
    touch: Touch,
    /// The bindings that hold for it where they differ from the environment's.
    with: Option<Arc<Bound>>,
    next: Option<Arc<Touched>>,
}

/// Bindings, and the bytes of the tokens matched so far.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    bound: Option<Arc<Bound>>,
    touched: Option<Arc<Touched>>,
}

impl Environment {
    /// Nothing is bound.
    pub fn new() -> Self {
        Self::default()
    }

    /// What `name` is bound to.
    pub fn get(&self, name: &str) -> Option<&Binding> {
        self.cells().find(|b| &*b.name == name).map(|b| &b.binding)
    }

    /// The same, with `name` bound.
    #[must_use]
    pub fn with(&self, name: &str, binding: Binding) -> Self {
        let bound = Bound { name: name.into(), binding, next: self.bound.clone() };
        Self { bound: Some(Arc::new(bound)), touched: self.touched.clone() }
    }

    /// The same, with a token of the rule matched to bytes.
    #[must_use]
    pub fn touch(&self, atom: u32, span: Span) -> Self {
        if atom == u32::MAX {
            return self.clone();
        }
        let touched = Touched { touch: Touch { atom, span }, with: None, next: self.touched.clone() };
        Self { bound: self.bound.clone(), touched: Some(Arc::new(touched)) }
    }

    /// The same, with bytes that go along with a token of the rule without being it: no plus code hangs on them.
    #[must_use]
    pub fn touch_quietly(&self, atom: u32, span: Span) -> Self {
        self.touch(atom | QUIET, span)
    }

    fn cells(&self) -> impl Iterator<Item = &Bound> {
        std::iter::successors(self.bound.as_deref(), |b| b.next.as_deref())
    }

    /// All bindings, the newest first; a name that was bound again comes once.
    pub fn bindings(&self) -> Vec<(&str, &Binding)> {
        let mut out: Vec<(&str, &Binding)> = Vec::new();
        for cell in self.cells() {
            if !out.iter().any(|(name, _)| *name == &*cell.name) {
                out.push((&cell.name, &cell.binding));
            }
        }
        out
    }

    /// The tokens matched so far, in order.
    pub fn touches(&self) -> Vec<Touch> {
        let mut out: Vec<Touch> =
            std::iter::successors(self.touched.as_deref(), |t| t.next.as_deref()).map(|t| t.touch).collect();
        out.reverse();
        out
    }

    /// The same bindings without any token matched.
    #[must_use]
    pub fn bindings_only(&self) -> Self {
        Self { bound: self.bound.clone(), touched: None }
    }

    /// The same without the bindings of names that `keep` turns down.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(&str) -> bool) -> Self {
        let mut out = Self { bound: None, touched: self.touched.clone() };
        for (name, binding) in self.bindings().into_iter().rev().filter(|(name, _)| keep(name)) {
            out = out.with(name, binding.clone());
        }
        out
    }

    /// Both sets of bindings and tokens, unless they bind a name differently.
    pub fn join(&self, other: &Self) -> Option<Self> {
        let mut out = self.clone();
        for (name, binding) in other.bindings().into_iter().rev() {
            match self.get(name) {
                Some(mine) if mine.key != binding.key => return None,
                Some(_) => {}
                None => out = out.with(name, binding.clone()),
            }
        }
        let mine = self.touches();
        for touch in other.touches().into_iter().filter(|t| !mine.contains(t)) {
            out = out.touch(touch.atom, touch.span);
        }
        Some(out)
    }

    /// Both, where names that `apart` allows may differ: each token then keeps the bindings of its own side.
    pub fn join_but(&self, other: &Self, apart: impl Fn(&str) -> bool) -> Option<Self> {
        let differ = |name: &str, b: &Binding| self.get(name).is_some_and(|mine| mine.key != b.key);
        let theirs = other.bindings();
        let clash: Vec<&str> = theirs.iter().filter(|(n, b)| differ(n, b)).map(|(n, _)| *n).collect();
        if clash.is_empty() {
            return self.join(other);
        }
        if !clash.iter().all(|n| apart(n)) {
            return None;
        }
        let mut out = self.sealed();
        for (name, binding) in theirs.into_iter().rev().filter(|(n, _)| self.get(n).is_none()) {
            out = out.with(name, binding.clone());
        }
        let mine: Vec<Touch> = self.touches();
        let sealed = other.sealed();
        let mut cells: Vec<&Touched> =
            std::iter::successors(sealed.touched.as_deref(), |t| t.next.as_deref()).collect();
        cells.reverse();
        for cell in cells.into_iter().filter(|t| !mine.contains(&t.touch)) {
            let touched = Touched { touch: cell.touch, with: cell.with.clone(), next: out.touched.clone() };
            out.touched = Some(Arc::new(touched));
        }
        Some(out)
    }

    /// The same, with every token keeping the bindings as they are now.
    fn sealed(&self) -> Self {
        let mut cells: Vec<&Touched> =
            std::iter::successors(self.touched.as_deref(), |t| t.next.as_deref()).collect();
        cells.reverse();
        let mut touched = None;
        for cell in cells {
            let with = cell.with.clone().or_else(|| self.bound.clone());
            touched = Some(Arc::new(Touched { touch: cell.touch, with, next: touched }));
        }
        Self { bound: self.bound.clone(), touched }
    }

    /// The bindings one by one where tokens keep different ones.
    pub fn variants(&self) -> Vec<Self> {
        let mut out = vec![self.bindings_only()];
        let mut seen = vec![self.key()];
        for (_, env) in self.touches_with() {
            let key = env.key();
            if !seen.contains(&key) {
                seen.push(key);
                out.push(env);
            }
        }
        out
    }

    /// The tokens matched so far, in order, each with the bindings that hold for it.
    pub fn touches_with(&self) -> Vec<(Touch, Environment)> {
        let cells = std::iter::successors(self.touched.as_deref(), |t| t.next.as_deref());
        let one = |t: &Touched| {
            let bound = t.with.clone().or_else(|| self.bound.clone());
            (t.touch, Environment { bound, touched: None })
        };
        let mut out: Vec<_> = cells.map(one).collect();
        out.reverse();
        out
    }

    /// A string that is equal for two environments exactly if their bindings are.
    pub fn key(&self) -> String {
        let mut all: Vec<_> = self.bindings().into_iter().map(|(n, b)| format!("{n}={}", b.key)).collect();
        all.sort();
        all.join("\u{4}")
    }
}
