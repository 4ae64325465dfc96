//! Dominators, post-dominators and natural loops.
//!
//! In: a [`Cfg`]. Out: [`Dominators`] in either direction, and the [`Loop`]s. Nodes that cannot be reached (or cannot
//! reach the exit) dominate and are dominated by nothing. The algorithm is that of Cooper, Harvey and Kennedy, "A
//! Simple, Fast Dominance Algorithm" (2001).

use super::cfg::{Cfg, CfgId};
use crate::syntax::Node;

/// Who stands on every way to (or from) a node.
#[derive(Clone, Debug)]
pub struct Dominators {
    /// By [`CfgId`]; the root has itself, an unreachable node nothing.
    immediate: Vec<Option<CfgId>>,
    root: CfgId,
}

impl Dominators {
    /// Dominators: nodes on every way from the entry.
    pub fn forward(cfg: &Cfg<'_>) -> Self {
        let next: Vec<Vec<CfgId>> = cfg.ids().map(|id| cfg.successors(id).collect()).collect();
        let before: Vec<Vec<CfgId>> = cfg.nodes.iter().map(|n| n.predecessors.clone()).collect();
        Self::solve(cfg.entry(), &next, &before)
    }

    /// Post-dominators: nodes on every way to the exit.
    pub fn backward(cfg: &Cfg<'_>) -> Self {
        let next: Vec<Vec<CfgId>> = cfg.ids().map(|id| cfg.successors(id).collect()).collect();
        let before: Vec<Vec<CfgId>> = cfg.nodes.iter().map(|n| n.predecessors.clone()).collect();
        Self::solve(cfg.exit(), &before, &next)
    }

    fn solve(root: CfgId, next: &[Vec<CfgId>], before: &[Vec<CfgId>]) -> Self {
        let order = postorder(root, next);
        let mut rank = vec![usize::MAX; next.len()];
        for (at, id) in order.iter().enumerate() {
            rank[id.0 as usize] = at;
        }
        let mut immediate: Vec<Option<CfgId>> = vec![None; next.len()];
        immediate[root.0 as usize] = Some(root);
        let mut changed = true;
        while changed {
            changed = false;
            for id in order.iter().rev().filter(|id| **id != root) {
                let known =
                    before[id.0 as usize].iter().filter(|p| immediate[p.0 as usize].is_some()).copied();
                let found = known.reduce(|a, b| common(&immediate, &rank, a, b));
                if immediate[id.0 as usize] != found {
                    immediate[id.0 as usize] = found;
                    changed = true;
                }
            }
        }
        Self { immediate, root }
    }

    /// The nearest dominator other than the node itself.
    pub fn immediate(&self, id: CfgId) -> Option<CfgId> {
        self.immediate[id.0 as usize].filter(|_| id != self.root)
    }

    /// Whether `a` is on every way to (from) `b`; a reachable node dominates itself.
    pub fn dominates(&self, a: CfgId, b: CfgId) -> bool {
        self.immediate[b.0 as usize].is_some()
            && std::iter::successors(Some(b), |id| self.immediate(*id)).any(|id| id == a)
    }
}

fn common(immediate: &[Option<CfgId>], rank: &[usize], a: CfgId, b: CfgId) -> CfgId {
    let (mut a, mut b) = (a, b);
    while a != b {
        let lower = if rank[a.0 as usize] < rank[b.0 as usize] { &mut a } else { &mut b };
        match immediate[lower.0 as usize] {
            Some(up) => *lower = up,
            None => return a,
        }
    }
    a
}

fn postorder(root: CfgId, next: &[Vec<CfgId>]) -> Vec<CfgId> {
    let mut seen = vec![false; next.len()];
    let mut order = Vec::new();
    let mut stack = vec![(root, 0)];
    seen[root.0 as usize] = true;
    while let Some((id, at)) = stack.pop() {
        match next[id.0 as usize].get(at) {
            Some(to) => {
                stack.push((id, at + 1));
                if !std::mem::replace(&mut seen[to.0 as usize], true) {
                    stack.push((*to, 0));
                }
            }
            None => order.push(id),
        }
    }
    order
}

/// A natural loop: a header and all that comes back to it without leaving.
#[derive(Clone, Debug)]
pub struct Loop<'t> {
    /// The node that dominates the loop.
    pub header: CfgId,
    /// Sources of its back edges, sorted.
    pub latches: Vec<CfgId>,
    /// Its nodes, header included, sorted.
    pub nodes: Vec<CfgId>,
    /// The loop statement; `None` for a loop made of `goto`.
    pub statement: Option<Node<'t>>,
    /// Index of the loop around it.
    pub parent: Option<usize>,
}

/// The natural loops, by header; loops with the same header are one. Ways into a loop that miss its header (irreducible
/// flow) make no natural loop.
pub fn loops<'t>(cfg: &Cfg<'t>, dominators: &Dominators) -> Vec<Loop<'t>> {
    let mut out: Vec<Loop<'t>> = Vec::new();
    for header in cfg.ids() {
        let into = &cfg.node(header).predecessors;
        let latches: Vec<CfgId> =
            into.iter().filter(|p| dominators.dominates(header, **p)).copied().collect();
        if latches.is_empty() {
            continue;
        }
        let node = cfg.node(header);
        let statement = node.is_loop_header().then_some(node.syntax);
        let nodes = back_closure(cfg, dominators, header, &latches);
        out.push(Loop { header, latches: sorted(latches), nodes, statement, parent: None });
    }
    for index in 0..out.len() {
        let holds = |l: &Loop<'_>| l.header != out[index].header && l.nodes.contains(&out[index].header);
        let around = out.iter().enumerate().filter(|(_, l)| holds(l)).min_by_key(|(_, l)| l.nodes.len());
        out[index].parent = around.map(|(at, _)| at);
    }
    out
}

fn sorted(mut ids: Vec<CfgId>) -> Vec<CfgId> {
    ids.sort();
    ids
}

fn back_closure(cfg: &Cfg<'_>, dominators: &Dominators, header: CfgId, latches: &[CfgId]) -> Vec<CfgId> {
    let mut nodes = vec![header];
    let mut todo = latches.to_vec();
    while let Some(id) = todo.pop() {
        if !nodes.contains(&id) && dominators.dominates(header, id) {
            nodes.push(id);
            todo.extend(&cfg.node(id).predecessors);
        }
    }
    sorted(nodes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use crate::syntax::{Kind, Scopes, Tree, parse};

    fn tree(body: &str) -> Tree {
        parse(&SourceFile::new("t.c", format!("int f(int a, int b)\n{{\n{body}\n}}\n")))
    }

    fn cfg(tree: &Tree) -> Cfg<'_> {
        let function = tree.root().child_of(Kind::FunctionDefinition).unwrap();
        Cfg::of(function, &Scopes::of(function))
    }

    #[test]
    fn dominators_of_a_branch() {
        let tree = tree("if (a) b = 1; else b = 2; return b;");
        let cfg = cfg(&tree);
        let (forward, backward) = (Dominators::forward(&cfg), Dominators::backward(&cfg));
        // 2 if, 3 and 4 its arms, 5 after, 6 return, 7 } unreachable, 8 exit
        assert_eq!(forward.immediate(CfgId(5)), Some(CfgId(2)));
        assert!(forward.dominates(CfgId(2), CfgId(8)) && !forward.dominates(CfgId(3), CfgId(5)));
        assert_eq!(backward.immediate(CfgId(2)), Some(CfgId(5)));
        assert!(!forward.dominates(CfgId(0), CfgId(7)));
    }

    #[test]
    fn nested_loops_and_loops_of_goto() {
        let tree = tree("while (a) for (;;) { if (b) break; } again: if (a) goto again; return b;");
        let cfg = cfg(&tree);
        let loops = loops(&cfg, &Dominators::forward(&cfg));
        let shown: Vec<_> =
            loops.iter().map(|l| (l.statement.map(|s| s.kind()), l.parent, l.latches.len())).collect();
        assert_eq!(
            shown,
            [(Some(Kind::WhileStatement), None, 1), (Some(Kind::ForStatement), Some(0), 1), (None, None, 1)]
        );
    }
}
