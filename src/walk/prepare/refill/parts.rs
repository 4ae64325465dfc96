//! The functions of a queue, and how they call each other.
//!
//! In: an acquisition. Out: [`Parts`]: who refills, who takes, who asks in a loop, who drops the rest, each
//! with its statements and with its parameters as the asking function knows them. It refuses functions that
//! others call.

use crate::source::Span;
use crate::syntax::file_scope::{FileFunction, FileScope};
use crate::syntax::scope::{DeclId, DeclKind, Scopes};
use crate::syntax::{Field, Kind, Node};
use crate::walk::eval::unwrapped;
use crate::walk::expressions::is_pure;
use crate::walk::matching::{Bindings, matches};
use crate::walk::queue::Queue;
use crate::walk::site::{self, callee, statements_of};
use crate::walk::spec::{BatchStorage, WalkSpec};
use crate::walk::truth::seen_through;
use crate::walk::usage::leaves;
use std::collections::BTreeMap;

/// A static function with one call, and what its parameters are in the function that asks.
pub(super) struct Callee<'t> {
    pub(super) function: FileFunction<'t>,
    pub(super) scopes: Scopes<'t>,
    pub(super) call: Node<'t>,
    given: BTreeMap<DeclId, String>,
}

/// The functions of a queue.
pub(super) struct Parts<'t> {
    pub(super) refill: Callee<'t>,
    pub(super) get: Callee<'t>,
    pub(super) walk: FileFunction<'t>,
    pub(super) scopes: Scopes<'t>,
    /// The acquisition's call, and what its arguments are.
    pub(super) acquire: Node<'t>,
    pub(super) bindings: Bindings<'t>,
    pub(super) got: DeclId,
    pub(super) condition: Node<'t>,
    /// The statement that takes an element, and the variable that gets it.
    pub(super) take: Node<'t>,
    pub(super) element: DeclId,
    /// The test that leaves if there is none.
    pub(super) test: Node<'t>,
    /// Statements behind it that look at the queue.
    pub(super) cursors: Vec<Node<'t>>,
    /// The rest of the loop's body.
    pub(super) body: Vec<Node<'t>>,
    /// The function that drops the rest.
    pub(super) drop: Option<FileFunction<'t>>,
}

impl<'t> Callee<'t> {
    fn of(file: &FileScope<'t>, name: &str, caller: &dyn Fn(Node<'t>) -> Option<String>) -> Option<Self> {
        let function = file.function(name)?.clone();
        let uses = file.uses(name);
        let [only] = uses.as_slice() else { return None };
        let call = function.node.tree().covering(*only).parent().filter(|p| p.is(Kind::CallExpression))?;
        let scopes = Scopes::of(function.node);
        let arguments: Vec<Node<'t>> = call.child(Field::Arguments)?.named_children().collect();
        let parameters = scopes.declarations().iter().filter(|d| d.kind == DeclKind::Parameter);
        let ids: Vec<DeclId> = parameters.map(|d| d.id).collect();
        let handed: Option<Vec<String>> = arguments.iter().map(|a| caller(*a)).collect();
        let given = ids.iter().copied().zip(handed?).collect();
        (function.is_static && ids.len() == arguments.len()).then_some(Self { function, scopes, call, given })
    }

    /// Code of this function in the words of the one that asks.
    pub(super) fn spelled(&self, node: Node<'t>) -> String {
        spelled(node, &self.scopes, &self.given)
    }

    /// What a local of this function was initialised with, or the expression itself.
    pub(super) fn meant(&self, node: Node<'t>) -> Node<'t> {
        let declared = self.scopes.resolve(node).map(|id| self.scopes.declaration(id));
        declared.and_then(|d| d.initializer).unwrap_or(node)
    }

    /// The same, with another name for one of its locals.
    pub(super) fn spelled_with(&self, node: Node<'t>, local: DeclId, name: &str) -> String {
        let mut given = self.given.clone();
        given.insert(local, name.to_owned());
        spelled(node, &self.scopes, &given)
    }

    /// The parameters of a function that is called here, with the objects as the asking function names them.
    pub(super) fn handed(&self, call: Node<'t>, callee: &Scopes<'t>) -> Option<Vec<(DeclId, String)>> {
        let arguments: Vec<Node<'t>> = call.child(Field::Arguments)?.named_children().collect();
        let parameters = callee.declarations().iter().filter(|d| d.kind == DeclKind::Parameter);
        let pairs = parameters.zip(arguments).map(|(d, a)| {
            let text = plain_argument(a).then(|| self.spelled(a))?;
            Some((d.id, text.trim_start_matches('&').to_owned()))
        });
        pairs.collect()
    }

    /// The object that a variable points to, as the asking function names it.
    pub(super) fn objects(&self) -> impl Iterator<Item = (DeclId, &str)> {
        self.given.iter().map(|(id, text)| (*id, text.trim_start_matches('&')))
    }
}

/// Code with parameters spelled as what is given for them.
fn spelled<'t>(node: Node<'t>, scopes: &Scopes<'t>, given: &BTreeMap<DeclId, String>) -> String {
    let source = node.tree().source();
    let mut out = String::new();
    let mut at = node.span().start;
    for name in node.descendants().filter(|n| n.is(Kind::Identifier)) {
        let Some(text) = scopes.resolve(name).and_then(|id| given.get(&id)) else { continue };
        out.push_str(source.slice(Span { start: at, end: name.span().start }));
        let field =
            name.parent().filter(|p| p.operator() == Some("->") && p.child(Field::Argument) == Some(name));
        let pointed = field.and_then(|f| Some((text.strip_prefix('&')?, f.child(Field::Field)?)));
        match pointed {
            Some((object, field)) => {
                out.push_str(&format!("{object}."));
                at = field.span().start;
            }
            None => {
                out.push_str(text);
                at = name.span().end;
            }
        }
    }
    out.push_str(source.slice(Span { start: at, end: node.span().end }));
    out
}

/// A name, or its address.
fn plain_argument(node: Node<'_>) -> bool {
    let node = if node.operator() == Some("&") { node.child(Field::Argument).unwrap_or(node) } else { node };
    node.is(Kind::Identifier)
}

impl<'t> Parts<'t> {
    pub(super) fn of(spec: &WalkSpec, file: &FileScope<'t>, call: Node<'t>) -> Option<Self> {
        let queue = Queue::of(spec, call)?;
        let walk = file.function(queue.walks.0)?.clone();
        let scopes = Scopes::of(walk.node);
        let own = |n: Node<'t>| plain_argument(n).then(|| n.text().to_owned());
        let get = Callee::of(file, queue.takes.0, &own)?;
        let handed = |n: Node<'t>| plain_argument(n).then(|| get.spelled(n));
        let refill = Callee::of(file, queue.refills, &handed)?;
        let given = spec.acquires.iter().filter(|a| a.storage == BatchStorage::Given);
        let bindings = given.filter_map(|a| matches(&a.pattern, call)).next()?;
        let got = site::assigned_to(call, &refill.scopes)?;
        let looping = queue.walks.1;
        let condition =
            looping.child(Field::Condition).map(unwrapped).filter(|_| looping.is(Kind::WhileStatement))?;
        let mut statements = statements_of(looping.child(Field::Body)?).into_iter();
        let take = statements.find(|s| s.encloses(get.call))?;
        let element = site::assigned_to(get.call, &scopes)?;
        let listed = matches!(take.kind(), Kind::ExpressionStatement | Kind::Declaration);
        let mut behind: Vec<Node<'t>> = statements.collect();
        let test = *behind.iter().find(|n| !matches!(n.kind(), Kind::Comment | Kind::Declaration))?;
        behind.retain(|n| n.span().start > test.span().start);
        let taken = test.child(Field::Condition).map(|c| seen_through(spec, unwrapped(c)))?;
        let fails = spec
            .failed
            .iter()
            .find_map(|p| matches(p, taken)?.get("x"))
            .or_else(|| taken.child(Field::Argument).filter(|_| taken.operator() == Some("!")));
        let leaving = test.is(Kind::IfStatement)
            && test.child(Field::Alternative).is_none()
            && test.child(Field::Consequence).is_some_and(leaves)
            && fails.and_then(|n| scopes.resolve(unwrapped(n))) == Some(element);
        let unfit = |n: Node<'t>| n.is(Kind::PreprocIf) || n.is(Kind::PreprocIfdef) || n.kind().is_opaque();
        let functions = [walk.node, get.function.node, refill.function.node];
        let fits = leaving
            && listed
            && is_pure(&spec.pure, condition)
            && !functions.iter().any(|f| f.descendants().any(unfit));
        let drop = queue.drops.and_then(|(name, _)| file.function(name)).cloned();
        let mut parts = Self {
            refill,
            get,
            walk,
            scopes,
            acquire: call,
            bindings,
            got,
            condition,
            take,
            element,
            test,
            cursors: Vec::new(),
            body: Vec::new(),
            drop,
        };
        let fields = parts.fields();
        let looks = |n: &Node<'t>| n.descendants().any(|f| parts.is_of_queue(f, &fields));
        let first = behind.iter().take_while(|n| n.is(Kind::Comment) || looks(n)).count();
        let rest = behind.split_off(first);
        let elsewhere = rest.iter().any(&looks) || looks(&test) || looks(&condition);
        parts.cursors = behind;
        parts.body = rest;
        (fits && !elsewhere).then_some(parts)
    }

    /// The fields that the refilling function sets, and the array, by their names.
    pub(super) fn fields(&self) -> Vec<&'t str> {
        let body = self.refill.function.node;
        let target = |n: Node<'t>| match n.kind() {
            Kind::AssignmentExpression => n.child(Field::Left),
            _ => None,
        };
        let written = body.descendants().filter_map(target).filter(|n| n.is(Kind::FieldExpression));
        let offset = self.bindings.get("offset");
        let array = self.bindings.get("batch");
        let counted = self.bindings.get("iter");
        let names = written.chain(offset).chain(array).filter(|n| Some(*n) != counted);
        let own = |n: &Node<'t>| {
            // What is told to others is no part of the queue.
            let name = n.child(Field::Field).map(Node::text);
            let functions = [self.get.function.node, self.walk.node];
            let read =
                |f: &Node<'t>| f.descendants().any(|d| d.is(Kind::FieldIdentifier) && Some(d.text()) == name);
            functions.iter().any(read)
        };
        let mut out: Vec<&'t str> =
            names.filter(own).filter_map(|n| n.child(Field::Field)).map(Node::text).collect();
        out.sort_unstable();
        out.dedup();
        out
    }

    /// Whether a node is `object->field` for a field of the queue, in the function that asks.
    fn is_of_queue(&self, node: Node<'t>, fields: &[&str]) -> bool {
        let field = node.child(Field::Field).filter(|_| node.is(Kind::FieldExpression));
        let object = node.child(Field::Argument).map(Node::text);
        field.is_some_and(|f| fields.contains(&f.text()))
            && self.refill.objects().any(|(_, text)| Some(text) == object)
    }

    /// The walked object in the words of the function that asks.
    pub(super) fn object_text(&self) -> String {
        self.bindings.get("iter").map(|n| self.refill.spelled(n)).unwrap_or_default()
    }

    /// The array in the words of the function that asks.
    pub(super) fn array_text(&self) -> String {
        self.bindings.get("batch").map(|n| self.refill.spelled(n)).unwrap_or_default()
    }

    /// A function of this file that a call calls.
    pub(super) fn asked(&self, call: Node<'t>) -> Option<Scopes<'t>> {
        site::definition(call.tree().root(), callee(call)?).map(Scopes::of)
    }

    /// What a function returns that does nothing else.
    pub(super) fn only_returned(&self, scopes: &Scopes<'t>) -> Option<Node<'t>> {
        let mut statements = statements_of(scopes.function().child(Field::Body)?);
        statements.retain(|n| !n.is(Kind::Comment));
        let [only] = statements.as_slice() else { return None };
        only.named_children().next().filter(|_| only.is(Kind::ReturnStatement))
    }
}
