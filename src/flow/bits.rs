//! Dense sets of small numbers, for the fixed points.

/// A set of numbers below a bound given at the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// The empty set of numbers below `bound`.
    pub fn new(bound: usize) -> Self {
        Self { words: vec![0; bound.div_ceil(64)] }
    }

    /// Whether `at` is in it.
    pub fn contains(&self, at: usize) -> bool {
        self.words.get(at / 64).is_some_and(|w| w >> (at % 64) & 1 == 1)
    }

    /// Put `at` in; numbers past the bound are left out.
    pub fn insert(&mut self, at: usize) {
        if let Some(word) = self.words.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }

    /// Take `at` out.
    pub fn remove(&mut self, at: usize) {
        if let Some(word) = self.words.get_mut(at / 64) {
            *word &= !(1 << (at % 64));
        }
    }

    /// Put all of `other` in.
    pub fn union(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a |= b);
    }

    /// Put all of `other` in, and tell whether that was news.
    pub fn grow(&mut self, other: &Self) -> bool {
        let mut news = false;
        for (a, b) in self.words.iter_mut().zip(&other.words) {
            news |= *b & !*a != 0;
            *a |= b;
        }
        news
    }

    /// Take all of `other` out.
    pub fn subtract(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a &= !b);
    }

    /// Keep what is in `other` too.
    pub fn intersect(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a &= b);
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|w| *w == 0)
    }

    /// Its numbers, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        let bits = |(at, word): (usize, &u64)| {
            let without_lowest = |w: &u64| Some(w & (w - 1)).filter(|w| *w != 0);
            let rests = std::iter::successors(Some(*word).filter(|w| *w != 0), without_lowest);
            rests.map(move |w| at * 64 + w.trailing_zeros() as usize)
        };
        self.words.iter().enumerate().flat_map(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_numbers() {
        let mut a = Bits::new(130);
        [0, 63, 64, 129, 500].into_iter().for_each(|n| a.insert(n));
        assert_eq!(a.iter().collect::<Vec<_>>(), [0, 63, 64, 129]);
        let mut b = Bits::new(130);
        assert!(b.grow(&a) && !b.grow(&a));
        a.remove(63);
        b.subtract(&a);
        assert_eq!(b.iter().collect::<Vec<_>>(), [63]);
        b.intersect(&a);
        assert!(b.is_empty());
    }
}
