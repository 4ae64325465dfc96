//! What can reach another function, and how it is spelled there.
//!
//! In: a variable or a macro in code that is to move. Out: the reason why it cannot, or edits of its uses.

use crate::edit::TextEdit;
use crate::flow::hazards::{Hazard, HazardKind};
use crate::smpl::token::has_word;
use crate::syntax::file_scope::{FileScope, Global, GlobalKind};
use crate::syntax::scope::{DeclId, DeclKind, Scopes};
use crate::syntax::{Field, Kind, Node};

/// Whether what is handed on is a pointer that stands for the variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handed {
    /// The value itself, or a pointer that was one before.
    Value,
    /// The array, as a pointer to its first element.
    Decayed,
    /// The variable's address.
    Address,
}

/// Why a variable cannot be handed to another function.
pub fn obstacle(scopes: &Scopes<'_>, id: DeclId, ident: Node<'_>, handed: Handed) -> Option<String> {
    let declaration = scopes.declaration(id);
    let (name, ty) = (declaration.name, &declaration.ty);
    let in_sizeof =
        ident.ancestors().take_while(|a| !a.kind().is_statement()).any(|a| a.is(Kind::SizeofExpression));
    let in_sizeof = in_sizeof || handed == Handed::Decayed && is_given_to_macro(ident);
    let local_tag = |tag: &str| scopes.tags().iter().any(|t| t.name == tag);
    let typedefs = || scopes.declarations().iter().filter(|d| d.kind == DeclKind::Typedef);
    let local_type = || typedefs().any(|d| has_word(ty.specifiers(), d.name));
    let only_here = match declaration.kind {
        DeclKind::Local | DeclKind::Parameter => None,
        DeclKind::Static => Some("static in the function"),
        DeclKind::Extern | DeclKind::Function | DeclKind::Typedef => Some("declared in the function"),
        DeclKind::Enumerator => Some("a constant of an `enum` of the function"),
    };
    if let Some(what) = only_here {
        Some(format!("`{name}` is {what}, so that no other function can use it"))
    } else if ty.has_anonymous_aggregate() {
        Some(format!("the type of `{name}` has no name"))
    } else if ty.is_typeof() {
        Some(format!("the type of `{name}` is told by `typeof`, which means something else elsewhere"))
    } else if ty.tag().is_some_and(local_tag) || local_type() {
        Some(format!("the type of `{name}` is declared in the function"))
    } else if in_sizeof && handed != Handed::Value {
        Some(format!("the size of `{name}` is taken, which is another for a pointer"))
    } else if handed == Handed::Decayed && ty.has_computed_size() {
        Some(format!("`{name}` is an array whose size is computed"))
    } else {
        None
    }
}

/// Whether it is an argument of what has the name of a macro, which may take its size.
fn is_given_to_macro(ident: Node<'_>) -> bool {
    let arguments = ident.parent().filter(|p| p.is(Kind::ArgumentList));
    let called = arguments.and_then(|a| a.parent()).and_then(|call| call.child(Field::Function));
    called.is_some_and(|f| f.is(Kind::Identifier) && !f.text().chars().any(|c| c.is_ascii_lowercase()))
}

/// What a macro does that another function could not bear.
pub fn hazard(hazard: &Hazard<'_>, scopes: &Scopes<'_>) -> String {
    let what = match hazard.kind {
        HazardKind::Jumps => "jumps".to_owned(),
        HazardKind::NamesLocal(id) => {
            format!("names `{}` of the function that it is used in", scopes.declaration(id).name)
        }
        HazardKind::WritesArgument(id) => {
            format!("may write `{}` without its address", scopes.declaration(id).name)
        }
        HazardKind::SpellsOut(id) => {
            format!("makes a string of what `{}` is called here", scopes.declaration(id).name)
        }
    };
    format!("the macro `{}` {what}", hazard.node.text())
}

/// A call in `node` that would be another one in a function in front of `function`: it is about the frame that it stands
/// in, or it calls `function` itself, which nothing declares up there. With the reason.
pub fn tied_call<'t>(
    node: Node<'t>,
    function: Node<'t>,
    scopes: &Scopes<'t>,
    file: &FileScope<'t>,
) -> Option<(Node<'t>, String)> {
    const OF_THE_FRAME: &[&str] = &[
        "alloca",
        "__builtin_alloca",
        "__builtin_alloca_with_align",
        "__builtin_frame_address",
        "__builtin_return_address",
        "va_start",
        "va_arg",
        "va_copy",
        "va_end",
    ];
    let own = file.functions.iter().find(|f| f.node == function).map(|f| f.name);
    let declared = |name: &str| {
        let before = |g: &&Global<'t>| g.name == name && g.ident.span().end <= function.span().start;
        file.globals.iter().any(|g| before(&g) && g.kind == GlobalKind::Prototype)
    };
    node.descendants().filter(|n| n.is(Kind::Identifier) && scopes.resolve(*n).is_none()).find_map(|ident| {
        let name = ident.text();
        let is_called = ident.role() == Some(Field::Function);
        if is_called && OF_THE_FRAME.contains(&name) {
            return Some((ident, format!("`{name}` is about the function that it stands in")));
        }
        let is_own = own == Some(name) && ident.role() != Some(Field::Field) && !declared(name);
        is_own.then(|| (ident, format!("`{name}` is not declared in front of the new function")))
    })
}

/// Whether a name means something at file scope that a local of that name would hide.
pub fn means_something(file: &FileScope<'_>, name: &str) -> bool {
    file.function(name).is_some()
        || file.globals.iter().any(|g| g.name == name && g.kind != GlobalKind::Tag)
        || file.macros.iter().any(|m| m.name == name)
}

/// A name that is free: the wanted one, or the first of its kind with a number.
pub fn numbered(name: &str, free: &dyn Fn(&str) -> bool) -> String {
    if free(name) {
        return name.to_owned();
    }
    (2..).map(|n| format!("{name}{n}")).find(|n| free(n)).unwrap_or_default()
}

/// The use `ident` of a variable, where `access` is its address.
pub fn through_address(ident: Node<'_>, access: &str) -> Vec<TextEdit> {
    let whole = |text: String| vec![TextEdit::new(ident.span(), text)];
    let Some(parent) = ident.parent() else { return whole(format!("*{access}")) };
    match parent.kind() {
        Kind::PointerExpression if parent.operator() == Some("&") => {
            vec![TextEdit::new(parent.span(), access)]
        }
        Kind::FieldExpression
            if parent.operator() == Some(".") && parent.child(Field::Argument) == Some(ident) =>
        {
            let dot = parent.child(Field::Operator).map(|dot| TextEdit::new(dot.span(), "->"));
            let name = (ident.text() != access).then(|| TextEdit::new(ident.span(), access));
            dot.into_iter().chain(name).collect()
        }
        Kind::UpdateExpression => whole(format!("(*{access})")),
        Kind::SubscriptExpression | Kind::FieldExpression | Kind::CallExpression
            if parent.children().next() == Some(ident) =>
        {
            whole(format!("(*{access})"))
        }
        _ => whole(format!("*{access}")),
    }
}
