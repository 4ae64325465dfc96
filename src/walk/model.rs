//! The user-space model that stands beside a rule.
//!
//! In: a walk's `model:` clauses. Out: [`Model`]: C files that play what the walk is about, so that an
//! original can be run against its conversion (`rules/README.md` says what such a model has to give). It
//! refuses nothing; a file that is not there is told by the walk's reader.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::spec::Introduction;
use crate::syntax::file_scope::words;

/// C that plays what a walk is about.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// Names and texts; the first one is the header that is included before any code.
    pub files: Vec<(String, String)>,
    /// The helper's definition, as the rule introduces it.
    pub helper: String,
    /// Macros to define for this walk.
    pub defines: Vec<String>,
    /// Functions of whose calls only the sum counts.
    pub sums: Vec<String>,
    /// Functions without an effect.
    pub pure: Vec<String>,
    /// Notes that name values which are taken for errors.
    pub errors: Vec<String>,
    /// Notes that name memory which nothing reads any more.
    pub unread: Vec<String>,
    /// Notes that name calls which are taken to have no effect.
    pub quiet: Vec<String>,
    /// By the name of a note, the difference in behaviour that it tells of, in the words of the model's runner.
    pub differs: BTreeMap<String, String>,
}

impl Model {
    /// The model with the helper that the walk introduces; `None` if the rule names no files.
    pub(super) fn finish(
        mut self,
        introductions: &[Introduction],
        sums: &[&[String]],
        pure: &[String],
    ) -> Option<Arc<Self>> {
        self.pure = pure.to_vec();
        let code = introductions.iter().find(|introduction| introduction.path.ends_with(".c"));
        self.helper = code.map(|introduction| introduction.text.clone()).unwrap_or_default();
        self.sums = sums.concat();
        (!self.files.is_empty()).then(|| Arc::new(self))
    }

    /// The header that is included before any code.
    pub fn header(&self) -> Option<&str> {
        self.files.first().map(|(name, _)| name.as_str())
    }

    /// What the rule and a conversion's notes say about what is to be played.
    pub fn told(&self, notes: &[(String, String)]) -> Told {
        Told {
            errors: words_of(notes, &self.errors).collect(),
            unread: words_of(notes, &self.unread).collect(),
            quiet: words_of(notes, &self.quiet).chain(self.pure.iter().cloned()).collect(),
            sums: self.sums.iter().cloned().collect(),
        }
    }

    /// The differences that `notes` tell of.
    pub fn differences<'m>(&'m self, notes: &[(String, String)]) -> Vec<(&'m str, &'m str)> {
        let told = |name: &str| notes.iter().any(|(note, _)| note == name);
        let known = self.differs.iter().filter(|(note, _)| told(note));
        known.map(|(note, difference)| (note.as_str(), difference.as_str())).collect()
    }
}

/// What is said about the names of a function and of what it calls.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Values that are taken for errors.
    pub errors: BTreeSet<String>,
    /// Memory that nothing reads any more.
    pub unread: BTreeSet<String>,
    /// Calls that are taken to have no effect.
    pub quiet: BTreeSet<String>,
    /// Calls of which only the sum counts.
    pub sums: BTreeSet<String>,
}

/// The words of those of `notes` that are `wanted`.
fn words_of<'n>(notes: &'n [(String, String)], wanted: &'n [String]) -> impl Iterator<Item = String> + 'n {
    let told = notes.iter().filter(|(note, _)| wanted.contains(note));
    told.flat_map(|(_, text)| words(text).map(|(_, word)| word.to_owned()))
}
