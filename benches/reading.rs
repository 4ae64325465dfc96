//! How fast C is read: lexer, overlay with its lexer, grammar alone, and from text to tree.
//!
//! In: the demo's tree, repeated, and a text of macros that the grammar could not read by itself. Out: criterion's report,
//! with bytes per second. Run it with `cargo bench`; real trees are measured by `cargo xtask parse-stats`.

#![allow(missing_docs)] // criterion makes a public function

use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use vedalia::source::SourceFile;
use vedalia::syntax::lexer::lex;
use vedalia::syntax::parse::{grammar_nodes, respelled};
use vedalia::syntax::{FileLedger, FileScope, parse};

/// About what a large file of a kernel has.
const SIZE: usize = 256 << 10;

/// Attributes, iterators, declarers, types as arguments, and conditionals that split statements.
const MACROS: &str = "static int __attr __cold each_of(struct thing __tag *thing, int n)
{
	DECLARE_THING(copy, n);
	struct thing *one = holder_of(thing, struct holder, member);

	for_each_thing(one, &thing->list, member) {
		n = larger(unsigned int, n, one->size);
#ifdef CONFIG_A
		if (n > 3 && one->flag) {
#else
		if (n > 3) {
#endif
			NOTE(\"%d\" FORMAT \"\\n\", n);
			continue;
		}
		n += ({ int m = one->size; m ?: 1; });
	}
	return n;
}
EXPORT(each_of);

";

/// `text` over and over.
fn repeated(name: &str, text: &str) -> (String, SourceFile) {
    (name.to_owned(), SourceFile::new(format!("{name}.c"), text.repeat(SIZE / text.len().max(1) + 1)))
}

/// The C files of the demo's tree, one behind the other.
fn demo() -> String {
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/demo/tree")];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "c") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths.iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect()
}

fn reading(criterion: &mut Criterion) {
    let texts = [repeated("demo", &demo()), repeated("macros", MACROS)];
    for (name, file) in &texts {
        let overlay = respelled(file);
        let tree = parse(file);
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(file.bytes().len() as u64)).sample_size(20);
        group.bench_function("lexer", |bench| bench.iter(|| lex(black_box(file.bytes()))));
        group.bench_function("overlay", |bench| bench.iter(|| respelled(black_box(file))));
        group.bench_function("grammar", |bench| bench.iter(|| grammar_nodes(black_box(&overlay))));
        group.bench_function("parse", |bench| bench.iter(|| parse(black_box(file))));
        group.bench_function("ledger", |bench| bench.iter(|| FileLedger::of(black_box(&tree))));
        group.bench_function("scope", |bench| bench.iter(|| FileScope::of(black_box(&tree))));
        group.finish();
    }
}

criterion_group!(benches, reading);
criterion_main!(benches);
