//! Where a name is explained: the model, the file with the site, its headers.
//!
//! In: what the model declares, the file, and its headers in the order in which it includes them. Out: for a name what
//! it is, from the first that explains it. A header is parsed when it is the first that mentions a wanted name.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::source::SourceFile;
use crate::syntax::file_scope::words;
use crate::syntax::{MacroKnowledge, Tree, parse_with};

use super::names::{Known, Names};

/// Everything that can explain a name.
pub(super) struct World<'w> {
    /// What the compiler makes of the model's header: its own names and those of the C library.
    model: Names,
    file: Names,
    headers: Vec<Header>,
    macros: &'w MacroKnowledge,
    found: RefCell<HashMap<String, Option<Rc<Known>>>>,
}

struct Header {
    source: SourceFile,
    words: OnceCell<HashSet<String>>,
    names: OnceCell<Names>,
}

impl<'w> World<'w> {
    pub(super) fn new(
        model: &str,
        file: &Tree,
        headers: Vec<SourceFile>,
        macros: &'w MacroKnowledge,
    ) -> Self {
        let model = SourceFile::new("model.i", model);
        Self {
            model: Names::of(&parse_with(&model, macros)),
            file: Names::of(file),
            headers: headers.into_iter().map(Header::new).collect(),
            macros,
            found: RefCell::default(),
        }
    }

    /// What the model says that the name is; nothing has to be made for it then.
    pub(super) fn model(&self, name: &str) -> Option<&Known> {
        self.model.get(name)
    }

    /// Whether only the model makes objects of the type.
    pub(super) fn makes(&self, name: &str) -> bool {
        let Some(Known::Macro { text }) = self.model("MODEL_OBJECTS") else { return false };
        let listed = text.split_once("MODEL_OBJECTS").map_or("", |(_, list)| list);
        listed.split(',').any(|one| one.trim() == name)
    }

    /// What the name is, the model's names too.
    pub(super) fn get(&self, name: &str) -> Option<Rc<Known>> {
        if let Some(known) = self.found.borrow().get(name) {
            return known.clone();
        }
        let known = self.look(name).map(Rc::new);
        self.found.borrow_mut().insert(name.to_owned(), known.clone());
        known
    }

    fn look(&self, name: &str) -> Option<Known> {
        let own = self.model.get(name).or_else(|| self.file.get(name));
        if let Some(known) = own {
            return Some(known.clone());
        }
        let word = name.rsplit(' ').next().unwrap_or(name);
        let mentioning = self.headers.iter().filter(|header| header.words().contains(word));
        mentioning.filter_map(|header| header.names(self.macros).get(name)).next().cloned()
    }
}

impl Header {
    fn new(source: SourceFile) -> Self {
        Self { source, words: OnceCell::new(), names: OnceCell::new() }
    }

    fn words(&self) -> &HashSet<String> {
        self.words.get_or_init(|| words(self.source.text()).map(|(_, word)| word.to_owned()).collect())
    }

    fn names(&self, macros: &MacroKnowledge) -> &Names {
        self.names.get_or_init(|| Names::of(&parse_with(&self.source, macros)))
    }
}
