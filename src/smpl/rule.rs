//! What a rule file says, item by item.
//!
//! In: nothing; these are the values that [`mod@super::parse`] produces. Bodies are kept as spans and tokens: C is read
//! later, by [`super::pattern`], with the metavariables at hand.

use super::include::Parts;
use super::metavariable::Metavariable;
use super::token::Token;
use crate::source::{SourceFile, Span};
use crate::syntax::macros::{MacroKnowledge, MacroRole};
use std::sync::Arc;

/// One rule file.
#[derive(Clone, Debug)]
pub struct RuleFile {
    /// The file itself.
    pub source: SourceFile,
    /// Its items, in order.
    pub items: Vec<Item>,
    /// What `#spatch` lines ask for.
    pub options: Vec<String>,
    /// Where its text comes from.
    pub parts: Parts,
}

impl RuleFile {
    /// The names that `virtual` lines declare.
    pub fn virtual_names(&self) -> impl Iterator<Item = &str> {
        self.items
            .iter()
            .filter_map(|i| if let Item::Virtual(v) = i { Some(v) } else { None })
            .flatten()
            .map(|s| s.as_str())
    }

    /// The rules the other way round: what they remove is added, and what they add is removed.
    #[must_use]
    pub fn reversed(mut self) -> Self {
        for item in &mut self.items {
            let Item::Rule(rule) = item else { continue };
            rule.tokens.iter_mut().for_each(|token| token.mark = token.mark.reversed());
        }
        self
    }

    /// The walk rules, in order.
    pub fn walks(&self) -> impl Iterator<Item = &WalkRule> {
        self.items.iter().filter_map(|i| if let Item::Walk(w) = i { Some(w) } else { None })
    }

    /// The files of isomorphisms that it asks for, by the names that it gives them.
    pub fn isomorphism_files(&self) -> Vec<&str> {
        let named = self.items.iter().flat_map(|item| match item {
            Item::Using(name, _) => std::slice::from_ref(name),
            Item::Rule(rule) => &rule.header.using,
            _ => &[],
        });
        named.map(String::as_str).collect()
    }

    /// What its rules declare names to be: macros that iterate or declare, and attributes.
    pub fn declared_names(&self) -> Vec<(&str, MacroRole)> {
        let all = self.rules().flat_map(|rule| &rule.metavariables);
        all.filter_map(|meta| Some((meta.name.as_str(), super::vocabulary::role_of(meta)?))).collect()
    }

    /// The ordinary rules, in order.
    pub fn rules(&self) -> impl Iterator<Item = &SmplRule> {
        self.items.iter().filter_map(|i| if let Item::Rule(r) = i { Some(r) } else { None })
    }
}

/// An item of a rule file.
#[derive(Clone, Debug)]
pub enum Item {
    /// `virtual a, b`
    Virtual(Vec<String>),
    /// `using "file"`
    Using(String, Span),
    /// A rule with C.
    Rule(SmplRule),
    /// A rule with a script.
    Script(ScriptRule),
    /// A walk rule.
    Walk(WalkRule),
}

/// The quantifier over paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// One path is enough.
    Exists,
    /// Every path has to match.
    Forall,
}

/// What a rule header asks its body to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BodyKind {
    /// Whatever it parses as.
    Any,
    /// An expression.
    Expression,
    /// An identifier.
    Identifier,
    /// A type.
    Type,
}

/// A rule header.
#[derive(Clone, Debug)]
pub struct Header {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The bytes from `@` to `@`.
    pub span: Span,
    /// The condition to run.
    pub depends: Option<Depends>,
    /// The rule it copies its metavariables from.
    pub extends: Option<String>,
    /// Isomorphisms it does without.
    pub disable: Vec<String>,
    /// Isomorphism files it adds.
    pub using: Vec<String>,
    /// An explicit quantifier.
    pub quantifier: Option<Quantifier>,
    /// What the body is.
    pub body: BodyKind,
}

/// A dependency between rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Depends {
    /// The rule matched in this environment, or the virtual rule was asked for.
    Rule(String),
    /// The rule matched at least once so far.
    Ever(String),
    /// The rule never matched so far.
    Never(String),
    /// The file is that one, or below that folder.
    FileIn(String),
    /// `!`
    Not(Box<Depends>),
    /// `&&`
    And(Box<Depends>, Box<Depends>),
    /// `||`
    Or(Box<Depends>, Box<Depends>),
}

/// A rule with C.
#[derive(Clone, Debug)]
pub struct SmplRule {
    /// Its header.
    pub header: Header,
    /// Its metavariables, in order.
    pub metavariables: Vec<Metavariable>,
    /// Its lines.
    pub body: Span,
    /// The tokens of its lines.
    pub tokens: Vec<Token>,
    /// What rules of the file declare names to be.
    pub names: Option<Arc<MacroKnowledge>>,
}

/// When a script runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScriptPhase {
    /// Once per environment.
    PerMatch,
    /// Once, before all files.
    Initialize,
    /// Once, after all files.
    Finalize,
}

/// A metavariable that a script reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptInput {
    /// Its name in the script.
    pub name: String,
    /// The rule it comes from.
    pub rule: String,
    /// Its name there.
    pub metavariable: String,
    /// What to use where it is not bound.
    pub default: Option<String>,
}

/// A rule with a script.
#[derive(Clone, Debug)]
pub struct ScriptRule {
    /// Its header.
    pub header: Header,
    /// The language, in lower case.
    pub language: String,
    /// When it runs.
    pub phase: ScriptPhase,
    /// What it reads.
    pub inputs: Vec<ScriptInput>,
    /// What it binds.
    pub outputs: Vec<String>,
    /// Its text.
    pub code: Span,
}

/// A walk rule: a description of a loop to turn into a callback, see `IDIOM.md`.
#[derive(Clone, Debug)]
pub struct WalkRule {
    /// Its header; a walk always has a name.
    pub header: Header,
    /// Its metavariables, in order.
    pub metavariables: Vec<Metavariable>,
    /// Its clauses, in order.
    pub clauses: Vec<Clause>,
}

/// One clause of a walk rule. Which keywords mean something is the walk module's to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// The first word.
    pub keyword: String,
    /// The other words before the colon.
    pub words: Vec<String>,
    /// The text after the colon, comments blanked: as long as [`Clause::text_span`].
    pub text: String,
    /// Where the text stands.
    pub text_span: Span,
    /// Where the keyword stands.
    pub keyword_span: Span,
}
