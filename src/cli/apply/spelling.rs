//! Spellings of options that Coccinelle takes and clap does not.
//!
//! In: arguments as typed. Out: the same with two dashes before long names and `-` for `_` in them; options that only
//! concern the inside of Coccinelle are dropped; those that would change the result but are not there yet become
//! `--without-effect` or `--about-headers`, so that they are told. What is known comes from the definition of the arguments.

use std::ffi::{OsStr, OsString};

use clap::{ArgAction, Args as _, Command};

use super::arguments::ApplyArguments;

/// What follows an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    Nothing,
    Value,
}

/// Options about Coccinelle's inside: caches, debugging, profiling, distribution of work. They change no result.
const INSIDE: &[(&str, Takes)] = &[
    ("bench", Takes::Value),
    ("cache-limit", Takes::Value),
    ("cache-prefix", Takes::Value),
    ("chunksize", Takes::Value),
    ("ctl-inline-let", Takes::Nothing),
    ("ctl-show-mcodekind", Takes::Nothing),
    ("debug", Takes::Nothing),
    ("debug-cpp", Takes::Nothing),
    ("debug-etdt", Takes::Nothing),
    ("debug-lexer", Takes::Nothing),
    ("debug-parse-cocci", Takes::Nothing),
    ("debug-typedef", Takes::Nothing),
    ("debug-unparsing", Takes::Nothing),
    ("disable-multi-pass", Takes::Nothing),
    ("disable-once", Takes::Nothing),
    ("disable-worth-trying-opt", Takes::Nothing),
    ("filter-define-error", Takes::Nothing),
    ("filter-msg", Takes::Nothing),
    ("filter-msg-define-error", Takes::Nothing),
    ("filter-passed-level", Takes::Value),
    ("no-include-cache", Takes::Nothing),
    ("no-saved-typedefs", Takes::Nothing),
    ("no-scanner", Takes::Nothing),
    ("noadd-typedef-root", Takes::Nothing),
    ("pad", Takes::Nothing),
    ("profile", Takes::Nothing),
    ("profile-iso", Takes::Nothing),
    ("profile-per-file", Takes::Nothing),
    ("pyoutput", Takes::Value),
    ("python", Takes::Value),
    ("relax-include-path", Takes::Nothing),
    ("save-tmp-files", Takes::Nothing),
    ("show-SP", Takes::Nothing),
    ("show-bindings", Takes::Nothing),
    ("show-c", Takes::Nothing),
    ("show-cocci", Takes::Nothing),
    ("show-dependencies", Takes::Nothing),
    ("show-misc", Takes::Nothing),
    ("show-trace-profile", Takes::Nothing),
    ("show-transinfo", Takes::Nothing),
    ("show-trying", Takes::Nothing),
    ("temp-files", Takes::Value),
    ("tmp-dir", Takes::Value),
    ("track-iso", Takes::Nothing),
    ("type-error-msg", Takes::Nothing),
    ("use-cache", Takes::Nothing),
    ("use-coccigrep", Takes::Nothing),
    ("use-glimpse", Takes::Nothing),
    ("use-idutils", Takes::Nothing),
    ("verbose-ctl-engine", Takes::Nothing),
    ("verbose-engine", Takes::Nothing),
    ("verbose-includes", Takes::Nothing),
    ("verbose-match", Takes::Nothing),
];

/// Options about the headers that types are taken from.
const HEADERS: &[(&str, Takes)] = &[
    ("all-includes", Takes::Nothing),
    ("include-headers-for-types", Takes::Nothing),
    ("local-includes", Takes::Nothing),
    ("recursive-includes", Takes::Nothing),
];

/// Options that would change the result and are not there yet.
const MISSING: &[(&str, Takes)] = &[
    ("allow-inconsistent-paths", Takes::Nothing),
    ("c++", Takes::Nothing),
    ("disallow-nested-exps", Takes::Nothing),
    ("force-kr", Takes::Nothing),
    ("ibm", Takes::Nothing),
    ("ifdef-to-if", Takes::Nothing),
    ("int-bits", Takes::Value),
    ("iso-limit", Takes::Value),
    ("itu", Takes::Nothing),
    ("kbuild-info", Takes::Value),
    ("long-bits", Takes::Value),
    ("no-ifdef-to-if", Takes::Nothing),
    ("no-iso-limit", Takes::Nothing),
    ("no-safe-expressions", Takes::Nothing),
    ("noif0-passing", Takes::Nothing),
    ("ocaml-regexps", Takes::Nothing),
    ("partial-match", Takes::Nothing),
    ("preprocess", Takes::Nothing),
    ("prevent-kr", Takes::Nothing),
    ("steps", Takes::Value),
];

/// What a long name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Ours(Takes),
    Inside(Takes),
    Headers(Takes),
    Missing(Takes),
    Unknown,
}

/// The arguments in the spelling that clap takes.
pub(super) fn respell(arguments: &[OsString]) -> Vec<OsString> {
    let names = Names::of_definition();
    let mut out = Vec::with_capacity(arguments.len());
    let mut rest = arguments.iter();
    let mut lenient = false;
    while let Some(argument) = rest.next() {
        if argument == "--" {
            out.push(argument.clone());
            out.extend(rest.by_ref().cloned());
            break;
        }
        if short_with_value(argument) {
            out.push(argument.clone());
            out.extend(rest.next().cloned());
            continue;
        }
        let Some((name, value)) = long_name(argument) else {
            out.push(argument.clone());
            continue;
        };
        let spelled =
            || OsString::from(value.map_or_else(|| format!("--{name}"), |v| format!("--{name}={v}")));
        match names.meaning(&name) {
            Known::Ours(_) if name == "dir" && value.is_none() && !has_value(rest.as_slice()) => {
                // Directories are gone through without it.
            }
            Known::Ours(takes) => {
                lenient |= name == "ignore-unknown-options";
                out.push(spelled());
                if takes == Takes::Value && value.is_none() {
                    out.extend(rest.next().cloned());
                }
            }
            Known::Inside(takes) => skip_value(takes, value, &mut rest),
            Known::Headers(takes) => {
                skip_value(takes, value, &mut rest);
                out.push(format!("--about-headers=--{name}").into());
            }
            Known::Missing(takes) => {
                skip_value(takes, value, &mut rest);
                out.push(format!("--without-effect=--{name}").into());
            }
            Known::Unknown if lenient => {}
            Known::Unknown => out.push(argument.clone()),
        }
    }
    out
}

fn skip_value(takes: Takes, value: Option<&str>, rest: &mut std::slice::Iter<'_, OsString>) {
    if takes == Takes::Value && value.is_none() {
        rest.next();
    }
}

/// Whether a value follows, and no other option.
fn has_value(rest: &[OsString]) -> bool {
    rest.first().is_some_and(|next| !next.to_string_lossy().starts_with('-'))
}

/// Whether it is a short option whose value is the next argument.
fn short_with_value(argument: &OsStr) -> bool {
    ["-D", "-I", "-U", "-j", "-o"].iter().any(|short| argument == *short)
}

/// The long name that an argument spells, with `-` for `_`, and the value behind `=`.
fn long_name(argument: &OsStr) -> Option<(String, Option<&str>)> {
    let text = argument.to_str()?.strip_prefix('-')?;
    let text = text.strip_prefix('-').or_else(|| (text.len() > 1).then_some(text))?;
    let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
    let name = match name {
        "longhelp" | "shorthelp" => "help".to_owned(),
        // The shipped file is read in any case.
        "macro-file-builtins" => "macro-file".to_owned(),
        _ => name.replace('_', "-"),
    };
    Some((name, value))
}

/// The long names that the definition of the arguments has.
struct Names(Vec<(String, Takes)>);

impl Names {
    fn of_definition() -> Self {
        let command = ApplyArguments::augment_args(Command::new("apply"));
        let mut names = vec![("help".to_owned(), Takes::Nothing), ("version".to_owned(), Takes::Nothing)];
        for argument in command.get_arguments() {
            let flag = matches!(argument.get_action(), ArgAction::SetTrue);
            let takes = if flag { Takes::Nothing } else { Takes::Value };
            let aliases = argument.get_all_aliases().unwrap_or_default();
            let all = argument.get_long().into_iter().chain(aliases);
            names.extend(all.map(|name| (name.to_owned(), takes)));
        }
        names.push(("color".to_owned(), Takes::Value));
        Self(names)
    }

    fn meaning(&self, name: &str) -> Known {
        let among =
            |table: &[(&str, Takes)]| table.iter().find(|(known, _)| *known == name).map(|(_, takes)| *takes);
        if let Some((_, takes)) = self.0.iter().find(|(known, _)| known == name) {
            return Known::Ours(*takes);
        }
        among(INSIDE)
            .map(Known::Inside)
            .or_else(|| among(HEADERS).map(Known::Headers))
            .or_else(|| among(MISSING).map(Known::Missing))
            .unwrap_or(Known::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn respelled(line: &str) -> String {
        let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let out: Vec<String> = respell(&arguments).iter().map(|a| a.to_string_lossy().into_owned()).collect();
        out.join(" ")
    }

    #[test]
    fn old_spellings_become_new() {
        assert_eq!(
            respelled("-sp_file a.cocci -in_place -macro_file m.h -dir d -very_quiet -j2 -D patch"),
            "--sp-file a.cocci --in-place --macro-file m.h --dir d --very-quiet -j2 -D patch"
        );
        assert_eq!(respelled("--no_show_diff -U 3 -o -x"), "--no-show-diff -U 3 -o -x");
        assert_eq!(respelled("-sp_file -dir -- -in_place"), "--sp-file -dir -- -in_place");
        assert_eq!(respelled("--dir --sp-file r.cocci d --dir"), "--sp-file r.cocci d");
    }

    #[test]
    fn options_about_the_inside_go_with_their_values() {
        assert_eq!(respelled("--chunksize 1 --use-idutils --tmp-dir=x f.c"), "f.c");
        assert_eq!(
            respelled("-I include -Ix --include a.h --all-includes f.c"),
            "-I include -Ix --include a.h --about-headers=--all-includes f.c"
        );
        assert_eq!(respelled("--ibm --steps 3 f.c"), "--without-effect=--ibm --without-effect=--steps f.c");
        assert_eq!(respelled("--c++=11 f.c"), "--without-effect=--c++ f.c");
    }

    #[test]
    fn unknown_options_are_left_to_clap_unless_they_may_be_passed_over() {
        assert_eq!(respelled("--nonsense f.c"), "--nonsense f.c");
        assert_eq!(respelled("--ignore-unknown-options --nonsense f.c"), "--ignore-unknown-options f.c");
        assert_eq!(respelled("--nonsense --ignore-unknown-options"), "--nonsense --ignore-unknown-options");
    }

    #[test]
    fn the_tables_are_sorted_and_hold_nothing_twice() {
        let names = Names::of_definition();
        for table in [INSIDE, HEADERS, MISSING] {
            assert!(table.is_sorted_by(|a, b| a.0 < b.0));
            assert!(table.iter().all(|(name, _)| !matches!(names.meaning(name), Known::Ours(_))));
        }
    }
}
