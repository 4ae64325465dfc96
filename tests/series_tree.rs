//! What a series learns from the repository: who commits, how subjects begin, who should get the mails.

use crate::series_git::Scratch;
use vedalia::series::assemble::{Habits, Recipients, assemble};
use vedalia::series::draft::{Audience, Cover, Draft, DraftPatch, FileChange, Options, Paragraph, SignOff};
use vedalia::series::mail::Addressees;
use vedalia::series::prefix::{PrefixTable, Source};
use vedalia::series::repo::{Environment, Repository, Role};

fn environment() -> Environment {
    Environment::default().with("SOURCE_DATE_EPOCH", "1700000000")
}

fn commit(scratch: &Scratch, subject: &str, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = scratch.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    scratch.git(&["add", "-A"]);
    scratch.git(&["commit", "-q", "-m", subject]);
}

fn patch(phrase: &str, path: &str) -> DraftPatch {
    DraftPatch {
        phrase: phrase.into(),
        body: vec![Paragraph::Text("Why.".into())],
        files: vec![FileChange { path: path.into(), new: Some(b"int new;\n".to_vec()) }],
        ..DraftPatch::default()
    }
}

#[test]
fn identities_are_those_of_git_var() {
    let Some(scratch) = Scratch::new() else { return };
    for (name, email) in [
        ("Jane Developer", "jane@example.org"),
        ("André Müller", "a@example.org"),
        ("J. R. \"Bob\" Hacker, Jr.", "j@example.org"),
        ("  \"Quoted\" ", " <x@example.org> "),
        ("a <b> c", "x@example.org"),
    ] {
        scratch.git(&["config", "user.name", name]);
        scratch.git(&["config", "user.email", email]);
        let mut command = crate::series_git::clean_git(&scratch.path());
        for variable in ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"] {
            command.env_remove(variable);
        }
        let output = command.args(["var", "GIT_AUTHOR_IDENT"]).output().unwrap();
        let expected = String::from_utf8(output.stdout).unwrap();
        let repository = Repository::open(Some(&scratch.path()), environment()).unwrap();
        let found = repository.identity(Role::Author).unwrap();
        assert!(expected.starts_with(&format!("{} <{}> ", found.name, found.email)), "{expected} {found:?}");
    }
    let named =
        environment().with("GIT_AUTHOR_NAME", "E").with("GIT_CONFIG_PARAMETERS", "'author.email'='c@d.e'");
    let found = Repository::open(Some(&scratch.path()), named).unwrap().identity(Role::Author).unwrap();
    assert_eq!((found.name.as_str(), found.email.as_str()), ("E", "c@d.e"));
}

#[test]
fn the_history_votes_on_prefixes() {
    let Some(scratch) = Scratch::new() else { return };
    commit(&scratch, "import", &[("net/x/a.c", "0"), ("net/x/b.c", "0"), ("lib/c.c", "0"), ("lone.c", "0")]);
    commit(&scratch, "XNET: Add it", &[("net/x/a.c", "1")]);
    commit(&scratch, "XNET: Change it", &[("net/x/a.c", "2")]);
    commit(&scratch, "xnet: a - one more", &[("net/x/a.c", "3")]);
    commit(&scratch, "lib: rework c", &[("lib/c.c", "1")]);
    commit(&scratch, "treewide: everything", &[("lib/c.c", "2"), ("net/x/b.c", "2"), ("lone.c", "2")]);
    let repository = Repository::open(Some(&scratch.path()), environment()).unwrap();
    let draft = Draft {
        base: repository.resolve("HEAD").unwrap(),
        patches: vec![
            patch("use new() in a()", "net/x/a.c"),
            patch("use new() in b()", "net/x/b.c"),
            patch("use new() in c()", "lib/c.c"),
        ],
        cover: Cover { title: "New".into(), body: Vec::new() },
        options: Options { sign_off: SignOff::Yes, ..Options::default() },
    };
    scratch.git(&["config", "user.name", "Jane Developer"]);
    scratch.git(&["config", "user.email", "jane@example.org"]);
    let table = PrefixTable::parse("table", "lib/* \"lib/c: \" lower\n").unwrap();
    let habits = Habits { prefixes: &table, recipients: Recipients::OnlyGiven, signature: "v".into() };
    let series = assemble(&repository, &draft, &habits).unwrap();
    let subjects: Vec<&str> = series.patches.iter().map(|patch| patch.message.subject.as_str()).collect();
    assert_eq!(subjects, ["XNET: Use new() in a()", "XNET: Use new() in b()", "lib/c: use new() in c()"]);
    assert_eq!(
        series.patches[0].prefix.source,
        Source::History { path: "net/x/a.c".into(), votes: 2, of: 3 }
    );
    let text = &series.patches[0].message.text;
    assert!(text.ends_with("\n\nWhy.\n\nSigned-off-by: Jane Developer <jane@example.org>\n"), "{text}");
}

#[test]
fn the_trees_script_names_recipients() {
    let Some(scratch) = Scratch::new() else { return };
    if std::process::Command::new("perl").arg("-v").output().is_err() {
        eprintln!("skipped: no perl on this machine");
        return;
    }
    // A stand-in that answers by path, looks at the options, and at whether the tree is there.
    let script = r#"
        die "options" unless "@ARGV[0..3]" eq "--nogit --nogit-fallback --rolestats --nofixes";
        die "tree" unless -d "net/x" && -e "README" && -s "MAINTAINERS" && ! -s "README" && ! -e "net/x/a.c";
        open(my $patch, "<", $ARGV[4]) or die; my $text = join("", <$patch>);
        print "\"M. X\" <x\@example.org> (maintainer:X)\nx-list\@example.org (open list:X)\n" if $text =~ m{^\+\+\+ b/net/}m;
        print "Réviewer <r\@example.org> (reviewer:LIB)\nall\@example.org (open list)\n" if $text =~ m{^\+\+\+ b/lib/}m;
    "#;
    let files = [
        ("scripts/get_maintainer.pl", script),
        ("MAINTAINERS", "X\n"),
        ("README", "read\n"),
        ("net/x/a.c", "0"),
        ("lib/c.c", "0"),
    ];
    commit(&scratch, "import", &files);
    // The work tree's script is not asked.
    std::fs::write(scratch.path().join("scripts/get_maintainer.pl"), "die").unwrap();
    scratch.git(&["config", "user.name", "Jane Developer"]);
    scratch.git(&["config", "user.email", "jane@example.org"]);
    let repository = Repository::open(Some(&scratch.path()), environment()).unwrap();
    let base = repository.resolve("HEAD").unwrap();
    let mut helper = patch("add new()", "lib/c.c");
    helper.audience = Audience::WholeSeries;
    let draft = Draft {
        base,
        patches: vec![helper, patch("use new()", "net/x/a.c")],
        cover: Cover { title: "New".into(), body: Vec::new() },
        options: Options { cc: vec!["Boss <b@example.org>".into()], ..Options::default() },
    };
    let snapshot = repository.snapshot(base).unwrap();
    let table = PrefixTable::default();
    let habits =
        Habits { prefixes: &table, recipients: Recipients::FromTree(&snapshot), signature: "v".into() };
    let series = assemble(&repository, &draft, &habits).unwrap();
    assert_eq!(series.remarks, Vec::<String>::new());
    let whom = |to: &[&str], cc: &[&str]| Addressees {
        to: to.iter().map(|a| (*a).to_owned()).collect(),
        cc: cc.iter().map(|a| (*a).to_owned()).collect(),
    };
    let (boss, list) = ("Boss <b@example.org>", "x-list@example.org");
    assert_eq!(series.patches[1].addressees, whom(&["\"M. X\" <x@example.org>"], &[boss, list]));
    let helper_copies =
        [boss, "Réviewer <r@example.org>", "all@example.org", "\"M. X\" <x@example.org>", list];
    assert_eq!(series.patches[0].addressees, whom(&helper_copies, &[]));
    let cover = String::from_utf8_lossy(&series.mails[0].bytes);
    let expected = "To: \"M. X\" <x@example.org>\nCc: Boss <b@example.org>,\n    =?UTF-8?q?R=C3=A9viewer?= <r@example.org>,\n    \
                    all@example.org,\n    x-list@example.org\n\n";
    assert!(cover.contains(expected), "{cover}");
}
