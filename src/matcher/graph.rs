//! The paths of one function as patterns see them: braces, headers, branches and the ways past a statement.
//!
//! In: a function, or any compound statement. Out: a [`Graph`]. It is finer than [`crate::flow`]'s graph, because rules
//! match braces and ask what lies behind a statement: every `{`, `}`, header and branch is a vertex, a jump passes
//! copies of the braces it leaves, and a statement with parts has a [`VertexKind::After`] that only a path that asks for
//! it takes. This is the graph that Coccinelle's formulas are written for. Opaque code is a vertex that nothing matches.

mod build;

use crate::matcher::list::is_passed_over;
use crate::smpl::compile::Ways;
use crate::syntax::{Kind, Node, NodeId};
use std::collections::HashMap;

/// What a vertex stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VertexKind {
    /// In front of the function.
    Top,
    /// The function's header.
    Function,
    /// A statement without parts, or a declaration.
    Simple,
    /// The header of a branch or loop, `do`, a label or a case.
    Header,
    /// `else`
    Else,
    /// `while (…)` behind the body of a `do`.
    Tail,
    /// `{`
    Open,
    /// `}`, or what a jump passes of it.
    Close,
    /// The condition holds; the branch may leave for good.
    Then(Leaves),
    /// The condition does not hold, and there is an `else`.
    Otherwise,
    /// Another round.
    InLoop,
    /// The condition does not hold, and there is no `else`.
    Fall,
    /// No other round.
    LoopFall,
    /// On the way past a statement with parts; only asked for.
    After(Past),
    /// Where the ways of a statement meet again, or one side of `#if`.
    Meet,
    /// The end of the function, reached from its last statement or a `return`.
    End,
    /// Behind the end.
    Exit,
    /// The end of the function, reached by a `return` in a branch.
    ErrorExit,
}

/// Why a statement has an end that a way past it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Past {
    /// It ends by itself.
    End,
    /// A `goto` leaves it.
    Goto,
    /// Another jump leaves it.
    Jump,
}

/// Whether control comes back from a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leaves {
    /// It goes on behind the statement.
    No,
    /// It never reaches what is behind the statement.
    Always,
}

/// A place on the paths.
#[derive(Clone, Debug)]
pub struct Vertex {
    /// What it is.
    pub kind: VertexKind,
    /// The statement it belongs to; the compound statement for the ends of the function.
    pub node: NodeId,
    /// Where the paths go on.
    pub next: Vec<usize>,
    /// Where the paths come from.
    pub before: Vec<usize>,
    /// The ways past the statement, by [`VertexKind::After`].
    pub past: Vec<usize>,
    /// The statement it belongs to, for [`Graph::within`].
    pub region: usize,
    /// For a jump out of a loop or switch: that statement's region.
    pub target: Option<usize>,
    /// For braces: equal for the two of a pair.
    pub block: usize,
    /// Whether the braces are a function's or a switch's: no statement of their own.
    pub fake: bool,
}

/// The paths of a function.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// All places.
    pub vertices: Vec<Vertex>,
    /// The first place of each statement.
    pub entries: HashMap<NodeId, usize>,
    /// For each region the number after its last inner one.
    ends: Vec<usize>,
    /// Whether some way comes back to where it was.
    pub cyclic: bool,
}

/// The place of [`VertexKind::Top`].
pub const TOP: usize = 0;

impl Graph {
    /// The paths of a function, or of a compound statement that is none.
    pub fn of(function: Node<'_>, body: Node<'_>, ways: Ways) -> Self {
        build::build(function, body, ways)
    }

    /// Whether the inner region is the outer one or inside of it.
    pub fn within(&self, outer: usize, inner: usize) -> bool {
        outer <= inner && self.ends.get(outer).is_some_and(|end| inner < *end)
    }

    /// The places that can be reached from `from`, itself included.
    pub fn reachable(&self, from: usize) -> Vec<usize> {
        walk(from, |v| &self.vertices[v].next)
    }

    /// The places from which `to` can be reached, itself included.
    pub fn reaching(&self, to: usize) -> Vec<usize> {
        walk(to, |v| &self.vertices[v].before)
    }
}

fn walk<'g>(from: usize, next: impl Fn(usize) -> &'g [usize]) -> Vec<usize> {
    let mut out = vec![from];
    let mut seen = std::collections::HashSet::from([from]);
    let mut i = 0;
    while let Some(at) = out.get(i).copied() {
        out.extend(next(at).iter().copied().filter(|v| seen.insert(*v)));
        i += 1;
    }
    out
}

/// The statements under a case's label.
pub fn case_body(n: Node<'_>) -> Vec<Node<'_>> {
    use crate::syntax::Field;
    n.named_children().filter(|c| !matches!(c.role(), Some(Field::Value)) && !is_passed_over(*c)).collect()
}

/// The statement under `else`.
pub fn else_body(n: Node<'_>) -> Option<Node<'_>> {
    if n.is(Kind::ElseClause) { n.named_children().find(|c| !is_passed_over(*c)) } else { Some(n) }
}

/// The statement that a loop repeats.
pub fn loop_body(n: Node<'_>) -> Option<Node<'_>> {
    use crate::syntax::Field;
    n.child(Field::Body).or_else(|| n.named_children().filter(|c| c.kind().is_statement()).last())
}

/// Whether control does not go on behind it.
pub fn is_jump(kind: Kind) -> bool {
    use Kind::*;
    matches!(kind, ReturnStatement | GotoStatement | BreakStatement | ContinueStatement)
}
