//! Random small functions: as a tree, as C, and run over all ways at once.
//!
//! The [`Oracle`] knows nothing of graphs. It walks the statements and keeps, for each place, the set of all maps from
//! variable to last write that some way can lead to. That set is finite, so loops are run until nothing new turns up.

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// `p` and `q` are parameters, the others locals without initializer.
pub(super) const NAMES: [&str; 5] = ["p", "q", "x", "y", "z"];
/// What a parameter holds at the start.
pub(super) const INCOMING: usize = usize::MAX;
/// What a local holds at the start.
pub(super) const NOTHING: usize = usize::MAX - 1;

/// A name: which variable, and which identifier of the body in document order.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Name {
    pub(super) variable: usize,
    pub(super) occurrence: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Expr {
    Const(u8),
    Var(Name),
    Add(Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Choose(Box<Expr>, Box<Expr>, Box<Expr>),
    Assign(Name, Box<Expr>),
    Step(Name),
}

#[derive(Clone, Debug)]
pub(super) enum Stmt {
    Expr(Expr),
    If(Expr, Box<Stmt>, Option<Box<Stmt>>),
    While(Expr, Box<Stmt>),
    Do(Box<Stmt>, Expr),
    For(Option<Expr>, Option<Expr>, Option<Expr>, Box<Stmt>),
    Switch(Expr, Vec<Vec<Stmt>>, bool),
    Block(Vec<Stmt>),
    Break,
    Continue,
    Return(Expr),
    Goto(u8),
    Label(u8),
}

pub(super) fn expr() -> impl Strategy<Value = Expr> {
    let name = (0..NAMES.len()).prop_map(|variable| Name { variable, occurrence: 0 });
    let leaf = prop_oneof![1 => (0u8..2).prop_map(Expr::Const), 5 => name.clone().prop_map(Expr::Var)];
    leaf.prop_recursive(2, 6, 3, move |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            2 => (boxed(), boxed()).prop_map(|(a, b)| Expr::Add(a, b)),
            1 => (boxed(), boxed()).prop_map(|(a, b)| Expr::And(a, b)),
            1 => (boxed(), boxed(), boxed()).prop_map(|(a, b, c)| Expr::Choose(a, b, c)),
            5 => (name.clone(), boxed()).prop_map(|(n, e)| Expr::Assign(n, e)),
            1 => name.clone().prop_map(Expr::Step),
        ]
    })
}

/// A body of about `size` statements; with `jumps`, some are labels and `goto`.
pub(super) fn body(size: u32, jumps: Jumps) -> impl Strategy<Value = Vec<Stmt>> {
    let leaf = prop_oneof![
        8 => expr().prop_map(Stmt::Expr),
        1 => Just(Stmt::Break),
        1 => Just(Stmt::Continue),
        1 => expr().prop_map(Stmt::Return),
        jumps.weight() => (0u8..2).prop_map(Stmt::Goto),
        jumps.weight() => (0u8..2).prop_map(Stmt::Label),
    ];
    let stmt = leaf.prop_recursive(3, size, 3, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let maybe = || proptest::option::of(expr());
        let cases = prop::collection::vec(prop::collection::vec(inner.clone(), 0..3), 1..4);
        prop_oneof![
            3 => (expr(), boxed(), proptest::option::of(boxed())).prop_map(|(c, a, b)| Stmt::If(c, a, b)),
            2 => (expr(), boxed()).prop_map(|(c, s)| Stmt::While(c, s)),
            1 => (boxed(), expr()).prop_map(|(s, c)| Stmt::Do(s, c)),
            2 => (maybe(), maybe(), maybe(), boxed()).prop_map(|(i, c, u, s)| Stmt::For(i, c, u, s)),
            1 => (expr(), cases, any::<bool>()).prop_map(|(e, c, d)| Stmt::Switch(e, c, d)),
            3 => prop::collection::vec(inner.clone(), 0..4).prop_map(Stmt::Block),
        ]
    });
    prop::collection::vec(stmt, 1..4)
}

/// Whether a program has `goto`.
#[derive(Clone, Copy)]
pub(super) enum Jumps {
    Structured,
    Goto,
}

impl Jumps {
    fn weight(self) -> u32 {
        if matches!(self, Self::Goto) { 2 } else { 0 }
    }
}

/// The C text of a function, and the names numbered.
pub(super) fn render(body: &mut [Stmt]) -> String {
    let mut writer = Writer { out: String::new(), occurrence: 0, labels: BTreeSet::new() };
    body.iter_mut().for_each(|s| writer.stmt(s));
    let labels: String =
        (0..2u8).filter(|l| !writer.labels.contains(l)).map(|l| format!("l{l}: ;\n")).collect();
    format!("int f(int p, int q)\n{{\nint x, y, z;\n{}{labels}return 0;\n}}\n", writer.out)
}

struct Writer {
    out: String,
    occurrence: usize,
    labels: BTreeSet<u8>,
}

impl Writer {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn name(&mut self, name: &mut Name) {
        name.occurrence = self.occurrence;
        self.occurrence += 1;
        self.put(NAMES[name.variable]);
    }

    fn expr(&mut self, expr: &mut Expr) {
        self.put("(");
        match expr {
            Expr::Const(n) => self.put(&n.to_string()),
            Expr::Var(name) => self.name(name),
            Expr::Step(name) => {
                self.name(name);
                self.put("++");
            }
            Expr::Assign(name, value) => {
                self.name(name);
                self.put(" = ");
                self.expr(value);
            }
            Expr::Add(a, b) => self.two(a, " + ", b),
            Expr::And(a, b) => self.two(a, " && ", b),
            Expr::Choose(c, a, b) => {
                self.expr(c);
                self.put(" ? ");
                self.two(a, " : ", b);
            }
        }
        self.put(")");
    }

    fn two(&mut self, a: &mut Expr, operator: &str, b: &mut Expr) {
        self.expr(a);
        self.put(operator);
        self.expr(b);
    }

    fn maybe(&mut self, expr: &mut Option<Expr>, end: &str) {
        if let Some(expr) = expr {
            self.expr(expr);
        }
        self.put(end);
    }

    fn stmt(&mut self, stmt: &mut Stmt) {
        match stmt {
            Stmt::Expr(e) => {
                self.expr(e);
                self.put(";");
            }
            Stmt::If(c, yes, no) => {
                self.put("if ");
                self.expr(c);
                self.block(std::slice::from_mut(yes));
                if let Some(no) = no {
                    self.put("else ");
                    self.block(std::slice::from_mut(no));
                }
            }
            Stmt::While(c, s) => {
                self.put("while ");
                self.expr(c);
                self.block(std::slice::from_mut(s));
            }
            Stmt::Do(s, c) => {
                self.put("do ");
                self.block(std::slice::from_mut(s));
                self.put("while ");
                self.expr(c);
                self.put(";");
            }
            Stmt::For(i, c, u, s) => {
                self.put("for (");
                self.maybe(i, "; ");
                self.maybe(c, "; ");
                self.maybe(u, ") ");
                self.block(std::slice::from_mut(s));
            }
            Stmt::Switch(e, cases, default) => {
                self.put("switch ");
                self.expr(e);
                self.put(" {\n");
                let last = cases.len() - 1;
                for (at, case) in cases.iter_mut().enumerate() {
                    self.put(&if *default && at == last {
                        "default:\n".into()
                    } else {
                        format!("case {at}:\n")
                    });
                    case.iter_mut().for_each(|s| self.stmt(s));
                    self.put(";\n");
                }
                self.put("}");
            }
            Stmt::Block(list) => {
                self.put("{\n");
                list.iter_mut().for_each(|s| self.stmt(s));
                self.put("}");
            }
            Stmt::Break => self.put("break;"),
            Stmt::Continue => self.put("continue;"),
            Stmt::Return(e) => {
                self.put("return ");
                self.expr(e);
                self.put(";");
            }
            Stmt::Goto(l) => self.put(&format!("goto l{l};")),
            Stmt::Label(l) if self.labels.insert(*l) => self.put(&format!("l{l}: ;")),
            Stmt::Label(_) => self.put(";"),
        }
        self.put("\n");
    }

    fn block(&mut self, list: &mut [Box<Stmt>]) {
        self.put(" {\n");
        list.iter_mut().for_each(|s| self.stmt(s));
        self.put("} ");
    }
}

/// From variable to the occurrence of its last write.
type State = [usize; NAMES.len()];
type States = BTreeSet<State>;

/// Every state in which a statement may end.
#[derive(Default)]
struct Ends {
    next: States,
    breaks: States,
    continues: States,
}

/// What all ways through a function see. No `goto`.
#[derive(Default)]
pub(super) struct Oracle {
    /// From the occurrence of a use to the writes it may see.
    pub(super) seen: BTreeMap<usize, BTreeSet<usize>>,
}

impl Oracle {
    pub(super) fn run(body: &[Stmt]) -> Self {
        let mut oracle = Self::default();
        let start = States::from([[INCOMING, INCOMING, NOTHING, NOTHING, NOTHING]]);
        oracle.list(body, start);
        oracle
    }

    fn list(&mut self, list: &[Stmt], from: States) -> Ends {
        let mut out = Ends { next: from, ..Ends::default() };
        for stmt in list {
            let ends = self.stmt(stmt, std::mem::take(&mut out.next));
            out.next = ends.next;
            out.breaks.extend(ends.breaks);
            out.continues.extend(ends.continues);
        }
        out
    }

    /// The states in which a condition holds, and in which it does not.
    fn condition(&mut self, condition: Option<&Expr>, from: States) -> (States, States) {
        match condition {
            None => (from, States::new()),
            Some(Expr::Const(0)) => (States::new(), from),
            Some(Expr::Const(_)) => (from, States::new()),
            Some(e) => {
                let after = self.expr(e, from);
                (after.clone(), after)
            }
        }
    }

    fn stmt(&mut self, stmt: &Stmt, from: States) -> Ends {
        let next = |next| Ends { next, ..Ends::default() };
        match stmt {
            Stmt::Expr(e) => next(self.expr(e, from)),
            Stmt::Return(e) => {
                self.expr(e, from);
                Ends::default()
            }
            Stmt::Break => Ends { breaks: from, ..Ends::default() },
            Stmt::Continue => Ends { continues: from, ..Ends::default() },
            Stmt::Block(list) => self.list(list, from),
            Stmt::Goto(_) | Stmt::Label(_) => next(from),
            Stmt::If(c, yes, no) => {
                let (holds, fails) = self.condition(Some(c), from);
                let mut out = self.stmt(yes, holds);
                let other = match no {
                    Some(no) => self.stmt(no, fails),
                    None => next(fails),
                };
                out.next.extend(other.next);
                out.breaks.extend(other.breaks);
                out.continues.extend(other.continues);
                out
            }
            Stmt::While(c, s) => next(self.repeat(Some(c), s, None, from)),
            Stmt::Do(s, c) => {
                let mut ends = self.stmt(s, from);
                ends.next.extend(ends.continues);
                let (again, mut out) = self.condition(Some(c), ends.next);
                out.extend(ends.breaks);
                if !again.is_empty() {
                    // Further rounds are those of a `while`, with the condition asked behind the body.
                    out.extend(self.again(s, c, again));
                }
                next(out)
            }
            Stmt::For(i, c, u, s) => {
                let from = i.as_ref().map_or(from.clone(), |i| self.expr(i, from));
                next(self.repeat(c.as_ref(), s, u.as_ref(), from))
            }
            Stmt::Switch(e, cases, default) => {
                let from = self.expr(e, from);
                let mut out = Ends::default();
                let mut falls = States::new();
                for case in cases {
                    falls.extend(from.iter().copied());
                    let ends = self.list(case, falls);
                    falls = ends.next;
                    out.next.extend(ends.breaks);
                    out.continues.extend(ends.continues);
                }
                out.next.extend(falls);
                if !default {
                    out.next.extend(from);
                }
                out
            }
        }
    }

    fn repeat(
        &mut self,
        condition: Option<&Expr>,
        body: &Stmt,
        update: Option<&Expr>,
        from: States,
    ) -> States {
        let (mut head, mut out) = (from, States::new());
        loop {
            let before = head.len();
            let (holds, fails) = self.condition(condition, head.clone());
            out.extend(fails);
            let ends = self.stmt(body, holds);
            out.extend(ends.breaks);
            let mut round = ends.next;
            round.extend(ends.continues);
            head.extend(update.map_or(round.clone(), |u| self.expr(u, round)));
            if head.len() == before {
                return out;
            }
        }
    }

    fn again(&mut self, body: &Stmt, condition: &Expr, from: States) -> States {
        let (mut head, mut out) = (from, States::new());
        loop {
            let before = head.len();
            let mut ends = self.stmt(body, head.clone());
            out.extend(ends.breaks);
            ends.next.extend(ends.continues);
            let (holds, fails) = self.condition(Some(condition), ends.next);
            out.extend(fails);
            head.extend(holds);
            if head.len() == before {
                return out;
            }
        }
    }

    fn expr(&mut self, expr: &Expr, from: States) -> States {
        match expr {
            Expr::Const(_) => from,
            Expr::Var(name) => {
                self.see(name, &from);
                from
            }
            Expr::Step(name) => {
                self.see(name, &from);
                write(name, from)
            }
            Expr::Assign(name, value) => write(name, self.expr(value, from)),
            Expr::Add(a, b) => {
                let from = self.expr(a, from);
                self.expr(b, from)
            }
            Expr::And(a, b) => {
                let mut from = self.expr(a, from);
                from.extend(self.expr(b, from.clone()));
                from
            }
            Expr::Choose(c, a, b) => {
                let from = self.expr(c, from);
                let mut out = self.expr(a, from.clone());
                out.extend(self.expr(b, from));
                out
            }
        }
    }

    fn see(&mut self, name: &Name, from: &States) {
        if !from.is_empty() {
            self.seen.entry(name.occurrence).or_default().extend(from.iter().map(|s| s[name.variable]));
        }
    }
}

fn write(name: &Name, from: States) -> States {
    let one = |mut state: State| {
        state[name.variable] = name.occurrence;
        state
    };
    from.into_iter().map(one).collect()
}

/// Whether some write stands where it may not run although its expression does.
pub(super) fn writes_conditionally(body: &[Stmt]) -> bool {
    fn writes(e: &Expr) -> bool {
        match e {
            Expr::Const(_) | Expr::Var(_) => false,
            Expr::Step(_) | Expr::Assign(..) => true,
            Expr::Add(a, b) | Expr::And(a, b) => writes(a) || writes(b),
            Expr::Choose(c, a, b) => writes(c) || writes(a) || writes(b),
        }
    }
    fn expr(e: &Expr) -> bool {
        match e {
            Expr::Const(_) | Expr::Var(_) | Expr::Step(_) => false,
            Expr::Assign(_, v) => expr(v),
            Expr::Add(a, b) => expr(a) || expr(b),
            Expr::And(a, b) => expr(a) || writes(b),
            Expr::Choose(c, a, b) => expr(c) || writes(a) || writes(b),
        }
    }
    body.iter().any(|s| match s {
        Stmt::Expr(e) | Stmt::Return(e) => expr(e),
        Stmt::If(c, a, b) => expr(c) || [Some(a), b.as_ref()].into_iter().flatten().any(|s| stmt(s)),
        Stmt::While(c, s) | Stmt::Do(s, c) => expr(c) || stmt(s),
        Stmt::For(i, c, u, s) => [i, c, u].into_iter().flatten().any(expr) || stmt(s),
        Stmt::Switch(e, cases, _) => expr(e) || cases.iter().any(|c| writes_conditionally(c)),
        Stmt::Block(list) => writes_conditionally(list),
        Stmt::Break | Stmt::Continue | Stmt::Goto(_) | Stmt::Label(_) => false,
    })
}

fn stmt(s: &Stmt) -> bool {
    writes_conditionally(std::slice::from_ref(s))
}
