//! What a file and its headers say about types outside of functions.
//!
//! In: trees. Out: what names of types stand for, the fields of aggregates, what functions return and what names outside of
//! them are. The file that was asked about last and all headers are remembered for each thread.

use super::declared::{declared_in, is_local, shape_of, type_name_in};
use super::shape::{Shape, is_arithmetic};
use crate::source::{SourceFile, Span};
use crate::syntax::{Field, Kind, Node, Tree};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// How many names may stand for each other in a row.
const MOST_NAMES: usize = 8;

/// What a file says about types outside of functions.
#[derive(Debug, Default)]
pub(super) struct FileTypes {
    /// What other names of types stand for.
    pub(super) names: HashMap<String, Shape>,
    /// The fields of aggregates.
    pub(super) fields: HashMap<String, HashMap<String, Shape>>,
    pub(super) functions: HashMap<String, Shape>,
    pub(super) globals: HashMap<String, Shape>,
    /// The bodies of macros, and the parameters that stand in them.
    parameters: Vec<(Span, Vec<String>)>,
}

/// What a file and its headers say, the file first.
#[derive(Clone)]
pub(super) struct Known(Rc<[Rc<FileTypes>]>);

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
    pub(super) fn around(c: Node<'_>) -> Self {
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
    pub(super) fn ask<T>(&self, ask: impl Fn(&FileTypes) -> Option<T>) -> Option<T> {
        self.0.iter().find_map(|types| ask(types))
    }

    /// Whether a name is a parameter of the macro in whose body it stands.
    pub(super) fn is_parameter(&self, name: Node<'_>) -> bool {
        let own = self.0.first().map_or(&[][..], |own| &own.parameters);
        let names = |(body, names): &(Span, Vec<String>)| {
            body.contains(name.span()) && names.iter().any(|own| own == name.text())
        };
        own.iter().any(names)
    }

    /// The type with names of types spelled out.
    pub(super) fn resolved(&self, shape: &Shape) -> Shape {
        self.spelled(shape).take(MOST_NAMES).last().unwrap_or_else(|| shape.clone())
    }

    /// The type with so many names of types spelled out that it has that many layers, if it comes to have them.
    pub(super) fn pointer(&self, shape: &Shape, layers: usize) -> Option<Shape> {
        self.spelled(shape).take(MOST_NAMES).find(|shape| shape.layers() >= layers)
    }

    /// The type, and what it is with one more name of a type spelled out each time.
    fn spelled(&self, shape: &Shape) -> impl Iterator<Item = Shape> {
        std::iter::successors(Some(shape.clone()), |out| {
            let next = self.ask(|types| types.names.get(&out.base).cloned());
            let next = next.filter(|next| next.base != out.base)?;
            let (stars, arrays) = (out.stars + next.stars, out.arrays + next.arrays);
            let qualifiers = format!("{} {}", out.qualifiers, next.qualifiers).trim().to_owned();
            Some(Shape { qualifiers, stars, arrays, bits: out.bits.clone(), ..next })
        })
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
                Kind::PreprocFunctionDef => {
                    let of = n.child(Field::Parameters).into_iter().flat_map(Node::named_children);
                    let names = of.map(|name| name.text().to_owned()).collect();
                    out.parameters.extend(n.child(Field::Value).map(|body| (body.span(), names)));
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
