//! A batch that is a queue: refilled by one function, taken from by another.
//!
//! In: an acquisition into `object->array` in a function that also sets where the queue begins and ends, a
//! function that refills when the queue is empty and gives its first element, and a loop that asks for
//! elements until it has enough. Out: the loop with an acquisition of its own, one element at a time, which
//! is what the queue comes to when every refill gets one element; the functions of the queue go. What the
//! loop asks for is told in its own measure, so that two facts are left open. It refuses, by finding
//! nothing, queues that anything else looks at, elements of which it cannot be shown that they are the
//! pieces of the batch in order, and functions that do more than to keep the queue.

mod parts;
mod substitute;
mod text;
mod values;

use super::{Left, Prepared};
use crate::syntax::Node;
use crate::syntax::file_scope::FileScope;
use crate::walk::notes::Note;
use crate::walk::obligations::Duty;
use crate::walk::spec::WalkSpec;
use parts::Parts;
use text::Writer;
use values::{Refilled, piece};

/// The loop that asks for elements, with an acquisition of its own.
pub(super) fn refilled<'t>(spec: &WalkSpec, file: &FileScope<'t>, call: Node<'t>) -> Option<Prepared> {
    let parts = Parts::of(spec, file, call)?;
    let refilled = Refilled::of(spec, &parts)?;
    let piece = piece(spec, &parts, &refilled)?;
    let writer = Writer { spec, file, parts: &parts, refilled: &refilled, piece: &piece };
    let (edits, finish) = writer.edits()?;
    let (array, condition) = (parts.array_text(), parts.condition.text());
    let object = parts.object_text();
    let open = vec![
        Left {
            duty: Duty::GoesOn,
            what: format!(
                "the loop goes on while `{condition}`, and the walk ends with `{object}` as well, where the queue would have stayed empty"
            ),
            span: parts.condition.span(),
        },
        Left {
            duty: Duty::Cursors,
            what: "the queue is taken to be empty when the loop begins".to_owned(),
            span: parts.take.span(),
        },
    ];
    let done = format!(
        "`{array}` is a queue that {}() refills and {}() takes from; its elements are the pieces of the batch in order",
        parts.refill.function.name, parts.get.function.name
    );
    let mut notes = vec![
        Note { name: "N5", values: Vec::new() },
        Note { name: "N14", values: vec![("memory", array)] },
        Note { name: "N22", values: vec![("condition", condition.to_owned())] },
    ];
    if let Some(substitute) = &refilled.substitute {
        let conditions = substitute.conditions.iter().map(|c| parts.refill.spelled(*c));
        let condition = conditions.collect::<Vec<_>>().join(" && ");
        let element = parts.refill.spelled(parts.refill.meant(substitute.element));
        notes.push(Note { name: "N24", values: vec![("condition", condition), ("element", element)] });
    }
    Some(Prepared { edits, function: parts.walk.name.to_owned(), done, notes, open, finish })
}
