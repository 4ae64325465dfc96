//! The type of an expression, as far as the file and the headers that its tree comes with tell.
//!
//! In: an expression and the types a metavariable may have. Out: whether it may. A type that they do not tell fits
//! nothing, as in Coccinelle.

mod declared;
mod known;
mod shape;

pub use declared::local;
pub use known::lend;
pub(super) use shape::arithmetic;

use super::binding::Binding;
use super::canonical;
use super::environment::Environment;
use crate::smpl::pattern::Metavariables;
use crate::smpl::{MetaKind, TypeConstraint};
use crate::syntax::{Field, Kind, Node};
use declared::shape_of;
use known::Known;
use shape::{Shape, common, literal, squeeze};

/// The environment in which the type of `c` is one of `types`: a type metavariable among them is bound.
pub fn fits(
    types: &[TypeConstraint],
    c: Node<'_>,
    env: &Environment,
    metas: &Metavariables,
) -> Option<Environment> {
    let found = type_of(c, 0)?;
    let known = Known::around(c);
    let resolve = |shape: &Shape| known.resolved(shape);
    let plain = resolve(&found);
    let one = |t: &TypeConstraint| {
        let spelled = fits_one(t, &found, env, metas);
        // Other names of one type are that type.
        let same = || {
            if metas.contains_key(&t.base) {
                let Some(bound) = env.get(&t.base) else {
                    let pointer = known.pointer(&found, t.stars + t.arrays)?;
                    return fits_one(t, &pointer, env, metas);
                };
                let stars = bound.text.matches('*').count();
                let bound = resolve(&Shape::new(&bound.text.replace('*', " "), stars));
                let layers = bound.layers() + t.stars + t.arrays;
                let equal = bound.base == plain.base && layers == plain.layers() && t.arrays <= plain.arrays;
                return equal.then(|| env.clone());
            }
            let want = resolve(&Shape { arrays: t.arrays, ..Shape::new(&t.base, t.stars) });
            let Shape { base, stars, arrays, .. } = want;
            fits_one(&TypeConstraint { base, stars, arrays, ..t.clone() }, &plain, env, metas)
        };
        spelled.or_else(same)
    };
    types.iter().find_map(one)
}

fn fits_one(
    want: &TypeConstraint,
    found: &Shape,
    env: &Environment,
    metas: &Metavariables,
) -> Option<Environment> {
    let has = |word: &String| found.qualifiers.split(' ').any(|own| own == word);
    if want.stars > found.stars || want.arrays > found.arrays || !want.qualifiers.iter().all(has) {
        return None;
    }
    let env = &of_width(want, found, env)?;
    if want.base.is_empty() {
        return (want.arrays == found.arrays).then(|| env.clone());
    }
    if let Some(meta) = metas.get(&want.base).filter(|m| m.kind == MetaKind::Type) {
        if want.stars > 0 && want.arrays < found.arrays {
            return None;
        }
        let layers = found.layers() - want.stars - want.arrays;
        let text = if !want.qualifiers.is_empty() { found.render(layers) } else { found.qualified(layers) };
        return match env.get(&want.base) {
            Some(bound) => (squeeze(&bound.text) == found.render(layers)).then(|| env.clone()),
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
        && (want.stars, want.arrays) == (found.stars, found.arrays)
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
    let fits = (want.stars, want.arrays) == (found.stars, found.arrays) && {
        let base = Shape::new(&want.base, 0).base;
        base == found.base
            || matches!(base.as_str(), "struct" | "union" | "enum") && found.base.starts_with(&base)
    };
    fits.then(|| env.clone())
}

/// The environment in which a bit field has the width that is asked for.
fn of_width(want: &TypeConstraint, found: &Shape, env: &Environment) -> Option<Environment> {
    let Some(bits) = &want.bits else { return Some(env.clone()) };
    let own = found.bits.as_deref()?;
    if bits.starts_with(|c: char| c.is_ascii_digit()) {
        return (canonical::number(bits) == canonical::number(own)).then(|| env.clone());
    }
    match env.get(bits) {
        Some(bound) => (&*bound.text == own).then(|| env.clone()),
        None => Some(env.with(bits, Binding::text(own))),
    }
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
            _ if c.child(Field::Argument).is_some_and(is_function_name) => down(Field::Argument),
            _ => down(Field::Argument).map(|s| Shape { stars: s.layers() + 1, arrays: 0, bits: None, ..s }),
        },
        Kind::CastExpression => {
            let ty = c.child(Field::Type)?;
            let stars = ty.text().matches('*').count();
            Some(Shape::new(&ty.text().replace('*', " "), stars))
        }
        Kind::BinaryExpression => {
            let arithmetic = matches!(c.operator(), Some("+" | "-"));
            match (down(Field::Left), down(Field::Right)) {
                (Some(l), Some(r)) if arithmetic && l.layers() > 0 && r.layers() > 0 => {
                    Some(Shape::new("int", 0))
                }
                (Some(l), _) if arithmetic && l.layers() > 0 => Some(l),
                (_, Some(r)) if arithmetic && r.layers() > 0 => Some(r),
                _ if !arithmetic
                    && matches!(c.operator(), Some("==" | "!=" | "<" | ">" | "<=" | ">=" | "&&" | "||")) =>
                {
                    Some(Shape::new("int", 0))
                }
                (Some(l), Some(_)) if matches!(c.operator(), Some("<<" | ">>")) => Some(l),
                (Some(l), Some(r)) => Some(common(&l, &r)),
                _ => None,
            }
        }
        Kind::NumberLiteral => Some(literal(c.text())),
        Kind::SizeofExpression => Some(Shape::new("size_t", 0)),
        Kind::CharLiteral => Some(Shape::new("char", 0)),
        Kind::UnaryExpression if c.operator() == Some("!") => Some(Shape::new("int", 0)),
        Kind::UnaryExpression => down(Field::Argument),
        Kind::StringLiteral | Kind::ConcatenatedString => Some(Shape { arrays: 1, ..Shape::new("char", 0) }),
        Kind::FieldExpression => {
            let of = down(Field::Argument)?;
            field_type(c, &of.base, c.child(Field::Field)?.text())
        }
        Kind::CallExpression => returned_type(c, depth),
        _ => None,
    }
}

/// The type of an expression with names of types spelled out.
pub fn plain_type(c: Node<'_>) -> Option<Shape> {
    type_of(c, 0).map(|shape| Known::around(c).resolved(&shape))
}

/// Whether a name is a parameter of the macro in whose body it stands.
pub fn is_parameter_of_macro(name: Node<'_>) -> bool {
    Known::around(name).is_parameter(name)
}

fn pointee(shape: Shape) -> Option<Shape> {
    match shape.arrays.checked_sub(1) {
        Some(arrays) => Some(Shape { arrays, ..shape }),
        None => Some(Shape { stars: shape.stars.checked_sub(1)?, ..shape }),
    }
}

fn declared_type(c: Node<'_>) -> Option<Shape> {
    written_type(c).map(Shape::decayed)
}

/// Whether it is a function, and no pointer to one.
fn is_function_name(c: Node<'_>) -> bool {
    let shape = written_type(c).filter(|_| c.is(Kind::Identifier));
    shape.is_some_and(|shape| shape.returns.is_some() && shape.layers() == 0)
}

fn written_type(c: Node<'_>) -> Option<Shape> {
    match local(c) {
        Some(ident) => shape_of(ident),
        None => Known::around(c).ask(|types| types.globals.get(c.text()).cloned()),
    }
}

/// The type of a field of an aggregate.
fn field_type(c: Node<'_>, base: &str, field: &str) -> Option<Shape> {
    let known = Known::around(c);
    let of = |name: &str| known.ask(|types| types.fields.get(name)?.get(field).cloned());
    of(base).or_else(|| of(&known.resolved(&Shape::new(base, 0)).base))
}

/// What a function returns.
fn returned_type(c: Node<'_>, depth: usize) -> Option<Shape> {
    let function = c.child(Field::Function)?;
    let named = || Known::around(c).ask(|types| types.functions.get(function.text()).cloned());
    match function.kind() {
        Kind::Identifier if local(function).is_none() => named(),
        _ => type_of(function, depth + 1)?.returns.map(|shape| *shape),
    }
}
