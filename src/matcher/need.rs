//! What a text must hold for a rule to match in it: a question to the bytes, asked before anything is parsed.
//!
//! In: a rule with its isomorphisms. Out: a [`Need`]: words that have to be there, together or one for another, and for
//! names that are inherited the words and places they are bound to. It takes a word in a comment for a word: it may say
//! yes where nothing matches, and never says no where something does.

use super::environment::Environment;
use super::node::Matcher;
use crate::smpl::compile::CompiledRule;
use crate::smpl::pattern::{Leaf, NestCount, Pattern, Piece, Slot, is_literal};
use crate::smpl::token::{Mark, TokenKind};
use crate::smpl::{MetaKind, Metavariable};
use crate::source::Span;
use crate::syntax::{Kind, Node};
use memchr::memmem::Finder;
use std::sync::Arc;

/// What a text must hold.
#[derive(Clone, Debug, Default)]
pub enum Need {
    /// Nothing in particular.
    #[default]
    Nothing,
    /// This word, or this operator.
    Word(Word),
    /// What an inherited name is bound to.
    Bound(String),
    /// A place of an inherited position.
    Position(String),
    /// One of these places.
    Places(Vec<Span>),
    /// All of these.
    All(Vec<Need>),
    /// One of these.
    Any(Vec<Need>),
}

/// A word to look for.
#[derive(Clone, Debug)]
pub struct Word {
    text: String,
    finder: Arc<Finder<'static>>,
}

impl Word {
    /// Look for `text`.
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), finder: Arc::new(Finder::new(text.as_bytes()).into_owned()) }
    }

    /// Its characters.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is spelled with letters.
    pub fn is_name(&self) -> bool {
        self.text.as_bytes().first().is_some_and(|b| is_letter(*b))
    }

    /// Whether it stands somewhere, not as a part of another word.
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        let len = self.text.len();
        let letter = |at: Option<usize>| at.and_then(|i| bytes.get(i)).is_some_and(|b| is_letter(*b));
        let whole = |at: usize| !letter(at.checked_sub(1)) && !letter(Some(at + len));
        let mut found = self.finder.find_iter(bytes);
        if self.is_name() { found.any(whole) } else { found.next().is_some() }
    }
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

impl Need {
    /// What `rule` needs.
    pub fn of(rule: &CompiledRule) -> Self {
        of_pattern(&rule.pattern)
    }

    /// What `rule` needs to have an effect: to change or mark something, or to bind a name that later rules ask for. What
    /// stands in `<... ...>` need not be there for a match, but a match without it does nothing.
    pub fn of_effect(rule: &CompiledRule) -> Self {
        // Names that no token spells are bound on the way.
        let on_the_way = |meta: &Metavariable| {
            let types = meta.types.iter().flat_map(|t| t.base.split(' '));
            let mut names = types.chain(meta.numbers());
            let made_up = matches!(meta.kind, MetaKind::FreshIdentifier(_)).then_some(meta.name.as_str());
            names.any(|name| rule.exported.contains(name))
                || made_up.is_some_and(|name| rule.exported.contains(name))
                || matches!(meta.kind, MetaKind::Outline(_))
        };
        let mut nests = Vec::new();
        if rule.metavariables.values().any(on_the_way) || has_effect(rule, &rule.pattern, &mut nests) {
            return Self::of(rule);
        }
        nests.retain(|nest| has_effect(rule, nest, &mut Vec::new()));
        Self::all([Self::of(rule), Self::any(nests.into_iter().map(of_pattern))])
    }

    /// All of these.
    pub fn all(needs: impl IntoIterator<Item = Need>) -> Self {
        let mut out: Vec<Need> = Vec::new();
        for need in needs {
            match need {
                Need::Nothing => {}
                Need::All(more) => more.into_iter().for_each(|n| add(&mut out, n)),
                one => add(&mut out, one),
            }
        }
        match out.len() {
            0 => Need::Nothing,
            1 => out.remove(0),
            _ => Need::All(out),
        }
    }

    /// One of these.
    pub fn any(needs: impl IntoIterator<Item = Need>) -> Self {
        let mut out: Vec<Need> = Vec::new();
        for need in needs {
            match need {
                Need::Nothing => return Need::Nothing,
                Need::Any(more) => more.into_iter().for_each(|n| add(&mut out, n)),
                one => add(&mut out, one),
            }
        }
        if out.len() == 1 { out.remove(0) } else { Need::Any(out) }
    }

    /// The same where inherited names are bound as in `env`.
    #[must_use]
    pub fn with(&self, env: &Environment) -> Self {
        match self {
            Need::Bound(name) => env.get(name).map_or(Need::Nothing, |b| of_words(&b.key)),
            Need::Position(name) => match env.get(name) {
                Some(bound) => Need::Places(bound.places.iter().map(|place| place.span).collect()),
                None => Need::Nothing,
            },
            Need::All(all) => Need::all(all.iter().map(|need| need.with(env))),
            Need::Any(any) => Need::any(any.iter().map(|need| need.with(env))),
            Need::Nothing | Need::Word(_) | Need::Places(_) => self.clone(),
        }
    }

    /// Whether the bytes of `text` at `span` hold it.
    pub fn is_met(&self, text: &[u8], span: Span) -> bool {
        match self {
            // What was put around a macro's body may lie behind the end.
            Need::Word(word) => {
                let end = (span.end as usize).min(text.len());
                text.get(span.start as usize..end).is_some_and(|bytes| word.is_in(bytes))
            }
            Need::Places(places) => places.iter().any(|place| span.contains(*place)),
            Need::All(all) => all.iter().all(|need| need.is_met(text, span)),
            Need::Any(any) => any.iter().any(|need| need.is_met(text, span)),
            Need::Nothing | Need::Bound(_) | Need::Position(_) => true,
        }
    }
}

fn add(out: &mut Vec<Need>, need: Need) {
    let same = |old: &Need| match (old, &need) {
        (Need::Word(a), Need::Word(b)) => a.text == b.text,
        (Need::Bound(a), Need::Bound(b)) | (Need::Position(a), Need::Position(b)) => a == b,
        _ => false,
    };
    if !out.iter().any(same) {
        out.push(need);
    }
}

/// The names in the canonical spelling of some code.
fn of_words(key: &str) -> Need {
    let words = key.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    // Numbers have several spellings.
    let names = words.filter(|w| !w.is_empty() && !w.starts_with(|c: char| c.is_ascii_digit()));
    Need::all(names.map(|name| Need::Word(Word::new(name))))
}

/// Whether something of a pattern has an effect; what may be there any number of times is put aside.
fn has_effect<'p>(rule: &CompiledRule, pattern: &'p Pattern, aside: &mut Vec<&'p Pattern>) -> bool {
    let marked = |piece: &Piece| {
        let atom = &piece.atom;
        let asked = |name: &str| rule.exported.contains(name);
        atom.mark != Mark::Context
            || rule.hangs.contains_key(&atom.id)
            || atom.words().any(asked)
            || atom.attached.iter().any(|name| asked(name))
    };
    pattern.pieces().iter().any(|piece| {
        let inner = match piece.slot.and_then(|slot| pattern.slots().get(slot)) {
            Some(Slot::Nest(NestCount::Any, inner, _)) => {
                aside.push(inner);
                return false;
            }
            Some(Slot::Nest(NestCount::AtLeastOnce, inner, _)) => std::slice::from_ref(&**inner),
            Some(Slot::Disjunction(all) | Slot::Conjunction(all)) => all.as_slice(),
            Some(Slot::Directive(line)) => return marked(piece) || line.pieces().any(marked),
            Some(Slot::Dots(_)) | None => &[],
        };
        marked(piece) || inner.iter().any(|pattern| has_effect(rule, pattern, aside))
    })
}

fn of_pattern(pattern: &Pattern) -> Need {
    Need::all(pattern.roots().map(|root| of_node(pattern, root)))
}

fn of_node(pattern: &Pattern, node: Node<'_>) -> Need {
    let own = match Matcher::new(pattern).whole_leaf(node) {
        Leaf::Meta(meta) => Need::all([of_meta(meta), attached(pattern, node)]),
        Leaf::Slot(slot) => Need::all([of_slot(slot), attached(pattern, node)]),
        Leaf::Plain if node.is_leaf() => Need::all([of_leaf(pattern, node), attached(pattern, node)]),
        // `unsigned long int` has many spellings.
        Leaf::Plain if node.is(Kind::SizedTypeSpecifier) => Need::Nothing,
        Leaf::Plain if node.is(Kind::PreprocInclude) => included(pattern, node),
        Leaf::Plain if node.is(Kind::ElseClause) => otherwise(pattern, node),
        Leaf::Plain if node.is(Kind::ReturnStatement) => returned(pattern, node),
        Leaf::Plain if node.is(Kind::IfStatement) => {
            Need::all([Need::Word(Word::new("if")), of_children(pattern, node)])
        }
        Leaf::Plain => of_children(pattern, node),
    };
    let others = pattern.alternatives(node);
    if others.is_empty() { own } else { Need::any([own].into_iter().chain(others.iter().map(of_pattern))) }
}

fn of_children(pattern: &Pattern, node: Node<'_>) -> Need {
    Need::all(node.children().map(|child| of_node(pattern, child)))
}

/// `else` that stands for any statement may be missing.
fn otherwise(pattern: &Pattern, clause: Node<'_>) -> Need {
    let body = clause.named_children().next().map(|body| Matcher::new(pattern).whole_leaf(body));
    let word = match body {
        Some(Leaf::Plain) => Need::Word(Word::new("else")),
        _ => Need::Nothing,
    };
    Need::all([word, of_children(pattern, clause)])
}

/// The end of a function is a `return` without a value, too, and `return ...;` may be one.
fn returned(pattern: &Pattern, statement: Node<'_>) -> Need {
    let value = statement.named_children().next();
    let any = |n| matches!(Matcher::new(pattern).whole_leaf(n), Leaf::Slot(Slot::Dots(_)));
    let word = value.filter(|n| !any(*n)).map_or(Need::Nothing, |_| Need::Word(Word::new("return")));
    Need::all([word, of_children(pattern, statement)])
}

/// The name of an included file, if the rule tells all of it.
fn included(pattern: &Pattern, node: Node<'_>) -> Need {
    let text = pattern.piece(node).map_or("", |piece| piece.atom.text.as_str());
    let name = text.split_once("include").map_or("", |(_, name)| name.trim());
    if name.is_empty() || name.contains("...") { Need::Nothing } else { Need::Word(Word::new(name)) }
}

fn of_slot(slot: &Slot) -> Need {
    match slot {
        Slot::Disjunction(all) => Need::any(all.iter().map(of_pattern)),
        Slot::Conjunction(all) => Need::all(all.iter().map(of_pattern)),
        Slot::Nest(NestCount::AtLeastOnce, inner, _) => of_pattern(inner),
        Slot::Nest(NestCount::Any, ..) | Slot::Dots(_) | Slot::Directive(_) => Need::Nothing,
    }
}

/// An inherited name is compared with what it is bound to; a type may have other names.
fn of_meta(meta: &Metavariable) -> Need {
    use MetaKind::*;
    match meta.kind {
        Expression | Idexpression(_) | Identifier | Function if meta.inherited.is_some() => {
            Need::Bound(meta.name.clone())
        }
        _ => Need::Nothing,
    }
}

/// The metavariables that are attached to the piece at a leaf.
fn attached(pattern: &Pattern, node: Node<'_>) -> Need {
    let names = pattern.piece(node).map_or(&[][..], |piece| &piece.atom.attached);
    let metas = names.iter().filter_map(|name| pattern.metavariables().get(name));
    Need::all(metas.filter(|meta| meta.inherited.is_some()).map(|meta| match meta.kind {
        MetaKind::Position(_) => Need::Position(meta.name.clone()),
        _ => of_meta(meta),
    }))
}

/// What the rule says at a leaf, which may be several of its tokens; what the front end added says nothing.
fn of_leaf(pattern: &Pattern, node: Node<'_>) -> Need {
    match pattern.piece(node).filter(|piece| piece.span.end >= node.span().end) {
        Some(piece) => literal(pattern, piece),
        None => Need::all(pattern.pieces_of(node).iter().map(|piece| literal(pattern, piece))),
    }
}

fn literal(pattern: &Pattern, piece: &Piece) -> Need {
    let text = piece.atom.text.as_str();
    if text == "?" {
        return Need::Word(Word::new(text));
    }
    let plain = pattern.metavariables().get(text).is_none_or(|meta| is_literal(&meta.kind));
    let word = piece.atom.kind == TokenKind::Word;
    // What rules are lenient about, or every file has.
    let optional = matches!(
        text,
        "NULL"
            | "else"
            | "static"
            | "const"
            | "unsigned"
            | "signed"
            | "return"
            | "for"
            | "if"
            | "do"
            | "int"
            | "long"
            | "short"
            | "char"
    );
    if plain && word && !optional { Need::Word(Word::new(text)) } else { Need::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matcher::Binding;
    use crate::smpl::compile::compile;
    use crate::source::SourceFile;

    fn rule(text: &str) -> CompiledRule {
        let (file, errors) = crate::smpl::parse(&SourceFile::new("r.cocci", text));
        assert!(errors.is_empty(), "{errors:?}");
        let rule = file.rules().last().expect("a rule").clone();
        compile(&file.source, &rule, 1).expect("a good rule")
    }

    fn is_met(need: &Need, text: &str) -> bool {
        need.is_met(text.as_bytes(), Span::new(0, text.len()))
    }

    #[test]
    fn words_stand_whole_together_or_one_for_another() {
        let need = Need::of(&rule("@@\nexpression E;\n@@\n- \\(take\\|grab\\)(E, from)\n+ x\n"));
        assert!(is_met(&need, "take(a, from);") && is_met(&need, "grab(from)"));
        assert!(!is_met(&need, "take(a)") && !is_met(&need, "from") && !is_met(&need, "takes(a, from)"));
    }

    #[test]
    fn what_may_be_missing_is_not_needed() {
        let need = Need::of(&rule("@@\nexpression E;\n@@\n- if (E == NULL) return;\n- <... gone(); ...>\n"));
        assert!(is_met(&need, "if (p) {}") && !is_met(&need, "iffy(p) return;"), "{need:?}");
        let need = Need::of(&rule("@@\nexpression E;\n@@\n- a(E);\n? b(E);\n"));
        assert!(is_met(&need, "a(1);"));
    }

    #[test]
    fn a_nest_is_needed_for_an_effect() {
        let rule = rule("@@\nidentifier f;\n@@\nf(...) {\n<...\n- gone();\n+ stays();\n...>\n}\n");
        assert!(is_met(&Need::of(&rule), "other();"));
        assert!(!is_met(&Need::of_effect(&rule), "other();") && is_met(&Need::of_effect(&rule), "gone();"));
    }

    #[test]
    fn inherited_names_are_looked_for_as_they_are_bound() {
        let need =
            Need::of(&rule("@r@\nidentifier i;\n@@\nf(i)\n\n@@\nidentifier r.i;\n@@\n- g(i)\n+ h(i)\n"));
        assert!(is_met(&need, "g(a)"));
        let env = Environment::new().with("i", Binding::text("b"));
        assert!(!is_met(&need.with(&env), "g(a)") && is_met(&need.with(&env), "g(b)"));
    }
}
