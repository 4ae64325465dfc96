//! What a function of the same file returns.
//!
//! In: a call. Out: the field of an argument that it returns unless it returns an error: `return
//! wanted->len;` on one way and errors by their names on the others. It tells nothing about functions that
//! change what they are given.
//!
//! Capability 3 (tests/README.md): what functions do, as data and from their code.

use super::eval::is_error_name;
use super::site::{callee, definition};
use crate::syntax::scope::{DeclId, DeclKind, Scopes};
use crate::syntax::{Field, Kind, Node};

/// Which argument, and its field.
pub(super) fn returned_field<'t>(call: Node<'t>) -> Option<(Node<'t>, &'t str)> {
    let function = definition(call.tree().root(), callee(call)?)?;
    let summary = Summary { scopes: Scopes::of(function), function };
    let returns = function.descendants().filter(|n| n.is(Kind::ReturnStatement));
    let mut field = None;
    for value in returns.map(|n| n.named_children().next()) {
        let value = value?;
        match summary.field(value) {
            Some(found) if field.is_none_or(|known| known == found) => field = Some(found),
            Some(_) => return None,
            None if summary.is_error(value) => {}
            None => return None,
        }
    }
    let (parameter, field) = field?;
    if summary.changes(parameter) {
        return None;
    }
    let parameters = summary.scopes.declarations().iter().filter(|d| d.kind == DeclKind::Parameter);
    let at = parameters.map(|d| d.id).position(|id| id == parameter)?;
    Some((call.child(Field::Arguments)?.named_children().nth(at)?, field))
}

struct Summary<'t> {
    scopes: Scopes<'t>,
    function: Node<'t>,
}

impl<'t> Summary<'t> {
    /// `parameter->field`
    fn field(&self, value: Node<'t>) -> Option<(DeclId, &'t str)> {
        if !value.is(Kind::FieldExpression) || value.operator() != Some("->") {
            return None;
        }
        let id = self.scopes.resolve(value.child(Field::Argument)?)?;
        let is_parameter = self.scopes.declaration(id).kind == DeclKind::Parameter;
        is_parameter.then_some((id, value.child(Field::Field)?.text()))
    }

    /// `-ENAME`, or a variable that is set to nothing else.
    fn is_error(&self, value: Node<'t>) -> bool {
        if is_error_name(value) {
            return true;
        }
        let Some(id) = self.scopes.resolve(value) else { return false };
        let declaration = self.scopes.declaration(id);
        let writes: Vec<Node<'t>> = self.writes(id).collect();
        let plain =
            |n: &Node<'t>| n.operator() == Some("=") && n.child(Field::Right).is_some_and(is_error_name);
        declaration.kind == DeclKind::Local
            && declaration.initializer.is_none_or(is_error_name)
            && !writes.is_empty()
            && writes.iter().all(plain)
    }

    fn writes(&self, id: DeclId) -> impl Iterator<Item = Node<'t>> + '_ {
        let target = |n: &Node<'t>| match n.kind() {
            Kind::AssignmentExpression => n.child(Field::Left),
            Kind::UpdateExpression | Kind::PointerExpression if n.operator() != Some("*") => {
                n.child(Field::Argument)
            }
            _ => None,
        };
        let all = self.function.descendants();
        all.filter(move |n| target(n).and_then(|t| self.scopes.resolve(t)) == Some(id))
    }

    /// Whether the function assigns the parameter, or a field of what that points to.
    fn changes(&self, parameter: DeclId) -> bool {
        let fields = self.function.descendants().filter(|n| n.is(Kind::FieldExpression));
        let own =
            |n: &Node<'t>| n.child(Field::Argument).and_then(|a| self.scopes.resolve(a)) == Some(parameter);
        let is_written = |n: Node<'t>| {
            n.parent().is_some_and(|p| match p.kind() {
                Kind::AssignmentExpression => p.child(Field::Left) == Some(n),
                Kind::UpdateExpression => true,
                Kind::PointerExpression => p.operator() == Some("&"),
                _ => false,
            })
        };
        self.writes(parameter).next().is_some() || fields.filter(own).any(is_written)
    }
}

#[cfg(test)]
mod tests {
    use crate::walk::testing::verdict;

    #[test]
    fn a_function_that_releases_a_batch_is_read() {
        let drops = "static void drop_all(struct part **p, int n)\n{\n\tint i;\n\n\tfor (i = 0; i < n; i++)\n\t\tdrop_part(p[i]);\n}\n\nint each(";
        let all = [
            ("int each(", drops),
            ("for (k = 0;", "int n = (got + off + UNIT - 1) / UNIT;\n\n\t\tfor (k = 0;"),
            ("got -= len;\n\t\t}", "got -= len;\n\t\t}\n\t\tdrop_all(parts, n);"),
        ];
        assert_eq!(verdict(&all), "walk");
        let fewer = ("drop_all(parts, n)", "drop_all(parts, n - 1)");
        let told = verdict(&[all[0], all[1], all[2], fewer]);
        assert_eq!(told, "reference-imbalance at drop_all(parts, n - 1);");
    }
}
