//! Builds the paths of a function, statement by statement.
//!
//! In: the tree. Out: [`Graph`]. A jump whose target is not there leads out of the function.

use super::{Graph, Leaves, Past, Vertex, VertexKind, case_body, else_body, loop_body};
use crate::matcher::list::is_passed_over;
use crate::smpl::compile::Ways;
use crate::syntax::{Field, Kind, Node, NodeId};

/// What a jump passes on its way out.
#[derive(Clone, Copy)]
enum Exit {
    /// The closing brace of a compound statement.
    Block { node: NodeId, region: usize, block: usize, open: usize, own: bool },
    /// The end of an `if` with `else`.
    Branch { node: NodeId, region: usize, header: usize },
    /// The end of an `#if`.
    Directive { node: NodeId, region: usize },
}

/// What `break` and `continue` go to.
#[derive(Clone, Copy)]
struct Target {
    behind: usize,
    /// `None` for a switch.
    again: Option<usize>,
    exits: usize,
    region: usize,
    /// For a switch: where its cases hang.
    open: usize,
}

/// Whose braces a compound statement is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Itself,
    Function,
    Switch,
}

struct Builder {
    graph: Graph,
    ways: Ways,
    exits: Vec<Exit>,
    targets: Vec<Target>,
    gotos: Vec<(usize, String)>,
    labels: Vec<(String, usize)>,
    branches: usize,
    blocks: usize,
    end: usize,
    error: usize,
}

pub(super) fn build(function: Node<'_>, body: Node<'_>, ways: Ways) -> Graph {
    let mut b = Builder {
        graph: Graph::default(),
        ways,
        exits: Vec::new(),
        targets: Vec::new(),
        gotos: Vec::new(),
        labels: Vec::new(),
        branches: 0,
        blocks: 0,
        end: 0,
        error: 0,
    };
    let region = b.region();
    let top = b.vertex(VertexKind::Top, function, region, None);
    let head = b.vertex(VertexKind::Function, function, region, Some(top));
    b.end = b.vertex(VertexKind::End, body, region, None);
    b.vertex(VertexKind::Exit, body, region, Some(b.end));
    b.error = b.vertex(VertexKind::ErrorExit, body, region, None);
    let last = b.compound(Some(head), body, region, Owner::Function);
    b.arc(last, b.end);
    b.graph.ends[region] = b.graph.ends.len();
    for (from, name) in std::mem::take(&mut b.gotos) {
        let to = b.labels.iter().find(|(n, _)| *n == name).map_or(b.error, |(_, v)| *v);
        b.arc(Some(from), to);
    }
    b.graph.cyclic = is_cyclic(&b.graph);
    b.graph
}

fn is_cyclic(graph: &Graph) -> bool {
    let mut state = vec![0u8; graph.vertices.len()];
    for root in 0..graph.vertices.len() {
        let mut stack = vec![(root, 0)];
        while let Some((v, i)) = stack.pop() {
            if i == 0 {
                if state[v] != 0 {
                    continue;
                }
                state[v] = 1;
            }
            match graph.vertices[v].next.get(i) {
                Some(next) => {
                    stack.push((v, i + 1));
                    match state[*next] {
                        0 => stack.push((*next, 0)),
                        1 => return true,
                        _ => {}
                    }
                }
                None => state[v] = 2,
            }
        }
    }
    false
}

impl Builder {
    fn region(&mut self) -> usize {
        self.graph.ends.push(usize::MAX);
        self.graph.ends.len() - 1
    }

    fn close_region(&mut self, region: usize) {
        self.graph.ends[region] = self.graph.ends.len();
    }

    fn vertex(&mut self, kind: VertexKind, node: Node<'_>, region: usize, from: Option<usize>) -> usize {
        self.place(kind, node.id(), region, from)
    }

    fn place(&mut self, kind: VertexKind, node: NodeId, region: usize, from: Option<usize>) -> usize {
        self.graph.vertices.push(Vertex {
            kind,
            node,
            next: Vec::new(),
            before: Vec::new(),
            past: Vec::new(),
            region,
            target: None,
            block: 0,
            fake: false,
        });
        let v = self.graph.vertices.len() - 1;
        self.arc(from, v);
        v
    }

    fn arc(&mut self, from: Option<usize>, to: usize) {
        let Some(from) = from else { return };
        if !self.graph.vertices[from].next.contains(&to) {
            self.graph.vertices[from].next.push(to);
            self.graph.vertices[to].before.push(from);
        }
    }

    /// A way past a statement, from its start to its end.
    fn past(&mut self, from: usize, to: usize, why: Past) {
        let (node, region) = (self.graph.vertices[from].node, self.graph.vertices[from].region);
        let after = self.place(VertexKind::After(why), node, region, None);
        self.graph.vertices[after].past.push(to);
        self.graph.vertices[from].past.push(after);
    }

    /// The way past a statement that does end: what jumps had left of it goes.
    fn settle(&mut self, from: usize, to: usize) {
        self.graph.vertices[from].past.clear();
        self.past(from, to, Past::End);
    }

    fn row(&mut self, mut at: Option<usize>, nodes: &[Node<'_>]) -> Option<usize> {
        for n in nodes.iter().filter(|n| !is_passed_over(**n)) {
            at = self.statement(at, *n);
        }
        at
    }

    fn statement(&mut self, at: Option<usize>, n: Node<'_>) -> Option<usize> {
        let region = self.region();
        let first = self.graph.vertices.len();
        let last = match n.kind() {
            Kind::CompoundStatement => self.compound(at, n, region, Owner::Itself),
            Kind::IfStatement => self.branch(at, n, region),
            Kind::WhileStatement | Kind::ForStatement | Kind::MacroIterator => self.looping(at, n, region),
            Kind::DoStatement => self.do_while(at, n, region),
            Kind::SwitchStatement => self.switch(at, n, region),
            Kind::CaseStatement => self.case(at, n, region),
            Kind::LabeledStatement => {
                let v = self.vertex(VertexKind::Header, n, region, at);
                if let Some(label) = n.child(Field::Label) {
                    self.labels.push((label.text().to_string(), v));
                }
                let inner: Vec<_> = n.named_children().filter(|c| c.role() != Some(Field::Label)).collect();
                self.row(Some(v), &inner)
            }
            Kind::AttributedStatement => {
                let inner: Vec<_> = n.named_children().filter(|c| c.kind().is_statement()).collect();
                self.row(at, &inner)
            }
            Kind::ReturnStatement => {
                let v = self.vertex(VertexKind::Simple, n, region, at);
                let out = self.leave(v, 0, Past::Jump);
                let to = if self.branches > 0 { self.error } else { self.end };
                self.arc(Some(out), to);
                None
            }
            Kind::GotoStatement if !self.ways.no_gotos => {
                let v = self.vertex(VertexKind::Simple, n, region, at);
                let out = self.leave(v, 1, Past::Goto);
                let label = n.child(Field::Label).or_else(|| n.named_children().next());
                self.gotos.push((out, label.map(|l| l.text().to_string()).unwrap_or_default()));
                None
            }
            Kind::BreakStatement | Kind::ContinueStatement => self.jump(at, n, region),
            Kind::PreprocIf | Kind::PreprocIfdef => self.directive(at, n, region),
            _ => Some(self.vertex(VertexKind::Simple, n, region, at)),
        };
        self.close_region(region);
        if first < self.graph.vertices.len() {
            self.graph.entries.insert(n.id(), first);
        }
        last
    }

    /// Copies of the ends of everything but the outermost `keep` statements around, behind `from`.
    fn leave(&mut self, from: usize, keep: usize, why: Past) -> usize {
        let mut at = from;
        for exit in self.exits.get(keep..).unwrap_or_default().to_vec().into_iter().rev() {
            at = match exit {
                Exit::Block { node, region, block, open, own } => {
                    let v = self.place(VertexKind::Close, node, region, Some(at));
                    self.graph.vertices[v].block = block;
                    self.graph.vertices[v].fake = !own;
                    if own {
                        self.past(open, v, why);
                    }
                    v
                }
                Exit::Branch { node, region, header } => {
                    let v = self.place(VertexKind::Meet, node, region, Some(at));
                    self.past(header, v, why);
                    v
                }
                Exit::Directive { node, region } => self.place(VertexKind::Meet, node, region, Some(at)),
            };
        }
        at
    }

    fn jump(&mut self, at: Option<usize>, n: Node<'_>, region: usize) -> Option<usize> {
        let v = self.vertex(VertexKind::Simple, n, region, at);
        let leaves = n.is(Kind::BreakStatement);
        let target = self.targets.iter().rev().find(|t| leaves || t.again.is_some()).copied();
        match target {
            Some(target) => {
                self.graph.vertices[v].target = Some(target.region);
                let out = self.leave(v, target.exits, Past::Jump);
                let to = if leaves { target.behind } else { target.again.unwrap_or(target.behind) };
                self.arc(Some(out), to);
            }
            None => self.arc(Some(v), self.error),
        }
        None
    }

    fn compound(&mut self, at: Option<usize>, n: Node<'_>, region: usize, owner: Owner) -> Option<usize> {
        self.blocks += 1;
        let block = self.blocks;
        let open = self.vertex(VertexKind::Open, n, region, at);
        self.graph.vertices[open].block = block;
        self.graph.vertices[open].fake = owner != Owner::Itself;
        self.graph.entries.insert(n.id(), open);
        if owner == Owner::Switch
            && let Some(target) = self.targets.last_mut()
        {
            target.open = open;
        }
        let own = owner == Owner::Itself;
        self.exits.push(Exit::Block { node: n.id(), region, block, open, own });
        let inner: Vec<_> = n.named_children().collect();
        let last = self.row(Some(open), &inner);
        self.exits.pop();
        let last = last?;
        let close = self.vertex(VertexKind::Close, n, region, Some(last));
        self.graph.vertices[close].block = block;
        if own {
            self.settle(open, close);
        }
        Some(close)
    }

    fn branch(&mut self, at: Option<usize>, n: Node<'_>, region: usize) -> Option<usize> {
        let header = self.vertex(VertexKind::Header, n, region, at);
        let then = self.vertex(VertexKind::Then(Leaves::No), n, region, Some(header));
        let clause = n.child(Field::Alternative);
        let Some((clause, other)) = clause.and_then(|c| Some((c, else_body(c)?))) else {
            let fall = self.vertex(VertexKind::Fall, n, region, Some(header));
            let meet = self.vertex(VertexKind::Meet, n, region, Some(fall));
            self.past(header, meet, Past::End);
            self.branches += 1;
            let last = self.part(Some(then), n.child(Field::Consequence));
            self.branches -= 1;
            if last.is_none() {
                self.graph.vertices[then].kind = VertexKind::Then(Leaves::Always);
            }
            self.arc(last, meet);
            return Some(meet);
        };
        let otherwise = self.vertex(VertexKind::Otherwise, n, region, Some(header));
        let keyword = self.vertex(VertexKind::Else, clause, region, Some(otherwise));
        self.exits.push(Exit::Branch { node: n.id(), region, header });
        let yes = self.part(Some(then), n.child(Field::Consequence));
        let no = self.part(Some(keyword), Some(other));
        self.exits.pop();
        if yes.is_none() {
            self.graph.vertices[then].kind = VertexKind::Then(Leaves::Always);
        }
        if yes.is_none() && no.is_none() {
            return None;
        }
        let meet = self.vertex(VertexKind::Meet, n, region, None);
        self.settle(header, meet);
        self.arc(yes, meet);
        self.arc(no, meet);
        Some(meet)
    }

    fn part(&mut self, at: Option<usize>, n: Option<Node<'_>>) -> Option<usize> {
        match n {
            Some(n) => self.statement(at, n),
            None => at,
        }
    }

    fn looping(&mut self, at: Option<usize>, n: Node<'_>, region: usize) -> Option<usize> {
        let header = self.vertex(VertexKind::Header, n, region, at);
        let round = self.vertex(VertexKind::InLoop, n, region, Some(header));
        let fall = self.vertex(VertexKind::LoopFall, n, region, Some(header));
        let behind = self.vertex(VertexKind::Meet, n, region, Some(fall));
        let exits = self.exits.len();
        let (again, on) = if self.ways.no_loops { (behind, fall) } else { (header, header) };
        self.targets.push(Target { behind, again: Some(again), exits, region, open: header });
        let last = self.part(Some(round), loop_body(n));
        self.targets.pop();
        self.arc(last, on);
        Some(behind)
    }

    fn do_while(&mut self, at: Option<usize>, n: Node<'_>, region: usize) -> Option<usize> {
        let header = self.vertex(VertexKind::Header, n, region, at);
        let tail = self.vertex(VertexKind::Tail, n, region, None);
        let fall = self.vertex(VertexKind::Fall, n, region, Some(tail));
        let behind = self.vertex(VertexKind::Meet, n, region, Some(fall));
        self.past(header, behind, Past::End);
        // `do … while (0)` is a block, not a loop.
        let once = n.child(Field::Condition).is_some_and(|c| c.text().trim_matches(['(', ')', ' ']) == "0");
        if !once && !self.ways.no_loops {
            let round = self.vertex(VertexKind::InLoop, n, region, Some(tail));
            self.arc(Some(round), header);
        }
        let exits = self.exits.len();
        let again = if self.ways.no_loops { behind } else { tail };
        self.targets.push(Target { behind, again: Some(again), exits, region, open: header });
        let last = self.part(Some(header), n.child(Field::Body));
        self.targets.pop();
        self.arc(last, tail);
        Some(behind)
    }

    fn switch(&mut self, at: Option<usize>, n: Node<'_>, region: usize) -> Option<usize> {
        let header = self.vertex(VertexKind::Header, n, region, at);
        let behind = self.vertex(VertexKind::Meet, n, region, None);
        let Some(body) = n.child(Field::Body) else {
            self.arc(Some(header), behind);
            return Some(behind);
        };
        let own = |c: &Node<'_>| c.ancestors().find(|a| a.is(Kind::SwitchStatement)) == Some(n);
        let default = |c: &Node<'_>| c.is(Kind::CaseStatement) && c.child(Field::Value).is_none() && own(c);
        if !body.descendants().any(|c| default(&c)) {
            let fall = self.vertex(VertexKind::Fall, n, region, Some(header));
            self.arc(Some(fall), behind);
        }
        let exits = self.exits.len();
        self.targets.push(Target { behind, again: None, exits, region, open: header });
        let last = if body.is(Kind::CompoundStatement) {
            self.compound(Some(header), body, region, Owner::Switch)
        } else {
            self.statement(Some(header), body)
        };
        self.targets.pop();
        self.arc(last, behind);
        if self.graph.vertices[behind].before.is_empty() {
            return None;
        }
        self.past(header, behind, Past::End);
        Some(behind)
    }

    fn case(&mut self, at: Option<usize>, n: Node<'_>, region: usize) -> Option<usize> {
        let v = self.vertex(VertexKind::Header, n, region, at);
        let open = self.targets.iter().rev().find(|t| t.again.is_none()).map(|t| t.open);
        self.arc(open, v);
        self.row(Some(v), &case_body(n))
    }

    /// `#if` among statements: its sides are alternatives.
    fn directive(&mut self, at: Option<usize>, n: Node<'_>, region: usize) -> Option<usize> {
        let head = self.vertex(VertexKind::Meet, n, region, at);
        let end = self.vertex(VertexKind::Meet, n, region, None);
        let mut side = Some(n);
        let mut open = true;
        while let Some(s) = side {
            let from = if s == n { head } else { self.vertex(VertexKind::Meet, s, region, Some(head)) };
            open &= !s.is(Kind::PreprocElse);
            let inner: Vec<_> = s
                .named_children()
                .filter(|c| {
                    c.kind().is_statement()
                        || c.kind().is_opaque()
                        || matches!(c.kind(), Kind::PreprocIf | Kind::PreprocIfdef) && c.role().is_none()
                })
                .collect();
            self.exits.push(Exit::Directive { node: n.id(), region });
            let last = self.row(Some(from), &inner);
            self.exits.pop();
            self.arc(last, end);
            side = s.child(Field::Alternative);
        }
        if open {
            let fall = self.vertex(VertexKind::Fall, n, region, Some(head));
            self.arc(Some(fall), end);
        }
        Some(end)
    }
}
