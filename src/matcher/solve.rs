//! Where a formula holds.
//!
//! In: a formula, a graph, a vertex and an environment. Out: every environment in which it holds there, with the tokens
//! it matched; ways to match that agree in what they bind are one, with the tokens of all. Every question is answered
//! once: answers are kept by formula, vertex and bindings, so that sharing in the pattern is sharing of work. A function
//! that needs more than a fixed number of answers is given up, and says so.

mod bounds;
mod part;
mod readings;
mod until;

use super::environment::{Environment, Identity};
use super::formula::{Formula, Item, Shape, Table, Test};
use super::graph::{Graph, Leaves, Past, VertexKind, is_jump};
use crate::flow::bits::Bits;
use crate::smpl::Quantifier;
use crate::smpl::pattern::Leaf;
use crate::syntax::{Kind, Node, Tree};
use rustc_hash::FxBuildHasher;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Instant;

/// How a formula holds at a vertex.
pub type Answer = Rc<[Environment]>;

/// What an answer is kept under.
type Question = (Formula, usize, Identity);

/// Answers questions about one function.
pub struct Solver<'g, 'p> {
    tree: &'g Tree,
    graph: &'g Graph,
    table: &'g Table<'p>,
    /// The environment keeps what its identity stands for alive.
    answers: RefCell<HashMap<Question, (Environment, Answer), FxBuildHasher>>,
    /// What is bound before anything matches.
    base: Environment,
    /// Where each formula may hold, by its number.
    bounds: RefCell<Vec<Option<Rc<Bits>>>>,
    /// It holds in no environment.
    none: Answer,
    steps: Cell<usize>,
    /// When to give the function up, if ever.
    until: Option<Instant>,
}

/// Answers to find, and environments in one answer, before a function is given up.
const MAX_STEPS: usize = 2_000_000;
const MAX_WAYS: usize = 512;
/// Answers to find between two looks at the clock.
const STEPS_PER_LOOK: usize = 256;

impl<'g, 'p> Solver<'g, 'p> {
    /// Answer questions about the function that `graph` was made from; all environments come from `base`.
    pub fn new(tree: &'g Tree, graph: &'g Graph, table: &'g Table<'p>, base: Environment) -> Self {
        let (answers, bounds, steps) = (RefCell::default(), RefCell::default(), Cell::new(0));
        Self { tree, graph, table, base, answers, bounds, none: Rc::new([]), steps, until: None }
    }

    /// The same with a time at which the function is given up.
    #[must_use]
    pub fn ending(self, until: Option<Instant>) -> Self {
        Self { until, ..self }
    }

    /// The places where `f` may hold.
    pub fn candidates(&self, f: Formula) -> Vec<usize> {
        self.bound(f).iter().collect()
    }

    /// Whether the function was given up.
    pub fn gave_up(&self) -> bool {
        self.steps.get() >= MAX_STEPS
    }

    fn give_up(&self) {
        self.steps.set(MAX_STEPS);
    }

    fn code(&self, v: usize) -> Node<'g> {
        self.tree.node(self.graph.vertices[v].node)
    }

    /// Every way in which `f` holds at `v`.
    pub fn holds(&self, f: Formula, v: usize, env: &Environment) -> Answer {
        if !self.bound(f).contains(v) {
            return self.none.clone();
        }
        if self.table.is_exact(f) {
            return Rc::new([env.clone()]);
        }
        self.answer(f, v, env)
    }

    /// The same without asking where it may hold.
    fn answer(&self, f: Formula, v: usize, env: &Environment) -> Answer {
        let question = (f, v, env.identity());
        if let Some((_, answer)) = self.answers.borrow().get(&question) {
            return answer.clone();
        }
        self.steps.set(self.steps.get() + 1);
        let asks = self.steps.get().is_multiple_of(STEPS_PER_LOOK);
        if asks && self.until.is_some_and(|until| Instant::now() >= until) {
            self.give_up();
        }
        if self.gave_up() {
            return self.none.clone();
        }
        let found = self.find(f, v, env);
        if found.len() > MAX_WAYS {
            self.give_up();
        }
        let answer: Answer = if found.is_empty() { self.none.clone() } else { found.into() };
        self.answers.borrow_mut().insert(question, (env.clone(), answer.clone()));
        answer
    }

    fn find(&self, f: Formula, v: usize, env: &Environment) -> Vec<Environment> {
        let graph = self.graph;
        let vertex = &graph.vertices[v];
        let only = |yes: bool| if yes { vec![env.clone()] } else { Vec::new() };
        match self.table.get(f) {
            Shape::True | Shape::False | Shape::Is(_) => self.holds(f, v, env).to_vec(),
            Shape::At(item, _) => {
                let found = self.at(*item, v, env);
                merged(found.into_iter().filter(|e| !e.contradicts()))
            }
            Shape::Region(number) => remembered(env, *number, vertex.region),
            Shape::Inside(number) => only(env.mark(*number).is_none_or(|r| graph.within(r, vertex.region))),
            Shape::Leaves(number) => {
                only(vertex.target.is_none() || env.mark(*number).is_none_or(|r| vertex.target == Some(r)))
            }
            Shape::Block(number) => match vertex.kind {
                VertexKind::Open | VertexKind::Close => remembered(env, *number, vertex.block),
                _ => Vec::new(),
            },
            Shape::Found(number) => remembered(env, *number, 1),
            Shape::HasFound(number, a) => {
                let all = self.holds(*a, v, env);
                let found = all.iter().filter(|e| e.mark(*number).is_some());
                merged(found.map(|e| e.unmarked(*number)))
            }
            Shape::Not(a) => complement(env, &self.holds(*a, v, env)),
            Shape::And(a, b) => self.both(*a, *b, v, env),
            Shape::Or(a, b) => {
                let (first, second) = (self.holds(*a, v, env), self.holds(*b, v, env));
                merged(first.iter().chain(second.iter()).cloned())
            }
            Shape::Else(a, b) => {
                let first = self.holds(*a, v, env);
                let rest = complement(env, &first);
                let second = rest.iter().flat_map(|env| self.holds(*b, v, env).to_vec());
                merged(first.iter().cloned().chain(second.collect::<Vec<_>>()))
            }
            Shape::Some(names, a) if names.iter().any(|name| env.get(name).is_some()) => {
                // What they stand for outside is another matter.
                let outside = |name: &str| !names.contains(&name);
                let hidden: Vec<_> = env.bindings().into_iter().filter(|(name, _)| !outside(name)).collect();
                let all = self.holds(f, v, &env.filter(outside));
                let again = |e: &Environment| {
                    hidden.iter().fold(e.clone(), |e, (name, binding)| e.with(name, (*binding).clone()))
                };
                merged(all.iter().map(again))
            }
            Shape::Some(names, a) => {
                let all = self.holds(*a, v, env);
                merged(readings::first_of_each(&all, names).filter_map(|e| e.closed(names)))
            }
            Shape::SomePlace(number, a) => {
                let all = self.holds(*a, v, env);
                merged(all.iter().map(|e| e.unmarked(*number)))
            }
            Shape::Quiet(a) => merged(self.holds(*a, v, env).iter().map(Environment::bindings_only)),
            Shape::Next(q, a) => self.next(*q, *a, v, env),
            Shape::Before(q, a) => self.along(*q, &vertex.before, *a, env),
            Shape::Until(q, a, b) => self.until(*q, (*a, *b), v, env),
            Shape::Always(a) => self.everywhere(&graph.reachable(v), *a, env),
            Shape::AlwaysBefore(a) => self.everywhere(&graph.reaching(v), *a, env),
            Shape::Gathered(a) => self.everywhere(&graph.reachable(v), *a, env),
            Shape::Row(item, rest) => self.row(*item, *rest, v, env),
        }
    }

    fn both(&self, a: Formula, b: Formula, v: usize, env: &Environment) -> Vec<Environment> {
        let mut out = Merger::default();
        for first in self.holds(a, v, env).iter() {
            for second in self.holds(b, v, &first.bindings_only()).iter() {
                out.push(second.clone().with_touches_before(first));
            }
        }
        out.all
    }

    fn next(&self, q: Quantifier, a: Formula, v: usize, env: &Environment) -> Vec<Environment> {
        let vertex = &self.graph.vertices[v];
        match (q, vertex.kind) {
            // Behind the end is the end.
            (_, VertexKind::Exit | VertexKind::ErrorExit) => self.holds(a, v, env).to_vec(),
            (Quantifier::Forall, _) => self.along(q, &vertex.next, a, env),
            (Quantifier::Exists, _) => {
                let all: Vec<usize> = vertex.next.iter().chain(&vertex.past).copied().collect();
                self.along(q, &all, a, env)
            }
        }
    }

    fn along(&self, q: Quantifier, to: &[usize], a: Formula, env: &Environment) -> Vec<Environment> {
        match q {
            Quantifier::Exists => {
                merged(to.iter().flat_map(|v| self.holds(a, *v, env).to_vec()).collect::<Vec<_>>())
            }
            Quantifier::Forall if to.is_empty() => Vec::new(),
            Quantifier::Forall => self.everywhere(to, a, env),
        }
    }

    /// What holds at all of these places.
    fn everywhere(&self, at: &[usize], a: Formula, env: &Environment) -> Vec<Environment> {
        let mut out = vec![env.clone()];
        for v in at {
            out = self.joined(&out, &self.holds(a, *v, env));
            if out.is_empty() {
                break;
            }
        }
        out
    }

    /// Every pair that agrees.
    fn joined(&self, a: &[Environment], b: &[Environment]) -> Vec<Environment> {
        let mut out = Merger::default();
        for one in a {
            for other in b {
                if let Some(both) = one.join(other) {
                    out.push(both);
                }
            }
            if out.all.len() > MAX_WAYS {
                self.give_up();
                break;
            }
        }
        out.all
    }

    fn is(&self, test: Test, v: usize) -> bool {
        let kind = self.graph.vertices[v].kind;
        let statement = |wanted: Kind| kind == VertexKind::Simple && self.code(v).is(wanted);
        match test {
            Test::Top => kind == VertexKind::Top,
            Test::Then => matches!(kind, VertexKind::Then(_)),
            Test::ThenLeaves => kind == VertexKind::Then(Leaves::Always),
            Test::Otherwise => kind == VertexKind::Otherwise,
            Test::Fall => kind == VertexKind::Fall,
            Test::InLoop => kind == VertexKind::InLoop,
            Test::LoopFall => kind == VertexKind::LoopFall,
            Test::After => matches!(kind, VertexKind::After(_)),
            Test::AfterGoto => kind == VertexKind::After(Past::Goto),
            Test::Close => kind == VertexKind::Close,
            Test::Open => kind == VertexKind::Open,
            Test::Function => kind == VertexKind::Function,
            Test::End => kind == VertexKind::End,
            Test::ErrorExit => kind == VertexKind::ErrorExit,
            Test::Return => statement(Kind::ReturnStatement),
            Test::Goto => statement(Kind::GotoStatement),
            Test::Break => statement(Kind::BreakStatement),
            Test::Continue => statement(Kind::ContinueStatement),
        }
    }

    /// A metavariable for a row of statements, and what follows it.
    fn row(&self, item: Item<'p>, rest: Formula, v: usize, env: &Environment) -> Vec<Environment> {
        let Leaf::Meta(meta) = item.matcher.whole_leaf(item.node) else { return Vec::new() };
        let mut out = Merger::default();
        let mut taken = Vec::new();
        let mut ways = vec![v];
        let here = self.code(v).span();
        let closes = matches!(self.graph.vertices[v].kind, VertexKind::Close | VertexKind::End);
        let end = if closes { here.end.saturating_sub(1) } else { here.start };
        let mut behind_label = false;
        loop {
            // A label and its statement are one.
            if !behind_label
                && let Some(bound) = item.matcher.statement_row(item.node, meta, &taken, end, env)
            {
                for found in self.along(Quantifier::Forall, &ways, rest, &bound.bindings_only()) {
                    out.push(found.with_touches_before(&bound));
                }
            }
            let [at] = ways[..] else { break };
            let vertex = &self.graph.vertices[at];
            // Its end is made right behind its head; a row does not go on behind the end of the one it is in.
            let end_follows = self.graph.vertices.get(at + 1);
            let is_head = end_follows.is_some_and(|e| e.kind == VertexKind::Meet && e.node == vertex.node);
            let directive = vertex.kind == VertexKind::Meet
                && is_head
                && matches!(self.code(at).kind(), Kind::PreprocIf | Kind::PreprocIfdef);
            let statement = match vertex.kind {
                VertexKind::Simple | VertexKind::Header => true,
                VertexKind::Meet => directive,
                VertexKind::Open => !vertex.fake,
                _ => false,
            };
            if !statement {
                break;
            }
            let code = self.code(at);
            behind_label = code.is(Kind::LabeledStatement);
            let labelled = taken.last().is_some_and(|last: &Node<'_>| last.encloses(code));
            if !labelled {
                taken.push(code);
            }
            ways = match vertex.past.first().map(|after| &self.graph.vertices[*after].past) {
                Some(ends) => ends.iter().flat_map(|end| self.graph.vertices[*end].next.clone()).collect(),
                None if code.is(Kind::LabeledStatement) => vertex.next.clone(),
                None if vertex.kind == VertexKind::Header => self.behind_loop(at),
                None if directive => self.graph.vertices[at + 1].next.clone(),
                None => vertex.next.clone(),
            };
            if is_jump(code.kind()) {
                // Nothing follows it in its row.
                if let Some(bound) = item.matcher.statement_row(item.node, meta, &taken, end, env) {
                    for found in self.along(Quantifier::Forall, &ways, rest, &bound.bindings_only()) {
                        out.push(found.with_touches_before(&bound));
                    }
                }
                break;
            }
        }
        out.all
    }

    /// Where the paths go on behind a loop.
    fn behind_loop(&self, header: usize) -> Vec<usize> {
        let vertices = &self.graph.vertices;
        let falls = vertices[header].next.iter().filter(|v| vertices[**v].kind == VertexKind::LoopFall);
        let ends = falls.flat_map(|v| &vertices[*v].next);
        ends.flat_map(|end| vertices[*end].next.clone()).collect()
    }
}

/// Remember a place, or compare it with the one remembered.
fn remembered(env: &Environment, number: u32, place: usize) -> Vec<Environment> {
    match env.mark(number) {
        Some(known) if known == place => vec![env.clone()],
        Some(_) => Vec::new(),
        None => vec![env.marked(number, place)],
    }
}

/// The environments, those with equal bindings as one.
fn merged(all: impl IntoIterator<Item = Environment>) -> Vec<Environment> {
    let mut out = Merger::default();
    all.into_iter().for_each(|e| out.push(e));
    out.all
}

/// Collects environments, those with equal bindings as one.
#[derive(Default)]
struct Merger {
    all: Vec<Environment>,
    places: HashMap<Identity, usize, FxBuildHasher>,
    /// By digest.
    alike: HashMap<u64, Vec<usize>, FxBuildHasher>,
}

impl Merger {
    fn push(&mut self, env: Environment) {
        if self.all.is_empty() {
            self.places.insert(env.identity(), 0);
            self.all.push(env);
            return;
        }
        if let Some(i) = self.places.get(&env.identity()).copied() {
            self.all[i] = self.all[i].with_touches_of(&env);
            return;
        }
        if self.alike.is_empty() {
            for (i, known) in self.all.iter().enumerate() {
                self.alike.entry(known.digest()).or_default().push(i);
            }
        }
        let alike = self.alike.entry(env.digest()).or_default();
        match alike.iter().copied().find(|i| self.all[*i].says_the_same(&env)) {
            Some(i) => self.all[i] = self.all[i].with_touches_of(&env),
            None => {
                alike.push(self.all.len());
                self.places.insert(env.identity(), self.all.len());
                self.all.push(env);
            }
        }
    }
}

/// The environments that extend `env` and agree with none of the found ones.
fn complement(env: &Environment, found: &[Environment]) -> Vec<Environment> {
    let mut out = vec![env.clone()];
    for one in found {
        let additions = env.additions(one);
        let mut next = Merger::default();
        for base in &out {
            for (name, key) in &additions.bound {
                match base.get(name) {
                    Some(bound) if &*bound.key == *key => {}
                    Some(_) => next.push(base.clone()),
                    None => next.push(base.without(name, key)),
                }
            }
        }
        out = next.all;
        if out.is_empty() {
            break;
        }
    }
    out
}
