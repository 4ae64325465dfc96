//! Preprocessor regions: the arms of `#if` around a place, which of them were read, and the macros of a file.
//!
//! In: a [`Tree`]. Out: [`Regions`]. It does not evaluate conditions.

use super::lexer::{Directive, Token, TokenKind, directive_rest, lex};
use super::macros::{MacroDefinition, definitions_among};
use super::overlay::{Mark, MarkKind};
use super::tree::{Node, Tree};
use crate::source::Span;

/// What became of an arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reading {
    /// Its code is in the tree.
    Read,
    /// The conditional splits a statement or an item, and another arm was chosen.
    Unread,
    /// It is the arm of an `#if 0`: a comment.
    Dead,
}

/// One arm of a conditional.
#[derive(Clone, Debug)]
pub struct Arm {
    /// The directive that begins it, to the end of its logical line.
    pub directive: Span,
    /// The directive's text after its name; empty for `#else`.
    pub condition: String,
    /// From the end of the directive to the start of the next one.
    pub body: Span,
    /// What became of it.
    pub reading: Reading,
}

/// One `#if … #endif`.
#[derive(Clone, Debug)]
pub struct Conditional {
    /// From its `#if` to the end of its `#endif`.
    pub span: Span,
    /// Its arms in order; the first is the `#if`.
    pub arms: Vec<Arm>,
}

impl Conditional {
    /// The arm that was read in the place of others.
    pub fn chosen(&self) -> Option<&Arm> {
        let others = self.arms.iter().any(|arm| arm.reading == Reading::Unread);
        self.arms.iter().find(|arm| others && arm.reading == Reading::Read)
    }
}

/// The conditionals and macros of one file.
#[derive(Clone, Debug, Default)]
pub struct Regions {
    /// By where they start; an outer one comes before those inside it.
    pub conditionals: Vec<Conditional>,
    /// The `#define`s in order.
    pub macros: Vec<MacroDefinition>,
}

impl Regions {
    /// Collect the regions of a file. A conditional without `#endif` ends with the file.
    pub fn of(tree: &Tree) -> Self {
        let text = tree.source().text().as_bytes();
        let tokens = lex(text);
        let mut conditionals = Vec::new();
        let mut open: Vec<Vec<Span>> = Vec::new();
        for token in &tokens {
            let Token { kind: TokenKind::Directive(directive), start, end } = *token else { continue };
            let span = Span { start, end };
            match directive {
                Directive::If => open.push(vec![span]),
                Directive::Elif | Directive::Else => {
                    open.iter_mut().next_back().into_iter().for_each(|o| o.push(span))
                }
                Directive::Endif => conditionals.extend(open.pop().map(|o| conditional(tree, &o, span))),
                _ => {}
            }
        }
        let end = Span::at(text.len());
        conditionals.extend(open.iter().map(|o| conditional(tree, o, end)));
        conditionals.sort_by_key(|c: &Conditional| c.span.start);
        Self { conditionals, macros: definitions_among(text, &tokens) }
    }

    /// The arms around a node, outermost first, each with its conditional.
    pub fn arms_of(&self, node: Node<'_>) -> impl Iterator<Item = (&Conditional, &Arm)> {
        self.around(node.span())
    }

    /// The conditionals around `span` with the arm that holds it, outermost first.
    pub fn around(&self, span: Span) -> impl Iterator<Item = (&Conditional, &Arm)> {
        self.conditionals
            .iter()
            .filter_map(move |c| Some((c, c.arms.iter().find(|a| a.body.contains(span))?)))
    }

    /// The conditionals that `span` cuts: it holds a directive of them, but not all.
    pub fn cut_by(&self, span: Span) -> impl Iterator<Item = &Conditional> {
        self.conditionals.iter().filter(move |c| {
            c.span.overlaps(span) && !span.contains(c.span) && !c.arms.iter().any(|a| a.body.contains(span))
        })
    }

    /// The definitions of a macro.
    pub fn definitions(&self, name: &str) -> impl Iterator<Item = &MacroDefinition> {
        self.macros.iter().filter(move |m| m.name == name)
    }
}

fn conditional(tree: &Tree, directives: &[Span], end: Span) -> Conditional {
    let text = tree.source().text().as_bytes();
    let next = directives.iter().skip(1).chain(std::iter::once(&end));
    let arms = directives.iter().zip(next).map(|(directive, next)| {
        let body = Span { start: directive.end, end: next.start.max(directive.end) };
        let reading = reading(tree, body);
        Arm { directive: *directive, condition: condition(&text[directive.range()]), body, reading }
    });
    Conditional { span: directives.first().map_or(end, |first| first.cover(end)), arms: arms.collect() }
}

/// What the overlay made of an arm: one that it did not read is a single mark.
fn reading(tree: &Tree, body: Span) -> Reading {
    let text = tree.source().slice(body);
    let start = body.start as usize + text.len() - text.trim_start().len();
    let marks = tree.marks();
    let from = marks.partition_point(|mark| (mark.span.start as usize) < start);
    let is_whole = |mark: &&Mark| mark.span == Span::new(start, start + text.trim().len());
    match marks.get(from).filter(is_whole).map(|mark| mark.kind) {
        Some(MarkKind::UnreadArm) => Reading::Unread,
        Some(MarkKind::DeadArm) => Reading::Dead,
        _ => Reading::Read,
    }
}

fn condition(directive: &[u8]) -> String {
    String::from_utf8_lossy(&directive[directive_rest(directive)..]).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use crate::syntax::parse;

    fn regions(text: &str) -> Regions {
        Regions::of(&parse(&SourceFile::new("t.c", text)))
    }

    #[test]
    fn a_place_knows_the_arms_around_it() {
        let text = "#if A\n#ifdef B\nx\n#else /* no */\ny\n#endif\n#endif\n#define M(a) return a\n";
        let regions = regions(text);
        let at = text.find('y').unwrap();
        let around: Vec<_> =
            regions.around(Span::new(at, at + 1)).map(|(_, a)| a.condition.as_str()).collect();
        assert_eq!(around, ["A", "/* no */"]);
        assert!(regions.definitions("M").all(MacroDefinition::hides_jump));
        assert_eq!(regions.cut_by(Span::new(0, at)).count(), 2);
    }

    #[test]
    fn the_choice_of_an_arm_is_visible() {
        let text = "int f(int a)\n{\n#if 0\n\told(a);\n#endif\n#ifdef X\n\tif (a)\n#elif defined(Y)\n\tif (!a)\n#else\n\tif (a > 1)\n#endif\n\t\treturn 1;\n\treturn 0;\n}\n";
        let tree = parse(&SourceFile::new("t.c", text));
        let regions = Regions::of(&tree);
        let readings =
            |at: usize| regions.conditionals[at].arms.iter().map(|a| a.reading).collect::<Vec<_>>();
        assert_eq!(readings(0), [Reading::Dead]);
        assert_eq!(readings(1), [Reading::Read, Reading::Unread, Reading::Unread]);
        assert_eq!(regions.conditionals[1].chosen().map(|a| a.condition.as_str()), Some("X"));
        assert!(regions.conditionals[0].chosen().is_none());
        let unread: Vec<_> =
            tree.root().descendants().filter(|n| n.is(crate::syntax::Kind::UnreadArm)).collect();
        let arms: Vec<_> =
            unread.iter().flat_map(|n| regions.arms_of(*n)).map(|(_, a)| &*a.condition).collect();
        assert_eq!(arms, ["defined(Y)", ""]);
    }
}
