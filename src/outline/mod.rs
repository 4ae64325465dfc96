//! From a walk to a conversion: the loop's body becomes a callback with a context, the loop becomes a call.
//!
//! In: a [`Walk`] and the names of its function and file. Out: a [`Conversion`]: edits of the original text,
//! or a [`Refusal`]. It does not clean up behind itself: what became superfluous is found by
//! [`crate::plan::superfluous`] once all edits of a file are made.
//!
//! Capability 16 (tests/README.md): where the callback stands.

pub mod audit;
mod call;
pub mod callback;
pub mod caller;
pub mod captures;
pub mod channels;
mod chunks;
mod dead;
mod declared;
mod edited;
mod evidence;
mod extent;
mod first_values;
pub mod hoist;
pub mod macros;
pub mod names;
pub mod plain;
pub mod respell;
mod rest;
pub mod tail;
#[cfg(test)]
mod testing;
pub mod ways_out;
mod width;

use crate::edit::TextEdit;
use crate::source::Span;
use crate::syntax::file_scope::FileScope;
use crate::syntax::scope::Scopes;
use crate::syntax::{Kind, Node};
use crate::walk::output::Spelling;
use crate::walk::{Proof, Refusal, Walk, WalkSpec};
use callback::{Material, Words};
use captures::Passing;
use respell::{Reach, Respelled};

/// The edits that turn one loop into a call.
#[derive(Clone, Debug)]
pub struct Conversion {
    /// Edits of the original text.
    pub edits: Vec<TextEdit>,
    /// The callback's name.
    pub callback: String,
    /// The context struct's tag, if there is one.
    pub context: Option<String>,
    /// Locals that it adds to the function.
    pub locals: Vec<Local>,
}

/// A local that a conversion adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// The name.
    pub name: String,
    /// Its declaration, if it has no value of its own, so that others can share it.
    pub declaration: Option<String>,
    /// The block that it is declared in.
    pub block: Span,
}

/// What other conversions of the same file have added.
#[derive(Clone, Copy, Debug, Default)]
pub struct Taken<'a> {
    /// Names of the file.
    pub names: &'a [String],
    /// Locals of the same function.
    pub locals: &'a [Local],
}

impl Taken<'_> {
    /// Whether the function has a local of that name now.
    fn has_local(&self, name: &str) -> bool {
        self.locals.iter().any(|local| local.name == name)
    }
}

/// Convert one walk. What is shown on the way goes into `proof`.
pub fn convert<'t>(
    spec: &WalkSpec,
    walk: &Walk<'t>,
    scopes: &Scopes<'t>,
    file: &FileScope<'t>,
    taken: Taken<'_>,
    proof: &mut Proof,
) -> Result<Conversion, Refusal> {
    let function = file.functions.iter().find(|f| f.node == walk.site.function).map_or("walk", |f| f.name);
    macros::check(walk, scopes, file)?;
    let endings = ways_out::endings(spec, walk, scopes);
    let walk = &tidied(spec, walk, endings.as_deref().unwrap_or_default());
    evidence::scope(proof, walk);
    let captures = captures::captures(walk, scopes)?;
    evidence::captured(proof, walk, scopes, &captures);
    let endings = endings?;
    let dispatch = ways_out::dispatch(spec, walk, scopes, &endings)?;
    evidence::dispatched(proof, walk, &dispatch, &endings);
    let reach = reach(&captures, scopes);
    let names = names::names(spec, walk, scopes, file, &captures, function, taken);
    macros::check_captured(walk, scopes, file, &captures, &names)?;
    let words = Words { spec, release: release(spec, &names.element) };
    let respelled = Respelled::new(walk, scopes, &captures, &names, &endings, reach, words.clone())?;
    let material = Material {
        spec,
        walk,
        scopes,
        captures: &captures,
        names: &names,
        endings: &endings,
        reach,
        words,
        taken,
    };
    let text = callback::callback(&material, &respelled)?;
    let (mut edits, locals) = caller::caller(&material, &dispatch)?;
    let context = &material.names.variable;
    audit::Original { scopes, file, outer: walk.site.outer, context }.audit(&text, &edits)?;
    edits.push(TextEdit::new(Span::at(place(walk.site.function, file)), text));
    let context = (reach == Reach::Context && !captures.passed.is_empty()).then(|| names.context.clone());
    Ok(Conversion { edits, callback: names.callback, context, locals })
}

/// The walk without what the failure arm does behind the call, and with each release in one place.
fn tidied<'t>(spec: &WalkSpec, walk: &Walk<'t>, endings: &[ways_out::Ending<'t>]) -> Walk<'t> {
    let mut walk = walk.clone();
    for statement in endings.iter().flat_map(|e| &e.done_there) {
        walk.body.gone.insert(statement.id());
        walk.body.spellings.insert(statement.span(), Spelling::Gone);
    }
    hoist::releases(spec, &mut walk);
    walk
}

/// A lone variable is passed itself, unless that would lose a `const`.
fn reach(captures: &captures::Captures, scopes: &Scopes<'_>) -> Reach {
    let [capture] = captures.passed.as_slice() else { return Reach::Context };
    let ty = &scopes.declaration(capture.id).ty;
    let text = match capture.passing {
        Passing::Value | Passing::Array => ty.decayed().declare(""),
        _ => ty.declare(""),
    };
    let loses =
        text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|w| w == "const" || w == "volatile");
    if loses { Reach::Context } else { Reach::Direct }
}

/// The rule's release of an element.
fn release(spec: &WalkSpec, element: &str) -> String {
    let Some(pattern) = spec.release.first() else { return String::new() };
    let Some(call) = pattern.single() else { return String::new() };
    let name = crate::walk::site::callee(call).unwrap_or_default();
    format!("{name}({element});")
}

/// Above the function's own comment; also above one that a blank line sets apart from it.
fn place(function: Node<'_>, file: &FileScope<'_>) -> usize {
    let known = file.functions.iter().find(|f| f.node == function);
    let start = known.map_or(function.span().start, |f| f.start()) as usize;
    if start as u32 != function.span().start {
        return start;
    }
    let source = function.tree().source();
    let mut place = start;
    let mut at = function;
    while let Some(before) = at.prev_sibling().filter(|n| n.is(Kind::Comment)) {
        let gap = source.slice(Span { start: before.span().end, end: at.span().start });
        let allowed = if at == function { 2 } else { 1 };
        if gap.matches('\n').count() > allowed {
            break;
        }
        place = before.span().start as usize;
        at = before;
    }
    place
}
