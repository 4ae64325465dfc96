//! Our mails are `git format-patch`'s, byte for byte: on random commits and on those that are known to be odd.

use crate::series_git::{FORMAT_PATCH, Scratch};
use proptest::prelude::*;
use std::collections::BTreeMap;
use vedalia::series::draft::{Identity, Stamp, Timestamp};
use vedalia::series::mail::{Addressees, CoverLetter, Envelope, Letter, MailFile};
use vedalia::series::repo::{Environment, Repository};

/// What becomes of a file in a commit: the mode and the text, or its removal.
type Change = (String, Option<(&'static str, Vec<u8>)>);

#[derive(Clone, Debug)]
struct Commit {
    author: String,
    message: String,
    changes: Vec<Change>,
}

fn commit(message: &str, changes: &[(&str, Option<&str>)]) -> Commit {
    let changes = changes
        .iter()
        .map(|(path, text)| ((*path).to_owned(), text.map(|text| ("100644", text.as_bytes().to_vec()))));
    Commit { author: "Jane Developer".into(), message: message.into(), changes: changes.collect() }
}

fn import(scratch: &Scratch, commits: &[Commit]) {
    let mut stream = Vec::new();
    for (index, commit) in commits.iter().enumerate() {
        let when = 1_700_000_000 + index;
        stream.extend(b"commit refs/heads/master\n");
        stream.extend(format!("author {} <jane@example.org> {when} +0530\n", commit.author).bytes());
        stream.extend(b"committer Jane Developer <jane@example.org> 1700000000 +0100\n");
        stream.extend(format!("data {}\n{}\n", commit.message.len(), commit.message).bytes());
        for (path, state) in &commit.changes {
            match state {
                Some((mode, text)) => {
                    stream.extend(format!("M {mode} inline {path}\ndata {}\n", text.len()).bytes());
                    stream.extend(text);
                    stream.push(b'\n');
                }
                None => stream.extend(format!("D {path}\n").bytes()),
            }
        }
        stream.push(b'\n');
    }
    scratch.git_with(&["fast-import", "--quiet", "--date-format=raw-permissive"], &stream);
    // Git reads .gitattributes from the work tree.
    scratch.git(&["reset", "-q", "--hard"]);
}

fn git_mails(scratch: &Scratch, more: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let out = scratch.beside("git-out");
    let _ = std::fs::remove_dir_all(&out);
    let out_text = out.to_str().unwrap();
    let base = scratch.git(&["rev-list", "--max-parents=0", "master"]);
    let base = base.trim();
    let base_option = format!("--base={base}");
    let range = format!("{base}..master");
    let arguments = [FORMAT_PATCH, &["-o", out_text, &base_option], more, &[range.as_str()]].concat();
    scratch.git(&arguments);
    let files = std::fs::read_dir(&out).unwrap().map(|entry| {
        let entry = entry.unwrap();
        (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
    });
    files.collect()
}

/// What a cover letter is to say: title and text.
type CoverText<'s> = Option<(&'s str, &'s str)>;

fn our_mails(scratch: &Scratch, tag: &str, reroll: u32, cover: CoverText<'_>) -> BTreeMap<String, Vec<u8>> {
    let repository = Repository::open(Some(&scratch.path()), Environment::default()).unwrap();
    let log = scratch.git(&["log", "--reverse", "-z", "--format=%H%x01%an%x01%ae%x01%at%x01%B", "master"]);
    let rows: Vec<Vec<&str>> =
        log.trim_end_matches('\0').split('\0').map(|row| row.split('\x01').collect()).collect();
    let ids: Vec<_> = rows.iter().map(|row| repository.resolve(row[0]).unwrap()).collect();
    let stamps: Vec<Stamp> = rows
        .iter()
        .map(|row| Stamp {
            who: Identity { name: row[1].into(), email: row[2].into() },
            when: Timestamp { seconds: row[3].parse().unwrap(), offset: 330 },
        })
        .collect();
    let envelope = Envelope {
        tag: tag.into(),
        reroll,
        total: ids.len() - 1,
        base: ids[0],
        has_cover: cover.is_some(),
        signature: "the signature".into(),
    };
    let mut mails: Vec<MailFile> = Vec::new();
    if let Some((title, body)) = cover {
        let files = repository.diff(ids[0], ids[ids.len() - 1]).unwrap();
        let sender = Stamp {
            who: Identity { name: "Jane Developer".into(), email: "jane@example.org".into() },
            when: Timestamp { seconds: 1_700_000_000, offset: 60 },
        };
        let commits = (1..ids.len()).map(|index| (&stamps[index].who, rows[index][4])).collect();
        let tip = ids[ids.len() - 1];
        let cover = CoverLetter { tip, sender: &sender, title, body, commits, files: &files };
        mails.push(envelope.cover(&cover, &Addressees::default()));
    }
    for index in 1..ids.len() {
        let files = repository.diff(ids[index - 1], ids[index]).unwrap();
        let letter = Letter {
            commit: ids[index],
            author: &stamps[index],
            message: rows[index][4],
            notes: "",
            files: &files,
        };
        mails.push(envelope.patch(index, &letter, &Addressees::default()));
    }
    mails.into_iter().map(|mail| (mail.name, mail.bytes)).collect()
}

fn compare(git: &BTreeMap<String, Vec<u8>>, ours: &BTreeMap<String, Vec<u8>>) {
    assert_eq!(git.keys().collect::<Vec<_>>(), ours.keys().collect::<Vec<_>>());
    for (name, expected) in git {
        let (expected, got) = (String::from_utf8_lossy(expected), String::from_utf8_lossy(&ours[name]));
        if expected == got {
            assert_eq!(git[name], ours[name], "{name}");
            continue;
        }
        let diff = similar::TextDiff::from_lines(&expected, &got);
        panic!("{name}: git's and ours differ\n{}", diff.unified_diff().context_radius(1));
    }
}

fn check(commits: &[Commit]) {
    let Some(scratch) = Scratch::new() else { return };
    import(&scratch, commits);
    compare(&git_mails(&scratch, &[]), &our_mails(&scratch, "PATCH", 1, None));
}

#[test]
fn a_series_with_a_cover_letter() {
    let Some(scratch) = Scratch::new() else { return };
    let commits = [
        commit("base\n", &[("a.c", Some("int a;\n")), ("sub/b.c", Some("int b;\n"))]),
        commit("one: do this\n\nBecause.\n", &[("a.c", Some("int a;\nint b;\n"))]),
        commit(
            "two: do something with a subject so long that it is folded in the shortlog\n",
            &[("new.c", Some(""))],
        ),
        commit("three: André\n\nÜber.\n", &[("sub/b.c", None)]),
    ];
    import(&scratch, &commits);
    let description = scratch.beside("description");
    std::fs::write(&description, "A title\n\nThe text of the cover.\n\nMore of it.\n").unwrap();
    let file = format!("--description-file={}", description.display());
    let with_cover = ["--cover-letter", "--cover-from-description=subject", &file];
    if !scratch
        .try_git(&[FORMAT_PATCH, &with_cover, &["-o", "/dev/null/x", "-0"]].concat(), b"")
        .stderr
        .is_empty()
    {
        let version = scratch.git(&["version"]);
        if version.as_str() < "git version 2.43" {
            eprintln!("skipped: {version} has no --description-file");
            return;
        }
    }
    let more = [&with_cover[..], &["-v3", "--rfc", "--subject-prefix=PATCH net-next"]].concat();
    let ours = our_mails(
        &scratch,
        "RFC PATCH net-next v3",
        3,
        Some(("A title", "The text of the cover.\n\nMore of it.\n")),
    );
    compare(&git_mails(&scratch, &more), &ours);
}

#[test]
fn odd_names_and_modes() {
    let base = commit("base\n", &[("sp ace.c", Some("a\n")), ("x.c", Some("x\n")), ("run", Some("r\n"))]);
    let mut odd = commit(
        "odd: names\n",
        &[
            ("sp ace.c", Some("b\n")),
            ("uni-é.c", Some("u\n")),
            ("-dash.c", Some("d\n")),
            ("quo\"te.c", Some("q\n")),
        ],
    );
    odd.changes.push(("tab\there \\.c".into(), Some(("100755", b"t\n".to_vec()))));
    odd.changes.push((
        format!("deep/{}{}.c", "long/".repeat(12), "é".repeat(20)),
        Some(("100644", b"l\n".to_vec())),
    ));
    let mut modes = commit("odd: modes\n", &[]);
    modes.changes.push(("run".into(), Some(("100755", b"r\n".to_vec()))));
    modes.changes.push(("x.c".into(), Some(("100755", b"y\n".to_vec()))));
    let gone = commit("odd: gone\n", &[("tab\there \\.c", None), ("quo\"te.c", None), ("x.c", None)]);
    check(&[base, odd, modes, gone]);
}

#[test]
fn ends_of_files_and_function_text() {
    let body = |n: usize| (0..n).map(|i| format!("\tline_{i}();\n")).collect::<String>();
    let long = format!("int {}  (void)\n{{\nlabel:\n{}}}\n", "f".repeat(90), body(20));
    let changed = long.replace("line_15", "other");
    let attributes = "*.c diff=cpp\n*.txt -diff\n";
    check(&[
        commit(
            "base\n",
            &[
                ("a.c", Some(&long)),
                ("a.h", Some(&long)),
                ("n.c", Some("int n;")),
                (".gitattributes", Some(attributes)),
            ],
        ),
        commit(
            "ends: one\n",
            &[("a.c", Some(&changed)), ("a.h", Some(&changed)), ("n.c", Some("int n;\nint m;"))],
        ),
        commit("ends: two\n", &[("n.c", Some("int n;\nint m;\n")), ("empty.c", Some(""))]),
        commit("ends: three\n", &[("n.c", Some(""))]),
        commit("ends: four\n", &[("a.c", Some(&long)), ("a.h", Some(&long)), ("empty.c", None)]),
    ]);
}

#[test]
fn headers_that_need_care() {
    let subjects = [
        "plain",
        "a subject in ASCII that is longer than one line of a header may be and therefore is folded by git",
        "ünï: a subject in UTF-8 that is longer than one line of a header may be and therefore is folded, ümlauts",
        "odd: =?UTF-8?q?not=20one?= of ours",
        "odd:  two  blanks   and\ta tab",
        "onewordthatislongerthanalineofaheadermaybeandthatcannotbefoldedatallbecauseithasnoblankinit",
        "subject in\ntwo lines",
        "日本語の件名はとても長いのでどこかで折り返さなければならないのですが文字の途中では折り返しません",
    ];
    let authors =
        ["Jane", "André Müller", "J. R. \"Bob\" Hacker, Jr", "Name (comment) [x]", "日本 太郎", "x\\y"];
    let mut commits = vec![commit("base\n", &[("a.c", Some("0\n"))])];
    for (index, subject) in subjects.iter().enumerate() {
        for (offset, author) in authors.iter().enumerate() {
            let text = format!("{index} {offset}\n");
            let mut commit =
                commit(&format!("{subject}\n\nBody {index}.\n\n  indented \n\n\n"), &[("a.c", Some(&text))]);
            commit.author = (*author).into();
            commits.push(commit);
        }
    }
    commits.push(commit("no body", &[("a.c", Some("end\n"))]));
    commits.push(commit("8-bit only in the body\n\n\nÜ\n\n\nend", &[("a.c", Some("end end\n"))]));
    check(&commits);
}

#[test]
fn a_lone_patch_has_no_number() {
    let Some(scratch) = Scratch::new() else { return };
    import(
        &scratch,
        &[commit("base\n", &[("a.c", Some("0\n"))]), commit("x: one\n\nB\n", &[("a.c", Some("1\n"))])],
    );
    compare(&git_mails(&scratch, &["--no-numbered"]), &our_mails(&scratch, "PATCH", 1, None));
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just("\tx = y;\n".to_owned()),
        2 => Just("\n".to_owned()),
        2 => Just("}\n".to_owned()),
        1 => Just("{\n".to_owned()),
        1 => "[a-z]{1,6} [a-z]{1,90}\\(void\\)\n",
        1 => Just("out:\n".to_owned()),
        2 => "\t[a-d]\\(\\);\n",
    ]
}

fn file_text() -> impl Strategy<Value = Vec<u8>> {
    (prop::collection::vec(line(), 0..60), any::<bool>()).prop_map(|(lines, end)| {
        let mut text: String = lines.concat();
        if end {
            text.push_str("end");
        }
        text.into_bytes()
    })
}

/// Where, how many lines go, what comes instead.
fn edits(most: usize) -> impl Strategy<Value = Vec<(usize, usize, String)>> {
    prop::collection::vec((0usize..200, 0usize..9, line()), 0..most)
}

fn edited(text: &[u8], edits: &[(usize, usize, String)]) -> Vec<u8> {
    let mut lines: Vec<String> =
        String::from_utf8_lossy(text).split_inclusive('\n').map(str::to_owned).collect();
    for (at, gone, new) in edits {
        let at = at % (lines.len() + 1);
        let end = (at + gone).min(lines.len());
        lines.splice(at..end, [new.clone()]);
    }
    lines.concat().into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn random_renames(
        texts in prop::collection::vec((file_text(), "[ab]{1,2}(/[ab]{1,2}){0,2}/[cd]{1,3}\\.c"), 1..7),
        moves in prop::collection::vec((0usize..9, "[ab]{1,2}(/[ab]{1,2}){0,2}/[cd]{1,3}\\.c", edits(9), any::<bool>()), 1..6),
    ) {
        let mut base = commit("base\n", &[("keep", Some("0\n"))]);
        let mut paths = Vec::new();
        for (index, (text, path)) in texts.iter().enumerate() {
            let path = format!("{index}{path}");
            base.changes.push((path.clone(), Some(("100644", text.clone()))));
            paths.push((path, text));
        }
        let mut next = commit("x: renames\n\nBody.\n", &[("keep", Some("1\n"))]);
        for (index, (from, to, edits, executable)) in moves.iter().enumerate() {
            let (old, text) = &paths[from % paths.len()];
            let mode = if *executable { "100755" } else { "100644" };
            next.changes.push((old.clone(), None));
            next.changes.push((format!("n{index}{to}"), Some((mode, edited(text, edits)))));
        }
        check(&[base, next]);
    }

    #[test]
    fn random_edits(
        texts in prop::collection::vec((file_text(), "[a-z]{1,12}(/[a-z é]{1,30}){0,4}\\.[ch]"), 1..6),
        rounds in prop::collection::vec(edits(8), 1..5),
        subject in "\\PC{1,90}",
    ) {
        let mut state: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for (index, (text, path)) in texts.into_iter().enumerate() {
            state.insert(format!("{index}{path}"), text);
        }
        let changes = |state: &BTreeMap<String, Vec<u8>>| {
            state.iter().map(|(path, text)| (path.clone(), Some(("100644", text.clone())))).collect::<Vec<Change>>()
        };
        let mut commits = vec![commit("base\n", &[])];
        commits[0].changes = changes(&state);
        for (index, edits) in rounds.iter().enumerate() {
            state.values_mut().for_each(|text| *text = edited(text, edits));
            // A counter, so that no commit is empty: git skips those.
            state.insert("0counter".into(), format!("{index}\n").into_bytes());
            let subject = subject.replace(['\u{1}', '\0'], "");
            let mut commit = commit(&format!("x: {subject} {index}\n\nBody.\n"), &[]);
            commit.changes = changes(&state);
            commits.push(commit);
        }
        check(&commits);
    }
}
