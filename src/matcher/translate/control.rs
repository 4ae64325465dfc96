//! Statements with parts, and functions, as formulas.
//!
//! In: an `if`, a loop, a switch, a function of a pattern. Out: its formula: the header, each branch behind the vertex
//! that stands for its being taken, and what follows behind the vertex past the statement.

use super::{After, Context, Neighbour, Translator, case_rows, is_default};
use crate::matcher::formula::{Elsewhere, FALSE, Formula, Item, Part, Shape, TRUE, Test, row};
use crate::matcher::graph::{else_body, loop_body};
use crate::smpl::MetaKind;
use crate::smpl::Quantifier;
use crate::smpl::pattern::{Leaf, Slot, When};
use crate::smpl::token::Mark;
use crate::syntax::{Field, Kind, Node};
use std::rc::Rc;

impl<'p> Translator<'p> {
    fn header(&mut self, header: Item<'p>, label: u32, context: &Context<'p>) -> Formula {
        let header = self.matched(header, context);
        let region = self.table.add(Shape::Region(label));
        self.table.and(header, region)
    }

    fn branch_context(&self, label: u32, context: &Context<'p>) -> Context<'p> {
        Context { after: After::Tail, label: Some(label), before: Rc::new([]), ..context.clone() }
    }

    /// A branch behind the vertex that stands for its being taken.
    fn taken(&mut self, test: Test, inner: Formula) -> Formula {
        let taken = self.table.is(test);
        let step = self.step(inner);
        self.table.and(taken, step)
    }

    fn one(&mut self, node: Node<'p>, item: Item<'p>, context: &Context<'p>) -> Formula {
        let items = row(item.matcher, &[node]);
        match items.as_slice() {
            // Dots in place of a branch end with the statement around it.
            [one] if self.optional(*one).is_none() => self.statement(*one, context),
            _ => self.list(&items, context),
        }
    }

    /// The header with each of its ways.
    fn ways(&mut self, header: Formula, needed: &[Test], ways: &[Formula]) -> Formula {
        let mut out = TRUE;
        for way in ways.iter().rev() {
            let next = self.table.next(Quantifier::Exists, *way);
            out = self.table.and(next, out);
        }
        for test in needed.iter().rev() {
            let is = self.table.is(*test);
            let next = self.table.next(Quantifier::Exists, is);
            out = self.table.and(next, out);
        }
        self.table.and(header, out)
    }

    /// `if`
    pub(super) fn branch(&mut self, item: Item<'p>, context: &Context<'p>) -> Formula {
        let (Some(yes), clause) = (item.node.child(Field::Consequence), item.node.child(Field::Alternative))
        else {
            return FALSE;
        };
        let Some((clause, no)) = clause.and_then(|c| Some((c, else_body(c)?))) else {
            return self.if_then(item, yes, context);
        };
        let full = self.if_then_else(item, Part::Header, (yes, clause, no), context);
        let full = if self.may_swap(item, clause) {
            let swapped = self.if_then_else(item, Part::Opposite, (no, clause, yes), context);
            self.table.or_else(full, swapped)
        } else {
            full
        };
        let other = item.at(no);
        let free = matches!(item.matcher.whole_leaf(no), Leaf::Meta(m) if m.kind == MetaKind::Statement)
            && self.pieces(item.at(clause)).iter().all(|p| p.atom.mark == Mark::Context)
            && !self.hung(other, Part::Simple)
            && self.rule.allows("drop_else");
        if !free {
            return full;
        }
        let short = self.if_then(item, yes, context);
        self.table.or_else(full, short)
    }

    fn if_then(&mut self, item: Item<'p>, yes: Node<'p>, context: &Context<'p>) -> Formula {
        let header = Item { part: Part::Header, ..item };
        let masks = [self.free(header), self.free(item.at(yes))];
        let [(_, both), _] = self.split(masks, context.bound);
        let label = self.place();
        let around = Context { bound: context.bound | both, ..context.clone() };
        let header = self.header(Item { part: Part::Header, ..item }, label, &around);
        let inner = self.one(yes, item, &self.branch_context(label, &around));
        let taken = self.taken(Test::Then, inner);
        let fall = self.table.is(Test::Fall);
        let past = self.past(Test::After, context.after);
        let needed: &[Test] = if matches!(context.after, After::Then(_)) { &[Test::After] } else { &[] };
        let all = self.ways(header, needed, &[taken, fall, past]);
        let all = self.wrapped(all, both);
        self.table.some_place(label, all)
    }

    /// Whether the branches may be swapped where the condition is the opposite one (`neg_if`).
    fn may_swap(&self, item: Item<'p>, clause: Node<'p>) -> bool {
        let condition = item.node.child(Field::Condition).and_then(|c| c.named_children().next());
        let dots = |n| matches!(item.matcher.whole_leaf(n), Leaf::Slot(Slot::Dots(_)));
        let known = item.matcher.pattern.negated(item.node).is_some() || condition.is_some_and(dots);
        let word = Item::of(item.matcher, clause, Part::Else);
        let own = [Item { part: Part::Header, ..item }, word];
        let pieces: Vec<_> = own.into_iter().flat_map(|part| self.pieces(part)).collect();
        let gone = pieces.iter().filter(|p| p.atom.mark == Mark::Minus).count();
        let whole = gone == 0 || gone == pieces.len();
        let bare = !pieces.iter().any(|p| self.rule.hangs.contains_key(&p.atom.id));
        known && whole && bare && self.rule.allows("neg_if")
    }

    fn if_then_else(
        &mut self,
        item: Item<'p>,
        part: Part,
        (yes, clause, no): (Node<'p>, Node<'p>, Node<'p>),
        context: &Context<'p>,
    ) -> Formula {
        let keyword = Item::of(item.matcher, clause, Part::Else);
        let header = self.free(Item { part: Part::Header, ..item });
        let (first, second) = (self.free(item.at(yes)), self.free(item.at(no)) | self.free(keyword));
        let both = ((header & (first | second)) | (first & second)) & !context.bound;
        let label = self.place();
        let around = Context { bound: context.bound | both, ..context.clone() };
        let header = self.header(Item { part, ..item }, label, &around);
        let branch = self.branch_context(label, &around);
        let then = self.one(yes, item, &branch);
        let then = self.taken(Test::Then, then);
        let word = self.matched(keyword, &around);
        let other = self.one(no, item, &branch);
        let step = self.step(other);
        let other = self.table.and(word, step);
        let other = self.taken(Test::Otherwise, other);
        let past = self.past(Test::After, context.after);
        let follows = matches!(context.after, After::Then(_));
        let needed: &[Test] = if follows { &[Test::Otherwise, Test::After] } else { &[Test::Otherwise] };
        // Where nothing follows, branches that all leave have no end to ask for.
        let ways = if follows { vec![then, other, past] } else { vec![then, other] };
        let all = self.ways(header, needed, &ways);
        let all = self.wrapped(all, both);
        self.table.some_place(label, all)
    }

    /// `while`, `for`, a loop behind a macro.
    pub(super) fn looping(&mut self, item: Item<'p>, context: &Context<'p>) -> Formula {
        let header = Item { part: Part::Header, ..item };
        let Some(body) = loop_body(item.node) else { return self.matched(header, context) };
        let inner = Item::of(item.matcher, body, Part::Simple);
        let masks = [self.free(header), self.free(inner)];
        let [(_, both), _] = self.split(masks, context.bound);
        let label = self.place();
        let around = Context { bound: context.bound | both, ..context.clone() };
        let header = self.header(Item { part: Part::Header, ..item }, label, &around);
        let mut behind = self.neighbour(Neighbour::One(item), context).to_vec();
        behind.extend(context.behind.iter().cloned());
        let branch = Context {
            looping: Some(label),
            switching: None,
            behind: behind.into(),
            ..self.branch_context(label, &around)
        };
        let taken = self.one(body, item, &branch);
        let taken = self.taken(Test::InLoop, taken);
        let past = self.past(Test::LoopFall, context.after);
        let needed: &[Test] = if matches!(context.after, After::Then(_)) { &[Test::LoopFall] } else { &[] };
        let all = self.ways(header, needed, &[taken, past]);
        let all = self.wrapped(all, both);
        self.table.some_place(label, all)
    }

    /// `do`
    pub(super) fn do_while(&mut self, item: Item<'p>, context: &Context<'p>) -> Formula {
        let (header, tail) = (Item { part: Part::Header, ..item }, Item { part: Part::Tail, ..item });
        let Some(body) = item.node.child(Field::Body) else { return FALSE };
        let inner = Item::of(item.matcher, body, Part::Simple);
        let masks = [self.free(header), self.free(inner), self.free(tail)];
        let [(_, both1), (_, both2), _] = self.split(masks, context.bound);
        let label = self.place();
        let around = Context { bound: context.bound | both1 | both2, ..context.clone() };
        let header = self.header(Item { part: Part::Header, ..item }, label, &around);
        let end = self.matched(tail, &around);
        let fall = self.table.is(Test::Fall);
        let fall = self.table.next(Quantifier::Exists, fall);
        let end = self.table.and(end, fall);
        let branch = Context {
            after: After::Then(end),
            looping: Some(label),
            switching: None,
            ..self.branch_context(label, &around)
        };
        let taken = self.one(body, item, &branch);
        let past = self.past(Test::After, context.after);
        let all = self.ways(header, &[Test::After], &[taken, past]);
        let all = self.wrapped(all, both1 | both2);
        self.table.some_place(label, all)
    }

    /// `switch`: each case of the pattern is there, each case of the code is one of the pattern's or none.
    pub(super) fn switch(&mut self, item: Item<'p>, context: &Context<'p>) -> Formula {
        let header = Item { part: Part::Header, ..item };
        let Some(body) = item.node.child(Field::Body) else { return FALSE };
        let (before, cases) = case_rows(item.matcher, body);
        let block = Item::of(item.matcher, body, Part::Simple);
        let masks = [self.free(header), self.free(block)];
        let [(_, both), _] = self.split(masks, context.bound);
        let label = self.place();
        let around = Context { bound: context.bound | both, ..context.clone() };
        let header = self.header(Item { part: Part::Header, ..item }, label, &around);
        let branch = Context { switching: Some(label), ..self.branch_context(label, &around) };
        let open = Item::of(item.matcher, body, Part::Open);
        let inside = if before.is_empty() {
            self.cases(open, &cases, &branch)
        } else {
            let place = self.block(block);
            let brace = self.matched(open, &branch);
            let pair = self.table.add(Shape::Block(place));
            let start = self.table.and(brace, pair);
            let close = Item::of(item.matcher, body, Part::Close);
            let end = self.end_of_block(close, place, &branch);
            let mut rest = before;
            rest.extend(cases.into_iter().flatten());
            let inner = Context {
                after: After::Then(end),
                before: self.neighbour(Neighbour::Brace(open, place), context),
                behind: self.neighbour(Neighbour::Brace(close, place), context),
                ..branch
            };
            let list = self.list(&rest, &inner);
            let next = self.step(list);
            let all = self.table.and(start, next);
            let all = self.table.some_place(place, all);
            let fall = self.table.is(Test::Fall);
            self.table.or(all, fall)
        };
        let inside = self.table.next(Quantifier::Forall, inside);
        let past = self.past(Test::After, context.after);
        let ways: &[Formula] = if matches!(context.after, After::Then(_)) { &[past] } else { &[] };
        let body = self.ways(inside, &[], ways);
        let all = self.table.and(header, body);
        let all = self.wrapped(all, both);
        self.table.some_place(label, all)
    }

    fn cases(&mut self, open: Item<'p>, cases: &[Vec<Item<'p>>], context: &Context<'p>) -> Formula {
        let brace = self.matched(open, context);
        let mut there = TRUE;
        let mut none = TRUE;
        let mut each = FALSE;
        for case in cases.iter().rev() {
            let Some((head, _)) = case.split_first() else { continue };
            let quiet = self.matched(*head, &Context { guard: true, ..context.clone() });
            let next = self.table.next(Quantifier::Exists, quiet);
            there = self.table.and(next, there);
            let other = self.table.not(quiet);
            none = self.table.and(other, none);
            let list = self.list(case, context);
            each = self.table.or(list, each);
        }
        let one = self.table.or(none, each);
        let next = self.table.next(Quantifier::Forall, one);
        let there = self.table.and(brace, there);
        let all = self.table.and(there, next);
        if cases.iter().filter_map(|c| c.first()).any(is_default) {
            return all;
        }
        let fall = self.table.is(Test::Fall);
        self.table.or(fall, all)
    }

    /// The formula that holds at the header of a function that the pattern describes.
    pub fn function(&mut self, root: Item<'p>) -> Formula {
        let Some(body) = root.node.child(Field::Body) else { return FALSE };
        let context = self.outermost();
        let header = Item { part: Part::Function, ..root };
        let block = Item::of(root.matcher, body, Part::Simple);
        let masks = [self.free(header), self.free(block)];
        let [(_, both), _] = self.split(masks, context.bound);
        let around = Context { bound: context.bound | both, ..context };
        let first = self.matched(header, &around);
        let inner = self.function_body(block, &around);
        let step = self.step(inner);
        let all = self.table.and(first, step);
        self.wrapped(all, both)
    }

    fn function_body(&mut self, block: Item<'p>, context: &Context<'p>) -> Formula {
        let place = self.block(block);
        let (open, close) = (Item { part: Part::Open, ..block }, Item { part: Part::Close, ..block });
        let inner = row(block.matcher, &block.node.named_children().collect::<Vec<_>>());
        let both = (self.free(open) | self.free(close)) & self.free_in(&inner) & !context.bound;
        let around = Context { bound: context.bound | both, ..context.clone() };
        let context = &around;
        let (open, close) = (self.matched(open, context), self.matched(close, context));
        let braces = self.table.and(open, close);
        let pair = self.table.add(Shape::Block(place));
        let start = self.table.and(braces, pair);
        let end = self.end_of_function(place);
        let only = match inner.as_slice() {
            [one] => match one.matcher.whole_leaf(one.node) {
                Leaf::Slot(Slot::Dots(whens)) => Some((*one, whens)),
                _ => None,
            },
            _ => None,
        };
        let flow = |w: &When| matches!(w, When::NotTrue(_) | When::NotFalse(_));
        let all = match only {
            // All of the body is skipped: nothing has to hold.
            Some((one, whens)) if whens.is_empty() => {
                let mut out = start;
                if self.mark_of(one, Part::Simple) == Some(Mark::Minus) {
                    let gone =
                        self.table.add(Shape::At(Item { part: Part::Deleted, ..one }, Elsewhere::Decides));
                    out = self.table.and(start, gone);
                }
                out
            }
            Some((one, whens)) if !whens.iter().any(flow) => {
                let end = self.table.is(Test::Close);
                let pair = self.table.add(Shape::Block(place));
                let end = self.table.and(end, pair);
                let inner = Context { after: After::Then(end), ..context.clone() };
                let list = self.list(&[one], &inner);
                let step = self.step(list);
                self.table.and(start, step)
            }
            _ => match self.gathered(&inner, end, context) {
                Some(gathered) => self.table.and(start, gathered),
                None => {
                    let inner_context = Context { after: After::Then(end), ..context.clone() };
                    let list = self.list(&inner, &inner_context);
                    let step = self.step(list);
                    self.table.and(start, step)
                }
            },
        };
        let all = self.wrapped(all, both);
        self.table.some_place(place, all)
    }

    /// A body that is one nest: what it holds, wherever it is.
    fn gathered(&mut self, inner: &[Item<'p>], end: Formula, context: &Context<'p>) -> Option<Formula> {
        let [one] = inner else { return None };
        let Leaf::Slot(Slot::Nest(crate::smpl::pattern::NestCount::Any, pattern, whens)) =
            one.matcher.whole_leaf(one.node)
        else {
            return None;
        };
        if !whens.is_empty() || self.mark_of(*one, Part::Simple) == Some(Mark::Minus) {
            return None;
        }
        let items = crate::matcher::formula::items_of(pattern);
        let list = self.list(&items, &Context { after: After::Guard(end), ..context.clone() });
        let quiet = self.table.quiet(list);
        let not = self.table.not(quiet);
        let either = self.table.or(list, not);
        Some(self.table.add(Shape::Gathered(either)))
    }

    fn end_of_function(&mut self, place: u32) -> Formula {
        let close = self.table.is(Test::Close);
        let pair = self.table.add(Shape::Block(place));
        let own = self.table.and(close, pair);
        let (end, error) = (self.table.is(Test::End), self.table.is(Test::ErrorExit));
        let ends = self.table.or(end, error);
        let closing = self.table.until(self.quantifier, close, ends);
        let end = self.table.and(own, closing);
        // A jump passes the braces of the blocks that it leaves.
        self.table.until(self.quantifier, close, end)
    }
}

/// Whether a node is a compound statement.
pub(super) fn is_block(node: Node<'_>) -> bool {
    node.is(Kind::CompoundStatement)
}
