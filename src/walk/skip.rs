//! An `if` that walks the batch in one arm only.
//!
//! In: the `if` around the inner loop. Out: the arm that walks goes on as if it stood behind the `if`, and
//! the other becomes a way out that comes to nothing of the batch: `if (misplaced) { i = 0; } else { walk }`
//! is `if (misplaced) { leave; } walk`. It refuses arms of which the last statement is neither a jump nor
//! moves a cursor: there would be nothing to leave by.

use super::machine::{Flow, Level, Machine, not_understood};
use super::output::{Jump, Piece, Target};
use super::refusal::Refusal;
use super::site::statements_of;
use super::state::State;
use crate::syntax::{Field, Kind, Node};

impl<'t> Machine<'_, 't> {
    /// The `if` around the inner loop.
    pub(super) fn walks_in_one_arm(
        &mut self,
        node: Node<'t>,
        inner: Node<'t>,
        state: &mut State<'t>,
    ) -> Result<Flow, Refusal> {
        let then = node.child(Field::Consequence);
        let otherwise = node.child(Field::Alternative).and_then(|e| e.named_children().last());
        let (Some(condition), Some(then), Some(otherwise)) = (node.child(Field::Condition), then, otherwise)
        else {
            let sentence = "where this does not hold the batch is not walked, and goes on all the same";
            return Err(not_understood(node, sentence));
        };
        let walks_if_true = then.encloses(inner);
        let (walking, skipping) = if walks_if_true { (then, otherwise) } else { (otherwise, then) };
        self.rewrite(condition, state)?;
        let mut skipped = state.clone();
        self.eval.refine(condition, walks_if_true, state);
        self.eval.refine(condition, !walks_if_true, &mut skipped);
        self.skip(skipping, &mut skipped)?;
        let piece = if walks_if_true { Piece::OtherGuard(node) } else { Piece::Guard(node) };
        self.out.pieces.push((piece, Some(self.stage)));
        self.out.per_batch.extend([(condition, self.stage), (skipping, self.stage)]);
        self.list(&statements_of(walking), state, Level::Top)
    }

    /// The arm that walks nothing.
    fn skip(&mut self, arm: Node<'t>, state: &mut State<'t>) -> Result<(), Refusal> {
        let mut statements = statements_of(arm);
        statements.retain(|n| !n.is(Kind::Comment));
        let Some(last) = statements.pop() else {
            return Err(not_understood(arm, "this arm walks nothing of the batch and does not say so"));
        };
        self.list(&statements, state, Level::Nested)?;
        let flow = self.statement(last, state, Level::Nested)?;
        if flow == Flow::Leaves {
            return Ok(());
        }
        if !self.out.gone.remove(&last.id()) {
            return Err(not_understood(
                last,
                "this arm walks nothing of the batch, and goes on all the same",
            ));
        }
        self.out.spellings.remove(&last.span());
        let (target, state) = (Target::BehindInner, state.clone());
        self.out.jumps.push(Jump { node: last, target, state, before_acquire: false });
        self.keep(last, Level::Nested);
        Ok(())
    }
}
