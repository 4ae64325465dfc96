//! Macros that do more than a function could.
//!
//! In: a piece of a function, its [`Scopes`], and the [`FileScope`] with the file's own `#define`s. Out: the uses of
//! macros that jump, that name variables of the function, or that write an argument without `&`; other macros of the
//! file that they use are looked into. It judges words, not expansions, and errs towards a hazard. Macros of other
//! files are unknown and give none.

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
            for decl in found.names.iter().filter_map(|n| scopes.lookup(n, name)) {
                add(HazardKind::NamesLocal(decl));
            }
            let arguments: Vec<_> = arguments.iter().flat_map(|a| a.named_children()).collect();
            for decl in found.written.iter().filter_map(|at| scopes.resolve(*arguments.get(*at)?)) {
                add(HazardKind::WritesArgument(decl));
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

/// What a definition's text has.
#[derive(Default)]
struct Body<'t> {
    jumps: bool,
    /// Words that are neither fields nor parameters.
    names: BTreeSet<&'t str>,
    /// Places of parameters that are written.
    written: BTreeSet<usize>,
}

impl<'t> Body<'t> {
    fn of(definition: &MacroDefinition<'t>, file: &FileScope<'t>, visited: &mut BTreeSet<&'t str>) -> Self {
        let mut out = Self::default();
        let Some(body) = definition.body.filter(|_| visited.insert(definition.name)) else { return out };
        let text = body.text();
        let parameters: Vec<&str> =
            definition.parameters.iter().flat_map(|p| p.named_children()).map(Node::text).collect();
        let mut own_loop = false;
        for (at, word) in words(text) {
            let (before, after) = (text[..at].trim_end(), text[at + word.len()..].trim_start());
            match word {
                "return" | "goto" => out.jumps = true,
                "break" | "continue" => out.jumps |= !own_loop,
                "do" | "while" | "for" | "switch" => own_loop = true,
                _ if before.ends_with("->") || before.ends_with('.') => {}
                _ => match parameters.iter().position(|p| *p == word) {
                    Some(place) if is_written(before, after) => {
                        out.written.insert(place);
                    }
                    Some(_) => {}
                    None => {
                        out.names.insert(word);
                    }
                },
            }
        }
        for inner in file.macros.iter().filter(|m| out.names.contains(m.name)).collect::<Vec<_>>() {
            let inner = Self::of(inner, file, visited);
            out.jumps |= inner.jumps;
            out.names.extend(inner.names);
            // Which parameter becomes which argument is not followed: any may.
            if !inner.written.is_empty() {
                out.written.extend(0..parameters.len());
            }
        }
        out
    }
}

/// Whether a name between these texts is assigned, stepped or has its address taken.
fn is_written(before: &str, after: &str) -> bool {
    let before = before.trim_end_matches(['(', ' ', '\t']);
    let after = after.trim_start_matches([')', ' ', '\t']);
    let stepped = ["++", "--"].iter().any(|s| before.ends_with(s) || after.starts_with(s));
    let ahead = before.strip_suffix('&').map(str::trim_end);
    let is_operand = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ')' | ']' | '&');
    let addressed = ahead.is_some_and(|rest| !rest.ends_with(is_operand));
    let operator = after.trim_start_matches(['+', '-', '*', '/', '%', '&', '|', '^', '<', '>']);
    let assigned = operator.starts_with('=') && !operator.starts_with("==");
    let compared = ["<=", ">="].iter().any(|s| after.starts_with(s));
    stepped || addressed || assigned && !compared
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
    fn a_word_without_arguments_is_no_use() {
        assert!(found("#define SET(x) x = 1\nint f(int a) { int SET = a; return SET; }\n").is_empty());
    }
}
