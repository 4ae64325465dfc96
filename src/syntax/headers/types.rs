//! The types of names, from the file itself and from the headers that it includes.
//!
//! In: names. Out: [`WrittenType`]s as the declarations spell them. What is declared nowhere, or behind a macro, has
//! no type here.

use super::declared::Declared;
use super::{Headers, Reach};
use crate::syntax::tree::Tree;
use crate::syntax::types::{TypeBase, WrittenType};

/// How many typedefs are followed.
const STEPS: usize = 16;

/// What a file and its headers declare.
pub struct Types<'h, 'r> {
    own: Declared,
    headers: Option<(&'h Headers<'r>, Reach)>,
}

impl Types<'static, 'static> {
    /// What the file itself declares, without its headers.
    pub fn of(tree: &Tree) -> Self {
        Self::new(Declared::of(tree), None)
    }
}

impl<'h, 'r> Types<'h, 'r> {
    pub(super) fn new(own: Declared, headers: Option<(&'h Headers<'r>, Reach)>) -> Self {
        Self { own, headers }
    }

    /// The type of the field `field` of `aggregate`: `struct tag`, `union tag`, or a typedef's name.
    pub fn field(&self, aggregate: &str, field: &str) -> Option<WrittenType> {
        let words: Vec<&str> = aggregate.split_whitespace().collect();
        match words[..] {
            [keyword @ ("struct" | "union"), tag] => {
                let name = format!("{keyword} {tag}");
                let fields = |d: &Declared| Some(d.aggregates.get(&name)?.get(field).cloned());
                self.find(tag, fields)?
            }
            [name] => {
                let anonymous = |d: &Declared| Some(d.named_fields.get(name)?.get(field).cloned());
                self.find(name, anonymous).flatten().or_else(|| {
                    let meaning = self.resolved(&self.typedef(name)?);
                    self.field_of(&meaning, field)
                })
            }
            _ => None,
        }
    }

    /// The type of the field `field` of what `ty` is by value, typedefs followed.
    pub fn field_of(&self, ty: &WrittenType, field: &str) -> Option<WrittenType> {
        if !ty.layers().is_empty() {
            return None;
        }
        match (ty.base(), ty.tag()) {
            (TypeBase::Struct, Some(tag)) => self.field(&format!("struct {tag}"), field),
            (TypeBase::Union, Some(tag)) => self.field(&format!("union {tag}"), field),
            (TypeBase::Named, _) => self.field(named(ty)?, field),
            _ => None,
        }
    }

    /// What a function returns.
    pub fn result(&self, function: &str) -> Option<WrittenType> {
        self.find(function, |d| d.results.get(function).cloned())
    }

    /// The type of a variable of file scope.
    pub fn variable(&self, name: &str) -> Option<WrittenType> {
        self.find(name, |d| d.variables.get(name).cloned())
    }

    /// What a typedef's name stands for, one step.
    pub fn typedef(&self, name: &str) -> Option<WrittenType> {
        self.find(name, |d| d.typedefs.get(name).cloned())
    }

    /// The type with the typedef at its bottom replaced by what it stands for, as often as it takes. An anonymous
    /// aggregate keeps its typedef's name, which is the only one it has.
    pub fn resolved(&self, ty: &WrittenType) -> WrittenType {
        let mut ty = ty.clone();
        for _ in 0..STEPS {
            let meaning = named(&ty).filter(|_| ty.base() == TypeBase::Named).and_then(|n| self.typedef(n));
            match meaning.filter(|m| !m.has_anonymous_aggregate()) {
                Some(meaning) => ty = ty.over(&meaning),
                None => break,
            }
        }
        ty
    }

    fn find<T>(&self, name: &str, look: impl Fn(&Declared) -> Option<T>) -> Option<T> {
        if let Some(found) = look(&self.own) {
            return Some(found);
        }
        let (headers, reach) = self.headers.as_ref()?;
        let candidates = headers.index().names.get(name).cloned().unwrap_or_default();
        reach.sorted(&candidates).into_iter().find_map(|header| look(headers.declared(header)))
    }
}

/// The name at the bottom of a type that a typedef explains.
fn named(ty: &WrittenType) -> Option<&str> {
    let is_name = |w: &&str| !matches!(*w, "const" | "volatile" | "__extension__");
    let mut words = ty.specifiers().split_whitespace().filter(is_name);
    // Annotations stand behind the name or are known as such; the first word that is left is the type.
    words.next()
}
