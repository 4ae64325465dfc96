//! Loops that release a batch piece by piece.
//!
//! In: a loop that moves cursors of its own over the bytes of a batch and releases an element in each turn.
//! Out: that it releases the whole batch, proved as the loop over the batch is: by carrying out one
//! iteration, and once for a batch of one piece. It refuses, by saying no, loops that do anything else or
//! start elsewhere.
//!
//! Capability 4 (tests/README.md): who drops references.

use super::expressions::{first_match, is_pure};
use super::machine::{Level, Machine};
use super::output::Stage;
use super::site::body_of;
use super::spec::WalkSpec;
use super::state::{State, Variable};
use super::sym::{Facts, Sign};
use crate::syntax::scope::{DeclId, Scopes};
use crate::syntax::{Field, Kind, Node};

/// Whether a loop only moves variables and releases one element of the array in each turn, beside the only thing that it
/// could do for that.
pub(super) fn only_releases<'t>(
    spec: &WalkSpec,
    looping: Node<'t>,
    scopes: &Scopes<'t>,
    batch: DeclId,
) -> bool {
    let statements = body_of(looping);
    let releases = |n: &Node<'t>| {
        let call = n.child_of(Kind::CallExpression);
        let element = call.and_then(|c| first_match(&spec.release, c)).and_then(|b| b.get("x"));
        let array =
            element.filter(|e| e.is(Kind::SubscriptExpression)).and_then(|e| e.child(Field::Argument));
        array.and_then(|a| scopes.resolve(a)) == Some(batch)
    };
    let moves = |n: &Node<'t>| {
        let target = n.named_children().next().and_then(|e| match e.kind() {
            Kind::AssignmentExpression => {
                e.child(Field::Left).filter(|_| e.child(Field::Right).is_some_and(|r| is_pure(&spec.pure, r)))
            }
            Kind::UpdateExpression => e.child(Field::Argument),
            _ => None,
        });
        target.and_then(|t| scopes.resolve(t)).is_some()
    };
    let plain = |n: &&Node<'t>| match n.kind() {
        Kind::Comment => true,
        Kind::Declaration => is_pure(&spec.pure, **n),
        Kind::ExpressionStatement => moves(n),
        _ => false,
    };
    let rest = statements.iter().filter(|n| !releases(n)).count();
    looping.child(Field::Condition).is_some()
        && rest + 1 == statements.len()
        && statements.iter().filter(|n| !releases(n)).all(|n| plain(&n))
}

impl<'t> Machine<'_, 't> {
    /// Whether a loop releases every element of the batch once; what it moves is not known behind it.
    pub(super) fn releases_by_pieces(&self, node: Node<'t>, state: &mut State<'t>) -> bool {
        if !only_releases(self.eval.spec, node, self.eval.scopes, self.eval.site.batch) {
            return false;
        }
        let moved = self.moved_in(node);
        let mut entry = State::default();
        for id in &moved {
            if let Some(known) = state.variables.get(id) {
                entry.set(*id, known.clone());
            }
        }
        let mut machine = self.fresh(Stage::Inner);
        let begun = match node.child(Field::Initializer) {
            Some(init) if init.is(Kind::Declaration) => {
                machine.declaration(init, &mut entry, Level::Nested).is_ok()
            }
            Some(init) => {
                self.eval.value(init, &mut entry);
                true
            }
            None => true,
        };
        let proved = begun
            && match self.eval.facts {
                Facts::UnitBatch => self.releases_the_only(node, &mut entry),
                _ => self.releases_each(node, &entry),
            };
        if proved {
            for id in moved {
                let gone = Variable { sign: Sign::Unknown, spelled_otherwise: true, ..Variable::unknown() };
                state.set(id, gone);
            }
        }
        proved
    }

    /// One turn, and no other.
    fn releases_the_only(&self, node: Node<'t>, state: &mut State<'t>) -> bool {
        let mut machine = self.fresh(Stage::Inner);
        let condition = node.child(Field::Condition);
        let holds = |state: &mut State<'t>| condition.and_then(|c| self.eval.truth(c, state));
        if !node.is(Kind::DoStatement) && holds(state) != Some(true) {
            return false;
        }
        let run = machine.list(&body_of(node), state, Level::Nested).is_ok();
        if let Some(update) = node.child(Field::Update) {
            self.eval.value(update, state);
        }
        run && state.released == 1 && holds(state) == Some(false)
    }

    /// Whatever the size of the batch.
    fn releases_each(&self, node: Node<'t>, entry: &State<'t>) -> bool {
        let mut entry = entry.clone();
        super::induct::count_by_name(&mut entry);
        let hypotheses = self.hypotheses(node, &entry);
        hypotheses
            .iter()
            .any(|h| self.iteration_holds(node, &entry, h).is_ok_and(|(_, end)| end.released == 1))
    }
}

#[cfg(test)]
mod tests {
    use crate::walk::testing::verdict;

    const UNDO: &str = "if (unwanted(object)) {
				size_t start = first, rest = whole;
				int at = 0;

				put_back(iter, whole);
				while (rest) {
					size_t n = smaller(rest, UNIT - start);

					drop_part(parts[at++]);
					rest -= n;
					start = 0;
				}
				return -EINVAL;
			}
			see(object, parts[k], off, len);";

    fn undone(change: (&str, &str)) -> String {
        let undo = UNDO.replacen(change.0, change.1, 1);
        verdict(&[
            ("for (k = 0;", "size_t first = off, whole = got;\n\n\t\tfor (k = 0;"),
            ("see(object, parts[k], off, len);", &undo),
        ])
    }

    #[test]
    fn a_batch_may_be_given_back_piece_by_piece() {
        assert_eq!(undone(("", "")), "walk");
        assert!(undone(("start = 0;", "start = 1;")).starts_with("neighbour-element at parts[at++]"));
        assert!(undone(("rest -= n;", "rest -= UNIT;")).starts_with("neighbour-element at parts[at++]"));
        assert!(
            undone(("put_back(iter, whole);", "put_back(iter, len);")).starts_with("iterator-used-in-body")
        );
    }
}
