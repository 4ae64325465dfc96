//! The text that the grammar reads, and what was done to it.
//!
//! In: spans of the original text and what they are. Out: a text of the same length, and [`Mark`]s. It refuses to
//! change the length: every write replaces bytes.

use crate::source::Span;

/// What the overlay took a stretch of the source for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkKind {
    /// An attribute, as a macro or spelled out; blanked.
    Attribute,
    /// A preprocessor directive that the grammar does not see.
    Directive,
    /// The arm of a conditional that splits an item; another arm was read.
    UnreadArm,
    /// The arm of an `#if 0`.
    DeadArm,
    /// Brackets nested too deep to be read.
    TooDeep,
    /// A top-level item that the grammar cannot read.
    Unreadable,
    /// A piece of the file for which the work that one file may take did not suffice.
    TooMuch,
    /// A loop behind a macro: `name(…) statement`.
    Iterator,
    /// A loop behind a macro without arguments.
    EmptyIterator,
    /// A type among the arguments of a call.
    TypeArgument,
    /// Statements among the arguments of a call.
    StatementArgument,
    /// A bare operator or other tokens among the arguments of a call.
    TokenArgument,
    /// `typeof (…)`
    Typeof,
    /// A macro call where the grammar wants a word: in a concatenated string or an enumerator list.
    CallWord,
    /// A macro's name in a concatenated string.
    StringWord,
    /// An initializer list among the arguments of a call.
    ListArgument,
    /// A macro call that declares something.
    Declarer,
    /// A macro call that heads a function's body.
    FunctionDefinition,
    /// A macro call that is a statement without a semicolon.
    Statement,
    /// A byte that the source does not have (a semicolon, a comma); it stands on white space.
    Assumed,
    /// A bit-field's width without a name.
    UnnamedBits,
    /// The macro that ends an initializer which another macro began.
    ClosingWord,
    /// `&&label`
    LabelAddress,
    /// `goto *expression`
    ComputedGoto,
    /// A `*` before the name in a definition of the old style; `item` is the name.
    OldPointer,
    /// A macro that stands for `asm`.
    Asm,
    /// Tokens respelled for the grammar's sake; the nodes need no change.
    Respelled,
}

/// What a decision rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// The tokens around it.
    Context,
    /// A `#define` of the same file or of the tree.
    Definition,
    /// A macro file.
    MacroFile,
}

/// One thing that the overlay did.
#[derive(Clone, Debug)]
pub struct Mark {
    /// What the bytes are.
    pub kind: MarkKind,
    /// The original bytes.
    pub span: Span,
    /// Where the item around it begins; the span's start unless a storage class stands before it.
    pub item: u32,
    /// What the decision rests on.
    pub why: Why,
    /// How the bytes were spelled before they were made one word, for a parse of their own.
    pub(in crate::syntax) inner: Option<Box<[u8]>>,
}

impl Mark {
    pub(in crate::syntax) fn new(kind: MarkKind, span: Span) -> Self {
        Self { kind, span, item: span.start, why: Why::Context, inner: None }
    }

    pub(in crate::syntax) fn because(mut self, why: Why) -> Self {
        self.why = why;
        self
    }
}

/// The overlay while it is made.
#[derive(Debug)]
pub(in crate::syntax) struct Spelling<'t> {
    /// The original.
    pub(in crate::syntax) text: &'t [u8],
    /// What the grammar reads; as long as `text`.
    pub(in crate::syntax) out: Vec<u8>,
    /// In no order.
    pub(in crate::syntax) marks: Vec<Mark>,
}

impl<'t> Spelling<'t> {
    pub(in crate::syntax) fn new(text: &'t [u8]) -> Self {
        Self { text, out: text.to_vec(), marks: Vec::new() }
    }

    pub(in crate::syntax) fn mark(&mut self, mark: Mark) {
        if matches!(
            mark.kind,
            MarkKind::DeadArm | MarkKind::UnreadArm | MarkKind::TooDeep | MarkKind::Unreadable
        ) {
            self.blank(mark.span);
        }
        self.marks.push(mark);
    }

    /// Blank the bytes of an attribute or a directive.
    pub(in crate::syntax) fn blanked(&mut self, mut mark: Mark) {
        mark.inner = Some(self.text[mark.span.range()].into());
        self.blank(mark.span);
        self.marks.push(mark);
    }

    /// Spaces instead of the bytes; newlines stay.
    pub(in crate::syntax) fn blank(&mut self, span: Span) {
        for byte in &mut self.out[span.range()] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }

    /// Write `word` at `at`.
    pub(in crate::syntax) fn put(&mut self, at: u32, word: &[u8]) {
        let at = at as usize;
        if let Some(place) = self.out.get_mut(at..at + word.len()) {
            place.copy_from_slice(word);
        }
    }

    /// One identifier of the same length, and its former spelling in the mark.
    pub(in crate::syntax) fn word(&mut self, kind: MarkKind, span: Span) {
        self.as_word(span, Mark::new(kind, span));
    }

    fn as_word(&mut self, span: Span, mut mark: Mark) {
        mark.inner = Some(self.out[span.range()].into());
        self.fill_word(span);
        self.marks.push(mark);
    }

    pub(in crate::syntax) fn fill_word(&mut self, span: Span) {
        for (i, byte) in self.out[span.range()].iter_mut().enumerate() {
            if i == 0 || !(byte.is_ascii_alphanumeric() || *byte == b'_') {
                *byte = b'_';
            }
        }
    }

    /// One string literal of the same length, for a part of a concatenated string.
    pub(in crate::syntax) fn string(&mut self, kind: MarkKind, span: Span) {
        let mut mark = Mark::new(kind, span);
        mark.inner = Some(self.out[span.range()].into());
        let bytes = &mut self.out[span.range()];
        bytes.fill(b'a');
        if let [first, .., last] = bytes {
            *first = b'"';
            *last = b'"';
        }
        self.marks.push(mark);
    }

    /// `T _name` over a macro call that declares something, or over its name alone.
    pub(in crate::syntax) fn declarer(&mut self, kind: MarkKind, span: Span, item: u32, why: Why) {
        let mut mark = Mark::new(kind, span).because(why);
        mark.item = item;
        mark.inner = Some(self.out[span.range()].into());
        self.fill_word(span);
        // What follows the two bytes may be a digit.
        self.put(span.start, b"T _");
        self.marks.push(mark);
    }

    /// A directive that the grammar does not see.
    pub(in crate::syntax) fn directive(&mut self, span: Span) {
        self.blanked(Mark::new(MarkKind::Directive, span));
    }

    /// A conditional's directive that the grammar sees: reduced to what the grammar can read of it.
    pub(in crate::syntax) fn kept_directive(&mut self, span: Span) {
        let text = &self.text[span.range()];
        let name = crate::syntax::lexer::directive_name(text);
        let name_end = crate::syntax::lexer::directive_rest(text);
        let code_end = comment_start(text);
        let start = text[name_end..code_end].iter().position(|b| !b.is_ascii_whitespace());
        let Some(start) = start.map(|s| s + name_end) else {
            return;
        };
        let end = text[..code_end].trim_ascii_end().len();
        let at = |from: usize, to: usize| Span::new(span.start as usize + from, span.start as usize + to);
        match name {
            b"else" | b"endif" => self.blank(at(start, end)),
            b"if" | b"elif" => {
                if code_end < text.len() {
                    self.blank(at(code_end, text.len()));
                }
                if !text[start..end].iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_') {
                    self.fill_word(at(start, end));
                }
            }
            _ => {
                let word =
                    text[start..end].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
                self.blank(at(start + word, end));
            }
        }
    }
}

/// Where the first comment of a directive starts; its length if there is none.
fn comment_start(text: &[u8]) -> usize {
    text.windows(2).position(|w| w == b"/*" || w == b"//").unwrap_or(text.len())
}
