//! How each way out of the statements is spelled in the new function.
//!
//! In: a scene. Out: edits of jumps, and what stands at the end. It refuses jumps that the new function has no word for,
//! and those that the code in the statements' place would take for another.

use super::{NotOutlined, Obstacle, Outcome, Scene, result};
use crate::edit::TextEdit;
use crate::flow::cfg::{CfgId, Role};
use crate::flow::region::{ExitKind, RegionExit};
use crate::source::squeezed;
use crate::syntax::file_scope::words;
use crate::syntax::scope::DeclId;
use crate::syntax::types::WrittenType;
use crate::syntax::{Field, Kind, Node};

/// The edits of all jumps that leave the statements; `spell` writes what a way returns as the new function has to.
pub(super) fn edits<'t>(
    scene: &Scene<'_, 't>,
    spell: &dyn Fn(&str, Node<'t>) -> String,
) -> Result<Vec<TextEdit>, NotOutlined> {
    let request = scene.asked.request;
    let mut out = Vec::new();
    let all = scene.statements.iter().flat_map(|s| s.descendants().chain([*s]));
    for jump in all {
        let value = match jump.kind() {
            Kind::BreakStatement if leaves(scene, jump, true) => request.stop.as_deref(),
            Kind::ContinueStatement if leaves(scene, jump, false) => {
                skips_nothing(scene, jump)?;
                request.go_on.as_deref()
            }
            Kind::ReturnStatement => match returned(scene, jump)? {
                Some(value) => Some(value),
                None => continue,
            },
            Kind::GotoStatement if !stays(scene, jump) => target(scene, jump),
            _ => continue,
        };
        let told = jump.is(Kind::ContinueStatement) || scene.asked.instead.result != Outcome::Dropped;
        let text = match value {
            Some(_) if !told => return Err(dropped(jump)),
            Some(value) => format!("return {};", spell(&scene.filled_in(value), jump)),
            None if request.is_void() && jump.is(Kind::ContinueStatement) => "return;".to_owned(),
            None => {
                let way = squeezed_jump(jump);
                let sentence = format!("the rule does not say what `{way}` becomes");
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

/// What the new function returns on a way out, as the rule spells it; `None` where a `return` stays as it is.
pub(super) fn value_of(scene: &Scene<'_, '_>, exit: &RegionExit) -> Option<String> {
    let request = scene.asked.request;
    let jump = scene.facts.cfg.node(exit.from).syntax;
    let value = match exit.kind {
        ExitKind::Fallthrough | ExitKind::Continue => request.go_on.as_deref(),
        ExitKind::Break => request.stop.as_deref(),
        ExitKind::Goto => target(scene, jump),
        ExitKind::Return | ExitKind::Hidden => None,
    };
    value.map(|value| scene.filled_in(value))
}

/// Variables of the function that the values of ways out name, and where.
pub(super) fn named<'t>(scene: &Scene<'_, 't>) -> Vec<(DeclId, Node<'t>)> {
    let mut out = Vec::new();
    for exit in &scene.region.exits {
        let Some(value) = value_of(scene, exit) else { continue };
        let place = scene.place_of(exit);
        let ids = words(&value).filter_map(|(_, word)| scene.facts.scopes.lookup(word, place));
        out.extend(ids.map(|id| (id, place)));
    }
    out
}

/// The caller goes on behind the call where a `continue` was: in a loop that stays, nothing may stand there that the
/// `continue` leapt over.
fn skips_nothing(scene: &Scene<'_, '_>, jump: Node<'_>) -> Result<(), NotOutlined> {
    let around = jump.ancestors().find(|n| n.kind().is_loop());
    if around.is_some_and(|n| scene.loses_start(n)) {
        return Ok(());
    }
    let to = |kind: ExitKind| {
        let mut all: Vec<CfgId> = scene.region.exits_by(kind).map(|e| onwards(scene, e.to)).collect();
        all.sort();
        all.dedup();
        all
    };
    if to(ExitKind::Continue) == to(ExitKind::Fallthrough) {
        return Ok(());
    }
    let sentence = "the loop stays, and the code behind the statements would run where this leaps over it";
    Err(NotOutlined::new(Obstacle::Jump, jump.span(), sentence))
}

/// Where control comes to from a place, past code that the rule takes out and past what does nothing.
pub(super) fn onwards(scene: &Scene<'_, '_>, from: CfgId) -> CfgId {
    let cfg = &scene.facts.cfg;
    let mut at = from;
    // A removed jump may lead back here.
    for _ in 0..cfg.nodes.len() {
        let node = cfg.node(at);
        let gone = scene.asked.removed.iter().any(|s| s.contains(node.syntax.span()));
        let does_nothing = matches!(node.role, Role::After | Role::BlockBegin | Role::BlockEnd | Role::Label);
        match node.successors.as_slice() {
            [next] if gone || does_nothing => at = next.to,
            _ => break,
        }
    }
    at
}

/// `break`, `continue` or `goto label`, without more.
fn squeezed_jump(jump: Node<'_>) -> String {
    let words: Vec<&str> =
        jump.children().filter(|n| !n.is(Kind::Comment) && n.text() != ";").map(|n| n.text()).collect();
    words.join(" ")
}

/// What a `return` becomes; `None` if it stays.
fn returned<'a>(scene: &Scene<'a, '_>, jump: Node<'_>) -> Result<Option<&'a str>, NotOutlined> {
    let request = scene.asked.request;
    let value = jump.named_children().find(|n| !n.is(Kind::Comment));
    let refused = |sentence: String| Err(NotOutlined::new(Obstacle::Jump, jump.span(), sentence));
    let Some(value) = value else {
        return match &request.bare_return {
            Some(value) => Ok(Some(value)),
            None if request.hands_on && request.is_void() => Ok(None),
            None => refused("the rule does not say what `return` without a value becomes".to_owned()),
        };
    };
    if !request.hands_on {
        let sentence = "the rule does not say that the caller hands on what the new function returns";
        return refused(sentence.to_owned());
    }
    if scene.asked.instead.result == Outcome::Dropped {
        return Err(dropped(jump));
    }
    if scene.asked.instead.assigned.is_some() && !result::is_handed_on(scene) {
        return refused("the rule's code does not return what it gets from the new function here".to_owned());
    }
    let own = WrittenType::returned_by(scene.facts.function).map(|ty| ty.type_name());
    let asked = scene.returns();
    let asked: Vec<&str> = asked.split_whitespace().filter(|w| !matches!(*w, "static" | "inline")).collect();
    let asked = asked.join(" ");
    if let Some(own) = own.filter(|own| squeezed(own) != squeezed(&asked)) {
        return refused(format!("this returns `{own}`, the prototype `{asked}`"));
    }
    let goes_on = at_the_end(scene)?.is_some() || scene.region.exits_by(ExitKind::Continue).next().is_some();
    let stops = scene.region.exits_by(ExitKind::Break).next().is_some();
    let ways = [
        (request.go_on.as_deref().filter(|_| goes_on), "goes on"),
        (request.stop.as_deref().filter(|_| stops), "stops"),
    ];
    let same = ways
        .into_iter()
        .find(|(way, _)| way.is_some_and(|way| squeezed(&scene.filled_in(way)) == squeezed(value.text())));
    match same {
        Some((_, what)) if scene.asked.instead.result == Outcome::Judged => {
            refused(format!("by the rule, `{}` says that the caller {what}", value.text()))
        }
        None if scene.asked.instead.result == Outcome::Judged && goes_on => {
            match result::taken_for_going_on(scene, jump, value) {
                Some(what) => refused(format!("this returns `{}`, which may {what}", value.text())),
                None => Ok(None),
            }
        }
        _ => Ok(None),
    }
}

fn dropped(jump: Node<'_>) -> NotOutlined {
    let sentence =
        "the rule's code does not look at what the new function returns, and so would go on behind this";
    NotOutlined::new(Obstacle::Jump, jump.span(), sentence)
}

/// What the rule has for a jump to a label.
fn target<'a>(scene: &Scene<'a, '_>, jump: Node<'_>) -> Option<&'a str> {
    let label = jump.child(Field::Label)?.text();
    let gotos = &scene.asked.request.gotos;
    gotos.iter().find(|(wanted, _)| scene.filled_in(wanted) == label).map(|(_, value)| value.as_str())
}

/// Whether a `goto` leads to a label among the statements.
fn stays(scene: &Scene<'_, '_>, jump: Node<'_>) -> bool {
    let name = jump.child(Field::Label).map(|n| n.text());
    let label = name.and_then(|n| scene.facts.scopes.label(n));
    label.is_some_and(|l| scene.region.encloses(l.node))
}

/// What is returned where control comes to the end of the statements; `None` if it does not, or if nothing is.
pub(super) fn at_the_end<'a>(scene: &Scene<'a, '_>) -> Result<Option<&'a str>, NotOutlined> {
    let request = scene.asked.request;
    let Some(exit) = scene.region.exits_by(ExitKind::Fallthrough).next() else { return Ok(None) };
    if scene.asked.instead.result == Outcome::Returned && !is_left_out(scene, exit) {
        let span = scene.facts.cfg.node(exit.to).syntax.span();
        let sentence = "the statements may end without `return`, and what follows them would not be reached";
        return Err(NotOutlined::new(Obstacle::Jump, span, sentence));
    }
    match &request.go_on {
        None if !request.is_void() => {
            let last = scene.statements[scene.statements.len() - 1].span();
            let sentence = "the rule does not say what is returned where the statements end";
            Err(NotOutlined::new(Obstacle::Jump, last, sentence))
        }
        value => Ok(value.as_deref()),
    }
}

/// Whether an exit leads out of the function, or to code that goes too.
fn is_left_out(scene: &Scene<'_, '_>, exit: &RegionExit) -> bool {
    let cfg = &scene.facts.cfg;
    let mut at = exit.to;
    loop {
        let node = cfg.node(at);
        let gone = scene.asked.removed.iter().any(|s| s.contains(node.syntax.span()));
        if at == cfg.exit() || gone {
            return true;
        }
        match (node.role, node.successors.as_slice()) {
            (Role::After | Role::BlockBegin | Role::BlockEnd | Role::Label, [next]) => at = next.to,
            _ => return false,
        }
    }
}
