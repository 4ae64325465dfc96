//! The type of an expression, as far as the file tells.
//!
//! In: an expression and the types a metavariable may have. Out: whether it may. A type that the file does not tell
//! fits nothing, as in Coccinelle.

use super::environment::{Binding, Environment};
use crate::smpl::pattern::Metavariables;
use crate::smpl::{MetaKind, TypeConstraint};
use crate::syntax::{Field, Kind, Node, Scopes};

/// The environment in which the type of `c` is one of `types`: a type metavariable among them is bound.
pub fn fits(
    types: &[TypeConstraint],
    c: Node<'_>,
    env: &Environment,
    metas: &Metavariables,
) -> Option<Environment> {
    let found = type_of(c, 0)?;
    types.iter().find_map(|t| fits_one(t, &found, env, metas))
}

fn fits_one(
    want: &TypeConstraint,
    found: &Shape,
    env: &Environment,
    metas: &Metavariables,
) -> Option<Environment> {
    if want.stars > found.stars {
        return None;
    }
    if want.base.is_empty() {
        return Some(env.clone());
    }
    if let Some(meta) = metas.get(&want.base).filter(|m| m.kind == MetaKind::Type) {
        let text = found.render(found.stars - want.stars);
        return match env.get(&want.base) {
            Some(bound) => (squeeze(&bound.text) == text).then(|| env.clone()),
            None => {
                let key: String = text.split(' ').map(|w| format!("{w}\u{1}")).collect();
                let binding =
                    Binding { key: key.replace("**", "*\u{1}*").into(), ..Binding::text(text.as_str()) };
                super::constraint::allowed(meta, &binding, env).then(|| env.with(&want.base, binding))
            }
        };
    }
    // The tag of an aggregate may be a metavariable too.
    if let Some((keyword, tag)) = want.base.split_once(' ')
        && metas.get(tag).is_some_and(|m| m.kind == MetaKind::Identifier)
        && want.stars == found.stars
    {
        let own = found.base.strip_prefix(keyword)?.trim();
        return match env.get(tag) {
            Some(bound) => (&*bound.text == own).then(|| env.clone()),
            None => {
                let binding = Binding::text(own);
                super::constraint::allowed(metas.get(tag)?, &binding, env).then(|| env.with(tag, binding))
            }
        };
    }
    let fits = want.stars == found.stars && {
        let base = squeeze(&want.base);
        base == found.base
            || matches!(base.as_str(), "struct" | "union" | "enum") && found.base.starts_with(&base)
    };
    fits.then(|| env.clone())
}

/// A type: its words and its layers of pointers and arrays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The words, without qualifiers.
    pub base: String,
    /// Pointers and arrays.
    pub stars: usize,
}

impl Shape {
    fn new(base: &str, stars: usize) -> Self {
        Self { base: squeeze(base), stars }
    }

    fn render(&self, stars: usize) -> String {
        squeeze(&format!("{} {}", self.base, "*".repeat(stars)))
    }
}

fn squeeze(text: &str) -> String {
    let text = text.replace('*', " * ");
    let words = text
        .split_whitespace()
        .filter(|w| !matches!(*w, "const" | "volatile" | "static" | "register" | "extern"));
    words.collect::<Vec<_>>().join(" ").replace("* *", "**")
}

/// The type of an expression.
pub fn type_of(c: Node<'_>, depth: usize) -> Option<Shape> {
    if depth > 12 {
        return None;
    }
    let down = |field: Field| c.child(field).and_then(|n| type_of(n, depth + 1));
    match c.kind() {
        Kind::Identifier => declared_type(c),
        Kind::ParenthesizedExpression => c.named_children().next().and_then(|n| type_of(n, depth + 1)),
        Kind::AssignmentExpression => down(Field::Left),
        Kind::ConditionalExpression => down(Field::Consequence).or_else(|| down(Field::Alternative)),
        Kind::UpdateExpression => down(Field::Argument),
        Kind::SubscriptExpression => down(Field::Argument).and_then(pointee),
        Kind::PointerExpression => match c.operator() {
            Some("*") => down(Field::Argument).and_then(pointee),
            _ => down(Field::Argument).map(|s| Shape { stars: s.stars + 1, ..s }),
        },
        Kind::CastExpression => {
            let ty = c.child(Field::Type)?;
            let stars = ty.text().matches('*').count();
            Some(Shape::new(&ty.text().replace('*', " "), stars))
        }
        Kind::BinaryExpression => {
            let arithmetic = matches!(c.operator(), Some("+" | "-"));
            match (down(Field::Left), down(Field::Right)) {
                (Some(l), _) if arithmetic && l.stars > 0 => Some(l),
                (_, Some(r)) if arithmetic && r.stars > 0 => Some(r),
                _ if !arithmetic
                    && matches!(c.operator(), Some("==" | "!=" | "<" | ">" | "<=" | ">=" | "&&" | "||")) =>
                {
                    Some(Shape::new("int", 0))
                }
                (Some(l), Some(_)) => Some(l),
                _ => None,
            }
        }
        Kind::NumberLiteral | Kind::CharLiteral => Some(Shape::new("int", 0)),
        Kind::StringLiteral | Kind::ConcatenatedString => Some(Shape::new("char", 1)),
        Kind::FieldExpression => {
            let of = down(Field::Argument)?;
            field_type(c, &of.base, c.child(Field::Field)?.text())
        }
        Kind::CallExpression => returned_type(c),
        _ => None,
    }
}

fn pointee(shape: Shape) -> Option<Shape> {
    Some(Shape { stars: shape.stars.checked_sub(1)?, ..shape })
}

fn declared_type(c: Node<'_>) -> Option<Shape> {
    let function = c.ancestors().find(|n| n.is(Kind::FunctionDefinition));
    if let Some(function) = function {
        let scopes = Scopes::of(function);
        if let Some(id) = scopes.resolve(c) {
            let declaration = scopes.declarations().iter().find(|d| d.id == id)?;
            return shape_of(declaration.ident);
        }
    }
    let name = c.text();
    let root = c.ancestors().last()?;
    let top = root.named_children().filter(|n| n.is(Kind::Declaration));
    let names = top.flat_map(|d| d.children_in(Field::Declarator)).filter_map(name_in);
    names.filter(|n| n.text() == name).find_map(shape_of)
}

fn name_in(declarator: Node<'_>) -> Option<Node<'_>> {
    let mut at = declarator;
    loop {
        if matches!(at.kind(), Kind::Identifier | Kind::FieldIdentifier) {
            return Some(at);
        }
        if at.is(Kind::FunctionDeclarator) {
            return None;
        }
        at = at
            .child(Field::Declarator)
            .or_else(|| at.named_children().find(|n| n.kind().name().ends_with("declarator")))?;
    }
}

/// The type of what a name in a declarator declares.
fn shape_of(ident: Node<'_>) -> Option<Shape> {
    let mut stars = 0;
    let mut at = ident;
    loop {
        let parent = at.parent()?;
        match parent.kind() {
            Kind::PointerDeclarator | Kind::ArrayDeclarator => stars += 1,
            Kind::ParenthesizedDeclarator | Kind::InitDeclarator | Kind::AttributedDeclarator => {}
            Kind::FunctionDeclarator => return None,
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
                return Some(Shape::new(&base, stars));
            }
        }
        at = parent;
    }
}

/// The type of a field of an aggregate that the file defines.
fn field_type(c: Node<'_>, base: &str, field: &str) -> Option<Shape> {
    let root = c.ancestors().last()?;
    let specifiers =
        root.descendants().filter(|n| matches!(n.kind(), Kind::StructSpecifier | Kind::UnionSpecifier));
    for specifier in specifiers {
        let (Some(body), Some(name)) = (specifier.child(Field::Body), specifier.child(Field::Name)) else {
            continue;
        };
        if base.strip_prefix("struct ").or(base.strip_prefix("union ")) != Some(name.text()) {
            continue;
        }
        let fields = body.descendants().filter(|n| n.is(Kind::FieldDeclaration));
        let names = fields.flat_map(|d| d.children_in(Field::Declarator)).filter_map(name_in);
        if let Some(found) = names.filter(|n| n.text() == field).find_map(shape_of) {
            return Some(found);
        }
    }
    None
}

/// What a function of this file returns.
fn returned_type(c: Node<'_>) -> Option<Shape> {
    let name = c.child(Field::Function).filter(|f| f.is(Kind::Identifier))?.text();
    let root = c.ancestors().last()?;
    for top in
        root.named_children().filter(|n| matches!(n.kind(), Kind::FunctionDefinition | Kind::Declaration))
    {
        let mut stars = 0;
        let mut at = top.child(Field::Declarator);
        while let Some(d) = at.filter(|d| d.is(Kind::PointerDeclarator)) {
            stars += 1;
            at = d.child(Field::Declarator);
        }
        let is_it = at.filter(|d| d.is(Kind::FunctionDeclarator)).and_then(|d| d.child(Field::Declarator));
        if is_it.is_some_and(|n| n.text() == name) {
            return Some(Shape::new(top.child(Field::Type)?.text(), stars));
        }
    }
    None
}
