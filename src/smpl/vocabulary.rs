//! The words that the patterns of a rule are read with.
//!
//! In: the metavariables of a rule, and what its file declares names to be. Out: a [`Vocabulary`], which every pattern of
//! the rule shares. Names that no rule declares are left to the front end's own guess.

use super::metavariable::{MetaKind, Metavariable};
use crate::syntax::macros::{MacroKnowledge, MacroRole};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

/// Metavariables by name, and what else the words of a rule mean.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    metavariables: HashMap<String, Metavariable>,
    /// The names of all, those of lengths of lists included, sorted: their bits in a [`Names`].
    order: Vec<String>,
    /// What names stand for that rules of the file declare; nothing if there are none.
    pub names: Option<Arc<MacroKnowledge>>,
    /// Isomorphisms that the rule does without.
    pub disabled: Vec<String>,
}

/// How a macro that iterates is spelled for the front end.
pub const ITERATOR: &str = "for_each_vd";

/// A set of a rule's names, as [`Vocabulary::bit`] numbers them.
pub type Names = u128;

/// A vocabulary that patterns share.
pub type Metavariables = Arc<Vocabulary>;

impl Deref for Vocabulary {
    type Target = HashMap<String, Metavariable>;

    fn deref(&self) -> &Self::Target {
        &self.metavariables
    }
}

/// The isomorphisms that are no entry of a file: the matcher has them.
pub const BUILT_IN: [&str; 10] = [
    "braces0",
    "braces1",
    "braces2",
    "braces3",
    "braces4",
    "decl_init",
    "drop_else",
    "neg_if",
    "optional_attributes",
    "ret",
];

impl Vocabulary {
    /// The vocabulary of a rule: `names` is what its file declares.
    pub fn of(
        metavariables: &[Metavariable],
        names: Option<&Arc<MacroKnowledge>>,
        disabled: &[String],
    ) -> Self {
        let own = metavariables.iter().filter_map(|m| match m.kind {
            MetaKind::Attribute => Some((m.name.as_str(), MacroRole::Attribute)),
            MetaKind::Iterator | MetaKind::IteratorName => Some((ITERATOR, MacroRole::Iterator)),
            _ => None,
        });
        let own: Vec<(&str, MacroRole)> = own.collect();
        let lengths = metavariables.iter().flat_map(Metavariable::numbers);
        let mut order: Vec<String> =
            metavariables.iter().map(|m| m.name.as_str()).chain(lengths).map(str::to_owned).collect();
        order.sort_unstable();
        order.dedup();
        Self {
            order,
            metavariables: metavariables.iter().map(|m| (m.name.clone(), m.clone())).collect(),
            names: if own.is_empty() { names.cloned() } else { Some(Arc::new(declared(&own, names))) },
            disabled: disabled.to_vec(),
        }
    }

    /// The bit of a name. A rule may have more names than there are bits: the others are in no set.
    pub fn bit(&self, name: &str) -> Names {
        match self.order.binary_search_by(|known| known.as_str().cmp(name)) {
            Ok(i) if i < Names::BITS as usize => 1 << i,
            _ => 0,
        }
    }

    /// The names of a set, sorted.
    pub fn named(&self, set: Names) -> impl Iterator<Item = &str> {
        let all = self.order.iter().take(Names::BITS as usize).enumerate();
        all.filter(move |(i, _)| set >> i & 1 == 1).map(|(_, name)| name.as_str())
    }

    /// All names that have a bit.
    pub fn all_names(&self) -> Names {
        self.order.iter().fold(0, |all, name| all | self.bit(name))
    }

    /// Whether rules of the file declare a word to be that.
    pub fn is_declared(&self, word: &str, role: MacroRole) -> bool {
        self.names.as_ref().and_then(|names| names.role(word)).is_some_and(|(known, _)| known == role)
    }

    /// Whether an isomorphism may be used: neither it nor, without the number at its end, its family is disabled.
    pub fn allows(&self, name: &str) -> bool {
        let family = name.trim_end_matches(|c: char| c.is_ascii_digit());
        !self.disabled.iter().any(|one| one == "all" || one == name || one == family)
    }
}

/// A vocabulary of nothing but metavariables.
pub fn by_name(metavariables: &[Metavariable]) -> Metavariables {
    Arc::new(Vocabulary::of(metavariables, None, &[]))
}

/// What macros stand for where these names are declared, on top of what is known.
pub fn declared(names: &[(&str, MacroRole)], known: Option<&Arc<MacroKnowledge>>) -> MacroKnowledge {
    let mut out = MacroKnowledge::over(Arc::clone(known.unwrap_or(MacroKnowledge::shipped())));
    for (name, role) in names {
        out.declare(name, *role);
    }
    out
}

/// What a metavariable says about its own name, for all rules of its file.
pub fn role_of(meta: &Metavariable) -> Option<MacroRole> {
    match meta.kind {
        MetaKind::AttributeName => Some(MacroRole::Attribute),
        MetaKind::DeclarerName => Some(MacroRole::Declarer),
        MetaKind::IteratorName => Some(MacroRole::Iterator),
        _ => None,
    }
}
