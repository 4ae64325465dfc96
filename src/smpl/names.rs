//! Whether what rules name of each other is there.
//!
//! In: a rule file, and the names of rules that could not be read. Out: a complaint for each rule or metavariable that is
//! named and is not there, is there twice, or is of another kind. Nothing is said about rules that could not be read: they
//! may have what is missing.

use super::metavariable::{Constraint, FreshPart, MetaKind, Metavariable};
use super::nearest::nearest;
use super::rule::{Depends, Header, Item, RuleFile, ScriptPhase, ScriptRule, SmplRule};
use super::token::word_len;
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};
use std::collections::{HashMap, HashSet};

/// Rules that could not be read.
#[derive(Clone, Debug, Default)]
pub struct Unread {
    /// Their names.
    pub names: HashSet<String>,
    /// Whether there are some of which not even the name is known.
    pub nameless: bool,
}

/// What is wrong with the names of a rule file.
pub fn check(file: &RuleFile, unread: &Unread) -> Vec<Diagnostic> {
    let mut check = Check { file: &file.source, unread, known: HashMap::new(), told: Vec::new() };
    check.known.extend(file.virtual_names().map(|name| (name, Owned::Nothing)));
    for item in &file.items {
        let header = match item {
            Item::Rule(rule) => {
                check.rule(rule);
                check.metavariables(&rule.header, &rule.metavariables)
            }
            Item::Walk(walk) => check.metavariables(&walk.header, &walk.metavariables),
            Item::Script(script) => {
                check.script(script);
                (&script.header, Owned::Outputs(&script.outputs))
            }
            Item::Virtual(_) | Item::Using(..) => continue,
        };
        check.header(header);
    }
    check.told
}

/// What other rules may take of a rule.
enum Owned<'a> {
    /// It is a virtual one.
    Nothing,
    /// Metavariables and the names of lengths, which have no kind.
    Metavariables(HashMap<&'a str, Option<&'a MetaKind>>),
    /// What a script binds: of whatever kind is asked for.
    Outputs(&'a [String]),
}

impl Owned<'_> {
    fn names(&self) -> Vec<&str> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Metavariables(all) => all.keys().copied().collect(),
            Self::Outputs(all) => all.iter().map(String::as_str).collect(),
        }
    }
}

struct Check<'a> {
    file: &'a SourceFile,
    unread: &'a Unread,
    /// The rules so far.
    known: HashMap<&'a str, Owned<'a>>,
    told: Vec<Diagnostic>,
}

impl<'a> Check<'a> {
    fn tell(&mut self, span: Span, message: String, help: &str) {
        let told = Diagnostic::error("smpl-name", message).at(self.file, span, "here");
        self.told.push(if help.is_empty() { told } else { told.help(help) });
    }

    /// Make a rule known under its name.
    fn header(&mut self, (header, owned): (&'a Header, Owned<'a>)) {
        let names = header.depends.as_ref().map_or_else(Vec::new, rules_of);
        for name in names {
            self.rule_named(name, header.span);
        }
        let Some(name) = &header.name else { return };
        if self.known.contains_key(name.as_str()) {
            let span = word(self.file, header.span, name);
            self.tell(span, format!("there is another rule {name} above"), "names of rules are given once");
        }
        self.known.insert(name, owned);
    }

    /// Complain if no rule above has that name; `within` is where it is said.
    fn rule_named(&mut self, name: &str, within: Span) -> bool {
        let may_be = self.unread.nameless || self.unread.names.contains(name) || name == "virtual";
        if self.known.contains_key(name) || may_be {
            return !may_be;
        }
        let help = match nearest(name, self.known.keys().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "a rule can name those above it, and what `virtual` declares".to_owned(),
        };
        self.tell(word(self.file, within, name), format!("there is no rule {name} above"), &help);
        false
    }

    /// Complain if a rule above has no metavariable of that name and kind.
    fn metavariable(&mut self, rule: &str, name: &str, kind: Option<&MetaKind>, within: Span) {
        if !self.rule_named(rule, within) {
            return;
        }
        let Some(owned) = self.known.get(rule) else { return };
        let names = owned.names();
        if !names.contains(&name) {
            let help =
                nearest(name, names).map(|meant| format!("did you mean `{meant}`?")).unwrap_or_default();
            let message = format!("the rule {rule} has no metavariable {name}");
            return self.tell(word(self.file, within, name), message, &help);
        }
        if let (Owned::Metavariables(all), Some(kind)) = (owned, kind)
            && let Some(there) = all.get(name).copied().flatten().filter(|there| !is_kind_of(there, kind))
        {
            let message = format!("{name} is {} in the rule {rule}, and {} here", told(there), told(kind));
            self.tell(within, message, "an inherited metavariable is declared as it is there");
        }
    }

    fn rule(&mut self, rule: &'a SmplRule) {
        let header = &rule.header;
        if let Some(base) = &header.extends {
            self.rule_named(base, header.span);
        }
        let mut seen: HashMap<&str, &Metavariable> = HashMap::new();
        for meta in &rule.metavariables {
            let before = seen.insert(&meta.name, meta);
            if before.is_some_and(|other| other.inherited != meta.inherited || other.kind != meta.kind) {
                let message = format!("the metavariable {} is declared twice", meta.name);
                self.tell(meta.span, message, "");
            }
        }
    }

    /// Check what metavariables refer to; what the rule has for others.
    fn metavariables(&mut self, header: &'a Header, metas: &'a [Metavariable]) -> (&'a Header, Owned<'a>) {
        let mut owned = match header.extends.as_ref().and_then(|base| self.known.get(base.as_str())) {
            Some(Owned::Metavariables(all)) => all.clone(),
            _ => HashMap::new(),
        };
        for meta in metas {
            owned.insert(&meta.name, Some(&meta.kind));
            owned.extend(meta.numbers().map(|name| (name, None)));
        }
        for meta in metas {
            if let Some(rule) = &meta.inherited {
                self.metavariable(rule, &meta.name, Some(&meta.kind), meta.span);
            }
            for (rule, name) in meta.constraints.iter().flat_map(Constraint::named) {
                self.metavariable(rule, name, None, meta.span);
            }
            let MetaKind::FreshIdentifier(parts) = &meta.kind else { continue };
            for part in parts {
                let FreshPart::Metavariable(name) = part else { continue };
                match name.split_once('.') {
                    Some((rule, name)) => self.metavariable(rule, name, None, meta.span),
                    None if owned.contains_key(name.as_str()) => {}
                    None => {
                        let message = format!("{name} is no metavariable of this rule");
                        self.tell(
                            meta.span,
                            message,
                            "a fresh identifier is made of strings and metavariables",
                        );
                    }
                }
            }
        }
        (header, Owned::Metavariables(owned))
    }

    fn script(&mut self, script: &'a ScriptRule) {
        // The others read `virtual.x` and, at the end, what workers remember.
        if script.phase != ScriptPhase::PerMatch {
            return;
        }
        let within = Span { start: script.header.span.end, end: script.code.start };
        for input in script.inputs.iter().filter(|i| !i.metavariable.is_empty()) {
            self.metavariable(&input.rule, &input.metavariable, None, within);
        }
    }
}

/// Whether what is inherited may be declared so: a fresh identifier is an identifier to others.
fn is_kind_of(there: &MetaKind, here: &MetaKind) -> bool {
    let fresh = matches!((there, here), (MetaKind::FreshIdentifier(_), MetaKind::Identifier));
    fresh || std::mem::discriminant(there) == std::mem::discriminant(here)
}

/// A kind in words, as far as rules inherit it.
fn told(kind: &MetaKind) -> &'static str {
    match kind {
        MetaKind::Metavariable => "a metavariable of any kind",
        MetaKind::Type => "a type",
        MetaKind::Identifier => "an identifier",
        MetaKind::FreshIdentifier(_) => "a fresh identifier",
        MetaKind::Function => "a function",
        MetaKind::Expression => "an expression",
        MetaKind::Idexpression(_) => "an idexpression",
        MetaKind::Constant => "a constant",
        MetaKind::ExpressionList(_) => "an expression list",
        MetaKind::Statement => "a statement",
        MetaKind::StatementList(_) => "a statement list",
        MetaKind::Declaration => "a declaration",
        MetaKind::Field => "a field",
        MetaKind::FieldList(_) => "a field list",
        MetaKind::Parameter => "a parameter",
        MetaKind::ParameterList(_) => "a parameter list",
        MetaKind::Initializer => "an initialiser",
        MetaKind::InitializerList(_) => "an initialiser list",
        MetaKind::Position(_) => "a position",
        _ => "something else",
    }
}

/// The rules that a dependency names.
fn rules_of(depends: &Depends) -> Vec<&str> {
    match depends {
        Depends::Rule(name) | Depends::Ever(name) | Depends::Never(name) => vec![name],
        Depends::FileIn(_) => Vec::new(),
        Depends::Not(inner) => rules_of(inner),
        Depends::And(a, b) | Depends::Or(a, b) => rules_of(a).into_iter().chain(rules_of(b)).collect(),
    }
}

/// Where a word last stands within a span; all of the span if it does not.
fn word(file: &SourceFile, within: Span, wanted: &str) -> Span {
    let text = file.slice(within);
    let is_word = |at: usize| {
        word_len(&text[at..]) == wanted.len()
            && !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
    };
    let all = text.match_indices(wanted).map(|(at, _)| at).filter(|at| is_word(*at));
    let at = all.last().map(|at| within.start as usize + at);
    at.map_or(within, |at| Span::new(at, at + wanted.len()))
}
