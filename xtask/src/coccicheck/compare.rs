//! Two results site by site.
//!
//! In: what the two programs printed. Out: a [`Comparison`]. A site of a diff is a run of changed lines with its file and
//! old line number; two sites at one place with other lines differ in bytes. A site of a report is a line.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::Mode;

/// How two results compare.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// Sites that are the same.
    pub(super) equal: usize,
    /// Sites that only we have.
    pub(super) ours: Vec<String>,
    /// Sites that only the peer has.
    pub(super) theirs: Vec<String>,
    /// Sites of both with other bytes.
    pub(super) differ: Vec<String>,
}

impl Comparison {
    pub(super) fn add(&mut self, other: Self) {
        self.equal += other.equal;
        self.ours.extend(other.ours);
        self.theirs.extend(other.theirs);
        self.differ.extend(other.differ);
    }

    pub(super) fn is_equal(&self) -> bool {
        self.ours.is_empty() && self.theirs.is_empty() && self.differ.is_empty()
    }

    /// The sites that are not equal, for people.
    pub(super) fn listed(&self) -> String {
        let mut out = String::new();
        for (what, sites) in
            [("only ours", &self.ours), ("only the peer's", &self.theirs), ("bytes differ", &self.differ)]
        {
            for site in sites {
                let _ = writeln!(out, "  {what}: {}", site.trim_end().replace('\n', "\n    "));
            }
        }
        out
    }
}

pub(super) fn compare(mode: Mode, ours: &str, theirs: &str) -> Comparison {
    match mode {
        Mode::Report => reports(ours, theirs),
        Mode::Patch => diffs(&sites(ours), &sites(theirs)),
    }
}

fn reports(ours: &str, theirs: &str) -> Comparison {
    let lines = |text: &str| -> BTreeSet<String> {
        text.lines().map(|l| l.trim().to_owned()).filter(|l| !l.is_empty()).collect()
    };
    let (ours, theirs) = (lines(ours), lines(theirs));
    Comparison {
        equal: ours.intersection(&theirs).count(),
        ours: ours.difference(&theirs).cloned().collect(),
        theirs: theirs.difference(&ours).cloned().collect(),
        differ: Vec::new(),
    }
}

/// A run of changed lines.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Site {
    file: String,
    /// Number of its first line in the old file.
    line: usize,
    removed: Vec<String>,
    added: Vec<String>,
}

impl Site {
    fn touches(&self, other: &Self) -> bool {
        let end = |s: &Self| s.line + s.removed.len();
        self.file == other.file && self.line <= end(other) && other.line <= end(self)
    }

    fn shown(&self) -> String {
        let mut out = format!("{}:{}\n", self.file, self.line);
        for (mark, lines) in [('-', &self.removed), ('+', &self.added)] {
            for line in lines {
                let _ = writeln!(out, "{mark}{line}");
            }
        }
        out
    }
}

fn diffs(ours: &[Site], theirs: &[Site]) -> Comparison {
    let mut out = Comparison::default();
    for site in ours {
        if theirs.contains(site) {
            out.equal += 1;
        } else if let Some(other) = theirs.iter().find(|o| o.touches(site)) {
            out.differ.push(format!("{}the peer's:\n{}", site.shown(), other.shown()));
        } else {
            out.ours.push(site.shown());
        }
    }
    let lonely = theirs.iter().filter(|site| !ours.iter().any(|o| o.touches(site)));
    out.theirs.extend(lonely.map(Site::shown));
    out
}

fn sites(diff: &str) -> Vec<Site> {
    let mut out: Vec<Site> = Vec::new();
    let (mut file, mut line) = (String::new(), 0);
    let mut open = false;
    let mut left = (0usize, 0usize);
    for text in diff.lines() {
        let inside = left.0 > 0 || left.1 > 0;
        if !inside {
            open = false;
            if let Some(rest) = text.strip_prefix("--- ") {
                let path = rest.split('\t').next().unwrap_or(rest);
                path.strip_prefix("a/").unwrap_or(path).clone_into(&mut file);
            } else if let Some((first, counts)) = hunk(text) {
                (line, left) = (first, counts);
            }
            continue;
        }
        let (mark, rest) = text.split_at_checked(1).unwrap_or((" ", ""));
        if !matches!(mark, "-" | "+") {
            open = false;
            line += 1;
            left = (left.0.saturating_sub(1), left.1.saturating_sub(1));
            continue;
        }
        if !open {
            out.push(Site { file: file.clone(), line, removed: Vec::new(), added: Vec::new() });
            open = true;
        }
        let Some(site) = out.last_mut() else { continue };
        if mark == "-" {
            site.removed.push(rest.to_owned());
            line += 1;
            left.0 = left.0.saturating_sub(1);
        } else {
            site.added.push(rest.to_owned());
            left.1 = left.1.saturating_sub(1);
        }
    }
    out
}

/// The first old line of a hunk, and how many old and new lines it has.
fn hunk(text: &str) -> Option<(usize, (usize, usize))> {
    let mut words = text.strip_prefix("@@ -")?.split_whitespace();
    let range = |word: &str| -> Option<(usize, usize)> {
        let (first, count) = word.split_once(',').unwrap_or((word, "1"));
        Some((first.parse().ok()?, count.parse().ok()?))
    };
    let (first, old) = range(words.next()?)?;
    let (_, new) = range(words.next()?.strip_prefix('+')?)?;
    Some((first, (old, new)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_a_run_of_changed_lines() {
        let diff = "--- a/x.c\n+++ b/x.c\n@@ -1,4 +1,3 @@ f\n a\n-b\n-- c\n+d\n e\n";
        let found = sites(diff);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].line, found[0].removed.len(), found[0].added.len()), (2, 2, 1));
        assert!(diffs(&found, &found).is_equal());
        assert_eq!(diffs(&found, &[]).ours.len(), 1);
    }
}
