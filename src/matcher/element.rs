//! One statement of a pattern at one vertex: headers, blocks, branches, simple statements, bare expressions.
//!
//! In: an element and a vertex. Out: every way to match it and what follows it. The ways of a statement with parts are
//! matched one after the other; what follows it is matched where they meet again.

use super::environment::Environment;
use super::graph::{VertexKind, else_body, is_jump};
use super::node::Matcher;
use super::path::{Item, Paths, Rest, row};
use crate::smpl::MetaKind;
use crate::smpl::pattern::{Leaf, PatternKind, Slot};
use crate::syntax::{Field, Kind, Node};
use std::rc::Rc;

impl<'p> Matcher<'p> {
    /// A brace of a compound statement.
    pub(super) fn brace(
        &self,
        p: Node<'p>,
        c: Node<'_>,
        text: &str,
        env: &Environment,
    ) -> Option<Environment> {
        let find = |n: Node<'_>| {
            let mut all = n.children().filter(|t| t.is(Kind::Token) && t.text() == text);
            if text == "}" { all.last() } else { all.next() }.map(|t| t.id())
        };
        match (find(p), find(c)) {
            (Some(a), Some(b)) => self.token(p.tree().node(a), c.tree().node(b), env),
            _ => Some(env.clone()),
        }
    }
}

impl<'g> Paths<'g> {
    /// An element that is neither dots nor a disjunction.
    pub(super) fn element<'p>(
        &self,
        item: Item<'p>,
        rest: &Rest<'p>,
        v: usize,
        env: &Environment,
    ) -> Vec<Environment> {
        let (m, p) = (item.matcher, item.node);
        if m.pattern.kind() != PatternKind::Statements && m.pattern.kind() != PatternKind::TopLevel {
            return self.bare(item, rest, v, env);
        }
        let kind = self.graph.vertices[v].kind;
        let code = self.code(v);
        if let Leaf::Meta(meta) = m.whole_leaf(p)
            && matches!(meta.kind, MetaKind::Statement | MetaKind::Metavariable)
        {
            let body =
                kind == VertexKind::Open && code.parent().is_some_and(|f| f.is(Kind::FunctionDefinition));
            if body || !self.starts_at(v) {
                return Vec::new();
            }
            return self.then(m.node(p, code, env), item, rest, v);
        }
        match (p.kind(), kind) {
            (Kind::CompoundStatement, VertexKind::Open) => self.block(item, rest, v, env),
            (Kind::CompoundStatement, VertexKind::Simple | VertexKind::Header) => {
                // `{ S }` is `S` if nothing of the braces changes.
                let inner: Vec<_> = p.named_children().collect();
                match inner.as_slice() {
                    [one] if self.plain_braces(item) && !matches!(m.whole_leaf(*one), Leaf::Slot(_)) => {
                        let last = m.pattern.pieces_of(p).last().map(|x| x.atom.id);
                        let end = code.span().end as usize;
                        let closed = last.map_or_else(
                            || env.clone(),
                            |id| env.touch(id, crate::source::Span::new(end - 1, end)),
                        );
                        self.element(Item { matcher: m, node: *one }, rest, v, &closed)
                    }
                    _ => Vec::new(),
                }
            }
            (_, VertexKind::Header) if p.kind() == code.kind() => self.compound(item, rest, v, env),
            (Kind::ForStatement | Kind::WhileStatement | Kind::MacroIterator, VertexKind::Header) => {
                Vec::new()
            }
            (_, VertexKind::Simple) => self.then(m.node(p, code, env), item, rest, v),
            _ => Vec::new(),
        }
    }

    /// Whether `v` starts with the element, whatever follows.
    pub(super) fn element_header(&self, item: Item<'_>, v: usize, env: &Environment) -> Vec<Environment> {
        if let Leaf::Meta(meta) = item.matcher.whole_leaf(item.node)
            && matches!(meta.kind, MetaKind::Statement)
            && env.get(&meta.name).is_none()
        {
            return Vec::new();
        }
        self.element(item, &Rest::End, v, env)
    }

    fn plain_braces(&self, item: Item<'_>) -> bool {
        let pieces = item.matcher.pattern.pieces_of(item.node);
        if pieces.iter().all(|p| p.atom.mark == crate::smpl::token::Mark::Minus) {
            return true;
        }
        let plain = |p: Option<&crate::smpl::pattern::Piece>| {
            p.is_some_and(|p| p.atom.mark == crate::smpl::token::Mark::Context)
        };
        plain(pieces.first()) && plain(pieces.last())
    }

    /// Go on behind a statement that was matched whole.
    fn then<'p>(
        &self,
        found: Vec<Environment>,
        item: Item<'p>,
        rest: &Rest<'p>,
        v: usize,
    ) -> Vec<Environment> {
        let whole = self.graph.vertices[v].kind != VertexKind::Simple;
        found
            .iter()
            .flat_map(|env| match self.behind(v) {
                Some(next) if whole => self.eval(rest, Some(item), next, env),
                _ => self.advance(rest, Some(item), v, env),
            })
            .collect()
    }

    /// An expression or type by itself: any vertex that holds it.
    fn bare<'p>(&self, item: Item<'p>, rest: &Rest<'p>, v: usize, env: &Environment) -> Vec<Environment> {
        let mut out: Vec<Environment> = Vec::new();
        for n in
            self.own_nodes(v).into_iter().filter(|n| !n.is(Kind::Identifier) || super::node::is_value(*n))
        {
            for env in item.matcher.node(item.node, n, env) {
                out.extend(self.advance(rest, Some(item), v, &env));
            }
        }
        out
    }

    fn block<'p>(&self, item: Item<'p>, rest: &Rest<'p>, v: usize, env: &Environment) -> Vec<Environment> {
        let code = self.code(v);
        let Some(close) = self.graph.closes.get(&code.id()) else { return Vec::new() };
        let Some(env) = item.matcher.brace(item.node, code, "{", env) else { return Vec::new() };
        let inner: Vec<_> = item.node.named_children().collect();
        let end = Rest::Close(Rc::new((item, *close, rest.clone())));
        self.advance(&row(item.matcher, &inner, end), None, v, &env)
    }

    fn compound<'p>(&self, item: Item<'p>, rest: &Rest<'p>, v: usize, env: &Environment) -> Vec<Environment> {
        let (p, c) = (item.node, self.code(v));
        let mut found = self.header(item, c, env);
        match p.kind() {
            Kind::LabeledStatement | Kind::CaseStatement => {
                let inner: Vec<_> = p
                    .named_children()
                    .filter(|n| n.role() != Some(Field::Label) && n.role() != Some(Field::Value))
                    .collect();
                let rest = row(item.matcher, &inner, rest.clone());
                return found.iter().flat_map(|env| self.advance(&rest, Some(item), v, env)).collect();
            }
            Kind::IfStatement => {
                found = self.part(item, p.child(Field::Consequence), c.child(Field::Consequence), found);
                let (pe, ce) = (p.child(Field::Alternative), c.child(Field::Alternative));
                found = match (pe, ce) {
                    (None, None) => found,
                    (Some(pe), Some(ce)) => {
                        let found = found.iter().filter_map(|env| self.keyword(item, pe, ce, env)).collect();
                        self.part(item, else_body(pe), else_body(ce), found)
                    }
                    (Some(pe), None) if self.unmarked(item, pe) => found,
                    _ => return Vec::new(),
                };
            }
            _ => {
                let body = |n: Node<'_>| {
                    let last = n.named_children().filter(|s| s.kind().is_statement()).last();
                    n.child(Field::Body).or(last).map(|b| b.id())
                };
                let (pb, cb) = (body(p).map(|b| p.tree().node(b)), body(c).map(|b| c.tree().node(b)));
                found = self.part(item, pb, cb, found);
            }
        }
        self.then(found, item, rest, v)
    }

    fn unmarked(&self, item: Item<'_>, node: Node<'_>) -> bool {
        let pieces = item.matcher.pattern.pieces_of(node);
        pieces.iter().all(|p| p.atom.mark == crate::smpl::token::Mark::Context)
    }

    fn keyword<'p>(
        &self,
        item: Item<'p>,
        p: Node<'p>,
        c: Node<'_>,
        env: &Environment,
    ) -> Option<Environment> {
        match (p.children().next(), c.children().next()) {
            (Some(a), Some(b)) if a.is(Kind::Token) && b.is(Kind::Token) => item.matcher.token(a, b, env),
            _ => Some(env.clone()),
        }
    }

    /// A branch or body against the code's.
    fn part<'p>(
        &self,
        item: Item<'p>,
        p: Option<Node<'p>>,
        c: Option<Node<'_>>,
        found: Vec<Environment>,
    ) -> Vec<Environment> {
        let (Some(p), Some(c)) = (p, c) else {
            return if p.is_none() && c.is_none() { found } else { Vec::new() };
        };
        let Some(entry) = self.graph.entries.get(&c.id()).copied() else { return Vec::new() };
        let sequence = row(item.matcher, &[p], Rest::End);
        found.iter().flat_map(|env| self.eval(&sequence, None, entry, env)).collect()
    }

    /// The header's own parts, child by child, without the branches.
    fn header<'p>(&self, item: Item<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let (m, p) = (item.matcher, item.node);
        if p.is(Kind::ForStatement) {
            return self.for_header(item, c, env);
        }
        let own = |n: &Node<'_>| {
            let branch = n.kind().is_statement() && n.role() != Some(Field::Condition);
            !matches!(n.kind(), Kind::Comment | Kind::ElseClause) && !branch
        };
        let case = matches!(p.kind(), Kind::CaseStatement | Kind::LabeledStatement);
        let cut = |n: &Node<'_>| {
            !case || matches!(n.role(), Some(Field::Label | Field::Value)) || n.is(Kind::Token)
        };
        let pc: Vec<_> = p.children().filter(own).filter(cut).collect();
        let cc: Vec<_> = c.children().filter(own).filter(cut).collect();
        if pc.len() != cc.len() {
            return Vec::new();
        }
        let mut all = vec![env.clone()];
        for (p, c) in pc.into_iter().zip(cc) {
            all = all.iter().flat_map(|env| m.node(p, c, env)).collect();
            if all.is_empty() {
                break;
            }
        }
        all
    }

    fn for_header<'p>(&self, item: Item<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let (m, p) = (item.matcher, item.node);
        let tokens =
            |n: Node<'_>| n.children().filter(|t| t.is(Kind::Token)).map(|t| t.id()).collect::<Vec<_>>();
        let mut all = vec![env.clone()];
        for (a, b) in tokens(p).into_iter().zip(tokens(c)) {
            all = all.iter().filter_map(|e| m.token(p.tree().node(a), c.tree().node(b), e)).collect();
        }
        for field in [Field::Initializer, Field::Condition, Field::Update] {
            all = match (p.child(field), c.child(field)) {
                (None, None) => all,
                (Some(a), None) if matches!(m.whole_leaf(a), Leaf::Slot(Slot::Dots(_))) => all,
                (Some(a), Some(b)) => all.iter().flat_map(|env| m.node(a, b, env)).collect(),
                _ => return Vec::new(),
            };
        }
        all
    }
}

impl<'t> Node<'t> {
    /// The statement behind this one in the same row, if any.
    pub(super) fn next_sibling_statement(self) -> Option<Node<'t>> {
        let mut at = self.next_sibling();
        while let Some(n) = at {
            if n.kind().is_statement() || is_jump(n.kind()) {
                return Some(n);
            }
            at = n.next_sibling();
        }
        None
    }
}
