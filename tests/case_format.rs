//! The format of a case file: in comes a text of `//-` sections, out comes a [`Case`]; a section that is unknown, doubled
//! or missing is an error that names the file and the line. `tests/README.md` describes the format for people.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of a case: its path in the tree and its text.
pub(crate) type TreeFile = (String, Vec<u8>);

/// Which generation of the calls that grab pages a case is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Generation {
    /// `iov_iter_get_pages2()` and its like, which advance.
    #[default]
    Advancing,
    /// `iov_iter_get_pages()` of 2017, with `iov_iter_advance()`.
    Classic,
}

/// How sure of a conversion the user wants to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Level {
    /// Every obligation is discharged.
    #[default]
    Safe,
    /// Right under facts that the tool cannot prove.
    Review,
}

/// A refusal that a case expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The stable code.
    pub(crate) code: String,
    /// The text at whose first occurrence the span of the offending fact begins,
    pub(crate) at: String,
    /// that many bytes into it: where an `@` stood in the case.
    pub(crate) skip: usize,
    /// What the span covers.
    pub(crate) covers: Covers,
}

/// The text that a span covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Covers {
    /// Exactly this.
    Text(String),
    /// From this to that; lines and blanks do not count.
    FromTo(String, String),
}

impl Covers {
    /// Whether a span covers that.
    pub(crate) fn is(&self, text: &str) -> bool {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        match self {
            Covers::Text(own) => own == text,
            Covers::FromTo(start, end) => {
                text.contains('\n') && words(text).starts_with(start) && words(text).ends_with(end)
            }
        }
    }
}

/// One case file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Case {
    /// Path below `tests/cases`, without the suffix.
    pub(crate) name: String,
    /// The comment at the top: what the case shows.
    pub(crate) about: String,
    pub(crate) generation: Generation,
    pub(crate) level: Level,
    pub(crate) before: Vec<TreeFile>,
    /// Files that the conversion changes, as they are to be.
    pub(crate) after: Vec<TreeFile>,
    pub(crate) refusals: Vec<Refusal>,
    /// C that plays the program: stubs and `long drive(struct iov_iter *iter)`.
    pub(crate) driver: Option<String>,
    /// Differences in behaviour that are meant (`expect-differs`) and inputs asked for (`input`): flags of the runner.
    pub(crate) flags: Vec<String>,
    /// Notes (N1..N10 of the idiom) that the verdict has to carry.
    pub(crate) notes: Vec<String>,
    /// Why what the engine makes of this is wrong: the first thing to mend.
    pub(crate) known_wrong: Option<String>,
    /// Comments of code that goes: the only ones that may be missing afterwards.
    pub(crate) dropped_comments: Vec<String>,
    /// Nothing is to be said about this code at all.
    pub(crate) silent: bool,
    /// Why the engine does not do this yet; the harness says so when it does.
    pub(crate) known_failure: Option<String>,
}

impl Case {
    /// The tree after the conversion: `before` with the files of `after` in place.
    pub(crate) fn result(&self) -> Vec<TreeFile> {
        let changed = |path: &str| self.after.iter().find(|(name, _)| name == path).cloned();
        self.before.iter().map(|file| changed(&file.0).unwrap_or_else(|| file.clone())).collect()
    }
}

/// All cases below `tests/cases`, in order of their paths.
pub(crate) fn all() -> Result<Vec<Case>, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut paths = Vec::new();
    collect(&root, &mut paths)?;
    paths.sort();
    paths.iter().map(|path| load(&root, path)).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), String> {
    for entry in fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))? {
        let path = entry.map_err(|e| e.to_string())?.path();
        if path.is_dir() {
            collect(&path, found)?;
        } else if path.extension().is_some_and(|e| e == "case") {
            found.push(path);
        }
    }
    Ok(())
}

fn load(root: &Path, path: &Path) -> Result<Case, String> {
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let name = path.strip_prefix(root).unwrap_or(path).with_extension("");
    let name = name.to_string_lossy().replace('\\', "/");
    let mut case = parse(&text).map_err(|e| format!("{name}.case:{e}"))?;
    case.name = name;
    Ok(case)
}

/// Where the lines that follow belong.
enum Section {
    Top,
    Before(String),
    After(String),
    Driver,
    Closed,
}

/// Parses the text of a case; the error begins with the line number.
pub(crate) fn parse(text: &str) -> Result<Case, String> {
    let mut case = Case::default();
    let mut section = Section::Top;
    let mut body = String::new();
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let at = |message: &str| format!("{}: {message}", index + 1);
        let Some(header) = line.strip_prefix("//- ") else {
            match section {
                Section::Closed if !line.trim().is_empty() => {
                    return Err(at("text after a one-line section"));
                }
                _ => body.push_str(line),
            }
            continue;
        };
        close(&mut case, section, std::mem::take(&mut body)).map_err(|e| at(&e))?;
        section = open(&mut case, header.trim()).map_err(|e| at(&e))?;
    }
    close(&mut case, section, body).map_err(|e| format!("end: {e}"))?;
    check(&case).map_err(|e| format!("1: {e}"))?;
    Ok(case)
}

fn open(case: &mut Case, header: &str) -> Result<Section, String> {
    let (keyword, rest) = header.split_once(' ').unwrap_or((header, ""));
    let words = || rest.split([',', ' ']).filter(|w| !w.is_empty()).map(str::to_owned);
    match keyword {
        "before" => return Ok(Section::Before(rest.to_owned())),
        "after" => return Ok(Section::After(rest.to_owned())),
        "driver" => return Ok(Section::Driver),
        "generation" if rest == "classic" => case.generation = Generation::Classic,
        "level" if rest == "review" => case.level = Level::Review,
        "refuse" => {
            let (code, at) = rest.split_once(" at ").ok_or("refuse CODE at TEXT")?;
            let [before, covered, behind] = at.split('@').collect::<Vec<_>>()[..] else {
                return Err("refuse CODE at BEFORE@SPAN@BEHIND".into());
            };
            let (covers, at) = match covered.split_once(" … ") {
                Some((start, end)) => (Covers::FromTo(start.into(), end.into()), format!("{before}{start}")),
                None => (Covers::Text(covered.into()), [before, covered, behind].concat()),
            };
            case.refusals.push(Refusal { code: code.to_owned(), at, skip: before.len(), covers });
        }
        "expect-differs:" | "input:" => case.flags.extend(words()),
        "notes:" => case.notes.extend(words()),
        "known-wrong" => case.known_wrong = Some(rest.to_owned()),
        "drops-comment" => case.dropped_comments.push(rest.to_owned()),
        "silent" => case.silent = true,
        "known-failure" => case.known_failure = Some(rest.to_owned()),
        _ => return Err(format!("unknown section '{header}'")),
    }
    Ok(Section::Closed)
}

fn close(case: &mut Case, section: Section, body: String) -> Result<(), String> {
    let add = |files: &mut Vec<TreeFile>, path: String, body: String| {
        if path.is_empty() || files.iter().any(|(name, _)| *name == path) {
            return Err(format!("path '{path}' is empty or given twice"));
        }
        files.push((path, body.into_bytes()));
        Ok(())
    };
    match section {
        Section::Before(path) => add(&mut case.before, path, body),
        Section::After(path) => add(&mut case.after, path, body),
        Section::Driver => {
            case.driver = Some(body);
            Ok(())
        }
        Section::Top => {
            case.about =
                body.lines().map(|l| l.trim_start_matches("//").trim()).collect::<Vec<_>>().join(" ");
            Ok(())
        }
        Section::Closed => Ok(()),
    }
}

fn check(case: &Case) -> Result<(), String> {
    if case.about.trim().is_empty() {
        return Err("the case does not say what it shows".into());
    }
    if case.before.is_empty() {
        return Err("no before section".into());
    }
    if case.silent == (!case.after.is_empty() || !case.refusals.is_empty()) {
        return Err("a case converts, refuses, or is silent".into());
    }
    if case.after.is_empty() == case.driver.is_some() {
        return Err("a conversion has a driver, and only a conversion has one".into());
    }
    for (path, _) in &case.after {
        if !case.before.iter().any(|(name, _)| name == path) {
            return Err(format!("'{path}' has no before section"));
        }
    }
    for refusal in &case.refusals {
        let found = case.before.iter().any(|(_, text)| String::from_utf8_lossy(text).contains(&refusal.at));
        if !found {
            return Err(format!("'{}' is not in any before section", refusal.at));
        }
    }
    Ok(())
}

#[test]
fn a_case_has_its_sections() {
    let case = parse(
        "// Shows it.\n//- generation classic\n//- before a.c\nint a;\n//- refuse no-loop at int @a@;\n",
    )
    .unwrap();
    assert_eq!(case.about, "Shows it.");
    assert_eq!(case.generation, Generation::Classic);
    assert_eq!(case.before, [("a.c".to_owned(), b"int a;\n".to_vec())]);
    assert_eq!(
        case.refusals,
        [Refusal { code: "no-loop".into(), at: "int a;".into(), skip: 4, covers: Covers::Text("a".into()) }]
    );
}

#[test]
fn a_mistake_in_a_case_is_named() {
    let wrong = |text: &str| parse(text).unwrap_err();
    assert!(wrong("// x\n//- bevore a.c\n").contains("2: unknown section 'bevore a.c'"));
    assert!(wrong("//- before a.c\nint a;\n//- silent\n").contains("does not say what it shows"));
    assert!(wrong("// x\n//- before a.c\nint a;\n").contains("converts, refuses, or is silent"));
    assert!(
        wrong("// x\n//- before a.c\n//- refuse x at @y@\n").contains("'y' is not in any before section")
    );
    assert!(wrong("// x\n//- before a.c\ny\n//- refuse x at y\n").contains("BEFORE@SPAN@BEHIND"));
}
