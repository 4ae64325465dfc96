//! Bytes that are not UTF-8, on their way through code that works on text.
//!
//! In: a file with such bytes. Out: the same file, of the same length, in which each is a control character that the file
//! does not have otherwise, and the way back. It refuses files with more different ones than there are such characters.

use crate::source::SourceFile;

/// Control characters that mean nothing in C.
const UNUSED: [std::ops::RangeInclusive<u8>; 3] = [1..=8, 14..=31, 127..=127];

/// Which control character stands for which byte.
#[derive(Clone, Debug)]
pub(super) struct StandIns {
    pairs: Vec<(u8, u8)>,
}

impl StandIns {
    /// The file with stand-ins, and how to undo them; `None` if there are too few.
    pub(super) fn put(source: &SourceFile) -> Option<(SourceFile, Self)> {
        let mut bytes = Vec::with_capacity(source.bytes().len());
        let mut free = UNUSED.into_iter().flatten().filter(|byte| !source.bytes().contains(byte));
        let mut pairs: Vec<(u8, u8)> = Vec::new();
        for chunk in source.bytes().utf8_chunks() {
            bytes.extend_from_slice(chunk.valid().as_bytes());
            for byte in chunk.invalid() {
                let known = pairs.iter().find(|(foreign, _)| foreign == byte).map(|(_, stand_in)| *stand_in);
                let stand_in = known.or_else(|| free.next())?;
                if known.is_none() {
                    pairs.push((*byte, stand_in));
                }
                bytes.push(stand_in);
            }
        }
        Some((SourceFile::new(source.path(), bytes), Self { pairs }))
    }

    /// The text with the bytes that the stand-ins stand for.
    pub(super) fn undo(&self, text: &mut [u8]) {
        for byte in text {
            if let Some((foreign, _)) = self.pairs.iter().find(|(_, stand_in)| stand_in == byte) {
                *byte = *foreign;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        let bytes = b"a \xe9\xe8\xe9 \x01 \xc3\xa4 \xff".to_vec();
        let source = SourceFile::new("a.c", bytes.clone());
        let (with, stand_ins) = StandIns::put(&source).expect("three bytes");
        assert!(!with.is_sanitised() && with.bytes().len() == bytes.len());
        let mut text = with.bytes().to_vec();
        stand_ins.undo(&mut text);
        assert_eq!(text, bytes);
    }

    #[test]
    fn a_file_of_noise_is_refused() {
        let noise: Vec<u8> = (128..=255).collect();
        assert!(StandIns::put(&SourceFile::new("a.c", noise)).is_none());
    }
}
