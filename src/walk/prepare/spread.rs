//! One batch per call, acquired into the memory of the entries that describe it.
//!
//! In: a function that acquires one batch into the memory of `entries`, seen as an array of elements, and
//! spreads it from the last to the first, because an entry is larger than an element; then it puts the first
//! and the last entry right. Out: the same function with a loop around an acquisition of its own, which
//! writes the entries one by one, from the first on, until all is walked or no entry is left. That is more
//! than one batch per call, so the facts under which callers can take it are left open. It refuses, by
//! finding nothing, fields of which it cannot be shown what they hold in a batch of any size, and anything
//! else that is done with the batch.

use super::elements::{Elements, Meaning, Template, Which, element_field, room_behind};
use super::entries::Entries;
use super::{Finish, Left, Prepared};
use crate::flow::access::accesses;
use crate::syntax::file_scope::FileScope;
use crate::syntax::scope::{DeclId, Scopes};
use crate::syntax::{Field, Kind, Node};
use crate::walk::eval::{Evaluator, number, unwrapped};
use crate::walk::expressions::{first_match, is_pure};
use crate::walk::induct::is_count;
use crate::walk::notes::Note;
use crate::walk::obligations::Duty;
use crate::walk::site::{self, Site, enclosing_loop, statements_of};
use crate::walk::spec::{BatchStorage, WalkSpec};
use crate::walk::state::{State, Value, Variable};
use crate::walk::sym::{Atom, Facts, Sign, Sym};
use crate::walk::usage::leaves;
use std::collections::BTreeSet;

/// The function with a loop around its acquisition.
pub(super) fn spread<'t>(spec: &WalkSpec, file: &FileScope<'t>, call: Node<'t>) -> Option<Prepared> {
    let function = file.function_at(call.span().start as usize)?;
    let scopes = Scopes::of(function.node);
    let place = Place::of(spec, &scopes, call)?;
    let eval = Evaluator { spec, scopes: &scopes, site: &place.site, facts: Facts::Iteration };
    let mut run = Run { eval, place: &place, state: State::default(), found: Found::default() };
    run.start();
    for statement in &place.behind {
        run.statement(*statement)?;
    }
    let found = run.found;
    found.element.as_ref().filter(|_| found.elements.all_understood())?;
    let edits = Entries { spec, scopes: &scopes, place: &place, found: &found }.edits()?;
    let (slots, entries) = (place.slots.text(), scopes.declaration(place.entries).name);
    let mut open = vec![
        Left {
            duty: Duty::GoesOn,
            what: format!(
                "a call took one batch, and takes all that it is asked for now, up to `{slots}` elements: whoever calls has to accept more"
            ),
            span: call.span(),
        },
        Left {
            duty: Duty::Array,
            what: format!(
                "the batch came into the memory of `{entries}` itself, from which it was spread backwards"
            ),
            span: scopes.declaration(place.batch).declaration.span(),
        },
    ];
    let widened = vec![("slots", slots.to_owned()), ("memory", entries.to_owned())];
    let mut notes = vec![Note { name: "N17", values: widened }];
    if let Some((index, sum)) = &found.taken_for_last {
        let what =
            format!("`{}` is the last entry of the batch only if `{sum}` was zero before", index.text());
        open.push(Left { duty: Duty::Pieces, what, span: index.span() });
        let values = vec![("index", index.text().to_owned()), ("sum", sum.clone())];
        notes.push(Note { name: "N21", values });
    }
    let done = format!("the entries of `{entries}` are written one by one, told from the piece");
    Some(Prepared { edits, function: function.name.to_owned(), done, notes, open, finish: Finish::Done })
}

/// Where the batch goes, and the statements around the acquisition.
pub(super) struct Place<'t> {
    pub(super) site: Site<'t>,
    /// The array that is the entries' memory.
    pub(super) batch: DeclId,
    /// The entries.
    pub(super) entries: DeclId,
    pub(super) slots: Node<'t>,
    pub(super) acquisition: Node<'t>,
    /// The test that leaves if nothing was acquired.
    pub(super) test: Node<'t>,
    /// What stands behind the test.
    pub(super) behind: Vec<Node<'t>>,
}

impl<'t> Place<'t> {
    fn of(spec: &WalkSpec, scopes: &Scopes<'t>, call: Node<'t>) -> Option<Self> {
        let acquires = spec.acquires.iter().filter(|a| a.storage == BatchStorage::Given);
        let (acquire, bindings) =
            acquires.filter_map(|a| Some((a, crate::walk::matching::matches(&a.pattern, call)?))).next()?;
        let function = scopes.function();
        let body = function.child(Field::Body)?;
        let batch = scopes.resolve(bindings.get("batch")?)?;
        let cast = unwrapped(scopes.declaration(batch).initializer?);
        let entries = cast.child(Field::Value).filter(|_| cast.is(Kind::CastExpression))?;
        let entries = scopes.resolve(unwrapped(entries))?;
        let slots = bindings.get("slots").map(unwrapped).filter(|n| scopes.resolve(*n).is_some())?;
        let listed = |n: Node<'t>| n.parent() == Some(body) && n.is(Kind::ExpressionStatement);
        let acquisition = call.ancestors().find(|a| a.kind().is_statement()).filter(|n| listed(*n))?;
        let statements = statements_of(body);
        let mut behind = statements.into_iter().skip_while(|s| *s != acquisition).skip(1);
        let test = behind.by_ref().find(|n| !n.is(Kind::Comment))?;
        let leaving = test.is(Kind::IfStatement)
            && test.child(Field::Alternative).is_none()
            && test.child(Field::Consequence).is_some_and(leaves);
        let unfit = |n: &Node<'t>| {
            n.is(Kind::LabeledStatement)
                || n.is(Kind::PreprocIf)
                || n.is(Kind::PreprocIfdef)
                || n.kind().is_opaque()
        };
        let fits =
            leaving && enclosing_loop(call, function).is_none() && !function.descendants().any(|n| unfit(&n));
        let offset = bindings.get("offset").and_then(|n| scopes.resolve(n))?;
        let (iter, bytes) = (bindings.get("iter")?, bindings.get("bytes")?);
        let alone = Site::alone(call, (iter, bytes), site::assigned_to(call, scopes)?, (batch, offset));
        let site =
            Site { function, storage: acquire.storage, slots: Some(slots), through_pointers: false, ..alone };
        fits.then(|| Self { site, batch, entries, slots, acquisition, test, behind: behind.collect() })
    }
}

/// What the straight code does.
#[derive(Default)]
pub(super) struct Found<'t> {
    pub(super) elements: Elements,
    /// The field that holds the element.
    pub(super) element: Option<String>,
    /// Fields in the order in which they are written first.
    pub(super) order: Vec<String>,
    /// Statements that fill, put right, count for that, and move the walked object.
    pub(super) gone: Vec<Node<'t>>,
    /// What stays behind the loop.
    pub(super) kept: Vec<Node<'t>>,
    /// Parts of what stays that are the number of elements.
    pub(super) numbers: Vec<Node<'t>>,
    /// The call that moves the walked object.
    pub(super) advance: Option<Node<'t>>,
    /// An index that is the last entry's only if the sum in it was zero before.
    taken_for_last: Option<(Node<'t>, String)>,
    /// Sums to which the number of elements was added.
    sums: BTreeSet<String>,
}

struct Run<'a, 't> {
    eval: Evaluator<'a, 't>,
    place: &'a Place<'t>,
    state: State<'t>,
    found: Found<'t>,
}

impl<'t> Run<'_, 't> {
    fn start(&mut self) {
        for (id, atom) in [(self.eval.site.got, Atom::Got), (self.eval.site.offset, Atom::Offset)] {
            let value = Value::Quantity(Sym::atom(atom));
            self.state.set(id, Variable { value, sign: Sign::NonNegative, ..Variable::unknown() });
        }
    }

    fn statement(&mut self, node: Node<'t>) -> Option<()> {
        match node.kind() {
            Kind::Comment => Some(()),
            kind if kind.is_loop() => self.fill(node),
            Kind::IfStatement => self.conditional(node),
            Kind::ExpressionStatement => {
                let expression = unwrapped(node.named_children().next()?);
                if expression.is(Kind::AssignmentExpression) {
                    return self.assignment(node, expression, None);
                }
                if let Some(bindings) = first_match(&self.eval.spec.advance, expression) {
                    let all = bindings.get("x").and_then(|x| self.quantity(x));
                    self.found.gone.push(node);
                    self.found.advance = Some(expression);
                    return all.filter(|x| x.is_atom(&Atom::Got)).map(|_| ());
                }
                self.keep(node)
            }
            _ => self.keep(node),
        }
    }

    /// A statement that has nothing to do with the batch but its size.
    fn keep(&mut self, node: Node<'t>) -> Option<()> {
        let (scopes, site) = (self.eval.scopes, self.eval.site);
        let of_batch = |n: Node<'t>| {
            scopes.resolve(n).is_some_and(|id| {
                id == self.place.batch
                    || id == site.offset
                    || id != site.got && matches!(self.state.value(id), Value::Quantity(_))
            })
        };
        let named = node.descendants().any(|n| of_batch(n) && !self.found.numbers.contains(&n));
        let object = site.iter.squeezed();
        let moved = node.descendants().any(|n| n.kind() == site.iter.kind() && n.squeezed() == object);
        self.found.kept.push(node);
        (!named && !moved).then_some(())
    }

    fn quantity(&self, node: Node<'t>) -> Option<Sym> {
        self.eval.value(node, &mut self.state.clone()).quantity().cloned()
    }

    fn is_number(&self, node: Node<'t>) -> bool {
        self.quantity(node).is_some_and(|n| is_count(&n, &Sym::atom(Atom::Count)))
    }

    /// `if (room) entry -= room;` is the subtraction.
    fn conditional(&mut self, node: Node<'t>) -> Option<()> {
        let then = statements_of(node.child(Field::Consequence)?);
        let ([only], None) = (then.as_slice(), node.child(Field::Alternative)) else {
            return self.keep(node);
        };
        let Some(assignment) = only.child_of(Kind::AssignmentExpression) else { return self.keep(node) };
        let condition = unwrapped(node.child(Field::Condition)?);
        let changes = matches!(assignment.operator(), Some("+=" | "-="));
        let by = assignment.child(Field::Right).map(unwrapped);
        if !changes || by.map(Node::squeezed) != Some(condition.squeezed()) {
            return self.keep(node);
        }
        self.assignment(node, assignment, Some(node))
    }

    fn assignment(&mut self, statement: Node<'t>, node: Node<'t>, whole: Option<Node<'t>>) -> Option<()> {
        let (left, right, operator) = (node.child(Field::Left)?, node.child(Field::Right)?, node.operator()?);
        if let Some((place, _)) = element_field(left, &|n| n.squeezed()) {
            let index = left.child(Field::Argument)?.child(Field::Index)?;
            let which = self.which(index)?;
            let value = match room_behind(&self.eval, right, &self.state) {
                true => Sym::atom(Atom::Marked),
                false => self.quantity(right)?,
            };
            self.found.gone.push(whole.unwrap_or(statement));
            let own = place.array == self.eval.scopes.declaration(self.place.entries).name;
            let written = self.found.elements.write(which, place, operator, &|_| Some(value.clone()));
            return (own && written).then_some(());
        }
        if let Some(id) = self.eval.scopes.resolve(left) {
            self.eval.value(node, &mut self.state);
            let plain = operator == "=" && is_pure(&self.eval.spec.pure, right) && whole.is_none();
            self.found.gone.push(statement);
            return (plain && id != self.eval.site.got && self.state.value(id).quantity().is_some())
                .then_some(());
        }
        if operator == "+=" && whole.is_none() && self.is_number(right) {
            self.found.sums.insert(left.squeezed());
            self.found.numbers.push(right);
        }
        self.keep(whole.unwrap_or(statement))
    }

    /// Which entry of the batch an index names.
    fn which(&mut self, index: Node<'t>) -> Option<Which> {
        let index = unwrapped(index);
        if number(index.text()) == Some(0) {
            return Some(Which::First);
        }
        let last = Sym::atom(Atom::Count).minus(&Sym::constant(1));
        let one_more = self.quantity(index).and_then(|i| i.plus(&Sym::constant(1)));
        if self.quantity(index) == last || one_more.is_some_and(|n| is_count(&n, &Sym::atom(Atom::Count))) {
            return Some(Which::Last);
        }
        let (sum, one) = (index.child(Field::Left)?, index.child(Field::Right)?);
        let behind = index.operator() == Some("-") && number(one.text()) == Some(1);
        (behind && self.found.sums.contains(&sum.squeezed())).then(|| {
            self.found.taken_for_last = Some((index, sum.text().to_owned()));
            Which::Last
        })
    }

    /// The loop that spreads the batch, from the last to the first.
    fn fill(&mut self, node: Node<'t>) -> Option<()> {
        let index = self.counted_down(node)?;
        let statements = statements_of(node.child(Field::Body)?);
        let name = self.eval.scopes.declaration(index).name;
        let spell = |n: Node<'_>| n.squeezed();
        let template = Template { index: name, spell: &spell };
        for statement in statements.iter().filter(|n| !n.is(Kind::Comment)) {
            let assignment = statement.child_of(Kind::AssignmentExpression)?;
            let (left, right) = (assignment.child(Field::Left)?, assignment.child(Field::Right)?);
            let (place, at) = element_field(left, &spell)?;
            let own = place.array == self.eval.scopes.declaration(self.place.entries).name;
            let each = own && at == name && assignment.operator() == Some("=");
            self.found.order.push(each.then(|| place.field.clone())?);
            let element = right.is(Kind::SubscriptExpression)
                && right.child(Field::Argument).and_then(|a| self.eval.scopes.resolve(a))
                    == Some(self.place.batch)
                && right.child(Field::Index).map(Node::squeezed).as_deref() == Some(name);
            if element {
                self.found.element = Some(place.field);
                continue;
            }
            let values: Vec<Option<Sym>> =
                (0..4).map(|at| self.found.elements.value(&self.eval, right, &template, at)).collect();
            self.found.elements.write(Which::Each, place, "=", &|at| values[at].clone()).then_some(())?;
        }
        let moved: Vec<DeclId> =
            accesses(node, self.eval.scopes).into_iter().filter(|a| a.may_define()).map(|a| a.decl).collect();
        moved.iter().for_each(|id| self.state.forget(*id));
        self.found.gone.push(node);
        Some(())
    }

    /// The index of a loop that goes from the last element to the first.
    fn counted_down(&self, node: Node<'t>) -> Option<DeclId> {
        let condition = unwrapped(node.child(Field::Condition)?);
        let (test, bound) = match (condition.child(Field::Left), condition.child(Field::Right)) {
            (Some(left), Some(right)) => (unwrapped(left), Some(unwrapped(right).text())),
            _ => (condition, None),
        };
        let step = |n: Node<'t>| {
            let down = n.is(Kind::UpdateExpression) && n.operator() == Some("--");
            n.child(Field::Argument).filter(|_| down).and_then(|a| self.eval.scopes.resolve(a))
        };
        let init = node.child(Field::Initializer).filter(|_| node.is(Kind::ForStatement));
        let starts = |id: DeclId| match init {
            Some(init) => {
                let named = init.child(Field::Left).and_then(|l| self.eval.scopes.resolve(l)) == Some(id);
                init.child(Field::Right).filter(|_| named && init.operator() == Some("="))
            }
            None => None,
        };
        let postfix = test.child(Field::Argument).is_some_and(|a| a.span().start == test.span().start);
        if let Some(id) = step(test).filter(|_| postfix) {
            let goes =
                bound.is_none() || bound == Some("0") && matches!(condition.operator(), Some(">" | "!="));
            let from_count = match init {
                Some(_) => self.is_number(starts(id)?),
                None => self.state.value(id).quantity().is_some_and(|n| is_count(n, &Sym::atom(Atom::Count))),
            };
            return (goes && from_count && node.child(Field::Update).is_none()).then_some(id);
        }
        let id = self.eval.scopes.resolve(test)?;
        let first = self.quantity(starts(id)?)?.plus(&Sym::constant(1))?;
        let goes = condition.operator() == Some(">=") && bound == Some("0");
        let steps = node.child(Field::Update).and_then(step) == Some(id);
        (goes && steps && is_count(&first, &Sym::atom(Atom::Count))).then_some(id)
    }
}

impl Found<'_> {
    /// What a field of an entry is written with.
    pub(super) fn meaning(&self, field: &str) -> Option<Meaning> {
        self.elements.fields().find(|(place, _)| place.field == field).map(|(_, meaning)| meaning)
    }
}
