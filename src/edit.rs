//! Replacements over original bytes.
//!
//! In: a text and [`TextEdit`]s on spans of it. Out: the new text. Edits are kept sorted and disjoint: an edit that
//! overlaps another is refused when it is added, and both stay as they are. Two insertions at one offset keep the
//! order in which they were added; adding the same replacement twice is one edit.

mod between;

pub use between::between;

use crate::source::Span;
use std::ops::Range;

/// One replacement: the bytes of `span` become `text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextEdit {
    /// The bytes to replace; empty for an insertion.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

impl TextEdit {
    /// Replace `span` by `text`.
    pub fn new(span: Span, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }
}

/// Two edits that cannot both be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// The edit that was there first.
    pub first: TextEdit,
    /// The edit that was refused.
    pub second: TextEdit,
}

/// A set of edits of one text.
#[derive(Clone, Debug, Default)]
pub struct EditSet {
    /// Sorted by start, then end; no two overlap.
    edits: Vec<TextEdit>,
}

impl EditSet {
    /// No edits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Add edits up to the first that overlaps one that is already there.
    pub fn add_all(&mut self, edits: impl IntoIterator<Item = TextEdit>) -> Result<(), Box<Overlap>> {
        edits.into_iter().try_for_each(|edit| self.add(edit))
    }

    /// Add an edit, unless it overlaps one that is already there.
    pub fn add(&mut self, edit: TextEdit) -> Result<(), Box<Overlap>> {
        let at = self.edits.partition_point(|e| {
            (e.span.start, e.span.end) < (edit.span.start, edit.span.end)
                || (e.span == edit.span && edit.span.is_empty())
        });
        if let Some(same) = self.edits.get(at)
            && *same == edit
        {
            return Ok(());
        }
        let neighbours = [at.checked_sub(1), Some(at)];
        let clash =
            neighbours.into_iter().flatten().filter_map(|i| self.edits.get(i)).find(|e| clashes(e, &edit));
        if let Some(first) = clash {
            return Err(Box::new(Overlap { first: first.clone(), second: edit }));
        }
        self.edits.insert(at, edit);
        Ok(())
    }

    /// Add a removal; removals that lie wholly inside it are part of it from now on, and are returned.
    pub fn remove(&mut self, span: Span) -> Result<Vec<TextEdit>, Box<Overlap>> {
        let inside = |e: &TextEdit| e.text.is_empty() && !e.span.is_empty() && span.contains(e.span);
        let before = self.edits.clone();
        let absorbed: Vec<TextEdit> = self.edits.iter().filter(|e| inside(e)).cloned().collect();
        self.edits.retain(|e| !inside(e));
        match self.add(TextEdit::new(span, "")) {
            Ok(()) => Ok(absorbed),
            Err(overlap) => {
                self.edits = before;
                Err(overlap)
            }
        }
    }

    /// The edits in order.
    pub fn iter(&self) -> impl Iterator<Item = &TextEdit> {
        self.edits.iter()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The span of the original text that a span of the text after all edits comes from. `None` if either end lies in
    /// text that an edit wrote.
    pub fn original(&self, span: Span) -> Option<Span> {
        let start = self.original_offset(span.start as usize, Behind::Removed)?;
        let end = self.original_offset(span.end as usize, Behind::Nothing)?;
        (start <= end).then(|| Span::new(start, end))
    }

    /// The original offset of an offset; where text was removed, the place in front of it or behind it.
    fn original_offset(&self, offset: usize, behind: Behind) -> Option<usize> {
        let mut shift: isize = 0;
        for edit in &self.edits {
            let start = (edit.span.start as usize).checked_add_signed(shift)?;
            let passes = offset == start && behind == Behind::Removed && edit.text.is_empty();
            if offset <= start && !passes {
                break;
            }
            if offset < start + edit.text.len() {
                return None;
            }
            shift += edit.text.len() as isize - edit.span.len() as isize;
        }
        offset.checked_add_signed(-shift)
    }

    /// The text after all edits. Bytes outside the edited spans are copied as they are, whatever their encoding.
    pub fn apply(&self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        let mut done = 0;
        for edit in &self.edits {
            let Range { start, end } = edit.span.range();
            out.extend_from_slice(bytes.get(done..start).unwrap_or_default());
            out.extend_from_slice(edit.text.as_bytes());
            done = end.min(bytes.len());
        }
        out.extend_from_slice(&bytes[done..]);
        out
    }
}

/// Which side of removed text an offset means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Behind {
    Removed,
    Nothing,
}

fn clashes(a: &TextEdit, b: &TextEdit) -> bool {
    match (a.span.is_empty(), b.span.is_empty()) {
        (true, true) => false,
        (true, false) => b.span.start < a.span.start && a.span.start < b.span.end,
        (false, true) => a.span.start < b.span.start && b.span.start < a.span.end,
        (false, false) => a.span.overlaps(b.span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn insertions_keep_their_order() {
        let mut set = EditSet::new();
        set.add(TextEdit::new(Span::at(1), "x")).unwrap();
        set.add(TextEdit::new(Span::at(1), "y")).unwrap();
        assert_eq!(set.apply(b"ab"), b"axyb");
    }

    #[test]
    fn overlap_is_refused_and_named() {
        let mut set = EditSet::new();
        set.add(TextEdit::new(Span::new(0, 3), "x")).unwrap();
        let overlap = set.add(TextEdit::new(Span::new(2, 4), "y")).unwrap_err();
        assert_eq!(overlap.second.text, "y");
        assert_eq!(set.apply(b"abcd"), b"xd");
    }

    proptest! {
        /// Any disjoint edits give what splicing from the back gives.
        #[test]
        fn agrees_with_splicing(text in "[a-z]{0,40}", cuts in prop::collection::vec((0usize..40, 0usize..6, "[A-Z]{0,3}"), 0..8)) {
            let mut set = EditSet::new();
            let mut kept: Vec<TextEdit> = Vec::new();
            for (at, len, new) in cuts {
                if at + len > text.len() || len == 0 { continue; }
                let edit = TextEdit::new(Span::new(at, at + len), new);
                if set.add(edit.clone()).is_ok() && !kept.contains(&edit) { kept.push(edit); }
            }
            let mut expected = text.clone();
            kept.sort_by_key(|e| std::cmp::Reverse(e.span.start));
            for edit in kept { expected.replace_range(edit.span.range(), &edit.text); }
            prop_assert_eq!(set.apply(text.as_bytes()), expected.into_bytes());
        }
    }
}
