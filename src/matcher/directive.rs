//! Preprocessor lines: includes, definitions, pragmas, as a rule writes them on one line.
//!
//! In: a directive of the pattern and one of the code. Out: every way to match them. What a definition says is compared
//! word by word.

use super::environment::Environment;
use super::node::Matcher;
use super::words::{Word, words_of};
use crate::smpl::directive::Directive;
use crate::smpl::pattern::Slot;
use crate::source::Span;
use crate::syntax::{Field, Kind, Node};

impl<'p> Matcher<'p> {
    /// Match two directives; `None` if `p` is none.
    pub fn directive(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Option<Vec<Environment>> {
        use Kind::*;
        if !matches!(p.kind(), PreprocInclude | PreprocDef | PreprocFunctionDef | PreprocCall) {
            return None;
        }
        let definition = |n: Node<'_>| matches!(n.kind(), PreprocDef | PreprocFunctionDef);
        if p.kind() != c.kind() && !(definition(p) && definition(c)) {
            return Some(Vec::new());
        }
        let slot = self.pattern.piece(p).and_then(|piece| self.pattern.slots().get(piece.slot?));
        let found = match slot {
            Some(Slot::Directive(directive)) => self.worded(directive, c, env),
            _ if p.is(PreprocInclude) => self.include(p, c, env).into_iter().collect(),
            _ => Vec::new(),
        };
        let text = c.text();
        let said = if c.is(PreprocInclude) { included(text).map(|path| path.end) } else { commented(c) };
        let end = c.span().start as usize + said.unwrap_or(text.trim_end().len());
        let end = match slot {
            Some(Slot::Directive(directive)) if directive.below > 0 => head_of(directive, c).unwrap_or(end),
            _ => end,
        };
        let span = Span::new(c.span().start as usize, end);
        Some(found.iter().filter_map(|env| self.noted(p, span, c, env)).collect())
    }

    fn include(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Option<Environment> {
        let want = self.pattern.piece(p).map_or(p.text(), |x| x.atom.text.as_str());
        let want = want.strip_prefix("#")?.trim_start().strip_prefix("include")?.trim();
        let have = &c.text()[included(c.text())?];
        let same = match want {
            "..." => true,
            "<...>" => have.starts_with('<'),
            "\"...\"" => have.starts_with('"'),
            _ => match want.strip_suffix("...>").or(want.strip_suffix("...\"")) {
                Some(prefix) => have.starts_with(prefix),
                None => want == have,
            },
        };
        same.then(|| env.clone())
    }

    /// `#define`, `#undef` or `#pragma`.
    fn worded(&self, p: &'p Directive, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let words = |field: Field| c.child(field).map(words_of).unwrap_or_default();
        let (keyword, rest) = match c.kind() {
            Kind::PreprocCall => (c.child(Field::Directive).map_or("", Node::text), words(Field::Argument)),
            _ => ("#define", words(Field::Value)),
        };
        if keyword.trim_start_matches('#').trim() != p.keyword {
            return Vec::new();
        }
        let rest: Vec<Word<'_>> = rest.into_iter().filter(|w| w.text != "\\").collect();
        let (name, rest) = match c.child(Field::Name) {
            Some(name) => (words_of(name), rest.as_slice()),
            None => {
                let (name, rest) = rest.split_at(p.name.len().min(rest.len()));
                (name.to_vec(), rest)
            }
        };
        let mut all = self.word_row(&p.name, &name, c, env);
        for (pieces, words) in [(&p.parameters, words(Field::Parameters).as_slice()), (&p.value, rest)] {
            all = all.iter().flat_map(|env| self.word_row(pieces, words, c, env)).collect();
        }
        all
    }
}

/// Where in the text of a directive its last word ends, if a comment follows.
fn commented(c: Node<'_>) -> Option<usize> {
    let parts = [Field::Argument, Field::Value, Field::Parameters, Field::Name];
    let words = |field: &Field| c.child(*field).and_then(|part| words_of(part).last().map(|word| word.span));
    let end = (parts.iter().find_map(words)?.end - c.span().start) as usize;
    let behind = c.text().get(end..)?.trim_start();
    (behind.starts_with("/*") || behind.starts_with("//")).then_some(end)
}

/// Where what the first line of the rule's definition says ends in the code's.
fn head_of(p: &Directive, c: Node<'_>) -> Option<usize> {
    let own = p.value.len() - p.below;
    let words = c.child(Field::Value).map(words_of).unwrap_or_default();
    let last = own.checked_sub(1).and_then(|last| words.get(last)).map(|word| word.span);
    let head = c.child(Field::Parameters).or(c.child(Field::Name)).map(Node::span);
    last.or(head).map(|span| span.end as usize)
}

/// What an include names, without the comment behind it.
fn included(text: &str) -> Option<std::ops::Range<usize>> {
    let rest = text.strip_prefix("#")?.trim_start().strip_prefix("include")?.trim_start();
    let start = text.len() - rest.len();
    let closing = match rest.chars().next()? {
        '<' => '>',
        '"' => '"',
        _ => return Some(start..text.trim_end().len()),
    };
    let len = rest[1..].find(closing)?;
    Some(start..start + len + 2)
}
