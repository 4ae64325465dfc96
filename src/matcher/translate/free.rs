//! Which metavariables an element of a pattern mentions.
//!
//! In: elements. Out: sets of names, as bits. Names that a rule inherits, fresh identifiers and literal kinds are
//! nothing to bind and do not count; the names of plus code count where it hangs. A rule may have more metavariables
//! than there are bits: the rest count as bound outside of everything.

use super::Translator;
use crate::matcher::formula::{Elsewhere, Item, Part};
use crate::matcher::graph::{case_body, else_body, loop_body};
use crate::smpl::pattern::{Leaf, Pattern, Piece, Slot, When, is_literal};
use crate::smpl::vocabulary::Names;
use crate::smpl::{Constraint, ConstraintValue, FreshPart, MetaKind, Metavariable};
use crate::syntax::{Field, Kind, Node};
use std::collections::HashMap;

impl<'p> Translator<'p> {
    fn bit(&self, name: &str) -> Names {
        self.rule.metavariables.bit(name)
    }

    /// The names that later rules ask for: they hold for a whole match.
    pub(super) fn exported(&self) -> Names {
        let outlines = |m: &Metavariable| matches!(m.kind, MetaKind::Outline(_));
        if self.rule.metavariables.values().any(outlines) {
            // What becomes a function is one piece, and its header may mention every name.
            return self.rule.metavariables.all_names();
        }
        let whole = self.rule.exported.difference(&self.rule.pooled);
        whole.fold(0, |all, name| all | self.bit(name))
    }

    /// The rule's own positions: what stands next to dots bounds them wherever it is.
    pub(super) fn own_positions(&self) -> Names {
        let own = |m: &&Metavariable| matches!(m.kind, MetaKind::Position(_)) && m.inherited.is_none();
        self.rule.metavariables.values().filter(own).fold(0, |all, m| all | self.bit(&m.name))
    }

    /// The names of a set that are not in the other.
    pub(super) fn unbound(&self, names: Names, bound: Names) -> Vec<&'p str> {
        self.rule.metavariables.named(names & !bound).collect()
    }

    /// What names that are bound outside of an element can do to its matches. Branches are tried in order, and the first
    /// that matches is taken: where a name stands twice, it depends on what is known of it which one that is.
    pub(super) fn bound_elsewhere(&self, item: Item<'p>) -> Elsewhere {
        let pattern = item.matcher.pattern;
        let ordered = |n: Node<'p>| {
            n.is(Kind::InitializerList)
                || !pattern.alternatives(n).is_empty()
                || matches!(item.matcher.whole_leaf(n), Leaf::Slot(slot) if !matches!(slot, Slot::Dots(_)))
        };
        let repeated = || self.mentions(pattern, self.pieces(item)).values().any(|count| *count > 1);
        let asks = |m: &Metavariable| m.constraints.iter().any(|c| self.asks_for_a_name(c));
        if self.rule.metavariables.values().any(asks) || item.node.descendants().any(ordered) && repeated() {
            Elsewhere::Decides
        } else {
            Elsewhere::RulesOut
        }
    }

    /// Whether a constraint can be met only once another name of the rule is bound.
    fn asks_for_a_name(&self, constraint: &Constraint) -> bool {
        let own = |value: &ConstraintValue| match value {
            ConstraintValue::Metavariable(None, name) | ConstraintValue::Text(name) => {
                self.rule.metavariables.contains_key(name)
            }
            ConstraintValue::Metavariable(Some(_), _) => false,
        };
        match constraint {
            Constraint::In(values)
            | Constraint::PartOf(values)
            | Constraint::Script { arguments: values, .. } => values.iter().any(own),
            Constraint::All(all) | Constraint::Any(all) => all.iter().any(|c| self.asks_for_a_name(c)),
            Constraint::Not(_) => true,
            Constraint::NotIn(_)
            | Constraint::Matches(_)
            | Constraint::MatchesNot(_)
            | Constraint::Compare(..) => false,
        }
    }

    /// How often pieces mention names that are to be bound, at most.
    fn mentions(&self, pattern: &'p Pattern, pieces: &'p [Piece]) -> HashMap<&'p str, usize> {
        let mut out: HashMap<&str, usize> = HashMap::new();
        for piece in pieces {
            let attached = piece.atom.attached.iter().map(String::as_str);
            for name in piece.atom.words().chain(attached) {
                let Some(meta) = self.rule.metavariables.get(name).filter(|m| m.inherited.is_none()) else {
                    continue;
                };
                let types = meta.types.iter().flat_map(|t| t.base.split(' '));
                for name in types.filter(|t| self.bit(t) != 0).chain([meta.name.as_str()]) {
                    *out.entry(name).or_default() += 1;
                }
            }
            let inner = match piece.slot.and_then(|i| pattern.slots().get(i)) {
                Some(Slot::Disjunction(all) | Slot::Conjunction(all)) => all.as_slice(),
                Some(Slot::Nest(_, inner, _)) => std::slice::from_ref(&**inner),
                Some(Slot::Dots(_) | Slot::Directive(_)) | None => &[],
            };
            let conjunction = matches!(piece.slot.map(|i| &pattern.slots()[i]), Some(Slot::Conjunction(_)));
            let mut most: HashMap<&str, usize> = HashMap::new();
            for (name, count) in inner.iter().flat_map(|p| self.mentions(p, p.pieces())) {
                let entry = most.entry(name).or_default();
                *entry = if conjunction { *entry + count } else { count.max(*entry) };
            }
            most.into_iter().for_each(|(name, count)| *out.entry(name).or_default() += count);
        }
        out
    }

    /// The names that an element mentions.
    pub(super) fn free(&self, item: Item<'p>) -> Names {
        self.of_pieces(item.matcher.pattern, self.pieces(item))
    }

    /// The names that elements mention.
    pub(super) fn free_in(&self, items: &[Item<'p>]) -> Names {
        items.iter().fold(0, |all, item| all | self.free(*item))
    }

    /// The names that other elements than this one mention.
    pub(super) fn beside(&self, item: Item<'p>) -> Names {
        let all = self.rule.pattern.pieces();
        let own = self.pieces(item);
        let Some((first, last)) = own.first().zip(own.last()) else { return 0 };
        if !std::ptr::eq(item.matcher.pattern, &raw const self.rule.pattern) {
            return self.of_pieces(&self.rule.pattern, all);
        }
        let others = all.iter().filter(|p| p.span.start < first.span.start || p.span.start > last.span.start);
        others.fold(0, |out, piece| out | self.of_pieces(&self.rule.pattern, std::slice::from_ref(piece)))
    }

    /// The names of an element that what follows mentions too. What it mentions alone may be anything in what dots skip.
    pub(super) fn shared(&self, first: Item<'p>, rest: &[Item<'p>]) -> Names {
        self.free(first) & self.free_in(rest)
    }

    /// For parts that follow each other: what only each mentions, and what later ones mention too.
    pub(super) fn split<const N: usize>(&self, masks: [Names; N], bound: Names) -> [(Names, Names); N] {
        let mut bound = bound;
        let mut out = [(0, 0); N];
        for i in 0..N {
            let own = masks[i] & !bound;
            let later = masks[i + 1..].iter().fold(0, |all, m| all | m) & !bound;
            out[i] = (own & !later, own & later);
            bound |= own & later;
        }
        out
    }

    /// The pieces of an element.
    pub(super) fn pieces(&self, item: Item<'p>) -> &'p [Piece] {
        let all = item.matcher.pattern.pieces_of(item.node);
        let node = item.node;
        let within = |from: u32, to: u32| {
            let start = all.partition_point(|p| p.span.start < from);
            let end = all.partition_point(|p| p.span.start < to);
            all.get(start..end.max(start)).unwrap_or_default()
        };
        let ends = node.span();
        match item.part {
            Part::Any => &[],
            Part::Open => all.get(..1).unwrap_or_default(),
            Part::Close | Part::MissingClose => all.get(all.len().saturating_sub(1)..).unwrap_or_default(),
            Part::Else => all.get(..1).unwrap_or_default(),
            Part::Header | Part::Opposite | Part::Condition | Part::Function => {
                within(ends.start, first_part(node).map_or(ends.end, |b| b.span().start))
            }
            Part::Tail => within(node.child(Field::Body).map_or(ends.end, |b| b.span().end), ends.end),
            _ => all,
        }
    }

    fn of_pieces(&self, pattern: &Pattern, pieces: &[Piece]) -> Names {
        let mut out = 0;
        for piece in pieces {
            out |= piece.atom.words().fold(0, |all, name| all | self.of_name(name));
            out |= piece.atom.attached.iter().fold(0, |all, name| all | self.of_name(name));
            for (_, index) in self.rule.hangs.get(&piece.atom.id).into_iter().flatten() {
                let plus = self.rule.plus.get(*index).map_or(&[][..], |p| &p.atoms);
                out |= plus.iter().fold(0, |all, a| all | self.of_name(&a.text));
            }
            if let Some(slot) = piece.slot.and_then(|i| pattern.slots().get(i)) {
                out |= self.of_slot(slot);
            }
        }
        out
    }

    fn of_pattern(&self, pattern: &Pattern) -> Names {
        self.of_pieces(pattern, pattern.pieces())
    }

    /// The names that conditions of dots mention.
    pub(super) fn free_in_whens(&self, whens: &[When]) -> Names {
        let of_when = |w: &When| match w {
            When::Not(p) | When::Only(p) | When::NotTrue(p) | When::NotFalse(p) => self.of_pattern(p),
            When::Any | When::Strict | When::Exists | When::Forall => 0,
        };
        whens.iter().fold(0, |all, w| all | of_when(w))
    }

    fn of_slot(&self, slot: &Slot) -> Names {
        match slot {
            Slot::Dots(whens) => self.free_in_whens(whens),
            Slot::Disjunction(all) | Slot::Conjunction(all) => {
                all.iter().fold(0, |out, p| out | self.of_pattern(p))
            }
            Slot::Nest(_, inner, whens) => self.of_pattern(inner) | self.free_in_whens(whens),
            Slot::Directive(directive) => {
                directive.pieces().fold(0, |out, piece| out | self.of_name(&piece.atom.text))
            }
        }
    }

    fn of_name(&self, name: &str) -> Names {
        self.rule.metavariables.get(name).map_or(0, |meta| self.of_meta(meta))
    }

    fn of_meta(&self, meta: &Metavariable) -> Names {
        if is_literal(&meta.kind) {
            return 0;
        }
        let own = if meta.inherited.is_some() { 0 } else { self.bit(&meta.name) };
        let others = match &meta.kind {
            MetaKind::FreshIdentifier(parts) => {
                let names = parts.iter().filter_map(|p| match p {
                    FreshPart::Metavariable(name) => Some(name),
                    FreshPart::Text(_) => None,
                });
                return names.fold(0, |all, name| all | self.of_name(name));
            }
            _ => {
                let words = meta.types.iter().flat_map(|t| t.base.split(' '));
                let types = words.filter(|w| *w != meta.name).fold(0, |all, w| all | self.of_name(w));
                types | meta.numbers().fold(0, |all, name| all | self.bit(name))
            }
        };
        own | others
    }
}

/// The first part of a statement that is a statement itself.
fn first_part(node: Node<'_>) -> Option<Node<'_>> {
    match node.kind() {
        Kind::IfStatement => node.child(Field::Consequence),
        Kind::CaseStatement => case_body(node).into_iter().next(),
        Kind::LabeledStatement => node.named_children().nth(1),
        Kind::ElseClause => else_body(node),
        Kind::SwitchStatement | Kind::DoStatement | Kind::FunctionDefinition => node.child(Field::Body),
        _ => loop_body(node),
    }
}
