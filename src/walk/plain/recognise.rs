//! A plain walk at its call.
//!
//! In: a rule and a call that it looks for. Out: a [`PlainWalk`] with the proof, or the refusal. What both
//! kinds of plain walks share is here: how the walk begins, and that nothing else touches what it walks
//! with.

use super::batches::batches;
use super::one_by_one::one_by_one;
use super::spec::{Begin, PlainSpec, Step};
use crate::flow::facts::Facts;
use crate::flow::liveness::Liveness;
use crate::flow::region::Region;
use crate::matcher::{Environment, match_node};
use crate::smpl::pattern::Pattern;
use crate::source::Span;
use crate::syntax::scope::{DeclId, Scopes};
use crate::syntax::{Kind, Node};
use crate::walk::obligations::{Duty, Proof};
use crate::walk::site::callee;
use crate::walk::{Refusal, RefusalCode};

/// A loop that is a plain walk.
#[derive(Clone, Debug)]
pub struct PlainWalk<'t> {
    /// The call that gives elements.
    pub call: Node<'t>,
    /// The loop around it.
    pub looping: Node<'t>,
    /// The statement that begins the walk.
    pub begin: Option<Node<'t>>,
    /// The statement that ends it, right behind the loop.
    pub end: Option<Node<'t>>,
    /// The statements of the body that become the callback.
    pub statements: Vec<Node<'t>>,
    /// The variable that holds the element, if it can become the parameter.
    pub element: Option<DeclId>,
    /// Where the element is spelled without a variable.
    pub elements: Vec<Span>,
    /// The condition under which the callback leaves an element out, over `x`.
    pub skips: Option<String>,
    /// What the rule's metavariables stand for.
    pub env: Environment,
}

/// What the recognisers work with.
pub(super) struct Ground<'a, 't> {
    pub(super) spec: &'a PlainSpec,
    pub(super) facts: &'a Facts<'t>,
    pub(super) call: Node<'t>,
}

/// The calls of a function that the rule looks for.
pub fn calls<'t>(spec: &PlainSpec, function: Node<'t>) -> Vec<Node<'t>> {
    let all = function.descendants().filter(|n| n.is(Kind::CallExpression));
    all.filter(|call| callee(*call) == Some(spec.callee.as_str())).collect()
}

/// Recognise the walk around a call.
pub fn recognise<'t>(
    spec: &PlainSpec,
    facts: &Facts<'t>,
    call: Node<'t>,
    proof: &mut Proof,
) -> Result<PlainWalk<'t>, Refusal> {
    let ground = Ground { spec, facts, call };
    let pattern = spec.step.call();
    let Some(env) = match_node(pattern, call, &Environment::default()) else {
        return Err(ground.refuse(
            RefusalCode::NotUnderstood,
            call,
            "the arguments do not have a form that the rule knows",
        ));
    };
    match &spec.step {
        Step::Next(_) => one_by_one(&ground, env, proof),
        Step::Fill { count, element, .. } => batches(&ground, env, count, element, proof),
    }
}

impl<'t> Ground<'_, 't> {
    pub(super) fn scopes(&self) -> &Scopes<'t> {
        &self.facts.scopes
    }

    pub(super) fn refuse(&self, code: RefusalCode, node: Node<'_>, sentence: impl Into<String>) -> Refusal {
        Refusal::new(code, node.span(), sentence)
    }

    /// The local variable that a metavariable stands for.
    pub(super) fn local(&self, env: &Environment, name: &str) -> Result<DeclId, Refusal> {
        let bound = env.get(name).and_then(|b| b.node).map(|id| self.call.tree().node(id));
        let known = bound.and_then(|node| self.scopes().resolve(node));
        let known = known.filter(|id| self.scopes().declaration(*id).is_automatic());
        known.ok_or_else(|| {
            let sentence = "what is walked with is no variable of this function";
            self.refuse(RefusalCode::ArrayEscapes, bound.unwrap_or(self.call), sentence)
        })
    }

    /// The innermost loop around the call.
    pub(super) fn looping(&self) -> Result<Node<'t>, Refusal> {
        let function = self.facts.function;
        let around = self.call.ancestors().take_while(|n| *n != function).find(|n| n.kind().is_loop());
        around.ok_or_else(|| {
            let sentence = "this is called once and not in a loop; a walk would go on";
            self.refuse(RefusalCode::NoOuterLoop, self.call, sentence)
        })
    }

    /// How the walk begins: the statement, and what the callback has to leave out.
    pub(super) fn begin(
        &self,
        looping: Node<'t>,
        own: DeclId,
        env: &Environment,
    ) -> Result<(Option<Node<'t>>, Option<String>, Environment), Refusal> {
        if self.spec.begin.is_empty() {
            return Ok((None, None, env.clone()));
        }
        let before = std::iter::successors(looping.prev_sibling(), |n| n.prev_sibling());
        let Some(statement) = before.into_iter().find(|n| self.mentions(*n, own)) else {
            let sentence = "where this walk begins is not in the block of its loop";
            return Err(self.refuse(RefusalCode::NotUnderstood, looping, sentence));
        };
        let known = self
            .spec
            .begin
            .iter()
            .find_map(|b: &Begin| Some((b.skips.clone(), statement_match(&b.pattern, statement, env)?)));
        let Some((skips, env)) = known else {
            let sentence = "the walk begins in a way that the rule does not know";
            return Err(self.refuse(RefusalCode::NotUnderstood, statement, sentence));
        };
        Ok((Some(statement), skips, env))
    }

    /// Whether a piece of code mentions a variable.
    pub(super) fn mentions(&self, node: Node<'t>, id: DeclId) -> bool {
        self.scopes().uses(id).iter().any(|u| node.encloses(*u))
            || node.encloses(self.scopes().declaration(id).ident)
                && self.scopes().declaration(id).initializer.is_some()
    }

    /// Every use of a variable of the walk lies in `known`, or in front of the loop when nothing leads back there.
    pub(super) fn used_only_in(
        &self,
        id: DeclId,
        looping: Node<'t>,
        known: &[Span],
        inside: RefusalCode,
    ) -> Result<(), Refusal> {
        let name = self.scopes().declaration(id).name;
        let nested = looping.ancestors().any(|n| n.kind().is_loop());
        for ident in self.scopes().uses(id) {
            if known.iter().any(|s| s.contains(ident.span())) {
                continue;
            }
            if looping.encloses(*ident) {
                return Err(self.refuse(
                    inside,
                    *ident,
                    format!("`{name}` belongs to the walk and is used here"),
                ));
            }
            if ident.span().start > looping.span().start || nested {
                let sentence = format!("`{name}` belongs to the walk and is used behind it");
                return Err(self.refuse(RefusalCode::PagesUsedAfterLoop, *ident, sentence));
            }
        }
        Ok(())
    }

    /// The values of the walk's variables are not looked at behind the loop.
    pub(super) fn dead_behind(&self, looping: Node<'t>, own: &[DeclId]) -> Result<(), Refusal> {
        let region = Region::of(&[looping], self.facts, &Liveness::of(self.facts));
        let Some(live) = own.iter().find(|id| region.live_out.contains(id)) else { return Ok(()) };
        let declaration = self.scopes().declaration(*live);
        let behind = self.scopes().uses(*live).iter().find(|u| u.span().start >= looping.span().end);
        let sentence = format!("`{}` is looked at behind the loop", declaration.name);
        Err(self.refuse(RefusalCode::ValueAfterLoop, behind.copied().unwrap_or(looping), sentence))
    }

    /// What is the same for every plain walk.
    pub(super) fn prove(&self, proof: &mut Proof, walk: &PlainWalk<'t>) {
        let at = vec![walk.looping.span()];
        let name = &self.spec.callee;
        proof.shown(
            Duty::GoesOn,
            format!("the loop ends where `{name}` gives nothing more"),
            vec![walk.call.span()],
        );
        proof.shown(Duty::Pieces, "an element is taken whole", at.clone());
        let held = format!("{}() holds and drops an element as the loop did", self.spec.helper.0);
        proof.shown(Duty::References, held, at.clone());
        let own = ["iter", "batch"].into_iter().find_map(|n| self.local(&walk.env, n).ok());
        let uses: Vec<Node<'t>> = own.map(|id| self.scopes().uses(id).to_vec()).unwrap_or_default();
        let with = own.map_or("what it walks with", |id| self.scopes().declaration(id).name);
        let spans: Vec<Span> = uses.iter().map(|n| n.span()).collect();
        let array = format!("each of the {} uses of `{with}` belongs to the walk", uses.len());
        proof.shown(Duty::Array, array, spans.clone());
        let inside = uses.iter().filter(|u| walk.looping.encloses(**u)).count();
        let object = format!("`{with}` is used {inside} times in the loop, by the walk's own calls alone");
        proof.shown(Duty::Object, object, spans);
        let behind = format!("`{with}` and what else the walk sets are not looked at behind the loop");
        proof.shown(Duty::Behind, behind, at.clone());
        proof.shown(Duty::ErrorChannel, "the walk itself cannot fail", at);
    }
}

/// Match the expression of an expression statement.
pub(super) fn statement_match(
    pattern: &Pattern,
    statement: Node<'_>,
    env: &Environment,
) -> Option<Environment> {
    if !statement.is(Kind::ExpressionStatement) {
        return None;
    }
    statement.named_children().find_map(|e| match_node(pattern, e, env))
}
