//! Hunks as `diff -u -p` of the GNU diffutils prints them.
//!
//! In: a text before and after. Out: the hunks, without a header. Which lines changed is Myers' answer, slid and merged as
//! GNU's `shift_boundaries` does (diffutils, `analyze.c`); a heading is the last line before the hunk that starts with a
//! letter, `_` or `$`, cut at 40 bytes.

use super::{Line, changed_lines, lines};

/// The lines of both sides, and which of them changed.
struct Both<'t> {
    lines: [Vec<Line<'t>>; 2],
    changed: [Vec<bool>; 2],
}

/// Lines `old` of the first side that become lines `new` of the second.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    old: std::ops::Range<usize>,
    new: std::ops::Range<usize>,
}

/// The hunks between two texts with so many lines of context; empty if nothing changed.
pub fn hunks(old: &[u8], new: &[u8], context: usize) -> Vec<u8> {
    let lines = [lines(Some(old)), lines(Some(new))];
    let changed = changed_lines(&lines[0], &lines[1]);
    let mut both = Both { lines, changed };
    both.shift(0);
    both.shift(1);
    let changes = both.changes();
    let mut out = Vec::new();
    let apart = |a: &Change, b: &Change| b.old.start - a.old.end <= 2 * context;
    for group in changes.chunk_by(apart) {
        both.hunk(group, context, &mut out);
    }
    out
}

impl<'t> Both<'t> {
    /// Slide the changes of one side: back and forth to merge what touches, then as far down as they go, then back to
    /// where the other side changed as well.
    fn shift(&mut self, side: usize) {
        let (lines, end) = (&self.lines[side], self.lines[side].len());
        let [first, second] = &mut self.changed;
        let (changed, other) = if side == 0 { (first, &*second) } else { (second, &*first) };
        let other = |at: usize| other.get(at).copied().unwrap_or(false);
        let (mut i, mut j) = (0, 0);
        loop {
            while i < end && !changed[i] {
                while other(j) {
                    j += 1;
                }
                j += 1;
                i += 1;
            }
            if i == end {
                return;
            }
            let mut start = i;
            while i < end && changed[i] {
                i += 1;
            }
            while other(j) {
                j += 1;
            }
            let mut corresponding;
            loop {
                let length = i - start;
                while start > 0 && lines[start - 1] == lines[i - 1] {
                    start -= 1;
                    i -= 1;
                    changed[start] = true;
                    changed[i] = false;
                    while start > 0 && changed[start - 1] {
                        start -= 1;
                    }
                    j -= 1;
                    while j > 0 && other(j) {
                        j -= 1;
                    }
                }
                corresponding = if j > 0 && other(j - 1) { i } else { end };
                while i < end && lines[start] == lines[i] {
                    changed[start] = false;
                    changed[i] = true;
                    start += 1;
                    i += 1;
                    while i < end && changed[i] {
                        i += 1;
                    }
                    j += 1;
                    while other(j) {
                        corresponding = i;
                        j += 1;
                    }
                }
                if length == i - start {
                    break;
                }
            }
            while corresponding < i {
                start -= 1;
                i -= 1;
                changed[start] = true;
                changed[i] = false;
                j -= 1;
                while j > 0 && other(j) {
                    j -= 1;
                }
            }
        }
    }

    fn changes(&self) -> Vec<Change> {
        let [old, new] = &self.changed;
        let is = |changed: &[bool], at: usize| changed.get(at).copied().unwrap_or(false);
        let (mut i, mut j) = (0, 0);
        let mut changes = Vec::new();
        while i < old.len() || j < new.len() {
            let (from, to) = (i, j);
            while is(old, i) {
                i += 1;
            }
            while is(new, j) {
                j += 1;
            }
            if (from, to) == (i, j) {
                i += 1;
                j += 1;
            } else {
                changes.push(Change { old: from..i, new: to..j });
            }
        }
        changes
    }

    fn hunk(&self, group: &[Change], context: usize, out: &mut Vec<u8>) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { return };
        let before = first.old.start.min(context);
        let after = (self.lines[0].len() - last.old.end).min(context);
        let old = first.old.start - before..last.old.end + after;
        let new = first.new.start - before..last.new.end + after;
        out.extend(format!("@@ -{} +{} @@", range(&old), range(&new)).bytes());
        if let Some(heading) = self.heading(old.start) {
            out.push(b' ');
            out.extend_from_slice(heading);
        }
        out.push(b'\n');
        let mut at = old.start;
        for change in group {
            put(b' ', &self.lines[0][at..change.old.start], out);
            put(b'-', &self.lines[0][change.old.clone()], out);
            put(b'+', &self.lines[1][change.new.clone()], out);
            at = change.old.end;
        }
        put(b' ', &self.lines[0][at..old.end], out);
    }

    fn heading(&self, before: usize) -> Option<&'t [u8]> {
        let starts = |line: &&Line<'t>| {
            line.first().is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'$'))
        };
        let line = self.lines[0][..before].iter().rev().find(starts)?;
        Some(line[..line.len().min(40)].trim_ascii_end())
    }
}

fn range(lines: &std::ops::Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => (lines.start + 1).to_string(),
        length => format!("{},{length}", lines.start + 1),
    }
}

fn put(mark: u8, lines: &[Line<'_>], out: &mut Vec<u8>) {
    for line in lines {
        out.push(mark);
        out.extend_from_slice(line);
        if !line.ends_with(b"\n") {
            out.extend_from_slice(b"\n\\ No newline at end of file\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(old: &str, new: &str) -> String {
        String::from_utf8(hunks(old.as_bytes(), new.as_bytes(), 3)).expect("text")
    }

    #[test]
    fn a_heading_is_any_line_that_starts_like_a_name() {
        let old = "int a_function_with_a_name_that_is_long_enough_to_be_cut(void)\n{\n\t1;\n\t2;\n\t3;\n\t4;\nout:\n\t5;\n\t6;\n\t7;\n\t8;\n}\n";
        let one = text(old, &old.replace("\t4;\n", "\t44;\n"));
        assert!(one.starts_with("@@ -3,7 +3,7 @@ int a_function_with_a_name_that_is_long_\n"), "{one}");
        let two = text(old, &old.replace("\t8;\n", ""));
        assert!(two.starts_with("@@ -8,5 +8,4 @@ out:\n"), "{two}");
    }

    #[test]
    fn a_change_slides_down_and_merges() {
        assert_eq!(text("a\nb\n", "a\nx\nb\nx\nb\n"), "@@ -1,2 +1,5 @@\n a\n+x\n+b\n+x\n b\n");
        assert_eq!(
            text("{\n\tf();\n}\n{\n\tg();\n}\n", "{\n\tg();\n}\n"),
            "@@ -1,6 +1,3 @@\n {\n-\tf();\n-}\n-{\n \tg();\n }\n"
        );
    }

    #[test]
    fn the_last_line_may_lack_its_end() {
        assert_eq!(text("a", "a\n"), "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
        assert_eq!(text("", "a\n"), "@@ -0,0 +1 @@\n+a\n");
        assert_eq!(text("a\n", "a\n"), "");
    }
}
