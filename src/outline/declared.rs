//! Declarations of the body, in a callback that declares at its top.
//!
//! In: a declaration and what runs in front of it. Out: [`Declared`]. A value that may be another one at the
//! top – it comes from memory or a call, or from a variable that is written in front of it – is assigned
//! where the declaration stood. It refuses values that cannot be assigned: those of arrays, and lists in
//! braces.

use super::callback::Material;
use super::respell::Respelled;
use crate::flow::access::accesses;
use crate::plan::columns::{TAB, column_of};
use crate::plan::moved::moved;
use crate::syntax::scope::Declaration;
use crate::syntax::{Kind, Node};
use crate::walk::expressions::is_pure;
use crate::walk::output::Spelling;
use crate::walk::{Refusal, RefusalCode};

/// What becomes of a declaration.
pub(super) enum Declared {
    /// Nothing of it is needed.
    Gone,
    /// It stands at the top as it is.
    Whole,
    /// With some of its declarators only.
    Part(String),
    /// Its names are declared at the top, and get their values where it stood.
    Late { declared: String, assigned: Vec<String> },
}

/// What becomes of the declaration `node` behind the code `before`.
pub(super) fn declared<'t>(
    material: &Material<'_, 't>,
    respelled: &Respelled<'_, '_>,
    node: Node<'t>,
    before: &[Node<'t>],
) -> Result<Declared, Refusal> {
    let all: Vec<_> = material.scopes.declarations().iter().filter(|d| d.declaration == node).collect();
    let kept: Vec<_> = all.iter().copied().filter(|d| is_kept(material, d)).collect();
    if kept.is_empty() {
        return Ok(Declared::Gone);
    }
    let late_value = |d: &&Declaration<'_>| d.initializer.is_some_and(|v| may_change(material, v, before));
    let comes_late = kept.iter().any(late_value);
    if !comes_late && kept.len() == all.len() {
        return Ok(Declared::Whole);
    }
    if let Some(declaration) = kept.iter().find(|d| d.has_cleanup()) {
        let sentence = "this would have to be taken apart, and with it what is done when its variable goes";
        return Err(Refusal::new(RefusalCode::NotUnderstood, declaration.declaration.span(), sentence));
    }
    if comes_late {
        return late(respelled, &kept);
    }
    let parts: Vec<String> = kept
        .iter()
        .map(|d| {
            let value = d.initializer.map(|i| format!(" = {}", respelled.text(i.span())));
            format!("\t{}{};", d.ty.spelled_out().declare(d.name), value.unwrap_or_default())
        })
        .collect();
    Ok(Declared::Part(parts.join("\n")))
}

fn is_kept(material: &Material<'_, '_>, d: &Declaration<'_>) -> bool {
    let gone = material.walk.body.spellings.get(&d.declarator.span()) == Some(&Spelling::Gone);
    let used = material.captures.inside.contains(&d.id);
    let has_effect = d.initializer.is_some_and(|i| !is_pure(&material.spec.pure, i));
    !gone && (used || d.has_cleanup() || has_effect && !material.walk.body.lost.contains(&d.id))
}

/// Whether `value` may be another one in front of the code `before`.
fn may_change<'t>(material: &Material<'_, 't>, value: Node<'t>, before: &[Node<'t>]) -> bool {
    if before.is_empty() {
        return false;
    }
    // What the walk says in words of its own, the callback is given: the element, its offset and size.
    let is_given = |n: &Node<'_>| material.walk.body.spellings.contains_key(&n.span());
    let reads_memory = |n: Node<'_>| match n.kind() {
        Kind::CallExpression | Kind::SubscriptExpression => true,
        Kind::FieldExpression => n.operator() == Some("->"),
        Kind::PointerExpression => n.operator() == Some("*"),
        _ => false,
    };
    let inside_given = |n: Node<'_>| n.ancestors().take_while(|a| value.encloses(*a)).any(|a| is_given(&a));
    let elsewhere = |n: &Node<'_>| !is_given(n) && !inside_given(*n);
    if value.descendants().filter(elsewhere).any(reads_memory) || !is_pure(&material.spec.pure, value) {
        return true;
    }
    let written = before.iter().flat_map(|n| accesses(*n, material.scopes));
    let written: Vec<_> = written.filter(|a| a.may_define() || a.takes_address()).map(|a| a.decl).collect();
    accesses(value, material.scopes).iter().any(|a| elsewhere(&a.node) && written.contains(&a.decl))
}

/// Names first, values later.
fn late(respelled: &Respelled<'_, '_>, kept: &[&Declaration<'_>]) -> Result<Declared, Refusal> {
    let (mut declared, mut assigned) = (Vec::new(), Vec::new());
    for d in kept {
        let fixed = d.ty.is_array() || d.initializer.is_some_and(|value| value.is(Kind::InitializerList));
        if fixed && d.initializer.is_some() {
            return Err(Refusal::new(
                RefusalCode::NotUnderstood,
                d.declaration.span(),
                "a declaration whose value cannot be assigned stands behind a statement that moves with it",
            ));
        }
        declared.push(format!("\t{};", d.ty.without_const().spelled_out().declare(d.name)));
        if let Some(value) = d.initializer {
            let source = value.tree().source();
            let by = TAB as isize - column_of(source, value.span()) as isize;
            assigned.push(format!("\t{} = {};", d.name, moved(&respelled.text(value.span()), by)));
        }
    }
    Ok(Declared::Late { declared: declared.join("\n"), assigned })
}
