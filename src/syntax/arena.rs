//! From tree-sitter's tree to the arena, telling the truth about macros.
//!
//! In: tree-sitter's trees of the overlay's text, piece by piece, and the overlay's marks. Out: nodes in document order over
//! the *original* text. Where the overlay spelled a macro as something else the node gets its true kind; where it made
//! one word of several tokens those are parsed by themselves and grafted in; what it blanked becomes a leaf in the
//! innermost node around it; what it assumed is dropped.

mod builder;
mod fill;
mod graft;
mod visit;

use super::grammar::{Effort, Numbers};
use super::kind::{Field, Kind};
use super::overlay::{Mark, MarkKind, Overlay};
use crate::source::Span;
use builder::Builder;

pub(super) use builder::Builder as Nodes;
pub(super) use fill::fill;

/// Add what stands in `piece`, of which `tree` is the grammar's, below the innermost open node.
pub(super) fn add(
    builder: &mut Builder,
    tree: &tree_sitter::Tree,
    overlay: &Overlay,
    source: &[u8],
    piece: Span,
    effort: &Effort,
) {
    let mut arena = Arena::new(builder, overlay, source, piece, effort);
    // What the overlay hides comes on top; long files take no more memory than they need.
    arena.builder.nodes.reserve(tree.root_node().descendant_count() + arena.leaves.len());
    let window = Window { base: -i64::from(piece.start), from: piece.start, to: piece.end };
    let is_error = arena.numbers.kind(tree.root_node()) == Kind::Error;
    if is_error {
        arena.builder.open(Kind::Error, None, piece);
    }
    arena.walk(tree.root_node(), window, Context::Root, None);
    arena.emit_leaves(u32::MAX);
    if is_error {
        arena.builder.close();
    }
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
    source: &'o [u8],
    numbers: &'static Numbers,
    effort: &'o Effort,
    builder: &'o mut Builder,
    /// Where the piece begins.
    start: u32,
    /// By byte of the piece: whether a mark begins there.
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
    fn new(
        builder: &'o mut Builder,
        overlay: &'o Overlay,
        source: &'o [u8],
        piece: Span,
        effort: &'o Effort,
    ) -> Self {
        let from = overlay.marks.partition_point(|mark| mark.span.start < piece.start);
        let to = overlay.marks.partition_point(|mark| mark.span.start < piece.end);
        let (leaves, others): (Vec<_>, Vec<_>) =
            overlay.marks[from..to].iter().partition(|m| is_leaf(m.kind));
        let mut arena = Self {
            overlay,
            source,
            numbers: Numbers::of_c(),
            effort,
            builder,
            start: piece.start,
            flags: vec![0; piece.len()],
            leaves,
            next_leaf: 0,
            grafting: Vec::new(),
        };
        for mark in others {
            let start = mark.span.start;
            match mark.kind {
                MarkKind::Assumed => arena.flag(&[start], ASSUMED),
                MarkKind::Respelled | MarkKind::LabelAddress | MarkKind::ClosingWord => {
                    arena.flag(&[start, start + 1], MARKED)
                }
                MarkKind::Declarer | MarkKind::FunctionDefinition => {
                    arena.flag(&[mark.item, start, start + 2], MARKED)
                }
                MarkKind::ComputedGoto | MarkKind::UnnamedBits | MarkKind::OldPointer => {
                    arena.flag(&[mark.item], MARKED)
                }
                _ => arena.flag(&[start], MARKED),
            }
        }
        arena
    }

    fn flag(&mut self, places: &[u32], flag: u8) {
        for at in places {
            if let Some(flags) = self.flags.get_mut((*at).wrapping_sub(self.start) as usize) {
                *flags |= flag;
            }
        }
    }

    fn flags(&self, at: u32) -> u8 {
        self.flags.get(at.wrapping_sub(self.start) as usize).copied().unwrap_or(0)
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
        if self.flags(end.wrapping_sub(1)) & ASSUMED != 0 {
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
