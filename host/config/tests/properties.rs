//! Whatever a file holds: an answer, never a panic, and never a value that was interpolated.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that unwraps fails where it stands")]

#[path = "support/folder.rs"]
mod folder;
#[path = "support/kinds.rs"]
mod kinds;

use std::path::PathBuf;

use folder::fixtures;
use kinds::Kinds;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use tidegate_config::{Problems, Source, load};

const SECRET: &str = "hunter2-0123456789";

fn problems(text: &str) -> Option<Problems> {
    let base = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/config/valid");
    let source = Source { name: "f".to_owned(), text: text.to_owned(), base };
    let secret = |name: &str| (name == "SECRET").then(|| SECRET.to_owned());
    load(&source, &secret, &Kinds).err().map(|refused| refused.problems)
}

/// Refused with at least one problem, for a reason that the user can mend.
fn assert_answered(text: &str) {
    let Some(problems) = problems(text) else { return };
    assert!(!problems.0.is_empty(), "{text}");
    let shown = problems.to_string();
    assert!(!shown.contains("cannot be decoded"), "{shown}\n{text}");
    assert!(!shown.contains("hunter2"), "{shown}\n{text}");
    assert!(problems.0.iter().all(|problem| problem.line > 0 && problem.column > 0), "{shown}");
}

fn valid_file() -> impl Strategy<Value = String> {
    let files: Vec<String> =
        fixtures("valid").into_iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    proptest::sample::select(files)
}

fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "",
        "0",
        "-1",
        "99999999999",
        "1.5",
        "true",
        "~",
        "[]",
        "{}",
        "[a]",
        "{a: b}",
        "'text'",
        "\"",
        "${SECRET}",
        "https://${SECRET}/v1",
        "${",
        ":",
        "- ",
        "\n",
        "  ",
        "*x",
        "&x ",
        "!!str ",
        "<<",
        "\u{0}",
        "é",
        "|",
        "#",
    ];
    prop_oneof![
        proptest::sample::select(pieces.map(str::to_owned).to_vec()),
        any::<char>().prop_map(String::from)
    ]
}

fn mutated() -> impl Strategy<Value = String> {
    let edits = proptest::collection::vec((any::<proptest::sample::Index>(), 0..12_usize, piece()), 1..4);
    (valid_file(), edits).prop_map(|(text, edits)| {
        let mut chars: Vec<char> = text.chars().collect();
        for (at, length, piece) in edits {
            let start = at.index(chars.len() + 1);
            let end = (start + length).min(chars.len());
            chars.splice(start..end, piece.chars());
        }
        chars.into_iter().collect()
    })
}

/// A valid file in which one value is replaced as a whole.
fn replaced() -> impl Strategy<Value = String> {
    (valid_file(), any::<proptest::sample::Index>(), piece()).prop_map(|(text, at, piece)| {
        let starts: Vec<usize> = text.match_indices(": ").map(|(index, _)| index + 2).collect();
        if starts.is_empty() {
            return text;
        }
        let start = starts[at.index(starts.len())];
        let rest = &text[start..];
        let end = rest.find([',', '}', ']', '\n']).unwrap_or(rest.len());
        format!("{}{piece}{}", &text[..start], &rest[end..])
    })
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "(?s).{0,200}") {
        assert_answered(&text);
    }

    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        assert_answered(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_mutated_file_is_answered(text in prop_oneof![mutated(), replaced(), Just(String::new())]) {
        assert_answered(&text);
    }
}

#[test]
fn every_value_may_be_a_secret_without_being_told() {
    for file in fixtures("valid") {
        let text = std::fs::read_to_string(&file).unwrap();
        let starts = text.match_indices(": ").map(|(index, _)| index + 2);
        for start in starts {
            let rest = &text[start..];
            let end = rest.find([',', '}', ']', '\n']).unwrap_or(rest.len());
            for value in ["\"${SECRET}\"", "\"https://${SECRET}/v1\"", "\"/${SECRET}\"", "\"(${SECRET}\""] {
                assert_answered(&format!("{}{value}{}", &text[..start], &rest[end..]));
            }
        }
    }
}
