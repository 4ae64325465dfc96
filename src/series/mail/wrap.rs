//! Greedy wrapping as git's `strbuf_add_wrapped_text` does it.
//!
//! In: one line of text. Out: lines of at most so many columns where the words allow it. A word is never split.

/// Append `text` to a new line: the first line indented by `first` blanks, the others by `rest`.
pub(super) fn wrapped(out: &mut String, text: &str, first: usize, rest: usize, width: usize) {
    out.push_str(&" ".repeat(first));
    fill(out, text, first, rest, width, Start::LineStart);
}

/// Append `text` to a line that is `column` columns long already; further lines are indented by `rest` blanks.
pub(super) fn continued(out: &mut String, text: &str, column: usize, rest: usize, width: usize) {
    fill(out, text, column, rest, width, Start::Within);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    LineStart,
    Within,
}

/// Blanks before a word belong to it: they stay, unless the word opens a line.
fn fill(out: &mut String, text: &str, column: usize, rest: usize, width: usize, start: Start) {
    let mut column = column;
    // Where a line may be broken: before the blanks of this word. Not before the first word of a fresh line.
    let mut may_break = start == Start::Within;
    let mut word_start = 0;
    let bytes = text.as_bytes();
    while word_start < text.len() || word_start == 0 {
        let blanks = bytes[word_start..].iter().take_while(|b| b.is_ascii_whitespace()).count();
        let from = word_start + blanks;
        let length = bytes[from..].iter().take_while(|b| !b.is_ascii_whitespace()).count();
        let (gap, word) = (&text[word_start..from], &text[from..from + length]);
        let needed = columns(gap) + columns(word);
        if column + needed > width && may_break {
            out.push('\n');
            out.push_str(&" ".repeat(rest));
            out.push_str(gap.get(1..).unwrap_or_default());
            column = rest + columns(gap).saturating_sub(1);
        } else {
            out.push_str(gap);
            column += columns(gap);
        }
        out.push_str(word);
        column += columns(word);
        may_break = true;
        word_start = from + length;
        if word_start == 0 {
            break;
        }
    }
}

/// The columns that text takes on a terminal: two for the scripts of East Asia, none for combining marks.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(char_columns).sum()
}

fn char_columns(c: char) -> usize {
    match c as u32 {
        0..0x300 => 1,
        0x300..=0x36f | 0x200b..=0x200f | 0x20d0..=0x20f0 | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f => 0,
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff01..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_move_to_the_next_line_and_are_not_split() {
        let mut out = String::new();
        wrapped(&mut out, "aaa bbb cccccccccccc d", 2, 4, 9);
        assert_eq!(out, "  aaa bbb\n    cccccccccccc\n    d");
    }
}
