//! Why a rule has nothing of a line, and why it was not tried.
//!
//! In: what the runner says. Out: sentences, and what the rules look for with the line that has it nearest.

use crate::diagnostic::{Diagnostic, Severity};
use crate::matcher::Sought;
use crate::plan::apply::{ApplyOptions, Hidden, Obstacle, Runner, Unmet};
use crate::smpl::RuleFile;
use crate::source::SourceFile;

/// How many rules are told about, and how many parts of each.
const MOST: usize = 3;

/// Why no rule has anything of a line.
pub(super) fn reasons(
    file: &RuleFile,
    (source, line): (&SourceFile, usize),
    runner: &Runner<'_>,
    options: &ApplyOptions,
) -> Vec<String> {
    let quoted = |names: &[&str]| names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    let mut out = Vec::new();
    match runner.hidden(source, line) {
        Some(Hidden::Unread) => out.push("the line was not read: no rule looks into it".to_owned()),
        Some(Hidden::InMacro) => {
            out.push("the line defines a macro: what a rule lacks there is not told".to_owned());
        }
        None => {}
    }
    let lacking = runner.lacking(source);
    if !lacking.is_empty() {
        out.push(format!("the file does not have what the rules need: {}", quoted(&lacking)));
    }
    let off = |name: &&str| !options.virtuals.iter().any(|on| on == name);
    let off: Vec<&str> = file.virtual_names().filter(off).collect();
    if !off.is_empty() {
        out.push(format!("rules that depend on {} are off; `-D` turns them on", quoted(&off)));
    }
    out
}

/// What the rules look for.
pub(super) fn looked_for(
    file: &RuleFile,
    source: &SourceFile,
    rules: &[(String, Vec<Sought>)],
) -> Vec<Diagnostic> {
    let told = |(rule, parts): &(String, Vec<Sought>)| {
        let message = format!("{rule} looks for other code");
        parts.iter().take(MOST).fold(Diagnostic::new(Severity::Note, "sought", message), |told, part| {
            let label = match part.line {
                Some(line) => format!("the nearest is at line {line}"),
                None => format!("{} has nothing that is this", source.path()),
            };
            told.at(&file.source, part.pattern, label)
        })
    };
    rules.iter().filter(|(_, parts)| !parts.is_empty()).take(MOST).map(told).collect()
}

/// Why a rule was not tried.
pub(super) fn why_not(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::Depends(unmet) => {
            let unmet: Vec<String> = unmet.iter().map(not_met).collect();
            match unmet.as_slice() {
                [] => "what it depends on does not hold".to_owned(),
                all => format!("what it depends on does not hold: {}", all.join(", ")),
            }
        }
        Obstacle::Dropped(script, rule) => {
            format!("{script} drops what {rule} finds (`cocci.include_match(False)`)")
        }
        Obstacle::Inherits(rule) => format!("it inherits from {rule}, which matches nowhere in the file"),
        Obstacle::Unbound(name) => {
            format!("it inherits `{name}`, which stands for nothing where that rule matches")
        }
    }
}

fn not_met(one: &Unmet) -> String {
    match one {
        Unmet::Lacks(rule) => format!("{rule} matches nowhere in the file"),
        Unmet::Has(rule) => format!("{rule} matches in the file"),
        Unmet::Outside(place) => format!("the file is not in `{place}`"),
        Unmet::Inside(place) => format!("the file is in `{place}`"),
    }
}
