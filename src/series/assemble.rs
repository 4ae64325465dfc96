//! From a draft to a finished series, and from there to branch and directory.
//!
//! In: a [`Draft`], a repository, the habits to follow. Out: [`Series`]: commits in the object database, mails in memory,
//! remarks on what could not be found out. [`Series::publish`] then puts the directory in its place and makes the branch,
//! in this order; if the branch cannot be made, the directory is taken away again.

use crate::series::draft::{Audience, CommitId, Draft, DraftPatch, Identity, Options, Stamp};
use crate::series::error::{Error, Kind, Result};
use crate::series::file_diff::FileDiff;
use crate::series::mail::{Addressees, CoverLetter, Envelope, Letter, MailFile};
use crate::series::message::{self, Message};
use crate::series::output::Place;
use crate::series::prefix::{self, Prefix, PrefixTable};
use crate::series::recipients::{self, Recipient, Script};
use crate::series::repo::{BranchGrant, Chain, CommitPlan, HistoryLimit, Repository, Role, Snapshot};
use std::collections::BTreeSet;

/// What a series follows besides its draft.
pub struct Habits<'a> {
    /// Subject prefixes for what the history does not say.
    pub prefixes: &'a PrefixTable,
    /// Whether the tree is asked for recipients.
    pub recipients: Recipients<'a>,
    /// The line below `-- ` in the mails.
    pub signature: String,
}

/// Whether the tree is asked for recipients.
#[derive(Clone, Copy)]
pub enum Recipients<'a> {
    /// By the script of this snapshot, which is the draft's base.
    FromTree(&'a Snapshot),
    /// No: only those whom the user names.
    OnlyGiven,
}

/// A finished series; nothing leads to its commits yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// The commits.
    pub chain: Chain,
    /// One per commit.
    pub patches: Vec<Patch>,
    /// The files to be written: the cover letter, if there is one, and the patches.
    pub mails: Vec<MailFile>,
    /// What a person should know, such as that no recipients were found.
    pub remarks: Vec<String>,
}

/// One finished patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Its commit.
    pub commit: CommitId,
    /// Its message.
    pub message: Message,
    /// Its subject prefix and the reason for it.
    pub prefix: Prefix,
    /// What it changes.
    pub files: Vec<FileDiff>,
    /// Whom its mail goes to.
    pub addressees: Addressees,
}

/// Make commits and mails. The object database is all that is written to.
pub fn assemble(repository: &Repository, draft: &Draft, habits: &Habits<'_>) -> Result<Series> {
    if draft.patches.is_empty() {
        return Err(Error::new(Kind::EmptyPatch, "there is no patch to make a series of"));
    }
    let with_cover = draft.patches.len() > 1;
    if with_cover && draft.cover.title.trim().is_empty() {
        return Err(Error::new(Kind::MessageHazard, "the cover letter has no title")
            .help("git send-email refuses such a letter; nothing was written"));
    }
    let prefixes = prefixes(repository, draft, habits.prefixes);
    let author = repository.stamp(Role::Author, draft.options.date)?;
    let committer = repository.stamp(Role::Committer, draft.options.date)?;
    let sign_off = repository.wants_sign_off(&draft.options).then_some(&committer.who);
    let messages = message::compose(&draft.patches, &prefixes, sign_off)?;
    let plans: Vec<CommitPlan> = messages
        .iter()
        .zip(&draft.patches)
        .map(|(message, patch)| CommitPlan { message: message.text.clone(), files: patch.files.clone() })
        .collect();
    let chain = repository.write_chain(draft.base, &plans, &author, &committer)?;
    let mut patches = Vec::with_capacity(messages.len());
    for ((parent, commit), (message, prefix)) in chain.steps().zip(messages.into_iter().zip(prefixes)) {
        let files = repository.diff(parent, commit)?;
        patches.push(Patch { commit, message, prefix, files, addressees: Addressees::default() });
    }
    let envelope = Envelope {
        tag: tag(repository, &draft.options),
        reroll: draft.options.reroll,
        total: patches.len(),
        has_cover: with_cover,
        base: draft.base,
        signature: habits.signature.clone(),
    };
    let mail = |(index, patch): (usize, &Patch)| {
        envelope.patch(index + 1, &letter(patch, &author), &patch.addressees)
    };
    let unaddressed: Vec<MailFile> = patches.iter().enumerate().map(mail).collect();
    let asked = ask(repository, draft, habits.recipients, &unaddressed);
    patches.iter_mut().zip(asked.each).for_each(|(patch, addressees)| patch.addressees = addressees);
    let mut mails: Vec<MailFile> = Vec::new();
    if with_cover {
        let files = repository.diff(draft.base, chain.tip())?;
        let body = message::paragraphs(&draft.cover.body);
        let commits: Vec<(&Identity, &str)> =
            patches.iter().map(|p| (&author.who, p.message.text.as_str())).collect();
        let title = draft.cover.title.split_whitespace().collect::<Vec<_>>().join(" ");
        let letter = CoverLetter {
            tip: chain.tip(),
            sender: &committer,
            title: &title,
            body: &body,
            commits,
            files: &files,
        };
        mails.push(envelope.cover(&letter, &asked.everybody));
    }
    mails.extend(
        patches
            .iter()
            .enumerate()
            .map(|(index, patch)| envelope.patch(index + 1, &letter(patch, &author), &patch.addressees)),
    );
    let remarks = asked.remarks.into_iter().chain(cautions(repository, &patches)).collect();
    Ok(Series { chain, patches, mails, remarks })
}

fn prefixes(repository: &Repository, draft: &Draft, table: &PrefixTable) -> Vec<Prefix> {
    let paths = |patch: &DraftPatch| -> Vec<String> {
        if patch.key_paths.is_empty() {
            patch.files.iter().map(|file| file.path.clone()).collect()
        } else {
            patch.key_paths.clone()
        }
    };
    let open = draft.patches.iter().filter(|patch| patch.prefix.is_none());
    let all: Vec<String> = open.flat_map(paths).collect();
    let history = repository.subjects(draft.base, &prefix::paths_to_ask(&all), HistoryLimit::default());
    let of = |patch: &DraftPatch| match &patch.prefix {
        Some(text) => Prefix {
            text: text.clone(),
            first_letter: prefix::FirstLetter::AsItIs,
            source: prefix::Source::Given,
        },
        None => prefix::choose(&paths(patch), &history, table),
    };
    draft.patches.iter().map(of).collect()
}

/// More mails than this at once annoy people.
const MANY: usize = 15;

/// What a person should know before sending.
fn cautions(repository: &Repository, patches: &[Patch]) -> Vec<String> {
    let mut cautions = Vec::new();
    if repository.flag("commit.gpgsign") == Some(true) {
        cautions.push(
            "the commits are not signed although commit.gpgSign is set; `git rebase -S` signs them"
                .to_owned(),
        );
    }
    if patches.len() > MANY {
        let count = patches.len();
        cautions.push(format!(
            "{count} patches are more than {MANY} at once; send one subsystem first, or put more into a patch"
        ));
    }
    let mut of_files = BTreeSet::new();
    for file in patches.iter().flat_map(|patch| &patch.files) {
        let path = String::from_utf8_lossy(&file.new.path);
        if file.hunks.windows(2).any(|pair| pair == b"\r\n") {
            of_files
                .insert(format!("{path} has lines that end in CR LF; its patches need `git am --keep-cr`"));
        }
        if std::str::from_utf8(&file.hunks).is_err() {
            of_files.insert(format!(
                "the changes of {path} are not UTF-8; their mails may be changed on the way"
            ));
        }
    }
    cautions.extend(of_files);
    cautions
}

/// `RFC PATCH next v2`: word, tag, version.
fn tag(repository: &Repository, options: &Options) -> String {
    let configured = || repository.setting("format.subjectprefix").unwrap_or_else(|| "PATCH".into());
    let tag = options.tag.clone().unwrap_or_else(configured);
    let word = options.rfc.as_ref().map_or(String::new(), |word| format!("{word} "));
    let version = if options.reroll > 1 { format!(" v{}", options.reroll) } else { String::new() };
    format!("{word}{tag}{version}")
}

fn letter<'p>(patch: &'p Patch, author: &'p Stamp) -> Letter<'p> {
    Letter {
        commit: patch.commit,
        author,
        message: &patch.message.text,
        notes: &patch.message.notes,
        files: &patch.files,
    }
}

/// Whom the mails go to.
struct Asked {
    /// Each patch's own.
    each: Vec<Addressees>,
    /// Everybody's: the cover letter's.
    everybody: Addressees,
    /// Questions without an answer.
    remarks: Vec<String>,
}

/// Find out whom each of the mails, which have no addresses yet, goes to.
fn ask(repository: &Repository, draft: &Draft, recipients: Recipients<'_>, mails: &[MailFile]) -> Asked {
    let mut found: Vec<Vec<Recipient>> = vec![Vec::new(); mails.len()];
    let mut remarks = Vec::new();
    if let Recipients::FromTree(snapshot) = recipients {
        match Script::of(repository, snapshot) {
            Err(no) => remarks.push(no.why),
            Ok(script) => {
                for (mail, found) in mails.iter().zip(&mut found) {
                    match script.ask(&mail.bytes) {
                        Ok(recipients) => *found = recipients,
                        Err(no) => remarks.push(format!("{}: {}", mail.name, no.why)),
                    }
                }
            }
        }
    }
    let with_configured = |given: &[String], name: &str| [given.to_vec(), repository.settings(name)].concat();
    let given = Addressees {
        to: with_configured(&draft.options.to, "format.to"),
        cc: with_configured(&draft.options.cc, "format.cc"),
    };
    let all: Vec<Recipient> = found.concat();
    let of = |(mut whom, patch): (Vec<Recipient>, &DraftPatch)| {
        if patch.audience == Audience::WholeSeries {
            // Maintainers of the users get a copy: it is not theirs to apply.
            whom.extend(all.iter().map(|r| Recipient { part: recipients::Part::Copy, ..r.clone() }));
        }
        recipients::addressees(&given, &whom)
    };
    let each = found.iter().cloned().zip(&draft.patches).map(of).collect();
    Asked { each, everybody: recipients::addressees(&given, &all), remarks }
}

impl Series {
    /// Put the mails in their place and make the branch, the branch last. Either may be left out.
    pub fn publish(
        &self,
        repository: &Repository,
        branch: Option<&BranchGrant>,
        place: Option<&Place>,
    ) -> Result<()> {
        let put = place.map(|place| place.stage(&self.mails)?.put()).transpose()?;
        let Some(branch) = branch else { return Ok(()) };
        let why = format!("vedalia: series of {} patches", self.patches.len());
        repository.create_branch(branch, self.chain.tip(), &why).map_err(|error| match put {
            Some(put) => put.take_back(error),
            None => error,
        })
    }
}
