//! The callback's text.
//!
//! In: a walk, its captures, names, endings and the moved code's new spelling. Out: the context struct and the
//! function, laid out, to stand above the function that the code comes from.

use super::captures::{Captures, Passing};
use super::dead::without_unread;
use super::declared::{self, Declared};
use super::first_values::with_first_values;
use super::names::Names;
use super::respell::{Reach, Respelled};
use super::tail::Tail;
use super::ways_out::{Drop, Ending, Value};
use crate::plan::columns::{TAB, WIDTH, column_of, indent, indentation, shift};
use crate::plan::moved::moved;
use crate::plan::negation::negated;
use crate::plan::superfluous::trailing_comment;
use crate::plan::wrapping::{parenthesised, relayout_beside};
use crate::source::{SourceFile, Span};
use crate::syntax::scope::{DeclId, Scopes};
use crate::syntax::types::WrittenType;
use crate::syntax::{Field, Kind, Node, parse};
use crate::walk::eval::unwrapped;
use crate::walk::exits::known;
use crate::walk::output::{Piece, Spelling, Stage};
use crate::walk::state::State;
use crate::walk::sym::Sign;
use crate::walk::{Refusal, RefusalCode, Walk, WalkSpec};

/// Everything that the callback is made from.
pub struct Material<'a, 't> {
    /// The rule.
    pub spec: &'a WalkSpec,
    /// The walk.
    pub walk: &'a Walk<'t>,
    /// The function's names.
    pub scopes: &'a Scopes<'t>,
    /// What it needs.
    pub captures: &'a Captures,
    /// What things are called.
    pub names: &'a Names,
    /// How it ends early.
    pub endings: &'a [Ending<'t>],
    /// How captures are reached.
    pub reach: Reach,
    /// The rule's words.
    pub words: Words,
}

/// What the rule writes in a callback.
#[derive(Clone, Debug)]
pub struct Words {
    /// The statement that drops the reference.
    pub release: String,
    /// What is returned to stop in front of the piece without an error.
    pub halt: String,
    /// The type of the offset.
    pub offset_type: String,
    /// The type of the length.
    pub size_type: String,
}

/// A piece of the body, at its place in the new function.
struct Chunk<'t> {
    node: Option<Node<'t>>,
    text: String,
    blank_before: bool,
    trailing: bool,
}

/// The context struct and the callback.
pub fn callback(material: &Material<'_, '_>, respelled: &Respelled<'_, '_>) -> Result<String, Refusal> {
    let mut text = context(material);
    let function = without_unread(material.spec, function(material, respelled)?);
    let function = with_first_values(function);
    text.push_str(&relayout_beside(&function, material.walk.site.function.text()));
    Ok(text)
}

/// The declaration of a captured variable as it reaches the callback.
pub fn declared(ty: &WrittenType, passing: Passing, name: &str) -> String {
    let ty = ty.spelled_out();
    match passing {
        Passing::Value | Passing::Field | Passing::Moved => ty.without_const().declare(name),
        Passing::Address => ty.pointer_to(name),
        Passing::Array => ty.decayed().declare(name),
    }
}

fn context(material: &Material<'_, '_>) -> String {
    if material.captures.passed.is_empty() || material.reach == Reach::Direct {
        return String::new();
    }
    let mut out = format!("struct {} {{\n", material.names.context);
    for capture in &material.captures.passed {
        let declaration = material.scopes.declaration(capture.id);
        let field = declared(&declaration.ty, capture.passing, declaration.name);
        let comment = trailing_comment(declaration.declaration).filter(|_| capture.passing == Passing::Field);
        let comment = comment.map(|c| format!(" {}", c.text()));
        let comment = comment.filter(|c| TAB + field.len() + c.len() < WIDTH).unwrap_or_default();
        out.push_str(&format!("\t{field};{comment}\n"));
    }
    out.push_str("};\n\n");
    out
}

fn function(material: &Material<'_, '_>, respelled: &Respelled<'_, '_>) -> Result<String, Refusal> {
    let names = material.names;
    let prototype = &material.spec.callback;
    let parts = [
        prototype.element.replace('@', &names.element),
        format!("{}{}", prototype.offset.0, names.offset),
        format!("{}{}", prototype.size.0, names.size),
        format!("{}{}", prototype.data.0, names.data),
    ];
    let head = format!("static {}{}", prototype.returns, names.callback);
    let mut out = parenthesised(&head, &parts, "", 0);
    out.push_str("\n{\n");
    let (body_declarations, mut statements) = body(material, respelled)?;
    let asks = material.walk.body.pieces.iter().any(|(p, _)| matches!(p, Piece::GoesOn(_)));
    let last = statements.last().and_then(|c| c.node).filter(|_| !asks);
    let tail = Tail::of(material, last);
    if tail != Tail::Plain {
        statements.pop();
    }
    let control = ControlLocal::of(material, &statements, tail);
    let mut declarations = data_declaration(material);
    declarations.extend(own_locals(material, control.as_ref()));
    declarations.extend(body_declarations.into_iter().map(|c| c.text));
    declarations.extend(end_declaration(material));
    declarations.extend(control.as_ref().map(ControlLocal::declaration));
    for declaration in &declarations {
        out.push_str(declaration);
        out.push('\n');
    }
    if !declarations.is_empty() {
        out.push('\n');
    }
    for (i, chunk) in statements.iter().enumerate() {
        if chunk.trailing {
            // A comment that stood behind a statement.
            out.truncate(out.trim_end_matches('\n').len());
            out.push_str(&format!(" {}\n", chunk.text.trim_start()));
            continue;
        }
        if chunk.blank_before && i > 0 {
            out.push('\n');
        }
        out.push_str(&chunk.text);
        out.push('\n');
    }
    let ending = ending(material, respelled, control.as_ref(), tail)?;
    let returned = returned_unless_zero(&out).filter(|_| ending == "\treturn 0;\n");
    match returned.map(|(at, name)| (at, name.to_owned())) {
        Some((at, name)) => {
            out.truncate(at);
            out.push_str(&format!("\treturn {name};\n"));
        }
        None => out.push_str(&ending),
    }
    out.push_str("}\n\n");
    Ok(out)
}

/// `if (name) return name;` at the end of a text, and where it begins; with `return 0;` behind it, it is `return name;`.
fn returned_unless_zero(text: &str) -> Option<(usize, &str)> {
    let (test, name) = text.strip_suffix(";\n")?.rsplit_once(")\n\t\treturn ")?;
    let before = test.strip_suffix(name)?.strip_suffix("\tif (")?;
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (plain && before.ends_with('\n')).then_some((before.len(), name))
}

/// `struct context *ctx = data;`
fn data_declaration(material: &Material<'_, '_>) -> Vec<String> {
    let names = material.names;
    match (material.captures.passed.as_slice(), material.reach) {
        ([], _) => Vec::new(),
        ([capture], Reach::Direct) => {
            let declaration = material.scopes.declaration(capture.id);
            let passing = match capture.passing {
                Passing::Value if declaration.ty.is_pointer() => Passing::Value,
                Passing::Array => Passing::Array,
                _ => Passing::Address,
            };
            vec![format!("\t{} = {};", declared(&declaration.ty, passing, declaration.name), names.data)]
        }
        _ => vec![format!("\tstruct {} *{} = {};", names.context, names.variable, names.data)],
    }
}

/// Variables of the function that only the callback uses now.
fn own_locals(material: &Material<'_, '_>, control: Option<&ControlLocal>) -> Vec<String> {
    let own = material.captures.own.iter().filter(|id| Some(**id) != control.map(|c| c.id));
    let constants = material.captures.constants.iter().map(|id| {
        let declaration = material.scopes.declaration(*id);
        let value = declaration.initializer.map_or("0", |i| i.text());
        format!("\t{} = {value};", declaration.ty.spelled_out().declare(declaration.name))
    });
    let own = own.filter(|id| material.walk.control.map(|c| c.id) != Some(**id)).map(|id| {
        let declaration = material.scopes.declaration(*id);
        let value = declaration.initializer.map_or("0", |i| i.text());
        let value = if from_zero(material, *id) { format!(" = {value}") } else { String::new() };
        format!("\t{}{value};", declaration.ty.without_const().spelled_out().declare(declaration.name))
    });
    constants.chain(own).collect()
}

/// The variable that has the end of the piece, where several places name it.
fn end_declaration(material: &Material<'_, '_>) -> Option<String> {
    let names = material.names;
    let end = material.scopes.declaration(names.end?);
    let declared = end.ty.without_const().spelled_out().declare(end.name);
    Some(format!("\t{declared} = {} + {};", names.offset, names.size))
}

/// Whether the callback looks at a variable that is zero when a turn starts before it sets it.
fn from_zero(material: &Material<'_, '_>, id: DeclId) -> bool {
    let (walk, scopes) = (material.walk, material.scopes);
    walk.carried.starts_from_zero(id) && !super::captures::written_first(walk, scopes, id)
}

/// The control variable as a local of the callback.
struct ControlLocal {
    id: DeclId,
    name: String,
    initialised: bool,
    declared: String,
}

impl ControlLocal {
    fn of(material: &Material<'_, '_>, statements: &[Chunk<'_>], tail: Tail) -> Option<Self> {
        let walk = material.walk;
        let control = walk.control?;
        let name = material.scopes.declaration(control.id).name.to_owned();
        if !name_it(statements, &name) && !walk.ends_with_control && tail == Tail::Plain {
            return None;
        }
        let at_label = labels(material, tail) > 0;
        let goes_on = material.endings.iter().any(|e| e.drop == Drop::AtLabel && e.value == Value::GoOn);
        let initialised = from_zero(material, control.id)
            || at_label && (!written_in_turn(material, control.id) || goes_on);
        let ty = material.scopes.declaration(control.id).ty.without_const();
        let declared = ty.spelled_out().declare(&name);
        Some(Self { id: control.id, name, initialised, declared })
    }

    fn declaration(&self) -> String {
        let value = if self.initialised { " = 0" } else { "" };
        format!("\t{}{value};", self.declared)
    }
}

/// Whether a complete turn sets the variable.
fn written_in_turn(material: &Material<'_, '_>, id: DeclId) -> bool {
    let endings: Vec<Span> =
        material.endings.iter().filter_map(|e| e.jump.parent()).map(|p| p.span()).collect();
    super::captures::kept_accesses(material.walk, material.scopes)
        .iter()
        .any(|a| a.decl == id && a.may_define() && !endings.iter().any(|e| e.contains(a.node.span())))
}

/// Whether statements name a variable that is declared around them; comments, and variables of their own of the same name, do
/// not count.
fn name_it(statements: &[Chunk<'_>], name: &str) -> bool {
    let text: Vec<&str> = statements.iter().map(|c| c.text.as_str()).collect();
    let text = format!("void around(void)\n{{\n\tint {name};\n{}\n}}\n", text.join("\n"));
    let tree = parse(&SourceFile::new("around.c", text));
    let Some(function) = tree.root().child_of(Kind::FunctionDefinition) else { return true };
    let scopes = Scopes::of(function);
    let declared = scopes.declarations().iter().find(|d| d.name == name);
    function.has_opaque() || declared.is_none_or(|d| !scopes.uses(d.id).is_empty())
}

/// What stands at the end: the label, the release, the return.
fn ending(
    material: &Material<'_, '_>,
    respelled: &Respelled<'_, '_>,
    control: Option<&ControlLocal>,
    tail: Tail,
) -> Result<String, Refusal> {
    let labels = labels(material, tail);
    let releases = material.walk.body.pieces.iter().any(|(p, _)| *p == Piece::Release);
    let mut out = String::new();
    let name = control.map(|c| c.name.as_str()).unwrap_or("0");
    let may_be_set = control.is_some_and(|c| {
        written_in_turn(material, c.id) && known(&end_state(material), c.id).0 != Sign::Zero
    });
    if labels > 0 && may_be_set && tail == Tail::Plain && !material.walk.ends_with_control {
        out.push_str(&format!("\t{name} = 0;\n"));
    }
    if labels > 0 {
        out.push_str(&format!("{}:\n", material.names.label));
    }
    if releases {
        out.push_str(&format!("\t{}\n", material.words.release));
    }
    if tail == Tail::Negative {
        out.push_str(&format!("\tif ({name} < 0)\n\t\treturn {name};\n"));
    }
    let returned = labels > 0 || material.walk.ends_with_control || matches!(tail, Tail::Control { .. });
    let value = if returned && tail != Tail::Negative { name } else { "0" };
    match super::rest::stops(material, respelled) {
        Some(_) if value != "0" => {
            let sentence = "the callback would have to stop here with an error and without one";
            let place = material.walk.total.condition.span();
            return Err(Refusal::new(RefusalCode::NotUnderstood, place, sentence));
        }
        Some(stops) => out.push_str(&format!("\treturn {stops};\n")),
        None => out.push_str(&format!("\treturn {value};\n")),
    }
    Ok(out)
}

/// How many ways out go to the label; the test at the end jumps no further.
fn labels(material: &Material<'_, '_>, tail: Tail) -> usize {
    let all = material.endings.iter().filter(|e| e.drop == Drop::AtLabel).count();
    all - usize::from(tail.is_label())
}

/// What is known at the end of a complete turn.
pub fn end_state<'t>(material: &Material<'_, 't>) -> State<'t> {
    material.walk.end.clone()
}

/// The body's declarations and statements.
fn body<'t>(
    material: &Material<'_, 't>,
    respelled: &Respelled<'_, '_>,
) -> Result<(Vec<Chunk<'t>>, Vec<Chunk<'t>>), Refusal> {
    let mut declarations = Vec::new();
    let mut statements: Vec<Chunk> = Vec::new();
    let source = material.walk.site.function.tree().source();
    let pieces = &material.walk.body.pieces;
    let mut before: Option<Node<'_>> = None;
    // The code that runs in front of the next piece.
    let mut passed: Vec<Node<'_>> = Vec::new();
    for (piece, stage) in pieces {
        let count = statements.len();
        let node = match piece {
            Piece::Statement(node)
            | Piece::Update(node)
            | Piece::Comment(node)
            | Piece::Guard(node)
            | Piece::OtherGuard(node) => Some(*node),
            Piece::Release | Piece::GoesOn(_) => None,
        };
        match piece {
            Piece::Release | Piece::GoesOn(_) => {}
            Piece::Guard(node) => {
                let end = node.child(Field::Consequence).map_or(node.span().end, |n| n.span().end);
                let span = Span { start: node.span().start, end };
                statements.push(chunk(source, respelled, span, ""));
            }
            Piece::OtherGuard(node) => statements.extend(other_guard(source, respelled, *node)),
            Piece::Comment(comment) => {
                if keeps_comment(material, *comment, *stage) {
                    statements.push(chunk(source, respelled, comment.span(), ""));
                }
            }
            Piece::Update(expression) => statements.push(chunk(source, respelled, expression.span(), ";")),
            Piece::Statement(node) if node.is(Kind::Declaration) => {
                let plain = |text| Chunk { node: None, text, blank_before: false, trailing: false };
                match declared::declared(material, respelled, *node, &passed)? {
                    Declared::Gone => {}
                    Declared::Whole => {
                        declarations.push(plain(chunk(source, respelled, node.span(), "").text));
                    }
                    Declared::Part(text) => declarations.push(plain(text)),
                    Declared::Late { declared, assigned } => {
                        declarations.push(plain(declared));
                        statements.extend(assigned.into_iter().map(plain));
                    }
                }
            }
            Piece::Statement(node) if node.is(Kind::LabeledStatement) => {
                statements.extend(labelled(source, respelled, *node));
            }
            Piece::Statement(node) => {
                let gone = material.walk.body.spellings.get(&node.span()) == Some(&Spelling::Gone);
                if !gone && !is_dead_store(material, *node) {
                    statements.push(chunk(source, respelled, node.span(), ""));
                }
            }
        }
        if statements.len() > count
            && let (Some(node), Some(last)) = (node, statements.last_mut())
        {
            passed.push(node);
            last.blank_before &= stood_together(before, node);
            last.node = Some(node);
            before = Some(node);
        }
    }
    Ok((declarations, statements))
}

fn chunk<'t>(source: &SourceFile, respelled: &Respelled<'_, '_>, span: Span, tail: &str) -> Chunk<'t> {
    let line = source.line_of(span);
    let before = source.slice(Span { start: line.start, end: span.start });
    let own_line = before.trim().is_empty();
    let above = source.slice(Span { start: 0, end: line.start });
    let blank_before = own_line && above.ends_with("\n\n");
    let text = respelled.text(span);
    let is_comment = tail.is_empty() && source.slice(span).starts_with('/');
    let text = if text.starts_with('#') {
        // A conditional region: directives stay in the first column, the code between them moves.
        let code =
            text.lines().find(|l| !l.starts_with('#') && !l.trim().is_empty()).map_or(TAB, indentation);
        shift(text.trim_end(), TAB as isize - code as isize)
    } else {
        let column = indentation(source.slice(line));
        format!("{}{}{tail}", indent(TAB), moved(&text, TAB as isize - column as isize))
    };
    Chunk { node: None, text, blank_before, trailing: is_comment && !own_line }
}

/// The `else` arm of an `if` under the opposite condition.
fn other_guard<'t>(source: &SourceFile, respelled: &Respelled<'_, '_>, node: Node<'t>) -> Option<Chunk<'t>> {
    let condition = node.child(Field::Condition).map(unwrapped)?;
    let arm = node.child(Field::Alternative)?.named_children().last()?;
    let mut out = chunk(source, respelled, node.span(), "");
    let gap = if arm.is(Kind::CompoundStatement) { " ".to_owned() } else { format!("\n{}", indent(2 * TAB)) };
    let column = if arm.is(Kind::CompoundStatement) { TAB } else { 2 * TAB };
    let by = column as isize - column_of(source, arm.span()) as isize;
    let text = moved(&respelled.text(arm.span()), by);
    let test = negated(condition, &|n| respelled.text(n.span()));
    out.text = format!("{}if ({test}){gap}{text}", indent(TAB));
    Some(out)
}

/// A label in the first column, and its statement.
fn labelled<'t>(source: &SourceFile, respelled: &Respelled<'_, '_>, node: Node<'t>) -> Option<Chunk<'t>> {
    let (label, statement) = (node.child(Field::Label)?, node.named_children().last()?);
    let mut out = chunk(source, respelled, statement.span(), "");
    out.text = format!("{}:\n{}", label.text(), out.text);
    Some(out)
}

/// Whether two pieces stood in one list of statements, with no declaration between them.
fn stood_together(before: Option<Node<'_>>, node: Node<'_>) -> bool {
    let Some(before) = before else { return false };
    let last = node.prev_sibling();
    before.parent() == node.parent() && last.is_some_and(|n| !n.is(Kind::Declaration))
}

/// A comment goes with what it stands by, if that goes and the comment is not in the body of the inner loop.
fn keeps_comment<'t>(material: &Material<'_, 't>, comment: Node<'t>, stage: Option<Stage>) -> bool {
    let source = comment.tree().source();
    let line = |at: u32| source.lines().line_column(at as usize).line;
    let gone = |n: Node<'_>| material.walk.body.gone.contains(&n.id());
    let stands_behind = comment
        .prev_sibling()
        .filter(|p| !p.is(Kind::Token) && line(p.span().end) == line(comment.span().start));
    if let Some(before) = stands_behind {
        return !gone(before);
    }
    let mut next = comment.next_sibling();
    while next.is_some_and(|n| n.is(Kind::Comment)) {
        next = next.and_then(|n| n.next_sibling());
    }
    let Some(next) = next.filter(|n| !n.is(Kind::Token)) else { return true };
    // What a blank line sets apart from the next statement is said about the ones before.
    let gap = source.slice(Span { start: comment.span().end, end: next.span().start });
    if stage == Some(Stage::Inner) && gap.matches('\n').count() > 1 {
        return true;
    }
    let releases = stage == Some(Stage::Behind) && Some(next) != material.walk.site.inner;
    !(gone(next) || Some(next) == material.walk.site.inner || releases && is_gone_loop(material, next))
}

fn is_gone_loop(material: &Material<'_, '_>, node: Node<'_>) -> bool {
    material.walk.body.spellings.get(&node.span()) == Some(&Spelling::Gone)
}

/// `control = 0;` before the control variable is set anyway.
fn is_dead_store(material: &Material<'_, '_>, node: Node<'_>) -> bool {
    let Some(control) = material.walk.control else { return false };
    let Some(assignment) = node.child_of(Kind::AssignmentExpression) else { return false };
    let target = assignment.child(Field::Left).and_then(|l| material.scopes.resolve(l));
    let literal = assignment.child(Field::Right).is_some_and(|r| r.is(Kind::NumberLiteral));
    let accesses = super::captures::kept_accesses(material.walk, material.scopes);
    let next = accesses.iter().find(|a| a.decl == control.id && a.node.span().start > node.span().end);
    assignment.operator() == Some("=")
        && target == Some(control.id)
        && literal
        && next.is_some_and(|a| a.defines())
}

#[cfg(test)]
mod tests {
    use crate::outline::testing::converted;
    use crate::walk::testing::changed;

    #[test]
    fn the_callback_has_the_rules_prototype_and_stands_above_the_functions_comment() {
        let commented =
            converted(&changed(&[("int each(", "/**\n * each - sees all parts\n */\nint each(")]));
        let (callback, comment) =
            (commented.find("static int each_part(").unwrap(), commented.find("/**").unwrap());
        assert!(callback < comment, "{commented}");
        assert!(commented.contains("*/\nint each(struct walked *iter"), "{commented}");
    }

    #[test]
    fn comments_and_conditional_regions_move_with_their_statements() {
        let body = "/* before it */\n#ifdef CONFIG_SEEN\n\t\t\tsee(object, parts[k], off, len);\n#endif\n\t\t\t/* behind it */\n\t\t\tlook(object);";
        let moved = converted(&changed(&[("see(object, parts[k], off, len);", body)]));
        assert!(moved.contains("\t/* before it */\n#ifdef CONFIG_SEEN\n\tsee(object, part, off, len);\n#endif\n\t/* behind it */\n\tlook(object);\n"), "{moved}");
    }

    #[test]
    fn a_local_of_the_body_keeps_its_type() {
        let own = converted(&changed(&[(
            "see(object,",
            "const struct place *at = find(object);\n\n\t\t\tsee(at,",
        )]));
        assert!(own.contains("\tconst struct place *at = find(object);\n"), "{own}");
    }
}
