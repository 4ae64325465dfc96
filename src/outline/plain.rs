//! From a plain walk to a conversion.
//!
//! In: a [`PlainWalk`] and the names of its file. Out: a [`Conversion`], or the refusal of what stands
//! against moving the body. [`crate::plan::outlining`] makes the function; here is what the rule says of it.

use super::Conversion;
use crate::edit::TextEdit;
use crate::plan::columns::{column_of, indent};
use crate::plan::outlining::{Asked, Instead, Late, NotOutlined, Obstacle, Outcome, Outlined, outline};
use crate::plan::superfluous::{braces, whole_lines, with_blank_line};
use crate::plan::wrapping::parenthesised;
use crate::smpl::FreshPart;
use crate::smpl::outline::{FUNCTION, OutlineParameter, OutlineRequest};
use crate::smpl::token::replace_words;
use crate::source::Span;
use crate::syntax::file_scope::FileScope;
use crate::syntax::scope::Scopes;
use crate::syntax::{Field, Kind, Node};
use crate::walk::obligations::{Duty, Proof};
use crate::walk::plain::{PlainSpec, PlainWalk};
use crate::walk::{Refusal, RefusalCode};

/// Convert one plain walk. `taken` are names that other conversions of the same file have added.
pub fn convert_plain<'t>(
    spec: &PlainSpec,
    walk: &PlainWalk<'t>,
    scopes: &Scopes<'t>,
    file: &FileScope<'t>,
    taken: &[String],
    proof: &mut Proof,
) -> Result<Conversion, Refusal> {
    let (Some(first), Some(last)) = (walk.statements.first(), walk.statements.last()) else {
        return Err(refuse(RefusalCode::NotUnderstood, walk.looping, "the loop has no body"));
    };
    let tree = walk.looping.tree();
    let element = element_name(spec, walk, scopes);
    untyped(spec, walk)?;
    let skip = skip(walk, &element)?;
    let request = request(spec, &element);
    let spelled: Vec<(Span, String)> = walk.elements.iter().map(|s| (*s, element.clone())).collect();
    let mut removed = vec![replaced(walk)];
    removed.extend(walk.begin.map(|n| n.span()));
    let in_block = walk.looping.parent().is_some_and(|p| p.is(Kind::CompoundStatement));
    let instead = arguments(spec, walk, &[]).join(" ");
    let asked = Asked {
        request: &request,
        statements: first.span().cover(last.span()),
        fill_in: &|_| None,
        removed: &removed,
        spelled: &spelled,
        first: skip.as_deref(),
        late: if in_block { Late::Assigned } else { Late::ByAddress },
        taken,
        instead: Instead { code: &instead, result: Outcome::Judged, assigned: None },
    };
    let outlined = outline(asked, tree, file).map_err(refusal)?;
    prove(proof, walk, &outlined);
    let mut edits = outlined.edits.clone();
    edits.extend(call(spec, walk, &outlined));
    let mut names = outlined.names.into_iter().skip(1);
    Ok(Conversion { edits, callback: outlined.name, context: names.next(), locals: Vec::new() })
}

fn refuse(code: RefusalCode, node: Node<'_>, sentence: &str) -> Refusal {
    Refusal::new(code, node.span(), sentence)
}

fn refusal(why: NotOutlined) -> Refusal {
    let code = match why.why {
        Obstacle::Unread => RefusalCode::OpaqueCode,
        Obstacle::Macro => RefusalCode::MacroHidesJump,
        Obstacle::Jump => RefusalCode::ErrorChannels,
        Obstacle::Capture => RefusalCode::CaptureNotPossible,
        Obstacle::Behind => RefusalCode::ValueAfterLoop,
        Obstacle::Shape => RefusalCode::NotUnderstood,
    };
    Refusal::new(code, why.span, why.sentence)
}

fn request(spec: &PlainSpec, element: &str) -> OutlineRequest {
    let callback = &spec.callback;
    OutlineRequest {
        statements: String::new(),
        returns: format!("static {}", callback.returns),
        name: vec![
            FreshPart::Metavariable(FUNCTION.to_owned()),
            FreshPart::Text(format!("_{}", spec.suffix)),
        ],
        parameters: vec![
            OutlineParameter::Given(format!("{}{element}", callback.element.0), element.to_owned()),
            OutlineParameter::Data(callback.data.0.clone(), callback.data.1.clone()),
        ],
        go_on: Some("0".to_owned()),
        stop: spec.step.can_stop().then(|| "1".to_owned()),
        bare_return: None,
        gotos: Vec::new(),
        hands_on: false,
    }
}

/// The function's own name for the element, or the rule's.
fn element_name(spec: &PlainSpec, walk: &PlainWalk<'_>, scopes: &Scopes<'_>) -> String {
    if let Some(id) = walk.element {
        return scopes.declaration(id).name.to_owned();
    }
    let own = spec.callback.element.1.as_str();
    let free = [own, "item", "element"].into_iter().find(|n| !scopes.mentions(n));
    free.unwrap_or("walked").to_owned()
}

/// A parameter without a type of its own cannot be looked into.
fn untyped(spec: &PlainSpec, walk: &PlainWalk<'_>) -> Result<(), Refusal> {
    if spec.callback.element.0.split_whitespace().collect::<String>() != "void*" {
        return Ok(());
    }
    let tree = walk.looping.tree();
    let looked_into = |span: &&Span| {
        let parent = tree.covering(**span).parent();
        parent.is_some_and(|p| matches!(p.kind(), Kind::FieldExpression | Kind::PointerExpression))
    };
    match walk.elements.iter().find(looked_into) {
        Some(span) => Err(Refusal::new(
            RefusalCode::CaptureNotPossible,
            *span,
            "the element has a type here that the callback's parameter has not",
        )),
        None => Ok(()),
    }
}

/// The statement that leaves out elements which the loop would not have seen.
fn skip(walk: &PlainWalk<'_>, element: &str) -> Result<Option<String>, Refusal> {
    let Some(condition) = &walk.skips else { return Ok(None) };
    if let Some(declaration) = walk.statements.iter().find(|n| n.is(Kind::Declaration)) {
        let sentence =
            "the helper does not leave these elements out, and declarations come before a test could";
        return Err(refuse(RefusalCode::NotUnderstood, *declaration, sentence));
    }
    let condition = filled_in(walk, condition, &[("x", element)]);
    Ok(Some(format!("if ({condition})\n\treturn 0;")))
}

/// A text of the rule with what its metavariables stand for; a field is none.
fn filled_in(walk: &PlainWalk<'_>, text: &str, own: &[(&str, &str)]) -> String {
    replace_words(text, &|before, word| {
        let field = before.ends_with('.') || before.ends_with("->");
        let known = own.iter().find(|(name, _)| *name == word).map(|(_, text)| (*text).to_owned());
        known.or_else(|| walk.env.get(word).map(|b| b.text.to_string())).filter(|_| !field)
    })
}

/// The loop, with the statement behind it that ends the walk.
fn replaced(walk: &PlainWalk<'_>) -> Span {
    walk.end.map_or(walk.looping.span(), |end| walk.looping.span().cover(end.span()))
}

/// What the helper is called with.
fn arguments(spec: &PlainSpec, walk: &PlainWalk<'_>, own: &[(&str, &str)]) -> Vec<String> {
    spec.helper.1.iter().map(|a| filled_in(walk, a, own)).collect()
}

/// The edits of the function: the call, and the walk's beginning gone.
fn call(spec: &PlainSpec, walk: &PlainWalk<'_>, outlined: &Outlined) -> Vec<TextEdit> {
    let source = walk.looping.tree().source();
    let own = [("f", outlined.name.as_str()), ("data", outlined.argument.as_str())];
    let column = column_of(source, walk.looping.span());
    let mut text: String = outlined.assignments.iter().map(|a| format!("{a}\n{}", indent(column))).collect();
    text.push_str(&parenthesised(&spec.helper.0, &arguments(spec, walk, &own), ";", column));
    let mut span = replaced(walk);
    let mut edits = Vec::new();
    if let Some(begin) = walk.begin {
        let between = source.slice(Span { start: begin.span().end, end: span.start });
        if between.trim().is_empty() {
            span = begin.span().cover(span);
        } else {
            edits.push(TextEdit::new(with_blank_line(source, whole_lines(source, begin.span())), ""));
        }
    }
    let alone = |block: &Node<'_>| {
        let own = |n: &Node<'_>| n.is(Kind::Token) || span.contains(n.span());
        block.is(Kind::CompoundStatement) && block.children().all(|n| own(&n))
    };
    if let Some(block) = walk.looping.parent().filter(|b| outlined.assignments.is_empty() && alone(b))
        && block.parent().is_some_and(|p| takes_one_statement(p, block))
    {
        edits.extend(braces(source, block).map(|brace| TextEdit::new(brace, "")));
    }
    edits.push(TextEdit::new(span, text));
    edits
}

/// Whether a statement needs no braces around its body, and has no other arm that may have them.
fn takes_one_statement(around: Node<'_>, body: Node<'_>) -> bool {
    match around.kind() {
        Kind::IfStatement => {
            body.role() == Some(Field::Consequence) && around.child(Field::Alternative).is_none()
        }
        kind => kind.is_loop() && body.role() == Some(Field::Body) && kind != Kind::DoStatement,
    }
}

fn prove(proof: &mut Proof, walk: &PlainWalk<'_>, outlined: &Outlined) {
    let at = vec![outlined.statements];
    let captured = if outlined.captured.is_empty() {
        "it uses nothing of the function".to_owned()
    } else {
        outlined.captured.join(", ")
    };
    proof.shown(Duty::Captures, captured, at.clone());
    let all = walk.statements.iter().flat_map(|s| s.descendants().chain([*s]));
    let jumps = all
        .filter(|n| matches!(n.kind(), Kind::BreakStatement | Kind::ContinueStatement | Kind::GotoStatement));
    let spans: Vec<Span> = jumps.map(|n| n.span()).collect();
    let found = format!("{} jumps, none out of the walk but to end it", spans.len());
    proof.shown(Duty::WaysOut, found, if spans.is_empty() { at.clone() } else { spans });
    proof.shown(Duty::Scope, "no macro of the file jumps or names a local there", at);
}
