//! What the statements use of the function around them.
//!
//! In: a scene. Out: a [`Capture`] for each variable, in the order of first use. A value is handed on as a value only
//! where nothing changes it between there and here; otherwise its address is.

use super::fit::{Handed, obstacle};
use super::{Late, NotOutlined, Obstacle, Scene, body, result, ways_out};
use crate::flow::access::{How, accesses};
use crate::flow::cfg::CfgId;
use crate::flow::reaching::{DefKind, Definition, Reaching};
use crate::smpl::outline::OutlineParameter;
use crate::smpl::token::has_word;
use crate::syntax::scope::{DeclId, DeclKind};
use crate::syntax::types::Storage;
use crate::syntax::{Kind, Node};

/// How a variable reaches the new function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passing {
    /// Not at all: only the statements use it, and from new each time.
    Own,
    /// Its value.
    Value,
    /// Its value, which is put into the context right before the call.
    Late,
    /// An array, as the pointer that it decays to.
    Decayed,
    /// Its address.
    Address,
}

impl Passing {
    /// How, in words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Passing::Own => "as its own local",
            Passing::Value | Passing::Late => "by value",
            Passing::Decayed => "as a pointer to its first element",
            Passing::Address => "by address",
        }
    }
}

/// A variable of the function that the statements use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Capture {
    pub(super) id: DeclId,
    pub(super) passing: Passing,
}

impl Capture {
    pub(super) fn name<'t>(&self, scene: &Scene<'_, 't>) -> &'t str {
        scene.facts.scopes.declaration(self.id).name
    }

    /// Its declaration as it is handed on.
    pub(super) fn declared(&self, scene: &Scene<'_, '_>) -> String {
        let declaration = scene.facts.scopes.declaration(self.id);
        match self.passing {
            // A parameter that is written as an array is a pointer.
            Passing::Own | Passing::Value | Passing::Late => {
                declaration.ty.decayed().without_const().spelled_out().declare(declaration.name)
            }
            Passing::Decayed => declaration.ty.decayed().spelled_out().declare(declaration.name),
            Passing::Address => declaration.ty.spelled_out().pointer_to(declaration.name),
        }
    }
}

/// Find the captures.
pub(super) fn captures(scene: &Scene<'_, '_>) -> Result<Vec<Capture>, NotOutlined> {
    let scopes = &scene.facts.scopes;
    let mut out: Vec<Capture> = Vec::new();
    let used = scene.identifiers().filter_map(|n| Some((scopes.resolve(n)?, n)));
    for (id, ident) in used.chain(ways_out::named(scene)) {
        let known = scene.given.iter().any(|(given, _)| *given == id);
        let kind = scopes.declaration(id).kind;
        if known || scene.region.declared.contains(&id) || matches!(kind, DeclKind::Enumerator) {
            continue;
        }
        let passing = passing(scene, id);
        let handed = match passing {
            Passing::Own | Passing::Value | Passing::Late => Handed::Value,
            Passing::Decayed => Handed::Decayed,
            Passing::Address => Handed::Address,
        };
        if let Some(sentence) = obstacle(scopes, id, ident, handed) {
            return Err(NotOutlined::new(Obstacle::Capture, ident.span(), sentence));
        }
        if out.iter().any(|c| c.id == id) {
            continue;
        }
        if passing == Passing::Address && scopes.declaration(id).ty.storage() == Some(Storage::Register) {
            let sentence = format!("`{}` is in a register, and has no address", scopes.declaration(id).name);
            return Err(NotOutlined::new(Obstacle::Capture, ident.span(), sentence));
        }
        let declared = scopes.declaration(id).ident.span();
        if passing != Passing::Own && scene.asked.removed.iter().any(|s| s.contains(declared)) {
            let sentence = format!("the rule removes the declaration of `{}`", scopes.declaration(id).name);
            return Err(NotOutlined::new(Obstacle::Capture, ident.span(), sentence));
        }
        if passing != Passing::Own
            && let Some(written) = written_by_removed(scene, id)
        {
            let name = scopes.declaration(id).name;
            let sentence = format!("this sets `{name}`, which the statements use, and the rule removes it");
            return Err(NotOutlined::new(Obstacle::Capture, written.span(), sentence));
        }
        out.push(Capture { id, passing });
    }
    Ok(out)
}

fn passing(scene: &Scene<'_, '_>, id: DeclId) -> Passing {
    let declaration = scene.facts.scopes.declaration(id);
    let region = &scene.region;
    let shared = scene.facts.shared.contains(&id);
    // The rule's code sets it from what the new function returns.
    let set_behind = !shared && result::variable(scene) == Some(id);
    let looked_at = region.live_out.contains(&id) || has_word(scene.asked.instead.code, declaration.name);
    let looked_at = looked_at && !set_behind;
    let only_here = region.only_inside.contains(&id) || region.written.contains(&id) && !looked_at;
    let comes_in = region.exposed.contains(&id) || set_behind && region.surviving.contains(&id);
    let comes_in = comes_in && !starts_empty(scene, id);
    let fresh = only_here && !comes_in && !shared;
    let local = declaration.kind == DeclKind::Local && !declaration.ty.is_array();
    if local && fresh && (region.read.contains(&id) || region.only_inside.contains(&id)) {
        return Passing::Own;
    }
    if local && fresh {
        // The compiler would warn of a local that nobody looks at.
        return Passing::Address;
    }
    if declaration.is_array_object() {
        return Passing::Decayed;
    }
    let by_name = scene.asked.request.parameters.contains(&OutlineParameter::Captures);
    let comes_back = region.written.contains(&id) && (looked_at || !by_name);
    if declaration.ty.is_aggregate() || shared || comes_back {
        Passing::Address
    } else if by_name || is_stable(scene, id) {
        Passing::Value
    } else {
        match scene.asked.late {
            Late::ByAddress => Passing::Address,
            Late::Assigned => Passing::Late,
        }
    }
}

/// Whether nothing was written to a variable when control comes to the statements.
fn starts_empty(scene: &Scene<'_, '_>, id: DeclId) -> bool {
    let (region, cfg) = (&scene.region, &scene.facts.cfg);
    let Some(first) = region.first else { return false };
    let reaching = Reaching::of(&scene.facts);
    let before: Vec<_> = reaching.before(first, id).into_iter().map(|d| *reaching.definition(d)).collect();
    let empty = |d: &&Definition<'_>| d.kind == DefKind::Uninitialised;
    let (own, others): (Vec<_>, Vec<_>) = before.iter().partition(|d| region.contains(d.at));
    if others.is_empty() || !others.iter().all(empty) {
        return false;
    }
    // What the statements wrote may come back to them around a loop of their own only.
    let mut reached: Vec<CfgId> = region.exits.iter().map(|e| e.to).collect();
    let mut at = 0;
    while let Some(id) = reached.get(at).copied() {
        let next: Vec<CfgId> = cfg.successors(id).filter(|n| !reached.contains(n)).collect();
        reached.extend(next);
        at += 1;
    }
    own.is_empty() || !reached.contains(&first)
}

/// Whether the value where the call's block begins is the value where the statements begin.
fn is_stable(scene: &Scene<'_, '_>, id: DeclId) -> bool {
    let scopes = &scene.facts.scopes;
    let declaration = scopes.declaration(id);
    let own = declaration.ident;
    let late = scene.block.encloses(own)
        && !scene
            .block
            .children()
            .skip(1)
            .take_while(|n| n.is(Kind::Declaration) || n.is(Kind::Comment))
            .any(|n| n.encloses(own));
    !late
        && !accesses(scene.block, scopes).iter().any(|a| {
            a.decl == id && a.node != own && (a.may_define() || a.takes_address() || a.how == How::Unknown)
        })
}

/// Code outside of the statements that sets the variable and that the rule takes out.
pub(super) fn written_by_removed<'t>(scene: &Scene<'_, 't>, id: DeclId) -> Option<Node<'t>> {
    let gone = |n: Node<'_>| scene.asked.removed.iter().any(|s| s.contains(n.span()));
    accesses(body(scene.facts.function), &scene.facts.scopes)
        .into_iter()
        .find(|a| a.decl == id && a.may_define() && gone(a.node) && !scene.region.encloses(a.node))
        .map(|a| a.node)
}

/// Whether the only captured variable is handed on without a struct around it.
pub(super) fn is_direct(scene: &Scene<'_, '_>, captures: &[Capture]) -> bool {
    let mut passed = captures.iter().filter(|c| c.passing != Passing::Own);
    let (Some(capture), None) = (passed.next(), passed.next()) else { return false };
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let text = capture.declared(scene);
    let qualified = text.split(|c| !is_word(c)).any(|word| matches!(word, "const" | "volatile"));
    let pointer = scene.facts.scopes.declaration(capture.id).ty.is_pointer();
    !qualified && (!matches!(capture.passing, Passing::Value | Passing::Late) || pointer)
}
