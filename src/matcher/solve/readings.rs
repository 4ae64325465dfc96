//! One place read in two ways.
//!
//! In: environments that are about to forget names. Out: those that say something of their own. Where `(x)` of a rule is
//! `(a)` of the code, `x` is `a` or all of it; what only repeats another reading with brackets would do the same again.

use crate::matcher::canonical::alike;
use crate::matcher::environment::{Environment, Touch};

/// The environments that are not another one before them with brackets around what `names` stand for.
pub(super) fn first_of_each<'e>(
    all: &'e [Environment],
    names: &'e [&str],
) -> impl Iterator<Item = &'e Environment> {
    let bracketed =
        |e: &Environment| names.iter().any(|name| e.get(name).is_some_and(|b| b.key.starts_with('(')));
    let several = all.len() > 1 && all.iter().any(bracketed);
    let repeats =
        move |at: usize| several && all[..at].iter().any(|before| says_again(before, &all[at], names));
    all.iter().enumerate().filter(move |(at, _)| !repeats(*at)).map(|(_, e)| e)
}

fn says_again(before: &Environment, env: &Environment, names: &[&str]) -> bool {
    let alike = names.iter().all(|name| match (before.get(name), env.get(name)) {
        (Some(a), Some(b)) => without_brackets(alike(&a.key)) == without_brackets(alike(&b.key)),
        (a, b) => a.is_none() && b.is_none(),
    });
    let touched = before.touches();
    let there = |t: &Touch| touched.iter().any(|o| o.span.contains(t.span) || t.span.contains(o.span));
    alike && env.touches().iter().all(there)
}

/// The key of an expression without the brackets around all of it.
fn without_brackets(key: &str) -> &str {
    let key = key.trim_matches('\u{1}');
    let inner = key.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let mut depth = 0i32;
    let closes_early = inner.is_some_and(|inner| {
        inner.chars().any(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth < 0
        })
    });
    inner.filter(|_| !closes_early).map_or(key, without_brackets)
}
