//! A last statement that only tests the control variable and stops.
//!
//! In: the last statement of the moved code. Out: [`Tail`]: the return that follows can say the same in
//! fewer lines.

use super::callback::{Material, end_state};
use super::ways_out::{Drop, Value};
use crate::syntax::{Field, Kind, Node};
use crate::walk::eval::unwrapped;
use crate::walk::exits::known;
use crate::walk::output::Spelling;
use crate::walk::site::statements_of;
use crate::walk::sym::Sign;

/// What the last statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Something else.
    Plain,
    /// `if (control) stop;`: the control variable is what is returned.
    Control {
        /// Whether the stop drops the reference at the label.
        label: bool,
    },
    /// `if (control < 0) stop;`, where it may also be above zero, with the reference to drop in between.
    Negative,
}

impl Tail {
    /// Judge the last statement.
    pub fn of(material: &Material<'_, '_>, last: Option<Node<'_>>) -> Self {
        Self::find(material, last).unwrap_or(Tail::Plain)
    }

    /// Whether the stop would have gone to the label.
    pub fn is_label(self) -> bool {
        matches!(self, Tail::Control { label: true } | Tail::Negative)
    }

    fn find(material: &Material<'_, '_>, last: Option<Node<'_>>) -> Option<Self> {
        let last = last.filter(|n| n.is(Kind::IfStatement) && n.child(Field::Alternative).is_none())?;
        let control = material.walk.control?.id;
        let commented = last.descendants().any(|n| n.is(Kind::Comment));
        let ending = material.endings.iter().find(|e| last.encloses(e.jump))?;
        let gone = |n: &Node<'_>| material.walk.body.spellings.get(&n.span()) == Some(&Spelling::Gone);
        let kept = statements_of(last.child(Field::Consequence)?).into_iter().filter(|n| !gone(n)).count();
        if ending.value != Value::Control || kept != 1 || commented || ending.drop == Drop::Here {
            return None;
        }
        let label = ending.drop == Drop::AtLabel;
        let others = material.endings.iter().any(|e| e.drop == Drop::AtLabel && e.jump != ending.jump);
        let condition = unwrapped(last.child(Field::Condition)?);
        let is_control =
            |n: Option<Node<'_>>| n.and_then(|n| material.scopes.resolve(unwrapped(n))) == Some(control);
        let with_zero = |operator: &str| {
            condition.operator() == Some(operator)
                && is_control(condition.child(Field::Left))
                && condition.child(Field::Right).is_some_and(|r| r.text() == "0")
        };
        let zero_otherwise = known(&end_state(material), control).0 == Sign::Zero;
        if is_control(Some(condition)) || with_zero("!=") || with_zero("<") && zero_otherwise {
            Some(Tail::Control { label })
        } else if with_zero("<") && label && !others {
            Some(Tail::Negative)
        } else {
            None
        }
    }
}
