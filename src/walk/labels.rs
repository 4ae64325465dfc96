//! Labels inside the outer loop.
//!
//! In: a labelled statement, and the jumps to it. Out: a label right behind the inner loop is where that is left early; a
//! label in the inner loop's own body to which only the same body goes back is kept, and what is written in between is
//! not known there. It refuses any other label, and going back with a reference that may be gone.

use super::machine::{Flow, Level, Machine, not_understood};
use super::output::Stage;
use super::refusal::Refusal;
use super::site::statements_of;
use super::state::State;
use crate::syntax::{Field, Kind, Node};

/// What a jump to a label inside the outer loop is.
pub(super) enum Inside {
    /// It leaves the inner loop.
    Leaves,
    /// It goes back in the body of the inner loop.
    Back,
}

impl<'t> Machine<'_, 't> {
    /// A labelled statement.
    pub(super) fn labelled(
        &mut self,
        node: Node<'t>,
        state: &mut State<'t>,
        level: Level,
    ) -> Result<Flow, Refusal> {
        let statement = node.named_children().last().filter(|n| Some(*n) != node.child(Field::Label));
        match statement {
            Some(statement) if self.is_behind_inner(node) => self.statement(statement, state, level),
            Some(statement) if self.is_retry(node) => {
                self.forget_written(node, state)?;
                for behind in self.region_of(node) {
                    self.forget_written(behind, state)?;
                }
                let flow = self.statement(statement, state, Level::Nested)?;
                self.keep(node, level);
                Ok(flow)
            }
            _ => Err(not_understood(node, "a label inside the loop")),
        }
    }

    /// What a jump to a label in the outer loop is, if that is understood.
    pub(super) fn jump_inside(&self, jump: Node<'t>, label: Node<'t>, state: &State<'t>) -> Option<Inside> {
        let inner = self.eval.site.inner?;
        if self.is_behind_inner(label) && inner.encloses(jump) {
            return Some(Inside::Leaves);
        }
        let back = self.is_retry(label) && label.span().start < jump.span().start && state.released == 0;
        back.then_some(Inside::Back)
    }

    /// Whether the label is the next thing behind the inner loop.
    fn is_behind_inner(&self, node: Node<'t>) -> bool {
        let mut before = node.prev_sibling();
        while before.is_some_and(|n| n.is(Kind::Comment)) {
            before = before.and_then(|n| n.prev_sibling());
        }
        before.is_some() && before == self.eval.site.walking() && self.eval.site.around.is_none()
    }

    /// Whether the label stands in the inner loop's own statements, and every jump to it stands there behind it.
    fn is_retry(&self, node: Node<'t>) -> bool {
        let body = self.eval.site.inner.and_then(|inner| inner.child(Field::Body));
        let Some(body) = body.filter(|b| node.parent() == Some(*b)) else { return false };
        let name = node.child(Field::Label).map(Node::text);
        let goes = |n: &Node<'t>| n.is(Kind::GotoStatement) && n.child(Field::Label).map(Node::text) == name;
        let jumps = self.eval.site.function.descendants().filter(goes);
        self.stage == Stage::Inner
            && jumps.into_iter().all(|j| body.encloses(j) && j.span().start > node.span().start)
    }

    /// The statements of the inner loop's body behind the label, up to the last jump to it.
    fn region_of(&self, node: Node<'t>) -> Vec<Node<'t>> {
        let name = node.child(Field::Label).map(Node::text);
        let goes = |n: &Node<'t>| n.is(Kind::GotoStatement) && n.child(Field::Label).map(Node::text) == name;
        let list = node.parent().map(statements_of).unwrap_or_default();
        let mut behind: Vec<Node<'t>> = list.into_iter().skip_while(|n| *n != node).skip(1).collect();
        let last = behind.iter().rposition(|n| n.descendants().any(|d| goes(&d)));
        behind.truncate(last.map_or(0, |at| at + 1));
        behind
    }
}
