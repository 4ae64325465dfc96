//! What one file declares at its top level, as plain data.
//!
//! In: a [`Tree`]. Out: [`Declared`]: types as written, by name. Of two declarations of a name the first one stays.
//! Declarations that hide behind macros are not seen.

use super::super::declarator::declared_name;
use super::super::kind::{Field, Kind};
use super::super::tree::{Node, Tree};
use super::super::types::{Storage, WrittenType};
use std::collections::HashMap;

/// The fields of a struct or union; those of anonymous members are its own.
pub(super) type Fields = HashMap<String, WrittenType>;

#[derive(Debug, Default)]
pub(super) struct Declared {
    /// By keyword and tag: `struct pair`.
    pub(super) aggregates: HashMap<String, Fields>,
    pub(super) typedefs: HashMap<String, WrittenType>,
    /// The fields of an anonymous aggregate by the typedef that names it.
    pub(super) named_fields: HashMap<String, Fields>,
    /// What functions return.
    pub(super) results: HashMap<String, WrittenType>,
    pub(super) variables: HashMap<String, WrittenType>,
}

impl Declared {
    pub(super) fn of(tree: &Tree) -> Self {
        let mut declared = Self::default();
        declared.items(tree.root());
        declared
    }

    fn items(&mut self, parent: Node<'_>) {
        for node in parent.named_children() {
            match node.kind() {
                Kind::FunctionDefinition | Kind::Declaration | Kind::TypeDefinition => self.declaration(node),
                Kind::StructSpecifier | Kind::UnionSpecifier => self.aggregate(node),
                // What else has declarations inside: conditionals, `extern "C"`.
                kind if !kind.is_expression() => self.items(node),
                _ => {}
            }
        }
    }

    fn declaration(&mut self, node: Node<'_>) {
        let specifier = node.child(Field::Type);
        if let Some(specifier) = specifier {
            self.aggregate(specifier);
        }
        for ident in node.children_in(Field::Declarator).filter_map(declared_name) {
            let Some(ty) = WrittenType::of_name(ident) else { continue };
            let name = ident.text().to_owned();
            if ty.storage() == Some(Storage::Typedef) {
                if let Some(body) = specifier.filter(|_| ty.has_anonymous_aggregate()).and_then(body) {
                    self.named_fields.entry(name.clone()).or_insert_with(|| fields(body));
                }
                self.typedefs.entry(name).or_insert(ty);
            } else if ty.is_function() {
                if let Some(result) = WrittenType::returned_by(node) {
                    self.results.entry(name).or_insert(result);
                }
            } else {
                self.variables.entry(name).or_insert(ty);
            }
        }
    }

    /// A struct or union and those that are defined inside it.
    fn aggregate(&mut self, specifier: Node<'_>) {
        for node in specifier.descendants() {
            let keyword = match node.kind() {
                Kind::StructSpecifier => "struct",
                Kind::UnionSpecifier => "union",
                _ => continue,
            };
            if let (Some(tag), Some(body)) = (node.child(Field::Name), body(node)) {
                let name = format!("{keyword} {}", tag.text());
                self.aggregates.entry(name).or_insert_with(|| fields(body));
            }
        }
    }
}

fn body(specifier: Node<'_>) -> Option<Node<'_>> {
    specifier.child(Field::Body).filter(|b| b.is(Kind::FieldDeclarationList))
}

fn fields(body: Node<'_>) -> Fields {
    let mut found = Fields::new();
    collect(body, &mut found);
    found
}

fn collect(parent: Node<'_>, found: &mut Fields) {
    for node in parent.named_children() {
        // Among a macro's arguments fields look like declarations.
        if !matches!(node.kind(), Kind::FieldDeclaration | Kind::Declaration) {
            // Conditionals, and groups of fields behind a macro.
            collect(node, found);
            continue;
        }
        let mut named = false;
        for ident in node.children_in(Field::Declarator).filter_map(declared_name) {
            named = true;
            if let Some(ty) = WrittenType::of_name(ident) {
                found.entry(ident.text().to_owned()).or_insert(ty);
            }
        }
        if !named && let Some(inner) = node.child(Field::Type).and_then(body) {
            collect(inner, found);
        }
    }
}
