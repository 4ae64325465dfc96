//! Metavariables: what they stand for, and what they may stand for.
//!
//! In: nothing; these are the values that [`super::declare`] produces from the declarations of a rule. What a constraint
//! means for code is the matcher's business.

use super::outline::OutlineRequest;
use crate::source::Span;

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

impl Metavariable {
    /// The names that its declaration gives to numbers: the length of a list, the width of a bit field.
    pub fn numbers(&self) -> impl Iterator<Item = &str> {
        let widths = self.types.iter().filter_map(|one| one.bits.as_deref());
        let named = |width: &&str| !width.starts_with(|c: char| c.is_ascii_digit());
        self.kind.length_name().into_iter().chain(widths.filter(named))
    }
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
    /// Of a bit field its width: a number, or the name that stands for it.
    pub bits: Option<String>,
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
