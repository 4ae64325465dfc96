//! Blanks at the seams between what stays, what goes and what is added.
//!
//! In: tokens, removed ones still among them for the first half. Out: tokens with blanks added or dropped, as the
//! passes of the same purpose in Coccinelle's `unparse_c.ml` have it: no blank in front of a semicolon or behind a bracket
//! where something went, one between two words, commas that separate nothing dropped.

use super::removal::run;
use super::token::Token;

/// An added brace behind `)`, `else` or `do` goes on the same line.
pub(super) fn braces_to_headers(tokens: Vec<Token>) -> Vec<Token> {
    let mut out = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let header = tokens[at].is_kept() && matches!(tokens[at].text(), ")" | "else" | "do");
        out.push(tokens[at].clone());
        at += 1;
        if !header {
            continue;
        }
        let spaces = run(&tokens, at, |t| {
            t.is_comment() && !t.is_line_comment()
                || matches!(t, Token::New(new) if new.text.is_empty())
                || t.is_removed()
                || t.breaks_line()
        });
        let brace = at + spaces;
        let added = tokens.get(brace).is_some_and(|t| t.is_rule() && t.text() == "{");
        let broken = tokens.get(brace + 1).is_some_and(|t| t.is_rule() && t.text().starts_with('\n'));
        if !(added && broken) {
            continue;
        }
        out.push(Token::blank());
        let last = tokens[at..brace].iter().rev().find(|t| !t.is_removed());
        match last {
            None => out.extend(tokens[at..brace + 2].iter().filter(|t| !t.is_gap()).cloned()),
            Some(t) => {
                out.push(tokens[brace].clone());
                if !t.breaks_line() {
                    out.push(tokens[brace + 1].clone());
                }
                out.extend(tokens[at..brace].iter().cloned());
            }
        }
        at = brace + 2;
    }
    out
}

/// Where the body of a function starts on the line of its brace, an added brace stays on the line of the header.
pub(super) fn brace_of_one_line(mut tokens: Vec<Token>) -> Vec<Token> {
    for at in 1..tokens.len().saturating_sub(1) {
        let header = tokens[at - 1].is_rule() && tokens[at - 1].text() == ")";
        let brace = tokens[at + 1].is_rule() && tokens[at + 1].text() == "{";
        if !(header && brace && tokens[at].is_added_break()) {
            continue;
        }
        let behind = at + 2 + run(&tokens, at + 2, |t| t.is_space() || t.is_removed());
        if tokens.get(behind).is_some_and(|t| t.is_kept() && !t.is_newline() && !t.is_comment()) {
            tokens[at] = Token::blank();
        }
    }
    tokens
}

/// Code added where a block's brace goes stands behind the header, on a line of its own.
pub(super) fn code_for_brace(tokens: Vec<Token>) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        out.push(tokens[at].clone());
        at += 1;
        let header = tokens[at - 1].is_kept() && tokens[at - 1].text() == ")";
        let brace = at + run(&tokens, at, Token::is_space);
        let goes = tokens.get(brace).is_some_and(|t| t.is_removed() && t.text() == "{");
        if header && goes && tokens.get(brace + 1).is_some_and(Token::is_rule) {
            out.extend([tokens[brace].clone(), Token::line_break(), tokens[brace + 1].clone()]);
            at = brace + 2;
        }
    }
    out
}

/// A comment that ends with its line is followed by a line break.
pub(super) fn after_line_comments(tokens: Vec<Token>) -> Vec<Token> {
    let mut out = Vec::with_capacity(tokens.len());
    for (i, token) in tokens.iter().enumerate() {
        out.push(token.clone());
        let next = tokens[i + 1..].iter().find(|t| !t.is_removed());
        let comment = token.is_line_comment() && !token.is_removed();
        if comment && next.is_some_and(|t| !t.breaks_line()) {
            out.push(Token::bound("\n"));
        }
    }
    out
}

/// An added `else` starts a line unless it follows a brace.
pub(super) fn before_else(tokens: Vec<Token>) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens {
        if token.is_rule() && token.text() == "else" {
            let skipped = out.iter().rev().take_while(|t| t.is_removed() || t.is_space()).count();
            let at = out.len() - skipped;
            let code = at.checked_sub(1).and_then(|i| out.get(i));
            if code.is_some_and(|t| t.old().is_some() && !t.is_newline() && t.text() != "}") {
                out.insert(at, Token::bound("\n"));
            }
        }
        out.push(token);
    }
    out
}

/// No blank in front of `;`, `)` and `,` where something went.
pub(super) fn before_closing(mut tokens: Vec<Token>) -> Vec<Token> {
    tokens.reverse();
    let mut out = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let token = &tokens[at];
        out.push(token.clone());
        at += 1;
        if !((token.is_kept() || token.is_rule()) && matches!(token.text(), ";" | ")" | ",")) {
            continue;
        }
        at += run(&tokens, at, Token::is_added_blank);
        let mut seen = false;
        loop {
            let from = at + run(&tokens, at, Token::is_added_blank);
            let next = from + run(&tokens, from, Token::is_space);
            if !tokens.get(next).is_some_and(Token::is_removed) {
                at = if seen { next } else { at };
                break;
            }
            out.push(tokens[next].clone());
            at = next + 1;
            seen = true;
        }
    }
    out.reverse();
    out
}

/// No white space behind `(` where something went.
pub(super) fn behind_opening(tokens: Vec<Token>) -> Vec<Token> {
    let mut out = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let token = &tokens[at];
        out.push(token.clone());
        at += 1;
        if !((token.is_kept() || token.is_rule()) && token.text() == "(") {
            continue;
        }
        let mut seen = false;
        loop {
            let next = at + run(&tokens, at, Token::is_gap);
            let goes =
                tokens.get(next).is_some_and(|t| t.is_removed() || seen && t.is_kept() && t.text() == ",");
            if !goes {
                at = if seen { next } else { at };
                break;
            }
            out.push(tokens[next].clone());
            at = next + 1;
            seen = true;
        }
    }
    out
}

/// No blank between the star that ends an added type and the name, unless one stood there behind a star that went.
pub(super) fn behind_pointer(tokens: Vec<Token>) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let star = tokens[at].is_rule() && tokens[at].text() == "*";
        out.push(tokens[at].clone());
        at += 1;
        let code = |t: &&Token| t.old().is_some() && !t.is_gap();
        let went = out.iter().rev().find(code).is_some_and(|t| t.is_removed() && is_word(t.text()));
        let spaces = run(&tokens, at, |t| t.is_space() && t.is_kept());
        let name = tokens.get(at + spaces).is_some_and(|t| t.is_kept() && is_word(t.text()));
        if star && went && name {
            at += spaces;
        }
    }
    out
}

/// A removed `(` leaves a blank between what it stood between.
pub(super) fn for_paren(tokens: Vec<Token>) -> Vec<Token> {
    let mut out = Vec::with_capacity(tokens.len());
    for (i, token) in tokens.iter().enumerate() {
        out.push(token.clone());
        let before = i.checked_sub(1).map(|j| &tokens[j]);
        let stood = token.is_removed() && token.text() == "(";
        let behind = before.is_some_and(|t| t.is_kept() && !t.is_gap() && t.text() != "(");
        if stood && behind && tokens.get(i + 1).is_some_and(Token::is_kept) {
            out.push(Token::blank());
        }
    }
    out
}

/// No blanks at the end of a line that was changed.
pub(super) fn at_line_ends(tokens: Vec<Token>) -> Vec<Token> {
    let mut out = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let token = &tokens[at];
        let next = tokens.get(at + 1);
        let before_break = next.is_some_and(|t| t.is_rule() && t.text().starts_with('\n'));
        let before_white = next.is_some_and(|t| t.is_white() && t.is_kept());
        if token.is_added_blank() && (before_break || before_white) {
            at += 1;
            continue;
        }
        if token.is_space() && token.is_kept() {
            let spaces = 1 + run(&tokens, at + 1, Token::is_space);
            let from = at + spaces;
            let newline = |t: &Token| t.is_newline() && t.is_kept();
            let goes = tokens.get(from).is_some_and(|t| t.is_removed() && !t.is_newline());
            let row = run(&tokens, from, |t| !newline(t) && (t.is_removed() || t.is_space()));
            let end = from + row;
            let ends = tokens.get(end).is_some_and(newline);
            if goes && ends {
                out.extend(tokens[from..end].iter().cloned());
            } else {
                out.extend(tokens[at..if goes { end } else { from }].iter().cloned());
            }
            at = if goes { end } else { from };
            continue;
        }
        out.push(token.clone());
        at += 1;
    }
    out
}

/// Blanks between words of which one is added.
pub(super) fn between_words(tokens: Vec<Token>) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    for (i, token) in tokens.iter().enumerate() {
        out.push(token.clone());
        let Some(next) = tokens.get(i + 1) else { break };
        if token.is_kept() && next.is_kept() {
            continue;
        }
        let rest = &tokens[i + 2..];
        let (x, y) = (token.text(), next.text());
        let seam = token.is_kept() != next.is_kept();
        let comma = token.is_kept() && x == "," && !next.is_added_white() && blank_behind_added(rest);
        let words = if seam {
            (is_word(x) || matches!(x, ")" | "]"))
                && (is_word(y) || is_number(y) || is_operator(y) && blank_behind(rest))
        } else {
            is_word(x) && is_word(y)
        };
        if comma || words {
            out.push(Token::blank());
        }
    }
    out
}

fn blank_behind_added(rest: &[Token]) -> bool {
    rest.iter().find(|t| !t.is_new()).is_some_and(|t| t.is_space() && t.is_kept())
}

fn blank_behind(rest: &[Token]) -> bool {
    rest.first().is_none_or(|t| t.is_white() || t.is_added_white())
}

fn is_word(text: &str) -> bool {
    let rest = text.strip_prefix(|c: char| c.is_ascii_alphabetic() || c == '_');
    rest.is_some_and(|r| r.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

fn is_operator(text: &str) -> bool {
    matches!(
        text,
        "=" | "+"
            | "-"
            | "*"
            | "/"
            | "%"
            | "^"
            | "+="
            | "-="
            | "*="
            | "/="
            | "%="
            | "^="
            | ":"
            | "?"
            | "=="
            | "!="
            | "<"
            | ">"
            | "<="
            | ">="
            | "<<"
            | ">>"
            | "<<="
            | ">>="
            | "&&"
            | "||"
            | "&"
            | "|"
    )
}

/// Commas that separate nothing any more go.
pub(super) fn commas(tokens: Vec<Token>) -> Vec<Token> {
    let code: Vec<usize> =
        (0..tokens.len()).filter(|i| !tokens[*i].is_gap() && !tokens[*i].is_added_blank()).collect();
    let mut gone = vec![false; tokens.len()];
    for pair in code.windows(2) {
        let (a, b) = (&tokens[pair[0]], &tokens[pair[1]]);
        let number = |t: &Token| t.old().map(|o| o.number);
        let stood = matches!((number(a), number(b)), (Some(x), Some(y)) if y == x + 1);
        match (a.text(), b.text()) {
            _ if stood => {}
            ("(", ",") => gone[pair[1]] = true,
            (",", "," | ")") => gone[pair[0]] = true,
            _ => {}
        }
    }
    tokens.into_iter().zip(gone).filter(|(_, gone)| !gone).map(|(t, _)| t).collect()
}

/// The tokens that are left.
pub(super) fn without_removed(tokens: Vec<Token>) -> Vec<Token> {
    tokens.into_iter().filter(|t| !t.is_removed()).collect()
}

/// `else`, and the `while` of a `do`, go on the line of an added brace, as the kernel has it.
pub(super) fn else_to_braces(tokens: Vec<Token>) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens {
        if matches!(token.text(), "else" | "while") && !token.is_removed() {
            let white = |t: &Token| t.is_white() || t.is_added_white();
            let skipped = out.iter().rev().take_while(|t| white(t) || t.is_removed()).count();
            let between = &out[out.len() - skipped..];
            let apart = between.iter().any(|t| white(t) && !t.is_removed());
            let brace = out.len().checked_sub(skipped + 1).filter(|i| out[*i].is_rule());
            let goes_on = |i: usize| match token.text() {
                "while" => closes_do(&out[..=i]),
                _ => out[i].text() == "}",
            };
            if apart && brace.is_some_and(goes_on) {
                let between = out.split_off(out.len() - skipped);
                out.extend(between.into_iter().filter(Token::is_removed));
                out.push(Token::blank());
            }
        }
        out.push(token);
    }
    out
}

/// Whether these tokens end in the brace that closes the body of a `do`.
fn closes_do(tokens: &[Token]) -> bool {
    let mut depth = 0usize;
    for (i, token) in tokens.iter().enumerate().rev().filter(|(_, t)| !t.is_removed()) {
        match token.text() {
            "}" => depth += 1,
            "{" => depth = depth.saturating_sub(1),
            "{}" => {}
            _ if depth == 0 => return false,
            _ => continue,
        }
        if depth == 0 {
            let white = |t: &&Token| t.is_gap() || t.is_added_white() || t.is_removed();
            return tokens[..i].iter().rev().find(|t| !white(t)).is_some_and(|t| t.text() == "do");
        }
    }
    false
}
