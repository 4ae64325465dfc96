//! From a function to its names: one walk with a stack of blocks.

use super::{DeclId, DeclKind, Declaration, Label, LocalTag, Scopes, label_address};
use crate::syntax::declarator::{declared_name, inner_declarator};
use crate::syntax::kind::{Field, Kind};
use crate::syntax::tree::Node;
use crate::syntax::types::{Storage, WrittenType};
use std::collections::{HashMap, HashSet};

pub(super) fn build(function: Node<'_>) -> Scopes<'_> {
    let scopes = Scopes {
        function,
        declarations: Vec::new(),
        labels: Vec::new(),
        tags: Vec::new(),
        resolved: HashMap::new(),
        uses: Vec::new(),
        unread: Vec::new(),
    };
    let mut builder = Builder { scopes, frames: vec![Frame::new(function)] };
    match function.kind() {
        Kind::FunctionDefinition => builder.function(function),
        Kind::MacroFunctionDefinition => builder.macro_function(function),
        _ => builder.visit(function),
    }
    builder.scopes
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

    /// `MACRO(name, type, parameter, …) { … }`: a lone word behind something else is a parameter if the body says so.
    fn macro_function(&mut self, function: Node<'t>) {
        let Some(body) = function.child(Field::Body) else { return self.children(function) };
        self.frames.push(Frame::new(body));
        let list = function.child(Field::Parameters);
        let parameters: Vec<_> = list.iter().flat_map(|l| l.named_children()).collect();
        let said: HashSet<&str> =
            body.descendants().filter(|n| n.is(Kind::Identifier)).map(Node::text).collect();
        for pair in parameters.windows(2) {
            let lone = pair[1].named_children().next().filter(|c| c.span() == pair[1].span());
            let ident = lone.filter(|c| matches!(c.kind(), Kind::TypeIdentifier | Kind::Identifier));
            if let (Some(ident), Some(ty)) = (ident, WrittenType::of_type_name(pair[0]))
                && said.contains(ident.text())
            {
                self.add(ident, pair[1], pair[1], DeclKind::Parameter, ty);
            }
        }
        for parameter in
            parameters.iter().filter(|p| p.child(Field::Declarator).and_then(declared_name).is_some())
        {
            self.parameter(*parameter);
        }
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
            // More than a word was made one for the grammar's sake.
            Identifier if node.text().contains('(') => self.scopes.unread.push(node),
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
