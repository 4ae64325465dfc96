//! `vedalia verify --exec`: functions run against their conversions without a driver.
//!
//! In: a tree of our own whose functions call what only its headers declare. Out: the right conversion behaves alike, each
//! wrong one is found, and what was made up is said. Needs `cc` with the sanitizers.

use std::path::Path;

use vedalia::engine::{self, Files, Level, Rules, Verdict};
use vedalia::plan::apply::ApplyOptions;
use vedalia::smpl;
use vedalia::source::SourceFile;
use vedalia::verify::play::{self, Ending, Played};

use crate::cli::Scene;

const UIO: &str = "\
struct iov_iter;
struct page;
ssize_t iov_iter_get_pages2(struct iov_iter *i, struct page **pages, size_t maxsize, unsigned maxpages, size_t *start);
ssize_t iov_iter_get_pages_alloc2(struct iov_iter *i, struct page ***pages, size_t maxsize, size_t *start);
";

/// Types, macros, an inline function and an enum of which the code below uses a part.
const BASIN: &str = "\
#ifndef BASIN_H
#define BASIN_H
#include <linux/gate.h>
#define __bitwise
#define BASIN_SLOTS BASIN_ROOM
#define basin_note(b, n) do { (b)->notes += (n); } while (0)
typedef int __bitwise basin_flow_t;
enum basin_state { BASIN_DRY, BASIN_WET = (__force basin_flow_t)4 };
enum { BASIN_ROOM = 8 };
struct basin {
	struct gate gate;
	enum basin_state state;
	unsigned int notes;
	long unused_by_anyone[9];
	union {
		size_t level;
		void *key;
	};
	const struct basin_ops *ops;
};
struct basin_ops {
	int (*admit)(struct basin *basin, size_t amount);
};
int basin_pour(struct basin *basin, struct page *page, size_t off, size_t len);
static inline void basin_drop(struct page *page)
{
	put_page(page);
}
#endif
";

const GATE: &str = "struct gate { int open; int width; };\nbool gate_is_open(const struct gate *gate);\n";

const CODE: &str = "\
#include <linux/uio.h>
#include <linux/basin.h>

static int fill_basin(struct basin *basin, struct iov_iter *from)
{
	int ret = 0;

	if (!gate_is_open(&basin->gate))
		return -EBUSY;
	while (iov_iter_count(from)) {
		struct page *pages[BASIN_SLOTS];
		size_t start;
		ssize_t left;
		int i, n;

		left = iov_iter_get_pages2(from, pages, ~0UL, BASIN_SLOTS, &start);
		if (left <= 0) {
			ret = left;
			break;
		}
		n = DIV_ROUND_UP(left + start, PAGE_SIZE);
		for (i = 0; i < n; i++) {
			int size = min_t(int, left, PAGE_SIZE - start);
			int err = basin_pour(basin, pages[i], start, size);

			if (err < 0) {
				ret = err;
				iov_iter_revert(from, left);
				while (i < n)
					put_page(pages[i++]);
				goto out;
			}
			basin_note(basin, 1);
			basin->level += size;
			basin->state = BASIN_WET;
			put_page(pages[i]);
			left -= size;
			start = 0;
		}
	}
out:
	return ret;
}
";

fn scene() -> Scene {
    Scene::new(&[
        ("include/linux/uio.h", UIO),
        ("include/linux/basin.h", BASIN),
        ("include/linux/gate.h", GATE),
        ("lib/iov_iter.c", "ssize_t iov_iter_get_pages2(struct iov_iter *i)\n{\n\treturn 0;\n}\n"),
        ("fs/basin.c", CODE),
    ])
}

fn site() -> String {
    let line = CODE.lines().position(|line| line.contains("= iov_iter_get_pages2")).expect("there") + 1;
    format!("fs/basin.c:{line}")
}

#[test]
fn a_function_is_run_against_its_conversion() {
    let scene = scene();
    let site = site();
    let arguments =
        ["verify", "--exec", &site, "--repo", "tree", "--rules", "iov_iter_for_each_page", "--runs", "200"];
    let ran = scene.run(&arguments);
    assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
    for told in [
        "fill_basin() and its conversion behave alike",
        "200 inputs: ",
        "stubbed: basin_pour, gate_is_open",
        "reduced to the fields that are used: struct basin, struct gate",
        "macros taken from the tree: BASIN_SLOTS, __bitwise, basin_note",
    ] {
        assert!(ran.stdout.contains(told), "`{told}` is not in:\n{}", ran.stdout);
    }
    assert!(!ran.stdout.contains("of unknown contents"), "{}", ran.stdout);
    assert!(ran.stderr.contains("1 function read"), "{}", ran.stderr);
    let mut json = arguments.to_vec();
    json.extend(["--format", "json"]);
    let ran = scene.run(&json);
    assert!(
        ["\"ending\": \"alike\"", "\"gate_is_open\"", "\"coverage\": {", "\"complete\": true"]
            .iter()
            .all(|told| ran.stdout.contains(told)),
        "{}",
        ran.stdout
    );
}

#[test]
fn what_is_no_converted_site_is_refused() {
    let scene = scene();
    let refuses = |place: &str, word: &str| {
        scene.refuses(
            &["verify", "--exec", place, "--repo", "tree", "--rules", "iov_iter_for_each_page"],
            2,
            word,
        );
    };
    refuses("fs/basin.c:1", "sites of fs/basin.c are at line");
    refuses("fs/other.c:1", "neither a file nor a directory");
    refuses("fs/basin.c", "is not a place");
}

/// A tree in memory.
struct Memory<'m>(&'m [(&'m str, &'m str)]);

impl Files for Memory<'_> {
    fn paths(&self) -> Vec<String> {
        let mut paths: Vec<String> = self.0.iter().map(|(path, _)| (*path).to_owned()).collect();
        paths.sort();
        paths
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, vedalia::diagnostic::Diagnostic> {
        let found = self.0.iter().find(|(name, _)| *name == path);
        Ok(found.map_or_else(Vec::new, |(_, text)| text.as_bytes().to_vec()))
    }
}

/// Plays the engine's conversion of [`CODE`] after `change` was made to it.
fn play_changed(change: impl Fn(&str) -> String) -> Played {
    play_conversion(CODE, Level::Safe, change)
}

/// Plays the engine's conversion of `code`, which has one, after `change` was made to it.
fn play_conversion(code: &str, level: Level, change: impl Fn(&str) -> String) -> Played {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/iov_iter_for_each_page");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let rule = SourceFile::new("rule.cocci", read("iov_iter_for_each_page.cocci").expect("the shipped rule"));
    let (rules, told) = Rules::understand(&[smpl::parse(&rule).0], &read, &ApplyOptions::default());
    assert!(told.is_empty(), "{told:?}");
    let files = Memory(&[
        ("fs/basin.c", code),
        ("include/linux/basin.h", BASIN),
        ("include/linux/gate.h", GATE),
        ("include/linux/uio.h", UIO),
        ("lib/iov_iter.c", ""),
    ]);
    let outcome = engine::run(&rules, &files, &|path| path.starts_with("fs/"), level);
    let [site] = outcome.sites.as_slice() else { panic!("one site: {:?}", outcome.sites) };
    let Verdict::Converted(converted) = &site.verdict else { panic!("converted: {:?}", site.verdict) };
    let mut edits = vedalia::edit::EditSet::new();
    edits.add_all(converted.edits.iter().cloned()).expect("no overlap");
    let converted_text = String::from_utf8(edits.apply(code.as_bytes())).expect("text");
    let changed = change(&converted_text);
    assert_ne!(changed, String::new());
    let after = SourceFile::new("fs/basin.c", changed);
    let model = converted.model.as_deref().expect("the shipped rule has a model");
    let paths = files.paths();
    let scene = play::Site {
        before: &site.file,
        after: &after,
        function: &site.function,
        headers: &engine::headers(&files, &paths),
        model,
        notes: &converted.notes,
    };
    let directory = tempfile::tempdir().expect("a temporary directory");
    play::play(&scene, 400, directory.path()).expect("built")
}

#[test]
fn wrong_conversions_are_found() {
    let wrong = [
        ("the page is not put", "\tput_page(page);\n", ""),
        ("the state is forgotten", "->state = BASIN_WET", "->state = BASIN_DRY"),
        ("a failure is dropped", "return ret;", "return 0;"),
        ("an offset goes wrong", "page, start,", "page, start + 1,"),
    ];
    for (what, from, to) in wrong {
        let played = play_changed(|text| {
            assert!(text.contains(from), "`{from}` is not in:\n{text}");
            text.replace(from, to)
        });
        let Ending::Differs(told) = played.ending else { panic!("{what}: {:?}", played.ending) };
        assert!(told.contains("differ") || told.contains("breaks"), "{what}: {told}");
    }
}

#[test]
fn what_cannot_be_built_is_told_in_the_compilers_words() {
    let played = play_changed(|text| text.replace("BASIN_WET", "BASIN_WET.level"));
    let Ending::NotBuilt(told) = played.ending else { panic!("{:?}", played.ending) };
    assert!(told.contains("error"), "{told}");
}

/// A queue that lies on the stack of the function that is run, with functions of the file that are stubbed: they leave alone
/// what they do not name. The queue's fields go with it, and memory of no type is what the code takes it for.
const QUEUE: [(&str, &str); 3] = [
    (
        "int knot_map(struct knot *knot, struct page *page, size_t from, size_t to);\n",
        "\
int knot_pin(struct page *page, size_t from, size_t to);
void *knot_room(void);

struct tally {
	long block;
	int pin_error;
};

static int knot_map(struct knot *knot, struct page *page, size_t from, size_t to)
{
	knot->pending = !knot->pending;
	return knot_pin(page, from, to);
}
",
    ),
    (
        "bool knot_full(struct knot *knot);\n",
        "\
static bool knot_full(struct knot *knot)
{
	return knot->pending;
}
",
    ),
    (
        "int knot_do(struct knot *knot)\n{\n\tint ret = knot_walk(knot);\n\n\t/* Nothing may be left. */\n\tknot_drop(knot);\n",
        "\
int knot_do(struct iov_iter *iter, long blocks)
{
	struct knot knot = { .iter = iter, .last_block = blocks };
	struct tally *tally = knot_room();
	int ret;

	if (!tally)
		return -ENOMEM;
	ret = knot_walk(&knot);
	/* Nothing may be left. */
	knot_drop(&knot);
	tally->block = knot.block;
	tally->pin_error = knot.pin_error;
",
    ),
];

#[test]
fn a_queue_on_the_stack_is_played() {
    let cases = crate::case_format::all().expect("cases that can be read");
    let case =
        cases.iter().find(|case| case.name == "convert/refilled-queue-with-a-substitute").expect("there");
    let mut code = String::from_utf8(case.before[0].1.clone()).expect("text");
    for (from, to) in QUEUE {
        assert!(code.contains(from), "`{from}` is not in:\n{code}");
        code = code.replace(from, to);
    }
    let played = play_conversion(&code, Level::Review, str::to_owned);
    let Ending::Alike(figures) = played.ending else { panic!("{:?}", played.ending) };
    assert!(figures.walked > 40, "{figures:?}");
    assert!(played.made_up.gone.contains(&"head of struct knot".to_owned()), "{:?}", played.made_up);
    let longer = |text: &str| text.replace("size_t to = offset + size;", "size_t to = offset + size + 1;");
    let played = play_conversion(&code, Level::Review, longer);
    assert!(matches!(played.ending, Ending::Differs(_)), "{:?}", played.ending);
}
