//! Statements that an ordinary rule turns into a function of their own.
//!
//! In: a rule's [`OutlineRequest`], a match, and the code that the rule takes out. Out: [`Outlined`]: the new function
//! and what hangs on it as edits of the original text, and the names that the rule's plus code uses. It refuses, with
//! the place, statements that would mean something else in another function. The statements' text moves as it is:
//! comments, line breaks and `#if` lines included.

mod captures;
pub mod fit;
mod lifetimes;
pub mod matches;
mod result;
mod text;
mod values;
mod ways_out;

use super::columns::{TAB, column_of, indent};
use crate::edit::TextEdit;
use crate::flow::cfg::CfgNode;
use crate::flow::facts::Facts;
use crate::flow::hazards::hazards;
use crate::flow::liveness::Liveness;
use crate::flow::region::{ExitKind, Region, RegionExit};
use crate::smpl::FreshPart;
use crate::smpl::outline::{FUNCTION, OutlineParameter, OutlineRequest};
use crate::smpl::token::replace_words;
use crate::source::{Span, squeezed};
use crate::syntax::file_scope::FileScope;
use crate::syntax::{DeclId, Field, Kind, Node, Tree};
use captures::{Capture, Passing};

/// A new function, and what the code around it needs.
#[derive(Clone, Debug)]
pub struct Outlined {
    /// Edits of the original text.
    pub edits: Vec<TextEdit>,
    /// The function that the statements come from.
    pub from: String,
    /// The new function.
    pub name: String,
    /// What has to be handed to it.
    pub argument: String,
    /// Names of file scope that are new.
    pub names: Vec<String>,
    /// Statements that have to stand in front of the call.
    pub assignments: Vec<String>,
    /// Variables that reach the new function, and how.
    pub captured: Vec<String>,
    /// The statements.
    pub statements: Span,
    /// Comments beside the statements that went with them.
    pub comments: Vec<Span>,
}

/// What kind of fact is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// It could not be read.
    Unread,
    /// A macro that jumps or names a local.
    Macro,
    /// A way out, or in, that the new function has no word for.
    Jump,
    /// A variable that cannot reach the new function.
    Capture,
    /// A variable that is looked at behind, and that nobody would set.
    Behind,
    /// The code is not what the request speaks about.
    Shape,
}

/// Why statements stay where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotOutlined {
    /// The kind of fact.
    pub why: Obstacle,
    /// Where it stands.
    pub span: Span,
    /// One sentence.
    pub sentence: String,
}

impl NotOutlined {
    fn new(why: Obstacle, span: Span, sentence: impl Into<String>) -> Self {
        Self { why, span, sentence: sentence.into() }
    }
}

/// What a rule asks for.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// How the new function shall look.
    pub request: &'a OutlineRequest,
    /// The statements, in the original text.
    pub statements: Span,
    /// What a word of the request stands for in this match.
    pub fill_in: &'a dyn Fn(&str) -> Option<String>,
    /// The code that the rule takes out.
    pub removed: &'a [Span],
    /// Parts of the statements that the rule spells otherwise.
    pub spelled: &'a [(Span, String)],
    /// A statement that comes before the others.
    pub first: Option<&'a str>,
    /// What becomes of a value that is only there when the call is reached.
    pub late: Late,
    /// Names that were given to others already.
    pub taken: &'a [String],
    /// What stands in the statements' place.
    pub instead: Instead<'a>,
}

/// What stands in the place of outlined statements.
#[derive(Clone, Copy, Debug)]
pub struct Instead<'a> {
    /// The code, with what metavariables stand for.
    pub code: &'a str,
    /// What it does with what the new function returns.
    pub result: Outcome,
    /// The variable that it puts that in: `err = part(…);`.
    pub assigned: Option<&'a str>,
}

/// What becomes of the value that a new function returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is returned as it is.
    Returned,
    /// It is told from others, or given to a function that does so.
    Judged,
    /// Nobody looks at it.
    Dropped,
}

/// How a value reaches the new function that is not there yet where the context is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// By its address: nothing can stand in front of the call.
    ByAddress,
    /// The caller puts [`Outlined::assignments`] in front of the call.
    Assigned,
}

/// The statements in their function, with the facts about it.
struct Scene<'a, 't> {
    asked: Asked<'a>,
    file: &'a FileScope<'t>,
    /// The function's name.
    function: &'t str,
    facts: Facts<'t>,
    liveness: Liveness,
    region: Region<'t>,
    statements: Vec<Node<'t>>,
    /// The block in which the call will stand.
    block: Node<'t>,
    /// Parameters that are variables of the function: the variable, and the parameter's declaration.
    given: Vec<(DeclId, String)>,
}

/// Outline the statements of a match.
pub fn outline<'t>(asked: Asked<'_>, tree: &'t Tree, file: &FileScope<'t>) -> Result<Outlined, NotOutlined> {
    let scene = Scene::of(asked, tree, file)?;
    scene.check()?;
    let captures = captures::captures(&scene)?;
    let names = Names::of(&scene, &captures);
    let text = text::function(&scene, &captures, &names)?;
    let place = file_place(&scene);
    let mut edits = vec![TextEdit::new(Span::at(place), text)];
    edits.extend(apart(&scene, place));
    edits.extend(context(&scene, &captures, &names));
    let with_context = names.uses_context(&scene, &captures);
    let argument = text::argument(&scene, &captures, &names);
    let captured = captures.iter().map(|c| format!("`{}` {}", c.name(&scene), c.passing.words())).collect();
    let late = captures.iter().filter(|c| with_context && c.passing == Passing::Late);
    let assign = |c: &Capture| format!("{}.{1} = {1};", names.variable, c.name(&scene));
    let assignments = late.map(assign).collect();
    let mut new = vec![names.function.clone()];
    new.extend(with_context.then_some(names.context));
    let statements = scene.statements[0].span().cover(scene.statements[scene.statements.len() - 1].span());
    let (from, name) = (scene.function.to_owned(), names.function);
    let comments = text::comments(&scene);
    Ok(Outlined { edits, from, name, argument, names: new, assignments, captured, statements, comments })
}

impl<'a, 't> Scene<'a, 't> {
    fn of(asked: Asked<'a>, tree: &'t Tree, file: &'a FileScope<'t>) -> Result<Self, NotOutlined> {
        let statements = statements(tree, asked.statements);
        let (Some(first), Some(known)) =
            (statements.first(), file.function_at(asked.statements.start as usize))
        else {
            return Err(NotOutlined::new(
                Obstacle::Shape,
                asked.statements,
                "these are no statements of a function",
            ));
        };
        let facts = Facts::of(known.node);
        let liveness = Liveness::of(&facts);
        let region = Region::of(&statements, &facts, &liveness);
        let replaced = asked.removed.iter().copied().fold(first.span(), Span::cover);
        let around = tree.covering(replaced);
        let block = std::iter::once(around)
            .chain(around.ancestors())
            .find(|n| n.is(Kind::CompoundStatement) && (!replaced.contains(n.span())));
        let block = block
            .ok_or_else(|| NotOutlined::new(Obstacle::Shape, replaced, "there is no block around this"))?;
        let mut scene = Self {
            asked,
            file,
            function: known.name,
            facts,
            liveness,
            region,
            statements,
            block,
            given: Vec::new(),
        };
        scene.given = scene.given()?;
        Ok(scene)
    }

    /// Which variables of the function become parameters.
    fn given(&self) -> Result<Vec<(DeclId, String)>, NotOutlined> {
        let mut out = Vec::new();
        for parameter in &self.asked.request.parameters {
            let OutlineParameter::Given(declaration, name) = parameter else { continue };
            let text = self.filled_in(declaration);
            let name = self.filled_in(name);
            let used = self.identifiers().find(|n| n.text() == name);
            let Some(id) = used.and_then(|n| self.facts.scopes.resolve(n)) else { continue };
            let known = self.facts.scopes.declaration(id);
            if self.region.declared.contains(&id) {
                return Err(NotOutlined::new(
                    Obstacle::Capture,
                    known.ident.span(),
                    format!("`{name}` is declared again here"),
                ));
            }
            if squeezed(&known.ty.without_const().declare(&name)) != squeezed(&text) {
                let declared = known.ty.declare(&name);
                let sentence = format!("the prototype has `{text}`, but this is declared as `{declared}`");
                return Err(NotOutlined::new(Obstacle::Capture, known.ident.span(), sentence));
            }
            out.push((id, text));
        }
        Ok(out)
    }

    /// Whether the rule takes out the code at the start of something: the braces of a block, the head of a loop.
    fn loses_start(&self, node: Node<'_>) -> bool {
        let start = node.span().start;
        self.asked.removed.iter().any(|s| s.start <= start && start < s.end)
    }

    /// The place that a way out is judged from: the jump, or the last statement.
    fn place_of(&self, exit: &RegionExit) -> Node<'t> {
        match exit.kind {
            ExitKind::Fallthrough => self.statements[self.statements.len() - 1],
            _ => self.facts.cfg.node(exit.from).syntax,
        }
    }

    /// What the prototype has in front of the name.
    fn returns(&self) -> String {
        self.filled_in(&self.asked.request.returns)
    }

    /// A part of the prototype with the match's bindings.
    fn filled_in(&self, text: &str) -> String {
        replace_words(text, &|before, word| {
            // A tag is no metavariable.
            let tag = ["struct", "union", "enum"].iter().any(|k| before.trim_end().ends_with(k));
            (self.asked.fill_in)(word).filter(|_| !tag)
        })
    }

    /// Every name in the statements that stays as it is.
    fn identifiers(&self) -> impl Iterator<Item = Node<'t>> {
        let spelled = self.asked.spelled;
        let all = self.statements.iter().flat_map(|s| s.descendants().chain([*s]));
        all.filter(move |n| n.is(Kind::Identifier) && !spelled.iter().any(|(s, _)| s.contains(n.span())))
    }

    /// Whether code can be outlined at all.
    fn check(&self) -> Result<(), NotOutlined> {
        for statement in &self.statements {
            if let Some(opaque) = statement.descendants().chain([*statement]).find(|n| n.kind().is_opaque()) {
                return Err(NotOutlined::new(Obstacle::Unread, opaque.span(), "this could not be read"));
            }
            if let Some(hazard) = hazards(*statement, &self.facts.scopes, self.file).first() {
                let sentence = fit::hazard(hazard, &self.facts.scopes);
                return Err(NotOutlined::new(Obstacle::Macro, hazard.node.span(), sentence));
            }
            let (function, scopes) = (self.facts.scopes.function(), &self.facts.scopes);
            if let Some((call, why)) = fit::tied_call(*statement, function, scopes, self.file) {
                return Err(NotOutlined::new(Obstacle::Capture, call.span(), why));
            }
        }
        if let Some((from, _)) = self.region.side_entries.first() {
            let span = self.facts.cfg.node(*from).syntax.span();
            return Err(NotOutlined::new(
                Obstacle::Jump,
                span,
                "a jump from outside leads between these statements",
            ));
        }
        let labels = self.facts.scopes.labels();
        let inside = labels.iter().find(|l| self.region.encloses(l.node));
        let body = self.facts.function;
        let taken = body.descendants().find(|n| crate::syntax::scope::label_address(*n).is_some());
        if let (Some(label), Some(_)) = (inside, taken) {
            return Err(NotOutlined::new(
                Obstacle::Jump,
                label.node.span(),
                "the address of a label is taken in this function",
            ));
        }
        if let Some((why, node, sentence)) = lifetimes::cut_short(self) {
            return Err(NotOutlined::new(why, node.span(), sentence));
        }
        result::check(self)?;
        self.given_ends_here()
    }

    /// A variable that becomes a parameter is set by nobody any more: nothing behind may look at it.
    fn given_ends_here(&self) -> Result<(), NotOutlined> {
        let gone = |n: Node<'_>| self.asked.removed.iter().any(|s| s.overlaps(n.span()));
        let replaced = self.asked.removed.iter().copied().fold(self.statements[0].span(), Span::cover);
        for (id, _) in &self.given {
            if !self.is_set_here(*id) {
                continue;
            }
            let cfg = &self.facts.cfg;
            let inside = |node: &CfgNode<'t>| {
                let evaluated = node.part.map_or_else(|| replaced.contains(node.syntax.span()), gone);
                self.region.contains(node.id) || evaluated
            };
            let leaves = cfg.nodes.iter().filter(|n| inside(n)).flat_map(|n| &n.successors);
            for edge in leaves {
                let to = cfg.node(edge.to);
                if !inside(to) && self.liveness.is_live_in(to.id, *id) {
                    let name = self.facts.scopes.declaration(*id).name;
                    let used =
                        self.facts.scopes.uses(*id).iter().find(|u| !gone(**u) && !self.region.encloses(**u));
                    let span = used.map_or(to.syntax.span(), |u| u.span());
                    return Err(NotOutlined::new(
                        Obstacle::Behind,
                        span,
                        format!("`{name}` is looked at here, and nobody would set it"),
                    ));
                }
            }
        }
        Ok(())
    }

    /// Whether the statements, or other code that the rule takes out, may set a variable.
    fn is_set_here(&self, id: DeclId) -> bool {
        self.region.written.contains(&id) || captures::written_by_removed(self, id).is_some()
    }

    fn column(&self, node: Node<'_>) -> usize {
        let source = node.tree().source();
        column_of(source, node.span())
    }
}

/// The statements that a span covers; what is in braces comes without them.
fn statements(tree: &Tree, span: Span) -> Vec<Node<'_>> {
    let node = tree.covering(span);
    if node.span() == span && node.is(Kind::CompoundStatement) {
        return node.children().filter(|n| !n.is(Kind::Token)).collect();
    }
    let is_unit = |n: &Node<'_>| n.span() == span && (n.kind().is_statement() || n.is(Kind::Declaration));
    let rows = || std::iter::once(node).chain(node.ancestors());
    if let Some(one) = rows().find(is_unit) {
        return vec![one];
    }
    let inside = |n: &Node<'_>| span.contains(n.span()) && !n.is(Kind::Token);
    rows()
        .map(|n| n.children().map(|c| behind_labels(c, span.start)).filter(inside).collect::<Vec<_>>())
        .find(|row| row.first().is_some_and(|n| n.span().start == span.start))
        .unwrap_or_default()
}

/// The statement at `start` that labels stand in front of, or the node as it is.
fn behind_labels(node: Node<'_>, start: u32) -> Node<'_> {
    let code = |n: &Node<'_>| !matches!(n.kind(), Kind::Token | Kind::Comment);
    let mut at = node;
    while at.is(Kind::LabeledStatement) && at.span().start < start && start < at.span().end {
        let Some(inner) = at.children().filter(code).last() else { break };
        at = inner;
    }
    at
}

/// Above the function's own comment.
fn file_place(scene: &Scene<'_, '_>) -> usize {
    let at = scene.facts.function.span().start as usize;
    scene.file.function_at(at).map_or(at, |f| f.start() as usize)
}

/// The empty line in front of the new code, if there is none.
fn apart(scene: &Scene<'_, '_>, place: usize) -> Option<TextEdit> {
    let before = &scene.facts.function.tree().source().text()[..place];
    let joined = before.ends_with('\n') && !before.ends_with("\n\n");
    joined.then(|| TextEdit::new(Span::new(place - 1, place), "\n\n"))
}

/// What the new things are called.
struct Names {
    function: String,
    context: String,
    /// The variable that holds the context, on both sides.
    variable: String,
    /// The parameter that leads to it.
    data: String,
}

impl Names {
    fn of(scene: &Scene<'_, '_>, captures: &[Capture]) -> Self {
        let free = |name: &str| scene.file.is_free(name) && !scene.asked.taken.iter().any(|t| t == name);
        let part = |part: &FreshPart| match part {
            FreshPart::Text(text) => scene.filled_in(text),
            FreshPart::Metavariable(name) if name == FUNCTION => scene.function.to_owned(),
            FreshPart::Metavariable(name) => scene.filled_in(name),
        };
        let wanted: String = scene.asked.request.name.iter().map(part).collect();
        let function = fit::numbered(&wanted, &free);
        let context = fit::numbered(&format!("{}_ctx", scene.function), &free);
        let used = |name: &str| scene.facts.scopes.declares(name) || fit::means_something(scene.file, name);
        let variable = ["ctx", "context"].into_iter().find(|n| !used(n)).unwrap_or("outline_ctx").to_owned();
        let own = scene.asked.request.parameters.iter().find_map(|p| match p {
            OutlineParameter::Data(_, name) => Some(name.as_str()),
            _ => None,
        });
        let moved: Vec<&str> = scene.identifiers().map(|n| n.text()).collect();
        let clashes = |name: &&str| !moved.contains(name) && !captures.iter().any(|c| c.name(scene) == *name);
        let data = own.into_iter().chain(["data", "arg", "opaque"]).find(clashes).unwrap_or("outline_data");
        Self { function, context, variable, data: data.to_owned() }
    }

    /// Whether captured variables go through a struct.
    fn uses_context(&self, scene: &Scene<'_, '_>, captures: &[Capture]) -> bool {
        let by_data = scene.asked.request.parameters.iter().any(|p| matches!(p, OutlineParameter::Data(..)));
        by_data
            && captures.iter().filter(|c| c.passing != Passing::Own).count() > 0
            && !captures::is_direct(scene, captures)
    }
}

/// The context's declaration in the function that is left.
fn context(scene: &Scene<'_, '_>, captures: &[Capture], names: &Names) -> Option<TextEdit> {
    if !names.uses_context(scene, captures) {
        return None;
    }
    let leading =
        scene.block.children().skip(1).take_while(|n| n.is(Kind::Declaration) || n.is(Kind::Comment));
    let last = leading.filter(|n| n.is(Kind::Declaration) && !scene.region.encloses(*n)).last();
    let base = scene.column(scene.block) + TAB;
    let (tabs, deeper) = (indent(base), indent(base + TAB));
    let mut fields = String::new();
    for capture in captures.iter().filter(|c| !matches!(c.passing, Passing::Own | Passing::Late)) {
        let name = capture.name(scene);
        let reference = if capture.passing == Passing::Address { "&" } else { "" };
        fields.push_str(&format!("\n{deeper}.{name} = {reference}{name},"));
    }
    let head = format!("{tabs}struct {} {}", names.context, names.variable);
    let text =
        if fields.is_empty() { format!("{head};\n") } else { format!("{head} = {{{fields}\n{tabs}}};\n") };
    // On a line of its own, so that what stands before can go.
    let source = scene.block.tree().source();
    let place = last.map_or(scene.block.span().start, |n| n.span().end.saturating_sub(1));
    let line = source.line_of(Span::at(place as usize));
    let text = if last.is_some() { text } else { format!("{text}\n") };
    Some(TextEdit::new(Span::at(line.end as usize), text))
}

/// The body of a function.
fn body<'t>(function: Node<'t>) -> Node<'t> {
    function.child(Field::Body).unwrap_or(function)
}

#[cfg(test)]
mod tests;
