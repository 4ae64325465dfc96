//! Rule files that include others.
//!
//! In: a rule file, and a way to read those it names. Out: [`RuleFile`], one text with everything that `#include "file"`
//! lines ahead of the first rule ask for: first what all files say ahead of their rules, then the rules, those of an
//! included file before those of the one that includes it; and the [`Parts`] it is made of. A line whose file cannot be
//! read stays, for the parser to complain about; a file is included once.

use super::compile::unnamed;
use super::token::comment_len;
use super::{RuleFile, SmplRule};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};

/// Where the text of a rule file comes from, in order; nothing if it includes no other.
#[derive(Clone, Debug, Default)]
pub struct Parts(Vec<Part>);

/// Bytes of the whole, and the same bytes where they were written.
#[derive(Clone, Debug)]
struct Part {
    at: Span,
    file: SourceFile,
    from: u32,
}

/// Parse a rule file with what it includes; what is wrong is said of the files that people wrote.
pub fn parse_whole(
    file: &SourceFile,
    read: &dyn Fn(&str) -> Option<SourceFile>,
) -> (RuleFile, Vec<Diagnostic>) {
    let (source, parts) = assemble(file, read);
    let (mut rules, told) = super::parse(&source);
    rules.parts = parts;
    let told = told.into_iter().map(|one| rules.traced(one)).collect();
    (rules, told)
}

/// Put a rule file and what it includes together, under the name of the file that includes the others.
fn assemble(file: &SourceFile, read: &dyn Fn(&str) -> Option<SourceFile>) -> (SourceFile, Parts) {
    let mut pieces = Pieces { read, seen: Vec::new(), ahead: Vec::new(), rules: Vec::new() };
    pieces.add(file);
    if pieces.seen.is_empty() {
        return (file.clone(), Parts::default());
    }
    let mut text = String::new();
    let mut parts = Vec::new();
    for (file, span) in pieces.ahead.into_iter().chain(pieces.rules) {
        let start = text.len();
        text.push_str(file.slice(span));
        parts.push(Part { at: Span::new(start, text.len()), file, from: span.start });
        text.push('\n');
    }
    (SourceFile::new(file.path(), text), Parts(parts))
}

impl RuleFile {
    /// Where a place of the whole text was written.
    pub fn written(&self, span: Span) -> (&SourceFile, Span) {
        let Some(part) = self.parts.0.iter().find(|p| p.at.start <= span.start && span.start <= p.at.end)
        else {
            return (&self.source, span);
        };
        let start = span.start - part.at.start + part.from;
        let len = span.end.min(part.at.end).saturating_sub(span.start);
        (&part.file, Span { start, end: start + len })
    }

    /// What a rule is called.
    pub fn name_of(&self, rule: &SmplRule) -> String {
        let (source, span) = self.written(rule.header.span);
        rule.header.name.clone().unwrap_or_else(|| unnamed(source.line_column(span).line))
    }

    /// A complaint about the whole text as one about the files that people wrote.
    pub fn traced(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        for annotation in diagnostic.annotations.iter_mut().filter(|a| a.file.path() == self.source.path()) {
            let (file, span) = self.written(annotation.span);
            (annotation.file, annotation.span) = (file.clone(), span);
        }
        diagnostic
    }
}

struct Pieces<'a> {
    read: &'a dyn Fn(&str) -> Option<SourceFile>,
    /// The names of the files that are in.
    seen: Vec<String>,
    ahead: Vec<(SourceFile, Span)>,
    rules: Vec<(SourceFile, Span)>,
}

impl Pieces<'_> {
    fn add(&mut self, file: &SourceFile) {
        let text = file.text();
        let first = first_rule(text);
        let mut from = 0;
        for (line, name) in includes(text, first) {
            if self.seen.iter().any(|seen| seen == name) {
                self.ahead.push((file.clone(), Span::new(from, line.start as usize)));
                from = line.end as usize;
                continue;
            }
            let Some(included) = (self.read)(name) else { continue };
            self.seen.push(name.to_owned());
            self.ahead.push((file.clone(), Span::new(from, line.start as usize)));
            from = line.end as usize;
            self.add(&included);
        }
        self.ahead.push((file.clone(), Span::new(from, first)));
        self.rules.push((file.clone(), Span::new(first, text.len())));
    }
}

/// Where the first rule's header starts.
fn first_rule(text: &str) -> usize {
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let blank = rest.len() - rest.trim_start().len();
        let rest = &rest[blank..];
        at += blank;
        if rest.starts_with('@') {
            break;
        }
        at += if rest.starts_with("//") || rest.starts_with("/*") {
            comment_len(rest)
        } else {
            rest.find('\n').unwrap_or(rest.len())
        };
    }
    at.min(text.len())
}

/// The lines that include files, and the files' names.
fn includes(text: &str, end: usize) -> Vec<(Span, &str)> {
    let mut out = Vec::new();
    let mut at = 0;
    for line in text[..end].split_inclusive('\n') {
        let directive = line.trim_start().strip_prefix('#').map(str::trim_start);
        let named = directive.and_then(|d| d.strip_prefix("include")).map(str::trim_start);
        if let Some((name, _)) = named.and_then(|n| n.strip_prefix('"')).and_then(|n| n.split_once('"')) {
            out.push((Span::new(at, at + line.trim_end().len()), name));
        }
        at += line.len();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str) -> Option<SourceFile> {
        let text = match name {
            "a.cocci" => "virtual a\n#include \"b.cocci\"\n@a1@\n@@\n- a();\n",
            "b.cocci" => "// #include \"none.cocci\"\n@b1@\n@@\n- b()\n",
            _ => return None,
        };
        Some(SourceFile::new(name, text))
    }

    fn names(text: &str) -> (Vec<String>, Vec<Diagnostic>) {
        let (file, errors) = parse_whole(&SourceFile::new("r.cocci", text), &read);
        (file.rules().filter_map(|r| r.header.name.clone()).collect(), errors)
    }

    #[test]
    fn rules_of_included_files_come_first_and_once() {
        let text = "#include \"a.cocci\"\n#include \"b.cocci\"\nvirtual own\n@r@\n@@\n- r();\n";
        let (names, errors) = names(text);
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(names, ["b1", "a1", "r"]);
    }

    #[test]
    fn a_file_that_is_not_there_is_told() {
        let (names, errors) = names("#include \"none.cocci\"\n@r@\n@@\n- r();\n");
        assert_eq!(names, ["r"]);
        assert!(errors[0].message.contains("none.cocci"), "{errors:?}");
    }

    #[test]
    fn complaints_name_the_file_that_was_written() {
        let (_, errors) = names("#include \"a.cocci\"\n\n@r@\nexpresion e;\n@@\n- r(e);\n");
        assert_eq!(errors[0].place().as_deref(), Some("r.cocci:4:1"), "{errors:?}");
    }
}
