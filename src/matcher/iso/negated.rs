//! The opposite of a condition: `if (X) A else B` is `if (!X) B else A` (`neg_if`).
//!
//! In: a pattern. Out: for each `if` with two branches the pattern of its negated condition, with its other spellings. A
//! condition with dots in it has none, and neither has one of which a part goes.

use super::Expansion;
use crate::smpl::pattern::{Atom, Pattern, PatternKind, Piece};
use crate::syntax::kind::opposite;
use crate::syntax::{Field, Kind, Node, NodeId};
use std::collections::HashMap;

impl Expansion<'_> {
    /// The negated conditions of a pattern's `if` statements.
    pub(super) fn negated(&mut self, pattern: &Pattern, depth: usize) -> HashMap<NodeId, Pattern> {
        let both = |n: &Node<'_>| n.is(Kind::IfStatement) && n.child(Field::Alternative).is_some();
        let statements = pattern.roots().flat_map(Node::descendants).filter(both);
        let conditions =
            statements.filter_map(|n| Some((n.id(), n.child(Field::Condition)?.named_children().next()?)));
        let conditions: Vec<_> = conditions.collect();
        let mut out = HashMap::new();
        for (statement, condition) in conditions {
            if let Some(negated) = self.opposite(pattern, condition) {
                out.insert(statement, self.expand(negated, depth));
            }
        }
        out
    }

    fn opposite(&mut self, pattern: &Pattern, condition: Node<'_>) -> Option<Pattern> {
        let pieces = pattern.pieces_of(condition);
        let first = pieces.first()?.atom.clone();
        // Of what goes only in part, what is made up would have to stay or to go.
        let torn =
            |p: &Piece| p.slot.is_some() || p.atom.mark != first.mark || self.hangs.contains_key(&p.atom.id);
        if pieces.iter().any(torn) {
            return None;
        }
        let atoms = |pieces: &[Piece]| pieces.iter().map(|p| p.atom.clone()).collect::<Vec<Atom>>();
        let negated = match condition.kind() {
            Kind::UnaryExpression if condition.operator() == Some("!") => {
                atoms(pattern.pieces_of(condition.child(Field::Argument)?))
            }
            Kind::BinaryExpression if condition.operator().and_then(opposite).is_some() => {
                let operator = condition.children().find(|n| n.role() == Some(Field::Operator))?;
                let other = self.made_up(condition.operator().and_then(opposite)?, &first, first.mark);
                let swap = |p: &Piece| match p.span == operator.span() {
                    true => Atom { attached: p.atom.attached.clone(), ..other.clone() },
                    false => p.atom.clone(),
                };
                pieces.iter().map(swap).collect()
            }
            Kind::BinaryExpression | Kind::ConditionalExpression | Kind::AssignmentExpression => {
                let mut all =
                    vec![self.made_up("!", &first, first.mark), self.made_up("(", &first, first.mark)];
                all.extend(atoms(pieces));
                all.push(self.made_up(")", &first, first.mark));
                all
            }
            _ => {
                let mut all = vec![self.made_up("!", &first, first.mark)];
                all.extend(atoms(pieces));
                all
            }
        };
        Pattern::read(self.file, &negated, pattern.metavariables(), PatternKind::Expression).ok()
    }
}
