//! One spelling for equal code: white space and comments never matter.
//!
//! In: a node. Out: a string that is the same for two nodes exactly if their code is. It refuses nothing.

use crate::syntax::{Kind, Node};

/// The canonical spelling of `node`.
pub fn canonical(node: Node<'_>) -> String {
    let mut out = String::new();
    write(node, &mut out);
    out
}

/// The canonical spelling of a row of nodes.
pub fn canonical_row<'t>(nodes: impl IntoIterator<Item = Node<'t>>) -> String {
    let mut out = String::new();
    for node in nodes {
        write(node, &mut out);
        out.push(',');
    }
    out
}

/// What stands between a name and where that is declared.
const DECLARED: char = '\u{4}';

/// A spelling of `nodes` in which names that mean several things are told apart by their declarations.
pub fn told_apart(mut out: String, nodes: &[Node<'_>]) -> String {
    for name in nodes.iter().flat_map(|node| names(*node)) {
        let at = super::typing::local(name).map_or(0, |declared| declared.span().start);
        out.push_str(&format!("{DECLARED}{at}"));
    }
    out
}

/// A spelling without what tells names apart.
pub fn alike(key: &str) -> &str {
    key.split(DECLARED).next().unwrap_or(key)
}

/// The names in an expression that may mean several things in the function around it.
fn names(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let all = std::iter::once(node).chain(node.descendants()).filter(|n| n.is(Kind::Identifier));
    all.filter(|n| n.tree().is_declared_in_a_block(n.text()))
}

fn write(node: Node<'_>, out: &mut String) {
    match node.kind() {
        Kind::Comment => {}
        Kind::NumberLiteral => {
            out.push_str(&number(node.text()));
            out.push('\u{1}');
        }
        // `long unsigned` is `unsigned long int`.
        Kind::SizedTypeSpecifier if is_arithmetic(node) => out.push_str(&super::sized::key(node.text())),
        kind if groups(kind) => {
            out.push('\u{2}');
            children(node, out);
            out.push('\u{3}');
        }
        _ => children(node, out),
    }
}

fn children(node: Node<'_>, out: &mut String) {
    if node.is_leaf() {
        out.push_str(node.text());
        out.push('\u{1}');
        return;
    }
    // Children that the tree does not show (the text of a string) are in the node's own text.
    if matches!(node.kind(), Kind::StringLiteral | Kind::CharLiteral) {
        out.push_str(node.text());
        out.push('\u{1}');
        return;
    }
    for child in node.children() {
        write(child, out);
    }
}

/// Whether a type is one of words, and no name.
fn is_arithmetic(node: Node<'_>) -> bool {
    node.descendants().all(|n| !matches!(n.kind(), Kind::TypeIdentifier | Kind::Comment))
}

/// Whether parentheses around operands of this kind may have been needed.
fn groups(kind: Kind) -> bool {
    use Kind::*;
    matches!(
        kind,
        AssignmentExpression
            | BinaryExpression
            | CastExpression
            | CommaExpression
            | ConditionalExpression
            | PointerExpression
            | UnaryExpression
            | UpdateExpression
    )
}

/// A number by its value: `0x10` is `16`, suffixes stay.
pub fn number(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let digits_end = if lower.starts_with("0x") {
        lower.find(['u', 'l']).unwrap_or(lower.len())
    } else {
        lower.find(|c: char| !c.is_ascii_digit()).unwrap_or(lower.len())
    };
    let (digits, suffix) = lower.split_at(digits_end);
    if suffix.contains(['.', 'e', 'p', 'f']) {
        return lower;
    }
    let value = match digits.strip_prefix("0x") {
        Some(hex) => u128::from_str_radix(hex, 16),
        // Coccinelle does not look into octal numbers, which are hardly written by mistake.
        None if digits.len() > 1 && digits.starts_with('0') => return lower,
        None => digits.parse(),
    };
    value.map_or(lower.clone(), |v| format!("{v}{suffix}"))
}

/// The canonical spelling of a single token.
pub fn token(text: &str) -> String {
    let plain = if text.starts_with(|c: char| c.is_ascii_digit()) { number(text) } else { text.to_string() };
    plain + "\u{1}"
}
