//! Names of files in patches, as git quotes them with `core.quotePath`.
//!
//! In: the bytes of a name. Out: the name, in C's quotes if a byte is not plain ASCII text. After git's `quote.c`.

/// The name, quoted if it has to be.
pub fn quoted(name: &[u8]) -> Vec<u8> {
    prefixed("", name)
}

/// The name behind `a/` or `b/`, quoted together if it has to be.
pub fn prefixed(prefix: &str, name: &[u8]) -> Vec<u8> {
    if name.iter().all(|b| plain(*b)) {
        return [prefix.as_bytes(), name].concat();
    }
    let mut out = format!("\"{prefix}").into_bytes();
    for &byte in name {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            7..=13 => out.extend([b'\\', b"abtnvfr"[byte as usize - 7]]),
            byte if plain(byte) => out.push(byte),
            byte => out.extend(format!("\\{byte:03o}").bytes()),
        }
    }
    out.push(b'"');
    out
}

fn plain(byte: u8) -> bool {
    (b' '..0x7f).contains(&byte) && byte != b'"' && byte != b'\\'
}
