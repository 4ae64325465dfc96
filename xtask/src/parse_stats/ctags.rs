//! An independent count of functions.
//!
//! In: files and the functions that the ledger knows of each. Out: a [`Comparison`]: every function that universal-ctags
//! finds must be in the ledger with the same name, on the same line or, where the two disagree on the line of a head that
//! spans several, inside the same function. What the ledger has not is listed with a reason as far as it can be told from
//! the text. It needs `ctags`.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::count::{Known, Total};

/// What came of it.
pub(super) struct Comparison {
    /// Functions that ctags finds.
    pub(super) tags: usize,
    /// Those that the ledger has not.
    pub(super) missing: Vec<Missing>,
}

/// A function of ctags that the ledger does not know.
pub(super) struct Missing {
    /// `path:line name`.
    pub(super) place: String,
    /// What stands there.
    pub(super) reason: &'static str,
}

/// Let ctags read `files` and look for what it finds.
pub(super) fn compare(files: &[PathBuf], totals: &[Total]) -> Result<Comparison> {
    let known: HashMap<String, &[Known]> = files
        .iter()
        .zip(totals)
        .map(|(file, total)| (file.display().to_string(), total.known.as_slice()))
        .collect();
    let mut comparison = Comparison { tags: 0, missing: Vec::new() };
    for line in tags(files)?.lines() {
        let mut parts = line.splitn(3, '\t');
        let (Some(number), Some(name), Some(file)) = (parts.next(), parts.next(), parts.next()) else {
            bail!("ctags wrote a line of another form: `{line}`");
        };
        let number: usize = number.parse().with_context(|| format!("ctags wrote `{line}`"))?;
        comparison.tags += 1;
        let functions = known.get(file).copied().unwrap_or_default();
        if !functions.iter().any(|function| is_it(function, name, number)) {
            let text = std::fs::read(file).unwrap_or_default();
            let reason = reason(&String::from_utf8_lossy(&text), name, number, functions);
            comparison.missing.push(Missing { place: format!("{file}:{number} {name}"), reason });
        }
    }
    Ok(comparison)
}

/// Whether the ledger's function is the tag's. ctags gives the line of the name; so does the ledger.
fn is_it(function: &Known, name: &str, line: usize) -> bool {
    function.name == name && function.line == line
}

/// `LINE NAME FILE` of every function.
fn tags(files: &[PathBuf]) -> Result<String> {
    let mut child = Command::new("ctags")
        .args(["-x", "--language-force=C", "--kinds-C=f", "--_xformat=%n\t%N\t%F", "-L", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot run ctags; install it with `apt-get install universal-ctags`")?;
    let names: String = files.iter().map(|file| format!("{}\n", file.display())).collect();
    let mut stdin = child.stdin.take().context("ctags takes no list of files")?;
    let writer = std::thread::spawn(move || stdin.write_all(names.as_bytes()));
    let output = child.wait_with_output().context("ctags did not end")?;
    if !matches!(writer.join(), Ok(Ok(()))) || !output.status.success() {
        bail!("ctags ended with {}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Why the ledger may be right not to know a function.
fn reason(text: &str, name: &str, line: usize, functions: &[Known]) -> &'static str {
    let lines: Vec<&str> = text.lines().collect();
    let here = lines.get(line.saturating_sub(1)).copied().unwrap_or_default();
    if functions
        .iter()
        .any(|function| function.line <= line && line <= function.last_line && function.name != name)
    {
        return "inside a function that the ledger has under another name or line";
    }
    if functions.iter().any(|function| function.name == name && function.line.abs_diff(line) <= 10) {
        return "the ledger has it on a line nearby: a head with several names, or one per arm of an #if";
    }
    let above = || lines[..line.saturating_sub(1).min(lines.len())].iter().rev();
    let continued = above().take_while(|above| above.ends_with('\\')).last();
    if here.trim_start().starts_with('#')
        || continued.is_some_and(|first| first.trim_start().starts_with('#'))
    {
        return "inside a #define";
    }
    let is_dead = above().find_map(|above| conditional(above)).is_some_and(|dead| dead);
    if is_dead {
        return "in an #if 0";
    }
    "unknown to the ledger"
}

/// Whether a line opens code that is never compiled; `None` for lines that are no conditional.
fn conditional(line: &str) -> Option<bool> {
    let directive = line.trim_start().strip_prefix('#')?.trim_start();
    let is_it = ["if", "el", "endif"].iter().any(|word| directive.starts_with(word));
    is_it.then(|| directive.split_whitespace().take(2).eq(["if", "0"]))
}
