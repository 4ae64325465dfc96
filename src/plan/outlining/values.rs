//! What a variable is known to be where control leaves the statements.
//!
//! In: a scene and a variable of the function that nothing else can set. Out: [`Known`] for each way out: a constant
//! that was assigned, or what a test says that the way comes from.

use super::Scene;
use crate::flow::cfg::{CfgId, EdgeKind, Role};
use crate::flow::region::RegionExit;
use crate::source::squeezed;
use crate::syntax::scope::DeclId;
use crate::syntax::{Field, Kind, Node};

/// What is known of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// No way leads there.
    Unreached,
    /// It is this constant, as it is spelled.
    Is(String),
    /// It is less than zero.
    Negative,
    /// It is not zero.
    NonZero,
    /// It may be anything.
    Any,
}

impl Known {
    /// What is known of a value as it is written: a constant is itself.
    pub(super) fn of(value: Node<'_>, scene: &Scene<'_, '_>) -> Self {
        if is_constant(value, scene) { Known::Is(squeezed(value.text())) } else { Known::Any }
    }

    /// Whether it is zero.
    pub(super) fn is_zero(&self) -> bool {
        matches!(self, Known::Is(text) if matches!(text.as_str(), "0" | "NULL" | "false"))
    }

    /// Whether it is less than zero: `-` in front of a constant is taken for that.
    pub(super) fn is_negative(&self) -> bool {
        match self {
            Known::Is(text) => text.starts_with('-') && text != "-0",
            other => *other == Known::Negative,
        }
    }

    /// Whether it is not zero.
    pub(super) fn is_nonzero(&self) -> bool {
        let number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit()) || text == "true";
        match self {
            Known::Is(text) => self.is_negative() || number(text) && !self.is_zero(),
            other => matches!(other, Known::Negative | Known::NonZero),
        }
    }

    fn join(self, other: Self) -> Self {
        match (self, other) {
            (Known::Unreached, known) | (known, Known::Unreached) => known,
            (a, b) if a == b => a,
            (a, b) if a.is_negative() && b.is_negative() => Known::Negative,
            (a, b) if a.is_nonzero() && b.is_nonzero() => Known::NonZero,
            _ => Known::Any,
        }
    }

    /// This, and what a test says.
    fn and(self, told: Option<Self>) -> Self {
        match told {
            None => self,
            Some(Known::NonZero) if self.is_nonzero() => self,
            Some(Known::Negative) if self.is_negative() => self,
            Some(told) => told,
        }
    }
}

/// What is known of one variable, by node, behind it.
pub(super) struct Values<'s, 'a, 't> {
    scene: &'s Scene<'a, 't>,
    id: DeclId,
    behind: Vec<Known>,
}

impl<'s, 'a, 't> Values<'s, 'a, 't> {
    /// Follow the variable through its function.
    pub(super) fn of(scene: &'s Scene<'a, 't>, id: DeclId) -> Self {
        let cfg = &scene.facts.cfg;
        let mut values = Self { scene, id, behind: vec![Known::Unreached; cfg.nodes.len()] };
        if scene.facts.shared.contains(&id) {
            values.behind.fill(Known::Any);
            return values;
        }
        let mut changed = true;
        while changed {
            changed = false;
            for node in &cfg.nodes {
                let start = if node.id == cfg.entry() { Known::Any } else { Known::Unreached };
                let edges = node.predecessors.iter().map(|p| values.along(*p, node.id));
                let after = match edges.fold(start, Known::join) {
                    Known::Unreached => Known::Unreached,
                    before => values.assigned(node.id).unwrap_or(before),
                };
                if values.behind[node.id.0 as usize] != after {
                    values.behind[node.id.0 as usize] = after;
                    changed = true;
                }
            }
        }
        values
    }

    /// What is known on a way out.
    pub(super) fn on(&self, exit: &RegionExit) -> Known {
        self.along(exit.from, exit.to)
    }

    fn along(&self, from: CfgId, to: CfgId) -> Known {
        let known = &self.behind[from.0 as usize];
        let node = self.scene.facts.cfg.node(from);
        let tests = matches!(node.role, Role::If | Role::While | Role::DoWhile | Role::For);
        let condition = node.part.filter(|_| tests && *known != Known::Unreached);
        let edges = node.successors.iter().filter(|e| e.to == to);
        let each = edges.map(|e| known.clone().and(condition.and_then(|c| self.told(c, e.kind))));
        each.fold(Known::Unreached, Known::join)
    }

    /// What a node makes of it; `None` if it does not touch it.
    fn assigned(&self, at: CfgId) -> Option<Known> {
        let sets = |a: &crate::flow::access::Access<'_>| a.may_define() || a.takes_address();
        let all = self.scene.facts.accesses(at).filter(|a| a.decl == self.id && sets(a));
        let all: Vec<_> = all.collect();
        let [one] = all[..] else { return (!all.is_empty()).then_some(Known::Any) };
        let parent = one.node.parent().filter(|_| !one.conditional);
        let value = parent.and_then(|p| match p.kind() {
            Kind::AssignmentExpression if p.operator() == Some("=") => p.child(Field::Right),
            Kind::InitDeclarator => p.child(Field::Value),
            _ => None,
        });
        Some(value.map_or(Known::Any, |v| Known::of(v, self.scene)))
    }

    /// What a condition tells on an edge.
    fn told(&self, condition: Node<'t>, edge: EdgeKind) -> Option<Known> {
        let holds = match edge {
            EdgeKind::True => true,
            EdgeKind::False => false,
            _ => return None,
        };
        let (left, right) = (condition.child(Field::Left), condition.child(Field::Right));
        let other = if holds { EdgeKind::False } else { EdgeKind::True };
        let it = |n: Option<Node<'_>>| n.is_some_and(|n| self.is_it(n));
        match (condition.kind(), condition.operator()) {
            (Kind::ParenthesizedExpression, _) => {
                self.told(condition.named_children().find(|n| !n.is(Kind::Comment))?, edge)
            }
            (Kind::UnaryExpression, Some("!")) => self.told(condition.child(Field::Argument)?, other),
            (Kind::BinaryExpression, Some("!=" | "==")) if it(left) => {
                let same = (condition.operator() == Some("==")) == holds;
                match Known::of(right?, self.scene) {
                    Known::Is(text) if same => Some(Known::Is(text)),
                    known if known.is_zero() => Some(Known::NonZero),
                    _ => None,
                }
            }
            (Kind::BinaryExpression, Some("<")) if it(left) => {
                (holds && Known::of(right?, self.scene).is_zero()).then_some(Known::Negative)
            }
            (Kind::BinaryExpression, Some("&&")) if holds => self.either(left?, right?, edge),
            (Kind::BinaryExpression, Some("||")) if !holds => self.either(left?, right?, edge),
            _ if self.is_it(condition) => {
                Some(if holds { Known::NonZero } else { Known::Is("0".to_owned()) })
            }
            _ => None,
        }
    }

    /// Both conditions tell: what one of them says, if none of them sets it.
    fn either(&self, left: Node<'t>, right: Node<'t>, edge: EdgeKind) -> Option<Known> {
        let sets = |n: Node<'t>| n.descendants().chain([n]).any(|n| n.is(Kind::AssignmentExpression));
        if sets(left) || sets(right) {
            return None;
        }
        self.told(left, edge).or_else(|| self.told(right, edge))
    }

    /// Whether an expression is the variable, or an assignment to it.
    fn is_it(&self, node: Node<'_>) -> bool {
        match (node.kind(), node.operator()) {
            (Kind::ParenthesizedExpression, _) => node.named_children().any(|n| self.is_it(n)),
            (Kind::AssignmentExpression, Some("=")) => node.child(Field::Left).is_some_and(|n| self.is_it(n)),
            (Kind::Identifier, _) => self.scene.facts.scopes.resolve(node) == Some(self.id),
            _ => false,
        }
    }
}

/// Whether it has the same value everywhere: numbers, names in capitals, and macros of such.
fn is_constant(value: Node<'_>, scene: &Scene<'_, '_>) -> bool {
    let plain = |n: Node<'_>| match n.kind() {
        _ if matches!(n.text(), "true" | "false") => true,
        Kind::Identifier => {
            let capitals = !n.text().contains(|c: char| c.is_ascii_lowercase());
            scene.facts.scopes.resolve(n).is_none() && capitals
        }
        Kind::UnaryExpression
        | Kind::NumberLiteral
        | Kind::ParenthesizedExpression
        | Kind::CallExpression => true,
        kind => !kind.is_expression(),
    };
    plain(value) && value.descendants().all(plain)
}
