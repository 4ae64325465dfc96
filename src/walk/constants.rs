//! Amounts that are constants.
//!
//! In: an expression of numbers, the unit, and names that the rule or a `#define` of the file gives a
//! number. Out: the amount. It refuses names with several definitions, and what anything else is a part of.
//!
//! Capability 11 (tests/README.md): limits of a batch.

use super::eval::{arithmetic, number, quantity, unwrapped};
use super::matching::matches;
use super::spec::WalkSpec;
use super::state::Value;
use super::sym::{Atom, Sym};
use crate::source::SourceFile;
use crate::syntax::{Field, Kind, Node, parse};

/// How many definitions are looked into.
const DEPTH: u32 = 4;

/// The amount that an expression in a file stands for.
pub(super) fn amount(spec: &WalkSpec, root: Node<'_>, node: Node<'_>) -> Option<Sym> {
    amount_in(spec, root, node, 0).quantity().cloned()
}

fn amount_in(spec: &WalkSpec, root: Node<'_>, node: Node<'_>, depth: u32) -> Value {
    let node = unwrapped(node);
    let side = |field| node.child(field).map_or(Value::Unknown, |n| amount_in(spec, root, n, depth));
    if matches(&spec.unit, node).is_some() {
        return quantity(Some(Sym::atom(Atom::Unit)));
    }
    if node.is(Kind::BinaryExpression)
        && let Some((meaning, given)) =
            spec.same.iter().find_map(|same| Some((&same.meaning, matches(&same.pattern, node)?)))
    {
        let part = |n: Node<'_>| match given.get(meaning.text_of(n)) {
            Some(bound) => amount_in(spec, root, bound, depth),
            None => amount_in(spec, root, n, depth),
        };
        let sides = meaning
            .single()
            .and_then(|m| Some((m.operator()?, m.child(Field::Left)?, m.child(Field::Right)?)));
        return sides.map_or(Value::Unknown, |(operator, a, b)| arithmetic(operator, &part(a), &part(b)));
    }
    match node.kind() {
        Kind::NumberLiteral => quantity(number(node.text()).map(Sym::constant)),
        Kind::CastExpression => side(Field::Value),
        Kind::BinaryExpression => {
            arithmetic(node.operator().unwrap_or_default(), &side(Field::Left), &side(Field::Right))
        }
        Kind::Identifier => {
            let meant = spec.same.iter().filter(|same| matches(&same.pattern, node).is_some());
            let number = meant.filter_map(|same| same.meaning.single()).find_map(|n| number(n.text()));
            match number {
                Some(number) => quantity(Some(Sym::constant(number))),
                None if depth < DEPTH => defined(spec, root, node.text(), depth),
                None => Value::Unknown,
            }
        }
        _ => Value::Unknown,
    }
}

/// What the only `#define` of a name in the file says.
fn defined(spec: &WalkSpec, root: Node<'_>, name: &str, depth: u32) -> Value {
    let is_it =
        |n: &Node<'_>| n.is(Kind::PreprocDef) && n.child(Field::Name).is_some_and(|d| d.text() == name);
    let mut found = root.descendants().filter(is_it);
    let body = match (found.next(), found.next()) {
        (Some(only), None) => only.child(Field::Value),
        _ => None,
    };
    let Some(body) = body else { return Value::Unknown };
    let text = format!("long amount = {};\n", body.text().trim());
    let source = SourceFile::new("amount.c", text);
    let tree = parse(&source);
    let value =
        tree.root().descendants().find(|n| n.is(Kind::InitDeclarator)).and_then(|d| d.child(Field::Value));
    value.map_or(Value::Unknown, |value| amount_in(spec, root, value, depth + 1))
}

#[cfg(test)]
mod tests {
    use crate::walk::testing::{PLAIN, looked_at};

    /// The verdict where the limit of a batch is `limit`.
    fn limited(defines: &str, limit: &str) -> String {
        let text = format!("{defines}{}", PLAIN.replace("~0UL", limit));
        looked_at(&text, |found| match found {
            Ok((walk, ..)) => {
                let notes: Vec<&str> = walk.notes.iter().map(|n| n.name).collect();
                format!("walk {}", notes.join(" ")).trim_end().to_owned()
            }
            Err(refusal) => refusal.code.name().to_owned(),
        })
    }

    #[test]
    fn names_with_a_number_are_amounts() {
        assert_eq!(limited("", "1UL << 20"), "walk N4");
        assert_eq!(limited("", "1024 * 1024"), "walk N4");
        assert_eq!(limited("", "MILLION"), "walk N4");
        assert_eq!(limited("#define MOST (4 * UNIT)\n", "MOST"), "walk N4");
        assert_eq!(limited("#define MOST (2 * MILLION) /* enough */\n", "MOST"), "walk N4");
        assert_eq!(limited("#define MOST 4096\n", "MOST"), "byte-cap-below-page");
        assert_eq!(limited("#define MOST MILLION\n#define MOST 1\n", "MOST"), "byte-cap-below-page");
    }

    #[test]
    fn a_limit_that_the_number_of_elements_comes_to_first_cuts_nothing() {
        assert_eq!(limited("", "16 * UNIT"), "walk");
        assert_eq!(limited("", "15 * UNIT"), "walk N4");
    }
}
