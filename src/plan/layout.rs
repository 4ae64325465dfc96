//! Where removed and added code leaves and takes lines.
//!
//! In: the spans to remove and the lines to add, each hanging on a token of the code. Out: text edits over the original
//! bytes. Code that stays keeps its layout; a statement that goes takes its line; what is added gets the indentation of
//! what stands around it.

use super::plus::Line;
use crate::edit::{EditSet, Overlap, TextEdit};
use crate::smpl::compile::Side;
use crate::source::Span;
use crate::syntax::{Kind, Node, Tree};

/// Lines to add at a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insertion {
    /// The token they hang on.
    pub anchor: Span,
    /// In front of it or behind it.
    pub side: Side,
    /// The lines.
    pub lines: Vec<Line>,
    /// How many statements around the innermost one end with the anchor, too.
    pub levels: usize,
}

/// The edits for removals and insertions, and those that could not be made.
pub fn layout(tree: &Tree, removed: &[Span], inserted: &[Insertion]) -> (EditSet, Vec<Overlap>) {
    let text = tree.source().text();
    let keeps = |r: &Span| inserted.iter().any(|i| r.contains(i.anchor) && !i.anchor.is_empty());
    let regions = commas(tree, merge(text, removed), keeps);
    let mut edits = EditSet::new();
    let mut failed = Vec::new();
    let mut add = |edit: TextEdit| {
        if let Err(e) = edits.add(edit) {
            failed.push(*e);
        }
    };
    let mut used = vec![false; inserted.len()];
    for region in &regions {
        let mut lines: Vec<(u32, Line)> = Vec::new();
        for (i, insertion) in inserted.iter().enumerate() {
            if region.contains(insertion.anchor) && !insertion.anchor.is_empty() {
                used[i] = true;
                lines.extend(insertion.lines.iter().map(|l| (insertion.anchor.start, l.clone())));
            }
        }
        lines.sort_by_key(|(at, _)| *at);
        let lines: Vec<Line> = lines.into_iter().map(|(_, l)| l).collect();
        let braces = braces_for(tree, *region, &lines);
        if let Some((open, _)) = &braces {
            add(open.clone());
        }
        add(if lines.is_empty() { removal(text, *region) } else { replacement(tree, *region, &lines) });
        if let Some((_, close)) = braces {
            add(close);
        }
    }
    for (insertion, _) in inserted.iter().zip(used).filter(|(_, used)| !used) {
        let braces = braces_around(tree, insertion);
        if let Some((open, _)) = &braces {
            add(open.clone());
        }
        add(addition(tree, insertion));
        if let Some((_, close)) = braces {
            add(close);
        }
    }
    (edits, failed)
}

/// Take a comma along where an argument or parameter goes.
fn commas(tree: &Tree, regions: Vec<Span>, keeps: impl Fn(&Span) -> bool) -> Vec<Span> {
    let text = tree.source().text();
    let mut out: Vec<Span> = Vec::new();
    for region in regions {
        let (start, end) = (region.start as usize, region.end as usize);
        if keeps(&region) {
            out.push(region);
            continue;
        }
        let list = tree.covering(region);
        let inside = |n: Node<'_>| {
            matches!(
                n.kind(),
                Kind::ArgumentList | Kind::ParameterList | Kind::InitializerList | Kind::EnumeratorList
            )
        };
        let listed = inside(list) || list.ancestors().take(3).any(inside);
        let before = text[..start].trim_end();
        let after = text[end..].trim_start();
        let left = out.last().is_some_and(|o| o.end as usize >= before.len() && !before.is_empty());
        let region = match (before.chars().last(), after.chars().next()) {
            (Some(','), Some(',' | ')')) if listed && !left => Span::new(before.len() - 1, end),
            (Some('(' | '{'), Some(',')) if listed => {
                let comma = text.len() - after.len() + 1;
                let space = after[1..].len() - after[1..].trim_start_matches(' ').len();
                Span::new(start, comma + space)
            }
            _ => region,
        };
        out.push(region);
    }
    out
}

/// The branch or body, without braces, that is exactly the statement at a span.
fn lone_branch(tree: &Tree, span: Span) -> Option<(Node<'_>, usize)> {
    let statement = statement_around(tree, span)?;
    let parent = statement.parent()?;
    let branch = matches!(
        parent.kind(),
        Kind::IfStatement
            | Kind::ElseClause
            | Kind::WhileStatement
            | Kind::ForStatement
            | Kind::MacroIterator
            | Kind::DoStatement
    );
    if !branch
        || statement.is(Kind::CompoundStatement)
        || (parent.is(Kind::ElseClause) && statement.is(Kind::IfStatement))
    {
        return None;
    }
    let text = tree.source().text();
    let header = text[..statement.span().start as usize].trim_end().len();
    Some((statement, header))
}

fn braces_around(tree: &Tree, insertion: &Insertion) -> Option<(TextEdit, TextEdit)> {
    if is_inline(&insertion.lines) {
        return None;
    }
    let insertion = &raised(tree, insertion);
    let (statement, header) = lone_branch(tree, insertion.anchor)?;
    let edge = match insertion.side {
        Side::After => insertion.anchor.end == statement.span().end,
        Side::Before => insertion.anchor.start == statement.span().start,
    };
    let blocks = insertion.lines.iter().any(|l| l.text == "{" || l.text == "}");
    edge.then_some(())?;
    (!blocks).then(|| brace_edits(tree, statement, header))
}

fn brace_edits(tree: &Tree, statement: Node<'_>, header: usize) -> (TextEdit, TextEdit) {
    let text = tree.source().text();
    let indent = indentation(text, header.saturating_sub(1));
    let end = statement.span().end as usize;
    let to = line_end(text, end);
    let to = if is_gap(text, end as u32, to as u32) { to } else { end };
    (TextEdit::new(Span::at(header), " {"), TextEdit::new(Span::at(to), format!("\n{indent}}}")))
}

/// Braces for a lone branch that is replaced by more than one statement.
fn braces_for(tree: &Tree, region: Span, lines: &[Line]) -> Option<(TextEdit, TextEdit)> {
    let statements: usize = lines.iter().filter(|l| l.depth == 0).map(|l| l.text.matches(';').count()).sum();
    let (statement, header) = lone_branch(tree, Span::new(region.start as usize, region.start as usize + 1))?;
    let gone = tree.source().slice(region).matches(';').count();
    let blocks = lines
        .first()
        .is_some_and(|l| l.text.starts_with('{') || l.text.starts_with("if") || l.text.starts_with("for"));
    let within = statement.span().contains(region);
    (within && !blocks && statements + 1 > 1 + gone).then(|| brace_edits(tree, statement, header))
}

/// Join spans between which nothing but space stands.
fn merge(text: &str, removed: &[Span]) -> Vec<Span> {
    let mut spans = removed.to_vec();
    spans.sort();
    let mut out: Vec<Span> = Vec::new();
    for span in spans {
        match out.last_mut() {
            Some(last) if span.start <= last.end || is_gap(text, last.end, span.start) => {
                *last = last.cover(span)
            }
            _ => out.push(span),
        }
    }
    out
}

fn is_gap(text: &str, from: u32, to: u32) -> bool {
    let between = text.get(from as usize..to as usize).unwrap_or("x");
    let mut rest = between.trim_start();
    while rest.starts_with("/*") || rest.starts_with("//") {
        rest = rest[crate::smpl::token::comment_len(rest)..].trim_start();
    }
    rest.is_empty()
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|t| t.rfind('\n')).map_or(0, |i| i + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|t| t.find('\n')).map_or(text.len(), |i| at + i)
}

fn is_blank(text: &str, from: usize, to: usize) -> bool {
    text.get(from..to).is_some_and(|t| t.trim().is_empty())
}

/// The white space that a line starts with.
fn indentation(text: &str, at: usize) -> &str {
    let start = line_start(text, at);
    let line = &text[start..line_end(text, start)];
    &line[..line.len() - line.trim_start().len()]
}

fn removal(text: &str, region: Span) -> TextEdit {
    let (start, end) = (region.start as usize, region.end as usize);
    let (from, to) = (line_start(text, start), line_end(text, end));
    let lead = is_blank(text, from, start);
    let trail = is_gap(text, region.end, to as u32);
    if lead && trail {
        let mut to = (to + 1).min(text.len());
        let mut from = from;
        let before_end = from.saturating_sub(1);
        let before = line_start(text, before_end);
        let opens = from == 0 || text[before..before_end].trim_end().ends_with('{');
        let blank_before = from > 0 && is_blank(text, before, before_end);
        let next_end = line_end(text, to.min(text.len()));
        let blank_after = to < text.len() && is_blank(text, to, next_end);
        let closes = text[to.min(text.len())..next_end].trim_start().starts_with('}');
        if blank_after && (opens || blank_before) {
            to = (next_end + 1).min(text.len());
        } else if blank_before && closes {
            from = before;
        }
        return TextEdit::new(Span::new(from, to), "");
    }
    let bytes = text.as_bytes();
    let mut start = start;
    let mut end = end;
    let next = bytes.get(end).copied().unwrap_or(b'\n');
    let mut first = start;
    while first > from && matches!(bytes[first - 1], b' ' | b'\t') {
        first -= 1;
    }
    if lead || (first > 0 && matches!(bytes[first - 1], b'(' | b'[' | b'!')) {
        while bytes.get(end).is_some_and(|b| matches!(b, b' ' | b'\t')) {
            end += 1;
        }
    } else if matches!(next, b' ' | b'\t' | b';' | b')' | b',' | b'\n' | b']') {
        start = first;
    }
    TextEdit::new(Span::new(start, end), "")
}

/// The unit of indentation: a tab unless the file's code around is indented with spaces.
fn unit(indent: &str) -> &'static str {
    if !indent.is_empty() && !indent.contains('\t') {
        if indent.len().is_multiple_of(4) { "    " } else { "  " }
    } else {
        "\t"
    }
}

fn deeper(indent: &str, depth: i32) -> String {
    let unit = unit(indent);
    let mut out = indent.to_string();
    if depth >= 0 {
        out.push_str(&unit.repeat(depth as usize));
    } else {
        for _ in 0..-depth {
            let cut = out.strip_suffix(unit).map(str::len);
            out.truncate(cut.unwrap_or(out.len()));
        }
    }
    out
}

fn joined(lines: &[Line], indent: &str, whole: &str) -> String {
    let top = if indent.is_empty() { file_unit(whole) } else { unit(indent) };
    let deeper = |indent: &str, depth: i32| {
        if indent.is_empty() && depth > 0 { top.repeat(depth as usize) } else { deeper(indent, depth) }
    };
    let wrapped = |l: &Line| Line { text: wrap(&l.text, &deeper(indent, l.depth)), ..l.clone() };
    let lines: Vec<Line> = lines.iter().map(wrapped).collect();
    let mut out = String::new();
    for (i, line) in lines.iter().enumerate() {
        if i > 0 {
            out.push('\n');
            if !line.text.starts_with('#') {
                out.push_str(&deeper(indent, line.depth));
            }
        }
        out.push_str(&line.text);
    }
    out
}

/// Break a line that is longer than 78 columns behind a comma, and go on under the bracket.
fn wrap(line: &str, indent: &str) -> String {
    wrap_behind("", line, indent)
}

/// The same for code that goes on behind `kept`, which stays as it is.
fn wrap_behind(kept: &str, line: &str, indent: &str) -> String {
    const WIDTH: usize = 80;
    let column = |text: &str, from: usize| {
        text.chars().fold(from, |n, c| if c == '\t' { n / 8 * 8 + 8 } else { n + 1 })
    };
    let start = column(kept, column(indent, 0));
    if column(line.trim_end_matches([',', ';', ')']), start) <= WIDTH
        || line.contains('\n')
        || line.starts_with(['#', '/'])
    {
        return line.to_string();
    }
    let tabs = indent.contains('\t') || indent.is_empty();
    let mut out = String::new();
    let mut open: Vec<usize> = Vec::new();
    let mut at = column(indent, 0);
    for c in kept.chars() {
        at = column(c.encode_utf8(&mut [0; 4]), at);
        match c {
            '(' => open.push(at),
            ')' => {
                open.pop();
            }
            _ => {}
        }
    }
    for piece in pieces_of_line(line) {
        let width = column(piece.trim_end().trim_end_matches([',', ';', ')']), 0);
        if at + width > WIDTH && out.ends_with(", ") && !open.is_empty() {
            let under = open.last().copied().unwrap_or(start);
            out.truncate(out.trim_end().len());
            out.push('\n');
            if tabs {
                out.push_str(&"\t".repeat(under / 8));
                out.push_str(&" ".repeat(under % 8));
            } else {
                out.push_str(&" ".repeat(under));
            }
            at = under;
        }
        for c in piece.chars() {
            at = column(c.encode_utf8(&mut [0; 4]), at);
            match c {
                '(' | '{' if !piece.starts_with('"') => open.push(at),
                ')' | '}' if !piece.starts_with('"') => {
                    open.pop();
                }
                _ => {}
            }
        }
        out.push_str(piece);
    }
    out
}

/// A line cut behind its commas; a string stays whole.
fn pieces_of_line(line: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut from = 0;
    let mut at = 0;
    while let Some(c) = line[at..].chars().next() {
        at += match c {
            '"' => crate::smpl::token::quoted_len(&line[at..], b'"'),
            _ => c.len_utf8(),
        };
        if c == ',' && line[at..].starts_with(' ') {
            at += 1;
            out.push(&line[from..at]);
            from = at;
        }
    }
    out.push(&line[from..]);
    out
}

fn replacement(tree: &Tree, region: Span, lines: &[Line]) -> TextEdit {
    let text = tree.source().text();
    let indent = indentation(text, region.start as usize);
    if is_inline(lines) {
        let one: Vec<_> = lines.iter().map(|l| l.text.as_str()).collect();
        let mut out = one.join(" ");
        let (before, after) = neighbours(text, region);
        if sticks(before, &out) {
            out.insert(0, ' ');
        }
        if after.is_some_and(|a| sticks(out.chars().last(), &a.to_string())) {
            out.push(' ');
        }
        let from = line_start(text, region.start as usize);
        let kept = &text[from + indent.len().min(region.start as usize - from)..region.start as usize];
        return TextEdit::new(region, wrap_behind(kept, &out, indent));
    }
    TextEdit::new(region, joined(lines, indent, text))
}

/// The characters that touch a region.
fn neighbours(text: &str, region: Span) -> (Option<char>, Option<char>) {
    let before = text.get(..region.start as usize).and_then(|t| t.chars().last());
    let after = text.get(region.end as usize..).and_then(|t| t.chars().next());
    (before, after)
}

fn sticks(before: Option<char>, text: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    match (before, text.chars().next()) {
        (Some(b), Some(t)) => word(b) && word(t) || (b == ',' && t != ' '),
        _ => false,
    }
}

/// The indentation of the first line of a block, as its statements have it.
fn inner_indent(text: &str, open: usize, outer: &str) -> String {
    let rest = &text[line_end(text, open)..];
    let line = rest.lines().find(|l| !l.trim().is_empty());
    match line {
        Some(l) if !l.trim_start().starts_with(['}', '#']) && !l.trim_end().ends_with(':') => {
            let indent = &l[..l.len() - l.trim_start().len()];
            if indent.len() > outer.len() {
                indent.to_string()
            } else {
                format!("{outer}{}", file_unit(text))
            }
        }
        _ => format!("{outer}{}", file_unit(text)),
    }
}

/// The indentation of what stands before a closing brace.
fn deeper_before(text: &str, from: usize, own: &str) -> String {
    let before = text[..from].lines().rev().find(|l| !l.trim().is_empty() && !l.starts_with('#'));
    match before {
        Some(l) if !l.trim_end().ends_with('{') && !l.trim_end().ends_with(':') => {
            l[..l.len() - l.trim_start().len()].to_string()
        }
        _ => format!("{own}{}", file_unit(text)),
    }
}

/// One level of indentation in this file: that of its first indented line.
fn file_unit(text: &str) -> &str {
    let lines = text
        .lines()
        .filter(|l| l.starts_with([' ', '\t']) && !l.trim().is_empty() && !l.trim_start().starts_with('*'));
    lines
        .map(|l| &l[..l.len() - l.trim_start().len()])
        .find(|i| i.starts_with('\t') || i.len() <= 8)
        .map_or("\t", |i| if i.starts_with('\t') { "\t" } else { i })
}

/// Whether added code stands within a line.
fn is_inline(lines: &[Line]) -> bool {
    let ends = |l: &Line| {
        l.text.ends_with([';', '}', '{', ':'])
            || (l.text.ends_with(',') && l.text.starts_with('.') && lines.len() > 1)
            || l.text.starts_with('#')
            || l.text.starts_with("//")
    };
    !lines.iter().any(ends) && !lines.iter().any(|l| l.text.starts_with("if (") || l.text == "else")
}

fn statement_around(tree: &Tree, anchor: Span) -> Option<Node<'_>> {
    let node = tree.covering(anchor);
    std::iter::once(node)
        .chain(node.ancestors())
        .find(|n| n.kind().is_statement() || n.is(Kind::FieldDeclaration))
}

/// Lines in front of a function or declaration go in front of all of it.
fn header_start(tree: &Tree, anchor: Span) -> usize {
    let node = tree.covering(anchor);
    let holder = std::iter::once(node).chain(node.ancestors()).find(|n| {
        matches!(
            n.kind(),
            Kind::FunctionDefinition | Kind::Declaration | Kind::CompoundStatement | Kind::FieldDeclaration
        )
    });
    match holder {
        Some(h) if !h.is(Kind::CompoundStatement) => {
            let name = h.child(crate::syntax::Field::Declarator).map_or(h.span().end, |d| d.span().end);
            if anchor.end <= name { h.span().start as usize } else { anchor.start as usize }
        }
        _ => anchor.start as usize,
    }
}

/// The insertion behind the statements around, where the rule's code ends them all.
fn raised(tree: &Tree, insertion: &Insertion) -> Insertion {
    let mut out = insertion.clone();
    if insertion.side == Side::Before || insertion.levels == 0 {
        return out;
    }
    let Some(mut at) = statement_around(tree, insertion.anchor) else { return out };
    let whole = |n: Node<'_>| n.kind().is_statement();
    for _ in 0..insertion.levels {
        match at.parent().filter(|p| p.is(Kind::ElseClause)).or(Some(at)).and_then(Node::parent) {
            Some(parent)
                if whole(parent)
                    && parent.span().end == at.span().end
                    && !parent.is(Kind::CompoundStatement) =>
            {
                at = parent
            }
            _ => break,
        }
    }
    if at.span().end >= insertion.anchor.end {
        out.anchor = at.span();
    }
    out
}

fn addition(tree: &Tree, insertion: &Insertion) -> TextEdit {
    let insertion = &raised(tree, insertion);
    let text = tree.source().text();
    let anchor = insertion.anchor;
    let word = text.get(anchor.range()).unwrap_or_default();
    let inline = is_inline(&insertion.lines);
    match insertion.side {
        Side::After => {
            let end = anchor.end as usize;
            let all = insertion.lines.iter().map(|l| l.text.as_str()).collect::<Vec<_>>().join(" ");
            if inline || (all == "{" && word == ")") {
                let lead = match all.chars().next() {
                    Some(',' | ')' | ';' | '(' | '[' | ']' | '.') => "",
                    Some('-') if all.starts_with("->") => "",
                    _ if word.ends_with(['(', '[', '!']) => "",
                    _ => " ",
                };
                let indent = indentation(text, end);
                let from = line_start(text, end) + indent.len();
                let kept = text.get(from..end).unwrap_or_default();
                return TextEdit::new(Span::at(end), wrap_behind(kept, &format!("{lead}{all}"), indent));
            }
            let indent = match statement_around(tree, anchor) {
                Some(s) if !word.ends_with('{') && s.span().end == anchor.end => {
                    indentation(text, s.span().start as usize)
                }
                _ => indentation(text, anchor.start as usize),
            };
            let indent =
                if word.ends_with('{') { inner_indent(text, end, indent) } else { indent.to_string() };
            let rest_end = line_end(text, end);
            if word.ends_with(')') && insertion.lines.first().is_some_and(|l| l.text == "{") {
                let body = joined(&insertion.lines, &indent, text);
                return TextEdit::new(Span::at(end), format!(" {body}"));
            }
            let body = joined(&insertion.lines, &indent, text);
            let first = match insertion.lines.first() {
                Some(l) if l.text.starts_with('#') => String::new(),
                first => deeper(&indent, first.map_or(0, |l| l.depth)),
            };
            if is_gap(text, end as u32, rest_end as u32) {
                return TextEdit::new(Span::at(rest_end), format!("\n{first}{body}"));
            }
            let space = text[end..].len() - text[end..].trim_start_matches(' ').len();
            let closes = text[end..].trim_start().starts_with('}');
            let glue = if closes { " ".to_string() } else { format!("\n{indent}") };
            TextEdit::new(Span::new(end, end + space), format!("\n{first}{body}{glue}"))
        }
        Side::Before => {
            let start = if inline { anchor.start as usize } else { header_start(tree, anchor) };
            let from = line_start(text, start);
            if inline || !is_blank(text, from, start) {
                let all = joined(&insertion.lines, indentation(text, start), text);
                let trail = if word.starts_with([')', ',', ';', '(', '[', ']', '.'])
                    || all.ends_with(['(', '[', '!', '.', '&', '*', '>'])
                {
                    ""
                } else {
                    " "
                };
                return TextEdit::new(Span::at(start), format!("{all}{trail}"));
            }
            let own = indentation(text, start);
            let deep = if word.starts_with('}') { deeper_before(text, from, own) } else { own.to_string() };
            let indent = deep.as_str();
            let body = joined(&insertion.lines, indent, text);
            let first = if body.starts_with('#') { "" } else { indent };
            TextEdit::new(Span::at(from), format!("{first}{body}\n"))
        }
    }
}
