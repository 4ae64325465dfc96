//! What a batch is like must not matter to anything but itself.
//!
//! In: a site, and the values behind a turn. Out: nothing; it refuses loops that go back when they got less
//! than they wanted, and values of the last batch that are looked at behind the loop.

use super::eval::unwrapped;
use super::expressions::same_text;
use super::refusal::{Refusal, RefusalCode};
use super::site::Site;
use super::state::State;
use super::sym::Atom;
use super::usage;
use crate::syntax::scope::Scopes;
use crate::syntax::{Field, Kind, Node};

/// What the last batch was like must not matter behind the loop.
pub(super) fn check_batch_values<'t>(
    scopes: &Scopes<'t>,
    site: &Site<'t>,
    end: &State<'t>,
) -> Result<(), Refusal> {
    for id in site.live_out.iter().filter(|id| **id != site.got) {
        let of_batch = end
            .value(*id)
            .quantity()
            .is_some_and(|sym| sym.as_constant().is_none() && !sym.has(&Atom::Total) && !sym.is_a_sum());
        let used = scopes.uses(*id).iter().find(|u| u.span().start >= site.outer.span().end);
        if let (true, Some(used)) = (of_batch, used) {
            let place = used.ancestors().find(|a| a.kind().is_statement()).unwrap_or(*used);
            let sentence = format!("`{}` tells something about the last batch here", used.text());
            return Err(Refusal::new(RefusalCode::ValueAfterLoop, place.span(), sentence));
        }
    }
    Ok(())
}

/// A batch that is shorter than was asked for must not be a reason to leave.
pub(super) fn check_whole_batch<'t>(scopes: &Scopes<'t>, site: &Site<'t>) -> Result<(), Refusal> {
    let wanted = [Some(site.bytes), site.slots];
    let is_wanted = |n: Node<'t>| {
        let named = scopes.resolve(unwrapped(n)).is_some();
        named && wanted.iter().flatten().any(|w| same_text(unwrapped(*w), unwrapped(n)))
    };
    let is_got = |n: Node<'t>| scopes.resolve(unwrapped(n)) == Some(site.got);
    let tests = site.outer.descendants().filter(|n| n.is(Kind::IfStatement));
    for test in tests {
        let Some(condition) = test.child(Field::Condition).map(unwrapped) else { continue };
        let (Some(left), Some(right)) = (condition.child(Field::Left), condition.child(Field::Right)) else {
            continue;
        };
        let short = match condition.operator() {
            Some("<" | "!=") => is_got(left) && is_wanted(right),
            Some(">") => is_wanted(left) && is_got(right),
            _ => false,
        };
        if short && test.child(Field::Consequence).is_some_and(usage::leaves) {
            let sentence = "a batch that is shorter than was asked for is not walked";
            return Err(Refusal::new(RefusalCode::AllOrNothing, test.span(), sentence));
        }
    }
    Ok(())
}

/// Where the last piece started must not matter behind the loop.
pub(super) fn check_offset<'t>(scopes: &Scopes<'t>, site: &Site<'t>) -> Result<(), Refusal> {
    let behind = |u: &&Node<'t>| u.span().start >= site.outer.span().end && !site.is_of_another(**u);
    match scopes.uses(site.offset).iter().find(behind) {
        Some(used) => {
            let sentence = "the offset of the last piece is looked at behind the loop";
            Err(Refusal::new(RefusalCode::ValueAfterLoop, used.span(), sentence))
        }
        None => Ok(()),
    }
}
