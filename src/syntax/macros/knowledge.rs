//! What names of macros stand for.
//!
//! In: definitions. Out: [`MacroKnowledge`], which answers for a name. A macro that is defined by other macros is
//! followed when it is asked for, so that the order of definitions and of files does not matter. What goes round in
//! circles stands for nothing.

use super::super::overlay::Why;
use super::{MacroDefinition, MacroRole, Meaning, definitions};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// How many names are followed for one answer.
const STEPS: usize = 64;

/// Roles of macros by name. It is plain data: threads can share it.
#[derive(Clone, Debug, Default)]
pub struct MacroKnowledge {
    meanings: HashMap<String, (Meaning, Why)>,
    /// What is asked about a name that `meanings` does not have.
    below: Option<Arc<MacroKnowledge>>,
}

impl MacroKnowledge {
    /// Nothing is known.
    pub fn empty() -> Self {
        Self::default()
    }

    /// What the shipped macro file says; read once.
    pub fn shipped() -> &'static Arc<Self> {
        static SHIPPED: OnceLock<Arc<MacroKnowledge>> = OnceLock::new();
        let read = || {
            let mut known = Self::empty();
            known.read_macro_file(include_str!("../../../rules/standard.h"));
            Arc::new(known)
        };
        SHIPPED.get_or_init(read)
    }

    /// Nothing yet, but what `below` knows; what is added goes before it.
    pub fn over(below: Arc<Self>) -> Self {
        Self { meanings: HashMap::new(), below: Some(below) }
    }

    /// Add the `#define`s of a macro file; a later one replaces an earlier one.
    pub fn read_macro_file(&mut self, text: &str) {
        for definition in definitions(text.as_bytes()) {
            self.add(&definition, Why::MacroFile);
        }
    }

    /// Add the `#define`s of a C file or header; what was added before stays.
    pub fn read_source(&mut self, text: &str) {
        for definition in definitions(text.as_bytes()) {
            if !self.meanings.contains_key(&definition.name) {
                self.add(&definition, Why::Definition);
            }
        }
    }

    /// Add one definition, if its body tells what it is.
    pub fn add(&mut self, definition: &MacroDefinition, why: Why) {
        if let Some(meaning) = definition.meaning() {
            self.insert(definition.name.clone(), meaning, why);
        }
    }

    /// Say what `name` stands for.
    pub fn declare(&mut self, name: &str, role: MacroRole) {
        self.insert(name.to_owned(), Meaning::Is(role), Why::MacroFile);
    }

    pub(in crate::syntax) fn insert(&mut self, name: String, meaning: Meaning, why: Why) {
        self.meanings.insert(name, (meaning, why));
    }

    /// What `name` stands for.
    pub fn role(&self, name: &str) -> Option<(MacroRole, Why)> {
        Layers { local: self, files: self }.role(name)
    }

    fn meaning(&self, name: &str) -> Option<&(Meaning, Why)> {
        self.meanings.get(name).or_else(|| self.below.as_ref()?.meaning(name))
    }
}

/// A file's own macros before those of other files.
#[derive(Clone, Copy)]
pub(in crate::syntax) struct Layers<'k> {
    pub(in crate::syntax) local: &'k MacroKnowledge,
    pub(in crate::syntax) files: &'k MacroKnowledge,
}

impl<'k> Layers<'k> {
    /// What `name` stands for.
    pub(in crate::syntax) fn role(self, name: &str) -> Option<(MacroRole, Why)> {
        let (meaning, why) = self.meaning(name)?;
        let mut steps = STEPS;
        Some((self.resolve(meaning, &mut steps)?, *why))
    }

    fn meaning(self, name: &str) -> Option<&'k (Meaning, Why)> {
        self.local.meaning(name).or_else(|| self.files.meaning(name))
    }

    fn resolve(self, meaning: &Meaning, steps: &mut usize) -> Option<MacroRole> {
        let mut role_of = |name: &str| {
            *steps = steps.checked_sub(1)?;
            self.resolve(&self.meaning(name)?.0, steps)
        };
        match meaning {
            Meaning::Is(role) => Some(*role),
            Meaning::As(other) => role_of(other),
            Meaning::AttributeIf(names) => {
                let all = names.iter().all(|name| role_of(name) == Some(MacroRole::Attribute));
                all.then_some(MacroRole::Attribute)
            }
        }
    }
}
