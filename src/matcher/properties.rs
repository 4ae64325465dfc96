//! Dots against the paths of small functions, one by one.
//!
//! In: random functions of calls, branches and returns. Out: for rules with dots, the calls that the matcher says are
//! changed are those that a walk over every single path says.

use super::{Environment, search};
use crate::smpl::compile::compile;
use crate::source::{SourceFile, Span};
use crate::syntax::parse;
use proptest::prelude::*;
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
enum Code {
    Call(char),
    If(Vec<Code>, Option<Vec<Code>>),
    Return,
}

/// What a path meets.
#[derive(Clone, Debug)]
enum Event {
    /// A call, at these bytes.
    Call(char, Span),
    /// A branch that never comes back, and whether `b` is called in it.
    Leaves { meets_b: bool },
}

fn code() -> impl Strategy<Value = Vec<Code>> {
    let leaf = prop_oneof![
        4 => prop::sample::select(vec!['a', 'b', 'c', 'd']).prop_map(Code::Call),
        1 => Just(Code::Return),
    ];
    let one = leaf.prop_recursive(3, 16, 3, |inner| {
        let block = prop::collection::vec(inner, 0..3);
        (block.clone(), prop::option::of(block)).prop_map(|(yes, no)| Code::If(yes, no))
    });
    prop::collection::vec(one, 1..5).prop_map(|code| reached(code).0)
}

/// The code without what nothing reaches, and whether its end is reached.
fn reached(code: Vec<Code>) -> (Vec<Code>, bool) {
    let mut out = Vec::new();
    for one in code {
        let (one, goes_on) = match one {
            Code::If(yes, no) => {
                let (yes, a) = reached(yes);
                let (no, b) = no.map_or((None, true), |no| {
                    let (no, b) = reached(no);
                    (Some(no), b)
                });
                (Code::If(yes, no), a || b)
            }
            Code::Return => (Code::Return, false),
            call => (call, true),
        };
        out.push(one);
        if !goes_on {
            return (out, false);
        }
    }
    (out, true)
}

fn write(code: &[Code], out: &mut String, calls: &mut Vec<(char, Span)>) {
    for one in code {
        match one {
            Code::Call(name) => {
                let start = out.len();
                out.push_str(&format!("{name}();"));
                calls.push((*name, Span::new(start, out.len())));
                out.push('\n');
            }
            Code::If(yes, no) => {
                out.push_str("if (x) {\n");
                write(yes, out, calls);
                out.push_str("}\n");
                if let Some(no) = no {
                    out.push_str("else {\n");
                    write(no, out, calls);
                    out.push_str("}\n");
                }
            }
            Code::Return => out.push_str("return;\n"),
        }
    }
}

/// A path, and whether it has returned.
type Path = (Vec<Event>, bool);

/// All paths through `code`; calls take their bytes from `calls`, in order.
fn paths(code: &[Code], calls: &mut std::slice::Iter<'_, (char, Span)>) -> Vec<Path> {
    let mut all: Vec<Path> = vec![(Vec::new(), false)];
    for one in code {
        let more: Vec<Path> = match one {
            Code::Call(_) => {
                let (name, span) = calls.next().unwrap();
                vec![(vec![Event::Call(*name, *span)], false)]
            }
            Code::Return => vec![(Vec::new(), true)],
            Code::If(yes, no) => {
                let mut then = paths(yes, calls);
                if then.iter().all(|(_, returned)| *returned) {
                    let meets_b = then
                        .iter()
                        .any(|(events, _)| events.iter().any(|e| matches!(e, Event::Call('b', _))));
                    then.iter_mut().for_each(|(events, _)| events.insert(0, Event::Leaves { meets_b }));
                }
                then.extend(no.as_ref().map_or(vec![(Vec::new(), false)], |no| paths(no, calls)));
                then
            }
        };
        let mut next = Vec::new();
        for (events, returned) in all {
            if returned {
                next.push((events, true));
                continue;
            }
            for (tail, returned) in &more {
                let mut events = events.clone();
                events.extend(tail.iter().cloned());
                next.push((events, *returned));
            }
        }
        all = next;
    }
    all
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    exists: bool,
    strict: bool,
    without_c: bool,
}

/// How a path goes on behind `a`: to the `b` it meets, to a branch that leaves, or to nothing.
fn follow(events: &[Event], asked: Asked) -> Option<Option<Span>> {
    for event in events {
        match event {
            Event::Call('b', span) => return Some(Some(*span)),
            Event::Call('a', _) => return None,
            Event::Call('c', _) if asked.without_c => return None,
            Event::Leaves { meets_b: false } if !asked.strict && !asked.exists => return Some(None),
            _ => {}
        }
    }
    None
}

/// The calls that `- a(); ... - b();` takes away.
fn expected(code: &[Code], calls: &[(char, Span)], asked: Asked) -> BTreeSet<Span> {
    let all = paths(code, &mut calls.iter());
    let mut out = BTreeSet::new();
    for (_, start) in calls.iter().filter(|(name, _)| *name == 'a') {
        let is_start = |e: &Event| matches!(e, Event::Call(_, span) if span == start);
        let tails = all.iter().filter_map(|(events, _)| {
            let at = events.iter().position(is_start)?;
            Some(follow(&events[at + 1..], asked))
        });
        let tails: Vec<_> = tails.collect();
        let holds = if asked.exists {
            tails.iter().any(|t| matches!(t, Some(Some(_))))
        } else {
            !tails.is_empty() && tails.iter().all(Option::is_some)
        };
        if holds {
            out.insert(*start);
            out.extend(tails.into_iter().flatten().flatten());
        }
    }
    out
}

/// The calls that the matcher takes away.
fn found(text: &str, asked: Asked) -> BTreeSet<Span> {
    let mut rule = format!("@r {}@\n@@\n- a();\n  ...", if asked.exists { "exists" } else { "forall" });
    if asked.strict {
        rule.push_str(" when strict\n");
    }
    if asked.without_c {
        rule.push_str("      when != c()\n");
    }
    rule.push_str("\n- b();\n");
    let file = SourceFile::new("r.cocci", rule);
    let (rules, errors) = crate::smpl::parse(&file);
    assert!(errors.is_empty(), "{errors:?}");
    let rule = compile(&file, rules.rules().next().unwrap(), 1).unwrap();
    let tree = parse(&SourceFile::new("c.c", text));
    let found = search(&rule, &tree, &Environment::new());
    let spans = found.environments.iter().flat_map(|e| e.touches().into_iter().map(|t| t.span));
    // The calls, not their tokens.
    let calls = spans.filter_map(|s| {
        let node = tree.covering(s);
        let mut around = std::iter::once(node).chain(node.ancestors());
        around.find(|n| n.is(crate::syntax::Kind::ExpressionStatement)).map(|n| n.span())
    });
    calls.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn dots_are_all_paths(code in code(), exists: bool, strict: bool, without_c: bool) {
        let asked = Asked { exists, strict: strict && !exists, without_c };
        let mut text = String::from("void f(void)\n{\n");
        let mut calls = Vec::new();
        write(&code, &mut text, &mut calls);
        text.push_str("}\n");
        prop_assert_eq!(found(&text, asked), expected(&code, &calls, asked), "{}", text);
    }
}
