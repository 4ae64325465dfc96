//! The table of verdicts and the summary under it.
//!
//! In: one [`Row`] per site. Out: text in columns, one site a line, its notes below it. No line looks like the start of a
//! diff, so that a table above a diff does not disturb `git apply`.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::terminal::Paint;

/// What became of a site, as the table says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// Converted; everything was proved.
    Safe,
    /// Converted; a maintainer should know something.
    Notes,
    /// Changed by an ordinary rule, which matches; nothing else was looked at.
    Rewritten,
    /// Right if the listed facts hold.
    Review,
    /// Not a conversion of this kind.
    Refuse,
    /// A shape that is not understood.
    NotUnderstood,
}

impl Mark {
    /// The word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Mark::Safe => "safe",
            Mark::Notes => "notes",
            Mark::Rewritten => "rewritten",
            Mark::Review => "review",
            Mark::Refuse => "refuse",
            Mark::NotUnderstood => "not understood",
        }
    }

    fn style(self) -> Style {
        let color = match self {
            Mark::Safe => AnsiColor::Green,
            Mark::Notes => AnsiColor::Cyan,
            Mark::Rewritten => AnsiColor::Blue,
            Mark::Review => AnsiColor::Yellow,
            Mark::Refuse => AnsiColor::Red,
            Mark::NotUnderstood => AnsiColor::Magenta,
        };
        color.on_default().bold()
    }
}

/// One site.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// What became of it.
    pub(super) mark: Mark,
    /// `path:line`.
    pub(super) place: String,
    /// The function that holds it.
    pub(super) function: String,
    /// The rule.
    pub(super) rule: String,
    /// Why, in one sentence; may be empty.
    pub(super) reason: String,
    /// What else a reader should know.
    pub(super) notes: Vec<String>,
}

/// The table of `rows`; empty for none.
pub(super) fn table(rows: &[Row], paint: Paint) -> String {
    let width =
        |column: fn(&Row) -> &str| rows.iter().map(|row| column(row).chars().count()).max().unwrap_or(0);
    let (mark, place) = (width(|row| row.mark.word()), width(|row| &row.place));
    let (function, rule) = (width(|row| &row.function), width(|row| &row.rule));
    let mut text = String::new();
    for row in rows {
        let padding = " ".repeat(mark - row.mark.word().chars().count());
        let verdict = paint.paint(row.mark.style(), row.mark.word());
        let line = format!(
            "{verdict}{padding}  {:place$}  {:function$}  {:rule$}  {}",
            row.place, row.function, row.rule, row.reason
        );
        let _ = writeln!(text, "{}", line.trim_end());
        for note in &row.notes {
            let _ = writeln!(text, "{:mark$}  - {note}", "");
        }
    }
    text
}

/// `4 safe, 2 refuse`: how many sites have which verdict.
pub(super) fn tally(rows: &[Row]) -> String {
    let all = [Mark::Safe, Mark::Notes, Mark::Rewritten, Mark::Review, Mark::Refuse, Mark::NotUnderstood];
    let counts = all.into_iter().map(|mark| (mark, rows.iter().filter(|row| row.mark == mark).count()));
    let parts: Vec<String> = counts
        .filter(|(_, count)| *count > 0)
        .map(|(mark, count)| format!("{count} {}", mark.word()))
        .collect();
    match rows.len() {
        0 => "no site".to_owned(),
        1 => format!("1 site: {}", parts.join(", ")),
        n => format!("{n} sites: {}", parts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        let row = |mark, place: &str, function: &str, reason: &str, notes: &[&str]| Row {
            mark,
            place: place.to_owned(),
            function: function.to_owned(),
            rule: "walk".to_owned(),
            reason: reason.to_owned(),
            notes: notes.iter().map(|note| (*note).to_owned()).collect(),
        };
        vec![
            row(Mark::Safe, "fs/wren.c:12", "wren_read", "", &[]),
            row(Mark::Notes, "net/kestrel.c:120", "kestrel_feed", "", &["the array is gone"]),
            row(Mark::NotUnderstood, "lib/a.c:7", "a", "no inner loop", &[]),
        ]
    }

    #[test]
    fn columns_are_aligned() {
        insta::assert_snapshot!(table(&rows(), Paint::Plain), @"
        safe            fs/wren.c:12       wren_read     walk
        notes           net/kestrel.c:120  kestrel_feed  walk
                        - the array is gone
        not understood  lib/a.c:7          a             walk  no inner loop
        ");
        assert_eq!(tally(&rows()), "3 sites: 1 safe, 1 notes, 1 not understood");
        assert_eq!(tally(&[]), "no site");
    }

    #[test]
    fn colours_do_not_move_columns() {
        let plain = table(&rows(), Paint::Plain);
        let colored = table(&rows(), Paint::Colored);
        assert_eq!(anstyle_stripped(&colored), plain);
    }

    fn anstyle_stripped(text: &str) -> String {
        let mut out = String::new();
        let mut parts = text.split('\u{1b}');
        out.push_str(parts.next().unwrap_or_default());
        for part in parts {
            out.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
        }
        out
    }
}
