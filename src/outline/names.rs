//! Names for what an outline adds.
//!
//! In: the words of the file and of the moved code. Out: names that mean nothing else there, the people's
//! own where they had one.
//!
//! Capability 15 (tests/README.md): names.

use super::Taken;
use super::captures::{Captures, kept_identifiers};
use crate::plan::outlining::fit::{means_something, numbered};
use crate::syntax::file_scope::FileScope;
use crate::syntax::scope::{DeclId, Scopes};
use crate::walk::output::Spelling;
use crate::walk::{Walk, WalkSpec};
use std::collections::BTreeSet;

/// Every name that an outline adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The callback.
    pub callback: String,
    /// The context struct's tag.
    pub context: String,
    /// The variable that holds the context, in the callback and in the function.
    pub variable: String,
    /// The element.
    pub element: String,
    /// Where the piece starts.
    pub offset: String,
    /// How long it is.
    pub size: String,
    /// The variable of the code that has the end of the piece, if it stays.
    pub end: Option<DeclId>,
    /// The callback's last parameter.
    pub data: String,
    /// The label at which the reference is dropped.
    pub label: String,
}

/// Choose names. `taken` are names that other conversions of the same run have added to the file.
pub fn names<'t>(
    spec: &WalkSpec,
    walk: &Walk<'t>,
    scopes: &Scopes<'t>,
    file: &FileScope<'t>,
    captures: &Captures,
    function: &str,
    taken: Taken<'_>,
) -> Names {
    let free = |name: &str| file.is_free(name) && !taken.names.iter().any(|t| t == name);
    let callback = numbered(&format!("{function}_{}", spec.suffix), &free);
    let context = numbered(&format!("{function}_ctx"), &free);
    let in_function = |name: &str| !scopes.mentions(name) && !means_something(file, name);
    let variable = ["ctx", "context", "walk"].into_iter().find(|n| in_function(n)).unwrap_or("walk_ctx");
    let variable = numbered(variable, &|name| !taken.has_local(name));

    // Inside the callback only the names that the moved code still uses are in the way.
    let passed: Vec<_> = captures.passed.iter().map(|c| c.id).collect();
    let direct = passed.len() == 1;
    let mut used: BTreeSet<String> = kept_identifiers(walk)
        .into_iter()
        .filter(|n| match scopes.resolve(*n) {
            Some(id) if passed.contains(&id) => direct,
            Some(id) => {
                captures.own.contains(&id)
                    || captures.inside.contains(&id)
                    || captures.constants.contains(&id)
            }
            None => true,
        })
        .map(|n| n.text().to_owned())
        .collect();
    used.insert(variable.clone());
    let end = end(walk, scopes);
    used.extend(end.map(|id| scopes.declaration(id).name.to_owned()));
    let mut pick = |wanted: &[&str]| {
        let name = wanted.iter().find(|n| !used.contains(**n)).map(|n| (*n).to_owned());
        let name = name.unwrap_or_else(|| numbered(wanted.first().unwrap_or(&"x"), &|n| !used.contains(n)));
        used.insert(name.clone());
        name
    };
    let callback_names = &spec.callback;
    let offset = pick(&[scopes.declaration(walk.site.offset).name, &callback_names.offset.1]);
    let own_size = size_name(walk, scopes);
    let size = pick(&[own_size.unwrap_or(&callback_names.size.1), &callback_names.size.1, "len"]);
    let own_element = element_name(walk, scopes);
    let element =
        pick(&[own_element.unwrap_or(&callback_names.element_name), &callback_names.element_name, "pg", "p"]);
    let data = pick(&[&callback_names.data.1, "arg", "opaque"]);
    let label = ["out", "release", "done", "out_release"]
        .into_iter()
        .find(|l| scopes.label(l).is_none_or(|l| !walk.site.outer.encloses(l.node)))
        .unwrap_or("out_walk")
        .to_owned();
    Names { callback, context, variable, element, offset, size, end, data, label }
}

/// The variable that held the piece's length, or what was left of the batch.
fn size_name<'t>(walk: &Walk<'t>, scopes: &Scopes<'t>) -> Option<&'t str> {
    if let Some(id) = walk.body.piece_names.first() {
        return Some(scopes.declaration(*id).name);
    }
    let tree = walk.site.function.tree();
    let used = walk.body.spellings.iter().filter(|(_, s)| **s == Spelling::Size).map(|(span, _)| *span);
    used.map(|span| tree.covering(span)).find_map(|n| scopes.resolve(n)).map(|id| scopes.declaration(id).name)
}

/// The variable that is the end of the piece wherever the code names this end, if that is more than once.
fn end<'t>(walk: &Walk<'t>, scopes: &Scopes<'t>) -> Option<DeclId> {
    let tree = walk.site.function.tree();
    let used = walk.body.spellings.iter().filter(|(_, s)| **s == Spelling::End);
    let used: Option<Vec<DeclId>> = used.map(|(span, _)| scopes.resolve(tree.covering(*span))).collect();
    match used?.as_slice() {
        [first, others @ ..] if !others.is_empty() && others.iter().all(|id| id == first) => Some(*first),
        _ => None,
    }
}

/// The variable that held the element.
fn element_name<'t>(walk: &Walk<'t>, scopes: &Scopes<'t>) -> Option<&'t str> {
    let tree = walk.site.function.tree();
    let used = walk.body.spellings.iter().filter(|(_, s)| **s == Spelling::Element).map(|(span, _)| *span);
    used.map(|span| tree.covering(span))
        .filter_map(|n| scopes.resolve(n))
        .find(|id| *id != walk.site.batch)
        .map(|id| scopes.declaration(id).name)
}

#[cfg(test)]
mod tests {
    use crate::outline::testing::converted;
    use crate::walk::testing::changed;

    #[test]
    fn names_are_the_users_and_mean_nothing_else() {
        let plain = converted(&changed(&[]));
        assert!(
            plain.contains("static int each_part(struct part *part, size_t off, size_t len, void *data)\n"),
            "{plain}"
        );
        assert!(plain.contains("walk_each(iter, left_in(iter), each_part, object)"), "{plain}");
        let taken = converted(&changed(&[("int each(", "int each_part;\n\nint each(")]));
        assert!(taken.contains("static int each_part2("), "{taken}");
    }
}
