//! Mails, byte for byte as `git format-patch` 2.47 writes them.
//!
//! In: commits as plain data ([`Letter`]), how the series is to look ([`Envelope`]). Out: [`MailFile`]s. What is pinned
//! is listed in `tests/series_mail.rs`, which compares with git itself: `--stat=72`, `core.abbrev=12`, three lines of
//! context, a- and b-prefixes. The line below `-- ` names this program and not git, and addresses in `To:` and `Cc:`
//! are encoded here already rather than by `git send-email`. It refuses nothing: hazards are
//! [`crate::series::message`]'s business, binary files [`crate::series::repo`]'s.

mod diffstat;
mod header;
mod name;
mod wrap;

pub use name::file_name;

use crate::series::draft::{CommitId, Identity, Stamp};
use crate::series::file_diff::{FileDiff, Status};
use crate::series::quote;

/// One commit, as its mail needs it.
#[derive(Clone, Debug)]
pub struct Letter<'s> {
    /// Its name.
    pub commit: CommitId,
    /// Who wrote it.
    pub author: &'s Stamp,
    /// The whole message.
    pub message: &'s str,
    /// Text below `---`; may be empty.
    pub notes: &'s str,
    /// What it changes.
    pub files: &'s [FileDiff],
}

/// The cover letter's own parts.
#[derive(Clone, Debug)]
pub struct CoverLetter<'s> {
    /// The series' last commit.
    pub tip: CommitId,
    /// Who sends it, and when.
    pub sender: &'s Stamp,
    /// The subject without its tag; one line.
    pub title: &'s str,
    /// The text above the shortlog, wrapped.
    pub body: &'s str,
    /// The commits' authors and messages, in order.
    pub commits: Vec<(&'s Identity, &'s str)>,
    /// What the whole series changes.
    pub files: &'s [FileDiff],
}

/// What the mails of a series have in common.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// Everything before the number: `PATCH v2`, `RFC PATCH next`.
    pub tag: String,
    /// The version, for the file names; 1 is not shown.
    pub reroll: u32,
    /// Number of patches. A lone patch has no number.
    pub total: usize,
    /// Whether a cover letter goes with them; it tells the base then, and the first patch otherwise.
    pub has_cover: bool,
    /// The base.
    pub base: CommitId,
    /// The line below `-- `.
    pub signature: String,
}

/// Whom a mail goes to: complete addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addressees {
    /// `To:`
    pub to: Vec<String>,
    /// `Cc:`
    pub cc: Vec<String>,
}

/// A file to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailFile {
    /// Its name, without directory.
    pub name: String,
    /// Its contents.
    pub bytes: Vec<u8>,
}

impl Envelope {
    /// The mail of patch `number` (from 1).
    pub fn patch(&self, number: usize, letter: &Letter<'_>, addressees: &Addressees) -> MailFile {
        let (subject, body) = subject_and_body(letter.message);
        let mut mail = Vec::new();
        self.head(&mut mail, letter.commit, letter.author, number, &subject);
        if header::has_8bit(&subject) || header::has_8bit(&body) || header::has_8bit(letter.notes) {
            header::mime(&mut mail);
        }
        header::addressees(&mut mail, addressees);
        mail.push(b'\n');
        mail.extend_from_slice(body.as_bytes());
        mail.extend_from_slice(b"---\n");
        if !letter.notes.is_empty() {
            mail.extend_from_slice(format!("{}\n\n", letter.notes.trim_end()).as_bytes());
        }
        diffstat::stat(&mut mail, letter.files);
        diffstat::summary(&mut mail, letter.files);
        mail.push(b'\n');
        letter.files.iter().for_each(|file| difference(&mut mail, file));
        if number == 1 && !self.has_cover {
            mail.extend_from_slice(format!("\nbase-commit: {}\n", self.base).as_bytes());
        }
        self.foot(&mut mail);
        // Git names the file by the first line alone, however long the first paragraph is.
        let first = letter.message.trim_start().lines().next().unwrap_or_default();
        MailFile { name: file_name(self.reroll, number, first), bytes: mail }
    }

    /// The cover letter.
    pub fn cover(&self, cover: &CoverLetter<'_>, addressees: &Addressees) -> MailFile {
        let mut mail = Vec::new();
        self.head(&mut mail, cover.tip, cover.sender, 0, cover.title);
        let said = cover
            .commits
            .iter()
            .any(|(who, message)| header::has_8bit(&who.name) || header::has_8bit(message));
        if said || header::has_8bit(cover.title) || header::has_8bit(cover.body) {
            header::mime(&mut mail);
        }
        header::addressees(&mut mail, addressees);
        mail.push(b'\n');
        mail.extend_from_slice(format!("{}\n\n", cover.body.trim_end()).as_bytes());
        shortlog(&mut mail, &cover.commits);
        diffstat::stat(&mut mail, cover.files);
        diffstat::summary(&mut mail, cover.files);
        mail.extend_from_slice(format!("\n\nbase-commit: {}\n", self.base).as_bytes());
        self.foot(&mut mail);
        MailFile { name: file_name(self.reroll, 0, "cover-letter"), bytes: mail }
    }

    fn head(&self, mail: &mut Vec<u8>, commit: CommitId, from: &Stamp, number: usize, subject: &str) {
        mail.extend_from_slice(format!("From {commit} Mon Sep 17 00:00:00 2001\n").as_bytes());
        header::from(mail, &from.who);
        mail.extend_from_slice(format!("Date: {}\n", from.when.mail_form()).as_bytes());
        let width = self.total.to_string().len();
        let tag = match self.total {
            1 if number > 0 => format!("[{}] ", self.tag),
            total => format!("[{} {number:0width$}/{total}] ", self.tag),
        };
        header::subject(mail, &tag, subject);
    }

    fn foot(&self, mail: &mut Vec<u8>) {
        mail.extend_from_slice(format!("-- \n{}\n\n", self.signature).as_bytes());
    }
}

/// A message's subject in one line, and the rest as git shows it in a mail.
fn subject_and_body(message: &str) -> (String, String) {
    let mut lines = message.lines().map(str::trim_end).skip_while(|line| line.is_empty());
    let subject: Vec<&str> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    let mut body = String::new();
    for line in lines.skip_while(|line| line.is_empty()) {
        body.push_str(line);
        body.push('\n');
    }
    body.truncate(body.trim_end().len());
    if !body.is_empty() {
        body.push('\n');
    }
    (subject.join(" "), body)
}

/// `Name (n):` and the subjects, authors in order of their names' bytes.
fn shortlog(mail: &mut Vec<u8>, commits: &[(&Identity, &str)]) {
    let mut by_author: std::collections::BTreeMap<&str, Vec<String>> = std::collections::BTreeMap::new();
    for (who, message) in commits {
        by_author.entry(&who.name).or_default().push(subject_and_body(message).0);
    }
    for (name, subjects) in by_author {
        mail.extend_from_slice(format!("{name} ({}):\n", subjects.len()).as_bytes());
        for subject in subjects {
            let mut line = String::new();
            wrap::wrapped(&mut line, &subject, 2, 4, 72);
            mail.extend_from_slice(format!("{line}\n").as_bytes());
        }
        mail.push(b'\n');
    }
}

fn difference(mail: &mut Vec<u8>, file: &FileDiff) {
    let (old, new) = (&file.old, &file.new);
    let mut line = |parts: &[&[u8]]| {
        parts.iter().for_each(|part| mail.extend_from_slice(part));
        mail.push(b'\n');
    };
    let (a, b) = (quote::prefixed("a/", &old.path), quote::prefixed("b/", &new.path));
    line(&[b"diff --git ", &a, b" ", &b]);
    let same_mode = old.mode == new.mode;
    match file.status {
        Status::Added => line(&[b"new file mode ", new.mode.digits().as_bytes()]),
        Status::Deleted => line(&[b"deleted file mode ", old.mode.digits().as_bytes()]),
        Status::Modified | Status::Renamed { .. } if !same_mode => {
            line(&[b"old mode ", old.mode.digits().as_bytes()]);
            line(&[b"new mode ", new.mode.digits().as_bytes()]);
        }
        Status::Modified | Status::Renamed { .. } => {}
    }
    if let Status::Renamed { similarity } = file.status {
        line(&[format!("similarity index {similarity}%").as_bytes()]);
        line(&[b"rename from ", &quote::quoted(&old.path)]);
        line(&[b"rename to ", &quote::quoted(&new.path)]);
    }
    if old.blob != new.blob {
        let ids = format!("index {}..{}", old.blob.short(12), new.blob.short(12));
        let in_place = matches!(file.status, Status::Modified | Status::Renamed { .. });
        let mode = if in_place && same_mode { format!(" {}", new.mode.digits()) } else { String::new() };
        line(&[ids.as_bytes(), mode.as_bytes()]);
    }
    if !file.hunks.is_empty() {
        let side = |gone: bool, label: &[u8], path: &[u8]| {
            let tab: &[u8] = if path.contains(&b' ') { b"\t" } else { b"" };
            if gone { b"/dev/null".to_vec() } else { [label, tab].concat() }
        };
        line(&[b"--- ", &side(file.status == Status::Added, &a, &old.path)]);
        line(&[b"+++ ", &side(file.status == Status::Deleted, &b, &new.path)]);
        mail.extend_from_slice(&file.hunks);
    }
}
