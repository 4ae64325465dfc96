//! Where removed and added code leaves and takes lines.
//!
//! In: the spans to remove and the code to add, each hanging on a token of the code. Out: the new text. What stands at the
//! top of a file is laid out piece by piece; a piece without edits stays as it is, byte for byte. Code that stays keeps
//! its layout; a statement that goes takes its line; what is added gets the indentation of what stands around it.
//!
//! The passes and their order are those of Coccinelle's `unparse_c.ml`, learned from its source and by experiment, because
//! its bytes are what users compare with. Where it lays out `else` behind an added brace on a line of its own, we write
//! `} else`, as the kernel does.

mod breaks;
mod braces;
mod depth;
mod indent;
mod removal;
mod spacing;
mod stream;
#[cfg(test)]
mod tests;
pub mod token;

use crate::edit::{EditSet, TextEdit};
use crate::smpl::compile::Side;
use crate::source::Span;
use crate::syntax::lexer::{self, Directive, TokenKind};
use crate::syntax::{Field, Kind, Node, Tree};
use token::{Token, Witness};

/// How added code is to look, and what goes with removed code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manner {
    /// Where blanks and line breaks of added code come from.
    pub spacing: Spacing,
    /// Longest line that a list gets.
    pub width: usize,
    /// One level of indentation where the code around shows none.
    pub indent: String,
    /// What becomes of comments.
    pub comments: Comments,
}

impl Default for Manner {
    fn default() -> Self {
        let (spacing, comments) = (Spacing::Kernel, Comments::Go);
        Self { spacing, width: 78, indent: "\t".to_owned(), comments }
    }
}

/// Where blanks and line breaks of added code come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// They are those of kernel code.
    Kernel,
    /// Within a statement they are those of the rule; no line is broken because it is long.
    Rule,
}

/// What becomes of comments next to removed code and inside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comments {
    /// Those that belong to it go.
    Go,
    /// All stay.
    Stay,
}

/// Code to remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The bytes; white space at their edges stays.
    pub span: Span,
    /// Why they go.
    pub witness: Witness,
}

/// Added code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Its tokens, with line breaks between statements and no indentation.
    pub tokens: Vec<Token>,
    /// How it starts.
    pub starts: Edge,
    /// How it ends.
    pub ends: Edge,
}

/// How added code meets what stands next to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// On the same line.
    Inline,
    /// On a line of its own.
    Line,
    /// With an empty line between: a function.
    Apart,
}

/// Code to add at a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insertion {
    /// The token it hangs on.
    pub anchor: Span,
    /// In front of it or behind it.
    pub side: Side,
    /// The code.
    pub code: Code,
    /// How many statements around the innermost one end with the anchor, too.
    pub levels: usize,
    /// The number of the plus code in its rule.
    pub group: usize,
    /// Whether one place may get it several times (`++`).
    pub repeated: bool,
}

/// What a rule does to a file.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// What goes.
    pub removed: Vec<Removal>,
    /// What comes.
    pub inserted: Vec<Insertion>,
    /// The ends of headers of which the rule says that a statement without braces follows.
    pub headers: Vec<Span>,
}

impl Changes {
    /// Those that touch a span.
    fn within(&self, tree: &Tree, span: Span) -> Self {
        let last = span.end as usize == tree.source().text().len();
        let behind = |at: u32| span.start < at && at <= span.end;
        let inside = |at: u32| span.start <= at && (at < span.end || last);
        let here = |i: &&Insertion| match i.side {
            Side::After if i.anchor.is_empty() => behind(i.anchor.start),
            _ => inside(i.anchor.start),
        };
        Self {
            removed: self.removed.iter().filter(|r| r.span.overlaps(span)).cloned().collect(),
            inserted: self.inserted.iter().filter(here).cloned().collect(),
            headers: self.headers.iter().filter(|h| h.overlaps(span)).copied().collect(),
        }
    }
}

/// The edits that make the changes.
pub fn layout(tree: &Tree, changes: &Changes, manner: &Manner) -> EditSet {
    let inserted = changes.inserted.iter().map(|i| placed(tree, i)).collect();
    let changes = Changes { inserted, ..changes.clone() };
    let mut edits = EditSet::new();
    let mut from = 0;
    for to in ends(tree) {
        let span = Span::new(from, to);
        let here = changes.within(tree, span);
        if !(here.removed.is_empty() && here.inserted.is_empty()) {
            for edit in edits_of(tree, span, laid_out(stream::build(tree, span, &here), manner)) {
                // They follow each other, so that none can be refused.
                let _ = edits.add(edit);
            }
        }
        from = to;
    }
    edits
}

/// The code of `span` with the changes inside of it made.
pub fn fragment(tree: &Tree, span: Span, changes: &Changes, manner: &Manner) -> String {
    let tokens = laid_out(stream::build(tree, span, changes), manner);
    tokens.iter().map(Token::text).collect()
}

/// What makes the text of `span` that of the tokens.
fn edits_of(tree: &Tree, span: Span, tokens: Vec<Token>) -> Vec<TextEdit> {
    let text = tree.source().text();
    let mut out = Vec::new();
    let mut from = span.start;
    let mut new = String::new();
    let mut add = |from: u32, to: u32, new: &str| {
        let old = text.get(from as usize..to as usize).unwrap_or_default();
        let front = old.bytes().zip(new.bytes()).take_while(|(a, b)| a == b && a.is_ascii()).count();
        let (old, new) = (&old[front..], &new[front..]);
        let back =
            old.bytes().rev().zip(new.bytes().rev()).take_while(|(a, b)| a == b && a.is_ascii()).count();
        let (old, new) = (&old[..old.len() - back], &new[..new.len() - back]);
        if old != new {
            let start = from as usize + front;
            out.push(TextEdit::new(Span::new(start, start + old.len()), new));
        }
    };
    for token in tokens {
        match token {
            Token::Old(old) => {
                add(from, old.span.start, &new);
                new.clear();
                from = old.span.end;
            }
            token => new.push_str(token.text()),
        }
    }
    add(from, span.end, &new);
    out
}

fn laid_out(tokens: Vec<Token>, manner: &Manner) -> Vec<Token> {
    let tokens = spacing::after_line_comments(tokens);
    let tokens = spacing::code_for_brace(tokens);
    let tokens = spacing::braces_to_headers(tokens);
    let tokens = spacing::brace_of_one_line(tokens);
    let tokens = spacing::before_else(tokens);
    let tokens = spacing::else_to_braces(tokens);
    let tokens = removal::clean(tokens, manner.comments);
    let (tokens, unit) = indent::indent(tokens, &manner.indent);
    let tokens = spacing::before_closing(tokens);
    let tokens = spacing::behind_opening(tokens);
    let tokens = spacing::for_paren(tokens);
    let tokens = spacing::behind_pointer(tokens);
    let tokens = spacing::at_line_ends(tokens);
    let tokens = spacing::without_removed(tokens);
    let tokens = spacing::between_words(tokens);
    let tokens = spacing::commas(tokens);
    match manner.spacing {
        Spacing::Kernel => {
            let unit = unit.filter(|unit| !unit.is_empty());
            breaks::break_lines(tokens, unit.as_deref().unwrap_or(&manner.indent), manner.width)
        }
        Spacing::Rule => breaks::as_written(tokens),
    }
}

/// Where the pieces at the top of a file end, the end of the file included. A line of a conditional is a piece.
fn ends(tree: &Tree) -> Vec<usize> {
    let mut elements: Vec<Span> = Vec::new();
    collect(tree.root(), &mut elements);
    elements.sort_unstable();
    let text = tree.source().text();
    let conditionals = lexer::lex(text.as_bytes()).into_iter().filter(|t| {
        matches!(
            t.kind,
            TokenKind::Directive(Directive::If | Directive::Elif | Directive::Else | Directive::Endif)
        )
    });
    let inside = |at: u32| {
        let i = elements.partition_point(|e| e.start <= at);
        i > 0 && at < elements[i - 1].end
    };
    let mut out: Vec<usize> = conditionals.filter(|t| !inside(t.start)).map(|t| t.end as usize).collect();
    out.extend(elements.iter().map(|e| e.start as usize + tree.source().slice(*e).trim_end().len()));
    out.sort_unstable();
    out.retain(|e| *e > 0);
    out.push(text.len());
    out.dedup();
    out
}

fn collect(node: Node<'_>, out: &mut Vec<Span>) {
    for child in node.named_children() {
        match child.kind() {
            Kind::Comment => {}
            _ if matches!(child.role(), Some(Field::Name | Field::Condition)) => {}
            Kind::PreprocIf
            | Kind::PreprocIfdef
            | Kind::PreprocElse
            | Kind::PreprocElif
            | Kind::PreprocElifdef
            | Kind::LinkageSpecification
            | Kind::DeclarationList => collect(child, out),
            _ => {
                // The `;` of a type that stands alone is no part of its node.
                let end = child.next_sibling().filter(|t| t.is(Kind::Token) && t.text() == ";");
                out.push(end.map_or(child.span(), |t| child.span().cover(t.span())));
            }
        }
    }
}

/// The insertion at the place where its code goes: in front of a whole declaration, or behind all statements that the
/// rule's code ends.
fn placed(tree: &Tree, insertion: &Insertion) -> Insertion {
    match insertion.side {
        Side::Before if insertion.code.ends != Edge::Inline => before_header(tree, insertion),
        Side::Before => insertion.clone(),
        Side::After => raised(tree, insertion),
    }
}

fn before_header(tree: &Tree, insertion: &Insertion) -> Insertion {
    let anchor = insertion.anchor;
    let node = tree.covering(anchor);
    let holder = std::iter::once(node).chain(node.ancestors()).find(|n| {
        matches!(
            n.kind(),
            Kind::FunctionDefinition | Kind::Declaration | Kind::CompoundStatement | Kind::FieldDeclaration
        )
    });
    let mut out = insertion.clone();
    if let Some(h) = holder.filter(|h| !h.is(Kind::CompoundStatement)) {
        let declarator = h.child(Field::Declarator);
        let named =
            declarator.and_then(|d| d.child(Field::Declarator).filter(|_| d.is(Kind::InitDeclarator)));
        let name = named.or(declarator).map_or(h.span().end, |d| d.span().end);
        let leaf = h.descendants().find(|n| n.is_leaf() && !n.is(Kind::Comment));
        if let Some(leaf) = leaf.filter(|_| anchor.end <= name) {
            let comment = comment_above(h).filter(|_| h.ancestors().all(|a| !a.is(Kind::CompoundStatement)));
            out.anchor = comment.map_or(leaf.span(), Node::span);
        }
    }
    out
}

/// The first of the comments right above what stands at the top of a file: they belong to it.
fn comment_above(node: Node<'_>) -> Option<Node<'_>> {
    let source = node.tree().source();
    let mut at = node;
    while let Some(comment) = at.prev_sibling().filter(|c| c.is(Kind::Comment)) {
        let gap = source.slice(Span { start: comment.span().end, end: at.span().start });
        let before = &source.text()[..comment.span().start as usize];
        let own_line = before.rsplit('\n').next().is_none_or(|line| line.trim().is_empty());
        if !own_line || gap.matches('\n').count() > 1 {
            break;
        }
        at = comment;
    }
    at.is(Kind::Comment).then_some(at)
}

fn raised(tree: &Tree, insertion: &Insertion) -> Insertion {
    let mut out = insertion.clone();
    if insertion.levels == 0 {
        return out;
    }
    let around = braces::statement_around(tree, insertion.anchor);
    // A list of statements is no part of the block around it.
    let Some(mut at) = around.filter(|n| !n.is(Kind::CompoundStatement) || n.span() == insertion.anchor)
    else {
        return out;
    };
    for _ in 0..insertion.levels {
        match at.parent().filter(|p| p.is(Kind::ElseClause)).or(Some(at)).and_then(Node::parent) {
            Some(parent)
                if parent.kind().is_statement()
                    && parent.span().end == at.span().end
                    && !parent.is(Kind::CompoundStatement) =>
            {
                at = parent;
            }
            _ => break,
        }
    }
    if at.span().end >= insertion.anchor.end {
        out.anchor = at.span();
    }
    out
}
