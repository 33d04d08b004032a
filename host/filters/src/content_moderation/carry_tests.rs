use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::{Value, json};
use tidegate_contract::{Judgement, Text};

use crate::content_moderation::ContentModerationFactory;
use crate::content_moderation::testing::{Host, Stream, characters};
use crate::testing::{call_in, filter, now, scope};

/// The same text in one piece.
fn whole(settings: &Value, text: &str) -> String {
    let host = Host::new(settings, 64);
    let mut stream = Stream { arrived: text.to_owned(), ..Stream::default() };
    host.window(&mut stream, true).unwrap();
    stream.out
}

#[track_caller]
fn same_however_split(settings: &Value, text: &str) -> String {
    let whole = whole(settings, text);
    for context in [4, 512] {
        let streamed = |parts: &[&str]| Host::new(settings, context).plays(parts);
        assert_eq!(streamed(&characters(text)).as_ref(), Ok(&whole), "a character at a time");
        for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
            assert_eq!(streamed(&[&text[..at], &text[at..]]).as_ref(), Ok(&whole), "split at {at}");
        }
    }
    whole
}

#[test]
fn words_are_found_over_any_split() {
    let settings = json!({"words": ["cat", "top secret", "secret place", "straße", "C++", "敏感词"], "action": "redact", "replace_with": "*"});
    let text = "Cat concatenate cats, a TOP\nsecret place; STRASSE c++11 cat";
    assert_eq!(same_however_split(&settings, text), "* concatenate cats, a *; * *11 *");
    assert_eq!(same_however_split(&settings, "这是敏感词吗 top secre"), "这是*吗 top secre");
}

#[test]
fn patterns_are_found_over_any_split() {
    let settings = json!({"patterns": [r"\bkey-\d{4,}\b", r"(?m)^note:.*$", r"ä+b?", "x.*?y"], "action": "redact", "replace_with": "*"});
    let text = "key-1234 key-12 akey-1234 key-123456789a key-99999\nnote: all of it\nno note: äääb ä x12y y";
    assert_eq!(
        same_however_split(&settings, text),
        "* key-12 akey-1234 key-123456789a *\n*\nno note: * * * y"
    );
}

#[test]
fn personal_data_is_found_over_any_split() {
    let settings = json!({"detect": "all", "action": "redact", "replace_with": "<{category}>"});
    let pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----";
    let text = format!(
        "Hi a!b@example.com, +49 30 1234567 or (202) 555-0123. Card 4111 1111 1111 1111; DE89 3704 0044 0532 0130 00; \
         078-05-1120 größer 2001:db8::1. sk-abcdEFGH1234ijklMNOP5678 end\n{pem}\nbye"
    );
    assert_eq!(
        same_however_split(&settings, &text),
        "Hi <email>, <phone> or <phone>. Card <card>; <iban>; <ssn> größer <ip>. <secret> end\n<secret>\nbye"
    );
}

#[test]
fn nothing_more_than_needed_waits() {
    let settings = json!({"words": ["secret"], "patterns": [r"\d{4}"], "action": "redact"});
    let host = Host::new(&settings, 64);
    let mut stream = Stream::default();
    for (part, left) in
        [("all of it ", "all of it "), ("is s", "is "), ("un and 12", "sun and "), ("x", "12x")]
    {
        stream.arrived.push_str(part);
        host.window(&mut stream, false).unwrap();
        assert_eq!(std::mem::take(&mut stream.out), left);
    }
}

#[test]
fn a_block_lets_nothing_of_the_match_leave() {
    let settings = json!({"words": ["secret"], "patterns": ["key-[0-9]+"]});
    for text in ["a secret here", "a key-123 here"] {
        assert_eq!(Host::new(&settings, 8).plays(&characters(text)), Err("a ".into()));
    }
}

#[test]
fn a_match_that_is_too_long_to_wait_ends_the_stream() {
    let with = |pattern: &str| json!({"patterns": [pattern], "action": "redact", "replace_with": "*", "stream": {"max_match": 8}});
    // It is found before it is whole.
    assert_eq!(
        Host::new(&with("key-[0-9]+"), 64).plays(&characters("my key-123456789 x")),
        Err("my ".into())
    );
    // It is found after its beginning has left.
    assert_eq!(
        Host::new(&with("a[0-9]+z"), 64).plays(&characters("my a1234567890z x")),
        Err("my a12".into())
    );
    // It might have been one.
    assert_eq!(
        Host::new(&with("a[0-9]+z"), 64).plays(&characters("a1234567890x a12z")),
        Ok("a1234567890x *".into())
    );
    // Another match stands where it waited.
    let both = json!({"patterns": ["a.*z", "b[0-9]"], "action": "redact", "replace_with": "*", "stream": {"max_match": 8}});
    assert_eq!(
        Host::new(&both, 64).plays(&characters("a12 b3 4567 b8 90123456\nb5")),
        Ok("a12 * 4567 * 90123456\n*".into())
    );
    let pem = format!("it: -----BEGIN PRIVATE KEY-----\n{}", "MIIE\n".repeat(80));
    let detect = json!({"detect": ["secret"], "action": "redact"});
    assert_eq!(Host::new(&detect, 64).plays(&characters(&pem)), Err("it: ".into()));
    let more =
        json!({"detect": ["secret"], "action": "redact", "replace_with": "*", "stream": {"max_match": 4096}});
    let pem = format!("{pem}-----END PRIVATE KEY-----\nbye");
    assert_eq!(Host::new(&more, 64).plays(&characters(&pem)), Ok("it: *\nbye".into()));
}

#[test]
fn a_flag_is_raised_once() {
    let plugin = Host::new(&json!({"words": ["secret"], "patterns": ["key-[0-9]+"], "action": "flag"}), 64);
    let (text, mut found, mut released) = ("a secret key-12 b", 0, 0);
    for end in 1..=text.len() {
        let window = Text {
            id: 0,
            role: "assistant",
            kind: "text",
            content: Cow::Borrowed(&text[..end]),
            start: 0,
            released,
            complete: end == text.len(),
            new_turn: true,
        };
        let judged = now(plugin.plugin.moderate_output(call_in(&plugin.scope), &[window], end == text.len()));
        assert_eq!(judged.judgement, Judgement::Allow);
        found += judged.findings.len();
        released = end as u32 - judged.hold.first().map_or(0, |(_, hold)| *hold);
    }
    assert_eq!(found, 2);
}

#[test]
fn what_is_watched_is_judged_after_it_left() {
    let settings = json!({"words": ["secret"], "stream": {"mode": "watch"}});
    let plugin = filter(&ContentModerationFactory, &settings);
    assert_eq!(plugin.subscription().windows.as_ref().unwrap().mode, "watch");
    let text = Text {
        id: 0,
        role: "assistant",
        kind: "text",
        content: Cow::Borrowed("a secret"),
        start: 0,
        released: 8,
        complete: false,
        new_turn: true,
    };
    let judged = now(plugin.moderate_output(call_in(&scope()), &[text], false));
    assert!(matches!(judged.judgement, Judgement::Block(_)));
}

/// Parts of texts, some of which are secrets or nearly.
const PIECES: [&str; 24] = [
    "secret",
    "Secret",
    "secrets",
    " ",
    " ",
    "\n",
    ".",
    "ß",
    "ss",
    "top",
    "top secret",
    "key-12345",
    "key-1",
    "key-123456789",
    "-",
    "a@b.example",
    "bob@",
    "example.com",
    "4111 1111 1111 1111",
    "敏感词",
    "敏感",
    "é",
    "1",
    "xx",
];

/// Patterns that look round, prefer what is short, or have several ways.
const PATTERNS: [&str; 10] = [
    "a+b",
    "ab|abc|c",
    r"\bab\b",
    "a[^c]*c",
    "(?:ab){2,3}",
    "a.?b$",
    "a+?b*?c",
    r"(?m)^a|b$",
    r"\Ba",
    "(?:a|ab)(?:c|bcd)?",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever the text and its parts, a stream is redacted as the whole text is, and no secret leaves.
    #[test]
    fn a_stream_is_redacted_as_the_whole_text_is(
        pieces in prop::collection::vec(prop::sample::select(&PIECES), 0..16),
        splits in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        context in 4_usize..64,
    ) {
        let settings = json!({
            "words": ["secret", "top secret", "敏感词", "ss"],
            "patterns": [r"\bkey-\d{3,}\b", r"xx+", r"(?:top|xx).s"],
            "detect": ["email", "card"],
            "action": "redact",
            "replace_with": "*",
        });
        let text = pieces.concat();
        let mut ends: Vec<usize> = splits.iter().map(|split| split.index(text.len() + 1)).collect();
        ends.retain(|at| text.is_char_boundary(*at));
        ends.extend([0, text.len()]);
        ends.sort_unstable();
        let parts: Vec<&str> = ends.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
        let expected = whole(&settings, &text);
        let streamed = Host::new(&settings, context).plays(&parts);
        prop_assert_eq!(streamed.as_ref(), Ok(&expected));
        let streamed = Host::new(&settings, context).plays(&characters(&text));
        prop_assert_eq!(streamed.as_ref(), Ok(&expected));
    }

    /// Also where patterns get in each other's way.
    #[test]
    fn patterns_that_overlap_are_found_alike(
        patterns in prop::sample::subsequence(&PATTERNS, 1..3),
        words in prop::sample::subsequence(&["ab", "a c", "b"], 0..2),
        text in "[abcdä \n]{0,16}",
    ) {
        let settings = json!({"patterns": patterns, "words": words, "action": "redact", "replace_with": "*"});
        let expected = whole(&settings, &text);
        let streamed = Host::new(&settings, 4).plays(&characters(&text));
        prop_assert_eq!(streamed.as_ref(), Ok(&expected));
    }
}
