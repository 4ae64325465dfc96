//! The paths of one function as patterns see them: braces, headers and jumps are places of their own.
//!
//! In: a function, or any compound statement. Out: a [`Graph`]. It is finer than [`crate::flow`]'s graph: `{`, `}` and
//! the end of a branch are vertices, because rules match them. Opaque code is a vertex that nothing matches.

use crate::syntax::{Field, Kind, Node, NodeId};
use std::collections::HashMap;

/// What a vertex stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VertexKind {
    /// The end of the function.
    Exit,
    /// A statement without parts, or a declaration.
    Simple,
    /// The header of a branch or loop, or a label or a case.
    Header,
    /// `{`
    Open,
    /// `}`
    Close,
    /// Where the ways of a statement meet again.
    After,
}

/// A place on the paths.
#[derive(Clone, Debug)]
pub struct Vertex {
    /// What it is.
    pub kind: VertexKind,
    /// The statement it belongs to; the function for [`VertexKind::Exit`].
    pub node: NodeId,
    /// Where the paths go on.
    pub next: Vec<usize>,
    /// For a header without `else`: the way into a branch that ends by jumping.
    pub error_exit: Option<usize>,
}

/// The paths of a function. Successors have smaller numbers, except along back edges and jumps.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// All places.
    pub vertices: Vec<Vertex>,
    /// The first place of each statement.
    pub entries: HashMap<NodeId, usize>,
    /// The place after each statement that has parts.
    pub afters: HashMap<NodeId, usize>,
    /// The closing brace of each compound statement.
    pub closes: HashMap<NodeId, usize>,
}

/// The place of [`VertexKind::Exit`].
pub const EXIT: usize = 0;

#[derive(Clone, Copy)]
struct Around {
    next: usize,
    break_to: usize,
    continue_to: usize,
}

impl Graph {
    /// The paths of a compound statement.
    pub fn of(body: Node<'_>) -> Self {
        let mut g = Self::default();
        g.vertex(VertexKind::Exit, body, Vec::new());
        let mut jumps = Vec::new();
        g.statement(body, Around { next: EXIT, break_to: EXIT, continue_to: EXIT }, &mut jumps);
        let labels: HashMap<String, usize> = body
            .descendants()
            .filter(|n| n.is(Kind::LabeledStatement))
            .filter_map(|n| Some((n.child(Field::Label)?.text().to_string(), *g.entries.get(&n.id())?)))
            .collect();
        for (from, label) in jumps {
            let to = labels.get(&label).copied().unwrap_or(EXIT);
            g.vertices[from].next = vec![to];
        }
        g
    }

    fn vertex(&mut self, kind: VertexKind, node: Node<'_>, next: Vec<usize>) -> usize {
        self.vertices.push(Vertex { kind, node: node.id(), next, error_exit: None });
        self.vertices.len() - 1
    }

    fn after(&mut self, n: Node<'_>, next: usize) -> usize {
        let v = self.vertex(VertexKind::After, n, vec![next]);
        self.afters.insert(n.id(), v);
        v
    }

    fn statement(&mut self, n: Node<'_>, around: Around, jumps: &mut Vec<(usize, String)>) -> usize {
        let entry = match n.kind() {
            Kind::CompoundStatement => self.compound(n, around, jumps),
            Kind::IfStatement => self.branch(n, around, jumps),
            Kind::WhileStatement | Kind::ForStatement | Kind::MacroIterator => self.looping(n, around, jumps),
            Kind::DoStatement => self.do_while(n, around, jumps),
            Kind::SwitchStatement => self.switch(n, around, jumps),
            Kind::CaseStatement => {
                let first = self.row(&case_body(n), around, jumps);
                self.vertex(VertexKind::Header, n, vec![first])
            }
            Kind::LabeledStatement => {
                let inner: Vec<_> = n.named_children().skip(1).collect();
                let first = self.row(&inner, around, jumps);
                self.vertex(VertexKind::Header, n, vec![first])
            }
            Kind::AttributedStatement => {
                let inner: Vec<_> = n.named_children().filter(|c| c.kind().is_statement()).collect();
                self.row(&inner, around, jumps)
            }
            Kind::ReturnStatement => self.vertex(VertexKind::Simple, n, vec![EXIT]),
            Kind::BreakStatement => self.vertex(VertexKind::Simple, n, vec![around.break_to]),
            Kind::ContinueStatement => self.vertex(VertexKind::Simple, n, vec![around.continue_to]),
            Kind::GotoStatement => {
                let v = self.vertex(VertexKind::Simple, n, vec![EXIT]);
                let label = n.child(Field::Label).or_else(|| n.named_children().next());
                jumps.push((v, label.map(|l| l.text().to_string()).unwrap_or_default()));
                v
            }
            Kind::PreprocIf | Kind::PreprocIfdef => {
                let inner: Vec<_> = n.named_children().filter(|c| c.kind().is_statement()).collect();
                let first = self.row(&inner, around, jumps);
                let other =
                    n.child(Field::Alternative).map_or(around.next, |a| self.statement(a, around, jumps));
                self.vertex(VertexKind::Header, n, vec![first, other])
            }
            Kind::PreprocElse | Kind::PreprocElif | Kind::PreprocElifdef => {
                let inner: Vec<_> = n.named_children().filter(|c| c.kind().is_statement()).collect();
                self.row(&inner, around, jumps)
            }
            _ => self.vertex(VertexKind::Simple, n, vec![around.next]),
        };
        self.entries.insert(n.id(), entry);
        entry
    }

    fn row(&mut self, nodes: &[Node<'_>], around: Around, jumps: &mut Vec<(usize, String)>) -> usize {
        let mut next = around.next;
        for n in nodes.iter().rev() {
            next = self.statement(*n, Around { next, ..around }, jumps);
        }
        next
    }

    fn compound(&mut self, n: Node<'_>, around: Around, jumps: &mut Vec<(usize, String)>) -> usize {
        let close = self.vertex(VertexKind::Close, n, vec![around.next]);
        self.closes.insert(n.id(), close);
        let inner: Vec<_> = n.named_children().collect();
        let first = self.row(&inner, Around { next: close, ..around }, jumps);
        self.vertex(VertexKind::Open, n, vec![first])
    }

    fn branch(&mut self, n: Node<'_>, around: Around, jumps: &mut Vec<(usize, String)>) -> usize {
        let after = self.after(n, around.next);
        let inner = Around { next: after, ..around };
        let then = n.child(Field::Consequence);
        let yes = then.map_or(after, |s| self.statement(s, inner, jumps));
        let otherwise = n.child(Field::Alternative).and_then(else_body);
        let no = otherwise.map_or(after, |s| self.statement(s, inner, jumps));
        let v = self.vertex(VertexKind::Header, n, vec![yes, no]);
        if otherwise.is_none() && then.is_some_and(ends_in_jump) {
            self.vertices[v].error_exit = Some(yes);
        }
        v
    }

    fn looping(&mut self, n: Node<'_>, around: Around, jumps: &mut Vec<(usize, String)>) -> usize {
        let after = self.after(n, around.next);
        let v = self.vertex(VertexKind::Header, n, Vec::new());
        let inner = Around { next: v, break_to: after, continue_to: v };
        let body =
            n.child(Field::Body).or_else(|| n.named_children().filter(|c| c.kind().is_statement()).last());
        let first = body.map_or(v, |b| self.statement(b, inner, jumps));
        self.vertices[v].next = vec![first, after];
        v
    }

    fn do_while(&mut self, n: Node<'_>, around: Around, jumps: &mut Vec<(usize, String)>) -> usize {
        let after = self.after(n, around.next);
        let tail = self.vertex(VertexKind::After, n, Vec::new());
        let inner = Around { next: tail, break_to: after, continue_to: tail };
        let first = n.child(Field::Body).map_or(tail, |b| self.statement(b, inner, jumps));
        let v = self.vertex(VertexKind::Header, n, vec![first]);
        // `do … while (0)` is a block, not a loop.
        let once = n.child(Field::Condition).is_some_and(|c| c.text().trim_matches(['(', ')', ' ']) == "0");
        self.vertices[tail].next = if once { vec![after] } else { vec![first, after] };
        v
    }

    fn switch(&mut self, n: Node<'_>, around: Around, jumps: &mut Vec<(usize, String)>) -> usize {
        let after = self.after(n, around.next);
        let inner = Around { next: after, break_to: after, ..around };
        let Some(body) = n.child(Field::Body) else { return self.vertex(VertexKind::Header, n, vec![after]) };
        let first = self.statement(body, inner, jumps);
        let cases: Vec<_> = body.descendants().filter(|c| c.is(Kind::CaseStatement)).collect();
        let own = |c: &Node<'_>| c.ancestors().find(|a| a.is(Kind::SwitchStatement)) == Some(n);
        let mut next: Vec<usize> =
            cases.iter().filter(|c| own(c)).filter_map(|c| self.entries.get(&c.id()).copied()).collect();
        let has_default = cases.iter().filter(|c| own(c)).any(|c| c.child(Field::Value).is_none());
        if !has_default {
            next.push(after);
        }
        if cases.is_empty() {
            next.push(first);
        }
        self.vertex(VertexKind::Header, n, next)
    }
}

/// The statements under a case's label.
pub fn case_body(n: Node<'_>) -> Vec<Node<'_>> {
    n.named_children().filter(|c| c.role() != Some(Field::Value)).collect()
}

/// The statement under `else`.
pub fn else_body(n: Node<'_>) -> Option<Node<'_>> {
    if n.is(Kind::ElseClause) { n.named_children().next() } else { Some(n) }
}

/// Whether a branch ends by leaving.
fn ends_in_jump(n: Node<'_>) -> bool {
    match n.kind() {
        Kind::CompoundStatement => n.named_children().last().is_some_and(ends_in_jump),
        kind => is_jump(kind),
    }
}

/// Whether control does not go on behind it.
pub fn is_jump(kind: Kind) -> bool {
    use Kind::*;
    matches!(kind, ReturnStatement | GotoStatement | BreakStatement | ContinueStatement)
}
