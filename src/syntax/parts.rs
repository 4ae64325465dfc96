//! Some of a file's items read, the others passed over.
//!
//! In: a file, and which of its stretches are wanted. Out: a [`Tree`] with the offsets of the whole file in which what was
//! not wanted is blank, or nothing if nothing is wanted. Macros are known as if all had been read. It is for a first look:
//! what stands next to each other in such a tree need not do so in the file.

use super::macros::MacroKnowledge;
use super::overlay::Overlay;
use super::parse::{Limits, finish, respell};
use super::tree::Tree;
use crate::source::{SourceFile, Span};

/// What is read of what stands outside of functions' bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outside {
    /// What is wanted.
    Wanted,
    /// Everything: what is declared there says what bodies mean.
    All,
}

/// Read the items of `source` that are wanted, told by their bytes; what stands between items, directives for the most
/// part, is read if any of it is.
pub fn parse_parts(
    source: &SourceFile,
    known: &MacroKnowledge,
    outside: Outside,
    wanted: impl Fn(Span) -> bool,
) -> Option<Tree> {
    let limits = Limits::default();
    let mut overlay = respell(source.text().as_bytes(), known, &limits);
    let between = between(&overlay.items, source.text().len());
    let any_between = between.iter().any(|gap| wanted(*gap));
    let mut any = any_between;
    let mut left_out: Vec<Span> = Vec::new();
    for item in &overlay.items {
        if wanted(*item) {
            any = true;
            continue;
        }
        match (outside, body_of(&overlay, *item)) {
            (Outside::Wanted, _) => left_out.push(*item),
            (Outside::All, Some(body)) => left_out.push(Span { start: body.start + 1, end: body.end - 1 }),
            (Outside::All, None) => {}
        }
    }
    if !any {
        return None;
    }
    if outside == Outside::Wanted && !any_between {
        left_out.extend(between);
        left_out.sort_unstable();
    }
    overlay.leave_out(&left_out);
    Some(finish(source, overlay, &limits))
}

/// The body of an item, if it is a function.
fn body_of(overlay: &Overlay, item: Span) -> Option<Span> {
    let at = overlay.bodies.partition_point(|body| body.start < item.start);
    overlay.bodies.get(at).copied().filter(|body| item.contains(*body) && body.len() >= 2)
}

fn between(items: &[Span], len: usize) -> Vec<Span> {
    let starts = [0].into_iter().chain(items.iter().map(|item| item.end));
    let ends = items.iter().map(|item| item.start).chain([len as u32]);
    starts.zip(ends).filter(|(start, end)| start < end).map(|(start, end)| Span { start, end }).collect()
}

impl Overlay {
    /// Blank stretches, given in order, as if there had been nothing.
    fn leave_out(&mut self, stretches: &[Span]) {
        for stretch in stretches {
            self.text[stretch.range()].iter_mut().filter(|b| **b != b'\n').for_each(|b| *b = b' ');
        }
        let inside = |span: Span| {
            let at = stretches.partition_point(|stretch| stretch.end <= span.start);
            stretches.get(at).is_some_and(|stretch| stretch.start <= span.start)
        };
        self.marks.retain(|mark| !inside(mark.span));
        self.items.retain(|item| !inside(*item));
        self.bodies.retain(|body| !stretches.iter().any(|s| s.overlaps(*body)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::Kind;

    const TEXT: &str =
        "#define N 2\nstruct s { int a; };\nint f(void)\n{\n\treturn 1;\n}\nint g(void)\n{\n\treturn N;\n}\n";

    fn kinds(outside: Outside, word: &str) -> Option<Vec<Kind>> {
        let source = SourceFile::new("t.c", TEXT);
        let tree = parse_parts(&source, MacroKnowledge::shipped(), outside, |span| {
            source.slice(span).contains(word)
        })?;
        let told = [Kind::FunctionDefinition, Kind::StructSpecifier, Kind::ReturnStatement, Kind::PreprocDef];
        Some(tree.root().descendants().map(|n| n.kind()).filter(|kind| told.contains(kind)).collect())
    }

    #[test]
    fn items_that_are_not_wanted_are_blank() {
        use Kind::*;
        assert_eq!(kinds(Outside::Wanted, "return 1"), Some(vec![FunctionDefinition, ReturnStatement]));
        assert_eq!(
            kinds(Outside::All, "return 1"),
            Some(vec![PreprocDef, StructSpecifier, FunctionDefinition, ReturnStatement, FunctionDefinition])
        );
        assert_eq!(kinds(Outside::Wanted, "define"), Some(vec![PreprocDef]));
        assert_eq!(kinds(Outside::All, "nowhere"), None);
    }

    #[test]
    fn spans_are_those_of_the_whole_file() {
        let source = SourceFile::new("t.c", TEXT);
        let wanted = |span| source.slice(span).contains("return N");
        let tree = parse_parts(&source, MacroKnowledge::shipped(), Outside::Wanted, wanted);
        let returned =
            tree.as_ref().and_then(|t| t.root().descendants().find(|n| n.is(Kind::ReturnStatement)));
        assert_eq!(returned.map(|n| n.text()), Some("return N;"));
    }
}
