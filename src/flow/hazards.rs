//! Macros that do more than a function could.
//!
//! In: a piece of a function, its [`Scopes`], and the [`FileScope`] with the file's own `#define`s. Out: the uses of
//! macros that jump, that name variables of the function, that write an argument without `&`, or that make a string of
//! one; other macros of the file that they use are looked into. It judges words, not expansions, and errs towards a
//! hazard. Macros of other files are unknown and give none.
//!
//! Capabilities (tests/README.md): 18, conditional regions, macros; 19, what cannot move.

use crate::syntax::file_scope::{FileScope, MacroDefinition, words};
use crate::syntax::{DeclId, Field, Kind, Node, Scopes};
use std::collections::BTreeSet;

/// What a macro does that its use does not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HazardKind {
    /// It has a `return`, a `goto`, or a `break` or `continue` without a loop of its own.
    Jumps,
    /// It mentions a variable of the function that is not among its arguments.
    NamesLocal(DeclId),
    /// It writes, or takes the address of, a variable that is handed to it by name.
    WritesArgument(DeclId),
    /// It makes a string of an argument that names the variable.
    SpellsOut(DeclId),
}

/// One such use.
#[derive(Clone, Copy, Debug)]
pub struct Hazard<'t> {
    /// The macro's name where it is used.
    pub node: Node<'t>,
    /// What it does.
    pub kind: HazardKind,
    /// The definition that is used there; what it does may stand in another that it uses.
    pub definition: MacroDefinition<'t>,
}

/// The hazards below `node`, in document order.
pub fn hazards<'t>(node: Node<'t>, scopes: &Scopes<'t>, file: &FileScope<'t>) -> Vec<Hazard<'t>> {
    let mut out = Vec::new();
    for name in node.descendants().filter(|n| matches!(n.kind(), Kind::Identifier | Kind::TypeIdentifier)) {
        for definition in file.macros.iter().filter(|m| m.name == name.text()) {
            let arguments = arguments(name);
            if definition.parameters.is_some() && arguments.is_none() {
                continue;
            }
            let found = Body::of(definition, file, &mut BTreeSet::new());
            let mut add = |kind| out.push(Hazard { node: name, kind, definition: *definition });
            if found.jumps {
                add(HazardKind::Jumps);
            }
            let arguments: Vec<_> = arguments.iter().flat_map(|a| a.named_children()).collect();
            let pasted = pasted(definition, &arguments);
            let names = found.names.iter().copied().chain(pasted.iter().map(String::as_str));
            for decl in names.filter_map(|n| scopes.lookup(n, name)) {
                add(HazardKind::NamesLocal(decl));
            }
            let effect = name.tree().arguments(definition.name).unwrap_or_default();
            for (number, argument) in arguments.iter().enumerate() {
                if let Some(decl) = scopes.resolve(*argument).filter(|_| effect.may_write(number)) {
                    add(HazardKind::WritesArgument(decl));
                }
                if spells_out(definition, number) {
                    let named = argument.descendants().filter_map(|n| scopes.resolve(n));
                    named.for_each(|decl| add(HazardKind::SpellsOut(decl)));
                }
            }
        }
    }
    out
}

/// The arguments that a macro's name is used with.
fn arguments(name: Node<'_>) -> Option<Node<'_>> {
    let parent = name.parent()?;
    let is_head = matches!(name.role(), Some(Field::Function | Field::Name));
    parent.child(Field::Arguments).filter(|_| is_head)
}

/// The names of a definition's parameters.
fn parameters<'t>(definition: &MacroDefinition<'t>) -> Vec<&'t str> {
    definition.parameters.iter().flat_map(|p| p.named_children()).map(Node::text).collect()
}

/// The names that a definition puts together with `##`, where it is used with these arguments.
fn pasted(definition: &MacroDefinition<'_>, arguments: &[Node<'_>]) -> Vec<String> {
    let (Some(body), parameters) = (definition.body, parameters(definition)) else { return Vec::new() };
    let mut out: Vec<String> = Vec::new();
    let mut end = None;
    for (at, word) in words(body.text()) {
        let number = parameters.iter().position(|p| *p == word);
        let spelled = number.and_then(|n| arguments.get(n)).map_or(word, |argument| argument.text());
        let joined = end.is_some_and(|end: usize| body.text()[end..at].trim() == "##");
        match out.last_mut().filter(|_| joined) {
            Some(name) => name.push_str(spelled),
            None => out.push(spelled.to_owned()),
        }
        end = Some(at + word.len());
    }
    // What is not put together is an argument, or among the words of the body.
    out.retain(|name| {
        !words(body.text()).any(|(_, word)| word == name) && !arguments.iter().any(|a| a.text() == name)
    });
    out
}

/// Whether a definition makes a string of a parameter.
fn spells_out(definition: &MacroDefinition<'_>, number: usize) -> bool {
    let (Some(body), parameters) = (definition.body, parameters(definition)) else { return false };
    let before = |at: usize| body.text()[..at].trim_end();
    let is_it = |word: &str| parameters.get(number).is_some_and(|p| *p == word);
    words(body.text())
        .any(|(at, word)| is_it(word) && before(at).ends_with('#') && !before(at).ends_with("##"))
}

/// What a definition's text has.
#[derive(Default)]
struct Body<'t> {
    jumps: bool,
    /// Words that are neither fields nor parameters.
    names: BTreeSet<&'t str>,
}

impl<'t> Body<'t> {
    fn of(definition: &MacroDefinition<'t>, file: &FileScope<'t>, visited: &mut BTreeSet<&'t str>) -> Self {
        let mut out = Self::default();
        let Some(body) = definition.body.filter(|_| visited.insert(definition.name)) else { return out };
        let text = body.text();
        let parameters = parameters(definition);
        let mut own_loop = false;
        for (at, word) in words(text) {
            let before = text[..at].trim_end();
            match word {
                "return" | "goto" => out.jumps = true,
                "break" | "continue" => out.jumps |= !own_loop,
                "do" | "while" | "for" | "switch" => own_loop = true,
                _ if before.ends_with("->") || before.ends_with('.') => {}
                _ if parameters.contains(&word) => {}
                _ => drop(out.names.insert(word)),
            }
        }
        for inner in file.macros.iter().filter(|m| out.names.contains(m.name)).collect::<Vec<_>>() {
            let inner = Self::of(inner, file, visited);
            out.jumps |= inner.jumps;
            out.names.extend(inner.names);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use crate::syntax::parse;

    /// The hazards of `f`, in words.
    fn found(text: &str) -> Vec<String> {
        let tree = parse(&SourceFile::new("t.c", text));
        let file = FileScope::of(&tree);
        let function = file.function("f").unwrap().node;
        let scopes = Scopes::of(function);
        let name = |id: DeclId| scopes.declaration(id).name;
        let show = |h: &Hazard<'_>| match h.kind {
            HazardKind::Jumps => format!("{} jumps", h.node.text()),
            HazardKind::NamesLocal(id) => format!("{} names {}", h.node.text(), name(id)),
            HazardKind::WritesArgument(id) => format!("{} writes {}", h.node.text(), name(id)),
            HazardKind::SpellsOut(id) => format!("{} spells out {}", h.node.text(), name(id)),
        };
        hazards(function, &scopes, &file).iter().map(show).collect()
    }

    #[test]
    fn jumps() {
        let text = "#define CHECK(x) do { if (!(x)) goto out; } while (0)\n#define SKIP if (1) break\n#define SPIN while (1) { break; }\nint f(int a) { CHECK(a); for (;;) { SKIP; SPIN; } out: return 0; }\n";
        assert_eq!(found(text), ["CHECK jumps", "SKIP jumps"]);
    }

    #[test]
    fn names_of_locals() {
        let text = "#define NEXT (cursor + 1)\n#define FIELD(p) ((p)->cursor)\n#define TWICE (NEXT * 2)\nint f(int cursor, struct s *s) { return NEXT + FIELD(s) + TWICE; }\nint cursor;\nint g(void) { return NEXT; }\n";
        assert_eq!(found(text), ["NEXT names cursor", "TWICE names cursor"]);
    }

    #[test]
    fn written_arguments() {
        let text = "#define SET(x, v) ((x) = (v))\n#define SWAP(p, q) SET(p, q)\n#define SAME(x, y) ((x) == (y) && (x) <= (y))\n#define REF(x) load(&(x))\n#define MASK(x, y) ((y) & (x))\nint f(int a, int b) { SET(a, b); SAME(a, b); REF(b); MASK(a, b); SWAP(a, 3); return 0; }\n";
        assert_eq!(found(text), ["SET writes a", "REF writes b", "SWAP writes a"]);
    }

    #[test]
    fn names_put_together_and_spelled_out() {
        let text = "#define OF(n) cur ## n\n#define FIELD(p, n) ((p)->cur ## n)\n#define SHOW(x) say(#x, x)\nint f(int cursor, struct s *s) { SHOW(cursor + 1); return OF(sor) + OF(tain) + FIELD(s, tain); }\n";
        assert_eq!(found(text), ["SHOW spells out cursor", "OF names cursor"]);
    }

    #[test]
    fn a_word_without_arguments_is_no_use() {
        assert!(found("#define SET(x) x = 1\nint f(int a) { int SET = a; return SET; }\n").is_empty());
    }
}
