//! The control flow graph of one function.
//!
//! In: a function and its [`Scopes`]. Out: [`Cfg`]: nodes in document order with edges both ways. A node is one rule
//! element: an expression statement, a declaration, the header of a structured statement, a jump, a label, a brace,
//! plus the entry, the exit, and one [`Role::After`] behind each structured statement. Short-circuit operators and
//! statement expressions stay inside their node; a jump out of a statement expression is an edge of the node. Nodes
//! that nothing reaches are kept. What macros hide is not seen: a macro statement goes on to the next statement, a
//! macro iterator loops like `while` with an unknown condition.
//!
//! A condition that is missing or a plain number has only the edge that can be taken, so `for (;;)` is left by `break`
//! alone.

mod build;
mod listing;

use super::access::{Access, How, accesses, accesses_of_header};
use crate::syntax::{Kind, Node, Scopes};

/// Index of a node in [`Cfg::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CfgId(pub u32);

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The function's header; its syntax is the `function_definition`.
    Entry,
    /// Where the function is left; its syntax is the `function_definition` too.
    Exit,
    /// `{`; the syntax is the `compound_statement`.
    BlockBegin,
    /// `}` of the same.
    BlockEnd,
    /// An expression statement, an empty statement, a macro statement.
    Statement,
    /// A declaration, with its initializers.
    Declaration,
    /// `if (…)`.
    If,
    /// `while (…)` in front of its body.
    While,
    /// `do`.
    Do,
    /// `while (…)` behind the body of a `do`.
    DoWhile,
    /// What a `for` starts with; only if there is something.
    ForInit,
    /// The condition of a `for`, even if it is missing: the header of the loop.
    For,
    /// What a `for` does between two rounds; only if there is something.
    ForUpdate,
    /// What a loop behind a macro starts with; only if it is known to assign something.
    IteratorInit,
    /// The header of a loop behind a macro.
    Iterator,
    /// `switch (…)`.
    Switch,
    /// `case …:`.
    Case,
    /// `default:`.
    Default,
    /// `label:`.
    Label,
    /// `goto label;`, also to a computed place.
    Goto,
    /// `break;`
    Break,
    /// `continue;`
    Continue,
    /// `return …;`
    Return,
    /// `#if` among statements: its arms are alternatives.
    Conditional,
    /// Right behind a structured statement (its syntax); nothing is evaluated.
    After,
    /// Text that could not be read.
    Opaque,
}

/// Why control goes along an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeKind {
    /// To what follows.
    Next,
    /// The condition holds; another element of a macro iterator.
    True,
    /// The condition does not hold; a macro iterator is done.
    False,
    /// To a `case` or `default` label.
    Case,
    /// Past a `switch` without `default`.
    NoCase,
    /// Back to the header of a loop.
    Loop,
    /// Along `goto`, `break`, `continue`, `return`, or out of a statement expression or assembler.
    Jump,
    /// Into an arm of `#if`.
    Arm,
    /// Past an `#if` without `#else`.
    NoArm,
}

/// An edge, seen from its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// Where it leads.
    pub to: CfgId,
    /// Why.
    pub kind: EdgeKind,
}

impl Role {
    /// Whether it is a part of the header of a loop behind a macro.
    pub fn is_of_iterator(self) -> bool {
        matches!(self, Role::Iterator | Role::IteratorInit)
    }
}

/// What a loop assigns first is moved on between two rounds.
fn again(access: Access<'_>) -> Access<'_> {
    match access.how {
        How::Write => Access { how: How::ReadWrite, ..access },
        _ => access,
    }
}

/// One node.
#[derive(Clone, Debug)]
pub struct CfgNode<'t> {
    /// Its index.
    pub id: CfgId,
    /// What it is.
    pub role: Role,
    /// The statement it belongs to: for a header the whole structured statement.
    pub syntax: Node<'t>,
    /// What is evaluated here: the condition, the expression or declaration; `None` if nothing is. For
    /// [`Role::Iterator`] and [`Role::IteratorInit`] it is the whole loop, of which only the header counts;
    /// [`CfgNode::accesses`] knows.
    pub part: Option<Node<'t>>,
    /// Edges from here, in the order they were found.
    pub successors: Vec<Edge>,
    /// Sources of the edges to here, each once.
    pub predecessors: Vec<CfgId>,
}

impl<'t> CfgNode<'t> {
    /// The accesses of what is evaluated here.
    pub fn accesses(&self, scopes: &Scopes<'t>) -> Vec<Access<'t>> {
        match (self.role, self.part) {
            (_, None) => Vec::new(),
            (Role::IteratorInit, Some(part)) => accesses_of_header(part, scopes),
            (Role::Iterator, Some(part)) => accesses_of_header(part, scopes).into_iter().map(again).collect(),
            (_, Some(part)) => accesses(part, scopes),
        }
    }

    /// Whether it heads a loop: the node that decides about another round, or `do`.
    pub fn is_loop_header(&self) -> bool {
        matches!(self.role, Role::While | Role::Do | Role::For | Role::Iterator)
    }

    /// Whether it is there for structure only: nothing is evaluated and no text of a rule stands for it.
    pub fn is_silent(&self) -> bool {
        matches!(self.role, Role::After | Role::Conditional)
    }
}

/// The graph of one function. The first node is the entry, the last the exit; the rest is in document order of their
/// beginnings, headers before what they head.
#[derive(Clone, Debug)]
pub struct Cfg<'t> {
    /// All nodes, by [`CfgId`].
    pub nodes: Vec<CfgNode<'t>>,
    /// `goto`s whose label was not found; they lead to the exit.
    pub lost_jumps: Vec<CfgId>,
}

impl<'t> Cfg<'t> {
    /// The graph of a function (or of any statement, whose graph then ends where the statement does).
    pub fn of(function: Node<'t>, scopes: &Scopes<'t>) -> Self {
        build::build(function, scopes)
    }

    /// The node with that index.
    pub fn node(&self, id: CfgId) -> &CfgNode<'t> {
        &self.nodes[id.0 as usize]
    }

    /// The function's header.
    pub fn entry(&self) -> CfgId {
        CfgId(0)
    }

    /// Where the function is left.
    pub fn exit(&self) -> CfgId {
        CfgId(self.nodes.len() as u32 - 1)
    }

    /// All indices.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = CfgId> + use<> {
        (0..self.nodes.len() as u32).map(CfgId)
    }

    /// The nodes that one step leads to; twice, if two edges do.
    pub fn successors(&self, id: CfgId) -> impl Iterator<Item = CfgId> + '_ {
        self.node(id).successors.iter().map(|e| e.to)
    }

    /// The edge from one node to another.
    pub fn edge(&self, from: CfgId, to: CfgId) -> Option<EdgeKind> {
        self.node(from).successors.iter().find(|e| e.to == to).map(|e| e.kind)
    }

    /// The first node of a statement: where control enters it from above.
    pub fn first_of(&self, statement: Node<'_>) -> Option<CfgId> {
        let wanted =
            |n: &&CfgNode<'_>| n.role != Role::Entry && n.role != Role::Exit && n.syntax == statement;
        self.nodes.iter().find(wanted).map(|n| n.id)
    }

    /// The node that evaluates an expression (or any piece of syntax below a statement).
    pub fn evaluating(&self, piece: Node<'_>) -> Option<CfgId> {
        let holds = |n: &&CfgNode<'_>| !n.role.is_of_iterator() && n.part.is_some_and(|p| p.encloses(piece));
        let plain = self.nodes.iter().find(holds);
        let header = || self.nodes.iter().rfind(|n| n.part.is_some_and(|p| p.encloses(piece)));
        plain.or_else(header).map(|n| n.id)
    }

    /// The nodes of a statement and all statements below it.
    pub fn within(&self, statement: Node<'_>) -> Vec<CfgId> {
        let inside =
            |n: &&CfgNode<'_>| !matches!(n.role, Role::Entry | Role::Exit) && statement.encloses(n.syntax);
        self.nodes.iter().filter(inside).map(|n| n.id).collect()
    }

    /// Nodes in reverse postorder from the entry: only those that can be reached.
    pub fn reverse_postorder(&self) -> Vec<CfgId> {
        let mut seen = vec![false; self.nodes.len()];
        let mut order = Vec::new();
        let mut stack = vec![(self.entry(), 0)];
        seen[0] = true;
        while let Some((id, next)) = stack.pop() {
            match self.node(id).successors.get(next) {
                Some(edge) => {
                    stack.push((id, next + 1));
                    if !std::mem::replace(&mut seen[edge.to.0 as usize], true) {
                        stack.push((edge.to, 0));
                    }
                }
                None => order.push(id),
            }
        }
        order.reverse();
        order
    }

    /// The nodes of text that could not be read, and of directives that split a statement: what happens there, and
    /// which way control goes, is not known.
    pub fn opaque(&self) -> impl Iterator<Item = CfgId> + '_ {
        self.nodes.iter().filter(|n| n.role == Role::Opaque).map(|n| n.id)
    }

    /// Whether the entry leads to each node.
    pub fn reachable(&self) -> Vec<bool> {
        let mut out = vec![false; self.nodes.len()];
        self.reverse_postorder().iter().for_each(|id| out[id.0 as usize] = true);
        out
    }

    /// The graph in words, a line per node: `3 if (a) -> true 4, false 6`.
    pub fn listing(&self) -> String {
        listing::listing(self)
    }
}

/// Whether a condition can only hold (`Some(true)`), only fail, or either: missing, numbers and `true` are judged.
pub(super) fn constant(condition: Option<Node<'_>>) -> Option<bool> {
    let Some(mut node) = condition else { return Some(true) };
    while node.is(Kind::ParenthesizedExpression) {
        let mut inner = node.named_children();
        node = match (inner.next(), inner.next()) {
            (Some(one), None) => one,
            _ => return None,
        };
    }
    match node.kind() {
        Kind::True => Some(true),
        Kind::False => Some(false),
        Kind::NumberLiteral => node.text().parse::<i64>().ok().map(|n| n != 0),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
