//! Line breaks of new code.
//!
//! In: the text of one function (or prototype, or call) that a change wrote, and which of its statements the change
//! altered. Out: the same code with those statements laid out anew: on one line if it fits, else broken behind commas
//! or before operators' right sides and aligned to the innermost open parenthesis, as the kernel's style wants it.
//! Statements with comments or directives inside keep their lines.

use super::columns::{TAB, WIDTH, advance, indent, indentation};
use crate::source::{SourceFile, Span};
use crate::syntax::{Field, Kind, Node, Tree, parse};

/// Lay out anew every simple statement and every condition of `text` for which `altered` says so.
pub fn relayout(text: &str, altered: &dyn Fn(&str) -> bool) -> String {
    let file = SourceFile::new("new code", text);
    let tree = parse(&file);
    let mut edits = crate::edit::EditSet::new();
    for span in units(&tree) {
        let old = file.slice(span);
        let line = file.line_of(span);
        let before = &text[line.start as usize..span.start as usize];
        let column = advance(0, before);
        let longest = widest(old, column);
        let fits = longest <= WIDTH;
        if fits && (!altered(old) || !old.contains('\n')) {
            continue;
        }
        let base = indentation(before).max(if before.trim().is_empty() { column } else { 0 });
        if let Some(new) = wrap(old, column, base)
            && new != old
            && !((fits || widest(&new, column) >= longest)
                && new.contains('\n')
                && is_aligned(old, column, base))
        {
            // Units never overlap, so no edit can be refused.
            let _ = edits.add(crate::edit::TextEdit::new(span, new));
        }
    }
    String::from_utf8(edits.apply(text.as_bytes())).unwrap_or_else(|_| text.to_owned())
}

/// Lay out anew what of `text` is not spelled in `original`, white space aside.
pub fn relayout_beside(text: &str, original: &str) -> String {
    let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let original = squeeze(original);
    relayout(text, &|statement| !original.contains(&squeeze(statement)))
}

/// Whether every line but the first stands where the innermost open parenthesis wants it, or deeper than the statement where
/// none is open: such line breaks are the author's.
fn is_aligned(text: &str, column: usize, base: usize) -> bool {
    let mut open: Vec<usize> = Vec::new();
    for (i, line) in text.split('\n').enumerate() {
        let mut at = if i == 0 { column } else { indentation(line) };
        if i > 0 && open.last().map_or(at <= base, |to| *to != at) {
            return false;
        }
        let mut quoted = None;
        let code = if i == 0 { line } else { line.trim_start_matches([' ', '\t']) };
        for c in code.chars() {
            at = advance(at, c.encode_utf8(&mut [0; 4]));
            match (quoted, c) {
                (Some(quote), c) if c == quote => quoted = None,
                (Some(_), _) => {}
                (None, '"' | '\'') => quoted = Some(c),
                (None, '(' | '[') => open.push(at),
                (None, ')' | ']') => {
                    open.pop();
                }
                _ => {}
            }
        }
    }
    true
}

fn widest(text: &str, column: usize) -> usize {
    text.split('\n').enumerate().map(|(i, l)| advance(if i == 0 { column } else { 0 }, l)).max().unwrap_or(0)
}

/// The parts of a text that are laid out as one: simple statements, and what stands before a block.
fn units(tree: &Tree) -> Vec<Span> {
    let mut out: Vec<Span> = Vec::new();
    for node in tree.root().descendants() {
        let span = match node.kind() {
            Kind::ExpressionStatement | Kind::ReturnStatement | Kind::Declaration => Some(node.span()),
            Kind::IfStatement | Kind::WhileStatement | Kind::SwitchStatement => {
                let condition = node.child(Field::Condition);
                condition.map(|c| Span::new(node.span().start as usize, c.span().end as usize))
            }
            _ => None,
        };
        let Some(span) = span else { continue };
        let inside = out.last().is_some_and(|last| last.overlaps(span));
        if !inside && !keeps_lines(node, span) {
            out.push(span);
        }
    }
    out
}

fn keeps_lines(node: Node<'_>, span: Span) -> bool {
    let inside = node.descendants().filter(|n| span.contains(n.span()));
    inside.into_iter().any(|n| {
        n.kind().is_opaque()
            || matches!(
                n.kind(),
                Kind::Comment
                    | Kind::CompoundStatement
                    | Kind::InitializerList
                    | Kind::PreprocIf
                    | Kind::PreprocIfdef
                    | Kind::GnuAsmExpression
                    | Kind::FieldDeclarationList
                    | Kind::ConcatenatedString
            )
    })
}

/// Break `text`, which starts in `column` on a line indented by `base`. `None` if its tokens cannot be told apart.
pub fn wrap(text: &str, column: usize, base: usize) -> Option<String> {
    let joined = join_lines(text);
    if advance(column, &joined) <= WIDTH {
        return Some(joined);
    }
    let mut out = String::new();
    let mut at = column;
    // Columns behind the open parentheses.
    let mut open: Vec<usize> = Vec::new();
    let all = words(&joined);
    for (i, word) in all.iter().enumerate() {
        let blank = if word.blank_before { " " } else { "" };
        // All that has to stay on a line with this word.
        let next = all[i + 1..].iter().take_while(|w| !w.may_break);
        let tied: usize = next.map(|w| w.text.len() + usize::from(w.blank_before)).sum();
        let fits = advance(at, blank) + word.text.len() + tied <= WIDTH;
        if !fits && word.may_break && !out.is_empty() {
            let to = open.last().copied().unwrap_or(base + TAB);
            out.push('\n');
            out.push_str(&indent(to));
            at = to;
        } else {
            out.push_str(blank);
            at += blank.len();
        }
        for c in word.text.chars() {
            out.push(c);
            at += 1;
            match c {
                '(' | '[' if !word.literal => open.push(at),
                ')' | ']' if !word.literal => {
                    open.pop();
                }
                _ => {}
            }
        }
    }
    Some(out)
}

/// A text on one line: each line break with the blanks around it is one blank, or none behind an open parenthesis.
pub fn join_lines(text: &str) -> String {
    let mut out = String::new();
    for (i, line) in text.split('\n').enumerate() {
        let line = if i == 0 { line.trim_end() } else { line.trim() };
        if i > 0 && !line.is_empty() && !out.ends_with(['(', '[']) && !line.starts_with([')', ']', ';', ','])
        {
            out.push(' ');
        }
        out.push_str(line);
    }
    out
}

/// What must stay on one line.
struct Word {
    text: String,
    blank_before: bool,
    /// Whether a line may start with it.
    may_break: bool,
    /// A string or character, whose parentheses do not count.
    literal: bool,
}

/// Split at blanks outside literals; a line may be broken behind commas and operators.
fn words(text: &str) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::new();
    let mut rest = text.chars().peekable();
    let mut word = String::new();
    let mut blank = false;
    let mut finish = |word: &mut String, blank: &mut bool, literal: bool| {
        if word.is_empty() {
            return;
        }
        let operator = |w: &str| w.chars().all(|c| "+-*/%&|^<>=!?:".contains(c));
        let behind_break =
            out.last().is_some_and(|w: &Word| w.text.ends_with([',', ';']) || operator(&w.text));
        let may_break = *blank && behind_break && !operator(word);
        out.push(Word { text: std::mem::take(word), blank_before: *blank, may_break, literal });
        *blank = false;
    };
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' => {
                finish(&mut word, &mut blank, false);
                blank = true;
            }
            '"' | '\'' => {
                finish(&mut word, &mut blank, false);
                word.push(c);
                while let Some(inner) = rest.next() {
                    word.push(inner);
                    if inner == '\\' {
                        word.extend(rest.next());
                    } else if inner == c {
                        break;
                    }
                }
                finish(&mut word, &mut blank, true);
            }
            c => word.push(c),
        }
    }
    finish(&mut word, &mut blank, false);
    out
}

/// A function's head, or a call, with its parameters in parentheses: `head(a, b, c)tail`, broken behind commas.
pub fn parenthesised(head: &str, parts: &[String], tail: &str, column: usize) -> String {
    let text = format!("{head}({}){tail}", parts.join(", "));
    wrap(&text, column, column).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_aligned_to_the_parenthesis() {
        let call = "result = walk_all_the_elements(first_argument_of_it, second_argument_of_it, third);";
        assert_eq!(
            wrap(call, 8, 8).unwrap(),
            "result = walk_all_the_elements(first_argument_of_it,\n\t\t\t\t       second_argument_of_it, third);"
        );
    }

    #[test]
    fn what_fits_is_joined() {
        assert_eq!(wrap("f(a,\n\t\t  b)", 8, 8).unwrap(), "f(a, b)");
    }

    #[test]
    fn breaks_that_still_fit_are_kept() {
        let condition = "\tif (!context->first_condition &&\n\t    (second & (WHOLE_SECTOR - 1) || third & (WHOLE_SECTOR - 1)))";
        let old = format!("void f(void)\n{{\n{condition}\n\t\tg();\n}}\n");
        assert_eq!(relayout(&old, &|_| true), old);
        let moved = old.replace("\n\t    (", "\n\t     (");
        assert_ne!(relayout(&moved, &|_| true), moved);
    }

    #[test]
    fn only_altered_statements_change() {
        let text = "void f(void)\n{\n\tg(a,\n\t  b);\n\th(a,\n\t  b);\n}\n";
        let new = relayout(text, &|s| s.starts_with('h'));
        assert_eq!(new, "void f(void)\n{\n\tg(a,\n\t  b);\n\th(a, b);\n}\n");
    }

    #[test]
    fn a_statement_without_a_function_stays() {
        let text = "\tif (a->b == c && d(e,\n\t\t\tf))\n\t\tg();\n";
        assert_eq!(relayout(text, &|_| true), text);
    }
}
