//! The callback's text.
//!
//! In: a walk, its captures, names, endings and the moved code's new spelling. Out: the context struct and
//! the function, laid out, to stand above the function that the code comes from.
//!
//! Capabilities (tests/README.md): 7, types of fields and parameters; 17, comments and blank lines; 20,
//! attributes and the exact prototype.

use super::Taken;
use super::captures::{Captures, Passing};
use super::chunks::{Chunk, body};
use super::dead::without_unread;
use super::first_values::with_first_values;
use super::names::Names;
use super::respell::{Reach, Respelled};
use super::tail::Tail;
use super::ways_out::{Drop, Ending, Value};
use crate::plan::columns::{TAB, WIDTH};
use crate::plan::superfluous::trailing_comment;
use crate::plan::wrapping::{parenthesised, relayout_beside};
use crate::source::{SourceFile, Span};
use crate::syntax::scope::{DeclId, Scopes};
use crate::syntax::types::WrittenType;
use crate::syntax::{Kind, parse};
use crate::walk::exits::known;
use crate::walk::output::Piece;
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
    pub words: Words<'a>,
    /// What other conversions have added.
    pub taken: Taken<'a>,
}

/// What the rule writes in a callback.
#[derive(Clone, Debug)]
pub struct Words<'a> {
    /// The rule.
    pub spec: &'a WalkSpec,
    /// The statement that drops the reference.
    pub release: String,
}

impl Words<'_> {
    /// What is returned to stop in front of the piece without an error.
    pub fn halt(&self) -> &str {
        self.spec.halt.as_deref().unwrap_or_default()
    }
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
