//! How a helper comes into the tree.
//!
//! In: a walk's `introduce:` clauses and the files that they name. Out: edits of those files; nothing if the tree has
//! the helper already. It refuses trees without those files, and files without any of the anchors.

use super::Files;
use super::rule::Walking;
use crate::diagnostic::Diagnostic;
use crate::edit::TextEdit;
use crate::source::{SourceFile, Span};
use crate::syntax::file_scope::FileScope;
use crate::syntax::{Kind, Node, parse_with};

/// A helper that the tree does not have yet.
#[derive(Clone, Debug)]
pub struct Introduction {
    /// Its name.
    pub helper: String,
    /// What the commit says, paragraph by paragraph.
    pub message: Vec<String>,
    /// Edits by file, the files that people read first last: headers before code.
    pub files: Vec<(SourceFile, Vec<TextEdit>)>,
}

/// The introduction of a walk's helper, if the tree lacks it.
pub(super) fn introduction(
    walk: Walking<'_>,
    files: &dyn Files,
    paths: &[String],
) -> Result<Option<Introduction>, Diagnostic> {
    let mut out: Vec<(SourceFile, Vec<TextEdit>)> = Vec::new();
    for wish in walk.introductions() {
        let there = paths.binary_search(&wish.path).is_ok();
        let refuse = |what: String| {
            Diagnostic::error("no-place-for-helper", what)
                .at(walk.source(), wish.span, "the rule wants it there")
                .help("nothing was written; add the helper to the tree first, or change the rule's `introduce:`")
        };
        if !there {
            return Err(refuse(format!("the tree has no {} to put {}() into", wish.path, walk.helper())));
        }
        let file = SourceFile::new(wish.path.as_str(), files.read(&wish.path)?);
        let tree = parse_with(&file, files.macros());
        let scope = FileScope::of(&tree);
        if !scope.is_free(walk.helper()) {
            return Ok(None);
        }
        let anchor = wish.anchors.iter().find_map(|name| anchor(tree.root(), name));
        let Some(anchor) = anchor else {
            let names = wish.anchors.join(", ");
            return Err(refuse(format!(
                "{} declares none of {names}, behind which {}() would go",
                wish.path,
                walk.helper()
            )));
        };
        let line = file.line_of(Span::at(anchor.end as usize));
        let text = wish.text.trim_end();
        // Code stands apart; a declaration joins its neighbours.
        let text = if wish.path.ends_with(".h") { format!("{text}\n") } else { format!("\n{text}\n") };
        out.push((file, vec![TextEdit::new(Span::at(line.end as usize), text)]));
    }
    if out.is_empty() {
        return Ok(None);
    }
    Ok(Some(Introduction {
        helper: walk.helper().to_owned(),
        message: walk.introduce_message().to_vec(),
        files: out,
    }))
}

/// The last item of file scope that defines, declares or exports `name`.
fn anchor(root: Node<'_>, name: &str) -> Option<Span> {
    let mut last = None;
    for node in root.children() {
        let span = match node.kind() {
            Kind::PreprocIf
            | Kind::PreprocIfdef
            | Kind::PreprocElse
            | Kind::PreprocElif
            | Kind::PreprocElifdef => anchor(node, name),
            _ if is_about(node, name) => Some(node.span()),
            _ => None,
        };
        last = span.or(last);
    }
    last
}

fn is_about(node: Node<'_>, name: &str) -> bool {
    let named = |n: Node<'_>| n.is(Kind::Identifier) && n.text() == name;
    match node.kind() {
        Kind::FunctionDefinition | Kind::Declaration => {
            let declarator = node.descendants().find(|n| n.is(Kind::FunctionDeclarator));
            declarator.and_then(|d| d.named_children().next()).is_some_and(named)
                || node.is(Kind::Declaration) && declarator.is_none() && node.descendants().any(named)
        }
        Kind::MacroDeclaration | Kind::MacroStatement | Kind::ExpressionStatement => {
            node.descendants().any(named)
        }
        _ => false,
    }
}
