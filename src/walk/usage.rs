//! Which variables live only for one turn of the outer loop.
//!
//! In: a site. Out: the variables whose value neither comes from before the turn nor is read after the loop: cursors,
//! if all they hold are quantities of the walk. It errs on the side of "lives longer".

use super::site::{Site, statements_of};
use crate::flow::access::{Access, accesses};
use crate::syntax::scope::{DeclId, DeclKind, Scopes};
use crate::syntax::{Field, Kind, Node};
use std::collections::BTreeSet;

/// The variables that could be cursors: scalars of the function that live for one turn only.
pub fn candidates<'t>(site: &Site<'t>, scopes: &Scopes<'t>) -> BTreeSet<DeclId> {
    let mut out = BTreeSet::new();
    for declaration in scopes.declarations() {
        let id = declaration.id;
        let scalar = !declaration.ty.is_aggregate() && (!declaration.ty.is_array() || id == site.batch);
        let local = matches!(declaration.kind, DeclKind::Local | DeclKind::Parameter);
        if scalar && local && !live_behind(site, scopes, id) && !live_at_start(site, scopes, id) {
            out.insert(id);
        }
    }
    out
}

/// Whether a variable's value may be read behind the outer loop.
pub fn live_behind(site: &Site<'_>, scopes: &Scopes<'_>, id: DeclId) -> bool {
    let outer = site.outer;
    let in_a_loop = outer.ancestors().take_while(|a| *a != site.function).any(|a| a.kind().is_loop());
    let outside: Vec<_> = scopes
        .uses(id)
        .iter()
        .filter(|u| !outer.encloses(**u) && (in_a_loop || u.span().start >= outer.span().end))
        .collect();
    let Some(first) = outside.first() else { return false };
    // Written anew, on the way that every path takes, before anything reads it.
    let anew = !in_a_loop
        && first.parent().is_some_and(|p| {
            p.is(Kind::AssignmentExpression)
                && p.operator() == Some("=")
                && p.child(Field::Left) == Some(**first)
                && written_on_the_way(p, site)
        });
    !anew
}

/// Whether an assignment stands on the straight way behind the loop, as a statement or at the start of a `for`, with
/// no label in between that other paths could come by.
fn written_on_the_way(assignment: Node<'_>, site: &Site<'_>) -> bool {
    let Some(statement) = assignment.ancestors().find(|a| a.kind().is_statement()) else { return false };
    let direct = statement.is(Kind::ExpressionStatement) && assignment.parent() == Some(statement)
        || statement.is(Kind::ForStatement) && statement.child(Field::Initializer) == Some(assignment);
    if !direct || statement.parent() != site.outer.parent() {
        return false;
    }
    let between = std::iter::successors(site.outer.next_sibling(), |n| n.next_sibling());
    between.take_while(|n| *n != statement).all(|n| n.descendants().all(|d| !d.is(Kind::LabeledStatement)))
}

/// Whether a turn may read a value of the variable from before the turn.
fn live_at_start(site: &Site<'_>, scopes: &Scopes<'_>, id: DeclId) -> bool {
    if site.outer.encloses(scopes.declaration(id).declaration) {
        return false;
    }
    if let Some(condition) = site.outer.child(Field::Condition)
        && reads(condition, scopes, id)
    {
        return true;
    }
    first_access(&site.body, site, scopes, id) == First::Read
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    /// No path touches it.
    None,
    /// Every path that goes on has written it.
    Written,
    /// Some path reads it first.
    Read,
}

fn reads(node: Node<'_>, scopes: &Scopes<'_>, id: DeclId) -> bool {
    scopes.uses(id).iter().any(|u| node.encloses(*u))
}

fn first_access(nodes: &[Node<'_>], site: &Site<'_>, scopes: &Scopes<'_>, id: DeclId) -> First {
    for node in nodes {
        match first_in(*node, site, scopes, id) {
            First::None => {}
            decided => return decided,
        }
    }
    First::None
}

fn first_in(node: Node<'_>, site: &Site<'_>, scopes: &Scopes<'_>, id: DeclId) -> First {
    if !reads(node, scopes, id) {
        return First::None;
    }
    let part = |field| node.child(field).map_or(First::None, |n| first_in(n, site, scopes, id));
    match node.kind() {
        Kind::CompoundStatement => first_access(&statements_of(node), site, scopes, id),
        Kind::IfStatement => match part(Field::Condition) {
            First::None => {
                let then = node.child(Field::Consequence);
                let otherwise = node.child(Field::Alternative).and_then(|e| e.named_children().last());
                let arm = |n: Option<Node<'_>>| {
                    let first = n.map_or(First::None, |n| first_in(n, site, scopes, id));
                    (first, n.is_some_and(leaves))
                };
                match (arm(then), arm(otherwise)) {
                    ((First::Read, _), _) | (_, (First::Read, _)) => First::Read,
                    ((First::Written, _) | (_, true), (First::Written, _) | (_, true)) => First::Written,
                    _ => First::None,
                }
            }
            decided => decided,
        },
        Kind::ForStatement => {
            let order = [Field::Initializer, Field::Condition, Field::Body, Field::Update];
            order.into_iter().map(part).find(|f| *f != First::None).unwrap_or(First::None)
        }
        Kind::WhileStatement | Kind::DoStatement => match part(Field::Condition) {
            First::None => part(Field::Body),
            // The condition of a do loop comes last.
            _ if node.is(Kind::DoStatement) && part(Field::Body) == First::Written => First::Written,
            decided => decided,
        },
        _ => in_expression(node, site, scopes, id),
    }
}

fn in_expression(node: Node<'_>, site: &Site<'_>, scopes: &Scopes<'_>, id: DeclId) -> First {
    let acquired = id == site.batch || id == site.offset;
    if acquired && node.encloses(site.call) {
        return First::Written;
    }
    let all: Vec<Access<'_>> = accesses(node, scopes);
    match all.iter().find(|a| a.decl == id) {
        Some(first) if first.defines() && !first.conditional => First::Written,
        Some(_) => First::Read,
        None => First::None,
    }
}

/// Whether a statement's last part is a jump.
pub fn leaves(node: Node<'_>) -> bool {
    match node.kind() {
        Kind::CompoundStatement => {
            statements_of(node).into_iter().rfind(|s| !s.is(Kind::Comment)).is_some_and(leaves)
        }
        kind => matches!(
            kind,
            Kind::BreakStatement | Kind::ContinueStatement | Kind::GotoStatement | Kind::ReturnStatement
        ),
    }
}
