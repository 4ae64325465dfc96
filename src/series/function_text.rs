//! The text behind the second `@@` of a hunk's header.
//!
//! In: the old text and the file's `diff` attribute. Out: for a line, the heading above it. Two of git's rules are
//! here, byte for byte: its default (`xdiff/xemit.c`, `def_ff`) and its `cpp` driver (`userdiff.c`); a file of another
//! language gets the default. Headings are cut at 80 bytes and then trimmed.

use crate::series::attributes::DiffAttribute;

const LIMIT: usize = 80;

/// Finds headings in one file.
pub struct FunctionText<'t> {
    lines: Vec<&'t [u8]>,
    rule: Rule,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    Default,
    Cpp,
}

impl<'t> FunctionText<'t> {
    /// The headings of `text`, the file as it was.
    pub fn new(attribute: &DiffAttribute, text: &'t [u8]) -> Self {
        let rule = match attribute {
            DiffAttribute::Driver(name) if name == "cpp" => Rule::Cpp,
            _ => Rule::Default,
        };
        Self { lines: text.split_inclusive(|b| *b == b'\n').collect(), rule }
    }

    /// The nearest heading above line `line` (from 1).
    pub fn before(&self, line: usize) -> Option<&'t [u8]> {
        let above = self.lines.get(..line.saturating_sub(1).min(self.lines.len()))?;
        above.iter().rev().find_map(|line| heading(self.rule, line))
    }
}

fn heading(rule: Rule, line: &[u8]) -> Option<&[u8]> {
    let text = match rule {
        Rule::Default => {
            line.first().is_some_and(|b| b.is_ascii_alphabetic() || b"_$".contains(b)).then_some(line)
        }
        Rule::Cpp => {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            (starts_top_level(line) && !is_label(line)).then_some(line)
        }
    }?;
    Some(text[..text.len().min(LIMIT)].trim_ascii_end())
}

/// `^((::[[:space:]]*)?[A-Za-z_].*)$`
fn starts_top_level(line: &[u8]) -> bool {
    let rest = line.strip_prefix(b"::").map_or(line, <[u8]>::trim_ascii_start);
    rest.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
}

/// `^[ \t]*[A-Za-z_][A-Za-z_0-9]*:[[:space:]]*($|/[/*])`
fn is_label(line: &[u8]) -> bool {
    let name = line.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    let Some(rest) = line[name..].strip_prefix(b":") else { return false };
    let rest = rest.trim_ascii_start();
    name > 0
        && !line[0].is_ascii_digit()
        && (rest.is_empty() || rest.starts_with(b"//") || rest.starts_with(b"/*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpp() -> DiffAttribute {
        DiffAttribute::Driver("cpp".into())
    }

    #[test]
    fn labels_are_headings_by_default_and_not_in_cpp() {
        let text = b"int f(void)\n{\nout:\n\treturn;\n}\n";
        let headings = |attribute| FunctionText::new(&attribute, text).before(4).map(<[u8]>::to_vec);
        assert_eq!(headings(DiffAttribute::Unspecified).unwrap(), b"out:");
        assert_eq!(headings(cpp()).unwrap(), b"int f(void)");
    }

    #[test]
    fn cut_at_80_bytes_and_trimmed_then() {
        let line = format!("int {} b\n", "a".repeat(75));
        let text = FunctionText::new(&DiffAttribute::Unspecified, line.as_bytes());
        assert_eq!(text.before(2).unwrap().len(), 79);
        assert_eq!(text.before(1), None);
    }
}
