//! Does the result still parse?
//!
//! In: a file before and after a change, and what is known about macros. Out: the first place of the result that cannot be read, if the change made
//! more such places than there were. A change that fails here is not made.

use crate::source::SourceFile;
use crate::syntax::{MacroKnowledge, Tree, parse_with};

/// The first unreadable text of `after`, if it has more of it than `before`.
pub fn newly_unreadable(before: &Tree, after: &SourceFile, known: &MacroKnowledge) -> Option<String> {
    let count = |tree: &Tree| tree.root().descendants().filter(|n| n.kind().is_opaque()).count();
    let new = parse_with(after, known);
    if count(&new) <= count(before) {
        return None;
    }
    let known: Vec<&str> =
        before.root().descendants().filter(|n| n.kind().is_opaque()).map(|n| n.text()).collect();
    let found = new.root().descendants().find(|n| n.kind().is_opaque() && !known.contains(&n.text()));
    Some(found.map_or_else(String::new, |n| n.text().lines().next().unwrap_or_default().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse;
    use crate::syntax::parse::shipped_macros;

    #[test]
    fn broken_results_are_found() {
        let before = SourceFile::new("a.c", "int f(void)\n{\n\treturn 0;\n}\n");
        let tree = parse(&before);
        assert_eq!(newly_unreadable(&tree, &before, shipped_macros()), None);
        let after = SourceFile::new("a.c", "int f(void)\n{\n\treturn 0\n}}}\n");
        assert!(newly_unreadable(&tree, &after, shipped_macros()).is_some());
    }
}
