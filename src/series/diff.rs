//! The dry run's differences: what would change, for people to read and for `git apply` to take.
//!
//! In: a file before and after. Out: a unified diff with `a/` and `b/` prefixes. The hunks are `similar`'s and may differ
//! from git's where there is a choice; the patches of a series come from [`crate::series::repo`] instead.

pub mod gnu;

use crate::series::attributes::DiffAttribute;
use crate::series::function_text::FunctionText;
use crate::series::quote;
use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};

const CONTEXT: usize = 3;

/// A file before and after; `None` where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sides<'t> {
    /// Before.
    pub old: Option<&'t [u8]>,
    /// After.
    pub new: Option<&'t [u8]>,
}

/// The unified diff of one file; empty if nothing changed.
pub fn unified(path: &str, sides: Sides<'_>) -> Vec<u8> {
    if sides.old == sides.new {
        return Vec::new();
    }
    let (old, new) = (lines(sides.old), lines(sides.new));
    let name = |prefix: &str| String::from_utf8_lossy(&quote::prefixed(prefix, path.as_bytes())).into_owned();
    let mut out = format!("diff --git {} {}\n", name("a/"), name("b/")).into_bytes();
    let tab = if path.contains(' ') { "\t" } else { "" };
    let label =
        |prefix: &str, side: Option<&[u8]>| side.map_or("/dev/null".to_owned(), |_| name(prefix) + tab);
    match (sides.old, sides.new) {
        (None, _) => out.extend(b"new file mode 100644\n"),
        (_, None) => out.extend(b"deleted file mode 100644\n"),
        _ => {}
    }
    let operations = capture_diff_slices(Algorithm::Myers, &old, &new);
    let groups = group_diff_ops(operations, CONTEXT);
    if !groups.is_empty() {
        out.extend(format!("--- {}\n+++ {}\n", label("a/", sides.old), label("b/", sides.new)).bytes());
    }
    // Labels are no headings in the dry run, whatever the tree's attributes say.
    let functions = FunctionText::new(&DiffAttribute::Driver("cpp".into()), sides.old.unwrap_or_default());
    groups.iter().for_each(|group| out.extend(hunk(group, &old, &new, &functions)));
    out
}

/// One line with its newline, if it has one.
type Line<'t> = &'t [u8];

fn lines(text: Option<&[u8]>) -> Vec<Line<'_>> {
    text.unwrap_or_default().split_inclusive(|b| *b == b'\n').collect()
}

/// Which lines of the two sides are not common to both.
fn changed_lines(old: &[Line<'_>], new: &[Line<'_>]) -> [Vec<bool>; 2] {
    let mut changed = [vec![false; old.len()], vec![false; new.len()]];
    for operation in capture_diff_slices(Algorithm::Myers, old, new) {
        if !matches!(operation, DiffOp::Equal { .. }) {
            changed[0][operation.old_range()].fill(true);
            changed[1][operation.new_range()].fill(true);
        }
    }
    changed
}

fn hunk(group: &[DiffOp], old: &[&[u8]], new: &[&[u8]], functions: &FunctionText<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return out };
    let range = |start: usize, end: usize| match end - start {
        0 => format!("{start},0"),
        1 => (start + 1).to_string(),
        length => format!("{},{length}", start + 1),
    };
    let old_range = range(first.old_range().start, last.old_range().end);
    let new_range = range(first.new_range().start, last.new_range().end);
    out.extend(format!("@@ -{old_range} +{new_range} @@").bytes());
    if let Some(text) = functions.before(first.old_range().start + 1) {
        out.push(b' ');
        out.extend_from_slice(text);
    }
    out.push(b'\n');
    let mut side = |mark: u8, lines: &[&[u8]]| {
        for line in lines {
            out.push(mark);
            out.extend_from_slice(line);
            if !line.ends_with(b"\n") {
                out.extend_from_slice(b"\n\\ No newline at end of file\n");
            }
        }
    };
    for operation in group {
        if matches!(operation, DiffOp::Equal { .. }) {
            side(b' ', &old[operation.old_range()]);
        } else {
            side(b'-', &old[operation.old_range()]);
            side(b'+', &new[operation.new_range()]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(old: Option<&str>, new: Option<&str>) -> String {
        let sides = Sides { old: old.map(str::as_bytes), new: new.map(str::as_bytes) };
        String::from_utf8(unified("d/a.c", sides)).unwrap()
    }

    #[test]
    fn changed_new_and_gone() {
        let head = "diff --git a/d/a.c b/d/a.c\n";
        assert_eq!(text(Some("a\n"), Some("a\n")), "");
        assert_eq!(
            text(Some("1\n2\n3\n4\n5\n6"), Some("1\n2\n3\n4\n5\n7\n")),
            format!(
                "{head}--- a/d/a.c\n+++ b/d/a.c\n@@ -3,4 +3,4 @@\n 3\n 4\n 5\n-6\n\\ No newline at end of file\n+7\n"
            )
        );
        assert_eq!(
            text(None, Some("a\n")),
            format!("{head}new file mode 100644\n--- /dev/null\n+++ b/d/a.c\n@@ -0,0 +1 @@\n+a\n")
        );
        assert_eq!(
            text(Some("a\n"), None),
            format!("{head}deleted file mode 100644\n--- a/d/a.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n")
        );
    }
}
