//! Plus code as tokens: metavariables filled in, spaces as kernel code has them.
//!
//! In: plus code of a rule and the bindings. Out: [`Code`] without indentation. Bound code is spelled anew: blanks and
//! line breaks in it are the layout's, its comments go. A metavariable that is not bound keeps its name: the rule was
//! checked for that.

mod lines;
mod precedence;
mod rows;
mod words;

use super::layout::token::Token;
use super::layout::{Code, Edge, Spacing};
use crate::matcher::{Binding, Environment};
use crate::smpl::compile::PlusCode;
use crate::smpl::pattern::{Atom, Metavariables, atoms, format_names};
use crate::smpl::token::{LineMode, TokenKind};
use crate::smpl::{FreshPart, MetaKind, Metavariable, OperatorKind};
use crate::source::{SourceFile, Span};
use rows::{Names, from_name, rows};
use words::space;

/// What plus code is rendered with.
pub struct Renderer<'a> {
    /// The rule's metavariables.
    pub metavariables: &'a Metavariables,
    /// What they are bound to.
    pub environment: &'a Environment,
    /// The text of a binding after the edits that other matches make inside of it.
    pub edited: &'a dyn Fn(&Metavariable, &Binding) -> Option<String>,
    /// Where its blanks come from.
    pub spacing: Spacing,
}

impl Renderer<'_> {
    /// Render plus code.
    pub fn render(&self, plus: &PlusCode) -> Code {
        let names = Names {
            is_statement: &|atom| self.is_statement(atom) || self.is_field(atom),
            is_iterator: &|atom| self.is_iterator(atom),
        };
        let rows = rows(&plus.atoms, &names);
        let mut tokens = Vec::new();
        for (i, row) in rows.iter().enumerate() {
            if i > 0 {
                let joined = self.joins(rows[i - 1], row);
                tokens.push(if joined { Token::blank() } else { Token::line_break() });
            }
            if in_column_0(&row[0]) {
                tokens.push(Token::Outdent);
            }
            tokens.extend(self.row(row));
        }
        let opens = plus.atoms.first().is_some_and(|a| a.text == "{");
        let first = rows.iter().find(|r| r[0].kind != TokenKind::Comment);
        let function = first.is_some_and(|r| r.last().is_some_and(|a| a.text == ")") && from_name(r));
        let body = rows.iter().rposition(|r| r.last().is_some_and(|a| a.text == ")") && from_name(r));
        let ends_body = body.is_some() && rows.last().is_some_and(|r| r.len() == 1 && r[0].text == "}");
        let starts_line = rows.first().is_some_and(|r| {
            let last = r.last().map_or("", |a| a.text.as_str());
            self.is_line(r) || last == "}" || last == "{" && r.len() > 1
        });
        let ends_line = rows.last().is_some_and(|r| {
            let last = r.last().map_or("", |a| a.text.as_str());
            self.is_line(r) || last == "{" || r[0].text == "}" && last == ","
        });
        Code {
            tokens,
            starts: match (starts_line || function, function) {
                (true, true) => Edge::Apart,
                (true, false) if !opens => Edge::Line,
                _ => Edge::Inline,
            },
            ends: match (ends_line, ends_body) {
                (true, true) => Edge::Apart,
                (true, false) => Edge::Line,
                _ => Edge::Inline,
            },
        }
    }

    /// Whether a row is a line of its own: a statement, declaration, header, field or directive.
    fn is_line(&self, row: &[Atom]) -> bool {
        let first = row[0].text.as_str();
        let last = row.last().map_or("", |a| a.text.as_str());
        let bound = |text: &str| {
            self.metavariables.get(text).is_some_and(|m| {
                matches!(
                    m.kind,
                    MetaKind::Statement
                        | MetaKind::StatementList(_)
                        | MetaKind::Declaration
                        | MetaKind::Field
                        | MetaKind::FieldList(_)
                )
            })
        };
        matches!(last, ";" | "}" | ":")
            || matches!(row[0].kind, TokenKind::Directive | TokenKind::Comment)
            || first == "." && row.iter().any(|a| a.text == "=")
            || (matches!(first, "if" | "for" | "while" | "switch" | "do" | "else")
                || self.is_iterator(&row[0]))
                && last != "{"
            || row.len() == 1 && bound(first)
    }

    fn is_statement(&self, atom: &Atom) -> bool {
        self.metavariables
            .get(&atom.text)
            .is_some_and(|m| matches!(m.kind, MetaKind::Statement | MetaKind::StatementList(_)))
    }

    fn is_field(&self, atom: &Atom) -> bool {
        let meta = self.metavariables.get(&atom.text);
        meta.is_some_and(|m| matches!(m.kind, MetaKind::Field | MetaKind::FieldList(_)))
    }

    fn is_iterator(&self, atom: &Atom) -> bool {
        let meta = self.metavariables.get(&atom.text);
        meta.is_some_and(|m| matches!(m.kind, MetaKind::Iterator | MetaKind::IteratorName))
    }

    /// Whether a row goes on in the line of the one above it: a bound block behind a header, `else` behind a block.
    fn joins(&self, above: &[Atom], row: &[Atom]) -> bool {
        let block = |row: &[Atom]| match row {
            [one] if self.is_statement(one) => {
                self.environment.get(&one.text).is_some_and(|b| b.text.starts_with('{'))
            }
            _ => false,
        };
        let opens = matches!(above[0].text.as_str(), "if" | "for" | "while" | "switch" | "else" | "do")
            || self.is_iterator(&above[0]);
        let ends = above.last().is_some_and(|a| matches!(a.text.as_str(), ")" | "else" | "do"));
        opens && ends && block(row) || row[0].text == "else" && block(above)
    }

    fn row(&self, row: &[Atom]) -> Vec<Token> {
        if self.spacing == Spacing::Rule {
            return self.row_as_written(row);
        }
        let mut out: Vec<Token> = Vec::new();
        let mut values = 0usize;
        for (i, atom) in row.iter().enumerate() {
            let before = out.last().map_or("", Token::text);
            // A type's stars stick to the name.
            let stars = i > 0 && before.ends_with('*') && self.metavariables.contains_key(&row[i - 1].text);
            let comma = matches!(out.last(), Some(Token::New(new)) if new.gap.is_some());
            let tagged = i > 1 && matches!(row[i - 2].text.as_str(), "struct" | "union" | "enum");
            let pointer = i > 0 && atom.text == "*" && (tagged || self.is_type(&row[i - 1]));
            let operand = i > 0 && self.is_unary(&row[i - 1]);
            if i > 0 && !stars && !operand && !comma && !before.is_empty() && (pointer || space(row, i)) {
                out.push(Token::blank());
            }
            match atom.text.as_str() {
                "{" => values += 1,
                "}" => values = values.saturating_sub(1),
                "," if values == 0 && atom.kind == TokenKind::Punct => {
                    out.push(Token::comma());
                    continue;
                }
                _ => {}
            }
            self.word(row, i, &mut out);
            if let Some(brackets) = type_before(row, i).and_then(|j| self.behind_name(&row[j])) {
                out.extend(line(brackets));
            }
        }
        out
    }

    /// A row with the blanks and line breaks of the rule.
    fn row_as_written(&self, row: &[Atom]) -> Vec<Token> {
        let mut out = Vec::new();
        for (i, atom) in row.iter().enumerate() {
            if let Some(before) = i.checked_sub(1).map(|j| &row[j]) {
                let end = before.column + before.text.chars().count();
                let gap = if before.line == atom.line {
                    " ".repeat(atom.column.saturating_sub(end))
                } else {
                    let lines = atom.line.saturating_sub(before.line);
                    "\n".repeat(lines) + &" ".repeat(atom.column.saturating_sub(2))
                };
                out.extend((!gap.is_empty()).then(|| Token::gap(gap)));
            }
            let gap = out.len();
            self.word(row, i, &mut out);
            if out.len() == gap {
                // An empty list takes the comma in front of it along.
                let comma = out.iter().rposition(|t| !t.is_added_white());
                out.truncate(comma.filter(|at| out[*at].text() == ",").unwrap_or(gap));
            }
            if let Some(brackets) = i.checked_sub(1).and_then(|j| self.behind_name(&row[j])) {
                out.push(Token::bound(brackets));
            }
        }
        out
    }

    /// What of a bound type stands behind the name that it declares: the brackets of an array.
    fn behind_name(&self, atom: &Atom) -> Option<&str> {
        let meta = self.metavariables.get(&atom.text).filter(|m| m.kind == MetaKind::Type)?;
        let binding = self.environment.get(&meta.name)?;
        binding.text.get(binding.hole?..)
    }

    fn is_unary(&self, atom: &Atom) -> bool {
        let meta = self.metavariables.get(&atom.text);
        meta.is_some_and(|m| m.kind == MetaKind::Operator(OperatorKind::Unary))
    }

    fn is_type(&self, atom: &Atom) -> bool {
        let meta = self.metavariables.get(&atom.text);
        meta.is_some_and(|m| matches!(m.kind, MetaKind::Type | MetaKind::TypedefName))
            || matches!(
                atom.text.as_str(),
                "int" | "char" | "void" | "long" | "short" | "unsigned" | "float" | "double"
            )
    }

    fn word(&self, row: &[Atom], i: usize, out: &mut Vec<Token>) {
        let atom = &row[i];
        if atom.kind == TokenKind::Comment {
            // Further lines of a comment have marks of their own.
            return out.push(Token::rule(atom.text.replace("\n+", "\n")));
        }
        if atom.kind == TokenKind::Directive {
            out.push(Token::rule(directive(&atom.text, self.metavariables, self.environment)));
            return;
        }
        if atom.kind == TokenKind::String && !format_names(&atom.text).is_empty() {
            return out.push(Token::rule(self.format(&atom.text)));
        }
        let meta = self.metavariables.get(&atom.text).filter(|_| atom.kind == TokenKind::Word);
        let Some(meta) = meta else { return out.push(Token::rule(atom.text.as_str())) };
        if matches!(meta.kind, MetaKind::FreshIdentifier(_)) {
            return out.push(Token::rule(fresh(meta, self.environment)));
        }
        let Some(binding) = self.environment.get(&atom.text) else {
            return out.push(Token::rule(atom.text.as_str()));
        };
        let text = (self.edited)(meta, binding).unwrap_or_else(|| binding.text.to_string());
        let text = match binding.hole {
            Some(hole) if row.get(i + 1).is_some_and(|next| next.kind == TokenKind::Word) => {
                text.get(..hole).unwrap_or(&text).to_owned()
            }
            _ => text,
        };
        let name = matches!(
            meta.kind,
            MetaKind::Identifier | MetaKind::Function | MetaKind::Declarer | MetaKind::Iterator
        );
        if name {
            return out.push(Token::rule(text));
        }
        if text.is_empty() {
            // An empty list takes the comma behind it along.
            if matches!(out.last(), Some(Token::New(new)) if new.gap.is_some()) {
                out.pop();
            }
            return;
        }
        let expression =
            matches!(meta.kind, MetaKind::Expression | MetaKind::Idexpression(_) | MetaKind::Metavariable);
        let tokens = spelled(&text, &meta.kind, binding.column);
        if expression && precedence::needs_parens(row, i, &text) {
            out.push(Token::rule("("));
            out.extend(tokens);
            out.push(Token::rule(")"));
        } else {
            out.extend(tokens);
        }
    }
}

impl Renderer<'_> {
    /// A format string with its metavariables filled in.
    fn format(&self, text: &str) -> String {
        format_names(text).iter().fold(text.to_owned(), |text, name| {
            let Some(bound) = self.environment.get(name) else { return text };
            let one = self.metavariables.get(*name).is_some_and(|m| m.kind == MetaKind::Format);
            let spelled = if one { format!("%{}", bound.text) } else { bound.text.to_string() };
            text.replace(&format!("%@{name}@"), &spelled)
        })
    }
}

/// Whether an atom stands in column 0: an empty line, or a preprocessor line that is no code.
fn in_column_0(atom: &Atom) -> bool {
    let name = atom.text.trim_start_matches('#').trim_start();
    let code = ["define", "include", "undef", "pragma"].iter().any(|d| name.starts_with(d));
    atom.kind == TokenKind::Directive && !code || atom.kind == TokenKind::Comment && atom.text.is_empty()
}

/// Where the type stands that a word of a row may be declared with: right before it, or before attributes.
fn type_before(row: &[Atom], at: usize) -> Option<usize> {
    let is_attribute = |a: &Atom| a.text.starts_with("__attribute");
    if row[at].kind != TokenKind::Word || is_attribute(&row[at]) {
        return None;
    }
    let before = at.checked_sub(1)?;
    if row[before].text != ")" {
        return Some(before);
    }
    row[..before].iter().rposition(is_attribute)?.checked_sub(1)
}

/// Bound code as tokens: statements keep their lines, everything else is one line.
fn spelled(text: &str, kind: &MetaKind, column: usize) -> Vec<Token> {
    let keeps_lines = matches!(
        kind,
        MetaKind::Statement
            | MetaKind::StatementList(_)
            | MetaKind::Declaration
            | MetaKind::Field
            | MetaKind::FieldList(_)
    ) || matches!(kind, MetaKind::Initializer | MetaKind::InitializerList(_))
        && text.contains('\n');
    if !keeps_lines || text.contains('#') {
        return if text.contains('#') { vec![Token::bound(text)] } else { line(text) };
    }
    let fields = matches!(kind, MetaKind::Field | MetaKind::FieldList(_)) && !text.contains('{');
    let mut out = Vec::new();
    let values = matches!(kind, MetaKind::Initializer | MetaKind::InitializerList(_));
    let around = if values { lines::Bracket::Values } else { lines::Bracket::Block };
    let tokens = lines::lines(text, around, column);
    for (i, token) in tokens.iter().enumerate() {
        // Each field has a line of its own.
        let apart = |t: &Token| t.text().starts_with(['/', '\n']);
        let comment = token.text() == " " && tokens.get(i + 1).is_some_and(apart);
        let behind = out.last().is_some_and(|last: &Token| last.text() == ";");
        let next = behind && !apart(token) && !comment;
        match fields && next {
            true if token.text() == " " => {}
            true => out.extend([Token::line_break(), token.clone()]),
            false => out.push(token.clone()),
        }
    }
    out
}

fn line(text: &str) -> Vec<Token> {
    let file = SourceFile::new("bound code", text);
    let row = atoms(&file, Span::new(0, text.len()), LineMode::Plain);
    let mut out = Vec::new();
    for (i, atom) in row.iter().enumerate() {
        if i > 0 && space(&row, i) {
            out.push(Token::blank());
        }
        out.push(Token::bound(atom.text.as_str()));
    }
    out
}

/// A preprocessor line with one blank behind its name, and one behind the name that it defines.
fn one_blank(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    for _ in 0..2 {
        let word = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let next = rest[word..].trim_start();
        out.push_str(&rest[..word]);
        if next.starts_with('/') || next.is_empty() {
            rest = &rest[word..];
            break;
        }
        out.push(' ');
        rest = next;
    }
    out + rest
}

/// A preprocessor line with its metavariables filled in.
fn directive(text: &str, metas: &Metavariables, env: &Environment) -> String {
    let bound = |word: &str| env.get(word).filter(|_| metas.contains_key(word)).map(|b| b.text.to_string());
    // Three dots would be the rule's own.
    crate::smpl::token::replace_words(&one_blank(text), &|_, word| bound(word)).replace("......", "...")
}

/// The identifier that a rule makes up, or that a script made up for it.
pub fn fresh(meta: &Metavariable, env: &Environment) -> String {
    if let Some(made) = env.get(&meta.name) {
        return made.text.to_string();
    }
    let MetaKind::FreshIdentifier(parts) = &meta.kind else { return meta.name.clone() };
    let one = |p: &FreshPart| match p {
        FreshPart::Text(t) => t.clone(),
        FreshPart::Metavariable(m) => env.get(m).map_or(m.clone(), |b| b.text.to_string()),
    };
    let text: String = parts.iter().map(one).collect();
    if text.is_empty() { meta.name.clone() } else { text }
}
