//! Where names are declared, and the shapes of their types.
//!
//! In: a name, or a declaration. Out: the name in its declarator, and the shape of what it declares.

use super::shape::Shape;
use crate::syntax::{Field, Kind, Node};

/// Where a name is declared inside of the function around it.
pub fn local(c: Node<'_>) -> Option<Node<'_>> {
    let name = c.text();
    let mut at = c;
    while let Some(parent) = at.parent() {
        let found = match parent.kind() {
            Kind::FunctionDefinition => {
                let declarator = parent.child(Field::Declarator);
                let list =
                    declarator.into_iter().flat_map(Node::descendants).find(|n| n.is(Kind::ParameterList));
                return list.and_then(|l| l.named_children().find_map(|d| declares(d, name)));
            }
            Kind::ForStatement => parent.child(Field::Initializer).and_then(|d| declares(d, name)),
            Kind::CompoundStatement | Kind::CaseStatement => {
                let before = parent.named_children().take_while(|n| n.span().start <= at.span().start);
                before.filter(|n| n.is(Kind::Declaration)).filter_map(|d| declares(d, name)).last()
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
        at = parent;
    }
    None
}

fn declares<'t>(d: Node<'t>, name: &str) -> Option<Node<'t>> {
    declared_in(d).into_iter().find(|n| n.text() == name)
}

/// The names that a declaration declares.
pub(super) fn declared_in(d: Node<'_>) -> Vec<Node<'_>> {
    d.children_in(Field::Declarator).filter_map(name_in).collect()
}

fn name_in(declarator: Node<'_>) -> Option<Node<'_>> {
    let mut at = declarator;
    loop {
        if matches!(at.kind(), Kind::Identifier | Kind::FieldIdentifier) {
            return Some(at);
        }
        at = inner(at)?;
    }
}

fn inner(declarator: Node<'_>) -> Option<Node<'_>> {
    let bare = || declarator.named_children().find(|n| n.kind().name().ends_with("declarator"));
    declarator.child(Field::Declarator).or_else(bare)
}

/// The type of what a name in a declarator declares.
pub(super) fn shape_of(ident: Node<'_>) -> Option<Shape> {
    let (mut stars, mut arrays) = (0, 0);
    // From the name outwards: what a function of these parameters is made of, with the layers around it.
    let mut functions: Vec<(usize, usize, String)> = Vec::new();
    let mut at = ident;
    loop {
        let parent = at.parent()?;
        match parent.kind() {
            Kind::PointerDeclarator => stars += 1,
            Kind::ArrayDeclarator => arrays += 1,
            Kind::ParenthesizedDeclarator | Kind::InitDeclarator | Kind::AttributedDeclarator => {}
            Kind::FunctionDeclarator => {
                let parameters = parent.child(Field::Parameters)?.text().to_owned();
                functions.push((stars, arrays, parameters));
                (stars, arrays) = (0, 0);
            }
            _ => {
                let ty = parent.child(Field::Type)?;
                let base = match ty.child(Field::Body) {
                    Some(_) => {
                        let tag = ty.child(Field::Name)?.text();
                        let keyword = ty.children().next()?.text();
                        format!("{keyword} {tag}")
                    }
                    None => ty.text().to_string(),
                };
                let qualifiers = parent.children().filter(|n| n.is(Kind::TypeQualifier)).map(Node::text);
                let words: Vec<&str> = qualifiers.chain([base.as_str()]).collect();
                let bits = parent.child_of(Kind::BitfieldClause).and_then(|n| n.named_children().next());
                let bits = bits.map(|n| n.text().to_owned());
                let whole = Shape { arrays, bits, ..Shape::new(&words.join(" "), stars) };
                let around = |of: Shape, (stars, arrays, parameters): (usize, usize, String)| Shape {
                    stars,
                    arrays,
                    ..of.function(&parameters)
                };
                return Some(functions.into_iter().rev().fold(whole, around));
            }
        }
        at = parent;
    }
}

pub(super) fn is_local(n: Node<'_>) -> bool {
    n.ancestors().any(|a| a.is(Kind::FunctionDefinition))
}

/// The name that a declarator of a type definition defines.
pub(super) fn type_name_in(declarator: Node<'_>) -> Option<Node<'_>> {
    let mut at = declarator;
    while !matches!(at.kind(), Kind::TypeIdentifier | Kind::PrimitiveType | Kind::Identifier) {
        at = inner(at)?;
    }
    Some(at)
}
