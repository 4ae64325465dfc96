//! What one file declares at its top level, as plain data.
//!
//! In: a [`Tree`]. Out: [`Declared`]: what each name is, types as written. Of two declarations of a name the first one
//! stays, and what is declared goes before a macro of the same name. Declarations that hide behind macros are not seen.

use super::super::declarator::declared_name;
use super::super::kind::{Field, Kind};
use super::super::tree::{Node, Tree};
use super::super::types::{Storage, WrittenType};
use std::collections::{HashMap, HashSet};

/// What a name of file scope is.
#[derive(Clone, Debug)]
pub enum Entity {
    /// A struct or union, known under `struct tag` or `union tag`.
    Aggregate {
        /// Its fields in order; those of members without a name are its own.
        members: Vec<Member>,
    },
    /// An enum, known under `enum tag` and under each of its constants.
    Enumeration {
        /// The specifier, whole.
        text: String,
    },
    /// A type name.
    Typedef {
        /// What it stands for.
        ty: WrittenType,
        /// The fields of a struct or union without a tag that it names.
        members: Option<Vec<Member>>,
    },
    /// A function.
    Function(Signature),
    /// A variable.
    Variable(WrittenType),
    /// A macro.
    Macro {
        /// The directive, whole.
        text: String,
        /// Whether it has parentheses.
        has_parameters: bool,
        /// What it stands for.
        body: String,
    },
}

/// A field of a struct or union.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: WrittenType,
    /// The fields of a struct or union without a tag that is defined right there.
    pub inline: Option<Vec<Member>>,
}

/// A function's parameters and result.
#[derive(Clone, Debug)]
pub struct Signature {
    /// What it returns.
    pub result: WrittenType,
    /// The types of its parameters; arrays and functions are pointers.
    pub parameters: Vec<WrittenType>,
    /// Whether more arguments may follow.
    pub variadic: bool,
    /// The definition, if that is what was found.
    pub definition: Option<String>,
}

impl Entity {
    /// The fields of a struct or union.
    pub fn members(&self) -> Option<&[Member]> {
        match self {
            Self::Aggregate { members } | Self::Typedef { members: Some(members), .. } => Some(members),
            _ => None,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Declared {
    known: HashMap<String, Entity>,
    macros: HashMap<String, Entity>,
}

impl Declared {
    pub(super) fn of(tree: &Tree) -> Self {
        let mut declared = Self::default();
        declared.items(tree.root());
        declared
    }

    pub(super) fn get(&self, name: &str) -> Option<&Entity> {
        self.known.get(name).or_else(|| self.macros.get(name))
    }

    fn add(&mut self, name: impl Into<String>, known: Entity) {
        self.known.entry(name.into()).or_insert(known);
    }

    fn items(&mut self, parent: Node<'_>) {
        for node in parent.named_children() {
            match node.kind() {
                Kind::FunctionDefinition | Kind::Declaration | Kind::TypeDefinition => self.declaration(node),
                Kind::StructSpecifier | Kind::UnionSpecifier | Kind::EnumSpecifier => self.tagged(node),
                Kind::PreprocDef | Kind::PreprocFunctionDef => self.definition(node),
                // What else has declarations inside: conditionals, `extern "C"`.
                kind if !kind.is_expression() => self.items(node),
                _ => {}
            }
        }
    }

    fn definition(&mut self, node: Node<'_>) {
        let Some(name) = node.child(Field::Name) else { return };
        let known = Entity::Macro {
            text: node.text().trim_end().to_owned(),
            has_parameters: node.child(Field::Parameters).is_some(),
            body: node.child(Field::Value).map(|body| body.text().to_owned()).unwrap_or_default(),
        };
        self.macros.entry(name.text().to_owned()).or_insert(known);
    }

    fn declaration(&mut self, node: Node<'_>) {
        let specifier = node.child(Field::Type);
        if let Some(specifier) = specifier {
            self.tagged(specifier);
        }
        for ident in node.children_in(Field::Declarator).filter_map(declared_name) {
            let Some(ty) = WrittenType::of_name(ident) else { continue };
            if ty.storage() == Some(Storage::Typedef) {
                let body = specifier.filter(|_| ty.has_anonymous_aggregate()).and_then(body);
                self.add(ident.text(), Entity::Typedef { ty, members: body.map(members) });
            } else if ty.is_function() {
                if let Some(signature) = signature(node, ident) {
                    self.add(ident.text(), Entity::Function(signature));
                }
            } else {
                self.add(ident.text(), Entity::Variable(ty));
            }
        }
    }

    /// A struct, union or enum, and those that are defined inside it.
    fn tagged(&mut self, specifier: Node<'_>) {
        for node in specifier.descendants() {
            let keyword = match node.kind() {
                Kind::StructSpecifier => "struct",
                Kind::UnionSpecifier => "union",
                Kind::EnumSpecifier => {
                    self.enumeration(node);
                    continue;
                }
                _ => continue,
            };
            if let (Some(tag), Some(body)) = (node.child(Field::Name), body(node)) {
                self.add(format!("{keyword} {}", tag.text()), Entity::Aggregate { members: members(body) });
            }
        }
    }

    fn enumeration(&mut self, node: Node<'_>) {
        let Some(body) = node.child(Field::Body) else { return };
        let known = Entity::Enumeration { text: node.text().to_owned() };
        if let Some(tag) = node.child(Field::Name) {
            self.add(format!("enum {}", tag.text()), known.clone());
        }
        let constants = body.descendants().filter(|n| n.is(Kind::Enumerator));
        for name in constants.filter_map(|constant| constant.child(Field::Name)) {
            self.add(name.text(), known.clone());
        }
    }
}

fn signature(node: Node<'_>, ident: Node<'_>) -> Option<Signature> {
    let function = ident.ancestors().find(|n| n.is(Kind::FunctionDeclarator))?;
    let parameters = function.child(Field::Parameters)?;
    let definition = node.is(Kind::FunctionDefinition).then(|| node.text().to_owned());
    Some(Signature {
        result: WrittenType::returned_by(node)?,
        parameters: parameters.named_children().filter_map(parameter).collect(),
        variadic: parameters.text().contains("..."),
        definition,
    })
}

fn parameter(node: Node<'_>) -> Option<WrittenType> {
    if !node.is(Kind::ParameterDeclaration) {
        return None;
    }
    let ident = node.child(Field::Declarator).and_then(declared_name);
    let ty = ident.map_or_else(|| WrittenType::of_type_name(node), WrittenType::of_name)?;
    (ty.type_name() != "void").then(|| ty.decayed())
}

fn body(specifier: Node<'_>) -> Option<Node<'_>> {
    specifier.child(Field::Body).filter(|b| b.is(Kind::FieldDeclarationList))
}

fn members(body: Node<'_>) -> Vec<Member> {
    let mut found = Vec::new();
    collect(body, &mut found);
    let mut seen = HashSet::new();
    found.retain(|member: &Member| seen.insert(member.name.clone()));
    found
}

fn collect(parent: Node<'_>, found: &mut Vec<Member>) {
    for node in parent.named_children() {
        // Among a macro's arguments fields look like declarations.
        if !matches!(node.kind(), Kind::FieldDeclaration | Kind::Declaration) {
            // Conditionals, and groups of fields behind a macro.
            collect(node, found);
            continue;
        }
        let inner = node.child(Field::Type).and_then(body);
        let mut named = false;
        for ident in node.children_in(Field::Declarator).filter_map(declared_name) {
            named = true;
            if let Some(ty) = WrittenType::of_name(ident) {
                let inline = inner.filter(|_| ty.has_anonymous_aggregate()).map(members);
                found.push(Member { name: ident.text().to_owned(), ty, inline });
            }
        }
        if !named && let Some(inner) = inner {
            collect(inner, found);
        }
    }
}
