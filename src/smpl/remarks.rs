//! What is odd about a rule and yet no mistake.
//!
//! In: a rule and what became of it. Out: warnings about metavariables that its code does not use, about names that may
//! have been meant as metavariables, and about marks that do not stand in column 0. Coccinelle runs such rules, and so
//! do we.

use super::compile::CompiledRule;
use super::metavariable::{FreshPart, MetaKind, Metavariable};
use super::pattern::{Leaf, Pattern, is_literal};
use super::rule::SmplRule;
use super::token::Mark;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{SourceFile, Span};
use crate::syntax::{Field, Kind, Node};

/// What a person should look at in a rule.
pub fn remarks(file: &SourceFile, rule: &SmplRule, compiled: &CompiledRule) -> Vec<Diagnostic> {
    let mut out: Vec<Diagnostic> =
        unused(rule, compiled).map(|meta| unused_told(file, rule, meta)).chain(marks(file, rule)).collect();
    let mut names: Vec<(String, Span)> = Vec::new();
    for (name, span) in undeclared(&compiled.pattern) {
        if !names.iter().any(|(known, _)| *known == name) {
            names.push((name, span));
        }
    }
    if let Some((first, _)) = names.first() {
        let help = format!("if that is meant, `symbol {first};` says so");
        let message = "names that are no metavariables: they match nothing else".to_owned();
        let told = warning("smpl-undeclared", message).help(help);
        out.push(
            names.iter().fold(told, |told, (name, span)| told.at(file, *span, format!("only `{name}`"))),
        );
    }
    out
}

fn warning(code: &str, message: String) -> Diagnostic {
    Diagnostic::new(Severity::Warning, code, message)
}

fn unused_told(file: &SourceFile, rule: &SmplRule, meta: &Metavariable) -> Diagnostic {
    let of = rule.header.name.as_ref().map_or(String::new(), |name| format!(" of the rule {name}"));
    let message = format!("the metavariable {}{of} is not used", meta.name);
    warning("smpl-unused", message).at(file, meta.span, "declared here")
}

/// The rule's own metavariables that neither its code nor another metavariable mentions.
fn unused<'a>(rule: &'a SmplRule, compiled: &'a CompiledRule) -> impl Iterator<Item = &'a Metavariable> {
    let mentioned = |name: &str| {
        rule.metavariables.iter().any(|other| {
            let seed = match &other.kind {
                MetaKind::FreshIdentifier(parts) => parts.contains(&FreshPart::Metavariable(name.to_owned())),
                _ => false,
            };
            seed || other.types.iter().any(|t| t.base == name) || !other.constraints.is_empty()
        })
    };
    let used = compiled.pattern.used();
    rule.metavariables.iter().filter(move |meta| {
        let made = matches!(
            meta.kind,
            MetaKind::FreshIdentifier(_) | MetaKind::Outline(_) | MetaKind::OutlineArgument(_)
        );
        let own = meta.inherited.is_none() && !made && !is_literal(&meta.kind);
        own && !used.contains(&meta.name.as_str()) && !mentioned(&meta.name)
    })
}

/// Names in the place of a value, where any expression could stand; those in capitals are constants.
fn undeclared(pattern: &Pattern) -> Vec<(String, Span)> {
    let mut out = Vec::new();
    let roots: Vec<Node<'_>> = pattern.roots().collect();
    let inside = roots.iter().flat_map(|root| root.descendants()).filter(|n| n.is(Kind::Identifier));
    // A name that is all there is names anything: a function, a field.
    for node in inside.filter(|n| !roots.contains(n)) {
        let Some(piece) = pattern.piece(node).filter(|p| p.slot.is_none()) else { continue };
        let text = &piece.atom.text;
        let constant = text.len() > 2 && !text.contains(|c: char| c.is_ascii_lowercase());
        let declared = pattern.metavariables().contains_key(text);
        if !constant && !declared && matches!(pattern.leaf(node), Leaf::Plain) && is_value(node) {
            out.push((text.clone(), piece.atom.span));
        }
    }
    out.extend(pattern.inner().flat_map(undeclared));
    out
}

/// Whether an identifier is a value, and not the name of a function, a label or something that is declared.
fn is_value(node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return true };
    match parent.kind() {
        Kind::CallExpression => node.role() != Some(Field::Function),
        Kind::InitDeclarator => node.role() == Some(Field::Value),
        kind => {
            kind.is_expression()
                || kind.is_statement() && kind != Kind::MacroIterator
                || kind == Kind::ArgumentList
        }
    }
}

/// Lines that would change something if their mark stood in column 0.
fn marks(file: &SourceFile, rule: &SmplRule) -> Option<Diagnostic> {
    if rule.tokens.iter().any(|t| t.mark != Mark::Context) {
        return None;
    }
    let lines = file.lines();
    let first = file.line_column(Span::at(rule.body.start as usize)).line;
    let last = file.line_column(Span::at((rule.body.end as usize).saturating_sub(1))).line;
    let indented = (first..=last).find(|line| {
        let text = file.slice(lines.line_span(*line));
        text.starts_with([' ', '\t']) && text.trim_start().starts_with(['-', '+', '*'])
    })?;
    let message = "this rule changes nothing: its marks are not in column 0".to_owned();
    let span = lines.line_span(indented);
    let text = file.slice(span);
    let start = span.start as usize + text.len() - text.trim_start().len();
    let span = Span::new(start, start + text.trim().len());
    let told = warning("smpl-marks", message).at(file, span, "read as code");
    Some(told.help("`-`, `+` and `*` mark a line only as its first character"))
}
