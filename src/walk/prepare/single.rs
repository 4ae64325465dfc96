//! One batch per call, kept in memory of the caller.
//!
//! In: a function that acquires one batch into `object->array`, walks its pieces once, and tells the amount.
//! Out: the same function with a loop around the acquisition that goes on until all is walked that was asked
//! for, or until as many elements were kept as one batch may have; every piece puts its element into the
//! array. That is more than one batch per call, so the facts under which callers can take it are left open.
//! It refuses, by finding nothing, arrays of the function's own, elements that are looked at behind the
//! loop, jumps, and work in front of the loop that needs the amount.

use super::widen::Writer;
use super::{Finish, Left, Prepared};
use crate::flow::access::accesses;
use crate::source::SourceFile;
use crate::syntax::file_scope::FileScope;
use crate::syntax::scope::{DeclId, DeclKind, Scopes};
use crate::syntax::{Field, Kind, Node};
use crate::walk::eval::unwrapped;
use crate::walk::exits::is_jump;
use crate::walk::expressions::{first_match, is_pure, same_text};
use crate::walk::notes::Note;
use crate::walk::obligations::Duty;
use crate::walk::site::{assigned_to, best_match, enclosing_loop, statements_of};
use crate::walk::spec::{BatchStorage, WalkSpec};
use crate::walk::total::is_unlimited;
use crate::walk::truth::seen_through;
use crate::walk::usage::leaves;

/// The function with a loop around its acquisition.
pub(super) fn widened<'t>(spec: &WalkSpec, file: &FileScope<'t>, call: Node<'t>) -> Option<Prepared> {
    let function = file.function_at(call.span().start as usize)?;
    let scopes = Scopes::of(function.node);
    let single = Single::of(spec, &scopes, call)?;
    let straight = single.straight(&scopes)?;
    let writer = Writer::new(spec, &scopes, &single, &straight);
    let edits = writer.edits()?;
    let slots = single.slots.text();
    let array = single.array.text();
    let mut open = vec![Left {
        duty: Duty::GoesOn,
        what: format!(
            "a call took one batch, and takes all that it is asked for now, up to `{slots}` elements: whoever calls has to accept more"
        ),
        span: call.span(),
    }];
    open.push(Left {
        duty: Duty::Array,
        what: format!(
            "`{array}` stays filled for others: the callback puts each element there, and nothing is written behind the last"
        ),
        span: single.array.span(),
    });
    let stays = single.moves == Moves::Stays;
    open.extend(stays.then(|| Left {
        duty: Duty::Object,
        what: format!(
            "`{}` stays where it is, so that a copy of it is walked: nothing but the copy may be moved by that",
            single.iter.text()
        ),
        span: single.iter.span(),
    }));
    open.extend(straight.first.iter().map(|node| Left {
        duty: Duty::PerBatch,
        what: format!(
            "`{}` is done before anything is acquired, for the most elements that there may be",
            node.text()
        ),
        span: node.span(),
    }));
    open.extend(straight.later.iter().map(|node| Left {
        duty: Duty::WaysOut,
        what: format!("`{}` is done behind the walk", first_line(*node)),
        span: node.span(),
    }));
    let value = |name, text: &str| vec![(name, text.to_owned())];
    let widened = vec![("slots", slots.to_owned()), ("memory", array.to_owned())];
    let mut notes = vec![Note { name: "N17", values: widened }];
    notes.extend(
        straight
            .first
            .iter()
            .map(|n| Note { name: "N18", values: value("statement", n.text().trim_end_matches(';')) }),
    );
    if stays {
        notes.push(Note { name: "N28", values: value("iter", single.iter.text()) });
    }
    if single.only_below_zero(spec) {
        notes.push(Note { name: "N20", values: Vec::new() });
    }
    let tests = straight.later.iter().filter_map(|n| n.child(Field::Condition));
    notes.extend(tests.map(|c| Note { name: "N19", values: value("test", unwrapped(c).text()) }));
    let done = format!("what was got before is kept in `{array}`, element by element");
    Some(Prepared { edits, function: function.name.to_owned(), done, notes, open, finish: Finish::Done })
}

fn first_line(node: Node<'_>) -> &str {
    node.text().lines().next().unwrap_or_default().trim_end()
}

/// The parts of such a function.
pub(super) struct Single<'t> {
    pub(super) source: &'t SourceFile,
    pub(super) iter: Node<'t>,
    /// `object->array`.
    pub(super) array: Node<'t>,
    pub(super) bytes: Node<'t>,
    /// Whether `bytes` is a limit at all.
    pub(super) limited: bool,
    pub(super) slots: Node<'t>,
    pub(super) got: DeclId,
    pub(super) offset: DeclId,
    pub(super) call: Node<'t>,
    pub(super) acquisition: Node<'t>,
    pub(super) test: Node<'t>,
    /// Between the test and the loop, comments included.
    pub(super) between: Vec<Node<'t>>,
    pub(super) inner: Node<'t>,
    pub(super) index: DeclId,
    pub(super) behind: Vec<Node<'t>>,
    pub(super) moves: Moves,
}

/// What becomes of the walked object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moves {
    /// It is moved over what was got.
    Along,
    /// It stays where it is: the caller moves it. A copy of it can be walked.
    Stays,
}

impl<'t> Single<'t> {
    fn of(spec: &WalkSpec, scopes: &Scopes<'t>, call: Node<'t>) -> Option<Self> {
        let (acquire, bindings) = best_match(spec, scopes, call)?;
        let array = bindings.get("batch").filter(|n| n.is(Kind::FieldExpression) && is_pure(&[], *n))?;
        let bytes = unwrapped(bindings.get("bytes")?);
        let slots = unwrapped(bindings.get("slots")?);
        let function = scopes.function();
        let body = function.child(Field::Body)?;
        let statements = statements_of(body);
        let listed = |n: Node<'t>| n.ancestors().find(|a| a.kind().is_statement());
        let acquisition =
            listed(call).filter(|s| s.is(Kind::ExpressionStatement) && s.parent() == Some(body))?;
        let at = statements.iter().position(|s| *s == acquisition)?;
        let behind = &statements[at + 1..];
        let is_code = |n: &&Node<'t>| !n.is(Kind::Comment);
        let test = *behind.iter().find(is_code)?;
        let looping = behind.iter().position(|s| s.kind().is_loop())?;
        let inner = behind[looping];
        let after_test = behind.iter().position(|s| *s == test)? + 1;
        let unfit = |n: Node<'t>| {
            matches!(n.kind(), Kind::LabeledStatement | Kind::GotoStatement)
                || n.kind().is_opaque()
                || n.is(Kind::PreprocIf)
                || n.is(Kind::PreprocIfdef)
        };
        let single = Self {
            source: call.tree().source(),
            iter: bindings.get("iter")?,
            array,
            bytes,
            limited: !is_unlimited(bytes)
                && spec.position_of(bindings.get("iter")?.text()).as_deref() != Some(bytes.text()),
            slots,
            got: assigned_to(call, scopes)?,
            offset: bindings.get("offset").and_then(|n| scopes.resolve(n))?,
            call,
            acquisition,
            test,
            between: behind.get(after_test..looping)?.to_vec(),
            inner,
            index: counted_by(scopes, inner)?,
            behind: behind[looping + 1..].to_vec(),
            moves: Moves::Along,
        };
        let single = Self { moves: single.moves(spec, scopes)?, ..single };
        let fits = acquire.storage == BatchStorage::Given
            && enclosing_loop(call, function).is_none()
            && !function.descendants().any(unfit)
            && test.is(Kind::IfStatement)
            && test.child(Field::Alternative).is_none()
            && test.child(Field::Consequence).is_some_and(leaves)
            && !inner.descendants().any(|n| is_jump(n.kind()))
            && single.is_kept(spec, scopes)
            && single.is_steady(scopes);
        fits.then_some(single)
    }

    /// Every element is used in its own turn only, and nothing else of the batch matters behind the loop.
    fn is_kept(&self, spec: &WalkSpec, scopes: &Scopes<'t>) -> bool {
        let function = scopes.function();
        let named =
            function.descendants().filter(|n| n.kind() == self.array.kind() && same_text(*n, self.array));
        let in_turn = |n: Node<'t>| {
            let element = n.parent().filter(|p| p.is(Kind::SubscriptExpression) && self.inner.encloses(*p));
            element.and_then(|e| e.child(Field::Index)).and_then(|i| scopes.resolve(i)) == Some(self.index)
        };
        let elsewhere = named.into_iter().any(|n| n != self.array && !in_turn(n));
        let of_batch = |id: DeclId| {
            scopes.uses(id).iter().any(|u| self.behind.iter().chain(&self.between).any(|s| s.encloses(*u)))
        };
        let moved: Vec<DeclId> = written(scopes, self.inner).filter(|id| *id != self.got).collect();
        let outside = |id: &&DeclId| !self.inner.encloses(scopes.declaration(**id).ident);
        let read_behind =
            |id: &DeclId| scopes.uses(*id).iter().any(|u| self.behind.iter().any(|s| s.encloses(*u)));
        let object =
            |s: &Node<'t>| s.descendants().any(|n| n.kind() == self.iter.kind() && same_text(n, self.iter));
        let is_advance = |s: &Node<'t>| self.advance(spec, *s).is_some();
        !elsewhere
            && !scopes.uses(self.offset).iter().any(|u| self.behind.iter().any(|s| s.encloses(*u)))
            && !of_batch(self.index)
            && !moved.iter().filter(outside).any(read_behind)
            && !self.behind.iter().chain(&self.between).any(|s| object(s) && !is_advance(s))
            && !object(&self.inner)
    }

    /// `advance(iter, got);`
    pub(super) fn advance(&self, spec: &WalkSpec, statement: Node<'t>) -> Option<Node<'t>> {
        let call =
            statement.child_of(Kind::CallExpression).filter(|_| statement.is(Kind::ExpressionStatement))?;
        let bindings = first_match(&spec.advance, call)?;
        let by_all = bindings.get("x")?.text()
            == self.acquisition.descendants().find(|n| n.is(Kind::Identifier))?.text();
        (by_all && same_text(bindings.get("iter")?, self.iter)).then_some(call)
    }

    /// Where acquiring does not move the walked object, the function does, once and on every way that got something, or not
    /// at all.
    fn moves(&self, spec: &WalkSpec, scopes: &Scopes<'t>) -> Option<Moves> {
        let at = self.behind.iter().position(|s| self.advance(spec, *s).is_some());
        let Some(at) = at else {
            let copied = || self.copy_of(scopes, "copy").is_some();
            return match spec.advance.is_empty() {
                true => Some(Moves::Along),
                false => copied().then_some(Moves::Stays),
            };
        };
        let straight = self.between.iter().chain(&self.behind[..at]);
        let leaves = |n: &Node<'t>| n.descendants().any(|n| is_jump(n.kind()));
        let once = !straight.into_iter().any(leaves)
            && !self.behind[at + 1..].iter().any(|s| self.advance(spec, *s).is_some());
        once.then_some(Moves::Along)
    }

    /// The declaration of a copy of the walked object, which the function is handed by a pointer.
    pub(super) fn copy_of(&self, scopes: &Scopes<'t>, name: &str) -> Option<String> {
        let declared = scopes.declaration(scopes.resolve(self.iter)?);
        let object = declared.ty.pointee().filter(|ty| !ty.is_pointer())?.without_const();
        let handed = declared.kind == DeclKind::Parameter && self.iter.is(Kind::Identifier);
        handed.then(|| format!("{} = *{};", object.declare(name), self.iter.text()))
    }

    /// Whether getting nothing is no failure.
    pub(super) fn only_below_zero(&self, spec: &WalkSpec) -> bool {
        let condition = self.test.child(Field::Condition).map(|c| seen_through(spec, unwrapped(c)));
        let zero = |c: Node<'t>| c.child(Field::Right).is_some_and(|r| r.text() == "0");
        condition.is_some_and(|c| c.operator() == Some("<") && zero(c))
    }

    /// The limits stay what they are while the loop runs; the amount is set by the acquisition alone.
    fn is_steady(&self, scopes: &Scopes<'t>) -> bool {
        let name = |n: Node<'t>| n.is(Kind::Identifier) || n.is(Kind::NumberLiteral);
        let declared = scopes.declaration(self.got);
        name(self.slots)
            && (!self.limited || scopes.resolve(self.bytes).is_some())
            && writes(scopes, self.got) == 1
            && declared.initializer.is_none()
            && !declared.ty.is_pointer()
    }

    /// Sort what stands between the test and the loop.
    fn straight(&self, scopes: &Scopes<'t>) -> Option<Straight<'t>> {
        let condition = self.inner.child(Field::Condition).map(unwrapped)?;
        let bound = condition.child(Field::Right).and_then(|n| scopes.resolve(n));
        let mut out = Straight::default();
        for statement in self.between.iter().filter(|s| !s.is(Kind::Comment)) {
            let uses = |id: DeclId| scopes.uses(id).iter().any(|u| statement.encloses(*u));
            let assignment = statement.child_of(Kind::AssignmentExpression);
            let target = assignment.and_then(|a| a.child(Field::Left)).and_then(|l| scopes.resolve(l));
            match statement.kind() {
                Kind::ExpressionStatement if target.is_some() => {
                    let id = target.filter(|id| Some(*id) == bound && out.count.is_none())?;
                    if writes(scopes, id) != 1 || scopes.declaration(id).initializer.is_some() {
                        return None;
                    }
                    out.count = Some((*statement, id));
                }
                Kind::ExpressionStatement if statement.child_of(Kind::CallExpression).is_some() => {
                    if uses(self.got) || uses(self.offset) {
                        return None;
                    }
                    out.first.push(*statement);
                }
                Kind::IfStatement if statement.child(Field::Alternative).is_none() => {
                    let leaving = statement.child(Field::Consequence).is_some_and(leaves);
                    if !leaving || uses(self.offset) {
                        return None;
                    }
                    out.later.push(*statement);
                }
                _ => return None,
            }
        }
        Some(out)
    }
}

/// What stands between the test and the loop.
#[derive(Default)]
pub(super) struct Straight<'t> {
    /// `count = …;`, how many elements the batch has.
    pub(super) count: Option<(Node<'t>, DeclId)>,
    /// Calls, which stay in front.
    pub(super) first: Vec<Node<'t>>,
    /// Tests that leave, which can only be made when the amount is known.
    pub(super) later: Vec<Node<'t>>,
}

/// Variables that are written in a statement, once for each write.
pub(super) fn written<'t>(scopes: &Scopes<'t>, node: Node<'t>) -> impl Iterator<Item = DeclId> {
    let all = accesses(node, scopes);
    all.into_iter().filter(|a| a.may_define() || a.takes_address()).map(|a| a.decl)
}

/// How often the function sets a variable.
fn writes(scopes: &Scopes<'_>, id: DeclId) -> usize {
    let body = scopes.function().child(Field::Body);
    body.map_or(0, |body| written(scopes, body).filter(|w| *w == id).count())
}

/// The variable that a `for` counts from zero by one, and that its body leaves alone.
fn counted_by<'t>(scopes: &Scopes<'t>, looping: Node<'t>) -> Option<DeclId> {
    let (init, update) = (looping.child(Field::Initializer)?, looping.child(Field::Update)?);
    let step = update.descendants().find(|n| n.is(Kind::UpdateExpression) && n.operator() == Some("++"))?;
    let id = scopes.resolve(step.child(Field::Argument)?)?;
    let zero = |n: Option<Node<'t>>| n.is_some_and(|n| n.text() == "0");
    let starts = init.descendants().any(|n| {
        n.is(Kind::AssignmentExpression)
            && n.child(Field::Left).and_then(|l| scopes.resolve(l)) == Some(id)
            && zero(n.child(Field::Right))
    });
    let declared = scopes.declaration(id);
    let starts = starts || init.encloses(declared.ident) && zero(declared.initializer);
    let body = looping.child(Field::Body)?;
    (starts && !written(scopes, body).any(|w| w == id)).then_some(id)
}
