//! Generality: a case is spelled in other ways – names, loop conditions, forms of the arithmetic, order of independent
//! statements, comments – and the engine has to come to the same verdict.
//!
//! In come the cases that the engine converts today; out comes a list of ways that it took for something else. With `WAYS=200`
//! in the environment many more ways are tried than by default, with `PLAY=20` every twentieth result is also executed.

use regex::{Captures, Regex};
use vedalia::edit::{EditSet, TextEdit};
use vedalia::source::SourceFile;
use vedalia::syntax::scope::Scopes;
use vedalia::syntax::{self, Kind};

use crate::adaptor::{self, Outcome};
use crate::case_format::{self, Case, TreeFile};
use crate::exec::Bench;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Ways per case by default: each takes a run of the engine.
const WAYS: u64 = 3;

#[test]
fn other_spellings_get_the_same_verdict() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse().ok());
    let (ways, play) = (number("WAYS").unwrap_or(WAYS), number("PLAY"));
    let cases = case_format::all().unwrap();
    let wanted = std::env::var("CASE").unwrap_or_default();
    let sure = |case: &&Case| {
        let at_stake =
            case.known_failure.is_none() && case.known_wrong.is_none() && case.name.contains(&wanted);
        at_stake && (!case.after.is_empty() || !case.refusals.is_empty())
    };
    let jobs: Vec<(&Case, OtherWay)> = cases
        .iter()
        .filter(sure)
        .flat_map(|case| other_ways(case, ways).map(move |way| (case, way)))
        .collect();
    let decided: BTreeMap<&str, Verdict> =
        cases.par_iter().filter(sure).map(|case| (case.name.as_str(), verdict(case))).collect();
    let work = tempfile::tempdir().unwrap();
    let bench = play.map(|_| Bench::new(work.path()));
    let played =
        |at: usize| bench.as_ref().filter(|_| play.is_some_and(|every| (at as u64).is_multiple_of(every)));
    let wrong: Vec<String> = jobs
        .par_iter()
        .enumerate()
        .filter_map(|(at, (case, way))| way.check(case, &decided[case.name.as_str()], played(at)).err())
        .collect();
    assert!(wrong.is_empty(), "{} of {} ways:\n{}", wrong.len(), jobs.len(), wrong.join("\n"));
    println!("{} cases in {} ways, each once", decided.len(), jobs.len());
}

/// A case in other words.
struct OtherWay {
    number: u64,
    before: Vec<TreeFile>,
    /// What was done to it.
    told: Vec<&'static str>,
}

/// The ways that differ from the case and from each other.
fn other_ways(case: &Case, ways: u64) -> impl Iterator<Item = OtherWay> {
    let mut seen = BTreeSet::from([case.before.clone()]);
    (0..ways).map(|number| other_way(case, number)).filter(move |way| seen.insert(way.before.clone()))
}

fn other_way(case: &Case, number: u64) -> OtherWay {
    let mut before = case.before.clone();
    let mut dice = Dice(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ case.name.len() as u64);
    let mut told = Vec::new();
    for (path, text) in &mut before {
        let mut new = String::from_utf8_lossy(text).into_owned();
        for (name, respell) in RESPELLINGS {
            if dice.roll(2) == 0 {
                let next = respell(&new, &mut dice);
                if next != new {
                    told.push(*name);
                }
                new = next;
            }
        }
        if path.ends_with(".c") && dice.roll(2) == 0 {
            new = rename_locals(&new);
            told.push("names");
        }
        *text = new.into_bytes();
    }
    OtherWay { number, before, told }
}

impl OtherWay {
    /// The verdict has to be that of the case; with a `bench` the result is executed as well.
    fn check(&self, case: &Case, decided: &Verdict, bench: Option<&Bench>) -> Result<(), String> {
        let name = format!("{}-{}", case.name, self.number);
        let other = Case { name, before: self.before.clone(), ..case.clone() };
        let at = format!("{} way {} ({})", case.name, self.number, self.told.join(", "));
        let verdict = verdict(&other);
        if *decided != verdict {
            return Err(format!("{at}: {decided:?} became {verdict:?}"));
        }
        let played = bench.filter(|_| case.driver.is_some()).map(|bench| bench.play_engine_result(&other));
        played.unwrap_or(Ok(())).map_err(|why| format!("{at}: {why}"))
    }
}

/// What the engine says of a case.
#[derive(Debug, PartialEq)]
struct Verdict {
    /// How many files changed.
    changed: usize,
    /// The codes of what was refused.
    refused: Vec<String>,
    notes: Vec<String>,
}

fn verdict(case: &Case) -> Verdict {
    let Outcome { changed, refused, notes, .. } = adaptor::convert(&case.before, case.generation, case.level);
    Verdict { changed: changed.len(), refused: refused.into_iter().map(|r| r.code).collect(), notes }
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

type Respelling = fn(&str, &mut Dice) -> String;

const RESPELLINGS: &[(&str, Respelling)] = &[
    ("outer condition", outer_condition),
    ("minimum", minimum),
    ("number of pages", number_of_pages),
    ("counting", counting),
    ("order of updates", order_of_updates),
    ("unlikely", unlikely),
    ("kind of the outer loop", outer_kind),
    ("kind of the inner loop", inner_kind),
    ("minimum by a test", minimum_by_test),
    ("place of declarations", declarations),
    ("nested blocks", blocks),
    ("comments", comments),
];

fn replace(text: &str, pattern: &str, mut with: impl FnMut(&Captures<'_>) -> String) -> String {
    let pattern = Regex::new(pattern).unwrap();
    pattern.replace_all(text, |found: &Captures<'_>| with(found)).into_owned()
}

fn outer_condition(text: &str, dice: &mut Dice) -> String {
    replace(text, r"while \((iov_iter_count\([^()]*\))\) \{", |found| {
        let count = &found[1];
        match dice.roll(3) {
            0 => format!("while ({count} > 0) {{"),
            1 => format!("while ({count} != 0) {{"),
            _ => format!("for ( ; {count}; ) {{"),
        }
    })
}

fn minimum(text: &str, dice: &mut Dice) -> String {
    replace(text, r"min_t\(size_t, (\w+), PAGE_SIZE - (\w+)\)", |found| {
        let (left, off) = (&found[1], &found[2]);
        match dice.roll(4) {
            0 => format!("min_t(size_t, PAGE_SIZE - {off}, {left})"),
            1 => format!("min_t(loff_t, {left}, PAGE_SIZE - {off})"),
            2 => format!("{left} < PAGE_SIZE - {off} ? {left} : PAGE_SIZE - {off}"),
            _ => format!("min((size_t){left}, PAGE_SIZE - {off})"),
        }
    })
}

fn number_of_pages(text: &str, dice: &mut Dice) -> String {
    replace(text, r"DIV_ROUND_UP\((\w+) \+ (\w+), PAGE_SIZE\)", |found| {
        let (a, b) = (&found[1], &found[2]);
        match dice.roll(4) {
            0 => format!("DIV_ROUND_UP({b} + {a}, PAGE_SIZE)"),
            1 => format!("({a} + {b} + PAGE_SIZE - 1) / PAGE_SIZE"),
            2 => format!("({b} + {a} + PAGE_SIZE - 1) >> PAGE_SHIFT"),
            _ => format!("PAGE_ALIGN({a} + {b}) >> PAGE_SHIFT"),
        }
    })
}

fn counting(text: &str, dice: &mut Dice) -> String {
    replace(text, r"for \((\w+) = 0; (\w+) < (\w+); (\w+)\+\+\)", |found| {
        let (first, k, n) = (&found[1], &found[2], &found[3]);
        match dice.roll(3) {
            0 => format!("for ({first} = 0; {n} > {k}; ++{k})"),
            1 => format!("for ({first} = 0; {k} != {n}; {k}++)"),
            _ => format!("for ({first} = 0; {k} < {n}; {k} += 1)"),
        }
    })
}

fn order_of_updates(text: &str, _: &mut Dice) -> String {
    replace(text, r"(\w+ -= \w+;)\n(\t+)(\w+ = 0;)", |found| {
        format!("{}\n{}{}", &found[3], &found[2], &found[1])
    })
}

fn unlikely(text: &str, _: &mut Dice) -> String {
    replace(text, r"if \((\w+ <=? 0)\)", |found| format!("if (unlikely({}))", &found[1]))
}

/// `while (left) {` as a loop without end that a test leaves.
fn outer_kind(text: &str, dice: &mut Dice) -> String {
    replace(text, r"(?m)^(\t+)while \((iov_iter_count\([^()]*\))\) \{$", |found| {
        let (tabs, left) = (&found[1], &found[2]);
        match dice.roll(2) {
            0 => format!("{tabs}for (;;) {{\n{tabs}\tif (!{left})\n{tabs}\t\tbreak;"),
            _ => format!("{tabs}while (1) {{\n{tabs}\tif ({left} == 0)\n{tabs}\t\tbreak;"),
        }
    })
}

/// A `for` over the batch as a `while` that counts at its end.
fn inner_kind(text: &str, _: &mut Dice) -> String {
    let head = Regex::new(r"^(\t+)for \((\w+) = 0; ([^;,]+); (\w+)\+\+\) \{$").unwrap();
    let lines: Vec<&str> = text.split('\n').collect();
    let mut out: Vec<String> = Vec::new();
    let mut ends: Vec<(String, String)> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let end = |tabs: &str| lines[at..].iter().position(|l| *l == format!("{tabs}}}")).map(|n| at + n);
        let skips = |to: usize| lines[at..to].iter().any(|l| l.contains("continue"));
        if let Some(found) = head.captures(line)
            && found[2] == found[4]
            && end(&found[1]).is_some_and(|to| !skips(to))
        {
            let (tabs, index, condition) = (&found[1], &found[2], &found[3]);
            out.push(format!("{tabs}{index} = 0;\n{tabs}while ({condition}) {{"));
            ends.push((format!("{tabs}}}"), format!("{tabs}\t{index}++;")));
            continue;
        }
        if let Some((_, step)) = ends.pop_if(|(end, _)| end == line) {
            out.push(step);
        }
        out.push((*line).to_owned());
    }
    out.join("\n")
}

/// The length of a piece as what the page has, cut by what is left.
fn minimum_by_test(text: &str, _: &mut Dice) -> String {
    let pattern = r"(?m)^(\t+)size_t (\w+) = min_t\(size_t, (\w+), PAGE_SIZE - (\w+)\);\n\n";
    replace(text, pattern, |found| {
        let (tabs, len, left, off) = (&found[1], &found[2], &found[3], &found[4]);
        format!(
            "{tabs}size_t {len} = PAGE_SIZE - {off};\n\n{tabs}if ({len} > {left})\n{tabs}\t{len} = {left};\n\n"
        )
    })
}

/// The last declaration of a block gets its value behind the declarations.
fn declarations(text: &str, dice: &mut Dice) -> String {
    replace(text, r"(?m)^(\t\t+)(size_t|ssize_t|int|unsigned int) (\w+) = ([^;{,]+);\n\n", |found| {
        let (tabs, ty, name, value) = (&found[1], &found[2], &found[3], &found[4]);
        match dice.roll(2) {
            0 => format!("{tabs}{ty} {name};\n\n{tabs}{name} = {value};\n"),
            _ => found[0].to_owned(),
        }
    })
}

/// A call that is a statement of a block stands in a block of its own.
fn blocks(text: &str, dice: &mut Dice) -> String {
    let call = Regex::new(r"^(\t\t\t+)(\w+)\(.*\);$").unwrap();
    let mut out: Vec<String> = Vec::new();
    for line in text.split('\n') {
        let before = out.last().map_or("", |l| l.trim_end());
        let in_a_list = before.is_empty() || before.ends_with([';', '{', '}']);
        match call.captures(line).filter(|_| in_a_list && dice.roll(4) == 0) {
            Some(found) => {
                let tabs = &found[1];
                out.push(format!("{tabs}{{\n{tabs}\t{}\n{tabs}}}", line.trim_start()));
            }
            None => out.push(line.to_owned()),
        }
    }
    out.join("\n")
}

fn comments(text: &str, dice: &mut Dice) -> String {
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        out.push_str(line);
        let statement = line.starts_with("\t\t\t") && line.ends_with(";\n") && !line.contains("goto");
        if statement && dice.roll(4) == 0 {
            out.push_str(&format!("\n\t\t\t/* remark {} */\n", dice.roll(100)));
        }
    }
    out
}

/// Whether the text of a macro of the file has the word.
fn in_a_macro(tree: &syntax::Tree, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    tree.root()
        .descendants()
        .filter(|n| matches!(n.kind(), Kind::PreprocDef | Kind::PreprocFunctionDef))
        .any(|n| n.text().split(|c| !is_word(c)).any(|word| word == name))
}

/// Every parameter, local and label of every function gets another name; what a driver or a header sees stays.
fn rename_locals(text: &str) -> String {
    let source = SourceFile::new("case.c", text.as_bytes().to_vec());
    let tree = syntax::parse(&source);
    let mut edits = EditSet::new();
    for function in tree.root().descendants().filter(|n| n.is(Kind::FunctionDefinition)) {
        let scopes = Scopes::of(function);
        for declaration in scopes.declarations() {
            // A name that a macro's text knows has to stay what it is.
            if in_a_macro(&tree, declaration.name) {
                continue;
            }
            let name = format!("{}_x", declaration.name);
            let places = scopes.uses(declaration.id).iter().map(|n| n.span());
            for span in places.chain([declaration.ident.span()]) {
                // a macro's text may name it a second time
                let _ = edits.add(TextEdit::new(span, name.clone()));
            }
        }
    }
    String::from_utf8_lossy(&edits.apply(source.bytes())).into_owned()
}
