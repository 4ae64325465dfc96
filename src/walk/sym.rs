//! Symbolic quantities of a batch walk, in a normal form in which equal ones are equal.
//!
//! In: sums, products with constants, minima and quotients over the walk's atoms. Out: [`Sym`], and what is
//! known about its sign under [`Facts`]. It refuses what is not of that form: such a quantity is not a
//! [`Sym`] at all.
//!
//! A minimum is kept as `a + min(0, b - a)` and a quotient by the unit as `c + ⌊(x - c·unit) / unit⌋`, so
//! that the many ways in which people write a piece's length, or the number of elements in a batch, meet in
//! one form.
//!
//! Capability 2 (tests/README.md): arithmetic of pieces.

use crate::syntax::scope::DeclId;
use std::collections::BTreeMap;
use std::fmt;

/// What a symbolic quantity is made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Atom {
    /// What one acquisition got: bytes, or elements if the walk has no pieces.
    Got,
    /// Where the first piece starts in the first element.
    Offset,
    /// Bytes in an element.
    Unit,
    /// Elements in the batch.
    Count,
    /// The element of this iteration, from 0.
    Index,
    /// Where this iteration's piece starts.
    From,
    /// Bytes of the batch that are still to be walked, this iteration's included.
    Remaining,
    /// What was left to walk, or what had been walked, when this batch was acquired.
    Total,
    /// A variable's own value at the start of the turn.
    Before(DeclId),
    /// A place-holder during substitution.
    Marked,
    /// `min(0, x)`.
    Negative(Box<Sym>),
    /// `⌊x / unit⌋`.
    Quotient(Box<Sym>),
    /// `unit · ⌊x / unit⌋`.
    Floor(Box<Sym>),
}

/// A linear form over [`Atom`]s.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sym {
    /// No coefficient is 0.
    terms: BTreeMap<Atom, i64>,
    constant: i64,
}

/// What is known about the sign of a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Below zero.
    Negative,
    /// Zero.
    Zero,
    /// Above zero.
    Positive,
    /// Zero or above.
    NonNegative,
    /// Zero or below.
    NonPositive,
    /// Anything but zero.
    NonZero,
    /// Nothing.
    Unknown,
}

impl Sign {
    /// Whether the quantity can be below zero, zero, above zero.
    pub fn possible(self) -> [bool; 3] {
        match self {
            Sign::Negative => [true, false, false],
            Sign::Zero => [false, true, false],
            Sign::Positive => [false, false, true],
            Sign::NonNegative => [false, true, true],
            Sign::NonPositive => [true, true, false],
            Sign::NonZero => [true, false, true],
            Sign::Unknown => [true, true, true],
        }
    }

    /// The sign with exactly those possibilities; none at all (an unreachable place) counts as unknown.
    pub fn from_possible(possible: [bool; 3]) -> Sign {
        match possible {
            [true, false, false] => Sign::Negative,
            [false, true, false] => Sign::Zero,
            [false, false, true] => Sign::Positive,
            [false, true, true] => Sign::NonNegative,
            [true, true, false] => Sign::NonPositive,
            [true, false, true] => Sign::NonZero,
            _ => Sign::Unknown,
        }
    }

    /// What is known when either may hold.
    pub fn join(self, other: Sign) -> Sign {
        let (a, b) = (self.possible(), other.possible());
        Sign::from_possible([a[0] || b[0], a[1] || b[1], a[2] || b[2]])
    }

    /// What is known when both hold.
    pub fn meet(self, other: Sign) -> Sign {
        let (a, b) = (self.possible(), other.possible());
        Sign::from_possible([a[0] && b[0], a[1] && b[1], a[2] && b[2]])
    }
}

/// The circumstances under which a sign is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Facts {
    /// One batch is one piece of one element: `0 < got ≤ unit - offset`.
    UnitBatch,
    /// Some iteration of a batch of any size: `0 ≤ from < unit`, `0 < remaining`, `0 < got`.
    Iteration,
    /// Right after an acquisition, whatever it got.
    Acquired,
}

impl Sym {
    /// A constant.
    pub fn constant(value: i64) -> Sym {
        Sym { terms: BTreeMap::new(), constant: value }
    }

    /// One atom.
    pub fn atom(atom: Atom) -> Sym {
        Sym { terms: BTreeMap::from([(atom, 1)]), constant: 0 }
    }

    /// Its value, if it is a constant.
    pub fn as_constant(&self) -> Option<i64> {
        self.terms.is_empty().then_some(self.constant)
    }

    /// Whether it is exactly that atom.
    pub fn is_atom(&self, atom: &Atom) -> bool {
        *self == Sym::atom(atom.clone())
    }

    /// Whether an atom stands in it, at its top.
    pub fn has(&self, atom: &Atom) -> bool {
        self.terms.contains_key(atom)
    }

    /// Whether it tells nothing but how many elements there are, or which of them it is.
    pub fn counts_elements(&self) -> bool {
        self.terms.keys().all(|atom| matches!(atom, Atom::Count | Atom::Index | Atom::Quotient(_)))
    }

    /// Whether it is what a variable was before and what came with the batch.
    pub fn is_a_sum(&self) -> bool {
        self.terms.keys().any(|atom| matches!(atom, Atom::Before(_)))
    }

    /// `self + other`; `None` on overflow.
    pub fn plus(&self, other: &Sym) -> Option<Sym> {
        let mut sum = self.clone();
        sum.constant = sum.constant.checked_add(other.constant)?;
        for (atom, factor) in &other.terms {
            let term = sum.terms.entry(atom.clone()).or_insert(0);
            *term = term.checked_add(*factor)?;
        }
        sum.terms.retain(|_, factor| *factor != 0);
        Some(sum)
    }

    /// `factor · self`; `None` on overflow.
    pub fn times(&self, factor: i64) -> Option<Sym> {
        let mut product = Sym::constant(self.constant.checked_mul(factor)?);
        for (atom, old) in &self.terms {
            product.terms.insert(atom.clone(), old.checked_mul(factor)?);
        }
        product.terms.retain(|_, f| *f != 0);
        Some(product)
    }

    /// `self - other`; `None` on overflow.
    pub fn minus(&self, other: &Sym) -> Option<Sym> {
        self.plus(&other.times(-1)?)
    }

    /// The product, if one side is a constant, or a quotient meets the unit.
    pub fn product(&self, other: &Sym) -> Option<Sym> {
        if let Some(c) = self.as_constant() {
            return other.times(c);
        }
        if let Some(c) = other.as_constant() {
            return self.times(c);
        }
        let (quotient, unit) = if other.is_atom(&Atom::Unit) { (self, other) } else { (other, self) };
        if !unit.is_atom(&Atom::Unit) {
            return None;
        }
        let mut out = Sym::atom(Atom::Unit).times(quotient.constant)?;
        for (atom, factor) in &quotient.terms {
            let units = match atom {
                Atom::Quotient(x) => Sym::atom(Atom::Floor(x.clone())),
                Atom::Index => Sym::place()?.minus(&Sym::atom(Atom::From))?,
                _ => return None,
            };
            out = out.plus(&units.times(*factor)?)?;
        }
        Some(out)
    }

    /// Where the piece starts, counted from the start of the first element: `index · unit + from`.
    pub fn place() -> Option<Sym> {
        Sym::atom(Atom::Offset).plus(&Sym::atom(Atom::Got))?.minus(&Sym::atom(Atom::Remaining))
    }

    /// `⌊self / unit⌋`, for a quantity that is not below zero.
    pub fn quotient(&self) -> Option<Sym> {
        let mut whole = Sym::constant(0);
        let mut rest = self.clone();
        if let Some(units) = rest.terms.remove(&Atom::Unit) {
            whole = whole.plus(&Sym::constant(units))?;
        }
        let floors: Vec<(Atom, i64)> = rest
            .terms
            .iter()
            .filter(|(a, _)| matches!(a, Atom::Floor(_)))
            .map(|(a, f)| (a.clone(), *f))
            .collect();
        for (atom, factor) in floors {
            rest.terms.remove(&atom);
            if let Atom::Floor(x) = atom {
                whole = whole.plus(&Sym::atom(Atom::Quotient(x)).times(factor)?)?;
            }
        }
        if rest == Sym::default() {
            return Some(whole);
        }
        if Some(&rest) == Sym::place().as_ref() {
            return whole.plus(&Sym::atom(Atom::Index));
        }
        whole.plus(&Sym::atom(Atom::Quotient(Box::new(rest))))
    }

    /// The smaller of the two.
    pub fn minimum(&self, other: &Sym) -> Option<Sym> {
        // min(a, b) = a + min(0, b - a), and min(0, d) = d + min(0, -d): of d and -d, keep the one whose first
        // coefficient is positive.
        let difference = other.minus(self)?;
        if let Some(c) = difference.as_constant() {
            return Some(if c < 0 { other.clone() } else { self.clone() });
        }
        let leading = difference.terms.values().next().copied().unwrap_or(difference.constant);
        if leading > 0 {
            self.plus(&Sym::atom(Atom::Negative(Box::new(difference))))
        } else {
            other.plus(&Sym::atom(Atom::Negative(Box::new(difference.times(-1)?))))
        }
    }

    /// The larger of the two.
    pub fn maximum(&self, other: &Sym) -> Option<Sym> {
        self.plus(other)?.minus(&self.minimum(other)?)
    }

    /// The same with an atom replaced, everywhere.
    pub fn substitute(&self, atom: &Atom, by: &Sym) -> Option<Sym> {
        let mut out = Sym::constant(self.constant);
        for (term, factor) in &self.terms {
            let value = match term {
                t if t == atom => by.clone(),
                Atom::Negative(x) => Sym::constant(0).minimum(&x.substitute(atom, by)?)?,
                Atom::Quotient(x) => x.substitute(atom, by)?.quotient()?,
                Atom::Floor(x) => x.substitute(atom, by)?.quotient()?.product(&Sym::atom(Atom::Unit))?,
                other => Sym::atom(other.clone()),
            };
            out = out.plus(&value.times(*factor)?)?;
        }
        Some(out)
    }

    /// The same, with minima and quotients resolved where the facts decide them.
    pub fn under(&self, facts: Facts) -> Option<Sym> {
        let mut out = Sym::constant(self.constant);
        for (term, factor) in &self.terms {
            let value = match term {
                Atom::Negative(x) => {
                    let x = x.under(facts)?;
                    match x.sign(facts) {
                        Sign::Positive | Sign::Zero | Sign::NonNegative => Sym::constant(0),
                        Sign::Negative | Sign::NonPositive => x,
                        _ => Sym::constant(0).minimum(&x)?,
                    }
                }
                Atom::Quotient(x) => resolve_quotient(x, facts)?,
                Atom::Floor(x) => resolve_quotient(x, facts)?.product(&Sym::atom(Atom::Unit))?,
                Atom::Count | Atom::Index | Atom::From | Atom::Remaining if facts == Facts::UnitBatch => {
                    unit_batch_value(term)
                }
                other => Sym::atom(other.clone()),
            };
            out = out.plus(&value.times(*factor)?)?;
        }
        Some(out)
    }

    /// Its sign, as far as the facts decide it.
    pub fn sign(&self, facts: Facts) -> Sign {
        let Some(form) = self.in_nonnegative_terms(facts) else { return Sign::Unknown };
        let all = |test: fn(i64) -> bool| form.terms.values().all(|f| test(*f));
        match form.constant {
            0 if form.terms.is_empty() => Sign::Zero,
            c if c > 0 && all(|f| f > 0) => Sign::Positive,
            c if c < 0 && all(|f| f < 0) => Sign::Negative,
            0 if all(|f| f > 0) => Sign::NonNegative,
            0 if all(|f| f < 0) => Sign::NonPositive,
            _ => Sign::Unknown,
        }
    }

    /// The form rewritten over atoms that are known not to be below zero; each stands for its own excess.
    fn in_nonnegative_terms(&self, facts: Facts) -> Option<Sym> {
        let one_more = |atom: Atom| Sym::atom(atom).plus(&Sym::constant(1));
        let mut out = Sym::constant(self.constant);
        for (term, factor) in &self.terms {
            let value = match (term, facts) {
                // unit = offset + got + excess
                (Atom::Unit, Facts::UnitBatch) => {
                    one_more(Atom::Got)?.plus(&Sym::atom(Atom::Offset))?.plus(&Sym::atom(Atom::Unit))?
                }
                // unit = from + 1 + excess
                (Atom::Unit, Facts::Iteration) => one_more(Atom::From)?.plus(&Sym::atom(Atom::Unit))?,
                (Atom::Got, Facts::UnitBatch | Facts::Iteration) => one_more(Atom::Got)?,
                (Atom::Remaining, Facts::Iteration) => one_more(Atom::Remaining)?,
                (Atom::Unit, Facts::Acquired) => one_more(Atom::Unit)?,
                (Atom::Offset | Atom::From | Atom::Index, _) => Sym::atom(term.clone()),
                (Atom::Count, Facts::UnitBatch | Facts::Iteration) => one_more(Atom::Count)?,
                (Atom::Quotient(_) | Atom::Floor(_), Facts::UnitBatch | Facts::Iteration) => {
                    Sym::atom(term.clone())
                }
                _ => return None,
            };
            out = out.plus(&value.times(*factor)?)?;
        }
        Some(out)
    }
}

fn unit_batch_value(atom: &Atom) -> Sym {
    match atom {
        Atom::Count => Sym::constant(1),
        Atom::Index => Sym::constant(0),
        Atom::From => Sym::atom(Atom::Offset),
        _ => Sym::atom(Atom::Got),
    }
}

/// `⌊x / unit⌋` is 0 where `0 ≤ x < unit`.
fn resolve_quotient(x: &Sym, facts: Facts) -> Option<Sym> {
    let x = x.under(facts)?;
    let not_below = matches!(x.sign(facts), Sign::Positive | Sign::NonNegative | Sign::Zero);
    let below_unit = Sym::atom(Atom::Unit).minus(&x)?.sign(facts) == Sign::Positive;
    if not_below && below_unit { Some(Sym::constant(0)) } else { x.quotient() }
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Atom::Got => f.write_str("got"),
            Atom::Offset => f.write_str("offset"),
            Atom::Unit => f.write_str("unit"),
            Atom::Count => f.write_str("count"),
            Atom::Index => f.write_str("index"),
            Atom::From => f.write_str("from"),
            Atom::Remaining => f.write_str("remaining"),
            Atom::Total => f.write_str("total"),
            Atom::Before(_) => f.write_str("before"),
            Atom::Marked => f.write_str("marked"),
            Atom::Negative(x) => write!(f, "min(0, {x})"),
            Atom::Quotient(x) => write!(f, "({x}) / unit"),
            Atom::Floor(x) => write!(f, "({x}) rounded down to units"),
        }
    }
}

impl fmt::Display for Sym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.terms.is_empty() {
            return write!(f, "{}", self.constant);
        }
        for (i, (atom, factor)) in self.terms.iter().enumerate() {
            let sign = match (*factor < 0, i) {
                (true, 0) => "-",
                (true, _) => " - ",
                (false, 0) => "",
                (false, _) => " + ",
            };
            f.write_str(sign)?;
            if factor.abs() != 1 {
                write!(f, "{}·", factor.abs())?;
            }
            write!(f, "{atom}")?;
        }
        match self.constant {
            0 => Ok(()),
            c if c < 0 => write!(f, " - {}", -c),
            c => write!(f, " + {c}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a(atom: Atom) -> Sym {
        Sym::atom(atom)
    }

    #[test]
    fn minimum_has_one_form() {
        let room = a(Atom::Unit).minus(&a(Atom::From)).unwrap();
        let piece = room.minimum(&a(Atom::Remaining)).unwrap();
        assert_eq!(piece, a(Atom::Remaining).minimum(&room).unwrap());
        // end-based: min(remaining + from, unit) - from
        let end = a(Atom::Remaining).plus(&a(Atom::From)).unwrap();
        let end_based = end.minimum(&a(Atom::Unit)).unwrap().minus(&a(Atom::From)).unwrap();
        assert_eq!(piece, end_based);
        assert_ne!(piece, a(Atom::Remaining).minimum(&a(Atom::Unit)).unwrap());
    }

    #[test]
    fn counts_have_one_form() {
        let end = a(Atom::Got).plus(&a(Atom::Offset)).unwrap();
        let round_up =
            end.plus(&a(Atom::Unit)).unwrap().minus(&Sym::constant(1)).unwrap().quotient().unwrap();
        let aligned = round_up.product(&a(Atom::Unit)).unwrap();
        assert_eq!(aligned.quotient().unwrap(), round_up);
        assert_eq!(round_up.under(Facts::UnitBatch).unwrap(), Sym::constant(1));
    }

    #[test]
    fn a_unit_batch_is_one_whole_piece() {
        let room = a(Atom::Unit).minus(&a(Atom::Offset)).unwrap();
        let piece = room.minimum(&a(Atom::Got)).unwrap();
        assert!(piece.under(Facts::UnitBatch).unwrap().is_atom(&Atom::Got));
        assert_eq!(a(Atom::Got).sign(Facts::UnitBatch), Sign::Positive);
        assert_eq!(a(Atom::Got).sign(Facts::Acquired), Sign::Unknown);
    }

    #[test]
    fn signs_join_and_meet() {
        assert_eq!(Sign::Negative.join(Sign::Zero), Sign::NonPositive);
        assert_eq!(Sign::NonNegative.meet(Sign::NonZero), Sign::Positive);
    }
}
