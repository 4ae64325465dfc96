//! The word that somebody meant.
//!
//! In: a word that is not known, and those that are. Out: the one that it is a single slip away from: a letter more, less
//! or otherwise, or two that changed places. Short words are left alone: everything is near them.

/// The known word nearest to `word`.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known.into_iter().find(|known| one_slip(word, known))
}

fn one_slip(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.len() < 3 || long.len() - short.len() > 1 || a == b {
        return false;
    }
    let same = short.bytes().zip(long.bytes()).take_while(|(x, y)| x == y).count();
    let tail = short.bytes().rev().zip(long.bytes().rev()).take_while(|(x, y)| x == y).count();
    let swapped = short.len() == long.len() && same + tail + 2 == long.len() && {
        let (x, y) = (short.as_bytes(), long.as_bytes());
        x[same] == y[same + 1] && x[same + 1] == y[same]
    };
    same + tail + 1 >= long.len() || swapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_one_letter() {
        let known = ["depends", "exists", "when"];
        let near = |word| nearest(word, known);
        assert_eq!(near("depnds"), Some("depends"));
        assert_eq!(near("exist"), Some("exists"));
        assert_eq!(near("wehn"), Some("when"));
        assert_eq!(near("when"), None);
        assert_eq!(near("disable"), None);
    }
}
