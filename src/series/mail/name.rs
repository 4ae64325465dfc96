//! The name of a mail's file.
//!
//! In: version, number and subject. Out: `v2-0003-subsystem-do-something.patch`, at most 63 bytes, after git's
//! `format_sanitized_subject` and `fmt_output_subject`.

/// The name of the file for patch `number` with `subject`.
pub fn file_name(reroll: u32, number: usize, subject: &str) -> String {
    const SUFFIX: &str = ".patch";
    const LIMIT: usize = 64 - (SUFFIX.len() + 1);
    let version = if reroll > 1 { format!("v{reroll}-") } else { String::new() };
    let mut name = format!("{version}{number:04}-{}", sanitised(subject));
    name.truncate(LIMIT);
    name + SUFFIX
}

/// Letters, digits, dots and underscores; one hyphen for anything else between them; one dot for several.
fn sanitised(subject: &str) -> String {
    let mut name = String::new();
    let mut gap = false;
    for c in subject.chars() {
        if !(c.is_ascii_alphanumeric() || c == '.' || c == '_') {
            gap = true;
            continue;
        }
        if gap && !name.is_empty() {
            name.push('-');
        }
        if c != '.' || gap || !name.ends_with('.') {
            name.push(c);
        }
        gap = false;
    }
    name.truncate(name.trim_end_matches(['.', '-']).len());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_git_names_them() {
        assert_eq!(file_name(1, 0, "cover-letter"), "0000-cover-letter.patch");
        assert_eq!(
            file_name(2, 12, "fs/x: Use foo_each() in b()..."),
            "v2-0012-fs-x-Use-foo_each-in-b.patch"
        );
        assert_eq!(file_name(1, 1, "é..a  --b").as_str(), "0001-.a-b.patch");
        assert_eq!(file_name(1, 1, &"a ".repeat(40)).len(), 63);
    }
}
