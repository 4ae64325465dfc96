//! Regular expressions of constraints.
//!
//! In: the text between the quotes. Out: the expression, compiled. Refuses what is none, with the reason; looking ahead
//! and back references are not known.

use regex::Regex;

/// Compile a regular expression; `\(`, `\|` and `\)` are the old spelling of groups.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    let old = pattern.contains("\\|") || pattern.contains("\\(");
    let text = if old {
        pattern.replace("\\|", "|").replace("\\(", "(").replace("\\)", ")")
    } else {
        pattern.into()
    };
    Regex::new(&text).map_err(|error| {
        let told = error.to_string();
        // The last line says what is wrong; those above draw the place.
        let last = told.lines().last().unwrap_or_default();
        last.strip_prefix("error: ").unwrap_or(last).to_owned()
    })
}
