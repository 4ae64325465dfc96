//! Items: what stands at the top level, in blocks and among fields.
//!
//! In: tokens from the start of an item. Out: the index after it, its macros respelled. Statements are not nested
//! here: the head of an `if` is one step, the statement that follows the next.

use super::spell::{Mark, MarkKind};
use super::{Place, Walker};
use crate::syntax::lexer::{TokenKind, Word};
use crate::syntax::macros::MacroRole;

impl Walker<'_> {
    /// Read items `lo..hi`.
    pub(super) fn items(&mut self, lo: usize, hi: usize, place: Place) {
        let mut i = lo;
        while i < hi {
            let next = self.item(i, hi, place).max(i + 1);
            if place == Place::Top && !self.is_conditional(i) {
                let span = self.span(i, next.min(hi));
                // Of `extern "C" { … }` the items are those inside.
                if self.items.last().is_none_or(|last| last.end <= span.start) {
                    self.items.push(span);
                }
            }
            i = next;
        }
    }

    fn item(&mut self, i: usize, hi: usize, place: Place) -> usize {
        match self.kind(i) {
            Some(TokenKind::LBrace) => {
                let (end, next) = self.group(i, hi);
                let inner = if place == Place::Fields { Place::Fields } else { Place::Block };
                self.deeper(|w| w.items(i + 1, end, inner));
                next
            }
            Some(TokenKind::Word(word)) => self.word_item(i, hi, place, word),
            Some(TokenKind::LBracket) if self.is(i + 1, TokenKind::LBracket) => {
                // The grammar reads it in two ways and compares all that came before for each.
                let next = self.after(i, hi);
                self.attribute(i, next);
                next
            }
            Some(TokenKind::Semi) if place == Place::Fields => {
                self.attribute(i, i + 1);
                i + 1
            }
            Some(TokenKind::Directive(_) | TokenKind::Semi | TokenKind::RBrace) | None => i + 1,
            _ => self.expression_statement(i, hi),
        }
    }

    fn word_item(&mut self, i: usize, hi: usize, place: Place, word: Word) -> usize {
        match word {
            Word::Header if self.is(i + 1, TokenKind::LParen) => self.header(i, hi),
            Word::Header => {
                // `if likely(x)`: the macro's parentheses are the condition's.
                if self.is_ident(i + 1) && self.is(i + 2, TokenKind::LParen) {
                    let span = self.span(i + 1, i + 2);
                    self.s.blanked(Mark::new(MarkKind::Attribute, span));
                    let (end, next) = self.group(i + 2, hi);
                    self.deeper(|w| w.expression(i + 3, end));
                    return next;
                }
                i + 1
            }
            Word::Prefix if self.text(i) == "do" && self.is(i + 1, TokenKind::LBrace) => self.do_block(i, hi),
            Word::Prefix => i + 1,
            Word::Case => self.case(i, hi),
            Word::Default if self.is(i + 1, TokenKind::Colon) => self.label_end(i + 1, hi, i),
            Word::Jump => self.jump(i, hi),
            Word::Asm => self.asm_statement(i, hi),
            Word::Ident => self.ident_item(i, hi, place),
            Word::Sizeof => self.expression_statement(i, hi),
            Word::Storage if self.is(i + 1, TokenKind::Str) && self.is(i + 2, TokenKind::LBrace) => {
                let (end, next) = self.group(i + 2, hi);
                self.deeper(|w| w.items(i + 3, end, place));
                next
            }
            Word::Attribute if self.after_attribute(i, hi).is_some_and(|n| self.is(n, TokenKind::Semi)) => {
                let next = self.after(i + 1, hi);
                self.attribute(i, next);
                next
            }
            _ => self.declaration(i, hi, place),
        }
    }

    /// `do { … }`, whose `while` may hide behind a macro.
    fn do_block(&mut self, i: usize, hi: usize) -> usize {
        let (end, next) = self.group(i + 1, hi);
        self.deeper(|w| w.items(i + 2, end, Place::Block));
        if !(self.is_ident(next) && self.is(next + 1, TokenKind::LParen) && next + 1 < hi) {
            return next;
        }
        let span = self.span(next, next + 1);
        let (close, after) = self.group(next + 1, hi);
        if span.len() >= 5 {
            self.deeper(|w| w.arguments(next + 1, close));
            self.s.blank(span);
            self.s.put(span.start, b"while");
            self.s.marks.push(Mark::new(MarkKind::Asm, span));
            if !self.is(after, TokenKind::Semi) {
                self.assume(after - 1, b';');
            }
        }
        after
    }

    fn after_attribute(&self, i: usize, hi: usize) -> Option<usize> {
        self.is(i + 1, TokenKind::LParen).then(|| self.after(i + 1, hi))
    }

    fn header(&mut self, i: usize, hi: usize) -> usize {
        let (end, next) = self.group(i + 1, hi);
        if self.text(i) == "for" {
            self.deeper(|w| w.for_header(i + 2, end));
        } else {
            self.deeper(|w| w.condition(i + 2, end));
        }
        next
    }

    fn condition(&mut self, lo: usize, hi: usize) {
        // `while ({ … })` would lose its own parentheses as a statement expression's.
        if self.is(lo, TokenKind::LBrace) {
            let (end, _) = self.group(lo, hi);
            self.items(lo + 1, end, Place::Block);
        } else {
            self.expression(lo, hi);
        }
    }

    fn for_header(&mut self, lo: usize, hi: usize) {
        let first = (lo..hi).find(|i| self.is(*i, TokenKind::Semi)).unwrap_or(hi);
        let declares = match self.word(lo) {
            Some(Word::Ident) => {
                self.is_ident(lo + 1) || (self.is(lo + 1, TokenKind::Star) && self.is_ident(lo + 2))
            }
            Some(Word::Sizeof) | None => false,
            Some(_) => true,
        };
        let after = if declares && first < hi { self.declaration(lo, first + 1, Place::Block) } else { lo };
        self.expression(after.min(hi), hi);
    }

    fn case(&mut self, i: usize, hi: usize) -> usize {
        let mut questions = 0usize;
        let mut j = i + 1;
        while j < hi {
            match self.kind(j) {
                Some(TokenKind::Question) => questions += 1,
                Some(TokenKind::Colon) if questions == 0 => break,
                Some(TokenKind::Colon) => questions -= 1,
                Some(TokenKind::Ellipsis) => {
                    // `a ... b` is a binary expression whose operator is `...`.
                    let at = self.toks[j].start;
                    self.s.put(at, b" | ");
                    self.s.marks.push(Mark::new(MarkKind::Respelled, self.span(j, j + 1)));
                }
                Some(TokenKind::Semi | TokenKind::LBrace | TokenKind::Directive(_)) => return j,
                _ if self.opens(j) => {
                    j = self.after(j, hi);
                    continue;
                }
                _ => {}
            }
            j += 1;
        }
        self.expression(i + 1, j);
        j + 1
    }

    /// After the `:` at `colon` of the label at `label`: a statement must follow.
    fn label_end(&mut self, colon: usize, hi: usize, label: usize) -> usize {
        let mut next = colon + 1;
        while self.has_role(next, MacroRole::Attribute) || self.word(next) == Some(Word::Attribute) {
            let end = if self.is(next + 1, TokenKind::LParen) { self.after(next + 1, hi) } else { next + 1 };
            self.attribute(next, end);
            next = end;
        }
        let is_label = self.is_ident(label);
        if is_label && (next >= hi || self.is_conditional(next) || self.is(next, TokenKind::RBrace)) {
            self.assume(next - 1, b';');
        }
        next
    }

    fn jump(&mut self, i: usize, hi: usize) -> usize {
        if self.text(i) == "goto" && self.is(i + 1, TokenKind::Star) {
            self.s.put(self.toks[i].start, b"    ");
            let end = self.statement_end(i + 1, hi);
            self.expression(i + 1, end);
            let mut mark = Mark::new(MarkKind::ComputedGoto, self.span(i, i + 1));
            mark.item = self.toks[i + 1].start;
            self.s.marks.push(mark);
            return end + 1;
        }
        self.expression_statement(i + 1, hi)
    }

    /// The index of the `;` that ends the statement, or of what stands where it is missing.
    fn statement_end(&self, i: usize, hi: usize) -> usize {
        let mut j = i;
        while j < hi {
            match self.kind(j) {
                Some(TokenKind::Semi | TokenKind::Directive(_) | TokenKind::RBrace) => return j,
                Some(TokenKind::Word(Word::Header | Word::Prefix | Word::Case | Word::Jump)) if j > i => {
                    return j;
                }
                _ => {}
            }
            j = if self.opens(j) { self.after(j, hi) } else { j + 1 };
        }
        hi
    }

    pub(super) fn expression_statement(&mut self, i: usize, hi: usize) -> usize {
        let end = self.statement_end(i, hi);
        self.expression(i, end);
        if self.is(end, TokenKind::Semi) { end + 1 } else { end }
    }

    /// An item that begins with a name.
    fn ident_item(&mut self, i: usize, hi: usize, place: Place) -> usize {
        match self.kind(i + 1) {
            Some(TokenKind::Colon) if place != Place::Fields => self.label_end(i + 1, hi, i),
            Some(TokenKind::LParen) => self.call_item(i, hi, place),
            Some(TokenKind::Directive(_)) | None if place != Place::Fields => self.bare_macro(i),
            _ if place != Place::Block => self.declaration(i, hi, place),
            Some(TokenKind::Word(word)) => match word {
                Word::Header | Word::Prefix | Word::Case | Word::Default | Word::Jump | Word::Asm => {
                    self.bare_macro(i)
                }
                _ if self.has_role(i, MacroRole::Statement) => self.bare_macro(i),
                Word::Qualifier | Word::Alternate
                    if self.is(i + 2, TokenKind::LParen) && self.has_colon(i + 3, self.after(i + 2, hi)) =>
                {
                    self.asm_macro(i, i + 2, hi)
                }
                // A type and what it declares share a line.
                Word::Ident if self.is_first(i + 1) && self.is_shouted(i) && self.is_statement(i + 1) => {
                    self.bare_macro(i)
                }
                _ if self.has_role(i, MacroRole::Attribute) && self.is(i + 2, TokenKind::LParen) => {
                    self.attribute(i, i + 1);
                    i + 1
                }
                _ => self.declaration(i, hi, place),
            },
            Some(TokenKind::Star) if self.is_pointer_declaration(i, hi) => self.declaration(i, hi, place),
            Some(TokenKind::LBrace) => {
                self.attribute(i, i + 1);
                i + 1
            }
            Some(TokenKind::RBrace) | None => self.bare_macro(i),
            Some(TokenKind::Directive(_)) => self.bare_macro(i),
            _ => self.expression_statement(i, hi),
        }
    }

    /// `name *…` with something that only a declaration has.
    fn is_pointer_declaration(&self, i: usize, hi: usize) -> bool {
        let mut j = i + 1;
        while j < hi && (self.is(j, TokenKind::Star) || self.word(j) == Some(Word::Qualifier)) {
            j += 1;
        }
        self.is_ident(j)
            && (self.is_ident(j + 1)
                || matches!(self.kind(j + 1), Some(TokenKind::Assign | TokenKind::Semi | TokenKind::Comma)))
    }

    /// A macro without arguments that is a statement without a semicolon.
    fn bare_macro(&mut self, i: usize) -> usize {
        let why = self.why(i);
        if self.assume(i, b';').is_some() {
            let mark = Mark::new(MarkKind::Statement, self.span(i, i + 1)).because(why);
            self.s.marks.push(mark);
        }
        i + 1
    }

    /// An item that begins with `name(…)`.
    fn call_item(&mut self, i: usize, hi: usize, place: Place) -> usize {
        let (end, next) = self.group(i + 1, hi);
        if self.is_pointer_declarator(i + 1, hi)
            && (place != Place::Block || self.is(next, TokenKind::LParen))
        {
            return self.declaration(i, hi, place);
        }
        if place != Place::Block {
            return self.call_at_top(i, next, hi, place);
        }
        match self.kind(next) {
            _ if next >= hi => self.statement_macro(i, next),
            Some(TokenKind::LBrace) => self.iterator(i, end, next),
            Some(TokenKind::Word(_)) if self.has_role(i, MacroRole::Attribute) => {
                self.declaration(i, hi, place)
            }
            Some(TokenKind::Word(word)) => {
                if self.has_role(i, MacroRole::Iterator) {
                    return self.iterator(i, end, next);
                }
                if self.has_role(i, MacroRole::Statement)
                    || matches!(word, Word::Prefix | Word::Case | Word::Default)
                {
                    return self.statement_macro(i, next);
                }
                match self.layout(i, next) {
                    Layout::Deeper => self.iterator(i, end, next),
                    Layout::NotDeeper => self.statement_macro(i, next),
                    // `ROW(x) ROW(y)`
                    Layout::SameLine if self.text(i) == self.text(next) => self.statement_macro(i, next),
                    // `typeof_macro(x) y;`
                    Layout::SameLine if word == Word::Ident && !self.is(next + 1, TokenKind::LParen) => {
                        self.declaration(i, hi, place)
                    }
                    Layout::SameLine => self.iterator(i, end, next),
                }
            }
            Some(TokenKind::Directive(_) | TokenKind::RBrace) => self.statement_macro(i, next),
            Some(TokenKind::Semi) if self.has_role(i, MacroRole::Iterator) => self.iterator(i, end, next),
            Some(TokenKind::Semi | TokenKind::Assign | TokenKind::LBracket | TokenKind::Comma)
                if self.has_role(i, MacroRole::Declarer) =>
            {
                self.declarer_statement(i, next, hi, i)
            }
            Some(TokenKind::Assign) if self.is(next + 1, TokenKind::LBrace) => {
                self.declarer_statement(i, next, hi, i)
            }
            Some(TokenKind::Colon) => {
                self.expression(i, next);
                next + 1
            }
            Some(TokenKind::Step) if self.is_first(next) => self.statement_macro(i, next),
            Some(TokenKind::Dot) if self.is_first(next) => match self.initializer_end(next, hi) {
                Some(close) => self.open_initializer(i, next, close),
                None => self.expression_statement(i, hi),
            },
            // A product is no statement.
            Some(TokenKind::Star) if self.is_first(next) && self.layout(i, next) == Layout::Deeper => {
                self.iterator(i, end, next)
            }
            Some(TokenKind::LParen) if self.is_first(next) && self.layout(i, next) == Layout::Deeper => {
                let cast = self.is_type_name(next + 1, self.group(next, hi).0);
                if cast || self.has_role(i, MacroRole::Iterator) {
                    self.iterator(i, end, next)
                } else {
                    self.expression_statement(i, hi)
                }
            }
            _ => self.call_statement(i, next, hi),
        }
    }

    /// A call that goes on as an expression; `asm` behind a macro shows by the `:` among its arguments.
    fn call_statement(&mut self, i: usize, next: usize, hi: usize) -> usize {
        if self.is(next, TokenKind::Semi) && self.is_asm_call(i + 1, next) {
            return self.asm_macro(i, i + 1, hi);
        }
        self.expression_statement(i, hi)
    }

    /// Whether a name begins a statement that is no declaration.
    fn is_statement(&self, i: usize) -> bool {
        matches!(
            self.kind(i + 1),
            Some(
                TokenKind::LParen
                    | TokenKind::Assign
                    | TokenKind::Arrow
                    | TokenKind::Dot
                    | TokenKind::LBracket
                    | TokenKind::Step
                    | TokenKind::Operator
                    | TokenKind::Colon
                    | TokenKind::Word(_)
            )
        )
    }

    fn layout(&self, i: usize, next: usize) -> Layout {
        if !self.is_first(next) {
            Layout::SameLine
        } else if self.column(next) > self.column(i) {
            Layout::Deeper
        } else {
            Layout::NotDeeper
        }
    }

    /// The column of a token's line's first byte that is no white space; tabs count eight.
    fn column(&self, i: usize) -> usize {
        let start = self.toks.get(i).map_or(0, |t| t.start as usize);
        let line = self.s.text[..start].iter().rposition(|b| *b == b'\n').map_or(0, |p| p + 1);
        let indent = self.s.text[line..start].iter().take_while(|b| matches!(b, b' ' | b'\t'));
        indent.fold(0, |column, b| if *b == b'\t' { column / 8 * 8 + 8 } else { column + 1 })
    }

    /// `name(…) statement`: a loop. `open` is followed by the arguments up to `end`, `next` begins the body.
    fn iterator(&mut self, i: usize, end: usize, next: usize) -> usize {
        let why = self.why(i);
        let span = self.span(i, i + 1);
        let mut mark = Mark::new(MarkKind::Iterator, span).because(why);
        if end == i + 2 {
            let whole = self.span(i, next);
            if whole.len() < b"for(;;)".len() {
                return next;
            }
            mark.kind = MarkKind::EmptyIterator;
            mark.span = whole;
            mark.inner = Some(self.s.text[whole.range()].into());
            self.s.blank(whole);
            self.s.put(whole.start, b"for(;;)");
        } else {
            self.deeper(|w| w.arguments(i + 1, end));
            let head: &[u8] = if span.len() >= 5 { b"while" } else { b"if" };
            if span.len() < head.len() {
                return next;
            }
            self.s.blank(span);
            self.s.put(span.start, head);
        }
        self.s.marks.push(mark);
        next
    }

    /// `name(…)` without a semicolon.
    fn statement_macro(&mut self, i: usize, next: usize) -> usize {
        let why = self.why(i);
        let span = self.span(i, next);
        self.expression(i, next);
        if self.assume(next - 1, b';').is_some() {
            self.s.marks.push(Mark::new(MarkKind::Statement, span).because(why));
        }
        next
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    SameLine,
    Deeper,
    NotDeeper,
}
