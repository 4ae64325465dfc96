//! What each rule of a file says about one line.
//!
//! In: a prepared rule file, a file and a line of it. Out: an [`Account`] per rule: whether it matches there, where it comes
//! nearest if it does not, or why it was not tried. As in a run, each rule sees the text that the former ones left; the
//! line is followed through their changes.

use super::states::{State, holds, pooled, start};
use super::{Applied, Now, RuleStep, Runner, Step};
use crate::matcher::{Environment, Ground, Miss, Search, Sought, nearest_miss, search, sought};
use crate::script::Decision;
use crate::smpl::Depends;
use crate::smpl::token::has_word;
use crate::source::{SourceFile, Span};
use crate::syntax::coverage::{Coverage, MacroBodies};
use crate::syntax::{Kind, Tree};
use std::collections::{BTreeMap, BTreeSet};

/// What a rule says about a line.
#[derive(Clone, Debug)]
pub struct Account {
    /// The rule.
    pub rule: String,
    /// The file as the rule saw it.
    pub source: SourceFile,
    /// What it says.
    pub said: Said,
    /// What it is there for.
    pub purpose: Purpose,
}

/// What a rule is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It changes or marks code, or a script reads it.
    Acts,
    /// Other rules ask what it found: to go on from there, or to leave it alone.
    IsAsked,
}

/// Whether a rule matches, and why not.
#[derive(Clone, Debug)]
pub enum Said {
    /// It matches; its first token there.
    Matches(Span),
    /// Where it comes nearest, if it has anything of the line.
    Misses(Option<Miss>),
    /// It was not tried; and where it would come nearest if it were.
    NotTried(Obstacle, Option<Miss>),
}

/// How a line is out of reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// It was not read.
    Unread,
    /// It belongs to the definition of a macro, in which only matches are told.
    InMacro,
}

/// How much is asked about a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    /// Which rules match.
    Matches,
    /// Where the others come nearest, too.
    Misses,
}

/// Why a rule is not tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// These parts of what its header depends on do not hold.
    Depends(Vec<Unmet>),
    /// This script dropped the matches of this rule, which it depends on or inherits from.
    Dropped(String, String),
    /// This rule, which it inherits from, matches nowhere in the file.
    Inherits(String),
    /// This metavariable, `rule.name`, which it inherits, stands for nothing where that rule matches.
    Unbound(String),
}

/// A part of what a rule depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmet {
    /// This rule has to match.
    Lacks(String),
    /// This rule must not match.
    Has(String),
    /// The file has to lie there.
    Outside(String),
    /// The file must not lie there.
    Inside(String),
}

/// Names that scripts took away, of rules and as `rule.metavariable`, with the script.
type Dropped = BTreeMap<String, String>;

impl Runner<'_> {
    /// What of a file is read, and where a word of the rules stands in what is not.
    pub fn coverage(&self, source: &SourceFile) -> Coverage {
        let words = self.program.prefilter.words();
        let read = Coverage::of_candidate(&self.read(source), words, MacroBodies::Read);
        Coverage { files: 1, ..read }
    }

    /// How a line, counted from 1, is out of reach for a search of the nearest miss.
    pub fn hidden(&self, source: &SourceFile, line: usize) -> Option<Hidden> {
        let tree = self.read(source);
        let spans = source.lines().line_span(line);
        let on_line = tree.root().descendants().filter(|n| n.span().overlaps(spans));
        on_line
            .filter_map(|n| match n.kind() {
                kind if kind.is_opaque() => Some(Hidden::Unread),
                Kind::PreprocDef | Kind::PreprocFunctionDef => Some(Hidden::InMacro),
                _ => None,
            })
            .last()
    }

    /// The words that the rules look for and a file does not have, if no rule acts without them.
    pub fn lacking(&self, source: &SourceFile) -> Vec<&str> {
        let prefilter = &self.program.prefilter;
        if prefilter.may_concern(source.bytes()) {
            return Vec::new();
        }
        prefilter.words().iter().map(String::as_str).filter(|word| !has_word(source.text(), word)).collect()
    }

    /// What each rule that acts looks for in any file, and where this one has it nearest to a line, counted from 1.
    pub fn sought(&self, source: &SourceFile, line: usize) -> Vec<(String, Vec<Sought>)> {
        let tree = self.read(source);
        let rules = self.program.steps.iter().filter_map(|step| match step {
            Step::Rule(step) if self.purpose(step) == Purpose::Acts => Some(&step.rule),
            _ => None,
        });
        rules.map(|rule| (rule.name.clone(), sought(rule, &tree, line))).collect()
    }

    /// What each rule says about a line, counted from 1.
    pub fn explain(&self, source: &SourceFile, line: usize) -> Vec<Account> {
        self.accounts(source, line, Depth::Misses)
    }

    /// The names of the rules that match a line, counted from 1.
    pub fn matching(&self, source: &SourceFile, line: usize) -> Vec<String> {
        let all = self.accounts(source, line, Depth::Matches).into_iter();
        all.filter(|account| matches!(account.said, Said::Matches(_))).map(|account| account.rule).collect()
    }

    fn accounts(&self, source: &SourceFile, line: usize, depth: Depth) -> Vec<Account> {
        let mut tree = self.read(source);
        let mut out = Applied::untouched(source, Coverage::default(), Vec::new());
        let mut now = self.start_of(&tree);
        let (mut accounts, mut line, mut dropped) = (Vec::new(), line, Dropped::new());
        for (step, search) in self.program.steps.iter().zip(&self.searches) {
            match step {
                Step::Rule(step) => {
                    let said = said(step, &tree, (&now, &out.matched, &dropped), (line, depth));
                    let seen = now.source.clone();
                    let search = search.get_or_init(|| Search::new(&step.rule, step.need.clone()));
                    let after = self.rule(
                        (step, search),
                        &Ground::along(&tree, self.options.ways),
                        &mut now,
                        &mut out,
                    );
                    if let Ok(Some(after)) = after {
                        now.becomes(after);
                        tree = self.read(&now.source);
                    }
                    line = follow(seen.text(), now.source.text(), line);
                    let purpose = self.purpose(step);
                    accounts.push(Account { rule: step.rule.name.clone(), source: seen, said, purpose });
                }
                Step::Script(step) => {
                    let before = known(&now);
                    if matches!(self.script(step, &mut now, &mut out), Ok(Decision::Exit)) {
                        break;
                    }
                    let after = known(&now);
                    dropped.extend(before.difference(&after).map(|name| (name.clone(), step.name.clone())));
                }
            }
        }
        accounts
    }
}

impl Runner<'_> {
    fn purpose(&self, rule: &RuleStep) -> Purpose {
        let reads = |step: &Step| match step {
            Step::Script(script) => script.script.inputs.iter().any(|input| input.rule == rule.rule.name),
            Step::Rule(_) => false,
        };
        let acts = rule.acts() || self.program.steps.iter().any(reads);
        if acts { Purpose::Acts } else { Purpose::IsAsked }
    }
}

fn said(
    step: &RuleStep,
    tree: &Tree,
    (now, matched, dropped): (&Now, &BTreeSet<String>, &Dropped),
    (line, depth): (usize, Depth),
) -> Said {
    let pooled = pooled(step, &now.states);
    let starts: Vec<Environment> =
        now.states.iter().filter_map(|state| start(step, state, &pooled, &now.source)).collect();
    let near = |env: &Environment| match depth {
        Depth::Matches => None,
        Depth::Misses => nearest_miss(&step.rule, tree, env, line),
    };
    if starts.is_empty() {
        return Said::NotTried(obstacle(step, now, (matched, dropped)), near(&Environment::new()));
    }
    let here = |span: Span| now.source.line_column(span).line == line;
    for env in &starts {
        let found = search(&step.rule, tree, env).environments;
        let touched = found.iter().flat_map(Environment::touches).map(|touch| touch.span);
        if let Some(span) = touched.filter(|span| !span.is_empty() && here(*span)).min() {
            return Said::Matches(span);
        }
    }
    // Of equals the first, of those that know of a place on the line.
    let is_here = |env: &Environment| {
        let places = env.bindings().into_iter().flat_map(|(_, binding)| &binding.places);
        places.into_iter().any(|place| place.at.from.line == line)
    };
    let misses = starts.iter().filter_map(|env| Some((near(env)?, is_here(env)))).rev();
    Said::Misses(misses.max_by_key(|(miss, is_here)| (miss.agreed, *is_here)).map(|(miss, _)| miss))
}

/// The rules that matched in some state, and the names that they bound there.
fn known(now: &Now) -> BTreeSet<String> {
    let bound = |state: &State| state.env.bindings().into_iter().map(|(name, _)| name.to_owned()).collect();
    let of = |state: &State| -> Vec<String> {
        let mut names: Vec<String> = bound(state);
        names.extend(state.matched.iter().cloned());
        names
    };
    now.states.iter().flat_map(of).collect()
}

fn obstacle(step: &RuleStep, now: &Now, (matched, dropped): (&BTreeSet<String>, &Dropped)) -> Obstacle {
    let (depends, path) = (step.depends.as_ref(), now.source.path());
    let runs = now.states.iter().filter(|s| depends.is_none_or(|d| holds(d, &s.matched, path)));
    let mut missing = None;
    for state in runs {
        let unbound = |(_, rule, theirs): &&(String, String, String)| {
            state.env.get(&format!("{rule}.{theirs}")).is_none()
        };
        missing = step.inherited.iter().find(unbound).map(|(_, rule, theirs)| {
            let name = format!("{rule}.{theirs}");
            match dropped.get(&name).or_else(|| dropped.get(rule)) {
                Some(script) => Obstacle::Dropped(script.clone(), rule.clone()),
                None if matched.contains(rule) => Obstacle::Unbound(name),
                None => Obstacle::Inherits(rule.clone()),
            }
        });
    }
    missing.unwrap_or_else(|| {
        let matched = now.states.first().map(|state| &state.matched);
        let unmet =
            depends.zip(matched).map_or_else(Vec::new, |(d, matched)| unmet(d, (matched, path), true));
        let script = unmet.iter().find_map(|one| match one {
            Unmet::Lacks(rule) => Some(Obstacle::Dropped(dropped.get(rule)?.clone(), rule.clone())),
            _ => None,
        });
        script.unwrap_or(Obstacle::Depends(unmet))
    })
}

/// The parts of a dependency that are not as they have to be for it to be `wanted`.
fn unmet(depends: &Depends, (matched, path): (&BTreeSet<String>, &str), wanted: bool) -> Vec<Unmet> {
    if holds(depends, matched, path) == wanted {
        return Vec::new();
    }
    let of = |part: &Depends| unmet(part, (matched, path), wanted);
    match depends {
        Depends::And(a, b) | Depends::Or(a, b) => [of(a), of(b)].concat(),
        Depends::Not(part) => unmet(part, (matched, path), !wanted),
        Depends::Rule(name) | Depends::Ever(name) if wanted => vec![Unmet::Lacks(name.clone())],
        Depends::Never(name) if !wanted => vec![Unmet::Lacks(name.clone())],
        Depends::Rule(name) | Depends::Ever(name) | Depends::Never(name) => vec![Unmet::Has(name.clone())],
        Depends::FileIn(place) if wanted => vec![Unmet::Outside(place.clone())],
        Depends::FileIn(place) => vec![Unmet::Inside(place.clone())],
    }
}

/// The line of `new` that a line of `old` has become: lines at the front and at the end are counted, others are found by
/// their text.
fn follow(old: &str, new: &str, line: usize) -> usize {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let front = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let back = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    if line <= front {
        return line;
    }
    if line > old.len() - back.min(old.len()) {
        return (line + new.len()).saturating_sub(old.len());
    }
    let text = old.get(line - 1).copied().unwrap_or_default();
    let same = (1..=new.len()).filter(|at| new[at - 1] == text);
    same.min_by_key(|at| at.abs_diff(line)).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::apply::{ApplyOptions, prepare};
    use crate::smpl;

    fn accounts(rules: &str, code: &str, line: usize) -> Vec<Account> {
        let (file, errors) = smpl::parse(&SourceFile::new("r.cocci", rules));
        assert!(errors.is_empty(), "{errors:?}");
        let options = ApplyOptions::default();
        let program = prepare(&file, &options).unwrap();
        let (runner, _) = Runner::new(&program, &options).unwrap();
        runner.explain(&SourceFile::new("c.c", code), line)
    }

    #[test]
    fn a_rule_that_matches_says_so_and_the_line_is_followed() {
        let rules = "@a@\n@@\n- one();\n+ zero();\n+ one();\n@b@\n@@\n- two();\n";
        let all = accounts(rules, "void f(void)\n{\n\tone();\n\ttwo();\n\tthree();\n}\n", 4);
        assert!(matches!(all[0].said, Said::Misses(_)));
        assert!(matches!(all[1].said, Said::Matches(span) if all[1].source.slice(span) == "two"));
    }

    #[test]
    fn a_rule_that_is_not_tried_says_what_it_lacks() {
        let rules = "@a@\nexpression E;\n@@\n  one(E);\n@b@\nexpression a.E;\n@@\n- two(E);\n";
        let all = accounts(rules, "void f(void)\n{\n\ttwo(1);\n}\n", 3);
        let Said::NotTried(why, Some(near)) = &all[1].said else { panic!("{:?}", all[1].said) };
        assert_eq!((why, near.agreed > 2), (&Obstacle::Inherits("a".to_owned()), true));
    }

    #[test]
    fn a_metavariable_without_a_value_is_named() {
        let rules = "@a@\nexpression E, F, X;\n@@\n  one(E);\n  <... X = F; ...>\n@b@\nexpression a.F;\n@@\n- three(F);\n";
        let all = accounts(rules, "void f(void)\n{\n\tone(1);\n\tthree(1);\n}\n", 4);
        let Said::NotTried(why, _) = &all[1].said else { panic!("{:?}", all[1].said) };
        assert_eq!(why, &Obstacle::Unbound("a.F".to_owned()));
    }

    #[test]
    fn lines_are_followed_from_both_ends() {
        assert_eq!(follow("a\nb\nc\n", "a\nx\nb\nc\n", 1), 1);
        assert_eq!(follow("a\nb\nc\n", "a\nx\nb\nc\n", 3), 4);
        assert_eq!(follow("a\nb\nc\nd\ne\n", "a\nx\ny\nc\nd2\ne\n", 3), 4);
    }
}
