//! Which isomorphisms a rule owes its match to, or would need.
//!
//! In: a rule file, a line, and a rule that matches there or not. Out: names of isomorphisms. They are found by trying: the
//! rule is asked again with some of them off, or with those on that it turns off. That costs a search each, and needs
//! nothing to be written down while rules are matched.

use crate::matcher::iso;
use crate::plan::apply::{ApplyOptions, Runner, prepare};
use crate::smpl::vocabulary::BUILT_IN;
use crate::smpl::{Item, RuleFile, SmplRule};
use crate::source::SourceFile;
use crate::syntax::Headers;

/// A line, and how it is read.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub source: &'a SourceFile,
    /// Counted from 1.
    pub number: usize,
    pub headers: Option<&'a Headers<'a>>,
}

/// A smallest set of isomorphisms with which a rule that matches a line still does.
pub(super) fn used(file: &RuleFile, options: &ApplyOptions, line: Line<'_>, rule: &str) -> Vec<String> {
    let known = options.isomorphisms.as_deref().unwrap_or_else(|| iso::standard());
    let mut names: Vec<String> = known.iter().map(|iso| iso.name.clone()).collect();
    names.extend(BUILT_IN.map(str::to_owned));
    names.sort_unstable();
    names.dedup();
    let matches = |on: &[String]| {
        let mut options = options.clone();
        options.disabled.extend(names.iter().filter(|name| !on.contains(name)).cloned());
        matches(file, &options, line, rule)
    };
    if matches(&[]) { Vec::new() } else { smallest(&matches, Vec::new(), &names) }
}

/// The smallest part of `names` that has to be on besides `on`, by halves (Junker, QuickXplain, AAAI 2004).
fn smallest(matches: &dyn Fn(&[String]) -> bool, on: Vec<String>, names: &[String]) -> Vec<String> {
    if names.len() < 2 {
        return names.to_vec();
    }
    let (left, right) = names.split_at(names.len() / 2);
    let of = |on: Vec<String>, names: &[String]| {
        if matches(&on) { Vec::new() } else { smallest(matches, on, names) }
    };
    let second = of([&on, left].concat(), right);
    let mut out = of([&on, second.as_slice()].concat(), left);
    out.extend(second);
    out
}

/// The isomorphisms that are turned off and with which a rule would match a line.
pub(super) fn needed(file: &RuleFile, options: &ApplyOptions, line: Line<'_>, rule: &str) -> Vec<String> {
    let own = |one: &&SmplRule| file.name_of(one) == rule;
    let mut off: Vec<String> = file.rules().find(own).map_or_else(Vec::new, |r| r.header.disable.clone());
    off.extend(options.disabled.iter().cloned());
    let without = |on: &[String]| {
        let mut other = file.clone();
        for item in &mut other.items {
            if let Item::Rule(one) = item
                && file.name_of(one) == rule
            {
                one.header.disable.retain(|name| !on.contains(name));
            }
        }
        let mut options = options.clone();
        options.disabled.retain(|name| !on.contains(name));
        matches(&other, &options, line, rule)
    };
    if off.is_empty() || !without(&off) {
        return Vec::new();
    }
    let one = off.iter().find(|name| without(std::slice::from_ref(*name)));
    one.map_or_else(|| off.clone(), |name| vec![name.clone()])
}

fn matches(file: &RuleFile, options: &ApplyOptions, line: Line<'_>, rule: &str) -> bool {
    let Ok(program) = prepare(file, options) else { return false };
    let Ok((runner, _)) = Runner::new(&program, options) else { return false };
    runner.with_headers(line.headers).matching(line.source, line.number).iter().any(|name| name == rule)
}
