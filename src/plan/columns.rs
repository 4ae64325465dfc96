//! Columns, tabs and indentation.
//!
//! A tab goes on to the next multiple of [`TAB`]; indentation is tabs, then blanks for the rest.

use crate::source::{SourceFile, Span};

/// Columns of a tab.
pub const TAB: usize = 8;

/// Lines should not be longer than that.
pub const WIDTH: usize = 80;

/// The column behind `text` when it starts in column `start`.
pub fn advance(start: usize, text: &str) -> usize {
    text.chars().fold(start, |column, c| if c == '\t' { (column / TAB + 1) * TAB } else { column + 1 })
}

/// White space up to a column.
pub fn indent(column: usize) -> String {
    let mut out = "\t".repeat(column / TAB);
    out.extend(std::iter::repeat_n(' ', column % TAB));
    out
}

/// The columns of white space at the start of a line.
pub fn indentation(line: &str) -> usize {
    let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
    advance(0, &line[..blank])
}

/// The columns of white space at the start of the line in which `span` starts.
pub fn column_of(source: &SourceFile, span: Span) -> usize {
    indentation(source.slice(source.line_of(span)))
}

/// `text` with every line but the first moved by `by` columns; blank lines and lines of the preprocessor stay.
pub fn shift(text: &str, by: isize) -> String {
    let mut out = String::with_capacity(text.len());
    for (i, line) in text.split('\n').enumerate() {
        if i == 0 {
            out.push_str(line);
            continue;
        }
        out.push('\n');
        let code = line.trim_start_matches([' ', '\t']);
        if code.is_empty() || code.starts_with('#') {
            out.push_str(if code.is_empty() { "" } else { line });
            continue;
        }
        let column = indentation(line).saturating_add_signed(by);
        out.push_str(&indent(column));
        out.push_str(code);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_go_to_the_next_stop() {
        assert_eq!(advance(0, "\tab"), 10);
        assert_eq!(indent(19), "\t\t   ");
        assert_eq!(indentation("\t\t  x"), 18);
    }

    #[test]
    fn shifting_keeps_blank_lines_and_directives() {
        assert_eq!(
            shift("if (a)\n\t\t\tb();\n\n#ifdef X\n\t\tc();", -8),
            "if (a)\n\t\tb();\n\n#ifdef X\n\tc();"
        );
    }
}
