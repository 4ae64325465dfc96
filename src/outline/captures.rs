//! What the moved code uses of the function around it.
//!
//! In: a walk. Out: a [`Capture`] for each variable that has to reach the callback, in the order of first
//! use, and the locals that the callback gets as its own. It refuses variables that cannot be handed on.
//!
//! Capability 6 (tests/README.md): captures.

use crate::flow::access::{Access, How, Part, accesses};
use crate::plan::outlining::fit::{Handed, obstacle};
use crate::source::Span;
use crate::syntax::scope::{DeclId, DeclKind, Scopes};
use crate::syntax::{Field, Kind, Node};
use crate::walk::output::{Piece, Spelling};
use crate::walk::usage::{candidates, live_behind};
use crate::walk::{Refusal, RefusalCode, Walk};

/// How a variable reaches the callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passing {
    /// Its value, which the loop does not change.
    Value,
    /// As a field of the context, which replaces the variable from the loop on.
    Field,
    /// Its address.
    Address,
    /// An array, as the pointer that it decays to.
    Array,
    /// An aggregate that only the loop uses: it lives in the context.
    Moved,
}

/// A variable of the function that the callback uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The variable.
    pub id: DeclId,
    /// How it is passed.
    pub passing: Passing,
}

/// What the moved code needs.
#[derive(Clone, Debug, Default)]
pub struct Captures {
    /// Variables to pass, in the order of first use.
    pub passed: Vec<Capture>,
    /// Variables of the function that only live for one turn: the callback declares them itself.
    pub own: Vec<DeclId>,
    /// Constants of the function that only the callback uses now: it declares them itself, as they were.
    pub constants: Vec<DeclId>,
    /// Variables declared in the loop's body that are still used.
    pub inside: Vec<DeclId>,
}

/// The identifiers of the moved code that are still spelled as they were.
pub fn kept_identifiers<'t>(walk: &Walk<'t>) -> Vec<Node<'t>> {
    let replaced = replaced(walk);
    let mut out = Vec::new();
    for (piece, _) in &walk.body.pieces {
        let nodes = piece.nodes();
        let kept = nodes.iter().flat_map(|n| n.descendants()).filter(|n| n.is(Kind::Identifier));
        out.extend(kept.filter(|n| !replaced.iter().any(|s| s.contains(n.span()))));
    }
    for work in walk.exits.iter().map(|exit| &exit.work) {
        let all = work.statements.iter().flat_map(|n| n.descendants()).filter(|n| n.is(Kind::Identifier));
        out.extend(all.filter(|n| !work.spellings.keys().any(|s| s.contains(n.span()))));
    }
    out
}

/// What does not stand in the callback as it was: it is spelled otherwise, or has become a jump.
fn replaced(walk: &Walk<'_>) -> Vec<Span> {
    let jumps = walk.exits.iter().filter(|e| e.jump.node.is(Kind::ExpressionStatement));
    walk.body.spellings.keys().copied().chain(jumps.map(|e| e.jump.node.span())).collect()
}

/// Find the captures.
pub fn captures<'t>(walk: &Walk<'t>, scopes: &Scopes<'t>) -> Result<Captures, Refusal> {
    let site = &walk.site;
    let short_lived = candidates(site, scopes);
    let control = walk.control.map(|c| c.id);
    let mut out = Captures::default();
    let mut seen: Vec<DeclId> = Vec::new();
    for ident in kept_identifiers(walk) {
        let Some(id) = scopes.resolve(ident) else { continue };
        if let Some(again) = out.passed.iter().find(|c| c.id == id) {
            check(scopes, id, ident, again.passing)?;
        }
        // The offset is a parameter of the callback.
        if seen.contains(&id) || id == site.offset {
            continue;
        }
        let declaration = scopes.declaration(id);
        if site.outer.encloses(declaration.ident) {
            if declaration.ident != ident || used_again(walk, scopes, id) {
                seen.push(id);
                out.inside.push(id);
            }
            continue;
        }
        seen.push(id);
        if short_lived.contains(&id)
            || (control == Some(id) && (written_first(walk, scopes, id) || walk.carried.starts_from_zero(id)))
            || is_for_one_turn(walk, scopes, id)
        {
            out.own.push(id);
            continue;
        }
        if is_own_constant(walk, scopes, id) {
            out.constants.push(id);
            continue;
        }
        let passing = passing(walk, scopes, id)?;
        check(scopes, id, ident, passing)?;
        out.passed.push(Capture { id, passing });
    }
    Ok(out)
}

/// A variable that is zero whenever a turn starts, and that nobody looks at behind the loop.
fn is_for_one_turn(walk: &Walk<'_>, scopes: &Scopes<'_>, id: DeclId) -> bool {
    let declaration = scopes.declaration(id);
    let shared = |a: &Access<'_>| a.decl == id && (a.takes_address() || a.how == How::Unknown);
    walk.control.is_none_or(|c| c.id != id)
        && declaration.kind == DeclKind::Local
        && walk.carried.starts_from_zero(id)
        && !live_behind(&walk.site, id)
        && !walk.site.function.child(Field::Body).is_some_and(|b| accesses(b, scopes).iter().any(shared))
}

/// `const int most = MOST;`, used in the moved code only.
fn is_own_constant(walk: &Walk<'_>, scopes: &Scopes<'_>, id: DeclId) -> bool {
    let declaration = scopes.declaration(id);
    let constant = |n: Node<'_>| match n.kind() {
        Kind::Identifier => scopes.resolve(n).is_none() && !n.text().chars().any(|c| c.is_ascii_lowercase()),
        Kind::CallExpression | Kind::AssignmentExpression | Kind::UpdateExpression => false,
        _ => true,
    };
    let moved = |n: &Node<'_>| walk.site.outer.encloses(*n) || *n == declaration.ident;
    declaration.kind == DeclKind::Local
        && declaration.ty.is_const()
        && !declaration.ty.is_pointer()
        && declaration.initializer.is_some_and(|i| i.descendants().all(constant))
        && scopes.uses(id).iter().all(moved)
}

fn used_again(walk: &Walk<'_>, scopes: &Scopes<'_>, id: DeclId) -> bool {
    let declaring = scopes.declaration(id).ident;
    kept_identifiers(walk).iter().any(|n| *n != declaring && scopes.resolve(*n) == Some(id))
}

/// Every access of the moved code, with those that are spelled otherwise left out.
pub fn kept_accesses<'t>(walk: &Walk<'t>, scopes: &Scopes<'t>) -> Vec<Access<'t>> {
    let mut out = Vec::new();
    for (piece, _) in &walk.body.pieces {
        out.extend(piece.nodes().into_iter().flat_map(|node| accesses(node, scopes)));
    }
    let replaced = replaced(walk);
    out.retain(|a| !replaced.iter().any(|s| s.contains(a.node.span())));
    for work in walk.exits.iter().map(|exit| &exit.work) {
        let all = work.statements.iter().flat_map(|n| accesses(*n, scopes));
        out.extend(all.filter(|a| !work.spellings.keys().any(|s| s.contains(a.node.span()))));
    }
    out
}

/// Whether every turn writes a variable before it reads it. What is left of the inner loop is straight code, so that
/// this is seen from the order of accesses.
pub fn written_first(walk: &Walk<'_>, scopes: &Scopes<'_>, id: DeclId) -> bool {
    let all = kept_accesses(walk, scopes);
    let mut own = all.iter().filter(|a| a.decl == id);
    !own.clone().any(|a| a.uses() || a.takes_address())
        || own.next().is_some_and(|a| a.defines() && !a.uses())
}

fn passing(walk: &Walk<'_>, scopes: &Scopes<'_>, id: DeclId) -> Result<Passing, Refusal> {
    let declaration = scopes.declaration(id);
    let body = walk.site.function.child(Field::Body).unwrap_or(walk.site.function);
    let everywhere: Vec<_> = accesses(body, scopes).into_iter().filter(|a| a.decl == id).collect();
    if declaration.ty.is_array() && declaration.kind != DeclKind::Parameter {
        return Ok(Passing::Array);
    }
    if declaration.ty.is_aggregate() {
        let only_here =
            everywhere.iter().all(|a| walk.site.outer.encloses(a.node) || a.node == declaration.ident);
        let in_place = declaration.kind == DeclKind::Local && !declaration.has_cleanup();
        return Ok(if only_here && in_place { Passing::Moved } else { Passing::Address });
    }
    // What a macro does with the variable in front of the walk or behind it, it does to the variable.
    let unknown =
        |a: &Access<'_>| a.how == How::Unknown && a.part != Part::Pointee && walk.site.outer.encloses(a.node);
    if everywhere.iter().any(|a| a.takes_address() || unknown(a)) {
        return Ok(Passing::Address);
    }
    let written = kept_accesses(walk, scopes).iter().any(|a| a.decl == id && a.may_define());
    if written && declaration.has_cleanup() {
        return Ok(Passing::Address);
    }
    Ok(if written { Passing::Field } else { Passing::Value })
}

fn check(scopes: &Scopes<'_>, id: DeclId, ident: Node<'_>, passing: Passing) -> Result<(), Refusal> {
    let handed = match passing {
        Passing::Array => Handed::Decayed,
        Passing::Address => Handed::Address,
        Passing::Value | Passing::Field | Passing::Moved => Handed::Value,
    };
    match obstacle(scopes, id, ident, handed) {
        Some(sentence) => Err(Refusal::new(RefusalCode::CaptureNotPossible, ident.span(), sentence)),
        None => Ok(()),
    }
}

/// Whether the reference to the element is dropped by a statement that the conversion writes.
pub fn writes_release(walk: &Walk<'_>) -> bool {
    let nested = walk.body.spellings.values().any(|s| *s == Spelling::Release);
    nested || walk.body.pieces.iter().any(|(p, _)| *p == Piece::Release)
}

#[cfg(test)]
mod tests {
    use crate::outline::testing::{converted, refused};
    use crate::walk::testing::changed;

    #[test]
    fn what_the_body_uses_is_handed_on() {
        let written = [("see(object,", "ret += see(object,"), ("return 0;\n}", "return ret;\n}")];
        let two = converted(&changed(&written));
        assert!(two.contains("struct each_ctx {\n\tint ret;\n\tstruct object *object;\n};"), "{two}");
        assert!(two.contains("ctx->ret += see(ctx->object, part, off, len);"), "{two}");
        assert!(two.contains("return ctx.ret;"), "{two}");
        let none = converted(&changed(&[("see(object, parts[k], off, len);", "see(parts[k]);")]));
        assert!(none.contains("each_part, NULL)"), "{none}");
    }

    #[test]
    fn a_type_without_a_name_cannot_be_handed_on() {
        let nameless = [
            ("int k, ret = 0;", "int k, ret = 0;\n\tstruct { int sum; } all = { 0 };"),
            ("see(object,", "all.sum += see(object,"),
        ];
        assert_eq!(refused(&changed(&nameless)), "capture-not-possible");
    }
}
