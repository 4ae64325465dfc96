//! tree-sitter: the parser and the numbers of its grammar.
//!
//! In: text. Out: a tree-sitter tree, or nothing if the text needs more work than its length or what is left of its
//! file's [`Effort`] allows, so that hostile text cannot hang a run. The limits count steps, not time: the same text
//! always gives the same answer. Long stretches of blanks, which the overlay leaves where it hides something, are not shown
//! to the parser.

use super::kind::{Field, Kind};
use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::sync::OnceLock;

thread_local! {
    static PARSER: RefCell<Option<tree_sitter::Parser>> = RefCell::new(new_parser());
}

fn new_parser() -> Option<tree_sitter::Parser> {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_c::LANGUAGE.into()).ok()?;
    Some(parser)
}

/// What is left of the work that one file may take where it cannot be read: the bytes of parses with errors. Such bytes take
/// up to ten times as long as others, and the parser does not count its steps among them.
#[derive(Debug)]
pub(super) struct Effort {
    left: Cell<usize>,
}

impl Effort {
    pub(super) fn new(bytes: usize) -> Self {
        Self { left: Cell::new(bytes) }
    }

    /// Whether nothing is left.
    pub(super) fn is_spent(&self) -> bool {
        self.left.get() == 0
    }

    fn spend(&self, bytes: usize) -> ControlFlow<()> {
        self.left.set(self.left.get().saturating_sub(bytes));
        if self.is_spent() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// What a parse with errors takes however short the text, in bytes.
const LEAST: usize = 64;

/// The most steps of one parse, in hundreds, however long the text: what the parser keeps grows with them.
const MOST_STEPS: usize = 100_000;

/// Parse `text`.
pub(super) fn parse(text: &[u8], effort: &Effort) -> Option<tree_sitter::Tree> {
    // The parser reports about every hundred steps; clean C takes well below one step per byte.
    let mut left = (2_000 + text.len() / 4).min(MOST_STEPS);
    let (mut spent, mut last) = (0, 0);
    let mut count = |state: &tree_sitter::ParseState| {
        let passed = state.current_byte_offset().saturating_sub(last);
        last += passed;
        match left.checked_sub(1) {
            None => ControlFlow::Break(()),
            Some(_) if state.has_error() => {
                spent += passed;
                effort.spend(passed)
            }
            Some(less) => {
                left = less;
                ControlFlow::Continue(())
            }
        }
    };
    let tree = steps(text, &mut count)?;
    // What stands before the first error, and what is too short to be told.
    if tree.root_node().has_error() && effort.spend((text.len() + LEAST).saturating_sub(spent)).is_break() {
        return None;
    }
    Some(tree)
}

fn steps(
    text: &[u8],
    mut count: &mut dyn FnMut(&tree_sitter::ParseState) -> ControlFlow<()>,
) -> Option<tree_sitter::Tree> {
    PARSER.with_borrow_mut(|parser| {
        let parser = parser.as_mut()?;
        parser.set_included_ranges(&written(text)).ok()?;
        let options = tree_sitter::ParseOptions::new().progress_callback(&mut count);
        let tree =
            parser.parse_with_options(&mut |at, _| text.get(at..).unwrap_or_default(), None, Some(options));
        if tree.is_none() {
            parser.reset();
        }
        tree
    })
}

/// A stretch of blanks of this length is passed over at once. The grammar's lexer would look at each byte, and all that is
/// not wanted is blank.
const MANY_BLANKS: usize = 256;

/// The stretches of `text` without what is blank for long, but with the end of the line before it, which ends directives.
fn written(text: &[u8]) -> Vec<tree_sitter::Range> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\n');
    let mut found = Vec::new();
    let mut start = Place::default();
    // Every long stretch has a byte at one of these places.
    for at in (0..text.len()).step_by(MANY_BLANKS) {
        if at < start.byte || !is_blank(&text[at]) {
            continue;
        }
        let before = text[start.byte..at].iter().rev().take_while(|byte| is_blank(byte)).count();
        let behind = text[at..].iter().take_while(|byte| is_blank(byte)).count();
        if before + behind < MANY_BLANKS {
            continue;
        }
        let blanks = at - before..at + behind;
        let line = memchr::memchr(b'\n', &text[blanks.clone()]).map_or(0, |ahead| ahead + 1);
        found.push(start.until(start.further(text, blanks.start + line)));
        start = start.further(text, blanks.end);
    }
    found.push(start.until(start.further(text, text.len())));
    found
}

/// An offset with what tree-sitter wants to know of it.
#[derive(Clone, Copy, Default)]
struct Place {
    byte: usize,
    point: tree_sitter::Point,
}

impl Place {
    fn further(self, text: &[u8], byte: usize) -> Self {
        let passed = &text[self.byte..byte];
        let point = match memchr::memrchr(b'\n', passed) {
            Some(last) => tree_sitter::Point {
                row: self.point.row + memchr::memchr_iter(b'\n', passed).count(),
                column: passed.len() - last - 1,
            },
            None => tree_sitter::Point { column: self.point.column + passed.len(), ..self.point },
        };
        Self { byte, point }
    }

    fn until(self, end: Self) -> tree_sitter::Range {
        tree_sitter::Range {
            start_byte: self.byte,
            end_byte: end.byte,
            start_point: self.point,
            end_point: end.point,
        }
    }
}

/// The kinds and fields of the grammar by number.
pub(super) struct Numbers {
    kinds: Vec<Kind>,
    fields: Vec<Option<Field>>,
}

impl Numbers {
    /// The grammar's numbers; computed once.
    pub(super) fn of_c() -> &'static Self {
        static NUMBERS: OnceLock<Numbers> = OnceLock::new();
        NUMBERS.get_or_init(|| {
            let language: tree_sitter::Language = tree_sitter_c::LANGUAGE.into();
            let kind = |id: usize| match language.node_kind_is_named(id as u16) {
                true => language.node_kind_for_id(id as u16).and_then(Kind::from_name).unwrap_or(Kind::Error),
                false => Kind::Token,
            };
            let field = |id: usize| language.field_name_for_id(id as u16).and_then(Field::from_name);
            Self {
                kinds: (0..language.node_kind_count()).map(kind).collect(),
                fields: (0..=language.field_count()).map(field).collect(),
            }
        })
    }

    pub(super) fn kind(&self, node: tree_sitter::Node<'_>) -> Kind {
        if node.is_missing() {
            Kind::Missing
        } else if node.is_error() {
            Kind::Error
        } else if !node.is_named() {
            Kind::Token
        } else {
            self.kinds.get(node.kind_id() as usize).copied().unwrap_or(Kind::Error)
        }
    }

    pub(super) fn field(&self, cursor: &tree_sitter::TreeCursor<'_>) -> Option<Field> {
        self.fields.get(cursor.field_id()?.get() as usize).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_blanks_are_no_part_of_what_is_read() {
        let blank = " ".repeat(MANY_BLANKS);
        let ranges = |text: &str| {
            let ranges = written(text.as_bytes()).into_iter();
            ranges.map(|range| text[range.start_byte..range.end_byte].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(ranges(""), [""]);
        assert_eq!(ranges(&blank), ["", ""]);
        assert_eq!(ranges(&blank[1..]), [&blank[1..]]);
        assert_eq!(ranges(&format!("int a;\n{blank}int b;\n{blank}")), ["int a;\n", "int b;\n", ""]);
        for ahead in 0..MANY_BLANKS {
            let text = format!("#define A{}1\n{blank}\nint b;", &blank[..ahead]);
            let ranges = written(text.as_bytes());
            let [define, rest] = ranges.as_slice() else { panic!("{ranges:?}") };
            assert_eq!(define.end_byte, text.find('\n').unwrap() + 1);
            assert_eq!((rest.start_byte, rest.start_point.row), (text.find("int").unwrap(), 2));
            assert_eq!((rest.start_point.column, rest.end_point.column), (0, 6));
        }
    }

    #[test]
    fn what_is_around_long_blanks_has_its_place() {
        let text = format!("#define A 1\n{0}int a;{0}\nint b;", " \n".repeat(MANY_BLANKS));
        let tree = parse(text.as_bytes(), &Effort::new(1000)).expect("a tree");
        assert!(!tree.root_node().has_error());
        let mut cursor = tree.walk();
        let items = tree.root_node().children(&mut cursor).map(|node| text[node.byte_range()].to_owned());
        assert_eq!(items.collect::<Vec<_>>(), ["#define A 1\n", "int a;", "int b;"]);
    }
}
