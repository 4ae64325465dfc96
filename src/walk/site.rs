//! Where a batch is acquired, and the two loops around it.
//!
//! In: a function and a walk's `acquire:` patterns. Out: a [`Site`] for each acquisition, or a [`Refusal`]
//! if it does not stand in a loop that could be a walk.

use super::choice::choice;
use super::inner::inner_loop;
use super::matching::{Bindings, matches};
use super::queue::Queue;
use super::refusal::{Refusal, RefusalCode};
use super::spec::{Acquire, BatchStorage, WalkSpec};
use super::storage::{foreign, is_own};
use crate::flow::facts::Facts;
use crate::flow::liveness::Liveness;
use crate::flow::region::{ExitKind, Region};
use crate::syntax::scope::{DeclId, Scopes};
use crate::syntax::{Field, Kind, Node};
use std::collections::BTreeSet;

/// One acquisition of batches in its loops.
#[derive(Clone, Debug)]
pub struct Site<'t> {
    /// The function it stands in.
    pub function: Node<'t>,
    /// The call that acquires.
    pub call: Node<'t>,
    /// Where the array comes from.
    pub storage: BatchStorage,
    /// The walked object.
    pub iter: Node<'t>,
    /// The array, or the single element.
    pub batch: DeclId,
    /// What gets the call's result.
    pub got: DeclId,
    /// What gets the first piece's offset.
    pub offset: DeclId,
    /// The limit on bytes.
    pub bytes: Node<'t>,
    /// The limit on elements, if the call has one.
    pub slots: Option<Node<'t>>,
    /// The loop around the acquisition.
    pub outer: Node<'t>,
    /// The statements of that loop's body.
    pub body: Vec<Node<'t>>,
    /// The loop over the batch; `None` if a batch is one element.
    pub inner: Option<Node<'t>>,
    /// The `if` that has the loop over the batch in one arm; the other arm walks nothing.
    pub around: Option<Node<'t>>,
    /// The statement in an endless loop that leaves it when all is walked.
    pub test: Option<Node<'t>>,
    /// The statement that chooses between ways to acquire, if there are several.
    pub choice: Option<Node<'t>>,
    /// Statements outside the loop that only provide the array's memory.
    pub outside: Vec<Node<'t>>,
    /// Other loops, each of which acquires into the array before it looks at it.
    pub others: Vec<Node<'t>>,
    /// Variables that end the loop when they are set.
    pub flags: Vec<DeclId>,
    /// Conditions without which the loop ends, besides.
    pub also: Vec<Node<'t>>,
    /// Variables that are read behind the outer loop before they are written.
    pub live_out: BTreeSet<DeclId>,
    /// Variables that are read behind the outer loop before they are written, when it is left at its end.
    pub live_at_end: BTreeSet<DeclId>,
    /// Variables that the outer loop may read before it writes them.
    pub exposed: BTreeSet<DeclId>,
    /// Whether fields are followed through pointers: only where nothing else can change them.
    pub through_pointers: bool,
}

/// Every call in `function` of a function that one of the walk's acquisitions names.
pub fn acquisitions<'t>(spec: &WalkSpec, function: Node<'t>) -> Vec<Node<'t>> {
    let names: Vec<&str> = spec
        .acquires
        .iter()
        .map(|a| a.callee.as_str())
        .chain(spec.other_acquires.iter().map(String::as_str))
        .collect();
    let calls = function.descendants().filter(|n| n.is(Kind::CallExpression));
    let beside =
        |call: Node<'t>, name: &str| spec.beside.iter().any(|n| n == name) && walks_a_batch(call, function);
    let acquires =
        |call: &Node<'t>| callee(*call).is_some_and(|name| names.contains(&name) || beside(*call, name));
    calls.filter(acquires).collect()
}

/// Whether a call stands in a loop that has another behind the call.
fn walks_a_batch<'t>(call: Node<'t>, function: Node<'t>) -> bool {
    let behind = |n: &Node<'t>| n.kind().is_loop() && n.span().start > call.span().end;
    enclosing_loop(call, function).is_some_and(|outer| outer.descendants().any(|n| behind(&n)))
}

/// `for (;;)` or `while (1)`.
pub(super) fn is_endless(outer: Node<'_>) -> bool {
    outer.child(Field::Condition).is_none_or(|c| {
        let c = super::eval::unwrapped(c);
        c.is(Kind::True) || c.text() == "1"
    })
}

/// In an endless loop: the first statement, or the last, if it is `if (…) break;`.
fn endless_test<'t>(outer: Node<'t>, body: &[Node<'t>]) -> Option<Node<'t>> {
    if !is_endless(outer) {
        return None;
    }
    let is_test = |n: &&Node<'t>| {
        let then = n.child(Field::Consequence).map(statements_of).unwrap_or_default();
        n.is(Kind::IfStatement)
            && n.child(Field::Alternative).is_none()
            && matches!(then.as_slice(), [only] if only.is(Kind::BreakStatement))
    };
    let first = body.iter().find(|n| !matches!(n.kind(), Kind::Comment | Kind::Declaration));
    let last = body.iter().rfind(|n| !n.is(Kind::Comment));
    first.filter(is_test).or(last.filter(is_test)).copied()
}

/// The name of the function that a call calls directly.
pub fn callee(call: Node<'_>) -> Option<&str> {
    let function = call.child(Field::Function)?;
    function.is(Kind::Identifier).then(|| function.text())
}

/// The definition of a function in the same file.
pub fn definition<'t>(root: Node<'t>, name: &str) -> Option<Node<'t>> {
    let is_it = |n: &Node<'t>| {
        let declarator = n.descendants().find(|d| d.is(Kind::FunctionDeclarator));
        declarator.and_then(|d| d.child(Field::Declarator)).is_some_and(|d| d.text() == name)
    };
    root.descendants().filter(|n| n.is(Kind::FunctionDefinition)).find(is_it)
}

/// Understand the surroundings of one acquisition.
pub fn site<'t>(spec: &WalkSpec, scopes: &Scopes<'t>, call: Node<'t>) -> Result<Site<'t>, Refusal> {
    let refuse = |code, node: Node<'_>, sentence: &str| Err(Refusal::new(code, node.span(), sentence));
    if callee(call).is_some_and(|name| spec.acquires_otherwise(name)) {
        let sentence = "the elements are held by another kind of reference than the helper drops";
        return refuse(RefusalCode::OtherReleasePrimitive, call, sentence);
    }
    let Some(outer) = enclosing_loop(call, scopes.function()) else {
        return Err(without_loop(spec, call));
    };
    let Some((acquire, bindings)) = best_match(spec, scopes, call) else {
        return refuse(
            RefusalCode::NotUnderstood,
            call,
            "the arguments do not have a form that the rule knows",
        );
    };
    let resolved = |node| scopes.resolve(super::eval::unwrapped(node)).map(|id| (id, node));
    let local = |name: &str| bindings.get(name).and_then(resolved);
    let Some((batch, batch_node)) = local("batch") else {
        let node = bindings.get("batch").unwrap_or(call);
        return refuse(
            RefusalCode::ArrayAliasesDestination,
            node,
            "the elements are acquired straight into memory that is not a local array",
        );
    };
    check_batch(spec, scopes, outer, batch, batch_node)?;
    let Some((offset, _)) = local("offset") else {
        let node = bindings.get("offset").unwrap_or(call);
        return refuse(
            RefusalCode::ArrayEscapes,
            node,
            "the offset of the first piece does not go to a local",
        );
    };
    let Some(got) = assigned_to(call, scopes) else {
        return refuse(RefusalCode::NotUnderstood, call, "the result does not go to a local variable");
    };
    let (Some(iter), Some(bytes)) = (bindings.get("iter"), bindings.get("bytes")) else {
        return refuse(RefusalCode::NotUnderstood, call, "the rule binds no iterator or no limit here");
    };
    let choice = choice(spec, scopes, call);
    let allocates = choice.as_ref().is_some_and(|c| c.allocates);
    let storage = if allocates { BatchStorage::Allocated } else { acquire.storage };
    let body = body_of(outer);
    let inner = inner_loop(spec, &body, scopes, batch, call)?.filter(|_| storage != BatchStorage::One);
    let values = Values::of(scopes, outer);
    Ok(Site {
        function: scopes.function(),
        storage,
        slots: bindings.get("slots"),
        outer,
        around: inner.and_then(|inner| around(inner, &body)),
        body,
        inner,
        test: endless_test(outer, &body_of(outer)),
        choice: choice.map(|c| c.statement),
        others: others(spec, scopes, outer, batch),
        live_out: values.live_out,
        live_at_end: values.live_at_end,
        exposed: values.exposed,
        through_pointers: false,
        ..Site::alone(call, (iter, bytes), got, (batch, offset))
    })
}

/// Loops beside `outer` that acquire into the same array of their own function, and look at what the acquisition writes
/// behind it only.
fn others<'t>(spec: &WalkSpec, scopes: &Scopes<'t>, outer: Node<'t>, batch: DeclId) -> Vec<Node<'t>> {
    let declared = scopes.declaration(batch);
    if !declared.is_array_object() || outer.encloses(declared.ident) {
        return Vec::new();
    }
    let anew = |call: Node<'t>| {
        let looping =
            enclosing_loop(call, scopes.function()).filter(|n| !n.encloses(outer) && *n != outer)?;
        let (_, bindings) = best_match(spec, scopes, call)?;
        let written = ["batch", "offset"].map(|name| bindings.get(name).and_then(|n| scopes.resolve(n)));
        let statement = call.ancestors().find(|a| a.kind().is_statement())?;
        let listed = statement.parent() == looping.child(Field::Body);
        let behind = |u: &Node<'t>| !looping.encloses(*u) || u.span().start >= statement.span().start;
        let ids = || written.iter().flatten();
        let fits = written[0] == Some(batch) && listed && ids().all(|id| scopes.uses(*id).iter().all(behind));
        fits.then_some(looping)
    };
    acquisitions(spec, scopes.function()).into_iter().filter_map(anew).collect()
}

/// Why an acquisition that stands in no loop is no walk.
fn without_loop(spec: &WalkSpec, call: Node<'_>) -> Refusal {
    let sentence = "one batch is acquired per call of the function; a walk would take more";
    let single = || Refusal::new(RefusalCode::NoOuterLoop, call.span(), sentence);
    Queue::of(spec, call).map_or_else(single, |queue| queue.refusal())
}

/// What data flow says of the variables of a loop.
struct Values {
    live_out: BTreeSet<DeclId>,
    live_at_end: BTreeSet<DeclId>,
    exposed: BTreeSet<DeclId>,
}

impl Values {
    fn of(scopes: &Scopes<'_>, outer: Node<'_>) -> Self {
        let facts = Facts::of(scopes.function());
        let liveness = Liveness::of(&facts);
        let region = Region::of(&[outer], &facts, &liveness);
        let at_end = |kind| matches!(kind, ExitKind::Fallthrough | ExitKind::Break);
        let ends: Vec<_> = region.exits.iter().filter(|e| at_end(e.kind)).map(|e| e.to).collect();
        let read = |id: &DeclId| ends.iter().any(|end| liveness.is_live_in(*end, *id));
        Self {
            live_out: region.live_out.iter().copied().collect(),
            live_at_end: scopes.declarations().iter().map(|d| d.id).filter(read).collect(),
            exposed: region.exposed.iter().copied().collect(),
        }
    }
}

impl<'t> Site<'t> {
    /// An acquisition of which only the straight code around it is looked at: the object and the limit on bytes, what gets
    /// the result, the array and the offset. Fields of objects are followed through pointers.
    pub(super) fn alone(
        call: Node<'t>,
        (iter, bytes): (Node<'t>, Node<'t>),
        got: DeclId,
        (batch, offset): (DeclId, DeclId),
    ) -> Self {
        let function = call.ancestors().last().unwrap_or(call);
        Self {
            function,
            call,
            storage: BatchStorage::Given,
            iter,
            batch,
            got,
            offset,
            bytes,
            slots: None,
            outer: function,
            body: Vec::new(),
            inner: None,
            around: None,
            test: None,
            choice: None,
            outside: Vec::new(),
            others: Vec::new(),
            flags: Vec::new(),
            also: Vec::new(),
            live_out: BTreeSet::new(),
            live_at_end: BTreeSet::new(),
            exposed: BTreeSet::new(),
            through_pointers: true,
        }
    }

    /// The statement of the outer loop's body that walks the batch: the inner loop, or what stands around it.
    pub fn walking(&self) -> Option<Node<'t>> {
        self.around.or(self.inner)
    }

    /// Whether a place belongs to another walk that has the same array.
    pub fn is_of_another(&self, place: Node<'t>) -> bool {
        self.others.iter().any(|other| other.encloses(place))
    }

    /// Whether the batch has been walked when control comes to a statement of the outer loop's body.
    pub fn is_behind_walk(&self, node: Node<'t>) -> bool {
        let Some(inner) = self.inner else { return false };
        let skips = self.around.filter(|a| a.encloses(node)).is_some_and(|around| {
            let arm = around.children().find(|arm| arm.encloses(inner));
            !arm.is_some_and(|arm| arm.encloses(node))
        });
        !skips && node.span().start >= inner.span().end
    }
}

/// The `if` around the loop over the batch.
fn around<'t>(inner: Node<'t>, body: &[Node<'t>]) -> Option<Node<'t>> {
    let parent = inner.parent()?;
    let choice = if parent.is(Kind::CompoundStatement) { parent.parent()? } else { parent };
    let choice = if choice.is(Kind::ElseClause) { choice.parent()? } else { choice };
    (choice.is(Kind::IfStatement) && body.contains(&choice)).then_some(choice)
}

/// The loop has one acquisition, into memory of its own.
fn check_batch<'t>(
    spec: &WalkSpec,
    scopes: &Scopes<'t>,
    outer: Node<'t>,
    batch: DeclId,
    batch_node: Node<'t>,
) -> Result<(), Refusal> {
    let calls = acquisitions(spec, outer);
    if calls.len() > 1 && choice(spec, scopes, calls[0]).is_none_or(|c| c.calls != calls) {
        let sentence = "the loop acquires in more than one place";
        return Err(Refusal::at(RefusalCode::NotUnderstood, outer, sentence));
    }
    if let Some(source) = foreign(spec, scopes, batch) {
        let sentence = "the array of elements is made to point into memory that belongs to something else";
        return Err(Refusal::new(RefusalCode::ArrayAliasesDestination, source.span(), sentence));
    }
    if !is_own(spec, scopes, batch) {
        let sentence = "the array of elements is a pointer to memory that belongs to something else";
        return Err(Refusal::new(RefusalCode::ArrayAliasesDestination, batch_node.span(), sentence));
    }
    Ok(())
}

/// The pattern that fits, one with a local array and a local offset before others.
pub(super) fn best_match<'s, 't>(
    spec: &'s WalkSpec,
    scopes: &Scopes<'t>,
    call: Node<'t>,
) -> Option<(&'s Acquire, Bindings<'t>)> {
    let mut fits: Vec<_> =
        spec.acquires.iter().filter_map(|a| matches(&a.pattern, call).map(|b| (a, b))).collect();
    let locals = |b: &Bindings<'t>| {
        ["batch", "offset"]
            .iter()
            .filter(|n| b.get(n).and_then(|node| scopes.resolve(super::eval::unwrapped(node))).is_some())
            .count()
    };
    fits.sort_by_key(|(acquire, b)| (std::cmp::Reverse(locals(b)), acquire.storage != BatchStorage::One));
    // A single element is acquired through its address, and only a declaration without a second star is one.
    let one_is_array = |a: &Acquire, b: &Bindings<'t>| {
        let batch = b.get("batch").and_then(|n| scopes.resolve(super::eval::unwrapped(n)));
        let pointee = batch.and_then(|id| scopes.declaration(id).ty.pointee());
        let is_single = pointee.is_some_and(|p| !p.is_pointer());
        (a.storage == BatchStorage::One) != is_single && batch.is_some()
    };
    fits.retain(|(a, b)| !one_is_array(a, b));
    fits.into_iter().next()
}

pub(super) fn enclosing_loop<'t>(node: Node<'t>, function: Node<'t>) -> Option<Node<'t>> {
    // `do { … } while (0)` runs once.
    let once = |n: &Node<'_>| {
        n.is(Kind::DoStatement)
            && n.child(Field::Condition).is_some_and(|c| {
                let c = super::eval::unwrapped(c);
                c.is(Kind::False) || c.text() == "0"
            })
    };
    node.ancestors().take_while(|n| *n != function).find(|n| n.kind().is_loop() && !once(n))
}

/// The statements of a loop's body, comments included.
pub fn body_of(looping: Node<'_>) -> Vec<Node<'_>> {
    match looping.child(Field::Body) {
        Some(body) => statements_of(body),
        None => Vec::new(),
    }
}

/// The statements of a compound, or the statement itself; comments included.
pub fn statements_of(node: Node<'_>) -> Vec<Node<'_>> {
    if node.is(Kind::CompoundStatement) {
        node.children().filter(|c| !c.is(Kind::Token)).collect()
    } else {
        vec![node]
    }
}

pub(super) fn assigned_to(call: Node<'_>, scopes: &Scopes<'_>) -> Option<DeclId> {
    let parent = call.parent()?;
    match parent.kind() {
        Kind::AssignmentExpression if parent.child(Field::Right) == Some(call) => {
            scopes.resolve(parent.child(Field::Left)?)
        }
        Kind::InitDeclarator => scopes
            .declarations()
            .iter()
            .find(|d| parent.encloses(d.ident) && d.initializer == Some(call))
            .map(|d| d.id),
        Kind::ParenthesizedExpression => assigned_to(parent, scopes),
        _ => None,
    }
}

/// The first line of a preprocessor conditional in the loop around a call.
pub fn directive_near(call: Node<'_>, function: Node<'_>) -> Option<crate::source::Span> {
    let around = enclosing_loop(call, function).unwrap_or(function);
    let text = around.text();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with("#if") || line.trim_start().starts_with("#el") {
            let start = around.span().start as usize + at + (line.len() - line.trim_start().len());
            return Some(crate::source::Span::new(start, start + line.trim().len()));
        }
        at += line.len();
    }
    None
}

/// Whether something that could not be read stands in the statement list of the call or around it.
pub fn opaque_near(call: Node<'_>, function: Node<'_>) -> bool {
    let looping = enclosing_loop(call, function);
    looping.is_none_or(|l| l.has_opaque())
}
