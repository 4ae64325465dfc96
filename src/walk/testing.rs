//! A walk of no project, for the unit tests of this folder and of the outliner.
//!
//! In: changes of a loop in the idiom's plainest form. Out: what recognition says of it, in a line. It
//! refuses changes that are not in the text.

use super::refusal::Refusal;
use super::spec::{WalkSpec, specs};
use super::{Walk, recognise};
use crate::smpl;
use crate::source::SourceFile;
use crate::syntax::file_scope::FileScope;
use crate::syntax::parse;
use crate::syntax::scope::Scopes;

const RULE: &str = "\
@walk:parts@
expression iter, got, bytes, slots, x, size, f, data, a, b;
expression batch, offset;
@@

tree declares: take_batch
acquire: got = take_batch(iter, batch, bytes, slots, &offset)
acquire one: got = take_batch(iter, &batch, bytes, 1, &offset)
unit: UNIT
unit at most: 65536
same: MILLION => 1000000
element: struct part *part
position: left_in(iter)
rewind: put_back(iter, x)
release: drop_part(x)
same: smaller(a, b) => a < b ? a : b
same: a & (UNIT - 1) => a - a / UNIT * UNIT
failed: is_bad(x)
negative: error_of(x)
pure: smaller left_in is_bad error_of
lock: take_lock drop_lock
batched: publish
accounting: count_up
errors: EFAULT ENOMEM
helper: walk_each(iter, size, f, data)
callback: int f(struct part *part, size_t offset, size_t size, void *data)
suffix: part
batch: 16
introduce: parts.h after take_batch : parts.h
introduce message:
  Add it.
message:
  Use it.
note N2: in vain
note N5: position
note N6: below zero: {value}
note N7: per element: {statement}
note N26: room: {limit}
";

/// The loop that the changes are made in.
pub(crate) const PLAIN: &str = "\
int each(struct walked *iter, struct object *object)
{
	struct part *parts[16];
	ssize_t got;
	size_t off;
	int k, ret = 0;

	while (left_in(iter)) {
		got = take_batch(iter, parts, ~0UL, 16, &off);
		if (got <= 0)
			return got;
		for (k = 0; got > 0; k++) {
			size_t len = smaller(got, UNIT - off);

			see(object, parts[k], off, len);
			off = 0;
			got -= len;
		}
	}
	return 0;
}
";

/// The rule.
pub(crate) fn spec() -> WalkSpec {
    let (rule, told) = smpl::parse(&SourceFile::new("parts.cocci", RULE.as_bytes().to_vec()));
    assert!(told.is_empty(), "{told:?}");
    let (mut all, told) = specs(&[rule], &|_| Some("int walk_each(void);\n".to_owned()));
    assert!(told.is_empty(), "{told:?}");
    all.remove(0)
}

/// The plain loop with parts of it spelled otherwise.
pub(crate) fn changed(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(PLAIN.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "`{from}` is not in:\n{text}");
        text.replacen(from, to, 1)
    })
}

/// Look at the only walk of a function.
pub(crate) fn looked_at<T>(
    text: &str,
    look: impl FnOnce(Result<(&Walk<'_>, &Scopes<'_>, &FileScope<'_>), &Refusal>) -> T,
) -> T {
    let file = SourceFile::new("parts.c", text.as_bytes().to_vec());
    let tree = parse(&file);
    let scope = FileScope::of(&tree);
    let function = scope.functions.iter().find(|f| f.node.text().contains("take_batch")).unwrap();
    let scopes = Scopes::of(function.node);
    let found = recognise(&spec(), &scopes).remove(0);
    look(found.walk.as_ref().map(|walk| (walk, &scopes, &scope)))
}

/// `walk`, with the names of its notes, or the code and the text that it is refused for.
pub(crate) fn verdict(changes: &[(&str, &str)]) -> String {
    let text = changed(changes);
    looked_at(&text, |found| match found {
        Ok((walk, ..)) => {
            let notes: Vec<&str> = walk.notes.iter().map(|n| n.name).collect();
            format!("walk {}", notes.join(" ")).trim_end().to_owned()
        }
        Err(refusal) => {
            let place = &text[refusal.span.start as usize..refusal.span.end as usize];
            format!("{} at {}", refusal.code.name(), place.split_whitespace().collect::<Vec<_>>().join(" "))
        }
    })
}

/// The verdict with a limit on elements, what stands in front of the acquisition, and what the body does to `used`.
pub(crate) fn verdict_of_limited(limit: &str, in_front: &str, body: &str) -> String {
    let test = format!("{in_front}\n\t\tgot = take_batch(iter, parts, ~0UL, {limit}, &off);");
    let see = format!("{body};\n\t\t\tsee(object, parts[k], off, len);");
    verdict(&[
        ("got = take_batch(iter, parts, ~0UL, 16, &off);", &test),
        ("see(object, parts[k], off, len);", &see),
        ("int k, ret = 0;", "int k, ret = 0, used = 0, most;"),
    ])
}
