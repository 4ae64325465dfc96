//! File name patterns, as git and lists of maintainers write them.
//!
//! In: a pattern and a path. Out: whether they fit. `*` and `?` stay inside one part of a path, `**` does not, `[a-z]`
//! and `[!a-z]` are sets, a backslash takes the next character as it is. It refuses nothing: a set that is not closed
//! is text.

/// Whether `pattern` fits the whole of `path`.
pub fn matches(pattern: &str, path: &str) -> bool {
    fits(pattern.as_bytes(), path.as_bytes())
}

fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let Some((&first, rest)) = pattern.split_first() else { return text.is_empty() };
    match first {
        b'*' => match rest.strip_prefix(b"*") {
            Some(rest) => {
                let below = rest.strip_prefix(b"/");
                below.is_some_and(|rest| fits(rest, text))
                    || (0..=text.len()).any(|at| fits(rest, &text[at..]))
            }
            None => {
                let end = text.iter().position(|b| *b == b'/').unwrap_or(text.len());
                (0..=end).any(|at| fits(rest, &text[at..]))
            }
        },
        b'?' => text.split_first().is_some_and(|(b, text)| *b != b'/' && fits(rest, text)),
        b'[' => match set(rest) {
            Some((set, rest)) => text.split_first().is_some_and(|(b, text)| set.has(*b) && fits(rest, text)),
            None => text.strip_prefix(b"[").is_some_and(|text| fits(rest, text)),
        },
        b'\\' if !rest.is_empty() => text.strip_prefix(&rest[..1]).is_some_and(|text| fits(&rest[1..], text)),
        _ => text.split_first().is_some_and(|(b, text)| *b == first && fits(rest, text)),
    }
}

struct Set<'p> {
    negated: bool,
    members: &'p [u8],
}

/// The set that opens before `pattern`, and what follows it.
fn set(pattern: &[u8]) -> Option<(Set<'_>, &[u8])> {
    let negated = pattern.first().is_some_and(|b| b"!^".contains(b));
    let members = &pattern[usize::from(negated)..];
    // A bracket right after the opening one is a member.
    let end = members.iter().skip(1).position(|b| *b == b']')? + 1;
    Some((Set { negated, members: &members[..end] }, &members[end + 1..]))
}

impl Set<'_> {
    fn has(&self, byte: u8) -> bool {
        let mut members = self.members;
        let mut found = false;
        while let Some((&first, rest)) = members.split_first() {
            match rest {
                [b'-', last, after @ ..] => {
                    found |= (first..=*last).contains(&byte);
                    members = after;
                }
                _ => {
                    found |= first == byte;
                    members = rest;
                }
            }
        }
        byte != b'/' && found != self.negated
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn parts_of_paths() {
        for (pattern, path) in [
            ("*.c", "a.c"),
            ("lib/*", "lib/a.c"),
            ("lib/**", "lib/a/b.c"),
            ("**/a.c", "a.c"),
            ("**/a.c", "x/y/a.c"),
            ("l?b/[a-c].c", "lib/b.c"),
            ("[!x].c", "a.c"),
            ("a\\*.c", "a*.c"),
            ("[.c", "[.c"),
        ] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [("*.c", "x/a.c"), ("lib/*", "lib/a/b.c"), ("[!a].c", "a.c"), ("a?c", "a/c")] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }
}
