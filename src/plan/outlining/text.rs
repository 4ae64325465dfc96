//! The new function's text.
//!
//! In: a scene, its captures and names. Out: the context struct and the function, to stand above the function that the
//! statements come from. The statements are copied with their lines; only names and jumps are spelled anew.

use super::captures::{Capture, Passing, is_direct};
use super::fit::through_address;
use super::{Names, NotOutlined, Obstacle, Scene, ways_out};
use crate::edit::{EditSet, TextEdit};
use crate::plan::columns::{TAB, indent, shift};
use crate::plan::wrapping::{parenthesised, relayout_beside};
use crate::smpl::outline::OutlineParameter;
use crate::smpl::token::replace_words;
use crate::source::Span;
use crate::syntax::{Field, Kind, Node};

/// The struct, if there is one, and the function.
pub(super) fn function(
    scene: &Scene<'_, '_>,
    captures: &[Capture],
    names: &Names,
) -> Result<String, NotOutlined> {
    let struct_and_function = written(scene, captures, names)?;
    let text = relayout_beside(&struct_and_function, scene.facts.function.text());
    let under = |text: String, line: &String| format!("{line}\n{}\n#endif\n\n", text.trim_end());
    Ok(conditions(scene)?.iter().fold(text, under))
}

/// The lines of the `#if`s in the function that the statements stand under, from the inside: the new function stands
/// under the same ones, or it would be there where nobody calls it.
fn conditions(scene: &Scene<'_, '_>) -> Result<Vec<String>, NotOutlined> {
    let function = scene.facts.function;
    let mut out = Vec::new();
    let mut at = scene.statements[0];
    while let Some(parent) = at.parent().filter(|p| function.encloses(*p)) {
        match parent.kind() {
            Kind::PreprocIf | Kind::PreprocIfdef if at.role() != Some(Field::Alternative) => {
                let text = parent.text();
                let ends = |(at, _): &(usize, &str)| !text[..*at].ends_with('\\');
                let end = text.match_indices('\n').find(ends).map_or(text.len(), |(at, _)| at);
                out.push(text[..end].trim_end().to_owned());
            }
            Kind::PreprocElse
            | Kind::PreprocElif
            | Kind::PreprocElifdef
            | Kind::PreprocIf
            | Kind::PreprocIfdef => {
                let sentence =
                    "the statements stand under `#else` or `#elif`, and the new function would not";
                return Err(NotOutlined::new(Obstacle::Shape, at.span(), sentence));
            }
            _ => {}
        }
        at = parent;
    }
    Ok(out)
}

fn written(scene: &Scene<'_, '_>, captures: &[Capture], names: &Names) -> Result<String, NotOutlined> {
    let mut out = String::new();
    let passed = || captures.iter().filter(|c| c.passing != Passing::Own);
    let with_context = names.uses_context(scene, captures);
    if with_context {
        out.push_str(&format!("struct {} {{\n", names.context));
        passed().for_each(|c| out.push_str(&format!("\t{};\n", c.declared(scene))));
        out.push_str("};\n\n");
    }
    let returns = scene.returns();
    let star = if returns.ends_with('*') { "" } else { " " };
    let head = format!("{returns}{star}{}", names.function);
    out.push_str(&with_parameters(&head, &parameters(scene, captures, names)));
    out.push_str("\n{\n");
    let mut declarations: Vec<String> = Vec::new();
    if with_context {
        declarations.push(format!("struct {} *{} = {};", names.context, names.variable, names.data));
    } else if has_data(scene) {
        declarations.extend(passed().map(|c| format!("{} = {};", c.declared(scene), names.data)));
    }
    let own = captures.iter().filter(|c| c.passing == Passing::Own);
    declarations.extend(own.map(|c| format!("{};", c.declared(scene))));
    for declaration in &declarations {
        out.push_str(&format!("\t{declaration}\n"));
    }
    if !declarations.is_empty() && !scene.statements[0].is(Kind::Declaration) {
        out.push('\n');
    }
    if let Some(first) = scene.asked.first {
        out.push_str(&format!("{}\n", shift(&format!("\t{first}"), TAB as isize)));
    }
    out.push_str(&moved(scene, captures, names)?);
    if let Some(value) = ways_out::at_the_end(scene)? {
        let last = scene.statements[scene.statements.len() - 1];
        let value = of_a_way(scene, &scene.filled_in(value), last, captures, names);
        out.push_str(&format!("\treturn {value};\n"));
    }
    out.push_str("}\n\n");
    Ok(out)
}

/// What plus code hands to the new function.
pub(super) fn argument(scene: &Scene<'_, '_>, captures: &[Capture], names: &Names) -> String {
    let one = |c: &Capture| match c.passing {
        Passing::Address => format!("&{}", c.name(scene)),
        _ => c.name(scene).to_owned(),
    };
    if names.uses_context(scene, captures) {
        return format!("&{}", names.variable);
    }
    let all: Vec<String> = listed(captures).into_iter().map(one).collect();
    if all.is_empty() && has_data(scene) { "NULL".to_owned() } else { all.join(", ") }
}

fn has_data(scene: &Scene<'_, '_>) -> bool {
    scene.asked.request.parameters.iter().any(|p| matches!(p, OutlineParameter::Data(..)))
}

/// A list in parentheses behind `head`, broken where it is too long.
fn with_parameters(head: &str, parts: &[String]) -> String {
    if parts.is_empty() { format!("{head}(void)") } else { parenthesised(head, parts, "", 0) }
}

/// The captures that a list of parameters or arguments has, in the order of their declarations.
fn listed(captures: &[Capture]) -> Vec<&Capture> {
    let mut passed: Vec<&Capture> = captures.iter().filter(|c| c.passing != Passing::Own).collect();
    passed.sort_by_key(|c| c.id);
    passed
}

fn parameters(scene: &Scene<'_, '_>, captures: &[Capture], names: &Names) -> Vec<String> {
    let mut out = Vec::new();
    for parameter in &scene.asked.request.parameters {
        match parameter {
            OutlineParameter::Given(text, _) => out.push(scene.filled_in(text)),
            OutlineParameter::Data(text, name) => {
                let stem = text.strip_suffix(name.as_str()).unwrap_or("void *");
                out.push(format!("{stem}{}", names.data));
            }
            OutlineParameter::Captures => {
                out.extend(listed(captures).into_iter().map(|c| c.declared(scene)));
            }
        }
    }
    out
}

/// The statements with their comments, one level deep.
fn moved(scene: &Scene<'_, '_>, captures: &[Capture], names: &Names) -> Result<String, NotOutlined> {
    let source = scene.facts.function.tree().source();
    let span = extent(scene);
    let mut edits = EditSet::new();
    let spelled = scene
        .identifiers()
        .filter_map(|n| Some((n, captures.iter().find(|c| scene.facts.scopes.resolve(n) == Some(c.id))?)))
        .flat_map(|(n, c)| spelled(scene, n, *c, captures, names));
    let by_rule = scene.asked.spelled.iter().filter(|(s, _)| span.contains(*s));
    let by_rule = by_rule.map(|(span, text)| TextEdit::new(*span, text.as_str()));
    let spell = |value: &str, place: Node<'_>| of_a_way(scene, value, place, captures, names);
    let jumps = ways_out::edits(scene, &spell)?;
    for edit in spelled.chain(by_rule).chain(jumps) {
        let at = edit.span;
        let inside = Span { start: at.start - span.start, end: at.end - span.start };
        let conflict = || NotOutlined::new(Obstacle::Shape, at, "two names want to be spelled anew here");
        edits.add(TextEdit::new(inside, edit.text)).map_err(|_| conflict())?;
    }
    let bytes = source.bytes().get(span.range()).unwrap_or_default();
    let text = String::from_utf8(edits.apply(bytes))
        .map_err(|_| NotOutlined::new(Obstacle::Unread, span, "these bytes are no UTF-8"))?;
    let first = scene.statements.iter().find(|s| !s.text().starts_with('#')).unwrap_or(&scene.statements[0]);
    let by = TAB as isize - scene.column(behind_labels(*first)) as isize;
    let text = shift(&format!("\n{}{text}", lead(scene, span)), by);
    Ok(format!("{}\n", text.trim_start_matches('\n').trim_end()))
}

/// The statement that labels stand in front of, which has the column of its block.
fn behind_labels(node: Node<'_>) -> Node<'_> {
    let inner = || node.named_children().last().filter(|n| n.kind().is_statement());
    if node.is(Kind::LabeledStatement) { inner().map_or(node, behind_labels) } else { node }
}

/// The white space in front of the first line.
fn lead(scene: &Scene<'_, '_>, span: Span) -> String {
    let source = scene.facts.function.tree().source();
    let line = source.line_of(span);
    let before = source.slice(Span { start: line.start, end: span.start });
    if before.trim().is_empty() { before.to_owned() } else { indent(scene.column(scene.statements[0])) }
}

/// The bytes that move: the statements and the comments beside them.
fn extent(scene: &Scene<'_, '_>) -> Span {
    let (first, last) = (scene.statements[0], scene.statements[scene.statements.len() - 1]);
    comments(scene).into_iter().fold(first.span().cover(last.span()), Span::cover)
}

/// The comments beside the statements that belong to them: right above the first, behind the last on its line, and all
/// that there are in the same braces if the statements fill those.
pub(super) fn comments(scene: &Scene<'_, '_>) -> Vec<Span> {
    let (first, last) = (scene.statements[0], scene.statements[scene.statements.len() - 1]);
    let source = scene.facts.function.tree().source();
    let line = |offset: u32| source.lines().line_column(offset as usize).line;
    let alone = braced_alone(scene);
    let mut out = Vec::new();
    let mut top = first;
    while let Some(comment) = top.prev_sibling().filter(|n| n.is(Kind::Comment)) {
        let adjoins = line(comment.span().end) + 1 >= line(top.span().start);
        let own_line = comment.prev_sibling().is_none_or(|n| line(n.span().end) < line(comment.span().start));
        if !(own_line && (adjoins || alone)) {
            break;
        }
        out.push(comment.span());
        top = comment;
    }
    let mut bottom = last;
    while let Some(comment) = bottom.next_sibling().filter(|n| n.is(Kind::Comment)) {
        if !alone && line(comment.span().start) > line(bottom.span().end) {
            break;
        }
        out.push(comment.span());
        bottom = comment;
    }
    out
}

/// Whether the statements fill their braces.
fn braced_alone(scene: &Scene<'_, '_>) -> bool {
    let parent = scene.statements[0].parent().filter(|p| p.is(Kind::CompoundStatement));
    let others =
        |n: &Node<'_>| !matches!(n.kind(), Kind::Token | Kind::Comment) && !scene.statements.contains(n);
    parent.is_some_and(|p| !p.children().any(|n| others(&n)))
}

/// What a way out returns, with the names of captured variables as the new function has them.
fn of_a_way(
    scene: &Scene<'_, '_>,
    value: &str,
    place: Node<'_>,
    captures: &[Capture],
    names: &Names,
) -> String {
    let direct = !has_data(scene) || is_direct(scene, captures);
    let alone = value.trim().chars().all(|c| c.is_alphanumeric() || c == '_');
    replace_words(value, &|before, word| {
        let field = before.ends_with('.') || before.ends_with("->");
        let id = scene.facts.scopes.lookup(word, place).filter(|_| !field)?;
        let capture = captures.iter().find(|c| c.id == id).filter(|c| c.passing != Passing::Own)?;
        let access = if direct { word.to_owned() } else { format!("{}->{word}", names.variable) };
        Some(match capture.passing {
            Passing::Address if alone => format!("*{access}"),
            Passing::Address => format!("(*{access})"),
            _ => access,
        })
    })
}

fn spelled(
    scene: &Scene<'_, '_>,
    ident: Node<'_>,
    capture: Capture,
    captures: &[Capture],
    names: &Names,
) -> Vec<TextEdit> {
    let direct = !has_data(scene) || is_direct(scene, captures);
    let name = ident.text();
    let access = if direct { name.to_owned() } else { format!("{}->{name}", names.variable) };
    match capture.passing {
        Passing::Own => Vec::new(),
        Passing::Address => through_address(ident, &access),
        Passing::Value | Passing::Late | Passing::Decayed if access == name => Vec::new(),
        Passing::Value | Passing::Late | Passing::Decayed => vec![TextEdit::new(ident.span(), access)],
    }
}
