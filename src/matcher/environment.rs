//! What metavariables are bound to, and which bytes the tokens of a rule stand for.
//!
//! In: bindings, one by one. Out: [`Environment`]s that share their tails: a fork costs nothing, and nothing is ever
//! undone in place. Besides bindings an environment knows what a metavariable must not be bound to, because a formula
//! was negated. Whether a binding agrees with an older one is for the matcher to ask.

use super::binding::Binding;
use crate::source::Span;
use rustc_hash::FxBuildHasher;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::Arc;

/// A list that grows at its head.
#[derive(Debug)]
struct Cell<T> {
    item: T,
    next: List<T>,
}

type List<T> = Option<Arc<Cell<T>>>;

fn items<T>(list: &List<T>) -> impl Iterator<Item = &T> {
    std::iter::successors(list.as_deref(), |c| c.next.as_deref()).map(|c| &c.item)
}

fn pushed<T>(list: &List<T>, item: T) -> List<T> {
    Some(Arc::new(Cell { item, next: list.clone() }))
}

fn address<T>(list: &List<T>) -> usize {
    list.as_ref().map_or(0, |c| Arc::as_ptr(c) as usize)
}

#[derive(Debug)]
struct Bound {
    name: Arc<str>,
    binding: Binding,
}

#[derive(Debug)]
struct Forbidden {
    name: Arc<str>,
    key: Arc<str>,
}

/// The bytes that a token of the rule stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Touch {
    /// The token's number in the rule.
    pub atom: u32,
    /// The bytes of the code.
    pub span: Span,
}

/// Set in [`Touch::atom`] where plus code of the token does not go.
pub const QUIET: u32 = 1 << 31;

/// Tokens matched so far. Sharing keeps the union of two sets cheap.
#[derive(Debug)]
enum Touched {
    One(Touch),
    Both(Arc<Touched>, Arc<Touched>),
    /// These bindings hold for them, and nowhere else.
    With(List<Bound>, Arc<Touched>),
}

/// Bindings, and the bytes of the tokens matched so far.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    bound: List<Bound>,
    forbidden: List<Forbidden>,
    /// What scripts do not let names stand for together: true everywhere, and no part of any formula.
    refused: List<Vec<Forbidden>>,
    /// Places that a formula remembers, by number: the statement or brace it is about.
    marks: List<(u32, usize)>,
    touched: Option<Arc<Touched>>,
}

/// What an environment says apart from tokens: equal identities are equal environments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity(usize, usize, usize);

impl Environment {
    /// Nothing is bound.
    pub fn new() -> Self {
        Self::default()
    }

    /// What `name` is bound to.
    pub fn get(&self, name: &str) -> Option<&Binding> {
        items(&self.bound).find(|b| &*b.name == name).map(|b| &b.binding)
    }

    /// The same, with `name` bound.
    #[must_use]
    pub fn with(&self, name: &str, binding: Binding) -> Self {
        Self { bound: pushed(&self.bound, Bound { name: name.into(), binding }), ..self.clone() }
    }

    /// Whether `name` must not be bound to what `key` spells.
    pub fn forbids(&self, name: &str, key: &str) -> bool {
        items(&self.forbidden).any(|f| &*f.name == name && &*f.key == key)
    }

    /// The same, where `name` must not be bound to what `key` spells.
    #[must_use]
    pub fn without(&self, name: &str, key: &str) -> Self {
        let one = Forbidden { name: name.into(), key: key.into() };
        Self { forbidden: pushed(&self.forbidden, one), ..self.clone() }
    }

    /// Whether all that is known about a name is what it must not be bound to.
    pub fn only_rules_out(&self, name: &str) -> bool {
        self.get(name).is_none() && items(&self.forbidden).any(|f| &*f.name == name)
    }

    /// Whether a script does not let `name` stand for what `key` spells, as the other names that it reads are bound.
    pub fn refuses(&self, name: &str, key: &str) -> bool {
        let stands = |f: &Forbidden| match &*f.name == name {
            true => &*f.key == key,
            false => self.get(&f.name).is_some_and(|b| b.key == f.key),
        };
        items(&self.refused).any(|all| all.iter().any(|f| &*f.name == name) && all.iter().all(stands))
    }

    /// The same, where a script does not let all these names stand for what the keys spell.
    #[must_use]
    pub fn refusing(&self, names: &[(String, String)]) -> Self {
        let one = |(name, key): &(String, String)| Forbidden { name: (**name).into(), key: (**key).into() };
        Self { refused: pushed(&self.refused, names.iter().map(one).collect()), ..self.clone() }
    }

    /// Whether names stand for what a script does not let them stand for together.
    fn is_refused(&self) -> bool {
        let stands = |f: &Forbidden| self.get(&f.name).is_some_and(|b| b.key == f.key);
        items(&self.refused).any(|all| all.iter().all(stands))
    }

    /// The place remembered under a number.
    pub fn mark(&self, number: u32) -> Option<usize> {
        items(&self.marks).find(|(n, _)| *n == number).map(|(_, place)| *place)
    }

    /// The same, with a place remembered.
    #[must_use]
    pub fn marked(&self, number: u32, place: usize) -> Self {
        Self { marks: pushed(&self.marks, (number, place)), ..self.clone() }
    }

    /// The same, with a token of the rule matched to bytes.
    #[must_use]
    pub fn touch(&self, atom: u32, span: Span) -> Self {
        if atom == u32::MAX {
            return self.clone();
        }
        self.touching(Some(Arc::new(Touched::One(Touch { atom, span }))))
    }

    /// The same, with bytes that go along with a token of the rule without being it: no plus code hangs on them.
    #[must_use]
    pub fn touch_quietly(&self, atom: u32, span: Span) -> Self {
        self.touch(atom | QUIET, span)
    }

    fn touching(&self, more: Option<Arc<Touched>>) -> Self {
        let touched = match (&self.touched, more) {
            (Some(a), Some(b)) if !Arc::ptr_eq(a, &b) => Some(Arc::new(Touched::Both(a.clone(), b))),
            (a, b) => b.or_else(|| a.clone()),
        };
        Self { touched, ..self.clone() }
    }

    /// The same, with the tokens of the other as well.
    #[must_use]
    pub fn with_touches_of(&self, other: &Self) -> Self {
        self.touching(other.touched.clone())
    }

    /// The same, with the tokens of the other in front of its own.
    #[must_use]
    pub fn with_touches_before(self, first: &Self) -> Self {
        match (&first.touched, &self.touched) {
            (None, _) => self,
            (Some(a), Some(b)) => {
                Self { touched: Some(Arc::new(Touched::Both(a.clone(), b.clone()))), ..self }
            }
            (Some(a), None) => Self { touched: Some(a.clone()), ..self },
        }
    }

    /// All bindings, the newest first; a name that was bound again comes once.
    pub fn bindings(&self) -> Vec<(&str, &Binding)> {
        let mut out: Vec<(&str, &Binding)> = Vec::new();
        for bound in items(&self.bound) {
            if !out.iter().any(|(name, _)| *name == &*bound.name) {
                out.push((&bound.name, &bound.binding));
            }
        }
        out
    }

    /// The tokens matched so far, in order, each once.
    pub fn touches(&self) -> Vec<Touch> {
        let mut seen = HashSet::new();
        let all = self.touched_with().into_iter().map(|(touch, _)| touch);
        all.filter(|touch| seen.insert(*touch)).collect()
    }

    /// The same bindings without any token matched.
    #[must_use]
    pub fn bindings_only(&self) -> Self {
        Self { touched: None, ..self.clone() }
    }

    /// The same without the bindings of names that `keep` turns down.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(&str) -> bool) -> Self {
        let mut out = Self { bound: None, ..self.clone() };
        for (name, binding) in self.bindings().into_iter().rev().filter(|(name, _)| keep(name)) {
            out = out.with(name, binding.clone());
        }
        out
    }

    /// The same without what is said about `names`: the tokens keep their bindings. `None` if one of them is only
    /// known by what it must not be.
    pub fn closed(&self, names: &[&str]) -> Option<Self> {
        let about = |name: &str| names.contains(&name);
        if items(&self.forbidden).any(|f| about(&f.name) && self.get(&f.name).is_none()) {
            return None;
        }
        if !items(&self.bound).any(|b| about(&b.name)) {
            return Some(self.clone());
        }
        let mut kept = Self { bound: None, forbidden: None, touched: None, ..self.clone() };
        let mut local = None;
        for (name, binding) in self.bindings().into_iter().rev() {
            if about(name) {
                local = pushed(&local, Bound { name: name.into(), binding: binding.clone() });
            } else {
                kept = kept.with(name, binding.clone());
            }
        }
        for f in items(&self.forbidden).filter(|f| !about(&f.name)) {
            kept = kept.without(&f.name, &f.key);
        }
        kept.touched = self.touched.clone().map(|t| Arc::new(Touched::With(local, t)));
        Some(kept)
    }

    /// The same without the place remembered under a number.
    #[must_use]
    pub fn unmarked(&self, number: u32) -> Self {
        let mut out = Self { marks: None, ..self.clone() };
        for (n, place) in items(&self.marks).filter(|(n, _)| *n != number) {
            out.marks = pushed(&out.marks, (*n, *place));
        }
        out
    }

    /// Whether a name is bound to what it must not be.
    pub fn contradicts(&self) -> bool {
        items(&self.forbidden).any(|f| self.get(&f.name).is_some_and(|b| b.key == f.key))
    }

    /// Both sets of bindings and tokens, unless they bind a name differently.
    pub fn join(&self, other: &Self) -> Option<Self> {
        let mut out = self.clone();
        if address(&self.bound) != address(&other.bound) {
            for (name, binding) in other.bindings().into_iter().rev() {
                match self.get(name) {
                    Some(mine) if mine.key == binding.key => {}
                    // On different paths a position may be at different places: it has all of them.
                    Some(mine) if !mine.places.is_empty() => out = out.with(name, mine.with_places(binding)),
                    Some(_) => return None,
                    None => out = out.with(name, binding.clone()),
                }
            }
        }
        if address(&self.forbidden) != address(&other.forbidden) {
            for f in items(&other.forbidden).filter(|f| !self.forbids(&f.name, &f.key)) {
                out = out.without(&f.name, &f.key);
            }
        }
        if address(&self.marks) != address(&other.marks) {
            for (number, place) in items(&other.marks) {
                match self.mark(*number) {
                    Some(mine) if mine != *place => return None,
                    Some(_) => {}
                    None => out = out.marked(*number, *place),
                }
            }
        }
        if out.forbidden.is_some() && out.contradicts() || out.refused.is_some() && out.is_refused() {
            return None;
        }
        Some(out.touching(other.touched.clone()))
    }

    /// What `other`, which came from this one, adds: the names it binds, and what it forbids.
    pub fn additions<'e>(&self, other: &'e Self) -> Additions<'e> {
        let mut out = Additions::default();
        if address(&self.bound) != address(&other.bound) {
            let new = other.bindings().into_iter().filter(|(name, _)| self.get(name).is_none());
            out.bound = new.map(|(name, b)| (name, &*b.key)).collect();
        }
        if address(&self.forbidden) != address(&other.forbidden) {
            let new = items(&other.forbidden).filter(|f| !self.forbids(&f.name, &f.key));
            out.forbidden = new.map(|f| (&*f.name, &*f.key)).collect();
        }
        out
    }

    /// Equal for environments that share everything but their tokens.
    pub fn identity(&self) -> Identity {
        Identity(address(&self.bound), address(&self.forbidden), address(&self.marks))
    }

    fn touched_with(&self) -> Vec<(Touch, List<Bound>)> {
        let mut out = Vec::new();
        let mut seen: HashSet<(usize, usize)> = HashSet::new();
        // Lists have to live as long as their addresses are keys.
        let mut made: Vec<List<Bound>> = Vec::new();
        let mut stack: Vec<(&Arc<Touched>, List<Bound>)> = self.touched.iter().map(|t| (t, None)).collect();
        while let Some((at, with)) = stack.pop() {
            if !seen.insert((Arc::as_ptr(at) as usize, address(&with))) {
                continue;
            }
            match &**at {
                Touched::One(touch) => out.push((*touch, with)),
                Touched::Both(a, b) => {
                    stack.push((b, with.clone()));
                    stack.push((a, with));
                }
                Touched::With(local, inner) => {
                    let mut all = with;
                    for bound in items(local) {
                        all =
                            pushed(&all, Bound { name: bound.name.clone(), binding: bound.binding.clone() });
                    }
                    made.push(all.clone());
                    stack.push((inner, all));
                }
            }
        }
        out
    }

    /// The tokens matched so far by the bindings that hold for them: those that stand for the whole match first, then each row
    /// that keeps bindings of its own.
    pub fn occurrences(&self) -> Vec<(Environment, Vec<Touch>)> {
        let base = self.bindings_only();
        let mut seen = HashSet::new();
        let rows = self.rows().into_iter().map(|(with, touches)| (base.with_all(&with), touches));
        rows.filter(|(env, touches)| seen.insert((env.key(), touches.clone()))).collect()
    }

    /// The same, with what `more` binds in addition: for all tokens, and for each row that keeps bindings of its own.
    #[must_use]
    pub fn bind_each(&self, mut more: impl FnMut(&Self) -> Vec<(String, Binding)>) -> Self {
        let base = self.bindings_only();
        let mut out = more(&base).into_iter().fold(base.clone(), |env, (name, b)| env.with(&name, b));
        for (with, touches) in self.rows() {
            let one = |touch| Arc::new(Touched::One(touch));
            let row = touches.into_iter().map(one).reduce(|a, b| Arc::new(Touched::Both(a, b)));
            if with.is_none() {
                out = out.touching(row);
                continue;
            }
            let new = more(&base.with_all(&with)).into_iter();
            let own =
                new.fold(with, |own, (name, binding)| pushed(&own, Bound { name: name.into(), binding }));
            out = out.touching(row.map(|row| Arc::new(Touched::With(own, row))));
        }
        out
    }

    /// The tokens matched so far, in rows that keep the same bindings of their own.
    fn rows(&self) -> Vec<(List<Bound>, Vec<Touch>)> {
        let mut out: Vec<(List<Bound>, Vec<Touch>)> = Vec::new();
        let mut places: HashMap<usize, usize> = HashMap::new();
        for (touch, with) in self.touched_with() {
            let at = *places.entry(address(&with)).or_insert(out.len());
            if at == out.len() {
                out.push((with, Vec::new()));
            }
            if !out[at].1.contains(&touch) {
                out[at].1.push(touch);
            }
        }
        out.sort_by_key(|(with, _)| with.is_some());
        out
    }

    /// The same with all of a list bound as well.
    fn with_all(&self, list: &List<Bound>) -> Self {
        items(list).fold(self.clone(), |env, b| env.with(&b.name, b.binding.clone()))
    }

    /// The bindings for later rules: a position that only holds for some tokens has the places of all of them.
    #[must_use]
    pub fn exported(&self) -> Self {
        let mut out = self.bindings_only();
        out.forbidden = None;
        out.refused = None;
        out.marks = None;
        let mut places: Vec<(Arc<str>, Binding)> = Vec::new();
        for (_, with) in self.touched_with() {
            for bound in items(&with).filter(|b| !b.binding.places.is_empty() && self.get(&b.name).is_none())
            {
                match places.iter_mut().find(|(name, _)| *name == bound.name) {
                    Some((_, all)) => *all = all.with_places(&bound.binding),
                    None => places.push((bound.name.clone(), bound.binding.clone())),
                }
            }
        }
        for (name, binding) in places {
            out = out.with(&name, binding);
        }
        out
    }

    /// A string that is equal for two environments exactly if their bindings are.
    pub fn key(&self) -> String {
        let mut all: Vec<_> = self.bindings().into_iter().map(|(n, b)| format!("{n}={}", b.key)).collect();
        all.sort();
        all.join("\u{4}")
    }

    /// A number that is equal for environments that say the same apart from tokens, see [`Environment::says_the_same`].
    pub fn digest(&self) -> u64 {
        let hash = FxBuildHasher;
        let bound = self.effective().map(|b| hash.hash_one((&*b.name, &*b.binding.key)));
        let marks = items(&self.marks).map(|mark| hash.hash_one(mark));
        bound.chain(marks).fold(0, u64::wrapping_add)
    }

    /// Whether the other binds the same names to the same, forbids the same, and remembers the same places.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let binds = |a: &Self, b: &Self| {
            a.effective().all(|x| b.get(&x.name).is_some_and(|binding| binding.key == x.binding.key))
        };
        let forbids = |a: &Self, b: &Self| items(&a.forbidden).all(|f| b.forbids(&f.name, &f.key));
        let marks = |a: &Self, b: &Self| items(&a.marks).all(|m| items(&b.marks).any(|n| m == n));
        let both = |one: &dyn Fn(&Self, &Self) -> bool| one(self, other) && one(other, self);
        self.identity() == other.identity() || both(&binds) && both(&forbids) && both(&marks)
    }

    /// The bindings that count: of a name that was bound again the newest.
    fn effective(&self) -> impl Iterator<Item = &Bound> {
        let newer = |at: usize, name: &str| items(&self.bound).take(at).any(|b| *b.name == *name);
        items(&self.bound).enumerate().filter(move |(at, b)| !newer(*at, &b.name)).map(|(_, b)| b)
    }
}

/// What one environment says beyond another.
#[derive(Clone, Debug, Default)]
pub struct Additions<'e> {
    /// Names that are bound, and to what.
    pub bound: Vec<(&'e str, &'e str)>,
    /// Names that must not be bound, and to what.
    pub forbidden: Vec<(&'e str, &'e str)>,
}
