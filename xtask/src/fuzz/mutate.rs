//! Text from other text.
//!
//! In: seeds of our own (the demo's tree, the cases, the shipped rules) and random numbers. Out: a seed with stretches
//! cut out, doubled, swapped, spliced with another seed's, and bytes and tokens put in.

use std::path::Path;
use std::sync::OnceLock;

use super::generate;
use super::random::Random;

/// The seeds with one of the endings, in a fixed order.
fn seeds(endings: &[&str]) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let mut paths = Vec::new();
    let mut folders = vec![root.join("rules"), root.join("tests/cases")];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| endings.iter().any(|ending| e == *ending)) {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths.iter().filter_map(|path| std::fs::read(path).ok()).collect()
}

/// Seeds of C.
pub(super) fn c() -> &'static [Vec<u8>] {
    static SEEDS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SEEDS.get_or_init(|| seeds(&["c", "h", "case"]))
}

/// Seeds of rules.
pub(super) fn rules() -> &'static [Vec<u8>] {
    static SEEDS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SEEDS.get_or_init(|| seeds(&["cocci"]))
}

/// One of `seeds`, changed in a few places.
pub(super) fn text(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut text = seeds.get(random.below(seeds.len())).cloned().unwrap_or_default();
    for _ in 0..=random.small(16) {
        let at = random.below(text.len() + 1);
        let end = (at + random.small(400)).min(text.len());
        match random.below(8) {
            0 => drop(text.drain(at..end)),
            1 => drop(text.splice(at..at, text[at..end].to_vec())),
            2 => drop(text.splice(at..end, generate::token(random).iter().copied())),
            3 => drop(text.splice(at..at, generate::token(random).iter().copied())),
            4 => {
                if let Some(byte) = text.get_mut(at) {
                    *byte = random.byte();
                }
            }
            5 => {
                let other = seeds.get(random.below(seeds.len())).map_or(&[][..], Vec::as_slice);
                let from = random.below(other.len() + 1);
                let to = (from + random.small(800)).min(other.len());
                drop(text.splice(at..end, other[from..to].iter().copied()));
            }
            6 => text.truncate(text.len() - random.small(200).min(text.len())),
            _ => {
                let piece = text[at..end].to_vec();
                let times = random.small(200);
                drop(text.splice(at..at, piece.repeat(times)));
            }
        }
    }
    text
}
