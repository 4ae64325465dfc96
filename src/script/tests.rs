//! Scripts as rule files have them, run one by one.

use super::*;
use crate::diagnostic::Diagnostic;
use crate::matcher::binding::Extent;
use crate::matcher::{Environment, Place};
use crate::smpl::{self, Item, RuleFile, ScriptRule};
use crate::source::{LineColumn, SourceFile, Span};

fn rules(text: &str) -> RuleFile {
    let (file, errors) = smpl::parse(&SourceFile::new("r.cocci", text));
    assert!(errors.is_empty(), "{errors:?}");
    file
}

fn scripts(file: &RuleFile) -> Vec<&ScriptRule> {
    file.items.iter().filter_map(|i| if let Item::Script(s) = i { Some(s) } else { None }).collect()
}

fn environment() -> Environment {
    let at = |line, column| LineColumn { line, column };
    let place = Place {
        file: "a.c".into(),
        span: Span::new(0, 4),
        at: Extent { from: at(3, 5), to: at(3, 9) },
        element: "f".into(),
        element_at: Extent { from: at(1, 1), to: at(9, 2) },
    };
    Environment::new().with("r.x", Binding::text("a->b")).with("r.p", Binding::place(place))
}

/// Run the scripts of a rule file one after the other: what each did.
fn run(text: &str) -> Vec<Result<Ran, Diagnostic>> {
    let text = format!("@r@\nexpression x;\nposition p;\n@@\nf@p(x)\n\n{text}");
    let file = rules(&text);
    let interpreter = Interpreter::new(&file).unwrap();
    let source = SourceFile::new("a.c", "int a;\n\n\tf();\n");
    scripts(&file).iter().map(|s| interpreter.run(s, &environment(), Some(&source))).collect()
}

fn printed(ran: &Result<Ran, Diagnostic>) -> String {
    ran.as_ref().unwrap().reports.iter().map(|r| r.text.as_str()).collect()
}

#[test]
fn messages_look_like_coccinelles() {
    let ran = run("@script:python@\np << r.p;\nx << r.x;\n@@\n\
        coccilib.report.print_report(p[0], \"WARNING: %s\" % (x))\n\
        coccilib.org.print_todo(p[0], \"see [x]\")\n\
        coccilib.org.print_safe_todo(p[0], \"see [x]\")\n\
        cocci.print_main(\"here\", p)\n\
        cocci.print_sec(\"ref\", p)\n\
        cocci.print_secs(\"\", p)\n\
        print(p[0].current_element, p[0].line_end, len(p))\n");
    let expected = "a.c:3:4-8: WARNING: a -> b\n\
        * TODO [[view:a.c::face=ovl-face1::linb=3::colb=4::cole=8][see [x]]]\n\
        * TODO [[view:a.c::face=ovl-face1::linb=3::colb=4::cole=8][see @(x)]]\n\
        * TODO [[view:a.c::face=ovl-face1::linb=3::colb=4::cole=8][here a.c::3]]\n\
        [[view:a.c::face=ovl-face2::linb=3::colb=4::cole=8][ref]]\n\
        [[view:a.c::face=ovl-face2::linb=3::colb=4::cole=8][a.c::3]]\n\
        f 3 1\n";
    assert_eq!(printed(&ran[0]), expected);
    let reports = &ran[0].as_ref().unwrap().reports;
    let place = ReportPlace { file: "a.c".into(), line: 3, column: 4, line_end: 3, column_end: 8 };
    assert_eq!((reports[0].kind, reports[0].place.as_ref()), (ReportKind::Report, Some(&place)));
    assert_eq!((reports[6].kind, reports[6].text.as_str()), (ReportKind::Print, "f 3 1\n"));
}

#[test]
fn a_match_is_dropped_or_the_file_left() {
    let ran = run("@script:python@\n@@\ncocci.include_match(False)\n\
        @script:python@\n@@\npass\n\
        @script:python@\n@@\ncocci.exit()\n");
    let decisions: Vec<_> = ran.iter().map(|r| r.as_ref().unwrap().decision).collect();
    assert_eq!(decisions, [Decision::Drop, Decision::Keep, Decision::Exit]);
}

#[test]
fn globals_stay_and_variables_go_out() {
    let ran = run(
        "@initialize:python@\n@@\nimport re\ncount = 0\n\ndef inc():\n    global count\n    count += 1\n    return count\n\
        @script:python a@\nx << r.x;\ny;\nz;\n@@\ncoccinelle.y = re.sub(r\"\\W+\", \"_\", x)\n\
        coccinelle.z = cocci.make_expr(\"(b)\")\ninc()\n\
        @script:python b@\ny;\n@@\nprint(inc(), cocci.files())\n",
    );
    let made: Vec<_> = ran[1].as_ref().unwrap().outputs.iter().map(|(n, b)| (n.as_str(), &*b.text)).collect();
    assert_eq!(made, [("y", "a_b"), ("z", "(b)")]);
    assert_eq!(printed(&ran[2]), "2 ['a.c']\n");
    assert!(ran[2].as_ref().unwrap().outputs.is_empty(), "a variable of a script before is not one of this");
}

#[test]
fn mistakes_have_their_line() {
    let ran = run("@script:python@\n@@\nx = 1\ny = x / 0\n\
        @script:python@\n@@\nif:\n\
        @script:python@\n@@\nimport _vedalia\n_vedalia.STEPS = 1000\nwhile True:\n    pass\n");
    let told: Vec<_> = ran
        .iter()
        .map(|r| r.as_ref().unwrap().failure.clone().unwrap())
        .map(|d| (d.place().unwrap(), d.message.split(": ").nth(1).unwrap().to_string()))
        .collect();
    let expected = [
        ("r.cocci:10:1", "ZeroDivisionError"),
        ("r.cocci:13:1", "SyntaxError"),
        ("r.cocci:18:1", "no end after 1000 lines"),
    ];
    assert_eq!(told, expected.map(|(place, message)| (place.to_string(), message.to_string())));
}

#[test]
fn modules_that_rules_import_are_there() {
    let ran = run(
        "@script:python@\n@@\nimport re, sys, os.path, collections, functools, string, json, enum, itertools, copy\n\
        from collections import defaultdict\nfrom coccilib import report\n\
        print(re.findall(r\"(\\w)=(?=\\d)\", \"a=1,b=x\"), os.path.basename(\"a/b.c\"), json.dumps([1]))\n\
        print(sorted(defaultdict(list, {1: [2]}).items()), f\"{3:>3}|{'x'!r}\")\nsys.stderr.write(\"oops\\n\")\n",
    );
    assert_eq!(printed(&ran[0]), "['a'] b.c [1]\n[(1, [2])]   3|'x'\noops\n");
    assert_eq!(ran[0].as_ref().unwrap().reports[2].kind, ReportKind::Error);
}

#[test]
fn comments_of_the_rule_language_are_no_python() {
    let ran = run("@script:python@\nx << r.x;\n@@\n// before 'it\n\
        print(\"a//b '\", '//', \"\"\"// c\n// d\"\"\", x) # it's // fine\n// --- behind\n//  \"more\n");
    assert_eq!(printed(&ran[0]), "a//b ' // // c\n// d a -> b\n");
}
