//! What names mean inside one function.
//!
//! In: a `function_definition`. Out: [`Scopes`]: its declarations, what each identifier refers to, and the uses of
//! each declaration, with C's shadowing and the point of declaration (`int x = x` names itself). Labels and tags are
//! listed apart, they are other name spaces. Names of fields, labels and attributes never resolve. What could not be
//! read resolves nothing; [`Scopes::mentioned_unread`] tells whether a name occurs there.

mod build;

use super::kind::{Field, Kind};
use super::tree::{Node, NodeId};
use super::types::WrittenType;
use std::collections::HashMap;

/// Index of a declaration in [`Scopes::declarations`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeclId(pub u32);

/// What a declaration inside a function declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeclKind {
    /// A parameter of the function.
    Parameter,
    /// A variable with automatic storage.
    Local,
    /// A variable that keeps its value between calls.
    Static,
    /// A variable of file scope or of another file, declared here.
    Extern,
    /// A function: a prototype in a block, or a nested function.
    Function,
    /// A type name.
    Typedef,
    /// A constant of an `enum` in a block.
    Enumerator,
}

/// One declared name.
#[derive(Clone, Debug)]
pub struct Declaration<'t> {
    /// Its index.
    pub id: DeclId,
    /// The name.
    pub name: &'t str,
    /// What it declares.
    pub kind: DeclKind,
    /// The name in its declarator.
    pub ident: Node<'t>,
    /// The whole declarator: an `init_declarator`, a declarator, a `parameter_declaration`, an `enumerator`, or the
    /// name alone.
    pub declarator: Node<'t>,
    /// The declaration around it (the `parameter_declaration` of a parameter); others may share it.
    pub declaration: Node<'t>,
    /// What it starts with.
    pub initializer: Option<Node<'t>>,
    /// Where the name can be seen: a compound statement, or a `for_statement` for what its header declares; the
    /// function's body for a parameter.
    pub block: Node<'t>,
    /// Its type as written.
    pub ty: WrittenType,
    /// Whether it stands inside `#if`, so that a second declaration of the name may stand beside it.
    pub conditional: bool,
}

impl Declaration<'_> {
    /// Whether it is an object that lives in the function's frame: a parameter or an automatic variable.
    pub fn is_automatic(&self) -> bool {
        matches!(self.kind, DeclKind::Parameter | DeclKind::Local)
    }

    /// Whether something may be done when its block is left: an attribute says so, or a macro beside it that takes
    /// arguments or speaks of cleaning up.
    pub fn has_cleanup(&self) -> bool {
        let in_front = self.declaration.prev_sibling().filter(|n| n.is(Kind::AttributeSpecifier));
        self.declaration.descendants().chain(in_front).any(|n| match n.kind() {
            Kind::AttributeSpecifier => n.text().contains("cleanup"),
            Kind::MacroAttribute => n.text().contains('(') || n.text().contains("cleanup"),
            _ => false,
        })
    }

    /// Whether it is an array in truth: written as one, and not a parameter.
    pub fn is_array_object(&self) -> bool {
        self.ty.is_array() && self.kind != DeclKind::Parameter
    }
}

/// A label.
#[derive(Clone, Copy, Debug)]
pub struct Label<'t> {
    /// The name.
    pub name: &'t str,
    /// The `labeled_statement`.
    pub node: Node<'t>,
    /// The name in it.
    pub ident: Node<'t>,
}

/// A struct, union or enum defined (not only named) in a function.
#[derive(Clone, Copy, Debug)]
pub struct LocalTag<'t> {
    /// The tag.
    pub name: &'t str,
    /// The specifier with the body.
    pub specifier: Node<'t>,
    /// Where the tag can be seen.
    pub block: Node<'t>,
}

/// The names of one function.
#[derive(Clone, Debug)]
pub struct Scopes<'t> {
    function: Node<'t>,
    declarations: Vec<Declaration<'t>>,
    labels: Vec<Label<'t>>,
    tags: Vec<LocalTag<'t>>,
    /// Both uses and declaring names.
    resolved: HashMap<NodeId, DeclId>,
    /// By [`DeclId`], in document order.
    uses: Vec<Vec<Node<'t>>>,
    unread: Vec<Node<'t>>,
}

impl<'t> Scopes<'t> {
    /// Resolve the names of a `function_definition`, or of one that a macro heads. Any other node is taken as a block
    /// without parameters.
    pub fn of(function: Node<'t>) -> Self {
        build::build(function)
    }

    /// The node it was made from.
    pub fn function(&self) -> Node<'t> {
        self.function
    }

    /// Every declaration, in document order.
    pub fn declarations(&self) -> &[Declaration<'t>] {
        &self.declarations
    }

    /// The declaration with that index.
    pub fn declaration(&self, id: DeclId) -> &Declaration<'t> {
        &self.declarations[id.0 as usize]
    }

    /// What an identifier refers to, or declares. `None`: not declared in this function, so file scope, a macro, a
    /// field, a label.
    pub fn resolve(&self, ident: Node<'_>) -> Option<DeclId> {
        self.resolved.get(&ident.id()).copied()
    }

    /// The uses of a declaration in document order, without the declaring name.
    pub fn uses(&self, id: DeclId) -> &[Node<'t>] {
        self.uses.get(id.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// The declaration that `name` would refer to at `place`.
    pub fn lookup(&self, name: &str, place: Node<'_>) -> Option<DeclId> {
        let sees = |d: &&Declaration<'_>| {
            d.name == name && d.block.encloses(place) && (d.ident.id() <= place.id() || !d.is_automatic())
        };
        self.declarations.iter().filter(sees).map(|d| d.id).next_back()
    }

    /// Whether anything in the function is called `name`: a declaration, a label or a tag.
    pub fn declares(&self, name: &str) -> bool {
        self.declarations.iter().any(|d| d.name == name)
            || self.labels.iter().any(|l| l.name == name)
            || self.tags.iter().any(|t| t.name == name)
    }

    /// Whether the function declares the name or uses it for something of the file, so that a new local of that name would
    /// be in the way.
    pub fn mentions(&self, name: &str) -> bool {
        let is_it = |n: Node<'t>| n.is(Kind::Identifier) && n.text() == name;
        self.declares(name) || self.function().descendants().any(is_it)
    }

    /// The labels in document order.
    pub fn labels(&self) -> &[Label<'t>] {
        &self.labels
    }

    /// The label of that name.
    pub fn label(&self, name: &str) -> Option<Label<'t>> {
        self.labels.iter().find(|l| l.name == name).copied()
    }

    /// The structs, unions and enums with a tag that are defined here, in document order.
    pub fn tags(&self) -> &[LocalTag<'t>] {
        &self.tags
    }

    /// The first piece of unread text (a macro's definition, an opaque region) that has `name` as a word.
    pub fn mentioned_unread(&self, name: &str) -> Option<Node<'t>> {
        let has = |n: &&Node<'t>| super::file_scope::words(n.text()).any(|(_, word)| word == name);
        self.unread.iter().find(has).copied()
    }
}

/// The label of `&&label`, GNU C's address of a label. The bare grammar reads two address operators.
pub fn label_address(node: Node<'_>) -> Option<Node<'_>> {
    let inner = node.child(Field::Argument).filter(|_| node.is(Kind::PointerExpression))?;
    if inner.is(Kind::StatementIdentifier) {
        return Some(inner);
    }
    let is_address = |n: Node<'_>| n.is(Kind::PointerExpression) && n.operator() == Some("&");
    let adjacent = inner.span().start == node.span().start + 1;
    let label = inner.child(Field::Argument)?;
    (is_address(node) && is_address(inner) && adjacent && label.is(Kind::Identifier)).then_some(label)
}

#[cfg(test)]
mod tests;
