//! Is anything of a file lost on the way into the tree?
//!
//! In: a file's tokens, overlay and tree. Out: breaches: an overlay of another length or with other lines, tokens that
//! do not follow each other from the first byte to the last, nodes outside their parents or out of order, code that no
//! leaf of the tree holds. It does not judge whether the tree is right.

use vedalia::source::Span;
use vedalia::syntax::lexer::{Token, TokenKind};
use vedalia::syntax::overlay::Overlay;
use vedalia::syntax::{Kind, Node, Tree};

/// What is wrong with a file; one entry per kind of breach.
pub(crate) fn breaches(tree: &Tree, tokens: &[Token], overlay: &Overlay) -> Vec<String> {
    let source = tree.source();
    let length = source.bytes().len();
    let told = |what: String| format!("{}: {what}", source.path());
    let mut found = Vec::new();
    if source.text().len() != length {
        found.push(told(format!("the text has {} bytes, the file {length}", source.text().len())));
    }
    if overlay.text.len() != length {
        found.push(told(format!("the overlay has {} bytes, the file {length}", overlay.text.len())));
    }
    let moved = overlay.text.iter().zip(source.bytes()).position(|(a, b)| (*a == b'\n') && (*b != b'\n'));
    if let Some(at) = moved {
        found.push(told(format!("the overlay has a newline at byte {at} that the file has not")));
    }
    let mut at = 0;
    for token in tokens {
        if token.start != at || token.end <= token.start {
            found.push(told(format!("no token begins at byte {at}")));
            break;
        }
        at = token.end;
    }
    if at as usize != length && found.is_empty() {
        found.push(told(format!("the tokens end at byte {at} of {length}")));
    }
    if tree.root().span().end as usize > length {
        found.push(told("the root ends behind the file".to_owned()));
    }
    found.extend(tree.root().descendants().find_map(out_of_place).map(told));
    found.extend(first_lost(tree, tokens).map(told));
    found
}

/// The first code that is in no leaf of the tree; of a directive only its beginning is looked for.
fn first_lost(tree: &Tree, tokens: &[Token]) -> Option<String> {
    // A word that the overlay made of several tokens holds the directives among them.
    let hidden = |node: Node<'_>| {
        matches!(node.kind(), Kind::PreprocDirective | Kind::UnreadArm | Kind::MacroAttribute)
    };
    let is_leaf = |node: &Node<'_>| node.children().all(hidden);
    let mut leaves = tree.root().descendants().filter(is_leaf).map(Node::span).peekable();
    for token in tokens.iter().filter(|token| token.kind != TokenKind::Space) {
        let mut at = token.start;
        let end = if matches!(token.kind, TokenKind::Directive(_)) { at + 1 } else { token.end };
        while at < end {
            while leaves.next_if(|leaf| leaf.end <= at).is_some() {}
            let Some(leaf) = leaves.peek().filter(|leaf| leaf.start <= at) else {
                let span = Span { start: at, end: token.end };
                let place = tree.source().line_column(span);
                return Some(format!("{place}: `{}` is in no leaf", tree.source().slice(span)));
            };
            at = leaf.end;
        }
    }
    None
}

/// How the children of a node are out of place.
fn out_of_place(node: Node<'_>) -> Option<String> {
    let mut end = node.span().start;
    for child in node.children() {
        let place = node.tree().source().line_column(child.span());
        if !node.span().contains(child.span()) {
            return Some(format!(
                "{place}: a {} lies outside its {}",
                child.kind().name(),
                node.kind().name()
            ));
        }
        if child.span().start < end {
            return Some(format!("{place}: a {} overlaps what stands before it", child.kind().name()));
        }
        end = child.span().end;
    }
    None
}
