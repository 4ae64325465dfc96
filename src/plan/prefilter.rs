//! Which files a rule file can do anything to, told from their bytes alone.
//!
//! In: what each rule requires, and whether it acts: changes, marks or reports something. Out: [`Prefilter`], which looks
//! for the words of at least one acting rule together with those of the rules that it needs. A file that it turns down
//! is never parsed. It takes a word in a comment for a word: it may let too much through, never too little.

use memchr::memmem::Finder;

/// What one rule asks of a file.
#[derive(Clone, Debug)]
pub(super) struct Requirement {
    /// The rule's name.
    pub(super) name: String,
    /// Words without which it cannot match.
    pub(super) words: Vec<String>,
    /// Rules that must have matched before.
    pub(super) needs: Vec<String>,
    /// Whether the rule has an effect of its own.
    pub(super) acts: bool,
}

/// Decides from a file's bytes whether a rule file can do anything to it.
#[derive(Clone, Debug, Default)]
pub struct Prefilter {
    words: Vec<String>,
    /// Looks for the word of the same place.
    finders: Vec<Finder<'static>>,
    /// Places in `words` that have to be there together, for each acting rule.
    alternatives: Vec<Vec<usize>>,
}

impl Prefilter {
    /// The filter for rules in their order.
    pub(super) fn new(requirements: &[Requirement]) -> Self {
        let mut words: Vec<String> = Vec::new();
        let mut alternatives: Vec<Vec<usize>> = Vec::new();
        for (at, one) in requirements.iter().enumerate().filter(|(_, one)| one.acts) {
            let mut together: Vec<usize> = Vec::new();
            for word in with_those_before(one, &requirements[..at]) {
                let place = words.iter().position(|w| *w == word).unwrap_or_else(|| {
                    words.push(word);
                    words.len() - 1
                });
                if !together.contains(&place) {
                    together.push(place);
                }
            }
            alternatives.push(together);
        }
        let finders = words.iter().map(|word| Finder::new(word.as_bytes()).into_owned()).collect();
        Self { words, finders, alternatives }
    }

    /// Whether a file with these bytes has to be looked at.
    pub fn may_concern(&self, bytes: &[u8]) -> bool {
        let mut known: Vec<Option<bool>> = vec![None; self.words.len()];
        self.alternatives.iter().any(|together| {
            together.iter().all(|&at| *known[at].get_or_insert_with(|| has_word(bytes, &self.finders[at])))
        })
    }

    /// All words that the acting rules require.
    pub fn words(&self) -> &[String] {
        &self.words
    }
}

/// The words of a rule and of all that it needs.
fn with_those_before(one: &Requirement, before: &[Requirement]) -> Vec<String> {
    let mut words = one.words.clone();
    for (at, other) in before.iter().enumerate() {
        // A name may be given twice; then either may have been meant.
        let meant = one.needs.contains(&other.name)
            && before.iter().filter(|rule| rule.name == other.name).count() == 1;
        if meant {
            words.extend(with_those_before(other, &before[..at]));
        }
    }
    words
}

fn has_word(bytes: &[u8], finder: &Finder<'static>) -> bool {
    let is_word = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let whole = |at: usize| {
        !is_word(at.checked_sub(1).and_then(|i| bytes.get(i)))
            && !is_word(bytes.get(at + finder.needle().len()))
    };
    finder.find_iter(bytes).any(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str, words: &[&str], needs: &[&str], acts: bool) -> Requirement {
        let owned = |all: &[&str]| all.iter().map(|s| (*s).to_owned()).collect();
        Requirement { name: name.into(), words: owned(words), needs: owned(needs), acts }
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
