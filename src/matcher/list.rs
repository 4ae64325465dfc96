//! Rows of code against rows of a pattern: arguments, parameters, initialisers, fields, statements of a block.
//!
//! In: the pattern's row and the code's. Out: every way to match, dots and list metavariables taking any number of
//! elements. Commas pair up with the elements after them.

use super::binding::Binding;
use super::constraint::{allowed, kind_fits};
use super::environment::Environment;
use super::node::Matcher;
use crate::smpl::pattern::{Hung, Leaf, Piece, Slot, When};
use crate::smpl::token::Mark;
use crate::smpl::{ListLength, MetaKind, Metavariable};
use crate::source::Span;
use crate::syntax::{Field, Kind, Node};

/// What an element of the pattern's row takes.
enum Element<'p> {
    /// Any number, checked against conditions.
    Dots(&'p [When]),
    /// Any number, bound to a name.
    List(&'p Metavariable, &'p ListLength),
    /// Exactly one.
    One,
}

impl<'p> Matcher<'p> {
    /// Match the children of two brackets: `(a, ...)` against `(b, c)`.
    pub fn bracket(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let pc: Vec<_> = significant(p).collect();
        let cc: Vec<_> = significant(c).collect();
        let mut env = env.clone();
        let ends = [(pc.first(), cc.first()), (pc.last(), cc.last())];
        for (pt, ct) in ends {
            if let (Some(pt), Some(ct)) = (pt, ct)
                && pt.is(Kind::Token)
                && ct.is(Kind::Token)
                && pt.text() == ct.text()
            {
                match self.token(*pt, *ct, &env).into_iter().next() {
                    Some(next) => env = next,
                    None => return Vec::new(),
                }
            }
        }
        env = self.last_comma(&pc, &cc, &env);
        let pi: Vec<_> = pc.into_iter().filter(|n| !n.is(Kind::Token)).collect();
        let open = cc.first().filter(|n| n.is(Kind::Token)).copied();
        let ci: Vec<_> = cc.into_iter().filter(|n| !n.is(Kind::Token)).collect();
        let found = self.row(&pi, &ci, open, &env);
        let inside: Vec<_> = ci.iter().flat_map(|n| in_conditionals(*n)).collect();
        // Only where the conditionals hold what is looked for, they are looked into.
        if found.is_empty() && inside.len() != ci.len() { self.row(&pi, &inside, open, &env) } else { found }
    }

    /// Note the comma behind the last element. Where the code has none, code that hangs on it goes behind the element;
    /// where only the code has one, it goes along with the bracket.
    fn last_comma(&self, pc: &[Node<'p>], cc: &[Node<'_>], env: &Environment) -> Environment {
        let ([.., ours, close], [.., last, _]) = (pc, cc) else { return env.clone() };
        match (is_comma(*ours), is_comma(*last)) {
            (true, true) => self.noted_comma(*ours, last.span(), env),
            (true, false) => self.missing_comma(*ours, last.span().end, env),
            (false, true) => self.goes_along(*close, last.span(), env),
            (false, false) => env.clone(),
        }
    }

    /// The token at `p`, if it goes.
    pub(super) fn removed(&self, p: Node<'p>) -> Option<&'p Piece> {
        self.pattern.piece(p).filter(|piece| piece.atom.mark == Mark::Minus)
    }

    /// What of the code goes with a token of the pattern, if that goes.
    fn goes_along(&self, p: Node<'p>, span: Span, env: &Environment) -> Environment {
        match self.removed(p) {
            Some(piece) => env.touch_quietly(piece.atom.id, span),
            None => env.clone(),
        }
    }

    /// Whether an initialiser names all its fields: their order is free then, and others may stand between.
    pub fn is_unordered(&self, p: Node<'p>) -> bool {
        p.named_children().all(|n| n.is(Kind::InitializerPair) || self.is_dots(n))
    }

    fn is_dots(&self, n: Node<'p>) -> bool {
        matches!(self.whole_leaf(n), Leaf::Slot(Slot::Dots(_)))
    }

    /// Match each field of the pattern with some field of the code. If the braces go, all fields have to be told: what
    /// dots stand for goes along with them.
    pub fn unordered(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let code: Vec<_> = c.named_children().filter(|n| !is_passed_over(*n)).collect();
        let brace =
            |n: Node<'_>, t: &str| n.children().find(|x| x.is(Kind::Token) && x.text() == t).map(|x| x.id());
        let mut braces = env.clone();
        for text in ["{", "}"] {
            if let (Some(a), Some(b)) = (brace(p, text), brace(c, text)) {
                match self.token(p.tree().node(a), c.tree().node(b), &braces) {
                    Some(next) => braces = next,
                    None => return Vec::new(),
                }
            }
        }
        let mut all: Vec<(Environment, Vec<Node<'_>>)> = vec![(braces, code)];
        for field in p.named_children().filter(|n| !self.is_dots(*n)) {
            let mut next = Vec::new();
            for (env, open) in &all {
                for (at, one) in open.iter().enumerate() {
                    let rest =
                        || open.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, n)| *n).collect();
                    let found = self.node(field, *one, env);
                    next.extend(found.iter().map(|env| (self.comma_after(field, *one, env), rest())));
                }
            }
            all = next;
        }
        let dots = p.named_children().find(|n| self.is_dots(*n));
        let close = brace(p, "}").map(|id| p.tree().node(id)).filter(|close| self.removed(*close).is_some());
        let told = |(env, rest): (Environment, Vec<Node<'_>>)| {
            let Some(close) = close else { return Some(env) };
            let gone = match dots {
                Some(dots) => rest.iter().fold(env, |env, n| self.goes_along(dots, n.span(), &env)),
                None if rest.is_empty() => env,
                None => return None,
            };
            let commas = c.children().filter(|n| is_comma(*n));
            Some(commas.fold(gone, |env, comma| self.goes_along(close, comma.span(), &env)))
        };
        all.into_iter().filter_map(told).collect()
    }

    /// Note the comma behind an element of the pattern and the one behind its code.
    fn comma_after(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Environment {
        let comma = |n: Node<'_>| n.next_sibling().filter(|t| is_comma(*t)).map(|t| t.id());
        let Some(ours) = comma(p).map(|id| p.tree().node(id)) else { return env.clone() };
        match comma(c).map(|id| c.tree().node(id)) {
            Some(ct) => self.noted_comma(ours, ct.span(), env),
            None => self.missing_comma(ours, c.span().end, env),
        }
    }

    fn noted_comma(&self, p: Node<'p>, c: Span, env: &Environment) -> Environment {
        match self.pattern.piece(p) {
            Some(piece) => env.touch(piece.atom.id, c),
            None => env.clone(),
        }
    }

    /// Code that hangs on a comma that the code does not have goes where it would be.
    fn missing_comma(&self, p: Node<'p>, at: u32, env: &Environment) -> Environment {
        match self.pattern.piece(p).filter(|piece| piece.atom.hung != Hung::Nothing) {
            Some(piece) => env.touch(piece.atom.id, Span::at(at as usize)),
            None => env.clone(),
        }
    }

    /// Match two rows of elements.
    pub fn items(&self, p: &[Node<'p>], c: &[Node<'_>], env: &Environment) -> Vec<Environment> {
        self.row(p, c, None, env)
    }

    /// Match two rows of elements, of which the code's stands behind `at`, if that is known.
    fn row<'c>(
        &self,
        p: &[Node<'p>],
        c: &[Node<'c>],
        at: Option<Node<'c>>,
        env: &Environment,
    ) -> Vec<Environment> {
        let behind = |taken: &[Node<'c>]| taken.last().copied().or(at);
        let end = at.map(|n| n.span().end);
        let Some((first, rest)) = p.split_first() else {
            return if c.is_empty() { vec![env.clone()] } else { Vec::new() };
        };
        let mut out = Vec::new();
        match self.element(*first) {
            Element::One => {
                let Some((head, tail)) = c.split_first() else { return out };
                for env in self.node(*first, *head, &self.comma(*first, *head, env)) {
                    out.extend(self.row(rest, tail, behind(&[*head]), &env));
                }
            }
            Element::Dots(whens) => {
                for n in 0..=c.len() {
                    let (taken, tail) = c.split_at(n);
                    if n > 0 && self.forbidden(whens, taken[n - 1], env) {
                        break;
                    }
                    let mut env = self.take(*first, taken, end, env);
                    // The comma in front of dots for nothing is the last one.
                    if let ([], [], Some(at), Some(ours)) = (rest, taken, at, comma_before(*first))
                        && let Some(last) = at.next_sibling().filter(|n| is_comma(*n))
                    {
                        env = self.noted_comma(ours, last.span(), &env);
                    }
                    out.extend(self.row(rest, tail, behind(taken), &env));
                }
            }
            Element::List(meta, length) => {
                for n in 0..=c.len() {
                    let (taken, tail) = c.split_at(n);
                    if n > 0 && !fits(meta, taken[n - 1]) {
                        break;
                    }
                    if let Some(env) = self.bind_row((*first, meta, length), taken, end, env) {
                        out.extend(self.row(rest, tail, behind(taken), &env));
                    }
                }
            }
        }
        out
    }

    fn element(&self, p: Node<'p>) -> Element<'p> {
        let leaf = self.whole_leaf(p);
        match leaf {
            Leaf::Slot(Slot::Dots(whens)) => Element::Dots(whens),
            Leaf::Meta(meta) => match &meta.kind {
                MetaKind::ExpressionList(length)
                | MetaKind::ParameterList(length)
                | MetaKind::FieldList(length)
                | MetaKind::StatementList(length)
                | MetaKind::InitializerList(length) => Element::List(meta, length),
                MetaKind::IdentifierList => Element::List(meta, &ListLength::Any),
                _ => Element::One,
            },
            _ => Element::One,
        }
    }

    fn forbidden(&self, whens: &[When], node: Node<'_>, env: &Environment) -> bool {
        whens.iter().any(|w| match w {
            When::Not(p) => p.single().is_some_and(|root| {
                let inner = Matcher::new(p);
                node.descendants().any(|d| !inner.node(root, d, env).is_empty())
            }),
            _ => false,
        })
    }

    /// Note the comma before an element of the pattern and the one before its code.
    fn comma(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Environment {
        let Some(ours) = comma_before(p) else { return env.clone() };
        match comma_before(c) {
            Some(ct) => self.noted_comma(ours, ct.span(), env),
            None => self.missing_comma(ours, c.span().start, env),
        }
    }

    /// Note what a row of elements takes. Code that hangs on one that takes none goes behind `at`.
    fn take(&self, p: Node<'p>, taken: &[Node<'_>], at: Option<u32>, env: &Environment) -> Environment {
        let (Some(first), Some(last)) = (taken.first(), taken.last()) else {
            let hung = self.pattern.piece(p).filter(|piece| piece.atom.hung != Hung::Nothing);
            return match (hung, at) {
                (Some(piece), Some(at)) => env.touch(piece.atom.id, Span::at(at as usize)),
                _ => env.clone(),
            };
        };
        let env = self.comma(p, *first, env);
        match self.pattern.piece(p) {
            Some(piece) => env.touch(piece.atom.id, first.span().cover(last.span())),
            None => env,
        }
    }

    /// Bind a metavariable for statements to a row of them in front of `end`.
    pub fn statement_row(
        &self,
        p: Node<'p>,
        meta: &Metavariable,
        taken: &[Node<'_>],
        end: u32,
        env: &Environment,
    ) -> Option<Environment> {
        let MetaKind::StatementList(length) = &meta.kind else { return None };
        self.bind_row((p, meta, length), taken, Some(end), env)
    }

    fn bind_row(
        &self,
        (p, meta, length): (Node<'p>, &Metavariable, &ListLength),
        taken: &[Node<'_>],
        at: Option<u32>,
        env: &Environment,
    ) -> Option<Environment> {
        let env = with_length(length, taken.len(), &self.take(p, taken, at, env))?;
        let mut binding = Binding::row(taken, Span::default());
        if matches!(meta.kind, MetaKind::ExpressionList(_)) && meta.inherited.is_none() {
            binding = binding.told_apart(taken);
        }
        let keeps_lines = !matches!(meta.kind, MetaKind::ExpressionList(_) | MetaKind::ParameterList(_));
        if let Some(first) = taken.first().filter(|_| keeps_lines) {
            binding = binding.with_column(*first);
        }
        if let Some(old) = env.get(&meta.name) {
            return (old.key == binding.key).then_some(env);
        }
        allowed(meta, &binding, &env).then(|| env.with(&meta.name, binding))
    }
}

/// The environment in which a list has that length, if it may have it.
pub fn with_length(length: &ListLength, count: usize, env: &Environment) -> Option<Environment> {
    let name = match length {
        ListLength::Any => return Some(env.clone()),
        ListLength::Exactly(n) => return (*n == count).then(|| env.clone()),
        ListLength::Within(_, ranges) if !ranges.iter().any(|(a, b)| (*a..=*b).contains(&count)) => {
            return None;
        }
        ListLength::Named(name) | ListLength::Within(name, _) => name,
    };
    let count = count.to_string();
    match env.get(name) {
        Some(bound) => (*bound.text == *count).then(|| env.clone()),
        None => Some(env.with(name, Binding::text(count))),
    }
}

fn fits(meta: &Metavariable, node: Node<'_>) -> bool {
    match meta.kind {
        MetaKind::StatementList(_) => node.kind().is_statement(),
        MetaKind::InitializerList(_) | MetaKind::ExpressionList(_) => kind_fits(meta, node),
        _ => true,
    }
}

/// The elements of a row that a conditional holds, of all its sides; another node is itself.
fn in_conditionals(node: Node<'_>) -> Vec<Node<'_>> {
    use Kind::{PreprocElif, PreprocElifdef, PreprocElse, PreprocIf, PreprocIfdef};
    if !matches!(node.kind(), PreprocIf | PreprocIfdef | PreprocElse | PreprocElif | PreprocElifdef) {
        return vec![node];
    }
    let said = |n: &Node<'_>| !matches!(n.role(), Some(Field::Name | Field::Condition));
    significant(node).filter(said).flat_map(in_conditionals).collect()
}

fn comma_before(node: Node<'_>) -> Option<Node<'_>> {
    let ahead = std::iter::successors(node.prev_sibling(), |n| n.prev_sibling());
    let before = ahead.take(8).find(|n| !is_passed_over(*n))?;
    is_comma(before).then_some(before)
}

fn is_comma(node: Node<'_>) -> bool {
    node.is(Kind::Token) && node.text() == ","
}

/// The children that a pattern can see one by one: no comments, and no attributes, which may stand anywhere.
pub fn significant(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    node.children().filter(|c| !is_passed_over(*c) && !super::attribute::is_attribute(*c))
}

/// Whether a pattern does not see a node: a comment, and of a conditional that splits a statement the directives and the
/// arms that were not read.
pub fn is_passed_over(node: Node<'_>) -> bool {
    match node.kind() {
        Kind::Comment | Kind::UnreadArm => true,
        Kind::PreprocDirective => node.role().is_none(),
        _ => false,
    }
}
