//! The specifiers of a declaration as words.
//!
//! In: what stands in front of the declarators, or the words of it. Out: its text without storage classes, what it says of
//! the type at the bottom, and the widths in its names.

use super::{Storage, TypeBase};
use crate::source::Span;
use crate::syntax::declarator::{argument_commas, squeeze, text_without};
use crate::syntax::kind::{Field, Kind};
use crate::syntax::tree::Node;

/// The number of bits in a name such as `u8`, `__le16` or `int32_t`.
pub fn width(name: &str) -> Option<u32> {
    let name = name.strip_suffix("_t").unwrap_or(name);
    let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
    let bits = digits.parse().ok()?;
    (name.len() > digits.len() && matches!(bits, 8 | 16 | 32 | 64)).then_some(bits)
}

pub(super) fn is_tagged(kind: Kind) -> bool {
    matches!(kind, Kind::StructSpecifier | Kind::UnionSpecifier | Kind::EnumSpecifier)
}

/// The specifiers in front of the first declarator, without storage classes, comments and the bodies of tagged types.
pub(super) fn specifier_text(holder: Node<'_>) -> (String, Option<Storage>) {
    let end = holder.child(Field::Declarator).map(|d| d.span().start).unwrap_or_else(|| {
        let last = holder.children().filter(|c| !(c.is(Kind::Token) && c.text() == ";")).last();
        last.map_or(holder.span().end, |c| c.span().end)
    });
    let mut storage: Option<Storage> = None;
    let mut cuts: Vec<Span> = argument_commas(holder);
    let mut keep = |word: Storage| storage = Some(storage.map_or(word, |s| s.min(word)));
    for child in holder.children().take_while(|c| c.span().start < end) {
        match child.kind() {
            Kind::StorageClassSpecifier => {
                match child.text() {
                    "static" => keep(Storage::Static),
                    "extern" => keep(Storage::Extern),
                    "register" => keep(Storage::Register),
                    "auto" => keep(Storage::Auto),
                    "thread_local" | "__thread" => keep(Storage::ThreadLocal),
                    _ => {}
                }
                cuts.push(child.span());
            }
            Kind::Token if child.text() == "typedef" => {
                keep(Storage::Typedef);
                cuts.push(child.span());
            }
            kind if is_tagged(kind) && child.child(Field::Name).is_some() => {
                cuts.extend(child.child(Field::Body).map(Node::span));
            }
            _ => {}
        }
    }
    let span = Span { start: holder.span().start, end };
    (text_without(holder, span, cuts), storage)
}

pub(super) fn drop_word(text: &str, word: &str) -> String {
    squeeze(&text.split_ascii_whitespace().filter(|w| *w != word).collect::<Vec<_>>().join(" "))
}

pub(super) fn words(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect()
}

pub(super) fn base_of_words(specifiers: &str) -> TypeBase {
    const ARITHMETIC: &[&str] = &[
        "char", "short", "int", "long", "signed", "unsigned", "float", "double", "bool", "_Bool", "_Complex",
    ];
    const COMPUTED: &[&str] =
        &["typeof", "__typeof__", "__typeof", "typeof_unqual", "__auto_type", "_Atomic"];
    const QUALIFIERS: &[&str] = &["const", "volatile", "restrict", "__restrict__", "__extension__"];
    let words = words(specifiers);
    let has = |list: &[&str]| words.iter().any(|w| list.contains(w));
    if has(COMPUTED) {
        TypeBase::Computed
    } else if has(ARITHMETIC) {
        TypeBase::Arithmetic
    } else if words.contains(&"void") {
        TypeBase::Void
    } else if words.iter().all(|w| QUALIFIERS.contains(w)) {
        TypeBase::Implicit
    } else {
        TypeBase::Named
    }
}
