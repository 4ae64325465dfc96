//! Every use of one variable, by what the use does with it.
//!
//! In: a declaration of a local array or pointer and the [`Scopes`]. Out: its [`Use`]s in document order, each with a
//! [`UseKind`]. Whoever wants to take the array away asks for all that is not an element read, or one of its own calls.
//!
//! Capability 5 (tests/README.md): the array does not escape.

use crate::syntax::{DeclId, Field, Kind, Node, Scopes};

/// What a use does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UseKind {
    /// `a[i]`, `*a`, `p->f` where the value is wanted.
    ElementRead,
    /// The same where it is assigned, `+=` and `++` included.
    ElementWrite,
    /// `&a[i]`, `&p->f`.
    ElementAddress,
    /// Handed to a function or macro by name.
    Argument,
    /// `&a`.
    Address,
    /// The variable itself is assigned, `++` included.
    Assigned,
    /// Its value is stored: the right side of an assignment, an initializer, an element of a list.
    Stored,
    /// `return a`.
    Returned,
    /// Operand of a cast.
    Cast,
    /// Operand of `+` or `-`: the result points into it.
    Arithmetic,
    /// Only asked about: a condition, a comparison, `!`.
    Tested,
    /// Operand of `sizeof` and the like.
    Sizeof,
    /// Anything else.
    Other,
}

/// One use.
#[derive(Clone, Copy, Debug)]
pub struct Use<'t> {
    /// The name.
    pub node: Node<'t>,
    /// The largest expression that still names the variable or a part of it: `a[i]`, `*a`, `&a[i]`.
    pub place: Node<'t>,
    /// What it does.
    pub kind: UseKind,
    /// For [`UseKind::Argument`], [`UseKind::ElementRead`], [`UseKind::ElementAddress`] and [`UseKind::Address`]: the
    /// call among whose arguments the place stands.
    pub call: Option<Node<'t>>,
    /// The index of `a[i]`.
    pub index: Option<Node<'t>>,
}

/// The uses of a declaration.
pub fn uses<'t>(decl: DeclId, scopes: &Scopes<'t>) -> Vec<Use<'t>> {
    scopes.uses(decl).iter().map(|node| describe(*node)).collect()
}

/// The uses through which an element, or the whole, may be seen or changed by code that does not name it: all but
/// element reads and writes, tests and `sizeof`.
pub fn escapes<'t>(decl: DeclId, scopes: &Scopes<'t>) -> Vec<Use<'t>> {
    use UseKind::*;
    let stays = |u: &Use<'_>| matches!(u.kind, ElementRead | ElementWrite | Tested | Sizeof);
    uses(decl, scopes).into_iter().filter(|u| !stays(u)).collect()
}

fn describe(node: Node<'_>) -> Use<'_> {
    let mut place = out_of_parentheses(node);
    let mut index = None;
    let mut element = false;
    while let Some(parent) = place.parent() {
        let is_base = place.role() == Some(Field::Argument);
        let goes_in = match parent.kind() {
            Kind::SubscriptExpression if is_base => {
                index = index.or(parent.child(Field::Index).filter(|_| !element));
                true
            }
            Kind::FieldExpression if is_base => true,
            Kind::PointerExpression if is_base && parent.operator() == Some("*") => true,
            _ => false,
        };
        if !goes_in {
            break;
        }
        element = true;
        place = out_of_parentheses(parent);
    }
    let kind = kind_of(place, element);
    if matches!(kind, UseKind::Address | UseKind::ElementAddress)
        && let Some(address) = place.parent()
    {
        place = out_of_parentheses(address);
    }
    let list = place.parent().filter(|p| p.is(Kind::ArgumentList));
    Use { node, place, kind, call: list.and_then(Node::parent), index }
}

fn kind_of(place: Node<'_>, element: bool) -> UseKind {
    use UseKind::*;
    let Some(parent) = place.parent() else { return Other };
    if place.ancestors().any(|a| matches!(a.kind(), Kind::SizeofExpression | Kind::AlignofExpression)) {
        return Sizeof;
    }
    let whole = |kind| if element { ElementRead } else { kind };
    match parent.kind() {
        Kind::PointerExpression if parent.operator() == Some("&") => {
            if element {
                ElementAddress
            } else {
                Address
            }
        }
        Kind::AssignmentExpression if place.role() == Some(Field::Left) => {
            if element {
                ElementWrite
            } else {
                Assigned
            }
        }
        Kind::UpdateExpression => {
            if element {
                ElementWrite
            } else {
                Assigned
            }
        }
        Kind::ArgumentList => whole(Argument),
        Kind::AssignmentExpression | Kind::InitDeclarator | Kind::InitializerList | Kind::InitializerPair => {
            whole(Stored)
        }
        Kind::ReturnStatement => whole(Returned),
        Kind::CastExpression => whole(Cast),
        Kind::BinaryExpression => match parent.operator() {
            Some("+" | "-") => whole(Arithmetic),
            _ => whole(Tested),
        },
        Kind::UnaryExpression | Kind::ParenthesizedExpression => whole(Tested),
        Kind::IfStatement | Kind::WhileStatement | Kind::DoStatement | Kind::ForStatement => whole(Tested),
        Kind::ConditionalExpression if place.role() == Some(Field::Condition) => whole(Tested),
        _ => whole(Other),
    }
}

fn out_of_parentheses(node: Node<'_>) -> Node<'_> {
    let wraps = |n: &Node<'_>| n.is(Kind::ParenthesizedExpression);
    let mut node = node;
    while let Some(parent) = node.parent().filter(wraps) {
        if parent.role() == Some(Field::Condition) {
            break;
        }
        node = parent;
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use crate::syntax::parse;

    fn kinds(statement: &str) -> Vec<(String, UseKind)> {
        let text = format!("void *f(int i)\n{{\n\tstruct s *a[4];\n\t{statement}\n}}\n");
        let tree = parse(&SourceFile::new("t.c", text));
        let scopes = Scopes::of(tree.root().child_of(Kind::FunctionDefinition).unwrap());
        let decl = scopes.declarations().iter().find(|d| d.name == "a").unwrap().id;
        uses(decl, &scopes).iter().map(|u| (u.place.text().to_owned(), u.kind)).collect()
    }

    fn kind(statement: &str) -> UseKind {
        kinds(statement)[0].1
    }

    #[test]
    fn uses_are_sorted_out() {
        use UseKind::*;
        assert_eq!(kind("g(a[i]);"), ElementRead);
        assert_eq!(kind("i = a[i]->f;"), ElementRead);
        assert_eq!(kind("a[i] = 0;"), ElementWrite);
        assert_eq!(kind("g(&a[i]);"), ElementAddress);
        assert_eq!(kind("g(a, i);"), Argument);
        assert_eq!(kind("g(&a);"), Address);
        assert_eq!(kind("q = a;"), Stored);
        assert_eq!(kind("struct s **q = (a);"), Stored);
        assert_eq!(kind("return a;"), Returned);
        assert_eq!(kind("g((void **)a);"), Cast);
        assert_eq!(kind("g(a + i);"), Arithmetic);
        assert_eq!(kind("if (a) g();"), Tested);
        assert_eq!(kind("if (a != q) g();"), Tested);
        assert_eq!(kind("g(sizeof(a) / sizeof(a[0]));"), Sizeof);
        assert_eq!(kind("a++;"), Assigned);
        assert_eq!(kind("i ? a : 0;"), Other);
    }

    #[test]
    fn places_calls_and_indices() {
        assert_eq!(kinds("g(&(a[i])->f[1]);")[0], ("&(a[i])->f[1]".into(), UseKind::ElementAddress));
        let tree = parse(&SourceFile::new("t.c", "void f(int *a) { g(a[2], a); }"));
        let scopes = Scopes::of(tree.root().child_of(Kind::FunctionDefinition).unwrap());
        let found = uses(DeclId(0), &scopes);
        assert_eq!(found[0].index.unwrap().text(), "2");
        assert_eq!(found[1].call.unwrap().text(), "g(a[2], a)");
        assert_eq!(escapes(DeclId(0), &scopes).len(), 1);
    }
}
