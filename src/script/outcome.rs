//! What a script made and printed, as values of the engine.
//!
//! In: pieces of code as a script wrote them, and what it printed piece by piece. Out: [`Binding`]s and [`Report`]s.

use super::{Report, ReportKind, ReportPlace};
use crate::matcher::binding::Extent;
use crate::matcher::{Binding, Place, canonical};
use crate::source::{LineColumn, SourceFile, Span};
use crate::syntax::parse;

/// A piece of code for an output variable: the part of the name of its `make_` function, its text, and for a position
/// the file, the element, and the lines and columns of both ends.
pub(super) struct Made {
    pub(super) kind: String,
    pub(super) text: String,
    pub(super) place: Vec<String>,
}

/// What a script printed at once.
pub(super) struct Said {
    pub(super) kind: String,
    pub(super) text: String,
    pub(super) place: Vec<String>,
}

impl Made {
    /// What an output variable is bound to; places are those of `file`.
    pub(super) fn binding(&self, file: &SourceFile) -> Binding {
        match self.kind.as_str() {
            "position" => position(&self.place, file).unwrap_or_else(|| Binding::text(self.text.as_str())),
            "expr" => parsed(&self.text, "int made = ", ";\n"),
            "type" => parsed(&self.text, "", " made;\n"),
            "stmt" => parsed(&self.text, "void made(void)\n{\n", "\n}\n"),
            _ => Binding::text(self.text.as_str()),
        }
    }
}

/// A binding to code that is in no file: equal to code that a rule matches if it is written the same.
fn parsed(text: &str, before: &str, after: &str) -> Binding {
    let tree = parse(&SourceFile::new("", format!("{before}{text}{after}")));
    let span = Span::new(before.len(), before.len() + text.len());
    let node = tree.root().descendants().find(|n| n.span() == span);
    match node {
        Some(node) => Binding { key: canonical(node).into(), ..Binding::text(text) },
        None => Binding::text(text),
    }
}

fn position(fields: &[String], file: &SourceFile) -> Option<Binding> {
    let [path, element, line, column, line_end, column_end] = fields else { return None };
    let at = |line: &str, column: &str| {
        Some(LineColumn { line: line.parse().ok()?, column: column.parse::<usize>().ok()? + 1 })
    };
    let (from, to) = (at(line, column)?, at(line_end, column_end)?);
    let offset = |at: LineColumn| file.lines().line_span(at.line).start as usize + at.column - 1;
    let span = Span::new(offset(from), offset(to).max(offset(from)));
    Some(Binding::place(Place {
        file: path.as_str().into(),
        span,
        at: Extent { from, to },
        element: element.as_str().into(),
        element_at: Extent { from, to },
    }))
}

/// Messages from what was printed piece by piece: pieces of one line that were printed alike are one.
pub(super) fn reports(said: Vec<Said>) -> Vec<Report> {
    let mut out: Vec<Report> = Vec::new();
    for one in said {
        let kind = match one.kind.as_str() {
            "report" => ReportKind::Report,
            "org" => ReportKind::Org,
            "error" => ReportKind::Error,
            _ => ReportKind::Print,
        };
        let place = place(&one.place);
        match out.last_mut().filter(|r| place.is_none() && r.kind == kind && !r.text.ends_with('\n')) {
            Some(line) => line.text.push_str(&one.text),
            None => out.push(Report { kind, text: one.text, place }),
        }
    }
    out
}

fn place(fields: &[String]) -> Option<ReportPlace> {
    let [file, line, column, line_end, column_end] = fields else { return None };
    let number = |text: &String| text.parse().ok();
    Some(ReportPlace {
        file: file.clone(),
        line: number(line)?,
        column: number(column)?,
        line_end: number(line_end)?,
        column_end: number(column_end)?,
    })
}
