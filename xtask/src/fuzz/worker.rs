//! The process that runs the cases, from both sides.
//!
//! In: a target, a seed and the number of the first case. Out: on the worker's side a line with the number of each case
//! before it is run, and one with the promise that it broke, if it did; on the watcher's side those, and how the worker
//! ended. The memory limit is the shell's `ulimit -v`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::target::Target;

/// A running worker.
pub(super) struct Worker {
    child: Child,
    lines: Receiver<Line>,
    said: std::thread::JoinHandle<String>,
    first: u64,
}

/// A line of a worker.
enum Line {
    /// The case begins.
    Begins(u64),
    /// It broke a promise.
    Broke(String),
}

/// What a worker did.
pub(super) struct Watched {
    /// Number of its last case.
    pub(super) last: u64,
    /// Broken promises, by number of the case.
    pub(super) broken: Vec<(u64, String)>,
    /// How it ended.
    pub(super) ended: Ended,
}

/// How a worker came to its end.
pub(super) enum Ended {
    /// It was stopped because the time is over.
    TimeIsOver,
    /// The case took too long.
    Hung,
    /// The case killed it: what it said last.
    Died(String),
}

impl Worker {
    /// Start one that begins with case `first`.
    pub(super) fn start(target: Target, seed: u64, first: u64, megabytes: u64) -> Result<Self> {
        let program = std::env::current_exe().context("cannot find this program")?;
        let mut command = Command::new("sh");
        command
            .args(["-c", "ulimit -v \"$1\"; shift; exec \"$@\"", "fuzz"])
            .arg((megabytes * 1024).to_string());
        command.arg(program).args(["fuzz", "--target", target.name()]);
        command.args(["--seed", &seed.to_string(), "--from", &first.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("cannot start a worker")?;
        let stdout = child.stdout.take().context("a worker without standard output")?;
        let mut stderr = child.stderr.take().context("a worker without standard error")?;
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let line = line.parse().map_or(Line::Broke(line), Line::Begins);
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        let said = std::thread::spawn(move || {
            let mut said = String::new();
            let _ = stderr.read_to_string(&mut said);
            said
        });
        Ok(Self { child, lines, said, first })
    }

    /// Wait for its end, or for `end`; a case may take no longer than `limit`.
    pub(super) fn watch(mut self, end: Instant, limit: Duration) -> Result<Watched> {
        let (mut last, mut began, mut broken) = (self.first, Instant::now(), Vec::new());
        loop {
            // A case that has begun may end, so that a hang at the last moment is seen.
            match self.lines.recv_timeout((began + limit).saturating_duration_since(Instant::now())) {
                Ok(Line::Broke(what)) => broken.push((last, what)),
                Ok(Line::Begins(number)) => {
                    (last, began) = (number, Instant::now());
                    if began >= end {
                        self.stop()?;
                        return Ok(Watched { last, broken, ended: Ended::TimeIsOver });
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.stop()?;
                    return Ok(Watched { last, broken, ended: Ended::Hung });
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let status = self.child.wait().context("cannot wait for a worker")?;
        let said = self.said.join().unwrap_or_default();
        let line = |word: &str| said.lines().find(|line| line.contains(word)).map(str::to_owned);
        let what = line("panicked").map(|line| {
            let message = said.lines().skip_while(|l| *l != line).nth(1).unwrap_or_default();
            format!("{line} {message}")
        });
        let what = what.or_else(|| said.lines().last().map(str::to_owned)).unwrap_or_default();
        Ok(Watched { last, broken, ended: Ended::Died(format!("{status}: {what}")) })
    }

    fn stop(&mut self) -> Result<()> {
        self.child.kill().context("cannot stop a worker")?;
        self.child.wait().context("cannot wait for a worker")?;
        Ok(())
    }
}

/// The worker's side: run cases until somebody stops it.
pub(super) fn serve(target: Target, seed: u64, from: u64) {
    let work = || {
        let say = |line: &str| {
            let mut out = std::io::stdout().lock();
            writeln!(out, "{line}").and_then(|()| out.flush())
        };
        for number in from.. {
            if say(&number.to_string()).is_err() {
                return;
            }
            if let Err(broken) = target.feed(&target.case(seed, number))
                && say(&broken).is_err()
            {
                return;
            }
        }
    };
    with_deep_stack(work);
}

/// Run on a stack like that of the engine's threads; `None` if it panicked.
pub(super) fn with_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(256 << 20).spawn_scoped(scope, work).ok()?;
        thread.join().ok()
    })
}
