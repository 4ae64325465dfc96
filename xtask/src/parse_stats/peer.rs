//! The same directory as Coccinelle reads it.
//!
//! In: a directory. Out: the lines that `spatch --parse-c` counts as good and as bad. It counts the `.c` files below the
//! directory and, for an item of file scope that it cannot read, all lines of the item; it does not count
//! functions. It gets [`FILES_OF_A_RUN`] files at a time, because what it tells of its troubles at the end takes longer
//! than linear; the figures are added up.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::command;

/// How many files spatch reads in one run.
const FILES_OF_A_RUN: usize = 64;

/// What spatch says about a directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    pub(super) good: usize,
    pub(super) bad: usize,
    pub(super) files: usize,
    pub(super) imperfect: usize,
    pub(super) took: Duration,
}

/// Let spatch read `directory`. What it says is kept below `target/`, and used instead of another run when `cached`.
pub(super) fn count(directory: &Path, cached: bool) -> Result<Peer> {
    let kept = directory.display().to_string().trim_matches('/').replace('/', "_");
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../target/peer/{kept}.txt"));
    if let Some(said) = std::fs::read_to_string(&kept).ok().filter(|_| cached) {
        return read(directory, &said);
    }
    let said = run(directory)?;
    let peer = read(directory, &said)?;
    std::fs::create_dir_all(kept.parent().unwrap_or(&kept)).and_then(|()| std::fs::write(&kept, said))?;
    Ok(peer)
}

/// What spatch says of the figures, run by run.
fn run(directory: &Path) -> Result<String> {
    let mut files: Vec<PathBuf> = Vec::new();
    super::collect(directory, "c", &mut files)?;
    files.sort();
    let mut said = String::new();
    for part in files.chunks(FILES_OF_A_RUN) {
        // The shell counts the time on a processor, which other work on the machine does not change. On large files
        // spatch needs a deeper stack than the usual one.
        let mut spatch = Command::new("sh");
        spatch.args(["-c", "ulimit -s unlimited; \"$@\"; times", "sh", "spatch", "--parse-c"]).args(part);
        let output = command::output(&mut spatch).context("install it with `apt-get install coccinelle`")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let is_figure =
            |line: &&str| line.starts_with("NB ") || line.contains("nb bad =") || seconds(line).is_some();
        text.lines().filter(is_figure).for_each(|line| said.extend([line, "\n"]));
    }
    Ok(said)
}

/// The sums of the figures in what spatch said.
fn read(directory: &Path, said: &str) -> Result<Peer> {
    let wanted = |word: &str| {
        let lines = said.lines().filter(|line| !line.contains("nb passed ="));
        let figures = lines.filter_map(|line| line.split_once(word).map(|(_, rest)| first_number(rest)));
        let sum = figures.sum::<Option<usize>>().filter(|_| said.contains(word));
        sum.with_context(|| format!("spatch --parse-c {} says nothing of `{word}`", directory.display()))
    };
    Ok(Peer {
        good: wanted("nb good =")?,
        bad: wanted("nb bad =")?,
        files: wanted("NB total files =")?,
        imperfect: wanted("pbs =")?,
        took: said.lines().filter_map(seconds).sum(),
    })
}

/// The number that a text begins with.
fn first_number(text: &str) -> Option<usize> {
    text.trim_start().split([',', ';', ' ']).next()?.parse().ok()
}

/// The children's time in what `times` prints: `1m2.5s 0m0.25s`.
fn seconds(line: &str) -> Option<Duration> {
    let one = |text: &str| {
        let (minutes, seconds) = text.strip_suffix('s')?.split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    };
    let all: Option<Vec<f64>> = line.split_whitespace().map(one).collect();
    Some(Duration::from_secs_f64(all?.iter().sum()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shell_tells_the_time() {
        assert_eq!(seconds("1m2.5s 0m0.25s"), Some(Duration::from_millis(62_750)));
        assert_eq!(seconds("nb good = 1"), None);
    }

    #[test]
    fn runs_are_added_up() {
        let run = "NB total files = 2; perfect = 1; pbs = 1; timeout = 0;\nnb good = 10,  nb passed = 1\n\
                   nb good = 10,  nb bad = 3 =====> 80%\n0m0.0s 0m0.0s\n0m1.5s 0m0.5s\n";
        let sum = read(Path::new("fs"), &run.repeat(2)).expect("all figures");
        assert_eq!((sum.good, sum.bad, sum.files, sum.imperfect), (20, 6, 4, 2));
        assert_eq!(sum.took, Duration::from_secs(4));
        assert!(read(Path::new("fs"), "no such thing").is_err());
    }
}
