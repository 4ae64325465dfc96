//! The names of other rules without which a rule cannot do anything.
//!
//! In: a compiled rule. Out: the inherited metavariables that stand in every way to match it, or in code that every way adds,
//! and what the constraints of such metavariables mention. What stands in one branch only, in a nest, behind `when` or on a
//! line with `?` may stand for nothing: then nothing is that, and the rest of the rule goes on.

use super::compile::CompiledRule;
use super::metavariable::{Constraint, MetaKind, Metavariable};
use super::pattern::{NestCount, Pattern, Piece, Slot};
use std::collections::BTreeSet;

/// The names as `rule.metavariable`.
pub fn required(rule: &CompiledRule) -> BTreeSet<String> {
    let own = of_pattern(rule, &rule.pattern);
    own.iter().filter_map(|name| rule.metavariables.get(name)).flat_map(asked).collect()
}

/// The rule's own names that every way to match a pattern has.
fn of_pattern(rule: &CompiledRule, pattern: &Pattern) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for piece in pattern.pieces() {
        match piece.slot.map(|slot| &pattern.slots()[slot]) {
            Some(Slot::Disjunction(branches)) => {
                let all = branches.iter().map(|branch| of_pattern(rule, branch));
                out.extend(all.reduce(|a, b| &a & &b).unwrap_or_default());
            }
            Some(Slot::Conjunction(branches)) => {
                out.extend(branches.iter().flat_map(|branch| of_pattern(rule, branch)));
            }
            Some(Slot::Nest(NestCount::AtLeastOnce, inner, _)) => out.extend(of_pattern(rule, inner)),
            Some(Slot::Nest(NestCount::Any, ..) | Slot::Dots(_)) => {}
            Some(Slot::Directive(directive)) => out.extend(directive.pieces().flat_map(names)),
            None => out.extend(names(piece)),
        }
        for (_, group) in rule.hangs.get(&piece.atom.id).into_iter().flatten() {
            out.extend(rule.plus[*group].atoms.iter().map(|atom| atom.text.clone()));
        }
    }
    out
}

fn names(piece: &Piece) -> Vec<String> {
    piece.atom.words().map(str::to_owned).chain(piece.atom.attached.iter().cloned()).collect()
}

/// What a metavariable asks of other rules: where it comes from, and what its constraints mention. Positions are compared
/// with all there are, which may be none.
fn asked(meta: &Metavariable) -> Vec<String> {
    let own = meta.inherited.iter().map(|rule| format!("{rule}.{}", meta.name));
    let compared = match meta.kind {
        MetaKind::Position(_) => Vec::new(),
        _ => meta.constraints.iter().flat_map(Constraint::named).collect(),
    };
    own.chain(compared.into_iter().map(|(rule, name)| format!("{rule}.{name}"))).collect()
}
