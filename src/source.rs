//! A file's text and places in it.
//!
//! In: the bytes of one file. Out: [`SourceFile`], [`Span`] and [`LineIndex`]. It refuses nothing: bytes that are
//! not UTF-8 stay as they are in [`SourceFile::bytes`], and [`SourceFile::text`] shows each of them as `?`, so that
//! both views have the same length and every [`Span`] fits both.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A range of byte offsets of the *original* text of one file, half open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte; never below `start`.
    pub end: u32,
}

impl Span {
    /// The span from `start` to `end`; an `end` before `start` gives the empty span at `start`.
    pub fn new(start: usize, end: usize) -> Self {
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        let end = u32::try_from(end).unwrap_or(u32::MAX);
        Self { start, end: end.max(start) }
    }

    /// The empty span at `at`.
    pub fn at(at: usize) -> Self {
        Self::new(at, at)
    }

    /// The span as a range to index text with.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Its length in bytes.
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether it covers no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether `other` lies wholly inside this span.
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether the byte at `offset` lies inside this span.
    pub fn contains_offset(self, offset: usize) -> bool {
        self.range().contains(&offset)
    }

    /// Whether the two share at least one byte.
    pub fn overlaps(self, other: Span) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The smallest span that holds both.
    pub fn cover(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A line and a column, both counted from 1; the column counts bytes, a tab is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineColumn {
    /// Line number, from 1.
    pub line: usize,
    /// Byte column, from 1.
    pub column: usize,
}

impl fmt::Display for LineColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// The offsets at which a text's lines start.
#[derive(Clone, Debug)]
pub struct LineIndex {
    /// Sorted; the first is 0.
    starts: Vec<u32>,
    len: u32,
}

impl LineIndex {
    /// Index `bytes`; only `\n` ends a line.
    pub fn new(bytes: &[u8]) -> Self {
        let mut starts = vec![0];
        starts.extend(memchr::memchr_iter(b'\n', bytes).map(|i| i as u32 + 1));
        Self { starts, len: bytes.len() as u32 }
    }

    /// The place of a byte offset; an offset past the end is the end.
    pub fn line_column(&self, offset: usize) -> LineColumn {
        let offset = (offset as u32).min(self.len);
        let line = self.starts.partition_point(|&start| start <= offset);
        LineColumn { line, column: (offset - self.starts[line - 1]) as usize + 1 }
    }

    /// The bytes of line `line` (from 1), its newline included; empty past the end.
    pub fn line_span(&self, line: usize) -> Span {
        let Some(start) = line.checked_sub(1).and_then(|l| self.starts.get(l)) else {
            return Span::at(self.len as usize);
        };
        let end = self.starts.get(line).copied().unwrap_or(self.len);
        Span { start: *start, end }
    }

    /// Number of lines; a text that ends in a newline does not count the empty rest.
    pub fn line_count(&self) -> usize {
        let last = self.starts.last().copied().unwrap_or(0);
        if last == self.len && self.starts.len() > 1 { self.starts.len() - 1 } else { self.starts.len() }
    }
}

/// A text without its white space, to compare spellings.
pub fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

/// One file: its path in the tree, its bytes, and where its lines start.
///
/// Cloning is cheap: the contents are shared.
#[derive(Clone, Debug)]
pub struct SourceFile {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: String,
    /// Of the length of the bytes; the bytes themselves when they are UTF-8. Checked once, for it is asked for often.
    text: String,
    /// The bytes, when they are not UTF-8.
    foreign: Option<Vec<u8>>,
    /// Made when it is first asked for: of most files of a tree nobody asks.
    lines: OnceLock<LineIndex>,
}

impl SourceFile {
    /// A file named `path` (relative to the tree, `/` between the parts) that holds `bytes`.
    pub fn new(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        let (text, foreign) = match String::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => (sanitise(error.as_bytes()), Some(error.into_bytes())),
        };
        let (path, lines) = (path.into(), OnceLock::new());
        Self { inner: Arc::new(Inner { path, text, foreign, lines }) }
    }

    /// The path it was given.
    pub fn path(&self) -> &str {
        &self.inner.path
    }

    /// The bytes, exactly.
    pub fn bytes(&self) -> &[u8] {
        self.inner.foreign.as_deref().unwrap_or(self.inner.text.as_bytes())
    }

    /// The text, of the same length as [`SourceFile::bytes`]; a byte that is not part of UTF-8 shows as `?`.
    pub fn text(&self) -> &str {
        &self.inner.text
    }

    /// Whether [`SourceFile::text`] differs from the bytes because they are not UTF-8.
    pub fn is_sanitised(&self) -> bool {
        self.inner.foreign.is_some()
    }

    /// The text of a span; empty if the span does not lie on character boundaries of this file.
    pub fn slice(&self, span: Span) -> &str {
        self.text().get(span.range()).unwrap_or_default()
    }

    /// The line index.
    pub fn lines(&self) -> &LineIndex {
        self.inner.lines.get_or_init(|| LineIndex::new(self.bytes()))
    }

    /// The line in which a span starts, its newline included.
    pub fn line_of(&self, span: Span) -> Span {
        self.lines().line_span(self.line_column(span).line)
    }

    /// The line and column at which `span` starts.
    pub fn line_column(&self, span: Span) -> LineColumn {
        self.lines().line_column(span.start as usize)
    }
}

fn sanitise(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(std::iter::repeat_n('?', chunk.invalid().len()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_from_one() {
        let file = SourceFile::new("a.c", "int a;\n\tb\n");
        assert_eq!(file.line_column(Span::at(0)).to_string(), "1:1");
        assert_eq!(file.line_column(Span::at(8)).to_string(), "2:2");
        assert_eq!(file.lines().line_count(), 2);
        assert_eq!(file.slice(file.lines().line_span(2)), "\tb\n");
    }

    #[test]
    fn latin1_keeps_its_length_and_its_bytes() {
        let file = SourceFile::new("a.c", b"/* Andr\xe9 */".to_vec());
        assert!(file.is_sanitised());
        assert_eq!(file.text(), "/* Andr? */");
        assert_eq!(file.bytes().len(), file.text().len());
    }
}
