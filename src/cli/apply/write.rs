//! Results put on the disk.
//!
//! In: a file's path and its new text. Out: the file with that text: it is written beside it and renamed into place, so that
//! whatever goes wrong either the old text is there or the new one. Permissions stay; what a symbolic link leads to is
//! changed, and the link stays.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::diagnostic::Diagnostic;

use super::arguments::ResultArguments;

/// Where a result goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// To standard output, as a diff, and nowhere else.
    Nowhere,
    /// Into the file itself, with a copy of the old one under a longer name if there is an ending for it.
    InPlace(Option<String>),
    /// Into a file beside it with that ending.
    Beside(String),
    /// Into this file.
    File(PathBuf),
}

impl Destination {
    /// What the arguments say.
    pub(super) fn of(arguments: &ResultArguments) -> Self {
        let suffix = arguments.suffix.clone();
        match &arguments.output {
            Some(file) => Destination::File(file.clone()),
            None if arguments.in_place => Destination::InPlace(suffix),
            None if arguments.out_place => {
                Destination::Beside(suffix.unwrap_or_else(|| ".cocci_res".to_owned()))
            }
            None => Destination::Nowhere,
        }
    }

    /// Put the new text of `path` there.
    pub(super) fn put(&self, path: &Path, old: &[u8], new: &[u8]) -> Result<(), Diagnostic> {
        let to = match self {
            Destination::Nowhere => return Ok(()),
            Destination::InPlace(_) => path.to_owned(),
            Destination::Beside(ending) => longer(path, ending),
            Destination::File(file) => file.clone(),
        };
        let kept = match self {
            Destination::InPlace(Some(ending)) => replace(&longer(path, ending), old),
            _ => Ok(()),
        };
        kept.and_then(|()| replace(&to, new)).map_err(|error| {
            Diagnostic::error("write-failed", format!("cannot write `{}`: {error}", to.display()))
                .help("what was there is untouched")
        })
    }
}

fn longer(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

/// Give a file new contents, all or nothing.
fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let before = fs::metadata(&real).ok();
    if before.as_ref().is_some_and(|before| !before.is_file()) {
        // A pipe or a device has nothing to lose.
        return fs::write(&real, contents);
    }
    if before.as_ref().is_some_and(|before| before.permissions().readonly()) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    let folder = real.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".vedalia-").tempfile_in(folder)?;
    file.write_all(contents)?;
    match before {
        Some(before) => file.as_file().set_permissions(before.permissions())?,
        None => file.as_file().set_permissions(plain_permissions(folder)?)?,
    }
    file.persist(&real).map_err(|error| error.error)?;
    Ok(())
}

/// The permissions that a new file has here: a temporary one is closed to others.
fn plain_permissions(folder: &Path) -> io::Result<fs::Permissions> {
    let probe =
        tempfile::Builder::new().prefix(".vedalia-").make_in(folder, |path| fs::File::create_new(path))?;
    Ok(probe.as_file().metadata()?.permissions())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_stays_a_link_and_the_old_text_is_kept() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let (file, link) = (folder.path().join("a.c"), folder.path().join("link.c"));
        fs::write(&file, "old").expect("written");
        std::os::unix::fs::symlink("a.c", &link).expect("linked");
        Destination::InPlace(Some(".orig".into())).put(&link, b"old", b"new").expect("written");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(fs::read(&file).expect("there"), b"new");
        assert_eq!(fs::read(folder.path().join("link.c.orig")).expect("there"), b"old");
        assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 3, "nothing temporary is left");
    }

    #[test]
    fn permissions_stay_and_what_is_read_only_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a temporary directory");
        let file = folder.path().join("a.c");
        fs::write(&file, "old").expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("set");
        Destination::InPlace(None).put(&file, b"old", b"new").expect("written");
        assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o755);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).expect("set");
        let told = Destination::InPlace(None).put(&file, b"new", b"newer").expect_err("refused");
        assert_eq!(
            (told.code.as_str(), fs::read(&file).expect("there").as_slice()),
            ("write-failed", &b"new"[..])
        );
    }
}
