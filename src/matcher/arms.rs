//! What never stands in one program: the arms of a conditional among the values of an initialiser.
//!
//! In: a tree. Out: [`Arms`], and whether places exclude each other. Among statements arms are branches of the paths, as in
//! Coccinelle, and no business of this. Conditions are not compared: what two conditionals with one condition hold is
//! taken to go together.

use crate::matcher::binding::Place;
use crate::source::Span;
use crate::syntax::{Kind, Tree};

/// The arms of each conditional that has several.
#[derive(Clone, Debug, Default)]
pub struct Arms {
    conditionals: Vec<Vec<Span>>,
}

impl Arms {
    /// Those of a tree.
    pub fn of(tree: &Tree) -> Self {
        let mut conditionals = Vec::new();
        for list in tree.root().descendants().filter(|n| n.is(Kind::InitializerList)) {
            let mut open: Vec<Vec<Span>> = Vec::new();
            for directive in list.children().filter(|n| n.is(Kind::PreprocDirective)) {
                let word = directive.text().trim_start_matches('#').trim_start();
                let (start, end) = (directive.span().end as usize, directive.span().start);
                if word.starts_with("if") {
                    open.push(vec![Span::at(start)]);
                    continue;
                }
                let Some(arms) = open.last_mut() else { continue };
                arms.iter_mut().last().into_iter().for_each(|arm| arm.end = end);
                if word.starts_with("el") {
                    arms.push(Span::at(start));
                } else if word.starts_with("endif") {
                    conditionals.extend(open.pop().filter(|arms| arms.len() > 1));
                }
            }
        }
        Self { conditionals }
    }

    /// Whether no program has all of these places.
    pub fn exclude<'a>(&self, places: impl Iterator<Item = &'a Place> + Clone) -> bool {
        self.conditionals.iter().any(|arms| {
            let mut inside = arms.iter().filter(|arm| places.clone().any(|place| arm.contains(place.span)));
            inside.next().is_some() && inside.next().is_some()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use crate::syntax::parse;

    fn excluded(text: &str, names: &[&str]) -> bool {
        let tree = parse(&SourceFile::new("a.c", text));
        let arms = Arms::of(&tree);
        let place = |name: &&str| {
            let at = text.find(*name).expect("the test names code that is there");
            let found = tree.covering(Span::new(at, at + name.len()));
            crate::matcher::noted::place(found, found.span())
        };
        let places: Vec<Place> = names.iter().map(place).collect();
        arms.exclude(places.iter())
    }

    #[test]
    fn arms_of_one_conditional_exclude_each_other() {
        let text = "int a[] = {\n\tv0,\n#if X\n\tv1,\n#ifdef Z\n\tv5,\n#endif\n#elif Y\n\tv2,\n#else\n\tv3,\n#endif\n#if X\n\tv4,\n#endif\n};\n";
        assert!(excluded(text, &["v1", "v2"]));
        assert!(excluded(text, &["v0", "v5", "v3"]));
        assert!(!excluded(text, &["v0", "v1", "v4", "v5"]));
    }
}
