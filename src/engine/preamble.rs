//! What the comments at the head of a rule file say about it.
//!
//! In: a rule file. Out: [`Preamble`]: what the rule does in a phrase, further paragraphs, and whether headers are meant. The form
//! is that of the kernel's own rules: `///` lines say what the rule does, the first paragraph being the summary; `//
//! Options:` holds options. Without `///` lines the first plain comment counts.

/// What a rule file says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preamble {
    /// What the rule does, to follow a subject prefix; empty if no comment says so.
    pub summary: String,
    /// What else is to be said.
    pub message: Vec<String>,
    /// The options that the rule wants to be run with.
    pub options: Vec<String>,
}

impl Preamble {
    /// Read the comments of a rule file up to its first rule.
    pub fn of(text: &str) -> Self {
        let comments =
            text.lines().map(str::trim).take_while(|line| line.is_empty() || line.starts_with("//"));
        let (mut said, mut plain, mut options) = (Vec::new(), Vec::new(), Vec::new());
        for line in comments {
            if let Some(text) = line.strip_prefix("///") {
                said.push(text.trim_start_matches(['/', '#']).trim());
            } else if let Some(text) = line.strip_prefix("//") {
                let text = text.trim_start_matches('#').trim();
                match text.split_once(':').filter(|(key, _)| is_key(key)) {
                    Some(("Options", value)) => options.extend(value.split_whitespace().map(str::to_owned)),
                    Some(_) => {}
                    None => plain.push(text),
                }
            } else {
                plain.push("");
            }
        }
        let mut paragraphs =
            paragraphs(if said.iter().any(|line| !line.is_empty()) { &said } else { &plain });
        let summary = if paragraphs.is_empty() { String::new() } else { phrase(&paragraphs.remove(0)) };
        Self { summary, message: paragraphs, options }
    }
}

/// `Confidence`, `Copyright`, `SPDX-License-Identifier`, …
fn is_key(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

fn paragraphs(lines: &[&str]) -> Vec<String> {
    let parts = lines.split(|line| line.is_empty());
    parts.filter(|part| !part.is_empty()).map(|part| part.join(" ")).collect()
}

/// Without the full stop, and with a small letter unless the first word is a name.
fn phrase(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches('.');
    let mut letters = sentence.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if first.is_ascii_uppercase() && second.is_ascii_lowercase() => {
            first.to_ascii_lowercase().to_string() + letters.as_str()
        }
        _ => sentence.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_slashes_say_what_it_does() {
        let text = "// SPDX-License-Identifier: GPL-2.0-only\n/// Use wren_dup() rather than\n/// a copy of it.\n///\n/// It is shorter.\n//\n// Confidence: High\n// Options: --no-includes --include-headers\n\nvirtual patch\n";
        assert_eq!(
            Preamble::of(text),
            Preamble {
                summary: "use wren_dup() rather than a copy of it".into(),
                message: vec!["It is shorter.".into()],
                options: vec!["--no-includes".into(), "--include-headers".into()],
            }
        );
    }

    #[test]
    fn plain_comments_count_without_them() {
        let text = "// NULL is no number\n\n// Further words.\n@@\n@@\n- f(0)\n+ f(NULL)\n// not this\n";
        let preamble = Preamble::of(text);
        assert_eq!(
            (preamble.summary.as_str(), preamble.message.as_slice()),
            ("NULL is no number", &["Further words.".to_owned()][..])
        );
        assert_eq!(Preamble::of("@@\n@@\n- f();\n"), Preamble::default());
    }
}
