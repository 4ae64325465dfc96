//! The cases as data: each conversion gives the bytes that a person decided are right, each refusal its code and place, and
//! what is to be silent is silent.
//!
//! In comes every file below `tests/cases`; what does not depend on the engine – the result parses, comments survive, the
//! patch applies and reverses – is checked on the declared result, and the engine's result is then compared with that.

use std::path::Path;
use std::process::Command;

use rayon::prelude::*;
use vedalia::source::SourceFile;
use vedalia::syntax::{self, Kind};
use vedalia::walk::{Duty, RefusalCode};

use crate::adaptor::{self, Outcome, Refused};
use crate::case_format::{self, Case, Level, TreeFile};

#[test]
fn every_case_has_its_verdict() {
    let cases = case_format::all().unwrap();
    let mut failures = Vec::new();
    let update = std::env::var("KNOWN").is_ok_and(|v| v == "update");
    let shown = std::env::var("SHOW").ok();
    for case in &cases {
        if shown.as_ref().is_some_and(|part| !case.name.contains(part.as_str())) {
            continue;
        }
        let verdict = verdict(case);
        if shown.is_some() {
            println!("{}: {}", case.name, verdict.describe());
            let Outcome { refused, .. } = adaptor::convert(&case.before, case.generation, case.level);
            println!("{}", list(&refused));
        }
        if update {
            rewrite_known_failure(case, &verdict);
            continue;
        }
        match (&case.known_failure, verdict) {
            (None, Verdict::Differs(why)) => failures.push(format!("{}: {why}", case.name)),
            (Some(reason), Verdict::AsDecided) => {
                failures.push(format!("{}: passes now; it was a known failure: {reason}", case.name));
            }
            _ => {}
        }
    }
    assert!(failures.is_empty(), "{} of {} cases:\n\n{}", failures.len(), cases.len(), failures.join("\n\n"));
}

#[test]
fn a_conversion_names_the_function_that_calls_the_helper() {
    let mut wrong = Vec::new();
    for case in case_format::all().unwrap().iter().filter(|case| case.known_failure.is_none()) {
        let Outcome { changed, callers, .. } = adaptor::convert(&case.before, case.generation, case.level);
        let calls = |[path, function, helper]: &[String; 3]| {
            let (_, text) = changed.iter().find(|(name, _)| name == path)?;
            let tree = syntax::parse(&SourceFile::new(path.as_str(), text.clone()));
            let scope = syntax::file_scope::FileScope::of(&tree);
            Some(scope.function(function)?.node.text().contains(&format!("{helper}(")))
        };
        wrong.extend(
            callers.iter().filter(|c| calls(c) != Some(true)).map(|c| format!("{}: {c:?}", case.name)),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_of_a_walk_has_a_case() {
    let cases = case_format::all().unwrap();
    let refused = |code: &str| cases.iter().any(|case| case.refusals.iter().any(|r| r.code == code));
    let of_walk = RefusalCode::ALL.iter().filter(|code| Duty::of(**code).is_some()).map(|code| code.name());
    let missing: Vec<&str> = of_walk.chain(["not-understood"]).filter(|name| !refused(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn results_parse_and_keep_their_comments() {
    let check = |case: &Case| {
        let result = case.result();
        let mut wrong: Vec<String> = Vec::new();
        let readable = case.refusals.is_empty(); // what cannot be read is refused
        for (path, text) in case.before.iter().chain(&result).filter(|_| readable) {
            wrong.extend(opaque(path, text).map(|why| format!("{}: {path}: {why}", case.name)));
        }
        for ((path, old), (_, new)) in case.before.iter().zip(&result) {
            wrong.extend(lost_comments(case, path, old, new));
        }
        wrong
    };
    let wrong: Vec<String> = case_format::all().unwrap().par_iter().flat_map(check).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn patches_apply_and_reverse() {
    let converting: Vec<Case> =
        case_format::all().unwrap().into_iter().filter(|c| !c.after.is_empty()).collect();
    let wrong: Vec<String> = converting.par_iter().filter_map(|case| round_trip(case).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn generated_code_is_laid_out_as_the_kernel_wants_it() {
    let mut wrong = Vec::new();
    for case in case_format::all().unwrap() {
        for (path, text) in &case.result() {
            let text = String::from_utf8_lossy(text);
            wrong.extend(badly_laid_out(&text).map(|line| format!("{}: {path}: {line:?}", case.name)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `KNOWN=update`: the case file says what the engine does not do yet, and no more than that.
fn rewrite_known_failure(case: &Case, verdict: &Verdict) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(format!("{}.case", case.name));
    let text = std::fs::read_to_string(&path).unwrap();
    let keeps = |line: &&str| !line.starts_with("//- known-failure");
    let mut kept: String = text.split_inclusive('\n').filter(keeps).collect();
    if let Verdict::Differs(why) = verdict {
        let reason: Vec<&str> = why.split_whitespace().take_while(|word| *word != "---").collect();
        let mut reason = reason.join(" ");
        reason.truncate(reason.char_indices().nth(200).map_or(reason.len(), |(at, _)| at));
        let line = format!("//- known-failure {reason}\n");
        let first = kept.find("//- before").unwrap_or_default();
        kept.insert_str(first, &line);
    }
    if kept != text {
        std::fs::write(&path, kept).unwrap();
    }
}

enum Verdict {
    AsDecided,
    Differs(String),
}

impl Verdict {
    fn describe(&self) -> &str {
        match self {
            Verdict::AsDecided => "as decided",
            Verdict::Differs(why) => why,
        }
    }
}

fn verdict(case: &Case) -> Verdict {
    let Outcome { changed, refused, notes, .. } = adaptor::convert(&case.before, case.generation, case.level);
    let why = compare_refusals(case, &refused)
        .or_else(|| compare_files(case, &changed))
        .or_else(|| case.notes.iter().find(|n| !notes.contains(n)).map(|n| format!("no note {n}")))
        .or_else(|| second_run(case))
        .or_else(|| without_review(case));
    why.map_or(Verdict::AsDecided, Verdict::Differs)
}

fn compare_files(case: &Case, changed: &[TreeFile]) -> Option<String> {
    let own = changed.iter().filter(|(path, _)| case.before.iter().any(|(name, _)| name == path));
    let mut result = case.before.clone();
    for (path, text) in own {
        result.iter_mut().filter(|(name, _)| name == path).for_each(|file| file.1.clone_from(text));
    }
    let differing = case.result().into_iter().zip(&result).find(|(want, got)| want.1 != got.1);
    differing.map(|(want, got)| {
        let (want_text, got_text) = (String::from_utf8_lossy(&want.1), String::from_utf8_lossy(&got.1));
        let diff = similar::TextDiff::from_lines(&want_text, &got_text);
        format!("{} differs\n{}", want.0, diff.unified_diff().header("as decided", "as the engine did it"))
    })
}

fn compare_refusals(case: &Case, refused: &[Refused]) -> Option<String> {
    for want in &case.refusals {
        let place = |(path, text): &TreeFile| {
            let at = String::from_utf8_lossy(text).find(&want.at)?;
            Some((path.clone(), at + want.skip))
        };
        let place = case.before.iter().find_map(place)?;
        let there = |r: &&Refused| (r.path.clone(), r.offset) == place && want.covers.is(&r.text);
        let found = refused.iter().find(there).is_some_and(|r| r.code == want.code);
        if !found {
            return Some(format!(
                "no refusal {} at {place:?} `{}`, but {}",
                want.code,
                want.at,
                list(refused)
            ));
        }
    }
    (refused.len() > case.refusals.len()).then(|| format!("refusals too many: {}", list(refused)))
}

fn list(refused: &[Refused]) -> String {
    let line = |r: &Refused| {
        format!("\n    {} at {}, byte {} `{}`: {}", r.code, r.path, r.offset, r.text, r.sentence)
    };
    refused.iter().map(line).collect()
}

fn second_run(case: &Case) -> Option<String> {
    if case.after.is_empty() {
        return None;
    }
    let again = adaptor::convert(&case.result(), case.generation, case.level);
    let silent = again.changed.is_empty() && again.refused.is_empty();
    (!silent).then(|| "a second run is not silent".into())
}

/// What needs a review is not done unasked.
fn without_review(case: &Case) -> Option<String> {
    if case.level == Level::Safe {
        return None;
    }
    let unasked = adaptor::convert(&case.before, case.generation, Level::Safe);
    (!unasked.changed.is_empty()).then(|| "it is converted without a review".into())
}

/// A place that could not be read, if there is one.
fn opaque(path: &str, text: &[u8]) -> Option<String> {
    let source = SourceFile::new(path, text.to_vec());
    let tree = syntax::parse(&source);
    tree.root()
        .descendants()
        .find(|node| node.kind().is_opaque())
        .map(|node| format!("opaque: {:?}", node.text()))
}

/// Without their indentation: a comment may move to another depth.
fn comments(path: &str, text: &[u8]) -> Vec<String> {
    let source = SourceFile::new(path, text.to_vec());
    let tree = syntax::parse(&source);
    let found = tree.root().descendants().filter(|node| node.is(Kind::Comment));
    found.map(|node| node.text().lines().map(str::trim).collect::<Vec<_>>().join("\n")).collect()
}

fn lost_comments(case: &Case, path: &str, old: &[u8], new: &[u8]) -> Vec<String> {
    let kept = comments(path, new);
    let lost =
        |text: &String| !kept.contains(text) && !case.dropped_comments.iter().any(|d| text.contains(d));
    comments(path, old)
        .into_iter()
        .filter(lost)
        .map(|text| format!("{}: {path}: lost {text}", case.name))
        .collect()
}

fn badly_laid_out(text: &str) -> impl Iterator<Item = &str> {
    let width = |line: &str| line.chars().fold(0, |at, c| if c == '\t' { at / 8 * 8 + 8 } else { at + 1 });
    text.lines().filter(move |line| {
        let spaces = line.starts_with("  ") || line.contains(" \t");
        width(line) > 80 || line.ends_with([' ', '\t']) || spaces
    })
}

/// The declared result as a patch: `git apply` makes it of the original, and `git apply -R` takes it back.
fn round_trip(case: &Case) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let mut patch = String::new();
    for ((path, old), (_, new)) in case.before.iter().zip(&case.result()) {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap_or(&file)).map_err(|e| e.to_string())?;
        std::fs::write(&file, old).map_err(|e| e.to_string())?;
        let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(new));
        let diff = similar::TextDiff::from_lines(&old, &new);
        patch.push_str(&diff.unified_diff().header(&format!("a/{path}"), &format!("b/{path}")).to_string());
    }
    let patch_file = folder.path().join("case.patch");
    std::fs::write(&patch_file, patch).map_err(|e| e.to_string())?;
    for (arguments, expected) in [(vec!["apply"], case.result()), (vec!["apply", "-R"], case.before.clone())]
    {
        git(folder.path(), &arguments, &patch_file).map_err(|e| format!("{}: {e}", case.name))?;
        for (path, text) in &expected {
            let got = std::fs::read(folder.path().join(path)).map_err(|e| e.to_string())?;
            if got != *text {
                return Err(format!("{}: {path}: git {arguments:?} gives something else", case.name));
            }
        }
    }
    Ok(())
}

fn git(folder: &Path, arguments: &[&str], patch: &Path) -> Result<(), String> {
    let mut git = Command::new("git");
    git.current_dir(folder).args(arguments).arg(patch);
    git.env("GIT_CEILING_DIRECTORIES", folder.parent().unwrap_or(folder))
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
    let output = git.output().map_err(|e| format!("git: {e}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}
