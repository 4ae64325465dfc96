//! A node of a pattern against a node of code.
//!
//! In: two nodes and an environment. Out: every environment in which they are the same. Opaque code matches nothing.

use super::attribute::{attributes, is_attribute};
use super::binding::Binding;
use super::constraint::{allowed, kind_fits};
use super::environment::Environment;
use super::format::is_format;
use super::list::significant;
use super::sized::is_sized;
use crate::smpl::pattern::{Leaf, Pattern, PatternKind, Slot};
use crate::smpl::vocabulary::Names;
use crate::smpl::{MetaKind, Metavariable};
use crate::syntax::{Field, Kind, Node};

/// Matches one pattern.
#[derive(Clone, Copy)]
pub struct Matcher<'p> {
    /// The pattern.
    pub pattern: &'p Pattern,
    /// The names that what stands elsewhere in the rule binds as well.
    asking: Names,
    /// The names that each place of a nest has its own values for.
    pub(super) keeping: Names,
}

impl<'p> Matcher<'p> {
    /// A matcher of `pattern`.
    pub fn new(pattern: &'p Pattern) -> Self {
        Self { pattern, asking: 0, keeping: 0 }
    }

    /// The same with names that other elements of the rule mention: a place that can be read in several ways is then
    /// read in each that gives one of them another value, as only one of these may fit the others.
    #[must_use]
    pub fn asking(self, asking: Names) -> Self {
        Self { asking, ..self }
    }

    /// The same with names that each place of a nest has its own values for.
    #[must_use]
    pub fn keeping(self, keeping: Names) -> Self {
        Self { keeping, ..self }
    }

    /// A matcher of a part that stands at the same place.
    pub(super) fn within(self, pattern: &'p Pattern) -> Self {
        Self { pattern, ..self }
    }

    /// Add to the ways in which a place was read another one's, as far as they differ in what is asked for.
    fn add_differing(self, found: &mut Vec<Environment>, more: Vec<Environment>) {
        let before = found.len();
        for env in more {
            let differs = |old: &Environment| {
                let mut names = self.pattern.metavariables().named(self.asking);
                names.any(|name| match (old.get(name), env.get(name)) {
                    (Some(a), Some(b)) => a.key != b.key,
                    _ => false,
                })
            };
            if found[..before].iter().all(differs) {
                found.push(env);
            }
        }
    }

    /// All ways in which `c` is `p`.
    pub fn node(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        if c.kind().is_opaque() {
            return Vec::new();
        }
        let mut out = match self.whole_leaf(p) {
            Leaf::Meta(meta) => self.meta(p, meta, c, env),
            Leaf::Slot(slot) => self.slot(p, slot, c, env),
            Leaf::Plain => self.plain(p, c, env),
        };
        for alternative in self.pattern.alternatives(p) {
            // One way to match a place is enough: two would edit it twice.
            if !out.is_empty() && self.asking == 0 {
                break;
            }
            let matcher = self.within(alternative);
            let root = alternative.single().filter(|_| matcher.kinds().contains(c.kind()));
            if let Some(root) = root.filter(|_| !alternative.is_only_tested() || is_operand(c)) {
                self.add_differing(&mut out, matcher.node(root, c, env));
            }
        }
        if out.len() > 1 {
            let mut seen = Vec::new();
            out.retain(|e| {
                let key = (e.key(), e.touches());
                let new = !seen.contains(&key);
                if new {
                    seen.push(key);
                }
                new
            });
        }
        out.into_iter().filter_map(|env| self.attach_nodes(p, c, env)).collect()
    }

    /// What a node means that is one token of the rule, with the `;` that was added to make it a statement.
    pub fn whole_leaf(&self, p: Node<'p>) -> Leaf<'p> {
        let inner = match p.kind() {
            Kind::ExpressionStatement
            | Kind::Enumerator
            | Kind::FieldDeclaration
            | Kind::ParameterDeclaration
            | Kind::TypeDescriptor
            | Kind::Declaration => {
                let mut all = p.named_children();
                match (all.next(), all.next()) {
                    (Some(one), None) if one.is_leaf() => one,
                    (Some(one), None)
                        if one.is(Kind::AssignmentExpression) && self.pattern.pieces_of(p).len() == 1 =>
                    {
                        match one.child(Field::Left) {
                            Some(left) if left.is_leaf() => left,
                            _ => return Leaf::Plain,
                        }
                    }
                    _ => return Leaf::Plain,
                }
            }
            _ if p.is_leaf() => p,
            _ => return Leaf::Plain,
        };
        let leaf = self.pattern.leaf(inner);
        // `S;` that the rule wrote is an expression statement; `S` alone is the statement.
        match leaf {
            Leaf::Meta(meta) if p != inner => {
                let whole = match p.kind() {
                    Kind::Enumerator => false,
                    Kind::ParameterDeclaration
                    | Kind::TypeDescriptor
                    | Kind::FieldDeclaration
                    | Kind::Declaration => true,
                    _ => matches!(
                        meta.kind,
                        MetaKind::Statement
                            | MetaKind::StatementList(_)
                            | MetaKind::Declaration
                            | MetaKind::Metavariable
                    ),
                };
                if whole { leaf } else { Leaf::Plain }
            }
            Leaf::Slot(_)
                if p != inner
                    && self
                        .pattern
                        .piece_at(p.span().end.saturating_sub(1))
                        .is_some_and(|x| x.atom.text == ";") =>
            {
                Leaf::Plain
            }
            _ => leaf,
        }
    }

    /// A token against a token.
    pub fn token(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Option<Environment> {
        let piece = self.pattern.piece(p);
        let operator = piece.and_then(|x| self.pattern.metavariables().get(&x.atom.text));
        if let Some(meta) = operator.filter(|m| matches!(m.kind, MetaKind::Operator(_))) {
            let env = self.bind(meta, Binding::of(c), env)?;
            return self.noted(p, c.span(), c, &env);
        }
        (p.text() == c.text()).then_some(())?;
        self.noted(p, c.span(), c, env)
    }

    /// Bind a metavariable, or compare with what it is bound to.
    pub fn bind(&self, meta: &Metavariable, binding: Binding, env: &Environment) -> Option<Environment> {
        if let Some(old) = env.get(&meta.name) {
            let same = if old.places.is_empty() {
                old.key == binding.key
            } else {
                binding.places.iter().all(|p| old.places.contains(p))
            };
            return same.then(|| env.clone());
        }
        allowed(meta, &binding, env).then(|| env.with(&meta.name, binding))
    }

    fn meta(&self, p: Node<'p>, meta: &Metavariable, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        if matches!(c.kind(), Kind::Token | Kind::Comment) || !kind_fits(meta, c) {
            return Vec::new();
        }
        let mut typed = env.clone();
        if p.is(Kind::TypeDescriptor) && !attributes(p).is_empty() {
            // The pattern's attributes stand behind all of the type.
            let inside = c.descendants().any(is_attribute);
            match self.attributes(p, c, env).into_iter().next().filter(|_| !inside) {
                Some(env) => typed = env,
                None => return Vec::new(),
            }
        }
        if !meta.types.is_empty() {
            match super::typing::fits(&meta.types, c, env, self.pattern.metavariables()) {
                Some(env) => typed = env,
                None => return Vec::new(),
            }
        }
        let bound = self.bind(meta, binding_of(meta, c), &typed);
        bound.and_then(|env| self.noted(p, c.span(), c, &env)).into_iter().collect()
    }

    fn slot(&self, p: Node<'p>, slot: &'p Slot, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        match slot {
            Slot::Dots(_) => self.noted(p, c.span(), c, env).into_iter().collect(),
            Slot::Disjunction(branches) => {
                // The first branch that matches wins.
                let mut all = Vec::new();
                for branch in branches {
                    if all.is_empty() || self.asking != 0 {
                        self.add_differing(&mut all, self.branch(branch, c, env));
                    }
                }
                all.into_iter().filter_map(|env| self.noted(p, c.span(), c, &env)).collect()
            }
            Slot::Conjunction(branches) => {
                let mut all = vec![env.clone()];
                for branch in branches {
                    all = all.iter().flat_map(|env| self.branch(branch, c, env)).collect();
                }
                all
            }
            Slot::Nest(count, inner, _) => self.nest(p, (*count, inner), c, env),
            Slot::Directive(_) => self.directive(p, c, env).unwrap_or_default(),
        }
    }

    pub(super) fn branch(&self, branch: &'p Pattern, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let matcher = self.within(branch);
        match (branch.single(), branch.kind()) {
            (Some(_), _) if !matcher.kinds().contains(c.kind()) => Vec::new(),
            (Some(root), _) => matcher.node(root, c, env),
            (None, PatternKind::Statements) if c.is(Kind::CompoundStatement) => {
                let roots: Vec<_> = branch.roots().collect();
                matcher.items(&roots, &c.named_children().collect::<Vec<_>>(), env)
            }
            _ => Vec::new(),
        }
    }

    fn plain(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        if p.is(Kind::Token) {
            return if c.is(Kind::Token) { self.token(p, c, env).into_iter().collect() } else { Vec::new() };
        }
        if is_word(p) {
            let same = is_word(c) && self.pattern.text_of(p) == c.text();
            return if same { self.noted(p, c.span(), c, env).into_iter().collect() } else { Vec::new() };
        }
        if let Some(out) = self.directive(p, c, env) {
            return out;
        }
        if let Some(out) = self.declared(p, c, env) {
            return out;
        }
        if p.is(Kind::AssignmentExpression) && c.is(Kind::InitDeclarator) {
            return self.initialised(p, c, env);
        }
        if is_sized(p) && is_sized(c) && self.pattern.piece(p).is_some() {
            return self.sized(p, c, env);
        }
        if let Some(dots) = self.operand_dots(p)
            && c.kind().is_expression()
        {
            return self.operand(dots, c, env);
        }
        let called =
            |k: Kind| matches!(k, Kind::ExpressionStatement | Kind::MacroStatement | Kind::MacroDeclaration);
        // Outside of functions a macro that declares is no statement.
        let declares = c.is(Kind::MacroDeclaration)
            && !c.ancestors().any(|n| n.is(Kind::FunctionDefinition))
            && !self.names_declarer(p);
        if p.kind() != c.kind() && (!(called(p.kind()) && called(c.kind())) || declares) {
            return Vec::new();
        }
        match p.kind() {
            Kind::NumberLiteral => {
                let same = super::canonical::number(p.text()) == super::canonical::number(c.text());
                if same { self.noted(p, c.span(), c, env).into_iter().collect() } else { Vec::new() }
            }
            Kind::StringLiteral if is_format(self.pattern.text_of(p)) => self.format(p, c, env),
            Kind::StringLiteral | Kind::CharLiteral => {
                if p.text() == c.text() {
                    self.noted(p, c.span(), c, env).into_iter().collect()
                } else {
                    Vec::new()
                }
            }
            Kind::InitializerList if self.is_unordered(p) => self.unordered(p, c, env),
            Kind::ArgumentList
            | Kind::ParameterList
            | Kind::InitializerList
            | Kind::CompoundStatement
            | Kind::FieldDeclarationList
            | Kind::EnumeratorList => self.bracket(p, c, env),
            Kind::BinaryExpression => self.binary(p, c, env),
            Kind::SizeofExpression if p.child(Field::Type).is_some() && c.child(Field::Value).is_some() => {
                self.size_of_name(p, c, env)
            }
            _ => self.lockstep(p, c, env),
        }
    }

    /// Whether a call is of what the rule declares to be a declarer.
    fn names_declarer(&self, p: Node<'p>) -> bool {
        let name = p.descendants().find(|n| n.is_leaf());
        let leaf = name.map(|name| self.pattern.leaf(name));
        matches!(leaf, Some(Leaf::Meta(meta)) if meta.kind == MetaKind::Declarer)
    }

    /// Child by child.
    pub fn lockstep(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let pc: Vec<_> = significant(p).collect();
        let mut cc: Vec<_> = significant(c).collect();
        let storage = |n: &Node<'_>| n.is(Kind::StorageClassSpecifier);
        if c.is(Kind::MacroDeclaration) && !pc.iter().any(storage) {
            cc.retain(|n| !storage(n));
        }
        if pc.is_empty() {
            let same = cc.is_empty() && p.text() == c.text();
            return if same { self.noted(p, c.span(), c, env).into_iter().collect() } else { Vec::new() };
        }
        if pc.len() != cc.len() {
            return Vec::new();
        }
        let mut all = vec![env.clone()];
        for (p, c) in pc.into_iter().zip(cc) {
            all = all.iter().flat_map(|env| self.node(p, c, env)).collect();
            if all.is_empty() {
                break;
            }
        }
        all
    }

    /// `sizeof(T)` where the code's name looks like a variable's.
    fn size_of_name(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let value = c.child(Field::Value).filter(|v| v.is(Kind::ParenthesizedExpression));
        let name = value.and_then(|v| v.named_children().next()).filter(|n| n.is(Kind::Identifier));
        let (Some(ty), Some(value), Some(name)) = (p.child(Field::Type), value, name) else {
            return Vec::new();
        };
        let keyword = (p.children().next(), c.children().next());
        let mut all: Vec<Environment> = match keyword {
            (Some(a), Some(b)) => self.token(a, b, env).into_iter().collect(),
            _ => Vec::new(),
        };
        for text in ["(", ")"] {
            let find =
                |n: Node<'_>| n.children().find(|t| t.is(Kind::Token) && t.text() == text).map(|t| t.id());
            if let (Some(a), Some(b)) = (find(p), find(value)) {
                let (a, b) = (p.tree().node(a), c.tree().node(b));
                all = all.iter().filter_map(|env| self.token(a, b, env)).collect();
            }
        }
        all.iter().flat_map(|env| self.node(ty, name, env)).collect()
    }

    /// `x = e` against the declaration that initialises `x`.
    fn initialised(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let operator = p.child(Field::Operator).and_then(|o| self.pattern.piece(o));
        if operator.is_none_or(|o| o.atom.text != "=") {
            return Vec::new();
        }
        let mut name = c.child(Field::Declarator);
        while let Some(inner) = name.filter(|n| n.is(Kind::PointerDeclarator)) {
            name = inner.child(Field::Declarator);
        }
        let Some(name) = name.filter(|n| n.is(Kind::Identifier)) else { return Vec::new() };
        let sign = c.children().find(|t| t.is(Kind::Token) && t.text() == "=");
        let (Some(left), Some(operator), Some(right)) =
            (p.child(Field::Left), p.child(Field::Operator), p.child(Field::Right))
        else {
            return Vec::new();
        };
        let (Some(sign), Some(value)) = (sign, c.child(Field::Value)) else { return Vec::new() };
        let all = self.node(left, name, env);
        let all: Vec<_> = all.iter().filter_map(|env| self.token(operator, sign, env)).collect();
        all.iter().flat_map(|env| self.node(right, value, env)).collect()
    }
}

/// Whether an identifier is used as a value: not where it is declared, included or defined.
pub fn is_value(n: Node<'_>) -> bool {
    use Kind::*;
    let Some(parent) = n.parent() else { return true };
    if n.is(ParenthesizedExpression) {
        return are_own(n);
    }
    match parent.kind() {
        FunctionDeclarator
        | PointerDeclarator
        | ParenthesizedDeclarator
        | ParameterDeclaration
        | Declaration
        | FieldDeclaration
        | PreprocInclude
        | PreprocDef
        | PreprocFunctionDef
        | PreprocParams
        | AttributedDeclarator => false,
        InitDeclarator | ArrayDeclarator => n.role() != Some(Field::Declarator),
        Enumerator => n.role() != Some(Field::Name),
        _ => true,
    }
}

/// Whether parentheses are code's own: those of `if (…)` belong to the statement.
fn are_own(c: Node<'_>) -> bool {
    !c.parent().is_some_and(|q| {
        matches!(
            q.kind(),
            Kind::IfStatement | Kind::WhileStatement | Kind::SwitchStatement | Kind::DoStatement
        )
    })
}

/// Whether it is a word: kinds of words are the grammar's guess, so only the characters count.
pub fn is_word(node: Node<'_>) -> bool {
    use Kind::*;
    matches!(
        node.kind(),
        Identifier
            | FieldIdentifier
            | TypeIdentifier
            | StatementIdentifier
            | PrimitiveType
            | True
            | False
            | Null
    ) && node.children().next().is_none_or(|c| c.is(Kind::Token))
}

/// Whether it is tested, and no test of other operands itself.
fn is_operand(c: Node<'_>) -> bool {
    let inner = || c.is(Kind::UnaryExpression) && c.operator() == Some("!");
    let logical = c.is(Kind::BinaryExpression) && matches!(c.operator(), Some("&&" | "||")) || inner();
    !logical && !c.is(Kind::ParenthesizedExpression) && super::iso::is_tested(c)
}

/// What a metavariable that stands for a node is bound to.
pub(super) fn binding_of(meta: &Metavariable, c: Node<'_>) -> Binding {
    match meta.kind {
        MetaKind::Expression | MetaKind::Idexpression(_) if meta.inherited.is_none() => {
            Binding::of(c).told_apart(&[c])
        }
        MetaKind::Statement | MetaKind::Declaration | MetaKind::Field | MetaKind::Initializer => {
            Binding::of(c).with_column(c)
        }
        _ => Binding::of(c),
    }
}
