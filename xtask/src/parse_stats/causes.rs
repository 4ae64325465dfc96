//! Why stretches were not read, grouped.
//!
//! In: trees and their ledgers. Out: [`Place`]s, and groups of them by cause, the largest first, with an example each.

use std::collections::BTreeMap;

use vedalia::source::Span;
use vedalia::syntax::ledger::Cause;
use vedalia::syntax::{FileLedger, Kind, Node, Tree, Unread};

/// A stretch that was not read.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// `path:line:column`.
    pub(super) at: String,
    /// What went wrong, without names, so that like places fall together.
    pub(super) cause: String,
    /// How it begins.
    pub(super) text: String,
}

/// Places with one cause.
pub(super) struct Group<'p> {
    pub(super) cause: &'p str,
    pub(super) count: usize,
    pub(super) example: &'p Place,
}

/// Everything of a file that was not read.
pub(super) fn places(tree: &Tree, ledger: &FileLedger) -> Vec<Place> {
    let source = tree.source();
    let place = |span: Span, cause: String| Place {
        at: format!("{}:{}", source.path(), source.line_column(span)),
        cause,
        text: first_words(source.slice(span)),
    };
    let mut places: Vec<Place> =
        ledger.unread.iter().map(|unread| place(unread.span, cause(tree, unread))).collect();
    let lost = |body: Span| !ledger.unread.iter().any(|unread| unread.span.overlaps(body));
    for function in ledger.functions.iter().filter(|f| !f.clean && lost(f.body)) {
        places.push(place(function.body, "a body that no function of the tree has".to_owned()));
    }
    places
}

/// The cause with the kind of code that it stands in.
fn cause(tree: &Tree, unread: &Unread) -> String {
    let node = tree.covering(unread.span);
    let node = node.ancestors().find(|n| n.span() == unread.span && n.kind().is_opaque()).unwrap_or(node);
    let around = node.ancestors().find(|n| !n.kind().is_opaque()).map_or("a file", |n| n.kind().name());
    match unread.cause {
        Cause::Syntax if unread.span.is_empty() => format!("something is missing in {around}"),
        Cause::Syntax => format!("the grammar fails in {around} at {}", token(node)),
        other => format!("{} ({around})", other.sentence()),
    }
}

/// The first token, without its name.
fn token(node: Node<'_>) -> String {
    let first = node.descendants().find(|n| n.is_leaf() && !n.is(Kind::Comment)).unwrap_or(node);
    let text = first.text();
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    match first.kind() {
        Kind::Token if !is_word && text.len() < 4 => format!("`{text}`"),
        Kind::Token if text.len() < 12 => format!("`{text}`"),
        kind => kind.name().to_owned(),
    }
}

fn first_words(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().take(12).collect();
    line.join(" ").chars().take(72).collect()
}

/// The places by cause, the most frequent cause first.
pub(super) fn grouped(places: &[Place]) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<&str, Vec<&Place>> = BTreeMap::new();
    for place in places {
        groups.entry(&place.cause).or_default().push(place);
    }
    let mut out: Vec<Group<'_>> = groups
        .into_iter()
        .filter_map(|(cause, places)| Some(Group { cause, count: places.len(), example: places.first()? }))
        .collect();
    out.sort_by(|a, b| b.count.cmp(&a.count).then(a.cause.cmp(b.cause)));
    out
}
