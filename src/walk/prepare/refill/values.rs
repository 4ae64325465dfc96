//! What the fields of a queue hold, and what the loop makes of them.
//!
//! In: the functions of a queue. Out: that after a refill of any size the queue has its elements from the
//! first to the last, that the taking function refills when it is empty and gives the first, and, for the
//! only element of a batch, the first, one in the middle and the last, which variables of the loop are where
//! its piece starts, where it ends, and how long it is. It refuses, by finding nothing, statements that it
//! cannot carry out.

use super::parts::{Callee, Parts};
use crate::syntax::scope::{DeclId, Scopes};
use crate::syntax::{Field, Kind, Node};
use crate::walk::eval::{Evaluator, unwrapped};
use crate::walk::expressions::first_match;
use crate::walk::induct::is_count;
use crate::walk::site::{Site, statements_of};
use crate::walk::spec::WalkSpec;
use crate::walk::state::{State, Value, Variable};
use crate::walk::sym::{Atom, Facts, Sign, Sym};
use std::collections::BTreeMap;

/// `object`, `field`, as the asking function names them.
type Key = (String, String);

/// The fields of a queue after a refill.
pub(super) struct Refilled<'t> {
    /// The index of the next element.
    head: Key,
    /// Behind the last element.
    tail: Key,
    /// Where the first piece starts.
    from: Key,
    /// Where the last piece ends, if a field says so.
    to: Option<Key>,
    /// The call that moves the walked object.
    pub(super) advance: Option<Node<'t>>,
    /// What the queue is given where nothing can be acquired.
    pub(super) substitute: Option<Substitute<'t>>,
    /// Whether taking an element moves on to the next.
    moves_on: bool,
}

/// An element that the refilling function puts into the queue when it fails to acquire, under a condition of its own.
pub(super) struct Substitute<'t> {
    /// The parts of the condition beside the failure.
    pub(super) conditions: Vec<Node<'t>>,
    /// Statements that have nothing to do with the queue, comments included.
    pub(super) statements: Vec<Node<'t>>,
    pub(super) element: Node<'t>,
    pub(super) from: Node<'t>,
    pub(super) to: Node<'t>,
}

/// What a variable of the loop is for every element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Start,
    End,
    Length,
}

/// The variables that describe the piece, each with the statement that sets it.
pub(super) type Piece = Vec<(DeclId, Part)>;

/// Carries out straight statements.
struct Run<'a, 't> {
    spec: &'a WalkSpec,
    scopes: &'a Scopes<'t>,
    /// Variables that point to an object, with its name.
    objects: Vec<(DeclId, String)>,
    site: Site<'t>,
    advance: Option<Node<'t>>,
}

/// How statements ended.
enum Ended<'t> {
    Falls,
    Returned(Node<'t>),
}

impl<'a, 't> Run<'a, 't> {
    fn of(spec: &'a WalkSpec, parts: &Parts<'t>, callee: &'a Callee<'t>) -> Option<Self> {
        let objects = callee.objects().map(|(id, text)| (id, text.to_owned())).collect();
        Self::new(spec, parts, &callee.scopes, objects)
    }

    fn new(
        spec: &'a WalkSpec,
        parts: &Parts<'t>,
        scopes: &'a Scopes<'t>,
        objects: Vec<(DeclId, String)>,
    ) -> Option<Self> {
        let (iter, bytes) = (parts.bindings.get("iter")?, parts.bindings.get("bytes")?);
        let site = Site::alone(parts.acquire, (iter, bytes), parts.got, (parts.got, parts.got));
        Some(Self { spec, scopes, objects, site, advance: None })
    }

    fn eval(&self) -> Evaluator<'_, 't> {
        Evaluator { spec: self.spec, scopes: self.scopes, site: &self.site, facts: Facts::Iteration }
    }

    fn key(&self, node: Node<'t>) -> Option<Key> {
        let (owner, field) = (node.child(Field::Argument)?, node.child(Field::Field)?);
        let id = self.scopes.resolve(owner).filter(|_| node.is(Kind::FieldExpression))?;
        let (_, object) = self.objects.iter().find(|(own, _)| *own == id)?;
        Some((object.clone(), field.text().to_owned()))
    }

    /// Put what is known of the queue into a state of this function.
    fn load(&self, fields: &BTreeMap<Key, Sym>) -> State<'t> {
        let mut state = State::default();
        for (id, object) in &self.objects {
            for ((_, field), sym) in fields.iter().filter(|((owner, _), _)| owner == object) {
                state.fields.insert((*id, field.clone()), Value::Quantity(sym.clone()));
            }
        }
        state
    }

    fn store(&self, state: &State<'t>) -> BTreeMap<Key, Sym> {
        let object = |id: &DeclId| self.objects.iter().find(|(own, _)| own == id).map(|(_, o)| o.clone());
        let known = state.fields.iter().filter_map(|((id, field), value)| {
            Some(((object(id)?, field.clone()), value.quantity()?.clone()))
        });
        known.collect()
    }

    fn list(&mut self, statements: &[Node<'t>], state: &mut State<'t>) -> Option<Ended<'t>> {
        for statement in statements {
            if let Ended::Returned(value) = self.statement(*statement, state)? {
                return Some(Ended::Returned(value));
            }
        }
        Some(Ended::Falls)
    }

    fn statement(&mut self, node: Node<'t>, state: &mut State<'t>) -> Option<Ended<'t>> {
        match node.kind() {
            Kind::Comment => {}
            Kind::CompoundStatement => return self.list(&statements_of(node), state),
            Kind::ReturnStatement => return node.named_children().next().map(Ended::Returned),
            Kind::Declaration => {
                for declared in self.scopes.declarations().iter().filter(|d| d.declaration == node) {
                    let Some(initializer) = declared.initializer else { continue };
                    let value = self.eval().value(initializer, state);
                    self.eval().assign(declared.id, value, Some(initializer), state);
                }
            }
            Kind::IfStatement => {
                let holds = self.eval().truth(node.child(Field::Condition)?, state)?;
                let arm = if holds { Field::Consequence } else { Field::Alternative };
                let arm = node.child(arm).map(|a| a.named_children().last().filter(|_| !holds).unwrap_or(a));
                return arm.map_or(Some(Ended::Falls), |arm| self.statement(arm, state));
            }
            Kind::ExpressionStatement => self.expression(unwrapped(node.named_children().next()?), state)?,
            _ => return None,
        }
        Some(Ended::Falls)
    }

    fn expression(&mut self, node: Node<'t>, state: &mut State<'t>) -> Option<()> {
        match node.kind() {
            Kind::AssignmentExpression | Kind::UpdateExpression => self.eval().value(node, state),
            Kind::CallExpression => {
                let bindings = first_match(&self.spec.advance, node)?;
                let all = self.eval().value(bindings.get("x")?, state).quantity()?.is_atom(&Atom::Got);
                self.advance = all.then_some(node);
                return self.advance.map(|_| ());
            }
            _ => return None,
        };
        Some(())
    }
}

/// `(got + offset - 1)` rounded down to units, taken from the end: where the last piece ends.
fn end_of_last() -> Option<Sym> {
    let end = Sym::atom(Atom::Got).plus(&Sym::atom(Atom::Offset))?;
    let whole = end.minus(&Sym::constant(1))?.quotient()?.product(&Sym::atom(Atom::Unit))?;
    end.minus(&whole)
}

impl<'t> Refilled<'t> {
    pub(super) fn of(spec: &WalkSpec, parts: &Parts<'t>) -> Option<Self> {
        let mut run = Run::of(spec, parts, &parts.refill)?;
        let from = run.key(parts.bindings.get("offset").map(unwrapped)?)?;
        let known = BTreeMap::from([(from.clone(), Sym::atom(Atom::Offset))]);
        let body = statements_of(parts.refill.function.node.child(Field::Body)?);
        let at = body.iter().position(|s| s.encloses(parts.acquire))?;
        let plain = body[..at].iter().all(|s| matches!(s.kind(), Kind::Comment | Kind::Declaration));
        let mut state = run.load(&known);
        let value = Value::Quantity(Sym::atom(Atom::Got));
        state.set(parts.got, Variable { value, sign: Sign::Positive, ..Variable::unknown() });
        let behind: Vec<Node<'t>> = body[at + 1..].to_vec();
        let Ended::Returned(done) = run.list(&behind, &mut state)? else { return None };
        let zero =
            run.eval().value(done, &mut state.clone()).quantity().and_then(Sym::as_constant) == Some(0);
        let fields = run.store(&state);
        let advance = run.advance;
        let element = returned_element(parts)?;
        let index = element.child(Field::Index).map(unwrapped)?;
        let moves_on = index.is(Kind::UpdateExpression) && index.operator() == Some("++");
        let index = if moves_on { index.child(Field::Argument)? } else { index };
        let head = Run::of(spec, parts, &parts.get)?.key(index)?;
        let starts = fields.get(&head).and_then(Sym::as_constant) == Some(0);
        let count = Sym::atom(Atom::Count);
        let tail = fields.iter().find(|(_, sym)| is_count(sym, &count)).map(|(key, _)| key.clone())?;
        let last = end_of_last();
        let to = fields.iter().find(|(_, sym)| Some(*sym) == last.as_ref()).map(|(key, _)| key.clone());
        let kept = fields.get(&from) == Some(&Sym::atom(Atom::Offset));
        let substitute = fails(spec, parts, [&head, &tail, &from, to.as_ref().unwrap_or(&from)])?;
        let refilled = Self { head, tail, from, to, advance, substitute, moves_on };
        let moved = spec.advance.is_empty() == refilled.advance.is_none();
        (plain && zero && starts && kept && moved && refilled.is_taken(spec, parts)?).then_some(refilled)
    }

    /// The taking function refills when the queue is empty, and only then, and gives the element at its head.
    fn is_taken(&self, spec: &WalkSpec, parts: &Parts<'t>) -> Option<bool> {
        let get = &parts.get;
        let mut statements = statements_of(get.function.node.child(Field::Body)?);
        statements.retain(|n| !n.is(Kind::Comment));
        let [test, taken] = statements.as_slice() else { return None };
        let condition = test.child(Field::Condition).filter(|_| test.is(Kind::IfStatement))?;
        let run = Run::of(spec, parts, get)?;
        let holds = |head: Sym, tail: Sym| {
            let fields = BTreeMap::from([(self.head.clone(), head), (self.tail.clone(), tail)]);
            emptiness(&run, parts, condition, &fields)
        };
        let (index, left) = (Sym::atom(Atom::Index), Sym::atom(Atom::Count));
        let empty = holds(index.clone(), index.clone()) == Some(true);
        let filled = holds(index.clone(), index.plus(&left)?) == Some(false);
        let refills = refills(parts, test.child(Field::Consequence)?)?;
        let alone = test.child(Field::Alternative).is_none() && taken.is(Kind::ReturnStatement);
        Some(empty && filled && refills && alone)
    }
}

/// `array[head]`, which the taking function returns.
fn returned_element<'t>(parts: &Parts<'t>) -> Option<Node<'t>> {
    let last = statements_of(parts.get.function.node.child(Field::Body)?);
    let value =
        last.into_iter().rfind(|n| n.is(Kind::ReturnStatement))?.named_children().next().map(unwrapped)?;
    let array = value.child(Field::Argument).filter(|_| value.is(Kind::SubscriptExpression))?;
    (parts.get.spelled(array) == parts.array_text()).then_some(value)
}

/// Whether the queue is empty, by a condition, or by a function that only returns one.
fn emptiness<'t>(
    run: &Run<'_, 't>,
    parts: &Parts<'t>,
    condition: Node<'t>,
    fields: &BTreeMap<Key, Sym>,
) -> Option<bool> {
    let condition = unwrapped(condition);
    let call = condition.descendants().find(|n| n.is(Kind::CallExpression));
    let Some(call) = call else { return run.eval().truth(condition, &mut run.load(fields)) };
    let asked = parts.asked(call)?;
    let (given, returned) = (parts.get.handed(call, &asked)?, parts.only_returned(&asked)?);
    let inside = Run::new(run.spec, parts, &asked, given)?;
    let value = inside.eval().value(returned, &mut inside.load(fields));
    let truth = |sign: Sign, equal: bool| match sign {
        Sign::Zero => Some(equal),
        Sign::Positive | Sign::Negative | Sign::NonZero => Some(!equal),
        _ => None,
    };
    let sign = value.quantity().map_or(Sign::Unknown, |sym| sym.sign(Facts::Iteration));
    match condition.kind() {
        Kind::CallExpression => truth(sign, false),
        Kind::UnaryExpression if condition.operator() == Some("!") => truth(sign, true),
        Kind::BinaryExpression if condition.child(Field::Right)?.text() == "0" => {
            match condition.operator()? {
                "==" => truth(sign, true),
                "!=" | ">" => truth(sign, false),
                _ => None,
            }
        }
        _ => None,
    }
}

/// `result = refill(…); if (result) return …;`, and behind it nothing but what has no effect.
fn refills<'t>(parts: &Parts<'t>, arm: Node<'t>) -> Option<bool> {
    let (scopes, call) = (&parts.get.scopes, parts.refill.call);
    let mut statements = statements_of(arm);
    statements.retain(|n| !n.is(Kind::Comment));
    let at = statements.iter().position(|s| s.encloses(call))?;
    let result = crate::walk::site::assigned_to(call, scopes)?;
    let before = statements[..at].iter().all(|s| s.is(Kind::Declaration));
    let test = statements.get(at + 1).filter(|n| n.is(Kind::IfStatement))?;
    let condition = unwrapped(test.child(Field::Condition)?);
    let tested = match condition.operator() {
        Some("<" | "!=") if condition.child(Field::Right)?.text() == "0" => condition.child(Field::Left)?,
        _ => condition,
    };
    let leaves = matches!(
        statements_of(test.child(Field::Consequence)?).as_slice(),
        [only] if only.is(Kind::ReturnStatement)
    );
    let idle = |n: &Node<'t>| {
        let effect = |d: &Node<'t>| matches!(d.kind(), Kind::AssignmentExpression | Kind::UpdateExpression);
        n.is(Kind::ExpressionStatement) && !n.descendants().any(|d| effect(&d))
    };
    let rest = statements[at + 2..].iter().all(idle);
    Some(
        before
            && leaves
            && rest
            && scopes.resolve(tested) == Some(result)
            && test.child(Field::Alternative).is_none(),
    )
}

/// Where nothing is acquired, the refilling function says so and leaves the queue alone, or puts something else into it.
fn fails<'t>(spec: &WalkSpec, parts: &Parts<'t>, keys: [&Key; 4]) -> Option<Option<Substitute<'t>>> {
    let mut run = Run::of(spec, parts, &parts.refill)?;
    let mut state = State::default();
    state.set(parts.got, Variable { sign: Sign::Negative, ..Variable::unknown() });
    let body = statements_of(parts.refill.function.node.child(Field::Body)?);
    let mut substitute = None;
    for statement in body.into_iter().skip_while(|s| !s.encloses(parts.acquire)).skip(1) {
        let condition = statement.child(Field::Condition).filter(|_| statement.is(Kind::IfStatement));
        let undecided = condition.filter(|c| run.eval().truth(*c, &mut state.clone()).is_none());
        if let Some(condition) = undecided {
            (substitute.is_none() && statement.child(Field::Alternative).is_none()).then_some(())?;
            let arm = statement.child(Field::Consequence)?;
            substitute = Some(substituted(&run, parts, (condition, arm), &state, keys)?);
            continue;
        }
        if let Ended::Returned(value) = run.statement(statement, &mut state)? {
            let error = run.scopes.resolve(unwrapped(value)) == Some(parts.got);
            return (error && state.fields.is_empty()).then_some(substitute);
        }
    }
    None
}

/// The parts of a conjunction.
fn conjuncts(node: Node<'_>) -> Vec<Node<'_>> {
    let node = unwrapped(node);
    match (node.operator(), node.child(Field::Left), node.child(Field::Right)) {
        (Some("&&"), Some(left), Some(right)) => [conjuncts(left), conjuncts(right)].concat(),
        _ => vec![node],
    }
}

fn substituted<'t>(
    run: &Run<'_, 't>,
    parts: &Parts<'t>,
    (condition, arm): (Node<'t>, Node<'t>),
    state: &State<'t>,
    [head, tail, from, to]: [&Key; 4],
) -> Option<Substitute<'t>> {
    let open = |c: &Node<'t>| run.eval().truth(*c, &mut state.clone()) != Some(true);
    let conditions: Vec<Node<'t>> = conjuncts(condition).into_iter().filter(open).collect();
    let mut set: BTreeMap<Key, Node<'t>> = BTreeMap::new();
    let (mut statements, mut element) = (Vec::new(), None);
    let all = statements_of(arm);
    let (last, inside) = all.split_last()?;
    let number =
        |n: Node<'t>| run.eval().value(n, &mut State::default()).quantity().and_then(Sym::as_constant);
    let done = last.is(Kind::ReturnStatement) && last.named_children().next().and_then(number) == Some(0);
    for statement in inside {
        let assignment = statement.child_of(Kind::AssignmentExpression).filter(|a| a.operator() == Some("="));
        let sides = assignment.and_then(|a| a.child(Field::Left).zip(a.child(Field::Right)));
        match sides {
            Some((left, right)) if left.is(Kind::SubscriptExpression) => {
                let array = parts.refill.spelled(left.child(Field::Argument)?) == parts.array_text();
                let first = left.child(Field::Index).and_then(number) == Some(0);
                (array && first && element.is_none()).then_some(())?;
                element = Some(right);
            }
            Some((left, right)) if run.key(left).is_some_and(|k| [head, tail, from, to].contains(&&k)) => {
                set.insert(run.key(left)?, right);
            }
            _ => statements.push(*statement),
        }
    }
    let one = set.get(head).copied().and_then(number) == Some(0)
        && set.get(tail).copied().and_then(number) == Some(1);
    let (from, to) = (*set.get(from)?, *set.get(to)?);
    (done && one).then_some(Substitute { conditions, statements, element: element?, from, to })
}

/// What the loop's variables are, told for each of the four.
pub(super) fn piece<'t>(spec: &WalkSpec, parts: &Parts<'t>, refilled: &Refilled<'t>) -> Option<Piece> {
    let (index, count) = (Sym::atom(Atom::Index), Sym::atom(Atom::Count));
    let one = Sym::constant(1);
    let later = index.plus(&one)?;
    let ends = [
        (Sym::constant(0), one.clone()),
        (Sym::constant(0), count.plus(&one)?),
        (later.clone(), later.plus(&one)?.plus(&count)?),
        (later.clone(), later.plus(&one)?),
    ];
    let objects: Vec<(DeclId, String)> =
        parts.scopes.declarations().iter().map(|d| (d.id, d.name.to_owned())).collect();
    let mut held: Vec<BTreeMap<DeclId, Sym>> = Vec::new();
    for (head, tail) in ends {
        let mut run = Run::new(spec, parts, &parts.scopes, objects.clone())?;
        let next = head.plus(&one)?;
        let mut fields = BTreeMap::from([
            (refilled.head.clone(), if refilled.moves_on { next.clone() } else { head }),
            (refilled.tail.clone(), tail),
            (refilled.from.clone(), Sym::atom(Atom::Offset)),
        ]);
        fields.extend(refilled.to.clone().map(|key| (key, Sym::atom(Atom::Marked))));
        let before = fields.clone();
        let mut state = run.load(&fields);
        let cursors: Vec<Node<'t>> = parts.cursors.clone();
        let Ended::Falls = run.list(&cursors, &mut state)? else { return None };
        let mut after = run.store(&state);
        let moved = after.insert(refilled.head.clone(), before[&refilled.head].clone());
        if moved != Some(next) || after != before {
            return None;
        }
        let known = state.variables.iter().filter_map(|(id, v)| Some((*id, v.value.quantity()?.clone())));
        held.push(known.collect());
    }
    let [only, first, middle, last] = held.as_slice() else { return None };
    let mut out = Piece::new();
    for id in only.keys() {
        let four = [only.get(id)?, first.get(id)?, middle.get(id)?, last.get(id)?];
        out.push((*id, part(four)?));
    }
    (!out.is_empty()).then_some(out)
}

/// What the four are, if that is a part of the piece.
fn part(four: [&Sym; 4]) -> Option<Part> {
    let (unit, offset) = (Sym::atom(Atom::Unit), Sym::atom(Atom::Offset));
    let (zero, marked) = (Sym::constant(0), Sym::atom(Atom::Marked));
    let whole = [
        (Part::Start, [offset.clone(), offset.clone(), zero.clone(), zero]),
        (Part::End, [marked.clone(), unit.clone(), unit.clone(), marked.clone()]),
        (Part::Length, [marked.minus(&offset)?, unit.minus(&offset)?, unit, marked]),
    ];
    whole.into_iter().find(|(_, form)| form.iter().zip(four).all(|(a, b)| a == b)).map(|(part, _)| part)
}
