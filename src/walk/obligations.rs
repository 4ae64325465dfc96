//! What has to be shown of a walk, and what became of it.
//!
//! In: the stages of recognition and conversion, as they come to an end. Out: a [`Proof`]: for each [`Duty`]
//! whether it was shown and by what, is open, has failed at a fact, or was not come to. A duty is entered
//! where the check for it ends, never before.
//!
//! Capability 22 (tests/README.md): obligations.

use super::refusal::{Refusal, RefusalCode};
use crate::source::Span;
use std::collections::BTreeMap;

/// What has to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Duty {
    /// The loop tries again until all is walked.
    GoesOn,
    /// The cursors visit the elements in order.
    Cursors,
    /// A piece is what the helper's piece is.
    Pieces,
    /// Every reference is dropped once.
    References,
    /// The array does not outlive the walk.
    Array,
    /// The walked object is left alone.
    Object,
    /// Every way out is followed to its end.
    WaysOut,
    /// A loop that is never entered, and values behind the loop.
    Behind,
    /// What is done per batch may be done per element.
    PerBatch,
    /// Everything that the body uses reaches the callback.
    Captures,
    /// A failure and a stop are told apart where the code tells them apart.
    ErrorChannel,
    /// Macros, conditional regions and names mean the same in the callback.
    Scope,
}

impl Duty {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 12] = [
        Self::GoesOn,
        Self::Cursors,
        Self::Pieces,
        Self::References,
        Self::Array,
        Self::Object,
        Self::WaysOut,
        Self::Behind,
        Self::PerBatch,
        Self::Captures,
        Self::ErrorChannel,
        Self::Scope,
    ];

    /// Its short name, `O1` to `O12`.
    pub fn name(self) -> &'static str {
        const NAMES: [&str; 12] = ["O1", "O2", "O3", "O4", "O5", "O6", "O7", "O8", "O9", "O10", "O11", "O12"];
        NAMES[self as usize]
    }

    /// What has to be shown, in a clause.
    pub fn what(self) -> &'static str {
        match self {
            Self::GoesOn => "the loop goes on until all is walked",
            Self::Cursors => "the cursors move over the elements in order",
            Self::Pieces => "a piece ends with the element or with the batch",
            Self::References => "each reference is dropped once",
            Self::Array => "the array does not escape",
            Self::Object => "the body leaves the walked object alone",
            Self::WaysOut => "every way out is understood",
            Self::Behind => "what is looked at behind the loop can be had from the helper",
            Self::PerBatch => "work per batch may be done per element",
            Self::Captures => "everything that the body uses reaches the callback",
            Self::ErrorChannel => "a failed acquisition and a stop lead where they led",
            Self::Scope => "names, macros and conditional regions mean the same in the callback",
        }
    }

    /// The duty that a refusal has found undone; none if the shape as a whole is not understood.
    pub fn of(code: RefusalCode) -> Option<Self> {
        Some(match code {
            RefusalCode::NoOuterLoop | RefusalCode::AllOrNothing | RefusalCode::RefillQueue => Self::GoesOn,
            RefusalCode::DescendingOrder
            | RefusalCode::OffsetNotReset
            | RefusalCode::CursorRedefined
            | RefusalCode::BatchPositionUsed => Self::Cursors,
            RefusalCode::PieceNotRecognised | RefusalCode::ByteCapBelowPage => Self::Pieces,
            RefusalCode::ReferenceImbalance | RefusalCode::OtherReleasePrimitive => Self::References,
            RefusalCode::ArrayEscapes
            | RefusalCode::ArrayAliasesDestination
            | RefusalCode::NeighbourElement
            | RefusalCode::PagesUsedAfterLoop => Self::Array,
            RefusalCode::IteratorUsedInBody => Self::Object,
            RefusalCode::NoFailureTest | RefusalCode::RoomRunsOut => Self::WaysOut,
            RefusalCode::ValueAfterLoop => Self::Behind,
            RefusalCode::BatchWorkAfterLoop | RefusalCode::LockSpansBatch => Self::PerBatch,
            RefusalCode::CaptureNotPossible => Self::Captures,
            RefusalCode::ErrorChannels => Self::ErrorChannel,
            RefusalCode::MacroHidesJump | RefusalCode::ConditionalStraddles | RefusalCode::OpaqueCode => {
                Self::Scope
            }
            RefusalCode::SmplConflict
            | RefusalCode::SmplSteps
            | RefusalCode::SmplScript
            | RefusalCode::UnreadCode
            | RefusalCode::NotOutlined
            | RefusalCode::NotText
            | RefusalCode::NotUnderstood => return None,
        })
    }
}

/// How it stands with a duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It was shown.
    Shown,
    /// A person has to look at it.
    Open,
    /// A fact stands against it.
    Failed,
    /// Something else had failed before.
    NotReached,
}

impl Status {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Open => "open",
            Self::Failed => "failed",
            Self::NotReached => "not reached",
        }
    }
}

/// How it stands with one duty, and the facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obligation {
    /// What had to be shown.
    pub duty: Duty,
    /// How it stands.
    pub status: Status,
    /// What shows it, leaves it open, or stands against it.
    pub evidence: String,
    /// Where the facts are.
    pub spans: Vec<Span>,
}

/// How it stands with every duty.
#[derive(Clone, Debug, Default)]
pub struct Proof {
    found: BTreeMap<Duty, Obligation>,
}

impl Proof {
    /// A duty was shown by what is said in `evidence` and stands at `spans`.
    pub fn shown(&mut self, duty: Duty, evidence: impl Into<String>, spans: Vec<Span>) {
        self.enter(duty, Status::Shown, evidence.into(), spans);
    }

    /// A duty is left to a person.
    pub fn open(&mut self, duty: Duty, evidence: impl Into<String>, spans: Vec<Span>) {
        self.enter(duty, Status::Open, evidence.into(), spans);
    }

    /// What was shown of one text, with the places of another.
    pub fn moved(&mut self, place: &dyn Fn(Span) -> Span) {
        for obligation in self.found.values_mut() {
            obligation.spans.iter_mut().for_each(|span| *span = place(*span));
            obligation.spans.dedup();
        }
    }

    /// Something else that belongs to a duty.
    pub fn noted(&mut self, duty: Duty, what: &str, span: Span) {
        if let Some(obligation) = self.found.get_mut(&duty) {
            obligation.evidence = format!("{}; {what}", obligation.evidence);
            obligation.spans.push(span);
        }
    }

    /// A duty that was shown of another form of the code rests on a fact that is left to a person.
    pub fn left(&mut self, duty: Duty, what: &str, span: Span) {
        let Some(obligation) = self.found.get_mut(&duty) else { return self.open(duty, what, vec![span]) };
        let shown = std::mem::replace(&mut obligation.status, Status::Open) == Status::Shown;
        obligation.evidence = match shown {
            true => what.to_owned(),
            false => format!("{}; {what}", obligation.evidence),
        };
        obligation.spans =
            if shown { vec![span] } else { [std::mem::take(&mut obligation.spans), vec![span]].concat() };
    }

    /// A refusal ends the proof.
    pub fn refused(&mut self, refusal: &Refusal) {
        if let Some(duty) = Duty::of(refusal.code) {
            self.enter(duty, Status::Failed, refusal.sentence.clone(), vec![refusal.span]);
        }
    }

    /// Whether a person has to look at something.
    pub fn is_open(&self) -> bool {
        self.found.values().any(|o| o.status == Status::Open)
    }

    /// Every duty, in the order of the numbers.
    pub fn obligations(&self) -> Vec<Obligation> {
        let missing = |duty| Obligation {
            duty,
            status: Status::NotReached,
            evidence: "something else had failed before".to_owned(),
            spans: Vec::new(),
        };
        Duty::ALL.map(|duty| self.found.get(&duty).cloned().unwrap_or_else(|| missing(duty))).into()
    }

    fn enter(&mut self, duty: Duty, status: Status, evidence: String, spans: Vec<Span>) {
        self.found.insert(duty, Obligation { duty, status, evidence, spans });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duty_has_its_number() {
        for (i, duty) in Duty::ALL.into_iter().enumerate() {
            assert_eq!(duty.name(), format!("O{}", i + 1));
        }
    }

    #[test]
    fn a_refusal_fails_one_duty_and_leaves_the_rest_unreached() {
        let mut proof = Proof::default();
        proof.shown(Duty::GoesOn, "while (left)", vec![Span::new(0, 5)]);
        proof.refused(&Refusal::new(RefusalCode::OffsetNotReset, Span::new(7, 9), "it stays"));
        let words: Vec<_> = proof.obligations().iter().map(|o| o.status.word()).take(3).collect();
        assert_eq!(words, ["shown", "failed", "not reached"]);
        assert!(!proof.is_open());
    }

    #[test]
    fn what_was_shown_of_another_form_is_open_and_facts_add_up() {
        let mut proof = Proof::default();
        proof.shown(Duty::GoesOn, "while (left)", vec![Span::new(0, 5)]);
        proof.left(Duty::GoesOn, "callers accept more", Span::new(7, 9));
        proof.left(Duty::GoesOn, "and less", Span::new(11, 12));
        let first = proof.obligations().remove(0);
        assert_eq!((first.status, first.evidence.as_str()), (Status::Open, "callers accept more; and less"));
        assert_eq!(first.spans, [Span::new(7, 9), Span::new(11, 12)]);
    }

    #[test]
    fn every_code_of_a_walk_fails_a_duty_but_the_last() {
        let first = RefusalCode::ALL.iter().position(|c| *c == RefusalCode::SmplConflict).unwrap();
        assert!(RefusalCode::ALL[..first].iter().all(|c| Duty::of(*c).is_some()));
        assert!(RefusalCode::ALL[first..].iter().all(|c| Duty::of(*c).is_none()));
    }
}
