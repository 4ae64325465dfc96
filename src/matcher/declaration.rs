//! Declarations, parameters and type names: where a type metavariable takes the stars of a declarator with it.
//!
//! In: a node that declares in the pattern and one in the code. Out: every way to match them. Storage classes,
//! qualifiers and attributes that the pattern does not mention are passed over, as Coccinelle's isomorphisms
//! `optional_storage`, `optional_qualifier` and `optional_attributes` do.

use super::attribute::{attributes, is_attribute};
use super::binding::Binding;
use super::environment::Environment;
use super::list::significant;
use super::node::Matcher;
use crate::smpl::pattern::{Hung, Leaf, Piece};
use crate::smpl::token::Mark;
use crate::smpl::{MetaKind, Metavariable};
use crate::source::Span;
use crate::syntax::{Field, Kind, Node};

impl<'p> Matcher<'p> {
    /// Match two nodes that declare; `None` if `p` does not declare.
    pub fn declared(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Option<Vec<Environment>> {
        use Kind::*;
        match p.kind() {
            Declaration | FieldDeclaration | ParameterDeclaration | TypeDefinition
                if p.kind() == c.kind() || p.is(Declaration) && c.is(FieldDeclaration) =>
            {
                Some(self.declaring(p, c, env))
            }
            TypeDescriptor if matches!(c.kind(), TypeDescriptor | TypeArgument) => {
                Some(self.declaring(p, c, env))
            }
            TypeDescriptor if c.is(Identifier) || super::constraint::is_type(c) => {
                let only = p.named_children().next().filter(|_| p.named_children().count() == 1);
                Some(only.map_or_else(Vec::new, |only| self.node(only, c, env)))
            }
            StructSpecifier | UnionSpecifier | EnumSpecifier if p.kind() == c.kind() => {
                Some(self.tagged(p, c, env))
            }
            // A `typedef` may be what defines the type.
            StructSpecifier | UnionSpecifier if c.is(TypeDefinition) => {
                let defined = c.child(Field::Type).filter(|t| p.kind() == t.kind() && !self.removes_end(p));
                Some(defined.map_or_else(Vec::new, |t| self.tagged(p, t, env)))
            }
            _ => None,
        }
    }

    fn declaring(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let declarators: Vec<_> = p.children_in(Field::Declarator).collect();
        let code: Vec<_> = c.children_in(Field::Declarator).collect();
        let mut out = Vec::new();
        for env in self.specifiers(p, c, env) {
            match (declarators.as_slice(), code.as_slice()) {
                ([], []) => out.extend(self.typed(p, None, c, None, &env)),
                ([], [c1]) if !p.is(Kind::Declaration) => out.extend(self.typed(p, None, c, Some(*c1), &env)),
                ([one], all) => {
                    for declarator in all.iter().filter(|_| all.len() == 1 || self.splits(p, *one, c)) {
                        out.extend(self.typed(p, Some(*one), c, Some(*declarator), &env));
                    }
                }
                (several, all) if several.len() == all.len() && several.len() > 1 => {
                    let mut envs = self.type_node(p, c, &env);
                    for (p, c) in several.iter().zip(all) {
                        envs = envs.iter().flat_map(|env| self.node(*p, *c, env)).collect();
                    }
                    out.extend(envs);
                }
                _ => {}
            }
        }
        let out = match (p.child_of(Kind::BitfieldClause), c.child_of(Kind::BitfieldClause)) {
            (Some(a), Some(b)) => out.iter().flat_map(|env| self.lockstep(a, b, env)).collect(),
            (None, None) => out,
            _ => return Vec::new(),
        };
        let ends = |n: Node<'_>| {
            n.children().filter(|t| t.is(Kind::Token) && t.text() == ";").last().map(|t| t.id())
        };
        match (ends(p), ends(c)) {
            (Some(pt), Some(ct)) => {
                let (pt, ct) = (p.tree().node(pt), c.tree().node(ct));
                out.into_iter().filter_map(|env| self.token(pt, ct, &env)).collect()
            }
            _ => out,
        }
    }

    /// Whether one name can be taken out of a declaration of several, or changed in it.
    fn splits(&self, p: Node<'p>, declarator: Node<'p>, c: Node<'_>) -> bool {
        let pieces = self.pattern.pieces_of(p);
        let shared = |x: &&Piece| !declarator.span().contains(x.span);
        if pieces.iter().filter(shared).all(|x| x.atom.mark != Mark::Minus && x.atom.hung == Hung::Nothing) {
            return true;
        }
        let repeated = pieces.iter().any(|x| x.atom.hung == Hung::Repeated);
        let added = pieces.iter().enumerate().any(|(i, x)| match x.atom.hung {
            Hung::Nothing | Hung::Repeated => false,
            Hung::Before => i > 0,
            Hung::Behind => true,
        });
        // What the pattern does not mention would have to be written again.
        let unmentioned = repeated && unmentioned(p, c).next().is_some();
        pieces.iter().all(|x| x.atom.mark == Mark::Minus) && !added && !unmentioned
    }

    /// Match the specifiers other than the type: each of the pattern's has to be there.
    pub fn specifiers(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let mut all = vec![self.swallowed(p, c, env)];
        if p.is(Kind::TypeDefinition)
            && let (Some(a), Some(b)) = (p.children().next(), c.children().next())
        {
            all = all.iter().filter_map(|env| self.token(a, b, env)).collect();
        }
        for s in significant(p).filter(|n| is_specifier(*n)) {
            let Some(found) = significant(c).find(|d| is_specifier(*d) && d.text() == s.text()) else {
                return Vec::new();
            };
            all = all.iter().filter_map(|env| self.noted(s, found.span(), found, env)).collect();
        }
        all.iter().flat_map(|env| self.attributes(p, c, env)).collect()
    }

    /// What the pattern does not mention goes if all of the pattern's header goes and nothing takes its place.
    fn swallowed(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Environment {
        let pieces = self.pattern.pieces_of(p);
        let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return env.clone() };
        if [first, last].iter().any(|x| x.atom.mark != Mark::Minus) {
            return env.clone();
        }
        let replaced = matches!(last.atom.hung, Hung::Behind | Hung::Repeated);
        // A type that the pattern leaves open is part of what goes.
        let any = p.child(Field::Type).is_some_and(is_any);
        let mut env = env.clone();
        let untold = unmentioned(p, c).chain(attributes(c)).filter(|_| any || !replaced);
        for n in untold.chain(significant(c).filter(|n| any && n.role() == Some(Field::Type))) {
            env = env.touch_quietly(first.atom.id, n.span());
        }
        if any && let Some(declarator) = c.child(Field::Declarator).filter(|d| d.is(Kind::PointerDeclarator))
        {
            let stars = std::iter::successors(Some(declarator), |d| d.child(Field::Declarator))
                .take_while(|d| d.is(Kind::PointerDeclarator))
                .filter_map(|d| d.children().find(|t| t.is(Kind::Token)));
            for star in stars {
                env = env.touch_quietly(first.atom.id, star.span());
            }
        }
        env
    }

    fn type_node(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        match (p.child(Field::Type), c.child(Field::Type)) {
            (Some(pt), _) if is_any(pt) => vec![env.clone()],
            (Some(pt), Some(ct)) => self.node(pt, ct, env),
            (None, _) => vec![env.clone()],
            (Some(pt), None) => match c.named_children().next() {
                Some(only) if c.is(Kind::TypeArgument) => self.node(pt, only, env),
                None if c.is(Kind::TypeArgument) => self.node(pt, c, env),
                _ => Vec::new(),
            },
        }
    }

    /// Match the type and one declarator.
    pub fn typed(
        &self,
        p: Node<'p>,
        pd: Option<Node<'p>>,
        c: Node<'_>,
        cd: Option<Node<'_>>,
        env: &Environment,
    ) -> Vec<Environment> {
        let any = p.child(Field::Type).filter(|t| is_any(*t));
        let meta = p.child(Field::Type).and_then(|t| match self.pattern.leaf(t) {
            Leaf::Meta(meta) if meta.kind == MetaKind::Type => Some((t, meta)),
            _ => None,
        });
        let initializer = |d: Option<Node<'_>>| d.filter(|d| d.is(Kind::InitDeclarator)).is_some();
        let cd = match cd {
            Some(d) if initializer(Some(d)) && !initializer(pd) => {
                // The isomorphism `decl_init`: what a rule removes has to be all there is.
                let stays =
                    |pd: Node<'p>| self.pattern.pieces_of(pd).iter().all(|x| x.atom.mark != Mark::Minus);
                if !pd.is_some_and(stays) || !self.pattern.metavariables().allows("decl_init") {
                    return Vec::new();
                }
                d.child(Field::Declarator)
            }
            other => other,
        };
        if meta.is_none() && any.is_none() {
            let envs = self.type_node(p, c, env);
            return match (pd, cd) {
                (Some(pd), Some(cd)) => envs.iter().flat_map(|env| self.node(pd, cd, env)).collect(),
                (None, None) => envs,
                // A parameter that the pattern does not name.
                (None, Some(cd)) if p.is(Kind::ParameterDeclaration) && super::constraint::is_name(cd) => {
                    envs
                }
                _ => Vec::new(),
            };
        }
        let (pd_inner, cd_inner) = match (pd, cd) {
            (Some(a), Some(b)) if initializer(Some(a)) && initializer(Some(b)) => {
                (a.child(Field::Declarator), b.child(Field::Declarator))
            }
            other => other,
        };
        let keep = pd_inner.map_or(0, layers);
        let named = cd_inner.filter(|_| pd_inner.is_some_and(Node::is_leaf)).and_then(name_in_parentheses);
        let (layers, rest) = match named {
            Some(name) => (Vec::from_iter(cd_inner), Some(name)),
            None => peel(cd_inner, keep),
        };
        let Some(env) = self.bind_type(meta, c, (&layers, rest), env) else { return Vec::new() };
        match (pd_inner, rest) {
            (Some(pd_inner), Some(rest)) => {
                let envs = self.node(pd_inner, rest, &env);
                match (pd, cd) {
                    (Some(a), Some(b)) if initializer(Some(a)) && initializer(Some(b)) => {
                        envs.iter().flat_map(|env| self.initial(a, b, env)).collect()
                    }
                    _ => envs,
                }
            }
            (None, None) => vec![env],
            (None, Some(rest)) if p.is(Kind::ParameterDeclaration) && super::constraint::is_name(rest) => {
                vec![env]
            }
            _ => Vec::new(),
        }
    }

    fn initial(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let sign = |n: Node<'_>| n.children().find(|t| t.is(Kind::Token) && t.text() == "=").map(|t| t.id());
        let env = match (sign(p), sign(c)) {
            (Some(a), Some(b)) => match self.token(p.tree().node(a), c.tree().node(b), env) {
                Some(env) => env,
                None => return Vec::new(),
            },
            _ => env.clone(),
        };
        match (p.child(Field::Value), c.child(Field::Value)) {
            (Some(a), Some(b)) => self.node(a, b, &env),
            _ => Vec::new(),
        }
    }

    /// Bind a type metavariable to the type before the declarator and the layers that the pattern leaves to it.
    fn bind_type(
        &self,
        meta: Option<(Node<'p>, &Metavariable)>,
        c: Node<'_>,
        (layers, rest): (&[Node<'_>], Option<Node<'_>>),
        env: &Environment,
    ) -> Option<Environment> {
        let Some((node, meta)) = meta else { return Some(env.clone()) };
        // The qualifiers that the pattern has are not part of what the metavariable stands for.
        let own: Vec<&str> = node
            .parent()
            .into_iter()
            .flat_map(significant)
            .filter(|n| is_specifier(*n))
            .map(|n| n.text())
            .collect();
        let open = |n: &Node<'_>| n.is(Kind::TypeQualifier) && !own.contains(&n.text());
        let parts: Vec<Node<'_>> =
            significant(c).filter(|n| n.role() == Some(Field::Type) || open(n)).collect();
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
            // A type as an argument has no parts of its own.
            let env = self.bind(meta, Binding::of(c), env)?;
            return self.noted(node, c.span(), c, &env);
        };
        let base = c.tree().source().slice(first.span().cover(last.span()));
        let declared = Layers::of(base, layers, rest);
        let mut key: String = parts.iter().map(|n| super::canonical(*n)).collect();
        key.push_str(&declared.key);
        let mut binding = Binding::of(*last);
        binding.hole = declared.hole;
        let piece = self.pattern.piece(node);
        let touched = |env: Environment, span: &Span| {
            piece.map_or(env.clone(), |piece| env.touch_quietly(piece.atom.id, *span))
        };
        let env = declared.spans.iter().fold(env.clone(), touched);
        binding.span = first.span().cover(last.span());
        binding.text = declared.text.into();
        binding.key = key.into();
        let env = self.bind(meta, binding.clone(), &env)?;
        self.noted(node, binding.span, c, &env)
    }

    /// Whether the `;` behind a type goes.
    fn removes_end(&self, p: Node<'p>) -> bool {
        let end = semicolon(p).and_then(|end| self.pattern.piece(end));
        end.is_some_and(|piece| piece.atom.mark == Mark::Minus || piece.atom.hung != Hung::Nothing)
    }

    /// The metavariable that stands for the type that `T { … }` defines.
    fn defined(&self, p: Node<'p>) -> Option<(Node<'p>, &Metavariable)> {
        let name = p.child(Field::Name)?;
        match self.pattern.leaf(name) {
            Leaf::Meta(meta) if meta.kind == MetaKind::Type => Some((name, meta)),
            _ => None,
        }
    }

    /// `struct s`, with or without its fields.
    fn tagged(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        // Those of a declaration around it are the declaration's.
        let alone = |n: Node<'_>| n.parent().is_none_or(|q| q.child(Field::Type) != Some(n));
        let mut all = if alone(p) && alone(c) { self.attributes(p, c, env) } else { vec![env.clone()] };
        if alone(p)
            && let (Some(a), Some(b)) = (semicolon(p), semicolon(c))
        {
            all = all.iter().filter_map(|env| self.token(a, b, env)).collect();
        }
        let keyword = |n: Node<'_>| n.children().find(|t| t.is(Kind::Token)).map(|t| t.id());
        if let (Some(a), Some(b)) = (keyword(p), keyword(c)) {
            all = all.iter().filter_map(|e| self.token(p.tree().node(a), c.tree().node(b), e)).collect();
        }
        for field in [Field::Name, Field::Body] {
            if let (Field::Name, Some((t, meta))) = (field, self.defined(p)) {
                let Some(binding) = defined_type(c) else { return Vec::new() };
                let bound = all.iter().filter_map(|env| self.bind(meta, binding.clone(), env));
                all = bound.filter_map(|env| self.noted(t, binding.span, c, &env)).collect();
                continue;
            }
            all = match (p.child(field), c.child(field)) {
                (Some(a), Some(b)) => all.iter().flat_map(|env| self.node(a, b, env)).collect(),
                (None, None) => all,
                _ => return Vec::new(),
            };
        }
        all
    }
}

/// The type that braces define: the name that a `typedef` gives it, or its tag.
fn defined_type(c: Node<'_>) -> Option<Binding> {
    let definition = c.parent().filter(|d| d.is(Kind::TypeDefinition));
    let name = definition.and_then(|d| d.child(Field::Declarator)).filter(|d| d.is_leaf());
    if let Some(name) = name {
        return Some(Binding::of(name));
    }
    let (keyword, tag) = (c.children().find(|t| t.is(Kind::Token))?, c.child(Field::Name)?);
    let text = format!("{} {}", keyword.text(), tag.text());
    let key = [keyword, tag].into_iter().map(super::canonical).collect::<String>();
    Some(Binding { span: keyword.span().cover(tag.span()), key: key.into(), ..Binding::text(text) })
}

fn is_specifier(n: Node<'_>) -> bool {
    matches!(n.kind(), Kind::StorageClassSpecifier | Kind::TypeQualifier)
}

/// The specifiers of the code that the pattern does not have.
fn unmentioned<'c>(p: Node<'_>, c: Node<'c>) -> impl Iterator<Item = Node<'c>> {
    let named: Vec<String> =
        significant(p).filter(|s| is_specifier(*s)).map(|s| s.text().to_owned()).collect();
    significant(c).filter(move |n| is_specifier(*n) && !named.iter().any(|s| s == n.text()))
}

/// The `;` behind a type that stands alone.
fn semicolon(n: Node<'_>) -> Option<Node<'_>> {
    let behind = std::iter::successors(n.next_sibling(), |s| s.next_sibling());
    let mut code = behind.filter(|s| !s.is(Kind::Comment) && !is_attribute(*s));
    code.next().filter(|s| s.is(Kind::Token) && s.text() == ";")
}

/// The type that stands for none at all.
pub fn is_any(n: Node<'_>) -> bool {
    n.text() == "vd__any"
}

/// Number of pointer and array layers around the name.
fn layers(declarator: Node<'_>) -> usize {
    let mut n = 0;
    let mut at = Some(declarator);
    while let Some(d) = at {
        if is_layer(d) {
            n += 1;
        } else if !matches!(d.kind(), Kind::ParenthesizedDeclarator | Kind::FunctionDeclarator) {
            break;
        }
        at = d.child(Field::Declarator);
    }
    n
}

fn is_layer(d: Node<'_>) -> bool {
    use Kind::*;
    matches!(
        d.kind(),
        PointerDeclarator | AbstractPointerDeclarator | ArrayDeclarator | AbstractArrayDeclarator
    )
}

fn is_array(d: Node<'_>) -> bool {
    matches!(d.kind(), Kind::ArrayDeclarator | Kind::AbstractArrayDeclarator)
}

/// A type with what a declarator adds to it.
struct Layers {
    /// As it is written without the name.
    text: String,
    /// Where in it the name stands, if that is not the end.
    hole: Option<usize>,
    /// What tells two of the same base apart.
    key: String,
    /// Where the declarator's part of it stands.
    spans: Vec<Span>,
}

impl Layers {
    /// The layers of a declarator around `name` on top of `base`.
    fn of(base: &str, layers: &[Node<'_>], name: Option<Node<'_>>) -> Self {
        match (layers, name) {
            ([whole], Some(name)) if name_in_parentheses(*whole) == Some(name) => {
                Self::around(base, *whole, name)
            }
            _ => Self::before(base, layers, name),
        }
    }

    /// The name stands in the middle.
    fn around(base: &str, whole: Node<'_>, name: Node<'_>) -> Self {
        let front = Span { end: name.span().start, ..whole.span() };
        let back = Span { start: name.span().end, ..whole.span() };
        let slice = |span: Span| whole.tree().source().slice(span);
        let text = format!("{} {}", base.trim_end(), slice(front));
        let hole = Some(text.len());
        let text = text + slice(back);
        let key = text.split_whitespace().collect();
        Self { text, hole, key, spans: vec![front, back] }
    }

    /// Stars stand before the name, brackets behind it.
    fn before(base: &str, layers: &[Node<'_>], name: Option<Node<'_>>) -> Self {
        let arrays = |layer: &&Node<'_>| is_array(**layer);
        let key = layers.iter().map(|layer| if is_array(*layer) { "[]\u{1}" } else { "*\u{1}" }).collect();
        let pointers = layers.len() - layers.iter().filter(arrays).count();
        let mut text = base.to_string();
        if pointers > 0 {
            text = format!("{} {}", text.trim_end(), "*".repeat(pointers));
        }
        let mut hole = None;
        if let (Some(outer), Some(name)) = (layers.first().filter(arrays), name) {
            // The name of what is declared stands in front of the brackets.
            hole = Some(text.len());
            let brackets = Span { start: name.span().end, end: outer.span().end };
            text.push_str(name.tree().source().slice(brackets));
        }
        Self { text, hole, key, spans: layers.iter().map(|layer| layer_span(*layer)).collect() }
    }
}

/// The name in a declarator with parentheses of its own: that of a pointer to a function or to an array.
fn name_in_parentheses(declarator: Node<'_>) -> Option<Node<'_>> {
    let declares = |n: &Node<'_>| !matches!(n.kind(), Kind::Token | Kind::ParameterList);
    let mut all = vec![declarator];
    while let Some(d) = all.last() {
        match d.child(Field::Declarator).or_else(|| significant(*d).find(declares)) {
            Some(inner) => all.push(inner),
            None => break,
        }
    }
    let wrapped = all.iter().any(|d| d.is(Kind::ParenthesizedDeclarator));
    all.last().copied().filter(|name| wrapped && super::constraint::is_name(*name))
}

/// What a layer adds to what it is around: a star, or brackets.
fn layer_span(layer: Node<'_>) -> Span {
    let star = layer.children().find(|t| t.is(Kind::Token) && t.text() == "*");
    match (star, layer.child(Field::Declarator)) {
        (Some(star), _) if !is_array(layer) => star.span(),
        (_, Some(inner)) => Span { start: inner.span().end, end: layer.span().end },
        (_, None) => layer.span(),
    }
}

/// Take the outer layers off a declarator until `keep` are left.
fn peel<'c>(declarator: Option<Node<'c>>, keep: usize) -> (Vec<Node<'c>>, Option<Node<'c>>) {
    let Some(mut at) = declarator else { return (Vec::new(), None) };
    let mut taken = Vec::new();
    while layers(at) > keep && is_layer(at) {
        taken.push(at);
        match at.child(Field::Declarator) {
            Some(inner) => at = inner,
            None => return (taken, None),
        }
    }
    (taken, Some(at))
}
