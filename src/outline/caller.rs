//! What stands in the function instead of the loop.
//!
//! In: a walk, its captures and names. Out: edits of the function: the call with what follows it, the context's
//! declaration, the result's, and new spellings of captured variables behind the call.

use super::callback::Material;
use super::captures::{Capture, Passing};
use super::respell::Reach;
use super::rest;
use super::ways_out::{Dispatch, Value};
use crate::edit::TextEdit;
use crate::flow::access::{Access, accesses};
use crate::plan::columns::{TAB, indent, indentation, shift};
use crate::plan::superfluous::{whole_lines, with_blank_line};
use crate::plan::wrapping::parenthesised;
use crate::source::Span;
use crate::syntax::{Field, Kind, Node};
use crate::walk::expressions::{is_pure, same_text};
use crate::walk::output::Target;
use crate::walk::site::{Site, statements_of};
use crate::walk::{Refusal, RefusalCode};

/// The edits of the function around the loop.
pub fn caller(material: &Material<'_, '_>, dispatch: &Dispatch<'_>) -> Result<Vec<TextEdit>, Refusal> {
    let caller = Caller::new(material, dispatch)?;
    let mut edits = vec![TextEdit::new(material.walk.site.outer.span(), caller.call(dispatch)?)];
    edits.extend(caller.declarations());
    edits.extend(caller.renames());
    edits.extend(outside(&material.walk.site));
    Ok(edits)
}

/// The array's memory is not asked for any more. Statements that stood together go as one paragraph.
fn outside(site: &Site<'_>) -> Vec<TextEdit> {
    let source = site.function.tree().source();
    let mut lines: Vec<Span> = site.outside.iter().map(|n| whole_lines(source, n.span())).collect();
    lines.sort();
    let mut joined: Vec<Span> = Vec::new();
    for span in lines {
        match joined.last_mut() {
            Some(last) if source.slice(Span { start: last.end, end: span.start }).trim().is_empty() => {
                last.end = span.end;
            }
            _ => joined.push(span),
        }
    }
    joined.into_iter().map(|span| TextEdit::new(with_blank_line(source, span), "")).collect()
}

#[derive(Clone)]
struct Caller<'a, 'b, 't> {
    material: &'a Material<'b, 't>,
    /// The block in which the context is declared.
    block: Node<'t>,
    /// What gets the result, and its declaration if it is new.
    result: Option<(String, Option<String>)>,
    size: String,
    column: usize,
    accesses: Vec<Access<'t>>,
}

impl<'a, 'b, 't> Caller<'a, 'b, 't> {
    fn new(material: &'a Material<'b, 't>, dispatch: &Dispatch<'_>) -> Result<Self, Refusal> {
        let site = &material.walk.site;
        let body = site.function.child(Field::Body).unwrap_or(site.function);
        let source = site.function.tree().source();
        let line = source.lines().line_span(source.line_column(site.outer.span()).line);
        let column = indentation(source.slice(line));
        let mut block = body;
        for capture in &material.captures.passed {
            let own = material.scopes.declaration(capture.id).block;
            if own.is(Kind::CompoundStatement) && block.encloses(own) {
                block = own;
            }
        }
        let result = match (material.walk.control, dispatch) {
            (_, Dispatch::Nothing) => None,
            (Some(control), _) => Some((material.scopes.declaration(control.id).name.to_owned(), None)),
            (None, _) => Some(own_result(material)),
        };
        let size = size(material)?;
        Ok(Self { material, block, result, size, column, accesses: accesses(body, material.scopes) })
    }

    fn call(&self, dispatch: &Dispatch<'_>) -> Result<String, Refusal> {
        let material = self.material;
        let mut out = String::new();
        for capture in self.context_captures().filter(|c| !self.is_stable(**c)) {
            let name = material.scopes.declaration(capture.id).name;
            out.push_str(&format!("{}.{name} = {name};\n{}", material.names.variable, indent(self.column)));
        }
        let guarded = material.walk.control.is_some_and(|c| c.guarded) && self.result.is_some();
        let rest = rest::entered(&material.walk.total.rest, &|n| self.text_with_result(n.span(), ""));
        match rest.filter(|_| !guarded) {
            Some(condition) => {
                let inside = self.column + TAB;
                let deeper = Self { column: inside, ..self.clone() }.bare_call(dispatch, false)?;
                let single = *dispatch == Dispatch::Nothing && self.copied_out().count() == 0;
                let (open, close) =
                    if single { ("", String::new()) } else { (" {", format!("\n{}}}", indent(self.column))) };
                out.push_str(&format!("if ({condition}){open}\n{}{deeper}{close}", indent(inside)));
            }
            None => out.push_str(&self.bare_call(dispatch, guarded)?),
        }
        Ok(out)
    }

    /// The call and what follows it.
    fn bare_call(&self, dispatch: &Dispatch<'_>, guarded: bool) -> Result<String, Refusal> {
        let material = self.material;
        let mut out = String::new();
        let column = if guarded { self.column + TAB } else { self.column };
        let target = self.result.as_ref().map(|(name, _)| format!("{name} = ")).unwrap_or_default();
        let head = format!("{target}{}", material.spec.helper_name);
        let call = parenthesised(&head, &self.arguments(), ";", column);
        if guarded {
            let condition = self.entered();
            out.push_str(&format!("if ({condition})\n{}", indent(column)));
        }
        out.push_str(&call);
        out.push_str(&self.behind(dispatch)?);
        if let Some((result, _)) = self.result.as_ref().filter(|_| self.hides_stops()) {
            let inside = indent(self.column + TAB);
            out.push_str(&format!("\n{}if ({result} > 0)\n{inside}{result} = 0;", indent(self.column)));
        }
        for capture in self.copied_out() {
            let name = material.scopes.declaration(capture.id).name;
            out.push_str(&format!("\n{}{name} = {}.{name};", indent(self.column), material.names.variable));
        }
        Ok(out)
    }

    /// Whether a stop without an error must not be seen in the control variable.
    fn hides_stops(&self) -> bool {
        let rest = !self.material.walk.total.rest.is_empty();
        let stops = rest || self.material.endings.iter().any(|e| e.value == Value::Stop);
        stops && self.material.walk.control.is_some_and(|c| c.value_needed)
    }

    /// What follows the call.
    fn behind(&self, dispatch: &Dispatch<'_>) -> Result<String, Refusal> {
        let Some((result, _)) = &self.result else { return Ok(String::new()) };
        let (here, inside) = (indent(self.column), indent(self.column + TAB));
        Ok(match dispatch {
            Dispatch::Nothing | Dispatch::ToControl => String::new(),
            Dispatch::ReturnResult => format!("\n{here}if ({result} < 0)\n{inside}return {result};"),
            Dispatch::Goto(label) => format!("\n{here}if ({result} < 0)\n{inside}goto {label};"),
            Dispatch::ByValue { values, arm, returns } => {
                let rest = self.failure_arm(*arm, result)?;
                if *returns {
                    let tests: Vec<String> = values.iter().map(|v| format!("{result} == {v}")).collect();
                    let test = tests.join(" || ");
                    format!("\n{here}if ({test})\n{inside}return {result};\n{here}if ({result} < 0){rest}")
                } else {
                    let tests: Vec<String> = values.iter().map(|v| format!(" && {result} != {v}")).collect();
                    format!("\n{here}if ({result} < 0{}){rest}", tests.concat())
                }
            }
            Dispatch::FailureArm(arm) => {
                format!("\n{here}if ({result} < 0){}", self.failure_arm(*arm, result)?)
            }
        })
    }

    /// The failure arm with the result's new name; a jump behind the loop has become superfluous.
    fn failure_arm(&self, arm: Node<'_>, result: &str) -> Result<String, Refusal> {
        let walk = self.material.walk;
        let tree = walk.site.function.tree();
        let arm = tree.node(arm.id());
        let mut statements: Vec<_> = statements_of(arm);
        if walk.failure.target == Target::BehindOuter {
            let jump = statements.iter().rposition(|s| s.is(Kind::BreakStatement));
            if let Some(at) = jump {
                statements.remove(at);
            }
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
        let line = source.lines().line_span(source.line_column(first.span()).line);
        let old = indentation(source.slice(line));
        let text = self.text_with_result(span, result);
        let inside = self.column + TAB;
        let text = shift(&text, inside as isize - old as isize);
        let braces = statements.len() > 1;
        let (open, close) =
            if braces { (" {", format!("\n{}}}", indent(self.column))) } else { ("", String::new()) };
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
    fn behind_name(&self, id: crate::syntax::scope::DeclId) -> Option<String> {
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
        match condition.child(Field::Argument).filter(|_| condition.operator() == Some("!")) {
            Some(left) => left.text().to_owned(),
            None => format!("!({})", condition.text()),
        }
    }

    fn arguments(&self) -> Vec<String> {
        let material = self.material;
        let data = match (material.captures.passed.as_slice(), material.reach) {
            ([], _) => "NULL".to_owned(),
            ([capture], Reach::Direct) => {
                let declaration = material.scopes.declaration(capture.id);
                match capture.passing {
                    Passing::Value if declaration.ty.is_pointer() => declaration.name.to_owned(),
                    Passing::Array => declaration.name.to_owned(),
                    _ => format!("&{}", declaration.name),
                }
            }
            _ => format!("&{}", material.names.variable),
        };
        let given = |name: &str| match name {
            "iter" => material.walk.site.iter.text().to_owned(),
            "size" => self.size.clone(),
            "f" => material.names.callback.clone(),
            "data" => data.clone(),
            other => other.to_owned(),
        };
        let helper = &material.spec.helper;
        let arguments = helper.single().and_then(|call| call.child(Field::Arguments));
        arguments.map(|a| a.named_children().map(|n| given(helper.text_of(n))).collect()).unwrap_or_default()
    }

    fn context_captures(&self) -> impl Iterator<Item = &'a Capture> {
        let context = self.material.reach == Reach::Context;
        self.material.captures.passed.iter().filter(move |_| context)
    }

    /// Whether the variable has the value of the loop's start already where the context is declared.
    fn is_stable(&self, capture: Capture) -> bool {
        if !matches!(capture.passing, Passing::Value | Passing::Field) {
            return true;
        }
        if self.is_moved(capture) {
            return true;
        }
        let declared = self.last_declaration().map_or(self.block.span().start, |d| d.span().end);
        let loop_start = self.material.walk.site.outer.span().start;
        let around = self.in_a_loop();
        !self.accesses.iter().any(|a| {
            let at = a.node.span().start;
            a.decl == capture.id
                && a.may_define()
                && at >= declared
                && (at < loop_start || around && !self.material.walk.site.outer.encloses(a.node))
        })
    }

    fn in_a_loop(&self) -> bool {
        let site = &self.material.walk.site;
        let in_loop = site.outer.ancestors().take_while(|a| *a != site.function).any(|a| a.kind().is_loop());
        // A jump back to a label in front of it goes round as well.
        let back = |n: Node<'_>| {
            n.is(Kind::GotoStatement)
                && n.span().start > site.outer.span().start
                && n.child(Field::Label)
                    .and_then(|l| self.material.scopes.label(l.text()))
                    .is_some_and(|l| l.node.span().start < site.outer.span().start)
        };
        in_loop || site.function.descendants().any(back)
    }

    /// Whether a written capture lives in the context alone: nothing in front of the loop looks at it.
    fn is_moved(&self, capture: Capture) -> bool {
        let declaration = self.material.scopes.declaration(capture.id);
        let plain = declaration.initializer.is_none_or(|i| is_pure(&self.material.spec.pure, i));
        capture.passing == Passing::Field
            && declaration.kind == crate::syntax::scope::DeclKind::Local
            && declaration.block == self.block
            && plain
            && !self.in_a_loop()
            && !self.accesses.iter().any(|a| {
                a.decl == capture.id
                    && a.node != declaration.ident
                    && a.node.span().start < self.material.walk.site.outer.span().start
            })
    }

    /// Captures whose variables have to be set again behind the call.
    fn copied_out(&self) -> impl Iterator<Item = &'a Capture> {
        let live = |c: &&Capture| crate::walk::usage::live_behind(&self.material.walk.site, c.id);
        let around = self.in_a_loop();
        self.context_captures().filter(|c| c.passing == Passing::Field).filter(move |_| around).filter(live)
    }

    fn last_declaration(&self) -> Option<Node<'t>> {
        self.block
            .children()
            .filter(|c| !matches!(c.kind(), Kind::Token | Kind::Comment))
            .take_while(|c| matches!(c.kind(), Kind::Declaration | Kind::MacroDeclaration))
            .last()
    }

    /// New declarations behind the block's own.
    fn declarations(&self) -> Vec<TextEdit> {
        let source = self.material.walk.site.function.tree().source();
        let mut lines = Vec::new();
        let base = self.declaration_column();
        if let Some((_, Some(declaration))) = &self.result {
            lines.push(format!("{declaration};"));
        }
        if !self.material.captures.passed.is_empty() && self.material.reach == Reach::Context {
            lines.push(self.context_declaration(base));
        }
        if lines.is_empty() {
            return Vec::new();
        }
        match self.last_declaration() {
            Some(last) => {
                let line =
                    source.lines().line_span(source.lines().line_column(last.span().end as usize).line);
                let text: String = lines.iter().map(|l| format!("{}{l}\n", indent(base))).collect();
                vec![TextEdit::new(Span::at(line.end as usize), text)]
            }
            None => {
                let line = source.lines().line_span(source.line_column(self.block.span()).line);
                let text: String = lines.iter().map(|l| format!("{}{l}\n", indent(base))).collect();
                vec![TextEdit::new(Span::at(line.end as usize), format!("{text}\n"))]
            }
        }
    }

    fn declaration_column(&self) -> usize {
        let source = self.material.walk.site.function.tree().source();
        let line = source.lines().line_span(source.line_column(self.block.span()).line);
        indentation(source.slice(line)) + TAB
    }

    fn context_declaration(&self, base: usize) -> String {
        let names = self.material.names;
        let head = format!("struct {} {} = {{", names.context, names.variable);
        let inner = indent(base + TAB);
        let mut fields = String::new();
        for capture in self.context_captures() {
            let declaration = self.material.scopes.declaration(capture.id);
            let name = declaration.name;
            let value = match capture.passing {
                _ if self.is_moved(*capture) => match declaration.initializer {
                    Some(init) if !is_zero(init) => init.text().to_owned(),
                    _ => continue,
                },
                Passing::Value | Passing::Field if self.is_stable(*capture) => name.to_owned(),
                Passing::Value | Passing::Field => continue,
                Passing::Array => name.to_owned(),
                Passing::Address => format!("&{name}"),
                Passing::Moved => match declaration.initializer {
                    Some(init) => self.moved_initializer(init, base + TAB),
                    None => continue,
                },
            };
            fields.push_str(&format!("\n{inner}.{name} = {value},"));
        }
        if fields.is_empty() { format!("{head} }};") } else { format!("{head}{fields}\n{}}};", indent(base)) }
    }

    /// An initialiser of a variable that moves into the context, one level deeper.
    fn moved_initializer(&self, init: Node<'_>, column: usize) -> String {
        let source = init.tree().source();
        let line = source.lines().line_span(source.line_column(init.span()).line);
        let old = indentation(source.slice(line));
        shift(init.text(), column as isize - old as isize)
    }

    /// Captured variables behind the call.
    fn renames(&self) -> Vec<TextEdit> {
        let end = self.material.walk.site.outer.span().end;
        let mut out = Vec::new();
        for capture in self.context_captures() {
            let Some(name) = self.behind_name(capture.id) else { continue };
            let behind = self.material.scopes.uses(capture.id).iter().filter(|u| u.span().start >= end);
            out.extend(behind.map(|u| TextEdit::new(u.span(), name.clone())));
        }
        out
    }
}

fn is_zero(node: Node<'_>) -> bool {
    matches!(node.kind(), Kind::Null | Kind::False) || crate::walk::eval::number(node.text()) == Some(0)
}

/// A variable for the result: the one that had the acquisition's, if it outlives the loop, or a new one.
fn own_result(material: &Material<'_, '_>) -> (String, Option<String>) {
    let got = material.scopes.declaration(material.walk.site.got);
    if !material.walk.site.outer.encloses(got.ident) {
        return (got.name.to_owned(), None);
    }
    let names = ["ret", "err", "rc", "error", "result"];
    let name = names.into_iter().find(|n| !material.scopes.declares(n)).unwrap_or("walk_ret");
    // A message that prints the error expects the old type.
    let arm = material.walk.failure.arm.arm;
    let printed = arm.descendants().filter(|n| n.is(Kind::CallExpression)).any(|call| {
        call.descendants().any(|n| material.scopes.resolve(n) == Some(got.id))
            && call.descendants().any(|n| matches!(n.kind(), Kind::StringLiteral | Kind::ConcatenatedString))
    });
    let declaration = if printed {
        got.ty.without_const().declare(name)
    } else {
        format!("{}{name}", material.spec.callback.returns)
    };
    (name.to_owned(), Some(declaration))
}

/// How much the helper is asked to walk.
fn size(material: &Material<'_, '_>) -> Result<String, Refusal> {
    let total = &material.walk.total;
    let Some(counter) = total.counter else {
        return match total.position {
            Some(position) => Ok(position.text().to_owned()),
            None => Err(Refusal::new(
                RefusalCode::NotUnderstood,
                total.condition.span(),
                "how far the walk goes is not to be seen here",
            )),
        };
    };
    let name = material.scopes.declaration(counter.id).name;
    let text = match counter.bound {
        None => name.to_owned(),
        Some(bound) if starts_at_zero(material, counter.id) => bound.text().to_owned(),
        Some(bound) => format!("{} - {name}", bound.text()),
    };
    if total.position.is_none() && !is_clamped(material, counter.bound, counter.id) {
        return Err(Refusal::new(
            RefusalCode::NotUnderstood,
            total.condition.span(),
            format!(
                "`{text}` may be more than there is, which the code takes for a failure and the helper does not"
            ),
        ));
    }
    Ok(text)
}

fn starts_at_zero(material: &Material<'_, '_>, id: crate::syntax::scope::DeclId) -> bool {
    let outer = material.walk.site.outer;
    let body = material.walk.site.function.child(Field::Body).unwrap_or(outer);
    let declaration = material.scopes.declaration(id);
    let written_before = accesses(body, material.scopes).iter().any(|a| {
        a.decl == id
            && a.node != declaration.ident
            && a.node.span().start < outer.span().start
            && (a.may_define() || a.takes_address())
    });
    declaration.initializer.is_some_and(is_zero) && !written_before
}

/// Whether the bound was limited to what the iterator has: `if (bound > rest) bound = rest;`, or set to it.
fn is_clamped(
    material: &Material<'_, '_>,
    bound: Option<Node<'_>>,
    counter: crate::syntax::scope::DeclId,
) -> bool {
    let id = match bound {
        Some(bound) => material.scopes.resolve(bound),
        None => Some(counter),
    };
    let Some(id) = id else { return false };
    let walk = material.walk;
    let is_rest = |n: Node<'_>| {
        let Some(position) = &material.spec.position else { return false };
        crate::walk::matching::matches(position, n)
            .is_some_and(|b| b.get("iter").is_some_and(|iter| same_text(iter, walk.site.iter)))
    };
    let declaration = material.scopes.declaration(id);
    if declaration.initializer.is_some_and(is_rest) {
        return true;
    }
    let before = walk.site.function.descendants().filter(|n| n.span().end <= walk.site.outer.span().start);
    before.filter(|n| n.is(Kind::AssignmentExpression) && n.operator() == Some("=")).any(|n| {
        n.child(Field::Left).and_then(|l| material.scopes.resolve(l)) == Some(id)
            && n.child(Field::Right).is_some_and(is_rest)
    })
}
