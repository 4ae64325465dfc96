//! Statements outlined by an ordinary rule: the result compiles without a warning and does what the original does.
//!
//! `tests/outlining/*.case` are whole programs of our own: `//- rule`, `//- before`, `//- after` (none if nothing changes)
//! and `//- says SENTENCE` for each refusal. Both versions are compiled with and without `VARIANT`, run and compared.
//!
//! The two faults that a textual rule has there are the point: a body with `#ifdef` keeps its lines, and `break` and
//! captured variables mean in the new function what they meant in the loop.

use std::path::Path;
use std::process::Command;
use vedalia::plan::apply::{ApplyOptions, apply, prepare};
use vedalia::source::SourceFile;

const RULE: &str = "\
@@
identifier crate_;
expression belt;
statement list body;
outline step(body, arg) = static int function##_step(struct crate *crate_, void *data)
\twith continue = 0, break = 1;
@@
- while ((crate_ = next_crate(belt))) {
- body
- }
+ each_crate(belt, step, arg);
";

/// What both versions are compiled with.
const PRELUDE: &str = "\
#include <stdio.h>

struct crate { int weight; int sealed; };
struct belt { struct crate crates[8]; unsigned int at; };
struct tally { int light, heavy; };

static inline struct crate *next_crate(struct belt *b)
{
\treturn b->at < 8 ? &b->crates[b->at++] : NULL;
}

static inline int each_crate(struct belt *b, int (*f)(struct crate *, void *), void *data)
{
\tstruct crate *c;
\tint ret = 0;

\twhile (!ret && (c = next_crate(b)))
\t\tret = f(c, data);
\treturn ret;
}

";

const MAIN: &str = "
int main(void)
{
\tfor (int round = 0; round < 16; round++) {
\t\tstruct belt belt = { .at = 0 };

\t\tfor (int i = 0; i < 8; i++)
\t\t\tbelt.crates[i] = (struct crate){ (i * 7 + round) % 11, (i + round) % 3 == 0 };
\t\tint result = load(&belt, 20 + round);
\t\tprintf(\"%d %u\\n\", result, belt.at);
\t}
\treturn 0;
}
";

const LOAD: &str = "\
int load(struct belt *belt, const int limit)
{
\tstruct tally tally = { 0, 0 };
\tint marks[2] = { 0, 0 };
\tstruct crate *c;
\tint sum = 0, w;

\twhile ((c = next_crate(belt))) {
\t\tint i;

\t\t/* sealed crates go elsewhere */
\t\tif (c->sealed)
\t\t\tcontinue;
\t\tw = c->weight;
#ifdef DOUBLE
\t\tw *= 2;
#else
\t\tw += 1;\t/* the pallet */
#endif
\t\tif (sum + w > limit)
\t\t\tbreak;

\t\tfor (i = 0; i < 2; i++) {
\t\t\tif (w % 2 == i)
\t\t\t\tbreak;
\t\t}
\t\tmarks[i]++;
\t\tif (w < 5)
\t\t\ttally.light++;
\t\telse
\t\t\ttally.heavy += w;
\t\tsum += w;
\t}
\treturn sum * 1000 + tally.light * 100 + tally.heavy + marks[0] - marks[1];
}
";

/// The code after the rule, and what it says.
fn run(rule: &str, code: &str) -> (String, Vec<String>) {
    let (file, errors) = vedalia::smpl::parse(&SourceFile::new("rule.cocci", rule));
    assert!(errors.is_empty(), "{errors:?}");
    let options = ApplyOptions::default();
    let applied = apply(&prepare(&file, &options).unwrap(), &SourceFile::new("load.c", code), &options);
    let said = applied.diagnostics.into_iter().map(|d| d.message).collect();
    (String::from_utf8(applied.after).unwrap(), said)
}

fn outlined(rule: &str, code: &str) -> String {
    let (after, said) = run(rule, code);
    assert_eq!(said, [""; 0]);
    after
}

fn program(code: &str) -> String {
    format!("{PRELUDE}{code}{MAIN}")
}

/// What a program prints, compiled with warnings as errors and the sanitizers.
fn output(dir: &Path, name: &str, code: &str, flag: &str) -> String {
    let cc = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let (source, binary) = (dir.join(format!("{name}.c")), dir.join(name));
    std::fs::write(&source, code).unwrap();
    let compiled = Command::new(cc)
        .args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", flag, "-o"])
        .args([&binary, &source])
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{}\n{code}", String::from_utf8_lossy(&compiled.stderr));
    let ran = Command::new(binary).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn an_outlined_loop_does_what_the_loop_did() {
    let after = outlined(RULE, LOAD);
    assert!(after.contains("static int load_step(struct crate *c, void *data)"), "{after}");
    // Its lines are all there, conditional ones too.
    for line in ["#ifdef DOUBLE", "\tw *= 2;", "#else", "\tw += 1;\t/* the pallet */", "#endif"] {
        assert!(after.lines().any(|l| l == line), "{line}\n{after}");
    }
    let dir = tempfile::tempdir().unwrap();
    for flag in ["-DDOUBLE", "-UDOUBLE"] {
        let before = output(dir.path(), "before", &program(LOAD), flag);
        assert_eq!(before, output(dir.path(), "after", &program(&after), flag));
        assert!(before.lines().collect::<std::collections::BTreeSet<_>>().len() > 8, "{before}");
    }
}

#[test]
fn a_result_that_differs_is_noticed() {
    let after = outlined(RULE, LOAD).replace("return 1;", "return 0;");
    let dir = tempfile::tempdir().unwrap();
    let before = output(dir.path(), "before", &program(LOAD), "-DDOUBLE");
    assert_ne!(before, output(dir.path(), "after", &program(&after), "-DDOUBLE"));
}

#[derive(Default)]
struct Case {
    rule: String,
    before: String,
    after: Option<String>,
    says: Vec<String>,
}

fn read(text: &str) -> Case {
    let mut case = Case::default();
    let mut section = "";
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("//- ").map(str::trim_end) {
            Some(head) => {
                section = head.split(' ').next().unwrap();
                case.says.extend(head.strip_prefix("says ").map(str::to_owned));
            }
            None if section == "rule" => case.rule.push_str(line),
            None if section == "before" => case.before.push_str(line),
            None => case.after.get_or_insert_default().push_str(line),
        }
    }
    case
}

#[test]
fn every_program_does_what_it_did() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/outlining");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let case = read(&std::fs::read_to_string(&path).unwrap());
        let (after, says) = run(&case.rule, &case.before);
        let name = path.file_stem().unwrap().display();
        assert_eq!(after, *case.after.as_ref().unwrap_or(&case.before), "{name}\n{after}");
        assert_eq!(says, case.says, "{name}");
        let dir = tempfile::tempdir().unwrap();
        for flag in ["-DVARIANT", "-UVARIANT"].into_iter().filter(|_| case.after.is_some()) {
            let before = output(dir.path(), "before", &case.before, flag);
            assert_eq!(before, output(dir.path(), "after", &after, flag), "{name}");
            assert!(!before.is_empty(), "{name} prints nothing to compare");
        }
    }
}
