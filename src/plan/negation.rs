//! The opposite of a condition, as people write it.
//!
//! In: a condition, and how its parts are spelled. Out: `a >= b` for `a < b`, `x` for `!x`, `!x` for what is one word
//! or one call, and `!(…)` for anything else.

use crate::syntax::kind::opposite;
use crate::syntax::{Field, Kind, Node};

/// The opposite.
pub fn negated<'t>(condition: Node<'t>, spelled: &dyn Fn(Node<'t>) -> String) -> String {
    let sides = (condition.child(Field::Left), condition.child(Field::Right));
    match (condition.kind(), condition.operator(), sides) {
        (Kind::BinaryExpression, Some(operator), (Some(left), Some(right))) => match opposite(operator) {
            Some(opposite) => format!("{} {opposite} {}", spelled(left), spelled(right)),
            None => format!("!({})", spelled(condition)),
        },
        (Kind::UnaryExpression, Some("!"), _) => match condition.child(Field::Argument) {
            Some(argument) => spelled(argument),
            None => format!("!({})", spelled(condition)),
        },
        (Kind::Identifier | Kind::FieldExpression | Kind::CallExpression | Kind::SubscriptExpression, ..) => {
            format!("!{}", spelled(condition))
        }
        _ => format!("!({})", spelled(condition)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use crate::syntax;

    #[test]
    fn conditions_turn_round() {
        for (condition, opposite) in [
            ("a < b", "a >= b"),
            ("p->n", "!p->n"),
            ("!f(x)", "f(x)"),
            ("a && b", "!(a && b)"),
            ("n == 0", "n != 0"),
        ] {
            let text = format!("void f(void)\n{{\n\tif ({condition})\n\t\tg();\n}}\n");
            let tree = syntax::parse(&SourceFile::new("a.c", text.into_bytes()));
            let test = tree.root().descendants().find(|n| n.is(Kind::IfStatement));
            let node = test.and_then(|t| t.child(Field::Condition)?.named_children().next());
            let told = negated(node.expect("a condition"), &|n| n.text().to_owned());
            assert_eq!(told, opposite);
        }
    }
}
