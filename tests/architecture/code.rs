//! Rust source reduced to its code.
//!
//! In: the text of a Rust file. Out: the same text with comments and the contents of string and character literals
//! blanked, newlines kept; the words of a text; the modules that a file imports. It does not resolve names: a path is
//! judged by how it is spelled.

/// `text` with comments and literals blanked; line numbers stay.
pub(super) fn strip(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_or_comment(bytes, at);
        for byte in &mut out[at..end.max(at)] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8(out).expect("blanking whole literals keeps UTF-8")
}

/// The end of the literal or comment that starts at `at`; `at` itself when none does.
fn literal_or_comment(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let in_word = at > 0 && is_word(bytes[at - 1]);
    if rest.starts_with(b"//") {
        return at + rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
    }
    if rest.starts_with(b"/*") {
        return at + block_comment(rest);
    }
    match rest[0] {
        b'"' => at + quoted(rest),
        b'r' if !in_word => raw_string(rest).map_or(at, |length| at + length),
        b'\'' => character(rest).map_or(at, |length| at + length),
        _ => at,
    }
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

fn raw_string(rest: &[u8]) -> Option<usize> {
    let hashes = rest[1..].iter().take_while(|b| **b == b'#').count();
    if rest.get(1 + hashes) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.extend(std::iter::repeat_n(b'#', hashes));
    let body = &rest[2 + hashes..];
    let length = body.windows(close.len()).position(|w| w == close).map_or(body.len(), |p| p + close.len());
    Some(2 + hashes + length)
}

/// The length of a character literal; `None` for a lifetime.
fn character(rest: &[u8]) -> Option<usize> {
    if rest.get(1) == Some(&b'\\') {
        let close = rest[3.min(rest.len())..].iter().position(|b| *b == b'\'')?;
        return Some(3 + close + 1);
    }
    let window = &rest[1..rest.len().min(5)];
    let first = window.utf8_chunks().next()?.valid();
    let width = first.chars().next()?.len_utf8();
    (rest.get(1 + width) == Some(&b'\'')).then_some(width + 2)
}

/// Whether a byte may be part of a word.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The words of a text with their line numbers.
pub(super) fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate();
    lines.flat_map(|(number, line)| {
        let parts = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        parts.filter(|part| !part.is_empty()).map(move |part| (number + 1, part))
    })
}

/// The top-level modules that stripped `code` names through `root` (such as `crate::`), with line numbers.
pub(super) fn imports(code: &str, root: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices(root) {
        if at > 0 && (is_word(code.as_bytes()[at - 1]) || code[..at].ends_with("::")) {
            continue;
        }
        let line = code[..at].matches('\n').count() + 1;
        let rest = &code[at + root.len()..];
        let heads =
            if rest.trim_start().starts_with('{') { group_heads(rest.trim_start()) } else { vec![rest] };
        for head in heads {
            let name: String = head.trim_start().chars().take_while(|c| is_word(*c as u8)).collect();
            if !name.is_empty() {
                found.push((line, name));
            }
        }
    }
    found
}

/// The starts of the entries of a `{a::b, c::{d, e}}` group.
fn group_heads(group: &str) -> Vec<&str> {
    let mut heads = vec![&group[1..]];
    let mut depth = 0;
    for (at, byte) in group.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => break,
            b'}' => depth -= 1,
            b',' if depth == 1 => heads.push(&group[at + 1..]),
            _ => {}
        }
    }
    heads
}

#[test]
fn literals_and_comments_are_blank() {
    let text =
        "let a = \"crate::x\"; // crate::y\n/* a /* b */ c */ f('\"', 'x', '\\'', r#\"q\"#, &'static b)";
    let code = strip(text);
    assert_eq!(code.len(), text.len());
    assert_eq!(code.split_whitespace().collect::<Vec<_>>().join(" "), "let a = ; f( , , , , &'static b)");
}

#[test]
fn imports_are_found_in_groups() {
    let code = "use crate::{edit::EditSet, plan::{Change, Plan}};\nfn f() -> crate::engine::Outcome {}";
    let names: Vec<_> =
        imports(code, "crate::").into_iter().map(|(line, name)| format!("{line} {name}")).collect();
    assert_eq!(names, ["1 edit", "1 plan", "2 engine"]);
}
