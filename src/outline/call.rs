//! The call that stands for the loop, and what follows it.
//!
//! In: the [`Caller`] and the [`Dispatch`]. Out: the text in place of the loop: a condition where the loop
//! might not have been entered, the call, and the tests that tell its outcomes apart.

use super::caller::Caller;
use super::captures::Passing;
use super::extent::failure_test;
use super::rest;
use super::ways_out::{Dispatch, Value, arms_variable};
use crate::edit::TextEdit;
use crate::plan::columns::{TAB, column_of, indent};
use crate::plan::moved::moved;
use crate::plan::wrapping::parenthesised;
use crate::source::Span;
use crate::syntax::scope::DeclId;
use crate::syntax::{Kind, Node};
use crate::walk::behind::lands_behind;
use crate::walk::site::statements_of;
use crate::walk::{Refusal, RefusalCode};

impl Caller<'_, '_, '_> {
    /// The call with everything around it.
    pub(super) fn call(&self, dispatch: &Dispatch<'_>) -> Result<String, Refusal> {
        let material = self.material;
        let mut out = String::new();
        for capture in self.context_captures().filter(|c| !self.is_stable(**c)) {
            let name = material.scopes.declaration(capture.id).name;
            out.push_str(&format!("{}.{name} = {name};\n{}", material.names.variable, indent(self.column)));
        }
        match (self.guard(), self.told_by_control(dispatch)) {
            (None, false) => out.push_str(&self.walked(dispatch, self.column)?),
            (None, true) | (Some(_), true) => {
                let by_control = self.material.walk.control.is_some_and(|c| c.guarded);
                let condition = self.guard().filter(|_| !by_control).unwrap_or_else(|| self.entered());
                let call = self.bare_call(self.column + TAB);
                out.push_str(&format!("if ({condition})\n{}{call}", indent(self.column + TAB)));
                out.push_str(&self.behind(dispatch, self.column)?);
            }
            (Some(condition), false) => {
                let column = self.column + TAB;
                let declared: Vec<String> =
                    self.own_declarations().iter().map(|d| format!("{d}\n{}", indent(column))).collect();
                let blank = if declared.is_empty() { "" } else { "\n" };
                let declared = declared.concat();
                let declared = match declared.strip_suffix(&indent(column)) {
                    Some(start) => format!("{start}{blank}{}", indent(column)),
                    None => declared,
                };
                let inside = self.walked(dispatch, column)?;
                let here = indent(self.column);
                let several = !declared.is_empty() || self.behind(dispatch, column)?.lines().count() > 0;
                let (open, close) = if several { (" {", format!("\n{here}}}")) } else { ("", String::new()) };
                out.push_str(&format!("if ({condition}){open}\n{}{declared}{inside}{close}", indent(column)));
            }
        }
        if let Some((result, _)) = self.result.as_ref() {
            let tests = [
                self.hides_stops().then(|| format!("{result} > 0")),
                self.hides_halts().map(|halt| format!("{result} == {halt}")),
            ];
            let tests: Vec<String> = tests.into_iter().flatten().collect();
            if !tests.is_empty() {
                let (here, inside) = (indent(self.column), indent(self.column + TAB));
                out.push_str(&format!("\n{here}if ({})\n{inside}{result} = 0;", tests.join(" || ")));
            }
        }
        for capture in self.copied_out() {
            let name = material.scopes.declaration(capture.id).name;
            out.push_str(&format!("\n{}{name} = {}.{name};", indent(self.column), material.names.variable));
        }
        Ok(out)
    }

    /// The condition under which the loop was entered, where the helper would walk although the loop did not.
    pub(super) fn guard(&self) -> Option<String> {
        let text = |n: Node<'_>| self.text_with_result(n.span(), "");
        let asked = rest::entered(&self.material.walk.total.rest, &|n| self.first_value(n), &text);
        let conditions: Vec<String> = self.extent.entered.iter().cloned().chain(asked).collect();
        (!conditions.is_empty()).then(|| conditions.join(" && "))
    }

    /// Whether the result is left alone by a loop that is not entered, and looked at behind it in any case.
    fn told_by_control(&self, dispatch: &Dispatch<'_>) -> bool {
        let guarded = self.material.walk.control.is_some_and(|c| c.guarded) && self.result.is_some();
        let plain = self.guard().is_some()
            && self.material.walk.control.is_some()
            && *dispatch == Dispatch::ToControl;
        guarded || plain
    }

    /// Declarations that only the call needs.
    pub(super) fn own_declarations(&self) -> Vec<String> {
        let result = self.result.as_ref().and_then(|(_, declaration)| declaration.clone());
        let in_block = self.guard().is_some();
        let available = self.extent.shortage.as_ref().map(|s| match in_block {
            true => format!("{} = {}", s.declared, s.available),
            false => s.declared.clone(),
        });
        result.into_iter().chain(available).map(|d| format!("{d};")).collect()
    }

    /// The call, what has to be known before, and what follows.
    fn walked(&self, dispatch: &Dispatch<'_>, column: usize) -> Result<String, Refusal> {
        let before = match &self.extent.shortage {
            Some(s) if self.guard().is_none() => {
                format!("{} = {};\n{}", s.variable, s.available, indent(column))
            }
            _ => String::new(),
        };
        Ok(format!("{before}{}{}", self.bare_call(column), self.behind(dispatch, column)?))
    }

    fn bare_call(&self, column: usize) -> String {
        let target = self.result.as_ref().map(|(name, _)| format!("{name} = ")).unwrap_or_default();
        let head = format!("{target}{}", self.material.spec.helper_name);
        parenthesised(&head, &self.arguments(), ";", column)
    }

    /// Whether a stop without an error must not be seen in the control variable.
    fn hides_stops(&self) -> bool {
        let rest = !self.material.walk.total.rest.is_empty();
        let stops = rest || self.material.endings.iter().any(|e| e.value == Value::Stop);
        stops && self.material.walk.control.is_some_and(|c| c.value_needed && !c.dead_at_end)
    }

    /// The rule's word for a stop in front of the piece without an error, if the callback says it.
    fn halt(&self) -> Option<&str> {
        let said = self.material.endings.iter().any(|e| e.value == Value::Halt);
        said.then_some(self.material.words.halt())
    }

    /// The same, if it must not be seen in the control variable.
    fn hides_halts(&self) -> Option<&str> {
        self.halt().filter(|_| self.material.walk.control.is_some_and(|c| !c.dead_at_end))
    }

    /// The test for an error.
    fn failed(&self, result: &str) -> String {
        match self.halt() {
            Some(halt) => format!("{result} < 0 && {result} != {halt}"),
            None => format!("{result} < 0"),
        }
    }

    /// What follows the call.
    fn behind(&self, dispatch: &Dispatch<'_>, column: usize) -> Result<String, Refusal> {
        let Some((result, _)) = &self.result else { return Ok(String::new()) };
        let (here, inside) = (indent(column), indent(column + TAB));
        Ok(match dispatch {
            Dispatch::Nothing | Dispatch::ToControl => String::new(),
            Dispatch::ReturnResult => {
                format!("\n{here}if ({})\n{inside}return {result};", self.failed(result))
            }
            Dispatch::Goto(label) => {
                format!("\n{here}if ({})\n{inside}goto {label};", self.failed(result))
            }
            Dispatch::ByValue { values, arm, returns } => {
                let rest = self.failure_arm(*arm, result, column)?;
                if *returns {
                    let tests: Vec<String> = values.iter().map(|v| format!("{result} == {v}")).collect();
                    let test = tests.join(" || ");
                    format!(
                        "\n{here}if ({test})\n{inside}return {result};\n{here}if ({}){rest}",
                        self.failed(result)
                    )
                } else {
                    let tests: Vec<String> = values.iter().map(|v| format!(" && {result} != {v}")).collect();
                    format!("\n{here}if ({}{}){rest}", self.failed(result), tests.concat())
                }
            }
            Dispatch::FailureArm(arm) => {
                let test = failure_test(self.material, &self.extent, result, &self.failed(result));
                format!("\n{here}if ({test}){}", self.failure_arm(*arm, result, column)?)
            }
        })
    }

    /// The failure arm with the result's new name; a jump behind the loop has become superfluous.
    fn failure_arm(&self, arm: Node<'_>, result: &str, column: usize) -> Result<String, Refusal> {
        let walk = self.material.walk;
        let tree = walk.site.function.tree();
        let arm = tree.node(arm.id());
        let mut statements: Vec<_> = statements_of(arm);
        if lands_behind(walk.site.outer, walk.failure.target) {
            let is_jump = |n: &Node<'_>| matches!(n.kind(), Kind::BreakStatement | Kind::GotoStatement);
            if let Some(at) = statements.iter().rposition(is_jump) {
                statements.remove(at);
            }
        }
        if let Some((own, _)) = arms_variable(walk, self.material.scopes) {
            statements.retain(|n| *n != own);
        }
        let Some((first, last)) = statements.first().zip(statements.last()) else {
            return Err(Refusal::new(
                RefusalCode::NotUnderstood,
                arm.span(),
                "nothing is left of the failure arm",
            ));
        };
        let source = tree.source();
        let span = first.span().cover(last.span());
        let old = column_of(source, first.span());
        let text = self.text_with_result(span, result);
        let inside = column + TAB;
        let text = moved(&text, inside as isize - old as isize);
        let braces = statements.len() > 1;
        let (open, close) =
            if braces { (" {", format!("\n{}}}", indent(column))) } else { ("", String::new()) };
        Ok(format!("{open}\n{}{text}{close}", indent(inside)))
    }

    /// Text of the loop in which the acquisition's result is now the helper's.
    fn text_with_result(&self, span: Span, result: &str) -> String {
        let walk = self.material.walk;
        let tree = walk.site.function.tree();
        let mut edits = crate::edit::EditSet::new();
        for ident in
            walk.site.outer.descendants().filter(|n| n.is(Kind::Identifier) && span.contains(n.span()))
        {
            let Some(id) = self.material.scopes.resolve(ident) else { continue };
            let text = if id == walk.site.got { Some(result.to_owned()) } else { self.behind_name(id) };
            let Some(text) = text else { continue };
            let moved = Span { start: ident.span().start - span.start, end: ident.span().end - span.start };
            // Identifiers are disjoint.
            let _ = edits.add(TextEdit::new(moved, text));
        }
        let bytes = tree.source().slice(span).as_bytes();
        String::from_utf8_lossy(&edits.apply(bytes)).into_owned()
    }

    /// How a captured variable is called behind the call, if otherwise than before.
    pub(super) fn behind_name(&self, id: DeclId) -> Option<String> {
        let capture = self.context_captures().find(|c| c.id == id)?;
        let name = self.material.scopes.declaration(id).name;
        (capture.passing == Passing::Field && !self.in_a_loop())
            .then(|| format!("{}.{name}", self.material.names.variable))
    }

    /// The condition under which the loop was entered.
    fn entered(&self) -> String {
        let condition = self.material.walk.total.condition;
        if self.material.walk.site.test.is_none() {
            return condition.text().to_owned();
        }
        // An endless loop tests when to leave.
        crate::plan::negation::negated(condition, &|n| n.text().to_owned())
    }
}
