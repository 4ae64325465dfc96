//! The diffstat and the summary below it.
//!
//! In: the changed files. Out: their lines in 72 columns, after `show_stats` and `show_summary` of git's `diff.c`.

use crate::series::file_diff::{FileDiff, Status};
use crate::series::quote;

const WIDTH: usize = 72;

struct Row {
    name: String,
    added: usize,
    deleted: usize,
}

/// One line per file and the totals.
pub(super) fn stat(mail: &mut Vec<u8>, files: &[FileDiff]) {
    let rows: Vec<Row> = files.iter().map(row).collect();
    let widths = Widths::of(&rows);
    for row in &rows {
        mail.extend_from_slice(widths.line(row).as_bytes());
    }
    let (added, deleted) = rows.iter().fold((0, 0), |(a, d), row| (a + row.added, d + row.deleted));
    mail.extend_from_slice(totals(rows.len(), added, deleted).as_bytes());
}

/// Files made, removed, renamed, and changed modes.
pub(super) fn summary(mail: &mut Vec<u8>, files: &[FileDiff]) {
    for file in files {
        let (old, new) = (&file.old, &file.new);
        let name = text(&quote::quoted(&new.path));
        let modes = format!("{} => {}", old.mode.digits(), new.mode.digits());
        let changed = old.mode != new.mode;
        let line = match file.status {
            Status::Added => format!(" create mode {} {name}\n", new.mode.digits()),
            Status::Deleted => {
                format!(" delete mode {} {}\n", old.mode.digits(), text(&quote::quoted(&old.path)))
            }
            Status::Renamed { similarity } => {
                let moved = renamed(&old.path, &new.path);
                let mode = if changed { format!(" mode change {modes}\n") } else { String::new() };
                format!(" rename {moved} ({similarity}%)\n{mode}")
            }
            Status::Modified if changed => format!(" mode change {modes} {name}\n"),
            Status::Modified => String::new(),
        };
        mail.extend_from_slice(line.as_bytes());
    }
}

fn row(file: &FileDiff) -> Row {
    let name = match file.status {
        Status::Renamed { .. } => renamed(&file.old.path, &file.new.path),
        _ => text(&quote::quoted(&file.new.path)),
    };
    Row { name, added: file.added, deleted: file.deleted }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `a/{b => c}/d`, after `pprint_rename`; names that need quotes are written out both.
fn renamed(old: &[u8], new: &[u8]) -> String {
    let (quoted_old, quoted_new) = (quote::quoted(old), quote::quoted(new));
    if quoted_old != old || quoted_new != new {
        return format!("{} => {}", text(&quoted_old), text(&quoted_new));
    }
    let common = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let head = old[..common].iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
    // The slash that ends the head may begin the tail too.
    let floor = if head > 0 { head - 1 } else { 0 };
    let mut tail = 0;
    let (mut o, mut n) = (old.len(), new.len());
    while o > floor && n > floor && old[o - 1] == new[n - 1] {
        o -= 1;
        n -= 1;
        if old[o] == b'/' {
            tail = old.len() - o;
        }
    }
    let middle = |side: &[u8]| text(&side[head..(side.len() - tail).max(head)]);
    let inner = format!("{} => {}", middle(old), middle(new));
    match head + tail {
        0 => inner,
        _ => format!("{}{{{inner}}}{}", text(&old[..head]), text(&old[old.len() - tail..])),
    }
}

struct Widths {
    name: usize,
    number: usize,
    graph: usize,
    largest: usize,
}

impl Widths {
    fn of(rows: &[Row]) -> Self {
        let longest = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
        let largest = rows.iter().map(|row| row.added + row.deleted).max().unwrap_or(0);
        let number = largest.to_string().len();
        let width = WIDTH.max(16 + 6 + number);
        let (mut name, mut graph) = (longest, largest);
        if name + number + 6 + graph > width {
            let share = (width * 3 / 8).saturating_sub(number + 6);
            if graph > share {
                graph = share.max(6);
            }
            if name > width - number - 6 - graph {
                name = width - number - 6 - graph;
            } else {
                graph = width - number - 6 - name;
            }
        }
        Self { name, number, graph, largest }
    }

    fn line(&self, row: &Row) -> String {
        let total = row.added + row.deleted;
        let (mut prefix, mut room, mut name) = ("", self.name, row.name.as_str());
        if room < name.len() {
            prefix = "...";
            room -= 3;
            let cut = name.get(name.len() - room..).unwrap_or(name);
            name = cut.find('/').map_or(cut, |slash| &cut[slash..]);
        }
        let blank = if total > 0 { " " } else { "" };
        let (plus, minus) = self.scaled(row.added, row.deleted);
        format!(
            " {prefix}{name:<room$} | {total:>number$}{blank}{}{}\n",
            "+".repeat(plus),
            "-".repeat(minus),
            number = self.number
        )
    }

    fn scaled(&self, added: usize, deleted: usize) -> (usize, usize) {
        if self.graph > self.largest || self.largest == 0 {
            return (added, deleted);
        }
        let scale = |count: usize| if count == 0 { 0 } else { 1 + count * (self.graph - 1) / self.largest };
        let mut total = scale(added + deleted);
        if total < 2 && added > 0 && deleted > 0 {
            total = 2;
        }
        if added < deleted {
            let plus = scale(added);
            (plus, total - plus)
        } else {
            let minus = scale(deleted);
            (total - minus, minus)
        }
    }
}

fn totals(files: usize, added: usize, deleted: usize) -> String {
    let count = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    if files == 0 {
        return " 0 files changed\n".to_owned();
    }
    let mut line = format!(" {} changed", count(files, "file"));
    if added > 0 || deleted == 0 {
        line.push_str(&format!(", {}(+)", count(added, "insertion")));
    }
    if deleted > 0 || added == 0 {
        line.push_str(&format!(", {}(-)", count(deleted, "deletion")));
    }
    line + "\n"
}
