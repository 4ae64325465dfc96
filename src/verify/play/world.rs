//! Where a name is explained: the model, the file with the site, its headers.
//!
//! In: what the model declares, and what the file and its headers declare. Out: for a name what it is, from the first
//! that explains it.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use crate::source::SourceFile;
use crate::syntax::file_scope::words;
use crate::syntax::headers::{Entity, Headers, Types};
use crate::syntax::{Tree, parse};

/// Everything that can explain a name.
pub(super) struct World<'w> {
    /// What the compiler makes of the model's header: its own names and those of the C library.
    model: Types<'static, 'static>,
    tree: Types<'w, 'w>,
    found: RefCell<HashMap<String, Option<Rc<Entity>>>>,
    modelled: RefCell<HashMap<String, Option<Rc<Entity>>>>,
}

impl<'w> World<'w> {
    pub(super) fn new(model: &str, file: &Tree, headers: &'w Headers<'w>) -> Self {
        let model = Types::of(&parse(&SourceFile::new("model.i", model)));
        Self { model, tree: headers.types(file), found: RefCell::default(), modelled: RefCell::default() }
    }

    /// What the model says that the name is; nothing has to be made for it then.
    pub(super) fn model(&self, name: &str) -> Option<Rc<Entity>> {
        remembered(&self.modelled, name, || self.model.known(name))
    }

    /// Whether only the model makes objects of the type.
    pub(super) fn makes(&self, name: &str) -> bool {
        match self.model("MODEL_OBJECTS").as_deref() {
            Some(Entity::Macro { body, .. }) => body.split(',').any(|one| one.trim() == name),
            _ => false,
        }
    }

    /// The functions that the macros among `names` come to call.
    pub(super) fn called_by_macros(&self, names: &BTreeSet<String>) -> BTreeSet<String> {
        let mut seen = names.clone();
        let mut ahead: Vec<String> = names.iter().cloned().collect();
        let mut called = BTreeSet::new();
        while let Some(name) = ahead.pop() {
            match self.get(&name).as_deref() {
                Some(Entity::Macro { body, .. }) => {
                    let inside = words(body).map(|(_, word)| word.to_owned());
                    ahead.extend(inside.filter(|word| seen.insert(word.clone())));
                }
                Some(Entity::Function(_)) if !names.contains(&name) => {
                    called.insert(name);
                }
                _ => {}
            }
        }
        called
    }

    /// What the name is, the model's names too.
    pub(super) fn get(&self, name: &str) -> Option<Rc<Entity>> {
        self.model(name).or_else(|| remembered(&self.found, name, || self.tree.known(name)))
    }
}

/// What `look` gives, looked for once.
fn remembered(
    known: &RefCell<HashMap<String, Option<Rc<Entity>>>>,
    name: &str,
    look: impl FnOnce() -> Option<Entity>,
) -> Option<Rc<Entity>> {
    if let Some(found) = known.borrow().get(name) {
        return found.clone();
    }
    let found = look().map(Rc::new);
    known.borrow_mut().insert(name.to_owned(), found.clone());
    found
}
