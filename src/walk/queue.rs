//! A batch that is a queue: refilled by one function, taken from by another.
//!
//! In: an acquisition that stands in no loop and fills an array of an object. Out: [`Queue`]: the function
//! around it as the one that refills, the one that calls it and gives the next element, the loop that asks
//! for elements, and the one that drops what is left. The walk is all of them together: how far it goes is
//! told by the loop, in its own measure, and not by what is left of the walked object. Queues that nothing
//! else looks at are converted by [`super::prepare`]; of the others the refusal tells the parts.

use super::expressions::first_match;
use super::matching::matches;
use super::obligations::{Duty, Proof};
use super::refusal::{Refusal, RefusalCode};
use super::site::{callee, enclosing_loop};
use super::spec::WalkSpec;
use crate::source::Span;
use crate::syntax::file_scope::{FileFunction, FileScope};
use crate::syntax::{Field, Kind, Node};

/// The parts of a queue.
pub(in crate::walk) struct Queue<'t> {
    /// `object->array`, where it is filled.
    array: Node<'t>,
    /// The name of the function that refills.
    pub(super) refills: &'t str,
    /// The function that gives the next element, and `object->array[index]` there.
    pub(super) takes: (&'t str, Node<'t>),
    /// The function that asks for elements, and its loop.
    pub(super) walks: (&'t str, Node<'t>),
    /// The function that drops what is left, and the element there.
    pub(super) drops: Option<(&'t str, Node<'t>)>,
    /// Where the loop drops an element itself.
    dropped: Vec<Span>,
    /// Where the place of the next element is set.
    moved: Vec<Span>,
}

impl<'t> Queue<'t> {
    /// The queue that an acquisition refills.
    pub(super) fn of(spec: &WalkSpec, call: Node<'t>) -> Option<Self> {
        let fills = |a: &super::spec::Acquire| matches(&a.pattern, call).and_then(|b| b.get("batch"));
        let array = spec.acquires.iter().filter_map(fills).find(|n| n.is(Kind::FieldExpression))?;
        let file = FileScope::of(call.tree());
        let refills = file.functions.iter().find(|f| f.node.encloses(call))?;
        let others = || file.functions.iter().filter(|f| f.node != refills.node);
        let taking = |f: &FileFunction<'t>| {
            let returned = f.node.descendants().filter(|n| n.is(Kind::ReturnStatement));
            let element = returned.flat_map(|r| r.descendants()).find(|n| is_element(*n, array))?;
            calls(f.node, refills.name).next().map(|_| (f.name, element))
        };
        let takes = others().find_map(taking)?;
        let asking = |f: &FileFunction<'t>| {
            let looping = calls(f.node, takes.0).find_map(|c| enclosing_loop(c, f.node))?;
            Some((f.name, looping))
        };
        let walks = others().find_map(asking)?;
        let release = |n: &Node<'t>| n.is(Kind::CallExpression) && first_match(&spec.release, *n).is_some();
        let dropping = |f: &FileFunction<'t>| {
            let mut releases = f.node.descendants().filter(release);
            let element = releases.find_map(|r| r.descendants().find(|n| is_element(*n, array)))?;
            enclosing_loop(element, f.node).map(|_| (f.name, element))
        };
        let drops = others().find_map(dropping);
        let dropped = walks.1.descendants().filter(release).map(|n| n.span()).collect();
        let moved = moves(&file, takes.1);
        Some(Self { array, refills: refills.name, takes, walks, drops, dropped, moved })
    }

    /// Why it is left alone.
    pub(super) fn refusal(&self) -> Refusal {
        let (asks, looping) = self.walks;
        let place = looping.child(Field::Condition).unwrap_or(looping);
        let condition = super::eval::unwrapped(place);
        let rest = match self.drops {
            Some((name, _)) => format!(", {name}() drops what is left"),
            None => String::new(),
        };
        let sentence = format!(
            "{}() refills `{}`, {}() takes from it{rest}, and the loop of {asks}() asks for elements as long as `{}` holds, which does not tell how much is walked",
            self.refills,
            self.array.text(),
            self.takes.0,
            condition.text(),
        );
        Refusal::new(RefusalCode::RefillQueue, condition.span(), sentence)
    }

    /// The facts that were found on the way.
    pub(super) fn tell(&self, proof: &mut Proof) {
        let (takes, element) = self.takes;
        let (walks, _) = self.walks;
        let index = element.child(Field::Index).map(Node::text).unwrap_or_default();
        let cursors = format!("the next element is number `{index}`, which {} places set", self.moved.len());
        proof.open(Duty::Cursors, cursors, self.moved.clone());
        let rest = match self.drops {
            Some((name, _)) => format!("; {name}() drops the rest"),
            None => String::new(),
        };
        let places = self.dropped.len();
        let references = format!("{walks}() drops an element at {places} places in its loop{rest}");
        let last = self.drops.map(|(_, node)| node.span());
        proof.open(Duty::References, references, self.dropped.iter().copied().chain(last).collect());
        let array = format!("`{}` is shared by {}() and {takes}()", self.array.text(), self.refills);
        proof.open(Duty::Array, array, vec![self.array.span(), element.span()]);
    }
}

/// Calls of a function in another.
fn calls<'t>(function: Node<'t>, name: &'t str) -> impl Iterator<Item = Node<'t>> {
    let is_call = move |n: &Node<'t>| n.is(Kind::CallExpression) && callee(*n) == Some(name);
    function.descendants().filter(is_call)
}

/// `object->array[other->index]`, moved on or not.
fn is_element<'t>(node: Node<'t>, array: Node<'t>) -> bool {
    let of_array = node.child(Field::Argument).and_then(|a| a.child(Field::Field)).map(Node::text);
    node.is(Kind::SubscriptExpression)
        && of_array == array.child(Field::Field).map(Node::text)
        && node.child(Field::Index).and_then(field_of).is_some()
}

/// The field of `object->field` or `object->field++`.
fn field_of(node: Node<'_>) -> Option<&str> {
    let node = if node.is(Kind::UpdateExpression) { node.child(Field::Argument)? } else { node };
    node.is(Kind::FieldExpression).then(|| node.child(Field::Field).map(Node::text)).flatten()
}

/// Where the field that the queue is indexed by is set.
fn moves<'t>(file: &FileScope<'t>, element: Node<'t>) -> Vec<Span> {
    let field = element.child(Field::Index).and_then(field_of);
    let target = |n: Node<'t>| match n.kind() {
        Kind::AssignmentExpression => n.child(Field::Left),
        Kind::UpdateExpression => n.child(Field::Argument),
        _ => None,
    };
    let functions = file.functions.iter().flat_map(|f| f.node.descendants());
    functions.filter(|n| target(*n).is_some_and(|t| field_of(t) == field)).map(|n| n.span()).collect()
}
