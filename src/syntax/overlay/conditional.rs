//! Which arms of `#if` are handed to the grammar.
//!
//! In: all tokens of a file. Out: the significant ones in order, with the directives of a conditional kept where each
//! arm holds whole items (the grammar knows those) and blanked where the conditional splits a statement: then one arm
//! is read and the others are marked [`MarkKind::UnreadArm`]. Arms of `#if 0`, and those that names which are settled
//! leave out, are marked [`MarkKind::DeadArm`].

mod shape;

use super::spell::{Mark, MarkKind, Spelling};
use crate::source::Span;
use crate::syntax::lexer::{Directive, Token, TokenKind, Word, directive_name, directive_rest, lex};
use crate::syntax::macros::{Definition, MacroKnowledge};
use shape::balanced;
use std::collections::HashMap;

/// A significant token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tok {
    pub(super) kind: TokenKind,
    pub(super) start: u32,
    pub(super) end: u32,
    /// Whether it is the first on its line.
    pub(super) first: bool,
}

/// What a bracket that is open holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    Block,
    Fields,
    Enumerators,
    Initializer,
    Parens,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    inside: Inside,
    /// Whether an `=` or `return` stands before on this level since the last `;`.
    value: bool,
}

/// One `#if … #endif`: the token index of each directive, the `#endif` (or the end) last.
struct Group {
    directives: Vec<usize>,
}

pub(super) fn significant(tokens: &[Token], known: &MacroKnowledge, spelling: &mut Spelling<'_>) -> Vec<Tok> {
    let groups = groups(tokens);
    let mut selector = Selector {
        tokens,
        groups,
        known,
        spelling,
        out: Vec::with_capacity(tokens.len() / 2),
        open: vec![Open { inside: Inside::Block, value: false }],
        assumed: HashMap::new(),
        nesting: 0,
    };
    selector.run(0, tokens.len());
    selector.out
}

fn groups(tokens: &[Token]) -> HashMap<usize, Group> {
    let mut found = HashMap::new();
    let mut open: Vec<Vec<usize>> = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Directive(Directive::If) => open.push(vec![i]),
            TokenKind::Directive(Directive::Elif | Directive::Else) => {
                if let Some(group) = open.last_mut() {
                    group.push(i);
                }
            }
            TokenKind::Directive(Directive::Endif) => {
                if let Some(mut directives) = open.pop() {
                    directives.push(i);
                    found.insert(directives[0], Group { directives });
                }
            }
            _ => {}
        }
    }
    // What is never closed is closed by the end of the file.
    for mut directives in open {
        directives.push(tokens.len());
        found.insert(directives[0], Group { directives });
    }
    found
}

struct Selector<'a, 's, 't> {
    tokens: &'a [Token],
    groups: HashMap<usize, Group>,
    known: &'a MacroKnowledge,
    spelling: &'s mut Spelling<'t>,
    out: Vec<Tok>,
    /// Never empty.
    open: Vec<Open>,
    /// Conditions that an arm was chosen by, in the current top-level item.
    assumed: HashMap<String, bool>,
    /// Conditionals around the current token.
    nesting: usize,
}

/// More open brackets or conditionals around than this, and arms are not compared.
const DEEP: usize = 128;

struct Arm {
    toks: Vec<Tok>,
    marks: Vec<Mark>,
    open: Vec<Open>,
    balanced: bool,
    reach: Reach,
}

/// Whether an arm may be compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Live,
    Dead,
}

impl Selector<'_, '_, '_> {
    fn run(&mut self, from: usize, to: usize) {
        let mut i = from;
        let mut first = true;
        while i < to {
            let token = self.tokens[i];
            match token.kind {
                TokenKind::Space => {
                    first |= self.spelling.text[token.start as usize..token.end as usize].contains(&b'\n');
                }
                TokenKind::Comment => {}
                TokenKind::Directive(Directive::If) => {
                    i = self.conditional(i);
                    first = true;
                    continue;
                }
                TokenKind::Directive(_) => {
                    self.spelling.directive(span(token));
                    first = true;
                }
                kind => {
                    self.push(Tok { kind, start: token.start, end: token.end, first });
                    first = false;
                }
            }
            i += 1;
        }
    }

    fn push(&mut self, tok: Tok) {
        match tok.kind {
            TokenKind::LBrace => {
                let inside = self.brace();
                self.open.push(Open { inside, value: false });
            }
            TokenKind::LParen | TokenKind::LBracket => {
                self.open.push(Open { inside: Inside::Parens, value: false })
            }
            TokenKind::RParen | TokenKind::RBracket
                if self.open.len() > 1 && self.top().inside == Inside::Parens =>
            {
                self.open.pop();
            }
            TokenKind::RBrace => {
                while self.open.len() > 1 && self.top().inside == Inside::Parens {
                    self.open.pop();
                }
                if self.open.len() > 1 {
                    self.open.pop();
                }
                if self.open.len() == 1 {
                    self.assumed.clear();
                }
            }
            TokenKind::Semi => self.set_value(false),
            TokenKind::Assign => self.set_value(true),
            TokenKind::Word(Word::Jump) => self.set_value(true),
            _ => {}
        }
        self.out.push(tok);
    }

    fn top(&self) -> Open {
        self.open.last().copied().unwrap_or(Open { inside: Inside::Block, value: false })
    }

    fn set_value(&mut self, value: bool) {
        if let Some(top) = self.open.last_mut() {
            top.value = value;
        }
    }

    /// What a `{` that comes next would hold.
    fn brace(&self) -> Inside {
        let top = self.top();
        let last = self.out.last().map(|t| t.kind);
        if top.inside == Inside::Initializer {
            return Inside::Initializer;
        }
        for tok in self.out.iter().rev().take(4) {
            match tok.kind {
                TokenKind::Word(Word::Aggregate) => return Inside::Fields,
                TokenKind::Word(Word::Enum) => return Inside::Enumerators,
                TokenKind::Word(Word::Ident | Word::Attribute) => {}
                _ => break,
            }
        }
        match last {
            Some(TokenKind::Assign) => Inside::Initializer,
            Some(TokenKind::RParen) if top.value || top.inside == Inside::Parens => Inside::Initializer,
            _ => Inside::Block,
        }
    }

    /// Read the conditional whose `#if` is token `at`; gives the token after its `#endif`.
    fn conditional(&mut self, at: usize) -> usize {
        let Some(group) = self.groups.remove(&at).filter(|_| self.nesting < DEEP) else {
            self.spelling.directive(span(self.tokens[at]));
            return at + 1;
        };
        let directives = group.directives;
        let end = directives.last().copied().unwrap_or(at);
        let saved_open = self.open.clone();
        let before = self.out.len();
        self.nesting += 1;
        let reaches = self.reaches(&directives);
        let pairs = directives.windows(2).zip(reaches);
        let arms: Vec<Arm> =
            pairs.map(|(pair, reach)| self.arm((pair[0], pair[1]), reach, &saved_open)).collect();
        self.nesting -= 1;
        self.out.truncate(before);
        self.open.clone_from(&saved_open);
        let next = self.next_token(end + 1);
        let inside = saved_open.last().map_or(Inside::Block, |o| o.inside);
        match self.how(inside, &arms, next, end) {
            How::Keep => self.keep(&directives, arms, saved_open),
            How::Merge => self.merge(&directives, arms, saved_open),
            How::Choose if saved_open.len() > DEEP => {
                self.choose(&directives, arms, Vec::new());
                self.open = saved_open;
            }
            How::Choose => self.choose(&directives, arms, saved_open),
        }
        (end + 1).min(self.tokens.len())
    }

    fn arm(&mut self, (directive, end): (usize, usize), reach: Reach, open: &[Open]) -> Arm {
        let before = self.out.len();
        let marks_before = self.spelling.marks.len();
        self.open = if open.len() > DEEP { vec![self.top()] } else { open.to_vec() };
        let depth = self.open.len();
        if reach == Reach::Dead {
            let body = self.body(directive, end);
            if !body.is_empty() {
                self.spelling.mark(Mark::new(MarkKind::DeadArm, body));
            }
        } else {
            self.run(directive + 1, end);
        }
        let toks = self.out.split_off(before);
        let marks = self.spelling.marks.split_off(marks_before);
        let balanced = self.open.len() == depth && balanced(&toks);
        Arm { toks, marks, open: self.open.clone(), balanced, reach }
    }

    /// The bytes between two directives, without the white space around.
    fn body(&self, directive: usize, end: usize) -> Span {
        let inner = &self.tokens[directive + 1..end];
        let first = inner.iter().find(|t| t.kind != TokenKind::Space);
        let last = inner.iter().rfind(|t| t.kind != TokenKind::Space);
        match (first, last) {
            (Some(first), Some(last)) => Span { start: first.start, end: last.end },
            _ => Span::at(self.tokens[directive].end as usize),
        }
    }

    fn next_token(&self, from: usize) -> Option<Token> {
        let rest = self.tokens.get(from..)?;
        let code = |k| !matches!(k, TokenKind::Space | TokenKind::Comment | TokenKind::Directive(_));
        rest.iter().copied().find(|t| code(t.kind))
    }

    /// The directives stay; the grammar nests the arms.
    fn keep(&mut self, directives: &[usize], arms: Vec<Arm>, open: Vec<Open>) {
        for (arm, directive) in arms.into_iter().zip(directives) {
            self.push_directive(*directive);
            self.spelling.marks.extend(arm.marks);
            self.out.extend(arm.toks);
        }
        if let Some(end) = directives.last().filter(|e| **e < self.tokens.len()) {
            self.push_directive(*end);
        }
        self.open = open;
    }

    fn push_directive(&mut self, at: usize) {
        let token = self.tokens[at];
        self.spelling.kept_directive(span(token));
        self.out.push(Tok { kind: token.kind, start: token.start, end: token.end, first: true });
    }

    /// Every arm is read, the directives are blanked.
    fn merge(&mut self, directives: &[usize], arms: Vec<Arm>, open: Vec<Open>) {
        self.blank_directives(directives);
        for arm in arms {
            self.spelling.marks.extend(arm.marks);
            self.out.extend(arm.toks);
        }
        self.open = open;
    }

    fn blank_directives(&mut self, directives: &[usize]) {
        for directive in directives.iter().filter(|d| **d < self.tokens.len()) {
            self.spelling.directive(span(self.tokens[*directive]));
        }
    }

    /// One arm is read, the others are marked.
    fn choose(&mut self, directives: &[usize], arms: Vec<Arm>, open: Vec<Open>) {
        self.blank_directives(directives);
        let chosen = self.chosen(directives, &arms);
        self.open = open;
        for (i, arm) in arms.into_iter().enumerate() {
            if Some(i) == chosen {
                self.spelling.marks.extend(arm.marks);
                self.out.extend(arm.toks);
                self.open = arm.open;
                continue;
            }
            let body = self.body(directives[i], directives[i + 1]);
            if !body.is_empty() && !arm.toks.is_empty() {
                self.spelling.mark(Mark::new(MarkKind::UnreadArm, body));
            } else {
                // Directives, or an `#if 0`.
                self.spelling.marks.extend(arm.marks);
            }
        }
    }

    /// The arm to read: the one that earlier choices in this item imply, else the first that may be compiled.
    fn chosen(&mut self, directives: &[usize], arms: &[Arm]) -> Option<usize> {
        for (i, (directive, arm)) in directives.iter().zip(arms).enumerate() {
            let (condition, truth) = self.condition(*directive);
            if arm.reach == Reach::Dead {
                continue;
            }
            if condition.is_empty() {
                return Some(i);
            }
            match self.assumed.get(&condition) {
                Some(known) if *known != truth => continue,
                Some(_) => return Some(i),
                None => {
                    self.assumed.insert(condition, truth);
                    return Some(i);
                }
            }
        }
        None
    }

    fn directive_text(&self, at: usize) -> &[u8] {
        self.tokens.get(at).map_or(b"", |t| &self.spelling.text[t.start as usize..t.end as usize])
    }

    /// The condition of a directive without white space, and the truth it asks for; empty for `#else`.
    fn condition(&self, at: usize) -> (String, bool) {
        let text = self.directive_text(at);
        let name = directive_name(text);
        let after = directive_rest(text);
        let code = lex(&text[after..]).into_iter();
        let rest: String = code
            .filter(|t| !matches!(t.kind, TokenKind::Space | TokenKind::Comment))
            .map(|t| {
                String::from_utf8_lossy(&text[after + t.start as usize..after + t.end as usize]).into_owned()
            })
            .collect();
        match name {
            b"ifndef" | b"elifndef" => (format!("defined({rest})"), false),
            b"ifdef" | b"elifdef" => (format!("defined({rest})"), true),
            _ => match rest.strip_prefix("!") {
                Some(inner) if !inner.contains(['&', '|']) => (inner.to_owned(), false),
                _ => (rest, true),
            },
        }
    }

    /// Which arms of a conditional may be compiled.
    fn reaches(&self, directives: &[usize]) -> Vec<Reach> {
        let mut taken = false;
        let arms = directives.split_last().map_or(&[][..], |(_, arms)| arms).iter();
        let one = |directive: &usize| {
            let holds = self.holds(*directive);
            let dead = taken || holds == Some(false);
            taken |= holds == Some(true);
            if dead { Reach::Dead } else { Reach::Live }
        };
        arms.map(one).collect()
    }

    /// Whether the condition of a directive holds, if that is settled.
    fn holds(&self, at: usize) -> Option<bool> {
        let (condition, truth) = self.condition(at);
        if condition == "0" {
            let first = directive_name(self.directive_text(at)) == b"if" && truth;
            return first.then_some(false);
        }
        let name = condition.strip_prefix("defined").unwrap_or(&condition);
        let name = name.strip_prefix('(').and_then(|name| name.strip_suffix(')')).unwrap_or(name);
        self.known.assumed(name).map(|definition| (definition == Definition::Defined) == truth)
    }
}

enum How {
    Keep,
    Merge,
    Choose,
}

fn span(token: Token) -> Span {
    Span { start: token.start, end: token.end }
}
