//! The words of a commit: subject, body, trailers.
//!
//! In: [`DraftPatch`]es with their [`Prefix`]es. Out: [`Message`]s that `git am` gives back unchanged: a subject of at
//! most 75 columns that no other patch of the series has, text wrapped at 75 columns, code as it is. It refuses what
//! `git am`, `mbox` or `checkpatch.pl` would cut, split or complain about ([`hazard`]).

use crate::series::draft::{DraftPatch, Identity, Paragraph, Trailer};
use crate::series::error::{Error, Kind, Result};
use crate::series::prefix::{FirstLetter, Prefix};
use std::collections::BTreeSet;

/// Columns of a subject and of a line of text.
pub const WIDTH: usize = 75;

/// A finished message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its first line.
    pub subject: String,
    /// The whole, ending in one newline.
    pub text: String,
    /// What goes below `---`; may be empty.
    pub notes: String,
}

/// The messages of a series, in order. `sign_off` is the committer, if that person asked for it.
pub fn compose(
    patches: &[DraftPatch],
    prefixes: &[Prefix],
    sign_off: Option<&Identity>,
) -> Result<Vec<Message>> {
    let mut used = BTreeSet::new();
    let mut messages = Vec::with_capacity(patches.len());
    for (patch, prefix) in patches.iter().zip(prefixes) {
        let subject = subject(patch, prefix, &used);
        used.insert(subject.clone());
        let mut text = format!("{subject}\n");
        let body = paragraphs(&patch.body);
        if !body.is_empty() {
            text.push_str(&format!("\n{body}"));
        }
        text.push_str(&trailers(&patch.trailers, sign_off));
        let text = stripped(&text);
        let notes = stripped(&paragraphs(&patch.notes));
        refuse_odd_trailers(&subject, &patch.trailers)?;
        refuse_hazards(&subject, &text, &notes)?;
        messages.push(Message { subject, text, notes });
    }
    Ok(messages)
}

/// As `git stripspace` does, and `git am` with it: no blanks at ends of lines, never two empty lines together, none at the
/// end.
fn stripped(text: &str) -> String {
    let mut out = String::new();
    let mut gap = false;
    for line in text.lines().map(|line| line.trim_end_matches(|c: char| c.is_ascii_whitespace())) {
        if line.is_empty() {
            gap = !out.is_empty();
            continue;
        }
        if gap {
            out.push('\n');
        }
        gap = false;
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// Paragraphs as text, an empty line between them, ending in a newline unless there are none.
pub fn paragraphs(paragraphs: &[Paragraph]) -> String {
    let rendered: Vec<String> = paragraphs.iter().map(paragraph).filter(|text| !text.is_empty()).collect();
    rendered.join("\n")
}

fn paragraph(paragraph: &Paragraph) -> String {
    let lines = |text: &str, indent: &str| {
        let line = |line: &str| format!("{indent}{line}").trim_end().to_owned() + "\n";
        text.trim_matches('\n').lines().map(line).collect::<String>()
    };
    match paragraph {
        Paragraph::Text(text) => wrapped(text, "", ""),
        Paragraph::List(points) => points.iter().map(|point| wrapped(point, "* ", "  ")).collect(),
        Paragraph::Verbatim(text) => lines(text, "    "),
        Paragraph::Table(text) => lines(text, ""),
    }
}

fn wrapped(text: &str, first: &str, rest: &str) -> String {
    let mut out = String::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        let columns = line.chars().count() + usize::from(!empty) + word.chars().count();
        if !empty && columns > WIDTH {
            out.push_str(&line);
            out.push('\n');
            line = rest.to_owned();
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    if !empty {
        out.push_str(&line);
        out.push('\n');
    }
    out
}

fn trailers(trailers: &[Trailer], sign_off: Option<&Identity>) -> String {
    let mut lines: Vec<String> = trailers.iter().map(|t| format!("{}: {}\n", t.key, t.value)).collect();
    if let Some(who) = sign_off {
        let line = format!("Signed-off-by: {} <{}>\n", who.name, who.email);
        lines.retain(|other| *other != line);
        lines.push(line);
    }
    if lines.is_empty() { String::new() } else { format!("\n{}", lines.concat()) }
}

/// Prefix and phrase; the first phrase that fits and is new, else the shortest made to fit.
fn subject(patch: &DraftPatch, prefix: &Prefix, used: &BTreeSet<String>) -> String {
    let phrases = std::iter::once(&patch.phrase).chain(&patch.shorter);
    let candidates: Vec<String> = phrases.map(|phrase| join(prefix, phrase)).collect();
    let fits = |subject: &&String| subject.chars().count() <= WIDTH;
    if let Some(found) = candidates.iter().filter(fits).find(|subject| !used.contains(*subject)) {
        return found.clone();
    }
    let shortest =
        candidates.iter().min_by_key(|subject| subject.chars().count()).cloned().unwrap_or_default();
    let short = shortened(&shortest, WIDTH);
    if !used.contains(&short) {
        return short;
    }
    let numbered = |number: usize| {
        let mark = format!(" (part {number})");
        shortened(&shortest, WIDTH - mark.len()) + &mark
    };
    (2..).map(numbered).find(|subject| !used.contains(subject)).unwrap_or(short)
}

fn join(prefix: &Prefix, phrase: &str) -> String {
    let phrase = phrase.split_whitespace().collect::<Vec<_>>().join(" ");
    let phrase = phrase.trim_end_matches('.');
    let first = phrase.split(' ').next().unwrap_or_default();
    let plain = first.chars().all(|c| c.is_ascii_alphabetic());
    let mut letters = phrase.chars();
    let Some(initial) = letters.next() else { return prefix.text.trim_end().to_owned() };
    // An identifier or an abbreviation keeps its spelling.
    let word_tail_is_lower = first.chars().skip(1).all(|c| c.is_ascii_lowercase());
    let initial = match prefix.first_letter {
        FirstLetter::Upper if plain => initial.to_ascii_uppercase(),
        FirstLetter::Lower if plain && word_tail_is_lower => initial.to_ascii_lowercase(),
        _ => initial,
    };
    format!("{}{initial}{}", prefix.text, letters.as_str())
}

/// A subject within `limit` columns: leading words of the last function's name go first (`..._schedule()`), then whole
/// words from the end.
fn shortened(subject: &str, limit: usize) -> String {
    let mut text = subject.to_owned();
    while text.chars().count() > limit {
        let Some(shorter) = with_shorter_call(&text) else { break };
        text = shorter;
    }
    while text.chars().count() > limit {
        let Some(at) = text.rfind(' ') else { break };
        text.truncate(at);
    }
    let cut: String = text.chars().take(limit).collect();
    cut.trim_end_matches([' ', ',', ':', '.']).to_owned()
}

fn with_shorter_call(text: &str) -> Option<String> {
    let close = text.rfind("()")?;
    let start =
        text[..close].rfind(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).map_or(0, |at| at + 1);
    let name = text[start..close].trim_start_matches("...");
    let rest = name.trim_start_matches('_').split_once('_')?.1;
    (rest.len() >= 4).then(|| format!("{}..._{rest}{}", &text[..start], &text[close..]))
}

/// What `git am`, an mbox or `checkpatch.pl` would not leave alone in a line of a message, in words.
pub fn hazard(line: &str) -> Option<&'static str> {
    let bare = line.trim_end();
    let indented = line.trim_start();
    if bare == "---" || line.strip_prefix("--- ").is_some_and(|rest| !rest.starts_with(char::is_whitespace)) {
        return Some("`---` ends the message for git am");
    }
    if line.starts_with("diff -") || line.starts_with("Index: ") {
        return Some("git am takes it for the start of the patch");
    }
    if line.starts_with("From ") && line.contains(':') && line.bytes().filter(u8::is_ascii_digit).count() >= 4
    {
        return Some("it splits an mbox");
    }
    let cut = |mark: &str| indented.contains(mark) && indented.chars().all(|c| "-<>8% ✂".contains(c));
    if cut(">8") || cut("8<") || cut(">%") || cut("%<") {
        return Some("a scissors line cuts the message for git am --scissors");
    }
    if indented.starts_with("--- a/") || indented.starts_with("+++ b/") || is_hunk_header(indented) {
        return Some("checkpatch.pl takes it for a diff in the message (DIFF_IN_COMMIT_MSG)");
    }
    if line.chars().any(|c| c.is_control() && c != '\t') {
        return Some("it holds a control character");
    }
    None
}

fn is_hunk_header(line: &str) -> bool {
    line.strip_prefix("@@ -")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()) && rest.contains(" @@"))
}

fn refuse_odd_trailers(subject: &str, trailers: &[Trailer]) -> Result<()> {
    let key = |key: &str| !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    match trailers.iter().find(|t| !key(&t.key) || t.value.trim().is_empty() || t.value.contains('\n')) {
        Some(odd) => Err(Error::new(
            Kind::MessageHazard,
            format!(
                "the message of `{subject}` has a trailer that is none: `{}: {}`",
                odd.key,
                odd.value.trim()
            ),
        )),
        None => Ok(()),
    }
}

fn refuse_hazards(subject: &str, text: &str, notes: &str) -> Result<()> {
    let refuse = |line: &str, why: &str| {
        let message = format!("the message of `{subject}` cannot be mailed: {why}: `{line}`");
        Err(Error::new(Kind::MessageHazard, message)
            .help("nothing was written; change the text that the rule gives"))
    };
    let lower = subject.to_ascii_lowercase();
    if subject.starts_with('[') || lower.starts_with("re:") || subject.starts_with([':', ' ']) {
        return refuse(subject, "git am cuts the start of such a subject");
    }
    if let Some(line) = text.lines().skip(1).find(|line| !line.is_empty())
        && ["From:", "Subject:", "Date:"].iter().any(|key| line.starts_with(key))
    {
        return refuse(line, "git am takes it for a header");
    }
    let hazards = text.lines().chain(notes.lines()).find_map(|line| hazard(line).map(|why| (line, why)));
    hazards.map_or(Ok(()), |(line, why)| refuse(line, why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::prefix::Source;

    fn prefix(text: &str, first_letter: FirstLetter) -> Prefix {
        Prefix { text: text.into(), first_letter, source: Source::Given }
    }

    fn draft(phrase: &str, body: &[&str]) -> DraftPatch {
        let body = body.iter().map(|text| Paragraph::Text((*text).into())).collect();
        DraftPatch { phrase: phrase.into(), body, ..DraftPatch::default() }
    }

    fn one(patch: DraftPatch, prefix: Prefix) -> Result<Message> {
        Ok(compose(&[patch], &[prefix], None)?.remove(0))
    }

    #[test]
    fn the_first_letter_follows_the_habit_and_identifiers_do_not() {
        let subject = |phrase, case| one(draft(phrase, &[]), prefix("fs: ", case)).unwrap().subject;
        assert_eq!(subject("use foo() in bar().", FirstLetter::Upper), "fs: Use foo() in bar()");
        assert_eq!(subject("Use foo()", FirstLetter::Lower), "fs: use foo()");
        assert_eq!(subject("foo_bar() is gone", FirstLetter::Upper), "fs: foo_bar() is gone");
        assert_eq!(subject("USB is gone", FirstLetter::Lower), "fs: USB is gone");
    }

    #[test]
    fn long_subjects_fall_back_and_stay_unique() {
        let long = "use some_quite_long_helper_name() in a_really_very_long_function_name_indeed()";
        let mut patch = draft(long, &[]);
        let subjects = |patch: &DraftPatch| {
            let patches = [patch.clone(), patch.clone()];
            let prefixes = [prefix("fs: ", FirstLetter::Lower), prefix("fs: ", FirstLetter::Lower)];
            compose(&patches, &prefixes, None).unwrap().into_iter().map(|m| m.subject).collect::<Vec<_>>()
        };
        let both = subjects(&patch);
        assert_eq!(both[0], "fs: use some_quite_long_helper_name() in ..._long_function_name_indeed()");
        assert_eq!(both[1], "fs: use some_quite_long_helper_name() in ..._name_indeed() (part 2)");
        assert!(both.iter().all(|s| s.chars().count() <= WIDTH), "{both:?}");
        patch.shorter = vec!["shorten it".into()];
        assert_eq!(subjects(&patch)[0], "fs: shorten it");
    }

    #[test]
    fn text_is_wrapped_and_code_is_not() {
        let mut patch = draft("x", &[&"word ".repeat(20)]);
        patch.body.push(Paragraph::List(vec!["point ".repeat(15)]));
        patch.body.push(Paragraph::Verbatim("a(b,\n  c);\n".into()));
        patch.trailers.push(Trailer { key: "Link".into(), value: "https://example.org".into() });
        let who = Identity { name: "A".into(), email: "a@b.c".into() };
        let text =
            compose(&[patch], &[prefix("fs: ", FirstLetter::Lower)], Some(&who)).unwrap().remove(0).text;
        let expected = [
            "fs: x",
            "",
            "word word word word word word word word word word word word word word word",
            "word word word word word",
            "",
            "* point point point point point point point point point point point point",
            "  point point point",
            "",
            "    a(b,",
            "      c);",
            "",
            "Link: https://example.org",
            "Signed-off-by: A <a@b.c>",
            "",
        ];
        assert_eq!(text, expected.join("\n"));
    }

    #[test]
    fn hazards_are_refused() {
        let kind = |phrase, body: Paragraph| {
            let patch = DraftPatch { body: vec![body], ..draft(phrase, &[]) };
            one(patch, prefix("", FirstLetter::AsItIs)).map(|m| m.text).map_err(|e| e.kind)
        };
        let table = |text: &str| Paragraph::Table(text.into());
        for text in ["a\n---\nb", "a\n--- x", "diff -u", "Index: a", "From: a@b.c", "Subject: x", "-- >8 --"]
        {
            assert_eq!(kind("x", table(text)), Err(Kind::MessageHazard), "{text}");
        }
        assert_eq!(kind("x", Paragraph::Verbatim("@@ -1,2 +1,2 @@".into())), Err(Kind::MessageHazard));
        assert_eq!(kind("x", table("From a@b.c Mon Sep 17 00:00:00 2001")), Err(Kind::MessageHazard));
        assert_eq!(kind("[x] y", table("a")), Err(Kind::MessageHazard));
        assert_eq!(kind("Re: y", table("a")), Err(Kind::MessageHazard));
        let mut odd = draft("x", &[]);
        odd.trailers.push(Trailer { key: "Link".into(), value: "a\nb".into() });
        assert_eq!(one(odd, prefix("", FirstLetter::AsItIs)).unwrap_err().kind, Kind::MessageHazard);
        assert!(kind("x", Paragraph::Verbatim("@@\nexpression e;\n@@\n- a(e)\n+ b(e)\n".into())).is_ok());
        assert!(kind("x", table("From the rule:\n-----\n")).is_ok());
    }
}
