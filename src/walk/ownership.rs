//! Who drops the references.
//!
//! In: the ways through one turn, with what each of them releases. Out: whether the code drops the reference
//! to the element, or what it calls does. It refuses ways on which a reference is dropped twice, or never.
//!
//! Capability 4 (tests/README.md): who drops references.

use super::exits::Exit;
use super::machine::Machine;
use super::output::Target;
use super::refusal::{Refusal, RefusalCode};
use super::site::Site;
use super::state::State;
use super::sym::{Atom, Sym};
use crate::syntax::scope::Scopes;
use crate::syntax::{Kind, Node};

/// When the body leaves early, the elements that it has not come to must be released by the code.
pub(super) fn check_drains<'t>(generic: &Machine<'_, 't>, exits: &[Exit<'t>]) -> Result<(), Refusal> {
    let (index, count) = (Sym::atom(Atom::Index), Sym::atom(Atom::Count));
    let Some(next) = index.plus(&Sym::constant(1)) else { return Ok(()) };
    if generic.eval.site.inner.is_none() {
        return Ok(());
    }
    for exit in exits {
        // Behind the inner loop every element has been walked.
        let early = !generic.eval.site.is_behind_walk(exit.jump.node);
        let goes_on = matches!(exit.jump.target, Target::NextElement);
        if exit.jump.before_acquire || !early || goes_on {
            continue;
        }
        let covers = exit.state.drained.iter().any(|(from, to)| {
            let from_start = from.as_constant() == Some(0) || *from == index || *from == next;
            from_start && super::induct::is_count(to, &count)
        });
        if !covers {
            return Err(Refusal::new(
                RefusalCode::ReferenceImbalance,
                exit.jump.node.span(),
                "on this way out the elements behind the current one are never released",
            ));
        }
    }
    Ok(())
}

/// A complete turn releases all elements of its batch, or none.
pub(super) fn check_whole(end: &State<'_>) -> Result<(), Refusal> {
    let count = Sym::atom(Atom::Count);
    let part = |(from, to): &(Sym, Sym)| {
        let whole = from.as_constant() == Some(0) && super::induct::is_count(to, &count);
        from != to && !whole
    };
    match end.drained_at.filter(|_| end.drained.iter().any(part)) {
        Some(place) => {
            let sentence =
                "this releases a part of the batch, and which elements that are depends on its size";
            Err(Refusal::new(RefusalCode::ReferenceImbalance, place.span(), sentence))
        }
        None => Ok(()),
    }
}

/// On every path the reference is dropped once, or by what the body calls. Out: conditions under which it is dropped once
/// more, because a callee says that it took another.
pub(super) fn check_references<'t>(
    scopes: &Scopes<'t>,
    site: &Site<'t>,
    exits: &[Exit<'t>],
    end: &State<'t>,
) -> Result<Vec<Node<'t>>, Refusal> {
    let imbalance = |node: Node<'_>, what: &str| {
        Err(Refusal::new(RefusalCode::ReferenceImbalance, node.span(), what.to_owned()))
    };
    let mut once_more = Vec::new();
    if end.released > 1 {
        let place = end.released_at.unwrap_or(site.outer);
        return imbalance(place, "the reference to an element is dropped more than once");
    }
    for exit in exits.iter().filter(|e| !e.jump.before_acquire && e.state.released > 1) {
        match exit.state.released_if.filter(|c| exit.state.released_always == 1 && is_told(scopes, site, *c))
        {
            Some(condition) => once_more.push(condition),
            None => {
                let sentence = "the reference to the element is dropped more than once on this way out";
                return imbalance(exit.jump.node, sentence);
            }
        }
    }
    Ok(once_more)
}

/// Whether a condition looks only at variables that a call of the body sets through their addresses.
fn is_told(scopes: &Scopes<'_>, site: &Site<'_>, condition: Node<'_>) -> bool {
    let by_address = |used: &Node<'_>| {
        let address = used.parent().filter(|p| p.is(Kind::PointerExpression) && p.operator() == Some("&"));
        let argument = address.and_then(|a| a.parent()).is_some_and(|a| a.is(Kind::ArgumentList));
        argument && site.outer.encloses(*used)
    };
    let mut names = condition.descendants().filter(|n| n.is(Kind::Identifier)).peekable();
    names.peek().is_some()
        && names.all(|n| scopes.resolve(n).is_some_and(|id| scopes.uses(id).iter().any(&by_address)))
}

#[cfg(test)]
mod tests {
    use crate::walk::testing::verdict;

    #[test]
    fn a_reference_is_dropped_once() {
        let once = ("off = 0;", "drop_part(parts[k]);\n\t\t\toff = 0;");
        assert_eq!(verdict(&[once]), "walk");
        let twice = ("off = 0;", "drop_part(parts[k]);\n\t\t\tdrop_part(parts[k]);\n\t\t\toff = 0;");
        assert!(verdict(&[twice]).starts_with("reference-imbalance at drop_part(parts[k])"));
    }

    #[test]
    fn the_rest_of_a_batch_is_dropped_when_the_loop_is_left() {
        let leaves = ("off = 0;", "if (full(object))\n\t\t\t\treturn -EIO;\n\t\t\toff = 0;");
        assert_eq!(verdict(&[leaves]), "reference-imbalance at return -EIO;");
        let count = ("for (k = 0;", "int n = (got + off + UNIT - 1) / UNIT;\n\n\t\tfor (k = 0;");
        let drained = (
            "off = 0;",
            "if (full(object)) {\n\t\t\t\twhile (++k < n)\n\t\t\t\t\tdrop_part(parts[k]);\n\t\t\t\treturn -EIO;\n\t\t\t}\n\t\t\toff = 0;",
        );
        assert_eq!(verdict(&[count, drained]), "walk N5");
    }
}
