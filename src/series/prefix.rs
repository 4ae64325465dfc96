//! What stands before the colon of a subject.
//!
//! In: the paths that a patch is about, the subjects of commits that touched them and their directories, and tables of
//! patterns. Out: a [`Prefix`] in the habit of the subsystem, with the reason for the choice. The history votes first:
//! a habit differs from subsystem to subsystem in words, case and separator. A tree without history (an import, a
//! shallow clone) is left to the tables; where no line fits, the path itself is the prefix.

use crate::series::error::{Error, Kind, Result};
use crate::series::glob;
use std::collections::BTreeMap;

/// A subject prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// The prefix with its separator and blank: `digest: x - `.
    pub text: String,
    /// How the first word after it begins.
    pub first_letter: FirstLetter,
    /// Why this one.
    pub source: Source,
}

/// How the first word after a prefix begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FirstLetter {
    /// With a capital.
    Upper,
    /// Without.
    Lower,
    /// As the phrase was given.
    #[default]
    AsItIs,
}

/// Why a prefix was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Somebody gave it.
    Given,
    /// So many of so many commits to that path have it.
    History {
        /// The file or directory whose commits were counted.
        path: String,
        /// Commits with this prefix.
        votes: usize,
        /// Commits with any prefix.
        of: usize,
    },
    /// A line of a table fits.
    Table {
        /// The line's pattern.
        pattern: String,
    },
    /// Nothing else was known than the path.
    Path,
    /// The paths of the patch have different prefixes.
    Several,
}

/// Patterns and prefixes; of the lines that fit, the last one counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrefixTable {
    lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    pattern: String,
    text: String,
    first_letter: FirstLetter,
}

impl PrefixTable {
    /// The table that this program carries (`rules/prefixes.txt`).
    pub fn shipped() -> Result<Self> {
        Self::parse("rules/prefixes.txt", include_str!("../../rules/prefixes.txt"))
    }

    /// Read a table: `PATTERN "PREFIX" [upper|lower]` on each line, `#` comments. `name` is for messages.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let mut table = Self::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let parsed = parse_line(line).ok_or_else(|| {
                Error::new(Kind::BadTable, format!("{name}:{}: cannot be read: `{line}`", index + 1))
                    .help("a line is: PATTERN \"PREFIX\" and then upper or lower or nothing")
            })?;
            table.lines.push(parsed);
        }
        Ok(table)
    }

    /// The same with `other`'s lines behind its own, so that `other` wins.
    #[must_use]
    pub fn overridden_by(mut self, other: PrefixTable) -> Self {
        self.lines.extend(other.lines);
        self
    }

    fn prefix(&self, path: &str) -> Option<Prefix> {
        let line = self.lines.iter().rev().find(|line| glob::matches(&line.pattern, path))?;
        let source = Source::Table { pattern: line.pattern.clone() };
        Some(Prefix { text: line.text.clone(), first_letter: line.first_letter, source })
    }
}

fn parse_line(line: &str) -> Option<Line> {
    let (pattern, rest) = line.split_once(char::is_whitespace)?;
    let (text, case) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
    let first_letter = match case.trim() {
        "upper" => FirstLetter::Upper,
        "lower" => FirstLetter::Lower,
        "" => FirstLetter::AsItIs,
        _ => return None,
    };
    Some(Line { pattern: pattern.to_owned(), text: text.to_owned(), first_letter })
}

/// The paths whose history is worth asking for: the files and their directories.
pub fn paths_to_ask(paths: &[String]) -> Vec<String> {
    let mut all: Vec<String> = paths.to_vec();
    all.extend(
        paths.iter().filter_map(|path| path.rsplit_once('/').map(|(directory, _)| directory.to_owned())),
    );
    all.sort();
    all.dedup();
    all
}

/// The prefix for a patch about `paths`. `history` has subjects, the newest first, by path; see [`paths_to_ask`].
pub fn choose(paths: &[String], history: &BTreeMap<String, Vec<String>>, table: &PrefixTable) -> Prefix {
    let mut found = paths.iter().map(|path| for_path(path, history, table));
    let Some(first) = found.next() else {
        return Prefix {
            text: "treewide: ".into(),
            first_letter: FirstLetter::AsItIs,
            source: Source::Several,
        };
    };
    let rest: Vec<Prefix> = found.collect();
    if rest.iter().all(|prefix| prefix.text == first.text) {
        return first;
    }
    // A majority of the files speaks for the patch; without one it is nobody's alone.
    let all: Vec<&Prefix> = std::iter::once(&first).chain(&rest).collect();
    let count = |text: &str| all.iter().filter(|prefix| prefix.text == text).count();
    match all.iter().max_by_key(|prefix| count(&prefix.text)) {
        Some(most) if 2 * count(&most.text) > all.len() => (*most).clone(),
        _ => Prefix { text: "treewide: ".into(), first_letter: FirstLetter::Lower, source: Source::Several },
    }
}

fn for_path(path: &str, history: &BTreeMap<String, Vec<String>>, table: &PrefixTable) -> Prefix {
    let directory = path.rsplit_once('/').map(|(directory, _)| directory);
    let voted = std::iter::once(path).chain(directory).find_map(|place| vote(place, history.get(place)?));
    voted.or_else(|| table.prefix(path)).unwrap_or_else(|| {
        let parts: Vec<&str> = path.split('/').collect();
        let file = parts.last().copied().unwrap_or_default();
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let word = if parts.len() > 2 { parts[parts.len() - 2] } else { stem };
        Prefix { text: format!("{word}: "), first_letter: FirstLetter::AsItIs, source: Source::Path }
    })
}

/// The prefix that most subjects have; of several, the one of the newest subject. At least two must agree, and a third of
/// all.
fn vote(path: &str, subjects: &[String]) -> Option<Prefix> {
    let split: Vec<(&str, &str)> = subjects.iter().filter_map(|subject| split_prefix(subject)).collect();
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for (prefix, _) in &split {
        match counts.iter_mut().find(|(known, _)| known == prefix) {
            Some((_, count)) => *count += 1,
            None => counts.push((prefix, 1)),
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max()?;
    let (text, votes) = counts.into_iter().find(|(_, count)| *count == most)?;
    if votes < 2 || votes * 3 < split.len() {
        return None;
    }
    let words =
        || split.iter().filter(|(prefix, _)| *prefix == text).filter_map(|(_, rest)| plain_initial(rest));
    let upper = words().filter(char::is_ascii_uppercase).count();
    let first_letter = match words().count() {
        0 => FirstLetter::AsItIs,
        words if 2 * upper > words => FirstLetter::Upper,
        _ => FirstLetter::Lower,
    };
    let source = Source::History { path: path.to_owned(), votes, of: split.len() };
    Some(Prefix { text: text.to_owned(), first_letter, source })
}

/// The first letter of a subject's free text, if it starts with an ordinary word.
fn plain_initial(text: &str) -> Option<char> {
    let word = text.split(' ').next()?;
    let tail_is_lower = word.chars().skip(1).all(|c| c.is_ascii_lowercase());
    word.chars().next().filter(|c| c.is_ascii_alphabetic() && tail_is_lower)
}

/// A subject's prefix, separators included, and the text behind it.
fn split_prefix(subject: &str) -> Option<(&str, &str)> {
    let mut subject = subject.trim();
    while let Some((_, rest)) = subject.strip_prefix('[').and_then(|tag| tag.split_once(']')) {
        subject = rest.trim_start();
    }
    if subject.starts_with("Revert ") || subject.starts_with("Merge ") || subject.starts_with("treewide") {
        return None;
    }
    let mut end = 0;
    while let Some(length) = piece(&subject[end..], end > 0) {
        end += length;
    }
    (end > 0 && end < subject.len()).then(|| subject.split_at(end))
}

/// The length of one piece of a prefix with its separator. The first may be a list (`block, x:`); later ones have no
/// blank, for a text may hold colons too.
fn piece(text: &str, later: bool) -> Option<usize> {
    let (at, length) =
        [": ", " - "].iter().filter_map(|sep| text.find(sep).map(|at| (at, sep.len()))).min()?;
    let words = &text[..at];
    let of_names = words.chars().all(|c| c.is_alphanumeric() || "_/.,+&*@-#: ".contains(c));
    let blanks = words.matches(' ').count() - words.matches(", ").count();
    let allowed = if later { blanks == 0 && !words.contains(' ') } else { blanks <= 1 };
    (of_names && allowed && !words.is_empty() && words.len() <= 40).then_some(at + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn pieces_of_subjects() {
        for (subject, expected) in [
            ("FS: Fix a: b", Some("FS: ")),
            ("[PATCH] digest: alg - fix it", Some("digest: alg - ")),
            ("block, bq: use it", Some("block, bq: ")),
            ("Fix the thing", None),
            ("Revert \"fs: x\"", None),
            ("fs: ", None),
            ("arch/foo: Do it", Some("arch/foo: ")),
        ] {
            assert_eq!(split_prefix(subject).map(|(prefix, _)| prefix), expected, "{subject}");
        }
    }

    #[test]
    fn history_then_table_then_path() {
        let table = PrefixTable::parse("t", "# c\nfs/**  \"fs: \" lower\nfs/x/*  \"X: \"  upper\n").unwrap();
        let mut history = BTreeMap::new();
        let choose =
            |path: &str, history: &BTreeMap<String, Vec<String>>| choose(&[path.to_owned()], history, &table);
        assert_eq!(choose("fs/x/a.c", &history).text, "X: ");
        assert_eq!(choose("fs/a.c", &history).text, "fs: ");
        assert_eq!(choose("lib/some.c", &history).text, "some: ");
        assert_eq!(choose("devices/foo/some.c", &history).text, "foo: ");
        history.insert("fs/x".into(), strings(&["y: Use it", "z: add", "z: drop", "y: Add", "Import"]));
        let prefix = choose("fs/x/a.c", &history);
        assert_eq!((prefix.text.as_str(), prefix.first_letter), ("y: ", FirstLetter::Upper));
        assert_eq!(prefix.source, Source::History { path: "fs/x".into(), votes: 2, of: 4 });
        history.insert("fs/x/a.c".into(), strings(&["a: one"]));
        assert_eq!(choose("fs/x/a.c", &history).text, "y: ");
    }

    #[test]
    fn patches_of_several_subsystems() {
        let table = PrefixTable::parse("t", "a/* \"a: \"\nb/* \"b: \"\n").unwrap();
        let choose = |paths: &[&str]| choose(&strings(paths), &BTreeMap::new(), &table).text;
        assert_eq!(choose(&["a/x.c", "b/y.c"]), "treewide: ");
        assert_eq!(choose(&["a/x.c", "b/y.c", "a/z.c"]), "a: ");
        assert_eq!(choose(&[]), "treewide: ");
    }

    #[test]
    fn the_shipped_table_is_read() {
        assert!(PrefixTable::shipped().unwrap().lines.len() > 100);
    }

    #[test]
    fn mistakes_in_tables_have_a_place() {
        let error = PrefixTable::parse("my.txt", "\nfs/* fs:\n").unwrap_err();
        assert_eq!(
            (error.kind, error.message.as_str()),
            (Kind::BadTable, "my.txt:2: cannot be read: `fs/* fs:`")
        );
    }
}
