//! What a change made superfluous: locals, labels, static functions and constants that nothing uses any more.
//!
//! In: a file, the edits of a change, and the functions that it changes. Out: edits that take out what was used before
//! and is not used now. What was never used before stays: it is not the change's business.
//!
//! Capability 14 (tests/README.md): what becomes superfluous.

use crate::edit::{EditSet, TextEdit};
use crate::source::{SourceFile, Span};
use crate::syntax::file_scope::{FileScope, words};
use crate::syntax::scope::{DeclKind, Scopes};
use crate::syntax::{Field, Kind, Node, parse};

/// What was taken out, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removed {
    /// A local variable: its function, its name, and the calls in its initialiser.
    Local {
        /// The function.
        function: String,
        /// The variable.
        name: String,
        /// What its initialiser called.
        calls: Vec<String>,
    },
    /// A label.
    Label(String),
    /// A static function.
    Function(String),
    /// A constant.
    Constant(String),
}

/// Find what `edits` of `before` make superfluous, until nothing more does. The removals are edits of `before` too.
pub fn remove(before: &SourceFile, edits: &EditSet, functions: &[String]) -> (Vec<TextEdit>, Vec<Removed>) {
    let mut all = edits.clone();
    let mut out: Vec<TextEdit> = Vec::new();
    let mut removed = Vec::new();
    let old_tree = parse(before);
    let old_scope = FileScope::of(&old_tree);
    // Each turn takes something out, so that this ends.
    loop {
        let file = SourceFile::new(before.path(), all.apply(before.bytes()));
        let found = superfluous(&old_scope, &file, functions);
        let originals: Vec<(Span, Removed)> =
            found.into_iter().filter_map(|(span, what)| Some((all.original(span)?, what))).collect();
        let mut progress = false;
        for (span, what) in originals {
            // A smaller removal of this very change may become part of a larger one; one of an earlier change may not.
            let own = |e: &&TextEdit| span.contains(e.span) && e.text.is_empty() && !e.span.is_empty();
            let foreign: Vec<Span> =
                all.iter().filter(own).filter(|e| !out.contains(e)).map(|e| e.span).collect();
            if !foreign.is_empty() {
                let around: Vec<TextEdit> =
                    without(span, &foreign).map(|gap| TextEdit::new(gap, "")).collect();
                if !around.is_empty() && all.add_all(around.iter().cloned()).is_ok() {
                    out.extend(around);
                    removed.push(what);
                    progress = true;
                }
                continue;
            }
            if let Ok(absorbed) = all.remove(span) {
                out.retain(|e| !absorbed.contains(e));
                out.push(TextEdit::new(span, ""));
                removed.push(what);
                progress = true;
            }
        }
        if !progress {
            return (out, removed);
        }
    }
}

/// The parts of a span between others that lie in it, in order.
fn without(span: Span, gone: &[Span]) -> impl Iterator<Item = Span> {
    let starts = std::iter::once(span.start).chain(gone.iter().map(|g| g.end));
    let ends = gone.iter().map(|g| g.start).chain([span.end]);
    let parts: Vec<Span> = starts.zip(ends).map(|(start, end)| Span { start, end }).collect();
    parts.into_iter().filter(|part| !part.is_empty())
}

/// What is superfluous in `file`, by its spans.
fn superfluous(old_scope: &FileScope<'_>, file: &SourceFile, functions: &[String]) -> Vec<(Span, Removed)> {
    let tree = parse(file);
    let scope = FileScope::of(&tree);
    let mut turn = Vec::new();
    for name in functions {
        if let (Some(old), Some(new)) = (old_scope.function(name), scope.function(name)) {
            locals(file, old.node, new.node, name, &mut turn);
            labels(file, old.node, new.node, &mut turn);
        }
    }
    statics(file, old_scope, &scope, &mut turn);
    constants(file, old_scope, &scope, &mut turn);
    turn
}

fn locals(file: &SourceFile, old: Node<'_>, new: Node<'_>, function: &str, turn: &mut Vec<(Span, Removed)>) {
    let (old_scopes, scopes) = (Scopes::of(old), Scopes::of(new));
    let mut gone: Vec<(usize, Node<'_>)> = Vec::new();
    for declaration in scopes.declarations().iter().filter(|d| d.kind == DeclKind::Local) {
        let used_before = old_scopes.declarations().iter().any(|d| {
            d.name == declaration.name && d.kind == DeclKind::Local && !old_scopes.uses(d.id).is_empty()
        });
        if !used_before || !scopes.uses(declaration.id).is_empty() || declaration.has_cleanup() {
            continue;
        }
        let siblings: Vec<_> =
            scopes.declarations().iter().filter(|d| d.declaration == declaration.declaration).collect();
        let span = if siblings.len() == 1 {
            let comment = trailing_comment(declaration.declaration);
            let span = declaration.declaration.span();
            let lines = whole_lines(file, comment.map_or(span, |c| span.cover(c.span())));
            gone.push((turn.len(), declaration.declaration));
            lines
        } else {
            with_comma(declaration.declarator)
        };
        let calls = declaration.initializer.map(called).unwrap_or_default();
        let (function, name) = (function.to_owned(), declaration.name.to_owned());
        turn.push((span, Removed::Local { function, name, calls }));
        if siblings.len() > 1 {
            // One declarator a turn: commas are shared.
            break;
        }
    }
    for (at, last) in &gone {
        if opens_block(*last, &gone) && file.text()[turn[*at].0.end as usize..].starts_with('\n') {
            turn[*at].0.end += 1;
        }
    }
}

/// The comment behind a statement on its last line.
pub fn trailing_comment(node: Node<'_>) -> Option<Node<'_>> {
    let source = node.tree().source();
    let line = |at: u32| source.lines().line_column(at as usize).line;
    node.next_sibling().filter(|n| n.is(Kind::Comment) && line(n.span().start) == line(node.span().end))
}

/// Whether a declaration is the last at the start of its block, and all before it go too: then the blank line behind
/// them goes as well.
fn opens_block(last: Node<'_>, gone: &[(usize, Node<'_>)]) -> bool {
    let next = last.next_sibling();
    let mut before = std::iter::successors(Some(last), |n| n.prev_sibling());
    let goes = |n: &Node<'_>| gone.iter().any(|(_, d)| d == n);
    next.is_some_and(|n| !n.is(Kind::Declaration) && n.text() != "}")
        && before.find(|n| !goes(n)).is_some_and(|n| n.text() == "{")
}

fn called(node: Node<'_>) -> Vec<String> {
    let calls = node.descendants().filter(|n| n.is(Kind::CallExpression));
    calls.filter_map(|c| c.child(Field::Function)).map(|f| f.text().to_owned()).collect()
}

/// A declarator with the comma before it, or behind it if it is the first.
fn with_comma(declarator: Node<'_>) -> Span {
    let is_comma = |n: &Node<'_>| n.text() == ",";
    let before = declarator.prev_sibling().filter(is_comma);
    let behind = declarator.next_sibling().filter(is_comma);
    match (before, behind) {
        (Some(comma), _) => comma.span().cover(declarator.span()),
        (None, Some(comma)) => {
            let next = comma.next_sibling().map_or(comma.span().end, |n| n.span().start);
            Span { start: declarator.span().start, end: next }
        }
        _ => declarator.span(),
    }
}

fn labels(file: &SourceFile, old: Node<'_>, new: Node<'_>, turn: &mut Vec<(Span, Removed)>) {
    let goes = |function: Node<'_>, name: &str| {
        function.descendants().any(|n| {
            (n.is(Kind::GotoStatement) && n.child(Field::Label).is_some_and(|l| l.text() == name))
                || (n.is(Kind::PointerExpression) && n.text() == format!("&&{name}"))
        })
    };
    for label in Scopes::of(new).labels() {
        if goes(new, label.name) || !goes(old, label.name) {
            continue;
        }
        turn.push((label_lines(file, label.node, label.ident), Removed::Label(label.name.to_owned())));
    }
}

/// A label with its attributes, and with the empty statement that only carries it.
fn label_lines(file: &SourceFile, labelled: Node<'_>, name: Node<'_>) -> Span {
    let colon = labelled.children().find(|c| c.text() == ":");
    let start = colon.map_or(name.span().end, |c| c.span().end) as usize;
    let behind = &file.text()[start..];
    let mut rest = behind;
    while let Some(after) = behind_attribute(rest.trim_start()) {
        rest = after;
    }
    let rest = rest.trim_start().strip_prefix(';').unwrap_or(rest);
    let end = start + behind.len() - rest.len();
    whole_lines(file, Span::new(name.span().start as usize, end))
}

/// What follows an attribute of a label: `__word` in front of a semicolon or at the end of its line, or
/// `__attribute__((…))`.
fn behind_attribute(text: &str) -> Option<&str> {
    let (_, word) = words(text).next().filter(|(at, word)| *at == 0 && word.starts_with("__"))?;
    let rest = &text[word.len()..];
    let arguments = rest.trim_start().strip_prefix('(');
    let Some(arguments) = arguments.filter(|_| word == "__attribute__") else {
        return rest.starts_with([';', '\n']).then_some(rest);
    };
    let mut depth = 1;
    let close = arguments.char_indices().find(|(_, c)| {
        depth += i32::from(*c == '(') - i32::from(*c == ')');
        depth == 0
    });
    close.map(|(at, _)| &arguments[at + 1..])
}

fn statics(file: &SourceFile, old: &FileScope<'_>, new: &FileScope<'_>, turn: &mut Vec<(Span, Removed)>) {
    for function in new.functions.iter().filter(|f| f.is_static) {
        let outside = |scope: &FileScope<'_>, own: Span| {
            scope.uses(function.name).iter().filter(|u| !own.contains(**u)).count()
        };
        let Some(before) = old.function(function.name) else { continue };
        if outside(old, before.node.span()) == 0 || outside(new, function.node.span()) > 0 {
            continue;
        }
        let span = Span { start: function.start(), end: function.node.span().end };
        let span = with_blank_line(file, whole_lines(file, span));
        turn.push((span, Removed::Function(function.name.to_owned())));
    }
}

fn constants(file: &SourceFile, old: &FileScope<'_>, new: &FileScope<'_>, turn: &mut Vec<(Span, Removed)>) {
    if file.path().ends_with(".h") {
        return;
    }
    for constant in new.macros.iter().filter(|m| m.parameters.is_none() && m.body.is_some()) {
        if old.uses(constant.name).is_empty() || !new.uses(constant.name).is_empty() {
            continue;
        }
        let comment = constant
            .node
            .prev_sibling()
            .filter(|n| n.is(Kind::Comment) && adjoining(file, n.span(), constant.node.span()));
        let start = comment.map_or(constant.node.span().start, |c| c.span().start);
        // The directive's own newline may or may not be part of the node.
        let text = file.slice(Span { start, end: constant.node.span().end }).trim_end();
        let lines = whole_lines(file, Span::new(start as usize, start as usize + text.len()));
        turn.push((with_blank_line(file, lines), Removed::Constant(constant.name.to_owned())));
    }
}

fn adjoining(file: &SourceFile, first: Span, second: Span) -> bool {
    let end = file.lines().line_column(first.end as usize).line;
    file.line_column(second).line <= end + 1
}

/// The braces of a block, with the blanks in front of the first and the line of the last.
pub fn braces(source: &SourceFile, block: Node<'_>) -> [Span; 2] {
    let text = source.text();
    let (start, end) = (block.span().start as usize, block.span().end as usize - 1);
    let before = text[..start].trim_end_matches([' ', '\t']).len();
    let line = text[..end].trim_end_matches([' ', '\t']).len();
    [Span::new(before, start + 1), Span::new(line.saturating_sub(1), end + 1)]
}

/// The lines of a span, if nothing else stands on them; else the span.
pub fn whole_lines(file: &SourceFile, span: Span) -> Span {
    let first = file.line_of(span);
    let last = file.line_of(Span::at(span.end as usize));
    let blank = |start: u32, end: u32| file.slice(Span { start, end }).trim().is_empty();
    if blank(first.start, span.start) && blank(span.end, last.end) { first.cover(last) } else { span }
}

/// Lines with the blank line behind them, if there is one before them too.
pub fn with_blank_line(file: &SourceFile, span: Span) -> Span {
    let text = file.text();
    let blank_behind = text[span.end as usize..].starts_with('\n');
    let blank_before = span.start == 0 || text[..span.start as usize].ends_with("\n\n");
    if blank_behind && blank_before { Span { start: span.start, end: span.end + 1 } } else { span }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of a text when one part of it is gone.
    fn left(text: &str, gone: &str) -> String {
        let file = SourceFile::new("t.c", text);
        let start = text.find(gone).unwrap();
        let mut edits = EditSet::new();
        edits.add(TextEdit::new(Span::new(start, start + gone.len()), "")).unwrap();
        let (more, _) = remove(&file, &edits, &["f".to_owned()]);
        edits.add_all(more).unwrap();
        String::from_utf8(edits.apply(file.bytes())).unwrap()
    }

    #[test]
    fn what_only_the_old_code_used_goes() {
        let local = "void f(int a)\n{\n\tint b = a;\n\tint c;\n\n\tg(b);\n\th();\n}\n";
        assert_eq!(left(local, "\tg(b);\n"), "void f(int a)\n{\n\tint c;\n\n\th();\n}\n");
        let shared = "void f(int a)\n{\n\tint b = a, c = 1;\n\n\tg(b);\n\th(c);\n}\n";
        assert_eq!(left(shared, "\tg(b);\n"), "void f(int a)\n{\n\tint c = 1;\n\n\th(c);\n}\n");
        let helper = "/* helps */\nstatic void g(int b)\n{\n}\n\nvoid f(int a)\n{\n\tg(a);\n\th();\n}\n";
        assert_eq!(left(helper, "\tg(a);\n"), "void f(int a)\n{\n\th();\n}\n");
        let constant = "#define MOST 16\n\nvoid f(int a)\n{\n\tg(MOST);\n\th();\n}\n";
        assert_eq!(left(constant, "\tg(MOST);\n"), "void f(int a)\n{\n\th();\n}\n");
    }

    #[test]
    fn what_nothing_used_before_stays() {
        for kept in ["static int x;\nstatic void z(void)\n{\n}\n", "#define MOST 16\n"] {
            let text = format!("{kept}void f(int a)\n{{\n\tint b;\n\n\tg(a);\n\th();\nout:\n\ti();\n}}\n");
            assert_eq!(left(&text, "\tg(a);\n"), text.replace("\tg(a);\n", ""));
        }
    }

    #[test]
    fn a_label_goes_with_all_that_it_carries() {
        let behind = |label: &str| {
            let text = format!("void f(int a)\n{{\n\tif (a)\n\t\tgoto out;\n\th();\n{label}}}\n");
            let text = left(&text, "\tif (a)\n\t\tgoto out;\n");
            text.strip_prefix("void f(int a)\n{\n\th();\n")
                .and_then(|t| t.strip_suffix("}\n"))
                .unwrap()
                .to_owned()
        };
        assert_eq!(behind("out:\n\tg();\n"), "\tg();\n");
        assert_eq!(behind("out: __maybe_unused;\n"), "");
        assert_eq!(behind("out: __maybe_unused\n\tg();\n"), "\tg();\n");
        assert_eq!(behind("out: __attribute__((unused));\n"), "");
        assert_eq!(behind("out: __attribute__((unused))\n\tg();\n"), "\tg();\n");
        assert_eq!(behind("out: /* why */\n\tg();\n"), " /* why */\n\tg();\n");
        assert_eq!(behind("out:\n\t;\n"), "");
    }
}
