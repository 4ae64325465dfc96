//! Which deleted file became which new one.
//!
//! In: the files that a patch deletes and those it adds, in order of their paths. Out: pairs with their similarity. After
//! git's `diffcore-rename.c` and `diffcore-delta.c` with its default of 50 %: first equal contents, then equal and unique
//! base names that are 75 % alike, then the most alike. It refuses nothing; past a thousand files on both sides only
//! equal contents are found, as git does.

use std::collections::BTreeMap;

const WHOLE: u64 = 60_000;
const AT_LEAST: u64 = WHOLE / 2;
const AT_LEAST_BY_NAME: u64 = WHOLE * 3 / 4;
const CANDIDATES: usize = 4;
const LIMIT: usize = 1000;

/// A file that may have come or gone.
#[derive(Clone, Copy, Debug)]
pub struct Moved<'t> {
    /// Its path.
    pub path: &'t [u8],
    /// Its contents.
    pub text: &'t [u8],
}

/// A rename.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rename {
    /// Index of the deleted file.
    pub old: usize,
    /// Index of the added file.
    pub new: usize,
    /// How much stayed, in per cent.
    pub similarity: u8,
}

struct Search<'t> {
    old: &'t [Moved<'t>],
    new: &'t [Moved<'t>],
    /// For each new file, the old one and the score.
    found: Vec<Option<(usize, u64)>>,
    used: Vec<bool>,
}

/// Find the renames, in order of the added files.
pub fn find(old: &[Moved<'_>], new: &[Moved<'_>]) -> Vec<Rename> {
    let mut search = Search { old, new, found: vec![None; new.len()], used: vec![false; old.len()] };
    search.equal();
    search.same_base_name();
    if search.open_new().len().saturating_mul(search.open_old().len()) <= LIMIT * LIMIT {
        search.most_alike();
    }
    let pair = |(new, found): (usize, &Option<(usize, u64)>)| {
        found.map(|(old, score)| Rename { old, new, similarity: (score * 100 / WHOLE) as u8 })
    };
    search.found.iter().enumerate().filter_map(pair).collect()
}

impl Search<'_> {
    fn open_old(&self) -> Vec<usize> {
        (0..self.old.len()).filter(|old| !self.used[*old]).collect()
    }

    fn open_new(&self) -> Vec<usize> {
        (0..self.new.len()).filter(|new| self.found[*new].is_none()).collect()
    }

    fn take(&mut self, old: usize, new: usize, score: u64) {
        self.used[old] = true;
        self.found[new] = Some((old, score));
    }

    fn equal(&mut self) {
        for new in 0..self.new.len() {
            let same: Vec<usize> =
                self.open_old().into_iter().filter(|old| self.old[*old].text == self.new[new].text).collect();
            let by_name =
                same.iter().find(|old| base_name(self.old[**old].path) == base_name(self.new[new].path));
            if let Some(old) = by_name.or(same.first()).copied() {
                self.take(old, new, WHOLE);
            }
        }
    }

    fn same_base_name(&mut self) {
        let unique = |indices: Vec<usize>, files: &[Moved<'_>]| {
            let mut names: BTreeMap<Vec<u8>, Option<usize>> = BTreeMap::new();
            for index in indices {
                let name = base_name(files[index].path).to_vec();
                names.entry(name).and_modify(|only| *only = None).or_insert(Some(index));
            }
            names
        };
        let olds = unique(self.open_old(), self.old);
        let news = unique(self.open_new(), self.new);
        for old in self.open_old() {
            let name = base_name(self.old[old].path);
            if let (Some(Some(_)), Some(Some(new))) = (olds.get(name), news.get(name)) {
                let score = similarity(self.old[old].text, self.new[*new].text);
                if score >= AT_LEAST_BY_NAME {
                    self.take(old, *new, score);
                }
            }
        }
    }

    fn most_alike(&mut self) {
        let mut candidates: Vec<(u64, bool, usize, usize)> = Vec::new();
        for new in self.open_new() {
            let mut best: Vec<(u64, bool, usize, usize)> = Vec::new();
            for old in self.open_old() {
                let (from, to) = (self.old[old], self.new[new]);
                let score = similarity(from.text, to.text);
                if score >= AT_LEAST {
                    best.push((score, base_name(from.path) == base_name(to.path), old, new));
                }
            }
            best.sort_by_key(|(score, name, ..)| std::cmp::Reverse((*score, *name)));
            candidates.extend(best.into_iter().take(CANDIDATES));
        }
        candidates.sort_by_key(|(score, name, ..)| std::cmp::Reverse((*score, *name)));
        for (score, _, old, new) in candidates {
            if !self.used[old] && self.found[new].is_none() {
                self.take(old, new, score);
            }
        }
    }
}

fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|b| *b == b'/').next().unwrap_or(path)
}

/// How much of the larger file is made of pieces of the old one, of [`WHOLE`].
fn similarity(old: &[u8], new: &[u8]) -> u64 {
    let (longer, shorter) = (old.len().max(new.len()) as u64, old.len().min(new.len()) as u64);
    if shorter == 0 || longer * (WHOLE - AT_LEAST) < (longer - shorter) * WHOLE {
        return 0;
    }
    let (old, new) = (pieces(old), pieces(new));
    let kept: u64 = old.iter().map(|(hash, size)| (*size).min(new.get(hash).copied().unwrap_or(0))).sum();
    kept * WHOLE / longer
}

/// The bytes of lines, cut at 64, by a hash of their text.
fn pieces(text: &[u8]) -> BTreeMap<u32, u64> {
    let mut sizes = BTreeMap::new();
    let (mut a, mut b, mut length) = (0u32, 0u32, 0u64);
    let is_text = !text[..text.len().min(8000)].contains(&0);
    for (at, &byte) in text.iter().enumerate() {
        if is_text && byte == b'\r' && text.get(at + 1) == Some(&b'\n') {
            continue;
        }
        let before = a;
        a = (a << 7) ^ (b >> 25);
        b = (b << 7) ^ (before >> 25);
        a = a.wrapping_add(u32::from(byte));
        length += 1;
        if length < 64 && byte != b'\n' {
            continue;
        }
        *sizes.entry(a.wrapping_add(b.wrapping_mul(0x61)) % 107_927).or_default() += length;
        (a, b, length) = (0, 0, 0);
    }
    if length > 0 {
        *sizes.entry(a.wrapping_add(b.wrapping_mul(0x61)) % 107_927).or_default() += length;
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file<'t>((path, text): &(&'t str, &'t str)) -> Moved<'t> {
        Moved { path: path.as_bytes(), text: text.as_bytes() }
    }

    fn renames(old: &[(&str, &str)], new: &[(&str, &str)]) -> Vec<(usize, usize, u8)> {
        let (old, new): (Vec<_>, Vec<_>) = (old.iter().map(file).collect(), new.iter().map(file).collect());
        find(&old, &new).into_iter().map(|r| (r.old, r.new, r.similarity)).collect()
    }

    #[test]
    fn equal_alike_and_different() {
        let lines: String = (0..10).map(|i| format!("line {i}\n")).collect();
        let changed = lines.replace("line 3", "LINE 3");
        assert_eq!(renames(&[("a", "x\n"), ("d/b", "x\n")], &[("e/b", "x\n")]), [(1, 0, 100)]);
        assert_eq!(renames(&[("a", &lines)], &[("b", &changed)]), [(0, 0, 90)]);
        assert_eq!(renames(&[("a", &lines)], &[("b", "other\n")]), []);
    }
}
