//! Walks that fill an array and take its elements in turn.
//!
//! In: a call that fills the array. Out: the walk, if an inner loop counts over all that was filled, each
//! element is used by its own turn alone, and what is done per batch is what the helper does per batch.

use super::recognise::{Ground, PlainWalk, statement_match};
use crate::flow::access::accesses;
use crate::matcher::{Binding, Environment, match_node};
use crate::smpl::pattern::Pattern;
use crate::source::Span;
use crate::syntax::scope::DeclId;
use crate::syntax::{Field, Kind, Node};
use crate::walk::eval::unwrapped;
use crate::walk::obligations::{Duty, Proof};
use crate::walk::site::statements_of;
use crate::walk::{Refusal, RefusalCode};

pub(super) fn batches<'t>(
    ground: &Ground<'_, 't>,
    env: Environment,
    count: &[Pattern],
    element: &Pattern,
    proof: &mut Proof,
) -> Result<PlainWalk<'t>, Refusal> {
    let looping = ground.looping()?;
    let batch = ground.local(&env, "batch")?;
    let mut turn = Turn {
        ground,
        env,
        count,
        looping,
        known: vec![ground.call.span()],
        counted: Vec::new(),
        more_per_batch: false,
    };
    let mut rest = turn.filled()?;
    turn.count_is_asked(&mut rest)?;
    let inner = turn.inner(&mut rest)?;
    turn.behind(rest)?;
    let (begin, skips, env) = ground.begin(looping, batch, &turn.env)?;
    turn.known.extend(begin.map(|n| n.span()));
    let elements = turn.elements(&inner, element)?;
    turn.known.extend(&elements);
    ground.used_only_in(batch, looping, &turn.known, RefusalCode::NeighbourElement)?;
    let mut own = turn.counted.clone();
    own.push(inner.index);
    let mut known = turn.known.clone();
    known.push(inner.header);
    for id in &own {
        let name = ground.scopes().declaration(*id).name;
        let used = ground.scopes().uses(*id).iter();
        let mut inside =
            used.filter(|u| looping.encloses(**u) && !known.iter().any(|s| s.contains(u.span())));
        if let Some(ident) = inside.next() {
            let sentence =
                format!("`{name}` tells where in its batch an element stands, which must not matter");
            return Err(ground.refuse(RefusalCode::BatchPositionUsed, *ident, sentence));
        }
    }
    ground.dead_behind(looping, &own)?;
    stays_put(ground, looping)?;
    stays_in_batch(ground, &inner)?;
    let (element, statements) = turn.named(&inner, &elements);
    let counts = format!(
        "`{}` counts from 0 over all that were filled",
        ground.scopes().declaration(inner.index).name
    );
    proof.shown(Duty::Cursors, counts, vec![inner.header]);
    let at = vec![looping.span()];
    if turn.more_per_batch {
        let open = "the helper also does something between batches that this loop does not, such as sleeping";
        proof.open(Duty::PerBatch, open, at);
    } else {
        proof.shown(Duty::PerBatch, "the helper does the same for each batch", at);
    }
    let elements = if element.is_some() { Vec::new() } else { elements };
    let walk =
        PlainWalk { call: ground.call, looping, begin, end: None, statements, element, elements, skips, env };
    ground.prove(proof, &walk);
    Ok(walk)
}

/// One turn of the outer loop, as far as it was read.
struct Turn<'a, 'b, 't> {
    ground: &'a Ground<'b, 't>,
    env: Environment,
    count: &'a [Pattern],
    looping: Node<'t>,
    /// Code that belongs to the walk.
    known: Vec<Span>,
    /// Variables that hold how many elements there are.
    counted: Vec<DeclId>,
    /// Whether the helper does something per batch that the loop does not.
    more_per_batch: bool,
}

/// The loop over a batch.
struct Inner<'t> {
    index: DeclId,
    header: Span,
    statements: Vec<Node<'t>>,
}

impl<'t> Turn<'_, '_, 't> {
    /// The array is filled, and the loop left if it stays empty. What follows in the loop's body.
    fn filled(&mut self) -> Result<Vec<Node<'t>>, Refusal> {
        let ground = self.ground;
        let body = self.looping.child(Field::Body).map(statements_of).unwrap_or_default();
        let mut rest: Vec<Node<'t>> =
            body.into_iter().filter(|n| !n.is(Kind::Comment) && !is_bare_declaration(*n)).collect();
        let condition = self.looping.child(Field::Condition).map(unwrapped);
        let parts = condition.map(conjuncts).unwrap_or_default();
        let in_condition = parts.iter().copied().find(|p| p.encloses(ground.call));
        for part in parts.iter().filter(|p| Some(**p) != in_condition) {
            let endless = part.is(Kind::True) || part.text() == "1";
            if !endless && !ground.spec.go_on.iter().any(|p| match_node(p, *part, &self.env).is_some()) {
                let sentence = "the loop may also end for this, which is not part of the walk";
                return Err(ground.refuse(RefusalCode::NotUnderstood, *part, sentence));
            }
            self.known.push(part.span());
        }
        let not_understood =
            |node, sentence: &str| Err(ground.refuse(RefusalCode::NotUnderstood, node, sentence));
        if let Some(part) = in_condition {
            if !self.is_filled(part) || !self.looping.is(Kind::WhileStatement) {
                return not_understood(
                    part,
                    "the loop does not go on exactly as long as the array is filled",
                );
            }
            self.known.push(part.span());
            return Ok(rest);
        }
        let filling = rest.first().copied().filter(|n| n.encloses(ground.call));
        let Some(filling) = filling else {
            return not_understood(ground.call, "something comes before the array is filled");
        };
        let value = filling.named_children().next();
        let assigned = value.filter(|v| filling.is(Kind::ExpressionStatement) && self.is_filled(*v));
        let (Some(_), Some(test)) = (assigned.and(self.counted.last()), rest.get(1).copied()) else {
            return not_understood(ground.call, "how many elements there are is not kept");
        };
        if !self.leaves_if_empty(test) {
            let sentence = "the loop is not left where no element was found";
            return Err(ground.refuse(RefusalCode::NoFailureTest, test, sentence));
        }
        self.known.extend([filling.span(), test.span()]);
        rest.drain(..2);
        Ok(rest)
    }

    /// The call as a truth value, or what it gives kept in a variable.
    fn is_filled(&mut self, node: Node<'t>) -> bool {
        let node = unwrapped(node);
        let call = self.ground.call;
        if node == call {
            return true;
        }
        let side = |field| node.child(field).map(unwrapped);
        if node.is(Kind::AssignmentExpression)
            && node.operator() == Some("=")
            && side(Field::Right) == Some(call)
        {
            let id = node.child(Field::Left).and_then(|n| self.ground.scopes().resolve(n));
            self.counted.extend(id);
            return id.is_some();
        }
        let compared = node.is(Kind::BinaryExpression) && matches!(node.operator(), Some("!=" | ">"));
        let zero = side(Field::Right).is_some_and(|n| n.text() == "0");
        compared && zero && side(Field::Left).is_some_and(|left| self.is_filled(left))
    }

    /// `if (!n) break;`, or `return` where nothing follows the loop.
    fn leaves_if_empty(&self, test: Node<'t>) -> bool {
        let Some(condition) = test.child(Field::Condition).map(unwrapped) else { return false };
        let counted = |n: Node<'t>| {
            self.ground.scopes().resolve(unwrapped(n)).is_some_and(|id| self.counted.contains(&id))
        };
        let empty = match condition.kind() {
            Kind::UnaryExpression => {
                condition.operator() == Some("!") && condition.child(Field::Argument).is_some_and(counted)
            }
            Kind::BinaryExpression => {
                let zero = condition.child(Field::Right).is_some_and(|n| n.text() == "0");
                zero && condition.operator() == Some("==")
                    && condition.child(Field::Left).is_some_and(counted)
            }
            _ => false,
        };
        empty && self.leaves(test)
    }

    /// Whether a test does nothing but leave the loop.
    fn leaves(&self, test: Node<'t>) -> bool {
        let arm = test.child(Field::Consequence).map(statements_of).unwrap_or_default();
        let mut behind = std::iter::successors(self.looping.next_sibling(), |n| n.next_sibling());
        let last = behind.all(|n| matches!(n.kind(), Kind::Comment | Kind::Token))
            && self.looping.parent() == self.ground.facts.function.child(Field::Body);
        let goes = |n: &Node<'t>| {
            n.is(Kind::BreakStatement)
                || n.is(Kind::ReturnStatement) && n.named_children().next().is_none() && last
        };
        test.is(Kind::IfStatement)
            && test.child(Field::Alternative).is_none()
            && matches!(arm.as_slice(), [only] if goes(only))
    }

    /// `count = how_many(&batch);`
    fn count_is_asked(&mut self, rest: &mut Vec<Node<'t>>) -> Result<(), Refusal> {
        let Some(first) = rest.first().copied() else { return Ok(()) };
        let value = first.named_children().next().filter(|v| {
            first.is(Kind::ExpressionStatement)
                && v.is(Kind::AssignmentExpression)
                && v.operator() == Some("=")
        });
        let asked = value.and_then(|v| Some((v.child(Field::Left)?, v.child(Field::Right)?)));
        let Some((left, _)) = asked.filter(|(_, right)| self.asks(*right)) else { return Ok(()) };
        let Some(id) = self.ground.scopes().resolve(left) else { return Ok(()) };
        self.counted.push(id);
        self.known.push(first.span());
        rest.remove(0);
        Ok(())
    }

    /// Whether an expression asks how many elements there are.
    fn asks(&self, node: Node<'t>) -> bool {
        self.count.iter().any(|p| match_node(p, unwrapped(node), &self.env).is_some())
    }

    /// `for (i = 0; i < n; i++)`
    fn inner(&mut self, rest: &mut Vec<Node<'t>>) -> Result<Inner<'t>, Refusal> {
        let ground = self.ground;
        let refuse = |node, sentence: &str| Err(ground.refuse(RefusalCode::NotUnderstood, node, sentence));
        let Some(inner) = rest.first().copied() else {
            return refuse(self.looping, "there is no loop over the elements");
        };
        let Some(index) = counts_up(ground, inner) else {
            return refuse(inner, "something else than a loop over the elements follows");
        };
        let bound =
            inner.child(Field::Condition).and_then(|c| unwrapped(c).child(Field::Right)).map(unwrapped);
        let counted = bound.is_some_and(|b| {
            ground.scopes().resolve(b).is_some_and(|id| self.counted.contains(&id)) || self.asks(b)
        });
        if !counted {
            return refuse(inner, "the loop does not go over all elements that were found");
        }
        rest.remove(0);
        let body = inner.child(Field::Body);
        let statements = body.map(statements_of).unwrap_or_default();
        let end = body.map_or(inner.span().end, |b| b.span().start);
        let header = Span { start: inner.span().start, end };
        self.known.push(header);
        Ok(Inner { index, header, statements })
    }

    /// What is done with a batch when all its elements were seen.
    fn behind(&mut self, rest: Vec<Node<'t>>) -> Result<(), Refusal> {
        let (ground, env) = (self.ground, self.env.clone());
        let spec = ground.spec;
        let among = |all: &[Pattern], n: Node<'t>| all.iter().any(|p| statement_match(p, n, &env).is_some());
        let mut released = spec.release_all.is_empty();
        let mut missing: Vec<&Pattern> = spec.per_batch.iter().collect();
        for statement in rest {
            let condition = statement.child(Field::Condition).filter(|_| self.leaves(statement));
            let stops = condition.is_some_and(|c| {
                disjuncts(unwrapped(c))
                    .iter()
                    .all(|d| spec.stop.iter().any(|p| match_node(p, *d, &env).is_some()))
            });
            missing.retain(|p| statement_match(p, statement, &env).is_none());
            if among(&spec.release_all, statement) {
                released = true;
            } else if !among(&spec.per_batch, statement) && !stops {
                let sentence = "this is done once per batch, and the helper does not do it";
                return Err(ground.refuse(RefusalCode::BatchWorkAfterLoop, statement, sentence));
            }
            self.known.push(statement.span());
        }
        if released {
            self.more_per_batch = !missing.is_empty();
            return Ok(());
        }
        let sentence = "the elements of a batch are not let go, as the helper does";
        Err(ground.refuse(RefusalCode::ReferenceImbalance, self.looping, sentence))
    }

    /// Every place in the body that takes the element of this turn.
    fn elements(&self, inner: &Inner<'t>, element: &Pattern) -> Result<Vec<Span>, Refusal> {
        let ground = self.ground;
        let index = ground.scopes().uses(inner.index).iter().find(|u| inner.header.contains(u.span()));
        let env = index.map_or_else(|| self.env.clone(), |i| self.env.with("i", Binding::of(*i)));
        let all = inner.statements.iter().flat_map(|s| s.descendants().chain([*s]));
        let found: Vec<Node<'t>> = all.filter(|n| match_node(element, *n, &env).is_some()).collect();
        for node in &found {
            let taken = node.parent().is_some_and(|p| match p.kind() {
                Kind::PointerExpression => p.operator() == Some("&"),
                Kind::AssignmentExpression => p.child(Field::Left) == Some(*node),
                Kind::UpdateExpression => true,
                _ => false,
            });
            if taken {
                let sentence = "the place of the element in the array is used, and not only the element";
                return Err(ground.refuse(RefusalCode::ArrayEscapes, *node, sentence));
            }
        }
        let outermost = |n: &&Node<'t>| !found.iter().any(|o| o != *n && o.span().contains(n.span()));
        Ok(found.iter().filter(outermost).map(|n| n.span()).collect())
    }

    /// The variable that holds the element for the whole body, and the body without its declaration.
    fn named(&self, inner: &Inner<'t>, elements: &[Span]) -> (Option<DeclId>, Vec<Node<'t>>) {
        let whole = (None, inner.statements.clone());
        let first = inner.statements.iter().position(|n| !n.is(Kind::Comment));
        let (Some(at), [only]) = (first, elements) else { return whole };
        let declaration = inner.statements[at];
        let mut declared =
            self.ground.scopes().declarations().iter().filter(|d| d.declaration == declaration);
        let (Some(one), None) = (declared.next(), declared.next()) else { return whole };
        let wanted: String = self.ground.spec.callback.element.0.split_whitespace().collect();
        let written: String = one.ty.without_const().declare("").split_whitespace().collect();
        if one.initializer.map(|n| n.span()) != Some(*only)
            || wanted != written
            || inner.statements.len() == 1
        {
            return whole;
        }
        let mut statements = inner.statements.clone();
        statements.remove(at);
        (Some(one.id), statements)
    }
}

/// What the call is given is the same in each turn; what it moves itself is given by its address.
fn stays_put<'t>(ground: &Ground<'_, 't>, looping: Node<'t>) -> Result<(), Refusal> {
    let by_address =
        |n: Node<'t>| n.parent().is_some_and(|p| p.is(Kind::PointerExpression) && p.operator() == Some("&"));
    let given = ground.call.descendants().filter(|n| n.is(Kind::Identifier) && !by_address(*n));
    let given: Vec<DeclId> = given.filter_map(|n| ground.scopes().resolve(n)).collect();
    let written = accesses(looping, ground.scopes())
        .into_iter()
        .find(|a| given.contains(&a.decl) && a.may_define() && !ground.call.encloses(a.node));
    let Some(access) = written else { return Ok(()) };
    let name = ground.scopes().declaration(access.decl).name;
    let sentence = format!("`{name}` says where to look, and the loop moves it");
    Err(ground.refuse(RefusalCode::CursorRedefined, access.node, sentence))
}

/// A `break` out of the inner loop goes on with the next batch, which the helper cannot do.
fn stays_in_batch<'t>(ground: &Ground<'_, 't>, inner: &Inner<'t>) -> Result<(), Refusal> {
    let all = inner.statements.iter().flat_map(|s| s.descendants().chain([*s]));
    for jump in all.filter(|n| n.is(Kind::BreakStatement)) {
        let around = jump.ancestors().find(|n| n.kind().is_loop() || n.is(Kind::SwitchStatement));
        if around.is_none_or(|n| !inner.statements.iter().any(|s| s.encloses(n))) {
            let sentence = "this goes on with the next batch, and not with the next element";
            return Err(ground.refuse(RefusalCode::BatchPositionUsed, jump, sentence));
        }
    }
    Ok(())
}

/// The index of a loop that counts up from zero by one.
fn counts_up<'t>(ground: &Ground<'_, 't>, inner: Node<'t>) -> Option<DeclId> {
    if !inner.is(Kind::ForStatement) {
        return None;
    }
    let scopes = ground.scopes();
    let condition = unwrapped(inner.child(Field::Condition)?);
    let index = scopes.resolve(unwrapped(condition.child(Field::Left)?))?;
    let less = condition.is(Kind::BinaryExpression) && condition.operator() == Some("<");
    let start = inner.child(Field::Initializer)?;
    let zero = match start.kind() {
        Kind::AssignmentExpression => {
            let own = scopes.resolve(start.child(Field::Left)?) == Some(index);
            own && start.operator() == Some("=") && start.child(Field::Right)?.text() == "0"
        }
        Kind::Declaration => scopes.declaration(index).initializer.is_some_and(|n| n.text() == "0"),
        _ => false,
    };
    let update = unwrapped(inner.child(Field::Update)?);
    let own = |field| update.child(field).and_then(|n| scopes.resolve(n)) == Some(index);
    let by_one = match update.kind() {
        Kind::UpdateExpression => update.operator() == Some("++") && own(Field::Argument),
        Kind::AssignmentExpression => {
            update.operator() == Some("+=") && own(Field::Left) && update.child(Field::Right)?.text() == "1"
        }
        _ => false,
    };
    (less && zero && by_one).then_some(index)
}

/// A declaration that computes nothing.
fn is_bare_declaration(node: Node<'_>) -> bool {
    let constant = |d: Node<'_>| d.child(Field::Value).is_some_and(|v| v.is(Kind::NumberLiteral));
    node.is(Kind::Declaration)
        && node.children_in(Field::Declarator).all(|d| !d.is(Kind::InitDeclarator) || constant(d))
}

/// The operands of `&&`.
fn conjuncts(node: Node<'_>) -> Vec<Node<'_>> {
    operands(node, "&&")
}

/// The operands of `||`.
fn disjuncts(node: Node<'_>) -> Vec<Node<'_>> {
    operands(node, "||")
}

fn operands<'t>(node: Node<'t>, operator: &str) -> Vec<Node<'t>> {
    let node = unwrapped(node);
    let sides = (node.child(Field::Left), node.child(Field::Right));
    match sides {
        (Some(left), Some(right)) if node.is(Kind::BinaryExpression) && node.operator() == Some(operator) => {
            [operands(left, operator), operands(right, operator)].concat()
        }
        _ => vec![node],
    }
}
