//! The house rules that a compiler does not check.
//!
//! In: `src/` and `rules/` of this repository. Out: one failure that lists every breach. Modules import only from modules
//! above their own in `lib.rs`; each dependency that touches the world or a parser stays behind its fence; `src/` names
//! nothing of the kernel; every file opens with `//!` and stays short. Each checker is itself tested on a bad sample.

mod code;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use code::{imports, strip, words};

/// A file of `src/`: its path with `/` between the parts, and its text.
struct File {
    path: String,
    text: String,
}

impl File {
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }
}

/// What may stand only in certain files.
struct Fence {
    /// A path or a macro as code spells it.
    token: &'static str,
    /// Prefixes of the files that may.
    only: &'static [&'static str],
}

/// DESIGN.md, section 2, last column.
const FENCES: &[Fence] = &[
    Fence { token: "tree_sitter", only: &["src/syntax/"] },
    Fence { token: "tree_sitter_c", only: &["src/syntax/"] },
    Fence { token: "git2", only: &["src/series/repo"] },
    Fence { token: "similar", only: &["src/series/diff.rs", "src/edit/between.rs"] },
    Fence { token: "clap", only: &["src/cli/", "src/main.rs"] },
    Fence { token: "annotate_snippets", only: &["src/cli/"] },
    Fence { token: "process::Command", only: &["src/verify/build.rs", "src/series/recipients.rs"] },
    Fence { token: "process::exit", only: &[] },
    Fence { token: "process::Stdio", only: &["src/verify/build.rs", "src/series/recipients.rs"] },
    Fence { token: "process::abort", only: &[] },
    Fence { token: "std::thread", only: &["src/engine"] },
    Fence { token: "rayon", only: &["src/engine"] },
    Fence { token: "println!", only: &["src/cli/", "src/main.rs"] },
    Fence { token: "print!", only: &["src/cli/", "src/main.rs"] },
    Fence { token: "eprintln!", only: &["src/cli/", "src/main.rs"] },
    Fence { token: "eprint!", only: &["src/cli/", "src/main.rs"] },
    Fence { token: "std::io::stdout", only: &["src/cli/"] },
    Fence { token: "std::io::stderr", only: &["src/cli/"] },
];

/// Names that only the kernel has; a `*` at the end stands for any rest, one at the front for any start.
const KERNEL_NAMES: &[&str] = &[
    "*iov_iter*",
    "*put_page*",
    "*get_page",
    "*get_pages*",
    "*kvfree*",
    "*kfree*",
    "*kmalloc*",
    "*kzalloc*",
    "*vmalloc*",
    "*user_pages*",
    "*unpin_*",
    "PAGE_SIZE",
    "PAGE_SHIFT",
    "PAGE_MASK",
    "PAGE_ALIGN",
    "*offset_in_page*",
    "*folio*",
    "*bio_vec*",
    "bvec_*",
    "nfs_*",
    "sk_buff",
    "skb_*",
    "*zerocopy*",
    "*list_for_each*",
    "*hlist*",
    "*radix_tree*",
    "*container_of*",
    "*EXPORT_SYMBOL*",
    "SYSCALL_DEFINE*",
    "COMPAT_SYSCALL*",
    "MODULE_*",
    "*module_init*",
    "DEFINE_MUTEX",
    "DECLARE_WORK",
    "*mutex_lock*",
    "*spin_lock*",
    "*rcu_*",
    "__user",
    "__iomem",
    "__percpu",
    "__init",
    "__exit",
    "__must_check",
    "noinline*",
    "printk",
    "pr_err",
    "pr_warn",
    "BUG_ON",
    "WARN_ON*",
    "IS_ERR*",
    "ERR_PTR",
    "PTR_ERR",
    "gfp_t",
    "GFP_*",
    "*copy_from_user*",
    "*copy_to_user*",
    "*splice_pipe*",
    "DIV_ROUND_UP",
    "min_t",
    "max_t",
    "*class_dev_iter*",
    "loff_t",
];

fn matches(name: &str, word: &str) -> bool {
    match (name.strip_prefix('*'), name.strip_suffix('*')) {
        (Some(_), Some(_)) => word.contains(name.trim_matches('*')),
        (Some(end), None) => word.ends_with(end),
        (None, Some(start)) => word.starts_with(start),
        (None, None) => word == name,
    }
}

/// The modules of `lib.rs`, in its order.
fn module_order(lib: &str) -> Vec<String> {
    let code = strip(lib);
    let lines = code.lines().filter_map(|line| line.trim().trim_start_matches("pub ").strip_prefix("mod "));
    lines.filter_map(|rest| rest.strip_suffix(';')).map(str::to_owned).collect()
}

/// The top-level module that a file belongs to; `None` for `lib.rs` and `main.rs`.
fn module_of(path: &str) -> Option<&str> {
    let inner = path.strip_prefix("src/")?;
    let name = inner.split_once('/').map_or_else(|| inner.trim_end_matches(".rs"), |(folder, _)| folder);
    (name != "lib" && name != "main").then_some(name)
}

/// Imports that point downward.
fn upward_imports(order: &[String], file: &File) -> Vec<String> {
    let Some(own) = module_of(&file.path) else { return Vec::new() };
    let Some(own_place) = order.iter().position(|m| m == own) else {
        return vec![format!("{}: `{own}` is not listed in lib.rs", file.path)];
    };
    let code = strip(&file.text);
    let mut named = imports(&code, "crate::");
    if file.path.matches('/').count() == 1 || file.path.ends_with("/mod.rs") {
        let above = imports(&code, "super::").into_iter().filter(|(_, name)| order.contains(name));
        named.extend(above);
    }
    let below = named.into_iter().filter_map(|(line, name)| {
        let place = order.iter().position(|m| *m == name)?;
        (place > own_place).then(|| {
            format!("{}:{line}: `{own}` imports from `{name}`, which lib.rs lists below it", file.path)
        })
    });
    below.collect()
}

/// What stands on the wrong side of a fence.
fn fenced(file: &File) -> Vec<String> {
    let code = strip(&file.text);
    // Unit tests stand at the end of a file, and may start threads and programs.
    let code = code.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut found = Vec::new();
    for fence in FENCES {
        if fence.only.iter().any(|prefix| file.path.starts_with(prefix)) {
            continue;
        }
        for (at, _) in code.match_indices(fence.token) {
            let before = at.checked_sub(1).map(|i| code.as_bytes()[i]);
            let after = code.as_bytes().get(at + fence.token.len()).copied();
            let whole = !before.is_some_and(|b| code::is_word(b) || b == b'.')
                && (fence.token.ends_with('!') || !after.is_some_and(code::is_word));
            // A field or a local of that name is no use of the crate.
            let path = fence.token.contains([':', '!']) || code[at + fence.token.len()..].starts_with("::");
            if whole && path {
                let line = code[..at].matches('\n').count() + 1;
                found.push(format!(
                    "{}:{line}: `{}` is allowed only in {}",
                    file.path,
                    fence.token,
                    fence.only.join(", ")
                ));
            }
        }
    }
    found
}

/// Kernel names anywhere in a file, comments and tests included.
fn kernel_names(names: &BTreeSet<String>, file: &File) -> Vec<String> {
    let mut found = Vec::new();
    let listed = |word: &str| names.contains(word) || KERNEL_NAMES.iter().any(|name| matches(name, word));
    for (line, word) in words(&file.text).filter(|(_, word)| listed(word)) {
        found.push(format!(
            "{}:{line}: `{word}` is a name of the kernel; it belongs into rules/ or tests/",
            file.path
        ));
    }
    for (number, line) in file.text.lines().enumerate() {
        if words(line).zip(words(line).skip(1)).any(|((_, a), (_, b))| a == "struct" && b == "page") {
            found.push(format!("{}:{}: `struct page` is a name of the kernel", file.path, number + 1));
        }
    }
    found
}

/// The functions that the shipped walk rules name when they say how a batch is acquired and released.
fn names_of_rules(rule: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut inside = false;
    for line in rule.lines() {
        if !line.starts_with([' ', '\t', '+', '-', '/']) {
            inside = ["acquire", "release", "helper", "advance"].iter().any(|word| line.starts_with(word));
        }
        if !inside {
            continue;
        }
        for (at, _) in line.match_indices('(') {
            let start =
                line[..at].rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).map_or(0, |i| i + 1);
            let name = &line[start..at];
            if name.contains('_') && name.len() > 5 {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

/// Files without a header, and files that are too long.
fn shape(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    if !file.text.starts_with("//! ") {
        found.push(format!("{}:1: the file does not open with a `//!` header", file.path));
    }
    let lines = file.text.lines().count();
    if lines >= 800 {
        found.push(format!("{}: {lines} lines; over 800 the design is not decided yet", file.path));
    }
    found
}

fn read_below(folder: &Path, ending: &str) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.filter_map(|entry| entry.ok().map(|e| e.path())) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                let name =
                    path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
                files.push(File { path: name, text: fs::read_to_string(&path).expect("source is UTF-8") });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn demand_none(breaches: &[String]) {
    assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
}

fn sources() -> Vec<File> {
    let files = read_below(Path::new("src"), "rs");
    assert!(files.len() > 5, "the sources were not found");
    files
}

#[test]
fn modules_import_upward() {
    let files = sources();
    let lib = files.iter().find(|file| file.path == "src/lib.rs").expect("src/lib.rs exists");
    let order = module_order(&lib.text);
    assert_eq!(order.first().map(String::as_str), Some("source"));
    let breaches: Vec<_> = files.iter().flat_map(|file| upward_imports(&order, file)).collect();
    demand_none(&breaches);
}

#[test]
fn fences_stand() {
    demand_none(&sources().iter().flat_map(fenced).collect::<Vec<_>>());
}

#[test]
fn src_names_nothing_of_the_kernel() {
    let rules = read_below(Path::new("rules"), "cocci");
    let names = rules.iter().flat_map(|rule| names_of_rules(&rule.text)).collect();
    demand_none(&sources().iter().flat_map(|file| kernel_names(&names, file)).collect::<Vec<_>>());
}

#[test]
fn files_have_a_header_and_are_short() {
    let mut files = sources();
    files.extend(read_below(Path::new("xtask/src"), "rs"));
    files.extend(read_below(Path::new("tests"), "rs"));
    for file in files.iter().filter(|file| file.text.lines().count() > 500) {
        println!("note: {} has {} lines; files stay under 500", file.path, file.text.lines().count());
    }
    demand_none(&files.iter().flat_map(shape).collect::<Vec<_>>());
}

#[test]
fn the_checkers_can_fail() {
    let order = module_order("//! map\npub mod source;\npub mod plan;\nmod cli;\n// mod engine;\n");
    assert_eq!(order, ["source", "plan", "cli"]);
    let bad = File::new("src/plan/mod.rs", "//! p\nuse crate::{source::Span, cli};\nuse super::cli::x;\n");
    assert_eq!(upward_imports(&order, &bad).len(), 2);
    assert_eq!(upward_imports(&order, &File::new("src/new.rs", "//! n\n")).len(), 1);
    let good = File::new("src/plan/mod.rs", "//! [`crate::cli`]\nuse crate::source::Span;\n");
    demand_none(&upward_imports(&order, &good));

    let bad = "use git2::Repository;\nfn f() { println!(\"\"); std::process::exit(1) }\nlet similar = a.similar::<u8>();";
    assert_eq!(fenced(&File::new("src/plan/mod.rs", bad)).len(), 3);
    demand_none(&fenced(&File::new(
        "src/series/repo.rs",
        "use git2::Oid; // println!\nlet a = \"clap::Parser\";",
    )));

    let rules = names_of_rules(
        "@walk:pages@\nexpression E;\n@@\nacquire:\n  r = grab_some_sheets(E, ...)\nnotes: f(x)\n",
    );
    assert_eq!(rules.iter().collect::<Vec<_>>(), ["grab_some_sheets"]);
    let bad = File::new("src/a.rs", "//! a\n// like kvfree\nlet a = \"grab_some_sheets\"; // struct page\n");
    assert_eq!(kernel_names(&rules, &bad).len(), 3);
    demand_none(&kernel_names(&rules, &File::new("src/a.rs", "//! pages of a man page\nfree(iter);\n")));

    assert_eq!(shape(&File::new("src/a.rs", &"fn f() {}\n".repeat(800))).len(), 2);
}
