//! `cargo xtask parse-stats DIR...`: how much of a tree's C is read, and how fast.
//!
//! In: directories. Out: a row per directory and kind of file (`.c`, `.h`) – functions, those that were not read whole,
//! lines, items of file scope that were not understood, speed of each stage – and the causes with an example each. On
//! request an independent count by universal-ctags, the same count by `spatch --parse-c`, and the proof that nothing of
//! the source is lost. It changes nothing.

mod causes;
mod count;
mod ctags;
pub(crate) mod faithful;
mod peer;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use vedalia::syntax::{Headers, MacroKnowledge};

use count::Total;

/// Options of `cargo xtask parse-stats`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Directories or files.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Read only files with this ending.
    #[arg(long, value_name = "ENDING", value_parser = ["c", "h"])]
    only: Option<String>,
    /// How many causes to print for each row.
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    /// List every place that was not read.
    #[arg(long)]
    list: bool,
    /// Print what the grammar reads instead of a file, and nothing else.
    #[arg(long)]
    overlay: bool,
    /// Check that no byte is lost: the overlay's length, tokens without gaps, spans in order and inside the file.
    #[arg(long)]
    faithful: bool,
    /// Compare with the functions that universal-ctags finds, and explain those that are missing.
    #[arg(long)]
    ctags: bool,
    /// Read with what the headers say that the files include, looked for in the `include` directories around each file.
    #[arg(long)]
    headers: bool,
    /// Count the `.c` files of the same directories with Coccinelle's `spatch --parse-c` as well.
    #[arg(long)]
    spatch: bool,
    /// Take what spatch said the last time.
    #[arg(long, requires = "spatch")]
    cached: bool,
    /// Print tables for a README.
    #[arg(long)]
    markdown: bool,
}

/// One line of the table: the files of one kind below one directory.
struct Row {
    name: String,
    total: Total,
    tags: Option<ctags::Comparison>,
}

/// Count and print; findings of `--faithful` make the exit status 1.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.overlay {
        return arguments
            .paths
            .iter()
            .try_for_each(|path| count::print_overlay(path.as_path()))
            .map(|()| ExitCode::SUCCESS);
    }
    let mut rows = Vec::new();
    for path in &arguments.paths {
        for ending in ["c", "h"] {
            if arguments.only.as_deref().is_none_or(|only| only == ending)
                && let Some(row) = row(path, ending, arguments)?
            {
                rows.push(row);
            }
        }
    }
    table::print(&rows, arguments);
    if arguments.spatch {
        let mut peers = Vec::new();
        for path in &arguments.paths {
            match peer::count(path, arguments.cached) {
                Ok(peer) => peers.push((path, peer)),
                Err(error) => eprintln!("error: {error:#}"),
            }
        }
        table::print_peers(&peers, &rows, arguments);
    }
    let broken = rows.iter().any(|row| !row.total.unfaithful.is_empty());
    Ok(if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Read the files with that ending; `None` when there are none.
fn row(path: &Path, ending: &str, arguments: &Arguments) -> Result<Option<Row>> {
    let mut files = Vec::new();
    collect(path, ending, &mut files)?;
    files.sort();
    if files.is_empty() {
        return Ok(None);
    }
    let parts = read_all(&files, arguments);
    let tags = arguments.ctags.then(|| ctags::compare(&files, &parts)).transpose()?;
    let total = parts.into_iter().fold(Total::default(), Total::add);
    let shown = path.display().to_string();
    let name = shown.trim_end_matches('/').to_owned();
    Ok(Some(Row { name: format!("{name} .{ending}"), total, tags }))
}

/// One [`Total`] per file, in order.
fn read_all(files: &[PathBuf], arguments: &Arguments) -> Vec<Total> {
    let next = AtomicUsize::new(0);
    let all = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let read = |path: &str| std::fs::read(path).ok();
    let headers = Headers::new(read, [""; 0], MacroKnowledge::shipped().clone());
    let headers = arguments.headers.then_some(&headers);
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = files.get(at) else { return };
            let part = count::one_file(file, arguments.faithful, headers)
                .unwrap_or_else(|error| Total::unreadable(file, &error));
            all.lock().unwrap_or_else(|e| e.into_inner()).push((at, part));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            // Deeply nested code is read with a deep stack; only what is used is ever taken.
            let spawned = std::thread::Builder::new().stack_size(256 << 20).spawn_scoped(scope, work);
            if spawned.is_err() {
                work();
            }
        }
    });
    let mut parts = all.into_inner().unwrap_or_else(|e| e.into_inner());
    parts.sort_by_key(|(at, _)| *at);
    parts.into_iter().map(|(_, part)| part).collect()
}

fn collect(path: &Path, ending: &str, files: &mut Vec<PathBuf>) -> Result<()> {
    let fits = |path: &Path| path.extension().is_some_and(|e| e == ending);
    if path.is_file() {
        files.extend(fits(path).then(|| path.to_path_buf()));
        return Ok(());
    }
    for entry in std::fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))? {
        let entry = entry.with_context(|| format!("cannot read {}", path.display()))?;
        let (kind, path) = (entry.file_type()?, entry.path());
        if kind.is_dir() {
            collect(&path, ending, files)?;
        } else if kind.is_file() && fits(&path) {
            files.push(path);
        }
    }
    Ok(())
}
