//! Ways through a graph, one by one.
//!
//! In: a [`Cfg`] and bounds. Out: the paths from one node to another. For tests and for showing a witness; analyses
//! are built on sets instead. A path that would break a bound is left out, and [`Paths::complete`] tells.

use super::cfg::{Cfg, CfgId};

/// How far to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How often a path may come by the same node.
    pub visits: usize,
    /// How many paths to collect.
    pub paths: usize,
}

/// Paths, each with both ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// In order of the edges taken.
    pub paths: Vec<Vec<CfgId>>,
    /// Whether no path was dropped for their number. Paths with more visits are always left out.
    pub complete: bool,
}

/// The paths from `from` to `to`; one path of one node if they are the same and `visits` is 1.
pub fn paths(cfg: &Cfg<'_>, from: CfgId, to: CfgId, bounds: Bounds) -> Paths {
    let helps = reaches(cfg, to);
    let mut out = Paths { paths: Vec::new(), complete: true };
    let mut visits = vec![0usize; cfg.nodes.len()];
    let mut path = vec![from];
    let mut next = vec![0usize];
    visits[from.0 as usize] = 1;
    while let (Some(&id), Some(at)) = (path.last(), next.last_mut()) {
        if *at == 0 && id == to {
            if out.paths.len() == bounds.paths {
                out.complete = false;
                return out;
            }
            out.paths.push(path.clone());
        }
        let step = cfg.node(id).successors.get(*at).map(|e| e.to);
        *at += 1;
        match step {
            Some(to) if visits[to.0 as usize] < bounds.visits && helps[to.0 as usize] => {
                visits[to.0 as usize] += 1;
                path.push(to);
                next.push(0);
            }
            Some(_) => {}
            None => {
                visits[id.0 as usize] -= 1;
                path.pop();
                next.pop();
            }
        }
    }
    out
}

/// For each node whether it leads to `to`; `to` does.
pub fn reaches(cfg: &Cfg<'_>, to: CfgId) -> Vec<bool> {
    let mut out = vec![false; cfg.nodes.len()];
    let mut todo = vec![to];
    while let Some(id) = todo.pop() {
        if !std::mem::replace(&mut out[id.0 as usize], true) {
            todo.extend(&cfg.node(id).predecessors);
        }
    }
    out
}

/// A shortest path from `from` to `to` over nodes that `through` allows (the ends are not asked).
pub fn shortest(
    cfg: &Cfg<'_>,
    from: CfgId,
    to: CfgId,
    through: impl Fn(CfgId) -> bool,
) -> Option<Vec<CfgId>> {
    let mut came: Vec<Option<CfgId>> = vec![None; cfg.nodes.len()];
    let mut queue = std::collections::VecDeque::from([from]);
    while let Some(id) = queue.pop_front() {
        for next in cfg.successors(id) {
            if came[next.0 as usize].is_some() || next != to && !through(next) {
                continue;
            }
            came[next.0 as usize] = Some(id);
            if next == to {
                let mut path = vec![to];
                let mut at = id;
                while at != from {
                    path.push(at);
                    at = came[at.0 as usize]?;
                }
                path.push(from);
                path.reverse();
                return Some(path);
            }
            queue.push_back(next);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use crate::syntax::{Kind, Scopes, parse};

    #[test]
    fn a_loop_is_walked_as_often_as_allowed() {
        let tree = parse(&SourceFile::new("t.c", "void f(int a) { while (a) a--; }"));
        let function = tree.root().child_of(Kind::FunctionDefinition).unwrap();
        let cfg = Cfg::of(function, &Scopes::of(function));
        let count = |visits, paths| super::paths(&cfg, cfg.entry(), cfg.exit(), Bounds { visits, paths });
        assert_eq!(count(1, 10).paths.len(), 1);
        assert_eq!(count(3, 10).paths.len(), 3);
        assert!(!count(3, 2).complete && count(3, 3).complete);
    }

    #[test]
    fn the_shortest_way_back_to_a_header() {
        let tree = parse(&SourceFile::new("t.c", "void f(int a) { while (a) { a--; if (a) a++; } }"));
        let function = tree.root().child_of(Kind::FunctionDefinition).unwrap();
        let cfg = Cfg::of(function, &Scopes::of(function));
        let header = cfg.ids().find(|id| cfg.node(*id).is_loop_header()).unwrap();
        let path = shortest(&cfg, header, header, |_| true).unwrap();
        assert_eq!((path.len(), path[0], path[path.len() - 1]), (7, header, header));
        assert_eq!(shortest(&cfg, header, header, |id| cfg.node(id).role != crate::flow::Role::If), None);
    }
}
