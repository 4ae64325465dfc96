//! Execution: each conversion that the cases declare right is run against its original.
//!
//! In comes every case with an `after`; its two versions become two shared objects, and the model of the shipped rule plays them on
//! thousands of random inputs with injected failures under the address and undefined-behaviour sanitizers. What differs and
//! is not declared by the case fails the test. Needs `cc`; refuses to pass when a case exercises nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use rayon::prelude::*;

use crate::adaptor::{self, Outcome};
use crate::case_format::{self, Case, Generation, TreeFile};

/// Runs per case; four batching modes share them.
const RUNS: usize = 4000;

const FLAGS: &[&str] = &[
    "-std=gnu11",
    "-D_GNU_SOURCE",
    "-O1",
    "-g1",
    "-Wall",
    "-Werror",
    "-fwrapv",
    "-fno-strict-aliasing",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=undefined",
];

#[test]
fn every_conversion_does_what_its_original_does() {
    let begin = Instant::now();
    let work = tempfile::tempdir().unwrap();
    let bench = Bench::new(work.path());
    let cases = case_format::all().unwrap();
    let wanted = std::env::var("CASE").unwrap_or_default();
    let converting: Vec<&Case> =
        cases.iter().filter(|c| c.driver.is_some() && c.name.contains(&wanted)).collect();
    let results: Vec<Result<Figures, String>> =
        converting.par_iter().map(|case| bench.compare(case)).collect();

    let failures: Vec<&String> = results.iter().filter_map(|r| r.as_ref().err()).collect();
    let figures: Figures = results.iter().filter_map(|r| r.as_ref().ok()).copied().sum();
    println!("{} conversions, {figures:?}, {:.1} s", converting.len(), begin.elapsed().as_secs_f32());
    assert!(failures.is_empty(), "{} of {} fail:\n{}", failures.len(), converting.len(), join(&failures));
}

/// Whatever the engine makes of a program, and be it laid out in another way than a person would, it does the same.
#[test]
fn every_result_of_the_engine_does_what_its_original_does() {
    let work = tempfile::tempdir().unwrap();
    let bench = Bench::new(work.path());
    let cases = case_format::all().unwrap();
    let differing: Vec<Case> = cases.iter().filter_map(converted_otherwise).collect();
    let compare = |case: &Case| match (bench.compare(case), &case.known_wrong) {
        (Err(why), None) => Some(why),
        (Ok(_), Some(reason)) => {
            Some(format!("{}: is right now; it was known to be wrong: {reason}", case.name))
        }
        _ => None,
    };
    let failures: Vec<String> = differing.par_iter().filter_map(compare).collect();
    assert!(failures.is_empty(), "{}", join(&failures.iter().collect::<Vec<_>>()));
}

/// The case with the engine's result in place of the declared one, when there is one and it has other bytes.
fn converted_otherwise(case: &Case) -> Option<Case> {
    let Outcome { changed, refused, .. } = adaptor::convert(&case.before, case.generation, case.level);
    let decided = case.result();
    let mut case = case.clone();
    case.after = changed;
    case.after.retain(|(path, _)| case.before.iter().any(|(name, _)| name == path));
    if !refused.is_empty() {
        case.flags.push("same-batches".into());
    }
    (case.driver.is_some() && !case.after.is_empty() && case.result() != decided).then_some(case)
}

#[test]
fn every_case_is_valid_c() {
    let work = tempfile::tempdir().unwrap();
    let bench = Bench::without_runners(work.path());
    let cases = case_format::all().unwrap();
    let failures: Vec<String> = cases.par_iter().filter_map(|case| bench.check(case).err()).collect();
    assert!(failures.is_empty(), "{}", join(&failures.iter().collect::<Vec<_>>()));
}

#[test]
fn a_wrong_conversion_is_found() {
    let work = tempfile::tempdir().unwrap();
    let bench = Bench::new(work.path());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exec/wrong");
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    found.sort();
    for path in found {
        let text = fs::read_to_string(&path).unwrap();
        let mut case = case_format::parse(&text).unwrap_or_else(|e| panic!("{}:{e}", path.display()));
        case.name = format!("wrong/{}", path.file_stem().unwrap().to_string_lossy());
        let message = bench.compare(&case).expect_err(&case.name);
        let expected = case.about.split('`').nth(1).expect("the first words in back quotes are the message");
        assert!(message.contains(expected), "{}: no '{expected}' in:\n{message}", case.name);
    }
}

fn join(failures: &[&String]) -> String {
    failures.iter().map(|f| f.as_str()).collect::<Vec<_>>().join("\n\n")
}

/// What the runs of a case exercised.
#[derive(Debug, Clone, Copy, Default)]
struct Figures {
    runs: usize,
    disturbed: usize,
    events: usize,
    moved: usize,
}

impl std::iter::Sum for Figures {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |a, b| Self {
            runs: a.runs + b.runs,
            disturbed: a.disturbed + b.disturbed,
            events: a.events + b.events,
            moved: a.moved + b.moved,
        })
    }
}

/// The folder where things are compiled, with a runner for each generation.
pub(crate) struct Bench {
    root: PathBuf,
    model: PathBuf,
}

impl Bench {
    fn without_runners(root: &Path) -> Self {
        let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/iov_iter_for_each_page/model");
        Self { root: root.to_owned(), model }
    }

    pub(crate) fn new(root: &Path) -> Self {
        let bench = Self::without_runners(root);
        [Generation::Advancing, Generation::Classic].par_iter().for_each(|&generation| {
            let mut cc = bench.cc(generation);
            cc.args(["-rdynamic", "-o"]).arg(bench.runner(generation));
            cc.arg(bench.model.join("runner.c")).arg(bench.model.join("model.c"));
            cc.arg("-include").arg(bench.model.join("model.h")).arg(bench.helper(generation));
            run(cc.arg("-ldl")).expect("the model compiles");
        });
        bench
    }

    /// The helper as the shipped rule introduces it.
    fn helper(&self, generation: Generation) -> PathBuf {
        let rule = self.model.join("..");
        rule.join(match generation {
            Generation::Advancing => "advancing.c",
            Generation::Classic => "standing.c",
        })
    }

    fn runner(&self, generation: Generation) -> PathBuf {
        self.root.join(format!("runner-{generation:?}"))
    }

    fn cc(&self, generation: Generation) -> Command {
        let mut cc = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
        cc.args(FLAGS);
        if generation == Generation::Classic {
            cc.arg("-DCLASSIC_GENERATION");
        }
        cc
    }

    /// Compiles `files` as one unit together with `driver`; `how` are the arguments that say what to make of it.
    fn compile(&self, case: &Case, side: &str, files: &[TreeFile], how: &[&str]) -> Result<PathBuf, String> {
        let folder = self.root.join(case.name.replace('/', "-")).join(side);
        let object = folder.join("unit.so");
        let mut unit = String::new();
        for (path, text) in files {
            write(&folder.join(path), text)?;
            if path.ends_with(".c") {
                unit.push_str(&format!("#include \"{path}\"\n"));
            }
        }
        for header in system_headers(files) {
            let given = files.iter().any(|(path, _)| *path == format!("include/{header}"));
            if !given {
                write(&folder.join("stubs").join(&header), b"")?;
            }
        }
        unit.push_str(case.driver.as_deref().unwrap_or_default());
        write(&folder.join("unit.c"), unit.as_bytes())?;
        let mut cc = self.cc(case.generation);
        cc.current_dir(&folder).args(how).args(["-include"]).arg(self.model.join("model.h"));
        run(cc.args(["-I", "include", "-I", "stubs", "-o"]).arg(&object).arg("unit.c"))
            .map_err(|e| format!("{} ({side}): {e}", case.name))?;
        Ok(object)
    }

    fn compare(&self, case: &Case) -> Result<Figures, String> {
        let how = ["-shared", "-fPIC"];
        let before = self.compile(case, "before", &case.before, &how)?;
        let after = self.compile(case, "after", &case.result(), &how)?;
        let runs = std::env::var("RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(RUNS);
        let mut runner = Command::new(self.runner(case.generation));
        let out = run(runner.arg(before).arg(after).arg(runs.to_string()).args(&case.flags))
            .map_err(|e| format!("{}: {e}", case.name))?;
        let figures = figures(&out);
        if figures.events < runs || figures.disturbed == 0 {
            return Err(format!("{}: exercises nothing: {out}", case.name));
        }
        Ok(figures)
    }

    /// Runs what the engine makes of `case` against the original.
    pub(crate) fn play_engine_result(&self, case: &Case) -> Result<(), String> {
        converted_otherwise(case).map_or(Ok(()), |converted| self.compare(&converted).map(|_| ()))
    }

    /// Both sides are C, whether they can be run or not.
    fn check(&self, case: &Case) -> Result<(), String> {
        if case.driver.is_none() {
            self.compile(case, "syntax", &case.before, &["-fsyntax-only", "-Wno-unused-function"])?;
        }
        Ok(())
    }
}

/// The names in `#include <…>`: those that the case does not bring are empty, the model stands in for them.
fn system_headers(files: &[TreeFile]) -> BTreeSet<String> {
    let texts = files.iter().map(|(_, text)| String::from_utf8_lossy(text));
    let mut names = BTreeSet::new();
    for text in texts {
        for line in text.lines().filter_map(|l| l.strip_prefix("#include <")) {
            names.extend(line.split_once('>').map(|(name, _)| name.to_owned()));
        }
    }
    names
}

fn write(path: &Path, text: &[u8]) -> Result<(), String> {
    let make = || {
        fs::create_dir_all(path.parent().unwrap_or(path))?;
        fs::write(path, text)
    };
    make().map_err(|e: std::io::Error| format!("{}: {e}", path.display()))
}

fn figures(line: &str) -> Figures {
    let value = |name: &str| {
        let found = line.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        found.and_then(|n| n.parse().ok()).unwrap_or(0)
    };
    Figures {
        runs: value("runs"),
        disturbed: value("disturbed"),
        events: value("events"),
        moved: value("moved"),
    }
}

/// Standard output, or everything the command said when it failed.
fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|e| format!("{}: {e}", command.get_program().to_string_lossy()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.success() {
        true => Ok(text),
        false => Err(format!("{text}{}", String::from_utf8_lossy(&output.stderr))),
    }
}
