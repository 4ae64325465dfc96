//! A loop that acquires in its condition.
//!
//! In: `while ((got = acquire(…)) > 0) { … }`. Out: the loop that goes on as long as there is something to
//! walk, acquires first into a variable of its own, and leaves with what that got if it failed; a loop that
//! has walked all leaves zero in `got`. It refuses, by finding nothing, bodies that go on or leave the loop
//! by themselves.

use super::{Finish, Prepared};
use crate::edit::{EditSet, TextEdit};
use crate::plan::columns::{TAB, column_of, indent};
use crate::plan::outlining::fit::numbered;
use crate::source::Span;
use crate::syntax::file_scope::FileScope;
use crate::syntax::scope::Scopes;
use crate::syntax::{Field, Kind, Node};
use crate::walk::eval::unwrapped;
use crate::walk::site::{assigned_to, best_match, body_of, enclosing_loop};
use crate::walk::spec::WalkSpec;

/// The loop with the acquisition in its body.
pub(super) fn in_body<'t>(spec: &WalkSpec, file: &FileScope<'t>, call: Node<'t>) -> Option<Prepared> {
    let function = file.function_at(call.span().start as usize)?;
    let scopes = Scopes::of(function.node);
    let outer = enclosing_loop(call, function.node).filter(|n| n.is(Kind::WhileStatement))?;
    let condition = outer.child(Field::Condition).filter(|c| c.encloses(call))?;
    let id = assigned_to(call, &scopes)?;
    let (got, ty) = (scopes.declaration(id).name, scopes.declaration(id).ty.without_const());
    let test = unwrapped(condition);
    let assignment = test.child(Field::Left).map(unwrapped).filter(|a| a.is(Kind::AssignmentExpression))?;
    let above_zero = test.operator() == Some(">") && test.child(Field::Right)?.text() == "0";
    let direct = assignment.child(Field::Right).map(unwrapped) == Some(call);
    let leaves = |n: Node<'t>| {
        let own =
            matches!(n.kind(), Kind::ContinueStatement | Kind::BreakStatement) && binder(n) == Some(outer);
        own || n.is(Kind::GotoStatement)
    };
    let leaves_early = outer.descendants().any(leaves);
    let body = outer.child(Field::Body).filter(|b| b.is(Kind::CompoundStatement))?;
    if !above_zero || !direct || leaves_early {
        return None;
    }
    let (_, bindings) = best_match(spec, &scopes, call)?;
    let position = spec.position_of(bindings.get("iter")?.text())?;
    let source = outer.tree().source();
    let first = *body_of(outer).first()?;
    let column = column_of(source, first.span());
    let (here, inside) = (indent(column), indent(column + TAB));
    let mut edits = EditSet::new();
    edits.add(TextEdit::new(condition.span(), format!("({position})"))).ok()?;
    let start = Span::at(body.span().start as usize + 1);
    let own = numbered(got, &|name| !scopes.mentions(name));
    let (declared, acquire) = (ty.declare(&own), call.text());
    let text = format!(
        "\n{here}{declared};\n\n{here}{own} = {acquire};\n{here}if ({own} <= 0) {{\n{inside}{got} = {own};\n{inside}break;\n{here}}}"
    );
    edits.add(TextEdit::new(start, text)).ok()?;
    for used in scopes.uses(id).iter().filter(|u| body.encloses(**u)) {
        edits.add(TextEdit::new(used.span(), own.clone())).ok()?;
    }
    let done = "the condition acquires until nothing is left".to_owned();
    Some(Prepared {
        edits,
        function: function.name.to_owned(),
        done,
        notes: Vec::new(),
        open: Vec::new(),
        finish: Finish::Done,
    })
}

/// The loop or switch that a `break` or a `continue` belongs to.
fn binder(node: Node<'_>) -> Option<Node<'_>> {
    node.ancestors()
        .find(|a| a.kind().is_loop() || node.is(Kind::BreakStatement) && a.is(Kind::SwitchStatement))
}
