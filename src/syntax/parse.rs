//! From a file to its tree: lexer, overlay, tree-sitter, arena.
//!
//! In: a [`SourceFile`]. Out: a [`Tree`]; it never fails. What the grammar cannot read becomes [`Kind::Error`],
//! [`Kind::Missing`] or [`Kind::OpaqueRegion`]. A long file is parsed in pieces, so that the grammar's own trees, which
//! take many times the memory of ours, are never large; and limits bound what one file may take, time as memory:
//! pieces beyond them are opaque.

use super::grammar::Effort;
use super::kind::Kind;
use super::macros::{Layers, MacroKnowledge, definitions_among};
use super::overlay::{Mark, MarkKind, Overlay, Why, overlay};
use super::recover::recover;
use super::tree::Tree;
use super::{arena, grammar, lexer};
use crate::source::{SourceFile, Span};
use std::sync::OnceLock;

/// What the reading of one file may take. Nothing that people write comes near.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes that are parsed at a time, if items end there.
    pub(super) piece: usize,
    /// Bytes of the parses that have errors.
    pub(super) broken: usize,
    /// Nodes, after which no further piece is read; a node takes 20 bytes.
    pub(super) nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { piece: 256 << 10, broken: 4 << 20, nodes: 8_000_000 }
    }
}

/// Read `source` as C that was never preprocessed, with the macros that the shipped macro file knows.
pub fn parse(source: &SourceFile) -> Tree {
    parse_with(source, shipped_macros())
}

/// What the shipped macro file says, read once.
pub fn shipped_macros() -> &'static MacroKnowledge {
    MacroKnowledge::shipped()
}

/// Read `source` as C that was never preprocessed; `known` are the macros of the tree and of macro files.
pub fn parse_with(source: &SourceFile, known: &MacroKnowledge) -> Tree {
    parse_within(source, known, &Limits::default())
}

fn parse_within(source: &SourceFile, known: &MacroKnowledge, limits: &Limits) -> Tree {
    let text = source.text().as_bytes();
    let tokens = lexer::lex(text);
    let mut tree = finish(source, respell_tokens(text, &tokens, known, limits), limits);
    tree.nodes = arena::fill(tree.nodes, &tokens);
    tree
}

/// The tree of what the overlay shows of `source`.
pub(super) fn finish(source: &SourceFile, mut overlay: Overlay, limits: &Limits) -> Tree {
    let effort = Effort::new(limits.broken);
    let mut nodes = arena::Nodes::default();
    nodes.open(Kind::TranslationUnit, None, Span::new(0, overlay.text.len()));
    for piece in overlay.pieces.clone() {
        let before = nodes.state();
        if nodes.nodes.len() < limits.nodes
            && !effort.is_spent()
            && let Some(tree) = grammar::parse(&overlay.text[piece.range()], &effort)
            && let Some(tree) = recover(&mut overlay, piece, source.text().as_bytes(), &effort, tree)
        {
            arena::add(&mut nodes, &tree, &overlay, source.text().as_bytes(), piece, &effort);
            if !effort.is_spent() {
                continue;
            }
        }
        nodes.back_to(before);
        if let Some(span) = trimmed(source, piece) {
            overlay.marks.push(Mark::new(MarkKind::TooMuch, span));
            nodes.open(Kind::OpaqueRegion, None, span);
            nodes.close();
        }
    }
    overlay.sort_marks();
    let (nodes, marks, bodies, macros) = (nodes.nodes, overlay.marks, overlay.bodies, overlay.macros);
    Tree { source: source.clone(), nodes, marks, bodies, macros, headers: Vec::new(), inner: OnceLock::new() }
}

/// Read a stretch of `source` as if it stood between the two texts: its nodes have the offsets of `source`.
pub fn parse_between(source: &SourceFile, (before, stretch, after): (&str, Span, &str)) -> Tree {
    let text = [before, source.slice(stretch), after].concat();
    let mut tree = parse(&SourceFile::new(source.path(), text));
    let moved = |at: u32| (at + stretch.start).saturating_sub(before.len() as u32);
    for node in &mut tree.nodes {
        node.span = Span { start: moved(node.span.start), end: moved(node.span.end) };
    }
    Tree { source: source.clone(), marks: Vec::new(), bodies: Vec::new(), ..tree }
}

/// Lexer and overlay alone: what the grammar reads.
pub fn respelled(source: &SourceFile) -> Overlay {
    respell(source.text().as_bytes(), shipped_macros(), &Limits::default())
}

/// How many nodes the grammar alone makes of an overlay: the cost of reading without ours, for measurements.
pub fn grammar_nodes(overlay: &Overlay) -> usize {
    let effort = Effort::new(Limits::default().broken);
    let pieces =
        overlay.pieces.iter().filter_map(|piece| grammar::parse(&overlay.text[piece.range()], &effort));
    pieces.map(|tree| tree.root_node().descendant_count()).sum()
}

/// The text that the grammar reads for `text`.
pub(super) fn respell(text: &[u8], known: &MacroKnowledge, limits: &Limits) -> Overlay {
    respell_tokens(text, &lexer::lex(text), known, limits)
}

fn respell_tokens(text: &[u8], tokens: &[lexer::Token], known: &MacroKnowledge, limits: &Limits) -> Overlay {
    let mut local = MacroKnowledge::empty();
    for definition in definitions_among(text, tokens) {
        local.add(&definition, Why::Definition);
    }
    overlay(text, tokens, Layers { local: &local, files: known }, limits.piece)
}

/// The span without the white space around; nothing if there is nothing else.
fn trimmed(source: &SourceFile, span: Span) -> Option<Span> {
    let text = source.text().as_bytes().get(span.range())?;
    let start = span.start as usize + text.iter().position(|b| !b.is_ascii_whitespace())?;
    Some(Span::new(start, start + text[start - span.start as usize..].trim_ascii_end().len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::kind::Field;
    use crate::syntax::ledger::{Cause, FileLedger};

    fn within(limits: &Limits, text: &str) -> (Tree, Vec<Cause>) {
        let tree = parse_within(&SourceFile::new("t.c", text), shipped_macros(), limits);
        let causes = FileLedger::of(&tree).unread.iter().map(|unread| unread.cause).collect();
        (tree, causes)
    }

    #[test]
    fn a_file_in_pieces_is_the_file_in_one() {
        let text = "/* a */\nstatic __early int f(int a)\n{\n\teach(a, b) {\n\t\tg(struct s, a);\n\t}\n\treturn 1;\n}\n\n\
                    #if A\nint b;\n#else\nDEFINE_THING(b);\n#endif\n\nstruct s { int a:1, :2; } __packed; // b\n\
                    extern \"C\" {\nint h(a) char *a; { return 0; }\n}\nint x[] = { 1 };\n";
        let shown = |limits: &Limits, text: &str| {
            let (tree, _) = within(limits, text);
            let nodes = tree.root().descendants().map(|n| format!("{n:?} {:?}", n.role()));
            nodes.collect::<Vec<_>>()
        };
        let pieces = Limits { piece: 1, ..Limits::default() };
        assert_eq!(shown(&pieces, text), shown(&Limits::default(), text));
    }

    #[test]
    fn what_cannot_be_read_takes_only_so_much_work() {
        // What the fuzzer found: an error every few bytes, for which the parser needs many times its usual time.
        let broken = "{ \" ? MACRO == }) struct s % union u _Atomic(int) ";
        let text = format!("int f(void)\n{{\n\treturn 1;\n}}\n{}", broken.repeat(4_000));
        let limits = Limits { piece: 500, broken: 20_000, ..Limits::default() };
        let (tree, causes) = within(&limits, &text);
        assert_eq!(causes.last(), Some(&Cause::Work), "{causes:?}");
        let ledger = FileLedger::of(&tree);
        let beyond = ledger.unread.iter().filter(|unread| unread.cause == Cause::Work);
        let bytes: usize = beyond.map(|unread| unread.span.len()).sum();
        assert!(bytes > text.len() * 9 / 10, "{bytes} of {}", text.len());
        assert_eq!(ledger.clean_functions(), 1);
        assert!(tree.nodes.len() < 10_000, "{}", tree.nodes.len());
    }

    #[test]
    fn a_file_has_only_so_many_nodes() {
        let limits = Limits { piece: 1_000, nodes: 5_000, ..Limits::default() };
        for many in [";", "int a;", "a(b)\n", "{}"] {
            let (tree, causes) = within(&limits, &many.repeat(20_000));
            assert_eq!(causes.last(), Some(&Cause::Work), "{many}");
            // The last piece that is read has at most a few nodes for each of its bytes.
            assert!(tree.nodes.len() < 5_000 + 3_000 + 20, "{many}: {}", tree.nodes.len());
        }
        assert!(size_of::<crate::syntax::tree::NodeData>() <= 20);
    }

    fn tree(text: &str) -> Tree {
        parse(&SourceFile::new("t.c", text))
    }

    #[test]
    fn nodes_know_their_neighbours() {
        let tree = tree("int f(int a)\n{\n\treturn a + 1; /* why */\n}\n");
        let body = tree.root().descendants().find(|n| n.is(Kind::CompoundStatement)).unwrap();
        let kinds: Vec<_> = body.named_children().map(|n| n.kind()).collect();
        assert_eq!(kinds, [Kind::ReturnStatement]);
        let ret = body.child_of(Kind::ReturnStatement).unwrap();
        assert_eq!(ret.text(), "return a + 1;");
        let sum = ret.named_children().next().unwrap();
        assert_eq!(sum.operator(), Some("+"));
        assert_eq!(sum.child(Field::Left).unwrap().text(), "a");
        assert_eq!(body.prev_sibling().unwrap().kind(), Kind::FunctionDeclarator);
        assert!(body.encloses(sum));
        assert!(!sum.encloses(body));
    }

    #[test]
    fn empty_text_has_a_root() {
        assert_eq!(tree("").root().kind(), Kind::TranslationUnit);
    }
}
