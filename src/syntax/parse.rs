//! From a file to its tree: lexer, overlay, tree-sitter, arena.
//!
//! In: a [`SourceFile`]. Out: a [`Tree`]; it never fails. What the grammar cannot read becomes [`Kind::Error`],
//! [`Kind::Missing`] or [`Kind::OpaqueRegion`].

use super::kind::Kind;
use super::macros::{Layers, MacroKnowledge, definitions_among};
use super::overlay::{Overlay, Why, overlay};
use super::recover::recover;
use super::tree::{NodeData, Tree};
use super::{arena, grammar, lexer};
use crate::source::{SourceFile, Span};

/// Read `source` as C that was never preprocessed, with the macros that the shipped macro file knows.
pub fn parse(source: &SourceFile) -> Tree {
    parse_with(source, shipped_macros())
}

/// What the shipped macro file says, read once.
pub fn shipped_macros() -> &'static MacroKnowledge {
    MacroKnowledge::shipped()
}

/// Read `source` as C that was never preprocessed; `known` are the macros of the tree and of macro files.
pub fn parse_with(source: &SourceFile, known: &MacroKnowledge) -> Tree {
    let text = source.text().as_bytes();
    let tokens = lexer::lex(text);
    let mut tree = finish(source, respell_tokens(text, &tokens, known));
    tree.nodes = arena::fill(tree.nodes, &tokens);
    tree
}

/// The tree of what the overlay shows of `source`.
pub(super) fn finish(source: &SourceFile, mut overlay: Overlay) -> Tree {
    let parsed = grammar::parse(&overlay.text);
    let parsed = parsed.map(|tree| recover(&mut overlay, source.text().as_bytes(), tree));
    let nodes = parsed.map(|tree| arena::build(&tree, &overlay)).unwrap_or_default();
    let nodes = if nodes.is_empty() { vec![whole_as_error(source)] } else { nodes };
    Tree { source: source.clone(), nodes, marks: overlay.marks, bodies: overlay.bodies }
}

/// Read a stretch of `source` as if it stood between the two texts: its nodes have the offsets of `source`.
pub fn parse_between(source: &SourceFile, (before, stretch, after): (&str, Span, &str)) -> Tree {
    let text = [before, source.slice(stretch), after].concat();
    let mut tree = parse(&SourceFile::new(source.path(), text));
    let moved = |at: u32| (at + stretch.start).saturating_sub(before.len() as u32);
    for node in &mut tree.nodes {
        node.span = Span { start: moved(node.span.start), end: moved(node.span.end) };
    }
    Tree { source: source.clone(), marks: Vec::new(), bodies: Vec::new(), ..tree }
}

/// Lexer and overlay alone: what the grammar reads.
pub fn respelled(source: &SourceFile) -> Overlay {
    respell(source.text().as_bytes(), shipped_macros())
}

/// How many nodes the grammar alone makes of an overlay: the cost of reading without ours, for measurements.
pub fn grammar_nodes(overlay: &Overlay) -> usize {
    grammar::parse(&overlay.text).map_or(0, |tree| tree.root_node().descendant_count())
}

/// The text that the grammar reads for `text`.
pub(super) fn respell(text: &[u8], known: &MacroKnowledge) -> Overlay {
    respell_tokens(text, &lexer::lex(text), known)
}

fn respell_tokens(text: &[u8], tokens: &[lexer::Token], known: &MacroKnowledge) -> Overlay {
    let mut local = MacroKnowledge::empty();
    for definition in definitions_among(text, tokens) {
        local.add(&definition, Why::Definition);
    }
    overlay(text, tokens, Layers { local: &local, files: known })
}

fn whole_as_error(source: &SourceFile) -> NodeData {
    NodeData {
        kind: Kind::Error,
        field: None,
        span: Span::new(0, source.text().len()),
        parent: None,
        first_child: None,
        next_sibling: None,
    }
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::kind::Field;

    fn tree(text: &str) -> Tree {
        parse(&SourceFile::new("t.c", text))
    }

    #[test]
    fn nodes_know_their_neighbours() {
        let tree = tree("int f(int a)\n{\n\treturn a + 1; /* why */\n}\n");
        let body = tree.root().descendants().find(|n| n.is(Kind::CompoundStatement)).unwrap();
        let kinds: Vec<_> = body.named_children().map(|n| n.kind()).collect();
        assert_eq!(kinds, [Kind::ReturnStatement]);
        let ret = body.child_of(Kind::ReturnStatement).unwrap();
        assert_eq!(ret.text(), "return a + 1;");
        let sum = ret.named_children().next().unwrap();
        assert_eq!(sum.operator(), Some("+"));
        assert_eq!(sum.child(Field::Left).unwrap().text(), "a");
        assert_eq!(body.prev_sibling().unwrap().kind(), Kind::FunctionDeclarator);
        assert!(body.encloses(sum));
        assert!(!sum.encloses(body));
    }

    #[test]
    fn empty_text_has_a_root() {
        assert_eq!(tree("").root().kind(), Kind::TranslationUnit);
    }
}
