//! What a macro does with its arguments.
//!
//! In: the parameters and the body of a macro. Out: [`Uses`]: what it assigns before it looks at it, what else it may write
//! or take the address of, and what it hands on by name to something that may be a macro too; with that resolved,
//! [`Arguments`]. It reads words, not expansions, and errs towards a write: nothing is taken for assigned whose old value
//! is looked at on the way.

use super::after_group;
use crate::syntax::lexer::{TokenKind, Word};

type Tokens<'a, 't> = &'a [(TokenKind, &'t str)];

/// What becomes of the arguments of a macro, by number from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    assigned: u32,
    touched: u32,
}

impl Arguments {
    /// Nothing is known: any may be written.
    pub const UNKNOWN: Self = Self { assigned: 0, touched: u32::MAX };

    /// Whether an argument is assigned before it is looked at.
    pub fn assigns(self, number: usize) -> bool {
        has(self.assigned, number)
    }

    /// Whether an argument may be written, or its address be taken.
    pub fn may_write(self, number: usize) -> bool {
        has(self.assigned | self.touched, number) || number >= u32::BITS as usize
    }

    /// Whether some argument is assigned before it is looked at.
    pub fn assigns_any(self) -> bool {
        self.assigned != 0
    }

    /// Whether some argument may be written.
    pub(super) fn writes_any(self) -> bool {
        self.assigned | self.touched != 0
    }

    /// What holds whichever of two definitions is used.
    fn or(self, other: Self) -> Self {
        Self { assigned: self.assigned & other.assigned, touched: self.all() | other.all() }
    }

    fn all(self) -> u32 {
        self.assigned | self.touched
    }

    pub(super) fn touch(&mut self, number: usize) {
        self.touched |= bit(number);
    }
}

fn bit(number: usize) -> u32 {
    u32::try_from(number).ok().and_then(|n| 1u32.checked_shl(n)).unwrap_or(0)
}

fn has(bits: u32, number: usize) -> bool {
    bits & bit(number) != 0
}

/// What a definition does with its parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// What it does itself.
    pub(super) own: Arguments,
    /// Parameters that stand alone as an argument of something with that name.
    pub(super) handed_on: Vec<(usize, String)>,
}

impl Uses {
    /// What a body does. A loop's head that shows nothing that it moves on moves it in a way that is not seen.
    pub(super) fn of(parameters: &[String], tokens: Tokens<'_, '_>) -> Self {
        let mut out = Self::default();
        out.own.assigned = assigned(parameters, tokens);
        let assembles = tokens.iter().any(|(kind, _)| *kind == TokenKind::Word(Word::Asm));
        for (at, (_, name)) in tokens.iter().enumerate().filter(|(at, _)| is_looked_at(tokens, *at)) {
            let Some(number) = parameters.iter().position(|p| p == name) else { continue };
            let (from, to) = without_brackets(tokens, at);
            if assembles || is_written(tokens, from, to) {
                out.own.touch(number);
            }
            if let Some(callee) = handed_to(tokens, from, to).filter(|c| !parameters.iter().any(|p| p == c)) {
                let handed = (number, callee.to_owned());
                out.handed_on.extend((!out.handed_on.contains(&handed)).then_some(handed));
            }
        }
        out
    }

    /// Whether it says more than that every argument is read.
    pub(super) fn tells(&self) -> bool {
        self.own.writes_any() || !self.handed_on.is_empty()
    }

    /// The names that it hands parameters on to.
    pub(in crate::syntax) fn handed_to(&self) -> impl Iterator<Item = &String> {
        self.handed_on.iter().map(|(_, name)| name)
    }

    /// What holds whichever of two definitions is used.
    pub(super) fn or(mut self, other: &Self) -> Self {
        self.own = self.own.or(other.own);
        self.handed_on.extend(other.handed_on.iter().cloned());
        self
    }
}

/// The parameters that the body's first statement, or the first part of its `for`, assigns before it looks at them.
fn assigned(parameters: &[String], tokens: Tokens<'_, '_>) -> u32 {
    let mut rest = tokens;
    while let [(TokenKind::LParen | TokenKind::LBrace, _), inner @ ..]
    | [(_, "do"), (TokenKind::LBrace, _), inner @ ..]
    | [(_, "for"), (TokenKind::LParen, _), inner @ ..] = rest
        && !is_bracketed_name(rest)
    {
        rest = inner;
    }
    let ends = |(kind, _): &(TokenKind, &str)| {
        matches!(kind, TokenKind::Semi | TokenKind::RParen | TokenKind::RBrace)
    };
    let (mut out, mut at, mut read) = (0, 0, Vec::new());
    loop {
        let (target, value) = match &rest[at..] {
            [(TokenKind::Word(Word::Ident), name), (_, "="), ..] => (Some(*name), at + 2),
            [(TokenKind::LParen, _), (_, name), (TokenKind::RParen, _), (_, "="), ..] => {
                (Some(*name), at + 4)
            }
            [(TokenKind::Word(word), _), ..] if *word != Word::Ident => return out,
            _ => (None, at),
        };
        let mut stop = value;
        while stop < rest.len() && rest[stop].0 != TokenKind::Comma && !ends(&rest[stop]) {
            let opens = matches!(rest[stop].0, TokenKind::LParen | TokenKind::LBracket | TokenKind::LBrace);
            stop = if opens { after_group(rest, stop) } else { stop + 1 };
        }
        let looked_at = (value..stop.min(rest.len())).filter(|n| is_looked_at(rest, *n)).map(|n| rest[n].1);
        read.extend(looked_at);
        let number = target.and_then(|name| parameters.iter().position(|p| p == name));
        out |= number.filter(|_| !target.is_some_and(|name| read.contains(&name))).map_or(0, bit);
        if rest.get(stop).is_none_or(ends) {
            return out;
        }
        at = stop + 1;
    }
}

/// Whether the tokens begin with `(name)`.
fn is_bracketed_name(tokens: Tokens<'_, '_>) -> bool {
    matches!(tokens, [(TokenKind::LParen, _), (TokenKind::Word(_), _), (TokenKind::RParen, _), ..])
}

/// Whether a token is a name whose value matters: no field, and no operand of `typeof` or `sizeof`.
fn is_looked_at(tokens: Tokens<'_, '_>, at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| tokens[before].0);
    let mut open = Vec::new();
    for (number, (kind, _)) in tokens[..at].iter().enumerate() {
        match kind {
            TokenKind::LParen => {
                let head = number.checked_sub(1).map(|head| tokens[head].0);
                open.push(matches!(head, Some(TokenKind::Word(Word::Sizeof | Word::Typeof))));
            }
            TokenKind::RParen => drop(open.pop()),
            _ => {}
        }
    }
    matches!(tokens[at].0, TokenKind::Word(_))
        && !matches!(before, Some(TokenKind::Dot | TokenKind::Arrow))
        && !open.contains(&true)
}

/// The first and the last token of a name with the brackets that are around nothing but it.
fn without_brackets(tokens: Tokens<'_, '_>, at: usize) -> (usize, usize) {
    let (mut from, mut to) = (at, at);
    while let Some(open) = from.checked_sub(1).filter(|open| tokens[*open].0 == TokenKind::LParen)
        && tokens.get(to + 1).is_some_and(|(kind, _)| *kind == TokenKind::RParen)
        && !open.checked_sub(1).is_some_and(|before| is_operand(tokens[before].0))
    {
        (from, to) = (open, to + 1);
    }
    (from, to)
}

/// Whether what ends with a token is a value, so that `&` behind it takes no address and `(` begins arguments.
fn is_operand(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Word(Word::Ident) | TokenKind::Number | TokenKind::RParen | TokenKind::RBracket)
}

/// Whether a name, or a field of it, is assigned, stepped or has its address taken.
fn is_written(tokens: Tokens<'_, '_>, from: usize, mut to: usize) -> bool {
    while let [_, (TokenKind::Dot, _), (TokenKind::Word(_), _), ..] = &tokens[to..] {
        to += 2;
    }
    let before = from.checked_sub(1).map(|at| tokens[at]);
    let ahead = from.checked_sub(2).is_some_and(|at| is_operand(tokens[at].0));
    let is_assignment = |text: &str| text.ends_with('=') && !matches!(text, "==" | "!=" | "<=" | ">=");
    let pointee = matches!(before, Some((TokenKind::Star, _)));
    match (before, tokens.get(to + 1)) {
        (Some((TokenKind::Step, _)), _) | (_, Some((TokenKind::Step, _))) => true,
        (Some((TokenKind::Amp, _)), after) => {
            !ahead && !matches!(after, Some((TokenKind::Arrow | TokenKind::LBracket, _)))
        }
        (_, Some((_, text))) => is_assignment(text) && !pointee,
        _ => false,
    }
}

/// The name of what has the tokens as one of its arguments.
fn handed_to<'t>(tokens: Tokens<'_, 't>, from: usize, to: usize) -> Option<&'t str> {
    let edge = |at: Option<usize>, bracket| {
        at.and_then(|at| tokens.get(at))
            .is_some_and(|(kind, _)| *kind == TokenKind::Comma || *kind == bracket)
    };
    if !edge(from.checked_sub(1), TokenKind::LParen) || !edge(Some(to + 1), TokenKind::RParen) {
        return None;
    }
    let mut depth = 0usize;
    for at in (0..from).rev() {
        match tokens[at].0 {
            TokenKind::RParen => depth += 1,
            TokenKind::LParen if depth == 0 => {
                let (kind, text) = tokens[at.checked_sub(1)?];
                return (kind == TokenKind::Word(Word::Ident)).then_some(text);
            }
            TokenKind::LParen => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::syntax::macros::{Layers, MacroKnowledge, definitions};

    /// What the last macro does with its arguments: `=` assigned first, `w` written, `.` read, for each of the first four.
    fn told(defines: &str) -> String {
        let mut known = MacroKnowledge::empty();
        let all = definitions(defines.as_bytes());
        all.iter().for_each(|d| known.add(d, crate::syntax::overlay::Why::Definition));
        let name = all.last().unwrap().name.clone();
        let arguments = Layers { local: &known, files: &known }.arguments(&name).unwrap_or_default();
        let one = |n| match (arguments.assigns(n), arguments.may_write(n)) {
            (true, _) => '=',
            (_, true) => 'w',
            _ => '.',
        };
        (0..4).map(one).collect()
    }

    #[test]
    fn loops_tell_what_they_assign_first() {
        assert_eq!(told("#define each(a, b) for (a = 0; a < b; a++)"), "=...");
        assert_eq!(told("#define each(h, a, n) for (a = f(h, typeof(*a)), n = a->next; a; a = n)"), ".==.");
        assert_eq!(told("#define each(l, n, i) for ((i) = 0, (l) = (n); (i) < 4; (i)++)"), "=.=.");
        assert_eq!(told("#define each(a, b) for (b = a, a = 0; a < b; a++)"), "w=..");
        assert_eq!(told("#define rest(a) for (a = a->next; a; a = a->next)"), "w...");
        assert_eq!(told("#define rest(a, b) for (; a < b; a++)"), "w...");
        assert_eq!(told("#define unless(a) if (a) {} else"), "....");
    }

    #[test]
    fn expressions_and_statements_tell_what_they_write() {
        assert_eq!(told("#define set(x, v) ((x) = (v))"), "=...");
        assert_eq!(told("#define set(x, v) do { x = *(v); } while (0)"), "=...");
        assert_eq!(told("#define set(c, x) do { if (c) x = 1; } while (0)"), ".w..");
        assert_eq!(told("#define add(x, v) ((x) += (v))"), "w...");
        assert_eq!(told("#define swap(a, b) do { int t = a; a = b; b = t; } while (0)"), "ww..");
        assert_eq!(told("#define same(x, y) ((x) == (y) && (x) <= (y))"), "....");
        assert_eq!(told("#define mask(x, y) ((y) & (x) & 3)"), "....");
        assert_eq!(told("#define ref(x, y) load(&(x), &(y)->z)"), "w...");
        assert_eq!(told("#define store(x, y) (*(x) = (y), (y)->z = 1, (x)[2]++)"), "....");
        assert_eq!(told("#define field(x, y) ((x).a.b = (y).c)"), "w...");
        assert_eq!(told("#define ask(x) do { asm(\"\" : \"=r\" (x)); } while (0)"), "w...");
    }

    #[test]
    fn what_is_handed_on_is_followed() {
        let set = "#define set(x, v) ((x) = (v))\n";
        assert_eq!(told(&format!("{set}#define both(a, b) do {{ set(a, 1); use(b); }} while (0)")), "w...");
        assert_eq!(told(&format!("{set}#define other(a, b) set(b, a)")), "ww..");
        assert_eq!(told("#define each(p, h) for (p = first(h); p; p = next(p))"), "=...");
        assert_eq!(told("#define each(p, h) for (begin(p, h); more(p); next(p))"), "wwww");
        assert_eq!(told("#define each(p, h) each_of(p, h, 1)"), "....");
    }

    #[test]
    fn of_two_definitions_either_may_be_used() {
        assert_eq!(told("#define set(x, v) ((x) = (v))\n#define set(x, v) ((v) = (x))"), "ww..");
        assert_eq!(told("#define set(x, v) ((x) = (v))\n#define set(x, v) (0)"), "w...");
    }
}
