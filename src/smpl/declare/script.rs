//! What a script reads of other rules, and what it binds.
//!
//! In: the span between a script's header and `@@`. Out: [`ScriptInput`]s and names. Refuses what is neither `x << r.y;`
//! nor `x;`, one by one.

use crate::diagnostic::Diagnostic;
use crate::smpl::cursor::Cursor;
use crate::smpl::rule::ScriptInput;
use crate::source::{SourceFile, Span};

/// Read what a script reads (`x << r.y`) and binds.
pub fn script_variables(file: &SourceFile, span: Span) -> ((Vec<ScriptInput>, Vec<String>), Vec<Diagnostic>) {
    let mut c = Cursor::new(file, span);
    let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
    while !c.at_end() {
        if c.eat(";") {
            continue;
        }
        // OCaml scripts write `(text, tree) << r.x`.
        let tuple = c.eat("(");
        let Some(name) = c.word() else {
            c.error("smpl-script", "expected `name << rule.metavariable;`", "");
            c.skip_statement();
            continue;
        };
        if tuple {
            while !c.at_end() && !c.eat(")") {
                c.advance();
            }
        }
        if c.eat("<<") {
            let rule = c.word().unwrap_or_default();
            let metavariable = if c.eat(".") { c.word().unwrap_or_default() } else { String::new() };
            let start = c.span().start as usize + 1;
            let default = (c.text() == "=").then(|| {
                while !c.at_end() && c.text() != ";" {
                    c.advance();
                }
                file.slice(Span::new(start, c.span().start as usize)).trim().to_string()
            });
            if metavariable.is_empty() {
                c.error("smpl-script", "expected `rule.metavariable` after `<<`", "");
            }
            inputs.push(ScriptInput { name, rule, metavariable, default });
        } else {
            outputs.push(name);
        }
        if !c.eat(";") {
            let message = if c.text() == "=" {
                "expected `<<`, found `=`"
            } else {
                "expected `;` after a script's variable"
            };
            c.error("smpl-script", message, "a script reads `name << rule.metavariable;` and binds `name;`");
            c.skip_statement();
        }
    }
    ((inputs, outputs), c.diagnostics)
}
