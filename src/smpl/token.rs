//! The lexer of rule files.
//!
//! In: a span of a rule file. Out: [`Token`]s with the mark of their line (`-`, `+`, `*`, `?`, context). It refuses
//! nothing: a byte that starts no token becomes a token of its own, and the parser complains about it.

use crate::source::{SourceFile, Span};

/// What the first column of a line says about its tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mark {
    /// Nothing: the code has to be there and stays.
    #[default]
    Context,
    /// `-`: the code has to be there and goes.
    Minus,
    /// `+`: the code is added.
    Plus,
    /// `++`: the code is added, as often as the place matches.
    PlusPlus,
    /// `*`: the code is reported.
    Star,
}

impl Mark {
    /// Whether the line is code to add.
    pub fn is_plus(self) -> bool {
        matches!(self, Self::Plus | Self::PlusPlus)
    }

    /// What the line says in a rule that does the opposite.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::Minus => Self::Plus,
            Self::Plus | Self::PlusPlus => Self::Minus,
            Self::Context | Self::Star => self,
        }
    }
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A name or a keyword.
    Word,
    /// A number.
    Number,
    /// A string literal, with its quotes.
    String,
    /// A character literal, with its quotes.
    Char,
    /// Punctuation or an operator.
    Punct,
    /// `...`
    Dots,
    /// `<...` or `<+...`
    NestOpen,
    /// `...>` or `...+>`
    NestClose,
    /// `\(`, or `(` in column 0.
    Open,
    /// `\|`, or `|` in column 0.
    Or,
    /// `\&`, or `&` in column 0.
    And,
    /// `\)`, or `)` in column 0.
    Close,
    /// A whole preprocessor line.
    Directive,
    /// A comment; only lines of added code keep theirs.
    Comment,
    /// An `@` that introduces a metavariable to attach, the name included.
    Attach,
}

/// One token of a rule file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its place in the rule file.
    pub span: Span,
    /// The mark of its line.
    pub mark: Mark,
    /// Whether its line starts with `?`.
    pub optional: bool,
    /// Names attached with `@`, in order.
    pub attached: Vec<String>,
}

/// How a span is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineMode {
    /// Column 0 carries marks and the parts of disjunctions.
    Body,
    /// Column 0 means nothing; names are attached with `@`.
    Inline,
    /// Column 0 means nothing, and neither does `@`.
    Plain,
}

/// Read the tokens of `span`.
pub fn lex(file: &SourceFile, span: Span, mode: LineMode) -> Vec<Token> {
    let text = file.text();
    let end = (span.end as usize).min(text.len());
    let mut lexer =
        Lexer { text, at: span.start as usize, end, tokens: Vec::new(), mode, line: Line::default() };
    lexer.run();
    lexer.tokens
}

#[derive(Clone, Copy, Default)]
struct Line {
    mark: Mark,
    optional: bool,
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    end: usize,
    tokens: Vec<Token>,
    mode: LineMode,
    line: Line,
}

const OPERATORS: [&str; 24] = [
    "<<=", ">>=", "->", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "+=", "-=", "*=", "/=",
    "%=", "&=", "|=", "^=", "##", "=~", "!~",
];

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..self.end).unwrap_or_default()
    }

    fn run(&mut self) {
        self.start_line();
        while self.at < self.end {
            let Some(c) = self.rest().chars().next() else { break };
            if c == '\n' {
                self.at += 1;
                self.start_line();
            } else if c.is_whitespace() {
                self.at += c.len_utf8();
            } else {
                self.token(c);
            }
        }
    }

    /// Read what stands in column 0.
    fn start_line(&mut self) {
        self.line = Line::default();
        if self.mode != LineMode::Body
            || !(self.at == 0 || self.text.as_bytes().get(self.at - 1) == Some(&b'\n'))
        {
            return;
        }
        let optional = self.rest().starts_with('?');
        self.at += usize::from(optional);
        let rest = self.rest();
        let (mark, len) = match rest.as_bytes().first() {
            Some(b'-') if !rest.starts_with("->") => (Mark::Minus, 1),
            Some(b'+') if rest.starts_with("++") => (Mark::PlusPlus, 2),
            Some(b'+') => (Mark::Plus, 1),
            Some(b'*') => (Mark::Star, 1),
            _ => (Mark::Context, 0),
        };
        self.line = Line { mark, optional };
        let column0 = match rest.as_bytes().first() {
            Some(b'(') => Some(TokenKind::Open),
            Some(b'|') if !rest.starts_with("||") => Some(TokenKind::Or),
            Some(b'&') if !rest.starts_with("&&") => Some(TokenKind::And),
            Some(b')') => Some(TokenKind::Close),
            _ => None,
        };
        if let Some(kind) = column0 {
            self.push(kind, 1);
        } else {
            self.at += len;
        }
    }

    fn push(&mut self, kind: TokenKind, len: usize) {
        let span = Span::new(self.at, self.at + len);
        let Line { mark, optional } = self.line;
        self.tokens.push(Token { kind, span, mark, optional, attached: Vec::new() });
        self.at += len;
    }

    fn token(&mut self, c: char) {
        let rest = self.rest();
        if rest.starts_with("//") || rest.starts_with("/*") {
            return self.comment();
        }
        if c == '#' && !rest.starts_with("##") && self.at_line_start() {
            let len = directive_len(rest, self.line.mark);
            let attached = (self.mode != LineMode::Plain).then(|| include_len(&rest[..len])).flatten();
            return self.push(TokenKind::Directive, attached.unwrap_or(len));
        }
        if self.mode == LineMode::Body && rest.starts_with("\\\n") {
            // A line of the preprocessor goes on.
            self.at += 1;
            return;
        }
        let (kind, len) = match c {
            '"' => (TokenKind::String, quoted_len(rest, b'"')),
            '\'' => (TokenKind::Char, quoted_len(rest, b'\'')),
            '0'..='9' => (TokenKind::Number, number_len(rest)),
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                (TokenKind::Number, number_len(rest))
            }
            _ if is_word_start(c) => (TokenKind::Word, word_len(rest)),
            '@' if rest[1..].starts_with(is_word_start) => (TokenKind::Attach, 1 + word_len(&rest[1..])),
            _ => symbol(rest, c),
        };
        if kind == TokenKind::Attach {
            let name = rest[1..len].to_string();
            if let Some(last) = self.tokens.last_mut()
                && self.mode != LineMode::Plain
            {
                last.attached.push(name);
                self.at += len;
                return;
            }
        }
        self.push(kind, len);
    }

    fn comment(&mut self) {
        let rest = self.rest();
        let len = comment_len(rest);
        if self.line.mark.is_plus() {
            self.push(TokenKind::Comment, len);
        } else {
            self.at += len;
        }
    }

    fn at_line_start(&self) -> bool {
        let before = self.text.get(..self.at).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let line =
            if self.mode == LineMode::Body { line.trim_start_matches(['-', '+', '*', '?']) } else { line };
        line.trim().is_empty()
    }
}

fn symbol(rest: &str, c: char) -> (TokenKind, usize) {
    let fixed = [
        ("<+...", TokenKind::NestOpen),
        ("<...", TokenKind::NestOpen),
        ("...+>", TokenKind::NestClose),
        ("...>", TokenKind::NestClose),
        ("...", TokenKind::Dots),
        ("\\(", TokenKind::Open),
        ("\\|", TokenKind::Or),
        ("\\&", TokenKind::And),
        ("\\)", TokenKind::Close),
    ];
    if let Some((text, kind)) = fixed.iter().find(|(text, _)| rest.starts_with(text)) {
        return (*kind, text.len());
    }
    let operator = OPERATORS.iter().find(|op| rest.starts_with(**op));
    (TokenKind::Punct, operator.map_or(c.len_utf8(), |op| op.len()))
}

/// Length of a preprocessor line with its continuation lines under the same mark, without its newline: it ends with a
/// backslash where it goes on under another mark.
fn directive_len(rest: &str, mark: Mark) -> usize {
    let goes_on = |line: &str| match mark {
        Mark::Context => !line.starts_with(['-', '+', '*']),
        _ => unmarked(line).len() < line.len() && line.starts_with('-') == (mark == Mark::Minus),
    };
    let mut at = 0;
    loop {
        let line = rest[at..].split('\n').next().unwrap_or_default();
        let next = at + line.len() + 1;
        if !line.ends_with('\\') || !rest.get(next..).is_some_and(goes_on) {
            return at + line.len();
        }
        at = next;
    }
}

/// Length of an include with names attached behind what it names, without those.
fn include_len(line: &str) -> Option<usize> {
    let named = line.strip_prefix('#')?.trim_start().strip_prefix("include")?.trim_start();
    let closing = if named.starts_with('<') { '>' } else { '"' };
    let at = line.len() - named.len() + 1;
    let end = at + line.get(at..)?.find(closing)? + 1;
    line[end..].starts_with('@').then_some(end)
}

/// A line of a rule's body without its mark.
pub fn unmarked(line: &str) -> &str {
    line.strip_prefix("++").or(line.strip_prefix(['-', '+', '*'])).unwrap_or(line)
}

/// Length of the comment that `rest` starts with; an unclosed one goes on to the end.
pub fn comment_len(rest: &str) -> usize {
    if rest.starts_with("//") {
        rest.find('\n').unwrap_or(rest.len())
    } else {
        rest.get(2..).and_then(|r| r.find("*/")).map_or(rest.len(), |at| at + 4)
    }
}

/// Length of the literal that `rest` starts with; it ends at the line's end at the latest.
pub fn quoted_len(rest: &str, quote: u8) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'\n' => return at,
            b if b == quote => return at + 1,
            _ => at += 1,
        }
    }
    let mut at = at.min(bytes.len());
    while !rest.is_char_boundary(at) {
        at += 1;
    }
    at
}

fn number_len(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        let exponent =
            matches!(b, b'+' | b'-') && at > 0 && matches!(bytes[at - 1], b'e' | b'E' | b'p' | b'P');
        let hex = rest.starts_with("0x") || rest.starts_with("0X");
        let dots = b == b'.' && rest[at..].starts_with("..");
        if dots || !(b.is_ascii_alphanumeric() || b == b'.' || b == b'_' || (exponent && !hex)) {
            break;
        }
        at += 1;
    }
    at.max(1)
}

fn is_word_start(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '$'
}

/// A text with the words for which `instead` gives something replaced; it is told what came out so far, and the word.
pub fn replace_words(text: &str, instead: &dyn Fn(&str, &str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let len = word_len(rest).max(c.len_utf8());
        let word = &rest[..len];
        match instead(&out, word) {
            Some(text) => out.push_str(&text),
            None => out.push_str(word),
        }
        rest = &rest[len..];
    }
    out
}

/// Whether a text has a word.
pub fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !is_word_char(c)).any(|w| w == word)
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// Length of the word that `rest` starts with.
pub fn word_len(rest: &str) -> usize {
    rest.find(|c: char| !is_word_char(c)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, mode: LineMode) -> Vec<String> {
        let file = SourceFile::new("r.cocci", text);
        lex(&file, Span::new(0, text.len()), mode).iter().map(|t| file.slice(t.span).to_string()).collect()
    }

    #[test]
    fn lines_carry_marks() {
        let file = SourceFile::new("r.cocci", "- f(a@p, ...);\n+ g(); // why\n  h(); // not kept\n");
        let tokens = lex(&file, Span::new(0, file.text().len()), LineMode::Body);
        assert_eq!(tokens[0].mark, Mark::Minus);
        assert_eq!(tokens[2].attached, ["p"]);
        assert_eq!(tokens[4].kind, TokenKind::Dots);
        let comments: Vec<_> = tokens.iter().filter(|t| t.kind == TokenKind::Comment).collect();
        assert_eq!(comments.len(), 1);
        assert_eq!(comments[0].mark, Mark::Plus);
    }

    #[test]
    fn column_zero_opens_a_disjunction() {
        let file = SourceFile::new("r.cocci", "(\n a\n|\n b\n)\n (c)");
        let kinds: Vec<_> = lex(&file, Span::new(0, 18), LineMode::Body).iter().map(|t| t.kind).collect();
        assert_eq!(kinds[0], TokenKind::Open);
        assert_eq!(kinds[2], TokenKind::Or);
        assert_eq!(kinds[4], TokenKind::Close);
        assert_eq!(kinds[5], TokenKind::Punct);
    }

    #[test]
    fn operators_and_nests() {
        assert_eq!(
            texts("x<<=<+... 1...2.5e+3 ...+>", LineMode::Plain),
            ["x", "<<=", "<+...", "1", "...", "2.5e+3", "...+>"]
        );
    }
}
