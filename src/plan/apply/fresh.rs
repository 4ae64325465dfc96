//! Names that are made up by counting.
//!
//! In: what a rule found. Out: the same, where each match has a name of its own for a fresh identifier of which the rule
//! gives the beginning only.

use crate::matcher::{Binding, Environment};
use crate::smpl::compile::CompiledRule;
use crate::smpl::{FreshPart, MetaKind};

/// Number the names in order; `made` have been made up in the file before.
pub(super) fn numbered(rule: &CompiledRule, found: Vec<Environment>, made: &mut usize) -> Vec<Environment> {
    let beginning = |kind: &MetaKind| match kind {
        MetaKind::FreshIdentifier(parts) => match parts.as_slice() {
            [FreshPart::Text(text)] => Some(text.clone()),
            _ => None,
        },
        _ => None,
    };
    let named = rule.metavariables.values().filter(|meta| meta.inherited.is_none());
    let mut all: Vec<(&str, String)> =
        named.filter_map(|meta| Some((meta.name.as_str(), beginning(&meta.kind)?))).collect();
    all.sort_unstable();
    if all.is_empty() {
        return found;
    }
    let mut one = |env: Environment| {
        all.iter().fold(env, |env, (name, text)| {
            let made_up = format!("{text}{made}");
            *made += 1;
            env.with(name, Binding::text(made_up))
        })
    };
    found.into_iter().map(&mut one).collect()
}
