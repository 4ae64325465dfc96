//! A plain walk's rule, understood.
//!
//! In: the walk rules of one folder that have a `next:` or a `fill:` clause. Out: [`PlainSpec`]s. It refuses
//! clauses that a plain walk does not have, patterns that do not parse, and walks that lack a part, each
//! with its place.

use crate::diagnostic::Diagnostic;
use crate::smpl::pattern::Pattern;
use crate::smpl::{Clause, RuleFile, WalkRule};
use crate::source::{SourceFile, Span};
use crate::walk::spec::{Introduction, introduction, paragraphs, split_name};
use std::collections::BTreeMap;

/// How elements come.
#[derive(Clone, Debug)]
pub enum Step {
    /// A call gives the next one.
    Next(Pattern),
    /// A call fills an array.
    Fill {
        /// The call; it tells how many there are.
        call: Pattern,
        /// Other ways to ask how many there are.
        count: Vec<Pattern>,
        /// An element of the array, over `batch` and `i`.
        element: Pattern,
    },
}

impl Step {
    /// Whether the callback can end the walk, by returning something else than 0: a `break` in a batch only ends the batch.
    pub fn can_stop(&self) -> bool {
        matches!(self, Self::Next(_))
    }

    /// The call that a site is about.
    pub fn call(&self) -> &Pattern {
        match self {
            Self::Next(call) | Self::Fill { call, .. } => call,
        }
    }
}

/// How a walk begins.
#[derive(Clone, Debug)]
pub struct Begin {
    /// The call.
    pub pattern: Pattern,
    /// Elements that the walk leaves out, over `x`; the callback has to leave them out itself.
    pub skips: Option<String>,
}

/// The callback's prototype.
#[derive(Clone, Debug)]
pub struct PlainPrototype {
    /// What stands before the name.
    pub returns: String,
    /// The element's type as it stands before its name, and the rule's name for it.
    pub element: (String, String),
    /// The declaration of the last parameter, and its name.
    pub data: (String, String),
}

/// One plain walk.
#[derive(Clone, Debug)]
pub struct PlainSpec {
    /// The rule's name.
    pub name: String,
    /// The rule file.
    pub source: SourceFile,
    /// Names that the tree must declare.
    pub declares: Vec<String>,
    /// Names that the tree must not declare.
    pub lacks: Vec<String>,
    /// How elements come.
    pub step: Step,
    /// The function that the step calls.
    pub callee: String,
    /// How the walk begins; nothing has to be said if there is nothing.
    pub begin: Vec<Begin>,
    /// How it ends.
    pub end: Vec<Pattern>,
    /// What is done with a batch when its elements were seen.
    pub release_all: Vec<Pattern>,
    /// Calls that the helper makes for each batch as well.
    pub per_batch: Vec<Pattern>,
    /// Conditions under which the helper goes on.
    pub go_on: Vec<Pattern>,
    /// Conditions under which the helper stops.
    pub stop: Vec<Pattern>,
    /// The helper's name and arguments; `f` and `data` are the callback and what it gets.
    pub helper: (String, Vec<String>),
    /// The prototype of `f`.
    pub callback: PlainPrototype,
    /// What a callback's name ends in.
    pub suffix: String,
    /// How the helper comes into the tree.
    pub introductions: Vec<Introduction>,
    /// The paragraphs of the message of the patch that introduces the helper.
    pub introduce_message: Vec<String>,
    /// The paragraphs of each conversion's message.
    pub message: Vec<String>,
}

/// Whether a walk rule is one of a plain walk.
pub fn is_plain(walk: &WalkRule) -> bool {
    walk.clauses.iter().any(|c| matches!(c.keyword.as_str(), "next" | "fill"))
}

/// Understand every plain walk of `files`. `snippet` reads a file that stands beside the rule files.
pub fn specs(
    files: &[RuleFile],
    snippet: &dyn Fn(&str) -> Option<String>,
) -> (Vec<PlainSpec>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let mut out = Vec::new();
    for (file, walk) in files.iter().flat_map(|f| f.walks().map(move |w| (f, w))).filter(|(_, w)| is_plain(w))
    {
        let mut reader = Reader { file, walk, snippet, diagnostics: Vec::new() };
        out.extend(reader.read());
        diagnostics.append(&mut reader.diagnostics);
    }
    (out, diagnostics)
}

struct Reader<'r> {
    file: &'r RuleFile,
    walk: &'r WalkRule,
    snippet: &'r dyn Fn(&str) -> Option<String>,
    diagnostics: Vec<Diagnostic>,
}

/// The clauses that have a pattern, by their keyword and words.
type Patterns = BTreeMap<&'static str, Vec<(Pattern, String)>>;

const PATTERNS: [&str; 10] =
    ["next", "fill", "count", "element", "begin", "end", "release all", "per batch", "go on", "stop"];

impl<'r> Reader<'r> {
    fn read(&mut self) -> Option<PlainSpec> {
        let mut patterns = Patterns::new();
        let mut texts: BTreeMap<&str, Vec<&'r Clause>> = BTreeMap::new();
        if self.walk.header.extends.is_some() {
            self.complain(self.walk.header.span, "a plain walk extends nothing");
        }
        for clause in &self.walk.clauses {
            let name = named(clause);
            if let Some(key) = PATTERNS.iter().find(|k| **k == name) {
                let read = self.pattern(clause);
                patterns.entry(key).or_default().extend(read);
                continue;
            }
            const WORDS: [&str; 8] = [
                "tree declares",
                "tree lacks",
                "helper",
                "callback",
                "suffix",
                "introduce",
                "introduce message",
                "message",
            ];
            match WORDS.iter().find(|k| **k == name) {
                Some(key) => texts.entry(key).or_default().push(clause),
                None => self.diagnostics.push(
                    Diagnostic::error("rule-clause", format!("a plain walk has no clause `{name}:`"))
                        .at(&self.file.source, clause.keyword_span, "not known")
                        .help("rules/README.md lists the clauses of a plain walk"),
                ),
            }
        }
        self.finish(patterns, &texts)
    }

    fn finish(
        &mut self,
        mut patterns: Patterns,
        texts: &BTreeMap<&str, Vec<&'r Clause>>,
    ) -> Option<PlainSpec> {
        let mut take = |key: &str| patterns.remove(key).unwrap_or_default();
        let only = |all: Vec<(Pattern, String)>| all.into_iter().map(|(p, _)| p).collect::<Vec<_>>();
        let (next, fill, element) = (take("next"), take("fill"), take("element"));
        let callee = next.iter().chain(&fill).next().map(|(_, text)| head(text).to_owned());
        let count = only(take("count"));
        let step = match (only(next).pop(), only(fill).pop(), only(element).pop()) {
            (Some(call), None, None) => Some(Step::Next(call)),
            (None, Some(call), Some(element)) => Some(Step::Fill { call, count, element }),
            _ => None,
        };
        let begin = take("begin").into_iter().map(|(pattern, text)| {
            let skips = text.split_once("=>").map(|(_, skips)| skips.trim().to_owned());
            Begin { pattern, skips }
        });
        let begin = begin.collect();
        let (end, release_all, per_batch) =
            (only(take("end")), only(take("release all")), only(take("per batch")));
        let (go_on, stop) = (only(take("go on")), only(take("stop")));
        let words = |key: &str| -> Vec<String> {
            let text = texts.get(key).into_iter().flatten().map(|c| c.text.as_str());
            text.flat_map(|t| t.split([' ', ',', '\n', '\t']))
                .filter(|w| !w.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let prose = |key: &str| {
            let text = texts.get(key).and_then(|c| c.last()).map(|c| self.file.source.slice(c.text_span));
            paragraphs(text.unwrap_or_default())
        };
        let (message, introduce_message) = (prose("message"), prose("introduce message"));
        let last = |key: &str| texts.get(key).and_then(|c| c.last()).copied();
        let helper = last("helper").and_then(|c| call(&c.text));
        let callback = last("callback").and_then(|c| prototype(&c.text));
        let missing = [
            (step.is_none(), "`next:`, or `fill:` and `element:`,"),
            (helper.is_none(), "`helper:`"),
            (callback.is_none(), "`callback:`"),
        ];
        for (_, what) in missing.iter().filter(|(missing, _)| *missing) {
            let name = self.walk.header.name.clone().unwrap_or_default();
            self.complain(self.walk.header.span, &format!("walk `{name}` has no usable {what}"));
        }
        let introductions = texts.get("introduce").into_iter().flatten();
        let introductions: Vec<Introduction> = introductions
            .filter_map(|c| {
                introduction(&self.file.source, c, self.snippet).map_err(|d| self.diagnostics.push(*d)).ok()
            })
            .collect();
        let step = step?;
        Some(PlainSpec {
            name: self.walk.header.name.clone().unwrap_or_default(),
            source: self.file.source.clone(),
            declares: words("tree declares"),
            lacks: words("tree lacks"),
            step,
            callee: callee?,
            begin,
            end,
            release_all,
            per_batch,
            go_on,
            stop,
            helper: helper?,
            callback: callback?,
            suffix: words("suffix").pop().unwrap_or_else(|| "one".to_owned()),
            introductions,
            introduce_message,
            message,
        })
    }

    /// The pattern of a clause, and its text; what stands behind `=>` is no part of it.
    fn pattern(&mut self, clause: &'r Clause) -> Option<(Pattern, String)> {
        let length = clause.text.find("=>").unwrap_or(clause.text.len());
        let start = clause.text_span.start as usize;
        let span = Span::new(start, start + length);
        match Pattern::expression(&self.file.source, span, &self.walk.metavariables) {
            Ok(pattern) => Some((pattern, clause.text.clone())),
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                None
            }
        }
    }

    fn complain(&mut self, span: Span, what: &str) {
        self.diagnostics.push(
            Diagnostic::error("rule-incomplete", what)
                .at(&self.file.source, span, "this walk")
                .help("rules/README.md lists what a plain walk must say"),
        );
    }
}

/// A clause's keyword with its words.
fn named(clause: &Clause) -> String {
    let words = clause.words.iter().map(String::as_str);
    std::iter::once(clause.keyword.as_str()).chain(words).collect::<Vec<_>>().join(" ")
}

/// What a call's text calls.
fn head(text: &str) -> &str {
    text.split('(').next().unwrap_or(text).trim()
}

/// A call's name and arguments.
fn call(text: &str) -> Option<(String, Vec<String>)> {
    let (name, rest) = text.trim().split_once('(')?;
    let inside = rest.trim_end().strip_suffix(')')?;
    let arguments = inside.split(',').map(|a| a.trim().to_owned()).collect();
    Some((name.trim().to_owned(), arguments))
}

/// `int f(struct thing *thing, void *data)`
fn prototype(text: &str) -> Option<PlainPrototype> {
    let (head, rest) = text.trim().split_once('(')?;
    let parameters: Vec<&str> = rest.trim_end().strip_suffix(')')?.split(',').map(str::trim).collect();
    let (returns, _) = split_name(head);
    let [element, data] = <[&str; 2]>::try_from(parameters).ok()?;
    let (_, data_name) = split_name(data);
    Some(PlainPrototype {
        returns: returns.trim().to_owned(),
        element: split_name(element),
        data: (data.to_owned(), data_name),
    })
}
