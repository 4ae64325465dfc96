//! Header lines: encoded words, quoted names, folding.
//!
//! In: UTF-8 text. Out: header lines in ASCII. After git's `pretty.c` (`pp_user_info`, `add_rfc2047`,
//! `add_rfc822_quoted`, `pp_email_subject`): RFC 2047 "Q" words of at most 76 columns, RFC 822 quoted strings, greedy
//! folding at 78 columns.

use super::{Addressees, wrap};
use crate::series::draft::Identity;

const FOLD_AT: usize = 78;
const ENCODED_FOLD_AT: usize = 76;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Subject,
    Address,
}

/// Whether text needs to be declared as 8-bit. ESC counts, for ISO 2022 texts switch their character sets by it.
pub(super) fn has_8bit(text: &str) -> bool {
    text.bytes().any(|b| !b.is_ascii() || b == 0x1b)
}

/// `From:` with folding.
pub(super) fn from(mail: &mut Vec<u8>, who: &Identity) {
    let mut line = String::from("From: ");
    let mut limit = FOLD_AT;
    if needs_encoding(&who.name) {
        encode(&mut line, &who.name, Place::Address);
        limit = ENCODED_FOLD_AT;
    } else if needs_quotes(&who.name) {
        wrap::continued(&mut line, &quoted(&who.name), 6, 1, FOLD_AT);
    } else {
        wrap::continued(&mut line, &who.name, 6, 1, FOLD_AT);
    }
    if limit < last_line(&line) + 3 + who.email.len() {
        line.push('\n');
    }
    mail.extend_from_slice(format!("{line} <{}>\n", who.email).as_bytes());
}

/// `Subject:` with its tag, folded.
pub(super) fn subject(mail: &mut Vec<u8>, tag: &str, text: &str) {
    let mut line = format!("Subject: {tag}");
    if needs_encoding(text) {
        encode(&mut line, text, Place::Subject);
    } else {
        let start = line.len();
        wrap::continued(&mut line, text, start, 1, FOLD_AT);
    }
    mail.extend_from_slice(line.as_bytes());
    mail.push(b'\n');
}

/// The three lines that declare 8-bit text.
pub(super) fn mime(mail: &mut Vec<u8>) {
    mail.extend_from_slice(b"MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n");
    mail.extend_from_slice(b"Content-Transfer-Encoding: 8bit\n");
}

/// `To:` and `Cc:`, one address a line, continued by four blanks as git does.
pub(super) fn addressees(mail: &mut Vec<u8>, whom: &Addressees) {
    for (key, list) in [("To", &whom.to), ("Cc", &whom.cc)] {
        if !list.is_empty() {
            let list: Vec<String> = list.iter().map(|address| encoded_address(address)).collect();
            mail.extend_from_slice(format!("{key}: {}\n", list.join(",\n    ")).as_bytes());
        }
    }
}

/// `Name <address>` with the name encoded or quoted if it has to be; anything else as it is, in one line.
fn encoded_address(address: &str) -> String {
    let address = &address.replace(|c: char| c.is_control(), " ");
    let Some((name, rest)) = address.rsplit_once('<') else { return address.to_owned() };
    let name = name.trim();
    let bare = name.strip_prefix('"').and_then(|n| n.strip_suffix('"')).map(|n| n.replace("\\\"", "\""));
    if needs_encoding(name) {
        let mut line = String::new();
        encode(&mut line, bare.as_deref().unwrap_or(name), Place::Address);
        return format!("{} <{rest}", line.replace("?=\n ", "?= "));
    }
    if bare.is_none() && needs_quotes(name) {
        return format!("{} <{rest}", quoted(name));
    }
    address.trim().to_owned()
}

fn last_line(text: &str) -> usize {
    text.len() - text.rfind('\n').map_or(0, |at| at + 1)
}

fn needs_encoding(text: &str) -> bool {
    has_8bit(text) || text.contains('\n') || text.contains("=?")
}

fn needs_quotes(name: &str) -> bool {
    name.contains(|c| "()<>[]:;@\\,.\"".contains(c))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

fn encode(line: &mut String, text: &str, place: Place) {
    const OPEN: &str = "=?UTF-8?q?";
    let mut column = last_line(line) + OPEN.len();
    line.push_str(OPEN);
    let mut buffer = [0; 4];
    for c in text.chars() {
        let special = is_special(c, place);
        let width = if special { 3 * c.len_utf8() } else { 1 };
        if column + width + 2 > ENCODED_FOLD_AT {
            line.push_str("?=\n ");
            line.push_str(OPEN);
            column = OPEN.len() + 1;
        }
        if special {
            c.encode_utf8(&mut buffer).bytes().for_each(|b| line.push_str(&format!("={b:02X}")));
        } else {
            line.push(c);
        }
        column += width;
    }
    line.push_str("?=");
}

fn is_special(c: char, place: Place) -> bool {
    if !c.is_ascii_graphic() || "=?_".contains(c) {
        return true;
    }
    place == Place::Address && !(c.is_ascii_alphanumeric() || "!*+-/".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_quoted_or_encoded_once() {
        for (given, expected) in [
            ("a@b.c", "a@b.c"),
            ("a@b.c\nBcc: d@e.f", "a@b.c Bcc: d@e.f"),
            ("J. R. Hacker <j@b.c>", "\"J. R. Hacker\" <j@b.c>"),
            ("\"J. R. Hacker\" <j@b.c>", "\"J. R. Hacker\" <j@b.c>"),
            ("André <j@b.c>", "=?UTF-8?q?Andr=C3=A9?= <j@b.c>"),
            ("\"André M.\" <j@b.c>", "=?UTF-8?q?Andr=C3=A9=20M=2E?= <j@b.c>"),
        ] {
            assert_eq!(encoded_address(given), expected);
        }
    }
}
