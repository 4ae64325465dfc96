//! Where the type of a quantity shows.
//!
//! In: a variable of the moved code that a parameter of the callback replaces. Out: whether its own type, which may be
//! signed or shorter, makes a difference there: in a comparison, a division, a shift to the right, behind a negation, next
//! to a format. Sums and products that are only stored or handed on have the same value in either type.
//!
//! Capability 7 (tests/README.md): types of fields and parameters.

use crate::syntax::types::WrittenType;
use crate::syntax::{Field, Kind, Node};

/// The type that a use has to be cast to.
pub(super) fn cast(used: Node<'_>, own: &WrittenType, parameter: &str) -> Option<String> {
    let own_text = own.declare("");
    let as_wide = ["size_t", "unsigned long", "uintptr_t", parameter];
    let plain = used.is(Kind::Identifier) && own.is_arithmetic();
    (plain && !as_wide.contains(&own_text.trim()) && shows(used)).then(|| own_text.trim().to_owned())
}

/// Whether the type of an expression that is above zero makes a difference.
fn shows(used: Node<'_>) -> bool {
    let (mut at, mut wraps) = (used, false);
    loop {
        let Some(around) = at.parent() else { return false };
        let other =
            [Field::Left, Field::Right].into_iter().filter_map(|f| around.child(f)).find(|n| *n != at);
        match (around.kind(), around.operator()) {
            (Kind::ParenthesizedExpression, _) => {}
            (Kind::ConditionalExpression, _) if around.child(Field::Condition) == Some(at) => return false,
            (Kind::ConditionalExpression, _) => {}
            (Kind::UnaryExpression, Some("-" | "~")) => wraps = true,
            (Kind::BinaryExpression, Some("<<" | ">>")) if around.child(Field::Right) == Some(at) => {
                return false;
            }
            (Kind::BinaryExpression, Some("-" | "<<")) => wraps = true,
            (Kind::BinaryExpression, Some("+" | "*")) => wraps |= !other.is_some_and(is_constant),
            // Bits that are not set are not set in either type.
            (Kind::BinaryExpression, Some("&")) => wraps &= !other.is_some_and(is_constant),
            (Kind::BinaryExpression, Some(">>")) if !wraps => {}
            (Kind::BinaryExpression, Some("&&" | "||" | "==" | "!=")) => return false,
            (Kind::BinaryExpression, Some("<" | ">" | "<=" | ">=")) => {
                return wraps || !other.is_some_and(is_constant);
            }
            (Kind::BinaryExpression, _) if !wraps && other.is_some_and(is_constant) => {}
            (Kind::BinaryExpression, _) => return true,
            (Kind::ArgumentList, _) => {
                let format = |n: Node<'_>| matches!(n.kind(), Kind::StringLiteral | Kind::ConcatenatedString);
                return around.named_children().any(format);
            }
            _ => return false,
        }
        at = around;
    }
}

/// A number that is not below zero, or the name of a constant.
fn is_constant(node: Node<'_>) -> bool {
    let name = |n: Node<'_>| n.is(Kind::Identifier) && !n.text().chars().any(|c| c.is_ascii_lowercase());
    node.is(Kind::NumberLiteral) || name(node)
}

#[cfg(test)]
mod tests {
    use crate::outline::testing::converted;
    use crate::walk::testing::changed;

    /// The callback where the length is an `int`.
    fn with(used: &str) -> String {
        converted(&changed(&[
            ("size_t len", "int len"),
            ("see(object,", &format!("{used};\n\t\t\tsee(object,")),
        ]))
    }

    #[test]
    fn a_type_stays_where_it_shows() {
        assert!(
            with("mark(object, len > object->least)").contains("mark(object, (int)len > object->least);")
        );
        assert!(with("mark(object, (len - 5) / 2)").contains("mark(object, ((int)len - 5) / 2);"));
        assert!(with("say(\"%d\", len)").contains("say(\"%d\", (int)len);"));
        assert!(with("say(\"%d\", len / 2)").contains("say(\"%d\", (int)len / 2);"));
        assert!(with("mark(object, len >> 2 > object->least)").contains("(int)len >> 2 > object->least"));
        for plain in [
            "mark(object, len)",
            "mark(object, len & (UNIT - 1))",
            "mark(object, len & object->mask || object->least)",
            "mark(object, -len & 7)",
            "mark(object, len >> object->least)",
            "mark(object, object->least >> len > object->sum)",
            "mark(object, len > 100)",
            "object->sum += len + off",
            "mark(object, len == UNIT)",
        ] {
            assert!(!with(plain).contains("(int)"), "{plain}");
        }
    }
}
