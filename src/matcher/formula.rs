//! Formulas about the paths of a function: computation tree logic with metavariables.
//!
//! In: nothing; a formula is what [`super::translate`] makes of a pattern and what [`super::solve`] looks for. Formulas
//! are kept in one table and share their parts. The logic is CTL-VW (Brunel, Doligez, Hansen, Lawall, Muller: A
//! foundation for flow-based program matching, POPL 2009): names are bound where an element matches, and every match
//! remembers which bytes each token of the rule stood for.

use super::node::Matcher;
use crate::smpl::Quantifier;
use crate::smpl::pattern::Pattern;
use crate::syntax::Node;
use crate::syntax::kind::KindSet;

/// The number of a formula in its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Formula(pub u32);

/// An element of a pattern.
#[derive(Clone, Copy)]
pub struct Item<'p> {
    /// Matches its pattern.
    pub matcher: Matcher<'p>,
    /// The node of the pattern.
    pub node: Node<'p>,
    /// What of the node is meant.
    pub part: Part,
    /// The kinds of code that the node may match.
    pub kinds: KindSet,
}

impl<'p> Item<'p> {
    /// All of a node.
    pub fn of(matcher: Matcher<'p>, node: Node<'p>, part: Part) -> Self {
        Self { matcher, node, part, kinds: matcher.kinds_of(node) }
    }

    /// The same part of another node.
    #[must_use]
    pub fn at(self, node: Node<'p>) -> Self {
        Self::of(self.matcher, node, self.part)
    }
}

/// What of a node of the pattern is matched with what of a vertex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// All of it: a statement without parts.
    Simple,
    /// All of it, with everything below: a metavariable for a statement.
    Whole,
    /// Nothing of it: any statement will do.
    Any,
    /// An expression or type, wherever it stands in what the vertex evaluates.
    Inside,
    /// What stands before the parts of a statement: `if (…)`, `case …:`, `label:`.
    Header,
    /// The header of an `if` with the opposite condition.
    Opposite,
    /// A condition that a branch depends on.
    Condition,
    /// `{`
    Open,
    /// `}`
    Close,
    /// `}` for a pattern whose statement the code has without braces: only what hangs on it counts.
    MissingClose,
    /// `else`
    Else,
    /// `while (…);` of `do`.
    Tail,
    /// The header of a function.
    Function,
    /// A plain `return;` that the end of the function stands for.
    ReturnAtEnd,
    /// Dots that take away what they skip.
    Deleted,
}

/// What names that are bound elsewhere can do to the matches of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Elsewhere {
    /// They can only rule matches out.
    RulesOut,
    /// They can make another way to match the first.
    Decides,
}

/// What is asked of a vertex apart from its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    /// In front of the function.
    Top,
    /// The condition holds.
    Then,
    /// The condition holds, and control does not come back.
    ThenLeaves,
    /// The condition does not hold, and there is an `else`.
    Otherwise,
    /// The condition does not hold, and there is none.
    Fall,
    /// Another round.
    InLoop,
    /// No other round.
    LoopFall,
    /// Past a statement with parts.
    After,
    /// Past a statement that a `goto` leaves.
    AfterGoto,
    /// A closing brace.
    Close,
    /// An opening brace.
    Open,
    /// The header of the function.
    Function,
    /// The end of the function.
    End,
    /// The end of the function behind a `return` in a branch.
    ErrorExit,
    /// `return`
    Return,
    /// `goto`
    Goto,
    /// `break`
    Break,
    /// `continue`
    Continue,
}

/// One formula.
#[derive(Clone)]
pub enum Shape<'p> {
    /// Holds everywhere.
    True,
    /// Holds nowhere.
    False,
    /// The element matches here.
    At(Item<'p>, Elsewhere),
    /// The vertex is of that kind.
    Is(Test),
    /// The vertex belongs to the statement remembered under the number, which is remembered if it is new.
    Region(u32),
    /// The vertex stands inside of that statement.
    Inside(u32),
    /// The vertex jumps out of that statement.
    Leaves(u32),
    /// The vertex is a brace of the pair remembered under the number, which is remembered if it is new.
    Block(u32),
    /// Remember that something was found.
    Found(u32),
    /// Keep what remembers that something was found.
    HasFound(u32, Formula),
    /// It does not hold.
    Not(Formula),
    /// Both hold.
    And(Formula, Formula),
    /// One of them holds.
    Or(Formula, Formula),
    /// The first holds, or else the second.
    Else(Formula, Formula),
    /// It holds for some values of these names.
    Some(Vec<&'p str>, Formula),
    /// It holds for some place under the number.
    SomePlace(u32, Formula),
    /// It holds; which tokens it matched does not matter.
    Quiet(Formula),
    /// It holds one step further: on all ways, or on one, ways past statements included.
    Next(Quantifier, Formula),
    /// It holds one step back.
    Before(Quantifier, Formula),
    /// The first holds until the second does: on all ways, or on one.
    Until(Quantifier, Formula, Formula),
    /// It holds here and wherever the paths lead.
    Always(Formula),
    /// It holds here and everywhere before.
    AlwaysBefore(Formula),
    /// What holds here and wherever the paths lead, all together.
    Gathered(Formula),
    /// A row of statements starts here, and behind it the formula holds.
    Row(Item<'p>, Formula),
}

/// All formulas of a rule.
pub struct Table<'p> {
    nodes: Vec<Shape<'p>>,
    /// Whether a formula asks for nothing but kinds of vertices.
    exact: Vec<bool>,
}

/// Holds everywhere.
pub const TRUE: Formula = Formula(0);
/// Holds nowhere.
pub const FALSE: Formula = Formula(1);

impl Default for Table<'_> {
    fn default() -> Self {
        Self { nodes: vec![Shape::True, Shape::False], exact: vec![true, true] }
    }
}

impl<'p> Table<'p> {
    /// The formula of that number.
    pub fn get(&self, f: Formula) -> &Shape<'p> {
        self.nodes.get(f.0 as usize).unwrap_or(&Shape::False)
    }

    /// Whether it holds at the same places in every environment, and says nothing but that.
    pub fn is_exact(&self, f: Formula) -> bool {
        self.exact.get(f.0 as usize).copied().unwrap_or(true)
    }

    /// Add a formula.
    pub fn add(&mut self, node: Shape<'p>) -> Formula {
        self.exact.push(match &node {
            Shape::True | Shape::False | Shape::Is(_) => true,
            Shape::Not(a) | Shape::Next(_, a) | Shape::Before(_, a) => self.is_exact(*a),
            Shape::And(a, b) | Shape::Or(a, b) | Shape::Else(a, b) => self.is_exact(*a) && self.is_exact(*b),
            _ => false,
        });
        self.nodes.push(node);
        Formula(self.nodes.len() as u32 - 1)
    }

    /// The vertex is of that kind.
    pub fn is(&mut self, test: Test) -> Formula {
        self.add(Shape::Is(test))
    }

    /// Both hold.
    pub fn and(&mut self, a: Formula, b: Formula) -> Formula {
        match (a, b) {
            (TRUE, x) | (x, TRUE) => x,
            (FALSE, _) | (_, FALSE) => FALSE,
            _ => self.add(Shape::And(a, b)),
        }
    }

    /// One of them holds.
    pub fn or(&mut self, a: Formula, b: Formula) -> Formula {
        match (a, b) {
            (FALSE, x) | (x, FALSE) => x,
            (TRUE, _) | (_, TRUE) => TRUE,
            _ => self.add(Shape::Or(a, b)),
        }
    }

    /// The first, or else the second.
    pub fn or_else(&mut self, a: Formula, b: Formula) -> Formula {
        match (a, b) {
            (FALSE, x) | (x, FALSE) => x,
            (TRUE, _) => TRUE,
            _ => self.add(Shape::Else(a, b)),
        }
    }

    /// It does not hold.
    pub fn not(&mut self, a: Formula) -> Formula {
        match a {
            TRUE => FALSE,
            FALSE => TRUE,
            _ => self.add(Shape::Not(a)),
        }
    }

    /// It holds; its tokens do not matter.
    pub fn quiet(&mut self, a: Formula) -> Formula {
        if a == TRUE || a == FALSE { a } else { self.add(Shape::Quiet(a)) }
    }

    /// It holds one step further.
    pub fn next(&mut self, q: Quantifier, a: Formula) -> Formula {
        if a == TRUE || a == FALSE { a } else { self.add(Shape::Next(q, a)) }
    }

    /// It holds one step back.
    pub fn before(&mut self, q: Quantifier, a: Formula) -> Formula {
        if a == TRUE || a == FALSE { a } else { self.add(Shape::Before(q, a)) }
    }

    /// The first holds until the second does.
    pub fn until(&mut self, q: Quantifier, a: Formula, b: Formula) -> Formula {
        match (a, b) {
            (_, TRUE | FALSE) => b,
            (FALSE, _) => b,
            _ => self.add(Shape::Until(q, a, b)),
        }
    }

    /// It holds for some values of `names`.
    pub fn some(&mut self, names: Vec<&'p str>, a: Formula) -> Formula {
        if names.is_empty() || a == TRUE || a == FALSE { a } else { self.add(Shape::Some(names, a)) }
    }

    /// It holds for some place under the number.
    pub fn some_place(&mut self, number: u32, a: Formula) -> Formula {
        if a == TRUE || a == FALSE { a } else { self.add(Shape::SomePlace(number, a)) }
    }
}

/// The elements of a pattern, in order: a label is an element of its own.
pub fn items_of<'p>(pattern: &'p Pattern) -> Vec<Item<'p>> {
    let roots: Vec<_> = pattern.roots().collect();
    row(Matcher::new(pattern), &roots)
}

/// The elements that nodes of a pattern stand for.
pub fn row<'p>(matcher: Matcher<'p>, nodes: &[Node<'p>]) -> Vec<Item<'p>> {
    use crate::syntax::Kind;
    let mut out = Vec::new();
    for node in nodes.iter().filter(|n| !n.is(Kind::Comment)) {
        if matches!(node.kind(), Kind::LabeledStatement | Kind::CaseStatement) {
            out.push(Item::of(matcher, *node, Part::Header));
            let inner = match node.kind() {
                Kind::CaseStatement => super::graph::case_body(*node),
                // A label at the end of a rule has an empty statement that is not written.
                _ => node.named_children().skip(1).filter(|c| !c.text().trim().is_empty()).collect(),
            };
            out.extend(row(matcher, &inner));
        } else {
            out.push(Item::of(matcher, *node, Part::Simple));
        }
    }
    out
}
