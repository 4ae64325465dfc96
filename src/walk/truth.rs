//! Conditions as facts about the walk.
//!
//! In: a condition and the [`State`] before it. Out: whether it holds, as far as that follows from the walk,
//! and what is known behind it if it holds or does not. It looks through macros that the rule says mean
//! nothing.
//!
//! Capability 2 (tests/README.md): arithmetic of pieces.

use super::eval::{Evaluator, arithmetic, quantity, unwrapped};
use super::matching::matches;
use super::spec::WalkSpec;
use super::state::{State, Value, Variable};
use super::sym::{Sign, Sym};
use crate::syntax::{Field, Kind, Node};

/// How the operands of a comparison stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
}

impl Relation {
    pub(super) fn of(operator: &str) -> Option<Self> {
        Some(match operator {
            "<" => Relation::Less,
            "<=" => Relation::LessEqual,
            ">" => Relation::Greater,
            ">=" => Relation::GreaterEqual,
            "==" => Relation::Equal,
            "!=" => Relation::NotEqual,
            _ => return None,
        })
    }

    /// Which signs of `left - right` make it true.
    fn signs(self) -> [bool; 3] {
        match self {
            Relation::Less => [true, false, false],
            Relation::LessEqual => [true, true, false],
            Relation::Greater => [false, false, true],
            Relation::GreaterEqual => [false, true, true],
            Relation::Equal => [false, true, false],
            Relation::NotEqual => [true, false, true],
        }
    }

    pub(super) fn negated(self) -> Self {
        match self {
            Relation::Less => Relation::GreaterEqual,
            Relation::LessEqual => Relation::Greater,
            Relation::Greater => Relation::LessEqual,
            Relation::GreaterEqual => Relation::Less,
            Relation::Equal => Relation::NotEqual,
            Relation::NotEqual => Relation::Equal,
        }
    }

    pub(super) fn mirrored(self) -> Self {
        match self {
            Relation::Less => Relation::Greater,
            Relation::LessEqual => Relation::GreaterEqual,
            Relation::Greater => Relation::Less,
            Relation::GreaterEqual => Relation::LessEqual,
            same => same,
        }
    }
}

impl<'t> Evaluator<'_, 't> {
    /// Whether a condition holds; assignments inside it change the state.
    pub fn truth(&self, condition: Node<'t>, state: &mut State<'t>) -> Option<bool> {
        let condition = self.seen_through(unwrapped(condition));
        if let Some(known) = self.remembered(condition, state) {
            return Some(known);
        }
        match condition.kind() {
            Kind::UnaryExpression if condition.operator() == Some("!") => {
                self.truth(condition.child(Field::Argument)?, state).map(|t| !t)
            }
            Kind::BinaryExpression => {
                let (left, right) = (condition.child(Field::Left)?, condition.child(Field::Right)?);
                match condition.operator()? {
                    "&&" => match self.truth(left, state) {
                        Some(false) => Some(false),
                        Some(true) => self.truth(right, state),
                        None => (self.perhaps(right, state) == Some(false)).then_some(false),
                    },
                    "||" => match self.truth(left, state) {
                        Some(true) => Some(true),
                        Some(false) => self.truth(right, state),
                        None => (self.perhaps(right, state) == Some(true)).then_some(true),
                    },
                    operator => {
                        let Some(relation) = Relation::of(operator) else {
                            return decided(self.sign_of(condition, state), Relation::NotEqual);
                        };
                        decided(self.sign_of_difference(left, right, state), relation)
                    }
                }
            }
            _ => decided(self.sign_of(condition, state), Relation::NotEqual),
        }
    }

    /// The truth of what may be asked for or not.
    fn perhaps(&self, condition: Node<'t>, state: &mut State<'t>) -> Option<bool> {
        let mut asked = state.clone();
        let truth = self.truth(condition, &mut asked);
        *state = std::mem::take(state).join(&asked);
        truth
    }

    fn sign_of(&self, node: Node<'t>, state: &mut State<'t>) -> Sign {
        let sign = self.sign(node, state);
        self.value(node, state);
        sign
    }

    fn sign_of_difference(&self, left: Node<'t>, right: Node<'t>, state: &mut State<'t>) -> Sign {
        let before = state.clone();
        let (a, b) = (self.value(left, state), self.value(right, state));
        if let Value::Quantity(difference) = arithmetic("-", &a, &b) {
            let difference = self.resolved(&difference);
            return match difference.sign(self.facts) {
                Sign::Unknown => by_positive(&difference, &before.positive),
                sign => sign,
            };
        }
        let is_zero = |v: &Value| v.quantity().and_then(Sym::as_constant) == Some(0);
        if is_zero(&b) {
            let assigned = unwrapped(left);
            let target =
                assigned.is(Kind::AssignmentExpression).then(|| assigned.child(Field::Left)).flatten();
            return match target {
                Some(target) => self.sign(target, state),
                None => self.sign(left, &before),
            };
        }
        Sign::Unknown
    }

    /// What the condition says about the variables in it.
    pub fn refine(&self, condition: Node<'t>, holds: bool, state: &mut State<'t>) {
        let condition = self.seen_through(unwrapped(condition));
        self.remember(condition, holds, state);
        match (condition.kind(), condition.operator()) {
            (Kind::UnaryExpression, Some("!")) => {
                if let Some(argument) = condition.child(Field::Argument) {
                    self.refine(argument, !holds, state);
                }
            }
            (Kind::BinaryExpression, Some(operator @ ("&&" | "||"))) => {
                if (operator == "&&") == holds {
                    for side in [Field::Left, Field::Right] {
                        if let Some(side) = condition.child(side) {
                            self.refine(side, holds, state);
                        }
                    }
                }
            }
            (Kind::BinaryExpression, Some(operator)) => {
                let Some(relation) = Relation::of(operator) else { return };
                let relation = if holds { relation } else { relation.negated() };
                let (Some(left), Some(right)) = (condition.child(Field::Left), condition.child(Field::Right))
                else {
                    return;
                };
                self.narrow(left, right, relation, state);
                self.narrow(right, left, relation.mirrored(), state);
            }
            _ => {
                let relation = if holds { Relation::NotEqual } else { Relation::Equal };
                self.narrow_variable(condition, relation, state);
            }
        }
    }

    fn narrow(&self, variable: Node<'t>, bound: Node<'t>, relation: Relation, state: &mut State<'t>) {
        let bound = self.value(bound, &mut state.clone());
        if bound.quantity().and_then(Sym::as_constant) == Some(0) {
            self.narrow_variable(variable, relation, state);
        }
    }

    fn narrow_variable(&self, node: Node<'t>, relation: Relation, state: &mut State<'t>) {
        let mut node = unwrapped(node);
        if node.is(Kind::AssignmentExpression) {
            let Some(left) = node.child(Field::Left) else { return };
            node = left;
        }
        let Some(id) = node.is(Kind::Identifier).then(|| self.scopes.resolve(node)).flatten() else { return };
        let variable = state.variables.entry(id).or_insert_with(Variable::unknown);
        variable.sign = variable.sign.meet(Sign::from_possible(relation.signs()));
        if !variable.sign.possible()[0]
            && let Some(value) = state.unless_failed.remove(&id)
        {
            variable.value = value;
        }
        if variable.sign == Sign::Zero && variable.value == Value::Unknown {
            variable.value = quantity(Some(Sym::constant(0)));
        }
    }

    /// A condition without the macros around it that the rule says mean nothing.
    pub fn seen_through(&self, condition: Node<'t>) -> Node<'t> {
        seen_through(self.spec, condition)
    }
}

/// A condition without the macros around it that the rule says mean nothing.
pub(super) fn seen_through<'t>(spec: &WalkSpec, condition: Node<'t>) -> Node<'t> {
    if !condition.is(Kind::CallExpression) {
        return condition;
    }
    for same in &spec.same {
        let Some(meaning) = same.meaning.single() else { continue };
        if meaning.is(Kind::Identifier)
            && let Some(bindings) = matches(&same.pattern, condition)
            && let Some(bound) = bindings.get(same.meaning.text_of(meaning))
        {
            return seen_through(spec, unwrapped(bound));
        }
    }
    condition
}

/// The sign of a quantity that differs from one that is above zero by a constant, or is its opposite but for one.
fn by_positive(sym: &Sym, positive: &[Sym]) -> Sign {
    let constant = |s: Option<Sym>| s.and_then(|s| s.as_constant());
    let above = positive.iter().filter_map(|p| constant(sym.minus(p))).max();
    let below = positive.iter().filter_map(|p| constant(sym.plus(p))).min();
    match (above, below) {
        (Some(c), _) if c >= 0 => Sign::Positive,
        (Some(-1), _) => Sign::NonNegative,
        (_, Some(c)) if c <= 0 => Sign::Negative,
        (_, Some(1)) => Sign::NonPositive,
        _ => Sign::Unknown,
    }
}

fn decided(sign: Sign, relation: Relation) -> Option<bool> {
    let (possible, wanted) = (sign.possible(), relation.signs());
    let some_true = (0..3).any(|i| possible[i] && wanted[i]);
    let some_false = (0..3).any(|i| possible[i] && !wanted[i]);
    match (some_true, some_false) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::walk::testing::verdict;

    fn while_left(condition: &str) -> String {
        verdict(&[("k = 0; got > 0; k++", &format!("k = 0; {condition}; k++"))])
    }

    #[test]
    fn that_pieces_are_left_is_asked_in_many_ways() {
        for condition in ["got", "got != 0", "0 < got"] {
            assert_eq!(while_left(condition), "walk", "{condition}");
        }
    }

    #[test]
    fn what_holds_for_other_amounts_as_well_is_not_it() {
        for condition in ["got > 1", "got >= 0", "got > off", "got > UNIT"] {
            assert_ne!(while_left(condition), "walk", "{condition}");
        }
    }
}
