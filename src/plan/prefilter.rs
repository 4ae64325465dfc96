//! Which files a rule file can do anything to, told from their bytes alone.
//!
//! In: what each rule needs, and whether it acts: changes, marks or reports something. Out: [`Prefilter`], which looks for
//! what at least one acting rule needs together with what the rules before it need that it builds on. A file that it
//! turns down is never parsed. It takes a word in a comment for a word: it may let too much through, never too little.

use crate::matcher::Need;
use crate::source::Span;

/// What one rule asks of a file.
#[derive(Clone, Debug)]
pub(super) struct Requirement {
    /// The rule's name.
    pub(super) name: String,
    /// What the code has to hold.
    pub(super) code: Need,
    /// Rules that must have matched before.
    pub(super) needs: Vec<String>,
    /// Whether the rule has an effect of its own.
    pub(super) acts: bool,
}

/// Decides from a file's bytes whether a rule file can do anything to it.
#[derive(Clone, Debug)]
pub struct Prefilter {
    need: Need,
    words: Vec<String>,
}

impl Default for Prefilter {
    /// The filter for no rules at all.
    fn default() -> Self {
        Self::new(&[])
    }
}

impl Prefilter {
    /// The filter for rules in their order.
    pub(super) fn new(requirements: &[Requirement]) -> Self {
        let acting = requirements.iter().enumerate().filter(|(_, one)| one.acts);
        let need = Need::any(acting.map(|(at, one)| with_those_before(one, &requirements[..at])));
        let mut words = Vec::new();
        collect(&need, &mut words);
        Self { need, words }
    }

    /// Whether a file with these bytes has to be looked at.
    pub fn may_concern(&self, bytes: &[u8]) -> bool {
        self.need.is_met(bytes, Span::new(0, bytes.len()))
    }

    /// All words that the acting rules look for.
    pub fn words(&self) -> &[String] {
        &self.words
    }
}

/// What a rule needs, and all that it builds on.
fn with_those_before(one: &Requirement, before: &[Requirement]) -> Need {
    // A name may be given twice; then either may have been meant.
    let meant = |other: &Requirement| {
        one.needs.contains(&other.name) && before.iter().filter(|rule| rule.name == other.name).count() == 1
    };
    let others = before.iter().enumerate().filter(|(_, other)| meant(other));
    let others = others.map(|(at, other)| with_those_before(other, &before[..at]));
    Need::all([one.code.clone()].into_iter().chain(others))
}

fn collect(need: &Need, words: &mut Vec<String>) {
    match need {
        Need::Word(word) if word.is_name() && !words.iter().any(|known| known == word.text()) => {
            words.push(word.text().to_owned());
        }
        Need::All(all) | Need::Any(all) => all.iter().for_each(|need| collect(need, words)),
        Need::Word(_) | Need::Nothing | Need::Bound(_) | Need::Position(_) | Need::Places(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matcher::need::Word;

    fn rule(name: &str, words: &[&str], needs: &[&str], acts: bool) -> Requirement {
        let code = Need::all(words.iter().map(|word| Need::Word(Word::new(word))));
        let needs = needs.iter().map(|name| (*name).to_owned()).collect();
        Requirement { name: name.into(), code, needs, acts }
    }

    #[test]
    fn words_stand_whole_and_together() {
        let filter = Prefilter::new(&[
            rule("find", &["alpha"], &[], false),
            rule("change", &["beta"], &["find"], true),
            rule("other", &["gamma"], &[], true),
        ]);
        assert!(filter.may_concern(b"alpha(beta)"));
        assert!(!filter.may_concern(b"alpha(beta2)"));
        assert!(!filter.may_concern(b"beta"), "the rule needs the other one");
        assert!(!filter.may_concern(b"alpha"), "the first rule does nothing by itself");
        assert!(filter.may_concern(b"gamma"));
    }

    #[test]
    fn a_rule_without_words_concerns_every_file() {
        assert!(Prefilter::new(&[rule("any", &[], &[], true)]).may_concern(b""));
        assert!(!Prefilter::default().may_concern(b"anything"));
    }
}
