//! What C text declares, by name, as plain data.
//!
//! In: a [`Tree`]: of the file with the site, of a header, or of what the compiler makes of the model. Out: [`Names`]. Of
//! two definitions of a name the first one stays; conditions are not evaluated.

use std::collections::HashMap;

use crate::syntax::declarator::declared_name;
use crate::syntax::file_scope::{FileScope, GlobalKind};
use crate::syntax::types::WrittenType;
use crate::syntax::{Field, Kind, Node, Tree};

/// A field of a struct or union.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) ty: WrittenType,
    /// The fields of a struct without a tag that is defined right there.
    pub(super) inline: Option<Vec<Member>>,
}

/// A function's parameters and result.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    pub(super) result: WrittenType,
    pub(super) parameters: Vec<WrittenType>,
    pub(super) variadic: bool,
    /// The definition, if that is what was found.
    pub(super) definition: Option<String>,
}

/// What a name is.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// A `#define`, whole.
    Macro { text: String },
    /// A type name; `members` are those of a struct without a tag that it names.
    Typedef { ty: WrittenType, members: Option<Vec<Member>> },
    /// A struct or union, under `struct tag`.
    Aggregate { members: Vec<Member> },
    /// An enum, under `enum tag` and under each of its constants.
    Enumeration { text: String },
    /// A function, defined or declared.
    Function(Signature),
    /// A variable.
    Variable(WrittenType),
}

/// The names of one text.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: HashMap<String, Known>,
}

impl Names {
    pub(super) fn of(tree: &Tree) -> Self {
        let mut names = Self::default();
        let scope = FileScope::of(tree);
        for definition in &scope.macros {
            let text = definition.node.text().trim_end().to_owned();
            names.add(definition.name, Known::Macro { text });
        }
        for function in &scope.functions {
            names.function(function.name, function.node, function.ident);
        }
        for global in &scope.globals {
            match global.kind {
                GlobalKind::Prototype => names.function(global.name, global.node, global.ident),
                GlobalKind::Variable => {
                    if let Some(ty) = WrittenType::of_name(global.ident) {
                        names.add(global.name, Known::Variable(ty));
                    }
                }
                GlobalKind::Typedef => names.type_name(global.name, global.node, global.ident),
                GlobalKind::Tag => names.tag(global.name, global.node),
                GlobalKind::Enumerator => names.enumerator(global.name, global.node),
            }
        }
        names
    }

    pub(super) fn get(&self, name: &str) -> Option<&Known> {
        self.known.get(name)
    }

    fn add(&mut self, name: &str, known: Known) {
        self.known.entry(name.to_owned()).or_insert(known);
    }

    fn function(&mut self, name: &str, node: Node<'_>, ident: Node<'_>) {
        let function = ident.ancestors().find(|n| n.is(Kind::FunctionDeclarator));
        let parameters = function.and_then(|f| f.child(Field::Parameters));
        let (Some(result), Some(parameters)) = (returned(node, ident), parameters) else { return };
        let variadic = parameters.text().contains("...");
        let parameters: Vec<WrittenType> = parameters.named_children().filter_map(parameter).collect();
        let definition = node.is(Kind::FunctionDefinition).then(|| node.text().to_owned());
        self.add(name, Known::Function(Signature { result, parameters, variadic, definition }));
    }

    fn type_name(&mut self, name: &str, node: Node<'_>, ident: Node<'_>) {
        let Some(ty) = WrittenType::of_name(ident) else { return };
        let body = node.child(Field::Type).and_then(body);
        let members = body.filter(|_| ty.has_anonymous_aggregate()).map(members);
        self.add(name, Known::Typedef { ty, members });
    }

    fn tag(&mut self, name: &str, node: Node<'_>) {
        let keyword = match node.kind() {
            Kind::StructSpecifier => "struct",
            Kind::UnionSpecifier => "union",
            _ => {
                let text = node.text().to_owned();
                return self.add(&format!("enum {name}"), Known::Enumeration { text });
            }
        };
        if let Some(body) = body(node) {
            self.add(&format!("{keyword} {name}"), Known::Aggregate { members: members(body) });
        }
    }

    fn enumerator(&mut self, name: &str, node: Node<'_>) {
        if let Some(whole) = node.ancestors().find(|n| n.is(Kind::EnumSpecifier)) {
            self.add(name, Known::Enumeration { text: whole.text().to_owned() });
        }
    }
}

fn returned(node: Node<'_>, ident: Node<'_>) -> Option<WrittenType> {
    let declares = |d: Node<'_>| declared_name(d) == Some(ident);
    // With several declarators only the first one's result is asked for; the others are rare.
    node.children_in(Field::Declarator)
        .next()
        .is_some_and(declares)
        .then(|| WrittenType::returned_by(node))?
}

fn parameter(node: Node<'_>) -> Option<WrittenType> {
    if !node.is(Kind::ParameterDeclaration) {
        return None;
    }
    let ident = node.child(Field::Declarator).and_then(declared_name);
    let ty = match ident {
        Some(ident) => WrittenType::of_name(ident),
        None => WrittenType::of_type_name(node),
    }?;
    (ty.type_name() != "void").then(|| ty.decayed())
}

fn body(specifier: Node<'_>) -> Option<Node<'_>> {
    let is_aggregate = matches!(specifier.kind(), Kind::StructSpecifier | Kind::UnionSpecifier);
    specifier.child(Field::Body).filter(|_| is_aggregate)
}

/// The fields of a body; those of members without a name are its own.
fn members(body: Node<'_>) -> Vec<Member> {
    let mut found = Vec::new();
    for node in body.named_children() {
        if !node.is(Kind::FieldDeclaration) {
            // Conditionals, and lists that the grammar puts around fields.
            if !node.kind().is_expression() {
                found.extend(members(node));
            }
            continue;
        }
        let inner = node.child(Field::Type).and_then(self::body);
        let idents: Vec<Node<'_>> = node.children_in(Field::Declarator).filter_map(declared_name).collect();
        match inner {
            Some(inner) if idents.is_empty() => found.extend(members(inner)),
            _ => {
                for ident in idents {
                    let Some(ty) = WrittenType::of_name(ident) else { continue };
                    let inline = inner.filter(|_| ty.has_anonymous_aggregate()).map(members);
                    found.push(Member { name: ident.text().to_owned(), ty, inline });
                }
            }
        }
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|member| seen.insert(member.name.clone()));
    found
}
