//! Rules over one file.
//!
//! In: a file and the walks that apply to its tree. Out: its sites in order. Every conversion's edits leave nothing
//! behind that only the old loop used; what several conversions of a file leave behind together goes with the last.

use super::rule::Walking;
use super::{Converted, Level, Site, Verdict};
use crate::edit::{EditSet, Overlap, TextEdit, between};
use crate::flow::facts::Facts;
use crate::outline::plain::convert_plain;
use crate::outline::{Conversion, Local, Taken, convert};
use crate::plan::superfluous::{self, Removed};
use crate::source::{SourceFile, Span};
use crate::syntax::coverage::{Coverage, MacroBodies};
use crate::syntax::file_scope::FileScope;
use crate::syntax::ledger::Cause;
use crate::syntax::scope::Scopes;
use crate::syntax::{Headers, MacroKnowledge, Node, parse_with};
use crate::verify::reparse::newly_unreadable;
use crate::walk::plain::{PlainSpec, calls, recognise as recognise_plain};
use crate::walk::prepare::{Prepared, prepared, sooner};
use crate::walk::site::acquisitions;
use crate::walk::{
    Duty, Note, Proof, Recognised, Refusal, RefusalCode, Walk, WalkSpec, recognise, recognise_kept,
};

/// What one file holds.
pub(super) struct Found {
    pub(super) sites: Vec<Site>,
    pub(super) coverage: Coverage,
}

/// What is asked of every file.
pub(super) struct Asked<'a> {
    /// The walks that apply to the tree.
    pub(super) walks: &'a [Walking<'a>],
    /// The words that they require.
    pub(super) words: &'a [String],
    /// What headers say about macros.
    pub(super) headers: &'a Headers<'a>,
    /// How sure a conversion has to be to be made; only such count for each other.
    pub(super) level: Level,
}

/// The sites of one file.
pub(super) fn sites(file: &SourceFile, asked: &Asked<'_>) -> Found {
    let macros = asked.headers.macros(file);
    let tree = parse_with(file, &macros);
    let coverage = Coverage::of_candidate(&tree, asked.words, MacroBodies::NotRead);
    let scope = FileScope::of(&tree);
    let (sites, edits, names, locals) = (Vec::new(), EditSet::new(), Vec::new(), Vec::new());
    let mut work = Work { file, scope: &scope, asked, macros: &macros, sites, edits, names, locals };
    for walk in asked.walks {
        for function in &scope.functions {
            match walk {
                Walking::Batches(walk) => work.function(walk, function.node, function.name),
                Walking::Plain(walk) => work.plain(walk, function.node, function.name),
            }
        }
        work.unread(*walk, &coverage);
    }
    let mut sites = work.sites;
    sites.sort_by_key(|s| s.span);
    Found { sites, coverage }
}

struct Work<'a, 't> {
    file: &'a SourceFile,
    scope: &'a FileScope<'t>,
    asked: &'a Asked<'a>,
    macros: &'a MacroKnowledge,
    sites: Vec<Site>,
    /// Every edit so far, what became superfluous included.
    edits: EditSet,
    /// Names that conversions have added.
    names: Vec<String>,
    /// Locals that conversions have added, with their functions.
    locals: Vec<(String, Local)>,
}

impl<'t> Work<'_, 't> {
    fn function(&mut self, walk: &WalkSpec, function: Node<'t>, name: &str) {
        if acquisitions(walk, function).is_empty() {
            return;
        }
        let scopes = Scopes::of(function);
        for Recognised { call, walk: found, mut proof } in recognise(walk, &scopes) {
            let sooner = found.as_ref().ok().and_then(|found| sooner(walk, &scopes, found, name));
            let converted = match sooner.and_then(|way| self.prepared(walk, &way, call)) {
                Some((converted, shown)) => {
                    proof = shown;
                    Ok(converted)
                }
                None => found.and_then(|found| {
                    let converted = self.convert(walk, &found, &scopes, name, &mut proof);
                    converted.inspect_err(|refusal| proof.refused(refusal))
                }),
            };
            let converted = converted.or_else(|refusal| {
                if let Some((converted, shown)) = self.kept(walk, &scopes, call, name, refusal.code) {
                    proof = shown;
                    return Ok(converted);
                }
                let ways = prepared(walk, self.scope, call, refusal.code);
                let made = ways.iter().find_map(|way| self.prepared(walk, way, call));
                let (converted, shown) = made.ok_or(refusal)?;
                proof = shown;
                Ok(converted)
            });
            let verdict = match converted {
                Ok(converted) => Verdict::Converted(Box::new(converted)),
                Err(refusal) => Verdict::Refused(refusal),
            };
            self.push(&walk.name, call.span(), name, verdict, &proof);
        }
    }

    fn plain(&mut self, walk: &PlainSpec, function: Node<'t>, name: &str) {
        let calls = calls(walk, function);
        if calls.is_empty() {
            return;
        }
        let facts = Facts::of(function);
        for call in calls {
            let mut proof = Proof::default();
            let verdict = match self.convert_plain(walk, &facts, call, name, &mut proof) {
                Ok(converted) => Verdict::Converted(Box::new(converted)),
                Err(refusal) => {
                    proof.refused(&refusal);
                    Verdict::Refused(refusal)
                }
            };
            self.push(&walk.name, call.span(), name, verdict, &proof);
        }
    }

    fn convert_plain(
        &mut self,
        spec: &PlainSpec,
        facts: &Facts<'t>,
        call: Node<'t>,
        function: &str,
        proof: &mut Proof,
    ) -> Result<Converted, Refusal> {
        if function == spec.helper.0 {
            let sentence = "this is the helper itself";
            return Err(Refusal::new(RefusalCode::NotUnderstood, call.span(), sentence));
        }
        let walk = recognise_plain(spec, facts, call, proof)?;
        let conversion = convert_plain(spec, &walk, &facts.scopes, self.scope, &self.names, proof)?;
        let (level, edits, _) = self.settle(conversion, call, function, proof)?;
        let (helper, message) = (spec.helper.0.clone(), spec.message.clone());
        let function = function.to_owned();
        Ok(Converted { level, edits, function, helper, message, notes: Vec::new(), model: None })
    }

    fn push(&mut self, rule: &str, span: Span, function: &str, verdict: Verdict, proof: &Proof) {
        let (file, function, rule) = (self.file.clone(), function.to_owned(), rule.to_owned());
        self.sites.push(Site { file, span, function, rule, verdict, obligations: proof.obligations() });
    }

    fn convert(
        &mut self,
        spec: &WalkSpec,
        walk: &Walk<'t>,
        scopes: &Scopes<'t>,
        function: &str,
        proof: &mut Proof,
    ) -> Result<Converted, Refusal> {
        let locals = self.locals_of(function);
        let taken = Taken { names: &self.names, locals: &locals };
        let conversion = convert(spec, walk, scopes, self.scope, taken, proof)?;
        let (level, edits, removed) = self.settle(conversion, walk.site.call, function, proof)?;
        Ok(Converted {
            level,
            edits,
            function: function.to_owned(),
            helper: spec.helper_name.clone(),
            message: spec.message.clone(),
            notes: notes(spec, walk.notes.iter(), &removed),
            model: spec.model.clone(),
        })
    }

    /// Convert a walk whose ends the helper's result cannot tell apart, with the variables that tell them now.
    fn kept(
        &mut self,
        spec: &WalkSpec,
        scopes: &Scopes<'t>,
        call: Node<'t>,
        function: &str,
        refused: RefusalCode,
    ) -> Option<(Converted, Proof)> {
        if !matches!(refused, RefusalCode::ErrorChannels | RefusalCode::ValueAfterLoop) {
            return None;
        }
        let Recognised { walk, mut proof, .. } = recognise_kept(spec, scopes, call);
        let converted = self.convert(spec, &walk.ok()?, scopes, function, &mut proof).ok()?;
        Some((converted, proof))
    }

    /// Convert a walk that was another program's shape before: the conversion of the prepared text, seen from the original.
    fn prepared(
        &mut self,
        spec: &WalkSpec,
        prepared: &Prepared,
        call: Node<'t>,
    ) -> Option<(Converted, Proof)> {
        let mut ready = prepared.edits.clone();
        let functions = std::slice::from_ref(&prepared.function);
        ready.add_all(superfluous::remove(self.file, &ready, functions).0).ok()?;
        let file = SourceFile::new(self.file.path(), ready.apply(self.file.bytes()));
        let tree = parse_with(&file, self.macros);
        let scope = FileScope::of(&tree);
        let scopes = Scopes::of(scope.function(&prepared.function)?.node);
        let mut found = recognise(spec, &scopes);
        let own = found.iter().position(|f| ready.original(f.call.span()) == Some(call.span()));
        let Recognised { walk, mut proof, .. } =
            (!found.is_empty()).then(|| found.remove(own.unwrap_or(0)))?;
        let walk = walk.ok()?;
        // In this text blocks stand elsewhere, so that nothing can be shared.
        let alone = |local: Local| Local { declaration: None, ..local };
        let locals: Vec<Local> = self.locals_of(&prepared.function).into_iter().map(alone).collect();
        let taken = Taken { names: &self.names, locals: &locals };
        let conversion = convert(spec, &walk, &scopes, &scope, taken, &mut proof).ok()?;
        let added = conversion.locals.iter().cloned().map(alone).collect();
        let mut edits = EditSet::new();
        edits.add_all(conversion.edits.iter().cloned()).ok()?;
        let (cleaned, removed) = superfluous::remove(&file, &edits, functions);
        edits.add_all(cleaned).ok()?;
        let after = prepared.finished(self.file.path(), edits.apply(file.bytes()))?;
        let edits = between(self.file.bytes(), &after)?;
        proof.moved(&|span| ready.original(span).unwrap_or(call.span()));
        proof.noted(Duty::GoesOn, &prepared.done, call.span());
        prepared.open.iter().for_each(|left| proof.left(left.duty, &left.what, left.span));
        let conversion = Conversion { edits, locals: added, ..conversion };
        let (level, edits, _) = self.settle(conversion, call, &prepared.function, &proof).ok()?;
        let (helper, message) = (spec.helper_name.clone(), spec.message.clone());
        let told = walk.notes.iter().chain(&prepared.notes);
        Some((
            Converted {
                level,
                edits,
                function: prepared.function.clone(),
                helper,
                message,
                notes: notes(spec, told, &removed),
                model: spec.model.clone(),
            },
            proof,
        ))
    }

    /// Locals that conversions have added to a function.
    fn locals_of(&self, function: &str) -> Vec<Local> {
        self.locals.iter().filter(|(name, _)| name == function).map(|(_, local)| local.clone()).collect()
    }

    /// Take what a conversion makes superfluous along, read the result again, and let later conversions build on it.
    fn settle(
        &mut self,
        conversion: Conversion,
        call: Node<'t>,
        function: &str,
        proof: &Proof,
    ) -> Result<(Level, Vec<TextEdit>, Vec<Removed>), Refusal> {
        let mut edits = self.edits.clone();
        let clash = |overlap: Box<Overlap>| {
            let sentence = "another conversion of the same function changes this as well";
            Refusal::new(RefusalCode::NotUnderstood, overlap.first.span, sentence)
        };
        edits.add_all(conversion.edits.iter().cloned()).map_err(clash)?;
        let (cleaned, removed) = superfluous::remove(self.file, &edits, &[function.to_owned()]);
        edits.add_all(cleaned.iter().cloned()).map_err(clash)?;
        let after = SourceFile::new(self.file.path(), edits.apply(self.file.bytes()));
        if let Some(text) = newly_unreadable(call.tree(), &after, self.macros) {
            let sentence =
                format!("the result could not be read again, near `{text}`; this is a fault of vedalia");
            return Err(Refusal::new(RefusalCode::NotUnderstood, call.span(), sentence));
        }
        let level = if proof.is_open() { Level::Review } else { Level::Safe };
        if level <= self.asked.level {
            self.edits = edits;
            self.names.extend([conversion.callback].into_iter().chain(conversion.context));
            self.locals.extend(conversion.locals.into_iter().map(|local| (function.to_owned(), local)));
        }
        Ok((level, conversion.edits.into_iter().chain(cleaned).collect(), removed))
    }

    /// Required words that stand in code that could not be read.
    fn unread(&mut self, walk: Walking<'_>, coverage: &Coverage) {
        for place in &coverage.not_looked_at {
            let own = walk.words().contains(&place.word.as_str());
            if !own || self.sites.iter().any(|site| site.span.contains(place.span)) {
                continue;
            }
            let why = place.cause.map_or("it is the body of a macro", Cause::sentence);
            let sentence = format!("this was not looked at: {why}");
            let refusal = Refusal::new(RefusalCode::OpaqueCode, place.span, sentence);
            let mut proof = Proof::default();
            proof.refused(&refusal);
            self.push(walk.name(), place.span, "", Verdict::Refused(refusal), &proof);
        }
    }
}

/// The notes in the rule's words, in the rule's order.
fn notes<'n>(
    spec: &WalkSpec,
    told: impl Iterator<Item = &'n Note>,
    removed: &[Removed],
) -> Vec<(String, String)> {
    let mut all: Vec<Note> = told.cloned().collect();
    for what in removed {
        let Removed::Local { name, calls, .. } = what else { continue };
        let unknown: Vec<String> =
            calls.iter().filter(|c| !spec.pure.contains(c)).map(|c| format!("{c}()")).collect();
        if !unknown.is_empty() {
            let values = vec![("variable", name.clone()), ("calls", unknown.join(", "))];
            all.push(Note { name: "N11", values });
        }
    }
    // In the order of their numbers, not of their spelling.
    all.sort_by_key(|note| note.name.trim_start_matches('N').parse::<u32>().unwrap_or(u32::MAX));
    let mut out: Vec<(String, String)> = all
        .iter()
        .filter_map(|note| {
            let mut text = spec.notes.get(note.name)?.clone();
            for (key, value) in &note.values {
                let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
                text = text.replace(&format!("{{{key}}}"), &value);
            }
            Some((note.name.to_owned(), text))
        })
        .collect();
    out.dedup();
    out
}
