//! `vedalia diff`: the dry run.
//!
//! In: a tree and rules. Out: a verdict for each site and one unified diff of everything that a series would change, or
//! the same as JSON. Nothing is written anywhere.

use crate::series::diff::{Sides, unified};
use crate::series::material;

use super::args::{DiffArguments, FormatWish};
use super::exit::{Exit, Failure, Outcome};
use super::run::{self, Found};
use super::terminal::Terminal;
use super::tree::{self, Tree};
use super::{json, rules, summary};

/// Do it.
pub(super) fn run(arguments: &DiffArguments, terminal: &Terminal) -> Outcome {
    let folders = rules::load(&tree::rule_names(&arguments.tree))?;
    let rules = run::understand(&folders, &arguments.tree.smpl)?;
    let tree = Tree::open(&arguments.tree, &arguments.paths)?;
    let found = run::find(&tree, &rules, &arguments.tree)?;
    let diff = difference(&found)?;
    match arguments.format {
        FormatWish::Text => {
            terminal.print(&summary::verdicts(&found, terminal.out))?;
            terminal.print_bytes(&diff)?;
        }
        FormatWish::Json => terminal.print(&json::document(&found, &tree.base.to_string(), &diff, None))?,
    }
    terminal.tell(&summary::closing(&found, terminal.err));
    Ok(run::finding(&found, &arguments.tree).map_or(Exit::Done, |(exit, _)| exit))
}

/// What the whole series changes, by path.
pub(super) fn difference(found: &Found) -> Result<Vec<u8>, Failure> {
    let changed = material::changed(&found.material).map_err(|told| Failure::new(Exit::Usage, told))?;
    let one = |changed: &material::Changed| {
        let sides = Sides { old: Some(changed.file.bytes()), new: Some(&changed.new) };
        unified(changed.file.path(), sides)
    };
    Ok(changed.iter().flat_map(one).collect())
}
