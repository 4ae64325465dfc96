//! What names of macros stand for.
//!
//! In: definitions. Out: [`MacroKnowledge`], which answers for a name. A macro that is defined by other macros is
//! followed when it is asked for, so that the order of definitions and of files does not matter. What goes round in
//! circles stands for nothing.

use super::super::overlay::{MarkKind, Why};
use super::super::tree::Tree;
use super::{Arguments, MacroDefinition, MacroRole, Meaning, Uses, definitions};
use crate::source::LineIndex;
use crate::syntax::lexer::{Token, TokenKind, Word};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// How many names are followed for one answer.
const STEPS: usize = 64;

/// Where a macro is defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinedAt {
    /// The file.
    pub path: Arc<str>,
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for DefinedAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path, self.line)
    }
}

/// What is known of one macro.
#[derive(Clone, Debug)]
pub(in crate::syntax) struct Known {
    pub(in crate::syntax) meaning: Meaning,
    pub(in crate::syntax) why: Why,
    /// Not told for the file's own macros.
    pub(in crate::syntax) at: Option<DefinedAt>,
}

/// Roles of macros by name. It is plain data: threads can share it.
#[derive(Clone, Debug, Default)]
pub struct MacroKnowledge {
    meanings: HashMap<String, Known>,
    /// Names that conditionals find defined or not, whatever the files say.
    assumed: HashMap<String, Definition>,
    /// What is asked about a name that `meanings` does not have.
    below: Option<Arc<MacroKnowledge>>,
}

/// Whether conditionals find a name defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Definition {
    /// They do.
    Defined,
    /// They do not.
    Undefined,
}

impl MacroKnowledge {
    /// Nothing is known.
    pub fn empty() -> Self {
        Self::default()
    }

    /// What the shipped macro file says; read once.
    pub fn shipped() -> &'static Arc<Self> {
        static SHIPPED: OnceLock<Arc<MacroKnowledge>> = OnceLock::new();
        let read = || {
            let mut known = Self::empty();
            known.read_macro_file("rules/standard.h", include_str!("../../../rules/standard.h"));
            Arc::new(known)
        };
        SHIPPED.get_or_init(read)
    }

    /// Nothing yet, but what `below` knows; what is added goes before it.
    pub fn over(below: Arc<Self>) -> Self {
        Self { below: Some(below), ..Self::default() }
    }

    /// What the loops behind macros in a tree were taken for, over what the shipped macro file says.
    pub fn of_loops(tree: &Tree) -> Self {
        let mut known = Self::over(Self::shipped().clone());
        for mark in tree.marks().iter().filter(|mark| mark.kind == MarkKind::Iterator) {
            let name = tree.source().slice(mark.span);
            let own = tree.arguments(name).unwrap_or(Arguments::UNKNOWN);
            let meaning = Meaning::Head(Uses { own, handed_on: Vec::new() });
            known.insert(name.to_owned(), Known { meaning, why: mark.why, at: None });
        }
        known
    }

    /// Add the `#define`s of a macro file; a later one replaces an earlier one.
    pub fn read_macro_file(&mut self, path: &str, text: &str) {
        let (lines, path) = (LineIndex::new(text.as_bytes()), Arc::<str>::from(path));
        for definition in definitions(text.as_bytes()) {
            let line = lines.line_column(definition.span.start as usize).line;
            let at = Some(DefinedAt { path: path.clone(), line });
            if let Some(meaning) = definition.meaning() {
                self.insert(definition.name, Known { meaning, why: Why::MacroFile, at });
            }
        }
    }

    /// Add the `#define`s of a C file or header; what was added before stays.
    pub fn read_source(&mut self, text: &str) {
        for definition in definitions(text.as_bytes()) {
            if !self.meanings.contains_key(&definition.name) {
                self.add(&definition, Why::Definition);
            }
        }
    }

    /// Add one definition, if its body tells what it is.
    pub fn add(&mut self, definition: &MacroDefinition, why: Why) {
        let before = self.meanings.get(&definition.name).map(|known| &known.meaning);
        let meaning = match (definition.meaning(), before) {
            (Some(Meaning::Writes(uses)), Some(Meaning::Writes(other))) => Meaning::Writes(uses.or(other)),
            (Some(Meaning::Head(uses)), Some(Meaning::Head(other))) => Meaning::Head(uses.or(other)),
            (None, Some(Meaning::Writes(other))) => Meaning::Writes(Uses::default().or(other)),
            (Some(meaning), _) => meaning,
            (None, _) => return,
        };
        self.insert(definition.name.clone(), Known { meaning, why, at: None });
    }

    /// Say what `name` stands for.
    pub fn declare(&mut self, name: &str, role: MacroRole) {
        let known = Known { meaning: Meaning::Is(role), why: Why::MacroFile, at: None };
        self.insert(name.to_owned(), known);
    }

    /// Let conditionals find a name defined, or not.
    pub fn assume(&mut self, name: &str, definition: Definition) {
        self.assumed.insert(name.to_owned(), definition);
    }

    /// What conditionals find of a name, if that is settled.
    pub(in crate::syntax) fn assumed(&self, name: &str) -> Option<Definition> {
        self.assumed.get(name).copied().or_else(|| self.below.as_ref()?.assumed(name))
    }

    pub(in crate::syntax) fn insert(&mut self, name: String, known: Known) {
        self.meanings.insert(name, known);
    }

    /// Where `name` is defined, of what headers and macro files define.
    pub fn defined_at(&self, name: &str) -> Option<&DefinedAt> {
        self.known(name)?.at.as_ref()
    }

    /// What `name` stands for.
    pub fn role(&self, name: &str) -> Option<(MacroRole, Why)> {
        Layers { local: self, files: self }.role(name)
    }

    fn known(&self, name: &str) -> Option<&Known> {
        self.meanings.get(name).or_else(|| self.below.as_ref()?.known(name))
    }
}

/// A file's own macros before those of other files.
#[derive(Clone, Copy)]
pub(in crate::syntax) struct Layers<'k> {
    pub(in crate::syntax) local: &'k MacroKnowledge,
    pub(in crate::syntax) files: &'k MacroKnowledge,
}

impl<'k> Layers<'k> {
    /// What `name` stands for.
    pub(in crate::syntax) fn role(self, name: &str) -> Option<(MacroRole, Why)> {
        let known = self.known(name)?;
        let mut steps = STEPS;
        Some((self.resolve(&known.meaning, &mut steps)?, known.why))
    }

    /// What `name` does with its arguments; nothing if it is not known to be a macro that writes some of them.
    pub(in crate::syntax) fn arguments(self, name: &str) -> Option<Arguments> {
        self.argued(name, &mut { STEPS })
    }

    fn argued(self, name: &str, steps: &mut usize) -> Option<Arguments> {
        let Some(left) = steps.checked_sub(1) else { return Some(Arguments::UNKNOWN) };
        *steps = left;
        match &self.known(name)?.meaning {
            Meaning::Head(uses) => {
                let arguments = self.resolved(uses, steps);
                // Something has to move on.
                let hidden = !arguments.writes_any() && !uses.handed_on.is_empty();
                Some(if hidden { Arguments::UNKNOWN } else { arguments })
            }
            Meaning::Writes(uses) | Meaning::As(_, Some(uses)) => {
                Some(self.resolved(uses, steps)).filter(|a| a.writes_any())
            }
            Meaning::As(other, None) => self.argued(other, steps),
            Meaning::Is(MacroRole::Iterator) => Some(Arguments::UNKNOWN),
            Meaning::Is(_) | Meaning::AttributeIf(_) => None,
        }
    }

    fn resolved(self, uses: &Uses, steps: &mut usize) -> Arguments {
        let mut out = uses.own;
        for (number, name) in &uses.handed_on {
            if self.argued(name, steps).is_some_and(Arguments::writes_any) {
                out.touch(*number);
            }
        }
        out
    }

    /// What the macros that a text uses with arguments do with them.
    pub(in crate::syntax) fn used(self, text: &[u8], tokens: &[Token]) -> BTreeMap<String, Arguments> {
        let mut out = BTreeMap::new();
        let code = tokens.iter().filter(|t| !matches!(t.kind, TokenKind::Space | TokenKind::Comment));
        let mut before: Option<&Token> = None;
        for token in code {
            let name =
                before.filter(|t| t.kind == TokenKind::Word(Word::Ident) && token.kind == TokenKind::LParen);
            let name = name.and_then(|t| std::str::from_utf8(&text[t.start as usize..t.end as usize]).ok());
            if let Some(name) = name.filter(|name| !out.contains_key(*name))
                && let Some(arguments) = self.arguments(name)
            {
                out.insert(name.to_owned(), arguments);
            }
            before = Some(token);
        }
        out
    }

    fn known(self, name: &str) -> Option<&'k Known> {
        self.local.known(name).or_else(|| self.files.known(name))
    }

    fn resolve(self, meaning: &Meaning, steps: &mut usize) -> Option<MacroRole> {
        let mut role_of = |name: &str| {
            *steps = steps.checked_sub(1)?;
            self.resolve(&self.known(name)?.meaning, steps)
        };
        match meaning {
            Meaning::Is(role) => Some(*role),
            Meaning::Head(_) => Some(MacroRole::Iterator),
            Meaning::Writes(_) => None,
            Meaning::As(other, _) => role_of(other),
            Meaning::AttributeIf(names) => {
                let all = names.iter().all(|name| role_of(name) == Some(MacroRole::Attribute));
                all.then_some(MacroRole::Attribute)
            }
        }
    }
}
