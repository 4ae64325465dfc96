//! Rules on small functions of our own: `tests/smpl/*.case`.
//!
//! In: a file with `//- rule`, `//- before` and `//- after` or `//- error SENTENCE`. Out: a failure for each rule whose
//! result is another one, or whose error does not hold the sentence. A case whose `after` is missing stays as it is.
//! Every case is run a second time with its code's lines joined by more white space, and a third time with its
//! metavariables renamed: the same comes out.

use std::fs;
use std::path::Path;

use vedalia::plan::apply::{ApplyOptions, Scripts, apply, prepare};
use vedalia::smpl;
use vedalia::smpl::pattern::is_literal;
use vedalia::smpl::token::{LineMode, lex};
use vedalia::source::{SourceFile, Span};

struct Case {
    rule: String,
    before: String,
    after: Option<String>,
    error: Option<String>,
}

fn read(text: &str) -> Case {
    let mut case = Case { rule: String::new(), before: String::new(), after: None, error: None };
    let mut section = "";
    for line in text.split_inclusive('\n') {
        if let Some(head) = line.strip_prefix("//- ") {
            let head = head.trim_end();
            section = head.split(' ').next().unwrap();
            match section {
                "after" => case.after = Some(String::new()),
                "error" => case.error = Some(head.strip_prefix("error ").unwrap_or_default().to_string()),
                _ => {}
            }
            continue;
        }
        match section {
            "rule" => case.rule.push_str(line),
            "before" => case.before.push_str(line),
            "after" => case.after.as_mut().unwrap().push_str(line),
            _ => {}
        }
    }
    case
}

fn run(rule: &str, code: &str) -> Result<String, String> {
    let (file, mut errors) = smpl::parse(&SourceFile::new("rule.cocci", rule));
    let options = ApplyOptions { scripts: Scripts::Allowed, ..ApplyOptions::default() };
    let program = match prepare(&file, &options) {
        Ok(program) if errors.is_empty() => program,
        Ok(_) => return Err(errors.remove(0).message),
        Err(more) => {
            errors.extend(more);
            return Err(errors.remove(0).message);
        }
    };
    let applied = apply(&program, &SourceFile::new("code.c", code), &options);
    Ok(String::from_utf8(applied.after).unwrap())
}

fn tokens(text: &str) -> Vec<String> {
    let file = SourceFile::new("t.c", text);
    let all = lex(&file, Span::new(0, text.len()), LineMode::Plain);
    all.iter().map(|t| file.slice(t.span).to_string()).collect()
}

/// Code with more white space, strings and preprocessor lines aside, with the lines that go on with these.
fn spread(code: &str) -> String {
    let part = |(i, text): (usize, &str)| match i % 2 {
        0 => text.replace(' ', "  ").replace(", ", ",\n "),
        _ => text.to_string(),
    };
    let mut goes_on = false;
    let line = |line: &str| {
        let directive = goes_on || line.starts_with('#');
        goes_on = directive && line.ends_with("\\\n");
        match directive {
            true => line.to_string(),
            false => line.split('"').enumerate().map(part).collect::<Vec<_>>().join("\""),
        }
    };
    code.split_inclusive('\n').map(line).collect()
}

/// The rule with other names for its metavariables, where a name is a metavariable in all rules that use it.
fn renamed(rule: &str) -> String {
    let source = SourceFile::new("rule.cocci", rule);
    let (file, _) = smpl::parse(&source);
    let own = |r: &smpl::SmplRule, name: &str| {
        r.metavariables.iter().any(|m| m.name == name && !is_literal(&m.kind))
    };
    let uses = |r: &smpl::SmplRule, name: &str| r.tokens.iter().any(|t| source.slice(t.span) == name);
    let declared = file.rules().flat_map(|r| &r.metavariables).map(|m| m.name.as_str());
    let names: Vec<&str> = declared
        .filter(|name| file.rules().all(|r| own(r, name) || !uses(r, name)))
        .filter(|name| file.rules().all(|r| r.header.name.as_deref() != Some(*name)))
        .collect();
    let mut out = String::new();
    let mut quoted = false;
    let mut rest = rule;
    while let Some(c) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let len = if word(c) { rest.find(|c| !word(c)).unwrap_or(rest.len()) } else { c.len_utf8() };
        let (text, behind) = rest.split_at(len);
        quoted ^= c == '"';
        out.push_str(text);
        if names.contains(&text) && (!quoted || out.ends_with(&format!("%@{text}"))) {
            out.push_str("_renamed");
        }
        rest = behind;
    }
    out
}

/// What is wrong with a case, if anything.
fn check(case: &Case) -> Option<String> {
    let result = run(&case.rule, &case.before);
    let wanted = case.after.as_ref().unwrap_or(&case.before);
    match (&case.error, result) {
        (Some(sentence), Err(error)) if error.contains(sentence.as_str()) => None,
        (Some(sentence), other) => Some(format!("wanted the error `{sentence}`, got {other:?}")),
        (None, Err(error)) => Some(format!("the rule is refused: {error}")),
        (None, Ok(text)) if text != *wanted => Some(format!("wanted\n{wanted}\ngot\n{text}")),
        (None, Ok(_)) => {
            let spread = spread(&case.before);
            let again = run(&case.rule, &spread).ok()?;
            if tokens(&again) != tokens(wanted) {
                return Some(format!("with other white space it becomes\n{again}"));
            }
            let again = run(&renamed(&case.rule), &case.before);
            (again.as_ref() != Ok(wanted)).then(|| format!("with other names it becomes\n{again:?}"))
        }
    }
}

#[test]
fn rules_on_small_functions() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/smpl");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let mut wrong = Vec::new();
    for file in &files {
        if let Some(what) = check(&read(&fs::read_to_string(file).unwrap())) {
            wrong.push(format!("{}: {what}", file.file_name().unwrap().to_string_lossy()));
        }
    }
    assert!(files.len() > 10);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The table of the language names cases that are there.
#[test]
fn the_table_of_the_language_names_cases() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("rules/README.md")).unwrap();
    let table = readme.split("## SmPL, item by item").nth(1).expect("the table is there");
    let case = |word: &&str| word.contains('_') && word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let missing = |name: &&str| !root.join(format!("tests/smpl/{name}.case")).exists();
    let named: Vec<&str> = table.split('`').skip(1).step_by(2).filter(case).collect();
    assert!(named.len() > 80, "{}", named.len());
    let gone: Vec<&str> = named.into_iter().filter(missing).collect();
    assert!(gone.is_empty(), "{gone:?}");
}
