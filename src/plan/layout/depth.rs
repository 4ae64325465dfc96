//! How deep each line stands before and after a change.
//!
//! In: tokens. Out: for each token an [`Effect`]: a line break with its depth among the old and the new tokens, or
//! nothing. Depth counts braces and the branches without braces; it follows `token_effect` of Coccinelle's
//! `unparse_c.ml`, whose results we have to equal.

use super::token::{Class, Token};

/// A number for the code as it was, and one for the code as it will be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Both {
    /// Among kept and removed tokens.
    pub old: usize,
    /// Among kept and added tokens.
    pub new: usize,
}

/// What a token means for indentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// A kept newline: the indentation behind it, the depths, and how many brackets and assignments are open.
    Kept(String, Both, usize),
    /// A removed newline, likewise.
    Removed(String, Both, usize),
    /// An added line break: its depth, and what is open.
    Added(usize, usize),
    /// A newline whose indentation says nothing: of an empty line, or in front of a label.
    Ignored,
    /// What follows stands in column 0.
    Outdent,
    /// Nothing.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sides {
    New,
    Old,
    Both,
}

impl Sides {
    fn of(token: &Token) -> Self {
        match token {
            Token::Old(_) if token.is_removed() => Self::Old,
            Token::Old(_) => Self::Both,
            _ => Self::New,
        }
    }

    fn each(self) -> &'static [Sides] {
        match self {
            Self::New => &[Self::New],
            Self::Old => &[Self::Old],
            Self::Both => &[Self::Old, Self::New],
        }
    }
}

impl Both {
    fn get(self, sides: Sides) -> usize {
        if sides == Sides::New { self.new } else { self.old }
    }

    fn change(&mut self, sides: Sides, with: impl Fn(usize) -> usize) {
        if sides != Sides::New {
            self.old = with(self.old);
        }
        if sides != Sides::Old {
            self.new = with(self.new);
        }
    }

    fn up(&mut self, sides: Sides) {
        self.change(sides, |n| n + 1);
    }

    fn down(&mut self, sides: Sides) {
        self.change(sides, |n| n.saturating_sub(1));
    }
}

/// What a branch belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Header {
    If,
    Else,
    Do,
    #[default]
    Other,
}

/// A branch without braces of its own.
#[derive(Clone, Copy, Debug)]
struct Branch {
    header: Header,
    /// How many braces are open in it.
    braces: usize,
}

impl Branch {
    fn of(header: Header) -> Self {
        Self { header, braces: 0 }
    }
}

/// The branches without braces of their own, the innermost last.
#[derive(Clone, Debug, Default)]
struct Branches {
    old: Vec<Branch>,
    new: Vec<Branch>,
}

impl Branches {
    fn change(&mut self, sides: Sides, with: impl Fn(&mut Vec<Branch>)) {
        if sides != Sides::New {
            with(&mut self.old);
        }
        if sides != Sides::Old {
            with(&mut self.new);
        }
    }
}

#[derive(Clone, Debug, Default)]
struct State {
    depth: Both,
    brackets: Both,
    assigned: Both,
    braces: Both,
    values: Both,
    branches: Branches,
    /// The header whose brackets are open, or were last, among the old and the new tokens.
    header: [Header; 2],
    /// Whether the last token was `if`.
    after_if: [bool; 2],
}

/// The effect of each token.
pub(super) fn effects(tokens: &[Token]) -> Vec<Effect> {
    let mut state = State::default();
    let mut out = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        // Of a row of newlines the last one counts.
        let white = super::removal::run(tokens, at, Token::is_white);
        if white > 1 {
            out.extend(std::iter::repeat_n(Effect::Ignored, white - 1));
            at += white - 1;
        }
        out.push(state.step(&tokens[at], &tokens[at + 1..]));
        at += 1;
    }
    cases(tokens, &mut out);
    out
}

/// A `case` stands one level less deep, and so does a `default` that is added.
fn cases(tokens: &[Token], effects: &mut [Effect]) {
    for at in 1..tokens.len() {
        if tokens[at].text() != "case" && !is_added_default(&tokens[at]) {
            continue;
        }
        match &mut effects[at - 1] {
            Effect::Added(depth, _) => *depth = depth.saturating_sub(1),
            Effect::Kept(_, depth, _) | Effect::Removed(_, depth, _) => depth.down(Sides::Both),
            _ => {}
        }
    }
}

impl State {
    fn step(&mut self, token: &Token, rest: &[Token]) -> Effect {
        let sides = Sides::of(token);
        match token {
            Token::Outdent => return Effect::Outdent,
            Token::New(_) if token.text() == "\n" => return self.line(token, sides, rest),
            Token::Old(old) if old.class == Class::Newline => return self.line(token, sides, rest),
            _ => {}
        }
        let (brackets, assigned) = (self.brackets.get(sides), self.assigned.get(sides));
        match token.text() {
            ")" if brackets <= 1 && assigned == 0 && self.braces.get(sides) > 0 => {
                let header = self.header;
                self.branch(sides, rest, |side| Some(header[usize::from(side == Sides::New)]));
            }
            "else" => self.branch(sides, rest, |side| breaks(side, rest).then_some(Header::Else)),
            "do" => self.branch(sides, rest, |side| breaks(side, rest).then_some(Header::Do)),
            "{" => {
                self.depth.up(sides);
                self.branches.change(sides, |b| b.last_mut().into_iter().for_each(|b| b.braces += 1));
                if assigned > 0 {
                    self.values.up(sides);
                }
                self.assigned = Both::default();
                self.braces.up(sides);
            }
            "}" => {
                self.depth.down(sides);
                let close = |b: &mut Branch| b.braces = b.braces.saturating_sub(1);
                self.branches.change(sides, |b| b.last_mut().into_iter().for_each(close));
                self.assigned = Both::default();
                self.braces.down(sides);
                self.values.down(sides);
                self.end_branches(sides, rest);
            }
            ";" | "{}" if brackets == 0 && assigned <= 1 => {
                self.assigned = Both::default();
                self.end_branches(sides, rest);
            }
            "," if brackets == 0 && assigned <= 1 && self.values.get(sides) > 0 => {
                self.assigned = Both::default();
                self.end_branches(sides, rest);
            }
            ";" => self.assigned.down(sides),
            text if assigns(text) && brackets + assigned == 0 => {
                self.assigned = Both::default();
                self.assigned.up(sides);
            }
            "(" => {
                for side in sides.each() {
                    let at = usize::from(*side == Sides::New);
                    if self.brackets.get(*side) == 0 {
                        self.header[at] = if self.after_if[at] { Header::If } else { Header::Other };
                    }
                }
                self.brackets.up(sides);
            }
            ")" => self.brackets.down(sides),
            _ => {}
        }
        if !token.is_gap() && !token.is_added_white() {
            for side in sides.each() {
                self.after_if[usize::from(*side == Sides::New)] = token.text() == "if";
            }
        }
        Effect::None
    }

    /// A header ends here: unless a brace follows, what follows is a branch of its own.
    fn branch(&mut self, sides: Sides, rest: &[Token], header: impl Fn(Sides) -> Option<Header>) {
        for side in sides.each().iter().filter(|side| !opens(**side, rest)) {
            if let Some(header) = header(*side) {
                self.branches.change(*side, |b| b.push(Branch::of(header)));
            }
        }
        self.brackets = Both::default();
        self.assigned = Both::default();
    }

    /// A statement ends here, and with it the branches that it is the whole of.
    fn end_branches(&mut self, sides: Sides, rest: &[Token]) {
        for side in sides.each() {
            let until = match next_code(*side, rest, gap).map(Token::text) {
                Some("else") => Some(Header::If),
                Some("while") => Some(Header::Do),
                _ => None,
            };
            self.branches.change(*side, |b| {
                let outer = b.iter().rposition(|b| b.braces != 0).map_or(0, |i| i + 1);
                let goes_on = b[outer..].iter().rposition(|b| Some(b.header) == until);
                b.truncate(goes_on.map_or(outer, |i| outer + i));
            });
        }
    }

    fn line(&self, token: &Token, sides: Sides, rest: &[Token]) -> Effect {
        if labels(sides, rest) {
            return Effect::Ignored;
        }
        let open = self.brackets.get(sides) + self.assigned.get(sides);
        let mut depth = self.depth;
        for side in sides.each() {
            if next_code(*side, rest, white).is_some_and(|t| t.text() == "}") {
                depth.down(*side);
            }
        }
        if sides != Sides::New {
            depth.old += self.branches.old.len();
        }
        if sides != Sides::Old {
            depth.new += self.branches.new.len();
        }
        let indent = token.text().trim_start_matches('\n').to_string();
        match sides {
            Sides::Both => Effect::Kept(indent, depth, open),
            Sides::Old => Effect::Removed(indent, depth, open),
            Sides::New => Effect::Added(depth.new, open),
        }
    }
}

fn gap(t: &Token) -> bool {
    t.is_gap() || t.is_added_white()
}

fn white(t: &Token) -> bool {
    t.is_white() || t.is_added_white()
}

/// The next token of a side that is not skipped.
fn next_code(side: Sides, rest: &[Token], skipped: impl Fn(&Token) -> bool) -> Option<&Token> {
    let at = next_at(side, rest, skipped)?;
    rest.get(at)
}

fn next_at(side: Sides, rest: &[Token], skipped: impl Fn(&Token) -> bool) -> Option<usize> {
    rest.iter().position(|t| {
        let mine = match Sides::of(t) {
            Sides::Both => true,
            other => other == side || side == Sides::Both,
        };
        !skipped(t) && mine
    })
}

/// Whether what follows a `)` says that it ends no header of a lone statement: a brace, an end, or an operator.
/// Coccinelle takes operators for statements, and then moves the `else` of a branch that loses one.
fn opens(side: Sides, rest: &[Token]) -> bool {
    let Some(at) = next_at(side, rest, gap) else { return false };
    // A `;` on a line of its own is the statement.
    let breaks = |t: &Token| t.is_added_break() || t.is_newline() && !t.is_removed();
    if rest[at].text() == ";" && rest[..at].iter().any(breaks) {
        return false;
    }
    rest.get(at).is_some_and(|t| {
        matches!(
            t.text(),
            "{" | ";" | "," | "?" | ":" | "." | "->" | "[" | "/" | "%" | "|" | "^" | "||" | "&&"
        ) || matches!(t.text(), "==" | "!=" | "<" | ">" | "<=" | ">=" | "<<" | ">>" | "=")
    })
}

/// Whether the line ends behind an `else`.
fn breaks(side: Sides, rest: &[Token]) -> bool {
    let blank = |t: &Token| t.is_space() || t.is_added_blank();
    next_code(side, rest, blank)
        .is_some_and(|t| t.is_newline() || t.is_new() && t.text() == "\n" || *t == Token::Outdent)
}

/// Whether a preprocessor line follows, or a label on one of the sides.
fn labels(sides: Sides, rest: &[Token]) -> bool {
    let Some(at) = next_at(Sides::Both, rest, gap) else { return false };
    if rest[at].text().starts_with('#') {
        return true;
    }
    if is_added_default(&rest[at]) {
        return false;
    }
    sides.each().iter().any(|side| {
        let name = next_at(*side, rest, gap);
        name.and_then(|at| next_code(*side, &rest[at + 1..], gap)).is_some_and(|t| t.text() == ":")
    })
}

fn is_added_default(token: &Token) -> bool {
    token.is_new() && token.text() == "default"
}

fn assigns(text: &str) -> bool {
    matches!(text, "=" | "+=" | "-=" | "*=" | "/=" | "%=" | "&=" | "|=" | "^=" | "<<=" | ">>=" | "enum")
}
