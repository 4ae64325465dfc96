//! `outline` declarations: a statement list that becomes a function of its own.
//!
//! In: `outline NAME(LIST, ARGUMENT) = PROTOTYPE with WAYS;` among the metavariables of a rule. Out: two metavariables
//! for plus code, the new function's name and what is handed to it. Refuses a prototype that has no place for what the
//! statements need.

use super::cursor::Cursor;
use super::metavariable::{FreshPart, MetaKind, Metavariable};
use crate::source::Span;

/// How statements become a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutlineRequest {
    /// The statement list metavariable.
    pub statements: String,
    /// What the prototype has in front of the name.
    pub returns: String,
    /// The name's parts; [`FUNCTION`] stands for the function that the statements come from.
    pub name: Vec<FreshPart>,
    /// The parameters, in order.
    pub parameters: Vec<OutlineParameter>,
    /// What the new function returns where the statements end, or go on with the next turn of the loop around them.
    pub go_on: Option<String>,
    /// What it returns where they leave that loop.
    pub stop: Option<String>,
    /// What it returns for `return;`.
    pub bare_return: Option<String>,
    /// What it returns for `goto`: the label, or the metavariable that stands for it, and the value.
    pub gotos: Vec<(String, String)>,
    /// Whether the caller hands on what it returns, so that `return E;` may stay.
    pub hands_on: bool,
}

impl OutlineRequest {
    /// Whether the new function returns nothing.
    pub fn is_void(&self) -> bool {
        self.returns.split_whitespace().last() == Some("void")
    }
}

/// A parameter of the new function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutlineParameter {
    /// Its declaration and its name; a metavariable as its name is a variable that the statements use.
    Given(String, String),
    /// The pointer that leads to the captured variables.
    Data(String, String),
    /// `...`: one parameter for each captured variable.
    Captures,
}

/// The word of a name's part that stands for the function around the statements.
pub const FUNCTION: &str = "function";

/// Whether an `outline` declaration begins here.
pub fn is_ahead(c: &Cursor<'_>) -> bool {
    c.text() == "outline" && c.text_at(2) == "("
}

/// Read one.
pub fn declaration(c: &mut Cursor<'_>, out: &mut Vec<Metavariable>) -> Option<()> {
    const SHAPE: &str = "the shape is `outline name(statements, argument) = prototype with continue = E, break = E, goto label = E, return;`";
    c.advance();
    let name_span = c.span();
    let name = c.word()?;
    c.eat("(");
    let statements = c.word();
    let listed = c.eat(",");
    let argument_span = c.span();
    let argument = listed.then(|| c.word()).flatten();
    let (Some(statements), true, true) = (statements, c.eat(")"), c.eat("=")) else {
        c.error("smpl-outline", "expected a name, a statement list and a prototype", SHAPE);
        return None;
    };
    let mut request = prototype(c, argument.is_some())?;
    request.statements = statements;
    if c.eat("with") {
        ways(c, &mut request)?;
    }
    if !c.eat(";") {
        c.error("smpl-outline", "expected `with` or `;` behind the prototype", SHAPE);
        return None;
    }
    if request.go_on.is_none() && !request.hands_on && !request.is_void() {
        let help = "say with `with continue = E` what it returns where the statements end";
        c.error_at(name_span, "smpl-outline", "the new function has to return a value", help);
        return None;
    }
    let meta = |name: String, span: Span, kind: MetaKind| Metavariable {
        name,
        span,
        kind,
        types: Vec::new(),
        inherited: None,
        constraints: Vec::new(),
    };
    if let Some(argument) = argument {
        out.push(meta(argument, argument_span, MetaKind::OutlineArgument(name.clone())));
    }
    out.push(meta(name, name_span, MetaKind::Outline(Box::new(request))));
    Some(())
}

/// `static int function##_step(struct item *item, void *data)`.
fn prototype(c: &mut Cursor<'_>, has_argument: bool) -> Option<OutlineRequest> {
    let start = c.span();
    let mut words: Vec<&str> = Vec::new();
    while !c.at_end() && !matches!(c.text(), "(" | ";") {
        words.push(c.text());
        c.advance();
    }
    let joined = words.join(" ").replace(" # # ", "##").replace(" ## ", "##");
    let (_, name) = joined.rsplit_once([' ', '*']).unwrap_or(("", joined.as_str()));
    let returns = &joined[..joined.len() - name.len()];
    if c.text() != "(" || name.is_empty() || returns.trim().is_empty() {
        let help = "for example `static int function##_step(struct item *item, void *data)`";
        c.error_at(start, "smpl-outline", "this is no prototype of a function", help);
        return None;
    }
    let name = name.split("##").map(|part| match part {
        FUNCTION => FreshPart::Metavariable(FUNCTION.to_owned()),
        text => FreshPart::Text(text.to_owned()),
    });
    let name: Vec<FreshPart> = name.collect();
    let returns = returns.trim_end().to_owned();
    let parameters = parameters(c);
    let open = parameters.iter().any(|p| !matches!(p, OutlineParameter::Given(..)));
    if open != has_argument {
        let (message, help) = if open {
            ("nothing names what is handed to the new function", "write `outline name(statements, argument)`")
        } else {
            (
                "the prototype has no place for what the statements need",
                "give it `...` or a last parameter `void *data`",
            )
        };
        c.error_at(start, "smpl-outline", message, help);
        return None;
    }
    Some(OutlineRequest {
        statements: String::new(),
        returns,
        name,
        parameters,
        go_on: None,
        stop: None,
        bare_return: None,
        gotos: Vec::new(),
        hands_on: false,
    })
}

/// The parameters, with their parentheses.
fn parameters(c: &mut Cursor<'_>) -> Vec<OutlineParameter> {
    let mut out = Vec::new();
    let mut depth = 0usize;
    let mut from = None;
    let mut last_word = "";
    while !c.at_end() && c.text() != ";" {
        let span = c.span();
        let text = c.text();
        let ends = depth == 1 && matches!(text, "," | ")");
        if ends && let Some(start) = from.take() {
            let declaration = c.file.slice(Span { start, end: span.start }).trim();
            out.extend(parameter(declaration, last_word));
        }
        c.advance();
        match text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ if ends => {}
            _ => {
                from = from.or(Some(span.start));
                last_word = text;
            }
        }
        if depth == 0 {
            break;
        }
    }
    let data = |p: &OutlineParameter| matches!(p, OutlineParameter::Given(text, _) if is_void_pointer(text));
    let listed = out.contains(&OutlineParameter::Captures);
    if let Some(last) = out.last_mut().filter(|p| !listed && data(p))
        && let OutlineParameter::Given(text, name) = last.clone()
    {
        *last = OutlineParameter::Data(text, name);
    }
    out
}

fn parameter(declaration: &str, name: &str) -> Option<OutlineParameter> {
    match declaration {
        "..." => Some(OutlineParameter::Captures),
        "void" | "" => None,
        _ => Some(OutlineParameter::Given(declaration.to_owned(), name.to_owned())),
    }
}

fn is_void_pointer(declaration: &str) -> bool {
    let squeezed: String = declaration.split_whitespace().collect();
    squeezed.strip_prefix("void*").is_some_and(|name| !name.contains('*'))
}

/// `continue = 0, break = 1, goto out = 2, return`.
fn ways(c: &mut Cursor<'_>, request: &mut OutlineRequest) -> Option<()> {
    loop {
        let (way, way_span) = (c.text(), c.span());
        c.advance();
        let label = (way == "goto").then(|| c.word()).flatten();
        let value = c.eat("=").then(|| value(c));
        match (way, value) {
            ("goto", Some(value)) if let Some(label) = label => request.gotos.push((label, value)),
            ("continue", Some(value)) => request.go_on = Some(value),
            ("break", Some(value)) => request.stop = Some(value),
            ("return", Some(value)) => request.bare_return = Some(value),
            ("return", None) => request.hands_on = true,
            _ => {
                let help =
                    "`continue = E`, `break = E`, `goto label = E`, `return = E` and `return` are known";
                c.error_at(way_span, "smpl-outline", format!("`{way}` is no way out of statements"), help);
                return None;
            }
        }
        if !c.eat(",") {
            return Some(());
        }
    }
}

fn value(c: &mut Cursor<'_>) -> String {
    let start = c.span();
    let mut end = start.start;
    let mut depth = 0usize;
    while !c.at_end() && (depth > 0 || !matches!(c.text(), "," | ";")) {
        match c.text() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        end = c.span().end;
        c.advance();
    }
    c.file.slice(Span { start: start.start, end }).to_owned()
}
