//! The coverage ledger: what was read and what was not.
//!
//! In: a [`Tree`]. Out: [`FileLedger`]: functions, bytes, and each stretch that is opaque with the cause. The count of
//! functions does not rest on the tree: it is the overlay's, so that a function that drowns in an error still counts.

use super::arena::DEEPEST;
use super::declarator::declared_name;
use super::kind::{Field, Kind};
use super::lexer::{TokenKind, Word, lex};
use super::overlay::MarkKind;
use super::tree::{Node, Tree};
use crate::source::{SourceFile, Span};

/// Why a stretch was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The grammar could not read it.
    Syntax,
    /// Another arm of the `#if` around it was read.
    Arm,
    /// It is nested too deep.
    Depth,
    /// A whole item of file scope that the grammar could not read.
    Item,
    /// The file takes more work than one is given.
    Work,
}

impl Cause {
    /// What to tell a person.
    pub fn sentence(self) -> &'static str {
        match self {
            Cause::Syntax => "the grammar cannot read it",
            Cause::Arm => "another arm of the #if around it was read",
            Cause::Depth => "it is nested too deep",
            Cause::Item => "the grammar cannot read the item",
            Cause::Work => "the file would take too much time or memory to read whole",
        }
    }
}

/// A stretch of a file that was not read.
#[derive(Clone, Debug)]
pub struct Unread {
    /// The bytes.
    pub span: Span,
    /// Why.
    pub cause: Cause,
    /// The number of the function around it in [`FileLedger::functions`].
    pub function: Option<usize>,
}

/// A function of a file.
#[derive(Clone, Debug)]
pub struct FunctionEntry {
    /// Its name; of one that a macro heads the macro's name.
    pub name: Option<Span>,
    /// The names that it has in arms of an `#if` around its head that were not read, in order.
    pub others: Vec<Span>,
    /// Its body, braces included.
    pub body: Span,
    /// Whether all of it was read.
    pub clean: bool,
}

/// What was read of one file.
#[derive(Clone, Debug, Default)]
pub struct FileLedger {
    /// The file.
    pub path: String,
    /// Its length.
    pub bytes: usize,
    /// Its functions in order.
    pub functions: Vec<FunctionEntry>,
    /// What was not read, in order.
    pub unread: Vec<Unread>,
}

impl FileLedger {
    /// The ledger of one file.
    pub fn of(tree: &Tree) -> Self {
        let source = tree.source();
        let entry = |body: &Span| FunctionEntry { name: None, others: Vec::new(), body: *body, clean: false };
        let mut functions: Vec<FunctionEntry> = tree.bodies.iter().map(entry).collect();
        for node in tree.root().descendants().filter(|n| is_function(*n)) {
            let Some(body) = node.children().find(|c| c.is(Kind::CompoundStatement)) else { continue };
            let at = functions.partition_point(|f| f.body.start < body.span().start);
            if let Some(entry) = functions.get_mut(at).filter(|f| f.body == body.span()) {
                entry.clean = !node.has_opaque();
                entry.name = name_of(node);
            }
        }
        let mut from = 0;
        for entry in &mut functions {
            let head = Span { start: from.min(entry.body.start), end: entry.body.start };
            entry.name = entry.name.or_else(|| name_before(source, head));
            entry.others = other_names(tree, head);
            from = entry.body.end;
        }
        let mut unread = Vec::new();
        let mut covered = 0;
        for node in tree.root().descendants().filter(|n| n.kind().is_opaque()) {
            if node.span().start < covered {
                continue;
            }
            covered = node.span().end;
            let cause = cause(tree, node);
            let at = functions.partition_point(|f| f.body.end <= node.span().start);
            let inside = |f: &&FunctionEntry| f.body.overlaps(node.span()) || is_head_of(node, f.body);
            let function = functions.get(at).filter(inside).map(|_| at);
            unread.push(Unread { span: node.span(), cause, function });
        }
        Self { path: source.path().to_owned(), bytes: source.bytes().len(), functions, unread }
    }

    /// How many functions were read whole.
    pub fn clean_functions(&self) -> usize {
        self.functions.iter().filter(|f| f.clean).count()
    }
}

/// Why an opaque node was not read.
fn cause(tree: &Tree, node: Node<'_>) -> Cause {
    match node.kind() {
        Kind::UnreadArm => return Cause::Arm,
        Kind::OpaqueRegion => {}
        _ => return Cause::Syntax,
    }
    let marks = tree.marks();
    let first = marks.partition_point(|mark| mark.span.start < node.span().start);
    let here = marks[first..].iter().take_while(|mark| mark.span.start == node.span().start);
    let told = |mark: &super::overlay::Mark| match mark.kind {
        MarkKind::TooDeep => Some(Cause::Depth),
        MarkKind::Unreadable => Some(Cause::Item),
        MarkKind::TooMuch => Some(Cause::Work),
        _ => None,
    };
    let by_depth = || (node.ancestors().count() >= DEEPEST).then_some(Cause::Depth);
    here.filter_map(told).next().or_else(by_depth).unwrap_or(Cause::Syntax)
}

/// Where a definition's name stands.
fn name_of(node: Node<'_>) -> Option<Span> {
    let declarator = node.child(Field::Declarator).and_then(declared_name);
    declarator.or_else(|| node.child(Field::Name)).map(Node::span)
}

/// The name in the text between two bodies, for a function that is not in the tree: behind the last thing that ended
/// there, the first word that a parenthesis follows; one that is spelled like an attribute only if there is no other.
fn name_before(source: &SourceFile, head: Span) -> Option<Span> {
    let tokens = lex(source.text().as_bytes().get(head.range())?);
    let is_code = |kind| !matches!(kind, TokenKind::Space | TokenKind::Comment | TokenKind::Directive(_));
    let code: Vec<_> = tokens.into_iter().filter(|token| is_code(token.kind)).collect();
    let ended = |kind| matches!(kind, TokenKind::Semi | TokenKind::RBrace);
    let from = code.iter().rposition(|token| ended(token.kind)).map_or(0, |at| at + 1);
    let called = code[from..].windows(2).filter_map(|pair| match (pair[0].kind, pair[1].kind) {
        (TokenKind::Word(Word::Ident), TokenKind::LParen) => {
            Some(Span { start: head.start + pair[0].start, end: head.start + pair[0].end })
        }
        _ => None,
    });
    let all: Vec<Span> = called.collect();
    all.iter().find(|span| !source.slice(**span).starts_with("__")).or(all.first()).copied()
}

/// The names that arms before a body which were not read give to the function.
fn other_names(tree: &Tree, head: Span) -> Vec<Span> {
    let marks = tree.marks();
    let from = marks.partition_point(|mark| mark.span.start < head.start);
    let before = marks[from..].iter().take_while(|mark| mark.span.start < head.end);
    let arms = before.filter(|mark| mark.kind == MarkKind::UnreadArm && mark.span.end <= head.end);
    arms.filter_map(|arm| name_before(tree.source(), arm.span)).collect()
}

/// Whether `node` stands before the body of the function around it.
fn is_head_of(node: Node<'_>, body: Span) -> bool {
    let function = node.ancestors().find(|a| is_function(*a));
    function.is_some_and(|f| f.children().any(|c| c.is(Kind::CompoundStatement) && c.span() == body))
}

fn is_function(node: Node<'_>) -> bool {
    matches!(node.kind(), Kind::FunctionDefinition | Kind::MacroFunctionDefinition)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse;

    #[test]
    fn functions_have_names_also_when_they_were_not_read() {
        let text = "static int __a one(int a)\n{\n\treturn 0;\n}\nHEAD(two, int a)\n{\n}\nint (*three(void))(int)\n{\n\t@ @;\n}\n";
        let source = SourceFile::new("t.c", text);
        let ledger = FileLedger::of(&parse(&source));
        let names: Vec<_> =
            ledger.functions.iter().map(|f| f.name.map_or("", |name| source.slice(name))).collect();
        assert_eq!(names, ["one", "HEAD", "three"]);
        assert_eq!(ledger.clean_functions(), 2);
        let head = "two;\nstatic __attr(1) long four(struct s *s)\n";
        let source = SourceFile::new("t.c", head);
        let name = name_before(&source, Span::new(0, head.len()));
        assert_eq!(name.map(|name| source.slice(name)), Some("four"));
    }

    #[test]
    fn a_function_has_the_names_of_all_its_heads() {
        let text = "#if A\nint one(int a)\n#elif B\nstatic long __a two(void)\n#else\nHEAD(three, int, a)\n#endif\n{\n}\n\
                    #ifdef C\nint x;\n#endif\nint four(void)\n{\n}\n";
        let source = SourceFile::new("t.c", text);
        let ledger = FileLedger::of(&parse(&source));
        let names = |f: &FunctionEntry| -> Vec<String> {
            f.name.iter().chain(&f.others).map(|name| source.slice(*name).to_owned()).collect()
        };
        let all: Vec<_> = ledger.functions.iter().map(names).collect();
        assert_eq!(all, [vec!["one", "two", "HEAD"], vec!["four"]]);
    }

    #[test]
    fn what_was_not_read_has_a_cause() {
        let causes = |text: &str| {
            let ledger = FileLedger::of(&parse(&SourceFile::new("t.c", text)));
            ledger.unread.iter().map(|u| u.cause).collect::<Vec<_>>()
        };
        let deep = format!("int a = {}1{};\n", "(".repeat(9_000), ")".repeat(9_000));
        assert_eq!(causes(&deep), [Cause::Depth]);
        let long = format!("int a = 1{};\n", " + 1".repeat(30_000));
        assert!(causes(&long).iter().all(|cause| *cause == Cause::Depth) && !causes(&long).is_empty());
        let split =
            "int f(int x)\n{\n#ifdef A\n\tif (x) {\n#else\n\tif (!x) {\n#endif\n\t}\n\treturn 0;\n}\n";
        assert_eq!(causes(split), [Cause::Arm]);
    }
}
