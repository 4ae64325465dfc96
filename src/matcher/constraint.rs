//! Whether code may be bound to a metavariable: its kind and its constraints.
//!
//! In: a metavariable, a node or a binding, and the environment. Out: yes or no. A constraint that asks a script counts
//! as met: the script is asked when a match is complete, by `plan::apply`.

use super::binding::Binding;
use super::canonical::{alike, token};
use super::environment::Environment;
use crate::smpl::regexp;
use crate::smpl::{Comparison, Constraint, ConstraintValue, IdScope, MetaKind, Metavariable};
use crate::source::squeezed;
use crate::syntax::{Field, Kind, Node};
use regex::Regex;
use std::cell::RefCell;
use std::collections::HashMap;

/// Whether a node is of the kind that the metavariable stands for.
pub fn kind_fits(meta: &Metavariable, node: Node<'_>) -> bool {
    match &meta.kind {
        MetaKind::Expression | MetaKind::Initializer => {
            node.kind().is_expression()
                || (meta.kind == MetaKind::Initializer
                    && matches!(node.kind(), Kind::InitializerList | Kind::InitializerPair))
        }
        MetaKind::ExpressionList(_) => node.kind().is_expression() || node.is(Kind::TypeArgument),
        MetaKind::Idexpression(scope) => node.is(Kind::Identifier) && in_scope(*scope, node),
        MetaKind::Identifier | MetaKind::FreshIdentifier(_) | MetaKind::Function | MetaKind::Iterator => {
            is_name(node)
        }
        // Another call declares nothing.
        MetaKind::Declarer => {
            is_name(node) && node.ancestors().nth(1).is_some_and(|n| n.is(Kind::MacroDeclaration))
        }
        MetaKind::Constant => is_constant(node),
        MetaKind::Type => is_type(node),
        MetaKind::Statement => is_statement(node),
        MetaKind::Declaration => {
            matches!(node.kind(), Kind::Declaration | Kind::MacroDeclaration | Kind::TypeDefinition)
        }
        MetaKind::Field => node.is(Kind::FieldDeclaration),
        MetaKind::Parameter => matches!(node.kind(), Kind::ParameterDeclaration | Kind::VariadicParameter),
        MetaKind::Metavariable => {
            !matches!(node.kind(), Kind::Token | Kind::Comment | Kind::TypeArgument | Kind::Declaration)
        }
        _ => true,
    }
}

/// Whether it is a name.
pub fn is_name(node: Node<'_>) -> bool {
    use Kind::*;
    matches!(node.kind(), Identifier | FieldIdentifier | TypeIdentifier | StatementIdentifier)
}

/// Whether it is a type, or the name of one.
pub fn is_type(node: Node<'_>) -> bool {
    use Kind::*;
    matches!(
        node.kind(),
        TypeDescriptor
            | TypeArgument
            | TypeIdentifier
            | PrimitiveType
            | SizedTypeSpecifier
            | StructSpecifier
            | UnionSpecifier
            | EnumSpecifier
            | MacroTypeSpecifier
    ) || node.is(Identifier) && names_type(node)
}

/// Whether an identifier stands where a type may: in `sizeof`, or as an argument.
fn names_type(node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return false };
    parent.is(Kind::ArgumentList)
        || parent.is(Kind::ParenthesizedExpression)
            && parent.parent().is_some_and(|q| q.is(Kind::SizeofExpression))
}

/// Whether it is a statement that a statement metavariable may stand for.
pub fn is_statement(node: Node<'_>) -> bool {
    node.kind().is_statement()
        && !matches!(node.kind(), Kind::Declaration | Kind::MacroDeclaration | Kind::CaseStatement)
}

fn is_constant(node: Node<'_>) -> bool {
    match node.kind() {
        Kind::NumberLiteral | Kind::CharLiteral | Kind::StringLiteral | Kind::ConcatenatedString => true,
        Kind::True | Kind::False | Kind::Null | Kind::SizeofExpression => true,
        Kind::Identifier => is_constant_name(node.text()),
        Kind::UnaryExpression => {
            matches!(node.operator(), Some("-" | "+"))
                && node.child(Field::Argument).is_some_and(|n| n.is(Kind::NumberLiteral))
        }
        _ => false,
    }
}

/// Whether a name is spelled as constants are.
pub fn is_constant_name(name: &str) -> bool {
    name.chars().any(|c| c.is_ascii_uppercase()) && !name.chars().any(|c| c.is_ascii_lowercase())
}

fn in_scope(scope: IdScope, node: Node<'_>) -> bool {
    if scope == IdScope::Any {
        return true;
    }
    let Some(function) = node.ancestors().find(|n| n.is(Kind::FunctionDefinition)) else {
        return scope == IdScope::Global;
    };
    let within = |n: Node<'_>| n.span().start >= function.span().start;
    let is_static = |n: Node<'_>| {
        let declaration = n.ancestors().find(|a| a.is(Kind::Declaration));
        declaration
            .is_some_and(|d| d.children().any(|s| s.is(Kind::StorageClassSpecifier) && s.text() == "static"))
    };
    let declared = super::typing::local(node);
    let local = declared.is_some_and(|n| within(n) && !is_static(n))
        || declared.is_none() && super::typing::is_parameter_of_macro(node);
    local == (scope == IdScope::Local)
}

/// Whether a binding satisfies the metavariable's constraints; of those that ask scripts, what is known so far.
pub fn allowed(meta: &Metavariable, binding: &Binding, env: &Environment) -> bool {
    if env.refuses(&meta.name, &binding.key) {
        return false;
    }
    meta.constraints.iter().all(|c| c.asks_script() || satisfied(meta, c, binding, env))
}

/// Whether a binding of a metavariable satisfies a constraint.
pub fn satisfied(meta: &Metavariable, constraint: &Constraint, binding: &Binding, env: &Environment) -> bool {
    match constraint {
        Constraint::In(values) => values.iter().any(|v| equal(v, binding, env)),
        Constraint::NotIn(values) => !values.iter().any(|v| equal(v, binding, env)),
        Constraint::Matches(re) => has_text(meta, binding) && search(re, &binding.text),
        Constraint::MatchesNot(re) => !(has_text(meta, binding) && search(re, &binding.text)),
        Constraint::PartOf(values) => values.iter().any(|v| match value_key(v, env) {
            Some(key) => key.contains(alike(&binding.key)),
            None => false,
        }),
        Constraint::Compare(order, n) => {
            let Ok(value) = super::canonical::number(&binding.text).parse::<i64>() else { return false };
            match order {
                Comparison::Less => value < *n,
                Comparison::AtMost => value <= *n,
                Comparison::Greater => value > *n,
                Comparison::AtLeast => value >= *n,
            }
        }
        Constraint::Script { .. } => true,
        Constraint::All(all) => all.iter().all(|c| satisfied(meta, c, binding, env)),
        Constraint::Any(any) => any.iter().any(|c| satisfied(meta, c, binding, env)),
        Constraint::Not(c) => !satisfied(meta, c, binding, env),
    }
}

/// Whether regular expressions look at what a metavariable stands for: of expressions only names and constants have a
/// text that they match.
fn has_text(meta: &Metavariable, binding: &Binding) -> bool {
    let text = &*binding.text;
    let word = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    let first = text.trim_start_matches(['L', 'u', 'U', '8']).chars().next();
    let literal = matches!(first, Some('"' | '\''));
    !matches!(meta.kind, MetaKind::Expression | MetaKind::Initializer) || word || literal
}

fn equal(value: &ConstraintValue, binding: &Binding, env: &Environment) -> bool {
    let other = match value {
        ConstraintValue::Metavariable(Some(rule), name) => env.get(&format!("{rule}.{name}")),
        ConstraintValue::Metavariable(None, name) => env.get(name),
        ConstraintValue::Text(text) => env.get(text),
    };
    match (other, value) {
        (Some(other), _) if !binding.places.is_empty() => {
            other.places.iter().any(|p| binding.places.contains(p))
        }
        (Some(other), _) => alike(&other.key) == alike(&binding.key),
        (None, ConstraintValue::Text(text)) => {
            alike(&binding.key) == token(text) || squeezed(&binding.text) == squeezed(text)
        }
        (None, _) => false,
    }
}

fn value_key(value: &ConstraintValue, env: &Environment) -> Option<String> {
    let bound = match value {
        ConstraintValue::Metavariable(Some(rule), name) => env.get(&format!("{rule}.{name}")),
        ConstraintValue::Metavariable(None, name) | ConstraintValue::Text(name) => env.get(name),
    };
    bound.map(|b| alike(&b.key).to_owned())
}

thread_local! {
    static REGEXES: RefCell<HashMap<String, Option<Regex>>> = RefCell::new(HashMap::new());
}

fn search(pattern: &str, text: &str) -> bool {
    REGEXES.with_borrow_mut(|all| {
        let compiled = all.entry(pattern.to_string()).or_insert_with(|| regexp::compile(pattern).ok());
        compiled.as_ref().is_some_and(|re| re.is_match(text))
    })
}
