//! Line breaks in lists that added code makes too long.
//!
//! In: tokens without removed ones, indented. Out: the same tokens, blanks behind commas of the outermost list turned into
//! line breaks where the line would be too long, and lines of a list that got longer aligned to its bracket.
//! The rules are those of `add_newlines` in Coccinelle's `unparse_c.ml`; a tab counts eight columns wherever it stands.

use super::removal::run;
use super::token::{New, Origin, Token};

/// Break lines; `unit` is one level of indentation, `widest` the longest line that a list gets.
pub(super) fn break_lines(tokens: Vec<Token>, unit: &str, widest: usize) -> Vec<Token> {
    let mut breaker = Breaker { unit, widest, out: Vec::with_capacity(tokens.len()), ..Breaker::default() };
    let mut at = 0;
    while at < tokens.len() {
        at += breaker.step(&tokens[at..]);
    }
    as_written(breaker.out)
}

/// The tokens with the blanks or line breaks behind added commas.
pub(super) fn as_written(tokens: Vec<Token>) -> Vec<Token> {
    tokens.into_iter().flat_map(with_gap).collect()
}

fn with_gap(token: Token) -> Vec<Token> {
    match token {
        Token::New(New { text, origin, gap: Some(gap), beyond }) => {
            let word = Token::New(New { text, origin, gap: None, beyond });
            [word, Token::bound(gap)].into_iter().filter(|t| !t.text().is_empty()).collect()
        }
        token => vec![token],
    }
}

/// An open bracket: the column of what it holds, and the indentation of its last line.
#[derive(Clone, Debug)]
struct Open {
    column: usize,
    indent: Option<String>,
}

#[derive(Debug, Default)]
struct Breaker<'a> {
    unit: &'a str,
    widest: usize,
    out: Vec<Token>,
    stack: Vec<Open>,
    /// The last comma of the outermost list: the column behind it, and its number in `out`.
    comma: Option<(usize, usize)>,
    column: usize,
    /// Whether this line of the list has added code.
    added: bool,
    /// Whether nothing but white space stands behind a `=`.
    assigned: bool,
}

impl Breaker<'_> {
    /// Take one token or a few; how many.
    fn step(&mut self, tokens: &[Token]) -> usize {
        let (token, next) = (&tokens[0], tokens.get(1));
        let text = token.text();
        let assigned = std::mem::take(&mut self.assigned);
        let open = !self.stack.is_empty();
        let rule = token.is_rule();
        match text {
            "#define" => return self.definition(tokens),
            "(" | "[" if rule => {
                self.push(token);
                self.added = true;
            }
            ")" | "]" if rule => self.pop(token),
            "," if next.is_some_and(ends_line) => return self.comma_at_end(tokens),
            "," if matches!(token, Token::New(New { gap: Some(_), .. })) => {
                let own = next.is_some_and(|t| t.is_space() && t.text() != " ");
                self.added_comma(token);
                if let (true, Some(Token::New(comma))) = (own, self.out.last_mut()) {
                    comma.gap = None;
                }
                // Its own blank is enough.
                return if next.is_some_and(|t| t.text() == " ") { 2 } else { 1 };
            }
            "," if open && next.is_some_and(|t| t.text() == " ") => {
                self.kept_comma(token, next);
                return 2;
            }
            "," if open => self.kept_comma(token, None),
            _ if open && ends_line(token) => self.line(token, &tokens[1..], ""),
            "(" => self.push(token),
            ")" => self.pop(token),
            "{" if assigned || open => {
                let breaks = tokens[1..1 + run(tokens, 1, Token::is_gap)].iter().any(ends_line);
                self.push(token);
                if assigned && breaks {
                    self.column -= 1;
                }
            }
            "}" if open => self.pop(token),
            "=" => {
                self.assigned = true;
                self.column += 1;
                self.out.push(token.clone());
            }
            _ => {
                self.assigned = assigned && token.is_gap();
                self.column = width(text, self.column);
                self.added |= token.is_new() && open;
                self.out.push(token.clone());
            }
        }
        1
    }

    fn push(&mut self, token: &Token) {
        self.column += token.text().len();
        let column = if token.text() == "(" { self.column } else { 0 };
        self.stack.push(Open { column, indent: None });
        self.out.push(token.clone());
    }

    fn pop(&mut self, token: &Token) {
        if self.stack.len() > 1 {
            self.column += token.text().len();
            self.stack.pop();
        } else {
            self.column = if self.added && !self.stack.is_empty() {
                self.advance(token.text())
            } else {
                self.column + token.text().len()
            };
            self.stack.clear();
            self.comma = None;
            self.added = false;
        }
        self.out.push(token.clone());
    }

    /// The column behind `text`; if that is too far, the line breaks behind the last comma.
    fn advance(&mut self, text: &str) -> usize {
        let column = self.column + text.len();
        let ([open], Some((start, comma))) = (self.stack.as_slice(), self.comma) else { return column };
        if column <= self.widest {
            return column;
        }
        let indent = open.indent.clone().unwrap_or_else(|| self.spaces(open.column));
        if let Some(Token::New(new)) = self.out.get_mut(comma) {
            new.gap = Some(format!("\n{indent}"));
        }
        (column + open.column).saturating_sub(start)
    }

    fn spaces(&self, columns: usize) -> String {
        let unit = self.unit;
        let wide = width(unit, 0);
        format!("{}{}", unit.repeat(columns / wide), " ".repeat(columns % wide))
    }

    fn definition(&mut self, tokens: &[Token]) -> usize {
        let line = run(tokens, 0, |t| !ends_line(t));
        let taken = (line + 1).min(tokens.len());
        self.out.extend(tokens[..taken].iter().cloned());
        self.column = tokens.get(line).map_or(0, |t| width(t.text(), 0));
        taken
    }

    fn comma_at_end(&mut self, tokens: &[Token]) -> usize {
        let (comma, newline) = (&tokens[0], &tokens[1]);
        let plain = match comma {
            Token::New(new) => Token::New(New { gap: None, ..new.clone() }),
            other => other.clone(),
        };
        self.out.push(plain);
        if self.stack.is_empty() {
            self.column = width(newline.text(), 0);
            self.added = false;
            self.comma = None;
            self.out.push(newline.clone());
            return 2;
        }
        self.added |= comma.is_new() || newline.is_new();
        self.line(newline, &tokens[2..], ",");
        2
    }

    fn added_comma(&mut self, token: &Token) {
        self.column = self.advance(",") + 1;
        self.added = true;
        if self.stack.len() == 1 {
            self.comma = Some((self.column, self.out.len()));
        }
        self.out.push(token.clone());
    }

    /// A comma of the file or of bound code, with the blank behind it.
    fn kept_comma(&mut self, token: &Token, blank: Option<&Token>) {
        self.added |= token.is_new() || blank.is_some_and(Token::is_new);
        let gap = blank.map_or("", Token::text);
        if self.stack.len() == 1 {
            let column = if self.added { self.advance(",") } else { self.column + 1 };
            self.comma = Some((column + gap.len(), self.out.len()));
            self.column = column + gap.len();
            let comma =
                New { text: ",".into(), origin: Origin::Bound, gap: Some(gap.to_string()), beyond: None };
            self.out.push(Token::New(comma));
        } else {
            self.column += 1 + gap.len();
            self.out.push(token.clone());
            self.out.extend(blank.cloned());
        }
    }

    /// A line break inside of a list; `text` stands in front of it.
    fn line(&mut self, newline: &Token, rest: &[Token], text: &str) {
        self.added |= newline.is_new();
        let added = self.added;
        let (newline, column, still) = self.align(newline, rest);
        if self.stack.len() == 1 && added {
            self.advance(text);
        }
        self.out.push(newline);
        self.comma = None;
        self.column = column;
        self.added = still;
    }

    /// The line break with the indentation that the list's lines have, the column, and whether the line moved.
    fn align(&mut self, newline: &Token, rest: &[Token]) -> (Token, usize, bool) {
        let (above, own) = newline.text().rsplit_once('\n').unwrap_or(("", newline.text()));
        let columns = width(own, 0);
        let Some(open) = self.stack.last().cloned() else { return (newline.clone(), columns, false) };
        let closes = rest.first().is_some_and(|t| matches!(t.text(), ")" | "}"));
        let moved = |indent: &str| Token::bound(format!("{above}\n{indent}"));
        let (top, out) = match open.indent {
            _ if columns == 0 => return (newline.clone(), open.column, false),
            Some(indent) if self.added && !closes => {
                return (moved(&indent), open.column, columns != open.column);
            }
            None if self.added && !closes && columns < open.column => {
                let indent = self.spaces(open.column);
                let out = (moved(&indent), open.column, true);
                (Open { column: open.column, indent: Some(indent) }, out)
            }
            _ => (Open { column: columns, indent: Some(own.to_string()) }, (newline.clone(), columns, false)),
        };
        if let Some(last) = self.stack.last_mut() {
            *last = top;
        }
        out
    }
}

/// Whether a line of code ends in a token: not behind a backslash, nor inside of a comment.
fn ends_line(token: &Token) -> bool {
    let text = token.text();
    !token.is_comment() && text.contains('\n') && !text.contains('\\')
}

/// The column behind `text`, which starts in `column`.
fn width(text: &str, column: usize) -> usize {
    text.chars().fold(column, |n, c| match c {
        '\t' => n + 8,
        '\n' => 0,
        _ => n + 1,
    })
}
