//! The same directory as Coccinelle reads it.
//!
//! In: a directory. Out: the lines that `spatch --parse-c` counts as good and as bad. It counts the `.c` files below the
//! directory and, for an item of file scope that it cannot read, all lines of the item; it does not count
//! functions.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::command;

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

fn run(directory: &Path) -> Result<String> {
    // The shell counts the time on a processor, which other work on the machine does not change. On large directories
    // spatch needs a deeper stack than the usual one.
    let mut spatch = Command::new("sh");
    spatch.args(["-c", "ulimit -s unlimited; \"$@\"; times", "sh", "spatch", "--parse-c"]).arg(directory);
    let output = command::output(&mut spatch).context("install it with `apt-get install coccinelle`")?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The figures in what spatch said.
fn read(directory: &Path, said: &str) -> Result<Peer> {
    let figure = |word: &str| {
        let mut figures = said.lines().filter_map(|line| line.split_once(word));
        figures
            .next_back()
            .and_then(|(_, rest)| rest.trim_start().split([',', ';', ' ']).next()?.parse().ok())
    };
    let wanted = |word: &str| {
        figure(word)
            .with_context(|| format!("spatch --parse-c {} says nothing of `{word}`", directory.display()))
    };
    Ok(Peer {
        good: wanted("nb good =")?,
        bad: wanted("nb bad =")?,
        files: wanted("NB total files =")?,
        imperfect: wanted("pbs =")?,
        took: said.lines().last().and_then(seconds).unwrap_or_default(),
    })
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
}
