//! From tree-sitter's tree to the arena, telling the truth about macros.
//!
//! In: tree-sitter's tree of the overlay's text, and the overlay's marks. Out: nodes in document order over the
//! *original* text. Where the overlay spelled a macro as something else the node gets its true kind; where it made
//! one word of several tokens those are parsed by themselves and grafted in; what it blanked becomes a leaf in the
//! innermost node around it; what it assumed is dropped.

mod builder;
mod fill;
mod graft;
mod visit;

use super::grammar::Numbers;
use super::kind::{Field, Kind};
use super::overlay::{Mark, MarkKind, Overlay};
use super::tree::NodeData;
use crate::source::Span;
use builder::Builder;

pub(super) use fill::fill;

/// The nodes of `tree`.
pub(super) fn build(tree: &tree_sitter::Tree, overlay: &Overlay) -> Vec<NodeData> {
    let mut arena = Arena::new(overlay);
    // What the overlay hides comes on top; long files take no more memory than they need.
    arena.builder.nodes.reserve(tree.root_node().descendant_count() + overlay.marks.len());
    let whole = Window { base: 0, from: 0, to: overlay.text.len() as u32 };
    // Not `walk` alone: what was blanked before the first token belongs to the root as well.
    let root = arena.numbers.kind(tree.root_node());
    arena.builder.open(root, None, Span::new(0, overlay.text.len()));
    arena.walk(tree.root_node(), whole, Context::Root, None);
    arena.emit_leaves(u32::MAX);
    arena.builder.close();
    arena.builder.nodes
}

/// How a tree's bytes map to the file's: a byte `b` of the tree is byte `b - base` of the file; only `from..to` of
/// the file counts.
#[derive(Clone, Copy, Debug)]
struct Window {
    base: i64,
    from: u32,
    to: u32,
}

/// What the parent of a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Context {
    Plain,
    /// The root itself; it was opened before.
    Root,
    /// Children of the address of a label.
    LabelAddress(Span),
    /// Children of a macro iterator.
    Iterator(Span),
    /// Children of its arguments.
    IteratorArguments,
    /// Children of a loop that stands for an iterator without arguments.
    EmptyIterator,
    /// Children of a function definition that a macro heads.
    FunctionHead(Span),
}

/// What to do with a node's children.
enum Visit {
    /// The node was opened; its children follow in that context.
    Open(Context),
    /// The node was opened and so many around it.
    Inside(usize, Context),
    /// The node itself is left out, its children follow.
    Through(Context),
    /// Nothing below it counts.
    Done,
}

/// The children of one node of the grammar's tree while they are walked.
struct Level {
    /// How many nodes were opened for the parent.
    opened: usize,
    /// That of the children.
    context: Context,
    /// The parent's.
    kind: Kind,
    /// How many were walked.
    children: usize,
}

/// How many children of a node are asked for their role. The answer takes the longer the more there are, and only lists
/// have many.
const ASKED: usize = 50_000;

impl Level {
    /// The role of the next child.
    fn field(&mut self, numbers: &Numbers, cursor: &tree_sitter::TreeCursor<'_>) -> Option<Field> {
        self.children += 1;
        let is_list = matches!(
            self.kind,
            Kind::TranslationUnit
                | Kind::CompoundStatement
                | Kind::InitializerList
                | Kind::ArgumentList
                | Kind::ParameterList
                | Kind::EnumeratorList
                | Kind::FieldDeclarationList
                | Kind::ConcatenatedString
                | Kind::Error
        );
        if is_list {
            return None;
        }
        let is_arm = || {
            matches!(
                numbers.kind(cursor.node()),
                Kind::PreprocElse | Kind::PreprocElif | Kind::PreprocElifdef
            )
        };
        (self.children <= ASKED || is_arm()).then(|| numbers.field(cursor)).flatten()
    }
}

/// How deep the nodes of a tree nest; what is below is opaque, so that no later stage has to recurse without bound.
pub(super) const DEEPEST: usize = 10_000;

/// Bits of [`Arena::flags`].
const MARKED: u8 = 1;
const ASSUMED: u8 = 2;

struct Arena<'o> {
    overlay: &'o Overlay,
    numbers: &'static Numbers,
    builder: Builder,
    /// By byte: whether a mark begins there.
    flags: Vec<u8>,
    /// Marks that become leaves, in order.
    leaves: Vec<&'o Mark>,
    next_leaf: usize,
    /// The marks whose own text is being emitted, outermost first.
    grafting: Vec<Span>,
}

fn is_leaf(kind: MarkKind) -> bool {
    use MarkKind::*;
    matches!(kind, Attribute | Directive | UnreadArm | DeadArm | TooDeep | Unreadable)
}

impl<'o> Arena<'o> {
    fn new(overlay: &'o Overlay) -> Self {
        let mut flags = vec![0u8; overlay.text.len() + 3];
        for mark in overlay.marks.iter().filter(|m| !is_leaf(m.kind)) {
            let start = mark.span.start as usize;
            match mark.kind {
                MarkKind::Assumed => flags[start] |= ASSUMED,
                MarkKind::Respelled | MarkKind::LabelAddress => {
                    flags[start] |= MARKED;
                    flags[start + 1] |= MARKED;
                }
                MarkKind::Declarer | MarkKind::FunctionDefinition => {
                    flags[mark.item as usize] |= MARKED;
                    flags[start] |= MARKED;
                    flags[start + 2] |= MARKED;
                }
                MarkKind::ComputedGoto | MarkKind::UnnamedBits | MarkKind::OldPointer => {
                    flags[mark.item as usize] |= MARKED
                }
                MarkKind::ClosingWord => {
                    flags[start] |= MARKED;
                    flags[start + 1] |= MARKED;
                }
                _ => flags[start] |= MARKED,
            }
        }
        let leaves = overlay.marks.iter().filter(|m| is_leaf(m.kind)).collect();
        Self {
            overlay,
            numbers: Numbers::of_c(),
            builder: Builder::default(),
            flags,
            leaves,
            next_leaf: 0,
            grafting: Vec::new(),
        }
    }

    /// The marks that begin at `at`.
    fn marks_at(&self, at: u32) -> impl Iterator<Item = &'o Mark> + use<'o> {
        let overlay: &'o Overlay = self.overlay;
        let from = overlay.marks.partition_point(|m| m.span.start < at);
        overlay.marks[from..].iter().take_while(move |m| m.span.start == at)
    }

    /// Emit `root` and everything below it.
    fn walk(&mut self, root: tree_sitter::Node<'_>, window: Window, context: Context, field: Option<Field>) {
        let mut cursor = root.walk();
        let mut levels: Vec<Level> = Vec::new();
        loop {
            let context = levels.last().map_or(context, |l| l.context);
            let field = levels.last_mut().map_or(field, |l| l.field(self.numbers, &cursor));
            let visit = match levels.len() < DEEPEST {
                true => self.visit(cursor.node(), field, context, window),
                false => self.too_deep(cursor.node(), field, window),
            };
            let (opened, inner) = match visit {
                Visit::Open(inner) => (1, Some(inner)),
                Visit::Inside(around, inner) => (around + 1, Some(inner)),
                Visit::Through(inner) => (0, Some(inner)),
                Visit::Done => (0, None),
            };
            let kind = self.numbers.kind(cursor.node());
            if let Some(context) = inner.filter(|_| cursor.goto_first_child()) {
                levels.push(Level { opened, context, kind, children: 0 });
                continue;
            }
            (0..opened).for_each(|_| self.close());
            loop {
                if levels.is_empty() {
                    return;
                }
                if cursor.goto_next_sibling() {
                    break;
                }
                cursor.goto_parent();
                let opened = levels.pop().map_or(0, |level| level.opened);
                (0..opened).for_each(|_| self.close());
            }
        }
    }

    fn too_deep(&mut self, node: tree_sitter::Node<'_>, field: Option<Field>, window: Window) -> Visit {
        let at =
            |byte: usize| (byte as i64 - window.base).clamp(window.from.into(), window.to.into()) as usize;
        let span = Span::new(at(node.start_byte()), at(node.end_byte()));
        if !span.is_empty() {
            self.leaf(Kind::OpaqueRegion, field, span);
        }
        Visit::Done
    }

    /// Close the innermost open node.
    fn close(&mut self) {
        let end = self.builder.top_span().map_or(0, |s| s.end);
        self.emit_leaves(end);
        if end > 0 && self.flags[end as usize - 1] & ASSUMED != 0 {
            self.builder.trim();
        }
        self.builder.close();
    }

    /// Emit what was blanked before `at` into the innermost open node.
    fn emit_leaves(&mut self, at: u32) {
        while let Some(mark) = self.leaves.get(self.next_leaf).filter(|m| m.span.start < at) {
            self.next_leaf += 1;
            self.blanked(mark);
        }
    }

    /// A node of its own; only what was blanked inside of it stands below.
    fn leaf(&mut self, kind: Kind, field: Option<Field>, span: Span) {
        self.emit_leaves(span.start);
        self.builder.open(kind, field, span);
        self.emit_leaves(span.end);
        self.builder.close();
    }
}
