//! One element of a pattern at one vertex.
//!
//! In: an element, what of it is meant, and a vertex. Out: every way to match them. What stands below a header is no
//! part of it: it has vertices of its own.

use super::Solver;
use crate::matcher::declaration::is_any;
use crate::matcher::environment::Environment;
use crate::matcher::first::FirstOf;
use crate::matcher::formula::{Item, Part};
use crate::matcher::graph::{VertexKind, loop_body};
use crate::matcher::list::{is_passed_over, significant};
use crate::matcher::node::{Matcher, is_value};
use crate::matcher::noted::touched;
use crate::smpl::pattern::{Leaf, Slot};
use crate::source::Span;
use crate::syntax::{Field, Kind, Node};

impl<'g, 'p> Solver<'g, 'p> {
    pub(super) fn at(&self, item: Item<'p>, v: usize, env: &Environment) -> Vec<Environment> {
        let vertex = &self.graph.vertices[v];
        let (m, p) = (item.matcher, item.node);
        let code = self.code(v);
        match (item.part, vertex.kind) {
            (Part::Simple, VertexKind::Simple) => m.simple(p, code, env),
            (Part::Whole, VertexKind::Simple | VertexKind::Header) => m.node(p, code, env),
            (Part::Whole, VertexKind::Open) if !vertex.fake => m.node(p, code, env),
            (Part::Any, VertexKind::Simple | VertexKind::Header) => vec![env.clone()],
            (Part::Any, VertexKind::Open) if !vertex.fake => vec![env.clone()],
            (Part::Inside, VertexKind::Simple | VertexKind::Header | VertexKind::Tail) => {
                let nodes = self.evaluated(v);
                let is_code = |n: Node<'_>| match n.kind() {
                    Kind::TypeIdentifier => n.role() != Some(Field::Name),
                    Kind::FieldIdentifier | Kind::StatementIdentifier => false,
                    Kind::Identifier => is_value(n),
                    _ => true,
                };
                let candidates = nodes.into_iter().filter(|n| item.kinds.contains(n.kind()) && is_code(*n));
                match m.whole_leaf(p) {
                    Leaf::Slot(Slot::Disjunction(all)) if all.len() > 1 => {
                        let mut first = FirstOf::new(m, p, all);
                        candidates.flat_map(|n| first.at(n, env)).collect()
                    }
                    _ => candidates.flat_map(|n| m.node(p, n, env)).collect(),
                }
            }
            (Part::Header, VertexKind::Header) if p.kind() == code.kind() => m.header(p, code, env),
            (Part::Opposite, VertexKind::Header) if code.is(Kind::IfStatement) => m.opposite(p, code, env),
            (Part::Condition, VertexKind::Header) => match code.child(Field::Condition) {
                Some(condition) => {
                    let inner = condition.named_children().next();
                    let bare = inner.filter(|_| condition.is(Kind::ParenthesizedExpression));
                    m.node(p, bare.unwrap_or(condition), env)
                }
                None => Vec::new(),
            },
            (Part::Open, VertexKind::Open) => m.brace(p, code, "{", env).into_iter().collect(),
            (Part::Close, VertexKind::Open | VertexKind::Close) => {
                m.brace(p, code, "}", env).into_iter().collect()
            }
            (Part::MissingClose, VertexKind::Simple | VertexKind::Header) => {
                let end = code.span().end as usize;
                let last = m.pattern.pieces_of(p).last().map(|x| x.atom.id);
                let closed = last.map(|id| env.touch(id, Span::new(end.saturating_sub(1), end)));
                vec![closed.unwrap_or_else(|| env.clone())]
            }
            (Part::Else, VertexKind::Else) => match (p.children().next(), code.children().next()) {
                (Some(a), Some(b)) if a.is(Kind::Token) && b.is(Kind::Token) => {
                    m.token(a, b, env).into_iter().collect()
                }
                _ => vec![env.clone()],
            },
            (Part::Tail, VertexKind::Tail) => m.row_of(&tail(p), &tail(code), env),
            (Part::Function, VertexKind::Function) => m.function_header(p, code, env),
            (Part::ReturnAtEnd, VertexKind::Close) => {
                let ends = vertex.next.iter().any(|n| self.graph.vertices[*n].kind == VertexKind::End);
                if vertex.fake || !ends { Vec::new() } else { m.at_end(p, code, env) }
            }
            (Part::Deleted, kind) => vec![self.deleted(item, kind, code, env)],
            _ => Vec::new(),
        }
    }

    /// The nodes that a vertex evaluates: a header's condition, not its branches.
    fn evaluated(&self, v: usize) -> Vec<Node<'g>> {
        let node = self.code(v);
        match self.graph.vertices[v].kind {
            VertexKind::Simple => node.descendants().collect(),
            VertexKind::Tail => {
                node.child(Field::Condition).into_iter().flat_map(Node::descendants).collect()
            }
            VertexKind::Header if node.is(Kind::DoStatement) => Vec::new(),
            VertexKind::Header => {
                let own = node.named_children().filter(|c| {
                    let initial = c.is(Kind::Declaration) && c.role() == Some(Field::Initializer);
                    initial || !c.kind().is_statement() && !c.is(Kind::ElseClause)
                });
                own.flat_map(Node::descendants).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Dots on a minus line take what they skip.
    fn deleted(&self, item: Item<'p>, kind: VertexKind, code: Node<'_>, env: &Environment) -> Environment {
        let Some(piece) = item.matcher.pattern.piece(item.node) else { return env.clone() };
        match kind {
            VertexKind::Simple | VertexKind::Header => env.touch(piece.atom.id, code.span()),
            // All of a function's body.
            VertexKind::Open => {
                let mut inner = code.named_children().filter(|n| !n.is(Kind::Comment));
                let Some(first) = inner.next() else { return env.clone() };
                let last = inner.last().unwrap_or(first);
                env.touch(piece.atom.id, first.span().cover(last.span()))
            }
            _ => env.clone(),
        }
    }
}

/// What stands behind the body of `do`.
fn tail(n: Node<'_>) -> Vec<Node<'_>> {
    let end = n.child(Field::Body).map_or(0, |b| b.span().end);
    significant(n).filter(|c| c.span().start >= end).collect()
}

impl<'p> Matcher<'p> {
    /// A brace of a compound statement.
    fn brace(&self, p: Node<'p>, c: Node<'_>, text: &str, env: &Environment) -> Option<Environment> {
        match (brace_of(p, text), brace_of(c, text)) {
            (Some(a), Some(b)) => self.token(a, b, env),
            _ => Some(env.clone()),
        }
    }

    fn simple(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let found = self.node(p, c, env);
        let plain = c.is(Kind::ReturnStatement) && c.named_children().next().is_none();
        if !found.is_empty() || !plain || !p.is(Kind::ReturnStatement) {
            return found;
        }
        // `return ...;` is `return;` too.
        let dots = p.named_children().next().map(|n| self.whole_leaf(n));
        if !matches!(dots, Some(Leaf::Slot(Slot::Dots(_)))) {
            return found;
        }
        let pairs = tokens(p).into_iter().zip(tokens(c));
        pairs.fold(vec![env.clone()], |all, (a, b)| all.iter().filter_map(|e| self.token(a, b, e)).collect())
    }

    /// The tokens and parts of two rows, one by one.
    fn row_of(&self, p: &[Node<'p>], c: &[Node<'_>], env: &Environment) -> Vec<Environment> {
        if p.len() != c.len() {
            return Vec::new();
        }
        let mut all = vec![env.clone()];
        for (p, c) in p.iter().zip(c) {
            all = all.iter().flat_map(|env| self.node(*p, *c, env)).collect();
            if all.is_empty() {
                break;
            }
        }
        all
    }

    /// The header's own parts, without the branches.
    fn header(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        match p.kind() {
            Kind::ForStatement => self.for_header(p, c, env),
            Kind::DoStatement => self.row_of(&keyword(p), &keyword(c), env),
            _ => self.row_of(&head(p), &head(c), env),
        }
    }

    /// The header of an `if` whose condition is the opposite of the pattern's.
    fn opposite(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let (p, c) = (head(p), head(c));
        let ([p_if, p_condition], [c_if, c_condition]) = (p.as_slice(), c.as_slice()) else {
            return Vec::new();
        };
        let Some(statement) = p_if.parent() else { return Vec::new() };
        let (Some(asked), Some(given)) =
            (p_condition.named_children().next(), c_condition.named_children().next())
        else {
            return Vec::new();
        };
        let mut pairs = vec![(*p_if, *c_if)];
        pairs.extend(tokens(*p_condition).into_iter().zip(tokens(*c_condition)));
        let start = pairs.into_iter().try_fold(env.clone(), |env, (a, b)| self.token(a, b, &env));
        let Some(env) = start else { return Vec::new() };
        match self.pattern.negated(statement) {
            Some(negated) => match negated.single() {
                Some(root) => Matcher::new(negated).node(root, given, &env),
                None => Vec::new(),
            },
            // Dots are their own opposite.
            None => self.node(asked, given, &env),
        }
    }

    fn for_header(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let mut all = vec![env.clone()];
        for (a, b) in separators(p).into_iter().zip(separators(c)) {
            all = all.iter().filter_map(|e| self.token(a, b, e)).collect();
        }
        for field in [Field::Initializer, Field::Condition, Field::Update] {
            all = match (p.child(field), c.child(field)) {
                (None, None) => all,
                (Some(a), code) if matches!(self.whole_leaf(a), Leaf::Slot(Slot::Dots(_))) => match code {
                    Some(b) => all.iter().filter_map(|env| self.noted(a, b.span(), b, env)).collect(),
                    None => all,
                },
                (Some(a), Some(b)) => all.iter().flat_map(|env| self.node(a, b, env)).collect(),
                _ => return Vec::new(),
            };
        }
        all
    }

    fn function_header(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        if c.is(Kind::MacroFunctionDefinition) {
            return self.untyped_header(p, c, env);
        }
        let declarators = (p.child(Field::Declarator), c.child(Field::Declarator));
        let (Some(pd), Some(cd)) = declarators else { return Vec::new() };
        let specified = self.specifiers(p, c, env);
        specified.iter().flat_map(|env| self.typed(p, Some(pd), c, Some(cd), env)).collect()
    }

    /// A function without a type, old or made by a macro, for a pattern that leaves the type open.
    fn untyped_header(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let declarator = p.child(Field::Declarator).filter(|d| d.is(Kind::FunctionDeclarator));
        let (Some(pd), true) = (declarator, p.child(Field::Type).is_some_and(is_any)) else {
            return Vec::new();
        };
        let mut all = self.specifiers(p, c, env);
        for (field, other) in [(Field::Declarator, Field::Name), (Field::Parameters, Field::Parameters)] {
            all = match (pd.child(field), c.child(other)) {
                (Some(a), Some(b)) => all.iter().flat_map(|env| self.node(a, b, env)).collect(),
                _ => Vec::new(),
            };
        }
        all
    }

    /// A plain `return;` where the function ends: what is added in front of it is added there, and it stands at the brace.
    fn at_end(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let Some(brace) = brace_of(c, "}") else { return Vec::new() };
        let at = Span::at(brace.span().start as usize);
        let mut pieces = self.pattern.pieces_of(p).iter();
        let all = |env: Environment, piece| self.placed(piece, brace.span(), c, touched(piece, at, &env));
        pieces.try_fold(env.clone(), all).into_iter().collect()
    }
}

fn brace_of<'t>(n: Node<'t>, text: &str) -> Option<Node<'t>> {
    let mut all = n.children().filter(|t| t.is(Kind::Token) && t.text() == text);
    if text == "}" { all.last() } else { all.next() }
}

fn tokens(n: Node<'_>) -> Vec<Node<'_>> {
    significant(n).filter(|t| t.is(Kind::Token)).collect()
}

/// The tokens of the header of a `for`; a declaration brings its own semicolon.
fn separators(n: Node<'_>) -> Vec<Node<'_>> {
    let mut own = tokens(n);
    let declared = n.child(Field::Initializer).filter(|i| i.is(Kind::Declaration));
    if let Some(semicolon) = declared.and_then(|d| tokens(d).pop()) {
        own.insert(2.min(own.len()), semicolon);
    }
    own
}

fn keyword(n: Node<'_>) -> Vec<Node<'_>> {
    significant(n).take(1).collect()
}

/// What stands in front of the parts of a statement.
fn head(n: Node<'_>) -> Vec<Node<'_>> {
    let end = match n.kind() {
        Kind::IfStatement => n.child(Field::Consequence),
        Kind::SwitchStatement => n.child(Field::Body),
        Kind::CaseStatement => crate::matcher::graph::case_body(n).into_iter().next(),
        Kind::LabeledStatement => {
            n.named_children().find(|c| c.role() != Some(Field::Label) && !is_passed_over(*c))
        }
        _ => loop_body(n),
    };
    let end = end.map_or(n.span().end, |b| b.span().start);
    significant(n).filter(|c| c.span().start < end && !c.is(Kind::ElseClause)).collect()
}
