//! How much the helper is asked to walk.
//!
//! In: what the loop goes on for. Out: an [`Extent`]: the amount, the condition under which the loop was
//! entered, and the test for an amount that is larger than what is there, which the code takes for a failure
//! and the helper does not. It refuses amounts of which the code behind the loop could not tell that they
//! were not there.

use super::callback::Material;
use super::caller::is_zero;
use super::ways_out::{Dispatch, Value};
use crate::flow::access::accesses;
use crate::syntax::Field;
use crate::syntax::scope::DeclId;
use crate::syntax::types::WrittenType;
use crate::walk::total::is_limited_to_rest;
use crate::walk::usage::live_behind;
use crate::walk::{Refusal, RefusalCode};

/// How much is walked.
#[derive(Clone, Debug)]
pub(super) struct Extent {
    /// The amount.
    pub size: String,
    /// What has to hold for the loop to be entered, if the helper would not see it by itself.
    pub entered: Vec<String>,
    /// The amount may be more than there is.
    pub shortage: Option<Shortage>,
}

/// A test for less than was asked for.
#[derive(Clone, Debug)]
pub(super) struct Shortage {
    /// The variable that holds what is there before the walk.
    pub variable: String,
    /// Its declaration.
    pub declared: String,
    /// What it is set to.
    pub available: String,
}

/// Find the amount.
pub(super) fn extent(material: &Material<'_, '_>, dispatch: &Dispatch<'_>) -> Result<Extent, Refusal> {
    let total = &material.walk.total;
    let mut entered = Vec::new();
    let refuse = |what: String| Err(Refusal::new(RefusalCode::NotUnderstood, total.condition.span(), what));
    let Some(counter) = total.counter else {
        return match total.position {
            Some(position) => Ok(Extent { size: position.text().to_owned(), entered, shortage: None }),
            None => refuse("how far the walk goes is not to be seen here".to_owned()),
        };
    };
    let declaration = material.scopes.declaration(counter.id);
    let name = declaration.name;
    let size = match counter.bound {
        None => name.to_owned(),
        Some(bound) if starts_at_zero(material, counter.id) => bound.text().to_owned(),
        Some(bound) => format!("{} - {name}", bound.text()),
    };
    if total.position.is_some()
        || is_limited_to_rest(material.spec, material.scopes, &material.walk.site, counter)
    {
        return Ok(Extent { size, entered, shortage: None });
    }
    if !material.walk.failure.arm.nothing_fails && !is_signed(&declaration.ty) {
        // What was asked for beyond what is there would have been asked for for ever.
        return Ok(Extent { size, entered, shortage: None });
    }
    let captured = material.captures.passed.iter().any(|c| c.id == counter.id);
    if counter.bound.is_some() || captured || live_behind(&material.walk.site, counter.id) {
        let what = "may be more than there is, which the code takes for a failure and the helper does not";
        return refuse(format!("`{size}` {what}"));
    }
    if is_signed(&declaration.ty) {
        entered.push(format!("{name} > 0"));
    }
    let shortage = match dispatch {
        // Nobody looks, or nothing that was got is told as it is.
        Dispatch::Nothing => None,
        Dispatch::FailureArm(_) if material.walk.failure.arm.nothing_fails => Some(shortage(material)),
        _ => {
            let what =
                "may be more than there is, and the code behind the loop tells that from other failures";
            return refuse(format!("`{size}` {what}"));
        }
    };
    Ok(Extent { size, entered, shortage })
}

fn shortage(material: &Material<'_, '_>) -> Shortage {
    let scopes = material.scopes;
    let is_free = |n: &&str| !scopes.mentions(n) && !material.taken.has_local(n);
    let free = ["count", "left", "available"].into_iter().find(is_free);
    let variable = free.unwrap_or("walk_count").to_owned();
    let declared = format!("{}{variable}", material.spec.callback.size.0);
    let available = material.spec.position_of(material.walk.site.iter.text());
    Shortage { variable, declared, available: available.unwrap_or_default() }
}

/// The test behind the call that finds a failure, with that for less than was asked for.
pub(super) fn failure_test(
    material: &Material<'_, '_>,
    extent: &Extent,
    result: &str,
    failed: &str,
) -> String {
    let Some(shortage) = &extent.shortage else { return failed.to_owned() };
    let less = format!("{} > {}", extent.size, shortage.variable);
    let rest = !material.walk.total.rest.is_empty();
    let stops = rest || material.endings.iter().any(|e| e.value == Value::Stop);
    let told_apart = failed.contains(" && ");
    let failed = if told_apart { format!("({failed})") } else { failed.to_owned() };
    if stops || told_apart {
        format!("{failed} || (!{result} && {less})")
    } else {
        format!("{failed} || {less}")
    }
}

/// Whether a type is not known to be unsigned.
fn is_signed(ty: &WrittenType) -> bool {
    let unsigned = |word: &str| {
        word == "unsigned"
            || word.strip_prefix('u').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            || word.starts_with("__u")
            || word.starts_with("uint")
            || word.starts_with("size_t")
            || word.starts_with("ulong")
    };
    !ty.specifiers().split_whitespace().any(unsigned)
}

fn starts_at_zero(material: &Material<'_, '_>, id: DeclId) -> bool {
    let outer = material.walk.site.outer;
    let body = material.walk.site.function.child(Field::Body).unwrap_or(outer);
    let declaration = material.scopes.declaration(id);
    let written_before = accesses(body, material.scopes).iter().any(|a| {
        a.decl == id
            && a.node != declaration.ident
            && a.node.span().start < outer.span().start
            && (a.may_define() || a.takes_address())
    });
    declaration.initializer.is_some_and(is_zero) && !written_before
}
