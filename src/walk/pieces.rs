//! Whether what is spelled as the piece is the piece in a batch of any size.
//!
//! In: what is spelled otherwise for a batch of one piece, and what was proved of any batch. Out: nothing;
//! it refuses lengths and offsets that are the piece's only if there is just one.

use super::eval::Evaluator;
use super::output::{Output, Stage};
use super::refusal::{Refusal, RefusalCode};
use super::state::Value;
use crate::syntax::{Field, Kind, Node};

/// Every part of the inner loop that is spelled as the piece must have been proved to be the piece.
pub(super) fn check_same_pieces<'t>(
    eval: &Evaluator<'_, 't>,
    unit: &Output<'t>,
    generic: &Output<'t>,
) -> Result<(), Refusal> {
    let Some(inner) = eval.site.inner else { return Ok(()) };
    let tree = eval.site.function.tree();
    for (id, (value, stage)) in &unit.uses {
        let quantity = matches!(value, Value::Quantity(sym) if sym.as_constant().is_none());
        if *stage != Stage::Inner || !quantity || generic.uses.contains_key(id) {
            continue;
        }
        let used = tree.node(*id);
        let variable = eval.scopes.resolve(used);
        let assigned = inner.descendants().find_map(|n| {
            let (target, value) = match n.kind() {
                Kind::AssignmentExpression if n.operator() == Some("=") => {
                    (n.child(Field::Left), n.child(Field::Right))
                }
                Kind::InitDeclarator => (n.child(Field::Declarator), n.child(Field::Value)),
                _ => return None,
            };
            let same = target.and_then(|t| eval.scopes.resolve(t)).is_some()
                && target.and_then(|t| eval.scopes.resolve(t)) == variable;
            same.then_some((n, value)).and_then(|(n, v)| Some((n, v?)))
        });
        if variable == Some(eval.site.offset) {
            let place = assigned.map_or(inner, |(n, _)| n);
            let sentence = "the offset does not go back to zero behind the first piece";
            return Err(Refusal::at(RefusalCode::OffsetNotReset, place, sentence));
        }
        let place = assigned.map(|(_, v)| v).or(computed_from(used)).unwrap_or(used);
        let sentence = "it cannot be shown that this is the length of the piece in a batch of any size";
        return Err(Refusal::new(RefusalCode::PieceNotRecognised, place.span(), sentence));
    }
    Ok(())
}

/// The value of an assignment or an initialiser that an expression is a part of.
fn computed_from(used: Node<'_>) -> Option<Node<'_>> {
    let outermost = used.ancestors().take_while(|a| !a.kind().is_statement()).find(|a| {
        matches!(a.kind(), Kind::AssignmentExpression | Kind::InitDeclarator)
            && a.operator().is_none_or(|o| o == "=")
    })?;
    outermost.child(Field::Right).or(outermost.child(Field::Value)).filter(|v| v.encloses(used) && *v != used)
}
