//! A rule ready to be matched: its pattern, and where its plus code hangs.
//!
//! In: a [`SmplRule`]. Out: a [`CompiledRule`]. Refuses plus code that has no token to hang on, and bodies that are no C,
//! each with its place.

use super::added::added;
use super::attach::{Attached, attach};
use super::metavariable::{IdScope, MetaKind};
use super::pattern::{Atom, Metavariables, Pattern, PatternKind};
use super::places::misplaced;
use super::prototype::Prototype;
use super::rule::{BodyKind, Quantifier, SmplRule};
use super::slips::slips;
use super::token::{Mark, TokenKind};
use super::vocabulary::{Names, Vocabulary};
use crate::diagnostic::Diagnostic;
use crate::source::SourceFile;
use crate::syntax::{Kind, Node};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

pub use super::attach::{PlusCode, Side};

/// A rule ready to be matched.
#[derive(Clone, Debug)]
pub struct CompiledRule {
    /// Its name; rules without one are numbered.
    pub name: String,
    /// Minus and context code.
    pub pattern: Pattern,
    /// Marks of the tokens, by number.
    pub marks: HashMap<u32, Mark>,
    /// The texts of the tokens, by number.
    pub texts: HashMap<u32, String>,
    /// All plus code.
    pub plus: Vec<PlusCode>,
    /// What hangs on a token.
    pub hangs: HashMap<u32, Vec<(Side, usize)>>,
    /// How many statements around the innermost one also end at a token: code added behind it goes behind them.
    pub levels: HashMap<u32, usize>,
    /// The metavariables.
    pub metavariables: Metavariables,
    /// How often each occurs.
    pub uses: HashMap<String, usize>,
    /// The names that stand nowhere but in one nest: each place of it has its own values for them.
    pub nested: Names,
    /// The names that later rules ask for: each has one value for a whole match.
    pub exported: HashSet<String>,
    /// Positions that later rules only compare places with: a match may have several places for each.
    pub pooled: HashSet<String>,
    /// One path, or all.
    pub quantifier: Quantifier,
    /// Which paths there are.
    pub ways: Ways,
    /// Whether it looks at names wherever they stand.
    pub identifiers: bool,
}

/// Which paths of a function count, where not all do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// A loop is run through once.
    pub no_loops: bool,
    /// A `goto` is a statement like any other.
    pub no_gotos: bool,
    /// Of the branches that leave, those that `return` need not match, and no others.
    pub only_returns_leave: bool,
}

impl CompiledRule {
    /// Whether the rule changes anything.
    pub fn transforms(&self) -> bool {
        !self.plus.is_empty() || self.marks.values().any(|m| *m == Mark::Minus)
    }

    /// The names that each place of a nest has its own values for: no other rule asks for them.
    pub fn kept_in_nests(&self) -> Names {
        let asked = self.exported.difference(&self.pooled);
        asked.fold(self.nested, |all, name| all & !self.metavariables.bit(name))
    }

    /// Whether it matters what types expressions have.
    pub fn asks_for_types(&self) -> bool {
        self.metavariables.values().any(|m| !m.types.is_empty())
    }

    /// Whether it matters what types expressions have, or where names are declared.
    pub fn asks_for_declarations(&self) -> bool {
        let scoped =
            |kind: &MetaKind| matches!(kind, MetaKind::Idexpression(IdScope::Local | IdScope::Global));
        self.asks_for_types() || self.metavariables.values().any(|m| scoped(&m.kind))
    }

    /// Whether an isomorphism, or a family of them, may be used; numbers at the end of a name do not count.
    pub fn allows(&self, family: &str) -> bool {
        self.metavariables.allows(family)
    }
}

/// Make a rule ready; `number` names it if it has no name.
pub fn compile(file: &SourceFile, rule: &SmplRule, number: usize) -> Result<CompiledRule, Vec<Diagnostic>> {
    let name = rule.header.name.clone().unwrap_or_else(|| unnamed(number));
    compiled(file, rule, super::pattern::atoms_of(file, &rule.tokens), Body::Own, name)
}

/// What a rule without a name is called; its header stands on that line.
pub fn unnamed(line: usize) -> String {
    format!("rule starting on line {line}")
}

/// Make a rule for prototypes ready.
pub fn compile_prototype(file: &SourceFile, prototype: Prototype) -> Result<CompiledRule, Vec<Diagnostic>> {
    let name = prototype.rule.header.name.clone().unwrap_or_default();
    compiled(file, &prototype.rule, prototype.atoms, Body::Prototype, name)
}

/// What a rule's code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    /// What its header says, or what it parses as.
    Own,
    /// A declaration at the top of a file.
    Prototype,
}

fn compiled(
    file: &SourceFile,
    rule: &SmplRule,
    mut atoms: Vec<Atom>,
    body: Body,
    name: String,
) -> Result<CompiledRule, Vec<Diagnostic>> {
    let vocabulary = Vocabulary::of(&rule.metavariables, rule.names.as_ref(), &rule.header.disable);
    let metavariables = Arc::new(vocabulary);
    if atoms.iter().all(|a| a.mark.is_plus()) {
        let (message, help) = match atoms.first() {
            Some(_) => ("a rule that only adds code", "say with context or `-` lines where it goes"),
            None => ("a rule without code", "code follows the second `@@`"),
        };
        let span = atoms.first().map_or(rule.header.span, |a| a.span);
        return Err(vec![Diagnostic::error("smpl-pattern", message).at(file, span, "here").help(help)]);
    }
    let skipped = conditions(&atoms);
    if body == Body::Own {
        let told = slips(file, &atoms, &skipped, &metavariables);
        if !told.is_empty() {
            return Err(told);
        }
    }
    let Attached { plus, hangs, mut errors } = attach(file, &mut atoms, &skipped);
    let minus: Vec<Atom> = atoms.iter().filter(|a| !a.mark.is_plus()).cloned().collect();
    let read = match body {
        Body::Own => read_as(file, rule, &minus, &metavariables),
        Body::Prototype => Pattern::read(file, &minus, &metavariables, PatternKind::TopLevel),
    };
    let pattern = match read {
        Ok(pattern) => Some(pattern),
        Err(e) => {
            errors.insert(0, e);
            None
        }
    };
    let Some(pattern) = pattern.filter(|_| errors.is_empty()) else { return Err(errors) };
    let uses = count(&minus, &metavariables);
    if body == Body::Own {
        errors.extend(misplaced(file, &pattern));
        errors.extend(added(file, rule, &atoms, &metavariables, &pattern));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(CompiledRule {
        name,
        marks: minus.iter().map(|a| (a.id, a.mark)).collect(),
        texts: minus.iter().map(|a| (a.id, a.text.clone())).collect(),
        plus,
        hangs,
        uses,
        nested: nested(&atoms, &metavariables),
        exported: HashSet::new(),
        pooled: HashSet::new(),
        quantifier: rule.header.quantifier.unwrap_or(Quantifier::Forall),
        ways: Ways::default(),
        identifiers: rule.header.body == BodyKind::Identifier,
        levels: levels(&pattern),
        pattern,
        metavariables,
    })
}

/// Read the code of a rule as what its header says, or what it parses as.
pub(super) fn read_as(
    file: &SourceFile,
    rule: &SmplRule,
    minus: &[Atom],
    metas: &Metavariables,
) -> Result<Pattern, Diagnostic> {
    let Some(first) = minus.first() else {
        return Err(Diagnostic::error("smpl-pattern", "no code to read").at(
            file,
            rule.header.span,
            "in this rule",
        ));
    };
    let type_first = match metas.get(&first.text).map(|m| &m.kind) {
        Some(MetaKind::Type | MetaKind::TypedefName) => true,
        Some(_) => false,
        None => matches!(
            first.text.as_str(),
            "struct" | "union" | "enum" | "int" | "char" | "void" | "unsigned" | "long"
        ),
    };
    use PatternKind::*;
    let kinds: &[PatternKind] = match rule.header.body {
        BodyKind::Expression | BodyKind::Identifier => &[Expression],
        BodyKind::Type => &[Type],
        BodyKind::Any if defines_function(minus, metas) => &[TopLevel],
        // In the parentheses of an expression a block would be one, too.
        BodyKind::Any if first.text == "{" => &[Statements, Initializer],
        BodyKind::Any if type_first => &[Type, Statements, Expression, TopLevel],
        BodyKind::Any => &[Expression, Statements, Type, TopLevel],
    };
    let mut error: Option<Diagnostic> = None;
    for kind in kinds {
        match Pattern::read(file, minus, metas, *kind) {
            Ok(pattern) => return Ok(pattern),
            // The complaint that got furthest tells most.
            Err(e) => {
                let place = |d: &Diagnostic| d.annotations.first().map_or(0, |a| a.span.start);
                if error.as_ref().is_none_or(|old| place(&e) > place(old)) {
                    error = Some(e);
                }
            }
        }
    }
    Err(error.unwrap_or_else(|| Diagnostic::error("smpl-pattern", "cannot read this rule")))
}

/// Whether `name(…) {` stands outside of all brackets, and `name` is no loop.
fn defines_function(atoms: &[Atom], metas: &Metavariables) -> bool {
    let mut depth = 0usize;
    let mut name: Option<&Atom> = None;
    for (i, atom) in atoms.iter().enumerate() {
        match atom.text.as_str() {
            "(" if atom.kind == TokenKind::Punct => {
                if depth == 0 {
                    name = i
                        .checked_sub(1)
                        .map(|j| &atoms[j])
                        .filter(|a| a.kind == TokenKind::Word || a.kind == TokenKind::Close);
                }
                depth += 1;
            }
            ")" if atom.kind == TokenKind::Punct => {
                depth = depth.saturating_sub(1);
                let brace = atoms[i + 1..]
                    .iter()
                    .find(|a| !matches!(a.kind, TokenKind::Open | TokenKind::Close | TokenKind::Or));
                if depth == 0
                    && brace.is_some_and(|a| a.text == "{")
                    && name.is_some_and(|n| !is_loop(n, metas))
                {
                    return true;
                }
            }
            "{" | "[" => depth += 1,
            "}" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

fn is_loop(name: &Atom, metas: &Metavariables) -> bool {
    let known =
        matches!(metas.get(&name.text).map(|m| &m.kind), Some(MetaKind::Iterator | MetaKind::IteratorName));
    known || matches!(name.text.as_str(), "if" | "while" | "for" | "switch") || name.text.contains("for_each")
}

/// Which atoms belong to `when` clauses.
fn conditions(atoms: &[Atom]) -> Vec<bool> {
    let mut out = vec![false; atoms.len()];
    let mut line = usize::MAX;
    for (i, atom) in atoms.iter().enumerate() {
        let after = i > 0
            && (matches!(atoms[i - 1].kind, TokenKind::Dots | TokenKind::NestClose | TokenKind::NestOpen)
                || out[i - 1]);
        if atom.is_when() && after {
            line = atom.line;
        }
        out[i] = atom.line == line && !atom.mark.is_plus();
    }
    out
}

fn levels(pattern: &Pattern) -> HashMap<u32, usize> {
    let mut out = HashMap::new();
    for root in pattern.roots() {
        for n in Node::descendants(root).filter(|n| n.kind().is_statement() || n.is(Kind::FunctionDefinition))
        {
            if let Some(piece) = pattern.pieces_of(n).last() {
                *out.entry(piece.atom.id).or_insert(0) += 1;
            }
        }
    }
    out.values_mut().for_each(|n: &mut usize| *n = n.saturating_sub(1));
    for inner in pattern.inner() {
        out.extend(levels(inner));
    }
    out
}

/// The names that stand nowhere but in one nest.
fn nested(atoms: &[Atom], metas: &Metavariables) -> Names {
    let (mut open, mut nests, mut current) = (0usize, 0usize, 0);
    // For each name the nests that it stands in; 0 is outside of all.
    let mut places: HashMap<&str, HashSet<usize>> = HashMap::new();
    for atom in atoms {
        match atom.kind {
            TokenKind::NestOpen => {
                nests += usize::from(open == 0);
                open += 1;
                current = nests;
            }
            TokenKind::NestClose => {
                open = open.saturating_sub(1);
                current = if open == 0 { 0 } else { current };
            }
            _ => {
                let attached = atom.attached.iter().map(String::as_str);
                for name in atom.words().chain(attached) {
                    places.entry(name).or_default().insert(current);
                }
            }
        }
    }
    let single = places.iter().filter(|(_, nests)| nests.len() == 1 && !nests.contains(&0));
    single.fold(0, |all, (name, _)| all | metas.bit(name))
}

fn count(minus: &[Atom], metas: &Metavariables) -> HashMap<String, usize> {
    let mut out = HashMap::new();
    for atom in minus {
        let attached = atom.attached.iter().map(String::as_str);
        for name in atom.words().chain(attached).filter(|n| metas.contains_key(*n)) {
            *out.entry(name.to_owned()).or_insert(0) += 1;
        }
    }
    out
}
