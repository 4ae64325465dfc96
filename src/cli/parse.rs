//! `vedalia parse`: how files are read.
//!
//! In: files of C, and what is known about macros. Out: per file what was read and what was not, with `--explain` what
//! each macro was taken for and why, with `--tree` the tree; or all of it as JSON. It looks at no repository: a file and
//! the headers that it includes are read as they stand on the disk, the headers beside the file and in the `include`
//! directories around it.

use std::fmt::Write as _;
use std::sync::Arc;

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::SourceFile;
use crate::syntax::coverage::{Coverage, MacroBodies, SkipReason};
use crate::syntax::{Explanation, Headers, MacroKnowledge, Tree, explain, parse_with};

use super::args::{FormatWish, ParseArguments};
use super::exit::{Exit, Outcome};
use super::ledger::{Ledger, count};
use super::terminal::{Paint, Terminal};
use super::{macros, render};

/// Do it.
pub(super) fn run(arguments: &ParseArguments, terminal: &Terminal) -> Outcome {
    let known = Arc::new(macros::known(&arguments.macros)?.into_owned());
    let headers = macros::headers(known, &[], &[]);
    let mut all = Coverage { files: arguments.files.len(), ..Coverage::default() };
    let mut entries = Vec::new();
    for path in &arguments.files {
        let shown = path.display().to_string();
        match std::fs::read(path) {
            Ok(bytes) => {
                let read = File::read(&shown, bytes, &headers);
                match arguments.format {
                    FormatWish::Text => terminal.print(&read.text(arguments, terminal.out))?,
                    FormatWish::Json => entries.push(read.entry(arguments)),
                }
                all.add(read.coverage);
            }
            Err(error) => {
                let told = format!("cannot read `{shown}`: {error}");
                let told = Diagnostic::error("unreadable", told);
                terminal.tell(&render::diagnostic(&told, terminal.err));
                all.add(Coverage::skipped(shown, SkipReason::Unreadable(error.to_string())));
            }
        }
    }
    if arguments.format == FormatWish::Json {
        terminal.print(&document(entries, &all))?;
    }
    terminal.tell(&summary(&all));
    Ok(if all.unreadable() > 0 {
        Exit::Usage
    } else if arguments.strict && !all.opaque.is_empty() {
        Exit::Unread
    } else {
        Exit::Done
    })
}

/// A file that was read.
struct File {
    tree: Tree,
    macros: MacroKnowledge,
    coverage: Coverage,
}

impl File {
    fn read(path: &str, bytes: Vec<u8>, headers: &Headers<'_>) -> Self {
        let source = SourceFile::new(path, bytes);
        let macros = headers.macros(&source);
        let tree = parse_with(&source, &macros);
        let coverage = Coverage::of_candidate(&tree, &[], MacroBodies::Read);
        Self { tree, macros, coverage }
    }

    /// For people.
    fn text(&self, arguments: &ParseArguments, paint: Paint) -> String {
        let source = self.tree.source();
        let lines = count(source.lines().line_count(), "line", "lines");
        let functions = count(self.coverage.functions(), "function", "functions");
        let partial = self.coverage.partial();
        let mut text = format!("{}: {lines}, {functions}, {partial} of them read in part\n", source.path());
        for unread in &crate::syntax::FileLedger::of(&self.tree).unread {
            let told = Diagnostic::new(
                Severity::Warning,
                "opaque",
                "this was not read; no rule looks into it",
            )
            .at(source, unread.span, unread.cause.sentence());
            text.push_str(&render::diagnostic(&told, paint));
        }
        if arguments.explain {
            for one in self.explanations() {
                let place = source.line_column(one.span);
                // What a macro brings has no text of its own.
                let what = Some(excerpt(source, &one)).filter(|text| !text.is_empty());
                let what = what.map_or("behind this".to_owned(), |text| format!("`{text}`"));
                let _ = writeln!(
                    text,
                    "{}:{place}: {what} is {}, by {}",
                    source.path(),
                    one.taken_for,
                    one.because
                );
            }
        }
        if arguments.tree {
            text.push_str(&self.tree.root().to_sexp());
            text.push('\n');
        }
        text
    }

    /// Paths below the current directory are told from there.
    fn explanations(&self) -> Vec<Explanation> {
        let here = std::env::current_dir().map(|here| format!("{}/", here.display())).unwrap_or_default();
        let mut all = explain(&self.tree, &self.macros);
        all.iter_mut().for_each(|one| one.because = one.because.replace(&here, ""));
        all
    }

    /// For programs.
    fn entry(&self, arguments: &ParseArguments) -> FileEntry {
        let source = self.tree.source();
        let macros = |one: Explanation| {
            let place = source.line_column(one.span);
            MacroEntry {
                line: place.line,
                column: place.column,
                text: excerpt(source, &one),
                taken_for: one.taken_for,
                because: one.because,
            }
        };
        FileEntry {
            path: source.path().to_owned(),
            lines: source.lines().line_count(),
            macros: arguments.explain.then(|| self.explanations().into_iter().map(macros).collect()),
            tree: arguments.tree.then(|| self.tree.root().to_sexp()),
        }
    }
}

/// The beginning of what a decision is about, on one line.
fn excerpt(source: &SourceFile, one: &Explanation) -> String {
    const LONGEST: usize = 60;
    let words: Vec<&str> = source.slice(one.span).split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}...", &line[..at]),
        None => line,
    }
}

fn summary(all: &Coverage) -> String {
    let read = [
        count(all.files, "file", "files"),
        count(all.functions(), "function", "functions"),
        format!("{} of them read in part", all.partial()),
        count(all.opaque.len(), "place not read", "places not read"),
    ];
    let unreadable = count(all.unreadable(), "file unreadable", "files unreadable");
    let unreadable = if all.unreadable() > 0 { format!(", {unreadable}") } else { String::new() };
    format!("{}{unreadable}\n", read.join(", "))
}

#[derive(Serialize)]
struct Document<'a> {
    version: &'static str,
    files: Vec<FileEntry>,
    coverage: Ledger<'a>,
}

#[derive(Serialize)]
struct FileEntry {
    path: String,
    lines: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    macros: Option<Vec<MacroEntry>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tree: Option<String>,
}

#[derive(Serialize)]
struct MacroEntry {
    line: usize,
    column: usize,
    text: String,
    taken_for: &'static str,
    because: String,
}

fn document(files: Vec<FileEntry>, all: &Coverage) -> String {
    let document = Document { version: env!("CARGO_PKG_VERSION"), files, coverage: Ledger::of(all) };
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    #[test]
    fn excerpts_are_one_line() {
        let source = SourceFile::new("a.c", format!("a\n\tb {}", "x".repeat(80)));
        let whole = Span::new(0, source.text().len());
        let one = Explanation { span: whole, taken_for: "", because: String::new() };
        let text = excerpt(&source, &one);
        assert!(text.starts_with("a b xx") && text.ends_with("x...") && text.len() == 63, "{text}");
    }
}
