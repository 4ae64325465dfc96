//! Diagnostics as people read them.
//!
//! In: a [`Diagnostic`]. Out: text in the manner of rustc: the message, the lines with carets and labels, the help. It
//! refuses no span: one that lies outside its file is moved to the end of it.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::diagnostic::{Annotation, Diagnostic, Severity};
use crate::source::{SourceFile, Span};

use super::terminal::Paint;

/// `diagnostic` as text that ends in a newline.
pub(super) fn diagnostic(diagnostic: &Diagnostic, paint: Paint) -> String {
    let level = match diagnostic.severity {
        Severity::Note => Level::NOTE,
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let mut title = level.primary_title(diagnostic.message.as_str());
    if !diagnostic.annotations.is_empty() && !diagnostic.code.is_empty() {
        title = title.id(diagnostic.code.as_str());
    }
    let mut group = Group::with_title(title);
    for file in files(&diagnostic.annotations) {
        group = group.element(snippet(file, &diagnostic.annotations));
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = match paint {
        Paint::Colored => Renderer::styled(),
        Paint::Plain => Renderer::plain(),
    };
    let mut text = renderer.decor_style(DecorStyle::Ascii).render(&[group]);
    text.push('\n');
    text
}

/// All of `diagnostics`, with an empty line after each that shows code.
pub(super) fn diagnostics(diagnostics: &[Diagnostic], paint: Paint) -> String {
    let mut text = String::new();
    for one in diagnostics {
        text.push_str(&diagnostic(one, paint));
        if !one.annotations.is_empty() {
            text.push('\n');
        }
    }
    text
}

/// The files of the annotations, each once, in order.
fn files(annotations: &[Annotation]) -> Vec<&SourceFile> {
    let mut files: Vec<&SourceFile> = Vec::new();
    for annotation in annotations {
        if !files.iter().any(|file| file.path() == annotation.file.path()) {
            files.push(&annotation.file);
        }
    }
    files
}

/// The excerpt of one file.
fn snippet<'a>(
    file: &'a SourceFile,
    annotations: &'a [Annotation],
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let mut snippet = Snippet::source(file.text()).path(file.path());
    for annotation in annotations.iter().filter(|a| a.file.path() == file.path()) {
        let kind = if annotation.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let mut mark = kind.span(clamp(file.text(), annotation.span));
        if !annotation.label.is_empty() {
            mark = mark.label(annotation.label.as_str());
        }
        snippet = snippet.annotation(mark);
    }
    snippet
}

/// The bytes of `span` that exist, on boundaries of characters.
fn clamp(text: &str, span: Span) -> std::ops::Range<usize> {
    let bounded = |offset: u32| (offset as usize).min(text.len());
    let mut start = bounded(span.start);
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = bounded(span.end);
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_shown_with_carets_and_help() {
        let file = SourceFile::new("a.cocci", "@r@\nexpression E;\n@@\n- f(E\n+ g(E)\n");
        let fault = Diagnostic::error("minus-line", "this minus line is not C by itself")
            .at(&file, Span::new(23, 26), "the parenthesis is never closed")
            .at(&file, Span::new(0, 3), "in this rule")
            .help("close it on the same line");
        insta::assert_snapshot!(diagnostic(&fault, Paint::Plain), @"
        error[minus-line]: this minus line is not C by itself
         --> a.cocci:4:3
          |
        1 | @r@
          | --- in this rule
        ...
        4 | - f(E
          |   ^^^ the parenthesis is never closed
          |
          = help: close it on the same line
        ");
    }

    #[test]
    fn a_span_outside_the_file_is_shown_at_its_end() {
        let file = SourceFile::new("empty.c", "");
        let fault = Diagnostic::error("x", "nothing there").at(&file, Span::new(5, 9), "here");
        assert!(diagnostic(&fault, Paint::Plain).contains("empty.c:1:1"));
        let file = SourceFile::new("umlaut.c", "ä\n");
        let fault = Diagnostic::error("x", "half a character").at(&file, Span::new(1, 1), "here");
        assert!(diagnostic(&fault, Paint::Colored).contains("half a character"));
    }

    #[test]
    fn without_a_place_it_is_one_line() {
        let fault = Diagnostic::new(Severity::Warning, "x", "nothing to do");
        assert_eq!(diagnostic(&fault, Paint::Plain), "warning: nothing to do\n");
    }
}
