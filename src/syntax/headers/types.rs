//! The types of names, from the file itself and from the headers that it includes.
//!
//! In: names. Out: [`WrittenType`]s as the declarations spell them. What is declared nowhere, or behind a macro, has
//! no type here.

use super::declared::{Declared, Entity, Signature};
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

    /// What a name is: `struct tag`, `union tag`, `enum tag`, or a name alone.
    pub fn known(&self, name: &str) -> Option<Entity> {
        self.find(name, |known| Some(known.clone()))
    }

    /// The type of the field `field` of `aggregate`: `struct tag`, `union tag`, or a typedef's name.
    pub fn field(&self, aggregate: &str, field: &str) -> Option<WrittenType> {
        let words: Vec<&str> = aggregate.split_whitespace().collect();
        let members = |known: &Entity| {
            let members = known.members()?;
            Some(members.iter().find(|member| member.name == field).map(|member| member.ty.clone()))
        };
        self.find(&words.join(" "), members).flatten().or_else(|| match words[..] {
            [name] => self.field_of(&self.resolved(&self.typedef(name)?), field),
            _ => None,
        })
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
        self.find(function, |known| match known {
            Entity::Function(Signature { result, .. }) => Some(result.clone()),
            _ => None,
        })
    }

    /// The type of a variable of file scope.
    pub fn variable(&self, name: &str) -> Option<WrittenType> {
        self.find(name, |known| match known {
            Entity::Variable(ty) => Some(ty.clone()),
            _ => None,
        })
    }

    /// What a typedef's name stands for, one step.
    pub fn typedef(&self, name: &str) -> Option<WrittenType> {
        self.find(name, |known| match known {
            Entity::Typedef { ty, .. } => Some(ty.clone()),
            _ => None,
        })
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

    fn find<T>(&self, name: &str, look: impl Fn(&Entity) -> Option<T>) -> Option<T> {
        if let Some(found) = self.own.get(name).and_then(&look) {
            return Some(found);
        }
        let (headers, reach) = self.headers.as_ref()?;
        let word = name.rsplit(' ').next().unwrap_or(name);
        let candidates = headers.index().names.get(word).cloned().unwrap_or_default();
        let in_header = |header: &_| headers.declared(header).get(name).and_then(&look);
        reach.sorted(&candidates).into_iter().find_map(|header| in_header(header))
    }
}

/// The name at the bottom of a type that a typedef explains.
fn named(ty: &WrittenType) -> Option<&str> {
    let is_name = |w: &&str| !matches!(*w, "const" | "volatile" | "__extension__");
    let mut words = ty.specifiers().split_whitespace().filter(is_name);
    // Annotations stand behind the name or are known as such; the first word that is left is the type.
    words.next()
}
