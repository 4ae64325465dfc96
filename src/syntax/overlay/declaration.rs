//! Declarations: which word is the type, which is the name, and which are attributes.
//!
//! In: tokens from a declaration's first specifier. Out: the index after it, attributes blanked, declarer macros
//! respelled. When two names compete, known attributes lose first, then names in `__`, then shouted ones.

use super::spell::{Mark, MarkKind};
use super::{Place, Walker};
use crate::syntax::lexer::{TokenKind, Word};
use crate::syntax::macros::MacroRole;

/// A name among specifiers, with the arguments that follow it.
#[derive(Clone, Copy, Debug)]
struct Unit {
    at: usize,
    end: usize,
    call: bool,
}

/// What stands before the first declarator.
struct Specifiers {
    next: usize,
    typed: bool,
    /// A macro call where the type and the name should be.
    declarer: Option<Unit>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    /// A declarator has a name.
    Needed,
    /// A parameter or a type name may have none.
    Optional,
}

impl Walker<'_> {
    /// Read a declaration or a function definition.
    pub(super) fn declaration(&mut self, i: usize, hi: usize, place: Place) -> usize {
        let specifiers = self.specifiers(i, hi, Names::Needed);
        if let Some(unit) = specifiers.declarer {
            return match self.kind(unit.end) {
                Some(TokenKind::LBrace) if unit.end < hi => self.function_macro(unit.at, unit.end, hi, place),
                Some(TokenKind::Word(_) | TokenKind::Directive(_)) | None if self.is_first(unit.end) => {
                    self.lone_declarer(unit.at, unit.end, i)
                }
                _ => self.declarer_statement(unit.at, unit.end, hi, i),
            };
        }
        let next = specifiers.next;
        if !specifiers.typed && next == i {
            return self.expression_statement(i, hi);
        }
        if place == Place::Fields && self.is(next, TokenKind::Colon) {
            let next = self.unnamed_bits(next, hi);
            return self.declarators_after(next, hi);
        }
        let next = self.declarator(next, hi, Names::Needed);
        self.declarators_after(next, hi)
    }

    /// `: width` without a name, which the grammar wants: the width becomes one.
    fn unnamed_bits(&mut self, colon: usize, hi: usize) -> usize {
        let end = self.value_end(colon + 1, hi);
        if end > colon + 1 {
            let mut mark = Mark::new(MarkKind::UnnamedBits, self.span(colon, end));
            let width = self.span(colon + 1, end);
            mark.item = width.start;
            mark.inner = Some(self.s.out[width.range()].into());
            self.s.blank(self.span(colon, colon + 1));
            self.s.fill_word(width);
            self.s.marks.push(mark);
        }
        end
    }

    /// One parameter, or a type name.
    pub(super) fn parameter(&mut self, lo: usize, hi: usize) {
        let specifiers = self.specifiers(lo, hi, Names::Optional);
        let mut next = self.declarator(specifiers.next, hi, Names::Optional);
        while next < hi {
            let before = next;
            next = self.declarator(next, hi, Names::Optional);
            if next == before {
                self.expression(next, hi);
                return;
            }
        }
    }

    fn unit(&self, i: usize, hi: usize) -> Unit {
        let call = self.is(i + 1, TokenKind::LParen) && i + 1 < hi && !self.is_pointer_declarator(i + 1, hi);
        Unit { at: i, end: if call { self.after(i + 1, hi) } else { i + 1 }, call }
    }

    /// `(*name)` and the like with parameters, an array or the end of a declarator after it.
    pub(super) fn is_pointer_declarator(&self, open: usize, hi: usize) -> bool {
        let marked = self.is_ident(open + 1) && self.is(open + 2, TokenKind::Star) && self.is_ident(open + 3);
        let plain = self.word(open.wrapping_sub(2)) == Some(Word::Typedef)
            && self.is_ident(open + 1)
            && self.is(open + 2, TokenKind::RParen);
        if marked || plain {
            return self.is(self.after(open, hi), TokenKind::LParen);
        }
        self.is(open + 1, TokenKind::Star)
            && matches!(
                self.kind(self.after(open, hi)),
                Some(TokenKind::LParen | TokenKind::LBracket | TokenKind::Assign | TokenKind::Semi)
            )
    }

    fn specifiers(&mut self, i: usize, hi: usize, names: Names) -> Specifiers {
        let mut typed = false;
        // After the body of an aggregate nothing but attributes can stand before the end.
        let mut bodied = false;
        let mut units: Vec<Unit> = Vec::new();
        let mut j = i;
        while j < hi {
            match self.word(j) {
                Some(Word::Storage | Word::Qualifier | Word::Typedef | Word::Extension) => j += 1,
                Some(Word::Alternate) => {
                    self.attribute(j, j + 1);
                    j += 1;
                }
                Some(Word::Attribute) => j = self.attribute_group(j, hi),
                Some(word @ (Word::Primitive | Word::StandardType)) => {
                    if typed && word == Word::StandardType {
                        break;
                    }
                    self.blank_units(&mut units);
                    if self.text(j).starts_with("__signed")
                        && matches!(self.word(j + 1), Some(Word::Primitive))
                    {
                        self.attribute(j, j + 1);
                    }
                    typed = true;
                    j += 1;
                }
                Some(Word::Aggregate | Word::Enum) if !typed => {
                    self.blank_units(&mut units);
                    typed = true;
                    j = self.aggregate(j, hi);
                    bodied = self.is(j - 1, TokenKind::RBrace);
                }
                Some(Word::Typeof) if !typed => {
                    self.blank_units(&mut units);
                    typed = true;
                    j = self.typeof_word(j, hi);
                }
                Some(Word::Ident) if typed => {
                    if !self.has_role(j, MacroRole::Attribute)
                        || names == Names::Needed && !bodied && self.is_last(j, hi)
                    {
                        break;
                    }
                    let unit = self.unit(j, hi);
                    self.attribute(j, unit.end);
                    j = unit.end;
                }
                Some(Word::Ident) => {
                    let unit = self.unit(j, hi);
                    units.push(unit);
                    j = unit.end;
                }
                _ if self.is(j, TokenKind::LBracket) && self.is(j + 1, TokenKind::LBracket) => {
                    j = self.attribute_brackets(j, hi);
                }
                _ => break,
            }
        }
        if typed {
            return Specifiers { next: j, typed, declarer: None };
        }
        self.named_type(units, j, hi, names)
    }

    fn is_last(&self, j: usize, hi: usize) -> bool {
        // `int unused;`, `int discard(void) {`: an attribute's name that is the only name left is a name.
        let end = if self.is(j + 1, TokenKind::LParen) { self.after(j + 1, hi) } else { j + 1 };
        let alone = match self.kind(end) {
            Some(TokenKind::Semi | TokenKind::Comma) => true,
            Some(TokenKind::Assign | TokenKind::LBracket | TokenKind::Colon) => end == j + 1,
            Some(TokenKind::LBrace) => end > j + 1,
            _ => false,
        };
        alone && end < hi
    }

    fn blank_units(&mut self, units: &mut Vec<Unit>) {
        for unit in units.drain(..) {
            self.attribute(unit.at, unit.end);
        }
    }

    fn attribute_group(&mut self, j: usize, hi: usize) -> usize {
        let end = if self.is(j + 1, TokenKind::LParen) { self.after(j + 1, hi) } else { j + 1 };
        self.attribute(j, end);
        end
    }

    pub(super) fn attribute_brackets(&mut self, j: usize, hi: usize) -> usize {
        let end = self.after(j, hi);
        self.attribute(j, end);
        end
    }

    /// Decide which of `units` is the type; `stop` is the token after them.
    fn named_type(&mut self, mut units: Vec<Unit>, stop: usize, hi: usize, names: Names) -> Specifiers {
        let starred = stop < hi && matches!(self.kind(stop), Some(TokenKind::Star | TokenKind::LParen));
        let spare = match names {
            Names::Needed if !starred => 1,
            _ => 0,
        };
        if units.len() > 1 {
            let known: Vec<bool> = units.iter().map(|u| self.has_role(u.at, MacroRole::Attribute)).collect();
            let mut left = units.len();
            for (unit, known) in units.clone().into_iter().zip(known) {
                if known && left > 1 {
                    self.attribute(unit.at, unit.end);
                    units.retain(|u| u.at != unit.at);
                    left -= 1;
                }
            }
        }
        match units[..] {
            [] => return Specifiers { next: stop, typed: false, declarer: None },
            [only] if only.call && spare == 1 => {
                return Specifiers { next: stop, typed: false, declarer: Some(only) };
            }
            _ => {}
        }
        let count = match units.iter().position(|u| u.call && self.score(*u) < 2) {
            Some(call) if spare == 1 && call > 0 => call,
            _ => units.len().saturating_sub(spare).max(1),
        };
        let candidates = &units[..count];
        let Some(chosen) = candidates.iter().copied().min_by_key(|u| {
            let score = self.score(*u);
            // `STATIC WORD *x`: of two shouted names the type is the last.
            (score, u.call, if score == 1 { usize::MAX - u.at } else { u.at })
        }) else {
            return Specifiers { next: stop, typed: false, declarer: None };
        };
        for unit in candidates.iter().filter(|u| u.at < chosen.at) {
            self.attribute(unit.at, unit.end);
        }
        if chosen.call {
            self.type_call(chosen.at, chosen.end);
        }
        Specifiers { next: chosen.end, typed: true, declarer: None }
    }

    /// How much a name looks like an attribute.
    fn score(&self, unit: Unit) -> u8 {
        if self.has_role(unit.at, MacroRole::Attribute) {
            return 4;
        }
        if unit.call && self.is(unit.end, TokenKind::LParen) {
            return 0;
        }
        let inner = self.kind(unit.at + 2);
        if unit.call && matches!(inner, Some(TokenKind::Number | TokenKind::Str)) {
            return 3;
        }
        let name = self.text(unit.at);
        if name.starts_with("__") && !name.ends_with("_t") { 2 } else { u8::from(self.is_shouted(unit.at)) }
    }

    /// Read one declarator: pointers, the name, arrays, parameters; names that are not its own are attributes.
    fn declarator(&mut self, i: usize, hi: usize, names: Names) -> usize {
        let mut j = i;
        while j < hi {
            match self.kind(j) {
                Some(TokenKind::Star | TokenKind::Word(Word::Qualifier | Word::Storage)) => j += 1,
                Some(TokenKind::Operator) if self.text(j) == "^" => j += 1,
                Some(TokenKind::Word(Word::Alternate)) => {
                    self.attribute(j, j + 1);
                    j += 1;
                }
                Some(TokenKind::Word(Word::Attribute)) => j = self.attribute_group(j, hi),
                Some(TokenKind::Word(Word::Ident)) if j + 1 < hi && self.is(j + 1, TokenKind::Star) => {
                    self.attribute(j, j + 1);
                    j += 1;
                }
                Some(TokenKind::Word(Word::Ident)) if self.is_attribute_call(j, hi) => {
                    j = self.attribute_group(j, hi);
                }
                Some(TokenKind::Word(Word::Ident)) => {
                    j = self.name(j, hi, names);
                    return self.declarator_tail(j, hi);
                }
                Some(TokenKind::LParen) => {
                    let (end, next) = self.group(j, hi);
                    if self.begins_declarator(j + 1) {
                        self.deeper(|w| {
                            w.declarator(j + 1, end, Names::Optional);
                        });
                    } else {
                        self.parameters(j, hi);
                    }
                    return self.declarator_tail(next, hi);
                }
                _ => return self.declarator_tail(j, hi),
            }
        }
        j
    }

    /// `name(…) *other`: what stands before a pointer is no declarator's name.
    fn is_attribute_call(&self, j: usize, hi: usize) -> bool {
        let end = self.after(j + 1, hi);
        self.is(j + 1, TokenKind::LParen)
            && end + 1 < hi
            && self.is(end, TokenKind::Star)
            && self.is_ident(end + 1)
    }

    fn begins_declarator(&self, j: usize) -> bool {
        match self.kind(j) {
            Some(TokenKind::Star | TokenKind::LParen) => true,
            Some(TokenKind::Word(Word::Ident)) => {
                !self.is_ident(j + 1) || self.has_role(j, MacroRole::Attribute)
            }
            _ => false,
        }
    }

    /// A run of names of which one is the declarator's.
    fn name(&mut self, i: usize, hi: usize, names: Names) -> usize {
        let mut units = Vec::new();
        let mut j = i;
        while j < hi {
            match self.word(j) {
                Some(_) if self.is_old_style(j, hi) => break,
                Some(Word::Ident) => {
                    let unit = self.unit(j, hi);
                    units.push(unit);
                    j = unit.end;
                }
                Some(Word::Attribute) => j = self.attribute_group(j, hi),
                Some(Word::Alternate) => {
                    self.attribute(j, j + 1);
                    j += 1;
                }
                Some(Word::Qualifier) => j += 1,
                _ => break,
            }
        }
        let best = units.iter().map(|u| self.score(*u)).min().unwrap_or(0);
        let among: Vec<Unit> = units.iter().copied().filter(|u| self.score(*u) == best).collect();
        let nameless = names == Names::Optional || self.is(i.wrapping_sub(1), TokenKind::RBrace);
        let chosen = if best == 4 && nameless {
            None
        } else {
            let call = among.iter().find(|u| u.call).copied();
            call.or(if best >= 2 { among.first() } else { among.last() }.copied())
        };
        for unit in units.iter().filter(|u| chosen.is_none_or(|c| c.at != u.at)) {
            self.attribute(unit.at, unit.end);
        }
        if let Some(unit) = chosen.filter(|c| c.call) {
            if self.has_colon(unit.at + 2, unit.end) {
                // `MACRO(name:6, other:2)` makes bit-fields.
                self.s.word(MarkKind::CallWord, self.span(unit.at, unit.end));
            } else {
                self.parameters(unit.at + 1, hi);
            }
        }
        j
    }

    /// Arrays, parameters and attributes after a declarator's name.
    fn declarator_tail(&mut self, i: usize, hi: usize) -> usize {
        let mut j = i;
        while j < hi {
            match self.kind(j) {
                Some(TokenKind::LBracket) if self.is(j + 1, TokenKind::LBracket) => {
                    j = self.attribute_brackets(j, hi)
                }
                Some(TokenKind::LBracket) => {
                    let (end, next) = self.group(j, hi);
                    self.deeper(|w| w.expression(j + 1, end));
                    j = next;
                }
                Some(TokenKind::LParen) => {
                    self.parameters(j, hi);
                    j = self.after(j, hi);
                }
                Some(TokenKind::Word(Word::Attribute | Word::Asm)) => j = self.attribute_group(j, hi),
                Some(TokenKind::Word(Word::Alternate)) => {
                    self.attribute(j, j + 1);
                    j += 1;
                }
                Some(TokenKind::Word(_)) if self.is_old_style(j, hi) => break,
                Some(TokenKind::Word(Word::Ident)) => {
                    let unit = self.unit(j, hi);
                    self.attribute(unit.at, unit.end);
                    j = unit.end;
                }
                _ => break,
            }
        }
        j
    }

    /// The parameters between the parentheses that open at `open`.
    pub(super) fn parameters(&mut self, open: usize, hi: usize) {
        let (end, _) = self.group(open, hi);
        self.deeper(|w| {
            for (lo, hi) in w.split(open + 1, end) {
                match w.kind(lo) {
                    Some(TokenKind::Word(_)) if hi > lo + 1 => w.parameter(lo, hi),
                    Some(TokenKind::Word(_)) => {
                        if w.word(lo) == Some(Word::Alternate) {
                            w.attribute(lo, hi);
                        }
                    }
                    _ => w.expression(lo, hi),
                }
            }
        });
    }

    /// What follows a first declarator: initializer, bit-field, more declarators, a function's body.
    pub(super) fn declarators_after(&mut self, i: usize, hi: usize) -> usize {
        let mut j = self.declarator_tail(i, hi);
        while j < hi {
            match self.kind(j) {
                Some(TokenKind::Assign) => {
                    let end = self.value_end(j + 1, hi);
                    self.value(j + 1, end);
                    j = end.max(j + 1);
                }
                Some(TokenKind::Colon) => {
                    let end = self.value_end(j + 1, hi);
                    self.expression(j + 1, end);
                    j = self.bitfield_tail(end.max(j + 1));
                }
                Some(TokenKind::Comma) if self.is(j + 1, TokenKind::Colon) => {
                    j = self.unnamed_bits(j + 1, hi);
                }
                Some(TokenKind::Comma) => j = self.declarator(j + 1, hi, Names::Needed),
                Some(TokenKind::Semi) => return j + 1,
                Some(TokenKind::LBrace) => return self.body(j, hi),
                Some(TokenKind::Directive(_) | TokenKind::RBrace) => return j,
                Some(TokenKind::Word(_)) if self.is_old_style(j, hi) => return self.old_style(j, hi),
                Some(TokenKind::Word(_)) if self.is_first(j) => return j,
                _ => return self.expression_statement(j, hi).max(j + 1),
            }
        }
        j
    }

    fn bitfield_tail(&mut self, j: usize) -> usize {
        j
    }

    /// The index of the `,`, `;` or missing end after a value.
    fn value_end(&self, i: usize, hi: usize) -> usize {
        let mut j = i;
        while j < hi {
            if let Some(TokenKind::Comma | TokenKind::Semi | TokenKind::Directive(_) | TokenKind::RBrace) =
                self.kind(j)
            {
                return j;
            }
            j = if self.opens(j) { self.after(j, hi) } else { j + 1 };
        }
        hi
    }
}
