//! A copy that moves along with what it was copied from.
//!
//! In: a function that counts what it does and walks a copy of a parameter, and its caller, which adds the
//! count to the variable that it gave. Out: [`Lockstep`]: the copy and the addition, which are one variable
//! moved in place. It refuses copies and counts that are moved more than once per turn of one loop, or in
//! different loops.

use super::tails::Straightened;
use crate::flow::access::accesses;
use crate::syntax::scope::{DeclId, DeclKind, Scopes};
use crate::syntax::{Field, Kind, Node};

/// A copy that goes up by as much as is returned, and is added to the original behind the call.
pub(super) struct Lockstep<'t> {
    /// The copy.
    pub(super) copy: DeclId,
    /// Its declaration, which declares nothing else.
    pub(super) declaration: Node<'t>,
    /// The parameter that it copies.
    pub(super) parameter: DeclId,
}

/// The copy in a function that moves with what it returns.
pub(super) fn lockstep<'t>(
    scopes: &Scopes<'t>,
    body: &Straightened<'t>,
    returned: Node<'t>,
) -> Option<Lockstep<'t>> {
    let count = scopes.resolve(returned)?;
    let starts = |id: DeclId| scopes.declaration(id).initializer;
    let counted = moved_once(scopes, body, count)?;
    starts(count).filter(|n| n.text() == "0")?;
    scopes.declarations().iter().find_map(|declaration| {
        let parameter = scopes.resolve(declaration.initializer?)?;
        let copies = scopes.declaration(parameter).kind == DeclKind::Parameter
            && scopes.uses(parameter).len() == 1
            && moved_once(scopes, body, declaration.id) == Some(counted);
        let alone =
            scopes.declarations().iter().filter(|d| d.declaration == declaration.declaration).count() == 1;
        let declared = declaration.declaration;
        (copies && alone).then_some(Lockstep { copy: declaration.id, declaration: declared, parameter })
    })
}

/// The loop in each turn of which a variable goes up by one, and never else on the way to the body's own end.
fn moved_once<'t>(scopes: &Scopes<'t>, body: &Straightened<'t>, id: DeclId) -> Option<Node<'t>> {
    let all = body.main.iter().flat_map(|n| accesses(*n, scopes)).filter(|a| a.decl == id);
    let mut writes = all.filter(|a| a.may_define() || a.takes_address());
    let declared = scopes.declaration(id).ident;
    let step = writes.by_ref().find(|a| a.node != declared)?;
    let update = step.node.parent().filter(|p| p.is(Kind::UpdateExpression) && p.operator() == Some("++"))?;
    let once = writes.all(|a| a.node == declared || a.node == step.node);
    let statement = update.ancestors().find(|a| a.kind().is_statement())?;
    let looping = statement.ancestors().find(|a| a.kind().is_loop())?;
    let listed = statement.parent() == looping.child(Field::Body);
    let skips = |n: &Node<'t>| matches!(n.kind(), Kind::BreakStatement | Kind::ContinueStatement);
    let conditional = update.ancestors().take_while(|a| *a != statement).any(|a| {
        a.is(Kind::ConditionalExpression)
            || matches!(a.operator(), Some("&&" | "||")) && a.is(Kind::BinaryExpression)
    });
    (once && listed && !conditional && !looping.descendants().any(|n| skips(&n))).then_some(looping)
}
