//! Variables that the first statements give their values.
//!
//! In: the text of a callback. Out: the text in which such a variable is declared with this value, if that
//! is made of parameters, so that it is the same there. It leaves alone what is declared with others or has
//! a comment.

use super::dead::alone;
use super::edited::{Text, edited};
use crate::edit::{EditSet, TextEdit};
use crate::plan::superfluous::{whole_lines, with_blank_line};
use crate::source::{SourceFile, Span};
use crate::syntax::scope::{DeclId, DeclKind, Scopes};
use crate::syntax::{Field, Kind, Node};

/// `int a; … a = b;` becomes `int a = b; …`.
pub(super) fn with_first_values(callback: String) -> String {
    edited(callback, first_values)
}

fn first_values(text: &Text<'_>) -> EditSet {
    let mut edits = EditSet::new();
    let is_written = |id| text.accesses.iter().any(|a| a.decl == id && (a.may_define() || a.takes_address()));
    let statements =
        text.body.children().filter(|n| !n.is(Kind::Token)).skip_while(|n| n.is(Kind::Declaration));
    let firsts: Vec<First> = statements
        .map_while(|n| {
            First::of(n, text.source, &text.scopes).filter(|f| !f.of.iter().any(|id| is_written(*id)))
        })
        .collect();
    let Some(lines) = firsts.iter().map(|first| first.lines).reduce(|all, one| all.cover(one)) else {
        return edits;
    };
    let values = firsts.iter().map(|f| TextEdit::new(Span::at(f.place), format!(" = {}", f.value)));
    let gone = TextEdit::new(with_blank_line(text.source, lines), "");
    // No declaration stands between statements.
    let _ = edits.add_all(values.chain([gone]));
    edits
}

/// A first assignment.
struct First {
    lines: Span,
    /// Where the declaration can have the value.
    place: usize,
    value: String,
    /// The parameters that it is made of; there are some.
    of: Vec<DeclId>,
}

impl First {
    fn of(statement: Node<'_>, source: &SourceFile, scopes: &Scopes<'_>) -> Option<Self> {
        let assignment =
            statement.child_of(Kind::AssignmentExpression).filter(|a| a.operator() == Some("="))?;
        let (target, value) = (assignment.child(Field::Left)?, assignment.child(Field::Right)?);
        let declared = scopes.declaration(scopes.resolve(target)?);
        let line = source.slice(source.line_of(statement.span()));
        let is_whole = statement.is(Kind::ExpressionStatement) && line.trim() == statement.text();
        let is_local = target.is(Kind::Identifier) && declared.kind == DeclKind::Local;
        alone(source, declared).filter(|_| is_whole && is_local)?;
        let mut of = Vec::new();
        for part in value.descendants().chain([value]) {
            match part.kind() {
                Kind::Identifier => of.push(scopes.resolve(part).filter(|id| is_parameter(scopes, *id))?),
                Kind::BinaryExpression
                | Kind::ParenthesizedExpression
                | Kind::NumberLiteral
                | Kind::Token => {}
                _ => return None,
            }
        }
        let (lines, place) = (whole_lines(source, statement.span()), declared.declarator.span().end as usize);
        (!of.is_empty()).then(|| Self { lines, place, value: value.text().to_owned(), of })
    }
}

fn is_parameter(scopes: &Scopes<'_>, id: DeclId) -> bool {
    scopes.declaration(id).kind == DeclKind::Parameter
}

#[cfg(test)]
mod tests {
    use super::with_first_values;

    fn of(inside: &str) -> String {
        let head = "static int f(int a, int b)\n{\n";
        let text = with_first_values(format!("{head}{inside}}}\n"));
        text.strip_prefix(head).and_then(|rest| rest.strip_suffix("}\n")).unwrap().to_owned()
    }

    #[test]
    fn a_first_value_of_parameters_goes_to_the_declaration() {
        assert_eq!(of("\tint x;\n\n\tx = a;\n\n\tg(x);\n"), "\tint x = a;\n\n\tg(x);\n");
        assert_eq!(
            of("\tint x;\n\tint *p = q();\n\tint y;\n\n\tx = a + 1;\n\ty = b;\n\tg(x, p, y);\n"),
            "\tint x = a + 1;\n\tint *p = q();\n\tint y = b;\n\n\tg(x, p, y);\n"
        );
    }

    #[test]
    fn other_values_stay_where_they_are() {
        for left in [
            "\tint x;\n\n\tx = 0;\n\tg(x);\n",
            "\tint x;\n\n\tx = h(a);\n\tg(x);\n",
            "\tint x, y;\n\n\tx = a;\n\tg(x, y);\n",
            "\tint x = 1;\n\n\tx = a;\n\tg(x);\n",
            "\tint x;\n\tint y = 1;\n\n\tx = y;\n\tg(x);\n",
            "\tint x;\n\n\t/* why */\n\tx = a;\n\tg(x);\n",
            "\tint x;\n\n\tx = a; /* why */\n\tg(x);\n",
            "\tint x;\n\n\tx += a;\n\tg(x);\n",
            "\tint x;\n\tint y = b++;\n\n\tx = b;\n\tg(x, y);\n",
            "\tint x;\n\n\tg(b);\n\tx = a;\n\tg(x);\n",
        ] {
            assert_eq!(of(left), left);
        }
    }
}
