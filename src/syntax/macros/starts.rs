//! What a loop behind a macro assigns before it looks at it.
//!
//! In: the parameters and the body of a macro. Out: [`Starts`]: the parameters that the first part of its `for` sets, so that
//! their old values do not matter. It takes nothing for set whose old value is looked at on the way.

use super::after_group;
use crate::syntax::lexer::TokenKind;

/// The arguments that a loop assigns before it looks at them, by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Starts(u32);

impl Starts {
    /// The parameters that `for (a = …, b = …;` assigns before it looks at them.
    pub(super) fn of(parameters: &[String], tokens: &[(TokenKind, &str)]) -> Self {
        let mut out = Self::default();
        let [(_, "for"), (TokenKind::LParen, _), rest @ ..] = tokens else { return out };
        let end = rest.iter().position(|(kind, _)| *kind == TokenKind::Semi).unwrap_or(0);
        let mut read: Vec<&str> = Vec::new();
        let mut at = 0;
        while at < end {
            let (target, value) = match &rest[at..end] {
                [(TokenKind::Word(_), name), (_, "="), ..] => (Some(*name), at + 2),
                [
                    (TokenKind::LParen, _),
                    (TokenKind::Word(_), name),
                    (TokenKind::RParen, _),
                    (_, "="),
                    ..,
                ] => (Some(*name), at + 4),
                _ => (None, at),
            };
            let mut stop = value;
            while stop < end && rest[stop].0 != TokenKind::Comma {
                let opens =
                    matches!(rest[stop].0, TokenKind::LParen | TokenKind::LBracket | TokenKind::LBrace);
                stop = if opens { after_group(rest, stop).min(end) } else { stop + 1 };
            }
            read.extend(evaluated(&rest[value..stop]));
            at = stop + 1;
            let number = target.and_then(|name| parameters.iter().position(|p| p == name));
            if let Some(number) = number.filter(|_| !target.is_some_and(|name| read.contains(&name))) {
                out.insert(number);
            }
        }
        out
    }

    /// Whether argument `number`, from 0, is one.
    pub fn has(self, number: usize) -> bool {
        u32::try_from(number).is_ok_and(|n| self.0.checked_shr(n).is_some_and(|bits| bits & 1 == 1))
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn insert(&mut self, number: usize) {
        self.0 |= u32::try_from(number).ok().and_then(|n| 1u32.checked_shl(n)).unwrap_or(0);
    }
}

/// The names that are looked at, which operands of `typeof` and `sizeof` are not.
fn evaluated<'t>(tokens: &[(TokenKind, &'t str)]) -> Vec<&'t str> {
    let mut names = Vec::new();
    let mut at = 0;
    while let Some((kind, text)) = tokens.get(at) {
        if matches!(*text, "typeof" | "__typeof__" | "__typeof" | "sizeof") {
            at = after_group(tokens, at + 1);
            continue;
        }
        if matches!(kind, TokenKind::Word(_)) {
            names.push(*text);
        }
        at += 1;
    }
    names
}

#[cfg(test)]
mod tests {
    use crate::syntax::macros::{Meaning, definitions};

    #[test]
    fn loops_tell_what_they_assign_first() {
        let assigned = |define: &str| match definitions(define.as_bytes())[0].meaning() {
            Some(Meaning::Head(starts)) => (0..4).filter(|n| starts.has(*n)).collect::<Vec<usize>>(),
            other => panic!("{other:?}"),
        };
        assert_eq!(assigned("#define each(a, b) for (a = 0; a < b; a++)"), [0]);
        assert_eq!(
            assigned("#define each(h, a, n) for (a = f(h, typeof(*a)), n = a->next; a; a = n)"),
            [1, 2]
        );
        assert_eq!(assigned("#define each(l, n, i) for ((i) = 0, (l) = (n); (i) < 4; (i)++)"), [0, 2]);
        assert_eq!(assigned("#define each(a, b) for (b = a, a = 0; a < b; a++)"), [1]);
        assert_eq!(assigned("#define rest(a) for (a = a->next; a; a = a->next)"), [0; 0]);
        assert_eq!(assigned("#define rest(a, b) for (; a < b; a++)"), [0; 0]);
        assert_eq!(assigned("#define unless(a) if (a) {} else"), [0; 0]);
    }
}
