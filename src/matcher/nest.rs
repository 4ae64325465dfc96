//! Nests in expressions: code that holds other code.
//!
//! In: a nest and the code around what it looks for. Out: every way in which places in the code are what it looks for. Names
//! that stand nowhere else in the rule have a value for each place.

use super::environment::Environment;
use super::node::Matcher;
use crate::smpl::pattern::{NestCount, Pattern};
use crate::syntax::Node;

impl<'p> Matcher<'p> {
    /// Match a nest with `c` and what is in it; a nest that goes takes all of it along.
    pub(super) fn nest(
        &self,
        p: Node<'p>,
        (count, inner): (NestCount, &'p Pattern),
        c: Node<'_>,
        env: &Environment,
    ) -> Vec<Environment> {
        let mut found = self.places(inner, c, env);
        if found.is_empty() && count == NestCount::Any {
            found.push(env.clone());
        }
        match self.removed(p) {
            Some(piece) => found.iter().map(|env| env.touch(piece.atom.id, c.span())).collect(),
            None => found,
        }
    }

    /// All places in `c` that the nest's code matches: those that agree in what the rest of the rule sees are one match.
    fn places(&self, inner: &'p Pattern, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let Some(root) = inner.single() else { return Vec::new() };
        let matcher = self.within(inner);
        let kept: Vec<&str> = self.pattern.metavariables().named(self.keeping).collect();
        let mut found: Vec<Environment> = Vec::new();
        for place in c.descendants().filter(|d| matcher.kinds().contains(d.kind())) {
            let mut here: Vec<String> = Vec::new();
            for one in matcher.node(root, place, &env.bindings_only()) {
                let Some(one) = one.closed(&kept) else { continue };
                let key = one.key();
                if here.contains(&key) {
                    continue;
                }
                match found.iter_mut().find(|old| old.key() == key) {
                    Some(old) => *old = old.with_touches_of(&one),
                    None => found.push(one),
                }
                here.push(key);
            }
        }
        found.into_iter().map(|one| one.with_touches_before(env)).collect()
    }
}
