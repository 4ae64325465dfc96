//! What straight code leaves in the elements of an array that it fills.
//!
//! In: statements that write fields of the first, the last or all elements of one batch. Out: what each
//! field holds then, for the only element of a batch, the first, one in the middle, and the last. It
//! refuses, by knowing nothing, values that are not quantities of the walk.

use crate::syntax::{Field, Kind, Node};
use crate::walk::eval::{Evaluator, unwrapped};
use crate::walk::state::State;
use crate::walk::sym::{Atom, Sym};

/// Which element of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// The first, which may be the last.
    First,
    /// The last, which may be the first.
    Last,
    /// Each of them.
    Each,
}

/// What a field holds in the only, the first, a middle and the last element; `None` where nothing wrote it.
type Values = [Option<Sym>; 4];

/// A field of the elements: the array and the field as they are spelled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) array: String,
    pub(super) field: String,
}

/// What a field turned out to be for every element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Where the piece starts, with zero taken to be there where nothing is written.
    Offset,
    /// How long it is.
    Length,
}

/// An expression of an element: it names the element by `index`, and `spell` spells the code of another function here.
pub(super) struct Template<'p> {
    pub(super) index: &'p str,
    pub(super) spell: &'p dyn Fn(Node<'_>) -> String,
}

/// The elements of one batch.
#[derive(Debug, Default)]
pub(super) struct Elements {
    /// In the order in which they were written first.
    fields: Vec<(Place, Values)>,
}

impl Elements {
    /// Whether anything was written.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&Place, Meaning)> {
        self.fields.iter().filter_map(|(place, values)| Some((place, meaning(values)?)))
    }

    /// Whether every field is the same for every element, told from the element alone.
    pub(super) fn all_understood(&self) -> bool {
        !self.fields.is_empty() && self.fields.iter().all(|(_, values)| meaning(values).is_some())
    }

    /// Whether an offset is taken to be zero where nothing writes it.
    pub(super) fn takes_zero(&self) -> bool {
        self.fields.iter().any(|(_, v)| meaning(v) == Some(Meaning::Offset) && v.iter().any(Option::is_none))
    }

    fn of(&self, place: &Place) -> Option<&Values> {
        self.fields.iter().find(|(known, _)| known == place).map(|(_, values)| values)
    }

    /// `field operator value` for some elements; whether the value is understood.
    pub(super) fn write(
        &mut self,
        which: Which,
        place: Place,
        operator: &str,
        value: &dyn Fn(usize) -> Option<Sym>,
    ) -> bool {
        let elements: &[usize] = match which {
            Which::First => &[0, 1],
            Which::Last => &[0, 3],
            Which::Each => &[0, 1, 2, 3],
        };
        let before = self.of(&place).cloned().unwrap_or_default();
        let mut after = before.clone();
        for at in elements {
            let old = before[*at].clone().unwrap_or_default();
            let Some(given) = value(*at) else { return false };
            let new = match operator {
                "=" => Some(given),
                "+=" => old.plus(&given),
                "-=" => old.minus(&given),
                _ => None,
            };
            if new.is_none() {
                return false;
            }
            after[*at] = new;
        }
        match self.fields.iter_mut().find(|(known, _)| *known == place) {
            Some((_, values)) => *values = after,
            None => self.fields.push((place, after)),
        }
        true
    }

    /// The value of an expression over fields of the element itself.
    pub(super) fn value(
        &self,
        eval: &Evaluator<'_, '_>,
        node: Node<'_>,
        template: &Template<'_>,
        at: usize,
    ) -> Option<Sym> {
        let node = unwrapped(node);
        if let Some((place, index)) = element_field(node, template.spell) {
            let known = self.of(&place).and_then(|values| values[at].clone());
            return (index == template.index).then(|| known.unwrap_or_default());
        }
        match node.kind() {
            Kind::NumberLiteral => crate::walk::eval::number(node.text()).map(Sym::constant),
            Kind::Identifier => {
                ((template.spell)(node) == eval.spec.unit_name()).then(|| Sym::atom(Atom::Unit))
            }
            Kind::BinaryExpression => {
                let left = self.value(eval, node.child(Field::Left)?, template, at)?;
                let right = self.value(eval, node.child(Field::Right)?, template, at)?;
                match node.operator()? {
                    "+" => left.plus(&right),
                    "-" => left.minus(&right),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// `array[index].field` and the index, as they are spelled.
pub(super) fn element_field(node: Node<'_>, spell: &dyn Fn(Node<'_>) -> String) -> Option<(Place, String)> {
    let owner = node.child(Field::Argument).filter(|_| node.is(Kind::FieldExpression))?;
    let array = owner.child(Field::Argument).filter(|_| owner.is(Kind::SubscriptExpression))?;
    let index = owner.child(Field::Index)?;
    let field = node.child(Field::Field)?.text().to_owned();
    Some((Place { array: spell(array), field }, spell(index)))
}

/// What is left of the last element behind the batch's end: `(unit - end) & (unit - 1)`, `count * unit - end`.
pub(super) fn room_behind<'t>(eval: &Evaluator<'_, 't>, node: Node<'t>, state: &State<'t>) -> bool {
    let node = unwrapped(node);
    let value = |n: Node<'t>| eval.value(n, &mut state.clone()).quantity().cloned();
    let end = Sym::atom(Atom::Got).plus(&Sym::atom(Atom::Offset));
    let whole_units =
        |sym: &Sym| sym.as_constant() == Some(0) || sym.quotient().and_then(|q| q.as_constant()).is_some();
    if node.operator() == Some("&") {
        let sides = node.child(Field::Left).zip(node.child(Field::Right));
        let Some((left, right)) = sides.and_then(|(l, r)| Some((value(l)?, value(r)?))) else { return false };
        let mask = Sym::atom(Atom::Unit).minus(&Sym::constant(1));
        let missing = if Some(&right) == mask.as_ref() { left } else { right.clone() };
        let masked = Some(&right) == mask.as_ref() || Some(&missing) == mask.as_ref();
        return masked && end.and_then(|end| missing.plus(&end)).is_some_and(|sum| whole_units(&sum));
    }
    let whole = crate::walk::induct::count_formula().and_then(|count| count.product(&Sym::atom(Atom::Unit)));
    value(node).is_some_and(|sym| Some(sym) == whole.zip(end).and_then(|(whole, end)| whole.minus(&end)))
}

/// A field that holds the same for every element.
fn meaning(values: &Values) -> Option<Meaning> {
    let (unit, offset, got) = (Sym::atom(Atom::Unit), Sym::atom(Atom::Offset), Sym::atom(Atom::Got));
    let zero = |v: &Option<Sym>| v.as_ref().is_none_or(|s| s.as_constant() == Some(0));
    let [only, first, middle, last] = values;
    if only.as_ref() == Some(&offset) && first.as_ref() == Some(&offset) && zero(middle) && zero(last) {
        return Some(Meaning::Offset);
    }
    // The room behind the end of the batch is `Marked`; in an only element it is what the piece leaves.
    let left = unit.minus(&offset)?.minus(&got)?;
    let alone = only.as_ref()?.substitute(&Atom::Marked, &left)?;
    let cut = unit.minus(&Sym::atom(Atom::Marked))?;
    let is_length = alone == got
        && first.as_ref() == unit.minus(&offset).as_ref()
        && middle.as_ref() == Some(&unit)
        && last.as_ref() == Some(&cut);
    is_length.then_some(Meaning::Length)
}
