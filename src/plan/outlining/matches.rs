//! The outlines that a rule's matches ask for.
//!
//! In: a rule and its matches in one file. Out: for each match that goes on, the texts of its outline metavariables, and
//! the edits that all of them need. A match whose statements cannot be outlined is left out with a diagnostic: nothing
//! of it is changed.

use super::{Asked, Late, NotOutlined, Obstacle, outline};
use crate::diagnostic::{Diagnostic, Severity};
use crate::edit::TextEdit;
use crate::matcher::Environment;
use crate::matcher::environment::QUIET;
use crate::smpl::MetaKind;
use crate::smpl::compile::CompiledRule;
use crate::smpl::outline::OutlineRequest;
use crate::smpl::token::Mark;
use crate::source::Span;
use crate::syntax::Tree;
use crate::syntax::file_scope::FileScope;

/// What a rule's outlines need.
#[derive(Debug, Default)]
pub struct Outlines {
    /// Matches to go on with, and what outline metavariables stand for in them.
    pub matches: Vec<(Environment, Vec<(String, String)>)>,
    /// Edits beyond those of minus and plus code.
    pub edits: Vec<TextEdit>,
    /// Functions that statements were taken from.
    pub functions: Vec<String>,
    /// Matches that were left alone, and why.
    pub diagnostics: Vec<Diagnostic>,
}

/// Outline what the matches of a rule ask for.
pub fn outlines(rule: &CompiledRule, tree: &Tree, found: &[Environment]) -> Outlines {
    let mut asked: Vec<_> = rule
        .metavariables
        .iter()
        .filter_map(|(name, m)| match &m.kind {
            MetaKind::Outline(request) => Some((name.as_str(), request)),
            _ => None,
        })
        .collect();
    asked.sort_by_key(|(name, _)| *name);
    let mut out = Outlines::default();
    if asked.is_empty() {
        out.matches = found.iter().map(|env| (env.clone(), Vec::new())).collect();
        return out;
    }
    let file = FileScope::of(tree);
    let mut taken: Vec<String> = Vec::new();
    let mut done: Vec<Span> = Vec::new();
    for env in found {
        let removed = removed(rule, env);
        let fill_in = |word: &str| {
            let known = rule.metavariables.contains_key(word).then(|| env.get(word))?;
            known.map(|b| b.text.to_string())
        };
        let results: Result<Vec<_>, NotOutlined> = asked
            .iter()
            .map(|(name, request)| {
                let statements = statements(request, env, &removed)?;
                let (fill_in, removed, taken) = (&fill_in as &dyn Fn(&str) -> _, &removed[..], &taken[..]);
                let asked = Asked {
                    request,
                    statements,
                    fill_in,
                    removed,
                    spelled: &[],
                    first: None,
                    late: Late::ByAddress,
                    taken,
                };
                Ok((*name, outline(asked, tree, &file)?))
            })
            .collect();
        match results {
            // The same statements by another way through the rule.
            Ok(all) if all.iter().any(|(_, o)| done.iter().any(|d| d.overlaps(o.statements))) => {}
            Ok(all) => {
                let mut bindings = Vec::new();
                for (name, one) in all {
                    bindings.extend(argument(rule, name).map(|arg| (arg, one.argument)));
                    bindings.push((name.to_owned(), one.name));
                    out.edits.extend(one.edits);
                    taken.extend(one.names);
                    done.push(one.statements);
                    out.functions.push(one.from);
                }
                out.matches.push((env.clone(), bindings));
            }
            Err(why) => out.diagnostics.push(
                Diagnostic::new(Severity::Warning, "not-outlined", why.sentence)
                    .at(tree.source(), why.span, "here")
                    .help(format!("{} left this match as it is", rule.name)),
            ),
        }
    }
    out
}

/// The code that a match takes out.
fn removed(rule: &CompiledRule, env: &Environment) -> Vec<Span> {
    let minus = |atom: u32| rule.marks.get(&(atom & !QUIET)) == Some(&Mark::Minus);
    env.touches().iter().filter(|t| minus(t.atom)).map(|t| t.span).collect()
}

/// The statements that a request is about.
fn statements(request: &OutlineRequest, env: &Environment, removed: &[Span]) -> Result<Span, NotOutlined> {
    let bound = env.get(&request.statements).filter(|b| !b.text.is_empty());
    bound.map(|b| b.span).ok_or_else(|| {
        let span = removed.first().copied().unwrap_or_default();
        NotOutlined::new(Obstacle::Shape, span, "there are no statements here to make a function of")
    })
}

/// The metavariable that stands for what is handed to an outlined function.
fn argument(rule: &CompiledRule, name: &str) -> Option<String> {
    let hands = |kind: &MetaKind| matches!(kind, MetaKind::OutlineArgument(of) if of == name);
    rule.metavariables.iter().find(|(_, m)| hands(&m.kind)).map(|(argument, _)| argument.clone())
}
