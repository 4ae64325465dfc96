//! Types of whole numbers, and constants.
//!
//! In: the words of a type, an expression. Out: [`Number`]: how long it is, on machines of any kind, and
//! whether it has values below zero. It knows nothing of names that nobody explains.

use crate::matcher::typing::plain_type;
use crate::syntax::types::bits_in_name;
use crate::syntax::{Field, Kind, Node};
use crate::walk::eval::number;

/// How long a type is once it is computed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Width {
    /// As an `int`.
    Word,
    /// As a pointer.
    Long,
    /// 64 bits everywhere.
    Quad,
}

/// A type of whole numbers, once it is computed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) width: Width,
    pub(super) signed: bool,
}

impl Number {
    /// What an address is.
    pub(super) const POINTER: Self = Self { width: Width::Long, signed: false };

    /// A type by its words: `unsigned int`, `size_t`, `__u32`.
    pub(super) fn of_words(text: &str) -> Option<Self> {
        let words: Vec<&str> =
            text.split_whitespace().filter(|w| !matches!(*w, "const" | "volatile")).collect();
        let has = |word: &str| words.contains(&word);
        let number = |width, signed| Some(Self { width, signed });
        match words.as_slice() {
            ["size_t" | "uintptr_t"] => return number(Width::Long, false),
            ["ssize_t" | "intptr_t" | "ptrdiff_t"] => return number(Width::Long, true),
            ["bool"] => return number(Width::Word, true),
            [name] => {
                if let Some(bits) = bits_in_name(name) {
                    let unsigned = name.trim_start_matches('_').starts_with('u');
                    return match bits {
                        64 => number(Width::Quad, !unsigned),
                        32 => number(Width::Word, !unsigned),
                        _ => number(Width::Word, true),
                    };
                }
            }
            _ => {}
        }
        const PLAIN: [&str; 7] = ["unsigned", "signed", "short", "long", "int", "char", "_Bool"];
        if words.is_empty() || !words.iter().all(|w| PLAIN.contains(w)) {
            return None;
        }
        let unsigned = has("unsigned");
        match words.iter().filter(|w| **w == "long").count() {
            0 if has("short") || has("char") => number(Width::Word, true),
            0 => number(Width::Word, !unsigned),
            1 => number(Width::Long, !unsigned),
            _ => number(Width::Quad, !unsigned),
        }
    }

    /// The type of an expression, as far as the file and its headers tell.
    pub(super) fn of(node: Node<'_>) -> Option<Self> {
        let ty = plain_type(node)?;
        if ty.stars + ty.arrays > 0 {
            return Some(Self::POINTER);
        }
        // What an enumeration is computed with is the compiler's choice.
        let unsigned = ty.base.starts_with("enum").then_some(Self { width: Width::Word, signed: false });
        unsigned.or_else(|| Self::of_words(&ty.base))
    }

    /// The type of an operation on both, where both are known.
    pub(super) fn common(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        let (a, b) = (a?, b?);
        let width = a.width.max(b.width);
        let unsigned = [a, b].iter().any(|n| n.width == width && !n.signed);
        Some(Self { width, signed: !unsigned })
    }

    /// Whether it is as long as an address.
    pub(super) fn is_long(self) -> bool {
        self.width == Width::Long
    }
}

/// A number that is not below zero, or the name of a constant of which the file does not say that it is.
pub(super) fn is_constant(node: Node<'_>) -> bool {
    let name = |n: Node<'_>| n.is(Kind::Identifier) && !n.text().chars().any(|c| c.is_ascii_lowercase());
    node.is(Kind::NumberLiteral) || name(node) && !may_be_below_zero(node)
}

fn may_be_below_zero(name: Node<'_>) -> bool {
    name.tree().root().descendants().any(|n| {
        matches!(n.kind(), Kind::PreprocDef | Kind::Enumerator)
            && n.child(Field::Name).is_some_and(|own| own.text() == name.text())
            && n.child(Field::Value).is_some_and(|value| value.text().contains(['-', '~']))
    })
}

/// The value of a number as it is written.
pub(super) fn literal(node: Node<'_>) -> Option<i64> {
    node.is(Kind::NumberLiteral).then(|| number(node.text())).flatten()
}

#[cfg(test)]
mod tests {
    use super::{Number, Width};

    #[test]
    fn types_are_known_by_their_words() {
        let of = |text| Number::of_words(text).map(|n| (n.width, n.signed));
        assert_eq!(of("unsigned int"), Some((Width::Word, false)));
        assert_eq!(of("unsigned short"), Some((Width::Word, true)));
        assert_eq!(of("uint16_t"), Some((Width::Word, true)));
        assert_eq!(of("__u32"), Some((Width::Word, false)));
        assert_eq!(of("const s64"), Some((Width::Quad, true)));
        assert_eq!(of("unsigned long"), Some((Width::Long, false)));
        assert_eq!(of("long long int"), Some((Width::Quad, true)));
        assert_eq!(of("struct part"), None);
        assert_eq!(of("offset_type"), None);
    }

    #[test]
    fn the_longer_type_wins_and_then_the_unsigned_one() {
        let common = |a, b| Number::common(Number::of_words(a), Number::of_words(b));
        assert_eq!(common("int", "u32"), Number::of_words("u32"));
        assert_eq!(common("ssize_t", "u32"), Number::of_words("long"));
        assert_eq!(common("long", "size_t"), Number::of_words("size_t"));
        assert_eq!(common("int", "double"), None);
    }
}
