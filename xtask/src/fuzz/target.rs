//! What is fuzzed.
//!
//! In: a case's bytes. Out: nothing, or the promise that was broken. A panic, a hang or too much memory end the worker
//! and are seen from outside.

use vedalia::diagnostic::Diagnostic;
use vedalia::engine::{self, Files, Level, Rules};
use vedalia::plan::apply::ApplyOptions;
use vedalia::smpl;
use vedalia::source::SourceFile;
use vedalia::syntax::lexer::lex;
use vedalia::syntax::parse::{respelled, shipped_macros};
use vedalia::syntax::{FileLedger, FileScope, Regions, Scopes, explain, parse};

use super::random::Random;
use super::{generate, mutate};
use crate::parse_stats::faithful::breaches;

/// A part of the library that takes any text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Target {
    /// Reading C: lexer, overlay, tree, ledger, scopes, regions.
    Parse,
    /// Reading rule files.
    Smpl,
    /// The shipped walk rules over mutated C.
    Walk,
}

impl Target {
    pub(super) const ALL: [Target; 3] = [Target::Parse, Target::Smpl, Target::Walk];

    /// Its name on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Target::Parse => "parse",
            Target::Smpl => "smpl",
            Target::Walk => "walk",
        }
    }

    /// How its files end.
    pub(super) fn ending(self) -> &'static str {
        if self == Target::Smpl { "cocci" } else { "c" }
    }

    /// The text of a case.
    pub(super) fn case(self, seed: u64, number: u64) -> Vec<u8> {
        let mut random = Random::new(seed, number);
        let seeds = if self == Target::Smpl { mutate::rules() } else { mutate::c() };
        // Nothing but a changed walk gets far into the walk rules.
        if self == Target::Walk || random.below(2) == 0 {
            mutate::text(&mut random, seeds)
        } else {
            generate::text(&mut random, self == Target::Smpl)
        }
    }

    /// Feed it.
    pub(super) fn feed(self, bytes: &[u8]) -> Result<(), String> {
        let source = SourceFile::new(format!("case.{}", self.ending()), bytes);
        match self {
            Target::Parse => read_c(&source),
            Target::Smpl => {
                let (file, _) = smpl::parse(&source);
                let _ = Rules::understand(&[file], &|_| None, &ApplyOptions::default());
                Ok(())
            }
            Target::Walk => walk(source),
        }
    }
}

fn read_c(source: &SourceFile) -> Result<(), String> {
    let tree = parse(source);
    let tokens = lex(source.text().as_bytes());
    if let Some(breach) = breaches(&tree, &tokens, &respelled(source)).into_iter().next() {
        return Err(breach);
    }
    let _ = (FileLedger::of(&tree), explain(&tree, shipped_macros()), Regions::of(&tree));
    for function in &FileScope::of(&tree).functions {
        let _ = Scopes::of(function.node);
    }
    Ok(())
}

/// One file as a tree, with the helper's home beside it.
struct Memory {
    files: Vec<SourceFile>,
}

impl Files for Memory {
    fn paths(&self) -> Vec<String> {
        self.files.iter().map(|file| file.path().to_owned()).collect()
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, Diagnostic> {
        let file = self.files.iter().find(|file| file.path() == path);
        file.map(|file| file.bytes().to_vec()).ok_or_else(|| Diagnostic::error("no-such-file", path))
    }
}

fn walk(source: SourceFile) -> Result<(), String> {
    use std::sync::OnceLock;
    static SHIPPED: OnceLock<(Rules, Vec<SourceFile>)> = OnceLock::new();
    let (rules, library) = SHIPPED.get_or_init(shipped);
    let mut files = library.clone();
    files.push(source);
    files.sort_by(|a, b| a.path().cmp(b.path()));
    let outcome = engine::run(rules, &Memory { files }, &|path| path == "case.c", Level::Review);
    for site in &outcome.sites {
        if site.span.end as usize > site.file.bytes().len() {
            return Err(format!("a site of {} lies outside its file", site.file.path()));
        }
    }
    Ok(())
}

/// The walk rules of `rules/` and the part of the demo's tree that they put their helper into.
fn shipped() -> (Rules, Vec<SourceFile>) {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(std::path::Path::new("."));
    let demo = std::fs::read_to_string(root.join("rules/demo/RULES")).unwrap_or_default();
    let mut rules = Rules::default();
    for name in demo.lines().map(str::trim).filter(|name| !name.is_empty() && !name.starts_with('#')) {
        let folder = root.join("rules").join(name);
        let mut paths: Vec<_> =
            std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
        paths.sort();
        let is_rule = |path: &std::path::PathBuf| path.extension().is_some_and(|e| e == "cocci");
        let read = |path: &std::path::PathBuf| {
            SourceFile::new(path.display().to_string(), std::fs::read(path).unwrap_or_default())
        };
        let files: Vec<_> =
            paths.iter().filter(|path| is_rule(path)).map(|path| smpl::parse(&read(path)).0).collect();
        let (more, _) = Rules::understand(
            &files,
            &|beside| std::fs::read_to_string(folder.join(beside)).ok(),
            &ApplyOptions::default(),
        );
        rules.walks.extend(more.walks);
    }
    let homes = rules.walks.iter().flat_map(|walk| walk.introductions.iter().map(|i| i.path.clone()));
    let homes: std::collections::BTreeSet<String> = homes.collect();
    let tree = root.join("rules/demo/tree");
    let library = homes.into_iter().filter_map(|path| {
        let bytes = std::fs::read(tree.join(&path)).ok()?;
        Some(SourceFile::new(path, bytes))
    });
    let library = library.collect();
    (rules, library)
}
