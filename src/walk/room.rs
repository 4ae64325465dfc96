//! Whether there is always room for an element when a batch is acquired.
//!
//! In: the limit on elements that is given to the acquisition. Out: nothing, if it is a number, does not
//! change in the loop, or is asked for in front of every acquisition; and whether a limit that does not
//! change may be zero from the start, which a reviewer has to know. It refuses a limit that may run down to
//! zero: then nothing is got, the loop ends with that, and the helper, which has its own batches, would go
//! on.
//!
//! Capabilities (tests/README.md): 9, loops that are never entered, values behind the loop; 11, limits of a
//! batch.

use super::control::initial;
use super::eval::{Evaluator, number, unwrapped};
use super::expressions::{is_pure, looks_up, same_text};
use super::output::FailureArm;
use super::refusal::{Refusal, RefusalCode};
use super::site::Site;
use super::total::{Total, above_zero, sides_of_least};
use super::truth::Relation;
use super::usage::leaves;
use crate::flow::access::accesses;
use crate::syntax::scope::{DeclId, DeclKind};
use crate::syntax::{Field, Kind, Node};

/// How many variables are followed to their values.
const DEPTH: u32 = 4;

/// Check the limit on elements.
pub(super) fn check_room<'t>(eval: &Evaluator<'_, 't>, total: &Total<'t>) -> Result<(), Refusal> {
    let Some(slots) = eval.site.slots.map(unwrapped) else { return Ok(()) };
    let room = Room { eval, held: held(eval, total) };
    if room.is_there(slots, 0) {
        return Ok(());
    }
    let sentence = "this may run down to zero, and nothing asks for that in front of the acquisition";
    Err(Refusal::new(RefusalCode::RoomRunsOut, slots.span(), sentence))
}

/// The limit, if nothing tells that there is room for an element when the loop is come to.
pub(super) fn room_taken_for_granted<'t>(eval: &Evaluator<'_, 't>, total: &Total<'t>) -> Option<Node<'t>> {
    let slots = eval.site.slots.map(unwrapped)?;
    let mut held = held(eval, total);
    held.extend(held_at_entry(eval.site.outer));
    Room { eval, held }.may_be_zero(slots, 0).then_some(slots)
}

/// Whether what holds, or does not, when a batch is acquired stays so within what was a batch: it says whether there is
/// room, and the acquisition is given no more than that, or nothing in the loop changes what it asks.
pub(super) fn keeps_batches_whole<'t>(eval: &Evaluator<'_, 't>, condition: Node<'t>, holds: bool) -> bool {
    let room = Room { eval, held: vec![(condition, holds)] };
    let limits = eval.site.slots.into_iter().chain([eval.site.bytes]);
    room.is_steady(condition) || limits.into_iter().any(|limit| room.is_asked(limit, 0))
}

/// Conditions that hold, or do not, whenever a batch is acquired.
fn held<'t>(eval: &Evaluator<'_, 't>, total: &Total<'t>) -> Vec<(Node<'t>, bool)> {
    let site = eval.site;
    let mut out: Vec<_> =
        (!is_tested_late(site)).then_some((total.condition, site.test.is_none())).into_iter().collect();
    let in_front =
        site.body.iter().filter(|n| n.is(Kind::IfStatement) && n.span().end <= site.call.span().start);
    for test in in_front {
        let leaving = test.child(Field::Consequence).is_some_and(leaves);
        out.extend(test.child(Field::Condition).filter(|_| leaving).map(|condition| (condition, false)));
    }
    out
}

/// A loop that acquires before it asks whether anything is left must have something to acquire when it is come to: the
/// helper does not fail where there is nothing.
pub(super) fn check_entered<'t>(
    eval: &Evaluator<'_, 't>,
    total: &Total<'t>,
    failure: &FailureArm<'t>,
) -> Result<(), Refusal> {
    if !is_tested_late(eval.site) || !failure.nothing_fails {
        return Ok(());
    }
    let room = Room { eval, held: held_at_entry(eval.site.outer) };
    let counted = above_zero(total.condition).unwrap_or(total.condition);
    let left = total.position.into_iter().chain([counted, eval.site.bytes]);
    if left.into_iter().any(|left| room.is_held(unwrapped(left))) {
        return Ok(());
    }
    let sentence = "if there is nothing to walk, this acquires once and fails; the helper would not";
    let asked = failure.test.child(Field::Condition).map_or(failure.test, unwrapped);
    Err(Refusal::new(RefusalCode::ErrorChannels, asked.span(), sentence))
}

/// Conditions that hold, or do not, when a loop is come to.
fn held_at_entry(outer: Node<'_>) -> Vec<(Node<'_>, bool)> {
    let mut held = Vec::new();
    for inside in std::iter::once(outer).chain(outer.ancestors()) {
        let Some(around) = inside.parent() else { break };
        let earlier =
            around.named_children().take_while(|n| *n != inside).filter(|n| n.is(Kind::IfStatement));
        let leaving = earlier.filter(|n| n.child(Field::Consequence).is_some_and(leaves));
        held.extend(leaving.filter_map(|n| n.child(Field::Condition)).map(|condition| (condition, false)));
        if around.is(Kind::IfStatement) && inside.role() == Some(Field::Consequence) {
            held.extend(around.child(Field::Condition).map(|condition| (condition, true)));
        }
    }
    held
}

/// Whether the loop acquires before it asks whether anything is left.
fn is_tested_late(site: &Site<'_>) -> bool {
    site.outer.is(Kind::DoStatement) || site.test.is_some_and(|t| t.span().start > site.call.span().start)
}

/// What is known of the room.
struct Room<'a, 'b, 't> {
    eval: &'a Evaluator<'b, 't>,
    held: Vec<(Node<'t>, bool)>,
}

impl<'t> Room<'_, '_, 't> {
    /// Whether a limit is above zero at every acquisition, if it is at the first.
    fn is_there(&self, limit: Node<'t>, depth: u32) -> bool {
        let limit = unwrapped(limit);
        if self.is_steady(limit) || self.is_held(limit) {
            return true;
        }
        let least = sides_of_least(self.eval.spec, limit);
        if !least.is_empty() {
            return least.into_iter().all(|side| self.is_there(side, depth));
        }
        depth < DEPTH && self.given(limit).is_some_and(|value| self.is_there(value, depth + 1))
    }

    /// Whether what is held is about a limit, or about a side of a minimum.
    fn is_asked(&self, limit: Node<'t>, depth: u32) -> bool {
        let limit = unwrapped(limit);
        // A limit that something smaller is counted up to says nothing of how much is left.
        self.is_above(limit, &|_| false)
            || sides_of_least(self.eval.spec, limit).into_iter().any(|side| self.is_asked(side, depth))
            || depth < DEPTH && self.given(limit).is_some_and(|value| self.is_asked(value, depth + 1))
    }

    /// Whether a limit may be zero at the first acquisition, as far as the code tells.
    fn may_be_zero(&self, limit: Node<'t>, depth: u32) -> bool {
        let limit = unwrapped(limit);
        let first = |n: Node<'t>| self.eval.scopes.resolve(n).and_then(|id| initial(self.eval, id).0);
        let counts_up = |n: Node<'t>| is_number(n) || first(n).is_some_and(is_number);
        if self.is_held(limit) || self.is_above(limit, &counts_up) {
            return false;
        }
        let least = sides_of_least(self.eval.spec, limit);
        if !least.is_empty() {
            return least.into_iter().any(|side| self.may_be_zero(side, depth));
        }
        if let Some(value) = self.given(limit).or_else(|| first(limit)).filter(|_| depth < DEPTH) {
            return self.may_be_zero(value, depth + 1);
        }
        let is_variable = |id: DeclId| {
            let declaration = self.eval.scopes.declaration(id);
            matches!(declaration.kind, DeclKind::Local | DeclKind::Parameter) && !declaration.ty.is_array()
        };
        let read = accesses(limit, self.eval.scopes);
        let varies = read.iter().any(|a| a.uses() && limit.encloses(a.node) && is_variable(a.decl));
        varies || !is_pure(&self.eval.spec.pure, limit) || limit.text() == "0"
    }

    /// Whether something that is held says that a limit is not zero.
    fn is_held(&self, limit: Node<'t>) -> bool {
        let unsigned = |n: Node<'t>| {
            self.eval.scopes.resolve(n).is_some_and(|id| self.eval.scopes.declaration(id).ty.is_unsigned())
        };
        self.is_above(limit, &unsigned)
    }

    /// The same, where `natural` are quantities that are not below zero.
    fn is_above(&self, limit: Node<'t>, natural: &dyn Fn(Node<'t>) -> bool) -> bool {
        self.held.iter().any(|(condition, holds)| self.eval.says(*condition, *holds, limit, natural))
    }

    /// The only value that a limit gets in the loop, in front of the acquisition, if it is a variable.
    fn given(&self, limit: Node<'t>) -> Option<Node<'t>> {
        self.eval.scopes.resolve(limit).and_then(|id| self.given_in_front(id))
    }

    /// The only value that a variable gets in the loop, in front of the acquisition.
    fn given_in_front(&self, id: DeclId) -> Option<Node<'t>> {
        let site = self.eval.site;
        let written = accesses(site.outer, self.eval.scopes);
        let mut written = written.iter().filter(|a| a.decl == id && (a.may_define() || a.takes_address()));
        let (first, second) = (written.next()?, written.next());
        let holder = first.place.parent()?;
        let value = match holder.kind() {
            Kind::AssignmentExpression if holder.operator() == Some("=") => holder.child(Field::Right),
            Kind::InitDeclarator => holder.child(Field::Value),
            _ => None,
        };
        let statement = holder.parent().filter(|s| site.body.contains(s))?;
        value.filter(|_| second.is_none() && statement.span().end <= site.call.span().start)
    }

    /// Whether nothing in the loop changes what an expression is.
    fn is_steady(&self, limit: Node<'t>) -> bool {
        let site = self.eval.site;
        let changed: Vec<DeclId> = accesses(site.outer, self.eval.scopes)
            .iter()
            .filter(|a| a.may_define() || a.takes_address())
            .map(|a| a.decl)
            .collect();
        let read = accesses(limit, self.eval.scopes);
        let own = read.iter().all(|a| !a.uses() || !changed.contains(&a.decl));
        let evaluated = read.iter().any(|a| a.uses() && limit.encloses(a.node));
        let pure = |n: Node<'t>| is_pure(&self.eval.spec.pure, n);
        let looked_up = limit.descendants().any(|n| looks_up(n) && !(n.is(Kind::CallExpression) && pure(n)));
        let acts = || {
            let calls = site.outer.descendants().filter(|n| n.is(Kind::CallExpression) && *n != site.call);
            let writes =
                |n: &Node<'t>| n.child(Field::Left).or(n.child(Field::Argument)).is_some_and(looks_up);
            let moves =
                |n: &Node<'t>| matches!(n.kind(), Kind::AssignmentExpression | Kind::UpdateExpression);
            calls.into_iter().any(|call| !pure(call))
                || site.outer.descendants().any(|n| moves(&n) && writes(&n))
        };
        pure(limit) && own && (!looked_up || !evaluated || !acts())
    }
}

impl<'t> Evaluator<'_, 't> {
    /// Whether a condition that holds, or does not, says that a quantity is not zero; `natural` are not below zero.
    fn says(
        &self,
        condition: Node<'t>,
        holds: bool,
        limit: Node<'t>,
        natural: &dyn Fn(Node<'t>) -> bool,
    ) -> bool {
        let condition = self.seen_through(unwrapped(condition));
        if same_text(condition, limit) {
            return holds;
        }
        let sides =
            (condition.child(Field::Left).map(unwrapped), condition.child(Field::Right).map(unwrapped));
        let says = |part: Node<'t>, holds: bool| self.says(part, holds, limit, natural);
        match (condition.operator(), sides) {
            (Some("!"), _) => condition.child(Field::Argument).is_some_and(|n| says(n, !holds)),
            (Some("&&" | "||"), (Some(left), Some(right))) => {
                let both = (condition.operator() == Some("&&")) == holds;
                both && (says(left, holds) || says(right, holds))
            }
            (Some(operator), (Some(left), Some(right))) => Relation::of(operator).is_some_and(|relation| {
                let relation = if holds { relation } else { relation.negated() };
                sets_apart(left, right, relation, limit, natural)
                    || sets_apart(right, left, relation.mirrored(), limit, natural)
            }),
            _ => false,
        }
    }
}

/// Whether `left relation right` says that a limit is not zero: it is `left`, which is above something natural or not 0, or
/// it is `left - right`.
fn sets_apart<'t>(
    left: Node<'t>,
    right: Node<'t>,
    relation: Relation,
    limit: Node<'t>,
    natural: &dyn Fn(Node<'t>) -> bool,
) -> bool {
    let above = relation == Relation::Greater;
    if !above && relation != Relation::NotEqual {
        return false;
    }
    let apart = same_text(left, limit) && (right.text() == "0" || above && natural(right));
    let sides = (limit.child(Field::Left).map(unwrapped), limit.child(Field::Right).map(unwrapped));
    apart
        || limit.operator() == Some("-")
            && matches!(sides, (Some(a), Some(b)) if same_text(a, left) && same_text(b, right))
}

/// A number that is not below zero.
fn is_number(node: Node<'_>) -> bool {
    number(node.text()).is_some_and(|n| n >= 0)
}

#[cfg(test)]
mod tests {
    use crate::walk::testing::{verdict, verdict_of_limited};

    /// The code, or `walk`.
    fn limited(limit: &str, in_front: &str, body: &str) -> String {
        verdict_of_limited(limit, in_front, body).split_whitespace().next().unwrap_or_default().to_owned()
    }

    #[test]
    fn what_the_body_uses_up_has_to_be_asked_for() {
        assert_eq!(limited("8 - used", "", "used++"), "room-runs-out");
        assert_eq!(limited("8 - used", "if (used == 8)\n\t\t\treturn -EFBIG;", "used++"), "walk");
        assert_eq!(limited("8 - used", "if (used >= 8)\n\t\t\treturn -EFBIG;", "used++"), "walk");
        assert_eq!(limited("8 - used", "if (used == 9)\n\t\t\treturn -EFBIG;", "used++"), "room-runs-out");
        assert_eq!(limited("smaller(16, 8 - used)", "", "used++"), "room-runs-out");
        let kept = "most = 8 - used;\n\t\tif (!most)\n\t\t\treturn -EFBIG;";
        assert_eq!(limited("most", kept, "used++"), "walk");
        assert_eq!(limited("most", "most = 8 - used;", "used++"), "room-runs-out");
    }

    #[test]
    fn what_may_be_zero_from_the_start_is_told() {
        let noted = |limit: &str, first: &str| {
            let limit = format!("got = take_batch(iter, parts, ~0UL, {limit}, &off);");
            let first = format!("int k, ret = 0, most = object->room;\n{first}");
            verdict(&[
                ("got = take_batch(iter, parts, ~0UL, 16, &off);", &limit),
                ("int k, ret = 0;", &first),
            ])
        };
        let above = |asked: &str, limit: &str| {
            let limit = format!("got = take_batch(iter, parts, ~0UL, {limit}, &off);");
            let condition = format!("left_in(iter) && {asked}");
            verdict(&[
                ("got = take_batch(iter, parts, ~0UL, 16, &off);", &limit),
                ("left_in(iter)", &condition),
                (
                    "int k, ret = 0;",
                    "int k, ret = object->ret, most = object->room;\n\tunsigned int used = 0;",
                ),
                ("see(object, parts[k], off, len);", "used++;\n\t\t\tsee(object, parts[k], off, len);"),
            ])
        };
        assert_eq!(noted("most", ""), "walk N26");
        assert_eq!(noted("smaller(16, most)", ""), "walk N26");
        assert_eq!(noted("most", "\n\tif (most == 0)\n\t\treturn -EINVAL;\n"), "walk");
        assert_eq!(noted("most", "\n\tmost = 8;\n"), "walk");
        assert_eq!(above("ret < most", "most"), "walk N2 N26", "`ret` may be below zero");
        assert_eq!(above("used < most", "most - used"), "walk N2");
        assert_eq!(above("used < most", "most"), "walk N2 N23");
        assert_eq!(noted("sizeof(parts) / sizeof(parts[0])", ""), "walk");
    }

    #[test]
    fn what_stays_as_it_is_need_not_be() {
        assert_eq!(limited("16 - used", "", ""), "walk");
        assert_eq!(limited("sizeof(parts) / sizeof(parts[0])", "", ""), "walk");
        assert_eq!(limited("object->room", "", ""), "room-runs-out");
    }
}
