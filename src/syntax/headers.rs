//! Headers: what the files that a file includes say about its names.
//!
//! In: something that reads files of a tree ([`HeaderFiles`]) and further directories for `#include <…>`. Out:
//! [`Headers`], which gives the [`MacroKnowledge`] for a file's parse and the [`Types`] of what its headers declare.
//! `#include "…"` is looked up beside the file first; then both forms in the [`PLACES`] of the directories around the
//! file, the innermost first, and in the further directories. A header's macros are read once for all files; what else it
//! declares is looked for only when types are asked for, and it is parsed only when the type is one of its own. It
//! evaluates no conditions: every `#include` counts, and of two definitions of a name the one that is included first. A
//! header that cannot be read is left out.
//!
//! One value serves a whole run and all its threads:
//!
//! ```
//! use vedalia::source::SourceFile;
//! use vedalia::syntax::{Headers, MacroKnowledge, Kind};
//!
//! let read = |path: &str| match path {
//!     "include/mark.h" => Some(b"#define marked __attribute__((cold))\nstruct pair { int *a; };\n".to_vec()),
//!     _ => None,
//! };
//! let headers = Headers::new(read, [""; 0], MacroKnowledge::shipped().clone());
//! let file = SourceFile::new("a.c", "#include <mark.h>\nint marked f(struct pair *p) { return *p->a; }\n");
//! let tree = headers.parse(&file);
//! assert!(tree.root().descendants().any(|n| n.is(Kind::MacroAttribute)));
//! assert_eq!(headers.types(&tree).field("struct pair", "a").unwrap().type_name(), "int *");
//! ```

mod declared;
mod types;

pub use declared::{Entity, Member, Signature};
pub use types::Types;

use super::lexer::{Directive, Token, TokenKind, Word, directive_rest, lex};
use super::macros::{DefinedAt, Known, MacroKnowledge, Meaning, definitions_among};
use super::overlay::Why;
use super::parse::parse_with;
use super::tree::Tree;
use crate::source::SourceFile;
use declared::Declared;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Where a project keeps the headers that its files share.
pub const PLACES: [&str; 2] = ["include", "include/uapi"];

/// Which of the headers behind a file tell the types in it; the choices are Coccinelle's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Included {
    /// Those that it names in quotes and that are found from its own directory; none for a header.
    #[default]
    Local,
    /// Those that it names itself; none for a header.
    Direct,
    /// Those and what they include in turn.
    All,
}

/// Reads files by their path in the tree; `None` if there is no such file. Called from several threads.
pub trait HeaderFiles: Sync + Send {
    /// The file's bytes.
    fn read(&self, path: &str) -> Option<Vec<u8>>;
}

impl<F: Fn(&str) -> Option<Vec<u8>> + Sync + Send> HeaderFiles for F {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self(path)
    }
}

/// The headers of a tree, read as they are needed.
pub struct Headers<'r> {
    files: Box<dyn HeaderFiles + 'r>,
    directories: Vec<String>,
    /// The paths of headers that every file is taken to include first.
    always: Vec<String>,
    /// Where paths begin that do not begin with `/`; empty for the root of a tree.
    root: String,
    below: Arc<MacroKnowledge>,
    index: Mutex<Index>,
}

/// One header as far as its tokens tell.
struct Header {
    path: Arc<str>,
    includes: Vec<Include>,
    /// What it includes, once that was looked up.
    resolved: OnceLock<Vec<Arc<Header>>>,
    /// Meanings, and the lines of the definitions.
    macros: HashMap<String, (Meaning, usize)>,
    /// Whether [`Index::names`] knows what it may declare.
    indexed: OnceLock<()>,
    /// What it declares, once that was asked for.
    declared: OnceLock<Declared>,
    /// Its tree, once somebody asked for that; nothing if it cannot be read any more.
    tree: OnceLock<Option<Arc<Tree>>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Include {
    name: String,
    quoted: bool,
}

#[derive(Default)]
struct Index {
    /// `None`: there is no such file.
    headers: HashMap<String, Option<Arc<Header>>>,
    /// The headers that define a macro whose body tells what it is.
    macros: HashMap<String, Vec<Arc<Header>>>,
    /// The headers that may declare a name, of those for whose types somebody asked.
    names: HashMap<String, Vec<Arc<Header>>>,
}

impl<'r> Headers<'r> {
    /// Headers that `files` reads; `directories` are looked into last. `below` are the macros that no header explains.
    pub fn new<D: Into<String>>(
        files: impl HeaderFiles + 'r,
        directories: impl IntoIterator<Item = D>,
        below: Arc<MacroKnowledge>,
    ) -> Self {
        let directories = directories.into_iter().map(Into::into).collect();
        let (files, always, root, index) = (Box::new(files), Vec::new(), String::new(), Mutex::default());
        Self { files, directories, always, root, below, index }
    }

    /// Take these headers to be included by every file, in front of what it names.
    pub fn including(self, paths: impl IntoIterator<Item = String>) -> Self {
        Self { always: paths.into_iter().collect(), ..self }
    }

    /// Take the paths of files as seen from `directory`, in which they are not the whole of a tree: headers are looked
    /// for in the directories around it too.
    pub fn seen_from(self, directory: impl Into<String>) -> Self {
        Self { root: directory.into(), ..self }
    }

    /// Read `source` with the macros of its headers.
    pub fn parse(&self, source: &SourceFile) -> Tree {
        parse_with(source, &self.macros(source))
    }

    /// What the headers of `source` say about the names in it.
    pub fn macros(&self, source: &SourceFile) -> MacroKnowledge {
        let text = source.text().as_bytes();
        let tokens = lex(text);
        let reach = Reach::new(self.reachable(source.path(), &includes(text, &tokens)));
        let mut known = MacroKnowledge::over(self.below.clone());
        let words = tokens.iter().filter(|t| t.kind == TokenKind::Word(Word::Ident)).map(|t| word(text, t));
        let index = self.index();
        let mut seen: HashSet<String> =
            words.filter(|word| index.macros.contains_key(*word)).map(str::to_owned).collect();
        let mut asked: Vec<String> = seen.iter().cloned().collect();
        while let Some(name) = asked.pop() {
            let Some(header) = index.macros.get(&name).and_then(|all| reach.first(all)) else { continue };
            let Some((meaning, line)) = header.macros.get(&name) else { continue };
            let others = match meaning {
                Meaning::Is(_) => Vec::new(),
                Meaning::Head(uses) | Meaning::Writes(uses) => uses.handed_to().collect(),
                Meaning::As(other, _) => vec![other],
                Meaning::AttributeIf(names) => names.iter().collect(),
            };
            asked.extend(others.into_iter().filter(|o| seen.insert((*o).clone())).cloned());
            let at = Some(DefinedAt { path: header.path.clone(), line: *line });
            known.insert(name, Known { meaning: meaning.clone(), why: Why::Definition, at });
        }
        known
    }

    /// The trees of the headers that `source` includes, in the order of inclusion; they stay.
    pub fn trees(&self, source: &SourceFile, included: Included) -> Vec<Arc<Tree>> {
        let text = source.text().as_bytes();
        let named = includes(text, &lex(text));
        let from = self.place(source.path());
        let beside = |include: &Include| {
            self.header(&normal_path(directory_of(&from), &include.name)?).filter(|_| include.quoted)
        };
        let mut headers: Vec<Arc<Header>> = self.always_included().collect();
        match included {
            Included::All => headers = self.reachable(source.path(), &named),
            Included::Local | Included::Direct if from.ends_with(".h") => {}
            Included::Direct => headers.extend(self.resolve(&from, &named)),
            Included::Local => headers.extend(named.iter().filter_map(beside)),
        }
        let tree = |header: &Arc<Header>| {
            let parsed = || {
                let bytes = self.files.read(&header.path)?;
                Some(Arc::new(self.parse(&SourceFile::new(&*header.path, bytes))))
            };
            header.tree.get_or_init(parsed).clone()
        };
        headers.iter().filter_map(tree).collect()
    }

    /// The types of what `tree` and its headers declare.
    pub fn types<'h>(&'h self, tree: &Tree) -> Types<'h, 'r> {
        let text = tree.source().text().as_bytes();
        let headers = self.reachable(tree.source().path(), &includes(text, &lex(text)));
        headers.iter().for_each(|header| self.index_names(header));
        let reach = Reach::new(headers);
        Types::new(Declared::of(tree), Some((self, reach)))
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        // Nothing in it is ever half done.
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The headers that a file at `path` with these `#include`s brings in, in the order of inclusion.
    fn reachable(&self, path: &str, first: &[Include]) -> Vec<Arc<Header>> {
        let mut seen: HashSet<*const Header> = HashSet::new();
        let mut found = Vec::new();
        let mut ahead: Vec<Arc<Header>> = self.always_included().collect();
        ahead.extend(self.resolve(&self.place(path), first));
        ahead.reverse();
        while let Some(header) = ahead.pop() {
            if !seen.insert(Arc::as_ptr(&header)) {
                continue;
            }
            let inner = match header.resolved.get() {
                Some(inner) => inner,
                None => {
                    let inner = self.resolve(&header.path, &header.includes);
                    header.resolved.get_or_init(|| inner)
                }
            };
            ahead.extend(inner.iter().rev().cloned());
            found.push(header);
        }
        found
    }

    fn always_included(&self) -> impl Iterator<Item = Arc<Header>> {
        self.always.iter().filter_map(|path| self.header(&self.place(path)))
    }

    /// A file's path as those of headers are written.
    fn place(&self, path: &str) -> String {
        normal_path(&self.root, path).unwrap_or_else(|| path.to_owned())
    }

    fn resolve(&self, from: &str, includes: &[Include]) -> Vec<Arc<Header>> {
        let beside = directory_of(from);
        let around = std::iter::successors(Some(beside), |inner| directory_above(inner));
        let below = |directory: &str, place: &str| match directory {
            "" if !from.starts_with('/') => place.to_owned(),
            _ => format!("{directory}/{place}"),
        };
        let shared: Vec<String> = around.flat_map(|d| PLACES.map(|place| below(d, place))).collect();
        let find = |include: &Include| {
            let quoted = include.quoted.then_some(beside);
            let further = shared.iter().chain(&self.directories).map(String::as_str);
            quoted
                .into_iter()
                .chain(further)
                .find_map(|place| self.header(&normal_path(place, &include.name)?))
        };
        includes.iter().filter_map(find).collect()
    }

    fn header(&self, path: &str) -> Option<Arc<Header>> {
        if let Some(known) = self.index().headers.get(path) {
            return known.clone();
        }
        // Not under the lock: two threads may read the same header, and the first one's stays.
        let read = self.files.read(path).map(|bytes| Header::read(path, bytes));
        let mut index = self.index();
        if let Some(known) = index.headers.get(path) {
            return known.clone();
        }
        let header = read.map(Arc::new);
        index.headers.insert(path.to_owned(), header.clone());
        if let Some(header) = &header {
            for name in header.macros.keys() {
                index.macros.entry(name.clone()).or_default().push(header.clone());
            }
        }
        header
    }

    /// Let the index know what `header` may declare.
    fn index_names(&self, header: &Arc<Header>) {
        if header.indexed.get().is_some() {
            return;
        }
        let Some(bytes) = self.files.read(&header.path) else { return };
        let source = SourceFile::new(&*header.path, bytes);
        let names = may_declare(source.text().as_bytes());
        let mut index = self.index();
        // Another thread may have come first.
        if header.indexed.set(()).is_ok() {
            for name in names {
                index.names.entry(name).or_default().push(header.clone());
            }
        }
    }

    fn declared<'h>(&self, header: &'h Header) -> &'h Declared {
        header.declared.get_or_init(|| match self.files.read(&header.path) {
            Some(bytes) => Declared::of(&self.parse(&SourceFile::new(&*header.path, bytes))),
            None => Declared::default(),
        })
    }
}

impl Header {
    fn read(path: &str, bytes: Vec<u8>) -> Self {
        let source = SourceFile::new(path, bytes);
        let text = source.text().as_bytes();
        let tokens = lex(text);
        let macros = definitions_among(text, &tokens)
            .into_iter()
            .filter_map(|d| Some((d.meaning()?, source.line_column(d.span).line, d.name)))
            .map(|(meaning, line, name)| (name, (meaning, line)));
        Self {
            path: path.into(),
            includes: includes(text, &tokens),
            resolved: OnceLock::new(),
            macros: macros.collect(),
            indexed: OnceLock::new(),
            declared: OnceLock::new(),
            tree: OnceLock::new(),
        }
    }
}

/// The headers of one file by the order of inclusion.
struct Reach {
    order: HashMap<*const Header, usize>,
}

// The pointers are only compared; the index keeps what they point to alive.
impl Reach {
    fn new(headers: Vec<Arc<Header>>) -> Self {
        Self { order: headers.iter().enumerate().map(|(at, header)| (Arc::as_ptr(header), at)).collect() }
    }

    /// The one of `all` that is included first.
    fn first<'a>(&self, all: &'a [Arc<Header>]) -> Option<&'a Arc<Header>> {
        self.sorted(all).into_iter().next()
    }

    /// Those of `all` that are included, in order.
    fn sorted<'a>(&self, all: &'a [Arc<Header>]) -> Vec<&'a Arc<Header>> {
        let place = |header: &Arc<Header>| self.order.get(&Arc::as_ptr(header)).copied();
        let mut found: Vec<_> = all.iter().filter_map(|h| Some((place(h)?, h))).collect();
        found.sort_by_key(|(at, _)| *at);
        found.into_iter().map(|(_, header)| header).collect()
    }
}

fn word<'t>(text: &'t [u8], token: &Token) -> &'t str {
    std::str::from_utf8(&text[token.start as usize..token.end as usize]).unwrap_or_default()
}

fn includes(text: &[u8], tokens: &[Token]) -> Vec<Include> {
    let directives = tokens.iter().filter(|t| t.kind == TokenKind::Directive(Directive::Include));
    directives.filter_map(|t| include(&text[t.start as usize..t.end as usize])).collect()
}

fn include(directive: &[u8]) -> Option<Include> {
    let rest = directive[directive_rest(directive)..].trim_ascii_start();
    let close = match rest.first()? {
        b'<' => b'>',
        b'"' => b'"',
        _ => return None,
    };
    let end = rest.iter().skip(1).position(|b| *b == close)? + 1;
    let name = std::str::from_utf8(&rest[1..end]).ok()?;
    Some(Include { name: name.to_owned(), quoted: close == b'"' })
}

fn directory_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

fn directory_above(directory: &str) -> Option<&str> {
    match directory.rsplit_once('/') {
        Some((outer, _)) => Some(outer),
        None => (!directory.is_empty()).then_some(""),
    }
}

/// `directory/name` without `.` and `..`; `None` if it leaves the tree.
fn normal_path(directory: &str, name: &str) -> Option<String> {
    if name.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(name.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    let root = if directory.starts_with('/') { "/" } else { "" };
    Some(format!("{root}{}", parts.join("/")))
}

/// The names that a header can declare: of macros, words outside braces, tags before a `{`, and what stands in the braces
/// of an enum.
fn may_declare(text: &[u8]) -> HashSet<String> {
    let tokens = lex(text);
    let mut found: HashSet<String> = definitions_among(text, &tokens).into_iter().map(|d| d.name).collect();
    let mut depth = 0usize;
    let mut before = TokenKind::Unknown;
    // The keyword and the names since `struct`, `union` or `enum`.
    let mut tags: Option<(Word, Vec<&str>)> = None;
    // How deep the enum is that is open.
    let mut constants = None;
    for token in tokens.iter().filter(|t| !matches!(t.kind, TokenKind::Space | TokenKind::Comment)) {
        match token.kind {
            TokenKind::Word(keyword @ (Word::Aggregate | Word::Enum)) => tags = Some((keyword, Vec::new())),
            TokenKind::Word(Word::Ident) => {
                if depth == 0 || constants == Some(depth) {
                    found.insert(word(text, token).to_owned());
                }
                if let Some((_, tags)) = &mut tags {
                    tags.push(word(text, token));
                }
            }
            // `extern "C" {` is no block.
            TokenKind::LBrace if before == TokenKind::Str => {}
            TokenKind::LBrace => {
                depth += 1;
                if let Some((keyword, tags)) = tags.take() {
                    found.extend(tags.into_iter().map(str::to_owned));
                    constants = (keyword == Word::Enum).then_some(depth).or(constants);
                }
            }
            TokenKind::RBrace => {
                constants = constants.filter(|at| *at != depth);
                depth = depth.saturating_sub(1);
            }
            TokenKind::Semi => tags = None,
            _ => {}
        }
        before = token.kind;
    }
    found
}

#[cfg(test)]
mod tests;
