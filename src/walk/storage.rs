//! The array's memory, where it does not come from the acquisition.
//!
//! In: a site. Out: the statements outside the loop that only provide that memory – they allocate it, find
//! out that this failed, or free it – and that go with the array. It refuses any other use of the array
//! outside the loop.
//!
//! Capability 5 (tests/README.md): the array does not escape.

use super::eval::unwrapped;
use super::expressions::{first_match, is_pure};
use super::refusal::{Refusal, RefusalCode};
use super::scratch::is_scratch;
use super::site::{Site, callee, definition, statements_of};
use super::spec::{BatchStorage, WalkSpec};
use crate::syntax::scope::{DeclId, Scopes};
use crate::syntax::{Field, Kind, Node};

/// The statements outside the loop that go with the array.
pub(super) fn outside<'t>(
    spec: &WalkSpec,
    scopes: &Scopes<'t>,
    site: &Site<'t>,
) -> Result<Vec<Node<'t>>, Refusal> {
    let memory = Memory { spec, scopes, site };
    let own = |used: &Node<'t>| !site.outer.encloses(*used) && !site.is_of_another(*used);
    let uses: Vec<Node<'t>> = scopes.uses(site.batch).iter().copied().filter(own).collect();
    let mut gone: Vec<Node<'t>> = Vec::new();
    for used in &uses {
        let statement = memory.provides(*used).map(|s| memory.raised(s));
        gone.extend(statement.filter(|s| !gone.contains(s)));
    }
    if let Some(used) = uses.iter().find(|u| !gone.iter().any(|g| g.encloses(**u))) {
        let sentence = "the array of elements is used outside the loop";
        return Err(Refusal::new(RefusalCode::ArrayEscapes, used.span(), sentence));
    }
    let nested = gone.clone();
    gone.retain(|n| !nested.iter().any(|other| other != n && other.encloses(*n)));
    Ok(gone)
}

/// An array that is handed to a function of which nothing is known is refused for that, whatever else the loop does.
pub(super) fn check_handed_on(spec: &WalkSpec, scopes: &Scopes<'_>, site: &Site<'_>) -> Result<(), Refusal> {
    let known = [&spec.release_all, &spec.free, &spec.other_release];
    for used in scopes.uses(site.batch) {
        let arguments = used.parent().filter(|p| p.is(Kind::ArgumentList));
        let Some(call) = arguments.and_then(|a| a.parent()).filter(|c| c.is(Kind::CallExpression)) else {
            continue;
        };
        let name = callee(call).unwrap_or("a function");
        let harmless = spec.acquires.iter().any(|a| a.callee == name) || spec.pure.iter().any(|p| p == name);
        let expected = harmless || known.iter().any(|patterns| first_match(patterns, call).is_some());
        let releases = definition(site.function.tree().root(), name).is_some_and(|function| {
            let calls = function.descendants().filter(|n| n.is(Kind::CallExpression));
            calls.into_iter().any(|c| first_match(&spec.release, c).is_some())
        });
        if site.outer.encloses(call) && site.storage != BatchStorage::One && !expected && !releases {
            return Err(handed_on(*used, name));
        }
    }
    Ok(())
}

/// The refusal of a call that gets the array.
pub(super) fn handed_on(array: Node<'_>, name: &str) -> Refusal {
    let sentence =
        format!("the array of elements is passed to {name}(), which is not known to only release them");
    Refusal::new(RefusalCode::ArrayEscapes, array.span(), sentence)
}

/// Whether an expression allocates memory for an array.
pub(super) fn allocates(spec: &WalkSpec, node: Node<'_>) -> bool {
    first_match(&spec.allocate, unwrapped(node)).is_some()
}

struct Memory<'a, 't> {
    spec: &'a WalkSpec,
    scopes: &'a Scopes<'t>,
    site: &'a Site<'t>,
}

impl<'t> Memory<'_, 't> {
    /// The statement around a use, if all that it does is to allocate the array, to leave if that failed, or to free it.
    fn provides(&self, used: Node<'t>) -> Option<Node<'t>> {
        let statement = used.ancestors().find(|a| a.kind().is_statement())?;
        match statement.kind() {
            Kind::ExpressionStatement => {
                let expression = unwrapped(statement.named_children().next()?);
                let does = self.is_allocation(expression) || self.frees(expression);
                does.then_some(statement)
            }
            Kind::IfStatement => {
                let condition = unwrapped(statement.child(Field::Condition)?);
                let whole = statement.child(Field::Alternative).is_none()
                    && !statement.descendants().any(|n| n.is(Kind::LabeledStatement));
                // An arm for memory that is not there is never taken once no memory is asked for.
                (whole && self.is_missing(condition)).then_some(statement)
            }
            _ => None,
        }
    }

    /// The `if` around a statement that does nothing else, or the statement itself.
    fn raised(&self, statement: Node<'t>) -> Node<'t> {
        let Some(parent) = statement.parent() else { return statement };
        let around = if parent.is(Kind::CompoundStatement) { parent.parent() } else { Some(parent) };
        let raised = around.filter(|n| n.is(Kind::IfStatement)).filter(|n| {
            let arm = n.child(Field::Consequence).map(statements_of).unwrap_or_default();
            let pure = n.child(Field::Condition).is_some_and(|c| is_pure(&self.spec.pure, c));
            arm == [statement] && n.child(Field::Alternative).is_none() && pure
        });
        raised.map_or(statement, |n| self.raised(n))
    }

    fn is_array(&self, node: Option<Node<'t>>) -> bool {
        node.and_then(|n| self.scopes.resolve(unwrapped(n))) == Some(self.site.batch)
    }

    /// `array = allocate(…)`
    fn is_allocation(&self, node: Node<'t>) -> bool {
        node.is(Kind::AssignmentExpression)
            && node.operator() == Some("=")
            && self.is_array(node.child(Field::Left))
            && node.child(Field::Right).is_some_and(|r| allocates(self.spec, r))
    }

    fn frees(&self, node: Node<'t>) -> bool {
        let bindings = first_match(&self.spec.free, node);
        bindings.is_some_and(|b| self.is_array(b.get("batch")))
    }

    /// `!array`, `array == NULL`, `!(array = allocate(…))`
    fn is_missing(&self, condition: Node<'t>) -> bool {
        let is_array =
            |n: Option<Node<'t>>| self.is_array(n) || n.is_some_and(|n| self.is_allocation(unwrapped(n)));
        let null = |n: Option<Node<'t>>| n.is_some_and(|n| n.is(Kind::Null) || n.text() == "0");
        let (left, right) = (condition.child(Field::Left), condition.child(Field::Right));
        match condition.operator() {
            Some("!") => is_array(condition.child(Field::Argument)),
            Some("==") => is_array(left) && null(right) || null(left) && is_array(right),
            _ => false,
        }
    }
}

/// Whether the array is a pointer to memory of its own: not set where it is declared, or to what was allocated for it, or
/// to memory that an object of this file holds for nothing else.
pub(super) fn is_own(spec: &WalkSpec, scopes: &Scopes<'_>, batch: DeclId) -> bool {
    let null = |n: Node<'_>| n.is(Kind::Null) || n.text() == "0";
    let value = scopes.declaration(batch).initializer;
    value.is_none_or(|n| null(n) || allocates(spec, n) || is_scratch(spec, n) || is_lent(spec, scopes, n))
}

/// Whether a value is a local array whose elements are never looked at under its own name.
fn is_lent(spec: &WalkSpec, scopes: &Scopes<'_>, value: Node<'_>) -> bool {
    let array = scopes.resolve(value).filter(|id| scopes.declaration(*id).is_array_object());
    let only_lent = |used: &Node<'_>| {
        let Some(parent) = used.parent() else { return false };
        let compared = matches!(parent.operator(), Some("==" | "!="));
        let assigned = parent.is(Kind::AssignmentExpression) && parent.child(Field::Right) == Some(*used);
        let call = used.ancestors().find(|n| n.is(Kind::CallExpression));
        let harmless = call.and_then(callee).is_some_and(|name| {
            spec.pure.iter().any(|p| p == name) || spec.acquires.iter().any(|a| a.callee == name)
        });
        let measured = used.ancestors().any(|n| n.is(Kind::SizeofExpression));
        let initialises = parent.is(Kind::InitDeclarator) && parent.child(Field::Value) == Some(*used);
        !parent.is(Kind::SubscriptExpression) && (compared || assigned || harmless || measured || initialises)
    };
    array.is_some_and(|id| scopes.uses(id).iter().all(only_lent))
}

/// What an array that is a pointer is set to later, if that is neither allocated for it nor a local array.
pub(super) fn foreign<'t>(spec: &WalkSpec, scopes: &Scopes<'t>, batch: DeclId) -> Option<Node<'t>> {
    let own = |n: Node<'_>| {
        let local = is_lent(spec, scopes, n);
        n.is(Kind::Null) || n.text() == "0" || n.is(Kind::CallExpression) || local || allocates(spec, n)
    };
    let set = scopes.uses(batch).iter().filter_map(|used| {
        let parent = used.parent().filter(|p| p.is(Kind::AssignmentExpression))?;
        (parent.child(Field::Left) == Some(*used)).then(|| parent.child(Field::Right)).flatten()
    });
    let value = |n: Node<'t>| match n.kind() {
        Kind::CastExpression => n.child(Field::Value).map_or(n, unwrapped),
        _ => unwrapped(n),
    };
    set.into_iter().find(|n| !own(value(*n)))
}

/// Whether memory is asked for that nobody needs any more.
pub fn is_allocated(site: &Site<'_>) -> bool {
    site.storage == BatchStorage::Allocated || !site.outside.is_empty()
}

#[cfg(test)]
mod tests {
    use crate::walk::testing::verdict;

    #[test]
    fn a_local_array_may_be_lent_but_not_be_looked_at_under_its_own_name() {
        let lent = ("struct part *parts[16];", "struct part *stack[16], **parts = stack;");
        assert_eq!(verdict(&[lent]), "walk");
        let seen = ("see(object, parts[k]", "see(object, stack[k]");
        assert!(verdict(&[lent, seen]).starts_with("array-aliases-destination"));
    }

    #[test]
    fn memory_of_something_else_is_none_of_the_walks_own() {
        let foreign = ("struct part *parts[16];", "struct part **parts = object->parts;");
        assert!(verdict(&[foreign]).starts_with("array-aliases-destination"));
        let behind = ("return 0;\n}", "look(parts[0]);\n\treturn 0;\n}");
        assert!(verdict(&[behind]).starts_with("array-escapes"));
    }
}
