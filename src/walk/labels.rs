//! Labels inside the outer loop.
//!
//! In: a labelled statement, and the jumps to it. Out: a label right behind the inner loop is where that is
//! left early; a label in the inner loop's own body to which only the same body goes back is kept, and what
//! is written in between is not known there; a label to which only jumps from in front of it lead, out of
//! statements of the same block, is kept with what is known on all these ways. It refuses any other label,
//! and going back with a reference that may be gone.
//!
//! Capability 1 (tests/README.md): loops in one form, cursors by induction.

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
    /// It goes ahead in its block.
    Ahead,
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
            Some(statement) if is_ahead(node, self.eval.site.function) => {
                let flow = self.statement(statement, state, Level::Nested)?;
                self.keep(node, level);
                Ok(flow)
            }
            _ => Err(not_understood(node, "a label inside the loop")),
        }
    }

    /// Whether a jump ahead led to this statement.
    pub(super) fn is_arrived_at(&self, node: Node<'t>) -> bool {
        let label = node.child(Field::Label).filter(|_| node.is(Kind::LabeledStatement));
        label.is_some_and(|l| self.arrivals.contains_key(l.text()))
    }

    /// What is known on the ways that lead here by a jump ahead.
    pub(super) fn arrival(&mut self, node: Node<'t>) -> Option<State<'t>> {
        let label = node.child(Field::Label).filter(|_| node.is(Kind::LabeledStatement))?;
        self.arrivals.remove(label.text())
    }

    /// What a jump to a label in the outer loop is, if that is understood.
    pub(super) fn jump_inside(&self, jump: Node<'t>, label: Node<'t>, state: &State<'t>) -> Option<Inside> {
        let inner = self.eval.site.inner;
        if self.is_behind_inner(label) && inner.is_some_and(|inner| inner.encloses(jump)) {
            return Some(Inside::Leaves);
        }
        let stays = inner.is_none_or(|inner| inner.encloses(jump) == inner.encloses(label));
        if stays && is_ahead(label, self.eval.site.function) {
            return Some(Inside::Ahead);
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

/// Whether every jump to the label stands in front of it, in the same block or in another case of the same `switch`.
fn is_ahead<'t>(label: Node<'t>, function: Node<'t>) -> bool {
    let name = label.child(Field::Label).map(Node::text);
    let goes = |n: &Node<'t>| n.is(Kind::GotoStatement) && n.child(Field::Label).map(Node::text) == name;
    let case = label.parent().filter(|p| p.is(Kind::CaseStatement));
    let block = case.and_then(|c| c.parent()).or(label.parent()).filter(|p| p.is(Kind::CompoundStatement));
    let before = |j: Node<'t>| block.is_some_and(|b| b.encloses(j)) && j.span().start < label.span().start;
    function.descendants().filter(goes).all(before)
}

#[cfg(test)]
mod tests {
    use crate::walk::testing::verdict;

    #[test]
    fn a_jump_ahead_is_followed_with_what_is_known_on_both_ways() {
        let skips = (
            "see(object, parts[k], off, len);",
            "if (unwanted(object))\n\t\t\t\tgoto next;\n\t\t\tsee(object, parts[k], off, len);\nnext:\n\t\t\tcount(object);",
        );
        assert_eq!(verdict(&[skips]), "walk");
        let cut = (
            "off = 0;",
            "if (unwanted(object))\n\t\t\t\tgoto next;\n\t\t\toff = 0;\nnext:\n\t\t\tcount(object);",
        );
        assert!(verdict(&[cut]).starts_with("offset-not-reset"));
        let gone = (
            "off = 0;",
            "if (unwanted(object))\n\t\t\t\tgoto next;\n\t\t\tcount(object);\nnext:\n\t\t\toff = 0;",
        );
        assert_eq!(verdict(&[gone]), "walk");
        let cases = (
            "see(object, parts[k], off, len);",
            "switch (kind(object)) {\n\t\t\tcase 0:\n\t\t\t\tgoto plain;\n\t\t\tdefault:\nplain:\n\t\t\t\tcount(object);\n\t\t\t}\n\t\t\tsee(object, parts[k], off, len);",
        );
        assert_eq!(verdict(&[cases]), "walk");
    }
}
