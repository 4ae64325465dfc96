//! The headers of the tree that a run reads.
//!
//! In: the tree's files. Out: [`Headers`]. Where a file's own `include` directories do not have what it includes – it is
//! configured, or made while the tree is built – the first directory of the tree that has it speaks for all.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Files;
use crate::syntax::Headers;
use crate::syntax::headers::PLACES;

/// The headers of the tree; each is read when the first file that includes it is parsed. `paths` are all files, sorted.
pub fn headers<'f>(files: &'f dyn Files, paths: &'f [String]) -> Headers<'f> {
    let read = |path: &str| {
        paths.binary_search_by(|known| known.as_str().cmp(path)).ok()?;
        files.read(path).ok()
    };
    Headers::new(read, include_directories(paths), Arc::new(files.macros().clone()))
}

/// The directories of the tree that hold shared headers: the outermost first, then by name.
fn include_directories(paths: &[String]) -> Vec<String> {
    let mut found = BTreeSet::new();
    for path in paths {
        for place in PLACES {
            let starts = path.match_indices(place).map(|(at, _)| at);
            for at in starts.filter(|at| *at == 0 || path.as_bytes()[at - 1] == b'/') {
                let end = at + place.len();
                if path[end..].starts_with('/') {
                    found.insert((path[..end].matches('/').count(), &path[..end]));
                }
            }
        }
    }
    found.into_iter().map(|(_, directory)| directory.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::include_directories;

    #[test]
    fn outer_directories_come_first() {
        let paths =
            ["arch/b/include/asm/x.h", "arch/a/include/uapi/asm/x.h", "include/x.h", "lib/myinclude/x.h"];
        let found = include_directories(&paths.map(str::to_owned));
        assert_eq!(found, ["include", "arch/a/include", "arch/b/include", "arch/a/include/uapi"]);
    }
}
