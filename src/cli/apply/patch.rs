//! The diff of one file as Coccinelle prints it.
//!
//! In: a file before and after, and how paths are to be told. Out: the header that `spatch` writes and the hunks that `diff -u
//! -p` makes. Lines that `*` marks are printed as if they were removed.

use std::env;
use std::path::{Component, Path, PathBuf};

use crate::plan::apply::Star;
use crate::series::diff::gnu;
use crate::source::SourceFile;

/// How the paths of a diff are told.
#[derive(Clone, Debug)]
pub(super) enum Paths {
    /// Below `a/` and `b/`, from this directory if the file is inside.
    Below(PathBuf),
    /// As Coccinelle tells files that are named one by one: the file, and a temporary one.
    Bare,
}

/// What kind of lines the diff holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lines {
    /// What changes.
    Changed,
    /// What `*` marks.
    Marked,
}

/// How diffs are printed.
#[derive(Clone, Debug)]
pub(super) struct Style {
    /// How paths are told.
    pub(super) paths: Paths,
    /// What the lines mean.
    pub(super) lines: Lines,
    /// Lines of context, if that was asked for.
    pub(super) context: Option<usize>,
}

impl Style {
    /// The diff; empty if there is no difference.
    pub(super) fn diff(&self, path: &Path, old: &[u8], new: &[u8]) -> Vec<u8> {
        let hunks = gnu::hunks(old, new, self.context.unwrap_or(3));
        if hunks.is_empty() {
            return hunks;
        }
        let mut out = self.header(path).into_bytes();
        out.extend(hunks);
        out
    }

    fn header(&self, path: &Path) -> String {
        let (old, new) = match (&self.paths, self.lines) {
            (Paths::Bare, _) => {
                let (old, name) = (path.display(), path.file_name().unwrap_or_default().to_string_lossy());
                return format!("--- {old}\n+++ /tmp/cocci-output-1-{:06x}-{name}\n", digest(path));
            }
            (Paths::Below(folder), Lines::Changed) => {
                let told = below(path, folder);
                (format!("a/{told}"), format!("b/{told}"))
            }
            (Paths::Below(folder), Lines::Marked) => {
                (path.display().to_string(), format!("/tmp/nothing/{}", below(path, folder)))
            }
        };
        let option = self.context.map_or_else(|| "-u".to_owned(), |lines| format!("-U {lines}"));
        format!("diff {option} -p {old} {new}\n--- {old}\n+++ {new}\n")
    }
}

/// The path told from `folder`, or from the root of the file system if it is elsewhere.
fn below(path: &Path, folder: &Path) -> String {
    let (path, folder) = (absolute(path), absolute(folder));
    let told = path.strip_prefix(&folder).unwrap_or(&path);
    told.to_string_lossy().trim_start_matches('/').to_owned()
}

/// From the root, without `.` and `..`; symbolic links stay.
fn absolute(path: &Path) -> PathBuf {
    let mut out = env::current_dir().unwrap_or_default();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// Six digits that stand where Coccinelle has random ones: the same file has the same.
fn digest(path: &Path) -> u32 {
    let bytes = path.as_os_str().as_encoded_bytes();
    bytes.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
        & 0xff_ffff
}

/// The file without the lines that have a mark.
pub(super) fn without_marked_lines(source: &SourceFile, stars: &[Star]) -> Vec<u8> {
    let lines = source.lines();
    let mut marked = vec![false; lines.line_count() + 1];
    for star in stars {
        let last = star.span.end.max(star.span.start + 1) as usize - 1;
        let (from, to) = (lines.line_column(star.span.start as usize).line, lines.line_column(last).line);
        marked.iter_mut().skip(from).take(to + 1 - from).for_each(|mark| *mark = true);
    }
    let kept = (1..=lines.line_count()).filter(|line| !marked[*line]);
    kept.flat_map(|line| source.bytes()[lines.line_span(line).range()].iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn header(paths: Paths, lines: Lines, context: Option<usize>) -> String {
        let style = Style { paths, lines, context };
        String::from_utf8(style.diff(Path::new("d/sub/a.c"), b"a\nb\n", b"a\n")).expect("text")
    }

    #[test]
    fn headers_are_those_of_spatch() {
        let folder = |name: &str| Paths::Below(PathBuf::from(name));
        let hunk = "@@ -1,2 +1 @@\n a\n-b\n";
        assert_eq!(
            header(folder("d"), Lines::Changed, None),
            format!("diff -u -p a/sub/a.c b/sub/a.c\n--- a/sub/a.c\n+++ b/sub/a.c\n{hunk}")
        );
        assert_eq!(
            header(folder("./d/"), Lines::Marked, Some(3)),
            format!(
                "diff -U 3 -p d/sub/a.c /tmp/nothing/sub/a.c\n--- d/sub/a.c\n+++ /tmp/nothing/sub/a.c\n{hunk}"
            )
        );
        assert!(
            header(folder("."), Lines::Changed, None).starts_with("diff -u -p a/d/sub/a.c b/d/sub/a.c\n")
        );
        let bare = header(Paths::Bare, Lines::Changed, None);
        assert!(
            bare.starts_with("--- d/sub/a.c\n+++ /tmp/cocci-output-1-") && bare.contains("-a.c\n@@"),
            "{bare}"
        );
    }

    #[test]
    fn a_mark_takes_all_of_its_lines() {
        let source = SourceFile::new("a.c", "one\ntwo(\n\tthree);\nfour\n");
        let star = Star { rule: "r".into(), span: Span::new(4, 16) };
        assert_eq!(without_marked_lines(&source, &[star]), b"one\nfour\n");
    }
}
