//! What is left of a loop's body for one element: pieces of the original text, and how they are spelled now.
//!
//! In: decisions of [`super::machine`]. Out: [`Output`], plain data that [`crate::outline`] turns into a
//! callback.

use super::refusal::Refusal;
use super::state::{State, Value};
use super::sym::Sym;
use crate::source::Span;
use crate::syntax::scope::DeclId;
use crate::syntax::{Field, Kind, Node, NodeId};
use std::collections::{BTreeMap, BTreeSet};

/// What stands for a part of the original text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// The callback's element parameter.
    Element,
    /// The callback's offset parameter.
    Offset,
    /// The callback's length parameter.
    Size,
    /// A number.
    Number(i64),
    /// Offset plus length.
    End,
    /// A statement that drops the reference to the element.
    Release,
    /// Nothing: the statement, or the comment, goes with its line.
    Gone,
    /// Nothing: a part of an expression goes.
    Nothing,
}

/// A part of the callback's body, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'t> {
    /// A statement or declaration.
    Statement(Node<'t>),
    /// An expression of a loop's header that has to be a statement of its own now.
    Update(Node<'t>),
    /// An `if` statement without its `else` arm, whose statements follow as pieces of their own.
    Guard(Node<'t>),
    /// The `else` arm of an `if` statement under the opposite condition; the statements of the other arm follow.
    OtherGuard(Node<'t>),
    /// A comment between statements.
    Comment(Node<'t>),
    /// The reference to the element is dropped here.
    Release,
    /// A condition that has to hold for the walk to go on behind this element.
    GoesOn(Node<'t>),
}

impl<'t> Piece<'t> {
    /// The code that the piece is made of.
    pub fn nodes(&self) -> Vec<Node<'t>> {
        match self {
            Piece::Statement(node) if node.is(Kind::LabeledStatement) => {
                node.named_children().last().into_iter().collect()
            }
            Piece::Statement(node) | Piece::Update(node) | Piece::GoesOn(node) => vec![*node],
            Piece::Guard(node) => {
                [Field::Condition, Field::Consequence].into_iter().filter_map(|f| node.child(f)).collect()
            }
            Piece::OtherGuard(node) => {
                [Field::Condition, Field::Alternative].into_iter().filter_map(|f| node.child(f)).collect()
            }
            Piece::Comment(_) | Piece::Release => Vec::new(),
        }
    }
}

/// Where control goes when it leaves the body early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'t> {
    /// On with the next element: the rest of this batch first.
    NextElement,
    /// Behind the inner loop.
    BehindInner,
    /// On, with a flag set that ends the outer loop.
    Flagged,
    /// On with the next batch.
    NextBatch,
    /// Behind the outer loop.
    BehindOuter,
    /// To a label outside.
    Label(&'t str),
    /// Out of the function, with or without a value.
    Return(Option<Node<'t>>),
}

/// A jump that leaves the body.
#[derive(Clone, Debug)]
pub struct Jump<'t> {
    /// The statement.
    pub node: Node<'t>,
    /// Where it goes.
    pub target: Target<'t>,
    /// What is known there.
    pub state: State<'t>,
    /// Whether it stands before the acquisition.
    pub before_acquire: bool,
}

/// The arm of the test that finds an acquisition failed.
#[derive(Clone, Debug)]
pub struct FailureArm<'t> {
    /// The `if` statement.
    pub test: Node<'t>,
    /// What is done on failure.
    pub arm: Node<'t>,
    /// Whether getting nothing counts as failure.
    pub nothing_fails: bool,
    /// What is known there.
    pub state: State<'t>,
}

/// Where in the outer loop's body control is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Before the acquisition.
    Before,
    /// Between the acquisition and the inner loop.
    Between,
    /// In the inner loop.
    Inner,
    /// Behind the inner loop.
    Behind,
}

/// The rest of the body.
#[derive(Clone, Debug, Default)]
pub struct Output<'t> {
    /// The pieces, each with where it comes from.
    pub pieces: Vec<(Piece<'t>, Option<Stage>)>,
    /// What is spelled otherwise.
    pub spellings: BTreeMap<Span, Spelling>,
    /// Statements that go with the walk.
    pub gone: BTreeSet<NodeId>,
    /// Jumps out of the body.
    pub jumps: Vec<Jump<'t>>,
    /// The failure arm.
    pub failure: Option<FailureArm<'t>>,
    /// The value of each expression that is spelled otherwise, and where it stands.
    pub uses: BTreeMap<NodeId, (Value, Stage)>,
    /// Statements kept outside the inner loop: they used to be done once per batch.
    pub per_batch: Vec<(Node<'t>, Stage)>,
    /// Variables that hold the length of the piece.
    pub piece_names: Vec<DeclId>,
    /// How many statements and jumps were kept.
    pub kept: usize,
    /// How many of them do more than to choose, or to drop the reference to the element.
    pub effects: usize,
    /// Variables of which an assignment went with the walk.
    pub lost: BTreeSet<DeclId>,
    /// Variables whose value for one piece cannot be spelled.
    pub unspelled: BTreeSet<DeclId>,
    /// Variables that a kept expression reads although their value is not known.
    pub needed: BTreeSet<DeclId>,
    /// Tests that are not decided.
    pub open: BTreeSet<NodeId>,
    /// Tests that are, with the arm that is not taken.
    pub untaken: Vec<(Node<'t>, Node<'t>)>,
    /// Tests around the inner loop that batches of one element decide, with what their other arm would have done.
    pub decided: Vec<Node<'t>>,
    /// Running numbers of elements, and where they are used.
    pub running: Vec<(DeclId, Span)>,
    /// What each variable that the inner loop moves was proved to be before every element.
    pub invariants: Vec<(DeclId, Sym)>,
    /// Variables that make the rest of a batch do nothing once they are not zero.
    pub settling: BTreeSet<DeclId>,
    /// A variable that starts anew with every batch and is carried from element to element.
    pub anew: Option<Refusal>,
    /// Where the walked object is moved forward by hand.
    pub advances: Vec<Stage>,
}
