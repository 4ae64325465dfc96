//! The variable that says, behind the loop, how the loop ended.
//!
//! In: the ways out of the loop and the uses of variables behind it. Out: [`Control`]: which variable gets
//! the helper's result, and whether the loop's not being entered has to stay visible. It refuses values that
//! the helper's result does not carry.
//!
//! Capability 9 (tests/README.md): loops that are never entered, values behind the loop.

use super::eval::{Evaluator, unwrapped};
use super::exits::{End, Exit, known};
use super::output::Target;
use super::refusal::{Refusal, RefusalCode};
use super::state::State;
use super::sym::Sign;
use super::usage::live_behind;
use crate::flow::access::accesses;
use crate::syntax::scope::DeclId;
use crate::syntax::types::{TypeBase, WrittenType};
use crate::syntax::{Field, Kind, Node};

/// The control variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Control {
    /// The variable.
    pub id: DeclId,
    /// Whether the call has to stand under the loop's condition, because a loop that was never entered left another
    /// value than the helper would.
    pub guarded: bool,
    /// Whether the value that it had before the loop is still looked at anywhere.
    pub initial_needed: bool,
    /// Whether anything behind the loop looks at more than whether it is below zero.
    pub value_needed: bool,
    /// Whether nothing looks at the value that a loop left at its end gives it: it is set anew before.
    pub dead_at_end: bool,
}

/// How a use behind the loop looks at the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// Only whether it is below zero.
    Sign,
    /// The value, where it is known to be below zero.
    BelowZero,
    /// The value, where a sum to which it was added is zero.
    WithoutProgress,
    /// The value.
    Value,
}

/// Find the control variable: declared outside the loop, read behind it, and set where the loop is left.
pub fn control<'t>(
    eval: &Evaluator<'_, 't>,
    failed: &State<'t>,
    exits: &[Exit<'t>],
    normal: &State<'t>,
    accumulated: &dyn Fn(DeclId, Node<'t>) -> bool,
    raised: &[DeclId],
) -> Result<Option<Control>, Refusal> {
    let site = eval.site;
    let outside = |id: DeclId| !site.outer.encloses(eval.scopes.declaration(id).ident);
    let scalar = |id: DeclId| {
        let ty = &eval.scopes.declaration(id).ty;
        let plain = !ty.is_aggregate() && !ty.is_pointer() && !ty.is_array();
        plain && (holds_errors(ty) || id == site.got)
    };
    let read_behind = |id: DeclId| live_behind(site, id);
    let set_on_failure = |id: DeclId| {
        id == site.got
            || failed
                .variables
                .get(&id)
                .is_some_and(|v| v.set_by.is_some() && written_in_loop(eval, v.set_by))
    };
    // It is returned behind the inner loop.
    let returned = |e: &&Exit<'t>, id: DeclId| {
        let is_it = |v: Node<'t>| eval.scopes.resolve(unwrapped(v)) == Some(id);
        let behind = !e.jump.node.is(Kind::ReturnStatement);
        behind && matches!(e.end, End::Leaves(Target::Return(Some(value))) if is_it(value))
    };
    let leaves = |e: &&Exit<'t>| matches!(e.end, End::Leaves(Target::BehindOuter | Target::Label(_)));
    let set_on_stop = |id: DeclId| {
        let set = |e: &&&Exit<'t>| match known(&e.jump.state, id) {
            (_, Some(by)) => written_in_loop(eval, Some(by)),
            // Set on some of the ways that meet there.
            (sign, None) => !sign.possible()[1],
        };
        // On the others the loop is left as if all were walked.
        let still_zero = |e: &&Exit<'t>| known(&e.jump.state, id).0 == Sign::Zero;
        let mut leaving = exits.iter().filter(|e| leaves(e) || returned(e, id));
        leaving.clone().any(|e| set(&&e)) && leaving.all(|e| set(&&e) || still_zero(&e))
    };
    let ids = || eval.scopes.declarations().iter().map(|d| d.id).filter(|id| outside(*id) && scalar(*id));
    let chosen = ids()
        .find(|id| raised.contains(id) && read_behind(*id))
        .or_else(|| ids().find(|id| set_on_failure(*id) && read_behind(*id)))
        .or_else(|| {
            let looked_at = |id| read_behind(id) || exits.iter().any(|e| returned(&e, id));
            ids().find(|id| set_on_stop(*id) && looked_at(*id))
        });
    let Some(id) = chosen else { return Ok(None) };
    let looks = looks(eval, id, accumulated);
    if !raised.contains(&id) && site.live_at_end.contains(&id) {
        check_normal(eval, id, normal, &looks)?;
    }
    Ok(Some(entered(eval, id, &looks)))
}

/// Whether a number of that type may be the helper's result, which may be below zero.
pub(super) fn holds_errors(ty: &WrittenType) -> bool {
    !ty.is_narrow() && !ty.is_unsigned() && ty.base() != TypeBase::Enum
}

fn written_in_loop(eval: &Evaluator<'_, '_>, by: Option<Node<'_>>) -> bool {
    by.is_some_and(|node| eval.site.outer.encloses(node))
}

/// The helper returns 0 when all was walked; the variable's old value there must not have been told apart from that.
fn check_normal<'t>(
    eval: &Evaluator<'_, 't>,
    id: DeclId,
    normal: &State<'t>,
    looks: &[(Node<'t>, Look)],
) -> Result<(), Refusal> {
    let (mut sign, set_by) = known(normal, id);
    if set_by.is_none() && id != eval.site.got && only_written_leaving(eval, id) {
        sign = initial(eval, id).0.map_or(Sign::Zero, |node| eval.sign(node, &State::default()));
    }
    if sign == Sign::Zero {
        return Ok(());
    }
    let name = eval.scopes.declaration(id).name;
    for (place, look) in looks {
        let fine = match look {
            Look::Sign | Look::WithoutProgress => !sign.possible()[0],
            Look::BelowZero => true,
            Look::Value => false,
        };
        if !fine {
            return Err(Refusal::new(
                RefusalCode::ValueAfterLoop,
                place.span(),
                format!(
                    "`{name}` is looked at here, and after a complete walk it is not always what the helper returns, 0"
                ),
            ));
        }
    }
    Ok(())
}

/// Whether every write in the loop is followed by a jump out of it, so that a complete turn leaves the old value.
fn only_written_leaving(eval: &Evaluator<'_, '_>, id: DeclId) -> bool {
    let writes = accesses(eval.site.outer, eval.scopes);
    writes.iter().filter(|a| a.decl == id && (a.may_define() || a.takes_address())).all(|a| {
        let block = a.node.ancestors().find(|n| n.is(Kind::CompoundStatement));
        block.is_some_and(|b| Some(b) != eval.site.outer.child(Field::Body) && super::usage::leaves(b))
    })
}

/// What the variable is given last before the loop, and whether anything looks at it before the loop.
pub fn initial<'t>(eval: &Evaluator<'_, 't>, id: DeclId) -> (Option<Node<'t>>, bool) {
    let before: Vec<_> = function_accesses(eval)
        .into_iter()
        .filter(|a| a.decl == id && a.node.span().start < eval.site.outer.span().start)
        .collect();
    let declaration = eval.scopes.declaration(id);
    // A write on a way that leaves before it comes to the loop does not matter.
    let reaches = |node: Node<'_>| {
        let block = node.ancestors().find(|n| n.is(Kind::CompoundStatement));
        block.is_none_or(|b| b.encloses(eval.site.outer) || !super::usage::leaves(b))
    };
    let value = match before.iter().rfind(|a| (a.may_define() || a.takes_address()) && reaches(a.node)) {
        Some(access) if access.node == declaration.ident => declaration.initializer,
        Some(access) => access
            .node
            .parent()
            .filter(|p| p.is(Kind::AssignmentExpression) && p.operator() == Some("="))
            .and_then(|p| p.child(Field::Right)),
        None => None,
    };
    (value, before.iter().any(|a| a.uses() || a.takes_address()))
}

/// Whether a loop that is never entered has to be told apart from a complete walk.
fn entered<'t>(eval: &Evaluator<'_, 't>, id: DeclId, looks: &[(Node<'t>, Look)]) -> Control {
    let (value, read_before) = initial(eval, id);
    let sign = value.map_or(Sign::Unknown, |node| eval.sign(node, &State::default()));
    let unset = value.is_none();
    let told_apart = looks.iter().any(|(_, look)| match look {
        Look::Sign => sign.possible()[0],
        Look::Value | Look::BelowZero | Look::WithoutProgress => true,
    });
    let guarded = !unset && sign != Sign::Zero && told_apart && eval.site.live_at_end.contains(&id);
    let value_needed = looks.iter().any(|(_, look)| !matches!(look, Look::Sign | Look::BelowZero));
    let dead_at_end = !eval.site.live_at_end.contains(&id);
    Control { id, guarded, initial_needed: guarded || read_before, value_needed, dead_at_end }
}

/// Every access in the function's body.
fn function_accesses<'t>(eval: &Evaluator<'_, 't>) -> Vec<crate::flow::access::Access<'t>> {
    let body = eval.site.function.child(Field::Body);
    body.map(|b| accesses(b, eval.scopes)).unwrap_or_default()
}

/// Every look at the variable behind the loop.
fn looks<'t>(
    eval: &Evaluator<'_, 't>,
    id: DeclId,
    accumulated: &dyn Fn(DeclId, Node<'t>) -> bool,
) -> Vec<(Node<'t>, Look)> {
    let outer = eval.site.outer;
    let mut out = Vec::new();
    for access in function_accesses(eval) {
        let behind = access.node.span().start >= outer.span().end;
        if access.decl == id && behind && (access.uses() || access.takes_address()) {
            out.push((access.node, look(eval, access.node, id, accumulated)));
        }
    }
    out
}

/// Whether everything in the loop that looks at the variable only asks whether it is below zero.
pub(super) fn only_sign_matters(eval: &Evaluator<'_, '_>, id: DeclId) -> bool {
    let all = accesses(eval.site.outer, eval.scopes);
    let mut own = all.iter().filter(|a| a.decl == id && (a.uses() || a.takes_address()));
    own.all(|a| matches!(look(eval, a.node, id, &|_, _| false), Look::Sign | Look::BelowZero))
}

fn look<'t>(
    eval: &Evaluator<'_, 't>,
    node: Node<'t>,
    id: DeclId,
    accumulated: &dyn Fn(DeclId, Node<'t>) -> bool,
) -> Look {
    let mut at = node;
    for parent in node.ancestors() {
        match parent.kind() {
            Kind::ParenthesizedExpression => {}
            Kind::BinaryExpression if at == parent_side(parent, at) && is_sign_test(parent, eval, id) => {
                return Look::Sign;
            }
            Kind::ConditionalExpression => {
                let condition = parent.child(Field::Condition).map(unwrapped);
                let role = at.role();
                if role == Some(Field::Consequence) && condition.is_some_and(|c| is_below_zero(c, eval, id)) {
                    return Look::BelowZero;
                }
                if role == Some(Field::Alternative) && condition.is_some_and(|c| accumulated(id, c)) {
                    return Look::WithoutProgress;
                }
            }
            Kind::IfStatement => {
                let condition = parent.child(Field::Condition).map(|c| eval.seen_through(unwrapped(c)));
                if at.role() == Some(Field::Consequence)
                    && condition.is_some_and(|c| is_below_zero(c, eval, id))
                {
                    return Look::BelowZero;
                }
            }
            _ => {}
        }
        at = parent;
        if parent == eval.site.function {
            break;
        }
    }
    Look::Value
}

fn parent_side<'t>(parent: Node<'t>, at: Node<'t>) -> Node<'t> {
    match parent.child(Field::Left) {
        Some(left) if left == at => left,
        _ => parent.child(Field::Right).unwrap_or(at),
    }
}

fn is_variable(node: Node<'_>, eval: &Evaluator<'_, '_>, id: DeclId) -> bool {
    eval.scopes.resolve(unwrapped(node)) == Some(id)
}

/// `v < 0`, `v >= 0`, `0 > v`, `0 <= v`.
fn is_sign_test(node: Node<'_>, eval: &Evaluator<'_, '_>, id: DeclId) -> bool {
    let (Some(left), Some(right)) = (node.child(Field::Left), node.child(Field::Right)) else { return false };
    match node.operator() {
        Some("<" | ">=") => is_variable(left, eval, id) && right.text() == "0",
        Some(">" | "<=") => is_variable(right, eval, id) && left.text() == "0",
        _ => false,
    }
}

fn is_below_zero(node: Node<'_>, eval: &Evaluator<'_, '_>, id: DeclId) -> bool {
    if node.is(Kind::BinaryExpression) && node.operator() == Some("&&") {
        let sides = [node.child(Field::Left), node.child(Field::Right)];
        return sides.into_iter().flatten().any(|s| is_below_zero(unwrapped(s), eval, id));
    }
    is_sign_test(node, eval, id) && matches!(node.operator(), Some("<" | ">"))
}

#[cfg(test)]
mod tests {
    use crate::walk::testing::verdict;

    #[test]
    fn what_is_looked_at_behind_the_loop_is_what_the_helper_says() {
        let failed = ("return got;", "{\n\t\t\tret = got;\n\t\t\tbreak;\n\t\t}");
        assert_eq!(verdict(&[failed, ("return 0;\n}", "return ret < 0 ? ret : 0;\n}")]), "walk");
        let last = [("for (k = 0;", "ret = got;\n\t\tfor (k = 0;"), ("return 0;\n}", "return ret;\n}")];
        assert!(verdict(&last).starts_with("value-after-loop"));
    }
}
