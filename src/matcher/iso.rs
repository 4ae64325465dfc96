//! Isomorphisms: other spellings that a rule's expressions also stand for.
//!
//! In: an isomorphism file and a pattern. Out: the pattern with alternatives at its nodes. An isomorphism is applied
//! only where it drops nothing that the rule annotates: its own tokens are all minus, or all context without plus code.
//! Entries about types, declarations and whole statements are part of how we match, if they are Coccinelle's own.

mod negated;
mod read;
mod types;

use super::attribute::is_attribute;
use super::{Environment, Matcher};
use crate::smpl::TypeConstraint;
use crate::smpl::compile::Side;
use crate::smpl::pattern::{Atom, Pattern, PatternKind, Piece, Slot, When};
use crate::smpl::token::{Mark, TokenKind};
use crate::source::SourceFile;
use crate::syntax::{Field, Kind, Node, NodeId};
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;
use types::are_typed;

pub use read::read;

/// Where an isomorphism applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IsoPlace {
    /// Any expression.
    Expression,
    /// An expression that is tested.
    Test,
    /// Any expression; what it stands for is one that is tested.
    ToTest,
    /// An expression that is a statement.
    Statement,
}

/// One isomorphism, in one direction.
#[derive(Clone, Debug)]
pub struct Iso {
    /// Its name.
    pub name: String,
    /// Where it applies.
    pub place: IsoPlace,
    /// Its number among the entries of its file: what it makes is up for later ones only.
    entry: usize,
    /// Metavariables that have to be declared with a type.
    typed: Vec<(String, Vec<TypeConstraint>)>,
    left: Pattern,
    right: Vec<Atom>,
}

/// The isomorphisms that ship with the program.
pub const STANDARD: &str = include_str!("../../rules/standard.iso");

/// The shipped isomorphisms, read once.
pub fn standard() -> &'static [Iso] {
    static ALL: OnceLock<Vec<Iso>> = OnceLock::new();
    ALL.get_or_init(|| read(&SourceFile::new("standard.iso", STANDARD)).0)
}

/// What is needed to apply isomorphisms to a rule.
pub struct Expansion<'a> {
    /// The rule file.
    pub file: &'a SourceFile,
    /// The isomorphisms that are on.
    pub isos: &'a [&'a Iso],
    /// What plus code hangs on tokens.
    pub hangs: &'a HashMap<u32, Vec<(Side, usize)>>,
    /// Metavariables that plus code has and one token of the pattern binds.
    pub bound_once: &'a HashSet<String>,
    /// Marks of the tokens; tokens that are made up get theirs here.
    pub marks: &'a mut HashMap<u32, Mark>,
}

impl Expansion<'_> {
    /// The pattern with the alternatives of all its expressions, `depth` levels deep.
    pub fn expand(&mut self, pattern: Pattern, depth: usize) -> Pattern {
        self.expand_after(pattern, depth, 0)
    }

    /// The same for what the isomorphism of the entry `made` made: its outermost expression is up for later ones only.
    fn expand_after(&mut self, pattern: Pattern, depth: usize, made: usize) -> Pattern {
        let slots: Vec<Slot> = pattern.slots().to_vec();
        let slots = slots.into_iter().map(|s| self.slot(s, depth)).collect();
        let pattern = pattern.with_slots(slots);
        let nodes: Vec<NodeId> = pattern
            .roots()
            .flat_map(Node::descendants)
            .filter(|n| n.kind().is_expression() && !belongs_to_statement(*n))
            .map(|n| n.id())
            .collect();
        let mut alternatives: HashMap<NodeId, Vec<Pattern>> = HashMap::new();
        let Some(tree) = pattern.roots().next().map(|n| n.tree().clone()) else { return pattern };
        let outermost = pattern.single().map(Node::id);
        for id in nodes {
            let node = tree.node(id);
            let mut all = Vec::new();
            let from = if Some(id) == outermost { made } else { 0 };
            for iso in self.isos.iter().filter(|iso| iso.entry > from && applies(iso.place, node)) {
                let iso: &Iso = iso;
                let Some(alternative) = self.alternative(&pattern, &tree, id, iso) else { continue };
                let expanded = match depth {
                    0 | 1 => alternative,
                    // What only loses something around it is as good as written.
                    _ if iso.right.len() == 1 => self.expand(alternative, depth - 1),
                    _ => self.expand_after(alternative, depth - 1, iso.entry),
                };
                all.push(if iso.place == IsoPlace::ToTest { expanded.only_tested() } else { expanded });
            }
            if !all.is_empty() {
                alternatives.insert(id, all);
            }
        }
        let negated = self.negated(&pattern, depth);
        pattern.with_alternatives(alternatives).with_negated(negated)
    }

    fn slot(&mut self, slot: Slot, depth: usize) -> Slot {
        match slot {
            Slot::Disjunction(all) => {
                Slot::Disjunction(all.into_iter().map(|p| self.expand(p, depth)).collect())
            }
            Slot::Conjunction(all) => {
                Slot::Conjunction(all.into_iter().map(|p| self.expand(p, depth)).collect())
            }
            Slot::Nest(count, p, whens) => {
                Slot::Nest(count, Box::new(self.expand(*p, depth)), self.whens(whens, depth))
            }
            Slot::Dots(whens) => Slot::Dots(self.whens(whens, depth)),
            Slot::Directive(directive) => Slot::Directive(directive),
        }
    }

    fn whens(&mut self, whens: Vec<When>, depth: usize) -> Vec<When> {
        let one = |when| match when {
            When::Not(p) => When::Not(self.expand(p, depth)),
            When::Only(p) => When::Only(self.expand(p, depth)),
            When::NotTrue(p) => When::NotTrue(self.expand(p, depth)),
            When::NotFalse(p) => When::NotFalse(self.expand(p, depth)),
            plain => plain,
        };
        whens.into_iter().map(one).collect()
    }

    fn alternative(
        &mut self,
        pattern: &Pattern,
        tree: &crate::syntax::Tree,
        id: NodeId,
        iso: &Iso,
    ) -> Option<Pattern> {
        let node = tree.node(id);
        let pieces: Vec<Piece> = pattern.pieces_of(node).to_vec();
        if pieces.iter().any(|p| p.slot.is_some() || !p.atom.also.is_empty()) {
            return None;
        }
        // A metavariable alone is everything already; only tests are worth more spellings.
        if node.is_leaf() && iso.place != IsoPlace::Test {
            return None;
        }
        let env =
            Matcher::new(&iso.left).node(iso.left.single()?, node, &Environment::new()).into_iter().next()?;
        let bindings = env.bindings();
        if !are_typed(iso, pattern, &env, tree) || asks_for_an_attribute(node, &env) {
            return None;
        }
        let inside = |p: &Piece| bindings.iter().any(|(_, b)| b.span.contains(p.span));
        let own: Vec<&Piece> = pieces.iter().filter(|p| !inside(p)).collect();
        if !self.may_leave_out(iso, pattern, &env, &pieces) || own.iter().any(|p| loses_position(p, iso)) {
            return None;
        }
        let minus = own.iter().all(|p| p.atom.mark == Mark::Minus) && !own.is_empty();
        let whole_minus = pieces.iter().all(|p| p.atom.mark == Mark::Minus);
        let ends = Ends::of(&pieces, self.hangs);
        let plain =
            |p: &Piece| p.atom.mark == Mark::Context && ends.is_some_and(|ends| ends.may_lose(p, self.hangs));
        let context = own.iter().all(|p| plain(p));
        let hung = own.iter().find(|p| self.hangs.contains_key(&p.atom.id)).map(|p| p.atom.id);
        let hung = hung.filter(|_| !context);
        let mark = match (minus || own.is_empty() && whole_minus, context || own.is_empty()) {
            (true, _) => Mark::Minus,
            (_, true) => Mark::Context,
            _ if own.iter().all(|p| p.atom.mark == Mark::Star) => Mark::Star,
            _ => return None,
        };
        let first = pieces.first()?.atom.clone();
        let mut out: Vec<Atom> = Vec::new();
        let mut hang = hung;
        for atom in &iso.right {
            match env.get(&atom.text) {
                Some(bound) => {
                    let moved = pieces.iter().filter(|p| bound.span.contains(p.span)).map(|p| p.atom.clone());
                    let moved: Vec<Atom> = moved.collect();
                    let wrap = moved.len() > 1 && iso.right.len() > 1;
                    if wrap {
                        out.push(self.made_up("(", &first, mark));
                    }
                    out.extend(moved);
                    if wrap {
                        out.push(self.made_up(")", &first, mark));
                    }
                }
                None => {
                    let mut made = self.made_up(&atom.text, &first, mark);
                    made.kind = atom.kind;
                    if let Some(id) = hang.take() {
                        made.id = id;
                    }
                    made.attached = attached_to(&own, &atom.text);
                    out.push(made);
                }
            }
        }
        if let Some(id) = hang {
            // Everything of its own went: the code that replaces it hangs on what is left.
            out.last_mut().filter(|_| mark == Mark::Minus)?.id = id;
        }
        if let Some(ends) = ends.filter(|_| mark == Mark::Context) {
            self.carry(ends, &mut out)?;
        }
        Pattern::read(self.file, &out, pattern.metavariables(), PatternKind::Expression).ok()
    }

    /// Whether nothing of what the other spelling leaves out is annotated.
    fn may_leave_out(&self, iso: &Iso, pattern: &Pattern, env: &Environment, pieces: &[Piece]) -> bool {
        let left_out = |name: &str| !iso.right.iter().any(|a| a.text == name);
        env.bindings().iter().filter(|(name, _)| left_out(name)).all(|(_, b)| {
            let dropped: Vec<&Piece> = pieces.iter().filter(|p| b.span.contains(p.span)).collect();
            // What stands for anything says nothing: it may go, unless plus code asks what it stands for.
            let pure = matches!(dropped.as_slice(), [one] if
                pattern.metavariables().contains_key(&one.atom.text) && !self.bound_once.contains(&one.atom.text));
            pure && !dropped.iter().any(|p| self.hangs.contains_key(&p.atom.id))
        })
    }

    /// Hang the plus code around the expression on the ends of its other spelling.
    fn carry(&mut self, ends: Ends, out: &mut [Atom]) -> Option<()> {
        // Parentheses that were made up need not be there in the code.
        let bare = |a: &Atom| a.id >= MADE_UP && matches!(a.text.as_str(), "(" | ")");
        let first = out.iter().position(|a| !bare(a))?;
        let last = out.iter().rposition(|a| !bare(a))?;
        for (id, at) in [(ends.before, first), (ends.after, last)] {
            let Some(id) = id.filter(|id| out[at].id != *id) else { continue };
            if let Some(moved) = out.iter().position(|a| a.id == id) {
                let made = self.made_up("", &out[moved], out[moved].mark);
                out[moved].id = made.id;
            }
            out[at].also.push(id);
        }
        Some(())
    }

    fn made_up(&mut self, text: &str, like: &Atom, mark: Mark) -> Atom {
        let id = MADE_UP + self.marks.len() as u32;
        self.marks.insert(id, mark);
        Atom {
            text: text.to_string(),
            kind: TokenKind::Punct,
            id,
            mark,
            attached: Vec::new(),
            also: Vec::new(),
            ..like.clone()
        }
    }
}

/// Whether the rule has an attribute there of which the isomorphism does not speak.
fn asks_for_an_attribute(node: Node<'_>, env: &Environment) -> bool {
    let bound = |n: &Node<'_>| env.bindings().iter().any(|(_, b)| b.span.contains(n.span()));
    node.descendants().filter(|n| is_attribute(*n)).any(|n| !bound(&n))
}

/// The number of the first token that is made up.
const MADE_UP: u32 = 1_000_000;

/// The tokens at the ends of an expression that hold the plus code in front of it and behind it.
#[derive(Clone, Copy)]
struct Ends {
    before: Option<u32>,
    after: Option<u32>,
}

impl Ends {
    /// `None` if what hangs on a token cannot be told apart: code on both of its sides would have to go two ways.
    fn of(pieces: &[Piece], hangs: &HashMap<u32, Vec<(Side, usize)>>) -> Option<Self> {
        let (first, last) = (pieces.first()?.atom.id, pieces.last()?.atom.id);
        let has = |id: u32, side| hangs.get(&id).is_some_and(|all| all.iter().any(|(s, _)| *s == side));
        let ends = Self {
            before: Some(first).filter(|id| has(*id, Side::Before)),
            after: Some(last).filter(|id| has(*id, Side::After)),
        };
        let torn = ends.before.is_some_and(|id| has(id, Side::After))
            || ends.after.is_some_and(|id| has(id, Side::Before));
        (!torn).then_some(ends)
    }

    /// Whether another spelling can do without the token: what hangs on it hangs on an end.
    fn may_lose(self, piece: &Piece, hangs: &HashMap<u32, Vec<(Side, usize)>>) -> bool {
        let id = piece.atom.id;
        !hangs.contains_key(&id) || self.before == Some(id) || self.after == Some(id)
    }
}

/// Whether it is what a statement holds between brackets of its own: `(…)` of `if`, `while` and `switch`.
fn belongs_to_statement(n: Node<'_>) -> bool {
    n.is(Kind::ParenthesizedExpression)
        && n.parent().is_some_and(|p| p.kind().is_statement())
        && n.role() == Some(Field::Condition)
}

fn applies(place: IsoPlace, node: Node<'_>) -> bool {
    match place {
        IsoPlace::Expression | IsoPlace::ToTest => true,
        IsoPlace::Statement => node.parent().is_some_and(|p| p.is(Kind::ExpressionStatement)),
        IsoPlace::Test => is_tested(node),
    }
}

/// Whether only zero or not zero matters of an expression: a condition, an operand of `!`, `&&` or `||`.
pub fn is_tested(node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return false };
    match parent.kind() {
        Kind::ParenthesizedExpression => {
            parent.parent().is_some_and(|q| {
                matches!(q.kind(), Kind::IfStatement | Kind::WhileStatement | Kind::DoStatement)
            }) || is_tested(parent)
        }
        Kind::BinaryExpression => matches!(parent.operator(), Some("&&" | "||")),
        Kind::UnaryExpression => parent.operator() == Some("!"),
        Kind::ConditionalExpression | Kind::ForStatement => node.role() == Some(Field::Condition),
        _ => false,
    }
}

/// The positions of pieces with a text.
fn attached_to(pieces: &[&Piece], text: &str) -> Vec<String> {
    pieces.iter().filter(|p| p.atom.text == text).flat_map(|p| p.atom.attached.clone()).collect()
}

/// Whether a position hangs on a piece that the other spelling does without: it would be nowhere.
fn loses_position(piece: &Piece, iso: &Iso) -> bool {
    !piece.atom.attached.is_empty() && iso.right.iter().all(|a| a.text != piece.atom.text)
}
