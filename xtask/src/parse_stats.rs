//! `parse-stats`: how much of a tree's C is read.
//!
//! In: directories. Out: per directory the files, bytes, functions, functions that were not read whole, the speed of
//! each stage; and the places where reading failed.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use vedalia::source::SourceFile;
use vedalia::syntax::{self, FileLedger, ledger::Cause};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Directories or files.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Read `.h` files instead of `.c` files.
    #[arg(long)]
    headers: bool,
    /// List every place that was not read.
    #[arg(long)]
    list: bool,
    /// Print what the grammar reads.
    #[arg(long)]
    overlay: bool,
    /// Compare with the functions that universal-ctags finds, and list those that are missing.
    #[arg(long)]
    ctags: bool,
}

#[derive(Default)]
struct Total {
    files: usize,
    bytes: usize,
    lines: usize,
    functions: usize,
    unclean: usize,
    arms_only: usize,
    outside: usize,
    unread_lines: usize,
    overlay: Duration,
    parse: Duration,
    places: Vec<String>,
    missing: Vec<String>,
    tags: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    println!(
        "directory\tfiles\tMB\tfunctions\tnot clean\tclean %\t(arms)\toutside\tlines read %\toverlay MB/s\tparse MB/s\tctags"
    );
    for path in &arguments.paths {
        let total = directory(path, arguments)?;
        let clean = 100.0 * (1.0 - total.unclean as f64 / total.functions.max(1) as f64);
        let megabytes = total.bytes as f64 / 1e6;
        println!(
            "{}\t{}\t{megabytes:.1}\t{}\t{}\t{clean:.3}\t{}\t{}\t{:.3}\t{:.1}\t{:.1}\t{}",
            path.display(),
            total.files,
            total.functions,
            total.unclean,
            total.arms_only,
            total.outside,
            100.0 * (1.0 - total.unread_lines as f64 / total.lines.max(1) as f64),
            megabytes / total.overlay.as_secs_f64(),
            megabytes / total.parse.as_secs_f64(),
            if arguments.ctags {
                format!("{}/{} missing", total.missing.len(), total.tags)
            } else {
                String::new()
            },
        );
        if arguments.list {
            total.places.iter().for_each(|p| println!("  {p}"));
        }
        total.missing.iter().for_each(|p| println!("  ctags {p}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn directory(path: &Path, arguments: &Arguments) -> Result<Total> {
    let mut files = Vec::new();
    collect(path, if arguments.headers { "h" } else { "c" }, &mut files)?;
    files.sort();
    let next = AtomicUsize::new(0);
    let all = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Ok(one) = one_file(file, arguments) {
                        all.lock().unwrap_or_else(|e| e.into_inner()).push((file.clone(), one));
                    }
                }
            });
        }
    });
    let mut parts = all.into_inner().unwrap_or_default();
    parts.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(parts.into_iter().fold(Total::default(), |sum, (_, part)| sum.add(part)))
}

impl Total {
    fn add(mut self, part: Self) -> Self {
        self.files += part.files;
        self.bytes += part.bytes;
        self.lines += part.lines;
        self.functions += part.functions;
        self.unclean += part.unclean;
        self.arms_only += part.arms_only;
        self.outside += part.outside;
        self.unread_lines += part.unread_lines;
        self.overlay += part.overlay;
        self.parse += part.parse;
        self.tags += part.tags;
        self.places.extend(part.places);
        self.missing.extend(part.missing);
        self
    }
}

fn collect(path: &Path, extension: &str, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_file() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    for entry in std::fs::read_dir(path).with_context(|| format!("reading {}", path.display()))? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), extension, files)?;
        } else if kind.is_file() && entry.path().extension().is_some_and(|e| e == extension) {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn one_file(path: &Path, arguments: &Arguments) -> Result<Total> {
    let source = SourceFile::new(path.display().to_string(), std::fs::read(path)?);
    let start = Instant::now();
    let respelled = syntax::parse::respelled(&source);
    let overlay = start.elapsed();
    if arguments.overlay {
        print!("{}", String::from_utf8_lossy(&respelled.text));
    }
    let tree = syntax::parse(&source);
    let parse = start.elapsed() - overlay;
    let ledger = FileLedger::of(&tree);
    let mut total = Total {
        files: 1,
        bytes: ledger.bytes,
        lines: source.lines().line_count(),
        functions: ledger.functions.len(),
        unclean: ledger.functions.iter().filter(|f| !f.clean).count(),
        outside: ledger.unread.iter().filter(|u| u.function.is_none()).count(),
        overlay,
        parse,
        ..Total::default()
    };
    for (i, function) in ledger.functions.iter().enumerate().filter(|(_, f)| !f.clean) {
        let mut of = ledger.unread.iter().filter(|u| u.function == Some(i)).peekable();
        if of.peek().is_some() && of.all(|u| u.cause == Cause::Arm) {
            total.arms_only += 1;
        }
        if !ledger.unread.iter().any(|u| u.span.overlaps(function.body)) {
            total.places.push(format!(
                "{}:{}: not a function",
                path.display(),
                source.line_column(function.body)
            ));
        }
    }
    for unread in &ledger.unread {
        let text = source.slice(unread.span);
        total.unread_lines += text.lines().count();
        let first: String = text.chars().take(100).map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
        let place = source.line_column(unread.span);
        total.places.push(format!("{}:{place}: {:?}: {first}", path.display(), unread.cause));
    }
    if arguments.ctags {
        compare(path, &source, &ledger, &mut total)?;
    }
    Ok(total)
}

/// Which functions of ctags have no body in the ledger.
fn compare(path: &Path, source: &SourceFile, ledger: &FileLedger, total: &mut Total) -> Result<()> {
    let output = Command::new("ctags")
        .args(["-x", "--language-force=C", "--kinds-C=f", "--_xformat=%n %N"])
        .arg(path)
        .output()
        .context("running ctags")?;
    let lines: Vec<usize> = ledger.functions.iter().map(|f| source.line_column(f.body).line).collect();
    for tag in String::from_utf8_lossy(&output.stdout).lines() {
        let Some((line, name)) = tag.split_once(' ') else { continue };
        let Ok(line) = line.parse::<usize>() else { continue };
        total.tags += 1;
        // The body opens a few lines below the name.
        let at = lines.partition_point(|l| *l < line);
        if lines.get(at).is_none_or(|l| *l >= line + 40) {
            total.missing.push(format!("{}:{line} {name}", path.display()));
        }
    }
    Ok(())
}
