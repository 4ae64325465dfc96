//! What names mean in one file.
//!
//! In: a [`Tree`]. Out: [`FileScope`]: functions with the comment above them, other names of file scope, macros, and
//! every mention of every word of the code, bodies of macros included. It is for questions such as "is this name
//! free" and "is this static function still used"; a field of the same name counts as a mention, so the answers err
//! towards "taken" and "used".

use super::declarator::declared_name;
use super::kind::{Field, Kind};
use super::tree::{Node, Tree};
use super::types::{Storage, WrittenType};
use crate::source::Span;
use std::collections::BTreeMap;

/// A function that is defined in the file.
#[derive(Clone, Debug)]
pub struct FileFunction<'t> {
    /// Its name; of one that a macro heads the macro's first argument, or the macro's name if there is none.
    pub name: &'t str,
    /// The name in its declarator.
    pub ident: Node<'t>,
    /// The definition: a `function_definition` or a `macro_function_definition`.
    pub node: Node<'t>,
    /// Whether it is `static`.
    pub is_static: bool,
    /// The comments that end on the line above, from the start of the first to the end of the last.
    pub comment: Option<Span>,
    /// Attributes, and macros that are taken for such, in front of it: `STATIC`.
    pub attributes: Option<Span>,
}

impl FileFunction<'_> {
    /// Where the function, what qualifies it and its comment start: new code that must not come between them goes here.
    pub fn start(&self) -> u32 {
        self.comment.or(self.attributes).map_or(self.node.span().start, |c| c.start)
    }
}

/// What a name of file scope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GlobalKind {
    /// A variable, defined or declared.
    Variable,
    /// A function that is only declared.
    Prototype,
    /// A type name.
    Typedef,
    /// The tag of a struct, union or enum that is defined.
    Tag,
    /// A constant of an enum.
    Enumerator,
}

/// A name of file scope that is not a function's definition.
#[derive(Clone, Copy, Debug)]
pub struct Global<'t> {
    /// The name.
    pub name: &'t str,
    /// The name in its declarator, specifier or enumerator.
    pub ident: Node<'t>,
    /// The declaration, specifier or enumerator.
    pub node: Node<'t>,
    /// What it is.
    pub kind: GlobalKind,
}

/// A `#define`.
#[derive(Clone, Copy, Debug)]
pub struct MacroDefinition<'t> {
    /// The name.
    pub name: &'t str,
    /// The name in the directive.
    pub ident: Node<'t>,
    /// The directive.
    pub node: Node<'t>,
    /// Its parameters, if it has parentheses.
    pub parameters: Option<Node<'t>>,
    /// What it stands for.
    pub body: Option<Node<'t>>,
}

/// The names of one file.
#[derive(Clone, Debug)]
pub struct FileScope<'t> {
    /// Functions defined here, in document order.
    pub functions: Vec<FileFunction<'t>>,
    /// Other names of file scope, in document order.
    pub globals: Vec<Global<'t>>,
    /// Macros defined anywhere in the file, in document order.
    pub macros: Vec<MacroDefinition<'t>>,
    mentions: BTreeMap<&'t str, Vec<Span>>,
}

impl<'t> FileScope<'t> {
    /// Collect the names of a file.
    pub fn of(tree: &'t Tree) -> Self {
        let mut mentions: BTreeMap<&'t str, Vec<Span>> = BTreeMap::new();
        for (at, word) in words(tree.source().text()) {
            mentions.entry(word).or_default().push(Span::new(at, at + word.len()));
        }
        let mut scope = Self { functions: Vec::new(), globals: Vec::new(), macros: Vec::new(), mentions };
        scope.collect(tree.root());
        for node in tree.root().descendants() {
            if let (Kind::PreprocDef | Kind::PreprocFunctionDef, Some(ident)) =
                (node.kind(), node.child(Field::Name))
            {
                let (parameters, body) = (node.child(Field::Parameters), node.child(Field::Value));
                scope.macros.push(MacroDefinition { name: ident.text(), ident, node, parameters, body });
            }
        }
        scope
    }

    /// The function of that name; the first, when `#if` gives several.
    pub fn function(&self, name: &str) -> Option<&FileFunction<'t>> {
        self.functions.iter().find(|f| f.name == name)
    }

    /// The function that covers a byte.
    pub fn function_at(&self, offset: usize) -> Option<&FileFunction<'t>> {
        self.functions.iter().find(|f| f.node.span().contains_offset(offset))
    }

    /// Every mention of a word in the code: any identifier or keyword outside comments and strings.
    pub fn mentions(&self, name: &str) -> &[Span] {
        self.mentions.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether the word occurs nowhere in the code, so that a new thing may take it as its name.
    pub fn is_free(&self, name: &str) -> bool {
        self.mentions(name).is_empty()
    }

    /// The mentions of a name that do not declare or define it at file scope.
    pub fn uses(&self, name: &str) -> Vec<Span> {
        let functions = self.functions.iter().map(|f| f.ident);
        let globals = self.globals.iter().map(|g| g.ident);
        let macros = self.macros.iter().map(|m| m.ident);
        let idents = functions.chain(globals).chain(macros).filter(|i| i.text() == name);
        let declaring: Vec<Span> = idents.map(Node::span).collect();
        self.mentions(name).iter().filter(|m| !declaring.contains(m)).copied().collect()
    }

    fn collect(&mut self, parent: Node<'t>) {
        let mut comment: Option<Span> = None;
        let mut attributes: Option<Span> = None;
        let mut last_end = parent.span().start;
        for child in parent.children() {
            if child.is(Kind::Comment) {
                comment = match comment {
                    Some(c) if newlines(child, c.end) <= 1 => Some(c.cover(child.span())),
                    _ if starts_line(child) => Some(child.span()),
                    _ => None,
                };
                last_end = child.span().end;
                continue;
            }
            let adjoins = newlines(child, last_end) <= 1;
            last_end = child.span().end;
            comment = comment.filter(|_| adjoins);
            attributes = attributes.filter(|_| adjoins);
            if matches!(child.kind(), Kind::MacroAttribute | Kind::AttributeSpecifier) {
                attributes = Some(attributes.map_or(child.span(), |a| a.cover(child.span())));
                continue;
            }
            self.item(child, comment.take(), attributes.take());
        }
    }

    fn item(&mut self, node: Node<'t>, comment: Option<Span>, attributes: Option<Span>) {
        use Kind::*;
        match node.kind() {
            FunctionDefinition => {
                let Some(ident) = node.child(Field::Declarator).and_then(declared_name) else { return };
                let storage = WrittenType::of_name(ident).and_then(|t| t.storage());
                let is_static = storage == Some(Storage::Static);
                let name = ident.text();
                self.functions.push(FileFunction { name, ident, node, is_static, comment, attributes });
                self.tagged(node.child(Field::Type));
            }
            MacroFunctionDefinition => {
                let parameters = node.child(Field::Parameters);
                let first = parameters.and_then(|p| p.named_children().next());
                let Some(ident) = first.or_else(|| node.child(Field::Name)) else { return };
                self.functions.push(FileFunction {
                    name: ident.text(),
                    ident,
                    node,
                    is_static: false,
                    comment,
                    attributes,
                });
            }
            Declaration | TypeDefinition => {
                self.tagged(node.child(Field::Type));
                for ident in node.children_in(Field::Declarator).filter_map(declared_name) {
                    let ty = WrittenType::of_name(ident);
                    let kind = match &ty {
                        Some(t) if t.storage() == Some(Storage::Typedef) => GlobalKind::Typedef,
                        Some(t) if t.is_function() => GlobalKind::Prototype,
                        _ => GlobalKind::Variable,
                    };
                    self.globals.push(Global { name: ident.text(), ident, node, kind });
                }
            }
            StructSpecifier | UnionSpecifier | EnumSpecifier => self.tagged(Some(node)),
            ExpressionStatement | Comment | Token | PreprocInclude | PreprocDef | PreprocFunctionDef => {}
            _ => self.collect(node),
        }
    }

    fn tagged(&mut self, specifier: Option<Node<'t>>) {
        let Some(specifier) = specifier else { return };
        for node in specifier.descendants() {
            let kind = match node.kind() {
                Kind::StructSpecifier | Kind::UnionSpecifier | Kind::EnumSpecifier
                    if node.child(Field::Body).is_some() =>
                {
                    GlobalKind::Tag
                }
                Kind::Enumerator => GlobalKind::Enumerator,
                _ => continue,
            };
            if let Some(ident) = node.child(Field::Name) {
                self.globals.push(Global { name: ident.text(), ident, node, kind });
            }
        }
    }
}

/// Line ends between a place and the node after it.
fn newlines(node: Node<'_>, from: u32) -> usize {
    let between = Span { start: from.min(node.span().start), end: node.span().start };
    node.tree().source().slice(between).matches('\n').count()
}

fn starts_line(node: Node<'_>) -> bool {
    let before = &node.tree().source().text()[..node.span().start as usize];
    before.rsplit('\n').next().is_none_or(|line| line.trim().is_empty())
}

/// The identifiers and keywords of C text with their offsets; comments, strings, characters and numbers are skipped.
pub fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let start = at;
            match bytes[at] {
                b'/' if bytes.get(at + 1) == Some(&b'*') => {
                    at = text[at + 2..].find("*/").map_or(bytes.len(), |end| at + 2 + end + 2);
                }
                b'/' if bytes.get(at + 1) == Some(&b'/') => {
                    at = text[at..].find('\n').map_or(bytes.len(), |end| at + end);
                }
                quote @ (b'"' | b'\'') => at = after_quote(bytes, at + 1, quote),
                b'0'..=b'9' => at = after_word(bytes, at),
                b if is_word(b) => {
                    at = after_word(bytes, at);
                    return Some((start, &text[start..at]));
                }
                _ => at += 1,
            }
        }
        None
    })
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn after_word(bytes: &[u8], from: usize) -> usize {
    from + bytes[from..].iter().take_while(|b| is_word(**b)).count()
}

/// One past the closing quote; a line end closes it too, as in `#error don't`.
fn after_quote(bytes: &[u8], from: usize, quote: u8) -> usize {
    let mut at = from;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'\n' => return at,
            b if b == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use crate::syntax::parse;

    const TEXT: &str = "\
#define STEP(x) advance(x, 1)
struct pair { int a; };
typedef long place;
static int advance(int x, int by);
int level; /* not the comment of what follows */

/* Apart. */

/*
 * Move on.
 */
// In steps.
static int advance(int x, int by)
{
	return x + by; /* level2 */
}

int main(void) { return STEP(1) + \"other\"[0]; }
#ifdef X
/* Only sometimes. */
static void unused(void) { }
#endif
";

    #[test]
    fn functions_know_the_comment_above() {
        let tree = parse(&SourceFile::new("t.c", TEXT));
        let scope = FileScope::of(&tree);
        let shown: Vec<_> = scope
            .functions
            .iter()
            .map(|f| (f.name, f.is_static, f.comment.map(|c| tree.source().slice(c).lines().count())))
            .collect();
        assert_eq!(shown, [("advance", true, Some(4)), ("main", false, None), ("unused", true, Some(1))]);
        assert!(tree.source().text()[scope.functions[0].start() as usize..].starts_with("/*\n * Move"));
    }

    #[test]
    fn uses_count_macro_bodies_but_not_declarations() {
        let tree = parse(&SourceFile::new("t.c", TEXT));
        let scope = FileScope::of(&tree);
        assert_eq!(scope.uses("advance").len(), 1);
        assert_eq!(scope.uses("unused").len(), 0);
        assert_eq!(scope.uses("STEP").len(), 1);
        assert!(scope.is_free("other") && scope.is_free("level2") && !scope.is_free("by"));
    }

    #[test]
    fn globals_and_macros() {
        let tree = parse(&SourceFile::new("t.c", TEXT));
        let scope = FileScope::of(&tree);
        let globals: Vec<_> = scope.globals.iter().map(|g| (g.name, g.kind)).collect();
        use GlobalKind::*;
        assert_eq!(globals, [("pair", Tag), ("place", Typedef), ("advance", Prototype), ("level", Variable)]);
        assert_eq!(scope.macros[0].parameters.unwrap().text(), "(x)");
        assert_eq!(scope.macros[0].body.unwrap().text(), "advance(x, 1)");
    }

    #[test]
    fn words_of_broken_text() {
        let found: Vec<_> = words("a'\\é b\n#error don't c\nd \"x").map(|(_, w)| w).collect();
        assert_eq!(found, ["a", "error", "don", "d"]);
    }
}
