//! What names mean inside one function.
//!
//! In: a `function_definition`. Out: [`Scopes`]: its declarations, what each identifier refers to, and the uses of
//! each declaration, with C's shadowing and the point of declaration (`int x = x` names itself). Labels and tags are
//! listed apart, they are other name spaces. Names of fields, labels and attributes never resolve. What could not be
//! read resolves nothing; [`Scopes::mentioned_unread`] tells whether a name occurs there.

use super::declarator::{declared_name, inner_declarator};
use super::kind::{Field, Kind};
use super::tree::{Node, NodeId};
use super::types::{Storage, WrittenType};
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
    /// Resolve the names of a `function_definition`. Any other node is taken as a block without parameters.
    pub fn of(function: Node<'t>) -> Self {
        let scopes = Self {
            function,
            declarations: Vec::new(),
            labels: Vec::new(),
            tags: Vec::new(),
            resolved: HashMap::new(),
            uses: Vec::new(),
            unread: Vec::new(),
        };
        let mut builder = Builder { scopes, frames: vec![Frame::new(function)] };
        if function.is(Kind::FunctionDefinition) {
            builder.function(function);
        } else {
            builder.visit(function);
        }
        builder.scopes
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

/// Whether `&&name` stands here, GNU C's address of a label; the grammar reads two address operators.
pub fn label_address(node: Node<'_>) -> Option<Node<'_>> {
    let inner = node.child(Field::Argument).filter(|_| node.is(Kind::PointerExpression))?;
    let is_address = |n: Node<'_>| n.is(Kind::PointerExpression) && n.operator() == Some("&");
    let adjacent = inner.span().start == node.span().start + 1;
    let label = inner.child(Field::Argument)?;
    (is_address(node) && is_address(inner) && adjacent && label.is(Kind::Identifier)).then_some(label)
}

/// One block's names; `None` hides an outer name without declaring one (a prototype's parameter).
struct Frame<'t> {
    block: Node<'t>,
    names: HashMap<&'t str, Option<DeclId>>,
}

impl<'t> Frame<'t> {
    fn new(block: Node<'t>) -> Self {
        Self { block, names: HashMap::new() }
    }
}

struct Builder<'t> {
    scopes: Scopes<'t>,
    /// Innermost last; never empty.
    frames: Vec<Frame<'t>>,
}

impl<'t> Builder<'t> {
    fn function(&mut self, function: Node<'t>) {
        let body = function.child(Field::Body).unwrap_or(function);
        for child in function.children().filter(|c| c.role() == Some(Field::Type)) {
            self.visit(child);
        }
        self.frames.push(Frame::new(body));
        let parameters = function.child(Field::Declarator).and_then(own_parameters);
        for parameter in parameters.iter().flat_map(|p| p.named_children()) {
            self.parameter(parameter);
        }
        for old in function.children().filter(|c| c.is(Kind::Declaration)) {
            self.declaration(old, Some(DeclKind::Parameter));
        }
        self.implicit_parameters(parameters);
        self.children(body);
        self.frames.pop();
    }

    fn parameter(&mut self, parameter: Node<'t>) {
        let Some(declarator) = parameter.child(Field::Declarator) else {
            return self.children(parameter);
        };
        for child in parameter.children().filter(|c| c.role() != Some(Field::Declarator)) {
            self.visit(child);
        }
        self.declarator(declarator);
        if let Some(ident) = declared_name(declarator) {
            self.declare(ident, parameter, parameter, Some(DeclKind::Parameter));
        }
    }

    /// Old C: names of the parameter list that no declaration after it mentions.
    fn implicit_parameters(&mut self, parameters: Option<Node<'t>>) {
        let names: Vec<_> =
            parameters.iter().flat_map(|p| p.children()).filter(|c| c.is(Kind::Identifier)).collect();
        for ident in names {
            match self.find(ident.text()) {
                Some(Some(id)) => {
                    self.scopes.resolved.insert(ident.id(), id);
                }
                _ => self.add(ident, ident, ident, DeclKind::Parameter, WrittenType::implicit_int()),
            }
        }
    }

    fn children(&mut self, node: Node<'t>) {
        for child in node.children() {
            self.visit(child);
        }
    }

    fn visit(&mut self, node: Node<'t>) {
        use Kind::*;
        match node.kind() {
            CompoundStatement | ForStatement => {
                self.frames.push(Frame::new(node));
                self.children(node);
                self.frames.pop();
            }
            FunctionDefinition => {
                if let Some(ident) = node.child(Field::Declarator).and_then(declared_name) {
                    self.declare(ident, ident, node, Some(DeclKind::Function));
                }
                self.function(node);
            }
            Declaration | TypeDefinition => self.declaration(node, None),
            ParameterList => {
                self.frames.push(Frame::new(node));
                self.children(node);
                self.frames.pop();
            }
            ParameterDeclaration => self.hidden_parameter(node),
            Enumerator => {
                node.child(Field::Value).into_iter().for_each(|v| self.visit(v));
                if let Some(ident) = node.child(Field::Name) {
                    self.add(ident, node, node, DeclKind::Enumerator, WrittenType::implicit_int());
                }
            }
            StructSpecifier | UnionSpecifier | EnumSpecifier => self.tagged(node),
            LabeledStatement => {
                if let Some(ident) = node.child(Field::Label) {
                    self.scopes.labels.push(Label { name: ident.text(), node, ident });
                }
                self.children(node);
            }
            Identifier | TypeIdentifier => self.name(node),
            PointerExpression if label_address(node).is_some() => {}
            AttributeSpecifier | Attribute | AttributeDeclaration | MacroAttribute | GnuAsmGotoList
            | Comment => {}
            PreprocDef | PreprocFunctionDef | PreprocCall | PreprocArg => self.scopes.unread.push(node),
            kind if kind.is_opaque() && node.is_leaf() && !node.span().is_empty() => {
                self.scopes.unread.push(node)
            }
            _ => self.children(node),
        }
    }

    fn hidden_parameter(&mut self, node: Node<'t>) {
        for child in node.children() {
            if child.role() == Some(Field::Declarator) { self.declarator(child) } else { self.visit(child) }
        }
        if let (Some(name), Some(frame)) =
            (node.child(Field::Declarator).and_then(declared_name), self.frames.last_mut())
        {
            frame.names.insert(name.text(), None);
        }
    }

    fn tagged(&mut self, node: Node<'t>) {
        let body = node.child(Field::Body);
        if let (Some(_), Some(tag), Some(block)) = (body, node.child(Field::Name), self.block()) {
            self.scopes.tags.push(LocalTag { name: tag.text(), specifier: node, block });
        }
        body.into_iter().for_each(|b| self.children(b));
    }

    fn declaration(&mut self, node: Node<'t>, kind: Option<DeclKind>) {
        let specifier = node.child(Field::Type);
        let type_name = specifier.filter(|s| s.is(Kind::TypeIdentifier)).map(Node::text);
        if type_name == Some("__label__") {
            return;
        }
        // `a * b;` reads as a declaration; it is none when `a` is a variable.
        let is_variable = |id: DeclId| self.scopes.declaration(id).kind != DeclKind::Typedef;
        if type_name.and_then(|t| self.find(t)).flatten().is_some_and(is_variable) {
            return self.children(node);
        }
        for child in node.children() {
            if child.role() != Some(Field::Declarator) {
                self.visit(child);
                continue;
            }
            self.declarator(child);
            if let Some(ident) = declared_name(child) {
                self.declare(ident, child, node, kind);
            }
            let value = child.child(Field::Value).filter(|_| child.is(Kind::InitDeclarator));
            value.into_iter().for_each(|v| self.visit(v));
        }
    }

    /// Array sizes and parameter lists of a declarator: all but the name and the initializer.
    fn declarator(&mut self, node: Node<'t>) {
        let inner = inner_declarator(node);
        for child in node.children().filter(|c| c.role() != Some(Field::Value)) {
            if Some(child) == inner { self.declarator(child) } else { self.visit(child) }
        }
    }

    fn declare(
        &mut self,
        ident: Node<'t>,
        declarator: Node<'t>,
        declaration: Node<'t>,
        kind: Option<DeclKind>,
    ) {
        let ty = WrittenType::of_name(ident).unwrap_or_else(WrittenType::implicit_int);
        let kind = kind.unwrap_or(match ty.storage() {
            Some(Storage::Typedef) => DeclKind::Typedef,
            _ if ty.is_function() => DeclKind::Function,
            Some(Storage::Static) => DeclKind::Static,
            Some(Storage::Extern) => DeclKind::Extern,
            _ => DeclKind::Local,
        });
        self.add(ident, declarator, declaration, kind, ty);
    }

    fn add(
        &mut self,
        ident: Node<'t>,
        declarator: Node<'t>,
        declaration: Node<'t>,
        kind: DeclKind,
        ty: WrittenType,
    ) {
        let Some(frame) = self.frames.last_mut() else { return };
        let id = DeclId(self.scopes.declarations.len() as u32);
        let name = ident.text();
        let block = frame.block;
        let conditional =
            declaration.ancestors().take_while(|a| *a != block).any(|a| is_conditional(a.kind()));
        let initializer = declarator.child(Field::Value).filter(|_| !declarator.is(Kind::ArrayDeclarator));
        frame.names.insert(name, Some(id));
        self.scopes.resolved.insert(ident.id(), id);
        self.scopes.uses.push(Vec::new());
        self.scopes.declarations.push(Declaration {
            id,
            name,
            kind,
            ident,
            declarator,
            declaration,
            initializer,
            block,
            ty,
            conditional,
        });
    }

    fn name(&mut self, node: Node<'t>) {
        let elsewhere = match node.role() {
            Some(Field::Symbol | Field::Label | Field::Register) => true,
            Some(Field::Name) => node.parent().is_some_and(|p| !p.kind().is_expression()),
            _ => false,
        };
        if elsewhere {
            return;
        }
        if let Some(Some(id)) = self.find(node.text()) {
            self.scopes.resolved.insert(node.id(), id);
            self.scopes.uses[id.0 as usize].push(node);
        }
    }

    /// `Some(None)` when the name is hidden.
    fn find(&self, name: &str) -> Option<Option<DeclId>> {
        self.frames.iter().rev().find_map(|f| f.names.get(name).copied())
    }

    fn block(&self) -> Option<Node<'t>> {
        self.frames.last().map(|f| f.block)
    }
}

/// The parameter list nearest to the declared name: the function's own, not that of a function it returns.
fn own_parameters(declarator: Node<'_>) -> Option<Node<'_>> {
    let mut found = None;
    let mut node = Some(declarator);
    while let Some(d) = node {
        if d.is(Kind::FunctionDeclarator) {
            found = d.child(Field::Parameters);
        }
        node = inner_declarator(d);
    }
    found
}

fn is_conditional(kind: Kind) -> bool {
    use Kind::*;
    matches!(kind, PreprocIf | PreprocIfdef | PreprocElif | PreprocElifdef | PreprocElse)
}

#[cfg(test)]
mod tests;
