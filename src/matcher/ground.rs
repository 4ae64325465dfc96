//! What searches of one file share: its functions with their paths, its rows of items, the bodies of its macros.
//!
//! In: a tree. Out: [`Ground`]. Paths and bodies of macros are made when they are first asked for, and once. It also knows
//! when to stop: a search that is late ends with what it has, and who asked for it has to look.

use super::attribute::attributes;
use super::graph::Graph;
use super::macros::Macros;
use crate::smpl::compile::Ways;
use crate::source::Span;
use crate::syntax::{Field, Kind, Node, Tree};
use std::cell::OnceCell;
use std::time::Instant;

/// A tree, and what searches have found out about it.
pub struct Ground<'t> {
    /// The tree.
    pub tree: &'t Tree,
    /// Its functions, in order; one that a macro heads is one too.
    pub functions: Vec<Function<'t>>,
    /// What stands next to each other outside of functions.
    pub rows: Vec<Vec<Node<'t>>>,
    /// The bodies of its macros.
    pub macros: Macros,
    /// When searches are to be given up, if ever.
    pub until: Option<Instant>,
    /// Which paths its functions have.
    ways: Ways,
}

/// A function.
pub struct Function<'t> {
    /// All of it.
    pub node: Node<'t>,
    /// Its bytes, and those of attributes that stand next to it.
    pub span: Span,
    body: Node<'t>,
    graph: OnceCell<Graph>,
}

impl<'t> Ground<'t> {
    /// Look at a tree.
    pub fn of(tree: &'t Tree) -> Self {
        Self::along(tree, Ways::default())
    }

    /// The same for the paths that are asked for.
    pub fn along(tree: &'t Tree, ways: Ways) -> Self {
        let (functions, rows, macros) = (Vec::new(), Vec::new(), Macros::default());
        let mut ground = Self { tree, functions, rows, macros, until: None, ways };
        let mut covered = 0;
        for node in tree.root().descendants() {
            let outside = node.span().start >= covered;
            match node.kind() {
                Kind::FunctionDefinition | Kind::MacroFunctionDefinition => {
                    if node.is(Kind::FunctionDefinition) {
                        covered = covered.max(node.span().end);
                    }
                    ground.functions.extend(Function::of(node));
                }
                Kind::TranslationUnit | Kind::PreprocIf | Kind::PreprocIfdef | Kind::PreprocElse
                    if outside =>
                {
                    ground.rows.push(node.named_children().collect());
                }
                Kind::PreprocDef | Kind::PreprocFunctionDef => ground.macros.add(node),
                _ => {}
            }
        }
        ground
    }

    /// The same with a time at which searches are given up.
    #[must_use]
    pub fn ending(self, until: Option<Instant>) -> Self {
        Self { until, ..self }
    }

    /// The paths of one of its functions.
    pub fn paths<'g>(&self, function: &'g Function<'_>) -> &'g Graph {
        function.graph(self.ways)
    }

    /// The body of a macro of the file, looked at in the same way.
    pub fn inside<'b>(&self, body: &'b Tree) -> Ground<'b> {
        Ground::along(body, self.ways).ending(self.until)
    }

    /// Whether searches are to be given up.
    pub fn is_late(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// The text of the file.
    pub fn text(&self) -> &'t [u8] {
        self.tree.source().text().as_bytes()
    }
}

impl<'t> Function<'t> {
    fn of(node: Node<'t>) -> Option<Self> {
        let body = node.child(Field::Body).or_else(|| node.child_of(Kind::CompoundStatement))?;
        let span = attributes(node).into_iter().fold(node.span(), |span, a| span.cover(a.span()));
        Some(Self { node, span, body, graph: OnceCell::new() })
    }

    /// Its paths; all who ask want the same.
    fn graph(&self, ways: Ways) -> &Graph {
        self.graph.get_or_init(|| Graph::of(self.node, self.body, ways))
    }
}
