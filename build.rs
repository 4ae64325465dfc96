//! The modules of Python's own library that scripts of rule files may import, made ready to be compiled in.
//!
//! In: the library as `rustpython-pylib` ships it. Out: `$OUT_DIR/library.rs`, which freezes a copy of [`MODULES`]: what
//! rules are known to import, and what that imports in turn. The whole library would be many times as large, and most of
//! it needs files, processes or sockets, which scripts have not. Without the feature `python` it does nothing.

#[cfg(feature = "python")]
use std::{env, fs, io, path::Path};

/// Files of the library.
#[cfg(feature = "python")]
const MODULES: &[&str] = &[
    "__future__.py",
    "_collections_abc.py",
    "_dummy_os.py",
    "_weakrefset.py",
    "abc.py",
    "bisect.py",
    "codecs.py",
    "collections/__init__.py",
    "collections/_defaultdict.py",
    "copy.py",
    "encodings/__init__.py",
    "encodings/aliases.py",
    "encodings/ascii.py",
    "encodings/latin_1.py",
    "encodings/utf_8.py",
    "enum.py",
    "functools.py",
    "genericpath.py",
    "heapq.py",
    "io.py",
    "json/__init__.py",
    "json/decoder.py",
    "json/encoder.py",
    "json/scanner.py",
    "keyword.py",
    "operator.py",
    "posixpath.py",
    "re/__init__.py",
    "re/_casefix.py",
    "re/_compiler.py",
    "re/_constants.py",
    "re/_parser.py",
    "reprlib.py",
    "stat.py",
    "string/__init__.py",
    "textwrap.py",
    "types.py",
    "weakref.py",
];

#[cfg(not(feature = "python"))]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}

#[cfg(feature = "python")]
fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    let library = Path::new(&out).join("library");
    for module in MODULES {
        let to = library.join(module);
        fs::create_dir_all(to.parent().unwrap_or(&library))?;
        let from = Path::new(rustpython_pylib::LIB_PATH).join(module);
        fs::copy(&from, &to).map_err(|e| io::Error::other(format!("{}: {e}", from.display())))?;
    }
    let text = "rustpython_vm::py_freeze!(dir = \"library\", crate_name = \"rustpython_vm\")\n";
    fs::write(Path::new(&out).join("library.rs"), text)
}
