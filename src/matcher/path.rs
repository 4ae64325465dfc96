//! Sequences of statements with dots against the paths of a function.
//!
//! In: a pattern of statements, a [`Graph`] and the environment. Out: every environment in which the pattern matches from
//! a given vertex on. The semantics are those of Coccinelle's CTL formulas (Brunel et al., POPL 2009): all paths unless
//! `exists`; dots skip neither what stands before nor what stands after them; branches that leave on an error are passed
//! over unless `when strict`. A cycle that never meets what follows the dots does not count against a match. A function
//! that needs more than a fixed number of steps is given up, and says so.

use super::environment::{Binding, Environment};
use super::graph::{EXIT, Graph, VertexKind, is_jump};
use super::node::Matcher;
use crate::smpl::pattern::{Leaf, NestCount, Pattern, PatternKind, Slot, When};
use crate::smpl::{MetaKind, Quantifier};
use crate::syntax::{Kind, Node, Tree};
use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

/// One element of a sequence.
#[derive(Clone, Copy)]
pub(super) struct Item<'p> {
    pub(super) matcher: Matcher<'p>,
    pub(super) node: Node<'p>,
}

/// What is left of a sequence.
#[derive(Clone)]
pub(super) enum Rest<'p> {
    /// Nothing.
    End,
    /// An element, and more.
    Item(Rc<(Item<'p>, Rest<'p>)>),
    /// The closing brace of a compound statement of the pattern, and of the code.
    Close(Rc<(Item<'p>, usize, Rest<'p>)>),
}

/// Matches sequences on one graph.
pub struct Paths<'g> {
    pub(super) tree: &'g Tree,
    pub(super) graph: &'g Graph,
    pub(super) quantifier: Quantifier,
    steps: Cell<usize>,
    /// How often each metavariable occurs in the rule: one that occurs once may differ from path to path.
    uses: HashMap<String, usize>,
}

const MAX_STEPS: usize = 400_000;

impl<'g> Paths<'g> {
    /// Match on `graph`, which was made from `tree`.
    pub fn new(
        tree: &'g Tree,
        graph: &'g Graph,
        quantifier: Quantifier,
        uses: HashMap<String, usize>,
    ) -> Self {
        Self { tree, graph, quantifier, steps: Cell::new(0), uses }
    }

    /// Whether the function was given up.
    pub fn gave_up(&self) -> bool {
        self.steps.get() >= MAX_STEPS
    }

    /// All matches of a whole pattern from `vertex` on.
    pub fn matches(&self, pattern: &Pattern, vertex: usize, env: &Environment) -> Vec<Environment> {
        let rest = sequence(pattern, Rest::End);
        self.eval(&rest, None, vertex, env)
    }

    /// Whether a match may start at a vertex.
    pub fn starts_at(&self, vertex: usize) -> bool {
        matches!(self.graph.vertices[vertex].kind, VertexKind::Simple | VertexKind::Header | VertexKind::Open)
    }

    pub(super) fn code(&self, vertex: usize) -> Node<'g> {
        self.tree.node(self.graph.vertices[vertex].node)
    }

    /// All ways in which `rest` matches from `v` on; `before` is what matched last.
    pub(super) fn eval<'p>(
        &self,
        rest: &Rest<'p>,
        before: Option<Item<'p>>,
        v: usize,
        env: &Environment,
    ) -> Vec<Environment> {
        self.steps.set(self.steps.get() + 1);
        if self.gave_up() {
            return Vec::new();
        }
        let v = self.skip_after(v);
        match rest {
            Rest::End => vec![env.clone()],
            Rest::Close(inner) => {
                let (item, close, rest) = inner.as_ref();
                if v != *close {
                    return Vec::new();
                }
                match item.matcher.brace(item.node, self.code(v), "}", env) {
                    Some(env) => self.advance(rest, None, v, &env),
                    None => Vec::new(),
                }
            }
            Rest::Item(cell) => {
                let (item, rest) = cell.as_ref();
                self.item(*item, rest, before, v, env)
            }
        }
    }

    fn skip_after(&self, mut v: usize) -> usize {
        for _ in 0..self.graph.vertices.len() {
            let vertex = &self.graph.vertices[v];
            match (vertex.kind, vertex.next.as_slice()) {
                (VertexKind::After, [only]) => v = *only,
                _ => break,
            }
        }
        v
    }

    /// Go on behind `v`.
    pub(super) fn advance<'p>(
        &self,
        rest: &Rest<'p>,
        before: Option<Item<'p>>,
        v: usize,
        env: &Environment,
    ) -> Vec<Environment> {
        if matches!(rest, Rest::End) {
            return vec![env.clone()];
        }
        if let Rest::Close(inner) = rest
            && is_jump(self.code(v).kind())
        {
            // What follows a jump in the text is no path, but the brace is there.
            let is_last = self.code(v).next_sibling_statement().is_none();
            let inside = self.code(v).parent().map(Node::id) == Some(self.graph.vertices[inner.1].node);
            return if is_last && inside { self.eval(rest, before, inner.1, env) } else { Vec::new() };
        }
        let next = &self.graph.vertices[v].next;
        let each = next.iter().map(|s| self.eval(rest, before, *s, env));
        match self.quantifier {
            Quantifier::Exists => each.flatten().collect(),
            Quantifier::Forall => self.all_of(each),
        }
    }

    /// Every combination of one match per way that agrees.
    fn all_of(&self, each: impl Iterator<Item = Vec<Environment>>) -> Vec<Environment> {
        let mut out: Option<Vec<Environment>> = None;
        for more in each {
            out = Some(match out {
                None => more,
                Some(old) => {
                    let pairs = old.iter().flat_map(|a| more.iter().filter_map(|b| self.join(a, b)));
                    pairs.take(64).collect()
                }
            });
            if out.as_ref().is_some_and(Vec::is_empty) {
                break;
            }
        }
        out.unwrap_or_default()
    }

    fn join(&self, a: &Environment, b: &Environment) -> Option<Environment> {
        a.join_but(b, |name| self.uses.get(name).is_some_and(|n| *n <= 1))
    }

    fn item<'p>(
        &self,
        item: Item<'p>,
        rest: &Rest<'p>,
        before: Option<Item<'p>>,
        v: usize,
        env: &Environment,
    ) -> Vec<Environment> {
        match item.matcher.whole_leaf(item.node) {
            Leaf::Slot(Slot::Dots(whens)) => {
                let dots = Dots { item, whens, nest: None };
                self.dots(&dots, rest, before, v, env)
            }
            Leaf::Slot(Slot::Nest(count, inner, whens)) => {
                let dots = Dots { item, whens, nest: Some((*count, inner)) };
                self.dots(&dots, rest, before, v, env)
            }
            Leaf::Slot(Slot::Disjunction(branches)) => {
                for branch in branches {
                    let found = self.eval(&sequence(branch, rest.clone()), before, v, env);
                    if !found.is_empty() {
                        return found;
                    }
                    // A branch that matches by itself hides the later ones even if the rest does not follow.
                    if !matches!(rest, Rest::End) && branch.single().is_some() && self.starts(branch, v, env)
                    {
                        return Vec::new();
                    }
                }
                Vec::new()
            }
            Leaf::Slot(Slot::Conjunction(branches)) => {
                let mut all = vec![env.clone()];
                for (i, branch) in branches.iter().enumerate() {
                    let last = i + 1 == branches.len();
                    let tail = if last { rest.clone() } else { Rest::End };
                    all = all
                        .iter()
                        .flat_map(|env| self.eval(&sequence(branch, tail.clone()), before, v, env))
                        .collect();
                }
                all
            }
            Leaf::Meta(meta) if matches!(meta.kind, MetaKind::StatementList(_)) => {
                self.statement_list(item, meta, rest, v, env)
            }
            _ => self.element(item, rest, v, env),
        }
    }

    fn starts(&self, branch: &Pattern, v: usize, env: &Environment) -> bool {
        !self.eval(&sequence(branch, Rest::End), None, v, env).is_empty()
    }

    fn statement_list<'p>(
        &self,
        item: Item<'p>,
        meta: &crate::smpl::Metavariable,
        rest: &Rest<'p>,
        v: usize,
        env: &Environment,
    ) -> Vec<Environment> {
        let mut out =
            self.bind_list(item, meta, &[], env).map_or_else(Vec::new, |env| self.eval(rest, None, v, &env));
        let mut taken = Vec::new();
        let mut at = v;
        while matches!(
            self.graph.vertices[at].kind,
            VertexKind::Simple | VertexKind::Header | VertexKind::Open
        ) {
            let node = self.code(at);
            taken.push(node);
            let next = self.behind(at);
            if let Some(env) = self.bind_list(item, meta, &taken, env) {
                let found = match next {
                    Some(next) => self.eval(rest, None, next, &env),
                    None => self.advance(rest, None, at, &env),
                };
                out.extend(found);
            }
            match next {
                Some(next) => at = self.skip_after(next),
                None => break,
            }
        }
        out
    }

    fn bind_list(
        &self,
        item: Item<'_>,
        meta: &crate::smpl::Metavariable,
        taken: &[Node<'_>],
        env: &Environment,
    ) -> Option<Environment> {
        let binding = Binding::row(taken, crate::source::Span::default());
        let span = binding.span;
        let env = item.matcher.bind(meta, binding, env)?;
        match (taken.first(), item.matcher.pattern.piece(item.node)) {
            (Some(_), Some(piece)) => Some(env.touch(piece.atom.id, span)),
            _ => Some(env),
        }
    }

    /// The vertex behind a whole statement that starts at `v`; `None` behind a jump.
    pub(super) fn behind(&self, v: usize) -> Option<usize> {
        let vertex = &self.graph.vertices[v];
        let node = self.code(v);
        if let Some(after) = self.graph.afters.get(&node.id()) {
            return Some(*after);
        }
        match vertex.kind {
            VertexKind::Open => {
                let close = self.graph.closes.get(&node.id())?;
                self.graph.vertices[*close].next.first().copied()
            }
            VertexKind::Simple if is_jump(node.kind()) => {
                let following = node.next_sibling_statement();
                match following {
                    Some(n) => self.graph.entries.get(&n.id()).copied(),
                    None => self.graph.closes.get(&node.parent()?.id()).copied(),
                }
            }
            _ => vertex.next.first().copied(),
        }
    }
}

/// Dots or a nest.
struct Dots<'p> {
    item: Item<'p>,
    whens: &'p [When],
    nest: Option<(NestCount, &'p Pattern)>,
}

impl Dots<'_> {
    fn any(&self) -> bool {
        self.nest.is_some() || self.whens.iter().any(|w| matches!(w, When::Any))
    }

    fn strict(&self) -> bool {
        self.whens.iter().any(|w| matches!(w, When::Strict))
    }
}

/// What a vertex on the way gives: what matches there, and whether the way may go on through it.
struct Stop {
    found: Vec<Environment>,
    through: Option<Environment>,
}

impl<'g> Paths<'g> {
    fn dots<'p>(
        &self,
        dots: &Dots<'p>,
        rest: &Rest<'p>,
        before: Option<Item<'p>>,
        v: usize,
        env: &Environment,
    ) -> Vec<Environment> {
        let quantifier = dots.whens.iter().rev().find_map(|w| match w {
            When::Exists => Some(Quantifier::Exists),
            When::Forall => Some(Quantifier::Forall),
            _ => None,
        });
        let bare = before.map(|b| (b, self.without_positions(b, env)));
        let mut stops: HashMap<usize, Stop> = HashMap::new();
        let mut order = Vec::new();
        let mut todo = vec![v];
        while let Some(at) = todo.pop() {
            let at = self.skip_after(at);
            if stops.contains_key(&at) {
                continue;
            }
            let found = if at == EXIT { self.at_exit(rest, env) } else { self.eval(rest, None, at, env) };
            let through = if at == EXIT { None } else { self.passable(dots, bare.as_ref(), at, env) };
            let through = through.filter(|_| found.is_empty() || dots.any() || self.binds_more(rest, env));
            if through.is_some() {
                todo.extend(self.graph.vertices[at].next.iter().copied());
            }
            order.push(at);
            stops.insert(at, Stop { found, through });
        }
        if quantifier.unwrap_or(self.quantifier) == Quantifier::Exists {
            order.sort_by_key(|at| std::cmp::Reverse(*at));
            return self.nested(
                dots,
                order.iter().flat_map(|at| stops[at].found.clone()).collect(),
                &order,
                &stops,
                env,
            );
        }
        let order = self.postorder(self.skip_after(v), &stops);
        self.on_all_paths(dots, rest, v, env, &order, &stops)
    }

    /// The vertices that can be reached through `stops`, each behind all that can be reached from it, but for cycles.
    fn postorder(&self, v: usize, stops: &HashMap<usize, Stop>) -> Vec<usize> {
        let mut out = Vec::new();
        let mut seen = std::collections::HashSet::from([v]);
        let mut stack = vec![(v, 0)];
        while let Some((at, i)) = stack.pop() {
            let through = stops.get(&at).is_some_and(|s| s.through.is_some());
            let next = if through { self.graph.vertices[at].next.get(i) } else { None };
            match next {
                Some(next) => {
                    stack.push((at, i + 1));
                    let next = self.skip_after(*next);
                    if seen.insert(next) {
                        stack.push((next, 0));
                    }
                }
                None => out.push(at),
            }
        }
        out
    }

    fn at_exit(&self, rest: &Rest<'_>, env: &Environment) -> Vec<Environment> {
        match rest {
            Rest::End => vec![env.clone()],
            Rest::Close(cell) => {
                let (item, close, after) = cell.as_ref();
                if !matches!(after, Rest::End) {
                    return Vec::new();
                }
                item.matcher.brace(item.node, self.code(*close), "}", env).into_iter().collect()
            }
            Rest::Item(_) => Vec::new(),
        }
    }

    /// With one path enough, a nest changes what stands on any path that was looked at.
    fn nested(
        &self,
        dots: &Dots<'_>,
        found: Vec<Environment>,
        order: &[usize],
        stops: &HashMap<usize, Stop>,
        env: &Environment,
    ) -> Vec<Environment> {
        let Some((count, _)) = dots.nest else { return found };
        let mut through = env.clone();
        let mut hits = 0;
        for at in order {
            if let Some(t) = &stops[at].through
                && t.touches().len() > env.touches().len()
            {
                hits += 1;
                if let Some(joined) = self.join(&through, t) {
                    through = joined;
                }
            }
        }
        if hits == 0 && count == NestCount::AtLeastOnce {
            return Vec::new();
        }
        found.iter().filter_map(|f| self.join(&through, f)).collect()
    }

    fn on_all_paths(
        &self,
        dots: &Dots<'_>,
        rest: &Rest<'_>,
        v: usize,
        env: &Environment,
        order: &[usize],
        stops: &HashMap<usize, Stop>,
    ) -> Vec<Environment> {
        let mut sets: HashMap<usize, Vec<Environment>> = HashMap::new();
        let leaves = matches!(rest, Rest::Close(_));
        for at in order {
            let stop = &stops[at];
            let mut set = stop.found.clone();
            if let Some(through) = &stop.through {
                let vertex = &self.graph.vertices[*at];
                let each = vertex.next.iter().map(|s| {
                    let s = self.skip_after(*s);
                    match sets.get(&s) {
                        None => vec![env.clone()],
                        Some(set)
                            if set.is_empty()
                                && !dots.strict()
                                && vertex.error_exit.is_some_and(|e| self.skip_after(e) == s) =>
                        {
                            vec![env.clone()]
                        }
                        // A jump out of the block that the pattern closes.
                        Some(set) if set.is_empty() && leaves && is_jump(self.code(*at).kind()) => {
                            vec![env.clone()]
                        }
                        Some(set) => set.clone(),
                    }
                });
                let on = self.all_of(each);
                let on = on.into_iter().filter_map(|e| self.join(through, &e));
                set.extend(
                    on.filter(|e| dots.any() || stop.found.is_empty() || !self.matches_with(rest, *at, e)),
                );
            }
            dedup(&mut set);
            set.truncate(64);
            sets.insert(*at, set);
        }
        let found = sets.remove(&self.skip_after(v)).unwrap_or_default();
        match dots.nest {
            Some((NestCount::AtLeastOnce, _)) => {
                found.into_iter().filter(|e| e.touches().len() > env.touches().len()).collect()
            }
            _ => found,
        }
    }

    /// Whether what follows the dots matches at `v` with these very bindings.
    fn matches_with(&self, rest: &Rest<'_>, v: usize, env: &Environment) -> bool {
        let Rest::Item(cell) = rest else { return false };
        let known = env.filter(|name| self.uses.get(name).is_none_or(|n| *n > 1)).bindings_only();
        !self.item(cell.0, &Rest::End, None, v, &known).is_empty()
    }

    /// Whether the next element binds a metavariable that matters elsewhere and is not bound yet.
    fn binds_more(&self, rest: &Rest<'_>, env: &Environment) -> bool {
        let Rest::Item(cell) = rest else { return false };
        let pattern = cell.0.matcher.pattern;
        let free = |name: &str| env.get(name).is_none() && self.uses.get(name).is_some_and(|n| *n > 1);
        pattern.pieces_of(cell.0.node).iter().any(|p| free(&p.atom.text))
    }

    fn without_positions(&self, item: Item<'_>, env: &Environment) -> Environment {
        let metas = item.matcher.pattern.metavariables();
        let position = |name: &str| metas.get(name).is_some_and(|m| matches!(m.kind, MetaKind::Position(_)));
        env.filter(|name| !position(name)).bindings_only()
    }

    /// Whether dots may skip `v`; for a nest, with what it changes there.
    fn passable(
        &self,
        dots: &Dots<'_>,
        before: Option<&(Item<'_>, Environment)>,
        v: usize,
        env: &Environment,
    ) -> Option<Environment> {
        if matches!(self.graph.vertices[v].kind, VertexKind::Open | VertexKind::Close | VertexKind::After) {
            return Some(self.deleted(dots, v, env));
        }
        if let Some((item, bare)) = before
            && !dots.any()
            && !self.element_header(*item, v, bare).is_empty()
        {
            return None;
        }
        for when in dots.whens {
            let allowed = match when {
                When::Not(p) => !self.contains(p, v, env),
                When::Only(p) => self.contains(p, v, env),
                When::NotTrue(_)
                | When::NotFalse(_)
                | When::Any
                | When::Strict
                | When::Exists
                | When::Forall => true,
            };
            if !allowed {
                return None;
            }
        }
        if let Some((_, inner)) = dots.nest {
            let env = self.deleted(dots, v, env);
            return Some(self.inside(inner, v, &env));
        }
        Some(self.deleted(dots, v, env))
    }

    /// Dots on a minus line take what they skip.
    fn deleted(&self, dots: &Dots<'_>, v: usize, env: &Environment) -> Environment {
        match dots.item.matcher.pattern.piece(dots.item.node) {
            Some(piece) if piece.atom.mark == crate::smpl::token::Mark::Minus => {
                let node = self.code(v);
                match self.graph.vertices[v].kind {
                    VertexKind::Simple => env.touch(piece.atom.id, node.span()),
                    VertexKind::Header => env.touch(piece.atom.id, node.span()),
                    _ => env.clone(),
                }
            }
            _ => env.clone(),
        }
    }

    /// Every match of a nest's code at `v`.
    fn inside(&self, inner: &Pattern, v: usize, env: &Environment) -> Environment {
        let mut out = env.clone();
        if inner.kind() == PatternKind::Statements {
            for found in self.eval(&sequence(inner, Rest::End), None, v, env) {
                if let Some(joined) = self.join(&out, &found) {
                    out = joined;
                }
            }
            return out;
        }
        let Some(root) = inner.single() else { return out };
        let matcher = Matcher::new(inner);
        for n in self.own_nodes(v) {
            for found in matcher.node(root, n, env) {
                if let Some(joined) = self.join(&out, &found) {
                    out = joined;
                }
            }
        }
        out
    }

    /// Whether `v` is, or holds, a pattern.
    pub(super) fn contains(&self, p: &Pattern, v: usize, env: &Environment) -> bool {
        let env = env.bindings_only();
        match (p.kind(), p.single()) {
            (PatternKind::Expression | PatternKind::Type, Some(root)) => {
                let matcher = Matcher::new(p);
                self.own_nodes(v).into_iter().any(|n| !matcher.node(root, n, &env).is_empty())
            }
            _ => !self.eval(&sequence(p, Rest::End), None, v, &env).is_empty(),
        }
    }

    /// The nodes that belong to `v` itself: a header's condition, not its branches.
    pub(super) fn own_nodes(&self, v: usize) -> Vec<Node<'g>> {
        let node = self.code(v);
        match self.graph.vertices[v].kind {
            VertexKind::Simple => node.descendants().collect(),
            VertexKind::Header => {
                let own =
                    node.named_children().filter(|c| !c.kind().is_statement() && !c.is(Kind::ElseClause));
                let mut all: Vec<_> = own.flat_map(Node::descendants).collect();
                if node.is(Kind::ForStatement) {
                    let init = node.named_children().filter(|c| c.is(Kind::Declaration));
                    all.extend(init.flat_map(Node::descendants));
                }
                all
            }
            _ => Vec::new(),
        }
    }
}

fn dedup(set: &mut Vec<Environment>) {
    if set.len() < 2 {
        return;
    }
    let mut seen = Vec::new();
    set.retain(|e| {
        let key = (e.key(), e.touches());
        let new = !seen.contains(&key);
        if new {
            seen.push(key);
        }
        new
    });
}

/// A pattern's elements in front of `rest`.
pub(super) fn sequence<'p>(pattern: &'p Pattern, rest: Rest<'p>) -> Rest<'p> {
    let roots: Vec<_> = pattern.roots().collect();
    row(Matcher::new(pattern), &roots, rest)
}

/// A row of elements in front of `rest`.
pub(super) fn row<'p>(matcher: Matcher<'p>, nodes: &[Node<'p>], rest: Rest<'p>) -> Rest<'p> {
    nodes.iter().rev().fold(rest, |rest, node| Rest::Item(Rc::new((Item { matcher, node: *node }, rest))))
}
