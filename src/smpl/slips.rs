//! Mistakes that the tokens of a rule's code show before any of it is read as C.
//!
//! In: the tokens of a rule, and its metavariables. Out: a complaint for each bracket that does not pair, literal that is
//! not closed, position that is not declared or stands where none can, and word of the rule language in the wrong
//! place. Whoever reads the code afterwards would only say that it is no C.

use super::metavariable::{MetaKind, Metavariable};
use super::nearest::nearest;
use super::pattern::{Atom, Metavariables};
use super::token::{Mark, TokenKind};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};

/// What is wrong with the tokens of a rule; `conditions` says which of them belong to `when` clauses.
pub fn slips(
    file: &SourceFile,
    atoms: &[Atom],
    conditions: &[bool],
    metas: &Metavariables,
) -> Vec<Diagnostic> {
    let mut slips = Slips { file, atoms, conditions, metas, told: Vec::new() };
    for at in 0..atoms.len() {
        slips.spelling(at);
        slips.rule_words(at);
        slips.attached(at);
    }
    slips.marks();
    if slips.told.is_empty() {
        slips.brackets(|mark| !mark.is_plus());
    }
    if slips.told.is_empty() {
        slips.brackets(|mark| mark != Mark::Minus);
    }
    slips.told
}

struct Slips<'a> {
    file: &'a SourceFile,
    atoms: &'a [Atom],
    conditions: &'a [bool],
    metas: &'a Metavariables,
    told: Vec<Diagnostic>,
}

impl<'a> Slips<'a> {
    fn tell(&mut self, span: Span, message: impl Into<String>, help: &str) {
        let told = Diagnostic::error("smpl-code", message).at(self.file, span, "here");
        self.told.push(if help.is_empty() { told } else { told.help(help) });
    }

    fn text(&self, at: usize) -> &'a str {
        self.atoms.get(at).map_or("", |a| a.text.as_str())
    }

    fn starts_line(&self, at: usize) -> bool {
        at == 0 || self.atoms[at - 1].line != self.atoms[at].line
    }

    /// Literals that are not closed, and characters that C does not have.
    fn spelling(&mut self, at: usize) {
        let atom = &self.atoms[at];
        match atom.kind {
            TokenKind::String | TokenKind::Char => {
                let quote = &atom.text[..1];
                if atom.text.len() < 2 || !atom.text.ends_with(quote) {
                    let what = if quote == "\"" { "string" } else { "character" };
                    self.tell(
                        atom.span,
                        format!("a {what} that is not closed"),
                        &format!("end it with `{quote}`"),
                    );
                }
            }
            TokenKind::Punct if !atom.text.is_ascii() => {
                let help = meant(&atom.text).map(|c| format!("did you mean `{c}`?")).unwrap_or_default();
                self.tell(atom.span, format!("`{}` is no character of C", atom.text), &help);
            }
            _ => {}
        }
    }

    /// Dots and conditions in the wrong place or misspelt.
    fn rule_words(&mut self, at: usize) {
        let atom = &self.atoms[at];
        let next = self.atoms.get(at + 1);
        if atom.text == "." && next.is_some_and(|n| n.text == "." && n.span.start == atom.span.end) {
            let span = atom.span.cover(self.atoms[at + 1].span);
            return self.tell(span, "expected `...`, found `..`", "");
        }
        if atom.mark.is_plus() {
            let alone = self.starts_line(at) && next.is_none_or(|n| n.line != atom.line);
            if atom.kind == TokenKind::Dots && alone
                || matches!(atom.kind, TokenKind::NestOpen | TokenKind::NestClose)
            {
                let help = "dots stand for code that is there; write out what is to be added";
                self.tell(atom.span, format!("`{}` cannot be added", atom.text), help);
            }
            return;
        }
        let condition = matches!(self.text(at + 1), "!=" | "==" | "any" | "strict" | "exists" | "forall");
        if atom.is_when() && !self.conditions[at] && self.starts_line(at) && condition {
            self.tell(atom.span, "`when` without dots in front of it", "a condition follows `...` or a nest");
        }
        let misspelt =
            next.filter(|n| atom.kind == TokenKind::Dots && n.line == atom.line && n.kind == TokenKind::Word);
        if let Some(word) = misspelt.filter(|n| nearest(&n.text, ["when"]).is_some()) {
            self.tell(
                word.span,
                format!("expected a condition behind `...`, found `{}`", word.text),
                "did you mean `when`?",
            );
        }
    }

    /// Names behind `@`, and positions elsewhere.
    fn attached(&mut self, at: usize) {
        let atom = &self.atoms[at];
        let place = |m: &Metavariable| matches!(m.kind, MetaKind::Position(_));
        if atom.kind == TokenKind::Word && self.metas.get(&atom.text).is_some_and(place) {
            let message = format!("the position {} is no code", atom.text);
            self.tell(
                atom.span,
                message,
                &format!("write `@{}` behind the token whose place is meant", atom.text),
            );
        }
        for name in &atom.attached {
            if atom.mark.is_plus() {
                self.tell(
                    atom.span,
                    format!("`@{name}` on added code"),
                    "only code that is there has a place",
                );
            } else if !self.metas.contains_key(name) {
                let help = format!("declare it: `position {name};`");
                self.tell(atom.span, format!("the metavariable {name} is not declared"), &help);
            }
        }
    }

    /// Marks that do not go together.
    fn marks(&mut self) {
        let changes = self.atoms.iter().any(|a| a.mark == Mark::Minus || a.mark.is_plus());
        if let Some(star) = self.atoms.iter().find(|a| a.mark == Mark::Star && changes) {
            let help = "`*` marks what is found; make it a rule of its own";
            self.tell(star.span, "`*` in a rule that changes code", help);
        }
    }

    /// Brackets of the code that `counts`: what is there before, or after. A definition that goes on below its line may
    /// have opened any.
    fn brackets(&mut self, counts: impl Fn(Mark) -> bool) {
        let mut open: Vec<&Atom> = Vec::new();
        let goes_on = |a: &&Atom| a.kind == TokenKind::Directive && a.text.ends_with('\\');
        for atom in self.atoms.iter().take_while(|a| !goes_on(a)).filter(|a| counts(a.mark)) {
            let wanted = match (atom.kind, atom.text.as_str()) {
                (TokenKind::Open | TokenKind::NestOpen, _) | (TokenKind::Punct, "(" | "[" | "{") => {
                    open.push(atom);
                    continue;
                }
                (TokenKind::Or | TokenKind::And | TokenKind::Close, _) => TokenKind::Open,
                (TokenKind::NestClose, _) => TokenKind::NestOpen,
                (TokenKind::Punct, ")" | "]" | "}") => TokenKind::Punct,
                (TokenKind::Word, _) => {
                    let inside = open
                        .last()
                        .is_some_and(|o| matches!(o.text.as_str(), "(" | "[") && o.kind == TokenKind::Punct);
                    if inside && self.metas.get(&atom.text).is_some_and(is_statement) {
                        let message = format!("the statement {} is no expression", atom.text);
                        self.tell(
                            atom.span,
                            message,
                            "declare it as an expression, or give it a place of its own",
                        );
                    }
                    continue;
                }
                _ => continue,
            };
            // A bracket that nothing can close is not what is missing.
            let Some(last) = open.last().filter(|_| open.iter().any(|o| o.kind == wanted)) else {
                let help = match atom.text.as_str() {
                    "\\|" | "\\&" => "alternatives stand between `\\(` and `\\)`",
                    "|" | "&" | ")" if wanted == TokenKind::Open => {
                        "in column 0 it is part of a disjunction; indent it if it is code"
                    }
                    _ => "",
                };
                return self.tell(atom.span, format!("`{}` without its opening bracket", atom.text), help);
            };
            if last.kind != wanted || wanted == TokenKind::Punct && closing(&last.text) != atom.text {
                let span = last.span;
                let message = format!("`{}` is not closed", last.text);
                let told = Diagnostic::error("smpl-code", message).at(self.file, span, "here");
                return self.told.push(told.at(self.file, atom.span, format!("before this `{}`", atom.text)));
            }
            if !matches!(atom.kind, TokenKind::Or | TokenKind::And) {
                open.pop();
            }
        }
        if let Some(last) = open.last() {
            self.tell(last.span, format!("`{}` is not closed", last.text), "");
        }
    }
}

fn is_statement(meta: &Metavariable) -> bool {
    matches!(meta.kind, MetaKind::Statement | MetaKind::StatementList(_))
}

fn closing(open: &str) -> &'static str {
    match open {
        "(" => ")",
        "[" => "]",
        _ => "}",
    }
}

/// The character of C that looks like this one.
fn meant(text: &str) -> Option<char> {
    Some(match text.chars().next()? {
        '；' => ';',
        '，' => ',',
        '（' => '(',
        '）' => ')',
        '“' | '”' | '„' | '＂' => '"',
        '‘' | '’' => '\'',
        '–' | '—' | '−' => '-',
        '＝' => '=',
        '…' => '.',
        _ => return None,
    })
}
