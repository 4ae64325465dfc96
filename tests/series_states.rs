//! A series in repositories of many states: what works leaves work tree, index and `HEAD` alone; what is refused says so
//! and leaves everything alone.

use crate::series_git::{Scratch, clean_git};
use std::collections::BTreeMap;
use std::path::Path;
use vedalia::series::assemble::{Habits, Recipients, Series, assemble};
use vedalia::series::draft::{Cover, Draft, DraftPatch, FileChange, Options, Paragraph};
use vedalia::series::error::{ExitClass, Kind, Result};
use vedalia::series::output::Place;
use vedalia::series::prefix::PrefixTable;
use vedalia::series::repo::{BranchWish, Environment, Existing, Repository};

const BRANCH: &str = "series/x";

fn patch(phrase: &str, path: &str, text: &str) -> DraftPatch {
    DraftPatch {
        phrase: phrase.into(),
        body: vec![Paragraph::Text("This is why.".into())],
        files: vec![FileChange { path: path.into(), new: Some(text.as_bytes().to_vec()) }],
        prefix: Some("test: ".into()),
        ..DraftPatch::default()
    }
}

fn environment() -> Environment {
    Environment::default().with("SOURCE_DATE_EPOCH", "1700000000")
}

/// Two patches on `HEAD`: branch and mails.
fn run(repo: &Path, out: &Path) -> Result<Series> {
    let repository = Repository::open(Some(repo), environment())?;
    let base = repository.resolve("HEAD")?;
    let wish = BranchWish { name: BRANCH.into(), existing: Existing::Refuse };
    let grant = repository.check_branch(&wish)?;
    let place = Place::check(out)?;
    let old = |path: &str| repository.read_file(base, path).map(|b| String::from_utf8_lossy(&b).into_owned());
    let a = old("a.c")?;
    let b = old("sub/b.c")?;
    let draft = Draft {
        base,
        patches: vec![
            patch("return 3 from a()", "a.c", &a.replace("return 1", "return 3")),
            patch("return 4 from b()", "sub/b.c", &b.replace("return 2", "return 4")),
        ],
        cover: Cover { title: "Return more".into(), body: vec![Paragraph::Text("More.".into())] },
        options: Options::default(),
    };
    let table = PrefixTable::default();
    let habits = Habits { prefixes: &table, recipients: Recipients::OnlyGiven, signature: "vedalia".into() };
    let series = assemble(&repository, &draft, &habits)?;
    series.publish(&repository, Some(&grant), Some(&place))?;
    Ok(series)
}

/// Every file below a directory with its bytes, but for objects and the branch that was asked for.
fn everything(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).unwrap().flatten() {
            let path = entry.path();
            let name = path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
            if name.ends_with("objects") || name.contains("heads/series") {
                continue;
            }
            if path.is_dir() && !path.is_symlink() {
                open.push(path);
            } else {
                found.insert(name, std::fs::read(&path).unwrap_or_default());
            }
        }
    }
    found
}

fn base() -> Option<Scratch> {
    let scratch = Scratch::new()?;
    std::fs::create_dir(scratch.path().join("sub")).unwrap();
    std::fs::write(scratch.path().join("a.c"), "int a(void)\n{\n\treturn 1;\n}\n").unwrap();
    std::fs::write(scratch.path().join("sub/b.c"), "int b(void)\n{\n\treturn 2;\n}\n").unwrap();
    scratch.git(&["config", "user.name", "Jane Developer"]);
    scratch.git(&["config", "user.email", "jane@example.org"]);
    scratch.git(&["add", "-A"]);
    scratch.git(&["commit", "-q", "-m", "base"]);
    Some(scratch)
}

type Step = fn(&Scratch);

fn write(scratch: &Scratch, path: &str, text: &str) {
    let path = scratch.path().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[test]
fn states_that_work() {
    let states: [(&str, Step); 19] = [
        ("clean", |_| {}),
        ("dirty", |s| write(s, "a.c", "mine")),
        ("staged", |s| {
            write(s, "a.c", "mine");
            s.git(&["add", "a.c"]);
        }),
        ("detached", |s| drop(s.git(&["checkout", "-q", "--detach"]))),
        ("index-locked", |s| write(s, ".git/index.lock", "")),
        ("head-locked", |s| write(s, ".git/HEAD.lock", "")),
        ("signing-configured", |s| drop(s.git(&["config", "commit.gpgsign", "true"]))),
        ("hooks", |s| write(s, ".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n")),
        ("crlf-checkout", |s| {
            write(s, ".gitattributes", "*.c text eol=crlf\n");
            s.git(&["add", "-A"]);
            s.git(&["commit", "-q", "-m", "attributes"]);
        }),
        ("executable", |s| {
            s.git(&["update-index", "--chmod=+x", "a.c"]);
            s.git(&["commit", "-q", "-m", "x"]);
        }),
        ("ignored-but-tracked", |s| {
            write(s, ".gitignore", "/*\n");
            s.git(&["add", "-f", ".gitignore"]);
            s.git(&["commit", "-q", "-m", "ignore"]);
        }),
        ("sparse", |s| drop(s.git(&["sparse-checkout", "set", "--no-cone", "/*", "!/sub/"]))),
        ("assume-unchanged", |s| {
            s.git(&["update-index", "--assume-unchanged", "a.c"]);
            write(s, "a.c", "hidden");
        }),
        ("split-index", |s| drop(s.git(&["update-index", "--split-index"]))),
        ("index-v4", |s| drop(s.git(&["update-index", "--index-version", "4"]))),
        ("merging", |s| {
            s.git(&["checkout", "-q", "-b", "o"]);
            write(s, "c.c", "o");
            s.git(&["add", "-A"]);
            s.git(&["commit", "-q", "-m", "o"]);
            s.git(&["checkout", "-q", "master"]);
            write(s, "c.c", "m");
            s.git(&["add", "-A"]);
            s.git(&["commit", "-q", "-m", "m"]);
            assert!(!s.try_git(&["merge", "o"], b"").status.success());
        }),
        ("hostile-settings", |s| {
            for (name, value) in [
                ("diff.noprefix", "true"),
                ("diff.context", "7"),
                ("core.abbrev", "40"),
                ("diff.algorithm", "histogram"),
                ("diff.mnemonicPrefix", "true"),
                ("diff.renames", "false"),
                ("core.quotePath", "false"),
            ] {
                s.git(&["config", name, value]);
            }
        }),
        ("links", |s| {
            #[cfg(unix)]
            std::os::unix::fs::symlink("sub", s.path().join("link")).unwrap();
            s.git(&["add", "-A"]);
            s.git(&["commit", "-q", "--allow-empty", "-m", "links"]);
        }),
        ("beside-a-branch-of-the-same-directory", |s| drop(s.git(&["branch", "series/y"]))),
    ];
    let mut expected: Option<Vec<Vec<u8>>> = None;
    for (name, prepare) in states {
        let Some(scratch) = base() else { return };
        prepare(&scratch);
        let before = everything(&scratch.path());
        let out = scratch.beside("out");
        let series = run(&scratch.path(), &out).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(before, everything(&scratch.path()), "{name}");
        assert_eq!(scratch.git(&["rev-parse", BRANCH]).trim(), series.chain.tip().to_string(), "{name}");
        assert!(!scratch.path().join(".git/refs/heads/series/x.lock").exists());
        scratch.git(&["fsck", "--strict", "--no-dangling"]);
        let listed = scratch.git(&["ls-tree", BRANCH, "a.c"]);
        assert_eq!(listed.starts_with("100755"), name == "executable", "{name}");
        // The diffs do not depend on anybody's settings.
        let diffs = |mail: &Vec<u8>| {
            let text = String::from_utf8_lossy(mail).into_owned();
            text.split_once("\n---\n").unwrap_or_default().1.replace("100755", "100644").into_bytes()
        };
        let mails: Vec<Vec<u8>> = series.mails[1..].iter().map(|mail| diffs(&mail.bytes)).collect();
        assert_eq!(*expected.get_or_insert(mails.clone()), mails, "{name}");
    }
}

fn refused(name: &str, scratch: &Scratch, kind: Kind) {
    let before = everything(&scratch.path());
    let out = scratch.beside("out");
    let error = run(&scratch.path(), &out).expect_err(name);
    assert_eq!(error.kind, kind, "{name}: {error}");
    assert_eq!(error.exit_class(), ExitClass::RepositoryRefused, "{name}");
    assert!(!error.message.ends_with('.') && !error.help.is_empty(), "{name}: {error:?}");
    assert!(
        !error.message.chars().next().unwrap().is_uppercase() || error.message.starts_with("HEAD"),
        "{error}"
    );
    assert_eq!(before, everything(&scratch.path()), "{name}");
    assert!(!out.exists(), "{name}");
}

#[test]
fn states_that_are_refused() {
    let states: [(&str, Step, Kind); 8] = [
        ("branch-exists", |s| drop(s.git(&["branch", BRANCH])), Kind::BranchExists),
        ("branch-above", |s| drop(s.git(&["branch", "series"])), Kind::BranchConflict),
        ("branch-below", |s| drop(s.git(&["branch", "series/x/y"])), Kind::BranchConflict),
        ("checked-out", |s| drop(s.git(&["checkout", "-q", "-b", BRANCH])), Kind::BranchCheckedOut),
        (
            "checked-out-elsewhere",
            |s| drop(s.git(&["worktree", "add", "-q", "../wt", "-b", BRANCH])),
            Kind::BranchCheckedOut,
        ),
        ("locked", |s| write(s, ".git/refs/heads/series/x.lock", ""), Kind::BranchLocked),
        (
            "unknown-extension",
            |s| {
                s.git(&["config", "core.repositoryformatversion", "1"]);
                s.git(&["config", "extensions.fancyNew", "true"]);
            },
            Kind::UnknownExtension,
        ),
        (
            "no-identity",
            |s| {
                s.git(&["config", "--unset", "user.name"]);
                s.git(&["config", "--unset", "user.email"]);
            },
            Kind::NoIdentity,
        ),
    ];
    for (name, prepare, kind) in states {
        let Some(scratch) = base() else { return };
        prepare(&scratch);
        if name == "no-identity"
            && Repository::open(Some(&scratch.path()), environment()).unwrap().setting("user.name").is_some()
        {
            eprintln!("skipped {name}: this machine's configuration has one");
            continue;
        }
        refused(name, &scratch, kind);
    }
}

#[test]
fn formats_that_are_refused() {
    for (name, option, kind) in [
        ("sha256", "--object-format=sha256", Kind::Sha256),
        ("reftable", "--ref-format=reftable", Kind::Reftable),
    ] {
        let Some(scratch) = base() else { return };
        std::fs::remove_dir_all(scratch.path().join(".git")).unwrap();
        if !scratch.try_git(&["init", "-q", option], b"").status.success() {
            eprintln!("skipped {name}: this git does not have it");
            continue;
        }
        scratch.git(&["add", "-A"]);
        scratch.git(&["commit", "-q", "-m", "base"]);
        refused(name, &scratch, kind);
    }
    let Some(scratch) = Scratch::new() else { return };
    refused("unborn", &scratch, Kind::UnbornHead);
    let nowhere = tempfile::tempdir().unwrap();
    assert_eq!(run(nowhere.path(), &nowhere.path().join("out")).unwrap_err().kind, Kind::NotARepository);
}

#[test]
fn a_partial_clone_is_told_to_fetch() {
    let Some(origin) = base() else { return };
    origin.git(&["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", origin.path().display());
    let clone = origin.beside("clone");
    let made = clean_git(&origin.path())
        .args(["clone", "-q", "--filter=blob:none", "--no-checkout", &url])
        .arg(&clone)
        .output()
        .unwrap();
    if !made.status.success() {
        eprintln!("skipped: this git makes no partial clones");
        return;
    }
    let error = run(&clone, &origin.beside("out")).unwrap_err();
    assert_eq!(error.kind, Kind::PartialClone, "{error}");
}

#[test]
fn bare_linked_shallow_and_borrowing_repositories_work() {
    for arguments in
        [&["clone", "-q", "--bare"][..], &["clone", "-q", "--shared"], &["clone", "-q", "--depth=1"]]
    {
        let Some(origin) = base() else { return };
        let url = format!("file://{}", origin.path().display());
        let clone = origin.beside("clone");
        let source = if arguments.contains(&"--shared") { origin.path().display().to_string() } else { url };
        let made = clean_git(&origin.path()).args(arguments).arg(source).arg(&clone).output().unwrap();
        assert!(made.status.success(), "{arguments:?}");
        for setting in [["user.name", "J"], ["user.email", "j@example.org"]] {
            assert!(clean_git(&clone).arg("config").args(setting).status().unwrap().success());
        }
        run(&clone, &origin.beside("out")).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
    }
    let Some(origin) = base() else { return };
    origin.git(&["worktree", "add", "-q", "../linked", "-b", "linked"]);
    run(&origin.beside("linked"), &origin.beside("out")).unwrap();
    // From a directory inside, too.
    let Some(origin) = base() else { return };
    run(&origin.path().join("sub"), &origin.beside("out")).unwrap();
}

#[test]
fn a_failed_branch_takes_the_mails_back() {
    let Some(scratch) = base() else { return };
    let repository = Repository::open(Some(&scratch.path()), environment()).unwrap();
    let base = repository.resolve("HEAD").unwrap();
    let grant =
        repository.check_branch(&BranchWish { name: BRANCH.into(), existing: Existing::Refuse }).unwrap();
    let out = scratch.beside("out");
    let place = Place::check(&out).unwrap();
    let draft = Draft {
        base,
        patches: vec![patch("x", "a.c", "x\n")],
        cover: Cover::default(),
        options: Options::default(),
    };
    let table = PrefixTable::default();
    let habits = Habits { prefixes: &table, recipients: Recipients::OnlyGiven, signature: "vedalia".into() };
    let series = assemble(&repository, &draft, &habits).unwrap();
    // Somebody else is faster.
    scratch.git(&["branch", BRANCH]);
    let error = series.publish(&repository, Some(&grant), Some(&place)).unwrap_err();
    assert_eq!(error.kind, Kind::BranchExists);
    assert!(!out.exists());
}

#[test]
fn what_a_person_should_know() {
    let Some(scratch) = base() else { return };
    scratch.git(&["config", "commit.gpgsign", "true"]);
    let repository = Repository::open(Some(&scratch.path()), environment()).unwrap();
    let number = |n: usize| patch(&format!("do number {n}"), "a.c", &format!("int a{n};\r\n"));
    let mut patches: Vec<DraftPatch> = (0..16).map(number).collect();
    patches[3].files[0].new = Some(b"/* Andr\xe9 */\n".to_vec());
    let draft = Draft {
        base: repository.resolve("HEAD").unwrap(),
        patches,
        cover: Cover { title: "Many".into(), body: Vec::new() },
        options: Options::default(),
    };
    let table = PrefixTable::default();
    let habits = Habits { prefixes: &table, recipients: Recipients::OnlyGiven, signature: "vedalia".into() };
    let remarks = assemble(&repository, &draft, &habits).unwrap().remarks;
    for expected in ["not signed", "16 patches", "--keep-cr", "not UTF-8"] {
        assert_eq!(
            remarks.iter().filter(|remark| remark.contains(expected)).count(),
            1,
            "{expected}: {remarks:?}"
        );
    }
}

#[test]
fn git_am_gives_the_branch_back() {
    let Some(scratch) = base() else { return };
    let out = scratch.beside("out");
    let series = run(&scratch.path(), &out).unwrap();
    let mails: Vec<String> =
        series.mails[1..].iter().map(|m| out.join(&m.name).display().to_string()).collect();
    let arguments: Vec<&str> = ["am", "-q"].into_iter().chain(mails.iter().map(String::as_str)).collect();
    scratch.git(&arguments);
    let show = |revision: &str| scratch.git(&["log", "-2", "--format=%T %an <%ae> %ad%n%B", revision]);
    assert_eq!(show("HEAD"), show(BRANCH));
}
