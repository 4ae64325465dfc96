//! Expressions as quantities of the walk.
//!
//! In: an expression and the [`State`] before it. Out: its [`Value`], its truth or its sign, as far as they
//! follow from the walk; assignments inside it are carried out on the state. Nothing is written down here:
//! what becomes of the text is [`super::machine`]'s business.
//!
//! Capability 2 (tests/README.md): arithmetic of pieces.

use super::matching::{Bindings, matches};
use super::site::Site;
use super::spec::WalkSpec;
use super::state::{State, Value, Variable};
use super::summary::returned_field;
use super::sym::{Atom, Facts, Sign, Sym};
use super::truth::Relation;
use crate::smpl::pattern::Pattern;
use crate::syntax::scope::{DeclId, Scopes};
use crate::syntax::types::WrittenType;
use crate::syntax::{Field, Kind, Node};

/// What evaluation needs to know about the place.
#[derive(Clone, Copy)]
pub struct Evaluator<'a, 't> {
    /// The walk.
    pub spec: &'a WalkSpec,
    /// The function's declarations.
    pub scopes: &'a Scopes<'t>,
    /// The acquisition.
    pub site: &'a Site<'t>,
    /// What may be assumed of the batch.
    pub facts: Facts,
}

impl<'t> Evaluator<'_, 't> {
    /// The value of an expression; assignments and increments inside it change the state.
    pub fn value(&self, node: Node<'t>, state: &mut State<'t>) -> Value {
        if let Some(value) = self.by_rule(node, state) {
            return value;
        }
        match node.kind() {
            Kind::Identifier => self.scopes.resolve(node).map_or(Value::Unknown, |id| state.value(id)),
            Kind::ParenthesizedExpression => {
                operand(node).map_or(Value::Unknown, |inner| self.value(inner, state))
            }
            Kind::CastExpression => {
                let value = operand(node).map_or(Value::Unknown, |inner| self.value(inner, state));
                let ty = node.child(Field::Type).and_then(WrittenType::of_type_name);
                ty.map_or(Value::Unknown, |ty| held(&ty, value))
            }
            Kind::NumberLiteral => {
                number(node.text()).map_or(Value::Unknown, |n| quantity(Some(Sym::constant(n))))
            }
            Kind::True => quantity(Some(Sym::constant(1))),
            Kind::False => quantity(Some(Sym::constant(0))),
            Kind::UnaryExpression => self.unary(node, state),
            Kind::BinaryExpression => self.binary(node, state),
            Kind::ConditionalExpression => self.conditional(node, state),
            Kind::SubscriptExpression => self.subscript(node, state),
            Kind::PointerExpression => self.pointer(node, state),
            Kind::FieldExpression => {
                self.field_key(node).and_then(|key| state.fields.get(&key).cloned()).unwrap_or_default()
            }
            Kind::AssignmentExpression => self.assignment(node, state),
            Kind::UpdateExpression => self.update(node, state),
            Kind::CommaExpression => {
                let sides = [node.child(Field::Left), node.child(Field::Right)];
                sides.into_iter().flatten().fold(Value::Unknown, |_, side| self.value(side, state))
            }
            _ => Value::Unknown,
        }
    }

    /// What the rule says about the expression: it is the unit, or it means the same as another.
    fn by_rule(&self, node: Node<'t>, state: &mut State<'t>) -> Option<Value> {
        if matches(&self.spec.unit, node).is_some() {
            return Some(quantity(Some(Sym::atom(Atom::Unit))));
        }
        if !matches!(node.kind(), Kind::CallExpression | Kind::BinaryExpression) {
            return None;
        }
        self.spec.same.iter().find_map(|same| {
            let bindings = matches(&same.pattern, node)?;
            let value = self.meaning(&same.meaning, same.meaning.single()?, &bindings, state);
            // A type among the arguments is the type of the result.
            let arguments = node.child(Field::Arguments).into_iter().flat_map(|a| a.named_children());
            let types =
                arguments.filter(|a| self.scopes.resolve(*a).is_none()).filter_map(WrittenType::of_argument);
            Some(types.fold(value, |value, ty| held(&ty, value)))
        })
    }

    /// The value of a rule's expression whose metavariables stand for expressions of the code.
    fn meaning(
        &self,
        pattern: &Pattern,
        node: Node<'_>,
        bindings: &Bindings<'t>,
        state: &mut State<'t>,
    ) -> Value {
        if let Some(bound) = bindings.get(pattern.text_of(node)) {
            return self.value(bound, state);
        }
        let mut side = |field| match node.child(field) {
            Some(child) => self.meaning(pattern, child, bindings, state),
            None => Value::Unknown,
        };
        match node.kind() {
            Kind::NumberLiteral => {
                number(node.text()).map_or(Value::Unknown, |n| quantity(Some(Sym::constant(n))))
            }
            Kind::Identifier if pattern.text_of(node) == self.spec.unit_name() => {
                quantity(Some(Sym::atom(Atom::Unit)))
            }
            Kind::ParenthesizedExpression => {
                operand(node).map_or(Value::Unknown, |inner| self.meaning(pattern, inner, bindings, state))
            }
            Kind::BinaryExpression => {
                let (left, right) = (side(Field::Left), side(Field::Right));
                arithmetic(node.operator().unwrap_or_default(), &left, &right)
            }
            Kind::ConditionalExpression => {
                let (then, otherwise) = (side(Field::Consequence), side(Field::Alternative));
                let Some(condition) = node.child(Field::Condition) else { return Value::Unknown };
                let Some(relation) = condition.operator().and_then(Relation::of) else {
                    return Value::Unknown;
                };
                let mut term = |field| match condition.child(field) {
                    Some(child) => self.meaning(pattern, child, bindings, state),
                    None => Value::Unknown,
                };
                let (left, right) = (term(Field::Left), term(Field::Right));
                chosen(relation, &left, &right, &then, &otherwise)
            }
            _ => Value::Unknown,
        }
    }

    fn unary(&self, node: Node<'t>, state: &mut State<'t>) -> Value {
        let Some(argument) = node.child(Field::Argument) else { return Value::Unknown };
        let value = self.value(argument, state);
        match (node.operator(), value) {
            (Some("-"), Value::Quantity(sym)) => quantity(sym.times(-1)),
            (Some("+"), value) => value,
            (Some("!"), Value::Quantity(sym)) => match self.resolved(&sym).as_constant() {
                Some(c) => quantity(Some(Sym::constant(i64::from(c == 0)))),
                None => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }

    fn binary(&self, node: Node<'t>, state: &mut State<'t>) -> Value {
        let (Some(left), Some(right)) = (node.child(Field::Left), node.child(Field::Right)) else {
            return Value::Unknown;
        };
        let left = self.value(left, state);
        let right = self.value(right, state);
        arithmetic(node.operator().unwrap_or_default(), &left, &right)
    }

    fn conditional(&self, node: Node<'t>, state: &mut State<'t>) -> Value {
        let Some(condition) = node.child(Field::Condition).map(unwrapped) else { return Value::Unknown };
        let side = |field| node.child(field).map_or(Value::Unknown, |n| self.value(n, &mut state.clone()));
        let (then, otherwise) = (side(Field::Consequence), side(Field::Alternative));
        if let Some(relation) = condition.operator().and_then(Relation::of)
            && let (Some(left), Some(right)) = (condition.child(Field::Left), condition.child(Field::Right))
        {
            let (left, right) = (self.value(left, state), self.value(right, state));
            let value = chosen(relation, &left, &right, &then, &otherwise);
            if value != Value::Unknown {
                return value;
            }
        }
        match self.truth(condition, state) {
            Some(true) => then,
            Some(false) => otherwise,
            None if then == otherwise => then,
            None => Value::Unknown,
        }
    }

    fn subscript(&self, node: Node<'t>, state: &mut State<'t>) -> Value {
        let array = node.child(Field::Argument).and_then(|a| self.scopes.resolve(a));
        let Some(index) = node.child(Field::Index) else { return Value::Unknown };
        let start = match node.child(Field::Argument).map(|a| self.value(a, state)) {
            Some(Value::Slot(start)) => start,
            _ if array == Some(self.site.batch) => Sym::constant(0),
            _ => return Value::Unknown,
        };
        match self.value(index, state) {
            Value::Quantity(index) => start.plus(&index).map_or(Value::Unknown, Value::Element),
            _ => Value::Unknown,
        }
    }

    /// `*p` and `&a[i]` of the array of elements.
    fn pointer(&self, node: Node<'t>, state: &mut State<'t>) -> Value {
        let Some(argument) = node.child(Field::Argument) else { return Value::Unknown };
        match (node.operator(), self.value(unwrapped(argument), state)) {
            (Some("*"), Value::Slot(index)) => Value::Element(index),
            (Some("&"), Value::Element(index)) if unwrapped(argument).is(Kind::SubscriptExpression) => {
                Value::Slot(index)
            }
            _ => Value::Unknown,
        }
    }

    fn assignment(&self, node: Node<'t>, state: &mut State<'t>) -> Value {
        let (Some(left), Some(right)) = (node.child(Field::Left), node.child(Field::Right)) else {
            return Value::Unknown;
        };
        let value = self.value(right, state);
        if let Some(key) = self.field_key(left) {
            let operator = node.operator().unwrap_or("=").trim_end_matches('=');
            let value = match state.fields.get(&key).filter(|_| !operator.is_empty()) {
                Some(before) => arithmetic(operator, before, &value),
                None if operator.is_empty() => value,
                None => Value::Unknown,
            };
            return set_field(key, value, state);
        }
        let Some(id) = self.scopes.resolve(left) else { return Value::Unknown };
        let operator = node.operator().unwrap_or("=").trim_end_matches('=');
        let unless_failed = if operator.is_empty() { self.unless_failed(right, state) } else { None };
        let value = if operator.is_empty() { value } else { arithmetic(operator, &state.value(id), &value) };
        self.assign(id, value.clone(), Some(right), state);
        state.unless_failed.extend(unless_failed.map(|value| (id, value)));
        value
    }

    /// What a call gives unless it fails: a field of a local aggregate that it is handed.
    fn unless_failed(&self, call: Node<'t>, state: &State<'t>) -> Option<Value> {
        let (argument, field) = returned_field(call)?;
        let handed = argument.child(Field::Argument).filter(|_| argument.operator() == Some("&"))?;
        state.fields.get(&(self.scopes.resolve(handed)?, field.to_owned())).cloned()
    }

    /// `x.f` of a local aggregate, and `x->f` where pointers are followed.
    fn field_key(&self, node: Node<'t>) -> Option<(DeclId, String)> {
        let followed = self.site.through_pointers && node.operator() == Some("->");
        if !node.is(Kind::FieldExpression) || node.operator() != Some(".") && !followed {
            return None;
        }
        let owner = self.scopes.resolve(node.child(Field::Argument)?)?;
        Some((owner, node.child(Field::Field)?.text().to_owned()))
    }

    /// What a designated initialiser says of the fields.
    pub fn designated(&self, id: DeclId, initializer: Node<'t>, state: &mut State<'t>) {
        if !initializer.is(Kind::InitializerList) {
            return;
        }
        for pair in initializer.named_children().filter(|n| n.is(Kind::InitializerPair)) {
            let Some(designator) = pair.child(Field::Designator).and_then(|d| d.named_children().last())
            else {
                continue;
            };
            let value = pair.child(Field::Value).map_or(Value::Unknown, |v| self.value(v, state));
            if value != Value::Unknown {
                state.fields.insert((id, designator.text().to_owned()), value);
            }
        }
    }

    fn update(&self, node: Node<'t>, state: &mut State<'t>) -> Value {
        let step = if node.operator() == Some("--") { -1 } else { 1 };
        let next = |before: &Value| arithmetic("+", before, &quantity(Some(Sym::constant(step))));
        let prefix = node.children().next().is_some_and(|c| c.is(Kind::Token));
        let argument = node.child(Field::Argument);
        if let Some(key) = argument.and_then(|a| self.field_key(a)) {
            let before = state.fields.get(&key).cloned().unwrap_or_default();
            let after = set_field(key, next(&before), state);
            return if prefix { after } else { before };
        }
        let Some(id) = argument.and_then(|a| self.scopes.resolve(a)) else {
            return Value::Unknown;
        };
        let before = state.value(id);
        let after = next(&before);
        self.assign(id, after.clone(), None, state);
        if prefix { after } else { before }
    }

    /// Give a variable a value; its sign follows from the value, or from the expression that is assigned.
    pub fn assign(&self, id: DeclId, value: Value, set_by: Option<Node<'t>>, state: &mut State<'t>) {
        let ty = &self.scopes.declaration(id).ty;
        let value = held(ty, value);
        let sign = match &value {
            Value::Quantity(sym) => self.resolved(sym).sign(self.facts),
            _ => set_by.map_or(Sign::Unknown, |node| self.sign(node, state)),
        };
        let changes = ty.is_narrow() && sign != Sign::Zero || ty.is_unsigned() && sign.possible()[0];
        let sign = if changes { Sign::Unknown } else { sign };
        state.set(id, Variable { value, sign, set_by, spelled_otherwise: false });
    }

    /// A quantity with everything resolved that the facts decide.
    pub fn resolved(&self, sym: &Sym) -> Sym {
        sym.under(self.facts).unwrap_or_else(|| sym.clone())
    }

    /// The sign of an expression that is not necessarily part of the walk.
    pub fn sign(&self, node: Node<'t>, state: &State<'t>) -> Sign {
        if self.spec.negative.iter().any(|p| matches(p, node).is_some()) {
            return Sign::Negative;
        }
        if let Value::Quantity(sym) = self.value(node, &mut state.clone()) {
            return self.resolved(&sym).sign(self.facts);
        }
        match node.kind() {
            Kind::Identifier => {
                let variable = self.scopes.resolve(node).and_then(|id| state.variables.get(&id));
                variable.map_or(Sign::Unknown, |v| v.sign)
            }
            Kind::ParenthesizedExpression | Kind::CastExpression => {
                let ty = node.child(Field::Type).and_then(WrittenType::of_type_name);
                let changes = ty.is_some_and(|ty| ty.is_narrow() || ty.is_unsigned());
                operand(node).filter(|_| !changes).map_or(Sign::Unknown, |inner| self.sign(inner, state))
            }
            Kind::UnaryExpression if node.operator() == Some("-") => {
                let constant = node.child(Field::Argument).map(unwrapped);
                let is_constant = constant.is_some_and(|c| {
                    c.is(Kind::Identifier)
                        && self.scopes.resolve(c).is_none()
                        && c.text()
                            .chars()
                            .all(|ch| ch.is_ascii_uppercase() || ch.is_ascii_digit() || ch == '_')
                });
                if is_constant { Sign::Negative } else { Sign::Unknown }
            }
            Kind::ConditionalExpression => {
                let side = |field| node.child(field).map_or(Sign::Unknown, |n| self.sign(n, state));
                side(Field::Consequence).join(side(Field::Alternative))
            }
            _ => Sign::Unknown,
        }
    }
}

/// What is left of a value in a variable of that type: all of it, or what may have been cut is not known.
fn held(ty: &WrittenType, value: Value) -> Value {
    let fits = |sym: &Sym| match sym.as_constant() {
        Some(number) => (0..=1).contains(&number),
        None => sym.counts_elements(),
    };
    match value {
        Value::Quantity(sym) if ty.is_narrow() && !fits(&sym) => Value::Unknown,
        value => value,
    }
}

/// `relation(left, right) ? then : otherwise`, where that is a minimum or a maximum.
fn chosen(relation: Relation, left: &Value, right: &Value, then: &Value, otherwise: &Value) -> Value {
    let (Value::Quantity(a), Value::Quantity(b)) = (left, right) else { return Value::Unknown };
    let smaller_first = match relation {
        Relation::Less | Relation::LessEqual => true,
        Relation::Greater | Relation::GreaterEqual => false,
        _ => return Value::Unknown,
    };
    if then == left && otherwise == right {
        return quantity(if smaller_first { a.minimum(b) } else { a.maximum(b) });
    }
    if then == right && otherwise == left {
        return quantity(if smaller_first { a.maximum(b) } else { a.minimum(b) });
    }
    Value::Unknown
}

/// The value of an operation; pointers into the array go up and down, and the difference of two is a quantity.
pub(super) fn arithmetic(operator: &str, left: &Value, right: &Value) -> Value {
    let slot = |sym: Option<Sym>| sym.map_or(Value::Unknown, Value::Slot);
    let (a, b) = match (left, right, operator) {
        (Value::Quantity(a), Value::Quantity(b), _) | (Value::Slot(a), Value::Slot(b), "-") => (a, b),
        (Value::Slot(a), Value::Quantity(b), "+") | (Value::Quantity(a), Value::Slot(b), "+") => {
            return slot(a.plus(b));
        }
        (Value::Slot(a), Value::Quantity(b), "-") => return slot(a.minus(b)),
        _ => return Value::Unknown,
    };
    quantity(match operator {
        "+" => a.plus(b),
        "-" => a.minus(b),
        "*" => a.product(b).filter(|_| !leaves_its_type(a, b) && !leaves_its_type(b, a)),
        "/" if b.is_atom(&Atom::Unit) => a.quotient(),
        "%" if b.is_atom(&Atom::Unit) => a.quotient().and_then(|q| a.minus(&q.product(b)?)),
        "<<" => shifted(a, b),
        _ => None,
    })
}

/// Whether a multiple of a quantity may be more than a variable of any type holds.
fn leaves_its_type(quantity: &Sym, factor: &Sym) -> bool {
    const MOST: u64 = 4096;
    quantity.as_constant().is_none() && factor.as_constant().is_some_and(|n| n.unsigned_abs() > MOST)
}

/// `a << b` of numbers.
fn shifted(a: &Sym, b: &Sym) -> Option<Sym> {
    let by = u32::try_from(b.as_constant()?).ok()?;
    Some(Sym::constant(a.as_constant()?.checked_mul(1i64.checked_shl(by).filter(|_| by < 62)?)?))
}

pub(super) fn quantity(sym: Option<Sym>) -> Value {
    sym.map_or(Value::Unknown, Value::Quantity)
}

/// A decimal, octal or hexadecimal literal with or without a suffix.
pub fn number(text: &str) -> Option<i64> {
    let text = text.trim_end_matches(['u', 'U', 'l', 'L']);
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return i64::from_str_radix(hex, 16).ok();
    }
    match text.strip_prefix('0') {
        Some(octal) if !octal.is_empty() => i64::from_str_radix(octal, 8).ok(),
        _ => text.parse().ok(),
    }
}

/// What stands inside parentheses or behind a cast.
pub fn operand(node: Node<'_>) -> Option<Node<'_>> {
    match node.kind() {
        Kind::CastExpression => node.child(Field::Value),
        _ => node.named_children().next(),
    }
}

/// An expression without the parentheses around it.
pub fn unwrapped(node: Node<'_>) -> Node<'_> {
    match node.kind() {
        Kind::ParenthesizedExpression => operand(node).map_or(node, unwrapped),
        _ => node,
    }
}

/// Remember what a field holds, or that it is not known.
fn set_field(key: (DeclId, String), value: Value, state: &mut State<'_>) -> Value {
    match value {
        Value::Unknown => state.fields.remove(&key),
        _ => state.fields.insert(key, value.clone()),
    };
    value
}

/// Whether it is an error by its name: `-ENAME`.
pub fn is_error_name(value: Node<'_>) -> bool {
    let name = value.child(Field::Argument).filter(|_| value.operator() == Some("-"));
    name.is_some_and(|n| {
        n.is(Kind::Identifier) && n.text().chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use crate::walk::testing::verdict;

    fn of_length(length: &str) -> String {
        verdict(&[("smaller(got, UNIT - off)", length)])
    }

    #[test]
    fn a_quantity_is_the_same_in_other_words() {
        for length in [
            "got < UNIT - off ? got : UNIT - off",
            "(size_t)smaller(got, UNIT - off)",
            "smaller((got), UNIT - (off + 0))",
            "smaller(1 * got, UNIT - off)",
        ] {
            assert_eq!(of_length(length), "walk", "{length}");
        }
    }

    #[test]
    fn another_quantity_is_told_from_it() {
        for length in
            ["smaller(got, UNIT + off)", "smaller(got, 2 * UNIT - off)", "smaller(got * 5000, UNIT - off)"]
        {
            assert_ne!(of_length(length), "walk", "{length}");
        }
    }
}
