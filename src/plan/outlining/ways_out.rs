//! How each way out of the statements is spelled in the new function.
//!
//! In: a scene. Out: edits of jumps. It refuses jumps that the new function has no word for.

use super::{NotOutlined, Obstacle, Scene};
use crate::edit::TextEdit;
use crate::flow::region::ExitKind;
use crate::syntax::{Kind, Node};

/// The edits of all jumps that leave the statements.
pub(super) fn edits(scene: &Scene<'_, '_>) -> Result<Vec<TextEdit>, NotOutlined> {
    let request = scene.asked.request;
    let mut out = Vec::new();
    let all = scene.statements.iter().flat_map(|s| s.descendants().chain([*s]));
    for jump in all {
        let value = match jump.kind() {
            Kind::BreakStatement if leaves(scene, jump, true) => request.stop.as_ref(),
            Kind::ContinueStatement if leaves(scene, jump, false) => request.go_on.as_ref(),
            Kind::ReturnStatement => {
                returned(scene, jump)?;
                continue;
            }
            Kind::GotoStatement if !stays(scene, jump) => {
                return Err(NotOutlined::new(
                    Obstacle::Jump,
                    jump.span(),
                    "a jump out of the statements to a label",
                ));
            }
            _ => continue,
        };
        let text = match value {
            Some(value) => format!("return {value};"),
            None if request.is_void() && jump.is(Kind::ContinueStatement) => "return;".to_owned(),
            None => {
                let word = if jump.is(Kind::BreakStatement) { "break" } else { "continue" };
                let sentence = format!("the rule does not say what `{word}` becomes");
                return Err(NotOutlined::new(Obstacle::Jump, jump.span(), sentence));
            }
        };
        out.push(TextEdit::new(jump.span(), text));
    }
    if let Some(hidden) = scene.region.exits_by(ExitKind::Hidden).next() {
        let span = scene.facts.cfg.node(hidden.from).syntax.span();
        return Err(NotOutlined::new(Obstacle::Jump, span, "a jump that is hidden in an expression"));
    }
    Ok(out)
}

/// Whether a `break` or `continue` belongs to a loop (or switch) around the statements.
fn leaves(scene: &Scene<'_, '_>, jump: Node<'_>, switches: bool) -> bool {
    let target = |n: &Node<'_>| n.kind().is_loop() || switches && n.is(Kind::SwitchStatement);
    let around = jump.ancestors().find(target);
    around.is_none_or(|n| !scene.region.encloses(n))
}

fn returned(scene: &Scene<'_, '_>, jump: Node<'_>) -> Result<(), NotOutlined> {
    let request = scene.asked.request;
    let has_value = jump.named_children().next().is_some();
    let sentence = match (request.hands_on, has_value != request.is_void()) {
        (true, true) => return Ok(()),
        (true, false) => "what this returns does not fit the prototype",
        (false, _) => "the rule does not say that the caller hands on what the new function returns",
    };
    Err(NotOutlined::new(Obstacle::Jump, jump.span(), sentence))
}

/// Whether a `goto` leads to a label among the statements.
fn stays(scene: &Scene<'_, '_>, jump: Node<'_>) -> bool {
    let name = jump.named_children().next().map(|n| n.text());
    let label = name.and_then(|n| scene.facts.scopes.label(n));
    label.is_some_and(|l| scene.region.encloses(l.node))
}

/// Whether control can come to the end of the statements.
pub(super) fn falls_through(scene: &Scene<'_, '_>) -> bool {
    scene.region.exits_by(ExitKind::Fallthrough).next().is_some()
}
