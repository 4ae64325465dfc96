//! Dots as an operand: `E op ...`.
//!
//! In: a binary expression of a pattern whose right side is dots, and an expression. Out: every way to match them.

use super::environment::Environment;
use super::node::Matcher;
use crate::smpl::pattern::{Leaf, Slot};
use crate::smpl::token::Mark;
use crate::syntax::{Field, Kind, Node};

/// `E op ...`
#[derive(Clone, Copy)]
pub(super) struct OperandDots<'p> {
    operand: Node<'p>,
    operator: Node<'p>,
    dots: Node<'p>,
}

impl<'p> Matcher<'p> {
    /// The parts of `E op ...` where nothing of the operator changes, or all goes.
    pub(super) fn operand_dots(&self, p: Node<'p>) -> Option<OperandDots<'p>> {
        let dots = p.child(Field::Right).filter(|_| p.is(Kind::BinaryExpression))?;
        if !matches!(self.whole_leaf(dots), Leaf::Slot(Slot::Dots(_))) {
            return None;
        }
        let (operand, operator) = (p.child(Field::Left)?, p.child(Field::Operator)?);
        let kept = |mark: Mark| matches!(mark, Mark::Context | Mark::Star);
        let context = |n: Node<'p>| self.pattern.piece(n).is_some_and(|x| kept(x.atom.mark));
        let all_minus = || self.pattern.pieces_of(p).iter().all(|x| x.atom.mark == Mark::Minus);
        let found = OperandDots { operand, operator, dots };
        (context(dots) && context(operator) || all_minus()).then_some(found)
    }

    /// `E op ...`: the operand stands alone, or anywhere among the operands of a chain of that operator; the dots stand for
    /// all others. Alone, an operand of `&&` or `||` is one only where it is tested.
    pub(super) fn operand(&self, p: OperandDots<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let is_one = !matches!(p.operator.text(), "&&" | "||") || super::iso::is_tested(c);
        let mut out = if is_one { self.node(p.operand, c, env) } else { Vec::new() };
        let parts = (c.child(Field::Left), c.child(Field::Operator), c.child(Field::Right));
        let (Some(left), Some(code), Some(right)) = parts else { return out };
        if !c.is(Kind::BinaryExpression) {
            return out;
        }
        let Some(env) = self.token(p.operator, code, env) else { return out };
        for (near, rest) in [(left, right), (right, left)] {
            if let Some(env) = self.noted(p.dots, rest.span(), rest, &env) {
                out.extend(self.operand(p, near, &env));
            }
        }
        out
    }

    /// `E op ...` of which only a part goes: the operand stands first.
    pub(super) fn binary(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let dots = p.child(Field::Right).filter(|r| matches!(self.whole_leaf(*r), Leaf::Slot(Slot::Dots(_))));
        let (Some(dots), Some(operand), Some(operator)) =
            (dots, p.child(Field::Left), p.child(Field::Operator))
        else {
            return self.lockstep(p, c, env);
        };
        let parts = (c.child(Field::Left), c.child(Field::Operator), c.child(Field::Right));
        let (Some(left), Some(code), Some(right)) = parts else { return Vec::new() };
        let Some(env) = self.token(operator, code, env).filter(|_| c.is(Kind::BinaryExpression)) else {
            return Vec::new();
        };
        let found = self.node(operand, left, &env);
        found.into_iter().filter_map(|env| self.noted(dots, right.span(), right, &env)).collect()
    }
}
