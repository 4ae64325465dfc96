//! From conversions to the patches of a draft.
//!
//! In: what introduces a helper, the conversions that use it, and the sites that stay as they are, each with its words;
//! a [`Policy`]. Out: [`DraftPatch`]es – helpers first – and the [`Cover`]. Every patch has the files as they are after
//! it and all patches before it. It refuses edits that overlap.

use crate::diagnostic::Diagnostic;
use crate::edit::{EditSet, TextEdit};
use crate::series::draft::{Audience, Cover, DraftPatch, FileChange, Paragraph};
use crate::series::split::{Item, Policy, Sections, split};
use crate::source::SourceFile;
use std::collections::BTreeMap;

/// A helper that the tree does not have yet.
#[derive(Clone, Debug)]
pub struct Introduction {
    /// Its name, without parentheses.
    pub helper: String,
    /// What the commit says.
    pub message: String,
    /// Edits per file.
    pub files: Vec<(SourceFile, Vec<TextEdit>)>,
}

/// What a conversion does, for subjects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It calls this helper, named without parentheses, where a loop was.
    Calls(String),
    /// What the rule says that it does: `use foo() rather than bar()`.
    Says(String),
}

impl Deed {
    fn helper(&self) -> Option<String> {
        match self {
            Deed::Calls(helper) => Some(format!("{helper}()")),
            Deed::Says(_) => None,
        }
    }
}

/// One site that is rewritten.
#[derive(Clone, Debug)]
pub struct Conversion {
    /// The rule, as the user knows it.
    pub rule: String,
    /// What is done.
    pub deed: Deed,
    /// What the commit says, whatever the site.
    pub message: String,
    /// The file as it is on the base.
    pub file: SourceFile,
    /// The function that holds the site.
    pub function: String,
    /// Edits of the file.
    pub edits: Vec<TextEdit>,
    /// What a maintainer should know about this conversion; sentences.
    pub notes: Vec<String>,
}

/// One site that stays as it is.
#[derive(Clone, Debug)]
pub struct Untouched {
    /// The file.
    pub path: String,
    /// The function.
    pub function: String,
    /// Why, in a sentence that starts lower case and has no full stop.
    pub reason: String,
}

/// Everything that goes into a series.
#[derive(Clone, Debug, Default)]
pub struct Material {
    /// In order of their use.
    pub introductions: Vec<Introduction>,
    /// In the order of the tree.
    pub conversions: Vec<Conversion>,
    /// In the order of the tree.
    pub untouched: Vec<Untouched>,
}

/// The patches, helpers first.
pub fn patches(
    material: &Material,
    policy: Policy,
    sections: &Sections,
) -> Result<Vec<DraftPatch>, Diagnostic> {
    let mut state = State::default();
    let mut patches = Vec::new();
    for introduction in &material.introductions {
        let mut touched = Vec::new();
        for (file, edits) in &introduction.files {
            state.add(file, edits)?;
            touched.push(file.path().to_owned());
        }
        patches.push(DraftPatch {
            phrase: format!("add {}()", introduction.helper),
            body: paragraphs(&introduction.message),
            files: state.changes(&touched),
            // The file with the code names the subsystem, not the header that declares it.
            key_paths: touched.iter().filter(|path| !path.ends_with(".h")).cloned().collect(),
            audience: Audience::WholeSeries,
            ..DraftPatch::default()
        });
    }
    let place = |c: &Conversion| Item { path: c.file.path().to_owned(), function: c.function.clone() };
    let items: Vec<Item> = material.conversions.iter().map(place).collect();
    for group in split(policy, &items, sections) {
        let members: Vec<&Conversion> = group.items.iter().map(|at| &material.conversions[*at]).collect();
        let mut touched = Vec::new();
        for conversion in &members {
            state.add(&conversion.file, &conversion.edits)?;
            touched.push(conversion.file.path().to_owned());
        }
        patches.push(conversion_patch(policy, &members, state.changes(&touched)));
    }
    Ok(patches)
}

/// A file before and after the whole series.
#[derive(Clone, Debug)]
pub struct Changed {
    /// As it is on the base.
    pub file: SourceFile,
    /// Its bytes after the last patch.
    pub new: Vec<u8>,
}

/// Every file that the series changes, sorted by path.
pub fn changed(material: &Material) -> Result<Vec<Changed>, Diagnostic> {
    let mut state = State::default();
    for (file, edits) in material.introductions.iter().flat_map(|i| &i.files) {
        state.add(file, edits)?;
    }
    for conversion in &material.conversions {
        state.add(&conversion.file, &conversion.edits)?;
    }
    let finished = |(file, edits): (SourceFile, EditSet)| Changed { new: edits.apply(file.bytes()), file };
    Ok(state.files.into_values().map(finished).collect())
}

/// The texts as they are after the patches so far.
#[derive(Default)]
struct State {
    files: BTreeMap<String, (SourceFile, EditSet)>,
}

impl State {
    fn add(&mut self, file: &SourceFile, edits: &[TextEdit]) -> Result<(), Diagnostic> {
        let fresh = || (file.clone(), EditSet::new());
        let (_, set) = self.files.entry(file.path().to_owned()).or_insert_with(fresh);
        set.add_all(edits.iter().cloned()).map_err(|overlap| {
            Diagnostic::error("overlap", "two conversions change the same place")
                .at(file, overlap.first.span, "changed by one")
                .at(file, overlap.second.span, "changed by the other")
        })
    }

    fn changes(&self, paths: &[String]) -> Vec<FileChange> {
        let changed = |path: &String, (file, edits): &(SourceFile, EditSet)| FileChange {
            path: path.clone(),
            new: Some(edits.apply(file.bytes())),
        };
        let touched = self.files.iter().filter(|(path, _)| paths.contains(path));
        touched.map(|(path, state)| changed(path, state)).collect()
    }
}

fn conversion_patch(policy: Policy, members: &[&Conversion], files: Vec<FileChange>) -> DraftPatch {
    let functions = functions(members);
    let done = done(members);
    let phrase = match policy {
        Policy::Treewide => treewide(members),
        _ if functions.is_empty() => done.clone(),
        _ => format!("{done} in {}", enumerate(&functions)),
    };
    let mut shorter = Vec::new();
    if policy != Policy::Treewide {
        shorter.extend(folded(&functions).into_iter().map(|names| format!("{done} in {names}")));
        if let [first, _, ..] = functions.as_slice() {
            shorter.push(format!("{done} in {first} and others"));
            shorter.push(format!("{done} in {} functions", functions.len()));
        }
        if members.iter().any(|c| matches!(c.deed, Deed::Says(_))) && !functions.is_empty() {
            // A rule's own words are longer than a call; the subject's prefix still tells the place.
            shorter.push(done.clone());
        }
    }
    let mut body: Vec<Paragraph> = Vec::new();
    for message in each_once(members.iter().map(|c| c.message.clone())) {
        body.extend(paragraphs(&message));
    }
    let notes = notes(members, functions.len());
    if !notes.is_empty() {
        body.push(Paragraph::Text("What to look at in review:".to_owned()));
        body.push(Paragraph::List(notes));
    }
    let rules = each_once(members.iter().map(|c| c.rule.clone()));
    body.push(Paragraph::Text(format!(
        "Found and converted by vedalia {} with its rule {}.",
        env!("CARGO_PKG_VERSION"),
        enumerate(&rules)
    )));
    DraftPatch { phrase, shorter, body, files, ..DraftPatch::default() }
}

/// The functions of the members, as calls; code between functions has none.
fn functions(members: &[&Conversion]) -> Vec<String> {
    each_once(members.iter().filter(|c| !c.function.is_empty()).map(|c| format!("{}()", c.function)))
}

/// What all members do: `use f() and g()`, or what their rules say.
fn done(members: &[&Conversion]) -> String {
    let helpers = each_once(members.iter().filter_map(|c| c.deed.helper()));
    let said = members.iter().filter_map(|c| match &c.deed {
        Deed::Says(phrase) => Some(phrase.clone()),
        Deed::Calls(_) => None,
    });
    let used = (!helpers.is_empty()).then(|| format!("use {}", enumerate(&helpers)));
    enumerate(&used.into_iter().chain(each_once(said)).collect::<Vec<_>>())
}

/// The same where everything is one patch.
fn treewide(members: &[&Conversion]) -> String {
    let done = done(members);
    let loops = members.iter().all(|c| c.deed.helper().is_some());
    if loops { format!("{done} where loops did the same") } else { done }
}

/// The notes of all members; one that does not hold for all of them names its functions.
fn notes(members: &[&Conversion], functions: usize) -> Vec<String> {
    let all = each_once(members.iter().flat_map(|c| c.notes.iter().cloned()));
    let spelled = all.into_iter().map(|note| {
        let concerned = members.iter().filter(|c| c.notes.contains(&note));
        let names = each_once(concerned.map(|c| format!("{}()", c.function)));
        if names.len() == functions { note } else { format!("{}: {note}", enumerate(&names)) }
    });
    spelled.collect()
}

/// The cover letter.
pub fn cover(material: &Material) -> Cover {
    let members: Vec<&Conversion> = material.conversions.iter().collect();
    let rules = each_once(material.conversions.iter().map(|c| c.rule.clone()));
    let mut body = Vec::new();
    if !material.introductions.is_empty() {
        let added = each_once(material.introductions.iter().map(|i| format!("{}()", i.helper)));
        body.push(Paragraph::Text(format!("This series adds {} and uses it.", enumerate(&added))));
    }
    for message in each_once(material.conversions.iter().map(|c| c.message.clone())) {
        body.extend(paragraphs(&message));
    }
    body.push(Paragraph::Text("The sites, and what came of each:".to_owned()));
    body.push(Paragraph::Table(site_table(material)));
    if !material.untouched.is_empty() {
        body.push(Paragraph::Text("Left as they are, and why:".to_owned()));
        body.push(Paragraph::List(untouched(&material.untouched)));
    }
    let once = if material.introductions.is_empty() { "" } else { " once the helper is there" };
    body.push(Paragraph::Text(format!(
        "The conversions were made by vedalia {} with its rule {}. They are grouped so that each patch can be taken by itself{once}.",
        env!("CARGO_PKG_VERSION"),
        enumerate(&rules)
    )));
    let helpers = each_once(members.iter().filter_map(|c| c.deed.helper()));
    let title = if material.introductions.is_empty() {
        treewide(&members)
    } else {
        format!("add {} and use it", enumerate(&helpers))
    };
    Cover { title, body }
}

/// A line per site: verdict, function, file; those that are converted first.
fn site_table(material: &Material) -> String {
    let verdict = |c: &Conversion| match c.deed {
        Deed::Says(_) => "rewritten",
        Deed::Calls(_) if c.notes.is_empty() => "safe",
        Deed::Calls(_) => "notes",
    };
    let converted = material.conversions.iter().map(|c| (verdict(c), c.function.as_str(), c.file.path()));
    let left = material.untouched.iter().map(|u| ("left", u.function.as_str(), u.path.as_str()));
    let rows: Vec<_> = converted.chain(left).collect();
    let width = rows.iter().map(|(_, function, _)| function.len() + 2).max().unwrap_or(0);
    let words = rows.iter().map(|(verdict, ..)| verdict.len()).max().unwrap_or(0).max("safe  ".len());
    let row = |(verdict, function, path): &(&str, &str, &str)| {
        let called = if function.is_empty() { String::new() } else { format!("{function}()") };
        format!("{verdict:<words$} {called:<width$} {path}")
    };
    rows.iter().map(row).collect::<Vec<_>>().join("\n")
}

/// The sites that stay, by reason.
fn untouched(sites: &[Untouched]) -> Vec<String> {
    let line = |reason: String| {
        let concerned = sites.iter().filter(|site| site.reason == reason);
        let places = each_once(concerned.map(|site| place(&site.path, &site.function)));
        format!("{} - {reason}", places.join(", "))
    };
    each_once(sites.iter().map(|site| site.reason.clone())).into_iter().map(line).collect()
}

fn place(path: &str, function: &str) -> String {
    if function.is_empty() { path.to_owned() } else { format!("{function}() in {path}") }
}

/// Paragraphs are parted by empty lines.
fn paragraphs(text: &str) -> Vec<Paragraph> {
    let parts = text.split("\n\n").map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| Paragraph::Text(part.to_owned())).collect()
}

/// Names that differ in one part only, in shorter ways: `read_{one,two}_page()`, `read_*_page()`.
fn folded(names: &[String]) -> Vec<String> {
    let [first, second, rest @ ..] = names else { return Vec::new() };
    let all = || std::iter::once(second).chain(rest);
    let common =
        |length: &dyn Fn(&str, &str) -> usize| all().map(|name| length(first, name)).min().unwrap_or(0);
    let same = |a: char, b: char| a == b;
    let start = common(&|a, b| a.chars().zip(b.chars()).take_while(|(a, b)| same(*a, *b)).count());
    let start = first[..start].rfind('_').map_or(0, |at| at + 1);
    let end = common(&|a, b| a.chars().rev().zip(b.chars().rev()).take_while(|(a, b)| same(*a, *b)).count());
    let end = end.min(names.iter().map(|name| name.len() - start).min().unwrap_or(0));
    let end = first[first.len() - end..].find('_').map_or(2, |at| end - at);
    let middle = |name: &String| name[start..name.len() - end].to_owned();
    let parts: Vec<String> = names.iter().map(middle).collect();
    if start < 3 && end < 5 || parts.iter().any(String::is_empty) {
        return Vec::new();
    }
    let (head, tail) = (&first[..start], &first[first.len() - end..]);
    vec![format!("{head}{{{}}}{tail}", parts.join(",")), format!("{head}*{tail}")]
}

/// `a`, `a and b`, `a, b and c`.
fn enumerate(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn each_once(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for word in words {
        if !seen.contains(&word) {
            seen.push(word);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn conversion(file: &SourceFile, function: &str, at: usize, notes: &[&str]) -> Conversion {
        Conversion {
            rule: "walk".to_owned(),
            deed: Deed::Calls("for_each_leaf".to_owned()),
            message: "Let the helper walk.".to_owned(),
            file: file.clone(),
            function: function.to_owned(),
            edits: vec![TextEdit::new(Span::new(at, at + 1), function)],
            notes: notes.iter().map(|n| (*n).to_owned()).collect(),
        }
    }

    fn material() -> Material {
        let (a, b) = (SourceFile::new("fs/a.c", "x y\n"), SourceFile::new("lib/b.c", "z\n"));
        Material {
            introductions: vec![Introduction {
                helper: "for_each_leaf".to_owned(),
                message: "It walks.\n\nIt stops.".to_owned(),
                files: vec![
                    (b.clone(), vec![TextEdit::new(Span::at(2), "w\n")]),
                    (SourceFile::new("include/b.h", ""), vec![TextEdit::new(Span::at(0), "w;\n")]),
                ],
            }],
            conversions: vec![
                conversion(&a, "one", 0, &["It is slower.", "It is nicer."]),
                conversion(&a, "two", 2, &["It is nicer."]),
                conversion(&b, "three", 0, &[]),
            ],
            untouched: vec![Untouched {
                path: "net/c.c".to_owned(),
                function: "four".to_owned(),
                reason: "it holds a lock".to_owned(),
            }],
        }
    }

    fn listing(policy: Policy) -> String {
        let patches = patches(&material(), policy, &Sections::default()).expect("no overlap");
        let text = |change: &FileChange| {
            let new = change.new.as_deref().unwrap_or_default();
            format!("  {} {:?}\n", change.path, String::from_utf8_lossy(new))
        };
        let lines =
            patches.iter().map(|p| format!("{}\n{}", p.phrase, p.files.iter().map(text).collect::<String>()));
        lines.collect()
    }

    #[test]
    fn each_patch_builds_on_those_before() {
        insta::assert_snapshot!(listing(Policy::Function), @r#"
        add for_each_leaf()
          include/b.h "w;\n"
          lib/b.c "z\nw\n"
        use for_each_leaf() in one()
          fs/a.c "one y\n"
        use for_each_leaf() in two()
          fs/a.c "one two\n"
        use for_each_leaf() in three()
          lib/b.c "three\nw\n"
        "#);
    }

    #[test]
    fn files_group_functions_and_notes_name_them() {
        insta::assert_snapshot!(listing(Policy::File), @r#"
        add for_each_leaf()
          include/b.h "w;\n"
          lib/b.c "z\nw\n"
        use for_each_leaf() in one() and two()
          fs/a.c "one two\n"
        use for_each_leaf() in three()
          lib/b.c "three\nw\n"
        "#);
        let patches = patches(&material(), Policy::File, &Sections::default()).expect("no overlap");
        assert!(
            patches[1].body.contains(&Paragraph::List(vec![
                "one(): It is slower.".to_owned(),
                "It is nicer.".to_owned()
            ]))
        );
        assert_eq!(patches[0].key_paths, ["lib/b.c"]);
    }

    #[test]
    fn the_whole_is_what_the_last_patch_leaves() {
        let changed = changed(&material()).expect("no overlap");
        let texts = changed.iter().map(|c| format!("{} {}", c.file.path(), String::from_utf8_lossy(&c.new)));
        assert_eq!(texts.collect::<String>(), "fs/a.c one two\ninclude/b.h w;\nlib/b.c three\nw\n");
    }

    #[test]
    fn the_cover_says_what_stays() {
        let cover = cover(&material());
        let list = Paragraph::List(vec!["four() in net/c.c - it holds a lock".to_owned()]);
        assert!(cover.body.contains(&list));
    }

    #[test]
    fn a_rule_speaks_for_itself() {
        let file = SourceFile::new("fs/a.c", "x y\n");
        let mut one = conversion(&file, "one", 0, &[]);
        one.deed = Deed::Says("use dup() rather than a copy of it".to_owned());
        let whole = Material { conversions: vec![one], ..Material::default() };
        let patches = patches(&whole, Policy::File, &Sections::default()).expect("no overlap");
        assert_eq!(patches[0].phrase, "use dup() rather than a copy of it in one()");
        assert_eq!(patches[0].shorter, ["use dup() rather than a copy of it"]);
        assert_eq!(cover(&whole).title, "use dup() rather than a copy of it");
    }

    #[test]
    fn names_that_differ_in_one_part_are_folded() {
        let fold = |names: &[&str]| folded(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_eq!(fold(&["a_read_page()", "a_write_page()"]), ["a_{read,write}_page()", "a_*_page()"]);
        assert_eq!(fold(&["wren_read()", "wren_write()"]), ["wren_{read,write}()", "wren_*()"]);
        assert_eq!(fold(&["one()", "two()"]), Vec::<String>::new());
        assert_eq!(fold(&["wren()", "wren_read()"]), Vec::<String>::new());
        assert_eq!(fold(&["one()"]), Vec::<String>::new());
    }

    #[test]
    fn overlapping_edits_are_refused() {
        let mut material = material();
        material.conversions[1].edits[0].span = Span::new(0, 2);
        let refused = patches(&material, Policy::File, &Sections::default());
        assert_eq!(refused.map_err(|d| d.code).err().as_deref(), Some("overlap"));
    }
}
