//! What stands in the function instead of the loop.
//!
//! In: a walk, its captures and names. Out: edits of the function: the call with what follows it, the
//! context's declaration, the result's, and new spellings of captured variables behind the call.

use super::Local;
use super::callback::Material;
use super::captures::{Capture, Passing};
use super::extent::{Extent, extent};
use super::respell::Reach;
use super::ways_out::{Dispatch, arms_variable};
use crate::edit::TextEdit;
use crate::flow::access::{Access, accesses};
use crate::plan::columns::{TAB, column_of, indent, shift};
use crate::plan::superfluous::{whole_lines, with_blank_line};
use crate::source::Span;
use crate::syntax::{Field, Kind, Node};
use crate::walk::eval::{number, unwrapped};
use crate::walk::expressions::is_pure;
use crate::walk::{Refusal, RefusalCode};

/// The edits of the function around the loop.
pub fn caller(
    material: &Material<'_, '_>,
    dispatch: &Dispatch<'_>,
) -> Result<(Vec<TextEdit>, Vec<Local>), Refusal> {
    let caller = Caller::new(material, dispatch)?;
    caller.check_behind()?;
    let mut edits = vec![TextEdit::new(material.walk.site.outer.span(), caller.call(dispatch)?)];
    edits.extend(caller.declarations());
    edits.extend(caller.renames());
    edits.extend(outside(material));
    Ok((edits, caller.locals()))
}

/// The array's memory is not asked for any more, and the limit of a batch is not computed. Statements that stood
/// together go as one paragraph.
fn outside(material: &Material<'_, '_>) -> Vec<TextEdit> {
    let site = &material.walk.site;
    let source = site.function.tree().source();
    let gone = site.outside.iter().copied().chain(limits(material));
    let mut lines: Vec<Span> = gone.map(|n| whole_lines(source, n.span())).collect();
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

/// Assignments to a variable that only limited the batches.
fn limits<'t>(material: &Material<'_, 't>) -> Vec<Node<'t>> {
    let (site, scopes) = (&material.walk.site, material.scopes);
    let limits = [Some(site.bytes), site.slots].into_iter().flatten();
    let Some(id) = limits.filter_map(|n| scopes.resolve(unwrapped(n))).find(|id| {
        !material.captures.passed.iter().any(|c| c.id == *id)
            && material.walk.total.counter.is_none_or(|c| c.id != *id)
    }) else {
        return Vec::new();
    };
    let assignment = |used: &Node<'t>| {
        let assigned = used.ancestors().find(|a| a.is(Kind::AssignmentExpression))?;
        let target = assigned.child(Field::Left).and_then(|l| scopes.resolve(l));
        let pure = assigned.child(Field::Right).is_some_and(|r| is_pure(&material.spec.pure, r));
        let statement = assigned.parent().filter(|p| p.is(Kind::ExpressionStatement))?;
        let listed = statement.parent().is_some_and(|p| p.is(Kind::CompoundStatement));
        (target == Some(id) && pure && listed).then_some(statement)
    };
    let outside: Vec<Node<'t>> =
        scopes.uses(id).iter().copied().filter(|u| !site.outer.encloses(*u)).collect();
    let mut gone: Vec<Node<'t>> = Vec::new();
    for used in &outside {
        match assignment(used) {
            Some(statement) if !gone.contains(&statement) => gone.push(statement),
            Some(_) => {}
            None => return Vec::new(),
        }
    }
    gone
}

/// The function around the loop, and what its new parts are made from.
pub(super) struct Caller<'a, 'b, 't> {
    pub(super) material: &'a Material<'b, 't>,
    /// The block in which the context is declared.
    block: Node<'t>,
    /// What gets the result, and its declaration if it is new.
    pub(super) result: Option<(String, Option<String>)>,
    /// How much is walked.
    pub(super) extent: Extent,
    pub(super) column: usize,
    accesses: Vec<Access<'t>>,
}

impl<'a, 'b, 't> Caller<'a, 'b, 't> {
    fn new(material: &'a Material<'b, 't>, dispatch: &Dispatch<'_>) -> Result<Self, Refusal> {
        let site = &material.walk.site;
        let body = site.function.child(Field::Body).unwrap_or(site.function);
        let source = site.function.tree().source();
        let column = column_of(source, site.outer.span());
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
            (None, Dispatch::FailureArm(_)) => Some(match arms_variable(material.walk, material.scopes) {
                Some((_, id)) => (material.scopes.declaration(id).name.to_owned(), None),
                None => own_result(material),
            }),
            (None, _) => Some(own_result(material)),
        };
        let result =
            result.map(|(name, declaration)| (name, declaration.filter(|d| !is_shared(material, block, d))));
        let extent = extent(material, dispatch)?;
        Ok(Self { material, block, result, extent, column, accesses: accesses(body, material.scopes) })
    }

    /// The locals that are added to the function.
    fn locals(&self) -> Vec<Local> {
        let block = self.block.span();
        let declared =
            self.result.as_ref().and_then(|(name, declaration)| Some((name, declaration.clone()?)));
        // Under a condition it is declared in a block of its own.
        let result = declared.filter(|_| self.guard().is_none()).map(|(name, d)| Local {
            name: name.clone(),
            declaration: Some(d),
            block,
        });
        let context = self.context_captures().next().map(|_| Local {
            name: self.material.names.variable.clone(),
            declaration: None,
            block,
        });
        let size = self.extent.shortage.as_ref().map(|s| Local {
            name: s.variable.clone(),
            declaration: None,
            block,
        });
        result.into_iter().chain(context).chain(size).collect()
    }

    pub(super) fn arguments(&self) -> Vec<String> {
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
            "size" => self.extent.size.clone(),
            "f" => material.names.callback.clone(),
            "data" => data.clone(),
            other => other.to_owned(),
        };
        let helper = &material.spec.helper;
        let arguments = helper.single().and_then(|call| call.child(Field::Arguments));
        arguments.map(|a| a.named_children().map(|n| given(helper.text_of(n))).collect()).unwrap_or_default()
    }

    pub(super) fn context_captures(&self) -> impl Iterator<Item = &'a Capture> {
        let context = self.material.reach == Reach::Context;
        self.material.captures.passed.iter().filter(move |_| context)
    }

    /// Whether the variable has the value of the loop's start already where the context is declared.
    pub(super) fn is_stable(&self, capture: Capture) -> bool {
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

    pub(super) fn in_a_loop(&self) -> bool {
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

    /// The number that a local has when the loop is come to, if it has no other in front of it.
    pub(super) fn first_value(&self, variable: Node<'t>) -> Option<i64> {
        let declaration = self.material.scopes.declaration(self.material.scopes.resolve(variable)?);
        let outer = self.material.walk.site.outer;
        let changed = |a: &Access<'_>| {
            let in_front = a.node.span().start < outer.span().start && a.node != declaration.ident;
            a.decl == declaration.id && (a.may_define() || a.takes_address()) && in_front
        };
        let fresh = !self.in_a_loop() && !self.accesses.iter().any(changed);
        declaration.initializer.filter(|_| fresh).and_then(|init| number(init.text()))
    }

    /// Whether a written capture lives in the context alone: nothing in front of the loop looks at it.
    pub(super) fn is_moved(&self, capture: Capture) -> bool {
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
    pub(super) fn copied_out(&self) -> impl Iterator<Item = &'a Capture> {
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
        if self.guard().is_none() {
            lines.extend(self.own_declarations());
        }
        if !self.material.captures.passed.is_empty() && self.material.reach == Reach::Context {
            lines.push(self.context_declaration(base));
        }
        if lines.is_empty() {
            return Vec::new();
        }
        match self.last_declaration() {
            Some(last) => {
                let line = source.line_of(Span::at(last.span().end as usize));
                let text: String = lines.iter().map(|l| format!("{}{l}\n", indent(base))).collect();
                vec![TextEdit::new(Span::at(line.end as usize), text)]
            }
            None => {
                let line = source.line_of(self.block.span());
                let text: String = lines.iter().map(|l| format!("{}{l}\n", indent(base))).collect();
                vec![TextEdit::new(Span::at(line.end as usize), format!("{text}\n"))]
            }
        }
    }

    fn declaration_column(&self) -> usize {
        let source = self.material.walk.site.function.tree().source();
        column_of(source, self.block.span()) + TAB
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
        let old = column_of(source, init.span());
        shift(init.text(), column as isize - old as isize)
    }

    /// What the context holds can be looked at in its own block only.
    fn check_behind(&self) -> Result<(), Refusal> {
        let end = self.material.walk.site.outer.span().end;
        let renamed = self.context_captures().filter(|c| self.behind_name(c.id).is_some());
        let mut uses = renamed.flat_map(|c| self.material.scopes.uses(c.id).iter());
        match uses.find(|u| u.span().start >= end && !self.block.encloses(**u)) {
            Some(used) => {
                let sentence = format!(
                    "`{}` is looked at here, behind the block that the context would be declared in",
                    used.text()
                );
                Err(Refusal::new(RefusalCode::NotUnderstood, used.span(), sentence))
            }
            None => Ok(()),
        }
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

/// Whether another conversion has declared the same where this one can see it.
fn is_shared(material: &Material<'_, '_>, block: Node<'_>, declaration: &str) -> bool {
    let same = |local: &Local| {
        local.declaration.as_deref() == Some(declaration) && local.block.contains(block.span())
    };
    material.taken.locals.iter().any(same)
}

pub(super) fn is_zero(node: Node<'_>) -> bool {
    matches!(node.kind(), Kind::Null | Kind::False) || number(node.text()) == Some(0)
}

/// A variable for the result: the one that had the acquisition's, if it outlives the loop, or a new one.
fn own_result(material: &Material<'_, '_>) -> (String, Option<String>) {
    let got = material.scopes.declaration(material.walk.site.got);
    let names = ["ret", "err", "rc", "error", "result"];
    // A message that prints the error expects the old type.
    let arm = material.walk.failure.arm.arm;
    let printed = arm.descendants().filter(|n| n.is(Kind::CallExpression)).any(|call| {
        call.descendants().any(|n| material.scopes.resolve(n) == Some(got.id))
            && call.descendants().any(|n| matches!(n.kind(), Kind::StringLiteral | Kind::ConcatenatedString))
    });
    let outlives = !material.walk.site.outer.encloses(got.ident);
    if outlives && (printed || names.contains(&got.name)) {
        return (got.name.to_owned(), None);
    }
    let declared = |name: &str| match printed {
        true => got.ty.without_const().declare(name),
        false => format!("{}{name}", material.spec.callback.returns),
    };
    // One that another conversion has added may be shared, if it is declared alike.
    let differs = |local: &Local, name: &str| local.declaration.as_ref() != Some(&declared(name));
    let taken = |name: &str| material.taken.locals.iter().any(|l| l.name == name && differs(l, name));
    let name = names.into_iter().find(|n| !material.scopes.mentions(n) && !taken(n)).unwrap_or("walk_ret");
    let declaration = declared(name);
    (name.to_owned(), Some(declaration))
}
