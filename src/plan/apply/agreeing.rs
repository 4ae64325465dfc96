//! Which matches get their code.
//!
//! In: what the matches of a rule add, in order. Out: those that can be made as a whole, and the places of the others with
//! the reason: two that want different code at one place, and code that mentions what stands for nothing here.

use super::transform::Site;
use crate::diagnostic::{Diagnostic, Severity};
use crate::matcher::Binding;
use crate::plan::layout::Insertion;
use crate::smpl::compile::CompiledRule;
use crate::smpl::pattern::is_literal;
use crate::smpl::{FreshPart, MetaKind};
use crate::source::{SourceFile, Span};
use std::collections::HashMap;

/// A match that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failed {
    /// Where its code cannot be added.
    pub(super) place: Span,
    /// Why not.
    pub(super) why: Why,
}

/// Why a match is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Another match added other code there.
    Taken,
    /// What stands for several things in the match would be written for each of them.
    Several,
    /// Its code mentions a metavariable that stands for nothing in this match.
    Unbound(String),
}

impl Failed {
    /// What is said about it.
    pub(super) fn told(&self, rule: &str, source: &SourceFile) -> Diagnostic {
        let message = match &self.why {
            Why::Taken => format!("two matches of {rule} want different code here; the first got its own"),
            Why::Several => {
                format!("{rule} wants different code here for each place of a nest; the match was left out")
            }
            Why::Unbound(name) => {
                format!("{rule} adds {name} here, which stands for nothing in this match; it was left out")
            }
        };
        Diagnostic::new(Severity::Warning, "smpl-conflict", message).at(source, self.place, "here")
    }
}

/// The sites of the matches whose code can be added, and what becomes of the others.
pub(super) fn agreeing(rule: &CompiledRule, sites: &[Site]) -> (Vec<usize>, Vec<Failed>) {
    let mut first: HashMap<(Span, usize), &Insertion> = HashMap::new();
    let mut kept = Vec::new();
    let mut failed: Vec<Failed> = Vec::new();
    let mut done = 0;
    for all in sites.chunk_by(|a, b| a.number == b.number) {
        let from = done;
        done += all.len();
        match clash(rule, all, &first) {
            Some(clash) if failed.iter().any(|old| old.place == clash.place) => {}
            Some(clash) => failed.push(clash),
            None => {
                kept.extend(from..done);
                for insertion in all.iter().flat_map(|site| &site.inserted) {
                    first.entry((insertion.anchor, insertion.group)).or_insert(insertion);
                }
            }
        }
    }
    (kept, failed)
}

/// Why the code of one match cannot be added where `first` is what others add.
fn clash(rule: &CompiledRule, all: &[Site], first: &HashMap<(Span, usize), &Insertion>) -> Option<Failed> {
    let mut own: HashMap<(Span, usize), &Insertion> = HashMap::new();
    for site in all {
        for new in &site.inserted {
            let place = new.anchor;
            if let Some(name) = unbound(rule, site, new.group) {
                return Some(Failed { place, why: Why::Unbound(name.to_owned()) });
            }
            let differs = |old: &&Insertion| !new.repeated && old.code != new.code;
            if first.get(&(place, new.group)).is_some_and(differs) {
                return Some(Failed { place, why: Why::Taken });
            }
            if own.get(&(place, new.group)).is_some_and(differs) {
                return Some(Failed { place, why: Why::Several });
            }
            own.insert((place, new.group), new);
        }
    }
    None
}

/// A metavariable of plus code that stands for nothing at a site.
fn unbound<'r>(rule: &'r CompiledRule, site: &Site, group: usize) -> Option<&'r str> {
    let lacks = |name: &str| {
        let meta = rule.metavariables.get(name)?;
        let asked: Vec<&str> = match &meta.kind {
            MetaKind::FreshIdentifier(_) if site.environment.get(name).is_some() => Vec::new(),
            MetaKind::FreshIdentifier(parts) => parts.iter().filter_map(seed).collect(),
            MetaKind::Outline(_) | MetaKind::OutlineArgument(_) => Vec::new(),
            kind if is_literal(kind) => Vec::new(),
            _ => vec![meta.name.as_str()],
        };
        let open = |name: &&str| site.environment.get(name).is_none_or(Binding::is_nothing);
        asked.into_iter().find(open)
    };
    rule.plus[group].atoms.iter().find_map(|atom| lacks(&atom.text))
}

fn seed(part: &FreshPart) -> Option<&str> {
    match part {
        FreshPart::Metavariable(name) => Some(name),
        FreshPart::Text(_) => None,
    }
}
