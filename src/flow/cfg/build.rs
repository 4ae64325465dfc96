//! From statements to nodes and edges.

use super::super::access;
use super::{Cfg, CfgId, CfgNode, Edge, EdgeKind, Role, constant};
use crate::syntax::scope::label_address;
use crate::syntax::{Field, Kind, Node, Scopes};
use std::collections::BTreeMap;

/// Edges whose target is not known yet.
type Loose = Vec<(CfgId, EdgeKind)>;

pub(super) fn build<'t>(function: Node<'t>, scopes: &Scopes<'t>) -> Cfg<'t> {
    let mut builder = Builder {
        cfg: Cfg { nodes: Vec::new(), lost_jumps: Vec::new() },
        labels: BTreeMap::new(),
        gotos: Vec::new(),
        returns: Vec::new(),
        frames: Vec::new(),
    };
    let entry = builder.add(Role::Entry, function, None, Vec::new());
    let start = vec![(entry, EdgeKind::Next)];
    let mut rest = match function.child(Field::Body) {
        Some(body) if !function.kind().is_statement() => builder.statement(body, start),
        _ => builder.statement(function, start),
    };
    rest.append(&mut builder.returns);
    builder.jumps(function, scopes, &mut rest);
    builder.add(Role::Exit, function, None, rest);
    builder.cfg
}

/// Where a `goto` wants to go.
enum Target<'t> {
    Label(&'t str),
    /// Any label whose address is taken.
    Computed,
}

/// A statement that `break` or `continue` refers to.
struct Frame {
    breaks: Loose,
    /// `None` for a `switch`.
    continues: Option<Loose>,
    /// The node of a `switch`, and whether it has a `default`.
    switch: Option<(CfgId, bool)>,
}

struct Builder<'t> {
    cfg: Cfg<'t>,
    labels: BTreeMap<&'t str, CfgId>,
    gotos: Vec<(CfgId, Target<'t>)>,
    returns: Loose,
    /// Innermost last.
    frames: Vec<Frame>,
}

impl<'t> Builder<'t> {
    fn add(&mut self, role: Role, syntax: Node<'t>, part: Option<Node<'t>>, from: Loose) -> CfgId {
        let id = CfgId(self.cfg.nodes.len() as u32);
        let (successors, predecessors) = (Vec::new(), Vec::new());
        self.cfg.nodes.push(CfgNode { id, role, syntax, part, successors, predecessors });
        self.connect(from, id);
        if let Some(part) = part.filter(|_| !role.is_of_iterator()) {
            self.hidden_jumps(id, part);
        }
        id
    }

    fn connect(&mut self, from: Loose, to: CfgId) {
        for (source, kind) in from {
            let edge = Edge { to, kind };
            let successors = &mut self.cfg.nodes[source.0 as usize].successors;
            if !successors.contains(&edge) {
                successors.push(edge);
            }
            let predecessors = &mut self.cfg.nodes[to.0 as usize].predecessors;
            if !predecessors.contains(&source) {
                predecessors.push(source);
            }
        }
    }

    /// A node that control falls through.
    fn step(&mut self, role: Role, syntax: Node<'t>, part: Option<Node<'t>>, from: Loose) -> Loose {
        vec![(self.add(role, syntax, part, from), EdgeKind::Next)]
    }

    fn statements(&mut self, nodes: impl Iterator<Item = Node<'t>>, from: Loose) -> Loose {
        nodes.fold(from, |from, node| self.statement(node, from))
    }

    fn statement(&mut self, node: Node<'t>, from: Loose) -> Loose {
        use Kind::*;
        match node.kind() {
            CompoundStatement => {
                let from = self.step(Role::BlockBegin, node, None, from);
                let from = self.statements(node.named_children(), from);
                self.step(Role::BlockEnd, node, None, from)
            }
            ExpressionStatement | MacroStatement => self.step(Role::Statement, node, Some(node), from),
            Declaration | MacroDeclaration => self.step(Role::Declaration, node, Some(node), from),
            IfStatement => self.if_statement(node, from),
            WhileStatement => self.while_statement(node, from),
            DoStatement => self.do_statement(node, from),
            ForStatement => self.for_statement(node, from),
            MacroIterator => self.iterator(node, from),
            SwitchStatement => self.switch_statement(node, from),
            CaseStatement => self.case_statement(node, from),
            LabeledStatement => {
                let id = self.add(Role::Label, node, None, from);
                if let Some(name) = node.child(Field::Label) {
                    self.labels.entry(name.text()).or_insert(id);
                }
                let rest = node.named_children().filter(|c| c.role() != Some(Field::Label));
                self.statements(rest, vec![(id, EdgeKind::Next)])
            }
            AttributedStatement | ElseClause => self.statements(node.named_children(), from),
            ReturnStatement => {
                let id = self.add(Role::Return, node, Some(node), from);
                self.returns.push((id, EdgeKind::Jump));
                Vec::new()
            }
            BreakStatement | ContinueStatement => {
                let role = if node.is(BreakStatement) { Role::Break } else { Role::Continue };
                let id = self.add(role, node, None, from);
                self.leave(id, node.kind());
                Vec::new()
            }
            GotoStatement => self.goto(node, from),
            PreprocIf | PreprocIfdef => self.conditional(node, from),
            PreprocDef | PreprocFunctionDef | PreprocInclude | PreprocCall | TypeDefinition | Attribute
            | AttributeDeclaration | AttributeSpecifier | MacroAttribute | StatementIdentifier
            | PreprocArg | StructSpecifier | UnionSpecifier | EnumSpecifier | Comment | Token => from,
            kind if kind.is_expression() => self.step(Role::Statement, node, Some(node), from),
            _ => self.step(Role::Opaque, node, Some(node), from),
        }
    }

    fn if_statement(&mut self, node: Node<'t>, from: Loose) -> Loose {
        let condition = node.child(Field::Condition);
        let id = self.add(Role::If, node, condition, from);
        let (yes, no) = both_ways(id, condition);
        let mut rest = match node.child(Field::Consequence) {
            Some(consequence) => self.statement(consequence, yes),
            None => yes,
        };
        match node.child(Field::Alternative) {
            Some(alternative) => rest.extend(self.statement(alternative, no)),
            None => rest.extend(no),
        }
        self.step(Role::After, node, None, rest)
    }

    fn body(&mut self, node: Node<'t>, from: Loose) -> (Loose, Loose, Loose) {
        self.frames.push(Frame { breaks: Vec::new(), continues: Some(Vec::new()), switch: None });
        let rest = match node.child(Field::Body) {
            Some(body) => self.statement(body, from),
            None => from,
        };
        let frame = self.frames.pop();
        let (breaks, continues) =
            frame.map(|f| (f.breaks, f.continues.unwrap_or_default())).unwrap_or_default();
        (rest, continues, breaks)
    }

    fn while_statement(&mut self, node: Node<'t>, from: Loose) -> Loose {
        let condition = node.child(Field::Condition);
        let id = self.add(Role::While, node, condition, from);
        let (yes, mut no) = both_ways(id, condition);
        let (rest, continues, breaks) = self.body(node, yes);
        self.connect(back(rest), id);
        self.connect(continues, id);
        no.extend(breaks);
        self.step(Role::After, node, None, no)
    }

    fn do_statement(&mut self, node: Node<'t>, from: Loose) -> Loose {
        let id = self.add(Role::Do, node, None, from);
        let (mut rest, continues, breaks) = self.body(node, vec![(id, EdgeKind::Next)]);
        rest.extend(continues);
        let condition = node.child(Field::Condition);
        let last = self.add(Role::DoWhile, node, condition, rest);
        let (yes, mut no) = both_ways(last, condition);
        self.connect(back(yes), id);
        no.extend(breaks);
        self.step(Role::After, node, None, no)
    }

    fn for_statement(&mut self, node: Node<'t>, from: Loose) -> Loose {
        let from = match node.child(Field::Initializer) {
            Some(init) => self.step(Role::ForInit, node, Some(init), from),
            None => from,
        };
        let condition = node.child(Field::Condition);
        let id = self.add(Role::For, node, condition, from);
        let (yes, mut no) = both_ways(id, condition);
        let (mut rest, continues, breaks) = self.body(node, yes);
        rest.extend(continues);
        match node.child(Field::Update) {
            Some(update) => {
                let update = self.step(Role::ForUpdate, node, Some(update), rest);
                self.connect(back(update), id);
            }
            None => self.connect(back(rest), id),
        }
        no.extend(breaks);
        self.step(Role::After, node, None, no)
    }

    fn iterator(&mut self, node: Node<'t>, from: Loose) -> Loose {
        let from = match access::behind_macro(node).assigns_any() {
            false => from,
            true => self.step(Role::IteratorInit, node, Some(node), from),
        };
        let id = self.add(Role::Iterator, node, Some(node), from);
        let (rest, continues, breaks) = self.body(node, vec![(id, EdgeKind::True)]);
        self.connect(back(rest), id);
        self.connect(continues, id);
        let mut out = vec![(id, EdgeKind::False)];
        out.extend(breaks);
        self.step(Role::After, node, None, out)
    }

    fn switch_statement(&mut self, node: Node<'t>, from: Loose) -> Loose {
        let id = self.add(Role::Switch, node, node.child(Field::Condition), from);
        self.frames.push(Frame { breaks: Vec::new(), continues: None, switch: Some((id, false)) });
        let mut out = match node.child(Field::Body) {
            Some(body) => self.statement(body, Vec::new()),
            None => Vec::new(),
        };
        if let Some(frame) = self.frames.pop() {
            out.extend(frame.breaks);
            if matches!(frame.switch, Some((_, false))) {
                out.push((id, EdgeKind::NoCase));
            }
        }
        self.step(Role::After, node, None, out)
    }

    fn case_statement(&mut self, node: Node<'t>, mut from: Loose) -> Loose {
        let value = node.child(Field::Value);
        let is_default = node.children().next().is_some_and(|t| t.text() == "default");
        let switch = self.frames.iter_mut().rev().find_map(|f| f.switch.as_mut());
        if let Some((id, has_default)) = switch {
            *has_default |= is_default;
            from.push((*id, EdgeKind::Case));
        }
        let role = if is_default { Role::Default } else { Role::Case };
        let id = self.add(role, node, value, from);
        let starts = |c: &Node<'t>| c.kind().is_statement() || c.span().start >= colon(node);
        let rest = node.named_children().filter(|c| c.role() != Some(Field::Value)).filter(starts);
        self.statements(rest, vec![(id, EdgeKind::Next)])
    }

    fn goto(&mut self, node: Node<'t>, from: Loose) -> Loose {
        let computed = node.children().any(|c| c.is(Kind::Error) || c.text() == "*");
        let label = node.child(Field::Label).filter(|_| !computed);
        let id = self.add(Role::Goto, node, Some(node).filter(|_| label.is_none()), from);
        self.gotos.push((id, label.map_or(Target::Computed, |l| Target::Label(l.text()))));
        Vec::new()
    }

    fn conditional(&mut self, node: Node<'t>, from: Loose) -> Loose {
        let id = self.add(Role::Conditional, node, None, from);
        let mut rest = Vec::new();
        let mut arm = Some(node);
        let mut has_else = false;
        while let Some(directive) = arm {
            has_else |= directive.is(Kind::PreprocElse);
            let skip =
                |c: &Node<'t>| matches!(c.role(), Some(Field::Condition | Field::Name | Field::Alternative));
            let inside: Vec<_> = directive.named_children().filter(|c| !skip(c)).collect();
            rest.extend(self.statements(inside.into_iter(), vec![(id, EdgeKind::Arm)]));
            arm = directive.child(Field::Alternative);
        }
        if !has_else {
            rest.push((id, EdgeKind::NoArm));
        }
        self.step(Role::After, node, None, rest)
    }

    fn leave(&mut self, id: CfgId, kind: Kind) {
        let frame = match kind {
            Kind::BreakStatement => self.frames.last_mut().map(|f| &mut f.breaks),
            _ => self.frames.iter_mut().rev().find_map(|f| f.continues.as_mut()),
        };
        match frame {
            Some(loose) => loose.push((id, EdgeKind::Jump)),
            // Outside of any loop: a piece of a function, or code that does not compile.
            None => self.returns.push((id, EdgeKind::Jump)),
        }
    }

    /// Jumps inside an expression: statement expressions, statements as arguments, assembler with labels.
    fn hidden_jumps(&mut self, id: CfgId, part: Node<'t>) {
        for node in part.descendants().skip(1) {
            match node.kind() {
                Kind::ReturnStatement => self.returns.push((id, EdgeKind::Jump)),
                Kind::GotoStatement => {
                    let label = node.child(Field::Label);
                    self.gotos.push((id, label.map_or(Target::Computed, |l| Target::Label(l.text()))));
                }
                Kind::GnuAsmGotoList => {
                    let labels = node.named_children().filter(|c| c.is(Kind::Identifier));
                    self.gotos.extend(labels.map(|l| (id, Target::Label(l.text()))));
                }
                Kind::LabeledStatement => {
                    if let Some(name) = node.child(Field::Label) {
                        self.labels.entry(name.text()).or_insert(id);
                    }
                }
                kind @ (Kind::BreakStatement | Kind::ContinueStatement) => {
                    let stays = |a: Node<'_>| {
                        a.kind().is_loop() || kind == Kind::BreakStatement && a.is(Kind::SwitchStatement)
                    };
                    if !node.ancestors().take_while(|a| *a != part).any(stays) {
                        self.leave(id, kind);
                    }
                }
                _ => {}
            }
        }
    }

    fn jumps(&mut self, function: Node<'t>, scopes: &Scopes<'t>, rest: &mut Loose) {
        let taken = function.descendants().filter_map(label_address).map(|l| l.text());
        let mut taken: Vec<&str> = taken.collect();
        if taken.is_empty() {
            taken = scopes.labels().iter().map(|l| l.name).collect();
        }
        for (id, target) in std::mem::take(&mut self.gotos) {
            let names = match target {
                Target::Label(name) => vec![name],
                Target::Computed => taken.clone(),
            };
            let found: Vec<CfgId> = names.iter().filter_map(|n| self.labels.get(n)).copied().collect();
            if found.is_empty() {
                self.cfg.lost_jumps.push(id);
                rest.push((id, EdgeKind::Jump));
            }
            for label in found {
                self.connect(vec![(id, EdgeKind::Jump)], label);
            }
        }
    }
}

/// The edges from a condition: where it holds, where it does not.
fn both_ways(id: CfgId, condition: Option<Node<'_>>) -> (Loose, Loose) {
    let when = |wanted: bool, kind| match constant(condition) {
        Some(value) if value != wanted => Vec::new(),
        _ => vec![(id, kind)],
    };
    (when(true, EdgeKind::True), when(false, EdgeKind::False))
}

/// The same edges, going back to a loop's header. What a condition decides stays told.
fn back(edges: Loose) -> Loose {
    let kind = |kind| if kind == EdgeKind::Next { EdgeKind::Loop } else { kind };
    edges.into_iter().map(|(id, k)| (id, kind(k))).collect()
}

/// Where the colon of a `case` ends.
fn colon(node: Node<'_>) -> u32 {
    node.children().find(|c| c.is(Kind::Token) && c.text() == ":").map_or(node.span().start, |c| c.span().end)
}
