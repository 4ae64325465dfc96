//! Code that goes to another column.
//!
//! In: the text of statements, and by how many columns they move. Out: the text there. All of its lines are new to a
//! reader of the patch, so that what is asked of new lines holds for them: inside a block a blank line stands between
//! declarations and statements. Code that stays in its column stays as it is.

use super::columns::shift;
use crate::source::SourceFile;
use crate::syntax::{Kind, Node, parse};

const HEAD: &str = "void moved(void)\n{\n";

/// `text` with every line but the first moved by `by` columns.
pub fn moved(text: &str, by: isize) -> String {
    if by == 0 { text.to_owned() } else { shift(&spaced(text), by) }
}

/// `text` with a blank line between the declarations and the statements of each block in it.
fn spaced(text: &str) -> String {
    let source = SourceFile::new("moved.c", format!("{HEAD}{text}\n}}\n"));
    let tree = parse(&source);
    let blocks = tree.root().descendants().filter(|n| n.is(Kind::CompoundStatement)).skip(1);
    let mut ends: Vec<usize> = blocks.filter_map(unspaced).collect();
    ends.sort_unstable();
    let mut out = text.to_owned();
    for end in ends
        .into_iter()
        .rev()
        .filter_map(|end| end.checked_sub(HEAD.len()))
        .filter(|end| text.is_char_boundary(*end))
    {
        out.insert(end, '\n');
    }
    out
}

/// Where the last of a block's declarations ends, if a statement stands on the next line.
fn unspaced(block: Node<'_>) -> Option<usize> {
    let inside: Vec<Node<'_>> = block.named_children().collect();
    let declarations = inside.iter().take_while(|n| n.is(Kind::Declaration)).count();
    let (last, next) = (inside.get(declarations.checked_sub(1)?)?, inside.get(declarations)?);
    let end = last.span().end as usize;
    let between = &block.tree().source().text()[end..next.span().start as usize];
    let is_next_line = between.trim().is_empty() && between.matches('\n').count() == 1;
    (is_next_line && !next.is(Kind::Comment)).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moved_blocks_have_a_blank_line_behind_their_declarations() {
        let old = "while (p < q) {\n\t\tint *one = next(p++);\n\t\tif (one)\n\t\t\tdrop(one);\n\t}";
        assert_eq!(
            moved(old, 8),
            "while (p < q) {\n\t\t\tint *one = next(p++);\n\n\t\t\tif (one)\n\t\t\t\tdrop(one);\n\t\t}"
        );
    }

    #[test]
    fn what_stays_or_has_its_blank_line_is_as_before() {
        let old = "if (a) {\n\t\tint b = 1;\n\t\tuse(b);\n\t}";
        assert_eq!(moved(old, 0), old);
        for old in [
            "if (a) {\n\t\tint b = 1;\n\n\t\tuse(b);\n\t}",
            "if (a) {\n\t\tint b = 1; /* why */\n\t\tuse(b);\n\t}",
            "if (a) {\n\t\tuse(1);\n\t\tuse(2);\n\t}",
            "int b = 1;\n\tuse(b);",
        ] {
            assert_eq!(shift(&moved(old, 8), -8), old);
        }
    }
}
