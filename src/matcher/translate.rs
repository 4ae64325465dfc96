//! Patterns of statements as formulas about paths.
//!
//! In: a compiled rule. Out: the [`Formula`] that holds where the rule matches. The translation follows what Coccinelle
//! documents and does: names are bound as close to where they occur as the rule lets them; dots skip neither what
//! stands before nor what stands after them; a branch that leaves on an error need not hold what follows the dots; a
//! block stands for its only statement where its braces say nothing (`braces1` … `braces4`).

mod control;
mod dots;
mod free;

use super::formula::{FALSE, Formula, Item, Part, Shape, TRUE, Table, Test, items_of, row};
use super::node::Matcher;
use crate::smpl::compile::CompiledRule;
use crate::smpl::pattern::{Leaf, Pattern, PatternKind, Slot};
use crate::smpl::token::Mark;
use crate::smpl::{MetaKind, Quantifier};
use crate::syntax::{Field, Kind, NodeId};
use dots::Neighbour;
use free::Names;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// What follows an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    /// This has to hold.
    Then(Formula),
    /// Dots stop before this; nothing has to hold.
    Guard(Formula),
    /// The end of a branch or of a condition.
    Tail,
    /// The end of the rule.
    VeryEnd,
    /// Nothing at all.
    Nothing,
}

/// Where an element stands.
#[derive(Clone)]
struct Context<'p> {
    after: After,
    /// Names that are bound further out.
    bound: Names,
    /// The statement around, for what dots may skip.
    label: Option<u32>,
    /// The loop around.
    looping: Option<u32>,
    /// The switch around.
    switching: Option<u32>,
    /// Whether it only guards: nothing is changed here.
    guard: bool,
    /// Whether it stands next to dots elsewhere: dots in it know no neighbours.
    alone: bool,
    /// What stands before and behind, for dots.
    before: Rc<[Neighbour<'p>]>,
    behind: Rc<[Neighbour<'p>]>,
}

/// Turns patterns into formulas.
pub struct Translator<'p> {
    /// The formulas.
    pub table: Table<'p>,
    rule: &'p CompiledRule,
    quantifier: Quantifier,
    names: Vec<&'p str>,
    places: u32,
    blocks: HashMap<(usize, NodeId), u32>,
    /// Formulas that are asked of the ways in the other manner than the rule's own.
    switched: HashSet<Formula>,
}

impl<'p> Translator<'p> {
    /// Translate for `rule`.
    pub fn new(rule: &'p CompiledRule) -> Self {
        let mut names: Vec<&str> = rule.metavariables.keys().map(String::as_str).collect();
        names.extend(rule.metavariables.values().filter_map(|m| m.kind.length_name()));
        names.sort_unstable();
        names.dedup();
        Self {
            table: Table::default(),
            rule,
            quantifier: rule.quantifier,
            names,
            places: 0,
            blocks: HashMap::new(),
            switched: HashSet::new(),
        }
    }

    /// The formula that holds where the rule's statements start.
    pub fn statements(&mut self) -> Formula {
        let items = items_of(&self.rule.pattern);
        let context = self.outermost();
        let formula = self.list(&items, &context);
        let Some(first) = items.first() else { return FALSE };
        match first.matcher.whole_leaf(first.node) {
            Leaf::Slot(Slot::Dots(_)) => {
                let top = self.table.is(Test::Top);
                let next = self.table.next(Quantifier::Exists, formula);
                self.table.and(top, next)
            }
            Leaf::Plain if first.node.is(Kind::CompoundStatement) && self.changes_braces(*first) => {
                let only = first.node.named_children().count() == 1 && self.all_minus(*first, Part::Open);
                let test = self.table.is(if only { Test::Function } else { Test::BraceOwner });
                let owner = self.table.before(Quantifier::Exists, test);
                let free = self.table.not(owner);
                self.table.and(free, formula)
            }
            _ => formula,
        }
    }

    fn outermost(&mut self) -> Context<'p> {
        Context {
            after: After::VeryEnd,
            bound: self.exported(),
            label: None,
            looping: None,
            switching: None,
            guard: false,
            alone: false,
            before: Rc::new([]),
            behind: Rc::new([]),
        }
    }

    fn place(&mut self) -> u32 {
        self.places += 1;
        self.places
    }

    /// The number of the braces of a compound statement of the pattern.
    fn block(&mut self, item: Item<'p>) -> u32 {
        let key = (std::ptr::from_ref(item.matcher.pattern) as usize, item.node.id());
        if let Some(number) = self.blocks.get(&key) {
            return *number;
        }
        let number = self.place();
        self.blocks.insert(key, number);
        number
    }

    /// The rule's way of going one step on, or the other one if what follows asks for it.
    fn step(&mut self, next: Formula) -> Formula {
        let mut head = next;
        while let Shape::Some(_, inner) | Shape::SomePlace(_, inner) = self.table.get(head) {
            head = *inner;
        }
        let switched = self.switched.contains(&head);
        let q = match (self.quantifier, switched) {
            (q, false) => q,
            (Quantifier::Exists, true) => Quantifier::Forall,
            (Quantifier::Forall, true) => Quantifier::Exists,
        };
        self.table.next(q, next)
    }

    fn then(&mut self, first: Formula, after: After) -> Formula {
        match after {
            After::Then(rest) => {
                let next = self.step(rest);
                self.table.and(first, next)
            }
            _ => first,
        }
    }

    /// The element matches; names that nothing else binds are bound here.
    fn matched(&mut self, item: Item<'p>, context: &Context<'p>) -> Formula {
        let names = self.unbound(self.free(item), context.bound);
        let mut at = self.table.add(Shape::At(item));
        if context.guard {
            at = self.table.quiet(at);
        }
        self.table.some(names, at)
    }

    /// A row of elements.
    fn list(&mut self, items: &[Item<'p>], context: &Context<'p>) -> Formula {
        let behind = if context.alone {
            vec![context.behind.clone(); items.len()]
        } else {
            self.behind_each(items, &context.behind)
        };
        self.list_from(items, &behind, context, false)
    }

    fn list_from(
        &mut self,
        items: &[Item<'p>],
        behind: &[Rc<[Neighbour<'p>]>],
        context: &Context<'p>,
        dots_before: bool,
    ) -> Formula {
        let Some((first, rest)) = items.split_first() else {
            return if let After::Then(f) = context.after { f } else { TRUE };
        };
        let rest_behind = behind.get(1..).unwrap_or_default();
        let label = if dots_before || self.is_loose(*first) { context.label } else { None };
        let own = behind.first().cloned().unwrap_or_else(|| context.behind.clone());
        let mut here = Context { label, behind: own, ..context.clone() };
        let jumps = first.node.is(Kind::GotoStatement);
        let next_before =
            if context.alone { context.before.clone() } else { self.before_of(*first, &context.before) };
        let mut inner = Context { before: next_before, ..context.clone() };
        if jumps {
            (inner.label, inner.looping, inner.switching) = (None, None, None);
        }
        if let Some(branch) = self.optional(*first) {
            return self.optional_list(branch, items, behind, context, dots_before);
        }
        if rest.is_empty() {
            return self.statement(*first, &here);
        }
        let shared = self.shared(*first, rest) & !context.bound;
        inner.bound |= shared;
        here.bound |= shared;
        let tail = self.list_from(rest, rest_behind, &inner, self.is_loose(*first));
        here.after = After::Then(tail);
        let formula = self.statement(*first, &here);
        let names = self.unbound(shared, 0);
        self.table.some(names, formula)
    }

    /// Lines that may be there: with them, or else without.
    fn optional_list(
        &mut self,
        branch: &'p Pattern,
        items: &[Item<'p>],
        behind: &[Rc<[Neighbour<'p>]>],
        context: &Context<'p>,
        dots_before: bool,
    ) -> Formula {
        let mut with = items_of(branch);
        with.extend_from_slice(&items[1..]);
        let with_behind = self.behind_each(&with, &context.behind);
        let there = self.list_from(&with, &with_behind, context, dots_before);
        let rest_behind = behind.get(1..).unwrap_or_default();
        let absent = match (&items[1..], dots_before, context.after) {
            // What the dots before skip goes on to the end then.
            ([], true, After::VeryEnd) => {
                let (end, error) = (self.table.is(Test::End), self.table.is(Test::ErrorExit));
                let ends = self.table.or(end, error);
                self.table.until(self.quantifier, TRUE, ends)
            }
            (rest, ..) => self.list_from(rest, rest_behind, context, dots_before),
        };
        self.table.or_else(there, absent)
    }

    /// The code of lines that start with `?`.
    fn optional(&self, item: Item<'p>) -> Option<&'p Pattern> {
        match item.matcher.whole_leaf(item.node) {
            Leaf::Slot(Slot::Disjunction(branches)) => match branches.as_slice() {
                [there, absent] if absent.pieces().is_empty() => Some(there),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether it is dots, or may hold some.
    fn is_loose(&self, item: Item<'p>) -> bool {
        matches!(item.matcher.whole_leaf(item.node), Leaf::Slot(_))
    }

    fn statement(&mut self, item: Item<'p>, context: &Context<'p>) -> Formula {
        if matches!(item.matcher.pattern.kind(), PatternKind::Expression | PatternKind::Type) {
            return self.inside(item, context);
        }
        if item.part == Part::Header {
            return self.atomic(item, context);
        }
        match item.matcher.whole_leaf(item.node) {
            Leaf::Slot(Slot::Dots(whens)) => return self.dots(item, whens, None, context),
            Leaf::Slot(Slot::Nest(count, inner, whens)) => {
                return self.dots(item, whens, Some((*count, inner)), context);
            }
            Leaf::Slot(Slot::Disjunction(branches)) => {
                if branches.iter().all(|b| matches!(b.kind(), PatternKind::Expression | PatternKind::Type)) {
                    return self.inside(item, context);
                }
                let mut out = FALSE;
                for branch in branches.iter().rev() {
                    let one = self.list(&items_of(branch), context);
                    out = self.table.or_else(one, out);
                }
                return out;
            }
            Leaf::Slot(Slot::Conjunction(branches)) => return self.conjunction(item, branches, context),
            Leaf::Meta(meta) => match meta.kind {
                MetaKind::Statement | MetaKind::Metavariable => return self.whole(item, context),
                MetaKind::StatementList(_) => return self.statement_list(item, context),
                _ => {}
            },
            Leaf::Plain => {}
        }
        match item.node.kind() {
            Kind::CompoundStatement => self.block_of(item, context),
            Kind::IfStatement => self.branch(item, context),
            Kind::WhileStatement | Kind::ForStatement | Kind::MacroIterator => self.looping(item, context),
            Kind::DoStatement => self.do_while(item, context),
            Kind::SwitchStatement => self.switch(item, context),
            _ => self.atomic(item, context),
        }
    }

    fn conjunction(&mut self, item: Item<'p>, branches: &'p [Pattern], context: &Context<'p>) -> Formula {
        if branches.iter().all(|b| matches!(b.kind(), PatternKind::Expression | PatternKind::Type)) {
            return self.inside(item, context);
        }
        let rows: Vec<Vec<Item<'p>>> = branches.iter().map(items_of).collect();
        let masks: Vec<Names> = rows.iter().map(|r| self.free_in(r)).collect();
        let mut shared = 0;
        for (i, mask) in masks.iter().enumerate() {
            let others = masks.iter().enumerate().filter(|(j, _)| *j != i).fold(0, |all, (_, m)| all | m);
            shared |= mask & others;
        }
        shared &= !context.bound;
        let inner = Context { bound: context.bound | shared, ..context.clone() };
        let mut out = TRUE;
        for row in rows.iter().rev() {
            let one = self.list(row, &inner);
            out = self.table.and(one, out);
        }
        let names = self.unbound(shared, 0);
        self.table.some(names, out)
    }

    /// An expression or type: anywhere in what a vertex evaluates.
    fn inside(&mut self, item: Item<'p>, context: &Context<'p>) -> Formula {
        let first = self.matched(Item { part: Part::Inside, ..item }, context);
        self.then(first, context.after)
    }

    fn atomic(&mut self, item: Item<'p>, context: &Context<'p>) -> Formula {
        let mut first = self.matched(item, context);
        let target = match item.node.kind() {
            Kind::BreakStatement => context.switching.or(context.looping),
            Kind::ContinueStatement => context.looping,
            _ => None,
        };
        if let Some(number) = target {
            let leaves = self.table.add(Shape::Leaves(number));
            first = self.table.and(first, leaves);
        }
        let normal = self.then(first, context.after);
        let plain = item.node.is(Kind::ReturnStatement) && item.node.named_children().next().is_none();
        if !plain || context.guard {
            return normal;
        }
        // The end of a function that returns nothing is a `return;` too.
        let brace = self.matched(Item { part: Part::ReturnAtEnd, ..item }, context);
        let (close, end) = (self.table.is(Test::Close), self.table.is(Test::End));
        let closing = self.table.until(self.quantifier, close, end);
        let returns = self.table.is(Test::Return);
        let other = self.table.not(returns);
        let never = self.table.add(Shape::AlwaysBefore(other));
        let at_end = self.table.and(closing, never);
        let at_end = self.table.and(brace, at_end);
        self.table.or(normal, at_end)
    }

    /// Past a statement with parts, and on from there.
    fn past(&mut self, test: Test, after: After) -> Formula {
        let past = self.table.is(test);
        match after {
            After::Then(rest) => {
                let next = self.step(rest);
                let behind = self.table.next(Quantifier::Exists, next);
                self.table.and(past, behind)
            }
            _ => past,
        }
    }

    /// A metavariable for a statement.
    fn whole(&mut self, item: Item<'p>, context: &Context<'p>) -> Formula {
        let first = self.matched(Item { part: Part::Whole, ..item }, context);
        let rest = match context.after {
            After::Then(rest) | After::Guard(rest) => rest,
            _ => return first,
        };
        let after = After::Then(rest);
        let (past, fall) = (self.past(Test::After, after), self.past(Test::LoopFall, after));
        let past = self.table.or(past, fall);
        let compound = self.table.next(Quantifier::Exists, past);
        let (a, b) = (self.table.is(Test::After), self.table.is(Test::LoopFall));
        let ends = self.table.or(a, b);
        let has_end = self.table.next(Quantifier::Exists, ends);
        let simple = self.table.not(has_end);
        let simple = self.then(simple, after);
        let rest = self.table.or(compound, simple);
        self.table.and(first, rest)
    }

    /// A metavariable for any number of statements.
    fn statement_list(&mut self, item: Item<'p>, context: &Context<'p>) -> Formula {
        let rest = if let After::Then(rest) = context.after { rest } else { TRUE };
        let names = self.unbound(self.free(item), context.bound);
        let mut out = self.table.add(Shape::Row(item, rest));
        if context.guard {
            out = self.table.quiet(out);
        }
        self.table.some(names, out)
    }

    fn mark_of(&self, item: Item<'p>, part: Part) -> Option<Mark> {
        self.pieces(Item { part, ..item }).first().map(|p| p.atom.mark)
    }

    fn hung(&self, item: Item<'p>, part: Part) -> bool {
        self.pieces(Item { part, ..item })
            .iter()
            .any(|p| self.rule.hangs.contains_key(&p.atom.id) || !p.atom.attached.is_empty())
    }

    fn changes_braces(&self, item: Item<'p>) -> bool {
        [Part::Open, Part::Close]
            .into_iter()
            .any(|part| self.mark_of(item, part) == Some(Mark::Minus) || self.hung(item, part))
    }

    fn all_minus(&self, item: Item<'p>, part: Part) -> bool {
        self.mark_of(item, part) == Some(Mark::Minus) && !self.hung(item, part)
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
    fn block_of(&mut self, item: Item<'p>, context: &Context<'p>) -> Formula {
        let given = self.given_block(item, context);
        let Some(one) = self.only_statement(item) else { return given };
        let mut alone = self.statement(one, context);
        if !context.guard && self.hung(item, Part::Close) {
            let close = self.table.add(Shape::At(Item { part: Part::MissingClose, ..item }));
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

    fn neighbour(&self, one: Neighbour<'p>, context: &Context<'p>) -> Rc<[Neighbour<'p>]> {
        if context.alone { Rc::new([]) } else { Rc::new([one]) }
    }

    fn changes_braces_at(&self, item: Item<'p>, part: Part) -> bool {
        self.mark_of(item, part) == Some(Mark::Minus) || self.hung(item, part)
    }

    fn end_of_block(&mut self, close: Item<'p>, place: u32, context: &Context<'p>) -> Formula {
        let other = self.table.is(Test::Close);
        let mut own = self.table.add(Shape::At(close));
        if context.guard {
            own = self.table.quiet(own);
        }
        let block = self.table.add(Shape::Block(place));
        let own = self.table.and(own, block);
        let end = self.table.until(self.quantifier, other, own);
        let names = self.unbound(self.free(close), context.bound);
        self.table.some(names, end)
    }

    fn wrapped(&mut self, f: Formula, names: Names) -> Formula {
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

/// The declarations and statements of a switch's body, and where its cases start.
fn case_rows<'p>(matcher: Matcher<'p>, body: crate::syntax::Node<'p>) -> (Vec<Item<'p>>, Vec<Vec<Item<'p>>>) {
    let mut before = Vec::new();
    let mut cases: Vec<Vec<Item<'p>>> = Vec::new();
    for node in body.named_children().filter(|n| !n.is(Kind::Comment)) {
        let items = row(matcher, &[node]);
        // `case 1: case 2: …` are cases of their own.
        let starts = node.is(Kind::CaseStatement);
        match (starts, cases.last_mut()) {
            (false, None) => before.extend(items),
            (false, Some(last)) => last.extend(items),
            (true, _) => cases.push(items),
        }
    }
    (before, cases)
}

/// Whether a case of the pattern is `default`.
fn is_default(item: &Item<'_>) -> bool {
    item.node.child(Field::Value).is_none()
}
