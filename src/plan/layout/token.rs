//! The tokens that layout works on: those of the file, each kept or removed, and those that a rule adds.
//!
//! In: a stretch of a file's text. Out: [`Token`]s that spell it without a gap. White space is cut as the layout rules
//! see it: a newline with the indentation behind it is one token, a run of blanks another.

use crate::source::Span;
use crate::syntax::lexer::{self, Directive, TokenKind};

/// A token of the text that is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// It stood in the file.
    Old(Old),
    /// A rule adds it.
    New(New),
    /// What follows stands in column 0.
    Outdent,
}

/// A token of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Old {
    /// Its characters.
    pub text: String,
    /// Where they stand.
    pub span: Span,
    /// What it is.
    pub class: Class,
    /// What becomes of it.
    pub fate: Fate,
    /// Its number among the tokens that are code or directives; 0 for white space and comments.
    pub number: usize,
}

/// What a token of the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Code.
    Code,
    /// Blanks.
    Space,
    /// A newline and the indentation of the next line.
    Newline,
    /// A comment.
    Comment,
    /// A preprocessor line between tokens.
    Directive(Branch),
}

/// What a preprocessor line is to the lines around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Branch {
    /// `#if`, `#ifdef`, `#ifndef`
    If,
    /// `#else`, `#elif`
    Else,
    /// `#endif`
    Endif,
    /// Any other.
    None,
}

/// What becomes of a token of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays.
    Kept,
    /// It goes.
    Removed(Witness),
}

/// Why a token goes: what stands between two tokens that go for one reason goes with them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// The matches that remove it.
    pub matches: Vec<usize>,
    /// The run of minus code it belongs to; `None` inside of what a metavariable stands for.
    pub run: Option<u32>,
}

impl Witness {
    /// Whether what stands between two such tokens goes with them.
    fn joins(&self, other: &Self) -> bool {
        let run = match (self.run, other.run) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        run && self.matches.iter().any(|m| other.matches.contains(m))
    }
}

/// A token that a rule adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct New {
    /// Its characters; a newline token is a newline and the indentation behind it.
    pub text: String,
    /// Where it comes from.
    pub origin: Origin,
    /// The white space behind a comma, which may become a line break.
    pub gap: Option<String>,
    /// Of a line break in the middle of a statement: how many columns the line stands behind the statement's first one.
    pub beyond: Option<usize>,
}

/// Where added code comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The rule's own text.
    Rule,
    /// What a metavariable is bound to, and white space.
    Bound,
}

impl Token {
    /// A token of a rule's plus code.
    pub fn rule(text: impl Into<String>) -> Self {
        Self::New(New { text: text.into(), origin: Origin::Rule, gap: None, beyond: None })
    }

    /// A token of bound code.
    pub fn bound(text: impl Into<String>) -> Self {
        Self::New(New { text: text.into(), origin: Origin::Bound, gap: None, beyond: None })
    }

    /// A blank between added tokens.
    pub fn blank() -> Self {
        Self::bound(" ")
    }

    /// A line break in the middle of a statement, so many columns behind where that starts.
    pub fn continued(beyond: usize) -> Self {
        Self::New(New { text: "\n".into(), origin: Origin::Bound, gap: None, beyond: Some(beyond) })
    }

    /// A line break between added tokens; its indentation is found later.
    pub fn line_break() -> Self {
        Self::rule("\n")
    }

    /// A comma of a rule, behind which a line may break.
    pub fn comma() -> Self {
        Self::New(New { text: ",".into(), origin: Origin::Rule, gap: Some(" ".into()), beyond: None })
    }

    /// White space of a rule, which nothing else adds to or takes from.
    pub fn gap(text: impl Into<String>) -> Self {
        Self::New(New { text: String::new(), origin: Origin::Bound, gap: Some(text.into()), beyond: None })
    }

    /// The characters.
    pub fn text(&self) -> &str {
        match self {
            Self::Old(old) => &old.text,
            Self::New(new) => &new.text,
            Self::Outdent => "",
        }
    }

    /// The token of the file, if it is one.
    pub fn old(&self) -> Option<&Old> {
        match self {
            Self::Old(old) => Some(old),
            _ => None,
        }
    }

    fn class(&self) -> Option<Class> {
        self.old().map(|o| o.class)
    }

    /// Whether a rule adds it.
    pub fn is_new(&self) -> bool {
        matches!(self, Self::New(_) | Self::Outdent)
    }

    /// Whether a rule's own text adds it.
    pub fn is_rule(&self) -> bool {
        matches!(self, Self::New(New { origin: Origin::Rule, .. }))
    }

    /// Whether it stood in the file and stays.
    pub fn is_kept(&self) -> bool {
        self.old().is_some_and(|o| o.fate == Fate::Kept)
    }

    /// Whether it stood in the file and goes.
    pub fn is_removed(&self) -> bool {
        self.old().is_some_and(|o| o.fate != Fate::Kept)
    }

    /// Blanks of the file.
    pub fn is_space(&self) -> bool {
        self.class() == Some(Class::Space)
    }

    /// A newline of the file.
    pub fn is_newline(&self) -> bool {
        self.class() == Some(Class::Newline)
    }

    /// A comment of the file.
    pub fn is_comment(&self) -> bool {
        self.class() == Some(Class::Comment)
    }

    /// A comment that ends with its line.
    pub fn is_line_comment(&self) -> bool {
        self.text().starts_with("//")
    }

    /// White space or a comment of the file.
    pub fn is_gap(&self) -> bool {
        matches!(self.class(), Some(Class::Space | Class::Newline | Class::Comment))
    }

    /// White space of the file.
    pub fn is_white(&self) -> bool {
        matches!(self.class(), Some(Class::Space | Class::Newline))
    }

    /// A blank that was added.
    pub fn is_added_blank(&self) -> bool {
        matches!(self, Self::New(New { origin: Origin::Bound, text, .. }) if text == " ")
    }

    /// White space that was added.
    pub fn is_added_white(&self) -> bool {
        matches!(self, Self::New(new) if new.text.is_empty() || new.text.starts_with([' ', '\n']))
    }

    /// A line break that was added.
    pub fn is_added_break(&self) -> bool {
        matches!(self, Self::New(new) if new.text.starts_with('\n'))
    }

    /// A line break that stays or was added.
    pub fn breaks_line(&self) -> bool {
        self.is_newline() && self.is_kept() || self.is_added_break()
    }

    /// Remove a token of the file that is still kept.
    pub fn remove(&mut self, witness: &Witness) {
        if let Self::Old(Old { fate: fate @ Fate::Kept, .. }) = self {
            *fate = Fate::Removed(witness.clone());
        }
    }

    /// Keep a token of the file after all.
    pub fn keep(&mut self) {
        if let Self::Old(old) = self {
            old.fate = Fate::Kept;
        }
    }

    /// Take a token of the file for something else.
    pub fn set_class(&mut self, class: Class) {
        if let Self::Old(old) = self {
            old.class = class;
        }
    }

    /// Why it goes.
    pub fn witness(&self) -> Option<&Witness> {
        match self {
            Self::Old(Old { fate: Fate::Removed(witness), .. }) => Some(witness),
            _ => None,
        }
    }

    /// Whether what stands between this and a later token goes with them.
    pub fn joins(&self, other: &Self) -> bool {
        matches!((self.witness(), other.witness()), (Some(a), Some(b)) if a.joins(b))
    }
}

/// A piece of a text and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What it is.
    pub class: Class,
}

/// The pieces of a text, in order and without gaps; `open` says of a directive's bytes whether its inside matters.
pub fn pieces(text: &str, open: &dyn Fn(usize, usize) -> bool) -> Vec<Piece> {
    let mut out = Vec::new();
    for token in lexer::lex(text.as_bytes()) {
        let (start, end) = (token.start as usize, token.end as usize);
        match token.kind {
            TokenKind::Space => blanks(text, start, end, &mut out),
            TokenKind::Comment => out.push(Piece { start, end, class: Class::Comment }),
            TokenKind::Directive(_) if open(start, end) => inside(text, start, end, &mut out),
            TokenKind::Directive(d) => {
                let class = match d {
                    Directive::If => Class::Directive(Branch::If),
                    Directive::Elif | Directive::Else => Class::Directive(Branch::Else),
                    Directive::Endif => Class::Directive(Branch::Endif),
                    Directive::Define | Directive::Include | Directive::Other => {
                        Class::Directive(Branch::None)
                    }
                };
                out.push(Piece { start, end, class });
            }
            _ => out.push(Piece { start, end, class: Class::Code }),
        }
    }
    out
}

/// The pieces of a directive's own text: its name with the `#`, then tokens.
fn inside(text: &str, start: usize, end: usize, out: &mut Vec<Piece>) {
    let line = &text[start..end];
    let blank = line[1..].len() - line[1..].trim_start().len();
    let name = 1 + blank + crate::smpl::token::word_len(&line[1 + blank..]);
    out.push(Piece { start, end: start + name, class: Class::Code });
    for token in lexer::lex(&line.as_bytes()[name..]) {
        let (from, to) = (start + name + token.start as usize, start + name + token.end as usize);
        match token.kind {
            TokenKind::Space => blanks(text, from, to, out),
            TokenKind::Comment => out.push(Piece { start: from, end: to, class: Class::Comment }),
            _ => out.push(Piece { start: from, end: to, class: Class::Code }),
        }
    }
}

/// White space cut in front of each newline. A newline behind a backslash ends no line of the code.
fn blanks(text: &str, start: usize, end: usize, out: &mut Vec<Piece>) {
    let bytes = text.as_bytes();
    let mut from = start;
    let mut escaped = false;
    for at in start..end {
        match bytes[at] {
            b'\\' => escaped = true,
            b'\n' if escaped => escaped = false,
            b'\n' => {
                if from < at {
                    out.push(Piece { start: from, end: at, class: class_of(bytes[from]) });
                }
                from = at;
            }
            _ => {}
        }
    }
    if from < end {
        out.push(Piece { start: from, end, class: class_of(bytes[from]) });
    }
}

fn class_of(first: u8) -> Class {
    if first == b'\n' { Class::Newline } else { Class::Space }
}
