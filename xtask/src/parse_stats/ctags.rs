//! An independent count of functions.
//!
//! In: files and the functions that the ledger knows of each. Out: a [`Comparison`]: every function that universal-ctags
//! finds must be in the ledger with the same name on the same line. What the ledger has not is listed with a reason, as far
//! as it can be told from the text: ctags does not know macros and takes some calls for functions. It needs `ctags`.

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
    pub(super) reason: Reason,
}

/// What ctags took for a function, or why the ledger has it elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// A macro call without a body, mostly in front of a function.
    MacroCall,
    /// An attribute with arguments: the function has another name.
    Attribute,
    /// The head or the body has several arms; the ledger knows the function by another one.
    ArmOfHead,
    /// None of these.
    Unknown,
}

impl Reason {
    /// Whether there is no function of that name.
    pub(super) fn is_mistaken(self) -> bool {
        matches!(self, Reason::MacroCall | Reason::Attribute)
    }

    /// In words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Reason::MacroCall => "no function: a macro call without a body",
            Reason::Attribute => "no function's name: an attribute",
            Reason::ArmOfHead => "the ledger has the head of another arm of the #if",
            Reason::Unknown => "unknown to the ledger",
        }
    }
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
        || function.others.iter().any(|(other, at)| other == name && *at == line)
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

/// What stands where ctags sees a function that the ledger does not have.
fn reason(text: &str, name: &str, line: usize, functions: &[Known]) -> Reason {
    let lines: Vec<&str> = text.lines().collect();
    let here = lines.get(line.saturating_sub(1)).copied().unwrap_or_default();
    let next = functions.iter().find(|function| function.last_line > line);
    let to_next = next.map_or(line, |function| function.line);
    let between = lines.get(line.saturating_sub(1)..to_next.min(lines.len())).unwrap_or_default();
    if next.is_some_and(|function| function.line <= line + 3 && function.name != name)
        && !between.iter().any(|line| is_conditional(line))
        && !here.starts_with(name)
    {
        return Reason::Attribute;
    }
    if here.trim_start().starts_with(name) && !opens_body(&lines, line, name) {
        return Reason::MacroCall;
    }
    let to_body = next.map_or(line, |function| function.body_line);
    let head = lines.get(line.saturating_sub(1)..to_body.min(lines.len())).unwrap_or_default();
    if head.iter().any(|line| is_conditional(line)) || next.is_some_and(|function| function.line <= line) {
        return Reason::ArmOfHead;
    }
    let word = here.split_whitespace().next().unwrap_or_default();
    if matches!(word, "struct" | "union" | "enum") {
        return Reason::Attribute;
    }
    Reason::Unknown
}

/// Whether the parameters behind `name` on `line` are followed by a body.
fn opens_body(lines: &[&str], line: usize, name: &str) -> bool {
    let rest = lines.get(line.saturating_sub(1)..).unwrap_or_default().join("\n");
    let Some(at) = rest.find(name) else { return false };
    let mut depth = 0usize;
    for (offset, byte) in rest.bytes().enumerate().skip(at + name.len()) {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 1 => return rest[offset + 1..].trim_start().starts_with('{'),
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

fn is_conditional(line: &str) -> bool {
    let directive = line.trim_start().strip_prefix('#').map(str::trim_start);
    directive.is_some_and(|directive| ["if", "el", "endif"].iter().any(|word| directive.starts_with(word)))
}
