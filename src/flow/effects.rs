//! What evaluating an expression or statement may do.
//!
//! In: a node and the [`Scopes`] of its function. Out: [`Effects`], and the worst of them as a [`EffectClass`]. A name
//! that the function does not declare is taken for memory that anybody may change; a call is taken for anything.

use super::access::{Access, How, Part, accesses};
use crate::syntax::{DeclId, Field, Kind, Node, Scopes};

/// How bad it is, from harmless to unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EffectClass {
    /// The value follows from constants and automatic variables; nothing changes.
    Pure,
    /// Reads memory or names of file scope; nothing changes.
    Reads,
    /// Changes variables of the function.
    WritesLocal,
    /// Changes what a pointer points to, statics, or names of file scope.
    WritesMemory,
    /// Calls something.
    Calls,
    /// Has a jump out of it, a label, or a `return`.
    Control,
    /// Has text that could not be read, or assembler.
    Opaque,
}

/// The effects one by one.
#[derive(Clone, Debug, Default)]
pub struct Effects<'t> {
    /// Variables of the function of which the value, or a part, is used; sorted.
    pub reads: Vec<DeclId>,
    /// Variables of the function that may get a new value, or a part of one; sorted.
    pub writes: Vec<DeclId>,
    /// Places outside of the frame that are read: pointees, statics, names of file scope.
    pub memory_reads: Vec<Node<'t>>,
    /// Places outside of the frame that are written.
    pub memory_writes: Vec<Node<'t>>,
    /// Calls, macro statements and macro iterators.
    pub calls: Vec<Node<'t>>,
    /// Jumps, labels and returns.
    pub control: Vec<Node<'t>>,
    /// Assembler and what could not be read.
    pub opaque: Vec<Node<'t>>,
}

impl<'t> Effects<'t> {
    /// The effects of a node and all below it.
    pub fn of(node: Node<'t>, scopes: &Scopes<'t>) -> Self {
        let mut out = Self::default();
        for access in accesses(node, scopes) {
            out.access(&access, scopes);
        }
        out.visit(node, scopes);
        for list in [&mut out.reads, &mut out.writes] {
            list.sort();
            list.dedup();
        }
        out
    }

    /// The worst of them.
    pub fn class(&self) -> EffectClass {
        let found = [
            (!self.opaque.is_empty(), EffectClass::Opaque),
            (!self.control.is_empty(), EffectClass::Control),
            (!self.calls.is_empty(), EffectClass::Calls),
            (!self.memory_writes.is_empty(), EffectClass::WritesMemory),
            (!self.writes.is_empty(), EffectClass::WritesLocal),
            (!self.memory_reads.is_empty(), EffectClass::Reads),
        ];
        found.into_iter().find(|(has, _)| *has).map_or(EffectClass::Pure, |(_, class)| class)
    }

    /// Whether code elsewhere may run, or memory be touched, so that a variable whose address is known may be read or
    /// changed here without its name.
    pub fn touches_memory(&self) -> bool {
        let lists = [&self.memory_reads, &self.memory_writes, &self.calls, &self.opaque];
        lists.iter().any(|l| !l.is_empty())
    }

    /// Whether such a variable may be changed here.
    pub fn changes_memory(&self) -> bool {
        [&self.memory_writes, &self.calls, &self.opaque].iter().any(|l| !l.is_empty())
    }

    fn access(&mut self, access: &Access<'t>, scopes: &Scopes<'t>) {
        let outside = access.part == Part::Pointee || !scopes.declaration(access.decl).is_automatic();
        let writes = matches!(access.how, How::Write | How::ReadWrite | How::Unknown);
        let reads = matches!(access.how, How::Read | How::ReadWrite | How::Unknown);
        if access.uses() {
            self.reads.push(access.decl);
        }
        if access.may_define() {
            self.writes.push(access.decl);
        }
        if outside && reads {
            self.memory_reads.push(access.place);
        }
        if outside && writes {
            self.memory_writes.push(access.place);
        }
    }

    fn visit(&mut self, node: Node<'t>, scopes: &Scopes<'t>) {
        use Kind::*;
        match node.kind() {
            SizeofExpression | AlignofExpression | OffsetofExpression | TypeDescriptor
            | MacroTypeSpecifier | FunctionDefinition | AttributeSpecifier | StructSpecifier
            | UnionSpecifier | EnumSpecifier => return,
            CallExpression => {
                self.calls.push(node);
                let function = node.child(Field::Function).filter(|f| !f.is(Identifier));
                function.into_iter().for_each(|f| self.visit(f, scopes));
                node.child(Field::Arguments).into_iter().for_each(|a| self.visit(a, scopes));
                return;
            }
            MacroStatement | MacroIterator => self.calls.push(node),
            BreakStatement | ContinueStatement | GotoStatement | ReturnStatement | LabeledStatement
            | CaseStatement => {
                self.control.push(node);
            }
            GnuAsmExpression => self.opaque.push(node),
            kind if kind.is_opaque() => self.opaque.push(node),
            AssignmentExpression | UpdateExpression => self.elsewhere(node, scopes),
            // The place itself is only pointed at; what leads to it is still evaluated.
            PointerExpression if node.operator() == Some("&") => {
                let place = node.child(Field::Argument).filter(|a| !a.is(Identifier));
                place.iter().flat_map(|p| p.children()).for_each(|c| self.visit(c, scopes));
                return;
            }
            PointerExpression if node.operator() == Some("*") && !self.known(node) => {
                self.memory_reads.push(node)
            }
            FieldExpression if node.operator() == Some("->") && !self.known(node) => {
                self.memory_reads.push(node)
            }
            Identifier if self.is_outside(node, scopes) => self.memory_reads.push(node),
            _ => {}
        }
        node.children().for_each(|c| self.visit(c, scopes));
    }

    /// An assignment to something that is not a variable of the function, or reached through one.
    fn elsewhere(&mut self, node: Node<'t>, scopes: &Scopes<'t>) {
        let target = node.child(Field::Left).or_else(|| node.child(Field::Argument));
        let Some(target) = target else { return };
        let changes =
            |a: &Access<'_>| a.how != How::Read && target.encloses(a.place) && covers(target, a.place);
        if !accesses(node, scopes).iter().any(changes) {
            self.memory_writes.push(target);
        }
    }

    fn known(&self, node: Node<'t>) -> bool {
        self.memory_reads.contains(&node) || self.memory_writes.contains(&node)
    }

    fn is_outside(&self, node: Node<'t>, scopes: &Scopes<'t>) -> bool {
        let is_name = !matches!(node.role(), Some(Field::Label | Field::Symbol | Field::Register));
        let declares = node
            .parent()
            .is_some_and(|p| !p.kind().is_expression() && node.role() == Some(Field::Declarator));
        is_name && !declares && scopes.resolve(node).is_none()
    }
}

/// Whether `place` is all of `target`, parentheses aside.
fn covers(target: Node<'_>, place: Node<'_>) -> bool {
    target.text().trim_matches(['(', ')']) == place.text().trim_matches(['(', ')'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use crate::syntax::parse;

    fn class(statement: &str) -> EffectClass {
        let text = format!(
            "int f(int a, int b, struct s *p, int *v, struct s x)\n{{\nstatic int n;\n{statement}\n}}\n"
        );
        let tree = parse(&SourceFile::new("t.c", text));
        let function = tree.root().child_of(Kind::FunctionDefinition).unwrap();
        let body = function.child(Field::Body).unwrap();
        let statement = body.named_children().last().unwrap();
        Effects::of(statement, &Scopes::of(function)).class()
    }

    #[test]
    fn classes() {
        use EffectClass::*;
        assert_eq!(class("a + b * 2;"), Pure);
        assert_eq!(class("sizeof(*p) + sizeof(g(a));"), Pure);
        assert_eq!(class("&p->f;"), Pure);
        assert_eq!(class("p->f + v[1];"), Reads);
        assert_eq!(class("LIMIT + a;"), Reads);
        assert_eq!(class("n + a;"), Reads);
        assert_eq!(class("a = b;"), WritesLocal);
        assert_eq!(class("int c = a;"), WritesLocal);
        assert_eq!(class("x.f = 1;"), WritesLocal);
        assert_eq!(class("p->f++;"), WritesMemory);
        assert_eq!(class("level = a;"), WritesMemory);
        assert_eq!(class("n = a;"), WritesMemory);
        assert_eq!(class("*(b ? v : 0) = 1;"), WritesMemory);
        assert_eq!(class("a = g(b);"), Calls);
        assert_eq!(class("if (a) return b;"), Control);
        assert_eq!(class("asm(\"\");"), Opaque);
    }

    #[test]
    fn lists_name_the_places() {
        let tree = parse(&SourceFile::new("t.c", "void f(int a, int *v) { v[a++] = g(level); }"));
        let function = tree.root().child_of(Kind::FunctionDefinition).unwrap();
        let effects = Effects::of(function.child(Field::Body).unwrap(), &Scopes::of(function));
        assert_eq!(effects.writes, [DeclId(0)]);
        assert_eq!(effects.reads, [DeclId(0), DeclId(1)]);
        let texts = |l: &[Node<'_>]| l.iter().map(|n| n.text().to_owned()).collect::<Vec<_>>();
        assert_eq!(texts(&effects.memory_writes), ["v[a++]"]);
        assert_eq!(texts(&effects.memory_reads), ["level"]);
        assert_eq!(texts(&effects.calls), ["g(level)"]);
    }
}
