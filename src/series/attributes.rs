//! The one attribute of git's that changes a patch's bytes: `diff`.
//!
//! In: the text of `.gitattributes` files with their directories. Out: [`DiffAttribute`] of a path. Of the format of
//! gitattributes(5) it knows patterns, `attr`, `-attr`, `!attr`, `attr=value` and the macro `binary`; macros that a
//! tree defines itself are ignored.

use crate::series::glob;

/// What `diff` is for a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DiffAttribute {
    /// Nothing is said: text or binary is seen from the bytes.
    #[default]
    Unspecified,
    /// Text.
    Set,
    /// Binary.
    Unset,
    /// Text in the language of that name.
    Driver(String),
}

/// The lines of `.gitattributes` files, the deeper directory later.
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    directory: String,
    pattern: String,
    diff: DiffAttribute,
}

impl Attributes {
    /// Add the file of `directory` (empty, or ending in a slash). Later lines and later files win.
    pub fn add(&mut self, directory: &str, text: &str) {
        for line in
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', '[']))
        {
            let mut words = line.split_ascii_whitespace();
            let Some(pattern) = words.next() else { continue };
            for word in words {
                let diff = match word {
                    "diff" => DiffAttribute::Set,
                    "-diff" | "binary" => DiffAttribute::Unset,
                    "!diff" => DiffAttribute::Unspecified,
                    _ => match word.strip_prefix("diff=") {
                        Some(driver) => DiffAttribute::Driver(driver.to_owned()),
                        None => continue,
                    },
                };
                self.rules.push(Rule { directory: directory.to_owned(), pattern: pattern.to_owned(), diff });
            }
        }
    }

    /// The attribute of `path`.
    pub fn diff(&self, path: &str) -> DiffAttribute {
        let last = self.rules.iter().rev().find(|rule| rule.fits(path));
        last.map(|rule| rule.diff.clone()).unwrap_or_default()
    }
}

impl Rule {
    fn fits(&self, path: &str) -> bool {
        let Some(below) = path.strip_prefix(&self.directory) else { return false };
        match self.pattern.strip_prefix('/') {
            Some(pattern) => glob::matches(pattern, below),
            None if self.pattern.contains('/') => glob::matches(&self.pattern, below),
            None => glob::matches(&self.pattern, below.rsplit('/').next().unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_and_deeper_lines_win() {
        let mut attributes = Attributes::default();
        attributes.add("", "# c\n*.c diff=cpp\n*.bin binary\n/top.c -diff\n");
        attributes.add("lib/", "odd.c !diff\n");
        assert_eq!(attributes.diff("x/a.c"), DiffAttribute::Driver("cpp".into()));
        assert_eq!(attributes.diff("x/a.bin"), DiffAttribute::Unset);
        assert_eq!(attributes.diff("top.c"), DiffAttribute::Unset);
        assert_eq!(attributes.diff("lib/odd.c"), DiffAttribute::Unspecified);
        assert_eq!(attributes.diff("a.h"), DiffAttribute::Unspecified);
    }
}
