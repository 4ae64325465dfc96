//! A loop that asks in front of the acquisition whether to end as it does at its end.
//!
//! In: `while (a) { if (b) break; … acquire … }`. Out: `while (a && !b) { … acquire … }`, which asks behind
//! each element and before the walk, so that no element is acquired where the original did not. It refuses,
//! by finding nothing, tests behind other statements, and conditions that the body's own variables are part
//! of.

use super::{Finish, Prepared};
use crate::edit::{EditSet, TextEdit};
use crate::plan::columns::{TAB, column_of, indent};
use crate::plan::negation::negated;
use crate::plan::superfluous::whole_lines;
use crate::source::{SourceFile, Span};
use crate::syntax::file_scope::FileScope;
use crate::syntax::scope::Scopes;
use crate::syntax::{Field, Kind, Node};
use crate::walk::Walk;
use crate::walk::behind::is_like_completion;
use crate::walk::eval::unwrapped;
use crate::walk::exits::End;
use crate::walk::expressions::is_pure;
use crate::walk::matching::matches;
use crate::walk::site::{body_of, enclosing_loop, is_endless, statements_of};
use crate::walk::spec::WalkSpec;
use crate::walk::truth::seen_through;

/// The loop with its first tests in its condition.
pub(super) fn in_condition<'t>(
    spec: &WalkSpec,
    scopes: &Scopes<'t>,
    walk: &Walk<'t>,
    function: &str,
) -> Option<Prepared> {
    let (site, outer) = (&walk.site, walk.site.outer);
    let is_end = |statement| site.test == Some(statement) || ends_as_at_the_end(statement, scopes, walk);
    let tests = leading_tests(spec, scopes, outer, &is_end)?;
    if site.test.is_some() && (tests.len() == 1 || tests.first() != site.test.as_ref()) {
        return None;
    }
    asked_first(spec, outer, &tests, function)
}

/// A loop whose first tests leave it, and say what its condition does not: that all is walked, among other things.
pub(super) fn told_first<'t>(spec: &WalkSpec, file: &FileScope<'t>, call: Node<'t>) -> Option<Prepared> {
    let function = file.function_at(call.span().start as usize)?;
    let outer = enclosing_loop(call, function.node)?;
    let breaks = |statement: Node<'t>| jump_of(statement).is_some_and(|jump| jump.is(Kind::BreakStatement));
    let tests = leading_tests(spec, &Scopes::of(function.node), outer, &breaks)?;
    asked_first(spec, outer, &tests, function.name)
}

fn asked_first<'t>(spec: &WalkSpec, outer: Node<'t>, tests: &[Node<'t>], function: &str) -> Option<Prepared> {
    let asked: Vec<Node<'t>> =
        tests.iter().filter_map(|t| t.child(Field::Condition)).map(unwrapped).collect();
    let asked: Vec<String> = asked.into_iter().flat_map(|condition| opposites(spec, condition)).collect();
    let source = outer.tree().source();
    let mut edits = EditSet::new();
    edits.add(head(outer, &asked.join(" && "))?).ok()?;
    let mut comments = Vec::new();
    for test in tests {
        let (first, told) = with_comments(*test);
        // Whether all is walked is the helper's business: what is said of it goes with the test.
        let stays = test.child(Field::Condition).is_none_or(|condition| !is_emptiness(spec, condition));
        comments.extend(told.into_iter().filter(|_| stays));
        let span = whole_lines(source, first.span().cover(test.span()));
        edits.add(TextEdit::new(span, "")).ok()?;
    }
    edits.add(at_end(source, outer, &comments)?).ok()?;
    Some(Prepared {
        edits,
        function: function.to_owned(),
        done: "the loop asks in front of the acquisition whether it has come to its end".to_owned(),
        notes: Vec::new(),
        open: Vec::new(),
        finish: Finish::Done,
    })
}

/// The tests that the body begins with, each of which leaves the loop as its condition does.
fn leading_tests<'t>(
    spec: &WalkSpec,
    scopes: &Scopes<'t>,
    outer: Node<'t>,
    is_end: &dyn Fn(Node<'t>) -> bool,
) -> Option<Vec<Node<'t>>> {
    outer.child(Field::Body).filter(|b| b.is(Kind::CompoundStatement))?;
    let pure = |n: Node<'t>| is_pure(&spec.pure, n);
    let skipped = |n: &Node<'t>| match n.kind() {
        Kind::Comment => true,
        Kind::Declaration => scopes
            .declarations()
            .iter()
            .filter(|d| d.declaration == *n)
            .all(|d| d.initializer.is_none_or(pure) && !d.has_cleanup()),
        _ => false,
    };
    let body = body_of(outer);
    let mut tests = Vec::new();
    for statement in body.iter().skip_while(|n| skipped(n)).filter(|n| !n.is(Kind::Comment)) {
        if !is_end(*statement) {
            break;
        }
        let condition = statement.child(Field::Condition)?;
        let names = condition.descendants().filter_map(|n| scopes.resolve(n));
        if !pure(condition) || names.into_iter().any(|id| outer.encloses(scopes.declaration(id).ident)) {
            return None;
        }
        tests.push(*statement);
    }
    (!tests.is_empty()).then_some(tests)
}

/// The jump of a test that does nothing else.
fn jump_of(statement: Node<'_>) -> Option<Node<'_>> {
    let then = statement.child(Field::Consequence).filter(|_| statement.is(Kind::IfStatement))?;
    let mut then = statements_of(then).into_iter().filter(|n| !n.is(Kind::Comment));
    let (jump, more) = (then.next()?, then.next());
    (more.is_none() && statement.child(Field::Alternative).is_none()).then_some(jump)
}

/// Whether a statement is a test that leaves the loop, with nothing done, as if all were walked.
fn ends_as_at_the_end<'t>(statement: Node<'t>, scopes: &Scopes<'t>, walk: &Walk<'t>) -> bool {
    let jump = jump_of(statement);
    let exit = walk.exits.iter().find(|exit| Some(exit.jump.node) == jump);
    exit.is_some_and(|exit| match exit.end {
        End::Leaves(target) => is_like_completion(walk, scopes, target, &exit.jump.state),
        End::GoesOn => false,
    })
}

/// Whether a condition asks whether all is walked, and nothing else.
fn is_emptiness(spec: &WalkSpec, condition: Node<'_>) -> bool {
    let condition = seen_through(spec, unwrapped(condition));
    let (left, right) = (condition.child(Field::Left), condition.child(Field::Right));
    let asked = match condition.operator() {
        Some("!") => condition.child(Field::Argument),
        Some("==") if right.is_some_and(|n| unwrapped(n).text() == "0") => left,
        _ => None,
    };
    let is_position = |n: Node<'_>| spec.position.as_ref().is_some_and(|p| matches(p, n).is_some());
    asked.is_some_and(|n| is_position(seen_through(spec, unwrapped(n))))
}

/// What has to hold for the loop to go on, in parts.
fn opposites(spec: &WalkSpec, condition: Node<'_>) -> Vec<String> {
    let condition = seen_through(spec, unwrapped(condition));
    let sides = [condition.child(Field::Left), condition.child(Field::Right)];
    if condition.is(Kind::BinaryExpression) && condition.operator() == Some("||") {
        return sides.into_iter().flatten().flat_map(|side| opposites(spec, side)).collect();
    }
    let opposite = negated(condition, &|n| n.text().to_owned());
    let joins = condition.operator() == Some("!")
        && condition
            .child(Field::Argument)
            .is_some_and(|a| !a.is(Kind::ParenthesizedExpression) && binds_weakly(a));
    vec![if joins { format!("({opposite})") } else { opposite }]
}

/// Whether `&&` would take a part of it.
fn binds_weakly(condition: Node<'_>) -> bool {
    let weak = [Kind::ConditionalExpression, Kind::AssignmentExpression, Kind::CommaExpression];
    weak.contains(&condition.kind()) || condition.operator() == Some("||")
}

/// The loop's new condition.
fn head(outer: Node<'_>, asked: &str) -> Option<TextEdit> {
    if is_endless(outer) {
        let plain = outer.is(Kind::WhileStatement)
            || outer.is(Kind::ForStatement)
                && outer.child(Field::Initializer).is_none()
                && outer.child(Field::Update).is_none();
        let head = Span { start: outer.span().start, end: outer.child(Field::Body)?.span().start };
        return plain.then(|| TextEdit::new(head, format!("while ({asked}) ")));
    }
    let condition = outer.child(Field::Condition).filter(|_| !outer.is(Kind::DoStatement))?;
    let inside = unwrapped(condition);
    let own = if binds_weakly(inside) { format!("({})", inside.text()) } else { inside.text().to_owned() };
    let (open, close) = if condition == inside { ("", "") } else { ("(", ")") };
    Some(TextEdit::new(condition.span(), format!("{open}{own} && {asked}{close}")))
}

/// The first of the comments above a statement, or the statement, and every comment above and in it.
fn with_comments(statement: Node<'_>) -> (Node<'_>, Vec<Node<'_>>) {
    let mut first = statement;
    let mut comments = Vec::new();
    let source = statement.tree().source();
    while let Some(before) = first.prev_sibling().filter(|n| n.is(Kind::Comment)) {
        let alone = source.slice(source.line_of(before.span())).trim_start().starts_with(before.text());
        let gap = source.slice(Span { start: before.span().end, end: first.span().start });
        if !alone || gap.matches('\n').count() > 1 {
            break;
        }
        comments.insert(0, before);
        first = before;
    }
    comments.extend(statement.descendants().filter(|n| n.is(Kind::Comment)));
    (first, comments)
}

/// The comments on the tests, at the end of the body, where the condition is asked.
fn at_end(source: &SourceFile, outer: Node<'_>, comments: &[Node<'_>]) -> Option<TextEdit> {
    let body = outer.child(Field::Body)?;
    let close = source.line_of(Span::at(body.span().end as usize - 1));
    let inside = indent(column_of(source, outer.span()) + TAB);
    let lines: String = comments.iter().map(|c| format!("{inside}{}\n", c.text())).collect();
    Some(TextEdit::new(Span::at(close.start as usize), lines))
}
