use percent_decode::decode_all;
use proptest::prelude::*;

use super::{PathProblem, normalise};

/// What the most eager backend would make of a path: every escape decoded, however often.
mod percent_decode {
    pub(super) fn decode_all(path: &str) -> Vec<u8> {
        let mut bytes = path.as_bytes().to_vec();
        loop {
            let decoded = decode_once(&bytes);
            if decoded == bytes {
                return bytes;
            }
            bytes = decoded;
        }
    }

    fn decode_once(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let digits = bytes.get(at + 1..at + 3).and_then(|d| std::str::from_utf8(d).ok());
            match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                Some(byte) if bytes[at] == b'%' => {
                    out.push(byte);
                    at += 3;
                }
                _ => {
                    out.push(bytes[at]);
                    at += 1;
                }
            }
        }
        out
    }
}

#[test]
fn a_normal_path_is_borrowed_and_unchanged() {
    for path in ["/", "/v1/chat/completions", "/v1/models/", "/v1/models/a.b-c_d~e:f@g", "/v1/a%20b"] {
        assert_eq!(normalise(path).unwrap(), path);
    }
}

#[test]
fn unreserved_escapes_are_decoded_and_the_rest_is_upper_case() {
    assert_eq!(normalise("/v1/ch%61t/completions").unwrap(), "/v1/chat/completions");
    assert_eq!(normalise("/v1/%c3%a4").unwrap(), "/v1/%C3%A4");
}

#[test]
fn t_path_1_ambiguous_paths_are_refused() {
    let cases = [
        ("*", PathProblem::NotAPath),
        ("v1", PathProblem::NotAPath),
        ("", PathProblem::NotAPath),
        ("//v1/x", PathProblem::EmptySegment),
        ("/v1//x", PathProblem::EmptySegment),
        ("/v1/../admin", PathProblem::DotSegment),
        ("/v1/./admin", PathProblem::DotSegment),
        ("/v1/..", PathProblem::DotSegment),
        ("/v1/%2e%2e/admin", PathProblem::DotSegment),
        ("/v1/.%2E/admin", PathProblem::DotSegment),
        ("/v1;a=b/x", PathProblem::Character),
        ("/v1\\x", PathProblem::Character),
        ("/v1/\u{e4}", PathProblem::Character),
        ("/v1/a|b", PathProblem::Character),
        ("/v1/%2fadmin", PathProblem::EncodedSeparator),
        ("/v1/%5cadmin", PathProblem::EncodedSeparator),
        ("/v1/%3Bx", PathProblem::EncodedSeparator),
        ("/v1/%00", PathProblem::EncodedSeparator),
        ("/v1/%0d%0a", PathProblem::EncodedSeparator),
        ("/v1/%7f", PathProblem::EncodedSeparator),
        ("/v1/%", PathProblem::Escape),
        ("/v1/%2", PathProblem::Escape),
        ("/v1/%zz", PathProblem::Escape),
        ("/v1/%+1", PathProblem::Escape),
    ];
    for (path, problem) in cases {
        assert_eq!(normalise(path), Err(problem), "{path}");
    }
}

/// Pieces that attacks are made of, so that random paths hit the interesting cases often.
fn path() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("/".to_owned()),
        Just(".".to_owned()),
        Just("%2e".to_owned()),
        Just("%2F".to_owned()),
        Just("%25".to_owned()),
        Just("2e".to_owned()),
        Just(";".to_owned()),
        Just("\\".to_owned()),
        Just("v1".to_owned()),
        "%[0-9a-fA-F]{2}",
        "[ -~]{0,3}",
        "\\PC{0,2}",
    ];
    prop::collection::vec(piece, 0..10).prop_map(|pieces| format!("/{}", pieces.concat()))
}

fn cases() -> ProptestConfig {
    // Set by `make proof`. Here, because `with_cases` alone would overrule it.
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(20_000);
    ProptestConfig::with_cases(cases)
}

proptest! {
    #![proptest_config(cases())]

    /// T-PATH-1: what is accepted is stable, and no decoder makes another walk through the tree of it.
    #[test]
    fn t_path_1_every_reader_sees_the_same_path(path in path()) {
        let Ok(normal) = normalise(&path) else { return Ok(()) };
        let again = normalise(&normal);
        prop_assert_eq!(again.as_deref(), Ok(&*normal));
        prop_assert!(!normal.contains("//") && !normal.contains([';', '\\']));
        let once = decode_all(&normal.replace("%25", "%25_"));
        let slashes = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'/').count();
        prop_assert_eq!(slashes(&once), slashes(normal.as_bytes()));
        prop_assert!(!once.split(|byte| *byte == b'/').any(|segment| segment == b"." || segment == b".."));
    }
}
