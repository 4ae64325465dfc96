//! A walk rule, understood: its clauses as patterns and facts.
//!
//! In: the rule files of one folder, parsed by [`crate::smpl`]. Out: [`WalkSpec`]s, one for each walk rule that
//! acquires something (a walk without `acquire:` is there to be extended). It refuses clauses that it does not know,
//! patterns that do not parse, and walks that lack a part, each with its place in the rule file.
//!
//! `rules/README.md` describes the clauses to those who write rules.

use super::model::Model;
use crate::diagnostic::Diagnostic;
use crate::smpl::pattern::Pattern;
use crate::smpl::{Clause, Metavariable, RuleFile, WalkRule};
use crate::source::{SourceFile, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How the array that an acquisition fills comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchStorage {
    /// The caller gives an array.
    Given,
    /// The acquisition allocates it and the caller frees it.
    Allocated,
    /// The caller gives the address of a single element.
    One,
}

/// One way to acquire a batch.
#[derive(Clone, Debug)]
pub struct Acquire {
    /// The call.
    pub pattern: Pattern,
    /// The function that it calls.
    pub callee: String,
    /// What becomes of the array.
    pub storage: BatchStorage,
}

/// An expression that means the same as another.
#[derive(Clone, Debug)]
pub struct Same {
    /// What is written.
    pub pattern: Pattern,
    /// What it means, over the same metavariables.
    pub meaning: Pattern,
}

/// The callback's prototype.
#[derive(Clone, Debug)]
pub struct Prototype {
    /// What stands before the name.
    pub returns: String,
    /// The declaration of the element with `@` for its name.
    pub element: String,
    /// The rule's own name for the element.
    pub element_name: String,
    /// The type of the offset and the rule's name for it.
    pub offset: (String, String),
    /// The type of the length and the rule's name for it.
    pub size: (String, String),
    /// The declaration of the last parameter.
    pub data: (String, String),
}

/// Text that introduces the helper, and where it goes.
#[derive(Clone, Debug)]
pub struct Introduction {
    /// The file of the tree.
    pub path: String,
    /// It goes behind the last of the first of these names that the file declares.
    pub anchors: Vec<String>,
    /// What to insert.
    pub text: String,
    /// The clause, for messages.
    pub span: Span,
}

/// One walk: everything that recognition and conversion need to know about it.
#[derive(Clone, Debug)]
pub struct WalkSpec {
    /// The rule's name.
    pub name: String,
    /// The rule file.
    pub source: SourceFile,
    /// Names that the tree must declare.
    pub declares: Vec<String>,
    /// Names that the tree must not declare.
    pub lacks: Vec<String>,
    /// How a batch is acquired.
    pub acquires: Vec<Acquire>,
    /// How much is left to walk.
    pub position: Option<Pattern>,
    /// Move back by `x`.
    pub rewind: Vec<Pattern>,
    /// Move forward by `x`, if acquiring does not do it.
    pub advance: Vec<Pattern>,
    /// Drop the reference to element `x`.
    pub release: Vec<Pattern>,
    /// Drop the references to the first `x` elements of `batch`.
    pub release_all: Vec<Pattern>,
    /// Allocate memory for an array.
    pub allocate: Vec<Pattern>,
    /// Free the allocated array `batch`.
    pub free: Vec<Pattern>,
    /// Releases that belong to another kind of reference.
    pub other_release: Vec<Pattern>,
    /// The size of an element.
    pub unit: Pattern,
    /// Expressions that mean the same as others.
    pub same: Vec<Same>,
    /// Expressions that are always below zero.
    pub negative: Vec<Pattern>,
    /// Conditions that are true of a failed value.
    pub failed: Vec<Pattern>,
    /// Functions and macros without an effect.
    pub pure: Vec<String>,
    /// Functions that only count something.
    pub accounting: Vec<String>,
    /// Functions whose work is put off to the end of a batch to spare something.
    pub batched: Vec<String>,
    /// Functions that acquire with another kind of reference.
    pub other_acquires: Vec<String>,
    /// The same, told of only in files that acquire in a known way as well.
    pub beside: Vec<String>,
    /// Errors that an acquisition may give.
    pub errors: Vec<String>,
    /// Functions that begin or end a section that must not be cut into pieces.
    pub locks: Vec<String>,
    /// The call that replaces the loop, over `iter`, `size`, `f` and `data`.
    pub helper: Pattern,
    /// The helper's name.
    pub helper_name: String,
    /// The prototype of `f`.
    pub callback: Prototype,
    /// Calls that give a field of `n` elements from `first` on a value, and the assignment for element `x`.
    pub fills: Vec<Same>,
    /// What a callback returns to stop in front of the piece without an error.
    pub halt: Option<String>,
    /// What a callback's name ends in.
    pub suffix: String,
    /// How many elements the helper acquires at a time, for messages.
    pub batch: String,
    /// How the helper comes into the tree.
    pub introductions: Vec<Introduction>,
    /// The paragraphs of the message of the patch that introduces the helper; the first is its subject's phrase.
    pub introduce_message: Vec<String>,
    /// The paragraphs of each conversion's message.
    pub message: Vec<String>,
    /// Notes by name.
    pub notes: BTreeMap<String, String>,
    /// What plays it, if the rule comes with a model.
    pub model: Option<Arc<Model>>,
}

impl WalkSpec {
    /// The words of which a file must hold one to hold a site.
    pub fn required_words(&self) -> Vec<&str> {
        let acquires = self.acquires.iter().map(|a| a.callee.as_str());
        acquires.chain(self.other_acquires.iter().map(String::as_str)).collect()
    }

    /// Whether a function acquires with another kind of reference.
    pub fn acquires_otherwise(&self, name: &str) -> bool {
        self.other_acquires.iter().chain(&self.beside).any(|n| n == name)
    }

    /// The name of the unit.
    pub fn unit_name(&self) -> &str {
        self.unit.single().map_or("", |node| self.unit.text_of(node))
    }
}

/// Understand every walk of `files`. `snippet` reads a file that stands beside the rule files.
pub fn specs(
    files: &[RuleFile],
    snippet: &dyn Fn(&str) -> Option<String>,
) -> (Vec<WalkSpec>, Vec<Diagnostic>) {
    let walks: BTreeMap<&str, (&RuleFile, &WalkRule)> = files
        .iter()
        .flat_map(|f| f.walks().map(move |w| (w.header.name.as_deref().unwrap_or_default(), (f, w))))
        .collect();
    let mut diagnostics = Vec::new();
    let mut out = Vec::new();
    let ours = |(_, walk): &(&RuleFile, &WalkRule)| !super::plain::spec::is_plain(walk);
    for (file, walk) in files.iter().flat_map(|f| f.walks().map(move |w| (f, w))).filter(ours) {
        let mut parts = Vec::new();
        gather(file, walk, &walks, 0, &mut parts, &mut diagnostics);
        let own_acquire = parts.iter().any(|p| p.clause.keyword == "acquire");
        let mut reader = Reader { snippet, diagnostics: Vec::new() };
        let draft = reader.read(&parts);
        // A walk that is there to be extended is still checked; only its missing parts are not missed.
        diagnostics.append(&mut reader.diagnostics);
        if own_acquire && let Some(spec) = reader.finish(file, walk, draft, &mut diagnostics) {
            out.push(spec);
        }
    }
    let mut seen: Vec<(String, String)> = Vec::new();
    diagnostics.retain(|d| {
        let key = (d.message.clone(), d.place().unwrap_or_default());
        !seen.contains(&key) && {
            seen.push(key);
            true
        }
    });
    (out, diagnostics)
}

/// A clause with the file and the metavariables that it was written under.
struct Part<'r> {
    file: &'r RuleFile,
    metavariables: &'r [Metavariable],
    clause: &'r Clause,
}

fn gather<'r>(
    file: &'r RuleFile,
    walk: &'r WalkRule,
    walks: &BTreeMap<&str, (&'r RuleFile, &'r WalkRule)>,
    depth: usize,
    parts: &mut Vec<Part<'r>>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if let Some(base) = &walk.header.extends {
        match walks.get(base.as_str()) {
            Some((base_file, base_walk)) if depth < 16 => {
                gather(base_file, base_walk, walks, depth + 1, parts, diagnostics);
            }
            _ => diagnostics.push(
                Diagnostic::error("rule-extends", format!("there is no walk `{base}` to extend"))
                    .at(&file.source, walk.header.span, "extended here")
                    .help("the walk must stand in the same folder, and not extend itself"),
            ),
        }
    }
    parts.extend(walk.clauses.iter().map(|clause| Part { file, metavariables: &walk.metavariables, clause }));
}

#[derive(Default)]
struct Draft {
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

struct Reader<'r> {
    snippet: &'r dyn Fn(&str) -> Option<String>,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn read(&mut self, parts: &[Part<'_>]) -> Draft {
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

    fn finish(
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
            model: draft.model.finish(&draft.introductions, &[&draft.accounting, &draft.batched]),
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

/// `PATH after NAME, NAME : SNIPPET`
pub(super) fn introduction(
    source: &SourceFile,
    clause: &Clause,
    snippet: &dyn Fn(&str) -> Option<String>,
) -> Result<Introduction, Box<Diagnostic>> {
    let span = clause.text_span;
    let fail = |what: String| {
        let help = "the form is `introduce: PATH after NAME, NAME : FILE`; FILE stands beside the rule";
        Box::new(Diagnostic::error("rule-introduce", what).at(source, span, "here").help(help))
    };
    let parsed = clause.text.split_once(" after ").and_then(|(path, rest)| {
        let (anchors, file) = rest.rsplit_once(':')?;
        Some((path.trim(), anchors, file.trim()))
    });
    let (path, anchors, file) = parsed.ok_or_else(|| fail("this does not say what goes where".to_owned()))?;
    let text = snippet(file).ok_or_else(|| fail(format!("cannot read `{file}` beside the rule")))?;
    let anchors = anchors.split(',').map(|a| a.trim().to_owned()).collect();
    Ok(Introduction { path: path.to_owned(), anchors, text, span })
}

/// The clause's text as written: prose may hold what looks like a comment.
fn raw<'r>(part: &Part<'r>) -> &'r str {
    part.file.source.slice(part.clause.text_span)
}

/// Paragraphs of prose, each on one line.
pub(super) fn paragraphs(text: &str) -> Vec<String> {
    text.split("\n\n")
        .map(|p| p.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|p| !p.is_empty())
        .collect()
}

/// A declaration split into what stands before the name (stars included) and the name.
pub(super) fn split_name(declaration: &str) -> (String, String) {
    let text = declaration.trim();
    let name_at = text.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |i| i + 1);
    (text[..name_at].to_owned(), text[name_at..].to_owned())
}
