//! The ledger of a run: what was read of many files, what was not, and why.
//!
//! In: the tree of each file that holds a word without which no rule matches, and files that were not read. Out:
//! [`Coverage`], sums and places. A word of a rule in code that was not read is always told: the rule was not tried
//! there.

use super::kind::Kind;
use super::ledger::{Cause, FileLedger};
use super::lexer::{TokenKind, lex};
use super::tree::Tree;
use crate::source::{LineColumn, SourceFile, Span};

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Files in question.
    pub files: usize,
    /// Those of them that hold a word that a rule requires and were read, by path.
    pub read: Vec<ReadFile>,
    /// What was not read of them, by path and place.
    pub opaque: Vec<OpaquePlace>,
    /// Files that were not read at all.
    pub skipped: Vec<SkippedFile>,
    /// Required words in code that was not read, by path and place.
    pub not_looked_at: Vec<NotLookedAt>,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadFile {
    /// The path.
    pub path: String,
    /// Its length.
    pub bytes: usize,
    /// Its functions.
    pub functions: usize,
    /// Those of which a part was not read.
    pub partial: usize,
}

/// A stretch that was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpaquePlace {
    /// The file.
    pub path: String,
    /// Where it begins.
    pub at: LineColumn,
    /// How many lines it touches.
    pub lines: usize,
    /// The function around it; empty outside functions, or if its name is not known.
    pub function: String,
    /// Why.
    pub cause: Cause,
}

/// A file that was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedFile {
    /// The path.
    pub path: String,
    /// Why.
    pub why: SkipReason,
}

/// Why a file was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// It could not be opened: the system's or git's words.
    Unreadable(String),
    /// It is the library that the rules put their helper into.
    Library,
    /// The rules took longer on it than they were given.
    OverTime,
    /// It is no plain file: what it is.
    NoPlainFile(&'static str),
}

/// A required word in code that was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotLookedAt {
    /// The file.
    pub path: String,
    /// The word.
    pub span: Span,
    /// Where it stands.
    pub at: LineColumn,
    /// The word itself.
    pub word: String,
    /// Why the code around it was not read; `None` for the body of a macro.
    pub cause: Option<Cause>,
}

/// Whether the rules see the bodies of macros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacroBodies {
    /// They do.
    Read,
    /// A required word in one is reported.
    NotRead,
}

impl Coverage {
    /// What was read of one candidate.
    pub fn of_candidate(tree: &Tree, words: &[String], bodies: MacroBodies) -> Self {
        let ledger = FileLedger::of(tree);
        let source = tree.source();
        let name = |function: Option<usize>| {
            let entry = function.and_then(|i| ledger.functions.get(i))?;
            entry.name.map(|span| source.slice(span).to_owned())
        };
        let opaque = ledger.unread.iter().map(|unread| OpaquePlace {
            path: source.path().to_owned(),
            at: source.line_column(unread.span),
            lines: source.slice(unread.span).lines().count(),
            function: name(unread.function).unwrap_or_default(),
            cause: unread.cause,
        });
        let mut hidden: Vec<(Span, Option<Cause>)> =
            ledger.unread.iter().map(|unread| (unread.span, Some(unread.cause))).collect();
        if bodies == MacroBodies::NotRead {
            let bodies = tree.root().descendants().filter(|node| node.is(Kind::PreprocArg));
            hidden.extend(bodies.map(|node| (node.span(), None)));
        }
        let mut not_looked_at: Vec<NotLookedAt> = hidden
            .into_iter()
            .flat_map(|(span, cause)| mentions(source, span, words).into_iter().map(move |at| (at, cause)))
            .map(|(span, cause)| NotLookedAt {
                path: source.path().to_owned(),
                span,
                at: source.line_column(span),
                word: source.slice(span).to_owned(),
                cause,
            })
            .collect();
        not_looked_at.sort_by_key(|place| place.span);
        not_looked_at.dedup_by_key(|place| place.span);
        Self {
            files: 0,
            read: vec![ReadFile {
                path: source.path().to_owned(),
                bytes: ledger.bytes,
                functions: ledger.functions.len(),
                partial: ledger.functions.len() - ledger.clean_functions(),
            }],
            opaque: opaque.collect(),
            skipped: Vec::new(),
            not_looked_at,
        }
    }

    /// A file that was not read.
    pub fn skipped(path: impl Into<String>, why: SkipReason) -> Self {
        Self { skipped: vec![SkippedFile { path: path.into(), why }], ..Self::default() }
    }

    /// Take in what was read of further files, which come behind those that are here.
    pub fn add(&mut self, more: Self) {
        self.files += more.files;
        self.read.extend(more.read);
        self.opaque.extend(more.opaque);
        self.skipped.extend(more.skipped);
        self.not_looked_at.extend(more.not_looked_at);
    }

    /// Take in what other rules read of the same files.
    pub fn merge(&mut self, other: Self) {
        let files = self.files.max(other.files);
        self.add(other);
        self.files = files;
        self.read.sort_by(|a, b| a.path.cmp(&b.path));
        self.read.dedup();
        self.opaque.sort_by(|a, b| (&a.path, a.at).cmp(&(&b.path, b.at)));
        self.opaque.dedup();
        self.skipped.sort_by(|a, b| a.path.cmp(&b.path));
        self.skipped.dedup();
        self.not_looked_at.sort_by(|a, b| (&a.path, a.span).cmp(&(&b.path, b.span)));
        self.not_looked_at.dedup();
    }

    /// Files that hold a word that a rule requires, as far as they could be opened.
    pub fn candidates(&self) -> usize {
        self.read.len() + self.unreadable()
    }

    /// Functions of the files that were read.
    pub fn functions(&self) -> usize {
        self.read.iter().map(|file| file.functions).sum()
    }

    /// Those of which a part was not read.
    pub fn partial(&self) -> usize {
        self.read.iter().map(|file| file.partial).sum()
    }

    /// Files that could not be opened.
    pub fn unreadable(&self) -> usize {
        self.skipped.iter().filter(|file| matches!(file.why, SkipReason::Unreadable(_))).count()
    }

    /// Whether the rules were tried wherever a required word stands.
    pub fn is_complete(&self) -> bool {
        self.not_looked_at.is_empty() && self.unreadable() == 0
    }
}

/// Where one of `words` stands as a word of code inside `span`; directives are code here.
fn mentions(source: &SourceFile, span: Span, words: &[String]) -> Vec<Span> {
    let text = source.text().as_bytes();
    let mut found = Vec::new();
    let mut stretches = vec![span];
    while let Some(stretch) = stretches.pop() {
        for token in lex(text.get(stretch.range()).unwrap_or_default()) {
            let span = Span { start: stretch.start + token.start, end: stretch.start + token.end };
            match token.kind {
                // Without its first byte, the `#`, a directive is a row of words.
                TokenKind::Directive(_) => stretches.push(Span { start: span.start + 1, end: span.end }),
                TokenKind::Word(_) if words.iter().any(|word| word == source.slice(span)) => found.push(span),
                _ => {}
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse;

    #[test]
    fn words_in_code_that_was_not_read_are_told() {
        let text = "#define M(a) grab(a) /* grab */\nint f(int x)\n{\n#ifdef A\n\tif (!x) {\n#else\n\tif (grab(x)) {\n#endif\n\t}\n\treturn grab(1);\n}\n";
        let tree = parse(&SourceFile::new("t.c", text));
        let words = ["grab".to_owned()];
        let coverage = Coverage::of_candidate(&tree, &words, MacroBodies::NotRead);
        assert_eq!((coverage.functions(), coverage.partial(), coverage.opaque.len()), (1, 1, 1));
        assert_eq!(coverage.opaque[0].function, "f");
        let told: Vec<_> = coverage.not_looked_at.iter().map(|place| (place.at.line, place.cause)).collect();
        assert_eq!(told, [(1, None), (7, Some(Cause::Arm))]);
        assert!(!coverage.is_complete());
        let read = Coverage::of_candidate(&tree, &words, MacroBodies::Read);
        assert_eq!(read.not_looked_at.len(), 1);
    }

    #[test]
    fn sums_keep_the_places() {
        let tree = parse(&SourceFile::new("a.c", "int a;\n"));
        let mut all = Coverage::of_candidate(&tree, &[], MacroBodies::Read);
        assert!(all.is_complete());
        all.add(Coverage::skipped("link.c", SkipReason::NoPlainFile("a symbolic link")));
        assert!(all.is_complete() && all.skipped.len() == 1 && all.candidates() == 1);
        all.add(Coverage::skipped("b.c", SkipReason::Unreadable("gone".to_owned())));
        assert!(!all.is_complete() && all.unreadable() == 1 && all.candidates() == 2);
        let sums = all.clone();
        all.merge(sums.clone());
        assert_eq!(all.candidates(), 2);
        assert_eq!((all.read, all.skipped.len()), (sums.read, 2));
    }
}
