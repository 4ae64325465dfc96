//! `vedalia series`: commits on a new branch and mails in a directory.
//!
//! In: a tree and rules. Out: the branch, the directory, and on standard output the verdicts, the list of mails and the
//! line that sends them, or the same as JSON. Everything that can be refused is refused before the tree is searched; the branch is made last.

use std::path::Path;

use crate::diagnostic::{Diagnostic, Severity};
use crate::series::assemble::{Habits, Recipients, Series, assemble};
use crate::series::draft::{Date, Draft, Options, SignOff, Timestamp};
use crate::series::material;
use crate::series::output::{Place, send_line};
use crate::series::prefix::PrefixTable;
use crate::series::repo::{BranchWish, Existing};
use crate::series::split::{Policy, Sections};

use super::args::{FormatWish, MailArguments, SeriesArguments, SplitWish};
use super::diff::difference;
use super::exit::{Exit, Failure, Outcome};
use super::run::{self, Found};
use super::terminal::Terminal;
use super::tree::{self, Tree};
use super::{build, json, render, rules, summary};

/// Do it.
pub(super) fn run(arguments: &SeriesArguments, terminal: &Terminal) -> Outcome {
    let folders = rules::load(&tree::rule_names(&arguments.tree))?;
    let rules = run::understand(&folders, &arguments.tree.smpl)?;
    let options = options(&arguments.mail)?;
    let prefixes = prefixes(&arguments.mail)?;
    let tree = Tree::open(&arguments.tree, &arguments.paths)?;
    let existing = if arguments.force { Existing::Replace } else { Existing::Refuse };
    let wish = |name: &String| BranchWish { name: name.clone(), existing };
    let grant =
        arguments.branch.as_ref().map(|name| tree.repository.check_branch(&wish(name))).transpose()?;
    let place = arguments.output.as_deref().map(Place::check).transpose()?;
    let found = run::find(&tree, &rules, &arguments.tree)?;
    let is_text = arguments.format == FormatWish::Text;
    let document = |made| -> Result<String, Failure> {
        Ok(json::document(&found, &tree.base.to_string(), &difference(&found)?, made))
    };
    if is_text {
        terminal.print(&summary::verdicts(&found, terminal.out))?;
    }
    if let Some((exit, why)) = run::finding(&found, &arguments.tree) {
        if !is_text {
            terminal.print(&document(None)?)?;
        }
        terminal.tell(&summary::closing(&found, terminal.err));
        let told = Diagnostic::new(Severity::Note, "findings", format!("{why}; nothing was written"));
        terminal.tell(&render::diagnostic(&told, terminal.err));
        return Ok(exit);
    }
    let draft = draft(&tree, &found, policy(arguments.split), options)?;
    let with_mails = place.is_some() || arguments.tree.demo;
    let habits = Habits {
        prefixes: &prefixes,
        recipients: if with_mails { Recipients::FromTree(&tree.snapshot) } else { Recipients::OnlyGiven },
        signature: signature(&tree),
    };
    let series = assemble(&tree.repository, &draft, &habits)?;
    if let Some(command) = &arguments.build {
        build::check(command, &tree, &series, terminal)?;
    }
    series.publish(&tree.repository, grant.as_ref(), place.as_ref())?;
    terminal.print(&if is_text {
        report(&series, arguments)
    } else {
        document(Some(made(&series, arguments)))?
    })?;
    for remark in &series.remarks {
        let told = Diagnostic::new(Severity::Note, "remark", remark);
        terminal.tell(&render::diagnostic(&told, terminal.err));
    }
    terminal.tell(&summary::closing(&found, terminal.err));
    Ok(Exit::Done)
}

/// What the series is to be.
fn draft(tree: &Tree, found: &Found, policy: Policy, options: Options) -> Result<Draft, Failure> {
    let maintainers = tree.repository.find_file(tree.base, "MAINTAINERS")?.unwrap_or_default();
    let sections = Sections::parse(&String::from_utf8_lossy(&maintainers));
    let patches = material::patches(&found.material, policy, &sections);
    let patches = patches.map_err(|told| Failure::new(Exit::Usage, told))?;
    Ok(Draft { base: tree.base, patches, cover: material::cover(&found.material), options })
}

fn policy(wish: SplitWish) -> Policy {
    match wish {
        SplitWish::Function => Policy::Function,
        SplitWish::File => Policy::File,
        SplitWish::Subsystem => Policy::Subsystem,
        SplitWish::Treewide => Policy::Treewide,
    }
}

/// The options of the mails, as they are meant.
fn options(mail: &MailArguments) -> Result<Options, Failure> {
    let date = mail.date.as_deref().map(Timestamp::parse).transpose()?;
    Ok(Options {
        tag: mail.subject_prefix.clone(),
        rfc: mail.rfc.clone(),
        reroll: mail.reroll_count,
        sign_off: match (mail.signoff, mail.no_signoff) {
            (true, _) => SignOff::Yes,
            (false, true) => SignOff::No,
            (false, false) => SignOff::AsConfigured,
        },
        date: date.map_or(Date::Now, Date::At),
        to: mail.to.clone(),
        cc: mail.cc.clone(),
    })
}

/// The shipped table of subject prefixes with the user's own behind it.
fn prefixes(mail: &MailArguments) -> Result<PrefixTable, Failure> {
    let shipped = PrefixTable::shipped()?;
    let Some(path) = &mail.prefixes else { return Ok(shipped) };
    let text = std::fs::read_to_string(path).map_err(|error| {
        let told = format!("cannot read the table of prefixes `{}`: {error}", path.display());
        Failure::new(Exit::Usage, Diagnostic::error("unreadable", told))
    })?;
    Ok(shipped.overridden_by(PrefixTable::parse(&path.display().to_string(), &text)?))
}

/// The line below `-- `: the user's own, or who wrote the mail.
fn signature(tree: &Tree) -> String {
    let own = tree.repository.setting("format.signature").filter(|text| !text.trim().is_empty());
    own.unwrap_or_else(|| format!("vedalia {}", env!("CARGO_PKG_VERSION")))
}

/// What was made, for programs.
fn made(series: &Series, arguments: &SeriesArguments) -> json::Made {
    let written = |directory: &Path| {
        series.mails.iter().map(|mail| directory.join(&mail.name).display().to_string()).collect()
    };
    json::Made {
        commits: series.patches.len(),
        tip: series.chain.tip().to_string(),
        mails: arguments.output.as_deref().map(written).unwrap_or_default(),
    }
}

/// What was made, and how to send it.
fn report(series: &Series, arguments: &SeriesArguments) -> String {
    let mut text = String::new();
    if let Some(branch) = &arguments.branch {
        text.push_str(&format!(
            "branch {branch}: {} commits, tip {}\n",
            series.patches.len(),
            series.chain.tip().short(12)
        ));
    }
    let place = arguments.output.as_deref().unwrap_or(Path::new("outgoing"));
    if arguments.output.is_some() || arguments.tree.demo {
        for mail in &series.mails {
            text.push_str(&format!("{}\n", place.join(&mail.name).display()));
        }
        let lead = if arguments.output.is_some() {
            "send them with"
        } else {
            "with -o outgoing they would be there, to be sent with"
        };
        text.push_str(&format!("{lead}: {}\n", send_line(place)));
    }
    text
}
