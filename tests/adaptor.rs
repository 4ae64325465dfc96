//! The one place where the cases meet the engine: in come a case's files, its generation and the level, out comes what the
//! engine made of them. It refuses nothing; a rule that cannot be understood stops the tests.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use vedalia::diagnostic::Diagnostic;
use vedalia::edit::EditSet;
use vedalia::engine::{self, Files, Rules, Verdict};
use vedalia::plan::apply::ApplyOptions;
use vedalia::source::SourceFile;

use crate::case_format::{Generation, Level, TreeFile};

/// A refusal that the engine gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The stable code.
    pub(crate) code: String,
    /// The file.
    pub(crate) path: String,
    /// Where the span of the offending fact begins, in bytes.
    pub(crate) offset: usize,
    /// The code that the span covers.
    pub(crate) text: String,
    /// What it says.
    pub(crate) sentence: String,
}

/// What the engine made of a tree.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// The files that it changed, whole.
    pub(crate) changed: Vec<TreeFile>,
    pub(crate) refused: Vec<Refused>,
    /// The kinds of notes of all conversions.
    pub(crate) notes: Vec<String>,
    /// The functions that are said to call the helper, with their files and the helper.
    pub(crate) callers: Vec<[String; 3]>,
}

/// Runs the shipped rule on `files`, which bring no header of the iterator: `generation` says what the tree declares.
/// The headers and the library that the rule introduces the helper into are not part of the comparison.
pub(crate) fn convert(files: &[TreeFile], generation: Generation, level: Level) -> Outcome {
    static RULES: LazyLock<Rules> = LazyLock::new(shipped);
    let mut all = files.to_vec();
    let declared = match generation {
        Generation::Advancing => ["iov_iter_get_pages2", "iov_iter_get_pages_alloc2"],
        Generation::Classic => ["iov_iter_get_pages", "iov_iter_get_pages_alloc"],
    };
    let header: String = declared.iter().map(|name| format!("ssize_t {name}(void);\n")).collect();
    let library: String = declared.iter().map(|name| format!("EXPORT_SYMBOL({name});\n")).collect();
    all.push(("include/linux/uio.h".to_owned(), header.into_bytes()));
    all.push(("lib/iov_iter.c".to_owned(), library.into_bytes()));
    all.sort();
    let outcome = engine::run(&RULES, &Memory(&all), &|_| true, engine_level(level));
    finish(files, outcome, engine_level(level))
}

/// Runs other rules on a whole tree.
pub(crate) fn convert_by(rules: &Rules, files: &[TreeFile], level: Level) -> Outcome {
    let outcome = engine::run(rules, &Memory(files), &|_| true, engine_level(level));
    assert!(outcome.diagnostics.is_empty(), "{:?}", outcome.diagnostics);
    finish(files, outcome, engine_level(level))
}

fn engine_level(level: Level) -> engine::Level {
    match level {
        Level::Safe => engine::Level::Safe,
        Level::Review => engine::Level::Review,
    }
}

/// Runs the shipped rule on a whole tree; the helper is introduced as well. Out: the tree afterwards, and the refusals.
pub(crate) fn convert_tree(files: &[TreeFile]) -> (Vec<TreeFile>, Vec<Refused>) {
    let outcome = engine::run(&shipped(), &Memory(files), &|_| true, engine::Level::Safe);
    assert!(outcome.diagnostics.is_empty(), "{:?}", outcome.diagnostics);
    let mut tree = files.to_vec();
    for (file, edits) in outcome.introductions.iter().flat_map(|i| &i.files) {
        let mut set = EditSet::new();
        for edit in edits {
            set.add(edit.clone()).unwrap();
        }
        tree.iter_mut()
            .filter(|(path, _)| path == file.path())
            .for_each(|(_, text)| *text = set.apply(file.bytes()));
    }
    let Outcome { changed, refused, .. } = finish(files, outcome, engine::Level::Safe);
    for (path, text) in changed {
        tree.iter_mut().filter(|(name, _)| *name == path).for_each(|file| file.1.clone_from(&text));
    }
    (tree, refused)
}

fn shipped() -> Rules {
    rules("iov_iter_for_each_page")
}

/// The shipped rule of that name.
pub(crate) fn rules(name: &str) -> Rules {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(name);
    let file = format!("{name}.cocci");
    let rule = std::fs::read(folder.join(&file)).unwrap();
    let (rule, told) = vedalia::smpl::parse(&SourceFile::new(file, rule));
    assert!(told.is_empty(), "{told:?}");
    let beside = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let (rules, told) = Rules::understand(&[rule], &beside, &ApplyOptions::default());
    assert!(told.is_empty(), "{told:?}");
    rules
}

fn finish(files: &[TreeFile], outcome: engine::Outcome, level: engine::Level) -> Outcome {
    let (mut refused, mut notes, mut callers) = (Vec::new(), Vec::new(), Vec::new());
    let mut edits: BTreeMap<String, EditSet> = BTreeMap::new();
    for site in &outcome.sites {
        match &site.verdict {
            Verdict::Converted(converted) if converted.level > level => {}
            Verdict::Converted(converted) => {
                let set = edits.entry(site.file.path().to_owned()).or_default();
                for edit in &converted.edits {
                    set.add(edit.clone()).unwrap();
                }
                let names = [site.file.path(), &converted.function, &converted.helper];
                callers.push(names.map(str::to_owned));
                notes.extend(converted.notes.iter().map(|(name, _)| name.clone()));
            }
            Verdict::Rewritten(rewritten) => {
                let set = edits.entry(site.file.path().to_owned()).or_default();
                for edit in &rewritten.edits {
                    set.add(edit.clone()).unwrap();
                }
            }
            Verdict::Refused(refusal) => refused.push(Refused {
                code: refusal.code.name().to_owned(),
                path: site.file.path().to_owned(),
                offset: refusal.span.start as usize,
                text: site.file.slice(refusal.span).to_owned(),
                sentence: refusal.sentence.clone(),
            }),
        }
    }
    let changed = files
        .iter()
        .filter_map(|(path, bytes)| Some((path.clone(), edits.get(path)?.apply(bytes))))
        .collect();
    Outcome { changed, refused, notes, callers }
}

struct Memory<'a>(&'a [TreeFile]);

impl Files for Memory<'_> {
    fn paths(&self) -> Vec<String> {
        self.0.iter().map(|(path, _)| path.clone()).collect()
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, Diagnostic> {
        let found = self.0.iter().find(|(name, _)| name == path);
        found.map(|(_, bytes)| bytes.clone()).ok_or_else(|| Diagnostic::error("no-file", path))
    }
}
