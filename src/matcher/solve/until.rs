//! "The first until the second": on all ways, or on one.
//!
//! In: two formulas and where to start. Out: how the whole holds there. The places on the way are looked at once; what
//! holds at each is worked out from what holds behind it, again and again where ways come back. A cycle that never meets
//! the second formula does not count against it, as long as the second can be reached from it.

use super::{Answer, Merger, Solver, merged};
use crate::matcher::environment::Environment;
use crate::matcher::formula::Formula;
use crate::smpl::Quantifier;
use rustc_hash::{FxHashMap, FxHashSet};

/// A place on the way.
struct Stop {
    /// How the second formula holds.
    ends: Answer,
    /// How the first one does: empty where the way does not go on.
    goes_on: Answer,
}

/// Times that a cycle is gone round before what holds must have settled.
const MAX_ROUNDS: usize = 12;

impl Solver<'_, '_> {
    pub(super) fn until(
        &self,
        q: Quantifier,
        (a, b): (Formula, Formula),
        v: usize,
        env: &Environment,
    ) -> Vec<Environment> {
        let (mut stops, order, cyclic) = self.region((a, b), v, env);
        let mut sets: FxHashMap<usize, Vec<Environment>> = FxHashMap::default();
        if q == Quantifier::Forall && cyclic {
            self.cut(&mut stops);
            // What never comes out of a cycle says nothing: only its bindings count.
            for (at, stop) in &stops {
                let quiet = stop.goes_on.iter().map(Environment::bindings_only);
                sets.insert(*at, merged(quiet.chain(stop.ends.iter().cloned())));
            }
        }
        let rounds = if cyclic { MAX_ROUNDS } else { 1 };
        let mut settled = false;
        for _ in 0..rounds {
            let mut same = true;
            for at in &order {
                let set = self.here(q, *at, &stops, &sets);
                same &= sets.get(at).is_some_and(|old| equal(old, &set));
                sets.insert(*at, set);
            }
            if settled {
                break;
            }
            // Once more when bindings have settled: tokens follow.
            settled = same;
        }
        sets.remove(&v).unwrap_or_default()
    }

    /// The places on the way, those behind first, and whether ways come back.
    fn region(
        &self,
        (a, b): (Formula, Formula),
        v: usize,
        env: &Environment,
    ) -> (FxHashMap<usize, Stop>, Vec<usize>, bool) {
        let mut stops: FxHashMap<usize, Stop> = FxHashMap::default();
        let mut order = Vec::new();
        let mut open: FxHashSet<usize> = FxHashSet::default();
        let mut cyclic = false;
        let mut stack = vec![(v, 0)];
        while let Some((at, i)) = stack.pop() {
            if i == 0 {
                if stops.contains_key(&at) {
                    continue;
                }
                let stop = Stop { ends: self.holds(b, at, env), goes_on: self.holds(a, at, env) };
                stops.insert(at, stop);
                open.insert(at);
            }
            let goes_on = stops.get(&at).is_some_and(|s| !s.goes_on.is_empty());
            match self.graph.vertices[at].next.get(i).filter(|_| goes_on) {
                Some(next) => {
                    stack.push((at, i + 1));
                    cyclic |= open.contains(next);
                    stack.push((*next, 0));
                }
                None => {
                    open.remove(&at);
                    order.push(at);
                }
            }
        }
        (stops, order, cyclic)
    }

    /// Ways end where the second formula can no longer be reached.
    fn cut(&self, stops: &mut FxHashMap<usize, Stop>) {
        let mut alive: FxHashSet<usize> =
            stops.iter().filter(|(_, s)| !s.ends.is_empty()).map(|(at, _)| *at).collect();
        let mut todo: Vec<usize> = alive.iter().copied().collect();
        while let Some(at) = todo.pop() {
            for before in &self.graph.vertices[at].before {
                let goes_on = stops.get(before).is_some_and(|s| !s.goes_on.is_empty());
                if goes_on && alive.insert(*before) {
                    todo.push(*before);
                }
            }
        }
        for (_, stop) in stops.iter_mut().filter(|(at, _)| !alive.contains(at)) {
            stop.goes_on = std::rc::Rc::new([]);
        }
    }

    fn here(
        &self,
        q: Quantifier,
        at: usize,
        stops: &FxHashMap<usize, Stop>,
        sets: &FxHashMap<usize, Vec<Environment>>,
    ) -> Vec<Environment> {
        let Some(stop) = stops.get(&at) else { return Vec::new() };
        let next = &self.graph.vertices[at].next;
        let none = Vec::new();
        let mut behind: Vec<Environment> = Vec::new();
        if !stop.goes_on.is_empty() {
            let mut each = next.iter().map(|n| sets.get(n).unwrap_or(&none));
            behind = match q {
                Quantifier::Exists => merged(each.flatten().cloned().collect::<Vec<_>>()),
                Quantifier::Forall => {
                    let first = each.next().unwrap_or(&none).clone();
                    each.fold(first, |all, more| self.joined(&all, more))
                }
            };
        }
        let on = self.joined(&stop.goes_on, &behind);
        let mut out = Merger::default();
        stop.ends.iter().cloned().chain(on).for_each(|e| out.push(e));
        out.all
    }
}

fn equal(a: &[Environment], b: &[Environment]) -> bool {
    // Each is there once.
    let digests: Vec<u64> = b.iter().map(Environment::digest).collect();
    let known = |one: &Environment| {
        let digest = one.digest();
        digests.iter().zip(b).any(|(d, other)| *d == digest && one.says_the_same(other))
    };
    a.len() == b.len() && a.iter().all(known)
}
