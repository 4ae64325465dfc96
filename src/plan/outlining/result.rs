//! What the rule's code makes of what the new function returns.
//!
//! In: a scene. Out: the variable that the code puts it in (`err = part(…);`), and the first way out of the statements
//! that the code would take for another, or behind which that variable would have another value than it had, with
//! somebody who looks at it.

use super::values::{Known, Values};
use super::{NotOutlined, Obstacle, Outcome, Scene, ways_out};
use crate::flow::cfg::Role;
use crate::flow::region::{ExitKind, RegionExit};
use crate::source::squeezed;
use crate::syntax::file_scope::words;
use crate::syntax::scope::DeclId;
use crate::syntax::{Kind, Node};

/// The variable that the rule's code sets, if there is one.
pub(super) fn variable(scene: &Scene<'_, '_>) -> Option<DeclId> {
    let name = scene.asked.instead.assigned?;
    scene.facts.scopes.lookup(name, scene.statements[0])
}

/// Whether each way out is what it was.
pub(super) fn check(scene: &Scene<'_, '_>) -> Result<(), NotOutlined> {
    for exit in &scene.region.exits {
        let refused = |sentence: String| {
            let from = scene.facts.cfg.node(exit.from);
            Err(NotOutlined::new(Obstacle::Jump, from.part.unwrap_or(from.syntax).span(), sentence))
        };
        let Some(value) = ways_out::value_of(scene, exit) else { continue };
        if let Some(id) = variable(scene).filter(|id| scene.liveness.is_live_in(exit.to, *id)) {
            let name = scene.facts.scopes.declaration(id).name;
            let known = Values::of(scene, id).on(exit);
            if value != name && known != Known::Is(squeezed(&value)) {
                let sentence = format!("behind this, the rule's code sets `{name}` to `{value}`");
                return refused(format!("{sentence}, which it is not known to be here"));
            }
        }
        if let Some(wrong) = mistaken(scene, exit, &value) {
            return refused(wrong);
        }
    }
    Ok(())
}

/// How the rule's code may take a way out for another one, where that returns a variable.
fn mistaken(scene: &Scene<'_, '_>, exit: &RegionExit, value: &str) -> Option<String> {
    if scene.asked.instead.result != Outcome::Judged {
        return None;
    }
    let place = scene.place_of(exit);
    let mut named = words(value).filter_map(|(_, word)| scene.facts.scopes.lookup(word, place));
    let id = named.next()?;
    if squeezed(value) != scene.facts.scopes.declaration(id).name {
        return Some(format!("the rule returns `{value}` here, whose value is not known"));
    }
    let known = Values::of(scene, id).on(exit);
    if matches!(exit.kind, ExitKind::Fallthrough | ExitKind::Continue) {
        let sentence =
            format!("the rule returns `{value}` where the statements end, which may not be 0 here");
        return (!known.is_zero()).then_some(sentence);
    }
    told_apart(scene, &known).err().map(|what| format!("the rule returns `{value}` here, which may {what}"))
}

/// What the value of a `return` may be, so that the rule's code would go on behind the call.
pub(super) fn taken_for_going_on<'t>(
    scene: &Scene<'_, 't>,
    jump: Node<'t>,
    value: Node<'t>,
) -> Option<&'static str> {
    let zero = scene.asked.request.go_on.as_ref().is_some_and(|v| Known::Is(scene.filled_in(v)).is_zero());
    let exit = scene.region.exits.iter().find(|e| scene.facts.cfg.node(e.from).syntax == jump)?;
    let known = match scene.facts.scopes.resolve(value) {
        Some(id) => Values::of(scene, id).on(exit),
        None => Known::of(value, scene),
    };
    match known {
        // Names in capitals are taken for other values than 0.
        Known::Is(text) if !zero || !compares(scene) => {
            Known::Is(text).is_zero().then_some("be 0").filter(|_| zero)
        }
        _ if !zero => Some("be what says that the caller goes on"),
        known => told_apart(scene, &known).err(),
    }
}

fn compares(scene: &Scene<'_, '_>) -> bool {
    scene.asked.instead.code.split_whitespace().any(|w| w == "<")
}

/// Whether the rule's code tells a value from that of going on; if not, what the value may be.
fn told_apart(scene: &Scene<'_, '_>, known: &Known) -> Result<(), &'static str> {
    match known {
        _ if compares(scene) && !known.is_negative() => Err("not be less than 0"),
        _ if !known.is_nonzero() => Err("be 0"),
        _ => Ok(()),
    }
}

/// Whether the rule's code hands on what a `return` among the statements returns: by `return`, or by a jump to one of
/// the variable that it put it in.
pub(super) fn is_handed_on(scene: &Scene<'_, '_>) -> bool {
    let code: Vec<&str> = words(scene.asked.instead.code).map(|(_, word)| word).collect();
    let returned = |label: &str| {
        let label = scene.facts.scopes.label(label)?;
        let cfg = &scene.facts.cfg;
        let at = cfg.nodes.iter().find(|n| n.role == Role::Label && n.syntax == label.node)?;
        let behind = cfg.node(ways_out::onwards(scene, at.id));
        let value = behind.syntax.named_children().find(|n| !n.is(Kind::Comment));
        let id = scene.facts.scopes.resolve(value?)?;
        Some(behind.role == Role::Return && Some(id) == variable(scene))
    };
    let mut jumps = code.windows(2).filter(|pair| pair[0] == "goto");
    code.contains(&"return") || jumps.any(|pair| returned(pair[1]) == Some(true))
}
