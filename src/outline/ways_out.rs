//! How each way out of the loop is spelled in the callback, and what follows the call.
//!
//! In: a walk. Out: for each jump an [`Ending`], and the [`Dispatch`] behind the call. It refuses ways out
//! that the helper's one result cannot tell apart.
//!
//! Capability 8 (tests/README.md): ways out.

use super::channels::{LikeFailure, like_failure, returns_control};
use crate::syntax::scope::{DeclId, Scopes};
use crate::syntax::{Field, Kind, Node};
use crate::walk::behind::{is_like_completion, lands_behind, returns_as_behind};
use crate::walk::eval::{Evaluator, number, unwrapped};
use crate::walk::exits::{End, Exit, known};
use crate::walk::output::{Piece, Target};
use crate::walk::position::Position;
use crate::walk::site::statements_of;
use crate::walk::sym::{Facts, Sign};
use crate::walk::{Refusal, RefusalCode, Walk, WalkSpec};

/// What a jump becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'t> {
    /// `0`: go on.
    GoOn,
    /// `1`: stop without an error.
    Stop,
    /// The rule's word for a stop in front of the piece without an error.
    Halt,
    /// Something below zero, for the failure arm behind the call.
    Failed(&'t str),
    /// The value of an assignment to the control variable that stands right before the jump.
    Assigned(Node<'t>),
    /// The control variable.
    Control,
    /// The value of a `return` statement.
    Returned(Node<'t>),
}

/// How the reference is dropped on a way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drop {
    /// It was dropped already, or something took it.
    Done,
    /// At the label at the end.
    AtLabel,
    /// Right here.
    Here,
}

/// How a way out is spelled.
#[derive(Clone, Debug)]
pub struct Ending<'t> {
    /// The jump.
    pub jump: Node<'t>,
    /// What is returned.
    pub value: Value<'t>,
    /// What becomes of the reference.
    pub drop: Drop,
    /// Statements in front of the jump that the failure arm does behind the call.
    pub done_there: Vec<Node<'t>>,
    /// Statements behind the inner loop that only this way comes to.
    pub work: Vec<Node<'t>>,
    /// Comments that stood on the way.
    pub comments: Vec<Node<'t>>,
}

/// What stands behind the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dispatch<'t> {
    /// Nothing: nobody looks at the result.
    Nothing,
    /// The result goes to the control variable, and the code behind it looks at that.
    ToControl,
    /// `if (result < 0)` and the failure arm.
    FailureArm(Node<'t>),
    /// `if (result < 0) return result;`
    ReturnResult,
    /// `if (control < 0) goto label;`
    Goto(&'t str),
    /// The values of stops are told apart by what they are; any other error goes to the failure arm.
    ByValue {
        /// The stops' values, spelled as in the code.
        values: Vec<&'t str>,
        /// The failure arm.
        arm: Node<'t>,
        /// Whether a stop returns its value, rather than going on behind the call.
        returns: bool,
    },
}

/// Spell every way out.
pub fn endings<'t>(
    spec: &WalkSpec,
    walk: &Walk<'t>,
    scopes: &Scopes<'t>,
) -> Result<Vec<Ending<'t>>, Refusal> {
    let releases_at_end = walk.body.pieces.iter().any(|(p, _)| *p == Piece::Release);
    walk.exits.iter().map(|exit| ending(spec, walk, scopes, exit, releases_at_end)).collect()
}

fn ending<'t>(
    spec: &WalkSpec,
    walk: &Walk<'t>,
    scopes: &Scopes<'t>,
    exit: &Exit<'t>,
    releases_at_end: bool,
) -> Result<Ending<'t>, Refusal> {
    let jump = exit.jump.node;
    let mut done_there = Vec::new();
    let value = match exit.end {
        End::GoesOn => Value::GoOn,
        End::Leaves(target) => {
            let like_failure = like_failure(walk, scopes, exit, target);
            let does_as_much = like_failure.as_ref().is_some_and(|l| !l.done_there.is_empty());
            let done = !does_as_much && is_like_completion(walk, scopes, target, &exit.jump.state);
            let own = match target {
                _ if done && exit.position == Position::BeforePiece && spec.halt.is_some() => Ok(Value::Halt),
                _ if done => Ok(Value::Stop),
                Target::Return(value) if returns_control_later(walk, scopes, exit, value) => {
                    stopped(walk, scopes, exit)
                }
                Target::Return(value) => returned(spec, walk, scopes, exit, value),
                _ => stopped(walk, scopes, exit),
            };
            match (own, like_failure) {
                (Ok(value), _) => value,
                (Err(_), Some(LikeFailure { done_there: statements, value })) => {
                    done_there = statements;
                    Value::Failed(value)
                }
                (Err(refusal), None) => return Err(refusal),
            }
        }
    };
    check_position(exit, value)?;
    let dropped_later = exit.state.released > exit.jump.state.released;
    let drop = match (exit.jump.before_acquire, dropped_later) {
        (false, false) => Drop::Done,
        _ if releases_at_end && !matches!(value, Value::Stop | Value::Halt | Value::Failed(_)) => {
            Drop::AtLabel
        }
        _ => Drop::Here,
    };
    if let Some(work) = exit.work.statements.first().filter(|_| drop != Drop::Done) {
        let sentence = "this is done on one way out only, and the reference is dropped behind it";
        return Err(Refusal::new(RefusalCode::NotUnderstood, work.span(), sentence));
    }
    Ok(Ending {
        jump,
        value,
        drop,
        done_there,
        work: exit.work.statements.clone(),
        comments: exit.comments.clone(),
    })
}

/// Where the code moves the walked object back, it is left as it was: behind the piece if that was taken.
fn check_position(exit: &Exit<'_>, value: Value<'_>) -> Result<(), Refusal> {
    let what = match (exit.position, value) {
        (Position::BeforePiece, Value::Stop) => {
            "the loop is left here without an error, and the iterator stays in front of the piece"
        }
        (Position::StartOfBatch, Value::Stop | Value::Halt) => {
            "the loop is left here without an error, and the iterator stays in front of the batch"
        }
        (
            Position::BehindPiece,
            Value::Assigned(_) | Value::Control | Value::Returned(_) | Value::Failed(_),
        ) => "the loop is left here with an error, and the iterator stays behind the piece",
        _ => return Ok(()),
    };
    Err(Refusal::new(RefusalCode::ErrorChannels, exit.jump.node.span(), what))
}

/// Whether a way out that does not return itself comes to a `return` of the control variable behind the inner loop.
fn returns_control_later<'t>(
    walk: &Walk<'t>,
    scopes: &Scopes<'t>,
    exit: &Exit<'t>,
    value: Option<Node<'t>>,
) -> bool {
    let id = value.and_then(|v| scopes.resolve(unwrapped(v)));
    !exit.jump.node.is(Kind::ReturnStatement) && id.is_some() && id == walk.control.map(|c| c.id)
}

/// The value of a `return` statement, which has to tell that the walk is left.
fn returned<'t>(
    spec: &WalkSpec,
    walk: &Walk<'t>,
    scopes: &Scopes<'t>,
    exit: &Exit<'t>,
    value: Option<Node<'t>>,
) -> Result<Value<'t>, Refusal> {
    let eval = Evaluator { spec, scopes, site: &walk.site, facts: Facts::UnitBatch };
    let jump = exit.jump.node;
    let own = value.filter(|_| jump.is(Kind::ReturnStatement));
    let may_be_error = |value: &Node<'t>| {
        !is_amount(scopes, *value)
            && matches!(eval.sign(*value, &exit.jump.state), Sign::Negative | Sign::NonZero | Sign::Unknown)
    };
    own.filter(may_be_error).map(Value::Returned).ok_or_else(|| {
        let sentence = "the function is left here without an error, which the walk cannot tell from going on";
        Refusal::new(RefusalCode::ErrorChannels, jump.span(), sentence)
    })
}

/// Whether a value says how much: it was worked out, or is a variable that starts as a number and only goes up.
fn is_amount(scopes: &Scopes<'_>, value: Node<'_>) -> bool {
    let value = unwrapped(value);
    let part = |field| value.child(field).is_some_and(|n| is_amount(scopes, n));
    match value.kind() {
        Kind::Identifier => is_sum(scopes, value),
        Kind::BinaryExpression => matches!(value.operator(), Some("+" | "-" | "*" | "/" | "%" | "<<" | ">>")),
        Kind::ConditionalExpression => part(Field::Consequence) || part(Field::Alternative),
        Kind::CastExpression => part(Field::Value),
        _ => false,
    }
}

fn is_sum(scopes: &Scopes<'_>, variable: Node<'_>) -> bool {
    let Some(id) = scopes.resolve(variable) else { return false };
    let mut rises = false;
    let mut goes_up = |n: &Node<'_>| match n.parent() {
        Some(p) if p.is(Kind::AssignmentExpression) && p.child(Field::Left) == Some(*n) => match p.operator()
        {
            Some("=") => p.child(Field::Right).is_some_and(|r| number(r.text()).is_some()),
            operator => {
                rises = true;
                operator == Some("+=")
            }
        },
        Some(p) if p.is(Kind::UpdateExpression) => {
            rises = true;
            p.operator() == Some("++")
        }
        Some(p) => !(p.is(Kind::PointerExpression) && p.operator() == Some("&")),
        None => true,
    };
    let declared = scopes.declaration(id).initializer;
    let from_number = declared.is_none_or(|init| number(init.text()).is_some());
    from_number && scopes.uses(id).iter().all(&mut goes_up) && rises
}

fn stopped<'t>(walk: &Walk<'t>, scopes: &Scopes<'t>, exit: &Exit<'t>) -> Result<Value<'t>, Refusal> {
    let jump = exit.jump.node;
    let refuse = |what: &str| Err(Refusal::new(RefusalCode::ErrorChannels, jump.span(), what));
    let Some(control) = walk.control else {
        return refuse("the loop is left here and nothing says so behind it");
    };
    let (sign, set_by) = known(&exit.jump.state, control.id);
    let set_before = set_by.is_some_and(|by| !walk.site.outer.encloses(by));
    let unset = set_by.is_none() && sign.possible()[1];
    let amount = sign != Sign::Negative && set_by.is_some_and(|by| is_amount(scopes, by));
    if set_before || unset || amount || matches!(sign, Sign::Zero | Sign::Positive | Sign::NonNegative) {
        return refuse("the loop is left here without an error");
    }
    Ok(match adjacent_assignment(jump, control.id, scopes) {
        Some(assignment) => Value::Assigned(assignment),
        None => Value::Control,
    })
}

/// `control = value;` right before the jump.
fn adjacent_assignment<'t>(jump: Node<'t>, control: DeclId, scopes: &Scopes<'t>) -> Option<Node<'t>> {
    let statement = jump.prev_sibling().filter(|n| n.is(Kind::ExpressionStatement))?;
    let assignment = statement.child_of(Kind::AssignmentExpression)?;
    let plain = assignment.operator() == Some("=");
    let target = scopes.resolve(assignment.child(Field::Left)?)?;
    (plain && target == control).then_some(assignment)
}

/// What stands behind the call.
pub fn dispatch<'t>(
    spec: &WalkSpec,
    walk: &Walk<'t>,
    scopes: &Scopes<'t>,
    endings: &[Ending<'t>],
) -> Result<Dispatch<'t>, Refusal> {
    let arm = Arm::of(walk, scopes);
    let valued =
        |value: Value<'_>| !matches!(value, Value::GoOn | Value::Stop | Value::Halt | Value::Failed(_));
    let stops: Vec<&Exit<'t>> =
        walk.exits.iter().zip(endings).filter(|(_, e)| valued(e.value)).map(|(exit, _)| exit).collect();
    let failure_arm = Dispatch::FailureArm(walk.failure.arm.arm);
    let needs_arm = endings.iter().any(|e| matches!(e.value, Value::Failed(_)));
    if stops.is_empty() && !walk.ends_with_control {
        return Ok(match arm.passes {
            _ if needs_arm => failure_arm,
            Passes::Nothing => Dispatch::Nothing,
            Passes::Result if arm.lands_behind => Dispatch::ToControl,
            Passes::Result => match walk.failure.target {
                Target::Return(_) => Dispatch::ReturnResult,
                Target::Label(label) if walk.control.is_some() => Dispatch::Goto(label),
                _ => failure_arm,
            },
            _ => failure_arm,
        });
    }
    let disagreeing = stops.iter().find(|stop| match stop.end {
        End::Leaves(target) => !arm.agrees(walk, scopes, stop, target),
        End::GoesOn => false,
    });
    if let Some(stop) = disagreeing {
        return by_value(spec, walk, &stops).ok_or_else(|| {
            let sentence =
                "this way out and a failed acquisition lead to different places, and cannot be told apart";
            let arm = statements_of(walk.failure.arm.arm).into_iter().rfind(|s| !s.is(Kind::Comment));
            let place = arm.unwrap_or(stop.jump.node);
            Refusal::new(RefusalCode::ErrorChannels, place.span(), sentence)
        });
    }
    let to_control = arm.lands_behind || (returns_control(walk, scopes) && walk.control.is_some());
    Ok(match (arm.passes, walk.failure.target) {
        _ if needs_arm => failure_arm,
        (Passes::Result, _) if to_control => Dispatch::ToControl,
        (Passes::Result, Target::Return(_)) => Dispatch::ReturnResult,
        (Passes::Result, Target::Label(label)) => Dispatch::Goto(label),
        _ => failure_arm,
    })
}

/// Stops with constants that an acquisition never gives can be told apart by value.
fn by_value<'t>(spec: &WalkSpec, walk: &Walk<'t>, stops: &[&Exit<'t>]) -> Option<Dispatch<'t>> {
    let mut values = Vec::new();
    let mut returned = 0;
    for stop in stops {
        let End::Leaves(target) = stop.end else { continue };
        let value = match target {
            Target::Return(value) => {
                returned += 1;
                value?
            }
            target if lands_behind(walk.site.outer, target) => known(&stop.jump.state, walk.control?.id).1?,
            _ => return None,
        };
        let constant = value.child(Field::Argument).filter(|_| value.operator() == Some("-"))?;
        let own = constant.is(Kind::Identifier) && !spec.errors.iter().any(|e| e == constant.text());
        if !own {
            return None;
        }
        if !values.contains(&value.text()) {
            values.push(value.text());
        }
    }
    let returns = returned > 0;
    let uniform = returned == 0 || returned == stops.len();
    uniform.then_some(Dispatch::ByValue { values, arm: walk.failure.arm.arm, returns })
}

/// What the failure arm does with the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passes<'t> {
    /// It leaves, and nobody looks at the error.
    Nothing,
    /// It passes the acquisition's result on.
    Result,
    /// It gives a value of its own.
    Own(Node<'t>),
    /// It does something else as well.
    More,
}

/// What the acquisition got, also as `got ? got : other`, `got ?: other`, `got < 0 ? got : other`: where the failure arm
/// looks at it, that is the helper's result.
fn gives_got<'t>(walk: &Walk<'t>, scopes: &Scopes<'t>, value: Node<'t>) -> bool {
    let is_got = |n: Node<'t>| scopes.resolve(unwrapped(n)) == Some(walk.site.got);
    let value = unwrapped(value);
    let below = |c: Node<'t>| {
        c.operator() == Some("<")
            && c.child(Field::Left).is_some_and(is_got)
            && c.child(Field::Right).is_some_and(|r| r.text() == "0")
    };
    let condition = value.child(Field::Condition).map(unwrapped);
    is_got(value)
        || value.is(Kind::ConditionalExpression)
            && condition.is_some_and(|c| is_got(c) || below(c))
            && value.child(Field::Consequence).is_none_or(is_got)
}

/// The statement of the failure arm that puts the error into a variable of the arm's own, and that variable: it can have
/// the helper's result.
pub(super) fn arms_variable<'t>(walk: &Walk<'t>, scopes: &Scopes<'t>) -> Option<(Node<'t>, DeclId)> {
    let statement = statements_of(walk.failure.arm.arm).into_iter().find(|n| !n.is(Kind::Comment))?;
    let assignment = statement.child_of(Kind::AssignmentExpression).filter(|a| a.operator() == Some("="))?;
    let id = scopes.resolve(assignment.child(Field::Left)?)?;
    let declaration = scopes.declaration(id);
    let outside = !walk.site.outer.encloses(declaration.ident) && !walk.site.live_at_end.contains(&id);
    let passed = assignment.child(Field::Right).is_some_and(|r| gives_got(walk, scopes, r));
    (outside && passed && walk.control.is_none() && id != walk.site.got).then_some((statement, id))
}

struct Arm<'t> {
    passes: Passes<'t>,
    lands_behind: bool,
}

impl<'t> Arm<'t> {
    fn of(walk: &Walk<'t>, scopes: &Scopes<'t>) -> Self {
        let statements: Vec<_> =
            statements_of(walk.failure.arm.arm).into_iter().filter(|s| !s.is(Kind::Comment)).collect();
        let is_got = |n: Node<'t>| gives_got(walk, scopes, n);
        let control = walk.control.map(|c| c.id);
        let passes = match statements.as_slice() {
            [_] if matches!(walk.failure.target, Target::Return(value) if returns_as_behind(walk, scopes, value, &walk.failure.state)) => {
                Passes::Nothing
            }
            [jump] => match walk.failure.target {
                Target::Return(Some(value)) if is_got(value) => Passes::Result,
                Target::Return(Some(value)) => Passes::Own(value),
                Target::Return(None) => Passes::More,
                _ if control == Some(walk.site.got) => Passes::Result,
                _ if control.is_none() && !jump.is(Kind::ReturnStatement) => Passes::Nothing,
                _ => Passes::More,
            },
            [statement, _] => {
                let assigned =
                    statement.child_of(Kind::AssignmentExpression).filter(|a| a.operator() == Some("="));
                let target = assigned.and_then(|a| a.child(Field::Left)).and_then(|l| scopes.resolve(l));
                match assigned.and_then(|a| a.child(Field::Right)) {
                    Some(value) if target.is_some() && target == control => {
                        if is_got(value) {
                            Passes::Result
                        } else {
                            Passes::Own(value)
                        }
                    }
                    _ => Passes::More,
                }
            }
            _ => Passes::More,
        };
        Arm { passes, lands_behind: lands_behind(walk.site.outer, walk.failure.target) }
    }

    /// Whether a stop goes where a failed acquisition goes, with a value that can be told in the same way.
    fn agrees(&self, walk: &Walk<'t>, scopes: &Scopes<'t>, stop: &Exit<'t>, target: Target<'t>) -> bool {
        let same_place = match (target, walk.failure.target) {
            (Target::Return(_), Target::Return(_)) => true,
            (Target::Return(_), other) | (other, Target::Return(_)) => {
                lands_behind(walk.site.outer, other)
                    && returns_control(walk, scopes)
                    && self.passes == Passes::Result
            }
            (Target::Label(a), Target::Label(b)) if a == b => true,
            (a, b) => lands_behind(walk.site.outer, a) && lands_behind(walk.site.outer, b),
        };
        let value = match target {
            Target::Return(value) => value,
            _ => walk.control.and_then(|c| known(&stop.jump.state, c.id).1),
        };
        same_place
            && match self.passes {
                Passes::Result => true,
                Passes::Own(own) => value.is_some_and(|v| v.text() == own.text()),
                Passes::Nothing | Passes::More => false,
            }
    }
}

#[cfg(test)]
mod tests {
    use crate::outline::testing::{converted, refused};
    use crate::walk::testing::changed;

    fn leaving(way: &str) -> String {
        let drains = [
            "if (full(object)) {\n\t\t\t\t",
            way,
            "\n\t\t\t\twhile (++k < n)\n\t\t\t\t\tdrop_part(parts[k]);\n\t\t\t\tgoto done;\n\t\t\t}\n\t\t\toff = 0;",
        ]
        .concat();
        let count = ("for (k = 0;", "int n = (got + off + UNIT - 1) / UNIT;\n\n\t\tfor (k = 0;");
        changed(&[count, ("off = 0;", &drains), ("return 0;\n}", "done:\n\treturn 0;\n}")])
    }

    #[test]
    fn an_end_without_an_error_stops_behind_the_piece() {
        let made = converted(&leaving("tell(object);"));
        assert!(made.contains("\t\ttell(object);\n\t\treturn 1;\n"), "{made}");
    }

    #[test]
    fn an_end_in_front_of_the_piece_needs_an_error_of_the_rule() {
        assert_eq!(refused(&leaving("put_back(iter, got);")), "error-channels");
    }
}
