//! Compound statements as formulas.
//!
//! In: `{ … }` of a pattern. Out: its formula: both braces, and between them what the pattern says. A block also stands
//! for its only statement where its braces say nothing, and one that ends in `return` for one that leaves by `goto`.

use super::{After, Context, Neighbour, Translator};
use crate::matcher::formula::{Elsewhere, FALSE, Formula, Item, Part, Shape, Test, items_of, row};
use crate::matcher::translate::free::Names;
use crate::smpl::MetaKind;
use crate::smpl::Quantifier;
use crate::smpl::pattern::{Leaf, Slot};
use crate::smpl::token::Mark;
use crate::syntax::Kind;
use std::rc::Rc;

impl<'p> Translator<'p> {
    pub(super) fn mark_of(&self, item: Item<'p>, part: Part) -> Option<Mark> {
        self.pieces(Item { part, ..item }).first().map(|p| p.atom.mark)
    }

    pub(super) fn hung(&self, item: Item<'p>, part: Part) -> bool {
        self.pieces(Item { part, ..item })
            .iter()
            .any(|p| self.rule.hangs.contains_key(&p.atom.id) || !p.atom.attached.is_empty())
    }

    pub(super) fn changes_braces(&self, item: Item<'p>) -> bool {
        [Part::Open, Part::Close]
            .into_iter()
            .any(|part| self.mark_of(item, part) == Some(Mark::Minus) || self.hung(item, part))
    }

    /// The only statement of a block whose braces say nothing: the block stands for it, too.
    fn only_statement(&self, item: Item<'p>) -> Option<Item<'p>> {
        let inner = row(item.matcher, &item.node.named_children().collect::<Vec<_>>());
        let dots = |i: &Item<'p>| {
            matches!(i.matcher.whole_leaf(i.node), Leaf::Slot(Slot::Dots(_)))
                && self.mark_of(*i, Part::Simple) == Some(Mark::Context)
        };
        let mut solid = inner.iter().filter(|i| !dots(i));
        let (Some(one), None) = (solid.next(), solid.next()) else { return None };
        let loose = matches!(
            one.matcher.whole_leaf(one.node),
            Leaf::Slot(Slot::Dots(_) | Slot::Disjunction(_) | Slot::Conjunction(_))
        );
        let list = matches!(
            one.matcher.whole_leaf(one.node),
            Leaf::Meta(m) if matches!(m.kind, MetaKind::StatementList(_))
        );
        let minus =
            self.pieces(Item { part: Part::Simple, ..item }).iter().all(|p| p.atom.mark == Mark::Minus);
        let says = self.changes_braces(item) && !minus
            || one.node.is(Kind::Declaration) && !matches!(one.matcher.whole_leaf(one.node), Leaf::Meta(_));
        (!loose && !list && !says && one.part == Part::Simple && self.rule.allows("braces")).then_some(*one)
    }

    /// `{ … }`
    pub(super) fn block_of(&mut self, item: Item<'p>, context: &Context<'p>) -> Formula {
        let given = self.given_block(item, context);
        let Some(one) = self.only_statement(item) else { return given };
        let mut alone = self.statement(one, context);
        if !context.guard && self.hung(item, Part::Close) {
            let close =
                self.table.add(Shape::At(Item { part: Part::MissingClose, ..item }, Elsewhere::Decides));
            alone = self.table.and(close, alone);
        }
        self.table.or_else(given, alone)
    }

    fn given_block(&mut self, item: Item<'p>, context: &Context<'p>) -> Formula {
        let open = Item { part: Part::Open, ..item };
        let close = Item { part: Part::Close, ..item };
        let inner = row(item.matcher, &item.node.named_children().collect::<Vec<_>>());
        let masks = [self.free(open), self.free_in(&inner), self.free(close)];
        let [(_, both1), (_, both2), _] = self.split(masks, context.bound);
        let around = Context { bound: context.bound | both1, ..context.clone() };
        let first = self.matched(open, &around);
        let (place, label) = (self.block(item), self.place());
        let (block, region) = (self.table.add(Shape::Block(place)), self.table.add(Shape::Region(label)));
        let pair = self.table.and(block, region);
        let start = self.table.and(first, pair);
        let plain_dots = matches!(inner.as_slice(), [one] if
            matches!(one.matcher.whole_leaf(one.node), Leaf::Slot(Slot::Dots(w)) if w.is_empty())
                && self.mark_of(*one, Part::Simple) == Some(Mark::Context));
        let ends = !matches!(context.after, After::Then(_) | After::Guard(_));
        let closed = Context { bound: around.bound | both2, ..around.clone() };
        if plain_dots && ends && !self.changes_braces_at(item, Part::Close) {
            return self.wrapped(first, both1);
        }
        let end = self.end_of_block(close, place, &closed);
        let rest = self.then(end, context.after);
        if plain_dots {
            let past = self.table.is(Test::After);
            let behind = self.table.next(Quantifier::Exists, rest);
            let past = self.table.and(past, behind);
            let next = self.table.next(Quantifier::Exists, past);
            let all = self.table.and(start, next);
            return self.block_wrapped(all, both1, place, label);
        }
        let body_context = Context {
            after: After::Then(rest),
            label: Some(label),
            before: self.neighbour(Neighbour::Brace(open, place), context),
            behind: self.neighbour(Neighbour::Brace(close, place), context),
            ..closed.clone()
        };
        let body = self.list(&inner, &body_context);
        let body = self.wrapped(body, both2);
        let next = self.step(body);
        let all = self.table.and(start, next);
        let given = self.block_wrapped(all, both1, place, label);
        if context.guard || !self.ends_in_return(&inner, false) {
            return given;
        }
        let elsewhere = self.behind_goto(item, &inner, start, (place, label), &closed);
        let elsewhere = self.wrapped(elsewhere, both1);
        self.table.or(given, elsewhere)
    }

    pub(super) fn neighbour(&self, one: Neighbour<'p>, context: &Context<'p>) -> Rc<[Neighbour<'p>]> {
        if context.alone { Rc::new([]) } else { Rc::new([one]) }
    }

    fn changes_braces_at(&self, item: Item<'p>, part: Part) -> bool {
        self.mark_of(item, part) == Some(Mark::Minus) || self.hung(item, part)
    }

    pub(super) fn end_of_block(&mut self, close: Item<'p>, place: u32, context: &Context<'p>) -> Formula {
        let other = self.table.is(Test::Close);
        let mut own = self.table.add(Shape::At(close, Elsewhere::RulesOut));
        if context.guard {
            own = self.table.quiet(own);
        }
        let block = self.table.add(Shape::Block(place));
        let own = self.table.and(own, block);
        let end = self.table.until(self.quantifier, other, own);
        let names = self.unbound(self.free(close), context.bound);
        self.table.some(names, end)
    }

    pub(super) fn wrapped(&mut self, f: Formula, names: Names) -> Formula {
        let names = self.unbound(names, 0);
        self.table.some(names, f)
    }

    fn block_wrapped(&mut self, f: Formula, names: Names, place: u32, label: u32) -> Formula {
        let f = self.wrapped(f, names);
        let f = self.table.some_place(place, f);
        self.table.some_place(label, f)
    }

    /// Whether a row ends in a `return` behind dots.
    fn ends_in_return(&self, items: &[Item<'p>], dots: bool) -> bool {
        let slot = |i: &Item<'p>| match i.matcher.whole_leaf(i.node) {
            Leaf::Slot(slot) => Some(slot),
            _ => None,
        };
        let dots = dots || items.iter().any(|i| matches!(slot(i), Some(Slot::Dots(_) | Slot::Nest(..))));
        let Some(last) = items.last() else { return false };
        match slot(last) {
            Some(Slot::Disjunction(all)) => all.iter().all(|b| self.ends_in_return(&items_of(b), dots)),
            Some(Slot::Conjunction(all)) => all.iter().any(|b| self.ends_in_return(&items_of(b), dots)),
            Some(_) => false,
            None => dots && last.node.is(Kind::ReturnStatement),
        }
    }

    /// A block that ends in `return` also stands for one that leaves by `goto`, to where the rest of it is.
    fn behind_goto(
        &mut self,
        item: Item<'p>,
        inner: &[Item<'p>],
        start: Formula,
        (place, label): (u32, u32),
        context: &Context<'p>,
    ) -> Formula {
        let none: Rc<[Neighbour<'p>]> = Rc::new([]);
        let outside = Context {
            label: None,
            before: none.clone(),
            behind: none,
            after: After::Nothing,
            ..context.clone()
        };
        let mut out = FALSE;
        if !self.changes_braces(item) {
            // A jump instead of the block.
            let body = self.list(inner, &outside);
            let next = self.step(body);
            let close = self.table.is(Test::Close);
            let until = self.table.until(self.quantifier, close, next);
            let goto = self.table.is(Test::Goto);
            let step = self.step(until);
            out = self.table.and(goto, step);
        }
        if self.changes_braces_at(item, Part::Close) {
            return out;
        }
        // A block that every way leaves by a jump.
        let body = self.list(inner, &Context { after: After::Tail, ..outside });
        let body = self.step(body);
        let by_goto = self.table.is(Test::AfterGoto);
        let some = self.table.next(Quantifier::Exists, by_goto);
        let not_goto = self.table.not(by_goto);
        let after = self.table.is(Test::After);
        let other = self.table.and(after, not_goto);
        let other = self.table.next(Quantifier::Exists, other);
        let only = self.table.not(other);
        let leaves = self.table.and(some, only);
        let start = self.table.and(start, leaves);
        let all = self.table.and(start, body);
        let all = self.table.some_place(place, all);
        let all = self.table.some_place(label, all);
        self.table.or(out, all)
    }
}
