//! Format strings: `"...%d..."`, and `"%@f@"` for a conversion or several that a metavariable stands for.
//!
//! In: a string of the pattern and one of the code. Out: every way to match them, text against text and conversion
//! against conversion. A string is read so only if it has a `%`; all other strings are compared as they are written.

use super::binding::Binding;
use super::environment::Environment;
use super::node::Matcher;
use crate::smpl::pattern::format_names;
use crate::smpl::{ListLength, MetaKind, Metavariable};
use crate::source::Span;
use crate::syntax::Node;

/// A piece of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fragment<'s> {
    /// Characters.
    Text(&'s str),
    /// What stands behind the `%` of a conversion.
    Conversion(&'s str),
    /// `...`
    Dots,
    /// `%@name@`
    Meta(&'s str),
}

/// Whether a string of a pattern says more than its characters.
pub fn is_format(text: &str) -> bool {
    text.contains('%') && (text.contains("...") || !format_names(text).is_empty())
}

/// The length of a conversion that starts behind a `%`; nothing if it is none.
fn conversion_len(text: &str) -> Option<usize> {
    let flag = |c: char| c.is_ascii_digit() || "+ -#'*.$".contains(c);
    let flags = text.len() - text.trim_start_matches(flag).len();
    let rest = &text[flags..];
    let size = ["hh", "h", "ll", "l", "L", "z", "j", "t", "q"].iter().find(|s| rest.starts_with(**s));
    let size = size.map_or(0, |s| s.len());
    let kind = rest[size..].chars().next()?;
    "diufFeEgGxXoscpaAn".contains(kind).then_some(flags + size + 1)
}

/// The fragments of what stands between the quotes; nothing if some `%` starts no conversion.
fn fragments(text: &str, pattern: bool) -> Option<Vec<Fragment<'_>>> {
    let mut out = Vec::new();
    let mut from = 0;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|r| !r.is_empty()) {
        let (len, fragment) = if rest.starts_with("%%") {
            (2, None)
        } else if pattern && rest.starts_with("...") {
            (3, Some(Fragment::Dots))
        } else if pattern && rest.starts_with("%@") {
            let name = rest[2..].split('@').next()?;
            (name.len() + 3, Some(Fragment::Meta(name)))
        } else if let Some(rest) = rest.strip_prefix('%') {
            let len = conversion_len(rest)?;
            (len + 1, Some(Fragment::Conversion(&rest[..len])))
        } else {
            (rest.chars().next()?.len_utf8(), None)
        };
        if let Some(fragment) = fragment {
            if from < at {
                out.push(Fragment::Text(&text[from..at]));
            }
            out.push(fragment);
            from = at + len;
        }
        at += len;
    }
    if from < text.len() {
        out.push(Fragment::Text(&text[from..]));
    }
    Some(out)
}

fn unquoted(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

impl<'p> Matcher<'p> {
    /// Match a format string of the pattern.
    pub fn format(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let both = (unquoted(self.pattern.text_of(p)), unquoted(c.text()));
        let (Some(want), Some(have)) = both else { return Vec::new() };
        let (Some(want), Some(have)) = (fragments(want, true), fragments(have, false)) else {
            return Vec::new();
        };
        if !have.iter().any(|f| matches!(f, Fragment::Conversion(_))) {
            return Vec::new();
        }
        let all = self.fragments(&want, &have, env);
        all.into_iter().filter_map(|env| self.noted(p, c.span(), c, &env)).collect()
    }

    fn fragments(&self, want: &[Fragment<'_>], have: &[Fragment<'_>], env: &Environment) -> Vec<Environment> {
        let Some((first, rest)) = want.split_first() else {
            return if have.is_empty() { vec![env.clone()] } else { Vec::new() };
        };
        let meta = match first {
            Fragment::Meta(name) => self.pattern.metavariables().get(*name),
            _ => None,
        };
        match (first, meta.map(|m| &m.kind)) {
            (Fragment::Dots, _) => {
                (0..=have.len()).flat_map(|n| self.fragments(rest, &have[n..], env)).collect()
            }
            (Fragment::Meta(_), Some(MetaKind::FormatList(length))) => {
                let ways = (1..=have.len()).filter_map(|n| {
                    let env = self.bind_fragments(meta?, length, &have[..n], env)?;
                    Some(self.fragments(rest, &have[n..], &env))
                });
                ways.flatten().collect()
            }
            (Fragment::Meta(_), Some(MetaKind::Format)) => {
                let (Some((Fragment::Conversion(text), tail)), Some(meta)) = (have.split_first(), meta)
                else {
                    return Vec::new();
                };
                let bound = self.bind(meta, Binding::text(*text), env);
                bound.map_or_else(Vec::new, |env| self.fragments(rest, tail, &env))
            }
            _ => match have.split_first() {
                Some((head, tail)) if head == first => self.fragments(rest, tail, env),
                _ => Vec::new(),
            },
        }
    }

    fn bind_fragments(
        &self,
        meta: &Metavariable,
        length: &ListLength,
        taken: &[Fragment<'_>],
        env: &Environment,
    ) -> Option<Environment> {
        let count = taken.iter().filter(|f| matches!(f, Fragment::Conversion(_))).count();
        let env = super::list::with_length(length, count, env)?;
        let spelled = taken.iter().map(|f| match f {
            Fragment::Conversion(text) => format!("%{text}"),
            Fragment::Text(text) => (*text).to_owned(),
            Fragment::Dots | Fragment::Meta(_) => String::new(),
        });
        let text: String = spelled.collect();
        let binding = Binding { count, span: Span::default(), ..Binding::text(text) };
        self.bind(meta, binding, &env)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_in_fragments() {
        use Fragment::*;
        let all = fragments("a %-08lx%% %d", false).unwrap();
        assert_eq!(all, [Text("a "), Conversion("-08lx"), Text("%% "), Conversion("d")]);
        assert_eq!(fragments("...%@f@...", true).unwrap(), [Dots, Meta("f"), Dots]);
        assert_eq!(fragments("100%", false), None);
    }
}
