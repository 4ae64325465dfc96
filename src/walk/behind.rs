//! What runs when a loop is left at its end.
//!
//! In: the outer loop, and a jump out of it. Out: the statement behind the loop, whether the jump leads
//! there, and whether it makes a difference there that it was taken. It refuses nothing.

use super::Walk;
use super::eval::{is_error_name, number, unwrapped};
use super::exits::known;
use super::output::Target;
use super::state::State;
use super::sym::Sign;
use crate::syntax::scope::{DeclId, Scopes};
use crate::syntax::{Field, Kind, Node};

/// What runs behind the loop: the next statement, or that behind the block or the arm of an `if` that ends here.
pub fn following<'t>(outer: Node<'t>) -> Option<Node<'t>> {
    let mut at = outer;
    loop {
        let mut next = at.next_sibling();
        while next.is_some_and(|n| n.is(Kind::Comment) || n.is(Kind::ElseClause)) {
            next = next.and_then(|n| n.next_sibling());
        }
        if let Some(next) = next.filter(|n| !n.is(Kind::Token)) {
            return Some(next);
        }
        let is_arm = |n: Node<'t>| matches!(n.kind(), Kind::IfStatement | Kind::ElseClause);
        let in_line = |n: Node<'t>| is_arm(n) || n.is(Kind::CompoundStatement);
        let ends_here =
            |n: &Node<'t>| is_arm(*n) || n.is(Kind::CompoundStatement) && n.parent().is_some_and(in_line);
        at = at.parent().filter(ends_here)?;
    }
}

/// The `return` behind the loop, with or without a label.
pub fn return_behind<'t>(outer: Node<'t>) -> Option<Node<'t>> {
    let mut next = following(outer)?;
    if next.is(Kind::LabeledStatement) {
        next = next.named_children().last()?;
    }
    Some(next).filter(|n| n.is(Kind::ReturnStatement))
}

/// Whether a jump lands right behind the loop.
pub fn lands_behind(outer: Node<'_>, target: Target<'_>) -> bool {
    match target {
        Target::BehindOuter => true,
        Target::Label(label) => following(outer).is_some_and(|n| {
            n.is(Kind::LabeledStatement) && n.child(Field::Label).is_some_and(|l| l.text() == label)
        }),
        _ => false,
    }
}

/// Whether it makes no difference for the code behind the loop that it was left on this way before all was walked.
pub fn is_like_completion<'t>(
    walk: &Walk<'t>,
    scopes: &Scopes<'t>,
    target: Target<'t>,
    state: &State<'t>,
) -> bool {
    match target {
        Target::Return(value) => returns_as_behind(walk, scopes, value, state),
        target if lands_behind(walk.site.outer, target) => match walk.control {
            None => true,
            Some(control) if control.dead_at_end => true,
            Some(control) => {
                let possible = known(state, control.id).0.possible();
                !possible[0] && (!possible[2] || !control.value_needed)
            }
        },
        _ => false,
    }
}

/// Whether the function returns the same when it comes out of the loop at its end.
pub fn returns_as_behind<'t>(
    walk: &Walk<'t>,
    scopes: &Scopes<'t>,
    value: Option<Node<'t>>,
    state: &State<'t>,
) -> bool {
    match (return_behind(walk.site.outer), value) {
        (Some(next), Some(value)) => next.named_children().next().is_some_and(|at_end| {
            let told = Told { walk, scopes, state };
            let (value, at_end) = (told.unless_failed(value), told.unless_failed(at_end));
            let both_zero = told.is_zero(value) && told.is_zero(at_end);
            let steady = is_constant(value) || is_variable_of_function(walk, scopes, value);
            both_zero || steady && value.text() == at_end.text()
        }),
        (Some(next), None) => next.named_children().next().is_none(),
        (None, None) => {
            following(walk.site.outer).is_none()
                && walk.site.outer.parent() == walk.site.function.child(Field::Body)
        }
        _ => false,
    }
}

/// What is known where a value is returned.
struct Told<'a, 't> {
    walk: &'a Walk<'t>,
    scopes: &'a Scopes<'t>,
    state: &'a State<'t>,
}

impl<'t> Told<'_, 't> {
    /// `b` of `control ? control : b`, of `control < 0 ? control : b` and of `b ? b : control`, where the control variable is
    /// zero; else the value itself.
    fn unless_failed(&self, value: Node<'t>) -> Node<'t> {
        let value = unwrapped(value);
        let parts = value.child(Field::Condition).zip(value.child(Field::Alternative));
        let Some((condition, otherwise)) = parts.map(|(c, o)| (unwrapped(c), unwrapped(o))) else {
            return value;
        };
        let then = value.child(Field::Consequence).map_or(condition, unwrapped);
        let below = condition.operator() == Some("<")
            && condition.child(Field::Left).is_some_and(|n| self.is_zero(n));
        if self.is_zero(condition) || below {
            otherwise
        } else if then.text() == condition.text() && self.is_zero(otherwise) {
            then
        } else {
            value
        }
    }

    /// Whether it is the control variable, which is zero.
    fn is_zero(&self, node: Node<'t>) -> bool {
        let id = self.scopes.resolve(unwrapped(node));
        let is_control = id.is_some() && id == self.walk.control.map(|c| c.id);
        is_control && id.is_some_and(|id| known(self.state, id).0 == Sign::Zero)
    }
}

/// A local from around the loop that is neither part of the walk nor tells how it ended.
fn is_variable_of_function<'t>(walk: &Walk<'t>, scopes: &Scopes<'t>, value: Node<'t>) -> bool {
    let of_walk = |id: DeclId| {
        walk.cursors.contains(&id)
            || [walk.site.got, walk.site.offset, walk.site.batch].contains(&id)
            || [walk.control.map(|c| c.id), walk.total.counter.map(|c| c.id)].contains(&Some(id))
            || walk.total.flags.contains(&id)
    };
    let id = scopes.resolve(unwrapped(value));
    id.is_some_and(|id| !walk.site.outer.encloses(scopes.declaration(id).ident) && !of_walk(id))
}

/// A number, `true`, `NULL`, or an error by its name.
fn is_constant(value: Node<'_>) -> bool {
    let value = unwrapped(value);
    matches!(value.kind(), Kind::True | Kind::False | Kind::Null)
        || number(value.text()).is_some()
        || is_error_name(value)
}
