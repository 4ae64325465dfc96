//! Values that nobody looks at.
//!
//! In: the text of a callback. Out: the text without locals that are only assigned to: an error that was set
//! in front of a jump which has become a `return` of its own. It leaves a variable alone that something is
//! called for, and a value that is all that an arm consists of.

use super::edited::{Text, edited};
use crate::edit::{EditSet, TextEdit};
use crate::flow::access::{Access, How, Part};
use crate::plan::superfluous::whole_lines;
use crate::source::{SourceFile, Span};
use crate::syntax::scope::{DeclKind, Declaration};
use crate::syntax::{Field, Kind, Node};
use crate::walk::WalkSpec;
use crate::walk::expressions::is_pure;
use crate::walk::site::statements_of;

/// Drop them.
pub(super) fn without_unread(spec: &WalkSpec, callback: String) -> String {
    edited(callback, |text| unread(spec, text))
}

/// What goes.
fn unread(spec: &WalkSpec, text: &Text<'_>) -> EditSet {
    let mut edits = EditSet::new();
    for declared in text.scopes.declarations().iter().filter(|d| d.kind == DeclKind::Local) {
        let mine = text.accesses.iter().filter(|a| a.decl == declared.id && a.node != declared.ident);
        let spans: Option<Vec<Vec<Span>>> = mine.map(|a| assignment(spec, text.source, a)).collect();
        let own =
            spans.filter(|spans| !spans.is_empty()).and_then(|s| Some((s, alone(text.source, declared)?)));
        let Some((spans, declaration)) = own else { continue };
        let mut these = EditSet::new();
        let whole = spans.into_iter().flatten().chain([declaration]);
        if whole.map(|span| these.add(TextEdit::new(span, ""))).all(|added| added.is_ok()) {
            // What overlaps with another variable's stays.
            let _ = edits.add_all(these.iter().cloned());
        }
    }
    edits
}

/// The line of a declaration of this variable alone, with no value, and the blank line behind declarations if it was the last.
pub(super) fn alone(source: &SourceFile, declared: &Declaration<'_>) -> Option<Span> {
    let others = declared.declaration.children().filter(|n| n.role() == Some(Field::Declarator)).count();
    let line = whole_lines(source, declared.declaration.span());
    let (before, behind) = source.text().split_at(line.end as usize);
    let only = before[..line.start as usize].ends_with("{\n") && behind.starts_with('\n');
    let whole = if only { Span { end: line.end + 1, ..line } } else { line };
    (others == 1 && declared.initializer.is_none()).then_some(whole)
}

/// The lines of a statement that does nothing but this write, and of the braces that nobody needs without it.
fn assignment(spec: &WalkSpec, source: &SourceFile, access: &Access<'_>) -> Option<Vec<Span>> {
    let expression = access.node.parent().filter(|p| p.is(Kind::AssignmentExpression))?;
    let statement = expression.parent().filter(|p| p.is(Kind::ExpressionStatement))?;
    let value = expression.child(Field::Right).filter(|_| expression.operator() == Some("="))?;
    let block = statement.parent().filter(|p| p.is(Kind::CompoundStatement))?;
    let plain = access.how == How::Write && access.part == Part::Whole && is_pure(&spec.pure, value);
    let rest: Vec<Node<'_>> = statements_of(block).into_iter().filter(|n| *n != statement).collect();
    let mut spans = vec![whole_lines(source, statement.span())];
    let arm = block.parent().filter(|p| p.is(Kind::IfStatement));
    match (rest.as_slice(), arm) {
        ([], _) => return None,
        ([_], Some(test)) if test.child(Field::Alternative).is_none() => {
            let open = block.span().start;
            let before = source.text()[..open as usize].trim_end().len();
            spans.push(Span::new(before, open as usize + 1));
            spans.push(whole_lines(source, Span { start: block.span().end - 1, end: block.span().end }));
        }
        ([_], Some(_)) => return None,
        _ => {}
    }
    plain.then_some(spans)
}

#[cfg(test)]
mod tests {
    use super::without_unread;
    use crate::walk::testing::spec;

    fn left(callback: &str) -> String {
        without_unread(&spec(), callback.to_owned())
    }

    #[test]
    fn a_value_in_front_of_a_return_goes_with_its_variable() {
        let arm = "static int f(int a)\n{\n\tint ret;\n\n\tif (a) {\n\t\tret = -1;\n\t\treturn 2;\n\t}\n\treturn 0;\n}\n";
        assert_eq!(left(arm), "static int f(int a)\n{\n\tif (a)\n\t\treturn 2;\n\treturn 0;\n}\n");
    }

    #[test]
    fn what_is_called_or_read_stays() {
        let called = "static int f(int a)\n{\n\tint ret;\n\n\tret = g(a);\n\treturn 0;\n}\n";
        assert_eq!(left(called), called);
        let read = "static int f(int a)\n{\n\tint ret;\n\n\tret = a;\n\treturn ret;\n}\n";
        assert_eq!(left(read), read);
        let only = "static int f(int a)\n{\n\tint ret;\n\n\tif (a)\n\t\tret = 1;\n\treturn 0;\n}\n";
        assert_eq!(left(only), only);
    }
}
