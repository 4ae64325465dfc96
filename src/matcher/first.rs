//! A disjunction among the nodes of a piece of code.
//!
//! In: the branches, and nodes in document order. Out: the matches of the first branch that each node is. Inside of what a
//! branch matched no later branch is looked for.

use super::environment::Environment;
use super::node::Matcher;
use crate::smpl::pattern::Pattern;
use crate::syntax::Node;

/// Branches, of which the first that matches wins.
pub struct FirstOf<'p, 'c> {
    matcher: Matcher<'p>,
    p: Node<'p>,
    branches: &'p [Pattern],
    /// The matches around the node at hand, and their branches.
    around: Vec<(Node<'c>, usize)>,
}

impl<'p, 'c> FirstOf<'p, 'c> {
    /// The disjunction that stands at `p`.
    pub fn new(matcher: Matcher<'p>, p: Node<'p>, branches: &'p [Pattern]) -> Self {
        Self { matcher, p, branches, around: Vec::new() }
    }

    /// The matches at a node that follows those that were asked for before.
    pub fn at(&mut self, c: Node<'c>, env: &Environment) -> Vec<Environment> {
        while self.around.last().is_some_and(|(n, _)| !n.encloses(c)) {
            self.around.pop();
        }
        let limit = self.around.iter().map(|(_, i)| *i + 1).min().unwrap_or(self.branches.len());
        let allowed = self.branches.iter().take(limit).enumerate();
        let mut all = allowed.map(|(i, branch)| (i, self.matcher.branch(branch, c, env)));
        let Some((i, found)) = all.find(|(_, found)| !found.is_empty()) else { return Vec::new() };
        self.around.push((c, i));
        found.into_iter().filter_map(|env| self.matcher.noted(self.p, c.span(), c, &env)).collect()
    }
}
