//! The same directory as Coccinelle reads it.
//!
//! In: a directory. Out: the lines that `spatch --parse-c` counts as good and as bad. It counts the `.c` and `.h` files
//! below the directory and, for an item of file scope that it cannot read, all lines of the item; it does not count
//! functions.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

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

/// Let spatch read `directory`.
pub(super) fn count(directory: &Path) -> Result<Peer> {
    let start = Instant::now();
    let mut spatch = Command::new("spatch");
    spatch.arg("--parse-c").arg(directory);
    let output = command::output(&mut spatch).context("install it with `apt-get install coccinelle`")?;
    let took = start.elapsed();
    let said = String::from_utf8_lossy(&output.stdout);
    let figure = |word: &str| {
        let figures = said.lines().filter_map(|line| line.split_once(word));
        figures.last().and_then(|(_, rest)| rest.trim_start().split([',', ';', ' ']).next()?.parse().ok())
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
        took,
    })
}
