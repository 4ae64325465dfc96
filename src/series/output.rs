//! The directory of mails: all of it or nothing.
//!
//! In: a path and [`MailFile`]s. Out: the directory, renamed into its place when every file is on the disk. It refuses a
//! directory that holds anything: `git send-email DIR` takes every file in it, and an older series would go out too.

use crate::series::error::{Error, Kind, Result};
use crate::series::mail::MailFile;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A place for mails that is free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    target: PathBuf,
}

/// Mails on the disk beside their place. They go away with this value unless [`Staged::put`] is called.
#[derive(Debug)]
pub struct Staged {
    temporary: PathBuf,
    target: PathBuf,
}

impl Place {
    /// Judge whether the directory can be made. Writes nothing.
    pub fn check(target: &Path) -> Result<Self> {
        let free = match fs::read_dir(target) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
            Err(error) if target.is_dir() => return Err(failed("read", target, &error)),
            Err(_) => false,
        };
        if !free {
            let what = if target.is_dir() { "is not empty" } else { "is not a directory" };
            return Err(Error::new(
                Kind::OutputNotEmpty,
                format!("the output directory {} {what}", target.display()),
            )
            .help("`git send-email` would send every file in it; name another one with -o, or remove it")
            .help("nothing was written"));
        }
        Ok(Self { target: target.to_path_buf() })
    }

    /// The directory that was judged.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Write the mails beside the place and make sure that they are on the disk.
    pub fn stage(&self, mails: &[MailFile]) -> Result<Staged> {
        let name = self
            .target
            .file_name()
            .map_or_else(|| "mails".into(), |name| name.to_string_lossy().into_owned());
        let parent =
            self.target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(|error| failed("create", parent, &error))?;
        let temporary = parent.join(format!(".{name}.tmp-{}", std::process::id()));
        fs::create_dir(&temporary).map_err(|error| failed("create", &temporary, &error))?;
        let staged = Staged { temporary, target: self.target.clone() };
        for mail in mails {
            let path = staged.temporary.join(&mail.name);
            write_through(&path, &mail.bytes).map_err(|error| failed("write", &path, &error))?;
        }
        sync_directory(&staged.temporary);
        Ok(staged)
    }
}

impl Staged {
    /// Put the mails in their place.
    pub fn put(self) -> Result<Put> {
        fs::rename(&self.temporary, &self.target).map_err(|error| failed("create", &self.target, &error))?;
        sync_directory(self.target.parent().unwrap_or(Path::new(".")));
        Ok(Put { target: self.target.clone() })
    }
}

/// Mails in their place.
#[derive(Debug)]
pub struct Put {
    target: PathBuf,
}

impl Put {
    /// Take the directory away again, because `error` happened; the error says so.
    pub fn take_back(self, error: Error) -> Error {
        match fs::remove_dir_all(&self.target) {
            Ok(()) => error.help("no mails were left behind"),
            Err(why) => {
                error.help(format!("the mails in {} could not be removed: {why}", self.target.display()))
            }
        }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // After `put` it is not there any more; an error leaves a directory whose name says what it is.
        let _ = fs::remove_dir_all(&self.temporary);
    }
}

fn write_through(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Not every file system can sync a directory; the files themselves are safe already.
fn sync_directory(path: &Path) {
    let _ = fs::File::open(path).and_then(|directory| directory.sync_all());
}

fn failed(action: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::new(Kind::Write, format!("cannot {action} {}: {error}", path.display()))
        .help("no mail was left behind and no branch was made")
}

/// The command that sends the mails of `directory`, for a shell. It may name the directory: nothing else is in it.
pub fn send_line(directory: &Path) -> String {
    let text = directory.display().to_string();
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+,@~".contains(c)) && !text.is_empty();
    let quoted = if plain { text } else { format!("'{}'", text.replace('\'', r"'\''")) };
    format!("git send-email {quoted}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(name: &str) -> MailFile {
        MailFile { name: name.into(), bytes: b"x\n".to_vec() }
    }

    #[test]
    fn all_or_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a/out");
        let place = Place::check(&target).unwrap();
        drop(place.stage(&[mail("0001-x.patch")]).unwrap());
        assert_eq!(fs::read_dir(dir.path().join("a")).unwrap().count(), 0);
        assert_eq!(place.stage(&[mail("1"), mail("1")]).unwrap_err().kind, Kind::Write);
        assert_eq!(fs::read_dir(dir.path().join("a")).unwrap().count(), 0);
        place.stage(&[mail("0001-x.patch")]).unwrap().put().unwrap();
        assert_eq!(fs::read(target.join("0001-x.patch")).unwrap(), b"x\n");
        assert_eq!(Place::check(&target).unwrap_err().kind, Kind::OutputNotEmpty);
        assert_eq!(Place::check(&target.join("0001-x.patch")).unwrap_err().kind, Kind::OutputNotEmpty);
    }

    #[test]
    fn an_empty_directory_is_used() {
        let dir = tempfile::tempdir().unwrap();
        Place::check(dir.path()).unwrap();
        let target = dir.path().join("out");
        fs::create_dir(&target).unwrap();
        Place::check(&target).unwrap().stage(&[mail("m")]).unwrap().put().unwrap();
        assert!(target.join("m").exists());
    }

    #[test]
    fn the_line_for_a_shell() {
        assert_eq!(send_line(Path::new("out/x")), "git send-email out/x");
        assert_eq!(send_line(Path::new("my 'out'")), r"git send-email 'my '\''out'\'''");
    }
}
