//! The bodies of macros, read as expressions or as statements.
//!
//! In: the definitions of a file. Out: a tree for each body that can be read so, with the file's own offsets. Other bodies
//! are passed over in silence, as rules cannot match them.

use crate::source::{SourceFile, Span};
use crate::syntax::parse::parse_between;
use crate::syntax::{Field, Node, Tree};
use std::cell::OnceCell;

/// How long bodies may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// As long as they are.
    Any,
    /// One line: code that is added to a longer one would need a backslash.
    One,
}

/// The bodies of the macros of a file; each is read when it is first asked for.
#[derive(Default)]
pub struct Macros {
    bodies: Vec<Body>,
    /// The file with everything but the bodies blank.
    source: OnceCell<SourceFile>,
}

struct Body {
    /// Its bytes, without a comment behind it.
    span: Span,
    expression: OnceCell<Option<Tree>>,
    statements: OnceCell<Option<Tree>>,
}

impl Macros {
    /// Take the body of a definition down.
    pub fn add(&mut self, define: Node<'_>) {
        let Some(value) = define.child(Field::Value) else { return };
        let text = value.text();
        let text = text.find("/*").map_or(text, |i| &text[..i]).trim_end();
        let start = value.span().start as usize;
        if !text.is_empty() {
            let span = Span::new(start, start + text.len());
            self.bodies.push(Body { span, expression: OnceCell::new(), statements: OnceCell::new() });
        }
    }

    /// The nodes of each body that is an expression and whose bytes are `wanted`.
    pub fn expressions<'m>(
        &'m self,
        file: &'m SourceFile,
        wanted: impl Fn(Span) -> bool + 'm,
    ) -> impl Iterator<Item = Vec<Node<'m>>> {
        self.bodies.iter().filter(move |body| wanted(body.span)).filter_map(|body| {
            let all = self.expression(file, body)?.root().descendants();
            Some(all.filter(|n| body.span.contains(n.span())).collect())
        })
    }

    /// The bodies that are statements and no expression, and whose bytes are `wanted`: each is the body of a function.
    pub fn statements<'m>(
        &'m self,
        file: &'m SourceFile,
        lines: Lines,
        wanted: impl Fn(Span) -> bool + 'm,
    ) -> impl Iterator<Item = &'m Tree> {
        let short = move |body: &&Body| lines == Lines::Any || !file.slice(body.span).contains('\n');
        let bodies = self.bodies.iter().filter(move |body| wanted(body.span)).filter(short);
        bodies.filter(|body| self.expression(file, body).is_none()).filter_map(|body| {
            let read = || self.read(file, body, "int f(){");
            body.statements.get_or_init(read).as_ref()
        })
    }

    fn expression<'m>(&'m self, file: &SourceFile, body: &'m Body) -> Option<&'m Tree> {
        body.expression.get_or_init(|| self.read(file, body, "int f(){x=")).as_ref()
    }

    fn read(&self, file: &SourceFile, body: &Body, before: &str) -> Option<Tree> {
        let source = self.source.get_or_init(|| self.blanked(file));
        Some(parse_between(source, (before, body.span, ";}"))).filter(|tree| !tree.root().has_opaque())
    }

    fn blanked(&self, file: &SourceFile) -> SourceFile {
        let old = file.text().as_bytes();
        let mut new: Vec<u8> = old.iter().map(|b| if *b == b'\n' { b'\n' } else { b' ' }).collect();
        for span in self.bodies.iter().map(|body| body.span) {
            let code = old[span.range()].iter().map(|b| if *b == b'\\' { b' ' } else { *b });
            new.splice(span.range(), code);
        }
        SourceFile::new(file.path(), new)
    }
}
