//! What is written comes back: a message that is not refused, and any text of a file, survive `git am`.

use crate::series_git::Scratch;
use proptest::prelude::*;
use vedalia::series::assemble::{Habits, Recipients, assemble};
use vedalia::series::draft::{
    Cover, Draft, DraftPatch, FileChange, Identity, Options, Paragraph, SignOff, Timestamp, Trailer,
};
use vedalia::series::error::Kind;
use vedalia::series::output::Place;
use vedalia::series::prefix::PrefixTable;
use vedalia::series::repo::{Environment, Repository};

/// Words and lines that some program on the way could take for something else.
fn fragment() -> impl Strategy<Value = String> {
    let odd = [
        "---",
        "--- a",
        "--- ",
        "----",
        "diff -u a b",
        "diff --git a/x b/x",
        "Index: a",
        "From: A <a@b.c>",
        "Subject: s",
        "Date: today",
        "From a@b.c Mon Sep 17 00:00:00 2001",
        ">From a",
        "-- >8 --",
        "8<",
        "[x] y",
        "Re: z",
        "# no",
        "@@ -1,2 +1,2 @@",
        "@@",
        "+++ b/x",
        "\tint a;",
        "  two  blanks ",
        "-- ",
        "Signed-off-by: X <x@y.z>",
        "é ü 漢字",
        "",
        " ",
        "a: b",
        "(cherry picked from commit 0)",
        ".",
        "\\",
        "\u{a0}",
        "Content-Type: text/html",
        "=?UTF-8?q?x?=",
    ];
    prop_oneof![3 => "[a-z]{1,9}( [a-z]{1,9}){0,9}", 2 => prop::sample::select(odd.map(str::to_owned).to_vec())]
}

fn paragraph() -> impl Strategy<Value = Paragraph> {
    let lines = || prop::collection::vec(fragment(), 1..4);
    prop_oneof![
        3 => lines().prop_map(|lines| Paragraph::Text(lines.join(" "))),
        1 => lines().prop_map(Paragraph::List),
        1 => lines().prop_map(|lines| Paragraph::Verbatim(lines.join("\n"))),
        1 => lines().prop_map(|lines| Paragraph::Table(lines.join("\n"))),
    ]
}

fn patch() -> impl Strategy<Value = DraftPatch> {
    let text = prop::collection::vec(fragment(), 0..6).prop_map(|lines| lines.join("\n"));
    let parts = (
        fragment(),
        prop::collection::vec(paragraph(), 0..4),
        prop::collection::vec(paragraph(), 0..2),
        text,
    );
    (parts, any::<bool>()).prop_map(|((phrase, body, notes, text), trailer)| DraftPatch {
        phrase,
        body,
        notes,
        files: vec![FileChange { path: "a.c".into(), new: Some(text.into_bytes()) }],
        trailers: if trailer {
            vec![Trailer { key: "Link".into(), value: "https://é.example/".into() }]
        } else {
            vec![]
        },
        prefix: Some("x: ".into()),
        ..DraftPatch::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn accepted_messages_survive(mut patches in prop::collection::vec(patch(), 1..4), sign in any::<bool>()) {
        let Some(scratch) = Scratch::new() else { return Ok(()) };
        let who = Identity { name: "Åsa Ek".into(), email: "asa@example.org".into() };
        let environment = ["AUTHOR", "COMMITTER"].iter().fold(Environment::default(), |environment, role| {
            environment.with(&format!("GIT_{role}_NAME"), &who.name).with(&format!("GIT_{role}_EMAIL"), &who.email)
        });
        for (index, patch) in patches.iter_mut().enumerate() {
            // No patch is empty.
            patch.files.push(FileChange { path: "n.c".into(), new: Some(format!("{index}\n").into_bytes()) });
        }
        std::fs::write(scratch.path().join("a.c"), "start\n").unwrap();
        scratch.git(&["add", "-A"]);
        scratch.git(&["commit", "-q", "-m", "base"]);
        let repository = Repository::open(Some(&scratch.path()), environment).unwrap();
        let date = vedalia::series::draft::Date::At(Timestamp { seconds: 1_700_000_000, offset: -90 });
        let sign_off = if sign { SignOff::Yes } else { SignOff::No };
        let draft = Draft {
            base: repository.resolve("HEAD").unwrap(),
            patches,
            cover: Cover { title: "All of it".into(), body: vec![Paragraph::Text("Text.".into())] },
            options: Options { date, sign_off, ..Options::default() },
        };
        let table = PrefixTable::default();
        let habits = Habits { prefixes: &table, recipients: Recipients::OnlyGiven, signature: "v".into() };
        let series = match assemble(&repository, &draft, &habits) {
            Ok(series) => series,
            Err(error) => {
                prop_assert_eq!(error.kind, Kind::MessageHazard);
                return Ok(());
            }
        };
        let out = scratch.beside("out");
        series.publish(&repository, None, Some(&Place::check(&out).unwrap())).unwrap();
        let names = series.mails.iter().filter(|mail| !mail.name.starts_with("0000"));
        let files: Vec<String> = names.map(|mail| out.join(&mail.name).display().to_string()).collect();
        let arguments: Vec<&str> = ["am", "-q", "--keep-cr"].into_iter().chain(files.iter().map(String::as_str)).collect();
        scratch.git(&arguments);
        let tip = series.chain.tip().to_string();
        let count = format!("-{}", series.patches.len());
        let show = |revision: &str| scratch.git(&["log", &count, "--format=%T%n%an <%ae> %ad%n%B", revision]);
        prop_assert_eq!(show("HEAD"), show(&tip));
        let written: Vec<String> = series.patches.iter().map(|p| p.message.text.clone()).collect();
        let stored = scratch.git(&["log", &count, "-z", "--reverse", "--format=%B", &tip]);
        let stored: Vec<&str> = stored.split('\0').map(str::trim_end).filter(|text| !text.is_empty()).collect();
        let written: Vec<&str> = written.iter().map(|text| text.trim_end()).collect();
        prop_assert_eq!(written, stored);
    }
}
