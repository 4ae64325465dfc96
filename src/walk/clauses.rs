//! The clauses of a walk rule, read one by one.
//!
//! In: clauses with the metavariables that they were written under. Out: a [`Draft`], and from it a
//! [`WalkSpec`] if nothing is missing. It refuses clauses that it does not know and patterns that do not
//! parse.

use super::eval::number;
use super::model::Model;
use super::spec::{
    Acquire, BatchStorage, Introduction, Prototype, Same, WalkSpec, introduction, paragraphs, split_name,
};
use crate::diagnostic::Diagnostic;
use crate::smpl::pattern::Pattern;
use crate::smpl::{Clause, Metavariable, RuleFile, WalkRule};
use crate::source::Span;
use std::collections::BTreeMap;

/// A clause with the file and the metavariables that it was written under.
pub(super) struct Part<'r> {
    pub(super) file: &'r RuleFile,
    pub(super) metavariables: &'r [Metavariable],
    pub(super) clause: &'r Clause,
}

#[derive(Default)]
pub(super) struct Draft {
    declares: Vec<String>,
    lacks: Vec<String>,
    acquires: Vec<Acquire>,
    position: Option<Pattern>,
    rewind: Vec<Pattern>,
    advance: Vec<Pattern>,
    release: Vec<Pattern>,
    release_all: Vec<Pattern>,
    allocate: Vec<Pattern>,
    free: Vec<Pattern>,
    other_release: Vec<Pattern>,
    unit: Option<Pattern>,
    unit_at_most: Option<i64>,
    unit_mostly: Option<i64>,
    same: Vec<Same>,
    negative: Vec<Pattern>,
    failed: Vec<Pattern>,
    pure: Vec<String>,
    accounting: Vec<String>,
    batched: Vec<String>,
    locks: Vec<String>,
    errors: Vec<String>,
    other_acquires: Vec<String>,
    beside: Vec<String>,
    helper: Option<Pattern>,
    helper_name: String,
    callback: Option<Prototype>,
    fills: Vec<Same>,
    halt: Option<String>,
    suffix: String,
    batch: String,
    introductions: Vec<Introduction>,
    introduce_message: Vec<String>,
    message: Vec<String>,
    notes: BTreeMap<String, String>,
    model: Model,
}

pub(super) struct Reader<'r> {
    pub(super) snippet: &'r dyn Fn(&str) -> Option<String>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    pub(super) fn read(&mut self, parts: &[Part<'_>]) -> Draft {
        let mut draft = Draft::default();
        for part in parts {
            if self.read_pattern(part, &mut draft) || self.read_words(part, &mut draft) {
                continue;
            }
            let name = std::iter::once(part.clause.keyword.as_str())
                .chain(part.clause.words.iter().map(String::as_str))
                .collect::<Vec<_>>()
                .join(" ");
            self.diagnostics.push(
                Diagnostic::error("rule-clause", format!("a walk has no clause `{name}:`"))
                    .at(&part.file.source, part.clause.keyword_span, "not known")
                    .help("rules/README.md lists the clauses of a walk"),
            );
        }
        draft
    }

    /// Clauses whose text is a pattern. Whether the clause was one of them.
    fn read_pattern(&mut self, part: &Part<'_>, draft: &mut Draft) -> bool {
        let words: Vec<&str> = part.clause.words.iter().map(String::as_str).collect();
        match (part.clause.keyword.as_str(), words.as_slice()) {
            ("acquire", storage) => {
                let storage = match storage {
                    [] => BatchStorage::Given,
                    ["allocated"] => BatchStorage::Allocated,
                    ["one"] => BatchStorage::One,
                    _ => return false,
                };
                let acquire = self.acquire(part, storage);
                draft.acquires.extend(acquire);
            }
            ("same", []) => {
                let same = self.same(part);
                draft.same.extend(same);
            }
            ("each", []) => {
                let fill = self.same(part);
                draft.fills.extend(fill);
            }
            ("position", []) => draft.position = self.pattern(part, part.clause.text_span),
            ("unit", []) => draft.unit = self.pattern(part, part.clause.text_span),
            ("helper", []) => {
                draft.helper = self.pattern(part, part.clause.text_span);
                let text = part.clause.text.trim();
                draft.helper_name = text.split('(').next().unwrap_or(text).trim().to_owned();
            }
            ("rewind", []) => draft.rewind.extend(self.pattern(part, part.clause.text_span)),
            ("advance", []) => draft.advance.extend(self.pattern(part, part.clause.text_span)),
            ("release", []) => draft.release.extend(self.pattern(part, part.clause.text_span)),
            ("release", ["all"]) => draft.release_all.extend(self.pattern(part, part.clause.text_span)),
            ("other", ["release"]) => draft.other_release.extend(self.pattern(part, part.clause.text_span)),
            ("allocate", []) => draft.allocate.extend(self.pattern(part, part.clause.text_span)),
            ("free", []) => draft.free.extend(self.pattern(part, part.clause.text_span)),
            ("negative", []) => draft.negative.extend(self.pattern(part, part.clause.text_span)),
            ("failed", []) => draft.failed.extend(self.pattern(part, part.clause.text_span)),
            _ => return false,
        }
        true
    }

    /// Clauses whose text is words or prose. Whether the clause was one of them.
    fn read_words(&mut self, part: &Part<'_>, draft: &mut Draft) -> bool {
        let words: Vec<&str> = part.clause.words.iter().map(String::as_str).collect();
        let text = part.clause.text.trim();
        let names = || text.split([' ', ',', '\n', '\t']).filter(|w| !w.is_empty()).map(str::to_owned);
        match (part.clause.keyword.as_str(), words.as_slice()) {
            ("tree", ["declares"]) => draft.declares.extend(names()),
            ("tree", ["lacks"]) => draft.lacks.extend(names()),
            ("pure", []) => draft.pure.extend(names()),
            ("accounting", []) => draft.accounting.extend(names()),
            ("batched", []) => draft.batched.extend(names()),
            ("other", ["acquire"]) => draft.other_acquires.extend(names()),
            ("other", ["acquire", "beside"]) => draft.beside.extend(names()),
            ("errors", []) => draft.errors.extend(names()),
            ("lock", []) => draft.locks.extend(names()),
            ("halt", []) => draft.halt = Some(text.to_owned()),
            ("unit", ["at", "most"]) => draft.unit_at_most = number(text),
            ("unit", ["mostly", "at", "most"]) => draft.unit_mostly = number(text),
            ("suffix", []) => draft.suffix = text.to_owned(),
            ("batch", []) => draft.batch = text.to_owned(),
            ("element", []) => {}
            ("callback", []) => draft.callback = self.prototype(part),
            ("introduce", []) => match introduction(&part.file.source, part.clause, self.snippet) {
                Ok(introduction) => draft.introductions.push(introduction),
                Err(diagnostic) => self.diagnostics.push(*diagnostic),
            },
            ("introduce", ["message"]) => draft.introduce_message = paragraphs(raw(part)),
            ("message", []) => draft.message = paragraphs(raw(part)),
            ("model", []) => {
                for name in names() {
                    match (self.snippet)(&name) {
                        Some(text) => {
                            let short = name.rsplit('/').next().unwrap_or(&name);
                            draft.model.files.push((short.to_owned(), text));
                        }
                        None => self.diagnostics.push(
                            Diagnostic::error(
                                "rule-model",
                                format!("there is no file {name} below the rule"),
                            )
                            .at(&part.file.source, part.clause.text_span, "here"),
                        ),
                    }
                }
            }
            ("model", ["define"]) => draft.model.defines.extend(names()),
            ("model", ["errors"]) => draft.model.errors.extend(names()),
            ("model", ["unread"]) => draft.model.unread.extend(names()),
            ("model", ["quiet"]) => draft.model.quiet.extend(names()),
            ("model", ["differs", note]) => {
                draft.model.differs.insert((*note).to_owned(), text.to_owned());
            }
            ("note", [name]) => {
                draft.notes.insert((*name).to_owned(), paragraphs(raw(part)).join(" "));
            }
            _ => return false,
        }
        true
    }

    fn pattern(&mut self, part: &Part<'_>, span: Span) -> Option<Pattern> {
        match Pattern::expression(&part.file.source, span, part.metavariables) {
            Ok(pattern) => Some(pattern),
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                None
            }
        }
    }

    /// `got = f(…)`: the left side names what the call gets, the right side is the pattern.
    fn acquire(&mut self, part: &Part<'_>, storage: BatchStorage) -> Option<Acquire> {
        let span = part.clause.text_span;
        let Some((left, right)) = part.clause.text.split_once('=').filter(|(left, _)| left.trim() == "got")
        else {
            self.diagnostics.push(
                Diagnostic::error("rule-clause", "an acquisition is written `got = f(…)`").at(
                    &part.file.source,
                    span,
                    "expected `got = `",
                ),
            );
            return None;
        };
        let pattern =
            self.pattern(part, Span::new(span.start as usize + left.len() + 1, span.end as usize))?;
        let callee = right.split('(').next().unwrap_or_default().trim().to_owned();
        Some(Acquire { pattern, callee, storage })
    }

    fn same(&mut self, part: &Part<'_>) -> Option<Same> {
        let span = part.clause.text_span;
        let Some(arrow) = part.clause.text.find("=>") else {
            self.diagnostics.push(Diagnostic::error("rule-clause", "`same:` has no `=>`").at(
                &part.file.source,
                span,
                "expected `pattern => meaning`",
            ));
            return None;
        };
        let at = span.start as usize + arrow;
        let pattern = self.pattern(part, Span::new(span.start as usize, at))?;
        let meaning = self.pattern(part, Span::new(at + 2, span.end as usize))?;
        Some(Same { pattern, meaning })
    }

    /// `int f(struct thing *thing, size_t offset, size_t size, void *data)`
    fn prototype(&mut self, part: &Part<'_>) -> Option<Prototype> {
        let text = part.clause.text.trim();
        let parsed = text.split_once('(').and_then(|(head, rest)| {
            let parameters: Vec<(String, String)> =
                rest.trim_end_matches(')').split(',').map(split_name).collect();
            let (returns, _) = split_name(head);
            let [element, offset, size, data] = <[_; 4]>::try_from(parameters).ok()?;
            let (element_type, element_name) = element;
            Some(Prototype { returns, element: format!("{element_type}@"), element_name, offset, size, data })
        });
        if parsed.is_none() {
            self.diagnostics.push(
                Diagnostic::error("rule-clause", "the callback is not a function of four parameters").at(
                    &part.file.source,
                    part.clause.text_span,
                    "expected `int f(ELEMENT, OFFSET, SIZE, DATA)`",
                ),
            );
        }
        parsed
    }

    pub(super) fn finish(
        &self,
        file: &RuleFile,
        walk: &WalkRule,
        draft: Draft,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<WalkSpec> {
        let name = walk.header.name.clone().unwrap_or_default();
        let mut missing = |clause: &str| {
            diagnostics.push(
                Diagnostic::error("rule-incomplete", format!("walk `{name}` has no usable `{clause}:`"))
                    .at(&file.source, walk.header.span, "this walk")
                    .help("rules/README.md lists what a walk must say"),
            );
        };
        if draft.unit.is_none() {
            missing("unit");
        }
        if draft.helper.is_none() {
            missing("helper");
        }
        if draft.callback.is_none() {
            missing("callback");
        }
        Some(WalkSpec {
            model: draft.model.finish(
                &draft.introductions,
                &[&draft.accounting, &draft.batched],
                &draft.pure,
            ),
            source: file.source.clone(),
            declares: draft.declares,
            lacks: draft.lacks,
            acquires: draft.acquires,
            position: draft.position,
            rewind: draft.rewind,
            advance: draft.advance,
            release: draft.release,
            release_all: draft.release_all,
            allocate: draft.allocate,
            free: draft.free,
            other_release: draft.other_release,
            unit: draft.unit?,
            unit_at_most: draft.unit_at_most,
            unit_mostly: draft.unit_mostly,
            same: draft.same,
            negative: draft.negative,
            failed: draft.failed,
            pure: draft.pure,
            accounting: draft.accounting,
            batched: draft.batched,
            locks: draft.locks,
            errors: draft.errors,
            other_acquires: draft.other_acquires,
            beside: draft.beside,
            helper: draft.helper?,
            helper_name: draft.helper_name,
            callback: draft.callback?,
            fills: draft.fills,
            halt: draft.halt,
            suffix: draft.suffix,
            batch: draft.batch,
            introductions: draft.introductions,
            introduce_message: draft.introduce_message,
            message: draft.message,
            notes: draft.notes,
            name,
        })
    }
}

/// The clause's text as written: prose may hold what looks like a comment.
fn raw<'r>(part: &Part<'r>) -> &'r str {
    part.file.source.slice(part.clause.text_span)
}
