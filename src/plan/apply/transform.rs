//! The matches of one rule as edits of one file.
//!
//! In: a rule, a tree and what the rule matched. Out: the new text. Two matches that make the same edit make it once. A
//! match inside of what another one's metavariable stands for is part of that metavariable's code. Two matches that want
//! different code at one place disagree: the second is reported and left out, and everything else is done. So is a match
//! that would drop or move code which was not read.

use super::agreeing::{Failed, Why, agreeing};
use super::rule_text::RuleText;
use crate::diagnostic::{Diagnostic, Severity};
use crate::matcher::environment::{QUIET, Touch};
use crate::matcher::{Binding, Environment};
use crate::plan::layout::token::{Token, Witness};
use crate::plan::layout::{Changes, Code, Edge, Insertion, Manner, Removal, fragment, layout};
use crate::plan::outlining::matches::outlines;
use crate::plan::plus::Renderer;
use crate::plan::superfluous;
use crate::plan::unread::Unread;
use crate::smpl::Metavariable;
use crate::smpl::compile::{CompiledRule, Side};
use crate::smpl::token::Mark;
use crate::source::Span;
use crate::syntax::{self, Field, Kind, Tree};
use std::collections::{HashMap, HashSet};

/// What one match does, or one place of a nest in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Site {
    /// The number of the match.
    pub(super) number: usize,
    /// What names stand for here.
    pub(super) environment: Environment,
    /// The tokens of the rule that are here.
    pub(super) touches: Vec<Touch>,
    removed: Vec<Removal>,
    pub(super) inserted: Vec<Insertion>,
    headers: Vec<Span>,
    /// From the first byte it edits to the last.
    extent: Option<Span>,
    /// The code that its own metavariables stand for and that it removes.
    taken: Vec<Span>,
}

/// The text after all edits of a rule.
pub(super) fn transform(
    rule: &CompiledRule,
    tree: &Tree,
    found: &[Environment],
    manner: &Manner,
) -> (Vec<u8>, Vec<Diagnostic>) {
    let source = tree.source();
    let (found, unread) = readable(rule, tree, one_include(rule, tree, found.to_vec()));
    let outlines = outlines(rule, tree, &found);
    let (changes, failed) = changes((rule, manner), tree, &outlines.matches);
    let mut edits = layout(tree, &changes, manner);
    let mut diagnostics: Vec<Diagnostic> =
        failed.iter().map(|failed| failed.told(&rule.name, source)).collect();
    for edit in outlines.edits {
        let span = edit.span;
        if edits.add(edit).is_err() {
            diagnostics.push(Failed { place: span, why: Why::Taken }.told(&rule.name, source));
        }
    }
    for comment in outlines.comments {
        // Where that fails, it went with the code around it.
        let _ = edits.remove(comment);
    }
    if !outlines.functions.is_empty() {
        for edit in superfluous::remove(source, &edits, &outlines.functions).0 {
            // They fit what is there: that is where they come from.
            let _ = edits.add(edit);
        }
    }
    diagnostics.extend(outlines.diagnostics);
    diagnostics.extend(unread);
    (edits.apply(source.bytes()), diagnostics)
}

/// The matches that leave unread code alone, and what is to be said of the others.
fn readable(
    rule: &CompiledRule,
    tree: &Tree,
    found: Vec<Environment>,
) -> (Vec<Environment>, Vec<Diagnostic>) {
    let Some(unread) = Unread::of(tree) else { return (found, Vec::new()) };
    let text = RuleText::of(rule);
    let (mut kept, mut told) = (Vec::new(), Vec::new());
    for env in found {
        let sites = sites(rule, &text, 0, &env);
        let removed: Vec<Span> = sites.iter().flat_map(|s| &s.removed).map(|removal| removal.span).collect();
        let extent = sites.iter().filter_map(|site| site.extent).reduce(Span::cover);
        let Some(place) = unread.in_the_way(&removed, &copied(rule, &env)) else {
            kept.push(env);
            continue;
        };
        let source = tree.source();
        let message =
            format!("{} would drop or move code that was not read; it was left as it is", rule.name);
        let diagnostic = Diagnostic::new(Severity::Warning, "unread-code", message);
        told.push(diagnostic.at(source, extent.unwrap_or(place), "here").at(source, place, "this stays"));
    }
    (kept, told)
}

/// The code that a match writes again in its plus code.
fn copied(rule: &CompiledRule, env: &Environment) -> Vec<Span> {
    let named: HashSet<&str> =
        rule.plus.iter().flat_map(|code| &code.atoms).map(|atom| atom.text.as_str()).collect();
    let own = |name: &str| rule.metavariables.get(name).is_some_and(|m| m.inherited.is_none());
    let mut spans: Vec<Span> = Vec::new();
    for bound in env.occurrences().iter().map(|(e, _)| e).chain([env]) {
        let here = bound.bindings();
        spans.extend(here.iter().filter(|(name, _)| own(name) && named.contains(name)).map(|(_, b)| b.span));
    }
    spans
}

/// A match, and what its outlines are called.
type Match = (Environment, Vec<(String, String)>);

/// What all matches do together, and the places of those that cannot have their code.
fn changes((rule, manner): (&CompiledRule, &Manner), tree: &Tree, found: &[Match]) -> (Changes, Vec<Failed>) {
    let text = RuleText::of(rule);
    let mut sites: Vec<Site> =
        found.iter().enumerate().flat_map(|(i, m)| sites(rule, &text, i, &m.0)).collect();
    let mut order: Vec<usize> = (0..sites.len()).collect();
    order.sort_by_key(|i| sites[*i].extent.map_or(0, Span::len));
    for i in order {
        let inserted = insertions((rule, manner), tree, &found[sites[i].number], &sites, i);
        sites[i].inserted = inserted;
    }
    let (kept, failed) = agreeing(rule, &sites);
    let hidden = |i: &usize| kept.iter().any(|j| hides(&sites[*j], &sites[*i]));
    let mut removed = merged(kept.iter().flat_map(|i| &sites[*i].removed));
    let mut inserted: Vec<Insertion> = Vec::new();
    for insertion in kept.iter().filter(|i| !hidden(i)).flat_map(|i| &sites[*i].inserted) {
        // Code that is added as often as its place matches is added once for each match.
        if !insertion.repeated && inserted.contains(insertion) {
            continue;
        }
        // Each match for what another rule found goes right behind its place: the last one is the first there.
        let beside = |i: &Insertion| i.repeated && i.side == Side::After && i.anchor == insertion.anchor;
        let stays = !removed.iter().any(|r| r.span.contains(insertion.anchor));
        let turned = insertion.repeated && stays && names_inherited(rule, insertion.group);
        let place = if turned { inserted.iter().position(beside) } else { None };
        inserted.insert(place.unwrap_or(inserted.len()), insertion.clone());
    }
    declarators(tree, &mut removed, &mut inserted);
    inserted.iter_mut().for_each(|insertion| as_lined_up(tree, insertion));
    let inserted = with_commas(tree, &removed, inserted);
    let headers = kept.iter().flat_map(|i| sites[*i].headers.iter().copied()).collect();
    (Changes { removed, inserted, headers }, failed)
}

/// Whether plus code mentions what an earlier rule found.
fn names_inherited(rule: &CompiledRule, group: usize) -> bool {
    let inherited = |name: &str| rule.metavariables.get(name).is_some_and(|m| m.inherited.is_some());
    rule.plus[group].atoms.iter().any(|atom| inherited(&atom.text))
}

/// What a match does: what names stand for that each place of a nest has its own values for, it does apart from the rest.
fn sites(rule: &CompiledRule, text: &RuleText, number: usize, env: &Environment) -> Vec<Site> {
    let all = env.touches();
    let one = |(environment, touches): (Environment, Vec<Touch>)| {
        let site = Site { number, environment, touches, ..Site::default() };
        bounds(rule, text, &all, site)
    };
    env.occurrences().into_iter().map(one).collect()
}

/// The site with what it removes, and where it adds code; `all` are the tokens of its match.
fn bounds(rule: &CompiledRule, text: &RuleText, all: &[Touch], mut site: Site) -> Site {
    // What a nest matches again is another match of its code; what goes along with a token belongs to its nearest match.
    let turn = |touch: &Touch| {
        let atom = touch.atom & !QUIET;
        let all = || all.iter().filter(|t| t.atom == atom);
        let nearest = all().min_by_key(|t| t.span.start.abs_diff(touch.span.start));
        all().filter(|t| nearest.is_some_and(|nearest| t.span < nearest.span)).count()
    };
    for touch in &site.touches {
        let atom = touch.atom & !QUIET;
        let minus = rule.marks.get(&atom) == Some(&Mark::Minus);
        if minus && !touch.span.is_empty() {
            let matches = vec![site.number << 16 | turn(touch).min(0xffff)];
            let witness = Witness { matches, run: text.runs.get(&atom).copied() };
            site.removed.push(Removal { span: touch.span, witness });
        } else if !minus && text.headers.contains(&atom) {
            site.headers.push(touch.span);
        }
        if minus || rule.hangs.contains_key(&touch.atom) {
            site.extent = Some(site.extent.map_or(touch.span, |e| e.cover(touch.span)));
        }
    }
    let own = |name: &str| rule.metavariables.get(name).is_some_and(|m| m.inherited.is_none());
    let gone = |s: &Span| site.removed.iter().any(|r| r.span.contains(*s));
    let bound = site.environment.bindings();
    let spans = bound.iter().filter(|(name, b)| own(name) && !b.span.is_empty()).map(|(_, b)| b.span);
    // What an earlier rule bound stands where this one found it.
    let named = |atom: u32| {
        rule.texts.get(&(atom & !QUIET)).is_some_and(|text| rule.metavariables.contains_key(text))
    };
    let found = site.touches.iter().filter(|t| named(t.atom)).map(|t| t.span);
    let mut taken: Vec<Span> = spans.chain(found).filter(gone).collect();
    taken.sort_unstable();
    taken.dedup();
    Site { taken, ..site }
}

/// Whether what `inner` does happens inside of code that `outer` takes and may write anew, or is part of what `outer` does.
fn hides(outer: &Site, inner: &Site) -> bool {
    let Some(extent) = inner.extent.filter(|_| outer.extent != inner.extent) else { return false };
    let within = outer.extent.is_some_and(|o| o.contains(extent)) && !inner.removed.is_empty();
    let also = |r: &Removal| outer.removed.iter().any(|o| o.span == r.span);
    outer.taken.iter().any(|s| s.contains(extent)) || within && inner.removed.iter().all(also)
}

/// Where a match found what the metavariable stands for.
fn found_at(rule: &CompiledRule, env: &Environment, name: &str) -> Option<Span> {
    let touches = env.touches();
    let mut own =
        touches.iter().filter(|t| rule.texts.get(&(t.atom & !QUIET)).is_some_and(|text| text == name));
    own.next().map(|t| t.span)
}

fn insertions(
    (rule, manner): (&CompiledRule, &Manner),
    tree: &Tree,
    found: &Match,
    sites: &[Site],
    own: usize,
) -> Vec<Insertion> {
    let edited = |meta: &Metavariable, binding: &Binding| {
        let span = match meta.inherited {
            None => (!binding.span.is_empty()).then_some(binding.span),
            Some(_) => found_at(rule, &found.0, &meta.name),
        }?;
        // Of its own match only what the same nest finds there: other lines of the rule mean what was there before.
        let own = &sites[own];
        let again = |s: &Site| s.touches.iter().any(|t| own.touches.iter().any(|o| o.atom == t.atom));
        let inside = |s: &&Site| {
            let within = s.extent.is_some_and(|e| span.contains(e) && Some(e) != own.extent);
            within && (s.number != own.number || again(s))
        };
        let inner: Vec<&Site> = sites.iter().filter(inside).collect();
        if inner.is_empty() {
            return None;
        }
        let shown: Vec<&&Site> = inner.iter().filter(|s| !inner.iter().any(|o| hides(o, s))).collect();
        let removed = merged(inner.iter().flat_map(|s| &s.removed));
        let inserted: Vec<Insertion> = shown.iter().flat_map(|s| s.inserted.clone()).collect();
        Some(fragment(tree, span, &Changes { removed, inserted, headers: Vec::new() }, manner))
    };
    let mut out: Vec<Insertion> = Vec::new();
    let mut again: HashSet<(u32, Span, String)> = HashSet::new();
    let outlined = |env: Environment, (name, text): &(String, String)| env.with(name, Binding::text(&**text));
    let bound = found.1.iter().fold(sites[own].environment.clone(), outlined);
    for touch in &sites[own].touches {
        for (side, index) in rule.hangs.get(&touch.atom).into_iter().flatten() {
            let metavariables = &rule.metavariables;
            let spacing = manner.spacing;
            let renderer = Renderer { metavariables, environment: &bound, edited: &edited, spacing };
            let code = renderer.render(&rule.plus[*index]);
            let levels = rule.levels.get(&touch.atom).copied().unwrap_or(0);
            let repeated = rule.plus[*index].atoms.iter().any(|a| a.mark == Mark::PlusPlus);
            let one = Insertion { anchor: touch.span, side: *side, code, levels, group: *index, repeated };
            let turn = repeated && again.insert((touch.atom, touch.span, bound.key()));
            if turn || !out.contains(&one) {
                out.push(one);
            }
        }
    }
    out
}

/// Removals by span, each with all the matches that want it.
fn merged<'a>(removals: impl Iterator<Item = &'a Removal>) -> Vec<Removal> {
    let mut at: HashMap<Span, usize> = HashMap::new();
    let mut out: Vec<Removal> = Vec::new();
    for removal in removals {
        let index = *at.entry(removal.span).or_insert_with(|| {
            out.push(Removal {
                span: removal.span,
                witness: Witness { matches: Vec::new(), ..removal.witness },
            });
            out.len() - 1
        });
        let witness = &mut out[index].witness;
        witness.matches.extend(removal.witness.matches.iter().copied());
        witness.run = witness.run.filter(|r| Some(*r) == removal.witness.run);
    }
    out
}

/// Code added next to an include is added once: before the first, or behind the last.
fn one_include(rule: &CompiledRule, tree: &Tree, found: Vec<Environment>) -> Vec<Environment> {
    let root = rule.pattern.single().filter(|n| n.is(Kind::PreprocInclude));
    let piece = root.and_then(|n| rule.pattern.piece(n));
    let Some(piece) = piece.filter(|p| p.atom.mark == Mark::Context && p.atom.text.contains("...")) else {
        return found;
    };
    let Some((side, _)) = rule.hangs.get(&piece.atom.id).and_then(|h| h.first()) else { return found };
    let at = |e: &Environment| e.touches().first().map_or(0, |t| t.span.start);
    let nested = |e: &Environment| {
        let node = tree.covering(Span::at(at(e) as usize));
        node.ancestors().any(|n| matches!(n.kind(), Kind::PreprocIf | Kind::PreprocIfdef | Kind::PreprocElse))
    };
    let mut all = found.clone();
    if all.iter().any(|e| !nested(e)) {
        all.retain(|e| !nested(e));
    }
    all.sort_by_key(at);
    match side {
        Side::Before => all.truncate(1),
        Side::After => all = all.pop().into_iter().collect(),
    }
    all
}

/// A name that is added to an enumeration has a line of its own if the one next to it has.
fn as_lined_up(tree: &Tree, insertion: &mut Insertion) {
    let anchor = insertion.anchor;
    let before = &tree.source().text()[..anchor.start as usize];
    let node = tree.covering(anchor);
    let list = |n: &syntax::Node<'_>| n.parent().is_some_and(|p| p.is(Kind::EnumeratorList));
    let starts = |n: &syntax::Node<'_>| list(n) && n.span().start == anchor.start;
    if insertion.side == Side::Before
        && std::iter::once(node).chain(node.ancestors()).any(|n| starts(&n))
        && before.trim_end_matches([' ', '\t']).ends_with('\n')
        && insertion.code.tokens.last().is_some_and(|t| t.text() == ",")
    {
        insertion.code.ends = Edge::Line;
    }
}

/// The code to add, with the comma that the element in front of it may lack.
fn with_commas(tree: &Tree, removed: &[Removal], inserted: Vec<Insertion>) -> Vec<Insertion> {
    let list = |n: &syntax::Node<'_>| matches!(n.kind(), Kind::InitializerList | Kind::EnumeratorList);
    let mut behind: HashSet<Span> = HashSet::new();
    let mut out = Vec::new();
    for mut insertion in inserted {
        let anchor = insertion.anchor;
        let brace = insertion.side == Side::Before && tree.source().slice(anchor) == "}";
        let end = insertion.side == Side::After && anchor.is_empty();
        let starts = insertion.code.tokens.first().map_or_else(|| ",".to_owned(), |t| t.text().to_owned());
        let stays = |span: Span| !removed.iter().any(|r| r.span.contains(span));
        if insertion.side == Side::After && tree.source().slice(anchor) == "," && stays(anchor) {
            let comma = tree.covering(anchor);
            let around = comma.ancestors().find(list);
            if around.is_some_and(|list| goes_inline(list, comma, &insertion.code)) {
                insertion.code.tokens.insert(0, Token::blank());
                (insertion.code.starts, insertion.code.ends) = (Edge::Inline, Edge::Inline);
            }
        }
        if (brace || end) && starts != "," {
            let place =
                Span::at((if brace { anchor.start } else { anchor.start.saturating_sub(1) }) as usize);
            let node = tree.covering(if brace { anchor } else { place });
            let around = std::iter::once(node).chain(node.ancestors()).find(list);
            let stays = |n: &syntax::Node<'_>| {
                n.is_leaf()
                    && !matches!(n.kind(), Kind::Comment | Kind::PreprocDirective | Kind::UnreadArm)
                    && n.span().end <= anchor.start
                    && !removed.iter().any(|r| r.span.contains(n.span()))
            };
            let last = around.and_then(|list| list.descendants().filter(stays).last());
            if let (Some(list), Some(last)) = (around, last)
                && goes_inline(list, last, &insertion.code)
            {
                let comma = last.text() == ",";
                let first = if comma { Token::blank() } else { Token::comma() };
                let mut tokens = vec![first];
                tokens.append(&mut insertion.code.tokens);
                let code = Code { tokens, starts: Edge::Inline, ends: Edge::Inline };
                out.push(Insertion { anchor: last.span(), side: Side::After, code, ..insertion });
                continue;
            }
            if let Some(last) = last.filter(|n| !matches!(n.text(), "," | "{") && behind.insert(n.span())) {
                // A list whose closing brace has a line of its own has one for each element.
                let lines = around.is_some_and(|list| {
                    let inner = list.text().trim_end_matches('}');
                    inner[inner.trim_end().len()..].contains('\n')
                });
                if lines {
                    insertion.code.starts = Edge::Line;
                }
                let inline = insertion.code.starts == Edge::Inline;
                let tokens = vec![if inline { Token::comma() } else { Token::rule(",") }];
                let code = Code { tokens, starts: Edge::Inline, ends: Edge::Inline };
                let anchor = last.span();
                out.push(Insertion { anchor, side: Side::After, code, levels: 0, ..insertion.clone() });
            }
        }
        out.push(insertion);
    }
    out
}

/// Whether values that have a line of their own in the rule go behind the last one of a list, as all of it is on one line.
fn goes_inline(list: syntax::Node<'_>, last: syntax::Node<'_>, code: &Code) -> bool {
    let breaks = |t: &Token| t.text().contains('\n');
    let names = || list.is(Kind::EnumeratorList) && code.tokens.last().is_some_and(|t| t.text() == ",");
    (list.is(Kind::InitializerList) && code.starts == Edge::Line || names())
        && last.text() != "{"
        && !list.text().contains('\n')
        && !code.tokens.iter().any(breaks)
}

/// A declaration of several names of which a rule removes one loses only that one.
fn declarators(tree: &Tree, removed: &mut Vec<Removal>, inserted: &mut [Insertion]) {
    let several = |n: &syntax::Node<'_>| {
        matches!(n.kind(), Kind::Declaration | Kind::FieldDeclaration)
            && n.children_in(Field::Declarator).count() > 1
    };
    let mut seen = HashSet::new();
    let semicolons: Vec<Removal> =
        removed.iter().filter(|r| tree.source().slice(r.span) == ";").cloned().collect();
    for Removal { span: semicolon, witness } in semicolons {
        let node = tree.covering(semicolon);
        let Some(d) = std::iter::once(node).chain(node.ancestors()).find(several) else { continue };
        if d.span().end != semicolon.end || !seen.insert(d.id()) {
            continue;
        }
        let removal = |span| Removal { span, witness: witness.clone() };
        let all: Vec<_> = d.children_in(Field::Declarator).collect();
        let gone = |n: &&syntax::Node<'_>| {
            removed.iter().any(|r| n.span().contains(r.span) || r.span.contains(n.span()))
        };
        let lost: Vec<Span> = all.iter().filter(gone).map(|n| n.span()).collect();
        if lost.len() == all.len() {
            removed.push(removal(d.span()));
            continue;
        }
        for insertion in inserted.iter_mut().filter(|i| d.span().contains(i.anchor)) {
            insertion.anchor = d.span();
        }
        removed.retain(|r| !d.span().contains(r.span));
        let first_kept = all.iter().position(|n| !lost.contains(&n.span())).unwrap_or(0);
        for (i, declarator) in all.iter().enumerate().filter(|(_, n)| lost.contains(&n.span())) {
            // A comma goes with the name before the first one that stays, and with each name behind it.
            let (start, end) = if i < first_kept {
                (declarator.span().start, all[i + 1].span().start)
            } else {
                (all[i - 1].span().end, declarator.span().end)
            };
            removed.push(removal(Span { start, end }));
        }
    }
}
