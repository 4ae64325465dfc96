//! The outlines that a rule's matches ask for.
//!
//! In: a rule and its matches in one file. Out: for each match that goes on, the texts of its outline metavariables, and
//! the edits that all of them need. A match whose statements cannot be outlined is left out with a diagnostic: nothing
//! of it is changed.

use super::{Asked, Instead, Late, NotOutlined, Obstacle, Outcome, Outlined, outline};
use crate::diagnostic::{Diagnostic, Severity};
use crate::edit::TextEdit;
use crate::matcher::Environment;
use crate::matcher::environment::QUIET;
use crate::plan::superfluous::whole_lines;
use crate::smpl::MetaKind;
use crate::smpl::compile::CompiledRule;
use crate::smpl::outline::OutlineRequest;
use crate::smpl::pattern::Atom;
use crate::smpl::token::Mark;
use crate::source::{SourceFile, Span};
use crate::syntax::Tree;
use crate::syntax::file_scope::FileScope;

/// What a rule's outlines need.
#[derive(Debug, Default)]
pub struct Outlines {
    /// Matches to go on with, and what outline metavariables stand for in them.
    pub matches: Vec<(Environment, Vec<(String, String)>)>,
    /// Edits beyond those of minus and plus code.
    pub edits: Vec<TextEdit>,
    /// Comments that went with the statements, with their lines.
    pub comments: Vec<Span>,
    /// Functions that statements were taken from.
    pub functions: Vec<String>,
    /// Matches that were left alone, and why.
    pub diagnostics: Vec<Diagnostic>,
}

/// A request of the rule, and the name of its new function in plus code.
type Request<'r> = (&'r str, &'r OutlineRequest);

/// Outline what the matches of a rule ask for.
pub fn outlines(rule: &CompiledRule, tree: &Tree, found: &[Environment]) -> Outlines {
    let asked = rule.metavariables.iter().filter_map(|(name, m)| match &m.kind {
        MetaKind::Outline(request) => Some((name.as_str(), &**request)),
        _ => None,
    });
    let mut asked: Vec<Request<'_>> = asked.collect();
    asked.sort_by_key(|(name, _)| *name);
    let mut out = Outlines::default();
    if asked.is_empty() {
        out.matches = found.iter().map(|env| (env.clone(), Vec::new())).collect();
        return out;
    }
    let file = FileScope::of(tree);
    let mut taken: Vec<String> = Vec::new();
    let mut done: Vec<(Span, String)> = Vec::new();
    let mut refused: Vec<NotOutlined> = Vec::new();
    for env in shortest(&asked, found) {
        let all = outlined(rule, &asked, env, &taken, (tree, &file)).and_then(|all| apart_from(&done, all));
        match all {
            // The same statements by another way through the rule.
            Ok(all) if all.iter().any(|(_, o)| done.iter().any(|d| o.statements.overlaps(d.0))) => {}
            Ok(all) => {
                let mut bindings = Vec::new();
                for (name, one) in all {
                    bindings.extend(argument(rule, name).map(|arg| (arg, one.argument)));
                    bindings.push((name.to_owned(), one.name.clone()));
                    out.edits.extend(one.edits);
                    out.comments.extend(one.comments.iter().map(|c| with_white_space(tree.source(), *c)));
                    taken.extend(one.names);
                    done.push((one.statements, one.name));
                    out.functions.push(one.from);
                }
                out.matches.push((env.clone(), bindings));
            }
            // Several matches may fail at one place.
            Err(why) if refused.contains(&why) => {}
            Err(why) => refused.push(why),
        }
    }
    let told = refused.into_iter().map(|why| {
        Diagnostic::new(Severity::Warning, "not-outlined", why.sentence)
            .at(tree.source(), why.span, "here")
            .help(format!("{} left this match as it is", rule.name))
    });
    out.diagnostics.extend(told);
    out
}

/// The matches without those whose list of statements goes on where that of another one begins or ends.
fn shortest<'e>(asked: &[Request<'_>], found: &'e [Environment]) -> Vec<&'e Environment> {
    let list = |env: &Environment, request: &OutlineRequest| env.get(&request.statements).map(|b| b.span);
    let longer = |long: Span, short: Span| {
        long != short
            && long.contains(short)
            && !short.is_empty()
            && (long.start == short.start || long.end == short.end)
    };
    let is_longer = |env: &&Environment| {
        asked.iter().any(|(_, request)| {
            let own = list(env, request);
            let others = found.iter().filter_map(|other| list(other, request));
            own.is_some_and(|own| others.into_iter().any(|other| longer(own, other)))
        })
    };
    found.iter().filter(|env| !is_longer(env)).collect()
}

/// The lines of a comment, or the comment with the blanks in front of it if it stands behind code.
fn with_white_space(source: &SourceFile, comment: Span) -> Span {
    let lines = whole_lines(source, comment);
    let before = source.slice(Span { start: 0, end: comment.start });
    let code = before.trim_end_matches([' ', '\t']).len();
    if lines == comment { Span::new(code, comment.end as usize) } else { lines }
}

/// What one match asks for, in the order of the code.
fn outlined<'r>(
    rule: &CompiledRule,
    asked: &[Request<'r>],
    env: &Environment,
    taken: &[String],
    (tree, file): (&Tree, &FileScope<'_>),
) -> Result<Vec<(&'r str, Outlined)>, NotOutlined> {
    let removed = removed(rule, env);
    let fill_in = |word: &str| {
        let known = rule.metavariables.contains_key(word).then(|| env.get(word))?;
        known.map(|b| b.text.to_string())
    };
    let located =
        asked.iter().map(|(name, request)| Ok((statements(request, env, &removed)?, *name, *request)));
    let mut located = located.collect::<Result<Vec<_>, NotOutlined>>()?;
    located.sort_by_key(|(span, ..)| *span);
    let mut taken = taken.to_vec();
    let mut out = Vec::new();
    for (span, name, request) in &located {
        // What goes into another new function is not gone.
        let goes = |s: &&Span| located.iter().all(|(other, ..)| other == span || !other.contains(**s));
        let removed: Vec<Span> = removed.iter().filter(goes).copied().collect();
        let code = code(rule, &fill_in);
        let assigned = assigned(rule, name, &fill_in);
        let one = outline(
            Asked {
                request,
                statements: *span,
                fill_in: &fill_in,
                removed: &removed,
                spelled: &[],
                first: None,
                late: Late::ByAddress,
                taken: &taken,
                instead: Instead { code: &code, result: result(rule, name), assigned: assigned.as_deref() },
            },
            tree,
            file,
        )?;
        taken.extend(one.names.iter().cloned());
        out.push((*name, one));
    }
    Ok(out)
}

/// Outlines whose statements are no part of others.
fn apart_from<'r>(
    done: &[(Span, String)],
    all: Vec<(&'r str, Outlined)>,
) -> Result<Vec<(&'r str, Outlined)>, NotOutlined> {
    let holds = |o: &Outlined, d: &(Span, String)| d.0 != o.statements && d.0.contains(o.statements);
    let inner = all.iter().find_map(|(_, o)| Some((o, done.iter().find(|d| holds(o, d))?)));
    match inner {
        Some((outlined, (_, name))) => {
            let sentence = format!("these statements are in `{name}` now; run the rule again for them");
            Err(NotOutlined::new(Obstacle::Shape, outlined.statements, sentence))
        }
        None => Ok(all),
    }
}

/// The rule's plus code with what its metavariables stand for.
fn code(rule: &CompiledRule, fill_in: &dyn Fn(&str) -> Option<String>) -> String {
    let atoms = rule.plus.iter().flat_map(|plus| &plus.atoms);
    let words: Vec<String> = atoms.map(|a| fill_in(&a.text).unwrap_or_else(|| a.text.clone())).collect();
    words.join(" ")
}

/// What plus code does with what the new function returns.
fn result(rule: &CompiledRule, name: &str) -> Outcome {
    // The word in front of the call; none in front of the first word.
    let before = |atoms: &[Atom]| {
        let calls = |i: &usize| atoms[*i].text == name && atoms.get(i + 1).is_some_and(|a| a.text == "(");
        let call = (0..atoms.len()).find(calls)?;
        Some(call.checked_sub(1).map_or(String::new(), |i| atoms[i].text.clone()))
    };
    match rule.plus.iter().find_map(|plus| before(&plus.atoms)).as_deref() {
        Some("return") => Outcome::Returned,
        Some("" | ";" | "{" | "}") => Outcome::Dropped,
        _ => Outcome::Judged,
    }
}

/// The variable that plus code puts the result of the new function in: `err = part(…);`.
fn assigned(rule: &CompiledRule, name: &str, fill_in: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    rule.plus.iter().find_map(|plus| {
        let text = |i: usize| plus.atoms.get(i).map_or("", |a| a.text.as_str());
        let calls = |i: &usize| text(*i) == name && text(*i + 1) == "(";
        let call = (2..plus.atoms.len()).find(calls).filter(|call| text(call - 1) == "=")?;
        let starts = call == 2 || matches!(text(call - 3), ";" | "{" | "}" | ")" | "(" | "else" | "=");
        let target = text(call - 2);
        starts.then(|| fill_in(target).unwrap_or_else(|| target.to_owned()))
    })
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
