//! Why a walk is not converted.
//!
//! A refusal has a stable code, the span of the fact, and a sentence. The code's names never change; the
//! list is printed by `vedalia refusals`, each with an example from `examples/`, and every one of them has a
//! case under `tests/cases`.

use crate::source::Span;
use crate::syntax::{Field, Kind, Node};

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal),* $(,)?) => {
        /// The kind of fact that stands against a conversion.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RefusalCode { $($(#[doc = $doc])+ $variant),* }

        impl RefusalCode {
            /// The stable name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// What it means, in a sentence.
            pub fn explanation(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii()),* }
            }

            /// Code that is refused with it, in a few lines.
            pub fn example(self) -> &'static str {
                match self { $(Self::$variant => include_str!(concat!("examples/", $name, ".c"))),* }
            }

            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
        }
    };
}

codes! {
    /// The batch is acquired once and not in a loop that goes on until all is done, so a walk would do more per call.
    NoOuterLoop = "no-outer-loop",
    /// The array of elements is stored, returned or passed on, so it is needed beyond the walk.
    ArrayEscapes = "array-escapes",
    /// The array of elements is not the function's own: it lies in the memory that the loop fills.
    ArrayAliasesDestination = "array-aliases-destination",
    /// The elements are visited from the last to the first.
    DescendingOrder = "descending-order",
    /// The walked object is read or written by the body of the loop, beyond what belongs to the walk.
    IteratorUsedInBody = "iterator-used-in-body",
    /// An element other than the current one is looked at.
    NeighbourElement = "neighbour-element",
    /// The position in the batch, or the batch's size, matters to the body.
    BatchPositionUsed = "batch-position-used",
    /// After the inner loop there is work over the whole batch that has to stay one piece of work.
    BatchWorkAfterLoop = "batch-work-after-loop",
    /// A lock is held from before the inner loop to behind it.
    LockSpansBatch = "lock-spans-batch",
    /// The elements are needed after the inner loop has ended.
    PagesUsedAfterLoop = "pages-used-after-loop",
    /// All elements must be there, or none is used.
    AllOrNothing = "all-or-nothing",
    /// A macro in the body hides a jump.
    MacroHidesJump = "macro-hides-jump",
    /// A preprocessor conditional straddles the edge of the code to move.
    ConditionalStraddles = "conditional-straddles",
    /// The length of a piece is not the smaller of the room in the element and of what remains.
    PieceNotRecognised = "piece-not-recognised",
    /// The offset does not go back to zero after the first piece.
    OffsetNotReset = "offset-not-reset",
    /// An element is released twice on a path, or never.
    ReferenceImbalance = "reference-imbalance",
    /// The references are of another kind: they are dropped by a function that the helper does not use.
    OtherReleasePrimitive = "other-release-primitive",
    /// The limit on bytes may be below the size of an element, which cuts elements that the helper does not cut.
    ByteCapBelowPage = "byte-cap-below-page",
    /// The limit on elements may run down to zero, where the loop ends without asking and the helper goes on.
    RoomRunsOut = "room-runs-out",
    /// A cursor of the walk is changed by the body.
    CursorRedefined = "cursor-redefined",
    /// A variable's value after the loop cannot be had from the helper's result.
    ValueAfterLoop = "value-after-loop",
    /// The failure of an acquisition and a stop of the body lead to different places, and cannot be told apart yet.
    ErrorChannels = "error-channels",
    /// The result of an acquisition is not tested for failure.
    NoFailureTest = "no-failure-test",
    /// Part of the code that would move could not be read.
    OpaqueCode = "opaque-code",
    /// A local cannot be handed to a callback: its type has no name or its size is computed.
    CaptureNotPossible = "capture-not-possible",
    /// The batch is a queue that one function refills and another takes from, and the loop over the elements asks for more.
    RefillQueue = "refill-queue",
    /// Two matches of a semantic patch want different code at this place; the first got its own.
    SmplConflict = "smpl-conflict",
    /// A rule of a semantic patch takes too many steps on this function.
    SmplSteps = "smpl-steps",
    /// A script of a semantic patch failed.
    SmplScript = "smpl-script",
    /// A semantic patch would drop or move code that was not read: the other arm of a conditional.
    UnreadCode = "unread-code",
    /// A semantic patch asks for a callback, and the code cannot become one.
    NotOutlined = "not-outlined",
    /// The file holds bytes that are no text.
    NotText = "not-text",
    /// The shape of the loop is not understood yet.
    NotUnderstood = "not-understood",
}

/// A match that is not safe to convert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The kind of fact.
    pub code: RefusalCode,
    /// Where the fact stands.
    pub span: Span,
    /// The fact, in a sentence that starts lower case and has no full stop.
    pub sentence: String,
}

impl Refusal {
    /// A refusal for what a semantic patch says about a place, by the name of its code.
    pub fn said(code: &str, span: Span, sentence: impl Into<String>) -> Self {
        let known = RefusalCode::ALL.iter().copied().find(|known| known.name() == code);
        Self::new(known.unwrap_or(RefusalCode::NotUnderstood), span, sentence)
    }

    /// A refusal at a node; of a loop or a labelled statement at its head.
    pub fn at(code: RefusalCode, node: Node<'_>, sentence: impl Into<String>) -> Self {
        let body = match node.kind() {
            kind if kind.is_loop() && !node.is(Kind::DoStatement) => node.child(Field::Body),
            Kind::LabeledStatement => node.named_children().nth(1),
            _ => None,
        };
        let span = node.span();
        let end = body.map_or(span.end, |body| {
            let head = node.tree().source().slice(Span { end: body.span().start, ..span });
            span.start + head.trim_end().len() as u32
        });
        Self::new(code, Span { end, ..span }, sentence)
    }

    /// A refusal.
    pub fn new(code: RefusalCode, span: Span, sentence: impl Into<String>) -> Self {
        Self { code, span, sentence: sentence.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use crate::syntax::parse;

    /// What an example is about when it cannot be read.
    const UNREADABLE: [RefusalCode; 4] = [
        RefusalCode::OpaqueCode,
        RefusalCode::ConditionalStraddles,
        RefusalCode::UnreadCode,
        RefusalCode::SmplSteps,
    ];

    #[test]
    fn every_code_has_an_example_that_can_be_read() {
        for code in RefusalCode::ALL {
            let example = code.example();
            assert!(example.lines().count() <= 13 && example.ends_with('\n'), "{}", code.name());
            let function = match example.contains("\nstatic") || example.starts_with("static") {
                true => example.to_owned(),
                false => format!("void f(void)\n{{\n{example}}}\n"),
            };
            let tree = parse(&SourceFile::new("example.c", function.into_bytes()));
            let fine =
                UNREADABLE.contains(code) || *code == RefusalCode::RefillQueue || !tree.root().has_opaque();
            assert!(fine, "{}", code.name());
        }
    }
}
