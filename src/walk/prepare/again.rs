//! The callback, called once more by hand.
//!
//! In: a converted text in which a name stands for the callback, in a loop around the walk. Out: the same
//! with the callback's own name, handed what the helper hands it; a flag that the callback sets lives in the
//! context alone, and the walk stands in the loop's column. It refuses texts in which the helper is not
//! called once.

use super::Finish;
use crate::edit::{EditSet, TextEdit};
use crate::plan::columns::{TAB, column_of, shift};
use crate::plan::superfluous::whole_lines;
use crate::plan::wrapping::relayout;
use crate::source::{SourceFile, Span};
use crate::syntax::file_scope::FileScope;
use crate::syntax::scope::Scopes;
use crate::syntax::{Field, Kind, Node, parse};
use crate::walk::site::{callee, statements_of};

/// The text with calls of the callback in place of those of the name that stands for it.
pub(super) fn called(path: &str, text: &str, function: &str, finish: &Finish) -> Option<String> {
    let Finish::Again { name, flag, settled, helper, at: [f, data] } = finish else { return None };
    let source = SourceFile::new(path, text.as_bytes().to_vec());
    let tree = parse(&source);
    let node = FileScope::of(&tree).function(function)?.node;
    let calls = |of: &str| -> Vec<Node<'_>> {
        let named = |n: &Node<'_>| n.is(Kind::CallExpression) && callee(*n) == Some(of);
        node.descendants().filter(named).collect()
    };
    let [walking] = calls(helper)[..] else { return None };
    let given: Vec<Node<'_>> = walking.child(Field::Arguments)?.named_children().collect();
    let (f, data) = (given.get(*f)?.text(), given.get(*data)?.text());
    let mut edits = EditSet::new();
    for call in calls(name) {
        edits.add(TextEdit::new(call.child(Field::Function)?.span(), f)).ok()?;
        let end = call.span().end as usize - 1;
        edits.add(TextEdit::new(Span::at(end), format!(", {data}"))).ok()?;
    }
    let looping = walking.ancestors().filter(|a| a.kind().is_loop()).last()?;
    let twice = looping.descendants().filter(|n| n.is(Kind::IfStatement) && n.squeezed() == *settled);
    let gone: Vec<Span> = twice.map(|n| whole_lines(&source, n.span())).collect();
    for span in &gone {
        edits.add(TextEdit::new(*span, "")).ok()?;
    }
    if let Some(context) = data.strip_prefix('&') {
        kept_in_context(&source, node, (flag, context), &mut edits)?;
    }
    let text = String::from_utf8(edits.apply(text.as_bytes())).ok()?;
    in_column(path, &text, function, helper)
}

/// A variable of which the context has the only copy.
fn kept_in_context(
    source: &SourceFile,
    function: Node<'_>,
    (flag, context): (&str, &str),
    edits: &mut EditSet,
) -> Option<()> {
    let scopes = Scopes::of(function);
    let declared = scopes.declarations().iter().find(|d| d.name == flag)?;
    edits.add(TextEdit::new(whole_lines(source, declared.declaration.span()), "")).ok()?;
    let copied = format!("{flag}={context}.{flag};");
    for used in scopes.uses(declared.id).iter().filter(|u| **u != declared.ident) {
        let initial = used.ancestors().find(|a| a.is(Kind::InitializerPair));
        let statement = used.ancestors().find(|a| a.is(Kind::ExpressionStatement) && a.squeezed() == copied);
        let comma = initial.and_then(|n| n.next_sibling()).filter(|n| n.text() == ",");
        let line = initial.map(|n| comma.map_or(n.span(), |c| n.span().cover(c.span())));
        let edit = match line.or(statement.map(|s| s.span())) {
            Some(line) => TextEdit::new(whole_lines(source, line), ""),
            None => TextEdit::new(used.span(), format!("{context}.{flag}")),
        };
        edits.add(edit).ok()?;
    }
    Some(())
}

/// The statements of the loop around the walk, all in its column.
fn in_column(path: &str, text: &str, function: &str, helper: &str) -> Option<String> {
    let source = SourceFile::new(path, text.as_bytes().to_vec());
    let tree = parse(&source);
    let node = FileScope::of(&tree).function(function)?.node;
    let walking = node.descendants().find(|n| n.is(Kind::CallExpression) && callee(*n) == Some(helper))?;
    let looping = walking.ancestors().filter(|a| a.kind().is_loop()).last()?;
    let column = |n: Node<'_>| column_of(&source, n.span());
    let mut edits = EditSet::new();
    for statement in statements_of(looping.child(Field::Body)?) {
        if column(statement) <= column(looping) {
            let line = source.line_of(statement.span());
            let whole = Span { start: line.start, end: statement.span().end };
            let moved = shift(&format!("\n{}", source.slice(whole)), TAB as isize);
            edits.add(TextEdit::new(whole, moved.trim_start_matches('\n'))).ok()?;
        }
    }
    let text = String::from_utf8(edits.apply(text.as_bytes())).ok()?;
    let source = SourceFile::new(path, text.as_bytes().to_vec());
    let tree = parse(&source);
    let span = FileScope::of(&tree).function(function)?.node.span();
    let laid = relayout(source.slice(span), &|_| false);
    let (start, end) = (span.start as usize, span.end as usize);
    Some(format!("{}{laid}{}", &text[..start], &text[end..]))
}
