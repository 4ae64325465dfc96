//! Conditions that end the outer loop besides there being nothing left to walk.
//!
//! In: what the code tests, and the places where something may change. Out: whether such a condition is
//! known to hold at the end of a turn, so that the loop goes on, or not to hold, so that it has been left
//! without an error. Only conditions of the outer loop are remembered; any call and any assignment that is
//! kept makes them forgotten.
//!
//! Capability 1 (tests/README.md): loops in one form, cursors by induction.

use super::eval::{Evaluator, unwrapped};
use super::state::State;
use super::truth::Relation;
use crate::syntax::{Field, Kind, Node};

/// Whether another turn follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Another<'t> {
    /// It does, if anything is left.
    Follows,
    /// It does not.
    EndsHere,
    /// If these hold.
    If(Vec<Node<'t>>),
}

impl<'t> Evaluator<'_, 't> {
    /// What is remembered of a condition of the outer loop.
    pub(super) fn remembered(&self, condition: Node<'t>, state: &State<'t>) -> Option<bool> {
        if self.site.also.is_empty() {
            return None;
        }
        let (text, holds) = self.normal(condition);
        state.conditions.get(&text).map(|known| *known == holds)
    }

    /// Remember that a condition of the outer loop holds, or does not.
    pub(super) fn remember(&self, condition: Node<'t>, holds: bool, state: &mut State<'t>) {
        let (text, positive) = self.normal(condition);
        if self.site.also.iter().any(|own| self.normal(*own).0 == text) {
            state.conditions.insert(text, positive == holds);
        }
    }

    /// Every condition of the outer loop holds when a turn begins.
    pub(super) fn begin_turn(&self, state: &mut State<'t>) {
        for condition in &self.site.also {
            self.remember(*condition, true, state);
        }
    }

    /// Whether another turn follows one that ends like this.
    pub(super) fn another(&self, state: &State<'t>) -> Another<'t> {
        let known = |node: &Node<'t>| self.remembered(*node, state);
        if self.site.also.iter().any(|c| known(c) == Some(false)) {
            return Another::EndsHere;
        }
        let open: Vec<Node<'t>> = self.site.also.iter().copied().filter(|c| known(c).is_none()).collect();
        if open.is_empty() { Another::Follows } else { Another::If(open) }
    }

    /// A form in which a condition and its negation meet, and whether the condition holds when that does.
    fn normal(&self, condition: Node<'t>) -> (String, bool) {
        let condition = self.seen_through(unwrapped(condition));
        let sides = (condition.child(Field::Left), condition.child(Field::Right));
        match (condition.kind(), condition.operator(), sides) {
            (Kind::UnaryExpression, Some("!"), _) => match condition.child(Field::Argument) {
                Some(inner) => {
                    let (text, holds) = self.normal(inner);
                    (text, !holds)
                }
                None => (condition.squeezed(), true),
            },
            (Kind::BinaryExpression, Some(operator), (Some(left), Some(right))) => {
                let (left, right) = (unwrapped(left).squeezed(), unwrapped(right).squeezed());
                match Relation::of(operator) {
                    Some(Relation::Equal) if right == "0" => (left, false),
                    Some(Relation::NotEqual) if right == "0" => (left, true),
                    Some(Relation::Less) => (format!("{left}<{right}"), true),
                    Some(Relation::GreaterEqual) => (format!("{left}<{right}"), false),
                    Some(Relation::Greater) => (format!("{right}<{left}"), true),
                    Some(Relation::LessEqual) => (format!("{right}<{left}"), false),
                    Some(Relation::Equal) => (format!("{left}=={right}"), true),
                    Some(Relation::NotEqual) => (format!("{left}=={right}"), false),
                    None => (condition.squeezed(), true),
                }
            }
            _ => (condition.squeezed(), true),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::walk::testing::verdict;

    #[test]
    fn the_loop_goes_on_while_something_is_left() {
        for form in ["left_in(iter) > 0", "left_in(iter) != 0", "0 < left_in(iter)"] {
            assert_eq!(verdict(&[("left_in(iter)", form)]), "walk", "{form}");
        }
        let forever = [("while (left_in(iter)) {", "for (;;) {\n\t\tif (!left_in(iter))\n\t\t\tbreak;")];
        assert_eq!(verdict(&forever), "walk");
        assert_eq!(verdict(&[("left_in(iter)", "room(object)")]), "not-understood at room(object)");
    }

    #[test]
    fn room_is_asked_for_behind_each_element() {
        let room = ("left_in(iter)", "left_in(iter) && object->room > 0");
        assert_eq!(verdict(&[room]), "walk N2 N23");
    }
}
