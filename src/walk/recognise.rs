//! Putting the proof together.
//!
//! In: one acquisition. Out: a [`Walk`] whose obligations are all discharged, with its notes; or the first
//! fact that stands against it.

use super::aliases::check_aliases;
use super::anew::check_decided;
use super::batch_work::{check_locks, check_per_batch, check_per_batch_values, check_sums};
use super::carried::Carried;
use super::choice::choice;
use super::control::{Control, control};
use super::eval::{Evaluator, unwrapped};
use super::evidence;
use super::exits::{End, Exit, exits};
use super::failure::{Failure, failure};
use super::last_batch::{check_batch_values, check_offset, check_whole_batch};
use super::machine::{Level, Machine};
use super::notes::{Found, Note};
use super::obligations::Proof;
use super::output::{Output, Stage};
use super::ownership::{check_drains, check_references, check_whole};
use super::pieces::check_same_pieces;
use super::position::{Positions, check_turn, seen_elsewhere};
use super::queue::Queue;
use super::refusal::{Refusal, RefusalCode};
use super::rest::check_running;
use super::room::{check_entered, check_room};
use super::site::{self, Site};
use super::spec::WalkSpec;
use super::state::{Added, State};
use super::stops::within_batches;
use super::storage::{check_handed_on, outside};
use super::sym::{Facts, Sign};
use super::total::{Limit, Total, expected_after, limit, totals};
use super::usage;
use crate::source::Span;
use crate::syntax::scope::{DeclId, Scopes};
use crate::syntax::{Field, Kind, Node};
use std::collections::BTreeSet;

/// A loop that is a walk.
#[derive(Clone, Debug)]
pub struct Walk<'t> {
    /// Where.
    pub site: Site<'t>,
    /// How far it goes.
    pub total: Total<'t>,
    /// What limits a batch.
    pub limit: Limit<'t>,
    /// What is left of the body for one piece.
    pub body: Output<'t>,
    /// Ways out of the body.
    pub exits: Vec<Exit<'t>>,
    /// What a failed acquisition leads to.
    pub failure: Failure<'t>,
    /// What is known at the end of a complete turn.
    pub end: State<'t>,
    /// The variable that says how the loop ended.
    pub control: Option<Control>,
    /// Whether a turn may end with the control variable set, which ends the loop.
    pub ends_with_control: bool,
    /// What is known of variables at the start of every turn.
    pub carried: Carried,
    /// Variables that hold nothing but cursors.
    pub cursors: BTreeSet<DeclId>,
    /// What a reviewer should know.
    pub notes: Vec<Note>,
}

/// What came of one acquisition.
#[derive(Clone, Debug)]
pub struct Recognised<'t> {
    /// The call that acquires.
    pub call: Node<'t>,
    /// The walk, or the first fact that stands against it.
    pub walk: Result<Walk<'t>, Refusal>,
    /// What had to be shown, and how it stands.
    pub proof: Proof,
}

/// Recognise every walk of a function, in the order of the acquisitions.
pub fn recognise<'t>(spec: &WalkSpec, scopes: &Scopes<'t>) -> Vec<Recognised<'t>> {
    let one = |call| {
        let mut proof = Proof::default();
        let walk = walk(spec, scopes, call, Ended::Told, &mut proof);
        if let Err(refusal) = &walk {
            proof.refused(refusal);
            let queue = (refusal.code == RefusalCode::RefillQueue).then(|| Queue::of(spec, call)).flatten();
            queue.iter().for_each(|queue| queue.tell(&mut proof));
        }
        Recognised { call, walk, proof }
    };
    let calls = site::acquisitions(spec, scopes.function()).into_iter();
    let other_way = |call: &Node<'t>| choice(spec, scopes, *call).is_some_and(|c| c.calls[0] != *call);
    calls.filter(|call| !other_way(call)).map(one).collect()
}

/// How the code behind the loop learns how that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// From what the helper returns.
    Told,
    /// From the variables that the body has set, as before.
    Kept,
}

/// Recognise the walk of an acquisition with every variable left as it is: none gets what the helper returns.
pub fn recognise_kept<'t>(spec: &WalkSpec, scopes: &Scopes<'t>, call: Node<'t>) -> Recognised<'t> {
    let mut proof = Proof::default();
    let walk = walk(spec, scopes, call, Ended::Kept, &mut proof);
    Recognised { call, walk, proof }
}

fn walk<'t>(
    spec: &WalkSpec,
    scopes: &Scopes<'t>,
    call: Node<'t>,
    ended: Ended,
    proof: &mut Proof,
) -> Result<Walk<'t>, Refusal> {
    if scopes.function().has_opaque() && site::opaque_near(call, scopes.function()) {
        if let Some(directive) = site::directive_near(call, scopes.function()) {
            let sentence = "this conditional region does not hold whole statements";
            return Err(Refusal::new(RefusalCode::ConditionalStraddles, directive, sentence));
        }
        return Err(Refusal::new(
            RefusalCode::OpaqueCode,
            call.span(),
            "the code around this could not be read",
        ));
    }
    check_jumps(scopes, call)?;
    let site = site::site(spec, scopes, call)?;
    check_conditions(scopes, &site)?;
    check_whole_batch(scopes, &site)?;
    let outside = outside(spec, scopes, &site)?;
    let site = Site { outside, ..site };
    check_handed_on(spec, scopes, &site)?;
    check_aliases(scopes, &site)?;
    check_offset(scopes, &site)?;
    check_locks(spec, &site)?;
    let facts = Facts::Iteration;
    let eval = Evaluator { spec, scopes, site: &site, facts };
    let mut first = None;
    for total in totals(&eval)? {
        match with_total(&eval, &total, ended, proof) {
            Ok(walk) => return Ok(walk),
            Err(refusal) => first = first.or(Some((refusal, proof.clone()))),
        }
    }
    let (refusal, reached) = first.unwrap_or_else(|| {
        let sentence = "how far the walk goes is not to be seen here";
        (Refusal::at(RefusalCode::NotUnderstood, site.outer, sentence), Proof::default())
    });
    *proof = reached;
    Err(refusal)
}

/// The callback stands above the function: a walk that is only there under a condition of the preprocessor would leave
/// it, and the variables of the call, unused where the condition does not hold.
fn check_conditions(scopes: &Scopes<'_>, site: &Site<'_>) -> Result<(), Refusal> {
    let function = scopes.function();
    let inside = site.outer.ancestors().take_while(|n| function.encloses(*n) && *n != function);
    let is_directive = |n: &Node<'_>| {
        use Kind::{PreprocElif, PreprocElifdef, PreprocElse, PreprocIf, PreprocIfdef};
        matches!(n.kind(), PreprocIf | PreprocIfdef | PreprocElse | PreprocElif | PreprocElifdef)
    };
    let Some(directive) = inside.filter(is_directive).last() else { return Ok(()) };
    let text = directive.text();
    let line = Span {
        end: directive.span().start + text.find('\n').unwrap_or(text.len()) as u32,
        ..directive.span()
    };
    let sentence = "the walk is only there under this condition, and the callback would stand outside of it";
    Err(Refusal::new(RefusalCode::ConditionalStraddles, line, sentence))
}

/// Recognise the walk, its length being told in one way.
fn with_total<'t>(
    eval: &Evaluator<'_, 't>,
    total: &Total<'t>,
    ended: Ended,
    proof: &mut Proof,
) -> Result<Walk<'t>, Refusal> {
    let (spec, scopes) = (eval.spec, eval.scopes);
    let limit = limit(eval, total)?;
    check_room(eval, total)?;
    let site = Site { flags: total.flags.clone(), also: total.rest.clone(), ..eval.site.clone() };
    let eval = Evaluator { site: &site, ..*eval };
    let mut cursors = usage::candidates(&site, scopes);
    let counter_goes = total.counter.is_some_and(|c| !usage::live_behind(&site, c.id));
    cursors.extend(total.counter.filter(|_| counter_goes).map(|c| c.id));
    // A variable that is a cursor on some paths only is not one: take it out and start again.
    let mut carried = Carried::at_first(&eval, total);
    loop {
        *proof = Proof::default();
        let assumed =
            Assumed { spec, scopes, site: &site, total, limit, cursors: &cursors, carried: &carried, ended };
        match attempt(&assumed, proof) {
            Ok(walk) => return Ok(walk),
            Err(Again::Without(id)) => {
                cursors.remove(&id);
            }
            Err(Again::Carrying(weaker)) => carried = weaker,
            Err(Again::Refused(refusal)) => return Err(refusal),
        }
    }
}

enum Again {
    Without(DeclId),
    Carrying(Carried),
    Refused(Refusal),
}

impl From<Refusal> for Again {
    fn from(refusal: Refusal) -> Self {
        Again::Refused(refusal)
    }
}

/// What an attempt takes for granted.
#[derive(Clone, Copy)]
struct Assumed<'a, 't> {
    spec: &'a WalkSpec,
    scopes: &'a Scopes<'t>,
    site: &'a Site<'t>,
    total: &'a Total<'t>,
    limit: Limit<'t>,
    cursors: &'a BTreeSet<DeclId>,
    carried: &'a Carried,
    ended: Ended,
}

/// What was found for batches of any size.
struct AnyBatch<'a, 't> {
    machine: Machine<'a, 't>,
    end: State<'t>,
    failure: Failure<'t>,
    ways_out: Vec<Exit<'t>>,
    positions: Positions<'t>,
}

fn in_any_batch<'a, 't>(assumed: &Assumed<'a, 't>, proof: &mut Proof) -> Result<AnyBatch<'a, 't>, Refusal> {
    let Assumed { spec, scopes, site, total, cursors, carried, .. } = *assumed;
    let mut machine = Machine::new(spec, scopes, site, cursors, Facts::Iteration);
    let mut end = carried.start(&machine.eval, total);
    machine.eval.begin_turn(&mut end);
    machine.list(&site.body, &mut end, Level::Top)?;
    let failure = failure(&machine)?;
    check_entered(&machine.eval, total, &failure.arm)?;
    check_counter(scopes, total, &end)?;
    evidence::goes_on(proof, scopes, total);
    let ways_out = exits(&machine, &machine.out)?;
    machine.fresh(Stage::Behind).asks_again(total, &mut end.clone())?;
    check_running(scopes, &machine.out, &end)?;
    check_whole(&end)?;
    let positions = Positions::of(&machine, &ways_out, &end)?;
    Ok(AnyBatch { machine, end, failure, ways_out, positions })
}

fn attempt<'t>(assumed: &Assumed<'_, 't>, proof: &mut Proof) -> Result<Walk<'t>, Again> {
    let Assumed { spec, scopes, site, total, limit, cursors, carried, .. } = *assumed;
    let any = in_any_batch(assumed, proof)?;
    let mut unit = Machine::new(spec, scopes, site, cursors, Facts::UnitBatch);
    let mut end = carried.start(&unit.eval, total);
    unit.eval.begin_turn(&mut end);
    unit.list(&site.body, &mut end, Level::Top)?;
    unit.asks_again(total, &mut end.clone())?;
    // A way out that batches of one element never take is gone with its faults.
    let taken = |exit: &Exit<'t>| unit.out.jumps.iter().any(|jump| jump.node == exit.jump.node);
    let ways_out: Vec<Exit<'t>> = any.ways_out.iter().filter(|e| taken(e)).cloned().collect();
    check_drains(&any.machine, &ways_out)?;
    if let Some(id) = carried.contradiction(&end, &total.flags) {
        return Err(Again::Carrying(carried.weakened(&unit.eval, id, &end)));
    }
    check_batch_values(scopes, site, &any.end)?;
    check_turn(&unit, &end)?;
    let mut body = std::mem::take(&mut unit.out);
    body.piece_names.clone_from(&any.machine.out.piece_names);
    if let Some(id) = body.lost.intersection(&body.needed).find(|id| cursors.contains(id)) {
        return Err(Again::Without(*id));
    }
    if let Some(id) = body.unspelled.first() {
        return Err(Again::Without(*id));
    }
    unit.out.failure.clone_from(&body.failure);
    check_same_pieces(&unit.eval, &body, &any.machine.out)?;
    if let Some(refusal) = &any.machine.out.anew {
        return Err(refusal.clone().into());
    }
    evidence::pieces(proof, &unit.eval, &any.machine.out, limit);
    evidence::uses(proof, scopes, site);
    check_decided(&unit.eval, &body, &any.machine.out)?;
    let looked_up = check_per_batch_values(spec, scopes, site, (&body, &any.machine.out))?;
    let mut exits = exits(&unit, &body)?;
    any.positions.tell(&mut exits);
    let stops = within_batches(&unit.eval, total, &body, &exits, (&any.machine.out, &any.end))?;
    for exit in exits.iter().filter(|e| matches!(e.end, End::GoesOn)) {
        if let Some(id) = carried.contradiction(&exit.state, &[]) {
            return Err(Again::Carrying(carried.weakened(&unit.eval, id, &exit.state)));
        }
    }
    Ok(concluded(assumed, &unit, Turn { body, exits, end, failure: any.failure, looked_up, stops }, proof)?)
}

/// One turn with a batch of one piece.
struct Turn<'t> {
    body: Output<'t>,
    exits: Vec<Exit<'t>>,
    end: State<'t>,
    failure: Failure<'t>,
    /// Values that are looked up once per batch.
    looked_up: Vec<Node<'t>>,
    /// Tests that end the walk within what was a batch.
    stops: Vec<Node<'t>>,
}

/// The checks of a whole turn, and the walk.
fn concluded<'t>(
    assumed: &Assumed<'_, 't>,
    unit: &Machine<'_, 't>,
    turn: Turn<'t>,
    proof: &mut Proof,
) -> Result<Walk<'t>, Refusal> {
    let Assumed { spec, scopes, site, total, limit, cursors, carried, ended } = *assumed;
    let Turn { body, exits, end, failure, looked_up, stops } = turn;
    evidence::asked_in_body(proof, total, &body);
    let once_more = check_references(scopes, site, &exits, &end)?;
    evidence::references(proof, site, &exits, &end);
    let costly = check_per_batch(spec, &body, &exits)?;
    evidence::per_batch(proof, &body, &costly);
    let early = check_sums(scopes, site, &body, &exits)?;
    evidence::looked_up(proof, &looked_up);
    let is_zero = |id: &DeclId| super::exits::known(&end, *id).0 == Sign::Zero;
    let raised: Vec<DeclId> = total.flags.iter().filter(|id| !is_zero(id)).copied().collect();
    let mut ends = vec![&end];
    ends.extend(exits.iter().filter(|e| matches!(e.end, End::GoesOn)).map(|e| &e.state));
    let accumulated = |id: DeclId, condition: Node<'t>| is_accumulated(&ends, scopes, id, condition);
    let control = match ended {
        Ended::Told => control(&unit.eval, &failure.state, &exits, &end, &accumulated, &raised)?,
        Ended::Kept => None,
    };
    if raised.iter().any(|id| Some(*id) != control.map(|c| c.id)) {
        let sentence = "what makes the loop end early is not what it returns";
        return Err(Refusal::new(RefusalCode::NotUnderstood, total.condition.span(), sentence));
    }
    evidence::ways_out(proof, scopes, &exits, failure.arm.test, control);
    evidence::behind(proof, scopes, site, control);
    evidence::added_early(proof, &early);
    evidence::stops(proof, &stops);
    let ends_with_control = !raised.is_empty();
    let mut walk = Walk {
        site: site.clone(),
        total: total.clone(),
        limit,
        body,
        exits,
        failure,
        end,
        control,
        ends_with_control,
        carried: carried.clone(),
        cursors: cursors.clone(),
        notes: Vec::new(),
    };
    let asked = seen_elsewhere(&walk);
    evidence::position_asked(proof, asked);
    walk.notes = Found { eval: &unit.eval, walk: &walk, once_more: &once_more, stops: &stops, asked }.notes();
    Ok(walk)
}

/// A jump to an address cannot be followed.
fn check_jumps(scopes: &Scopes<'_>, call: Node<'_>) -> Result<(), Refusal> {
    let computed = |n: &Node<'_>| n.is(Kind::GotoStatement) && n.child(Field::Label).is_none();
    let around = call.ancestors().take_while(|a| *a != scopes.function()).find(|a| a.kind().is_loop());
    match around.and_then(|l| l.descendants().find(computed)) {
        Some(_) => {
            let sentence = "the loop around this jumps to the address of a label";
            Err(Refusal::new(RefusalCode::OpaqueCode, call.span(), sentence))
        }
        None => Ok(()),
    }
}

fn check_counter(scopes: &Scopes<'_>, total: &Total<'_>, end: &State<'_>) -> Result<(), Refusal> {
    let Some(counter) = total.counter else { return Ok(()) };
    if end.value(counter.id).quantity() == expected_after(counter).as_ref() {
        return Ok(());
    }
    let name = scopes.declaration(counter.id).name;
    Err(Refusal::new(
        RefusalCode::NotUnderstood,
        total.condition.span(),
        format!("it cannot be shown that `{name}` counts what was walked"),
    ))
}

/// Whether `condition` is a sum to which the variable, or something above zero, is added in every turn.
fn is_accumulated(ends: &[&State<'_>], scopes: &Scopes<'_>, id: DeclId, condition: Node<'_>) -> bool {
    let Some(sum) = scopes.resolve(unwrapped(condition)) else { return false };
    let goes_up = |end: &&State<'_>| {
        end.added.contains(&(sum, Added::Positive)) || end.added.contains(&(sum, Added::Variable(id)))
    };
    ends.iter().all(goes_up)
}
