//! The tables.
//!
//! In: rows. Out: text on standard output, in columns or as Markdown.

use std::path::PathBuf;

use super::peer::Peer;
use super::{Arguments, Row, causes};

/// The rows, then for each the causes and what else was asked for.
pub(super) fn print(rows: &[Row], arguments: &Arguments) {
    let mut head = vec![
        "read",
        "files",
        "MB",
        "functions",
        "not clean",
        "clean %",
        "by lines %",
        "outside",
        "lines read %",
        "lexer",
        "lexer+overlay",
        "tree-sitter",
        "all MB/s",
    ];
    if arguments.ctags {
        head.extend(["ctags", "not known", "no function", "known %", "of functions %"]);
    }
    let lines: Vec<Vec<String>> = rows.iter().map(cells).collect();
    columns(&head, &lines, arguments.markdown);
    println!("\nspeeds in MB/s of one processor");
    for row in rows {
        details(row, arguments);
    }
}

fn cells(row: &Row) -> Vec<String> {
    let total = &row.total;
    let megabytes = total.bytes as f64 / 1e6;
    // The kernel's clock for a thread is too coarse for less.
    let speed = |time: std::time::Duration| match time.as_secs_f64() {
        short if short < 0.1 => "-".to_owned(),
        seconds => format!("{:.1}", megabytes / seconds),
    };
    let mut cells = vec![
        row.name.clone(),
        total.files.to_string(),
        format!("{megabytes:.1}"),
        total.functions.to_string(),
        total.unclean.to_string(),
        share(total.functions - total.unclean, total.functions),
        share(total.function_lines - total.unclean_lines, total.function_lines),
        total.outside.to_string(),
        share(total.lines.saturating_sub(total.unread_lines), total.lines),
        speed(total.times.lexer),
        speed(total.times.overlay),
        speed(total.times.grammar),
        speed(total.times.whole),
    ];
    if let Some(tags) = &row.tags {
        let known = tags.tags - tags.missing.len();
        let mistaken = tags.missing.iter().filter(|missing| missing.reason.is_mistaken()).count();
        cells.extend([
            tags.tags.to_string(),
            tags.missing.len().to_string(),
            mistaken.to_string(),
            share(known, tags.tags),
            share(known, tags.tags - mistaken),
        ]);
    }
    cells
}

/// A share in percent; all of nothing is everything.
fn share(part: usize, of: usize) -> String {
    if of == 0 { "-".to_owned() } else { format!("{:.3}", 100.0 * part as f64 / of as f64) }
}

fn details(row: &Row, arguments: &Arguments) {
    let total = &row.total;
    let groups = causes::grouped(&total.places);
    if !groups.is_empty() {
        println!("\n{}: {} places not read, by cause", row.name, total.places.len());
    }
    for group in groups.iter().take(arguments.top) {
        println!("{:6}  {}: {} `{}`", group.count, group.cause, group.example.at, group.example.text);
    }
    if arguments.list {
        for place in &total.places {
            println!("  {}: {}: {}", place.at, place.cause, place.text);
        }
    }
    for error in &total.unreadable {
        println!("  not opened: {error}");
    }
    if arguments.faithful {
        println!("  {}: {} files, {} not faithful", row.name, total.files, total.unfaithful.len());
        total.unfaithful.iter().for_each(|breach| println!("  {breach}"));
    }
    for missing in row.tags.iter().flat_map(|tags| &tags.missing) {
        println!("  ctags only: {} ({})", missing.place, missing.reason.words());
    }
}

/// Both programs on the same directories.
pub(super) fn print_peers(peers: &[(&PathBuf, Peer)], rows: &[Row], arguments: &Arguments) {
    let head = [
        "directory",
        "lines",
        "lost by vedalia",
        "read %",
        "lines of spatch",
        "lost by spatch",
        "read %",
        "seconds",
        "of spatch",
    ];
    let mut lines = Vec::new();
    for (path, peer) in peers {
        let shown = path.display().to_string();
        let shown = shown.trim_end_matches('/');
        let own = rows.iter().filter(|row| row.name.rsplit_once(' ') == Some((shown, ".c")));
        let (mut all, mut lost, mut seconds) = (0, 0, 0.0);
        for row in own {
            all += row.total.lines;
            lost += row.total.item_lines;
            seconds += row.total.times.whole.as_secs_f64();
        }
        let theirs = peer.good + peer.bad;
        lines.push(vec![
            shown.to_owned(),
            all.to_string(),
            lost.to_string(),
            share(all.saturating_sub(lost), all),
            theirs.to_string(),
            peer.bad.to_string(),
            share(peer.good, theirs),
            format!("{seconds:.1}"),
            format!("{:.1}", peer.took.as_secs_f64()),
        ]);
    }
    println!("\nthe .c files; both count every line of an item of file scope that was not read whole");
    columns(&head, &lines, arguments.markdown);
    for (path, peer) in peers.iter().filter(|(_, peer)| peer.imperfect > 0) {
        println!("{}: spatch has trouble with {} of {} files", path.display(), peer.imperfect, peer.files);
    }
}

/// Text in columns; the first is aligned to the left.
fn columns(head: &[&str], lines: &[Vec<String>], markdown: bool) {
    let width = |at: usize| {
        let cells = lines.iter().map(|line| line.get(at).map_or(0, |cell| cell.chars().count()));
        cells.chain([head[at].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<String> = cells
            .enumerate()
            .map(|(at, cell)| {
                if at == 0 {
                    format!("{cell:w$}", w = widths[at])
                } else {
                    format!("{cell:>w$}", w = widths[at])
                }
            })
            .collect();
        if markdown { format!("| {} |", cells.join(" | ")) } else { cells.join("  ") }
    };
    println!("{}", line(&mut head.iter().copied()));
    if markdown {
        let rule: Vec<String> =
            (0..head.len()).map(|at| if at == 0 { "---" } else { "--:" }.to_owned()).collect();
        println!("| {} |", rule.join(" | "));
    }
    for cells in lines {
        println!("{}", line(&mut cells.iter().map(String::as_str)));
    }
}
