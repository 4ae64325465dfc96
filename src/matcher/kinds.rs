//! Which kinds of code an element of a pattern may match, told without looking at any code.
//!
//! In: a node of a pattern. Out: a [`KindSet`]; nothing of another kind matches. It names too many kinds rather than too
//! few: what a metavariable stands for, it does not ask.

use super::node::{Matcher, is_word};
use super::sized::is_sized;
use crate::smpl::pattern::{Leaf, Pattern, Slot};
use crate::syntax::kind::KindSet;
use crate::syntax::{Kind, Node};

impl<'p> Matcher<'p> {
    /// The kinds that the pattern's only node may match.
    pub fn kinds(&self) -> KindSet {
        let find = || self.pattern.single().map_or(KindSet::ALL, |root| self.kinds_of(root));
        self.pattern.root_kinds(find)
    }

    /// The kinds that `p` may match.
    pub fn kinds_of(&self, p: Node<'p>) -> KindSet {
        let own = match self.whole_leaf(p) {
            Leaf::Meta(_) => KindSet::ALL,
            Leaf::Slot(Slot::Disjunction(all)) => union(all),
            Leaf::Slot(_) => KindSet::ALL,
            Leaf::Plain => self.kinds_of_code(p),
        };
        own.union(union(self.pattern.alternatives(p)))
    }

    fn kinds_of_code(&self, p: Node<'p>) -> KindSet {
        use Kind::*;
        let only = KindSet::of(&[p.kind(), ParenthesizedExpression]);
        if is_word(p) {
            return only.union(KindSet::of(&[
                Identifier,
                FieldIdentifier,
                TypeIdentifier,
                StatementIdentifier,
                PrimitiveType,
                SizedTypeSpecifier,
                True,
                False,
                Null,
            ]));
        }
        match p.kind() {
            TypeDescriptor => KindSet::ALL,
            _ if self.operand_dots(p).is_some() => KindSet::ALL,
            _ if is_sized(p) => only.union(KindSet::of(&[SizedTypeSpecifier, PrimitiveType])),
            Declaration => only.union(KindSet::of(&[FieldDeclaration])),
            AssignmentExpression => only.union(KindSet::of(&[InitDeclarator])),
            ExpressionStatement | MacroStatement | MacroDeclaration => {
                only.union(KindSet::of(&[ExpressionStatement, MacroStatement, MacroDeclaration]))
            }
            _ => only,
        }
    }
}

fn union(all: &[Pattern]) -> KindSet {
    all.iter().fold(KindSet::default(), |kinds, pattern| kinds.union(Matcher::new(pattern).kinds()))
}
