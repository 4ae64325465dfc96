//! Who commits, and when.
//!
//! In: environment and configuration. Out: [`Identity`] and [`Timestamp`], found in the order that
//! `git var GIT_AUTHOR_IDENT` uses. It refuses to guess a name from the machine's password file or an address from
//! its host name, as git would without `user.useConfigOnly`: such an address helps nobody on a mailing list.

use super::Repository;
use crate::series::draft::{Date, Identity, Options, SignOff, Stamp, Timestamp};
use crate::series::error::{Error, Kind, Result};

/// In which part somebody appears on a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Who wrote the change.
    Author,
    /// Who made the commit, and who sends the cover letter.
    Committer,
}

impl Role {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Role::Author => ("AUTHOR", "author"),
            Role::Committer => ("COMMITTER", "committer"),
        }
    }
}

impl Repository {
    /// Who and when, for one of the two roles.
    pub fn stamp(&self, role: Role, date: Date) -> Result<Stamp> {
        Ok(Stamp { who: self.identity(role)?, when: self.moment(role, date)? })
    }

    /// Whether the options, or `format.signOff` where they leave it open, want a `Signed-off-by`.
    pub fn wants_sign_off(&self, options: &Options) -> bool {
        match options.sign_off {
            SignOff::Yes => true,
            SignOff::No => false,
            SignOff::AsConfigured => self.flag("format.signoff").unwrap_or(false),
        }
    }

    /// Who, for one of the two roles.
    pub fn identity(&self, role: Role) -> Result<Identity> {
        let (variable, section) = role.words();
        let find = |what: &str| {
            let from_environment = self.environment.get(&format!("GIT_{variable}_{}", what.to_uppercase()));
            from_environment
                .map(str::to_owned)
                .or_else(|| self.setting(&format!("{section}.{what}")))
                .or_else(|| self.setting(&format!("user.{what}")))
                .filter(|value| !value.trim().is_empty())
        };
        let email = find("email").or_else(|| self.environment.get("EMAIL").map(str::to_owned));
        match (find("name").map(|n| tidy(&n)), email.map(|e| tidy(&e))) {
            (Some(name), Some(email)) if !name.is_empty() && !email.is_empty() => {
                Ok(Identity { name, email })
            }
            (name, _) => {
                let what = if name.is_none_or(|n| n.is_empty()) { "user.name" } else { "user.email" };
                Err(Error::new(
                    Kind::NoIdentity,
                    format!("{what} is not set for {}, so there is no {section} for the commits", self.display_name()),
                )
                .help("git config --global user.name 'Your Name'; git config --global user.email you@example.org")
                .help("nothing was written"))
            }
        }
    }

    fn moment(&self, role: Role, date: Date) -> Result<Timestamp> {
        if let Date::At(moment) = date {
            return Ok(moment);
        }
        let (variable, _) = role.words();
        let named = ["SOURCE_DATE_EPOCH".to_owned(), format!("GIT_{variable}_DATE")];
        for name in named {
            if let Some(text) = self.environment.get(&name).filter(|text| !text.is_empty()) {
                return Timestamp::parse(text).map_err(|error| error.help(format!("it stands in {name}")));
            }
        }
        let now = git2::Signature::now("now", "now").map_err(|error| {
            Error::new(Kind::BadDate, format!("the clock cannot be read: {}", error.message()))
        })?;
        Ok(Timestamp { seconds: now.when().seconds(), offset: now.when().offset_minutes() })
    }
}

/// As git tidies names and addresses (`strbuf_addstr_without_crud`): no blanks, quotes or separators at the ends, no
/// angle brackets or newlines inside.
fn tidy(text: &str) -> String {
    let crud = |c: char| c <= ' ' || ",:;<>\"\\'".contains(c);
    text.trim_matches(crud).chars().filter(|c| !"\n<>".contains(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::tidy;

    #[test]
    fn ends_are_tidied_and_the_middle_stays() {
        assert_eq!(tidy(" \"J. R. \"Bob\" Hacker, Jr.' "), "J. R. \"Bob\" Hacker, Jr.");
        assert_eq!(tidy("<a@b.c>"), "a@b.c");
    }
}
