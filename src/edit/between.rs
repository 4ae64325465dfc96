//! Edits that turn one text into another.
//!
//! In: a text before and after. Out: replacements of whole lines, each as small as it can be, in order. It refuses texts
//! whose changed lines are not UTF-8: an edit holds characters.

use super::TextEdit;
use crate::source::Span;
use similar::{Algorithm, DiffOp, capture_diff_slices};

/// The edits from `old` to `new`; `None` if a line that changes is not UTF-8.
pub fn between(old: &[u8], new: &[u8]) -> Option<Vec<TextEdit>> {
    let lines =
        |text: &'_ [u8]| text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (old_lines, new_lines) = (lines(old), lines(new));
    let (old_starts, new_starts) = (starts(&old_lines), starts(&new_lines));
    let mut edits = Vec::new();
    for operation in capture_diff_slices(Algorithm::Myers, &old_lines, &new_lines) {
        if matches!(operation, DiffOp::Equal { .. }) {
            continue;
        }
        let (from, to) = (operation.old_range(), operation.new_range());
        let text = &new[new_starts[to.start]..new_starts[to.end]];
        let text = std::str::from_utf8(text).ok()?;
        edits.push(TextEdit::new(Span::new(old_starts[from.start], old_starts[from.end]), text));
    }
    Some(edits)
}

/// Where each line starts, and where the last one ends.
fn starts(lines: &[Vec<u8>]) -> Vec<usize> {
    let mut at = 0;
    let mut starts = vec![0];
    for line in lines {
        at += line.len();
        starts.push(at);
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::EditSet;
    use proptest::prelude::*;

    #[test]
    fn unchanged_lines_are_in_no_edit() {
        let edits = between(b"a\nb\nc\nd\n", b"a\nB\nc\nd\ne\n").expect("text");
        assert_eq!(edits, [TextEdit::new(Span::new(2, 4), "B\n"), TextEdit::new(Span::at(8), "e\n")]);
        assert_eq!(between(b"\xff\na\n", b"\xff\nb\n").map(|edits| edits.len()), Some(1));
        assert_eq!(between(b"a\n", b"\xff\n"), None);
    }

    proptest! {
        #[test]
        fn the_edits_make_the_new_text(old in "[ab\n]{0,24}", new in "[ab\n]{0,24}") {
            let mut set = EditSet::new();
            for edit in between(old.as_bytes(), new.as_bytes()).expect("text") {
                set.add(edit).expect("disjoint");
            }
            prop_assert_eq!(set.apply(old.as_bytes()), new.as_bytes());
        }
    }
}
