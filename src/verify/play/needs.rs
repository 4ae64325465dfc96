//! What two versions of a function need to be C of their own.
//!
//! In: their texts and the [`World`] that explains names. Out: [`Needs`]: the macros, enums, types, variables and
//! functions that have to be there, and of each struct only the fields that any of the code names. What no header
//! explains is left to the compiler to complain about.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::syntax::declarator::Layer;
use crate::syntax::file_scope::words;
use crate::syntax::lexer::{Word, word_kind};
use crate::syntax::types::{TypeBase, WrittenType};

use super::world::World;
use crate::syntax::headers::{Entity, Member, Signature};

/// What has to be made up, by name.
#[derive(Debug, Default)]
pub(super) struct Needs {
    pub(super) macros: BTreeMap<String, MacroText>,
    /// Each enum's text, once.
    pub(super) enums: BTreeSet<String>,
    pub(super) typedefs: BTreeMap<String, WrittenType>,
    /// By `struct tag`, or by the typedef that names a struct without a tag: the fields that count.
    pub(super) aggregates: BTreeMap<String, Vec<Member>>,
    /// The same for structs that the model defines, all fields.
    pub(super) modelled: BTreeMap<String, Vec<Member>>,
    /// Structs that are only pointed to: nothing says what is in them.
    pub(super) opaque: BTreeSet<String>,
    /// Functions to be stubbed.
    pub(super) functions: BTreeMap<String, Signature>,
    /// Functions that handle the model's objects, with their definitions.
    pub(super) taken: BTreeMap<String, Signature>,
    pub(super) variables: BTreeMap<String, WrittenType>,
}

/// A `#define`.
#[derive(Debug)]
pub(super) struct MacroText {
    pub(super) text: String,
    pub(super) has_parameters: bool,
}

/// What a type comes to when its typedefs are looked through.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    Void,
    Bool,
    Number,
    Pointer(WrittenType),
    /// By the name in [`Needs::aggregates`].
    Aggregate(String),
    /// The type of an element.
    Array(WrittenType),
    Function,
    Unknown,
}

impl Needs {
    /// Every struct whose fields are known, by name.
    pub(super) fn structs(&self) -> impl Iterator<Item = (&String, &Vec<Member>)> {
        self.aggregates.iter().chain(&self.modelled)
    }

    /// Whether the fields of a struct are known.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.aggregates.contains_key(name) || self.modelled.contains_key(name)
    }

    /// Names with the functions that those among them call which are played as they are.
    pub(super) fn with_called(&self, mut names: BTreeSet<String>) -> BTreeSet<String> {
        let mut ahead: Vec<String> = names.iter().cloned().collect();
        while let Some(name) = ahead.pop() {
            let text = self.taken.get(&name).and_then(|signature| signature.definition.as_deref());
            let called = words(text.unwrap_or_default()).map(|(_, word)| word);
            let functions =
                called.filter(|word| self.functions.contains_key(*word) || self.taken.contains_key(*word));
            for function in functions {
                if names.insert(function.to_owned()) {
                    ahead.push(function.to_owned());
                }
            }
        }
        names
    }

    /// Everything that the two versions need; names in `given` are there already. What only one of them calls is taken
    /// as it is defined, if it is, since what the other does instead rests on that; `quiet` calls are not.
    pub(super) fn of(
        versions: [&str; 2],
        given: &BTreeSet<String>,
        quiet: &BTreeSet<String>,
        world: &World<'_>,
    ) -> Self {
        let [before, after]: [BTreeSet<String>; 2] =
            versions.map(|text| names(text).map(|(name, _)| name).collect());
        let alone =
            before.symmetric_difference(&after).filter(|name| !quiet.contains(*name)).cloned().collect();
        let mut search = Search {
            world,
            given,
            alone,
            needs: Self::default(),
            words: BTreeSet::new(),
            ahead: VecDeque::new(),
        };
        for text in versions {
            search.text(text);
        }
        // A field counts as soon as any code that is needed names it, and may bring more names.
        loop {
            search.drain();
            if !search.fields() {
                return search.needs;
            }
        }
    }
}

struct Search<'s> {
    world: &'s World<'s>,
    given: &'s BTreeSet<String>,
    /// Names that only one version has.
    alone: BTreeSet<String>,
    needs: Needs,
    /// Every word of the code.
    words: BTreeSet<String>,
    ahead: VecDeque<String>,
}

impl Search<'_> {
    /// Words of code: they are looked up, and may name fields.
    fn text(&mut self, text: &str) {
        for (name, word) in names(text) {
            if self.words.insert(name.clone()) {
                self.words.insert(word.to_owned());
                self.ahead.push_back(name);
            }
        }
    }

    /// Words that only a declaration has: they are looked up, and name no fields.
    fn spelling(&mut self, text: &str) {
        self.ahead.extend(names(text).map(|(name, _)| name));
    }

    fn drain(&mut self) {
        while let Some(name) = self.ahead.pop_front() {
            if self.given.contains(&name) {
                continue;
            }
            match self.world.model(&name).as_deref() {
                None => self.name(&name),
                Some(Entity::Aggregate { members }) if !self.world.makes(&name) => {
                    let members = members.clone();
                    let texts = spellings(&members);
                    if self.needs.modelled.insert(name, members).is_none() {
                        texts.iter().for_each(|text| self.spelling(text));
                    }
                }
                Some(_) => {}
            }
        }
    }

    fn name(&mut self, name: &str) {
        let known = self.world.get(name);
        let needs = &mut self.needs;
        match known.as_deref() {
            Some(Entity::Macro { text, has_parameters, body }) => {
                let text = MacroText { text: text.clone(), has_parameters: *has_parameters };
                let is_new = needs.macros.insert(name.to_owned(), text).is_none();
                self.text(if is_new { body } else { "" });
            }
            Some(Entity::Typedef { ty, members }) => {
                let ty = ty.clone();
                if members.is_some() {
                    needs.aggregates.entry(name.to_owned()).or_default();
                } else if needs.typedefs.insert(name.to_owned(), ty.clone()).is_none() {
                    self.spelling(&ty.type_name());
                }
            }
            Some(Entity::Aggregate { .. }) => {
                needs.aggregates.entry(name.to_owned()).or_default();
            }
            Some(Entity::Enumeration { text }) => {
                let text = text.clone();
                if needs.enums.insert(text.clone()) {
                    self.spelling(&text);
                }
            }
            Some(Entity::Function(signature)) => {
                let signature = signature.clone();
                let is_taken = |text: &String| self.alone.contains(name) || handles_model(text, self.world);
                let definition = signature.definition.clone().filter(is_taken);
                let functions = if definition.is_some() { &mut needs.taken } else { &mut needs.functions };
                if functions.insert(name.to_owned(), signature.clone()).is_none() {
                    self.spelling(&signature.result.type_name());
                    signature.parameters.iter().for_each(|ty| self.spelling(&ty.type_name()));
                    self.text(definition.as_deref().unwrap_or_default());
                }
            }
            Some(Entity::Variable(ty)) => {
                let ty = ty.clone();
                if needs.variables.insert(name.to_owned(), ty.clone()).is_none() {
                    self.spelling(&ty.type_name());
                }
            }
            None if name.contains(' ') => {
                needs.opaque.insert(name.to_owned());
            }
            None => {}
        }
    }

    /// Whether a field was added.
    fn fields(&mut self) -> bool {
        let names: Vec<String> = self.needs.aggregates.keys().cloned().collect();
        let mut added = false;
        for name in names {
            let Some(members) =
                self.world.get(&name).as_deref().and_then(Entity::members).map(<[Member]>::to_vec)
            else {
                continue;
            };
            let wanted: Vec<Member> = members.iter().filter_map(|m| self.wanted(m)).collect();
            if Some(count(&wanted)) == self.needs.aggregates.get(&name).map(|known| count(known)) {
                continue;
            }
            spellings(&wanted).iter().for_each(|text| self.spelling(text));
            self.needs.aggregates.insert(name, wanted);
            added = true;
        }
        added
    }

    /// The member with those of its own fields that code names, if code names it.
    fn wanted(&self, member: &Member) -> Option<Member> {
        self.words.contains(&member.name).then(|| {
            let inner = |members: &Vec<Member>| members.iter().filter_map(|m| self.wanted(m)).collect();
            Member { inline: member.inline.as_ref().map(inner), ..member.clone() }
        })
    }
}

/// The names of some C, tags with their keywords, and their last words; the words of the language are left out.
fn names(text: &str) -> impl Iterator<Item = (String, &str)> {
    let mut keyword: Option<(usize, &str)> = None;
    words(text).filter_map(move |(at, word)| match word_kind(word.as_bytes()) {
        Word::Aggregate | Word::Enum => {
            keyword = Some((at, word));
            None
        }
        Word::Ident | Word::StandardType => {
            // Without a tag, the first name stands behind a brace.
            let tagged = |(from, keyword): &(usize, &str)| text[from + keyword.len()..at].trim().is_empty();
            let name = match keyword.take().filter(tagged) {
                Some((_, keyword)) => format!("{keyword} {word}"),
                None => word.to_owned(),
            };
            Some((name, word))
        }
        _ => None,
    })
}

/// Whether a function's text calls one of the model's that is about the model's own objects: a stub would leave out
/// what is compared.
fn handles_model(text: &str, world: &World<'_>) -> bool {
    let own = |ty: &WrittenType| ty.pointee().and_then(|to| to.tag().map(str::to_owned)).is_some();
    words(text).any(|(_, word)| match world.model(word).as_deref() {
        Some(Entity::Function(signature)) => signature.parameters.iter().any(own),
        _ => false,
    })
}

fn count(members: &[Member]) -> usize {
    members.iter().map(|m| 1 + m.inline.as_deref().map_or(0, count)).sum()
}

fn spellings(members: &[Member]) -> Vec<String> {
    let own = members.iter().filter(|m| m.inline.is_none()).map(|m| m.ty.type_name());
    let inner = members.iter().filter_map(|m| m.inline.as_deref()).flat_map(spellings);
    own.chain(inner).collect()
}

/// What `ty` comes to.
pub(super) fn shape(ty: &WrittenType, world: &World<'_>) -> Shape {
    match ty.layers().first() {
        Some(Layer::Pointer { .. }) => return ty.pointee().map_or(Shape::Unknown, Shape::Pointer),
        Some(Layer::Array { .. }) => return ty.element().map_or(Shape::Unknown, Shape::Array),
        Some(Layer::Function { .. }) => return Shape::Function,
        None => {}
    }
    let tagged =
        |keyword: &str| ty.tag().map_or(Shape::Unknown, |tag| Shape::Aggregate(format!("{keyword} {tag}")));
    match ty.base() {
        TypeBase::Void => Shape::Void,
        TypeBase::Arithmetic if words(ty.specifiers()).any(|(_, w)| matches!(w, "bool" | "_Bool")) => {
            Shape::Bool
        }
        TypeBase::Arithmetic | TypeBase::Enum | TypeBase::Implicit => Shape::Number,
        TypeBase::Struct => tagged("struct"),
        TypeBase::Union => tagged("union"),
        TypeBase::Computed => Shape::Unknown,
        TypeBase::Named => named(ty, world),
    }
}

fn named(ty: &WrittenType, world: &World<'_>) -> Shape {
    for (_, word) in words(ty.specifiers()) {
        match world.get(word).as_deref() {
            Some(Entity::Typedef { members: Some(_), .. }) => return Shape::Aggregate(word.to_owned()),
            Some(Entity::Typedef { ty, .. }) if words(ty.specifiers()).all(|(_, w)| w != word) => {
                return shape(ty, world);
            }
            _ if matches!(word, "bool" | "_Bool") => return Shape::Bool,
            _ => {}
        }
    }
    Shape::Unknown
}
