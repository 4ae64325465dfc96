//! What a reviewer should know about a conversion.
//!
//! In: what recognition found. Out: a [`Note`] for each fact that the rule has words for, in the order of
//! their names.

use super::Walk;
use super::behind::is_like_completion;
use super::eval::{Evaluator, unwrapped};
use super::exits::{End, Exit, known};
use super::output::{Piece, Stage, Target};
use super::position::Position;
use super::room::room_taken_for_granted;
use super::scratch::is_scratch;
use super::site::statements_of;
use super::storage::is_allocated;
use super::sym::Sign;
use super::total::Limit;
use super::usage::leaves;
use crate::syntax::{Field, Kind, Node};
use std::collections::BTreeSet;

/// Something that a reviewer should know: the name of a note of the rule, and what to fill in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The note's name in the rule.
    pub name: &'static str,
    /// Values for its place-holders.
    pub values: Vec<(&'static str, String)>,
}

impl Note {
    fn plain(name: &'static str) -> Note {
        Note { name, values: Vec::new() }
    }

    fn with(name: &'static str, holder: &'static str, value: impl Into<String>) -> Note {
        Note { name, values: vec![(holder, value.into())] }
    }
}

/// What notes are made from.
pub(super) struct Found<'a, 'b, 't> {
    pub eval: &'a Evaluator<'b, 't>,
    pub walk: &'a Walk<'t>,
    /// Conditions under which the reference is dropped once more.
    pub once_more: &'a [Node<'t>],
    /// Tests that end the walk within what was a batch.
    pub stops: &'a [Node<'t>],
    /// Where the function asks where the walked object stands, if that is elsewhere now.
    pub asked: Option<Node<'t>>,
}

impl<'t> Found<'_, '_, 't> {
    /// Every note that applies.
    pub(super) fn notes(&self) -> Vec<Note> {
        let mut notes = BTreeSet::new();
        notes.extend(self.about_batches());
        notes.extend(self.stops().flat_map(|exit| self.about_stop(exit)));
        notes.extend(self.about_body());
        notes.into_iter().collect()
    }

    fn stops(&self) -> impl Iterator<Item = &Exit<'t>> {
        self.walk.exits.iter().filter(|e| matches!(e.end, End::Leaves(_)))
    }

    fn about_batches(&self) -> Vec<Note> {
        let (site, spec) = (self.eval.site, self.eval.spec);
        let mut notes = Vec::new();
        let by_piece = self.walk.body.advances.contains(&Stage::Inner);
        let leaves_batch = |e: &Exit<'_>| !e.jump.before_acquire && e.position == Position::EndOfBatch;
        let stops_early = self.walk.ends_with_control || self.stops().any(leaves_batch);
        if stops_early && !by_piece && site.inner.is_some() {
            notes.push(Note::plain("N5"));
        }
        if self.stops().any(|e| e.position == Position::StartOfBatch) {
            notes.push(Note::plain("N25"));
        }
        if let Limit::Bytes(node) | Limit::Taken(node) = self.walk.limit {
            notes.push(Note::with("N4", "limit", node.text()));
        }
        if is_allocated(site) {
            notes.push(Note::with("N3", "batch", spec.batch.clone()));
        }
        let granted = room_taken_for_granted(self.eval, &self.walk.total);
        notes.extend(granted.map(|limit| Note::with("N26", "limit", limit.text())));
        if !self.walk.total.rest.is_empty() {
            notes.push(Note::with("N2", "batch", spec.batch.clone()));
        }
        let memory = self.eval.scopes.declaration(site.batch).initializer.filter(|m| is_scratch(spec, *m));
        notes.extend(memory.map(|m| Note::with("N14", "memory", m.text())));
        notes.extend(self.asked.map(|place| Note::with("N29", "use", place.text())));
        for condition in self.once_more {
            notes.push(Note::with("N8", "condition", unwrapped(*condition).text()));
        }
        for test in self.stops {
            notes.push(Note::with("N23", "test", unwrapped(*test).text()));
        }
        let mut dealt_with = self.walk.failure.arm.nothing_fails;
        for test in &self.walk.body.decided {
            let condition = test.child(Field::Condition).map(unwrapped);
            let of_nothing = !self.walk.failure.arm.nothing_fails && self.leaves_with_nothing(*test);
            dealt_with |= of_nothing;
            let name = if of_nothing { "N30" } else { "N13" };
            notes.push(Note::with(name, "test", condition.map_or("", |c| c.text())));
        }
        if !dealt_with {
            notes.push(Note::plain("N10"));
        }
        notes
    }

    /// Whether a test asks whether an acquisition got nothing, and leaves then.
    fn leaves_with_nothing(&self, test: Node<'t>) -> bool {
        let condition = test.child(Field::Condition).map(|c| self.eval.seen_through(unwrapped(c)));
        let asked = condition.and_then(|c| match c.operator() {
            Some("!") => c.child(Field::Argument),
            Some("==") if c.child(Field::Right).is_some_and(|r| r.text() == "0") => c.child(Field::Left),
            _ => None,
        });
        let is_got = asked.and_then(|n| self.eval.scopes.resolve(unwrapped(n))) == Some(self.eval.site.got);
        is_got && test.child(Field::Consequence).is_some_and(leaves)
    }

    fn about_stop(&self, exit: &Exit<'t>) -> Vec<Note> {
        let mut notes = Vec::new();
        let is_end = |target| is_like_completion(self.walk, self.eval.scopes, target, &exit.jump.state);
        if let Some(control) = self.walk.control
            && let (sign, Some(by)) = known(&exit.jump.state, control.id)
            && !matches!(sign, Sign::Negative | Sign::Zero)
            && matches!(exit.end, End::Leaves(Target::BehindOuter | Target::Label(_)))
        {
            notes.push(Note::with("N6", "value", by.text()));
        }
        if let End::Leaves(target @ Target::Return(Some(value))) = exit.end
            && !is_end(target)
            && self.eval.sign(value, &exit.jump.state) != Sign::Negative
        {
            notes.push(Note::with("N6", "value", value.text()));
        }
        if exit.jump.before_acquire {
            let test = exit.jump.node.ancestors().find(|a| a.is(Kind::IfStatement));
            let condition = test.and_then(|t| t.child(Field::Condition)).map(|c| unwrapped(c).text());
            notes.push(Note::with("N2", "batch", self.eval.spec.batch.clone()));
            let name = if self.is_without_error(exit) { "N27" } else { "N1" };
            if !self.is_as_failure(exit) {
                notes.push(Note::with(name, "test", condition.unwrap_or_default()));
            }
        }
        notes
    }

    /// Whether the loop is left without saying that anything went wrong.
    fn is_without_error(&self, exit: &Exit<'t>) -> bool {
        match (&exit.end, self.walk.control) {
            (End::Leaves(Target::Return(Some(value))), _) => {
                !self.eval.sign(*value, &exit.jump.state).possible()[0]
            }
            (End::Leaves(Target::Return(None)), _) | (_, None) => true,
            (_, Some(control)) => {
                let (sign, by) = known(&exit.jump.state, control.id);
                !sign.possible()[0] || !by.is_some_and(|by| self.eval.site.outer.encloses(by))
            }
        }
    }

    /// Whether nobody can tell the way out from a failed acquisition: both only jump, to the same place.
    fn is_as_failure(&self, exit: &Exit<'t>) -> bool {
        let arm = self.walk.failure.arm.arm;
        let jumps = statements_of(arm).into_iter().filter(|n| !n.is(Kind::Comment)).map(|n| n.squeezed());
        let jumps = jumps.eq([exit.jump.node.squeezed()]);
        let is_got = |n: Node<'t>| self.eval.scopes.resolve(n) == Some(self.eval.site.got);
        let reads_got = arm.descendants().any(is_got);
        jumps && !reads_got && (self.walk.control.is_none() || exit.jump.node.is(Kind::ReturnStatement))
    }

    fn about_body(&self) -> Vec<Note> {
        let mut notes = Vec::new();
        let skips = |e: &Exit<'_>| matches!((e.jump.target, &e.end), (Target::BehindInner, End::GoesOn));
        if self.walk.exits.iter().any(skips) {
            notes.push(Note::plain("N12"));
        }
        let per_batch = self.walk.body.per_batch.iter().filter(|(_, s)| *s != Stage::Before);
        let on_ways_out = self.walk.exits.iter().flat_map(|e| &e.work.statements);
        for node in per_batch.map(|(node, _)| node).chain(on_ways_out) {
            let calls = |n: &Node<'_>| n.descendants().any(|d| d.is(Kind::CallExpression));
            let statements = node.descendants().filter(|n| n.is(Kind::ExpressionStatement) && calls(n));
            for statement in statements {
                notes.push(Note::with("N7", "statement", statement.text().trim_end_matches(';')));
            }
        }
        let moved = |n: Node<'_>| {
            let pieces = self.walk.body.pieces.iter();
            pieces.into_iter().any(|(p, _)| matches!(p, Piece::Statement(s) if s.encloses(n)))
        };
        let own_name = |n: &Node<'_>| n.is(Kind::Identifier) && n.text() == "__func__";
        if self.eval.site.outer.descendants().any(|n| own_name(&n) && moved(n)) {
            notes.push(Note::plain("N9"));
        }
        notes
    }
}
