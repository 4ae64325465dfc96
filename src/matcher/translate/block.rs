//! Compound statements as formulas.
//!
//! In: `{ … }` of a pattern. Out: its formula: both braces, and between them what the pattern says. A block also stands
//! for its only statement where its braces say nothing (for any statement if it has dots only), and one that ends in `return` for one that leaves by `goto`.

use super::{After, Context, Neighbour, Translator};
use crate::matcher::formula::{Elsewhere, FALSE, Formula, Item, Part, Shape, Test, items_of, row};
use crate::smpl::MetaKind;
use crate::smpl::Quantifier;
use crate::smpl::compile::Side;
use crate::smpl::pattern::{Leaf, Pattern, Piece, Slot};
use crate::smpl::token::Mark;
use crate::smpl::vocabulary::Names;
use crate::syntax::Kind;
use std::rc::Rc;

/// What stands for a block in place of it.
enum Bare<'p> {
    /// Its only statement.
    One(Item<'p>),
    /// Any statement, for a block of nothing but dots.
    Any,
}

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

    /// Dots that stay.
    fn are_plain_dots(&self, item: Item<'p>) -> bool {
        matches!(item.matcher.whole_leaf(item.node), Leaf::Slot(Slot::Dots(_)))
            && self.mark_of(item, Part::Simple) == Some(Mark::Context)
    }

    /// What a block whose braces say nothing stands for, too.
    fn without_braces(&self, item: Item<'p>) -> Option<Bare<'p>> {
        let inner = row(item.matcher, &item.node.named_children().collect::<Vec<_>>());
        let mut solid = inner.iter().enumerate().filter(|(_, i)| !self.are_plain_dots(**i));
        let (at, one) = match (solid.next(), solid.next()) {
            (Some((at, one)), None) => (at, *one),
            (None, _) => {
                let any = inner.len() == 1 && !self.changes_braces(item) && self.rule.allows("braces0");
                return any.then_some(Bare::Any);
            }
            (Some(_), Some(_)) => return None,
        };
        let minus =
            self.pieces(Item { part: Part::Simple, ..item }).iter().all(|p| p.atom.mark == Mark::Minus);
        let says = self.changes_braces(item) && !minus
            || one.node.is(Kind::Declaration) && !matches!(one.matcher.whole_leaf(one.node), Leaf::Meta(_));
        let name = match (at > 0, at + 1 < inner.len()) {
            (true, false) => "braces1",
            (true, true) => "braces2",
            (false, true) => "braces3",
            (false, false) => "braces4",
        };
        let goes =
            [Part::Open, Part::Close].iter().all(|part| self.mark_of(item, *part) == Some(Mark::Minus));
        let stays = goes || self.stays_one(one);
        let may = is_one_statement(one) && !says && !self.changes_branches(one) && stays;
        (may && self.rule.allows(name)).then_some(Bare::One(one))
    }

    /// Whether a statement of the pattern is one statement after the change, too, so that it needs no braces.
    fn stays_one(&self, item: Item<'p>) -> bool {
        let pieces = item.matcher.pattern.pieces_of(item.node);
        let hangs = |piece: &Piece| self.rule.hangs.get(&piece.atom.id).map_or(&[][..], Vec::as_slice);
        let gone = pieces.iter().all(|piece| piece.atom.mark == Mark::Minus);
        if gone && !pieces.is_empty() {
            let comes = pieces.iter().flat_map(hangs).map(|(_, index)| self.rule.plus[*index].statements());
            return comes.sum::<usize>() == 1;
        }
        let beside = |piece: Option<&Piece>, side: Side| {
            piece.is_some_and(|piece| hangs(piece).iter().any(|(s, _)| *s == side))
        };
        !beside(pieces.first(), Side::Before) && !beside(pieces.last(), Side::After)
    }

    /// Whether an element that is an expression, or has branches, changes something.
    fn changes_branches(&self, item: Item<'p>) -> bool {
        let Leaf::Slot(Slot::Disjunction(branches) | Slot::Conjunction(branches)) =
            item.matcher.whole_leaf(item.node)
        else {
            return false;
        };
        let changes = |p: &Piece| p.atom.mark == Mark::Minus || self.rule.hangs.contains_key(&p.atom.id);
        branches.iter().flat_map(Pattern::pieces).any(changes)
    }

    /// `{ … }`
    pub(super) fn block_of(&mut self, item: Item<'p>, context: &Context<'p>) -> Formula {
        let given = self.given_block(item, context);
        let alone = match self.without_braces(item) {
            Some(Bare::One(one)) if !context.guard && self.hung(item, Part::Close) => {
                self.beside_missing(item, one, context)
            }
            Some(Bare::One(one)) => self.statement(one, context),
            Some(Bare::Any) => self.whole(Item { part: Part::Any, ..item }, context),
            None => return given,
        };
        self.table.or_else(given, alone)
    }

    /// The only statement of a block instead of it, with what hangs on the brace that is not there.
    fn beside_missing(&mut self, item: Item<'p>, one: Item<'p>, context: &Context<'p>) -> Formula {
        let close = Item { part: Part::MissingClose, ..item };
        // What is added there may be about what the statement binds.
        let shared = self.free(close) & self.free(one) & !context.bound;
        let alone = self.statement(one, &Context { bound: context.bound | shared, ..context.clone() });
        let close = self.table.add(Shape::At(close, Elsewhere::Decides));
        let both = self.table.and(close, alone);
        self.wrapped(both, shared)
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

/// Whether an element of a pattern is one statement, in each of its branches.
fn is_one_statement(item: Item<'_>) -> bool {
    match item.matcher.whole_leaf(item.node) {
        Leaf::Slot(Slot::Dots(_)) => false,
        Leaf::Slot(Slot::Disjunction(branches) | Slot::Conjunction(branches)) => branches
            .iter()
            .all(|branch| matches!(items_of(branch).as_slice(), [one] if is_one_statement(*one))),
        Leaf::Meta(meta) if matches!(meta.kind, MetaKind::StatementList(_)) => false,
        _ => item.part == Part::Simple,
    }
}
