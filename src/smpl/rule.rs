//! What a rule file says, item by item.
//!
//! In: nothing; these are the values that [`mod@super::parse`] produces. Bodies are kept as spans and tokens: C is read
//! later, by [`super::pattern`], with the metavariables at hand.

use super::include::Parts;
use super::outline::OutlineRequest;
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

/// A metavariable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metavariable {
    /// Its name in this rule.
    pub name: String,
    /// Where it is declared.
    pub span: Span,
    /// What it stands for.
    pub kind: MetaKind,
    /// The types an expression may have; empty for any.
    pub types: Vec<TypeConstraint>,
    /// The rule it is inherited from.
    pub inherited: Option<String>,
    /// What it may be bound to.
    pub constraints: Vec<Constraint>,
}

/// The length of a list metavariable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListLength {
    /// Any.
    Any,
    /// That many.
    Exactly(usize),
    /// As many as the named metavariable says; it is bound to the length.
    Named(String),
    /// The same, and within one of the ranges.
    Within(String, Vec<(usize, usize)>),
}

/// Where an idexpression has to be declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdScope {
    /// Anywhere.
    Any,
    /// In the function.
    Local,
    /// Outside of functions.
    Global,
}

/// The part of an operator metavariable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperatorKind {
    /// `=`, `+=`, …
    Assignment,
    /// `+`, `&&`, …
    Binary,
    /// `!`, `-`, …
    Unary,
}

/// A part of a fresh identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FreshPart {
    /// These characters.
    Text(String),
    /// What the metavariable is bound to.
    Metavariable(String),
}

/// What a metavariable stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetaKind {
    /// Anything, by where it is used.
    Metavariable,
    /// A plain word that is no metavariable.
    Symbol,
    /// A type's name, literally.
    TypedefName,
    /// A type.
    Type,
    /// An identifier.
    Identifier,
    /// A list of identifiers (the parameters of a macro).
    IdentifierList,
    /// An identifier that the rule makes up.
    FreshIdentifier(Vec<FreshPart>),
    /// The name of a function.
    Function,
    /// An expression.
    Expression,
    /// An identifier used as an expression.
    Idexpression(IdScope),
    /// A constant.
    Constant,
    /// Some arguments.
    ExpressionList(ListLength),
    /// A statement.
    Statement,
    /// Some statements.
    StatementList(ListLength),
    /// A declaration.
    Declaration,
    /// A field of an aggregate.
    Field,
    /// Some fields.
    FieldList(ListLength),
    /// A parameter.
    Parameter,
    /// Some parameters.
    ParameterList(ListLength),
    /// An initialiser.
    Initializer,
    /// Some initialisers.
    InitializerList(ListLength),
    /// A macro that declares: a metavariable.
    Declarer,
    /// A macro that declares: a name, literally.
    DeclarerName,
    /// A macro that iterates: a metavariable.
    Iterator,
    /// A macro that iterates: a name, literally.
    IteratorName,
    /// An attribute.
    Attribute,
    /// An attribute's name, literally.
    AttributeName,
    /// A place.
    Position(PositionKind),
    /// The format of a conversion in a string.
    Format,
    /// Some formats and texts of a string.
    FormatList(ListLength),
    /// An operator.
    Operator(OperatorKind),
    /// The text of a pragma.
    Pragma,
    /// A function that statements become; its name in plus code.
    Outline(Box<OutlineRequest>),
    /// What the code around the statements hands to that function; its name.
    OutlineArgument(String),
}

impl MetaKind {
    /// The name that is bound to the length of a list.
    pub fn length_name(&self) -> Option<&str> {
        match self {
            Self::ExpressionList(length)
            | Self::StatementList(length)
            | Self::FieldList(length)
            | Self::ParameterList(length)
            | Self::InitializerList(length)
            | Self::FormatList(length) => match length {
                ListLength::Named(name) | ListLength::Within(name, _) => Some(name),
                ListLength::Any | ListLength::Exactly(_) => None,
            },
            _ => None,
        }
    }
}

/// How positions of equal bindings are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PositionKind {
    /// A position belongs to one match.
    Plain,
    /// `position any`: it also constrains itself.
    Any,
}

/// A type that a typed expression may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeConstraint {
    /// The type's words, without its stars; empty for a pointer to anything, or `struct`, `union`, `enum` alone.
    pub base: String,
    /// The rule whose type metavariable it is.
    pub rule: Option<String>,
    /// `const` or `volatile` in front, which the type has to have; a type metavariable does not take them along.
    pub qualifiers: Vec<String>,
    /// Number of stars after it.
    pub stars: usize,
    /// Number of array brackets: an array is no pointer here.
    pub arrays: usize,
    /// Where it stands.
    pub span: Span,
}

/// One of the values a constraint lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConstraintValue {
    /// These tokens.
    Text(String),
    /// What this metavariable is bound to, from this rule or another one.
    Metavariable(Option<String>, String),
}

/// What a metavariable may be bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// `= {a, b}`
    In(Vec<ConstraintValue>),
    /// `!= {a, b}`
    NotIn(Vec<ConstraintValue>),
    /// `=~ "regexp"`
    Matches(String),
    /// `!~ "regexp"`
    MatchesNot(String),
    /// `<= e`: a part of it, or itself.
    PartOf(Vec<ConstraintValue>),
    /// `>= e`, `< 3` and the like on constants.
    Compare(Comparison, i64),
    /// `: script:lang(args) { code }`
    Script {
        /// The language.
        language: String,
        /// What it reads.
        arguments: Vec<ConstraintValue>,
        /// Its text.
        code: Span,
    },
    /// `c1 && c2` among constraints.
    All(Vec<Constraint>),
    /// `c1 || c2`
    Any(Vec<Constraint>),
    /// `!c`
    Not(Box<Constraint>),
}

impl Constraint {
    /// Whether a script has to be asked.
    pub fn asks_script(&self) -> bool {
        !self.scripts().is_empty()
    }

    /// The rule's own metavariables that scripts in it read.
    pub fn script_arguments(&self) -> Vec<String> {
        match self {
            Self::Script { arguments, .. } => arguments
                .iter()
                .filter_map(|argument| match argument {
                    ConstraintValue::Text(name) | ConstraintValue::Metavariable(None, name) => {
                        Some(name.clone())
                    }
                    ConstraintValue::Metavariable(Some(_), _) => None,
                })
                .collect(),
            Self::All(all) | Self::Any(all) => all.iter().flat_map(Self::script_arguments).collect(),
            Self::Not(one) => one.script_arguments(),
            _ => Vec::new(),
        }
    }

    /// The metavariables of other rules that it mentions, each behind its rule.
    pub fn named(&self) -> Vec<(&str, &str)> {
        match self {
            Self::In(values) | Self::NotIn(values) | Self::PartOf(values) => named(values),
            Self::Script { arguments, .. } => named(arguments),
            Self::All(all) | Self::Any(all) => all.iter().flat_map(Self::named).collect(),
            Self::Not(one) => one.named(),
            Self::Matches(_) | Self::MatchesNot(_) | Self::Compare(..) => Vec::new(),
        }
    }

    /// The languages and places of the scripts in it.
    pub fn scripts(&self) -> Vec<(&str, Span)> {
        match self {
            Self::Script { language, code, .. } => vec![(language, *code)],
            Self::All(all) | Self::Any(all) => all.iter().flat_map(Self::scripts).collect(),
            Self::Not(one) => one.scripts(),
            _ => Vec::new(),
        }
    }
}

fn named(values: &[ConstraintValue]) -> Vec<(&str, &str)> {
    let one = |value| match value {
        &ConstraintValue::Metavariable(Some(ref rule), ref name) => Some((rule.as_str(), name.as_str())),
        _ => None,
    };
    values.iter().filter_map(one).collect()
}

/// An order between numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}
