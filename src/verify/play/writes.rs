//! What a function that is only a stub may write to.
//!
//! In: its signature with the text of its definition, if the file or a header has it, and a type that it is given a pointer to.
//! Out: [`Writes`]: the fields that it, or what it calls, names at all; or anything, if nobody can tell: its text is not known, or
//! the pointer goes on to a function whose text is not.

use std::collections::BTreeSet;

use super::world::World;
use crate::source::SourceFile;
use crate::syntax::file_scope::words;
use crate::syntax::headers::{Entity, Signature};
use crate::syntax::scope::Scopes;
use crate::syntax::types::WrittenType;
use crate::syntax::{Field, Kind, Node, parse};
use crate::walk::eval::unwrapped;
use crate::walk::site::callee;

/// What may be written to.
pub(super) enum Writes {
    /// Everything.
    Anything,
    /// The fields of these names.
    Fields(BTreeSet<String>),
}

impl Writes {
    /// What `function` may write to in an object of the type.
    pub(super) fn of(function: &Signature, object: &WrittenType, world: &World<'_>) -> Self {
        let Some(definition) = function.definition.clone() else { return Self::Anything };
        let mut fields = BTreeSet::new();
        let mut called = BTreeSet::new();
        let mut ahead = vec![definition];
        while let Some(text) = ahead.pop() {
            fields.extend(words(&text).map(|(_, word)| word.to_owned()));
            let tree = parse(&SourceFile::new("definition.c", text));
            let Some(function) = tree.root().child_of(Kind::FunctionDefinition) else {
                return Self::Anything;
            };
            let scopes = Scopes::of(function);
            for call in function.descendants().filter(|n| n.is(Kind::CallExpression)) {
                let name = callee(call).unwrap_or_default();
                let known = world.get(name);
                if let Some(Entity::Function(Signature { definition: Some(text), .. })) = known.as_deref() {
                    ahead.extend(called.insert(name.to_owned()).then(|| text.clone()));
                } else if is_given(call, object, &scopes) {
                    return Self::Anything;
                }
            }
        }
        Self::Fields(fields)
    }
}

/// Whether a pointer to the type is an argument of the call.
fn is_given(call: Node<'_>, object: &WrittenType, scopes: &Scopes<'_>) -> bool {
    let spelled = |ty: &WrittenType| ty.without_const().type_name();
    let arguments = call.child(Field::Arguments).into_iter().flat_map(|all| all.named_children());
    let pointed_to = |n| scopes.declaration(scopes.resolve(unwrapped(n))?).ty.pointee();
    arguments.filter_map(pointed_to).any(|to| spelled(&to) == spelled(object))
}
