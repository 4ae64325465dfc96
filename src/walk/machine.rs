//! One turn of the outer loop, carried out on symbols.
//!
//! In: the statements of the outer loop's body, and what may be assumed of the batch ([`Facts`]). Out: an
//! [`Output`]: what is left when all that belongs to the walk is taken away, and every way out. Under
//! [`Facts::UnitBatch`] this specialises the body to a batch of one piece, which every caller has to cope
//! with because an acquisition may always return less than was asked for; under [`Facts::Iteration`] it
//! checks what one iteration of the inner loop does in a batch of any size.
//!
//! It refuses what it cannot follow; it never guesses.
//!
//! Capabilities (tests/README.md): 18, conditional regions, macros; 19, what cannot move.

use super::eval::{Evaluator, unwrapped};
use super::expressions::first_match;
use super::labels::Inside;
use super::output::{Jump, Output, Piece, Spelling, Stage, Target};
use super::refusal::{Refusal, RefusalCode};
use super::site::{Site, statements_of};
use super::spec::WalkSpec;
use super::state::State;
use super::sym::Facts;
use crate::flow::access::{Part, accesses};
use crate::syntax::scope::{DeclId, Scopes};
use crate::syntax::{Field, Kind, Node, Tree};
use std::collections::{BTreeMap, BTreeSet};

/// Whether control goes on behind a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It does, on some path.
    Falls,
    /// Every path has left.
    Leaves,
}

/// Whether a statement is a piece of its own or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It becomes a piece.
    Top,
    /// It is kept or dropped inside a piece.
    Nested,
}

/// Carries out statements.
pub struct Machine<'a, 't> {
    /// What evaluation needs.
    pub eval: Evaluator<'a, 't>,
    /// The file.
    pub tree: &'t Tree,
    /// Variables whose assignments go with the walk if their value is known.
    pub cursors: &'a BTreeSet<DeclId>,
    /// Where control is.
    pub stage: Stage,
    /// What is known where a kept `switch` is left by `break`.
    pub switch_breaks: Vec<State<'t>>,
    /// What is known where a kept loop is left by `break` or goes round by `continue`.
    pub kept_jumps: Vec<State<'t>>,
    /// What is known where jumps ahead lead, by label.
    pub arrivals: BTreeMap<&'t str, State<'t>>,
    /// What came out so far.
    pub out: Output<'t>,
}

impl<'a, 't> Machine<'a, 't> {
    /// A machine for one site.
    pub fn new(
        spec: &'a WalkSpec,
        scopes: &'a Scopes<'t>,
        site: &'a Site<'t>,
        cursors: &'a BTreeSet<DeclId>,
        facts: Facts,
    ) -> Self {
        let tree = site.function.tree();
        let eval = Evaluator { spec, scopes, site, facts };
        Self {
            eval,
            tree,
            cursors,
            stage: Stage::Before,
            switch_breaks: Vec::new(),
            kept_jumps: Vec::new(),
            arrivals: Default::default(),
            out: Output::default(),
        }
    }

    /// A machine with the same knowledge and nothing done yet, to try what a path does.
    pub fn fresh(&self, stage: Stage) -> Machine<'a, 't> {
        Machine {
            eval: self.eval,
            tree: self.tree,
            cursors: self.cursors,
            stage,
            switch_breaks: Vec::new(),
            kept_jumps: Vec::new(),
            arrivals: Default::default(),
            out: Output::default(),
        }
    }

    /// Carry out statements in order.
    pub fn list(&mut self, nodes: &[Node<'t>], state: &mut State<'t>, level: Level) -> Result<Flow, Refusal> {
        let mut flow = Flow::Falls;
        for node in nodes {
            if node.is(Kind::Comment) {
                if level == Level::Top {
                    self.out.pieces.push((Piece::Comment(*node), Some(self.stage)));
                }
                continue;
            }
            if flow == Flow::Leaves && !self.is_arrived_at(*node) {
                // No path leads here under the facts.
                return Ok(flow);
            }
            if let Some(arrived) = self.arrival(*node) {
                *state = if flow == Flow::Leaves { arrived } else { arrived.join(state) };
            }
            flow = self.statement(*node, state, level)?;
        }
        Ok(flow)
    }

    /// Carry out one statement.
    pub fn statement(
        &mut self,
        node: Node<'t>,
        state: &mut State<'t>,
        level: Level,
    ) -> Result<Flow, Refusal> {
        if node.kind().is_opaque() {
            return Err(Refusal::new(RefusalCode::OpaqueCode, node.span(), "this could not be read"));
        }
        match node.kind() {
            Kind::ExpressionStatement => self.expression_statement(node, state, level),
            Kind::Declaration => self.declaration(node, state, level),
            Kind::CompoundStatement => self.compound(node, state, level),
            Kind::IfStatement => self.if_statement(node, state, level),
            kind if kind.is_loop() => self.loop_statement(node, state, level),
            Kind::SwitchStatement => self.switch(node, state, level),
            Kind::BreakStatement | Kind::ContinueStatement | Kind::GotoStatement | Kind::ReturnStatement => {
                self.jump(node, state, level)
            }
            Kind::PreprocIf | Kind::PreprocIfdef => self.conditional_region(node, state, level),
            Kind::LabeledStatement => self.labelled(node, state, level),
            Kind::MacroStatement | Kind::MacroDeclaration => {
                self.rewrite_children(node, state)?;
                self.forget_written(node, state)?;
                self.keep(node, level);
                Ok(Flow::Falls)
            }
            _ => Err(not_understood(node, "a statement of this kind is not followed")),
        }
    }

    fn compound(&mut self, node: Node<'t>, state: &mut State<'t>, level: Level) -> Result<Flow, Refusal> {
        let kept = self.out.kept;
        let flow = self.list(&statements_of(node), state, Level::Nested)?;
        if self.out.kept > kept {
            self.keep(node, level);
        } else {
            self.drop(node);
        }
        Ok(flow)
    }

    /// Keep a statement.
    pub fn keep(&mut self, node: Node<'t>, level: Level) {
        self.out.kept += 1;
        self.out.effects += usize::from(self.has_effect(node));
        if level == Level::Top {
            self.out.pieces.push((Piece::Statement(node), Some(self.stage)));
            if self.stage != Stage::Inner && self.eval.site.inner.is_some() {
                self.out.per_batch.push((node, self.stage));
            }
        }
    }

    /// Whether a statement does more by itself than to choose, or to drop the reference to the element.
    fn has_effect(&self, node: Node<'t>) -> bool {
        match node.kind() {
            Kind::CompoundStatement => false,
            Kind::IfStatement => node.child(Field::Condition).is_none_or(|c| !self.is_pure(c)),
            Kind::ExpressionStatement => {
                let expression = node.named_children().next().map(unwrapped);
                expression.is_none_or(|e| first_match(&self.eval.spec.release, e).is_none())
            }
            _ => true,
        }
    }

    /// A statement goes with the walk.
    pub fn drop(&mut self, node: Node<'t>) {
        self.out.gone.insert(node.id());
        self.out.spellings.insert(node.span(), Spelling::Gone);
    }

    fn jump(&mut self, node: Node<'t>, state: &mut State<'t>, level: Level) -> Result<Flow, Refusal> {
        let target = match node.kind() {
            Kind::ReturnStatement => {
                let value = node.named_children().next();
                if let Some(value) = value {
                    self.rewrite(value, state)?;
                }
                Target::Return(value)
            }
            Kind::GotoStatement => {
                let label = node.child(Field::Label).map(Node::text).unwrap_or_default();
                let inside = self.eval.scopes.label(label).filter(|l| self.eval.site.outer.encloses(l.node));
                match inside.map(|l| self.jump_inside(node, l.node, state)) {
                    None if !label.is_empty() => Target::Label(label),
                    Some(Some(Inside::Leaves)) => Target::BehindInner,
                    Some(Some(Inside::Back)) => {
                        self.keep(node, level);
                        return Ok(Flow::Leaves);
                    }
                    Some(Some(Inside::Ahead)) => {
                        let arrived = match self.arrivals.remove(label) {
                            Some(other) => other.join(state),
                            None => state.clone(),
                        };
                        self.arrivals.insert(label, arrived);
                        self.keep(node, level);
                        return Ok(Flow::Leaves);
                    }
                    _ => return Err(not_understood(node, "a jump to a label inside the loop")),
                }
            }
            kind => match self.bound_to(node, kind == Kind::BreakStatement) {
                Some(target) => target,
                None => {
                    if kind == Kind::BreakStatement {
                        self.switch_breaks.push(state.clone());
                    }
                    self.kept_jumps.push(state.clone());
                    self.keep(node, level);
                    return Ok(Flow::Leaves);
                }
            },
        };
        let before_acquire = self.stage == Stage::Before;
        self.out.jumps.push(Jump { node, target, state: state.clone(), before_acquire });
        self.keep(node, level);
        Ok(Flow::Leaves)
    }

    /// Where a `break` or `continue` goes; `None` if it stays inside a kept statement.
    fn bound_to(&self, node: Node<'t>, is_break: bool) -> Option<Target<'t>> {
        let site = self.eval.site;
        let binder =
            node.ancestors().find(|n| n.kind().is_loop() || (is_break && n.is(Kind::SwitchStatement)))?;
        if Some(binder) == site.inner {
            Some(if is_break { Target::BehindInner } else { Target::NextElement })
        } else if binder == site.outer {
            Some(if is_break { Target::BehindOuter } else { Target::NextBatch })
        } else {
            None
        }
    }

    fn switch(&mut self, node: Node<'t>, state: &mut State<'t>, level: Level) -> Result<Flow, Refusal> {
        let Some(body) = node.child(Field::Body) else {
            return Err(not_understood(node, "a switch without a body"));
        };
        if let Some(condition) = node.child(Field::Condition) {
            self.rewrite(condition, state)?;
        }
        let outside = std::mem::take(&mut self.switch_breaks);
        let has_default =
            body.named_children().any(|c| c.children().next().is_some_and(|t| t.text() == "default"));
        let mut after = if has_default { Vec::new() } else { vec![state.clone()] };
        let mut fallen: Option<State<'t>> = None;
        for case in body.named_children() {
            let mut arm = match fallen.take() {
                Some(above) => above.join(state),
                None => state.clone(),
            };
            let value = case.child(Field::Value);
            let inside: Vec<_> =
                case.children().filter(|c| !matches!(c.kind(), Kind::Token) && Some(*c) != value).collect();
            if self.list(&inside, &mut arm, Level::Nested)? == Flow::Falls {
                fallen = Some(arm);
            }
        }
        after.extend(fallen);
        after.append(&mut std::mem::replace(&mut self.switch_breaks, outside));
        self.keep(node, level);
        let mut after = after.into_iter();
        let Some(first) = after.next() else { return Ok(Flow::Leaves) };
        *state = after.fold(first, |joined, other| joined.join(&other));
        Ok(Flow::Falls)
    }

    /// A conditional region of the preprocessor: kept as it is, if no arm touches the walk.
    fn conditional_region(
        &mut self,
        node: Node<'t>,
        state: &mut State<'t>,
        level: Level,
    ) -> Result<Flow, Refusal> {
        let straddles =
            |what: &str| Refusal::new(RefusalCode::ConditionalStraddles, node.span(), what.to_owned());
        if node.has_opaque() {
            return Err(straddles("a part of this conditional region could not be read"));
        }
        let gone = self.out.gone.len();
        let jumps = self.out.jumps.len();
        self.forget_written(node, state)?;
        let inside: Vec<_> = node.descendants().skip(1).filter(|n| is_region_statement(*n, node)).collect();
        self.list(&inside, &mut state.clone(), Level::Nested)?;
        if self.out.gone.len() > gone {
            return Err(straddles("an arm of this conditional region does a part of the walk"));
        }
        if self.out.jumps.len() > jumps {
            return Err(straddles("an arm of this conditional region leaves the loop"));
        }
        self.keep(node, level);
        Ok(Flow::Falls)
    }

    /// Forget every variable that is written somewhere below `node`.
    pub fn forget_written(&mut self, node: Node<'t>, state: &mut State<'t>) -> Result<(), Refusal> {
        state.conditions.clear();
        for access in accesses(node, self.eval.scopes) {
            let id = access.decl;
            let decays = self.eval.scopes.declaration(id).ty.is_array();
            if access.part == Part::Element || !access.may_define() && (decays || !access.takes_address()) {
                continue;
            }
            let site = self.eval.site;
            if id == site.batch || id == site.offset {
                let change =
                    access.place.parent().filter(|p| !p.is(Kind::ArgumentList)).unwrap_or(access.place);
                return Err(Refusal::new(
                    RefusalCode::CursorRedefined,
                    change.span(),
                    "a cursor of the walk is changed here, in a part of the body that may run or not",
                ));
            }
            state.forget(id);
            self.out.needed.insert(id);
        }
        Ok(())
    }
}

/// A statement directly below a conditional region or one of its arms.
fn is_region_statement(node: Node<'_>, region: Node<'_>) -> bool {
    node.kind().is_statement()
        && node.ancestors().take_while(|a| *a != region).all(|a| {
            matches!(
                a.kind(),
                Kind::PreprocElse
                    | Kind::PreprocElif
                    | Kind::PreprocElifdef
                    | Kind::PreprocIf
                    | Kind::PreprocIfdef
            )
        })
}

/// A refusal because the shape is not understood.
pub fn not_understood(node: Node<'_>, sentence: &str) -> Refusal {
    Refusal::at(RefusalCode::NotUnderstood, node, sentence)
}

#[cfg(test)]
mod tests {
    use crate::walk::testing::verdict;

    #[test]
    fn a_conditional_region_moves_whole_or_not_at_all() {
        let whole = "#ifdef LOUD\n\t\t\ttell(object);\n#endif\n\t\t\toff = 0;";
        assert_eq!(verdict(&[("off = 0;", whole)]), "walk");
        let part = "#ifdef LOUD\n\t\t\toff = 0;\n#else\n\t\t\toff = 0;\n#endif";
        assert_ne!(verdict(&[("off = 0;", part)]), "walk");
    }

    #[test]
    fn what_is_the_same_for_every_element_is_kept_and_what_moves_them_goes() {
        assert_eq!(verdict(&[("off = 0;", "object->sum += len;\n\t\t\toff = 0;")]), "walk");
        assert!(verdict(&[("off = 0;", "")]).starts_with("offset-not-reset"));
    }
}
