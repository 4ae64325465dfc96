//! Patterns of statements as formulas about paths.
//!
//! In: a compiled rule. Out: the [`Formula`] that holds where the rule matches. The translation follows what Coccinelle
//! documents and does: names are bound as close to where they occur as the rule lets them; dots skip neither what
//! stands before nor what stands after them; a branch that leaves on an error need not hold what follows the dots; a
//! block stands for its only statement where its braces say nothing (`braces1` … `braces4`).

mod block;
mod control;
mod dots;
mod free;

use super::formula::{FALSE, Formula, Item, Part, Shape, TRUE, Table, Test, items_of, row};
use super::node::Matcher;
use crate::smpl::compile::CompiledRule;
use crate::smpl::pattern::{Leaf, Pattern, Slot, When};
use crate::smpl::token::Mark;
use crate::smpl::vocabulary::Names;
use crate::smpl::{MetaKind, Quantifier};
use crate::syntax::{Field, Kind, NodeId};
use dots::Neighbour;
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
    places: u32,
    blocks: HashMap<(usize, NodeId), u32>,
    /// Formulas that are asked of the ways in the other manner than the rule's own.
    switched: HashSet<Formula>,
}

impl<'p> Translator<'p> {
    /// Translate for `rule`.
    pub fn new(rule: &'p CompiledRule) -> Self {
        Self {
            table: Table::default(),
            rule,
            quantifier: rule.quantifier,
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
                let test = self.table.is(Test::Function);
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
        let free = self.free(item);
        let names = self.unbound(free, context.bound);
        let elsewhere = self.bound_elsewhere(item);
        let asking = free & context.bound & self.beside(item);
        let matcher = item.matcher.asking(asking).keeping(self.rule.kept_in_nests());
        let mut at = self.table.add(Shape::At(Item { matcher, ..item }, elsewhere));
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
        self.list_from(items, &behind, context, None)
    }

    fn list_from(
        &mut self,
        items: &[Item<'p>],
        behind: &[Rc<[Neighbour<'p>]>],
        context: &Context<'p>,
        above: Option<Item<'p>>,
    ) -> Formula {
        let Some((first, rest)) = items.split_first() else {
            return if let After::Then(f) = context.after { f } else { TRUE };
        };
        let rest_behind = behind.get(1..).unwrap_or_default();
        let label = if above.is_some() || self.is_loose(*first) { context.label } else { None };
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
            return self.optional_list(branch, items, behind, context, above);
        }
        if rest.is_empty() {
            return self.statement(*first, &here);
        }
        let shared = self.shared(*first, rest) & !context.bound;
        inner.bound |= shared;
        here.bound |= shared;
        let loose = Some(*first).filter(|first| self.is_loose(*first));
        let tail = self.list_from(rest, rest_behind, &inner, loose);
        here.after = After::Then(tail);
        let formula = self.statement(*first, &here);
        let names = self.unbound(shared, 0);
        self.table.some(names, formula)
    }

    /// Lines that may be there: with them, or else without. Then the dots in front of them go on in place of those behind
    /// them, to the end if nothing follows.
    fn optional_list(
        &mut self,
        branch: &'p Pattern,
        items: &[Item<'p>],
        behind: &[Rc<[Neighbour<'p>]>],
        context: &Context<'p>,
        above: Option<Item<'p>>,
    ) -> Formula {
        let mut with = items_of(branch);
        with.extend_from_slice(&items[1..]);
        let with_behind = self.behind_each(&with, &context.behind);
        let there = self.list_from(&with, &with_behind, context, above);
        let (mut rest, mut rest_behind) = (&items[1..], behind.get(1..).unwrap_or_default());
        let whens = above.and_then(|above| self.whens(above));
        let doubled = rest.first().filter(|_| whens.is_some()).is_some_and(|dots| {
            self.mark_of(*dots, Part::Simple) != Some(Mark::Minus)
                && matches!(dots.matcher.whole_leaf(dots.node), Leaf::Slot(Slot::Dots(_)))
        });
        if doubled {
            (rest, rest_behind) = (&rest[1..], rest_behind.get(1..).unwrap_or_default());
        }
        let absent = match (rest, above, context.after) {
            ([], Some(_), After::VeryEnd) => {
                let (end, error) = (self.table.is(Test::End), self.table.is(Test::ErrorExit));
                let ends = self.table.or(end, error);
                let skip = self.conditions(whens.unwrap_or_default(), context);
                self.table.until(self.quantifier, skip, ends)
            }
            (rest, ..) => self.list_from(rest, rest_behind, context, above),
        };
        self.table.or_else(there, absent)
    }

    /// The conditions of dots or of a nest.
    fn whens(&self, item: Item<'p>) -> Option<&'p [When]> {
        match item.matcher.whole_leaf(item.node) {
            Leaf::Slot(Slot::Dots(whens) | Slot::Nest(_, _, whens)) => Some(whens),
            _ => None,
        }
    }

    /// The code of lines that start with `?`.
    pub(super) fn optional(&self, item: Item<'p>) -> Option<&'p Pattern> {
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
        if item.matcher.pattern.kind().is_part() {
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
                if branches.iter().all(|b| b.kind().is_part()) {
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
                MetaKind::Statement | MetaKind::Metavariable => {
                    return self.whole(Item { part: Part::Whole, ..item }, context);
                }
                MetaKind::StatementList(_) => return self.statement_list(item, context),
                _ => {}
            },
            Leaf::Slot(Slot::Directive(_)) | Leaf::Plain => {}
        }
        match item.node.kind() {
            // Only branches of a disjunction that is all of the rule are whole functions.
            Kind::FunctionDefinition => self.function(item),
            Kind::CompoundStatement => self.block_of(item, context),
            Kind::IfStatement => self.branch(item, context),
            Kind::WhileStatement | Kind::ForStatement | Kind::MacroIterator => self.looping(item, context),
            Kind::DoStatement => self.do_while(item, context),
            Kind::SwitchStatement => self.switch(item, context),
            _ => self.atomic(item, context),
        }
    }

    fn conjunction(&mut self, item: Item<'p>, branches: &'p [Pattern], context: &Context<'p>) -> Formula {
        if branches.iter().all(|b| b.kind().is_part()) {
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
        if !self.may_be_the_end(item) || context.guard {
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

    /// Whether it is `return;`, or by an isomorphism `return ...;`.
    fn may_be_the_end(&self, item: Item<'p>) -> bool {
        let mut children = item.node.named_children();
        let dots = |n| matches!(item.matcher.whole_leaf(n), Leaf::Slot(Slot::Dots(_)));
        item.node.is(Kind::ReturnStatement)
            && children.next().is_none_or(|n| dots(n) && self.rule.allows("ret"))
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

    /// What stands for a whole statement.
    fn whole(&mut self, item: Item<'p>, context: &Context<'p>) -> Formula {
        let first = self.matched(item, context);
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
