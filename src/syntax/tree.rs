//! The tree of one file: an arena of nodes over the original text.
//!
//! In: nodes in document order from [`mod@super::parse`]. Out: [`Tree`] and the cursor-like [`Node`]. Trees are plain
//! data, can be sent between threads, and never change after the parse. Tokens and comments are nodes too.

use super::declarator::declared_name;
use super::kind::{Field, Kind};
use super::macros::Arguments;
use super::overlay::Mark;
use crate::source::{SourceFile, Span, squeezed};
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Index of a node in its tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// A node as it is kept. Files have millions of them, so nothing is kept that follows from their order: the first child
/// is the next node.
#[derive(Clone, Debug)]
pub(super) struct NodeData {
    pub(super) kind: Kind,
    pub(super) field: Option<Field>,
    pub(super) span: Span,
    pub(super) parent: Link,
    pub(super) next_sibling: Link,
}

/// The id of another node, or none, in the space of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link(u32);

impl Link {
    pub(super) const NONE: Self = Self(u32::MAX);

    pub(super) fn to(id: NodeId) -> Self {
        Self(id.0)
    }

    pub(super) fn id(self) -> Option<NodeId> {
        (self != Self::NONE).then_some(NodeId(self.0))
    }
}

/// The first child of node `id`.
pub(super) fn first_child(nodes: &[NodeData], id: NodeId) -> Option<NodeId> {
    let next = NodeId(id.0 + 1);
    nodes.get(next.0 as usize).filter(|node| node.parent == Link::to(id)).map(|_| next)
}

/// A parsed file.
#[derive(Clone, Debug)]
pub struct Tree {
    pub(super) source: SourceFile,
    /// In document order: a node's descendants follow it directly. Never empty; the first is the root.
    pub(super) nodes: Vec<NodeData>,
    /// What the overlay did, by place.
    pub(super) marks: Vec<Mark>,
    /// The bodies of functions by the overlay's count, braces included, in order.
    pub(super) bodies: Vec<Span>,
    /// What macros that are used here do with their arguments, of those that write some.
    pub(super) macros: BTreeMap<String, Arguments>,
    /// The headers that tell the types in it.
    pub(super) headers: Vec<Arc<Tree>>,
    /// Names that blocks inside of functions declare, once somebody asks.
    pub(super) inner: OnceLock<HashSet<String>>,
}

impl Tree {
    /// What the overlay took the source for, by place.
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// What `name`, used with arguments in this file, does with them; nothing if it is not known to be a macro that
    /// writes some.
    pub fn arguments(&self, name: &str) -> Option<Arguments> {
        self.macros.get(name).copied()
    }

    /// Whether a block inside of some function's body declares `name`, so that it may mean two things in that function.
    pub fn is_declared_in_a_block(&self, name: &str) -> bool {
        self.inner.get_or_init(|| names_of_blocks(self.root())).contains(name)
    }

    /// Let these headers tell the types that the file itself does not.
    pub fn with_headers(self, headers: Vec<Arc<Tree>>) -> Self {
        Self { headers, ..self }
    }

    /// The headers that tell the types in it; none unless they were given.
    pub fn headers(&self) -> &[Arc<Tree>] {
        &self.headers
    }

    /// The file it was read from.
    pub fn source(&self) -> &SourceFile {
        &self.source
    }

    /// The node that holds the whole file.
    pub fn root(&self) -> Node<'_> {
        Node { tree: self, id: NodeId(0) }
    }

    /// The node with that id.
    pub fn node(&self, id: NodeId) -> Node<'_> {
        Node { tree: self, id }
    }

    /// The smallest node that covers `span`.
    pub fn covering(&self, span: Span) -> Node<'_> {
        let mut node = self.root();
        while let Some(child) = node.children().find(|c| c.span().contains(span)) {
            node = child;
        }
        node
    }
}

/// A node of a tree; as cheap to copy as a pointer.
#[derive(Clone, Copy)]
pub struct Node<'t> {
    tree: &'t Tree,
    id: NodeId,
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.tree, other.tree) && self.id == other.id
    }
}

impl Eq for Node<'_> {}

impl std::hash::Hash for Node<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}..{} {:?}", self.kind().name(), self.span().start, self.span().end, self.text())
    }
}

impl<'t> Node<'t> {
    fn data(self) -> &'t NodeData {
        &self.tree.nodes[self.id.0 as usize]
    }

    /// Its index.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// The tree it belongs to.
    pub fn tree(self) -> &'t Tree {
        self.tree
    }

    /// What it is.
    pub fn kind(self) -> Kind {
        self.data().kind
    }

    /// Whether it is of that kind.
    pub fn is(self, kind: Kind) -> bool {
        self.kind() == kind
    }

    /// Its role in its parent.
    pub fn role(self) -> Option<Field> {
        self.data().field
    }

    /// The original bytes it covers.
    pub fn span(self) -> Span {
        self.data().span
    }

    /// The original text it covers.
    pub fn text(self) -> &'t str {
        self.tree.source.slice(self.span())
    }

    /// The text without white space, to compare spellings.
    pub fn squeezed(self) -> String {
        squeezed(self.text())
    }

    /// The node around it.
    pub fn parent(self) -> Option<Node<'t>> {
        self.data().parent.id().map(|id| self.tree.node(id))
    }

    /// The nodes around it, innermost first.
    pub fn ancestors(self) -> impl Iterator<Item = Node<'t>> {
        std::iter::successors(self.parent(), |n| n.parent())
    }

    /// All children in order: tokens and comments included.
    pub fn children(self) -> impl Iterator<Item = Node<'t>> {
        let tree = self.tree;
        let first = first_child(&tree.nodes, self.id).map(|id| tree.node(id));
        std::iter::successors(first, |n| n.next_sibling())
    }

    /// The children that mean something: neither tokens nor comments.
    pub fn named_children(self) -> impl Iterator<Item = Node<'t>> {
        self.children().filter(|c| !matches!(c.kind(), Kind::Token | Kind::Comment))
    }

    /// The first child in that role.
    pub fn child(self, field: Field) -> Option<Node<'t>> {
        self.children().find(|c| c.role() == Some(field))
    }

    /// All children in that role.
    pub fn children_in(self, field: Field) -> impl Iterator<Item = Node<'t>> {
        self.children().filter(move |c| c.role() == Some(field))
    }

    /// The first child of that kind.
    pub fn child_of(self, kind: Kind) -> Option<Node<'t>> {
        self.children().find(|c| c.is(kind))
    }

    /// Whether it has no child.
    pub fn is_leaf(self) -> bool {
        first_child(&self.tree.nodes, self.id).is_none()
    }

    /// The next child of the same parent.
    pub fn next_sibling(self) -> Option<Node<'t>> {
        self.data().next_sibling.id().map(|id| self.tree.node(id))
    }

    /// The child of the same parent before it.
    pub fn prev_sibling(self) -> Option<Node<'t>> {
        self.parent()?.children().take_while(|c| c.id != self.id).last()
    }

    /// It and everything below it, in document order.
    pub fn descendants(self) -> impl Iterator<Item = Node<'t>> {
        let tree = self.tree;
        (self.id.0..self.end_id()).map(move |id| tree.node(NodeId(id)))
    }

    /// One past the id of its last descendant.
    fn end_id(self) -> u32 {
        let mut node = self;
        loop {
            if let Some(next) = node.data().next_sibling.id() {
                return next.0;
            }
            match node.parent() {
                Some(parent) => node = parent,
                None => return self.tree.nodes.len() as u32,
            }
        }
    }

    /// Whether `other` is this node or stands below it.
    pub fn encloses(self, other: Node<'_>) -> bool {
        self.id.0 <= other.id.0 && other.id.0 < self.end_id()
    }

    /// Whether it or anything below it could not be read.
    pub fn has_opaque(self) -> bool {
        self.descendants().any(|n| n.kind().is_opaque())
    }

    /// The text of the operator of a unary, binary, assignment, update, pointer or field expression.
    pub fn operator(self) -> Option<&'t str> {
        self.child(Field::Operator).map(Node::text)
    }

    /// The tree as an s-expression of named nodes, for snapshots.
    pub fn to_sexp(self) -> String {
        let mut out = String::new();
        self.write_sexp(&mut out);
        out
    }

    fn write_sexp(self, out: &mut String) {
        if let Some(role) = self.role() {
            out.push_str(role.name());
            out.push_str(": ");
        }
        out.push('(');
        out.push_str(self.kind().name());
        for child in self.named_children() {
            out.push(' ');
            child.write_sexp(out);
        }
        out.push(')');
    }
}

/// The names that are declared in functions, but for those of the outermost blocks.
fn names_of_blocks(root: Node<'_>) -> HashSet<String> {
    let inside = |d: &Node<'_>| match d.parent() {
        Some(block) if block.is(Kind::CompoundStatement) => {
            block.parent().is_some_and(|owner| !owner.is(Kind::FunctionDefinition))
        }
        Some(around) => around.kind().is_statement(),
        None => false,
    };
    let declarations = root.descendants().filter(|n| n.is(Kind::Declaration)).filter(inside);
    let names = declarations.flat_map(|d| d.children_in(Field::Declarator).filter_map(declared_name));
    names.map(|name| name.text().to_owned()).collect()
}
