//! The process that runs the cases, from both sides.
//!
//! In: a target, a seed and the number of the first case. Out: on the worker's side a line with the number of each case
//! before it is run, and one with the promise that it broke, if it did; on the watcher's side those, and how the worker
//! ended. The memory limit is the shell's `ulimit -v`; the time of a case is the processor's, so that a busy machine finds no
//! hangs.

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

    /// Wait for its end, or for `end`; a case may take no longer than `limit` of a processor.
    pub(super) fn watch(mut self, end: Instant, limit: Duration) -> Result<Watched> {
        let (mut last, mut began, mut broken) = (self.first, Clock::of(&self.child), Vec::new());
        loop {
            // A case that has begun may end, so that a hang at the last moment is seen.
            match self.lines.recv_timeout(GLANCE) {
                Ok(Line::Broke(what)) => broken.push((last, what)),
                Ok(Line::Begins(number)) => {
                    (last, began) = (number, Clock::of(&self.child));
                    if began.wall >= end {
                        self.stop()?;
                        return Ok(Watched { last, broken, ended: Ended::TimeIsOver });
                    }
                }
                Err(RecvTimeoutError::Timeout) if !began.is_over(&self.child, limit) => {}
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

/// How often a case that does not end is looked at.
const GLANCE: Duration = Duration::from_millis(200);

/// How many times the limit a case may take that does nothing, or waits for a processor.
const PATIENCE: u32 = 30;

/// A moment in the life of a process.
struct Clock {
    wall: Instant,
    /// What it took of the processors so far; nothing where the system does not say.
    work: Option<Duration>,
}

impl Clock {
    fn of(child: &Child) -> Self {
        Self { wall: Instant::now(), work: processor_time(child.id()) }
    }

    /// Whether the process took more than `limit` since.
    fn is_over(&self, child: &Child, limit: Duration) -> bool {
        let waited = self.wall.elapsed();
        let worked = self.work.zip(processor_time(child.id())).map(|(then, now)| now.saturating_sub(then));
        worked.unwrap_or(waited) > limit || waited > limit * PATIENCE
    }
}

/// What a process and its threads took of the processors, by Linux' `/proc`.
fn processor_time(process: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is a name in parentheses, in which anything may stand; behind it come those from the third on.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    // The unit of these fields is a hundredth of a second on every Linux.
    Some(Duration::from_millis((ticks()? + ticks()?) * 10))
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
