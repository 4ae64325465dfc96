//! The last look at a conversion, before anybody else sees it.
//!
//! In: the text of the callback, and the edits of the function that it comes from. Out: nothing, or the
//! refusal of a result in which a name means nothing, a jump has no label, or a variable is read before it
//! is set although the original set it. Everything here should have been refused before, for a better
//! reason; this is the net below.

use crate::edit::{EditSet, TextEdit};
use crate::flow::facts::Facts;
use crate::flow::reaching::{DefKind, Reaching};
use crate::source::SourceFile;
use crate::syntax::file_scope::FileScope;
use crate::syntax::scope::{DeclKind, Scopes};
use crate::syntax::{self, Field, Kind, MacroKnowledge, Node};
use crate::walk::{Refusal, RefusalCode};
use std::collections::BTreeSet;

/// What the result is compared with.
pub struct Original<'a, 't> {
    /// The function as it was.
    pub scopes: &'a Scopes<'t>,
    /// The names of its file.
    pub file: &'a FileScope<'t>,
    /// The loop that goes.
    pub outer: Node<'t>,
    /// The variable that the conversion declares.
    pub context: &'a str,
}

impl Original<'_, '_> {
    /// Look at the callback and at the function.
    pub fn audit(&self, callback: &str, edits: &[TextEdit]) -> Result<(), Refusal> {
        let node = self.scopes.function();
        let mut inside = EditSet::new();
        for edit in edits.iter().filter(|e| node.span().contains(e.span)) {
            let start = node.span().start;
            let span = crate::source::Span { start: edit.span.start - start, end: edit.span.end - start };
            // Disjoint in the file, so disjoint in the function.
            let _ = inside.add(TextEdit::new(span, edit.text.clone()));
        }
        let caller = inside.apply(node.text().as_bytes());
        let unset = unset(node);
        let loops = MacroKnowledge::of_loops(node.tree());
        for text in [callback.as_bytes().to_vec(), caller] {
            let source = SourceFile::new(node.tree().source().path(), text);
            let tree = syntax::parse_with(&source, &loops);
            let functions = tree.root().descendants().filter(|n| n.is(Kind::FunctionDefinition));
            for function in functions.filter(|f| !f.has_opaque()) {
                self.names(function)?;
                self.labels(function)?;
                self.values(function, &unset)?;
            }
        }
        Ok(())
    }

    fn refuse(&self, sentence: String) -> Result<(), Refusal> {
        Err(Refusal::new(RefusalCode::NotUnderstood, self.outer.span(), sentence))
    }

    /// A local of the old function may not be meant where it is not declared any more.
    fn names(&self, function: Node<'_>) -> Result<(), Refusal> {
        let scopes = Scopes::of(function);
        let of_file = |name: &str| {
            self.file.globals.iter().any(|g| g.name == name)
                || self.file.macros.iter().any(|m| m.name == name)
                || self.file.function(name).is_some()
        };
        let lost = function
            .descendants()
            .filter(|n| n.is(Kind::Identifier) && is_value(*n))
            .filter(|n| scopes.resolve(*n).is_none() && !of_file(n.text()))
            .find(|n| self.scopes.declares(n.text()) || n.text() == self.context);
        match lost {
            Some(name) => self.refuse(format!("`{}` would not be declared where it is used", name.text())),
            None => Ok(()),
        }
    }

    fn labels(&self, function: Node<'_>) -> Result<(), Refusal> {
        let scopes = Scopes::of(function);
        let jumps = function.descendants().filter(|n| n.is(Kind::GotoStatement));
        let lost =
            jumps.filter_map(|n| n.child(Field::Label)).find(|label| scopes.label(label.text()).is_none());
        match lost {
            Some(label) => self.refuse(format!("nothing would be labelled `{}` any more", label.text())),
            None => Ok(()),
        }
    }

    /// Nothing may be read before it is set that was set before.
    fn values(&self, function: Node<'_>, before: &BTreeSet<String>) -> Result<(), Refusal> {
        match unset(function).into_iter().find(|name| !before.contains(name)) {
            Some(name) => self.refuse(format!("`{name}` would be looked at before it is set")),
            None => Ok(()),
        }
    }
}

/// Whether an identifier names a value, rather than a label, a field or a parameter of a type.
fn is_value(ident: Node<'_>) -> bool {
    let named = |n: Node<'_>| {
        matches!(
            n.kind(),
            Kind::LabeledStatement | Kind::GotoStatement | Kind::FunctionDeclarator | Kind::InitializerPair
        )
    };
    let in_type = |n: Node<'_>| matches!(n.kind(), Kind::ParameterDeclaration | Kind::FieldDeclaration);
    !ident.parent().is_some_and(named) && !ident.ancestors().any(in_type)
}

/// Local scalars of which an unset value may be seen.
fn unset(function: Node<'_>) -> BTreeSet<String> {
    let facts = Facts::of(function);
    let reaching = Reaching::of(&facts);
    let uninitialised = |n: Node<'_>| {
        let seen = reaching.seen_by(n).iter();
        seen.map(|id| reaching.definition(*id).kind).any(|kind| kind == DefKind::Uninitialised)
    };
    let scopes = &facts.scopes;
    scopes
        .declarations()
        .iter()
        .filter(|d| d.kind == DeclKind::Local && !d.ty.is_aggregate() && !d.ty.is_array())
        .filter(|d| !facts.shared.contains(&d.id))
        .filter(|d| scopes.uses(d.id).iter().any(|n| uninitialised(*n)))
        .map(|d| d.name.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audit(original: &str, callback: &str) -> Result<(), String> {
        let source = SourceFile::new("a.c", original.as_bytes().to_vec());
        let tree = syntax::parse(&source);
        let function =
            tree.root().descendants().find(|n| n.is(Kind::FunctionDefinition)).expect("a function");
        let scopes = Scopes::of(function);
        let file = FileScope::of(&tree);
        let original = Original { scopes: &scopes, file: &file, outer: function, context: "ctx" };
        original.audit(callback, &[]).map_err(|refusal| refusal.sentence)
    }

    #[test]
    fn a_variable_that_is_not_set_any_more_is_found() {
        let original = "int f(int a)\n{\n\tint ret = 0;\n\n\tg(a);\n\treturn ret;\n}\n";
        let callback = "static int f_x(void *data)\n{\n\tint ret;\n\n\treturn ret;\n}\n";
        assert_eq!(audit(original, callback), Err("`ret` would be looked at before it is set".into()));
    }

    #[test]
    fn a_name_that_stayed_behind_is_found() {
        let original = "int f(int a)\n{\n\treturn g(a);\n}\n";
        let callback = "static int f_x(void *data)\n{\n\treturn g(a);\n}\n";
        assert_eq!(audit(original, callback), Err("`a` would not be declared where it is used".into()));
        assert_eq!(audit(original, "static int f_x(int a)\n{\n\treturn g(a);\n}\n"), Ok(()));
    }

    #[test]
    fn a_label_that_stayed_behind_is_found() {
        let original = "int f(int a)\n{\nagain:\n\tif (g(a))\n\t\tgoto again;\n\treturn 0;\n}\n";
        let callback = "static int f_x(int a)\n{\n\tif (g(a))\n\t\tgoto again;\n\treturn 0;\n}\n";
        assert_eq!(audit(original, callback), Err("nothing would be labelled `again` any more".into()));
    }
}
