//! Where a formula may hold at all, whatever names get bound to.
//!
//! In: a formula and the paths of a function. Out: a set of places outside of which it holds in no environment that came
//! from the search's own. It is cheap, because it knows no environments but that one: what it rules out is not asked for
//! again with every binding. Where names and places could make a difference, the set is too large, never too small.

use super::Solver;
use crate::flow::bits::Bits;
use crate::matcher::formula::{Elsewhere, Formula, Item, Part, Shape};
use crate::matcher::graph::VertexKind;
use crate::smpl::Quantifier;
use std::rc::Rc;

impl Solver<'_, '_> {
    /// The places where `f` may hold; exactly those where it does if [`super::Table::is_exact`].
    pub(super) fn bound(&self, f: Formula) -> Rc<Bits> {
        let at = f.0 as usize;
        if let Some(Some(known)) = self.bounds.borrow().get(at) {
            return known.clone();
        }
        let found = Rc::new(self.bound_of(f));
        let mut all = self.bounds.borrow_mut();
        if all.len() <= at {
            all.resize(at + 1, None);
        }
        all[at] = Some(found.clone());
        found
    }

    fn where_(&self, holds: impl Fn(usize) -> bool) -> Bits {
        let mut out = Bits::new(self.graph.vertices.len());
        (0..self.graph.vertices.len()).filter(|v| holds(*v)).for_each(|v| out.insert(v));
        out
    }

    fn bound_of(&self, f: Formula) -> Bits {
        let vertices = &self.graph.vertices;
        match self.table.get(f) {
            Shape::True | Shape::Region(_) | Shape::Inside(_) | Shape::Leaves(_) | Shape::Found(_) => {
                self.where_(|_| true)
            }
            Shape::False => self.where_(|_| false),
            Shape::Is(test) => self.where_(|v| self.is(*test, v)),
            Shape::At(item, names) => self.where_(|v| self.may_be_at(f, (*item, *names), v)),
            Shape::Block(_) => {
                self.where_(|v| matches!(vertices[v].kind, VertexKind::Open | VertexKind::Close))
            }
            Shape::Not(a) if self.table.is_exact(*a) => {
                let inner = self.bound(*a);
                self.where_(|v| !inner.contains(v))
            }
            Shape::Not(_) => self.where_(|_| true),
            Shape::And(a, b) => {
                let mut both = (*self.bound(*a)).clone();
                if !both.is_empty() {
                    both.intersect(&self.bound(*b));
                }
                both
            }
            Shape::Or(a, b) | Shape::Else(a, b) => {
                let mut any = (*self.bound(*a)).clone();
                any.union(&self.bound(*b));
                any
            }
            Shape::HasFound(_, a) | Shape::Some(_, a) | Shape::SomePlace(_, a) | Shape::Quiet(a) => {
                (*self.bound(*a)).clone()
            }
            Shape::Next(q, a) => {
                let inner = self.bound(*a);
                self.where_(|v| self.steps_to(*q, v, &inner))
            }
            Shape::Before(q, a) => {
                let inner = self.bound(*a);
                let from = |v: usize| &vertices[v].before;
                match q {
                    Quantifier::Exists => self.where_(|v| from(v).iter().any(|b| inner.contains(*b))),
                    Quantifier::Forall => {
                        self.where_(|v| !from(v).is_empty() && from(v).iter().all(|b| inner.contains(*b)))
                    }
                }
            }
            Shape::Until(q, a, b) => self.until_bound(*q, *a, *b),
            Shape::Always(a) | Shape::Gathered(a) => {
                let inner = self.bound(*a);
                self.not_leading_to(&inner, |v| &vertices[v].before)
            }
            Shape::AlwaysBefore(a) => {
                let inner = self.bound(*a);
                self.not_leading_to(&inner, |v| &vertices[v].next)
            }
            Shape::Row(_, rest) => {
                let none = self.bound(*rest).is_empty();
                self.where_(|_| !none)
            }
        }
    }

    fn may_be_at(&self, f: Formula, (item, names): (Item<'_>, Elsewhere), v: usize) -> bool {
        let code = self.code(v);
        match (item.part, self.graph.vertices[v].kind) {
            (Part::Simple, VertexKind::Simple) if !item.kinds.contains(code.kind()) => false,
            _ if names == Elsewhere::RulesOut => !self.answer(f, v, &self.base).is_empty(),
            _ => true,
        }
    }

    /// One step on, as in [`Shape::Next`].
    fn steps_to(&self, q: Quantifier, v: usize, inner: &Bits) -> bool {
        let vertex = &self.graph.vertices[v];
        let next = &vertex.next;
        match (q, vertex.kind) {
            (_, VertexKind::Exit | VertexKind::ErrorExit) => inner.contains(v),
            (Quantifier::Forall, _) => !next.is_empty() && next.iter().all(|n| inner.contains(*n)),
            (Quantifier::Exists, _) => next.iter().chain(&vertex.past).any(|n| inner.contains(*n)),
        }
    }

    /// From where the first formula may hold until the second does: all ways have to, or one.
    fn until_bound(&self, q: Quantifier, a: Formula, b: Formula) -> Bits {
        let ends = self.bound(b);
        let mut out = (*ends).clone();
        if ends.is_empty() {
            return out;
        }
        let goes_on = self.bound(a);
        let vertices = &self.graph.vertices;
        let mut todo: Vec<usize> = ends.iter().collect();
        while let Some(at) = todo.pop() {
            for before in vertices[at].before.iter().filter(|v| goes_on.contains(**v)) {
                if !out.contains(*before) {
                    out.insert(*before);
                    todo.push(*before);
                }
            }
        }
        if q == Quantifier::Exists {
            return out;
        }
        // A way that leaves the set never meets the second formula.
        let stuck = |v: usize, out: &Bits| {
            let next = &vertices[v].next;
            !ends.contains(v) && (next.is_empty() || next.iter().any(|n| !out.contains(*n)))
        };
        let mut todo: Vec<usize> = out.iter().filter(|v| stuck(*v, &out)).collect();
        while let Some(at) = todo.pop() {
            if out.contains(at) && stuck(at, &out) {
                out.remove(at);
                todo.extend(vertices[at].before.iter().filter(|v| out.contains(**v)));
            }
        }
        out
    }

    /// The places from which no way leads out of `inner`; `back` are the ways against their direction.
    fn not_leading_to<'g>(&'g self, inner: &Bits, back: impl Fn(usize) -> &'g [usize]) -> Bits {
        let mut out = self.where_(|v| inner.contains(v));
        let mut todo: Vec<usize> = (0..self.graph.vertices.len()).filter(|v| !inner.contains(*v)).collect();
        while let Some(at) = todo.pop() {
            for v in back(at) {
                if out.contains(*v) {
                    out.remove(*v);
                    todo.push(*v);
                }
            }
        }
        out
    }
}
