//! Preprocessor regions: the arms of `#if` around a place, and the macros of a file.
//!
//! In: a [`SourceFile`]. Out: [`Regions`]. It does not evaluate conditions.

use super::lexer::{Directive, Token, TokenKind, directive_rest, lex};
use super::macros::{MacroDefinition, definitions_among};
use crate::source::{SourceFile, Span};

/// One arm of a conditional.
#[derive(Clone, Debug)]
pub struct Arm {
    /// The directive that begins it, to the end of its logical line.
    pub directive: Span,
    /// The directive's text after its name; empty for `#else`.
    pub condition: String,
    /// From the end of the directive to the start of the next one.
    pub body: Span,
}

/// One `#if … #endif`.
#[derive(Clone, Debug)]
pub struct Conditional {
    /// From its `#if` to the end of its `#endif`.
    pub span: Span,
    /// Its arms in order; the first is the `#if`.
    pub arms: Vec<Arm>,
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
    pub fn of(source: &SourceFile) -> Self {
        let text = source.text().as_bytes();
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
                Directive::Endif => conditionals.extend(open.pop().map(|o| conditional(text, &o, span))),
                _ => {}
            }
        }
        let end = Span::at(text.len());
        conditionals.extend(open.iter().map(|o| conditional(text, o, end)));
        conditionals.sort_by_key(|c: &Conditional| c.span.start);
        Self { conditionals, macros: definitions_among(text, &tokens) }
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

fn conditional(text: &[u8], directives: &[Span], end: Span) -> Conditional {
    let next = directives.iter().skip(1).chain(std::iter::once(&end));
    let arms = directives.iter().zip(next).map(|(directive, next)| Arm {
        directive: *directive,
        condition: condition(&text[directive.range()]),
        body: Span { start: directive.end, end: next.start.max(directive.end) },
    });
    Conditional { span: directives.first().map_or(end, |first| first.cover(end)), arms: arms.collect() }
}

fn condition(directive: &[u8]) -> String {
    String::from_utf8_lossy(&directive[directive_rest(directive)..]).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_knows_the_arms_around_it() {
        let text = "#if A\n#ifdef B\nx\n#else /* no */\ny\n#endif\n#endif\n#define M(a) return a\n";
        let regions = Regions::of(&SourceFile::new("t.c", text));
        let at = text.find('y').unwrap();
        let around: Vec<_> =
            regions.around(Span::new(at, at + 1)).map(|(_, a)| a.condition.as_str()).collect();
        assert_eq!(around, ["A", "/* no */"]);
        assert!(regions.definitions("M").all(MacroDefinition::hides_jump));
        assert_eq!(regions.cut_by(Span::new(0, at)).count(), 2);
    }
}
