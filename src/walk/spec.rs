//! A walk rule, understood: its clauses as patterns and facts.
//!
//! In: the rule files of one folder, parsed by [`crate::smpl`]. Out: [`WalkSpec`]s, one for each walk rule
//! that acquires something (a walk without `acquire:` is there to be extended). It refuses clauses that it
//! does not know, patterns that do not parse, and walks that lack a part, each with its place in the rule
//! file.
//!
//! `rules/README.md` describes the clauses to those who write rules.
//!
//! Capabilities (tests/README.md): 3, what functions do, as data and from their code; 20, attributes and the
//! exact prototype.

use super::clauses::{Part, Reader};
use super::model::Model;
use crate::diagnostic::Diagnostic;
use crate::smpl::pattern::Pattern;
use crate::smpl::{Clause, RuleFile, WalkRule};
use crate::source::{SourceFile, Span};
use crate::syntax::Field;
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
    /// What the unit is at most, wherever the code is compiled.
    pub unit_at_most: Option<i64>,
    /// The most that an element holds on all but a few machines.
    pub unit_mostly: Option<i64>,
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
    /// The same, told of only where a batch is walked: in a loop with another behind the call.
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
        let others = self.other_acquires.iter().chain(&self.beside);
        acquires.chain(others.map(String::as_str)).collect()
    }

    /// Whether a function acquires with another kind of reference.
    pub fn acquires_otherwise(&self, name: &str) -> bool {
        self.other_acquires.iter().chain(&self.beside).any(|n| n == name)
    }

    /// What is left of the walked object `iter`, spelled.
    pub fn position_of(&self, iter: &str) -> Option<String> {
        let pattern = self.position.as_ref()?;
        let call = pattern.single()?;
        let name = super::site::callee(call).unwrap_or_default();
        let given = |n| if pattern.text_of(n) == "iter" { iter } else { pattern.text_of(n) }.to_owned();
        let arguments: Vec<String> = call.child(Field::Arguments)?.named_children().map(given).collect();
        Some(format!("{name}({})", arguments.join(", ")))
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

#[cfg(test)]
mod tests {
    use super::{specs, split_name};
    use crate::smpl;
    use crate::source::SourceFile;
    use crate::walk::testing::spec;

    #[test]
    fn a_rule_says_what_functions_do() {
        let spec = spec();
        assert_eq!(spec.helper_name, "walk_each");
        assert_eq!(spec.callback.offset, ("size_t ".to_owned(), "offset".to_owned()));
        assert_eq!(spec.callback.element, "struct part *@");
        assert_eq!(spec.unit_at_most, Some(65536));
        assert_eq!(split_name("void *data"), ("void *".to_owned(), "data".to_owned()));
    }

    #[test]
    fn a_clause_that_nobody_knows_is_told() {
        let text = "@walk:x@\nexpression a;\n@@\n\nunit: A\nweight: a\n";
        let (rule, _) = smpl::parse(&SourceFile::new("x.cocci", text.as_bytes().to_vec()));
        let (_, told) = specs(&[rule], &|_| None);
        assert!(told.iter().any(|d| d.code == "rule-clause"), "{told:?}");
    }
}
