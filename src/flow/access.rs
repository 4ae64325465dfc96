//! Which variables an expression or statement touches, and how.
//!
//! In: a node and the [`Scopes`] of its function. Out: [`Access`]es in the order of evaluation (C leaves much of it
//! open; operands come before the operation, the right side of an assignment before its write). Only names declared
//! in the function count. It judges by spelling: a typedef that hides an array or a pointer is taken for either, and
//! a field that is an array counts as read where it decays.
//!
//! Capability 6 (tests/README.md): captures.

use crate::syntax::declarator::Layer;
use crate::syntax::declarator::declared_name;
use crate::syntax::scope::label_address;
use crate::syntax::types::TypeBase;
use crate::syntax::{Arguments, DeclId, DeclKind, Field, Kind, Node, Scopes};

/// What happens to the thing that [`Part`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// Its value is used.
    Read,
    /// It gets a new value; the old one is not looked at. An initializer counts.
    Write,
    /// `+=`, `++` and the like.
    ReadWrite,
    /// Its address is made: `&x`, or an array by name where it decays to a pointer.
    AddressTaken,
    /// Named, not evaluated: operand of `sizeof`, `typeof` and the like.
    Unevaluated,
    /// Handed by name to something that is known to be a macro: may be read, may be written.
    Unknown,
}

/// Which thing is touched, seen from the variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The variable.
    Whole,
    /// A field of the variable: `x.f`.
    Field,
    /// An element of the variable: `a[i]`, `*a`.
    Element,
    /// What the variable points to: `*p`, `p->f`, `p[i]`. The variable itself is only read.
    Pointee,
}

/// One touch of one variable.
#[derive(Clone, Copy, Debug)]
pub struct Access<'t> {
    /// The variable.
    pub decl: DeclId,
    /// Its name there.
    pub node: Node<'t>,
    /// The whole expression that names the part: `x.f[2]` for the `x` in it; the name itself for the whole variable.
    pub place: Node<'t>,
    /// What happens.
    pub how: How,
    /// To which part.
    pub part: Part,
    /// Whether it happens on some ways through the node only: right of `&&`, `||`, `?`, in a nested statement.
    pub conditional: bool,
    /// The call that has the bare name among its arguments. If that is a macro, it may do more than read.
    pub argument_of: Option<Node<'t>>,
}

impl Access<'_> {
    /// Whether the variable's own value, or a part of it, is looked at.
    pub fn uses(&self) -> bool {
        match (self.how, self.part) {
            (How::Unevaluated, _) => false,
            (_, Part::Pointee) => true,
            (how, _) => matches!(how, How::Read | How::ReadWrite | How::Unknown),
        }
    }

    /// Whether the variable's own value, or a part of it, may change here and now.
    pub fn may_define(&self) -> bool {
        self.part != Part::Pointee && matches!(self.how, How::Write | How::ReadWrite | How::Unknown)
    }

    /// Whether the variable certainly has a new value afterwards.
    pub fn defines(&self) -> bool {
        self.part == Part::Whole && matches!(self.how, How::Write | How::ReadWrite) && !self.conditional
    }

    /// Whether the address of the variable or of a part of it is made.
    pub fn takes_address(&self) -> bool {
        self.how == How::AddressTaken && self.part != Part::Pointee
    }
}

/// The accesses of a node and all below it.
pub fn accesses<'t>(node: Node<'t>, scopes: &Scopes<'t>) -> Vec<Access<'t>> {
    let mut collector = Collector { scopes, out: Vec::new(), conditional: false };
    collector.visit(node);
    collector.out
}

/// The accesses of the header of a macro iterator: of all but its body.
pub fn accesses_of_header<'t>(iterator: Node<'t>, scopes: &Scopes<'t>) -> Vec<Access<'t>> {
    let body = iterator.child(Field::Body);
    let mut all = accesses(iterator, scopes);
    all.retain(|a| !body.is_some_and(|b| b.encloses(a.node)));
    all
}

/// What the macro of a statement or a loop does with its arguments: anything, if it is not known.
pub(super) fn behind_macro(node: Node<'_>) -> Arguments {
    let head = node.named_children().next();
    let name = head.map(|head| head.child(Field::Function).unwrap_or(head));
    name.and_then(|name| node.tree().arguments(name.text())).unwrap_or(Arguments::UNKNOWN)
}

struct Collector<'s, 't> {
    scopes: &'s Scopes<'t>,
    out: Vec<Access<'t>>,
    conditional: bool,
}

/// An expression resolved to a part of a variable.
struct Place<'t> {
    decl: DeclId,
    node: Node<'t>,
    part: Part,
    /// Whether reaching the place reads another object on the way (`x.f->g`): a write then misses the variable.
    beyond: bool,
    /// Whether a field was indexed: an array in the variable or a pointer out of it, the spelling does not tell.
    vague: bool,
    /// Type layers still to be peeled, while known.
    layers: Vec<Layer>,
    /// Operands to read on the way: indices.
    operands: Vec<Node<'t>>,
    /// The pointer is stepped on the way: `*p++`.
    stepped: bool,
}

impl<'t> Collector<'_, 't> {
    fn visit(&mut self, node: Node<'t>) {
        use Kind::*;
        match node.kind() {
            Identifier | TypeIdentifier | FieldExpression | SubscriptExpression | PointerExpression => {
                self.value(node);
            }
            AssignmentExpression => self.assignment(node),
            UpdateExpression => match node.child(Field::Argument) {
                Some(argument) => self.touch(argument, How::ReadWrite),
                None => self.children(node),
            },
            BinaryExpression if matches!(node.operator(), Some("&&" | "||")) => {
                node.child(Field::Left).into_iter().for_each(|n| self.visit(n));
                node.child(Field::Right).into_iter().for_each(|n| self.sometimes(n));
            }
            ConditionalExpression => {
                node.child(Field::Condition).into_iter().for_each(|n| self.visit(n));
                node.child(Field::Consequence).into_iter().for_each(|n| self.sometimes(n));
                node.child(Field::Alternative).into_iter().for_each(|n| self.sometimes(n));
            }
            SizeofExpression | AlignofExpression | OffsetofExpression | TypeDescriptor
            | MacroTypeSpecifier => {
                self.unevaluated(node);
            }
            CallExpression => self.call(node),
            MacroIterator | MacroStatement => self.macro_with_arguments(node),
            Declaration => self.declaration(node),
            GnuAsmOutputOperand => {
                let read = node.child(Field::Constraint).is_some_and(|c| c.text().contains('+'));
                let how = if read { How::ReadWrite } else { How::Write };
                node.child(Field::Value).into_iter().for_each(|v| self.touch(v, how));
            }
            GnuAsmExpression => {
                for field in [Field::InputOperands, Field::OutputOperands] {
                    node.child(field).into_iter().for_each(|n| self.visit(n));
                }
            }
            IfStatement | SwitchStatement | WhileStatement | DoStatement | ForStatement => {
                self.statement(node)
            }
            LabeledStatement | CaseStatement => node.named_children().for_each(|c| self.sometimes(c)),
            FunctionDefinition | AttributeSpecifier | Attribute | StructSpecifier | UnionSpecifier
            | EnumSpecifier => {}
            _ => self.children(node),
        }
    }

    fn children(&mut self, node: Node<'t>) {
        node.children().for_each(|c| self.visit(c));
    }

    fn sometimes(&mut self, node: Node<'t>) {
        let before = std::mem::replace(&mut self.conditional, true);
        self.visit(node);
        self.conditional = before;
    }

    /// A statement with parts that may not run, in the order in which they do.
    fn statement(&mut self, node: Node<'t>) {
        let do_loop = node.is(Kind::DoStatement);
        if do_loop {
            node.child(Field::Body).into_iter().for_each(|n| self.visit(n));
        }
        for field in [Field::Initializer, Field::Condition] {
            node.child(field).into_iter().for_each(|n| self.visit(n));
        }
        for field in [Field::Consequence, Field::Alternative, Field::Body, Field::Update] {
            node.child(field).filter(|_| !do_loop).into_iter().for_each(|n| self.sometimes(n));
        }
    }

    fn assignment(&mut self, node: Node<'t>) {
        let (Some(left), Some(right)) = (node.child(Field::Left), node.child(Field::Right)) else {
            return self.children(node);
        };
        self.visit(right);
        self.touch(left, if node.operator() == Some("=") { How::Write } else { How::ReadWrite });
    }

    fn declaration(&mut self, node: Node<'t>) {
        for child in node.children() {
            if child.role() != Some(Field::Declarator) {
                self.visit(child);
                continue;
            }
            let sizes = child.descendants().filter(|n| n.role() == Some(Field::Size));
            sizes.for_each(|size| self.visit(size));
            let ident = declared_name(child);
            let decl = ident.and_then(|i| self.scopes.resolve(i)).map(|id| self.scopes.declaration(id));
            let at_compile_time =
                decl.is_some_and(|d| matches!(d.kind, DeclKind::Static | DeclKind::Typedef));
            let (Some(ident), Some(value)) = (ident, child.child(Field::Value)) else { continue };
            if child.is(Kind::InitDeclarator) && !at_compile_time {
                self.visit(value);
                self.touch(ident, How::Write);
            }
        }
    }

    fn call(&mut self, node: Node<'t>) {
        node.child(Field::Function).into_iter().for_each(|f| self.visit(f));
        let from = self.out.len();
        let Some(arguments) = node.child(Field::Arguments) else { return };
        for argument in arguments.named_children() {
            self.visit(argument);
        }
        for access in &mut self.out[from..] {
            if access.place.parent() == Some(arguments) {
                access.argument_of = Some(node);
            }
        }
        let name = node.child(Field::Function).filter(|f| f.is(Kind::Identifier)).map(Node::text);
        if let Some(effect) = name.and_then(|name| node.tree().arguments(name)) {
            self.written_by(effect, arguments, from);
        }
    }

    /// What stands by name among the arguments of a macro is written as the macro does it, behind what others read.
    fn written_by(&mut self, effect: Arguments, list: Node<'t>, from: usize) {
        let number = |access: &Access<'t>| list.named_children().position(|n| bare(n) == access.place);
        let named = |access: &Access<'t>| (access.how == How::Read).then(|| number(access)).flatten();
        let own = self.out.split_off(from);
        let written = |a: &Access<'t>| named(a).is_some_and(|number| effect.may_write(number));
        let (written, read): (Vec<_>, Vec<_>) = own.into_iter().partition(written);
        self.out.extend(read);
        self.out.extend(written.into_iter().map(|access| {
            let assigned = named(&access).is_some_and(|number| effect.assigns(number));
            Access { how: if assigned { How::Write } else { How::Unknown }, ..access }
        }));
    }

    /// A statement behind a macro, or a loop: its arguments, then its body.
    fn macro_with_arguments(&mut self, node: Node<'t>) {
        let effect = behind_macro(node);
        for child in node.named_children() {
            match child.role() {
                Some(Field::Body) => self.sometimes(child),
                _ => {
                    let from = self.out.len();
                    self.visit(child);
                    self.written_by(effect, child.child(Field::Arguments).unwrap_or(child), from);
                }
            }
        }
    }

    fn unevaluated(&mut self, node: Node<'t>) {
        for ident in node.descendants().filter(|n| n.is_leaf()) {
            if let Some(decl) = self.scopes.resolve(ident) {
                self.push(decl, ident, ident, How::Unevaluated, Part::Whole);
            }
        }
    }

    /// An lvalue-like expression where its value is wanted, or `&` of one.
    fn value(&mut self, node: Node<'t>) {
        if label_address(node).is_some() {
            return;
        }
        if node.is(Kind::PointerExpression) && node.operator() == Some("&") {
            return match node.child(Field::Argument) {
                Some(argument) => self.touch(argument, How::AddressTaken),
                None => self.children(node),
            };
        }
        self.touch(node, How::Read);
    }

    /// Do `how` to the place that `node` names; if it names none of ours, its operands are read.
    fn touch(&mut self, node: Node<'t>, how: How) {
        let node = bare(node);
        let Some(place) = self.place(node) else {
            return match node.kind() {
                Kind::Identifier | Kind::TypeIdentifier => {}
                Kind::FieldExpression | Kind::SubscriptExpression | Kind::PointerExpression => {
                    self.children(node)
                }
                _ => self.visit(node),
            };
        };
        for operand in &place.operands {
            self.visit(*operand);
        }
        if place.stepped {
            self.push(place.decl, place.node, place.node, How::ReadWrite, Part::Whole);
        }
        let decays = how == How::Read && matches!(place.layers.first(), Some(Layer::Array { .. }));
        let how = match how {
            _ if place.beyond => How::Read,
            How::Write if place.vague => How::ReadWrite,
            How::Read if decays && place.part != Part::Pointee => How::AddressTaken,
            how => how,
        };
        self.push(place.decl, place.node, node, how, place.part);
    }

    fn push(&mut self, decl: DeclId, node: Node<'t>, place: Node<'t>, how: How, part: Part) {
        let conditional = self.conditional;
        self.out.push(Access { decl, node, place, how, part, conditional, argument_of: None });
    }

    fn place(&self, node: Node<'t>) -> Option<Place<'t>> {
        let node = bare(node);
        match node.kind() {
            Kind::Identifier | Kind::TypeIdentifier => self.variable(node),
            Kind::FieldExpression => {
                let base = self.place(node.child(Field::Argument)?)?;
                if node.operator() != Some("->") {
                    return Some(into_field(base));
                }
                let beyond =
                    base.beyond || matches!(base.part, Part::Field | Part::Pointee) && base.layers.is_empty();
                Some(Place { beyond, ..self.through(base) })
            }
            Kind::SubscriptExpression => {
                let mut base = self.place(node.child(Field::Argument)?)?;
                base.operands.extend(node.child(Field::Index));
                Some(self.through(base))
            }
            Kind::PointerExpression if node.operator() == Some("*") => {
                let base = self.pointer(node.child(Field::Argument)?)?;
                Some(self.through(base))
            }
            _ => None,
        }
    }

    /// The operand of `*`: a place, `p++`, `p + i`, or a cast of these.
    fn pointer(&self, node: Node<'t>) -> Option<Place<'t>> {
        let node = bare(node);
        match node.kind() {
            Kind::UpdateExpression => {
                let mut base = self.place(node.child(Field::Argument)?)?;
                base.stepped = base.part == Part::Whole;
                base.stepped.then_some(base)
            }
            Kind::BinaryExpression if matches!(node.operator(), Some("+" | "-")) => {
                let (left, right) = (node.child(Field::Left)?, node.child(Field::Right)?);
                let mut base = self.pointer(left)?;
                let points = matches!(base.layers.first(), Some(Layer::Pointer { .. } | Layer::Array { .. }));
                base.operands.push(right);
                points.then_some(base)
            }
            Kind::CastExpression => {
                let mut base = self.pointer(node.child(Field::Value)?)?;
                base.layers.truncate(1);
                Some(base)
            }
            _ => self.place(node),
        }
    }

    fn variable(&self, node: Node<'t>) -> Option<Place<'t>> {
        let decl = self.scopes.resolve(node)?;
        let declaration = self.scopes.declaration(decl);
        if matches!(declaration.kind, DeclKind::Typedef | DeclKind::Enumerator | DeclKind::Function) {
            return None;
        }
        let ty = if declaration.kind == DeclKind::Parameter {
            declaration.ty.decayed()
        } else {
            declaration.ty.clone()
        };
        Some(Place {
            decl,
            node,
            part: Part::Whole,
            beyond: false,
            vague: false,
            layers: ty.layers().to_vec(),
            operands: Vec::new(),
            stepped: false,
        })
    }

    /// What `*base`, `base[i]` and `base->f` go to.
    fn through(&self, mut base: Place<'t>) -> Place<'t> {
        let first = if base.layers.is_empty() { None } else { Some(base.layers.remove(0)) };
        match (base.part, first) {
            (Part::Whole | Part::Element, Some(Layer::Array { .. })) => base.part = Part::Element,
            (Part::Whole, None) if self.may_hide_an_array(base.decl) => base.part = Part::Element,
            (Part::Whole, _) => base.part = Part::Pointee,
            (Part::Pointee, Some(Layer::Array { .. }) | None) => {}
            (Part::Field, None) => base.vague = true,
            _ => base.beyond = true,
        }
        base
    }

    fn may_hide_an_array(&self, decl: DeclId) -> bool {
        let declaration = self.scopes.declaration(decl);
        let base = declaration.ty.base();
        declaration.kind != DeclKind::Parameter && matches!(base, TypeBase::Named | TypeBase::Computed)
    }
}

fn into_field(mut base: Place<'_>) -> Place<'_> {
    if base.part == Part::Whole {
        base.part = Part::Field;
    }
    base.layers.clear();
    base
}

/// Without the parentheses around it.
fn bare(node: Node<'_>) -> Node<'_> {
    let mut node = node;
    while node.is(Kind::ParenthesizedExpression) {
        let mut inner = node.named_children();
        match (inner.next(), inner.next()) {
            (Some(one), None) if one.kind().is_expression() => node = one,
            _ => break,
        }
    }
    node
}

#[cfg(test)]
mod tests;
