//! Which sites go into which patch.
//!
//! In: the sites in order, each with its file and function, and a [`Policy`]. Out: [`Group`]s, one per patch, in the
//! order of their first sites. Subsystems are the sections of the tree's list of maintainers ([`Sections`]); a file that
//! no section names is a group of its own.

use crate::series::glob;
use std::collections::BTreeMap;

/// How much goes into one patch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Policy {
    /// One function.
    Function,
    /// One file: what most maintainers want.
    #[default]
    File,
    /// Everything of one section of the list of maintainers.
    Subsystem,
    /// Everything: for changes that one person applies at the end of a merge window.
    Treewide,
}

/// Where a site is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The file.
    pub path: String,
    /// The function.
    pub function: String,
}

/// The sites of one patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What they have in common: function, file or section; empty for the whole tree.
    pub title: String,
    /// Indices into the items, in order.
    pub items: Vec<usize>,
}

/// Put the items into groups.
pub fn split(policy: Policy, items: &[Item], sections: &Sections) -> Vec<Group> {
    let mut index: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for (number, item) in items.iter().enumerate() {
        let (key, title) = match policy {
            Policy::Function => ((item.path.clone(), item.function.clone()), item.function.clone()),
            Policy::File => ((item.path.clone(), String::new()), item.path.clone()),
            Policy::Subsystem => match sections.of(&item.path) {
                Some(section) => ((String::new(), section.to_owned()), section.to_owned()),
                None => ((item.path.clone(), String::new()), item.path.clone()),
            },
            Policy::Treewide => ((String::new(), String::new()), String::new()),
        };
        let at = *index.entry(key).or_insert(groups.len());
        if at == groups.len() {
            groups.push(Group { title, items: Vec::new() });
        }
        groups[at].items.push(number);
    }
    groups
}

/// The sections of a `MAINTAINERS` file, as far as paths are concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sections {
    sections: Vec<Section>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Section {
    name: String,
    files: Vec<String>,
    excluded: Vec<String>,
}

impl Sections {
    /// Read the text of a `MAINTAINERS` file. A section is a line without a tag followed by `X:<tab>value` lines.
    pub fn parse(text: &str) -> Self {
        let mut sections: Vec<Section> = Vec::new();
        let mut title: Option<&str> = None;
        for line in text.lines() {
            let tagged = line
                .split_at_checked(2)
                .filter(|(tag, _)| tag.ends_with(':') && tag.starts_with(|c: char| c.is_ascii_uppercase()));
            let Some((tag, value)) = tagged else {
                title = Some(line.trim()).filter(|line| !line.is_empty());
                continue;
            };
            if let Some(name) = title.take() {
                sections.push(Section { name: name.to_owned(), ..Section::default() });
            }
            let Some(section) = sections.last_mut() else { continue };
            match tag {
                "F:" => section.files.push(value.trim().to_owned()),
                "X:" => section.excluded.push(value.trim().to_owned()),
                _ => {}
            }
        }
        Self { sections }
    }

    /// The section that names `path` most closely: the deepest pattern, the earlier of two.
    pub fn of(&self, path: &str) -> Option<&str> {
        let mut best: Option<(usize, &str)> = None;
        for section in &self.sections {
            if section.excluded.iter().any(|pattern| names(pattern, path)) {
                continue;
            }
            let depth = section
                .files
                .iter()
                .filter(|pattern| names(pattern, path))
                .map(|pattern| depth(pattern))
                .max();
            if let Some(depth) = depth.filter(|depth| best.is_none_or(|(known, _)| *depth > known)) {
                best = Some((depth, &section.name));
            }
        }
        // A pattern without a literal part names everything, that is, nobody.
        best.filter(|(depth, _)| *depth > 0).map(|(_, name)| name)
    }
}

/// A directory with its slash names everything below, other patterns files of their own depth.
fn names(pattern: &str, path: &str) -> bool {
    if let Some(directory) = pattern.strip_suffix('/') {
        let parts = directory.split('/').count();
        let end = path.match_indices('/').nth(parts - 1).map(|(at, _)| at);
        return end.is_some_and(|end| glob::matches(directory, &path[..end]));
    }
    glob::matches(pattern, path)
}

/// Parts of the pattern, a file's name counting more than a directory's.
fn depth(pattern: &str) -> usize {
    let literal = pattern.split('/').filter(|part| !part.is_empty() && *part != "*").count();
    2 * literal + usize::from(literal > 0 && !pattern.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "List of maintainers\n\nFOO FILESYSTEM\nM:\tA <a@b.c>\nF:\tfs/foo/\nF:\tfs/one.c\nX:\tfs/foo/bar/\n\n\
        BAR\nF:\tfs/foo/bar/\n\nFILESYSTEMS\nF:\tfs/*\n\nTHE REST\nF:\t*\nF:\t*/\n";

    #[test]
    fn the_closest_section() {
        let sections = Sections::parse(LIST);
        assert_eq!(sections.of("fs/foo/x/y.c"), Some("FOO FILESYSTEM"));
        assert_eq!(sections.of("fs/foo/bar/y.c"), Some("BAR"));
        assert_eq!(sections.of("fs/one.c"), Some("FOO FILESYSTEM"));
        assert_eq!(sections.of("fs/two.c"), Some("FILESYSTEMS"));
        assert_eq!(sections.of("lib/a.c"), None);
    }

    #[test]
    fn groups_in_order_of_their_first_sites() {
        let items: Vec<Item> =
            [("fs/foo/a.c", "f"), ("lib/b.c", "g"), ("fs/foo/a.c", "h"), ("fs/one.c", "f")]
                .map(|(path, function)| Item { path: path.into(), function: function.into() })
                .to_vec();
        let sections = Sections::parse(LIST);
        let groups =
            |policy| split(policy, &items, &sections).into_iter().map(|g| g.items).collect::<Vec<_>>();
        assert_eq!(groups(Policy::Function), [[0], [1], [2], [3]]);
        assert_eq!(groups(Policy::File), [vec![0, 2], vec![1], vec![3]]);
        assert_eq!(groups(Policy::Subsystem), [vec![0, 2, 3], vec![1]]);
        assert_eq!(groups(Policy::Treewide), [[0, 1, 2, 3]]);
    }
}
