//! The bodies of macros, read as values, as statements or as a function.
//!
//! In: the definitions of a file. Out: a tree for each body that can be read so, with the file's own offsets. Names that `##`
//! pastes together are one name, which is no other's: rules that change code do not look at such bodies. Other bodies are
//! passed over in silence, as rules cannot match them.

use crate::source::{SourceFile, Span};
use crate::syntax::lexer::{TokenKind, lex};
use crate::syntax::parse::parse_between;
use crate::syntax::{Field, Node, Tree};
use std::cell::OnceCell;

/// Which bodies are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bodies {
    /// All.
    Any,
    /// Those whose names are written out: what others hold cannot be written again.
    Plain,
    /// Of these, those on one line: statements that are added to others would need backslashes.
    OneLine,
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
    /// Whether it makes names of pieces.
    pastes: bool,
}

impl Body {
    fn fits(&self, file: &SourceFile, bodies: Bodies) -> bool {
        match bodies {
            Bodies::Any => true,
            Bodies::Plain => !self.pastes,
            Bodies::OneLine => !self.pastes && !file.slice(self.span).contains('\n'),
        }
    }
}

impl Macros {
    /// Take the body of a definition down.
    pub fn add(&mut self, define: Node<'_>) {
        let Some(value) = define.child(Field::Value) else { return };
        let code = |kind| !matches!(kind, TokenKind::Comment | TokenKind::Space);
        let tokens = lex(value.text().as_bytes());
        let Some(last) = tokens.iter().rfind(|token| code(token.kind)) else { return };
        let start = value.span().start as usize;
        let span = Span::new(start, start + last.end as usize);
        let pastes = value.text()[..last.end as usize].contains("##");
        self.bodies.push(Body { span, expression: OnceCell::new(), statements: OnceCell::new(), pastes });
    }

    /// The nodes of each body that is an expression and whose bytes are `wanted`.
    pub fn expressions<'m>(
        &'m self,
        file: &'m SourceFile,
        bodies: Bodies,
        wanted: impl Fn(Span) -> bool + 'm,
    ) -> impl Iterator<Item = Vec<Node<'m>>> {
        let all = self.bodies.iter().filter(move |body| body.fits(file, bodies) && wanted(body.span));
        all.filter_map(|body| {
            let all = self.expression(file, body)?.root().descendants();
            Some(all.filter(|n| body.span.contains(n.span())).collect())
        })
    }

    /// The bodies that are statements, or a function, and no expression, and whose bytes are `wanted`: statements as the body
    /// of a function.
    pub fn statements<'m>(
        &'m self,
        file: &'m SourceFile,
        bodies: Bodies,
        wanted: impl Fn(Span) -> bool + 'm,
    ) -> impl Iterator<Item = &'m Tree> {
        let all = self.bodies.iter().filter(move |body| body.fits(file, bodies) && wanted(body.span));
        all.filter(|body| self.expression(file, body).is_none()).filter_map(|body| {
            let function =
                || self.read(file, body, ("", "")).filter(|_| file.slice(body.span).ends_with('}'));
            let read = || self.read(file, body, ("int f(){", ";}")).or_else(function);
            body.statements.get_or_init(read).as_ref()
        })
    }

    fn expression<'m>(&'m self, file: &SourceFile, body: &'m Body) -> Option<&'m Tree> {
        let text = file.slice(body.span);
        let (before, after) = if text.starts_with('{') { ("int x=", ";") } else { ("int f(){x=", ";}") };
        let read = || self.read(file, body, (before, after)).filter(|_| !text.ends_with(';'));
        body.expression.get_or_init(read).as_ref()
    }

    fn read(&self, file: &SourceFile, body: &Body, (before, after): (&str, &str)) -> Option<Tree> {
        let source = self.source.get_or_init(|| self.blanked(file));
        Some(parse_between(source, (before, body.span, after))).filter(|tree| !tree.root().has_opaque())
    }

    fn blanked(&self, file: &SourceFile) -> SourceFile {
        let old = file.text().as_bytes();
        let mut new: Vec<u8> = old.iter().map(|b| if *b == b'\n' { b'\n' } else { b' ' }).collect();
        for body in &self.bodies {
            let range = body.span.range();
            let code = old[range.clone()].iter().map(|b| if *b == b'\\' { b' ' } else { *b });
            new.splice(range.clone(), code);
            if body.pastes {
                paste(&mut new[range]);
            }
        }
        SourceFile::new(file.path(), new)
    }
}

/// Make one name of what `##` stands between, and drop what makes strings of names.
fn paste(code: &mut [u8]) {
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let mut at = 0;
    while let Some(found) = code[at..].iter().position(|b| *b == b'#') {
        let from = at + found;
        if code.get(from + 1) != Some(&b'#') {
            code[from] = b' ';
            at = from + 1;
            continue;
        }
        let start = from - code[..from].iter().rev().take_while(|b| blank(b)).count();
        let end = from + 2 + code[from + 2..].iter().take_while(|b| blank(b)).count();
        code[start..end].fill(b'_');
        at = end;
    }
}
