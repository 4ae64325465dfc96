//! What lasts until the end of the block that the statements stand in.
//!
//! In: a scene. Out: the first thing among the statements that would end earlier in a function of their own, and that
//! somebody misses: a name that is used behind them, a variable that is cleaned up at the end of its block, a compound
//! literal whose address is kept. What ends with the statements, because the rule takes the braces out, is no obstacle.

use super::{Obstacle, Scene, fit};
use crate::syntax::scope::{DeclId, Declaration, Scopes};
use crate::syntax::types::WrittenType;
use crate::syntax::{Field, Kind, Node};

/// The thing that would end too early, and why that is one.
pub(super) fn cut_short<'t>(scene: &Scene<'_, 't>) -> Option<(Obstacle, Node<'t>, String)> {
    let all = || scene.statements.iter().flat_map(|s| s.descendants().chain([*s]));
    let capture = |node: Node<'t>, sentence: String| (Obstacle::Capture, node, sentence);
    if let Some((used, name)) = name_behind(scene) {
        let sentence = format!("`{name}` is used here, and its declaration would be in the new function");
        return Some((Obstacle::Behind, used, sentence));
    }
    if let Some(name) = declared_by_macro(scene) {
        let sentence = format!("a macro seems to declare `{}`, whose type is not known", name.text());
        return Some(capture(name, sentence));
    }
    let mut declared = scene.region.declared.iter().map(|id| scene.facts.scopes.declaration(*id));
    if let Some(cleaned) = declared.find(|d| is_cleaned_up(d, scene) && outlives(scene, d.ident)) {
        let sentence =
            format!("`{}` is cleaned up where its block ends, which would be earlier", cleaned.name);
        return Some(capture(cleaned.ident, sentence));
    }
    if let Some(call) = all().find(|n| may_declare(*n, scene) && outlives(scene, *n)) {
        let sentence = "this may be a macro that declares what lasts until the end of the block";
        return Some(capture(call, sentence.to_owned()));
    }
    let kept = |n: &Node<'t>| n.is(Kind::CompoundLiteralExpression) && outlives(scene, *n);
    let literal = all().filter(kept).find(|n| is_kept(*n, &scene.facts.scopes))?;
    let sentence = "the address of this literal is kept, and in the new function it would end too early";
    Some(capture(literal, sentence.to_owned()))
}

/// A use, behind the statements, of a name that they declare.
fn name_behind<'t>(scene: &Scene<'_, 't>) -> Option<(Node<'t>, &'t str)> {
    let scopes = &scene.facts.scopes;
    let gone = |n: Node<'_>| scene.asked.removed.iter().any(|s| s.contains(n.span()));
    let behind = |n: Node<'t>| !scene.region.encloses(n) && !gone(n);
    let used = |id: &DeclId| {
        Some((scopes.uses(*id).iter().copied().find(|u| behind(*u))?, scopes.declaration(*id).name))
    };
    if let Some(found) = scene.region.declared.iter().find_map(used) {
        return Some(found);
    }
    // Names that nothing resolves: tags, and what macros declare.
    let tags = scopes.tags().iter().filter(|t| scene.region.encloses(t.specifier)).map(|t| (t.name, t.block));
    let statements = scene.statements.iter().filter(|s| is_macro(**s, scene));
    let names = statements.flat_map(|s| s.descendants()).filter(|n| n.is(Kind::Identifier));
    let unknown =
        names.filter(|n| scopes.resolve(*n).is_none() && !fit::means_something(scene.file, n.text()));
    let by_macros = unknown.map(|n| (n.text(), scene.block));
    tags.chain(by_macros).find_map(|(name, block)| {
        let named =
            |n: &Node<'t>| matches!(n.kind(), Kind::Identifier | Kind::TypeIdentifier) && n.text() == name;
        let mut others = block.descendants().filter(|n| named(n) && scopes.resolve(*n).is_none());
        Some((others.find(|n| behind(*n))?, name))
    })
}

/// A name in the statements that a macro in front of them declares, as far as its arguments tell: nothing knows its type.
fn declared_by_macro<'t>(scene: &Scene<'_, 't>) -> Option<Node<'t>> {
    let scopes = &scene.facts.scopes;
    let all =
        scene.facts.function.descendants().filter(|n| is_macro(*n, scene) && !scene.region.encloses(*n));
    let arguments = all.flat_map(|n| n.descendants()).filter(|n| {
        let whole = n.parent().is_some_and(|p| p.is(Kind::ArgumentList));
        let constant = !n.text().contains(|c: char| c.is_ascii_lowercase());
        n.is(Kind::Identifier) && whole && !constant && scopes.resolve(*n).is_none()
    });
    let names: Vec<&str> =
        arguments.map(|n| n.text()).filter(|n| !fit::means_something(scene.file, n)).collect();
    let mut used = scene.identifiers().filter(|n| scopes.resolve(*n).is_none());
    used.find(|n| names.contains(&n.text()))
}

/// Whether a macro stands there that may declare something.
fn is_macro(statement: Node<'_>, scene: &Scene<'_, '_>) -> bool {
    let call = statement.child_of(Kind::CallExpression).filter(|_| statement.is(Kind::ExpressionStatement));
    let name =
        call.and_then(|c| c.child(Field::Function)).filter(|f| f.is(Kind::Identifier)).map(|f| f.text());
    let defined = |name: &str| scene.file.macros.iter().any(|m| m.name == name);
    matches!(statement.kind(), Kind::MacroDeclaration | Kind::MacroStatement)
        || name.is_some_and(|name| defined(name) || !name.contains(|c: char| c.is_ascii_lowercase()))
}

/// Whether something is done when a variable's block is left, as its declaration or the macros in it say.
fn is_cleaned_up(declared: &Declaration<'_>, scene: &Scene<'_, '_>) -> bool {
    let speaks_of_it = |n: Node<'_>| {
        let word = n.text().split('(').next().unwrap_or_default().trim();
        let mut bodies = scene.file.macros.iter().filter(|m| m.name == word).filter_map(|m| m.body);
        n.is(Kind::MacroAttribute) && bodies.any(|b| b.text().contains("cleanup"))
    };
    declared.has_cleanup() || declared.declaration.descendants().any(speaks_of_it)
}

/// Whether it is a call of what a call gives, by a name that the file does not know: `guard(kind)(&lock);`.
fn may_declare(node: Node<'_>, scene: &Scene<'_, '_>) -> bool {
    let outer = node.child_of(Kind::CallExpression).filter(|_| node.is(Kind::ExpressionStatement));
    let inner = outer.and_then(|call| call.child(Field::Function)).filter(|f| f.is(Kind::CallExpression));
    let name = inner.and_then(|call| call.child(Field::Function)).filter(|f| f.is(Kind::Identifier));
    name.is_some_and(|n| scene.facts.scopes.resolve(n).is_none() && scene.file.function(n.text()).is_none())
}

/// What of a literal comes to a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    /// A copy of it.
    Copy,
    /// Its address, or a copy of what holds it.
    Address,
    /// Something that was made of it: an address only where a pointer takes it.
    Derived,
}

/// Whether the block that something belongs to goes on behind the statements.
fn outlives(scene: &Scene<'_, '_>, node: Node<'_>) -> bool {
    let Some(block) = node.ancestors().find(|n| is_block(*n)) else { return true };
    // What the rule takes the braces of ends where the statements end.
    !scene.region.encloses(block) && !scene.loses_start(block)
}

/// Whether it is a block of its own: braces, or the statement under an `if` or a loop.
fn is_block(node: Node<'_>) -> bool {
    let under = |p: Node<'_>| p.kind().is_loop() || matches!(p.kind(), Kind::IfStatement | Kind::ElseClause);
    node.is(Kind::CompoundStatement) || node.kind().is_statement() && node.parent().is_some_and(under)
}

/// Whether an expression puts the address somewhere.
fn is_kept(literal: Node<'_>, scopes: &Scopes<'_>) -> bool {
    let ty = literal.child(Field::Type).and_then(WrittenType::of_type_name);
    let mut flow = if ty.is_some_and(|ty| ty.is_array()) { Flow::Address } else { Flow::Copy };
    let mut at = literal;
    while let Some(parent) = at.parent() {
        flow = match parent.kind() {
            Kind::ParenthesizedExpression | Kind::CastExpression | Kind::InitializerPair => flow,
            Kind::InitializerList | Kind::CompoundLiteralExpression => flow,
            Kind::PointerExpression if parent.operator() == Some("&") => Flow::Address,
            Kind::PointerExpression | Kind::SubscriptExpression | Kind::FieldExpression => Flow::Derived,
            Kind::BinaryExpression if matches!(parent.operator(), Some("+" | "-")) => flow,
            Kind::ConditionalExpression if at.role() != Some(Field::Condition) => flow,
            Kind::CommaExpression if at.role() == Some(Field::Right) => flow,
            Kind::ArgumentList if flow != Flow::Copy => flow,
            Kind::CallExpression => Flow::Derived,
            Kind::AssignmentExpression if at.role() == Some(Field::Right) => {
                return reaches(flow, parent.child(Field::Left), scopes);
            }
            Kind::InitDeclarator if at.role() == Some(Field::Value) => {
                return reaches(flow, parent.child(Field::Declarator), scopes);
            }
            _ => return false,
        };
        at = parent;
    }
    false
}

/// Whether the address may be in what is set.
fn reaches(flow: Flow, target: Option<Node<'_>>, scopes: &Scopes<'_>) -> bool {
    let name = target.and_then(|t| [t].into_iter().chain(t.descendants()).find(|n| n.is(Kind::Identifier)));
    let whole = target.is_some_and(|t| matches!(t.kind(), Kind::Identifier | Kind::PointerDeclarator));
    let known = name.filter(|_| whole).and_then(|n| scopes.resolve(n));
    match (flow, known.map(|id| &scopes.declaration(id).ty)) {
        (Flow::Copy, _) => false,
        (Flow::Address, _) => true,
        (Flow::Derived, ty) => ty.is_some_and(|ty| ty.is_pointer()),
    }
}
