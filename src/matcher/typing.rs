//! The type of an expression, as far as the file and the headers that its tree comes with tell.
//!
//! In: an expression and the types a metavariable may have. Out: whether it may. A type that they do not tell fits
//! nothing, as in Coccinelle.

use super::binding::Binding;
use super::environment::Environment;
use crate::smpl::pattern::Metavariables;
use crate::smpl::{MetaKind, TypeConstraint};
use crate::source::SourceFile;
use crate::syntax::{Field, Kind, Node, Tree};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// The environment in which the type of `c` is one of `types`: a type metavariable among them is bound.
pub fn fits(
    types: &[TypeConstraint],
    c: Node<'_>,
    env: &Environment,
    metas: &Metavariables,
) -> Option<Environment> {
    let found = type_of(c, 0)?;
    let known = Known::around(c);
    let resolve = |shape: &Shape| known.resolved(shape);
    let plain = resolve(&found);
    let one = |t: &TypeConstraint| {
        let spelled = fits_one(t, &found, env, metas);
        // Other names of one type are that type.
        let same = || {
            if metas.contains_key(&t.base) {
                let bound = env.get(&t.base)?;
                let stars = bound.text.matches('*').count();
                let bound = resolve(&Shape::new(&bound.text.replace('*', " "), stars));
                let layers = bound.layers() + t.stars + t.arrays;
                let equal = bound.base == plain.base && layers == plain.layers() && t.arrays <= plain.arrays;
                return equal.then(|| env.clone());
            }
            let want = resolve(&Shape { arrays: t.arrays, ..Shape::new(&t.base, t.stars) });
            let Shape { base, stars, arrays, .. } = want;
            fits_one(&TypeConstraint { base, stars, arrays, ..t.clone() }, &plain, env, metas)
        };
        spelled.or_else(same)
    };
    types.iter().find_map(one)
}

fn fits_one(
    want: &TypeConstraint,
    found: &Shape,
    env: &Environment,
    metas: &Metavariables,
) -> Option<Environment> {
    let has = |word: &String| found.qualifiers.split(' ').any(|own| own == word);
    if want.stars > found.stars || want.arrays > found.arrays || !want.qualifiers.iter().all(has) {
        return None;
    }
    if want.base.is_empty() {
        return (want.arrays == found.arrays).then(|| env.clone());
    }
    if let Some(meta) = metas.get(&want.base).filter(|m| m.kind == MetaKind::Type) {
        if want.stars > 0 && want.arrays < found.arrays {
            return None;
        }
        let layers = found.layers() - want.stars - want.arrays;
        let text = if !want.qualifiers.is_empty() { found.render(layers) } else { found.qualified(layers) };
        return match env.get(&want.base) {
            Some(bound) => (squeeze(&bound.text) == found.render(layers)).then(|| env.clone()),
            None => {
                let key: String = text.split(' ').map(|w| format!("{w}\u{1}")).collect();
                let binding =
                    Binding { key: key.replace("**", "*\u{1}*").into(), ..Binding::text(text.as_str()) };
                super::constraint::allowed(meta, &binding, env).then(|| env.with(&want.base, binding))
            }
        };
    }
    // The tag of an aggregate may be a metavariable too.
    if let Some((keyword, tag)) = want.base.split_once(' ')
        && metas.get(tag).is_some_and(|m| m.kind == MetaKind::Identifier)
        && (want.stars, want.arrays) == (found.stars, found.arrays)
    {
        let own = found.base.strip_prefix(keyword)?.trim();
        return match env.get(tag) {
            Some(bound) => (&*bound.text == own).then(|| env.clone()),
            None => {
                let binding = Binding::text(own);
                super::constraint::allowed(metas.get(tag)?, &binding, env).then(|| env.with(tag, binding))
            }
        };
    }
    let fits = (want.stars, want.arrays) == (found.stars, found.arrays) && {
        let base = Shape::new(&want.base, 0).base;
        base == found.base
            || matches!(base.as_str(), "struct" | "union" | "enum") && found.base.starts_with(&base)
    };
    fits.then(|| env.clone())
}

/// A type: its words and its layers of pointers and arrays, the arrays outside. An array does not become a pointer to its
/// first element: what a rule says about pointers (such as `sizeof` of one) would be wrong for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The words, without qualifiers.
    pub base: String,
    /// The qualifiers of the words.
    pub qualifiers: String,
    /// Pointers.
    pub stars: usize,
    /// Arrays.
    pub arrays: usize,
}

impl Shape {
    fn new(base: &str, stars: usize) -> Self {
        let qualifiers: Vec<&str> =
            base.split_whitespace().filter(|w| matches!(*w, "const" | "volatile")).collect();
        let qualifiers = qualifiers.join(" ");
        let base = squeeze(base);
        Self { base: arithmetic(&base).unwrap_or(base), qualifiers, stars, arrays: 0 }
    }

    fn layers(&self) -> usize {
        self.stars + self.arrays
    }

    fn render(&self, stars: usize) -> String {
        squeeze(&format!("{} {}", self.base, "*".repeat(stars)))
    }

    /// As it is written, qualifiers included.
    fn qualified(&self, stars: usize) -> String {
        format!("{} {}", self.qualifiers, self.render(stars)).trim_start().to_owned()
    }
}

fn squeeze(text: &str) -> String {
    let text = text.replace('*', " * ");
    let words = text
        .split_whitespace()
        .filter(|w| !matches!(*w, "const" | "volatile" | "static" | "register" | "extern"));
    words.collect::<Vec<_>>().join(" ").replace("* *", "**")
}

/// The type of an expression.
pub fn type_of(c: Node<'_>, depth: usize) -> Option<Shape> {
    if depth > 12 {
        return None;
    }
    let down = |field: Field| c.child(field).and_then(|n| type_of(n, depth + 1));
    match c.kind() {
        Kind::Identifier => declared_type(c),
        Kind::ParenthesizedExpression => c.named_children().next().and_then(|n| type_of(n, depth + 1)),
        Kind::AssignmentExpression => down(Field::Left),
        Kind::ConditionalExpression => down(Field::Consequence).or_else(|| down(Field::Alternative)),
        Kind::UpdateExpression => down(Field::Argument),
        Kind::SubscriptExpression => down(Field::Argument).and_then(pointee),
        Kind::PointerExpression => match c.operator() {
            Some("*") => down(Field::Argument).and_then(pointee),
            _ => down(Field::Argument).map(|s| Shape { stars: s.layers() + 1, arrays: 0, ..s }),
        },
        Kind::CastExpression => {
            let ty = c.child(Field::Type)?;
            let stars = ty.text().matches('*').count();
            Some(Shape::new(&ty.text().replace('*', " "), stars))
        }
        Kind::BinaryExpression => {
            let arithmetic = matches!(c.operator(), Some("+" | "-"));
            match (down(Field::Left), down(Field::Right)) {
                (Some(l), Some(r)) if arithmetic && l.layers() > 0 && r.layers() > 0 => {
                    Some(Shape::new("int", 0))
                }
                (Some(l), _) if arithmetic && l.layers() > 0 => Some(l),
                (_, Some(r)) if arithmetic && r.layers() > 0 => Some(r),
                _ if !arithmetic
                    && matches!(c.operator(), Some("==" | "!=" | "<" | ">" | "<=" | ">=" | "&&" | "||")) =>
                {
                    Some(Shape::new("int", 0))
                }
                (Some(l), Some(_)) if matches!(c.operator(), Some("<<" | ">>")) => Some(l),
                (Some(l), Some(r)) => Some(common(&l, &r)),
                _ => None,
            }
        }
        Kind::NumberLiteral => Some(literal(c.text())),
        Kind::SizeofExpression => Some(Shape::new("size_t", 0)),
        Kind::CharLiteral => Some(Shape::new("char", 0)),
        Kind::UnaryExpression if c.operator() == Some("!") => Some(Shape::new("int", 0)),
        Kind::UnaryExpression => down(Field::Argument),
        Kind::StringLiteral | Kind::ConcatenatedString => Some(Shape { arrays: 1, ..Shape::new("char", 0) }),
        Kind::FieldExpression => {
            let of = down(Field::Argument)?;
            field_type(c, &of.base, c.child(Field::Field)?.text())
        }
        Kind::CallExpression => returned_type(c),
        _ => None,
    }
}

fn pointee(shape: Shape) -> Option<Shape> {
    match shape.arrays.checked_sub(1) {
        Some(arrays) => Some(Shape { arrays, ..shape }),
        None => Some(Shape { stars: shape.stars.checked_sub(1)?, ..shape }),
    }
}

fn declared_type(c: Node<'_>) -> Option<Shape> {
    match local(c) {
        Some(ident) => shape_of(ident),
        None => Known::around(c).ask(|types| types.globals.get(c.text()).cloned()),
    }
}

/// Where a name is declared inside of the function around it.
pub fn local(c: Node<'_>) -> Option<Node<'_>> {
    let name = c.text();
    let mut at = c;
    while let Some(parent) = at.parent() {
        let found = match parent.kind() {
            Kind::FunctionDefinition => {
                let declarator = parent.child(Field::Declarator);
                let list =
                    declarator.into_iter().flat_map(Node::descendants).find(|n| n.is(Kind::ParameterList));
                return list.and_then(|l| l.named_children().find_map(|d| declares(d, name)));
            }
            Kind::ForStatement => parent.child(Field::Initializer).and_then(|d| declares(d, name)),
            Kind::CompoundStatement | Kind::CaseStatement => {
                let before = parent.named_children().take_while(|n| n.span().start <= at.span().start);
                before.filter(|n| n.is(Kind::Declaration)).filter_map(|d| declares(d, name)).last()
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
        at = parent;
    }
    None
}

fn declares<'t>(d: Node<'t>, name: &str) -> Option<Node<'t>> {
    declared_in(d).into_iter().find(|n| n.text() == name)
}

/// The names that a declaration declares.
fn declared_in(d: Node<'_>) -> Vec<Node<'_>> {
    d.children_in(Field::Declarator).filter_map(name_in).collect()
}

fn name_in(declarator: Node<'_>) -> Option<Node<'_>> {
    let mut at = declarator;
    loop {
        if matches!(at.kind(), Kind::Identifier | Kind::FieldIdentifier) {
            return Some(at);
        }
        if at.is(Kind::FunctionDeclarator) {
            return None;
        }
        at = at
            .child(Field::Declarator)
            .or_else(|| at.named_children().find(|n| n.kind().name().ends_with("declarator")))?;
    }
}

/// The type of what a name in a declarator declares.
fn shape_of(ident: Node<'_>) -> Option<Shape> {
    let (mut stars, mut arrays) = (0, 0);
    let mut at = ident;
    loop {
        let parent = at.parent()?;
        match parent.kind() {
            Kind::PointerDeclarator => stars += 1,
            Kind::ArrayDeclarator => arrays += 1,
            Kind::ParenthesizedDeclarator | Kind::InitDeclarator | Kind::AttributedDeclarator => {}
            Kind::FunctionDeclarator => return None,
            _ => {
                let ty = parent.child(Field::Type)?;
                let base = match ty.child(Field::Body) {
                    Some(_) => {
                        let tag = ty.child(Field::Name)?.text();
                        let keyword = ty.children().next()?.text();
                        format!("{keyword} {tag}")
                    }
                    None => ty.text().to_string(),
                };
                let qualifiers = parent.children().filter(|n| n.is(Kind::TypeQualifier)).map(Node::text);
                let words: Vec<&str> = qualifiers.chain([base.as_str()]).collect();
                return Some(Shape { arrays, ..Shape::new(&words.join(" "), stars) });
            }
        }
        at = parent;
    }
}

/// The type of a field of an aggregate.
fn field_type(c: Node<'_>, base: &str, field: &str) -> Option<Shape> {
    let known = Known::around(c);
    let of = |name: &str| known.ask(|types| types.fields.get(name)?.get(field).cloned());
    of(base).or_else(|| of(&known.resolved(&Shape::new(base, 0)).base))
}

/// What a function returns.
fn returned_type(c: Node<'_>) -> Option<Shape> {
    let name = c.child(Field::Function).filter(|f| f.is(Kind::Identifier))?.text();
    Known::around(c).ask(|types| types.functions.get(name).cloned())
}

/// What a file says about types outside of functions.
#[derive(Debug, Default)]
struct FileTypes {
    /// What other names of types stand for.
    names: HashMap<String, Shape>,
    /// The fields of aggregates.
    fields: HashMap<String, HashMap<String, Shape>>,
    functions: HashMap<String, Shape>,
    globals: HashMap<String, Shape>,
}

/// What a file and its headers say, the file first.
#[derive(Clone)]
struct Known(Rc<[Rc<FileTypes>]>);

/// The file that was asked about last; the texts are kept so that their addresses stay their own.
struct Asked {
    file: SourceFile,
    /// A part of it that was read on its own, such as the body of a macro.
    part: Option<SourceFile>,
    known: Known,
}

impl Asked {
    fn is_about(&self, source: &SourceFile) -> bool {
        let same = |one: &SourceFile| std::ptr::eq(one.text(), source.text());
        same(&self.file) || self.part.as_ref().is_some_and(same)
    }
}

/// In `part`, which was read on its own, what the file around it says holds as well.
pub fn lend(file: &Tree, part: &SourceFile) {
    Known::around(file.root());
    KNOWN.with_borrow_mut(|all| {
        if let Some(asked) = all {
            asked.part = Some(part.clone());
        }
    });
}

/// What headers say, by the address of their tree.
type HeaderTypes = HashMap<*const Tree, (Arc<Tree>, Rc<FileTypes>)>;

thread_local! {
    static KNOWN: RefCell<Option<Asked>> = const { RefCell::new(None) };
    /// Headers, which many files include; they stay, so that their addresses stay their own.
    static HEADERS: RefCell<HeaderTypes> = RefCell::default();
}

impl Known {
    /// What the file around `c` and its headers say.
    fn around(c: Node<'_>) -> Self {
        let source = c.tree().source();
        KNOWN.with_borrow_mut(|all| match all {
            Some(asked) if asked.is_about(source) => asked.known.clone(),
            _ => {
                let known = Self::of(c.tree());
                *all = Some(Asked { file: source.clone(), part: None, known: known.clone() });
                known
            }
        })
    }

    fn of(tree: &Tree) -> Self {
        let own = Rc::new(FileTypes::of(tree.root()));
        let of_header = |tree: &Arc<Tree>| {
            HEADERS.with_borrow_mut(|known| {
                let made = || (tree.clone(), Rc::new(FileTypes::of(tree.root())));
                known.entry(Arc::as_ptr(tree)).or_insert_with(made).1.clone()
            })
        };
        Self(std::iter::once(own).chain(tree.headers().iter().map(of_header)).collect())
    }

    /// What the first of them says that says anything.
    fn ask<T>(&self, ask: impl Fn(&FileTypes) -> Option<T>) -> Option<T> {
        self.0.iter().find_map(|types| ask(types))
    }

    /// The type with names of types spelled out.
    fn resolved(&self, shape: &Shape) -> Shape {
        let mut out = shape.clone();
        for _ in 0..8 {
            let next = self.ask(|types| types.names.get(&out.base).cloned());
            let Some(next) = next.filter(|next| next.base != out.base) else { break };
            let (stars, arrays) = (out.stars + next.stars, out.arrays + next.arrays);
            let qualifiers = format!("{} {}", out.qualifiers, next.qualifiers).trim().to_owned();
            out = Shape { base: next.base, qualifiers, stars, arrays };
        }
        out
    }
}

impl FileTypes {
    fn of(root: Node<'_>) -> Self {
        let mut out = Self::default();
        for n in root.descendants() {
            match n.kind() {
                Kind::StructSpecifier | Kind::UnionSpecifier => out.aggregate(n),
                Kind::Enumerator => {
                    if let Some(name) = n.child(Field::Name) {
                        out.globals.entry(name.text().to_string()).or_insert_with(|| Shape::new("int", 0));
                    }
                }
                Kind::TypeDefinition => {
                    for name in n.children_in(Field::Declarator).filter_map(type_name_in) {
                        if let Some(shape) = shape_of(name) {
                            out.names.insert(name.text().to_string(), shape);
                        }
                    }
                }
                Kind::PreprocDef => {
                    let words = n.child(Field::Value).map_or("", |v| v.text().trim());
                    if let Some(name) = n.child(Field::Name).filter(|_| is_arithmetic(words)) {
                        out.names.insert(name.text().to_string(), Shape::new(words, 0));
                    }
                }
                Kind::FunctionDefinition | Kind::Declaration if !is_local(n) => out.top(n),
                _ => {}
            }
        }
        out
    }

    fn aggregate(&mut self, n: Node<'_>) {
        let Some(body) = n.child(Field::Body) else { return };
        let keyword = n.children().next().map_or("", Node::text);
        let mut names: Vec<String> =
            n.child(Field::Name).map(|tag| format!("{keyword} {}", tag.text())).into_iter().collect();
        if let Some(definition) = n.parent().filter(|p| p.is(Kind::TypeDefinition)) {
            let plain = definition.children_in(Field::Declarator).filter(|d| d.is_leaf());
            names.extend(plain.map(|d| d.text().to_string()));
        }
        let fields = body.descendants().filter(|n| n.is(Kind::FieldDeclaration));
        let all: HashMap<String, Shape> = fields
            .flat_map(declared_in)
            .filter_map(|name| Some((name.text().to_string(), shape_of(name)?)))
            .collect();
        for name in names {
            self.fields.insert(name, all.clone());
        }
    }

    fn top(&mut self, n: Node<'_>) {
        for name in declared_in(n) {
            if let Some(shape) = shape_of(name) {
                self.globals.entry(name.text().to_string()).or_insert(shape);
            }
        }
        let mut stars = 0;
        let mut at = n.child(Field::Declarator);
        while let Some(d) = at.filter(|d| d.is(Kind::PointerDeclarator)) {
            stars += 1;
            at = d.child(Field::Declarator);
        }
        let name = at.filter(|d| d.is(Kind::FunctionDeclarator)).and_then(|d| d.child(Field::Declarator));
        if let (Some(name), Some(ty)) = (name, n.child(Field::Type)) {
            self.functions.entry(name.text().to_string()).or_insert_with(|| Shape::new(ty.text(), stars));
        }
    }
}

fn is_local(n: Node<'_>) -> bool {
    n.ancestors().any(|a| a.is(Kind::FunctionDefinition))
}

/// The name that a declarator of a type definition defines.
fn type_name_in(declarator: Node<'_>) -> Option<Node<'_>> {
    let mut at = declarator;
    while !matches!(at.kind(), Kind::TypeIdentifier | Kind::PrimitiveType | Kind::Identifier) {
        if at.is(Kind::FunctionDeclarator) {
            return None;
        }
        at = at.child(Field::Declarator)?;
    }
    Some(at)
}

const ARITHMETIC: [&str; 9] =
    ["unsigned", "signed", "short", "long", "int", "char", "float", "double", "_Bool"];

fn is_arithmetic(words: &str) -> bool {
    !words.is_empty() && words.split_whitespace().all(|w| ARITHMETIC.contains(&w))
}

/// An arithmetic type in one spelling: `long unsigned int` is `unsigned long`.
fn arithmetic(base: &str) -> Option<String> {
    if !is_arithmetic(base) {
        return None;
    }
    let words: Vec<&str> = base.split_whitespace().collect();
    let count = |w: &str| words.iter().filter(|x| **x == w).count();
    let mut out: Vec<&str> = Vec::new();
    if count("unsigned") > 0 {
        out.push("unsigned");
    }
    if count("signed") > 0 && count("char") > 0 {
        out.push("signed");
    }
    out.extend(std::iter::repeat_n("short", count("short")));
    out.extend(std::iter::repeat_n("long", count("long")));
    out.extend(["char", "float", "double", "_Bool"].into_iter().filter(|w| count(w) > 0));
    if out.is_empty() || out == ["unsigned"] {
        out.push("int");
    }
    Some(out.join(" "))
}

/// The type of an operation on two numbers.
fn common(a: &Shape, b: &Shape) -> Shape {
    const ORDER: [&str; 9] = [
        "long double",
        "double",
        "float",
        "unsigned long long",
        "long long",
        "unsigned long",
        "long",
        "unsigned int",
        "int",
    ];
    if !is_arithmetic(&a.base) || !is_arithmetic(&b.base) || a.layers() + b.layers() > 0 {
        return a.clone();
    }
    let first = ORDER.into_iter().find(|t| *t == a.base || *t == b.base);
    Shape::new(first.unwrap_or("int"), 0)
}

/// The type of a number as it is written.
fn literal(text: &str) -> Shape {
    let lower = text.to_ascii_lowercase();
    let hex = lower.starts_with("0x");
    if !hex && lower.contains(['.', 'e']) {
        return Shape::new(if lower.ends_with('f') { "float" } else { "double" }, 0);
    }
    let suffix =
        lower.trim_start_matches(
            |c: char| if hex { c.is_ascii_hexdigit() || c == 'x' } else { c.is_ascii_digit() },
        );
    let longs = suffix.matches('l').count();
    let unsigned = if suffix.contains('u') { "unsigned " } else { "" };
    Shape::new(&format!("{unsigned}{}int", "long ".repeat(longs)), 0)
}
