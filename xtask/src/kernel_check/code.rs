//! Does a patch change the code of functions that it does not name?
//!
//! In: an object and its source before a patch and after it. Out: a [`Comparison`] by function. Disassemblies are compared
//! without what moves by itself: addresses, offsets into sections of constants, numbers that the compiler puts behind
//! names, and line numbers, as far as they moved like the function. A function that calls one that the patch changes may
//! have it inlined, and is told apart. It needs `objdump`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use vedalia::source::SourceFile;
use vedalia::syntax::lexer::{TokenKind, lex};
use vedalia::syntax::{FileLedger, parse};

use crate::command;

/// The functions of an object before and after.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// With the same code.
    pub(super) same: usize,
    /// That the patch changes, adds or removes.
    pub(super) named: BTreeSet<String>,
    /// With other code, because they call such functions, or because the compiler emits them for such.
    pub(super) callers: BTreeSet<String>,
    /// With other code, for no reason that is seen here.
    pub(super) unexplained: BTreeSet<String>,
}

/// An object and what it was compiled from.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) object: &'a Path,
    pub(super) source: &'a [u8],
}

/// A function of a source file.
struct Written {
    line: usize,
    /// Its tokens from the name on, without white space and comments.
    tokens: Vec<String>,
}

/// Compare function by function.
pub(super) fn compare(before: Side<'_>, after: Side<'_>) -> Result<Comparison> {
    let (old, new) = (written(before.source), written(after.source));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let is_named = |name: &&&String| match (old.get(**name), new.get(**name)) {
        (Some(old), Some(new)) => old.tokens != new.tokens,
        _ => true,
    };
    let named: BTreeSet<String> = names.iter().filter(is_named).map(|name| (*name).clone()).collect();
    let (old_code, new_code) = (code(before.object)?, code(after.object)?);
    let mut comparison = Comparison { named, ..Comparison::default() };
    let all: BTreeSet<&String> = old_code.keys().chain(new_code.keys()).collect();
    let mut differing = Vec::new();
    for symbol in all {
        let name = base(symbol);
        if comparison.named.contains(name) {
            continue;
        }
        let moved = match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) => new.line as i64 - old.line as i64,
            _ => 0,
        };
        match (old_code.get(symbol), new_code.get(symbol)) {
            (Some(old), Some(new)) if is_same(old, new, moved) => comparison.same += 1,
            _ => differing.push(symbol),
        }
    }
    // Inline functions of headers and the compiler's own are emitted as the rest of the file needs them.
    let is_foreign = |name: &&str| !old.contains_key(*name) && !new.contains_key(*name);
    let foreign = differing.iter().map(|symbol| base(symbol)).filter(is_foreign).map(str::to_owned);
    let affected = callers(&old, &new, &comparison.named.iter().cloned().chain(foreign).collect());
    for symbol in differing {
        if affected.contains(base(symbol)) {
            comparison.callers.insert(base(symbol).to_owned());
        } else {
            comparison.unexplained.insert(symbol.clone());
        }
    }
    Ok(comparison)
}

/// The function that a symbol is a part or a variant of.
fn base(symbol: &str) -> &str {
    symbol.split('.').next().unwrap_or(symbol)
}

/// The functions of a source file by name.
fn written(source: &[u8]) -> BTreeMap<String, Written> {
    let file = SourceFile::new("compared.c", source);
    let ledger = FileLedger::of(&parse(&file));
    let entry = |function: &vedalia::syntax::ledger::FunctionEntry| {
        let name = function.name?;
        let text = file.slice(name.cover(function.body));
        let is_code = |kind| !matches!(kind, TokenKind::Space | TokenKind::Comment);
        let tokens = lex(text.as_bytes()).into_iter().filter(|token| is_code(token.kind));
        let tokens = tokens.map(|token| text[token.start as usize..token.end as usize].to_owned()).collect();
        Some((file.slice(name).to_owned(), Written { line: file.line_column(name).line, tokens }))
    };
    ledger.functions.iter().filter_map(entry).collect()
}

/// The functions that mention one of `changed`, and those that mention them, and so on.
fn callers(
    old: &BTreeMap<String, Written>,
    new: &BTreeMap<String, Written>,
    changed: &BTreeSet<String>,
) -> BTreeSet<String> {
    let mut reached = changed.clone();
    loop {
        let mentions =
            |function: &Written| function.tokens.iter().skip(1).any(|token| reached.contains(token));
        let more: Vec<String> = old
            .iter()
            .chain(new)
            .filter(|(name, function)| !reached.contains(*name) && mentions(function))
            .map(|(name, _)| name.clone())
            .collect();
        if more.is_empty() {
            return reached;
        }
        reached.extend(more);
    }
}

/// The disassembly of every function of an object.
fn code(object: &Path) -> Result<BTreeMap<String, Vec<String>>> {
    let mut objdump = Command::new("objdump");
    objdump.args(["-d", "-r", "--no-show-raw-insn", "--no-addresses"]).arg(object);
    let output = command::run(&mut objdump).context("objdump is of the package binutils")?;
    let mut functions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut name = None;
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if let Some(symbol) = line.strip_prefix('<').and_then(|rest| rest.strip_suffix(">:")) {
            // In front of a function, at a negative offset, is padding.
            name = (!symbol.contains('-')).then(|| plain(symbol));
        } else if line.starts_with("Disassembly of section") {
            name = None;
        } else if let (Some(name), false) = (&name, line.trim().is_empty()) {
            let lines = functions.entry(name.clone()).or_default();
            if line.trim_start().starts_with("R_")
                && let Some(relocated) = lines.last_mut()
            {
                forget_target(relocated);
            }
            lines.push(instruction(line));
        }
    }
    // Padding behind a function belongs to nobody.
    for lines in functions.values_mut() {
        while lines
            .last()
            .is_some_and(|line| line.starts_with("nop") || line.contains("nopw") || line == "int3")
        {
            lines.pop();
        }
    }
    Ok(functions)
}

/// A word without the numbers that the compiler puts behind symbols: `f.isra.3+0x10` becomes `f.isra+0x10`.
fn plain(word: &str) -> String {
    let mut parts = word.split('.');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_number =
            rest.len() < part.len() && !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        if !is_number {
            out.push('.');
        }
        out.push_str(if is_number { rest } else { part });
    }
    out
}

/// A line of the disassembly without what moves by itself.
fn instruction(line: &str) -> String {
    let words = line.split_whitespace().map(|word| {
        // An offset into a section: `.rodata.str1.1+0x3f`.
        let section = word.starts_with('.').then(|| word.split(['+', '-']).next()).flatten();
        section.map_or_else(|| plain(word), plain)
    });
    words.collect::<Vec<_>>().join(" ")
}

/// What a relocated instruction seems to jump to is only the label that happens to stand behind it.
fn forget_target(instruction: &mut String) {
    if let Some(at) = instruction.find(" <") {
        instruction.truncate(at);
    }
}

/// Whether two disassemblies are the same but for line numbers, which moved by `moved`.
fn is_same(old: &[String], new: &[String], moved: i64) -> bool {
    old.len() == new.len()
        && old.iter().zip(new).all(|(old, new)| old == new || is_line_number(old, new, moved))
}

/// Whether two instructions differ in one constant only, and by `moved`.
fn is_line_number(old: &str, new: &str, moved: i64) -> bool {
    let constants = |line: &str| -> (String, Vec<i64>) {
        let mut parts = line.split("$0x");
        let mut rest = parts.next().unwrap_or_default().to_owned();
        let mut values = Vec::new();
        for part in parts {
            let digits = part.bytes().take_while(u8::is_ascii_hexdigit).count();
            values.extend(i64::from_str_radix(&part[..digits], 16));
            rest.push('$');
            rest.push_str(&part[digits..]);
        }
        (rest, values)
    };
    let ((old_rest, old), (new_rest, new)) = (constants(old), constants(new));
    old_rest == new_rest
        && old.len() == new.len()
        && old.iter().zip(&new).all(|(a, b)| b - a == moved || a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_by_itself_is_no_difference() {
        let old = instruction("\tmov    $0x100,%esi R_X86_64_32S .rodata.str1.1+0x3f");
        let new = instruction("\tmov    $0x10a,%esi R_X86_64_32S .rodata.str1.1+0x9");
        assert!(is_same(std::slice::from_ref(&old), std::slice::from_ref(&new), 10));
        assert!(!is_same(&[old], &[new], 9));
        assert_eq!(instruction("call <f.isra.0+0x5>"), instruction("call <f.isra.12+0x5>"));
        assert_eq!(plain("f.constprop.0.cold"), "f.constprop.cold");
    }

    #[test]
    fn a_relocated_jump_has_the_target_of_its_relocation() {
        let mut jump = instruction("\tjmp    <other.cold+0x3>");
        forget_target(&mut jump);
        assert_eq!(jump, "jmp");
    }

    #[test]
    fn changed_functions_and_their_callers_are_known() {
        let old = written(b"static int a(void)\n{\n\treturn 1;\n}\nint b(void)\n{\n\treturn a();\n}\nint c(void)\n{\n\treturn 0;\n}\n");
        let new = written(b"static int a(void)\n{\n\treturn 2;\n}\n\nint b(void)\n{\n\treturn a(); /* x */\n}\nint c(void)\n{\n\treturn 0;\n}\n");
        assert!(old["b"].tokens == new["b"].tokens && old["a"].tokens != new["a"].tokens);
        assert_eq!(new["b"].line - old["b"].line, 1);
        let changed = BTreeSet::from(["a".to_owned()]);
        assert_eq!(callers(&old, &new, &changed), BTreeSet::from(["a".to_owned(), "b".to_owned()]));
    }
}
