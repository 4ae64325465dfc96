//! The dry run's differences are taken by `git apply`, forward and back.

use crate::series_git::Scratch;
use proptest::prelude::*;
use vedalia::series::diff::{Sides, unified};

fn text() -> impl Strategy<Value = Option<String>> {
    let line = prop_oneof![
        Just("a\n"),
        Just("b\n"),
        Just("\tc();\n"),
        Just("\n"),
        Just("int f(void)\n"),
        Just("é\r\n")
    ];
    let lines = (prop::collection::vec(line, 0..40), any::<bool>());
    // `git apply` has no way to say that a file without lines comes or goes but for its header, which it takes alone.
    prop::option::weighted(0.9, lines.prop_map(|(lines, end)| lines.concat() + if end { "end" } else { "" }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn applies_and_reverses(old in text(), new in text(), path in "[a-z]{1,3}(/[a-zé \"]{1,9}){0,2}x\\.c") {
        let Some(scratch) = Scratch::new() else { return Ok(()) };
        let file = scratch.path().join(&path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        if let Some(old) = &old {
            std::fs::write(&file, old).unwrap();
        }
        let sides = Sides { old: old.as_deref().map(str::as_bytes), new: new.as_deref().map(str::as_bytes) };
        let diff = unified(&path, sides);
        prop_assert_eq!(diff.is_empty(), old == new);
        if old == new {
            return Ok(());
        }
        scratch.git_with(&["apply", "--whitespace=nowarn", "-"], &diff);
        prop_assert_eq!(std::fs::read_to_string(&file).ok(), new);
        scratch.git_with(&["apply", "--whitespace=nowarn", "-R", "-"], &diff);
        prop_assert_eq!(std::fs::read_to_string(&file).ok(), old);
    }
}
