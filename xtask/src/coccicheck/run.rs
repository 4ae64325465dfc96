//! Running a rule over a folder, with ours and with the peer.
//!
//! In: a rule, its options and a folder. Out: what was printed, and the seconds of processor time it took. The peer's
//! result is kept in a file; a run of it that ends by a limit leaves a file that says so and is not tried again.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use super::{Arguments, Mode};
use crate::command;

/// A rule on a folder.
pub(super) struct Runner<'a> {
    /// The Linux tree.
    pub(super) tree: &'a Path,
    /// The rule, from there.
    pub(super) rule: &'a Path,
    /// What its header asks for.
    pub(super) options: &'a [String],
    /// What it is to do.
    pub(super) mode: Mode,
    /// The folder, from the tree.
    pub(super) folder: &'a str,
}

/// How a run of the peer ended.
pub(super) enum Outcome {
    /// By itself.
    Done {
        /// What it printed.
        text: String,
        /// The processor time it took.
        seconds: f64,
    },
    /// It was not run, or took too long.
    Unknown,
}

impl Runner<'_> {
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.tree).args(["-D", self.mode.name(), "--very-quiet"]);
        command.arg("--cocci-file").arg(self.rule).args(self.options);
        if self.mode == Mode::Report {
            command.arg("--no-show-diff");
        }
        command.args(["--dir", self.folder]);
        command
    }

    /// Our result, and how long it took.
    pub(super) fn ours(&self, arguments: &Arguments) -> Result<(String, f64)> {
        let program =
            fs::canonicalize(&arguments.vedalia).context("cannot find our program; build it first")?;
        let mut command = Command::new(&program);
        // The peer runs scripts unasked.
        command.arg("apply").arg("--allow-scripts");
        command.args(self.command(&program).get_args()).current_dir(self.tree);
        let start = Instant::now();
        let output = command::output(&mut command)?;
        Ok((String::from_utf8_lossy(&output.stdout).into_owned(), start.elapsed().as_secs_f64()))
    }

    /// The peer's result, from `kept` if it was run before; `spent` is what it has used up on this rule.
    pub(super) fn peer(&self, arguments: &Arguments, kept: &Path, spent: f64) -> Result<Outcome> {
        let (result, time) = (kept.with_extension("out"), kept.with_extension("time"));
        if !time.exists() && !arguments.cached {
            fs::create_dir_all(kept.parent().unwrap_or(kept))?;
            let left = (arguments.limit as f64 - spent).max(1.0).ceil();
            // The shell sets the limit and measures: `times` tells what its children used.
            let mut command = Command::new("sh");
            command
                .current_dir(self.tree)
                .args(["-c", "ulimit -t \"$0\"; \"$@\"; status=$?; times >&2; exit $status"]);
            let peer = self.command(&arguments.peer);
            command
                .arg(left.to_string())
                .arg(&arguments.peer)
                .args(["--timeout", "60"])
                .args(peer.get_args());
            let output = command::output(&mut command)?;
            fs::write(&result, &output.stdout)?;
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let seconds = output.status.success().then(|| used(&said)).flatten();
            fs::write(&time, seconds.map_or("unfinished".to_owned(), |s| s.to_string()))?;
        }
        let Ok(said) = fs::read_to_string(&time) else { return Ok(Outcome::Unknown) };
        let Ok(seconds) = said.split_whitespace().next().unwrap_or_default().parse() else {
            return Ok(Outcome::Unknown);
        };
        Ok(Outcome::Done { text: String::from_utf8_lossy(&fs::read(&result)?).into_owned(), seconds })
    }
}

/// The user time of the children in what the shell's `times` prints: `0m1.23s 0m0.10s` in its last line.
fn used(said: &str) -> Option<f64> {
    let (minutes, seconds) = said.trim_end().lines().last()?.split_whitespace().next()?.split_once('m')?;
    Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.trim_end_matches('s').parse::<f64>().ok()?)
}
