//! Dots and nests as formulas.
//!
//! In: dots with their conditions and their neighbours. Out: "what may be skipped, until what follows". Dots skip
//! neither what stands before nor what stands after them (unless `when any`); on all paths, a branch that leaves
//! without what follows is passed over (unless `when strict`); a nest changes what it holds on the way.

use super::control::is_block;
use super::{After, Context, Translator};
use crate::matcher::formula::{Elsewhere, FALSE, Formula, Item, Part, Shape, TRUE, Test, items_of};
use crate::smpl::pattern::{Leaf, NestCount, Pattern, PatternKind, Slot, When};
use crate::smpl::token::Mark;
use crate::smpl::{MetaKind, Quantifier};
use std::rc::Rc;

/// What stands next to dots.
#[derive(Clone)]
pub(super) enum Neighbour<'p> {
    /// A brace of the pair of that number.
    Brace(Item<'p>, u32),
    /// A statement.
    One(Item<'p>),
    /// What a nest holds.
    Row(Rc<[Item<'p>]>),
}

impl<'p> Translator<'p> {
    /// What stands before whatever follows `item`.
    pub(super) fn before_of(&mut self, item: Item<'p>, before: &Rc<[Neighbour<'p>]>) -> Rc<[Neighbour<'p>]> {
        self.seen_from(item, before, Part::Close)
    }

    /// What stands behind each item of a row.
    pub(super) fn behind_each(
        &mut self,
        items: &[Item<'p>],
        behind: &Rc<[Neighbour<'p>]>,
    ) -> Vec<Rc<[Neighbour<'p>]>> {
        let mut out = vec![behind.clone(); items.len()];
        let mut at = behind.clone();
        for (i, item) in items.iter().enumerate().rev() {
            out[i] = at.clone();
            at = self.seen_from(*item, &at, Part::Open);
        }
        out
    }

    /// What dots next to `item` see of it: of a block, the brace on their side.
    fn seen_from(&mut self, item: Item<'p>, beyond: &Rc<[Neighbour<'p>]>, side: Part) -> Rc<[Neighbour<'p>]> {
        if !item.matcher.pattern.kind().is_part() {
            match item.matcher.whole_leaf(item.node) {
                Leaf::Slot(Slot::Dots(_)) => return beyond.clone(),
                // Any statement: dots next to it could skip none.
                Leaf::Meta(meta) if meta.kind == MetaKind::Statement => return Rc::new([]),
                Leaf::Slot(Slot::Nest(_, inner, _)) => {
                    return Rc::new([Neighbour::Row(items_of(inner).into())]);
                }
                Leaf::Slot(Slot::Disjunction(all) | Slot::Conjunction(all))
                    if !all.iter().all(|b| b.kind() == PatternKind::Expression) =>
                {
                    let mut out = Vec::new();
                    for branch in all {
                        let items = items_of(branch);
                        let mut at = beyond.clone();
                        let ordered: Vec<_> = match side {
                            Part::Close => items,
                            _ => items.into_iter().rev().collect(),
                        };
                        for item in ordered {
                            at = self.seen_from(item, &at, side);
                        }
                        out.extend(at.iter().cloned());
                    }
                    return out.into();
                }
                _ if is_block(item.node) && item.part == Part::Simple => {
                    let place = self.block(item);
                    return Rc::new([Neighbour::Brace(Item { part: side, ..item }, place)]);
                }
                _ => {}
            }
        }
        Rc::new([Neighbour::One(item)])
    }

    /// One of the neighbours is here.
    fn any_of(&mut self, all: &[Neighbour<'p>], context: &Context<'p>) -> Formula {
        let none: Rc<[Neighbour<'p>]> = Rc::new([]);
        let guard = Context {
            after: After::Tail,
            bound: context.bound & !self.own_positions(),
            guard: true,
            alone: true,
            before: none.clone(),
            behind: none,
            ..context.clone()
        };
        let mut out = FALSE;
        for neighbour in all {
            let one = match neighbour {
                Neighbour::Brace(item, place) => {
                    let test = if item.part == Part::Open { Test::Open } else { Test::Close };
                    let brace = self.table.is(test);
                    let pair = self.table.add(Shape::Block(*place));
                    self.table.and(brace, pair)
                }
                Neighbour::One(item) => self.statement(*item, &guard),
                Neighbour::Row(items) => self.list(items, &guard),
            };
            out = self.table.or(out, one);
        }
        out
    }

    /// Dots, or a nest.
    pub(super) fn dots(
        &mut self,
        item: Item<'p>,
        whens: &'p [When],
        nest: Option<(NestCount, &'p Pattern)>,
        context: &Context<'p>,
    ) -> Formula {
        let plain = Context { label: None, ..context.clone() };
        let around = if nest.is_some() { context } else { &plain };
        let any = whens.iter().any(|w| matches!(w, When::Any));
        let neighbours: Vec<_> = context.before.iter().chain(context.behind.iter()).cloned().collect();
        let next_to = if any { FALSE } else { self.any_of(&neighbours, around) };
        let behind = self.any_of(&context.behind, around);
        let quantifier = self.quantifier_of(whens);
        let inner = nest.map(|(_, pattern)| pattern);
        let shared =
            inner.map_or(0, |p| self.free_in(&items_of(p)) & self.free_in_whens(whens) & !context.bound);
        let inner_context = Context { bound: context.bound | shared, ..context.clone() };
        let context = &inner_context;
        let found = match nest {
            Some((NestCount::AtLeastOnce, _)) => Some(self.place()),
            _ => None,
        };
        let (held, goes_on) = self.skipped(whens, inner, found, around, context);
        let inside = context.label.map_or(TRUE, |l| self.table.add(Shape::Inside(l)));
        let ender = self.ender(context, inside);
        let mut skip = self.table.not(next_to);
        skip = self.table.and(skip, held);
        skip = self.table.and(skip, inside);
        if !context.guard && self.mark_of(item, Part::Simple) == Some(Mark::Minus) {
            let gone = self.table.add(Shape::At(Item { part: Part::Deleted, ..item }, Elsewhere::Decides));
            skip = self.table.and(gone, skip);
        }
        let stop = self.stop_early(whens, quantifier, (goes_on, ender, behind), inside, context);
        let end = self.table.or(ender, stop);
        let mut out = self.table.until(quantifier, skip, end);
        if let Some(place) = found {
            out = self.table.add(Shape::HasFound(place, out));
        }
        if quantifier != self.quantifier {
            self.switched.insert(out);
        }
        self.wrapped(out, shared)
    }

    fn quantifier_of(&self, whens: &[When]) -> Quantifier {
        let last = whens.iter().rev().find_map(|w| match w {
            When::Exists => Some(Quantifier::Exists),
            When::Forall => Some(Quantifier::Forall),
            _ => None,
        });
        last.unwrap_or(self.quantifier)
    }

    /// What may be skipped, and what of it has to be collected before stopping early.
    fn skipped(
        &mut self,
        whens: &'p [When],
        inner: Option<&'p Pattern>,
        found: Option<u32>,
        around: &Context<'p>,
        context: &Context<'p>,
    ) -> (Formula, Formula) {
        let allowed = self.conditions(whens, around);
        let Some(inner) = inner.filter(|_| !context.guard || found.is_some()) else { return (allowed, TRUE) };
        let after = match context.after {
            After::Then(f) => After::Guard(f),
            other => other,
        };
        let items = items_of(inner);
        let code = self.list(&items, &Context { after, ..context.clone() });
        let good = match found {
            Some(place) => {
                let mark = self.table.add(Shape::Found(place));
                self.table.and(code, mark)
            }
            None => code,
        };
        let quiet = self.table.quiet(code);
        let other = self.table.not(quiet);
        let other = self.table.and(other, allowed);
        let held = self.table.or(good, other);
        (held, held)
    }

    /// What the `when` clauses let dots skip.
    pub(super) fn conditions(&mut self, whens: &'p [When], around: &Context<'p>) -> Formula {
        let none: Rc<[Neighbour<'p>]> = Rc::new([]);
        let guard = Context {
            after: After::Tail,
            guard: true,
            label: None,
            before: none.clone(),
            behind: none,
            ..around.clone()
        };
        let mut allowed = TRUE;
        let mut refused = self.table.is(Test::After);
        for when in whens {
            match when {
                When::Not(p) => {
                    let one = self.list(&items_of(p), &guard);
                    refused = self.table.or(one, refused);
                }
                When::Only(p) => {
                    let one = self.list(&items_of(p), &guard);
                    allowed = self.table.and(one, allowed);
                }
                When::NotTrue(p) => {
                    let one = self.condition(p, [Test::Then, Test::InLoop], &guard);
                    refused = self.table.or(one, refused);
                }
                When::NotFalse(p) => {
                    let one = self.condition(p, [Test::Otherwise, Test::Fall], &guard);
                    let done = self.condition(p, [Test::LoopFall, Test::LoopFall], &guard);
                    let one = self.table.or(one, done);
                    refused = self.table.or(one, refused);
                }
                When::Any | When::Strict | When::Exists | When::Forall => {}
            }
        }
        let free = self.table.not(refused);
        self.table.and(allowed, free)
    }

    /// A branch is taken here because of that condition.
    fn condition(&mut self, p: &'p Pattern, taken: [Test; 2], guard: &Context<'p>) -> Formula {
        let mut out = FALSE;
        for item in items_of(p) {
            let header = self.matched(Item { part: Part::Condition, ..item }, guard);
            let before = self.table.before(Quantifier::Exists, header);
            let (a, b) = (self.table.is(taken[0]), self.table.is(taken[1]));
            let either = self.table.or(a, b);
            let one = self.table.and(either, before);
            out = self.table.or(out, one);
        }
        out
    }

    /// What dots end at.
    fn ender(&mut self, context: &Context<'p>, inside: Formula) -> Formula {
        match context.after {
            After::Then(f) => self.table.and(f, inside),
            After::Guard(f) => {
                let quiet = self.table.quiet(f);
                self.table.and(quiet, inside)
            }
            After::VeryEnd => {
                let (end, error) = (self.table.is(Test::End), self.table.is(Test::ErrorExit));
                self.table.or(end, error)
            }
            After::Nothing => TRUE,
            After::Tail => match context.label {
                Some(label) => {
                    let region = self.table.add(Shape::Region(label));
                    let (a, b) = (self.table.is(Test::Return), self.table.is(Test::Goto));
                    let jump = self.table.or(a, b);
                    let behind = self.table.before(Quantifier::Exists, jump);
                    self.table.or(region, behind)
                }
                None => self.table.is(Test::End),
            },
        }
    }

    /// Where a way may end without what follows the dots.
    fn stop_early(
        &mut self,
        whens: &[When],
        quantifier: Quantifier,
        (held, ender, behind): (Formula, Formula, Formula),
        inside: Formula,
        context: &Context<'p>,
    ) -> Formula {
        if quantifier == Quantifier::Exists {
            return FALSE;
        }
        if matches!(context.after, After::Tail | After::VeryEnd) {
            return self.table.is(Test::ErrorExit);
        }
        if whens.iter().any(|w| matches!(w, When::Strict)) {
            return FALSE;
        }
        // A branch that leaves, in which what follows never comes.
        let place = self.place();
        let (region, within) = (self.table.add(Shape::Region(place)), self.table.add(Shape::Inside(place)));
        let leaves = self.table.is(Test::ThenLeaves);
        let start = self.table.and(leaves, inside);
        let start = self.table.and(start, region);
        let quiet = self.table.quiet(ender);
        let not_yet = self.table.not(quiet);
        let way = self.table.and(held, within);
        let way = self.table.and(not_yet, way);
        let never = self.table.not(behind);
        let ends = self.ends_early(never);
        let ends = self.table.and(within, ends);
        let until = self.table.until(quantifier, way, ends);
        let all = self.table.and(start, until);
        self.table.some_place(place, all)
    }

    /// The way leaves here, and what follows the dots comes `never`.
    fn ends_early(&mut self, never: Formula) -> Formula {
        let returns = self.table.is(Test::Return);
        if self.rule.ways.only_returns_leave {
            return self.table.and(returns, never);
        }
        let again = self.table.is(Test::Continue);
        let ends = self.table.or(returns, again);
        let ends = self.table.and(ends, never);
        let (a, b) = (self.table.is(Test::Goto), self.table.is(Test::Break));
        let jumps = self.table.or(a, b);
        let nowhere = self.table.add(Shape::Always(never));
        let jumps = self.table.and(jumps, nowhere);
        self.table.or(ends, jumps)
    }
}
