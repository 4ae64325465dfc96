//! Declarators: from a name out to the specifiers it belongs to.
//!
//! In: nodes of a declaration. Out: the name that a declarator declares, and the [`Layer`]s between the name and its
//! specifiers. What is not a declarator gives `None`.

use super::kind::{Field, Kind};
use super::tree::Node;
use crate::source::Span;

/// One step from the name towards the base.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// `*`, with the qualifiers and annotations written behind it.
    Pointer {
        /// For example `const`; empty when there are none.
        qualifiers: String,
    },
    /// `[size]`.
    Array {
        /// What stands between the brackets; empty for `[]`.
        size: String,
    },
    /// `(parameters)`.
    Function {
        /// With the parentheses.
        parameters: String,
    },
}

/// The name that a declarator (or an `init_declarator`, or a bare identifier) declares.
pub fn declared_name(declarator: Node<'_>) -> Option<Node<'_>> {
    let mut node = declarator;
    loop {
        match node.kind() {
            Kind::Identifier | Kind::FieldIdentifier | Kind::TypeIdentifier | Kind::PrimitiveType => {
                return Some(node);
            }
            _ => node = inner_declarator(node)?,
        }
    }
}

/// The declarator directly inside another.
pub(super) fn inner_declarator(node: Node<'_>) -> Option<Node<'_>> {
    use Kind::*;
    if matches!(node.kind(), ParenthesizedDeclarator | AbstractParenthesizedDeclarator | AttributedDeclarator)
    {
        return node.named_children().find(|c| is_declarator(c.kind()) || is_name(c.kind()));
    }
    let inner = node.child(Field::Declarator)?;
    (is_declarator(inner.kind()) || is_name(inner.kind())).then_some(inner)
}

fn is_name(kind: Kind) -> bool {
    matches!(kind, Kind::Identifier | Kind::FieldIdentifier | Kind::TypeIdentifier | Kind::PrimitiveType)
}

/// Whether it is a declarator that has another inside; names are not.
pub fn is_declarator(kind: Kind) -> bool {
    use Kind::*;
    matches!(
        kind,
        ArrayDeclarator
            | FunctionDeclarator
            | PointerDeclarator
            | ParenthesizedDeclarator
            | AttributedDeclarator
            | AbstractArrayDeclarator
            | AbstractFunctionDeclarator
            | AbstractPointerDeclarator
            | AbstractParenthesizedDeclarator
    )
}

/// From a name (or innermost declarator) out to the node with the specifiers; also the outermost declarator.
pub(super) fn climb(inner: Node<'_>) -> Option<(Vec<Layer>, Node<'_>, Node<'_>)> {
    let mut layers = Vec::new();
    let mut node = inner;
    loop {
        let parent = node.parent()?;
        let is_inner = inner_declarator(parent) == Some(node);
        match parent.kind() {
            kind if is_declarator(kind) && is_inner => layers.extend(layer_of(parent, Some(node))),
            Kind::InitDeclarator if node.role() == Some(Field::Declarator) => {}
            _ => break,
        }
        node = parent;
    }
    let holder = node.parent()?;
    let declares = match holder.kind() {
        Kind::Declaration
        | Kind::ParameterDeclaration
        | Kind::FieldDeclaration
        | Kind::TypeDefinition
        | Kind::TypeDescriptor
        | Kind::MacroDeclaration
        | Kind::FunctionDefinition => node.role() == Some(Field::Declarator),
        _ => false,
    };
    declares.then_some((layers, holder, node))
}

pub(super) fn layer_of(declarator: Node<'_>, inner: Option<Node<'_>>) -> Option<Layer> {
    use Kind::*;
    let span = declarator.span();
    let inner_start = inner.map_or(span.end, |n| n.span().start) as usize;
    match declarator.kind() {
        PointerDeclarator | AbstractPointerDeclarator => {
            let star = declarator.children().find(|c| c.is(Token) && c.text() == "*")?.span().end as usize;
            Some(Layer::Pointer { qualifiers: plain_text(declarator, Span::new(star, inner_start)) })
        }
        ArrayDeclarator | AbstractArrayDeclarator => {
            let open = declarator.children().find(|c| c.is(Token) && c.text() == "[")?.span().end as usize;
            Some(Layer::Array { size: plain_text(declarator, Span::new(open, span.end as usize - 1)) })
        }
        FunctionDeclarator | AbstractFunctionDeclarator => {
            let parameters = declarator.child(Field::Parameters)?;
            Some(Layer::Function { parameters: plain_text(parameters, parameters.span()) })
        }
        _ => None,
    }
}

/// The text of `span` with comments dropped and white space squeezed.
fn plain_text(around: Node<'_>, span: Span) -> String {
    text_without(around, span, argument_commas(around))
}

/// The commas that a macro's argument list has between a parameter's type and its name.
pub(super) fn argument_commas(around: Node<'_>) -> Vec<Span> {
    if !matches!(around.kind(), Kind::ParameterDeclaration | Kind::PointerDeclarator) {
        return Vec::new();
    }
    around.children().filter(|c| c.is(Kind::Token) && c.text() == ",").map(Node::span).collect()
}

pub(super) fn text_without(around: Node<'_>, span: Span, mut cuts: Vec<Span>) -> String {
    let comments = around.descendants().filter(|n| n.is(Kind::Comment)).map(Node::span);
    cuts.extend(comments.filter(|c| span.contains(*c)));
    cuts.sort();
    let source = around.tree().source();
    let mut out = String::new();
    let mut at = span.start;
    for cut in cuts {
        if cut.start >= at {
            out.push_str(source.slice(Span { start: at, end: cut.start }));
            out.push(' ');
            at = cut.end;
        }
    }
    out.push_str(source.slice(Span { start: at.min(span.end), end: span.end }));
    squeeze(&out)
}

/// White space runs become one blank; none at the ends.
pub(super) fn squeeze(text: &str) -> String {
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}
