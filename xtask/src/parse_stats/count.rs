//! What was read of one file, and sums of that.
//!
//! In: a file. Out: a [`Total`]. Lines are counted twice: those of the stretches that were not read, and, as Coccinelle
//! does, all lines of an item of file scope of which anything was not read.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use vedalia::source::{SourceFile, Span};
use vedalia::syntax::lexer::lex;
use vedalia::syntax::parse::{grammar_nodes, respelled, shipped_macros};
use vedalia::syntax::{self, FileLedger, Headers, Kind, Node, Tree};

use super::causes::{self, Place};
use super::faithful;

/// A function that the ledger knows.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) name: String,
    /// Where the name stands, or the body if the name is not known.
    pub(super) line: usize,
    /// Names and lines of the heads that other arms of an `#if` give it.
    pub(super) others: Vec<(String, usize)>,
    /// The line on which the body begins.
    pub(super) body_line: usize,
    /// The line on which it ends.
    pub(super) last_line: usize,
}

/// How long the stages took, added up over the threads.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    pub(super) lexer: Duration,
    /// Lexer and overlay.
    pub(super) overlay: Duration,
    /// tree-sitter alone, on what the overlay gives.
    pub(super) grammar: Duration,
    /// From the text to our tree.
    pub(super) whole: Duration,
}

/// Sums over files.
#[derive(Clone, Debug, Default)]
pub(super) struct Total {
    pub(super) files: usize,
    pub(super) bytes: usize,
    pub(super) lines: usize,
    pub(super) functions: usize,
    pub(super) unclean: usize,
    /// Lines of functions, and of those that were not read whole.
    pub(super) function_lines: usize,
    pub(super) unclean_lines: usize,
    /// Stretches outside functions that were not read.
    pub(super) outside: usize,
    /// Lines of all stretches that were not read.
    pub(super) unread_lines: usize,
    /// Lines of the items of file scope that have such a stretch.
    pub(super) item_lines: usize,
    pub(super) times: Times,
    pub(super) places: Vec<Place>,
    pub(super) known: Vec<Known>,
    /// Files that could not be opened, and why.
    pub(super) unreadable: Vec<String>,
    /// Breaches of the promise that no byte is lost.
    pub(super) unfaithful: Vec<String>,
}

impl Total {
    pub(super) fn add(mut self, part: Self) -> Self {
        self.files += part.files;
        self.bytes += part.bytes;
        self.lines += part.lines;
        self.functions += part.functions;
        self.unclean += part.unclean;
        self.function_lines += part.function_lines;
        self.unclean_lines += part.unclean_lines;
        self.outside += part.outside;
        self.unread_lines += part.unread_lines;
        self.item_lines += part.item_lines;
        self.times.lexer += part.times.lexer;
        self.times.overlay += part.times.overlay;
        self.times.grammar += part.times.grammar;
        self.times.whole += part.times.whole;
        self.places.extend(part.places);
        self.known.extend(part.known);
        self.unreadable.extend(part.unreadable);
        self.unfaithful.extend(part.unfaithful);
        self
    }

    /// A file that could not be opened.
    pub(super) fn unreadable(file: &Path, error: &anyhow::Error) -> Self {
        Self { unreadable: vec![format!("{}: {error:#}", file.display())], ..Self::default() }
    }
}

fn open(path: &Path) -> Result<SourceFile> {
    let bytes = std::fs::read(path).context("cannot be read")?;
    Ok(SourceFile::new(path.display().to_string(), bytes))
}

/// Print what the grammar reads for `path`.
pub(super) fn print_overlay(path: &Path) -> Result<()> {
    print!("{}", String::from_utf8_lossy(&respelled(&open(path)?).text));
    Ok(())
}

/// Read one file.
pub(super) fn one_file(path: &Path, check: bool, headers: Option<&Headers<'_>>) -> Result<Total> {
    let source = open(path)?;
    let mut times = Times::default();
    let tokens = timed(&mut times.lexer, || lex(source.text().as_bytes()));
    let overlay = timed(&mut times.overlay, || respelled(&source));
    timed(&mut times.grammar, || grammar_nodes(&overlay));
    let told = headers.map(|headers| headers.macros(&source));
    let macros = told.as_ref().unwrap_or_else(|| shipped_macros());
    let tree = timed(&mut times.whole, || syntax::parse_with(&source, macros));
    let ledger = FileLedger::of(&tree);
    let unclean = ledger.functions.iter().filter(|f| !f.clean);
    let lines = |span: Span| source.slice(span).lines().count();
    Ok(Total {
        files: 1,
        bytes: ledger.bytes,
        lines: source.lines().line_count(),
        functions: ledger.functions.len(),
        unclean: unclean.clone().count(),
        function_lines: ledger.functions.iter().map(|f| lines(f.body)).sum(),
        unclean_lines: unclean.map(|f| lines(f.body)).sum(),
        outside: ledger.unread.iter().filter(|u| u.function.is_none()).count(),
        unread_lines: ledger.unread.iter().map(|u| lines(u.span)).sum(),
        item_lines: item_lines(&tree, &ledger),
        times,
        places: causes::places(&tree, &ledger),
        known: ledger.functions.iter().map(|f| known(&source, f)).collect(),
        unreadable: Vec::new(),
        unfaithful: if check { faithful::breaches(&tree, &tokens, &overlay) } else { Vec::new() },
    })
}

/// Adds the time that this thread was on a processor; a busy machine does not change it.
fn timed<T>(sum: &mut Duration, work: impl FnOnce() -> T) -> T {
    let (clock, start) = (Instant::now(), on_processor());
    let result = work();
    *sum +=
        on_processor().zip(start).map_or_else(|| clock.elapsed(), |(end, start)| end.saturating_sub(start));
    result
}

/// What the kernel counts for this thread, where it does.
fn on_processor() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

fn known(source: &SourceFile, function: &syntax::ledger::FunctionEntry) -> Known {
    let name = function.name.unwrap_or(Span::at(function.body.start as usize));
    let last = source.lines().line_column((function.body.end as usize).saturating_sub(1)).line;
    Known {
        name: source.slice(name).to_owned(),
        line: source.line_column(name).line,
        others: function
            .others
            .iter()
            .map(|o| (source.slice(*o).to_owned(), source.line_column(*o).line))
            .collect(),
        body_line: source.line_column(function.body).line,
        last_line: last,
    }
}

/// Lines of the items of file scope that have an opaque part, each line once.
fn item_lines(tree: &Tree, ledger: &FileLedger) -> usize {
    let lines = tree.source().lines();
    let at = |offset: u32| lines.line_column(offset as usize).line;
    let (mut sum, mut counted) = (0, 0);
    for unread in &ledger.unread {
        let body = unread.function.and_then(|i| ledger.functions.get(i)).map_or(unread.span, |f| f.body);
        let item = item(tree, unread.span).cover(body);
        let (first, last) = (at(item.start).max(counted + 1), at(item.end.saturating_sub(1).max(item.start)));
        sum += (last + 1).saturating_sub(first);
        counted = counted.max(last);
    }
    sum
}

/// The item of file scope around a stretch, or the stretch if it is no part of one.
fn item(tree: &Tree, span: Span) -> Span {
    let is_scope = |node: Node<'_>| {
        matches!(
            node.kind(),
            Kind::TranslationUnit
                | Kind::PreprocIf
                | Kind::PreprocIfdef
                | Kind::PreprocElse
                | Kind::PreprocElif
                | Kind::PreprocElifdef
        )
    };
    let node = tree.covering(span);
    let mut around = std::iter::once(node).chain(node.ancestors()).take_while(|node| !is_scope(*node));
    around.find(|node| node.parent().is_none_or(is_scope)).map_or(span, |node| node.span())
}
