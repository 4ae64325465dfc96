//! From a file to its tree: overlay, tree-sitter, arena.
//!
//! In: a [`SourceFile`]. Out: a [`Tree`]; it never fails. What the grammar cannot read becomes [`Kind::Error`] or
//! [`Kind::Missing`].

use super::kind::{Field, Kind};
use super::tree::{NodeData, NodeId, Tree};
use crate::source::{SourceFile, Span};
use std::cell::RefCell;

/// Read `source` as C that was never preprocessed.
pub fn parse(source: &SourceFile) -> Tree {
    let nodes = match parse_text(source.text()) {
        Some(tree) => arena(&tree),
        None => Vec::new(),
    };
    let nodes = if nodes.is_empty() { vec![whole_as_error(source)] } else { nodes };
    Tree { source: source.clone(), nodes }
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

thread_local! {
    static PARSER: RefCell<Option<tree_sitter::Parser>> = RefCell::new(new_parser());
}

fn new_parser() -> Option<tree_sitter::Parser> {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_c::LANGUAGE.into()).ok()?;
    Some(parser)
}

fn parse_text(text: &str) -> Option<tree_sitter::Tree> {
    PARSER.with_borrow_mut(|parser| parser.as_mut()?.parse(text, None))
}

fn arena(tree: &tree_sitter::Tree) -> Vec<NodeData> {
    let mut nodes: Vec<NodeData> = Vec::new();
    let mut cursor = tree.walk();
    // The last node seen on each level, to link siblings.
    let mut levels: Vec<NodeId> = Vec::new();
    let mut depth: usize = 0;
    loop {
        let id = NodeId(nodes.len() as u32);
        let parent = depth.checked_sub(1).map(|d| levels[d]);
        if levels.len() > depth {
            let before = levels[depth];
            nodes[before.0 as usize].next_sibling = Some(id);
            levels.truncate(depth);
        } else if let Some(parent) = parent {
            nodes[parent.0 as usize].first_child = Some(id);
        }
        levels.push(id);
        let node = cursor.node();
        nodes.push(NodeData {
            kind: kind_of(node),
            field: cursor.field_name().and_then(Field::from_name),
            span: Span::new(node.start_byte(), node.end_byte()),
            parent,
            first_child: None,
            next_sibling: None,
        });
        if cursor.goto_first_child() {
            depth += 1;
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return nodes;
            }
            depth -= 1;
            levels.truncate(depth + 1);
        }
    }
}

fn kind_of(node: tree_sitter::Node<'_>) -> Kind {
    if node.is_missing() {
        Kind::Missing
    } else if node.is_error() {
        Kind::Error
    } else if node.is_named() {
        Kind::from_name(node.kind()).unwrap_or(Kind::Error)
    } else {
        Kind::Token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
