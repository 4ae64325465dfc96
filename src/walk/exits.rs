//! Ways out of the body, each followed to its end.
//!
//! In: the jumps that the machine met, and the statements behind the inner loop. Out: for each jump where it
//! ends: on with the next element, or out of the outer loop, with what is known there. It refuses ways on
//! which work is done that would have to be written twice.
//!
//! Capability 8 (tests/README.md): ways out.

use super::conditions::Another;
use super::eval::unwrapped;
use super::machine::{Flow, Level, Machine};
use super::output::{Jump, Output, Piece, Spelling, Stage, Target};
use super::position::Position;
use super::refusal::{Refusal, RefusalCode};
use super::site::{Site, statements_of};
use super::state::State;
use super::sym::{Facts, Sign};
use crate::source::Span;
use crate::syntax::scope::DeclId;
use crate::syntax::{Field, Kind, Node};
use std::collections::BTreeMap;

/// Where a way ends.
#[derive(Clone, Debug)]
pub enum End<'t> {
    /// On with the next element.
    GoesOn,
    /// Out of the outer loop.
    Leaves(Target<'t>),
}

/// One way out of the body.
#[derive(Clone, Debug)]
pub struct Exit<'t> {
    /// The jump in the body.
    pub jump: Jump<'t>,
    /// Where it ends.
    pub end: End<'t>,
    /// What is known at its end.
    pub state: State<'t>,
    /// Whether the code behind the inner loop goes on with the next batch for some values.
    pub may_go_on: bool,
    /// What is done on this way alone, behind the inner loop.
    pub work: Work<'t>,
    /// Comments that only this way comes past, behind the inner loop.
    pub comments: Vec<Node<'t>>,
    /// Where the walked object stands.
    pub position: Position,
}

/// Statements behind the inner loop that only one way comes to, and how they are spelled there.
#[derive(Clone, Debug, Default)]
pub struct Work<'t> {
    /// The statements, in order.
    pub statements: Vec<Node<'t>>,
    /// What is spelled otherwise.
    pub spellings: BTreeMap<Span, Spelling>,
}

/// The statements that are carried out behind `node` inside the outer loop.
pub fn continuation<'t>(site: &Site<'t>, node: Node<'t>) -> Vec<Node<'t>> {
    let mut out = Vec::new();
    let mut at = node;
    while let Some(parent) = at.parent() {
        if parent.is(Kind::CompoundStatement) {
            let behind = statements_of(parent).into_iter().skip_while(|n| *n != at).skip(1);
            out.extend(behind.filter(|n| !n.is(Kind::Comment)));
        }
        if parent == site.outer {
            break;
        }
        at = parent;
    }
    out
}

/// Follow every jump.
pub fn exits<'t>(machine: &Machine<'_, 't>, out: &Output<'t>) -> Result<Vec<Exit<'t>>, Refusal> {
    out.jumps.iter().map(|jump| follow(machine, out, jump)).collect()
}

fn follow<'t>(machine: &Machine<'_, 't>, out: &Output<'t>, jump: &Jump<'t>) -> Result<Exit<'t>, Refusal> {
    let site = machine.eval.site;
    // Nothing was acquired yet: the object stands where the element before was taken.
    let position = if jump.before_acquire { Position::BeforePiece } else { Position::EndOfBatch };
    let exit = |end, state| Exit {
        jump: jump.clone(),
        end,
        state,
        may_go_on: false,
        work: Work::default(),
        comments: Vec::new(),
        position,
    };
    let inner = match (jump.target, site.inner) {
        (Target::NextElement | Target::BehindInner | Target::Flagged, Some(inner)) => inner,
        (Target::NextBatch, _) => return Ok(exit(another(machine, jump, &jump.state)?, jump.state.clone())),
        (target, _) => return Ok(exit(End::Leaves(target), jump.state.clone())),
    };
    let mut state = jump.state.clone();
    let mut probe = machine.fresh(Stage::Inner);
    probe.out.failure.clone_from(&machine.out.failure);
    if jump.target == Target::Flagged {
        let rest: Vec<_> = continuation(site, jump.node).into_iter().filter(|n| inner.encloses(*n)).collect();
        probe.list(&rest, &mut state, Level::Top)?;
    }
    if jump.target != Target::BehindInner
        && let Some(update) = inner.child(Field::Update)
    {
        probe.expression(update, update, &mut state, Level::Top)?;
    }
    probe.stage = Stage::Behind;
    let from = if inner.encloses(jump.node) { inner } else { site.around.unwrap_or(inner) };
    let flow = probe.list(&continuation(site, from), &mut state, Level::Top)?;
    let work = match machine.eval.facts {
        Facts::UnitBatch => own_work(&probe.out, out, jump)?,
        _ => Work::default(),
    };
    let leaving = probe.out.jumps.first().cloned();
    if let Some(leaving) = leaving.as_ref().filter(|_| flow == Flow::Falls) {
        check_asked(machine, &probe.out, leaving)?;
    }
    Ok(match leaving {
        Some(leaving) => Exit {
            jump: jump.clone(),
            end: End::Leaves(leaving.target),
            state: leaving.state,
            may_go_on: flow == Flow::Falls,
            work,
            comments: comments_inside(site, &probe.out),
            position,
        },
        None if jump.target == Target::Flagged => exit(End::Leaves(Target::BehindOuter), state),
        None => Exit { work, ..exit(another(machine, jump, &state)?, state) },
    })
}

/// Whether a way leaves the loop may depend on the value that it leaves with, and on nothing else.
fn check_asked<'t>(machine: &Machine<'_, 't>, way: &Output<'t>, leaving: &Jump<'t>) -> Result<(), Refusal> {
    let around = leaving.node.ancestors().take_while(|n| *n != machine.eval.site.outer);
    let asked = around.filter(|n| way.open.contains(&n.id())).filter_map(|n| n.child(Field::Condition));
    let of_more = |condition: &Node<'t>| {
        let joins = |n: Node<'t>| n.is(Kind::BinaryExpression) && matches!(n.operator(), Some("&&" | "||"));
        !machine.is_pure(*condition) || condition.descendants().any(joins)
    };
    match asked.map(unwrapped).find(of_more) {
        Some(condition) => {
            let sentence =
                "whether the loop is left here depends on more than the value that it is left with";
            Err(Refusal::new(RefusalCode::ErrorChannels, condition.span(), sentence))
        }
        None => Ok(()),
    }
}

/// Whether the outer loop goes round once more.
fn another<'t>(machine: &Machine<'_, 't>, jump: &Jump<'t>, state: &State<'t>) -> Result<End<'t>, Refusal> {
    match machine.eval.another(state) {
        Another::Follows => Ok(End::GoesOn),
        Another::EndsHere => Ok(End::Leaves(Target::BehindOuter)),
        Another::If(_) if machine.eval.facts != Facts::UnitBatch => Ok(End::GoesOn),
        Another::If(open) => {
            let asked = open.first().map_or("it", |n| n.text());
            let sentence =
                format!("the walk goes on from here, and `{asked}` would have to be asked here too");
            Err(Refusal::new(RefusalCode::NotUnderstood, jump.node.span(), sentence))
        }
    }
}

/// Comments in statements behind the inner loop that a way goes into.
fn comments_inside<'t>(site: &Site<'t>, out: &Output<'t>) -> Vec<Node<'t>> {
    let inside = |n: &Node<'t>| n.parent() != site.outer.child(Field::Body);
    let comments = out.pieces.iter().filter_map(|(piece, _)| match piece {
        Piece::Comment(node) => Some(*node),
        _ => None,
    });
    comments.filter(inside).collect()
}

/// What the way from a jump to its end does besides dropping references and choosing. It may not be what a complete turn
/// does as well: that would have to be written twice.
fn own_work<'t>(way: &Output<'t>, turn: &Output<'t>, jump: &Jump<'t>) -> Result<Work<'t>, Refusal> {
    let mut statements = Vec::new();
    for (piece, _) in &way.pieces {
        let node = match piece {
            Piece::Statement(node) => *node,
            Piece::Update(node) | Piece::Guard(node) | Piece::OtherGuard(node) => {
                return Err(repeated(*node, jump));
            }
            Piece::Comment(_) | Piece::Release | Piece::GoesOn(_) => continue,
        };
        let chooses = node.is(Kind::IfStatement) && node.descendants().any(|n| is_jump(n.kind()));
        if chooses || is_jump(node.kind()) {
            continue;
        }
        let of_turn = |piece: &Piece<'t>| matches!(piece, Piece::Statement(n) if n.encloses(node));
        if turn.pieces.iter().any(|(piece, _)| of_turn(piece)) || !way.jumps.is_empty() {
            return Err(repeated(node, jump));
        }
        statements.push(node);
    }
    if statements.is_empty() {
        return Ok(Work::default());
    }
    Ok(Work { statements, spellings: way.spellings.clone() })
}

fn repeated(node: Node<'_>, jump: &Jump<'_>) -> Refusal {
    let line = node.tree().source().line_column(jump.node.span()).line;
    let sentence = format!("this is also done when the loop is left early, on line {line}");
    Refusal::new(RefusalCode::BatchWorkAfterLoop, node.span(), sentence)
}

/// Whether it is a statement that jumps.
pub(super) fn is_jump(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::BreakStatement | Kind::ContinueStatement | Kind::GotoStatement | Kind::ReturnStatement
    )
}

/// What is known of a variable's sign, and the expression that it got its value from.
pub fn known<'t>(state: &State<'t>, id: DeclId) -> (Sign, Option<Node<'t>>) {
    state.variables.get(&id).map_or((Sign::Unknown, None), |v| (v.sign, v.set_by))
}

#[cfg(test)]
mod tests {
    use crate::walk::testing::verdict;

    fn leaving(way: &str) -> String {
        let count = ("for (k = 0;", "int n = (got + off + UNIT - 1) / UNIT;\n\n\t\tfor (k = 0;");
        let tail = format!(
            "if (full(object)) {{\n\t\t\t\twhile (++k < n)\n\t\t\t\t\tdrop_part(parts[k]);\n\t\t\t\t{way}\n\t\t\t}}\n\t\t\toff = 0;"
        );
        verdict(&[count, ("off = 0;", &tail)])
    }

    #[test]
    fn every_way_out_is_followed() {
        assert_eq!(leaving("return -EIO;"), "walk N5");
        assert_eq!(leaving("return object->error;"), "walk N5 N6");
        assert_eq!(leaving("break;"), "walk N12");
        assert_eq!(leaving("put_back(iter, got - len);\n\t\t\t\treturn -EIO;"), "walk");
        assert_eq!(leaving("put_back(iter, got);\n\t\t\t\treturn -EIO;"), "walk");
        assert_eq!(
            leaving("put_back(iter, 1);\n\t\t\t\treturn -EIO;"),
            "iterator-used-in-body at return -EIO;"
        );
    }
}
