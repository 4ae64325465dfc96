//! The white space, comments and blank lines that go with removed code.
//!
//! In: tokens with what the rules remove. Out: the same tokens, more of them removed. The rules are those of
//! Coccinelle's `unparse_c.ml` (`remove_minus_and_between_and_expanded_and_fake1`): what stands between two tokens that
//! one match removes goes; a line that becomes empty goes with the comments and blank lines above it, but for the empty line
//! above what is still a paragraph (`unparse_c.ml` of 1.1.1 keeps it, later ones do not); blank lines next to a brace go.
//! Added code is never removed.

use super::Comments;
use super::token::{Branch, Class, Token, Witness};

/// Remove what nothing is left to separate. Comments that stay stand between what goes like code.
pub(super) fn clean(mut tokens: Vec<Token>, comments: Comments) -> Vec<Token> {
    if comments == Comments::Go {
        return cleaned(tokens);
    }
    let all: Vec<usize> = (0..tokens.len()).filter(|i| tokens[*i].is_comment()).collect();
    for i in &all {
        tokens[*i].keep();
        tokens[*i].set_class(Class::Code);
    }
    let mut tokens = cleaned(tokens);
    all.into_iter().for_each(|i| tokens[i].set_class(Class::Comment));
    tokens
}

fn cleaned(mut tokens: Vec<Token>) -> Vec<Token> {
    between_removed(&mut tokens);
    tokens.reverse();
    before_line_end(&mut tokens);
    tokens.reverse();
    behind_removed(&mut tokens);
    tokens.reverse();
    whole_lines(&mut tokens);
    tokens.reverse();
    at_start(&mut tokens);
    behind_open_brace(&mut tokens);
    tokens.reverse();
    before_close_brace(&mut tokens);
    above_removed_newline(&mut tokens);
    tokens.reverse();
    wholly_removed(&mut tokens);
    keep_conditionals(&mut tokens);
    tokens
}

/// Number of tokens from `at` on for which `holds`.
pub(super) fn run(tokens: &[Token], at: usize, holds: impl Fn(&Token) -> bool) -> usize {
    tokens.get(at..).unwrap_or_default().iter().take_while(|t| holds(t)).count()
}

fn remove_all(tokens: &mut [Token], witness: &Witness) {
    tokens.iter_mut().for_each(|t| t.remove(witness));
}

fn between_removed(tokens: &mut [Token]) {
    let mut at = 0;
    while at < tokens.len() {
        if !tokens[at].is_removed() {
            at += 1;
            continue;
        }
        let between = |t: &Token| t.is_gap() || t.is_new() || is_conditional(t);
        let next = at + 1 + run(tokens, at + 1, between);
        let starts_line = tokens.get(next).is_some_and(|t| t.text().starts_with('#'));
        if starts_line && tokens.get(at + 1).is_some_and(|t| t.is_new() && t.text().starts_with('#')) {
            // What stands behind one preprocessor line is not between it and the next.
            at = next;
            continue;
        }
        // A comment at the end of what something takes the place of stays.
        let ends = || !tokens[..next].iter().any(Token::is_new);
        if tokens.get(next).map_or_else(ends, |t| tokens[at].joins(t)) {
            let witness = tokens[at].witness().cloned().unwrap_or_default();
            remove_all(&mut tokens[at + 1..next], &witness);
        }
        at = next;
    }
}

/// Backwards: removed code at the end of a line takes the blanks in front of it.
fn before_line_end(tokens: &mut [Token]) {
    let blank = |t: &Token| t.is_gap() && !t.is_newline() && !t.is_removed();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].is_newline() && !tokens[at].is_removed() {
            let from = at + 1 + run(tokens, at + 1, blank);
            let removed = run(tokens, from, |t| t.is_removed() && !t.is_newline());
            at = from + removed;
            if removed > 0 {
                let blanks = run(tokens, at, blank);
                remove_all(&mut tokens[at..at + blanks], &Witness::default());
                at += blanks;
            }
        } else {
            at += 1;
        }
    }
}

/// Removed code behind code that stays takes the blanks behind it.
fn behind_removed(tokens: &mut [Token]) {
    for at in (1..tokens.len()).rev() {
        if tokens[at - 1].is_kept() && tokens[at].is_removed() {
            let end = at + run(tokens, at, Token::is_removed);
            let blanks = run(tokens, end, |t| t.is_gap() && t.is_kept() && !t.is_newline());
            remove_all(&mut tokens[end..end + blanks], &Witness::default());
        }
    }
}

/// Backwards: a line of which nothing is left goes, with the comments and blank lines above it. If what it was the head
/// of stays, those are about that, and stay, too.
fn whole_lines(tokens: &mut [Token]) {
    for at in (0..tokens.len()).rev() {
        if !(tokens[at].is_newline() && tokens[at].is_kept()) {
            continue;
        }
        let line = run(tokens, at + 1, |t| t.is_space() || t.is_removed());
        let end = at + 1 + line;
        if !tokens[at + 1..end].iter().any(Token::is_removed) {
            continue;
        }
        match tokens.get(end) {
            Some(t)
                if t.is_newline()
                    && t.is_kept()
                    && (is_head(tokens, at, end)
                        || starts_paragraph(tokens, at, end)
                        || follows_replaced(tokens, at, end)) =>
            {
                remove_all(&mut tokens[at..end], &Witness::default());
            }
            None => remove_all(&mut tokens[at + 1..end], &Witness::default()),
            Some(t) if t.is_newline() && t.is_kept() => {
                let above = run(tokens, end, Token::is_gap);
                // Comments behind code that stays are on that code's line.
                let stays = tokens[end..end + above].iter().rev().take_while(|t| !t.is_newline()).count();
                remove_all(&mut tokens[at + 1..end + above - stays], &Witness::default());
            }
            Some(_) => {}
        }
    }
}

/// Backwards: whether the code behind the line from `at` to `end` stays and is indented more than the line, which is no
/// directive and no label.
fn is_head(tokens: &[Token], at: usize, end: usize) -> bool {
    let stays = at.checked_sub(1).is_some_and(|code| tokens[code].is_kept());
    let mut line = tokens[at + 1..end].iter().rev().filter(|t| !t.is_gap()).map(Token::text);
    let (first, second) = (line.next().unwrap_or_default(), line.next());
    // What stands behind a label or a directive is as deep as it was.
    let apart = first.starts_with('#') || second == Some(":");
    stays && !apart && tokens[at].text().len() > tokens[end].text().len()
}

/// Backwards: whether comments stand above the line from `at` to `end`, and above them a statement that the match which
/// removes the line replaces: they are about what replaces both.
fn follows_replaced(tokens: &[Token], at: usize, end: usize) -> bool {
    let line = tokens[at + 1..end].iter().find(|t| t.is_removed() && !t.is_gap()).and_then(Token::witness);
    let above = run(tokens, end, Token::is_gap);
    let comments =
        tokens[end..end + above].iter().rev().skip_while(|t| !t.is_newline()).any(Token::is_comment);
    let statement = tokens.get(end + above..).unwrap_or_default();
    let ends = statement.first().is_some_and(|t| t.is_kept() && t.text() == ";");
    let body = statement.get(1..).unwrap_or_default();
    let body = &body[..run(body, 0, |t| !matches!(t.text(), ";" | "{" | "}"))];
    let same = |t: &Token| t.witness().zip(line).is_some_and(|(a, b)| a.matches == b.matches);
    comments && ends && body.iter().any(Token::is_new) && body.iter().any(|t| !t.is_gap() && same(t))
}

/// Backwards: whether the line from `at` to `end` is the first below an empty line, and the one below it becomes that.
fn starts_paragraph(tokens: &[Token], at: usize, end: usize) -> bool {
    let ends = |token: Option<&Token>, brace: &str| {
        token.is_none_or(|t| t.text() == brace || !t.is_kept() || t.is_gap())
    };
    let below = at.checked_sub(1).and_then(|code| tokens.get(code));
    let above = run(tokens, end, Token::is_newline);
    let as_deep = tokens[at].text() == tokens[end].text();
    above > 1 && as_deep && !ends(below, "}") && !ends(tokens.get(end + above), "{")
}

fn at_start(tokens: &mut [Token]) {
    let removed = run(tokens, 0, Token::is_removed);
    if removed > 0 {
        let blanks = run(tokens, removed, |t| t.is_gap() && t.is_kept() && !t.is_newline());
        remove_all(&mut tokens[removed..removed + blanks], &Witness::default());
    }
}

/// No blank line stays where the first lines of a block went.
fn behind_open_brace(tokens: &mut [Token]) {
    for at in 0..tokens.len() {
        if !(tokens[at].is_kept() && tokens[at].text() == "{") {
            continue;
        }
        let from = at + 1 + run(tokens, at + 1, |t| t.is_gap() && t.is_kept());
        let removed = run(tokens, from, Token::is_removed);
        let newlines = run(tokens, from + removed, |t| t.is_newline() && t.is_kept());
        if removed > 0 && newlines > 1 {
            let from = from + removed;
            remove_all(&mut tokens[from..from + newlines - 1], &Witness::default());
        }
    }
}

/// Backwards: no blank line stays where the last lines of a block went.
fn before_close_brace(tokens: &mut [Token]) {
    for at in 0..tokens.len() {
        if !(tokens[at].is_kept() && tokens[at].text() == "}") {
            continue;
        }
        let newlines = run(tokens, at + 1, |t| t.is_newline() && t.is_kept());
        let from = at + 1 + newlines;
        let removed = run(tokens, from, Token::is_removed);
        let line = tokens.get(from + removed).is_some_and(Token::is_newline);
        if removed > 0 && line && newlines > 1 {
            remove_all(&mut tokens[at + 2..from], &Witness::default());
        }
    }
}

/// Backwards: blank lines and comments above a removed newline go.
fn above_removed_newline(tokens: &mut [Token]) {
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].is_newline() && tokens[at].is_removed() {
            let above = run(tokens, at + 1, Token::is_gap);
            let stays = tokens[at + 1..at + 1 + above].iter().rev().take_while(|t| !t.is_newline()).count();
            let witness = tokens[at].witness().cloned().unwrap_or_default();
            remove_all(&mut tokens[at + 1..at + 1 + above - stays], &witness);
            at += above;
        }
        at += 1;
    }
}

/// Where all code goes, the blank lines and comments in front of it go, but for those on the line of what stands above.
fn wholly_removed(tokens: &mut [Token]) {
    let first = tokens.first().and_then(Token::old).is_some_and(|old| old.span.start == 0);
    let trailing = if first { 0 } else { run(tokens, 0, |t| !t.is_newline()) };
    if tokens[trailing..].iter().all(|t| t.is_removed() || t.is_gap()) {
        remove_all(&mut tokens[trailing..], &Witness::default());
    }
}

/// A conditional goes as a whole or not at all.
fn keep_conditionals(tokens: &mut [Token]) {
    let mut open: Vec<Vec<usize>> = Vec::new();
    let mut groups = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        match token.old().map(|o| o.class) {
            Some(Class::Directive(Branch::If)) => open.push(vec![i]),
            Some(Class::Directive(Branch::Else)) => open.last_mut().into_iter().for_each(|g| g.push(i)),
            Some(Class::Directive(Branch::Endif)) => {
                if let Some(mut group) = open.pop() {
                    group.push(i);
                    groups.push(group);
                }
            }
            _ => {}
        }
    }
    let split = groups.into_iter().filter(|g| !g.iter().all(|i| tokens[*i].is_removed()));
    for i in split.collect::<Vec<_>>().into_iter().chain(open).flatten() {
        tokens[i].keep();
        // It has a line of its own.
        let stays = |t: &Token| !t.is_removed() && !t.is_space();
        let above = tokens[..i].iter().rposition(stays).map_or(0, |at| at + 1);
        let below = i + 1 + run(tokens, i + 1, |t| !stays(t));
        let bare = |t: Option<&Token>| t.is_none_or(Token::is_newline);
        let front = tokens[above..i].iter().rposition(Token::is_newline).map(|at| above + at);
        let front = front.filter(|_| !bare(above.checked_sub(1).map(|at| &tokens[at])));
        let back = tokens[i + 1..below].iter().position(Token::is_newline).map(|at| i + 1 + at);
        let back = back.filter(|_| !bare(tokens.get(below)));
        front.into_iter().chain(back).for_each(|at| tokens[at].keep());
    }
}

/// Whether it begins an arm of a conditional, or ends the last one.
fn is_conditional(token: &Token) -> bool {
    let class = token.old().map(|old| old.class);
    matches!(class, Some(Class::Directive(Branch::If | Branch::Else | Branch::Endif)))
}
