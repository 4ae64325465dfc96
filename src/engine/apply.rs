//! A rule file over many files.
//!
//! In: a prepared rule file, and files by number through a reader. Out: what became of each, told in the order of the
//! files whatever the threads do, each as soon as all before it are done. A file that the rules cannot concern is read
//! and not parsed. Files never influence each other: each is read as if it were alone. Only scripts can remember one
//! file at another, those of one worker; where a script sums up at the end, there is one worker.

use crate::diagnostic::Diagnostic;
use crate::plan::apply::{Applied, ApplyOptions, Program, Runner};
use crate::script::Report;
use crate::source::SourceFile;
use crate::syntax::Headers;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Mutex;

/// What became of one file.
#[derive(Clone, Debug)]
pub enum Handled {
    /// It could not be read.
    Unreadable(Diagnostic),
    /// It lacks words without which no rule matches.
    Passed,
    /// The rules ran on it.
    Ran(Box<Ran>),
}

/// A file that the rules ran on.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Before.
    pub source: SourceFile,
    /// After.
    pub applied: Applied,
}

/// What is to be run.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    /// The rules.
    pub program: &'a Program,
    /// How they are to be run; the same as the program was made with.
    pub options: &'a ApplyOptions,
    /// Number of files.
    pub files: usize,
    /// The headers that say what the files' macros are, if they are to be read.
    pub headers: Option<&'a Headers<'a>>,
}

/// Reads the file of that number. Called from several threads.
pub type Reader<'a> = dyn Fn(usize) -> Result<SourceFile, Diagnostic> + Sync + 'a;

/// Takes what became of the file of that number, in order; it may end the run.
pub type Sink<'a> = dyn FnMut(usize, Handled) -> ControlFlow<()> + Send + 'a;

/// Run the scripts that come before all files, for what they print.
pub fn before_files(work: &Work<'_>) -> Result<Vec<Report>, Diagnostic> {
    Runner::new(work.program, work.options).map(|(_, reports)| reports)
}

/// Run the rules over the files, and then the scripts that come after all files: what these print is given back.
pub fn over_files(
    work: &Work<'_>,
    read: &Reader<'_>,
    sink: &mut Sink<'_>,
) -> Result<Vec<Report>, Diagnostic> {
    if work.program.sums_up() {
        let runner = runner(work)?;
        let mut all = 0..work.files;
        let ended = all.try_for_each(|at| sink(at, handle(&runner, work, read, at)));
        return if ended.is_break() { Ok(Vec::new()) } else { runner.finish() };
    }
    let queue = Mutex::new(Queue { sink, next: 0, waiting: BTreeMap::new(), ended: false });
    let start = || runner(work);
    let one = |runner: &mut Result<Runner<'_>, Diagnostic>, at: usize| {
        let handled = match runner {
            Ok(runner) => handle(runner, work, read, at),
            Err(diagnostic) => Handled::Unreadable(diagnostic.clone()),
        };
        match queue.lock() {
            Ok(mut queue) => queue.put(at, handled),
            Err(_) => ControlFlow::Break(()),
        }
    };
    // One after the other from the front, so that little has to wait for its turn.
    let _ = (0..work.files).par_bridge().try_for_each_init(start, one);
    Ok(Vec::new())
}

/// One worker's; what its first scripts print is known from [`before_files`].
fn runner<'a>(work: &Work<'a>) -> Result<Runner<'a>, Diagnostic> {
    Runner::new(work.program, work.options).map(|(runner, _)| runner.with_headers(work.headers))
}

fn handle(runner: &Runner<'_>, work: &Work<'_>, read: &Reader<'_>, at: usize) -> Handled {
    let source = match read(at) {
        Ok(source) => source,
        Err(diagnostic) => return Handled::Unreadable(diagnostic),
    };
    if !work.program.prefilter().may_concern(source.bytes()) {
        return Handled::Passed;
    }
    let applied = runner.apply(&source);
    Handled::Ran(Box::new(Ran { source, applied }))
}

/// Puts results back in order.
struct Queue<'a, 'b> {
    sink: &'a mut Sink<'b>,
    next: usize,
    waiting: BTreeMap<usize, Handled>,
    ended: bool,
}

impl Queue<'_, '_> {
    fn put(&mut self, at: usize, handled: Handled) -> ControlFlow<()> {
        self.waiting.insert(at, handled);
        while let Some(ready) = self.waiting.remove(&self.next) {
            if self.ended {
                return ControlFlow::Break(());
            }
            self.ended = (self.sink)(self.next, ready).is_break();
            self.next += 1;
        }
        if self.ended { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::apply::prepare;
    use crate::smpl::parse;
    use std::num::NonZeroUsize;

    const RULE: &str = "@@\nexpression E;\n@@\n- gone(E);\n+ stays(E);\n";

    fn read(at: usize) -> Result<SourceFile, Diagnostic> {
        let callee = if at.is_multiple_of(2) { "gone" } else { "other" };
        let text = format!("void f(void)\n{{\n\t{callee}({at});\n}}\n");
        if at == 5 { Err(Diagnostic::error("x", "no")) } else { Ok(SourceFile::new(format!("{at}.c"), text)) }
    }

    fn run(jobs: usize, last: usize) -> Vec<String> {
        let options = ApplyOptions::default();
        let program = prepare(&parse(&SourceFile::new("r.cocci", RULE)).0, &options).expect("a good rule");
        let work = Work { program: &program, options: &options, files: 60, headers: None };
        let mut told = Vec::new();
        crate::engine::with_threads(NonZeroUsize::new(jobs), || {
            let told = over_files(&work, &read, &mut |at, handled| {
                told.push(match handled {
                    Handled::Unreadable(_) => format!("{at} unreadable"),
                    Handled::Passed => format!("{at} passed"),
                    Handled::Ran(ran) => String::from_utf8_lossy(&ran.applied.after).into_owned(),
                });
                if at == last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            assert!(told.is_ok_and(|reports| reports.is_empty()));
        });
        told
    }

    #[test]
    fn files_come_in_order_however_many_threads() {
        let alone = run(1, 100);
        assert_eq!(alone.len(), 60);
        assert!(alone[4].contains("stays(4);") && alone[5] == "5 unreadable" && alone[7] == "7 passed");
        assert_eq!(alone, run(4, 100));
    }

    #[test]
    fn the_sink_ends_the_run() {
        assert_eq!(run(3, 9).len(), 10);
    }
}
