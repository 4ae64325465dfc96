//! Isomorphism files.
//!
//! In: the text of a file of Coccinelle's form. Out: its entries, each direction by itself, and warnings about those that
//! have no effect. Refuses kinds that there are none of and expressions that cannot be read.

use super::{Iso, IsoPlace};
use crate::diagnostic::{Diagnostic, Severity};
use crate::smpl::declare::metavariables;
use crate::smpl::pattern::{Atom, Metavariables, Pattern, PatternKind, atoms, by_name};
use crate::smpl::token::LineMode;
use crate::source::{SourceFile, Span};
use crate::syntax::Kind;

/// Read an isomorphism file.
pub fn read(file: &SourceFile) -> (Vec<Iso>, Vec<Diagnostic>) {
    let text = file.text();
    let mut out = Vec::new();
    let mut errors = Vec::new();
    let (mut at, mut entry) = (0, 0);
    while let Some((place, next)) = section(text, at) {
        let Some(body) = parts(text, next) else { break };
        at = body.rule.end as usize;
        let (mut metas, diagnostics) = metavariables(file, body.declarations);
        errors.extend(diagnostics);
        entry += 1;
        let Some(place) = place.filter(|place| *place != IsoPlace::Statement || !is_built_in(&body.name))
        else {
            errors.extend(left_out(file, &body, next));
            continue;
        };
        let of_type = metas.iter_mut().filter(|m| !m.types.is_empty());
        let typed: Vec<_> = of_type.map(|m| (m.name.clone(), std::mem::take(&mut m.types))).collect();
        match directions(file, &body, place, &by_name(&metas)) {
            Ok(all)
                if all.iter().any(|iso| iso.left.single().is_none_or(|n| n.is(Kind::CompoundStatement))) =>
            {
                errors.extend(left_out(file, &body, next));
            }
            Ok(all) => out.extend(all.into_iter().map(|iso| Iso { entry, typed: typed.clone(), ..iso })),
            Err(_) if place == IsoPlace::Statement => errors.extend(left_out(file, &body, next)),
            Err(e) => errors.push(e),
        }
    }
    errors.extend(unknown_kinds(file));
    (out, errors)
}

/// The families of entries, without the number at the end of their names, that matching does by itself.
const BUILT_IN: [&str; 12] = [
    "decl_init",
    "extern_decl_init",
    "static_decl_init",
    "braces",
    "drop_else",
    "for_inc",
    "ne_if",
    "neg_if",
    "ret",
    "mkinit",
    "add_int",
    "add_signed",
];

fn is_built_in(name: &str) -> bool {
    BUILT_IN.contains(&name.trim_end_matches(|c: char| c.is_ascii_digit()))
}

/// A warning about an entry that has no effect.
fn left_out(file: &SourceFile, parts: &Parts, header: usize) -> Option<Diagnostic> {
    let span = Span::new(header, parts.declarations.start as usize);
    let message = format!("the isomorphism {} has no effect", parts.name);
    let help = "of entries about types, declarations and whole statements only those of Coccinelle's own file are known";
    let told = Diagnostic::new(Severity::Warning, "smpl-iso", message).at(file, span, "here").help(help);
    (!is_built_in(&parts.name)).then_some(told)
}

/// Lines of one capitalised word in front of an entry that are no kind of isomorphism.
fn unknown_kinds(file: &SourceFile) -> Vec<Diagnostic> {
    let text = file.text();
    let mut at = 0;
    let mut out = Vec::new();
    for line in text.split_inclusive('\n') {
        let word = line.trim();
        let rest = text[at + line.len()..].trim_start();
        let kind = word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.chars().all(|c| c.is_ascii_alphabetic());
        if kind && rest.starts_with('@') && place_of(word).is_none() {
            let message = format!("`{word}` is no kind of isomorphism");
            let help = "kinds are Expression, ArgExpression, TestExpression, ToTestExpression, Statement, Type, Declaration, TopLevel and Initialiser";
            out.push(
                Diagnostic::error("smpl-iso", message)
                    .at(file, Span::new(at, at + word.len()), "here")
                    .help(help),
            );
        }
        at += line.len();
    }
    out
}

struct Parts {
    name: String,
    declarations: Span,
    rule: Span,
}

/// The next kind of isomorphism, and where its header starts.
fn section(text: &str, from: usize) -> Option<(Option<IsoPlace>, usize)> {
    let mut at = from;
    for line in text.get(from..)?.split_inclusive('\n') {
        at += line.len();
        if let Some(place) = place_of(line.trim()) {
            return Some((place, at));
        }
    }
    None
}

/// Where isomorphisms of a kind apply; inside, nothing for the kinds that are not read.
fn place_of(kind: &str) -> Option<Option<IsoPlace>> {
    Some(match kind {
        "Expression" | "ArgExpression" => Some(IsoPlace::Expression),
        "TestExpression" => Some(IsoPlace::Test),
        "ToTestExpression" => Some(IsoPlace::ToTest),
        "Statement" => Some(IsoPlace::Statement),
        "Type" | "Declaration" | "TopLevel" | "Initialiser" => None,
        _ => return None,
    })
}

fn parts(text: &str, from: usize) -> Option<Parts> {
    let open = from + text.get(from..)?.find('@')?;
    let close = open + 1 + text.get(open + 1..)?.find('@')?;
    let end = close + 1 + text.get(close + 1..)?.find("@@")?;
    // Empty lines may stand in front of the terms; one ends them.
    let start = text.len() - text.get(end + 2..)?.trim_start().len();
    let rest = &text[start..];
    let len = rest.find("\n\n").unwrap_or(rest.len());
    Some(Parts {
        name: text[open + 1..close].trim().to_string(),
        declarations: Span::new(close + 1, end),
        rule: Span::new(start, start + len),
    })
}

fn directions(
    file: &SourceFile,
    parts: &Parts,
    place: IsoPlace,
    metas: &Metavariables,
) -> Result<Vec<Iso>, Diagnostic> {
    let all = atoms(file, parts.rule, LineMode::Inline);
    let mut terms: Vec<Vec<Atom>> = vec![Vec::new()];
    let mut both = Vec::new();
    let mut i = 0;
    while i < all.len() {
        let texts: Vec<&str> = all[i..(i + 3).min(all.len())].iter().map(|a| a.text.as_str()).collect();
        let near = |n: usize| all[i].span.end == all.get(i + n).map_or(0, |a| a.span.start);
        match texts.as_slice() {
            ["<=", ">", ..] if near(1) => {
                both.push(true);
                terms.push(Vec::new());
                i += 2;
            }
            ["=", ">", ..] if near(1) => {
                both.push(false);
                terms.push(Vec::new());
                i += 2;
            }
            _ => {
                if let Some(last) =
                    terms.last_mut().filter(|_| place != IsoPlace::Statement || all[i].text != ";")
                {
                    last.push(all[i].clone());
                }
                i += 1;
            }
        }
    }
    let mut out = Vec::new();
    for (i, term) in terms.iter().enumerate() {
        // Every term that a two-way arrow leads back to can be the one that the rule says.
        if i > 0 && !both.get(i - 1).copied().unwrap_or(false) {
            continue;
        }
        let left = Pattern::read(file, term, metas, PatternKind::Expression)?;
        for (_, right) in terms.iter().enumerate().filter(|(j, _)| *j != i) {
            let (name, left, right) = (parts.name.clone(), left.clone(), right.clone());
            out.push(Iso { name, place, entry: 0, typed: Vec::new(), left, right });
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::STANDARD;
    use super::*;

    #[test]
    fn the_shipped_file_reads() {
        let (isos, errors) = read(&SourceFile::new("standard.iso", STANDARD));
        assert!(errors.is_empty(), "{errors:?}");
        assert!(isos.len() > 30, "{}", isos.len());
        assert!(isos.iter().any(|i| i.name == "inc"));
    }

    fn codes(text: &str) -> (usize, Vec<String>) {
        let (isos, told) = read(&SourceFile::new("my.iso", text));
        (isos.len(), told.into_iter().map(|one| format!("{:?} {}", one.severity, one.message)).collect())
    }

    #[test]
    fn an_empty_line_may_stand_in_front_of_the_terms() {
        let text = "Expression\n@ paren_free @\nexpression E;\n@@\n\n (E) => E\n\nExpression\n@ sum @\nexpression X, Y;\n@@\nX + Y <=> Y + X\n";
        assert_eq!(codes(text), (3, Vec::new()));
    }

    #[test]
    fn entries_without_effect_are_told() {
        let own = "Statement\n@ braces1 @\nstatement S;\n@@\n{ S } => S\n";
        assert_eq!(codes(own), (0, Vec::new()));
        for kind in ["Type", "Declaration", "Statement"] {
            let text = format!("{kind}\n@ mine @\nstatement S;\n@@\n{{ S }} => S\n");
            assert_eq!(codes(&text), (0, vec!["Warning the isomorphism mine has no effect".to_owned()]));
        }
        let misspelt = "Expresion\n@ mine @\nexpression E;\n@@\n(E) => E\n";
        assert_eq!(codes(misspelt), (0, vec!["Error `Expresion` is no kind of isomorphism".to_owned()]));
    }
}
