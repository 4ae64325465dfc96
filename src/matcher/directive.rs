//! Preprocessor lines: includes, definitions, pragmas, as a rule writes them on one line.
//!
//! In: a directive of the pattern and one of the code. Out: every way to match them. The text of a definition is compared
//! word by word; metavariables in it bind what the parser made of it only if it is one piece.

use super::environment::{Binding, Environment};
use super::node::Matcher;
use crate::smpl::MetaKind;
use crate::source::Span;
use crate::syntax::{Field, Kind, Node};

impl<'p> Matcher<'p> {
    /// Match two directives; `None` if `p` is none.
    pub fn directive(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Option<Vec<Environment>> {
        use Kind::*;
        if !matches!(p.kind(), PreprocInclude | PreprocDef | PreprocFunctionDef | PreprocCall) {
            return None;
        }
        if p.kind() != c.kind() {
            return Some(Vec::new());
        }
        let found = match p.kind() {
            PreprocInclude => self.include(p, c, env),
            _ => self.definition(p, c, env),
        };
        let text = c.text();
        let span = Span::new(c.span().start as usize, c.span().start as usize + text.trim_end().len());
        Some(found.and_then(|env| self.noted(p, span, c, &env)).into_iter().collect())
    }

    fn include(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Option<Environment> {
        let want = self.pattern.piece(p).map_or(p.text(), |x| x.atom.text.as_str());
        let (want, have) = (want.strip_prefix("#")?, c.text().strip_prefix("#")?);
        let want = want.trim_start().strip_prefix("include")?.trim();
        let have = have.trim_start().strip_prefix("include")?.trim();
        let same = match want {
            "..." => true,
            "<...>" => have.starts_with('<'),
            "\"...\"" => have.starts_with('"'),
            _ => match want.strip_suffix("...>").or(want.strip_suffix("...\"")) {
                Some(prefix) => have.starts_with(prefix),
                None => want == have,
            },
        };
        same.then(|| env.clone())
    }

    fn definition(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Option<Environment> {
        let words =
            |n: Node<'_>, f: Field| n.child(f).map(|x| x.text().trim().to_string()).unwrap_or_default();
        let mut env = env.clone();
        for field in [Field::Directive, Field::Name, Field::Parameters, Field::Value, Field::Argument] {
            let (want, have) = (words(p, field), words(c, field));
            if want == have {
                continue;
            }
            if want.contains("...") && (want == "..." || want == "(...)") && !have.is_empty() {
                continue;
            }
            let meta = self.pattern.metavariables().get(&want)?;
            if have.is_empty()
                || (meta.kind == MetaKind::Identifier
                    && have.contains(|x: char| !x.is_alphanumeric() && x != '_'))
            {
                return None;
            }
            let key: String = have.split_whitespace().map(|w| format!("{w}\u{1}")).collect();
            let node = c.child(field).map(|n| n.span()).unwrap_or_default();
            let binding = Binding { key: key.into(), span: node, ..Binding::text(have.as_str()) };
            env = self.bind(meta, binding, &env)?;
        }
        Some(env)
    }
}
