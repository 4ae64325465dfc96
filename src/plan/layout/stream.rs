//! The tokens of one piece of a file with the added code in its place.
//!
//! In: a piece, what is removed of it and what is added. Out: [`Token`]s in order. Code added in front of a token that stays
//! goes directly in front of it, code added behind one goes behind the comments of its line; code added at a token that
//! goes takes its place.

use super::braces::{Branch, Change, Content, Stays, change, touched};
use super::token::{Class, Fate, Old, Token, Witness, pieces};
use super::{Changes, Code, Edge, Insertion, Removal};
use crate::smpl::compile::Side;
use crate::source::Span;
use crate::syntax::Tree;
use std::cmp::Reverse;

/// Code added around or instead of one token of the file.
#[derive(Clone, Debug, Default)]
struct Added<'a> {
    before: Vec<&'a Code>,
    instead: Vec<&'a Code>,
    after: Vec<Behind<'a>>,
    braces: Braces,
}

/// What is added behind a token.
#[derive(Clone, Copy, Debug)]
enum Behind<'a> {
    /// Code, and what it stands behind.
    Code(Span, &'a Code),
    /// The brace of a branch.
    Close(Span),
}

impl Behind<'_> {
    /// What it ends.
    fn span(&self) -> Span {
        match self {
            Self::Code(span, _) | Self::Close(span) => *span,
        }
    }

    /// Its words.
    fn words(&self) -> impl Iterator<Item = &str> {
        let (code, brace) = match self {
            Self::Code(_, code) => (Some(*code), None),
            Self::Close(_) => (None, Some("}")),
        };
        code.into_iter().flat_map(code_words).chain(brace)
    }

    fn extend(&self, out: &mut Vec<Token>) {
        match self {
            Self::Code(_, code) => {
                extend_breaks(out, code.starts);
                out.extend(code.tokens.iter().cloned());
            }
            Self::Close(_) => out.extend([Token::line_break(), Token::rule("}")]),
        }
    }
}

/// Braces of branches that are added around a token.
#[derive(Clone, Copy, Debug, Default)]
struct Braces {
    opens: usize,
    /// Those around what takes the place of a token.
    closes: usize,
    empty: bool,
}

/// The tokens of the piece `span`.
pub(super) fn build(tree: &Tree, span: Span, changes: &Changes) -> Vec<Token> {
    let mut old = old_tokens(tree, span, changes);
    let code: Vec<usize> = (0..old.len()).filter(|i| old[*i].class == Class::Code).collect();
    let mut added = vec![Added::default(); old.len()];
    list_commas(&mut old, &code, &changes.inserted);
    for insertion in &changes.inserted {
        let comment = |o: &Old| o.class == Class::Comment && o.span.start == insertion.anchor.start;
        let at = old.iter().position(comment).or_else(|| token_at(tree, (&old, &code), changes, insertion));
        let Some(at) = at else { continue };
        let place = &mut added[at];
        // What hangs on a row of nothing goes where that is, in order.
        let in_front = insertion.side == Side::Before
            || insertion.anchor.is_empty() && insertion.anchor.start <= old[at].span.start;
        match (old[at].fate == Fate::Kept, in_front) {
            (false, _) => place.instead.push(&insertion.code),
            (true, true) => place.before.push(&insertion.code),
            (true, false) => place.after.push(Behind::Code(insertion.anchor, &insertion.code)),
        }
    }
    for branch in touched(tree, changes) {
        let from = code.partition_point(|i| old[*i].span.start < branch.span.start);
        let to = code.partition_point(|i| old[*i].span.end <= branch.span.end);
        let Some(inside) = code.get(from..to).filter(|all| !all.is_empty()) else { continue };
        let kept = inside.iter().filter(|i| old[**i].fate == Fate::Kept).count();
        let stays = match kept {
            0 => Stays::Nothing,
            n if n < inside.len() => Stays::Part,
            _ => Stays::All,
        };
        let before = Content::of(inside.iter().map(|i| old[*i].text.as_str()));
        let after = Content::of(inside.iter().flat_map(|i| words(&old[*i], &added[*i], Some(branch))));
        let last = code[to - 1];
        let beside = added[last].after.iter().filter(|b| !is_within(branch, &old[last], b.span()));
        let behind = code[to..].iter().flat_map(|i| words(&old[*i], &added[*i], None));
        let otherwise = beside.flat_map(Behind::words).chain(behind).next() == Some("else");
        if let Some(change) = change(branch, stays, (before, after), otherwise) {
            brace(change, branch.span, (&old, inside), &mut added);
        }
    }
    emit(old, &added)
}

/// The words at a token of the file after the change, as far as what they end is `within` a branch.
fn words<'w>(old: &'w Old, added: &'w Added<'_>, within: Option<Branch>) -> impl Iterator<Item = &'w str> {
    let Added { before, instead, after, braces } = added;
    let kept = old.fate == Fate::Kept;
    let opens = std::iter::repeat_n("{", braces.opens);
    let own = kept.then_some(old.text.as_str());
    let closes = std::iter::repeat_n("}", braces.closes);
    let after = after.iter().filter(move |b| within.is_none_or(|branch| is_within(branch, old, b.span())));
    let (replaced, around) = if kept { (&[][..], before.as_slice()) } else { (instead.as_slice(), &[][..]) };
    opens
        .chain(around.iter().flat_map(|code| code_words(code)))
        .chain(own)
        .chain(replaced.iter().flat_map(|code| code_words(code)))
        .chain(closes)
        .chain(after.flat_map(Behind::words))
}

/// Whether what stands behind a token, and behind the code at `place`, is still in a branch: behind its own brace it is not.
fn is_within(branch: Branch, token: &Old, place: Span) -> bool {
    let own_brace = branch.block && token.span.end == branch.span.end && place != branch.span;
    branch.span.contains(place) && !own_brace
}

fn code_words(code: &Code) -> impl Iterator<Item = &str> {
    code.tokens.iter().map(Token::text).filter(|text| !text.trim().is_empty())
}

fn old_tokens(tree: &Tree, span: Span, changes: &Changes) -> Vec<Old> {
    let text = tree.source().slice(span);
    let base = span.start;
    let spans = || changes.removed.iter().map(|r| r.span).chain(changes.inserted.iter().map(|i| i.anchor));
    // A directive that a rule matches is code; one of which it matches a part is read.
    let whole = |s: Span, (start, end): (u32, u32)| s.start <= start && end <= s.end;
    let open = |start: usize, end: usize| {
        let (start, end) = (base + start as u32, base + end as u32);
        spans().any(|s| s.start >= start && s.end <= end && !whole(s, (start, end)))
    };
    let mut old = Vec::new();
    let mut number = 0;
    for piece in pieces(text, &open) {
        let place = Span::new(base as usize + piece.start, base as usize + piece.end);
        let matched = |s: Span| s.start == place.start && s.contains(place);
        let class = match piece.class {
            Class::Directive(_) if spans().any(matched) => Class::Code,
            class => class,
        };
        for part in parts(place, class, spans()) {
            number += usize::from(class == Class::Code || matches!(class, Class::Directive(_)));
            let text = tree.source().slice(part).to_string();
            let white = matches!(class, Class::Space | Class::Newline | Class::Comment);
            let fate = if white { Fate::Kept } else { fate(part, &changes.removed) };
            old.push(Old { text, span: part, class, fate, number: if white { 0 } else { number } });
        }
    }
    old
}

/// A token cut where a span starts or ends inside of it: a conversion inside of a string.
fn parts(place: Span, class: Class, spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut cuts = vec![place.start, place.end];
    if class == Class::Code {
        let inside = |at: &u32| place.start < *at && *at < place.end;
        cuts.extend(spans.flat_map(|s| [s.start, s.end]).filter(inside));
        cuts.sort_unstable();
        cuts.dedup();
    }
    cuts.windows(2).map(|w| Span::new(w[0] as usize, w[1] as usize)).collect()
}

fn fate(token: Span, removed: &[Removal]) -> Fate {
    let mut witness: Option<Witness> = None;
    for removal in removed.iter().filter(|r| r.span.contains(token)) {
        let all = witness.get_or_insert_with(|| Witness { matches: Vec::new(), run: removal.witness.run });
        all.matches.extend(removal.witness.matches.iter().copied());
        all.run = all.run.filter(|r| Some(*r) == removal.witness.run);
    }
    witness.map_or(Fate::Kept, Fate::Removed)
}

/// A comma goes along with the first element of a list in braces, unless something comes in its place.
fn list_commas(old: &mut [Old], code: &[usize], inserted: &[Insertion]) {
    for (i, at) in code.iter().enumerate() {
        if old[*at].text != "," || old[*at].fate != Fate::Kept {
            continue;
        }
        let before = code[..i].iter().rev().find(|j| old[**j].fate == Fate::Kept);
        let gone = i.checked_sub(1).map(|j| old[code[j]].fate.clone()).filter(|f| *f != Fate::Kept);
        if let (Some(open), Some(fate)) = (before, gone)
            && old[*open].text == "{"
            && !inserted
                .iter()
                .any(|i| old[*open].span.end <= i.anchor.start && i.anchor.end <= old[*at].span.start)
        {
            old[*at].fate = fate;
        }
    }
}

/// The token of the file at which code is added. Code that takes the place of a statement goes where that starts.
fn token_at(
    tree: &Tree,
    (old, code): (&[Old], &[usize]),
    changes: &Changes,
    insertion: &Insertion,
) -> Option<usize> {
    let anchor = insertion.anchor;
    let from = |start: u32| code.iter().copied().find(|i| old[*i].span.start >= start);
    let first = from(anchor.start);
    let last = code.iter().copied().rev().find(|i| old[*i].span.end <= anchor.end);
    let gone = |i: usize| old[i].fate != Fate::Kept;
    let is_brace = |i: usize| old[i].text == "}" && insertion.code.ends == Edge::Line;
    match insertion.side {
        Side::Before => first.or(last),
        Side::After if first.is_some_and(gone) && last.is_some_and(gone) && !anchor.is_empty() => {
            // Other code that comes before this stays before it.
            let above = |span: Span| {
                let mut others = changes.inserted.iter().map(|i| i.anchor);
                others.any(|other| span.start < other.start && other.end < anchor.end)
            };
            let all_gone = |span: Span| {
                let mut inside = code.iter().filter(|i| span.contains(old[**i].span));
                inside.all(|i| gone(*i)) && !above(span)
            };
            let node = tree.covering(anchor);
            let whole = std::iter::once(node)
                .chain(node.ancestors())
                .take_while(|n| n.span().end == anchor.end && all_gone(n.span()))
                .filter(|n| n.kind().is_statement())
                .last();
            match whole {
                Some(n) => from(n.span().start),
                None if above(anchor) => last,
                None => first,
            }
        }
        Side::After if anchor.is_empty() && first.is_some_and(is_brace) => first,
        Side::After => last.or(first),
    }
}

fn brace(change: Change, span: Span, (old, inside): (&[Old], &[usize]), added: &mut [Added<'_>]) {
    let (Some(first), Some(last)) = (inside.first().copied(), inside.last().copied()) else { return };
    match change {
        Change::Emptied => added[last].braces.empty = true,
        Change::Replaced => {
            // All of it stands right behind the header.
            let code: Vec<&Code> =
                inside.iter().flat_map(|i| std::mem::take(&mut added[*i].instead)).collect();
            added[first].instead = code;
            added[first].braces.opens += 1;
            added[first].braces.closes += 1;
        }
        Change::Joined => {
            added[first].braces.opens += 1;
            if old[last].fate == Fate::Kept {
                let after = &mut added[last].after;
                after.sort_by_key(|b| Reverse(b.span().start));
                let at = after.iter().rposition(|b| span.contains(b.span())).map_or(0, |i| i + 1);
                after.insert(at, Behind::Close(span));
            } else {
                added[last].braces.closes += 1;
            }
        }
    }
}

fn emit(old: Vec<Old>, added: &[Added<'_>]) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::new();
    // Code that waits for the end of the comments of its line.
    let mut waiting: Vec<Token> = Vec::new();
    for (i, token) in old.iter().enumerate() {
        let Added { before, instead, after, braces } = &added[i];
        let stays = matches!(token.class, Class::Space | Class::Comment)
            || matches!(token.class, Class::Directive(_)) && !waiting.is_empty();
        if !waiting.is_empty() && !stays {
            flush(&mut out, &mut waiting);
        }
        let kept = token.fate == Fate::Kept;
        if kept {
            for _ in 0..braces.opens {
                out.extend([Token::rule("{"), Token::line_break()]);
            }
            for code in before {
                out.extend(code.tokens.iter().cloned());
                extend_breaks(&mut out, code.ends);
            }
        }
        let outdented = token.text.starts_with('#') || is_label(&old[i..]);
        let line_goes = outdented && out.last().is_some_and(|t| t.is_newline() && t.text().ends_with('\n'));
        // One preprocessor line in the place of another stands as that did.
        let in_column = instead
            .first()
            .and_then(|code| code.tokens.first())
            .is_none_or(|t| *t == Token::Outdent || token.text.starts_with('#') && t.text().starts_with('#'));
        if !kept && line_goes && !in_column {
            // What takes the place of a directive or a label is not in its column: the old newline goes behind the new line.
            let newline = out.pop();
            out.push(Token::line_break());
            replace(&mut out, instead, braces);
            out.extend(newline);
            out.push(Token::Old(token.clone()));
            continue;
        }
        out.push(Token::Old(token.clone()));
        if !kept {
            replace(&mut out, instead, braces);
        } else {
            for behind in after {
                behind.extend(&mut waiting);
            }
        }
    }
    flush(&mut out, &mut waiting);
    out
}

/// Whether a label starts here.
fn is_label(tokens: &[Old]) -> bool {
    let word = |t: &Old| t.text.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let mut code = tokens.iter().filter(|t| t.class != Class::Space);
    code.next().is_some_and(word) && code.next().is_some_and(|t| &*t.text == ":")
}

/// What stands instead of a removed token, the last one.
fn replace(out: &mut Vec<Token>, instead: &[&Code], braces: &Braces) {
    // Nothing is left of what stood between this and other code in front of it.
    let above = out.iter().rposition(Token::is_new).filter(|i| joined(out, *i));
    if let (Some(_), Some(first)) = (above, instead.first()) {
        extend_breaks(out, first.starts);
    }
    for _ in 0..braces.opens {
        out.extend([Token::rule("{"), Token::line_break()]);
    }
    for (i, code) in instead.iter().enumerate() {
        if i > 0 {
            let above = out.last().map_or("", Token::text);
            let bare = |text: &str| matches!(text, "," | ";" | "(" | ")" | "[" | "]" | "." | "->" | "\n");
            let first = code.tokens.first().map_or("", Token::text);
            if code.starts == Edge::Inline && !bare(above) && !bare(first) {
                out.push(Token::blank());
            }
            extend_breaks(out, code.starts);
        }
        out.extend(code.tokens.iter().cloned());
    }
    for _ in 0..braces.closes {
        out.extend([Token::line_break(), Token::rule("}")]);
    }
    if braces.empty {
        out.push(Token::rule("{}"));
    }
}

/// Whether nothing will be left between the added token at `added` and the removed one that comes last.
fn joined(tokens: &[Token], added: usize) -> bool {
    let [between @ .., last] = &tokens[added + 1..] else { return false };
    let before = tokens[..added].iter().rev().find(|t| t.old().is_some());
    let stays = between.iter().any(|t| t.is_gap() && t.is_kept());
    !tokens[added].is_added_white()
        && between.iter().all(|t| t.is_removed() || t.is_gap())
        && (!stays || before.is_some_and(|t| t.joins(last)))
}

fn extend_breaks(out: &mut Vec<Token>, edge: Edge) {
    let breaks = match edge {
        Edge::Inline => 0,
        Edge::Line => 1,
        Edge::Apart => 2,
    };
    out.extend(std::iter::repeat_n(Token::line_break(), breaks));
}

/// Put waiting code behind the comments of its line, in front of the blanks at its end.
fn flush(out: &mut Vec<Token>, waiting: &mut Vec<Token>) {
    let blanks = out.iter().rev().take_while(|t| t.is_space()).count();
    let at = out.len() - blanks;
    out.splice(at..at, waiting.drain(..));
}
