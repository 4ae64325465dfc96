//! The rules of `rules/mm` on code of our own: `tests/mm/*.case`.
//!
//! In: `//- rule NAME`, code, and a line `//- report LINE: TEXT` for each report. Out: a failure for a rule that reports
//! another line, or says something else about it, or leaves a line out.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use vedalia::plan::apply::{ApplyOptions, Scripts, apply, prepare};
use vedalia::smpl;
use vedalia::source::SourceFile;

/// The lines that a rule reports, each with what is said.
fn reports(rule: &str, code: &str) -> BTreeSet<(usize, String)> {
    let path = format!("rules/mm/{rule}/{rule}.cocci");
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&path)).unwrap();
    let (file, errors) = smpl::parse(&SourceFile::new(path, text));
    assert!(errors.is_empty(), "{errors:?}");
    let virtuals = vec!["report".to_owned()];
    let options = ApplyOptions { virtuals, scripts: Scripts::Allowed, ..ApplyOptions::default() };
    let program = prepare(&file, &options).unwrap();
    let applied = apply(&program, &SourceFile::new("c.c", code), &options);
    assert!(applied.diagnostics.is_empty(), "{:?}", applied.diagnostics);
    let lines = applied.reports.iter().flat_map(|report| report.text.lines());
    let place = |line: &str| {
        let mut parts = line.splitn(4, ':').skip(1);
        Some((parts.next()?.parse().ok()?, parts.nth(1)?.trim().to_owned()))
    };
    lines.map(|line| place(line).unwrap_or_else(|| panic!("no place in `{line}`"))).collect()
}

#[test]
fn every_rule_reports_what_its_case_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = |below: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(folder.join(below)).unwrap().map(|e| e.unwrap().path());
        let entries = entries.filter(|p| p.is_dir() || p.extension().is_some_and(|e| e == "case"));
        entries.map(|p| p.file_stem().unwrap().to_string_lossy().into_owned()).collect()
    };
    assert_eq!(names("rules/mm"), names("tests/mm"), "every rule has a case");
    for name in names("tests/mm") {
        let case = fs::read_to_string(folder.join(format!("tests/mm/{name}.case"))).unwrap();
        let code = case.split("//- code\n").nth(1).unwrap().split("//- report").next().unwrap();
        let wanted: Vec<(usize, &str)> = case
            .lines()
            .filter_map(|line| line.strip_prefix("//- report ")?.split_once(": "))
            .map(|(line, text)| (line.parse().unwrap(), text))
            .collect();
        let got = reports(&name, code);
        let same = |((line, said), (at, text)): (&(usize, String), &(usize, &str))| {
            line == at && said.contains(text)
        };
        assert!(got.len() == wanted.len() && got.iter().zip(&wanted).all(same), "{name}: {got:?}");
    }
}
