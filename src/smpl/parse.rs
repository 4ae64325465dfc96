//! A whole rule file: which bytes are headers, declarations and bodies.
//!
//! In: a rule file. Out: [`RuleFile`] and every complaint about it. It never fails: a rule that cannot be read is
//! left out, and the next header starts afresh.

use super::declare::{metavariables, script_variables};
use super::header::{HeaderKind, ParsedHeader, parse_header};
use super::include::Parts;
use super::names::{Unread, check};
use super::nearest::nearest;
use super::rule::{Clause, Item, RuleFile, ScriptRule, SmplRule, WalkRule};
use super::token::{LineMode, comment_len, lex, quoted_len, word_len};
use super::vocabulary::declared;
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};
use std::sync::Arc;

/// Read a rule file.
pub fn parse(source: &SourceFile) -> (RuleFile, Vec<Diagnostic>) {
    let mut parser = Parser {
        file: source,
        at: 0,
        items: Vec::new(),
        options: Vec::new(),
        unread: Unread::default(),
        diagnostics: Vec::new(),
    };
    // A mark that some editors put in front of a text.
    parser.at += if source.text().starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    parser.preamble();
    while parser.at < source.text().len() {
        parser.rule();
    }
    let mut file = RuleFile {
        source: source.clone(),
        items: parser.items,
        options: parser.options,
        parts: Parts::default(),
    };
    let names = file.declared_names();
    let names = (!names.is_empty()).then(|| Arc::new(declared(&names, None)));
    for item in &mut file.items {
        if let Item::Rule(rule) = item {
            rule.names.clone_from(&names);
        }
    }
    parser.diagnostics.extend(check(&file, &parser.unread));
    (file, parser.diagnostics)
}

struct Parser<'a> {
    file: &'a SourceFile,
    at: usize,
    items: Vec<Item>,
    options: Vec<String>,
    unread: Unread,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.file.text().get(self.at..).unwrap_or_default()
    }

    fn error(&mut self, span: Span, message: impl Into<String>, help: &str) {
        self.diagnostics
            .push(Diagnostic::error("smpl-parse", message).at(self.file, span, "here").help(help));
    }

    /// What stands before the first header, and between a `virtual` line and the next one.
    fn preamble(&mut self) {
        let mut told = false;
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start().len();
            let rest = &rest[blank..];
            self.at += blank;
            if rest.starts_with("//") || rest.starts_with("/*") {
                self.at += comment_len(rest);
            } else if rest.starts_with('#') {
                let line = rest.lines().next().unwrap_or_default();
                if let Some(options) = line[1..].trim_start().strip_prefix("spatch") {
                    let words: Vec<_> = options.split_whitespace().map(str::to_string).collect();
                    self.at += line.len();
                    self.options.extend(words);
                } else {
                    let span = Span::new(self.at, self.at + line.len());
                    if let Some(name) = line[1..].trim_start().strip_prefix("include") {
                        self.error(
                            span,
                            format!("the rule file {} is not there", name.trim()),
                            "it is looked for beside this one and in the current directory",
                        );
                        self.unread.nameless = true;
                    }
                    self.at += line.len();
                }
            } else if word_len(rest) > 0 && matches!(&rest[..word_len(rest)], "virtual" | "using") {
                self.declaration();
            } else if rest.is_empty() || rest.starts_with('@') {
                return;
            } else {
                let len = rest.find('\n').unwrap_or(rest.len());
                let span = Span::new(self.at, self.at + rest[..len].trim_end().len());
                if !told {
                    let help = match nearest(&rest[..word_len(rest)], ["virtual", "using"]) {
                        Some(meant) => &format!("did you mean `{meant}`?"),
                        None => {
                            "a rule is `@name@`, declarations of metavariables, `@@` and code, with `@` in column 0"
                        }
                    };
                    self.error(span, "expected a rule header, `virtual` or `using`", help);
                }
                told = true;
                self.at += len;
            }
        }
    }

    fn declaration(&mut self) {
        let rest = self.rest();
        let keyword = &rest[..word_len(rest)];
        let is_virtual = keyword == "virtual";
        let start = self.at + keyword.len();
        let end = self.at + section_end(rest, keyword.len());
        let mut c = super::cursor::Cursor::new(self.file, Span::new(start, end));
        let mut names = Vec::new();
        loop {
            let Some(name) = (if is_virtual { c.word() } else { c.file_name() }) else {
                let shape = "write `virtual name, name` or `using \"file\"`";
                self.error(
                    c.behind(),
                    format!("expected a name behind `{}`", if names.is_empty() { keyword } else { "," }),
                    shape,
                );
                break;
            };
            names.push(name);
            if !c.eat(",") {
                break;
            }
        }
        if !c.eat(";") && !c.at_end() && !c.starts_line(0) {
            let message = format!("expected `,` or the end of the line, found `{}`", c.text());
            self.error(c.span(), message, "");
            while !c.at_end() && !c.starts_line(0) {
                c.advance();
            }
        }
        self.at = c.span().start as usize;
        if is_virtual {
            self.items.push(Item::Virtual(names));
        } else {
            let span = Span::new(start - keyword.len(), self.at);
            self.items.extend(names.into_iter().map(|name| Item::Using(name, span)));
        }
    }

    fn rule(&mut self) {
        let start = self.at;
        let rest = self.rest();
        let line_len = rest.find('\n').unwrap_or(rest.len());
        let line = Span::new(start, start + rest[..line_len].trim_end().len());
        let Some(mut header_len) = find_at(rest, 1) else {
            self.at = self.file.text().len();
            self.unread.nameless = true;
            return self.error(line, "a rule header that is not closed", "end it with `@`");
        };
        if rest[..header_len].contains(';') {
            // What follows are declarations already.
            self.error(line, "a rule header that is not closed", "end it with `@`");
            header_len = line_len;
        }
        let header_span = Span::new(start, start + header_len + 1);
        let (parsed, diagnostics) = parse_header(self.file, header_span);
        self.diagnostics.extend(diagnostics);
        let declarations = start + header_len + 1;
        let rest = self.file.text().get(declarations..).unwrap_or_default();
        let end = find_at(rest, 0).unwrap_or(rest.len());
        if !rest[end..].starts_with("@@") {
            self.at = declarations + end;
            self.unread(&parsed);
            let code = first_marked_line(&rest[..end])
                .map(|(from, to)| Span::new(declarations + from, declarations + to));
            let (span, message) = match code {
                Some(code) => (code, "expected `@@` in front of this line"),
                None => (header_span, "metavariable declarations that are not closed"),
            };
            let help =
                "declarations of metavariables end with `@@` on a line of its own, also if there are none";
            return self.error(span, message, help);
        }
        let body_start = declarations + end + 2;
        let body_end = body_start + body_end(&self.file.text()[body_start..], &parsed.kind);
        self.at = body_end;
        let declarations = Span::new(declarations, declarations + end);
        self.item(parsed, declarations, Span::new(body_start, body_end));
        self.preamble();
    }

    fn unread(&mut self, parsed: &ParsedHeader) {
        self.unread.names.extend(parsed.header.name.clone());
    }

    fn item(&mut self, parsed: ParsedHeader, declarations: Span, body: Span) {
        let before = self.diagnostics.len();
        let (header, kind) = (parsed.header.clone(), parsed.kind.clone());
        let item = match kind {
            HeaderKind::Script(language, phase) => {
                let ((inputs, outputs), diagnostics) = script_variables(self.file, declarations);
                self.diagnostics.extend(diagnostics);
                Item::Script(ScriptRule { header, language, phase, inputs, outputs, code: body })
            }
            HeaderKind::Rule => {
                let (metavariables, diagnostics) = metavariables(self.file, declarations);
                self.diagnostics.extend(diagnostics);
                self.open_comment(body);
                let tokens = lex(self.file, body, LineMode::Body);
                Item::Rule(SmplRule { header, metavariables, body, tokens, names: None })
            }
            HeaderKind::Walk => {
                let (metavariables, diagnostics) = metavariables(self.file, declarations);
                self.diagnostics.extend(diagnostics);
                let (clauses, diagnostics) = clauses(self.file, body);
                self.diagnostics.extend(diagnostics);
                Item::Walk(WalkRule { header, metavariables, clauses })
            }
        };
        if self.diagnostics.len() == before {
            self.items.push(item);
        } else {
            // What is wrong with its declarations would be told once more of its code.
            self.unread(&parsed);
        }
    }

    /// Complain about a comment that goes on to the end of a rule.
    fn open_comment(&mut self, body: Span) {
        let text = self.file.slice(body);
        let mut at = 0;
        while let Some(rest) = text.get(at..) {
            let Some(c) = rest.chars().next() else { return };
            at += match c {
                '/' if rest.starts_with("/*") && !rest.contains("*/") => {
                    let start = body.start as usize + at;
                    return self.error(
                        Span::new(start, start + 2),
                        "a comment that is not closed",
                        "end it with `*/`",
                    );
                }
                '/' if rest.starts_with("/*") || rest.starts_with("//") => comment_len(rest),
                '"' | '\'' => quoted_len(rest, c as u8),
                _ => c.len_utf8(),
            };
        }
    }
}

/// The first line with a mark in column 0.
fn first_marked_line(text: &str) -> Option<(usize, usize)> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if at > 0 && line.starts_with(['-', '+', '*']) {
            return Some((at, at + line.trim_end().len()));
        }
        at += line.len();
    }
    None
}

/// Where the next `@` in `text` from `from` stands, strings, comments and script constraints left out.
fn find_at(text: &str, from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(rest) = text.get(at..) {
        let c = rest.chars().next()?;
        at += match c {
            '@' => return Some(at),
            '/' if rest.starts_with("//") || rest.starts_with("/*") => comment_len(rest),
            '"' => quoted_len(rest, b'"'),
            '{' => braces_len(rest).unwrap_or(1),
            _ => c.len_utf8(),
        };
    }
    None
}

/// Length of the balanced `{…}` that `rest` starts with.
pub(super) fn braces_len(rest: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = 0;
    loop {
        let c = rest.get(at..)?.chars().next()?;
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return Some(at + 1),
            '}' => depth -= 1,
            '"' => {
                at += quoted_len(&rest[at..], b'"');
                continue;
            }
            _ => {}
        }
        at += c.len_utf8();
    }
}

/// Where the names after `virtual` and `using` may end at the latest: the next header or keyword.
fn section_end(rest: &str, from: usize) -> usize {
    let mut at = from;
    for line in rest[from..].split_inclusive('\n') {
        let word = &line[..word_len(line)];
        if at > from && (line.starts_with('@') || matches!(word, "virtual" | "using")) {
            return at;
        }
        at += line.len();
    }
    rest.len()
}

/// Length of a body: up to the next line that starts with `@`.
fn body_end(text: &str, kind: &HeaderKind) -> usize {
    let mut at = 0;
    let mut line_start = false;
    let script = matches!(kind, HeaderKind::Script(..));
    while let Some(rest) = text.get(at..) {
        let Some(c) = rest.chars().next() else { break };
        if line_start && c == '@' {
            return at;
        }
        line_start = c == '\n';
        at += if !script && (rest.starts_with("/*") || rest.starts_with("//")) {
            comment_len(rest)
        } else {
            c.len_utf8()
        };
    }
    text.len()
}

/// The clauses of a walk rule.
fn clauses(file: &SourceFile, body: Span) -> (Vec<Clause>, Vec<Diagnostic>) {
    let blanked = blank_comments(file.slice(body));
    let mut clauses: Vec<Clause> = Vec::new();
    let mut diagnostics = Vec::new();
    let mut at = 0;
    for line in blanked.split_inclusive('\n') {
        let start = body.start as usize + at;
        if line.trim().is_empty() || line.starts_with([' ', '\t']) {
            match clauses.last_mut() {
                Some(clause) => clause.text_span.end = (start + line.len()) as u32,
                None if line.trim().is_empty() => {}
                None => diagnostics.push(clause_error(file, start, line)),
            }
        } else if let Some(clause) = clause_start(line, start) {
            clauses.push(clause);
        } else {
            diagnostics.push(clause_error(file, start, line));
        }
        at += line.len();
    }
    for clause in &mut clauses {
        let range = clause.text_span.start as usize - body.start as usize
            ..clause.text_span.end as usize - body.start as usize;
        let text = &blanked[range];
        let text = text.trim_end();
        clause.text_span.end = clause.text_span.start + text.len() as u32;
        clause.text = text.to_string();
    }
    (clauses, diagnostics)
}

fn clause_error(file: &SourceFile, start: usize, line: &str) -> Diagnostic {
    Diagnostic::error("walk-clause", "expected a clause, `keyword:` or `keyword word:`, in column 0")
        .at(file, Span::new(start, start + line.trim_end().len()), "here")
        .help("lines that go on with a clause are indented")
}

fn clause_start(line: &str, start: usize) -> Option<Clause> {
    let colon = line.find(':')?;
    let head = &line[..colon];
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let mut words = head.split_whitespace().map(str::to_string);
    let keyword = words.next()?;
    let words: Vec<String> = words.collect();
    if !std::iter::once(&keyword).chain(&words).all(|w| w.chars().all(plain)) {
        return None;
    }
    let keyword_span = Span::new(start, start + keyword.len());
    let text = &line[colon + 1..];
    let blank = text.len() - text.trim_start_matches([' ', '\t']).len();
    let text_start = start + colon + 1 + blank;
    Some(Clause {
        keyword,
        words,
        text: String::new(),
        text_span: Span::new(text_start, start + line.len()),
        keyword_span,
    })
}

/// The same text with comments blanked byte by byte; newlines stay.
fn blank_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let Some(c) = rest.chars().next() else { break };
        let (len, blank) = match c {
            '/' if rest.starts_with("//") || rest.starts_with("/*") => (comment_len(rest), true),
            '"' | '\'' => (quoted_len(rest, c as u8), false),
            _ => (c.len_utf8(), false),
        };
        if blank {
            out.extend(rest[..len].bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }));
        } else {
            out.push_str(&rest[..len]);
        }
        at += len;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> (RuleFile, Vec<Diagnostic>) {
        parse(&SourceFile::new("r.cocci", text))
    }

    #[test]
    fn a_file_with_every_kind_of_item() {
        let text = "// Options: -x\nvirtual a, b\nvirtual c\n\n@r@\nexpression E != {1, f(x)};\nposition p;\n@@\n\nf@p(E)\n\n\
            @script:python depends on r@\np << r.p;\n@@\nprint(p[0].file)\n\n@walk:w depends on a@\nidentifier i;\n@@\n\
            cursor index: /* no */ i\n  goes on\n\npatch new-file:\n  text\n";
        let (file, errors) = read(text);
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(file.virtual_names().collect::<Vec<_>>(), ["a", "b", "c"]);
        let rule = file.rules().next().unwrap();
        assert_eq!(rule.metavariables.len(), 2);
        assert_eq!(rule.tokens.len(), 4);
        let walk = file.walks().next().unwrap();
        assert_eq!(walk.clauses[0].keyword, "cursor");
        assert_eq!(walk.clauses[0].words, ["index"]);
        assert_eq!(walk.clauses[0].text, "i\n  goes on");
        assert_eq!(walk.clauses[1].words, ["new-file"]);
        assert_eq!(walk.clauses[1].text.trim(), "text");
        for clause in &walk.clauses {
            assert_eq!(clause.text.len(), clause.text_span.len());
        }
    }

    #[test]
    fn several_errors_are_reported() {
        let (file, errors) =
            read("@r@\nexpresion E;\n@@\nf(E)\n@s depends on@\n@@\ng()\n@t@\nx\n@u@\n@@\nh()\n");
        assert!(errors.len() >= 3, "{errors:?}");
        assert!(file.rules().any(|r| r.header.name.as_deref() == Some("u")));
    }

    #[test]
    fn what_is_no_type_does_not_hold_a_list_up() {
        let _ = read("@r@\nexpression {(+)} x;\n@@\nf();\n");
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "[@a-z(){}|&+\\-*.,;:<=\"/ \n\\\\]{0,80}") {
            let _ = read(&text);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&SourceFile::new("r.cocci", bytes));
        }
    }
}
