//! What a series is before it has commits, as plain data.
//!
//! In: nothing. Out: [`Draft`], which the engine fills in, and the small values that it is made of. It refuses
//! nothing; [`crate::series::message`] and [`crate::series::repo`] judge what is in it.

use std::fmt;

/// The name of an object: 20 bytes, shown as 40 hexadecimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub [u8; 20]);

/// The name of a commit.
pub type CommitId = ObjectId;

impl ObjectId {
    /// The first `digits` hexadecimal digits.
    pub fn short(&self, digits: usize) -> String {
        let mut text = self.to_string();
        text.truncate(digits);
        text
    }

    /// Whether it is the name of no object: all digits zero.
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 20]
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A whole series before it is made: what each patch does, in words and in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The commit that the first patch sits on.
    pub base: CommitId,
    /// In order; each builds on the one before.
    pub patches: Vec<DraftPatch>,
    /// What the cover letter says. It is written when the series has more than one patch.
    pub cover: Cover,
    /// How mails and commits are to look.
    pub options: Options,
}

/// One patch: the words, and the files as it leaves them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DraftPatch {
    /// What follows the subject prefix: imperative, no full stop, such as `use foo_for_each() in bar()`. Its first
    /// letter's case is adapted to the habit of the subsystem.
    pub phrase: String,
    /// Shorter phrases to fall back on, the best first, when prefix and phrase together are too long for a subject.
    pub shorter: Vec<String>,
    /// The body of the message.
    pub body: Vec<Paragraph>,
    /// Trailers besides `Signed-off-by`, in order.
    pub trailers: Vec<Trailer>,
    /// What goes below `---`: for reviewers, not for the history. Reaches the mail and not the commit.
    pub notes: Vec<Paragraph>,
    /// Every file that the patch changes, as it is afterwards.
    pub files: Vec<FileChange>,
    /// The paths that the subject prefix is chosen by; when empty, the paths of `files`.
    pub key_paths: Vec<String>,
    /// A subject prefix that is given rather than found, separator and blank included: `lib: `.
    pub prefix: Option<String>,
    /// Who is to get it.
    pub audience: Audience,
}

/// Who is to get a patch, besides those whom the tree names for its files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    /// Nobody else.
    #[default]
    ItsFiles,
    /// Everybody who gets any patch of the series: for a helper that all of them use.
    WholeSeries,
}

/// One file as a patch leaves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// The path in the tree, `/` between the parts.
    pub path: String,
    /// The new contents; `None` deletes the file.
    pub new: Option<Vec<u8>>,
}

/// One paragraph of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paragraph {
    /// Running text, to be wrapped.
    Text(String),
    /// Points; each is wrapped below its `* `.
    List(Vec<String>),
    /// Lines that stay as they are, indented by four blanks: code, a rule, a command.
    Verbatim(String),
    /// Lines that stay as they are, without indent: a table.
    Table(String),
}

/// `key: value` in the last paragraph of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// Such as `Fixes`.
    pub key: String,
    /// What follows the colon and the blank.
    pub value: String,
}

/// What the cover letter says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cover {
    /// The subject, without the bracketed tag.
    pub title: String,
    /// The text above the shortlog.
    pub body: Vec<Paragraph>,
}

/// How mails and commits are to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What stands in the brackets before version and number, such as `PATCH next`; when left open,
    /// `format.subjectPrefix`, else `PATCH`.
    pub tag: Option<String>,
    /// Word put before the tag: `RFC`.
    pub rfc: Option<String>,
    /// The version of the series; 1 is not shown.
    pub reroll: u32,
    /// Whether a `Signed-off-by` of the committer is added. Only a person can certify it: never set unasked.
    pub sign_off: SignOff,
    /// The date of every commit.
    pub date: Date,
    /// Whom every mail goes to, besides those found by the tree: complete addresses.
    pub to: Vec<String>,
    /// The same for copies.
    pub cc: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tag: None,
            rfc: None,
            reroll: 1,
            sign_off: SignOff::AsConfigured,
            date: Date::Now,
            to: Vec::new(),
            cc: Vec::new(),
        }
    }
}

/// Whether commits are signed off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignOff {
    /// As `format.signOff` says; no when it says nothing.
    #[default]
    AsConfigured,
    /// Asked for on the command line.
    Yes,
    /// Refused on the command line.
    No,
}

/// The date of the commits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Date {
    /// `SOURCE_DATE_EPOCH` if set, else what git's own variables say, else the clock.
    #[default]
    Now,
    /// This moment, for reproducible bytes.
    At(Timestamp),
}

/// A moment and the zone it is told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Seconds since 1970-01-01 00:00 UTC.
    pub seconds: i64,
    /// Minutes east of Greenwich.
    pub offset: i32,
}

/// Who writes or commits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The name, in UTF-8.
    pub name: String,
    /// The address, without angle brackets.
    pub email: String,
}

/// Somebody at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Who.
    pub who: Identity,
    /// When.
    pub when: Timestamp,
}
