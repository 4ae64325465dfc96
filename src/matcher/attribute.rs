//! Attributes, as macros or spelled out: where they stand, and which of the code's are the pattern's.
//!
//! In: a declaration of the pattern and one of the code. Out: every way to find the pattern's attributes among the
//! code's. Behind the declared name or before it is all that their place means. Attributes that the pattern does not
//! mention are passed over, unless the rule does without `optional_attributes`.

use super::binding::Binding;
use super::environment::Environment;
use super::node::Matcher;
use crate::smpl::MetaKind;
use crate::smpl::pattern::Leaf;
use crate::syntax::{Field, Kind, Node};

/// Whether it is an attribute.
pub fn is_attribute(n: Node<'_>) -> bool {
    matches!(n.kind(), Kind::MacroAttribute | Kind::AttributeSpecifier | Kind::AttributeDeclaration)
}

/// The attributes of a declaration: those in its header, and those on either side of it.
pub fn attributes(n: Node<'_>) -> Vec<Node<'_>> {
    let aside = |n: &Node<'_>| is_attribute(*n);
    let mut out: Vec<Node<'_>> = Vec::new();
    if follows_word(n) {
        out.extend(std::iter::successors(n.prev_sibling(), |s| s.prev_sibling()).take_while(aside));
        out.reverse();
    }
    inside(n, &mut out);
    out.extend(std::iter::successors(n.next_sibling(), |s| s.next_sibling()).take_while(aside));
    out
}

/// Whether an attribute may stand right before it; asking for the node before it takes longer.
fn follows_word(n: Node<'_>) -> bool {
    let before = n.tree().source().text().get(..n.span().start as usize).unwrap_or_default();
    before.trim_end().ends_with(|c: char| matches!(c, ')' | ']' | '_') || c.is_alphanumeric())
}

fn inside<'t>(n: Node<'t>, out: &mut Vec<Node<'t>>) {
    use Kind::*;
    for child in n.children() {
        match child.kind() {
            _ if is_attribute(child) => out.push(child),
            ParameterList | CompoundStatement | FieldDeclarationList | EnumeratorList | ArgumentList => {}
            _ if matches!(child.role(), Some(Field::Value | Field::Size)) => {}
            _ => inside(child, out),
        }
    }
}

/// Where the declared name ends, if there is one.
fn name_end(n: Node<'_>) -> u32 {
    let mut at = n.children_in(Field::Declarator).next();
    while let Some(d) = at {
        match d.child(Field::Declarator).or_else(|| d.named_children().find(|c| !is_attribute(*c))) {
            Some(inner) if !super::constraint::is_name(d) => at = Some(inner),
            _ => return d.span().end,
        }
    }
    n.child(Field::Body).map_or(n.span().end, |body| body.span().end)
}

/// On which side of what `n` declares an attribute stands: behind the name or not; of a type without a name, inside of it
/// or not.
fn side_of<'t>(n: Node<'t>) -> impl Fn(Node<'t>) -> bool {
    let unnamed = n.is(Kind::TypeDescriptor);
    let (whole, end) = (n.span(), name_end(n));
    move |attribute| {
        let at = attribute.span().start;
        if unnamed { whole.start <= at && at < whole.end } else { at >= end }
    }
}

impl<'p> Matcher<'p> {
    /// Find the attributes of `p` among those of `c`.
    pub fn attributes(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        let (wanted, there) = (attributes(p), attributes(c));
        if wanted.is_empty() && there.is_empty() {
            return vec![env.clone()];
        }
        let (side, code_side) = (side_of(p), side_of(c));
        let mut all: Vec<(Environment, Vec<usize>)> = vec![(env.clone(), Vec::new())];
        for one in wanted {
            let side = side(one);
            let mut next = Vec::new();
            for (env, used) in &all {
                let free =
                    there.iter().enumerate().filter(|(i, a)| !used.contains(i) && code_side(**a) == side);
                for (i, attribute) in free {
                    let found = self.attribute(one, *attribute, env);
                    next.extend(found.into_iter().map(|env| {
                        let mut used = used.clone();
                        used.push(i);
                        (env, used)
                    }));
                }
            }
            all = next;
        }
        let optional = self.pattern.metavariables().allows("optional_attributes");
        all.retain(|(_, used)| optional || used.len() == there.len());
        all.into_iter().map(|(env, _)| env).collect()
    }

    fn attribute(&self, p: Node<'p>, c: Node<'_>, env: &Environment) -> Vec<Environment> {
        match self.pattern.leaf(p) {
            Leaf::Meta(meta) if meta.kind == MetaKind::Attribute => {
                let bound = self.bind(meta, Binding::of(c), env);
                bound.and_then(|env| self.noted(p, c.span(), c, &env)).into_iter().collect()
            }
            _ => self.words(p, c, env),
        }
    }
}
