//! `cargo xtask conformance DIR`: Coccinelle's own kind of tests against our engine.
//!
//! In: a folder with triples `X.cocci`, `X.c`, `X.res` (upstream's `tests`, fetched by you and never committed). Out:
//! a line per test that is not equal, and the two figures: equal tokens, as upstream's `--testall` compares, and equal
//! bytes. A test that takes longer than ten seconds counts as a hang.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use vedalia::diagnostic::Diagnostic;
use vedalia::plan::apply::{ApplyOptions, Scripts, apply, prepare};
use vedalia::series::diff::{Sides, unified};
use vedalia::series::glob;
use vedalia::smpl::compile::compile;
use vedalia::smpl::{RuleFile, parse_whole};
use vedalia::source::SourceFile;

/// Arguments of `conformance`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder with the triples.
    folder: PathBuf,
    /// Only tests whose name fits this glob.
    #[arg(long, default_value = "*")]
    filter: String,
    /// Print the first lines that differ.
    #[arg(long)]
    verbose: bool,
    /// Only read the rule files below the folder, every rule of them, and print what is wrong with them.
    #[arg(long)]
    read: bool,
    /// Print how our result differs from the wanted one.
    #[arg(long)]
    show: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Bytes,
    Tokens,
    Differs(String),
    Untouched,
    RuleError(String),
    Hang,
    Panic,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if arguments.read {
        return read_only(arguments);
    }
    let mut names: Vec<String> = fs::read_dir(&arguments.folder)?
        .filter_map(|e| e.ok()?.file_name().into_string().ok())
        .filter_map(|n| Some(n.strip_suffix(".res")?.to_string()))
        .filter(|n| glob::matches(&arguments.filter, n))
        .filter(|n| ["c", "cocci"].iter().all(|x| arguments.folder.join(format!("{n}.{x}")).exists()))
        .collect();
    names.sort();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in &names {
        let verdict = limited(&arguments.folder, name);
        let word = match &verdict {
            Verdict::Bytes => "bytes",
            Verdict::Tokens => "tokens",
            Verdict::Differs(_) => "differs",
            Verdict::Untouched => "untouched",
            Verdict::RuleError(_) => "rule-error",
            Verdict::Hang => "hang",
            Verdict::Panic => "panic",
        };
        if arguments.show {
            println!("{}", show(&arguments.folder, name));
        }
        *counts.entry(word).or_default() += 1;
        match &verdict {
            Verdict::Bytes => {}
            Verdict::RuleError(why) => println!("{name}: {word}: {why}"),
            Verdict::Differs(how) if arguments.verbose => println!("{name}: {word}\n{how}"),
            _ => println!("{name}: {word}"),
        }
    }
    let get = |w: &str| counts.get(w).copied().unwrap_or(0);
    let total = names.len().max(1);
    let (bytes, tokens) = (get("bytes"), get("bytes") + get("tokens"));
    println!("{counts:?}");
    println!(
        "equal tokens {tokens}/{total} ({:.1} %), equal bytes {bytes}/{total} ({:.1} %)",
        percent(tokens, total),
        percent(bytes, total)
    );
    Ok(ExitCode::SUCCESS)
}

fn read_only(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut folders = vec![arguments.folder.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|x| x == "cocci") {
                files.push(path);
            }
        }
    }
    files.sort();
    let (mut rules, mut clean) = (0, 0);
    for path in &files {
        let source = SourceFile::new(path.display().to_string(), fs::read(path)?);
        let (file, mut diagnostics) = vedalia::smpl::parse(&source);
        for rule in file.rules() {
            rules += 1;
            let line = source.line_column(rule.header.span).line;
            diagnostics.extend(compile(&source, rule, line).err().unwrap_or_default());
        }
        clean += usize::from(diagnostics.is_empty());
        for d in &diagnostics {
            println!("{}: {}", d.place().unwrap_or_default(), d.message);
        }
    }
    println!("{} files with {rules} rules, {clean} files read without complaint", files.len());
    Ok(ExitCode::SUCCESS)
}

fn percent(n: usize, of: usize) -> f64 {
    n as f64 * 100.0 / of as f64
}

/// One test on a thread of its own, with a deep stack and a limit of time.
fn limited(folder: &Path, name: &str) -> Verdict {
    let (send, receive) = mpsc::channel();
    let (folder, name) = (folder.to_path_buf(), name.to_string());
    let body = move || {
        let _ = send.send(one(&folder, &name));
    };
    if std::thread::Builder::new().stack_size(256 << 20).spawn(body).is_err() {
        return Verdict::Panic;
    }
    match receive.recv_timeout(Duration::from_secs(10)) {
        Ok(verdict) => verdict,
        Err(mpsc::RecvTimeoutError::Timeout) => Verdict::Hang,
        Err(mpsc::RecvTimeoutError::Disconnected) => Verdict::Panic,
    }
}

/// What a rule file asks for by itself: scripts, isomorphism files of the folder or the one above, and `-D`.
fn options(folder: &Path, file: &RuleFile) -> ApplyOptions {
    let read = |name: &str| {
        let places = [folder.join(name), folder.join("..").join(name)];
        places.iter().find_map(|path| fs::read(path).ok())
    };
    let names = file.isomorphism_files().into_iter();
    let beside = names.filter_map(|n| Some((n.to_owned(), SourceFile::new(n, read(n)?)))).collect();
    let given = file.options.windows(2).filter(|pair| pair[0] == "-D").map(|pair| pair[1].as_str());
    let (definitions, virtuals): (Vec<&str>, Vec<&str>) = given.partition(|word| word.contains('='));
    let pair = |word: &str| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    ApplyOptions {
        scripts: Scripts::Allowed,
        beside,
        virtuals: virtuals.into_iter().map(str::to_owned).collect(),
        definitions: definitions.into_iter().filter_map(pair).collect(),
        ..ApplyOptions::default()
    }
}

/// A test's rules with those that they include: the suite names files from the folder above.
fn rules(folder: &Path, name: &str) -> (RuleFile, Vec<Diagnostic>) {
    let read = |name: &str| {
        let beside = Path::new(name).file_name()?;
        Some(SourceFile::new(name, fs::read(folder.join(beside)).ok()?))
    };
    let own = SourceFile::new(
        format!("{name}.cocci"),
        fs::read(folder.join(format!("{name}.cocci"))).unwrap_or_default(),
    );
    parse_whole(&own, &read)
}

fn one(folder: &Path, name: &str) -> Verdict {
    let read = |extension: &str| fs::read(folder.join(format!("{name}.{extension}"))).unwrap_or_default();
    let (file, mut diagnostics) = rules(folder, name);
    let options = options(folder, &file);
    let program = match prepare(&file, &options) {
        Ok(program) if diagnostics.is_empty() => program,
        Ok(_) => return Verdict::RuleError(describe(&diagnostics)),
        Err(more) => {
            diagnostics.extend(more);
            return Verdict::RuleError(describe(&diagnostics));
        }
    };
    let code = SourceFile::new(format!("{name}.c"), read("c"));
    let applied = apply(&program, &code, &options);
    let wanted = read("res");
    if applied.after == wanted {
        return Verdict::Bytes;
    }
    let (ours, theirs) = (tokens(&applied.after), tokens(&wanted));
    if ours == theirs {
        return Verdict::Tokens;
    }
    if applied.after == code.bytes() {
        return Verdict::Untouched;
    }
    let at = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
    let show = |all: &[String]| all[at.saturating_sub(6).min(all.len())..(at + 8).min(all.len())].join(" ");
    Verdict::Differs(format!("  ours:   {}\n  wanted: {}", show(&ours), show(&theirs)))
}

fn show(folder: &Path, name: &str) -> String {
    let read = |extension: &str| fs::read(folder.join(format!("{name}.{extension}"))).unwrap_or_default();
    let file = rules(folder, name).0;
    let options = options(folder, &file);
    let Ok(program) = prepare(&file, &options) else { return String::new() };
    let code = SourceFile::new(format!("{name}.c"), read("c"));
    let applied = apply(&program, &code, &options);
    let wanted = read("res");
    let diff = unified(name, Sides { old: Some(&wanted), new: Some(&applied.after) });
    let diff = String::from_utf8_lossy(&diff);
    let notes: String = applied.diagnostics.iter().map(|d| format!("{}\n", d.message)).collect();
    format!("{notes}rules that matched: {:?}\n{diff}", applied.matched)
}

fn describe(diagnostics: &[Diagnostic]) -> String {
    let one = |d: &Diagnostic| format!("{}: {}", d.place().unwrap_or_default(), d.message);
    diagnostics.first().map(one).unwrap_or_default()
}

/// The tokens of C, without comments.
fn tokens(bytes: &[u8]) -> Vec<String> {
    use vedalia::smpl::token::{LineMode, lex};
    let file = SourceFile::new("t.c", bytes);
    let all = lex(&file, vedalia::source::Span::new(0, file.text().len()), LineMode::Plain);
    let words = all
        .iter()
        .flat_map(|t| file.slice(t.span).split_whitespace().map(str::to_string).collect::<Vec<_>>());
    words.collect()
}
